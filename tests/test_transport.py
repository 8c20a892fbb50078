"""Exact transport: independent solvers agree, plans and potentials prove the value."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist

from wganlab import exact
from wganlab.exact import Discrete, emd, wasserstein
from wganlab.exact.ground import distances


def highs(cost, a, b):
    """The linear program written out, solved by HiGHS."""
    n, m = cost.shape
    rows = sparse.kron(sparse.eye_array(n), np.ones((1, m)))
    columns = sparse.kron(np.ones((1, n)), sparse.eye_array(m))
    result = linprog(
        cost.ravel(),
        A_eq=sparse.vstack([rows, columns]).tocsc(),
        b_eq=np.concatenate([a, b]),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert result.status == 0
    return result.fun


def check(result, cost, a, b, p):
    """Everything that makes a Transport a proof."""
    f, g = result.potentials
    plan = result.plan
    assert plan.shape == cost.shape == (len(f), len(g))
    assert (plan.data > 0).all()
    np.testing.assert_allclose(plan.sum(axis=1), a, atol=1e-12)
    np.testing.assert_allclose(plan.sum(axis=0), b, atol=1e-12)
    scale = cost.max()
    assert (f[:, None] + g <= cost + 1e-13 * scale).all()
    primal, dual = plan.multiply(cost).sum(), a @ f + b @ g
    assert primal == pytest.approx(dual, rel=1e-9, abs=1e-13 * scale)
    assert result.value == pytest.approx(primal ** (1 / p), rel=1e-12, abs=1e-15)
    assert result.bound == pytest.approx(max(dual, 0) ** (1 / p), rel=1e-9, abs=1e-12)
    assert abs(result.gap) <= 1e-9


def problem(rng, n, m, d, weighted):
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 0.5
    if not weighted:
        return x, y, np.full(n, 1 / n), np.full(m, 1 / m)
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    a[rng.integers(n)] = 0  # a point without mass
    return x, y, a / a.sum(), b


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize("metric", ["euclidean", "l1"])
@pytest.mark.parametrize(("n", "m", "d"), [(30, 40, 2), (25, 25, 5), (20, 30, 40), (3, 1, 2)])
def test_network_simplex_agrees_with_highs(rng, n, m, d, metric, p, weighted):
    x, y, a, b = problem(rng, n, m, d, weighted)
    cost = cdist(x, y, {"l1": "cityblock"}.get(metric, metric)) ** p
    result = wasserstein(x, y, a, b, p=p, metric=metric)
    assert result.solver == "network simplex"
    check(result, cost, a, b, p)
    assert result.value**p == pytest.approx(highs(cost, a, b), rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize(("n", "m"), [(30, 40), (25, 25), (24, 36), (5, 1), (1, 1)])
def test_quantiles_agree_with_the_network_simplex(rng, n, m, p, weighted):
    x, y, a, b = problem(rng, n, m, 1, weighted and n > 1)
    cost = np.abs(x - y.T) ** p
    line = wasserstein(x, y, a, b, p=p)
    simplex = wasserstein(x, y, a, b, p=p, metric=np.abs(x - y.T))
    assert (line.solver, simplex.solver) == ("quantiles", "network simplex")
    check(line, cost, a, b, p)
    assert line.value == pytest.approx(simplex.value, rel=1e-9)


@pytest.mark.parametrize("p", [1, 2])
def test_agrees_with_optimal_assignment(rng, p):
    x, y = rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + 1
    cost = cdist(x, y) ** p
    rows, columns = linear_sum_assignment(cost)
    result = wasserstein(x, y, p=p)
    assert result.value**p == pytest.approx(cost[rows, columns].mean(), rel=1e-9)
    check(result, cost, np.full(300, 1 / 300), np.full(300, 1 / 300), p)


def test_agrees_with_scipy_on_the_line(rng):
    x, y = rng.normal(size=1000), rng.exponential(size=700)
    a, b = rng.dirichlet(np.ones(1000)), rng.dirichlet(np.ones(700))
    assert emd(x, y, a, b) == pytest.approx(stats.wasserstein_distance(x, y, a, b), rel=1e-12)


coordinates = st.floats(-100, 100, width=32)


@st.composite
def clouds(draw, count, dim):
    size = st.integers(1, 6)
    row = st.tuples(*[coordinates] * dim)
    return [
        np.array(draw(st.lists(row, min_size=(n := draw(size)), max_size=n))) for _ in range(count)
    ]


@pytest.mark.parametrize("dim", [1, 2])
@given(st.data())
def test_metric_laws(dim, data):
    x, y, z = data.draw(clouds(3, dim))
    assert emd(x, x) == 0
    assert emd(x, y) == pytest.approx(emd(y, x), rel=1e-9, abs=1e-12)
    assert emd(x, z) <= emd(x, y) + emd(y, z) + 1e-9
    assert emd(x, y) <= wasserstein(x, y, p=2).value + 1e-9
    mu, nu = Discrete(x), Discrete(y)
    diameter = cdist(np.r_[x, y], np.r_[x, y]).max()
    assert emd(x, y) <= diameter * exact.tv(mu, nu) + 1e-9


@pytest.mark.parametrize("dim", [1, 2, 40])
@pytest.mark.parametrize("offset", [0.0, 1e6, -1e6])
def test_clouds_far_from_the_origin_lose_nothing(rng, dim, offset):
    x = np.round(rng.normal(size=(60, dim)), 3)
    y = x[rng.permutation(60)] + np.eye(dim)[0] * 2**-10
    value = emd(x + offset, y + offset)
    assert value == pytest.approx(emd(x, y), rel=1e-6)
    assert value == pytest.approx(2**-10, rel=1e-6)


def test_distances_in_high_dimension_do_not_cancel(rng):
    x = rng.normal(size=(80, 100))
    y = np.concatenate([x[:40] + 1e-9, rng.normal(size=(20, 100)) + 50])
    measured = distances(Discrete(x), Discrete(y))
    np.testing.assert_allclose(measured, cdist(x, y), rtol=1e-10)


@pytest.mark.parametrize("scale", [1e-250, 1e-150, 1e-15, 1e-6, 1e6, 1e140])
@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("p", [1, 2])
def test_the_unit_does_not_matter(rng, scale, dim, p):
    # POT alone returns a wrong plan at 1e-15: its pricing tolerance is absolute
    x, y = rng.normal(size=(40, dim)), rng.normal(size=(50, dim))
    value = wasserstein(x, y, p=p).value
    assert wasserstein(x * scale, y * scale, p=p).value / scale == pytest.approx(value, rel=1e-9)


def test_tiny_weights_are_placed(rng):
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    a = np.r_[1 - 29e-13, np.full(29, 1e-13)]
    result = wasserstein(x, y, a)
    np.testing.assert_allclose(result.plan.sum(axis=1), a, rtol=1e-2)


def test_w1_is_homogeneous_where_wp_is_a_distance():
    assert wasserstein([0.0], [3.0], p=2).value == 3  # the distance, not its square
    assert wasserstein([[0.0, 0.0]], [[3.0, 4.0]], p=2).value == 5
    assert wasserstein([[0.0, 0.0]], [[3.0, 4.0]], metric="l1").value == 7


def test_identical_clouds_are_at_zero(rng):
    x = rng.normal(size=(50, 2))
    result = wasserstein(x, x[rng.permutation(50)])
    assert (result.value, result.gap) == (0, 0)


def test_nearly_identical_clouds_are_measured(rng):
    x = rng.normal(size=(50, 2))
    assert 0 < emd(x, x * (1 + 1e-15)) < 1e-14


def test_known_values_of_ground_truth():
    corners = np.array([[1.0, 0.0], [-1.0, 0.0]])
    assert emd(corners, corners[:, ::-1]) == pytest.approx(np.sqrt(2), abs=1e-12)
    boxes = [1, 1, 1, 2, 2, 3], [7, 8, 8, 9, 10, 10]
    assert emd(*boxes) * 6 == pytest.approx(42, abs=1e-12)
    m = 7
    angles = 2 * np.pi * np.arange(m) / m
    polygon = np.exp(1j * angles), np.exp(1j * (angles + np.pi / m))
    x, y = (np.c_[z.real, z.imag] for z in polygon)
    assert emd(x, y) == pytest.approx(2 * np.sin(np.pi / (2 * m)), abs=1e-12)
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.2, 0.7])
    simplex = np.eye(3) * 5 / np.sqrt(2)  # side 5
    assert emd(simplex, simplex, p, q) == pytest.approx(5 * exact.tv(p, q), abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"p": 0.5}, "from 1 up"),
        ({"p": np.nan}, "from 1 up"),
        ({"metric": "sqeuclidean"}, "is a cost, not a distance: for W2 ask p=2"),
        ({"metric": "chebyshev"}, "expected 'euclidean', 'l1', 'cosine', a function"),
        ({"metric": np.ones((2, 3))}, r"shape \(2, 3\), expected \(2, 2\)"),
        ({"metric": np.ones(4)}, r"shape \(4,\), expected \(n, m\)"),
        ({"metric": [[0.0, np.nan], [1.0, 0.0]]}, "the cost matrix has nan in row 0"),
        ({"metric": [[0.0, -np.inf], [1.0, 0.0]]}, "the cost matrix has -inf in row 0"),
        ({"metric": [[0.0, 1.0], [-1.0, 0.0]]}, "negative in row 1, column 0"),
        ({"p": "2"}, "from 1 up"),
        ({"p": None}, "from 1 up"),
        ({"metric": np.zeros((0, 0))}, r"shape \(0, 0\), expected"),
    ],
)
def test_bad_options_are_refused_with_advice(arguments, advice):
    x = [[0.0, 0.0], [1.0, 1.0]]
    with pytest.raises(ValueError, match=advice):
        wasserstein(x, x, **arguments)


OUTLIERS = [(1, 1e10), (2, 1e5), (2, 1e8), (2, 1e12), (3, 1e6), (4, 1e4), (10, 1e2), (20, 1e2)]


@pytest.mark.parametrize(("p", "far"), OUTLIERS)
@pytest.mark.parametrize("metric", ["euclidean", "l1", "matrix"])
def test_an_outlier_that_both_clouds_share_costs_no_digits(rng, p, far, metric):
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(20, 2)) + 1
    x, y = np.round(x, 4), np.round(y, 4)  # so that nothing is lost beside the outlier
    outlier = [[float(far), 0.0]]
    both = np.r_[x, outlier], np.r_[y, outlier]
    name = "l1" if metric == "l1" else "euclidean"
    truth = (wasserstein(x, y, p=p, metric=name).value ** p * 20 / 21) ** (1 / p)
    given = distances(*both) if metric == "matrix" else name
    result = wasserstein(*both, p=p, metric=given)
    assert result.value == pytest.approx(truth, rel=1e-9)
    assert abs(result.gap) <= 1e-9


@pytest.mark.parametrize("p", [1, 2, 3])
def test_two_distant_groups_are_matched_within(rng, p):
    x = np.concatenate([np.zeros((15, 2)), np.full((15, 2), 2.0**23)])
    y = x + np.round(rng.normal(size=x.shape), 3) * 0.125
    cost = cdist(x, y) ** p
    rows, columns = linear_sum_assignment(np.minimum(cost, 10.0))
    result = wasserstein(x, y, p=p)
    assert result.value**p == pytest.approx(cost[rows, columns].mean(), rel=1e-9)
    assert abs(result.gap) <= 1e-9


@pytest.mark.parametrize("p", [2, 5, 20])
def test_high_orders_agree_with_assignment(rng, p):
    x, y = rng.normal(size=(150, 2)), rng.normal(size=(150, 2))
    cost = cdist(x, y) ** p
    rows, columns = linear_sum_assignment(cost)
    value = wasserstein(x, y, p=p).value
    assert value == pytest.approx(cost[rows, columns].mean() ** (1 / p), rel=1e-9)


def line_cases(rng):
    """Problems on the line where some ways are far longer than those that mass takes."""
    x = 1e3 * rng.normal(size=2000)
    a, b = rng.dirichlet(np.ones(40)), rng.dirichlet(np.ones(30))
    bare = np.r_[0.0, np.full(9, 1 / 9)]
    return {
        "close pairs": (x, x + 1e-3 * rng.normal(size=2000), None, None),
        "far atoms": ([0.0, 1e8, 2e8], [1e-3, 1e8 + 1e-3, 2e8 + 1e-3], None, None),
        "halves": (np.r_[x[:50], x[:50] + 1e9], np.repeat(x[:50], 2) + 1.0, None, None),
        "weights": (rng.normal(size=40), rng.normal(size=30) * 5, a, b),
        "all to the left": (rng.normal(size=24) + 10, rng.normal(size=36), None, None),
        "weight 0 far away": ([-1e10, 0.0, 0.3], [1.0, 2.0], [0.0, 0.5, 0.5], [0.5, 0.5]),
        "weight 0 between": (rng.normal(size=10), rng.normal(size=10) + 1, bare, bare[::-1]),
    }


@pytest.mark.parametrize("p", [1, 2, 4])
@pytest.mark.parametrize("name", list(line_cases(np.random.default_rng(0))))
def test_on_the_line_too_values_are_proved(rng, name, p):
    x, y, a, b = line_cases(rng)[name]
    result = wasserstein(x, y, a, b, p=p)
    assert abs(result.gap) <= 1e-9
    assert result.bound == pytest.approx(result.value, rel=1e-9)
    f, g = result.potentials
    cost = np.abs(result.source.points - result.target.points.T) ** p
    assert (f[:, None] + g <= cost * (1 + 1e-9) + 1e-9 * result.value**p).all()


def test_far_points_without_mass_do_no_harm():
    for p in (1, 2, 40, 100):
        result = wasserstein([-1e17, 0.0], [1.0], [0, 1], [1], p=p)
        assert result.value == result.bound == 1
    assert wasserstein([0.0, 1e10], [1.0, 2.0], [1, 0], [0.5, 0.5], p=40).value > 1
    critic = wasserstein([-1e17, 0.0], [1.0], [0, 1], [1]).critic([0.0, 1.0])
    assert critic[0] - critic[1] == 1


@pytest.mark.parametrize("p", [1, 2])
def test_weights_that_differ_by_rounding_alone(rng, p):
    for _ in range(30):
        x, a = rng.normal(size=(30, 2)), rng.dirichlet(np.ones(30))
        again = a * 3
        assert wasserstein(x, x, a, again / again.sum(), p=p).value < 1e-6


def test_a_very_high_order_approaches_the_bottleneck(rng):
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    cost = cdist(x, y)
    for bottleneck in np.unique(cost):  # the least longest way of any matching
        rows, columns = linear_sum_assignment(cost > bottleneck)
        if (cost[rows, columns] <= bottleneck).all():
            break
    value = wasserstein(x, y, p=2000).value
    assert bottleneck * 30 ** (-1 / 2000) <= value * (1 + 1e-9)
    assert value <= bottleneck * (1 + 1e-9)


def test_potentials_that_leave_float64_are_refused():
    result = wasserstein([[0.0, 0.0]], [[1e149, 0.0]], p=3)
    assert result.value == pytest.approx(1e149)
    with pytest.raises(ValueError, match="choose a unit"):
        _ = result.potentials


def test_costs_that_stand_for_forbidden_do_no_harm():
    # POT alone returns a plan far above the optimum here
    forbidden = np.array([[1.0, 2.0, 1e32], [1e32, 1.5, 4.0], [3.0, 1e32, 1.25]])
    assert wasserstein(None, None, metric=forbidden).value == pytest.approx(1.25, rel=1e-12)


def test_a_forbidden_pair_of_reasonable_cost_is_avoided():
    cost = [[5.0, 1.0], [2.0, 1e6]]
    assert wasserstein(None, None, metric=cost).value == 1.5


def test_a_given_matrix_is_not_changed_and_may_be_of_any_size():
    cost = np.array([[3.0, 7.0], [2.0, 5.0]])
    for unit in (1.0, 5e-324, 1.5e307):
        given = cost * unit
        before = given.copy()
        assert wasserstein(None, None, metric=given).value == pytest.approx(4 * unit)
        np.testing.assert_array_equal(given, before)


def test_a_given_matrix_takes_weights_and_order():
    cost = np.array([[0.0, 2.0], [1.0, 0.0]])
    assert wasserstein(None, None, [1, 0], [0.5, 0.5], metric=cost).value == 1
    assert wasserstein(None, None, [1, 0], [0.5, 0.5], metric=cost, p=2).value == np.sqrt(2)


def test_a_solver_that_stops_early_raises(rng, monkeypatch):
    monkeypatch.setattr("wganlab.exact.simplex.MAX_PIVOTS", 10)
    with pytest.raises(RuntimeError, match="stopped early"):
        emd(rng.normal(size=(200, 2)), rng.normal(size=(200, 2)))


@pytest.mark.parametrize("metric", ["euclidean", "l1"])
@pytest.mark.parametrize("overlap", [0.0, 0.5, 1.0])
def test_cancelling_common_mass_keeps_the_value(rng, overlap, metric):
    points = rng.normal(size=(60, 2))
    a, b = rng.dirichlet(np.ones(60), size=2)
    moved = rng.uniform(size=60) >= overlap
    y = points + moved[:, None] * rng.normal(size=(60, 2))
    order = rng.permutation(60)
    cost = cdist(points, y[order], {"l1": "cityblock"}.get(metric, metric))
    result = wasserstein(points, y[order], a, b, metric=metric)
    whole = wasserstein(None, None, a, b, metric=cost)  # a matrix: nothing is cancelled
    assert result.value == pytest.approx(whole.value, rel=1e-9)
    check(result, cost, a, b, 1)
    stays = result.plan.toarray()[cost == 0].sum()
    common = 1 - exact.tv(Discrete(points, a), Discrete(y[order], b))
    assert stays == pytest.approx(common, abs=1e-12)


def test_cancelling_handles_repeated_points_and_equal_measures(rng):
    x = np.array([[0.0, 0], [0, -0.0], [1, 0], [1, 0], [2, 5]])
    y = np.array([[1.0, 0], [0, 0], [0, 0], [0, 0], [3, 3]])
    a, b = rng.dirichlet(np.ones(5), size=2)
    result = wasserstein(x, y, a, b)
    check(result, cdist(x, y), a, b, 1)
    assert result.value == pytest.approx(highs(cdist(x, y), a, b), rel=1e-9)
    same = wasserstein(x, x, a, a)
    assert same.value == 0
    check(same, cdist(x, x), a, a, 1)


@pytest.mark.parametrize(("p", "metric"), [(1, "euclidean"), (2, "euclidean"), (1, "l1")])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_lazy_solver_agrees_with_the_dense_one(rng, monkeypatch, p, metric, weighted):
    x, y, a, b = problem(rng, 60, 80, 3, weighted)
    x, y = x + 1e3, y + 1e3
    dense = wasserstein(x, y, a, b, p=p, metric=metric)
    monkeypatch.setattr("wganlab.exact.solvers.DENSE_BYTES", 0)
    lazy = wasserstein(x, y, a, b, p=p, metric=metric)
    assert (dense.solver, lazy.solver) == ("network simplex", "lazy network simplex")
    assert lazy.value == pytest.approx(dense.value, rel=1e-9)
    check(lazy, cdist(x, y, {"l1": "cityblock"}.get(metric, metric)) ** p, a, b, p)


def test_the_dense_solver_stays_where_the_lazy_one_cannot_serve(rng, monkeypatch):
    monkeypatch.setattr("wganlab.exact.solvers.DENSE_BYTES", 0)
    x, y = rng.normal(size=(20, 9)), rng.normal(size=(20, 9))
    assert wasserstein(x, y).solver == "network simplex"
    assert wasserstein(x[:, :2], y[:, :2], p=1.5).solver == "network simplex"
    assert wasserstein(x[:, :2], y[:, :2], p=2, metric="l1").solver == "network simplex"


def test_mass_that_the_solver_leaves_is_told(rng, monkeypatch):
    import ot

    solve = ot.emd

    def forgetful(a, b, cost, **options):
        flow, log = solve(a, b, cost, **options)
        flow[0] = 0
        return flow, log

    monkeypatch.setattr(ot, "emd", forgetful)
    with pytest.raises(RuntimeError, match="left mass unplaced"):
        emd(rng.normal(size=(20, 2)), rng.normal(size=(20, 2)))


def test_a_gap_that_is_open_is_told():
    result = wasserstein([[0.0, 0.0]], [[3.0, 4.0]], p=2)
    loose = replace(result._solution, dual=lambda: 0.64 * result._solution.primal)
    told = replace(result, _solution=loose)
    assert (told.value, told.gap, told.bound) == (5, pytest.approx(0.36), pytest.approx(4))


def test_a_wrong_plan_is_caught_by_the_gap(rng, monkeypatch):
    import ot

    solve = ot.emd

    def spoiled(a, b, cost, **options):
        flow, log = solve(a, b, cost[:, ::-1], **options)
        return flow, log

    monkeypatch.setattr(ot, "emd", spoiled)
    with pytest.raises(RuntimeError, match="gap"):
        emd(rng.normal(size=(20, 2)), rng.normal(size=(20, 2)))


@pytest.mark.parametrize("p", [1, 1.5, 2])
@pytest.mark.parametrize(("d", "metric"), [(1, "euclidean"), (2, "euclidean"), (3, "l1")])
def test_gradients_agree_with_finite_differences(rng, p, d, metric):
    x, y, a, b = problem(rng, 8, 6, d, True)
    result = wasserstein(x, y, a, b, p=p, metric=metric)
    at_x, at_y = result.gradients()
    step = 1e-6
    for points, gradient in ((x, at_x), (y, at_y)):
        for entry in np.ndindex(points.shape):
            old, values = points[entry], []
            for sign in (1, -1):
                points[entry] = old + sign * step
                values.append(wasserstein(x, y, a, b, p=p, metric=metric).value)
            points[entry] = old
            numeric = (values[0] - values[1]) / (2 * step)
            assert gradient[entry] == pytest.approx(numeric, abs=1e-6)


def test_gradients_at_coincident_points_are_finite():
    x = [[0.0, 0.0], [1.0, 1.0]]
    for p in (1, 2):
        at_x, at_y = wasserstein(x, x, p=p).gradients()
        np.testing.assert_array_equal(at_x, 0)
        np.testing.assert_array_equal(at_y, 0)
