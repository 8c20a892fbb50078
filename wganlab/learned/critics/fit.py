"""Fit a critic between two FIXED laws: the inner problem of a Wasserstein GAN, on its own.

What is maximized is the critic gap, mean f(real) - mean f(fake), under a Lipschitz constraint
(`learned.constraints`); with slope 1 its supremum is the earth mover's distance (Arjovsky et al.
2017, eq. 2). Or the critic's part of another objective (`learned.objectives`), most of which need
no constraint. Values and gradients of the fitted critic, and what the objective estimates, are for
`wganlab.compare` to hold against the truth.
"""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from wganlab.data import checks
from wganlab.data.units import Unit
from wganlab.learned.algorithm1 import critic_gradients, critic_update
from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.critics import building, foreign, methods
from wganlab.learned.critics.fitted import DivergedError, FittedCritic, Record, measure
from wganlab.learned.critics.laws import (
    FRESH,
    Clouds,
    Source,
    Stream,
    points,
    standardized,
    together,
)
from wganlab.learned.devices import resolve_device, thread_limit
from wganlab.learned.fast.seam import quicken_critic
from wganlab.learned.networks.network import NetworkConfig
from wganlab.learned.networks.standardized import Standardized
from wganlab.learned.objectives.by_name import Objective, named
from wganlab.learned.optimizers import Optimizer
from wganlab.learned.players import CriticPlayer

if TYPE_CHECKING:
    from torch import Generator, Tensor

MOST_THREADS = 4096


def fit_critic(
    real: Any,
    fake: Any = None,
    *,
    objective: str | Objective | None = None,
    constraint: Constraint | None = None,
    critic: NetworkConfig | nn.Module | methods.Build | None = None,
    optimizer: Optimizer | None = None,
    steps: int | None = None,
    batch: int | None = None,
    seed: int = 0,
    held_out: int | tuple[Any, Any] | None = None,
    records: int = 50,
    patience: int | None = None,
    callback: Callable[[Record, nn.Module], bool | None] | None = None,
    progress: bool | None = None,
    device: str | torch.device = "auto",
    threads: int | None = 1,
) -> FittedCritic:
    """Train a critic between two fixed laws.

    Parameters
    ----------
    real, fake
        The laws: arrays, tensors or data frames of shape (n, ...) ((n,) for the line), toys,
        frozen laws of SciPy, distributions of torch, discrete measures, or callables
        (n, generator) -> points. Or a known pair alone, or a callable for pairs of points. Arrays
        are trained on as they are; from anything else new points are drawn in every step. Points
        far from 0, or of a size far from 1, are standardized for the network (`data.units`: a
        shift and one scale), and every number is given back in their own unit.
    objective : str or Objective
        What is maximized, one of `learned.OBJECTIVES`; the critic gap by default.
    constraint : Constraint
        What keeps the critic Lipschitz; `GradientPenalty(10.0)` by default, and nothing for
        objectives that are bounds without.
    critic : MLPConfig, nn.Module, or callable (dimension, generator) -> nn.Module
        The network, for images (n, c, h, w) also a DCGANConfig, FoldConfig or PatchConfig; a
        module is trained in place (where points are standardized: on these), and a class of
        modules is called with the dimension, or nothing. By default what suits the constraint: see
        `wganlab.learned.METHODS`, also for the next three.
    optimizer : Optimizer
        Name, learning rate, schedule.
    steps : int
        Steps of the optimizer.
    batch : int
        Points of each law in a step; 0 for whole clouds (1,000 points of a sampler).
    seed : int
        Of the weights, the batches and everything else that is random.
    held_out : int, or pair of arrays
        Points of each law to measure on but not to train on: their number, or the points. By
        default 1,000 are drawn where the laws are sampled, and none are taken from arrays.
    records : int
        How often to measure, evenly over the steps, besides step 0.
    patience : int
        Stop when the held-out objective has not grown for that many records, and go back to the
        best one. The objective is the gap minus the penalty, where there is one.
    callback : callable (Record, nn.Module) -> bool
        Called after every measurement but the first, with the network in evaluation mode; a true
        answer stops the training.
    progress : bool
        Progress bar; by default where standard error is a terminal.
    device : str
        "auto" takes a GPU where there is one.
    threads : int or None
        Torch threads while it trains; None leaves torch's setting.

    Returns
    -------
    FittedCritic

    Raises
    ------
    ValueError
        If the input or a combination of options makes no sense; before any work is done.
    DivergedError
        If the loss is no longer finite; it carries the last critic that was.

    Examples
    --------
    >>> x, y = np.zeros((50, 2)), np.full((50, 2), [3.0, 4.0])  # two atoms, 5 apart
    >>> fitted = fit_critic(x, y, steps=300)
    >>> abs(fitted.final.gap - 5 * (1 + 5 / 20)) < 0.05  # the bias of a penalty of weight 10
    True
    >>> fitted = fit_critic(x, y, objective="hinge", steps=300)
    >>> round(fitted.final.estimate, 3)  # TV of two atoms
    1.0
    """
    _refuse_kinds(constraint, optimizer, callback)
    asked = named(objective, constraint) if objective is not None else None
    if constraint is None:
        free = asked is not None and asked.bound
        constraint = methods.METHODS["none" if free else "gp"].constraint
    chosen = methods.default(constraint)
    steps = chosen.steps if steps is None else steps
    batch = chosen.batch if batch is None else batch
    checks.whole(0, steps=steps, batch=batch)
    checks.whole(0, most=checks.SEEDS, seed=seed)
    checks.whole(1, records=records, patience=1 if patience is None else patience)
    checks.whole(1, most=MOST_THREADS, threads=1 if threads is None else threads)
    records = min(records, max(steps, 1))
    place = resolve_device(device)
    weights, batches, measures = np.random.SeedSequence(seed).generate_state(3).tolist()
    with _seeded(weights, place), thread_limit(threads):
        unit = None
        if isinstance(critic, Standardized):  # trained further, in the unit that it has
            unit = Unit(critic.shift.cpu(), critic.scale.item())
            critic = critic.network
        laws, unit = standardized(real, fake, paired=constraint.paired, device=place, unit=unit)
        # of its own, so that how often one measures does not change what is trained
        watch = torch.Generator(place).manual_seed(measures)
        laws, kept = _hold_out(laws, held_out, constraint.paired, watch, unit)
        if patience is not None and kept is None:
            raise ValueError("patience looks at held-out points: give held_out, their number")
        critic = chosen.critic if critic is None else critic
        network = building.build(critic, laws.whole(watch), weights, asked, constraint)
        constraint.check(network)
        constraint.prepare(network)
        generator = torch.Generator(place).manual_seed(batches)
        fit = _Fit(network, asked, constraint, laws, kept, generator, watch, patience, unit)
        stopped = fit.run(optimizer or chosen.optimizer, steps, batch, records, callback, progress)
        return fit.finish(stopped)


class _Fit:
    """One training: the network and what it goes back to, the records, the clock."""

    def __init__(
        self,
        network: nn.Module,
        objective: Objective | None,
        constraint: Constraint,
        laws: Source,
        kept: Clouds | None,
        generator: Generator,
        watch: Generator,
        patience: int | None,
        unit: Unit | None,
    ) -> None:
        self.network, self.objective = network, objective
        self.asked = foreign.asked(network)  # whose values and slopes are asked for
        self.unit = unit
        self.told = building.in_unit(network, objective, unit)  # what a user gets
        self.constraint, self.laws = constraint, laws
        self.kept = None if kept is None else (kept.real, kept.fake)
        self.generator, self.watch, self.patience = generator, watch, patience
        self.history: list[Record] = []
        self.seconds = 0.0
        self.good = copy.deepcopy(network.state_dict())  # of the last record, or the best one
        self.best, self.waited = 0, 0

    def run(
        self,
        optimizer: Optimizer,
        steps: int,
        batch: int,
        records: int,
        callback: Callable[[Record, nn.Module], bool | None] | None,
        progress: bool | None,
    ) -> str:
        """All steps; returns why it stopped."""
        torch_optimizer, schedule = optimizer.build(self.network.parameters(), steps)
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
        disable = None if progress is None else not progress
        with tqdm(total=steps, unit="step", disable=disable, leave=False) as bar:
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
            losses.append(critic_update(player, real, fake))
            schedule.step()
        if self.generator.device.type == "cuda":
            torch.cuda.synchronize(self.generator.device)
        self.seconds += time.perf_counter() - began
        return losses

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
            self.good = copy.deepcopy(self.network.state_dict())
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
        self.network.load_state_dict(self.good)
        self.constraint.finish(self.network)
        if type(self.constraint).finish is not Constraint.finish:  # it may change the weights
            final = self.history[self.best]
            self.history[self.best] = replace(self.measure(final.step), seconds=final.seconds)
        self.told.eval().zero_grad(set_to_none=True)
        scale = 1.0 if self.unit is None else self.unit.scale
        history = tuple(self.history)
        shape = tuple(self.laws.whole(self.watch)[0].shape[1:])
        return FittedCritic(self.told, self.constraint, history, self.best, stopped, scale, shape)


def _refuse_kinds(constraint: Any, optimizer: Any, callback: Any) -> None:
    """ValueError for options of another kind, as the names that the command line knows."""
    for name, given, kind, such in (
        ("constraint", constraint, Constraint, "GradientPenalty(10.0)"),
        ("optimizer", optimizer, Optimizer, "Optimizer('adam', lr=1e-3)"),
    ):
        if given is not None and not isinstance(given, kind):
            raise ValueError(f"{name} = {given!r}: give one of {kind.__name__}, such as {such}")
    if callback is not None and not callable(callback):
        raise ValueError(f"callback = {callback!r}: give a function (record, network)")


def _hold_out(
    laws: Source,
    held_out: int | tuple[Any, Any] | None,
    paired: bool,
    generator: Generator,
    unit: Unit | None,
) -> tuple[Source, Clouds | None]:
    if held_out is None:
        held_out = FRESH if isinstance(laws, Stream) else 0
    if isinstance(held_out, Integral):
        checks.whole(0, held_out=held_out)
        return laws.hold_out(int(held_out), generator) if held_out else (laws, None)
    if not isinstance(held_out, tuple | list) or len(held_out) != 2:
        raise ValueError("held_out is no number and no pair: give (real points, fake points)")
    real, fake = (points(cloud, "held_out", generator.device, unit) for cloud in held_out)
    shape = laws.whole(generator)[0].shape[1:]
    if real.shape[1:] != shape:
        raise ValueError(
            f"held-out points have shape {tuple(real.shape[1:])}, and those to train on "
            f"{tuple(shape)}"
        )
    return laws, Clouds(*together(real, fake, paired), paired)


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's global state, which dropout and power iterations draw from, seeded and put back."""
    with foreign.undisturbed(), torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
