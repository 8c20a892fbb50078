"""The dual of W1 as a game: a critic against a network that moves the points of one law.

The c-transform of a critic f of the real law P asks, for every y of the fake law Q, for the point
x that minimizes |x - y| - f(x). Where f is any function, a network T can learn these points:

    W1(P, Q) = max_f min_T  E_P f(x) + E_Q ( |T(y) - y| - f(T(y)) )

At the saddle T carries Q to P along the rays of an optimal plan, and f is optimal at the points
of P. No slope is bounded: f is held back by a T that would find whatever rises too steeply, so the
value is W1 only where T is as good as the best answer to f. It is no bound. Nor is the critic gap:
f may fall at the points that T moves as far as it likes, and between two atoms the gap runs away.

References
----------
Dam, Hoang, Le, Nguyen, Bui, Phung, "Three-player Wasserstein GAN via amortised duality", IJCAI
2019; "MM" and "MM:R" of Korotin, Kolesov, Burnaev, "Kantorovich Strikes Back! Wasserstein GANs are
not Optimal Transport?", NeurIPS 2022, arXiv 2206.07767.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.batch import Batch, values
from wganlab.learned.constraints.constraint import Constraint, refuse_batch_norm
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.optimizers import Optimizer

if TYPE_CHECKING:
    from torch import Generator, Tensor

Law = Literal["fake", "real"]


@dataclass(frozen=True)
class MinimaxDual(Constraint):
    """A critic and a transport map T, trained against each other (Dam et al. 2019).

    With moved="fake", T moves the fake points and the critic climbs, and T descends,

        E f(real) + E ( |T(fake) - fake| - f(T(fake)) )        MM of the W1 benchmark

    With moved="real" the laws change places, and f is trained where the fake law lives:

        E ( |T(real) - real| + f(T(real)) ) - E f(fake)        MM:R

    Each step of the critic comes after `inner` steps of T on the same points. Given T, the critic's
    step is that of a WGAN between one law and the other one moved. The value is `Record.estimate`
    and `FittedCritic.dual`. The benchmark reports the critic gap; its cosine is that of grad f for
    MM, and of the direction (x - T(x)) / |x - T(x)| for MM:R: T is `FittedCritic.transport`.

    Examples
    --------
    >>> MinimaxDual(moved="real", inner=5).inner
    5
    """

    is_objective: ClassVar[bool] = True

    moved: Law = "fake"
    """The law whose points T moves; the critic is trained at the other one's."""
    inner: int = 10
    """Steps of T before each of the critic."""
    transport: MLPConfig = field(default_factory=lambda: MLPConfig(width=128, depth=2))
    """The network of T(x) - x."""
    optimizer: Optimizer = field(default_factory=lambda: Optimizer(lr=2e-3, schedule="cosine"))
    """Of T; its schedule is over the steps of the critic."""

    def __post_init__(self) -> None:
        checks.among(get_args(Law), moved=self.moved)
        checks.whole(1, inner=self.inner)
        checks.kind(MLPConfig, transport=self.transport)
        checks.kind(Optimizer, optimizer=self.optimizer)
        if self.transport.norm == "batch":
            raise ValueError("a transport map moves one point at a time: norm='batch' mixes them")

    def check(self, critic: nn.Module) -> None:
        """Batch norm is refused."""
        refuse_batch_norm(critic, "a minimax dual asks the critic about points that are moved")

    def begin(
        self, critic: nn.Module, points: Tensor, steps: int, generator: Generator
    ) -> Constraint:
        """With a transport map of its own, which starts near the identity."""
        size = points[0].numel()
        move = Transport(self.transport.build(size, generator, outputs=size)).to(points.device)
        return _Game(self, move, steps)


class Transport(nn.Module):
    """T(x) = x + network(x), for points or images of any shape.

    Examples
    --------
    >>> move = Transport(MLPConfig(8).build(12, torch.Generator().manual_seed(0), outputs=12))
    >>> move(torch.zeros(5, 3, 2, 2)).shape
    torch.Size([5, 3, 2, 2])
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: Tensor) -> Tensor:
        """Points (k, ...) to points of the same shape."""
        moved: Tensor = points + self.network(points).reshape(points.shape)
        return moved


class _Game(Constraint):
    """A `MinimaxDual` at work: the transport map of one fit, and its optimizer."""

    beside: Transport

    def __init__(self, told: MinimaxDual, move: Transport, steps: int) -> None:
        self.told, self.beside = told, move
        self.weights = list(move.parameters())
        self.descent, self.schedule = told.optimizer.build(self.weights, steps)
        self.sign = 1.0 if told.moved == "real" else -1.0

    def before_update(self, critic: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Steps of T; then the points, those of one law moved."""
        start = real if self.told.moved == "real" else fake
        for _ in range(self.told.inner):
            self.descent.zero_grad()
            self.paid(critic, start).mean().backward(inputs=self.weights)
            self.descent.step()
        self.schedule.step()
        with torch.no_grad():
            end = self.beside(start)
        return (end, fake) if self.told.moved == "real" else (real, end)

    def paid(self, critic: nn.Module, start: Tensor) -> Tensor:
        """What T makes small, for each point: its way, and the critic at its end; shape (n,)."""
        end = self.beside(start)
        return (end - start).flatten(1).norm(dim=1) + self.sign * values(critic, end)

    def measured(self, critic: nn.Module, batch: Batch) -> Tensor:
        """The value of the game."""
        if self.told.moved == "real":
            return self.paid(critic, batch.real).mean() - batch.f_fake.mean()
        return batch.f_real.mean() + self.paid(critic, batch.fake).mean()
