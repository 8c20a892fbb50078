"""Image sets of the Hugging Face hub, or of its library's local folders: `hub:NAME`.

NAME is a dataset's name on the hub, or a local folder (or one .parquet file) that
`datasets.load_dataset` reads. Options follow a colon, as those of the toy laws do:
`hub:NAME:split=test,config=plain_text,image=img,label=label,revision=COMMIT`.

A local folder is read again when a file in it has changed. A set of the hub stays as it was when it
was first read, so that a cached one needs no network: ask for a `revision`, or delete the cache, to
have another.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wganlab.data import cache, folders
from wganlab.data.imageset import SIZE, some

OPTIONS = ("split", "config", "image", "label", "revision")
_NAME = r"[\w.-]+(/[\w.-]+)?"
_SLICE = r"\[[^\[\]:]*:[^\[\]:]*\]"  # as in split=train[:1000], which is no class


def whole(text: str) -> bool:
    """Does NAME:OPTIONS stand alone, or does it end in a class in brackets?"""
    name, options = _parted(text)
    plain = "[" not in re.sub(_SLICE, "", options)
    return plain and (Path(name).expanduser().exists() or re.fullmatch(_NAME, name) is not None)


def load(text: str, size: int | None, color: str, progress: bool | None) -> cache.Entry:
    """The images of one split, from the cache; without it, read by `datasets`.

    Raises
    ------
    ValueError
        If there is no such option, split or column, or several columns could be meant.
    FileNotFoundError, ConnectionError
        If there is no such dataset, or the hub cannot be reached.
    ModuleNotFoundError
        If the `hub` extra is not installed.
    """
    name, options = _parsed(text)
    path = Path(name).expanduser()
    listing: Any = None
    if path.exists():
        if "revision" in options:
            raise ValueError(f"hub:{text}: a local folder has no revisions")
        status = path.stat()
        files = sorted(folders.files_in(path)) if path.is_dir() else []
        listing = [str(path.absolute()), files or (status.st_size, status.st_mtime_ns)]
    elif name.startswith(("/", ".", "~")):
        raise FileNotFoundError(f"hub:{text}: there is no folder {name}")
    key = cache.key("hub", listing or name, sorted(options.items()), size, color)
    entry = cache.find(key)
    if entry is None:
        source = _source(_dataset(text, path, name, options), name, options)
        entry = cache.build(key, source, size, color, limit=SIZE, progress=progress)
    return entry


def _parted(text: str) -> tuple[str, str]:
    name, options = [*re.split(r":(?=\w+=)", text, maxsplit=1), ""][:2]
    return name, options


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    name, told = _parted(text)
    options = {}
    for word in filter(None, told.split(",")):
        key, _, value = word.partition("=")
        if key not in OPTIONS or not value:
            raise ValueError(
                f"hub:{text}: there is no option {word!r}: write hub:NAME:split=test,image=img, "
                f"with {', '.join(OPTIONS)}"
            )
        options[key] = value
    return name, options


def _dataset(text: str, path: Path, name: str, options: dict[str, str]) -> Any:
    try:
        import datasets
    except ModuleNotFoundError as error:
        if error.name != "datasets":
            raise
        raise ModuleNotFoundError(
            'hub: sources need the datasets library: pip install "wganlab[hub]"'
        ) from None
    given = {"name": options.get("config"), "revision": options.get("revision")}
    given = {key: value for key, value in given.items() if value is not None}
    if path.is_file():
        name, given["data_files"] = path.suffix[1:], str(path)
    elif path.exists():
        name = str(path)
    try:
        with _quiet(datasets):
            return datasets.load_dataset(name, split=options.get("split", "train"), **given)
    except ValueError as error:
        told = str(error).split("\nExample")[0].rstrip(".")
        raise ValueError(
            f"hub:{text}: {told} (choose with hub:NAME:config=...,split=...)"
        ) from error


@contextmanager
def _quiet(datasets: Any) -> Iterator[None]:
    """No progress bars of the library where nobody watches."""
    if sys.stderr.isatty() or datasets.are_progress_bars_disabled():
        yield
        return
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.enable_progress_bars()


def _source(dataset: Any, name: str, options: dict[str, str]) -> cache.Source:
    """The images as they are encoded, and their labels."""
    import datasets

    if not len(dataset):
        raise ValueError(f"hub:{name}: this split has no rows")
    features = dataset.features
    image = _column(features, "image", datasets.Image, options)
    if image is None:
        raise ValueError(f"hub:{name} has no column of images: {_told(features)}")
    label = _column(features, "label", datasets.ClassLabel, options)
    labels, label_names = _labels(dataset, label, Path(name).stem)
    encoded = dataset.select_columns([image]).cast_column(image, datasets.Image(decode=False))

    def read(start: int, stop: int) -> Sequence[str | bytes | None]:
        rows = [row or {} for row in encoded[start:stop][image]]
        return [row.get("bytes") or row.get("path") for row in rows]

    return cache.Source(
        read,
        "row {}".format,
        labels,
        label_names,
        {"license": str(dataset.info.license or ""), "fingerprint": dataset._fingerprint},
    )


def _column(features: Any, role: str, kind: Any, options: dict[str, str]) -> str | None:
    """The one column of that kind, or the one that was asked for; None if there is none."""
    if role in options:
        if options[role] not in features:
            raise ValueError(f"there is no column {options[role]!r}: {_told(features)}")
        return options[role]
    found = [name for name, feature in features.items() if isinstance(feature, kind)]
    if len(found) > 1:
        raise ValueError(
            f"the columns {', '.join(found)} could all be the {role}: name one, as in "
            f"hub:NAME:{role}={found[0]}"
        )
    return found[0] if found else None


def _told(features: Any) -> str:
    return f"its columns are {some(tuple(features))}"


def _labels(
    dataset: Any, column: str | None, stem: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels and names; rows without a label are of a class "none" after the others."""
    if column is None:
        return np.zeros(len(dataset), np.int64), (stem,)
    values = dataset.select_columns([column])[:][column]
    names = getattr(dataset.features[column], "names", None)
    if names is None:  # whatever it holds is a class
        told, labels = np.unique(["none" if v is None else str(v) for v in values], False, True)
        return labels.astype(np.int64), tuple(map(str, told))
    labels = np.array([-1 if value is None else value for value in values], np.int64)
    if labels.min() < 0:
        names, labels = [*names, "none"], np.where(labels < 0, len(names), labels)
    return labels, tuple(names)
