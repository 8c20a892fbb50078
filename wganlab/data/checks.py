"""What parameters and points may be; each refusal is a ValueError of one line."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 2**31 - 1  # a size: more is no number of anything here
SEEDS = 2**63 - 1  # the largest seed that all generators take
LARGEST = float(np.finfo(np.float32).max)


def numbers(values: Any, name: str) -> NDArray[Any]:
    """Real numbers, finite in float32, as an array of any shape."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries: drop those rows first")
    if isinstance(values, Tensor):
        values = values.detach().cpu().double().numpy()  # NumPy has no bfloat16
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} is no array: give every row as many numbers") from error
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} holds {array.dtype} values: give real numbers")
    # a comparison with NaN is false
    if array.size and not (float(array.min()) >= -LARGEST and float(array.max()) <= LARGEST):
        raise ValueError(
            f"{name} is not finite in float32: remove or repair rows with NaN or infinity"
        )
    return array


def rows(values: Any, name: str) -> Tensor:
    """Points as a float32 copy on the CPU, shape (n, d); 1-D input is n points on the line."""
    array = numbers(values, name)
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}: give at least one point, as (n,) or (n, d), "
            "for example with reshape(n, -1)"
        )
    return torch.from_numpy(array.reshape(len(array), -1).astype(np.float32))


def each(values: Any, k: int, name: str) -> NDArray[np.float64]:
    """One number of at least 0 for each of k modes."""
    array = numbers(values, name).astype(np.float64)
    if array.shape not in ((), (k,)):
        raise ValueError(f"{name} has shape {array.shape}: give {k} numbers, one for each mode")
    if array.min() < 0:
        raise ValueError(f"{name} holds {array.min():g}: give numbers of at least 0")
    return np.broadcast_to(array, k)


def finite(**given: Any) -> None:
    """Refuse what is no finite number."""
    for name, value in given.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and abs(value) <= LARGEST):
            raise ValueError(f"{name} = {value!r}: give a finite number")


def at_least(least: float, **given: Any) -> None:
    """Refuse what is no finite number of at least `least`."""
    finite(**given)
    for name, value in given.items():
        if value < least:
            raise ValueError(f"{name} = {value!r}: give a number of at least {least:g}")


def positive(**given: Any) -> None:
    """Refuse what is no finite number above 0."""
    finite(**given)
    for name, value in given.items():
        if value <= 0:
            raise ValueError(f"{name} = {value!r}: give a number above 0")


def whole(least: int, *, most: int = MOST, **given: Any) -> None:
    """Refuse what is no whole number of at least `least` and at most `most`."""
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            raise ValueError(f"{name} = {value!r}: give a whole number of at least {least}")
        if int(value) > most:
            told = f"{name} = {value}" if int(value) < 10**24 else f"{name} is too large"
            raise ValueError(f"{told}: give a whole number of at most {most:,}")


def flag(**given: Any) -> None:
    """Refuse what is neither True nor False."""
    for name, value in given.items():
        if not isinstance(value, bool):
            raise ValueError(f"{name} = {value!r}: give True or False")


def kind(wanted: type, **given: Any) -> None:
    """Refuse what is not of that class."""
    for name, value in given.items():
        if not isinstance(value, wanted):
            raise ValueError(f"{name} = {value!r}: give one of {wanted.__name__}")


def among(allowed: tuple[str, ...], **given: Any) -> None:
    """Refuse what is none of the allowed words."""
    for name, value in given.items():
        if value not in allowed:
            raise ValueError(f"{name} = {value!r}: choose from {', '.join(allowed)}")
