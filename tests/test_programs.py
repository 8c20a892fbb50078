"""The linear programs as matrices: their sizes, their optima, their prices, their plans."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from wganlab import exact
from wganlab.exact import (
    dual,
    integer_plans,
    kantorovich_rubinstein,
    marginal_matrix,
    primal,
    slackness,
)


@pytest.fixture
def problem(rng):
    x, y = rng.normal(size=(7, 2)), rng.normal(size=(5, 2))
    return x, y, cdist(x, y), rng.dirichlet(np.ones(7)), rng.dirichlet(np.ones(5))


def test_the_matrix_adds_up_rows_and_columns(rng):
    plan = rng.uniform(size=(4, 3))
    A = marginal_matrix(4, 3)
    assert A.shape == (7, 12)
    assert A.nnz == 24
    np.testing.assert_allclose(A @ plan.ravel(), np.r_[plan.sum(axis=1), plan.sum(axis=0)])


def test_primal_dual_and_network_simplex_agree(problem):
    x, y, cost, a, b = problem
    value = exact.emd(x, y, a, b)
    lower, upper = dual(cost, a, b), primal(cost, a, b)
    assert (upper.sense, lower.sense) == ("min", "max")
    np.testing.assert_array_equal(upper.matrix.toarray(), lower.matrix.T.toarray())
    solved, priced = upper.solve(), lower.solve()
    for result in (solved, priced):
        assert result.value == pytest.approx(value, rel=1e-9)
    # the prices of one program are the variables of the other
    assert np.r_[a, b] @ solved.prices == pytest.approx(value, rel=1e-9)
    assert cost.ravel() @ priced.prices == pytest.approx(value, rel=1e-9)
    assert (cost - solved.prices[:7, None] - solved.prices[7:] >= -1e-9).all()
    np.testing.assert_allclose(marginal_matrix(7, 5) @ priced.prices, np.r_[a, b], atol=1e-9)


def test_kantorovich_rubinstein_agrees_on_one_set_of_points(rng):
    points = rng.normal(size=(8, 3))
    p, q = rng.dirichlet(np.ones(8), size=2)
    solved = kantorovich_rubinstein(cdist(points, points), p, q).solve()
    assert solved.value == pytest.approx(exact.emd(points, points, p, q), rel=1e-9)
    f = solved.variables
    assert (p - q) @ f == pytest.approx(solved.value, rel=1e-9)
    assert (np.abs(f[:, None] - f) <= cdist(points, points) + 1e-9).all()


def test_kantorovich_rubinstein_is_less_where_the_triangle_fails():
    cost = np.array([[0.0, 1.0, 5.0], [1.0, 0.0, 1.0], [5.0, 1.0, 0.0]])
    p, q = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]
    assert primal(cost, p, q).solve().value == pytest.approx(5)
    assert kantorovich_rubinstein(cost, p, q).solve().value == pytest.approx(2)


def test_slackness_vanishes_at_the_optimum_and_adds_up_to_the_gap(problem):
    x, y, cost, a, b = problem
    result = exact.wasserstein(x, y, a, b)
    f, g = result.potentials
    assert np.abs(slackness(cost, result.plan, f, g)).max() <= 1e-12
    product = np.outer(a, b)
    gap = (product * cost).sum() - (a @ f + b @ g)
    assert slackness(cost, product, f, g).sum() == pytest.approx(gap, rel=1e-9)
    assert gap > 0.01


def test_all_plans_of_the_boxes_cost_42():
    # six boxes at 1, 1, 1, 2, 2, 3 moved to 7, 8, 8, 9, 10, 10: every source left of every target
    before, after = {1: 3, 2: 2, 3: 1}, {7: 1, 8: 2, 9: 1, 10: 2}
    way = np.abs(np.subtract.outer(list(before), list(after)))
    plans = list(integer_plans(list(before.values()), list(after.values())))
    assert len({plan.tobytes() for plan in plans}) == len(plans) > 10
    for plan in plans:
        assert plan.sum(axis=1).tolist() == [3, 2, 1]
        assert plan.sum(axis=0).tolist() == [1, 2, 1, 2]
        assert (plan * way).sum() == 42


def test_interleaved_plans_differ_and_the_cheapest_is_em():
    places, targets = [1, 4], [2, 3]
    way = np.abs(np.subtract.outer(places, targets))
    costs = [(plan * way).sum() for plan in integer_plans([2, 1], [1, 2])]
    assert min(costs) < max(costs)
    assert min(costs) / 3 == pytest.approx(
        exact.emd(places, targets, [2 / 3, 1 / 3], [1 / 3, 2 / 3])
    )


def test_every_plan_is_found():
    # 3 x 3 permutation matrices, and a case counted by hand
    assert len(list(integer_plans([1, 1, 1], [1, 1, 1]))) == 6
    assert len(list(integer_plans([2, 1], [1, 1, 1]))) == 3
    assert len(list(integer_plans([5], [2, 3]))) == 1


def test_too_many_plans_are_refused(monkeypatch):
    monkeypatch.setattr("wganlab.exact.programs.PLANS_AT_MOST", 5)
    plans = integer_plans([2, 2, 2], [2, 2, 2])
    assert len([next(plans) for _ in range(5)]) == 5
    with pytest.raises(ValueError, match="more than 5 plans: take a smaller problem"):
        next(plans)


@pytest.mark.parametrize(
    ("build", "advice"),
    [
        (lambda: primal([[1.0]], [1.0], [0.5, 0.5]), r"shape \(1, 1\)"),
        (lambda: dual([[1.0, 1.0]], [1.0], [0.5, 0.6]), "b sums to 1.1"),
        (lambda: kantorovich_rubinstein([[0, 1], [1, 1]], [1, 0], [0, 1]), "to itself"),
        (lambda: kantorovich_rubinstein([[0, 1]], [1], [0, 1]), "to itself"),
        (lambda: integer_plans([1, 2], [2]), "3 boxes cannot become 2"),
        (lambda: integer_plans([1.5], [1.5]), "whole numbers"),
        (lambda: integer_plans([-1, 2], [1]), "none negative"),
        (lambda: primal([[np.inf]], [1], [1]).solve(), "infeasible: all ways"),
        (lambda: dual([[np.inf]], [1], [1]).solve(), "infeasible: some mass has no way"),
        (lambda: slackness([[1.0]], [[1.0]], [0.0, 0.0], [0.0]), "have shapes"),
    ],
)
def test_bad_problems_are_refused(build, advice):
    with pytest.raises(ValueError, match=advice):
        build()
