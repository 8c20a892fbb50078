"""Regenerate the figures that are out of date, side by side: python -m figures --help."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from figures.catalog import FIGURES, LONG, PROFILES, RECORDED, RECORDS
from figures.provenance import ROOT
from figures.shelf import Due, Shelf
from figures.workers import side_by_side
from wganlab.report import cores


@dataclass(frozen=True)
class Figures:
    """Regenerate the figures that are out of date into figures/out/ as PNG and PDF, some as pages
    too.

    `python -m figures record` keeps finished runs of the profile long as records, and
    `python -m figures verify` holds records against what their first iterations are now.
    """

    profile: str = "laptop"
    """quick (seconds), laptop, long (hours, of the figures of image runs alone), or paper (GPU
    settings); all but laptop have folders of their own inside figures/out/."""
    records: bool = False
    """Draw figures of the profile long in seconds, from the records of their runs in
    figures/records/runs/, and train nothing."""
    only: str = ""
    """Names of the figures to make, separated by commas; all by default."""
    jobs: int = 0
    """Figures made at once; 0 means one a core."""
    gallery: bool = False
    """Copy small PNGs into figures/gallery/, which README shows; with the laptop profile, figures
    that have long runs are drawn from the records of these instead."""
    data: str = ""
    """Images for the figures of image runs in place of theirs, as folder:PATH or hub:NAME."""
    out: Path = ROOT / "figures" / "out"
    """Folder to write into. What was computed is kept there, NAME.npz, so that a change of what is
    drawn draws it again; image runs are kept in runs/, and gone on with."""


@dataclass(frozen=True)
class Round:
    """Figures that are made at one profile."""

    names: list[str]
    profile: str
    records: bool = False
    """Are their runs read from records?"""


def main(options: Figures) -> int:
    """Make what is out of date; 0 if all of it succeeded."""
    names = options.only.replace(",", " ").split() or list(FIGURES)
    if complaint := refused(options, names):
        print(f"figures: {complaint}", file=sys.stderr)
        return 2
    return max([made(one, options) for one in rounds(options, names)], default=0)


def refused(options: Figures, names: list[str]) -> str:
    """What is wrong with them; nothing where they are fine."""
    for given, known in (([options.profile], PROFILES), (names, FIGURES)):
        for unknown in sorted(set(given) - set(known)):
            return f"{unknown!r} is none of {', '.join(known)}"
    if options.jobs < 0:
        return f"--jobs {options.jobs}: expected 0 (one a core) or more"
    if options.records and (options.profile != "long" or options.data):
        return "--records: expected --profile long, and no --data: records are of images of theirs"
    long = RECORDED if options.records else LONG
    short = [name for name in names if name not in long]
    if options.profile == "long" and ((options.only and short) or not long):
        told = f"only {', '.join(long)}" if long else "no figure"
        what = "records of its runs" if options.records else "long runs"
        return f"--profile long: {told} has {what}; the laptop profile makes the others"
    return ""


def rounds(options: Figures, names: list[str]) -> list[Round]:
    """The figures in their order, by profile."""
    some = [name for name in FIGURES if name in names]
    if options.profile == "long":
        long = RECORDED if options.records else LONG
        return [Round([name for name in some if name in long], "long", options.records)]
    if options.profile != "laptop" or not options.gallery or options.data:
        return [Round(some, options.profile)]
    short = [name for name in some if name not in LONG]
    trained = [name for name in some if name in LONG and name not in RECORDED]
    kept = [name for name in some if name in RECORDED]
    parts = Round(short, "laptop"), Round(trained, "long"), Round(kept, "long", True)
    return [one for one in parts if one.names]


def made(one: Round, options: Figures) -> int:
    """Make those of one profile that are out of date, and tell; 0 if all of it succeeded."""
    folder = options.out / ("" if one.profile == "laptop" else one.profile)
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    shelf = Shelf(folder, one.profile, options.data, records=str(RECORDS) if one.records else "")
    results = make(one.names, shelf, options.jobs or cores())
    failed = [result["name"] for result in results if result["complaint"]]
    if options.gallery:
        copy_to_gallery([name for name in one.names if name not in failed], shelf)
    good = [result["due"] for result in results if not result["complaint"]]
    new, redrawn = good.count("arrays"), good.count("picture")
    print(
        f"{new} made, {f'{redrawn} redrawn, ' if redrawn else ''}"
        f"{len(one.names) - len(results)} up to date, "
        f"{len(failed)} failed{': ' + ', '.join(failed) if failed else ''} "
        f"in {time.perf_counter() - start:.1f} s ({one.profile} profile"
        f"{', from records' if one.records else ''})"
    )
    return 1 if failed else 0


def make(names: list[str], shelf: Shelf, at_once: int) -> list[dict[str, Any]]:
    """Make what is out of date, saying so line by line; what became of it."""
    stale = {name: due for name in names if (due := shelf.due(name))}
    results = []
    runs = shelf.folder.resolve() / "runs"
    environment = {"FIGURES_RUNS": str(runs), "FIGURES_DATA": shelf.data}
    environment["FIGURES_RECORDS"] = shelf.records
    bar = tqdm(total=len(stale), unit="figure", disable=None, leave=False)
    workers = side_by_side(ordered(stale, shelf, at_once), at_once, environment)
    with closing(workers), bar, progress(bar, runs):
        for result in workers:
            results.append(result | {"due": stale[result["name"]]})
            tqdm.write(line(results[-1], shelf.folder))
            bar.update()
    return results


def ordered(stale: Mapping[str, Due], shelf: Shelf, at_once: int) -> list[dict[str, Any]]:
    """A process for all figures of the same arrays; those that are drawn alone share a few."""
    drawn = [name for name, due in stale.items() if due == "picture"]
    shares = [drawn[first::at_once] for first in range(at_once)]
    computed: dict[str, list[str]] = {}
    for name, due in stale.items():
        if due == "arrays":
            computed.setdefault(shelf.tree.owner(name), []).append(name)
    common = {"folder": str(shelf.folder.resolve()), "profile": shelf.profile, "data": shelf.data}
    common["records"] = shelf.records
    return [{"names": share, **common} for share in [*shares, *computed.values()] if share]


def line(result: dict[str, Any], folder: Path) -> str:
    """What is printed of a figure."""
    if result["complaint"]:
        return f"{result['name']:<18} FAILED\n{result['complaint']}"
    path = (folder / f"{result['name']}.png").resolve()
    told = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    redrawn = "  redrawn" if result["due"] == "picture" else ""
    return f"{result['name']:<18}{result['seconds']:6.1f} s  {told}{redrawn}"


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
    try:
        yield
    finally:
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


def copy_to_gallery(names: list[str], shelf: Shelf) -> None:
    """Small PNGs for README, 1,000 pixels wide."""
    from PIL import Image, ImageChops

    for name in names:
        with Image.open(shelf.folder / f"{name}.png") as image:
            size = (1000, round(image.height * 1000 / image.width))
            small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        grey = small.convert("L")
        if not ImageChops.difference(small, grey.convert("RGB")).getbbox():
            small = grey  # half the bytes
        elif shelf.of_images(name):  # sheets of images would be heavy
            small = small.quantize(256)
        small.save(ROOT / "figures" / "gallery" / f"{name}.png", optimize=True)
