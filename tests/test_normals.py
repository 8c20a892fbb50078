"""W2 of normal laws against the trace formula and closed forms; the Fréchet distance of clouds."""

import mpmath
import numpy as np
import pytest
from scipy.linalg import sqrtm

from wganlab import exact
from wganlab.exact import frechet, known, normal_w2


def by_traces(m, c, n, d):
    root = sqrtm(c)
    return np.sqrt(((m - n) ** 2).sum() + np.trace(c + d - 2 * np.real(sqrtm(root @ d @ root))))


def test_w2_of_normal_laws_agrees_with_the_trace_formula(rng):
    for dim in (1, 2, 5):
        m, n, a, b = (*rng.normal(size=(2, dim)), *rng.normal(size=(2, dim, dim)))
        c, d = a @ a.T, b @ b.T
        assert normal_w2(m, c, n, d) == pytest.approx(by_traces(m, c, n, d), rel=1e-7)
        assert normal_w2(m, c, n, d) == pytest.approx(normal_w2(n, d, m, c), rel=1e-9)
    assert normal_w2(0, 4, 3, 36) == pytest.approx(5)
    assert normal_w2([0, 0], np.eye(2), [0, 0], np.zeros((2, 2))) == pytest.approx(np.sqrt(2))


def test_close_covariances_keep_their_digits():
    near = np.diag([1 + 1e-9, 1])
    exactly = float(mpmath.sqrt(1 + mpmath.mpf(near[0, 0] - 1)) - 1)
    assert normal_w2([0, 0], np.eye(2), [0, 0], near) == pytest.approx(exactly, rel=1e-5)


def test_frechet_is_w2_of_the_fitted_normal_laws(rng):
    x, y = rng.normal(size=(40, 3)) * 2, rng.normal(size=(50, 3)) + 1
    expected = by_traces(x.mean(axis=0), np.cov(x.T), y.mean(axis=0), np.cov(y.T))
    assert frechet(x, y) == pytest.approx(expected, rel=1e-7)
    assert frechet(x + 1e6, x) == pytest.approx(1e6 * np.sqrt(3))
    few, more = rng.normal(size=(3, 6)), rng.normal(size=(4, 6))  # fewer points than dimensions
    assert frechet(few, few) == pytest.approx(0, abs=1e-12)
    assert frechet(few, more) <= exact.wasserstein(few, more, p=2).value * 2


def test_known_normal_laws_have_a_w2():
    for pair, expected in (
        (known.Normals((0, 1), (3, 5)), 5),
        (known.Gaussians((0, 0), (3, 4)), 5),
        (known.ScaledGaussians(1.0, 3.0, 4), 4),
    ):
        assert pair.w2 == pytest.approx(expected)
    assert known.Funnels().w2 is None


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda: normal_w2([0, 0], [[1, 2], [0, 1]], [0, 0], np.eye(2)), "not symmetric"),
        (lambda: normal_w2([0, 0], -np.eye(2), [0, 0], np.eye(2)), "negative eigenvalue"),
        (lambda: normal_w2([0, 0], np.eye(3), [0, 0], np.eye(2)), r"expected \(2, 2\)"),
        (lambda: normal_w2([0, 0], np.eye(2), [0], [[1]]), r"expected \(d,\) twice"),
        (lambda: frechet([0.0], [1.0, 2.0]), "x has 1 points: give two or more"),
    ],
)
def test_what_is_no_normal_law_is_refused(call, advice):
    with pytest.raises(ValueError, match=advice):
        call()
