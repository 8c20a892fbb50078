"""Figure 2 of the WGAN-GP paper, small: four methods by four architectures, on faces.

The paper's claim: with one set of hyperparameters WGAN-GP trains every architecture, and each other
method fails on at least one (Gulrajani et al. 2017, arXiv 1704.00028, section 5.1). Every method
keeps the hyperparameters that the paper gives it over all architectures; in the short profiles
rates are ten times as high, of clipping, which is slowest, twenty times, and fall linearly.

The sentence above says whether the claim is seen: a method works on an architecture where enough
values of attributes are found and images are near faces (`judged_images.works`). Under each sheet
stands what is counted, and exact EM between pixels.

Four of the paper's seven architectures; its images are LSUN bedrooms at 64 px, after 200,000
iterations with 5 critic steps, without numbers. Batch norm is in the generators, but for the MLP
and where it is told, and in all critics but those of WGAN-GP. Samples are of the moving average of
the generator, for all methods, where a profile has one. `make figures DATA=folder:PATH` takes other
images: classes and KID, by a classifier of the set, stand in for attributes then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from figures import image_runs, judged_images, wgan_claims
from wganlab import learned, plots
from wganlab.learned import DCGANConfig, MLPConfig, Optimizer, TrainConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned.optimizers import Schedule


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
    rates: tuple[float, ...]  # times the paper's, by method
    schedule: Schedule  # of the rates
    clip: float
    average: float  # of the generator that samples are of; 0 for none
    n: int  # images of each law in a linear program
    judged: int  # images that are counted
    classifier_steps: int = 600


TIMES, ONCE = (10.0, 10.0, 20.0, 10.0), (1.0, 1.0, 1.0, 1.0)
SIZES = {
    "quick": Size(16, 4, 16, 8, 8, 2, 1, TIMES, "linear", 0.02, 0.9, 40, 4, 5),
    "laptop": Size(16, 16, 512, 64, 32, 1100, 2, TIMES, "linear", 0.05, 0.99, 500, 200),
    "long": Size(16, 16, 512, 64, 64, 3300, 2, TIMES, "linear", 0.05, 0.995, 1000, 1000),
    "paper": Size(64, 64, 512, 128, 64, 200_000, 5, ONCE, "constant", 0.01, 0.0, 1000, 1000),
}
COLUMNS = 8
SHOWN = 4 * COLUMNS
NUMBERS = ("found", "all", "away", "emd")
NAMES = ("GAN", "least squares", "clipping")  # in the sentence

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
ROW, COLUMN = ("dcgan", "constant", "mlp", "tanh"), ("gan", "ls", "clip", "gp")  # of runs' names
SHORT = ("DCGAN", "constant filters", "the MLP", "tanh")  # in the sentence
FAR = 100  # of EM: pixels far out of range


def compute(profile: str) -> dict[str, np.ndarray]:
    """Sheets (architectures, methods, images, h, w, c), and numbers under them (architectures,
    methods): found, of all, away, EM; white and nan where a run diverged."""
    size = SIZES[profile]
    grid = [
        [config(architecture, method, profile) for method in METHODS]
        for architecture in range(len(ARCHITECTURES))
    ]
    some = grid[0][0]
    judge = judged_images.judge(some, size.judged, size.classifier_steps)
    names = [[f"fig2_{one}_{other}" for other in COLUMN] for one in ROW]
    cells = [
        [judged(*cell, judge, profile, size) for cell in zip(*row, strict=True)]
        for row in zip(names, grid, strict=True)
    ]
    return {
        **{name: np.array([[cell[name] for cell in row] for row in cells]) for name in cells[0][0]},
        "kind": np.array(judge.kind),
        "floor": np.array(image_runs.floor(some, size.n)),
        "size": np.array([size.side, size.filters, size.units, size.batch, size.iterations]),
        "n": np.array(size.n),
        "judged": np.array(size.judged),
        "dimension": np.array(some.law().dim),
        "n_critic": np.array(size.n_critic),
        "rates": np.array(size.rates),
        "schedule": np.array(size.schedule),
        "average": np.array(size.average),
        "clip": np.array(size.clip),
        "data": np.array(some.data),
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
    paper, times = own["critic_optimizer"], size.rates[list(METHODS).index(method)]
    optimizer = replace(paper, lr=times * paper.lr, schedule=size.schedule)
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
        average=size.average,
        every=size.iterations,
        checkpoint=min(size.iterations, 1000),
    )


def judged(
    name: str, one: TrainConfig, judge: judged_images.Judge, profile: str, size: Size
) -> dict[str, np.ndarray]:
    """Images of a run's end, and what is counted of them; nan if it diverged."""
    channels, *sides = one.law().shape
    nothing = np.full((SHOWN, *sides, channels), 255, np.uint8)
    cell = dict.fromkeys(("found", "all", "away", "emd"), np.array(np.nan)) | {"sheet": nothing}
    try:
        kept = image_runs.kept(name, one, image_runs.Look(size.n, 1, 0), profile)
    except learned.RunDivergedError:
        return cell
    sheet = kept.sheet(one.iterations)[:SHOWN]
    return {**judge.at_end(kept), "emd": kept.column("emd")[-1], "sheet": sheet}


def working(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Where a method works, shape (architectures, methods)."""
    numbers = (arrays[name] for name in ("found", "all", "away"))
    return judged_images.works(str(arrays["kind"]), *numbers)


def sentence(works: np.ndarray) -> str:
    """What is seen of the paper's claim, by where each method works (architectures, methods).

    Examples
    --------
    >>> works = np.ones((4, 4), bool)
    >>> sentence(works)
    'Not seen: WGAN-GP works on all 4 architectures, but GAN, least squares, clipping do too'
    >>> works[[1, 2, 2], [0, 1, 2]] = False
    >>> sentence(works)
    'Seen: WGAN-GP works on all 4 architectures, each other method fails on one at least'
    >>> works[3, 3] = False
    >>> sentence(works)
    'Not seen: WGAN-GP fails on tanh'
    """
    *others, penalty = works.T
    if not penalty.all():
        failed = [name for name, fine in zip(SHORT, penalty, strict=True) if not fine]
        return f"Not seen: WGAN-GP fails on {' and '.join(failed)}"
    told = f"WGAN-GP works on all {len(penalty)} architectures"
    too = [name for name, fine in zip(NAMES, others, strict=False) if fine.all()]
    if too:
        return f"Not seen: {told}, but {', '.join(too)} {'do' if len(too) > 1 else 'does'} too"
    return f"Seen: {told}, each other method fails on one at least"


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A row an architecture, a column a method, numbers under the sheets."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(
        len(ARCHITECTURES), len(METHODS), figsize=(16, 10.4), squeeze=False
    )
    known = str(arrays["kind"]) != "none"
    works = working(arrays) if known else np.isfinite(arrays["emd"])
    for row, (cells, architecture) in enumerate(zip(panels, ARCHITECTURES, strict=True)):
        for column, (axes, method) in enumerate(zip(cells, METHODS, strict=True)):
            draw_cell(axes, arrays, row, column, bool(works[row, column]))
            if row == 0:
                axes.set_title(method, fontsize=18, pad=8)
        cells[0].set_ylabel(architecture, fontsize=15, rotation=0, ha="right", va="center")
    if known:
        wgan_claims.above(figure, sentence(works))
    plots.caption(figure, told(arrays), width=235)
    return figure


def draw_cell(
    axes: Axes, arrays: dict[str, np.ndarray], row: int, column: int, works: bool
) -> None:
    """One sheet and its numbers, in red where the method does not work."""
    plots.show_images(axes, arrays["sheet"][row, column], COLUMNS)
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    found, of, away, emd = (float(arrays[name][row, column]) for name in NUMBERS)
    parts = [judged_images.line(str(arrays["kind"]), found, of, away)]
    parts.append(f"EM {emd:.1f}" if emd < FAR else f"EM {emd:,.0f}")
    text = " · ".join(filter(None, parts)) if np.isfinite(emd) else "diverged"
    color = "black" if works else plots.FAKE["color"]
    axes.set_xlabel(f"{'' if works else '✗ '}{text}", fontsize=14, color=color)


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption, in three lines."""
    side, filters, units, batch, iterations = arrays["size"]
    n, kind = int(arrays["n"]), str(arrays["kind"])
    average, falling = float(arrays["average"]), str(arrays["schedule"]) == "linear"
    many = "the paper's"
    if arrays["rates"].max() > 1:
        slow = ", ".join(f"{rate:g}" for rate in arrays["rates"])
        many = f"{slow} times the paper's"
    works = ""
    if kind in judged_images.AWAY:
        most = f"{judged_images.AWAY[kind]:g}{' off' if kind == 'faces' else ' of KID'}"
        works = f" Works: {judged_images.FOUND:.0%} of them found, at most {most}; ✗: does not."
    return (
        f"{arrays['data']} at {side} px, d = {arrays['dimension']}; {filters} filters next to the "
        f"image, MLP of {units} units; batch {batch}, {iterations:,} iterations, one seed, "
        f"{'GPU' if arrays['gpu'] else 'CPU'}; {arrays['n_critic']} critic steps for clipping "
        f"(c = {arrays['clip']:g}) and the penalty (λ = 10), 1 for the others; rates {many}"
        f"{', falling to 0' if falling else ''}, one set a method"
        f"{f'; generator averaged, {average:g}' if average else ''}. "
        f"{judged_images.explained(kind, int(arrays['judged']))}{works} EM: exact, of pixels, "
        f"{n} generated and {n} held-out images; its floor is {float(arrays['floor']):.1f}. The "
        "paper: bedrooms at 64 px, 200,000 iterations, seven architectures, no numbers."
    )
