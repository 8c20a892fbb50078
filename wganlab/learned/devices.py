"""Where and with how many threads torch computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def resolve_device(device: str | torch.device) -> torch.device:
    """The device of that name; "auto" is a GPU where there is one, ValueError for a missing one."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        place = torch.device(device)
        torch.empty(1, device=place)
    except (RuntimeError, AssertionError) as error:
        missing = isinstance(error, NotImplementedError)  # which lists all that torch knows
        told = "there is none here" if missing else str(error).splitlines()[0]
        raise ValueError(f"device {str(device)!r} cannot be used: {told}; give cpu") from None
    return place


@contextmanager
def thread_limit(threads: int | None) -> Iterator[None]:
    """That many threads of torch, and afterwards as many as before; None changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
