"""What a run on text ends with: its lines, and its columns of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wganlab.writing import written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wganlab.learned.runs.view import Row

HEADS = ("JS of 1- to 4-grams", "words")
LENGTHS = (1, 2, 3, 4)


def cells(row: Row) -> list[str]:
    """Divergences and the share of words, each with what held-out lines have in brackets.

    Examples
    --------
    >>> floor = {"js1_floor": 0.001, "js2_floor": 0.02, "words_floor": 0.9}
    >>> cells({"js1": 0.01, "js2": 0.1, "words": 0.5} | floor)
    ['0.010 0.100 (0.001 0.020)', '50% (90%)']
    >>> cells({})
    ['-', '-']
    """
    if "words" not in row:
        return ["-", "-"]
    names = [f"js{n}" for n in LENGTHS if f"js{n}" in row]
    now, floor = (" ".join(f"{row[name + end]:.3f}" for name in names) for end in ("", "_floor"))
    return [f"{now} ({floor})", f"{row['words']:.0%} ({row['words_floor']:.0%})"]


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """A file of lines, in UTF-8, whole or not at all."""
    with written(path, overwrite=True) as part:
        part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
