"""Moves, sums, sorts, norms, pieces put together: what they do to what is known of a tensor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from wganlab.learned.lipschitz.values import (
    Followed,
    UnprovenError,
    beside,
    each,
    fresh,
    moved,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# operations that only move entries, repeat them or leave some out; and those that make a copy
VIEWS = (
    "view.default", "_unsafe_view.default", "reshape.default", "flatten.using_ints",
    "unflatten.int", "permute.default", "transpose.int", "t.default", "squeeze.default",
    "squeeze.dim", "squeeze.dims", "unsqueeze.default", "expand.default", "select.int",
    "slice.Tensor", "split.Tensor", "split_with_sizes.default", "chunk.default", "unbind.int",
    "narrow.default", "movedim.int", "swapaxes.default", "unfold.default", "diagonal.default",
    "alias.default", "detach.default", "contiguous.default", "lift_fresh.default",
)  # fmt: skip
COPIES = (
    "clone.default", "repeat.default", "flip.default", "roll.default", "pixel_shuffle.default",
    "pixel_unshuffle.default", "channel_shuffle.default", "native_channel_shuffle.default",
    "index_select.default", "tril.default", "triu.default", "reflection_pad1d.default",
    "reflection_pad2d.default", "reflection_pad3d.default", "replication_pad1d.default",
    "replication_pad2d.default", "replication_pad3d.default", "upsample_nearest1d.default",
    "upsample_nearest2d.default", "upsample_nearest3d.default",
)  # fmt: skip


def mover(function: Callable[..., Any], *, view: bool) -> Callable[..., Any]:
    """The rule of an operation that only moves entries, by doing it to their places."""

    def rule(v: Any, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(arg, Followed) for arg in (*args, *kwargs.values())):
            raise UnprovenError("a place that depends on the input")
        kwargs.pop("memory_format", None)
        return moved(v, lambda places: function(places, *args, **kwargs), view=view)

    return rule


def padded(v: Followed, pad: Sequence[int], value: float = 0) -> Any:
    """Constants around it."""
    made = moved(v, lambda places: torch.constant_pad_nd(places, pad, 0), view=False)
    if value != 0:  # its numbers are not those of other constants
        made.label = object()
    return made


def indexed(v: Any, indices: Sequence[Any]) -> Any:
    """v[indices], of constant indices."""
    if not isinstance(v, Followed) or any(isinstance(index, Followed) for index in indices):
        raise UnprovenError("a place that depends on the input")
    index = tuple(slice(None) if one is None else one.cpu() for one in indices)
    return moved(v, lambda places: places[index], view=False)


def copied_to(v: Followed, *args: Any, **kwargs: Any) -> Followed:
    """Of another type or device; of types, only those that count as real numbers."""
    given = [*args, *kwargs.values()]
    dtype = next((one for one in given if isinstance(one, torch.dtype)), v.dtype)
    _unrounded(dtype)
    device = next((one for one in given if isinstance(one, torch.device)), v.device)
    like = torch.empty(0, dtype=dtype, device=device)
    other = Followed(v.run, v.base, v.places, v.slope, like, v.family)
    other.mark = v.mark
    if dtype == v.dtype:
        other.label = v.label
    return other


def _unrounded(dtype: Any) -> None:
    if dtype not in (None, torch.float32, torch.float64):
        raise UnprovenError(f"rounded to {dtype}")


def _reduced(v: Followed, dim: Any, keepdim: bool, divisor: Callable[[float], float]) -> Followed:
    """Sums over axes: of k entries each, sqrt(k) times as steep at most, by Cauchy and Schwarz."""
    dims = list(range(v.dim())) if dim is None or dim == [] else dim
    places = v.slope.sum(dims, keepdim)
    k = v.slope.numel() / max(places.numel(), 1)
    whole, entry = math.sqrt(k) * total(v), k * each(v)
    if len(v.places.unique()) == v.places.numel():  # every entry is of a place of its own
        steepest = float((v.slope**2).sum(dims, keepdim).max().sqrt())
        whole, entry = min(whole, v.base.total * steepest), float(places.max()) * v.base.each
    share = divisor(k)
    found: Followed = fresh(v, places.shape, whole / share, entry / share)
    return found


def summed(v: Followed, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Followed:
    """Sums over axes."""
    _unrounded(dtype)
    return _reduced(v, dim, keepdim, lambda k: 1.0)


def mean(v: Followed, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Followed:
    """Means over axes."""
    _unrounded(dtype)
    found = _reduced(v, dim, keepdim, lambda k: k)
    if keepdim:
        found.mark = ("mean", v.label)
    return found


def _largest(kind: str, *, pair: bool) -> Callable[..., Any]:
    """The largest or smallest along axes; pair: with their places, as torch's max."""

    def rule(v: Followed, dim: Any = None, keepdim: bool = False) -> Any:
        dims = list(range(v.dim())) if dim is None or dim == [] else dim
        shape = v.slope.amax(dims, keepdim).shape
        found = fresh(v, shape, total(v), each(v), factor=1.0)
        dims = [dims] if isinstance(dims, int) else dims
        if len(dims) == 1 and v.shape[dims[0]] == 2:
            found.mark = (kind, v.label, dims[0] % v.dim())
        return (found, unknown(v, shape)) if pair else found

    return rule


def unknown(v: Followed, shape: Sequence[int]) -> Followed:
    """Places of the largest: whole numbers, of which nothing is known."""
    found = fresh(v, shape, math.inf)
    whole = torch.empty(0, dtype=torch.int64, device=v.device)
    return Followed(v.run, found.base, found.places, found.slope, whole)


def ordered(v: Followed, *args: Any, **kwargs: Any) -> Any:
    """Sorted along an axis: by the rearrangement inequality no two come apart by it."""
    return fresh(v, v.shape, total(v), each(v), factor=1.0), unknown(v, v.shape)


def top(v: Followed, k: int, dim: int = -1, *args: Any, **kwargs: Any) -> Any:
    """The k largest along an axis, in their order."""
    in_order = kwargs.get("sorted", args[1] if len(args) > 1 else True)
    if not in_order and k > 1:
        raise UnprovenError("the largest in any order")
    shape = list(v.shape)
    shape[dim] = k
    return fresh(v, shape, total(v), each(v), factor=1.0), unknown(v, shape)


def log_sum_exp(v: Followed, dim: Any, keepdim: bool = False) -> Followed:
    """Its gradient is a softmax: weights that sum to 1."""
    found: Followed = fresh(v, v.slope.sum(dim, keepdim).shape, total(v), each(v))
    return found


def softmax(v: Followed, dim: int, half: bool = False) -> Followed:
    """Jacobian diag(p) - p p', whose rows have absolute sums 2 p (1 - p), at most a half."""
    found: Followed = fresh(v, v.shape, total(v) / 2)
    return found


def vector_norm(
    v: Followed, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Followed:
    """Euclidean lengths along axes."""
    _unrounded(dtype)
    if ord != 2:
        raise UnprovenError(f"a norm of order {ord}")
    dims = list(range(v.dim())) if dim is None or dim == [] else dim
    found: Followed = fresh(v, v.slope.sum(dims, keepdim).shape, total(v))
    return found


def distances(a: Any, b: Any, p: float = 2, mode: Any = None) -> Followed:
    """Euclidean distances of rows to constant ones: each is as steep as its row."""
    v, other = (a, b) if isinstance(a, Followed) else (b, a)
    if p != 2 or isinstance(other, Followed) or v.dim() != 2 or other.dim() != 2:
        raise UnprovenError("distances of another kind")
    found: Followed = fresh(v, (a.shape[0], b.shape[0]), math.sqrt(len(other)) * total(v), total(v))
    return found


def together(parts: Sequence[Any], dim: int = 0) -> Followed:
    """Tensors put side by side: pieces of one base stay so, others add up in squares.

    The larger and the smaller of the same two change together at most as these do.
    """
    v = next(part for part in parts if isinstance(part, Followed))
    followed = [part for part in parts if isinstance(part, Followed)]
    index = torch.cat([_index(part) for part in parts], dim)
    if all(part.base is v.base for part in followed):
        slope = torch.cat([_slope(part) for part in parts], dim)
        return Followed(v.run, v.base, index, slope, v)
    kept: list[Followed] = []
    for part in followed:
        twin = _twin(part.mark)
        if twin is None or all(other.mark != twin for other in kept):
            kept.append(part)
        else:  # both of a pair are counted with the first, which is a tensor of its own
            done = next(other for other in kept if other.mark == twin)
            kept[kept.index(done)] = fresh(done, done.shape, total(done), factor=1.0)
    entry = max(each(part) for part in followed)
    found: Followed = fresh(v, index.shape, beside(kept), entry)
    return found


def _twin(mark: Any) -> Any:
    """Of the larger of two, the mark of the smaller one, and the other way round."""
    if isinstance(mark, tuple) and mark[0] in ("max", "min"):
        return ("min" if mark[0] == "max" else "max", *mark[1:])
    return None


def stacked(parts: Sequence[Any], dim: int = 0) -> Followed:
    """Tensors put side by side along a new axis."""
    wide = [
        moved(part, lambda places: places.unsqueeze(dim))
        if isinstance(part, Followed)
        else part.unsqueeze(dim)
        for part in parts
    ]
    for new, old in zip(wide, parts, strict=True):
        if isinstance(new, Followed):
            new.mark = old.mark
    return together(wide, dim)


def _index(part: Any) -> torch.Tensor:
    if isinstance(part, Followed):
        return part.places
    return torch.zeros(part.shape, dtype=torch.int64)


def _slope(part: Any) -> torch.Tensor:
    if isinstance(part, Followed):
        return part.slope
    return torch.zeros(part.shape, dtype=torch.float64)


RULES: dict[str, Callable[..., Any]] = {
    "constant_pad_nd.default": padded,
    "index.Tensor": indexed,
    "_to_copy.default": copied_to,
    "to.dtype": copied_to,
    "to.device": copied_to,
    "to.dtype_layout": copied_to,
    "sum.default": summed,
    "sum.dim_IntList": summed,
    "mean.default": mean,
    "mean.dim": mean,
    "amax.default": _largest("max", pair=False),
    "amin.default": _largest("min", pair=False),
    "max.dim": _largest("max", pair=True),
    "min.dim": _largest("min", pair=True),
    "sort.default": ordered,
    "sort.stable": ordered,
    "topk.default": top,
    "logsumexp.default": log_sum_exp,
    "_softmax.default": softmax,
    "linalg_vector_norm.default": vector_norm,
    "cdist.default": distances,
    "_cdist_forward.default": distances,
    "cat.default": together,
    "stack.default": stacked,
}
