"""What the W1 benchmark published of critics on funnels, to stand beside ours.

Korotin, Kolesov and Burnaev, "Kantorovich Strikes Back! Wasserstein GANs are not Optimal
Transport?", NeurIPS 2022; the numbers are those of the repository justkolesov/Wasserstein1Benchmark
on GitHub, `metrics/metrics_nd/dim_D/width_4/metrics_deg_8_seed_2.csv` (D dimensions, 4 funnels,
power 8), rounded. Files for 16, 64 and 256 funnels lie beside them and are not repeated here.

The method's names are the paper's; in our words (`learned.METHODS`, where there is one):

    WC      clip: weights clipped at .04            SN      sn: spectral norm
    GP, LP  gp, lp of weight 10                     SO      orthonormal, with full sort
    MM-B    ctransform: c-transform in the batch    MM-Bv2  the same in both directions (CoWGAN)
    MM      critic and transport network, minimax   MM:R    the same from Q to P
    LS      two potentials, quadratic penalty       DOT     the linear program of 4,096 points

All but DOT have ReLU networks of two hidden layers (SO: sorts), width max(2 D, 128), trained in
5,000 (WC, SN) to 40,000 steps (GP, LP) on 1,024 fresh points of each law; one seed.

What differs from our own numbers:

- Their funnels are another draw than `Funnels(D, 4)`; `data.funnel_parameters` reads theirs.
- A cost is the gap on 4,096 independent points of each law, and the true cost a mean over 4,096
  coupled ones (standard error 0.008 at D = 2 to 0.023 at D = 32); ours is the gap on coupled
  points over their distance, in which this noise cancels.
- Cosine and L2 are measured in float32, where the true gradient vanishes at points within about
  0.001 of a bottom. At D = 2 many of P's are so near: the true critic itself would have a cosine of
  about .9 and an L2 of .1 (D = 4: .99 and .02; from D = 8 on 1 and 0). Ours are of float64.
- Of MM:R cosine and L2 are those of the transport network's direction, and not of its critic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DIMENSIONS = (2, 4, 8, 16, 32, 64, 128)
FUNNELS, POWER = 4, 8.0

TRUTH = (0.8174, 1.3853, 1.8817, 1.9405, 1.8217, 1.4113, 1.1424)

COST = {
    "WC": (0.0307, 0.4061, 1.1087, 1.7228, 2.8463, 3.3116, 9.4408),
    "GP": (0.8571, 1.4473, 1.9980, 2.0706, 1.9799, 1.3783, 1.1356),
    "LP": (0.8850, 1.4816, 1.9843, 2.1218, 1.9171, 1.4599, 1.1438),
    "SN": (0.1522, 0.4419, 0.5908, 0.6330, 0.7327, 0.6542, 0.3695),
    "SO": (0.7596, 1.2657, 1.6842, 1.8886, 1.7768, 1.4252, 1.0473),
    "LS": (0.4273, 0.4537, 0.2366, -0.1587, -0.3576, -0.4307, -0.3815),
    "MM-B": (0.7941, 1.0758, 0.7426, 0.1078, -0.2261, -0.3938, -0.3817),
    "MM-Bv2": (0.8001, 1.4222, 2.0900, 2.8557, 4.0503, 4.5996, 7.2024),
    "MM": (0.7888, 1.3466, 1.8529, 1.9589, 1.7593, 1.2236, 0.9687),
    "MM:R": (0.7993, 1.3727, 1.8919, 2.0580, 2.2621, 3.3205, 0.5967),
    "DOT": (0.8196, 1.4335, 2.4203, 4.1288, 7.2559, 12.0130, 18.8764),
}
COSINE = {
    "WC": (0.0722, 0.2674, 0.3409, 0.3325, 0.4021, 0.3869, 0.3619),
    "GP": (0.8446, 0.9495, 0.9612, 0.9642, 0.9547, 0.9182, 0.9229),
    "LP": (0.8176, 0.9489, 0.9612, 0.9636, 0.9489, 0.9225, 0.9256),
    "SN": (0.2131, 0.3599, 0.3541, 0.3522, 0.4195, 0.4328, 0.3705),
    "SO": (0.7730, 0.9054, 0.8939, 0.9706, 0.9831, 0.9590, 0.9313),
    "LS": (0.5636, 0.6974, 0.3570, -0.1604, -0.3559, -0.5393, -0.5349),
    "MM-B": (0.8589, 0.9133, 0.7477, 0.2279, -0.2675, -0.5268, -0.5660),
    "MM-Bv2": (0.8515, 0.9597, 0.9385, 0.8342, 0.5609, 0.5398, 0.4994),
    "MM": (0.8011, 0.9135, 0.9464, 0.9411, 0.8862, 0.6622, 0.4904),
    "MM:R": (0.6816, 0.9193, 0.9660, 0.9649, 0.9360, 0.6841, 0.5103),
    "DOT": (0.8585, 0.8416, 0.5619, 0.1761, -0.0867, -0.2805, -0.3504),
}
SQUARED_L2 = {
    "WC": (0.8485, 1.1383, 2.0184, 6.8960, 12.346, 26.254, 556.60),
    "GP": (0.0875, 0.0939, 0.0929, 0.0905, 0.1105, 0.1818, 0.1698),
    "LP": (0.1708, 0.0875, 0.0980, 0.0894, 0.1200, 0.1727, 0.1608),
    "SN": (0.7383, 0.8532, 1.0798, 1.2295, 1.1599, 1.1303, 1.2506),
    "SO": (0.2131, 0.1338, 0.1773, 0.0589, 0.0350, 0.0829, 0.1301),
    "LS": (0.5064, 0.5842, 0.8323, 1.2752, 1.6124, 1.9282, 2.0992),
    "MM-B": (0.0688, 0.1488, 0.4049, 0.9587, 1.4035, 1.8076, 2.0045),
    "MM-Bv2": (0.0767, 0.0601, 0.2810, 2.1809, 10.999, 23.544, 95.328),
    "MM": (1.2902, 1.6308, 1.2831, 0.1870, 0.2749, 1.1817, 2.1594),
    "MM:R": (0.5266, 0.1448, 0.0648, 0.0706, 0.1295, 0.6286, 0.9807),
    "DOT": (0.1620, 0.2952, 0.8800, 1.6680, 2.1669, 2.5577, 2.7000),
}


@dataclass(frozen=True)
class Published:
    """One published row."""

    method: str
    """The paper's name."""
    ratio: float
    """Its cost, the raw critic gap, over the true one."""
    cosine_at_real: float
    squared_l2_at_real: float


def published(pair: Any) -> tuple[Published, ...]:
    """The published rows for funnels as many as the pair's, in its dimension; none for others.

    Examples
    --------
    >>> from wganlab.exact.known import Balls, Funnels
    >>> {row.method: round(row.ratio, 2) for row in published(Funnels(dimension=16))}["SO"]
    0.97
    >>> published(Balls(dimension=16))
    ()
    """
    from wganlab.exact.known import Funnels

    if not isinstance(pair, Funnels) or (pair.funnels, pair.power) != (FUNNELS, POWER):
        return ()
    if pair.dim not in DIMENSIONS:
        return ()
    k = DIMENSIONS.index(pair.dim)
    return tuple(
        Published(name, COST[name][k] / TRUTH[k], COSINE[name][k], SQUARED_L2[name][k])
        for name in COST
    )
