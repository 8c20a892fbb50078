"""What is true of generated faces: their attributes, held against the law of `wganlab.data.faces`.

Every image is read as the nearest face that there is (`data.read_faces`). In the law attributes
are independent, each value has a known probability, and the distance is 0: what differs is the
generator's. Means are of images on which an attribute shows: hair may be under a hat.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from wganlab.compare.neighbors import checked
from wganlab.data.faces.law import FaceLaw
from wganlab.data.faces.reading import Reading, read_faces
from wganlab.data.faces.sprites import SIDE, sprites

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wganlab.compare.neighbors import Images
    from wganlab.learned.runs.view import Row, View

VALID = 0.1  # of the range of pixels, root mean square, from the nearest face
SHARE = 0.1  # of its share in the law, from which on a value counts as found
FEWEST = 50  # images that show two attributes whose dependence is measured
SHUFFLES = 4  # of a column, by which chance is measured
BEYOND = 5.0  # standard deviations of chance that are dependence
HIDING = {("accessories", "hair"): 0.02, ("eyes", "glasses"): 0.015}  # nats, in the law itself


@dataclass(frozen=True)
class AttributeRow:
    """One attribute of n generated faces."""

    attribute: str
    values: int
    """That there are."""
    found: int
    """That at least a tenth of their share in the law have."""
    tv: float
    """Total variation between their frequencies and the law's: 0 to 1, and 1 where none shows."""
    floor: float
    """The same for as many new faces of the law: what no generator can be expected to beat."""
    commonest: str
    """The value whose share is largest beside the law's; "-" where none shows."""
    share: float
    """Of the faces that show the attribute, those that have it."""
    law: float
    """Its share in the law."""


@dataclass(frozen=True, eq=False)
class FaceAttributes:
    """What `face_attributes` finds."""

    reading: Reading
    """The nearest faces."""
    side: int
    """Of the images, in pixels."""
    floors: dict[str, float]
    """Total variation of as many faces of the law, by attribute."""

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Of every image from the nearest face: root mean square, as a share of the range."""
        deviations: NDArray[np.float64] = self.reading.distances / (2 * np.sqrt(3) * self.side)
        return deviations

    @property
    def valid(self) -> float:
        """Share of images that deviate by at most a tenth of the range from a face."""
        return float((self.deviations <= VALID).mean())

    @cached_property
    def table(self) -> tuple[AttributeRow, ...]:
        """A row an attribute."""
        return tuple(self._row(name) for name in sprites().attributes)

    @property
    def found(self) -> int:
        """Values found, of all attributes."""
        return sum(row.found for row in self.table)

    @property
    def all(self) -> int:
        """Values that there are."""
        return sum(row.values for row in self.table)

    @property
    def tv(self) -> float:
        """Mean total variation of the attributes."""
        return float(np.mean([row.tv for row in self.table]))

    @property
    def dependences(self) -> dict[tuple[str, str], float]:
        """Mutual information of every two attributes, in nats, above that of shuffled columns.

        Of those that 50 images show. In the law it is 0 up to chance, but where one hides some
        values of the other and not all: accessories and hair have .02, eyes and glasses .015. A
        generator that ties glasses to skin has more.
        """
        return {pair: excess for pair, (excess, _) in self._dependences.items()}

    @cached_property
    def _dependences(self) -> dict[tuple[str, str], tuple[float, float]]:
        """Beside each its deviation by chance: 2 n times it is chi-squared."""
        rng = np.random.default_rng(0)
        found = {}
        for pair in combinations(sprites().attributes, 2):
            both = np.logical_and(*(self.reading.told[name] for name in pair))
            if both.sum() >= FEWEST:
                x, y = (self.reading.choices[name][both] for name in pair)
                chance = [mutual_information(rng.permutation(x), y) for _ in range(SHUFFLES)]
                excess = mutual_information(x, y) - float(np.mean(chance))
                freedom = (len(np.unique(x)) - 1) * (len(np.unique(y)) - 1)
                found[pair] = excess, float(np.sqrt(2 * freedom) / (2 * len(x)))
        return found

    @property
    def dependence(self) -> float:
        """Mean of `dependences`; nan of too few images to tell."""
        return float(np.mean([*self.dependences.values()] or [np.nan]))

    @property
    def most_dependent(self) -> tuple[str, float]:
        """The two attributes that are surest tied, as "glasses and hair", and their dependence.

        ("", 0) where none is beyond what the law has and five standard deviations of chance.
        """
        sure = [
            (excess / max(deviation, 1e-12), " and ".join(pair), excess)
            for pair, (excess, deviation) in self._dependences.items()
            if excess > HIDING.get(pair, 0.0) + BEYOND * deviation
        ]
        return max(sure, default=(0.0, "", 0.0))[1:]

    @property
    def deviation(self) -> float:
        """Median of `deviations`."""
        return float(np.median(self.deviations))

    def as_row(self) -> dict[str, float]:
        """For metrics.csv: values found are the modes of this law, valid faces those of quality."""
        row = {
            "modes": self.found,
            "all_modes": self.all,
            "quality": self.valid,
            "face_deviation": self.deviation,
            "attribute_tv": self.tv,
            "attribute_tv_floor": float(np.mean([*self.floors.values()])),
            "dependence": self.dependence,
        }
        if not self.dependences:
            del row["dependence"]
        return row

    def _row(self, name: str) -> AttributeRow:
        attribute = sprites().attributes[name]
        if not self.reading.told[name].any():
            values = len(attribute.values)
            return AttributeRow(name, values, 0, 1.0, self.floors[name], "-", 0.0, 0.0)
        shares = frequencies(self.reading, name)
        excess = int((shares - attribute.probabilities).argmax())
        return AttributeRow(
            name,
            len(attribute.values),
            int((shares >= SHARE * attribute.probabilities).sum()),
            _tv(shares, attribute.probabilities),
            self.floors[name],
            attribute.values[excess],
            float(shares[excess]),
            float(attribute.probabilities[excess]),
        )


def face_attributes(images: Images) -> FaceAttributes:
    """The attributes of generated faces, beside those of the law.

    Parameters
    ----------
    images : float tensor, shape (n, 3, s, s), in [-1, 1]; or uint8 array, shape (n, s, s, 3)
        Generated faces, s a multiple of 16. What leaves [-1, 1] is cut off.

    Raises
    ------
    ValueError
        If they are no images in color of such a side, or not finite.

    Examples
    --------
    >>> import torch
    >>> from wganlab import data
    >>> faces = data.law("faces").sample(500, torch.Generator().manual_seed(0))
    >>> found = face_attributes(faces)
    >>> found.valid, found.found / found.all > 0.95, abs(found.dependence) < 0.01
    (1.0, True, True)
    """
    pixels = checked(images, "the faces").clamp(-1, 1)
    levels = (pixels.cpu().double().permute(0, 2, 3, 1).numpy() + 1) * 127.5
    reading = read_faces(levels)
    return FaceAttributes(reading, levels.shape[1], _floors(len(reading)))


def face_copies(images: Images, train: Images) -> float:
    """Share of generated faces whose nearest face is one of those to train on.

    The law has so many faces that a new one is hardly ever among them: what is more than 0 was
    learned by heart.
    """
    made, known = (face_attributes(part).reading for part in (images, train))
    return _copies(made, known.drawn)


def _copies(made: Reading, known: NDArray[np.uint8]) -> float:
    """Share of faces that are among those known, (m, 16, 16, 3)."""
    seen = {face.tobytes() for face in known}
    return float(np.mean([face.tobytes() in seen for face in made.drawn]))


def mutual_information(x: NDArray[np.integer], y: NDArray[np.integer]) -> float:
    """Of two columns of whole numbers, by their frequencies, in nats.

    Examples
    --------
    >>> coin = np.array([0, 1, 0, 1])
    >>> mutual_information(coin, coin), mutual_information(coin, np.array([0, 0, 1, 1]))
    (0.6931471805599453, 0.0)
    """
    counts = np.zeros((x.max() + 1, y.max() + 1))
    np.add.at(counts, (x, y), 1.0)
    joint = counts / counts.sum()
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / apart[there])).sum())


def frequencies(reading: Reading, name: str) -> NDArray[np.float64]:
    """Shares of the values of an attribute, among the images that show it."""
    values = len(sprites().attributes[name].values)
    shown = reading.choices[name][reading.told[name]]
    shares: NDArray[np.float64] = np.bincount(shown, minlength=values) / max(len(shown), 1)
    return shares


def attribute_observer(view: View) -> Row:
    """`FaceAttributes.as_row` of a run's faces, and the share of copies where faces are fixed.

    Copies are of any image of the set that is not held out, which those to train on are some of.
    """
    found = face_attributes(view.fake)
    row = found.as_row()
    if view.config.points:
        assert isinstance(view.law, FaceLaw)
        k = found.side // SIDE
        known = view.law.whole.images[view.law.rows, ::k, ::k]
        row["copies"] = _copies(found.reading, known)
    return row


def attributes_for(law: object) -> Callable[[View], Row] | None:
    """The observer for a law whose images have attributes; None for all others."""
    readable = isinstance(law, FaceLaw) and law.shape[0] == 3 and law.shape[1] % SIDE == 0
    return attribute_observer if readable else None


@lru_cache(maxsize=8)
def _floors(n: int) -> dict[str, float]:
    """Total variation between the law and n faces of it."""
    faces = sprites()
    drawn = faces.choices(np.random.default_rng(1).random((n, len(faces.attributes))))
    reading = read_faces(faces.drawn(drawn))
    shares = {name: frequencies(reading, name) for name in faces.attributes}
    return {
        name: _tv(share, faces.attributes[name].probabilities) if reading.told[name].any() else 1.0
        for name, share in shares.items()
    }


def _tv(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    return 0.5 * float(np.abs(p - q).sum())
