"""Make one figure in a process of its own: python -m figures.render NAME PROFILE FOLDER.

A figure that has a function `page` is a page NAME.html too. Beside these it leaves NAME.json: what
was made, and the files that it was made from and their times, so that `python -m figures` knows
when it is out of date.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def render(name: str, profile: str, folder: Path) -> None:
    """Compute, draw and save one figure."""
    import matplotlib

    matplotlib.use("agg")
    from wganlab import plots

    start = time.perf_counter()
    script = importlib.import_module(f"figures.{name}")
    arrays = script.compute(profile)
    with plots.style():
        plots.save(script.draw(arrays), folder / name)
    files = [f"{name}.png", f"{name}.pdf"]
    if hasattr(script, "page"):
        files.append(f"{name}.html")
        (folder / files[-1]).write_text(script.page(arrays), encoding="utf-8")
    of_images = "figures.image_runs" in sys.modules
    stamp = {
        "seconds": time.perf_counter() - start,
        "files": files,
        "sources": sources(),
        "data": os.environ.get("FIGURES_DATA", "") if of_images else None,
    }
    (folder / f"{name}.json").write_text(json.dumps(stamp, indent=1))


def sources() -> dict[str, int]:
    """Every file of this project that the process has used, with its modification time."""
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    # torch has modules whose files have a relative name and are nowhere
    paths = {Path(file).resolve() for file in files if file and Path(file).is_absolute()}
    paths = {path for path in paths if path.is_relative_to(ROOT) and ".venv" not in path.parts}
    paths |= {ROOT / "constraints.txt", ROOT / "wganlab" / "wganlab.mplstyle"}
    if "wganlab.data.image_sources" in sys.modules:
        paths |= set((ROOT / "wganlab" / "data" / "archives").glob("*.npz"))
    if "wganlab.player" in sys.modules:
        paths.add(ROOT / "wganlab" / "player.html")
    return {str(path.relative_to(ROOT)): path.stat().st_mtime_ns for path in sorted(paths)}


if __name__ == "__main__":
    render(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
