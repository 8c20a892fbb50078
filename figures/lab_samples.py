"""Samples are not laws: EM between two samples of one law, and Sinkhorn's bias.

The laws are equal, so the truth is 0. In d dimensions EM between samples of size n falls like
n^(-1/d) (like n^(-1/2) on the line): in 32 dimensions hardly at all. Entropic regularization has a
bias of its own, and debiasing overshoots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wganlab import exact, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIMENSIONS = (1, 2, 8, 32)
SIZES = {
    "quick": 2 ** np.arange(4, 8),
    "laptop": 2 ** np.arange(4, 11),
    "paper": 2 ** np.arange(4, 13),
}
REPEATS = {"quick": 3, "laptop": 8, "paper": 20}
POINTS = {"quick": 12, "laptop": 120, "paper": 400}
EPSILONS = {
    "quick": np.geomspace(0.2, 20, 5),
    "laptop": np.geomspace(0.02, 20, 10),
    "paper": np.geomspace(0.02, 20, 10),
}
TRUTH = 1.0
STYLES = (
    {"color": "black", "marker": "s"},
    {"color": plots.REAL["color"], "marker": "o"},
    {"color": plots.CRITIC["color"], "marker": "D"},
    {"color": plots.FAKE["color"], "marker": "^"},
)


def compute(profile: str) -> dict[str, np.ndarray]:
    """EM of pairs of samples of N(0, I), and entropic values over epsilon for a Gaussian shift."""
    rng, sizes = np.random.default_rng(0), SIZES[profile]
    em = np.array(
        [
            [
                [
                    exact.emd(rng.normal(size=(n, d)), rng.normal(size=(n, d)))
                    for _ in range(REPEATS[profile])
                ]
                for n in sizes.tolist()
            ]
            for d in DIMENSIONS
        ]
    )  # (dimensions, sizes, repeats)
    n, epsilons = POINTS[profile], EPSILONS[profile]
    x, y = rng.normal(size=(n, 2)), rng.normal(loc=(TRUTH, 0), size=(n, 2))
    costs = [exact.sinkhorn(x, y, epsilon=e, tolerance=1e-5).cost for e in epsilons]
    debiased = [exact.sinkhorn_divergence(x, y, epsilon=e, tolerance=1e-5) for e in epsilons]
    return {
        "sizes": sizes,
        "em": em,
        "n": np.array(n),
        "epsilons": epsilons,
        "sample em": np.array(exact.emd(x, y)),
        "costs": np.array(costs),
        "debiased": np.array(debiased),
    }


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """EM over n on the left, the entropic values over epsilon on the right."""
    import matplotlib.pyplot as plt

    figure, (rates, bias) = plt.subplots(1, 2, figsize=(13, 5.6))
    draw_rates(rates, arrays)
    draw_bias(bias, arrays)
    plots.caption(
        figure,
        f"Left: two samples of N(0, I) of n points each, exact EM, {arrays['em'].shape[2]} pairs a "
        "dot (bars: smallest to largest), seed 0. Dashed: n^(-1/d), and n^(-1/2) on the line, from "
        "the last dot (at d = 2 theory adds a logarithm); the legend has the slope of a straight "
        f"fit. Right: N(0, I) and N((1, 0), I), {arrays['n']} points each, d = 2, p = 1, POT in "
        "the log domain to 1e-5 of the mass.",
        width=175,
    )
    return figure


def draw_rates(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """EM of equal laws against n, log-log."""
    n = arrays["sizes"]
    for d, em, style in zip(DIMENSIONS, arrays["em"], STYLES, strict=True):
        mean = em.mean(axis=1)
        slope = np.polyfit(np.log(n), np.log(mean), 1)[0]
        spread = np.abs(np.stack([em.min(axis=1), em.max(axis=1)]) - mean)
        axes.errorbar(n, mean, spread, **style, capsize=3, label=f"d = {d}: slope {slope:.2f}")
        rate = -1 / max(d, 2)
        axes.plot(n, mean[-1] * (n / n[-1]) ** rate, color=style["color"], linestyle="--", lw=1)
    axes.set(xscale="log", yscale="log", xlabel="points n in each sample", ylabel="EM")
    axes.set_xticks(n, [str(k) for k in n])
    axes.set_yticks([0.03, 0.1, 0.3, 1, 3], ["0.03", "0.1", "0.3", "1", "3"])
    axes.minorticks_off()
    axes.set_title("EM between two samples of one law (truth: 0)")
    axes.legend(loc="lower left")


def draw_bias(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """What entropic regularization makes of EM."""
    axes.axhline(float(arrays["sample em"]), **plots.EXACT, label="exact EM of the samples")
    axes.axhline(TRUTH, color="0.5", linestyle=":", label="EM of the laws")
    cost = {"color": plots.FAKE["color"], "marker": "^", "linestyle": "-."}
    debiased = {"color": plots.REAL["color"], "marker": "o", "linestyle": "--"}
    axes.plot(
        arrays["epsilons"], arrays["costs"], **cost, label="Sinkhorn: cost of the entropic plan"
    )
    label = "Sinkhorn divergence (debiased)"
    axes.plot(arrays["epsilons"], arrays["debiased"], **debiased, label=label)
    axes.set(xscale="log", xlabel="regularization ε", ylim=(0, 2.4))
    axes.set_title("Sinkhorn's bias")
    axes.legend(loc="upper left")
