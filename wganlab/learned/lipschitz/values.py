"""What is known of a value inside a network: how much it can change when the input changes.

A `Followed` tensor has a shape and no numbers. Of its entries v_j it is known that

    |dv_j| <= slope_j |db_place_j|,   |db| <= total |dx|,   |db_i| <= each |dx|,

where b is a tensor computed before it, its base, x is the network's input, a whole batch as one
vector, and d is the difference between any two inputs. So pieces of one tensor are remembered as
pieces: what is cut apart and put together again is not counted twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


ANCESTORS = 12  # tensors before another that it remembers
TINY = 1e-100  # what is smaller, and not 0, counts as that much: a product of three is no 0


class UnprovenError(Exception):
    """An operation about which nothing is certain."""


@dataclass(eq=False)
class Base:
    """A tensor that others are pieces of; compared by identity."""

    total: float
    """Its Lipschitz constant as a map of the input, both with their Euclidean norms."""
    each: float
    """The largest Lipschitz constant of any single entry, at most `total`."""
    past: tuple[tuple[Base, Tensor], ...] = ()
    """Tensors a before it, with weights w of their entries: |db|^2 <= sum_i w_i |da_i|^2."""


@dataclass(eq=False)
class Run:
    """One walk through a network; what failed cannot be undone by an `except` of the network."""

    failed: str = ""
    dispatch: Callable[..., Any] | None = None
    call: Callable[..., Any] | None = None
    norms: dict[Any, float] = field(default_factory=dict)

    def fail(self, why: str) -> UnprovenError:
        """What to raise; it is remembered."""
        self.failed = self.failed or why
        return UnprovenError(why)


class Followed(torch.Tensor):
    """A tensor without numbers, of which slopes are known; see the module."""

    run: Run
    base: Base
    places: Tensor
    slope: Tensor
    label: Any
    mark: Any
    family: list[int]

    @staticmethod
    def __new__(
        cls,
        run: Run,
        base: Base,
        index: Tensor,
        slope: Tensor,
        like: Tensor,
        family: list[int] | None = None,
    ) -> Followed:
        """Entries `slope` times those of the base at `index`, of one shape; type as `like`."""
        made: Followed = torch.Tensor._make_wrapper_subclass(
            cls, index.shape, dtype=like.dtype, device=like.device
        )
        made.run, made.base, made.places, made.slope, made.mark = run, base, index, slope, None
        made.label = object()  # of its numbers: equal labels, equal numbers
        made.family = [0] if family is None else family  # of views, which share what is in them
        made.family[0] += 1
        return made

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        run = first(args, kwargs).run
        try:
            with torch._C.DisableTorchFunctionSubclass():
                assert run.call is not None
                return run.call(func, args, kwargs or {})
        except Exception as error:
            run.fail(str(error))
            raise

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        run = first(args, kwargs).run
        try:
            assert run.dispatch is not None
            return run.dispatch(func, args, kwargs or {})
        except Exception as error:
            run.fail(str(error))
            raise

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        self.run.fail("its numbers are printed")
        return f"Followed(shape={tuple(self.places.shape)})"


def first(args: Any, kwargs: Any = None) -> Followed:
    """The first followed tensor among arguments, lists of them looked into."""
    for value in (*args, *(kwargs or {}).values()):
        if isinstance(value, Followed):
            return value
        if isinstance(value, list | tuple):
            inner = [part for part in value if isinstance(part, Followed)]
            if inner:
                return inner[0]
    raise UnprovenError("nothing is followed")


def raised(size: float) -> float:
    """At least `TINY`, if it is not 0: a bound from above that no product loses."""
    return max(size, TINY) if size > 0 else size


def squares(v: Followed) -> Tensor:
    """Weights w of the entries of its base: |dv|^2 <= sum_i w_i |db_i|^2."""
    size = int(v.places.max()) + 1 if v.places.numel() else 1
    return torch.bincount(v.places.flatten(), v.slope.flatten() ** 2, minlength=size)


def total(v: Followed) -> float:
    """Lipschitz constant of the whole: entries of one place of the base add up in squares."""
    return v.base.total * float(squares(v).max().sqrt())


def each(v: Followed) -> float:
    """The largest Lipschitz constant of an entry; also at most that of the whole."""
    return v.base.each * float(v.slope.max()) if v.slope.numel() else 0.0


def past(v: Followed, factor: float = 1.0) -> tuple[tuple[Base, Tensor], ...]:
    """Weights of the entries of all tensors before it, for what is `factor` times as steep."""
    own = squares(v)
    largest = float(own.max())
    before = [(a, factor**2 * largest * w) for a, w in v.base.past]
    told = [(v.base, factor**2 * own), *before]
    kept = [(a, w) for a, w in told if not bool(((w > 0) & (w < TINY)).any())]
    return tuple(kept[:ANCESTORS]) if raised(factor) == factor else ()


def fresh(
    like: Followed,
    shape: Sequence[int],
    whole: float,
    entry: float | None = None,
    *,
    factor: float | None = None,
) -> Any:
    """A new tensor of that shape, whose Lipschitz constant as a whole and of an entry are known.

    `factor` is given where it is that many times as steep as `like`, and depends on it alone.
    """
    shape = tuple(int(size) for size in shape)
    entry = whole if entry is None else min(entry, whole)
    whole, entry = raised(whole), raised(entry)
    index = torch.arange(torch.Size(shape).numel()).reshape(shape)
    base = Base(whole, entry, () if factor is None else past(like, factor))
    return Followed(like.run, base, index, torch.ones(shape, dtype=torch.float64), like)


def beside(parts: Sequence[Followed]) -> float:
    """Lipschitz constant of all of them as one vector: the best that a common past proves."""
    proven = [math.hypot(*(total(part) for part in parts))]
    pasts = [dict(past(part)) for part in parts]
    for base in pasts[0]:
        if all(base in weights for weights in pasts):
            size = max(len(weights[base]) for weights in pasts)
            added = torch.zeros(size, dtype=torch.float64)
            for weights in pasts:
                added[: len(weights[base])] += weights[base]
            proven.append(base.total * float(added.max().sqrt()))
    return min(proven)


def rescaled(v: Followed, slope: float | Tensor) -> Followed:
    """Every entry through a function of that slope, or of its own slope in a broadcast tensor."""
    factors = torch.as_tensor(slope, dtype=torch.float64).detach().cpu().abs()
    if not factors.isfinite().all():
        raise UnprovenError("a factor is not finite")
    shape = torch.broadcast_shapes(v.places.shape, factors.shape)
    index, old = v.places.expand(shape), v.slope.expand(shape)
    new = torch.where((old > 0) & (factors > 0), (old * factors).clamp(min=TINY), old * factors)
    return Followed(v.run, v.base, index, new, v)


def moved(v: Followed, move: Callable[[Tensor], Any], *, view: bool = True) -> Any:
    """What a function does that only moves entries, repeats them, drops them or puts in zeros.

    It is asked where each entry goes: the entries are numbered from 1, and 0 is a constant.
    """
    numbers = torch.arange(1, v.places.numel() + 1, dtype=torch.float64).reshape(v.places.shape)
    gone = move(numbers)
    if isinstance(gone, list | tuple):
        return type(gone)(_placed(v, one, view) for one in gone)
    return _placed(v, gone, view)


def _placed(v: Followed, numbers: Tensor, view: bool) -> Followed:
    places = numbers.long()
    at = (places - 1).clamp(min=0)
    slope = torch.where(places == 0, 0.0, v.slope.reshape(-1)[at])
    family = v.family if view else None
    made = Followed(v.run, v.base, v.places.reshape(-1)[at], slope, v, family)
    made.label = (v.label, tuple(places.shape), places.numpy().tobytes())
    return made


def same_place(a: Followed, b: Followed) -> bool:
    """Is every entry of both of one place of one base?"""
    return a.base is b.base and a.places.shape == b.places.shape and torch.equal(a.places, b.places)
