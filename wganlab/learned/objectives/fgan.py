"""f-GANs: a discriminator's lower bound of any f-divergence.

    D_f(P, Q) = int q f(p / q) = sup over T of E_P T - E_Q f*(T),  f* the convex conjugate of f

The plain output v of the network goes through an output activation g into the domain of f*, so
that T = g(v), and larger on real points. For any network whatever E_P g(v) - E_Q f*(g(v)) is a
lower bound of the divergence, with equality at g(v) = f'(p / q).

| objective | distance | f(u) | g(v) | f*(t) | best v |
|---|---|---|---|---|---|
| `KL` | KL(P, Q) | u log u | v | exp(t - 1) | 1 + log(p / q) |
| `ReverseKL` | KL(Q, P) | -log u | -exp(-v) | -1 - log(-t) | log(p / q) |
| `JensenShannon` | 2 JS | u log u - (u + 1) log((u + 1) / 2) | log 2 - log(1 + exp(-v)) | \
-log(2 - exp(t)) | log(p / q) |
| `TotalVariation` | TV | abs(u - 1) / 2 | tanh(v) / 2 | t | infinite, of the sign of p - q |
| `Pearson` | chi2(P, Q) | (u - 1)^2 | v | t^2 / 4 + t | 2 (p / q - 1) |

References
----------
Nowozin, Cseke and Tomioka, "f-GAN: Training Generative Neural Samplers using Variational Divergence
Minimization", 2016, arXiv 1606.00709, section 2 and tables 2 and 6; section 3.2: the generator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch.nn.functional import logsigmoid

from wganlab.learned.objectives.games import Objective

if TYPE_CHECKING:
    from torch import Tensor

    from wganlab.learned.batch import Batch


@dataclass(frozen=True)
class FGan(Objective):
    """The game of any f: both players about E_P g(v) - E_Q f*(g(v)), but for a trick.

    The generator raises E_Q g(v) in place of E_Q f*(g(v)), as it does in the non-saturating GAN.
    """

    bound: ClassVar[bool] = True

    def activation(self, v: Tensor) -> Tensor:
        """g(v), shape (n,)."""
        raise NotImplementedError

    def conjugate(self, v: Tensor) -> Tensor:
        """f*(g(v)), shape (n,), in one expression that does not overflow without need."""
        raise NotImplementedError

    def critic(self, batch: Batch) -> Tensor:
        """The divergence at its maximum."""
        return self.activation(batch.f_real).mean() - self.conjugate(batch.f_fake).mean()

    def generator(self, batch: Batch) -> Tensor:
        """-E_Q g(v)."""
        return -self.activation(batch.f_fake).mean()

    def estimate(self, batch: Batch) -> Tensor:
        """A lower bound of the divergence, for any discriminator whatever."""
        return self.critic(batch)


@dataclass(frozen=True)
class KL(FGan):
    """KL(P, Q), which is infinite where the fakes leave out a part of P."""

    estimates: ClassVar[str] = "KL"

    def activation(self, v: Tensor) -> Tensor:
        """All numbers."""
        return v

    def conjugate(self, v: Tensor) -> Tensor:
        """It grows fast: a large v on a fake point ends a run."""
        return torch.exp(v - 1)


@dataclass(frozen=True)
class ReverseKL(FGan):
    """KL(Q, P), which is infinite where fakes are where P is not."""

    estimates: ClassVar[str] = "reverse KL"

    def activation(self, v: Tensor) -> Tensor:
        """Negative numbers."""
        return -torch.exp(-v)

    def conjugate(self, v: Tensor) -> Tensor:
        """-1 - log(exp(-v))."""
        return v - 1


@dataclass(frozen=True)
class JensenShannon(FGan):
    """Twice JS: the minimax game of Goodfellow et al., its values shifted by log 2."""

    estimates: ClassVar[str] = "JS"

    def activation(self, v: Tensor) -> Tensor:
        """Below log 2."""
        return math.log(2) + logsigmoid(v)

    def conjugate(self, v: Tensor) -> Tensor:
        """-log(2 - 2 sigmoid(v))."""
        return -math.log(2) - logsigmoid(-v)

    def estimate(self, batch: Batch) -> Tensor:
        """A lower bound of JS in nats, halves included, for any discriminator whatever."""
        return self.critic(batch) / 2


@dataclass(frozen=True)
class TotalVariation(FGan):
    """TV, as the largest gap of a critic with values in [-1/2, 1/2]."""

    estimates: ClassVar[str] = "TV"

    def activation(self, v: Tensor) -> Tensor:
        """Between -1/2 and 1/2."""
        return torch.tanh(v) / 2

    def conjugate(self, v: Tensor) -> Tensor:
        """t itself."""
        return self.activation(v)


@dataclass(frozen=True)
class Pearson(FGan):
    """chi2(P, Q) = int (p - q)^2 / q."""

    estimates: ClassVar[str] = "chi2"

    def activation(self, v: Tensor) -> Tensor:
        """All numbers."""
        return v

    def conjugate(self, v: Tensor) -> Tensor:
        """A parabola, with its minimum -1 at v = -2, where p = 0."""
        return v * v / 4 + v
