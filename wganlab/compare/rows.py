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
    steps: int | None
    seconds: float | None
    note: str
    key: str
    """Of everything that the row depends on: how a resumed run knows it again."""


COLUMNS = tuple(field.name for field in fields(BoardRow))


def append(file: Path, row: BoardRow, *, new: bool) -> None:
    """Add a row to the file; a new one is made, whole, in place of what may be replaced."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
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


def read(file: Path, *, overwrite: bool = False) -> dict[str, BoardRow]:
    """Rows of an earlier run, by key; a last line that was cut off is taken out of the file.

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
    ours = tuple(lines[0]) == COLUMNS if lines else _begun(text)
    if not ours and not overwrite:
        raise ValueError(
            f"{file} is no scoreboard of this version: name another file, or let it be replaced "
            "with --overwrite (overwrite=True)"
        )
    if not ours or not lines:
        return {}
    if whole != text:
        replace_text(file, whole)
    rows = {}
    for number, line in enumerate(lines[1:], 2):
        try:
            row = _parsed(line)
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


def _begun(text: str) -> bool:
    """Is it the beginning of a header, cut off?"""
    return bool(text) and ",".join(COLUMNS).startswith(text.rstrip("\r\n"))


def _parsed(line: list[str]) -> BoardRow:
    if len(line) != len(COLUMNS):
        raise ValueError(f"it has {len(line)} cells for {len(COLUMNS)} columns")
    kinds = {field.name: str(field.type) for field in fields(BoardRow)}
    values = {}
    for name, text in zip(COLUMNS, line, strict=True):
        try:
            values[name] = _value(text, kinds[name])
        except (ValueError, KeyError):
            raise ValueError(f"its {name} is {text[:40]!r}") from None
    return BoardRow(**values)


def _value(text: str, kind: str) -> Any:
    if text == "" and "None" in kind:
        return None
    if kind == "bool":
        return {"true": True, "false": False}[text.lower()]  # a spreadsheet shouts
    return {"int": int, "float": float}.get(kind.split(" ")[0], str)(text)
