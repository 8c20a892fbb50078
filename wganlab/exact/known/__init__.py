"""Pairs of laws whose distances are known in closed form: the truth to test everything against.

A pair has laws P ("real") and Q ("fake"), distances `.emd`, `.tv`, `.js`, `.kl` = KL(P, Q) and
`.reverse_kl` = KL(Q, P) (None where no closed form is known), the optimal critic, 1-Lipschitz with
E_P f - E_Q f = EM, and a sampler. Conventions are those of `wganlab.exact.divergences`. Of
`Funnels` the critic is exact and EM an estimate, with its standard error.
"""

from wganlab.exact.known.atoms import BlackImage, Cones, Polygons, Simplex
from wganlab.exact.known.funnels import Funnels
from wganlab.exact.known.line import Bernoullis, Exponentials, Line, Normals, Uniforms
from wganlab.exact.known.pair import Pair
from wganlab.exact.known.radial import Balls, Rescaling, ScaledGaussians, Spheres
from wganlab.exact.known.space import Gaussians, ParallelLines, Product, Translation

__all__ = [
    "Balls",
    "Bernoullis",
    "BlackImage",
    "Cones",
    "Exponentials",
    "Funnels",
    "Gaussians",
    "Line",
    "Normals",
    "Pair",
    "ParallelLines",
    "Polygons",
    "Product",
    "Rescaling",
    "ScaledGaussians",
    "Simplex",
    "Spheres",
    "Translation",
    "Uniforms",
    "all",
]


def all() -> tuple[Pair, ...]:
    """One pair of every kind, at its default parameters.

    Examples
    --------
    >>> [type(pair).__name__ for pair in all()][:3]
    ['ParallelLines', 'Translation', 'Uniforms']
    """
    from scipy import stats

    return (
        ParallelLines(),
        Translation(),
        Uniforms(),
        Exponentials(),
        Bernoullis(),
        Normals(),
        Gaussians(),
        ScaledGaussians(),
        Rescaling(),
        Spheres(),
        Balls(),
        Cones(),
        Polygons(),
        Simplex(),
        BlackImage(),
        Product(),
        Funnels(),
        Line(stats.laplace(), stats.logistic(loc=0.5)),
    )
