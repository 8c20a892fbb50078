"""Every objective of the GAN family on 8 Gaussians: what it makes, and what its critic can tell.

Above, points of one seed and exact EM. Below, exact EM of all seeds, and beside it the estimate of
a discriminator fitted between two fixed laws, of which the objective's distance is known.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab import compare, data, exact, learned, plots
from wganlab.learned import OBJECTIVES, PRESETS, MLPConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import TrainConfig, View

LAW = data.toy("8gaussians")
PAIR = exact.known.Normals(real=(0, 1), fake=(1, 1))
NETWORK = MLPConfig(width=64, depth=3, init="he")
NAMES = (
    *("wgan-lp", "loss-sensitive", "gan", "gan-minimax", "lsgan", "hinge", "ebgan"),
    *("fgan-kl", "fgan-reverse-kl", "fgan-tv", "fgan-pearson", "gmmn", "sinkhorn", "emd"),
)
FITTED = tuple(name for name in NAMES if OBJECTIVES[PRESETS[name].objective].has_critic)
KEPT = {"lp": "one-sided penalty", "sn": "spectral norm", "dragan": "penalty near data"}


@dataclass(frozen=True)
class Size:
    """Of one profile."""

    iterations: int
    seeds: int
    width: int
    batch: int
    steps: int  # of a fitted discriminator
    n: int  # points of each law in a linear program


SIZES = {
    "quick": Size(iterations=8, seeds=1, width=16, batch=32, steps=10, n=100),
    "laptop": Size(iterations=1000, seeds=2, width=64, batch=64, steps=500, n=1000),
    "paper": Size(iterations=10_000, seeds=10, width=128, batch=256, steps=3000, n=1000),
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """EM and modes of every recipe, (seeds, 2), its points, and (exact, estimate, error)."""
    size = SIZES[profile]
    arrays = {
        "floor": np.array(compare.sampling_floor(LAW, size.n)),
        "size": np.array(astuple(size)),
    }
    network = replace(NETWORK, width=size.width)
    for name in NAMES:
        config = replace(
            PRESETS[name],
            critic=network,
            generator=network,
            batch=size.batch,
            iterations=size.iterations,
            every=size.iterations,
        )
        rows, points = zip(*(end(config, size.n, seed) for seed in range(size.seeds)), strict=True)
        arrays |= {name: np.array(rows), f"{name} points": points[0]}
    for name in FITTED:
        told = compare.estimate_vs_exact(
            PRESETS[name].objective, PAIR, steps=size.steps, progress=False, device="cpu"
        )
        arrays[f"{name} estimate"] = np.array([told.exact, told.value, told.error])
    return arrays


def end(config: TrainConfig, n: int, seed: int) -> tuple[list[float], np.ndarray]:
    """Exact EM and modes at the end of a run, and its points; nan where it diverged."""
    shown = [np.full((1, 2), np.nan)]

    def last(view: View) -> dict[str, float]:
        shown.append(view.fake.cpu().numpy())
        return {}

    config = replace(config, seed=seed)
    watch = [*compare.observers(n), last]
    try:
        run = learned.train(config, observers=watch, progress=False, device="cpu")
    except learned.RunDivergedError:
        return [np.nan, 0.0], shown[0]
    return [run.history[-1]["emd"], run.history[-1]["modes"]], shown[-1]


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Points above; numbers below."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(15, 10))
    halves: Any = figure.subfigures(2, 1, height_ratios=[1.05, 1])
    panels = halves[0].subplots(2, 7, sharex=True, sharey=True)
    for axes, name in zip(panels.flat, NAMES, strict=True):
        draw_points(axes, arrays[f"{name} points"], name)
        emd, modes = arrays[name][0]
        axes.set_title(f"{name}\nEM {emd:.2f}, {modes:.0f} modes", fontsize=12)
    left, right = halves[1].subplots(1, 2, width_ratios=[1.1, 1])
    draw_distances(left, arrays)
    draw_estimates(right, arrays)
    plots.caption(figure, told(arrays), width=190)
    return figure


def draw_points(axes: Axes, points: np.ndarray, name: str) -> None:
    """Generated points over the modes, and what keeps the discriminator."""
    assert LAW.modes is not None
    fake = {**plots.FAKE, "markersize": 3.5, "alpha": 0.4, "markeredgewidth": 0}
    axes.plot(*LAW.modes.numpy().T, **plots.REAL, fillstyle="none", ls="none", ms=11)
    axes.plot(*points.T, **fake, linestyle="none")
    axes.set(xlim=(-2.3, 2.3), ylim=(-2.3, 2.3), aspect="equal", xticks=[], yticks=[])
    kept = KEPT.get(PRESETS[name].constraint)
    if kept:
        axes.set_xlabel(kept, fontsize=10)


def draw_distances(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Exact EM of every seed."""
    floor = float(arrays["floor"])
    axes.axhline(floor, color="0.4", linestyle=":", label=f"sampling floor {floor:.3f}")
    for place, name in enumerate(NAMES):
        values = arrays[name][:, 0]
        axes.plot(np.full(len(values), place), values, **plots.FAKE, linestyle="none")
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(len(NAMES)), NAMES, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_title("exact EM of what was made, a mark a seed")
    axes.legend(loc="upper right")


def draw_estimates(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Estimate over exact value, with its sampling error."""
    axes.axhline(1, **plots.EXACT, linewidth=1.5)
    for place, name in enumerate(FITTED):
        truth, value, error = arrays[f"{name} estimate"]
        style = {"color": plots.CRITIC["color"], "marker": "s", "linestyle": "none", "capsize": 4}
        axes.errorbar(place, value / truth, yerr=2 * error / truth, **style)
    labels = [f"{name}\n{OBJECTIVES[PRESETS[name].objective].estimates}" for name in FITTED]
    axes.set_xticks(range(len(FITTED)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_ylim(0, max(1.3, axes.get_ylim()[1]))
    axes.set_title("estimate / exact distance, fitted between two normal laws")


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    iterations, seeds, width, batch, steps, _ = map(int, arrays["size"])
    shown = len(arrays[f"{NAMES[0]} points"])
    return (
        f"Above: the 8 modes (circles) and {shown:,} points of seed 0 of {seeds}, by the presets "
        f"of those names: networks 3 x {width}, batch {batch}, {iterations:,} generator steps, one "
        "discriminator step before each (wgan-lp 5, ebgan 3), Adam at 1e-3 falling to 0, CPU. What "
        "keeps the discriminator stands under a panel; gmmn, sinkhorn and emd have none. Below "
        f"right: discriminators of {steps:,} steps, new points of N(0, 1) and N(1, 1) in each, no "
        "constraint (EM: one-sided penalty); on 10,000 further points, bars of two standard errors "
        "of sampling. All but EM are lower bounds. A figure of this lab."
    )
