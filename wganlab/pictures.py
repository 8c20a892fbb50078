"""Pictures of a run: its points beside the real ones, and its numbers over the iterations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wganlab import plots
from wganlab.player import Panel, page

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

UNITLESS = ("clip", "none")  # constraints under which the critic's slope is not near 1
OF_BATCHES = ("emd", "sinkhorn")  # objectives that are lengths without any critic


def draw_sheet(
    path: Path, real: NDArray[np.float32], fake: NDArray[np.float32], title: str
) -> None:
    """Generated points over real ones, shapes (n, d) and (m, d), as a PNG file.

    Of more than two coordinates the first two are drawn; on the line, histograms.
    """
    from matplotlib.figure import Figure

    with plots.style():
        figure = Figure(figsize=(6, 6))
        axes = figure.subplots()
        for points, role, name in ((real, plots.REAL, "real"), (fake, plots.FAKE, "generated")):
            label = f"{len(points):,} {name}"
            if points.shape[1] == 1:
                color = role["color"]
                axes.hist(points[:, 0], bins=60, density=True, color=color, alpha=0.5, label=label)
            else:
                told = role | {"markersize": 3.5, "markeredgewidth": 0, "alpha": 0.6}
                axes.plot(points[:, 0], points[:, 1], linestyle="none", label=label, **told)
        if real.shape[1] > 1:
            axes.set_aspect("equal", "datalim")
        if real.shape[1] > 2:
            title += f"\nthe first two of {real.shape[1]:,} coordinates"
        axes.set_title(title)
        axes.legend(loc="upper right", markerscale=2)
        plots.save(figure, path.with_suffix(""), suffixes=(".png",))


def draw_curve(path: Path, rows: Sequence[dict[str, float]], config: Any) -> None:
    """Estimate, certificate and exact EM over the iterations, as a PNG file.

    The estimate has axes of its own where it has another unit than EM.
    """
    from matplotlib.figure import Figure

    together = _in_one_unit(config)
    with plots.style():
        figure = Figure(figsize=(9, 5 if together else 8))
        if together:
            axes = below = figure.subplots()
        else:
            axes, below = figure.subplots(2, sharex=True)
        _truth(axes, rows)
        _line(below, rows, "estimate", label=_estimated(config), **plots.CRITIC)
        if not together:
            below.legend()
        axes.legend()
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
        axes.set_title(f"{config.objective}, {config.constraint}, {config.data}")
        below.set_xlabel("iteration")
        plots.save(figure, path.with_suffix(""), suffixes=(".png",))


def _estimated(config: Any) -> str:
    """What the curve of the estimate is."""
    from wganlab.learned import OBJECTIVES

    distance = OBJECTIVES[config.objective].estimates
    if config.objective == "wasserstein":
        return "estimate: gap"
    unit = " (nats)" if distance in ("JS", "KL", "reverse KL") else ""
    return f"estimate: {distance} {'of batches' if config.critic_free else 'by the critic'}{unit}"


def _in_one_unit(config: Any) -> bool:
    """Is the estimate one of EM: of batches, or from a critic whose slope is near 1?"""
    critics = config.objective in ("wasserstein", "loss-sensitive")
    return config.objective in OF_BATCHES or (critics and config.constraint not in UNITLESS)


def _truth(axes: Axes, rows: Sequence[dict[str, float]]) -> None:
    """Exact EM, its sampling floor, and what the critic proves."""
    last = rows[-1]
    floor = f"sampling floor of {last['n']:,.0f} points, {last['sampling_floor']:.3f}"
    _line(axes, rows, "emd", label=f"exact EM, {last['emd']:.3f} at last", **plots.EXACT)
    axes.axhline(last["sampling_floor"], color="0.5", linestyle=":", label=floor)
    proven = {"color": plots.CRITIC["color"], "linestyle": "-", "linewidth": 1}
    _line(axes, rows, "certificate", label="certificate", **proven)
    axes.set_ylabel("EM")


def _line(axes: Axes, rows: Sequence[dict[str, float]], name: str, **how: Any) -> None:
    if name in rows[0]:
        axes.plot([row["iteration"] for row in rows], [row[name] for row in rows], **how)


def write_player(
    path: Path,
    real: NDArray[np.float32],
    frames: Sequence[tuple[int, NDArray[np.float32]]],
    rows: Sequence[dict[str, float]],
    config: Any,
) -> None:
    """A page that plays a run step by step, without a network or a kernel.

    Parameters
    ----------
    path : Path
        Where to write the page.
    real : array, shape (m, d)
        Real points; of more than two coordinates the first two are drawn, of one the point itself.
    frames : sequence of (iteration, array of shape (n, d))
        Generated points; at most 60 of them are shown, evenly spread.
    rows : sequence of dict
        Metrics, with the curves.
    config : TrainConfig
        Of the run.
    """
    import numpy as np

    shown = [frames[k] for k in np.unique(np.linspace(0, len(frames) - 1, 60).round().astype(int))]
    columns = {"emd": "emd", "certificate": "certificate", "floor": "sampling_floor"}
    columns |= {"estimate": "estimate"} if _in_one_unit(config) else {}
    panel = Panel(
        title="",
        real=real,
        clouds=[cloud for _, cloud in shown],
        iterations=[int(row["iteration"]) for row in rows],
        curves={
            role: [row[name] for row in rows] for role, name in columns.items() if name in rows[0]
        },
    )
    title = f"{config.objective}, {config.constraint}, {config.data}"
    text = page(title, [iteration for iteration, _ in shown], [panel])
    path.write_text(text, encoding="utf-8")
