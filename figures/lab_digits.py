"""Real digits: an optimal matching of 3s to 8s, and EM between all classes of digits.

The images are points of R^784 with pixels in [0, 1]. On the diagonal of the matrix stand two
disjoint samples of one class: what sampling alone makes of equal laws.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from wganlab import data, exact, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = {"quick": 60, "laptop": 400, "paper": 431}
SHOWN = 12


def compute(profile: str) -> dict[str, np.ndarray]:
    """The matching of 3s to 8s, and the matrix of EM between classes."""
    n = POINTS[profile]
    digits = [data.images("mnist10k").select(k) for k in range(10)]
    points = [digit.points() for digit in digits]
    mu, nu = exact.Discrete(points[3][:n]), exact.Discrete(points[8][:n])
    matching = exact.wasserstein(mu, nu)
    threes, eights = matching.plan.nonzero()  # equal counts: one 8 for every 3
    distances = exact.distances(mu, nu)  # (n, n)
    lengths = distances[threes, eights]
    ranked = np.argsort(lengths)[np.linspace(0, len(lengths) - 1, SHOWN).round().astype(int)]
    matrix = np.zeros((10, 10))
    for k, m in combinations_with_replacement(range(10), 2):
        other = points[m][n : 2 * n] if k == m else points[m][:n]
        matrix[k, m] = matrix[m, k] = exact.emd(points[k][:n], other)
    return {
        "n": np.array(n),
        "threes": digits[3].images[threes[ranked]],
        "eights": digits[8].images[eights[ranked]],
        "shown": lengths[ranked],
        "emd": np.array(matching.value),
        "matched": lengths,
        "all": distances.ravel(),
        "matrix": matrix,
    }


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Matched pairs and their lengths on the left, the matrix on the right."""
    import matplotlib.pyplot as plt

    n = int(arrays["n"])
    figure = plt.figure(figsize=(13, 6.2))
    halves = figure.subfigures(1, 2, width_ratios=(1.15, 1), squeeze=False)[0]
    pairs, histogram = halves[0].subplots(2, 1, height_ratios=(1, 1.5))
    draw_pairs(pairs, arrays)
    draw_lengths(histogram, arrays)
    draw_matrix(halves[1].subplots(), arrays["matrix"])
    plots.caption(
        figure,
        f"MNIST digits as points of R^784, pixels in [0, 1], {n} of each class (the first in the "
        f"archive's order), exact EM by network simplex. Shown: {SHOWN} of the {n} matched pairs, "
        "evenly by length. Diagonal: two disjoint samples of one class. A figure of this lab.",
        width=185,
    )
    return figure


def draw_pairs(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """3s above the 8s they are moved to, from the shortest way to the longest."""
    plots.show_images(axes, np.concatenate([arrays["threes"], arrays["eights"]]), columns=SHOWN)
    for k, length in enumerate(arrays["shown"]):
        axes.text(28 * k + 14, 59, f"{length:.1f}", ha="center", va="top", fontsize=11)
    axes.set_title("3s matched to 8s, from the nearest pair to the farthest")


def draw_lengths(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Lengths of the matched pairs against those of all pairs."""
    bins = np.linspace(arrays["all"].min(), arrays["all"].max(), 32).tolist()
    axes.hist(arrays["all"], bins, density=True, color="0.75", label="all pairs")
    axes.hist(
        arrays["matched"],
        bins,
        density=True,
        histtype="step",
        linewidth=2,
        color=plots.REAL["color"],
        label="matched pairs",
    )
    emd = float(arrays["emd"])
    axes.axvline(emd, **plots.EXACT, label=f"EM = {emd:.2f}, their mean")
    axes.set(xlabel="distance between a 3 and an 8", ylabel="density")
    axes.legend(loc="upper right")


def draw_matrix(axes: Axes, matrix: np.ndarray) -> None:
    """EM between classes, written into the cells."""
    image = axes.imshow(matrix)
    middle = (matrix.min() + matrix.max()) / 2
    for row, column in np.ndindex(matrix.shape):
        value = matrix[row, column]
        color = "black" if value > middle else "white"
        axes.text(column, row, f"{value:.1f}", ha="center", va="center", color=color, fontsize=11)
    axes.set(xticks=range(10), yticks=range(10), xlabel="digit", ylabel="digit")
    axes.set_title("EM between samples of two classes")
    axes.grid(visible=False)
    axes.figure.colorbar(image, ax=axes, shrink=0.8, label="EM")
