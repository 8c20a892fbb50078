"""Fitting a critic against the loop that tutorials write: time a step, time to one percent.

python benchmarks/critics.py [--quick]

Both have the same network, recipe and size of batches. Their runs are interleaved in one process of
one thread; times are medians, those of a step in CPU time.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import cProfile
import itertools
import math
import pstats
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import textbook
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from tqdm import tqdm

from wganlab import exact, learned
from wganlab.learned.algorithm1 import critic_gradients, critic_update
from wganlab.learned.constraints.ctransform import batch_certificate
from wganlab.learned.constraints.penalties import gradient_norms
from wganlab.learned.fast.by_hand import Chain
from wganlab.learned.fast.seam import quicken_critic
from wganlab.learned.players import CriticPlayer

METHODS = {
    name: learned.METHODS[name] for name in ("gp", "lp", "clip", "sn", "orthonormal", "ctransform")
}
WIDTHS, DEPTH, BATCH = (64, 512), 3, 256
PAIRS = {
    "parallel lines, theta = 1": exact.known.ParallelLines(1.0),
    "Gaussian shift by (1, 1)": exact.known.Gaussians((0.0, 0.0), (1.0, 1.0)),
}
HELD_OUT, NEAR = 2000, 0.01
SIZES = {"steps": 1000, "records": 25, "seeds": 3, "seconds a row": 6.0, "calls": 300}
QUICK = {"steps": 100, "records": 10, "seeds": 1, "seconds a row": 0.5, "calls": 30}
PHASES = {  # file and function
    ("penalties.py", "penalty"): "the penalty's pass",
    ("_tensor.py", "backward"): "backward",
    ("chains.py", "values_backward"): "backward",
    ("optimizer.py", "wrapper"): "optimizer",
    ("lipschitz.py", "after_step"): "clip",
}


class Mark(NamedTuple):
    """An estimate after some step, and the seconds spent on steps until then."""

    step: int
    seconds: float
    estimate: float


Estimate = Callable[[nn.Module], float]


def fitted(
    pair: Any, method: learned.Method, seed: int, estimate: Estimate, sizes: dict[str, Any]
) -> list[Mark]:
    """The marks of `fit_critic`, a record each."""
    marks: list[Mark] = []
    learned.fit_critic(
        pair,
        constraint=method.constraint,
        critic=method.critic,
        optimizer=method.optimizer,
        batch=method.batch,
        steps=sizes["steps"],
        records=sizes["records"],
        held_out=0,
        seed=seed,
        callback=lambda record, critic: marks.append(
            Mark(record.step, record.seconds, estimate(critic))
        ),
        progress=False,
    )
    return marks


def tutorial(
    pair: Any, method: learned.Method, seed: int, estimate: Estimate, sizes: dict[str, Any]
) -> list[Mark]:
    """The marks of the textbook's loop, after the same steps."""
    torch.manual_seed(seed)
    critic = method.critic.build(pair.dim, torch.Generator().manual_seed(seed))
    textbook.prepare(critic, method.constraint)
    marks, losses, seconds = [], [], 0.0
    run = textbook.train(critic, method, pair, np.random.default_rng(seed), sizes["steps"])
    ends = np.linspace(0, sizes["steps"], sizes["records"] + 1).astype(int).tolist()
    for start, end in itertools.pairwise(ends):
        began = time.perf_counter()
        losses += itertools.islice(run, end - start)
        seconds += time.perf_counter() - began
        marks.append(Mark(end, seconds, estimate(critic)))
    return marks


def offered(method: learned.Method, real: Tensor, fake: Tensor, critic: nn.Module) -> float:
    """What the method offers for EM of the points."""
    constraint = method.constraint
    critic.eval()
    with torch.no_grad():
        f_real, f_fake = critic(real)[:, 0], critic(fake)[:, 0]
        value = (f_real.mean() - f_fake.mean()).item()
    if isinstance(constraint, learned.CTransform):
        value = batch_certificate(f_real, real, fake).item()
    elif isinstance(constraint, learned.WeightClipping):
        norms = gradient_norms(critic, torch.cat([real, fake]))
        value = value / norms.max().item()
    elif isinstance(constraint, learned.GradientPenalty):
        # gap = W (1 + W / (2 weight)), solved for W
        value = constraint.weight * (math.sqrt(1 + 2 * value / constraint.weight) - 1)
    critic.train()
    return value


def race(
    pair: Any, method: learned.Method, sizes: dict[str, Any]
) -> tuple[list[list[Mark]], list[list[Mark]]]:
    """The marks of both loops on held-out points, a run a seed, interleaved."""
    # optimally coupled points of a translation: their EM is that of the laws, to rounding
    x, y = pair.sample(HELD_OUT, np.random.default_rng(10**6), paired=True)
    points = [torch.tensor(z, dtype=torch.float32) for z in (x, y)]
    estimate = partial(offered, method, *points)
    runs = [
        (fitted(pair, method, seed, estimate, sizes), tutorial(pair, method, seed, estimate, sizes))
        for seed in range(sizes["seeds"])
    ]
    ours, theirs = zip(*runs, strict=True)
    return list(ours), list(theirs)


def arrival(marks: list[Mark], truth: float) -> tuple[Mark, bool]:
    """The mark from which on all are near the truth; else the nearest one, and False."""
    near = len(list(itertools.takewhile(lambda m: error(m, truth) <= NEAR, reversed(marks))))
    if near:
        return marks[-near], True
    return min(marks, key=lambda mark: error(mark, truth)), False


def error(mark: Mark, truth: float) -> float:
    """Relative."""
    return abs(mark.estimate / truth - 1)


def told(runs: list[list[Mark]], truth: float) -> str:
    """Median seconds and steps to arrive, or how near the seeds came."""
    marks, arrived = zip(*(arrival(run, truth) for run in runs), strict=True)
    if not all(arrived):
        nearest = statistics.median(error(mark, truth) for mark in marks)
        return f"{sum(arrived)} of {len(runs)} seeds; nearest {nearest:.1%}"
    seconds = statistics.median(mark.seconds for mark in marks)
    return f"{seconds:.2f} ({statistics.median(mark.step for mark in marks):.0f})"


def races(sizes: dict[str, Any]) -> Iterator[str]:
    """Seconds to one percent, a row a pair and method."""
    yield f"| pair | method | `fit_critic`, s to {NEAR:.0%} (steps) | textbook | ratio, all steps |"
    yield "|---|---|---|---|---|"
    for (title, pair), (name, method) in itertools.product(PAIRS.items(), METHODS.items()):
        both = race(pair, method, sizes)
        ours, theirs = (statistics.median(run[-1].seconds for run in runs) for runs in both)
        cells = " | ".join(told(runs, pair.emd) for runs in both)
        yield f"| {title} | {name} | {cells} | {theirs / ours:.2f} |"


def steppers(method: learned.Method) -> list[tuple[nn.Module, Callable[[], Any]]]:
    """Our and the textbook's network, and its step on one batch in the plane."""
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(BATCH, 2, generator=generator) + shift for shift in (0, 1))
    ours, theirs = (method.critic.build(2, generator) for _ in range(2))
    method.constraint.prepare(ours)
    textbook.prepare(theirs, method.constraint)
    fast, _ = method.optimizer.build(ours.parameters(), 1)
    plain = textbook.build(method, theirs)
    constraint = method.constraint
    player = CriticPlayer(ours, constraint, fast, constraint.objective, generator, critic_gradients)
    quicken_critic(player)
    return [
        (ours, lambda: critic_update(player, real, fake)),
        (theirs, lambda: textbook.step(theirs, method, plain, real, fake)),
    ]


def microseconds(calls: list[Callable[[], Any]], seconds: float) -> list[float]:
    """Median CPU time of each call, in turn."""
    runs: list[list[float]] = [[] for _ in calls]
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for call, run in zip(calls, runs, strict=True):
            start = time.process_time()
            call()
            run.append(time.process_time() - start)
    return [1e6 * statistics.median(run) for run in runs]


def passes(critic: nn.Module, call: Callable[[], Any]) -> str:
    """Points that the critic is evaluated at in one call, pass by pass, and weights made."""
    points: list[str] = []
    made: list[nn.Module] = []
    hooks = [critic.register_forward_hook(lambda _, inputs, __: points.append(str(len(inputs[0]))))]
    for part in critic.modules():
        if isinstance(part, parametrize.ParametrizationList):
            hooks.append(part.register_forward_hook(lambda part, *_: made.append(part)))
    values = Chain.values

    def counted(chain: Chain, z: Tensor) -> Any:
        points.append(str(len(z)))
        return values(chain, z)

    with mock.patch.object(Chain, "values", counted):  # a step by hand runs no module
        call()
    for hook in hooks:
        hook.remove()
    return " + ".join(points) + (f"; {len(made)} weights" if made else "")


def steps(sizes: dict[str, Any]) -> Iterator[str]:
    """Microseconds a step, a row a width and method."""
    yield "| width | method | µs a step | textbook | ratio | points a pass | textbook |"
    yield "|---|---|---|---|---|---|---|"
    for width, (name, method) in itertools.product(WIDTHS, METHODS.items()):
        both = steppers(resized(method, width))
        ours, theirs = microseconds([call for _, call in both], sizes["seconds a row"])
        counts = " | ".join(passes(critic, call) for critic, call in both)
        yield f"| {width} | {name} | {ours:.0f} | {theirs:.0f} | {theirs / ours:.2f} | {counts} |"


def phases(sizes: dict[str, Any]) -> Iterator[str]:
    """Where the time of our step goes, by Python's profiler."""
    names = list(dict.fromkeys(PHASES.values()))
    yield f"| method, width {WIDTHS[0]} | {' | '.join(names)} | forward and the rest |"
    yield "|---" * (len(names) + 2) + "|"
    for name, method in METHODS.items():
        (_, call), _ = steppers(resized(method, WIDTHS[0]))
        profiler = cProfile.Profile()
        for _ in range(sizes["calls"]):
            profiler.runcall(call)
        stats = pstats.Stats(profiler)
        inside = dict.fromkeys(names, 0.0)
        for (file, _, function), (*_, cumulative, _) in stats.stats.items():
            phase = PHASES.get((Path(file).name, function))
            if phase is not None:
                inside[phase] += cumulative
        shares = [seconds / stats.total_tt for seconds in inside.values()]
        yield f"| {name} | {' | '.join(f'{x:.0%}' for x in (*shares, 1 - sum(shares)))} |"


def resized(method: learned.Method, width: int) -> learned.Method:
    """The method with a network of that width, and three hidden layers."""
    return replace(method, critic=replace(method.critic, width=width, depth=DEPTH))


def main(*, quick: bool) -> None:
    """Print the tables as Markdown."""
    sizes = QUICK if quick else SIZES
    rows = itertools.chain(steps(sizes), [""], phases(sizes), [""], races(sizes))
    for row in tqdm(rows, disable=None, unit=" rows"):
        print(row, flush=True)


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
