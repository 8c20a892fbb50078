"""Read a notebook or a Markdown file as a page: its headings, its formulas as MathML, its cells.

A notebook becomes one Markdown text, in which every code cell is a fence that says its number; so
there is one reader for both kinds, and what a page consists of is a list of markdown-it's tokens.
"""

from __future__ import annotations

import ast
import base64
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from math_core import LatexError, LatexToMathML
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from PIL import Image
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

THEME = Path(__file__).resolve().parent / "theme"
LINK = ("link_open", "link_close")  # none within another: headings are linked to
LONG = 30  # characters of a formula within a line that may be wider than a telephone
LANGUAGES = {"日本語": "ja", "中文": "zh", "한국어": "ko"}
CONTROL = re.compile(r"^controls\.(slider|steps|players)\(", flags=re.MULTILINE)
FORMULA = re.compile(r"(?<![\\$`])\$[^$`]+\$(?!\$)")
FENCE = re.compile(r"(<msub>|<msup>|<msubsup>)(<mo minsize=[^>]*>[^<]*</mo>)")
TEMPLATES = Environment(
    loader=FileSystemLoader(THEME),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class CourseError(Exception):
    """What a source has wrong."""


@dataclass(frozen=True)
class Heading:
    """A place on a page that can be linked to."""

    level: int
    id: str
    html: Markup


@dataclass(eq=False)
class Page:
    """A source, and what is on its page."""

    source: Path
    address: str
    """Within the site."""
    tokens: list[Token] = field(repr=False)
    cells: list[dict[str, Any]] = field(repr=False)
    """What is seen of the code cells, in their order."""
    headings: list[Heading] = field(repr=False)

    @property
    def name(self) -> str:
        """Of the source, as errors tell it."""
        return f"{self.source.parent.name}/{self.source.name}"

    @property
    def title(self) -> Markup:
        return self.headings[0].html

    @property
    def for_teachers(self) -> bool:
        return self.address.startswith("teachers/")

    def html(self, start: int = 0, end: int | None = None) -> Markup:
        """What is on the page, or what some of its tokens put there."""
        return _html(self.tokens[start:end], self.source, self.cells)

    def all_tokens(self) -> Iterator[Token]:
        """Those within lines included."""
        for token in self.tokens:
            yield token
            yield from token.children or ()


def read(source: Path, address: str) -> Page:
    """The page of a source, with its links as they are there."""
    cells: list[Any] = []
    if source.suffix == ".ipynb":
        parts = []
        for cell in nbformat.read(source, as_version=4).cells:
            if cell.cell_type == "code":
                parts.append(f"~~~{{cell}} {len(cells)}\n~~~")
                cells.append(cell)
            else:
                parts.append(cell.source)
        text = "\n\n".join(parts)
    else:
        text = source.read_text(encoding="utf-8")
    # Jupyter takes formulas out before it reads Markdown: a line of one may begin with a minus
    text = FORMULA.sub(lambda found: found[0].replace("\n", " "), text)
    tokens, lines = READER.parse(text), text.split("\n")
    headings = []
    for k, token in enumerate(tokens):
        if token.type == "heading_open":
            words = [part for part in tokens[k + 1].children if part.type not in LINK]
            html = _html([replace(tokens[k + 1], children=words)], source)
            headings.append(Heading(int(token.tag[1]), str(token.attrs["id"]), html))
        elif token.type == "fence" and token.info.startswith("{cell} "):
            number = int(token.info.split()[1])
            cells[number] = _seen(cells[number], str(headings[-1].html.striptags()), source)
        elif token.type.endswith("list_open") and tokens[k - 1].type == "paragraph_close":
            before, first = lines[token.map[0] - 1 : token.map[0] + 1]
            token.meta["unasked"] = first if before.strip() else ""
        elif token.type == "inline":
            _mark_predictions(tokens[k - 1], token.children)
            _glue(token.children)
    if not headings:
        raise CourseError(f"{source.name}: a page needs a title, a first line that begins with #")
    _tell_languages(tokens)
    return Page(source, address, tokens, cells, headings)


def _reader() -> MarkdownIt:
    """Markdown with tables, formulas, and headings that have an id."""
    reader = MarkdownIt("commonmark", {"html": False, "highlight": _colored}).enable("table")
    reader.use(dollarmath_plugin, allow_labels=False, double_inline=True, renderer=_formula)
    reader.use(anchors_plugin, max_level=6)
    fence, inline = reader.renderer.rules["fence"], reader.renderer.rules["math_inline"]

    def glued(tokens: Sequence[Token], k: int, options: Any, env: Any) -> str:
        before, after = tokens[k].meta.get(-1, ""), tokens[k].meta.get(1, "")
        html = f"{before}{inline(tokens, k, options, env)}{after}"
        return f'<span class="glued">{html}</span>' if before or after else html

    def fenced(tokens: Sequence[Token], k: int, options: Any, env: Any) -> str:
        name, _, number = tokens[k].info.partition(" ")
        if name != "{cell}":
            return fence(tokens, k, options, env)
        return TEMPLATES.get_template("cell.html").render(env["cells"][int(number)])

    def anchored(tokens: Sequence[Token], k: int, *_: Any) -> str:
        place, tag = tokens[k - 2].attrs["id"], tokens[k].tag
        return f'<a class="anchor" href="#{place}" aria-label="link to this place">#</a></{tag}>\n'

    reader.renderer.rules |= {
        "fence": fenced,
        "math_inline": glued,
        "heading_close": anchored,
        "table_open": lambda *_: '<div class="wide"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
    }
    return reader


def _html(tokens: Sequence[Token], source: Path, cells: Sequence[Any] = ()) -> Markup:
    try:
        return Markup(READER.renderer.render(tokens, READER.options, {"cells": cells}))
    except LatexError as error:
        raise CourseError(f"{source.name}: a formula that is none: {error}") from error


def _formula(latex: str, options: dict[str, bool]) -> str:
    display = options["display_mode"]
    made = LatexToMathML(fancy_error=False).convert_with_local_state(
        latex.strip(), displaystyle=display
    )
    made = FENCE.sub(r"\1<mrow>\2</mrow>", made)  # else Chromium lets one with an exponent down
    return made if display or len(latex) < LONG else f'<span class="long">{made}</span>'


def _colored(code: str, language: str, _: str = "") -> str:
    """Code with a class for each kind of word."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        lexer = TextLexer()
    return f'<pre class="code">{highlight(code, lexer, HtmlFormatter(nowrap=True))}</pre>\n'


def _seen(cell: Any, place: str, source: Path) -> dict[str, Any]:
    """What is seen of a code cell under the heading `place`."""
    control = CONTROL.search(cell.source)
    words = "; ".join(dict.fromkeys(_words(cell.source)))
    alt = f"Figure under “{place}”" + (f": {words}" if words else "")
    return {
        "code": Markup(_colored(cell.source, "python")),
        "control": control and control[1],
        "outputs": [_output(output, alt, source) for output in cell.outputs],
    }


def _output(output: Any, alt: str, source: Path) -> dict[str, Any]:
    data = output.get("data", {})
    if "image/png" in data:
        png = data["image/png"].replace("\n", "")
        width, height = Image.open(io.BytesIO(base64.b64decode(png))).size
        return {"png": png, "width": width, "height": height, "alt": alt}
    if output.output_type == "stream" or set(data) == {"text/plain"}:
        return {"png": None, "text": output.get("text") or data["text/plain"]}
    kinds = ", ".join(data) or output.output_type
    raise CourseError(f"{source.name}: an output of a kind that pages do not show: {kinds}")


def _words(code: str) -> Iterator[str]:
    """Titles and labels in a picture, from the code that draws it."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.keyword) and node.arg in ("title", "label"):
            told: Any = node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "").endswith("title"):
            told = node.args[0] if node.args else None
        else:
            continue
        if isinstance(told, ast.Constant) and isinstance(told.value, str):
            yield told.value.replace("\n", " ")


def _mark_predictions(paragraph: Token, children: Sequence[Token]) -> None:
    """A paragraph that begins with the demand for a prediction, or the demand within one."""
    for k, (token, following) in enumerate(pairwise(children)):
        if token.type == "strong_open" and following.content.startswith("Predict"):
            first = k <= 1 and paragraph.type == "paragraph_open"
            (paragraph if first else token).attrSet("class", "predict")


def _glue(children: Sequence[Token]) -> None:
    """Brackets and stops stay with their formula: browsers would break the line between them."""
    for k, token in enumerate(children):
        if token.type == "math_inline":
            for step, pattern in ((-1, r"[(\[]+$"), (1, r"^[.,;:!?)\]]+")):
                beside = children[k + step] if 0 <= k + step < len(children) else token
                found = re.search(pattern, beside.content)
                if beside.type == "text" and found:
                    token.meta[step] = found[0]
                    beside.content = re.sub(pattern, "", beside.content)


def _tell_languages(tokens: Sequence[Token]) -> None:
    """A column that is headed by a language's name is in that language."""
    languages: list[str | None] = []
    column = 0
    for token, following in pairwise(tokens):
        if token.type == "table_open":
            languages = []
        elif token.type == "tr_open":
            column = 0
        elif token.type in ("th_open", "td_open"):
            if token.type == "th_open":
                languages.append(LANGUAGES.get(following.content))
            language = languages[column]
            if language:
                token.attrSet("lang", language)
            column += 1


READER = _reader()
