"""Finished long runs become records: `python -m figures record [NAME...]`.

A record (`wganlab.learned.runs.record`) is named as `image_runs.kept` was called, with `-seedK`
where the seed is not 0: `wgan_dcgan`, `gan_mlp-seed1`. Its first iterations are trained anew
before it is kept, so that there are rows of them (`verify` says why), and so that no record is
kept that the code of now does not make.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from figures import verify
from figures.catalog import RECORDS
from figures.image_runs import record_name
from figures.provenance import ROOT
from wganlab import learned
from wganlab.learned.runs.record import MOMENTS, keep_record

if TYPE_CHECKING:
    from wganlab.learned.runs.view import Row

LIMIT = 12_000_000  # bytes of all records
STARTS = (1, 2, 3, 4)  # iterations with a row of their own
LONG_RUNS = ROOT / "figures" / "out" / "long" / "runs"


@dataclass(frozen=True)
class Keep:
    """Keep finished long runs as records, which figures are drawn from and `verify` looks at."""

    names: Positional[tuple[str, ...]] = ()
    """Of the records, as wgan_dcgan or gan_mlp-seed1; by default all runs at their end."""
    runs: Path = LONG_RUNS
    """Where the runs are."""
    records: Path = RECORDS
    """Where the records go; one that is there under the name of a run is replaced."""
    moments: int = MOMENTS
    """Sheets of each, evenly spread; one more for the row after the first."""

    def run(self) -> int:
        """Make the records, all or none; the exit code."""
        found = finished(self.runs, self.names)
        self.records.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.records, prefix=".") as folder:
            new = {
                name: made(run, Path(folder) / name, self.moments) for name, run in found.items()
            }
            total = refuse_more(new, self.records)
            for name, record in new.items():
                put(record, self.records / name)
        print(f"{len(new)} records kept; all are {total / 1e6:.2f} MB of {LIMIT / 1e6:.0f} MB")
        return 0


def finished(folder: Path, names: Sequence[str] = ()) -> dict[str, learned.RunFolder]:
    """Runs at their end, by the names of their records.

    Raises
    ------
    ValueError
        If there are none, or not all that are asked for, or two of one name.
    """
    found: dict[str, learned.RunFolder] = {}
    for file in sorted(folder.glob("*/config.json")):
        run = learned.RunFolder(file.parent)
        config = run.config()
        name = record_name(file.parent.name[:-13], config)  # without the digest
        if (run.reached() or 0) < config.iterations or (names and name not in names):
            continue
        if name in found:
            raise ValueError(
                f"{found[name].path} and {run.path} are both called {name}: delete the one that "
                "is out of date, or name them apart where they are trained"
            )
        found[name] = run
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"{', '.join(missing)}: no run in {folder} of that name is at its end")
    if not found:
        raise ValueError(f"no run in {folder} is at its end: make figures PROFILE=long trains some")
    return found


def made(run: learned.RunFolder, place: Path, moments: int = MOMENTS) -> Path:
    """A record of a run, which is verified.

    Raises
    ------
    ValueError
        If its first iterations are others by now.
    """
    threads = run.environment()["threads"]
    start = start_of(run)
    for notes in ({"by": verify.here(threads)}, {}):  # to the bit; else trained elsewhere
        shutil.rmtree(place, ignore_errors=True)
        record = keep_record(run.path, place, moments, start=start, notes=notes)
        found = verify.held(record)
        if all(one.fine for one in found):
            size = size_of(place)
            print(f"{place.name:<28} {size / 1e3:7.1f} kB, {'to the bit' if notes else 'near'}")
            return place
    wrong = ", ".join(one.name for one in found if not one.fine)
    raise ValueError(
        f"{run.path}: the code of now trains another run ({wrong}): train it anew, by "
        "make figures PROFILE=long"
    )


def start_of(run: learned.RunFolder) -> list[Row]:
    """Rows of its very first iterations, before the first one that it has itself."""
    config = run.config()
    own = {int(row["iteration"]) for row in run.rows()}
    some = [k for k in STARTS if k <= config.iterations and k < min(own - {0}, default=0)]
    rows = [moment.row for moment in verify.moments_of(run, some).values()] if some else []
    return [{name: row[name] for name in row if name != "seconds"} for row in rows]


def size_of(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def refuse_more(new: Mapping[str, Path], records: Path) -> int:
    """The bytes of all records with the new ones in place; ValueError beyond LIMIT."""
    there = [path.parent for path in records.glob("*/config.json") if path.parent.name not in new]
    sizes = {folder.name: size_of(folder) for folder in [*there, *new.values()]}
    total = sum(sizes.values())
    if total > LIMIT:
        largest = max(sizes, key=lambda name: sizes[name])
        raise ValueError(
            f"the records would be {total / 1e6:.2f} MB, and {LIMIT / 1e6:.0f} MB are the most: "
            f"keep fewer, or fewer --moments, or smaller networks ({largest} has "
            f"{sizes[largest] / 1e6:.2f} MB). Nothing has changed"
        )
    return total


def put(new: Path, place: Path) -> None:
    """In place of a record of that name, if there is one.

    Raises
    ------
    ValueError
        If something else is there.
    """
    old = new.with_name(f"{new.name}.old")
    if place.exists():
        there = learned.RunFolder(place)
        if not there.environment_file.exists() or "record" not in there.environment():
            raise ValueError(f"{place} is there already and no record: move it away")
        place.rename(old)
    os.rename(new, place)
