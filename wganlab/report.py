"""How a command shows what it found: a table, JSON, a plan in a file, and how long it took."""

from __future__ import annotations

import contextlib
import json
import math
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wganlab.names import printed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from wganlab import exact

Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Input:
    """One law of a comparison: where it came from, and which of its points are used."""

    source: str
    law: exact.Discrete
    rows: NDArray[np.intp]
    """Row of the source that each point was, shape (n,)."""

    def __str__(self) -> str:
        return f"{count(self.law.n, 'point')} in dimension {self.law.dim}"


def count(number: int, noun: str) -> str:
    """`1 point`, `1,000 points`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def remarks(rows: Rows, a: Input, b: Input) -> list[str]:
    """What to know before believing the numbers."""
    notes = [
        f"{name} is proved to a relative gap of {abs(row['gap']):.0e} only: ways in the data are "
        "so much longer than it that rounding shows"
        for name, row in rows.items()
        if abs(row.get("gap", 0)) > 1e-9
    ]
    if rows["TV"]["value"] == 1 and rows["KL(A, B)"]["value"] == rows["KL(B, A)"]["value"]:
        notes.append(
            "no point occurs in both, so TV and JS are at their largest and KL is infinite, "
            "however near the points are"
        )
    if rows["EM"]["value"] > 0:
        notes.append(
            f"samples are not laws: two samples of one law ({a.law.n:,} and "
            f"{count(b.law.n, 'point')} in dimension {a.law.dim}) are at a positive EM too"
        )
    return notes


def as_table(inputs: dict[str, Input], rows: Rows, notes: list[str]) -> str:
    """For people."""
    width = max(len(printed(item.source)) for item in inputs.values())
    lines = [f"{name}  {printed(item.source):<{width}}  {item}" for name, item in inputs.items()]
    wide = max(len(row["solver"]) for row in rows.values())
    lines += ["", f"{'':10}{'value':>16}{'certificate':>16}{'gap':>10}  {'solver':<{wide}}    time"]
    for name, row in rows.items():
        bound = f"{row['certificate']:16.10g}" if "certificate" in row else " " * 16
        gap = f"{abs(row['gap']):10.0e}" if "gap" in row else " " * 10
        lines.append(
            f"{name:<10}{row['value']:16.10g}{bound}{gap}  {row['solver']:<{wide}}"
            f"{row['seconds']:6.2f} s"
        )
    return "\n".join(
        [*lines, *([""] if notes else []), *(f"note: {printed(note)}" for note in notes)]
    )


def as_json(inputs: dict[str, Input], rows: Rows, notes: list[str]) -> str:
    """For machines."""
    sizes = {
        name: {"source": item.source, "n": item.law.n, "dim": item.law.dim}
        for name, item in inputs.items()
    }
    return json.dumps(_finite({**sizes, "distances": rows, "notes": notes}), indent=2)


def aligned(lines: list[list[str]], *, left: int = 1) -> str:
    """Cells in columns, the first `left` of them flush left and the others flush right."""
    lines = [list(map(printed, line)) for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number < left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def shown(value: float | None) -> str:
    """Three decimals, or three digits of what is small or large; "-" for nothing."""
    if value is None or math.isnan(value):
        return "-"
    plain = value == 0 or 0.01 <= abs(value) < 1e4 or math.isinf(value)
    return f"{value:.3f}" if plain else f"{value:.2e}"


def bounds(lower: float, upper: float | None) -> str:
    """A bracket in few letters, rounded outward: a side that says nothing is left out.

    Examples
    --------
    >>> bounds(0.66503, 0.66717), bounds(1.98, 9.3), bounds(0.0, 0.2), bounds(0.0, None)
    ('[0.6650, 0.6672]', '>= 1.98', '<= 0.20', '-')
    """
    told = upper if upper is not None and math.isfinite(upper) else None
    if told is not None and not told > 2 * lower > 0:
        size = told - lower or told
    else:
        size, told = lower, told if lower == 0 else None
    if size == 0:
        return "-" if told is None else f"<= {told:g}"
    places = max(0, 1 - math.floor(math.log10(size))) + (told is None)
    low = math.floor(lower * 10**places) / 10**places
    if told is None:
        return f">= {low:.{places}f}"
    high = f"{math.ceil(told * 10**places) / 10**places:.{places}f}"
    return f"[{low:.{places}f}, {high}]" if lower > 0 else f"<= {high}"


def _finite(value: Any) -> Any:
    """JSON has no infinity: it becomes the string "inf"."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    return "inf" if value == float("inf") else value


def save_plan(path: Path, plan: Any, a: Input, b: Input) -> None:
    """The plan for `scipy.sparse.load_npz`, and `rows_a`, `rows_b`: the points it is between."""
    import numpy as np
    from scipy import sparse

    with path.open("wb") as file:
        sparse.save_npz(file, plan, compressed=False)
    with np.load(path, allow_pickle=False) as saved:
        arrays = dict(saved)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays, rows_a=a.rows, rows_b=b.rows)


@contextlib.contextmanager
def timed() -> Iterator[Any]:
    """Yields a clock: seconds since the start."""
    start = time.perf_counter()
    yield lambda: time.perf_counter() - start


@contextlib.contextmanager
def spinner(label: str) -> Iterator[None]:
    """Elapsed time on standard error, from 2 s on, where that is a terminal."""
    from tqdm import tqdm

    done = threading.Event()
    bar = tqdm(
        desc=label,
        bar_format="{desc}: {elapsed}",
        delay=2,
        leave=False,
        disable=None,
        mininterval=0,
    )

    def turn() -> None:
        while not done.wait(0.5):
            bar.update()

    thread = threading.Thread(target=turn, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        bar.close()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
