"""How names from outside, of files, classes and columns, are shown: one function a medium.

A name may hold anything: `$`, which matplotlib takes for mathematics; `<!--`, which ends the script
of a page; escapes that move a terminal's cursor; bytes that are no UTF-8 (Python keeps them as
surrogates). `printed` is for a terminal, `drawn` for matplotlib, `paged` for a page of HTML, and
`stored` for CSV, JSON and other text files.
"""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from typing import Any

_HIDDEN = {"Cc", "Cf", "Zl", "Zp", "Cs"}  # controls, formats, separators of lines, surrogates
_JOINERS = "\u200c\u200d"  # formats that words and emoji are spelled with


def printed(text: Any) -> str:
    r"""For a terminal, on one line: what would act on it, or cannot be encoded, is spelled out.

    Examples
    --------
    >>> print(printed("a\x1b[31m\n\udcff"))
    a\x1b[31m\n\xff
    """
    return "".join(_spelled(letter) if _hidden(letter) else letter for letter in str(text))


def drawn(text: Any) -> str:
    r"""For matplotlib: `$` stays a dollar, and what the style's font has not is a question mark.

    Lines end where the text's own do.

    Examples
    --------
    >>> print(drawn("a$x$ 猫\x07"))
    a\$x\$ ??
    """
    known = _letters()
    plain = (letter if letter == "\n" or ord(letter) in known else "?" for letter in str(text))
    return "".join(plain).replace("$", r"\$")


def drawable(text: Any) -> bool:
    """Has the style's font all its letters?"""
    return all(ord(letter) in _letters() for letter in str(text))


def paged(content: Any) -> str:
    r"""JSON for the script of a page: no text in it can end or escape the script.

    Examples
    --------
    >>> print(paged(["<!--<script>"]))
    ["\u003c!--\u003cscript>"]

    Raises
    ------
    ValueError
        If there are numbers that are not finite.
    """
    told = json.dumps(content, separators=(",", ":"), allow_nan=False)  # ASCII alone
    return told.replace("<", "\\u003c")


def stored(text: Any) -> str:
    r"""For text files: as it is, but that bytes which are no UTF-8 and NUL are spelled out.

    Examples
    --------
    >>> print(stored("été $x$ \udcff"))
    été $x$ \xff
    """
    bad = (letter == "\0" or unicodedata.category(letter) == "Cs" for letter in str(text))
    return "".join(
        _spelled(letter) if spelled else letter
        for letter, spelled in zip(str(text), bad, strict=True)
    )


def _hidden(letter: str) -> bool:
    return unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS


def _spelled(letter: str) -> str:
    r"""`\x1b`, `\n`; the byte that a surrogate stands for."""
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode()


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """What the font of the style can draw."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont("DejaVu Sans")).get_charmap()
    return frozenset(code for code in known if not _hidden(chr(code)))
