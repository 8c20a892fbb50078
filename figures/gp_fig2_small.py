"""Figure 2 of the WGAN-GP paper, small: four methods by four architectures, on digits.

Every method keeps one set of hyperparameters, those that the paper gives it but for rates ten times
as high, over all architectures (Gulrajani et al. 2017, arXiv 1704.00028, section 5.1). Under each
sheet stands what can be counted: classes that were found, and exact EM between pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from figures import image_runs
from wganlab import learned, plots
from wganlab.compare.features import class_coverage, features_of, kernel_distance
from wganlab.learned import DCGANConfig, MLPConfig, Optimizer, TrainConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.compare import Classifier


@dataclass(frozen=True)
class Size:
    """What a profile spends."""

    side: int
    filters: int
    units: int  # of each of the four layers of the MLP
    latent: int
    batch: int
    iterations: int
    n_critic: int  # for clipping and the penalty
    rate: float  # times the paper's
    clip: float
    n: int  # images that are judged
    classifier_steps: int = 600


SIZES = {
    "quick": Size(8, 4, 16, 8, 8, 2, 1, 10.0, 0.02, 40, 5),
    "laptop": Size(16, 8, 128, 64, 64, 300, 3, 10.0, 0.02, 500),
    "paper": Size(64, 64, 512, 128, 64, 200_000, 5, 1.0, 0.01, 1000),
}
COLUMNS = 8
SHOWN = 4 * COLUMNS

# Optimizers as the paper has them, appendix F.
METHODS: dict[str, dict[str, Any]] = {
    "GAN (DCGAN)": {
        "objective": "non-saturating",
        "constraint": "none",
        "critic_optimizer": Optimizer(lr=2e-4, betas=(0.5, 0.999)),
    },
    "least squares": {
        "objective": "least-squares",
        "constraint": "none",
        "critic_optimizer": Optimizer("rmsprop", 1e-4),
    },
    "WGAN, clipping": {
        "constraint": "clip",
        "critic_optimizer": Optimizer("rmsprop", 5e-5),
    },
    "WGAN-GP": {
        "constraint": "gp",
        "critic_optimizer": Optimizer(lr=1e-4, betas=(0.5, 0.9)),
    },
}
ARCHITECTURES = (
    "DCGAN",
    "generator with\nconstant filters,\nno batch norm",
    "generator:\nMLP, 4 layers\nof ReLU",
    "tanh\neverywhere",
)
MOST = 100  # of KID: what is more is images far out of range


def compute(profile: str) -> dict[str, np.ndarray]:
    """Sheets (architectures, methods, images, h, w, c), and numbers under them, without images
    where a run diverged: classes, KID, EM."""
    size = SIZES[profile]
    grid = [
        [config(architecture, method, profile) for method in METHODS]
        for architecture in range(len(ARCHITECTURES))
    ]
    judge = image_runs.classifier(grid[0][0], size.classifier_steps)
    cells = [[judged(one, judge, profile, size) for one in row] for row in grid]
    known = grid[0][0].law()
    return {
        **{name: np.array([[cell[name] for cell in row] for row in cells]) for name in cells[0][0]},
        "all classes": np.array(10 if judge is None else judge.classes),
        "accuracy": np.array(np.nan if judge is None else judge.accuracy),
        "floor": np.array(image_runs.floor(grid[0][0], size.n)),
        "size": np.array([size.side, size.filters, size.units, size.batch, size.iterations]),
        "n": np.array(size.n),
        "dimension": np.array(known.dim),
        "n_critic": np.array(size.n_critic),
        "rate": np.array(size.rate),
        "clip": np.array(size.clip),
        "data": np.array(grid[0][0].data),
        "gpu": np.array(profile == "paper" and torch.cuda.is_available()),
    }


def config(architecture: int, method: str, profile: str) -> TrainConfig:
    """That pair of networks under that method."""
    size = SIZES[profile]
    dcgan = DCGANConfig(filters=size.filters, init="he")
    tanh = replace(dcgan, activation="tanh")
    generator, critic = (
        (dcgan, dcgan),
        (replace(dcgan, norm="none", growth="constant"), dcgan),
        (MLPConfig(width=size.units, depth=4, init="he"), dcgan),
        (tanh, tanh),
    )[architecture]
    own = dict(METHODS[method])
    wasserstein = own["constraint"] != "none"
    paper = own["critic_optimizer"]
    optimizer = replace(paper, lr=size.rate * paper.lr)
    own["critic_optimizer"] = own["generator_optimizer"] = optimizer
    return TrainConfig(
        **own,
        data=image_runs.source(profile),
        size=size.side,
        critic=replace(critic, norm="none") if own["constraint"] == "gp" else critic,
        generator=generator,
        latent=size.latent,
        clip=size.clip,
        n_critic=size.n_critic if wasserstein else 1,
        batch=size.batch,
        iterations=size.iterations,
        every=size.iterations,
        checkpoint=min(size.iterations, 1000),
    )


def judged(
    one: TrainConfig, judge: Classifier | None, profile: str, size: Size
) -> dict[str, np.ndarray]:
    """Images of a run's end, and what is counted of as many as are held out; nan if it diverged."""
    channels, *sides = one.law().shape
    nothing = np.full((SHOWN, *sides, channels), 255, np.uint8)
    cell = dict.fromkeys(("classes", "kid", "emd"), np.array(np.nan)) | {"sheet": nothing}
    try:
        kept = image_runs.kept("fig2", one, image_runs.Look(size.n, 1), profile)
    except learned.RunDivergedError:
        return cell
    cell |= {"sheet": kept.sheet(one.iterations)[:SHOWN], "emd": kept.column("emd")[-1]}
    if judge is None:
        return cell
    run = learned.load_run(kept.folder, device="cpu")
    fake = run.sample(size.n, torch.Generator().manual_seed(1))
    real = image_runs.examples(one, size.n)
    probabilities = features_of(judge.probabilities, fake)
    features = (features_of(judge.features, images) for images in (real, fake))
    return cell | {
        "classes": np.array(class_coverage(probabilities)["classes"]),
        "kid": np.array(kernel_distance(*features)),
    }


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A row an architecture, a column a method, numbers under the sheets."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(
        len(ARCHITECTURES), len(METHODS), figsize=(16, 9.7), squeeze=False
    )
    for row, (line, architecture) in enumerate(zip(panels, ARCHITECTURES, strict=True)):
        for column, (axes, method) in enumerate(zip(line, METHODS, strict=True)):
            draw_cell(axes, arrays, row, column)
            if row == 0:
                axes.set_title(method, fontsize=15, pad=8)
        line[0].set_ylabel(architecture, fontsize=12.5, rotation=0, ha="right", va="center")
    plots.caption(figure, told(arrays), width=235)
    return figure


def draw_cell(axes: Axes, arrays: dict[str, np.ndarray], row: int, column: int) -> None:
    """One sheet and its numbers."""
    plots.show_images(axes, arrays["sheet"][row, column], COLUMNS)
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    classes, kid, emd = (float(arrays[name][row, column]) for name in ("classes", "kid", "emd"))
    parts = [f"EM {emd:.1f}" if emd < MOST else f"EM {emd:,.0f}"]
    if np.isfinite(classes):
        shown = f"KID {kid:.2f}" if kid < MOST else f"KID > {MOST}"
        parts = [f"{classes:.0f} of {arrays['all classes']} classes", shown, *parts]
    axes.set_xlabel(" · ".join(parts) if np.isfinite(emd) else "diverged", fontsize=12.5)


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    side, filters, units, batch, iterations = arrays["size"]
    rate, n_critic, n = float(arrays["rate"]), int(arrays["n_critic"]), int(arrays["n"])
    slow = {name: own["critic_optimizer"] for name, own in METHODS.items()}
    rates = ", ".join(
        f"{'RMSProp' if one.name == 'rmsprop' else 'Adam'} {rate * one.lr:g} ({name})"
        for name, one in slow.items()
    )
    known = float(arrays["accuracy"])
    judge = (
        " Classes, with a tenth of their share at least, and KID: by a classifier that tells "
        f"{known:.1%} of real images, of {n} generated ones (KID: and {n} held-out ones)."
        if np.isfinite(known)
        else ""
    )
    return (
        f"{arrays['data']} at {side} px, d = {arrays['dimension']}; DCGANs of {filters} filters "
        f"next to the image, MLP of {units} units without tanh at the end; batch norm in "
        "generators, but for the MLP and where it is told, and in critics but those of WGAN-GP; "
        f"batch {batch}, {iterations:,} iterations with {n_critic} critic steps "
        f"for clipping (c = {arrays['clip']:g}) and the penalty (λ = 10), 1 for the others; one "
        f"seed, {'GPU' if arrays['gpu'] else 'CPU'}. One set of hyperparameters a column: {rates}"
        f"{f', {rate:g} times the rates of the paper' if rate != 1 else ''}.{judge} "
        f"EM: exact, between pixels of {n} generated and {n} held-out images; its sampling "
        f"floor is {float(arrays['floor']):.1f}. The paper: LSUN bedrooms at 64 px, "
        "200,000 iterations, 5 critic steps, seven architectures, no numbers."
    )
