"""Sphinx's configuration: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]

import pages  # noqa: E402
import reference  # noqa: E402
from PIL import Image  # noqa: E402

import wganlab  # noqa: E402

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "wganlab"
author = "The wganlab developers"
release = wganlab.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser"]
exclude_patterns = ["_build"]
nitpicky = False  # names of NumPy and torch lead nowhere without a network

default_role = "py:obj"
add_module_names = False
autodoc_typehints = "none"  # the docstrings have shapes and units
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
myst_heading_anchors = 3
myst_url_schemes = ["http", "https", "mailto"]
suppress_warnings = ["config.cache"]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_title = f"wganlab {release}"
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "xcode"
pygments_dark_style = "github-dark"


def written(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add to a page what is made from the package, and lead its links to where they do here."""
    folder, _, name = docname.rpartition("/")
    for made_by in (pages, reference):
        app.env.note_dependency(str(made_by.__file__))
    if folder == "reference":
        source[0] += reference.page(reference.module_of(name))
        for path in (ROOT / "wganlab").rglob("*.py"):
            app.env.note_dependency(str(path))
    else:
        source[0] = pages.text(name, source[0], course="course" in app.tags)
        app.env.note_dependency(str(pages.SHOWN.get(name, HERE / f"{name}.md")))


def lighter(app: Sphinx, failed: Exception | None) -> None:
    """Pictures of 64 colors: two fifths of the bytes, and no difference to be seen."""
    for path in () if failed else sorted((Path(app.outdir) / "_images").glob("*.png")):
        with Image.open(path) as picture:
            if picture.mode != "P":
                picture.convert("RGB").quantize(64).save(path, optimize=True)


def setup(app: Sphinx) -> None:
    """Connect what the pages are made by."""
    app.connect("source-read", written)
    app.connect("autodoc-process-docstring", reference.as_text, priority=400)
    app.connect("missing-reference", reference.find)
    app.connect("build-finished", lighter)
