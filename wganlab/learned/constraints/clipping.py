"""Weight clipping: the Lipschitz constraint of the WGAN paper.

References
----------
Arjovsky et al., "Wasserstein GAN", 2017, arXiv 1701.07875, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import torch

from wganlab.data import checks
from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.constraints.norms import refuse_made

if TYPE_CHECKING:
    from torch import Tensor, nn

When = Literal["after", "before"]


@dataclass(frozen=True)
class WeightClipping(Constraint):
    """Every parameter is clamped to [-c, c] (Arjovsky et al. 2017, algorithm 1), or [lower, c].

    The slope is then bounded by a constant that nobody knows, so the gap estimates K W1 with an
    unknown K; divided by the slope it is comparable.
    """

    in_weights: ClassVar[bool] = True
    c: float = 0.01
    """Largest value of a parameter, batch norm's gammas and all biases included."""
    when: When = "after"
    """After the step, as the paper says; or before its gradients, as the authors' code does, so
    that the critic in use has left the box by one step."""
    lower: float | None = None
    """Smallest value of a parameter, below c; None for -c."""

    def __post_init__(self) -> None:
        checks.positive(c=self.c)
        checks.among(get_args(When), when=self.when)
        refuse_no_box(lower=self.lower, c=self.c)

    @property
    def box(self) -> tuple[float, float]:
        """Smallest and largest value."""
        return -self.c if self.lower is None else self.lower, self.c

    def check(self, critic: nn.Module) -> None:
        """Networks whose weights are made by a parametrization are refused."""
        refuse_made(critic, "weight clipping")

    def prepare(self, critic: nn.Module) -> None:
        """Into the box."""
        self._clip(critic)

    def before_gradients(self, critic: nn.Module) -> None:
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
        lower, upper = self.box
        torch._foreach_clamp_min_(parameters, lower)
        torch._foreach_clamp_max_(parameters, upper)


def refuse_no_box(**bounds: float | None) -> None:
    """ValueError unless the first bound, if there is one, is below the second; by their names."""
    (name, lower), (other, upper) = bounds.items()
    if lower is None:
        return
    checks.finite(**{name: lower})
    assert upper is not None
    if lower >= upper:
        raise ValueError(f"{name} = {lower!r} is not below {other} = {upper!r}: give less")
