"""The command `sample`: points of a trained generator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from wganlab.report import beside, count, spinner

if TYPE_CHECKING:
    from torch import Tensor

    from wganlab.learned import Run

SUFFIXES = (".npy", ".csv", ".png")


@dataclass(frozen=True)
class Sample:
    """Draw points from the generator of a run, as its last checkpoint has it.

    A .npy or .csv file takes the points, one a row; a .png file a picture of them over as many real
    ones. The run may have been stopped before its end.
    """

    folder: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of a run, as runs/wgan-gp-8gaussians-seed0."""
    out: Annotated[Path, arg(aliases=["-o"], metavar="PATH")]
    """The file: .npy, .csv or .png."""
    n: Annotated[int, arg(aliases=["-n"])] = 1000
    """Points."""
    seed: int = 0
    """Of their noise."""
    overwrite: bool = False
    """Replace the file if there is one."""

    def run(self) -> None:
        """Draw the points and write them."""
        self._check()
        with spinner("loading torch"):
            import torch

            from wganlab import learned

        run = learned.load_run(self.folder, device="cpu")
        with torch.no_grad():
            points = run.sample(self.n, torch.Generator().manual_seed(self.seed))
        with beside(self.out, "--out") as temporary:
            written = temporary.with_suffix(self.out.suffix)
            self._write(written, points, run)
            written.replace(self.out)
        print(f"{count(len(points), 'point')} in dimension {points.shape[1]}: {self.out}")

    def _check(self) -> None:
        if self.out.suffix not in SUFFIXES:
            raise ValueError(f"--out {self.out}: expected one of {', '.join(SUFFIXES)}")
        if self.out.is_dir():
            raise ValueError(f"--out {self.out} is a folder: name a file")
        if self.out.exists() and not self.overwrite:
            raise ValueError(f"--out {self.out} exists: give another name, or --overwrite")
        if self.n < 1:
            raise ValueError(f"--n {self.n}: expected 1 or more")
        if self.seed < 0:
            raise ValueError(f"--seed {self.seed}: expected 0 or more")
        with beside(self.out, "--out") as temporary:
            temporary.touch()

    def _write(self, path: Path, points: Tensor, run: Run) -> None:
        import numpy as np
        import torch

        from wganlab import data, pictures

        if path.suffix == ".npy":
            np.save(path, points.numpy())
        elif path.suffix == ".csv":
            np.savetxt(path, points.numpy(), delimiter=",", fmt="%.9g")  # float32 to the bit
        else:
            draws = torch.Generator().manual_seed(self.seed)
            real = data.law(run.config.data).sample(len(points), draws)
            pictures.draw_sheet(path, real.numpy(), points.numpy(), str(self.folder))
