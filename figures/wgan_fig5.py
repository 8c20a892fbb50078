"""WGAN paper, figure 5, on images: what a WGAN and a standard GAN generate by a DCGAN generator.

Beside the paper's sheets are real images, and under each the classes of its images, as a
classifier of the set tells them: what collapses is seen there. A set of one class has none.

`pictured`, `draw_sheets` and `told` serve figures 6 and 7 too; these are the runs of figures 3, 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from figures import image_runs, wgan_images
from wganlab import data, plots
from wganlab.compare import (
    class_counts,
    class_coverage,
    features_of,
    kernel_distance,
)
from wganlab.learned import load_run

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """Sheets of real images, a WGAN's and a GAN's, and numbers of more such images."""
    size = wgan_images.SIZES[profile]
    runs = [wgan_images.run(kind, pair, profile) for kind in KINDS]
    config = runs[0].config
    how = "; ".join(
        wgan_images.trained(kind, run.config) for kind, run in zip(KINDS, runs, strict=True)
    )
    but = wgan_images.excepted("wgan", config)
    if pair == "mlp":
        but = f"{wgan_images.mlps(profile)}{but}"
    return {
        "real": image_runs.examples(config, COLUMNS**2),
        "sheets": np.array([run.sheet(run.config.iterations) for run in runs]),
        "iterations": np.array([run.config.iterations for run in runs]),
        "emd": np.array([run.column("train_emd")[-1] for run in runs]),
        "unseen emd": np.array([run.column("emd")[-1] for run in runs]),
        "floor": np.array(image_runs.floor(config, size.n)),
        "n": np.array(size.n),
        "told": np.array(f"{wgan_images.told(config, profile)} {how}.{but}"),
        **classified(runs, size),
    }


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
    """Three sheets, real, WGAN and GAN, with their classes under them."""
    figure = draw_sheets(arrays, "DCGAN generator")
    plots.caption(figure, f"{told(arrays)} {wgan_images.PAPER}.", width=225)
    return figure


def told(arrays: dict[str, np.ndarray]) -> str:
    """The part of the caption that these figures share."""
    text = (
        f"{arrays['told']} Exact EM: linear program between n = {arrays['n']} generated images "
        "and as many to train on (in brackets: held out); for real ones, above them, its floor. "
        "Blurred images may lie nearer than sharp ones."
    )
    if "shares" not in arrays:
        return text
    return (
        f"{text} Classes: of {arrays['sampled']} images, as a classifier of the set tells them; "
        "one counts from a tenth of its equal share (dotted) on; confidence: mean of its largest "
        "probability. Images unlike any real one may all be called one class, however they differ. "
        "KID: between the classifier's features of generated and held-out images, "
        "not comparable with other features."
    )


def draw_sheets(arrays: dict[str, np.ndarray], networks: str) -> Figure:
    """A sheet a law, and a bar a class."""
    import matplotlib.pyplot as plt

    known = "shares" in arrays
    rows: list[Any] = [[f"sheet {k}" for k in range(3)], [f"classes {k}" for k in range(3)]]
    figure, panels = plt.subplot_mosaic(
        rows[: 1 + known],
        figsize=(16, 8.3 if known else 6.6),
        gridspec_kw={"height_ratios": [4.6, 1][: 1 + known]},
    )
    figure.get_layout_engine().set(h_pad=0.12)
    for k in range(3):
        sheet = arrays["sheets"][k - 1] if k else arrays["real"]
        plots.show_images(panels[f"sheet {k}"], sheet, COLUMNS)
        panels[f"sheet {k}"].set_title(title(arrays, k, networks))
        if known:
            draw_classes(panels[f"classes {k}"], arrays, k)
    return figure


def title(arrays: dict[str, np.ndarray], k: int, networks: str) -> str:
    """What it is, and its distance."""
    if k == 0:
        return f"real images, held out\nexact EM to those to train on {arrays['floor']:.1f}"
    kid = f", KID {arrays['kid'][k - 1]:.3g}" if "kid" in arrays else ""
    emd, unseen = arrays["emd"][k - 1], arrays["unseen emd"][k - 1]
    name = ("WGAN", "GAN")[k - 1]
    return (
        f"{name}, {networks}, {arrays['iterations'][k - 1]:,} iterations\n"
        f"exact EM {emd:.1f} ({unseen:.1f}){kid}"
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
