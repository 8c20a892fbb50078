"""Two clouds of points that went through the door once, and the exact transport between them.

Whatever is held against the truth, be it one critic or fifteen, is held against these: points are
checked once, and the linear program is solved once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab import exact
from wganlab.data import checks
from wganlab.exact.measures import Discrete, as_cloud, in_columns_of
from wganlab.learned.critics import samplers
from wganlab.learned.critics.reading import aligned, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TOLERANCE = 1e-9  # relative, of the cost of a plan that was given


@dataclass(frozen=True, eq=False)
class Clouds:
    """Real and fake points, and what is true of them; it can go to another process."""

    transport: exact.Transport
    """The optimal one, whose source is the real points and whose target the fake ones."""
    shape: tuple[int, ...]
    """Of a point: (d,), or that of an image."""
    pair: exact.known.Pair | None = None
    """What they were drawn from, where it is known."""
    population: float | None = None
    """EM of these laws, where it is known."""

    @property
    def real(self) -> Array:
        """Shape (n, *shape)."""
        return self.source.points.reshape(-1, *self.shape)

    @property
    def fake(self) -> Array:
        """Shape (m, *shape)."""
        return self.target.points.reshape(-1, *self.shape)

    @property
    def weighted(self) -> bool:
        """Do the points weigh unequally?"""
        return any(law.weights.strides != (0,) for law in (self.source, self.target))

    @property
    def laws(self) -> tuple[Any, Any]:
        """What to train on: the points, or the measures where they weigh unequally."""
        return (self.source, self.target) if self.weighted else (self.real, self.fake)

    @property
    def source(self) -> Discrete:
        """The real points as a measure on R^d."""
        return self.transport.source

    @property
    def target(self) -> Discrete:
        """The fake points as a measure on R^d."""
        return self.transport.target


def checked(
    x: Any, y: Any, pair: exact.known.Pair | None = None
) -> tuple[Discrete, Discrete, tuple[int, ...]]:
    """Both clouds as measures, and the shape of a point.

    Raises
    ------
    ValueError
        If they are bad input, or points of two spaces, or of another than the pair's.
    """
    x, y = aligned(samplers.plain(x), samplers.plain(y))
    (mu, shape), (nu, other) = _measure(x, "x"), _measure(y, "y")
    if shape != other:
        raise ValueError(
            f"x has points of shape {shape} and y of shape {other}: they must live in one space"
        )
    if pair is not None and pair.dim != mu.dim:
        raise ValueError(f"the points live in dimension {mu.dim}, the pair in dimension {pair.dim}")
    return mu, in_columns_of(mu, nu), shape


def drawn(law: Any, name: str, n: int, rng: np.random.Generator) -> Any:
    """n points of what can only be sampled; points and discrete measures as they are."""
    if not samplers.is_law(law) or samplers.is_discrete(law):
        return law
    if samplers.is_pair(law):
        raise ValueError("a known pair is both laws: give it alone")
    checks.whole(1, n=n)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    return read(samplers.tried(samplers.sampler(law), law, name)(n, generator), name).numpy()


def as_arrays(x: Any, y: Any, names: tuple[str, str] = ("x", "y")) -> tuple[Array, Array]:
    """Both as points of float64, weights left aside."""
    pair = aligned(*(z.points if _has_weights(z) else z for z in (x, y)))
    arrays = [read(z, name).double().cpu().numpy() for z, name in zip(pair, names, strict=True)]
    if arrays[0].shape[1:] != arrays[1].shape[1:]:
        raise ValueError(
            f"{names[0]} has points of shape {arrays[0].shape[1:]} and {names[1]} of shape "
            f"{arrays[1].shape[1:]}: they must live in one space"
        )
    return arrays[0], arrays[1]


def _has_weights(cloud: Any) -> bool:
    return not samplers.is_array(cloud) and samplers.is_discrete(cloud)


def _measure(cloud: Any, name: str) -> tuple[Discrete, tuple[int, ...]]:
    """Points of equal weight; or a discrete measure, with its weights."""
    if not _has_weights(cloud):
        return as_cloud(cloud, name)
    law = cloud if isinstance(cloud, Discrete) else Discrete(cloud.points, cloud.weights)
    return law, (law.dim,)


def solved(
    x: Any,
    y: Any,
    *,
    pair: exact.known.Pair | None = None,
    transport: exact.Transport | None = None,
) -> Clouds:
    """The clouds with the transport between them: solved here, or given and looked at.

    Raises
    ------
    ValueError
        If the clouds are bad input, or the transport is not theirs.
    """
    mu, nu, shape = checked(x, y, pair)
    if transport is None:
        transport = exact.wasserstein(mu, nu)
    else:
        _check_theirs(transport, mu, nu)
    return Clouds(transport, shape, pair, None if pair is None else pair.emd)


def _check_theirs(transport: exact.Transport, mu: Discrete, nu: Discrete) -> None:
    """ValueError unless it is `exact.wasserstein(x, y)`, at the cost of a look at the plan."""
    advice = "give exact.wasserstein(x, y) of these points"
    if (transport.p, transport.metric) != (1, "euclidean"):
        raise ValueError(
            f"transport is of order {transport.p:g} and metric {transport.metric!r}: {advice}"
        )
    sizes = transport.source.n, transport.target.n
    if sizes != (mu.n, nu.n):
        raise ValueError(
            f"transport is of {sizes[0]} and {sizes[1]} points, x and y have {mu.n} and {nu.n}: "
            f"{advice}"
        )
    for law, given, name in ((transport.source, mu, "x"), (transport.target, nu, "y")):
        if not np.allclose(law.weights, given.weights, rtol=TOLERANCE, atol=0):
            raise ValueError(f"transport weighs the points of {name} unequally: {advice}")
        if not np.array_equal(law.points, given.points):
            raise ValueError(f"transport is of other points than {name}: {advice}")
    moves = transport.plan.tocoo()
    unit = transport.value or 1.0  # so that no square underflows
    ways = (mu.points[moves.row] - nu.points[moves.col]) / unit
    cost = unit * float(moves.data @ np.linalg.norm(ways, axis=1))
    if not math.isclose(cost, transport.value, rel_tol=TOLERANCE, abs_tol=0):
        raise ValueError(
            f"transport has the value {transport.value:.6g}, and its plan costs {cost:.6g} on "
            f"these points: {advice}"
        )
