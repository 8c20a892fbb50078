"""Algorithm 1 in plain PyTorch: what `train` runs, and what everything faster is held against.

Arjovsky et al. 2017, "Wasserstein GAN" (arXiv 1701.07875), clips the weights of the critic;
Gulrajani et al. 2017, "Improved Training of Wasserstein GANs" (1704.00028), penalizes its slope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.utils.parametrize import cached

from wganlab.learned.batch import Batch

if TYPE_CHECKING:
    from torch import Tensor

    from wganlab.learned.players import CriticPlayer, Players


def iterate(run: Players) -> None:
    """Some steps of the critic, one of the generator, one of each learning rate's schedule.

    Steps are those below, or with labels those of `acgan`.
    """
    run.deviation = run.config.noise_at(run.iteration)
    for _ in range(run.config.critic_steps(run.iteration)):
        run.losses.append(run.critic_step(run))
    run.losses.append(run.generator_step(run))
    for schedule in run.schedules:
        schedule.step()
    run.iteration += 1


def critic_step(run: Players) -> Tensor:
    """Real points, generated points, and an update of the critic; returns the loss."""
    real = run.real(run.share, run.draws)  # (n, ...)
    with torch.no_grad():
        fake = run.generated(run, latent(run))  # (n, ...)
    run.steps += 1
    return critic_update(run, noisy(run, real), noisy(run, fake))


def critic_update(run: CriticPlayer, real: Tensor, fake: Tensor, *classes: Tensor) -> Tensor:
    """Up the objective: less a penalty, or with weights that the constraint keeps."""
    if run.constraint.at_gradients:
        run.constraint.before_gradients(run.critic)
    with cached():  # weights that are made of others are made once
        loss = run.critic_gradients(run, real, fake, *classes)
    if run.constraint.at_step:
        run.constraint.before_step(run.critic)
    run.critic_optimizer.step()
    if run.constraint.at_end:
        run.constraint.after_step(run.critic)  # as clipping
    return loss


def critic_gradients(run: CriticPlayer, real: Tensor, fake: Tensor) -> Tensor:
    """The loss, and its derivatives in the critic's weights, where the optimizer finds them."""
    with run.precision():
        f_real, f_fake = (run.critic(x).flatten().to(x.dtype) for x in (real, fake))  # (n,)
    batch = Batch(real, fake, f_real, f_fake)
    loss = -run.maximized(batch)
    if run.constraint.in_loss:
        loss = loss + run.constraint.penalty(run.critic, batch, run.draws)
    run.critic_optimizer.zero_grad()
    loss.backward()
    return loss.detach()


def generator_step(run: Players, z: Tensor | None = None) -> Tensor:
    """Generated points, and an update of the generator; returns the loss."""
    real = None
    if run.critic is None:  # an objective of points
        real = noisy(run, run.real(run.share, run.draws))
    with cached():
        z = latent(run, run.generator_share) if z is None else z
        loss = run.generator_gradients(run, z, real)
    run.generator_optimizer.step()
    if run.average is not None:
        run.follow()
    return loss


def generator_gradients(run: Players, z: Tensor, real: Tensor | None) -> Tensor:
    """The loss, and its derivatives in the generator's weights alone."""
    fake = noisy(run, generated(run, z))
    f_real = f_fake = fake.new_empty(0)
    if run.critic is not None:
        with run.precision():
            f_fake = run.critic(fake).flatten().to(fake.dtype)
    loss = run.minimized(Batch(f_real if real is None else real, fake, f_real, f_fake))
    run.generator_optimizer.zero_grad()
    loss.backward(inputs=[w for w in run.generator.parameters() if w.requires_grad])
    return loss.detach()


def generated(run: Players, z: Tensor) -> Tensor:
    """Points from noise of shape (n, latent), or with labels (n, latent + classes)."""
    with run.precision():
        return run.generator(z).to(z.dtype)


def latent(run: Players, n: int | None = None) -> Tensor:
    """Noise for the generator, as many rows as the critic's step has points unless n says."""
    shape = (run.share if n is None else n, run.config.latent)
    return torch.randn(shape, generator=run.draws, device=run.device)


def noisy(run: Players, points: Tensor) -> Tensor:
    """Points with instance noise, if there is to be any."""
    if not run.config.noise:
        return points
    noise = torch.randn(points.shape, generator=run.draws, device=run.device)
    return points + run.deviation * noise
