"""WGAN paper, figure 3, on a toy: the critic gap over training, with the exact EM below it.

Two runs that are meant to work, with generators of two sizes and the same critic, and one that is
meant to fail, with a small critic and substantially high learning rates. The paper could hold the
curve against samples alone.

`followed`, `together` and `draw_runs` serve the paper's figures 4 and 8 too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.ndimage import median_filter
from scipy.stats import spearmanr

from wganlab import data, plots
from wganlab.compare.truth_observers import earth_mover, sampling_floor
from wganlab.learned import PRESETS, MLPConfig, Optimizer, train
from wganlab.learned.objectives.by_name import OBJECTIVES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned.runs.config import TrainConfig
    from wganlab.learned.runs.view import Row, View

LAW = "8gaussians"
FACTOR = 25  # of the failing run's rates
WINDOW = 21  # records of the median filter
STRIDE = 8  # records from one linear program to the next
SHEETS = 3
DOTS = 500  # of a sheet
REPEATS = 10  # of the sampling floor
HALF = 2.0


@dataclass(frozen=True)
class Size:
    """What a profile spends."""

    n: int  # points of each law in a linear program
    width: int
    batch: int
    iterations: int
    records: int
    seeds: int
    clip: float = 0.03
    rate: float = 2e-4

    def networks(self) -> tuple[tuple[MLPConfig, MLPConfig], ...]:
        """Generator and critic of the three runs."""
        wide = MLPConfig(width=self.width, depth=3, init="he")
        narrow = replace(wide, width=self.width // 4)
        return (wide, wide), (narrow, wide), (wide, replace(narrow, depth=2))


SIZES = {
    "quick": Size(100, 16, 16, 40, 40, 1),
    "laptop": Size(500, 128, 64, 1600, 320, 2),
    "paper": Size(1000, 512, 64, 96_000, 320, 4, clip=0.01, rate=5e-5),
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """The curves and sheets of all runs."""
    size = SIZES[profile]
    configs = [
        replace(
            PRESETS["wgan"],
            clip=size.clip,
            generator=generator,
            critic=critic,
            critic_optimizer=Optimizer("rmsprop", rate),
            generator_optimizer=Optimizer("rmsprop", rate),
        )
        for (generator, critic), rate in zip(
            size.networks(), (size.rate, size.rate, FACTOR * size.rate), strict=True
        )
    ]
    return {**together(configs, size, profile), "clip": np.array(size.clip)}


def together(configs: Sequence[TrainConfig], size: Size, profile: str) -> dict[str, np.ndarray]:
    """What `followed` gives of every configuration and seed, and what they have in common."""
    device = "auto" if profile == "paper" else "cpu"
    every = size.iterations // size.records
    common: dict[str, Any] = {
        "data": LAW,
        "batch": size.batch,
        "iterations": size.iterations,
        "every": every,
        "warm_up": 0,
    }
    runs = [
        [followed(replace(config, **common, seed=seed), size, device) for seed in range(size.seeds)]
        for config in configs
    ]
    floors = [sampling_floor(data.toy(LAW), size.n, seed) for seed in range(REPEATS)]
    pairs = [(config.generator, config.critic) for config in configs]
    sizes = [
        [(net.depth, net.width) for net in pair if isinstance(net, MLPConfig)] for pair in pairs
    ]
    return {
        **{name: np.array([[run[name] for run in row] for row in runs]) for name in runs[0][0]},
        "sizes": np.array(sizes),
        "rates": np.array([config.critic_optimizer.lr for config in configs]),
        "iteration": np.arange(0, size.iterations + 1, every),
        "floor": np.array(np.mean(floors)),
        "n": np.array(size.n),
        "batch": np.array(size.batch),
        "gpu": np.array(device == "auto" and torch.cuda.is_available()),
    }


def followed(config: TrainConfig, size: Size, device: str) -> dict[str, np.ndarray]:
    """One run: estimate and cost on a batch, shape (records,); EM, both beside it; sheets."""
    objective = OBJECTIVES[config.objective]
    sheets = []

    def look(view: View) -> Row:
        record = view.iteration // config.every
        batch = view.batch(*(points[: config.batch] for points in (view.real, view.fake)))
        row = {
            "batch_estimate": objective.estimate(batch).item(),
            "cost": objective.generator(batch).item(),
        }
        if record in moments(size.records):
            sheets.append(view.fake[:DOTS].cpu().numpy())
        return row | earth_mover(view, size.n) if record % STRIDE == 0 else row

    rows = train(config, observers=[look], progress=False, device=device).history
    return {
        "estimate": np.array([row["batch_estimate"] for row in rows]),
        "cost": np.array([row["cost"] for row in rows]),
        "emd": np.array([row["emd"] for row in rows[::STRIDE]]),
        "estimate beside": np.array([row["estimate"] for row in rows[::STRIDE]]),
        "cost beside": np.array([row["generator_loss"] for row in rows[::STRIDE]]),
        "sheets": np.array(sheets),  # (moments, dots, 2)
    }


def moments(records: int) -> list[int]:
    """The records with a sheet: where its middle is, when the sheets lie under the curve."""
    return [records * (2 * k + 1) // (2 * SHEETS) for k in range(SHEETS)]


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a run: the gap, exact EM, and generated points under them."""
    figure, _ = draw_runs(arrays, "estimate", "critic gap", share=True)
    text = (
        f"{common_text(arrays)} Weight clipping at c = {arrays['clip']:g} after each of "
        f"{PRESETS['wgan'].n_critic} critic steps, RMSProp at {arrays['rates'][0]:g}, in the run "
        f"on the right at {arrays['rates'][2]:g}. The gaps share an axis, not a unit: "
        "each critic has its own. The paper: images of bedrooms, MLP and DCGAN generators "
        "of 64 x 64 pixels, c = 0.01, RMSProp at 5e-5, a median filter of window 101, "
        "one run each; its failing rates are not told."
    )
    plots.caption(figure, text, width=225)
    return figure


def common_text(arrays: dict[str, np.ndarray]) -> str:
    """The part of the caption that these figures share."""
    every = int(arrays["iteration"][1])
    return (
        f"{LAW}, d = 2, ReLU MLPs, batch {arrays['batch']}, "
        f"{'GPU' if arrays['gpu'] else 'CPU'}; curves and sheets ({DOTS} generated points, modes "
        f"as rings) of seed 0. Pale: one batch at a record, every {every} "
        f"iteration{'s' * (every > 1)}; dark: its median filter over {WINDOW} records, "
        f"{every * (WINDOW - 1) + 1:,} iterations. Exact EM: linear program between n = "
        f"{arrays['n']} generated and as many new real points; its floor: EM between two real "
        f"samples, mean of {REPEATS}. Rank correlations: the upper quantity, on 1,000 points of "
        f"each law, with EM, from iteration 0 on, a number for each of {arrays['emd'].shape[1]} "
        "seeds; below 0 the curve rises while EM falls."
    )


def draw_runs(
    arrays: dict[str, np.ndarray], name: str, label: str, *, share: bool, critic: str = "critic"
) -> tuple[Figure, list[Axes]]:
    """Three columns: what training shows (returned too), the truth, and sheets under them."""
    import matplotlib.pyplot as plt

    sheets: list[Any] = [[f"{k} {s}" for k in range(3) for s in range(SHEETS)]]
    curves: list[Any] = [
        [f"{what} {k}" for k in range(3) for _ in range(SHEETS)] for what in ("shown", "em")
    ]
    figure, panels = plt.subplot_mosaic(
        curves + sheets, figsize=(16, 9.8), gridspec_kw={"height_ratios": [1.5, 1.3, 0.95]}
    )
    for k in range(3):
        draw_shown(panels[f"shown {k}"], arrays, name, k, critic)
        draw_em(panels[f"em {k}"], arrays, k)
        for what in ("shown", "em"):
            for record in moments(len(arrays["iteration"]) - 1):
                panels[f"{what} {k}"].axvline(arrays["iteration"][record], color="0.8", lw=1)
            panels[f"{what} {k}"].set_xlim(0, arrays["iteration"][-1])
        for s in range(SHEETS):
            draw_sheet(panels[f"{k} {s}"], arrays["sheets"][k, 0, s])
    shown, em = ([panels[f"{what} {k}"] for k in range(3)] for what in ("shown", "em"))
    for row in (shown, em) if share else (em,):
        low, high = (limit([axes.get_ylim() for axes in row]) for limit in (np.min, np.max))
        for axes in row:
            axes.set_ylim(low, high)
    shown[0].set_ylabel(label)
    em[0].set_ylabel("exact EM")
    em[0].legend(loc="upper right")
    return figure, shown


def draw_shown(axes: Axes, arrays: dict[str, np.ndarray], name: str, k: int, critic: str) -> None:
    """The curve that a practitioner sees, raw and filtered."""
    (depth, width), (critic_depth, critic_width) = arrays["sizes"][k]
    filtered = median_filter(arrays[name][k, 0], WINDOW, mode="reflect")
    pairs = zip(arrays[f"{name} beside"][k], arrays["emd"][k], strict=True)
    ranks = [f"{spearmanr(shown, emd).statistic:.2f}" for shown, emd in pairs]
    axes.plot(
        arrays["iteration"], arrays[name][k, 0], color=plots.CRITIC["color"], lw=0.7, alpha=0.4
    )
    axes.plot(arrays["iteration"], filtered, color=plots.CRITIC["color"])
    factor = arrays["rates"][k] / arrays["rates"][0]
    axes.set_title(
        f"generator {depth} × {width}, {critic} {critic_depth} × {critic_width}"
        + (f", rates × {factor:.0f}" if factor > 1 else "")
        + f"\nrank correlation with EM: {', '.join(ranks)}"
    )


def draw_em(axes: Axes, arrays: dict[str, np.ndarray], k: int) -> None:
    """The truth, with its floor."""
    emd = arrays["emd"][k, 0]
    axes.plot(arrays["iteration"][::STRIDE], emd, **plots.EXACT, label="exact EM")
    axes.axhline(float(arrays["floor"]), color="0.4", linestyle="-.", lw=1.3, label="its floor")
    axes.set(xlabel="generator iteration", title=f"exact EM: from {emd[0]:.2f} to {emd[-1]:.2f}")


def draw_sheet(axes: Axes, points: np.ndarray) -> None:
    """Generated points, with the modes of the real law."""
    axes.plot(*points.T, ".", color=plots.FAKE["color"], markersize=2.5)
    ring = {"color": plots.REAL["color"], "marker": "o", "fillstyle": "none", "linestyle": "none"}
    axes.plot(*np.asarray(data.toy(LAW).modes).T, **ring, markersize=8)
    axes.set(xlim=(-HALF, HALF), ylim=(-HALF, HALF), aspect="equal", xticks=[], yticks=[])
