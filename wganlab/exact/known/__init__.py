"""Pairs of laws whose distances are known in closed form: the truth to test everything against.

A pair has laws P ("real") and Q ("fake"), distances `.emd`, `.tv`, `.js`, `.kl` = KL(P, Q) and
`.reverse_kl` = KL(Q, P) (None where no closed form is known), the optimal critic, 1-Lipschitz with
E_P f - E_Q f = EM, and a sampler. Conventions are those of `wganlab.exact.divergences`.
"""

from wganlab.exact.known.line import Bernoullis, Exponentials, Line, Normals, Uniforms
from wganlab.exact.known.pair import Pair
from wganlab.exact.known.space import ParallelLines, Translation

__all__ = [
    "Bernoullis",
    "Exponentials",
    "Line",
    "Normals",
    "Pair",
    "ParallelLines",
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
        Line(stats.laplace(), stats.logistic(loc=0.5)),
    )
