"""Where the time of a training step goes, by torch's profiler.

Parts of `RunState` are given names for the profiler while it looks, so that the loop itself is
written without it. Times are those of the host, and on a GPU of the device too; parts within parts
are counted in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from wganlab.learned.runs.state import RunState

# (object, method) by what they are called; the generator's step has a forward and a backward pass
PARTS = {
    "real points": ("", "real"),
    "generated points": ("generator_moves", "sample"),
    "critic: values": ("critic_moves", "judged"),
    "critic: penalty": ("critic_moves", "penalty"),
    "critic: derivatives": ("critic_moves", "descend"),
    "critic: all by hand": ("critic_moves", "by_hand"),
    "critic: optimizer": ("critic_optimizer", "step"),
    "generator: step": ("", "generator_step"),
    "generator: points": ("generator_moves", "made"),
    "generator: derivatives": ("generator_moves", "descend"),
    "generator: optimizer": ("generator_optimizer", "step"),
    "gradients: average": ("world", "average"),
}
WARM = 3  # iterations before the profiler looks


@dataclass(frozen=True)
class Part:
    """A part of an iteration."""

    name: str
    calls: float
    """In an iteration."""
    host: float
    """Milliseconds of an iteration, of the CPU."""
    device: float
    """The same of the GPU; 0 without one."""


def profiled(training: RunState, iterations: int = 10) -> list[Part]:
    """Iterations of a run that is otherwise not kept; the last part is the whole iteration."""
    for _ in range(WARM):
        training.iterate()
    _name_parts(training)
    gpu = training.device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]
    with profile(activities=activities, acc_events=True) as seen:
        for _ in range(iterations):
            with record_function(_mark("whole iteration")):
                training.iterate()
        if gpu:
            torch.cuda.synchronize(training.device)
    found = {event.key: event for event in seen.key_averages()}
    parts = []
    for name in (*PARTS, "whole iteration"):
        event = found.get(_mark(name))
        if event is not None:
            host, device = event.cpu_time_total, getattr(event, "device_time_total", 0.0)
            parts.append(
                Part(
                    name,
                    event.count / iterations,
                    host / iterations / 1e3,
                    (device if gpu else 0.0) / iterations / 1e3,
                )
            )
    return parts


def _mark(name: str) -> str:
    return f"wganlab: {name}"


def _name_parts(training: RunState) -> None:
    for name, (path, method) in PARTS.items():
        owner = getattr(training, path, None) if path else training
        if owner is not None and hasattr(owner, method):
            object.__setattr__(owner, method, _named(name, getattr(owner, method)))


def _named(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    def named(*given: Any, **options: Any) -> Any:
        with record_function(_mark(name)):
            return work(*given, **options)

    return named
