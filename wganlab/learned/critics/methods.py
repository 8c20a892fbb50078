"""Ready-made methods: a constraint with the network and the optimizer that it works with.

`METHODS` holds one for each name that the command line knows. A method is a value; change one with
`dataclasses.replace`. The learning rates are for toys, where the papers' 1e-4 and 5e-5 would take
ten times as many steps; the papers' own settings are in the docstrings of the constraints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.constraints.clipping import WeightClipping
from wganlab.learned.constraints.constraint import Constraint, NoConstraint
from wganlab.learned.constraints.cowgan import CoWGAN
from wganlab.learned.constraints.ctransform import CTransform
from wganlab.learned.constraints.minimax_dual import MinimaxDual
from wganlab.learned.constraints.norms import Orthonormal, SpectralNorm
from wganlab.learned.constraints.penalties import Consistency, GradientPenalty
from wganlab.learned.constraints.regularized_dual import RegularizedDual
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.networks.network import NetworkConfig
from wganlab.learned.optimizers import Optimizer

if TYPE_CHECKING:
    pass


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
_SHALLOW = MLPConfig(width=128, depth=2)  # ReLUs, which bend sharply between funnels

METHODS: dict[str, Method] = {
    "gp": Method(GradientPenalty(), _SMOOTH, _COSINE),
    "lp": Method(GradientPenalty(side="one"), _SMOOTH, _COSINE),
    "dragan": Method(GradientPenalty(place="around_real"), _SMOOTH, _COSINE),
    "ct": Method(Consistency(), replace(_SMOOTH, dropout=0.5), _COSINE),
    "clip": Method(WeightClipping(0.01), MLPConfig(width=64), Optimizer("rmsprop", 1e-3)),
    "sn": Method(SpectralNorm(), MLPConfig(width=64), _COSINE),
    "orthonormal": Method(Orthonormal(), _SORTED, _LONG, steps=4000, batch=128),
    "ctransform": Method(CTransform(), _SMOOTH, _COSINE),
    "cowgan": Method(CoWGAN(), _SHALLOW, _COSINE, steps=3000, batch=512),
    "mm": Method(MinimaxDual(), _SHALLOW, _COSINE, steps=2000),
    "mm-r": Method(MinimaxDual(moved="real"), _SHALLOW, _COSINE, steps=2600),
    "ls": Method(RegularizedDual(), _SMOOTH, _COSINE, steps=1500),
    "none": Method(NoConstraint(), MLPConfig(width=64), Optimizer(lr=1e-3)),
}
"""By the names of the command line."""


def default(constraint: Constraint) -> Method:
    """The ready-made network and optimizer for a constraint."""
    for method in METHODS.values():
        if type(method.constraint) is type(constraint):
            return method
    return METHODS["gp"]
