"""Networks whose size depends on the dimension of the points that they are built for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wganlab.data import checks
from wganlab.learned.networks.network import NetworkConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import nn


@dataclass(frozen=True)
class ByDimension(NetworkConfig):
    """One network for points of few dimensions, another for pixels.

    Examples
    --------
    >>> from wganlab.learned import MLPConfig
    >>> network = ByDimension(MLPConfig(width=48, depth=10), MLPConfig(width=256, depth=2))
    >>> network.at((2,)).width, network.at((1, 28, 28)).width
    (48, 256)
    """

    few: NetworkConfig
    """Below `many_from` dimensions."""
    many: NetworkConfig
    """From there on."""
    many_from: int = 256
    """A dimension; of images the number of all their pixels' channels."""

    def __post_init__(self) -> None:
        checks.whole(1, many_from=self.many_from)
        for name in ("few", "many"):
            if not isinstance(getattr(self, name), NetworkConfig):
                raise ValueError(f"{name} = {getattr(self, name)!r}: give one such as MLPConfig()")

    def at(self, shape: Sequence[int]) -> NetworkConfig:
        """The network for points of that shape."""
        return self.few if math.prod(shape) < self.many_from else self.many

    def critic_for(self, shape: Sequence[int], generator: torch.Generator) -> nn.Module:
        """The critic of the network for that shape."""
        return self.at(shape).critic_for(shape, generator)

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Module:
        """The generator of the network for that shape."""
        return self.at(shape).generator_for(latent, shape, generator)
