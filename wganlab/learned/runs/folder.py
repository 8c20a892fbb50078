"""The folder of a run: what was asked, where it ran, what was measured, and how to go on.

    config.json        the configuration, all that a run depends on
    environment.json   versions, device, threads, what the data is and where, and notes of whoever
                       started it
    metrics.csv        a row an observation, flushed as it is written
    losses.csv         the players' losses, a row an iteration (`losses`)
    checkpoint.pt      networks, optimizers, schedules, random states, iteration; the configuration
                       and a digest of the data that they are of
    checkpoints/       every checkpoint, 000500.pt for iteration 500, where they are asked for
    samples/000100.npy generated points at an observation; 64 images, bytes (64, h, w, c); of lines
                       of text the codes of their characters, (n, length)
    events/            the same for TensorBoard, where the run is tracked (see `track`)
    bracket.json       a bracket around W1 of the laws of generator and data, and the iteration it
                       is of (`commands/run_bracket`)

A checkpoint replaces the one before in one step, so that there is a whole one at any moment; rows
that were written after it are cut off when a run goes on. So a run that was killed and went on ends
in the same bits as one that was not, on the same machine with the same number of threads. A run has
one writer at a time, and a folder nothing that is not the run's is written over.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import torch

from wganlab.alone import alone
from wganlab.data.alphabet import Alphabet
from wganlab.learned.runs import checkpoint, environment, losses, metrics, origin
from wganlab.learned.runs.config import TrainConfig
from wganlab.learned.runs.keeping import kept, text, whole
from wganlab.learned.runs.losses import LossRow
from wganlab.learned.runs.track import Events
from wganlab.learned.runs.view import samples_of

if TYPE_CHECKING:
    from torch import Tensor

    from wganlab.data.set_laws import SetLaw
    from wganlab.data.toys import Toy
    from wganlab.learned.runs.view import Row

ROOM = 50_000_000  # bytes that must be free before a run starts
TABLES = ("metrics.csv", "losses.csv")
FOLDERS = (checkpoint.FOLDER, "samples", "events")
KEPT = ("config.json", "environment.json", *TABLES, "checkpoint.pt", *FOLDERS)
PICTURES = ("samples.png", "samples.txt", "curve.png", "nearest.png", "player.html")
DRAWN = (*PICTURES, "bracket.json", "attributes.csv")


class RunFolder:
    """A run on disk; see the module's docstring for what lies where."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.events: Events | None = None
        self.marks: dict[str, Any] = {}  # what a checkpoint says of where it belongs

    @property
    def config_file(self) -> Path:
        """Where the configuration is."""
        return self.path / "config.json"

    @property
    def environment_file(self) -> Path:
        """Where is told what it ran on."""
        return self.path / "environment.json"

    @property
    def metrics_file(self) -> Path:
        """Where the rows are."""
        return self.path / "metrics.csv"

    @property
    def losses_file(self) -> Path:
        """Where the losses are."""
        return self.path / "losses.csv"

    @property
    def checkpoint_file(self) -> Path:
        """Where the last whole checkpoint is."""
        return self.path / "checkpoint.pt"

    @property
    def events_folder(self) -> Path:
        """Where the event files of a tracked run are."""
        return self.path / "events"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be its only writer.

        Raises
        ------
        TakenError
            If another process writes it; the message says which.
        """
        if not self.config_file.exists():
            self._refuse_nothing()
        way = f"wait for its end or stop it, then go on by train --resume {self.path}"
        with alone(self.path / ".writer", f"the run in {self.path}", way):
            yield

    @contextmanager
    def begun(
        self,
        config: TrainConfig,
        law: Toy | SetLaw,
        device: torch.device,
        notes: Mapping[str, Any] | None = None,
    ) -> Iterator[None]:
        """Be the only writer of a run that is about to start; `notes` go into environment.json.

        Where that fails before there is a row or a checkpoint, nothing of it stays.

        Raises
        ------
        ValueError
            If there is a run already, or something else by one of a run's names.
        OSError
            If the folder cannot be written, or the disk is nearly full.
        TakenError
            If another process writes there.
        """
        new = not self.path.exists()
        with kept(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        try:
            way = "give another name by --run"
            with alone(self.path / ".writer", f"the run in {self.path}", way):
                self._refuse_what_is_there()
                try:
                    self._write_start(config, law, device, notes)
                    yield
                except Exception:
                    self._forget_a_failed_start()
                    raise
        finally:
            if new:
                with suppress(OSError):  # there is something in it
                    self.path.rmdir()

    def _refuse_what_is_there(self) -> None:
        if self.config_file.exists():
            raise ValueError(
                f"there is a run in {self.path} already: give another name, or go on with it by "
                f"--resume {self.path}"
            )
        for name in (*KEPT, *DRAWN):
            there = self.path / name
            if there.is_symlink() or (there.exists() and not _empty(there)):
                raise ValueError(
                    f"{there} is there already and of no run, which would write over it: give "
                    "another folder, or move it away"
                )

    def _write_start(
        self,
        config: TrainConfig,
        law: Toy | SetLaw,
        device: torch.device,
        notes: Mapping[str, Any] | None,
    ) -> None:
        free = shutil.disk_usage(self.path).free
        if free < ROOM:
            raise OSError(
                f"only {free / 1e6:.0f} MB are free where {self.path} is, and a run may need "
                f"{ROOM / 1e6:.0f} MB: make room, or give another place by --run"
            )
        data = origin.told(config, law, self.path)
        with kept(self.path):
            (self.path / "samples").mkdir(exist_ok=True)
        self._put_environment(
            {**environment.here(device), "data": data, "notes": dict(notes or {})}
        )
        self.put_config(config, data)

    def _forget_a_failed_start(self) -> None:
        if self.metrics_file.exists() or self.checkpoint_file.exists():
            return
        for name in KEPT:
            place = self.path / name
            with suppress(OSError):
                if place.is_dir():
                    shutil.rmtree(place)
                else:
                    place.unlink()

    def put_config(self, config: TrainConfig, data: Mapping[str, Any]) -> None:
        """Write the configuration, and remember what checkpoints belong to."""
        with whole(self.config_file) as part:
            part.write_text(config.to_json(), encoding="utf-8")
        self.mark(config, data)

    def mark(self, config: TrainConfig, data: Mapping[str, Any]) -> None:
        """Remember what checkpoints belong to."""
        names = ("digest", "shape", "classes")
        self.marks = {name: data[name] for name in names if name in data}
        self.marks["config"] = config.to_json()

    def end_at(self, iterations: int, reached: int) -> None:
        """Write another end into config.json, and a note of it into environment.json."""
        config = self.config()
        if iterations == config.iterations:
            return
        told = self.environment()
        change = {"at": reached, "from": config.iterations, "to": iterations}
        told["lengthened"] = [*told.get("lengthened", []), change]
        self._put_environment(told)
        self.put_config(replace(config, iterations=iterations), self.data())

    def _put_environment(self, told: Mapping[str, Any]) -> None:
        with whole(self.environment_file) as part:
            part.write_text(json.dumps(told, indent=2), encoding="utf-8")

    @contextmanager
    def tracked(self, real: Tensor, rows: list[Row]) -> Iterator[None]:
        """Write event files beside what is kept; `rows` are those that the run goes on from."""
        self.events = Events(self.events_folder, self.config(), real, rows)
        try:
            yield
        finally:
            self.events.writer.close()
            self.events = None

    def config(self) -> TrainConfig:
        """The configuration; ValueError where there is no run."""
        try:
            content = text(self.config_file)
        except (FileNotFoundError, NotADirectoryError):
            self._refuse_nothing()
        try:
            return TrainConfig.from_json(content)
        except ValueError as error:
            raise ValueError(f"{self.config_file}: {error}") from None

    def _refuse_nothing(self) -> NoReturn:
        raise ValueError(f"there is no run in {self.path}: it has no config.json") from None

    def refuse_record(self) -> None:
        """ValueError if it is a record (`record`), which nobody can go on with."""
        if self.environment_file.exists() and "record" in self.environment():
            raise ValueError(
                f"the run in {self.path} is a record: it has no critic and no optimizers to go on "
                "with. Train it anew, by learned.train on the configuration in its config.json"
            )

    def located(self) -> TrainConfig:
        """The configuration with its data where that is now.

        Raises
        ------
        ValueError
            If there is no run, or its data is gone or has changed.
        """
        return origin.located(self.config(), self.data(), self.path)

    def data(self) -> dict[str, Any]:
        """What its data is and where it was; nothing of a run that older versions began."""
        told = self.environment().get("data", {}) if self.environment_file.exists() else {}
        return told if isinstance(told, dict) else {}

    def alphabet(self) -> Alphabet:
        """Of a run on text: what the codes of its characters stand for.

        Raises
        ------
        ValueError
            If its environment.json does not tell.
        """
        characters = self.data().get("characters")
        if not isinstance(characters, str):
            raise ValueError(f"{self.environment_file} does not tell the characters of the text")
        return Alphabet(characters)

    def environment(self) -> dict[str, Any]:
        """Where and with what the run was started, and its notes.

        Raises
        ------
        ValueError
            If that is gone or damaged.
        """
        return environment.read(self.environment_file)

    def rows(self) -> list[Row]:
        """All rows of metrics that are whole."""
        return metrics.read(self.metrics_file)

    def append(self, row: Row) -> None:
        """Write one more row, at once; where it has other columns, those of both, nan for none."""
        with kept(self.metrics_file):
            metrics.append(self.metrics_file, row)
        if self.events is not None:
            self.events.row(row)

    def keep_rows(self, iteration: int) -> list[Row]:
        """Cut off what was written after that iteration, in one step; returns what is left."""
        content = losses.until(self.losses_file, iteration)
        rows = metrics.keep(self.metrics_file, iteration)
        losses.replace(self.losses_file, content)
        return rows

    def losses(self) -> list[Row]:
        """The players' losses, a row an iteration, as `losses.csv` has them."""
        return metrics.read(self.losses_file)

    def append_losses(self, rows: Sequence[LossRow]) -> None:
        """Write the losses of more iterations, at once."""
        losses.append(self.losses_file, rows)

    def keep_samples(self, iteration: int, points: Tensor) -> None:
        """Generated points, shape (n, dim), as float32; see `samples_of`."""
        with whole(self.path / "samples" / f"{iteration:06}.npy") as part:
            np.save(part, samples_of(points))
        if self.events is not None and points.dim() != 3:  # of text there are numbers alone
            self.events.sheet(iteration, points)

    def save(self, state: dict[str, Any], *, every: bool = False) -> None:
        """Replace the checkpoint; with `every` it stays beside the later ones too.

        Raises
        ------
        NotKeptError
            If it cannot be written: the one before stays.
        """
        checkpoint.save(self.checkpoint_file, {**state, **self.marks}, every=every)

    def reached(self) -> int | None:
        """The iteration of the checkpoint, whose tensors are not read; None where there is none."""
        state = self.load(torch.device("cpu"), mmap=True)
        return None if state is None else int(state["iteration"])

    def load(
        self, device: torch.device, *, mmap: bool = False, at: int | None = None
    ) -> dict[str, Any] | None:
        """The checkpoint, or that of an iteration; None where the run was stopped before the first.

        Raises
        ------
        ValueError
            If it is not whole or there, or was written under another configuration.
        """
        last = self.checkpoint_file
        file = last if at is None else checkpoint.find(last, at)
        state = checkpoint.load(file, device, mmap=mmap)
        if state is not None and at not in (None, state["iteration"]):
            raise ValueError(f"{file} is of iteration {state['iteration']:,}: name it by that")
        if state is not None and "config" in state:
            theirs = TrainConfig.from_json(state["config"])
            origin.refuse_other(self.config(), theirs, self.path)
            origin.refuse_other_data(self.data(), state, self.path)
        return state


def _empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())
