"""Training runs: iterations of algorithm 1 (see `training`), observed, kept, and gone on with.

`train` observes every k iterations, keeps checkpoints, and `resume` goes on from the last of them.
It knows nothing of exact distances; observers do (`wganlab.compare.observers`).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from tqdm import tqdm

from wganlab.learned.config import TrainConfig
from wganlab.learned.critic import resolve_device, thread_limit
from wganlab.learned.record import Row, RunFolder
from wganlab.learned.track import summary_writer
from wganlab.learned.training import Training, generated
from wganlab.learned.view import SHOWN, Observer


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
) -> Run:
    """Train a generator and its critic.

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
    """
    place = resolve_device(device)
    training = Training(config, place, critic, generator)
    if track:
        summary_writer()
        if folder is None:
            raise ValueError("track=True writes into the folder of the run: give folder= too")
    with thread_limit(threads):  # the folder tells how many
        kept = None if folder is None else RunFolder.create(folder, config, place, notes)
    with _tracked(kept if track else None, training, []):
        return _run(training, kept, [], observers, progress, threads)


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
) -> Run:
    """Go on with the run in a folder, from its last checkpoint to the end of its configuration.

    A run that was tracked is tracked further; with `track`, so is one that was not, its rows so far
    included. The other parameters are those of `train`; networks of your own are given again.
    """
    kept = RunFolder(folder)
    training, begun = _opened(kept, critic, generator, device)
    track = track or kept.events_folder.exists()
    if track:
        summary_writer()
    rows = kept.keep_rows(training.iteration if begun else -1)
    with _tracked(kept if track else None, training, rows):
        return _run(training, kept, rows, observers, progress, threads)


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
) -> tuple[Training, bool]:
    """The run as its last checkpoint has it, and whether there is one."""
    place = resolve_device(device)
    training = Training(kept.config(), place, critic, generator)
    state = kept.load(place)
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
    folder: RunFolder | None, training: Training, rows: list[Row]
) -> AbstractContextManager[None]:
    """Event files in that folder, below whose generated points are real ones; None for none."""
    if folder is None:
        return nullcontext()
    draws = Generator(training.device).manual_seed(training.watch)
    return folder.tracked(training.law.sample(SHOWN, draws).cpu(), rows)


def _run(
    training: Training,
    folder: RunFolder | None,
    rows: list[Row],
    observers: Sequence[Observer],
    progress: bool | None,
    threads: int | None,
) -> Run:
    """The loop over iterations, with what is observed and kept."""
    config = training.config
    disable = None if progress is None else not progress
    with thread_limit(threads), training.seeded(), _interruptible() as interrupted:
        bar = tqdm(total=config.iterations, initial=training.iteration, unit="it", disable=disable)
        with bar:
            training.warm_up()
            while True:
                done = training.iteration
                last = done == config.iterations
                if (done % config.every == 0 or last) and not (
                    rows and rows[-1]["iteration"] == done
                ):
                    rows.append(training.observe(observers))
                    if folder is not None:
                        folder.append(rows[-1])
                        folder.keep_samples(done, training.shown)
                    bar.set_postfix(_told(rows[-1]), refresh=False)
                if folder is not None and (done % config.checkpoint == 0 or last or interrupted):
                    training.refuse_infinite()
                    folder.save(training.state_dict())
                if last:
                    break
                if interrupted:
                    raise KeyboardInterrupt
                training.iterate()
                bar.update()
    generator, critic = training.finished()
    return Run(config, tuple(rows), generator, critic, folder.path if folder else None)


def _told(row: Row) -> dict[str, str]:
    """What the progress bar shows of a row."""
    shown = {"estimate": "estimate", "emd": "EM", "modes": "modes"}
    return {label: f"{row[name]:.3g}" for name, label in shown.items() if name in row}


@contextmanager
def _interruptible() -> Iterator[list[bool]]:
    """A list that fills on Ctrl-C, so that an iteration ends before the run does."""
    interrupted: list[bool] = []
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def note(number: int, frame: Any) -> None:
        if interrupted:  # asked twice: at once
            raise KeyboardInterrupt
        interrupted.append(True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
