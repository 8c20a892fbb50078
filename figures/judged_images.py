"""What is counted of generated images, where figures tell how good they are.

Of faces in color it is known: how many values of their attributes are found, and how far they are
from the nearest face there is (`compare.face_attributes`). Of other sets a classifier tells the
classes that are found, and KID between its features takes the place of the distance. A set of one
class has neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import torch

from figures import image_runs
from wganlab import compare, learned
from wganlab.compare.attributes import attributes_for
from wganlab.compare.features import class_coverage, features_of, kernel_distance

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from wganlab.learned import TrainConfig

    Numbers: TypeAlias = NDArray[np.float64]

Kind: TypeAlias = Literal["faces", "classes", "none"]

FOUND = 0.5  # of what there is to find, from which on images are not of a few kinds alone
AWAY = {"faces": 0.2, "classes": 1.0}  # from a face, as a share of the range; KID
MOST = 100  # of KID: what is more is images far out of range


@dataclass(frozen=True, eq=False)
class Judge:
    """What counts in the images of one set."""

    config: TrainConfig
    """Of a run on that set."""
    n: int
    """Images that are looked at."""
    classifier: compare.Classifier | None
    """None of faces, and where all images are of one class."""

    @property
    def kind(self) -> Kind:
        """What is counted."""
        if attributes_for(self.config.law()) is not None:
            return "faces"
        return "none" if self.classifier is None else "classes"

    def at_end(self, kept: image_runs.Kept) -> dict[str, NDArray[np.float64]]:
        """Of n images of a run's generator, as it is at the end."""
        run = learned.load_run(kept.folder, device="cpu")
        return self.counted(run.sample(self.n, torch.Generator().manual_seed(1)))

    def counted(self, fake: Tensor) -> dict[str, NDArray[np.float64]]:
        """`found`, of `all`, and `away`, of images (n, c, h, w); nan where nothing is counted."""
        numbers = {"found": np.nan, "all": np.nan, "away": np.nan}
        if self.kind == "faces":
            faces = compare.face_attributes(fake)
            numbers = {"found": faces.found, "all": faces.all, "away": faces.deviation}
        elif self.classifier is not None:
            told = class_coverage(features_of(self.classifier.probabilities, fake))
            real = image_runs.examples(self.config, self.n)
            features = (features_of(self.classifier.features, images) for images in (real, fake))
            numbers = {"found": told["classes"], "all": told["all_classes"]}
            numbers["away"] = kernel_distance(*features)
        return {name: np.array(float(value)) for name, value in numbers.items()}


def judge(config: TrainConfig, n: int, steps: int) -> Judge:
    """Of a run's images; where a classifier counts, it is trained for so many steps."""
    faces = attributes_for(config.law()) is not None
    return Judge(config, n, None if faces else image_runs.classifier(config, steps))


def works(kind: str, found: Numbers, of: Numbers, away: Numbers) -> NDArray[np.bool_]:
    """Are these images of the set: is enough of it found, and are they near it? By array.

    Examples
    --------
    >>> works("faces", np.array([190, 90, 190]), np.array(206), np.array([0.1, 0.1, 0.3])).tolist()
    [True, False, False]
    """
    return (found >= FOUND * of) & (away <= AWAY[kind])


def line(kind: str, found: float, of: float, away: float) -> str:
    """What is told under a sheet.

    Examples
    --------
    >>> line("faces", 190.0, 206.0, 0.104), line("classes", 9.0, 10.0, 0.5)
    ('190 of 206 · 0.104 off', '9 of 10 classes · KID 0.50')
    """
    if kind == "faces":
        return f"{found:.0f} of {of:.0f} · {away:.3f} off"
    shown = f"KID {away:.2f}" if away < MOST else f"KID > {MOST}"
    return f"{found:.0f} of {of:.0f} classes · {shown}" if kind == "classes" else ""


def explained(kind: str, n: int) -> str:
    """What these numbers are, for captions."""
    if kind == "faces":
        return f"Values of attributes found, and how far off the nearest face, of {n} faces."
    told = f"Classes found, and KID: by a classifier of the set, of {n} images."
    return told if kind == "classes" else ""
