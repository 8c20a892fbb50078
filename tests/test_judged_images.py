"""What is counted under sheets of images: attributes of faces, classes and KID of others."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from figures import image_runs, judged_images
from figures.lab_image_critics import config
from wganlab import data


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder of classifiers of its own."""
    monkeypatch.setenv("WGANLAB_CACHE", str(tmp_path))
    monkeypatch.delenv("FIGURES_DATA", raising=False)


def test_faces_are_counted_by_their_attributes(cache, monkeypatch):
    one = config("wgan-gp", "quick")
    monkeypatch.setattr(image_runs, "classifier", lambda *_: pytest.fail("faces need none"))
    judge = judged_images.judge(one, 40, 5)
    assert judge.kind == "faces"
    faces = data.law("faces").sample(40, torch.Generator().manual_seed(0))
    real, same = judge.counted(faces), judge.counted(faces[:1].repeat(40, 1, 1, 1))
    assert real["all"] == 206
    assert real["away"] == pytest.approx(0, abs=1e-6)
    assert 120 < real["found"] <= 206
    assert 10 <= same["found"] <= 30  # one value of an attribute that shows
    shifted = judge.counted((0.8 * faces + 0.1).clamp(-1, 1))
    assert 0.02 < shifted["away"] < 0.15


def test_digits_are_counted_by_a_classifier(cache):
    one = replace(config("wgan-gp", "quick"), data="mnist10k")
    judge = judged_images.judge(one, 100, 60)
    assert judge.kind == "classes"
    law = one.law()
    real = law.held_out(100, torch.device("cpu"))
    told, noise = judge.counted(real), judge.counted(torch.rand(real.shape) * 2 - 1)
    assert (told["found"], told["all"]) == (10, 10)
    assert told["away"] < 0.05 < noise["away"]
    assert noise["found"] < 6


def test_a_set_of_one_class_has_nothing_to_count(cache, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "noise.npz", images=rng.integers(0, 256, (60, 16, 16, 1), dtype=np.uint8))
    judge = judged_images.judge(
        replace(config("wgan", "quick"), data=f"npz:{tmp_path}/noise.npz"), 9, 1
    )
    assert judge.kind == "none"
    assert all(np.isnan(value) for value in judge.counted(torch.zeros(9, 1, 16, 16)).values())
    assert judged_images.line("none", *[np.nan] * 3) == judged_images.explained("none", 9) == ""


def test_what_works_finds_most_and_is_near():
    most, far = judged_images.FOUND, judged_images.AWAY["faces"]
    found, away = 206 * np.array([most, most - 0.01, 1, np.nan]), far * np.array([1, 1, 1.01, 1])
    told = judged_images.works("faces", found, np.full(4, 206), away)
    np.testing.assert_array_equal(told, [True, False, False, False])
    assert judged_images.works("classes", np.array(10), np.array(10), np.array(0.9))
    assert judged_images.line("classes", 4.0, 10.0, 250.0) == "4 of 10 classes · KID > 100"
