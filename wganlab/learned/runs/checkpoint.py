"""checkpoint.pt: tensors, numbers and strings, there whole or as it was before.

Of a run that keeps every checkpoint, each is beside it too, checkpoints/000500.pt for iteration
500. The last of them and checkpoint.pt are one file by two names, where the disk has such.
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import torch

from wganlab.data import checks
from wganlab.learned.runs.keeping import kept, regular, whole

if TYPE_CHECKING:
    from pathlib import Path


FOLDER = "checkpoints"
MANY = 12  # are not listed one by one


def save(file: Path, state: dict[str, Any], *, every: bool = False) -> None:
    """Replace the checkpoint; with `every` it stays under the name of its iteration too.

    Raises
    ------
    NotKeptError
        If it cannot be written: the one before stays.
    """
    content = io.BytesIO()  # torch itself does not say why it could not write a file
    torch.save(state, content)
    if not every:
        with whole(file) as part:
            part.write_bytes(content.getbuffer())
        return
    stays = file.parent / FOLDER / f"{state['iteration']:06}.pt"
    with kept(stays):
        stays.parent.mkdir(exist_ok=True)
    with whole(stays) as part:
        part.write_bytes(content.getbuffer())
    with whole(file) as part:
        _same(stays, part)


def _same(file: Path, other: Path) -> None:
    """Let the other be that file, or where the disk has no such a copy of it."""
    other.unlink()
    try:
        os.link(file, other)
    except (NotImplementedError, OSError):
        shutil.copyfile(file, other)


def iterations(file: Path) -> list[int]:
    """Of the checkpoints that stayed beside this one, in order."""
    names = (path.stem for path in (file.parent / FOLDER).glob("*.pt"))
    return sorted(int(name) for name in names if name.isdecimal())


def find(file: Path, at: int) -> Path:
    """The checkpoint of that iteration: one that stayed, or this one.

    Raises
    ------
    ValueError
        If there is none; says which there are.
    """
    checks.whole(0, at=at)
    there = iterations(file)
    if at in there:
        return file.parent / FOLDER / f"{at:06}.pt"
    last = load(file, torch.device("cpu"), mmap=True)
    if last is not None and last["iteration"] == at:
        return file
    known = sorted({*there, *([] if last is None else [int(last["iteration"])])})
    numbers = [f"{number:,}" for number in known]
    if len(numbers) > MANY:
        numbers[MANY // 2 : -MANY // 2] = ["..."]
    told = f"it has {'; '.join(numbers)}" if known else "it has none yet"
    raise ValueError(
        f"the run in {file.parent} has no checkpoint of iteration {at:,}: {told} (all are kept "
        "where it is trained with --keep-checkpoints)"
    )


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
