"""What is true: exact distances and divergences between laws, in NumPy float64, without torch."""

from wganlab.exact import known
from wganlab.exact.densities import Density
from wganlab.exact.divergences import chi2, js, kl, le_cam, tv
from wganlab.exact.entropic import Entropic, sinkhorn, sinkhorn_divergence
from wganlab.exact.grid import GridTransport, emd_grid, grid_transport
from wganlab.exact.ground import distances
from wganlab.exact.ipm import mmd, mmd_squared, sliced, tv_critic
from wganlab.exact.measures import Discrete
from wganlab.exact.potentials import certificate
from wganlab.exact.programs import (
    LinearProgram,
    constraints,
    dual,
    integer_plans,
    kantorovich_rubinstein,
    primal,
    slackness,
)
from wganlab.exact.transport import Transport, emd, wasserstein

__all__ = [
    "Density",
    "Discrete",
    "Entropic",
    "GridTransport",
    "LinearProgram",
    "Transport",
    "certificate",
    "chi2",
    "constraints",
    "distances",
    "dual",
    "emd",
    "emd_grid",
    "grid_transport",
    "integer_plans",
    "js",
    "kantorovich_rubinstein",
    "kl",
    "known",
    "le_cam",
    "mmd",
    "mmd_squared",
    "primal",
    "sinkhorn",
    "sinkhorn_divergence",
    "slackness",
    "sliced",
    "tv",
    "tv_critic",
    "wasserstein",
]
