"""Where the points of a bracket come from, and which of them may see what.

Four things need points, and none may use those of another: the TRAINING of critics, the SELECTION
of one of them, the CERTIFICATION of its gap (the lower side), and the exact distances of the UPPER
side. Of a law that can be sampled new ones are drawn. An array is split once, at random: it holds
independent draws of an unknown law, and each row is used for one of the four.

Of a law whose points are a function of uniform numbers, whole scrambled nets of Sobol are taken in
place of independent points: each point is uniform, so that every mean and every mean of distances
keeps its expectation, and what is spread evenly varies far less (Owen, "Scrambled net variance for
integrals of smooth functions", Ann. Statist. 25, 1997).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from scipy import special
from scipy.stats import qmc

from wganlab.data import checks
from wganlab.data.image_laws import ImageLaw
from wganlab.learned.batch import at_once
from wganlab.learned.critics.reading import read
from wganlab.learned.networks.labelled import one_hot
from wganlab.learned.runs.going import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Generator, Tensor

    Array = NDArray[np.float64]

Part = Literal["training", "selection", "certification", "upper"]
PARTS: tuple[Part, ...] = get_args(Part)
SHARES = dict(zip(PARTS, (0.4, 0.1, 0.25, 0.25), strict=True))  # of an array
UNSEEN = dict(zip(PARTS, (0.0, 0.1, 0.45, 0.45), strict=True))  # of images held out
FEWEST = 80  # points of an array, of which twenty are certified
BITS = 52  # of a coordinate of a net: those of float64
GRID = 2.0 ** -(BITS + 1)  # half a cell, so that none is 0
HEAD, DISTINCT = 64, 8  # points that are compared with those before; of which so many differ
DIMENSIONS = 21_201  # of which SciPy has nets


@dataclass(frozen=True)
class OfUniforms:
    """A law whose points are a function of uniform numbers, for `compare.bracket`.

    Examples
    --------
    >>> from scipy.special import ndtri
    >>> normal = OfUniforms(ndtri, 2)  # N(0, I) in the plane
    >>> normal(np.full((1, 2), 0.5))
    array([[0., 0.]])
    """

    function: Callable[[Array], Any]
    """Of uniform numbers in (0, 1), shape (n, dimension), the points, shape (n, ...)."""
    dimension: int
    """Uniform numbers that a point takes."""

    def __post_init__(self) -> None:
        checks.whole(1, dimension=self.dimension)
        if not callable(self.function):
            raise ValueError(f"function = {self.function!r}: give a function of uniform numbers")

    def __call__(self, u: Array) -> Array:
        """The points, float64."""
        made = read(self.function(u), "what the function of uniform numbers returned")
        if len(made) != len(u):
            raise ValueError(f"the function of uniform numbers made {len(made)} points of {len(u)}")
        return made.double().cpu().numpy()

    def sample(self, n: int, generator: torch.Generator) -> Any:
        """Independent points, as `learned.fit_critic` asks for them."""
        kind = torch.float32 if generator.device.type == "mps" else torch.float64
        size = (n, self.dimension)
        u = torch.rand(size, generator=generator, device=generator.device, dtype=kind)
        return self(u.double().clamp(GRID, 1 - GRID).cpu().numpy())


class Source:
    """One law, or two that are drawn together, as whoever needs points asks for it."""

    def training(self) -> Any:
        """What critics are trained on, as `learned.fit_critic` takes it."""
        raise NotImplementedError

    def draw(self, part: Part, n: int) -> Any:
        """n points of that part, float64, shape (n, ...): new ones, or the next of an array."""
        raise NotImplementedError

    def again(self, part: Part) -> None:
        """Draw that part of an array from its first row again."""

    def left(self, part: Part) -> float:
        """How many there are of that part, in all; inf where they are drawn."""
        return math.inf


class Rows(Source):
    """An array of independent draws, split at random into disjoint parts."""

    def __init__(self, points: Array, seed: int, shares: dict[Part, float] = SHARES) -> None:
        if len(points) < FEWEST:
            raise ValueError(
                f"{len(points)} points are too few to bound the law that they were drawn from: "
                f"give {FEWEST} or more; between the points themselves exact.emd is exact"
            )
        order = np.random.default_rng(seed).permutation(len(points))
        ends = np.rint(np.cumsum([shares[part] for part in PARTS]) * len(order)).astype(int)
        pieces = np.split(points[order], ends[:-1])
        self.parts = dict(zip(PARTS, pieces, strict=True))
        self.used = dict.fromkeys(PARTS, 0)

    def training(self) -> Any:
        """The points to train on, or their law."""
        return self.parts["training"]

    def draw(self, part: Part, n: int) -> Array:
        """The next rows."""
        start, self.used[part] = self.used[part], self.used[part] + n
        assert self.used[part] <= len(self.parts[part])
        return self.parts[part][start : start + n]

    def again(self, part: Part) -> None:
        """From the first row."""
        self.used[part] = 0

    def left(self, part: Part) -> float:
        """Rows of that part."""
        return len(self.parts[part])


class HeldOut(Rows):
    """Images held out decide, all of them; critics are trained on the other images of the set."""

    def __init__(self, law: ImageLaw, seed: int) -> None:
        unseen = law.held_out(len(law.unseen), torch.device("cpu"))
        super().__init__(array_of(unseen, law.name), seed, UNSEEN)
        self.law, self.stream = law, torch.Generator().manual_seed(seed)

    def training(self) -> ImageLaw:
        """The images to train on."""
        return self.law

    def draw(self, part: Part, n: int) -> Array:
        """The next images held out, or any to train on."""
        if part == "training":
            return array_of(self.law.sample(n, self.stream), self.law.name)
        return super().draw(part, n)

    def left(self, part: Part) -> float:
        """Images held out of that part; inf to train on."""
        return math.inf if part == "training" else super().left(part)


class Drawn(Source):
    """What new points are drawn from: a law, or with `both` a sampler of (real, fake)."""

    def __init__(
        self, law: Any, ask: Callable[[int, Generator], Any], seed: int, device: torch.device
    ) -> None:
        self.law, self.ask = law, ask
        seeds = np.random.SeedSequence(seed).generate_state(len(PARTS)).tolist()
        self.streams = {
            part: torch.Generator(device).manual_seed(own)
            for part, own in zip(PARTS, seeds, strict=True)
        }
        self.heads: set[tuple[bytes, ...]] = set()

    def training(self) -> Any:
        """The law itself."""
        return self.law

    def draw(self, part: Part, n: int) -> Any:
        """New points.

        Raises
        ------
        ValueError
            If they were drawn before.
        """
        drawn = self.ask(n, self.streams[part])
        for cloud in drawn if isinstance(drawn, tuple) else (drawn,):
            head = tuple(row.tobytes() for row in cloud[:HEAD])
            if n >= HEAD and len({*head}) > DISTINCT:  # a law of few atoms may repeat them
                if head in self.heads:
                    raise ValueError(
                        "a sampler gave the same points twice, and must draw new ones whenever it "
                        "is asked: let it draw with the generator that it is given, "
                        "(n, generator) -> points, and seed none itself"
                    )
                self.heads.add(head)
        return drawn


class Nets(Source):
    """A law of uniform numbers: a scrambled net of Sobol in every draw."""

    def __init__(self, law: OfUniforms, seed: int, trained_on: Any = None) -> None:
        self.law, self.trained_on = law, law if trained_on is None else trained_on
        seeds = np.random.SeedSequence(seed).spawn(len(PARTS))
        self.streams = dict(zip(PARTS, map(np.random.default_rng, seeds), strict=True))

    def training(self) -> Any:
        """The law itself, as it draws independent points."""
        return self.trained_on

    def draw(self, part: Part, n: int) -> Array:
        """A new net."""
        return self.law(self.uniforms(part, n))

    def uniforms(self, part: Part, n: int) -> Array:
        """n points of a new net of the unit cube, of which each is uniform."""
        engine = qmc.Sobol(self.law.dimension, bits=BITS, rng=self.streams[part])
        return np.asarray(engine.random_base2(math.ceil(math.log2(n)))[:n]) + GRID


def at_most(n: int, left: float, of: int = 1) -> int:
    """n points, or as many as there are for each of so many draws."""
    return n if math.isinf(left) else min(n, max(1, int(left) // of))


def generator_law(run: Run) -> OfUniforms:
    """The law of a run's generator, its normal latent a function of uniform numbers.

    The class that one with labels is told is a function of one number more.
    """
    weight = next(run.generator.parameters())
    k = len(run.classes)

    def generate(u: Array) -> Tensor:
        latent = u[:, :-1] if k else u
        z = torch.from_numpy(special.ndtri(latent)).to(weight.device, weight.dtype)
        if k:
            told = torch.from_numpy(np.minimum(u[:, -1] * k, k - 1).astype(np.int64))
            z = torch.cat([z, one_hot(told.to(weight.device), k).to(weight.dtype)], dim=1)
        with torch.no_grad():
            return torch.cat([run.generator(part) for part in z.split(at_once(z.shape[1:]))])

    return OfUniforms(generate, run.config.latent + bool(k))


def array_of(points: Any, name: str, n: int | None = None) -> Array:
    """Points as they come as float64; ValueError where there are not n of them."""
    made = read(points, name).double().cpu().numpy()
    if n is not None and len(made) != n:
        raise ValueError(f"{name} was asked for {n} points and gave {len(made)}")
    return made
