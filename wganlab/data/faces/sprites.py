"""The attributes of faces, and how a face is drawn from them: 16 x 16 pixels, in color.

A face is a background and nine layers: skin, accessories, clothing, eyes, glasses, beard, mouth,
hair, hat. A layer is one of some designs, in one of some colors; four of them may be absent. All
choices are independent, and those of one attribute are equally likely (one design of clothing is in
the package twice, and counts twice). Hair and beard have one color. From the bottom up

    image <- image (1 - alpha / 255) + base + gain color / 255

Sprites, palettes and probabilities: DiceBear's pixel art, CC0; see archives/NOTICE.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SIDE = 16
"""Pixels of a side of a face as it is drawn."""
NONE = "none"
BLOCK = 256  # faces that are drawn at once
BACKGROUND = "background"

Choices = dict[str, Any]
"""Of every attribute by its name, which value n faces have: whole numbers, shape (n,)."""


@dataclass(frozen=True)
class Attribute:
    """What one may choose of a face."""

    values: tuple[str, ...]
    """Their names: of designs the package's, of colors #rrggbb."""
    probabilities: NDArray[np.float64]
    """Of each value."""


@dataclass(frozen=True, eq=False)
class Layer:
    """What is painted over what is there already."""

    design: str
    """The attribute that chooses its form, "" where there is one form alone."""
    color: str
    """The attribute that chooses its color."""
    alpha: NDArray[np.float64]
    """How much of what lies below each form hides: 0 to 1, shape (designs, 256)."""
    base: NDArray[np.float64]
    """What a form has of its own: levels, shape (designs, 256, 3)."""
    gain: NDArray[np.float64]
    """How much of the color it has: 0 to 1, shape (designs, 256)."""
    palette: NDArray[np.float64]
    """Levels of the colors, shape (colors, 3)."""

    @cached_property
    def paint(self) -> NDArray[np.float64]:
        """What is added, of every form in every color: shape (designs, colors, 256, 3)."""
        tinted = self.gain[:, None, :, None] * self.palette[None, :, None, :]
        return self.base[:, None] + tinted

    def form(self, choices: Choices) -> Any:
        """Which form of it faces have: (n,)."""
        return choices[self.design] if self.design else 0 * choices[self.color]


@dataclass(frozen=True, eq=False)
class Sprites:
    """All there is to choose, and to paint with."""

    attributes: Mapping[str, Attribute]
    ground: NDArray[np.float64]
    """Levels of the backgrounds, shape (backgrounds, 3)."""
    layers: tuple[Layer, ...]
    """From the bottom up."""

    @cached_property
    def edges(self) -> dict[str, NDArray[np.float64]]:
        """Where, of uniform numbers in [0, 1), the next value of an attribute begins."""
        shares = {name: attribute.probabilities for name, attribute in self.attributes.items()}
        return {name: np.cumsum(share)[:-1] for name, share in shares.items()}

    def choices(self, uniforms: NDArray[np.floating]) -> Choices:
        """The values that uniform numbers choose: (n, attributes)."""
        columns = zip(self.edges.items(), uniforms.T, strict=True)
        return {name: np.searchsorted(edges, u, side="right") for (name, edges), u in columns}

    def drawn(self, choices: Choices) -> NDArray[np.uint8]:
        """The faces as bytes: (n, 16, 16, 3)."""
        n = len(choices[BACKGROUND])
        faces = np.empty((n, SIDE**2, 3), np.uint8)
        for start in range(0, n, BLOCK):
            some = {name: chosen[start : start + BLOCK] for name, chosen in choices.items()}
            faces[start : start + BLOCK] = self._levels(some).round()
        return faces.reshape(n, SIDE, SIDE, 3)

    def _levels(self, choices: Choices) -> NDArray[np.float64]:
        """The faces before they are rounded: (n, 256, 3)."""
        levels = np.repeat(self.ground[choices[BACKGROUND]][:, None], SIDE**2, axis=1)
        for layer in self.layers:
            form = layer.form(choices)
            levels *= (1 - layer.alpha)[form, :, None]
            levels += layer.paint[form, choices[layer.color]]
        return levels


@lru_cache(maxsize=1)
def sprites() -> Sprites:
    """Those that the package has."""
    file = resources.files("wganlab.data").joinpath("archives", "pixelfaces.npz")
    with file.open("rb") as opened, np.load(opened) as archive:
        parts = {name: archive[name] for name in archive.files}
    attributes = {BACKGROUND: _colors(parts[BACKGROUND])}
    layers = []
    for name in map(str, parts["order"]):
        designs, layer = _layer(name, parts)
        layers.append(layer)
        if layer.design:
            attributes[layer.design] = designs
        if layer.color not in attributes:
            attributes[layer.color] = _colors(parts["color_" + layer.color.split()[0]])
    return Sprites(attributes, parts[BACKGROUND].astype(np.float64), tuple(layers))


def _layer(name: str, parts: Mapping[str, NDArray[Any]]) -> tuple[Attribute, Layer]:
    """A layer, and the attribute of its designs: one that is there twice counts twice."""
    names = list(map(str, parts["names"]))
    rows = sorted(
        (k for k, full in enumerate(names) if full.startswith(f"{name}/")), key=names.__getitem__
    )
    alike: dict[bytes, list[int]] = {}
    for k in rows:
        look = b"".join(parts[part][k].tobytes() for part in ("alpha", "base", "gain"))
        alike.setdefault(look, []).append(k)
    kept = [some[0] for some in alike.values()]
    there = float(parts.get(f"probability_{name}", 1.0))
    values = [names[k].split("/")[1] for k in kept]
    shares = [there * len(some) / len(rows) for some in alike.values()]
    tables = [parts[part][kept].astype(np.float64) for part in ("alpha", "base", "gain")]
    if there < 1:
        values, shares = [NONE, *values], [1 - there, *shares]
        tables = [np.concatenate([np.zeros_like(table[:1]), table]) for table in tables]
    alpha, base, gain = (table.reshape(len(table), SIDE**2, *table.shape[3:]) for table in tables)
    slot = str(parts["slot"][rows[0]])
    form = Attribute(tuple(values), np.array(shares)) if len(values) > 1 else None
    layer = Layer(
        design=name if form else "",
        color=f"{slot} color" if form else slot,
        alpha=alpha / 255,
        base=base,
        gain=gain / 255,
        palette=parts[f"color_{slot}"].astype(np.float64),
    )
    return form or Attribute((), np.empty(0)), layer


def _colors(palette: NDArray[Any]) -> Attribute:
    names = tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in palette)
    return Attribute(names, np.full(len(names), 1 / len(names)))
