"""The blocks of residual networks: what is added to x, and how its side is halved or doubled.

The details, which layers have a bias and where the side changes, are those of the WGAN-GP authors'
code. A block that is told classes has batch norm with a scale and a shift for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from torch import nn

from wganlab.learned.networks.dcgan import initialize
from wganlab.learned.networks.few_channels import Conv2d, ConvTranspose2d
from wganlab.learned.networks.labelled import ConditionalBatchNorm

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from wganlab.learned.networks.network import Norm

Way = Literal["down", "same", "up"]


class Block(nn.Module):
    """x, or a 1x1 convolution of it, plus norm, ReLU, conv 3x3, norm, ReLU, conv 3x3.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    way : "down", "same" or "up"
        Is the side halved, kept or doubled?
    norm : str
        "none", "layer" or "batch".
    generator : torch.Generator
        Of the weights, on the CPU.
    classes : int
        That batch norm is told; 0 for none.
    cifar : bool
        As in the code for CIFAR-10: the first convolution has a bias, changes the channels, and on
        the way down the shortcut takes means after its convolution, not before.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        way: Way = "same",
        *,
        norm: Norm,
        generator: torch.Generator,
        classes: int = 0,
        cifar: bool = False,
    ) -> None:
        super().__init__()
        inner = outputs if way == "up" or (cifar and way == "same") else inputs
        self.is_told = bool(classes) and norm == "batch"
        self.norms = nn.ModuleList(
            one for width in (inputs, inner) for one in normed(norm, width, classes)
        )
        self.convolutions = nn.ModuleList(
            [
                convolution(inputs, inner, 3, generator, bias=cifar),
                convolution(inner, outputs, 3, generator),
            ]
        )
        self.before = nn.Upsample(scale_factor=2) if way == "up" else nn.Identity()
        self.after = nn.AvgPool2d(2) if way == "down" else nn.Identity()
        self.shortcut = _shortcut(inputs, outputs, way, generator, mean_first=not cifar)

    def forward(self, x: Tensor, told: Tensor | None = None) -> Tensor:
        """Images (n, inputs, h, w) to (n, outputs, h', w')."""
        first, second = self.convolutions
        inner = first(self.before(self._normed(0, x, told).relu()))
        inner = second(self._normed(1, inner, told).relu())
        added: Tensor = self.shortcut(x) + self.after(inner)
        return added

    def _normed(self, k: int, x: Tensor, told: Tensor | None) -> Tensor:
        if not len(self.norms):
            return x
        result: Tensor = self.norms[k](x, told) if self.is_told else self.norms[k](x)
        return result


class Bottleneck(nn.Module):
    """x, or a 1x1 convolution of it, plus .3 of conv 1x1, 3x3, 1x1 with ReLUs before, and a norm.

    The parameters are those of `Block`. On the way down the side is halved by strides; on the way
    up it is doubled by a transposed convolution, and in the shortcut by pixels out of channels.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        way: Way = "same",
        *,
        norm: Norm,
        generator: torch.Generator,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.is_told = bool(classes) and norm == "batch"
        half = inputs // 2
        middle = convolution(
            half, outputs // 2, 3, generator, stride=1 if way == "same" else 2, up=way == "up"
        )
        self.convolutions = nn.ModuleList(
            [
                convolution(inputs, half, 1, generator),
                middle,
                convolution(outputs // 2, outputs, 1, generator, bias=False),
            ]
        )
        self.norms = nn.ModuleList(normed(norm, outputs, classes))
        self.shortcut: nn.Module = nn.Identity()
        if way == "up":
            spread = convolution(inputs, 4 * outputs, 1, generator, init="glorot")
            self.shortcut = nn.Sequential(spread, nn.PixelShuffle(2))
        elif way == "down" or inputs != outputs:
            stride = 2 if way == "down" else 1
            self.shortcut = convolution(inputs, outputs, 1, generator, init="glorot", stride=stride)

    def forward(self, x: Tensor, told: Tensor | None = None) -> Tensor:
        """Images (n, inputs, h, w) to (n, outputs, h', w')."""
        inner = x
        for layer in self.convolutions:
            inner = layer(inner.relu())
        for norm in self.norms:
            inner = norm(inner, told) if self.is_told else norm(inner)
        added: Tensor = self.shortcut(x) + 0.3 * inner
        return added


class First(nn.Module):
    """The critic's first block for CIFAR-10: conv 3x3, ReLU, conv 3x3, halved, beside a shortcut.

    There is neither norm nor ReLU before the first convolution: it sees the image itself.
    """

    def __init__(self, channels: int, outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            convolution(channels, outputs, 3, generator),
            nn.ReLU(),
            convolution(outputs, outputs, 3, generator),
            nn.AvgPool2d(2),
        )
        self.shortcut = _shortcut(channels, outputs, "down", generator, mean_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, channels, h, w) to (n, outputs, h / 2, w / 2)."""
        added: Tensor = self.shortcut(x) + self.convolutions(x)
        return added


class Mean(nn.Module):
    """The mean over all pixels, for each channel."""

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, c, h, w) to (n, c)."""
        return x.mean((2, 3))


class Scaled(nn.Module):
    """A multiple."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, to the same."""
        return self.factor * x

    def extra_repr(self) -> str:
        """What print shows of it."""
        return f"{self.factor}"


def normed(norm: Norm, channels: int, classes: int = 0) -> list[nn.Module]:
    """The layer of that normalization, if there is to be one."""
    if norm == "none":
        return []
    if norm == "layer":
        return [nn.GroupNorm(1, channels)]  # with a scale for each channel, as `dcgan` has it
    return [ConditionalBatchNorm(channels, classes) if classes else nn.BatchNorm2d(channels)]


def convolution(
    inputs: int,
    outputs: int,
    kernel: int,
    generator: torch.Generator,
    *,
    init: str = "gulrajani",
    bias: bool = True,
    stride: int = 1,
    up: bool = False,
) -> nn.Module:
    """A convolution that keeps the side, or divides it by the stride, or goes up by it."""
    padding = kernel // 2
    if up:
        layer = nn.utils.skip_init(
            ConvTranspose2d, inputs, outputs, kernel, stride, padding, stride - 1, bias=bias
        )
    else:
        layer = nn.utils.skip_init(Conv2d, inputs, outputs, kernel, stride, padding, bias=bias)
    initialize(layer, init, generator)
    return layer


def _shortcut(
    inputs: int, outputs: int, way: Way, generator: torch.Generator, *, mean_first: bool
) -> nn.Module:
    """What x becomes where the sum has another side or other channels; itself where it has not."""
    if way == "same" and inputs == outputs:
        return nn.Identity()
    through = convolution(inputs, outputs, 1, generator, init="glorot")
    if way == "same":
        return through
    if way == "up":
        return nn.Sequential(nn.Upsample(scale_factor=2), through)
    pool = nn.AvgPool2d(2)
    return nn.Sequential(*((pool, through) if mean_first else (through, pool)))
