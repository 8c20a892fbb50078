"""The work behind a bracket: critics are trained, one is chosen, and both sides are looked at."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wganlab.compare.brackets import contest, sizes
from wganlab.compare.brackets.choice import Choice
from wganlab.compare.brackets.evidence import Evidence
from wganlab.compare.brackets.provable import UnprovenError
from wganlab.compare.brackets.radii import LEAST
from wganlab.compare.brackets.results import Bracket, BracketPlan, Look

if TYPE_CHECKING:
    from wganlab.compare.brackets.contest import Entrant, Training
    from wganlab.compare.brackets.provable import Provable
    from wganlab.compare.brackets.results import Radius
    from wganlab.compare.brackets.two_laws import Laws

EARLY = 0.125  # share of the error probability of each look but the last
LOOKS = 3
ASSUMED: dict[Radius, str] = {
    "asymptotic": "means of blocks of points and of exact distances are nearly normal, of finite "
    "variance (Student's t): no far part of a law is so rare that the points hardly show it",
    "finite-sample": "nothing more below (empirical Bernstein); above, both laws are within the "
    "diameter (McDiarmid)",
}
SEEN = "critics of yours, and a run whose generator is a law, were not trained on rows given here"


@dataclass(frozen=True)
class Asked:
    """What the user wants."""

    confidence: float
    seconds: float
    radius: Radius
    diameter: float | None
    plan: BracketPlan | None

    @property
    def finite_sample(self) -> bool:
        """Are radii to hold for finite samples?"""
        return self.radius == "finite-sample"

    def level(self, *, last: bool) -> float:
        """The error probability of one side of a look."""
        share = 1 - EARLY * (LOOKS - 1) if last else EARLY
        return (1 - self.confidence) / 2 * share


@dataclass
class Work:
    """A bracket on its way."""

    laws: Laws
    training: Training
    asked: Asked
    tell: Callable[[str], None]
    """Called with what is done now."""
    began: float = field(default_factory=lambda: time.perf_counter())
    history: list[Look] = field(default_factory=list)
    so_far: Bracket | None = None

    def run(self, users: Mapping[str, Any]) -> Bracket:
        """All of it, with critics of the user's by their names."""
        self.users = users
        self.plan = self.asked.plan or sizes.at_first(self.asked.seconds)
        self.choice = Choice(self.laws, self.plan.selection)
        for name, critic in users.items():
            self.choice.enter_module(critic, name)
        entrants = self.heats()
        first = sizes.within(sizes.FIRST, self.laws)
        self.look(first, self.evidence(), last=False)
        self.final(entrants)
        plan = sizes.within(self.plan if self.asked.plan else self.sized(), self.laws)
        evidence = self.evidence()
        half = {n: max(LEAST, (getattr(plan, n) + 1) // 2) for n in ("blocks", "replicates")}
        self.look(replace(plan, **half), evidence, last=False, of=plan)
        return self.look(plan, evidence, last=True)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.began + self.asked.seconds - time.perf_counter()

    def heats(self) -> dict[str, Entrant]:
        """Train all for a share of their steps."""
        dim, timed = math.prod(self.laws.shape), self.asked.plan is None
        if timed:
            self.tell("critics are timed")
        entrants = list(self.training.entrants(self.laws.shape, timed=timed))
        if timed:
            trained = self.left - (1 - sizes.trained(dim)) * self.asked.seconds
            heats = contest.share_of(max(trained, 0.0), entrants)
            self.plan = replace(self.plan, heats=heats)
        for entrant in entrants if self.plan.heats > 0 else ():
            self.tell(f"{entrant.name}, for a while")
            steps = max(1, round(self.plan.heats * entrant.steps))
            self.choice.enter_module(self.training.fit(entrant.method, steps), entrant.name)
        if dim <= contest.FEW and self.plan.apexes:
            self.tell("potentials of points")
            self.laws.again("training")
            self.choice.enter(contest.potentials(*self.laws.draw("training", self.plan.apexes)))
        return {entrant.name: entrant for entrant in entrants}

    def final(self, entrants: dict[str, Entrant]) -> None:
        """Train the best of them for longer."""
        heats = {name: score for name, score in self.choice.scores.items() if name in entrants}
        if not heats:
            return
        winner = entrants[max(heats, key=lambda name: heats[name])]
        if self.asked.plan is None:
            rest = (1 - sizes.trained(math.prod(self.laws.shape))) * self.asked.seconds
            share = min(contest.LONGEST, (self.left - rest) / winner.whole)
            self.plan = replace(self.plan, steps=share if share > self.plan.heats else 0.0)
        steps = round(self.plan.steps * winner.steps)
        if steps:
            self.tell(f"{winner.name}, chosen")
            self.choice.enter_module(self.training.fit(winner.method, steps), winner.name)

    def sized(self) -> BracketPlan:
        """The plan with what there is time for, with the best critic that is what was proven."""
        self.tell("points are timed")
        while True:
            critic = self.choice.best
            try:
                return sizes.timed(self.plan, self.laws, critic, self.left, self.asked.seconds)
            except UnprovenError as error:
                assert critic is not None
                self.refuse(critic, error)

    def refuse(self, critic: Provable, error: UnprovenError) -> None:
        """Drop a critic that is not what was proven, and what earlier looks have by it."""
        self.choice.drop(critic, error)
        self.history = [_without(look, critic.name) for look in self.history]

    def evidence(self) -> Evidence:
        """Nothing seen yet, of the best critic."""
        return Evidence(self.laws, self.choice.best, equal=self.asked.finite_sample)

    def look(
        self, plan: BracketPlan, evidence: Evidence, *, last: bool, of: BracketPlan | None = None
    ) -> Bracket:
        """Look at both sides, and narrow the bracket."""
        whole, level = of or plan, self.asked.level(last=last)
        self.tell("the lower side")
        critic = evidence.critic
        try:
            evidence.certify(plan.blocks, plan.block, whole.blocks)
        except UnprovenError as error:
            assert critic is not None
            self.refuse(critic, error)
            evidence.refuse()
        self.tell("the upper side")
        evidence.transport(plan.replicates, plan.points, whole.replicates)
        lower = evidence.lower(level, finite_sample=self.asked.finite_sample)
        look = Look(
            seconds=time.perf_counter() - self.began,
            lower=lower,
            upper=self._upper(evidence, plan, level),
            critic="" if evidence.critic is None else evidence.critic.name,
            gap=evidence.gap.value,
            distance=evidence.distance.value,
            level=level,
        )
        self.history.append(look)
        self.so_far = self._narrowed(evidence, plan)
        return self.so_far

    def _upper(self, evidence: Evidence, plan: BracketPlan, level: float) -> float:
        if not self.asked.finite_sample:
            return evidence.upper(level, corrected=plan.corrected)
        if self.asked.diameter is None:
            return math.inf
        return evidence.upper_within(self.asked.diameter, level)

    def _narrowed(self, evidence: Evidence, plan: BracketPlan) -> Bracket:
        """All looks hold together: what all of them allow."""
        critic, radius = evidence.critic, self.asked.radius
        notes = list(dict.fromkeys(self.choice.notes))
        if self.asked.finite_sample and self.asked.diameter is None:
            notes.append(
                "without diameter=, of a set that holds all points of both laws, there is no upper "
                "side for finite samples"
            )
        return Bracket(
            lower=max(look.lower for look in self.history),
            upper=min(look.upper for look in self.history),
            confidence=self.asked.confidence,
            radius=radius,
            critic=None if critic is None else critic.own,
            method="" if critic is None else critic.name,
            lipschitz=math.nan if critic is None else critic.lipschitz,
            truth=self.laws.truth,
            used=self._used(evidence),
            plan=plan,
            seconds=time.perf_counter() - self.began,
            history=tuple(self.history),
            assumptions=(*self.laws.assumed(), *self._unseen(), ASSUMED[radius]),
            notes=tuple(notes),
        )

    def _used(self, evidence: Evidence) -> dict[str, int]:
        """Points of the law that has fewer, by what they were for; those of training: of arrays."""
        trained = min(self.laws.left("training"), math.inf)
        return {
            "training": 0 if math.isinf(trained) else int(trained),
            "selection": min(map(len, self.choice.points)),
            "certification": sum(n for n, _ in evidence.spreads),
            "upper": len(evidence.pairs) * int(evidence.fewest),
        }

    def _unseen(self) -> tuple[str, ...]:
        """What only the user knows of critics and generators beside rows of an array."""
        return (SEEN,) if self.laws.rows and (self.users or self.laws.runs) else ()


def _without(look: Look, critic: str) -> Look:
    """That look, of which nothing is left where it was by a critic that is not what was proven."""
    return replace(look, lower=0.0, upper=math.inf) if look.critic == critic else look
