"""What a run was made of: the content of its data, found again wherever run and data are now.

A law is known by its content: the points of a file, the lines of a text, or images here and there
in a set. A path is
looked for as the configuration has it, where it was when the run began, and where it was as seen
from the run, so that folder and data can be moved together.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.data.image_laws import ImageLaw
from wganlab.data.language import DEFAULTS, TextLaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wganlab.data.set_laws import SetLaw
    from wganlab.data.toys import Toy
    from wganlab.learned.runs.config import TrainConfig

LOOKED_AT = 256  # images of a set, evenly spread
FREE = ("data", "iterations", "every", "checkpoint", "keep_checkpoints")
"""Fields that may change while a run goes on: the data's content is compared, not its name."""


def digest(law: Toy | SetLaw) -> str:
    """Of the content of a law from files; nothing of one that its name says all about."""
    if isinstance(law, ImageLaw):
        rows = np.unique(np.linspace(0, len(law.whole.images) - 1, LOOKED_AT).astype(int))
        parts = [np.asarray(law.whole.images[rows]), np.asarray(law.whole.labels)]
        parts += [np.asarray(law.rows), np.asarray(law.unseen)]
    elif isinstance(law, TextLaw):
        letters = np.array([*map(ord, law.alphabet.characters)])
        parts = [law.codes.numpy(), letters, np.asarray(law.rows), np.asarray(law.unseen)]
    elif law.name == "points":
        parts = [part.numpy() for part in law.content]
    else:
        return ""
    found = hashlib.sha256()
    for part in parts:
        found.update(f"{part.shape} {part.dtype} ".encode())
        found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


def told(config: TrainConfig, law: Toy | SetLaw, folder: Path) -> dict[str, Any]:
    """What environment.json says of the data: content, and where it is."""
    said: dict[str, Any] = {"digest": digest(law), "shape": [int(k) for k in law.shape]}
    if config.labels and isinstance(law, ImageLaw):
        said["classes"] = list(law.classes)
    if isinstance(law, TextLaw):
        said["characters"] = law.alphabet.characters  # lines are to be read without the data too
    parts = _parts(config.data)
    if parts is not None and Path(parts[1]).expanduser().exists():
        place = Path(parts[1]).expanduser().absolute()
        said |= {"at": str(place), "from_here": os.path.relpath(place, folder.absolute())}
    return said


def located(config: TrainConfig, said: dict[str, Any], folder: Path) -> TrainConfig:
    """The configuration with its data where it is now.

    Raises
    ------
    ValueError
        If it is nowhere, or is there with another content.
    """
    if not said.get("digest"):
        return config
    changed = ""
    for source in _places(config.data, said, folder):
        here = replace(config, data=source)
        try:
            found = digest(here.law())
        except (ValueError, OSError):  # a folder or a damaged file, where the data was
            found = ""
        if found == said["digest"]:
            return here
        changed = changed or source
    if changed:
        raise ValueError(
            f"the data {changed} has changed since the run in {folder} began: put the file back "
            "as it was, or train a new run on what is there now"
        )
    raise ValueError(
        f"the data of the run in {folder} is no longer at {said.get('at', config.data)}: put it "
        "there, or beside the run as it was"
    )


def refuse_other(config: TrainConfig, kept: TrainConfig, folder: Path) -> None:
    """ValueError if a checkpoint was written under another configuration."""
    names = [field.name for field in fields(config) if field.name not in FREE]
    if other := [name for name in names if getattr(config, name) != getattr(kept, name)]:
        name = other[0]
        raise ValueError(
            f"the checkpoint in {folder} is not of its config.json: {name} is "
            f"{getattr(kept, name)!r} there and {getattr(config, name)!r} here. Put back the file "
            "that was changed, or train a new run"
        )


def refuse_other_data(said: dict[str, Any], state: dict[str, Any], folder: Path) -> None:
    """ValueError if a checkpoint was written on other data than the run's."""
    if "digest" in said and said["digest"] != state.get("digest", ""):
        raise ValueError(
            f"the checkpoint in {folder} is of a run on other data: put back the one that was "
            "there, or train a new run"
        )


def _places(source: str, said: dict[str, Any], folder: Path) -> Iterator[str]:
    """Where the data may be, the likeliest place first, each once."""
    parts = _parts(source)
    if parts is None or "at" not in said:  # of the hub, or of a set that the package has
        yield source
        return
    before, path, after = parts
    beside = os.path.normpath(folder.absolute() / str(said["from_here"]))
    seen = set()
    for place in (path, str(said["at"]), beside):
        there = os.path.realpath(place)
        if there not in seen and os.path.exists(place):
            seen.add(there)
            yield f"{before}{place}{after}"


def _parts(source: str) -> tuple[str, str, str] | None:
    """What stands before the path in a source, the path, and what of it is asked for behind it."""
    if source.startswith("hub:"):
        return None
    behind = rf"(?::(?:columns|weights?|{'|'.join(DEFAULTS)})=.*|\[[^\[\]]*\])?"
    found = re.fullmatch(rf"(folder:|npz:|text:)?(.*?)({behind})", source, re.DOTALL)
    assert found is not None
    return found[1] or "", found[2], found[3]
