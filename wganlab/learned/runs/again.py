"""Runs that are opened again: to go on with, or to look at.

A run goes on from its last checkpoint, on the data that it began on, under the configuration that
it was written under; its end alone can be moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import get_args

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.devices import resolve_device
from wganlab.learned.distributed import world
from wganlab.learned.runs.folder import RunFolder
from wganlab.learned.runs.going import Going, Run
from wganlab.learned.runs.loop import EngineName, enter, run_all
from wganlab.learned.runs.opened import as_kept
from wganlab.learned.runs.state import RunState
from wganlab.learned.runs.track import summary_writer
from wganlab.learned.runs.view import Observer


def resume(
    folder: Path | str,
    *,
    critic: nn.Module | None = None,
    generator: nn.Module | None = None,
    observers: Sequence[Observer] = (),
    track: bool = False,
    progress: bool | None = None,
    device: str | torch.device = "auto",
    threads: int | None = 1,
    engine: EngineName = "auto",
    workers: int = 0,
    iterations: int | None = None,
) -> Run:
    """Go on with the run in a folder, from its last checkpoint to the end of its configuration.

    A run that was tracked is tracked further; with `track`, so is one that was not, its rows so far
    included. The other parameters are those of `train`; networks of your own are given again.

    Parameters
    ----------
    iterations : int
        Another end, in iterations from the start, of a finished run too. Learning rates and noise
        go on as their schedules to that end have them; config.json has it from then on, and
        environment.json says where it was moved.

    Raises
    ------
    ValueError
        If there is no run, it is a record, its data has changed, its checkpoint is of another run,
        or it is beyond the end that is asked for; nothing has changed then.
    TakenError
        If another process writes it.
    """
    kept = RunFolder(folder)
    checks.among(get_args(EngineName), engine=engine)
    if iterations is not None:
        checks.whole(1, iterations=iterations)
    with ExitStack() as held:
        world().by_first(kept.refuse_record)
        world().by_first(lambda: _taken(held, kept))
        by_hand = engine != "eager"
        training, begun = _opened(kept, critic, generator, device, workers, by_hand, iterations)
        track = world().by_first(lambda: track or kept.events_folder.exists())
        if track:
            summary_writer()
        rows = world().by_first(lambda: kept.keep_rows(training.iteration if begun else -1))
        world().by_first(lambda: kept.end_at(training.config.iterations, training.iteration))
        (run,) = run_all([Going(training, kept, observers, track, rows)], progress, threads, engine)
    return run


def _taken(held: ExitStack, kept: RunFolder) -> None:
    """Hold the folder of a run that goes on."""
    enter(held, kept.alone())
    kept.mark(kept.config(), kept.data())


def load_run(
    folder: Path | str,
    *,
    critic: nn.Module | None = None,
    generator: nn.Module | None = None,
    device: str | torch.device = "auto",
    at: int | None = None,
) -> Run:
    """The run in a folder as its last checkpoint has it, whether it came to its end or not.

    Its data is not needed. A record's critic is None (`record`). With `at` it is the run as it was
    at that iteration, of a run that keeps every checkpoint.

    Raises
    ------
    ValueError
        If there is no run, it has no checkpoint yet, none of that iteration, or it has networks of
        your own: give those.
    """
    kept, place = RunFolder(folder), resolve_device(device)
    config, state = kept.config(), kept.load(place, at=at)
    if state is None:
        raise ValueError(f"the run in {folder} was stopped before its first checkpoint")
    shape = tuple(state["shape"]) if "shape" in state else config.law().shape
    try:
        networks = as_kept(config, state, shape, place, critic, generator)
    except (RuntimeError, KeyError):
        raise _other_networks(kept) from None
    rows = tuple(row for row in kept.rows() if row["iteration"] <= state["iteration"])
    return Run(config, rows, *networks, kept.path, tuple(state.get("classes", ())))


def _opened(
    kept: RunFolder,
    critic: nn.Module | None,
    generator: nn.Module | None,
    device: str | torch.device,
    workers: int = 0,
    by_hand: bool = True,
    iterations: int | None = None,
) -> tuple[RunState, bool]:
    """The run as its last checkpoint has it, to another end if one is given; is there one?"""
    place = resolve_device(device)
    # the folder may be within reach of the first process alone
    config, state = world().by_first(lambda: (kept.located(), kept.load(torch.device("cpu"))))
    reached = 0 if state is None else state["iteration"]
    if iterations is not None:
        if iterations < reached:
            raise ValueError(
                f"the run in {kept.path} is at iteration {reached:,} already: give --iterations of "
                "more than that, counted from its start"
            )
        config = replace(config, iterations=iterations)
    training = RunState(config, place, critic, generator, workers, by_hand, begins=state is None)
    if state is None:
        return training, False
    try:
        training.load_state_dict(state)
    except (RuntimeError, KeyError):
        raise _other_networks(kept) from None
    return training, True


def _other_networks(kept: RunFolder) -> ValueError:
    return ValueError(
        f"the checkpoint in {kept.path} is not of the networks in its config.json: a run with "
        "networks of your own is opened from Python, by learned.resume or learned.load_run with "
        "critic= and generator="
    )
