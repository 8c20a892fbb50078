"""Layers that are steeper operation by operation than they are: found by their names.

Their classes are never imported. What is told of each is proven here, of the mathematical function
that the named class of `deel-torchlip` 1.0.5 or `orthogonium` 0.0.4 computes.

- A Householder activation maps pairs (u, v) by the identity on one side of a line through 0, by
  the reflection at that line on the other, and by further reflections and rotations that agree
  where two sectors meet: continuous, an isometry on each, so of slope 1. orthogonium divides
  by sqrt 2.
- (relu(u), relu(-u)) has one of its two slopes 1 and the other 0, wherever it bends.
- x - 2 A' D A x with D diagonal in [0, 1] has eigenvalues in [1 - 2 |A|^2, 1]: the slope is at
  most max(1, 2 |A|^2 - 1) (Meunier et al. 2022; Araujo et al. 2023, whose A is scaled to norm 1).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.utils import parametrize

from wganlab.learned.lipschitz.convolutions import convolution_norm
from wganlab.learned.lipschitz.linear_maps import spectral
from wganlab.learned.lipschitz.pointwise import hypot
from wganlab.learned.lipschitz.values import Followed, UnprovenError, fresh, rescaled, total
from wganlab.learned.networks.activations import slope
from wganlab.learned.networks.folds import Fold

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

TORCHLIP = "deel.torchlip.modules."
ORTHOGONIUM = "orthogonium.layers."
STEEPER = 1.001  # than it should be: what is rounded


def block(module: nn.Module) -> Callable[[Any], Any] | None:
    """What stands for the forward of a layer that is known by name; None for all others."""
    kind = type(module)
    if parametrize.is_parametrized(module):  # which made a class for it
        kind = kind.__mro__[1]
    if "forward" in vars(module):
        return None
    if kind.__module__.startswith("wganlab.") and (kind is Fold or slope(module) is not None):
        return _instead(module, _fold if kind is Fold else _sort)
    name = f"{kind.__module__}.{kind.__qualname__}"
    rule = NAMED.get(name)
    if rule is None and name == f"{ORTHOGONIUM}residual.L2NormResidual":
        return lambda x: _root_of_squares(module, x)
    return None if rule is None else _instead(module, rule)


def _instead(module: Any, rule: Callable[[Any, Followed], float]) -> Callable[..., Any]:
    original = type(module).forward

    def forward(x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Followed):
            return original(module, x, *args, **kwargs)
        if args or kwargs:
            raise x.run.fail("further arguments")
        try:
            factor = rule(module, x)
        except UnprovenError as error:
            raise x.run.fail(str(error)) from error
        shape = _tried(module, original, x, factor)
        return fresh(x, shape, factor * total(x), factor=factor)

    return forward


def _tried(module: Any, original: Callable[..., Tensor], x: Followed, factor: float) -> Any:
    """The output's shape; no proof where it is steeper: another class may have that name."""
    source = torch.Generator().manual_seed(0)
    points = torch.randn((2, *x.shape), generator=source).to(x.device, x.dtype)
    made = [original(module, one) for one in points]
    apart, before = (made[1] - made[0]).norm(), (points[1] - points[0]).norm()
    if not apart <= STEEPER * factor * before:
        raise x.run.fail(f"{type(module).__name__} is not the layer of that name")
    return made[0].shape


def _sort(module: Any, x: Followed) -> float:
    """Our own sorts and distances, of which `activations.slope` knows the slope."""
    found = slope(module)
    assert found is not None
    return found


def _fold(module: Any, x: Followed) -> float:
    """`folds.Fold`."""
    return _reflected(spectral(module.planes.weight.double().cpu()))


def _reflected(norm: float) -> float:
    return max(1.0, 2 * norm**2 - 1)


def _householder(module: Any, x: Followed) -> float:
    """Pairs of channels of images, turned by one angle each."""
    theta = next(module.parameters())
    fits = theta.numel() * 2 == x.shape[1] and getattr(module, "axis", 1) == 1
    if not fits or (type(module).__module__.startswith(ORTHOGONIUM) and x.dim() != 4):
        raise UnprovenError("a Householder activation along another axis")
    return 1.0


def _halved(module: Any, x: Followed) -> float:
    return _householder(module, x) / math.sqrt(2)


def _both_signs(module: Any, x: Followed) -> float:
    return abs(float(module._coefficient_lip))


def _huber(module: Any, x: Followed) -> float:
    """d (sqrt(1 + (z / d)^2) - 1): slope below 1."""
    return 1.0


def _sdp_dense(module: Any, x: Followed) -> float:
    """x - 2 W' T relu(W x + b), T = diag t: A = sqrt(T) W."""
    t = module.compute_t().double()
    if not bool((t >= 0).all()):
        raise UnprovenError("a negative scale")
    return _reflected(spectral((t.sqrt()[:, None] * module.weight.double()).cpu()))


def _sdp_convolution(module: Any, x: Followed) -> float:
    """x - 2 K' relu(K x + b) for a convolution K whose padding keeps the size."""
    kernel: Tensor = module.kernel
    if any(k != 2 * module.padding + 1 for k in kernel.shape[2:]):
        raise UnprovenError("a padding that moves the image")
    axes = [1] * (kernel.dim() - 2)
    return _reflected(convolution_norm(kernel, axes, axes, module.groups, list(x.shape[2:])))


def _aoc_block(module: Any, x: Followed) -> float:
    """x - 2 K' relu(K x + b), of an orthogonal convolution without padding and its transpose."""
    if module.padding_mode == "circular" and module.padding != 0:
        raise UnprovenError("a padding that moves the image")
    axes = [1, 1]
    kernel = module.in_conv.weight
    return _reflected(convolution_norm(kernel, axes, axes, module.groups, list(x.shape[2:])))


def _root_of_squares(module: Any, x: Any) -> Any:
    """sqrt(x^2 / 2 + g(x)^2 / 2 + eps): like hypot, whose gradient has length 1 at most."""
    if not isinstance(x, Followed):
        return type(module).forward(module, x)
    half = math.sqrt(0.5)
    return hypot(rescaled(x, half), rescaled(module.fn(x), half))


NAMED: dict[str, Callable[[Any, Followed], float]] = {
    f"{TORCHLIP}activation.MaxMin": _both_signs,
    f"{TORCHLIP}activation.HouseHolder": _householder,
    f"{ORTHOGONIUM}custom_activations.HouseHolder": _halved,
    f"{ORTHOGONIUM}custom_activations.HouseHolder_Order_2": _halved,
    f"{ORTHOGONIUM}custom_activations.SoftHuber": _huber,
    f"{ORTHOGONIUM}conv.SLL.sll_layer.SDPBasedLipschitzDense": _sdp_dense,
    f"{ORTHOGONIUM}conv.SLL.sll_layer.SDPBasedLipschitzResBlock": _sdp_convolution,
    f"{ORTHOGONIUM}conv.SLL.sll_layer.AOCLipschitzResBlock": _aoc_block,
}
