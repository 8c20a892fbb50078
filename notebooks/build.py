"""Rebuild the notebooks from their percent-format twins, and execute them.

`python notebooks/build.py [NAME ...]`; all by default. Edit the .py, never the .ipynb.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from tqdm import tqdm

FOLDER = Path(__file__).resolve().parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def lessons() -> list[Path]:
    """The twins, in the order of the course."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def unexecuted(twin: Path) -> Any:
    """The notebook that a twin describes, with cell ids that do not change from run to run."""
    notebook = jupytext.read(twin)
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def executed(twin: Path) -> Any:
    """The same with outputs, run in a fresh kernel in the folder of the notebooks."""
    notebook = unexecuted(twin)
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=600, resources=resources, record_timing=False).execute()
    notebook.metadata = nbformat.from_dict(METADATA)  # without the kernel's version
    return notebook


def main(names: list[str]) -> None:
    """Write the .ipynb beside each twin."""
    twins = [twin for twin in lessons() if not names or twin.stem in names]
    for twin in tqdm(twins, disable=None):
        start = time.perf_counter()
        nbformat.write(executed(twin), twin.with_suffix(".ipynb"))
        tqdm.write(f"{twin.stem:<24} {time.perf_counter() - start:6.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
