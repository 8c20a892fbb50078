"""Rows computed in several processes: what works in one of them works in several.

A cell goes to another process as bytes; where it cannot be packed, or not be unpacked there (a
class of a notebook, torch's parametrized modules, a function made on the way), it is computed in
this one.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from wganlab.compare.clouds import Clouds
    from wganlab.compare.rows import BoardRow


Cell: TypeAlias = Any  # of `board`, which is above


class NotThereError(Exception):
    """What was sent cannot be unpacked in the other process."""


def side_by_side(cells: list[Cell], jobs: int) -> Iterator[BoardRow]:
    """Rows of the cells, as they come; each pair of clouds is solved once."""
    waiting: dict[Any, list[Cell]] = {}
    for cell in cells:
        waiting.setdefault(cell.drawn, []).append(cell)
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    # an interrupt goes to all: without a word of their own the others just end
    quiet = (signal.SIGINT, signal.SIG_DFL)
    done: set[str] = set()
    with ProcessPoolExecutor(min(jobs, len(cells)), spawn, signal.signal, quiet) as pool:
        try:
            for row in _Board(pool, waiting).rows():
                done.add(row.key)
                yield row
        except BrokenProcessPool:  # no process starts, as from a script without a main guard
            pass
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    solved: dict[Any, Clouds] = {}
    for cell in cells:
        if cell.key not in done:
            if cell.drawn not in solved:
                solved = {cell.drawn: cell.clouds()}
            yield cell.compute(solved[cell.drawn])


class _Board:
    """What is going on in the pool, and what has to be done here."""

    def __init__(self, pool: ProcessPoolExecutor, waiting: dict[Any, list[Cell]]) -> None:
        self.pool = pool
        self.solving: dict[Future[Any], list[Cell]] = {}
        self.training: dict[Future[Any], tuple[Cell, Clouds]] = {}
        self.here: list[tuple[Cell, Clouds]] = []
        for group in waiting.values():
            needed = replace(group[0], how=abs)  # no critic is
            self.solving[pool.submit(_solve, packed(needed))] = group

    def rows(self) -> Iterator[BoardRow]:
        """As they come; what has to be done here, while nothing else is done."""
        while self.solving or self.training or self.here:
            running = [*self.solving, *self.training]
            timeout = 0 if self.here else None
            done, _ = wait(running, timeout, FIRST_COMPLETED) if running else (set(), None)
            for future in self.solving.keys() & done:
                self.solve(future)
            for future in self.training.keys() & done:
                cell, clouds = self.training.pop(future)
                try:
                    yield future.result()
                except NotThereError:
                    self.here.append((cell, clouds))
            if self.here and not done:
                cell, clouds = self.here.pop(0)
                yield cell.compute(clouds)

    def solve(self, future: Future[Any]) -> None:
        """Send the cells of these clouds on their way."""
        group = self.solving.pop(future)
        try:
            clouds = future.result()
        except NotThereError:
            clouds = group[0].clouds()
        for cell in group:
            sent = packed((cell, clouds))
            if sent is None:
                self.here.append((cell, clouds))
            else:
                self.training[self.pool.submit(_compute, sent)] = cell, clouds


def packed(thing: Any) -> bytes | None:
    """As bytes, for another process; None where that cannot be."""
    try:
        return pickle.dumps(thing)
    except Exception:  # whatever a foreign class raises
        return None


def _unpacked(sent: bytes | None) -> Any:
    if sent is None:
        raise NotThereError
    try:
        return pickle.loads(sent)
    except Exception as error:
        raise NotThereError(str(error)) from None


def _solve(sent: bytes | None) -> Any:
    return _unpacked(sent).clouds()


def _compute(sent: bytes) -> Any:
    cell, clouds = _unpacked(sent)
    return cell.compute(clouds)
