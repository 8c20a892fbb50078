"""The first iterations of a run, trained anew under its full configuration: what it is held by.

Schedules and noise are those of the whole length, and nothing is kept in a folder. On the machine
that the run was trained on, with as many threads, the numbers are the same bits. On another one
rounding differs, and training makes more of it at every step: `nudge` shows how much, as another
run whose first weights are off by that share of themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Generator

from wganlab.data import checks
from wganlab.learned.devices import resolve_device, thread_limit
from wganlab.learned.runs.loop import advance, warm_up
from wganlab.learned.runs.observing import observe, view_of
from wganlab.learned.runs.state import RunState
from wganlab.learned.runs.view import SHOWN, Observer, Row, samples_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.learned.runs.config import TrainConfig
    from wganlab.learned.runs.folder import RunFolder


@dataclass(frozen=True, eq=False)
class Moment:
    """A run at one of its iterations."""

    row: Row
    """As in metrics.csv."""
    samples: NDArray[Any]
    """As in the folder `samples`: bytes (64, h, w, c) of images, else points (n, dim)."""


def first_iterations(
    config: TrainConfig,
    moments: Collection[int],
    *,
    observers: Sequence[Observer] = (),
    device: str | torch.device = "auto",
    threads: int | None = 1,
    engine: str = "eager",
    nudge: float = 0.0,
) -> dict[int, Moment]:
    """Train up to the last of some iterations, and look at each of them.

    Parameters
    ----------
    config : TrainConfig
        Of the whole run.
    moments : collection of int
        Iterations, 0 for the start; none beyond the end of the run.
    observers, device, threads
        Those of `train`.
    engine : str
        "eager" for the gradients of `algorithm1`; with any other they are by hand.
    nudge : float
        Deviation of what the weights are multiplied by at the start, around 1.

    Raises
    ------
    ValueError
        If a moment is none of the run.
    """
    wanted = sorted(set(moments))
    for moment in wanted:
        checks.whole(0, most=config.iterations, moment=moment)
    training = RunState(config, resolve_device(device), by_hand=engine != "eager")
    if nudge:
        _nudge(training, nudge)
    found = {}
    with thread_limit(threads), training.seeded():
        warm_up(training)
        for moment in wanted:
            while training.iteration < moment:
                advance(training)
            training.refuse_infinite()
            row = observe(training, observers)
            found[moment] = Moment(row, samples_of(training.shown))
    return found


def drawn_again(kept: RunFolder, n: int = SHOWN) -> NDArray[Any]:
    """The samples of a run's last row, from the generator that its checkpoint or record has.

    Parameters
    ----------
    kept : RunFolder
        Of the run, trained on a CPU.
    n : int
        Points that its observers looked at.
    """
    config, state = kept.located(), kept.load(torch.device("cpu"))
    if state is None:
        raise ValueError(f"the run in {kept.path} was stopped before its first checkpoint")
    training = RunState(config, torch.device("cpu"), begins=False)
    shown = training.generator if training.average is None else training.average
    shown.load_state_dict(state["generator" if training.average is None else "average"])
    return samples_of(view_of(training, max(n, SHOWN)).fake)


@torch.no_grad()
def _nudge(training: RunState, share: float) -> None:
    draws = Generator().manual_seed(0)
    for network in training.networks():
        for weight in network.parameters():
            factors = 1 + share * torch.randn(weight.shape, generator=draws)
            weight.mul_(factors.to(weight.device))
