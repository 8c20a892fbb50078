"""Shared by all tests."""

import os

import numpy as np
import pytest
from hypothesis import settings

# the tests' own process needs POT, not POT's torch backend
os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")
settings.register_profile("wganlab", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("wganlab")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
