"""What the two players optimize, and which distance the best critic then tells.

An objective is a function of a batch: real and fake points and the critic's values at them. The
critic makes `critic(batch)` large, the generator makes `generator(batch)` small, and `estimate` is
what the batch says of the distance `estimates` between the two laws.

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

    from wganlab.learned.lipschitz import Batch


class Objective(Protocol):
    """What training asks of an objective; results are scalars."""

    estimates: ClassVar[str]
    """The distance that the estimate is of."""

    def critic(self, batch: Batch) -> Tensor:
        """What the critic maximizes."""

    def generator(self, batch: Batch) -> Tensor:
        """What the generator minimizes; in training the batch has no f_real, shape (0,)."""

    def estimate(self, batch: Batch) -> Tensor:
        """What the batch says of the distance."""


class Wasserstein:
    """The dual of EM: the critic's maximum is EM if its slope is at most 1 (theorem 3)."""

    estimates: ClassVar[str] = "EM"

    def critic(self, batch: Batch) -> Tensor:
        """The critic gap."""
        return batch.gap

    def generator(self, batch: Batch) -> Tensor:
        """Fakes uphill on f."""
        return -batch.f_fake.mean()

    def estimate(self, batch: Batch) -> Tensor:
        """The critic gap, in the unit of the critic's slope."""
        return self.critic(batch)


class Minimax:
    """The game of Goodfellow et al.: both players about E log D + E log(1 - D)."""

    estimates: ClassVar[str] = "JS"

    def critic(self, batch: Batch) -> Tensor:
        """E log D(real) + E log(1 - D(fake)); 2 JS - 2 log 2 at its maximum."""
        return logsigmoid(batch.f_real).mean() + logsigmoid(-batch.f_fake).mean()

    def generator(self, batch: Batch) -> Tensor:
        """E log(1 - D(fake)), which is flat where D rejects."""
        return logsigmoid(-batch.f_fake).mean()

    def estimate(self, batch: Batch) -> Tensor:
        """A lower bound of JS in nats, halves included, for any discriminator whatever."""
        return self.critic(batch) / 2 + math.log(2)


class NonSaturating(Minimax):
    """The same discriminator, with the generator's loss that is steep where D rejects."""

    def generator(self, batch: Batch) -> Tensor:
        """-E log D(fake)."""
        return -logsigmoid(batch.f_fake).mean()


OBJECTIVES: dict[str, Objective] = {
    "wasserstein": Wasserstein(),
    "minimax": Minimax(),
    "non-saturating": NonSaturating(),
}
"""By the names of a configuration."""
