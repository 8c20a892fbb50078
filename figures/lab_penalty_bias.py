"""The gradient penalty's bias: measured gaps against the law that predicts them.

With weight lambda the optimal slope on the line is not 1 but 1 + F / (2 lambda sigma), where
F = |F_P - F_Q| and sigma is the density of the points where the penalty is taken. So the gap is

    W1 + int F^2 / sigma / (2 lambda),

theta (1 + theta / (2 lambda)) on parallel lines. The two-sided penalty has a second optimum, of
slope -1 + F / (2 lambda sigma), as long as that is negative: the gap's sign is then wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import integrate, special

from wganlab import exact, learned, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNIFORMS = exact.known.Uniforms(real=(2, 4), fake=(0, 1))
SIDES = ("two", "one")
WEIGHTS = (1.0, 10.0, 100.0)
THETAS = {"quick": (2.0,), "laptop": (0.5, 2.0, 5.0), "paper": (0.5, 1.0, 2.0, 3.0, 4.0, 5.0)}
LINE_SEEDS = {"quick": 1, "laptop": 2, "paper": 4}
LINE_WEIGHTS = {"quick": (10.0,), "laptop": (1.0, 3.0, 10.0, 30.0), "paper": (1, 2, 3, 10, 30, 100)}
SEEDS = {"quick": 1, "laptop": 8, "paper": 16}
STEPS = {"quick": 60, "laptop": 120, "paper": 1000}
SLOWLY = 4  # times as many steps on parallel lines: a heavy two-sided penalty turns critics slowly
BATCH = 128
# from torch's start, nearly flat: chance picks the side of the two-sided penalty's optima
FLAT = learned.MLPConfig(width=64, depth=3, activation="silu")
LEVELS = (np.arange(1000) + 0.5) / 1000  # of the quantiles that stand for a law

STYLES: dict[float, dict[str, Any]] = {
    1.0: {"color": plots.FAKE["color"], "marker": "^"},
    10.0: {"color": plots.REAL["color"], "marker": "o"},
    100.0: {"color": "#009E73", "marker": "s"},
}

LINE_STYLES: tuple[dict[str, Any], ...] = (
    {"color": plots.REAL["color"], "marker": "o", "label": "two-sided penalty, and how many seeds"},
    {
        "color": "#E69F00",
        "marker": "D",
        "fillstyle": "none",
        "markersize": 12,
        "label": "one-sided penalty, all seeds",
    },
)


def compute(profile: str) -> dict[str, np.ndarray]:
    """Gaps on parallel lines (lambda, theta, side, seed) and between uniforms (lambda, side, seed).

    All of them are integrals over the laws, not means over samples.
    """
    thetas, steps = THETAS[profile], STEPS[profile]
    lines = [
        [
            [
                [
                    parallel_gap(theta, weight, side, seed, steps)
                    for seed in range(LINE_SEEDS[profile])
                ]
                for side in SIDES
            ]
            for theta in thetas
        ]
        for weight in WEIGHTS
    ]
    uniforms = [
        [
            [uniform_gap(weight, side, seed, steps) for seed in range(SEEDS[profile])]
            for side in SIDES
        ]
        for weight in LINE_WEIGHTS[profile]
    ]
    z = np.linspace(0, 4, 4001)[1:-1]
    return {
        "steps": np.array(steps),
        "thetas": np.array(thetas),
        "lines": np.array(lines),
        "weights": np.array(LINE_WEIGHTS[profile]),
        "uniforms": np.array(uniforms),
        "bias": np.array(
            integrate.quad(lambda z: excess(z) ** 2 / density(z), 0, 4, points=(1, 2))[0]
        ),
        "steepest": np.max(excess(z) / density(z)),
    }


def fit(pair: exact.known.Pair, weight: float, side: Any, seed: int, steps: int) -> Any:
    """A penalized critic between the laws of a pair."""
    method = learned.METHODS["gp"]
    return learned.fit_critic(
        pair,
        constraint=learned.GradientPenalty(weight, side=side),
        critic=FLAT,
        optimizer=method.optimizer,
        steps=steps,
        batch=BATCH,
        seed=seed,
        records=1,
        progress=False,
        device="cpu",
    )


def parallel_gap(theta: float, weight: float, side: str, seed: int, steps: int) -> float:
    """Gap of a critic between parallel lines at distance theta."""
    if weight == WEIGHTS[-1] and side == "two":
        steps *= SLOWLY
    fitted = fit(exact.known.ParallelLines(theta), weight, side, seed, steps)
    real, fake = (np.column_stack([np.full_like(LEVELS, x), LEVELS]) for x in (0.0, theta))
    return fitted(real).mean() - fitted(fake).mean()


def uniform_gap(weight: float, side: str, seed: int, steps: int) -> float:
    """Gap of a critic between U[2, 4] and U[0, 1]."""
    fitted = fit(UNIFORMS, weight, side, seed, steps)
    real, fake = (low + (high - low) * LEVELS for low, high in (UNIFORMS.real, UNIFORMS.fake))
    return fitted(real[:, None]).mean() - fitted(fake[:, None]).mean()


def excess(z: Any) -> Any:
    """F_Q - F_P at z; nowhere negative, because the real law lies to the right."""
    shares = [
        np.clip((z - low) / (high - low), 0, 1) for low, high in (UNIFORMS.fake, UNIFORMS.real)
    ]
    return shares[0] - shares[1]


def density(z: Any) -> Any:
    """Of the points uniformly between independent x ~ U[2, 4] and y ~ U[0, 1].

    That is the integral of p(x) q(y) / (x - y) over all y < z < x; t log t - t has the second
    derivative 1 / t.
    """
    (a, b), (c, d) = UNIFORMS.real, UNIFORMS.fake
    left, right = np.maximum(z, a), np.minimum(z, d)

    def twice(t: Any) -> Any:
        return special.xlogy(t, t) - t

    total = twice(b - c) - twice(b - right) - twice(left - c) + twice(left - right)
    return total / ((b - a) * (d - c))


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Parallel lines, their corrected estimates, uniforms on the line."""
    import matplotlib.pyplot as plt

    figure, (law, corrected, line) = plt.subplots(
        1, 3, figsize=(14, 5.8), width_ratios=(1, 1, 1.35)
    )
    draw_law(law, arrays)
    draw_corrected(corrected, arrays)
    draw_line(line, arrays)
    steps, seeds = int(arrays["steps"]), arrays["lines"].shape[-1]
    wrong = int((arrays["lines"] < 0).sum())
    plots.caption(
        figure,
        "Left and middle: parallel lines at distance θ, d = 2, two-sided (filled) and one-sided "
        f"(open) penalty, {seeds} seeds each; in the plane a critic can turn: {wrong} of "
        f"{arrays['lines'].size} signs are wrong. Right: U[2, 4] against "
        f"U[0, 1], d = 1, W1 = {UNIFORMS.emd}, {arrays['uniforms'].shape[2]} seeds; the law by "
        f"quadrature; optima of the wrong sign exist for λ > {arrays['steepest'] / 2:.2f}. MLP of "
        f"3 hidden layers of 64 SiLU units from torch's start, Adam, {steps} "
        f"steps ({SLOWLY * steps} on parallel lines for the two-sided penalty at λ = 100) "
        f"on {BATCH} new points of each law, CPU; gaps are integrals over the laws. "
        "A figure of this lab.",
        width=195,
    )
    return figure


def draw_law(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """The gap over theta on parallel lines."""
    theta = np.linspace(0, 5.5, 100)
    for weight, gaps in zip(WEIGHTS, arrays["lines"], strict=True):
        axes.plot(theta, 1 + theta / (2 * weight), **plots.EXACT, lw=1.2, zorder=1)
        dots(axes, arrays["thetas"], gaps / arrays["thetas"][:, None, None], weight)
        height = 1 + theta[-1] / (2 * weight)
        axes.text(theta[-1], height, f" λ = {weight:.0f}", va="center", fontsize=11)
    axes.set(xlabel="θ", ylabel="gap / θ", xlim=(0, 6.6), ylim=(0.9, 3.95))
    axes.set_title("Parallel lines: gap / θ\nfollows 1 + θ / 2λ")


def dots(axes: Axes, thetas: np.ndarray, values: np.ndarray, weight: float) -> None:
    """All seeds: two-sided filled, one-sided open; values of shape (thetas, sides, seeds)."""
    for k, fill in enumerate(("full", "none")):
        size = 7 if k == 0 else 11
        style = {**STYLES[weight], "linestyle": "none", "fillstyle": fill, "markersize": size}
        axes.plot(thetas, values[:, k], **style)


def draw_corrected(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """The gap with the law inverted, in percent of theta."""
    axes.axhline(0, **plots.EXACT, lw=1.2)
    for k, (weight, gaps) in enumerate(zip(WEIGHTS, arrays["lines"], strict=True)):
        estimates = weight * (np.sqrt(1 + 2 * gaps / weight) - 1)
        errors = 100 * (estimates / arrays["thetas"][:, None, None] - 1)
        dots(axes, arrays["thetas"] + 0.15 * (k - 1), errors, weight)
        axes.plot([], [], **STYLES[weight], linestyle="none", label=f"λ = {weight:.0f}")
    axes.set(xlabel="θ", ylabel="error of the corrected estimate, %", xlim=(0, 5.6), ylim=(-1, 1))
    axes.legend(loc="upper center", ncols=3, columnspacing=1, handletextpad=0.2)
    axes.set_title("Inverted, the law gives θ:\nλ (√(1 + 2 gap / λ) − 1)")


def draw_line(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Gaps over lambda, with both optima."""
    weights, bias = arrays["weights"], float(arrays["bias"])
    fine = np.geomspace(0.75 * weights[0], 1.6 * weights[-1], 200)
    wrong = np.maximum(fine, float(arrays["steepest"]) / 2)
    axes.axhline(UNIFORMS.emd, color="0.5", linestyle=":", label="±W1")
    axes.axhline(-UNIFORMS.emd, color="0.5", linestyle=":")
    axes.plot(fine, UNIFORMS.emd + bias / (2 * fine), **plots.EXACT, lw=1.2, label="law")
    axes.plot(
        wrong, -UNIFORMS.emd + bias / (2 * wrong), color="black", linestyle="--", lw=1.2,
        label="law of the wrong sign",
    )  # fmt: skip
    seeds = arrays["uniforms"].shape[2]
    for gaps, style in zip(arrays["uniforms"].swapaxes(0, 1), LINE_STYLES, strict=True):
        axes.plot(np.repeat(weights, seeds), gaps.ravel(), linestyle="none", **style)
    for weight, gaps in zip(weights, arrays["uniforms"][:, 0], strict=True):
        for right, level in ((True, UNIFORMS.emd), (False, -UNIFORMS.emd)):
            count = int(((gaps > 0) == right).sum())
            if count:
                height = level + bias / (2 * weight)
                axes.text(1.12 * weight, height + 0.15, f"{count}", color=plots.REAL["color"])
    axes.set(xscale="log", xlabel="λ", ylabel="gap")
    axes.set_xticks(weights, [f"{weight:.0f}" for weight in weights])
    axes.minorticks_off()
    axes.legend(loc="upper right")
    axes.set_title("On the line the two-sided penalty\nmay end with the wrong sign")
