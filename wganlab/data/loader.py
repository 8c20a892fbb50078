"""Batches of a set that is too large for the device: read ahead by worker processes.

The rows of a batch depend on the seed and its number alone, so that a run that goes on reads what
it would have read, and each of several processes reads its own part of every batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from wganlab.data.image_tensors import signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.data.image_laws import ImageLaw

AHEAD = 4  # batches that a worker has ready


class Loader:
    """An endless reader of training images.

    Parameters
    ----------
    law : ImageLaw
        Of what is read.
    rows : int64 array, shape (k,)
        Rows of the images to draw from.
    batch : int
        Images of a whole batch.
    seed : int
        Of the rows.
    device : torch.device
        Where the images are wanted; for a GPU they pass through pinned memory.
    workers : int
        Processes that read; 0 reads when a batch is asked for.
    number : int
        Of the first batch.
    part : (rank, processes)
        Which share of every batch is wanted here.
    """

    def __init__(
        self,
        law: ImageLaw,
        rows: NDArray[np.int64],
        batch: int,
        *,
        seed: int,
        device: torch.device,
        workers: int = 0,
        number: int = 0,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.device = device
        self.batches: Iterator[tuple[Tensor, Tensor]] = iter(
            DataLoader(
                _Pixels(law.whole.images, law.whole.labels),
                batch_size=None,
                sampler=_Rows(rows, batch, seed, number, part),
                num_workers=workers,
                pin_memory=device.type == "cuda",
                prefetch_factor=AHEAD if workers else None,
            )
        )

    def __next__(self) -> tuple[Tensor, Tensor]:
        """The next batch, or this process's share of it: float32 in [-1, 1], (n, c, h, w).

        With the classes, int64, shape (n,).
        """
        pixels, labels = (part.to(self.device, non_blocking=True) for part in next(self.batches))
        return signed(pixels), labels


class _Rows(Sampler[Any]):
    """Rows of batch `number`, `number` + 1, ..., without end."""

    def __init__(
        self,
        rows: NDArray[np.int64],
        batch: int,
        seed: int,
        number: int,
        part: tuple[int, int],
    ) -> None:
        self.rows, self.batch, self.seed = rows, batch, seed
        self.number, self.part = number, part

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        rank, processes = self.part
        for number in itertools.count(self.number):
            rng = np.random.default_rng([self.seed, number])
            drawn = self.rows[rng.integers(len(self.rows), size=self.batch)]
            yield np.split(drawn, processes)[rank]


class _Pixels(Dataset[Any]):
    """The set's bytes; a memory-mapped file is opened anew by a worker, not copied to it."""

    def __init__(self, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self.pixels, self.labels = pixels, labels

    def __getitem__(self, rows: Any) -> tuple[Tensor, Tensor]:
        order = np.argsort(rows)  # read in the order of the file
        read = np.empty((len(rows), *self.pixels.shape[1:]), np.uint8)
        read[order] = self.pixels[rows[order]]
        return torch.from_numpy(read), torch.from_numpy(self.labels[rows])

    def __getstate__(self) -> dict[str, Any]:
        pixels = self.pixels
        labels = {"labels": self.labels}
        if not isinstance(pixels, np.memmap):
            return {"pixels": pixels, **labels}
        return {"file": (pixels.filename, pixels.offset, pixels.shape), **labels}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.labels = state["labels"]
        if "file" in state:
            filename, offset, shape = state["file"]
            self.pixels = np.memmap(filename, np.uint8, "r", offset, shape)
        else:
            self.pixels = state["pixels"]
