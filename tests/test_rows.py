"""Many histograms in one call."""

import numpy as np
import pytest

from wganlab import exact
from wganlab.exact import over_rows


@pytest.mark.parametrize("distance", [exact.tv, exact.js, exact.kl, exact.chi2, exact.le_cam])
def test_rows_are_taken_one_by_one(rng, distance):
    p, q = rng.dirichlet(np.ones(4), size=5), rng.dirichlet(np.ones(4), size=5)
    np.testing.assert_array_equal(
        over_rows(distance, p, q), [distance(u, v) for u, v in zip(p, q, strict=True)]
    )
    np.testing.assert_array_equal(over_rows(distance, p[0], q), [distance(p[0], v) for v in q])
    np.testing.assert_array_equal(over_rows(distance, p, q[0]), [distance(u, q[0]) for u in p])


def test_transport_takes_the_places_of_the_bins(rng):
    p, q = rng.dirichlet(np.ones(4), size=3), rng.dirichlet(np.ones(4), size=3)
    points = rng.normal(size=(4, 2))
    pairs = list(zip(p, q, strict=True))
    expected = [exact.emd(points, points, u, v) for u, v in pairs]
    np.testing.assert_array_equal(over_rows(exact.emd, p, q, points=points), expected)
    second = over_rows(exact.sinkhorn_divergence, p, q, points=points, epsilon=1.0)
    assert second[1] == exact.sinkhorn_divergence(points, points, *pairs[1], epsilon=1.0)


@pytest.mark.parametrize(
    ("p", "q", "advice"),
    [
        ([1.0, 0.0], [1.0, 0.0], "one histogram each: call the distance itself"),
        ([[1.0, 0.0]], [[1.0, 0.0]] * 2, "p has 1 rows and q 2"),
        ([[1.0, 0.0], [1.0, 1.0]], [1.0, 0.0], "row 1: p sums to 2, expected 1"),
        ([[0.5, 0.5], [1.0]], [1.0, 0.0], "p cannot be read as an array"),
        (1.0, [1.0, 0.0], r"p has shape \(\), expected \(k, n\)"),
    ],
)
def test_bad_rows_are_refused(p, q, advice):
    with pytest.raises(ValueError, match=advice):
        over_rows(exact.tv, p, q)
