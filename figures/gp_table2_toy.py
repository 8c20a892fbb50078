"""Random architectures on 8 Gaussians: which of them train as a GAN, which with the penalty.

After table 2 of Gulrajani et al. 2017, whose choices of table 1 are drawn here for perceptrons.
There success is an Inception score on 32 x 32 ImageNet; here it is an exact EM.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor, nn

from wganlab import compare, data, learned, plots
from wganlab.compare.truth_observers import earth_mover
from wganlab.learned import PRESETS, MLPConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import View
    from wganlab.learned.networks.activations import Activation

POINTS, BATCH = 500, 64
NAMES = ("gan", "wgan-gp")
LAW = data.toy(PRESETS["gan"].data)
ACTIVATIONS: tuple[Activation, ...] = ("relu", "leaky_relu", "softplus", "tanh")
THRESHOLDS = (12, 10, 8, 6, 4)  # times the sampling floor
# Table 2: score that is reached by the GAN alone, by the penalty alone, by both, by neither
PAPER = {1: (0, 8, 192, 0), 3: (1, 88, 110, 1), 5: (0, 147, 42, 11), 7: (1, 104, 5, 90)}
PAPER |= {9: (0, 0, 0, 200)}

OUTCOMES: dict[str, dict[str, Any]] = {
    "GAN only": {"color": "#CC79A7", "hatch": "//"},
    "WGAN-GP only": {"color": "#00664B"},
    "both": {"color": "#9FDCC6"},
    "neither": {"color": "0.95"},
}
INK = {"GAN only": "black", "WGAN-GP only": "white", "both": "black", "neither": "black"}
STYLES: dict[str, dict[str, Any]] = {
    "ReLU": {"color": "#0072B2", "marker": "o"},
    "leaky ReLU": {"color": "#E69F00", "marker": "D"},
    "softplus": {"color": "#009E73", "marker": "s"},
    "tanh": {"color": "#D55E00", "marker": "^"},
}
MARK: dict[str, Any] = {"linestyle": "none", "markersize": 11, "markeredgewidth": 2}
TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Size:
    """Of one profile, and what is drawn of depths and widths."""

    architectures: int
    iterations: int
    depths: tuple[int, ...]
    widths: tuple[int, ...]


SIZES = {
    "quick": Size(4, 5, (2, 4, 8), (16, 32, 64)),
    "laptop": Size(16, 400, (2, 4, 8), (16, 32, 64)),
    "paper": Size(200, 10_000, (4, 8, 12, 20), (32, 64, 128)),
}


class ShiftedSoftplus(nn.Module):
    """The paper's softplus(2x + 2) / 2 - 1, which has about mean 0 where x has."""

    def forward(self, x: Tensor) -> Tensor:
        """Of any shape."""
        return nn.functional.softplus(2 * x + 2) / 2 - 1


@dataclass(frozen=True)
class Network(MLPConfig):
    """A perceptron whose softplus is the paper's."""

    def activate(self) -> nn.Module:
        """One layer of the activation."""
        return ShiftedSoftplus() if self.activation == "softplus" else super().activate()


def compute(profile: str) -> dict[str, np.ndarray]:
    """Exact EM of k architectures: at the start, (k,), and by both methods, (k, 2).

    It is nan where a run diverged. Beside it, of the discriminators, (k,): the index of their
    activation, and are they normalized?
    """
    size = SIZES[profile]
    rng = np.random.default_rng(0)
    pairs = [(drawn(size, rng), drawn(size, rng)) for _ in range(size.architectures)]
    looks = np.array(
        [[ends(name, *pair, size, seed) for name in NAMES] for seed, pair in enumerate(pairs)]
    )
    return {
        "floor": np.array(compare.sampling_floor(LAW, POINTS)),
        "iterations": np.array(size.iterations),
        "depths": np.array(size.depths),
        "widths": np.array(size.widths),
        "start": looks[:, 0, 0],
        "emd": looks[:, :, 1],
        "activation": np.array([ACTIVATIONS.index(critic.activation) for _, critic in pairs]),
        "normalized": np.array([critic.norm != "none" for _, critic in pairs]),
    }


def drawn(size: Size, rng: np.random.Generator) -> Network:
    """A generator or a discriminator, every choice as probable as the others."""
    return Network(
        activation=ACTIVATIONS[rng.integers(len(ACTIVATIONS))],
        depth=int(rng.choice(size.depths)),
        norm=("none", "batch")[rng.integers(2)],
        width=int(rng.choice(size.widths)),
        init="gulrajani",
    )


def ends(
    name: str, generator: Network, critic: Network, size: Size, seed: int
) -> tuple[float, float]:
    """Exact EM before and after a run."""
    base = PRESETS[name]
    if name == "wgan-gp" and critic.norm == "batch":
        critic = replace(critic, norm="layer")
    config = replace(
        base,
        critic=critic,
        generator=generator,
        batch=BATCH,
        iterations=size.iterations,
        every=size.iterations,
        warm_up=0,
        seed=seed,
    )
    found = []

    def look(view: View) -> dict[str, float]:
        found.append(earth_mover(view, POINTS)["emd"])
        return {}

    try:
        learned.train(config, observers=[look], progress=False, device="cpu")
    except learned.RunDivergedError:
        found.append(np.nan)
    return found[0], found[-1]


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Counts on the left, the paper's below; every architecture on the right."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(15, 8.6))
    halves: Any = figure.subfigures(1, 2, width_ratios=[1, 1.05])
    ours, paper = halves[0].subplots(2, 1)
    emd, floor = arrays["emd"], float(arrays["floor"])
    rows = {f"EM < {k * floor:.2f}\n({k} × floor)": outcomes(emd < k * floor) for k in THRESHOLDS}
    draw_counts(ours, rows)
    alone = np.array([*rows.values()])[:, :2]
    ours.set_title(
        f"8 Gaussians: of {len(emd)} random architectures, WGAN-GP alone\nmeets a threshold for "
        f"{span(alone[:, 1])}, the GAN alone for {span(alone[:, 0])}"
    )
    draw_counts(
        paper,
        {
            f"score ≥ {score}\n{', '.join(map(str, counts))}": counts
            for score, counts in PAPER.items()
        },
    )
    paper.set_title("the paper, 32 × 32 ImageNet: of 200, by Inception score")
    handles, labels = ours.get_legend_handles_labels()
    halves[0].legend(handles, labels, loc="outside upper center", ncols=4, fontsize=12)
    draw_architectures(halves[1].subplots(), arrays)
    plots.caption(figure, told(arrays), width=225)
    return figure


def outcomes(success: np.ndarray) -> tuple[int, ...]:
    """OUTCOMES counted: shape (k, 2) to GAN only, WGAN-GP only, both, neither."""
    gan, penalty = success.T
    parts = (gan & ~penalty, penalty & ~gan, gan & penalty, ~gan & ~penalty)
    return tuple(int(part.sum()) for part in parts)


def span(counts: np.ndarray) -> str:
    """From the least to the most."""
    low, high = counts.min(), counts.max()
    return f"{low}" if low == high else f"{low} to {high}"


def draw_counts(axes: Axes, rows: dict[str, tuple[int, ...]]) -> None:
    """A bar a threshold, the counts written into its parts."""
    table = np.array([*rows.values()])
    starts = np.cumsum(table, axis=1) - table
    places = np.arange(len(table))
    for column, (name, style) in enumerate(OUTCOMES.items()):
        bars = axes.barh(
            places, table[:, column], left=starts[:, column], label=name, edgecolor="white", **style
        )
        least = 0.02 * table[0].sum()  # what a number fits into
        written = [str(count) if count > least else "" for count in table[:, column]]
        axes.bar_label(bars, written, label_type="center", fontsize=14, color=INK[name])
    axes.set(xlim=(0, table[0].sum()), ylim=(len(table) - 0.5, -0.5), xticks=[])
    axes.set_yticks(places, list(rows))
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def draw_architectures(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """EM by one method against EM by the other, a mark an architecture."""
    emd, start = arrays["emd"], float(np.median(arrays["start"]))
    draw_guides(axes, emd, float(arrays["floor"]), start)
    for index, (name, style) in enumerate(STYLES.items()):
        for normalized, fill in ((True, "full"), (False, "none")):
            chosen = (arrays["activation"] == index) & (arrays["normalized"] == normalized)
            label = name if normalized else None
            axes.plot(*emd[chosen].T, **style, **MARK, fillstyle=fill, label=label)
    axes.plot([], [], **MARK, color="0.3", marker="o", fillstyle="none", label="hollow: no norm")
    axes.legend(loc="upper left", title="activation of discriminator", alignment="left")
    axes.set(xlabel="exact EM of the GAN", ylabel="exact EM of WGAN-GP")
    worse = (emd > start).sum(axis=0)
    axes.set_title(
        f"WGAN-GP ends nearer for {np.sum(emd[:, 1] < emd[:, 0])} of {len(emd)}; worse than\n"
        f"untrained end {worse[0]} by the GAN, {worse[1]} by WGAN-GP"
    )


def draw_guides(axes: Axes, emd: np.ndarray, floor: float, start: float) -> None:
    """Diagonal, thresholds, and what is worse than no training."""
    levels = [k * floor for k in THRESHOLDS]
    shown = [*emd[np.isfinite(emd)], start, *levels]
    low, high = 0.8 * min(shown), 1.25 * max(shown)
    axes.axvspan(start, high, color="0.93", linewidth=0)
    axes.axhspan(start, high, color="0.93", linewidth=0)
    axes.plot([low, high], [low, high], color="0.3", linewidth=1.2)
    for k, level in zip(THRESHOLDS, levels, strict=True):
        for line in (axes.axvline, axes.axhline):
            line(level, color="0.5", linestyle=":", linewidth=1)
        label = f"{k} × floor" if k == THRESHOLDS[0] else f"{k} ×"
        axes.text(1.01, level, label, transform=axes.get_yaxis_transform(), va="center")
    told: dict[str, Any] = {"transform": axes.transAxes, "color": "0.3", "fontsize": 12}
    axes.text(0.98, 0.02, "WGAN-GP nearer", ha="right", va="bottom", **told)
    axes.text(0.02, 0.62, "GAN nearer", ha="left", va="bottom", **told)
    axes.text(0.98, 0.71, "grey: worse than\nuntrained (median)", ha="right", va="top", **told)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), aspect="equal")
    ticks = [tick for tick in TICKS if low < tick < high]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(visible=False)


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    rates = {PRESETS[name].critic_optimizer.lr for name in NAMES}
    depths, widths = (", ".join(map(str, arrays[name])) for name in ("depths", "widths"))
    diverged = int(np.isnan(arrays["emd"]).sum())
    return (
        "Generator and discriminator are perceptrons drawn apart: activation of the paper's four "
        f"(ReLU, leaky ReLU, softplus(2x + 2)/2 - 1, tanh), {depths} hidden layers of {widths} "
        "units, with norm or without (batch norm; layer norm in the critic of WGAN-GP). Both "
        f"methods take {arrays['iterations']:,} generator steps, with {PRESETS['gan'].n_critic} "
        f"step of the discriminator each (GAN, non-saturating) or {PRESETS['wgan-gp'].n_critic} "
        f"(WGAN-GP, lambda {PRESETS['wgan-gp'].weight:g}); batch {BATCH}, Adam at "
        f"{' and '.join(f'{rate:g}' for rate in rates)} falling to 0, one seed an architecture, "
        f"CPU; {diverged or 'none'} diverged. Exact EM between {POINTS} points of each law; floor "
        f"{arrays['floor']:.3f}: between two real samples. The paper: convolutional, 4 to 20 "
        "layers of 32 to 128 filters, 100,000 steps."
    )
