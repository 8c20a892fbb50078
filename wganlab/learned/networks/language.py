"""Networks for lines of text: the residual 1-D convolutions of the WGAN-GP paper.

    block      x + .3 conv(relu(conv(relu(x)))), of as many channels in as out
    critic     conv 1 from the characters, blocks, linear from all places to 1
    generator  linear from noise to all places, blocks, conv 1 to the characters, softmax

Convolutions go along the line, keep its length, and have biases as linear layers have. Softmax is
over the characters at each place: a generator's points are shares of characters, real ones one-hot.

References
----------
Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, section 5.4 and
the authors' code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.networks.network import NetworkConfig, linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

SHARE = 0.3  # of what a block adds


class ResidualBlock(nn.Module):
    """x + .3 conv(relu(conv(relu(x)))), of lines (n, channels, length).

    Examples
    --------
    >>> block = ResidualBlock(4, 3, torch.Generator().manual_seed(0))
    >>> block(torch.zeros(2, 4, 7)).shape
    torch.Size([2, 4, 7])
    """

    def __init__(self, channels: int, kernel: int, generator: torch.Generator) -> None:
        super().__init__()
        self.first = convolution(channels, channels, kernel, generator)
        self.second = convolution(channels, channels, kernel, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Lines of the same shape."""
        return x + SHARE * self.second(self.first(x.relu()).relu())


@dataclass(frozen=True)
class TextResNetConfig(NetworkConfig):
    """The paper's networks, to be built for lines of any alphabet and length.

    The defaults are the paper's. Of 60 characters, at 32 places and with a latent of 128, the
    critic has 13,159,937 parameters and the generator 15,256,636.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> config = TextResNetConfig(filters=8, blocks=2)
    >>> config.critic_for((60, 32), generator)(torch.zeros(5, 60, 32)).shape
    torch.Size([5, 1])
    >>> made = config.generator_for(128, (60, 32), generator)(torch.zeros(5, 128))
    >>> made.shape, bool(torch.allclose(made.sum(dim=1), torch.ones(5, 32)))
    (torch.Size([5, 60, 32]), True)
    """

    filters: int = 512
    """Channels of every block."""
    blocks: int = 5
    """Residual blocks, of two convolutions each."""
    kernel: int = 5
    """Places that a convolution sees, an odd number."""

    def __post_init__(self) -> None:
        checks.whole(1, filters=self.filters, kernel=self.kernel)
        checks.whole(0, blocks=self.blocks)
        if self.kernel % 2 == 0:
            raise ValueError(
                f"kernel = {self.kernel}: a convolution that keeps the length sees as many places "
                f"on either side, so give an odd number, as {self.kernel + 1}"
            )

    def critic_for(self, shape: Sequence[int], generator: torch.Generator) -> nn.Sequential:
        """A critic of lines (n, *shape), shape = (characters, length)."""
        characters, length = line(shape)
        first = convolution(characters, self.filters, 1, generator)
        blocks = self._blocks(generator)
        head = linear(self.filters * length, 1, "glorot", generator)
        return nn.Sequential(first, *blocks, nn.Flatten(), head)

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Sequential:
        """A generator of lines (n, *shape), at each place shares of sum 1, from (n, latent)."""
        characters, length = line(shape)
        first = linear(latent, self.filters * length, "glorot", generator)
        blocks = self._blocks(generator)
        last = convolution(self.filters, characters, 1, generator)
        reshaped = nn.Unflatten(1, (self.filters, length))
        return nn.Sequential(first, reshaped, *blocks, last, nn.Softmax(dim=1))

    def _blocks(self, generator: torch.Generator) -> list[ResidualBlock]:
        return [ResidualBlock(self.filters, self.kernel, generator) for _ in range(self.blocks)]


@torch.no_grad()
def convolution(inputs: int, outputs: int, kernel: int, generator: torch.Generator) -> nn.Conv1d:
    """A convolution along lines that keeps their length.

    Its weights are uniform, of variance 4 / (fan in + fan out), as in the paper's code: twice
    Glorot's, of a network with ReLUs; its biases are 0.
    """
    layer = nn.utils.skip_init(nn.Conv1d, inputs, outputs, kernel, padding=kernel // 2)
    bound = math.sqrt(3 * 4 / (kernel * (inputs + outputs)))
    layer.weight.uniform_(-bound, bound, generator=generator)
    layer.bias.zero_()
    return layer


def line(shape: Sequence[int]) -> tuple[int, int]:
    """Characters and length of lines of that shape; ValueError if they are none."""
    if len(shape) == 2:
        return shape[0], shape[1]
    raise ValueError(
        f"TextResNetConfig is for lines of text, shape (characters, length), and these points have "
        f"shape {tuple(shape)}: take MLPConfig(), or of images DCGANConfig()"
    )
