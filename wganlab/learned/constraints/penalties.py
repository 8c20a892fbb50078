"""Constraints in the loss: what a critic pays for its slope.

The penalty is taken at points z, by default uniformly between a real and a fake point, and costs
one forward and one backward pass that is differentiated again; of a chain of linear layers and
ReLUs the gradient is written down as the product of its weights, which is cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.batch import Batch
from wganlab.learned.constraints.constraint import Constraint, refuse_batch_norm
from wganlab.learned.distributed import mean, world
from wganlab.learned.networks.mlp import MLP

if TYPE_CHECKING:
    from torch import Generator, Tensor

Place = Literal["between", "paired", "real", "fake", "around_real"]


@dataclass(frozen=True)
class GradientPenalty(Constraint):
    """A penalty on the norm of the critic's gradient at points z (Gulrajani et al. 2017, eq. 3).

        weight * E_z ( |grad f(z)| - center )^power        two-sided
        weight * E_z max(|grad f(z)| - center, 0)^power    one-sided (WGAN-LP, Petzka et al. 2018)

    It allows slopes a little above 1, so the gap exceeds W1, on parallel lines at distance theta
    by the factor 1 + theta / (2 weight). The two-sided penalty has optima of the wrong sign besides
    the right one; the one-sided has not.
    """

    weight: float = 10.0
    """Lambda."""
    side: Literal["two", "one"] = "two"
    """Are slopes below the center penalized too?"""
    power: float = 2.0
    """Exponent, at least 1."""
    center: float = 1.0
    """The slope that is wanted; 0 makes a zero-centered penalty."""
    place: Place = "between"
    """Where z is drawn: uniformly between a real and a fake point that are independent (the paper)
    or paired, row i with row i (its toy code), on the real points, on the fake ones (lesson 7 lays
    the three side by side), or around the real ones (DRAGAN, Kodali et al. 2017)."""
    radius: float = 0.5
    """For "around_real": standard deviation of the Gaussian noise about a real point, in standard
    deviations of the real batch (of all its coordinates)."""

    def __post_init__(self) -> None:
        checks.positive(weight=self.weight, radius=self.radius)
        checks.at_least(1, power=self.power)
        checks.at_least(0, center=self.center)
        checks.among(("two", "one"), side=self.side)
        checks.among(get_args(Place), place=self.place)

    @property
    def paired(self) -> bool:  # type: ignore[override]
        """Row i of real belongs to row i of fake."""
        return self.place == "paired"

    def check(self, critic: nn.Module) -> None:
        """Batch norm is refused."""
        refuse_batch_norm(critic, "a gradient penalty is about the slope at one point")

    def penalty(self, critic: nn.Module, batch: Batch, generator: Generator | None) -> Tensor:
        """One forward and one backward pass at the points z."""
        return self.cost(gradients(critic, self.points(batch, generator)))

    def cost(self, gradients: Tensor) -> Tensor:
        """What gradients of shape (k, ...) cost."""
        # .norm has gradient 0 where the slope is 0; a square root of a sum of squares has none
        excess = gradients.flatten(1).norm(dim=1) - self.center  # (k,)
        excess = excess.clamp_min(0.0) if self.side == "one" else excess.abs()
        return self.weight * excess.pow(self.power).mean()

    def points(self, batch: Batch, generator: Generator | None) -> Tensor:
        """The points z, shape (k, ...)."""
        real, fake = batch.real.detach(), batch.fake.detach()
        if self.place == "real":
            return real
        if self.place == "fake":
            return fake
        if self.place == "around_real":
            noise = torch.randn(
                real.shape, generator=generator, device=real.device, dtype=real.dtype
            )
            return real + self.radius * deviation(real) * noise
        return interpolates(real, fake, generator, paired=self.place == "paired")


@dataclass(frozen=True)
class Consistency(Constraint):
    """The consistency term of CT-GAN beside a gradient penalty (Wei et al. 2018, eq. 4 and 5).

    The critic is run twice on the real points with different dropout; the distance between the two
    outputs, and a tenth of that between the last hidden layers, above a margin, is penalized.
    """

    weight: float = 2.0
    """Of the consistency term."""
    margin: float = 0.0
    """M', what is free of charge."""
    gradient: GradientPenalty = field(default_factory=GradientPenalty)
    """The gradient penalty beside it."""

    def __post_init__(self) -> None:
        checks.positive(weight=self.weight)
        checks.at_least(0, margin=self.margin)

    @property
    def paired(self) -> bool:  # type: ignore[override]
        """As the gradient penalty has it."""
        return self.gradient.paired

    def check(self, critic: nn.Module) -> None:
        """A network without dropout is refused: its two outputs would be equal."""
        self.gradient.check(critic)
        drops = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
        if not any(isinstance(part, drops) and part.p > 0 for part in critic.modules()):
            raise ValueError(
                "the consistency term compares two runs with different dropout, and this critic "
                "has none: build it with MLPConfig(dropout=0.5)"
            )

    def penalty(self, critic: nn.Module, batch: Batch, generator: Generator | None) -> Tensor:
        """The gradient penalty's pass, and two more on the real points."""
        outputs, hidden = zip(*(_with_features(critic, batch.real) for _ in range(2)), strict=True)
        distance = (outputs[0] - outputs[1]).flatten(1).norm(dim=1)  # (n,)
        if hidden[0] is not None:
            distance = distance + 0.1 * (hidden[0] - hidden[1]).flatten(1).norm(dim=1)
        consistency = self.weight * (distance - self.margin).clamp_min(0.0).mean()
        return consistency + self.gradient.penalty(critic, batch, generator)


def row_by_row(constraint: Constraint) -> Constraint:
    """The constraint with a penalty between row i of real and row i of fake.

    Where the rows are independent that is the penalty between independent points.
    """
    if isinstance(constraint, Consistency):
        return replace(constraint, gradient=_as_drawn(constraint.gradient))
    return _as_drawn(constraint) if isinstance(constraint, GradientPenalty) else constraint


def _as_drawn(penalty: GradientPenalty) -> GradientPenalty:
    return replace(penalty, place="paired") if penalty.place == "between" else penalty


def deviation(real: Tensor) -> Tensor:
    """Standard deviation of all coordinates of the whole batch, a scalar."""
    if world().size == 1:
        return real.std(correction=0)
    center = mean(real.mean())
    return mean((real - center).square().mean()).sqrt()


def gradients(critic: nn.Module, points: Tensor, *, create_graph: bool = True) -> Tensor:
    """grad f at each point, shape (k, ...); differentiable in the weights with `create_graph`."""
    points = points.detach().requires_grad_(True)
    return torch.autograd.grad(critic(points).sum(), points, create_graph=create_graph)[0]


def gradient_norms(critic: nn.Module, points: Tensor) -> Tensor:
    """|grad f| at each point, shape (k,)."""
    return gradients(critic, points, create_graph=False).flatten(1).norm(dim=1)


def interpolates(
    real: Tensor, fake: Tensor, generator: Generator | None, *, paired: bool = False
) -> Tensor:
    """Points uniformly between real and fake ones, matched at random or, `paired`, row by row.

    Shape (k, ...), k the larger number of points.
    """
    if not paired:
        real, fake = _shuffled(real, fake, generator)
    # one number for every pair, not for every coordinate and not for the batch
    shape = (len(real),) + (1,) * (real.dim() - 1)
    epsilon = torch.rand(shape, generator=generator, device=real.device, dtype=real.dtype)
    return torch.lerp(fake, real, epsilon)


def _shuffled(real: Tensor, fake: Tensor, generator: Generator | None) -> tuple[Tensor, Tensor]:
    """As many of both, matched at random: clouds that stay the same must not keep their pairs."""
    n = max(len(real), len(fake))
    parts = []
    for points in (real, fake):
        if len(points) < n:
            rows = torch.randint(len(points), (n,), generator=generator, device=points.device)
            points = points[rows]
        parts.append(points)
    order = torch.randperm(n, generator=generator, device=real.device)
    return parts[0][order], parts[1]


def _with_features(critic: nn.Module, points: Tensor) -> tuple[Tensor, Tensor | None]:
    if isinstance(critic, MLP):
        hidden = critic.features(points)
        return critic.head(hidden), hidden
    return critic(points), None
