"""Checks of `gpu.py` that are about processes of their own: a command, and torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from gpu_runs import ROUNDED, apart, within

HERE = Path(__file__).parent
Found = dict[str, Any]


def profile_step(device: torch.device) -> Found:
    """What the command line tells of a step's time."""
    options = ["--preset", "wgan-gp", "--profile-step", "--device", device.type]
    told = started(["-m", "wganlab", "train", *options])
    if device.type == "cuda" and "ms of the device" not in told:
        raise AssertionError("it says nothing of the device's time")
    return {"told": " ".join(told.split()[-6:])}


def two_processes(name: str, device: torch.device) -> Found:
    """Two processes of torchrun, each with half of every batch, end where one does."""
    with tempfile.TemporaryDirectory() as folder:
        for processes in (1, 2):
            start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
            script = [str(HERE / "gpu_pair.py"), name, device.type, f"{folder}/{processes}.pt"]
            started([*start, *script])
        one, two = (torch.load(f"{folder}/{number}.pt", weights_only=True) for number in (1, 2))
    within(apart(two, one), ROUNDED, "the relative error of weights")
    return {"error": apart(two, one)}


def started(arguments: list[str]) -> str:
    """What a Python of its own prints; RuntimeError with the end of it where it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=80,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise RuntimeError(" / ".join((done.stdout + done.stderr).strip().splitlines()[-8:]))
    return done.stdout
