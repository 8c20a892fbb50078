"""What is true of generated text: the laws of its n-grams, and how many of its words there are.

An n-gram is n characters in a row. They are counted at every place within lines, padding among
them, as in the WGAN-GP paper's code; between their law in generated lines and that in all lines of
training stands the Jensen-Shannon divergence, exact, in nats and with the halves (the code has it
in bits). That many lines which no step has seen have one too: their `floor`, below which nothing
can be expected.

References
----------
Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, section 5.4 and
the authors' code, language_helpers.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wganlab import exact
from wganlab.data.language import TextLaw, codes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from wganlab.learned.runs.view import Row, View

    Codes = NDArray[np.unsignedinteger]

LENGTHS = (1, 2, 3, 4)


class NGrams:
    """The law of the n-grams of lines.

    Parameters
    ----------
    codes : array of whole numbers, shape (lines, length)
        Their characters, from 0.
    n : int
        Characters in a row.
    size : int
        Codes that there are.

    Raises
    ------
    ValueError
        If lines are shorter, or there are too many n-grams to be numbered.

    Examples
    --------
    >>> lines = np.array([[0, 1, 0, 1], [0, 1, 1, 1]])
    >>> bigrams = NGrams(lines, n=2, size=2)
    >>> bigrams.keys.tolist(), bigrams.shares.round(2).tolist()
    ([1, 2, 3], [0.5, 0.17, 0.33])
    """

    def __init__(self, codes: Codes, *, n: int, size: int) -> None:
        if size**n >= 2**63:
            raise ValueError(f"n = {n}: {size:,} characters have too many {n}-grams to number them")
        found = ngrams(codes, n=n, size=size)
        self.n, self.size = n, size
        self.keys, counts = np.unique(found, return_counts=True)
        self.shares: NDArray[np.float64] = counts / counts.sum()

    def js(self, codes: Codes) -> float:
        """The divergence of the law of other lines' n-grams from this one, in [0, log 2].

        Examples
        --------
        >>> one, other = np.array([[0, 0, 0]]), np.array([[1, 1, 1]])
        >>> NGrams(one, n=2, size=2).js(one), round(NGrams(one, n=2, size=2).js(other), 6)
        (0.0, 0.693147)
        """
        other = NGrams(codes, n=self.n, size=self.size)
        keys = np.union1d(self.keys, other.keys)
        laws = np.zeros((2, len(keys)))
        for law, its in zip(laws, (self, other), strict=True):
            law[np.searchsorted(keys, its.keys)] = its.shares
        return exact.js(*laws)


def ngrams(codes: Codes, *, n: int, size: int) -> NDArray[np.int64]:
    """The n-grams at every place of lines, each as one number: shape (lines (length - n + 1),)."""
    places = codes.shape[1] - n + 1
    if places < 1:
        raise ValueError(f"lines of {codes.shape[1]} characters have no {n}-grams")
    keys = np.zeros((len(codes), places), dtype=np.int64)
    for k in range(n):
        keys = keys * size + codes[:, k : k + places]
    return keys.ravel()


def words(lines: Iterable[str], length: int) -> list[str]:
    """What stands between blanks; what ends where lines are cut, at that length, is left out.

    Examples
    --------
    >>> words(["to be, or", "not to be", "not to ", ""], length=9)
    ['to', 'be,', 'not', 'to', 'not', 'to']
    """
    found = []
    for line in lines:
        its = line.split()
        is_cut = len(line) >= length and not line[-1].isspace()
        found += its[: len(its) - is_cut]
    return found


class TextObserver:
    """An observer of text runs: the divergence of n-grams, and how many words occur in the text.

    Parameters
    ----------
    law : TextLaw
        What is trained on.
    n : int
        Lines that are looked at, generated and held out; at most as many as are held out.

    Examples
    --------
    >>> import torch
    >>> from types import SimpleNamespace
    >>> from wganlab import data
    >>> law = data.text_law("text:shakespeare")
    >>> points = law.sample(500, torch.Generator().manual_seed(0))
    >>> row = TextObserver(law, 500)(SimpleNamespace(fake=points))
    >>> row["js1"] < 2 * row["js1_floor"], row["words"], row["words_floor"] < 1
    (True, 1.0, True)
    """

    def __init__(self, law: TextLaw, n: int = 1000) -> None:
        self.law, self.n = law, min(n, len(law.unseen))
        codes, (size, length) = law.codes.numpy(), law.shape
        known = codes[law.rows]
        lengths = [k for k in LENGTHS if k <= length and size**k < 2**63]
        self.laws = [NGrams(known, n=k, size=size) for k in lengths]
        self.known = frozenset(words(law.alphabet.decode(known), length))
        floor = self.told(codes[law.unseen[: self.n]])
        self.floor = {f"{name}_floor": value for name, value in floor.items()}

    def __call__(self, view: View) -> Row:
        """`js1` to `js4`, nats, and `words`, a share; of as many held-out lines `js1_floor`..."""
        return self.told(codes_of(view.fake[: self.n])) | self.floor

    def told(self, codes: Codes) -> Row:
        """Of lines (n, length)."""
        row = {f"js{law.n}": law.js(codes) for law in self.laws}
        said = words(self.law.alphabet.decode(codes), codes.shape[1])
        row["words"] = sum(word in self.known for word in said) / max(len(said), 1)
        return row


def text_observers(law: TextLaw, n: int = 1000) -> list[Callable[[View], Row]]:
    """Those of text: exact EM on n points of each law, in the space of one-hot lines, and
    `TextObserver`.

    Parameters
    ----------
    law : TextLaw
        What is trained on.
    n : int
        Real and generated lines, at most 4,096, and no more than are held out.
    """
    from wganlab.compare.truth_observers import Truth

    n = min(n, len(law.unseen), len(law.rows))
    return [Truth(n), TextObserver(law, n)]
