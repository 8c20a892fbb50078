"""Where the time of a training step goes, by torch's profiler.

Parts of `RunState` are given names for the profiler while it looks, so that the loop itself is
written without it. Times are those of the host, and on a GPU of the device too; parts within parts
are counted in both.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from wganlab.learned.runs.loop import advance
from wganlab.learned.runs.state import RunState

# (object, method) by what they are called
PARTS = {
    "real points": ("", "real"),
    "real points and classes": ("", "labelled"),
    "generated points": ("", "generated"),
    "critic: loss and derivatives": ("", "critic_gradients"),
    "critic: penalty by autograd": ("constraint", "penalty"),
    "critic: optimizer": ("critic_optimizer", "step"),
    "generator: loss and derivatives": ("", "generator_gradients"),
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


def profiled(run: RunState, iterations: int = 10) -> list[Part]:
    """Iterations of a run that is otherwise not kept; the last part is the whole iteration."""
    for _ in range(WARM):
        advance(run)
    _name_parts(run)
    gpu = run.device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]
    with profile(activities=activities, acc_events=True) as seen:
        for _ in range(iterations):
            with record_function(_mark("whole iteration")):
                advance(run)
        if gpu:
            torch.cuda.synchronize(run.device)
    found: dict[str, list[Any]] = {}  # with a GPU a part is told of twice, by host and device
    for event in seen.key_averages():
        found.setdefault(event.key, []).append(event)
    parts = []
    for name in (*PARTS, "whole iteration"):
        events = found.get(_mark(name))
        if events:
            host = max(event.cpu_time_total for event in events)
            device = max(getattr(event, "device_time_total", 0.0) for event in events)
            parts.append(
                Part(
                    name,
                    max(event.count for event in events) / iterations,
                    host / iterations / 1e3,
                    (device if gpu else 0.0) / iterations / 1e3,
                )
            )
    return parts


def _mark(name: str) -> str:
    return f"wganlab: {name}"


def _name_parts(run: RunState) -> None:
    """Give the parts names; the constraint, which other runs may share, in a copy."""
    run.constraint = copy.copy(run.constraint)
    for name, (path, method) in PARTS.items():
        owner = getattr(run, path, None) if path else run
        if getattr(owner, method, None) is not None:
            object.__setattr__(owner, method, _named(name, getattr(owner, method)))


def _named(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    def named(*given: Any, **options: Any) -> Any:
        with record_function(_mark(name)):
            return work(*given, **options)

    return named
