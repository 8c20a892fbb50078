"""What should I use with a second, with a minute? Seconds of training against a critic's error.

Ready-made methods of `wganlab.learned` are trained on laws whose coupling is known, each with
several budgets of steps. A mark is a run of its own, whose learning rate falls to 0 at its end, as
it does for a user who has that much time; records along one long run would show critics whose rate
is still high. The critic gap is held against EM on new points of the optimal coupling, the same for
all. There a critic of slope 1 is at EM or below, whatever is drawn. A penalized critic or one of a
minimax game may be steeper: its gap can end above EM, and passes it on the way, so that a small
error may be luck. Where a proof is missing the line is dashed, where the gap is above EM the mark
is hollow. Weight clipping is left out: its gap is far below EM (`lab_critic_scoreboard`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from wganlab import exact, plots
from wganlab.learned import fit_critic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import FittedCritic

known = exact.known
LAWS: tuple[known.Pair, ...] = (
    known.Funnels(dimension=2),
    known.Funnels(dimension=16),
    known.Gaussians((1.0,) + 63 * (0.0,), 64 * (0.0,)),
)
SEEN = (
    "funnels, D = 2\ncones are first: funnels are cones",
    "funnels, D = 16\nthe penalty's gap ends above EM",
    "a shifted Gaussian, D = 64\nthe true critic is linear: cones come last",
)
NAMES = {
    "best": "best of several",
    "cones": "cones",
    "orthonormal": "orthonormal",
    "gp": "gradient penalty",
    "sn": "spectral norm",
    "mm": "minimax",
}
# dashed: no slope is proven
STYLES: dict[str, dict[str, Any]] = {
    "best": {"color": "#E69F00", "marker": "P", "linestyle": "-"},
    "cones": {"color": "#0072B2", "marker": "o", "linestyle": "-"},
    "orthonormal": {"color": "#009E73", "marker": "D", "linestyle": "-"},
    "gp": {"color": "#D55E00", "marker": "^", "linestyle": "--"},
    "sn": {"color": "#56B4E9", "marker": "s", "linestyle": "-"},
    "mm": {"color": "#CC79A7", "marker": "v", "linestyle": "--"},
}
# steps that take about two seconds, and the budgets as shares of them
STEPS = {"best": 200, "cones": 800, "orthonormal": 400, "gp": 560, "sn": 800, "mm": 120}
SHARES = {
    "quick": (1 / 120, 1 / 60),
    "laptop": (1 / 16, 1 / 4, 1),
    "paper": (1 / 16, 1 / 4, 1, 4, 16, 64),
}
FLOOR = 1e-4  # of the errors that are drawn: the networks compute in float32
POINTS = {"quick": 500, "laptop": 2**14, "paper": 2**16}


def compute(profile: str) -> dict[str, np.ndarray]:
    """Ratios, their standard errors, seconds and steps: (laws, methods, budgets)."""
    told = [
        [
            [
                (*judged(fitted, pair, POINTS[profile]), fitted.seconds, fitted.steps)
                for fitted in row
            ]
            for row in (budgets(pair, name, profile) for name in NAMES)
        ]
        for pair in LAWS
    ]
    names = ("ratio", "error", "seconds", "steps")
    values = np.moveaxis(np.array(told), -1, 0)
    return {**dict(zip(names, values, strict=True)), "points": np.array(POINTS[profile])}


def budgets(pair: known.Pair, name: str, profile: str) -> list[FittedCritic]:
    """A critic for each budget of steps."""
    return [
        fit_critic(
            pair,
            constraint=name,
            steps=math.ceil(share * STEPS[name]),
            held_out=0,
            records=1,
            device="cpu",
            progress=False,
        )
        for share in SHARES[profile]
    ]


def judged(fitted: FittedCritic, pair: known.Pair, n: int) -> tuple[float, float]:
    """Critic gap / EM on n points of the optimal coupling, and its standard error."""
    x, y = pair.sample(n, np.random.default_rng((0, 1)), paired=True)
    rises, ways = fitted(x) - fitted(y), np.linalg.norm(x - y, axis=1)
    ratio = rises.mean() / ways.mean()
    return ratio, (rises - ratio * ways).std() / math.sqrt(n) / ways.mean()


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A panel a law, a curve a method, named at its end."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(LAWS), figsize=(14, 6.5), sharex=True, sharey=True)
    off = np.maximum(np.abs(arrays["ratio"] - 1), FLOOR)
    first, last = arrays["seconds"].min(), arrays["seconds"].max()
    for k, (axes, title) in enumerate(zip(panels, SEEN, strict=True)):
        axes.set(title=title, xlabel="seconds of training", xscale="log", yscale="log")
        axes.set(xlim=(0.8 * first, 1.5 * last * (last / first) ** 0.6))  # room for names
        axes.set(ylim=(0.7 * off.min(), 1.3 * max(off.max(), 1.0)))
        for j, name in enumerate(NAMES):
            above = arrays["ratio"][k, j] > 1 + FLOOR
            draw_curve(axes, arrays["seconds"][k, j], off[k, j], above, STYLES[name])
        label_ends(axes, arrays["seconds"][k, :, -1], off[k, :, -1], 1.5 * last)
    ticks = round_numbers(0.8 * first, 1.3 * last)
    panels[0].set_xticks(ticks, [f"{x:g}" for x in ticks])
    panels[0].xaxis.set_minor_locator(NullLocator())
    panels[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    panels[0].set_ylabel("error of the estimate, |gap / EM - 1|")
    tell(figure, arrays)
    return figure


def round_numbers(low: float, high: float) -> list[float]:
    """Numbers for an axis of logarithms: powers of ten, in short ranges twos and fives too."""
    digits = (1, 2, 5) if high < 100 * low else (1,)
    numbers = [d * 10.0**k for k in range(-4, 7) for d in digits]
    return [number for number in numbers if low <= number <= high]


def draw_curve(
    axes: Axes, seconds: np.ndarray, off: np.ndarray, above: np.ndarray, style: dict[str, Any]
) -> None:
    """The errors of one method, hollow where its gap is above EM."""
    axes.plot(seconds, off, **style, markersize=8)
    hollow = {**style, "linestyle": "none", "markerfacecolor": "white"}
    axes.plot(seconds[above], off[above], **hollow, markersize=8, markeredgewidth=1.8)


def label_ends(axes: Axes, seconds: np.ndarray, off: np.ndarray, x: float) -> None:
    """The methods' names beside the ends of their curves, one under another."""
    low, high = np.log(axes.get_ylim())
    apart = 0.06 * (high - low)
    order = np.argsort(off)
    heights = np.log(off[order])
    for k in range(1, len(heights)):
        heights[k] = max(heights[k], heights[k - 1] + apart)
    heights[-1] = min(heights[-1], high - apart / 2)
    for k in reversed(range(len(heights) - 1)):
        heights[k] = min(heights[k], heights[k + 1] - apart)
    for k, height in zip(order, np.exp(heights), strict=True):
        name = list(NAMES)[k]
        lead = {"color": STYLES[name]["color"], "linewidth": 0.8, "zorder": 1}
        axes.plot([seconds[k], 0.94 * x], [off[k], height], **lead)
        axes.text(x, height, NAMES[name], va="center", fontsize=12)


def tell(figure: Figure, arrays: dict[str, np.ndarray]) -> None:
    """The caption, and what the marks say."""
    line: dict[str, Any] = {"color": "0.3"}
    mark: dict[str, Any] = {**line, "linestyle": "none", "marker": "o"}
    handles = [
        Line2D([], [], **line, label="slope at most 1 by proof"),
        Line2D([], [], **line, linestyle="--", label="no proof"),
        Line2D([], [], **mark, label="gap below EM"),
        Line2D([], [], **mark, markerfacecolor="white", label="gap above EM"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    few, many = int(arrays["steps"].min()), int(arrays["steps"].max())
    plots.caption(
        figure,
        f"Each mark: a run of its own of {few} to {many} steps on new points, the learning rate "
        "falling to 0 at its end, seed 0; the ready-made methods of wganlab.learned. Gap and EM on "
        f"{arrays['points']:,} new points of the optimal coupling (standard error up to "
        f"{100 * arrays['error'].max():.1f} %). Times of one thread of one machine: read ratios. "
        "Best of several: a tournament, its heats counted in. A curve that goes from below EM to "
        "above it is right by chance on the way. Errors below .01 % are drawn there.",
        width=190,
    )
