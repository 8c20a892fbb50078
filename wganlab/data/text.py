"""Tables in text: what parts the columns, which lines are a header, which cells are numbers."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from wganlab.data.columns import WHOLE, Table, rounded, short

Lines = list[tuple[int, str]]  # the file's own line numbers, from 1, and the lines
Wanted = Callable[[list[str], int], list[int] | None]

MISSING = {"", "-", "na", "n/a", "nan", "null", "none", "#n/a", "nil", "?", ".", "--", "<na>"}
ADORNED = re.compile(r"[\s\u2212\u2013$€£¥%'\u2019()]")  # what numbers for people are written with
DATE = re.compile(r"\d{4}[-/]\d\d?[-/]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4}\b|\d\d?:\d\d")
THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?"


def table(raw: bytes, suffix: str, wanted: Wanted) -> Table:
    """The table in the bytes of a text file.

    Parameters
    ----------
    raw : bytes
        In UTF-8.
    suffix : str
        Of the file: in a .tsv a tab comes before a comma.
    wanted : callable
        Of the names (none where there are none) and the number of columns: which ones are needed,
        from 0; None for all that hold numbers.

    Raises
    ------
    ValueError
        If there are no numbers, or a line or cell is wrong; the message names it.
    """
    lines, comment, marked = _lines(raw)
    delimiter = marked or _delimiter(lines, suffix)
    leading, lines = _leading(lines, delimiter)
    _refuse_decimal_commas(lines[0], delimiter)
    width = len(_cells(lines[0], delimiter))
    names, notes = _names(leading, comment, lines, delimiter, width)
    if names is None:
        names, lines, doubts = _counted(lines, delimiter)
        notes += doubts
        if not lines:
            raise ValueError("the file has no points")
    width, trailing = _width(names, lines[0], delimiter, width, notes)
    places = wanted(names, width)
    if places is None:
        places = _of_numbers(names, _cells(lines[0], delimiter)[:width], notes)
    values = _numbers(lines, delimiter, width, trailing, places)
    return Table(names, places, values, notes, _rounded(lines, delimiter, values, places))


def _lines(raw: bytes) -> tuple[Lines, str, str]:
    """Lines that hold something, the last comment above them, and what `sep=` says."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 is full of them
        raise ValueError("this is not UTF-8 text: save it as UTF-8")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    lines: Lines = []
    comment = marked = ""
    for number, line in enumerate(text.split("\n"), 1):
        kept, hash_, said = line.partition("#")
        if kept.strip():
            lines.append((number, kept))
        elif hash_ and not lines:
            comment = said
    if lines and (told := re.fullmatch(r'"?sep=(.)"?', lines[0][1].strip("\r"))):
        marked, lines = told[1], lines[1:]  # as Excel writes it
    if not lines:
        raise ValueError("the file has no points")
    return lines, comment, marked


def _delimiter(lines: Lines, suffix: str) -> str | None:
    """What most lines are parted by; None for white space."""
    body = [line for _, line in lines[:200]]
    for mark in "\t;,|" if suffix.startswith(".tsv") else ";,|":
        if 2 * sum(mark in line for line in body) >= len(body):
            return mark
    rows = [line.split("\t") for line in body]
    tabbed = {len(row) for row in rows} == {len(rows[0])} and len(rows[0]) > 1
    # of white space a tab is one mark, unless tabs only align
    return "\t" if tabbed and all(cell.strip() for row in rows for cell in row) else None


def _leading(lines: Lines, delimiter: str | None) -> tuple[Lines, Lines]:
    """The lines of words at the start, and the others."""
    for k, line in enumerate(lines):
        cells = _cells(line, delimiter)
        numbers = (
            any(_is_numeric(c) or _is_adorned(c) for c in cells)
            or {cell.lower() for cell in cells} <= MISSING
        )
        below = _cells(lines[k + 1], delimiter) if k + 1 < len(lines) else []
        if numbers and not _is_unnamed(cells) and not _names_numbers(cells, below):
            return lines[:k], lines[k:]
    raise ValueError(
        "the file has no points"
        if len(lines) == 1
        else f"line {lines[1][0]} and all others have no numbers: give one point a line"
    )


def _is_unnamed(cells: list[str]) -> bool:
    """Does it name columns 0, 1, 2, ... but for the first, as pandas does?"""
    return len(cells) > 1 and not cells[0] and cells[1:] == [str(k) for k in range(len(cells) - 1)]


def _names_numbers(cells: list[str], below: list[str]) -> bool:
    """Are whole numbers the names, as in `id,0,1` or `year,2019,2020`, above a line of numbers?"""
    whole = all(cell.isdecimal() for cell in cells[1:])
    return len(below) == len(cells) > 1 and whole and _is_word(cells[0]) and _is_number(below[0])


def _names(
    leading: Lines, comment: str, lines: Lines, delimiter: str | None, width: int
) -> tuple[list[str] | None, list[str]]:
    """Names of the columns and notes on other lines above the numbers; None without names."""
    rows = [(number, _header(line, delimiter, width)) for number, line in leading]
    fitting = [k for k, (_, cells) in enumerate(rows) if abs(len(cells) - width) <= 1]
    said = _header(comment.strip(), delimiter, width) if comment.strip() else []
    if not rows and len(said) == width and not any(map(_is_number, said)):
        return said, []
    if not rows:
        return None, []
    if not fitting:
        number, cells = rows[-1]
        raise ValueError(
            f"its header, line {number}, names {len(cells)} columns, and line {lines[0][0]} has "
            f"{width}: give as many"
        )
    exact = [k for k in fitting if len(rows[k][1]) == width]
    header = (exact or fitting)[0]
    notes = [
        f"its line {number}, {short(line.strip())}, was left out: it is above or below the header"
        for k, (number, line) in enumerate(leading)
        if k != header
    ]
    return rows[header][1], notes


def _header(line: str, delimiter: str | None, width: int) -> list[str]:
    """The names in a line; of one column it is one name, whatever is in it."""
    plain = line.strip().strip('"').strip()
    return [plain] if width == 1 and delimiter is None else _cells((0, line), delimiter)


def _counted(lines: Lines, delimiter: str | None) -> tuple[list[str], Lines, list[str]]:
    """Of lines without a header of words: names 0, 1, ..., or none, and what is in doubt."""
    cells = _cells(lines[0], delimiter)
    shown = short((delimiter or " ").join(cells))
    if _is_unnamed(cells):
        return cells, lines[1:], []
    rows = [_cells(line, delimiter) for line in lines[:1000]]
    if cells == [str(k) for k in range(len(cells))]:
        if len(rows) > 1 and all(any(map(_is_fraction, row)) for row in rows[1:]):
            why = "every other line has a number not written as an integer"
            return cells, lines[1:], [f"its first line, {shown}, was taken for a header: {why}"]
        if len(cells) > 1:
            doubt = f"its first line, {shown}, counts as a point: if it is a header, remove it"
            return [], lines, [doubt]
    pairs = delimiter == "," and all(
        len(row) == 2 and row[0].lstrip("+-").isdecimal() and row[1].isdecimal() for row in rows
    )
    notes = ["its lines, such as {}, were read as 2 coordinates each: for decimal commas, write {}"]
    return [], lines, [notes[0].format(shown, shown.replace(",", "."))] if pairs else []


def _width(
    names: list[str], line: tuple[int, str], delimiter: str | None, width: int, notes: list[str]
) -> tuple[int, bool]:
    """Columns without an empty one at the end; names are made to fit, as R and pandas read them."""
    cells = _cells(line, delimiter)
    # an empty last cell is a delimiter too many, unless the header has a name for it
    trailing = width > 1 and not cells[-1] and not (len(names) == width and names[-1])
    if trailing:
        width -= 1
    if names and not names[-1] and len(names) == width + 1:
        del names[-1]
    if len(names) == width - 1 and names:
        if delimiter == "," and width == 2 and all(c.lstrip("+-").isdecimal() for c in cells):
            told = ",".join(cells)
            raise ValueError(
                f"line {line[0]}: its header names one column, and {told} are two: if it has a "
                f"decimal comma, write {told.replace(',', '.')}"
            )
        names.insert(0, "")
    if names and len(names) != width:
        raise ValueError(
            f"its header names {len(names)} columns, and line {line[0]} has {width}: give as many"
        )
    return width, trailing


def _of_numbers(names: list[str], cells: list[str], notes: list[str]) -> list[int]:
    """The columns that hold no words."""
    words = [k for k, cell in enumerate(cells) if _is_word(cell)]
    if len(words) == len(cells):
        return list(range(len(cells)))  # refused cell by cell
    if words and names and not any(names[k] for k in range(len(cells)) if k not in words):
        raise ValueError(f"none of its columns {', '.join(filter(None, names))} holds numbers")
    for k in words:
        name = (names[k] if names else "") or str(k + 1)
        doubt = "" if names else ", and its first line counts as a point"
        held = f"holds text, such as {short(cells[k])}, and was left out{doubt}"
        notes.append(f"its column {name} {held}")
    return [k for k in range(len(cells)) if k not in words]


def _numbers(
    lines: Lines, delimiter: str | None, width: int, trailing: bool, places: Sequence[int]
) -> np.ndarray:
    """The numbers of the columns `places`, shape (n, len(places))."""
    values = array("d")
    every = list(places) == list(range(width))
    dropped = [k for k in range(width) if k not in places]
    for line in lines:
        cells = _checked(line, lines[0], delimiter, width, trailing)
        chosen = cells if every else [cells[k] for k in places]
        try:
            values.extend(map(float, chosen))
        except ValueError:
            _refuse_decimal_commas(line, delimiter)
            raise ValueError(f"line {line[0]}, {_complaint(chosen, places)}") from None
        if dropped and any(_is_number(cells[k]) for k in dropped):
            _refuse_mixed(lines[0], delimiter, cells, dropped)
    table = np.frombuffer(values).reshape(len(lines), -1)
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        cell = _cells(lines[row], delimiter)[places[column]]
        raise ValueError(f"line {lines[row][0]}, {_infinite(cell, places[column])}")
    return table


def _rounded(
    lines: Lines, delimiter: str | None, values: np.ndarray, places: Sequence[int]
) -> dict[int, str]:
    """The columns with whole numbers that float64 rounds, and what to say of them."""
    faults: dict[int, str] = {}
    for row, column in np.argwhere(np.abs(values) >= WHOLE):
        place = places[column]
        cell = _cells(lines[row], delimiter)[place]
        if place in faults or not re.fullmatch(r"[-+]?\d{1,400}", cell):
            continue
        if told := rounded([int(cell)], values[row, column : column + 1]):
            faults[place] = f"line {lines[row][0]}, column {place + 1}: {told}"
    return faults


def _refuse_decimal_commas(line: tuple[int, str], delimiter: str | None) -> None:
    if delimiter == "," and (told := re.search(r"\d,\d+[ \t]+[-+]?\d", line[1])):
        raise ValueError(
            f"line {line[0]}: {short(told[0])!r} looks like decimal commas in columns parted by "
            "white space: write 0.5 for 0,5"
        )


def _checked(
    line: tuple[int, str], first: tuple[int, str], delimiter: str | None, width: int, trailing: bool
) -> list[str]:
    """The cells of a line, as many as there are columns."""
    cells = _cells(line, delimiter)
    if len(cells) != width + trailing:
        _refuse_decimal_commas(line, delimiter)
        raise ValueError(
            f"the number of columns changes from {width + trailing} on line {first[0]} to "
            f"{len(cells)} on line {line[0]}: it must be the same on all"
        )
    if trailing and cells.pop():
        raise ValueError(f"the last cell is empty on line {first[0]}, but not on line {line[0]}")
    return cells


def _refuse_mixed(
    first: tuple[int, str], delimiter: str | None, cells: list[str], dropped: list[int]
) -> None:
    """A column that begins with a word, and goes on with numbers."""
    words = _cells(first, delimiter)
    for k in dropped:
        if _is_number(cells[k]) and _is_word(words[k]):
            raise ValueError(f"line {first[0]}, {_complaint([words[k]], [k])}")


def _cells(line: tuple[int, str], delimiter: str | None) -> list[str]:
    """The cells of one line, without quotes and white space around them."""
    number, text = line
    if '"' not in text:
        return [cell.strip() for cell in text.split(delimiter)]
    if text.count('"') % 2:
        raise ValueError(f"line {number} has a quote without another: write each cell on one line")
    if not delimiter:
        text = " ".join(text.split())
    try:
        row = next(csv.reader([text.strip(" ")], delimiter=delimiter or " ", skipinitialspace=True))
    except csv.Error as error:
        raise ValueError(f"line {number} is no line of a table: {error}") from None
    cells = [cell.strip() for cell in row]
    return cells if delimiter else [cell for cell in cells if cell]


def _complaint(cells: Sequence[str], places: Sequence[int]) -> str:
    """What is wrong with the first cell that is no number."""
    found: Iterator[tuple[int, str]] = zip(places, cells, strict=True)
    place, cell = next((k, cell) for k, cell in found if not _is_number(cell))
    where, told = f"column {place + 1}", repr(short(cell))
    if not cell:
        return f"{where}: could not convert an empty cell: fill it or remove the line"
    if cell.lower() in MISSING:
        return f"{where}: {told} is a missing value: fill it or remove the line"
    if re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", cell):
        whole, point = cell.replace(",", ""), cell.replace(",", ".")
        return f"{where}: {told} may be {whole} or {point}: write it as one of them"
    if re.fullmatch(THOUSANDS, cell) and not cell.startswith("0"):
        plain = short(cell.replace(",", ""))
        return f"{where}: {told} has commas between its thousands: write {plain}"
    if re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+,\d+", cell):
        plain = cell.replace(".", "").replace(",", ".")
        return f"{where}: {told} has a decimal comma, and points between thousands: write {plain}"
    if _is_numeric(cell):
        return f"{where}: {told} has a decimal comma: write {short(cell.replace(',', '.'))}"
    way = "repair it, with digits alone as in -1234.5, or choose other columns by --columns"
    return f"{where}: could not convert string {told} to a number: {way}"


def _infinite(cell: str, place: int) -> str:
    missing = cell.lower().lstrip("+-") == "nan"
    told = "is a missing value" if missing else "is no finite number"
    return f"column {place + 1}: {short(cell)!r} {told}: fill it or remove the line"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_fraction(text: str) -> bool:
    return _is_number(text) and re.search(r"\d[.eE]|\.\d", text) is not None


def _is_numeric(text: str) -> bool:
    """Is it a number, be it with commas?"""
    return _is_number(text) or re.fullmatch(rf"[-+]?\d*,\d+|{THOUSANDS}", text) is not None


def _is_adorned(text: str) -> bool:
    """Is it a number but for its currency, its percent, or a minus sign that is no hyphen?"""
    return not _is_number(text) and _is_numeric(ADORNED.sub("", text))


def _is_word(text: str) -> bool:
    """Is it text or a date, and no number with a mistake, nor missing?"""
    if text.lower() in MISSING or _is_number(text):
        return False
    return text[:1].isalpha() or not any(map(str.isdigit, text)) or bool(DATE.match(text))
