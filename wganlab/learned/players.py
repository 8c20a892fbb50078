"""Who plays: what the steps of `algorithm1` are about.

A fit between two laws that stand still has a critic alone (`critics.fit`), a run has both players
(`runs.state`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import torch
    from torch import Generator, Tensor

    from wganlab.learned.batch import Batch
    from wganlab.learned.constraints.constraint import Constraint
    from wganlab.learned.runs.config import TrainConfig

Precision: TypeAlias = "Callable[[], AbstractContextManager[object]]"


@dataclass(eq=False)
class CriticPlayer:
    """A critic that is trained, and how."""

    critic: Any
    """The network; None in a run whose objective has none."""
    constraint: Constraint
    """What keeps it, prepared for it."""
    critic_optimizer: torch.optim.Optimizer
    """What moves its weights."""
    maximized: Callable[[Batch], Tensor]
    """The objective, a scalar."""
    draws: Any
    """Generator of the penalty's points."""
    critic_gradients: Callable[..., Tensor]
    """`algorithm1.critic_gradients`, or what finds the same loss and derivatives in its place: the
    seam of `wganlab.learned.fast`."""
    precision: Precision = nullcontext
    """Makes the context in which networks are asked for values; penalties are outside of it."""


class Players(CriticPlayer):
    """A critic and a generator that are trained against each other, and how."""

    config: TrainConfig
    device: torch.device
    share: int
    """Points of a batch, or this process's part of them."""
    generator_share: int
    """Likewise in the generator's step."""
    real: Callable[[int, Generator], Tensor]
    """Draws real points."""
    labelled: Callable[[int, Generator], tuple[Tensor, Tensor]] | None
    """Draws real points with their classes, integers (n,); None where there are no labels."""
    classes: tuple[str, ...]
    """Their names."""
    critic_step: Callable[[Any], Tensor]
    generator_step: Callable[[Any], Tensor]
    """Those of `algorithm1`, or of `acgan`."""
    generator: Any
    generator_optimizer: Any
    average: Any
    """A moving average of the generator, or None."""
    minimized: Callable[[Batch], Tensor]
    """The generator's objective, a scalar."""
    generated: Any
    generator_gradients: Any
    """Functions of `algorithm1`, or what stands in their place, as for the critic."""
    deviation: float | Tensor
    """Of instance noise, in this iteration."""
    iteration: int
    steps: int
    """Of the critic, in all."""
    losses: list[Tensor]
    """Since they were last looked at."""

    @property
    def schedules(self) -> list[Any]:
        """Of the learning rates."""
        raise NotImplementedError

    def follow(self) -> None:
        """Let the average follow the generator."""
        raise NotImplementedError
