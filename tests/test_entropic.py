"""Entropic transport: primal meets dual, epsilon to 0 is exact transport, no silent failure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, rel_entr

from wganlab import exact
from wganlab.exact import emd, mmd_squared, sinkhorn, sinkhorn_divergence, wasserstein

METRICS = {"euclidean": "euclidean", "l1": "cityblock"}


def semi_dual(cost, a, b, epsilon):
    """OT_eps by maximizing its concave semi-dual with L-BFGS: no Sinkhorn iteration in it."""

    def loss(g):
        exponent = (g - cost) / epsilon + np.log(b)
        f = -epsilon * logsumexp(exponent, axis=1)
        columns = a @ np.exp(exponent + f[:, None] / epsilon)
        return -(a @ f + b @ g), columns - b

    options = {"maxiter": 10_000, "ftol": 1e-15, "gtol": 1e-10}
    return -minimize(loss, np.zeros(len(b)), jac=True, method="L-BFGS-B", options=options).fun


def problem(rng, n=20, m=30, d=2):
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 0.5
    return x, y, rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0])
def test_primal_meets_dual_and_an_independent_solver(rng, strength, p, metric):
    x, y, a, b = problem(rng)
    cost = cdist(x, y, METRICS[metric]) ** p
    epsilon = strength * cost.mean()
    result = sinkhorn(x, y, a, b, epsilon=epsilon, p=p, metric=metric)
    plan, (f, g) = result.plan, result.potentials
    assert plan.min() >= 0
    np.testing.assert_allclose(plan.sum(axis=1), a, atol=1e-15)
    np.testing.assert_allclose(plan.sum(axis=0), b, atol=1e-15)
    gibbs = np.outer(a, b) * np.exp((f[:, None] + g - cost) / epsilon)
    assert result.error <= 1e-9
    assert np.abs(gibbs - plan).sum() <= 2 * result.error + 1e-12
    assert np.abs(gibbs.sum(axis=0) - b).sum() == pytest.approx(result.error, abs=1e-13)

    assert result.cost == pytest.approx((plan * cost).sum(), rel=1e-12)
    assert result.value == pytest.approx(result.cost ** (1 / p), rel=1e-12)
    entropy = rel_entr(plan, np.outer(a, b)).sum()
    assert result.objective == pytest.approx(result.cost + epsilon * entropy, rel=1e-12)
    assert result.bound == pytest.approx(a @ f + b @ g, rel=1e-12)
    assert a @ f == pytest.approx(b @ g, rel=1e-12)
    assert result.bound == pytest.approx(result.objective, rel=1e-8)
    assert result.bound <= result.objective * (1 + 1e-13)
    assert result.objective == pytest.approx(semi_dual(cost, a, b, epsilon), rel=1e-8)


@pytest.mark.parametrize("p", [1, 2])
def test_small_epsilon_approaches_exact_transport_from_above(rng, p):
    x, y = rng.normal(size=(12, 2)), rng.normal(size=(12, 2)) + 0.5
    exact = wasserstein(x, y, p=p).value
    strengths = (1, 0.2, 0.05)
    results = [sinkhorn(x, y, epsilon=e, p=p, tolerance=1e-6) for e in strengths]
    excess = [result.value - exact for result in results]
    assert excess == sorted(excess, reverse=True)
    assert 0 < excess[-1] < 0.02
    for result, epsilon in zip(results, strengths, strict=True):
        # the bounds that the module states
        assert exact**p <= result.cost <= result.objective <= exact**p + epsilon * np.log(12)


@given(st.data())
def test_the_cost_is_never_below_w1(data):
    row = st.tuples(*[st.floats(-9, 9, width=16)] * 2)
    x, y = (np.array(data.draw(st.lists(row, min_size=1, max_size=5))) for _ in range(2))
    epsilon = 0.3 * (cdist(x, y).max() or 1)
    result = sinkhorn(x, y, epsilon=epsilon)
    assert result.cost >= emd(x, y) - 1e-13
    divergence = sinkhorn_divergence(x, y, epsilon=epsilon)
    assert divergence >= 0
    assert divergence == pytest.approx(sinkhorn_divergence(y, x, epsilon=epsilon), abs=1e-7)


def test_large_epsilon_gives_the_product_plan(rng):
    x, y, a, b = problem(rng)
    result = sinkhorn(x, y, a, b, epsilon=1e5)
    np.testing.assert_allclose(result.plan, np.outer(a, b), rtol=1e-3)
    assert result.cost == pytest.approx(a @ cdist(x, y) @ b, rel=1e-4)
    # and the divergence half the squared MMD of the kernel -d (Feydy et al. 2019, theorem 1)
    assert sinkhorn_divergence(x, y, a, b, epsilon=1e5) == pytest.approx(
        mmd_squared(x, y, a, b, kernel="energy") / 2, rel=1e-3
    )


@pytest.mark.parametrize("scale", [1e-140, 1e-15, 1e-6, 1e6, 1e140])
@pytest.mark.parametrize("p", [1, 2])
def test_the_unit_does_not_matter(rng, scale, p):
    x, y, a, b = problem(rng)
    here = sinkhorn(x, y, a, b, epsilon=0.3, p=p)
    there = sinkhorn(x * scale, y * scale, a, b, epsilon=0.3 * scale**p, p=p)
    np.testing.assert_allclose(there.plan, here.plan, rtol=1e-8, atol=1e-12)
    assert there.value / scale == pytest.approx(here.value, rel=1e-9)
    for name in ("cost", "objective", "bound"):
        assert getattr(there, name) / scale**p == pytest.approx(getattr(here, name), rel=1e-9)
    np.testing.assert_allclose(there.potentials[1] / scale**p, here.potentials[1], atol=1e-8)


def test_the_order_of_points_does_not_matter(rng):
    x, y, a, b = problem(rng)
    i, j = rng.permutation(len(x)), rng.permutation(len(y))
    result, mixed = sinkhorn(x, y, a, b, epsilon=0.3), sinkhorn(x[i], y[j], a[i], b[j], epsilon=0.3)
    np.testing.assert_allclose(mixed.plan, result.plan[np.ix_(i, j)], atol=1e-9)
    assert mixed.objective == pytest.approx(result.objective, rel=1e-9)


def test_points_without_mass_change_nothing_and_have_potentials(rng):
    x, y, a, b = problem(rng)
    cost, epsilon = cdist(x, y), 0.3
    a[[0, 7]], b[[3, 29]] = 0, 0
    a, b = a / a.sum(), b / b.sum()
    kept_a, kept_b = a > 0, b > 0
    result = sinkhorn(x, y, a, b, epsilon=epsilon)
    less = sinkhorn(x[kept_a], y[kept_b], a[kept_a], b[kept_b], epsilon=epsilon)
    assert not result.plan[~kept_a].any()
    assert not result.plan[:, ~kept_b].any()
    np.testing.assert_allclose(result.plan[np.ix_(kept_a, kept_b)], less.plan, atol=1e-12)
    assert result.objective == pytest.approx(less.objective, rel=1e-9)
    f, g = result.potentials
    np.testing.assert_allclose(b @ np.exp((f[:, None] + g - cost) / epsilon).T, 1, atol=1e-12)
    ones = a @ np.exp((f[:, None] + g - cost) / epsilon)
    np.testing.assert_allclose(ones[~kept_b], 1, atol=1e-12)


def test_coinciding_atoms():
    result = sinkhorn([[1.0, 2.0]] * 3, [[1.0, 2.0]] * 2, epsilon=1e-30)
    assert (result.cost, result.value) == (0, 0)
    assert result.objective == pytest.approx(0, abs=1e-40)
    np.testing.assert_allclose(result.plan, 1 / 6)


@pytest.mark.parametrize(("p", "metric"), [(1, "euclidean"), (2, "euclidean"), (1, "l1")])
def test_the_divergence_is_zero_on_equal_laws_alone(rng, p, metric):
    x, y, a, _ = problem(rng)
    order = rng.permutation(len(x))
    options = {"epsilon": 0.5, "p": p, "metric": metric}
    assert sinkhorn_divergence(x, x[order], **options) == 0
    assert sinkhorn_divergence(x, x[order], a, a[order], **options) < 1e-12
    assert sinkhorn_divergence(np.repeat(x, 3, axis=0), x, **options) < 1e-8
    assert sinkhorn(x, x, **options).objective > 0.1  # the bias that is taken off
    assert sinkhorn_divergence(x, y, **options) > 0.01
    assert sinkhorn_divergence(x, x + 1e-2, **options) > 0


def test_the_divergence_is_made_of_three_objectives(rng):
    x, y, a, b = problem(rng)
    cross, first, second = (
        sinkhorn(*pair, epsilon=0.5, p=2).objective
        for pair in ((x, y, a, b), (x, x, a, a), (y, y, b, b))
    )
    divergence = sinkhorn_divergence(x, y, a, b, epsilon=0.5, p=2)
    assert divergence == pytest.approx(cross - (first + second) / 2, abs=1e-7)


def test_the_divergence_of_a_translation_is_exact_for_squared_distances(rng):
    # OT_eps(P, P + t) = OT_eps(P, P) + |t|^2: the cost splits into potentials and a constant
    x = rng.normal(size=(40, 2))
    divergence = sinkhorn_divergence(x, x + np.array([3.0, 4.0]), epsilon=2.0, p=2)
    assert divergence == pytest.approx(25, rel=1e-8)


@pytest.mark.parametrize("call", [sinkhorn, sinkhorn_divergence])
def test_too_few_iterations_raise(rng, call):
    x, y, a, b = problem(rng)
    with pytest.raises(RuntimeError, match="raise max_iterations, tolerance or epsilon"):
        call(x, y, a, b, epsilon=0.01, max_iterations=5)


def test_a_last_plan_within_the_tolerance_is_accepted(rng):
    # POT looks every tenth iteration only
    x, y, a, b = problem(rng)
    result = sinkhorn(x, y, a, b, epsilon=10.0, max_iterations=8)
    assert (result.iterations, result.error <= 1e-9) == (8, True)


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"epsilon": 0}, "epsilon = 0 is exact transport: call wasserstein"),
        ({"epsilon": -1.0}, r"a positive number in the unit of d\^p"),
        ({"epsilon": np.nan}, "a positive number"),
        ({"epsilon": np.inf}, "a positive number"),
        ({"epsilon": None}, "epsilon is of type NoneType: expected a number"),
        ({"p": "2"}, "p is of type str: expected a number"),
        ({"epsilon": 1e-9}, "below, call wasserstein"),
        ({"epsilon": 1e9}, "above, the plan is the product"),
        ({"p": 0.5}, "from 1 up"),
        ({"p": np.nan}, "from 1 up"),
        ({"metric": "sqeuclidean"}, "is a cost, not a distance: for W2 ask p=2"),
        ({"tolerance": 0}, "a mass between 0 and 1"),
        ({"tolerance": np.nan}, "a mass between 0 and 1"),
        ({"max_iterations": 0}, "at least 1"),
        ({"a": [1.0, 1.0]}, "sums to 2, expected 1"),
    ],
)
@pytest.mark.parametrize("call", [sinkhorn, sinkhorn_divergence])
def test_bad_options_are_refused_with_advice(call, arguments, advice):
    with pytest.raises(ValueError, match=advice):
        call([[0.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]], **{"epsilon": 0.1, **arguments})


def test_a_matrix_is_refused_without_being_printed():
    x = [[0.0, 0.0], [1.0, 1.0]]
    with pytest.raises(ValueError, match=r"the cost matrix has shape \(2, 3\), expected \(2, 2\)"):
        sinkhorn(x, x, epsilon=1.0, metric=np.ones((2, 3)))
    with pytest.raises(ValueError, match="metric=a ndarray: expected 'euclidean' or 'l1'"):
        sinkhorn_divergence(x, x, epsilon=1.0, metric=np.ones((2, 2)))
    with pytest.raises(ValueError, match="metric=a ndarray: expected 'euclidean', 'l1', 'cosine'"):
        exact.distances(x, x, metric=np.ones((2, 2)))


def test_a_given_matrix_of_costs(rng):
    x, y = rng.normal(size=(8, 2)), rng.normal(size=(9, 2))
    a, b = rng.dirichlet(np.ones(8)), rng.dirichlet(np.ones(9))
    squares = cdist(x, y, "sqeuclidean")
    by_points = sinkhorn(x, y, a, b, epsilon=0.5, p=2)
    for options in ({"metric": squares}, {"metric": np.sqrt(squares), "p": 2}):
        given = sinkhorn(None, None, a, b, epsilon=0.5, **options)
        np.testing.assert_allclose(given.plan, by_points.plan, rtol=1e-9, atol=1e-14)
        assert given.objective == pytest.approx(by_points.objective, rel=1e-12)
    function = sinkhorn(x, y, a, b, epsilon=0.5, metric=lambda u, v: cdist(u, v, "sqeuclidean"))
    assert function.objective == pytest.approx(by_points.objective, rel=1e-12)
    # the gradient with respect to the costs is the plan
    step = 1e-5
    moved = squares.copy()
    moved[2, 3] += step
    numeric = sinkhorn(None, None, a, b, epsilon=0.5, metric=moved).bound - by_points.bound
    assert numeric / step == pytest.approx(by_points.plan[2, 3], rel=1e-3)
    with pytest.raises(ValueError, match="came as a matrix"):
        given.gradients()


@pytest.mark.parametrize(("p", "metric"), [(1, "euclidean"), (2, "euclidean"), (1.5, "l1")])
def test_gradients_of_the_objective(rng, p, metric):
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(6, 2)) + 0.1
    options = {"epsilon": 0.5, "p": p, "metric": metric, "tolerance": 1e-12}
    to_x, to_y = sinkhorn(x, y, **options).gradients()
    step = 1e-5
    for of, which, at in ((to_x, 0, (2, 1)), (to_y, 1, (3, 0))):
        values = []
        for sign in (1, -1):
            moved = [x.copy(), y.copy()]
            moved[which][at] += sign * step
            values.append(sinkhorn(*moved, **options).bound)
        assert of[at] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5)


def test_forbidden_ways_carry_nothing():
    costs = np.array([[1.0, np.inf, 3.0], [2.0, 1.0, np.inf], [np.inf, 2.0, 1.0]])
    a, b = [0.5, 0.25, 0.25], [0.375, 0.25, 0.375]
    found = sinkhorn(None, None, a, b, epsilon=1.0, metric=costs)
    assert not found.plan[np.isinf(costs)].any()
    np.testing.assert_allclose(found.plan.sum(axis=0), b, atol=1e-8)
    least = exact.wasserstein(None, None, a, b, metric=costs).value
    assert least <= found.cost + 1e-8 <= least + 1
    allowed = np.where(np.isinf(costs), 0.0, costs)
    np.testing.assert_allclose(
        sinkhorn(None, None, a, b, epsilon=1.0, metric=sparse.csr_array(allowed)).plan, found.plan
    )
    with pytest.raises(ValueError, match="infeasible: row 0"):
        sinkhorn(None, None, epsilon=1.0, metric=[[np.inf, np.inf], [1, 1]])
    with pytest.raises(RuntimeError, match="if no plan avoids infinite costs"):
        sinkhorn(
            None,
            None,
            [0.3, 0.7],
            [0.5, 0.5],
            epsilon=1.0,
            metric=[[1, np.inf], [np.inf, 1]],
            max_iterations=50,
        )


def test_costs_beyond_float64_are_refused():
    with pytest.raises(ValueError, match="choose another unit"):
        sinkhorn([0.0], [1e140], epsilon=1.0, p=3)


@pytest.mark.parametrize(("p", "metric"), [(2.5, "euclidean"), (2, "l1")])
def test_orders_without_a_positive_definite_kernel_are_refused(p, metric):
    with pytest.raises(ValueError, match="is non-negative for p up to 2"):
        sinkhorn_divergence([0.0, 1.0], [2.0], epsilon=1.0, p=p, metric=metric)


def test_a_far_point_without_mass_does_no_harm():
    near = sinkhorn([0, 1], [0, 1], epsilon=0.1)
    far = sinkhorn([0, 1, 1e9], [0, 1], [0.5, 0.5, 0], epsilon=0.1)
    assert far.cost == pytest.approx(near.cost, rel=1e-9)
