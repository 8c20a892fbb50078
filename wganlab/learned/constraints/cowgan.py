"""The critic gap, with the c-transforms of a batch to hold it back.

References
----------
Kwon, Kim, Montufar, Yang, "Training Wasserstein GANs without gradient penalties", 2021, arXiv
2110.14150; "MM-Bv2" of Korotin, Kolesov, Burnaev, NeurIPS 2022, arXiv 2206.07767.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch

from wganlab.learned.batch import Batch, distances
from wganlab.learned.constraints.constraint import Constraint, refuse_batch_norm

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class CoWGAN(Constraint):
    """The gap, or a dual value of the batch that is below it (Kwon et al. 2021).

    With d_ij = |x_i - y_j|, real x and fake y, there are three values:

        gap     mean f(x_i)                  - mean f(y_j)
        first   mean f(x_i)                  + mean_j min_i ( d_ij - f(x_i) )
        second  mean_i min_j ( d_ij + f(y_j) ) - mean f(y_j)

    Where f has slope at most 1 between the points of the batch, both dual values are at least the
    gap. So what is maximized is the first one where it is below the gap, else the second one where
    it is, else the gap: the slope is held at every pair of a batch, and nowhere else. `CTransform`
    maximizes the first one always, and sees f at the real points alone. In high dimensions the
    points of a batch are far apart, f may rise steeply between, and the gap exceeds W1.

    Examples
    --------
    >>> x, y = torch.tensor([[0.0]]), torch.tensor([[1.0]])
    >>> value = lambda a, b: CoWGAN().objective(Batch(x, y, torch.tensor([a]), torch.tensor([b])))
    >>> value(0.5, 0.0).item(), value(9.0, 0.0).item()  # the distance holds a steep critic
    (0.5, 1.0)
    """

    is_objective: ClassVar[bool] = True

    def check(self, critic: nn.Module) -> None:
        """Batch norm is refused."""
        refuse_batch_norm(critic, "a c-transform is of a function of one point")

    def objective(self, batch: Batch) -> Tensor:
        """The gap, or a dual value below it."""
        between = distances(batch.real, batch.fake)  # (n, m)
        first = batch.f_real.mean() + (between - batch.f_real[:, None]).min(dim=0).values.mean()
        second = (between + batch.f_fake).min(dim=1).values.mean() - batch.f_fake.mean()
        held = torch.where(second < batch.gap, second, batch.gap)
        return torch.where(first < batch.gap, first, held)
