"""Who finds the modes: three recipes on 8 Gaussians over ten seeds, samples and numbers.

"In no experiment did we see evidence of mode collapse for the WGAN algorithm" (Arjovsky et al.
2017, section 4.3). A mode may be missed because no points go there, or because those that do are
not near enough: both are counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from wganlab import compare, data, learned, plots
from wganlab.compare.truth_observers import NEAR, coverage, earth_mover
from wganlab.learned import PRESETS, MLPConfig, TrainConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import View

CRITIC_STEPS = {"quick": 25, "laptop": 3000, "paper": 50_000}
SEEDS = {"quick": 2, "laptop": 10, "paper": 50}
POINTS = {"quick": 100, "laptop": 1000, "paper": 1000}  # of the linear programs
REPEATS = 2000  # of the bootstrap
LAW = data.toy("8gaussians")

NETWORK = MLPConfig(width=64, depth=3, init="he")
NAMES = ("gan", "wgan", "wgan-lp")
TITLES = {
    "gan": "GAN,\nnon-saturating",
    "wgan": f"WGAN, clipped\nat {PRESETS['wgan'].clip:g}",
    "wgan-lp": "WGAN, one-sided\npenalty",
}
SHORT = {"gan": "GAN", "wgan": "WGAN, clipped", "wgan-lp": "WGAN, penalty"}
STYLES: dict[str, dict[str, Any]] = {
    "gan": {"color": "#CC79A7", "marker": "v"},
    "wgan": {"color": "#E69F00", "marker": "D"},
    "wgan-lp": {"color": plots.CRITIC["color"], "marker": "s"},
}
NUMBERS = {
    "reached": "modes that points go to, of 8",
    "modes": "modes that points are near, of 8",
    "quality": "share of points near a mode",
    "emd": "exact EM",
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """NUMBERS and generated points of every recipe, shapes (seeds, 4) and (seeds, n, 2)."""
    arrays = {
        "floor": np.array(compare.sampling_floor(LAW, POINTS[profile])),
        "steps": np.array(CRITIC_STEPS[profile]),
    }
    for name in NAMES:
        base = PRESETS[name]
        config = replace(
            base,
            critic=NETWORK,
            generator=NETWORK,
            batch=64,
            iterations=CRITIC_STEPS[profile] // base.n_critic,
            warm_up=0,
        )
        # compiling takes longer than the laptop's short runs
        engine: Literal["eager", "compiled"] = "compiled" if profile == "paper" else "eager"
        rows, points = ends(config, SEEDS[profile], POINTS[profile], engine)
        arrays |= {name: rows, f"{name} points": points}
    return arrays


def ends(
    config: TrainConfig, seeds: int, n: int, engine: Literal["eager", "compiled"]
) -> tuple[np.ndarray, np.ndarray]:
    """NUMBERS at the end of every seed's run, and its points."""
    shown = []

    def last(view: View) -> dict[str, float]:
        if view.iteration < config.iterations:
            return {}
        shown.append(view.fake.cpu().numpy())
        return {**earth_mover(view, n), **coverage(view), "reached": reached(view.fake)}

    runs = learned.train_seeds(
        replace(config, every=config.iterations),
        range(seeds),
        observers=[last],
        progress=False,
        device="cpu",
        engine=engine,
    )
    rows = [[run.history[-1][name] for name in NUMBERS] for run in runs]
    return np.array(rows), np.array(shown)


def reached(fake: torch.Tensor) -> int:
    """Modes that are the nearest one of at least a tenth of their share of all points."""
    assert LAW.modes is not None
    nearest = torch.cdist(fake.cpu(), LAW.modes).argmin(dim=1)
    counts = torch.bincount(nearest, minlength=len(LAW.modes))
    return int((counts >= 0.1 * len(fake) / len(LAW.modes)).sum())


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean."""
    rng = np.random.default_rng(0)
    means = rng.choice(values, (REPEATS, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Samples of the best, the median and the worst seed on the left, numbers on the right."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(15, 9.4))
    halves: Any = figure.subfigures(1, 2, width_ratios=[1.25, 1])
    left, right = halves
    samples = left.subplots(len(NAMES), 3, sharex=True, sharey=True)
    numbers = right.subplots(len(NUMBERS), 1)
    for row, name in zip(samples, NAMES, strict=True):
        draw_samples(row, arrays[name], arrays[f"{name} points"])
        row[0].set_ylabel(TITLES[name], fontsize=13)
    for column, (axes, title) in enumerate(zip(numbers, NUMBERS.values(), strict=True)):
        draw_numbers(axes, [arrays[name][:, column] for name in NAMES])
        axes.set_title(title)
    for axes in numbers[:2]:
        axes.set(xlim=(-0.3, 8.3), xticks=range(9))
    numbers[2].set_xlim(-0.03, 1.03)
    numbers[3].set_xlim(left=0)
    numbers[3].axvline(float(arrays["floor"]), color="0.4", linestyle=":", label="sampling floor")
    numbers[3].legend(loc="lower right")
    plots.caption(figure, told(arrays), width=190)
    return figure


def draw_samples(row: np.ndarray, numbers: np.ndarray, points: np.ndarray) -> None:
    """Generated points of the best, the median and the worst seed by exact EM."""
    order = np.argsort(numbers[:, list(NUMBERS).index("emd")])
    ranks = {"best": 0, "median": len(order) // 2, "worst": -1}
    for axes, (rank, place) in zip(row, ranks.items(), strict=True):
        seed = order[place]
        assert LAW.modes is not None
        fake = {**plots.FAKE, "markersize": 3.5, "alpha": 0.4, "markeredgewidth": 0}
        axes.plot(*LAW.modes.numpy().T, **plots.REAL, fillstyle="none", ls="none", ms=13)
        axes.plot(*points[seed].T, **fake, linestyle="none")
        axes.set(xlim=(-2.3, 2.3), ylim=(-2.3, 2.3), aspect="equal", xticks=[], yticks=[])
        _, modes, _, emd = numbers[seed]
        axes.set_title(f"{rank}: EM {emd:.2f}, {modes:.0f} modes")


def draw_numbers(axes: Axes, columns: list[np.ndarray]) -> None:
    """Seeds as marks, equal ones side by side; the mean with its interval under them."""
    for height, (name, values) in enumerate(zip(NAMES, columns, strict=True)):
        style = {**STYLES[name], "linestyle": "none"}
        lanes = np.array([np.sum(values[:i] == value) for i, value in enumerate(values)])
        axes.plot(values, height - 0.28 + 0.07 * lanes, **style, alpha=0.7, markersize=5)
        low, high = interval(values)
        mean = values.mean()
        spread = [[mean - low], [high - mean]]
        axes.errorbar(mean, height - 0.42, xerr=spread, **style, capsize=4, mec="black", zorder=3)
        axes.text(1.01, height, f"{mean:.2g}", transform=axes.get_yaxis_transform(), va="center")
    axes.set(ylim=(len(columns) - 0.4, -0.7))
    axes.set_yticks(range(len(columns)), [SHORT[name] for name in NAMES])


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    seeds, n = arrays["gan points"].shape[:2]
    rate = PRESETS["gan"].critic_optimizer.lr
    return (
        f"Circles: the 8 modes, of deviation {LAW.spread:.3f}; {n:,} points of the best, the "
        f"median and the worst of {seeds} seeds by exact EM. All networks 3 x 64, batch 64, "
        f"{arrays['steps']:,} critic steps in all, one generator step after each (GAN) or after "
        f"every fifth (WGAN), rates {rate:g} falling to 0, Adam (clipped: RMSProp), CPU. Points go "
        "to a mode where it is the nearest one of a tenth of its share of them; near: within "
        f"{NEAR:g} deviations of its center, and again a tenth of its share. Right: a mark a seed; "
        "bars and numbers: mean with 95 % bootstrap interval; floor: EM between two real samples. "
        "A figure of this lab; the WGAN paper says that it saw no mode collapse."
    )
