"""The pages of the API reference, written from the package: nothing in them is typed by hand.

A page `reference/WING.rst` has two lines; what follows is added when it is read. Public names
stand under the module that defines them, with its docstring; the modules that have none are listed
at the end. Docstrings are plain text in which only backticks, doctests and NumPy's sections mean
something: `plain` keeps all else from being taken for markup.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.pycode import ModuleAnalyzer

import wganlab

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

PACKAGE = Path(wganlab.__file__).parent
MARKUP = re.compile(r"(`[^`]+`)|([*|\\])|(?<=\w)_(?!\w)")


def module_of(page: str) -> str:
    """The module whose names a page has."""
    return "wganlab.exact.known" if page == "known" else f"wganlab.{page}"


def public(package: str) -> dict[str, str]:
    """The names of `__all__`, or those of a module, each with the module that defines it."""
    module = importlib.import_module(package)
    source = Path(str(module.__file__))
    own = [name for name, thing in vars(module).items() if _is_own(name, thing, package)]
    homes = dict.fromkeys(getattr(module, "__all__", own), package)
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and source.name == "__init__.py":
            homes |= {a.name: str(node.module) for a in node.names if a.name in homes}
    return homes


def _is_own(name: str, thing: Any, module: str) -> bool:
    """Is this a function or a class that a module without `__all__` defines for others?"""
    return not name.startswith("_") and getattr(thing, "__module__", None) == module


def page(package: str) -> str:
    """What is added to the page of a package."""
    homes = public(package)
    defining = sorted(set(homes.values()), key=lambda home: (home != package, home))
    parts = []
    for home in defining:
        if home == package:
            parts += ["", f".. automodule:: {home}", "   :no-index:", ""]
        else:
            parts += ["", _path(home), "-" * len(_path(home)), "", f".. automodule:: {home}"]
            # a function of that name is what is looked for
            parts += ["   :no-index:" if home.split(".")[-1] in homes else "", ""]
        names = sorted((name for name, of in homes.items() if of == home), key=str.swapcase)
        for name in names:
            parts += ["", f".. currentmodule:: {package}", "", *_entry(package, name, home)]
    rest = [name for name in _modules(package) if name not in defining]
    if rest:
        parts += ["", "Behind the door", "---------------", ""]
        parts += [f"- ``{_path(name)}``: {plain(_first_line(name))}" for name in rest]
    return "\n".join(parts) + "\n"


def _entry(package: str, name: str, home: str) -> list[str]:
    thing = getattr(importlib.import_module(package), name)
    if isinstance(thing, type):
        bases = ["   :show-inheritance:"] if thing.__bases__ != (object,) else []
        return [f".. autoclass:: {package}.{name}", "   :members:", *bases]
    if callable(thing):
        return [f".. autofunction:: {package}.{name}"]
    if type(thing).__name__ == "module":
        return [f"The module ``{name}``: :doc:`{name}`."]
    told = ModuleAnalyzer.for_module(home).find_attr_docs().get(("", name), [])
    keys = ", ".join(f'``"{key}"``' for key in thing) if isinstance(thing, dict) else ""
    text = [*(plain(line) for line in told), "", f"Keys: {keys}." if keys else ""]
    return [f".. py:data:: {name}", "", *(f"   {line}" for line in text)]


def _modules(package: str) -> Iterator[str]:
    """All modules of a package, but those that have a page of their own."""
    folder = PACKAGE.joinpath(*package.split(".")[1:])
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(["wganlab", *parts]).removesuffix(".__init__")
        other = "wganlab.exact.known"
        if path.name != "__init__.py" and (package == other or not name.startswith(other)):
            yield name


def _path(module: str) -> str:
    """`exact/transport`: how a module is found."""
    return "/".join(module.split(".")[1:])


def _first_line(module: str) -> str:
    path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return (told or "").split("\n\n")[0].replace("\n", " ")


def plain(line: str) -> str:
    """A line in which nothing but backticks is markup; an attribute, `.emd`, is of no one class."""

    def told(found: re.Match[str]) -> str:
        if found[1] is None:
            return f"\\{found[0]}"
        return f"`{found[1]}`" if found[1].startswith("`.") else found[1]

    return MARKUP.sub(told, line)


def as_text(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Make a docstring, before NumPy's sections are read, into text that means what it shows."""
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()  # Python's own words for the fields of a named tuple
    told: list[str] = []
    section = code = doctest = False
    for k, line in enumerate(lines):
        underlined = k + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[k + 1])
        section = section or bool(underlined)
        doctest = line.lstrip().startswith(">>>") or (doctest and bool(line.strip()))
        indented = line.startswith("    ") and not section
        if indented and not code and not doctest:
            told += [".. code-block:: text", ""]
        code = indented or (code and not line.strip())
        if line.startswith("|"):
            told += _row(line, first=not (k and lines[k - 1].startswith("|")))
        else:
            told.append(line if code or doctest or underlined else plain(line))
    lines[:] = told


def _row(line: str, *, first: bool) -> list[str]:
    """A row of a Markdown table, as one of a list-table."""
    head = [".. list-table::", "   :header-rows: 1", ""] if first else []
    if set(line) <= set("|-: "):
        return []
    cells = [plain(cell.strip()) for cell in line.strip("|").split("|")]
    return [*head, *(f"   {'*' if k == 0 else ' '} - {cell}" for k, cell in enumerate(cells))]


def find(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Lead `emd` in a docstring to `wganlab.exact.emd`, where the page's package has one."""
    if node.get("refdomain") != "py":
        return None
    domain, target = env.domains["py"], node["reftarget"]
    for start in (f"{module_of(node['refdoc'].split('/')[-1])}.", "wganlab.", ""):
        entry = domain.data["objects"].get(start + target)
        if entry is not None:
            from sphinx.util.nodes import make_refnode

            place = start + target
            return make_refnode(
                app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, place
            )
    return None
