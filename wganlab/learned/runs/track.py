"""Event files of a run for TensorBoard, which the extra `track` installs.

They repeat what the folder of a run holds: `metrics/NAME` is the column NAME of metrics.csv, in
float32; `samples` shows generated points over real ones; `config` is the configuration. A run that
goes on goes on here too: what was written after the iteration that it goes on from is struck out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from wganlab.learned.runs.config import TrainConfig

TOGETHER = ("estimate", "emd", "certificate", "sampling_floor")  # on the same axes, where observed
SIDE = 240  # pixels of a picture
REAL, FAKE = (0, 114, 178), (213, 94, 0)  # as in `wganlab.plots`


def summary_writer() -> type[SummaryWriter]:
    """Torch's writer of event files.

    Raises
    ------
    ModuleNotFoundError
        If TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ModuleNotFoundError(
            'tracking a run needs TensorBoard: pip install "wganlab[track]"'
        ) from None
    return SummaryWriter


class Events:
    """An event file, open to be written.

    Parameters
    ----------
    path : Path
        Folder of the event files.
    config : TrainConfig
        Of the run.
    real : Tensor
        Real points, shape (n, dim), to be drawn below the generated ones.
    rows : sequence of dict
        Of metrics, those that the run goes on from; none at its start.
    """

    def __init__(
        self, path: Path, config: TrainConfig, real: Tensor, rows: Sequence[dict[str, float]]
    ) -> None:
        goes_on = bool(rows) and path.exists()
        then = int(rows[-1]["iteration"]) + 1 if rows else 0
        self.real = real
        self.writer = summary_writer()(str(path), purge_step=then)
        if not goes_on:
            chart = {"over iterations": ["Multiline", [f"metrics/{name}$" for name in TOGETHER]]}
            self.writer.add_custom_scalars({"estimate and truth": chart})
            self.writer.add_text("config", f"```json\n{config.to_json()}```", 0)
            for row in rows:
                self.row(row)

    def row(self, row: dict[str, float]) -> None:
        """All numbers of a row of metrics, on disk when it returns."""
        for name, value in row.items():
            if name != "iteration":
                self.writer.add_scalar(f"metrics/{name}", value, int(row["iteration"]))
        self.writer.flush()

    def sheet(self, iteration: int, fake: Tensor) -> None:
        """Generated points, shape (n, dim): a picture, on the line a histogram."""
        if self.real.shape[1] == 1:
            self.writer.add_histogram("samples", fake.cpu(), iteration)
        else:
            self.writer.add_image("samples", picture(self.real, fake.cpu()), iteration)
        self.writer.flush()


def picture(real: Tensor, fake: Tensor) -> Tensor:
    """Points of shapes (n, d) and (m, d), d > 1, by their first two coordinates.

    Returns
    -------
    Tensor
        Of bytes, shape (3, SIDE, SIDE): generated points over real ones, in a square around these.
    """
    low, high = real[:, :2].amin(dim=0), real[:, :2].amax(dim=0)
    center, half = (low + high) / 2, 0.75 * (high - low).max().clamp(min=1e-9)
    shown = torch.full((3, SIDE, SIDE), 255, dtype=torch.uint8)
    for points, color in ((real, REAL), (fake, FAKE)):
        pixels = ((points[:, :2] - center) / half * 0.5 + 0.5) * SIDE  # (n, 2)
        x, y = pixels[((pixels >= 0) & (pixels < SIDE)).all(dim=1)].long().unbind(dim=1)
        dots = torch.zeros(1, SIDE, SIDE)
        dots[0, SIDE - 1 - y, x] = 1
        dots = max_pool2d(dots, 3, stride=1, padding=1)  # dots of 3 pixels
        shown = torch.where(dots > 0, torch.tensor(color, dtype=torch.uint8)[:, None, None], shown)
    return shown
