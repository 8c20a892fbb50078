"""Make docs/picture.png, which README begins with: two critics beside exact EM.

Both train the same generator on 8 Gaussians with the same seed, one kept by a gradient penalty,
one by weight clipping. What each says of the distance is drawn beside what it is.

    python docs/picture.py            # about a minute of one core
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from wganlab import compare, learned, plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

PICTURE = Path(__file__).with_suffix(".png")
PRESETS = {"wgan-gp": "gradient penalty", "wgan": "weight clipping"}
LAW = "8gaussians"
RECORDS = 40
DOTS = 400
MOMENTS = (0, 8, RECORDS)  # the records whose points are drawn
HALF = 1.9


def compute(iterations: int = 1000, n: int = 1000) -> dict[str, dict[str, np.ndarray]]:
    """Of each preset the iterations, estimate and exact EM, shape (records,), and the points."""
    return {name: watched(name, iterations, n) for name in PRESETS}


def watched(name: str, iterations: int, n: int) -> dict[str, np.ndarray]:
    """One run, with generated points, shape (records, dots, 2), and real ones, (dots, 2)."""
    sheets: list[np.ndarray] = []
    reals: list[np.ndarray] = []

    def look(view: learned.View) -> dict[str, float]:
        sheets.append(view.fake[:DOTS].cpu().numpy())
        reals.append(view.real[:DOTS].cpu().numpy())
        return {}

    every = iterations // RECORDS
    config = replace(learned.PRESETS[name], data=LAW, iterations=iterations, every=every)
    observers = [*compare.observers(n=n), look]
    run = learned.train(config, observers=observers, progress=False, device="cpu")
    columns = {key: np.array([row[key] for row in run.history]) for key in ("estimate", "emd")}
    iteration = np.array([row["iteration"] for row in run.history])
    return {**columns, "iteration": iteration, "fake": np.array(sheets), "real": reals[0]}


def draw(runs: dict[str, dict[str, np.ndarray]]) -> Figure:
    """A half a critic: what is generated above, the two curves below."""
    figure = plt.figure(figsize=(10, 4.9), layout="constrained")
    top = 1.08 * max(run["emd"].max() for run in runs.values())
    halves = figure.subfigures(1, len(runs), wspace=0.03)
    for k, (half, (name, run)) in enumerate(zip(halves, runs.items(), strict=True)):
        draw_run(half, run, PRESETS[name], top, first=k == 0)
    return figure


def draw_run(
    half: SubFigure, run: dict[str, np.ndarray], title: str, top: float, *, first: bool
) -> None:
    """One critic's half."""
    half.suptitle(title, fontsize=15)
    grid = half.add_gridspec(2, len(MOMENTS), height_ratios=[1, 1.55])
    for k, record in enumerate(MOMENTS):
        axes = half.add_subplot(grid[0, k])
        axes.plot(*run["real"].T, ".", color=plots.REAL["color"], markersize=1.6)
        axes.plot(*run["fake"][record].T, ".", color=plots.FAKE["color"], markersize=2.2)
        limits = (-HALF, HALF)
        axes.set(xlim=limits, ylim=limits, aspect="equal", xticks=[], yticks=[])
        axes.set_xlabel(f"iteration {run['iteration'][record]:,}", fontsize=10)
    axes = half.add_subplot(grid[1, :])
    axes.plot(run["iteration"], run["emd"], **plots.EXACT, lw=2.2, label="exact distance")
    axes.plot(run["iteration"], run["estimate"], **plots.CRITIC, lw=2.2, label="what the critic says")
    axes.set(ylim=(0, top), xlabel="iteration", ylabel="distance" if first else "")
    axes.legend(fontsize=13, loc="upper right")


if __name__ == "__main__":
    with plots.style():
        plots.save(draw(compute()), PICTURE.with_suffix(""), suffixes=(".png",))
