"""Attributes of the faces that runs generate: read beside a run, and drawn as bars under sheets.

In the law of `wganlab.data.faces` attributes are independent and each value has a known share. The
bars are the total variation between the shares among generated faces and those of the law, 0 to 1,
beside what as many new faces of the law have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab import compare, plots
from wganlab.compare.attributes import attributes_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from figures.image_runs import Kept
    from wganlab.compare import FaceAttributes
    from wganlab.compare.neighbors import Images
    from wganlab.learned.runs.view import Row, View

NUMBERS = {
    "found": "modes",
    "all": "all_modes",
    "valid": "quality",
    "tv": "attribute_tv",
    "deviation": "face_deviation",
    "distinct": "distinct",
    "commonest": "commonest",
}
"""What a figure calls the columns of a run."""
FLOOR: dict[str, Any] = {"color": plots.EXACT["color"], "linestyle": ":", "lw": 1.8}
TV = "tv "
"""What the columns of single attributes begin with."""


def row(view: View, n: int) -> Row:
    """Of n generated faces: `FaceAttributes.as_row`, total variation of every attribute, how many
    distinct faces they are read as, and the share of the commonest; nothing of other images."""
    if attributes_for(view.law) is None:
        return {}
    found = compare.face_attributes(view.fake[:n])
    return {
        **found.as_row(),
        "read": len(found.reading),
        **repeated(found),
        **{f"{TV}{one.attribute}": one.tv for one in found.table},
    }


def repeated(found: FaceAttributes) -> dict[str, float]:
    """How often generated faces are read as the same one."""
    read = found.reading.drawn.reshape(len(found.reading), -1)
    _, counts = np.unique(read, axis=0, return_counts=True)
    return {"distinct": len(counts), "commonest": float(counts.max() / len(read))}


def ends(runs: Sequence[Sequence[Kept]], faces: Images) -> dict[str, NDArray[Any]]:
    """Of the last faces of runs, a row a kind and a column a seed: NUMBERS, (kinds, seeds); of
    real faces and of seed 0 total variation by attribute, (1 + kinds, attributes).

    Nothing of images without attributes.
    """
    if attributes_for(runs[0][0].config.law()) is None:
        return {}
    real = compare.face_attributes(faces)
    names = [one.attribute for one in real.table]
    generated = [[line[0].rows[-1][f"{TV}{name}"] for name in names] for line in runs]
    return {
        **{
            name: np.array([[run.rows[-1][column] for run in line] for line in runs])
            for name, column in NUMBERS.items()
        },
        "attributes": np.array(names),
        "attribute tv": np.array([[one.tv for one in real.table], *generated]),
        "attribute floor": np.array([real.floors[name] for name in names]),
        "real found": np.array(real.found),
        "read": np.array(len(real.reading)),
    }


def draw_bars(axes: Axes, arrays: dict[str, NDArray[Any]], k: int, color: str) -> None:
    """Total variation of every attribute, of real faces (k = 0) or a run's, its floor dotted."""
    values, floors = arrays["attribute tv"][k], arrays["attribute floor"]
    at = np.arange(len(values))
    axes.barh(at, values, height=0.72, color=color)
    edges = np.stack([at - 0.5, at + 0.5], axis=1).ravel()
    axes.plot(np.repeat(floors, 2), edges, **FLOOR)
    axes.set(xlim=(0, 1), ylim=(len(values) - 0.4, -0.6))
    axes.set_yticks(at, arrays["attributes"] if k == 0 else [])
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0, labelsize=11)
    mean = f"mean {values.mean():.2f}"
    axes.set_xlabel(f"total variation from the law, {mean}", fontsize=12)
