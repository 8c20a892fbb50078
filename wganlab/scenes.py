"""Pictures of a step-through: both critics as fields, what they pull, and the numbers so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab import plots
from wganlab.player import Panel, page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from wganlab.compare import Scene

PULLED = 30  # generated points whose pull is drawn
LENGTH = 0.12  # of the picture's side, that the longest arrow has
BETWEEN = 0.5  # between contour lines
LINES = 24  # of them at most


def draw_scene(figure: Figure, scene: Scene) -> None:
    """A scene on an empty figure, about 13 x 4.4 inches.

    On the left the learned critic, shaded from its least value to its largest one, with contour
    lines every 0.5 where it is not too steep for them, and arrows along its gradients at generated
    points (the longest of one length); in the middle the exact critic, the same; on the right the
    gap, the certificate and exact EM after every move, those of the generator marked.
    """
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.05))
    now = scene.moves[-1]
    slope = float(np.linalg.norm(scene.pull, axis=1).max(initial=0.0))
    _field(axes[0], scene, scene.critic, scene.pull, plots.CRITIC["color"])
    _field(axes[1], scene, scene.exact, scene.exact_pull, plots.EXACT["color"])
    axes[0].set_title(f"learned critic: gap {now.critic_gap:.3f}\nsteepest at ▲: {slope:.3f}")
    axes[1].set_title(f"exact critic: EM {now.emd:.3f}\nslope 1")
    axes[0].legend(loc="upper right", markerscale=1.6, handletextpad=0.1, borderaxespad=0.1)
    _numbers(axes[2], scene)
    figure.suptitle(now.told)


def _field(axes: Axes, scene: Scene, values: NDArray[Any], pull: NDArray[Any], color: str) -> None:
    """A critic over the plane, the points, and what it pulls."""
    from matplotlib.colors import LinearSegmentedColormap

    shade = LinearSegmentedColormap.from_list("shade", ["white", color])
    high = values.min() + 2 * (values.max() - values.min())  # half the color at most
    extent = (scene.x[0], scene.x[-1], scene.y[0], scene.y[-1])
    axes.imshow(
        values, origin="lower", extent=extent, cmap=shade, vmax=high, interpolation="bilinear"
    )
    levels = BETWEEN * np.arange(*(np.array([values.min(), values.max()]) // BETWEEN + 1))
    if 0 < len(levels) <= LINES:
        axes.contour(scene.x, scene.y, values, levels, colors=color, linewidths=0.6, linestyles="-")
    for points, role, name in (
        (scene.real, plots.REAL, "real"),
        (scene.fake, plots.FAKE, "generated"),
    ):
        told = role | {"markersize": 3, "markeredgewidth": 0, "alpha": 0.7}
        axes.plot(points[:, 0], points[:, 1], linestyle="none", label=name, **told)
    moved = scene.moves[-1].player == "generator"
    for was, now in zip(scene.before, scene.fake, strict=True) if moved else ():
        axes.plot(*np.stack([was, now]).T, color=plots.FAKE["color"], lw=0.7, alpha=0.5)
    ends = _ends(scene, pull)
    starts = scene.fake[: len(ends)]
    axes.quiver(
        *starts.T,
        *(ends - starts).T,
        color=color,
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.004,
    )
    axes.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[], aspect="equal")
    axes.grid(visible=False)


def _ends(scene: Scene, pull: NDArray[Any]) -> NDArray[Any]:
    """Where the arrows of the first generated points end."""
    longest = np.linalg.norm(pull, axis=1).max(initial=0.0) or 1.0
    side = scene.x[-1] - scene.x[0]
    ends: NDArray[Any] = scene.fake[:PULLED] + LENGTH * side * pull[:PULLED] / longest
    return ends


def _numbers(axes: Axes, scene: Scene) -> None:
    """Gap, certificate and EM after every move."""
    moves, count = scene.moves, np.arange(len(scene.moves))
    dots: dict[str, Any] = {"marker": ".", "markersize": 5}  # a single move is no line yet
    axes.plot(count, [move.emd for move in moves], label="exact EM", **plots.EXACT, **dots)
    gaps = [move.critic_gap for move in moves]
    axes.plot(count, gaps, label="critic gap", **plots.CRITIC, **dots)
    proven = [move.certificate for move in moves]
    axes.plot(count, proven, color="#b0508a", linestyle=":", label="certificate", **dots)
    turns = [k for k in count if moves[k].player == "generator"]
    axes.plot(
        turns,
        [moves[k].emd for k in turns],
        linestyle="none",
        label="generator moved",
        **plots.FAKE | {"markersize": 5},
    )
    top = max(*gaps, *(move.emd for move in moves))
    axes.set(xlabel="move", xlim=(-0.5, max(10, len(moves)) - 0.5), ylim=(-0.1 * top, 1.15 * top))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=9)


def steps_page(title: str, scenes: Sequence[Scene], *, note: str = "") -> str:
    """A page that goes through the scenes of one game in any browser, without a kernel.

    Parameters
    ----------
    title : str
        Its heading.
    scenes : sequence of Scene
        In the order of the game, each after one more move or after several.
    note : str
        Small print below them.
    """
    last = scenes[-1]
    counts = [len(scene.moves) - 1 for scene in scenes]
    curves = {
        role: [getattr(move, name) for move in last.moves]
        for role, name in (("emd", "emd"), ("estimate", "critic_gap"), ("certificate",) * 2)
    }
    box = (float(last.x[0]), float(last.y[0]), float(last.x[-1] - last.x[0]))
    shared: dict[str, Any] = {"real": last.real, "clouds": [scene.fake for scene in scenes]}
    every = list(range(len(last.moves)))
    panels = [
        Panel(
            "the exact critic" if role == "emd" else "the learned critic",
            iterations=every,
            curves={} if role == "emd" else curves,
            fields=[getattr(scene, field) for scene in scenes],
            arrows=[_ends(scene, getattr(scene, pull)) for scene in scenes],
            role=role,
            box=box,
            **shared,
        )
        for role, field, pull in (("estimate", "critic", "pull"), ("emd", "exact", "exact_pull"))
    ]
    told = [scene.moves[-1].told for scene in scenes]
    return page(title, counts, panels, note=note, told=told, unit="move")
