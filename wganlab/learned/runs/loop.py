"""Training runs: iterations of `algorithm1`, observed, kept, and gone on with.

`train` observes every k iterations and keeps checkpoints; `again` goes on from the last of them.
It knows nothing of exact distances; observers do (`wganlab.compare.truth_observers`).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import nn
from tqdm import tqdm

from wganlab.data import checks
from wganlab.learned.algorithm1 import iterate
from wganlab.learned.devices import resolve_device, thread_limit
from wganlab.learned.distributed import world
from wganlab.learned.fast.engine import Engine, pays
from wganlab.learned.fast.trace import NotCompiledError
from wganlab.learned.runs.config import TrainConfig
from wganlab.learned.runs.folder import RunFolder
from wganlab.learned.runs.going import Going, Run
from wganlab.learned.runs.interruption import interruptible
from wganlab.learned.runs.state import RunDivergedError, RunState
from wganlab.learned.runs.tracing import traced
from wganlab.learned.runs.track import summary_writer
from wganlab.learned.runs.view import Observer

EngineName = Literal["auto", "eager", "by-hand", "compiled"]


def train(
    config: TrainConfig,
    *,
    critic: nn.Module | None = None,
    generator: nn.Module | None = None,
    observers: Sequence[Observer] = (),
    folder: Path | str | None = None,
    notes: Mapping[str, Any] | None = None,
    track: bool = False,
    progress: bool | None = None,
    device: str | torch.device = "auto",
    threads: int | None = 1,
    engine: EngineName = "auto",
    workers: int = 0,
) -> Run:
    """Train a generator and its critic.

    In a script started by torchrun, within `distributed.joined()`, all processes call it alike and
    train one run.

    Parameters
    ----------
    config : TrainConfig
        What to train; `PRESETS` has the field's recipes.
    critic, generator : nn.Module
        Networks of your own in place of the configured ones, trained in place. The generator maps
        noise of shape (n, latent) to points (n, dim), the critic points to (n,) or (n, 1).
    observers : sequence of callables
        Each maps a `View` to named numbers, which go into the row of an observation.
    folder : path
        Where to keep the run, so that `resume` can go on with it; nowhere by default.
    notes : mapping
        Plain values to keep in its environment.json, as what the observers were made with.
    track : bool
        Write event files for TensorBoard into the folder; needs the extra `track`.
    progress : bool
        A progress bar; by default where there is a terminal.
    device : str
        "auto" is a GPU where there is one.
    threads : int
        Of torch while it trains; None leaves them as they are.
    engine : str
        What computes the steps; the numbers are the same up to rounding. "eager" is
        `wganlab.learned.algorithm1` as it stands, by plain autograd; "by-hand" has the gradients of
        chains of layers written down (`fast.seam`); "compiled" compiles the steps before the first
        of them, in up to half a minute, and is then several times as fast for small networks
        (`fast.engine`); where that cannot be done it warns, and goes on by hand. "auto" is
        "compiled" for perceptrons in runs so long that it pays, else "by-hand".
    workers : int
        Processes that read images ahead. With 0 images are kept on the device; those of a set that
        takes more than half of a GPU's memory are read by two.

    Raises
    ------
    ValueError
        If a combination of options makes no sense; before any work is done.
    ModuleNotFoundError
        If the run is to be tracked without TensorBoard; before any work is done.
    OSError
        If the folder cannot be written; before any work is done.
    RunDivergedError
        If a loss is no longer finite. The last checkpoint stays.
    LostError
        If another process of the run has ended. The last checkpoint stays.
    """
    checks.among(get_args(EngineName), engine=engine)
    place = resolve_device(device)
    training = RunState(config, place, critic, generator, workers, by_hand=engine != "eager")
    if track:
        summary_writer()
        if folder is None:
            raise ValueError("track=True writes into the folder of the run: give folder= too")
    with ExitStack() as held:
        kept = _begun(held, training, folder, notes, threads)
        (run,) = run_all([Going(training, kept, observers, track)], progress, threads, engine)
    return run


def train_seeds(
    config: TrainConfig,
    seeds: Sequence[int],
    *,
    observers: Sequence[Observer] = (),
    folders: Sequence[Path | str] | None = None,
    notes: Mapping[str, Any] | None = None,
    track: bool = False,
    progress: bool | None = None,
    device: str | torch.device = "auto",
    threads: int | None = 1,
    engine: EngineName = "auto",
) -> list[Run]:
    """Train one configuration with several seeds; compiled, all of them in one batched step.

    Each run is that of `train` with its seed, up to rounding, and in its folder it is kept in the
    same way. The other parameters are those of `train`. Without the compiler runs follow one
    another.

    Raises
    ------
    RunDivergedError
        If a run did, when the others have come to their end.
    """
    place = resolve_device(device)
    by_hand = engine != "eager"
    checks.among(get_args(EngineName), engine=engine)
    trainings = [RunState(replace(config, seed=seed), place, by_hand=by_hand) for seed in seeds]
    if track:
        summary_writer()
        if folders is None:
            raise ValueError("track=True writes into the folders of the runs: give folders= too")
    paths = [None] * len(seeds) if folders is None else folders
    with ExitStack() as held:
        going = [
            Going(training, _begun(held, training, path, notes, threads), observers, track)
            for training, path in zip(trainings, paths, strict=True)
        ]
        return run_all(going, progress, threads, engine)


def _begun(
    held: ExitStack,
    training: RunState,
    path: Path | str | None,
    notes: Mapping[str, Any] | None,
    threads: int | None,
) -> RunFolder | None:
    """The folder of a run that starts, held by the first process alone; None for nowhere."""
    if path is None:
        return None
    kept = RunFolder(path)
    with thread_limit(threads):  # the folder tells how many
        begun = kept.begun(training.config, training.law, training.device, notes)
        world().by_first(lambda: enter(held, begun))
    return kept


def enter(held: ExitStack, context: AbstractContextManager[None]) -> None:
    """What other processes are told of it is nothing."""
    held.enter_context(context)


def run_all(
    going: Sequence[Going], progress: bool | None, threads: int | None, engine: EngineName
) -> list[Run]:
    """All of them, side by side where they are compiled."""
    runs = [each.training for each in going]
    with ExitStack() as opened:
        for each in going:
            tracked = each.track and each.training.world.first
            opened.enter_context(each.tracked() if tracked else nullcontext())
        opened.enter_context(thread_limit(threads))
        made = _compiled(runs, progress, engine)
        if made is not None:
            _loop(going, made.iterate, progress)
        else:
            for each in going:
                _loop([each], partial(advance, each.training), progress)
    for each in going:
        if each.diverged is not None:
            seed = f"seed {each.training.config.seed}: " if len(going) > 1 else ""
            raise RunDivergedError(f"{seed}{each.diverged}")
    return [each.end() for each in going]


def advance(run: RunState) -> None:
    """One iteration, its time, and before an observation what the critic's steps are like."""
    began = time.perf_counter()
    with ExitStack() as around:
        if run.world.size > 1:
            around.enter_context(run.world.sharded())
        if run.is_traced():
            around.enter_context(traced(run))
        iterate(run)
    run.seconds += time.perf_counter() - began


def _compiled(runs: Sequence[RunState], progress: bool | None, engine: EngineName) -> Engine | None:
    """The engine, if the runs are to be compiled; a warning where that was asked for and fails."""
    if engine != "compiled" and not (engine == "auto" and pays(runs)):
        return None
    disable = None if progress is None else not progress
    try:
        with tqdm(total=0, desc="compiling", bar_format="{desc}", disable=disable, leave=False):
            return Engine(runs, advance)
    except NotCompiledError as error:
        if engine == "compiled":
            warnings.warn(f"trained without the compiler: {error}", stacklevel=4)
        return None


def _loop(going: Sequence[Going], iterate: Callable[[], None], progress: bool | None) -> None:
    """The loop over iterations; a run that diverges is left behind."""
    first, config = going[0].training, going[0].training.config
    disable = None if progress is None else not progress
    disable = disable if first.world.first else True
    bar = tqdm(total=config.iterations, initial=first.iteration, unit="it", disable=disable)
    with first.seeded(apart=True), interruptible() as interrupted, bar:
        for each in going:
            warm_up(each.training)
        while True:
            _unless_diverged(going, Going.observe)
            stopped = first.world.any(bool(interrupted))
            _unless_diverged(going, partial(Going.keep, interrupted=stopped))
            if all(each.diverged for each in going) or first.iteration >= config.iterations:
                break
            if stopped:
                raise KeyboardInterrupt
            if first.iteration % config.every == 0 and going[0].rows:
                bar.set_postfix(going[0].told(), refresh=False)
            iterate()
            bar.update()


def warm_up(run: RunState) -> None:
    """The critic's steps before iteration 0, where they have not been taken."""
    began = time.perf_counter()
    run.deviation = run.config.noise_at(0)
    with run.world.sharded():
        while run.steps < run.config.warm_up:
            run.losses.append(run.critic_step(run))
    run.seconds += time.perf_counter() - began


def _unless_diverged(going: Sequence[Going], look: Callable[[Going], None]) -> None:
    """Do it to every run that has not diverged; one that is found to have is marked."""
    for each in going:
        try:
            if each.diverged is None:
                look(each)
        except RunDivergedError as error:
            each.diverged = error
