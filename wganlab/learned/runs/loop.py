"""Training runs: iterations of algorithm 1 (see `training`), observed, kept, and gone on with.

`train` observes every k iterations, keeps checkpoints, and `resume` goes on from the last of them.
It knows nothing of exact distances; observers do (`wganlab.compare.observers`).
"""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Generator, Tensor, nn
from tqdm import tqdm

from wganlab.data import checks
from wganlab.learned.runs.config import TrainConfig
from wganlab.learned.devices import resolve_device, thread_limit
from wganlab.learned.distributed import world
from wganlab.learned.fast.engine import Engine
from wganlab.learned.runs.folder import RunFolder
from wganlab.learned.runs.view import Row
from wganlab.learned.fast.trace import NotCompiledError, owned
from wganlab.learned.runs.track import summary_writer
from wganlab.learned.runs.state import RunDivergedError, RunState, generated
from wganlab.learned.runs.view import SHOWN, Observer

TOLD_TWICE = 10.0  # seconds

EngineName = Literal["eager", "compiled"]


@dataclass(frozen=True, eq=False)
class Run:
    """A run as it stands at its end."""

    config: TrainConfig
    """What was asked."""
    history: tuple[Row, ...] = field(repr=False)
    """A row an observation, by the names of metrics.csv."""
    generator: nn.Module = field(repr=False)
    """The generator, or its average, in evaluation mode."""
    critic: nn.Module | None = field(repr=False)
    """The critic in evaluation mode; None where the objective has none."""
    folder: Path | None = None
    """Where it is kept."""

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Generated points, shape (n, dim)."""
        with torch.no_grad():
            return generated(self.generator, self.config.latent, n, generator)


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
    engine: EngineName = "eager",
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
        "compiled" compiles the steps before the first of them, in up to half a minute, and is then
        several times as fast for small networks; the numbers are those of "eager" up to rounding
        (`wganlab.learned.fast.engine`). Where that cannot be done it warns, and trains eagerly.
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
    place = resolve_device(device)
    training = RunState(config, place, critic, generator, workers)
    if track:
        summary_writer()
        if folder is None:
            raise ValueError("track=True writes into the folder of the run: give folder= too")
    with thread_limit(threads):  # the folder tells how many
        kept = None
        if folder is not None:
            kept = world().by_first(lambda: RunFolder.create(folder, config, place, notes))
    (run,) = _run([_Going(training, kept, observers, track)], progress, threads, engine)
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
    engine: EngineName = "compiled",
) -> list[Run]:
    """Train one configuration with several seeds; compiled, all of them in one batched step.

    Each run is that of `train` with its seed, up to rounding, and in its folder it is kept in the
    same way. The other parameters are those of `train`. Eager runs follow one another.

    Raises
    ------
    RunDivergedError
        If a run did, when the others have come to their end.
    """
    place = resolve_device(device)
    trainings = [RunState(replace(config, seed=seed), place) for seed in seeds]
    if track:
        summary_writer()
        if folders is None:
            raise ValueError("track=True writes into the folders of the runs: give folders= too")
    paths = [None] * len(seeds) if folders is None else folders
    going = []
    with thread_limit(threads):
        for training, path in zip(trainings, paths, strict=True):
            kept = RunFolder.create(path, training.config, place, notes) if path else None
            going.append(_Going(training, kept, observers, track))
    return _run(going, progress, threads, engine)


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
    engine: EngineName = "eager",
    workers: int = 0,
) -> Run:
    """Go on with the run in a folder, from its last checkpoint to the end of its configuration.

    A run that was tracked is tracked further; with `track`, so is one that was not, its rows so far
    included. The other parameters are those of `train`; networks of your own are given again.
    """
    kept = RunFolder(folder)
    training, begun = _opened(kept, critic, generator, device, workers)
    track = world().by_first(lambda: track or kept.events_folder.exists())
    if track:
        summary_writer()
    rows = world().by_first(lambda: kept.keep_rows(training.iteration if begun else -1))
    (run,) = _run([_Going(training, kept, observers, track, rows)], progress, threads, engine)
    return run


def load_run(
    folder: Path | str,
    *,
    critic: nn.Module | None = None,
    generator: nn.Module | None = None,
    device: str | torch.device = "auto",
) -> Run:
    """The run in a folder as its last checkpoint has it, whether it came to its end or not.

    Raises
    ------
    ValueError
        If there is no run, it has no checkpoint yet, or it has networks of your own: give those.
    """
    kept = RunFolder(folder)
    training, begun = _opened(kept, critic, generator, device)
    if not begun:
        raise ValueError(f"the run in {folder} was stopped before its first checkpoint")
    rows = tuple(row for row in kept.rows() if row["iteration"] <= training.iteration)
    return Run(training.config, rows, *training.finished(), kept.path)


def _opened(
    kept: RunFolder,
    critic: nn.Module | None,
    generator: nn.Module | None,
    device: str | torch.device,
    workers: int = 0,
) -> tuple[RunState, bool]:
    """The run as its last checkpoint has it, and whether there is one."""
    place = resolve_device(device)
    # the folder may be within reach of the first process alone
    config, state = world().by_first(lambda: (kept.config(), kept.load(torch.device("cpu"))))
    training = RunState(config, place, critic, generator, workers)
    if state is None:
        return training, False
    try:
        training.load_state_dict(state)
    except (RuntimeError, KeyError):
        raise ValueError(
            f"the checkpoint in {kept.path} is not of the networks in its config.json: a run with "
            "networks of your own is opened from Python, by learned.resume or learned.load_run "
            "with critic= and generator="
        ) from None
    return training, True


def _tracked(
    folder: RunFolder | None, training: RunState, rows: list[Row]
) -> AbstractContextManager[None]:
    """Event files in that folder, below whose generated points are real ones; None for none."""
    if folder is None:
        return nullcontext()
    draws = Generator(training.device).manual_seed(training.watch)
    return folder.tracked(training.law.sample(SHOWN, draws).cpu(), rows)


@dataclass(eq=False)
class _Going:
    """A run on its way, with what is observed and kept of it."""

    training: RunState
    folder: RunFolder | None
    observers: Sequence[Observer]
    track: bool
    rows: list[Row] = field(default_factory=list)
    diverged: RunDivergedError | None = None
    observed: int = -1

    def observe(self) -> None:
        """A row, where one is due; of several processes the first makes it."""
        done, config = self.training.iteration, self.training.config
        if done % config.every and done != config.iterations:
            return
        if self.observed == done or (self.rows and self.rows[-1]["iteration"] == done):
            return
        self.observed = done
        self.training.refuse_infinite()
        if not self.training.world.first:
            return
        self.rows.append(self.training.observe(self.observers))
        if self.folder is not None:
            self.folder.append(self.rows[-1])
            self.folder.keep_samples(done, self.training.shown)

    def keep(self, interrupted: bool) -> None:
        """A checkpoint, where one is due."""
        done, config = self.training.iteration, self.training.config
        due = done % config.checkpoint == 0 or done == config.iterations or interrupted
        if self.folder is None or not due:
            return
        self.training.refuse_infinite()
        if self.training.world.first:
            self.folder.save(owned(self.training.state_dict()))

    def end(self) -> Run:
        """What it has become."""
        generator, critic = self.training.finished()
        path = self.folder.path if self.folder else None
        return Run(self.training.config, tuple(self.rows), generator, critic, path)


def _run(
    going: Sequence[_Going], progress: bool | None, threads: int | None, engine: EngineName
) -> list[Run]:
    """All of them, side by side where they are compiled."""
    checks.among(get_args(EngineName), engine=engine)
    runs = [each.training for each in going]
    with ExitStack() as opened:
        for each in going:
            tracked = each.track and each.training.world.first
            opened.enter_context(
                _tracked(each.folder if tracked else None, each.training, each.rows)
            )
        opened.enter_context(thread_limit(threads))
        made = _engine(runs, progress) if engine == "compiled" else None
        if made is not None:
            _loop(going, made.iterate, progress)
        else:
            for each in going:
                _loop([each], each.training.iterate, progress)
    for each in going:
        if each.diverged is not None:
            seed = f"seed {each.training.config.seed}: " if len(going) > 1 else ""
            raise RunDivergedError(f"{seed}{each.diverged}")
    return [each.end() for each in going]


def _engine(runs: Sequence[RunState], progress: bool | None) -> Engine | None:
    """The engine; where there is none for these runs, None and a warning."""
    disable = None if progress is None else not progress
    try:
        with tqdm(total=0, desc="compiling", bar_format="{desc}", disable=disable, leave=False):
            return Engine(runs)
    except NotCompiledError as error:
        warnings.warn(f"trained without the compiler: {error}", stacklevel=4)
        return None


def _loop(going: Sequence[_Going], iterate: Callable[[], None], progress: bool | None) -> None:
    """The loop over iterations; a run that diverges is left behind."""
    first, config = going[0].training, going[0].training.config
    disable = None if progress is None else not progress
    disable = disable if first.world.first else True
    bar = tqdm(total=config.iterations, initial=first.iteration, unit="it", disable=disable)
    with first.seeded(apart=True), _interruptible() as interrupted, bar:
        for each in going:
            each.training.warm_up()
        while True:
            _unless_diverged(going, _Going.observe)
            stopped = first.world.any(bool(interrupted))
            _unless_diverged(going, partial(_Going.keep, interrupted=stopped))
            if all(each.diverged for each in going) or first.iteration == config.iterations:
                break
            if stopped:
                raise KeyboardInterrupt
            if first.iteration % config.every == 0 and going[0].rows:
                bar.set_postfix(_told(going[0].rows[-1]), refresh=False)
            iterate()
            bar.update()


def _unless_diverged(going: Sequence[_Going], look: Callable[[_Going], None]) -> None:
    """Do it to every run that has not diverged; one that is found to have is marked."""
    for each in going:
        try:
            if each.diverged is None:
                look(each)
        except RunDivergedError as error:
            each.diverged = error


def _told(row: Row) -> dict[str, str]:
    """What the progress bar shows of a row."""
    shown = {"estimate": "estimate", "emd": "EM", "modes": "modes"}
    return {label: f"{row[name]:.3g}" for name, label in shown.items() if name in row}


@contextmanager
def _interruptible() -> Iterator[list[float]]:
    """A list that fills on Ctrl-C, so that an iteration ends before the run does.

    Of several processes also where torchrun ends them, or whatever has started it.
    """
    interrupted: list[float] = []
    # torchrun passes on to its processes what a terminal has told them already
    again = 0.0 if world().size == 1 else TOLD_TWICE
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def note(number: int, frame: Any) -> None:
        now = time.monotonic()
        if interrupted and now - interrupted[0] >= again:  # asked twice: at once
            raise KeyboardInterrupt
        interrupted.append(now)

    heeded = [signal.SIGINT] if world().size == 1 else [signal.SIGINT, signal.SIGTERM]
    before = [signal.signal(number, note) for number in heeded]
    try:
        yield interrupted
    finally:
        for number, handler in zip(heeded, before, strict=True):
            signal.signal(number, handler)
