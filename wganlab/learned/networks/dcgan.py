"""Networks for images: DCGAN's critic and generator, as the WGAN and WGAN-GP codes have them.

    critic     conv 4x4/2, leaky ReLU; (conv 4x4/2, norm, leaky ReLU) until 4 px; conv 4x4 to 1
    generator  conv' 4x4 from noise, norm, ReLU; (conv' 4x4/2, norm, ReLU); conv' 4x4/2, tanh

conv' is a transposed convolution; in the WGAN code none has a bias. The critic's first layer and
the generator's last have no norm. Filters double with every halving of the side, or stay the same.
In the WGAN-GP code kernels are 5x5, every layer has a bias, and the layer from the noise and the
one to the value are linear: DCGANConfig(kernel=5, bias=True, ends="linear"). (There TensorFlow pads
an image by 1 and 2 pixels, where torch has 2 and 2.)

References
----------
Radford, Metz, Chintala, "Deep Convolutional GANs", 2015, arXiv 1511.06434. Arjovsky et al.,
"Wasserstein GAN", 2017, arXiv 1701.07875, figures 3 to 7, and the authors' code. Gulrajani et al.,
"Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, and the authors' code: layer norm
in critics, gated units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.networks.activations import Activation, activate, refuse_unsortable, takes
from wganlab.learned.networks.few_channels import Conv2d, ConvTranspose2d
from wganlab.learned.networks.image_sides import sides, square
from wganlab.learned.networks.labelled import ConditionalBatchNorm, Told, WithClasses
from wganlab.learned.networks.network import NetworkConfig, Norm, linear

if TYPE_CHECKING:
    from collections.abc import Sequence

ConvActivation = Literal["dcgan", Activation]
ConvInit = Literal["normal", "he", "glorot", "gulrajani", "torch"]
Growth = Literal["double", "constant"]
Ends = Literal["convolution", "linear"]


@dataclass(frozen=True)
class DCGANConfig(NetworkConfig):
    """DCGAN's networks, to be built for square images whose side is a multiple of 4.

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
    >>> maker = DCGANConfig(filters=8, kernel=5).generator_for(100, (1, 28, 28), generator)
    >>> maker(torch.zeros(5, 100)).shape
    torch.Size([5, 1, 28, 28])
    """

    filters: int = 64
    """Filters of the layer next to the image."""
    growth: Growth = "double"
    """double: twice as many with every halving of the side; constant: as many in all layers."""
    kernel: int = 4
    """Side of the convolutions that halve or double the image: 4, or 5 as in the WGAN-GP code."""
    halvings: int = 0
    """How often the side is halved; 0 for as often as leaves 4 to 7 px. The side is a multiple of
    4, 8, 16, ... for 2, 3, 4, ... times; with an odd kernel an odd side can be halved, upward."""
    extra: int = 0
    """Layers more, of 3x3 convolutions, at half of the image's side."""
    bias: bool = False
    """Does every layer have a bias?"""
    ends: Ends = "convolution"
    """The layer from the noise, and the one to the critic's value: convolutions as large as the
    image is there, or linear."""
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
    (uniform) of the weights that a pixel meets; gulrajani (of the WGAN-GP code: twice the variance
    of glorot in convolutions, glorot in linear layers); torch (its default)."""

    def __post_init__(self) -> None:
        checks.among(get_args(ConvActivation), activation=self.activation)
        checks.among(get_args(ConvInit), init=self.init)
        checks.among(get_args(Norm), norm=self.norm)
        checks.among(get_args(Growth), growth=self.growth)
        checks.among(get_args(Ends), ends=self.ends)
        checks.whole(1, filters=self.filters)
        checks.whole(2, kernel=self.kernel)
        checks.whole(0, extra=self.extra, halvings=self.halvings)
        checks.flag(bias=self.bias)
        refuse_unsortable(self.activation, self.group, filters=self.filters)

    def critic_for(self, shape: Sequence[int], generator: torch.Generator) -> nn.Sequential:
        """A critic of images (n, *shape), shape = (channels, side, side)."""
        layers, width, left = self._trunk(shape, generator)
        if self.ends == "linear":
            return nn.Sequential(*layers, nn.Flatten(), self._linear(width * left**2, 1, generator))
        head = self._conv(width, 1, generator, kernel=left, stride=1, padding=0)
        return nn.Sequential(*layers, head, nn.Flatten())  # (n, 1, 1, 1) to (n, 1)

    def labelled_critic_for(
        self, shape: Sequence[int], classes: int, generator: torch.Generator
    ) -> WithClasses:
        """Such a critic, whose last features tell a class too; both ends are linear."""
        layers, width, left = self._trunk(shape, generator)
        value, told = (
            self._linear(width * left**2, outputs, generator) for outputs in (1, classes)
        )
        return WithClasses(nn.Sequential(*layers, nn.Flatten()), value, told)

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Sequential:
        """A generator of images (n, *shape) with pixels in [-1, 1], from noise (n, latent)."""
        return nn.Sequential(*self._maker(latent, shape, generator))

    def labelled_generator_for(
        self, latent: int, shape: Sequence[int], classes: int, generator: torch.Generator
    ) -> nn.Module:
        """A generator that is told the class: by batch norm, or where it has none, by its noise."""
        if self.norm != "batch":
            return self.generator_for(latent + classes, shape, generator)
        return Told(classes, *self._maker(latent, shape, generator, classes))

    def _trunk(
        self, shape: Sequence[int], generator: torch.Generator
    ) -> tuple[list[nn.Module], int, int]:
        """A critic's layers but for its last; the channels and the side that they end with."""
        channels, side = square(shape, type(self).__name__)
        widths, left = self._sizes(side)
        layers = [self._wide(channels, widths[0], generator), self._activate("leaky_relu")]
        for _ in range(self.extra):
            conv = self._wide(widths[0], widths[0], generator, kernel=3, stride=1, padding=1)
            layers += [conv, *self._normed(widths[0], generator), self._activate("leaky_relu")]
        for inputs, outputs in pairwise(widths):  # halves the side
            conv = self._wide(inputs, outputs, generator)
            layers += [conv, *self._normed(outputs, generator), self._activate("leaky_relu")]
        return layers, widths[-1], left[-1]

    def _maker(
        self, latent: int, shape: Sequence[int], generator: torch.Generator, classes: int = 0
    ) -> list[nn.Module]:
        """A generator's layers."""
        channels, side = square(shape, type(self).__name__)
        widths, left = (sizes[::-1] for sizes in self._sizes(side))
        layers = self._first(latent, widths[0], left[0], generator)
        layers += [*self._normed(widths[0], generator, classes), self._activate("relu")]
        for k, (inputs, outputs) in enumerate(pairwise(widths)):  # doubles the side
            conv = self._wide(inputs, outputs, generator, up=left[k : k + 2])
            layers += [conv, *self._normed(outputs, generator, classes), self._activate("relu")]
        for _ in range(self.extra):
            conv = self._wide(widths[-1], widths[-1], generator, kernel=3, stride=1, padding=1)
            layers += [conv, *self._normed(widths[-1], generator, classes), self._activate("relu")]
        last = self._conv(widths[-1], channels, generator, up=left[-2:])
        return [*layers, last, nn.Tanh()]

    def _first(
        self, latent: int, width: int, side: int, generator: torch.Generator
    ) -> list[nn.Module]:
        """From the noise to the smallest image."""
        width = takes(self.activation, width)
        if self.ends == "linear":
            dense = self._linear(latent, width * side**2, generator)
            return [dense, nn.Unflatten(1, (width, side, side))]
        options: dict[str, Any] = {"kernel": side, "stride": 1, "padding": 0, "up": [1, side]}
        return [nn.Unflatten(1, (latent, 1, 1)), self._conv(latent, width, generator, **options)]

    def _sizes(self, side: int) -> tuple[list[int], list[int]]:
        """Filters at side / 2, side / 4, ..., and the side with all that is left of it."""
        left = sides(side, self.halvings, type(self).__name__, odd=bool(self.kernel % 2))
        factor = 2 if self.growth == "double" else 1
        return [self.filters * factor**k for k in range(len(left) - 1)], left

    def _activate(self, usual: str) -> nn.Module:
        return activate(usual if self.activation == "dcgan" else self.activation, self.group)

    def _wide(
        self, inputs: int, outputs: int, generator: torch.Generator, **options: Any
    ) -> nn.Module:
        """A convolution before an activation that leaves so many channels."""
        return self._conv(inputs, takes(self.activation, outputs), generator, **options)

    def _conv(
        self,
        inputs: int,
        outputs: int,
        generator: torch.Generator,
        *,
        kernel: int = 0,
        stride: int = 2,
        padding: int | None = None,
        up: Sequence[int] = (),
    ) -> nn.Module:
        """A convolution; a transposed one where it goes `up` from one side to another."""
        kernel = kernel or self.kernel
        padding = (kernel - 1) // 2 if padding is None else padding
        kind: Any = Conv2d
        options: dict[str, Any] = {"bias": self.bias}
        if up:
            kind, (small, large) = ConvTranspose2d, up
            reached = (small - 1) * stride - 2 * padding + kernel
            options["output_padding"] = large - reached
        layer = nn.utils.skip_init(  # draws nothing from torch's global seed
            kind, inputs, outputs, kernel, stride, padding, **options
        )
        initialize(layer, self.init, generator)
        return layer

    def _linear(self, inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
        init = "glorot" if self.init == "gulrajani" else self.init
        return linear(inputs, outputs, init, generator, bias=self.bias)

    def _normed(
        self, channels: int, generator: torch.Generator, classes: int = 0
    ) -> list[nn.Module]:
        channels = takes(self.activation, channels)
        if self.norm == "none":
            return []
        if self.norm == "layer":
            # over (c, h, w) with one scale a channel, as the WGAN-GP code; nn.LayerNorm([c, h, w])
            # has one a pixel, which makes a critic see where in the image it is
            return [nn.GroupNorm(1, channels)]
        if classes:
            return [ConditionalBatchNorm(channels, classes)]
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
    met = taps / math.prod(layer.stride) if any(layer.padding) or taps == 1 else 1
    up = isinstance(layer, nn.ConvTranspose2d)
    fan_in = layer.in_channels * (met if up else taps)
    fan_out = layer.out_channels * (taps if up else met)
    variance = {
        "he": 2 / fan_in,
        "glorot": 2 / (fan_in + fan_out),
        "gulrajani": 4 / (fan_in + fan_out),
        "torch": 1 / (3 * weight.shape[1] * taps),  # of a transposed one, torch counts outputs
    }[init]
    bound = math.sqrt(3 * variance)
    weight.uniform_(-bound, bound, generator=generator)
