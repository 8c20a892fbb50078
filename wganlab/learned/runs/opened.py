"""The networks of a checkpoint, to look at and to sample from: without the data of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Generator, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.learned.runs.config import TrainConfig


def as_kept(
    config: TrainConfig,
    state: dict[str, Any],
    shape: Sequence[int],
    device: torch.device,
    critic: nn.Module | None = None,
    generator: nn.Module | None = None,
) -> tuple[nn.Module, nn.Module | None]:
    """The generator, or its average, and the critic, in evaluation mode; of a record no critic.

    Parameters
    ----------
    config, state
        Of the run, and what its checkpoint holds.
    shape : sequence of int
        Of a point.
    device : torch.device
        Where to have them.
    critic, generator : nn.Module
        Networks of the caller's own, in place of the configured ones.

    Raises
    ------
    RuntimeError, KeyError
        If the checkpoint is of other networks.
    ValueError
        If it is a record's (`record`), which has no critic to fill the given one.
    """
    start = Generator()  # of weights that the checkpoint replaces
    classes = len(state.get("classes", ()))
    if generator is None:
        generator = config.built_generator(shape, start, classes)
    generator.load_state_dict(state["average" if config.average else "generator"])
    if "record" in state:
        if critic is not None:
            raise ValueError("a record has no critic: leave critic= out")
        return generator.to(device).eval(), None
    if critic is None:
        critic = config.built_critic(shape, start, classes)
    if critic is not None:
        constraint = config.built_constraint()
        constraint.check(critic)
        with torch.random.fork_rng(devices=[]):  # spectral norm draws a start
            constraint.prepare(critic)
        critic.load_state_dict(state["critic"])
        constraint.finish(critic)
        critic = critic.to(device).eval()
    return generator.to(device).eval(), critic
