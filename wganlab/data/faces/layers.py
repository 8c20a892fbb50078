"""The layers of faces as options to choose among: what each paints, and how well it fits an image.

An option is a design in a color: on the pixels that any option of its layer touches it leaves
1 - alpha of what lies below, and adds its paint. Of an image, and of what lies below and over the
layer, `Options.costs` tells what every option would do to the squared distance, in one product of
matrices: `reading` descends by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wganlab.data.faces.sprites import BACKGROUND, NONE, SIDE, Choices, sprites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GLASSES = "glasses"


@dataclass(frozen=True, eq=False)
class Options:
    """What a layer can be, on the pixels that any of it touches."""

    attributes: tuple[str, ...]
    """What chooses among them."""
    shape: tuple[int, ...]
    """Values of each of these."""
    pixels: NDArray[np.int64]
    """Those touched, of 256."""
    alpha: Floats
    """Shape (options, p)."""
    paint: Floats
    """Shape (options, p, 3)."""

    def on(self, pixels: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Alpha and paint on other pixels, which hold its own."""
        alpha = np.zeros((len(self.alpha), len(pixels)))
        paint = np.zeros((len(self.alpha), len(pixels), 3))
        place = np.searchsorted(pixels, self.pixels)
        alpha[:, place], paint[:, place] = self.alpha, self.paint
        return alpha, paint

    def chosen(self, choices: Choices) -> tuple[NDArray[np.int64], ...]:
        """The values that are chosen, (n,) each."""
        return tuple(choices[name] for name in self.attributes)

    @cached_property
    def veils(self) -> NDArray[np.bool_]:
        """Pixels that an option may hide in part, or light up: (p,). Others it hides or leaves."""
        whole = (self.alpha == 1) | ((self.alpha == 0) & (self.paint == 0).all(axis=2))
        return ~whole.all(axis=0)

    @cached_property
    def weights(self) -> Floats:
        """What `costs` multiplies: (5 p + 4 of those that veil, options)."""
        flat, n, veils = -2 * self.paint, len(self.paint), self.veils
        square = (self.paint**2).sum(axis=2)
        softly = flat[:, veils] * (self.alpha[:, veils, None] - 1)
        parts = [flat.reshape(n, -1), self.alpha, square]
        parts += [softly.reshape(n, -1), self.alpha[:, veils] * (self.alpha[:, veils] - 1)]
        return np.ascontiguousarray(np.concatenate(parts, axis=1).T)

    def costs(
        self, image: Floats, below: Floats, over: Floats, through: Floats, some: Any = slice(None)
    ) -> Floats:
        """Squared distance with each option, less that without any: (n, options).

        The image is over + through (below (1 - alpha) + paint), with what lies over and below. With
        r what is left of it without the layer, l = through below and a square for a sum over colors

            |r + alpha l - through paint|^2 - |r|^2 = alpha (2 r l + l^2) + through^2 paint^2
                - 2 through (r + l) paint - 2 (alpha - 1) through l paint + alpha (alpha - 1) l^2

        whose last two terms are 0 where an option hides all or does nothing.
        """
        n, t = len(image), through[:, self.pixels, None]
        low = t * below[:, self.pixels]
        rest = image[:, self.pixels] - over[:, self.pixels]  # r + l, (n, p, 3)
        square = (low**2).sum(axis=2)  # (n, p)
        parts = [(t * rest).reshape(n, -1), 2 * (rest * low).sum(axis=2) - square, t[..., 0] ** 2]
        veils = self.veils
        parts += [(t * low)[:, veils].reshape(n, -1), square[:, veils]]
        costs: Floats = np.concatenate(parts, axis=1) @ self.weights[:, some]
        return costs


Layers: TypeAlias = "tuple[Options, ...]"


@lru_cache(maxsize=1)
def separate() -> Layers:
    """All layers from the bottom up, the background as the first."""
    faces = sprites()
    whole, n = np.arange(SIDE**2), len(faces.ground)
    ground = np.repeat(faces.ground[:, None], SIDE**2, axis=1)
    made = [Options((BACKGROUND,), (n,), whole, np.ones((n, SIDE**2)), ground)]
    for layer in faces.layers:
        touched = np.flatnonzero(layer.alpha.any(axis=0))
        names = (layer.design, layer.color) if layer.design else (layer.color,)
        shape = layer.paint.shape[:2] if layer.design else layer.paint.shape[1:2]
        alpha = np.repeat(layer.alpha[:, touched], len(layer.palette), axis=0)
        paint = layer.paint[:, :, touched].reshape(len(alpha), -1, 3)
        made.append(Options(names, shape, touched, alpha, paint))
    return tuple(made)


@lru_cache(maxsize=1)
def plain() -> Layers:
    """Those that every face has."""
    known = sprites().attributes
    return tuple(layer for layer in separate() if NONE not in known[layer.attributes[0]].values)


@lru_cache(maxsize=1)
def joint() -> Layers:
    """All of them, eyes and glasses over them as one layer: neither is seen without the other."""
    layers = list(separate())
    k = place_of(layers, GLASSES)
    layers[k - 1 : k + 1] = [_both(*layers[k - 1 : k + 1])]
    return tuple(layers)


def _both(lower: Options, upper: Options) -> Options:
    """Every option of one layer over every option of that below it."""
    pixels = np.union1d(lower.pixels, upper.pixels)
    (low_alpha, low), (alpha, high) = (layer.on(pixels) for layer in (lower, upper))
    left = 1 - alpha[None]  # (1, upper, p)
    veil = 1 - (1 - low_alpha[:, None]) * left  # (lower, upper, p)
    paint = low[:, None] * left[..., None] + high[None]
    return Options(
        lower.attributes + upper.attributes,
        lower.shape + upper.shape,
        pixels,
        veil.reshape(-1, len(pixels)),
        paint.reshape(-1, len(pixels), 3),
    )


def place_of(layers: Sequence[Options], name: str) -> int:
    """Which layer an attribute is the first of."""
    return next(k for k, layer in enumerate(layers) if layer.attributes[0] == name)


def composed(layers: Layers, choices: Choices, image: Floats | None = None) -> Floats:
    """Those layers, over an image if there is one: (n, 256, 3)."""
    if image is None:
        image = np.zeros((len(choices[BACKGROUND]), SIDE**2, 3))
    for layer in layers:
        image = painted(layer, choices, image)
    return image


def painted(layer: Options, choices: Choices, below: Floats) -> Floats:
    """The layer over what lies below it: (n, 256, 3)."""
    alpha, paint = _chosen(layer, choices)
    made = below.copy()
    made[:, layer.pixels] = below[:, layer.pixels] * (1 - alpha) + paint
    return made


def _chosen(layer: Options, choices: Choices) -> tuple[Floats, Floats]:
    """What was chosen of a layer, on its pixels: (n, p, 1) and (n, p, 3)."""
    row = np.ravel_multi_index(layer.chosen(choices), layer.shape)
    return layer.alpha[row][..., None], layer.paint[row]


def seen_through(layers: Layers, choices: Choices, image: Floats) -> list[tuple[Floats, Floats]]:
    """What lies over the uppermost layer, which is nothing, and so on down to all of them.

    What is painted, shape (n, 256, 3), and how much of what lies below shows: (n, 256).
    """
    found = [(np.zeros_like(image), np.ones(image.shape[:2]))]
    for layer in reversed(layers):
        alpha, paint = _chosen(layer, choices)
        over, through = (part.copy() for part in found[-1])
        over[:, layer.pixels] += through[:, layer.pixels, None] * paint
        through[:, layer.pixels] *= 1 - alpha[..., 0]
        found.append((over, through))
    return found
