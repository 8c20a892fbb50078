"""One critic trained on two laws and judged on new points of their optimal coupling: a row."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

import wganlab
from wganlab import exact
from wganlab.compare import directions, fits, keys, law_brackets, slopes
from wganlab.compare.probe import Probe
from wganlab.compare.steepest import search
from wganlab.learned import FittedCritic, Method
from wganlab.learned.critics.declared import declared
from wganlab.learned.critics.lending import lent, undisturbed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Known = exact.known.Pair

JUDGED = (2**32 - 1, 1)  # seed of the points to judge on, of which no critic's is


@dataclass(frozen=True)
class BenchmarkRow:
    """One critic of two laws, judged on n points (x_i, y_i) of their optimal coupling."""

    pair: str
    method: str
    seed: int
    n: int
    dim: int
    population: float | None
    """EM of the laws, where it is known."""
    exact: float
    """EM of the coupled points: the mean of |x_i - y_i|."""
    critic_gap: float
    """mean f(x_i) - mean f(y_i)."""
    error: float
    """Standard error of `ratio`."""
    slope: float
    """Largest gradient norm seen, at the points and on the way of the mass."""
    lipschitz: float
    """A proven Lipschitz constant; inf where there is none."""
    cosine: float
    """Mean cosine with the true gradient on the way of the mass."""
    cosine_at_real: float | None
    """The same at new points of P: the benchmark's cosine; None where it is not known."""
    squared_l2_at_real: float | None
    """Mean squared distance of the two gradients there: the benchmark's L2."""
    lower: float | None
    """What W1 of the laws is above, by this critic on new points; None where it is not proven."""
    upper: float | None
    """What it is below, by exact distances; with `lower` a bracket of 95 %: see `law_brackets`."""
    steps: int | None
    seconds: float | None
    note: str
    key: str
    """Of everything that the row depends on: how a resumed run knows it again."""

    @property
    def ratio(self) -> float:
        """The gap over EM of the same points: 1 is right, more is a critic steeper than 1."""
        return self.critic_gap / self.exact if self.exact > 0 else math.nan


@dataclass(frozen=True)
class LawCell:
    """What a row is computed from; of the shape that `processes` takes."""

    pair: str
    law: Known
    method: str
    how: Any
    seed: int
    n: int
    key: str = ""

    @property
    def drawn(self) -> str:
        """Cells that agree in this have the same truth."""
        return self.pair

    def clouds(self) -> tuple[float | None, float | None]:
        """EM of the laws, and what is above it: what is found once for all critics."""
        return self.law.emd, law_brackets.above(self.law, self.n)

    def deeds(self) -> bytes:
        """What its critic does on probe points that are drawn."""
        return fits.deeds(
            self.how, (self.law, None), lambda: self.law.sample(keys.PROBES, judging()), self.seed
        )

    def keyed(self, deeds: bytes) -> LawCell:
        """The cell with a hash of all that its row depends on; `deeds` of its critic."""
        told = ["laws", self.pair, self.method, str(self.seed), str(self.n), wganlab.__version__]
        told += [repr(self.law), keys.of_recipe(self.how)]
        digest = hashlib.sha256("\n".join(told).encode())
        digest.update(keys.of_points(self.law, self.law.sample(keys.PROBES, judging())))
        digest.update(deeds)
        return replace(self, key=digest.hexdigest()[:16])

    def compute(self, truth: tuple[float | None, float | None]) -> BenchmarkRow:
        """Train the critic, unless it is one already, and hold it against the truth."""
        how: Any = self.how
        notes: list[str] = []
        with lent(how.critic if isinstance(how, Method) else None) as own, fits.warned(notes):
            critic: Any = how
            if isinstance(how, Method):
                how = replace(how, critic=own)
                critic, diverged = fits.fitted(how, self.law, None, self.seed)
                notes += diverged
            with undisturbed():
                told = judged_on_law(critic, self.law, self.n)
                notes += _tried(critic, self.law, told["slope"])
                told["lower"], why = law_brackets.below(critic, self.law, self.n)
                notes += [why] if why and told["lipschitz"] < math.inf else []
        if told["critic_gap"] < 0:
            notes.append("wrong sign")
        notes += fits.won(critic)
        return BenchmarkRow(
            pair=self.pair,
            method=self.method,
            seed=self.seed,
            n=self.n,
            dim=self.law.dim,
            population=truth[0],
            upper=truth[1],
            note="; ".join(dict.fromkeys(notes)),
            key=self.key,
            **told,
        )


def _tried(critic: Any, law: Known, slope: float) -> list[str]:
    """What is to be said of a constant that the user declares."""
    constant = declared(critic.critic if isinstance(critic, FittedCritic) else critic)
    if constant is None:
        return []
    x, y = law.sample(keys.PROBES, rng := judging())
    found = max(slope, search(Probe(critic, x), x, y, rng))
    return [f"L = {constant:g} is {slopes.verdict(constant, found)}"]


def judging() -> np.random.Generator:
    """What draws the points that all critics of a pair are judged on."""
    return np.random.default_rng(JUDGED)


def judged_on_law(critic: Any, law: Known, n: int) -> dict[str, Any]:
    """A critic's numbers on n coupled points of the laws, by the names of a `BenchmarkRow`."""
    rng = judging()
    x, y = law.sample(n, rng, paired=True)  # (n, dim)
    probe = Probe(critic, x)
    probe.check(x, y)
    rises, moved = probe.values(x) - probe.values(y), directions.norms(x - y)
    gap, distance = float(rises.mean()), float(moved.mean())
    far = moved > 1e-9 * distance
    rays = y + rng.uniform(size=(n, 1)) * (x - y)
    gradients = [probe.gradients(z) for z in (x, y, rays[far])]
    at_real = directions.at_real(gradients[0], law, x)
    fitted = isinstance(critic, FittedCritic)
    constraint = critic.constraint if fitted else None
    return {
        "exact": distance,
        "critic_gap": gap,
        "error": _error_of_ratio(rises, moved),
        "slope": max(float(directions.norms(g).max(initial=0.0)) for g in gradients),
        "lipschitz": slopes.proven(critic, constraint, None, (law.dim,)),
        "cosine": directions.cosine(gradients[2], (x - y)[far] / moved[far, None]),
        "cosine_at_real": at_real[0],
        "squared_l2_at_real": at_real[1],
        "steps": critic.steps if fitted else None,
        "seconds": critic.seconds if fitted else None,
    }


def _error_of_ratio(rises: Array, moved: Array) -> float:
    """Standard error of mean(rises) / mean(moved), by the delta method."""
    if moved.mean() == 0:
        return math.nan
    residuals = rises - rises.mean() / moved.mean() * moved
    return float(residuals.std() / math.sqrt(len(moved)) / moved.mean())
