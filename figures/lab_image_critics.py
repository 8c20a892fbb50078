"""Three critics of images beside the truth: what the curve of a training measures, and what not.

The same generator of faces, trained by a clipped, a penalized and an orthonormal critic: the gap
that training shows, which has a unit of its own for each critic, over what does not depend on it,
exact EM between pixels of generated and held-out images and the part of it that the critic proves.
The sentence above tells whether the generator nearest in pixels is the best by attributes.

Gaps are of four batches, the clipped critic's as a step sees them, by each batch's own means. The
certificate is on the images of EM, always of the same noise. Slope: the largest gradient norm at
the images, between them and along the optimal plan, at the end, in evaluation mode; proven: the
product of the layers' norms. What is near EM between training and held-out images, samples of this
size cannot tell apart. Of the LAWS, of faces and of the generator, a bracket (`compare.bracket`, a
fixed plan, 95 %, asymptotic radii) gives the lower side: faces come without end, so it is on new
ones. Its upper side is useless in so many dimensions, and left out.

The generator starts at N(0, .02) against the clipped critic, which has batch norm, and at He's
variance against the others. `make figures DATA=folder:PATH` takes other images: classes and KID, by
a classifier of the set, stand in for attributes then, and there is no bracket. A figure of this
lab.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.stats import spearmanr

from figures import image_runs, judged_images, wgan_claims
from wganlab import compare, data, plots
from wganlab.compare import BracketPlan
from wganlab.learned import DCGANConfig, FoldConfig, Optimizer, load_run, preset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import TrainConfig
    from wganlab.learned.runs.view import Row, View


@dataclass(frozen=True)
class Size:
    """What a profile spends."""

    side: int
    filters: int
    planes: int  # of every fold of the orthonormal critic
    latent: int
    batch: int
    n: int  # images of each law in a linear program
    judged: int  # images that are counted
    iterations: int
    records: int
    looks: int  # of them with exact distances
    average: float  # of the generator, from which samples are
    plan: BracketPlan
    classifier_steps: int = 600


PLAN = BracketPlan(
    heats=0.05,
    apexes=0,
    selection=2048,
    steps=0.2,
    blocks=32,
    block=512,
    replicates=2,
    points=32,
    corrected=False,
)
UNTRAINED = replace(PLAN, heats=0.0, selection=64, steps=0.0, blocks=4, block=32)
SIZES = {
    "quick": Size(16, 4, 8, 8, 8, 40, 4, 6, 6, 2, 0.9, UNTRAINED, 5),
    "laptop": Size(16, 16, 128, 64, 64, 500, 200, 600, 40, 10, 0.99, PLAN),
    "long": Size(16, 16, 256, 64, 64, 1000, 1000, 3000, 60, 15, 0.995, PLAN),
    "paper": Size(64, 64, 512, 100, 64, 1000, 1000, 200_000, 400, 40, 0.995, PLAN),
}
_ROOT = Optimizer("rmsprop", 1e-3, schedule="linear")
# of clipping, which is slowest: by its preset there are no faces yet after so few iterations
FASTER: dict[str, Any] = {"clip": 0.05, "critic_optimizer": _ROOT, "generator_optimizer": _ROOT}
CRITICS = ("wgan", "wgan-gp", "wgan-orthonormal")  # presets
NAMES = ("the clipped critic", "the penalized critic", "the orthonormal critic")
MOMENTS = 2  # sheets of a run
COLUMNS, ROWS = 5, 4  # of those
NUMBERS = ("critic_gap", "slope", "gap_over_slope", "lipschitz", "certificate", "exact")
ALIKE = 0.01  # of EM: distances in pixels that differ by less are as near


class CriticLook(image_runs.Look):
    """What is observed, and at the end NUMBERS of the critic, of which a record keeps no more."""

    def __call__(self, view: View) -> Row:
        """A row."""
        row = super().__call__(view)
        if view.iteration == view.config.iterations:
            real, fake = view.held_out[: self.n], view.fake[: self.n]
            found = compare.critic_vs_exact(view.critic, real, fake, product=True)
            row |= {f"end_{name}": float(getattr(found, name)) for name in NUMBERS}
        return row


def config(name: str, profile: str) -> TrainConfig:
    """Of the run with that critic, by its preset."""
    size, base = SIZES[profile], preset(name, image_runs.source(profile))
    dcgan = DCGANConfig(filters=size.filters)
    plain = replace(dcgan, init="he")
    critic = {"wgan": dcgan, "wgan-gp": replace(plain, norm="none")}
    return replace(
        replace(base, **FASTER) if name == "wgan" and profile != "paper" else base,
        size=size.side,
        latent=size.latent,
        batch=size.batch,
        generator=dcgan if name == "wgan" else plain,
        critic=critic.get(name, FoldConfig(planes=size.planes)),
        average=size.average,
        iterations=size.iterations,
        every=size.iterations // size.records,
        checkpoint=min(size.iterations, 1000),
    )


def kept(name: str, profile: str) -> image_runs.Kept:
    """A run, at its end."""
    size = SIZES[profile]
    look = CriticLook(size.n, size.records // size.looks, 0)
    return image_runs.kept(f"critics_{name}", config(name, profile), look, profile)


def compute(profile: str) -> dict[str, np.ndarray]:
    """Curves of every critic, shape (3, records), sheets, NUMBERS at the end, (3, numbers), and
    what is counted of each generator, (3,), with the lower side of its bracket."""
    size = SIZES[profile]
    runs = [kept(name, profile) for name in CRITICS]
    configs = [run.config for run in runs]
    judge = judged_images.judge(configs[0], size.judged, size.classifier_steps)
    counted = [judge.at_end(run) for run in runs]
    at = moments(size.iterations)
    columns = ("estimate", "batch_estimate", "emd", "certificate")
    return {
        **{name: np.array([run.column(name) for run in runs]) for name in columns},
        **{name: np.array([each[name] for each in counted]) for name in counted[0]},
        "kind": np.array(judge.kind),
        "judged": np.array(size.judged),
        "iteration": runs[0].column("iteration"),
        "moments": np.array(at),
        "sheets": np.array([[run.sheet(k)[: ROWS * COLUMNS] for k in at] for run in runs]),
        "numbers": np.array([[run.column(f"end_{name}")[-1] for name in NUMBERS] for run in runs]),
        "lower": np.array([lower(run, size.plan) for run in runs]),
        "floor": np.array(image_runs.floor(configs[0], size.n)),
        "n": np.array(size.n),
        "dimension": np.array(configs[0].law().dim),
        "size": np.array([size.side, size.filters, size.planes, size.latent, size.batch]),
        "steps": np.array([one.n_critic for one in configs]),
        "rate": np.array([one.critic_optimizer.lr for one in configs]),
        "schedule": np.array([one.critic_optimizer.schedule for one in configs]),
        "clip": np.array(configs[0].clip),
        "weight": np.array(configs[1].weight),
        "average": np.array(size.average),
        "data": np.array(configs[0].data),
        "gpu": np.array(profile == "paper" and torch.cuda.is_available()),
    }


def moments(iterations: int) -> list[int]:
    """The iterations with a sheet: about under its place in the curve, and kept by a record too."""
    return [iterations // 5, 4 * iterations // 5]


def lower(one: image_runs.Kept, plan: BracketPlan) -> float:
    """What EM of the laws, of the images and of the generator, is above; nan without new images."""
    law = one.config.law()
    assert isinstance(law, data.ImageLaw)
    if not law.endless:
        return np.nan
    run = load_run(one.folder, device="cpu")
    return compare.bracket(law, run, plan=plan, device="cpu", progress=False).lower


def sentence(kind: str, emd: np.ndarray, found: np.ndarray, away: np.ndarray) -> str:
    """Is the generator nearest in pixels the best by what is counted? Arrays of shape (3,).

    Examples
    --------
    >>> emd, found, away = np.array([[12.0, 11.0, 13.0], [150, 190, 160], [0.2, 0.1, 0.2]])
    >>> print(sentence("faces", emd, found, away))  # doctest: +NORMALIZE_WHITESPACE
    The generator nearest in pixels, of the penalized critic, is the best by attributes too:
    it finds most values and is nearest to faces
    >>> print(sentence("faces", emd[::-1], found, away[[2, 0, 1]]))
    ... # doctest: +NORMALIZE_WHITESPACE
    The generator nearest in pixels, of the penalized critic, is not the best by attributes:
    most values by the penalized critic, nearest to faces by the orthonormal critic
    """
    nearest = int(emd.argmin())
    start = f"The generator nearest in pixels, of {NAMES[nearest]},"
    if kind == "none":
        return f"{start} has EM {emd[nearest]:.1f}"
    best = [int(found.argmax()), int(away.argmin())]
    words = {
        "faces": ("attributes", "most values", "nearest to faces", "is nearest to faces"),
        "classes": ("the classifier", "most classes", "lowest KID", "has the lowest KID"),
    }[kind]
    fine = found[nearest] == found[best[0]] and best[1] == nearest
    if fine:
        return f"{start} is the best by {words[0]} too: it finds {words[1]} and {words[3]}"
    as_near = all(emd[k] <= (1 + ALIKE) * emd[nearest] for k in best)
    told = f"{words[1]} by {NAMES[best[0]]}, {words[2]} by {NAMES[best[1]]}"
    but = ", as near within 1 %" if as_near else ""
    return f"{start} is not the best by {words[0]}: {told}{but}"


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a critic: gap, what does not depend on its unit, generated images."""
    import matplotlib.pyplot as plt

    rows: list[Any] = [
        [f"{what} {k}" for k in range(3) for _ in range(MOMENTS)] for what in ("gap", "exact")
    ]
    sheets: list[Any] = [[f"{k} {s}" for k in range(3) for s in range(MOMENTS)]]
    figure, panels = plt.subplot_mosaic(
        rows + sheets, figsize=(16, 12), gridspec_kw={"height_ratios": [1.2, 1.3, 1.12]}
    )
    for k in range(3):
        draw_gap(panels[f"gap {k}"], arrays, k)
        draw_exact(panels[f"exact {k}"], arrays, k)
        for what in ("gap", "exact"):
            panels[f"{what} {k}"].set_xlim(0, arrays["iteration"][-1])
            for moment in arrays["moments"]:
                panels[f"{what} {k}"].axvline(moment, color="0.8", lw=1, zorder=0)
        for s, moment in enumerate(arrays["moments"]):
            plots.show_images(panels[f"{k} {s}"], arrays["sheets"][k, s], COLUMNS)
            panels[f"{k} {s}"].set_title(f"at {moment:,}", fontsize=14)
    panels["gap 0"].set_ylabel("critic gap, own unit", fontsize=15)
    panels["exact 0"].set_ylabel("distance of pixels", fontsize=15)
    panels["exact 0"].legend(loc="upper right", fontsize=12, ncols=2)
    counted = (arrays[name] for name in ("found", "away"))
    found = sentence(str(arrays["kind"]), arrays["numbers"][:, -1], *counted)
    wgan_claims.above(figure, found)
    plots.caption(figure, told(arrays), width=235)
    return figure


def titles(arrays: dict[str, np.ndarray]) -> list[str]:
    """Of the columns."""
    return [
        f"weights clipped at {arrays['clip']:g}, batch norm",
        f"gradient penalty, λ = {arrays['weight']:g}",
        "orthonormal folds of pixel space",
    ]


def draw_gap(axes: Axes, arrays: dict[str, np.ndarray], k: int) -> None:
    """The curve that a practitioner sees: of a few batches at every record."""
    gap, emd = arrays["batch_estimate"][k], arrays["emd"][k]
    looks = np.flatnonzero(np.isfinite(emd))
    rank = spearmanr(arrays["estimate"][k, looks], emd[looks]).statistic
    axes.plot(arrays["iteration"], gap, color=plots.CRITIC["color"])
    axes.set_ylim(min(0, gap.min()), 1.05 * gap.max())
    slope, _, bound = arrays["numbers"][k, 1:4]
    proven = "none is proven" if not np.isfinite(bound) else f"proven: {rounded(bound)}"
    axes.set_title(
        f"{titles(arrays)[k]}\nslope seen: {rounded(slope)}, {proven}\n"
        f"rank correlation of gap and EM: {rank:.2f}",
        fontsize=15,
    )


def rounded(value: float) -> str:
    """With two decimals where they tell something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def draw_exact(axes: Axes, arrays: dict[str, np.ndarray], k: int) -> None:
    """Exact EM, what the critic proves of it, the floor of both, and what is known of the laws."""
    looks = np.flatnonzero(np.isfinite(arrays["emd"][k]))
    at = arrays["iteration"][looks]
    floor, low = float(arrays["floor"]), float(arrays["lower"][k])
    axes.plot(at, arrays["emd"][k, looks], **plots.EXACT, label="exact EM")
    axes.plot(at, arrays["certificate"][k, looks], **plots.CRITIC, label="certificate")
    axes.axhline(floor, color="0.4", linestyle=":", lw=1.5, label="EM of real to real")
    bound: dict[str, Any] = {"color": plots.FAKE["color"], "marker": "^", "markersize": 11}
    if np.isfinite(low):
        axes.plot(at[-1], low, **bound, linestyle="none", clip_on=False, label="the laws: above it")
    axes.set_ylim(0, 1.08 * np.nanmax(arrays["emd"]))
    scaled, _, certificate, exact = arrays["numbers"][k, 2:]
    counted = (float(arrays[name][k]) for name in ("found", "all", "away"))
    judged = judged_images.line(str(arrays["kind"]), *counted)
    lines = [
        f"EM {exact:.1f}, certificate {certificate:.1f}, gap / slope {scaled:.1f}",
        f"EM of the laws: above {low:.1f}" if np.isfinite(low) else "",
        f"attributes: {judged}" if str(arrays["kind"]) == "faces" else judged,
    ]
    axes.set_xlabel("generator iteration", fontsize=14)
    axes.set_title("\n".join(filter(None, lines)), fontsize=15)


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption, in three lines."""
    side, filters, planes, latent, batch = arrays["size"]
    clip, penalty, fold = arrays["steps"]
    n, kind = int(arrays["n"]), str(arrays["kind"])
    falls = [" falling to 0" if name == "linear" else "" for name in arrays["schedule"]]
    rates = [f"{rate:g}{fall}" for rate, fall in zip(arrays["rate"], falls, strict=True)]
    bracket = (
        " The laws: a bracket's lower side, 95 %." if np.isfinite(arrays["lower"]).any() else ""
    )
    return (
        f"{arrays['data']} at {side} px, d = {arrays['dimension']:,}; DCGAN generator, {filters} "
        f"filters, averaged ({float(arrays['average']):g}), latent {latent}, batch {batch}, one "
        f"seed, {'GPU' if arrays['gpu'] else 'CPU'}. Critics: DCGANs of {filters} filters "
        f"(clipped: RMSProp {rates[0]}, {clip} steps; penalized: Adam {rates[1]}, "
        f"{penalty} steps) and two folds along {planes} planes each (Adam {rates[2]}, "
        f"{fold} steps). EM: exact, of pixels of n = {n} generated and {n} held-out images; "
        f"titles: at the end. {judged_images.explained(kind, int(arrays['judged']))}{bracket}"
    )
