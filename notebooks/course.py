"""Render the course to a static site that opens from disk, without a network or a kernel.

`python notebooks/course.py [FOLDER] [--students]`; by default into `site/`, with the solutions in a
part for teachers, which `--students` leaves out. The notebooks are shown as they are kept; nothing
of them is executed. Links between sources become links between pages, and what else of the
repository they lead to is copied. A link that leads nowhere, a formula that is none, or a picture
without a description is an error. Equal input, equal bytes.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import build
import played
from markupsafe import Markup
from pages import READER, TEMPLATES, THEME, CourseError, Page, read
from pygments.formatters import HtmlFormatter

HERE = build.FOLDER
ROOT = HERE.parent
PALETTES = {"light": "xcode", "dark": "github-dark"}
SCREENS = {"light": "all", "dark": "screen and (prefers-color-scheme: dark)"}


def sources(*, students: bool) -> list[tuple[Path, str]]:
    """What is rendered, in the order of reading, and to which address."""
    named = [(twin.with_suffix(".ipynb"), f"{twin.stem}.html") for twin in build.lessons()]
    named += [(HERE / f"{name}.md", f"{name}.html") for name in ("EXERCISES", "GLOSSARY")]
    if (HERE / "INSTRUCTORS.md").exists() and not students:
        solutions = [twin.with_suffix(".ipynb") for twin in build.solutions()]
        files = [HERE / "INSTRUCTORS.md", *solutions, HERE / "solutions" / "EXERCISES.md"]
        named += [(file, f"teachers/{file.stem}.html") for file in files]
    return [(file, address) for file, address in named if file.exists()]


def resolve(page: Page, pages: Sequence[Page], folder: Path) -> Iterator[str]:
    """Make a page's links lead to where they do in the site; yields what is wrong with it."""
    for token in page.all_tokens():
        if token.type == "text" and "$" in token.content:
            yield f"{page.name}: a $ that belongs to no formula: {token.content}"
        if token.meta.get("unasked"):
            yield (
                f"{page.name}: the line {token.meta['unasked']!r} begins a list amid a "
                "paragraph: break the line elsewhere, or leave one empty before the list"
            )
        if token.type == "image" and not token.content:
            yield f"{page.name}: the picture {token.attrs['src']} has no description"
        name = {"link_open": "href", "image": "src"}.get(token.type, "")
        href = str(token.attrs.get(name, ""))
        if name and not re.match(r"(https?|mailto):", href):
            try:
                token.attrSet(name, _address(page, href, pages, folder))
            except CourseError as problem:
                yield f"{page.name}: the link {href} {problem}"


def _address(page: Page, href: str, pages: Sequence[Page], folder: Path) -> str:
    """Where a link of a source leads in the site."""
    path, _, place = unquote(href).partition("#")
    file = (page.source.parent / path).resolve() if path else page.source
    target = next((other for other in pages if other.source == file), None)
    if target is None:
        return quote(relative(_copied(file, folder), page))
    if target.for_teachers and not page.for_teachers:
        raise CourseError("leads to what is for teachers")
    if place and place not in {heading.id for heading in target.headings}:
        raise CourseError(f"leads to no heading of {target.source.name}")
    return ("" if target is page else relative(target.address, page)) + (place and f"#{place}")


def _copied(file: Path, folder: Path) -> str:
    """The address of a copy of another file of the repository."""
    if not (file.is_relative_to(ROOT) and file.is_file()):
        raise CourseError("leads to no file of the repository")
    if file.is_relative_to(HERE / "solutions") or file.name == "INSTRUCTORS.md":
        raise CourseError("leads to what is for teachers, and not in this site")
    address = f"files/{file.relative_to(ROOT).as_posix()}"
    (folder / address).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / address)
    return address


def relative(address: str, page: Page) -> str:
    """An address of the site as seen from a page."""
    return os.path.relpath(address, Path(page.address).parent).replace(os.sep, "/")


def summary(lesson: Page) -> dict[str, Markup]:
    """How a lesson begins, what it teaches and how long it takes, in its own words."""
    bold = {
        token.content.split("**")[1]: k
        for k, token in enumerate(lesson.tokens)
        if token.type == "inline" and token.content.startswith("**")
    }
    learn, time = bold["You will learn"], lesson.tokens[bold["Time."]].content
    kinds = [(token.type, token.level) for token in lesson.tokens]
    end = kinds.index(("ordered_list_close", 0), learn) + 1
    told = re.match(r"\*\*Time\.\*\*\s+(.+?\.)(?:\s|$)", time, flags=re.DOTALL)
    return {
        "lead": lesson.html(3, learn - 1),
        "learn": lesson.html(learn + 2, end),
        "time": Markup(READER.renderInline(told[1] if told else time)),
    }


def style() -> str:
    """The style sheet, with the font of the formulas and the colors of code in it."""
    font = base64.b64encode((THEME / "STIXTwoMath.woff2").read_bytes()).decode()
    colors = [
        f"@media {SCREENS[name]} {{\n{_colors(palette)}\n}}" for name, palette in PALETTES.items()
    ]
    text = (THEME / "style.css").read_text(encoding="utf-8")
    return text.replace("STIXTwoMath.woff2", f"data:font/woff2;base64,{font}") + "\n".join(colors)


def _colors(palette: str) -> str:
    rules = HtmlFormatter(style=palette).get_style_defs(".code").splitlines()
    return "\n".join(rule for rule in rules if re.match(r"\.code \.\w+ ", rule))


def make(
    folder: Path, *, students: bool = False, iterations: int = 600, docs: Path | None = None
) -> list[Page]:
    """Write the site into an empty folder, with players whose runs are this long.

    The documentation, where it has been built, goes along into the folder `docs`.

    Raises
    ------
    CourseError
        With all that is wrong in the sources, a line each.
    """
    pages = [read(file, address) for file, address in sources(students=students)]
    problems = [problem for page in pages for problem in resolve(page, pages, folder)]
    if problems:
        raise CourseError("\n".join(problems))
    lessons = [page for page in pages if page.source.stem[0].isdigit() and not page.for_teachers]
    shared = {
        "players": played.players(iterations),
        "others": [page for page in pages if page not in lessons and not page.for_teachers],
        "docs": docs is not None,
        "teachers": next((page for page in pages if page.source.stem == "INSTRUCTORS"), None),
    }
    for page in pages:
        row = lessons if page in lessons else [page for page in pages if page.for_teachers]
        _write(folder / page.address, "page.html", **_surroundings(page, row), **shared)
    index = Page(ROOT, "index.html", [], [], [])
    _write(
        folder / index.address,
        "index.html",
        page=index,
        link=lambda address: relative(address, index),
        lessons=[(page, summary(page)) for page in lessons],
        **shared,
    )
    for one in shared["players"]:
        home = '<p><a href="../index.html#players">← The course</a></p>\n<h1 id="title">'
        (folder / "players").mkdir(exist_ok=True)
        text = one.html.replace('<h1 id="title">', home, 1)
        (folder / "players" / f"{one.name}.html").write_text(text, encoding="utf-8")
    if docs is not None:
        shutil.copytree(docs, folder / "docs")
        for picture in (folder / "docs" / "_images").glob("*.png"):  # lighter than as it was copied
            twin = folder / "files" / "figures" / "gallery" / picture.name
            if twin.exists():
                shutil.copyfile(picture, twin)
    (folder / "theme").mkdir(exist_ok=True)
    (folder / "theme" / "style.css").write_text(style(), encoding="utf-8")
    for name in ("script.js", "NOTICE.md"):
        shutil.copyfile(THEME / name, folder / "theme" / name)
    return pages


def _surroundings(page: Page, row: Sequence[Page]) -> dict[str, Any]:
    """What a page's template needs: where it stands in its row."""
    k = row.index(page) if page in row else None
    places = (i for i, token in enumerate(page.tokens) if token.attrs.get("id") == "exercises")
    half = next(places, len(page.tokens))  # players stand before the exercises
    return {
        "page": page,
        "row": row,
        "link": lambda address: relative(address, page),
        "number": page.source.stem[:2],
        "halves": (page.html(0, half), page.html(half)),
        "previous": row[k - 1] if k else None,
        "next": row[k + 1] if k is not None and k + 1 < len(row) else None,
    }


def _write(path: Path, template: str, **told: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEMPLATES.get_template(template).render(**told), encoding="utf-8")


def main() -> None:
    """Make the site anew, and say where it is."""
    parser = argparse.ArgumentParser(description="Render the course to a static site.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "site")
    parser.add_argument("--students", action="store_true", help="without what is for teachers")
    parser.add_argument("--docs", type=Path, help="the documentation as built, to go along")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    if folder.exists() and not (folder / "theme" / "style.css").exists():
        raise SystemExit(f"{folder} is there already, and is no site of the course: name another")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as new:
        made = Path(new) / "site"
        try:
            pages = make(made, students=asked.students, docs=asked.docs)
        except CourseError as problems:
            raise SystemExit(str(problems)) from None
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)
    print(f"{len(pages) + 1} pages: open {folder / 'index.html'}")


if __name__ == "__main__":
    main()
