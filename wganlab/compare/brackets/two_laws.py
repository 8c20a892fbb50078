"""Two laws, P and Q, as whoever makes a bracket asks for points of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab import exact
from wganlab.compare.brackets.sources import (
    DIMENSIONS,
    Drawn,
    HeldOut,
    Nets,
    OfUniforms,
    Part,
    Rows,
    Source,
    array_of,
    at_most,
    generator_law,
)
from wganlab.data.faces.law import FaceLaw
from wganlab.data.image_laws import ImageLaw
from wganlab.data.imageset import ImageSet
from wganlab.data.toys import Toy
from wganlab.learned.critics import samplers
from wganlab.learned.critics.laws import joint_of, sampler_of
from wganlab.learned.critics.reading import aligned
from wganlab.learned.runs.going import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SHARED = (
    "shared=True sends the same uniform numbers through both laws: give a known pair, or two laws "
    "of as many uniform numbers each, generators of runs or compare.OfUniforms(function, dimension)"
)
ALONE = (
    "fake is missing: give two laws, bracket(real, fake), or a known pair, or a callable "
    "(n, generator) -> (real points, fake points)"
)


@dataclass(frozen=True, eq=False)
class Laws:
    """Two laws, P (real) and Q (fake), and what is assumed of them."""

    real: Source
    fake: Source | None
    """None where `real` draws both."""
    shape: tuple[int, ...]
    """Of a point."""
    pair: exact.known.Pair | None = None
    """Where they are known."""
    shared: bool = False
    """Do the same uniform numbers make the points of both in the exact distances?"""
    runs: bool = False
    """Is one of them the generator of a run?"""

    @property
    def truth(self) -> float | None:
        """W1 of the laws, where it is known."""
        return None if self.pair is None else self.pair.emd

    @property
    def rows(self) -> bool:
        """Is one of them known by rows that the user gave?"""
        return any(type(side) is Rows for side in self.sources)

    @property
    def coupled(self) -> bool:
        """May a point of one depend on that of the other which is drawn with it?"""
        return self.fake is None or self.shared

    @property
    def sources(self) -> tuple[Source, ...]:
        """One, or two."""
        return (self.real,) if self.fake is None else (self.real, self.fake)

    def training(self) -> tuple[Any, Any]:
        """Both as `learned.fit_critic` takes them."""
        if self.pair is not None:
            return self.pair, None
        return self.real.training(), None if self.fake is None else self.fake.training()

    def draw(self, part: Part, n: int, of: int = 1) -> tuple[Array, Array]:
        """n points of each, one of `of` draws that an array must suffice for: (n, ...) each."""
        if self.fake is None:
            x, y = self.real.draw(part, n)
        elif self.shared and part == "upper":
            assert isinstance(self.real, Nets)
            assert isinstance(self.fake, Nets)
            u = self.real.uniforms(part, n)
            x, y = self.real.law(u), self.fake.law(u)
        else:
            x, y = (side.draw(part, at_most(n, side.left(part), of)) for side in self.sources)
        for cloud, name in ((x, "real"), (y, "fake")):
            if cloud.shape[1:] != self.shape:
                raise ValueError(
                    f"{name} gave points of shape {self.shape}, and then of {cloud.shape[1:]}: a "
                    "law lives in one space"
                )
        return x, y

    def again(self, part: Part) -> None:
        """Draw that part from its first rows again, of arrays."""
        for side in self.sources:
            side.again(part)

    def left(self, part: Part) -> float:
        """Points of that part of the law that has fewer; inf where both are drawn."""
        return min(side.left(part) for side in self.sources)

    def assumed(self) -> list[str]:
        """What must be true of them, in words."""
        told = []
        if any(isinstance(side, Drawn) for side in self.sources):
            told.append("points that are drawn are independent draws of their laws")
        if any(isinstance(side, Rows) for side in self.sources):
            told.append("the rows of an array are independent draws of its law")
        if any(isinstance(side, Nets) for side in self.sources):
            told.append("points are scrambled Sobol points sent through the law's own function")
        return told


def laws_of(
    real: Any, fake: Any, *, seed: int, device: torch.device, nets: bool, shared: bool
) -> Laws:
    """Two laws, or a known pair or a sampler of both alone, as sources of points.

    Raises
    ------
    ValueError
        If they are no laws, live in two spaces, or have no uniform numbers to share.
    """
    if shared and not nets:
        raise ValueError(
            'shared=True couples points of both laws, and radius="finite-sample" counts on '
            "independent ones: leave one of them out"
        )
    seeds = np.random.SeedSequence(seed).generate_state(2).tolist()
    pair = real if fake is None and isinstance(real, exact.known.Pair) else None
    if pair is not None:
        sides: tuple[Any, Any] = (
            OfUniforms(lambda u: pair.of_uniforms(u, u[:1])[0], pair.dim),
            OfUniforms(lambda u: pair.of_uniforms(u[:1], u)[1], pair.dim),
        )
    elif fake is None:
        if not callable(real) or isinstance(real, OfUniforms):
            raise ValueError(ALONE)
        ask = joint_of(real, paired=False)
        both = Drawn(real, lambda n, g: _both(ask(n, g), n), seeds[0], device)
        if shared:
            raise ValueError(SHARED)
        return Laws(both, None, both.draw("training", 2)[0].shape[1:])
    else:
        sides = aligned(samplers.plain(_opened(real)), samplers.plain(_opened(fake)))
    made = [
        _source(side, name, own, seed, device, nets)
        for side, name, own in zip(sides, ("real", "fake"), seeds, strict=True)
    ]
    if shared and not (
        all(isinstance(side, Nets) for side in made)
        and made[0].law.dimension == made[1].law.dimension  # type: ignore[attr-defined]
    ):
        raise ValueError(SHARED)
    shapes = [tuple(side.draw("training", 2).shape[1:]) for side in made]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"real points have shape {shapes[0]} and fake ones {shapes[1]}: they must live in one "
            "space"
        )
    return Laws(made[0], made[1], shapes[0], pair, shared, Run in (type(real), type(fake)))


def _opened(law: Any) -> Any:
    """Runs, image sets and laws of images as what points come from."""
    if isinstance(law, exact.known.Pair):
        raise ValueError("a known pair is both laws: give it alone, bracket(pair)")
    if isinstance(law, Run):
        return generator_law(law)
    return law.points() if isinstance(law, ImageSet) else law


def _source(law: Any, name: str, seed: int, split: int, device: torch.device, nets: bool) -> Source:
    if isinstance(law, OfUniforms):
        if nets and law.dimension <= DIMENSIONS:
            return Nets(law, seed)
        return Drawn(law, lambda n, g: array_of(law.sample(n, g), name, n), seed, device)
    if isinstance(law, ImageLaw) and not law.endless:  # a generator has seen the others
        return HeldOut(law, split)
    coordinates = law.uniforms if isinstance(law, Toy | FaceLaw) else None
    if nets and coordinates is not None and coordinates <= DIMENSIONS:
        cube = OfUniforms(lambda u: law.of_uniforms(torch.from_numpy(u)), coordinates)
        return Nets(cube, seed, law)
    if samplers.is_law(law):
        ask = sampler_of(law, name, device)
        return Drawn(law, lambda n, g: array_of(ask(n, g), name, n), seed, device)
    # arrays of one length in one order: rows that belong together stay in one part
    return Rows(array_of(law, name), split)


def _both(drawn: Any, n: int) -> tuple[Array, Array]:
    x, y = (array_of(cloud, name, n) for cloud, name in zip(drawn, ("real", "fake"), strict=True))
    if x.shape != y.shape:
        raise ValueError(f"the sampler gave real points {x.shape} and fake ones {y.shape}")
    return x, y
