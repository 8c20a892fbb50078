"""What the checks of `gpu.py` found: kept after each of them, so that a run cut short is no loss.

A check is a function that returns numbers by their names. One that raises is noted with the last
lines of its traceback, and the next one follows; one that takes longer than its limit is ended.
"""

from __future__ import annotations

import json
import platform
import re
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

LINES = 12  # of a traceback


class Skipped(Exception):
    """What the check is about is not to be had here; says why."""


class TooLong(Exception):
    """A check took more than its limit."""


class Report:
    """Results of all checks, as JSON and as a table.

    Parameters
    ----------
    out : path
        Where to write them after each check; None keeps them in memory.
    device : torch.device
        What is checked.
    only : str
        A regular expression that the names of checks must contain; others are passed over.
    """

    def __init__(self, out: Path | None, device: torch.device, only: str = "") -> None:
        self.out, self.device, self.only = out, device, re.compile(only)
        self.results: list[dict[str, Any]] = []
        self.ends: dict[str, float] = {}
        self.began = time.perf_counter()

    def part(self, name: str, seconds: float) -> None:
        """From now on `name` has that long."""
        self.ends[name] = time.perf_counter() + seconds

    def check(
        self, part: str, name: str, work: Callable[[], dict[str, Any]], limit: float = 90.0
    ) -> dict[str, Any]:
        """Do it, within `limit` seconds and what is left to the part, and note what comes out."""
        if not self.only.search(name):
            return {}
        left = self.ends.get(part, float("inf")) - time.perf_counter()
        found: dict[str, Any] = {"part": part, "check": name, "ok": False}
        began = time.perf_counter()
        try:
            if left <= 0:
                raise TooLong(f"no time was left to the part {part}")
            with at_most(min(limit, left)):
                found |= {**work(), "ok": True}
        except Skipped as error:
            found |= {"ok": None, "skipped": str(error)}
        except Exception as error:  # whatever happens to one, the others are to follow
            lines = traceback.format_exc().strip().splitlines()
            found |= {"error": f"{type(error).__name__}: {error}"[:600], "trace": lines[-LINES:]}
        found["seconds"] = round(time.perf_counter() - began, 2)
        self.results.append(found)
        print(row(found), flush=True)
        self.write()
        return found

    def failed(self) -> list[dict[str, Any]]:
        """Those that did not come to a good end."""
        return [found for found in self.results if found["ok"] is False]

    def write(self) -> None:
        """All results so far."""
        if self.out is None:
            return
        told = {
            **machine(self.device),
            "seconds": round(time.perf_counter() - self.began, 1),
            "results": self.results,
        }
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.write_text(json.dumps(told, indent=1) + "\n")


def table(files: Sequence[Path]) -> str:
    """The results of some files as a Markdown table, without what is told for mending alone."""
    told = [json.loads(file.read_text()) for file in files]
    first = told[0]
    lines = [f"{first['device']}, torch {first['torch']}, CUDA {first['cuda']}", ""]
    lines += ["| part | check | | found |", "|---|---|---|---|"]
    return "\n".join([*lines, *(row(found) for each in told for found in each["results"])])


def row(found: dict[str, Any]) -> str:
    """A line of the table: part, check, outcome, what was found."""
    outcome = {True: "ok", None: "skipped", False: "FAILED"}[found["ok"]]
    hidden = ("part", "check", "ok", "trace", "top")
    cells = [f"{key} {shown(value)}" for key, value in found.items() if key not in hidden]
    return f"| {found['part']} | {found['check']} | {outcome} | {'; '.join(cells)} |"


def shown(value: Any) -> str:
    """A number with three or four digits."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if type(value) is int else str(value).replace("\n", " ").replace("|", "/")


def machine(device: torch.device) -> dict[str, Any]:
    """What it ran on."""
    gpu = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if gpu else "CPU",
        "torch": torch.__version__,
        "cuda": torch.version.cuda if gpu else None,
        "cudnn": torch.backends.cudnn.version() if gpu else None,
        "python": platform.python_version(),
    }


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """TooLong after so many seconds; of the main thread, where there are alarms."""

    def ring(number: int, frame: Any) -> None:
        raise TooLong(f"took more than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
