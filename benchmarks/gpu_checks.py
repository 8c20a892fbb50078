"""Is the package right on a GPU? Each check holds it against the CPU, or against itself.

Of two devices, gradients of one iteration are compared, from equal weights and draws and by
gradient descent, in full float32 (no TF32): what is left are sums in another order.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from gpu_report import Report, Skipped
from gpu_runs import (
    ENGINES,
    SameDraws,
    apart,
    gradients,
    iterations,
    plain,
    precision,
    run_of,
    same_weights,
    weights,
    within,
)

from wganlab import compare, exact, learned
from wganlab.learned import DCGANConfig, FoldConfig, MLPConfig, PatchConfig
from wganlab.learned.recorded import NotCompiledError

CPU = torch.device("cpu")
EXACT = 1e-3  # relative error of gradients in float32
LOW = 0.2  # the same in bfloat16, which has three digits
ROUNDED = 1e-4  # relative error of weights after some iterations on one device
HERE = Path(__file__).parent
Found = dict[str, Any]

SMALL = learned.TrainConfig(
    critic=MLPConfig(32, 2, "silu"), generator=MLPConfig(32, 2, "silu"), batch=64, n_critic=2
)
IMAGES = learned.TrainConfig(
    data="mnist10k",
    size=16,
    latent=8,
    batch=16,
    n_critic=2,
    critic=DCGANConfig(8, norm="none", init="he"),
    generator=DCGANConfig(8, init="he"),
)
NETWORKS = {
    "MLP, ReLU": replace(SMALL, critic=MLPConfig(64, 3), generator=MLPConfig(64, 3)),
    "MLP, layer norm": replace(SMALL, critic=MLPConfig(64, 3, norm="layer")),
    "MLP, batch norm": replace(SMALL, constraint="none", critic=MLPConfig(64, 3, norm="batch")),
    "MLP, group sort": replace(SMALL, constraint="orthonormal", critic=MLPConfig(64, 3, "maxmin")),
    "auto-encoder": replace(SMALL, objective="energy-based", constraint="none"),
    "instance noise": replace(SMALL, noise=0.2, points=100, average=0.5),
    "DCGAN": IMAGES,
    "DCGAN, layer norm": replace(IMAGES, critic=DCGANConfig(8, norm="layer")),
    "DCGAN, batch norm": replace(IMAGES, critic=DCGANConfig(8), constraint="clip"),
    "DCGAN, constant, extra": replace(
        IMAGES, generator=DCGANConfig(8, growth="constant", extra=1, norm="none")
    ),
    "DCGAN, spectral norm": replace(IMAGES, constraint="sn"),
    "patches": replace(IMAGES, critic=PatchConfig(16), constraint="orthonormal"),
    "folds": replace(IMAGES, critic=FoldConfig(32), constraint="orthonormal"),
    "MLP of images": replace(IMAGES, generator=MLPConfig(64, 2)),
}


def correctness(report: Report, device: torch.device, quick: bool) -> None:
    """All of them."""
    check = partial(report.check, "correctness")
    for name, config in compared(quick).items():
        check(f"one iteration: {name}", partial(one_iteration, config, device))
    for name in ("gp", "clip", "sn", "images"):
        check(f"compiled: {name}", partial(compiled, name, device))
    check("seeds side by side", partial(side_by_side, device))
    for name in ("MLP", "DCGAN"):
        config = SMALL if name == "MLP" else IMAGES
        check(f"bfloat16: {name}", partial(bfloat16, config, device))
        for strict in (False, True):
            how = "deterministic" if strict else "as torch is"
            check(f"resume: {name}, {how}", partial(resume, config, device, strict))
    for name in ("adam", "rmsprop", "sgd"):
        check(f"optimizer: {name}", partial(optimizer, name, device))
    for name in learned.METHODS:
        check(f"fit_critic: {name}", partial(fit, name, device, 10 if quick else 100))
    check("critic_vs_exact", partial(against_exact, device))
    check("observers and sampling", partial(observed, device))
    check("--profile-step", partial(profile_step, device))
    for name in ("MLP", "DCGAN"):
        check(f"torchrun, 2 processes: {name}", partial(two_processes, name, device))
        if quick:
            break


def compared(quick: bool) -> dict[str, learned.TrainConfig]:
    """What is held against the CPU: presets of toys and of images, and every network."""
    found = {name: plain(config) for name, config in learned.PRESETS.items()}
    for name in learned.PRESETS:
        config = learned.preset(name, "mnist10k")
        found[f"{name}, images"] = plain(narrow(config))
    found |= {name: plain(config) for name, config in NETWORKS.items()}
    if quick:
        chosen = ("wgan-gp", "sinkhorn", "ebgan, images", "DCGAN", "folds")
        found = {name: plain(narrow(found[name])) for name in chosen}
    steps = {name: min(config.n_critic, 2) for name, config in found.items()}
    return {name: replace(config, n_critic=steps[name]) for name, config in found.items()}


def narrow(config: learned.TrainConfig) -> learned.TrainConfig:
    """Images of 16 px, batches of 16, 8 filters, as a CPU can do them soon."""
    small = {"filters": 8, "planes": 16, "width": 32}

    def narrowed(network: Any) -> Any:
        return replace(network, **{k: v for k, v in small.items() if hasattr(network, k)})

    return replace(
        config,
        size=16,
        batch=16,
        critic=narrowed(config.critic),
        generator=narrowed(config.generator),
    )


def one_iteration(config: learned.TrainConfig, device: torch.device) -> Found:
    """Gradients and loss of one iteration, on the device and on the CPU."""
    runs = [run_of(config, place) for place in (device, CPU)]
    same_weights(*runs)
    with precision(False), SameDraws():
        for run in runs:
            run.iterate()
    ours, theirs = (gradients(run) for run in runs)
    losses = [float(run.losses[-1]) for run in runs]
    within(apart(ours, theirs), EXACT, "the relative error of gradients")
    within(abs(losses[0] - losses[1]), EXACT * max(1, abs(losses[1])), "the error of the loss")
    return {"gradients": apart(ours, theirs), "loss": losses[0]}


def engines(
    config: learned.TrainConfig, device: torch.device, times: int
) -> tuple[dict[str, torch.Tensor], ...]:
    """Weights after some iterations by each engine, and how far they have come from the start."""
    found = []
    for engine in ENGINES:
        run = run_of(config, device)
        start = weights(run)
        try:
            iterate = iterations([run], engine)
        except NotCompiledError as error:
            raise Skipped(f"not compiled: {error}") from None
        for _ in range(times):
            iterate()
        found.append({player: weights(run)[player] - start[player] for player in start})
    return tuple(found)


def compiled(name: str, device: torch.device) -> Found:
    """Eager and compiled iterations of one run end in the same weights."""
    config = {
        "gp": replace(SMALL, critic=MLPConfig(32, 2), generator=MLPConfig(32, 2)),
        "clip": replace(SMALL, constraint="clip", clip=0.1, noise=0.1),
        "sn": replace(SMALL, constraint="sn", objective="hinge"),
        "images": IMAGES,
    }[name]
    config = plain(config)
    if name == "clip":  # the state of an optimizer of each kind
        config = replace(config, critic_optimizer=learned.Optimizer("rmsprop", 1e-4, momentum=0.5))
    with precision(False):
        first, second = engines(config, device, 5)
    error = apart(second, first)
    within(error, EXACT, "the relative error of what has been learned")
    return {"error": error, **graphs()}


def graphs() -> Found:
    """How often the compiler has left CUDA graphs out, so far."""
    skipped = torch._dynamo.utils.counters["inductor"]["cudagraph_skips"]
    return {"without CUDA graphs so far": int(skipped)}


def side_by_side(device: torch.device) -> Found:
    """`train_seeds` ends where `train` does with each seed."""
    config = plain(SMALL, iterations=6)
    seeds = (0, 1, 2)
    with precision(False):
        together = learned.train_seeds(config, seeds, device=device, progress=False)
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
            run.iterate()
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


def profile_step(device: torch.device) -> Found:
    """What the command line tells of a step's time."""
    options = ["--preset", "wgan-gp", "--profile-step", "--device", device.type]
    told = started(["-m", "wganlab", "train", *options])
    if device.type == "cuda" and "ms of the device" not in told:
        raise AssertionError("it says nothing of the device's time")
    return {"told": " ".join(told.split()[-6:])}


def two_processes(name: str, device: torch.device) -> Found:
    """Two processes of torchrun, each with half of every batch, end where one does."""
    with tempfile.TemporaryDirectory() as folder:
        for processes in (1, 2):
            start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
            script = [str(HERE / "gpu_pair.py"), name, device.type, f"{folder}/{processes}.pt"]
            started([*start, *script])
        one, two = (torch.load(f"{folder}/{number}.pt", weights_only=True) for number in (1, 2))
    within(apart(two, one), ROUNDED, "the relative error of weights")
    return {"error": apart(two, one)}


def started(arguments: list[str]) -> str:
    """What a Python of its own prints; RuntimeError with the end of it where it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=80,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise RuntimeError(" / ".join((done.stdout + done.stderr).strip().splitlines()[-8:]))
    return done.stdout
