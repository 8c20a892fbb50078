"""Is the package right on a GPU? Each check holds it against the CPU, or against itself.

Of two devices, gradients of one iteration are compared, from equal weights and draws and by
gradient descent, in full float32 (no TF32): what is left are sums in another order.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from gpu_configs import COMPILED, IMAGES, SMALL, compared
from gpu_report import Report, Skipped
from gpu_runs import (
    ENGINES,
    ROUNDED,
    SameDraws,
    apart,
    engine_of,
    gradients,
    iterations,
    plain,
    precision,
    run_of,
    same_weights,
    weights,
    within,
)
from gpu_started import profile_step, two_processes

from wganlab import compare, data, exact, learned
from wganlab.learned import MLPConfig
from wganlab.learned.algorithm1 import iterate
from wganlab.learned.fast import philox
from wganlab.learned.fast.replay import NotCompiledError, Recording

CPU = torch.device("cpu")
EXACT = 1e-3  # relative error of gradients in float32
LOW = 0.2  # the same in bfloat16, which has three digits
Found = dict[str, Any]


def correctness(report: Report, device: torch.device, quick: bool) -> None:
    """All of them; with `quick` one or two of a kind."""
    check = partial(report.check, "correctness")
    for name, config in compared(quick).items():
        check(f"one iteration: {name}", partial(one_iteration, config, device))
    for name in ("gp", "images") if quick else COMPILED:
        check(f"compiled: {name}", partial(compiled, name, device))
    for name in DRAWS:
        check(f"draws at once: {name}", partial(at_once, name, device))
    check("seeds side by side", partial(side_by_side, device))
    for name, config in (("MLP", SMALL), ("DCGAN", IMAGES)):
        check(f"bfloat16: {name}", partial(bfloat16, config, device))
        for strict in (True,) if quick else (False, True):
            how = "deterministic" if strict else "as torch is"
            check(f"resume: {name}, {how}", partial(resume, config, device, strict))
    for name in ("adam", "rmsprop", "sgd"):
        check(f"optimizer: {name}", partial(optimizer, name, device))
    for name in ("gp", "ct", "orthonormal") if quick else learned.METHODS:
        check(f"fit_critic: {name}", partial(fit, name, device, 10 if quick else 100))
    check("critic_vs_exact", partial(against_exact, device))
    check("bracket", partial(bracketed, device))
    check("observers and sampling", partial(observed, device))
    check("--profile-step", partial(profile_step, device))
    for name in ("MLP",) if quick else ("MLP", "DCGAN", "residual of CIFAR, labels"):
        check(f"torchrun, 2 processes: {name}", partial(two_processes, name, device))


def one_iteration(config: learned.TrainConfig, device: torch.device) -> Found:
    """Gradients and loss of one iteration, by hand on the device and as specified on the CPU."""
    with precision(False), SameDraws():
        runs = [run_of(config, device), run_of(config, CPU, "eager")]
        same_weights(*runs)
        for run in runs:
            iterate(run)
    ours, theirs = (gradients(run) for run in runs)
    losses = [float(run.losses[-1]) for run in runs]
    within(apart(ours, theirs), EXACT, "the relative error of gradients")
    within(abs(losses[0] - losses[1]), EXACT * max(1, abs(losses[1])), "the error of the loss")
    return {"gradients": apart(ours, theirs), "loss": losses[0]}


def compiled(name: str, device: torch.device) -> Found:
    """Eager, by hand and compiled: iterations of one run end in the same weights."""
    learned_by = {}
    for engine in ENGINES:
        with precision(False):
            run = run_of(COMPILED[name], device, engine)
            start = weights(run)
            try:
                work = iterations([run], engine)
            except NotCompiledError as error:
                raise Skipped(f"not compiled: {error}") from None
            for _ in range(5):
                work()
            if engine == "compiled":
                unfused = engine_of(work).unfused
        learned_by[engine] = {part: weights(run)[part] - start[part] for part in start}
    errors = {name: apart(learned_by[name], learned_by["eager"]) for name in ENGINES[1:]}
    within(max(errors.values()), EXACT, "the relative error of what has been learned")
    return errors | ({"unfused": unfused} if unfused else {})


DRAWS: dict[str, Any] = {
    "integers": lambda g: torch.randint(8, (256,), generator=g, device=g.device),
    "uniform": lambda g: torch.rand((256, 1), generator=g, device=g.device),
    "normal": lambda g: torch.randn((64, 100), generator=g, device=g.device),
    "permutation": lambda g: torch.randperm(256, generator=g, device=g.device),
}


def at_once(name: str, device: torch.device) -> Found:
    """Draws of three generators, written as plain operations, are those that torch makes."""
    if device.type != "cuda":
        raise Skipped("a CPU's generators draw in another way")
    generators = [torch.Generator(device).manual_seed(seed) for seed in (1, 2, 2**40 + 3)]
    with Recording() as seen:
        DRAWS[name](torch.Generator(device).manual_seed(0))
    known = [philox.made(draw) for draw in seen.draws]
    counter = philox.Counter(generators)
    together = philox.Together(seen.draws, known, counter, lambda work, inputs: work)
    if not together.is_torchs(generators[0]):
        raise AssertionError("other numbers than torch's")
    return {"offset": together.moved}


def side_by_side(device: torch.device) -> Found:
    """`train_seeds` ends where `train` does with each seed."""
    config = plain(SMALL, iterations=6)
    seeds = (0, 1, 2)
    with precision(False):
        together = learned.train_seeds(
            config, seeds, device=device, progress=False, engine="compiled"
        )
        alone = [
            learned.train(replace(config, seed=seed), device=device, progress=False)
            for seed in seeds
        ]
    errors = [apart(of_run(one), of_run(other)) for one, other in zip(together, alone, strict=True)]
    within(max(errors), ROUNDED, "the relative error of weights")
    return {"error": max(errors)}


def of_run(run: learned.Run) -> dict[str, torch.Tensor]:
    """Weights of a run that has ended."""
    networks = {"generator": run.generator, "critic": run.critic}
    return {
        name: torch.cat([w.detach().flatten().double().cpu() for w in network.parameters()])
        for name, network in networks.items()
        if network is not None
    }


def bfloat16(config: learned.TrainConfig, device: torch.device) -> Found:
    """Gradients of one iteration, beside those in float32."""
    found = []
    for digits in ("float32", "bfloat16"):
        run = run_of(plain(replace(config, precision=digits)), device)
        with precision(False):
            iterate(run)
        found.append(gradients(run))
    within(apart(found[1], found[0]), LOW, "the relative error of gradients")
    return {"error": apart(found[1], found[0])}


class Cut(Exception):
    """Where a run is broken off."""


def resume(config: learned.TrainConfig, device: torch.device, strict: bool) -> Found:
    """A run that was cut and went on ends in the bits of one that was not; and so does another.

    Torch promises that only where it is asked for deterministic kernels.
    """
    config = replace(config, iterations=12, every=4, checkpoint=4)

    def cut(view: learned.View) -> dict[str, float]:
        if view.iteration == 8:
            raise Cut
        return {}

    with tempfile.TemporaryDirectory() as folder, deterministic(strict):
        options = {"device": device, "progress": False}
        whole, again = (of_run(learned.train(config, **options)) for _ in range(2))
        with suppress(Cut):
            learned.train(config, folder=Path(folder) / "run", observers=[cut], **options)
        resumed = of_run(learned.resume(Path(folder) / "run", **options))
        moved = learned.load_run(Path(folder) / "run", device="cpu")
    points = moved.sample(5, torch.Generator().manual_seed(0))
    if not bool(points.isfinite().all()) or points.device.type != "cpu":
        raise AssertionError("the run could not be used on the CPU")
    error = apart(resumed, whole)
    within(error, 0.0 if strict else ROUNDED, "the relative error after going on")
    return {"the same bits": error == 0, "error": error, "twice": apart(again, whole)}


class deterministic:
    """Torch's deterministic kernels, where asked for; cuBLAS needs CUBLAS_WORKSPACE_CONFIG."""

    def __init__(self, asked: bool) -> None:
        self.asked = asked

    def __enter__(self) -> None:
        torch.use_deterministic_algorithms(self.asked)

    def __exit__(self, *_: Any) -> None:
        torch.use_deterministic_algorithms(False)


def optimizer(name: str, device: torch.device) -> Found:
    """Ten steps from given gradients, on the device and on the CPU."""
    settings = learned.Optimizer(name, 1e-2, momentum=0.5, schedule="cosine")
    ends = []
    for place in (device, CPU):
        draws = torch.Generator().manual_seed(0)
        weight = torch.nn.Parameter(torch.randn((50, 20), generator=draws).to(place))
        made, schedule = settings.build([weight], 20)
        for _ in range(10):
            weight.grad = torch.randn((50, 20), generator=draws).to(place)
            made.step()
            schedule.step()
        ends.append({"weight": weight.detach().double().cpu().flatten()})
    within(apart(*ends), 1e-5, "the relative error of weights")
    return {"error": apart(*ends)}


def fit(name: str, device: torch.device, steps: int) -> Found:
    """A fit on the device and one on the CPU, from equal draws, by gradient descent.

    Dropout draws from torch's global state, which no two devices share.
    """
    method = learned.METHODS[name]
    pair = exact.known.Translation((1.0, 1.0))
    gaps = []
    for place in (device, CPU):
        with precision(False), SameDraws():
            fitted = learned.fit_critic(
                pair,
                constraint=method.constraint,
                critic=method.critic,
                optimizer=replace(method.optimizer, name="sgd", lr=1e-3),
                steps=steps,
                records=2,
                progress=False,
                device=place,
            )
        gaps.append(fitted.final.gap)
    if name != "ct":
        within(abs(gaps[0] - gaps[1]), 1e-2 * max(abs(gaps[1]), 0.1), "the difference of gaps")
    return {"gap": gaps[0], "on the CPU": gaps[1], "slope": fitted.final.slope}


def against_exact(device: torch.device) -> Found:
    """A critic on the device beside the exact distance, and its copy on the CPU."""
    critic = MLPConfig(64, 3).build(2, torch.Generator().manual_seed(0))
    pair = exact.known.Translation((1.0, 1.0))
    with precision(False):
        told = [compare.critic_vs_exact(critic.to(place), pair, n=300) for place in (device, CPU)]
    for name in ("exact", "critic_gap", "slope", "certificate"):
        one, other = (getattr(each, name) for each in told)
        within(abs(one - other), 1e-4 * max(1.0, abs(other)), name)
    return {name: getattr(told[0], name) for name in ("exact", "critic_gap", "slope")}


def bracketed(device: torch.device) -> Found:
    """A bracket of laws that are drawn and critics that are trained there, around the truth."""
    plan = compare.BracketPlan(heats=0.005, apexes=0, selection=1024, steps=0.02, block=1024)
    laws = (data.toy("cube", low=0.0, high=1.0), data.toy("cube", low=1.0, high=2.0))
    found = compare.bracket(*laws, plan=plan, device=device, progress=False)
    if not found.holds(2**0.5) or found.critic.final.gap < 0.5:
        raise AssertionError(f"{found.told}; the truth is {2**0.5:.6g}")
    if next(found.critic.critic.parameters()).device.type != device.type:
        raise AssertionError("the critic was trained on another device")
    return {"lower": found.lower, "upper": found.upper, "seconds": found.seconds}


def observed(device: torch.device) -> Found:
    """A run that is observed as the command line does it, kept, sampled, and opened on the CPU."""
    config = replace(SMALL, iterations=20, every=10, checkpoint=10)
    with tempfile.TemporaryDirectory() as folder:
        run = learned.train(
            config,
            observers=compare.observers(200),
            folder=Path(folder) / "run",
            device=device,
            progress=False,
        )
        points = run.sample(100, torch.Generator(device).manual_seed(0))
        moved = learned.load_run(Path(folder) / "run", device="cpu")
        moved.sample(100, torch.Generator().manual_seed(0))
    if points.device.type != device.type or points.shape != (100, 2):
        raise AssertionError(f"sampled {tuple(points.shape)} on {points.device}")
    return {name: run.history[-1][name] for name in ("estimate", "emd", "certificate", "modes")}
