"""The law of an image set, to train on: its images, equally likely, as tensors in [-1, 1].

A part of the images is held out, the same for every run, so that a generator can be judged by
images that no step has seen. Pixels stay bytes until a batch is drawn. On the CPU they stay where
they are, in memory or in a memory-mapped file; on a GPU the whole set is kept where it fits, and is
read by worker processes where it does not (`loader`).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator, Tensor

from wganlab.data import checks
from wganlab.data.image_tensors import signed
from wganlab.data.row_parts import some, split_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.data.image_sources import ImageSet

SHARE = 0.1  # of a set that is held out
MOST = 4096  # images that are held out: what an exact distance can take
FILLED = 0.5  # share of a GPU's memory that a set may take


class ImageLaw:
    """Images of a set, equally likely; a tenth of them, at most 4,096, is held out.

    Parameters
    ----------
    whole : ImageSet
        The set.
    held_out : int
        Images to hold out instead, if not 0.

    Raises
    ------
    ValueError
        If that leaves none to train on.

    Examples
    --------
    >>> from wganlab import data
    >>> law = data.image_law("mnist10k", 32)
    >>> law.shape, len(law.rows), len(law.unseen)
    ((1, 32, 32), 9000, 1000)
    >>> law.sample(64, torch.Generator().manual_seed(0)).shape
    torch.Size([64, 1, 32, 32])
    """

    modes = None
    spread = None
    endless = False
    """Are there new images in every batch, beside those of the set?"""

    def __init__(self, whole: ImageSet, *, held_out: int = 0) -> None:
        checks.whole(0, held_out=held_out)
        n = len(whole)
        apart = held_out or min(max(round(SHARE * n), 1), MOST)
        if apart >= n:
            raise ValueError(
                f"{whole.name} has {n:,} images: {apart:,} held out leaves none to train on"
            )
        rows, unseen = split_rows(n, apart)
        self.whole = whole
        self.unseen: NDArray[np.int64] = unseen
        """Rows of the images held out."""
        self.rows: NDArray[np.int64] = rows
        """Rows of the images to train on."""
        height, width, channels = whole.images.shape[1:]
        self.shape = (channels, height, width)
        self._pixels: dict[torch.device, Tensor] = {}
        self._labels: dict[torch.device, Tensor] = {}

    @property
    def name(self) -> str:
        """Of the set."""
        return self.whole.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the set's classes; none where its images are all of one."""
        return self.whole.label_names if len(np.unique(self.whole.labels)) > 1 else ()

    @property
    def dim(self) -> int:
        """Dimension of the space of pixels."""
        return int(np.prod(self.shape))

    def fits(self, device: torch.device) -> bool:
        """Can the whole set be kept where that device finds it at once?"""
        if device.type != "cuda":
            return True
        memory = torch.cuda.get_device_properties(device).total_memory
        return bool(self.whole.images.nbytes <= FILLED * memory)

    def some(self, n: int, seed: int) -> NDArray[np.int64]:
        """Rows of n images to train on, drawn without replacement; of all where n is 0."""
        return some(self.rows, n, seed, f"{self.name} has {len(self.rows):,} images")

    def sample(self, n: int, generator: Generator) -> Tensor:
        """n images to train on, drawn with replacement: float32 in [-1, 1], (n, c, h, w)."""
        checks.whole(1, n=n)
        device = generator.device
        drawn = torch.randint(len(self.rows), (n,), generator=generator, device=device)
        return self.take(self.rows[drawn.cpu().numpy()], device)

    def held_out(self, n: int, device: torch.device) -> Tensor:
        """The first n of the images held out; all of them where there are fewer."""
        return self.take(self.unseen[:n], device)

    def take(self, rows: NDArray[np.int64], device: torch.device) -> Tensor:
        """Those images of the set, wherever it is kept."""
        return signed(torch.from_numpy(self.whole.images[rows]).to(device))

    def pick(self, rows: Tensor) -> Tensor:
        """Those images, from the whole set on the device of `rows`: nothing waits for the host."""
        return signed(self.pixels(rows.device)[rows])

    def labels(self, rows: Tensor) -> Tensor:
        """Classes of those images, on the device of `rows`: int64, shape (n,)."""
        if rows.device not in self._labels:
            self._labels[rows.device] = torch.tensor(self.whole.labels, device=rows.device)
        return self._labels[rows.device][rows]

    def pixels(self, device: torch.device) -> Tensor:
        """The whole set there, bytes (n, h, w, c)."""
        if device not in self._pixels:
            with warnings.catch_warnings():
                # a set is read-only, and nothing here writes to it
                warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
                self._pixels[device] = torch.from_numpy(self.whole.images).to(device)
        return self._pixels[device]
