"""A critic, or a generator, that is moved by hand in a test."""

from contextlib import nullcontext
from types import SimpleNamespace

from wganlab.learned import NoConstraint, TrainConfig, algorithm1
from wganlab.learned.fast.seam import quicken, quicken_critic
from wganlab.learned.players import CriticPlayer


def critic_player(critic, constraint, optimizer, maximized=None, draws=None, *, quick=True):
    """A critic as `fit_critic` trains it; without `quick` by the specification."""
    maximized = maximized or constraint.objective
    player = CriticPlayer(
        critic, constraint, optimizer, maximized, draws, algorithm1.critic_gradients
    )
    if quick:
        quicken_critic(player)
    return player


def update(critic, constraint, optimizer, real, fake, draws=None, maximized=None):
    """One update of a critic; returns its loss."""
    player = critic_player(critic, constraint, optimizer, maximized, draws)
    return algorithm1.critic_update(player, real, fake)


def generator_player(generator, critic, optimizer, minimized, z, real=None, *, quick=True):
    """A run whose next noise is z, to be moved by `algorithm1.generator_step`."""
    run = SimpleNamespace(
        config=TrainConfig(latent=z.shape[1]),
        generator=generator,
        critic=critic,
        generator_optimizer=optimizer,
        maximized=None,
        minimized=minimized,
        constraint=NoConstraint(),
        real=real,
        draws=None,
        share=len(z),
        generator_share=len(z),
        average=None,
        precision=nullcontext,
        generated=algorithm1.generated,
        generator_gradients=algorithm1.generator_gradients,
    )
    if quick:
        quicken(run)
    return run
