"""Fit a critic between two FIXED laws: the inner problem of a Wasserstein GAN, on its own.

What is maximized is the critic gap, mean f(real) - mean f(fake), under a Lipschitz constraint
(`learned.constraints`); with slope 1 its supremum is the earth mover's distance (Arjovsky et al.
2017, eq. 2). Or the critic's part of another objective (`learned.objectives`), most of which need
no constraint. Values and gradients of the fitted critic, and what the objective estimates, are for
`wganlab.compare` to hold against the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from wganlab.data import checks
from wganlab.data.units import Unit
from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.critics import methods
from wganlab.learned.critics.ascent import Setting
from wganlab.learned.critics.fitted import FittedCritic, Record
from wganlab.learned.critics.laws import (
    FRESH,
    Clouds,
    Source,
    Stream,
    points,
    standardized,
    together,
)
from wganlab.learned.critics.lending import undisturbed
from wganlab.learned.critics.tournament import play
from wganlab.learned.devices import resolve_device, thread_limit
from wganlab.learned.networks.network import NetworkConfig
from wganlab.learned.networks.standardized import Standardized
from wganlab.learned.objectives.by_name import Objective, named
from wganlab.learned.optimizers import Optimizer

if TYPE_CHECKING:
    from torch import Generator

MOST_THREADS = 4096


def fit_critic(
    real: Any,
    fake: Any = None,
    *,
    objective: str | Objective | None = None,
    constraint: Constraint | str | None = None,
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
    constraint : Constraint or str
        What keeps the critic Lipschitz, or the name of a ready-made method of
        `wganlab.learned.METHODS`; "gp", `GradientPenalty(10.0)`, by default, and nothing for
        objectives that are bounds without. "best" trains several critics and takes the best one
        (`Tournament`).
    critic : MLPConfig, nn.Module, or callable (dimension, generator) -> nn.Module
        The network, for images (n, c, h, w) also a DCGANConfig, ResNetConfig, FoldConfig or
        PatchConfig; a module is trained in place (where points are standardized: on these), and a
        class of modules is called with the dimension, or nothing. By default what suits the
        constraint: see `wganlab.learned.METHODS`, also for the next three.
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
    kept_by = _told(constraint)
    _of_kind("optimizer", optimizer, Optimizer, "Optimizer('adam', lr=1e-3)")
    if callback is not None and not callable(callback):
        raise ValueError(f"callback = {callback!r}: give a function (record, network)")
    asked = named(objective, kept_by) if objective is not None else None
    method = _method(asked, constraint, critic, optimizer, steps, batch)
    checks.whole(0, most=checks.SEEDS, seed=seed)
    checks.whole(1, records=records, patience=1 if patience is None else patience)
    checks.whole(1, most=MOST_THREADS, threads=1 if threads is None else threads)
    place = resolve_device(device)
    weights, batches, measures, beside = np.random.SeedSequence(seed).generate_state(4).tolist()
    with _seeded(weights, place), thread_limit(threads):
        unit, paired = None, method.constraint.paired
        if isinstance(critic, Standardized):  # trained further, in the unit that it has
            unit = Unit(critic.shift.cpu(), critic.scale.item())
            method = replace(method, critic=critic.network)
        laws, unit = standardized(real, fake, paired=paired, device=place, unit=unit)
        watch = torch.Generator(place).manual_seed(measures)
        laws, kept = _hold_out(laws, held_out, paired, watch, unit)
        if patience is not None and kept is None:
            raise ValueError("patience looks at held-out points: give held_out, their number")
        setting = Setting(
            laws, kept, unit, asked, weights, batches, beside, watch,
            records, patience, callback, progress,
        )  # fmt: skip
        if isinstance(method.constraint, methods.Tournament):
            return play(method.constraint, method, setting)
        return setting.fit(method)


def _told(constraint: Any) -> Constraint | None:
    """The constraint, also where it is given by the name of a ready-made method."""
    if isinstance(constraint, str):
        checks.among(tuple(methods.METHODS), constraint=constraint)
        constraint = methods.METHODS[constraint].constraint
    return _of_kind("constraint", constraint, Constraint, "GradientPenalty(10.0), or a name")


def _of_kind(name: str, given: Any, kind: type, such: str) -> Any:
    if given is not None and not isinstance(given, kind):
        raise ValueError(f"{name} = {given!r}: give one of {kind.__name__}, such as {such}")
    return given


def _method(
    objective: Objective | None,
    constraint: Constraint | str | None,
    critic: Any,
    optimizer: Optimizer | None,
    steps: int | None,
    batch: int | None,
) -> methods.Method:
    """What was asked for, and of the rest what is ready-made for it."""
    if constraint is None:
        constraint = "none" if objective is not None and objective.bound else "gp"
    if isinstance(constraint, str):
        chosen = methods.METHODS[constraint]
    else:
        chosen = methods.default(constraint, critic)
        chosen = replace(chosen, constraint=constraint)
    given = {"critic": critic, "optimizer": optimizer, "steps": steps, "batch": batch}
    return replace(chosen, **{name: it for name, it in given.items() if it is not None})


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
    with undisturbed(), torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
