"""How anything that NumPy reads becomes one float64 array, with nothing lost on the way unsaid.

float64 tells numbers apart to 1e-16 of their size. Fractions, Decimals and longer floats are
rounded to that; whole numbers beyond 2^53 (times in nanoseconds, hashes, identifiers) are not,
since what they are used for is their differences: they fit exactly, or are refused. So are masks,
dates and times, text, complex numbers, booleans, NaN and infinity, each with what to do.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from itertools import chain
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

WHOLE = 2**53  # from here on float64 skips whole numbers
EPSILON = float(np.finfo(np.float64).eps)
KINDS = {"b": "booleans", "c": "complex numbers", "U": "text", "S": "text"}


def as_array(values: Any, name: str) -> Array:
    """Anything NumPy reads, torch tensors and data frames included, as a finite float64 array.

    Raises
    ------
    ValueError
        If `values` is ragged, masked, text, complex, boolean or otherwise not real numbers, holds
        NaN or infinity (the message names the first bad row), or whole numbers that float64 does
        not tell apart.

    Examples
    --------
    >>> as_array([1, 2, 3], "x")
    array([1., 2., 3.])
    """
    return read(values, name)[0]


def read(values: Any, name: str, *, infinite: bool = False) -> tuple[Array, float]:
    """`as_array`, and the machine epsilon of the type in which the numbers came.

    `infinite` lets +inf pass.
    """
    if hasattr(values, "column_names") and hasattr(values, "to_pandas"):  # a table of Arrow
        values = values.to_pandas()
    columns = _columns(values)
    if columns is not None:
        parts = [read(column, f"column {label!r} of {name}") for label, column in columns]
        return np.stack([part for part, _ in parts], axis=1), max(eps for _, eps in parts)
    raw = _raw(values, name)
    if raw.dtype.kind == "O":
        raw = _from_objects(raw, name)
    _check_kind(raw, name)
    with np.errstate(over="ignore"):  # told below
        array = raw.astype(np.float64, order="C")
    if not (infinite and _at_most_infinite(array)):
        _check_finite(array, name)
    _check_whole(values, raw, array, name)
    return array, _resolution(values, raw)


def is_frame(values: Any) -> bool:
    """Is it a DataFrame of pandas or polars?"""
    return hasattr(values, "to_numpy") and hasattr(values, "shape") and hasattr(values, "columns")


def is_tensor(values: Any) -> bool:
    """Is it a tensor of torch?"""
    return hasattr(values, "detach") and hasattr(values, "cpu")


def refuse_grad(what: str, *given: Any) -> None:
    """ValueError if a tensor wants a gradient that the number `what` returns cannot carry."""
    for values in given:
        several = values if isinstance(values, list | tuple) else [values]
        wanted = any(is_tensor(value) and value.requires_grad for value in several)
        if wanted and sys.modules["torch"].is_grad_enabled():
            raise ValueError(
                f"{what} returns a number, which carries no gradient, and a tensor given to "
                "it requires one: as a loss take wganlab.compare.emd_loss(x, y); "
                "wasserstein(x, y).gradients() has the gradients of W_p themselves; for the "
                "number alone pass x.detach()"
            )


def _columns(values: Any) -> list[tuple[Any, Any]] | None:
    """The columns of a frame one by one where their types differ, so that none spoils others."""
    if not is_frame(values) or 0 in values.shape:
        return None
    types = list(values.dtypes)
    if isinstance(types[0], np.dtype) and types[0].kind in "iuf" and len(set(types)) == 1:
        return None
    if hasattr(values, "iloc"):
        return [(label, values.iloc[:, k]) for k, label in enumerate(values.columns)]
    return [(label, values[label]) for label in values.columns]


def _raw(values: Any, name: str) -> NDArray[Any]:
    """As an array of whatever type, unmasked, with at least one dimension or a number."""
    if is_tensor(values):
        values = _from_torch(values)
    elif isinstance(values, list | tuple):
        values = _unwrapped(values, name)
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries: drop those rows first")
    try:
        raw = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{name} cannot be read as an array ({error}): "
            "every row must have the same number of coordinates"
        ) from error
    if raw.dtype == object and raw.ndim == 0 and not _is_number(raw.item()):
        raise ValueError(_no_array(values, name))
    return raw


def _unwrapped(values: Any, name: str) -> Any:
    """Lists of lists with their tensors as arrays; ValueError if one inside is masked."""
    kinds = set(map(type, values))
    with_masks = any(issubclass(kind, np.ma.MaskedArray) for kind in kinds)
    if with_masks and any(map(np.ma.is_masked, values)):
        raise ValueError(f"{name} has masked entries: drop those rows first")
    if kinds <= {list, tuple}:
        inner = set(map(type, chain.from_iterable(values)))
        if any(map(_holds, inner)):
            return [_unwrapped(value, name) for value in values]
    if any(hasattr(kind, "detach") for kind in kinds):
        return [_from_torch(value) if is_tensor(value) else value for value in values]
    return values


def _holds(kind: type) -> bool:
    """May things of that type hide tensors or masks?"""
    return issubclass(kind, list | tuple | np.ma.MaskedArray) or hasattr(kind, "detach")


def _from_torch(tensor: Any) -> Any:
    tensor = tensor.detach().cpu()
    if tensor.is_nested:
        raise ValueError("a nested tensor has rows of several lengths: pass one of its parts")
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    # NumPy has no bfloat16; every real torch type fits float64, but for long whole numbers
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


def _is_number(entry: Any) -> bool:
    return isinstance(entry, Real | Decimal) and not isinstance(entry, bool | np.bool_)


def _from_objects(raw: NDArray[Any], name: str) -> NDArray[Any]:
    """Python's own numbers (long, Fraction, Decimal) as floats, what is missing as NaN."""
    entries = raw.ravel().tolist()
    if entries and all(isinstance(entry, str) for entry in entries):
        return raw.astype(str)
    missing = [type(entry).__name__ in ("NoneType", "NAType", "NaTType") for entry in entries]
    if all(missing) or not all(
        gone or _is_number(entry) for gone, entry in zip(missing, entries, strict=True)
    ):
        return raw
    numbers = np.array(
        [np.nan if gone else _to_float(e) for gone, e in zip(missing, entries, strict=True)]
    )
    if np.isfinite(numbers).all() and len(set(entries)) != len(np.unique(numbers)):
        raise ValueError(_too_long(name, "numbers"))
    return numbers.reshape(raw.shape)


def _to_float(entry: Any) -> float:
    try:
        return float(entry)
    except OverflowError:
        return np.inf


def _check_kind(raw: NDArray[Any], name: str) -> None:
    """ValueError unless the array holds real numbers."""
    kind = raw.dtype.kind
    if kind in "iuf":
        return
    if kind in "mM":
        held = "times" if kind == "m" else "dates"
        advice = "divide by one unit, such as numpy.timedelta64(1, 's')"
        if kind == "M":
            advice = f"subtract one and the same date from both clouds, then {advice}"
        raise ValueError(f"{name} holds {held} ({raw.dtype}), expected real numbers: {advice}")
    if raw.dtype.names:
        fields = ", ".join(map(repr, raw.dtype.names))
        raise ValueError(
            f"{name} is a structured array with the fields {fields}: choose those that are "
            f"coordinates, such as numpy.stack([{name}[{raw.dtype.names[0]!r}], ...], axis=1)"
        )
    held = KINDS.get(kind, f"{raw.dtype} values")
    raise ValueError(f"{name} holds {held}, expected real numbers: {_how_to_convert(raw)}")


def _how_to_convert(raw: NDArray[Any]) -> str:
    if raw.dtype.kind in "US":
        return (
            "convert it first, for example with numpy.asarray(..., dtype=float), or leave out "
            "what is no coordinate"
        )
    if raw.dtype.kind == "O" and any(hasattr(entry, "isoformat") for entry in raw.ravel()[:1]):
        return "turn dates into numbers, such as (date - first).total_seconds(), one first for all"
    return "convert it first, for example with numpy.asarray(..., dtype=float)"


def _check_finite(array: Array, name: str) -> None:
    # a minimum or maximum passes NaN on: no second array is needed to look for it
    if not array.size or (np.isfinite(array.min()) and np.isfinite(array.max())):
        return
    rows = np.argwhere(~np.isfinite(array))
    entry = array[tuple(rows[0])]
    count = len(np.unique(rows[:, 0])) if array.ndim else 1
    where = f"row {rows[0][0]}" if array.ndim else "its only entry"
    more = f" ({count} such rows)" if count > 1 else ""
    raise ValueError(f"{name} has {entry} in {where}{more}: remove or repair it")


def _at_most_infinite(array: Array) -> bool:
    return bool(array.size) and bool(array.min() > -np.inf)  # False for NaN


def _check_whole(values: Any, raw: NDArray[Any], array: Array, name: str) -> None:
    """ValueError if a whole number beyond 2^53 was rounded."""
    if not array.size or max(array.max(), -array.min()) < WHOLE:
        return
    if raw.dtype.kind == "f" and raw.dtype.itemsize <= 8:
        if not isinstance(values, list | tuple) and kind_of(values) != "O":
            return  # rounded before it came here
        raw = np.asarray(values, dtype=object)
    large = np.abs(array) >= WHOLE
    if raw.shape == array.shape and any(map(_rounded, raw[large], array[large].tolist())):
        raise ValueError(_too_long(name, "whole numbers beyond 2^53"))


def kind_of(values: Any) -> str:
    """NumPy's letter for the type of the entries, empty where there is none."""
    return str(getattr(getattr(values, "dtype", None), "kind", ""))


def _rounded(given: Any, kept: float) -> bool:
    return not isinstance(given, float) and np.isfinite(kept) and int(given) != int(kept)


def _too_long(name: str, what: str) -> str:
    return (
        f"{name} holds {what} that float64 does not tell apart: subtract one and the same number "
        "from both clouds first, in their own type (origin = x.min(); x - origin, y - origin); "
        "where the rounding does no harm, pass numpy.asarray(..., dtype=float)"
    )


def _resolution(values: Any, raw: NDArray[Any]) -> float:
    """Machine epsilon of the type in which `values` came, float64's at least."""
    several = values if isinstance(values, list | tuple) else [values]
    eps = EPSILON
    for kind in {value.dtype for value in several if is_tensor(value)}:
        if kind.is_floating_point:
            eps = max(eps, float(sys.modules["torch"].finfo(kind).eps))
    return max(eps, float(np.finfo(raw.dtype).eps)) if raw.dtype.kind == "f" else eps


def _no_array(values: Any, name: str) -> str:
    """What to do about an object that is no array."""
    if hasattr(values, "log_prob") or (hasattr(values, "sample") and hasattr(values, "rsample")):
        advice = "a law; draw points from it, law.sample((1000,))"
    elif hasattr(values, "rvs"):
        advice = "a law; draw points from it, law.rvs(1000), or see wganlab.exact.known.Line"
    elif hasattr(values, "integrate_box_1d"):
        advice = (
            "a law; draw points from it, law.resample(1000).T, or give a divergence "
            "Density(law.pdf, (-math.inf, math.inf))"
        )
    elif hasattr(values, "collect") and hasattr(values, "collect_schema"):
        advice = f"a lazy frame; pass {name}.collect()"
    elif values is None:
        advice = "nothing; pass an array of numbers"
    elif hasattr(values, "toarray"):
        advice = f"a sparse matrix; pass {name}.toarray()"
    elif hasattr(values, "keys"):
        advice = (
            "no array; of a dict of columns pandas.DataFrame makes one, of a dict of masses "
            f"Discrete(list({name}), {name}) a measure"
        )
    else:
        advice = "no array; pass a list or an array of numbers, for example list(...) of it"
    return f"{name} is of type {type(values).__name__}: {advice}"
