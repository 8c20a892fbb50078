"""Starting weights: a run whose networks begin where those of another run are.

The other's networks are taken as its last checkpoint has them, the generator as it is sampled from
(its average, where there is one), the critic as a plain network, which the constraint then
prepares. Optimizers start anew. A record has a generator alone.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from wganlab.learned.distributed import world
from wganlab.learned.networks.by_kind import NETWORKS
from wganlab.learned.objectives.games import EnergyBased
from wganlab.learned.runs.folder import RunFolder
from wganlab.learned.runs.opened import as_kept
from wganlab.writing import why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.learned.runs.config import TrainConfig

FREE = ("init", "dropout")
"""Of a network what may differ: what its weights were drawn by, and what is dropped in training."""


def begin(network: nn.Module, player: str, config: TrainConfig, shape: Sequence[int]) -> None:
    """Give the network of a player, critic or generator, the weights that it is to start from.

    Raises
    ------
    ValueError
        If there is no such run, it has no such network, or one of another architecture.
    """
    given = getattr(config, f"{player}_from")
    if not given:
        return
    # the folder may be within reach of the first process alone
    network.load_state_dict(world().by_first(lambda: _told(given, player, config, network, shape)))


def refuse_two(given: str, player: str) -> None:
    """ValueError where there are starting weights for a network of the caller's own."""
    if given:
        raise ValueError(f"{player}= and {player}_from = {given!r}: give one of them")


def _told(
    given: str, player: str, config: TrainConfig, network: nn.Module, shape: Sequence[int]
) -> dict[str, Any]:
    """The weights; what is wrong with the run is said of the field."""
    try:
        return _weights(RunFolder(given), player, config, network, shape)
    except (ValueError, OSError) as error:
        told = why(error) if isinstance(error, OSError) else str(error)
        raise ValueError(f"{player}_from = {given!r}: {told}") from None


def _weights(
    kept: RunFolder, player: str, config: TrainConfig, network: nn.Module, shape: Sequence[int]
) -> dict[str, Any]:
    theirs, state = kept.config(), kept.load(torch.device("cpu"))
    if state is None:
        raise ValueError("that run was stopped before its first checkpoint: it has no weights yet")
    if player == "critic" and ("record" in state or theirs.critic_free):
        what = "a record" if "record" in state else f"a run of objective {theirs.objective}"
        raise ValueError(f"{what} has no critic: give the folder of a run that has one")
    its_shape = tuple(state["shape"]) if "shape" in state else theirs.law().shape
    if apart := _differences(theirs, config, player, its_shape, tuple(shape)):
        raise ValueError(f"its {player} does not fit: {'; '.join(apart)}")
    try:
        networks = as_kept(theirs, state, its_shape, torch.device("cpu"))
    except (RuntimeError, KeyError):
        raise ValueError("it has networks of its own, which are not in its config.json") from None
    found: nn.Module | None = networks[player == "critic"]
    assert found is not None
    weights = found.state_dict()
    ours = {name: tensor.shape for name, tensor in network.state_dict().items()}
    if ours != {name: tensor.shape for name, tensor in weights.items()}:
        raise ValueError(f"its {player} has other layers: give the options that it was trained by")
    return weights


def _differences(
    theirs: TrainConfig, config: TrainConfig, player: str, its: tuple[int, ...], shape: Any
) -> list[str]:
    """What is different, and what to give."""
    told = []
    if its != shape:
        told.append(f"points are {its} there and {shape} here: give --data, --size, --color of it")
    network, here = getattr(theirs, player), getattr(config, player)
    if type(network) is not type(here):
        kinds = {kind: name for name, kind in NETWORKS.items()}
        name, ours = kinds[type(network)], kinds[type(here)]
        return [*told, f"it is a {name} there and a {ours} here: give --{player}-net {name}"]
    pairs = [(f"{player}.{field.name}", network, here, field.name) for field in fields(here)]
    if player == "generator":
        pairs.append(("latent", theirs, config, "latent"))
    pairs.append(("labels", theirs, config, "labels"))
    for option, one, other, name in pairs:
        value, ours = getattr(one, name), getattr(other, name)
        if value != ours and name not in FREE:
            how = f"give --{option} {value}"
            if isinstance(value, bool):
                how = f"give --{option}" if value else f"leave out --{option}"
            told.append(f"{option} is {value} there and {ours} here: {how}")
    encodes = [isinstance(each.built_objective(), EnergyBased) for each in (theirs, config)]
    if player == "critic" and encodes[0] != encodes[1]:
        told.append(f"it is of objective {theirs.objective}: give --objective {theirs.objective}")
    return told
