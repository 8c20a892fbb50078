"""Learned critics on the W1 benchmark: funnels in 2, 4 and 16 dimensions, whose critic is known.

Every method's estimate of EM over the truth, and the cosine of its critic's gradient with the true
one where mass moves; beside them the published numbers of the benchmark (Korotin, Kolesov and
Burnaev, "Kantorovich Strikes Back!", NeurIPS 2022), which are of another draw of the funnels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab import compare, exact, learned, plots
from wganlab.compare import directions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned.critics.methods import Method

DIMENSIONS, FUNNELS = (2, 4, 16), 4
STEPS = {"quick": 4, "laptop": 600, "paper": 20000}
SEEDS = {"quick": 1, "laptop": 2, "paper": 5}
POINTS = {"quick": 60, "laptop": 2000, "paper": 4000}
DEVICES = {"quick": "cpu", "laptop": "cpu", "paper": "auto"}

RELU = learned.MLPConfig(width=128)
ADAM = learned.Optimizer(lr=5e-3, schedule="cosine")
SORTED = learned.METHODS["orthonormal"]
FULL = learned.MLPConfig(width=64, depth=3, activation="fullsort", init="he")
METHODS: dict[str, Method] = {
    "cones": learned.METHODS["cones"],
    "orthonormal, MaxMin": SORTED,
    "orthonormal, full sort": learned.Method(SORTED.constraint, FULL, SORTED.optimizer, batch=128),
    "one-sided penalty": learned.METHODS["lp"],
    "two-sided penalty": learned.METHODS["gp"],
    "c-transform": learned.Method(learned.CTransform(), RELU, ADAM),
    "spectral norm": learned.Method(learned.SpectralNorm(), RELU, ADAM),
    "clipping": learned.Method(
        learned.WeightClipping(0.01), RELU, learned.Optimizer("rmsprop", 1e-3)
    ),
}
NAMES = ("exact LP of samples", *METHODS)
# the paper's names of the methods here
PUBLISHED = {
    "exact LP of samples": "DOT",
    "orthonormal, full sort": "SO",
    "one-sided penalty": "LP",
    "two-sided penalty": "GP",
    "c-transform": "MM-B",
    "spectral norm": "SN",
    "clipping": "WC",
}
ESTIMATES = {
    2: "D = 2\ncones, sorts and penalties come near",
    4: "D = 4\npenalties exceed, proofs stay below",
    16: "D = 16\nEM of samples is twice that of laws",
}
COSINES = {
    2: "D = 2\nmost critics point the right way",
    4: "D = 4\nthe LP's critic falls behind",
    16: "D = 16\nthe LP's critic points nowhere",
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """Raw and corrected estimates over the truth, and cosines: (dimensions, methods, seeds)."""
    pairs = [exact.known.Funnels(dimension=d, funnels=FUNNELS) for d in DIMENSIONS]
    told = [[column(pair, profile, seed) for seed in range(SEEDS[profile])] for pair in pairs]
    values = np.array(told).transpose(3, 0, 2, 1)  # (3, dimensions, methods, seeds)
    return {
        **dict(zip(("raw", "corrected", "cosine"), values, strict=True)),
        "truth": np.array([pair.emd for pair in pairs]),
        "error": np.array([pair.emd_error for pair in pairs]),
        "noise": np.array([noise(pair, POINTS[profile]) for pair in pairs]),
        "steps": np.array(STEPS[profile]),
        "points": np.array(POINTS[profile]),
    }


def column(pair: Any, profile: str, seed: int) -> list[tuple[float, float, float]]:
    """Raw estimate, corrected estimate (nan where there is none) and cosine, by method."""
    n, rng = POINTS[profile], np.random.default_rng((seed, 1))  # (seed,) is what critics train on
    x, y = pair.sample(n, rng)
    samples = exact.wasserstein(x, y)
    rows = [(samples.value / pair.emd, math.nan, sample_cosine(samples, pair, rng))]
    # on coupled points the true critic's gap is their EM, so that no noise is left in the ratio
    coupled = pair.sample(n, rng, paired=True)
    transport = exact.wasserstein(*coupled)
    for method in METHODS.values():
        fitted = learned.fit_critic(
            pair,
            constraint=method.constraint,
            critic=method.critic,
            optimizer=method.optimizer,
            batch=method.batch,
            steps=STEPS[profile],
            seed=seed,
            records=1,
            device=DEVICES[profile],
        )
        result = compare.critic_vs_exact(fitted, *coupled, pair=pair, transport=transport)
        better = corrected(result) / transport.value
        if isinstance(method.constraint, learned.CTransform):
            better = exact.certificate(fitted(x), x, y) / pair.emd
        rows.append((result.critic_gap / transport.value, better, result.cosine))
    return rows


def corrected(result: compare.Comparison) -> float:
    """What can be made of the raw gap: the penalty's bias taken out, or over the slope."""
    if result.method == "WeightClipping":
        return result.gap_over_slope
    return math.nan if result.corrected is None else result.corrected


def sample_cosine(
    samples: exact.Transport, pair: exact.known.Funnels, rng: np.random.Generator
) -> float:
    """Cosine of the samples' own critic with the laws' critic, on the way of the mass."""
    x, y = pair.sample(1000, rng, paired=True)
    z = y + rng.uniform(size=(len(x), 1)) * (x - y)
    return directions.cosine(samples.critic_gradient(z), pair.critic_gradient(z))


def noise(pair: exact.known.Funnels, n: int) -> float:
    """Standard error of the true critic's gap on independent samples of n, over the truth."""
    x, y = pair.sample(2**14, np.random.default_rng(0))
    return math.sqrt((pair.critic(x).var() + pair.critic(y).var()) / n) / pair.emd


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a dimension: estimates above, cosines below."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(2, 3, figsize=(13, 10), sharey=True, sharex="row")
    for k, dimension in enumerate(DIMENSIONS):
        estimates, cosines = panels[:, k]
        draw_estimates(estimates, arrays["raw"][k], arrays["corrected"][k], dimension)
        estimates.set(title=ESTIMATES[dimension], xlabel="estimate / EM of the laws")
        draw_dots(cosines, arrays["cosine"][k], 0.0, "o")
        cosines.set(title=COSINES[dimension], xlabel="cosine with the true critic's gradient")
    for axes in panels[:, 0]:
        axes.set_yticks(range(len(NAMES)), NAMES)
    panels[0, 0].set(ylim=(len(NAMES) - 0.5, -0.5), xlim=(-0.08, 2.3))
    panels[1, 0].set(xlim=(-0.25, 1.08))
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4)
    tell(figure, arrays)
    return figure


def draw_estimates(axes: Axes, raw: np.ndarray, corrected: np.ndarray, dimension: int) -> None:
    """Raw, corrected and published estimates, a row a method."""
    draw_dots(axes, raw, -0.22, "o", label="raw")
    draw_dots(axes, corrected, 0.0, "D", label="made comparable (caption)", markerfacecolor="white")
    pair = exact.known.Funnels(dimension=dimension, funnels=FUNNELS)
    ratios = {row.method: row.ratio for row in compare.published(pair)}
    values = [ratios[method] for method in PUBLISHED.values()]
    rows = [NAMES.index(name) + 0.24 for name in PUBLISHED]
    label = "published: raw, one seed, GPU"
    axes.plot(values, rows, "*", color="0.4", markersize=10, label=label)


def draw_dots(
    axes: Axes, values: np.ndarray, offset: float, marker: str, label: str = "", **style: Any
) -> None:
    """A dot a seed, a row a method: the LP's in black, below it what is learned; a line at 1."""
    rows = np.arange(len(NAMES))[:, None] + np.full_like(values, offset)
    style = {"marker": marker, "linestyle": "none", **style}
    axes.axvline(1, **plots.EXACT, linewidth=1.5)
    axes.plot(values[0], rows[0], color=plots.EXACT["color"], **style)
    axes.plot(
        values[1:].ravel(), rows[1:].ravel(), color=plots.CRITIC["color"], label=label, **style
    )


def tell(figure: Figure, arrays: dict[str, np.ndarray]) -> None:
    """The caption."""
    n, seeds = arrays["points"], arrays["raw"].shape[2]
    truths = ", ".join(
        f"{truth:.3f} ± {error:.3f}"
        for truth, error in zip(arrays["truth"], arrays["error"], strict=True)
    )
    low, high = (f"{100 * noise:.1f}" for noise in np.sort(arrays["noise"])[[0, -1]])
    plots.caption(
        figure,
        f"{FUNNELS} funnels (seed 0), EM = {truths} by Monte Carlo; dots: {seeds} seeds, "
        f"{arrays['steps']} steps of Adam 5e-3 (cones: 2e-2; clipping: RMSProp 1e-3) on fresh "
        "points, batches of 256 (128 where slope 1 is proven), CPU. ReLU 128 x 3; MaxMin 48 x 10, "
        "full sort 64 x 3; 1,024 cones, which funnels flatter: they are cones. Raw: "
        f"critic gap on {n} optimally coupled points over their EM; for the LP, EM of {n} + {n} "
        f"independent points over that of the laws (standard error {low} to {high} %). Made "
        "comparable: the penalty's bias taken out (a heuristic here), gap / slope for clipping "
        "(c = .01), the dual value on the independent points for the c-transform. Published "
        "(Korotin et al. 2022, tens of thousands of steps, LP of 4096 points): other funnels, EM "
        ".817, 1.39 and 1.94.",
        width=175,
    )
