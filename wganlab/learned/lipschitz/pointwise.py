"""What an operation on each entry does to slopes; sums and choices of two tensors, entry by entry.

The names are those of torch's own operations, into which it takes all functions and methods apart.
"""

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
    past,
    rescaled,
    same_place,
    total,
)
from wganlab.learned.networks.activations import SLOPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

Factor = float | int | torch.Tensor

# the largest slope of each function of one number
STEEPEST: dict[str, float] = {
    "relu": 1.0,
    "abs": 1.0,
    "neg": 1.0,
    "tanh": 1.0,
    "sigmoid": 0.25,
    "sin": 1.0,
    "cos": 1.0,
    "atan": 1.0,
    "asinh": 1.0,
    "erf": 2 / math.sqrt(math.pi),
    "hardsigmoid": 1 / 6,
    "hardswish": 1.5,
    "relu6": 1.0,
    "silu": SLOPES[torch.nn.SiLU],
}


def gelu(v: Followed, *, approximate: str = "none") -> Followed:
    """Its exact form, or that by tanh, which is the steeper one."""
    return rescaled(v, SLOPES[torch.nn.GELU])


def leaky_relu(v: Followed, negative_slope: float = 0.01) -> Followed:
    """x where it is positive, else some part of it."""
    return rescaled(v, max(1.0, abs(negative_slope)))


def prelu(v: Followed, weight: Factor) -> Followed:
    """A leaky relu of learned slopes, broadcast."""
    return rescaled(v, _constant(weight).abs().clamp(min=1.0))


def elu(v: Followed, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Followed:
    """scale x where it is positive, else scale alpha (exp(input_scale x) - 1)."""
    if input_scale <= 0:
        raise UnprovenError("an exponential that grows")
    return rescaled(v, max(abs(scale), abs(scale * alpha * input_scale)))


def celu(v: Followed, alpha: float = 1.0) -> Followed:
    """x where it is positive, else alpha (exp(x / alpha) - 1)."""
    if alpha <= 0:
        raise UnprovenError("an exponential that grows")
    return rescaled(v, 1.0)


def softplus(v: Followed, beta: float = 1, threshold: float = 20) -> Followed:
    """log(1 + exp(beta x)) / beta; beyond the threshold torch jumps to x, by exp(-threshold)."""
    if beta <= 0 or threshold < 20:
        raise UnprovenError("a softplus that jumps")
    return rescaled(v, 1.0)


def clamp(v: Followed, *bounds: Any, **named: Any) -> Followed:
    """Cut off at constants: clamp, hardtanh, and a relu of another place."""
    shape = torch.Size(())
    for bound in (*bounds, *named.values()):
        if bound is not None:
            shape = torch.broadcast_shapes(shape, _constant(bound).shape)
    return rescaled(v, torch.ones(shape))


def softshrink(v: Followed, lambd: float = 0.5) -> Followed:
    """x less lambda in size, not below 0."""
    if lambd < 0:
        raise UnprovenError("a shrinkage that jumps")
    return rescaled(v, 1.0)


def add(a: Any, b: Any, *, alpha: float = 1) -> Followed:
    """a + alpha b."""
    return _sum(a, b, 1.0, alpha)


def subtract(a: Any, b: Any, alpha: float = 1) -> Followed:
    """a - alpha b; what is left of a beside its mean is a projection of it."""
    both = isinstance(a, Followed) and isinstance(b, Followed)
    if both and alpha == 1 and b.mark == ("mean", a.label):
        return fresh(a, a.shape, total(a))
    return _sum(a, b, 1.0, alpha)


def reversed_subtract(a: Any, b: Any, alpha: float = 1) -> Followed:
    """b - alpha a."""
    return _sum(a, b, alpha, 1.0)


def multiply(a: Any, b: Any) -> Followed:
    """a b, where one of them is constant."""
    v, factor = (a, b) if isinstance(a, Followed) else (b, a)
    return rescaled(v, _constant(factor))


def divide(v: Any, by: Any) -> Followed:
    """v / by, where `by` is constant."""
    if not isinstance(v, Followed):
        raise UnprovenError("something divided by what depends on the input")
    return rescaled(v, 1 / _constant(by).double())


def lerp(a: Any, b: Any, weight: Any) -> Followed:
    """(1 - weight) a + weight b, of constant weight."""
    share = _constant(weight).double()
    return _sum(a, b, 1 - share, share)


def where(choice: Any, a: Any, b: Any) -> Followed:
    """One of two, entry by entry, as a constant says."""
    mask = _constant(choice).bool()
    sides = [(a, mask), (b, ~mask)]
    kept = [rescaled(v, side.double()) for v, side in sides if isinstance(v, Followed)]
    shape = torch.broadcast_shapes(*(torch.as_tensor(v).shape if not isinstance(v, Followed)
                                     else v.shape for v in (a, b)), mask.shape)  # fmt: skip
    ones = torch.ones(shape)
    return _sum(rescaled(kept[0], ones), kept[1] if len(kept) > 1 else ones, 1.0, 1.0)


def larger(a: Any, b: Any) -> Followed:
    """The larger of two, entry by entry."""
    return _extreme(a, b, "max")


def smaller(a: Any, b: Any) -> Followed:
    """The smaller of two, entry by entry."""
    return _extreme(a, b, "min")


def hypot(a: Any, b: Any) -> Followed:
    """The root of a^2 + b^2, whose gradient has length 1."""
    return _either(a, b)


def _extreme(a: Any, b: Any, kind: str) -> Followed:
    if not (isinstance(a, Followed) and isinstance(b, Followed)):
        v, bound = (a, b) if isinstance(a, Followed) else (b, a)
        return clamp(v, bound)
    if a.shape == b.shape and same_place(a, b):
        return Followed(a.run, a.base, a.places, torch.maximum(a.slope, b.slope), a)
    found = _either(a, b)
    if a.shape == b.shape:
        found.mark = (kind, frozenset((a.label, b.label)))
    return found


def _either(a: Followed, b: Followed) -> Followed:
    """A function of two entries, whose change is at most that of both as a vector."""
    a, b = _constants_too(a, b), _constants_too(b, a)
    shape = torch.broadcast_shapes(a.shape, b.shape)
    a, b = rescaled(a, torch.ones(shape)), rescaled(b, torch.ones(shape))
    found: Followed = fresh(a, shape, beside([a, b]), math.hypot(each(a), each(b)))
    if a.base is b.base:
        found.base.past = _joint(a, b)
    return found


def _joint(a: Followed, b: Followed) -> Any:
    """The past of a function of two pieces of one base."""
    index = torch.cat([a.places.flatten(), b.places.flatten()])
    slope = torch.cat([a.slope.flatten(), b.slope.flatten()])
    return past(Followed(a.run, a.base, index, slope, a))


def _constants_too(a: Any, other: Any) -> Followed:
    """A constant as something that is followed and never changes."""
    if isinstance(a, Followed):
        return a
    return fresh(other, _constant(a).shape, 0.0)


def _sum(a: Any, b: Any, of_a: Factor, of_b: Factor) -> Followed:
    """of_a a + of_b b."""
    if not isinstance(a, Followed):
        return rescaled(rescaled(b, of_b), torch.ones(_constant(a).shape))
    a = rescaled(a, of_a)
    if not isinstance(b, Followed):
        return rescaled(a, torch.ones(_constant(b).shape))
    b = rescaled(b, of_b)
    shape = torch.broadcast_shapes(a.shape, b.shape)
    a, b = rescaled(a, torch.ones(shape)), rescaled(b, torch.ones(shape))
    if same_place(a, b):
        return Followed(a.run, a.base, a.places, a.slope + b.slope, a)
    whole, entry = total(a) + total(b), each(a) + each(b)
    return fresh(a, shape, whole, entry)


def _constant(value: Any) -> Tensor:
    if isinstance(value, Followed):
        raise UnprovenError("a product, a bound or a choice that depends on the input")
    if isinstance(value, int | float):
        value = torch.tensor(value, dtype=torch.float64)
    if value.is_complex():
        raise UnprovenError("complex numbers")
    return value.detach().cpu()


def _of_slope(slope: float) -> Callable[..., Followed]:
    return lambda v: rescaled(v, slope)


RULES: dict[str, Callable[..., Any]] = {
    **{f"{name}.default": _of_slope(slope) for name, slope in STEEPEST.items()},
    "gelu.default": gelu,
    "leaky_relu.default": leaky_relu,
    "_prelu_kernel.default": prelu,
    "elu.default": elu,
    "celu.default": celu,
    "softplus.default": softplus,
    "softshrink.default": softshrink,
    "hardtanh.default": clamp,
    "clamp.default": clamp,
    "clamp.Tensor": clamp,
    "clamp_min.default": clamp,
    "clamp_min.Tensor": clamp,
    "clamp_max.default": clamp,
    "clamp_max.Tensor": clamp,
    "add.Tensor": add,
    "add.Scalar": add,
    "sub.Tensor": lambda a, b, *, alpha=1: subtract(a, b, alpha),
    "sub.Scalar": subtract,
    "rsub.Tensor": reversed_subtract,
    "rsub.Scalar": reversed_subtract,
    "mul.Tensor": multiply,
    "mul.Scalar": multiply,
    "div.Tensor": divide,
    "div.Scalar": divide,
    "lerp.Scalar": lerp,
    "lerp.Tensor": lerp,
    "where.self": where,
    "maximum.default": larger,
    "minimum.default": smaller,
    "hypot.default": hypot,
}
