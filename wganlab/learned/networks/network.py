"""What every network has: its configuration, how weights start, and which layers normalize."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.learned.networks.labelled import WithClasses

Init = Literal["torch", "normal", "he", "glorot", "gulrajani"]

Norm = Literal["none", "layer", "batch"]

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)

NORMS = (
    *BATCH_NORMS,
    nn.LayerNorm,
    nn.RMSNorm,
    nn.GroupNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)


TELLING = "with labels take MLPConfig(), DCGANConfig() or ResNetConfig()"


class NetworkConfig:
    """What describes a network: it builds critics and generators for points of any shape.

    A shape is (dim,), or (channels, height, width) for images.
    """

    def at(self, shape: Sequence[int]) -> NetworkConfig:
        """What describes the network for points of that shape: itself, if one does for all."""
        return self

    def critic_for(self, shape: Sequence[int], generator: torch.Generator) -> nn.Module:
        """A critic on the CPU, (n, *shape) to (n, 1), its weights drawn from the generator."""
        raise NotImplementedError

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Module:
        """A generator on the CPU, (n, latent) to (n, *shape)."""
        raise NotImplementedError

    def labelled_critic_for(
        self, shape: Sequence[int], classes: int, generator: torch.Generator
    ) -> WithClasses:
        """A critic that tells classes too; ValueError where there is none of that kind."""
        raise ValueError(f"{type(self).__name__} tells no classes: {TELLING}")

    def labelled_generator_for(
        self, latent: int, shape: Sequence[int], classes: int, generator: torch.Generator
    ) -> nn.Module:
        """A generator that is told the class: noise and a one-hot class, (n, latent + classes)."""
        raise ValueError(f"{type(self).__name__} cannot be told a class: {TELLING}")

    def start(
        self, critic: nn.Module, real: torch.Tensor, fake: torch.Tensor, generator: torch.Generator
    ) -> None:
        """Place what starts at points, before a critic is fitted between laws: nothing."""


def linear(
    inputs: int, outputs: int, init: str, generator: torch.Generator, *, bias: bool = True
) -> nn.Linear:
    """A linear layer whose weights are drawn from `generator`, see `MLPConfig.init`."""
    # draws nothing from torch's global seed
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=bias)
    initialize(layer, init, generator)
    return layer


@torch.no_grad()
def initialize(layer: nn.Linear, init: str, generator: torch.Generator) -> None:
    """Draw the weights of a linear layer from `generator`, as `MLPConfig.init` describes it."""
    weight, fan_in = layer.weight, layer.in_features
    if init == "normal":
        weight.normal_(0.0, 0.02, generator=generator)
    else:
        fan = {"torch": 3 * fan_in, "glorot": (fan_in + layer.out_features) / 2}.get(init, fan_in)
        # uniform on [-b, b]: he and glorot have variance 2 / fan_in and 1 / mean fan
        bound = math.sqrt({"torch": 3, "glorot": 3}.get(init, 6) / fan)
        weight.uniform_(-bound, bound, generator=generator)
    if layer.bias is None:
        return
    if init == "torch":
        bound = 1 / math.sqrt(fan_in)
        layer.bias.uniform_(-bound, bound, generator=generator)
    else:
        layer.bias.zero_()


def has_batch_norm(module: nn.Module) -> bool:
    """Does any part of the network normalize over the batch?"""
    return any(isinstance(part, BATCH_NORMS) for part in module.modules())
