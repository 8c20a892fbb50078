"""The brackets behind `lab_bracket`: an hour of them, kept in `records/` and gone on with.

    python -m figures.bracket_runs [--seconds 60] [--seeds 200]

makes what is missing of the record; another configuration begins it anew. The record has the
configuration, the environment, and of every bracket of the table its plan, with which
`compare.bracket(..., plan=...)` makes it again. Seconds are CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import scipy
import torch
from scipy.stats import qmc

from wganlab import exact
from wganlab.compare import BracketPlan, OfUniforms
from wganlab.compare.brackets.contest import Training
from wganlab.compare.brackets.two_laws import laws_of
from wganlab.compare.brackets.work import Asked, Work
from wganlab.learned.devices import thread_limit
from wganlab.writing import written

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.compare import Bracket
    from wganlab.compare.brackets.evidence import Evidence
    from wganlab.compare.brackets.results import Radius

    Points = NDArray[np.float64]

known = exact.known
CPU = torch.device("cpu")
APART = 4.0  # from the middle to the center of a ball, of radius 1
KINDS = ("shift", "balls", "Gaussians", "funnels", "halves")
NETS = 16  # that EM of funnels is estimated by
CONFIDENCES = (0.5, 0.8, 0.9, 0.95)
SMALL = BracketPlan(
    heats=0.005,
    steps=0.02,
    apexes=200,
    selection=1024,
    blocks=16,
    block=256,
    replicates=6,
    points=128,
)
PLACE = Path(__file__).parent


def halves(dimension: int) -> tuple[OfUniforms, OfUniforms]:
    """Uniform on two balls that are 8 apart, and each moved by 1, in opposite directions; EM = 1.

    No plan is cheaper: the critic that falls by 1 along each way has values that differ by at most
    3 from one ball to the other, which stay 6 apart or more.
    """
    ball = known.Balls(real=1.0, fake=1.0, dimension=dimension)

    def real(u: Points) -> Points:
        x, _ = ball.of_uniforms(u[:, 1:], u[:1, 1:])
        x[:, -1] += APART * side(u)
        return x

    def fake(u: Points) -> Points:
        y = real(u)
        y[:, 0] += side(u)
        return y

    return OfUniforms(real, dimension + 1), OfUniforms(fake, dimension + 1)


def side(u: Points) -> Points:
    """-1 or 1, by the first of the uniform numbers."""
    return np.where(u[:, 0] < 0.5, -1.0, 1.0)


def pair(kind: str, dimension: int) -> known.Pair | None:
    """A pair whose EM is known; None for halves, of which it is told here."""
    match kind:
        case "shift":
            return known.Translation(shift=(1.0, *[0.0] * (dimension - 1)))
        case "balls":
            return known.Balls(dimension=dimension)
        case "Gaussians":
            return known.ScaledGaussians(dimension=dimension)
        case "funnels":
            return known.Funnels(dimension=dimension)
    return None


def laws(kind: str, dimension: int) -> tuple[Any, Any]:
    """A known pair and nothing, or two laws, as `compare.bracket` takes them."""
    made = pair(kind, dimension)
    return halves(dimension) if made is None else (made, None)


@lru_cache
def truth(kind: str, dimension: int) -> tuple[float, float]:
    """EM of the laws, and its standard error.

    That of funnels is the mean way of their optimal coupling, here over scrambled nets of Sobol: in
    few dimensions brackets are narrower than the error of as many independent points.
    """
    made = pair(kind, dimension)
    if made is None:
        return 1.0, 0.0
    if not isinstance(made, known.Funnels):
        assert made.emd is not None
        return made.emd, 0.0
    ways = []
    for seed in range(NETS):
        net = qmc.Sobol(dimension, bits=52, rng=np.random.default_rng(seed)).random_base2(14)
        x, y = made.of_uniforms(net, net)
        ways.append(np.linalg.norm(x - y, axis=1).mean())
    return float(np.mean(ways)), float(np.std(ways, ddof=1)) / math.sqrt(NETS)


@contextmanager
def cpu_time() -> Iterator[None]:
    """Seconds are CPU seconds of one thread, whatever else is at work."""
    with thread_limit(1), mock.patch("time.perf_counter", time.process_time):
        yield


def begun(kind: str, dimension: int, asked: Asked, seed: int, of: type[Work] = Work) -> Any:
    """The work of `compare.bracket`, to be run in CPU time."""
    nets = not asked.finite_sample
    sources = laws_of(*laws(kind, dimension), seed=seed, device=CPU, nets=nets, shared=False)
    training = Training(sources.training(), seed, CPU)
    return of(sources, training, asked, lambda now: None, time.process_time())


def bracket(
    kind: str,
    dimension: int,
    *,
    seconds: float | None = None,
    plan: BracketPlan | None = None,
    confidence: float = 0.95,
    radius: Radius = "asymptotic",
    seed: int = 0,
) -> Bracket:
    """What `compare.bracket` tells, of so many CPU seconds or of a plan."""
    with cpu_time():
        asked = Asked(confidence, seconds or math.inf, radius, None, plan)
        found: Bracket = begun(kind, dimension, asked, seed).run({})
    return found


@dataclass
class AtOnce(Work):
    """A bracket for several confidences: critics and points are the same, the radii are not."""

    sides: dict[float, tuple[float, float]] = field(default_factory=dict)

    def look(
        self, plan: BracketPlan, evidence: Evidence, *, last: bool, of: BracketPlan | None = None
    ) -> Bracket:
        """Look for each of the confidences."""
        told = super().look(plan, evidence, last=last, of=of)
        for confidence in CONFIDENCES:
            level = replace(self.asked, confidence=confidence).level(last=last)
            lower, upper = self.sides.get(confidence, (0.0, math.inf))
            self.sides[confidence] = (
                max(lower, evidence.lower(level, finite_sample=False)),
                min(upper, evidence.upper(level, corrected=plan.corrected)),
            )
        return told


def at_once(kind: str, dimension: int, seed: int, plan: BracketPlan) -> list[tuple[float, float]]:
    """What `compare.bracket` tells for each of CONFIDENCES: lower and upper."""
    with cpu_time():
        asked = Asked(max(CONFIDENCES), math.inf, "asymptotic", None, plan)
        work = begun(kind, dimension, asked, seed, AtOnce)
        work.run({})
    return [work.sides[confidence] for confidence in CONFIDENCES]


@dataclass(frozen=True)
class Configuration:
    """What a record is of."""

    seconds: float | None = 60.0
    """CPU seconds of each bracket of the table; None where there is a plan."""
    plan: BracketPlan | None = None
    """In place of the time."""
    confidence: float = 0.95
    radius: Radius = "asymptotic"
    seed: int = 0
    dimensions: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128)
    pairs: tuple[tuple[str, int], ...] = (
        ("shift", 1),
        ("balls", 2),
        ("Gaussians", 4),
        ("halves", 8),
    )
    """Kinds and dimensions of the coverage."""
    confidences: tuple[float, ...] = CONFIDENCES
    """That are asked for there."""
    seeds: int = 200
    """Brackets of each pair there."""
    small: BracketPlan = SMALL
    """How much of everything they take."""

    def as_json(self) -> Any:
        """As it is read from a file."""
        return json.loads(json.dumps(asdict(self)))

    def jobs(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        """Part, name and work of every bracket."""
        for dimension in self.dimensions:
            for kind in KINDS:
                yield "table", f"{kind} {dimension}", partial(self.row, kind, dimension)
        for seed in range(self.seeds):
            for kind, dimension in self.pairs:
                work = partial(at_once, kind, dimension, seed, self.small)
                yield "coverage", f"{kind} {dimension} {seed}", work

    def row(self, kind: str, dimension: int) -> dict[str, Any]:
        """A bracket of the table."""
        names = ("seconds", "plan", "confidence", "radius", "seed")
        found = bracket(kind, dimension, **{name: getattr(self, name) for name in names})
        told = {name: getattr(found, name) for name in ("lower", "upper", "method", "seconds")}
        return {**told, "plan": asdict(found.plan)}


def made(asked: Configuration, record: dict[str, Any], keep: Callable[[Any], None]) -> Any:
    """The record with what was missing of it; kept after every bracket.

    One of another configuration is begun anew; that of more seeds is no other.
    """
    told, jobs = asked.as_json(), list(asked.jobs())
    there = {**record.get("configuration", {}), "seeds": asked.seeds} == told
    whole: dict[str, Any] = {"configuration": told, "environment": environment()}
    for part in ("table", "coverage"):
        names = [name for of, name, _ in jobs if of == part and there and name in record[part]]
        whole[part] = {name: record[part][name] for name in names}
    for part, name, work in jobs:
        if name not in whole[part]:
            whole[part][name] = work()
            keep(whole)
    return whole


def environment() -> dict[str, str]:
    """What it is made with."""
    versions = {library.__name__: library.__version__ for library in (np, scipy, torch)}
    system = f"{platform.system()} {platform.machine()}"
    return {"python": platform.python_version(), **versions, "system": f"{system}, one thread"}


def as_text(told: Any, depth: int = 2) -> str:
    """As JSON, a line a bracket."""
    if not depth or not isinstance(told, dict):
        return json.dumps(told)
    lines = (f"{json.dumps(name)}: {as_text(value, depth - 1)}" for name, value in told.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def main() -> None:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds of a bracket")
    parser.add_argument("--seeds", type=int, default=200, help="of the coverage")
    parser.add_argument("--out", type=Path, default=PLACE / "records" / "lab_bracket.json")
    options = parser.parse_args()

    def keep(record: Any) -> None:
        with written(options.out, overwrite=True) as part:
            part.write_text(as_text(record) + "\n", encoding="utf-8")
        print({part: len(record[part]) for part in ("table", "coverage")}, flush=True)

    there = json.loads(options.out.read_text("utf-8")) if options.out.exists() else {}
    made(Configuration(options.seconds, seeds=options.seeds), there, keep)


if __name__ == "__main__":
    main()
