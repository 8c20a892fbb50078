"""Rebuild the notebooks from their percent-format twins, and execute them.

`python notebooks/build.py [NAME ...]`; by default every lesson and its solutions. Edit the .py,
never the .ipynb. A cell with the metadata `quick={"steps": 100}` sets full sizes; tests run the
notebook with these values instead.
"""

from __future__ import annotations

import base64
import io
import sys
import time
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from PIL import Image
from tqdm import tqdm

FOLDER = Path(__file__).resolve().parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"


def lessons() -> list[Path]:
    """The lessons' twins, in the order of the course."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def solutions() -> list[Path]:
    """The twins of the solutions, in the order of the course."""
    return sorted((FOLDER / "solutions").glob("[0-9][0-9]_*.py"))


def unexecuted(twin: Path) -> Any:
    """The notebook that a twin describes, with cell ids that do not change from run to run."""
    notebook = jupytext.read(twin)
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def executed(twin: Path, *, quick: bool = False) -> Any:
    """The same with outputs, run in a fresh kernel in its own folder, with small sizes if quick."""
    notebook = unexecuted(twin)
    sources = [cell.source for cell in notebook.cells]
    if quick:
        for cell in notebook.cells:
            for name, value in cell.metadata.get("quick", {}).items():
                cell.source += f"\n{name} = {value!r}"
    NotebookClient(
        notebook,
        timeout=900,
        resources={"metadata": {"path": str(twin.parent)}},
        extra_arguments=["--log-level=ERROR"],  # the kernel's own notices are no output
        record_timing=False,
        coalesce_streams=True,  # what a cell prints is one output, however often it was flushed
    ).execute()
    notebook.metadata = nbformat.from_dict(METADATA)  # without the kernel's version and widgets
    for cell, source in zip(notebook.cells, sources, strict=True):
        cell.source = source
        if cell.cell_type == "code":
            cell.outputs = [_kept(output) for output in cell.outputs if not _is_widget(output)]
    return notebook


def _is_widget(output: Any) -> bool:
    """A control is dead without its kernel, and shows a reader nothing."""
    return WIDGET in output.get("data", {})


def _kept(output: Any) -> Any:
    """The output with its picture in 256 colors, which is less than half as large."""
    data = output.get("data", {})
    if "image/png" in data:
        picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
        file = io.BytesIO()
        picture.quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        data["image/png"] = base64.b64encode(file.getvalue()).decode()
    return output


def main(names: list[str]) -> None:
    """Write the .ipynb beside each twin, and say how long its cells took."""
    twins = [twin for twin in (*lessons(), *solutions()) if not names or twin.stem in names]
    if not twins:
        known = ", ".join(twin.stem for twin in lessons())
        raise SystemExit(f"no lesson is named {' or '.join(names)}; there are {known}")
    for twin in tqdm(twins, disable=None):
        start = time.perf_counter()
        nbformat.write(executed(twin), twin.with_suffix(".ipynb"))
        seconds = time.perf_counter() - start
        tqdm.write(f"{twin.relative_to(FOLDER).with_suffix('')!s:<40} {seconds:6.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
