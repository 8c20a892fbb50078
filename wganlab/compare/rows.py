"""Rows of a scoreboard, and the file that keeps them: no row is lost, none is computed twice."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


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


def append(file: Path, row: BoardRow) -> None:
    """Add a row to the file, which is made where there is none."""
    new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        if new:
            writer.writeheader()
        writer.writerow({name: "" if v is None else v for name, v in asdict(row).items()})


def read(file: Path) -> dict[str, BoardRow]:
    """Rows of an earlier run, by key; a last line that was cut off is taken out of the file."""
    if file.suffix != ".csv" or not file.parent.is_dir():
        raise ValueError(f"{file}: name a .csv file in an existing folder")
    if not file.exists():
        return {}
    text = file.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    lines = list(csv.reader(whole.splitlines()))
    if lines and tuple(lines[0]) != COLUMNS:
        raise ValueError(f"{file} is no scoreboard of this version: name another file")
    if whole != text:
        beside = file.with_name(f".{file.name}.part")
        beside.write_text(whole, encoding="utf-8", newline="")
        beside.replace(file)
    rows = (_parsed(dict(zip(COLUMNS, line, strict=True))) for line in lines[1:])
    return {row.key: row for row in rows}


def _parsed(texts: dict[str, str]) -> BoardRow:
    kinds = {field.name: str(field.type) for field in fields(BoardRow)}
    return BoardRow(**{name: _value(text, kinds[name]) for name, text in texts.items()})


def _value(text: str, kind: str) -> Any:
    if text == "" and "None" in kind:
        return None
    if kind == "bool":
        return text == "True"
    return {"int": int, "float": float}.get(kind.split(" ")[0], str)(text)
