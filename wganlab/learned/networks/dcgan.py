"""Networks for images: DCGAN's critic and generator, as the WGAN authors' code has them.

    critic     conv 4x4/2, leaky ReLU; (conv 4x4/2, norm, leaky ReLU) until 4 px; conv 4x4 to 1
    generator  conv' 4x4 from noise, norm, ReLU; (conv' 4x4/2, norm, ReLU); conv' 4x4/2, tanh

conv' is a transposed convolution; none has a bias. The critic's first layer and the generator's
last have no norm. Filters double with every halving of the side, or stay the same.

References
----------
Radford, Metz, Chintala, "Deep Convolutional GANs", 2015, arXiv 1511.06434. Arjovsky et al.,
"Wasserstein GAN", 2017, arXiv 1701.07875, figures 3 to 7, and the authors' code. Gulrajani et al.,
"Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028: layer norm in critics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.networks.activations import Activation, activate, refuse_unsortable
from wganlab.learned.networks.few_channels import Conv2d, ConvTranspose2d
from wganlab.learned.networks.network import NetworkConfig, Norm

if TYPE_CHECKING:
    from collections.abc import Sequence

ConvActivation = Literal["dcgan", Activation]
ConvInit = Literal["normal", "he", "glorot", "torch"]
Growth = Literal["double", "constant"]
SMALLEST = 8  # px: a layer that halves it, and one that sees all of the 4 px left


@dataclass(frozen=True)
class DCGANConfig(NetworkConfig):
    """DCGAN's networks, to be built for square images whose side is a power of two.

    The defaults are those of the WGAN code: at 64 px, in color and with a latent of 100, the critic
    has 2,765,568 parameters and the generator 3,576,704. A critic under a gradient penalty needs
    another norm than batch; the generator of the WGAN paper's figure 6 is
    DCGANConfig(growth="constant", norm="none"), with 302,080.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> critic = DCGANConfig(filters=8).critic_for((3, 32, 32), generator)
    >>> critic(torch.zeros(5, 3, 32, 32)).shape
    torch.Size([5, 1])
    >>> maker = DCGANConfig(filters=8).generator_for(100, (3, 32, 32), generator)
    >>> maker(torch.zeros(5, 100)).shape
    torch.Size([5, 3, 32, 32])
    """

    filters: int = 64
    """Filters of the layer next to the image."""
    growth: Growth = "double"
    """double: twice as many with every halving of the side; constant: as many in all layers."""
    extra: int = 0
    """Layers more, of 3x3 convolutions, at half of the image's side."""
    norm: Norm = "batch"
    """Normalization before every activation but a critic's first: none, layer (over channels and
    pixels of one image, with a scale and a shift for each channel) or batch."""
    activation: ConvActivation = "dcgan"
    """dcgan: leaky ReLU of slope .2 in critics and ReLU in generators; or one of `MLPConfig`'s for
    both, sorts along the channels."""
    group: int = 4
    """Channels in a group of groupsort."""
    init: ConvInit = "normal"
    """Weights at the start: normal N(0, .02), with batch norm's scales from N(1, .02); he or glorot
    (uniform) of the weights that a pixel meets; torch (its default)."""

    def __post_init__(self) -> None:
        checks.among(get_args(ConvActivation), activation=self.activation)
        checks.among(get_args(ConvInit), init=self.init)
        checks.among(get_args(Norm), norm=self.norm)
        checks.among(get_args(Growth), growth=self.growth)
        checks.whole(1, filters=self.filters)
        checks.whole(0, extra=self.extra)
        refuse_unsortable(self.activation, self.group, filters=self.filters)

    def critic_for(self, shape: Sequence[int], generator: torch.Generator) -> nn.Sequential:
        """A critic of images (n, *shape), shape = (channels, side, side)."""
        channels, side = image(shape, type(self).__name__)
        widths = self._widths(side)
        layers = [self._conv(channels, widths[0], generator), self._activate("leaky_relu")]
        for _ in range(self.extra):
            conv = self._conv(widths[0], widths[0], generator, kernel=3, stride=1)
            layers += [conv, *self._normed(widths[0], generator), self._activate("leaky_relu")]
        for inputs, outputs in pairwise(widths):  # halves the side
            conv = self._conv(inputs, outputs, generator)
            layers += [conv, *self._normed(outputs, generator), self._activate("leaky_relu")]
        head = self._conv(widths[-1], 1, generator, stride=1, padding=0)
        return nn.Sequential(*layers, head, nn.Flatten())  # (n, 1, 1, 1) to (n, 1)

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Sequential:
        """A generator of images (n, *shape) with pixels in [-1, 1], from noise (n, latent)."""
        channels, side = image(shape, type(self).__name__)
        widths = self._widths(side)[::-1]
        first = self._conv(latent, widths[0], generator, stride=1, padding=0, up=True)
        layers: list[nn.Module] = [nn.Unflatten(1, (latent, 1, 1)), first]
        layers += [*self._normed(widths[0], generator), self._activate("relu")]
        for inputs, outputs in pairwise(widths):  # doubles the side
            conv = self._conv(inputs, outputs, generator, up=True)
            layers += [conv, *self._normed(outputs, generator), self._activate("relu")]
        for _ in range(self.extra):
            conv = self._conv(widths[-1], widths[-1], generator, kernel=3, stride=1)
            layers += [conv, *self._normed(widths[-1], generator), self._activate("relu")]
        last = self._conv(widths[-1], channels, generator, up=True)
        return nn.Sequential(*layers, last, nn.Tanh())

    def _widths(self, side: int) -> list[int]:
        """Filters at side / 2, ..., 4 px."""
        factor = 2 if self.growth == "double" else 1
        return [self.filters * factor**k for k in range(int(math.log2(side)) - 2)]

    def _activate(self, usual: str) -> nn.Module:
        return activate(usual if self.activation == "dcgan" else self.activation, self.group)

    def _conv(
        self,
        inputs: int,
        outputs: int,
        generator: torch.Generator,
        *,
        kernel: int = 4,
        stride: int = 2,
        padding: int = 1,
        up: bool = False,
    ) -> nn.Module:
        layer = nn.utils.skip_init(  # draws nothing from torch's global seed
            ConvTranspose2d if up else Conv2d,
            *(inputs, outputs, kernel, stride, padding),
            bias=False,
        )
        initialize(layer, self.init, generator)
        return layer

    def _normed(self, channels: int, generator: torch.Generator) -> list[nn.Module]:
        if self.norm == "none":
            return []
        if self.norm == "layer":
            # over (c, h, w) with one scale a channel, as the WGAN-GP code; nn.LayerNorm([c, h, w])
            # has one a pixel, which makes a critic see where in the image it is
            return [nn.GroupNorm(1, channels)]
        layer = nn.BatchNorm2d(channels)
        if self.init == "normal":
            with torch.no_grad():
                layer.weight.normal_(1.0, 0.02, generator=generator)
        return [layer]


@torch.no_grad()
def initialize(
    layer: nn.Conv2d | nn.ConvTranspose2d, init: str, generator: torch.Generator
) -> None:
    """Draw a convolution's weights from `generator`, as `DCGANConfig.init` describes it."""
    weight, taps = layer.weight, math.prod(layer.kernel_size)
    if layer.bias is not None:
        layer.bias.zero_()
    if init == "normal":
        weight.normal_(0.0, 0.02, generator=generator)
        return
    # on one side of a convolution a pixel meets a share 1 / stride^2 of the taps; or a single one,
    # where there is but one pixel on the other side
    met = taps / math.prod(layer.stride) if any(layer.padding) else 1
    up = isinstance(layer, nn.ConvTranspose2d)
    fan_in = layer.in_channels * (met if up else taps)
    fan_out = layer.out_channels * (taps if up else met)
    variance = {
        "he": 2 / fan_in,
        "glorot": 2 / (fan_in + fan_out),
        "torch": 1 / (3 * weight.shape[1] * taps),  # of a transposed one, torch counts outputs
    }[init]
    bound = math.sqrt(3 * variance)
    weight.uniform_(-bound, bound, generator=generator)


def image(shape: Sequence[int], what: str) -> tuple[int, int]:
    """Channels and side of images of that shape.

    Raises
    ------
    ValueError
        If they are no images, not square, or their side is no power of two of at least 8.
    """
    if len(shape) != 3:
        raise ValueError(
            f"{what} is for images, shape (channels, height, width), and these points have shape "
            f"{tuple(shape)}: take MLPConfig(), or reshape them"
        )
    channels, height, width = shape
    if height == width and height >= SMALLEST and not height & (height - 1):
        return channels, height
    near = max(SMALLEST, 2 ** round(math.log2(max(height, width, 1))))
    raise ValueError(
        f"images of {height} x {width} px: {what} halves the side until little is left, which "
        f"works for 8, 16, 32, 64, 128, ... px; resize them, data.images(name, size={near}), on "
        f"the command line --size {near}"
    )
