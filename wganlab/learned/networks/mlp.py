"""Critic networks: multilayer perceptrons with the field's activations and initializations.

A critic maps points of shape (n, d), or images of shape (n, c, h, w), to one number each. It is
called `critic` where it is trained for a Wasserstein distance, `discriminator` in the GAN family.

All randomness comes from the generator that `MLPConfig.build` is given: the same seed makes the
same weights whatever was drawn before.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.networks.activations import (
    Activation,
    GroupSort,
    MaxMin,
    activate,
    refuse_unsortable,
    slope,
    takes,
)
from wganlab.learned.networks.labelled import WithClasses
from wganlab.learned.networks.network import Init, NetworkConfig, Norm, linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


Output = Literal["none", "tanh", "sigmoid"]

__all__ = ["MLP", "AutoEncoder", "GroupSort", "MLPConfig", "MaxMin", "slope"]


@dataclass(frozen=True)
class MLPConfig(NetworkConfig):
    """A multilayer perceptron, to be built for a dimension: linear layers, activations between.

    Examples
    --------
    >>> critic = MLPConfig(width=8, depth=2).build(2, torch.Generator().manual_seed(0))
    >>> critic(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    """

    width: int = 128
    """Units of every hidden layer."""
    depth: int = 3
    """Hidden layers; 0 makes a linear critic."""
    activation: Activation = "relu"
    """What comes after every hidden layer; leaky_relu has slope .2, gated has twice the units,
    sigmoid(u) tanh(v) of each pair, maxmin sorts units in pairs, groupsort in groups of `group`,
    fullsort sorts all."""
    group: int = 4
    """Units in a group of groupsort."""
    init: Init = "torch"
    """Weights at the start: torch (its default), normal N(0, .02), he (uniform), glorot (uniform),
    gulrajani (he in hidden layers, glorot in the last: the WGAN-GP code). Biases start at 0, but
    for torch's default."""
    norm: Norm = "none"
    """Normalization before every activation: none, layer or batch."""
    dropout: float = 0.0
    """Share of units dropped after every activation in training."""
    output: Output = "none"
    """What comes at the end of a generator: none, tanh, or sigmoid; of images sigmoid is brought to
    the range of pixels, 2 sigmoid - 1. A critic has none: that of a discriminator is a part of its
    objective."""

    def __post_init__(self) -> None:
        checks.among(get_args(Activation), activation=self.activation)
        checks.among(get_args(Init), init=self.init)
        checks.among(get_args(Norm), norm=self.norm)
        checks.among(get_args(Output), output=self.output)
        checks.whole(1, width=self.width)
        checks.whole(0, depth=self.depth)
        refuse_unsortable(self.activation, self.group, width=self.width)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout = {self.dropout}: a share in [0, 1)")

    def activate(self) -> nn.Module:
        """One layer of the activation."""
        return activate(self.activation, self.group)

    def build(self, inputs: int, generator: torch.Generator, outputs: int = 1) -> MLP:
        """The network for points of dimension `inputs`, on the CPU.

        Parameters
        ----------
        inputs : int
            Dimension of the points; c * h * w for images, which are flattened.
        generator : torch.Generator
            Source of the weights, on the CPU.
        outputs : int
            Numbers for each point.
        """
        return MLP(self, inputs, generator, outputs)

    def critic_for(self, shape: Sequence[int], generator: torch.Generator) -> nn.Module:
        """The network that `build` makes, which flattens images."""
        self.refuse_output()
        return self.build(math.prod(shape), generator)

    def labelled_critic_for(
        self, shape: Sequence[int], classes: int, generator: torch.Generator
    ) -> WithClasses:
        """The same, whose last features tell a class too."""
        self.refuse_output()
        made = self.build(math.prod(shape), generator)
        told = linear(made.head.in_features, classes, self.last_init, generator)
        return WithClasses(made.features, made.head, told)

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Module:
        """The network that `build` makes, and `output`; of images its outputs are their pixels.

        The WGAN paper's is MLPConfig(512, 3), whose code has nothing at the end; the WGAN-GP
        paper's MLPConfig(512, 4, output="tanh").
        """
        network = self.build(latent, generator, math.prod(shape))
        after: list[nn.Module] = []
        if self.output == "tanh":
            after.append(nn.Tanh())
        elif self.output == "sigmoid":
            after += [nn.Sigmoid(), *([Signed()] if len(shape) == 3 else [])]
        if len(shape) > 1:
            after.append(nn.Unflatten(1, tuple(shape)))
        return nn.Sequential(network, *after) if after else network

    def labelled_generator_for(
        self, latent: int, shape: Sequence[int], classes: int, generator: torch.Generator
    ) -> nn.Module:
        """The same, whose first layer sees the class beside the noise."""
        return self.generator_for(latent + classes, shape, generator)

    def refuse_output(self) -> None:
        """ValueError where a critic would have one."""
        if self.output != "none":
            raise ValueError(
                f"output = {self.output!r} is for generators: a critic of bounded values estimates "
                "no distance, and a discriminator's sigmoid is a part of its objective; leave it "
                "out"
            )

    @property
    def last_init(self) -> str:
        """Of the last layer's weights."""
        return "glorot" if self.init == "gulrajani" else self.init


class MLP(nn.Sequential):
    """The network that an `MLPConfig` describes: `features`, then the last layer `head`.

    It maps points (n, d) or images (n, c, h, w) to values (n, outputs).
    """

    features: nn.Sequential
    head: nn.Linear

    def __init__(
        self, config: MLPConfig, inputs: int, generator: torch.Generator, outputs: int = 1
    ) -> None:
        layers: list[nn.Module] = [nn.Flatten()]
        size = inputs
        for _ in range(config.depth):
            units = takes(config.activation, config.width)
            layers.append(linear(size, units, config.init, generator))
            if config.norm == "layer":
                layers.append(nn.LayerNorm(units))
            elif config.norm == "batch":
                layers.append(nn.BatchNorm1d(units))
            layers.append(config.activate())
            if config.dropout:
                layers.append(nn.Dropout(config.dropout))
            size = config.width
        head = linear(size, outputs, config.last_init, generator)
        super().__init__(OrderedDict(features=nn.Sequential(*layers), head=head))
        self.config = config


class Signed(nn.Module):
    """From [0, 1] to [-1, 1], the range of pixels."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, to the same."""
        return 2 * x - 1


class AutoEncoder(nn.Module):
    """An MLP from points to points as a critic: minus its error, f(x) = -|x - MLP(x)|.

    The discriminator of an energy-based GAN, whose energy is the error (Zhao et al. 2016, equation
    4), Euclidean and in the unit of the points.

    Examples
    --------
    >>> critic = AutoEncoder(MLPConfig(width=8), 2, torch.Generator().manual_seed(0))
    >>> bool((critic(torch.ones(5, 2)) <= 0).all())
    True
    """

    def __init__(self, config: MLPConfig, inputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self.mlp = MLP(config, inputs, generator, outputs=inputs)

    def forward(self, x: Tensor) -> Tensor:
        """Points (n, d) or images (n, c, h, w) to values (n,), at most 0."""
        return -(x.flatten(1) - self.mlp(x)).norm(dim=1)
