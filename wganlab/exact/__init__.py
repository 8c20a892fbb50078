"""What is true: exact distances and divergences between laws, in NumPy float64, without torch."""

from wganlab.exact import known
from wganlab.exact.densities import Density
from wganlab.exact.divergences import js, kl, tv
from wganlab.exact.measures import Discrete
from wganlab.exact.transport import Transport, distances, emd, wasserstein

__all__ = [
    "Density",
    "Discrete",
    "Transport",
    "distances",
    "emd",
    "js",
    "kl",
    "known",
    "tv",
    "wasserstein",
]
