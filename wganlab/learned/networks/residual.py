"""Residual networks for images, as the WGAN-GP authors' code has them.

    good        generator: linear; blocks that double the side; norm, ReLU, conv 3x3, tanh
                critic: conv 3x3; blocks that halve the side; linear; 4 of them at 64 px
    cifar       as many filters everywhere; the critic halves twice, then has two blocks more and
                the mean over all pixels
    bottleneck  101 layers at 64 px: 33 blocks 1x1, 3x3, 1x1 through half as many filters

A block adds to x, or to what a 1x1 convolution makes of it, two convolutions with norms and ReLUs
before them. Sides are halved by means of 2 x 2 pixels, and doubled by repeating pixels, but for
bottleneck: there by strides, and by sub-pixel and transposed convolutions.

References
----------
Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, appendices C and
F, figures 2 and 3, and the authors' code. He et al., "Identity Mappings in Deep Residual Networks",
2016, arXiv 1603.05027.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

from torch import nn

from wganlab.data import checks
from wganlab.learned.networks.dcgan import initialize
from wganlab.learned.networks.few_channels import Conv2d
from wganlab.learned.networks.image_sides import sides, square
from wganlab.learned.networks.labelled import Told, WithClasses
from wganlab.learned.networks.network import NetworkConfig, Norm, linear
from wganlab.learned.networks.residual_blocks import (
    Block,
    Bottleneck,
    First,
    Mean,
    Scaled,
    normed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

Plan = Literal["good", "cifar", "bottleneck"]
MOST = 8  # times the filters next to the image


@dataclass(frozen=True)
class ResNetConfig(NetworkConfig):
    """Residual networks, to be built for square images whose side is a multiple of 4.

    At 64 px in color and with a latent of 128, the good critic with layer norm has 7,491,841
    parameters and the good generator 8,540,483; those of 101 layers 7,618,801 and 9,189,587. With
    128 filters and no norm the critic of cifar has 1,053,825 at 32 px, its generator 1,204,483.

    Examples
    --------
    >>> import torch
    >>> generator = torch.Generator().manual_seed(0)
    >>> critic = ResNetConfig(filters=4, norm="layer").critic_for((3, 32, 32), generator)
    >>> critic(torch.zeros(5, 3, 32, 32)).shape
    torch.Size([5, 1])
    """

    plan: Plan = "good"
    """good, as at 64 px; cifar, as at 32 px; bottleneck, the one of 101 layers."""
    filters: int = 64
    """Filters next to the image, twice as many after every halving, at most 8 times; of cifar
    everywhere, the paper has 128; of bottleneck there are half as many next to the image."""
    norm: Norm = "batch"
    """Normalization in every block: none, layer or batch. The paper has batch in generators, in
    critics layer, and none in those of cifar."""
    halvings: int = 0
    """How often the side is halved; 0 for as often as leaves 4 to 7 px. The side is a multiple of
    4, 8, 16, ... for 2, 3, 4, ... times. The critic of cifar halves it twice."""
    repeat: int = 6
    """Blocks of bottleneck at each side, one fewer at that of the image."""

    def __post_init__(self) -> None:
        checks.among(get_args(Plan), plan=self.plan)
        checks.among(get_args(Norm), norm=self.norm)
        checks.whole(1, filters=self.filters)
        checks.whole(0, halvings=self.halvings)
        checks.whole(1, repeat=self.repeat)
        if self.plan == "bottleneck" and self.filters % 4:
            raise ValueError(
                f"filters = {self.filters}: bottleneck halves them twice, give a multiple of 4"
            )

    def critic_for(self, shape: Sequence[int], generator: torch.Generator) -> nn.Sequential:
        """A critic of images (n, *shape), shape = (channels, side, side)."""
        layers, features = self._trunk(shape, generator)
        return nn.Sequential(*layers, linear(features, 1, "glorot", generator), *self._scaled())

    def labelled_critic_for(
        self, shape: Sequence[int], classes: int, generator: torch.Generator
    ) -> WithClasses:
        """Such a critic, whose last features tell a class too."""
        layers, features = self._trunk(shape, generator)
        value = nn.Sequential(linear(features, 1, "glorot", generator), *self._scaled())
        told = linear(features, classes, "glorot", generator)
        return WithClasses(nn.Sequential(*layers), value, told)

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Sequential:
        """A generator of images (n, *shape) with pixels in [-1, 1], from noise (n, latent)."""
        return nn.Sequential(*self._maker(latent, shape, generator, 0))

    def labelled_generator_for(
        self, latent: int, shape: Sequence[int], classes: int, generator: torch.Generator
    ) -> nn.Module:
        """A generator that is told the class: by batch norm, or where it has none, by its noise."""
        if self.norm != "batch":
            return self.generator_for(latent + classes, shape, generator)
        return Told(classes, *self._maker(latent, shape, generator, classes))

    def _trunk(
        self, shape: Sequence[int], generator: torch.Generator
    ) -> tuple[list[nn.Module], int]:
        """A critic's layers but for its last, and how many features they end with."""
        channels, side = square(shape, type(self).__name__)
        halvings = 2 if self.plan == "cifar" else self.halvings
        left = sides(side, halvings, type(self).__name__)
        widths = self._widths(len(left))
        layers: list[nn.Module]
        if self.plan == "cifar":
            block = partial(Block, norm=self.norm, generator=generator, cifar=True)
            width = self.filters
            layers = [First(channels, width, generator), block(width, width, "down")]
            layers += [block(width, width), block(width, width), nn.ReLU(), Mean()]
            return layers, width
        kernel = 1 if self.plan == "bottleneck" else 3
        layers = [_plain(channels, widths[0], kernel, "glorot", generator)]
        for at, (inputs, outputs) in enumerate(pairwise(widths)):
            layers += self._level(inputs, self.repeat - (at == 0), generator)
            layers.append(self._block(inputs, outputs, "down", generator))
        layers += self._level(widths[-1], self.repeat, generator)
        return [*layers, nn.Flatten()], widths[-1] * left[-1] ** 2

    def _maker(
        self, latent: int, shape: Sequence[int], generator: torch.Generator, classes: int
    ) -> list[nn.Module]:
        """A generator's layers."""
        channels, side = square(shape, type(self).__name__)
        left = sides(side, self.halvings, type(self).__name__)[::-1]
        widths = self._widths(len(left))[::-1]
        layers: list[nn.Module] = [
            linear(latent, widths[0] * left[0] ** 2, "glorot", generator),
            nn.Unflatten(1, (widths[0], left[0], left[0])),
        ]
        for inputs, outputs in pairwise(widths):
            layers += self._level(inputs, self.repeat, generator, classes)
            layers.append(self._block(inputs, outputs, "up", generator, classes))
        layers += self._level(widths[-1], self.repeat - 1, generator, classes)
        if self.plan == "bottleneck":
            last = _plain(widths[-1], channels, 1, "glorot", generator)
            return [*layers, last, *self._scaled(), nn.Tanh()]
        init = "glorot" if self.plan == "cifar" else "gulrajani"
        last = _plain(widths[-1], channels, 3, init, generator)
        return [*layers, *normed(self.norm, widths[-1]), nn.ReLU(), last, nn.Tanh()]

    def _widths(self, count: int) -> list[int]:
        """Filters at the side, and after each halving."""
        if self.plan == "cifar":
            return [self.filters] * count
        if self.plan == "bottleneck":
            return [self.filters // 2 * 2**k for k in range(count)]
        return [self.filters * 2 ** min(k, count - 2) for k in range(count)]

    def _level(
        self, width: int, blocks: int, generator: torch.Generator, classes: int = 0
    ) -> list[nn.Module]:
        """Blocks of bottleneck that keep the side."""
        if self.plan != "bottleneck":
            return []
        return [self._block(width, width, "same", generator, classes) for _ in range(blocks)]

    def _block(
        self, inputs: int, outputs: int, way: Any, generator: torch.Generator, classes: int = 0
    ) -> nn.Module:
        options: dict[str, Any] = {"norm": self.norm, "generator": generator, "classes": classes}
        if self.plan == "bottleneck":
            return Bottleneck(inputs, outputs, way, **options)
        return Block(inputs, outputs, way, cifar=self.plan == "cifar", **options)

    def _scaled(self) -> list[nn.Module]:
        """A fifth of the last layer, of bottleneck."""
        return [Scaled(0.2)] if self.plan == "bottleneck" else []


def _plain(
    inputs: int, outputs: int, kernel: int, init: str, generator: torch.Generator
) -> nn.Module:
    """A convolution with a bias that keeps the side."""
    layer = nn.utils.skip_init(Conv2d, inputs, outputs, kernel, 1, kernel // 2)
    initialize(layer, init, generator)
    return layer
