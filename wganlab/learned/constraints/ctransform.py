"""The c-transform of a critic, which is feasible for the dual whatever the critic is.

References
----------
Mallasto, Montufar, Gerolin, "How well do WGANs estimate the Wasserstein metric?", 2019, arXiv
1910.03875.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from wganlab.learned.batch import Batch, distances
from wganlab.learned.constraints.constraint import Constraint, refuse_batch_norm

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class CTransform(Constraint):
    """The dual value of the batch, whatever the critic is (Mallasto, Montufar, Gerolin 2019).

    What is maximized is mean f(x_i) + mean_j min_i(|x_i - y_j| - f(x_i)): the critic is used at
    the real points alone, and the c-transform stands for it at the fake ones. No slope is needed;
    the value is at most W1 of the batch, which is not W1 of the laws.
    """

    at_fake: ClassVar[bool] = False
    is_objective: ClassVar[bool] = True

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
