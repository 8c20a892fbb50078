"""The nearest face of an image: of a face it is the face itself, and what is told of it shows."""

import numpy as np
import pytest

from wganlab.data import read_faces
from wganlab.data.faces import reading
from wganlab.data.faces.layers import composed, joint, place_of, separate
from wganlab.data.faces.sprites import sprites

FACES = sprites()
NAMES = tuple(FACES.attributes)


def by_law(n, seed):
    return FACES.choices(np.random.default_rng(seed).random((n, len(NAMES))))


def evenly(n, seed):
    """Rare values are as frequent as common ones."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.integers(len(known.values), size=n) for name, known in FACES.attributes.items()
    }


def apart(levels, choices):
    """Distances of pixels in [-1, 1], from what is drawn."""
    return np.sqrt(((levels - FACES.drawn(choices).astype(float)) ** 2).sum((1, 2, 3))) / 127.5


def same(read, choices):
    np.testing.assert_array_equal(read.distances, 0)
    np.testing.assert_array_equal(read.drawn, FACES.drawn(choices))
    for name in NAMES:
        told = read.told[name]
        np.testing.assert_array_equal(read.choices[name][told], choices[name][told], name)


@pytest.mark.parametrize("drawn", [by_law, evenly])
def test_faces_are_read_back(drawn):
    choices = drawn(200, 0)
    read = read_faces(FACES.drawn(choices))
    same(read, choices)
    assert len(read) == 200
    for name in ("background", "skin", "clothing", "clothing color", "mouth", "hat"):
        assert read.told[name].all(), name
    worn = choices["glasses"] > 0
    np.testing.assert_array_equal(read.told["glasses color"][~worn], False)


@pytest.mark.slow
@pytest.mark.parametrize(("drawn", "n"), [(by_law, 10_000), (evenly, 500)])
def test_ten_thousand_faces_are_read_back(drawn, n):
    choices = drawn(n, 1)
    same(read_faces(FACES.drawn(choices)), choices)


def told_by_drawing(read):
    """Which attributes show: another value would change the image, whichever it is."""
    n, drawn = len(read), read.drawn
    told = {}
    for name in NAMES:
        alike = np.zeros(n, bool)
        for value in range(len(FACES.attributes[name].values)):
            redrawn = FACES.drawn(read.choices | {name: np.full(n, value)})
            alike |= (redrawn == drawn).all(axis=(1, 2, 3)) & (read.choices[name] != value)
        told[name] = ~alike
    return told


@pytest.mark.parametrize(
    ("drawn", "n"),
    [
        (by_law, 25),
        (evenly, 25),
        *(pytest.param(f, 500, marks=pytest.mark.slow) for f in (by_law, evenly)),
    ],
)
def test_what_is_told_shows(drawn, n):
    read = read_faces(FACES.drawn(drawn(n, 2)))
    for name, told in told_by_drawing(read).items():
        np.testing.assert_array_equal(read.told[name], told, name)


@pytest.mark.parametrize("deviation", [3, 15, 40])
def test_noise_of_a_face_leads_to_it_or_nearer(deviation):
    choices = by_law(60, 3)
    drawn = FACES.drawn(choices)
    noisy = drawn + np.random.default_rng(4).normal(0, deviation, drawn.shape)
    read = read_faces(noisy)
    np.testing.assert_allclose(read.distances, apart(noisy, read.choices), rtol=1e-12)
    assert (read.distances <= apart(noisy, choices) + 1e-9).all()
    if deviation == 3:  # some colors are but a few levels apart
        assert (read.drawn == drawn).all(axis=(1, 2, 3)).mean() > 0.9


def test_no_change_of_one_attribute_brings_a_face_nearer():
    """Of images that are no faces: averages of two, as generators make them."""
    n = 12
    images = (FACES.drawn(by_law(n, 5)).astype(float) + FACES.drawn(by_law(n, 6))) / 2
    read = read_faces(images)
    flat = images.reshape(n, 256, 3)
    least = reading._apart(flat, read.choices)
    for name in set(NAMES) - {"skin"}:
        for value in range(len(FACES.attributes[name].values)):
            other = read.choices | {name: np.full(n, value)}
            assert (reading._apart(flat, other) >= least - 1e-6).all(), (name, value)


def test_among_few_faces_the_nearest_is_found():
    """By force: all colors of skin, hair, background, mouth of one face, 1,760 in all."""
    base = {name: chosen[:1] for name, chosen in by_law(1, 7).items()}
    base |= {name: np.zeros(1, int) for name in ("glasses", "beard", "hat", "accessories")}
    free = ("background", "skin", "hair color", "mouth color")
    grid = np.indices([len(FACES.attributes[name].values) for name in free]).reshape(len(free), -1)
    every = {name: np.repeat(chosen, grid.shape[1]) for name, chosen in base.items()}
    every |= dict(zip(free, grid, strict=True))
    drawn = FACES.drawn(every).astype(float)
    rng = np.random.default_rng(8)
    images = drawn[rng.choice(len(drawn), 10)] + rng.normal(0, 20, (10, 16, 16, 3))
    forced = np.sqrt(((images[:, None] - drawn) ** 2).sum((2, 3, 4)).min(axis=1)) / 127.5
    assert (read_faces(images).distances <= forced + 1e-9).all()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "share", "gain"), [("noise", 0.02, 0.01), ("averages", 0.3, 0.1)])
def test_a_nearer_face_is_seldom_found_from_other_beginnings(kind, share, gain):
    """As the module says, with room: from 20 other faces each, and with other values of four."""
    rng, n = np.random.default_rng(9), 60
    first, second = (FACES.drawn(by_law(n, seed)).astype(float) for seed in (10, 11))
    noisy = first + rng.normal(0, 30, first.shape)
    images = noisy if kind == "noise" else (first + second) / 2
    flat, read = images.reshape(n, 256, 3), read_faces(images)
    begun = reading._apart(flat, read.choices)
    best = begun.copy()
    for k in range(20):
        other = by_law(n, 20 + k)
        if k % 2:
            some = set(rng.choice(NAMES, 4, replace=False))
            other = {name: (other if name in some else read.choices)[name].copy() for name in NAMES}
        told = {name: np.zeros(n, bool) for name in NAMES}
        reading._settle(flat, other, told, np.arange(n))
        best = np.minimum(best, reading._apart(flat, other))
    nearer = best < begun - 1e-6
    assert nearer.mean() <= share
    assert (np.sqrt(best / begun) >= 1 - gain)[nearer].mean() >= 0.9 if nearer.any() else True


@pytest.mark.parametrize("k", [2, 4])
def test_of_larger_faces_the_distance_parts_over_blocks(k):
    choices = by_law(8, 12)
    whole = FACES.drawn(choices).repeat(k, axis=1).repeat(k, axis=2)
    same(read_faces(whole), choices)
    noisy = whole + np.random.default_rng(13).normal(0, 12, whole.shape)
    read = read_faces(noisy)
    found = read.drawn.repeat(k, axis=1).repeat(k, axis=2).astype(float)
    direct = np.sqrt(((noisy - found) ** 2).sum((1, 2, 3))) / 127.5
    np.testing.assert_allclose(read.distances, direct, rtol=1e-12)


def test_one_pixel_that_is_wrong_is_the_distance():
    image = FACES.drawn(by_law(1, 14)).astype(float)
    image[0, 0, 0] += [0, 0, 1.275]
    read = read_faces(image)
    assert read.distances == pytest.approx([0.01])
    np.testing.assert_array_equal(read.drawn, FACES.drawn(by_law(1, 14)))


def test_images_are_read_each_for_itself(monkeypatch):
    """Whatever is beside them, and in whichever block."""
    images = FACES.drawn(by_law(40, 15)) // 2 + FACES.drawn(evenly(40, 16)) // 2
    alone = read_faces(images[28:36])
    with monkeypatch.context() as patch:
        patch.setattr(reading, "BLOCK", 32)
        whole = read_faces(images)
    for name in NAMES:
        np.testing.assert_array_equal(whole.choices[name][28:36], alone.choices[name])
        np.testing.assert_array_equal(whole.told[name][28:36], alone.told[name])
    np.testing.assert_allclose(whole.distances[28:36], alone.distances, rtol=1e-12)


def test_what_an_option_would_cost_is_what_it_costs():
    """Of every layer, eyes with glasses as one: by composing the image anew."""
    rng = np.random.default_rng(17)
    choices, image = evenly(3, 18), rng.uniform(0, 255, (3, 256, 3))
    choices["beard"] *= 0  # which would change with the hair
    for layers in (separate(), joint()):
        for k, layer in enumerate(layers):
            below = composed(layers[:k], choices)
            over, through = reading.seen_through(layers[k + 1 :], choices, image)[-1]
            costs = layer.costs(image, below, over, through)
            without = ((image - over - through[..., None] * below) ** 2).sum((1, 2))
            for option in rng.choice(len(layer.alpha), 4):
                values = np.unravel_index(option, layer.shape)
                chosen = dict(zip(layer.attributes, values, strict=True))
                other = choices | {name: np.full(3, value) for name, value in chosen.items()}
                made = composed(layers[: k + 1], other)
                full = ((image - over - through[..., None] * made) ** 2).sum((1, 2))
                np.testing.assert_allclose(costs[:, option] + without, full, rtol=1e-9)


def test_layers_compose_to_what_is_drawn():
    choices = evenly(20, 19)
    for layers in (separate(), joint()):
        made = composed(layers, choices).round().astype(np.uint8).reshape(20, 16, 16, 3)
        np.testing.assert_array_equal(made, FACES.drawn(choices))
    assert len(joint()) == len(separate()) - 1 == 9
    assert joint()[place_of(joint(), "eyes")].shape == (12, 6, 15, 6)


def test_no_images_have_no_faces():
    read = read_faces(np.zeros((0, 16, 16, 3)))
    assert (len(read), read.drawn.shape) == (0, (0, 16, 16, 3))
    assert all(read.choices[name].shape == read.told[name].shape == (0,) for name in NAMES)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((16, 16, 3), "faces are images of shape"),
        ((2, 16, 16), "faces are images of shape"),
        ((2, 3, 16, 16), "faces are images of shape"),
        ((2, 16, 16, 1), "faces are images of shape"),
        ((2, 16, 32, 3), "faces are images of shape"),
        ((2, 8, 8, 3), "faces of 8 px: their side is 16 px or a multiple"),
        ((2, 24, 24, 3), "faces of 24 px"),
        ((2, 0, 0, 3), "faces of 0 px"),
    ],
)
def test_other_shapes_are_refused(shape, told):
    with pytest.raises(ValueError, match=told):
        read_faces(np.zeros(shape))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_pixels_that_are_not_finite_are_refused(wrong):
    images = np.zeros((2, 16, 16, 3))
    images[1, 3, 4, 2] = wrong
    with pytest.raises(ValueError, match="not finite: has the training diverged"):
        read_faces(images)
