"""One step of a critic, which `fit_critic` repeats, and one of a generator.

A step of chains of linear layers, or of convolutions, and ReLUs is differentiated by hand
(`chains`, `conv_chains`), as far as to the critic's values and slopes; what the objective makes of
those, and every other network, by autograd. Networks may compute in bfloat16 (`Low`); penalties,
losses and weights are float32 all the same. Where several processes take part, gradients are
averaged before the optimizer's step.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch.nn.utils import parametrize

from wganlab.learned.batch import Batch, values
from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.constraints.penalties import GradientPenalty
from wganlab.learned.critics.fitted import evaluated
from wganlab.learned.distributed import world
from wganlab.learned.fast.convolution_chains import ConvChain, conv_links
from wganlab.learned.fast.linear_chains import Chain, links

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from torch import Generator, Tensor, nn

Low: TypeAlias = "Callable[[], AbstractContextManager[object]]"


class CriticStep:
    """A step of a critic: one pass over real and fake together, one over the penalty's points.

    Parameters
    ----------
    critic, constraint, optimizer
        Whose step it is; the constraint is prepared.
    objective : callable Batch -> scalar
        What is maximized, before a penalty; by default the constraint's own objective.
    low : callable
        Makes the context in which the critic's values are computed, as torch.autocast; by default
        it is float32. Penalties are computed outside of it.
    """

    def __init__(
        self,
        critic: nn.Module,
        constraint: Constraint,
        optimizer: torch.optim.Optimizer,
        objective: Callable[[Batch], Tensor] | None = None,
        low: Low | None = None,
    ) -> None:
        self.critic, self.constraint, self.optimizer = critic, constraint, optimizer
        self.objective = objective or constraint.objective
        by_hand = low is None and _of_values_and_slopes(constraint)
        self.low: Low = low or nullcontext
        self.links = links(critic) or conv_links(critic) if by_hand else None

    def __call__(self, real: Tensor, fake: Tensor, generator: Generator | None) -> Tensor:
        """The step from those points; returns the loss, a scalar that stays on the device."""
        with parametrize.cached():
            if self.links is None:
                loss = self.differentiated(real, fake, generator)
            else:
                loss = self.by_hand(self.links.chain(), real, fake, generator)
        world().average(self.critic)
        self.constraint.before_step(self.critic)
        self.optimizer.step()
        self.constraint.after_step(self.critic)
        return loss

    def differentiated(self, real: Tensor, fake: Tensor, generator: Generator | None) -> Tensor:
        """The loss, and its derivatives by autograd."""
        batch = self.judged(real, fake)
        loss = -self.objective(batch)
        penalty = self.penalty(batch, generator)
        if penalty is not None:
            loss = loss + penalty
        self.descend(loss)
        return loss.detach()

    def judged(self, real: Tensor, fake: Tensor) -> Batch:
        """The points with the critic's values, as far as the constraint needs them."""
        with self.low():
            if self.constraint.at_fake:
                batch = evaluated(self.critic, real, fake)
            else:
                batch = Batch(real, fake, values(self.critic, real), real.new_empty(0))
        return batch._replace(f_real=_full(batch.f_real), f_fake=_full(batch.f_fake))

    def penalty(self, batch: Batch, generator: Generator | None) -> Tensor | None:
        """What the constraint subtracts."""
        return self.constraint.penalty(self.critic, batch, generator)

    def descend(self, loss: Tensor) -> None:
        """The derivatives."""
        self.optimizer.zero_grad()
        loss.backward()

    def by_hand(
        self,
        chain: Chain | ConvChain,
        real: Tensor,
        fake: Tensor,
        generator: Generator | None,
    ) -> Tensor:
        """The same; autograd goes no further than to the critic's values and slopes."""
        passed = chain.values(torch.cat([real, fake]))
        f = passed.result[:, 0].requires_grad_()  # (n + m,)
        batch = Batch(real, fake, f[: len(real)], f[len(real) :])
        loss = -self.objective(batch)
        if isinstance(self.constraint, GradientPenalty):
            climbed = chain.slopes(self.constraint.points(batch, generator))
            slopes = climbed.result.requires_grad_()  # (k, dim)
            loss = loss + self.constraint.cost(slopes)
            df, dslopes = torch.autograd.grad(loss, (f, slopes))
            weights, biases = chain.values_backward(df[:, None], passed)
            torch._foreach_add_(weights, chain.slopes_backward(dslopes, climbed))
        else:
            (df,) = torch.autograd.grad(loss, f)
            weights, biases = chain.values_backward(df[:, None], passed)
        _pass_on([*chain.weights, *chain.biases], [*weights, *biases], self.optimizer)
        return loss.detach()


class GeneratorStep:
    """A step of a generator, against a critic, whose weights stay, or towards real points.

    Parameters
    ----------
    generator, critic, optimizer
        Whose step it is, and what judges it; None where the objective needs no critic.
    objective : callable Batch -> scalar
        What is minimized.
    low : callable
        As for `CriticStep`.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module | None,
        optimizer: torch.optim.Optimizer,
        objective: Callable[[Batch], Tensor],
        low: Low | None = None,
    ) -> None:
        self.generator, self.critic, self.optimizer = generator, critic, optimizer
        self.objective = objective
        self.links = links(generator) if low is None else None
        self.judge = None if critic is None else links(critic)
        self.low: Low = low or nullcontext

    def sample(self, z: Tensor) -> Tensor:
        """Generated points from noise of shape (n, latent), without gradient: (n, dim)."""
        if self.links is not None:
            return self.links.chain().values(z).result
        with torch.no_grad():
            return self.made(z)

    def made(self, z: Tensor) -> Tensor:
        """Generated points, with what their derivatives need."""
        with self.low():
            points: Tensor = self.generator(z)
        return _full(points)

    def __call__(
        self, z: Tensor, blur: Callable[[Tensor], Tensor], real: Tensor | None = None
    ) -> Tensor:
        """The step from noise (n, latent); returns the loss.

        The critic sees blur(points); where there is none, the objective sees the real points too.
        """
        with parametrize.cached():
            if self.critic is None or self.links is None or self.judge is None:
                loss = self.differentiated(z, blur, real)
            else:
                loss = self.by_hand(self.links.chain(), self.judge.chain(), z, blur)
        world().average(self.generator)
        self.optimizer.step()
        return loss

    def differentiated(
        self, z: Tensor, blur: Callable[[Tensor], Tensor], real: Tensor | None
    ) -> Tensor:
        """The loss, and its derivatives by autograd."""
        fake = blur(self.made(z))
        none = fake.new_empty(0)
        if self.critic is None:
            loss = self.objective(Batch(none if real is None else real, fake, none, none))
        else:
            self.critic.requires_grad_(False)
            with self.low():
                f_fake = values(self.critic, fake)
            loss = self.objective(Batch(none, fake, none, _full(f_fake)))
        self.descend(loss)
        if self.critic is not None:
            self.critic.requires_grad_(True)
        return loss.detach()

    def descend(self, loss: Tensor) -> None:
        """The derivatives."""
        self.optimizer.zero_grad()
        loss.backward()

    def by_hand(
        self, chain: Chain, judge: Chain, z: Tensor, blur: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """The same; autograd goes no further than to points and the critic's values."""
        made = chain.values(z)
        fake = blur(made.result).requires_grad_()
        passed = judge.values(fake)
        f = passed.result[:, 0].requires_grad_()
        none = f.new_empty(0)
        loss = self.objective(Batch(none, fake, none, f))
        df, dfake = torch.autograd.grad(loss, (f, fake), allow_unused=True)
        g = judge.points_backward(df[:, None], passed)
        weights, biases = chain.values_backward(g if dfake is None else g + dfake, made)
        _pass_on([*chain.weights, *chain.biases], [*weights, *biases], self.optimizer)
        return loss.detach()


def _full(numbers: Tensor) -> Tensor:
    """As float32 what `low` has made of lower precision."""
    return numbers.float() if numbers.dtype == torch.bfloat16 else numbers


def _of_values_and_slopes(constraint: Constraint) -> bool:
    """Does the loss need the critic through its values and, perhaps, its slopes alone?"""
    penalty = type(constraint).penalty
    return constraint.at_fake and penalty in (Constraint.penalty, GradientPenalty.penalty)


def _pass_on(
    tensors: list[Tensor], gradients: list[Tensor], optimizer: torch.optim.Optimizer
) -> None:
    """To the parameters, in place of their last gradients, or to those they were computed from."""
    pairs = list(zip(tensors, gradients, strict=True))
    made = [(tensor, gradient) for tensor, gradient in pairs if not tensor.is_leaf]
    if made:
        optimizer.zero_grad()
        torch.autograd.backward([one for one, _ in made], [gradient for _, gradient in made])
    for tensor, gradient in pairs:
        if tensor.is_leaf and tensor.requires_grad:
            tensor.grad = gradient
