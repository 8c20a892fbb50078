"""The command `sample`: points of a trained generator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from wganlab.report import count, spinner
from wganlab.writing import check, written

if TYPE_CHECKING:
    from torch import Tensor

SUFFIXES = (".npy", ".csv", ".png", ".txt")
KEPT = (
    *("config.json", "environment.json", "metrics.csv", "losses.csv", "checkpoint.pt"),
    *("checkpoints", "samples", "bracket.json"),
)


@dataclass(frozen=True)
class Sample:
    """Draw points from the generator of a run, as its last checkpoint has it.

    A .npy or .csv file takes the points, one a row; a .png file a picture of them over as many real
    ones. Of images a .npy file takes bytes (n, height, width, channels), and a .png file a sheet,
    in which classes that the generator is told are columns. Of text a .txt file takes lines, the
    likeliest character at each place, and a .npy file their codes, (n, length): 0 after the end of
    a line, 1 an unknown character, and from 2 on those that "characters" lists in the run's
    environment.json.
    The run may have been stopped before its end.
    """

    folder: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of a run, as runs/wgan-gp-8gaussians-seed0."""
    out: Annotated[Path, arg(aliases=["-o"], metavar="PATH")]
    """The file: .npy, .csv or .png; of text .txt or .npy."""
    n: Annotated[int, arg(aliases=["-n"])] = 1000
    """Points."""
    seed: int = 0
    """Of their noise."""
    label: str = ""
    """The class of all of them, by its name, where the run was trained with --labels; without it
    they are of each class in turn."""
    at: int | None = None
    """Iteration of the checkpoint, of a run that was trained with --keep-checkpoints; the last one
    by default."""
    overwrite: bool = False
    """Replace the file if there is one."""

    def run(self) -> None:
        """Draw the points and write them."""
        with spinner("loading torch"):
            import torch

            from wganlab import learned

        self._check()
        run = learned.load_run(self.folder, device="cpu", at=self.at)
        with torch.no_grad():
            draws = torch.Generator().manual_seed(self.seed)
            points = run.sample(self.n, draws, self.label or None)
        columns = 0 if self.label else len(run.classes)
        with written(self.out, option="--out", overwrite=self.overwrite) as part:
            self._write(part, points, columns)
        told = f"{count(len(points), 'point')} in dimension {points.shape[1]}"
        if points.dim() == 4:
            channels, height, width = points.shape[1:]
            told = f"{count(len(points), 'image')} of {width} x {height} pixels, {channels} channel"
            told += "s" * (channels > 1)
        if points.dim() == 3:
            told = f"{count(len(points), 'line')} of {points.shape[2]} characters at most"
        print(f"{told}: {self.out}")

    def _check(self) -> None:
        kept = [self.folder / name for name in KEPT]
        check(
            self.out,
            option="--out",
            suffixes=SUFFIXES,
            overwrite=self.overwrite,
            inputs=[*kept, *self._trained_on()],
        )
        if not 1 <= self.n < 2**31:
            raise ValueError(f"--n {self.n}: expected 1 or more, below 2**31")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"--seed {self.seed}: expected 0 or more, below 2**64")

    def _trained_on(self) -> list[str]:
        """The files that the run was trained on, where they can be found."""
        from wganlab.data.files import files_of
        from wganlab.learned import RunFolder

        try:
            return files_of(RunFolder(self.folder).located().data)
        except (ValueError, OSError):  # sampling needs none
            return []

    def _write(self, path: Path, points: Tensor, columns: int) -> None:
        import numpy as np
        import torch

        from wganlab import learned, pictures

        if points.dim() == 4:
            self._write_images(path, points, columns)
        elif points.dim() == 3:
            self._write_text(path, points)
        elif path.suffix == ".txt":
            raise ValueError(f"--out {self.out}: expected one of .npy, .csv, .png")
        elif path.suffix == ".npy":
            np.save(path, points.numpy())
        elif path.suffix == ".csv":
            np.savetxt(path, points.numpy(), delimiter=",", fmt="%.9g")  # float32 to the bit
        else:
            draws = torch.Generator().manual_seed(self.seed)
            try:
                law = learned.RunFolder(self.folder).located().law()
                real = law.sample(len(points), draws).numpy()
            except (ValueError, OSError) as error:
                raise ValueError(
                    f"--out {self.out}: a picture has real points beside the generated ones, and "
                    f"{error}; .npy and .csv need none"
                ) from None
            pictures.draw_sheet(path, real, points.numpy(), str(self.folder))

    def _write_images(self, path: Path, points: Tensor, columns: int) -> None:
        import math

        import numpy as np
        from PIL import Image

        from wganlab.data.image_tensors import as_bytes
        from wganlab.pictures import MOST_COLUMNS
        from wganlab.plots import tiled

        images = as_bytes(points)
        if path.suffix in (".csv", ".txt"):
            raise ValueError(f"--out {self.out}: images go to .npy or .png")
        if path.suffix == ".npy":
            np.save(path, images)
        else:
            if not 0 < columns <= min(len(images), MOST_COLUMNS):
                columns = math.ceil(math.sqrt(len(images)))
            Image.fromarray(
                tiled(images, columns).squeeze(-1 if images.shape[3] == 1 else ())
            ).save(path)

    def _write_text(self, path: Path, points: Tensor) -> None:
        import numpy as np

        from wganlab import learned
        from wganlab.commands.text_table import write_lines
        from wganlab.data.language import codes_of

        if path.suffix not in (".txt", ".npy"):
            raise ValueError(f"--out {self.out}: lines of text go to .txt or .npy")
        codes = codes_of(points)
        if path.suffix == ".npy":
            np.save(path, codes)
        else:
            write_lines(path, learned.RunFolder(self.folder).alphabet().decode(codes))
