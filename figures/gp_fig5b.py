"""Figure 5b of the WGAN-GP paper: the gap of a critic that overfits, on 1,000 digits.

A large critic learns the training images by heart: its gap on them parts from its gap on images
that no step has seen (Gulrajani et al. 2017, arXiv 1704.00028, section 5.4). Exact EM of pixels to
both tells what of it is true. The sentence above says, with numbers, which gaps part, from the
second to the last fifth of the run; the start is cut off.

The generator's rate falls to 0, so that the critic has time to learn by heart. Gaps are on all
training images and on 1,000 others. The certificate is what the critic proves of the EM to held-out
images. The paper has large networks, whose sizes it does not tell, and no exact distances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from figures import image_runs, wgan_claims
from wganlab import plots
from wganlab.learned import DCGANConfig, MLPConfig, Optimizer, TrainConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 1000
DATA = "mnist10k"  # the paper's too
MOMENTS = 2  # sheets of a run
COLUMNS = 8  # images in a row of those, of which there are three


@dataclass(frozen=True)
class Size:
    """What a profile spends."""

    side: int
    units: int  # of each of the critic's three layers
    filters: int  # of the generator
    batch: int
    n: int  # images of each law in a linear program
    iterations: int
    records: int
    looks: int  # at exact distances


SIZES = {
    "quick": Size(8, 16, 4, 8, 40, 5, 5, 5),
    "laptop": Size(16, 384, 16, 64, 500, 720, 60, 12),
    "long": Size(16, 512, 16, 64, 1000, 4000, 80, 20),
    "paper": Size(32, 1024, 64, 64, 1000, 20_000, 400, 40),
}
TITLES = {
    "penalty": "gradient penalty, λ = {weight:g}",
    "clipping": "weight clipping, c = {clip:g}",
}
COLUMNS_KEPT = ("estimate", "held_out_estimate", "train_emd", "emd", "certificate")
TRAIN: dict[str, Any] = {"color": plots.REAL["color"], "linestyle": "-"}
PARTS = 0.1  # of the gap on training images at the end: from there on the gaps have parted
TOGETHER = 0.05  # up to there they have not
LABELS = (f"the {POINTS:,} training images", "held-out images")
HELD_OUT: dict[str, Any] = {"color": plots.FAKE["color"], "linestyle": "--"}


def config(name: str, profile: str) -> TrainConfig:
    """Of a run: its generator slows down, so that the critic has time to learn by heart."""
    size = SIZES[profile]
    base = TrainConfig(
        data=DATA,
        size=size.side,
        points=POINTS,
        latent=32,
        critic=MLPConfig(width=size.units, depth=3, init="he"),
        generator=DCGANConfig(filters=size.filters, init="he"),
        batch=size.batch,
        iterations=size.iterations,
        every=size.iterations // size.records,
        checkpoint=size.iterations,
    )
    if name == "penalty":
        return replace(
            base,
            constraint="gp",
            critic_optimizer=Optimizer(lr=1e-3, betas=(0.5, 0.9)),
            generator_optimizer=Optimizer(lr=1e-3, betas=(0.5, 0.9), schedule="linear"),
        )
    return replace(
        base,
        constraint="clip",
        clip=0.01,
        critic_optimizer=Optimizer("rmsprop", 1e-4),
        generator_optimizer=Optimizer("rmsprop", 1e-3, schedule="linear"),
    )


def compute(profile: str) -> dict[str, np.ndarray]:
    """COLUMNS_KEPT of the run of either constraint, shape (records, columns), sheets, the floor."""
    size = SIZES[profile]
    look = image_runs.Look(size.n, size.records // size.looks, 0)
    configs = {name: config(name, profile) for name in TITLES}
    runs = {
        name: image_runs.kept(f"fig5b_{name}", one, look, profile) for name, one in configs.items()
    }
    some = configs["penalty"]
    at = moments(size.iterations)
    return {
        "iteration": runs["penalty"].column("iteration"),
        **{
            name: np.array([run.column(column) for column in COLUMNS_KEPT]).T
            for name, run in runs.items()
        },
        **{
            f"{name} sheets": np.array([run.sheet(k)[: 3 * COLUMNS] for k in at])
            for name, run in runs.items()
        },
        "moments": np.array(at),
        "floor": np.array(image_runs.floor(some, size.n)),
        "n": np.array(size.n),
        "size": np.array([size.side, size.units, size.filters, size.batch, some.n_critic]),
        "dimension": np.array(some.law().dim),
        "weight": np.array(some.weight),
        "clip": np.array(configs["clipping"].clip),
        "gpu": np.array(profile == "paper" and torch.cuda.is_available()),
    }


def moments(iterations: int) -> list[int]:
    """The iterations with a sheet: about under its place in the curve, and kept by a record too."""
    return [iterations // 5, 4 * iterations // 5]


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Gaps above, exact EM and digits below; the penalty on the left, clipping on the right."""
    import matplotlib.pyplot as plt

    names = list(TITLES)
    rows: list[Any] = [
        [f"{what} {name}" for name in names for _ in range(MOMENTS)] for what in ("gap", "exact")
    ]
    sheets: list[Any] = [[f"{name} {k}" for name in names for k in range(MOMENTS)]]
    figure, panels = plt.subplot_mosaic(
        rows + sheets, figsize=(14, 10.6), gridspec_kw={"height_ratios": [1.5, 1.3, 0.75]}
    )
    for name in names:
        draw_gaps(panels[f"gap {name}"], arrays, name)
        draw_exact(panels[f"exact {name}"], arrays, name)
        for k, moment in enumerate(arrays["moments"]):
            for what in ("gap", "exact"):
                panels[f"{what} {name}"].axvline(moment, color="0.8", lw=1, zorder=0)
            plots.show_images(panels[f"{name} {k}"], arrays[f"{name} sheets"][k], COLUMNS)
            panels[f"{name} {k}"].set_title(f"at {moment:,}", fontsize=13)
    panels["gap penalty"].set_ylabel("critic gap, own unit", fontsize=14)
    panels["gap penalty"].legend(loc="upper right", fontsize=12)
    panels["exact penalty"].set_ylabel("EM to generated images", fontsize=14)
    panels["exact penalty"].legend(loc="best", fontsize=12)
    wgan_claims.above(figure, sentence(*(arrays[name][:, :2] for name in names)))
    plots.caption(figure, told(arrays), width=205)
    return figure


def draw_gaps(axes: Axes, arrays: dict[str, np.ndarray], name: str) -> None:
    """On the training images and on those held out, which part as the critic learns by heart."""
    gaps, iterations = arrays[name][:, :2], arrays["iteration"]
    for values, style, label in zip(gaps.T, (TRAIN, HELD_OUT), LABELS, strict=True):
        axes.plot(iterations, values, **style, label=label)
    axes.axhline(0, color="0.7", linewidth=1)
    shown = late(gaps)
    axes.set_ylim(min(0, 1.1 * shown.min()), 1.6 * shown.max())
    axes.set_xlim(0, iterations[-1])
    title = TITLES[name].format(weight=arrays["weight"], clip=arrays["clip"])
    apart = " → ".join(map(signed, parting(gaps)))
    axes.set_title(f"{title}\ntraining less held-out gap: {apart}", fontsize=14)


def draw_exact(axes: Axes, arrays: dict[str, np.ndarray], name: str) -> None:
    """The truth, on the same scale for both."""
    looks = np.flatnonzero(np.isfinite(arrays[name][:, 2]))
    distances, at = arrays[name][looks, 2:4], arrays["iteration"][looks]
    for values, style, label in zip(distances.T, (TRAIN, HELD_OUT), LABELS, strict=True):
        axes.plot(at, values, **style, label=label)
    axes.plot(at, arrays[name][looks, 4], **plots.CRITIC, label="certificate, held-out images")
    floor = float(arrays["floor"])
    axes.axhline(floor, color="0.4", linestyle=":", lw=1.5, label="training to held-out images")
    axes.set_title(f"exact EM: {told_change(distances)}", fontsize=14)
    axes.set(xlabel="iteration", xlim=(0, arrays["iteration"][-1]), ylim=limits(arrays))


def limits(arrays: dict[str, np.ndarray]) -> tuple[float, float]:
    """Of both exact panels, without the start, which is far above."""
    every = np.concatenate([arrays[name][:, 2:] for name in TITLES])
    shown = np.concatenate([late(arrays[name][:, 2:]) for name in TITLES])
    low = min(np.nanmin(shown), arrays["floor"])
    high = max(np.nanmax(shown), arrays["floor"])
    return low - 0.1 * (high - low), min(np.nanmax(every), high + 0.6 * (high - low))


def late(values: np.ndarray) -> np.ndarray:
    """Without the first fifth of the rows, values of shape (rows, ...)."""
    return values[len(values) // 5 :]


def parts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over rows from a fifth to two fifths of the run, and over its last fifth."""
    fifth = max(len(values) // 5, 1)
    return np.mean(values[fifth : 2 * fifth], axis=0), np.mean(values[-fifth:], axis=0)


def parting(gaps: np.ndarray) -> tuple[float, float]:
    """Gap on training less gap on held-out images, shape (rows, 2), in both parts."""
    early, end = parts(gaps)
    return float(early[0] - early[1]), float(end[0] - end[1])


def signed(value: float) -> str:
    """With two digits, and a sign that is as wide as one.

    Examples
    --------
    >>> signed(-0.125), signed(2.04), signed(0.00012)
    ('−0.12', '2', '0.00012')
    """
    return f"{value:.2g}".replace("-", "−")


def sentence(penalty: np.ndarray, clipping: np.ndarray) -> str:
    """Which gaps part, by both gaps of either run, shape (rows, 2).

    Examples
    --------
    >>> apart = np.array([[1.0, 1.0], [1.0, 1.0], [1.5, 1.0], [2.0, 1.0], [2.0, 1.0]])
    >>> print(sentence(apart, 0.01 * np.ones((5, 2))))  # doctest: +NORMALIZE_WHITESPACE
    Seen: under the penalty the gaps on training and held-out digits part (by 1 of 2 at the end),
    under clipping they stay together (by 0 of 0.01)
    """
    told, does = [], []
    for gaps in (penalty, clipping):
        apart, gap = parting(gaps)[1], float(parts(gaps)[1][0])
        share = apart / gap if gap > 0 else 0.0
        does.append("part" if share >= PARTS else "stay together" if share <= TOGETHER else "?")
        told.append(f"by {signed(apart)} of {signed(gap)}")
    words = [word.replace("?", "part a little") for word in does]
    seen = {("part", "stay together"): "Seen", ("stay together", "part"): "The reverse is seen"}
    start = seen.get((does[0], does[1]), "Seen in part" if does[0] == "part" else "Not seen")
    return (
        f"{start}: under the penalty the gaps on training and held-out digits {words[0]} "
        f"({told[0]} at the end), under clipping they {words[1]} ({told[1]})"
    )


def told_change(values: np.ndarray) -> str:
    """From the second to the last fifth of the run, values of shape (rows, 2)."""
    (train, held_out), (train_late, held_out_late) = parts(values)
    return f"training {train:.2f} → {train_late:.2f}, held out {held_out:.2f} → {held_out_late:.2f}"


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    side, units, filters, batch, steps = arrays["size"]
    n, last = int(arrays["n"]), int(arrays["iteration"][-1])
    rates = [config(name, "laptop") for name in TITLES]
    adam, root = (
        f"{one.critic_optimizer.lr:g} and {one.generator_optimizer.lr:g}" for one in rates
    )
    return (
        f"{DATA} at {side} px, d = {arrays['dimension']}, {POINTS:,} images to train on; critic "
        f"3 x {units} ReLU, generator DCGAN of {filters} filters, latent 32, batch {batch}, "
        f"{last:,} iterations, {steps} critic steps each; Adam {adam} (penalty), RMSProp {root} "
        f"(clipping), the generator's falling to 0; one seed, {'GPU' if arrays['gpu'] else 'CPU'}. "
        "Numbers: means over the second and the last fifth. Exact EM of pixels: "
        f"{n} generated images to {n} of either kind; certificate: what the critic proves of it; "
        f"dotted: EM between {n} training and {n} held-out images."
    )
