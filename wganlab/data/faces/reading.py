"""The attributes of any image, by the nearest face that there is.

Nearest is meant in the Euclidean distance of pixels. There are more faces than can be tried, so
they are descended to: of one layer after another the best form and color are taken, the other
layers as they are, until nothing changes. On a face that is drawn this ends at the face itself.
Of other images it ends at one that no change of a single layer brings nearer, so distances are
from above: see `tests/test_face_reading.py` for how seldom there is a nearer one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wganlab.data.faces.sprites import BACKGROUND, NONE, SIDE, Choices, sprites

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

PASSES = 8  # over all layers, at most
BLOCK = 256  # images that are read at once
EQUAL = 1e-6  # squared levels, of two faces that look alike
SKIN, BEARD, HAIR_COLOR = "skin", "beard", "hair color"
HAIR, HAT, GLASSES = "hair", "hat", "glasses"
COVERS = ("clothing", "eyes", BEARD, "mouth", "hair")  # of the skin


@dataclass(frozen=True, eq=False)
class Reading:
    """The nearest faces of n images."""

    choices: Choices
    """Their attributes."""
    told: dict[str, NDArray[np.bool_]]
    """Of every attribute, for which images it shows: not hair under a hat, for example, nor the
    color of glasses that a face does not wear. Elsewhere `choices` has one of those that look
    alike."""
    distances: NDArray[np.float64]
    """To the nearest faces, Euclidean, of pixels in [-1, 1]."""

    def __len__(self) -> int:
        return len(self.distances)

    @property
    def drawn(self) -> NDArray[np.uint8]:
        """The nearest faces as they are drawn: (n, 16, 16, 3)."""
        return sprites().drawn(self.choices)


def read_faces(levels: NDArray[Any]) -> Reading:
    """The nearest face of every image.

    Parameters
    ----------
    levels : array, shape (n, s, s, 3)
        Pixels from 0 to 255, bytes or floats; s is 16 or a multiple, whose blocks are averaged.

    Raises
    ------
    ValueError
        If the shape is another, or a pixel is not finite.

    Examples
    --------
    >>> faces = sprites()
    >>> drawn = faces.choices(np.random.default_rng(0).random((3, len(faces.attributes))))
    >>> read = read_faces(faces.drawn(drawn))
    >>> read.distances, np.array_equal(read.choices["skin"], drawn["skin"])
    (array([0., 0., 0.]), True)
    """
    pixels = np.asarray(levels, dtype=np.float64)
    if pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.shape[1] != pixels.shape[2]:
        raise ValueError(f"faces are images of shape (n, s, s, 3), and these are {pixels.shape}")
    n, side = pixels.shape[:2]
    if side % SIDE or not side:
        raise ValueError(f"faces of {side} px: their side is 16 px or a multiple of it")
    if not np.isfinite(pixels).all():
        raise ValueError("some pixels are not finite: has the training diverged?")
    k = side // SIDE
    blocks = pixels.reshape(n, SIDE, k, SIDE, k, 3)
    means = blocks.mean(axis=(2, 4))  # (n, 16, 16, 3)
    within = ((blocks - means[:, :, None, :, None]) ** 2).sum(axis=(1, 2, 3, 4, 5))
    parts = [_read(means[at : at + BLOCK].reshape(-1, SIDE**2, 3)) for at in range(0, n, BLOCK)]
    names = sprites().attributes
    choices, told = (
        {name: np.concatenate([part[which][name] for part in parts] or [[]]) for name in names}
        for which in (0, 1)
    )
    choices = {name: chosen.astype(int) for name, chosen in choices.items()}
    apart = ((means - sprites().drawn(choices)) ** 2).sum(axis=(1, 2, 3))
    return Reading(choices, told, np.sqrt(k * k * apart + within) / 127.5)


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
    def weights(self) -> Floats:
        """What `costs` multiplies: (9 p, options)."""
        flat, n = -2 * self.paint, len(self.paint)
        veiled = flat * self.alpha[..., None]
        squares = (self.paint**2).sum(2), self.alpha**2
        parts = [flat.reshape(n, -1), veiled.reshape(n, -1), 2 * self.alpha, *squares]
        return np.ascontiguousarray(np.concatenate(parts, axis=1).T)

    def costs(
        self, image: Floats, below: Floats, over: Floats, through: Floats, some: Any = slice(None)
    ) -> Floats:
        """Squared distance with each option, less that without any: (n, options).

        The image is over + through (below (1 - alpha) + paint), with what lies over and below.
        """
        t, low = through[:, self.pixels, None], below[:, self.pixels]
        rest = t * (image[:, self.pixels] - over[:, self.pixels] - t * low)  # (n, p, 3)
        shine = t * t
        wide = [rest, shine * low]  # (n, p, 3) each
        narrow = [(rest * low).sum(2), shine[..., 0], (shine * low**2).sum(2)]  # (n, p) each
        parts = [*(part.reshape(len(image), -1) for part in wide), *narrow]
        costs: Floats = np.concatenate(parts, axis=1) @ self.weights[:, some]
        return costs


Layers: TypeAlias = "tuple[Options, ...]"
Shown: TypeAlias = "dict[str, NDArray[np.bool_]]"
Found: TypeAlias = "tuple[Choices, Shown]"


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
    k = _place(layers, GLASSES)
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


def _read(image: Floats) -> Found:
    """Attributes of images (n, 256, 3), and where they show."""
    n = len(image)
    choices: Choices = {name: np.zeros(n, int) for name in sprites().attributes}
    choices[SKIN] = _skin(image)
    _descend(image, choices, plain(), hold=(SKIN,))
    _descend(image, choices, separate(), hold=(SKIN,))
    told = {name: np.zeros(n, bool) for name in choices}
    _settle(image, choices, told, np.arange(n))
    rows, beards, colors = _beards_of_other_colors(image, choices)
    _try(image, choices, told, rows, {BEARD: beards, HAIR_COLOR: colors})
    rows = np.flatnonzero(choices[HAT])
    _try(image, choices, told, rows, {HAT: 0 * rows})
    rows = np.flatnonzero(choices[BEARD])  # which hide much of the mouth
    for beard in range(1, len(sprites().attributes[BEARD].values)):
        _try(image, choices, told, rows, {BEARD: np.full(len(rows), beard)})
    return choices, told


def _settle(image: Floats, choices: Choices, told: Shown, rows: Ints) -> None:
    """Descend with some images as far as single layers lead, and note what shows of them."""
    for _ in range(PASSES):
        worn = choices[GLASSES][rows] > 0
        moved = [
            _move(image, choices, told, some, layers)
            for some, layers in ((rows[~worn], separate()), (rows[worn], joint()))
        ]
        rows = np.concatenate(moved)
        if not len(rows):
            break


def _move(image: Floats, choices: Choices, told: Shown, rows: Ints, layers: Layers) -> Ints:
    """One pass with some images; which of them it changed."""
    if not len(rows):
        return rows
    some = {name: chosen[rows] for name, chosen in choices.items()}
    shows = _descend(image[rows], some, layers)
    moved = np.any([some[name] != chosen[rows] for name, chosen in choices.items()], axis=0)
    for name, chosen in choices.items():
        chosen[rows], told[name][rows] = some[name], shows[name]
    return rows[moved]


def _try(image: Floats, choices: Choices, told: Shown, rows: Ints, change: Choices) -> None:
    """Begin some images again from other choices, and settle where that is nearer."""
    if not len(rows):
        return
    before = {name: chosen[rows] for name, chosen in choices.items()}
    other = before | change
    for hold in (change, ()):
        _descend(image[rows], other, separate(), hold=hold)
    nearer = _apart(image[rows], other) < _apart(image[rows], before) - EQUAL
    for name, chosen in choices.items():
        chosen[rows[nearer]] = other[name][nearer]
    _settle(image, choices, told, rows[nearer])


def _beards_of_other_colors(image: Floats, choices: Choices) -> tuple[Ints, Ints, Ints]:
    """Images without a beard that one in another color than the hair's would bring nearer."""
    rows = np.flatnonzero(choices[BEARD] == 0)
    if not len(rows):
        return rows, rows, rows
    some = {name: chosen[rows] for name, chosen in choices.items()}
    layers = separate()
    place = _place(layers, BEARD)
    seen = _seen(layers[place + 1 :], some, image[rows])
    below = _composed(layers[:place], some)
    costs = layers[place].costs(image[rows], below, *seen[-1])
    best = costs.argmin(axis=1)
    beards, colors = np.unravel_index(best, layers[place].shape)
    worth = np.flatnonzero(beards)
    return rows[worth], beards[worth], colors[worth]


def _skin(image: Floats) -> NDArray[np.int64]:
    """Of where at most glasses cover it, which a sum of distances, not squared, stands."""
    layers = {layer.design or SKIN: layer.alpha.any(axis=0) for layer in sprites().layers}
    bare = layers[SKIN] & ~np.any([layers[name] for name in COVERS], axis=0)
    palette = sprites().layers[0].palette
    apart = np.linalg.norm(image[:, bare][:, :, None] - palette, axis=3)  # (n, p, skins)
    return apart.sum(axis=1).argmin(axis=1)


def _descend(
    image: Floats,
    choices: Choices,
    layers: Layers,
    *,
    hold: Collection[str] = (),
) -> Shown:
    """One pass over the layers, but for attributes that are held; tells where attributes show."""
    over = _seen(layers[1:], choices, image)
    below = np.zeros_like(image)
    told: Shown = {}
    for k, (layer, seen) in enumerate(zip(layers, reversed(over), strict=True)):
        costs = layer.costs(image, below, *seen).reshape(len(image), *layer.shape)
        hair = HAIR_COLOR in layer.attributes and layer.attributes[0] != BEARD
        if hair:
            _with_beards(costs, image, choices, seen)
        costs = _held(costs, layer, choices, hold if hair else (*hold, HAIR_COLOR))
        best = costs.reshape(len(image), -1).argmin(axis=1)
        values = dict(zip(layer.attributes, np.unravel_index(best, layer.shape), strict=True))
        choices |= values
        told |= _shown(layer, costs, choices)
        # a beard below has the color of the hair, which may be another now
        below = _composed(layers[: k + 1], choices) if hair else _over(layer, choices, below)
    return told


def _seen(layers: Layers, choices: Choices, image: Floats) -> list[tuple[Floats, Floats]]:
    """What lies over the uppermost layer, which is nothing, and so on down to all of them.

    What is painted, shape (n, 256, 3), and how much of what lies below shows: (n, 256).
    """
    found = [(np.zeros_like(image), np.ones(image.shape[:2]))]
    for layer in reversed(layers):
        over, through = found[-1]
        alpha, paint = _chosen(layer, choices)
        found.append((over + through[..., None] * paint, through * (1 - alpha)))
    return found


def _held(costs: Floats, layer: Options, choices: Choices, names: Collection[str]) -> Floats:
    """Costs with those attributes as they are: inf of all other options."""
    for axis, name in enumerate(layer.attributes, start=1):
        if name in names:
            other = np.arange(costs.shape[axis]) != choices[name][:, None]  # (n, values)
            wide = [len(costs), *(1 for _ in layer.shape)]
            wide[axis] = costs.shape[axis]
            costs = np.where(other.reshape(wide), np.inf, costs)
    return costs


def _with_beards(
    costs: Floats, image: Floats, choices: Choices, seen: tuple[Floats, Floats]
) -> None:
    """Put in the costs of hair where its color is that of a beard too."""
    rows = np.flatnonzero(choices[BEARD])
    if not len(rows):
        return
    over, through = (part[rows] for part in seen)
    layers = separate()
    first, last = (_place(layers, name) for name in (BEARD, HAIR))
    some = {name: chosen[rows] for name, chosen in choices.items()}
    low = _composed(layers[:first], some)
    for color in range(layers[last].shape[1]):
        some[HAIR_COLOR] = np.full(len(rows), color)
        below = _composed(layers[first:last], some, low)
        rest = image[rows] - over - through[..., None] * below
        without = (rest**2).sum(axis=(1, 2))
        some_hair = slice(color, None, layers[last].shape[1])
        found = layers[last].costs(image[rows], below, over, through, some_hair)
        costs[rows, :, color] = found + without[:, None]


def _place(layers: Sequence[Options], name: str) -> int:
    """Which layer an attribute is the first of."""
    return next(k for k, layer in enumerate(layers) if layer.attributes[0] == name)


def _composed(layers: Layers, choices: Choices, image: Floats | None = None) -> Floats:
    """Those layers, over an image if there is one: (n, 256, 3)."""
    if image is None:
        image = np.zeros((len(choices[BACKGROUND]), SIDE**2, 3))
    for layer in layers:
        image = _over(layer, choices, image)
    return image


def _apart(image: Floats, choices: Choices, rows: Any = slice(None)) -> Floats:
    """Squared distances of images to faces, some rows of `choices`."""
    some = {name: chosen[rows] for name, chosen in choices.items()}
    apart: Floats = ((image - _composed(separate(), some)) ** 2).sum(axis=(1, 2))
    return apart


def _over(layer: Options, choices: Choices, below: Floats) -> Floats:
    """The layer over what lies below it."""
    alpha, paint = _chosen(layer, choices)
    made: Floats = below * (1 - alpha[..., None]) + paint
    return made


def _chosen(layer: Options, choices: Choices) -> tuple[Floats, Floats]:
    """What was chosen of a layer, on all pixels: (n, 256) and (n, 256, 3)."""
    n = len(choices[BACKGROUND])
    row = np.ravel_multi_index(layer.chosen(choices), layer.shape)
    alpha, paint = np.zeros((n, SIDE**2)), np.zeros((n, SIDE**2, 3))
    alpha[:, layer.pixels], paint[:, layer.pixels] = layer.alpha[row], layer.paint[row]
    return alpha, paint


def _shown(layer: Options, costs: Floats, choices: Choices) -> Shown:
    """Where its attributes show: no other value would look the same."""
    chosen = layer.chosen(choices)
    rows = np.arange(len(costs))
    least = costs[(rows, *chosen)][:, None] + EQUAL
    shown = {}
    for place, name in enumerate(layer.attributes):
        alone: list[Any] = [*chosen[:place], slice(None), *chosen[place + 1 :]]
        shown[name] = (costs[(rows, *alone)] <= least).sum(axis=1) == 1
    return shown
