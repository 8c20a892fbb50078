"""Pictures of a run, its points beside the real ones, its numbers; of an image set, a bracket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wganlab import plots, writing
from wganlab.names import drawable, drawn
from wganlab.player import Panel, page

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from wganlab.compare import Bracket
    from wganlab.data import ImageSet

UNITLESS = ("clip", "none")  # constraints under which the critic's slope is not near 1
OF_BATCHES = ("emd", "sinkhorn")  # objectives that are lengths without any critic
GRAMS = ("#56B4E9", "#0072B2", "#D55E00", "black")  # n-grams, n = 1 to 4
NEIGHBORS = 16  # generated images that are shown beside the nearest real ones
MOST_COLUMNS = 16  # of a sheet, one a class
SEARCHED = 50_000  # real images among which these are sought


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
        axes.set_title(drawn(title))
        axes.legend(loc="upper right", markerscale=2)
        plots.save(figure, path.with_suffix(""), suffixes=(".png",))


def real_images(law: Any, n: int) -> NDArray[np.uint8]:
    """The first n of the images held out, bytes (n, h, w, c)."""
    images: NDArray[np.uint8] = law.whole.images[law.unseen[:n]]
    return images


def real_by_class(law: Any, rows: int) -> NDArray[np.uint8]:
    """Images held out, so many rows of one of each class in order, bytes (n, h, w, c).

    Of a class that has fewer, some more than once; of one that has none, images to train on.
    """
    import numpy as np

    labels, columns = law.whole.labels, []
    for k in range(len(law.classes)):
        held_out = law.unseen[labels[law.unseen] == k]
        found = held_out if len(held_out) else np.flatnonzero(labels == k)
        columns.append(np.resize(found, rows))
    images: NDArray[np.uint8] = law.whole.images[np.stack(columns, axis=1).ravel()]
    return images


def draw_generated(
    folder: Path, law: Any, fake: NDArray[np.uint8], title: str, classes: int = 0
) -> None:
    """Sheets of images: samples.png, real beside generated ones; nearest.png, samples beside the
    nearest training images, of faces beside the nearest ones that there are.

    Parameters
    ----------
    folder : Path
        Where to write them.
    law : ImageLaw
        Of the real images.
    fake : array, shape (n, h, w, c)
        Generated images, bytes.
    title : str
        Over the sheets.
    classes : int
        Those that the generator was told, each in turn: where they fit, they are columns.
    """
    sides, columns = {"real, held out": real_images(law, len(fake)), "generated": fake}, 8
    if 0 < classes <= MOST_COLUMNS:
        rows = len(fake) // classes
        columns = classes
        sides = {
            "real, held out, a class a column": real_by_class(law, rows),
            "generated, told the class": fake[: rows * classes],
        }
    draw_sheets(folder / "samples.png", sides, title, columns)
    few = fake[:NEIGHBORS]
    told, near = _nearest(law, few)
    draw_sheets(folder / "nearest.png", {"generated": few, told: near}, title, columns=4)


def _nearest(law: Any, few: NDArray[np.uint8]) -> tuple[str, NDArray[np.uint8]]:
    """Real images near some generated ones, and what they are."""
    from wganlab.compare import face_attributes, nearest_neighbors
    from wganlab.compare.attributes import attributes_for

    if attributes_for(law) is not None:
        k = few.shape[1] // 16
        faces = face_attributes(few).reading.drawn.repeat(k, axis=1).repeat(k, axis=2)
        return "the nearest faces that there are", faces
    known = law.whole.images[law.rows[:SEARCHED]]
    _, rows = nearest_neighbors(few, known)
    return f"nearest of {len(known):,} to train on", known[rows[:, 0]]


def draw_sheets(
    path: Path, sides: dict[str, NDArray[np.uint8]], title: str, columns: int = 8
) -> None:
    """Sheets of images side by side, each under its name, as a PNG file."""
    from matplotlib.figure import Figure

    rows = max(-(-len(images) // columns) for images in sides.values())
    with plots.style():
        figure = Figure(figsize=(6 * len(sides), 6 * min(rows / columns, 1.0) + 0.6))
        for axes, (name, images) in zip(
            figure.subplots(1, len(sides), squeeze=False)[0], sides.items(), strict=True
        ):
            plots.show_images(axes, images, columns)
            axes.set_title(drawn(name))
        figure.suptitle(drawn(title))
        plots.save(figure, path.with_suffix(""), suffixes=(".png",))


def draw_images(path: Path, shown: ImageSet, title: str) -> None:
    """A sheet of images as they are, 0 black and 255 white, as a PNG file.

    The name of its class stands under each, where there are several and they fit.
    """
    import numpy as np
    from matplotlib.figure import Figure

    n, height, width, _ = shown.images.shape
    full = [k for k in range(1, n + 1) if n % k == 0 and n <= k * k <= 4 * n]  # no hole at the end
    columns = full[0] if full else -(-n // round((n / 1.6) ** 0.5))
    names = _short_names(shown, columns)
    gap = max(1, width // 16)
    below = max(gap, round(0.2 * height) if names else 0)
    spaced = ((0, 0), (0, below), (gap, gap), (0, 0))
    cells = np.pad(
        np.broadcast_to(shown.images, (n, height, width, 3)), spaced, constant_values=255
    )
    rows = -(-n // columns)
    tall, wide = rows * cells.shape[1], columns * cells.shape[2]
    with plots.style():
        figure = Figure(figsize=(10, max(2.0, 0.6 + 9.8 * tall / wide)))
        axes = figure.subplots()
        plots.show_images(axes, cells, columns)
        for k, name in enumerate(names):
            x, y = (k % columns + 0.5) * cells.shape[2], k // columns * cells.shape[1] + height
            below = y + 0.04 * height
            axes.text(x - 0.5, below, drawn(name), ha="center", va="top", fontsize=9)
        figure.suptitle(drawn(title), fontsize=14)
        plots.save(figure, path.with_suffix(""), suffixes=(".png",))


def _short_names(shown: ImageSet, columns: int) -> list[str]:
    """The class of each image in few letters; nothing where they do not fit, or have no glyphs."""
    if len(set(shown.labels)) < 2 or columns > 16:
        return []
    names = [shown.label_names[label] for label in shown.labels]
    if not all(map(drawable, names)):
        return []
    room = 136 // columns
    return [name if len(name) <= room else f"{name[: room - 1].rstrip()}…" for name in names]


def draw_curve(path: Path, rows: Sequence[dict[str, float]], config: Any) -> None:
    """Estimate, certificate and exact EM over the iterations, as a PNG file.

    The estimate has axes of its own where it has another unit than EM; of text there is the
    divergence of n-grams too.
    """
    from matplotlib.figure import Figure

    together, text = _in_one_unit(config), "js1" in rows[0]
    panels = 1 + (not together) + text
    with plots.style():
        figure = Figure(figsize=(9, 2 + 3 * panels))
        column = figure.subplots(panels, sharex=True, squeeze=False)[:, 0]
        axes, below = column[0], column[0 if together else 1]
        _truth(axes, rows)
        _line(below, rows, "estimate", label=_estimated(config), **plots.CRITIC)
        _wrong(below, rows)
        if not together:
            below.legend()
        axes.legend()
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
        axes.set_title(drawn(f"{config.objective}, {config.constraint}, {config.data}"))
        if text:
            _ngrams(column[-1], rows)
        column[-1].set_xlabel("iteration")
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


def _ngrams(axes: Axes, rows: Sequence[dict[str, float]]) -> None:
    """Divergences of n-grams, and what held-out lines have, dashed."""
    for n, color in zip((1, 2, 3, 4), GRAMS, strict=True):
        _line(axes, rows, f"js{n}", label=f"{n}-grams", color=color, marker="o", markersize=4)
        _line(axes, rows, f"js{n}_floor", color=color, linestyle="--", linewidth=1)
    axes.set(yscale="log", ylabel="JS (nats)")
    below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16)}
    axes.legend(title="dashed: held-out lines", ncols=4, **below)


def _wrong(axes: Axes, rows: Sequence[dict[str, float]]) -> None:
    """Mark estimates of the wrong sign."""
    wrong = [row for row in rows if row.get("wrong_sign")]
    if wrong:
        at = [row["iteration"] for row in wrong], [row["estimate"] for row in wrong]
        axes.plot(*at, "x", color=plots.CRITIC["color"], markersize=9, label="wrong sign")


def _line(axes: Axes, rows: Sequence[dict[str, float]], name: str, **how: Any) -> None:
    if name in rows[0]:
        axes.plot([row["iteration"] for row in rows], [row[name] for row in rows], **how)


def write_player(
    path: Path,
    real: NDArray[Any],
    frames: Sequence[tuple[int, NDArray[Any]]],
    rows: Sequence[dict[str, float]],
    config: Any,
    note: str = "",
) -> None:
    """A page that plays a run step by step, without a network or a kernel.

    Parameters
    ----------
    path : Path
        Where to write the page.
    real : array, shape (m, d)
        Real points; of more than two coordinates the first two are drawn, of one the point itself.
        Or images, bytes of shape (m, h, w, c).
    frames : sequence of (iteration, array of shape (n, d))
        Generated points, or images; at most 60 of them are shown, evenly spread.
    rows : sequence of dict
        Metrics, with the curves.
    config : TrainConfig
        Of the run.
    note : str
        Small print below.
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
    wrong = {row["iteration"] for row in rows if row.get("wrong_sign")}
    steps = [iteration for iteration, _ in shown]
    told = [f"iteration {step:,}" + ", wrong sign" * (step in wrong) for step in steps]
    text = page(title, steps, [panel], note=note, told=told)
    with writing.written(path, overwrite=True) as part:
        part.write_text(text, encoding="utf-8")


def draw_bracket(path: Path, bracket: Bracket, title: str) -> None:
    """How a bracket closed from look to look, what each look said alone, and the truth.

    The suffix of `path` says what kind of file it is: .png, .pdf or .svg.
    """
    import numpy as np
    from matplotlib.figure import Figure

    looks = bracket.history
    edges = np.arange(len(looks) + 1) - 0.5  # of the room that each look has
    lows = np.maximum.accumulate([look.lower for look in looks])
    highs = np.minimum.accumulate([look.upper for look in looks])
    with plots.style():
        figure = Figure(figsize=(10, 5.6))
        axes = figure.subplots()
        if np.isfinite(highs).any():
            low, high = ([*side, side[-1]] for side in (lows, highs))
            axes.fill_between(edges, low, high, step="post", color="0.9", linewidth=0)
        _side(axes, edges, [look.upper for look in looks], highs, "upper")
        _side(axes, edges, [look.lower for look in looks], lows, "lower")
        if bracket.truth is not None:
            told = f"the truth, {bracket.truth:.5g}"
            axes.axhline(bracket.truth, color=plots.FAKE["color"], linestyle=":", label=told)
        axes.margins(y=0.25)
        axes.set_xlim(edges[0], edges[-1] + 0.35)
        seconds = [f"after {look.seconds:.0f} s" for look in looks]
        axes.set_xticks(range(len(looks)), seconds, fontsize=14)
        axes.grid(visible=False, axis="x")
        axes.set_ylabel("$W_1$ of the laws", fontsize=14)
        axes.set_title(drawn(f"{title}\n{bracket.told}"))
        figure.legend(loc="outside lower center", ncols=3)
        plots.save(figure, path.with_suffix(""), suffixes=(path.suffix,))


def _side(axes: Axes, edges: Any, alone: Any, so_far: Any, name: str) -> None:
    """One side of a bracket, with the number that it ends in."""
    import numpy as np

    if not np.isfinite(so_far).any():
        return
    upper = name == "upper"
    color = (plots.EXACT if upper else plots.CRITIC)["color"]
    label = "upper: exact distances" if upper else "lower: a critic of proven slope"
    axes.step(edges, [*so_far, so_far[-1]], where="post", color=color, linewidth=3, label=label)
    axes.plot(range(len(alone)), alone, "v" if upper else "^", color=color, markersize=11)
    place: dict[str, Any] = {
        "xytext": (6, 0),
        "textcoords": "offset points",
        "va": "center",
        "fontsize": 14,
    }
    axes.annotate(f"{so_far[-1]:.5g}", (edges[-1], so_far[-1]), color=color, **place)
