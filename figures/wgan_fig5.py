"""WGAN paper, figure 5, on images: what a WGAN and a standard GAN generate by a DCGAN generator.

Beside the paper's sheets are real images. Under each sheet of faces is, for every attribute, the
total variation between the shares of its values among generated faces and in the law, beside that
of as many new faces of the law (dotted). Faces are read as the nearest one that there is: noise is
then read as half of all values, so the sentence asks for more than values found (`wgan_claims`). A
face is valid if it deviates from the nearest by at most a tenth of the range of pixels.

Exact EM is of pixels as they are; what leaves [-1, 1], as an MLP's may, is cut off in sheets and
in reading. At these numbers of images much of it is sampling, and blurred images may lie nearer
than sharp ones. Of other images (`make figures DATA=...`) the classes are shown, as a classifier of
the set tells them: a class counts from a tenth of its equal share on, confidence is the mean of its
largest probability, KID is between its features of generated and held-out images. A set of one
class has none.

`pictured`, `draw_sheets` and `told` serve figures 6 and 7 too; these are the runs of figures 3, 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from figures import face_attributes, image_runs, wgan_claims, wgan_images
from wganlab import data, plots
from wganlab.compare import (
    class_counts,
    class_coverage,
    features_of,
    kernel_distance,
)
from wganlab.learned import load_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from figures.image_runs import Kept
    from wganlab.compare.neighbors import Images

COLUMNS = 8  # of a sheet
KINDS = ("wgan", "gan")
ROLES = (plots.REAL, plots.FAKE, plots.FAKE)
NAMED = 12  # classes that there is room to name


def compute(profile: str) -> dict[str, np.ndarray]:
    """The sheets, with what is known of them."""
    return pictured("dcgan", profile)


def pictured(pair: str, profile: str) -> dict[str, np.ndarray]:
    """Sheets of real images, a WGAN's and a GAN's, and numbers of more such images.

    Sheets are of seed 0; EM and what is told of all attributes have a column a seed.
    """
    size, seeds = wgan_images.SIZES[profile], wgan_images.seeds(pair, profile)
    runs = [[wgan_images.run(kind, pair, profile, seed) for seed in seeds] for kind in KINDS]
    first = [line[0] for line in runs]
    config, attributes = first[0].config, attributes_of(runs, size.sampled)
    how = "; ".join(
        wgan_images.trained(kind, run.config) for kind, run in zip(KINDS, first, strict=True)
    )
    mlps = wgan_images.mlps(profile) if pair == "mlp" else ""
    return {
        "real": image_runs.examples(config, COLUMNS**2),
        "sheets": np.array([run.sheet(run.config.iterations) for run in first]),
        "iterations": np.array([run.config.iterations for run in first]),
        "emd": np.array([[end(run, "train_emd") for run in line] for line in runs]),
        "unseen emd": np.array([[end(run, "emd") for run in line] for line in runs]),
        "floor": np.array(image_runs.floor(config, size.n)),
        "n": np.array(size.n),
        "told": np.array(f"{wgan_images.told(config, profile, len(seeds))}{mlps} {how}."),
        **(attributes or classified(first, size)),
    }


def end(run: Kept, column: str) -> float:
    """That number at a run's end."""
    return float(run.column(column)[-1])


def attributes_of(runs: Sequence[Sequence[Kept]], n: int) -> dict[str, np.ndarray]:
    """Those of the faces of runs; nothing of other images."""
    return face_attributes.ends(runs, image_runs.examples(runs[0][0].config, n))


def classified(runs: Sequence[Kept], size: wgan_images.Size) -> dict[str, np.ndarray]:
    """Of held-out images and those of each run: classes, their shares, confidence, KID."""
    config = runs[0].config
    law, n = config.law(), size.sampled
    assert isinstance(law, data.ImageLaw)
    classifier = image_runs.classifier(config, size.classified)
    if classifier is None:
        return {}
    laws: list[Images] = [image_runs.examples(config, n)]
    for run in runs:
        draws = torch.Generator().manual_seed(run.config.seed)
        laws.append(load_run(run.folder, device="cpu").sample(n, draws))
    told = [features_of(classifier.probabilities, images) for images in laws]
    real, *fake = (features_of(classifier.features, images) for images in laws)
    covered = [class_coverage(each) for each in told]
    return {
        "shares": np.array([class_counts(each) / len(each) for each in told]),
        "kid": np.array([kernel_distance(real, features) for features in fake]),
        **{name: np.array([row[name] for row in covered]) for name in covered[0]},
        "labels": np.array([str(name) for name in law.whole.label_names]),
        "sampled": np.array(n),
    }


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Three sheets, real, WGAN and GAN, with their attributes or classes under them."""
    figure = draw_sheets(arrays, "DCGAN generator", wgan_claims.both_draw)
    plots.caption(figure, told(arrays), width=225)
    return figure


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    text = (
        f"{arrays['told']} Exact EM: linear program between pixels of n = {arrays['n']} generated "
        "and as many real images; above the real ones its floor."
    )
    if "attributes" in arrays:
        text += (
            f" Attributes, distinct faces and the commonest: of {arrays['read']:,} read as the "
            "nearest one that there is; dotted: of as many new faces of the law."
        )
    elif "shares" in arrays:
        text += f" Classes and KID: of {arrays['sampled']} images, by a classifier of the set."
    return f"{text} {wgan_images.PAPER}; all numbers are added."


def draw_sheets(
    arrays: dict[str, np.ndarray],
    networks: str,
    claim: Callable[[dict[str, np.ndarray]], str],
) -> Figure:
    """A sheet a law, and a bar an attribute or a class; above them the claim, of faces."""
    import matplotlib.pyplot as plt

    faces, known = "attributes" in arrays, "attributes" in arrays or "shares" in arrays
    rows: list[Any] = [[f"sheet {k}" for k in range(3)], [f"bars {k}" for k in range(3)]]
    figure, panels = plt.subplot_mosaic(
        rows[: 1 + known],
        figsize=(16, 11.4 if faces else 8.3 if known else 6.6),
        gridspec_kw={"height_ratios": [4.6, 3.4 if faces else 1][: 1 + known]},
    )
    figure.get_layout_engine().set(h_pad=0.12)
    for k in range(3):
        sheet = arrays["sheets"][k - 1] if k else arrays["real"]
        plots.show_images(panels[f"sheet {k}"], sheet, COLUMNS)
        panels[f"sheet {k}"].set_title(title(arrays, k, networks), fontsize=13.5)
        if faces:
            face_attributes.draw_bars(panels[f"bars {k}"], arrays, k, ROLES[k]["color"])
        elif known:
            draw_classes(panels[f"bars {k}"], arrays, k)
    if faces:
        wgan_claims.above(figure, claim(arrays))
    return figure


def title(arrays: dict[str, np.ndarray], k: int, networks: str) -> str:
    """What it is, its distance, and of faces what is found of them."""
    faces = "attributes" in arrays
    if k == 0 and not faces:
        return f"real images, held out\nexact EM to those to train on {arrays['floor']:.1f}"
    if k == 0:
        found = f"values found {arrays['real found']} of {arrays['all'].flat[0]:.0f}, valid 100 %"
        return f"new faces of the law\nexact EM to others {arrays['floor']:.1f}\n{found}\n"
    name, many = ("WGAN", "GAN")[k - 1], f"{arrays['iterations'][k - 1]:,} iterations"
    emd, unseen = arrays["emd"][k - 1], arrays["unseen emd"][k - 1]
    if not faces:
        kid = f", KID {arrays['kid'][k - 1]:.3g}" if "kid" in arrays else ""
        return f"{name}, {networks}, {many}\nexact EM {emd[0]:.1f} ({unseen[0]:.1f}){kid}"
    found, valid, distinct, commonest = (
        wgan_claims.listed(scale * arrays[name][k - 1])
        for name, scale in {"found": 1, "valid": 100, "distinct": 1, "commonest": 100}.items()
    )
    return (
        f"{name}, {networks}\n{many}, exact EM {wgan_claims.listed(unseen, 1)}\n"
        f"values found {found}, valid {valid} %\ndistinct {distinct}, commonest {commonest} %"
    )


def draw_classes(axes: Axes, arrays: dict[str, np.ndarray], k: int) -> None:
    """The share of each class."""
    shares = arrays["shares"][k]
    axes.bar(np.arange(len(shares)), shares, color=ROLES[k]["color"])
    axes.axhline(1 / len(shares), color="0.3", linestyle=":", lw=1.5)
    axes.set_ylim(0, 1.1 * arrays["shares"].max())
    if len(shares) <= NAMED:
        axes.set_xticks(np.arange(len(shares)), arrays["labels"])
    else:
        axes.set_xticks([])
    axes.set_title(
        f"{arrays['classes'][k]} of {arrays['all_classes'][k]} classes, commonest "
        f"{arrays['largest_share'][k]:.0%}, confidence {arrays['confidence'][k]:.2f}"
    )
