"""What solvers of transport return: one word for one thing, whatever solved it."""

import pickle
import weakref

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist

from wganlab import exact
from wganlab.exact import solvers

RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(6, 2)), RNG.normal(size=(4, 2)) + 1
P, Q = RNG.dirichlet(np.ones(12), size=2).reshape(2, 3, 4)
SHARED = {"value", "potentials", "bound", "gap", "solver"}

# result, what its solver made as small as it could, and the shapes of plan and potentials
RESULTS = {
    "network simplex": (
        exact.wasserstein(X, Y),
        lambda result: result.value,
        (6, 4),
        ((6,), (4,)),
    ),
    "quantiles": (
        exact.wasserstein(X[:, 0], Y[:, 0], p=2),
        lambda result: result.value,
        (6, 4),
        ((6,), (4,)),
    ),
    "HiGHS": (
        exact.grid_transport(P, Q),
        lambda result: result.value,
        None,
        ((3, 4), (3, 4)),
    ),
    "Sinkhorn": (
        exact.sinkhorn(X, Y, epsilon=0.5, p=2),
        lambda result: result.objective,
        (6, 4),
        ((6,), (4,)),
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_has_the_shared_words(name):
    result, minimized, plan, potentials = RESULTS[name]
    assert set(dir(result)) >= SHARED
    assert result.solver == name
    assert result.value > 0
    assert tuple(part.shape for part in result.potentials) == potentials
    least = minimized(result)
    assert result.bound == pytest.approx(least, rel=1e-8)
    assert result.bound <= least * (1 + 1e-12)
    assert abs(result.gap) <= 1e-8
    if plan is not None:
        told = result.plan.toarray() if sparse.issparse(result.plan) else result.plan
        assert told.shape == plan
        assert told.sum() == pytest.approx(1)


def test_the_gap_is_what_the_potentials_leave_open():
    coarse = exact.sinkhorn(X, Y, epsilon=0.05, tolerance=0.05)
    f, g = coarse.potentials
    assert coarse.bound == pytest.approx(f.mean() + g.mean())
    assert coarse.gap == pytest.approx((coarse.objective - coarse.bound) / coarse.objective)
    assert coarse.gap > 1e-6
    exactly = exact.wasserstein(X, Y)
    paid = exactly.plan.multiply(cdist(X, Y)).sum()
    f, g = exactly.potentials
    assert exactly.gap == pytest.approx((paid - f.mean() - g.mean()) / paid, abs=1e-15)


def test_the_grids_critic_is_the_first_potential():
    flow = exact.grid_transport(P, Q)
    f, g = flow.potentials
    assert (P * f).sum() + (Q * g).sum() == pytest.approx(flow.value, rel=1e-9)
    assert exact.grid_transport(P, P).solver == "none"


def test_the_words_are_told_where_the_package_is_explained():
    told = exact.__doc__ or ""
    assert all(f"`{word}`" in told for word in SHARED | {"plan"})


@pytest.mark.parametrize(
    "result",
    [
        exact.wasserstein(X, Y),
        exact.wasserstein(X, Y, p=2, metric="l1"),
        exact.wasserstein(X[:, 0], Y[:, 0]),
        exact.wasserstein(X[:4, 0], Y[:, 0], p=3),
        exact.wasserstein(np.r_[X, Y[:2]], Y),
        exact.wasserstein(X[:2], Y[:2], [0.25, 0.75]),
    ],
    ids=["plane", "squares", "line", "pairs", "common mass", "weights"],
)
def test_a_transport_goes_to_another_process_with_all_it_knows(result):
    again = pickle.loads(pickle.dumps(result))
    assert (again.value, again.bound, again.gap) == (result.value, result.bound, result.gap)
    assert (again.solver, again.p, again.metric) == (result.solver, result.p, result.metric)
    np.testing.assert_array_equal(again.plan.toarray(), result.plan.toarray())
    for mine, other in zip(again.potentials, result.potentials, strict=True):
        np.testing.assert_array_equal(mine, other)
    assert again.source.weights.strides == result.source.weights.strides
    if result.p == 1:
        z = RNG.normal(size=(3, result.source.dim))
        np.testing.assert_array_equal(again.critic(z), result.critic(z))


def test_a_plan_does_not_keep_the_costs_in_memory(monkeypatch):
    kept = []
    pairwise = solvers.pairwise

    def seen(*given):
        costs = pairwise(*given).view(Watched)
        kept.append(weakref.ref(costs))
        return costs

    monkeypatch.setattr(solvers, "pairwise", seen)
    result = exact.wasserstein(X, Y)
    assert [ref() for ref in kept] == [None]
    assert result.plan.shape == (6, 4)


class Watched(np.ndarray):
    """An array that can be watched."""
