"""What A and B of the command `bracket` are: toys, points, images, and generators of runs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wganlab.report import count

if TYPE_CHECKING:
    from wganlab.learned import Run, TrainConfig


@dataclass(frozen=True)
class Sides:
    """Reads laws by their names, as `compare.bracket` takes them."""

    device: str
    max_points: int
    """Rows of an array that are used."""
    notes: list[str] = field(default_factory=list)
    """What to know of how they were read."""

    def of_run(self, folder: Path) -> tuple[Any, Any]:
        """The data of a run, and its generator.

        Raises
        ------
        ValueError
            If there is no such run, or its data is gone.
        """
        from wganlab import data, learned
        from wganlab.data.files import is_file_source

        config = learned.RunFolder(folder).located()
        run, law = learned.load_run(folder, device=self.device), config.law()
        if isinstance(law, data.ImageLaw) and not law.endless:
            self.notes.append(f"the data are the {count(len(law.unseen), 'image')} held out")
        elif config.of_text:
            self.notes.append("the law of the data is that of the lines that it was trained on")
        elif is_file_source(config.data):
            self.notes.append(
                "the law of the data is that of the points of its file, on which it was trained: "
                "each of them, with its weight"
            )
        return law, run

    def pair(self, first: str, second: str) -> tuple[Any, Any]:
        """Both laws, in one space.

        Raises
        ------
        ValueError
            If one of them is not there, or rows of one are rows of the other too.
        """
        from wganlab.learned import TrainConfig

        _refuse_shared_rows(first, second)
        if _is_run(first) and _is_data_of(second, first):
            return self.of_run(Path(first))[::-1]
        if _is_run(second) and _is_data_of(first, second):
            return self.of_run(Path(second))
        runs = [self._run(source) if _is_run(source) else None for source in (first, second)]
        shown = next((run.config for run in runs if run and run.config.of_images), None)
        if shown is None and "faces" in (first, second):
            shown = TrainConfig(data="faces", size=16, color="rgb")
        sides = [
            self._law(source, shown) if run is None else run
            for source, run in zip((first, second), runs, strict=True)
        ]
        return sides[0], sides[1]

    def _run(self, source: str) -> Run:
        from wganlab import learned

        return learned.load_run(source, device=self.device)

    def _law(self, source: str, shown: TrainConfig | None) -> Any:
        """A toy, rows of points or images; `shown` is of images that are beside them."""
        from wganlab import data
        from wganlab.data.files import is_file_source

        if source == "faces":
            assert shown is not None
            return data.image_law(source, shown.size, color=shown.color)
        if source.partition(":")[0].replace("-", "_") in data.TOYS:
            return data.law(source)
        if data.is_image_source(source):
            return self._images(source, shown)
        if is_file_source(source):
            return self._points(source)
        if os.path.isdir(source):
            raise ValueError(f"there is no run in {source}: it has no config.json")
        raise ValueError(
            f"{source} is no law: give a toy ({', '.join(data.TOYS)}), with parameters as in "
            "'gaussian:mean=(1,0)', a file of points, an image set, or the folder of a run"
        )

    def _points(self, source: str) -> Any:
        from wganlab import data, exact

        loaded = data.load_points(source)
        self.notes.extend(note for note in loaded.notes if note not in self.notes)
        if loaded.weights is None:
            rows = self._rows(source, len(loaded.points))
            return loaded.points[rows].reshape(len(rows), -1)
        self.notes.append(f"{source} has weights: its law is that of its points, which weigh so")
        return exact.Discrete(loaded.points, loaded.weights)

    def _images(self, source: str, shown: TrainConfig | None) -> Any:
        """Pixels in [0, 1], a row an image; beside a run or faces, images as these are."""
        import torch

        from wganlab import data

        if shown is None:
            pictures = data.images(source)
            return pictures.points(self._rows(source, len(pictures)))
        law = data.image_law(source, shown.size, color=shown.color)
        return law.take(self._rows(source, len(law.whole)), torch.device("cpu"))

    def _rows(self, source: str, n: int) -> Any:
        import numpy as np

        if n <= self.max_points:
            return np.arange(n)
        self.notes.append(
            f"{self.max_points:,} of the {n:,} rows of {source} were drawn: --max-points takes more"
        )
        return np.sort(np.random.default_rng(0).choice(n, self.max_points, replace=False))


def _is_run(source: str) -> bool:
    return os.path.exists(os.path.join(source, "config.json"))


def _is_data_of(source: str, folder: str) -> bool:
    """Was the run trained on that?

    Raises
    ------
    ValueError
        If it was trained on some rows of it, or on more.
    """
    from wganlab import data, learned
    from wganlab.data.files import files_of

    kept = learned.RunFolder(folder)
    own = kept.config().data
    if source == own:
        return True
    at = str(kept.data().get("at", ""))
    files = [os.path.realpath(path) for path in files_of(source)]
    sets = data.is_image_source(source) and source.partition("[")[0] == own.partition("[")[0]
    if sets or (at and os.path.realpath(at) in files):
        raise ValueError(
            f"the run in {folder} was trained on rows of {source}, which are no draws that it has "
            f"not seen: give {folder} alone for its own data, or new ones"
        )
    return False


def _refuse_shared_rows(first: str, second: str) -> None:
    """Rows that are in both would be trained on as one side's, and decide as the other's."""
    from wganlab import data

    if _is_run(first) or _is_run(second) or "faces" in (first, second):  # new ones without end
        return
    images = data.is_image_source(first) and data.is_image_source(second)
    sets = [source.partition("[")[0] for source in (first, second)]
    whole = images and sets[0] == sets[1] and (first in sets or second in sets)
    toys = first.partition(":")[0].replace("-", "_") in data.TOYS
    if whole or (first == second and not toys):
        raise ValueError(
            f"rows of {first} are rows of {second} too, and the two sides of a bracket need draws "
            "of their own: give two files, or two classes of a set"
        )
