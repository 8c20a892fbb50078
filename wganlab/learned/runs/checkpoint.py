"""checkpoint.pt: tensors, numbers and strings, there whole or as it was before."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import torch

from wganlab.learned.runs.keeping import regular, whole

if TYPE_CHECKING:
    from pathlib import Path


def save(file: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint.

    Raises
    ------
    NotKeptError
        If it cannot be written: the one before stays.
    """
    content = io.BytesIO()  # torch itself does not say why it could not write a file
    torch.save(state, content)
    with whole(file) as part:
        part.write_bytes(content.getbuffer())


def load(file: Path, device: torch.device, *, mmap: bool = False) -> dict[str, Any] | None:
    """The checkpoint; None where there is none.

    Raises
    ------
    ValueError
        If it is not whole.
    """
    if not file.exists():
        return None
    regular(file)
    try:
        if not mmap:
            _refuse_rot(file)
        state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True, mmap=mmap)
        state["iteration"].__index__()
    except Exception as error:  # torch raises whatever a broken file leads it to
        raise ValueError(
            f"{file} cannot be read ({type(error).__name__}): it is no whole checkpoint. Put a "
            "copy of it back, or move it away and let the run begin again"
        ) from None
    return state


def _refuse_rot(file: Path) -> None:
    """Every record carries the sum of its content, at which torch does not look."""
    with zipfile.ZipFile(file) as records:
        if records.testzip() is not None:
            raise ValueError("its content has changed")
