"""The law of the lines of a text, to train on: its lines, equally likely, as one-hot points.

A line is cut at a number of characters, or padded to it. A point has a row for every character and
a column for every place, float32 of shape (characters, length), with a 1 a column: laws of
generators live in the same space, with shares of characters at each place. A tenth of the lines is
held out, the same for every run.

References
----------
Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, section 5.4 and
the authors' code: 32 characters a line, at most 2,048 in all, at most 10,000,000 lines.
"""

from __future__ import annotations

import re
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator, Tensor

from wganlab.data import checks, opening
from wganlab.data.alphabet import SIGNS, Alphabet
from wganlab.data.row_parts import some, split_rows
from wganlab.writing import why

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

SCHEME = "text:"
SHAKESPEARE = "text:shakespeare"
"""The text that the package has: lines of three plays and the sonnets, see archives/NOTICE.md."""
DEFAULTS = {"length": 32, "characters": 2048, "lines": 10_000_000}
LARGEST = {"length": 4096, "characters": 2**16, "lines": checks.MOST}
LARGEST_BYTES = 2**30
SHARE = 0.1  # of the lines that is held out
MOST = 4096  # lines that are held out: what an exact distance can take
_OPTIONS = re.compile(rf":(?=(?:{'|'.join(DEFAULTS)})=)")


class TextLaw:
    """Lines of a text, equally likely; a tenth of them, at most 4,096, is held out.

    Parameters
    ----------
    name : str
        Of the text.
    lines : sequence of str
        Without their ends.
    length, characters : int
        Characters of a line; most codes, padding and the unknown character among them.
    held_out : int
        Lines to hold out instead, if not 0.

    Raises
    ------
    ValueError
        If that leaves none to train on.

    Examples
    --------
    >>> law = TextLaw("rhyme", ["to be", "or not", "to be", "that is"], length=8)
    >>> law.shape, law.alphabet.characters, len(law.rows), len(law.unseen)
    ((13, 8), 't obeahinrs', 3, 1)
    >>> points = law.sample(5, torch.Generator().manual_seed(0))
    >>> points.shape, law.decode(points)[0]
    (torch.Size([5, 13, 8]), 'that is')
    """

    modes = None
    spread = None
    endless = False
    """Are there new lines in every batch, beside those of the text?"""

    def __init__(
        self,
        name: str,
        lines: Sequence[str],
        *,
        length: int = DEFAULTS["length"],
        characters: int = DEFAULTS["characters"],
        held_out: int = 0,
    ) -> None:
        checks.whole(1, most=LARGEST["length"], length=length)
        checks.whole(SIGNS + 1, most=LARGEST["characters"], characters=characters)
        checks.whole(0, held_out=held_out)
        n = len(lines)
        apart = held_out or min(max(round(SHARE * n), 1), MOST)
        if apart >= n:
            raise ValueError(
                f"{name} has {n:,} line{'s' * (n != 1)} that are not blank: {apart:,} held out "
                "leaves none to train on"
            )
        self.name = name
        self.alphabet = Alphabet.of([line[:length] for line in lines], characters)
        codes = self.alphabet.encode(lines, length)
        self.codes = torch.from_numpy(codes.astype(np.int16) if codes.itemsize > 1 else codes)
        """Of all lines, shape (n, length), a byte each or two."""
        rows, unseen = split_rows(n, apart)
        self.unseen: NDArray[np.int64] = unseen
        """Rows of the lines held out."""
        self.rows: NDArray[np.int64] = rows
        """Rows of the lines to train on."""
        self.shape = (len(self.alphabet), length)
        self._copies: dict[torch.device, Tensor] = {}

    @property
    def dim(self) -> int:
        """Dimension of the space of points."""
        return self.shape[0] * self.shape[1]

    def some(self, n: int, seed: int) -> NDArray[np.int64]:
        """Rows of n lines to train on, drawn without replacement; of all where n is 0."""
        return some(self.rows, n, seed, f"{self.name} has {len(self.rows):,} lines")

    def sample(self, n: int, generator: Generator) -> Tensor:
        """n lines to train on, drawn with replacement: one-hot, (n, characters, length)."""
        checks.whole(1, n=n)
        return self.sampler(generator.device)(int(n), generator)

    def sampler(self, device: torch.device) -> Callable[[int, Generator], Tensor]:
        """What `sample` does with generators of that device, for a loop: nothing is checked."""
        return partial(self._draw, self.on(device)[torch.from_numpy(self.rows).to(device)])

    def _draw(self, codes: Tensor, n: int, generator: Generator) -> Tensor:
        drawn = torch.randint(len(codes), (n,), generator=generator, device=codes.device)
        return self.one_hot(codes[drawn])

    def held_out(self, n: int, device: torch.device) -> Tensor:
        """The first n of the lines held out; all of them where there are fewer."""
        return self.take(self.unseen[:n], device)

    def take(self, rows: NDArray[np.int64], device: torch.device) -> Tensor:
        """Those lines, one-hot."""
        return self.one_hot(self.codes[torch.from_numpy(rows)].to(device))

    def pick(self, rows: Tensor) -> Tensor:
        """Those lines, on the device of `rows`: nothing waits for the host."""
        return self.one_hot(self.on(rows.device)[rows])

    def on(self, device: torch.device) -> Tensor:
        """The codes of all lines there."""
        if device not in self._copies:
            self._copies[device] = self.codes.to(device)
        return self._copies[device]

    def one_hot(self, codes: Tensor) -> Tensor:
        """Codes (n, length) as points, float32, (n, characters, length)."""
        points = torch.zeros((len(codes), *self.shape), device=codes.device)
        return points.scatter_(1, codes.long()[:, None], 1.0)

    def decode(self, points: Tensor) -> list[str]:
        """The lines of points, or of what a generator makes: at each place the likeliest."""
        return self.alphabet.decode(codes_of(points))


def codes_of(points: Tensor) -> NDArray[np.unsignedinteger]:
    """The likeliest code at each place: points (n, characters, length) to codes (n, length)."""
    likeliest = points.detach().argmax(dim=1).cpu().numpy()
    found: NDArray[np.unsignedinteger] = likeliest.astype(
        np.uint8 if points.shape[1] <= 256 else np.uint16
    )
    return found


def is_text_source(source: str) -> bool:
    """Does `text_law` take it, if what it names is there?

    Examples
    --------
    >>> is_text_source("text:book.txt"), is_text_source("book.txt")
    (True, False)
    """
    return source.startswith(SCHEME)


def text_law(source: str, *, held_out: int = 0) -> TextLaw:
    """The law of the lines of a text file, as configurations and the command line name it.

    Parameters
    ----------
    source : str
        "text:FILE", UTF-8, packed by gzip or not, or "text:shakespeare", which the package has.
        Lines end in LF, CR LF or CR; blanks at their ends and lines of nothing else are left out,
        and so is a byte order mark. Options follow a colon: "text:FILE:length=16" cuts lines at 16
        characters (32), "characters=100" has as many codes at most, the rarest characters being
        one, unknown (2,048), "lines=1000" reads the first 1,000 (10,000,000).
    held_out : int
        Lines to hold out; 0 for a tenth, at most 4,096.

    Raises
    ------
    ValueError
        If it is no regular file, no UTF-8 text, too large, or has fewer than two lines.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> law = text_law("text:shakespeare")
    >>> law.shape, len(law.rows), len(law.unseen)
    ((65, 32), 9888, 1099)
    >>> law.decode(law.held_out(2, torch.device("cpu")))
    ['Hath trifled former knowings.', 'She hath forsworn to love; and i']
    """
    name, options = parted(source)
    lines = _lines(_content(name), name)[: options["lines"]]
    length, characters = options["length"], options["characters"]
    return TextLaw(source, lines, length=length, characters=characters, held_out=held_out)


def parted(source: str) -> tuple[str, dict[str, int]]:
    """What is named, with its scheme, and how it is to be read."""
    name, *told = _OPTIONS.split(source)
    options = dict(DEFAULTS)
    for word, _, value in (part.partition("=") for part in ",".join(told).split(",") if part):
        if word not in options:
            raise ValueError(f"{source}: there is no option {word!r}: give {', '.join(options)}")
        if not re.fullmatch(r"[0-9]{1,15}", value):
            raise ValueError(f"{source}: {word} = {value!r}: give a whole number")
        options[word] = int(value)
        checks.whole(1, most=LARGEST[word], **{word: options[word]})
    return name, options


def path_of(source: str) -> Path | None:
    """The file that is named; None of the text that the package has."""
    name, _ = parted(source)
    return None if name == SHAKESPEARE else Path(name.removeprefix(SCHEME)).expanduser()


def _content(name: str) -> bytes:
    path = path_of(name)
    if path is None:
        file = resources.files("wganlab.data").joinpath("archives", "shakespeare.txt")
        return file.read_bytes()
    if name == SCHEME:
        raise ValueError("text: names no file: give text:FILE, or text:shakespeare")
    opening.regular(path)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError(f"{name}: more than 1 GB: give a part of it")
        return opening.content(path)
    except OSError as error:
        raise ValueError(f"{name}: {why(error)}") from error


def _lines(raw: bytes, name: str) -> list[str]:
    """Those that are not blank, without what is blank at their ends."""
    if len(raw) > LARGEST_BYTES:
        raise ValueError(f"{name}: more than 1 GB, unpacked: give a part of it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 is full of them
        raise ValueError(f"{name}: this is not UTF-8 text: save it as UTF-8")
    lines = (line.rstrip() for line in re.split(r"\r\n|\n|\r", text))
    return [line for line in lines if line]
