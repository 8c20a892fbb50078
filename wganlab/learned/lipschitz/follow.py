"""The walk through a network: its own code is run, on a tensor that has slopes in place of numbers.

Whatever the network does is done, its parametrizations, hooks and patches too, and every
operation of torch that meets the input must have a rule; one without a rule is no proof, and so is
a look at the numbers, a change in place of what others share, or a random draw. What holds is for
the function of real numbers: rounding is left out, and so are networks that are no function of
points, since they count their calls or treat large batches in another way.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from wganlab.learned.critics.foreign import dtype_of
from wganlab.learned.critics.lending import baked, lent, undisturbed
from wganlab.learned.lipschitz import linear_maps, mixing, pointwise
from wganlab.learned.lipschitz.blocks import block
from wganlab.learned.lipschitz.values import (
    Base,
    Followed,
    Run,
    UnprovenError,
    each,
    moved,
    rescaled,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

RULES = {**pointwise.RULES, **mixing.RULES, **linear_maps.RULES}
MOVES = {**dict.fromkeys(mixing.VIEWS, True), **dict.fromkeys(mixing.COPIES, False)}
# constants of the shape of the input
MADE = (
    "zeros_like.default", "ones_like.default", "full_like.default", "new_zeros.default",
    "new_ones.default", "new_full.default",
)  # fmt: skip
# what looks at numbers, or sets them, behind torch's back
HIDDEN = ("numpy", "tolist", "storage", "untyped_storage", "data_ptr", "__array__", "__dlpack__")
LARGEST = 10**7  # entries of a point that are followed one by one
BATCHES = (2, 3)  # points in a walk: the proof must not depend on their number
AGREE = 1e-6


def follow(module: nn.Module, shape: Sequence[int]) -> float:
    """A proven Lipschitz constant of a network of points of that shape; inf where there is none.

    Parameters
    ----------
    module : nn.Module
        The network, in any mode; it is judged in evaluation mode.
    shape : sequence of int
        Of one point: (d,), or (channels, height, width).

    Examples
    --------
    >>> class Residual(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x + 0.5 * x.relu().flip(1)
    >>> follow(Residual(), (4,))
    1.5
    """
    if math.prod(shape) > LARGEST:
        return math.inf
    compiled = (torch.jit.ScriptModule, torch.jit.ScriptFunction)
    if any(isinstance(part, compiled) or hasattr(part, "_orig_mod") for part in module.modules()):
        return math.inf
    found = []
    with undisturbed(), torch.no_grad(), lent(baked(module) or module) as network:
        network.eval()
        for part in network.modules():
            known = block(part)
            if known is not None:
                part.forward = known
        for count in BATCHES:
            found.append(_walk(network, (count, *shape)))
            if not found[-1] < math.inf:
                return math.inf
    least, most = min(found), max(found)
    return most if most - least <= AGREE * most else math.inf


def _walk(network: Any, shape: Sequence[int]) -> float:
    run = Run()
    run.dispatch, run.call = _dispatch, _call
    index = torch.arange(math.prod(shape)).reshape(tuple(shape))
    ones = torch.ones(index.shape, dtype=torch.float64)
    weights = [*network.parameters(), *network.buffers()]
    device = weights[0].device if weights else torch.device("cpu")
    like = torch.empty(0, dtype=dtype_of(network), device=device)
    x = Followed(run, Base(1.0, 1.0), index, ones, like)
    drawn = _generators()
    try:
        made = network(x)
        if run.failed or _generators() != drawn:
            return math.inf
        if isinstance(made, Followed):
            whole, entry = total(made), each(made)
            found = min(whole, entry) if made.numel() == shape[0] else whole
            return found if found >= 0 else math.inf
        return 0.0 if isinstance(made, torch.Tensor) else math.inf
    except MemoryError:
        raise
    except Exception:
        return math.inf


def _generators() -> tuple[Any, ...]:
    """The states of global generators, which a random draw changes."""
    numpys = np.random.get_state()  # noqa: NPY002
    return torch.get_rng_state().numpy().tobytes(), str(numpys), random.getstate()


def _call(func: Any, args: Any, kwargs: Any) -> Any:
    """A function of torch before it is taken apart."""
    put = torch.Tensor.data.__set__  # type: ignore[attr-defined]
    if getattr(func, "__name__", "") in HIDDEN or func == put:
        raise UnprovenError("its numbers are looked at")
    if func is functional.pad:
        given = dict(zip(("input", "pad", "mode", "value"), args, strict=False)) | kwargs
        if given.get("mode") == "circular":
            v, pad = given["input"], given["pad"]
            made = moved(v, lambda places: functional.pad(places, pad, mode="circular"), view=False)
            made.mark = ("torus", v.clone())
            return made
    if func is functional.softsign:
        return rescaled(args[0] if args else kwargs["input"], 1.0)
    if func is functional.lp_pool2d:
        return linear_maps.lengths_in_windows(*args, **kwargs)
    return func(*args, **kwargs)


def _dispatch(func: Any, args: Any, kwargs: Any) -> Any:
    """One operation of torch by its rule, or taken apart further."""
    name = str(func).removeprefix("aten.")
    stem, _, overload = name.partition(".")
    if stem.endswith("_") and not stem.startswith("_"):
        return _in_place(func, f"{stem[:-1]}.{overload}", args, kwargs)
    return _ruled(func, name, args, kwargs)


def _ruled(func: Any, name: str, args: Any, kwargs: Any) -> Any:
    if name in RULES:
        return RULES[name](*args, **kwargs)
    if name in MOVES:
        return mixing.mover(func, view=MOVES[name])(*args, **kwargs)
    if name in MADE:
        numbers = torch.zeros(args[0].shape, dtype=args[0].dtype, device=args[0].device)
        return func(numbers, *args[1:], **kwargs)
    made = func.decompose(*args, **kwargs)
    if made is NotImplemented:
        raise UnprovenError(f"there is no rule for {name}")
    return made


def _in_place(func: Any, name: str, args: Any, kwargs: Any) -> Followed:
    """A change in place, of a tensor that no other looks at."""
    v = args[0]
    if not isinstance(v, Followed) or v.family[0] > 1 or name not in RULES:
        raise UnprovenError(f"a change in place, {func}")
    made = RULES[name](*args, **kwargs)
    if made.places.shape != v.places.shape or made.dtype != v.dtype:
        raise UnprovenError(f"a change of shape or type in place, {func}")
    v.base, v.places, v.slope = made.base, made.places, made.slope
    v.label, v.mark = made.label, made.mark
    return v
