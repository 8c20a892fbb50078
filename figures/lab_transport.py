"""Optimal transport at a glance: the plan, the potentials, and the exact critic with its rays.

Two small clouds in the plane. The potentials that prove the plan optimal are the values of one
1-Lipschitz function, the critic; along every transport ray it falls at slope one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wganlab import exact, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = {"quick": (8, 10), "laptop": (14, 18), "paper": (14, 18)}
GRID = {"quick": 80, "laptop": 300, "paper": 600}
HALF = 3.2


def compute(profile: str) -> dict[str, np.ndarray]:
    """A ring of real points, fake points in its middle, their plan and their critic on a grid."""
    (n, m), side = POINTS[profile], GRID[profile]
    rng = np.random.default_rng(4)
    angles = 2 * np.pi * (np.arange(n) + 0.3 * rng.uniform(size=n)) / n
    x = 2.4 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + 0.15 * rng.normal(size=(n, 2))
    y = 0.7 * rng.normal(size=(m, 2)) + [0.5, -0.2]
    result = exact.wasserstein(x, y)
    moves = result.plan.tocoo()
    line = np.linspace(-HALF, HALF, side)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    f, g = result.potentials
    return {
        "x": x,
        "y": y,
        "moves": np.stack([moves.row, moves.col], axis=1),
        "mass": moves.data,
        "f": f,
        "minus_g": -g,
        "line": line,
        "field": result.critic(grid).reshape(side, side),
        "emd": np.array(result.value),
        "certificate": np.array(exact.certificate(result.critic(x), x, y)),
    }


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """The plan, the potentials along the way, and the field."""
    import matplotlib.pyplot as plt

    figure, (plan, potentials, field) = plt.subplots(1, 3, figsize=(15, 5.4))
    draw_plan(plan, arrays)
    draw_potentials(potentials, arrays)
    draw_field(field, arrays)
    plots.caption(
        figure,
        f"n = {len(arrays['x'])} real and m = {len(arrays['y'])} fake points, uniform weights, "
        "d = 2, seed 4; exact EM by network simplex. Line widths: mass. "
        "A figure of this lab: the gradient "
        "penalty paper's figure 1a shows such surfaces for trained critics.",
        width=190,
    )
    return figure


def points(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Both clouds, each in its role's color and mark."""
    for name, role, label in (("x", plots.REAL, "real"), ("y", plots.FAKE, "fake")):
        style = {**role, "markersize": 9, "markeredgecolor": "white"}
        axes.plot(*arrays[name].T, **style, linestyle="none", label=label, zorder=3)
    axes.set(xlim=(-HALF, HALF), ylim=(-HALF, HALF), aspect="equal")


def draw_plan(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Who sends mass to whom."""
    for (i, j), mass in zip(arrays["moves"], arrays["mass"], strict=True):
        ends = np.stack([arrays["x"][i], arrays["y"][j]])
        axes.plot(*ends.T, color="0.45", linewidth=60 * mass)
    points(axes, arrays)
    axes.set_title(f"optimal plan: EM = {arrays['emd']:.4f}")
    axes.legend(loc="upper left", frameon=True)


def draw_potentials(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """f(x) - f(y) against |x - y|: no pair above the line, pairs that carry mass on it."""
    length = np.linalg.norm(arrays["x"][:, None] - arrays["y"], axis=2)
    drop = arrays["f"][:, None] - arrays["minus_g"]
    i, j = arrays["moves"].T
    reach = length.max() * 1.05
    axes.plot([0, reach], [0, reach], **plots.EXACT, label="slope one")
    axes.plot(length.ravel(), drop.ravel(), ".", color="0.6", label="all pairs")
    carried = {**plots.CRITIC, "linestyle": "none", "marker": "D"}
    axes.plot(length[i, j], drop[i, j], **carried, label="pairs that carry mass")
    axes.set(xlabel="distance |x - y|", ylabel="critic's drop f(x) - f(y)", xlim=(0, reach))
    axes.set_title("potentials: 1-Lipschitz, tight where mass moves")
    axes.legend(loc="upper left")


def draw_field(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """The critic everywhere, with the transport rays on it."""
    line, field = arrays["line"], arrays["field"]
    shown = axes.contourf(line, line, field, levels=24)
    axes.contour(line, line, field, levels=24, colors="white", linewidths=0.4)
    for i, j in arrays["moves"]:
        start, end = arrays["y"][j], arrays["x"][i]
        arrow = {"arrowstyle": "->", "color": "white", "linewidth": 1.3}
        axes.annotate("", xy=end, xytext=start, arrowprops=arrow)
    points(axes, arrays)
    axes.grid(visible=False)
    axes.set_title(f"exact critic; its certificate is {arrays['certificate']:.4f}")
    axes.figure.colorbar(shown, ax=axes, shrink=0.8, label="f*(z)")
