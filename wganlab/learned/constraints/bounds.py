"""Proven Lipschitz constants of networks.

Of a plain chain it is the product of its layers' norms and activations' slopes; what is no chain is
followed operation by operation (`learned.lipschitz.follow`), parametrizations, residual and
concatenating blocks, pooling and hooks among it. What is proven holds for all inputs, and is loose
where layers do not stretch the same direction (`learned.lipschitz.sdp` is tighter for small
networks); for critics of norm-preserving layers (`norms.Orthonormal`) it is 1, and can be reached.
"""

from __future__ import annotations

import itertools
import math
import operator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.critics.lending import restored
from wganlab.learned.lipschitz.convolutions import convolution_norm
from wganlab.learned.lipschitz.follow import follow
from wganlab.learned.lipschitz.sdp import SECONDS, tight
from wganlab.learned.lipschitz.values import TINY, raised
from wganlab.learned.networks.activations import slope
from wganlab.learned.networks.chain import chain
from wganlab.learned.networks.folds import Fold
from wganlab.learned.networks.standardized import Standardized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def _whole(shape: Any) -> tuple[int, ...]:
    """The shape of one point; ValueError if it is none."""
    try:
        sizes = tuple(operator.index(size) for size in shape)
    except TypeError:
        sizes = (0,)
    if min(sizes, default=1) < 1:
        raise ValueError(
            f"shape = {shape!r}: give the shape of one point, (d,) or (channels, height, width)"
        )
    return sizes


@torch.no_grad()
def singular_values(layer: nn.Linear | nn.Conv2d) -> Tensor:
    """Singular values of a layer's matrix, one row for each output; float64, largest first."""
    return torch.linalg.svdvals(layer.weight.double().flatten(1))


@torch.no_grad()
def layer_norm(layer: nn.Linear | nn.Conv2d | Fold) -> float:
    """A proven Lipschitz constant of a layer, in float64: the spectral norm, if it is linear.

    That of a convolution is bounded for images of any size by `convolution_norm`, and exact where
    patches do not overlap.
    """
    if isinstance(layer, Fold):
        return max(1.0, 2 * layer_norm(layer.planes) ** 2 - 1)
    if not bool(layer.weight.isfinite().all()):
        return math.inf
    if isinstance(layer, nn.Linear):
        return float(singular_values(layer)[0]) if layer.weight.numel() else 0.0
    return convolution_norm(layer.weight, layer.stride, layer.dilation, layer.groups)


def lipschitz_bound(
    module: nn.Module,
    shape: Sequence[int] | None = None,
    *,
    method: str = "product",
    seconds: float = SECONDS,
) -> float:
    """A proven Lipschitz constant, with the Euclidean norm of points; inf where there is no proof.

    Of a plain chain of linear layers, convolutions, folds and known activations (`MLP`,
    `nn.Sequential`) it is the product of their norms and slopes. Any other network is followed,
    operation by operation, for points of the given shape; one operation that nothing is known
    about, layer norm or a choice that depends on the point, and it is inf.

    Parameters
    ----------
    module : nn.Module
        The network, judged in evaluation mode; what is proven is of the function of real numbers
        with the weights that it has.
    shape : sequence of int, optional
        Of one point, (d,) or (channels, height, width). What is no plain chain has no proof
        without.
    method : "product" or "sdp"
        Of a chain: the product, or where activations have bounded slopes on each unit (relu, tanh,
        silu, softplus, ...) the smaller bound LipSDP (`learned.lipschitz.sdp`). It takes 300 steps
        of O(layers width^3): about a second for three layers of 64 units.
    seconds : float
        At most, for the second.

    Raises
    ------
    ValueError
        If there is no such method, or no time for it, or no point of such a shape.

    Examples
    --------
    >>> layer = torch.nn.Linear(2, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 4.0]]))
    >>> round(lipschitz_bound(torch.nn.Sequential(layer)), 6)
    5.0
    >>> round(lipschitz_bound(torch.nn.Sequential(torch.nn.AvgPool2d(2)), (1, 4, 4)), 6)
    0.5
    """
    checks.among(("product", "sdp"), method=method)
    checks.positive(seconds=seconds)
    shape = None if shape is None else _whole(shape)
    if isinstance(module, Standardized):
        shape = tuple(module.shift.shape) if shape is None else shape
        inner = lipschitz_bound(module.network, shape, method=method, seconds=seconds)
        return float(module.gain / module.scale) * inner
    if module.training:  # there a look at a weight that is made changes how it is made
        with restored([module]):
            return lipschitz_bound(module.eval(), shape, method=method, seconds=seconds)
    parts = chain(module)
    if parts is None:
        return math.inf if shape is None else follow(module, shape)
    norms = [
        layer_norm(part) if isinstance(part, nn.Linear | nn.Conv2d | Fold) else slope(part) or 1.0
        for part in parts
    ]
    found = _product(norms)
    sizes = list(itertools.accumulate(norms, operator.mul))
    if method == "sdp" and all(TINY < size < 1 / TINY for size in sizes):
        return min(found, tight(parts, norms, seconds))
    return found


def _product(norms: Sequence[float]) -> float:
    """At least the product: small numbers on the way are not lost."""
    if 0.0 in norms or math.inf in norms:
        return math.inf if math.inf in norms else 0.0
    found = 1.0
    for norm in norms:
        found = raised(found * raised(norm))
    return found
