"""Ready-made methods: a constraint with the network and the optimizer that it works with.

`METHODS` holds one for each name that the command line knows. A method is a value; change one with
`dataclasses.replace`. The learning rates are for toys, where the papers' 1e-4 and 5e-5 would take
ten times as many steps; the papers' own settings are in the docstrings of the constraints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.layers import Orthonormal, SpectralNorm
from wganlab.learned.lipschitz import Constraint, CTransform, NoConstraint, WeightClipping
from wganlab.learned.networks import MLPConfig, NetworkConfig
from wganlab.learned.penalties import Consistency, GradientPenalty

if TYPE_CHECKING:
    from collections.abc import Iterable

Name = Literal["adam", "rmsprop", "sgd"]
Schedule = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class Optimizer:
    """An optimizer of torch with its learning rate and the schedule of it."""

    name: Name = "adam"
    """adam, rmsprop (smoothing .99) or sgd."""
    lr: float = 1e-3
    """Learning rate at the start."""
    betas: tuple[float, float] = (0.0, 0.9)
    """Of Adam; the WGAN-GP paper's values."""
    momentum: float = 0.0
    """Of RMSProp and SGD."""
    schedule: Schedule = "constant"
    """constant, or down to 0 along a line or half a cosine."""

    def __post_init__(self) -> None:
        checks.among(get_args(Name), name=self.name)
        checks.among(get_args(Schedule), schedule=self.schedule)
        checks.positive(lr=self.lr)
        if not all(0 <= beta < 1 for beta in (*self.betas, self.momentum)):
            raise ValueError(
                f"betas = {self.betas}, momentum = {self.momentum}: give numbers in [0, 1)"
            )

    def build(
        self, parameters: Iterable[nn.Parameter], steps: int
    ) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
        """The optimizer, without a Python loop over parameters in its step, and its schedule."""
        listed = list(parameters)
        fused = all(p.device.type in ("cpu", "cuda") for p in listed)
        kernel: dict[str, Any] = {"fused": True} if fused else {"foreach": True}
        betas = (float(self.betas[0]), float(self.betas[1]))  # torch takes no 0 beside .9
        optimizer: torch.optim.Optimizer
        if self.name == "adam":
            optimizer = torch.optim.Adam(listed, lr=self.lr, betas=betas, **kernel)
        elif self.name == "rmsprop":
            optimizer = torch.optim.RMSprop(
                listed, lr=self.lr, momentum=self.momentum, foreach=True
            )
        else:
            optimizer = torch.optim.SGD(listed, lr=self.lr, momentum=self.momentum, **kernel)
        schedule: torch.optim.lr_scheduler.LRScheduler
        if self.schedule == "linear":
            schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, max(steps, 1))
        elif self.schedule == "cosine":
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
        else:
            schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
        return optimizer, schedule


# (dimension of the points, generator) -> network
Build = Callable[[int, torch.Generator], nn.Module]


@dataclass(frozen=True)
class Method:
    """How a critic is fitted: what `fit_critic` takes besides the laws."""

    constraint: Constraint = field(default_factory=GradientPenalty)
    """What keeps it Lipschitz."""
    critic: NetworkConfig | nn.Module | Build = field(default_factory=MLPConfig)
    """Its network: a configuration, a module, or a function (dimension, generator) -> module."""
    optimizer: Optimizer = field(default_factory=Optimizer)
    """Of its weights."""
    steps: int = 1000
    """Steps of the optimizer."""
    batch: int = 256
    """Points of each law in a step; 0 for whole clouds."""

    def __post_init__(self) -> None:
        checks.whole(0, steps=self.steps, batch=self.batch)


# From torch's own start a smooth network is nearly flat, and chance picks the sign of its slope.
_SMOOTH = MLPConfig(width=64, depth=3, activation="silu", init="he")
_COSINE = Optimizer(lr=2e-3, schedule="cosine")
_SORTED = MLPConfig(width=48, depth=10, activation="maxmin", init="he")
_LONG = Optimizer(lr=5e-3, betas=(0.9, 0.99), schedule="cosine")

METHODS: dict[str, Method] = {
    "gp": Method(GradientPenalty(), _SMOOTH, _COSINE),
    "lp": Method(GradientPenalty(side="one"), _SMOOTH, _COSINE),
    "dragan": Method(GradientPenalty(place="around_real"), _SMOOTH, _COSINE),
    "ct": Method(Consistency(), replace(_SMOOTH, dropout=0.5), _COSINE),
    "clip": Method(WeightClipping(0.01), MLPConfig(width=64), Optimizer("rmsprop", 1e-3)),
    "sn": Method(SpectralNorm(), MLPConfig(width=64), _COSINE),
    "orthonormal": Method(Orthonormal(), _SORTED, _LONG, steps=4000, batch=128),
    "ctransform": Method(CTransform(), _SMOOTH, _COSINE),
    "none": Method(NoConstraint(), MLPConfig(width=64), Optimizer(lr=1e-3)),
}
"""By the names of the command line."""


def default(constraint: Constraint) -> Method:
    """The ready-made network and optimizer for a constraint."""
    for method in METHODS.values():
        if type(method.constraint) is type(constraint):
            return method
    return METHODS["gp"]
