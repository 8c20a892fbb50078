"""What objects say of their rows and columns, and how two of them are brought into one order.

Labels are the index and the columns of pandas, the coordinates of xarray, the column names of
polars, the keys of a dict. Where both sides have them they decide; where they cannot, the call
raises. The rule:

1. Plain arrays, lists and tensors have positions only. So has what is labelled 0, 1, 2, ... in
   this order, as pandas does by default, beside a plain array.
2. Two pmfs are matched by label: the union of both, with mass 0 where a label is absent. Beside a
   plain array a labelled pmf is refused: its order is that of its making, and `value_counts` sorts
   by frequency. So are labels of two kinds (1 and "1"), a default index beside labels that are
   none of it, labels that come twice, and bins that overlap without being equal.
3. Weights, and a critic's values, follow the points: labels are those of the points, each once, in
   any order; or, where the points are names or plain numbers, these (numbers of an index in the
   same order, since row numbers look like them). Plain weights go by position.
4. The rows and columns of a cost matrix are atoms: labelled weights are brought into its order, as
   pmfs are, and refused where the matrix has no labels or not all of them.
5. Two clouds need no labels of rows in common. Named columns are brought into the order of the
   first cloud, and must have its names; a single column needs none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wganlab.exact.arrays import is_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

BARE = "pass the bare numbers, such as .to_numpy(), if the order is the same"

UNEVEN = 1e-3  # of a step: coordinates may be rounded

BARE_TYPES = (np.ndarray, list, tuple, type(None))  # known at a glance to have no labels

Labels: TypeAlias = Sequence[Hashable]  # a range where they are the default


def rows_of(values: Any) -> Labels | None:
    """Labels of the rows, None where there are none."""
    if type(values) in BARE_TYPES:
        return None
    if isinstance(values, Mapping) and not hasattr(values, "data_vars"):
        return tuple(values)
    if hasattr(values, "iloc"):
        return _of_index(values.index)
    return _coordinate(values, 0)


def all_columns_of(values: Any) -> Labels | None:
    """Labels of the columns, None where there are none."""
    if type(values) in BARE_TYPES:
        return None
    if hasattr(values, "column_names"):  # a table of Arrow
        return tuple(values.column_names)
    if is_frame(values):
        return _of_index(values.columns) if hasattr(values, "iloc") else tuple(values.columns)
    return _coordinate(values, 1)


def columns_of(values: Any) -> Labels | None:
    """`all_columns_of`, but None where there is one, or they are 0, 1, 2, ... in this order."""
    labels = all_columns_of(values)
    if labels is None or len(labels) < 2 or _is_default(labels):
        return None
    return None if labels == tuple(f"column_{k}" for k in range(len(labels))) else labels


def _of_index(index: Any) -> Labels:
    if (getattr(index, "start", None), getattr(index, "step", None)) == (0, 1):
        return range(len(index))
    return tuple(map(_without_missing, index.tolist()))


def _without_missing(label: Any) -> Any:
    """None for what is missing, of which each is a thing of its own, in tuples too."""
    if isinstance(label, tuple):
        return tuple(map(_without_missing, label))
    return None if _is_missing(label) else label


def _is_missing(label: Any) -> bool:
    return type(label).__name__ in ("NAType", "NaTType") or bool(label != label)


def _coordinate(values: Any, axis: int) -> Labels | None:
    """Of an array of xarray; its dimensions without coordinates have positions only."""
    dims = getattr(values, "dims", None)
    if dims is None or not hasattr(values, "coords") or len(dims) <= axis:
        return None
    if dims[axis] not in values.coords:
        return None
    return tuple(np.asarray(values.coords[dims[axis]]).tolist())


def _is_default(labels: Labels) -> bool:
    return isinstance(labels, range) or (
        all(type(label) is int for label in labels) and list(labels) == list(range(len(labels)))
    )


def values_of(values: Any) -> Any:
    """The numbers beside the labels: of a dict its values, of a single column the column."""
    if type(values) in BARE_TYPES:
        return values
    if isinstance(values, Mapping) and not hasattr(values, "data_vars"):
        return list(values.values())
    if is_frame(values) and values.shape[1:] == (1,):
        return values.iloc[:, 0] if hasattr(values, "iloc") else values[values.columns[0]]
    return values


def of_table(values: Any) -> Any:
    """A table of labels and masses, as polars makes of `value_counts`, as a dict.

    A frame of one row is that row, labelled by the columns.
    """
    if not is_frame(values):
        return values
    label, mass = values.columns if values.shape[1:] == (2,) else ("", "")
    if mass not in ("count", "proportion"):
        if values.shape[0] != 1 or values.shape[1:] < (2,):
            return values
        if hasattr(values, "iloc"):
            return values.iloc[0]
        return {name: values[name][0] for name in values.columns}
    named = np.asarray(values[label]).tolist()
    _check_once(named, f"the column {label!r}")
    return dict(zip(named, values[mass], strict=True))


def refuse_counts(values: Any, name: str) -> None:
    """ValueError if what is given as points is what `value_counts` of pandas returns."""
    kind = getattr(values, "name", None) if hasattr(values, "iloc") else None
    if kind not in ("count", "proportion") or getattr(values, "ndim", 0) != 1:
        return
    numbers, index = np.asarray(values), rows_of(values)
    falling = numbers.dtype.kind in "iuf" and bool((np.diff(numbers) <= 0).all())
    whole = bool(numbers.dtype.kind in "iu") or abs(float(numbers.sum()) - 1) < 1e-6
    if falling and whole and not (index is None or _is_default(index)):
        raise ValueError(
            f"{name} looks like value_counts(), whose values are masses and not points: pass its "
            "index as points and its values, normalized, as weights, such as "
            f"Discrete({name}.index, {name} / {name}.sum())"
        )


def follow(points: Any, values: Any, name: str, of: str) -> Any:
    """The order that brings `values`, labelled or not, beside the points: an index, or None.

    Raises
    ------
    ValueError
        If both have labels that do not match, or only the values have.
    """
    labels, wanted = rows_of(values), rows_of(points)
    if labels is None or (wanted is None and _is_default(labels)):
        return None
    if wanted is None and np.ndim(points) == 1 and len(points) == len(labels):
        wanted = tuple(np.asarray(points).tolist())
        named = isinstance(values, Mapping) or all(isinstance(label, str) for label in wanted)
        if wanted != tuple(labels) and not named:
            wanted = None  # may be numbers of rows as well as points
    if wanted is None:
        raise ValueError(
            f"{name} has labels ({_few(labels)}) and {of} has none, so which weight belongs to "
            f"which point is not said: label {of} too, or {BARE}"
        )
    if labels == wanted or tuple(labels) == tuple(wanted):
        return None
    _check_once(labels, name)
    _check_once(wanted, of)
    if len(labels) == len(wanted) and set(labels) == set(wanted):
        place = {label: k for k, label in enumerate(labels)}
        return np.array([place[label] for label in wanted])
    raise ValueError(
        f"{name} has the labels {_few(labels)} and {of} has {_few(wanted)}: they must be the same "
        f"in any order; or {BARE}"
    )


def common(p: Any, q: Any, names: tuple[str, str] = ("p", "q")) -> tuple[Labels, Labels] | None:
    """Labels of two pmfs to be matched by, or None where positions are all there is.

    Raises
    ------
    ValueError
        If only one has labels, or they are of two kinds.
    """
    found = rows_of(p), rows_of(q)
    if all(isinstance(labels, range) for labels in found):
        return None
    if None in found and all(labels is None or _is_default(labels) for labels in found):
        return None
    for labels, name, other in zip(found, names, names[::-1], strict=True):
        if labels is None:
            named = next(one for one in found if one is not None)
            raise ValueError(
                f"{other} has labels ({_few(named)}) and {name} has none, so which mass belongs "
                f"to which is not said: label {name} too, such as pandas.Series({name}, "
                f"index=...), or {BARE}"
            )
        _check_once(labels, name)
    first, second = (labels if labels is not None else () for labels in found)
    kinds = [_kind(labels) for labels in (first, second)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"{names[0]} is labelled by {kinds[0]} ({_few(first)}) and {names[1]} by {kinds[1]} "
            f"({_few(second)}): no label of one means one of the other; give both the same kind"
        )
    _check_default(first, second, names)
    _check_default(second, first, names[::-1])
    _check_bins(first, second, names)
    _check_levels(p, q, names)
    return first, second


def on_union(first: Labels, second: Labels, u: Array, v: Array) -> tuple[Array, Array]:
    """Masses u and v on all labels of both, 0 where one is absent."""
    place = {label: k for k, label in enumerate(dict.fromkeys([*first, *second]))}
    both = np.zeros((2, len(place)))
    both[0, [place[label] for label in first]] = u
    both[1, [place[label] for label in second]] = v
    return both[0], both[1]


def on_atoms(atoms: Labels | None, labels: Labels | None, mass: Array, name: str, of: str) -> Array:
    """Masses in the order of the atoms of a cost matrix, 0 where one is absent.

    Raises
    ------
    ValueError
        If only the masses have labels, or one that the atoms lack.
    """
    if labels is None or (_is_default(labels) and (atoms is None or _is_default(atoms))):
        return mass
    if atoms is None:
        raise ValueError(
            f"{name} has labels ({_few(labels)}) and {of} have none: give the costs as a frame "
            f"with these labels, or {BARE}"
        )
    _check_once(labels, name)
    _check_once(atoms, of)
    place = {label: k for k, label in enumerate(atoms)}
    absent = [label for label in labels if label not in place]
    if absent or _kind(atoms) != _kind(labels):
        raise ValueError(
            f"{name} has the labels {_few(absent or labels)}, which {of} ({_few(atoms)}) lack"
        )
    ordered = np.zeros(len(atoms))
    ordered[[place[label] for label in labels]] = mass
    return ordered


def in_order(wanted: Labels | None, labels: Labels | None, name: str, of: str, what: str) -> Any:
    """The order that brings labels into the wanted one: an index, or None where none is needed.

    Raises
    ------
    ValueError
        If both have labels that are not the same, or come twice.
    """
    if wanted is None or labels is None or tuple(wanted) == tuple(labels):
        return None
    if len(wanted) != len(labels):
        return None  # told by whoever counts
    _check_once(wanted, of)
    _check_once(labels, name)
    if set(wanted) != set(labels):
        raise ValueError(
            f"{of} has the {what} {_few(wanted)} and {name} has {_few(labels)}: give both the "
            f"same; or {BARE}"
        )
    place = {label: k for k, label in enumerate(labels)}
    return np.array([place[label] for label in wanted])


def check_dimensions(p: Any, q: Any, names: tuple[str, str]) -> None:
    """ValueError if two arrays of xarray have the same dimensions in another order."""
    dims = [getattr(law, "dims", None) for law in (p, q)]
    if None in dims or not (hasattr(p, "coords") and hasattr(q, "coords")):
        return
    first, second = [list(names) for names in dims if names is not None]
    if first != second and sorted(map(str, first)) == sorted(map(str, second)):
        raise ValueError(
            f"{names[0]} has the dimensions {first} and {names[1]} {second}: give both the same "
            f"order, {names[1]}.transpose(*{names[0]}.dims)"
        )


def on_grid(p: Any, q: Any, mass: Array) -> Array:
    """The histogram q, shape (h, w), with its rows and columns in the order of p's.

    Raises
    ------
    ValueError
        If they are not the same, or p's are numbers that go up and down, or in uneven steps.
    """
    check_dimensions(p, q, ("p", "q"))
    axes = ((rows_of(p), rows_of(q), "rows"), (all_columns_of(p), all_columns_of(q), "columns"))
    for axis, (wanted, found, what) in enumerate(axes):
        if wanted is not None and _kind(wanted) == "numbers" and len(wanted) > 1:
            steps = np.diff(np.array(wanted, dtype=float))
            if not ((steps > 0).all() or (steps < 0).all()):
                raise ValueError(
                    f"the {what} of p ({_few(wanted)}) are in no order, and pixels next to each "
                    f"other are neighbors: sort them first, p.sort_index(axis={axis})"
                )
            if np.ptp(steps) > UNEVEN * np.abs(steps).max():
                raise ValueError(
                    f"the {what} of p ({_few(wanted)}) are at uneven steps, and pixels are one "
                    "step apart: add those that are missing, with mass 0, or give wasserstein "
                    "the pixels as points"
                )
        order = in_order(wanted, found, "q", "p", what)
        if order is not None:
            mass = np.take(mass, order, axis=axis)
    return mass


def _kind(labels: Labels) -> str:
    tuples = {len(label) if isinstance(label, tuple) else 0 for label in labels}
    if len(tuples) == 1 and tuples != {0}:  # of several levels
        return f"tuples of {', '.join(map(_kind, zip(*labels, strict=True)))}"
    kinds = {_kind_of(label) for label in labels if label is not None}
    return " and ".join(sorted(kinds)) or "nothing"


def _kind_of(label: Any) -> str:
    for kind, name in ((bool, "truth values"), (Real, "numbers"), (str, "text")):
        if isinstance(label, kind):
            return name
    name = type(label).__name__
    if getattr(label, "tzinfo", None) is not None:
        return f"{name} with a time zone"
    told = getattr(label, "freqstr", None) or getattr(label, "closed", None)
    return f"{name} ({told})" if isinstance(told, str) else name


def _check_once(labels: Labels, name: str) -> None:
    if isinstance(labels, range) or len(set(labels)) == len(labels):
        return
    label, count = Counter(labels).most_common(1)[0]
    raise ValueError(
        f"{name} has the label {label!r} {count} times: labels must tell apart; add such masses "
        "up, with .groupby(level=0).sum(), or number the rows anew, with .reset_index(drop=True)"
    )


def _check_default(first: Labels, second: Labels, names: tuple[str, str]) -> None:
    """ValueError if one has the default index, and the other numbers that are none of it."""
    if isinstance(first, range) and any(label not in first for label in second):
        raise ValueError(
            f"{names[0]} has the default index of pandas, 0 to {len(first) - 1}, and {names[1]} "
            f"the labels {_few(second)}: give {names[0]} an index of the same kind, or {BARE}"
        )


def _check_bins(first: Labels, second: Labels, names: tuple[str, str]) -> None:
    """ValueError if intervals of one overlap those of the other without being equal."""
    if not hasattr(first[0] if len(first) else None, "overlaps"):
        return
    bins: Any = sorted(set(first) | set(second))
    for low, high in pairwise(bins):
        if low.overlaps(high):
            raise ValueError(
                f"{names[0]} and {names[1]} have the bins {low} and {high}, which overlap: cut "
                "both at the same edges, such as pandas.cut(values, bins=edges)"
            )


def _check_levels(p: Any, q: Any, names: tuple[str, str]) -> None:
    """ValueError if both are labelled by the same levels in another order."""
    first, second = (list(getattr(getattr(law, "index", None), "names", ())) for law in (p, q))
    if first != second and sorted(map(str, first)) == sorted(map(str, second)):
        raise ValueError(
            f"{names[0]} has the levels {first} and {names[1]} {second}: give both the same "
            f"order, {names[1]}.reorder_levels({first})"
        )


def _few(labels: Sequence[Any]) -> str:
    shown = ", ".join(repr(label) for label in labels[:3])
    return shown + (", ..." if len(labels) > 3 else "")
