"""Critics for images whose slope is at most 1 for certain, under the constraint `Orthonormal`.

`FoldConfig` folds the space of all pixels, and came nearest to EM in our trials; `PatchConfig` is
the convolutional one, whose weights do not grow with the image. Both keep the norm of gradients on
their way back, as an orthonormal `MLPConfig` with MaxMin does.

References
----------
Anil, Lucas, Grosse, "Sorting out Lipschitz function approximation", 2019, arXiv 1811.05381. Singla,
Singla, Feizi, "Improved deterministic l2 robustness on CIFAR-10 and CIFAR-100", 2021, arXiv
2108.04062: reflections as activations. Meunier et al., "A Dynamical System Perspective for
Lipschitz Neural Networks", 2022, arXiv 2110.12690: layers x - 2 W' relu(W x + b) / |W|^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.networks.activations import activate, refuse_unsortable
from wganlab.learned.networks.dcgan import initialize
from wganlab.learned.networks.image_sides import square
from wganlab.learned.networks.network import NetworkConfig, linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

PatchActivation = Literal["maxmin", "groupsort", "fullsort", "relu"]


class Fold(nn.Module):
    """Fold space along hyperplanes: x - 2 W' relu(W x + b), of the shape of x.

    With orthonormal rows of W, what lies beyond one of the planes is reflected: an isometry on
    every piece, so the slope is exactly 1. For any W the Jacobian is I - 2 W' D W with D diagonal
    in [0, 1], whose eigenvalues lie in [1 - 2 |W|^2, 1]: the slope is at most
    max(1, 2 |W|^2 - 1), which is 1 wherever |W| is at most 1.

    Examples
    --------
    >>> fold = Fold(torch.nn.Linear(2, 1))
    >>> _ = fold.planes.weight.data.copy_(torch.tensor([[1.0, 0.0]])), fold.planes.bias.data.zero_()
    >>> fold(torch.tensor([[3.0, 5.0], [-3.0, 5.0]])).tolist()
    [[-3.0, 5.0], [-3.0, 5.0]]
    """

    def __init__(self, planes: nn.Linear) -> None:
        super().__init__()
        self.planes = planes

    def forward(self, x: Tensor) -> Tensor:
        """Points (n, d) to (n, d)."""
        return x - 2 * self.planes(x).relu() @ self.planes.weight


@dataclass(frozen=True)
class FoldConfig(NetworkConfig):
    """A critic that folds the space of points or of all pixels, and is linear in what comes out.

    Examples
    --------
    >>> critic = FoldConfig(planes=8).critic_for((1, 32, 32), torch.Generator().manual_seed(0))
    >>> critic(torch.zeros(5, 1, 32, 32)).shape
    torch.Size([5, 1])
    """

    planes: int = 128
    """Hyperplanes of every fold; at most as many as the points have dimensions."""
    folds: int = 2
    """Layers that fold."""

    def __post_init__(self) -> None:
        checks.whole(1, planes=self.planes)
        checks.whole(0, folds=self.folds)

    def critic_for(self, shape: Sequence[int], generator: torch.Generator) -> nn.Sequential:
        """A critic of points (n, *shape)."""
        size = math.prod(shape)
        planes = min(self.planes, size)
        folds = [Fold(linear(size, planes, "he", generator)) for _ in range(self.folds)]
        return nn.Sequential(nn.Flatten(), *folds, linear(size, 1, "he", generator))

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Module:
        """Refused: it is for critics."""
        raise _only_critics(self)


@dataclass(frozen=True)
class PatchConfig(NetworkConfig):
    """A convolutional critic whose patches tile the image, so that its layers can be orthonormal.

    Patches become pixels, of `filters` channels, until one is left; it is for square images whose
    side is a power of two, at least 8 px.

    Examples
    --------
    >>> critic = PatchConfig(filters=8).critic_for((1, 32, 32), torch.Generator().manual_seed(0))
    >>> [tuple(part.weight.shape) for part in critic if hasattr(part, "weight")]
    [(8, 1, 4, 4), (8, 8, 4, 4), (8, 8, 2, 2), (1, 8)]
    """

    filters: int = 128
    """Channels after every layer; at most as many as there are numbers in a patch."""
    kernel: int = 4
    """Side of a patch, a power of two; that of the whole image where this is smaller."""
    depth: int = 0
    """Further layers at every size, which mix the channels of each pixel."""
    activation: PatchActivation = "maxmin"
    """What comes after every layer: a sort, along the channels, or relu, which loses norm."""
    group: int = 4
    """Channels in a group of groupsort."""

    def __post_init__(self) -> None:
        checks.among(get_args(PatchActivation), activation=self.activation)
        checks.whole(1, filters=self.filters)
        checks.whole(2, kernel=self.kernel)
        checks.whole(0, depth=self.depth)
        refuse_unsortable(self.activation, self.group, filters=self.filters)
        if self.kernel & (self.kernel - 1):
            raise ValueError(
                f"kernel = {self.kernel}: patches tile images of 2^k px if their side is a power "
                "of two, as 4"
            )

    def critic_for(self, shape: Sequence[int], generator: torch.Generator) -> nn.Sequential:
        """A critic of images (n, *shape), shape = (channels, side, side)."""
        channels, side = _tiled(shape, type(self).__name__)
        layers: list[nn.Module] = []
        while side > 1:
            kernel = min(self.kernel, side)
            width = min(self.filters, channels * kernel**2)
            refuse_unsortable(self.activation, self.group, filters=width)
            for inputs, k in [(channels, kernel), *[(width, 1)] * self.depth]:
                layer = nn.utils.skip_init(nn.Conv2d, inputs, width, k, k)
                initialize(layer, "he", generator)
                layers += [layer, activate(self.activation, self.group)]
            channels, side = width, side // kernel
        return nn.Sequential(*layers, nn.Flatten(), linear(channels, 1, "he", generator))

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Module:
        """Refused: it is for critics."""
        raise _only_critics(self)


def _tiled(shape: Sequence[int], what: str) -> tuple[int, int]:
    """Channels and side of images that patches can tile; ValueError for others."""
    channels, side = square(shape, what)
    if side & (side - 1):
        near = max(8, 2 ** round(math.log2(side)))
        raise ValueError(
            f"images of {side} x {side} px: {what} tiles them by patches until one is left, which "
            f"works for 8, 16, 32, 64, 128, ... px; resize them, data.images(name, size={near}), "
            f"on the command line --size {near}"
        )
    return channels, side


def _only_critics(config: NetworkConfig) -> ValueError:
    return ValueError(
        f"{type(config).__name__} makes critics: for the generator take MLPConfig() or, of "
        "images, DCGANConfig()"
    )
