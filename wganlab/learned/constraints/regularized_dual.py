"""The dual of regularized transport: two potentials that may break their inequality, for a price.

    max_(f, g)  E_P f(x) + E_Q g(y) - E_(P x Q) R( f(x) + g(y) - |x - y| )

is an unconstrained problem, so two networks can climb it by stochastic gradients. It is the dual of
transport with a regularized plan, whose density with respect to P x Q is r:

    R(s) = max(s, 0)^2 / (4 epsilon)            min E r |x - y| + epsilon E r^2
    R(s) = epsilon ( exp(s / epsilon) - 1 )     min E r |x - y| + epsilon E r log r

References
----------
Seguy, Damodaran, Flamary, Courty, Rolet, Blondel, "Large-scale optimal transport and mapping
estimation", ICLR 2018, arXiv 1711.02283, equations 5 to 7; Sanjabi, Ba, Razaviyayn, Lee, "On the
convergence and robustness of training GANs with regularized optimal transport", NeurIPS 2018, arXiv
1802.08249; "LS" of Korotin, Kolesov, Burnaev, NeurIPS 2022, arXiv 2206.07767.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from wganlab.data import checks
from wganlab.learned.batch import Batch, distances, values
from wganlab.learned.constraints.constraint import Constraint, refuse_batch_norm
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.optimizers import Optimizer

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

Regularizer = Literal["l2", "entropy"]


@dataclass(frozen=True)
class RegularizedDual(Constraint):
    """The critic and a second potential g, one for each law (Seguy et al. 2018).

    The critic is used at the real points alone, and g at the fake ones; both take one step at a
    time up the regularized dual, in which every real point of the batch meets every fake one (the
    benchmark lets row i meet row i, which is noisier). The value, which is `Record.estimate` and
    `FittedCritic.dual`, is that of the regularized problem, above W1: a plan in d dimensions can
    be near an optimal one only with a large density, which epsilon charges for. The gap of the
    critic, which the benchmark reports, asks it about points where it was not trained.

    Examples
    --------
    >>> RegularizedDual(epsilon=0.1, regularizer="entropy").epsilon
    0.1
    """

    at_fake: ClassVar[bool] = False
    is_objective: ClassVar[bool] = True

    epsilon: float = 0.01
    """Weight of the regularization, a length (where points are standardized, in their unit)."""
    regularizer: Regularizer = "l2"
    """l2, the benchmark's, or entropy, whose exponential overflows where f + g is ahead of the
    distance by 88 epsilon."""
    second: MLPConfig = field(
        default_factory=lambda: MLPConfig(width=64, depth=3, activation="silu", init="he")
    )
    """The network of g."""
    optimizer: Optimizer = field(default_factory=lambda: Optimizer(lr=2e-3, schedule="cosine"))
    """Of g."""

    def __post_init__(self) -> None:
        checks.positive(epsilon=self.epsilon)
        checks.among(get_args(Regularizer), regularizer=self.regularizer)
        checks.kind(MLPConfig, second=self.second)
        checks.kind(Optimizer, optimizer=self.optimizer)
        if self.second.norm == "batch":
            raise ValueError("a potential is a function of one point: norm='batch' mixes them")

    def check(self, critic: nn.Module) -> None:
        """Batch norm is refused."""
        refuse_batch_norm(critic, "a potential is a function of one point")

    def begin(
        self, critic: nn.Module, points: Tensor, steps: int, generator: Generator
    ) -> Constraint:
        """With a second potential of its own."""
        second = self.second.build(points[0].numel(), generator).to(points.device)
        return _TwoPotentials(self, second, steps)

    def price(self, excess: Tensor) -> Tensor:
        """R(s), of excesses s = f(x_i) + g(y_j) - |x_i - y_j|, shape (n, m)."""
        if self.regularizer == "entropy":
            return self.epsilon * (excess / self.epsilon).expm1()
        return excess.clamp_min(0.0).square() / (4 * self.epsilon)


class _TwoPotentials(Constraint):
    """A `RegularizedDual` at work: the second potential of one fit, and its optimizer."""

    at_fake: ClassVar[bool] = False
    beside: nn.Module

    def __init__(self, told: RegularizedDual, second: nn.Module, steps: int) -> None:
        self.told, self.beside = told, second
        self.ascent, self.schedule = told.optimizer.build(second.parameters(), steps)

    def objective(self, batch: Batch) -> Tensor:
        """The regularized dual of the batch; its derivatives reach both networks."""
        g = values(self.beside, batch.fake)  # (m,)
        excess = batch.f_real[:, None] + g - distances(batch.real, batch.fake)  # (n, m)
        return batch.f_real.mean() + g.mean() - self.told.price(excess).mean()

    def after_step(self, critic: nn.Module) -> None:
        """The step of the second potential, from the derivatives of the same loss."""
        self.ascent.step()
        self.schedule.step()
        self.ascent.zero_grad()
