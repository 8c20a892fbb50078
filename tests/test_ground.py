"""Ground distances: cosine, functions of one's own, and differences whose squares underflow."""

import numpy as np
import pytest
from scipy.spatial import distance
from scipy.spatial.distance import cdist

from wganlab import exact
from wganlab.exact import emd, wasserstein


def test_cosine_and_functions_are_ground_distances(rng):
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(8, 3))
    cosine = wasserstein(x, y, metric="cosine")
    by_matrix = wasserstein(None, None, metric=np.maximum(cdist(x, y, "cosine"), 0))
    assert cosine.value == pytest.approx(by_matrix.value, rel=1e-12)
    assert wasserstein(x, 5 * x, metric="cosine").value == pytest.approx(0, abs=1e-16)
    assert wasserstein([1.0], [-2.0], metric="cosine").value == 2  # on the line, too
    chebyshev = wasserstein(x, y, metric=lambda u, v: cdist(u, v, "chebyshev"))
    assert chebyshev.value == wasserstein(None, None, metric=cdist(x, y, "chebyshev")).value
    assert exact.distances(x, y, lambda u, v: cdist(u, v)).shape == (7, 8)
    for result in (cosine, chebyshev):
        with pytest.raises(ValueError, match="need not obey the triangle inequality"):
            result.displacement(0.5)


@pytest.mark.parametrize(
    ("metric", "advice"),
    [
        (lambda u, v: 1.0, r"returned the shape \(\).*scipy.spatial.distance.cdist"),
        (lambda u, v: cdist(v, u), r"returned the shape \(3, 2\)"),
        (lambda u, v: -cdist(u, v), "negative in row"),
        (lambda u, v: cdist(u, v) * np.nan, "the cost matrix has nan"),
        (lambda u: 1.0, "failed with TypeError"),
        (distance.cosine, "metric cosine failed with ValueError"),
        ("cosine", "x has the point 0 in row 0, which has no direction"),
    ],
)
def test_functions_that_give_no_distances_are_refused(metric, advice):
    with pytest.raises(ValueError, match=advice):
        wasserstein([[0.0, 0.0], [1.0, 1.0]], [[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]], metric=metric)


def test_a_function_that_changes_its_input_changes_nothing():
    def rude(u, v):
        u *= 0
        return cdist(u, v)

    x = np.array([[3.0, 4.0]])
    result = wasserstein(x, x, metric=rude)
    assert result.value == 5
    np.testing.assert_array_equal(result.source.points, x)


def test_differences_whose_squares_underflow_are_not_lost():
    assert emd([[0.0, 1.0]], [[1e-160, 1.0]]) == pytest.approx(1e-160)
    x, y = [[0.0, 1.0], [0.0, 2.0]], [[3e-170, 1.0], [1e-200, 2.0]]
    assert emd(x, y) == pytest.approx(1.5e-170)
    assert wasserstein(x, y, p=2).value == pytest.approx(3e-170 / np.sqrt(2))
    far = np.zeros((2, 20))
    far[:, 5] = 7
    far[1, 3] = 1e-180
    assert emd(far[:1], far[1:]) == pytest.approx(1e-180)
    assert exact.distances([[0.0, 1.0]], [[5e-324, 1.0]])[0, 0] == 5e-324
