"""Make docs/picture.png, which README begins with: what learned critics say, beside the truth.

On the left two clouds and the optimal matching between them, on the right the exact distance as a
line, and what critics trained by the field's recipes say of it as bars.

    python docs/picture.py            # about a minute of one core
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.collections import LineCollection

from wganlab import compare, data, exact, learned, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PICTURE = Path(__file__).with_suffix(".png")
CRITICS = {
    "orthonormal": "orthonormal layers",
    "gp": "gradient penalty",
    "sn": "spectral norm",
    "clip": "weight clipping",
    "none": "no constraint",
}
SEEDS = 3


def compute(n: int = 300, seeds: int = SEEDS, steps: int | None = None) -> dict[str, np.ndarray]:
    """Two clouds, shape (n, 2); the matching, (n, 2); EM; what critics say, (critics, seeds)."""
    real = data.toy("8gaussians").sample(n, torch.Generator().manual_seed(0)).numpy()
    fake = np.random.default_rng(0).normal(scale=0.5, size=(n, 2))
    told = exact.wasserstein(real, fake)
    methods = {name: learned.METHODS[name] for name in CRITICS}
    if steps is not None:
        methods = {name: replace(method, steps=steps) for name, method in methods.items()}
    board = compare.scoreboard({"ring": (real, fake)}, methods, seeds, progress=False)
    said = np.array([row.estimate for row in board.rows]).reshape(len(CRITICS), seeds)
    pairs = np.column_stack(told.plan.nonzero())
    return {"real": real, "fake": fake, "pairs": pairs, "exact": np.array(told.value), "said": said}


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """The clouds, and the bars."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=[1, 1.9])
    draw_clouds(left, arrays)
    draw_bars(right, arrays["said"], float(arrays["exact"]))
    return figure


def draw_clouds(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Both clouds, and which point goes to which in the cheapest way."""
    real, fake = arrays["real"], arrays["fake"]
    ways = np.stack([real[arrays["pairs"][:, 0]], fake[arrays["pairs"][:, 1]]], axis=1)
    axes.add_collection(LineCollection(list(ways), color="0.75", lw=0.7, zorder=1))
    for points, role, name in ((real, plots.REAL, "real"), (fake, plots.FAKE, "generated")):
        axes.plot(*points.T, **role, markersize=3, linestyle="none", label=name)
    axes.set(aspect="equal", xticks=[], yticks=[], xlim=(-1.8, 1.8), ylim=(-2.2, 1.6))
    axes.set_title("How far apart are two clouds?")
    axes.legend(loc="lower center", ncols=2, handletextpad=0, borderaxespad=0, markerscale=2)
    axes.spines[:].set_visible(False)


def draw_bars(axes: Axes, said: np.ndarray, truth: float) -> None:
    """The distance as a line, and a bar a critic: the mean of its seeds."""
    names, means = list(CRITICS.values()), said.mean(axis=1)
    most = 1.42 * truth
    axes.barh(names, np.minimum(means, most), color=plots.CRITIC["color"], height=0.62)
    axes.axvline(truth, color=plots.EXACT["color"], lw=2.5)
    for place, mean in enumerate(means):
        beyond = mean > most
        text = f"{mean:,.0f} " if beyond else f" {mean:.2f}" if mean >= 0.01 else f" {mean:.4f}"
        side = {"ha": "right", "color": "white"} if beyond else {"ha": "left", "color": "black"}
        at = most if beyond else max(mean, truth) if mean / truth > 0.8 else mean
        axes.text(at, place, text + ("▸ " if beyond else ""), va="center", fontsize=13, **side)
    place = {"xy": (truth, 1), "xycoords": ("data", "axes fraction"), "ha": "center"}
    style = {"xytext": (0, 4), "textcoords": "offset points", "fontsize": 13, "weight": "bold"}
    axes.annotate(f"exactly {truth:.2f}", **place, **style)
    axes.set_title("What learned critics say:", loc="left", x=-0.3)
    axes.set(xlim=(0, most), xlabel="distance")
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0, labelsize=13)


if __name__ == "__main__":
    with plots.style():
        plots.save(draw(compute()), PICTURE.with_suffix(""), suffixes=(".png",))
