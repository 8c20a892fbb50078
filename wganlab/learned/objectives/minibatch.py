"""Generators without a discriminator: the distance of two batches of points, and its gradient.

The distance between a batch of real and one of generated points is computed as it is, and the
generator goes down its gradient. There is nothing to fit, and nothing to be fooled; but it is the
distance of two batches, not of two laws: EM of two batches of one law is not 0, and the law whose
batches are nearest in the mean is not the real one (Bellemare et al., "The Cramer Distance as a
Solution to Biased Wasserstein Gradients", 2017, arXiv 1705.10743), the less so the larger they are.

Of the two programs over transport plans the gradient needs no differentiating of a solver: by the
envelope theorem it is that of the cost of the best plan, held fixed. POT does this, with tensors of
torch; it is imported when a distance is first computed.

References
----------
Li, Swersky and Zemel, "Generative Moment Matching Networks", 2015, arXiv 1502.02761, equations 3
and 4. Dziugaite, Roy and Ghahramani, 2015, arXiv 1505.03906. Genevay, Peyré and Cuturi, "Learning
Generative Models with Sinkhorn Divergences", 2018, arXiv 1706.00292, definition 1. Flamary et al.,
"POT: Python Optimal Transport", JMLR 22 (2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch

from wganlab.data import checks
from wganlab.learned.batch import distances
from wganlab.learned.objectives.games import Objective

if TYPE_CHECKING:
    from types import ModuleType

    from torch import Tensor

    from wganlab.learned.batch import Batch


class Minibatch(Objective):
    """The base of them: the generator minimizes the estimate."""

    has_critic: ClassVar[bool] = False
    whole_batch: ClassVar[bool] = True

    def generator(self, batch: Batch) -> Tensor:
        """The distance of the batches."""
        return self.estimate(batch)


@dataclass(frozen=True)
class MMD(Minibatch):
    """Maximum mean discrepancy under a mean of Gaussian kernels: a moment-matching network."""

    estimates: ClassVar[str] = "MMD"
    bandwidths: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)
    """Of the kernels exp(-|x - y|^2 / (2 h^2)), in the unit of the points."""

    def __post_init__(self) -> None:
        if not self.bandwidths:
            raise ValueError("bandwidths = (): give one or more, in the unit of the points")
        for width in self.bandwidths:
            checks.positive(bandwidths=width)

    def estimate(self, batch: Batch) -> Tensor:
        """MMD of the two batches, biased: pairs of a point with itself included."""
        within = self._mean(batch.real, batch.real) + self._mean(batch.fake, batch.fake)
        square = within - 2 * self._mean(batch.real, batch.fake)
        return square.clamp_min(1e-12).sqrt()  # the slope of the root is infinite at 0

    def _mean(self, x: Tensor, y: Tensor) -> Tensor:
        """E k(X, Y)."""
        squares = distances(x, y).square()
        kernels = (torch.exp(-squares / (2 * h * h)).mean() for h in self.bandwidths)
        return torch.stack(tuple(kernels)).mean()


@dataclass(frozen=True)
class Sinkhorn(Minibatch):
    """The Sinkhorn divergence, entropic transport made 0 for equal batches, of the cost |x - y|.

    OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2, where OT is the least cost plus epsilon KL of the plan
    to the product of its marginals.
    """

    estimates: ClassVar[str] = "Sinkhorn divergence"
    epsilon: float = 0.2
    """Strength of the entropy, in the unit of the points."""
    tolerance: float = 1e-3
    """Mass in the wrong place that ends the iterations; POT warns where 5,000 do not reach it."""

    def __post_init__(self) -> None:
        checks.positive(epsilon=self.epsilon, tolerance=self.tolerance)

    def estimate(self, batch: Batch) -> Tensor:
        """Of the two batches."""
        cross = self._transport(batch.real, batch.fake)
        itself = self._transport(batch.real, batch.real) + self._transport(batch.fake, batch.fake)
        return cross - itself / 2

    def _transport(self, x: Tensor, y: Tensor) -> Tensor:
        """OT(x, y); the gradient through the points is the plan's cost, the plan held fixed."""
        cost = distances(x, y).double()
        solved = pot().solve(
            cost,
            reg=self.epsilon,
            reg_type="KL",
            grad="envelope",
            tol=self.tolerance,
            max_iter=5000,
        )
        value: Tensor = solved.value
        return value


@dataclass(frozen=True)
class EarthMover(Minibatch):
    """EM of the two batches, by linear program."""

    estimates: ClassVar[str] = "EM"

    def estimate(self, batch: Batch) -> Tensor:
        """Of the two batches; RuntimeError if the solver has not come to its end."""
        cost = distances(batch.real, batch.fake).double()
        masses = (cost.new_full((size,), 1 / size) for size in cost.shape)
        value: Tensor
        value, told = pot().emd2(*masses, cost, log=True, numItermax=1_000_000)
        if told["warning"] is not None:
            raise RuntimeError(f"EM of batches of {cost.shape[0]} points: {told['warning']}")
        return value


def pot() -> ModuleType:
    """POT, which must not have been told to do without torch."""
    import ot

    if not ot.backend.torch:
        raise RuntimeError(
            "POT was loaded without its torch backend: unset POT_BACKEND_DISABLE_PYTORCH"
        )
    module: ModuleType = ot
    return module
