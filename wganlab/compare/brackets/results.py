"""What a bracket is, what it was made with, and how it is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from wganlab.data import checks

Radius = Literal["asymptotic", "finite-sample"]


@dataclass(frozen=True)
class BracketPlan:
    """How much of everything: what makes a bracket again, on any machine and in any time."""

    heats: float = 0.15
    """Share of its steps that each critic is trained for before one is chosen; 0 trains none."""
    apexes: int = 1500
    """Points of each law that the potentials are of, in up to 3 dimensions; 0 for none."""
    selection: int = 2**14
    """Points of each law that the choice is made on."""
    steps: float = 1.0
    """Share of its steps that the chosen one is trained for; 0 leaves it as it is."""
    blocks: int = 32
    """Blocks of points that its gap is taken on."""
    block: int = 2**13
    """Points of each law in a block."""
    replicates: int = 8
    """Exact distances."""
    points: int = 1024
    """Points of each law in one of them."""
    corrected: bool = True
    """Is the critic a control variate of these?"""

    def __post_init__(self) -> None:
        for name in ("heats", "steps"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} = {getattr(self, name)}: give a share, 0 or more")
        checks.whole(2, blocks=self.blocks, replicates=self.replicates)
        checks.whole(1, selection=self.selection, block=self.block, points=self.points)
        checks.whole(0, apexes=self.apexes)


@dataclass(frozen=True)
class Look:
    """One look at the bracket; all of them hold together with its confidence."""

    seconds: float
    """After the start."""
    lower: float
    upper: float
    """By the points of this look alone."""
    critic: str
    """Whose gap it is."""
    gap: float
    """Its mean gap over its proven constant, without a radius."""
    distance: float
    """The mean of the exact distances, without a radius."""
    level: float
    """The share of the error probability that each of its sides may use."""


@dataclass(frozen=True, eq=False)
class Bracket:
    """lower <= W1(P, Q) <= upper, with that confidence, for two LAWS."""

    lower: float
    upper: float
    confidence: float
    """Probability that both sides hold, over all that is drawn."""
    radius: Radius
    """Of what kind its radii are: see `compare.bracket`."""
    critic: Any = field(repr=False)
    """The critic behind the lower side: a FittedCritic, a module of yours, or a transport."""
    method: str
    """Its name."""
    lipschitz: float
    """Its proven Lipschitz constant."""
    truth: float | None
    """W1, where it is known."""
    used: Mapping[str, int]
    """Points of each law, by what they were used for."""
    plan: BracketPlan
    """What was done: it makes the same bracket again."""
    seconds: float
    history: tuple[Look, ...] = field(repr=False)
    assumptions: tuple[str, ...] = field(repr=False)
    """What must be true for the confidence to hold."""
    notes: tuple[str, ...] = field(default=(), repr=False)
    """What is to be known besides: critics that could not take part."""

    @property
    def width(self) -> float:
        """upper - lower."""
        return self.upper - self.lower

    def holds(self, value: float) -> bool:
        """Is it in the bracket?"""
        return self.lower <= value <= self.upper

    @property
    def told(self) -> str:
        """The bracket in words, without a side that says nothing."""
        sure = f"{100 * self.confidence:.12g} % confidence"
        if self.lower > self.upper:
            return (
                f"W1 of the laws is at least {self.lower:.5g} and at most {self.upper:.5g}, which "
                "cannot be: what is assumed does not hold, or it is the case of probability "
                f"{1 - self.confidence:.3g} in which a side is wrong"
            )
        if self.lower == 0 and self.upper == math.inf:
            return "W1 of the laws may be anything: nothing from below, nothing from above"
        if self.upper > 2 * self.lower > 0:
            above = "nothing from above" if self.upper == math.inf else "nothing useful from above"
            size = "" if self.upper == math.inf else f" ({self.upper:.5g})"
            return f"W1 of the laws is at least {self.lower:.5g}, with {sure}; {above}{size}"
        if self.lower == 0:
            return f"W1 of the laws is at most {self.upper:.5g}, with {sure}; nothing from below"
        digits = max(5, math.ceil(math.log10(self.upper / max(self.width, 1e-9 * self.upper))) + 2)
        low, high = f"{self.lower:.{digits}g}", f"{self.upper:.{digits}g}"
        return f"W1 of the laws is in [{low}, {high}], with {sure}"

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers and words, as for JSON; an infinite side is None."""
        left_out = ("critic", "history", "plan")
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}
        told |= {"width": self.width, "used": dict(self.used), "plan": asdict(self.plan)}
        told |= {name: list(told[name]) for name in ("assumptions", "notes")}
        told["history"] = [asdict(look) for look in self.history]
        return dict(_finite(told))

    def __str__(self) -> str:
        points = ", ".join(f"{n:,} of the {part}" for part, n in self.used.items() if n)
        rows = [
            self.told,
            f"  lower: {self._below()}",
            f"  upper: {self._above()}",
            f"  points of each law: {points}",
            f"  radii: {self.radius}; {self.seconds:.1f} s",
            *(f"  assumed: {text}" for text in self.assumptions),
            *(f"  note: {text}" for text in self.notes),
        ]
        if self.truth is not None:
            side = "inside" if self.holds(self.truth) else "OUTSIDE"
            rows.insert(1, f"  the truth is {self.truth:.6g}: {side}")
        return "\n".join(rows)

    def _below(self) -> str:
        """What is behind the lower side, in words."""
        if not self.method:
            return "nothing, for no critic told the laws apart"
        told = f"the gap of {self.method}, of proven slope {self.lipschitz:.6g}"
        return told if self.lower > 0 else f"nothing: {told}, is not above its radius"

    def _above(self) -> str:
        """What is behind the upper side, in words."""
        if self.upper == math.inf:
            return "nothing"
        plan = self.plan  # arrays may have fewer points than are planned
        each = self.used.get("upper", plan.replicates * plan.points) // plan.replicates
        told = f"{self.plan.replicates} exact distances of {each:,} points each"
        corrected = self.plan.corrected and self.radius == "asymptotic" and self.method
        return told + ", the same critic's gap as control variate" * bool(corrected)


def _finite(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _finite(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [_finite(value) for value in told]
    return None if isinstance(told, float) and not math.isfinite(told) else told


class BracketInterrupted(KeyboardInterrupt):
    """A bracket was stopped by hand; `bracket` is what it had come to, None before any look."""

    def __init__(self, bracket: Bracket | None) -> None:
        self.bracket = bracket
        super().__init__("there is no bracket yet" if bracket is None else f"so far {bracket.told}")
