"""How far are two LAWS apart? Brackets [lower, upper] around EM of laws for which it is known.

The lower side is the gap of a critic of proven slope on points that it has never seen, less a
radius; the upper side the mean of exact distances between fresh samples, plus one: see
`wganlab.compare.bracket`. Radii are asymptotic (Student's t) unless a figure says otherwise.

Five kinds of pairs: a cube moved by 1; concentric balls; two Gaussians, one twice as wide; funnels
(Korotin et al. 2022); and uniform laws on two balls that are far apart, each half of which is moved
by 1, in opposite directions ("halves"): no cone and no linear function is a good critic of them.
In few dimensions both sides close. In many the lower side still tells most of the distance, but
samples of n points are n^(-1/d) too far apart, and there is nothing useful from above.

Over time: brackets of several budgets, each a run of its own. Coverage: small brackets of many
seeds, and how many of them hold the truth, each with its binomial interval (Clopper and Pearson). A
bracket should be wrong no more often than its confidence allows; it is mostly wrong less often, for
its lower side has the critic's error to spare, and its upper side what samples add. The table and
the coverage are a record, `figures/records/lab_bracket.json`, with its configuration and what it
was made with; `python -m figures.bracket_runs` makes it again, 80 minutes of one core.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from scipy import stats

from figures import bracket_runs
from figures.bracket_runs import CONFIDENCES, KINDS, Configuration
from wganlab import plots
from wganlab.compare import BracketPlan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TINY = BracketPlan(
    heats=0.003,
    steps=0.01,
    apexes=100,
    selection=512,
    blocks=8,
    block=256,
    replicates=4,
    points=64,
)
# a file beside this one, or what is made at once
RECORDS: dict[str, Any] = {
    "quick": Configuration(None, TINY, dimensions=(2,), pairs=(("balls", 2),), seeds=1, small=TINY),
    "laptop": "records/lab_bracket.json",
    "paper": "records/lab_bracket.json",
}
TIMED = ("funnels", 4)
BUDGETS: dict[str, tuple[Any, ...]] = {
    "quick": ({"plan": TINY},),
    "laptop": tuple({"seconds": seconds} for seconds in (10.0, 20.0, 40.0)),
    "paper": tuple({"seconds": 10.0 * 2.0**k} for k in range(6)),
}
STYLES: dict[str, dict[str, Any]] = {
    "shift": {"color": "#0072B2", "marker": "o"},
    "balls": {"color": "#009E73", "marker": "s"},
    "Gaussians": {"color": "#CC79A7", "marker": "D"},
    "funnels": {"color": "#D55E00", "marker": "^"},
    "halves": {"color": "#E69F00", "marker": "P"},
}
NAMES = {
    "shift": "shift: a cube and a moved one",
    "balls": "balls, one in the other",
    "Gaussians": "Gaussians, one twice as wide",
    "funnels": "funnels",
    "halves": "halves: two balls, moved apart",
}
BELOW: dict[str, Any] = {"color": plots.CRITIC["color"], "marker": "^", "markersize": 10}
ABOVE: dict[str, Any] = {"color": "#E69F00", "marker": "v", "markersize": 10}
LOWEST, HIGHEST = 0.58, 3.0  # of a bracket over the truth, as drawn


def compute(profile: str) -> dict[str, np.ndarray]:
    """The table (kinds, dimensions, 2), looks (budgets, 3, 3), and counts (pairs, confidences)."""
    asked = RECORDS[profile]
    if isinstance(asked, Configuration):
        record = bracket_runs.made(asked, {}, lambda record: None)
    else:
        record = json.loads((bracket_runs.PLACE / asked).read_text("utf-8"))
    brackets = [bracket_runs.bracket(*TIMED, **budget) for budget in BUDGETS[profile]]
    looks = [[(look.seconds, look.lower, look.upper) for look in b.history] for b in brackets]
    return {
        **of_table(record),
        **of_coverage(record),
        "looks": np.array(looks),
        "looks truth": np.array(bracket_runs.truth(*TIMED)[0]),
    }


def of_table(record: Any) -> dict[str, np.ndarray]:
    """Lower and upper, truths and their standard errors (kinds, dimensions, 2); CPU seconds."""
    dimensions = record["configuration"]["dimensions"]
    rows = [[record["table"][f"{kind} {d}"] for d in dimensions] for kind in KINDS]
    return {
        "dimensions": np.array(dimensions),
        "table": np.array([[(row["lower"], row["upper"]) for row in some] for some in rows]),
        "seconds": np.array([[row["seconds"] for row in some] for some in rows]),
        "truth": np.array([[bracket_runs.truth(kind, d) for d in dimensions] for kind in KINDS]),
    }


def of_coverage(record: Any) -> dict[str, np.ndarray]:
    """Of how many seeds the truth is inside, below and above, (pairs, confidences, 3)."""
    asked = record["configuration"]
    counts = []
    for kind, d in asked["pairs"]:
        names = [f"{kind} {d} {seed}" for seed in range(asked["seeds"])]
        lower, upper = np.moveaxis(np.array([record["coverage"][name] for name in names]), -1, 0)
        truth = bracket_runs.truth(kind, d)[0]
        sides = (lower <= truth) & (truth <= upper), truth < lower, truth > upper
        counts.append(np.sum(sides, axis=1).T)
    return {
        "counts": np.array(counts),
        "seeds": np.array(asked["seeds"]),
        "pairs": np.array([f"{kind}, D = {d}" for kind, d in asked["pairs"]]),
    }


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """The table over both others."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplot_mosaic(
        [["table", "table"], ["time", "coverage"]], figsize=(14, 10), height_ratios=(1.15, 1)
    )
    draw_table(panels["table"], arrays)
    draw_time(panels["time"], arrays)
    draw_coverage(panels["coverage"], arrays)
    errors = arrays["truth"][..., 1] / arrays["truth"][..., 0]
    plots.caption(
        figure,
        "compare.bracket on the CPU, one thread; asymptotic radii, 95 % (on the right as on its "
        f"axis). Top: seed 0, {arrays['seconds'].min():.0f} to {arrays['seconds'].max():.0f} CPU "
        "seconds a bracket; numbers at arrows: upper over truth; EM of funnels is an estimate, of "
        f"standard error up to {100 * errors.max():.1f} %. Left: seed 0, a run of its own for each "
        f"mark. Right: seeds 0 to {int(arrays['seeds']) - 1}, small plans; bars: 95 % binomial "
        "intervals. Top and right are a record, figures/records/lab_bracket.json.",
        width=190,
    )
    return figure


def draw_table(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """A bar a bracket, over the truth."""
    dimensions = arrays["dimensions"]
    axes.axhline(1, color="black", linewidth=1.5, zorder=1)
    for k, kind in enumerate(KINDS):
        color, marker = STYLES[kind]["color"], STYLES[kind]["marker"]
        at = np.arange(len(dimensions)) + 0.16 * (k - 2)
        low, high = (arrays["table"][k] / arrays["truth"][k, :, :1]).T
        axes.vlines(at, low, np.minimum(high, HIGHEST), color=color, linewidth=5, zorder=2)
        axes.plot(at, low, marker, color=color, markersize=10, markeredgecolor="white", zorder=3)
        for x, value in zip(at, high, strict=True):
            draw_upper(axes, x, value, color)
    axes.set(yscale="log", ylim=(LOWEST, 1.25 * HIGHEST), ylabel="bracket / true EM")
    axes.set_yticks(ticks := [0.6, 0.8, 1, 1.5, 2, 3], [f"{tick:g}" for tick in ticks])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xticks(range(len(dimensions)), [f"D = {d}" for d in dimensions])
    axes.grid(axis="x", visible=False)
    axes.set_title(
        "Brackets of EM between two laws, 95 %, asymptotic radii: "
        "from below in every dimension, from above in few"
    )
    line: dict[str, Any] = {"linewidth": 5, "markersize": 9, "markeredgecolor": "white"}
    handles = [Line2D([], [], **STYLES[kind], **line, label=NAMES[kind]) for kind in KINDS]
    handles.append(Line2D([], [], color="black", linewidth=1.5, label="truth"))
    axes.legend(handles=handles, loc="upper left", ncols=2, fontsize=12)


def draw_upper(axes: Axes, x: float, value: float, color: str) -> None:
    """The upper end; an arrow with its number where it is beyond the axis."""
    if value <= HIGHEST:
        axes.plot(x, value, "_", color=color, markersize=11, markeredgewidth=2.5, zorder=3)
        return
    axes.plot(x, HIGHEST, "^", color=color, markersize=10, zorder=3)
    axes.text(x, 1.05 * HIGHEST, f"{value:.0f}", color=color, ha="center", fontsize=12)


def draw_time(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Brackets of several budgets: all looks of each hold together."""
    seconds = arrays["looks"][:, -1, 0]
    lower, upper = arrays["looks"][..., 1].max(axis=1), arrays["looks"][..., 2].min(axis=1)
    axes.fill_between(seconds, lower, upper, color="0.9", linewidth=0)
    axes.plot(seconds, upper, **ABOVE, label="upper: exact distances of samples")
    axes.axhline(float(arrays["looks truth"]), **plots.EXACT, label="true EM")
    axes.plot(seconds, lower, **BELOW, label="lower: a critic's gap")
    axes.set(xscale="log", xlabel="CPU seconds", ylabel="EM of the laws")
    axes.set_xticks(seconds, [f"{float(f'{x:.2g}'):g}" for x in seconds])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_title("{}, D = {}: with more time the bracket closes".format(*TIMED))
    axes.legend(loc="best", fontsize=12)


def draw_coverage(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """How many brackets are right, against the confidence that was asked for."""
    asked, n = 100 * np.array(CONFIDENCES), int(arrays["seeds"])
    axes.plot([0, 100], [0, 100], label="as asked for", **plots.EXACT)
    axes.fill_between([0, 100], [0, 100], color="0.9", linewidth=0)
    axes.text(98.5, 62, "wrong too often", ha="right", color="0.35", fontsize=13)
    for k, name in enumerate(arrays["pairs"]):
        inside = arrays["counts"][k, :, 0]
        low = stats.beta.ppf(0.025, inside, n - inside + 1)
        high = stats.beta.ppf(0.975, inside + 1, n - inside)
        low, high = np.where(inside == 0, 0, low), np.where(inside == n, 1, high)
        share = inside / n
        axes.errorbar(
            asked + 1.1 * (k - (len(arrays["pairs"]) - 1) / 2),
            100 * share,
            100 * np.stack([share - low, high - share]),
            **STYLES[str(name).partition(",")[0]],
            linestyle="none",
            markersize=9,
            label=str(name),
        )
    axes.set(xlim=(45, 100), ylim=(45, 102), xticks=asked)
    axes.set(xlabel="confidence asked for, %", ylabel="seeds with the truth inside, %")
    axes.set_title(f"How often is a bracket right? {n} seeds of each pair")
    axes.legend(loc="lower right", fontsize=12, ncols=2)
