"""Algorithm 1 with the truth beside it: gap, certificate and exact EM under five constraints.

The critic gap is what a practitioner sees; exact EM between generated and new real points is what
she wants to know. Each column trains the same generator against a critic that is kept Lipschitz in
another way, and shows both over the run, with generated points at three moments below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.stats import spearmanr

from wganlab import data, exact, plots
from wganlab.compare.truth_observers import coverage, earth_mover, sampling_floor
from wganlab.learned import PRESETS, MLPConfig, train
from wganlab.player import Panel
from wganlab.player import page as played

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned.runs.config import TrainConfig
    from wganlab.learned.runs.view import Row, View

LAW = "8gaussians"
PANELS = {
    "wgan": "weight clipping",
    "wgan-gp": "gradient penalty",
    "wgan-lp": "one-sided penalty",
    "wgan-sn": "spectral norm, ReLU",
    "wgan-orthonormal": "orthonormal, MaxMin",
}
WEIGHT = 1.0
CERTIFICATE = {"color": "#CC79A7", "linestyle": (0, (4, 1, 1, 1))}
NUMBERS = ("estimate", "emd", "certificate", "flat", "modes")
RECORDS = 25
REPEATS = 10  # of the sampling floor
DOTS = 500  # of a sheet
MOMENTS = (2, 8, RECORDS)  # the records whose sheets are drawn
HALF = 2.0


@dataclass(frozen=True)
class Size:
    """What a profile spends."""

    n: int  # points of each law in a linear program
    width: int
    batch: int
    iterations: int
    seeds: int


SIZES = {
    "quick": Size(40, 16, 16, 25, 1),
    "laptop": Size(500, 128, 64, 800, 3),
    "paper": Size(1000, 512, 256, 10_000, 5),
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """Every number of NUMBERS, shape (methods, seeds, records), and the sheets of seed 0."""
    size, device = SIZES[profile], "auto" if profile == "paper" else "cpu"
    numbers, sheets = [], []
    for preset in PANELS:
        runs = [watched(sized(preset, size, seed), size.n, device) for seed in range(size.seeds)]
        numbers.append([run for run, _ in runs])
        sheets.append(runs[0][1])
    floors = [sampling_floor(data.toy(LAW), size.n, seed) for seed in range(REPEATS)]
    return {
        **dict(zip(NUMBERS, np.moveaxis(np.array(numbers), 2, 0), strict=True)),
        "sheets": np.array(sheets),  # (methods, records, dots, 2)
        "iteration": np.linspace(0, size.iterations, RECORDS + 1),
        "floor": np.array(np.mean(floors)),
        "n": np.array(size.n),
        "width": np.array(size.width),
        "batch": np.array(size.batch),
        "gpu": np.array(device == "auto" and torch.cuda.is_available()),
    }


def sized(preset: str, size: Size, seed: int) -> TrainConfig:
    """A preset at the sizes of a profile; an orthonormal critic keeps its own network."""
    config = PRESETS[preset]
    critic, generator = config.critic, config.generator
    assert isinstance(critic, MLPConfig)
    assert isinstance(generator, MLPConfig)
    return replace(
        config,
        critic=critic if preset == "wgan-orthonormal" else replace(critic, width=size.width),
        data=LAW,
        weight=WEIGHT,
        generator=replace(generator, width=size.width),
        batch=size.batch,
        iterations=size.iterations,
        every=size.iterations // RECORDS,
        seed=seed,
    )


def watched(config: TrainConfig, n: int, device: str) -> tuple[np.ndarray, np.ndarray]:
    """A run's NUMBERS, shape (numbers, records), and its sheets, shape (records, dots, 2)."""
    sheets = []

    def look(view: View) -> Row:
        sheets.append(view.fake[:DOTS].cpu().numpy())
        held_out, fake = view.held_out[:n].cpu().double(), view.fake[:n].cpu().double()
        flat = exact.certificate(np.zeros(n), held_out, fake)
        return {**earth_mover(view, n), **coverage(view), "flat": flat}

    run = train(config, observers=[look], progress=False, device=device)
    rows = [[row[name] for row in run.history] for name in NUMBERS]
    return np.array(rows), np.array(sheets)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a method: the curves, and three sheets below."""
    import matplotlib.pyplot as plt

    moments = len(MOMENTS)
    figure, panels = plt.subplots(
        1 + moments,
        len(PANELS),
        figsize=(16, 12.4),
        gridspec_kw={"height_ratios": [1.75] + [1] * moments},
    )
    top = 1.08 * arrays["emd"].max()
    for k, axes in enumerate(panels[0]):
        draw_curves(axes, arrays, k, top)
        axes.tick_params(labelleft=k == 0)
    panels[0, 0].set_ylabel("distance")
    figure.legend(*panels[0, 1].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    modes = np.asarray(data.toy(LAW).modes)
    for row, record in enumerate(MOMENTS):
        for k, axes in enumerate(panels[1 + row]):
            draw_sheet(axes, arrays["sheets"][k, record], modes)
        panels[1 + row, 0].set_ylabel(f"iteration {arrays['iteration'][record]:,.0f}")
    for k, axes in enumerate(panels[-1]):
        found = ", ".join(f"{count:.0f}" for count in sorted(arrays["modes"][k, :, -1]))
        floors = np.median(arrays["emd"][k, :, -1]) / arrays["floor"]
        axes.set_xlabel(f"{found} of {len(modes)} modes\nEM {floors:.1f} × its floor", fontsize=11)
    plots.caption(figure, told(arrays), width=225)
    return figure


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    _, seeds, _ = arrays["emd"].shape
    clipped, penalized = PRESETS["wgan"], PRESETS["wgan-gp"]
    sorted_ = PRESETS["wgan-orthonormal"].critic
    assert isinstance(sorted_, MLPConfig)
    return (
        f"{LAW}, d = 2, algorithm 1 with {PRESETS['wgan'].n_critic} critic steps an iteration, "
        f"batch {arrays['batch']}, {seeds} seeds (lines: medians; bands: smallest to largest; "
        f"sheets: {DOTS} generated points of seed 0, the modes as rings), "
        f"{'GPU' if arrays['gpu'] else 'CPU'}. EM and certificate: linear programs between "
        f"n = {arrays['n']} generated and as many real points; the floor is EM between two "
        f"real samples, mean of {REPEATS}. Dotted: what f = 0 certifies, which is all that a "
        "nearly flat critic proves. ReLU MLPs 3 x "
        f"{arrays['width']}; the orthonormal critic is {sorted_.depth} x {sorted_.width}. Adam "
        f"(0, .9), clipping: RMSProp and c = {clipped.clip:g}; rates "
        f"{penalized.critic_optimizer.lr:g}, falling to 0. {penalized.warm_up} critic steps before "
        "the first record (clipping: none, its gap would be so steep that the generator's first "
        "steps fling it away). "
        f"Penalties of weight {WEIGHT:g} (10 in the paper, 0.1 in its code for toys). Rank "
        "correlation of the gap (1,000 points of each law) "
        f"with EM, over the {RECORDS + 1} records from iteration 0 on: median of the seeds "
        "(smallest to largest). Last line: modes of each seed, found "
        "if at least a tenth of their share of the points is within 4 deviations, and median EM at "
        "the end. A figure of this lab."
    )


def draw_curves(axes: Axes, arrays: dict[str, np.ndarray], k: int, top: float) -> None:
    """Gap, certificate and exact EM of one method over iterations."""
    iteration, emd, gap = arrays["iteration"], arrays["emd"][k], arrays["estimate"][k]
    axes.axhline(float(arrays["floor"]), color="0.4", linestyle="-.", lw=1.3, label="floor of EM")
    for record in MOMENTS:
        axes.axvline(iteration[record], color="0.8", lw=1)
    flat = np.median(arrays["flat"][k], axis=0)
    axes.plot(iteration, flat, color="0.4", linestyle=":", lw=1.3, label="certificate of f = 0")
    band(axes, iteration, arrays["certificate"][k], CERTIFICATE, "critic's certificate")
    band(axes, iteration, emd, plots.EXACT, "exact EM")
    ranks = [spearmanr(g, e).statistic for g, e in zip(gap, emd, strict=True)]
    axes.set_title(
        f"{list(PANELS.values())[k]}\nrank correlation {np.median(ranks):.2f} "
        f"({np.min(ranks):.2f} to {np.max(ranks):.2f})",
        fontsize=11,
    )
    axes.set(ylim=(-0.3 * top, top), xlabel="iteration")
    own = gap.max() < emd.max() / 3
    place = axes.twinx() if own else axes
    band(place, iteration, gap, plots.CRITIC, "critic gap")
    if own:
        most = 1.08 * gap.max()
        place.set_ylim(-0.3 * most, most)
        place.tick_params(axis="y", colors=plots.CRITIC["color"], direction="in", pad=-34)
        place.locator_params(axis="y", nbins=4)
        # 0 is where it is on the left
        place.set_yticks([tick for tick in place.get_yticks() if 0 < tick < most])
        place.grid(visible=False)
        style = {"color": plots.CRITIC["color"], "fontsize": 11}
        place.set_title("gap: axis on the right ", loc="right", y=0.92, **style)


def band(axes: Axes, x: np.ndarray, y: np.ndarray, style: dict[str, Any], label: str) -> None:
    """Median of the seeds, y of shape (seeds, records), over their range."""
    axes.plot(x, np.median(y, axis=0), **style, label=label)
    axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=style["color"], alpha=0.2, lw=0)


def draw_sheet(axes: Axes, points: np.ndarray, modes: Any) -> None:
    """Generated points, with the modes of the real law."""
    axes.plot(*points.T, ".", color=plots.FAKE["color"], markersize=2.5)
    ring = {"color": plots.REAL["color"], "marker": "o", "fillstyle": "none", "linestyle": "none"}
    axes.plot(*modes.T, **ring, markersize=9)
    axes.set(xlim=(-HALF, HALF), ylim=(-HALF, HALF), aspect="equal", xticks=[], yticks=[])


def page(arrays: dict[str, np.ndarray]) -> str:
    """The runs of seed 0 side by side, step by step."""
    real = data.toy(LAW).sample(DOTS, torch.Generator().manual_seed(0)).numpy()
    iterations = arrays["iteration"].astype(int).tolist()
    panels = []
    for k, title in enumerate(PANELS.values()):
        emd, gap, proven = (arrays[name][k, 0] for name in ("emd", "estimate", "certificate"))
        floor = np.full(len(emd), arrays["floor"])
        times = enlarged(gap, emd)
        names = {"estimate": f"critic gap × {times:g}"} if times > 1 else None
        curves = {"emd": emd, "certificate": proven, "estimate": times * gap, "floor": floor}
        panels.append(Panel(title, real, arrays["sheets"][k], iterations, curves, names))
    note = (
        f"{LAW}, seed 0, {DOTS} generated points over as many real ones. EM and certificate: "
        f"linear programs between n = {arrays['n']} generated and as many real points; the "
        "floor is EM between two real samples. A gap far smaller than EM is shown enlarged. "
        "Settings as in lab_training.png. Keys: left, right, home, end, space."
    )
    return played("Training under five constraints", iterations, panels, note=note)


def enlarged(gap: np.ndarray, emd: np.ndarray) -> float:
    """A factor of one digit that makes a far smaller gap readable on the axes of EM, else 1."""
    times = emd.max() / max(float(np.abs(gap).max()), 1e-9)
    return float(f"{times:.0e}") if times > 3 else 1.0
