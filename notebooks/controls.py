"""The lessons' controls: a slider or buttons over a picture, and the same picture for readers.

One function draws for both: `draw(figure, value)` draws what belongs to `value` on an empty
figure (or a part of one). The control needs a running kernel; what is kept in a notebook is
`static`, the same drawing at a few values side by side.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt

Draw = Callable[[Any, Any], None]


def slider(
    draw: Draw,
    values: Sequence[float],
    *,
    label: str,
    start: float | None = None,
    size: tuple[float, float] = (6.0, 3.2),
) -> widgets.VBox:
    """A slider through `values`; the picture follows it. It starts at `start` (the first)."""
    options = [(f"{value:g}", value) for value in values]
    control = widgets.SelectionSlider(
        options=options,
        value=values[0] if start is None else start,
        description=label,
        layout=widgets.Layout(width="26em"),
    )
    picture = _picture(size)

    def show(_: Any = None) -> None:
        picture.value = _png(draw, control.value, size)

    control.observe(show, "value")
    show()
    return widgets.VBox([control, picture])


def steps(draw: Draw, last: int, *, size: tuple[float, float] = (6.0, 3.2)) -> widgets.VBox:
    """Buttons through the steps 0 to `last`; the picture follows them."""
    picture = _picture(size)
    told = widgets.Label()
    back, forth, again = (
        widgets.Button(description=name, layout=widgets.Layout(width="7em"))
        for name in ("Back", "Next", "Start again")
    )
    step = 0

    def go(to: int) -> None:
        nonlocal step
        step = to
        told.value = f"step {step} of {last}"
        back.disabled, forth.disabled = step == 0, step == last
        picture.value = _png(draw, step, size)

    back.on_click(lambda _: go(max(step - 1, 0)))
    forth.on_click(lambda _: go(min(step + 1, last)))
    again.on_click(lambda _: go(0))
    go(0)
    return widgets.VBox([widgets.HBox([back, forth, again, told]), picture])


def players(
    game: Any, draw: Draw, *, run: int = 10, size: tuple[float, float] = (13.0, 4.4)
) -> widgets.VBox:
    """Buttons that move one player of a `compare.StepThrough` at a time; the picture follows them.

    Step D is one update of the critic, Step G one of the generator, Both an iteration of algorithm
    1, Run `run` iterations, Reset the start. Drawn is what `game.scene()` gives.
    """
    picture = _picture(size)
    picture.layout.width, picture.layout.max_width = "100%", f"{100 * size[0]:.0f}px"

    def show() -> None:
        picture.value = _png(draw, game.scene(), size)

    def button(name: str, move: Callable[[], None], times: int, meant: str) -> widgets.Button:
        made = widgets.Button(description=name, tooltip=meant, layout=widgets.Layout(width="6em"))

        def clicked(_: Any) -> None:
            for _ in range(times):
                move()
                show()

        made.on_click(clicked)
        return made

    row = [
        button("Step D", game.step_critic, 1, "one update of the critic"),
        button("Step G", game.step_generator, 1, "one update of the generator"),
        button("Both", game.step_both, 1, "one iteration of algorithm 1"),
        button("Run", game.step_both, run, f"{run} iterations"),
        button("Reset", game.reset, 1, "back to the start"),
    ]
    show()
    return widgets.VBox([widgets.HBox(row), picture])


def static(
    draw: Draw, values: Sequence[float], *, size: tuple[float, float] = (3.2, 2.8), columns: int = 4
) -> None:
    """Show the same drawing at a few values, each of this size, `columns` a row."""
    columns = min(columns, len(values))
    rows = -(-len(values) // columns)
    whole = plt.figure(figsize=(size[0] * columns, size[1] * rows))
    parts = whole.subfigures(rows, columns, squeeze=False).ravel()
    for part, value in zip(parts, values, strict=False):
        draw(part, value)
    plt.show()


def _picture(size: tuple[float, float]) -> widgets.Image:
    layout = widgets.Layout(width=f"{100 * size[0]:.0f}px", align_self="flex-start")
    return widgets.Image(format="png", layout=layout)


def _png(draw: Draw, value: Any, size: tuple[float, float]) -> bytes:
    figure = plt.figure(figsize=size)
    try:
        draw(figure, value)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=200)  # twice as fine as it is shown
    finally:
        plt.close(figure)
    return file.getvalue()
