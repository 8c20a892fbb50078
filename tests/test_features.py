"""KID, classes and copies: against plain formulas, and calibrated on real digits."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d

from wganlab import compare, data
from wganlab.compare import fit_classifier, neighbors
from wganlab.data import as_images


@pytest.fixture(scope="module")
def digits():
    return data.images("mnist10k", 16)


@pytest.fixture(scope="module")
def classifier(digits):
    return fit_classifier(digits.images, digits.labels, 10, steps=150)


@pytest.fixture(scope="module")
def real(digits):
    rows = np.random.default_rng(0).permutation(len(digits))[:2000]
    return as_images(digits.images[rows])  # (2000, 1, 16, 16)


def noisy(images, size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (images + size * torch.randn(images.shape, generator=generator)).clamp(-1, 1)


def blurred(images, reach):
    return avg_pool2d(images, 2 * reach + 1, 1, reach, count_include_pad=False)


# KID


def test_kid_is_its_formula(rng):
    x, y = rng.normal(size=(12, 5)), rng.normal(size=(9, 5)) + 0.3

    def k(s, t):
        return (s @ t / 5 + 1) ** 3

    value = -2 * np.mean([[k(s, t) for t in y] for s in x])
    for z in (x, y):
        value += np.mean([k(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j])
    assert compare.kernel_distance(x, y) == pytest.approx(value, rel=1e-10)
    assert compare.kernel_distance(torch.tensor(x), y) == pytest.approx(value, rel=1e-10)


@pytest.mark.slow
def test_kid_of_two_halves_of_real_digits_is_about_zero(classifier, real, rng):
    features = compare.features_of(classifier.features, real)
    values = []
    for _ in range(12):
        one, other = np.split(features[rng.permutation(len(features))], 2)
        values.append(compare.kernel_distance(one, other))
    worse = compare.features_of(classifier.features, noisy(real[1000:], 0.3))
    shift = compare.kernel_distance(features[:1000], worse)
    assert min(values) < 0 < max(values)
    assert np.std(values) < 0.05 * shift
    assert abs(np.mean(values)) < 0.05 * shift


@pytest.mark.parametrize("spoil", [noisy, blurred])
def test_kid_grows_as_digits_are_spoiled(classifier, real, spoil):
    features = compare.features_of(classifier.features, real[:1000])
    sizes = (0.0, 0.2, 0.4, 0.8) if spoil is noisy else (0, 1, 2, 3)
    values = [
        compare.kernel_distance(
            features, compare.features_of(classifier.features, spoil(real[1000:], size))
        )
        for size in sizes
    ]
    assert values == sorted(values)
    assert values[1] > 3 * abs(values[0])


def test_features_come_in_blocks_from_bytes_and_tensors(classifier, digits, monkeypatch):
    some = digits.images[:70]
    whole = compare.features_of(classifier.features, as_images(some))
    assert whole.dtype == np.float64
    assert whole.shape == (70, 64)
    monkeypatch.setattr(compare.features, "at_once", lambda shape: 32)
    np.testing.assert_allclose(compare.features_of(classifier.features, some), whole, atol=1e-5)


@pytest.mark.parametrize(
    ("features", "advice"),
    [
        (lambda x: x, "to a tensor of shape (4, 1, 8, 8): it must return one row for each"),
        (lambda x: x.mean(), "to a tensor of shape ()"),
        (lambda x: x[:2].flatten(1), "maps 4 images to a tensor of shape (2, 64)"),
        (lambda x: x.flatten(1) / 0, "the features has nan in row 0"),
    ],
)
def test_what_are_no_features_is_refused_with_advice(features, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        compare.features_of(features, torch.zeros(4, 1, 8, 8))


# classes


def test_real_digits_are_of_all_classes(classifier, real):
    told = compare.class_coverage(compare.features_of(classifier.probabilities, real))
    assert (told["classes"], told["all_classes"]) == (10, 10)
    assert told["largest_share"] < 0.13
    assert told["confidence"] > 0.9


def test_lost_classes_are_seen(classifier, digits):
    kept = digits.images[digits.labels < 4][:1000]
    told = compare.class_coverage(compare.features_of(classifier.probabilities, kept))
    assert told["classes"] == 4
    one = compare.features_of(classifier.probabilities, np.repeat(kept[:1], 30, axis=0))
    told = compare.class_coverage(one)
    assert (told["classes"], told["largest_share"]) == (1, 1.0)


def test_a_class_counts_from_a_tenth_of_its_share():
    def shares(*counts):
        return np.repeat(np.eye(len(counts)), counts, axis=0)

    assert compare.class_coverage(shares(81, 9, 1))["classes"] == 2  # a tenth is 3.03
    assert compare.class_coverage(shares(86, 4, 0))["classes"] == 2
    assert compare.class_coverage(shares(88, 2, 0))["classes"] == 1
    assert compare.class_coverage(shares(2, 1, 0))["classes"] == 2  # few images: one is enough
    assert compare.class_counts(shares(2, 0, 1)).tolist() == [2, 0, 1]
    told = compare.class_coverage([[0.75, 0.25], [0.5, 0.5], [1, 0]])
    assert told["confidence"] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("told", "advice"),
    [
        ([0.5, 0.5], "probabilities of shape (2,): give (n, k)"),
        (np.empty((0, 3)), "probabilities of shape (0, 3)"),
        ([[1.0], [1.0]], "one class alone: there is nothing to classify"),
        ([[0.5, 0.5], [3.0, -1.0]], "row 1 of the probabilities sums to 2"),
        ([[0.5, 0.5], [2.0, -1.0]], "did you pass logits? take their softmax"),
        ([[0.5, 0.5], [0.6, 0.6]], "row 1 of the probabilities sums to 1.2"),
        ([[np.nan, 1.0]], "the probabilities has nan in row 0"),
    ],
)
def test_what_are_no_probabilities_is_refused_with_advice(told, advice):
    for call in (compare.class_coverage, compare.class_counts):
        with pytest.raises(ValueError, match=re.escape(advice)):
            call(told)


# neighbors


def plain(fake, train, k):
    """By difference, in float64."""
    x, y = (images.flatten(1).double() for images in (fake, train))
    squares = torch.stack([(y - one).square().sum(dim=1) for one in x])
    best = squares.topk(k, dim=1, largest=False)
    return best.values.sqrt().numpy(), best.indices.numpy()


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("pixels", [2**23, 5_000])
def test_neighbors_are_those_of_the_plain_formula(real, monkeypatch, k, pixels):
    monkeypatch.setattr(neighbors, "PIXELS", pixels)
    fake, train = noisy(real[:40], 0.5), real[30:400]
    distances, rows = compare.nearest_neighbors(fake, train, k=k)
    expected, where = plain(fake, train, k)
    assert (distances.dtype, rows.dtype) == (np.float32, np.int64)
    np.testing.assert_allclose(distances, expected, rtol=1e-6)
    np.testing.assert_array_equal(rows, where)


def test_copies_and_near_copies_are_exact(real):
    distances, rows = compare.nearest_neighbors(real[100:200], real)
    assert (distances == 0).all()
    np.testing.assert_array_equal(rows[:, 0], np.arange(100, 200))
    near = real[100:200].clone()
    near[:, 0, 3, 3] += 2.0**-12  # the sum of squares is some 200: float32 would lose it
    distances, _ = compare.nearest_neighbors(near, real)
    step = (near - real[100:200]).flatten(1).norm(dim=1)
    np.testing.assert_allclose(distances[:, 0], step, rtol=1e-6)


def test_images_far_from_the_middle_are_exact_too():
    train = torch.ones(50, 3, 16, 16) + 1e-3 * torch.arange(50.0).reshape(50, 1, 1, 1)
    distances, rows = compare.nearest_neighbors(train[7:8] + 1e-4, train, k=2)
    expected, where = plain(train[7:8] + 1e-4, train, 2)
    np.testing.assert_allclose(distances, expected, rtol=1e-5)
    np.testing.assert_array_equal(rows, where)


def test_equal_training_images_are_all_neighbors():
    distances, rows = compare.nearest_neighbors(torch.zeros(3, 1, 4, 4), torch.zeros(9, 1, 4, 4), 9)
    assert not distances.any()
    assert sorted(rows[0]) == list(range(9))


def test_training_images_are_read_block_by_block(digits, real, tmp_path, monkeypatch):
    np.save(tmp_path / "train.npy", digits.images)
    mapped = np.load(tmp_path / "train.npy", mmap_mode="r")
    whole = compare.nearest_neighbors(real[:50], as_images(digits.images))
    monkeypatch.setattr(neighbors, "PIXELS", 300 * 256)
    seen, convert = [], neighbors.as_images
    monkeypatch.setattr(neighbors, "as_images", lambda x: seen.append(len(x)) or convert(x))
    parts = compare.nearest_neighbors(real[:50], mapped)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)
    assert max(seen) == 300
    assert not whole[0].any()  # all are among them


def test_products_of_low_precision_change_nothing(real):
    expected = compare.nearest_neighbors(real[:20] + 0.1, real[:200])
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        told = compare.nearest_neighbors(real[:20] + 0.1, real[:200])
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    np.testing.assert_array_equal(told[0], expected[0])


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ((torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 4, 5)), "shape (1, 4, 4) and training images"),
        ((torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 4, 4), 3), "k = 3 neighbors, and there are 2"),
        ((torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 4, 4), 0), "k = 0"),
        ((torch.zeros(0, 1, 4, 4), torch.zeros(2, 1, 4, 4)), "fake has no images"),
        ((torch.zeros(2, 16), torch.zeros(2, 1, 4, 4)), "fake: images of type torch.float32 and"),
        ((torch.zeros(2, 1, 4, 4), np.zeros((2, 4, 4))), "train: images of type float64 and shape"),
        ((torch.full((2, 1, 4, 4), np.nan), torch.zeros(2, 1, 4, 4)), "fake has pixels that are"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_advice(arguments, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        compare.nearest_neighbors(*arguments)


# memorization


def test_memorization_is_of_medians():
    train = torch.zeros(1, 1, 4, 4)
    at = torch.tensor([1.0, 2.0, 12.0]).reshape(3, 1, 1, 1)
    told = compare.memorization(3 * at + train, train, at + train)
    expected = {"memorization": 3, "nearest": 24, "nearest_held_out": 8}  # 16 pixels, 4 times
    assert told == {name: pytest.approx(value) for name, value in expected.items()}


def test_memorization_tells_copies_from_new_digits(digits, real):
    rows = np.random.default_rng(0).permutation(len(digits))[2000:6000]  # none of the real ones
    train, held_out = digits.images[rows], real[:300]
    copies, new = as_images(train[:300]), real[300:600]

    def told(fake):
        return compare.memorization(fake, train, held_out)["memorization"]

    assert told(copies) == 0
    assert told(noisy(copies, 0.01)) < 0.1
    assert told(new) == pytest.approx(1, abs=0.06)
    assert told(2 * torch.rand(300, 1, 16, 16) - 1) > 2
    whole = compare.memorization(new, train, held_out)
    assert whole["memorization"] == whole["nearest"] / whole["nearest_held_out"]


def test_held_out_images_that_were_trained_on_are_refused(real):
    with pytest.raises(ValueError, match="half of the held-out images or more are training images"):
        compare.memorization(real[:10], real[:100], real[50:130])


# the observer


def view(fake, real, held_out):
    return SimpleNamespace(fake=fake, real=real, held_out=held_out)


def test_the_observer_is_its_parts(classifier, real):
    train, held_out, fake = real[:800], real[800:1400], noisy(real[1400:], 0.3)
    row = compare.feature_observer(classifier)(view(fake, train, held_out))
    features = [compare.features_of(classifier.features, images) for images in (held_out, fake)]
    told = compare.class_coverage(compare.features_of(classifier.probabilities, fake))
    copied = compare.memorization(fake, train, held_out)["memorization"]
    assert row == {"kid": compare.kernel_distance(*features), **told, "memorization": copied}
    assert all(isinstance(value, int | float) for value in row.values())


def test_the_observer_measures_real_images_once(classifier, real, monkeypatch):
    train, held_out, fake = real[:300], real[300:600], real[600:700]
    seen = []

    def features(x):
        seen.append(len(x))
        return classifier.features(x)

    look = compare.feature_observer(classifier, features=features)
    first = look(view(fake, train, held_out))
    assert sum(seen) == 400
    assert look(view(fake, train, held_out.clone())) == first
    assert sum(seen) == 500  # the generated ones alone
    other = look(view(fake, train, held_out[:200]))
    assert sum(seen) == 800
    assert other["kid"] != first["kid"]


def test_the_observer_takes_any_features_and_the_whole_training_set(classifier, digits, real):
    def toy(x):
        return torch.cat([x.mean(dim=(2, 3)), x.std(dim=(2, 3))], dim=1)

    train, held_out, fake = real[:300], noisy(real[300:600], 0.1), real[600:700]
    row = compare.feature_observer(features=toy)(view(fake, train, held_out))
    assert sorted(row) == ["kid", "memorization"]
    assert row["memorization"] > 0.5
    whole = compare.feature_observer(features=toy, train=digits.images)
    assert whole(view(fake, train, held_out))["memorization"] == 0  # they are real digits
    with pytest.raises(ValueError, match="give a classifier, or features=, or both"):
        compare.feature_observer()
