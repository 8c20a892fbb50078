"""Classifiers of whole image sets, trained on first use and kept in a cache folder."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab import data
from wganlab.compare.classifier import STEPS, Classifier, fit_classifier
from wganlab.data import cache, checks
from wganlab.data.imageset import COLORS
from wganlab.data.pixels import recolored
from wganlab.learned.devices import resolve_device

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from wganlab.data.image_sources import Color

VERSION = 1  # of the network and its training: another one does not read older files


def classifier_for(
    source: str | data.ImageSet,
    size: int | None = None,
    color: Color = "auto",
    *,
    steps: int = STEPS,
    device: str | torch.device = "auto",
    progress: bool | None = None,
) -> Classifier:
    """The classifier of an image set: from the cache folder, or trained and put there.

    The folder is $WGANLAB_CACHE, else ~/.cache/wganlab. A file is named after everything that the
    classifier depends on, a hash of the images too; one that cannot be read is made again.

    Parameters
    ----------
    source : str or ImageSet
        What `data.images` calls it, or the set.
    size : int, optional
        Side in pixels; the set's own by default. Not for a set that is given.
    color : "auto", "grey" or "rgb"
        One channel or three; "auto" leaves the set's own.
    steps : int
        Of the training, where it is needed.
    device : str
        "auto" takes a GPU where there is one.
    progress : bool
        Progress bar; by default where standard error is a terminal.

    Returns
    -------
    Classifier
        In evaluation mode, its weights without gradient.

    Raises
    ------
    ValueError
        If there is no such set, or it has one class alone.

    Examples
    --------
    >>> digits = classifier_for("mnist10k", 32)  # doctest: +SKIP
    >>> digits.name, digits.accuracy > 0.97  # doctest: +SKIP
    ('classifier of mnist10k at 32 px', True)
    """
    checks.among(COLORS, color=color)
    if isinstance(source, str):
        source = data.images(source, size, color=color)
    elif size is not None and size != source.images.shape[1]:
        raise ValueError(
            f"{source.name} is given at {source.images.shape[1]} px and asked for at {size} px: "
            "leave size out, or give the set's name"
        )
    _check_classes(source)
    pixels = recolored(source.images, color)
    place = resolve_device(device)
    file = _file(source, pixels, steps)
    network = _load(file, place)
    if network is None:
        name = f"classifier of {source.name} at {pixels.shape[1]} px"
        network = fit_classifier(
            pixels,
            source.labels,
            len(source.label_names),
            name=name,
            steps=steps,
            device=place,
            progress=progress,
        )
        _save(file, network)
    return network


def _check_classes(source: data.ImageSet) -> None:
    """ValueError for a set of one class."""
    if len(np.unique(source.labels)) > 1:
        return
    base = source.name.split("[")[0]
    other = f"classifier_for({base!r})" if base != source.name else "another network"
    raise ValueError(
        f"{source.name} has one class, so there is nothing to classify and no class to lose; for "
        f"distances give the features= of {other}"
    )


def _parts(pixels: NDArray[np.uint8]) -> int:
    """Into how many parts to split images that may not fit the memory."""
    return 1 + pixels.size // 2**22


def _file(source: data.ImageSet, pixels: NDArray[np.uint8], steps: int) -> Path:
    """Where its classifier is kept; the name tells all that it depends on."""
    told = (VERSION, source.name, pixels.shape, source.label_names, steps)
    digest = hashlib.sha256(repr(told).encode())
    digest.update(np.ascontiguousarray(source.labels).tobytes())
    for part in np.array_split(pixels, _parts(pixels)):
        digest.update(np.ascontiguousarray(part).tobytes())
    plain = re.sub(r"[^A-Za-z0-9]+", "-", source.name)[-40:].strip("-")
    name = f"{plain}-{pixels.shape[1]}px-{pixels.shape[3]}-{digest.hexdigest()[:16]}.pt"
    return cache.folder() / "classifiers" / name


def _load(file: Path, place: torch.device) -> Classifier | None:
    """The classifier of a file; None where there is none, or none that can be read."""
    if not file.exists():
        return None
    try:
        told: dict[str, Any] = torch.load(file, map_location=place, weights_only=True)
        channels, height, width = told["shape"]
        with torch.device("meta"):  # draws nothing from torch's global seed
            network = Classifier((channels, height, width), told["classes"], name=told["name"])
        network.load_state_dict(told["weights"], assign=True)
        network.accuracy = float(told["accuracy"])
    except Exception:  # torch raises whatever a broken file leads it to
        return None
    return network.eval().requires_grad_(False)


def _save(file: Path, network: Classifier) -> None:
    """Write the file beside its place and move it there; a warning where that cannot be."""
    beside = file.with_name(f".{os.getpid()}-{file.name}")
    told = {"shape": list(network.shape), "classes": network.classes, "name": network.name}
    told |= {"accuracy": network.accuracy, "weights": network.state_dict()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            torch.save(told, stream)
        beside.replace(file)
    except OSError as error:
        warnings.warn(
            f"{file} cannot be written ({error.strerror or error}), so the classifier will be "
            "trained again next time: set WGANLAB_CACHE to a folder that can",
            stacklevel=3,
        )
