"""Regenerate the figures that are out of date, side by side: python -m figures --help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tyro
from tqdm import tqdm

from figures.catalog import FIGURES, PROFILES
from figures.render import ROOT
from wganlab.report import cores

# One thread a figure, many figures side by side.
ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Figures:
    """Regenerate the figures that are out of date into figures/out/ as PNG and PDF, some as pages
    too."""

    profile: str = "laptop"
    """quick (seconds), laptop, or paper (GPU settings); quick and paper have folders of their own
    inside figures/out/."""
    only: str = ""
    """Names of the figures to make, separated by commas; all by default."""
    jobs: int = 0
    """Figures made at once; 0 means one a core."""
    gallery: bool = False
    """Copy small PNGs into figures/gallery/, which README shows."""
    data: str = ""
    """Images for the figures of image runs in place of theirs, as folder:PATH or hub:NAME."""
    out: Path = ROOT / "figures" / "out"
    """Folder to write into; what image runs have come to is kept in runs/ there, and gone on
    with."""


def main(options: Figures) -> int:
    """Make what is out of date; 0 if all of it succeeded."""
    names = options.only.replace(",", " ").split() or list(FIGURES)
    for given, known in (([options.profile], PROFILES), (names, FIGURES)):
        for unknown in sorted(set(given) - set(known)):
            print(f"figures: {unknown!r} is none of {', '.join(known)}", file=sys.stderr)
            return 2
    if options.jobs < 0:
        print(f"figures: --jobs {options.jobs}: expected 0 (one a core) or more", file=sys.stderr)
        return 2
    folder = options.out / ("" if options.profile == "laptop" else options.profile)
    folder.mkdir(parents=True, exist_ok=True)

    start = time.perf_counter()
    stale = [
        name for name in FIGURES if name in names and not up_to_date(folder, name, options.data)
    ]
    failed = []
    bar = tqdm(total=len(stale), unit="figure", disable=None, leave=False)
    with ThreadPoolExecutor(options.jobs or cores()) as pool, bar, progress(bar, folder / "runs"):
        runs = {
            pool.submit(make, name, options.profile, folder, options.data): name for name in stale
        }
        for run in as_completed(runs):
            name, complaint = runs[run], run.result()
            if complaint:
                failed.append(name)
                line = f"{name:<18} FAILED\n{complaint}"
            else:
                line = f"{name:<18}{stamp(folder, name)['seconds']:6.1f} s  {shown(folder, name)}"
            tqdm.write(line)
            bar.update()
    if options.gallery:
        copy_to_gallery([name for name in names if name not in failed], folder)
    made = len(stale) - len(failed)
    print(
        f"{made} made, {len(names) - len(stale)} up to date, {len(failed)} failed"
        f"{': ' + ', '.join(failed) if failed else ''} in {time.perf_counter() - start:.1f} s"
        f" ({options.profile} profile)"
    )
    return 1 if failed else 0


def shown(folder: Path, name: str) -> str:
    """Path of the picture, from the project's root where it lies inside."""
    path = (folder / f"{name}.png").resolve()
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def stamp(folder: Path, name: str) -> dict:
    """What `figures.render` left beside the figure."""
    return json.loads((folder / f"{name}.json").read_text())


@contextmanager
def progress(bar: tqdm, runs: Path) -> Iterator[None]:
    """Show how far the runs in that folder are that are written to meanwhile."""
    done, began = threading.Event(), time.time()

    def look() -> None:
        while not done.wait(2):
            told = (how_far(path, began) for path in sorted(runs.glob("*/metrics.csv")))
            bar.set_postfix_str(", ".join(filter(None, told)))

    watcher = threading.Thread(target=look, daemon=True)
    if not bar.disable:
        watcher.start()
    yield
    done.set()


def how_far(metrics: Path, since: float = 0) -> str:
    """`NAME 300/1000` of a run that has moved since and is on its way; nothing of others."""
    try:
        last = metrics.read_text().splitlines()[-1].partition(",")[0]
        whole = json.loads((metrics.parent / "config.json").read_text())["iterations"]
        if float(last) >= whole or metrics.stat().st_mtime <= since:
            return ""
        return f"{metrics.parent.name[:-13]} {float(last):.0f}/{whole}"  # without the digest
    except (OSError, ValueError, LookupError):
        return ""


def up_to_date(folder: Path, name: str, data: str = "") -> bool:
    """Does the figure stand, made of those images, from its sources as they are now?"""
    try:
        made = stamp(folder, name)
        if made["data"] is not None and made["data"] != data:
            return False
        files = [folder / file for file in made["files"]]
        sources = {ROOT / source: modified for source, modified in made["sources"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # no proof of anything
        return False
    unchanged = (path.is_file() and path.stat().st_mtime_ns == t for path, t in sources.items())
    return all(file.is_file() for file in files) and all(unchanged)


def make(name: str, profile: str, folder: Path, data: str = "") -> str:
    """Run `figures.render` for one figure; returns what it complained of, or nothing."""
    (folder / f"{name}.json").unlink(missing_ok=True)  # from here on it is out of date
    result = subprocess.run(
        [sys.executable, "-m", "figures.render", name, profile, str(folder)],
        cwd=ROOT,
        env={
            **os.environ,
            **ENVIRONMENT,
            "FIGURES_RUNS": str((folder / "runs").resolve()),
            "FIGURES_DATA": data,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return result.stdout or "no message" if result.returncode else ""


def copy_to_gallery(names: list[str], folder: Path) -> None:
    """Small PNGs for README, 1,000 pixels wide."""
    from PIL import Image, ImageChops

    for name in names:
        with Image.open(folder / f"{name}.png") as image:
            size = (1000, round(image.height * 1000 / image.width))
            small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        grey = small.convert("L")
        if not ImageChops.difference(small, grey.convert("RGB")).getbbox():
            small = grey  # half the bytes
        elif stamp(folder, name)["data"] is not None:  # sheets of images would be heavy
            small = small.quantize(256)
        small.save(ROOT / "figures" / "gallery" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    raise SystemExit(main(tyro.cli(Figures, prog="python -m figures")))
