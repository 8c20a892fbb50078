"""One step of a player as a compiled function of tensors: recorded, mapped over runs, compiled.

`CompiledStep` runs a step of `RunState` once, on a copy whose weights, optimizer states, rates and
draws are replaced (`replay`), while `make_fx` keeps every operation on them. The graph of one run
becomes that of S runs by `vmap`, and the compiler's input.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, functionalize, vmap
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from wganlab.learned.fast import compiler
from wganlab.learned.fast.philox import Counter, Together, made
from wganlab.learned.fast.replay import (
    Draw,
    NotCompiledError,
    PlainOptimizer,
    Recording,
    Replaying,
)
from wganlab.learned.runs.state import RunState

SHARED = ("critic_rate", "generator_rate", "deviation")  # scalars that are the same for all seeds

aten = torch.ops.aten
# in terms of what vmap knows
MAPPED = {
    aten.copy.default: lambda x, y: y.expand_as(x),
    aten.fill.Scalar: torch.full_like,
}


class CompiledStep:
    """A step of one player in every run, in place on the tensors that it is called with.

    Parameters
    ----------
    runs : sequence of RunState
        It draws from their generators, and leaves them as they are else.
    player : str
        "critic" or "generator".
    """

    def __init__(self, runs: Sequence[RunState], player: str) -> None:
        trial = _tried(runs[0])
        shared = {name: torch.ones((), device=trial.device) for name in SHARED}
        examples = {k: tensor.detach().clone() for k, tensor in (tensors(trial) | shared).items()}

        def work(*given: Tensor) -> tuple[Tensor]:
            values = dict(zip(examples, given, strict=False))
            with Replaying(given[len(examples) :]):
                return (_step(trial, player, values),)

        with Recording() as recorded:
            _step(trial, player, {name: examples[name].clone() for name in examples})
        inputs = [*examples.values(), *(draw.like for draw in recorded.draws)]
        graph = _functional(work, inputs)
        _refuse_draws(graph)
        if len(runs) > 1:
            alone = [name in SHARED for name in examples] + [False] * len(recorded.draws)
            graph, inputs = _side_by_side(graph, inputs, alone, len(runs))
        buffers = inputs[len(examples) :]
        self.moved, self.together = 0, _together(recorded.draws, runs)
        if self.together is not None:
            self.moved = self.together.moved
        self.draws = [
            draw.into(buffer if len(runs) == 1 else buffer[number], run.draws)
            for number, run in enumerate(runs)
            for draw, buffer in zip(recorded.draws, buffers, strict=True)
        ]
        used = _pruned(graph)
        self.names = list(compress(examples, used))
        self.used = used[len(examples) :]
        self.buffers = list(compress(buffers, self.used))
        given = list(compress(inputs, used))
        self.run, self.unfused = compiler.trusted(graph, given, self.names, trial.config.precision)
        """The step, and why it is as it was recorded; no reason where it is compiled."""

    def __call__(self, state: dict[str, Tensor], counter: Counter | None = None) -> Tensor:
        """Draw and step; returns the loss of every run, shape () for one and (S,) for several."""
        buffers = self.buffers
        with torch.no_grad():
            if counter is None:
                for draw in self.draws:
                    draw()
            elif self.together is not None:
                drawn = self.together(counter)
                buffers = [tensor for tensor, read in zip(drawn, self.used, strict=True) if read]
            (loss,) = self.run(*(state[name] for name in self.names), *buffers)
        return loss


class _Networks(nn.Module):
    """The networks of a run as one module, whose tensors others can take the place of."""

    def __init__(self, run: RunState) -> None:
        super().__init__()
        self.critic, self.generator, self.average = run.critic, run.generator, run.average

    def forward(self, work: Callable[[], Tensor]) -> Tensor:
        """What it returns."""
        return work()


def owned(state: Any) -> Any:
    """A checkpoint whose tensors share their memory with nothing, so that no more is saved."""
    if isinstance(state, Tensor):
        return state.clone()
    if isinstance(state, dict):
        return {key: owned(value) for key, value in state.items()}
    return [owned(value) for value in state] if isinstance(state, list) else state


def tensors(run: RunState) -> dict[str, Tensor]:
    """All tensors that a step reads or changes, by names."""
    networks = _Networks(run)
    found: dict[str, Tensor] = {
        **dict(networks.named_parameters()),
        **dict(networks.named_buffers()),
    }
    for player in run.players():
        optimizer = getattr(run, f"{player}_optimizer")
        for name, weight in getattr(run, player).named_parameters():
            for key in _kept(optimizer, weight):
                found[f"{player}_optimizer.{name}.{key}"] = optimizer.state[weight][key]
    return found if run.points is None else {**found, "points": run.points}


def _kept(optimizer: torch.optim.Optimizer, weight: Tensor) -> list[str]:
    """The tensors of its state that are where the weight is.

    RMSProp counts its steps on the host, for nobody: a step on a GPU would have to wait for that.
    """
    state = optimizer.state[weight]
    return [k for k, v in state.items() if isinstance(v, Tensor) and v.device == weight.device]


def _tried(run: RunState) -> RunState:
    """A copy that has done a step of each player, so that its optimizers have a state."""
    trial = copy.copy(run)
    trial.losses = []
    trial.critic, trial.generator, trial.average = copy.deepcopy(
        (run.critic, run.generator, run.average)
    )
    for player in run.players():
        settings = getattr(run.config, f"{player}_optimizer")
        optimizer, _ = settings.build(getattr(trial, player).parameters(), run.config.iterations)
        setattr(trial, f"{player}_optimizer", optimizer)
    trial.plan()
    trial.draws = Generator(run.device)
    trial.draws.set_state(run.draws.get_state())
    with torch.random.fork_rng(devices=[run.device] if run.device.type == "cuda" else []):
        for player in run.players():
            _step_of(trial, player)
    return trial


def _step(trial: RunState, player: str, values: dict[str, Tensor]) -> Tensor:
    """A step of that player with these tensors in place of the trial's."""
    networks, twin = _Networks(trial), copy.copy(trial)
    swapped = {name: values[name].detach() for name, _ in networks.named_parameters()}
    for tensor in swapped.values():
        tensor.requires_grad_()
    for name in trial.players():
        original = getattr(trial, f"{name}_optimizer")
        weights, states = [], []
        for weight, parameter in getattr(trial, name).named_parameters():
            weights.append(swapped[f"{name}.{weight}"])
            keys = _kept(original, parameter)
            states.append({key: values[f"{name}_optimizer.{weight}.{key}"] for key in keys})
        rate = values[f"{name}_rate"]
        setattr(twin, f"{name}_optimizer", PlainOptimizer(original, weights, states, rate))
    twin.points = values.get("points")
    twin.plan()
    twin.deviation = values["deviation"]
    buffers = {name: values[name] for name, _ in networks.named_buffers()}
    work = partial(_step_of, twin, player)
    loss: Tensor = functional_call(networks, {**swapped, **buffers}, (work,))
    return loss


def _step_of(run: RunState, player: str) -> Tensor:
    """A step of that player, by `algorithm1` or with labels by `acgan`."""
    loss: Tensor = getattr(run, f"{player}_step")(run)
    return loss


def _functional(work: Callable[..., Any], inputs: Sequence[Tensor]) -> GraphModule:
    """What it does as a graph, whose inputs are changed at its end, if at all."""
    graph = make_fx(work)(*(tensor.clone() for tensor in inputs))
    return make_fx(functionalize(graph), MAPPED)(*(tensor.clone() for tensor in inputs))


def _side_by_side(
    graph: GraphModule, inputs: Sequence[Tensor], alone: Sequence[bool], runs: int
) -> tuple[GraphModule, list[Tensor]]:
    """The graph for several runs, and inputs of it; those that are not `alone` get an axis."""
    axes = tuple(None if single else 0 for single in alone)
    stacked = [
        x if single else x.expand(runs, *x.shape).clone()
        for x, single in zip(inputs, alone, strict=True)
    ]
    return make_fx(vmap(graph, in_dims=axes))(*(x.clone() for x in stacked)), stacked


def _refuse_draws(graph: GraphModule) -> None:
    for node in graph.graph.nodes:
        if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()):
            raise NotCompiledError("a network draws random numbers of its own, as dropout does")


def _pruned(graph: GraphModule) -> list[bool]:
    """Drop the inputs that nothing reads; which are left."""
    used = []
    for node in [node for node in graph.graph.nodes if node.op == "placeholder"]:
        used.append(bool(node.users))
        if not node.users:
            graph.graph.erase_node(node)
    graph.recompile()
    return used


def _together(draws: Sequence[Draw], runs: Sequence[RunState]) -> Together | None:
    """The draws of several runs at once, where it is known how their device makes them."""
    known = [made(draw) for draw in draws]
    if runs[0].device.type != "cuda" or len(runs) == 1 or not all(known):
        return None
    generators = [run.draws for run in runs]
    try:
        found = [each for each in known if each]
        together = Together(draws, found, Counter(generators), compiler.function)
        return together if together.is_torchs(generators[0]) else None
    except Exception:  # then each generator draws for itself, whatever it was
        return None
