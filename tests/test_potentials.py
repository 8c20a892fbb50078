"""The exact critic anywhere in space, certificates, interpolation and gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from wganlab import exact
from wganlab.exact import certificate, emd, wasserstein

NAMES = {"euclidean": "euclidean", "l1": "cityblock"}


def weighted(rng, n, m, d):
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 0.5
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    return x, y, a, b


@pytest.mark.parametrize("metric", ["euclidean", "l1"])
@pytest.mark.parametrize(("n", "m", "d"), [(40, 30, 1), (40, 30, 2), (30, 30, 5), (20, 30, 40)])
def test_the_critic_is_lipschitz_everywhere_and_its_gap_is_em(rng, n, m, d, metric):
    x, y, a, b = weighted(rng, n, m, d)
    result = wasserstein(x, y, a, b, metric=metric)
    z = np.concatenate([rng.normal(size=(200, d)) * 4, x, y])
    f = result.critic(z)
    length = cdist(z, z, NAMES[metric])
    apart = length > 0
    assert (np.abs(f[:, None] - f)[apart] / length[apart]).max() <= 1 + 1e-9
    gap = a @ result.critic(x) - b @ result.critic(y)
    assert gap == pytest.approx(result.value, rel=1e-9)
    np.testing.assert_allclose(result.critic(x)[a > 0], result.potentials[0][a > 0], atol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 7])
def test_the_gradient_is_that_of_the_critic(rng, d):
    x, y, a, b = weighted(rng, 30, 20, d)
    result = wasserstein(x, y, a, b)
    z, step = rng.normal(size=(50, d)), 1e-6
    gradient = result.critic_gradient(z)
    np.testing.assert_allclose(np.linalg.norm(gradient, axis=1), 1, atol=1e-12)
    numeric = np.stack(
        [
            (result.critic(z + step * e) - result.critic(z - step * e)) / (2 * step)
            for e in np.eye(d)
        ],
        axis=1,
    )
    np.testing.assert_allclose(gradient, numeric, atol=1e-5)


def test_along_a_transport_ray_the_critic_falls_at_slope_one(rng):
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 2)) + 2
    result = wasserstein(x, y)
    i, j = result.plan.nonzero()
    way = np.linalg.norm(x[i] - y[j], axis=1)
    for t in (0.25, 0.5, 0.75):
        on_the_way = (1 - t) * x[i] + t * y[j]
        np.testing.assert_allclose(
            result.critic(on_the_way), result.critic(x[i]) - t * way, atol=1e-9
        )
        np.testing.assert_allclose(
            result.critic_gradient(on_the_way), (x[i] - y[j]) / way[:, None], atol=1e-6
        )


@pytest.mark.parametrize("p", [1, 2, 3])
def test_the_displacement_is_a_geodesic(rng, p):
    x, y, a, b = weighted(rng, 12, 15, 2)
    result = wasserstein(x, y, a, b, p=p)
    for t in (0.1, 0.3, 0.9):
        between = result.displacement(t)
        source, target = result.source, result.target
        value = result.value
        assert wasserstein(source, between, p=p).value == pytest.approx(t * value, abs=1e-9)
        assert wasserstein(between, target, p=p).value == pytest.approx((1 - t) * value, abs=1e-9)


@given(st.integers(0, 10**6), st.sampled_from([1e-3, 1.0, 1e3, 1e9]), st.integers(1, 4))
def test_no_function_certifies_more_than_em(seed, scale, d):
    rng = np.random.default_rng(seed)
    x, y, a, b = weighted(rng, 12, 9, d)
    truth = emd(x, y, a, b)
    optimal = wasserstein(x, y, a, b).potentials[0]
    for f in (
        rng.normal(size=12),
        scale * rng.normal(size=12),
        scale * optimal,
        -optimal,
        optimal + scale * (rng.uniform(size=12) < 0.2),
        np.full(12, scale),
    ):
        assert certificate(f, x, y, a, b) <= truth


@pytest.mark.parametrize("metric", ["euclidean", "l1"])
@pytest.mark.parametrize("d", [1, 2, 40])
def test_the_optimal_critic_certifies_em_itself(rng, d, metric):
    x, y, a, b = weighted(rng, 25, 30, d)
    result = wasserstein(x, y, a, b, metric=metric)
    bound = certificate(result.critic(x), x, y, a, b, metric=metric)
    assert bound == pytest.approx(result.value, rel=1e-9)
    shifted = certificate(result.critic(x)[:, None] + 1e3, x, y, a, b, metric=metric)
    assert shifted == pytest.approx(result.value, rel=1e-9)


def test_gradients_do_not_underflow():
    result = wasserstein([[0.0, 0.0]], [[3e-170, 4e-170]])
    assert result.value == pytest.approx(5e-170)
    for gradient in (result.gradients()[0], result.critic_gradient([[0.0, 0.0]])):
        np.testing.assert_allclose(gradient, [[-0.6, -0.8]])


@pytest.mark.parametrize("offset", [1e6, -1e12, 1e16, 3e16])
def test_an_offset_of_the_critic_proves_no_more(offset):
    x, y = [[0.0, 0.0], [1.0, 0.0]], [[3.0, 0.0], [4.0, 0.0]]
    assert certificate(np.array([0.0, -1.0]) + offset, x, y) <= 3


def test_a_certificate_survives_duplicated_points():
    x, y = [[0.0], [0.0], [2.0]], [[1.0], [0.0], [2.0]]
    assert certificate([1.0, -1.0, 0.0], x, y) <= emd(x, y)


@pytest.mark.parametrize(
    ("act", "advice"),
    [
        (lambda r: wasserstein(r.source, r.target, p=2).critic([[0.0, 0.0]]), "belongs to W1"),
        (lambda r: r.critic([[0.0, 0.0, 0.0]]), "dimension 3, the points in 2"),
        (lambda r: r.critic([[0.0, np.nan]]), "z has nan"),
        (lambda r: r.displacement(1.5), "from 0 to 1"),
        (lambda r: wasserstein(None, None, metric=[[1.0]]).critic([0.0]), "came as a matrix"),
        (lambda r: wasserstein(None, None, metric=[[1.0]]).gradients(), "came as a matrix"),
        (lambda r: wasserstein(None, None, metric=[[1.0]]).displacement(0.5), "came as a matrix"),
        (
            lambda r: certificate([1.0], r.source, r.target),
            r"f_x has shape \(1,\), expected \(2,\)",
        ),
        (lambda r: certificate([1.0, np.inf], r.source, r.target), "f_x has inf in row 1"),
        (
            lambda r: certificate([1.0, 0.0], r.source, r.target, metric="l3"),
            "expected 'euclidean'",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(act, advice):
    result = wasserstein([[0.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [3.0, 0.0]])
    with pytest.raises(ValueError, match=advice):
        act(result)


def test_known_critics_certify_what_they_should(rng):
    pair = exact.known.ParallelLines(0.5)
    x, y = pair.sample(40, rng, paired=True)
    assert certificate(pair.critic(x), x, y) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("metric", ["euclidean", "l1"])
def test_a_certificate_is_never_above_what_emd_returns(rng, metric):
    for k in range(60):
        d, n, m = (int(rng.choice(sizes)) for sizes in ([1, 2, 3, 20], range(1, 40), range(1, 40)))
        x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 0.5
        weights = (rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))) if k % 3 else (None, None)
        result = wasserstein(x, y, *weights, metric=metric)
        for f in (result.potentials[0], result.critic(x), 1e6 + result.critic(x)):
            proven = certificate(f, x, y, *weights, metric=metric)
            assert result.value * (1 - 1e-8) <= proven <= result.value


def test_far_points_of_hardly_any_mass_certify_no_more(rng):
    for k in range(60):
        x, y = rng.normal(size=(9, 2)), rng.normal(size=(12, 2))
        x[0] *= 10.0 ** rng.uniform(6, 13)
        y[0] *= 10.0 ** rng.uniform(6, 13) if k % 2 else 1
        a, b = rng.dirichlet(np.ones(9)), rng.dirichlet(np.ones(12))
        a[0], b[0] = 10.0 ** rng.uniform(-17, -13, 2)
        result = wasserstein(x, y, a / a.sum(), b / b.sum())
        proven = certificate(result.potentials[0], x, y, a / a.sum(), b / b.sum())
        assert proven <= result.value
        assert result.bound <= result.value


def test_certificates_of_costs_that_are_no_metric():
    x, y = [[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 0.0], [2.0, 1.0]]

    def skew(u, v):  # not symmetric
        return np.maximum(u[:, :1] - v[:, 0], 0) + 0.5

    for metric in ("cosine", skew):
        result = wasserstein(x, y, metric=metric)
        proven = certificate(result.potentials[0], x, y, metric=metric)
        assert proven <= result.value
        assert proven == pytest.approx(result.value, rel=1e-9)
        with pytest.raises(ValueError, match="no Lipschitz function; `potentials` has them"):
            result.critic(x)


def test_values_that_overflow_are_refused():
    with pytest.raises(ValueError, match="divide it by a number"):
        certificate([1e308, -1e308], [0.0, 1.0], [2.0])
