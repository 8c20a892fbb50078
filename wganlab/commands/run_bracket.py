"""The bracket that a run of `train` ends with: W1 of the laws of its generator and its data.

It is kept in the folder of the run, as bracket.json, with the iteration that it is of: a run that
is taken further leaves it behind, and whoever reads it sees that.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from wganlab.report import bounds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE = "bracket.json"
SHARE = 0.1  # of the time that the run took
LEAST, MOST = 10.0, 60.0  # seconds that say something, and more than which is asked for


def checked(asked: str) -> str:
    """What --bracket gives, if it is "auto", "no" or a number of seconds.

    Examples
    --------
    >>> checked("20")
    '20'
    """
    try:
        fine = asked in ("auto", "no") or 0 < float(asked) < math.inf
    except ValueError:
        fine = False
    if not fine:
        raise ValueError(f"--bracket {asked}: give auto, no, or the seconds that it may take")
    return asked


def seconds_for(asked: str, trained: float, runs: int) -> float:
    """Seconds for one of so many runs that took that long; 0 for no bracket.

    Examples
    --------
    >>> seconds_for("auto", 300.0, 1), seconds_for("auto", 60.0, 1), seconds_for("20", 1.0, 1)
    (30.0, 0.0, 20.0)
    """
    if asked == "no":
        return 0.0
    if asked != "auto":
        return float(asked)
    share = min(SHARE * trained / runs, MOST)
    return share if share >= LEAST else 0.0


def read(folder: Path, iteration: int) -> dict[str, Any] | None:
    """What is kept of a run that reached that iteration; None where there is nothing of it."""
    try:
        if not (folder / FILE).is_file():  # a pipe that nobody writes to is not waited for
            return None
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        numbers = float(told["lower"]), float(told["upper"] or math.inf)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    fits = told.get("iteration") == iteration and 0 <= numbers[0] <= numbers[1]
    return dict(told) if fits else None


def shown(told: dict[str, Any] | None) -> str:
    """[0.188, 0.239] for a table."""
    return "-" if told is None else bounds(told["lower"], told["upper"])


def find(folders: Sequence[Path], asked: str, device: str) -> list[str]:
    """A bracket for each of the runs that has none yet, if there is time; notes on those without.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C; what it had come to is kept.
    """
    from wganlab.learned import RunFolder

    notes = []
    for folder in folders:
        row = RunFolder(folder).rows()[-1]
        iteration, seconds = int(row["iteration"]), seconds_for(asked, row["seconds"], len(folders))
        # one-hot lines are far apart, and softened ones near to all: it would tell little of text
        of_text = asked == "auto" and RunFolder(folder).config().of_text
        if of_text or not seconds or (asked == "auto" and read(folder, iteration) is not None):
            continue
        try:
            _keep(folder, iteration, seconds, device)
        except (ValueError, RuntimeError, MemoryError) as error:  # the run is there all the same
            notes.append(f"note: {folder}: no bracket: {error}")
    return notes


def _keep(folder: Path, iteration: int, seconds: float, device: str) -> None:
    from wganlab import compare
    from wganlab.commands.sides import Sides

    sides = Sides(device, 0)
    law, run = sides.of_run(folder)
    try:
        _write(folder, iteration, compare.bracket(law, run, seconds=seconds, device=device), sides)
    except compare.BracketInterrupted as stop:
        if stop.bracket is not None:
            _write(folder, iteration, stop.bracket, sides)
        raise KeyboardInterrupt from None


def _write(folder: Path, iteration: int, found: Any, sides: Any) -> None:
    from wganlab.learned.runs.keeping import whole

    told = {"iteration": iteration, **found.as_dict()}
    told["notes"] = [*sides.notes, *told["notes"]]
    with whole(folder / FILE) as part:
        part.write_text(json.dumps(told, indent=2), encoding="utf-8")
