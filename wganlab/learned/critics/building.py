"""The network of a fit: built, or brought; tried on the points before anything is trained."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from wganlab.learned.batch import values
from wganlab.learned.critics import foreign
from wganlab.learned.networks.network import NetworkConfig
from wganlab.learned.networks.standardized import Standardized

if TYPE_CHECKING:
    from torch import Tensor

    from wganlab.data.units import Unit
    from wganlab.learned.constraints.constraint import Constraint
    from wganlab.learned.critics import methods
    from wganlab.learned.objectives.by_name import Objective


def build(
    critic: NetworkConfig | nn.Module | methods.Build,
    clouds: tuple[Tensor, Tensor],
    seed: int,
    objective: Objective | None,
    constraint: Constraint,
) -> nn.Module:
    """The network on the device of the points, which it is tried on."""
    network: Any = critic
    sample = clouds[0]
    generator = torch.Generator().manual_seed(seed)
    if isinstance(critic, NetworkConfig):
        made = critic.critic_for if objective is None else partial(objective.build, critic)
        network = made(sample.shape[1:], generator)
    elif isinstance(critic, type):
        network = construct(critic, sample[0].numel())
    elif not isinstance(critic, nn.Module):
        network = called(critic, sample[0].numel(), generator)
    if not isinstance(network, nn.Module):
        raise ValueError(f"critic= made a {type(network).__name__}: it must make an nn.Module")
    if any(weight.is_meta for weight in network.parameters()):
        raise ValueError(
            f"the critic {foreign.name_of(network)} has weights on meta, without values: load them"
        )
    training = network.training
    try:
        _try(network.to(sample.device).eval(), clouds, constraint)
    except ValueError:
        network.train(training)  # as it came: it is not trained
        raise
    return network.train()


def _try(network: nn.Module, clouds: tuple[Tensor, Tensor], constraint: Constraint) -> None:
    """ValueError for a network that cannot be trained on such points."""
    sample, asked = clouds[0], foreign.asked(network)
    with torch.no_grad(), foreign.told(network, sample[:2]):
        values(asked, sample[:2])
    if not any(weight.requires_grad for weight in network.parameters()):
        raise ValueError(
            f"the critic {foreign.name_of(network)} has no weights to train: requires_grad_(True) "
            "lets them learn; as it is, compare.critic_vs_exact judges it"
        )
    if isinstance(asked, foreign.Foreign):
        foreign.examine(asked, *clouds, constraint)


def called(make: Any, dimension: int, generator: torch.Generator | None = None) -> Any:
    """What a function makes of the dimension and, where it takes it, the generator."""
    if not callable(make):
        raise ValueError(
            f"critic={make!r} is of type {type(make).__name__}: give a configuration such as "
            "MLPConfig(), a torch module, or a function (dimension, generator) -> module"
        )
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    with foreign.made(make, dimension):
        try:
            inspect.signature(make).bind(dimension, generator)
        except TypeError:
            return make(dimension)
        except ValueError:  # it tells no signature
            pass
        return make(dimension, generator)


def in_unit(network: nn.Module, objective: Objective | None, unit: Unit | None) -> nn.Module:
    """The network as a function of points in the user's unit."""
    if unit is None:
        return network
    length = objective is None or objective.estimates == "EM"
    shift = unit.shift.to(next(network.parameters()).device)
    return Standardized(network, shift, unit.scale, unit.scale if length else 1.0)


def construct(kind: Callable[..., Any], dimension: int) -> Any:
    """A module of the user's class, made for the dimension if it wants to know it."""
    required = [
        parameter
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(required) > 1:
        names = ", ".join(parameter.name for parameter in required)
        raise ValueError(
            f"{kind.__name__} needs {len(required)} arguments ({names}): make it take the "
            "dimension of the points alone, or nothing"
        )
    with foreign.made(kind, dimension):
        if required and required[0].kind is inspect.Parameter.KEYWORD_ONLY:
            return kind(**{required[0].name: dimension})
        return kind(dimension) if required else kind()
