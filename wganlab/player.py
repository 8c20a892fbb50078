"""A page that plays training runs step by step in any browser, without a network or a kernel.

Every panel is a run: its generated points over real ones, or a sheet of its images, and its
numbers over the iterations. The page is one file, `player.html` with its content written into it;
equal content, equal bytes.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wganlab.names import paged
from wganlab.plots import tiled

NAMES = {
    "emd": "exact EM",
    "certificate": "certificate",
    "estimate": "critic gap",
    "floor": "sampling floor",
}
DOTS = 500  # of a cloud that are drawn
FAR = 5000  # thousandths of a picture's side: where what is farther outside is kept
BELOW = 0.3  # of the largest value: how far below 0 is shown, where a certificate may fall deep


@dataclass(frozen=True, eq=False)
class Panel:
    """A run to be shown."""

    title: str
    """Over its pictures; empty for none."""
    real: NDArray[Any]
    """Real points, shape (m, d): of more than two coordinates the first two are drawn. Of images,
    bytes (m, h, w, c), none are."""
    clouds: Sequence[NDArray[Any]]
    """Generated points at every step of the page, shape (n, d) each, or images (n, h, w, c)."""
    iterations: Sequence[int]
    """Of the numbers; those of the page's steps are among them."""
    curves: Mapping[str, Sequence[float]]
    """Numbers at those iterations, by the keys of NAMES; of others nothing is drawn."""
    names: Mapping[str, str] | None = None
    """What curves are called that are not called as in NAMES."""
    fields: Sequence[NDArray[Any]] = ()
    """A function over the picture at every step, shape (k, k), first row at the bottom; none for
    none. It is shaded from its least value to its largest one."""
    arrows: Sequence[NDArray[Any]] = ()
    """At every step, where arrows from the generated points end, shape (m, 2), m <= n; none for
    none."""
    role: str = "estimate"
    """Whose color fields and arrows have, a key of NAMES."""
    box: tuple[float, float, float] | None = None
    """Left and lower end of the picture, and its side; by default one around the real points."""


def page(
    title: str,
    iterations: Sequence[int],
    panels: Sequence[Panel],
    *,
    note: str = "",
    told: Sequence[str] = (),
    unit: str = "iteration",
) -> str:
    """The page as text.

    Parameters
    ----------
    title : str
        Its heading.
    iterations : sequence of int
        At which every panel has generated points: the steps of the page.
    panels : sequence of Panel
        Shown side by side, their numbers on equal axes.
    note : str
        Small print below them.
    told : sequence of str
        What is said of every step; by default which iteration it is.
    unit : str
        What is counted.
    """
    content = {
        "title": title,
        "note": note,
        "iterations": [int(iteration) for iteration in iterations],
        "told": list(told) or [f"{unit} {iteration:,}" for iteration in iterations],
        "unit": unit,
        "range": _range(panels),
        "panels": [_panel(panel) for panel in panels],
    }
    page = Path(__file__).with_name("player.html").read_text(encoding="utf-8")
    return page.replace("/*PAGE*/null", paged(content))


def _range(panels: Sequence[Panel]) -> list[float]:
    """Least and largest value of the axes."""
    curves = [panel.curves[role] for panel in panels for role in NAMES if role in panel.curves]
    values = np.concatenate([[0.0], *curves])
    values = values[np.isfinite(values)]
    high = float(values.max()) or 1.0
    return [max(float(values.min()), -BELOW * high), high]


def _panel(panel: Panel) -> dict[str, Any]:
    """A panel's content: sheets of images, or points as `_points` has them."""
    names = NAMES | dict(panel.names or {})
    images = panel.real.ndim == 4
    shown = {"sheets": [_sheet(cloud) for cloud in panel.clouds]} if images else _points(panel)
    return {
        "title": panel.title,
        **shown,
        "role": panel.role,
        "iterations": [int(iteration) for iteration in panel.iterations],
        "curves": [
            {"role": role, "name": names[role], "values": _finite(panel.curves[role])}
            for role in NAMES
            if role in panel.curves
        ],
    }


def _points(panel: Panel) -> dict[str, Any]:
    """Real and generated points, in thousandths of a box around the real ones."""
    real = _plane(panel.real)
    if panel.box is None:
        low, high = real.min(axis=0), real.max(axis=0)
        side = 1.5 * (high - low).max() + 1e-9
        corner = (low + high - side) / 2
    else:
        corner, side = np.array(panel.box[:2]), panel.box[2]
    return {
        "real": _thousandths(real, corner, side),
        "clouds": [_thousandths(_plane(cloud), corner, side) for cloud in panel.clouds],
        "arrows": [_thousandths(_plane(ends), corner, side) for ends in panel.arrows],
        "fields": [_shade(values) for values in panel.fields],
    }


def _sheet(images: NDArray[np.uint8]) -> str:
    """A square sheet of images, bytes (n, h, w, c), as the address of a PNG picture."""
    from PIL import Image

    rows = math.isqrt(len(images))
    return _address(Image.fromarray(tiled(images[: rows * rows], rows).squeeze()))


def _shade(values: NDArray[Any]) -> str:
    """A field as the address of a picture, transparent where it is least."""
    from PIL import Image

    low, high = values.min(), values.max()
    alpha = (255 * (values - low) / (high - low or 1.0)).round().astype(np.uint8)[::-1]
    return _address(Image.fromarray(np.stack([np.zeros_like(alpha), alpha], axis=-1), "LA"))


def _address(picture: Any) -> str:
    """A PNG picture, written into its address."""
    with io.BytesIO() as file:
        picture.save(file, "png", optimize=True)
        return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _plane(points: NDArray[Any]) -> NDArray[np.float64]:
    """The first two coordinates of a cloud's first points; on the line the second is 0."""
    flat = points if points.shape[1] > 1 else np.hstack([points, 0 * points])
    return flat[:DOTS, :2].astype(float)


def _thousandths(points: NDArray[np.float64], corner: Any, side: float) -> list[int]:
    """x and y of every point in turn; what is far outside stays outside."""
    scaled = np.clip(1000 * (points - corner) / side, -FAR, FAR).round()  # (n, 2)
    return [int(value) for value in scaled.ravel()]


def _finite(values: Sequence[float]) -> list[float | None]:
    """JSON has neither nan nor infinity."""
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
