"""The steps of `algorithm1`, recorded once and compiled, for one run or for several seeds at once.

A step is run once on tensors that take the place of its weights, optimizer states and
draws, and every operation on them is recorded, derivatives included (`make_fx`). What comes out is
a plain function of these tensors, of the very code that the eager loop runs, and torch's compiler
fuses it into a few loops. For S seeds the recorded function is mapped over a leading axis (`vmap`),
so that S small networks are one batched product. No Python is left in a step but its draws.

The compiled step works in place on the tensors of the run itself. So networks, optimizers and
checkpoints are what they are without it, eager and compiled steps can follow each other, and a run
can go on with either. Eager are the first iteration, in which optimizers make their state, and
those before an observation, which tells of their gradients.

What cannot be recorded raises `NotCompiledError` before anything is trained: dropout, whose draws
are torch's own, networks whose Python depends on values, losses of other libraries, a run of
several processes, images that are read as they are needed, images and text on CPUs, and a machine
without a C++ compiler. What a network's Python does besides is done once, while it is recorded.

On GPUs all steps of an iteration are one CUDA graph (`capture`), so that Python launches one thing
an iteration, and runs side by side draw at once (`philox`). A step that the compiler fails at, or
makes something else of (`compiler`), is launched there as it was recorded. What of this has been
run on one is told in benchmarks/README.md.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from wganlab.learned.algorithm1 import iterate
from wganlab.learned.fast.capture import Captured
from wganlab.learned.fast.philox import Counter
from wganlab.learned.fast.precision import precise, products
from wganlab.learned.fast.trace import SHARED, CompiledStep, NotCompiledError, tensors
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.runs.state import RunState

PAYS = 5000, 700  # iterations of one run, of several: twice the most that was measured to pay back


def pays(runs: Sequence[RunState]) -> bool:
    """Are they to be compiled where nobody says so? Long runs of perceptrons on points."""
    config = runs[0].config
    networks = [config.generator, *([] if config.critic_free else [config.critic])]
    perceptrons = all(isinstance(network, MLPConfig) for network in networks)
    long = config.iterations >= PAYS[len(runs) > 1]
    return perceptrons and not config.of_sets and long


class Engine:
    """Iterations of one run, or of runs that differ in their seed alone.

    Parameters
    ----------
    runs : sequence of RunState
        As they are made, or loaded from checkpoints of one iteration.
    eager : callable
        What does an iteration that is not compiled.

    Raises
    ------
    NotCompiledError
        If a step cannot be recorded or compiled.
    """

    def __init__(
        self, runs: Sequence[RunState], eager: Callable[[RunState], None] = iterate
    ) -> None:
        self.runs, self.eager, first = list(runs), eager, runs[0]
        self.config, self.device = first.config, first.device
        if first.world.size > 1:
            raise NotCompiledError("its processes exchange gradients within a step")
        if first.streams:
            raise NotCompiledError("its images are read by other processes")
        if first.device.type == "cpu" and self.config.of_sets:
            # seen with torch 2.13: a compiled step wrote past the end of an array
            raise NotCompiledError(
                "torch's compiler is not to be trusted with convolutions on CPUs"
            )
        self.shared = {name: torch.zeros((), device=self.device) for name in SHARED}
        self.state: dict[str, Tensor] = {}
        self.steps: dict[str, CompiledStep] = {}
        self.captures = first.device.type == "cuda"
        self.captured: dict[int, Callable[[], Tensor]] = {}
        self.seconds = 0.0
        """What compiling took."""
        self.products = first.products or self.quickest()
        """Precision of matrix products: "highest", or "medium" where that costs no accuracy."""
        for run in self.runs:
            run.products = self.products
        steps = [self.step(player) for player in first.players()]
        self.counter: Counter | None = None
        if all(step.together is not None for step in steps):
            self.counter = Counter([run.draws for run in self.runs])

    @property
    def unfused(self) -> str:
        """Why steps are launched as they were recorded, not fused by the compiler; "" if not so."""
        return "; ".join(step.unfused for step in self.steps.values() if step.unfused)

    def quickest(self) -> str:
        """What is measured for the widest perceptron; without one, or if asked for, torch's own."""
        asked = torch.get_float32_matmul_precision()
        if asked != "highest":
            return asked
        networks = (self.config.critic, self.config.generator)
        widths = [network.width for network in networks if isinstance(network, MLPConfig)]
        if not widths:
            return "highest"
        return precise(2 * self.config.batch, max(widths), self.device)

    def iterate(self) -> None:
        """One iteration of algorithm 1, of every run."""
        with products(self.products):
            self.iterate_all()

    def iterate_all(self) -> None:
        """The same, with matrix products as torch has them."""
        first = self.runs[0]
        if first.iteration == 0 or first.is_traced():
            for run in self.runs:
                self.eager(run)
            return
        began = time.perf_counter()
        self.bind()
        steps = self.config.critic_steps(first.iteration)
        losses = self.launched(steps) if self.captures else self.work(steps)
        for schedule in first.schedules:
            schedule.step()
        share = (time.perf_counter() - began) / len(self.runs)
        for run, its in zip(self.runs, losses, strict=True):
            run.losses.append(its)
            run.steps += steps
            run.iteration += 1
            run.seconds += share
            keep_pace(run, first)

    def work(self, steps: int) -> Tensor:
        """So many steps of the critic and one of the generator; losses, (runs, steps + 1)."""
        state = self.state | self.shared
        losses = [self.step("critic")(state, self.counter) for _ in range(steps)]
        losses.append(self.step("generator")(state, self.counter))
        return torch.stack([loss.reshape(-1) for loss in losses], 1)

    def launched(self, steps: int) -> Tensor:
        """The same on a GPU, from the third time on as one graph."""
        counter = self.counter
        if steps not in self.captured:
            draws = [run.draws for run in self.runs] if counter is None else []
            self.captured[steps] = Captured(partial(self.work, steps), draws)
        if counter is None:
            return self.captured[steps]()
        start = counter.fetch()
        losses = self.captured[steps]()
        moved = {player: step.moved for player, step in self.steps.items()}
        counter.leave(start + steps * moved.get("critic", 0) + moved["generator"])
        return losses

    def step(self, player: str) -> CompiledStep:
        """The step of that player now, compiled when it is first asked for."""
        if player not in self.steps:
            began = time.perf_counter()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # torch's, of its own ways
                    self.steps[player] = CompiledStep(self.runs, player)
            except NotCompiledError:
                raise
            except Exception as error:  # compilers raise whatever a network leads them to
                told = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise NotCompiledError(told) from error
            self.seconds += time.perf_counter() - began
        return self.steps[player]

    def bind(self) -> None:
        """Find the tensors of the runs, and make those of several runs slices of one."""
        first = self.runs[0]
        for player in first.players():
            rate = getattr(first, f"{player}_optimizer").param_groups[0]["lr"]
            self.shared[f"{player}_rate"].fill_(rate)
        self.shared["deviation"].fill_(self.config.noise_at(first.iteration))
        if self.state:
            return
        found = [tensors(run) for run in self.runs]
        for name, tensor in found[0].items():
            self.state[name] = tensor
            if len(found) > 1:
                self.state[name] = torch.stack([each[name] for each in found])
                for each, its in zip(found, self.state[name], strict=True):
                    each[name].data = its


def keep_pace(run: RunState, first: RunState) -> None:
    """Bring the rates of a run to where those of another of the same configuration are.

    (Torch's schedules take some 20 µs for a step, which is long where 64 runs are to take one.)
    """
    if run is first:
        return
    for player in run.players():
        theirs: Any = getattr(first, f"{player}_schedule")
        getattr(run, f"{player}_schedule").load_state_dict(theirs.state_dict())
        groups = (getattr(each, f"{player}_optimizer").param_groups[0] for each in (run, first))
        mine, its = groups
        mine["lr"] = its["lr"]
