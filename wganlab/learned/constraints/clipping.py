"""Weight clipping: the Lipschitz constraint of the WGAN paper.

References
----------
Arjovsky et al., "Wasserstein GAN", 2017, arXiv 1701.07875, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import torch

from wganlab.data import checks
from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.constraints.norms import refuse_made

if TYPE_CHECKING:
    from torch import Tensor, nn


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

    def check(self, critic: nn.Module) -> None:
        """Networks whose weights are made by a parametrization are refused."""
        refuse_made(critic, "weight clipping")

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
