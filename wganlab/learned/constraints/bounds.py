"""Proven Lipschitz constants of networks: products over the layers of a chain.

What is proven holds for all inputs, and is loose where layers do not stretch the same direction;
for critics of norm-preserving layers (`norms.Orthonormal`) it is 1, and can be reached.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

from wganlab.learned.critics.foreign import restored
from wganlab.learned.networks.activations import slope
from wganlab.learned.networks.chain import chain
from wganlab.learned.networks.folds import Fold
from wganlab.learned.networks.standardized import Standardized

if TYPE_CHECKING:
    from torch import Tensor


@torch.no_grad()
def singular_values(layer: nn.Linear | nn.Conv2d) -> Tensor:
    """Singular values of a layer's matrix, one row for each output; float64, largest first."""
    return torch.linalg.svdvals(layer.weight.double().flatten(1))


@torch.no_grad()
def layer_norm(layer: nn.Linear | nn.Conv2d | Fold) -> float:
    """A proven Lipschitz constant of a layer, in float64: the spectral norm, if it is linear.

    A convolution maps every patch p by one matrix W, and a pixel is in at most m patches: hence
    |y|^2 = sum_p |W x_p|^2 <= |W|^2 sum_p |x_p|^2 <= m |W|^2 |x|^2, exact for m = 1. On an axis of
    stride s, dilation d and k taps, m is ceil(k gcd(s, d) / s), as the taps that reach one pixel
    are s / gcd(s, d) apart. Groups of channels have a matrix each, and the largest norm counts.
    """
    if isinstance(layer, Fold):
        return max(1.0, 2 * layer_norm(layer.planes) ** 2 - 1)
    if isinstance(layer, nn.Linear):
        return float(singular_values(layer)[0])
    patches = 1
    for k, s, d in zip(layer.kernel_size, layer.stride, layer.dilation, strict=True):
        patches *= -(-k * math.gcd(s, d) // s)
    groups = layer.weight.double().unflatten(0, (layer.groups, -1)).flatten(2)
    return float(torch.linalg.matrix_norm(groups, 2).max()) * math.sqrt(patches)


def lipschitz_bound(module: nn.Module) -> float:
    """A proven Lipschitz constant: the product of the layers' norms and the activations' slopes.

    It holds for a plain chain of linear layers, convolutions, folds and known activations (`MLP`,
    `nn.Sequential`); for any other network, layer norm or batch norm among it, there is no proof
    and it is inf.

    Examples
    --------
    >>> layer = torch.nn.Linear(2, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 4.0]]))
    >>> round(lipschitz_bound(torch.nn.Sequential(layer)), 6)
    5.0
    """
    if isinstance(module, Standardized):
        return float(module.gain / module.scale) * lipschitz_bound(module.network)
    if module.training:  # there a look at a weight that is made changes how it is made
        with restored([module]):
            return lipschitz_bound(module.eval())
    parts = chain(module)
    if parts is None:
        return math.inf
    return math.prod(
        layer_norm(part) if isinstance(part, nn.Linear | nn.Conv2d | Fold) else slope(part) or 1.0
        for part in parts
    )
