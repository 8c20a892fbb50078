"""How fast is the package on a GPU? Iterations and images a second, and what the chip could do.

Toys: iterations of `wgan-gp` on 8 Gaussians, summed over seeds that train side by side. Images: the
papers' DCGAN of 64 px and 64 filters under `wgan-gp`, batches of 64, 5 critic steps; images are the
real ones that a critic's step has taken. The textbook's loop is in
`gpu_textbook.py`.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from gpu_report import Report, Skipped
from gpu_runs import begin, engine_of, forget, iterations, precision, run_of, unobserved
from gpu_textbook import textbook
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from wganlab import learned
from wganlab.learned import DCGANConfig
from wganlab.learned.algorithm1 import iterate
from wganlab.learned.fast.replay import NotCompiledError

LOOKS = 5  # at the clock
LOOK = 0.4  # seconds between two
SEEDS = ((1, "float32"), (8, "float32"), (64, "float32"), (64, "tf32"), (512, "tf32"))
WAITS = (
    "cudaStreamSynchronize",
    "cudaDeviceSynchronize",
    "cudaEventSynchronize",
    "aten::_local_scalar_dense",
    "Memcpy DtoH",
    "Memcpy HtoD (Pageable",
)
SIDE = 8192  # of the matrices whose product shows what the chip can do
# loop, precision, layout
VARIANTS = (
    ("textbook", "float32", "contiguous"),
    ("textbook", "tf32", "contiguous"),
    ("eager", "float32", "channels last"),
    ("eager", "tf32", "channels last"),
    ("by-hand", "float32", "channels last"),
    ("by-hand", "tf32", "channels last"),
    ("by-hand", "tf32", "contiguous"),
    ("by-hand", "bfloat16", "channels last"),
    ("compiled", "float32", "channels last"),
    ("compiled", "tf32", "channels last"),
    ("compiled", "bfloat16", "channels last"),
)
Found = dict[str, Any]
Loop = Callable[[], None]


def speed(report: Report, device: torch.device, quick: bool, look: float | None = None) -> None:
    """All of it; `look` is the time between two looks at the clock."""
    check = partial(report.check, "speed")
    look = look or (0.02 if quick else LOOK)
    peaks = check("what the chip can do", partial(ceilings, device, 64 if quick else SIDE))
    toys = learned.PRESETS["wgan-gp"]
    toys = replace(toys, critic=learned.MLPConfig(8, 1), batch=8) if quick else toys
    for engine in ("textbook", "eager", "by-hand"):
        check(f"toys, {engine}", partial(toy_speed, toys, device, engine, 1, look))
    for seeds, digits in ((2, "float32"),) if quick else SEEDS:
        work = partial(toy_speed, toys, device, "compiled", seeds, look, digits)
        check(f"toys, compiled, {seeds} seeds, {digits}", work, limit=150)
    config = dcgan(quick)
    for loop, digits, layout in VARIANTS[::3] if quick else VARIANTS:
        name = f"DCGAN, {loop}, {digits}, {layout}"
        work = partial(image_speed, config, device, loop, digits, layout, look, peaks)
        check(name, work, limit=120)


def dcgan(quick: bool, data: str = "mnist10k") -> learned.TrainConfig:
    """The papers' settings, but for the set of images."""
    config = unobserved(learned.preset("wgan-gp-paper", data))
    if quick:
        tiny = DCGANConfig(4, norm="layer")
        return replace(config, size=16, batch=4, critic=tiny, generator=tiny)
    return config


def ceilings(device: torch.device, side: int) -> Found:
    """Arithmetic of a large matrix product, TFLOP/s, and copied bytes, GB/s."""
    found: Found = {}
    for name, kind, products in (
        ("float32", torch.float32, "highest"),
        ("tf32", torch.float32, "high"),
        ("bfloat16", torch.bfloat16, "highest"),
    ):
        left, right = (torch.randn((side, side), device=device).to(kind) for _ in range(2))
        with precision(False, products):
            seconds = timed(lambda left=left, right=right: left @ right, device, 0.2)
        found[f"{name}, TFLOP/s"] = 2 * side**3 / seconds / 1e12
    source = torch.randn(side * side * 4, device=device)
    seconds = timed(lambda: source.clone(), device, 0.1)
    return found | {"copy, GB/s": 2 * source.nbytes / seconds / 1e9}


def toy_speed(
    config: learned.TrainConfig,
    device: torch.device,
    engine: str,
    seeds: int,
    look: float,
    digits: str = "float32",
) -> Found:
    """Iterations a second of all seeds together."""
    config = unobserved(config)
    began = time.perf_counter()
    runs: Any = ()
    with precision(False, "high" if digits == "tf32" else "highest"):
        if engine == "textbook":
            loop = textbook(config, device)
        else:
            runs = [run_of(replace(config, seed=seed), device, engine) for seed in range(seeds)]
            begin(runs)
            loop = made(runs, engine)
        for _ in range(3):  # as it stands, captured, replayed
            loop()
        settle(device)
        found: Found = {"start, s": time.perf_counter() - began}
        seconds = timed(loop, device, look, runs)
        found |= {"iterations/s": seeds / seconds, "ms": 1000 * seconds} | engine_told(loop)
        return without_waits(engine, found | traced(loop, device, runs, seconds))


def image_speed(
    config: learned.TrainConfig,
    device: torch.device,
    loop: str,
    digits: str,
    layout: str,
    look: float,
    peaks: Found,
) -> Found:
    """Images a second, share of time in kernels, share of the chip's arithmetic."""
    torch.compiler.reset()
    gc.collect()
    config = replace(config, precision="bfloat16" if digits == "bfloat16" else "float32")
    fast = digits != "float32"
    began = time.perf_counter()
    with precision(fast, "high" if fast else "highest"):
        if loop == "textbook":
            runs, work = (), textbook(config, device)
        else:
            runs = [run_of(config, device, loop)]
            if layout == "contiguous":
                as_torch_has_them(runs[0])
            with Counted() as counted:
                iterate(runs[0])  # the first is not compiled with any engine
            work = made(runs, loop)
        if loop == "textbook":
            work()
            with Counted() as counted:
                work()
        for _ in range(3):
            work()
        settle(device)
        found: Found = {"start, s": time.perf_counter() - began}
        seconds = timed(work, device, look, runs)
        operations = counted.total
        found |= {
            "images/s": config.batch * config.n_critic / seconds,
            "ms": 1000 * seconds,
            "GFLOP": operations / 1e9,
        } | engine_told(work)
        peak = peaks.get(f"{digits}, TFLOP/s")
        if peak:
            found["share of arithmetic"] = operations / seconds / 1e12 / peak
        if device.type == "cuda":
            found["peak MB"] = torch.cuda.max_memory_allocated(device) / 1e6
        return without_waits(loop, found | traced(work, device, runs, seconds))


def made(runs: Sequence[Any], engine: str) -> Loop:
    """An iteration of all runs; Skipped where the engine cannot take them."""
    try:
        return iterations(runs, engine)
    except NotCompiledError as error:
        raise Skipped(f"not compiled: {error}") from None


def engine_told(work: Loop) -> Found:
    """Whether the compiler's steps are used, and whether all runs draw at once."""
    engine = engine_of(work)
    if engine is None:
        return {}
    told: Found = {"unfused": engine.unfused} if engine.unfused else {}
    if len(engine.runs) > 1:
        told["draws"] = "at once" if engine.counter is not None else "one by one"
    return told


def as_torch_has_them(run: Any) -> None:
    """Channels first, in networks and in images."""
    for network in run.networks():
        network.to(memory_format=torch.contiguous_format)
    run.plan()
    real = run.real
    run.real = lambda n, draws: real(n, draws).contiguous()


def timed(work: Callable[[], Any], device: torch.device, look: float, runs: Any = ()) -> float:
    """Median seconds of a call, over looks of so long."""
    work()
    settle(device)
    began = time.perf_counter()
    work()
    settle(device)
    times = max(1, round(look / max(time.perf_counter() - began, 1e-6)))
    seconds = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        for _ in range(times):
            work()
        settle(device)
        seconds.append((time.perf_counter() - began) / times)
        forget(runs)
    return statistics.median(seconds)


def traced(loop: Loop, device: torch.device, runs: Any, seconds: float, times: int = 2) -> Found:
    """By a profiler's trace: share of time in kernels, launches, what waits for the host."""
    if device.type != "cuda":
        return {}
    loop()
    settle(device)
    kinds = [ProfilerActivity.CPU, ProfilerActivity.CUDA]
    with profile(activities=kinds, acc_events=True) as seen, record_function("iterations"):
        for _ in range(times):
            loop()
    forget(runs)
    events = seen.events()
    kernels = [e for e in events if e.device_type == torch.autograd.DeviceType.CUDA]
    kernels = [e for e in kernels if e.name != "iterations" and "#" not in e.name]
    busy = sum(e.time_range.elapsed_us() for e in kernels) / 1e6 / times
    whole = next(e for e in events if e.name == "iterations").time_range
    inside = [e for e in events if whole.start <= e.time_range.start <= whole.end]
    waits = {name: sum(e.name.startswith(name) for e in inside) for name in WAITS}
    launches = sum(e.name.startswith(("cudaLaunch", "cuLaunch")) for e in inside)
    return {
        "in kernels": busy / seconds,
        "launches": launches / times,
        "graphs": sum(e.name.startswith("cudaGraphLaunch") for e in inside) / times,
        "top": longest(kernels, times),
        "waits": {name: count / times for name, count in waits.items() if count} or "none",
    }


def without_waits(loop: str, found: Found) -> Found:
    """What was found; AssertionError if the host waits for the device within an iteration."""
    if loop != "textbook" and found.get("waits", "none") != "none":
        raise AssertionError(f"the host waits for the device: {found}")
    return found


def longest(kernels: Sequence[Any], times: int) -> dict[str, str]:
    """The kernels that take most time, in microseconds of an iteration, and how often they run."""
    spent: dict[str, list[float]] = {}
    for event in kernels:
        spent.setdefault(event.name[:80], []).append(event.time_range.elapsed_us())
    most = sorted(spent, key=lambda name: -sum(spent[name]))[:12]
    return {n: f"{sum(spent[n]) / times:.1f} us, {len(spent[n]) / times:g} times" for n in most}


class Counted(TorchDispatchMode):
    """Counts floating-point operations of products and convolutions, as torch knows them.

    (`FlopCounterMode` counts by modules too, which `autograd.grad` does not get on with.)
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The call, counted."""
        options = kwargs or {}
        result = function(*args, **options)
        count = flop_registry.get(function._overloadpacket)
        if count is not None:
            self.total += count(*args, **options, out_val=result)
        return result


def settle(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
