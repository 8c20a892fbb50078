"""Make figures in a process of its own, which ends with the one that has started it.

The order is a line of JSON on standard input, which stays open for as long as the work is wanted;
a line of JSON comes back for every figure.
"""

from __future__ import annotations

import _thread
import contextlib
import importlib
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from figures.shelf import Shelf
from wganlab.alone import TakenError
from wganlab.writing import written

if TYPE_CHECKING:
    from figures.shelf import Due

GRACE = 1.5  # seconds that a run has to keep its last checkpoint


def main() -> None:
    """Do what is ordered."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=end_with_parent, daemon=True).start()
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what else is printed is a complaint
    # the sources are read before they are imported: what is edited from now on is not stamped
    places = Path(order["folder"]), order["profile"], order["data"]
    shelf = Shelf(*places, records=order["records"])
    for name in order["names"]:
        print(json.dumps(reported(name, shelf)), file=results, flush=True)


def end_with_parent() -> None:
    """Wait until the parent ends or hangs up; then do as on Ctrl-C, and end in any case."""
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
    _thread.interrupt_main()
    time.sleep(GRACE)
    os._exit(1)


def reported(name: str, shelf: Shelf) -> dict[str, Any]:
    """Make one figure, and tell how that went."""
    start = time.perf_counter()
    due, complaint = shelf.due(name), ""
    try:
        with shelf.alone(name):
            render(name, shelf, due)
    except TakenError as error:
        complaint = str(error)
    except Exception:
        complaint = traceback.format_exc()
    seconds = time.perf_counter() - start
    return {"name": name, "seconds": seconds, "complaint": complaint}


def render(name: str, shelf: Shelf, due: Due) -> None:
    """Compute, where that is due, draw and save one figure; a page of it too, if it has one."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from wganlab import plots

    (shelf.folder / f"{name}.json").unlink(missing_ok=True)  # from here on it is out of date
    start = time.perf_counter()
    script = importlib.import_module(f"figures.{name}")
    if due == "arrays":
        arrays = script.compute(shelf.profile)
        shelf.put_arrays(shelf.tree.owner(name), arrays, time.perf_counter() - start)
    arrays = shelf.arrays(name)
    with plots.style():
        plots.save(script.draw(arrays), shelf.folder / name)
    plt.close("all")
    files = [f"{name}.png", f"{name}.pdf"]
    if hasattr(script, "page"):
        files.append(f"{name}.html")
        with written(shelf.folder / files[-1], overwrite=True) as part:
            part.write_text(script.page(arrays), encoding="utf-8")
    shelf.put_stamp(name, files, time.perf_counter() - start)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
        sys.exit(0)
    os._exit(1)
