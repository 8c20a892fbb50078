"""EM on a pixel grid as a flow, against POT on all pairs of pixels."""

import numpy as np
import pytest
from scipy import optimize

from wganlab import data, exact
from wganlab.exact import emd_grid, grid_transport


def pixels(height, width):
    return np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), -1).reshape(
        -1, 2
    )


def by_pairs(p, q):
    points = pixels(*p.shape)
    return exact.wasserstein(points, points, p.ravel(), q.ravel(), metric="l1").value


@pytest.mark.parametrize("shape", [(6, 9), (1, 7), (7, 1), (2, 2), (12, 12)])
@pytest.mark.parametrize("sparse", [False, True])
def test_agrees_with_all_pairs(rng, shape, sparse):
    p, q = rng.uniform(size=(2, *shape)) ** 4
    if sparse:
        p[rng.uniform(size=shape) < 0.6] = 0
        p.flat[0] = 1
    p, q = p / p.sum(), q / q.sum()
    result = grid_transport(p, q)
    assert result.value == pytest.approx(by_pairs(p, q), rel=1e-9)
    assert abs(result.gap) <= 1e-9
    balance = np.zeros(shape)
    balance[:, :-1] += result.right
    balance[:, 1:] -= result.right
    balance[:-1] += result.down
    balance[1:] -= result.down
    np.testing.assert_allclose(balance, p - q, atol=1e-12)
    f, g = result.potentials
    np.testing.assert_array_equal(g, -f)
    assert max(np.abs(np.diff(f, axis=k)).max(initial=0) for k in (0, 1)) <= 1 + 1e-12
    assert ((p - q) * f).sum() == pytest.approx(result.bound, abs=1e-14)


def test_real_digits():
    first, second = (image[..., 0] / image.sum() for image in data.images("mnist10k").images[:2])
    assert emd_grid(first, second) == pytest.approx(by_pairs(first, second), rel=1e-9)


def test_equal_histograms_and_single_pixels():
    assert emd_grid([[1.0]], [[1.0]]) == 0
    p = np.full((3, 3), 1 / 9)
    assert emd_grid(p, p) == 0


def test_one_unit_from_corner_to_corner():
    p, q = np.zeros((5, 8)), np.zeros((5, 8))
    p[0, 0] = q[4, 7] = 1
    assert emd_grid(p, q) == pytest.approx(11, abs=1e-12)


@pytest.mark.parametrize("mass", [1e-15, 1e-12, 1e-9, 1e-7, 1e-5])
def test_near_equal_histograms_are_solved(rng, mass):
    for _ in range(10):
        p = rng.uniform(size=(8, 8))
        p /= p.sum()
        q = p.copy()
        q[rng.integers(8), rng.integers(8)] += mass
        q /= q.sum()
        assert emd_grid(p, q) <= 14 * 2 * mass
    again = p * 3
    assert emd_grid(p, again / again.sum()) < 1e-14


@pytest.mark.parametrize("mass", [1e-12, 1e-6])
def test_a_tiny_difference_is_not_lost(mass):
    p = np.full((4, 4), 1 / 16)
    q = p.copy()
    p[0, 0] += mass
    q[3, 3] += mass
    p, q = p / p.sum(), q / q.sum()
    assert emd_grid(p, q) == pytest.approx(6 * mass, rel=1e-3)


@pytest.mark.parametrize(
    ("p", "q", "advice"),
    [
        ([[0.5, 0.5]], [[0.5], [0.5]], r"p has shape \(1, 2\) and q \(2, 1\)"),
        ([0.5, 0.5], [[0.5, 0.5]], r"expected a histogram of shape \(h, w\)"),
        ([[3, 5]], [[1, 0]], "p sums to 8, expected 1: did you pass counts"),
        ([[0.5, np.nan]], [[1, 0]], "p has nan in row 0"),
        ([[1.5, -0.5]], [[1, 0]], "negative weight"),
    ],
)
def test_bad_histograms_are_refused(p, q, advice):
    with pytest.raises(ValueError, match=advice):
        emd_grid(p, q)


def test_a_flow_that_is_not_proved_is_refused(monkeypatch):
    p, q = np.eye(3) / 3, np.full((3, 3), 1 / 9)
    solve = optimize.linprog

    def lazy(*given, **options):
        result = solve(*given, **options)
        result.x = result.x + 0.1 * (np.arange(len(result.x)) == 0)  # a detour
        return result

    monkeypatch.setattr(optimize, "linprog", lazy)
    with pytest.raises(RuntimeError, match="HiGHS left a gap"):
        exact.emd_grid(p, q)
