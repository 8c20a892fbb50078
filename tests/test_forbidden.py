"""Costs as people have them: forbidden ways, sparse matrices, and distances 0 that are rounded."""

import numpy as np
import pytest
from scipy import sparse

from wganlab import exact
from wganlab.exact import wasserstein


@pytest.mark.parametrize("p", [1, 2])
def test_ways_that_are_forbidden_are_not_taken(rng, p):
    for _ in range(10):
        costs = rng.uniform(1, 10, size=(6, 7))
        closed = rng.uniform(size=(6, 7)) < 0.5
        closed[np.arange(6), np.arange(6)] = closed[0] = closed[:, 6] = False
        costs[closed] = np.inf
        a, b = rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(7))
        try:
            expected = exact.primal(costs**p, a, b).solve().value
        except ValueError:
            with pytest.raises(ValueError, match="infeasible"):
                wasserstein(None, None, a, b, p=p, metric=costs)
            continue
        result = wasserstein(None, None, a, b, p=p, metric=costs)
        assert result.value**p == pytest.approx(expected, rel=1e-9)
        assert exact.dual(costs**p, a, b).solve().value == pytest.approx(expected, rel=1e-9)
        assert not result.plan.toarray()[closed].any()
        assert abs(result.gap) <= 1e-9
        f, g = result.potentials
        assert (f[:, None] + g <= costs**p * (1 + 1e-12)).all()


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.coo_array, sparse.csc_array])
def test_ways_absent_from_sparse_costs_are_forbidden_and_never_free(form):
    costs = form(([1.0, 0.5, 0.5, 0.0], ([0, 1, 1, 2], [0, 1, 1, 2])), shape=(3, 3))
    assert wasserstein(None, None, metric=costs).value == pytest.approx(2 / 3)
    assert exact.primal(costs, [0.5, 0.5, 0], [0.5, 0.5, 0]).solve().value == 1
    advice = "where an absent entry means a cost of 0, pass .toarray"
    with pytest.raises(ValueError, match=advice):
        wasserstein(None, None, [1, 0, 0], [0, 1, 0], metric=costs)


@pytest.mark.filterwarnings("ignore:Sparse CSR")
@pytest.mark.parametrize("layout", ["to_sparse", "to_sparse_csr"])
def test_sparse_tensors_of_costs_are_read_alike(layout):
    torch = pytest.importorskip("torch")
    costs = torch.tensor([[1.0, 0.0], [0.0, 0.5]])
    assert wasserstein(None, None, metric=getattr(costs, layout)()).value == 0.75


def test_a_long_detour_around_forbidden_ways_is_found():
    n = 40  # everything moves on by one, which no short price would make it do
    costs = np.full((n, n), np.inf)
    costs[np.arange(n), np.arange(n)] = 0
    costs[np.arange(n - 1), np.arange(1, n)] = 1
    costs[0, 0] = np.inf
    costs[n - 1, n - 1] = costs[n - 1, 0] = 1
    costs[n - 1, n - 1] = np.inf
    assert wasserstein(None, None, metric=costs).value == pytest.approx(1)


def test_parts_whose_weights_match_to_rounding_alone_are_feasible():
    costs = np.array([[1.0, 2, np.inf], [np.inf, np.inf, 3]])
    assert wasserstein(None, None, [0.1 + 0.2, 0.7], [0.1, 0.2, 0.7], metric=costs).value == (
        pytest.approx(0.1 + 0.4 + 2.1)
    )


def test_negative_costs_of_the_size_of_rounding_are_zero():
    assert wasserstein(None, None, metric=[[-2e-16, 1], [1, -2e-6]]).value == 0
    x = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
    norms = (x**2).sum(axis=1)
    squares = norms[:, None] + norms - 2 * x @ x.T
    assert squares.min() < 0
    assert wasserstein(None, None, metric=squares).value < 1e-4
    with pytest.raises(ValueError, match=r"\(-0.002\): distances are not .down to 1e-05"):
        wasserstein(None, None, metric=[[0, 1], [1, -2e-3]])


@pytest.mark.parametrize("form", [sparse.bsr_array, sparse.dia_array])
def test_formats_that_store_zeros_of_their_own_are_refused(form):
    costs = form(np.array([[1.0, 2.0], [0.0, 3.0]]))
    with pytest.raises(ValueError, match="whose zeros may be free ways or none"):
        exact.wasserstein(None, None, metric=costs)
