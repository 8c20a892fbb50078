"""Points of one step with the critic's values at them, on which everything else is a function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

AT_ONCE = 1000  # points that a network is given at once, where nothing is learned
ENTRIES = 2**22  # of these together: 16 MB, of which layers of convolutions make some hundred


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


def distances(x: Tensor, y: Tensor) -> Tensor:
    """|x_i - y_j| of points (n, ...) and (m, ...), shape (n, m), exactly 0 where they are equal."""
    return torch.cdist(x.flatten(1), y.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")


def at_once(shape: Sequence[int]) -> int:
    """How many points of that shape to give a network at once: fewer, where they are large.

    Examples
    --------
    >>> at_once((2,)), at_once((3, 64, 64)), at_once((3, 299, 299))
    (1000, 341, 15)
    """
    return max(1, min(AT_ONCE, ENTRIES // max(1, math.prod(shape))))


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
