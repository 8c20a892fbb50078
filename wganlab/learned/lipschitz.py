"""How a critic is kept from growing without bound: the field's Lipschitz constraints.

The dual of the earth mover's distance is a supremum over critics of slope at most 1,

    W1(P, Q) = sup { E_P f - E_Q f : |f(x) - f(y)| <= |x - y| }     (Arjovsky et al. 2017, eq. 2).

A constraint stands for the condition, each in its own way:

- in the weights: `WeightClipping` (slope bounded by an unknown constant); in `layers`,
  `SpectralNorm` (at most 1) and `Orthonormal` (exactly 1 wherever the network bends, with MaxMin
  or a sort);
- in the loss: in `penalties`, `GradientPenalty` in all its variants, and `Consistency`;
- in the objective: `CTransform`, which is feasible for any function on the batch;
- `NoConstraint`, to see what happens without.

What `fit_critic` asks of a constraint is the class `Constraint`; a new one overrides what it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.networks import has_batch_norm

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Batch(NamedTuple):
    """Points of one step, with the critic's values at them."""

    real: Tensor  # (n, ...)
    fake: Tensor  # (m, ...)
    f_real: Tensor  # (n,)
    f_fake: Tensor  # (m,); (0,) in a step of a constraint that does without

    @property
    def gap(self) -> Tensor:
        """The critic gap, mean f(real) - mean f(fake), a scalar."""
        return self.f_real.mean() - self.f_fake.mean()


class Constraint:
    """The base of all constraints: it constrains nothing."""

    paired: ClassVar[bool] = False  # does row i of real belong to row i of fake?
    in_weights: ClassVar[bool] = False  # does it bound every layer, and so the network?
    at_fake: ClassVar[bool] = True  # does a step need the critic at the fake points?

    def check(self, critic: nn.Module) -> None:
        """ValueError where the constraint makes no sense for this network."""

    def prepare(self, critic: nn.Module) -> None:
        """Once, before the first step: change the network where it needs to be changed."""

    def before_step(self, critic: nn.Module) -> None:
        """Between the gradients and the optimizer's step."""

    def after_step(self, critic: nn.Module) -> None:
        """After the optimizer's step."""

    def finish(self, critic: nn.Module) -> None:
        """Once, after the last step: leave a plain network."""

    def objective(self, batch: Batch) -> Tensor:
        """What is maximized, a scalar: the critic gap."""
        return batch.gap

    def penalty(
        self, critic: nn.Module, batch: Batch, generator: Generator | None
    ) -> Tensor | None:
        """What is subtracted from the objective, a scalar; None for nothing."""
        return None


@dataclass(frozen=True)
class NoConstraint(Constraint):
    """Nothing keeps the critic: its gap grows without bound."""


@dataclass(frozen=True)
class WeightClipping(Constraint):
    """Every parameter is clamped to [-c, c] (Arjovsky et al. 2017, algorithm 1).

    The slope is then bounded by a constant that nobody knows, so the gap estimates K W1 with an
    unknown K; divided by the slope it is comparable.
    """

    in_weights: ClassVar[bool] = True
    c: float = 0.01
    """Largest absolute value of a parameter, batch norm's gammas and all biases included."""
    when: Literal["after", "before"] = "after"
    """After the step, as the paper says; or before it, as the authors' code does, so that the
    critic in use has left the box by one step."""

    def __post_init__(self) -> None:
        checks.positive(c=self.c)
        checks.among(("after", "before"), when=self.when)

    def prepare(self, critic: nn.Module) -> None:
        """Into the box."""
        self._clip(critic)

    def before_step(self, critic: nn.Module) -> None:
        """The code's clamp."""
        if self.when == "before":
            self._clip(critic)

    def after_step(self, critic: nn.Module) -> None:
        """The paper's clamp."""
        if self.when == "after":
            self._clip(critic)

    @torch.no_grad()
    def _clip(self, critic: nn.Module) -> None:
        parameters: list[Tensor] = list(critic.parameters())
        torch._foreach_clamp_min_(parameters, -self.c)
        torch._foreach_clamp_max_(parameters, self.c)


@dataclass(frozen=True)
class CTransform(Constraint):
    """The dual value of the batch, whatever the critic is (Mallasto, Montufar, Gerolin 2019).

    What is maximized is mean f(x_i) + mean_j min_i(|x_i - y_j| - f(x_i)): the critic is used at
    the real points alone, and the c-transform stands for it at the fake ones. No slope is needed;
    the value is at most W1 of the batch, which is not W1 of the laws.
    """

    at_fake: ClassVar[bool] = False

    def check(self, critic: nn.Module) -> None:
        """Batch norm is refused."""
        refuse_batch_norm(critic, "a c-transform is of a function of one point")

    def objective(self, batch: Batch) -> Tensor:
        """The in-batch certificate."""
        return batch_certificate(batch.f_real, batch.real, batch.fake)


def batch_certificate(f_real: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """mean f(x_i) + mean_j min_i(|x_i - y_j| - f(x_i)), a scalar; f_real of shape (n,).

    At most W1 of the two samples for any function f whatever.
    """
    return f_real.mean() + (distances(real, fake) - f_real[:, None]).min(dim=0).values.mean()


def distances(x: Tensor, y: Tensor) -> Tensor:
    """|x_i - y_j| of points (n, ...) and (m, ...), shape (n, m), exactly 0 where they are equal."""
    return torch.cdist(x.flatten(1), y.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")


def values(critic: nn.Module, points: Tensor) -> Tensor:
    """The critic at points of shape (k, ...): shape (k,).

    Raises
    ------
    ValueError
        If it does not return one number for each point.
    """
    output = critic(points)
    if output.numel() != len(points):
        raise ValueError(
            f"the critic maps {len(points)} points to an output of shape {tuple(output.shape)}: "
            "it must return one number for each point, shape (n,) or (n, 1)"
        )
    return output.reshape(len(points))


def refuse_batch_norm(critic: nn.Module, reason: str) -> None:
    """ValueError, for that reason, where a network normalizes over the batch."""
    if has_batch_norm(critic):
        raise ValueError(
            f"{reason}, and batch norm makes the value there depend on the whole batch: use layer "
            "norm, MLPConfig(norm='layer') or DCGANConfig(norm='layer')"
        )
