"""The command `runs`: what has been trained."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from wganlab.commands import run_bracket
from wganlab.names import printed, stored
from wganlab.report import aligned, bounds, shown

NUMBERS = (
    "estimate",
    "wrong_sign",
    "emd",
    "certificate",
    "sampling_floor",
    "modes",
    "all_modes",
    "quality",
    "seconds",
)

SIDES = ("lower", "upper", "confidence")  # of its bracket


@dataclass(frozen=True)
class Runs:
    """List the runs in a folder, the latest last, with their last numbers.

    A run is done, or it is unfinished: still training, or stopped. `train --resume` goes on with
    one that was stopped, from its last checkpoint.
    """

    folder: Annotated[Positional[Path], arg(metavar="FOLDER")] = Path("runs")
    """Where they are."""
    json: bool = False
    """Print JSON, with more numbers and the reasons why a folder cannot be read."""

    def run(self) -> None:
        """Read the folders and print."""
        try:
            inside = [path for path in self.folder.iterdir() if path.is_dir()]
        except FileNotFoundError:
            raise ValueError(
                f"there is no folder {self.folder}: python -m wganlab train --quick makes a run"
            ) from None
        if (self.folder / "config.json").exists():
            inside = [self.folder]
        found = sorted(map(entry, inside), key=lambda row: (row["time"], row["name"]))
        if self.json:
            print(json.dumps(found, indent=2))
        else:
            print(table(found) if found else f"no runs in {self.folder}")


def entry(folder: Path) -> dict[str, Any]:
    """What a folder says of its run, read without torch; `note` tells what cannot be read."""
    name = printed(folder.name or str(folder))
    told: dict[str, Any] = {"name": name, "folder": stored(folder), "note": ""}
    told |= dict.fromkeys(("data", "objective", "constraint", "iterations", "iteration", "state"))
    told |= dict.fromkeys((*NUMBERS, *SIDES)) | {"time": "-"}
    try:
        told |= _config(folder / "config.json")
        metrics = folder / "metrics.csv"
        told |= {"iteration": 0, "state": "unfinished"}
        if metrics.exists():
            told |= _last(metrics)
            told |= _bracket(folder, told["iteration"])
            told["state"] = "done" if told["iteration"] >= told["iterations"] else "unfinished"
    except FileNotFoundError:
        told["note"] = "no config.json: no run"
    except LookupError as error:
        told["note"] = str(error)
    except Exception as error:  # whatever it is, the others are listed
        told["note"] = printed(f"cannot be read: {error or type(error).__name__}")
    files = [] if told["note"] else [folder / "metrics.csv", folder / "config.json"]
    for latest in (*files, folder):
        with contextlib.suppress(OSError, ValueError, OverflowError):
            changed = datetime.fromtimestamp(latest.stat().st_mtime)
            return told | {"time": changed.isoformat(timespec="seconds")}
    return told


def _config(file: Path) -> dict[str, Any]:
    """What is shown of a configuration."""
    config = json.loads(_text(file))
    if not isinstance(config, dict):
        raise ValueError("config.json is no configuration")
    kinds = {"data": str, "objective": str, "constraint": str, "iterations": int}
    for name, kind in kinds.items():
        if name not in config:
            raise LookupError(f"config.json has no {name}")
        if not isinstance(config[name], kind) or isinstance(config[name], bool):
            raise ValueError(f"{name} in config.json is {config[name]!r}")
    return {name: config[name] for name in kinds}


def _text(file: Path) -> str:
    """A pipe that nobody writes to is not waited for."""
    file.stat()
    if not file.is_file():
        raise ValueError(f"{file.name} is no regular file")
    return file.read_text(encoding="utf-8")


def _last(metrics: Path) -> dict[str, Any]:
    """Numbers of the last whole row."""
    content = _text(metrics)
    lines = csv.DictReader(io.StringIO(content[: content.rfind("\n") + 1], newline=""))
    rows = [row for row in lines if None not in row and None not in row.values()]
    if not rows:
        return {}
    if "iteration" not in rows[-1]:
        raise ValueError("metrics.csv has no column 'iteration'")
    last = {name: float(rows[-1][name]) for name in NUMBERS if name in rows[-1]}
    finite = {name: value for name, value in last.items() if math.isfinite(value)}
    return finite | {"iteration": int(float(rows[-1]["iteration"]))}


def _bracket(folder: Path, iteration: int) -> dict[str, Any]:
    """Of the laws, where there is one of that iteration."""
    kept = run_bracket.read(folder, iteration)
    return {} if kept is None else {name: kept.get(name) for name in SIDES}


def table(found: list[dict[str, Any]]) -> str:
    """A row a run."""
    words = ("name", "data", "objective", "constraint", "state")
    numbers = ["iteration", "estimate", "exact EM", "modes", "seconds", "time"]
    bracketed = any(run["lower"] is not None for run in found)
    numbers[3:3] = ["W1 of the laws"] if bracketed else []
    lines = [[*words, *numbers]]
    for run in found:
        if run["note"]:
            empty = ["-"] * (len(words) + len(numbers) - 2)
            lines.append([run["name"], *empty, _minute(run)])
            continue
        lines.append(
            [
                *(printed(run[word]) for word in words),
                f"{run['iteration']:,} of {run['iterations']:,}",
                shown(run["estimate"]) + " wrong sign" * bool(run["wrong_sign"]),
                shown(run["emd"]),
                *([_sides(run)] if bracketed else []),
                _modes(run),
                "-" if run["seconds"] is None else f"{run['seconds']:.1f}",
                _minute(run),
            ]
        )
    notes = [f"note: {run['name']}: {run['note']}" for run in found if run["note"]]
    return "\n".join([aligned(lines, left=len(words)), *([""] if notes else []), *notes])


def _sides(run: dict[str, Any]) -> str:
    return "-" if run["lower"] is None else bounds(run["lower"], run["upper"])


def _minute(run: dict[str, Any]) -> str:
    return str(run["time"])[:16].replace("T", " ")


def _modes(run: dict[str, Any]) -> str:
    if run["modes"] is None:
        return "-"
    return f"{run['modes']:.0f}" + (f" of {run['all_modes']:.0f}" if run["all_modes"] else "")
