"""What can be sampled, and how it wants to be asked: duck typing that looks before it quacks.

Data frames and series have a method `sample` too: whatever reads as an array is points. A law is
asked for n points as its signature says, with a generator of torch or of NumPy where it takes one,
and else with the global generators seeded for the call and put back.
"""

from __future__ import annotations

import contextlib
import inspect
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab.learned.critics.foreign import name_of, words_of
from wganlab.learned.critics.lending import undisturbed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Generator

RNGS = ("rng", "random_state", "seed", "rs")  # what parameters for NumPy's generators are called
SHAPES = ("shape", "sample_shape")


def is_array(thing: Any) -> bool:
    """Does it read as points?"""
    known = isinstance(thing, np.ndarray | torch.Tensor | list | tuple | int | float | str)
    return known or any(hasattr(thing, name) for name in ("__array__", "to_numpy", "toarray"))


def is_pair(thing: Any) -> bool:
    """Is it a known pair, both laws in one?"""
    return hasattr(thing, "emd") and hasattr(thing, "sample") and not is_array(thing)


def is_discrete(thing: Any) -> bool:
    """Is it points with weights, as `exact.Discrete` and what `data.load_points` gives?"""
    return hasattr(thing, "points") and hasattr(thing, "weights") and not callable(thing.points)


def is_law(thing: Any) -> bool:
    """Can points be drawn from it?"""
    if is_array(thing):
        return False
    ways = ("rvs", "sample", "resample")
    return is_discrete(thing) or callable(thing) or any(hasattr(thing, way) for way in ways)


def plain(thing: Any) -> Any:
    """The points of a measure of equal weights; anything else as it is."""
    if is_array(thing) or not is_discrete(thing):
        return thing
    weights = None if thing.weights is None else np.asarray(thing.weights, dtype=np.float64)
    equal = weights is None or bool(np.all(weights == weights[0]))
    return thing.points if equal else thing


def sampler(law: Any) -> Callable[[int, Generator], Any]:
    """A function (n, generator) -> n points, of whatever kind the law gives."""
    if is_discrete(law):
        return _weighted(law)
    if hasattr(law, "rvs"):
        # one point alone would lose an axis, and be many points on the line
        return _asking(law.rvs, lambda n: {"size": max(n, 2)}, lambda drawn, n: drawn[:n])
    if hasattr(law, "sample"):
        parameters = _parameters(law.sample)
        if parameters and parameters[0].name in SHAPES:
            first = parameters[0].name
            return _asking(law.sample, lambda n: {first: (n,)})
        return _asking(law.sample)
    if hasattr(law, "resample"):  # a kernel density estimate of SciPy: (d, n)
        return _asking(law.resample, None, lambda drawn, n: np.asarray(drawn).T)
    return _asking(law)


def _asking(
    draw: Callable[..., Any],
    sizes: Callable[[int], dict[str, Any]] | None = None,
    shown: Callable[[Any, int], Any] = lambda drawn, n: drawn,
) -> Callable[[int, Generator], Any]:
    """A function (n, generator) that calls `draw` with what its signature takes."""
    rngs = Rngs()
    parameters = _parameters(draw)
    names = [parameter.name for parameter in parameters or ()]
    rng = next((name for name in names if name in RNGS), None)
    many = parameters is None or sum(map(_by_place, parameters)) > 1
    starred = any(p.kind is p.VAR_POSITIONAL for p in parameters or ())

    def ask(n: int, generator: Generator) -> Any:
        args: list[Any] = [n] if sizes is None else []
        options = {} if sizes is None else sizes(n)
        if rng is not None:
            options[rng] = rngs[generator]
        elif "generator" in names:
            options["generator"] = generator
        elif sizes is None and (many or starred):
            args.append(generator)
        else:
            with _seeded(generator):
                return shown(draw(*args, **options), n)
        return shown(draw(*args, **options), n)

    return ask


def tried(ask: Callable[[int, Generator], Any], law: Any, name: str) -> Any:
    """The sampler, whose first failure is told in one line."""

    def draw(n: int, generator: Generator) -> Any:
        try:
            return ask(n, generator)
        except (MemoryError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            raise ValueError(
                f"{name} cannot be sampled: {name_of(law)} was asked for {n} points, and told "
                f"{type(error).__name__}: {words_of(error)}; give points of shape (n, d), or a "
                "callable (n, generator) -> points"
            ) from error

    return draw


class Rngs(dict[Any, np.random.Generator]):
    """A generator of NumPy for each of torch's, of its seed."""

    def __missing__(self, generator: Generator) -> np.random.Generator:
        self[generator] = np.random.default_rng(generator.initial_seed())
        return self[generator]


def _weighted(law: Any) -> Callable[[int, Generator], Any]:
    points = law.points
    weights = np.asarray(law.weights, dtype=np.float64)
    rngs = Rngs()
    return lambda n, generator: points[rngs[generator].choice(len(weights), n, p=weights)]


def _parameters(draw: Any) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(draw).parameters.values())
    except (TypeError, ValueError):
        return None


def _by_place(parameter: inspect.Parameter) -> bool:
    """Must it be given, and may it be given by its place?"""
    named = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    return named and parameter.default is parameter.empty


@contextlib.contextmanager
def _seeded(generator: Generator) -> Iterator[None]:
    """The global generators, seeded from this one, and put back."""
    bound = 2**32
    seed = int(torch.randint(bound, (), generator=generator, device=generator.device))
    with undisturbed():
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        yield
