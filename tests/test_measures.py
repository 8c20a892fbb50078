"""Every bad input is refused with advice; every good one arrives as float64."""

import numpy as np
import pytest
import torch
from scipy import sparse, stats

from wganlab import exact
from wganlab.exact.measures import Discrete, as_weights

GOOD = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]
NAN_ROW = [[0.0, 0.0], [1.0, np.nan], [0.0, 2.0]]
INF_ROW = [[0.0, 0.0], [1.0, 0.0], [0.0, -np.inf]]


@pytest.mark.parametrize(
    ("points", "advice"),
    [
        (NAN_ROW, r"x has nan in row 1: remove or repair"),
        (INF_ROW, r"x has -inf in row 2"),
        ([[np.nan, 0.0], [0.0, np.nan]], r"row 0 \(2 such rows\)"),
        ([], r"at least one point"),
        (np.zeros((0, 2)), r"at least one point"),
        (np.zeros((3, 0)), r"at least one point"),
        ([[1.0, 2.0], [3.0]], r"x cannot be read as an array.*same number of coordinates"),
        ([[1 + 2j, 0.0]], r"complex numbers, expected real"),
        (["a", "b"], r"holds text, expected real numbers: convert"),
        ([True, False], r"holds booleans"),
        (np.array([1.0, "x", None], dtype=object), r"object values, expected real numbers"),
        (None, r"x is of type NoneType: nothing; pass an array"),
        ({"a": 1}, r"x is of type dict: no array"),
        ({1.0, 2.0}, r"x is of type set: no array"),
        ((i for i in range(3)), r"x is of type generator.*list\("),
        (stats.norm(), r"x is of type rv_\w+: a law; draw points from it"),
        (sparse.eye_array(2), r"a sparse matrix; pass x\.toarray\(\)"),
        (np.datetime64("2020-01-01"), r"datetime64"),
        (
            3.0,
            r"shape \(\), expected \(n, d\) or \(n,\): a measure needs an array of points, \[3\]",
        ),
        ([torch.zeros(2), torch.zeros(3)], r"x cannot be read as an array.*same number"),
        (np.zeros((5, 4, 4)), r"x\.reshape\(len\(x\), -1\)"),
        ([[1e200, 0.0]], r"overflow float64: choose a larger unit"),
        (np.ma.masked_array([1.0, 2.0], mask=[False, True]), r"masked entries: drop"),
        (torch.tensor([[1 + 1j]]), r"complex numbers"),
        (torch.tensor([[float("nan")]]), r"x has nan in row 0"),
    ],
)
def test_bad_points_are_refused_with_advice(points, advice):
    with pytest.raises(ValueError, match=advice):
        exact.emd(points, GOOD)


@pytest.mark.parametrize(
    ("weights", "advice"),
    [
        ([0.5, np.nan, 0.5], r"the weight vector of x has nan in row 1"),
        ([0.5, np.inf, 0.5], r"the weight vector of x has inf in row 1"),
        ([0.5, 0.75, -0.25], r"negative weight -0.25 in row 2"),
        ([1, 2, 3], r"sums to 6, expected 1: did you pass counts\? divide by their sum"),
        ([0.5, 0.5, 0.7], r"sums to 1.7, expected 1"),
        ([1 / 3, 1 / 3, 1 / 3 + 2e-9], r"sums to 1.000000002"),
        (
            [float(np.float32(w)) for w in (1 / 3, 1 / 3, 1 / 3)],
            r"the weight vector of x sums to 1.0000000298.*look rounded.*sum in float64",
        ),
        ([0.5, 0.5], r"2 weights for 3 points"),
        ([], r"is empty"),
        ([[1 / 3], [1 / 3], [1 / 3]], r"shape \(3, 1\), expected \(n,\).*ravel\(\)"),
        ([[0.25, 0.25], [0.25, 0.25]], r"shape \(2, 2\), expected \(n,\)"),
        (["1", "0", "0"], r"holds text"),
        ([0, 0, 0], r"is 0 everywhere: a measure needs mass"),
        ([1 + 1e-6, -1e-6, 0], r"negative weight -1e-06 in row 1.*taken for rounding of 0"),
    ],
)
def test_bad_weights_are_refused_with_advice(weights, advice):
    with pytest.raises(ValueError, match=advice):
        exact.emd(GOOD, GOOD, weights)


def test_unequal_dimensions_are_refused():
    with pytest.raises(ValueError, match="dimension 2 and y in dimension 1"):
        exact.emd(GOOD, [1.0, 2.0])


def test_a_measure_takes_no_second_weights():
    with pytest.raises(ValueError, match="weights of its own"):
        exact.emd(Discrete(GOOD), GOOD, [1.0, 0.0, 0.0])


@pytest.mark.parametrize(
    "convert",
    [
        list,
        lambda w: w.astype(np.float32),
        lambda w: w.astype(np.float16),
        lambda w: w.astype(np.longdouble),
        torch.tensor,
        lambda w: torch.tensor(w, dtype=torch.float32, requires_grad=True),
        lambda w: torch.tensor(w, dtype=torch.bfloat16),
    ],
)
def test_weights_of_every_real_type_become_float64_of_sum_one(convert):
    weights = as_weights(convert(np.full(3, 1 / 3)))
    assert weights.dtype == np.float64
    assert weights.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(weights, 1 / 3, atol=2e-16)


def test_integer_weights_are_not_cast_to_integer_plans():
    plan = exact.wasserstein(GOOD, [[0.0, 0.0], [1.0, 1.0]], [0, 1, 0], [0.5, 0.5]).plan
    np.testing.assert_array_equal(plan.toarray(), [[0, 0], [0.5, 0.5], [0, 0]])


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        lambda x: np.asarray(x, dtype=np.float32),
        lambda x: np.asfortranarray(x),
        lambda x: np.asarray(x, dtype=int),
        lambda x: torch.tensor(x, requires_grad=True),
        lambda x: torch.tensor(x, dtype=torch.bfloat16),
        lambda x: torch.tensor(x, dtype=torch.int32),
        lambda x: torch.tensor(x).to_sparse(),
        lambda x: [torch.tensor(row, requires_grad=True) for row in x],
        lambda x: torch.tensor(x).T.contiguous().T,
    ],
)
def test_points_of_every_real_type_give_the_same_value(convert):
    moved = exact.wasserstein(convert(GOOD), np.add(GOOD, [3.0, 4.0]))
    assert moved.value == pytest.approx(5, abs=1e-12)


def test_one_dimensional_input_is_points_on_the_line():
    assert Discrete([1, 2, 3]).points.shape == (3, 1)


def test_inputs_are_not_changed():
    x, a = np.array(GOOD), np.array([0.2, 0.3, 0.5])
    before = x.copy(), a.copy()
    exact.wasserstein(x, x + 1, a, p=2)
    exact.js(exact.Discrete(x, a), exact.Discrete(x + 1))
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(a, before[1])


def test_merged_adds_the_mass_of_equal_points():
    mu = Discrete([[1, -0.0], [2, 0], [1, 0.0]], [0.25, 0.5, 0.25]).merged()
    np.testing.assert_array_equal(mu.points, [[1, 0], [2, 0]])
    np.testing.assert_array_equal(mu.weights, [0.5, 0.5])


def test_negative_weights_of_the_size_of_rounding_are_zero():
    np.testing.assert_array_equal(as_weights([1, -1e-17]), [1, 0])
    np.testing.assert_array_equal(as_weights(np.float32([1, -1e-7])), [1, 0])
    assert exact.emd([0, 1], [0, 1], [0.5 + 1e-17, 0.5], [1, -1e-17]) == 0.5
    assert exact.emd_grid([[1, -1e-17]], [[0, 1]]) == 1


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.coo_array, sparse.csc_array])
def test_sparse_weights_are_zero_where_they_are_absent(form):
    assert exact.emd([0.0, 1.0, 5.0], [0.0], form([[0.5, 0.0, 0.5]])) == 2.5
    assert exact.tv(form([[0.5], [0.5]]), [1, 0]) == 0.5


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_rounding_is_allowed_by_the_type_that_carries_the_weights(kind):
    grid = np.full((3, 3), 1 / 9, kind)
    mass = grid.ravel()
    assert exact.emd_grid(grid, grid) == exact.emd_grid(torch.as_tensor(grid), grid) == 0
    assert exact.tv(mass, list(mass)) == exact.js(mass, torch.as_tensor(mass)) == 0
    assert exact.emd(np.arange(9), np.arange(9), mass, list(torch.as_tensor(mass))) == 0
    costs = np.abs(np.subtract.outer(np.arange(9.0), np.arange(9.0)))
    assert exact.wasserstein(None, None, mass, mass, metric=costs).value == 0
    assert exact.primal(costs, mass, mass).solve().value == pytest.approx(0, abs=1e-12)
    assert exact.sinkhorn(None, None, mass, mass, epsilon=1.0, metric=costs).error < 1e-9
