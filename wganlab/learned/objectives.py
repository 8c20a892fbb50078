"""What the two players optimize, and which distance the best critic then tells.

An objective is a function of the critic's values at real and fake points. The critic makes
`critic(f_real, f_fake)` large, the generator makes `generator(f_fake)` small, and `estimate` is
what the critic's values say of the distance `estimates` between the two laws.

For the GANs f is a logit: the discriminator is D = sigmoid(f), and the terms are written with
log-sigmoids, which neither overflow nor round 1 - D to 0.

References
----------
Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv 1406.2661, section 3 (both
generator losses), theorem 1 (JS). Arjovsky et al., "Wasserstein GAN", 2017, arXiv 1701.07875,
equation 2, theorem 3, figure 4 (the estimate of JS).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Protocol

from torch.nn.functional import logsigmoid

if TYPE_CHECKING:
    from torch import Tensor


class Objective(Protocol):
    """What training asks of an objective; f has shape (n,), results are scalars."""

    estimates: ClassVar[str]
    """The distance that the estimate is of."""

    def critic(self, f_real: Tensor, f_fake: Tensor) -> Tensor:
        """What the critic maximizes."""

    def generator(self, f_fake: Tensor) -> Tensor:
        """What the generator minimizes."""

    def estimate(self, f_real: Tensor, f_fake: Tensor) -> Tensor:
        """What the critic's values say of the distance."""


class Wasserstein:
    """The dual of EM: the critic's maximum is EM if its slope is at most 1 (theorem 3)."""

    estimates: ClassVar[str] = "EM"

    def critic(self, f_real: Tensor, f_fake: Tensor) -> Tensor:
        """The critic gap."""
        return f_real.mean() - f_fake.mean()

    def generator(self, f_fake: Tensor) -> Tensor:
        """Fakes uphill on f."""
        return -f_fake.mean()

    def estimate(self, f_real: Tensor, f_fake: Tensor) -> Tensor:
        """The critic gap, in the unit of the critic's slope."""
        return self.critic(f_real, f_fake)


class Minimax:
    """The game of Goodfellow et al.: both players about E log D + E log(1 - D)."""

    estimates: ClassVar[str] = "JS"

    def critic(self, f_real: Tensor, f_fake: Tensor) -> Tensor:
        """E log D(real) + E log(1 - D(fake)); 2 JS - 2 log 2 at its maximum."""
        return logsigmoid(f_real).mean() + logsigmoid(-f_fake).mean()

    def generator(self, f_fake: Tensor) -> Tensor:
        """E log(1 - D(fake)), which is flat where D rejects."""
        return logsigmoid(-f_fake).mean()

    def estimate(self, f_real: Tensor, f_fake: Tensor) -> Tensor:
        """A lower bound of JS in nats, halves included, for any discriminator whatever."""
        return self.critic(f_real, f_fake) / 2 + math.log(2)


class NonSaturating(Minimax):
    """The same discriminator, with the generator's loss that is steep where D rejects."""

    def generator(self, f_fake: Tensor) -> Tensor:
        """-E log D(fake)."""
        return -logsigmoid(f_fake).mean()


OBJECTIVES: dict[str, Objective] = {
    "wasserstein": Wasserstein(),
    "minimax": Minimax(),
    "non-saturating": NonSaturating(),
}
"""By the names of a configuration."""
