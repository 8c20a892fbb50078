"""Runs for the checks of `gpu.py`: one iteration at a time, with equal draws on every device.

A generator on a GPU draws other numbers than one of the same seed on a CPU. Within `SameDraws`
every draw from an explicit generator is made on the CPU and copied, so that what differs between
two devices is their arithmetic alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.overrides import TorchFunctionMode

from wganlab import learned
from wganlab.learned.algorithm1 import iterate
from wganlab.learned.fast import compiler
from wganlab.learned.fast.engine import Engine
from wganlab.learned.runs.state import PARTS, RunState

ROUNDED = 1e-4  # relative error of weights after some iterations on one device
ENGINES = ("eager", "by-hand", "compiled")
PLAIN = learned.Optimizer("sgd", lr=1e-2)  # Adam makes a whole step of a rounding error


class SameDraws(TorchFunctionMode):
    """Draws from explicit generators of a GPU are those of CPU generators with their seeds."""

    def __init__(self) -> None:
        super().__init__()
        self.twins: dict[Generator, Generator] = {}

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """The call, its draw made on the CPU."""
        options = dict(kwargs or {})
        generator = options.get("generator")
        if generator is None or generator.device.type == "cpu":
            return function(*args, **options)
        if generator not in self.twins:
            self.twins[generator] = Generator().manual_seed(generator.initial_seed())
        out = options.pop("out", None)
        options |= {"generator": self.twins[generator]}
        options |= {"device": "cpu"} if "device" in options else {}
        here = [value.cpu() if isinstance(value, Tensor) else value for value in args]
        drawn = function(*here, **options).to(generator.device)
        if out is not None:
            return out.copy_(drawn)
        if function.__name__.endswith("_"):
            return args[0].copy_(drawn)
        return drawn


def plain(config: learned.TrainConfig, **changes: Any) -> learned.TrainConfig:
    """The configuration with gradient descent, never observed on the way."""
    return replace(
        config,
        critic_optimizer=PLAIN,
        generator_optimizer=PLAIN,
        **{"warm_up": 0, "phases": "constant", "every": 10**6, "checkpoint": 10**6} | changes,
    )


def unobserved(config: learned.TrainConfig, **changes: Any) -> learned.TrainConfig:
    """The configuration without end and with rates that stay."""
    constant = {
        who: replace(getattr(config, who), schedule="constant")
        for who in ("critic_optimizer", "generator_optimizer")
    }
    long = {"every": 10**9, "checkpoint": 10**9, "iterations": 10**9, "warm_up": 0}
    return replace(config, **constant | long | changes)


def run_of(config: learned.TrainConfig, device: torch.device, engine: str = "by-hand") -> RunState:
    """A run that nothing has been done to."""
    return RunState(config, device, by_hand=engine != "eager")


def iterations(runs: Sequence[RunState], engine: str) -> Callable[[], None]:
    """What does one iteration of all of them."""
    if engine == "compiled":
        return Engine(list(runs)).iterate

    def one_each() -> None:
        for run in runs:
            iterate(run)

    return one_each


def begin(runs: Sequence[RunState]) -> None:
    """The first iteration, which no engine compiles, of the first run; the others are put there.

    (Of 512 runs it would take half a minute, and is not what is measured.)
    """
    first, *others = runs
    iterate(first)
    for run in others:
        for part in (f"{who}_{what}" for who in run.players() for what in PARTS):
            getattr(run, part).load_state_dict(getattr(first, part).state_dict())
        run.iteration, run.steps = first.iteration, first.steps
        if run.device.type == "cuda":
            run.draws.set_offset(first.draws.get_offset())


def engine_of(work: Callable[[], None]) -> Engine | None:
    """That which does it, if it is compiled."""
    engine = getattr(work, "__self__", None)
    return engine if isinstance(engine, Engine) else None


def forget(runs: Sequence[RunState]) -> None:
    """Their losses, which pile up where nobody observes."""
    for run in runs:
        run.losses.clear()


def same_weights(ours: RunState, theirs: RunState) -> None:
    """What one device has drawn of its own, as the start of power iterations, for the other."""
    for mine, its in zip(ours.networks(), theirs.networks(), strict=True):
        mine.load_state_dict(its.state_dict())


def gradients(run: RunState) -> dict[str, Tensor]:
    """Of the last step of each player, (k,) on the CPU in float64."""
    return {player: flat(run, player, "grad") for player in run.players()}


def weights(run: RunState) -> dict[str, Tensor]:
    """Of each player, likewise, and what batch norm has seen."""
    found = {player: flat(run, player, "data") for player in run.players()}
    for player in run.players():
        seen = [b for b in getattr(run, player).buffers() if b.is_floating_point()]
        if seen:
            found[f"{player}'s buffers"] = torch.cat([b.flatten().double().cpu() for b in seen])
    return found


def flat(run: RunState, player: str, what: str) -> Tensor:
    """All weights of that player, or their gradients, as one."""
    network: nn.Module = getattr(run, player)
    found = [getattr(weight, what) for weight in network.parameters()]
    return torch.cat([one.detach().flatten().double().cpu() for one in found if one is not None])


def apart(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> float:
    """The largest relative error of a player; never NaN, which no bound refuses."""
    errors = [
        float((ours[player] - theirs[player]).norm() / theirs[player].norm().clamp_min(1e-30))
        for player in theirs
    ]
    return max(error if error == error else float("inf") for error in errors)


def within(value: float, bound: float, what: str) -> None:
    """Refuse what is larger, or no number."""
    if not value <= bound:
        raise AssertionError(f"{what} is {value:.3g}, and at most {bound:g} was expected")


@contextmanager
def recorded_only() -> Iterator[None]:
    """Steps are recorded and not compiled, which takes a CPU half a minute each."""
    before = compiler.compiled
    compiler.compiled = lambda graph, inputs: graph
    try:
        yield
    finally:
        compiler.compiled = before


@contextmanager
def precision(convolutions: bool, products: str = "highest") -> Iterator[None]:
    """TF32 in convolutions, and in products ("high") or not ("highest")."""
    before = torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()
    torch.backends.cudnn.allow_tf32 = convolutions
    torch.set_float32_matmul_precision(products)
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before[0]
        torch.set_float32_matmul_precision(before[1])
