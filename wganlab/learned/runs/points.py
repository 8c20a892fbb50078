"""Where a run's real points come from, if not from its law itself: a fixed set, or a reader.

References
----------
Theis, van den Oord, Bethge, "A note on the evaluation of generative models", 2016, arXiv
1511.01844, section 3.1: noise of a level on pixels. The WGAN-GP paper's code for CIFAR-10 adds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import torch

from wganlab.data.image_laws import ImageLaw
from wganlab.data.image_tensors import LEVEL
from wganlab.data.loader import Loader
from wganlab.data.set_laws import SetLaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

WORKERS = 2  # processes that read images where none are asked for and memory does not hold them


Source: TypeAlias = "Callable[[int, Generator], Tensor]"
"""What draws n real points, shape (n, ...)."""


@dataclass(frozen=True, eq=False)
class Fixed:
    """Rows of the points that are all there is."""

    points: Tensor
    """The points, shape (k, dim); or, with a law of a set, their rows in it, shape (k,)."""
    law: SetLaw | None = None

    def sample(self, n: int, draws: Generator) -> Tensor:
        """n of them, with replacement."""
        chosen = self._chosen(n, draws)
        return chosen if self.law is None else self.law.pick(chosen)

    def labelled(self, n: int, draws: Generator) -> tuple[Tensor, Tensor]:
        """The same images, with their classes."""
        assert isinstance(self.law, ImageLaw)
        chosen = self._chosen(n, draws)
        return self.law.pick(chosen), self.law.labels(chosen)

    def _chosen(self, n: int, draws: Generator) -> Tensor:
        drawn = torch.randint(len(self.points), (n,), generator=draws, device=self.points.device)
        return self.points[drawn]


@dataclass(frozen=True, eq=False)
class Dequantized:
    """Images of a source, each pixel somewhere within its grey level."""

    source: Source
    labelled: Callable[[int, Generator], tuple[Tensor, Tensor]] | None = None

    def sample(self, n: int, draws: Generator) -> Tensor:
        """n images, with uniform noise of one grey level about 0."""
        return self._spread(self.source(n, draws), draws)

    def with_classes(self, n: int, draws: Generator) -> tuple[Tensor, Tensor]:
        """The same, with their classes."""
        assert self.labelled is not None
        images, classes = self.labelled(n, draws)
        return self._spread(images, draws), classes

    def _spread(self, images: Tensor, draws: Generator) -> Tensor:
        noise = torch.rand(images.shape, generator=draws, device=images.device)
        return images + (noise - 0.5) * LEVEL


@dataclass(eq=False)
class Reader:
    """Images that worker processes read ahead; which ones is a function of a seed and `number`."""

    law: ImageLaw
    points: Tensor
    """Rows in the set, shape (k,)."""
    batch: int
    seed: int
    device: torch.device
    workers: int
    part: tuple[int, int]
    """Of several processes the number of this one, and how many there are."""
    number: int = 0
    """Batches read so far."""
    loader: Loader | None = None

    def sample(self, n: int, draws: Generator) -> Tensor:
        """The next batch, or this process's part of it."""
        return self.labelled(n, draws)[0]

    def labelled(self, n: int, draws: Generator) -> tuple[Tensor, Tensor]:
        """The same, with their classes."""
        if self.loader is None:
            self.loader = Loader(
                self.law,
                self.points.numpy(),
                self.batch,
                seed=self.seed,
                device=self.device,
                workers=self.workers or WORKERS,
                number=self.number,
                part=self.part,
            )
        self.number += 1
        return next(self.loader)

    def go_on(self, number: int) -> None:
        """From that batch on."""
        self.number, self.loader = number, None
