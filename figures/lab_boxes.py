"""Every plan of two tiny problems, as matrices with their costs.

Six boxes are moved along a line. When every source lies left of every target, all plans cost the
same, sum(y) - sum(x): not by chance. When sources and targets interleave, plans differ.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from wganlab import exact, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PROBLEMS = {
    "apart": ((1, 1, 1, 2, 2, 3), (7, 8, 8, 9, 10, 10)),
    "interleaved": ((1, 1, 3, 5, 5, 7), (2, 2, 4, 4, 6, 8)),
}
SHOWN = 3


def compute(profile: str) -> dict[str, np.ndarray]:
    """All integer plans of both problems; small enough to be the same in every profile."""
    arrays: dict[str, np.ndarray] = {}
    for name, (before, after) in PROBLEMS.items():
        sources, targets = sorted(Counter(before).items()), sorted(Counter(after).items())
        (x, a), (y, b) = np.transpose(sources), np.transpose(targets)
        way = np.abs(np.subtract.outer(x, y))
        plans = np.array(list(exact.integer_plans(a.tolist(), b.tolist())))
        costs = (plans * way).sum(axis=(1, 2))
        ranked = np.argsort(costs, kind="stable")
        picked = ranked[np.linspace(0, len(ranked) - 1, SHOWN).astype(int)]
        arrays |= {
            f"{name} x": x,
            f"{name} y": y,
            f"{name} costs": costs,
            f"{name} plans": plans[picked],
            f"{name} picked": costs[picked],
            f"{name} emd": np.array(6 * exact.emd(x, y, a / 6, b / 6)),
        }
    return arrays


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A row a problem: three of its plans, and the costs of all of them."""
    import matplotlib.pyplot as plt

    figure, rows = plt.subplots(2, SHOWN + 1, figsize=(14, 7.4), width_ratios=[1] * SHOWN + [1.35])
    words = {"apart": "sources left of all targets", "interleaved": "interleaved"}
    for name, row in zip(PROBLEMS, rows, strict=True):
        for k, axes in enumerate(row[:SHOWN]):
            draw_plan(axes, arrays, name, k)
        draw_costs(row[-1], arrays, name, words[name])
    plots.caption(
        figure,
        "Boxes in the cells, places on the margins; cost = boxes times way. Shown: the first, a "
        "middle and the last plan in the order of cost, of all plans in whole boxes, enumerated. "
        "EM of the normalized histograms is the least cost over 6, by quantiles. "
        "A figure of this lab.",
        width=180,
    )
    return figure


def draw_plan(axes: Axes, arrays: dict[str, np.ndarray], name: str, k: int) -> None:
    """One plan as a matrix with its cost."""
    plan, x, y = arrays[f"{name} plans"][k], arrays[f"{name} x"], arrays[f"{name} y"]
    axes.imshow(plan, vmin=0, vmax=3, cmap="Greys", aspect="equal")
    for row, column in np.ndindex(plan.shape):
        if plan[row, column]:
            color = "white" if plan[row, column] >= 2 else "black"
            boxes = str(plan[row, column])
            axes.text(column, row, boxes, ha="center", va="center", fontsize=15, color=color)
    axes.set_xticks(range(len(y)), y)
    axes.set_yticks(range(len(x)), x)
    axes.set(xlabel="to", ylabel="from", title=f"cost {arrays[f'{name} picked'][k]}")
    axes.grid(visible=False)


def draw_costs(axes: Axes, arrays: dict[str, np.ndarray], name: str, words: str) -> None:
    """How many plans cost how much."""
    costs, best = arrays[f"{name} costs"], float(arrays[f"{name} emd"])
    values, counts = np.unique(costs, return_counts=True)
    axes.bar(values, counts, width=0.8, color="0.6")
    axes.axvline(best, **plots.EXACT, label=f"6 EM = {best:.0f}")
    axes.set(
        xlabel="cost",
        ylabel="plans",
        title=f"{words}: {len(costs)} plans",
        xlim=(costs.min() - 6, costs.max() + 6),
    )
    axes.legend(loc="upper right")
