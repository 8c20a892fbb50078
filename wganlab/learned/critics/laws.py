"""Where the two laws of a critic come from: clouds of points, toys, samplers, known pairs.

A source gives batches (real, fake) of float32 tensors on one device. It knows a known pair by its
method `sample(n, rng, paired=...)` and a toy by `sample(n, generator)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab.data import Toy

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

FRESH = 1000  # points drawn of each law where all of it is asked for
MEASURED = 2000  # points of each cloud to measure on: a certificate takes all their distances


@dataclass(frozen=True)
class Clouds:
    """Two fixed clouds of points."""

    real: Tensor
    fake: Tensor
    paired: bool = False

    def batch(self, n: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """n rows of both, drawn with replacement; all of them where n is 0."""
        if n == 0:
            return self.real, self.fake
        rows = _rows(len(self.real), n, generator)
        others = rows if self.paired else _rows(len(self.fake), n, generator)
        return self.real[rows], self.fake[others]

    def whole(self, generator: Generator) -> tuple[Tensor, Tensor]:
        """What the gap is recorded on: the clouds, or `MEASURED` rows of them, always the same."""
        return _some(self.real), _some(self.fake)

    def hold_out(self, n: int, generator: Generator) -> tuple[Clouds, Clouds]:
        """The clouds without n rows of each, and these rows."""
        if n >= min(len(self.real), len(self.fake)):
            raise ValueError(
                f"held_out = {n} of {len(self.real)} real and {len(self.fake)} fake points leaves "
                "none to train on: hold out fewer"
            )
        order = torch.randperm(len(self.real), generator=generator, device=generator.device)
        other = order
        if not self.paired:
            other = torch.randperm(len(self.fake), generator=generator, device=generator.device)
        kept = Clouds(self.real[order[n:]], self.fake[other[n:]], self.paired)
        return kept, Clouds(self.real[order[:n]], self.fake[other[:n]], self.paired)


@dataclass(frozen=True)
class Stream:
    """Two laws that new points are drawn from in every step."""

    draw: Callable[[int, Generator], tuple[Tensor, Tensor]]

    def batch(self, n: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """n new points of both; `FRESH` where n is 0."""
        return self.draw(n or FRESH, generator)

    def whole(self, generator: Generator) -> tuple[Tensor, Tensor]:
        """What the gap is recorded on: new points."""
        return self.draw(FRESH, generator)

    def hold_out(self, n: int, generator: Generator) -> tuple[Stream, Clouds]:
        """The laws, and n points of each."""
        return self, Clouds(*self.draw(n, generator))


Source = Clouds | Stream


def source(real: Any, fake: Any, *, paired: bool, device: torch.device) -> Source:
    """The source that two laws, or one pair of laws, make.

    Parameters
    ----------
    real, fake
        Each an array or tensor of shape (n, ...) ((n,) for points on the line), a toy, or a
        callable (n, generator) -> points. Or `fake` None, and `real` a known pair, or a callable
        (n, generator) -> (real points, fake points).
    paired : bool
        Row i of real belongs to row i of fake.
    device : torch.device
        Where the points are wanted.

    Raises
    ------
    ValueError
        If the laws have points of different shapes, points that are not finite, or cannot be
        paired.
    """
    if fake is None:
        draw = _joint(real, paired, device)
        return Stream(lambda n, generator: together(*draw(n, generator), paired))
    if _is_pair(real) or _is_pair(fake):
        raise ValueError("a known pair is both laws: give it alone, fit_critic(pair)")
    if not (_is_law(real) or _is_law(fake)):
        x, y = points(real, "real", device), points(fake, "fake", device)
        return Clouds(*together(x, y, paired), paired)
    if paired:
        raise ValueError(
            "two separate samplers have no pairs: give one sampler of pairs, fit_critic(sampler), "
            "a known pair, or two arrays whose rows belong together"
        )
    first, second = _sampler(real, "real", device), _sampler(fake, "fake", device)
    return Stream(lambda n, generator: together(first(n, generator), second(n, generator), paired))


def points(array: Any, name: str, device: torch.device) -> Tensor:
    """An array as float32 on the device, (n,) as (n, 1).

    Raises
    ------
    ValueError
        If there are no points or they are not finite; the first bad row is named.
    """
    if np.ma.is_masked(array):
        raise ValueError(f"{name} has masked entries: drop those rows first")
    if not isinstance(array, torch.Tensor):
        try:
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, refused below
                array = torch.as_tensor(np.array(array, dtype=np.float32))
        except (TypeError, ValueError):
            raise ValueError(
                f"{name} is no array of numbers, and no law to sample from: give points of shape "
                "(n, d), a toy, a known pair, or a callable (n, generator) -> points"
            ) from None
    tensor = array.detach().to(device=device, dtype=torch.float32)
    tensor = tensor[:, None] if tensor.dim() == 1 else tensor
    if tensor.dim() < 2 or tensor.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}: give points of shape (n, d)")
    if math.isfinite(tensor.sum().item()):  # a tenth of what follows, in every step of a sampler
        return tensor
    bad = ~torch.isfinite(tensor).flatten(1).all(dim=1)
    if bad.any():
        row = int(bad.nonzero()[0])
        raise ValueError(
            f"{name} has a value in row {row} that is not finite: remove {int(bad.sum())} such rows"
        )
    return tensor


def together(real: Tensor, fake: Tensor, paired: bool) -> tuple[Tensor, Tensor]:
    """Both as they are.

    Raises
    ------
    ValueError
        If they live in two spaces, or are to be paired and are not as many.
    """
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(
            f"real points have shape {tuple(real.shape[1:])} and fake ones "
            f"{tuple(fake.shape[1:])}: they must live in one space"
        )
    if paired and len(real) != len(fake):
        raise ValueError(
            f"{len(real)} real and {len(fake)} fake points cannot be paired: give as many of both, "
            "row i belonging to row i"
        )
    return real, fake


def _some(cloud: Tensor) -> Tensor:
    if len(cloud) <= MEASURED:
        return cloud
    rows = torch.randperm(len(cloud), generator=torch.Generator().manual_seed(0))[:MEASURED]
    return cloud[rows.to(cloud.device)]


def _rows(size: int, n: int, generator: Generator) -> Tensor:
    return torch.randint(size, (n,), generator=generator, device=generator.device)


def _is_law(law: Any) -> bool:
    return callable(law) or hasattr(law, "sample")


def _is_pair(law: Any) -> bool:
    return hasattr(law, "sample") and hasattr(law, "emd")


def _sampler(law: Any, name: str, device: torch.device) -> Callable[[int, Generator], Tensor]:
    if isinstance(law, Toy):
        return law.sample  # finite float32 already: to look again would make a GPU wait
    if not _is_law(law):
        cloud = points(law, name, device)
        return lambda n, generator: cloud[_rows(len(cloud), n, generator)]
    draw = law.sample if hasattr(law, "sample") else law
    return lambda n, generator: points(draw(n, generator), name, device)


def _joint(
    law: Any, paired: bool, device: torch.device
) -> Callable[[int, Generator], tuple[Tensor, Tensor]]:
    if _is_pair(law):  # NumPy draws
        rngs: dict[Generator, np.random.Generator] = {}  # one for each of torch's, of its seed

        def draw(n: int, generator: Generator) -> tuple[Tensor, Tensor]:
            if generator not in rngs:
                rngs[generator] = np.random.default_rng(generator.initial_seed())
            return _both(law.sample(n, rngs[generator], paired=paired), device)

        return draw
    if not callable(law):
        raise ValueError(
            "fake is missing: give two laws, fit_critic(real, fake), or a known pair, or a "
            "callable (n, generator) -> (real points, fake points)"
        )
    return lambda n, generator: _both(law(n, generator), device)


def _both(drawn: Any, device: torch.device) -> tuple[Tensor, Tensor]:
    if not (isinstance(drawn, tuple | list) and len(drawn) == 2):
        raise ValueError(
            f"the sampler returned a {type(drawn).__name__}: without fake, it must return "
            "(real points, fake points)"
        )
    return points(drawn[0], "real", device), points(drawn[1], "fake", device)
