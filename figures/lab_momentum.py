"""Momentum on a clipped critic: the gap, and the cosine between its steps and downhill.

The WGAN paper (Arjovsky et al. 2017, section 4) found training unstable with Adam and beta1 > 0 or
with high rates, and blamed momentum: as the loss blew up, the cosine between Adam's step and the
gradient usually turned negative, and it was negative nowhere else. Here both are measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wganlab import learned, plots
from wganlab.compare.truth_observers import earth_mover
from wganlab.learned import MLPConfig, Optimizer, TrainConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import View

RATE, CLIP = 2e-3, 0.1
ITERATIONS = {"quick": 20, "laptop": 400, "paper": 10_000}
SEEDS = {"quick": 1, "laptop": 3, "paper": 10}
POINTS = {"quick": 100, "laptop": 500, "paper": 500}  # of the linear programs
JUMPS = 0.05  # share of a run's changes of the gap that count as jumps: the largest
LEAST = 1e-5  # smaller changes are drawn there
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")

NETWORK = MLPConfig(width=64, depth=3, init="he")
BASE = TrainConfig(
    constraint="clip", clip=CLIP, critic=NETWORK, generator=NETWORK, batch=64, every=1
)


@dataclass(frozen=True)
class Column:
    """One setting: its title, the optimizer of both players, the critic's steps an iteration."""

    title: str
    optimizer: Optimizer
    n_critic: int = 5


def adam(beta1: float) -> Optimizer:
    """Adam at the high rate, with its usual second decay."""
    return Optimizer("adam", RATE, betas=(beta1, 0.999))


COLUMNS = {
    "rmsprop": Column("RMSProp", Optimizer("rmsprop", RATE)),
    "adam 0": Column("Adam, β₁ = 0", adam(0.0)),
    "adam .5": Column("Adam, β₁ = 0.5", adam(0.5)),
    "adam .9": Column("Adam, β₁ = 0.9", adam(0.9)),
    "one step": Column("Adam, β₁ = 0.9, n_critic = 1", adam(0.9), n_critic=1),
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """Gap, cosine and exact EM by column; shape (seeds, iterations, 3), EM at both ends only."""
    n, seeds = POINTS[profile], range(SEEDS[profile])
    arrays = {
        name: np.array([trace(column, ITERATIONS[profile], n, seed) for seed in seeds])
        for name, column in COLUMNS.items()
    }
    return {**arrays, "n": np.array(n)}


def trace(column: Column, iterations: int, n: int, seed: int) -> np.ndarray:
    """One run, shape (iterations + 1, 3)."""
    optimizer = column.optimizer
    config = replace(
        BASE,
        critic_optimizer=optimizer,
        generator_optimizer=optimizer,
        n_critic=column.n_critic,
        iterations=iterations,
        seed=seed,
    )

    def ends(view: View) -> dict[str, float]:
        return earth_mover(view, n) if view.iteration in (0, iterations) else {}

    run = learned.train(config, observers=[ends], progress=False, device="cpu")
    return np.array(
        [[row["estimate"], row["first_step_cosine"], row.get("emd", np.nan)] for row in run.history]
    )


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a setting: the gap, the cosine, and the cosine against the change of the gap."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(3, len(COLUMNS), figsize=(17, 9.8), sharey="row")
    for (gap, cosine, both), (name, column) in zip(panels.T, COLUMNS.items(), strict=True):
        gaps, cosines, emd = np.moveaxis(arrays[name], -1, 0)  # (seeds, iterations + 1) each
        draw_traces(gap, gaps)
        draw_traces(cosine, cosines)
        draw_both(both, gaps, cosines)
        last = emd[:, -1]
        gap.set_title(f"{column.title}\nEM at the end: {last.min():.2f} to {last.max():.2f}")
        cosine.set_title(f"lowest cosine: {np.nanmin(cosines):.2f}".replace("-", "−"))
        cosine.set_xlabel("iteration")
    panels[0, 0].set_ylabel("critic gap")
    panels[1, 0].set_ylabel("cosine of step and downhill")
    panels[2, 0].set_ylabel("cosine of step and downhill")
    panels[2, 0].legend(loc="lower left", frameon=True, handletextpad=0.1)
    plots.caption(figure, told(arrays), width=215)
    return figure


def draw_traces(axes: Axes, values: np.ndarray) -> None:
    """One number over the iterations, a line a seed; shape (seeds, iterations + 1)."""
    axes.axhline(0, color="0.4", linewidth=1)
    for run, color in zip(values, COLORS, strict=False):
        axes.plot(run, color=color, linewidth=0.9, alpha=0.8)


def draw_both(axes: Axes, gaps: np.ndarray, cosines: np.ndarray) -> None:
    """The cosine against the change of the gap in its iteration, all seeds together."""
    change, cosine, jump = changes(gaps, cosines)
    axes.axhline(0, color="0.4", linewidth=1)
    calm = {"color": "0.6", "marker": ".", "markersize": 3, "label": "others"}
    large = {"color": plots.FAKE["color"], "marker": "^", "markersize": 4, "label": "jumps"}
    for chosen, style in ((~jump, calm), (jump, large)):
        axes.plot(np.maximum(change[chosen], LEAST), cosine[chosen], **style, linestyle="none")
    axes.set(xscale="log", xlabel="change of the gap")
    axes.set_xlim(left=0.7 * LEAST)
    axes.minorticks_off()
    negative = cosine < 0
    axes.set_title(
        f"cosine < 0 at {negative[jump].sum()} of {jump.sum()} jumps,\n"
        f"at {negative[~jump].sum()} of {(~jump).sum():,} other iterations"
    )


def changes(gaps: np.ndarray, cosines: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all iterations: change of the gap, cosine, and is it among its run's largest changes."""
    change = np.abs(np.diff(gaps, axis=1))  # (seeds, iterations)
    jump = change > np.quantile(change, 1 - JUMPS, axis=1, keepdims=True)
    return change.ravel(), cosines[:, 1:].ravel(), jump.ravel()


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    seeds, rows = arrays["rmsprop"].shape[:2]
    return (
        f"8 Gaussians, d = 2; critic and generator 3 x 64, batch 64, c = {CLIP:g}, {rows - 1} "
        f"iterations with n_critic = 5 but for the last column, rate {RATE:g} of both players (the "
        f"paper's: 5e-5), Adam's β₂ = 0.999, {seeds} seeds (a color each), CPU. Cosine between the "
        "optimizer's step, before it is clipped, and minus the gradient, at the first critic step "
        "of each iteration, right after the generator moved. Jumps: the twentieth of a run's "
        f"changes of the gap that is largest; changes below {LEAST:g} are drawn there. Exact EM of "
        f"{arrays['n']} points of each law. The paper shows no such figure; it says that the "
        "cosine is negative where the loss blows up and nowhere else."
    )
