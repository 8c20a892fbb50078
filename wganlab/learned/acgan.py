"""The steps of `algorithm1` with labels: both players have the loss of an AC-GAN beside their own.

The generator is told a class behind its noise, the critic tells the class of what it sees
(`networks.labelled`), and each step has the cross entropy of what is told as a further term, in
nats: of real points in the critic's, of generated ones in the generator's. A critic's step takes
fake points of the classes that its real ones have, a generator's step of equally likely ones, as
the WGAN-GP authors' code for CIFAR-10 has it.

References
----------
Odena, Olah, Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", 2016, arXiv
1610.09585. Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from wganlab.learned import algorithm1
from wganlab.learned.algorithm1 import generated, noisy
from wganlab.learned.batch import Batch
from wganlab.learned.networks.labelled import one_hot

if TYPE_CHECKING:
    from torch import Tensor

    from wganlab.learned.players import CriticPlayer, Players


def critic_step(run: Players) -> Tensor:
    """As `algorithm1.critic_step`; real points come with classes, fake ones are of the same."""
    assert run.labelled is not None
    real, classes = run.labelled(run.share, run.draws)  # (n, ...), (n,)
    with torch.no_grad():
        fake = run.generated(run, latent(run, classes))  # (n, ...)
    run.steps += 1
    return algorithm1.critic_update(run, noisy(run, real), noisy(run, fake), classes)


def critic_gradients(run: Players, real: Tensor, fake: Tensor, classes: Tensor) -> Tensor:
    """As `algorithm1.critic_gradients`, with the cost of telling real points' classes."""
    f_real, mistaken = judged(run, real, classes)  # (n,), ()
    with run.precision():
        f_fake = run.critic(fake).flatten().to(fake.dtype)  # (n,)
    batch = Batch(real, fake, f_real, f_fake)
    loss = -run.maximized(batch) + run.config.class_weight * mistaken
    if run.constraint.in_loss:
        loss = loss + run.constraint.penalty(run.critic, batch, run.draws)
    run.critic_optimizer.zero_grad()
    loss.backward()
    return loss.detach()


def generator_step(run: Players) -> Tensor:
    """As `algorithm1.generator_step`, of classes that are equally likely."""
    k = len(run.classes)
    shape = (run.generator_share,)
    classes = torch.randint(k, shape, generator=run.draws, device=run.device)
    return algorithm1.generator_step(run, latent(run, classes))


def generator_gradients(run: Players, z: Tensor, real: Tensor | None) -> Tensor:
    """As `algorithm1.generator_gradients`, with the cost of what the critic takes fakes for."""
    classes = z[:, run.config.latent :].argmax(dim=1)  # (n,), that the generator was told
    fake = noisy(run, generated(run, z))
    f_fake, mistaken = judged(run, fake, classes)
    none = f_fake.new_empty(0)
    loss = run.minimized(Batch(none, fake, none, f_fake))
    loss = loss + run.config.generator_class_weight * mistaken
    run.generator_optimizer.zero_grad()
    loss.backward(inputs=[w for w in run.generator.parameters() if w.requires_grad])
    return loss.detach()


def judged(run: CriticPlayer, points: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """The critic's values (n,), and the cross entropy of what it tells of the classes, ()."""
    with run.precision():
        f, told = run.critic.both(points)
    return f.flatten().to(points.dtype), cross_entropy(told.to(points.dtype), classes)


def latent(run: Players, classes: Tensor) -> Tensor:
    """Noise for the generator with its classes behind it, (n, latent + classes)."""
    z = algorithm1.latent(run, len(classes))
    return torch.cat([z, one_hot(classes, len(run.classes))], dim=1)
