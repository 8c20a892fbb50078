"""The bracket beside each critic of a benchmark: what it proves of the LAWS, and what is above.

    lower  of a critic whose Lipschitz constant L is proven: its gap over L on new points, less a
           radius. None of those points has been trained on, nor is one critic chosen among others
    upper  of the pair, whatever the critic: the mean of exact distances of independent samples,
           and a radius

Each side holds with 97.5 %, by Student's t, so that the two of a row hold together with 95 %: see
`brackets.bracket`. All critics of a pair are judged on the same points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from wganlab.compare.brackets.choice import Choice
from wganlab.compare.brackets.evidence import Evidence
from wganlab.compare.brackets.provable import UnprovenError
from wganlab.compare.brackets.sources import DIMENSIONS
from wganlab.compare.brackets.two_laws import Laws, laws_of

if TYPE_CHECKING:
    from wganlab.exact.known import Pair

LEVEL = 0.025  # of each side
SEED = 2**32 - 1  # of the points, as of those that critics are judged on
BLOCKS, RANGE = 16, 2**10  # blocks of points, and points that show a critic's range
REPLICATES, POINTS = 8, 2**9  # exact distances of the upper side, and points of each law in one


def above(pair: Pair, n: int = POINTS) -> float | None:
    """What W1 of the laws is below, with 97.5 %, by distances of n points, at most 512.

    None where there are no nets of its dimension.

    Examples
    --------
    >>> from wganlab import exact
    >>> 1 <= above(exact.known.Translation((1.0, 0.0))) < 1.01
    True
    """
    if pair.dim > DIMENSIONS:
        return None
    evidence = Evidence(_drawn(pair), None)
    evidence.transport(REPLICATES, min(n, POINTS), REPLICATES)
    return evidence.upper(LEVEL, corrected=False)


def below(critic: Any, pair: Pair, n: int) -> tuple[float | None, str]:
    """What W1 of the laws is above by that critic on about n new points of each, with 97.5 %.

    Returns
    -------
    bound : float or None
        0 where it tells nothing, None where nothing is proven of the critic.
    note : str
        Why there is none.
    """
    if pair.dim > DIMENSIONS:
        return None, ""
    laws = _drawn(pair)
    choice = Choice(laws, RANGE)
    choice.enter_module(critic, "the critic")
    if choice.notes:
        return None, choice.notes[0]
    evidence = Evidence(laws, choice.best)
    try:
        evidence.certify(BLOCKS, max(1, n // BLOCKS), BLOCKS)
    except UnprovenError as error:
        return None, str(error)
    return evidence.lower(LEVEL, finite_sample=False), ""


def _drawn(pair: Pair) -> Laws:
    device = torch.device("cpu")
    return laws_of(pair, None, seed=SEED, device=device, nets=True, shared=False)
