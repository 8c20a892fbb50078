"""Which columns of a table are coordinates, and which are weights, an index or labels.

Nobody is asked where there is no doubt: a column named `id` is an index, `count` beside one other
column are counts. Every such decision is a note; where there is doubt, the two lines to type are.
"""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Names = str | Sequence[str | int]

INDEX = re.compile(
    r"|unnamed: \d+(\.\d+)?|__index_level_\d+__|level_\d+|index|idx|row([ ._]?\w+)?|no\.?|nr\.?|#"
    r"|(\w*[_ .])?u?u?ids?"
)
LABELS = re.compile(r"labels?|class(es)?|classe?_?(id|label)|target|category|cluster|species|group")
COUNTS = re.compile(
    r"(\w+[_ ])?(counts?|freq|frequency|frequencies|probs?|probability|probabilities|pmf|weights"
    r"|occurrences?|tally|multiplicity|shares?|proportions?|percent(age)?s?)"
)
DOUBTFUL = re.compile(r"weight|w|wt|wgt|mass|n_?obs|num_obs|\w+[_ ]weight")  # of things too
PLAIN = re.compile(
    r"[a-z]|[a-z][_.]?\d+|(\w+_|[a-z])?[xyz]|theta|phi|radius|angle|bins?|values?|points?|atoms?|states?|pos\w*|\d+"
    r"|(coord\w*|dim\w*|feature\w*|col\w*|component\w*|axis|pc|lat|lon|latitude|longitude)[_. ]?\d*"
)


WHOLE = 2**53  # from here on float64 skips whole numbers
LONGEST = 40  # characters of a cell or name that a message shows


@dataclass
class Table:
    """Columns of numbers, and what is known of the others."""

    names: list[str]
    """Of all columns in the file; none where they have no names, "" for one that has none."""
    places: list[int]
    """Which of the file's columns, from 0, those of `values` are."""
    values: NDArray[np.float64]
    """Shape (n, len(places))."""
    notes: list[str] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    """Why a column cannot be coordinates, though it holds numbers."""

    def name(self, place: int) -> str:
        """What a column is called in messages, and in --columns."""
        return (self.names[place] if self.names else "") or str(place + 1)

    def column(self, place: int) -> NDArray[np.float64]:
        """The numbers of one column of the file, shape (n,); ValueError if it has none."""
        if place not in self.places:
            raise ValueError(f"column {self.name(place)} holds no numbers: choose another")
        return self.values[:, self.places.index(place)]

    def told(self, places: Sequence[int]) -> str:
        """`x,y`, as --columns takes it in a shell."""
        names = [self.names[place] if self.names else str(place + 1) for place in places]
        return shlex.quote(",".join(f'"{name}"' if "," in name else name for name in names))


def split(names: Names) -> list[str]:
    """`x,y` as names; one that has a comma may be quoted."""
    if isinstance(names, str):
        names = next(csv.reader([names], skipinitialspace=True), [])
    return [str(name).strip() for name in names]


def placed(wanted: Names, names: list[str], width: int) -> list[int]:
    """Which columns are meant, from 0: by their names, or by their numbers from 1.

    Raises
    ------
    ValueError
        If there is no such column, or it is named twice.
    """
    found = []
    numbered = not any(name.isdecimal() for name in names)
    for name in split(wanted):
        if list(names).count(name) > 1:
            raise ValueError(f"{names.count(name)} columns are called {name!r}: rename them")
        if name in names:
            found.append(list(names).index(name))
        elif numbered and name.isdecimal() and 1 <= int(name[:9]) <= width:
            found.append(int(name) - 1)
        else:
            known = (
                ", ".join(map(short, names[:20]))
                if names
                else f"numbers from 1 to {width}, without names"
            )
            raise ValueError(f"there is no column {short(name)!r}: its columns are {known}")
    if len(set(found)) < len(found) or not found:
        raise ValueError(f"columns {','.join(split(wanted))!r}: name each column once")
    return found


def chosen(
    table: Table, columns: Names | None, weights: str | int | None
) -> tuple[list[int], int | None, list[str]]:
    """The columns of coordinates, that of weights, and notes on what nobody asked for.

    Raises
    ------
    ValueError
        If there is no such column, or it cannot be known what one of them is.
    """
    width = len(table.names) or max(table.places) + 1
    heavy = None if weights is None else placed([str(weights)], table.names, width)[0]
    if columns is not None:
        places = placed(columns, table.names, width)
        if heavy in places:
            raise ValueError(f"column {table.name(heavy)} cannot be weights and a coordinate both")
        return places, heavy, _unused(table, places, heavy)
    places, notes = _without_index(table, heavy)
    if heavy is None and table.names:
        places, heavy, more = _weighted(table, places)
        notes += more
    if not places:
        raise ValueError("there is no column of coordinates beside the weights")
    return places, heavy, [*notes, *_counting(table, places, heavy)]


def _without_index(table: Table, heavy: int | None) -> tuple[list[int], list[str]]:
    """Coordinates, and perhaps weights, without what looks like an index or labels."""
    kept = [place for place in table.places if place != heavy]
    notes = []
    for kind, pattern in (("an index", INDEX), ("labels", LABELS)):
        for place in list(kept) if table.names else []:
            name = table.names[place].strip()
            whole = not name or _whole(table.column(place))
            others = [table.names[p].strip().lower() for p in kept if p != place]
            counted = all(map(COUNTS.fullmatch, others))  # then it has what was counted, or is all
            if not counted and whole and pattern.fullmatch(name.lower()):
                everything = table.told([p for p in table.places if p != heavy])
                kept.remove(place)
                what = f"column {name}" if name else "first column has no name and"
                notes.append(
                    f"its {what} was taken for {kind} and left out: --columns {everything} keeps it"
                )
    return kept, notes


def _weighted(table: Table, places: list[int]) -> tuple[list[int], int | None, list[str]]:
    """Coordinates and weights, told by the names."""
    lower = {place: table.names[place].strip().lower() for place in places}
    looks = [place for place in places if _heavy(lower[place], table.column(place))]
    if looks and len(places) == 1 and len(table.places) < len(table.names):
        raise ValueError(
            f"its column {table.name(places[0])} may count words, and points are numbers: give "
            f"them numbers, or choose --columns {table.told(places)}"
        )
    if not looks or len(places) == 1:
        return places, None, []
    place, others = looks[0], [p for p in places if p != looks[0]]
    everything = table.told(places)
    if (table.column(place) < 0).any():
        told = f"its column {table.name(place)} has negative numbers and counts as a coordinate"
        return places, None, [told]
    plain = all(PLAIN.fullmatch(lower[p]) for p in others)
    histogram = len(others) == 1 and not DOUBTFUL.fullmatch(lower[place])
    if len(looks) > 1 or not (plain or histogram):
        raise ValueError(
            f"its column {table.name(place)} may be weights or a coordinate: choose "
            f"--columns {table.told(others)} --weights {table.told([place])}, or "
            f"--columns {everything}"
        )
    told = f"its column {table.name(place)} was taken for weights: --columns {everything} for a"
    return others, place, [f"{told} coordinate"]


def _heavy(name: str, column: NDArray[np.float64]) -> bool:
    """Does it look like weights?"""
    if name in ("p", "q"):
        return bool((column >= 0).all() and abs(column.sum() - 1) < 1e-6)
    if name == "n":  # of counts in R
        return _whole(column)
    return may_be_weights(name)


def may_be_weights(name: str) -> bool:
    """Is it a name that weights have?"""
    return bool(COUNTS.fullmatch(name.lower()) or DOUBTFUL.fullmatch(name.lower()))


def _unused(table: Table, places: list[int], heavy: int | None) -> list[str]:
    """A column that looks like weights beside chosen ones."""
    if heavy is not None or not table.names:
        return []
    left = [p for p in range(len(table.names)) if p not in places]
    looks = [p for p in left if COUNTS.fullmatch(table.names[p].strip().lower())]
    return [
        f"its column {table.name(p)} is not used: --weights {table.told([p])} for weights"
        for p in looks
    ]


def _counting(table: Table, places: list[int], heavy: int | None) -> list[str]:
    """A first coordinate that is 0, 1, 2, ... may be an index."""
    if len(places) < 2 or heavy is not None or len(table.values) < 3:
        return []
    first = table.column(places[0])
    if first[0] not in (0, 1) or not (np.diff(first) == 1).all():
        return []
    return [
        f"its column {table.name(places[0])} counts {first[0]:g}, {first[1]:g}, {first[2]:g}, ... "
        f"and is taken for a coordinate: if it is an index, --columns {table.told(places[1:])}"
    ]


def normalized(weights: NDArray[np.generic], name: str) -> tuple[NDArray[np.float64], list[str]]:
    """Weights of sum 1, and a note where they were counts.

    Raises
    ------
    ValueError
        If they are no weights.
    """
    array = np.asarray(weights)
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if array.dtype.kind not in "iuf" or array.ndim != 1 or not array.size:
        return weights, []  # type: ignore[return-value]  # refused where measures are checked
    array = array.astype(np.float64)
    if not np.isfinite(array).all() or (array < 0).any():
        row = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))[0]
        raise ValueError(f"{name} has {array[row]:g} in row {row}: weights are at least 0")
    total = float((array / array.max()).sum() * array.max()) if array.any() else 0.0
    if not 0 < total < np.inf:
        told = "are all 0" if not total else "are too large"
        raise ValueError(f"{name}: the weights {told}, expected shares or counts")
    if abs(total - 1) <= 1e-6:  # rounding, which is judged where measures are checked
        return array / total, []
    return array / total, [f"its weights, {name}, sum to {total:g} and were divided by that"]


def rounded(whole: Sequence[int] | NDArray[np.integer], numbers: NDArray[np.float64]) -> str:
    """Why whole numbers cannot be coordinates where float64 rounds them; empty where it does not.

    Their differences, such as of times in nanoseconds, are what distances are made of.
    """
    for row in np.flatnonzero(np.abs(numbers) >= WHOLE).tolist():
        if int(whole[row]) != int(numbers[row]):
            return (
                f"{short(str(whole[row]))!r} is a whole number beyond 2^53, which float64 rounds: "
                "subtract one and the same number from all in both files first, or choose other "
                "columns by --columns"
            )
    return ""


def _whole(column: NDArray[np.float64]) -> bool:
    return bool((np.isfinite(column) & (column == np.round(column))).all())


def short(text: str) -> str:
    """Its beginning, where it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"
