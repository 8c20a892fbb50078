"""The W1 benchmark: an optimal coupling and a critic known exactly, in any dimension."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from wganlab import exact
from wganlab.exact import known

SIZES = [(1, 3), (2, 1), (2, 4), (2, 64), (16, 4), (128, 256)]
each = pytest.mark.parametrize("pair", [known.Funnels(*size) for size in SIZES], ids=repr)


@each
def test_the_critic_rises_by_the_distance_moved(pair, rng):
    x, y = pair.sample(2000, rng, paired=True)
    moved = np.linalg.norm(x - y, axis=1)
    np.testing.assert_allclose(pair.critic(x) - pair.critic(y), moved, rtol=0, atol=1e-9)
    assert np.abs(x).max() <= 2.5 + 1e-12
    assert np.abs(y).max() <= 2.5
    assert moved.min() >= 0
    # moved on the ray of one funnel: down its slope
    np.testing.assert_allclose(
        pair.critic_gradient(y) * moved[:, None], x - y, rtol=0, atol=1e-9 * np.sqrt(pair.dim)
    )


@each
def test_gradients_are_unit_vectors_and_agree_with_differences(pair, rng):
    x, y = pair.sample(200, rng)
    x = x[np.linalg.norm(x - pair._bottoms[:, None], axis=2).min(axis=0) > 0]  # not on a bottom
    for z in (x, y):
        np.testing.assert_allclose(np.linalg.norm(pair.critic_gradient(z), axis=1), 1, atol=1e-12)
    step = 1e-6 * rng.normal(size=y.shape) / np.sqrt(pair.dim)
    slope = (pair.critic(y + step) - pair.critic(y - step)) / 2
    np.testing.assert_allclose(slope, np.sum(pair.critic_gradient(y) * step, axis=1), atol=1e-10)
    assert not pair.critic_gradient(pair._bottoms[:1]).any()


@each
def test_the_critic_is_lipschitz(pair, rng):
    z, w = rng.uniform(-4, 4, size=(2, 2000, pair.dim))
    difference = np.abs(pair.critic(z) - pair.critic(w))
    assert (difference <= np.linalg.norm(z - w, axis=1) + 1e-12).all()


@pytest.mark.parametrize(("dimension", "funnels"), [(1, 3), (2, 4), (2, 64), (16, 4)])
def test_rays_end_where_the_cube_or_the_funnel_does(dimension, funnels, rng):
    pair = known.Funnels(dimension, funnels)
    u = rng.uniform(size=(300, dimension))
    x, y = pair._real(u), pair._fake(u)
    winner = pair._heights(y).argmin(axis=1)
    bottoms = pair._bottoms[winner]
    shrunk = np.linalg.norm(x - bottoms, axis=1) / np.linalg.norm(y - bottoms, axis=1)
    kept = shrunk > 1e-12  # s^7, s the relative position: enough digits left to find the end
    assert kept.sum() > 200
    x, y, winner, bottoms = x[kept], y[kept], winner[kept], bottoms[kept]
    ends = (y - bottoms) / shrunk[kept, None] ** (1 / 7)
    for z, expected in ((bottoms + 0.999 * ends, True), (bottoms + 1.001 * ends, False)):
        stays = (pair._heights(z).argmin(axis=1) == winner) & (np.abs(z) <= 2.5).all(axis=1)
        assert (stays == expected).all()


@pytest.mark.slow
def test_em_agrees_with_the_linear_program_on_samples(rng):
    pair = known.Funnels(2, 4)
    x, y = pair.sample(1000, rng)
    spread = np.sqrt((pair.critic(x).var() + pair.critic(y).var()) / 1000)
    assert exact.emd(x, y) == pytest.approx(pair.emd, abs=4 * spread)
    x, y = pair.sample(1000, rng, paired=True)
    moved = np.linalg.norm(x - y, axis=1)
    assert exact.emd(x, y) == pytest.approx(moved.mean(), abs=1e-9)


def test_em_is_an_estimate_with_a_standard_error(rng):
    pair = known.Funnels(3, 5)
    assert pair.emd == known.Funnels(3, 5).emd
    assert pair.emd != known.Funnels(3, 5, seed=1).emd
    x, y = pair.sample(100_000, rng, paired=True)
    moved = np.linalg.norm(x - y, axis=1)
    error = np.hypot(pair.emd_error, moved.std() / np.sqrt(len(moved)))
    assert 0 < pair.emd_error < 0.005
    assert abs(moved.mean() - pair.emd) <= 4 * error


def test_one_funnel_on_the_line_has_a_closed_form():
    # from a to either end at distance L: y uniform in distance, E (s - s^8) L = (1/2 - 1/9) L
    pair = known.Funnels(1, 1)
    a = float(pair._bottoms[0, 0])
    lengths = np.array([2.5 - a, 2.5 + a])
    truth = np.sum(lengths / 5 * lengths * (1 / 2 - 1 / 9))
    assert abs(pair.emd - truth) <= 4 * pair.emd_error


def test_power_one_moves_nothing(rng):
    pair = known.Funnels(4, 3, power=1)
    x, y = pair.sample(100, rng, paired=True)
    np.testing.assert_allclose(x, y, rtol=0, atol=1e-14)
    assert pair.emd == pytest.approx(0, abs=1e-14)


def test_a_sampler_of_the_same_seed_does_not_draw_the_bottoms():
    pair = known.Funnels(2, 4, seed=0)
    x, _ = pair.sample(4, np.random.default_rng(0))
    assert np.isfinite(x).all()


def own(**changes):
    drawn = known.Funnels(3, 5, seed=2)
    options = {"bottoms": drawn._bottoms, "offsets": drawn._offsets, "seed": 2}
    return known.Funnels(**options | changes)


def test_funnels_that_are_given_are_those_that_are_drawn(rng):
    drawn, given = known.Funnels(3, 5, seed=2), own()
    assert (given.dimension, given.funnels, given.dim) == (3, 5, 3)
    z = rng.uniform(-3, 3, size=(50, 3))
    np.testing.assert_array_equal(given.critic(z), drawn.critic(z))
    np.testing.assert_array_equal(given.critic_gradient(z), drawn.critic_gradient(z))
    points = [pair.sample(50, np.random.default_rng(0)) for pair in (given, drawn)]
    np.testing.assert_array_equal(*points)
    assert given.emd == drawn.emd


def test_given_numbers_are_those_of_the_formula(rng):
    bottoms, offsets = rng.uniform(-2, 2, size=(3, 2)), np.array([0.3, -0.2, 0.5])
    z = rng.uniform(-3, 3, size=(40, 2))
    pair = known.Funnels(bottoms=bottoms.tolist(), offsets=offsets.tolist())
    funnels = [np.hypot(*(z - a).T) + b for a, b in zip(bottoms, offsets, strict=True)]
    np.testing.assert_allclose(pair.critic(z), -np.min(funnels, axis=0), rtol=1e-14)


def test_what_is_not_given_is_drawn_with_the_seed():
    drawn = known.Funnels(3, 5, seed=2)
    for half in ("bottoms", "offsets"):
        pair = own(**{half: None}, **({"dimension": 3} if half == "bottoms" else {}))
        np.testing.assert_array_equal(pair._bottoms, drawn._bottoms)
        np.testing.assert_array_equal(pair._offsets, drawn._offsets)
    assert known.Funnels(offsets=[0.0] * 7)._bottoms.shape == (7, 2)


def test_funnels_are_copied_in_and_kept():
    bottoms, offsets = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0.0, 0.5])
    pair = known.Funnels(bottoms=bottoms, offsets=offsets)
    before = pair.critic([[0.3, 0.3]])
    bottoms += 1
    offsets -= 1
    np.testing.assert_array_equal(pair.critic([[0.3, 0.3]]), before)
    for array in (pair.bottoms, pair.offsets):
        with pytest.raises(ValueError, match="read-only"):
            array += 1


def test_pairs_of_one_content_are_one_pair():
    a, b = own(), own()
    assert a == b
    assert hash(a) == hash(b)
    assert repr(a) == repr(b)
    assert repr(a).startswith("Funnels(dimension=3, funnels=5, seed=2, power=8.0, given='")
    moved = a._bottoms + np.array([0.0, 0.0, 1e-15])
    others = [
        own(bottoms=moved),
        own(offsets=a._offsets + 1e-15),
        own(power=4.0),
        own(offsets=None),
    ]
    assert len({repr(pair) for pair in (a, *others)}) == 5
    assert len({a, *others}) == 5
    assert all(pair != a for pair in others)
    assert pickle.loads(pickle.dumps(a)) == a
    assert replace(a, power=4.0) == others[2]
    zero = known.Funnels(bottoms=[[0.0]], offsets=[0.0])
    assert zero == known.Funnels(bottoms=[[-0.0]], offsets=[-0.0])


def test_drawn_funnels_are_named_as_ever():
    assert repr(known.Funnels()) == "Funnels(dimension=2, funnels=4, seed=0, power=8.0)"
    assert known.Funnels(16, 4) == known.Funnels(dimension=16)
    assert eval(repr(known.Funnels(3, 7, 5, 2.0)), vars(known)) == known.Funnels(3, 7, 5, 2.0)


def test_a_bottom_outside_the_cube_draws_points_out_of_it(rng):
    pair = known.Funnels(bottoms=[[4.0, 0.0], [-1.0, 1.0]], offsets=[-1.5, 0.0])
    x, y = pair.sample(2000, rng, paired=True)
    moved = np.linalg.norm(x - y, axis=1)
    np.testing.assert_allclose(pair.critic(x) - pair.critic(y), moved, rtol=0, atol=1e-9)
    assert np.abs(y).max() <= 2.5
    assert 2.5 < x[:, 0].max() <= 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bottoms": [1.0, 2.0]}, r"bottoms has shape \(2,\), expected \(funnels, dimension\)"),
        ({"offsets": [[1.0]]}, r"offsets has shape \(1, 1\), expected \(funnels,\)"),
        ({"bottoms": np.empty((0, 2))}, r"bottoms has shape \(0, 2\)"),
        ({"bottoms": [[0.0], [1.0]], "offsets": [0.0]}, "there are 2 bottoms and 1 offsets"),
        ({"bottoms": [[0.0, 1.0]], "dimension": 3}, "dimension = 3, and 2 are given: leave"),
        ({"bottoms": [[0.0, 1.0]], "funnels": 4}, "funnels = 4, and 1 are given: leave funnels"),
        ({"offsets": [0.0], "funnels": 2}, "funnels = 2, and 1 are given"),
        ({"bottoms": [[np.nan, 1.0]]}, "bottoms"),
        ({"offsets": [np.inf]}, "offsets"),
        ({"bottoms": [[1e300]]}, "choose another unit"),
        ({"bottoms": "word"}, "bottoms"),
        ({"bottoms": [[0.0, 1.0]], "dimension": 2.0}, "dimension = 2.0: give a whole number"),
    ],
)
def test_funnels_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        known.Funnels(**options)
