"""Which critic decides: the one with the largest gap over its constant on points of the choice."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.compare.brackets.provable import (
    Provable,
    UnprovenError,
    frozen,
    refuse_rougher,
    refuse_steeper,
)
from wganlab.learned.batch import ENTRIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.compare.brackets.two_laws import Laws

    Array = NDArray[np.float64]

MARGIN = 0.1  # of the range of a critic there, beyond which its values are cut


@dataclass
class Choice:
    """Critics that are proven, with their gaps on the points of the choice."""

    laws: Laws
    most: int
    """Points of each law that the choice is made on; fewer, where they are large."""
    points: tuple[Array, Array] = field(init=False)
    scores: dict[str, float] = field(default_factory=dict)
    critics: dict[str, Provable] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.laws.again("selection")
        n = max(1, min(self.most, ENTRIES // math.prod(self.laws.shape)))
        self.points = self.laws.draw("selection", n)

    def enter_module(self, critic: Any, name: str) -> None:
        """A fitted critic or a module, if something is proven of it; else a note says why not."""
        try:
            self.enter(frozen(critic, name, self.laws.shape, self.points[0]))
        except UnprovenError as error:
            self.notes.append(str(error))

    def enter(self, critic: Provable) -> None:
        """One more; of two with one name the better one stays."""
        try:
            f, g = (critic(cloud) for cloud in self.points)
            seen, values = np.concatenate(self.points), np.concatenate([f, g])
            refuse_steeper(critic.name, seen, values, np.random.default_rng(0))
            refuse_rougher(critic, seen, values, np.random.default_rng(1))
        except UnprovenError as error:
            self.notes.append(str(error))
            return
        score = float(f.mean() - g.mean())
        if score <= self.scores.get(critic.name, -math.inf):
            return
        low = critic.lipschitz * min(float(f.min()), float(g.min()))
        high = critic.lipschitz * max(float(f.max()), float(g.max()))
        more = MARGIN * (high - low)
        self.scores[critic.name] = score
        self.critics[critic.name] = replace(critic, low=low - more, high=high + more)

    def drop(self, critic: Provable, why: UnprovenError) -> None:
        """One less: it was not what was proven."""
        self.notes.append(str(why))
        del self.critics[critic.name], self.scores[critic.name]

    @property
    def best(self) -> Provable | None:
        """The one with the largest gap; None where none has a positive one."""
        if not self.scores:
            return None
        name = max(self.scores, key=lambda name: self.scores[name])
        return self.critics[name] if self.scores[name] > 0 else None
