"""Ctrl-C, an end that is asked for, a terminal that closes: heard between two iterations."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wganlab.learned.distributed import world

TOLD_TWICE = 10.0  # seconds
ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""What ends a process that does not hear it."""


@contextmanager
def interruptible() -> Iterator[list[float]]:
    """A list that fills on Ctrl-C, SIGTERM or SIGHUP, so that an iteration ends before the run.

    Of several processes also where torchrun ends them, or whatever has started it. A second Ctrl-C
    ends the iteration too. Whoever has started the process may have it ignore SIGHUP, as nohup.
    """
    interrupted: list[float] = []
    # torchrun passes on to its processes what a terminal has told them already
    again = 0.0 if world().size == 1 else TOLD_TWICE

    def note(number: int, frame: Any) -> None:
        now = time.monotonic()
        # a terminal that closes, or an end of a session, is told of in more than one way
        if number == signal.SIGINT and interrupted and now - interrupted[0] >= again:
            raise KeyboardInterrupt
        interrupted.append(now)

    with _heard([signal.SIGINT, *_not_ignored()], note):
        yield interrupted


@contextmanager
def as_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP do as Ctrl-C does, where nothing else hears them."""

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    with _heard(_not_ignored(), stop):
        yield


def hear_no_end() -> None:
    """From now on, after `as_ctrl_c` too: whoever is ended has something to tell first."""
    if threading.current_thread() is threading.main_thread():
        for number in _not_ignored():
            signal.signal(number, signal.SIG_IGN)


def _not_ignored() -> list[Any]:
    return [number for number in ENDS if signal.getsignal(number) != signal.SIG_IGN]


@contextmanager
def _heard(numbers: list[Any], handler: Any) -> Iterator[None]:
    """These signals by that handler; in another thread than the first nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(number, signal.signal(number, handler)) for number in numbers]
    try:
        yield
    finally:
        for number, was in before:
            if signal.getsignal(number) is handler:  # else `hear_no_end` was called since
                signal.signal(number, was)
