"""Several critics between one pair of laws: heats of all, a final of the best, judged elsewhere."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from wganlab.learned.batch import at_once, values
from wganlab.learned.constraints.bounds import lipschitz_bound
from wganlab.learned.critics.laws import Clouds
from wganlab.learned.networks.standardized import Standardized

if TYPE_CHECKING:
    from torch import Tensor, nn

    from wganlab.learned.critics.ascent import Setting
    from wganlab.learned.critics.fitted import FittedCritic
    from wganlab.learned.critics.methods import Method, Tournament

JUDGED = 4096  # new points of each law that the choice is made on


def play(tournament: Tournament, asked: Method, setting: Setting) -> FittedCritic:
    """Train all for a share of their steps, and the best one for all of them.

    Raises
    ------
    ValueError
        If a network or an optimizer is given, or an objective that is not the critic gap.
    """
    _refuse(tournament, asked, setting)
    clouds = _judges(setting)
    entries = dict(tournament.at(clouds[0].shape[1:]))
    heats: dict[str, FittedCritic] = {}
    scores: dict[str, float] = {}
    for name, own in entries.items():
        method = _with(own, asked)
        assert method.steps is not None
        heat = replace(method, steps=round(tournament.heat * method.steps))
        heats[name] = setting.fit(heat, records=1, name=name)
        scores[name] = score(heats[name].critic, *clouds)
        if heats[name].stopped == "callback":
            break
    winner = max(scores, key=lambda name: scores[name])
    best, spent = heats[winner], sum(fitted.seconds for fitted in heats.values())
    if best.stopped != "callback":
        final = setting.fit(_with(entries[winner], asked), name=winner)
        spent += final.seconds
        if score(final.critic, *clouds) >= scores[winner]:
            best = final
    earlier = spent - best.seconds
    history = tuple(replace(r, seconds=r.seconds + earlier) for r in best.history)
    scale = 1.0 if setting.unit is None else setting.unit.scale
    told = {name: scale * value for name, value in scores.items()}
    return replace(best, constraint=tournament, history=history, winner=winner, heats=told)


def score(critic: nn.Module, real: Tensor, fake: Tensor) -> float:
    """The critic gap over the proven Lipschitz constant, on points in the unit of the network.

    Without a proof it is -inf.
    """
    network = critic.network if isinstance(critic, Standardized) else critic
    bound = lipschitz_bound(network, tuple(real.shape[1:]))
    if bound == 0:  # it is constant
        return 0.0
    gap = _mean(network, real) - _mean(network, fake)
    return gap / bound if bound < math.inf else -math.inf


@torch.no_grad()
def _mean(network: nn.Module, points: Tensor) -> float:
    parts = points.split(at_once(points.shape[1:]))
    return sum(float(values(network, part).double().sum()) for part in parts) / len(points)


def _judges(setting: Setting) -> tuple[Tensor, Tensor]:
    """The points that the choice is made on."""
    if isinstance(setting.laws, Clouds):
        return setting.laws.whole(setting.watch)
    seed = int(np.random.SeedSequence(setting.batches).generate_state(1)[0])
    generator = torch.Generator(setting.watch.device).manual_seed(seed)
    return setting.laws.draw(JUDGED, generator)


def _with(own: Method, asked: Method) -> Method:
    """A method of the tournament, with the steps and the batch that were asked for."""
    steps = own.steps if asked.steps is None else asked.steps
    return replace(own, steps=steps, batch=own.batch if asked.batch is None else asked.batch)


def _refuse(tournament: Tournament, asked: Method, setting: Setting) -> None:
    for name in ("critic", "optimizer"):
        if getattr(asked, name) is not None:
            raise ValueError(
                f"a tournament trains several critics, each with its own {name}: leave {name}= "
                "out, or say who takes part, Tournament(methods=(('mine', Method(...)), ...))"
            )
    if setting.objective is not None and setting.objective.estimates != "EM":
        raise ValueError(
            f"a tournament is about the critic gap, and {type(setting.objective).__name__} "
            "estimates something else: leave the objective out"
        )
