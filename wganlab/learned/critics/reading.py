"""Points that somebody brought, read once: arrays, tensors and data frames of real numbers."""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab.data.units import warn_of_lost

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

LARGEST = 1e150  # squares of what is larger overflow float64


def read(array: Any, name: str) -> Tensor:
    """An array or frame as a tensor of float32 or float64, whichever holds its numbers."""
    parts = array if isinstance(array, list | tuple) else ()
    if np.ma.is_masked(array) or any(map(np.ma.is_masked, parts)):
        raise ValueError(f"{name} has masked entries: drop those rows first")
    if any(isinstance(part, torch.Tensor) for part in parts):
        array = [_from_torch(part) for part in parts]
    elif isinstance(array, torch.Tensor) and array.is_meta:
        raise ValueError(f"{name} is a tensor on meta, without values")
    elif isinstance(array, torch.Tensor) and array.is_nested:
        raise ValueError(
            f"{name} is a nested tensor: give one point a row, torch.stack({name}.unbind())"
        )
    if isinstance(array, torch.Tensor) and array.dtype == torch.int64:
        array = array.cpu().numpy()  # of which float64 may lose some
    if not isinstance(array, torch.Tensor):
        array = torch.from_numpy(_numbers(array, name))
    elif array.is_complex():
        raise ValueError(f"{name} holds complex numbers, expected real ones: give their parts")
    tensor = array.detach()
    tensor = tensor if tensor.layout == torch.strided else tensor.to_dense()
    short = (torch.float32, torch.float16, torch.bfloat16, torch.uint8, torch.int8, torch.bool)
    if tensor.device.type == "mps":  # which has no float64
        tensor = tensor.cpu()
    tensor = tensor.to(torch.float32 if tensor.dtype in short else torch.float64)
    tensor = tensor[:, None] if tensor.dim() == 1 else tensor
    if tensor.dim() < 2 or tensor.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}: give points of shape (n, d)")
    refuse_infinite(tensor, name)
    if tensor.dtype == torch.float64 and tensor.abs().max().item() > LARGEST:
        raise ValueError(
            f"{name} has coordinates beyond {LARGEST:g}, where distances overflow: choose a "
            "larger unit"
        )
    return tensor


def _from_torch(part: Any) -> Any:
    """A tensor as an array, of a type that NumPy has."""
    if not isinstance(part, torch.Tensor):
        return part
    part = part.detach().cpu()
    return part.numpy() if part.is_complex() else part.double().numpy()


def refuse_infinite(tensor: Tensor, name: str) -> None:
    """ValueError that names the first row with a value that is not finite."""
    if math.isfinite(tensor.sum().item()):  # a tenth of what follows, in every step of a sampler
        return
    bad = ~torch.isfinite(tensor).flatten(1).all(dim=1)
    if bad.any():
        row = int(bad.nonzero()[0])
        raise ValueError(
            f"{name} has a value in row {row} that is not finite: remove {int(bad.sum())} such rows"
        )


def _numbers(array: Any, name: str) -> NDArray[Any]:
    """A copy of what NumPy reads, real numbers in a type that torch has."""
    nothing = (
        f"{name} is no array of numbers, and no law to sample from: give points of shape (n, d), "
        "a toy, a known pair, a law with rvs or sample, or a callable (n, generator) -> points"
    )
    if hasattr(array, "toarray"):
        raise ValueError(f"{name} is a sparse matrix: give {name}.toarray()")
    try:
        raw = np.asarray(array)
    except Exception:
        raise ValueError(nothing) from None
    if raw.dtype.kind == "O" and raw.ndim and all(isinstance(z, Real | Decimal) for z in raw.flat):
        try:
            raw = raw.astype(np.float64)  # a frame of several numeric types
        except OverflowError:
            raise ValueError(
                f"{name} has integers beyond 1e308, the largest of float64: choose a larger unit"
            ) from None
    if raw.dtype.kind == "O" and not any(isinstance(z, str | complex) for z in raw.flat):
        raise ValueError(nothing if raw.ndim == 0 else f"{nothing}; rows without missing values")
    if raw.dtype.kind not in "iufb":
        kinds = {"U": "text", "S": "text", "O": "text", "c": "complex numbers", "V": "records"}
        raise ValueError(
            f"{name} holds {kinds.get(raw.dtype.kind, f'{raw.dtype} values')}, expected real "
            "numbers: leave out such columns, or convert them first"
        )
    short = raw.dtype in (np.float32, np.float16, np.uint8, np.int8, bool)
    numbers = np.array(raw, dtype=np.float32 if short else np.float64, order="C")
    if raw.dtype.kind in "iu" and numbers.size and np.abs(numbers).max() > 2**53:
        warn_of_lost(raw, numbers, name, "float64")
    return numbers


def aligned(real: Any, fake: Any) -> tuple[Any, Any]:
    """Two data frames with their columns in one order.

    Raises
    ------
    ValueError
        If their columns have different names.
    """
    names = [_columns(frame) for frame in (real, fake)]
    if None in names or names[0] == names[1]:
        return real, fake
    first, second = names
    if sorted(first) == sorted(second) and len({*first}) == len(first):
        return real, fake[list(real.columns)]
    counted = [str(k) for k in range(len(first))]
    if len(first) == len(second) and counted in names:  # pandas names columns so
        return real, fake
    raise ValueError(
        f"the columns of real are {', '.join(first)}, and those of fake {', '.join(second)}: "
        "choose the same for both, real[columns] and fake[columns]"
    )


def _columns(frame: Any) -> Any:
    """Names of a data frame's columns; None where there are none."""
    columns = getattr(frame, "columns", None)
    return None if columns is None else [str(name) for name in columns]
