"""How a critic is kept from growing without bound: the field's Lipschitz constraints.

The dual of the earth mover's distance is a supremum over critics of slope at most 1,

    W1(P, Q) = sup { E_P f - E_Q f : |f(x) - f(y)| <= |x - y| }     (Arjovsky et al. 2017, eq. 2).

A constraint stands for the condition, each in its own way:

- in the weights: `WeightClipping` (slope bounded by an unknown constant); in `norms`,
  `SpectralNorm` (at most 1) and `Orthonormal` (exactly 1 wherever the network bends, with MaxMin
  or a sort);
- in the loss: in `penalties`, `GradientPenalty` in all its variants, and `Consistency`;
- in the objective: `CTransform`, which is feasible for any function on the batch, `CoWGAN`, which
  takes it where the gap is ahead of it, and the dual with a second network beside the critic:
  `MinimaxDual` (a transport map) and `RegularizedDual` (a second potential);
- `NoConstraint`, to see what happens without.

What `fit_critic` asks of a constraint is the class `Constraint`; a new one overrides what it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from torch import nn

from wganlab.learned.networks.network import has_batch_norm

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from wganlab.learned.batch import Batch


class Constraint:
    """The base of all constraints: it constrains nothing."""

    paired: ClassVar[bool] = False  # does row i of real belong to row i of fake?
    in_weights: ClassVar[bool] = False  # does it bound every layer, and so the network?
    at_fake: ClassVar[bool] = True  # does a step need the critic at the fake points?
    is_objective: ClassVar[bool] = False  # is what it maximizes of its own, not the critic gap?
    in_loss: ClassVar[bool] = False  # is there a penalty? (found out by the class itself)
    at_gradients: ClassVar[bool] = False  # is something done before the gradients of a step?
    at_step: ClassVar[bool] = False  # or between them and the optimizer's step?
    at_end: ClassVar[bool] = False  # or after it?
    beside: nn.Module | None = None  # a second network, of a constraint that `begin` has made

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.in_loss = cls.penalty is not Constraint.penalty
        cls.at_gradients = cls.before_gradients is not Constraint.before_gradients
        cls.at_step = cls.before_step is not Constraint.before_step
        cls.at_end = cls.after_step is not Constraint.after_step

    def check(self, critic: nn.Module) -> None:
        """ValueError where the constraint makes no sense for this network."""

    def prepare(self, critic: nn.Module) -> None:
        """Once, before the first step: change the network where it needs to be changed."""

    def begin(
        self, critic: nn.Module, points: Tensor, steps: int, generator: Generator
    ) -> Constraint:
        """Once, after `prepare`: what keeps the critic in this very fit; itself by default.

        A constraint that trains a second network makes it here, for points like those given, from
        the generator, which is on the CPU, and returns what holds it, as `beside`, with its
        optimizer. The user finds that as `FittedCritic.work`.
        """
        return self

    def before_update(self, critic: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Before each update of the critic: the points (real, fake) that it is updated on."""
        return real, fake

    def before_gradients(self, critic: nn.Module) -> None:
        """Before the gradients of a step."""

    def before_step(self, critic: nn.Module) -> None:
        """Between the gradients and the optimizer's step."""

    def after_step(self, critic: nn.Module) -> None:
        """After the optimizer's step."""

    def finish(self, critic: nn.Module) -> None:
        """Once, after the last step: leave a plain network."""

    def objective(self, batch: Batch) -> Tensor:
        """What is maximized, a scalar: the critic gap."""
        return batch.gap

    def measured(self, critic: nn.Module, batch: Batch) -> Tensor:
        """What is maximized, on points that nothing has been done to: the objective."""
        return self.objective(batch)

    def penalty(self, critic: nn.Module, batch: Batch, generator: Generator | None) -> Tensor:
        """What is subtracted from the objective, a scalar: nothing."""
        return batch.f_real.new_zeros(())


@dataclass(frozen=True)
class NoConstraint(Constraint):
    """Nothing keeps the critic: its gap grows without bound."""


def refuse_batch_norm(critic: nn.Module, reason: str) -> None:
    """ValueError, for that reason, where a network normalizes over the batch."""
    if has_batch_norm(critic):
        raise ValueError(
            f"{reason}, and batch norm makes the value there depend on the whole batch: use layer "
            "norm, MLPConfig(norm='layer') or DCGANConfig(norm='layer')"
        )
