"""A set of images with labels, and the words in which it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Color = Literal["auto", "grey", "rgb"]
COLORS: tuple[Color, ...] = ("auto", "grey", "rgb")
SIZE = 64  # of images from files, in pixels, where no other is asked for
SOME = 80  # names that an error lists


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with labels.

    Attributes
    ----------
    name : str
        What `images` calls it.
    images : uint8 array, shape (n, h, w, c)
        Height, width, channels: grey levels or RGB, 0 to 255, in C order; read-only, and a memory
        map for folders and hub sets: rows are read from the disk when they are touched.
    labels : int64 array, shape (n,)
        Indices into `label_names`.
    label_names : tuple of str
        One name a class.
    license : str
        Under which the images may be passed on, "" where that is not known; origins of the
        embedded sets are in archives/NOTICE.md.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    label_names: tuple[str, ...]
    license: str

    def __len__(self) -> int:
        return len(self.images)

    def select(self, label: str | int) -> ImageSet:
        """The images of one class, by its name.

        A class whose images stand in a row, as those of a folder do, is a view: nothing is read.

        Examples
        --------
        >>> from wganlab import data
        >>> len(data.images("mnist10k").select(3))
        1032
        """
        if str(label) not in self.label_names:
            raise ValueError(
                f"{self.name} has no class {str(label)!r}: choose from {some(self.label_names)}"
            )
        rows = np.flatnonzero(self.labels == self.label_names.index(str(label)))
        if not len(rows):
            raise ValueError(f"{self.name} has no images of the class {str(label)!r}")
        in_a_row = rows[-1] - rows[0] == len(rows) - 1
        chosen: Any = slice(rows[0], rows[-1] + 1) if in_a_row else rows
        return replace(
            self,
            name=f"{self.name}[{label}]",
            images=self.images[chosen],
            labels=self.labels[chosen],
        )

    def points(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.float64]:
        """Images as points of R^(height width channels), pixels in [0, 1]: float64, (n, d).

        `rows` chooses some of them, and the others are not read.
        """
        chosen = self.images if rows is None else self.images[rows]
        return chosen.reshape(len(chosen), -1) / 255.0


def some(names: tuple[str, ...]) -> str:
    """Names for an error, not all of them where there are thousands."""
    return ", ".join(names[:SOME]) + (f" ... ({len(names):,})" if len(names) > SOME else "")
