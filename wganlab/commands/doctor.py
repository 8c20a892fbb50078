"""The command `doctor`: versions, device, and one exact value checked."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata

from wganlab import __version__
from wganlab.report import spinner, timed


@dataclass(frozen=True)
class Doctor:
    """Versions, device and threads, and one exact value checked against its closed form."""

    def run(self) -> None:
        """Print the report; RuntimeError if the check fails."""
        print(f"wganlab     {__version__}")
        print(f"python      {platform.python_version()} on {platform.platform()}")
        for package in ("numpy", "scipy", "POT", "matplotlib", "torch", "tyro"):
            try:
                print(f"{package:<12}{metadata.version(package)}")
            except metadata.PackageNotFoundError:
                print(f"{package:<12}missing")
        self._device()

        import numpy as np

        from wganlab import exact

        pair = exact.known.ParallelLines(theta=0.5)
        x, y = pair.sample(100, np.random.default_rng(0), paired=True)
        with timed() as clock:
            result = exact.wasserstein(x, y)
        correct = abs(result.value - pair.emd) < 1e-9
        print(
            f"exact EM    {result.value:.12g} by {result.solver}, {pair.emd} in closed form: "
            f"{'ok' if correct else 'WRONG'} ({clock():.2f} s)"
        )
        if not correct:
            raise RuntimeError("the exact value is wrong: reinstall with -c constraints.txt")

    def _device(self) -> None:
        try:
            with spinner("loading torch"):
                import torch
        except (ImportError, OSError) as error:
            print(f"device      torch does not load: {' '.join(str(error).split())}")
            return
        devices = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
        print(f"device      {', '.join(devices) or 'cpu'}")
        print(f"threads     {torch.get_num_threads()} in torch, {os.cpu_count()} cores")
