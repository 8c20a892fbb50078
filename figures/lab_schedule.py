"""The original code's 100-step phases against a constant number of critic steps, on a toy.

The WGAN code trains the critic for 100 steps before each of the first 25 generator steps and every
500th (Arjovsky et al. 2017; the paper's algorithm 1 has 5 steps throughout). Do the phases help,
for the same number of generator steps, and for the same work?
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab import compare, data, learned, plots
from wganlab.compare.truth_observers import earth_mover
from wganlab.learned import MLPConfig, Optimizer, TrainConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import View

ITERATIONS = {"quick": 3, "laptop": 1000, "paper": 10_000}
SEEDS = {"quick": 1, "laptop": 3, "paper": 10}
OBSERVATIONS = 40
START, DENSE = 50, 5  # until that iteration, and how often there
POINTS = 500

NETWORK = MLPConfig(width=64, depth=3, init="he")
RATE = Optimizer("rmsprop", 5e-4)
BASE = TrainConfig(
    constraint="clip",
    clip=0.1,
    critic=NETWORK,
    generator=NETWORK,
    critic_optimizer=RATE,
    generator_optimizer=RATE,
    batch=64,
)
CONFIGS = {"constant": BASE, "original": replace(BASE, phases="original")}
STYLES: dict[str, dict[str, Any]] = {
    "constant": {"color": plots.REAL["color"], "linestyle": "-"},
    "original": {"color": plots.FAKE["color"], "linestyle": "--"},
}
LABELS = {
    "constant": "5 critic steps throughout",
    "original": "100 before the first 25 and every 500th",
}
COLUMNS = ("iteration", "estimate", "emd")
UNITS = {0: "generator steps", 1: "critic steps"}
GAP, EMD = 2, 3


def compute(profile: str) -> dict[str, np.ndarray]:
    """Iteration, critic steps, gap and EM by schedule, shape (seeds, rows, 4); the floor of EM."""
    floor = compare.sampling_floor(data.toy(BASE.data), POINTS)
    return {
        "floor": np.array(floor),
        **{
            name: np.array([rows(config, profile, seed) for seed in range(SEEDS[profile])])
            for name, config in CONFIGS.items()
        },
    }


def rows(config: TrainConfig, profile: str, seed: int) -> np.ndarray:
    """One run, shape (rows, 4); more often at its start, where the phases are."""
    iterations = ITERATIONS[profile]
    sparse = max(1, iterations // OBSERVATIONS)

    def seldom(view: View) -> dict[str, float]:
        wanted = view.iteration <= START or view.iteration % sparse == 0
        return earth_mover(view, POINTS) if wanted else {}

    run = learned.train(
        replace(config, iterations=iterations, every=min(DENSE, sparse), seed=seed),
        observers=[seldom],
        progress=False,
        device="cpu",
    )
    steps = np.cumsum([0, *(config.critic_steps(i) for i in range(iterations))])
    found = np.array([[row[name] for name in COLUMNS] for row in run.history if "emd" in row])
    return np.insert(found, 1, steps[found[:, 0].astype(int)], axis=1)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """EM above and the gap below, over generator steps on the left, critic steps on the right."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(2, 2, figsize=(13, 8.6), sharey="row", sharex="col")
    for row, number in zip(panels, (EMD, GAP), strict=True):
        for axes, unit in zip(row, UNITS, strict=True):
            lines(axes, arrays, unit, number)
    for axes in panels[0]:
        axes.axhline(float(arrays["floor"]), color="0.4", linestyle=":", label="sampling floor")
        axes.set_ylim(bottom=0)
    for axes, (unit, label) in zip(panels[1], UNITS.items(), strict=True):
        axes.axhline(0, color="0.7", linewidth=1)
        axes.set_xlabel(label)
        panels[0, unit].set_title(f"exact EM after {told_end(arrays, unit)}")
    lowest = {name: arrays[name][:, :, GAP].min() for name in CONFIGS}
    panels[1, 0].set_title(
        f"lowest gap: {lowest['constant']:.2f} constant, {lowest['original']:.2f} with phases"
    )
    panels[1, 1].set_title("the same gaps over critic steps")
    panels[0, 0].set_ylabel("exact EM")
    panels[1, 0].set_ylabel("critic gap")
    panels[0, 1].legend(loc="upper right")
    plots.caption(figure, told(arrays), width=175)
    return figure


def lines(axes: Axes, arrays: dict[str, np.ndarray], unit: int, number: int) -> None:
    """One number over one unit of work: thin lines for seeds, thick ones for their mean."""
    for name, style in STYLES.items():
        runs = arrays[name]
        work, values = runs[0, :, unit], runs[:, :, number]
        axes.plot(work, values.T, **style, linewidth=0.8, alpha=0.5)
        axes.plot(work, values.mean(axis=0), **style, label=LABELS[name])


def told_end(arrays: dict[str, np.ndarray], unit: int) -> str:
    """Mean EM of both schedules after the work that both have done."""
    shared = min(arrays[name][0, -1, unit] for name in CONFIGS)
    emd = {
        name: np.mean([np.interp(shared, run[:, unit], run[:, EMD]) for run in arrays[name]])
        for name in CONFIGS
    }
    return (
        f"{shared:,.0f} {UNITS[unit]}:\n{emd['constant']:.2f} constant, {emd['original']:.2f} "
        "with phases"
    )


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    seeds = len(arrays["constant"])
    return (
        f"8 Gaussians, d = 2; critic and generator 3 x 64, batch 64, weights clipped at "
        f"{BASE.clip:g}, RMSProp at {RATE.lr:g} (the paper's: 0.01 and 5e-5), {seeds} seed"
        f"{'s' * (seeds > 1)} (thin lines; thick: mean), CPU. Exact EM between {POINTS} points of "
        "each law; floor: between two real samples. The generator steps of the first phases take "
        "2,500 critic steps, those of 500 iterations without. "
        "A figure of this lab: the phases are in the "
        "authors' code alone."
    )
