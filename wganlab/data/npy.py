"""NumPy's own files, read without pickles and with errors for whoever gave them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def load(path: Path, wanted: Callable[[list[str]], list[str]]) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file that `wanted` chooses by their names; that of a .npy file as ""."""
    # opened here: np.load leaves a damaged archive open
    with path.open("rb") as file:
        if not file.read(6).startswith((b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")):
            raise ValueError("this is no .npy or .npz file: write it with numpy.save or savez")
        file.seek(0)
        with _explained():
            loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        with loaded:
            names = wanted(loaded.files)
            with _explained():
                return {name: loaded[name] for name in names}


@contextmanager
def _explained() -> Iterator[None]:
    """What NumPy complains of, in words for whoever gave the file."""
    try:
        yield
    except (ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error):
            raise ValueError(
                "it holds pickled Python objects, which may run any code and are not opened "
                "(allow_pickle=False): save plain numbers"
            ) from error
        raise ValueError(f"the file is damaged or cut off ({error}): write it again") from error
