"""The folder of one profile: arrays and pictures of figures, and what of them is out of date.

NAME.npz has the arrays that `compute` returned and, in one more entry, what they were made of;
a figure that takes `compute` from another has none of its own. NAME.json is beside the pictures
that `draw` made of them. Both carry a digest (`figures.provenance`): they stand as long as it is
that of the project as it is now. Nothing is pickled.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile

import numpy as np

from figures.provenance import ROOT, Tree
from wganlab.alone import alone
from wganlab.writing import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Due = Literal["", "picture", "arrays"]
ABOUT = "about"  # the entry with what the others were made of


class Shelf:
    """Figures of one profile, of the sources as they are when it is opened.

    `data` names the images that are asked for in place of those that figures of image runs have;
    `records` is the folder that their runs are read from, where they are not trained.
    """

    def __init__(
        self, folder: Path, profile: str, data: str = "", root: Path = ROOT, *, records: str = ""
    ) -> None:
        self.folder, self.profile, self.data, self.records = folder, profile, data, records
        self.tree = Tree(root, profile)

    def due(self, name: str) -> Due:
        """What has to be made: all of it, the picture alone, or nothing."""
        owner = self.tree.owner(name)
        if about(self.folder / f"{owner}.npz").get("digest") != self.arrays_digest(owner):
            return "arrays"
        stamp = self.stamp(name)
        files = stamp.get("files")
        if stamp.get("digest") != self.picture_digest(name) or not isinstance(files, list):
            return "picture"
        return "" if all((self.folder / str(file)).is_file() for file in files) else "picture"

    def arrays_digest(self, owner: str) -> str:
        """Of all that the arrays of a figure depend on."""
        start, told = (f"figures.{owner}", "compute"), [self.profile]
        if ("figures.image_runs", "source") in self.tree.reached(start):
            told.append(self.tree.of_source(self.data))
        if self.records and self.of_images(owner):
            told.append(self.tree.of_source(f"folder:{self.records}"))
        return self.tree.digest(start, told=told)

    def picture_digest(self, name: str) -> str:
        """Of all that the pictures of a figure depend on."""
        script = f"figures.{name}"
        starts = (script, "draw"), (script, "page"), ("wganlab.plots", None)
        return self.tree.digest(*starts, told=[self.arrays_digest(self.tree.owner(name))])

    def of_images(self, name: str) -> bool:
        """Is it made of runs on images?"""
        start = f"figures.{self.tree.owner(name)}", "compute"
        return ("figures.image_runs", "kept") in self.tree.reached(start)

    def stamp(self, name: str) -> dict[str, Any]:
        """What was left beside its pictures; nothing where that is damaged."""
        try:
            told = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Be the only one who makes a figure; TakenError tells who else does."""
        way = "wait for its end, or stop it"
        return alone(self.folder / f".{name}.lock", f"the figure {name}", way)

    def put_stamp(self, name: str, files: list[str], seconds: float) -> None:
        """Say that the pictures are those of now."""
        told = {"digest": self.picture_digest(name), "files": files, "seconds": seconds}
        with written(self.folder / f"{name}.json", overwrite=True) as part:
            part.write_text(json.dumps(told, indent=1), encoding="utf-8")

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """The kept arrays of a figure."""
        return load(self.folder / f"{self.tree.owner(name)}.npz")

    def put_arrays(self, owner: str, arrays: Mapping[str, Any], seconds: float) -> None:
        """Keep the arrays that were computed now."""
        told = {"figure": owner, "profile": self.profile, "digest": self.arrays_digest(owner)}
        save(self.folder / f"{owner}.npz", arrays, told | {"seconds": seconds})


def save(path: Path, arrays: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """Numbers and texts by name, and what is told of them as JSON; there whole or not at all.

    Raises
    ------
    TypeError
        If something is no array of numbers or text, or has the name of what is told.
    """
    kept: dict[str, Any] = {name: np.asarray(values) for name, values in arrays.items()}
    wrong = [name for name, values in kept.items() if values.dtype.kind not in "biufcU"]
    if wrong or ABOUT in kept:
        raise TypeError(
            f"{', '.join(wrong) or ABOUT}: compute returns arrays of numbers or text by name, none "
            f"of them called {ABOUT!r}"
        )
    kept[ABOUT] = np.array(json.dumps(told))
    with written(path, overwrite=True) as part, part.open("wb") as file:
        np.savez_compressed(file, **kept)


def load(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays in a file."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files if name != ABOUT}


def about(path: Path) -> dict[str, Any]:
    """What is told of the arrays in a file; nothing where it is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            told = json.loads(str(kept[ABOUT]))
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, BadZipFile):
        return {}
    return told if isinstance(told, dict) else {}
