"""Figure 5b of the WGAN-GP paper on a toy: the gap of a critic that overfits, beside exact EM.

With 200 training points a large critic learns the points and not the law: its gap on them parts
from its gap on points that no step has seen (Gulrajani et al. 2017, arXiv 1704.00028, section 5.4).
Exact EM to both tells what the gap then no longer does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab import compare, data, learned, plots
from wganlab.compare.truth_observers import earth_mover
from wganlab.learned import MLPConfig, Optimizer, TrainConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIMENSION = 8
POINTS = 200
ITERATIONS = {"quick": 10, "laptop": 1000, "paper": 20_000}
SEEDS = {"quick": 1, "laptop": 2, "paper": 5}
OBSERVATIONS = {"quick": 10, "laptop": 40, "paper": 40}
FLOORS = 20  # pairs of samples

BASE = TrainConfig(
    data=f"cube:low=-1,high=1,dimension={DIMENSION}",
    points=POINTS,
    latent=DIMENSION,
    critic=MLPConfig(width=128, depth=3, init="he"),
    generator=MLPConfig(width=64, depth=3, init="he"),
    batch=64,
)
# The generator is slow, so that the critic has time to learn the points by heart.
CONFIGS = {
    "penalty": replace(
        BASE,
        constraint="gp",
        weight=1.0,
        critic_optimizer=Optimizer(lr=1e-3),
        generator_optimizer=Optimizer(lr=1e-4),
    ),
    "clipping": replace(
        BASE,
        constraint="clip",
        clip=0.1,
        critic_optimizer=Optimizer("rmsprop", 5e-4),
        generator_optimizer=Optimizer("rmsprop", 1e-4),
    ),
}
TITLES = {
    "penalty": f"gradient penalty, λ = {CONFIGS['penalty'].weight:g}",
    "clipping": f"weight clipping, c = {CONFIGS['clipping'].clip:g}",
}
COLUMNS = ("iteration", "estimate", "held_out_estimate", "train_emd", "emd")
TRAIN: dict[str, Any] = {"color": plots.REAL["color"], "linestyle": "-"}
HELD_OUT: dict[str, Any] = {"color": plots.FAKE["color"], "linestyle": "--"}


def compute(profile: str) -> dict[str, np.ndarray]:
    """COLUMNS of the runs of either constraint, shape (seeds, rows, columns), and the floor."""
    law = data.toy("cube", low=-1, high=1, dimension=DIMENSION)
    floors = [compare.sampling_floor(law, POINTS, seed) for seed in range(FLOORS)]
    return {
        "floor": np.array(np.mean(floors)),
        **{
            name: np.array([rows(config, profile, seed) for seed in range(SEEDS[profile])])
            for name, config in CONFIGS.items()
        },
    }


def rows(config: TrainConfig, profile: str, seed: int) -> np.ndarray:
    """One run, shape (rows, columns); exact EM on as many points as there are to train on."""
    iterations = ITERATIONS[profile]
    run = learned.train(
        replace(
            config, iterations=iterations, every=iterations // OBSERVATIONS[profile], seed=seed
        ),
        observers=[lambda view: earth_mover(view, POINTS)],
        progress=False,
        device="cpu",
    )
    return np.array([[row[name] for name in COLUMNS] for row in run.history])


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Gaps above, exact EM below; the penalty on the left, clipping on the right."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(2, 2, figsize=(13, 8.6), sharex=True)
    for (gap, exact), name in zip(panels.T, CONFIGS, strict=True):
        gaps, distances = arrays[name][:, :, 1:3], arrays[name][:, :, 3:]
        iterations = arrays[name][0, :, 0]
        lines(gap, iterations, gaps)
        lines(exact, iterations, distances)
        gap.axhline(0, color="0.7", linewidth=1)
        gap.set_ylim(top=1.5 * late(gaps).max())
        exact.axhline(float(arrays["floor"]), color="0.4", linestyle=":", label="sampling floor")
        gap.set_title(f"{TITLES[name]}\ngap: {told_change(gaps)}")
        exact.set_title(f"exact EM: {told_change(distances)}")
        exact.set(xlabel="iteration", ylim=limits(arrays))
    panels[0, 0].set_ylabel("critic gap")
    panels[1, 0].set_ylabel("exact EM to generated points")
    panels[0, 0].legend(loc="center right")
    panels[1, 0].legend(loc="upper right")
    plots.caption(figure, told(arrays), width=175)
    return figure


def lines(axes: Axes, iterations: np.ndarray, values: np.ndarray) -> None:
    """Values of shape (seeds, rows, 2): thin lines for seeds, thick ones for their mean."""
    styles = ((TRAIN, f"the {POINTS} training points"), (HELD_OUT, "held-out points"))
    for column, (style, label) in enumerate(styles):
        axes.plot(iterations, values[:, :, column].T, **style, linewidth=0.8, alpha=0.5)
        axes.plot(iterations, values[:, :, column].mean(axis=0), **style, label=label)


def limits(arrays: dict[str, np.ndarray]) -> tuple[float, float]:
    """Of both exact panels, without the start, which is far above."""
    shown = np.stack([late(arrays[name][:, :, 3:]) for name in CONFIGS])
    return 0.97 * min(shown.min(), arrays["floor"]), 1.05 * shown.max()


def late(values: np.ndarray) -> np.ndarray:
    """Without the first fifth of the rows, values of shape (seeds, rows, ...)."""
    return values[:, values.shape[1] // 5 :]


def parts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over seeds and rows from a fifth to two fifths of the run, and over its last fifth."""
    fifth = values.shape[1] // 5
    return values[:, fifth : 2 * fifth].mean(axis=(0, 1)), values[:, -fifth:].mean(axis=(0, 1))


def told_change(values: np.ndarray) -> str:
    """From the second to the last fifth of the run, values of shape (seeds, rows, 2)."""
    (train, held_out), (train_late, held_out_late) = parts(values)
    return (
        f"{train:.2f} → {train_late:.2f} on training, "
        f"{held_out:.2f} → {held_out_late:.2f} on held-out points"
    )


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    seeds, last = len(arrays["penalty"]), int(arrays["penalty"][0, -1, 0])
    return (
        f"Uniform law on [-1, 1]^{DIMENSION}, {POINTS} training points; critic 3 x 128, generator "
        f"3 x 64, batch 64, {last:,} iterations with 5 critic steps each, Adam 1e-3 and 1e-4 "
        f"(penalty, two-sided), RMSProp 5e-4 and 1e-4 (clipping); {seeds} seed"
        f"{'s' * (seeds > 1)} (thin lines; thick: mean), CPU. Titles: means over the second and "
        "the last fifth of the run; the start is cut off. Gaps on the training points and on 1,000 "
        "fresh ones; exact EM "
        f"from {POINTS} generated points to the training points and to {POINTS} fresh ones; the "
        f"floor is EM between two samples of the law of {POINTS} points ({FLOORS} pairs). The "
        "paper: large networks on 1,000 MNIST digits, without the exact distances."
    )
