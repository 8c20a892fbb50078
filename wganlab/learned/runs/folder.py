"""The folder of a run: what was asked, where it ran, what was measured, and how to go on.

    config.json        the configuration, all that a run depends on
    environment.json   versions, device, threads, and notes of whoever started it
    metrics.csv        a row an observation, flushed as it is written
    checkpoint.pt      networks, optimizers, schedules, random states, iteration
    samples/000100.npy generated points at an observation, or 64 images, bytes (64, h, w, c)
    events/            the same for TensorBoard, where the run is tracked (see `track`)

A checkpoint replaces the one before in one step, so that there is a whole one at any moment; rows
that were written after it are cut off when a run goes on. So a run that was killed and went on ends
in the same bits as one that was not, on the same machine with the same number of threads.
"""

from __future__ import annotations

import csv
import json
import math
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab.data.image_tensors import as_bytes
from wganlab.learned.runs.config import TrainConfig
from wganlab.learned.runs.track import Events

if TYPE_CHECKING:
    from torch import Tensor

    from wganlab.learned.runs.view import Row

SHEET = 64  # images that are kept at an observation
ROOM = 50_000_000  # bytes that must be free before a run starts


class RunFolder:
    """A run on disk; see the module's docstring for what lies where."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.events: Events | None = None

    @classmethod
    def create(
        cls,
        path: Path | str,
        config: TrainConfig,
        device: torch.device,
        notes: Mapping[str, Any] | None = None,
    ) -> RunFolder:
        """A new folder for a run that is about to start; `notes` go into environment.json.

        Raises
        ------
        ValueError
            If there is a run already.
        OSError
            If the folder cannot be written, or the disk is nearly full.
        """
        folder = cls(path)
        if folder.config_file.exists():
            raise ValueError(
                f"there is a run in {folder.path} already: give another name, or go on with it by "
                f"--resume {folder.path}"
            )
        told = {**_environment(device), "notes": dict(notes or {})}
        try:
            (folder.path / "samples").mkdir(parents=True, exist_ok=True)
            _replace(folder.path / "environment.json", json.dumps(told, indent=2))
        except OSError as error:
            raise OSError(f"{folder.path} cannot be written: {error.strerror or error}") from None
        free = shutil.disk_usage(folder.path).free
        if free < ROOM:
            raise OSError(
                f"only {free / 1e6:.0f} MB are free where {folder.path} is, and a run may need "
                f"{ROOM / 1e6:.0f} MB: make room, or give another place by --run"
            )
        _replace(folder.config_file, config.to_json())
        return folder

    @property
    def config_file(self) -> Path:
        """Where the configuration is."""
        return self.path / "config.json"

    @property
    def metrics_file(self) -> Path:
        """Where the rows are."""
        return self.path / "metrics.csv"

    @property
    def checkpoint_file(self) -> Path:
        """Where the last whole checkpoint is."""
        return self.path / "checkpoint.pt"

    @property
    def events_folder(self) -> Path:
        """Where the event files of a tracked run are."""
        return self.path / "events"

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
            return TrainConfig.from_json(self.config_file.read_text())
        except FileNotFoundError:
            raise ValueError(f"there is no run in {self.path}: it has no config.json") from None

    def environment(self) -> dict[str, Any]:
        """Where and with what the run was started, and its notes."""
        told: dict[str, Any] = json.loads((self.path / "environment.json").read_text())
        return told

    def rows(self) -> list[Row]:
        """All rows of metrics that are whole."""
        if not self.metrics_file.exists():
            return []
        with self.metrics_file.open(newline="") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or []
            whole = [row for row in reader if None not in row.values() and None not in row]
        try:
            return [{name: float(row[name]) for name in names} for row in whole]
        except ValueError:
            raise ValueError(f"{self.metrics_file} holds something that is no number") from None

    def columns(self) -> list[str]:
        """Their names."""
        with self.metrics_file.open(newline="") as file:
            return next(csv.reader(file), [])

    def append(self, row: Row) -> None:
        """Write one more row, at once; where it has other columns, those of both, nan for none."""
        if self.metrics_file.exists() and self.columns() != list(row):
            names = [*self.columns(), *(name for name in row if name not in self.columns())]
            rows = [
                {name: one.get(name, math.nan) for name in names} for one in [*self.rows(), row]
            ]
            _replace(self.metrics_file, _csv(rows, head=True))
        else:
            lines = _csv([row], head=not self.metrics_file.exists())
            with self.metrics_file.open("a", newline="") as file:
                file.write(lines)
        if self.events is not None:
            self.events.row(row)

    def keep_rows(self, iteration: int) -> list[Row]:
        """Cut off what was written after that iteration, in one step; returns what is left."""
        rows = [row for row in self.rows() if row["iteration"] <= iteration]
        if rows:
            _replace(self.metrics_file, _csv(rows, head=True))
        else:
            self.metrics_file.unlink(missing_ok=True)
        return rows

    def keep_samples(self, iteration: int, points: Tensor) -> None:
        """Generated points, shape (n, dim), as float32; of images the first, as bytes."""
        images = points.dim() == 4
        shown = as_bytes(points[:SHEET]) if images else points.cpu().numpy()
        np.save(self.path / "samples" / f"{iteration:06}.npy", shown)
        if self.events is not None:
            self.events.sheet(iteration, points)

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        beside = self.checkpoint_file.with_suffix(".tmp")
        with beside.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.checkpoint_file)

    def reached(self) -> int | None:
        """The iteration of the checkpoint, whose tensors are not read; None where there is none."""
        state = self.load(torch.device("cpu"), mmap=True)
        return None if state is None else int(state["iteration"])

    def load(self, device: torch.device, *, mmap: bool = False) -> dict[str, Any] | None:
        """The checkpoint; None where the run was stopped before its first one."""
        if not self.checkpoint_file.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(
                self.checkpoint_file, map_location=device, weights_only=True, mmap=mmap
            )
        except Exception as error:  # torch raises whatever a broken file leads it to
            raise ValueError(
                f"{self.checkpoint_file} cannot be read ({type(error).__name__}): it is no whole "
                "checkpoint"
            ) from None
        return state


def _csv(rows: list[Row], *, head: bool) -> str:
    """Rows of equal columns as lines, below their names with `head`."""
    lines = [",".join(repr(float(value)) for value in row.values()) for row in rows]
    return "\n".join([*([",".join(rows[0])] if head else []), *lines, ""])


def _replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".tmp")
    beside.write_text(text)
    beside.replace(path)


def _environment(device: torch.device) -> dict[str, Any]:
    packages = ("wganlab", "torch", "numpy", "scipy", "POT")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "threads": torch.get_num_threads(),
        **{name: metadata.version(name) for name in packages},
    }
