"""Which gradients a step takes: those of `algorithm1`, or what finds the same in fewer operations.

Chains of linear layers (`by_hand`) or of convolutions (`convolution_chains`) and ReLUs, under a
gradient penalty or a constraint in the weights, in full precision, are differentiated by hand.
Every other critic is asked for its values at real and generated points in one pass, unless batch
norm would mix them, and differentiated by autograd.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from wganlab.learned import algorithm1
from wganlab.learned.batch import Batch
from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.constraints.penalties import GradientPenalty
from wganlab.learned.fast import by_hand
from wganlab.learned.fast.convolution_chains import convolution_links
from wganlab.learned.networks.network import has_batch_norm

if TYPE_CHECKING:
    from torch import Tensor

    from wganlab.learned.players import CriticPlayer, Players


def quicken_critic(run: CriticPlayer) -> None:
    """Let the critic's updates take the quickest gradients there are for it."""
    found: Any = None
    if run.precision is nullcontext and _of_values_and_slopes(run.constraint):
        found = by_hand.links(run.critic) or convolution_links(run.critic)
    if found is not None:
        run.critic_gradients = partial(by_hand.critic_gradients, found)
    elif not run.constraint.at_fake or not has_batch_norm(run.critic):
        run.critic_gradients = in_one_pass
    else:
        run.critic_gradients = algorithm1.critic_gradients


def quicken(run: Players) -> None:
    """Let both players of a run take the quickest gradients there are for them."""
    run.generated, run.generator_gradients = algorithm1.generated, algorithm1.generator_gradients
    if run.critic is not None:
        quicken_critic(run)
    made = by_hand.links(run.generator) if run.precision is nullcontext else None
    if made is None:
        return
    run.generated = partial(by_hand.generated, made)
    judge = by_hand.links(run.critic) if run.critic is not None else None
    if judge is not None:
        run.generator_gradients = partial(by_hand.generator_gradients, made, judge)


def in_one_pass(run: CriticPlayer, real: Tensor, fake: Tensor) -> Tensor:
    """As `algorithm1.critic_gradients`, in one pass; over real points alone where that will do."""
    points = torch.cat([real, fake]) if run.constraint.at_fake else real
    with run.precision():
        f = run.critic(points).flatten().to(real.dtype)  # (n + m,)
    batch = Batch(real, fake, f[: len(real)], f[len(real) :])
    loss = -run.maximized(batch)
    if run.constraint.in_loss:
        loss = loss + run.constraint.penalty(run.critic, batch, run.draws)
    run.critic_optimizer.zero_grad()
    loss.backward()
    return loss.detach()


def _of_values_and_slopes(constraint: Constraint) -> bool:
    """Does the loss need the critic through its values and, perhaps, its slopes alone?"""
    penalty = type(constraint).penalty
    return constraint.at_fake and penalty in (Constraint.penalty, GradientPenalty.penalty)
