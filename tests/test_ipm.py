"""MMD against double loops, sliced W1 against closed forms, the critic of total variation."""

from math import comb, gamma, pi, sqrt

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from wganlab import exact
from wganlab.exact import Discrete, emd, mmd, mmd_squared, sliced, tv

OPTIONS = [
    {"kernel": "energy"},
    {"kernel": "polynomial"},
    {"bandwidth": 0.7},
    {"bandwidth": [0.3, 1.0, 4.0]},
    {},
]


def double_loop(x, y, a, b, k):
    values = [[k(s, t) for t in y] for s in x]
    return a @ np.array(values) @ b


def problem(rng, n=15, m=20, d=3):
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 0.5
    return x, y, rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))


def kernels():
    def gaussian(*widths):
        return lambda s, t: np.mean([np.exp(-np.sum((s - t) ** 2) / (2 * h**2)) for h in widths])

    return [
        ({"kernel": "energy"}, lambda s, t: -np.linalg.norm(s - t)),
        ({"kernel": "polynomial"}, lambda s, t: (np.dot(s, t) / len(s) + 1) ** 3),
        ({"bandwidth": 0.7}, gaussian(0.7)),
        ({"bandwidth": [0.3, 1.0, 4.0]}, gaussian(0.3, 1.0, 4.0)),
    ]


@pytest.mark.parametrize(("options", "k"), kernels())
@pytest.mark.parametrize("d", [1, 3, 40])
def test_mmd_is_a_double_loop(rng, options, k, d):
    x, y, a, b = problem(rng, d=d)
    square = (
        double_loop(x, x, a, a, k) + double_loop(y, y, b, b, k) - 2 * double_loop(x, y, a, b, k)
    )
    assert mmd_squared(x, y, a, b, **options) == pytest.approx(square, rel=1e-10)
    assert mmd(x, y, a, b, **options) == pytest.approx(sqrt(square), rel=1e-10)


@pytest.mark.parametrize(("options", "k"), kernels())
def test_the_unbiased_estimate_leaves_out_equal_indices(rng, options, k):
    x, y, *_ = problem(rng)
    x[3] = x[4]  # a repeated point is still two draws
    n, m = len(x), len(y)
    square = -2 * double_loop(x, y, np.full(n, 1 / n), np.full(m, 1 / m), k)
    for z in (x, y):
        pairs = [k(z[i], z[j]) for i in range(len(z)) for j in range(i)]
        square += np.mean(pairs)
    estimate = mmd_squared(x, y, unbiased=True, **options)
    assert estimate == pytest.approx(square, rel=1e-10)
    assert estimate < mmd_squared(x, y, **options)


@pytest.mark.parametrize("kernel", ["gaussian", "energy", "polynomial"])
def test_the_unbiased_estimate_has_mean_zero_on_equal_laws(rng, kernel):
    options = {"kernel": kernel, "bandwidth": 1.0 if kernel == "gaussian" else None}
    values = []
    for _ in range(400):
        x, y = rng.normal(size=(2, 20, 2))
        values.append(mmd_squared(x, y, unbiased=True, **options))
        assert mmd_squared(x, y, **options) > 0
    error = np.std(values) / sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
    assert min(values) < 0 < max(values)


def test_energy_is_scipys_energy_distance_on_the_line(rng):
    x, y = rng.normal(size=300), rng.exponential(size=200)
    a, b = rng.dirichlet(np.ones(300)), rng.dirichlet(np.ones(200))
    value = mmd(x, y, a, b, kernel="energy")
    assert value == pytest.approx(stats.energy_distance(x, y, a, b), rel=1e-10)


def test_mmd_of_two_gaussians_in_closed_form(rng):
    # E k(X, Y) = (h^2 / (h^2 + 2))^(d/2) exp(-|t|^2 / (2 (h^2 + 2))) for unit covariances
    h, t, d, n = 1.5, 1.0, 2, 3000
    x, y = rng.normal(size=(2, n, d))
    y[:, 0] += t
    height = (h**2 / (h**2 + 2)) ** (d / 2)
    square = 2 * height * (1 - np.exp(-(t**2) / (2 * (h**2 + 2))))
    assert mmd_squared(x, y, bandwidth=h, unbiased=True) == pytest.approx(square, rel=0.1)


def test_the_polynomial_kernel_compares_three_moments(rng):
    # k(x, y) = sum_j C(3, j) x^j y^j on the line
    x, y = rng.normal(size=300), rng.exponential(size=200)
    square = sum(comb(3, j) * (np.mean(x**j) - np.mean(y**j)) ** 2 for j in range(4))
    assert mmd_squared(x, y, kernel="polynomial") == pytest.approx(square, rel=1e-9)
    # the same mean, variance and third moment, and another fourth
    wide, weights = [-np.sqrt(3), 0.0, np.sqrt(3)], [1 / 6, 2 / 3, 1 / 6]
    assert mmd([-1.0, 1.0], wide, b=weights, kernel="polynomial") < 1e-7


def test_the_polynomial_mmd_of_two_gaussians_in_closed_form(rng):
    # N(0, 1) and N(t, 1): the moments differ by t, t^2 and t^3 + 3 t
    t, n = 0.5, 200
    square = 3 * t**2 + 3 * t**4 + (t**3 + 3 * t) ** 2
    values = [
        mmd_squared(rng.normal(size=n), t + rng.normal(size=n), kernel="polynomial", unbiased=True)
        for _ in range(400)
    ]
    assert abs(np.mean(values) - square) < 3 * np.std(values) / sqrt(len(values))


@pytest.mark.parametrize("options", OPTIONS)
def test_mmd_laws(rng, options):
    x, y, a, b = problem(rng)
    order = rng.permutation(len(x))
    assert mmd(x, x[order], **options) == 0
    assert mmd(x, x[order], a, a[order], **options) < 1e-7
    assert mmd(x, y, a, b, **options) == pytest.approx(mmd(y, x, b, a, **options), rel=1e-12)
    if options.get("kernel") != "polynomial":  # a kernel of moments about the origin
        moved = mmd(x + 1e4, y + 1e4, a, b, **options)
        assert moved == pytest.approx(mmd(x, y, a, b, **options), rel=1e-7)
    assert mmd(Discrete(x, a), Discrete(y, b), **options) == mmd(x, y, a, b, **options)
    if "kernel" not in options:
        assert mmd(x, y, a, b, **options) < sqrt(2)
        assert mmd([[0.0]], [[1e9]], bandwidth=1.0) == pytest.approx(sqrt(2))


@pytest.mark.parametrize("options", OPTIONS)
def test_weights_are_repetitions(rng, options):
    x, y, *_ = problem(rng)
    counts = rng.integers(0, 4, size=len(x))
    repeated = mmd(np.repeat(x, counts, axis=0), y, **options)
    assert mmd(x, y, counts / counts.sum(), **options) == pytest.approx(repeated, rel=1e-10)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("d", [2, 20])
def test_blocks_change_nothing(rng, monkeypatch, options, unbiased, d):
    x, y, *_ = problem(rng, d=d)
    whole = mmd_squared(x, y, unbiased=unbiased, **options)
    for block in (7, 100):
        monkeypatch.setattr("wganlab.exact.ground.BLOCK_ENTRIES", block)
        parts = mmd_squared(x, y, unbiased=unbiased, **options)
        assert parts == pytest.approx(whole, rel=1e-10)


def test_the_bandwidth_by_default_is_the_median_distance(rng, monkeypatch):
    x, y, *_ = problem(rng)
    z = np.concatenate([x, y])
    pairs = [np.linalg.norm(z[i] - z[j]) for i in range(len(z)) for j in range(i)]
    assert mmd(x, y) == pytest.approx(mmd(x, y, bandwidth=np.median(pairs)), rel=1e-12)
    assert mmd(x * 1e9, y * 1e9) == pytest.approx(mmd(x, y), rel=1e-9)
    monkeypatch.setattr("wganlab.exact.kernels.MEDIAN_POINTS", 20)
    assert mmd(x, y) == pytest.approx(mmd(x, y, bandwidth=np.median(pairs)), rel=0.1)


def test_the_median_distance_ignores_repetition_and_points_without_mass():
    # most distances between the nine points are 0: the plain median would be
    assert mmd([0.0] * 8, [2.0]) == mmd([0.0], [2.0], bandwidth=2.0)
    assert mmd([0.0, 1e6], [2.0], [1.0, 0.0]) == mmd([0.0], [2.0], bandwidth=2.0)
    assert mmd([3.0], [3.0, 3.0]) == 0


@pytest.mark.parametrize("d", [2, 3, 8, 32])
def test_sliced_w1_of_a_translation(rng, d):
    theta, projections = 3.0, 4000
    x = rng.normal(size=(20, d))
    mean = gamma(d / 2) / (sqrt(pi) * gamma((d + 1) / 2))
    error = sqrt(1 / d - mean**2) / sqrt(projections)
    value = sliced(x, x + theta * np.eye(d)[0], rng=rng, projections=projections)
    assert abs(value / theta - mean) < 3 * error
    known = {2: 0.637, 32: 0.142}.get(d, mean)
    assert mean == pytest.approx(known, abs=5e-4)


def test_sliced_w1_has_the_stated_standard_error(rng):
    x, y = np.zeros((1, 2)), np.array([[3.0, 0.0]])
    values = [sliced(x, y, rng=rng) for _ in range(400)]
    assert np.std(values) / np.mean(values) == pytest.approx(0.034, rel=0.15)


@pytest.mark.parametrize("weighted", [False, True])
def test_sliced_w1_is_the_mean_of_projections_and_below_w1(rng, weighted):
    x, y, a, b = problem(rng, n=20, m=20)
    weights = (a, b) if weighted else (None, None)
    value = sliced(x, y, *weights, rng=np.random.default_rng(7), projections=50)
    v = np.random.default_rng(7).normal(size=(50, 3))
    v /= np.linalg.norm(v, axis=1)[:, None]
    each = [stats.wasserstein_distance(x @ u, y @ u, *weights) for u in v]
    assert value == pytest.approx(np.mean(each), rel=1e-10)
    assert value <= emd(x, y, *weights)


def test_sliced_w1_by_sorting_and_by_quantiles_agree(rng):
    x, y, *_ = problem(rng, n=20, m=20)
    sides = [y, np.repeat(y, 2, axis=0)]  # the second is the same law, of another size
    one, two = (sliced(x, side, rng=np.random.default_rng(7)) for side in sides)
    assert one == pytest.approx(two, rel=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_sliced_w1_on_the_line_is_w1(rng, weighted):
    x, y, a, b = problem(rng, d=1)
    weights = (a, b) if weighted else (None, None)
    assert sliced(x, y, *weights, rng=rng) == emd(x, y, *weights)


def test_sliced_w1_repeats_splits_and_stays_put(rng, monkeypatch):
    x, y, *_ = problem(rng, n=20, m=20)
    first = sliced(x, y, rng=np.random.default_rng(7))
    assert sliced(x, y, rng=np.random.default_rng(7)) == first
    assert sliced(x, y, rng=rng) != first
    assert sliced(x, x[rng.permutation(20)], rng=rng) == pytest.approx(0, abs=1e-15)
    moved = sliced(x + 1e6, y + 1e6, rng=np.random.default_rng(7))
    assert moved == pytest.approx(first, rel=1e-8)
    monkeypatch.setattr("wganlab.exact.slicing.BLOCK", 100)
    assert sliced(x, y, rng=np.random.default_rng(7)) == pytest.approx(first, rel=1e-12)


def test_the_critic_of_total_variation_has_twice_its_value(rng):
    p, q = rng.dirichlet(np.ones(9)), rng.dirichlet(np.ones(9))
    q[4] = p[4]
    q /= q.sum()
    f = np.sign(p - q)
    assert np.abs(f).max() == 1
    assert f @ (p - q) == pytest.approx(2 * tv(p, q), rel=1e-12)
    others = rng.uniform(-1, 1, size=(1000, 9))
    assert (others @ (p - q) <= f @ (p - q)).all()


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"kernel": "laplace"}, "expected 'gaussian', 'laplacian', 'energy' or"),
        ({"kernel": "energy", "bandwidth": 1.0}, "has no bandwidth: leave it out"),
        ({"kernel": "polynomial", "bandwidth": 1.0}, "at no scale.: leave it out"),
        ({"bandwidth": 0.0}, "a positive number in the unit of the points"),
        ({"bandwidth": [1.0, -1.0]}, "a positive number"),
        ({"bandwidth": []}, "a positive number"),
        ({"bandwidth": [[1.0]]}, "a positive number"),
        ({"bandwidth": np.nan}, "bandwidth has nan"),
        ({"a": [1.0, 1.0]}, "sums to 2, expected 1"),
    ],
)
@pytest.mark.parametrize("call", [mmd, mmd_squared])
def test_bad_options_are_refused_with_advice(call, arguments, advice):
    with pytest.raises(ValueError, match=advice):
        call([0.0, 1.0], [2.0, 3.0], **arguments)


def test_points_whose_cubes_overflow_are_refused():
    with pytest.raises(ValueError, match=r"mean square 1e\+100 overflow .* choose a larger unit"):
        mmd([0.0], [1e50], kernel="polynomial")


def test_a_median_that_underflows_is_refused():
    with pytest.raises(ValueError, match="choose a smaller unit"):
        mmd([0.0], [1e-200])


@pytest.mark.parametrize("weights", [{"a": [0.5, 0.25, 0.25]}, {"b": [1.0, 0.0]}])
def test_unequal_weights_have_no_unbiased_estimate(weights):
    with pytest.raises(ValueError, match="draws of equal weight; use unbiased=False"):
        mmd_squared([0.0, 1.0, 2.0], [2.0, 3.0], unbiased=True, **weights)


def test_one_point_has_no_unbiased_estimate():
    with pytest.raises(ValueError, match="x has 1 points"):
        mmd_squared([0.0], [2.0, 3.0], unbiased=True)


@pytest.mark.parametrize("rng", [None, 0, np.random])
def test_sliced_w1_wants_a_generator(rng):
    with pytest.raises(ValueError, match=r"pass numpy.random.default_rng\(seed\)"):
        sliced([[0.0, 0.0]], [[1.0, 1.0]], rng=rng)


def test_sliced_w1_wants_projections(rng):
    with pytest.raises(ValueError, match="expected at least 1"):
        sliced([[0.0, 0.0]], [[1.0, 1.0]], rng=rng, projections=0)


def test_given_directions_need_no_generator(rng):
    x, y, a, b = problem(rng)
    v = rng.normal(size=(4, 3))
    each = [exact.wasserstein(x @ u, y @ u, a, b, p=2).value / np.linalg.norm(u) for u in v]
    assert sliced(x, y, a, b, projections=v, p=2) == pytest.approx(
        np.sqrt(np.mean(np.square(each)))
    )
    assert exact.max_sliced(x, y, a, b, projections=v, p=2) == pytest.approx(max(each))
    assert max(each) <= exact.wasserstein(x, y, a, b, p=2).value
    assert exact.max_sliced(x, y, rng=rng) <= emd(x, y)
    assert sliced(x * 1e200 / 1e60, y * 1e200 / 1e60, projections=v, p=9) < np.inf


@pytest.mark.parametrize(
    ("projections", "advice"),
    [
        (np.ones((3, 4)), r"shape \(3, 4\), expected a number .*\(k, 3\).*: pass projections.T"),
        (np.ones(3), r"shape \(3,\), expected a number of them or \(k, 3\)"),
        (np.zeros((0, 3)), r"or \(k, 3\), one direction a row"),
        (np.zeros((1, 3)), "is 0 in row 0: no direction"),
        (2.5, "expected at least 1, a whole number"),
        ("many", "projections holds text"),
        ([[1, 2, 3], [4]], "projections cannot be read as an array"),
    ],
)
def test_directions_that_are_none_are_refused(rng, projections, advice):
    x, y, *_ = problem(rng)
    with pytest.raises(ValueError, match=advice):
        sliced(x, y, rng=rng, projections=projections)


def test_the_laplacian_kernel(rng):
    x, y, a, b = problem(rng)
    laws = [(x, a), (y, b)]
    mean = [[u @ np.exp(-cdist(s, t) / 0.7) @ v for t, v in laws] for s, u in laws]
    expected = np.sqrt(mean[0][0] + mean[1][1] - 2 * mean[0][1])
    assert mmd(x, y, a, b, kernel="laplacian", bandwidth=0.7) == pytest.approx(expected, rel=1e-9)
    assert mmd(x, x, kernel="laplacian") == 0
