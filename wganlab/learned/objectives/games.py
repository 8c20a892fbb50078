"""What an objective is, and the games of two players: what each optimizes, and what that tells.

In all of them f is the critic's plain output: an output activation, such as the sigmoid of a GAN's
discriminator, is part of the objective. Terms are written with log-sigmoids and the like, which
neither overflow nor round 1 - D to 0 where the discriminator is sure.

References
----------
Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv 1406.2661, section 3 (both
generator losses), theorem 1 (JS). Arjovsky et al., "Wasserstein GAN", 2017, arXiv 1701.07875,
equation 2, theorem 3, figure 4 (the estimate of JS). Mao et al., "Least Squares Generative
Adversarial Networks", 2017, arXiv 1611.04076. Lim and Ye, "Geometric GAN", 2017, arXiv 1705.02894,
and Miyato et al., "Spectral Normalization", 2018, arXiv 1802.05957: the hinge. Qi,
"Loss-Sensitive Generative Adversarial Networks on Lipschitz Densities", 2017, arXiv 1701.06264.
Zhao, Mathieu and LeCun, "Energy-based Generative Adversarial Network", 2016, arXiv 1609.03126.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch.nn.functional import logsigmoid

from wganlab.data import checks
from wganlab.learned.batch import distances
from wganlab.learned.networks.mlp import AutoEncoder, MLPConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

    from wganlab.learned.batch import Batch
    from wganlab.learned.networks.network import NetworkConfig


class Objective:
    """What training asks of an objective: functions of a batch, whose results are scalars."""

    estimates: ClassVar[str]
    """The distance that the estimate is of."""
    bound: ClassVar[bool] = False
    """Is the estimate, whatever the discriminator is, a lower bound of it, but for sampling?"""
    has_critic: ClassVar[bool] = True
    """Or does the generator train alone?"""
    whole_batch: ClassVar[bool] = False
    """Is it no mean over points, but about a whole batch at once?"""

    def build(
        self, config: NetworkConfig, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Module:
        """A network that it can be played with, for points of that shape."""
        return config.critic_for(shape, generator)

    def critic(self, batch: Batch) -> Tensor:
        """What the critic maximizes."""
        raise NotImplementedError

    def generator(self, batch: Batch) -> Tensor:
        """What the generator minimizes.

        In training the batch has no real points and no f_real, shape (0,); or, where there is no
        discriminator, no values at all.
        """
        raise NotImplementedError

    def estimate(self, batch: Batch) -> Tensor:
        """What the batch says of the distance."""
        raise NotImplementedError


@dataclass(frozen=True)
class Wasserstein(Objective):
    """The dual of EM: the critic's maximum is EM if its slope is at most 1 (theorem 3)."""

    estimates: ClassVar[str] = "EM"

    def critic(self, batch: Batch) -> Tensor:
        """The critic gap."""
        return batch.f_real.mean() - batch.f_fake.mean()

    def generator(self, batch: Batch) -> Tensor:
        """Fakes uphill on f."""
        return -batch.f_fake.mean()

    def estimate(self, batch: Batch) -> Tensor:
        """The critic gap, in the unit of the critic's slope."""
        return self.critic(batch)


@dataclass(frozen=True)
class LossSensitive(Objective):
    """The critic wants f(x) - f(y) at least |x - y|, for every real x and fake y, and no more.

    Its best value is EM among functions of slope 1, where the margin |x - y| is never passed, as in
    the dual of EM; without a slope it grows up to the mean margin E |x - y|, which is above EM. The
    loss of the paper is L = -f. Its further term E L(x) is left out, because a constant lowers it
    without end.
    """

    estimates: ClassVar[str] = "EM"
    whole_batch: ClassVar[bool] = True

    def critic(self, batch: Batch) -> Tensor:
        """Mean of min(|x - y|, f(x) - f(y)) over all pairs: the margin, less what lacks of it."""
        margins = distances(batch.real, batch.fake)  # (n, m)
        return torch.minimum(margins, batch.f_real[:, None] - batch.f_fake).mean()

    def generator(self, batch: Batch) -> Tensor:
        """E L(fake), fakes uphill on f."""
        return -batch.f_fake.mean()

    def estimate(self, batch: Batch) -> Tensor:
        """The critic's objective, at most its gap: below EM if its slope is at most 1."""
        return self.critic(batch)


@dataclass(frozen=True)
class Minimax(Objective):
    """The game of Goodfellow et al.: both players about E log D + E log(1 - D), D = sigmoid(f).

    The best f is log(p / q).
    """

    estimates: ClassVar[str] = "JS"
    bound: ClassVar[bool] = True

    def critic(self, batch: Batch) -> Tensor:
        """E log D(real) + E log(1 - D(fake)); 2 JS - 2 log 2 at its maximum."""
        return logsigmoid(batch.f_real).mean() + logsigmoid(-batch.f_fake).mean()

    def generator(self, batch: Batch) -> Tensor:
        """E log(1 - D(fake)), which is flat where D rejects."""
        return logsigmoid(-batch.f_fake).mean()

    def estimate(self, batch: Batch) -> Tensor:
        """A lower bound of JS in nats, halves included, for any discriminator whatever."""
        return self.critic(batch) / 2 + math.log(2)


@dataclass(frozen=True)
class NonSaturating(Minimax):
    """The same discriminator, with the generator's loss that is steep where D rejects."""

    def generator(self, batch: Batch) -> Tensor:
        """-E log D(fake)."""
        return -logsigmoid(batch.f_fake).mean()


@dataclass(frozen=True)
class LeastSquares(Objective):
    """Squares of f less its label: 1 for real, -1 for fake, and 1 for what the generator wants.

    The best f is (p - q) / (p + q), and tells Pearson's divergence of the mixture, Le Cam's,
    LC = chi2(P, M) = int (p - q)^2 / (p + q) / 2. (That the generator goes down 2 LC is the paper's
    theorem for the label 0 in its own loss; with it generators came less near in our trials.)
    """

    estimates: ClassVar[str] = "Le Cam"
    bound: ClassVar[bool] = True

    def critic(self, batch: Batch) -> Tensor:
        """Half the squared errors, negative; LC - 1 at its maximum."""
        return -((batch.f_real - 1).square().mean() + (batch.f_fake + 1).square().mean()) / 2

    def generator(self, batch: Batch) -> Tensor:
        """Half the squared distance to the real label."""
        return (batch.f_fake - 1).square().mean() / 2

    def estimate(self, batch: Batch) -> Tensor:
        """A lower bound of LC, for any discriminator whatever."""
        return self.critic(batch) + 1


@dataclass(frozen=True)
class Hinge(Objective):
    """Values beyond the margin, f > 1 on real and f < -1 on fake points, gain nothing.

    The best f is sign(p - q).
    """

    estimates: ClassVar[str] = "TV"
    bound: ClassVar[bool] = True

    def critic(self, batch: Batch) -> Tensor:
        """What lacks of the margins, negative; 2 TV - 2 at its maximum."""
        return (batch.f_real - 1).clamp_max(0).mean() - (batch.f_fake + 1).clamp_min(0).mean()

    def generator(self, batch: Batch) -> Tensor:
        """Fakes uphill on f."""
        return -batch.f_fake.mean()

    def estimate(self, batch: Batch) -> Tensor:
        """A lower bound of TV, for any discriminator whatever."""
        return self.critic(batch) / 2 + 1


@dataclass(frozen=True)
class EnergyBased(Objective):
    """The energy -f, an auto-encoder's error, is to be 0 on real points and the margin on fakes.

    The best energy is 0 where p > q and the margin where p < q (Zhao et al. 2016, lemma 1), so that
    it estimates TV, as the WGAN paper says of it.
    """

    estimates: ClassVar[str] = "TV"
    bound: ClassVar[bool] = True
    margin: float = 1.0
    """Energy of a fake point from which on it gains nothing, in the unit of the error."""

    def __post_init__(self) -> None:
        checks.positive(margin=self.margin)

    def build(
        self, config: NetworkConfig, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Module:
        """An auto-encoder, of flattened images."""
        if not isinstance(config, MLPConfig):
            raise ValueError(
                f"energy-based discriminators are auto-encoders, and a {type(config).__name__} "
                "makes none: take MLPConfig(), which flattens images, or another objective"
            )
        config.refuse_output()
        return AutoEncoder(config, math.prod(shape), generator)

    def critic(self, batch: Batch) -> Tensor:
        """Energy on real points and what lacks of the margin on fakes, negative."""
        return batch.f_real.mean() - (self.margin + batch.f_fake).clamp_min(0).mean()

    def generator(self, batch: Batch) -> Tensor:
        """The energy of the fakes."""
        return -batch.f_fake.mean()

    def estimate(self, batch: Batch) -> Tensor:
        """A lower bound of TV for any energy that is nowhere negative, as no error is."""
        return self.critic(batch) / self.margin + 1
