"""Records: finished runs without what only training needs, small enough to be handed on.

A record is the folder of a run (`folder`), and is opened, sampled from and listed as one:

    config.json        as it was
    environment.json   as it was, and what the record keeps: `record`
    metrics.csv        as it was, to the bit
    samples/           of a few moments alone, the first row, the one after it and the last
                       included; 24 points each, of the last all
    checkpoint.pt      the generator that is shown (its average, where there is one), matrices and
                       filters as float16, and the iteration; no critic, no optimizers
    start.csv          rows of the first iterations, where they are given (`replay` makes them)
    bracket.json       as it was, where there is one

So nobody can go on with it, and nothing can be asked of its critic. Weights of a float16 are off by
up to 2^-11 of themselves; how far the images are off is told in `environment.json`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from wganlab.data import checks
from wganlab.learned.runs import checkpoint, metrics
from wganlab.learned.runs.again import load_run
from wganlab.learned.runs.folder import RunFolder

if TYPE_CHECKING:
    from wganlab.learned.runs.view import Row

MOMENTS = 6  # with a sheet, evenly spread in rows
SHOWN = 64  # images that the rounding of weights is told by
FEW = 24  # points of a moment but the last
START, BRACKET = "start.csv", "bracket.json"
MARKS: tuple[str, ...] = ("config", "digest", "shape", "classes")  # of a checkpoint: whose it is
AS_THEY_ARE = ("config.json", "metrics.csv", BRACKET)


def keep_record(
    run_folder: Path | str,
    record_folder: Path | str,
    moments: int = MOMENTS,
    *,
    start: Sequence[Row] = (),
    notes: Mapping[str, Any] | None = None,
) -> RunFolder:
    """Make a record of a finished run; it is there whole or not at all.

    Parameters
    ----------
    run_folder : path
        Of the run, which stays as it is.
    record_folder : path
        Where the record is to be: nothing is there yet.
    moments : int
        With a sheet, at least 2; one more for the row after the first.
    start : sequence of rows
        Of the first iterations, for `start.csv`.
    notes : mapping
        Plain values for what `environment.json` tells of the record.

    Raises
    ------
    ValueError
        If there is no run, it is not at its end or a record itself, its weights are beyond float16,
        or there is something in `record_folder`.
    """
    checks.whole(2, moments=moments)
    kept, place = RunFolder(run_folder), Path(record_folder)
    state = _finished(kept)
    there = sheets(kept)
    some = _spread(there, moments)
    with _made(place) as part:
        for name in AS_THEY_ARE:
            if (kept.path / name).is_file():
                shutil.copyfile(kept.path / name, part / name)
        (part / "samples").mkdir()
        for iteration in some:
            name = sheet_name(iteration)
            sheet = np.load(kept.path / "samples" / name)
            np.save(part / "samples" / name, sheet if iteration == some[-1] else sheet[:FEW])
        if start:
            metrics.write(part / START, list(start))
        checkpoint.save(part / "checkpoint.pt", state)
        told = {"weights": "float16", "moments": some, **(notes or {})}
        environment = {**kept.environment(), "record": told}
        _write_json(part / "environment.json", environment)
        told["images_off_by"] = _off_by(kept.path, part)
        _write_json(part / "environment.json", environment)
    return RunFolder(place)


def sheets(kept: RunFolder) -> list[int]:
    """The iterations of whose samples there is a file, in order."""
    return sorted(int(path.stem) for path in (kept.path / "samples").glob("*.npy"))


def sheet_name(iteration: int) -> str:
    """Of the file of its samples."""
    return f"{iteration:06}.npy"


def start_rows(kept: RunFolder) -> list[Row]:
    """The rows of its first iterations; none where they were not kept."""
    return metrics.read(kept.path / START)


def _finished(kept: RunFolder) -> dict[str, Any]:
    """What a record has as its checkpoint.

    Raises
    ------
    ValueError
        If the run is not at its end, or its generator cannot be rounded.
    """
    kept.refuse_record()
    config, state = kept.config(), kept.load(torch.device("cpu"))
    reached = -1 if state is None else int(state["iteration"])
    if state is None or reached < config.iterations:
        at = f"at iteration {max(reached, 0):,} of {config.iterations:,}"
        raise ValueError(
            f"the run in {kept.path} is {at}: a record is made of a run that is at its end"
        )
    shown = "average" if config.average else "generator"
    weights = {name: _rounded(tensor) for name, tensor in state[shown].items()}
    if not all(bool(tensor.isfinite().all()) for tensor in weights.values()):
        raise ValueError(
            f"the generator in {kept.path} has weights beyond 65,504, the most that a float16 "
            "can be: no record is made of it"
        )
    marks = {name: state[name] for name in MARKS if name in state}
    return {"record": "float16", "iteration": reached, shown: weights, **marks}


def _rounded(tensor: Tensor) -> Tensor:
    """Matrices and filters as float16; what is little, as means of batch norm, as it is."""
    return tensor.half() if tensor.is_floating_point() and tensor.dim() > 1 else tensor.clone()


def _spread(there: Sequence[int], moments: int) -> list[int]:
    """So many of them, evenly spread; the first, the second and the last are among them."""
    if not there:
        raise ValueError("the run has no samples: a record needs some")
    places = {round(k * (len(there) - 1) / (moments - 1)) for k in range(moments)}
    return [there[place] for place in sorted(places | {min(1, len(there) - 1)})]


def _off_by(run: Path, record: Path) -> float:
    """The largest difference between pixels, or coordinates, that the same noise becomes."""
    points = [
        load_run(folder, device="cpu").sample(SHOWN, Generator().manual_seed(0))
        for folder in (run, record)
    ]
    return float(f"{(points[0] - points[1]).abs().max().item():.1e}")


def _write_json(path: Path, told: dict[str, Any]) -> None:
    path.write_text(json.dumps(told, indent=2), encoding="utf-8")


@contextmanager
def _made(place: Path) -> Iterator[Path]:
    """A folder beside `place`, which takes that name at the end; gone where that fails."""
    if place.is_symlink() or place.exists():
        raise ValueError(f"{place} is there already: give another folder, or move it away")
    part = place.with_name(f".{secrets.token_hex(6)}.part")
    part.mkdir(parents=True)
    try:
        yield part
        os.rename(part, place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
