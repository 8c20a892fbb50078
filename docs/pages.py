"""What the pages show beside their own text: other files, pictures, options, and links between all.

The sources are to be read on a code host too, so their links lead to files of the repository; where
a file has a page here its links lead to that.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
from pathlib import Path

from figures.catalog import FIGURES
from wganlab import cli

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
GALLERY = ROOT / "figures" / "gallery"
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
# pages that are another file of the repository
SHOWN = {
    "benchmarks": ROOT / "benchmarks" / "README.md",
    "changelog": ROOT / "CHANGELOG.md",
    "contributing": ROOT / "CONTRIBUTING.md",
}
PAGES = {file: f"{name}.md" for name, file in SHOWN.items()} | {ROOT / "README.md": "index.md"}
WIDTH = "92"  # columns of what commands print


def text(name: str, own: str, *, course: bool = False) -> str:
    """The whole source of a page whose own source is `own`, with its links leading to pages.

    In the site of the course, `course`, links to lessons lead to their pages.
    """
    file = SHOWN.get(name, HERE / f"{name}.md")
    whole = {"figures": gallery, "command-line": options, "course": lessons}.get(name, str)()
    told = SHOWN[name].read_text(encoding="utf-8") if name in SHOWN else own
    if course and name == "index":
        told += '\n<a href="../index.html">To the course</a>\n'
    return LINK.sub(lambda found: led(found, file, course=course), told + whole)


def led(found: re.Match[str], file: Path, *, course: bool) -> str:
    """A link of a file, as it leads from its page; one that leads nowhere is left to Sphinx."""
    picture, words, path, place = found.groups()
    target, place = (file.parent / path).resolve(), place or ""
    if target in PAGES:
        return f"[{words}]({PAGES[target]}{place if target.name != 'README.md' else ''})"
    if target.parent == GALLERY and not picture and target.stem in FIGURES:
        return f"[{words}](figures.md#{target.stem})"
    if course and target.parent == ROOT / "notebooks":
        return f'<a href="../{target.stem}.html">{words}</a>'
    if target.is_file():
        kind = "" if picture or target.is_relative_to(HERE) else "path:"
        return f"{picture}[{words}]({kind}{os.path.relpath(target, HERE)}{place})"
    return found[0]


def gallery() -> str:
    """Every figure with its picture and what its script says."""
    parts = ["", "## Pictures", ""]
    for name in FIGURES:
        told = ast.get_docstring(ast.parse((ROOT / "figures" / f"{name}.py").read_text("utf-8")))
        first = str(told).split("\n\n")[0].replace("\n", " ")
        parts += [f"### {name}", "", f"![{escaped(first)}](../figures/gallery/{name}.png)", ""]
        parts += [escaped(str(told)), ""]
    return "\n".join(parts)


def escaped(told: str) -> str:
    """Plain text as Markdown that shows it; what stands in backticks is code."""
    return re.sub(r"(`[^`]+`)|([\\*_<\[\]|#])", lambda f: f[1] or f"\\{f[2]}", told)


def options() -> str:
    """What `--help` prints, of every command."""
    parts = ["", "## All options", ""]
    for command in cli._KINDS:
        parts += [f"### {command} --help", "", "```text", helped(command), "```", ""]
    return "\n".join(parts)


def helped(command: str) -> str:
    """The help of a command, as in a terminal of WIDTH columns."""
    before, printed = os.environ.get("COLUMNS"), io.StringIO()
    os.environ["COLUMNS"] = WIDTH
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            cli.main([command, "--help"])
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return printed.getvalue().strip()


def lessons() -> str:
    """The table of lessons, which README has."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\| lesson \|(.+\n)+", readme, flags=re.MULTILINE)
    assert table is not None
    return "\n## Lessons\n\n" + table[0].replace("](notebooks/", "](../notebooks/")
