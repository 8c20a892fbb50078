"""The command `data`: which image sets there are, and what one of them looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from wganlab import writing
from wganlab.names import printed
from wganlab.report import aligned, count, spinner

if TYPE_CHECKING:
    from wganlab.data import ImageSet

LARGEST_SHEET = 1000
CLASSES = 8  # that are named


@dataclass(frozen=True)
class Data:
    """Image sets: `data list` tells which there are, `data show SOURCE` draws one."""

    def run(self) -> None:
        """Nothing of its own: `SUBCOMMANDS` has them."""


@dataclass(frozen=True)
class List:
    """The embedded image sets with their licenses, and how to name your own."""

    def run(self) -> None:
        """Print the two tables."""
        from wganlab import data
        from wganlab.data import cache

        lines = [["name", "images", "size", "color", "classes", "license"]]
        with spinner("loading"):
            sets = [data.images(name) for name in data.EMBEDDED]
        for whole in sets:
            n, height, width, channels = whole.images.shape
            size = "any" if whole.name == "glyphs" else f"{height} x {width}"
            color = "grey" if channels == 1 else "rgb"
            classes = f"{len(whole.label_names)}"
            lines.append([whole.name, f"{n:,}", size, color, classes, whole.license])
        print(_table(lines))
        print("\nyour own:")
        print(aligned([[name, told] for name, told in data.SOURCES.items()], left=2))
        print("\nOne class of any is NAME[CLASS]: 'mnist10k[3]', 'folder:PATH[CLASS]'.")
        print(f"Decoded images are kept in {printed(cache.folder())}")
        print("(the environment variable WGANLAB_CACHE names another folder).")


@dataclass(frozen=True)
class Show:
    """Draw a sheet of images of a set, and tell what is in it.

    SOURCE is faces, mnist10k, emoji, glyphs, folder:PATH, npz:PATH or hub:NAME, or one class of it,
    as in 'glyphs[A]'. The images are drawn at random and stand in the order of their classes.
    """

    source: Annotated[Positional[str], arg(metavar="SOURCE")]
    """The image set."""
    out: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """The sheet, a .png file; in this folder and named after the set unless given."""
    size: int | None = None
    """Side in pixels; the set's own unless given, 64 for folders."""
    color: Literal["auto", "grey", "rgb"] = "auto"
    """Grey, RGB, or as the set is."""
    n: Annotated[int, arg(aliases=["-n"])] = 64
    """Images on the sheet."""
    seed: int = 0
    """Of the draw."""
    overwrite: bool = False
    """Replace the file if there is one."""

    def run(self) -> None:
        """Load the set, write the sheet and print."""
        out, place = self._checked()
        import numpy as np

        from wganlab import data, pictures

        whole = data.images(self.source, self.size, color=self.color)
        n = min(self.n, len(whole))
        rows = np.sort(np.random.default_rng(self.seed).choice(len(whole), n, replace=False))
        rows = rows[np.argsort(whole.labels[rows], kind="stable")]
        shown = replace(whole, images=whole.images[rows], labels=whole.labels[rows])
        title = f"{whole.name}: {n:,} of {count(len(whole), 'image')}, {_shape(whole)}"
        with spinner("drawing"), writing.written(out, **place) as part:
            pictures.draw_images(part, shown, title)
        for line in (
            f"{whole.name}: {count(len(whole), 'image')}, {_shape(whole)}",
            _classes(whole),
            f"license: {whole.license or 'unknown'}",
            f"sheet: {out}, {count(n, 'image')} drawn with seed {self.seed}",
        ):
            print(printed(line))

    def _checked(self) -> tuple[Path, dict[str, Any]]:
        """Where the sheet goes, and how; ValueError if it cannot."""
        if not 1 <= self.n <= LARGEST_SHEET:
            raise ValueError(f"--n {self.n}: expected 1 to {LARGEST_SHEET:,}")
        if self.seed < 0:
            raise ValueError(f"--seed {self.seed}: expected 0 or more")
        if self.size is not None and self.size < 1:
            raise ValueError(f"--size {self.size}: expected 1 or more")
        from wganlab.data.files import files_of

        out = Path(_slug(self.source) + ".png") if self.out is None else self.out
        inputs = files_of(self.source)
        place: dict[str, Any] = {"option": "--out", "overwrite": self.overwrite, "inputs": inputs}
        writing.check(out, suffixes=(".png",), **place)
        return out, place


SUBCOMMANDS = {"list": List, "show": Show}


def _table(lines: list[list[str]]) -> str:
    """Numbers flush right, words flush left."""
    lines = [list(map(printed, line)) for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = (1, 4)
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _shape(whole: ImageSet) -> str:
    _, height, width, channels = whole.images.shape
    return f"{height} x {width} pixels, {'grey' if channels == 1 else 'RGB'}"


def _classes(whole: ImageSet) -> str:
    """`3 classes: a (10), b (9), c (1)`, not all of them where there are many."""
    import numpy as np

    counts = np.bincount(whole.labels, minlength=len(whole.label_names))
    there = [(name, n) for name, n in zip(whole.label_names, counts, strict=True) if n]
    told = ", ".join(f"{name} ({n:,})" for name, n in there[:CLASSES])
    classes = "1 class" if len(there) == 1 else f"{len(there):,} classes"
    return f"{classes}: {told}" + (", ..." if len(there) > CLASSES else "")


def _slug(source: str) -> str:
    """`mnist10k-3` of mnist10k[3], `cats` of folder:/pictures/cats."""
    last = re.split(r"[:/\\]", re.sub(r":\w+=.*", "", source).rstrip("/\\"))[-1]
    last = re.sub(r"\.(npz|npy|parquet)\b", "", last)
    return re.sub(r"[^\w.]+", "-", last).strip("-.")[:100] or "images"
