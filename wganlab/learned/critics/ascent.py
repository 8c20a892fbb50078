"""The training of one critic between two fixed laws: steps, records, and what is gone back to."""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from wganlab.learned.algorithm1 import critic_gradients, critic_update
from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.critics import building, foreign
from wganlab.learned.critics.fitted import DivergedError, FittedCritic, Record, measure
from wganlab.learned.fast.seam import quicken_critic
from wganlab.learned.networks.network import NetworkConfig
from wganlab.learned.players import CriticPlayer

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from wganlab.data.units import Unit
    from wganlab.learned.critics.laws import Clouds, Source
    from wganlab.learned.critics.methods import Method
    from wganlab.learned.objectives.by_name import Objective


@dataclass(frozen=True)
class Setting:
    """Where critics are trained: what all fits of one call share."""

    laws: Source
    kept: Clouds | None
    """Points that no step sees."""
    unit: Unit | None
    objective: Objective | None
    """What is maximized, if it is not the constraint's own objective."""
    weights: int
    batches: int
    beside: int
    """Seeds: of the weights, of the batches, of what is trained beside the critic."""
    watch: Generator
    """Of its own, so that how often one measures does not change what is trained."""
    records: int
    patience: int | None
    callback: Callable[[Record, nn.Module], bool | None] | None
    progress: bool | None

    def fit(self, method: Method, *, records: int | None = None, name: str = "") -> FittedCritic:
        """Train one critic; `name` stands beside its progress bar."""
        steps, constraint, critic = method.steps, method.constraint, method.critic
        assert steps is not None
        assert critic is not None
        torch.manual_seed(self.weights)  # which dropout and power iterations draw from
        clouds = self.laws.whole(self.watch)
        if isinstance(critic, NetworkConfig):
            critic = critic.at(clouds[0].shape[1:])
        network = building.build(critic, clouds, self.weights, self.objective, constraint)
        constraint.check(network)
        constraint.prepare(network)
        if isinstance(critic, NetworkConfig):
            critic.start(network, *clouds, torch.Generator().manual_seed(self.weights))
        second = torch.Generator().manual_seed(self.beside)
        at_work = constraint.begin(network, clouds[0], steps, second)
        ascent = Ascent(self, network, at_work, constraint, tuple(clouds[0].shape[1:]))
        records = min(self.records if records is None else records, max(steps, 1))
        return ascent.finish(ascent.run(method, records, self, name))


class Ascent:
    """One training: the network and what it goes back to, the records, the clock."""

    def __init__(
        self,
        setting: Setting,
        network: nn.Module,
        constraint: Constraint,
        chosen: Constraint,
        shape: tuple[int, ...],
    ) -> None:
        self.shape = shape  # of a point
        self.network, self.objective = network, setting.objective
        self.asked = foreign.asked(network)  # whose values and slopes are asked for
        self.unit = setting.unit
        self.told = building.in_unit(network, setting.objective, setting.unit)  # what a user gets
        self.constraint, self.laws = constraint, setting.laws
        self.chosen = chosen  # by the user: what `constraint` was begun from
        kept = setting.kept
        self.kept = None if kept is None else (kept.real, kept.fake)
        self.generator = torch.Generator(setting.watch.device).manual_seed(setting.batches)
        self.watch, self.patience = setting.watch, setting.patience
        self.history: list[Record] = []
        self.seconds = 0.0
        self.good = self.states()  # of the last record, or the best one
        self.best, self.waited = 0, 0

    def run(self, method: Method, records: int, setting: Setting, name: str) -> str:
        """All steps; returns why it stopped."""
        steps, batch, callback = method.steps, method.batch, setting.callback
        assert method.optimizer is not None
        assert steps is not None
        assert batch is not None
        torch_optimizer, schedule = method.optimizer.build(self.network.parameters(), steps)
        player = CriticPlayer(
            self.asked,
            self.constraint,
            torch_optimizer,
            self.constraint.objective if self.objective is None else self.objective.critic,
            self.generator,
            critic_gradients,
        )
        quicken_critic(player)
        marks = np.unique(np.linspace(0, steps, records + 1).round().astype(int)).tolist()
        self.record(0, [])
        disable = None if setting.progress is None else not setting.progress
        with tqdm(total=steps, unit="step", desc=name, disable=disable, leave=False) as bar:
            for start, end in itertools.pairwise(marks):
                losses = self.advance(player, schedule, batch, end - start)
                self.record(end, losses)
                bar.set_postfix(gap=f"{self.history[-1].gap:.4g}", refresh=False)
                bar.update(end - start)
                if callback is not None and callback(self.history[-1], self.told):
                    return "callback"
                if self.patience is not None and self.waited >= self.patience:
                    return "held-out"
        return "steps"

    def advance(self, player: CriticPlayer, schedule: Any, batch: int, steps: int) -> list[Tensor]:
        """Steps until the next record; returns their losses, still on the device."""
        self.network.train()
        began, losses = time.perf_counter(), []
        for _ in range(steps):
            real, fake = self.laws.batch(batch, self.generator)
            real, fake = self.constraint.before_update(self.asked, real, fake)
            losses.append(critic_update(player, real, fake))
            schedule.step()
        if self.generator.device.type == "cuda":
            torch.cuda.synchronize(self.generator.device)
        self.seconds += time.perf_counter() - began
        return losses

    def states(self) -> list[dict[str, Any]]:
        """Copies of all weights."""
        return [copy.deepcopy(network.state_dict()) for network in self.networks()]

    def networks(self) -> list[nn.Module]:
        """The critic, and what is trained beside it."""
        beside = self.constraint.beside
        return [self.network] if beside is None else [self.network, beside]

    def record(self, number: int, losses: list[Tensor]) -> None:
        """Measure after step `number`; DivergedError if anything is not finite."""
        finite = torch.isfinite(torch.stack(losses)).tolist() if losses else []
        if not all(finite):
            raise self.diverged(number - len(finite) + 1 + finite.index(False))
        if not all(weight.isfinite().all() for weight in self.network.parameters()):
            raise self.diverged(number)
        record = self.measure(number)
        if not math.isfinite(record.gap) or not math.isfinite(record.objective):
            raise self.diverged(number)
        self.history.append(record)
        if self.patience is None or record.objective >= max(r.objective for r in self.history):
            self.good = self.states()
            self.best, self.waited = len(self.history) - 1, 0
        else:
            self.waited += 1

    def measure(self, number: int) -> Record:
        """The network as it is, after step `number`."""
        return measure(
            self.asked,
            self.constraint,
            self.laws.whole(self.watch),
            self.kept,
            self.watch,
            objective=self.objective,
            step=number,
            seconds=self.seconds,
            unit=1.0 if self.unit is None else self.unit.scale,
        )

    def diverged(self, number: int) -> Exception:
        """What to raise when step `number` is the first that is not finite."""
        if self.history:
            return DivergedError(number, self.finish("diverged"))
        return ValueError(
            "the critic's weights or its values at the points are not finite before the first "
            "step: look at how it is initialized, and at the scale of the points"
        )

    def finish(self, stopped: str) -> FittedCritic:
        """The critic of the last finite or the best record, as a plain network."""
        for network, good in zip(self.networks(), self.good, strict=True):
            network.load_state_dict(good)
        self.constraint.finish(self.network)
        if type(self.constraint).finish is not Constraint.finish:  # it may change the weights
            final = self.history[self.best]
            self.history[self.best] = replace(self.measure(final.step), seconds=final.seconds)
        self.told.eval().zero_grad(set_to_none=True)
        beside = self.constraint.beside
        if beside is not None:
            beside.eval().zero_grad(set_to_none=True)
        return FittedCritic(
            self.told,
            self.chosen,
            tuple(self.history),
            self.best,
            stopped,
            unit=1.0 if self.unit is None else self.unit.scale,
            point_shape=self.shape,
            work=self.constraint,
        )
