"""Classifiers of image sets: that they learn, repeat, leave no trace, and are kept whole."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from wganlab import data
from wganlab.compare import Classifier, classifier_cache, classifier_for, fit_classifier
from wganlab.data import as_images
from wganlab.data.cache import folder as cache_folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WGANLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def bars(n=60, side=8, channels=1, seed=0):
    """Images of two classes: a bar across or a bar down, on noise."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 80, size=(n, side, side, channels), dtype=np.uint8)
    labels = np.arange(n) % 2
    for image, label, place in zip(images, labels, rng.integers(side, size=n), strict=True):
        (image if label else image.swapaxes(0, 1))[place] = 255
    return images, labels


def bar_set(**options):
    images, labels = bars(**options)
    return data.ImageSet("bars", images, labels, ("across", "down"), "")


def equal(one, other):
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(a, b) for a, b in zip(*map(dict.values, states), strict=True))


@pytest.mark.slow
def test_digits_are_told_apart():
    digits = data.images("mnist10k", 16)
    network = fit_classifier(digits.images, digits.labels, 10, steps=120)
    assert network.accuracy > 0.9
    x = as_images(digits.images[:50])
    assert (network(x).argmax(dim=1).numpy() == digits.labels[:50]).mean() > 0.9
    told = network.probabilities(x)
    torch.testing.assert_close(told.sum(dim=1), torch.ones(50))
    torch.testing.assert_close(network.head(network.features(x)).softmax(dim=1), told)
    assert network.features(x).shape == (50, 64)
    assert network.features(x).min() >= 0
    square = network.features(as_images(digits.images[::10])).square().mean()
    assert square.item() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(
    "shape", [(1, 16, 16), (3, 32, 32), (1, 28, 28), (3, 64, 48), (1, 3, 3), (2, 1, 9)]
)
def test_any_size_has_64_features(shape):
    network = Classifier(shape, 5).eval()
    x = torch.zeros(2, *shape)
    assert network.features(x).shape == (2, 64)
    assert network(x).shape == (2, 5)
    assert math.isnan(network.accuracy)  # it is not trained


def test_a_seed_repeats_and_nothing_global_moves():
    images, labels = bars()
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    first, again, other = (
        fit_classifier(images, labels, 2, steps=10, seed=seed, device="cpu") for seed in (0, 0, 1)
    )
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert equal(first, again)
    assert first.accuracy == again.accuracy
    assert not equal(first, other)
    assert not first.training
    assert not any(weight.requires_grad for weight in first.parameters())


def test_arrays_maps_and_tensors_are_the_same_images(tmp_path):
    images, labels = bars()
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    networks = [
        fit_classifier(each, labels, 2, steps=4) for each in (images, mapped, as_images(images))
    ]
    assert equal(networks[0], networks[1])
    assert equal(networks[0], networks[2])


def test_the_accuracy_is_of_images_that_were_not_trained_on():
    images, _ = bars(n=200)
    labels = np.random.default_rng(1).integers(2, size=200)  # nothing to learn
    network = fit_classifier(images, labels, 2, steps=60, batch=32)
    assert 0.2 < network.accuracy < 0.8


def test_a_class_without_images_is_no_harm():
    images, labels = bars()
    network = fit_classifier(images, labels * 2, 4, steps=3)
    assert network(as_images(images[:1])).shape == (1, 4)


def test_pixels_become_what_networks_take():
    levels = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    levels[0, 0, 0, 0] = 255
    x = as_images(levels)
    assert x.dtype == torch.float32
    assert x.shape == (1, 3, 2, 2)
    assert x[0, :, 0, 0].tolist() == pytest.approx([1, 1 / 127.5 - 1, 2 / 127.5 - 1])
    assert torch.equal(as_images(x), x)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"labels": np.zeros(60, dtype=int)}, "all images are of one class, so there is nothing"),
        ({"labels": np.arange(60)}, "labels from 0 to 59, expected 0 to 1"),
        ({"labels": np.full(60, -1)}, "labels from -1 to -1, expected 0 to 1"),
        ({"labels": np.zeros(59, dtype=int)}, "shape (59,) for 60 images"),
        ({"labels": np.zeros(60)}, "give one whole number for each"),
        ({"images": np.zeros((60, 8, 8, 1))}, "or a uint8 array of shape (n, h, w, c)"),
        ({"images": np.zeros((60, 8, 8), dtype=np.uint8)}, "or a uint8 array of shape"),
        ({"images": torch.zeros(60, 1, 8, 8, dtype=torch.uint8)}, "give a float tensor of shape"),
        ({"images": bars(9)[0], "labels": bars(9)[1]}, "9 images: give at least 10"),
        ({"steps": 0}, "steps = 0"),
        ({"batch": 1}, "batch = 1"),
    ],
)
def test_what_cannot_be_learned_is_refused_with_advice(change, advice):
    images, labels = bars()
    options = {"images": images, "labels": labels, "classes": 2, "steps": 1, **change}
    with pytest.raises(ValueError, match=re.escape(advice)):
        fit_classifier(**options)


def test_images_of_another_size_are_refused_with_advice():
    network = Classifier((1, 8, 8), 2, name="classifier of bars at 8 px")
    with pytest.raises(ValueError, match=r"of bars at 8 px is for images of shape \(n, 1, 8, 8\)"):
        network(torch.zeros(2, 3, 8, 8))


# the cache


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("WGANLAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "wganlab"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "wganlab"


def test_a_classifier_is_trained_once(cache, monkeypatch):
    first = classifier_for(bar_set(), steps=5)
    assert first.name == "classifier of bars at 8 px"
    state = torch.get_rng_state()
    monkeypatch.setattr(classifier_cache, "fit_classifier", lambda *_, **__: pytest.fail("trained"))
    again = classifier_for(bar_set(), 8, steps=5)
    assert torch.equal(state, torch.get_rng_state())
    assert equal(first, again)
    told = [(c.name, c.accuracy, c.shape, c.classes, c.training) for c in (first, again)]
    assert told[0] == told[1]
    assert not any(weight.requires_grad for weight in again.parameters())
    assert [file.suffix for file in (cache / "classifiers").iterdir()] == [".pt"]  # nothing beside


def test_whatever_a_classifier_depends_on_has_a_file_of_its_own(cache, monkeypatch):
    bar = bar_set()
    classifier_for(bar, steps=2)
    classifier_for(bar, steps=3)
    classifier_for(bar_set(seed=1), steps=2)
    classifier_for(replace(bar, name="others"), steps=2)
    classifier_for(replace(bar, labels=1 - bar.labels), steps=2)
    assert classifier_for(bar, color="rgb", steps=2).shape == (3, 8, 8)
    monkeypatch.setattr(classifier_cache, "VERSION", 0)
    classifier_for(bar, steps=2)
    assert len(list((cache / "classifiers").iterdir())) == 7


@pytest.mark.parametrize("damage", [lambda old: b"", lambda old: old[:500], lambda old: b"x" + old])
def test_a_damaged_file_is_made_again(cache, damage):
    first = classifier_for(bar_set(), steps=2)
    (file,) = (cache / "classifiers").iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert equal(classifier_for(bar_set(), steps=2), first)
    assert equal(classifier_cache._load(file, torch.device("cpu")), first)


def test_a_file_of_something_else_is_made_again(cache):
    first = classifier_for(bar_set(), steps=2)
    (file,) = (cache / "classifiers").iterdir()
    torch.save({"shape": [1, 8, 8], "classes": 3, "name": "", "weights": {}}, file)
    assert equal(classifier_for(bar_set(), steps=2), first)


def test_a_folder_that_cannot_be_written_is_told(cache):
    cache.write_text("a file")
    with pytest.warns(UserWarning, match="cannot be written .* set WGANLAB_CACHE"):
        assert classifier_for(bar_set(), steps=2).classes == 2


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("mnist10k[3]", 28), "mnist10k[3] has one class, so there is nothing to classify"),
        (("mnist10k[3]", 28), "give the features= of classifier_for('mnist10k')"),
        (("nothing",), "there is no image set 'nothing'"),
        ((bar_set(), 16), "bars is given at 8 px and asked for at 16 px"),
        ((bar_set(), 8, "blue"), "color = 'blue': choose from auto, grey, rgb"),
        ((replace(bar_set(), labels=np.zeros(60, dtype=int)),), "the features= of another network"),
    ],
)
def test_what_has_no_classifier_is_refused_with_advice(arguments, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        classifier_for(*arguments, steps=1)
