"""Lines of text as codes, whole numbers from 0, and as one-hot points; and back without doubt.

Code 0 is the place after a line's end, code 1 a character that is none of the alphabet's, and the
others are its characters, the most common one first. The signs that stand for 0 and 1 where codes
are shown are characters that the alphabet does not have: nothing shown can be mistaken.

References
----------
Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, section 5.4 and
the authors' code: one-hot characters, of which the rarest are one; there "`" is the padding, and
one character of the text too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.unsignedinteger[Any]]

PADDING, UNKNOWN = 0, 1
SIGNS = 2  # codes that are no characters
END = "\n"  # no line has one: it stands for the padding while lines are encoded
UNICODE = 0x110000


@dataclass(frozen=True)
class Alphabet:
    """The characters that codes stand for.

    Examples
    --------
    >>> alphabet = Alphabet("etaoi")
    >>> codes = alphabet.encode(["tea", "to be"], length=6)
    >>> codes.tolist()
    [[3, 2, 4, 0, 0, 0], [3, 5, 1, 1, 2, 0]]
    >>> alphabet.decode(codes)
    ['tea', 'to\ufffd\ufffde']
    """

    characters: str
    """Each once; code 2 is the first."""

    @classmethod
    def of(cls, lines: Sequence[str], size: int) -> Alphabet:
        """The most common characters of lines; of equally common ones the first in Unicode.

        Parameters
        ----------
        lines : sequence of str
            Without their ends.
        size : int
            Codes at most, the two that are no characters among them.
        """
        counts = np.bincount(_points("".join(lines)), minlength=1)
        order = np.argsort(-counts, kind="stable")[: size - SIGNS]
        return cls("".join(chr(k) for k in order if counts[k]))

    def __len__(self) -> int:
        """Codes there are."""
        return len(self.characters) + SIGNS

    @cached_property
    def shown(self) -> NDArray[np.uint32]:
        """What each code is shown as, in Unicode."""
        free = (sign for sign in range(0xE000, UNICODE) if chr(sign) not in self.characters)
        signs = [
            next((sign for sign in usual if chr(sign) not in self.characters), next(free))
            for usual in ((0x60, 0xB7, 0xB6), (0xFFFD, 0xA4))  # ` · ¶ for padding, then � ¤
        ]
        return np.array([*signs, *map(ord, self.characters)], dtype=np.uint32)

    def encode(self, lines: Sequence[str], length: int) -> Codes:
        """Codes of lines, cut or padded to that length: (n, length), of a byte each or two."""
        table = np.full(UNICODE, UNKNOWN, dtype=np.uint8 if len(self) <= 256 else np.uint16)
        table[ord(END)] = PADDING
        table[_points(self.characters)] = np.arange(SIGNS, len(self))
        text = "".join(line[:length].ljust(length, END) for line in lines)
        codes: NDArray[Any] = table[_points(text)].reshape(-1, length)
        return codes

    def decode(self, codes: Codes) -> list[str]:
        """The lines of codes (n, length), without the padding at their ends.

        Padding before the end is shown by a sign, so is an unknown character.
        """
        text = self.shown[codes].astype("<u4").tobytes().decode("utf-32-le")
        length, padding = codes.shape[1], chr(self.shown[PADDING])
        starts = range(0, len(text), length)
        return [text[start : start + length].rstrip(padding) for start in starts]


def _points(text: str) -> NDArray[np.uint32]:
    """Characters as numbers, in Unicode."""
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
