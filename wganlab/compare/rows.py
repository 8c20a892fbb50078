"""Rows of a scoreboard, and the file that keeps them: no row is lost, none is computed twice."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from wganlab.writing import replace_text


@dataclass(frozen=True)
class BoardRow:
    """One critic beside the truth; a `Comparison` with where it comes from."""

    pair: str
    method: str
    seed: int
    n: int
    m: int
    dim: int
    population: float | None
    exact: float
    estimate: float
    critic_gap: float
    slope: float
    gap_over_slope: float
    lipschitz: float
    certificate: float
    corrected: float | None
    corrected_exactly: bool
    cosine: float
    cosine_at_real: float | None
    squared_l2_at_real: float | None
    steps: int | None
    seconds: float | None
    note: str
    key: str
    """Of everything that the row depends on: how a resumed run knows it again."""


def columns(kind: Any) -> tuple[str, ...]:
    """Of the file of rows of that kind, a dataclass with a `key`."""
    return tuple(field.name for field in fields(kind))


COLUMNS = columns(BoardRow)


def append(file: Path, row: Any, *, new: bool) -> None:
    """Add a row to the file; a new one is made, whole, in place of what may be replaced."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns(row))
    if new:
        writer.writeheader()
    writer.writerow({name: "" if v is None else v for name, v in asdict(row).items()})
    if new:
        replace_text(file, text.getvalue())
        return
    with file.open("a", newline="", encoding="utf-8") as stream:
        stream.write(text.getvalue())


def refuse_no_board(file: Path) -> None:
    """ValueError where no file of rows can be."""
    if file.suffix != ".csv" or not file.parent.is_dir():
        raise ValueError(f"{file}: name a .csv file in an existing folder")
    if file.exists() and not file.is_file():
        raise ValueError(f"{file} is no file: name another")


def read(file: Path, kind: Any = BoardRow, *, overwrite: bool = False) -> dict[str, Any]:
    """Rows of an earlier run, by key; a last line that was cut off is taken out of the file.

    `kind` is the class of the rows.

    Raises
    ------
    ValueError
        If it is another file than a scoreboard of this version; with `overwrite` it has no rows.
    """
    if not file.exists():
        return {}
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        text = ""
    text = text.removeprefix("\ufeff")  # with which a spreadsheet saves it
    whole = text[: text.rfind("\n") + 1]
    lines = list(csv.reader(io.StringIO(whole, newline="")))
    ours = tuple(lines[0]) == columns(kind) if lines else _begun(text, kind)
    if not ours and not overwrite:
        raise ValueError(
            f"{file} is no scoreboard of this version{_told_kind(kind)}: name another file, or let "
            "it be replaced with --overwrite (overwrite=True)"
        )
    if not ours or not lines:
        return {}
    if whole != text:
        replace_text(file, whole)
    rows = {}
    for number, line in enumerate(lines[1:], 2):
        try:
            row = _parsed(line, kind)
        except ValueError as error:
            raise ValueError(
                f"{file}: line {number} is no row of a scoreboard: {error}; repair or delete that "
                "line, whose row is then computed again"
            ) from None
        rows[row.key] = row
    return rows


def refuse_foreign(table: Path, begins: str, *, overwrite: bool) -> None:
    """ValueError where a file is to be replaced that does not begin as this package writes it."""
    if overwrite or not table.exists():
        return
    with table.open("rb") as stream:
        ours = stream.read(len(begins.encode())) == begins.encode()
    if not ours:
        raise ValueError(
            f"{table} is no table of this package, and would be replaced by the one of the rows: "
            "name another .csv, or let it be with --overwrite (overwrite=True)"
        )


def _told_kind(kind: Any) -> str:
    return "" if kind is BoardRow else " that judges laws"


def _begun(text: str, kind: Any) -> bool:
    """Is it the beginning of a header, cut off?"""
    return bool(text) and ",".join(columns(kind)).startswith(text.rstrip("\r\n"))


def _parsed(line: list[str], kind: Any) -> Any:
    if len(line) != len(columns(kind)):
        raise ValueError(f"it has {len(line)} cells for {len(columns(kind))} columns")
    kinds = {field.name: str(field.type) for field in fields(kind)}
    values = {}
    for name, text in zip(kinds, line, strict=True):
        try:
            values[name] = _value(text, kinds[name])
        except (ValueError, KeyError):
            raise ValueError(f"its {name} is {text[:40]!r}") from None
    return kind(**values)


def _value(text: str, kind: str) -> Any:
    if text == "" and "None" in kind:
        return None
    if kind == "bool":
        return {"true": True, "false": False}[text.lower()]  # a spreadsheet shouts
    return {"int": int, "float": float}.get(kind.split(" ")[0], str)(text)
