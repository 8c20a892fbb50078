"""What is true: exact distances and divergences between laws, in NumPy float64, without torch."""

from wganlab.exact import known
from wganlab.exact.densities import Density
from wganlab.exact.divergences import js, kl, tv
from wganlab.exact.entropic import Entropic, sinkhorn, sinkhorn_divergence
from wganlab.exact.ipm import mmd, mmd_squared, sliced, tv_critic
from wganlab.exact.measures import Discrete
from wganlab.exact.transport import Transport, distances, emd, wasserstein

__all__ = [
    "Density",
    "Discrete",
    "Entropic",
    "Transport",
    "distances",
    "emd",
    "js",
    "kl",
    "known",
    "mmd",
    "mmd_squared",
    "sinkhorn",
    "sinkhorn_divergence",
    "sliced",
    "tv",
    "tv_critic",
    "wasserstein",
]
