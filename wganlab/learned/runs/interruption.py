"""Ctrl-C, and what torchrun tells its processes, heard between two iterations."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wganlab.learned.distributed import world

TOLD_TWICE = 10.0  # seconds


@contextmanager
def interruptible() -> Iterator[list[float]]:
    """A list that fills on Ctrl-C, so that an iteration ends before the run does.

    Of several processes also where torchrun ends them, or whatever has started it.
    """
    interrupted: list[float] = []
    # torchrun passes on to its processes what a terminal has told them already
    again = 0.0 if world().size == 1 else TOLD_TWICE
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def note(number: int, frame: Any) -> None:
        now = time.monotonic()
        if interrupted and now - interrupted[0] >= again:  # asked twice: at once
            raise KeyboardInterrupt
        interrupted.append(now)

    heeded = [signal.SIGINT] if world().size == 1 else [signal.SIGINT, signal.SIGTERM]
    before = [signal.signal(number, note) for number in heeded]
    try:
        yield interrupted
    finally:
        for number, handler in zip(heeded, before, strict=True):
            signal.signal(number, handler)
