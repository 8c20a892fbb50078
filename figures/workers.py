"""Processes that make figures side by side, and end when this one does.

Each holds the end of a pipe that this process alone can close, and is out of reach of the
terminal's Ctrl-C. The pipe closes when this process is done, stopped or killed, by whatever signal.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from figures.provenance import ROOT
from figures.render import GRACE

# One thread a figure, many figures side by side.
ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
BETWEEN = 0.5  # seconds between two looks at who has started this process
STARTER = os.getppid()


@dataclass(eq=False)
class Worker:
    """A process, and the figures that it still owes."""

    process: subprocess.Popen[str]
    owed: list[str]
    complaints: IO[str] = field(repr=False)

    def end(self) -> Iterator[dict[str, Any]]:
        """What became of the figures that it owes, when it has ended."""
        code = self.process.wait()
        self.complaints.seek(0)
        told = self.complaints.read() or f"its process ended with status {code}"
        self.close()
        for name in self.owed:
            yield {"name": name, "seconds": 0.0, "complaint": told}

    def close(self) -> None:
        """Close what leads to it."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.complaints.close()


def side_by_side(
    orders: Sequence[dict[str, Any]], at_once: int, environment: dict[str, str]
) -> Generator[dict[str, Any]]:
    """Start a process an order, some at once; what `render.reported` tells, as it comes."""
    waiting, running = list(reversed(orders)), set[Worker]()
    told: queue.Queue[tuple[Worker, str]] = queue.Queue()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.add(start(waiting.pop(), told, environment))
            try:
                worker, line = told.get(timeout=BETWEEN)
            except queue.Empty:
                if "MAKELEVEL" in os.environ and not wanted():
                    raise KeyboardInterrupt from None
                continue
            if line:
                result = json.loads(line)
                worker.owed.remove(result["name"])
                yield result
            else:
                running.remove(worker)
                yield from worker.end()
    finally:
        stop(running)


def start(
    order: dict[str, Any], told: queue.Queue[tuple[Worker, str]], environment: dict[str, str]
) -> Worker:
    """A process; a thread passes on the lines that it writes, and an empty one at its end."""
    complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "-m", "figures.render"],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    worker = Worker(process, list(order["names"]), complaints)
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it has ended at once, and will be asked why
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()

    def pass_on() -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                told.put((worker, line))
        told.put((worker, ""))

    threading.Thread(target=pass_on, daemon=True).start()
    return worker


def wanted() -> bool:
    """Does make, which has started this process, still want it?

    A make that is killed is gone. One that is told to stop by itself, and not with its processes as
    a terminal tells them, waits for them without a word; but it no longer catches that signal.
    """
    return os.getppid() == STARTER and (heard_by_make() or not HEARD)


def heard_by_make() -> bool:
    """Does a make that has started this process catch Ctrl-C? In the background it may not."""
    starter = status(STARTER)
    if starter.get("Name") in ("sh", "dash", "bash"):  # of the recipe
        starter = status(int(starter["PPid"]))
    if starter.get("Name") not in ("make", "gmake"):
        return False
    return bool(int(starter["SigCgt"], 16) >> (signal.SIGINT - 1) & 1)


def status(process: int) -> dict[str, str]:
    """What Linux tells of a process; nothing elsewhere, or of one that has ended."""
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
            pairs = [line.partition(":") for line in file]
    except OSError:
        return {}
    return {name: told.strip() for name, _, told in pairs}


HEARD = heard_by_make()  # when it began


def stop(workers: set[Worker]) -> None:
    """End them and what they have started: let them keep what they can for a moment."""
    with undisturbed():
        for worker in workers:
            worker.close()
        latest = time.monotonic() + GRACE + 0.5
        for worker in workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(0.0, latest - time.monotonic()))
            with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
                os.killpg(worker.process.pid, signal.SIGKILL)  # its session is its own
            worker.process.kill()
            worker.process.wait()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Without a second Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
