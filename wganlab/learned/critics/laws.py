"""Where the two laws of a critic come from: clouds of points, frames, toys, samplers, known pairs.

A source gives batches (real, fake) of float32 tensors on one device. Whatever reads as an array is
points, also where it has a method `sample`, as data frames have. Of the rest, what has `rvs` is a
frozen law of SciPy, a `torch.distributions` law is sampled by shape, `points` with `weights` are a
discrete measure, and others `sample(n, generator)` or are called so; see `samplers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from wganlab.data import Toy
from wganlab.data.units import Unit, unit_of, warn_of_lost
from wganlab.learned.critics import samplers
from wganlab.learned.critics.reading import aligned, read, refuse_infinite

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

NAMES = ("real", "fake")
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
    """The source that two laws, or one pair of laws, make, in the unit in which they come.

    Parameters
    ----------
    real, fake
        Each an array, tensor or data frame of shape (n, ...) ((n,) for points on the line), or a
        law that can be sampled: a toy, a frozen law of SciPy, a distribution of torch, a discrete
        measure, or a callable (n, generator) -> points. Or `fake` None, and `real` a known pair,
        or a callable (n, generator) -> (real points, fake points).
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
    return _Laws(real, fake, paired, device).source(None)


def standardized(
    real: Any, fake: Any, *, paired: bool, device: torch.device, unit: Unit | None = None
) -> tuple[Source, Unit | None]:
    """As `source`, in a unit where the points are of ordinary size; None where they are so."""
    laws = _Laws(real, fake, paired, device)
    unit = laws.unit() if unit is None else unit
    return laws.source(unit), unit


class _Laws:
    """Both laws as they come: two clouds, or what draws both."""

    def __init__(self, real: Any, fake: Any, paired: bool, device: torch.device) -> None:
        self.paired, self.device = paired, device
        self.clouds: tuple[Tensor, Tensor] | None = None
        self.fine = (False, False)  # is what is drawn finite, and on the device already?
        if fake is None:
            self.draw = joint_of(real, paired)
            return
        if samplers.is_pair(real) or samplers.is_pair(fake):
            raise ValueError("a known pair is both laws: give it alone, fit_critic(pair)")
        real, fake = aligned(samplers.plain(real), samplers.plain(fake))
        if not (samplers.is_law(real) or samplers.is_law(fake)):
            self.clouds = together(read(real, "real"), read(fake, "fake"), paired)
            return
        if paired:
            raise ValueError(
                "two separate samplers have no pairs: give one sampler of pairs, "
                "fit_critic(sampler), a known pair, or two arrays whose rows belong together"
            )
        self.fine = _is_fine(real), _is_fine(fake)
        first, second = sampler_of(real, "real", device), sampler_of(fake, "fake", device)
        self.draw = lambda n, generator: (first(n, generator), second(n, generator))

    def unit(self) -> Unit | None:
        """What standardizes them, by a look at the clouds or at a sample of its own."""
        if self.clouds is not None:
            return unit_of(*self.clouds)
        real, fake = self.draw(FRESH, torch.Generator(self.device).manual_seed(0))
        return unit_of(*together(read(real, "real"), read(fake, "fake"), self.paired))

    def source(self, unit: Unit | None) -> Source:
        """In that unit."""
        if self.clouds is not None:
            parts = []
            for cloud, name in zip(self.clouds, NAMES, strict=True):
                parts.append(_into(cloud, name, self.device, unit))
                warn_of_lost(cloud, parts[-1], name)
            return Clouds(parts[0], parts[1], self.paired)

        def draw(n: int, generator: Generator) -> tuple[Tensor, Tensor]:
            both = []
            for drawn, name, fine in zip(self.draw(n, generator), NAMES, self.fine, strict=True):
                if fine:  # to look at it again would make a GPU wait
                    both.append(drawn.float() if unit is None else unit.of(drawn))
                else:
                    both.append(points(drawn, name, self.device, unit))
            return together(both[0], both[1], self.paired)

        return Stream(draw)


def points(array: Any, name: str, device: torch.device, unit: Unit | None = None) -> Tensor:
    """An array as float32 on the device, (n,) as (n, 1); in the unit, where there is one.

    Raises
    ------
    ValueError
        If there are no points, or they are no real numbers, or not finite; the first bad row is
        named.
    """
    return _into(read(array, name), name, device, unit)


def _into(tensor: Tensor, name: str, device: torch.device, unit: Unit | None) -> Tensor:
    """A copy as float32 on the device, in the unit."""
    if unit is not None:
        return unit.of(tensor).to(device)
    single = tensor.to(device=device, dtype=torch.float32, copy=True)
    if tensor.dtype != torch.float32:
        refuse_infinite(single, name)
    return single


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


def _is_fine(law: Any) -> bool:
    return isinstance(law, Toy) or not samplers.is_law(law)


def sampler_of(law: Any, name: str, device: torch.device) -> Callable[[int, Generator], Any]:
    """A function (n, generator) -> n points, of one law or array, as they come."""
    if isinstance(law, Toy):
        return law.sample
    if samplers.is_law(law):
        return samplers.tried(samplers.sampler(law), law, name)
    cloud = read(law, name)
    # Apple's GPUs have no float64
    cloud = cloud.to(device, torch.float32 if device.type == "mps" else None, copy=True)
    return lambda n, generator: cloud[_rows(len(cloud), n, generator)]


def joint_of(law: Any, paired: bool) -> Callable[[int, Generator], Any]:
    """A function (n, generator) -> (real points, fake points), of a known pair or a sampler."""
    if samplers.is_pair(law):  # NumPy draws
        rngs = samplers.Rngs()
        return lambda n, generator: _both(law.sample(n, rngs[generator], paired=paired))
    if not callable(law):
        raise ValueError(
            "fake is missing: give two laws, fit_critic(real, fake), or a known pair, or a "
            "callable (n, generator) -> (real points, fake points)"
        )
    draw = samplers.tried(samplers.sampler(law), law, "the sampler of both laws")
    return lambda n, generator: _both(draw(n, generator))


def _both(drawn: Any) -> Any:
    if not (isinstance(drawn, tuple | list) and len(drawn) == 2):
        raise ValueError(
            f"the sampler returned a {type(drawn).__name__}: without fake, it must return "
            "(real points, fake points)"
        )
    return drawn
