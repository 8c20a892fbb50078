"""What a network estimates: critics, their Lipschitz constraints, and how they are fitted."""

from wganlab.learned.critic import fit_critic
from wganlab.learned.fitted import DivergedError, FittedCritic, Record
from wganlab.learned.lipschitz import (
    Consistency,
    Constraint,
    CTransform,
    GradientPenalty,
    NoConstraint,
    Orthonormal,
    SpectralNorm,
    WeightClipping,
)
from wganlab.learned.methods import METHODS, Method, Optimizer
from wganlab.learned.networks import MLP, GroupSort, MaxMin, MLPConfig, lipschitz_bound

__all__ = [
    "METHODS",
    "MLP",
    "CTransform",
    "Consistency",
    "Constraint",
    "DivergedError",
    "FittedCritic",
    "GradientPenalty",
    "GroupSort",
    "MLPConfig",
    "MaxMin",
    "Method",
    "NoConstraint",
    "Optimizer",
    "Orthonormal",
    "Record",
    "SpectralNorm",
    "WeightClipping",
    "fit_critic",
    "lipschitz_bound",
]
