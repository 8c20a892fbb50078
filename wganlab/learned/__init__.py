"""What a network estimates: critics, their Lipschitz constraints, and how they are fitted."""

from wganlab.learned.batch import Batch
from wganlab.learned.constraints.bounds import lipschitz_bound
from wganlab.learned.constraints.clipping import WeightClipping
from wganlab.learned.constraints.constraint import Constraint, NoConstraint
from wganlab.learned.constraints.cowgan import CoWGAN
from wganlab.learned.constraints.ctransform import CTransform
from wganlab.learned.constraints.minimax_dual import MinimaxDual
from wganlab.learned.constraints.norms import Orthonormal, SpectralNorm
from wganlab.learned.constraints.penalties import Consistency, GradientPenalty
from wganlab.learned.constraints.regularized_dual import RegularizedDual
from wganlab.learned.critics.fit import fit_critic
from wganlab.learned.critics.fitted import DivergedError, FittedCritic, Record
from wganlab.learned.critics.methods import METHODS, Method, Tournament
from wganlab.learned.networks.activations import GroupSort, MaxMin
from wganlab.learned.networks.by_dimension import ByDimension
from wganlab.learned.networks.cones import Cones, ConesConfig
from wganlab.learned.networks.dcgan import DCGANConfig
from wganlab.learned.networks.folds import Fold, FoldConfig, PatchConfig
from wganlab.learned.networks.labelled import WithClasses
from wganlab.learned.networks.language import TextResNetConfig
from wganlab.learned.networks.mlp import MLP, AutoEncoder, MLPConfig
from wganlab.learned.networks.network import NetworkConfig
from wganlab.learned.networks.residual import ResNetConfig
from wganlab.learned.objectives.by_name import OBJECTIVES, Objective
from wganlab.learned.optimizers import Optimizer
from wganlab.learned.runs.again import load_run, resume
from wganlab.learned.runs.config import TrainConfig
from wganlab.learned.runs.folder import RunFolder
from wganlab.learned.runs.going import Run
from wganlab.learned.runs.image_presets import preset
from wganlab.learned.runs.loop import train, train_seeds
from wganlab.learned.runs.presets import PRESETS
from wganlab.learned.runs.state import RunDivergedError
from wganlab.learned.runs.view import View

__all__ = [
    "METHODS",
    "MLP",
    "OBJECTIVES",
    "PRESETS",
    "AutoEncoder",
    "Batch",
    "ByDimension",
    "CTransform",
    "CoWGAN",
    "Cones",
    "ConesConfig",
    "Consistency",
    "Constraint",
    "DCGANConfig",
    "DivergedError",
    "FittedCritic",
    "Fold",
    "FoldConfig",
    "GradientPenalty",
    "GroupSort",
    "MLPConfig",
    "MaxMin",
    "Method",
    "MinimaxDual",
    "NetworkConfig",
    "NoConstraint",
    "Objective",
    "Optimizer",
    "Orthonormal",
    "PatchConfig",
    "Record",
    "RegularizedDual",
    "ResNetConfig",
    "Run",
    "RunDivergedError",
    "RunFolder",
    "SpectralNorm",
    "TextResNetConfig",
    "Tournament",
    "TrainConfig",
    "View",
    "WeightClipping",
    "WithClasses",
    "fit_critic",
    "lipschitz_bound",
    "load_run",
    "preset",
    "resume",
    "train",
    "train_seeds",
]
