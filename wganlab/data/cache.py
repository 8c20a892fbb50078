"""Images decoded once: a memory-mapped cache that is there whole or not at all.

An entry is a folder of three files: `images.npy`, uint8 of shape (n, size, size, channels);
`labels.npy`; `about.json`. It is built beside its place and renamed into it, so that a build that
is interrupted leaves nothing half made; of two processes one builds and the other waits. Its name
is a hash of all that the images depend on; what has changed gets another entry.

The entries lie in the folder that the environment variable WGANLAB_CACHE names, else in
$XDG_CACHE_HOME/wganlab, else in ~/.cache/wganlab. Any of them may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from wganlab.data.levels import Kind, Levels, darkness, levels
from wganlab.data.pixels import GREY_MODES, Encoded, decode, look, mode_and_side
from wganlab.writing import in_turn, why

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERSION = 2  # of what is made of an encoded image: another number makes other keys
BLOCK_BYTES = 64 * 2**20
FILES = {"images.npy", "labels.npy", "about.json"}
ABOUT = {"label_names", "notes", "of", "skipped", "examples"}
STALE = 24 * 3600.0  # seconds after which a build that nobody goes on with is swept away


@dataclass(frozen=True)
class Entry:
    """What a cache entry holds; `about` tells `label_names`, `notes`, and what was `skipped`."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    about: dict[str, Any]


@dataclass(frozen=True)
class Source:
    """Encoded images, read block by block, and what belongs to them."""

    read: Callable[[int, int], Sequence[Encoded]]
    """The images start ... stop - 1."""
    name: Callable[[int], str]
    """What an image is called where it cannot be read."""
    labels: NDArray[np.int64]
    """Shape (n,)."""
    label_names: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    """What else the entry should remember."""


def folder() -> Path:
    """Where the entries are."""
    if os.environ.get("WGANLAB_CACHE"):
        return Path(os.environ["WGANLAB_CACHE"]).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wganlab"


def key(*parts: Any) -> str:
    """The name of the entry that depends on `parts`, which JSON can hold."""
    text = json.dumps([VERSION, *parts])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def find(key: str) -> Entry | None:
    """The entry, its images memory-mapped and read-only; None if there is none that is whole."""
    place = folder() / key
    try:
        about = json.loads((place / "about.json").read_text(encoding="utf-8"))
        images = np.load(place / "images.npy", mmap_mode="r", allow_pickle=False)
        labels = np.load(place / "labels.npy", allow_pickle=False)
        whole = len(images) == len(labels) and images.ndim == 4 and set(about) >= ABOUT
    except (OSError, ValueError, EOFError, TypeError):  # damaged or empty
        return None
    return Entry(images, labels, about) if whole else None


def build(
    key: str, source: Source, size: int | None, color: str, *, limit: int, progress: bool | None
) -> Entry:
    """Decode a source into its entry; no size is the first image's, but at most `limit`.

    Raises
    ------
    ValueError
        If not one image can be read.
    OSError
        If the cache cannot be written, or the disk has not enough room.
    """
    size, channels = _shape(source, size, color, limit)
    place = folder() / key
    _check_room(place.parent, len(source.labels) * size * size * channels)
    waiting = f"another process decodes the same images into {place}: waiting for it"
    with _explained(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place.parent)
        part = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=place.parent))
        try:
            with in_turn(place.with_name(f".{key}.lock"), waiting):
                if find(key) is None:
                    _fill(part, source, size, channels, progress)
                    _remove(place)  # damaged, if it is there
                    part.rename(place)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    entry = find(key)
    if entry is None:
        raise OSError(f"the cache entry {place} went away while it was opened: load it again")
    return entry


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    """Errors of the system say where the cache is, and how to have it elsewhere."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"the image cache cannot be written in {place} ({why(error)}): set the environment "
            "variable WGANLAB_CACHE to a folder of yours"
        ) from error


def _shape(source: Source, size: int | None, color: str, limit: int) -> tuple[int, int]:
    """Side and channels. "auto" is grey where every image whose header can be read is grey."""
    if size is not None and color != "auto":
        return size, 1 if color == "grey" else 3
    grey = True
    for encoded in _all(source, 256):
        header = mode_and_side(encoded)
        if header is None:
            continue
        mode, side = header
        size = size or min(side, limit)
        grey = mode in GREY_MODES
        if not grey or color != "auto":  # the first color image settles it
            break
    return size or limit, 1 if color == "grey" or (color == "auto" and grey) else 3


def _all(source: Source, block: int) -> Iterator[Encoded]:
    for start in range(0, len(source.labels), block):
        yield from source.read(start, min(start + block, len(source.labels)))


def _fill(part: Path, source: Source, size: int, channels: int, progress: bool | None) -> None:
    """Write the three files of an entry."""
    n = len(source.labels)
    kept = np.ones(n, bool)
    examples: list[str] = []
    largest = 0
    found, notes = _survey(source)
    with (part / "images.npy").open("wb") as file:
        _write_header(file, (n, size, size, channels))
        for row, square in enumerate(_decoded(source, size, channels, found, progress)):
            if isinstance(square, str):
                kept[row] = False
                if len(examples) < 3:
                    examples.append(f"{source.name(row)} ({square})")
            else:
                file.write(square.tobytes())
                largest = max(largest, int(square.max()))
        if not kept.any():
            told = f", such as {examples[0]}" if examples else ""
            raise ValueError(f"not one of {n:,} images could be read{told}")
        file.seek(0)
        _write_header(file, (int(kept.sum()), size, size, channels))
        file.flush()
        os.fsync(file.fileno())
    np.save(part / "labels.npy", source.labels[kept])
    skipped = {"of": n, "skipped": int(n - kept.sum()), "examples": examples}
    notes += darkness(largest)
    about = {"label_names": source.label_names, "notes": notes, **skipped, **source.facts}
    (part / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _survey(source: Source) -> tuple[dict[Kind, Levels], list[str]]:
    """Black and white of the whole set, and what is to be said of it."""
    ranges, several, example = [], 0, ""
    n = len(source.labels)
    with ThreadPoolExecutor(_cores()) as pool:
        for start in range(0, n, 256):  # a pool takes all that it is given at once
            seen = pool.map(look, source.read(start, min(start + 256, n)))
            for row, one in enumerate(seen, start):
                if one.levels is not None:
                    ranges.append(one.levels)
                if one.frames:
                    several += 1
                    example = example or source.name(row)
    found = levels(ranges)
    notes = [taken.note for taken in found.values() if taken.note]
    if several:
        notes.append(
            f"{several:,} of {n:,} images have several frames or pages, such as "
            f"{example}: the first is taken"
        )
    return found, notes


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    # NumPy leaves room for any number of rows, so that the true number fits in afterwards
    described = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, described)


def _decoded(
    source: Source,
    size: int,
    channels: int,
    found: dict[Kind, Levels],
    progress: bool | None,
) -> Iterator[NDArray[np.uint8] | str]:
    """Every image in its order, decoded by as many threads as there are cores."""
    from tqdm import tqdm

    n = len(source.labels)
    block = max(_cores(), min(1024, BLOCK_BYTES // (size * size * channels)))
    # on standard error, where that is a terminal and from 2 s on
    disable = None if progress is None else not progress
    bar = tqdm(total=n, desc="decoding", unit="image", delay=2, leave=False, disable=disable)
    with bar, ThreadPoolExecutor(_cores()) as pool:
        for start in range(0, n, block):
            encoded = source.read(start, min(start + block, n))
            for square in pool.map(lambda one: decode(one, size, channels, found), encoded):
                yield square
                bar.update()


def _check_room(place: Path, needed: int) -> None:
    there = next(path for path in (place, *place.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise OSError(
            f"the image cache in {place} needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are "
            "free: ask for a smaller size, or set the environment variable WGANLAB_CACHE to a "
            "folder on a larger disk"
        )


def _remove(place: Path) -> None:
    """A folder or file that may be there."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _sweep(place: Path) -> None:
    """Delete what builds that were killed have left."""
    for part in place.glob(".*.part"):
        try:
            inside = list(part.iterdir())
            last = max(path.stat().st_mtime for path in (part, *inside))
        except OSError:
            continue
        if {path.name for path in inside} - FILES:
            continue  # of somebody else
        if time.time() - last > STALE:
            shutil.rmtree(part, ignore_errors=True)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
