"""What a network estimates: critics, their Lipschitz constraints, and how they are fitted."""

from wganlab.learned.bounds import lipschitz_bound
from wganlab.learned.certified import Fold, FoldConfig, PatchConfig
from wganlab.learned.classifier import Classifier, as_images, fit_classifier
from wganlab.learned.classifiers import classifier_for
from wganlab.learned.config import TrainConfig
from wganlab.learned.convnets import DCGANConfig
from wganlab.learned.critic import fit_critic
from wganlab.learned.fitted import DivergedError, FittedCritic, Record
from wganlab.learned.image_presets import preset
from wganlab.learned.layers import Orthonormal, SpectralNorm
from wganlab.learned.lipschitz import Constraint, CTransform, NoConstraint, WeightClipping
from wganlab.learned.methods import METHODS, Method, Optimizer
from wganlab.learned.networks import MLP, AutoEncoder, GroupSort, MaxMin, MLPConfig
from wganlab.learned.objectives import OBJECTIVES, Objective
from wganlab.learned.penalties import Consistency, GradientPenalty
from wganlab.learned.presets import PRESETS
from wganlab.learned.record import RunFolder
from wganlab.learned.train import Run, load_run, resume, train, train_seeds
from wganlab.learned.training import RunDivergedError
from wganlab.learned.view import View

__all__ = [
    "METHODS",
    "MLP",
    "OBJECTIVES",
    "PRESETS",
    "AutoEncoder",
    "CTransform",
    "Classifier",
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
    "NoConstraint",
    "Objective",
    "Optimizer",
    "Orthonormal",
    "PatchConfig",
    "Record",
    "Run",
    "RunDivergedError",
    "RunFolder",
    "SpectralNorm",
    "TrainConfig",
    "View",
    "WeightClipping",
    "as_images",
    "classifier_for",
    "fit_classifier",
    "fit_critic",
    "lipschitz_bound",
    "load_run",
    "preset",
    "resume",
    "train",
    "train_seeds",
]
