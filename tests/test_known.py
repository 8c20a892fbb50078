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
    return [[1 - probability, probability] for probability in (pair.real, pair.fake)]


CLOSED = (known.Uniforms, known.Exponentials, known.Normals, known.Bernoullis)


@each
def test_em_agrees_with_the_linear_program_on_a_discretization(pair):
    # equal u: an optimal coupling; midpoints: the same law up to O(1 / n)
    n = 2000 if pair.dim == 1 else 400
    if pair.dim == 1:
        u = (np.arange(n)[:, None] + 0.5) / n
    else:
        u = np.random.default_rng(0).uniform(size=(n, pair.dim))
    value = exact.emd(pair._real(u), pair._fake(u))
    assert value == pytest.approx(pair.emd, abs=4e-3 * (1 + pair.emd))


@each
def test_samples_have_the_shape_and_the_laws(pair, rng):
    x, y = pair.sample(4000, rng)
    assert x.shape == y.shape == (4000, pair.dim)
    gap = pair.critic(x).mean() - pair.critic(y).mean()
    spread = np.sqrt((pair.critic(x).var() + pair.critic(y).var()) / 4000)
    assert abs(gap - pair.emd) <= 4 * spread + 1e-9
    x, y = pair.sample(4000, rng, paired=True)
    lengths = np.linalg.norm(x - y, axis=1)
    assert abs(lengths.mean() - pair.emd) <= 4 * lengths.std() / np.sqrt(4000) + 1e-9


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
        (lambda: known.ParallelLines().critic([[1.0, 2.0, 3.0]]), "dimension 3, the pair in 2"),
        (lambda: known.ParallelLines().sample(0, np.random.default_rng(0)), "at least one"),
    ],
)
def test_bad_parameters_are_refused(build, advice):
    with pytest.raises(ValueError, match=advice):
        build()
