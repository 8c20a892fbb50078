"""Records held against what their runs are now: `python -m figures verify [NAME...]`.

The first iterations of a record are trained anew, under its whole configuration, and every column
of its rows up to there and its sheets are compared; its last sheet is drawn again by the generator
that it keeps. The sheets in between are taken at their word: nothing but all of the training tells.

Numbers may differ by `EXACT` of the largest in their column where torch, processor and threads are
those that the record was made with: there they are the same bits. Elsewhere rounding differs, and
what becomes of that depends on the run. With two threads in place of one a GAN of DCGANs was off by
3e-7 of its numbers after 20 iterations, a WGAN-GP by 8e-4 after 12; a WGAN with clipping and
RMSProp, whose first steps have the sign of a gradient however small, by 2 % after 4 and 8 % after
6. So it is measured: runs whose first weights are off by `NUDGES` drift as far and farther, and a
row may be off by `TIMES` the farthest of them so far. What may be off by more than `BLIND` says
nothing, and is told. That is why a record keeps rows of its very first iterations. With the
instructions of older processors (`ATEN_CPU_CAPABILITY`, `ONEDNN_MAX_CPU_ISA`) records of four kinds
of runs stayed within what they may be off by.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tyro.conf import Positional

from figures.catalog import RECORDS
from figures.image_runs import Look
from wganlab import learned
from wganlab.data import checks
from wganlab.learned.runs.record import sheet_name, start_rows
from wganlab.learned.runs.replay import Moment, drawn_again, first_iterations

if TYPE_CHECKING:
    from wganlab.learned.runs.view import Row

EXACT = 1e-6
NUDGES, TIMES, BLIND = (1e-6, -1e-6, 1e-5), 10.0, 0.5
BYTES, BLIND_BYTES = 0.01, 20.0  # mean differences of pixels, of 256 levels
ROUNDED = 0.25  # the same of the last sheet, which weights of float16 draw


@dataclass(frozen=True)
class Held:
    """One column, or sheets, over some rows."""

    name: str
    difference: float
    allowed: float
    rows: int
    """That say something."""

    @property
    def fine(self) -> bool:
        """Is it within what is allowed?"""
        return self.difference <= self.allowed

    def __str__(self) -> str:
        told = f"differs by {self.difference:.1e} of {self.allowed:.1e} allowed"
        if not self.rows:
            return f"{self.name:<26} rounding grows too fast here: it says nothing"
        return f"{self.name:<26} {told}, {self.rows} rows: {'fine' if self.fine else 'NOT ITS OWN'}"


@dataclass(frozen=True)
class Verify:
    """Train the first iterations of records anew, and compare; 0 if all are as they say."""

    names: Positional[tuple[str, ...]] = ()
    """Of the records; all by default."""
    iterations: int = 0
    """To train anew; 0 for those up to the first row after the start."""
    records: Path = RECORDS
    """Where they are."""

    def run(self) -> int:
        """A line a column; the exit code."""
        checks.whole(0, iterations=self.iterations)
        names = self.names or sorted(
            path.parent.name for path in self.records.glob("*/config.json")
        )
        if not names:
            print(f"figures verify: there is no record in {self.records}", file=sys.stderr)
            return 2
        bad = [name for name in names if not self._told(name)]
        print(f"{len(names) - len(bad)} verified, {len(bad)} not{': ' * bool(bad)}{', '.join(bad)}")
        return 1 if bad else 0

    def _told(self, name: str) -> bool:
        """Is it as it says?"""
        print(name)
        try:
            found = held(learned.RunFolder(self.records / name), self.iterations)
        except ValueError as error:
            print(f"  NOT ITS OWN: {error}")
            return False
        print("\n".join(f"  {one}" for one in found))
        return all(one.fine for one in found)


def held(record: learned.RunFolder, iterations: int = 0) -> list[Held]:
    """What a record says beside what its first iterations are now.

    Raises
    ------
    ValueError
        If there is no record, its configuration, its images or its end are not those that its
        checkpoint is of, or it was trained where nothing of here can follow.
    """
    config, environment = record.located(), record.environment()
    said = said_of(record, config, iterations)
    again = moments_of(record, said)
    same = environment["device"] == "cpu" and environment.get("record", {}).get("by") == here(
        environment["threads"]
    )
    nudged = [] if same else [moments_of(record, said, nudge) for nudge in NUDGES]
    found = [*columns(said, again, nudged), pictures(record, again, nudged)]
    if environment["device"] == "cpu":
        last = np.load(record.path / "samples" / sheet_name(config.iterations))
        shown = drawn_again(record, _n(environment))
        found.append(Held("generator, last sheet", off(last, shown), ROUNDED, 1))
    return found


def here(threads: int) -> dict[str, Any]:
    """What bits depend on."""
    return {
        "torch": torch.__version__,
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": threads,
    }


def said_of(
    record: learned.RunFolder, config: learned.TrainConfig, iterations: int
) -> dict[int, Row]:
    """The rows of a record up to there, by their iterations, with those of its start."""
    state, rows = record.load(torch.device("cpu")), record.rows()
    if state is None or "record" not in state:
        raise ValueError(f"{record.path} is no record: python -m figures record makes some")
    ends = {config.iterations, int(state["iteration"]), int(rows[-1]["iteration"] if rows else -1)}
    told = learned.TrainConfig.from_json(state["config"])  # may lack a field that came later
    if told != record.config() or len(ends) > 1:
        raise ValueError("its config.json, its last row and its checkpoint are not of one run")
    most = iterations or int(rows[min(1, len(rows) - 1)]["iteration"])
    said = {int(row["iteration"]): row for row in [*start_rows(record), *rows]}
    return {at: row for at, row in sorted(said.items()) if at <= most}


def moments_of(
    kept: learned.RunFolder, moments: Collection[int], nudge: float = 0.0
) -> dict[int, Moment]:
    """A run at some of its iterations, trained anew where it was and as it was.

    Raises
    ------
    ValueError
        If that was on a GPU, and there is none here.
    """
    environment = kept.environment()
    on_cpu, look = environment["device"] == "cpu", environment["notes"].get("look")
    if not on_cpu and not torch.cuda.is_available():
        raise ValueError(
            f"it was trained on {environment['device']}, and a CPU draws other random numbers: "
            "verify it where there is a GPU"
        )
    return first_iterations(
        kept.located(),
        moments,
        observers=[Look(**look)] if look else [],
        device="cpu" if on_cpu else "cuda",
        threads=environment["threads"],
        engine=environment["notes"].get("engine", "eager"),
        nudge=nudge,
    )


def columns(
    said: Mapping[int, Row], again: Mapping[int, Moment], nudged: Sequence[Mapping[int, Moment]]
) -> list[Held]:
    """Every number of the rows but times; the row that is farthest off for what it may be."""
    told = {at: moment.row for at, moment in again.items()}
    names = [name for name in next(iter(told.values())) if name not in ("iteration", "seconds")]
    names += [name for row in told.values() for name in row if name not in {*names, "seconds"}]
    names = list(dict.fromkeys(name for name in names if name != "iteration"))
    ours, theirs = _table(told, names), _table(said, names)  # (rows, columns)
    scale = np.nanmax(np.abs(np.vstack([ours, theirs, np.full(len(names), 1e-30)])), axis=0)
    allowed = np.full(len(told), EXACT)
    for one in nudged:
        third = _table({at: moment.row for at, moment in one.items()}, names)
        drift = np.nanmax(np.abs(third - ours) / scale, axis=1, initial=0.0)
        allowed = np.maximum(allowed, TIMES * np.maximum.accumulate(drift))
    apart = np.where(np.isnan(ours) & np.isnan(theirs), 0.0, np.abs(ours - theirs) / scale)
    apart = np.where(np.isnan(apart), np.inf, apart)
    clear = allowed <= BLIND
    return [_worst(name, apart[clear, k], allowed[clear]) for k, name in enumerate(names)]


def pictures(
    record: learned.RunFolder, again: Mapping[int, Moment], nudged: Sequence[Mapping[int, Moment]]
) -> Held:
    """The sheets that there are."""
    apart, allowed = [], []
    for at, moment in sorted(again.items()):
        file = record.path / "samples" / sheet_name(at)
        if file.exists():
            kept = np.load(file)  # of most moments the first few
            apart.append(off(kept, moment.samples[: len(kept)]))
            drift = max([off(one[at].samples, moment.samples) for one in nudged], default=0.0)
            allowed.append(BYTES + TIMES * drift)
    clear = np.array(allowed) <= BLIND_BYTES
    return _worst("sheet, bytes", np.array(apart)[clear], np.array(allowed)[clear])


def off(first: np.ndarray, second: np.ndarray) -> float:
    """The mean difference of pixels; inf for other shapes."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return float("inf")
    return float(np.abs(first.astype(float) - second.astype(float)).mean())


def _worst(name: str, apart: np.ndarray, allowed: np.ndarray) -> Held:
    if not len(apart):
        return Held(name, 0.0, 0.0, 0)
    row = int((apart / allowed).argmax())
    return Held(name, float(apart[row]), float(allowed[row]), len(apart))


def _table(rows: Mapping[int, Row], names: list[str]) -> np.ndarray:
    return np.array([[rows[at].get(name, np.nan) for name in names] for at in sorted(rows)])


def _n(environment: Mapping[str, Any]) -> int:
    """Images that were looked at."""
    return int((environment["notes"].get("look") or {}).get("n", 0))


def _processor() -> str:
    """Its model, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
