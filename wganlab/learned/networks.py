"""Critic networks: multilayer perceptrons with the field's activations and initializations.

A critic maps points of shape (n, d), or images of shape (n, c, h, w), to one number each. It is
called `critic` where it is trained for a Wasserstein distance, `discriminator` in the GAN family.

All randomness comes from the generator that `MLPConfig.build` is given: the same seed makes the
same weights whatever was drawn before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor

Activation = Literal[
    "relu", "leaky_relu", "tanh", "silu", "softplus", "maxmin", "groupsort", "fullsort", "none"
]
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
        """Shape (n, width), width even, to the same shape."""
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
        """Shape (n, width), width a multiple of size, to the same shape."""
        groups = x.unflatten(1, (-1, self.size or x.shape[1]))  # (n, groups, size)
        return groups.sort(dim=2).values.flatten(1)

    def extra_repr(self) -> str:
        """What print shows of it."""
        return f"size={self.size}"


# Largest slope of each activation. That of SiLU is at z = 2.3994, that of GELU near sqrt 2, where
# the approximation by tanh is the steeper one.
SLOPES: dict[type[nn.Module], float] = {
    nn.Identity: 1.0,
    nn.Flatten: 1.0,
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
    MaxMin: 1.0,
    GroupSort: 1.0,
}


@dataclass(frozen=True)
class MLPConfig:
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
    """What comes after every hidden layer; leaky_relu has slope .2, maxmin sorts units in pairs,
    groupsort in groups of `group`, fullsort sorts all."""
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

    def __post_init__(self) -> None:
        checks.among(get_args(Activation), activation=self.activation)
        checks.among(get_args(Init), init=self.init)
        checks.among(get_args(Norm), norm=self.norm)
        checks.whole(1, width=self.width)
        checks.whole(0, depth=self.depth)
        size = {"maxmin": 2, "groupsort": self.group}.get(self.activation, 1)
        if size < 1 or self.width % size:
            raise ValueError(
                f"width = {self.width}: {self.activation} sorts groups of {size} units, make the "
                "width a multiple of it"
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout = {self.dropout}: a share in [0, 1)")

    def activate(self) -> nn.Module:
        """One layer of the activation."""
        layers: dict[str, Callable[[], nn.Module]] = {
            "relu": nn.ReLU,
            "leaky_relu": lambda: nn.LeakyReLU(0.2),
            "tanh": nn.Tanh,
            "silu": nn.SiLU,
            "softplus": nn.Softplus,
            "maxmin": MaxMin,
            "groupsort": lambda: GroupSort(self.group),
            "fullsort": lambda: GroupSort(0),
            "none": nn.Identity,
        }
        return layers[self.activation]()

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


class MLP(nn.Module):
    """The network that an `MLPConfig` describes: `features`, then the last layer `head`."""

    def __init__(
        self, config: MLPConfig, inputs: int, generator: torch.Generator, outputs: int = 1
    ) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = [nn.Flatten()]
        size = inputs
        for _ in range(config.depth):
            layers.append(_linear(size, config.width, config.init, generator))
            if config.norm == "layer":
                layers.append(nn.LayerNorm(config.width))
            elif config.norm == "batch":
                layers.append(nn.BatchNorm1d(config.width))
            layers.append(config.activate())
            if config.dropout:
                layers.append(nn.Dropout(config.dropout))
            size = config.width
        self.features = nn.Sequential(*layers)
        last = "glorot" if config.init == "gulrajani" else config.init
        self.head = _linear(size, outputs, last, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Points (n, d) or images (n, c, h, w) to values (n, outputs)."""
        return self.head(self.features(x))


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


def _linear(inputs: int, outputs: int, init: str, generator: torch.Generator) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)  # draws nothing from torch's global seed
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


def slope(module: nn.Module) -> float | None:
    """Largest slope of a layer without weights; None where it is not known."""
    if type(module) is nn.LeakyReLU:
        return max(1.0, abs(module.negative_slope))
    if type(module) is nn.ELU:
        return max(1.0, abs(module.alpha))
    return SLOPES.get(type(module))


def chain(module: nn.Module) -> list[nn.Module] | None:
    """The parts of a plain chain of modules, in order; None where it may be anything else."""
    forward = type(module).forward  # of a subclass, perhaps, that does something else
    inner: Iterable[nn.Module]
    if module._forward_hooks or module._forward_pre_hooks:
        return None
    if isinstance(module, MLP) and forward is MLP.forward:
        inner = (module.features, module.head)
    elif isinstance(module, nn.Sequential) and forward is nn.Sequential.forward:
        inner = module
    elif forward is nn.Linear.forward or slope(module) is not None:
        return [module]
    else:
        return None
    chains = [chain(part) for part in inner]
    if any(parts is None for parts in chains):
        return None
    return [part for parts in chains for part in parts or ()]


@torch.no_grad()
def singular_values(layer: nn.Linear) -> Tensor:
    """Singular values of a linear layer, float64, largest first."""
    return torch.linalg.svdvals(layer.weight.double())


def lipschitz_bound(module: nn.Module) -> float:
    """A proven Lipschitz constant: the product of spectral norms and of the activations' slopes.

    It holds for a plain chain of linear layers and known activations (`MLP`, `nn.Sequential`);
    for any other network, layer norm or batch norm among it, there is no proof and it is inf.

    Examples
    --------
    >>> layer = torch.nn.Linear(2, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 4.0]]))
    >>> round(lipschitz_bound(torch.nn.Sequential(layer)), 6)
    5.0
    """
    parts = chain(module)
    if parts is None:
        return math.inf
    return math.prod(
        float(singular_values(part)[0]) if isinstance(part, nn.Linear) else slope(part) or 1.0
        for part in parts
    )
