"""A critic that plays: what an update of it in `algorithm1` is about.

A run has one (`runs.state`), and so has a fit between two laws that stand still (`critics.fit`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from wganlab.learned import algorithm1

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from wganlab.learned.batch import Batch
    from wganlab.learned.constraints.constraint import Constraint

Precision: TypeAlias = "Callable[[], AbstractContextManager[object]]"


@dataclass(eq=False)
class CriticPlayer:
    """A critic that is trained, and how.

    The last field is the seam of `wganlab.learned.fast`: what it puts there finds the same loss and
    the same derivatives.
    """

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
    precision: Precision = nullcontext
    """Makes the context in which networks are asked for values; penalties are outside of it."""
    critic_gradients: Callable[[Any, Tensor, Tensor], Tensor] = algorithm1.critic_gradients
