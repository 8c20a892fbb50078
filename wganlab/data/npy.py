"""NumPy's own files, read without pickles and with errors for whoever gave them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MARKS = (b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")


def load(
    place: Path | BinaryIO, wanted: Callable[[list[str]], list[str]]
) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file that `wanted` chooses by their names; that of a .npy file as ""."""
    if isinstance(place, Path):
        # opened here: np.load leaves a damaged archive open
        with place.open("rb") as file:
            return load(file, wanted)
    if not place.read(6).startswith(MARKS):
        raise ValueError("this is no .npy or .npz file: write it with numpy.save or savez")
    place.seek(0)
    with _explained():
        loaded = np.load(place, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return {"": loaded}
    with loaded:
        names = wanted(loaded.files)
        with _explained():
            arrays = {name: loaded[name] for name in names}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name!r} in it is no array: write it with numpy.savez")
    return arrays


@contextmanager
def _explained() -> Iterator[None]:
    """What NumPy complains of, in words for whoever gave the file."""
    try:
        with np.errstate(all="ignore"):  # of sizes that a damaged header tells
            yield
    except MemoryError:
        raise
    except Exception as error:  # a damaged archive or header raises errors of all kinds
        if "allow_pickle" in str(error):
            raise ValueError(
                "it holds pickled Python objects, which may run any code and are not opened "
                "(allow_pickle=False): save plain numbers"
            ) from error
        told = str(error) or type(error).__name__
        raise ValueError(f"the file is damaged or cut off ({told}): write it again") from error
