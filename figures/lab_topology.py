"""Theorem 2 of the WGAN paper, and a counterexample to each arrow that it leaves out.

Which distances go to 0 along four sequences of laws? KL to 0 makes TV and JS go to 0, these two go
together, and on a bounded set they make EM go to 0. No arrow runs back, and on an unbounded set
the last one breaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from wganlab import exact, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRID = {"quick": 200, "laptop": 1000, "paper": 4000}
STEPS = 2 ** np.arange(0, 9)
NAMES = ("KL", "JS", "TV", "EM", "MMD")
STYLES = {
    "KL": {"color": "#CC79A7", "marker": "v", "linestyle": ":"},
    "JS": {"color": plots.FAKE["color"], "marker": "^", "linestyle": "-."},
    "TV": {"color": plots.REAL["color"], "marker": "o", "linestyle": "--"},
    "EM": {"color": "black", "marker": "s", "linestyle": "-"},
    "MMD": {"color": "#009E73", "marker": "D", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
}
TITLES = {
    "normals": "N(1/n, 1) → N(0, 1)\nall go to 0",
    "shift": "U[1/n, 1 + 1/n] → U[0, 1]\nTV → 0 without KL → 0",
    "lines": "parallel lines 1/n apart\nEM → 0 without TV → 0",
    "escape": "mass 1/n at n, the rest at 0\nTV → 0 without EM → 0: unbounded",
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """The five distances along each sequence; rows follow STEPS, columns NAMES."""
    u = (np.arange(GRID[profile]) + 0.5) / GRID[profile]
    normal = stats.norm.ppf(u)
    rows: dict[str, list[list[float]]] = {name: [] for name in TITLES}
    for n in STEPS.tolist():
        near, there = stats.norm(1 / n), stats.norm()
        gauss = exact.known.Normals(real=(1 / n, 1), fake=(0, 1))
        divergences = [exact.kl(near, there), exact.js(near, there), exact.tv(near, there)]
        rows["normals"].append([*divergences, gauss.emd, mmd(normal + 1 / n, normal)])

        shift = exact.known.Uniforms(real=(1 / n, 1 + 1 / n), fake=(0, 1))
        rows["shift"].append([shift.kl, shift.js, shift.tv, shift.emd, mmd(u + 1 / n, u)])

        lines = exact.known.ParallelLines(1 / n)
        x, y = (np.stack([np.full(len(u), left), u], axis=1) for left in (0, 1 / n))
        rows["lines"].append([lines.kl, lines.js, lines.tv, lines.emd, mmd(x, y)])

        moved = exact.Discrete([0.0, float(n)], [1 - 1 / n, 1 / n])
        rest = exact.Discrete([0.0, float(n)], [1.0, 0.0])
        rows["escape"].append([f(moved, rest) for f in (exact.kl, exact.js, exact.tv)])
        rows["escape"][-1] += [exact.emd(moved, rest), exact.mmd(moved, rest, bandwidth=1.0)]
    return {name: np.array(values) for name, values in rows.items()}


def mmd(x: np.ndarray, y: np.ndarray) -> float:
    """With one Gaussian kernel along the whole sequence."""
    return exact.mmd(x, y, bandwidth=1.0)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A panel a sequence; infinity is drawn on a line at the top."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 4, figsize=(16, 5), sharey=True)
    for axes, name in zip(panels, TITLES, strict=True):
        panel(axes, arrays[name])
        axes.set(title=TITLES[name], xlabel="n")
    panels[0].set_ylabel("distance between the n-th law and the limit")
    panels[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plots.caption(
        figure,
        "KL(n-th law, limit), JS, TV and EM in closed form or exact; MMD with a Gaussian kernel of "
        "width 1 on quantiles (exact for the last panel). Infinity is drawn on the upper line. The "
        "paper states theorem 2 without a figure; the escape to infinity shows why it asks for a "
        "compact set.",
        width=200,
    )
    return figure


TOP, BOTTOM = 30.0, 1e-6


def panel(axes: Axes, values: np.ndarray) -> None:
    """The five distances along one sequence."""
    axes.axhline(TOP, color="0.5", linewidth=0.8)
    for name, column in zip(NAMES, values.T, strict=True):
        axes.plot(STEPS, np.minimum(column, TOP), label=name, **STYLES[name])
    axes.set(xscale="log", yscale="log", ylim=(BOTTOM, 2 * TOP))
    ticks = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, TOP]
    axes.set_yticks(ticks, [*("10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "0.01", "0.1", "1", "10", "∞")])
    axes.minorticks_off()
