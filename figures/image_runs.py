"""Training runs on images that several figures share, kept in a folder and gone on with.

A run is trained once, whichever figure asks for it first; another waits for it. One that was
stopped, with Ctrl-C or otherwise, goes on from its last checkpoint. A digest of what it depends on,
its configuration, its images, and the code that trains and that looks, ends the name of its folder.

With `FIGURES_RECORDS`, the folder of the records, nothing is trained at the profile `long`: the
runs are read from there.

`DATA=folder:PATH` or `DATA=hub:NAME`, as `make figures DATA=...`, takes other images.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from figures import face_attributes, provenance
from wganlab import compare, data, learned
from wganlab.compare.truth_observers import earth_mover, sampling_floor
from wganlab.learned.networks.network import has_batch_norm
from wganlab.learned.runs import origin

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from wganlab.learned import TrainConfig
    from wganlab.learned.batch import Batch
    from wganlab.learned.runs.view import Row, View

ENGINE: Literal["eager"] = "eager"  # by which records are verified too
BATCHES = 4  # of each law, in the estimate of a record: one is noisy
SOONER = 10  # reading faces takes time: of how many one is read before the end


@dataclass(frozen=True, eq=False)
class Kept:
    """What is kept of a run."""

    config: TrainConfig
    rows: tuple[Row, ...]
    folder: Path

    def column(self, name: str) -> NDArray[np.float64]:
        """That number at every record; nan where it was not taken."""
        return np.array([row.get(name, np.nan) for row in self.rows])

    def sheet(self, iteration: int) -> NDArray[np.uint8]:
        """Up to 64 generated images, bytes (n, h, w, c), at the sheet nearest to that iteration.

        A run has a sheet at every row; a record at a few, of 24 images but at the end.
        """
        files = sorted((self.folder / "samples").glob("*.npy"))
        nearest = min(files, key=lambda file: abs(int(file.stem) - iteration))
        sheet: NDArray[np.uint8] = np.load(nearest)
        return sheet


@dataclass(frozen=True)
class Look:
    """What is observed: estimates on a few batches, and now and then the exact distances, and of
    faces their attributes.

    A critic with batch norm is estimated with as a step sees it, by each batch's own means.
    """

    n: int
    """Images of each law in a linear program."""
    stride: int
    """Records from one linear program to the next."""
    read: int = 1000
    """Faces whose attributes are read at the end, at looks before it a tenth; 0 for none."""

    def __call__(self, view: View) -> Row:
        """A row."""
        objective = view.config.built_objective()
        row: Row = {}
        for name, real in (("batch", view.real), ("held_out_batch", view.held_out)):
            batches = list(_batches(view, real))
            row[f"{name}_estimate"] = fmean(objective.estimate(b).item() for b in batches)
            row[f"{name}_cost"] = fmean(objective.generator(b).item() for b in batches)
        last = view.iteration == view.config.iterations
        if last or view.iteration // view.config.every % self.stride == 0:
            row |= earth_mover(view, self.n)
            if self.read:
                n = self.read if last else max(self.read // SOONER, 1)
                row |= face_attributes.row(view, n)
        return row


def _batches(view: View, real: Tensor) -> Iterator[Batch]:
    """Those of an estimate: in one piece, or each as a step sees it where batch norm matters."""
    each, size = view.config.batch, BATCHES * view.config.batch
    if view.critic is not None and has_batch_norm(view.critic):
        critic = copy.deepcopy(view.critic).train()  # whose running means may be spoiled
        view, size = replace(view, critic=critic), min(size, len(real), len(view.fake))
    else:
        each = size
    for start in range(0, max(size - each, 0) + 1, each):
        some = slice(start, start + each)
        yield view.batch(real[some], view.fake[some])


def source(profile: str) -> str:
    """The images: DATA if it is set, faces at all profiles but the paper's.

    Raises
    ------
    ValueError
        If the paper's profile is asked for without images.
    """
    given = os.environ.get("FIGURES_DATA", "")
    if not given and profile == "paper":
        raise ValueError(
            "PROFILE=paper is made of images like the paper's: give DATA=folder:PATH or "
            "DATA=hub:NAME, as DATA=hub:pcuenq/lsun-bedrooms"
        )
    return given or "faces"


def kept(name: str, config: TrainConfig, look: Look, profile: str) -> Kept:
    """The run of that configuration: trained, gone on with, or as it is; or its record."""
    if profile == "long" and (records := os.environ.get("FIGURES_RECORDS")):
        return recorded(Path(records) / record_name(name, config), config, look)
    folder = runs_folder(profile) / f"{name}-{digest(config, look)}"
    with _alone(folder):
        there = learned.RunFolder(folder)
        if there.config_file.exists() and _finished(there):
            return Kept(config, tuple(there.rows()), folder)
        device = "auto" if profile in ("long", "paper") else "cpu"
        return Kept(config, trained(config, look, folder, device).history, folder)


def trained(config: TrainConfig, look: Look, folder: Path, device: str) -> learned.Run:
    """Train a run, or go on with what is in its folder."""
    options: dict[str, Any] = {
        "observers": [look],
        "progress": False,
        "device": device,
        "engine": ENGINE,
    }
    if learned.RunFolder(folder).config_file.exists():
        return learned.resume(folder, **options)
    notes = {"look": asdict(look), "engine": ENGINE}
    return learned.train(config, folder=folder, notes=notes, **options)


def record_name(name: str, config: TrainConfig) -> str:
    """Of the folder of its record: the run's, and the seed where it is not 0."""
    return f"{name}-seed{config.seed}" if config.seed else name


def recorded(folder: Path, config: TrainConfig, look: Look) -> Kept:
    """A run from its record, which must be of that configuration, those looks and images of now.

    Of no code: a record outlives it, and `python -m figures verify` holds it against that of now.

    Raises
    ------
    ValueError
        If there is no such record.
    """
    there, way = learned.RunFolder(folder), "make figures PROFILE=long trains it anew"
    if not there.config_file.exists():
        raise ValueError(f"there is no record {folder.name} in {folder.parent}: {way}")
    of, environment = there.config(), there.environment()
    wrong = [f.name for f in fields(of) if getattr(of, f.name) != getattr(config, f.name)]
    wrong = [name for name in wrong if name != "checkpoint"]
    if environment["notes"].get("look", plain(look)) != plain(look):
        wrong.append("its look")
    if not wrong and environment.get("data", {}).get("digest", "") != origin.digest(config.law()):
        wrong.append("its images")
    if wrong:
        raise ValueError(
            f"the record {folder.name} is of another configuration ({', '.join(wrong)}): {way}, "
            "and python -m figures record keeps it"
        )
    return Kept(config, tuple(there.rows()), folder)


def plain(look: Look) -> dict[str, Any]:
    """What JSON makes of it."""
    told: dict[str, Any] = json.loads(json.dumps(asdict(look)))
    return told


def digest(config: TrainConfig, look: Look, sources: provenance.Tree = provenance.NOW) -> str:
    """Of all that a run depends on."""
    told = [config.to_json(), repr(look), sources.of_source(config.data)]
    code = ("figures.image_runs", "trained"), (type(look).__module__, type(look).__name__)
    return sources.digest(*code, told=told)[:12]


def runs_folder(profile: str) -> Path:
    """Where they are kept: beside the figures."""
    usual = provenance.ROOT / "figures" / "out" / ("" if profile == "laptop" else profile) / "runs"
    return Path(os.environ.get("FIGURES_RUNS", usual))


@lru_cache(maxsize=4)
def floor(config: TrainConfig, n: int) -> float:
    """EM between n images to train on and n held out, or as many as there are."""
    return sampling_floor(config.law(), n)


def examples(config: TrainConfig, n: int) -> NDArray[np.uint8]:
    """Real images, held out: bytes (n, h, w, c)."""
    law = config.law()
    assert isinstance(law, data.ImageLaw)
    images: NDArray[np.uint8] = law.whole.images[law.unseen[:n]]
    return images


def classifier(config: TrainConfig, steps: int) -> compare.Classifier | None:
    """Of a run's images, kept in the package's cache; None where they are of one class.

    The cache goes by the name of the set. It tells here by which code the classifier is trained.
    """
    law = config.law()
    assert isinstance(law, data.ImageLaw)
    if len(np.unique(law.whole.labels)) < 2:
        return None
    code = provenance.NOW.digest(("figures.image_runs", "classifier"))
    named = replace(law.whole, name=f"{law.whole.name} {code}")
    return compare.classifier_for(named, steps=steps, device="cpu", progress=False)


def _finished(there: learned.RunFolder) -> bool:
    state = there.load(torch.device("cpu"))
    return state is not None and state["iteration"] >= there.config().iterations


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process works on that run meanwhile."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            import fcntl
        except ImportError:  # Windows: figures made side by side may then train a run twice
            yield
            return
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
