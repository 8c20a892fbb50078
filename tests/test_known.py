"""Closed forms against the linear program on fine discretizations, and against quadrature."""

import numpy as np
import pytest
from scipy import stats

from wganlab import exact
from wganlab.exact import known

INSTANCES = [
    *known.all(),
    known.ParallelLines(0),
    known.ParallelLines(-0.3),
    known.Translation((0.25, -0.5, 0.125)),
    known.Translation((0.0,)),
    known.Uniforms((0, 4), (1, 2)),
    known.Uniforms((0, 1), (0.5, 1.5)),
    known.Uniforms((0, 1), (0, 1)),
    known.Exponentials(2, 2),
    known.Exponentials(5, 0.5),
    known.Bernoullis(1, 0.5),
    known.Bernoullis(0, 1),
    known.Normals((0, 1), (0, 2)),
    known.Normals((0, 1), (5, 1)),
    known.Normals((3, 2), (-1, 0.5)),
    known.Normals((0, 1), (0.3, 1 + 1e-9)),
    known.Line(stats.norm(), stats.norm(0.5, 2)),
    known.Gaussians((0, 1, 2), (-1, 1.5, 2), (2, 1, 0, 1, 2, 0.5, 0, 0.5, 1)),
    known.Gaussians((1, 2), (1, 2)),
    known.Gaussians((1,), (0,), (9,)),
    known.ScaledGaussians(3, 0.5, 1),
    known.ScaledGaussians(1, 1, 4),
    known.ScaledGaussians(1, 1.01, 100),
    known.Rescaling(0.5, 1),
    known.Rescaling(1, 2),
    known.Rescaling(4, 50),
    known.Spheres(3, 2, 128),
    known.Spheres(1, 1, 3),
    known.Spheres(1, 2, 1),
    known.Balls(2, 1, 1),
    known.Balls(1, 1, 3),
    known.Balls(1.5, 1, 64),
    known.Cones(1, 1),
    known.Cones(3, 1),
    known.Cones(5, 32, 2.5),
    known.Polygons(1),
    known.Polygons(2),
    known.Polygons(17),
    known.Simplex((1, 0, 0), (0, 0.5, 0.5), side=3),
    known.Simplex((0.25,) * 4, (0.25,) * 4),
    known.Simplex((1,), (1,)),
    known.Simplex((0.5, 0.1, 0.4), (0.2, 0.8, 0)),
    known.BlackImage(1, 1),
    known.BlackImage(3, 6),
    known.Product(known.Normals((0, 1), (0, 2)), 3),
    known.Product(known.Cones(2, 3), 1),
    known.Product(known.Bernoullis(), 0),
]
IDS = [f"{type(pair).__name__}-{k}" for k, pair in enumerate(INSTANCES)]
each = pytest.mark.parametrize("pair", INSTANCES, ids=IDS)


def laws(pair):
    """The laws of a pair in a form that tv, kl and js take."""
    if isinstance(pair, known.Uniforms):
        return [stats.uniform(low, high - low) for low, high in (pair.real, pair.fake)]
    if isinstance(pair, known.Exponentials):
        return [stats.expon(scale=mean) for mean in (pair.real, pair.fake)]
    if isinstance(pair, known.Normals):
        return [stats.norm(mean, deviation) for mean, deviation in (pair.real, pair.fake)]
    if isinstance(pair, known.Gaussians):  # along the line on which the likelihood ratio varies
        slope = np.linalg.solve(pair._matrix, np.subtract(pair.real, pair.fake))
        spread = np.sqrt(slope @ pair._matrix @ slope) or 1.0
        return [stats.norm(slope @ mean, spread) for mean in (pair.real, pair.fake)]
    if isinstance(pair, known.ScaledGaussians):  # radial pairs: the laws of the radius
        return [stats.chi(pair.dim, scale=scale) for scale in (pair.real, pair.fake)]
    if isinstance(pair, known.Rescaling):
        return [stats.gamma(1), stats.gamma(1, scale=pair.scale)]
    if isinstance(pair, known.Balls):
        return [stats.powerlaw(pair.dim, scale=radius) for radius in (pair.real, pair.fake)]
    if isinstance(pair, known.Simplex):
        return [pair.real, pair.fake]
    return [[1 - probability, probability] for probability in (pair.real, pair.fake)]


CLOSED = (
    known.Uniforms,
    known.Exponentials,
    known.Normals,
    known.Bernoullis,
    known.Gaussians,
    known.ScaledGaussians,
    known.Rescaling,
    known.Balls,
    known.Simplex,
)


@each
def test_em_agrees_with_the_linear_program(pair):
    if pair.dim == 1:  # midpoints: the law up to O(1 / n)
        u = (np.arange(2000)[:, None] + 0.5) / 2000
        value = exact.emd(pair._real(u), pair._fake(u))
        assert value == pytest.approx(pair.emd, abs=4e-3 * (1 + pair.emd))
    else:  # draws from an optimal coupling are coupled optimally
        x, y = pair.sample(400, np.random.default_rng(0), paired=True)
        lengths = np.linalg.norm(x - y, axis=1)
        assert exact.emd(x, y) == pytest.approx(lengths.mean(), abs=1e-9)
        assert abs(lengths.mean() - pair.emd) <= 4 * lengths.std() / 20 + 1e-9


@each
def test_samples_have_the_shape_and_the_laws(pair, rng):
    x, y = pair.sample(4000, rng)
    assert x.shape == y.shape == (4000, pair.dim)
    gap = pair.critic(x).mean() - pair.critic(y).mean()
    spread = np.sqrt((pair.critic(x).var() + pair.critic(y).var()) / 4000)
    error = 4 * getattr(pair, "emd_error", 0) + 1e-9
    assert abs(gap - pair.emd) <= 4 * spread + error
    x, y = pair.sample(4000, rng, paired=True)
    lengths = np.linalg.norm(x - y, axis=1)
    assert abs(lengths.mean() - pair.emd) <= 4 * lengths.std() / np.sqrt(4000) + error


@pytest.mark.slow
@each
def test_the_critic_is_lipschitz_and_tight_on_the_optimal_coupling(pair, rng):
    z = rng.normal(size=(300, pair.dim)) * 3
    values = pair.critic(z)
    assert values.shape == (300,)
    slopes = np.abs(values[:, None] - values) / (
        np.linalg.norm(z[:, None] - z, axis=2) + np.eye(300)
    )
    assert slopes.max() <= 1 + 1e-9
    x, y = pair.sample(500, rng, paired=True)
    difference = pair.critic(x) - pair.critic(y)
    np.testing.assert_allclose(difference, np.linalg.norm(x - y, axis=1), atol=1e-7)


@each
def test_the_distances_obey_the_inequalities_between_them(pair):
    if None not in (pair.tv, pair.kl):
        assert pair.tv <= np.sqrt(min(pair.kl, pair.reverse_kl) / 2) + 1e-9
    if None not in (pair.tv, pair.js):
        assert pair.tv**2 / 2 - 1e-9 <= pair.js <= np.log(2) * pair.tv + 1e-9
    equal = pair.emd == 0
    for value in (pair.tv, pair.js, pair.kl, pair.reverse_kl):
        assert value is None or (value == 0 if equal else value > 0)


@pytest.mark.parametrize("pair", [pair for pair in INSTANCES if isinstance(pair, CLOSED)], ids=repr)
def test_divergences_agree_with_quadrature_or_summation(pair):
    p, q = laws(pair)
    for value, computed in (
        (pair.tv, exact.tv(p, q)),
        (pair.js, exact.js(p, q)),
        (pair.kl, exact.kl(p, q)),
        (pair.reverse_kl, exact.kl(q, p)),
    ):
        assert value is None or value == pytest.approx(computed, abs=1e-7)


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        (known.Uniforms((0, 1), (2, 4)), 2.5),
        (known.ScaledGaussians(1, 2, 2), 1.2533),
        (known.ScaledGaussians(1, 2, 10), 3.0843),
        (known.Gaussians((1, 0, 0), (0, 0, 0)), 1),
        (known.Spheres(1, 3.5, 7), 2.5),
        (known.Balls(1, 2, 9), 0.9),
        (known.Rescaling(3, 7), 2),
        (known.Cones(4, 10), 1),
        (known.Polygons(2), np.sqrt(2)),
        (known.Polygons(3), 1),
        (known.Simplex((1, 0), (0, 1), side=5), 5),
        (known.BlackImage(35, 64), 35),
        (known.Product(known.ParallelLines(0.5), 6), 0.5),
    ],
    ids=lambda value: type(value).__name__,
)
def test_published_values(pair, value):
    assert pair.emd == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize(
    ("pair", "side"),
    [
        (known.Gaussians((0.5, 0), (-0.5, 1), (2, 1, 1, 2)), 12),
        (known.ScaledGaussians(1, 1.5, 2), 12),
        (known.Rescaling(1.5, 2), 40),
        (known.Balls(1, 1.5, 2), 3.2),
    ],
    ids=repr,
)
def test_tv_agrees_with_a_histogram_of_samples(pair, side, rng):
    # the law of the samples themselves, not of a radius or a projection
    x, y = pair.sample(400_000, rng)
    cells = [np.linspace(-side / 2, side / 2, 81)] * 2
    p, q = (np.histogramdd(z, cells)[0].ravel() / len(z) for z in (x, y))
    assert np.abs(p - q).sum() / 2 == pytest.approx(pair.tv, abs=0.02)


@pytest.mark.parametrize("m", [1, 2, 5])
def test_polygons_and_simplices_agree_with_the_linear_program_on_their_atoms(m):
    pair = known.Polygons(m)
    assert exact.emd(pair._turned(0), pair._turned(0.5)) == pytest.approx(pair.emd, abs=1e-12)
    weights = np.random.default_rng(m).dirichlet(np.ones(m), size=2)
    pair = known.Simplex(*map(tuple, weights), side=2.5)
    value = exact.emd(pair._vertices, pair._vertices, *weights)
    assert value == pytest.approx(pair.emd, abs=1e-12)


def test_a_linear_critic_does_not_see_the_black_image():
    pair = known.BlackImage(4, 8)
    x, y = pair._real(np.array([[0.2] * 64, [0.8] * 64])), pair._fake(np.zeros((2, 64)))
    assert not x.mean(axis=0).any()
    assert not y.any()
    assert exact.emd(x, y) == pair.emd
    assert exact.js(exact.Discrete(x), exact.Discrete(y)) == pytest.approx(pair.js)


@pytest.mark.parametrize("shift", [(0.25, -0.5, 0.125), (0.0, 0.0), (2.0, 0.0)])
def test_translated_cubes_agree_with_a_grid(shift):
    pair = known.Translation(shift)
    side = 16
    grid = np.stack(np.meshgrid(*[(np.arange(side) + 0.5) / side] * pair.dim), -1)
    x = exact.Discrete(grid.reshape(-1, pair.dim))
    y = exact.Discrete(x.points + np.asarray(shift))
    assert exact.tv(x, y) == pytest.approx(pair.tv, abs=1e-12)
    assert exact.js(x, y) == pytest.approx(pair.js, abs=1e-12)
    assert exact.kl(x, y) == pair.kl


def test_parallel_lines_at_and_off_zero(rng):
    for theta in (0.0, 0.5):
        pair = known.ParallelLines(theta)
        x, y = (exact.Discrete(z) for z in pair.sample(50, rng, paired=True))
        assert exact.emd(x, y) == pytest.approx(pair.emd, abs=1e-12)
        assert exact.js(x, y) == pytest.approx(pair.js, abs=1e-12)
        assert exact.tv(x, y) == pytest.approx(pair.tv, abs=1e-12)
        assert exact.kl(x, y) == pair.kl


@pytest.mark.parametrize(
    ("build", "advice"),
    [
        (lambda: known.Uniforms((1, 0), (0, 1)), "give low < high"),
        (lambda: known.Exponentials(-1, 1), "is positive"),
        (lambda: known.Bernoullis(1.5, 0), r"in \[0, 1\]"),
        (lambda: known.Normals((0, 0), (0, 1)), "is positive"),
        (lambda: known.Gaussians((0, 1), (1,)), "2 and 1 coordinates"),
        (lambda: known.Gaussians((0, 1), (1, 1), (1, 2)), "2 entries: give 2 . 2"),
        (lambda: known.Gaussians((0, 1), (1, 1), (1, 2, 2, 1)), "eigenvalues are positive"),
        (lambda: known.Gaussians((0, 1), (1, 1), (1, 0, 0.5, 1)), "symmetric"),
        (lambda: known.Spheres(1, -2), "-2 is no scale"),
        (lambda: known.Rescaling(0), "0 is no scale"),
        (lambda: known.Balls(1, 2, 0), "dimension = 0"),
        (lambda: known.Cones(0), "at least one center"),
        (lambda: known.Cones(spacing=1.9), "EM falls below 1"),
        (lambda: known.Polygons(0), "at least 1"),
        (lambda: known.Simplex((3, 5), (0.5, 0.5)), "did you pass counts"),
        (lambda: known.Simplex(side=0), "a positive length"),
        (lambda: known.BlackImage(9, 8), "not within one of 8"),
        (lambda: known.Product(extra=-1), "at least 0"),
        (lambda: known.Funnels(funnels=0), "one funnel"),
        (lambda: known.Funnels(power=0.5), "uphill"),
        (lambda: known.ParallelLines(np.nan), "theta = nan: give a finite number"),
        (lambda: known.Bernoullis(0.2, np.nan), "fake = nan: give a finite number"),
        (lambda: known.Exponentials(np.inf, 1), "real = inf: give a finite number"),
        (lambda: known.Rescaling("2"), "scale = '2': give a finite number"),
        (lambda: known.Spheres(dimension=2.5), "dimension = 2.5: give a whole number"),
        (lambda: known.Funnels(funnels=True), "funnels = True: give a whole number"),
        (lambda: known.Cones(spacing=np.inf), "spacing = inf"),
        (lambda: known.Translation(()), "one coordinate or more"),
        (lambda: known.Translation(3.0), "shift = 3.0: give a tuple of numbers"),
        (lambda: known.Translation((1, np.inf)), "shift has inf in row 1"),
        (lambda: known.Normals((0, 1, 2), (0, 1)), r"real = \(0, 1, 2\): give two numbers"),
        (lambda: known.Normals((0, 1e-300), (0, 1)), "1e-300 is beyond.*another unit"),
        (lambda: known.ScaledGaussians(1, 1e200), r"1e\+200 is beyond"),
        (lambda: known.Uniforms((0, np.inf), (0, 1)), "real has inf in row 1"),
        (lambda: known.Gaussians((0, np.nan), (0, 0)), "real has nan in row 1"),
        (lambda: known.Simplex(side=np.nan), "side = nan"),
        (lambda: known.Product(3), "pair is of type int"),
        (lambda: known.Line(stats.norm, stats.norm()), "real is no frozen continuous law"),
        (lambda: known.Line(stats.norm(), stats.norm(0, -1)), "fake is no law"),
        (lambda: known.ParallelLines().sample(2.5, np.random.default_rng(0)), "whole number"),
        (lambda: known.ParallelLines().critic([[1.0, 2.0, 3.0]]), "dimension 3, the pair in 2"),
        (lambda: known.ParallelLines().sample(0, np.random.default_rng(0)), "at least one"),
    ],
)
def test_bad_parameters_are_refused(build, advice):
    with pytest.raises(ValueError, match=advice):
        build()


def test_a_seed_is_no_generator():
    with pytest.raises(
        TypeError, match=r"rng is of type int: pass numpy\.random\.default_rng\(0\)"
    ):
        known.ParallelLines().sample(3, 0)


@pytest.mark.parametrize(("real", "fake"), [(1e-320, 3), (3, 1e-320), (1e-200, 1e200)])
def test_exponentials_of_means_far_apart(real, fake):
    pair = known.Exponentials(real, fake)
    assert pair.tv == pytest.approx(1, abs=1e-12)
    assert pair.kl > 500
    assert pair.reverse_kl > 500


@pytest.mark.parametrize("ratio", [1 + 1e-12, 1.5, 1.999, 2.001, 1e6])
def test_tv_of_exponentials_does_not_depend_on_the_unit(ratio):
    x = np.log(ratio) / (ratio - 1)  # where the densities are equal
    for unit in (1.0, 1e-290, 1e290):
        digits = 1e-3 if ratio < 1.1 else 1e-12  # of the ratio itself
        value = known.Exponentials(unit, ratio * unit).tv
        assert value == pytest.approx(np.exp(-x) * -np.expm1(-x * (ratio - 1)), rel=digits)


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        (stats.uniform(0, 1), stats.uniform(-1, 4)),
        (stats.uniform(0, 1), stats.uniform(-1, 3)),
        (stats.t(3), stats.norm(50)),
        (stats.norm(), stats.norm(0, 3)),
        (stats.expon(), stats.norm(1)),
    ],
)
def test_the_critic_on_the_line_is_optimal(real, fake):
    pair = known.Line(real, fake)
    u = (np.arange(200_000)[:, None] + 0.5) / 200_000
    gap = pair.critic(real.ppf(u)).mean() - pair.critic(fake.ppf(u)).mean()
    assert gap == pytest.approx(pair.emd, rel=2e-3)


def test_total_variation_of_normals_does_not_depend_on_the_origin():
    here = known.Normals((0, 1), (0, 2)).tv
    for far in (2.0**20, 2.0**40):
        assert known.Normals((far, 1), (far, 2)).tv == pytest.approx(here, rel=1e-12)
    assert (
        known.Normals((0, 1.9177902169701393), (0, np.nextafter(1.9177902169701393, 2))).tv < 1e-15
    )


def test_near_equal_laws_have_no_negative_divergence(rng):
    for _ in range(200):
        s = rng.uniform(0.1, 0.9)
        t = s * (1 + 1e-8 * rng.normal())
        for pair in (
            known.Exponentials(s, t),
            known.Bernoullis(s, t),
            known.Normals((0, s), (0, t)),
        ):
            for value in (pair.tv, pair.js, pair.kl, pair.reverse_kl):
                assert value is None or value >= 0


def test_intervals_of_any_unit():
    assert known.Uniforms((0, 1e-170), (-1e-170, 2e-170)).emd == pytest.approx(5e-171)
