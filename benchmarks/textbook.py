"""The loop that tutorials write for a critic, to measure `learned.fit_critic` against.

The critic runs on real and on fake points apart, so parametrized weights are made anew in each
pass; the optimizers are torch's as they come, which loop over parameters on the CPU, as does the
clip; the gradient penalty has its `ones_like`; the loss is read in every step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from wganlab import learned


def train(
    critic: nn.Module, method: learned.Method, pair: Any, rng: np.random.Generator, steps: int
) -> Iterator[float]:
    """An iterator over the steps; it yields their losses."""
    optimizer, schedule = build(method, critic), None
    if method.optimizer.schedule == "cosine":
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        x, y = pair.sample(method.batch, rng)
        real = torch.tensor(x, dtype=torch.float32)
        fake = torch.tensor(y, dtype=torch.float32)
        loss = step(critic, method, optimizer, real, fake)
        if schedule is not None:
            schedule.step()
        yield loss


def prepare(critic: nn.Module, constraint: learned.Constraint) -> None:
    """Parametrized layers, those of torch for orthonormal ones."""
    if isinstance(constraint, learned.Orthonormal):
        for layer in [part for part in critic.modules() if isinstance(part, nn.Linear)]:
            parametrizations.orthogonal(layer, orthogonal_map="cayley")
    else:
        constraint.prepare(critic)


def build(method: learned.Method, critic: nn.Module) -> torch.optim.Optimizer:
    """The method's optimizer with torch's defaults."""
    chosen = method.optimizer
    if chosen.name == "rmsprop":
        return torch.optim.RMSprop(critic.parameters(), lr=chosen.lr)
    return torch.optim.Adam(critic.parameters(), lr=chosen.lr, betas=chosen.betas)


def step(
    critic: nn.Module, method: learned.Method, optimizer: Any, real: Tensor, fake: Tensor
) -> float:
    """One step; returns the loss."""
    constraint = method.constraint
    optimizer.zero_grad()
    f_real = critic(real)
    if isinstance(constraint, learned.CTransform):
        transformed = (torch.cdist(real, fake) - f_real).min(dim=0)[0]
        loss = -(f_real.mean() + transformed.mean())
    else:
        loss = critic(fake).mean() - f_real.mean()
    if isinstance(constraint, learned.GradientPenalty):
        loss = loss + constraint.weight * penalty(critic, constraint.side, real, fake)
    loss.backward()
    optimizer.step()
    if isinstance(constraint, learned.WeightClipping):
        for parameter in critic.parameters():
            parameter.data.clamp_(*constraint.box)
    return loss.item()


def penalty(critic: nn.Module, side: str, real: Tensor, fake: Tensor) -> Tensor:
    """Two-sided, or one-sided, between independent points."""
    epsilon = torch.rand(len(real), 1)
    between = (epsilon * real + (1 - epsilon) * fake).requires_grad_(True)
    values = critic(between)
    (gradients,) = torch.autograd.grad(
        outputs=values,
        inputs=between,
        grad_outputs=torch.ones_like(values),
        create_graph=True,
        retain_graph=True,
    )
    excess = gradients.view(len(gradients), -1).norm(2, dim=1) - 1
    if side == "one":
        excess = torch.clamp(excess, min=0)
    return (excess**2).mean()
