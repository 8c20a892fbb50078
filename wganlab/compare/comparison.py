"""One critic beside the exact distance.

The Lipschitz story has four numbers that are never mixed up: the raw `critic_gap`; the `slope`,
which is the largest gradient norm seen; the proven bound `lipschitz`; and the `certificate`, which
is at most EM of the two clouds whatever the critic is. Where the critic was trained with a
gradient penalty of weight lambda the gap exceeds EM, on parallel lines by the factor
1 + theta / (2 lambda); `corrected` inverts that law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from wganlab import exact
from wganlab.compare import directions, penalty_bias, slopes
from wganlab.compare.clouds import Clouds, drawn, solved
from wganlab.compare.probe import Probe
from wganlab.compare.steepest import search
from wganlab.data import checks
from wganlab.learned import CTransform, FittedCritic
from wganlab.learned.critics.declared import checked, declared
from wganlab.learned.critics.lending import undisturbed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

POINTS = 1000  # of each law, where they are drawn


@dataclass(frozen=True)
class Comparison:
    """A critic's numbers beside the truth; lengths in the unit of the points."""

    exact: float
    """EM of the two clouds, by linear program."""
    population: float | None
    """EM of the laws that the clouds were drawn from, where it is known."""
    critic_gap: float
    """mean f(real) - mean f(fake), raw."""
    slope: float
    """Largest gradient norm seen: at the points, between them, and on the way of the mass."""
    lipschitz: float
    """A proven Lipschitz constant; inf where there is none."""
    certificate: float
    """At most `exact`, for any function."""
    corrected: float | None
    """The gap with the gradient penalty's bias taken out; None where the law does not apply."""
    corrected_exactly: bool
    """Is the correction exact (parallel lines, pairs of atoms, a translate with paired
    interpolates), or a heuristic?"""
    cosine: float
    """Mean cosine between its gradient and the exact critic's, on the way of the mass."""
    cosine_at_real: float | None
    """The same at new points of P; None where no gradient of the laws' critic is known."""
    squared_l2_at_real: float | None
    """Mean squared distance of these gradients, likewise (see `compare.directions`)."""
    steps: int | None
    """Steps of training, where they are known."""
    seconds: float | None
    """Of training, where they are known."""
    method: str = ""
    """What kept the critic."""
    dual: float | None = None
    """The value of the dual that the critic climbed with a second network beside it; None for a
    critic alone, and for clouds with weights."""
    declared: float | None = None
    """A Lipschitz constant that the user declares: no proof; None where there is none."""
    found: float | None = None
    """The largest slope that a search found, where a constant is declared."""

    @property
    def refuted(self) -> bool:
        """Is a constant declared that is too small, by the slopes that were found?"""
        if self.declared is None or self.found is None:
            return False
        return slopes.is_refuted(self.declared, self.found)

    @property
    def gap_over_slope(self) -> float:
        """The gap of the critic scaled to slope 1 wherever it was looked at; nan if it is flat."""
        return self.critic_gap / self.slope if self.slope > 0 else math.nan

    @property
    def estimate(self) -> float:
        """What the method offers for EM: the raw gap, the dual value for a c-transform, or that of
        two networks."""
        if self.dual is not None:
            return self.dual
        return self.certificate if self.method == CTransform.__name__ else self.critic_gap

    @property
    def wrong_sign(self) -> bool:
        """Is the estimate negative: an optimum on the wrong side, or no training at all?"""
        return self.estimate < 0

    @property
    def told(self) -> str:
        """What is to be said of the constant that is declared; empty where none is."""
        if self.declared is None or self.found is None:
            return ""
        return slopes.verdict(self.declared, self.found)

    def __str__(self) -> str:
        """One line a number."""
        rows: list[tuple[str, float | int | None, str]] = [
            ("exact EM", self.exact, "of the two clouds"),
            ("population EM", self.population, "of the laws"),
            ("critic gap", self.critic_gap, "WRONG SIGN" if self.wrong_sign else "raw"),
            ("slope", self.slope, "largest gradient norm seen"),
            ("Lipschitz", self.lipschitz, "no proof" if self.lipschitz == math.inf else "proven"),
            ("declared L", self.declared, self.told),
            ("gap / slope", self.gap_over_slope, ""),
            ("certificate", self.certificate, "a lower bound of exact EM"),
            ("dual", self.dual, "of two networks, no bound"),
            ("corrected", self.corrected, "exact law" if self.corrected_exactly else "heuristic"),
            ("cosine", self.cosine, "with the exact critic's gradient"),
            ("cosine at P", self.cosine_at_real, "the same at points of P"),
            ("L2^2 at P", self.squared_l2_at_real, "squared distance of the two gradients"),
            ("steps", self.steps, ""),
            ("seconds", self.seconds, ""),
        ]
        return "\n".join(
            f"{name:<14}{value:>12.6g}  {remark}".rstrip()
            for name, value, remark in rows
            if value is not None
        )


def critic_vs_exact(
    critic: FittedCritic | nn.Module | Any,
    x: ArrayLike | exact.known.Pair,
    y: ArrayLike | None = None,
    *,
    pair: exact.known.Pair | None = None,
    n: int = POINTS,
    rng: np.random.Generator | None = None,
    transport: exact.Transport | None = None,
    product: bool | None = None,
    lipschitz: float | None = None,
) -> Comparison:
    """Lay a critic beside the exact earth mover's distance of two clouds.

    Parameters
    ----------
    critic : FittedCritic, nn.Module, or callable
        Any function of points that returns one number for each: (k, d) to (k,) or (k, 1).
    x, y : array_like, shapes (n, ...) and (m, ...); data frames, or exact.Discrete
        Real and fake points; images are flattened for the exact distance. Or a law that
        `learned.fit_critic` takes, or x a known pair and no y: n points of each are drawn.
    pair : known pair, optional
        What the clouds were drawn from: it gives `population`, and the exact critic's gradient.
    n : int
        Points to draw of each law.
    rng : numpy.random.Generator, optional
        Of what is drawn; `default_rng(0)` by default.
    transport : exact.Transport, optional
        `exact.wasserstein(x, y)` of these points, where it has been solved already: for several
        critics of one pair of clouds it need be solved once.
    product : bool, optional
        Give the proven bound as `lipschitz`. By default only where the weights are what is
        constrained, by us or by the network's own layers, and where it says slope 1: elsewhere it
        is proven, and useless.
    lipschitz : float, optional
        A Lipschitz constant that you declare, where nobody can prove one; by default what the
        critic has as an attribute `lipschitz_`. It is told as declared, and tried by search.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If the clouds are bad input (see `exact.measures`) or do not fit the critic, its values
        are not finite, or no function of a point alone, or the transport is not that of these
        points.
    TypeError
        If the critic cannot be called.

    Examples
    --------
    >>> pair = exact.known.ParallelLines(theta=1.0)
    >>> told = critic_vs_exact(lambda z: -3 * z[:, 0], pair)  # the right critic, three times
    >>> round(told.critic_gap, 6), round(told.slope, 6), round(told.gap_over_slope, 6)
    (3.0, 3.0, 1.0)
    >>> told.population, told.certificate <= told.exact
    (1.0, True)
    """
    rng = np.random.default_rng(0) if rng is None else rng
    lipschitz = None if lipschitz is None else checked(lipschitz)
    if isinstance(x, exact.known.Pair):
        if y is not None:
            raise ValueError("a known pair has both laws: give it alone, or as pair= of its clouds")
        pair = x
        checks.whole(1, n=n)
        x, y = pair.sample(n, rng)
    elif y is None:
        raise ValueError("y is missing: give two clouds, or a known pair alone")
    else:
        x, y = drawn(x, "x", n, rng), drawn(y, "y", n, rng)
    clouds = solved(x, y, pair=pair, transport=transport)
    return judged(critic, clouds, rng, product=product, lipschitz=lipschitz)


def judged(
    critic: Any,
    clouds: Clouds,
    rng: np.random.Generator,
    *,
    product: bool | None = None,
    lipschitz: float | None = None,
) -> Comparison:
    """`critic_vs_exact`, where the clouds are checked and their transport is solved."""
    with undisturbed():  # the critic may draw from the global generators
        told = _judged(critic, clouds, rng, product)
        own = critic.critic if isinstance(critic, FittedCritic) else critic
        lipschitz = declared(own) if lipschitz is None else lipschitz
        if lipschitz is None:
            return told
        probe = Probe(critic, clouds.real)
        found = max(told.slope, search(probe, clouds.real, clouds.fake, rng))
        return replace(told, declared=lipschitz, found=found)


def _judged(
    critic: Any, clouds: Clouds, rng: np.random.Generator, product: bool | None
) -> Comparison:
    real, fake = clouds.real, clouds.fake
    probe = Probe(critic, real)
    probe.check(real, fake)
    f_real, f_fake = probe.values(real), probe.values(fake)
    rays, ways = _rays(clouds, rng)
    pulls = probe.gradients(rays.reshape(-1, *real.shape[1:])).reshape(rays.shape)
    gap = float(f_real.mean() - f_fake.mean())
    if clouds.weighted:
        gap = float(clouds.source.weights @ f_real - clouds.target.weights @ f_fake)
    constraint = critic.constraint if isinstance(critic, FittedCritic) else None
    slope = slopes.steepest_seen(probe, real, fake, rng)
    slope = max(slope, float(directions.norms(pulls).max(initial=0.0)))
    at_real = _at_real(probe, clouds, rng)
    unit = critic.unit if isinstance(critic, FittedCritic) else 1.0  # where its weight counts
    certified = slopes.is_certified(critic, slope)
    corrected = None if certified else penalty_bias.corrected(gap, constraint, unit)
    return Comparison(
        exact=clouds.transport.value,
        population=clouds.population,
        critic_gap=gap,
        slope=slope,
        lipschitz=slopes.proven(critic, constraint, product, clouds.shape),
        certificate=exact.certificate(f_real, clouds.source, clouds.target),
        corrected=corrected,
        corrected_exactly=corrected is not None and penalty_bias.law_is_exact(clouds, constraint),
        cosine=directions.cosine(pulls, ways),
        cosine_at_real=at_real[0],
        squared_l2_at_real=at_real[1],
        steps=critic.steps if isinstance(critic, FittedCritic) else None,
        seconds=critic.seconds if isinstance(critic, FittedCritic) else None,
        method="" if constraint is None else type(constraint).__name__,
        dual=None if constraint is None or clouds.weighted else critic.dual(real, fake),
    )


def _rays(clouds: Clouds, rng: np.random.Generator) -> tuple[Array, Array]:
    """Points on the way of the mass, and the exact critic's gradient there: both (k, d).

    Along the segment from y to x that an optimal plan uses, every optimal critic rises with slope
    1, so its gradient is (x - y) / |x - y|. Where the laws are known, so is their plan.
    """
    if clouds.pair is not None:
        x, y = clouds.pair.sample(POINTS, rng, paired=True)
    else:
        moves = clouds.transport.plan.tocoo()
        rows = np.arange(moves.nnz)
        if len(rows) > POINTS:
            rows = rng.choice(moves.nnz, POINTS, p=moves.data / moves.data.sum())
        x = clouds.source.points[moves.row[rows]]
        y = clouds.target.points[moves.col[rows]]
    lengths = directions.norms(x - y)
    rounding = 64 * np.finfo(np.float64).eps * float(np.abs(x).max())
    far = lengths > max(1e-9 * float(lengths.max(initial=0.0)), rounding)
    x, y, lengths = x[far], y[far], lengths[far]
    t = rng.uniform(size=(len(x), 1))
    return y + t * (x - y), (x - y) / lengths[:, None]


def _at_real(
    probe: Probe, clouds: Clouds, rng: np.random.Generator
) -> tuple[float, float] | tuple[None, None]:
    """The benchmark's metrics of the gradient, at new points of P where its law is known."""
    if clouds.pair is None:
        return None, None
    x, _ = clouds.pair.sample(POINTS, rng)
    return directions.at_real(probe.gradients(x.reshape(-1, *clouds.shape)), clouds.pair, x)
