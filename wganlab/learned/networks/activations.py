"""Activations, the sorts that keep slope among them, and the largest slope of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

Activation = Literal[
    "relu", "leaky_relu", "tanh", "silu", "softplus", "gated", "maxmin", "groupsort", "fullsort",
    "none",
]  # fmt: skip


class MaxMin(nn.Module):
    """Sort the units in pairs: (max(u, v), min(u, v)); a permutation, so its slope is exactly 1.

    Unlike ReLU it keeps the norm of gradients on their way back, which is what lets a network of
    orthonormal layers reach slope 1 wherever it bends (Anil, Lucas, Grosse 2019, "OPLU" and
    "MaxMin"; GroupSort with groups of two).

    Examples
    --------
    >>> MaxMin()(torch.tensor([[1.0, 2.0, 5.0, 0.0]]))
    tensor([[5., 2., 1., 0.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, width, ...), width even, to the same shape; channels of an image are units."""
        if x.shape[1] % 2:  # torch would broadcast one unit against two
            raise ValueError(f"{x.shape[1]} units cannot be sorted in pairs: make the width even")
        u, v = x.chunk(2, dim=1)
        # weights 0 and 1 are exact; maximum and minimum take three times as long, mostly backward
        u_is_larger = (u > v).to(x.dtype)
        return torch.cat([torch.lerp(v, u, u_is_larger), torch.lerp(u, v, u_is_larger)], dim=1)


class GroupSort(nn.Module):
    """Sort the units in groups of `size`, or all of them where size is 0 (full sort).

    Examples
    --------
    >>> GroupSort(0)(torch.tensor([[1.0, 2.0, 5.0, 0.0]]))
    tensor([[0., 1., 2., 5.]])
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, width, ...), width a multiple of size, to the same shape."""
        groups = x.unflatten(1, (-1, self.size or x.shape[1]))  # (n, groups, size, ...)
        return groups.sort(dim=2).values.flatten(1, 2)

    def extra_repr(self) -> str:
        """What print shows of it."""
        return f"size={self.size}"


class Gated(nn.Module):
    """Units in pairs (u, v), neighbors, become sigmoid(u) tanh(v): half as many come out.

    The multiplicative units of gated PixelCNN, which the WGAN-GP paper has in one of the networks
    of its figure 2. With s = sigmoid(u) the squared length of the gradient is s^2 times
    (1 - s)^2 tanh(v)^2 + (1 - tanh(v)^2)^2, at most 1: convex in tanh(v)^2, and so largest at an
    end of it.

    Examples
    --------
    >>> Gated()(torch.tensor([[0.0, 100.0, 100.0, 0.0]]))
    tensor([[0.5000, 0.0000]])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, 2 width, ...) to (n, width, ...); channels of an image are units."""
        return x[:, ::2].sigmoid() * x[:, 1::2].tanh()


# Largest slope of each activation. That of SiLU is at z = 2.3994, that of GELU near sqrt 2, where
# the approximation by tanh is the steeper one.
SLOPES: dict[type[nn.Module], float] = {
    nn.Identity: 1.0,
    nn.Flatten: 1.0,
    nn.Unflatten: 1.0,
    nn.PixelUnshuffle: 1.0,  # space to depth
    nn.PixelShuffle: 1.0,
    nn.Dropout: 1.0,  # a critic is judged in evaluation mode, where dropout is the identity
    nn.ReLU: 1.0,
    nn.ReLU6: 1.0,
    nn.Tanh: 1.0,
    nn.Hardtanh: 1.0,
    nn.Softplus: 1.0,
    nn.Softsign: 1.0,
    nn.Sigmoid: 0.25,
    nn.SiLU: 1.0998393202,
    nn.GELU: 1.1289930687,
    Gated: 1.0,
    MaxMin: 1.0,
    GroupSort: 1.0,
}


def slope(module: nn.Module) -> float | None:
    """Largest slope of a layer, whatever its weights are; None where it is not known."""
    if type(module) is nn.LeakyReLU:
        return max(1.0, abs(module.negative_slope))
    if type(module) is nn.ELU:
        return max(1.0, abs(module.alpha))
    if type(module) is nn.Softplus and not (module.beta > 0 and module.threshold >= 20):
        return None  # it jumps
    return SLOPES.get(type(module))


def activate(name: str, group: int = 4) -> nn.Module:
    """One layer of the activation of that name; groupsort sorts groups of `group` units."""
    layers: dict[str, Callable[[], nn.Module]] = {
        "relu": nn.ReLU,
        "leaky_relu": lambda: nn.LeakyReLU(0.2),
        "tanh": nn.Tanh,
        "silu": nn.SiLU,
        "softplus": nn.Softplus,
        "gated": Gated,
        "maxmin": MaxMin,
        "groupsort": lambda: GroupSort(group),
        "fullsort": lambda: GroupSort(0),
        "none": nn.Identity,
    }
    return layers[name]()


def takes(activation: str, units: int) -> int:
    """Units that the activation needs to give so many: twice as many, where they are gated."""
    return 2 * units if activation == "gated" else units


def refuse_unsortable(activation: str, group: int, **units: int) -> None:
    """ValueError where units are no whole number of the groups that a sort needs."""
    size = {"maxmin": 2, "groupsort": group}.get(activation, 1)
    for name, number in units.items():
        if size < 1 or number % size:
            raise ValueError(
                f"{name} = {number}: {activation} sorts groups of {size} units, make the "
                f"{name} a multiple of it"
            )
