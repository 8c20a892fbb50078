"""WGAN paper, figure 1: EM and JS between two parallel lines, as one of them moves.

P is the law of (0, Z) and Q that of (theta, Z), Z uniform on [0, 1]. EM is |theta|; JS jumps from
0 to log 2 and says nothing about how far apart the lines are. A second row adds TV and KL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wganlab import exact, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = {"quick": 30, "laptop": 100, "paper": 1000}
DISTANCES = ("EM", "JS", "TV", "KL")


def compute(profile: str) -> dict[str, np.ndarray]:
    """Closed forms on a fine grid of theta; exact values of samples on a coarse one."""
    n, rng = POINTS[profile], np.random.default_rng(0)
    fine, coarse = np.linspace(-1, 1, 401), np.linspace(-1, 1, 17)
    pairs = [exact.known.ParallelLines(theta) for theta in fine]
    closed = [[pair.emd, pair.js, pair.tv, pair.kl] for pair in pairs]
    samples = {
        kind: [
            measure(*exact.known.ParallelLines(theta).sample(n, rng, paired=kind == "paired"))
            for theta in coarse
        ]
        for kind in ("paired", "independent")
    }
    return {
        "n": np.array(n),
        "fine": fine,
        "coarse": coarse,
        "closed": np.array(closed),
        **{kind: np.array(values) for kind, values in samples.items()},
    }


def measure(x: np.ndarray, y: np.ndarray) -> list[float]:
    """EM by linear program; JS, TV and KL by matching points."""
    mu, nu = exact.Discrete(x), exact.Discrete(y)
    return [exact.emd(mu, nu), exact.js(mu, nu), exact.tv(mu, nu), exact.kl(mu, nu)]


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Two by two panels, one a distance."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(2, 2, figsize=(10, 7.2), sharex=True)
    titles = ("EM(P, Q) = |θ|", "JS(P, Q), at most log 2", "TV(P, Q)", "KL(P, Q) and KL(Q, P)")
    tops = (1.12, np.log(2) * 1.12, 1.12, 1.12)
    for k, (axes, title, top) in enumerate(zip(panels.flat, titles, tops, strict=True)):
        # infinity is drawn at 1, on an axis that says so
        shown = {
            key: np.minimum(arrays[key][:, k], top / 1.12)
            for key in ("closed", "paired", "independent")
        }
        panel(axes, arrays, shown, jumps=k > 0)
        axes.set(title=title, ylim=(-0.06 * top, top), xticks=np.linspace(-1, 1, 5))
    panels[0, 0].legend(loc="upper center")
    panels[0, 1].set_yticks([0, np.log(2) / 2, np.log(2)], ["0", "½ log 2", "log 2"])
    panels[1, 1].set_yticks([0, 1], ["0", "∞"])
    for axes in panels[1]:
        axes.set_xlabel("θ")
    plots.caption(
        figure,
        f"Laws of (0, Z) and (θ, Z), Z ~ U[0, 1]. Marks: {arrays['n']} draws of each law (d = 2, "
        "seed 0), EM by linear program, the others by matching points. The paper shows the first "
        "row, closed form alone. Independent samples share no point, so their JS, TV and KL stay "
        "at their largest even at θ = 0, where the laws are equal. Ringed dot: the value at "
        "θ = 0; open circle: the jump.",
        width=150,
    )
    return figure


def panel(axes: Axes, arrays: dict[str, np.ndarray], shown: dict, *, jumps: bool) -> None:
    """One distance: the closed form as a line, two kinds of samples as dots."""
    theta, line = arrays["fine"], shown["closed"].copy()
    if jumps:
        line[theta == 0] = np.nan
        axes.plot(0, 0, **{**plots.EXACT, "marker": "o"}, markersize=11)
        level = np.nanmax(line)
        axes.plot(0, level, "o", color=plots.EXACT["color"], mfc="white", markersize=7, zorder=3)
    axes.plot(theta, line, **plots.EXACT, label="closed form")
    axes.plot(
        arrays["coarse"], shown["paired"], "o", color=plots.REAL["color"], label="samples, same Z"
    )
    axes.plot(
        arrays["coarse"],
        shown["independent"],
        "s",
        color=plots.FAKE["color"],
        markerfacecolor="none",
        markersize=10,
        label="samples, independent Z",
    )
