"""Point clouds from files and names: what the command line's A and B may be."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.data import columns as choice
from wganlab.data import npy, opening, parquet, text
from wganlab.data.image_sources import EMBEDDED, SOURCES, images, is_image_source
from wganlab.writing import why

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_BYTES = 8e9
TEXT = "text:"  # lines, a law to train on: no points of a table
ARRAYS = (".npy", ".npz")
TEXTS = (".csv", ".txt", ".tsv", ".dat")
SUFFIXES = (*ARRAYS, *TEXTS, *(f"{suffix}.gz" for suffix in TEXTS), ".parquet")
_OPTION = re.compile(r":(?=(?:columns|weights)=)")


@dataclass(frozen=True, eq=False)
class Points:
    """What a source holds, and what a reader of its distances should know about it."""

    points: NDArray[np.generic]
    """Shape (n, d) or (n,)."""
    weights: NDArray[np.generic] | None = None
    """Shape (n,), of sum 1, if the source has any."""
    notes: tuple[str, ...] = ()
    """How a doubtful file was read, a sentence each."""
    names: tuple[str, ...] = ()
    """Of the d coordinates, where they have names."""


def load_points(
    source: str | os.PathLike[str],
    *,
    columns: str | int | Sequence[str | int] | None = None,
    weights: str | int | None = None,
) -> Points:
    """Points, and weights if the file has any.

    Parameters
    ----------
    source : str or path
        - `.npy`: an array with one point a row (images are flattened);
        - `.npz`: the array `points` with optional `weights`, or a single array of another name;
          FILE.npz[NAME] is the array of that name;
        - `.csv`, `.txt`, `.tsv`, `.dat`, also with `.gz`, and `-` for standard input: one point a
          line, columns parted by commas, semicolons or white space, with or without a header line;
          numbers may be quoted, all lines may end in a delimiter, `#` starts a comment;
        - `.parquet`: a table (needs pyarrow);
        - an image set that `images` takes, or one class of it, such as `mnist10k[3]` or
          `folder:PATH`: pixels in [0, 1].

        Columns and weights may be written after the name: `FILE.csv:columns=x,y:weights=count`.
    columns : str, int, or sequence of these, optional
        The coordinates: names of columns, as in "x,y", or their numbers from 1. By default all
        columns of numbers, but what looks like an index, labels or counts: a note says so.
    weights : str or int, optional
        The column of weights, or the array in a .npz file. Counts are divided by their sum, which
        is noted too.

    Raises
    ------
    ValueError
        If the source cannot be read as points; the message says what was expected.
    FileNotFoundError
        If there is no such file and no image set of that name.
    ModuleNotFoundError
        If a .parquet file is asked for without pyarrow.
    """
    source, columns, weights = parted(os.fsdecode(source), columns, weights)
    if is_image_source(source):
        if columns is not None or weights is not None:
            raise ValueError(f"{source} holds images: columns and weights are of tables")
        return Points(_pixels(source))
    try:
        loaded = _loaded(source, columns, weights)
    except FileNotFoundError:
        raise
    except (ValueError, OSError) as error:
        told = why(error) if isinstance(error, OSError) else str(error)
        known = told.startswith((source, repr(source)))
        raise ValueError(told if known else f"{source}: {told}") from error
    points = loaded.points
    if points.ndim > 2:
        points = points.reshape(len(points), -1)
    notes = tuple(f"{source}: {note}" for note in loaded.notes)
    return replace(loaded, points=points, notes=notes)


def parted(source: str, columns: Any = None, weights: Any = None) -> tuple[str, Any, Any]:
    """A source and what is written after it of columns and weights, which wins."""
    name, *options = _OPTION.split(source)
    told = dict(option.split("=", 1) for option in options)
    columns, weights = told.get("columns") or columns, told.get("weights") or weights
    columns = None if isinstance(columns, str) and not columns else columns
    weights = None if weights is None or weights == "" else str(weights)
    return name, [columns] if isinstance(columns, int) else columns, weights


def equally_heavy(name: str, loaded: Points, most: int, rng: np.random.Generator) -> Points:
    """Points of equal weight: repeated as their counts say, or `most` of them drawn by weight."""
    if loaded.weights is None:
        return loaded
    shares = np.asarray(loaded.weights, np.float64)
    totals = range(1, most + 1)
    total = next((k for k in totals if np.abs(k * shares - (k * shares).round()).max() < 1e-9), 0)
    if total:
        rows = np.repeat(np.arange(len(shares)), (total * shares).round().astype(int))
        told = f"its {len(shares):,} weighted points are {len(rows):,} of equal weight, repeated"
    else:
        rows = np.sort(rng.choice(len(shares), most, p=shares))
        told = f"{most:,} of its {len(shares):,} points were drawn by their weights, with seed 0"
    notes = (*loaded.notes, f"{name}: {told}")
    return replace(loaded, points=loaded.points[rows], weights=None, notes=notes)


def in_order(a: Points, b: Points) -> tuple[Points, list[str]]:
    """The columns of b in the order of a's, where both name the same ones; and a note."""
    if a.names == b.names or len(a.names) != len(b.names) or len(a.names) < 2:
        return b, []
    here, there = ",".join(a.names), ",".join(b.names)
    if sorted(a.names) != sorted(b.names) or len(set(a.names)) < len(a.names):
        return b, [f"the columns of A are {here}, those of B {there}: they are taken in this order"]
    points = b.points[:, [b.names.index(name) for name in a.names]]
    note = f"the columns of B, {there}, were put in the order of those of A, {here}"
    return replace(b, points=points, names=a.names), [note]


def with_columns(source: str, columns: str, weights: str) -> str:
    """The source with what is asked of its columns written after it.

    Examples
    --------
    >>> with_columns("a.csv", "x,y", "count")
    'a.csv:columns=x,y:weights=count'
    """
    name, columns, weights = parted(source, columns, weights)
    told = [f":columns={columns}"] if columns else []
    return "".join([name, *told, *([f":weights={weights}"] if weights else [])])


def is_file_source(source: str) -> bool:
    """Does `load_points` take it as a file, if there is one?"""
    name, _ = _member(_OPTION.split(source)[0])
    return name == opening.STDIN or (
        name.lower().endswith(SUFFIXES) and not source.startswith(TEXT)
    )


def files_of(source: str) -> list[str]:
    """The files and folders that a source is read from, so far as its name tells."""
    name = _OPTION.split(source)[0]
    for scheme in (*SOURCES, TEXT):
        name = name.removeprefix(scheme.split(":")[0] + ":")
    shorter = [name[: match.start()] for match in re.finditer(r"[\[:]", name)]
    there = [os.path.expanduser(path) for path in (name, *shorter) if path]
    return [path for path in there if os.path.exists(path)]


def _loaded(source: str, columns: Any, weights: Any) -> Points:
    if source == opening.STDIN:
        return _of_bytes(opening.standard_input(), columns, weights)
    if source.startswith(TEXT):
        raise ValueError("lines of text are a law to train on: give them to train --data")
    name, member = _member(source)
    suffix = next((known for known in SUFFIXES if name.lower().endswith(known)), None)
    if suffix is None:
        raise ValueError(
            f"{source!r} is neither a {', '.join(SUFFIXES)} file nor an image set "
            f"({', '.join((*EMBEDDED, *SOURCES))}, or one class such as mnist10k[3])"
        )
    path = opening.regular(Path(name))
    if suffix in ARRAYS:
        with path.open("rb") as file:
            return _of_arrays(file, member, columns, weights)
    if member is not None:
        raise ValueError(f"[{member}] names an array of a .npz file: choose columns by --columns")
    if suffix == ".parquet":
        return _of_table(parquet.table(path), columns, weights)
    return _of_text(opening.content(path), suffix, columns, weights)


def _member(source: str) -> tuple[str, str | None]:
    """A file and the array in brackets after it."""
    match = re.fullmatch(r"(.+)\[([^\[\]]+)\]", source, re.DOTALL)
    if match is None or not match[1].lower().endswith(SUFFIXES) or os.path.exists(source):
        return source, None
    return match[1], match[2]


def _of_bytes(raw: bytes, columns: Any, weights: Any) -> Points:
    """What standard input holds, told by its first bytes."""
    if raw.startswith(npy.MARKS):
        return _of_arrays(io.BytesIO(raw), None, columns, weights)
    if raw.startswith(b"PAR1"):
        return _of_table(parquet.table(io.BytesIO(raw)), columns, weights)
    return _of_text(raw, ".txt", columns, weights)


def _of_text(raw: bytes, suffix: str, columns: Any, weights: Any) -> Points:
    def wanted(names: list[str], width: int) -> list[int] | None:
        if columns is None:
            return None
        heavy = [] if weights is None else choice.placed([weights], names, width)
        return choice.placed(columns, names, width) + heavy

    return _of_table(text.table(raw, suffix, wanted), columns, weights)


def _of_table(table: choice.Table, columns: Any, weights: Any) -> Points:
    """The coordinates, and perhaps weights, of a table."""
    places, heavy, notes = choice.chosen(table, columns, weights)
    for place in places:
        if place in table.faults:
            raise ValueError(table.faults[place])
    shares = None
    notes = [*table.notes, *notes]
    if heavy is not None:
        shares, told = choice.normalized(table.column(heavy), f"column {table.name(heavy)}")
        notes += told
    every = places == table.places
    points = table.values if every else np.stack([table.column(place) for place in places], axis=1)
    names = tuple(map(table.name, places)) if table.names else ()
    return Points(points, shares, tuple(notes), names)


def _of_arrays(file: Any, member: str | None, columns: Any, weights: Any) -> Points:
    """The points, and perhaps weights, of a .npz file; those of a .npy file."""
    heavy = weights or "weights"
    unused: list[str] = []

    def wanted(names: list[str]) -> list[str]:
        taken = _wanted(names, member, weights)
        if len(taken) == 1 and member is None:
            left = [name for name in names if name not in taken and choice.may_be_weights(name)]
            unused.extend(f"its array {x} is not used: --weights {x} for weights" for x in left)
        return taken

    arrays = npy.load(file, wanted)
    if "" in arrays and member is not None:
        raise ValueError(f"this is one array without a name: leave out [{member}]")
    shares = arrays.pop(heavy, None)
    points = next(iter(arrays.values()))
    loaded = Points(points, notes=tuple(unused))
    if points.dtype.names or columns is not None or (weights is not None and shares is None):
        loaded = _of_table(_as_table(points), columns, weights if shares is None else None)
    if shares is None:
        return loaded
    shares, notes = choice.normalized(shares, f"array {heavy}")
    return replace(loaded, weights=shares, notes=(*loaded.notes, *notes))


def _wanted(names: list[str], member: str | None, heavy: str | None) -> list[str]:
    """Which arrays of an archive are points and weights."""
    for name in filter(None, (member, heavy)):
        if name not in names:
            raise ValueError(f"there is no array {name!r}: it has {', '.join(names) or 'none'}")
    weights = heavy or ("weights" if "weights" in names and member in (None, "points") else None)
    others = [name for name in names if name != weights]
    if member is not None:
        points = member
    elif "points" in names:
        points = "points"
    elif len(others) == 1 and (heavy or not weights):
        points = others[0]
    else:
        raise ValueError(
            "expected an array named 'points' (and 'weights' if they are not uniform), "
            f"found {', '.join(names) or 'nothing'}"
            + (f": choose one, as in FILE.npz[{others[0]}]" if others else "")
        )
    return [points, weights] if weights and weights != points else [points]


def _as_table(array: NDArray[Any]) -> choice.Table:
    """An array of rows, or one with named fields, as a table."""
    if array.dtype.names:
        kinds = [array.dtype[name].kind for name in array.dtype.names]
        places = [k for k, kind in enumerate(kinds) if kind in "iuf"]
        if not places or array.ndim != 1:
            raise ValueError("its fields are no numbers, one a row: save a plain array")
        names = list(array.dtype.names)
        whole = {k: array[names[k]] for k in places if kinds[k] in "iu"}
        told = {k: choice.rounded(column, column.astype(np.float64)) for k, column in whole.items()}
        faults = {k: f"field {names[k]}: {fault}" for k, fault in told.items() if fault}
        values = np.stack([array[names[k]].astype(np.float64) for k in places], axis=1)
        left = [names[k] for k in range(len(names)) if k not in places]
        notes = [f"its field {name} holds no numbers and was left out" for name in left]
        return choice.Table(names, places, values, notes, faults)
    if array.ndim != 2 or array.dtype.kind not in "iuf":
        raise ValueError(
            f"columns are chosen of an array of numbers, shape (n, d), and this is {array.dtype} "
            f"of shape {array.shape}"
        )
    return choice.Table([], list(range(array.shape[1])), array)


def _pixels(source: str) -> NDArray[np.float64]:
    """All images as points, if memory can hold them."""
    chosen = images(source)
    needed = 8 * chosen.images.size
    if needed > LARGEST_BYTES:
        raise ValueError(
            f"{source} has {len(chosen):,} images, which would take {needed / 1e9:.0f} GB as "
            "points: choose one class, as in folder:PATH[CLASS], or use a smaller set"
        )
    return chosen.points()
