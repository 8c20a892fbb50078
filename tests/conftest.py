"""Shared by all tests."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings

settings.register_profile("wganlab", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("wganlab")


# whole files that `make test-fast` leaves out: what is made of the package, and how it is started;
# elsewhere single tests have the mark
SLOW = {
    *(
        "test_browser",
        "test_cli_faces",
        "test_cli_images",
        "test_course",
        "test_distributed",
        "test_docs",
        "test_engine",
    ),
    *("test_figure_arrays", "test_figures", "test_image_figures"),
    *("test_instructors", "test_notebooks", "test_provenance", "test_readme", "test_train_lines"),
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Not even imported, where they would not be run: that takes longer than many a test."""
    return (collection_path.stem in SLOW and config.option.markexpr == "not slow") or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker(pytest.mark.slow)


gc.disable()  # until all is imported


def pytest_collection_finish() -> None:
    """What is there now stays to the end, and is not looked through for garbage again and again."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)  # with little left, all of it would be looked through often
    gc.enable()


@pytest.fixture(autouse=True, scope="module")
def environment_of_the_module() -> Iterator[None]:
    """Commands may set variables for the rest of their process: here those of wider fixtures."""
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(autouse=True)
def environment(environment_of_the_module: None) -> Iterator[None]:
    """And here those of a test."""
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A folder that is filled once, whichever of the processes that test side by side comes first.

    `once(name, fill)`, where `fill(folder)` is what takes long.
    """
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def filled(name: str, fill: Callable[[Path], None]) -> Path:
        folder, mark = base / name, base / f"{name}.filled"
        with FileLock(base / f"{name}.lock"):
            if not mark.exists():
                folder.mkdir(exist_ok=True)
                fill(folder)
                mark.touch()
        return folder

    return filled


@pytest.fixture(scope="session")
def quick(once: Callable[..., Path]) -> Callable[[str], Path]:
    """The folder with the arrays of a figure at the quick profile, which are computed once."""

    def folder(name: str) -> Path:
        from quick_figures import compute

        runs, cache = (once(f"figures-{part}", lambda folder: None) for part in ("runs", "cache"))
        return once(f"figure-{name}", lambda folder: compute(name, folder, runs, cache))

    return folder


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are recorded and mapped over seeds, and not compiled, which takes half a minute.

    Torch notes the shape at every operation, and makes a mode for it each time where there is none:
    that would take half of the time.
    """
    from torch._guards import TracingContext, tracing
    from torch._subclasses import FakeTensorMode
    from torch.fx.experimental.proxy_tensor import make_fx

    def recording(*options: Any) -> Callable[..., Any]:
        def record(*inputs: Any) -> Any:
            with tracing(TracingContext(FakeTensorMode(allow_fallback_kernels=True))):
                return make_fx(*options)(*inputs)

        return record

    monkeypatch.setattr("wganlab.learned.fast.trace.make_fx", recording)
    monkeypatch.setattr("wganlab.learned.fast.compiler.compiled", lambda graph, inputs: graph)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the notebooks, whose modules (`checks`, `controls`) can then be imported."""
    folder = Path(__file__).parent.parent / "notebooks"
    monkeypatch.syspath_prepend(folder)
    return folder
