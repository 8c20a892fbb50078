"""How things are shown: one style, one color and one mark a role, files equal from run to run.

The colors (Okabe and Ito 2008) are told apart by people with any color vision; in grey the marks
and dashes tell them apart.
"""

from __future__ import annotations

import textwrap
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.writing import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

STYLE = Path(__file__).with_name("wganlab.mplstyle")

# Keyword arguments for Axes.plot, by role.
REAL: dict[str, Any] = {"color": "#0072B2", "marker": "o"}
FAKE: dict[str, Any] = {"color": "#D55E00", "marker": "^"}
CRITIC: dict[str, Any] = {"color": "#009E73", "linestyle": "--"}
EXACT: dict[str, Any] = {"color": "black", "linestyle": "-"}
ROLES = {"real": REAL, "fake": FAKE, "critic": CRITIC, "exact": EXACT}

UNDATED: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
}


def style() -> AbstractContextManager[None]:
    """The project's matplotlib style, as a context: `with plots.style(): ...`."""
    import matplotlib.style

    return matplotlib.style.context(STYLE)


def caption(figure: Figure, text: str, width: int = 120) -> None:
    """Small text under a figure: n, d, seeds, what differs from the paper."""
    figure.supxlabel(textwrap.fill(text, width), fontsize=9, color="0.35", x=0.01, ha="left")


def save(figure: Figure, stem: Path, *, suffixes: tuple[str, ...] = (".png", ".pdf")) -> None:
    """Write `stem`.png and `stem`.pdf, without dates or versions: equal input, equal bytes."""
    for suffix in suffixes:
        with written(stem.with_name(f"{stem.name}{suffix}"), overwrite=True) as part:
            figure.savefig(part, metadata=UNDATED[suffix], format=suffix[1:])


def show_images(axes: Axes, images: NDArray[np.uint8], columns: int) -> None:
    """A sheet of images, shape (n, h, w, c), `columns` a row, on bare axes."""
    sheet = tiled(images, columns)
    grey = sheet.shape[2] == 1
    axes.imshow(sheet[..., 0] if grey else sheet, cmap="gray_r", interpolation="nearest")
    axes.set_axis_off()


def tiled(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Images (n, h, w, c) as one, `columns` a row; what is left of the last row is white."""
    n, height, width, channels = images.shape
    rows = -(-n // columns)
    sheet = np.full((rows * columns, height, width, channels), 255, np.uint8)
    sheet[:n] = images
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return sheet.reshape(rows * height, columns * width, channels)
