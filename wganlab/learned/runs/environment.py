"""environment.json: where and with what a run was started."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

import torch

from wganlab.learned.runs.keeping import text

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("wganlab", "torch", "numpy", "scipy", "POT")


def here(device: torch.device) -> dict[str, Any]:
    """Versions, device and threads of this process."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "threads": torch.get_num_threads(),
        **{name: metadata.version(name) for name in PACKAGES},
    }


def read(file: Path) -> dict[str, Any]:
    """What the file tells.

    Raises
    ------
    ValueError
        If it is gone or damaged.
    """
    try:
        told = json.loads(text(file))
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not what a run writes: {error}") from None
    if not isinstance(told, dict) or not isinstance(told.get("notes"), dict):
        raise ValueError(f"{file} is not what a run writes: it has no notes")
    return told
