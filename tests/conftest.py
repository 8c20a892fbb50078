"""Shared by all tests."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("wganlab", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("wganlab")


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Commands may set variables for the rest of their process."""
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the notebooks, whose modules (`checks`, `controls`) can then be imported."""
    folder = Path(__file__).parent.parent / "notebooks"
    monkeypatch.syspath_prepend(folder)
    return folder
