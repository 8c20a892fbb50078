"""What is true: exact distances and divergences between laws, in NumPy float64, without torch.

Distances of two clouds of points, or of two `Discrete` measures:

- `emd`, `wasserstein` (to a `Transport`): by linear program, or sorting on the line
- `emd_grid`, `grid_transport` (to a `GridTransport`): of histograms on a pixel grid
- `sinkhorn` (to an `Entropic`), `sinkhorn_divergence`: with entropy, which is not EM
- `mmd`, `mmd_squared`, `sliced`, `max_sliced`; `distances`: from every point to every other
- `normal_w2`: W2 of normal laws; `frechet`: of the normal laws that two clouds look like

Divergences of pmfs, of `Discrete` measures, or of densities (`Density`): `tv`, `js`, `kl`, `chi2`,
`le_cam`.

Many histograms in one call: `over_rows`.

What a critic is worth: `certificate`, of any function.

The programs written out: `primal`, `dual`, `kantorovich_rubinstein` (each a `LinearProgram`),
`marginal_matrix`, `slackness`, `integer_plans`.

Pairs of laws whose distances are known: `known`.

One word for one thing, in every result of transport:

- `value`: the distance, in the unit of the ground distance
- `plan`: mass moved from x_i to y_j, shape (n, m); sparse where it is exact (a flow on a grid has
  none: it has `right` and `down`)
- `potentials`: the dual variables (f, g)
- `bound`: what they prove; no plan does better
- `gap`: (primal - dual) / primal, relative
- `solver`: whose answer it is
"""

from wganlab.exact import known
from wganlab.exact.densities import Density
from wganlab.exact.divergences import chi2, js, kl, le_cam, tv
from wganlab.exact.entropic import Entropic, sinkhorn, sinkhorn_divergence
from wganlab.exact.grid import GridTransport, emd_grid, grid_transport
from wganlab.exact.ground import distances
from wganlab.exact.ipm import mmd, mmd_squared
from wganlab.exact.measures import Discrete
from wganlab.exact.normals import frechet, normal_w2
from wganlab.exact.potentials import certificate
from wganlab.exact.programs import (
    LinearProgram,
    dual,
    integer_plans,
    kantorovich_rubinstein,
    marginal_matrix,
    primal,
    slackness,
)
from wganlab.exact.rows import over_rows
from wganlab.exact.slicing import max_sliced, sliced
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
    "distances",
    "dual",
    "emd",
    "emd_grid",
    "frechet",
    "grid_transport",
    "integer_plans",
    "js",
    "kantorovich_rubinstein",
    "kl",
    "known",
    "le_cam",
    "marginal_matrix",
    "max_sliced",
    "mmd",
    "mmd_squared",
    "normal_w2",
    "over_rows",
    "primal",
    "sinkhorn",
    "sinkhorn_divergence",
    "slackness",
    "sliced",
    "tv",
    "wasserstein",
]
