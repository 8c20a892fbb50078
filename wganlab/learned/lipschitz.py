"""How a critic is kept from growing without bound: the field's Lipschitz constraints.

The dual of the earth mover's distance is a supremum over critics of slope at most 1,

    W1(P, Q) = sup { E_P f - E_Q f : |f(x) - f(y)| <= |x - y| }     (Arjovsky et al. 2017, eq. 2).

A constraint stands for the condition, each in its own way:

- in the weights: `WeightClipping` (slope bounded by an unknown constant), `SpectralNorm` (at most
  1), `Orthonormal` (exactly 1 wherever the network bends, with MaxMin or a sort);
- in the loss: `GradientPenalty` in all its variants, `Consistency`;
- in the objective: `CTransform`, which is feasible for any function on the batch;
- `NoConstraint`, to see what happens without.

What `fit_critic` asks of a constraint is the class `Constraint`; a new one overrides what it needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from wganlab.learned.networks import MLP, NORMS, has_batch_norm

if TYPE_CHECKING:
    from torch import Generator, Tensor

Place = Literal["between", "paired", "real", "fake", "around_real"]


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
        _positive("c", self.c)
        _choose("when", self.when, ("after", "before"))

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
    or paired, row i with row i (its toy code), on the real points, on the fake points, or around
    the real ones (DRAGAN, Kodali et al. 2017)."""
    radius: float = 0.5
    """For "around_real": standard deviation of the Gaussian noise about a real point, in standard
    deviations of the real batch (of all its coordinates)."""

    def __post_init__(self) -> None:
        _positive("weight", self.weight)
        _positive("radius", self.radius)
        _choose("side", self.side, ("two", "one"))
        _choose("place", self.place, ("between", "paired", "real", "fake", "around_real"))
        if not (math.isfinite(self.power) and self.power >= 1):
            raise ValueError(f"power = {self.power}: give a number from 1 up")
        if not (math.isfinite(self.center) and self.center >= 0):
            raise ValueError(f"center = {self.center}: a slope is at least 0")

    @property
    def paired(self) -> bool:  # type: ignore[override]
        """Row i of real belongs to row i of fake."""
        return self.place == "paired"

    def check(self, critic: nn.Module) -> None:
        """Batch norm is refused."""
        _refuse_batch_norm(critic, "a gradient penalty is about the slope at one point")

    def penalty(self, critic: nn.Module, batch: Batch, generator: Generator | None) -> Tensor:
        """One forward and one backward pass at the points z."""
        norms = gradient_norms(critic, self.points(batch, generator))  # (k,)
        excess = norms - self.center
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
            noise = torch.empty_like(real).normal_(generator=generator)
            return real + self.radius * real.std(correction=0) * noise
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
        _positive("weight", self.weight)
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise ValueError(f"margin = {self.margin}: give a number from 0 up")

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


@dataclass(frozen=True)
class SpectralNorm(Constraint):
    """Every linear or convolutional weight is divided by its spectral norm (Miyato et al. 2018).

    The norm is tracked by one power iteration a step, and computed exactly after the last one.
    With activations of slope at most 1 the critic is then 1-Lipschitz; ReLU lets gradients shrink,
    so the gap stays below W1 where the optimal critic bends.
    """

    in_weights: ClassVar[bool] = True

    def check(self, critic: nn.Module) -> None:
        """Networks with layer or batch norm are refused."""
        _refuse_norms(critic, "spectral norm")

    def prepare(self, critic: nn.Module) -> None:
        """Parametrize the weights, then run the power iteration until it holds."""
        for layer in _weighted(critic):
            parametrizations.spectral_norm(layer)

    def finish(self, critic: nn.Module) -> None:
        """Divide by the exact norm, for linear layers."""
        for layer in _weighted(critic):
            raw = layer.parametrizations.weight.original.detach()
            parametrize.remove_parametrizations(layer, "weight")
            if isinstance(layer, nn.Linear):
                with torch.no_grad():
                    layer.weight.copy_(raw.double() / torch.linalg.matrix_norm(raw.double(), 2))


@dataclass(frozen=True)
class Orthonormal(Constraint):
    """Every linear layer has singular values 1 (Anil, Lucas, Grosse 2019).

    With an activation that only permutes (MaxMin, GroupSort) the network is 1-Lipschitz by
    construction and can reach slope 1 everywhere, so the gap is a lower bound of W1 that training
    brings close to it. With ReLU it cannot, and stops short.
    """

    in_weights: ClassVar[bool] = True
    method: Literal["cayley", "matrix_exp", "householder", "bjorck"] = "cayley"
    """One of torch's parametrizations, or Björck's iteration on a safely scaled matrix."""
    iterations: int = 15
    """Of Björck's, in a step; after the last step the weights are made orthonormal to rounding."""

    def __post_init__(self) -> None:
        _choose("method", self.method, ("cayley", "matrix_exp", "householder", "bjorck"))
        if self.iterations < 1:
            raise ValueError(f"iterations = {self.iterations}: at least 1")

    def check(self, critic: nn.Module) -> None:
        """Networks with layer or batch norm, or with convolutions, are refused."""
        _refuse_norms(critic, "an orthonormal critic")
        if any(not isinstance(layer, nn.Linear) for layer in _weighted(critic)):
            raise ValueError(
                "orthonormal layers are for linear layers; for convolutions use SpectralNorm() or "
                "GradientPenalty()"
            )

    def prepare(self, critic: nn.Module) -> None:
        """Parametrize the weights, starting from the nearest orthonormal ones."""
        for layer in _weighted(critic):
            with torch.no_grad():
                layer.weight.copy_(polar(layer.weight))
            if self.method == "bjorck":
                parametrize.register_parametrization(layer, "weight", Bjorck(self.iterations))
            else:
                parametrizations.orthogonal(layer, orthogonal_map=self.method)

    def finish(self, critic: nn.Module) -> None:
        """Bake the weights in, made orthonormal to rounding."""
        for layer in _weighted(critic):
            parametrize.remove_parametrizations(layer, "weight")
            with torch.no_grad():
                layer.weight.copy_(polar(layer.weight))


class Bjorck(nn.Module):
    """The orthonormal matrix near W: Q <- Q (3 I - Q^T Q) / 2, from W / sqrt(|W|_1 |W|_inf).

    The iteration (order 1, beta 1/2) converges from any norm below sqrt 3 and only approaches from
    below when started at a norm of at most 1; the scale guarantees that.
    """

    def __init__(self, iterations: int) -> None:
        super().__init__()
        self.iterations = iterations

    def forward(self, weight: Tensor) -> Tensor:
        """Shape (rows, columns) to the same shape."""
        wide = weight.shape[0] < weight.shape[1]
        q = weight.mT if wide else weight
        size = q.abs()
        q = q / (size.sum(0).max() * size.sum(1).max()).sqrt()  # spectral norm at most 1
        for _ in range(self.iterations):
            q = torch.addmm(q, q, q.mT @ q, beta=1.5, alpha=-0.5)
        return q.mT if wide else q


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
        _refuse_batch_norm(critic, "a c-transform is of a function of one point")

    def objective(self, batch: Batch) -> Tensor:
        """The in-batch certificate."""
        return batch_certificate(batch.f_real, batch.real, batch.fake)


def batch_certificate(f_real: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """mean f(x_i) + mean_j min_i(|x_i - y_j| - f(x_i)), a scalar; f_real of shape (n,).

    At most W1 of the two samples for any function f whatever.
    """
    distances = torch.cdist(
        real.flatten(1), fake.flatten(1), compute_mode="donot_use_mm_for_euclid_dist"
    )  # (n, m)
    return f_real.mean() + (distances - f_real[:, None]).min(dim=0).values.mean()


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


def gradient_norms(critic: nn.Module, points: Tensor, *, create_graph: bool = True) -> Tensor:
    """|grad f| at each point, shape (k,); differentiable in the weights with `create_graph`."""
    points = points.detach().requires_grad_(True)
    total = values(critic, points).sum()
    (gradient,) = torch.autograd.grad(total, points, create_graph=create_graph)
    # .norm has gradient 0 where the slope is 0; a square root of a sum of squares has none
    return gradient.flatten(1).norm(dim=1)


@torch.no_grad()
def polar(weight: Tensor) -> Tensor:
    """The orthonormal matrix nearest to `weight`, by singular values, float64."""
    u, _, v = torch.linalg.svd(weight.double(), full_matrices=False)
    return u @ v


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
    epsilon = torch.empty(shape, device=real.device, dtype=real.dtype)
    epsilon.uniform_(generator=generator)
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


def _weighted(critic: nn.Module) -> list[Any]:
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    return [part for part in critic.modules() if isinstance(part, kinds)]


def _refuse_batch_norm(critic: nn.Module, reason: str) -> None:
    if has_batch_norm(critic):
        raise ValueError(
            f"{reason}, and batch norm makes the value there depend on the whole batch: use layer "
            "norm, MLPConfig(norm='layer')"
        )


def _refuse_norms(critic: nn.Module, what: str) -> None:
    if any(isinstance(part, NORMS) for part in critic.modules()):
        raise ValueError(
            f"{what} is to have slope at most 1, and layer or batch norm multiplies it by an "
            "unbounded factor: build the critic without, MLPConfig(norm='none')"
        )


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} = {value}: give a positive number")


def _choose(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} = {value!r}: choose from {', '.join(allowed)}")
