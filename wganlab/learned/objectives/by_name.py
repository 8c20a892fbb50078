"""The family: every objective by the name that a configuration knows it by.

An objective is a function of a batch: real and fake points and the critic's values at them. The
critic makes `critic(batch)` large, the generator makes `generator(batch)` small, and `estimate` is
what the batch says of the distance `estimates` between the two laws.

| name | estimates | for any discriminator |
|---|---|---|
| wasserstein | EM, if the slope is at most 1 | |
| loss-sensitive | EM, if the slope is at most 1 | |
| minimax, non-saturating, f-js | JS | a lower bound |
| least-squares | Le Cam's divergence | a lower bound |
| hinge, energy-based, f-tv | TV | a lower bound |
| f-kl, f-reverse-kl, f-pearson | KL(P, Q), KL(Q, P), chi2(P, Q) | a lower bound |
| mmd, sinkhorn, emd | MMD, Sinkhorn divergence, EM, of the batches | they have none |

P is the real law, Q that of the generator; conventions are those of `wganlab.exact`. Games are in
`games`, with the f-GANs in `fgan`; what does without a discriminator is in `minibatch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wganlab.data import checks
from wganlab.learned.objectives import fgan, games, minibatch
from wganlab.learned.objectives.games import Objective

if TYPE_CHECKING:
    from wganlab.learned.constraints.constraint import Constraint

__all__ = ["OBJECTIVES", "Objective", "named"]

OBJECTIVES: dict[str, Objective] = {
    "wasserstein": games.Wasserstein(),
    "loss-sensitive": games.LossSensitive(),
    "minimax": games.Minimax(),
    "non-saturating": games.NonSaturating(),
    "least-squares": games.LeastSquares(),
    "hinge": games.Hinge(),
    "energy-based": games.EnergyBased(),
    "f-kl": fgan.KL(),
    "f-reverse-kl": fgan.ReverseKL(),
    "f-js": fgan.JensenShannon(),
    "f-tv": fgan.TotalVariation(),
    "f-pearson": fgan.Pearson(),
    "mmd": minibatch.MMD(),
    "sinkhorn": minibatch.Sinkhorn(),
    "emd": minibatch.EarthMover(),
}
"""By the names of a configuration, with their default parameters."""


def named(objective: str | Objective, constraint: Constraint | None = None) -> Objective:
    """The objective of that name, to fit a critic with.

    Raises
    ------
    ValueError
        If there is none, it has no critic, or the constraint is an objective of its own.
    """
    if isinstance(objective, str):
        checks.among(tuple(OBJECTIVES), objective=objective)
        objective = OBJECTIVES[objective]
    name = type(objective).__name__
    if not objective.has_critic:
        raise ValueError(
            f"objective {name} has no critic to fit: its estimate(Batch(real, fake, ...)) is the "
            "distance of the two clouds"
        )
    if constraint is not None and (constraint.is_objective or not constraint.at_fake):
        raise ValueError(
            f"{type(constraint).__name__} is an objective of its own, in place of {name}: leave "
            "one of them out"
        )
    return objective
