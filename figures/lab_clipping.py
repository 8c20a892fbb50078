"""Weight clipping: the gap, the slope and their quotient over c, width and depth.

A clipped critic estimates K W1 with an unknown K (Arjovsky et al. 2017, section 3): its gap changes
with every layer, unit and decade of c, and says nothing by itself. Divided by the largest slope
seen it is comparable. A c-transform turns the values at the real points into a proof (certificate),
which is worth something once the critic is scaled to slope 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab import compare, exact, learned, plots
from wganlab.compare.probe import Probe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAIR = exact.known.Gaussians(real=(0, 0), fake=(3, 0))
NETWORKS = ((1, 64), (3, 16), (3, 64), (3, 128), (6, 64))  # hidden layers, units
BOXES = {
    "quick": (0.003, 0.03, 0.3),
    "laptop": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    "paper": (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.1, 0.3),
}
POINTS = {"quick": 80, "laptop": 500, "paper": 1000}
SEEDS = {"quick": 1, "laptop": 2, "paper": 4}
STEPS = {"quick": 40, "laptop": 600, "paper": 2000}
EVERY = 20  # steps between measurements
BATCH = 64
NUMBERS = ("gap", "slope", "quotient", "certificate", "scaled", "cosine", "steps", "gradient")

STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#E69F00", "marker": "D"},
    {"color": "#56B4E9", "marker": "v"},
    {"color": "#0072B2", "marker": "o"},
    {"color": "#CC79A7", "marker": "^"},
    {"color": "#009E73", "marker": "s"},
)
TITLES = {
    "gap": "gap / EM depends on c, width, depth",
    "slope": "so does the largest slope",
    "quotient": "(gap / slope) / EM hardly does",
    "scaled": "certificate / EM: scaled to slope 1, and raw",
    "cosine": "cosine with the exact gradient",
    "steps": "large c is slow: steps to 90 % of gap",
}
MOVED = 1e-8  # RMSProp's epsilon: with smaller gradients a step is shorter than the learning rate


def compute(profile: str) -> dict[str, np.ndarray]:
    """All numbers of all critics; shape (networks, boxes, seeds) each."""
    x, y = PAIR.sample(POINTS[profile], np.random.default_rng(0))
    transport = exact.wasserstein(x, y)
    rows = [
        [
            [
                measure(fit(x, y, c, depth, width, seed, STEPS[profile]), transport)
                for seed in range(SEEDS[profile])
            ]
            for c in BOXES[profile]
        ]
        for depth, width in NETWORKS
    ]
    return {
        "n": np.array(len(x)),
        "flat": np.array(exact.certificate(np.zeros(len(x)), x, y) / transport.value),
        "steps done": np.array(STEPS[profile]),
        "c": np.array(BOXES[profile]),
        "emd": np.array(transport.value),
        **dict(zip(NUMBERS, np.moveaxis(np.array(rows), -1, 0), strict=True)),
    }


def fit(x: Any, y: Any, c: float, depth: int, width: int, seed: int, steps: int) -> Any:
    """A clipped critic: network of that size, everything else as `learned.METHODS` has it."""
    method = learned.METHODS["clip"]
    return learned.fit_critic(
        x,
        y,
        constraint=learned.WeightClipping(c),
        critic=learned.MLPConfig(width=width, depth=depth),
        optimizer=method.optimizer,
        steps=steps,
        batch=BATCH,
        seed=seed,
        records=steps // EVERY,
        progress=False,
        device="cpu",
    )


def usual_rate() -> float:
    """The learning rate of the ready-made clipping."""
    optimizer = learned.METHODS["clip"].optimizer
    assert optimizer is not None
    return optimizer.lr


def measure(fitted: learned.FittedCritic, transport: exact.Transport) -> list[float]:
    """The NUMBERS of one critic; gap, quotient and certificates relative to exact EM."""
    x, y = transport.source.points, transport.target.points
    compared = compare.critic_vs_exact(fitted, x, y, pair=PAIR, transport=transport)
    # in float32 the values of the smallest critics are all equal
    values = Probe(fitted, x).values(x)
    gaps, gradients = fitted.column("gap"), fitted.final.gradient_norms.values()
    late = 1 + np.flatnonzero(gaps < 0.9 * gaps[-1]).max(initial=-1)
    return [
        compared.critic_gap / compared.exact,
        compared.slope,
        compared.gap_over_slope / compared.exact,
        compared.certificate / compared.exact,
        exact.certificate(values / compared.slope, x, y) / compared.exact,
        compared.cosine,
        fitted.history[late].step if gaps[-1] > 0 else np.nan,
        max(gradients),
    ]


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A panel a number, all over c."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(2, 3, figsize=(14.5, 8.6), sharex=True)
    for axes, name in zip(panels.flat, TITLES, strict=True):
        lines(axes, arrays, name)
        axes.set(title=TITLES[name], xscale="log")
        axes.set_xticks(arrays["c"], [f"{c:g}" for c in arrays["c"]])
        axes.minorticks_off()
    for axes in panels[1]:
        axes.set_xlabel("c")
    gap, _, quotient, certificate, cosine, steps = panels.flat
    for axes in (gap, quotient, certificate, cosine):
        axes.axhline(1, **plots.EXACT, lw=1.2)
    for axes in (quotient, certificate, cosine):
        axes.set_ylim(-0.7, 1.1)
    rate = usual_rate()
    label = "c / learning rate"
    steps.plot(arrays["c"], arrays["c"] / rate, color="0.5", linestyle=":", label=label)
    steps.legend(*([column[-1]] for column in steps.get_legend_handles_labels()), loc="upper left")
    gap.legend(loc="lower right", title="hidden layers × units")
    plots.caption(figure, told(arrays), width=205)
    return figure


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption, with what was measured between c = .003 and .03."""
    middle = (arrays["c"] > 0.0029) & (arrays["c"] < 0.031)
    trained = (arrays["gradient"][:, middle] > MOVED).all(axis=(1, 2))
    gaps, quotients = arrays["gap"][trained][:, middle], arrays["quotient"][trained][:, middle]
    grows = gaps[:, -1].mean(axis=1) / gaps[:, 0].mean(axis=1)  # (networks,)
    most = float(f"{grows.max():.2g}")
    changes = (quotients.max(axis=1) / quotients.min(axis=1)).max()
    return (
        f"N(0, I) against N((3, 0), I), d = 2, clouds of {arrays['n']} points each, seed 0, exact "
        f"EM {arrays['emd']:.3f} by linear program. ReLU MLPs, weights clipped after each of "
        f"{arrays['steps done']} steps of RMSProp at {usual_rate():g}, "
        f"batch {BATCH}, {arrays['gap'].shape[2]} seeds (marks; lines: means), CPU. From c = .003 "
        f"to .03 the gap grows {grows.min():.0f} to {most:,.0f} times, gap / slope changes "
        f"by a factor of {changes:.2g} at most. Open marks: gradients below RMSProp's ε = "
        f"{MOVED:g}, so the critic hardly moves (not counted; negative gaps have no place on a "
        "logarithmic axis). At c = .001 one step crosses half the box. Raw certificates (dotted) "
        f"prove {arrays['flat']:.2f} for a tiny critic, as f = 0 does. A figure of this lab."
    )


def lines(axes: Axes, arrays: dict[str, np.ndarray], name: str) -> None:
    """One number over c: a mark a seed, and a line through the means."""
    c = arrays["c"]
    dead = arrays["gradient"] < MOVED  # (networks, boxes, seeds)
    logarithmic = name in ("gap", "slope")
    for k, ((depth, width), style) in enumerate(zip(NETWORKS, STYLES, strict=True)):
        values = arrays[name][k]
        if logarithmic:
            values = np.where(values > 0, values, np.nan)
            axes.set_yscale("log")
            mean = np.exp(np.nanmean(np.log(values), axis=1))
        else:
            mean = values.mean(axis=1)
        color = style["color"]
        axes.plot(c, mean, color=color, lw=1.5)
        for open_marks, chosen in ((False, ~dead[k]), (True, dead[k])):
            shown = np.where(chosen, values, np.nan)
            marks = {**style, "fillstyle": "none" if open_marks else "full"}
            axes.plot(c, shown, linestyle="none", **marks)
        if name == "scaled":
            axes.plot(c, arrays["certificate"][k].mean(axis=1), color=color, lw=1, ls=":")
        axes.plot([], [], **style, label=f"{depth} × {width}")
