"""Training runs side by side, each in a process of its own, or compiled together in this one.

A Ctrl-C reaches this process alone. It closes its end of a pipe to every run, and so it does when
it is killed; the run then ends its iteration, keeps a checkpoint, and ends.
"""

from __future__ import annotations

import _thread
import contextlib
import multiprocessing
import os
import pickle
import threading
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from wganlab.learned import TrainConfig
    from wganlab.learned.runs.loop import EngineName
    from wganlab.learned.runs.view import Row

BETWEEN = 0.5  # seconds between two looks at the folders


@dataclass(frozen=True)
class Job:
    """A run to be trained."""

    config: TrainConfig
    """What to train."""
    folder: Path
    """Where to keep it."""
    n: int
    """Points of the exact EM."""
    device: str
    """Of torch."""
    threads: int
    """Of torch."""
    track: bool = False
    """Write event files for TensorBoard."""
    engine: EngineName = "auto"
    """Of training."""
    workers: int = 0
    """Processes that read images."""

    def run(self, progress: bool | None = None) -> None:
        """Train it in this process."""
        from wganlab import learned
        from wganlab.commands.usual_observers import watch

        learned.train(
            self.config,
            observers=watch(self.config, self.n),
            folder=self.folder,
            notes={"n": self.n, "engine": self.engine},
            track=self.track,
            progress=progress,
            device=self.device,
            threads=self.threads,
            engine=self.engine,
            workers=self.workers,
        )


def side_by_side(jobs: Sequence[Job], at_once: int, iterations: int) -> dict[Path, str]:
    """Train them all; what went wrong, by folder."""
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    waiting, failed = list(reversed(jobs)), {}
    running: dict[Any, tuple[Any, Job]] = {}
    total = iterations * len(jobs)
    try:
        with tqdm(total=total, unit="it", disable=None) as bar:
            while waiting or running:
                while waiting and len(running) < at_once:
                    job = waiting.pop()
                    ours, theirs = spawn.Pipe()
                    process = spawn.Process(
                        target=_work, args=(pickle.dumps(job), theirs), daemon=True
                    )
                    process.start()
                    theirs.close()
                    running[ours] = process, job
                for link in wait(list(running), timeout=BETWEEN):
                    process, job = running[link]
                    told = _outcome(link, process)
                    del running[link]
                    if told:
                        failed[job.folder] = told
                _show(bar, [job.folder for job in jobs])
    finally:
        for link in running:
            link.close()
        for process, _ in running.values():
            process.join()
    return failed


def together(jobs: Sequence[Job], config: TrainConfig) -> dict[Path, str]:
    """Train them in this process, as one batch; they differ in their seeds. What went wrong."""
    from wganlab import learned
    from wganlab.commands.usual_observers import watch

    first = jobs[0]
    try:
        learned.train_seeds(
            config,
            [job.config.seed for job in jobs],
            observers=watch(config, first.n),
            folders=[job.folder for job in jobs],
            notes={"n": first.n, "engine": first.engine},
            track=first.track,
            device=first.device,
            threads=first.threads,
            engine=first.engine,
        )
    except learned.RunDivergedError as error:
        kept = {job.folder: learned.RunFolder(job.folder).rows() for job in jobs}
        whole = {folder for folder, rows in kept.items() if rows and _ended(rows[-1], config)}
        return {job.folder: str(error) for job in jobs if job.folder not in whole}
    return {}


def _ended(row: Row, config: TrainConfig) -> bool:
    return row["iteration"] >= config.iterations


def _outcome(link: Any, process: Any) -> str:
    """What the run says at its end, nothing if all is well."""
    try:
        told = str(link.recv())
    except EOFError:
        told = "its process was killed"
    process.join()
    link.close()
    return told


def _show(bar: Any, folders: Sequence[Path]) -> None:
    """How far all of them are together, by what they have written."""
    if bar.disable:
        return
    from wganlab.learned import RunFolder

    rows = [rows[-1] for rows in (RunFolder(folder).rows() for folder in folders) if rows]
    told = " ".join(f"{row['emd']:.3g}" for row in rows)
    bar.set_postfix_str(f"EM {told}" if told else "starting", refresh=False)
    bar.update(sum(int(row["iteration"]) for row in rows) - bar.n)


def _work(pickled: bytes, link: Connection) -> None:
    """What a process does: the job, which loads torch, and a word about how it ended."""
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # out of reach of the terminal's Ctrl-C
    threading.Thread(target=_stop_when_closed, args=(link,), daemon=True).start()
    told = ""
    try:
        job: Job = pickle.loads(pickled)
        job.run(progress=False)
    except KeyboardInterrupt:
        told = "interrupted"
    except (ValueError, OSError, RuntimeError, MemoryError, ArithmeticError) as error:
        told = str(error) or type(error).__name__
    with contextlib.suppress(OSError):
        link.send(told)


def _stop_when_closed(link: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        link.recv()
    _thread.interrupt_main()
