"""Ready-made methods: a constraint with the network and the optimizer that it works with.

`METHODS` holds one for each name that the command line knows. A method is a value; change one with
`dataclasses.replace`. The learning rates are for toys, where the papers' 1e-4 and 5e-5 would take
ten times as many steps; the papers' own settings are in the docstrings of the constraints.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

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
from wganlab.learned.networks.by_dimension import ByDimension
from wganlab.learned.networks.cones import ConesConfig
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.networks.network import NetworkConfig
from wganlab.learned.optimizers import Optimizer

if TYPE_CHECKING:
    from collections.abc import Sequence

# (dimension of the points, generator) -> network
Build = Callable[[int, torch.Generator], nn.Module]


@dataclass(frozen=True)
class Method:
    """How a critic is fitted: what `fit_critic` takes besides the laws."""

    constraint: Constraint = field(default_factory=GradientPenalty)
    """What keeps it Lipschitz."""
    critic: NetworkConfig | nn.Module | Build | None = field(default_factory=MLPConfig)
    """Its network: a configuration, a module, or a function (dimension, generator) -> module."""
    optimizer: Optimizer | None = field(default_factory=Optimizer)
    """Of its weights."""
    steps: int | None = 1000
    """Steps of the optimizer."""
    batch: int | None = 256
    """Points of each law in a step; 0 for whole clouds."""

    # None, four times, in a tournament: each of its critics has its own

    def __post_init__(self) -> None:
        for name in ("steps", "batch"):
            if getattr(self, name) is not None:
                checks.whole(0, **{name: getattr(self, name)})


@dataclass(frozen=True)
class Tournament(Constraint):
    """Several critics, each of slope at most 1 by proof; the best one is kept.

    No family of critics is the best for all laws. In the heats each is trained for a share of its
    steps, and judged by its gap over its proven Lipschitz constant, on new points of the laws (or
    on the clouds, where clouds are given). The best one is then trained for all its steps. Points
    that `fit_critic` holds out are seen by neither: the gap there is what is told of the laws.

    Examples
    --------
    >>> [name for name, _ in Tournament().at((2,))]
    ['cones', 'pits', 'orthonormal', 'cones on folds', 'pits on folds']
    """

    in_weights: ClassVar[bool] = True

    methods: tuple[tuple[str, Method], ...] = ()
    """Who takes part, by name; by default `FEW` or `MANY`, by the dimension of the points."""
    heat: float = 0.25
    """Share of its steps that a critic is trained for in the heats, in (0, 1]."""

    def __post_init__(self) -> None:
        checks.positive(heat=self.heat)
        if self.heat > 1:
            raise ValueError(f"heat = {self.heat}: give a share in (0, 1]")
        _refuse_others(self.methods)
        for name, method in self.methods:
            if not method.constraint.in_weights or isinstance(method.constraint, Tournament):
                raise ValueError(
                    f"{name}: a tournament judges critics by what is proven of them, and "
                    f"{type(method.constraint).__name__} proves nothing: give methods that are "
                    "constrained in the weights, such as Orthonormal()"
                )

    def at(self, shape: Sequence[int]) -> tuple[tuple[str, Method], ...]:
        """Who takes part for points of that shape."""
        return self.methods or tuple((FEW if math.prod(shape) < PIXELS else MANY).items())


def _refuse_others(methods: Any) -> None:
    """ValueError where those who take part are not methods, each with a name of its own."""
    such = "give pairs, methods=(('mine', Method(Orthonormal())), ...)"
    pairs = isinstance(methods, tuple | list)
    if not pairs or not all(isinstance(one, tuple | list) and len(one) == 2 for one in methods):
        raise ValueError(f"methods = {methods!r}: {such}")
    for name, method in methods:
        if not isinstance(name, str) or not isinstance(method, Method):
            raise ValueError(f"methods has {name!r}: {method!r}: {such}")
        for missing in ("critic", "optimizer", "steps", "batch"):
            if getattr(method, missing) is None:
                raise ValueError(f"{name}: its {missing} is None: give each method its own")
        if isinstance(method.critic, nn.Module):
            raise ValueError(
                f"{name}: its critic is a module, and a heat and the final each need a new one: "
                "give a configuration, a class, or a function (dimension, generator) -> module"
            )
    if len({name for name, _ in methods}) < len(methods):
        raise ValueError(f"methods: give each a name of its own, not {[n for n, _ in methods]}")


# From torch's own start a smooth network is nearly flat, and chance picks the sign of its slope.
_SMOOTH = MLPConfig(width=64, depth=3, activation="silu", init="he")
_COSINE = Optimizer(lr=2e-3, schedule="cosine")
# Under a penalty, in few dimensions ReLUs follow bends that a smooth network takes minutes for.
_BENT = ByDimension(MLPConfig(width=128), _SMOOTH, many_from=48)
_QUICK = Optimizer(lr=5e-3, schedule="cosine")
_LONG = Optimizer(lr=5e-3, betas=(0.9, 0.99), schedule="cosine")
PIXELS = 256  # dimensions, from which points are taken for images
_SORTED = ByDimension(  # pixels are wide and shallow
    MLPConfig(width=48, depth=10, activation="maxmin", init="he"),
    MLPConfig(width=256, depth=2, activation="maxmin", init="he"),
    PIXELS,
)
_CONES = ByDimension(ConesConfig(), ConesConfig(mixed=1), PIXELS)
_PITS = ByDimension(ConesConfig(side="fake"), ConesConfig(side="fake", mixed=1), PIXELS)
_STEEP = Optimizer(lr=2e-2, betas=(0.9, 0.99), schedule="cosine")
_SHALLOW = MLPConfig(width=128, depth=2)  # ReLUs, which bend sharply between funnels

METHODS: dict[str, Method] = {
    "gp": Method(GradientPenalty(), _BENT, _QUICK),
    "lp": Method(GradientPenalty(side="one"), _BENT, _QUICK),
    "dragan": Method(GradientPenalty(place="around_real"), _SMOOTH, _COSINE),
    "ct": Method(Consistency(), replace(_SMOOTH, dropout=0.5), _COSINE),
    "clip": Method(WeightClipping(0.01), MLPConfig(width=64), Optimizer("rmsprop", 1e-3)),
    "sn": Method(SpectralNorm(), MLPConfig(width=64), _COSINE),
    "orthonormal": Method(Orthonormal(), _SORTED, _LONG, steps=4000, batch=128),
    "cones": Method(Orthonormal(), _CONES, _STEEP, steps=4000, batch=128),
    "best": Method(Tournament(), critic=None, optimizer=None, steps=None, batch=None),
    "ctransform": Method(CTransform(), _SMOOTH, _COSINE),
    "cowgan": Method(CoWGAN(), _SHALLOW, _COSINE, steps=3000, batch=512),
    "mm": Method(MinimaxDual(), _SHALLOW, _COSINE, steps=2000),
    "mm-r": Method(MinimaxDual(moved="real"), _SHALLOW, _COSINE, steps=2600),
    "ls": Method(RegularizedDual(), _SMOOTH, _COSINE, steps=1500),
    "none": Method(NoConstraint(), MLPConfig(width=64), Optimizer(lr=1e-3)),
}
"""By the names of the command line."""


_TRUNK = MLPConfig(width=64, depth=3, activation="maxmin", init="he")
FEW: dict[str, Method] = {
    "cones": METHODS["cones"],
    "pits": replace(METHODS["cones"], critic=_PITS),
    "orthonormal": METHODS["orthonormal"],
    "cones on folds": replace(METHODS["orthonormal"], critic=ConesConfig(256, trunk=_TRUNK)),
    "pits on folds": replace(METHODS["orthonormal"], critic=ConesConfig(256, "fake", trunk=_TRUNK)),
}
"""Who takes part in a tournament, below `PIXELS` dimensions."""
MANY: dict[str, Method] = {
    name: replace(FEW[name], steps=1500) for name in ("cones", "pits", "orthonormal")
}
"""From there on, where a step takes longer."""


def default(constraint: Constraint, critic: object = None) -> Method:
    """The ready-made network and optimizer for a constraint, and for a network of the user's."""
    if isinstance(critic, ConesConfig) and critic.trunk is None:
        return METHODS["cones"]
    likely = [m for m in METHODS.values() if type(m.constraint) is type(constraint)]
    same = [method for method in likely if method.constraint == constraint]
    return (same or likely or [METHODS["gp"]])[0]
