"""Numbers arrive as float64 with nothing lost, or are refused with what to do."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from wganlab import exact
from wganlab.exact.arrays import as_array

pd = pytest.importorskip("pandas")

NANOSECONDS = np.array([1_700_000_000_000_000_000, 1_700_000_000_000_000_003])


@pytest.mark.parametrize(
    "points",
    [
        [2**53, 2**53 + 1],
        [2**53 + 1, 0.5],
        [[2**53 + 1], [0.5]],
        np.array([2**53 + 1]),
        np.array([2**64 - 1], dtype=np.uint64),
        NANOSECONDS,
        [2**70 + 1],
        [Decimal(2**53 + 1)],
        [Fraction(2**53 + 1)],
        torch.tensor([2**53 + 1]),
        [torch.tensor([2**53 + 1])],
        pd.Series(NANOSECONDS),
        pd.DataFrame({"t": NANOSECONDS, "x": [0.5, 1.5]}),
        np.array([2**53 + 1, "1"], dtype=object)[:1],
    ],
)
def test_whole_numbers_that_would_be_rounded_are_refused(points):
    with pytest.raises(ValueError, match="float64 does not tell apart: subtract one and the same"):
        exact.emd(points, points)


@pytest.mark.skipif(np.finfo(np.longdouble).eps >= np.finfo(float).eps, reason="no longer float")
def test_long_floats_that_would_be_rounded_to_whole_numbers_are_refused():
    with pytest.raises(ValueError, match=r"whole numbers beyond 2\^53"):
        as_array(np.array([2**53 + 1], dtype=np.longdouble), "x")


def test_whole_numbers_that_fit_are_taken():
    assert exact.emd([2**60], [2**60 + 2**20]) == 2**20
    assert exact.emd([2**70], [2**71]) == 2.0**70
    origin = NANOSECONDS.min()
    assert exact.emd(NANOSECONDS - origin, [0]) == 1.5


def test_numbers_of_python_are_taken():
    assert exact.emd([Fraction(1, 3)], [Fraction(4, 3)]) == pytest.approx(1)
    assert exact.emd([Decimal("0.1")], [Decimal("0.3")]) == pytest.approx(0.2)
    assert exact.emd(pd.Series([1, 2], dtype="Int64"), [0]) == 1.5
    mixed = pd.DataFrame({"a": pd.array([1, 2], dtype="Int64"), "b": np.float32([0, 0])})
    assert exact.emd(mixed, [[0, 0]]) == 1.5
    assert exact.tv([Fraction(1, 3)] * 3, [Fraction(1, 3)] * 3) == 0
    with pytest.raises(ValueError, match="numbers that float64 does not tell apart"):
        as_array([Decimal("1e9"), Decimal("1e9") + Decimal("1e-9")], "x")


@pytest.mark.parametrize(
    ("points", "advice"),
    [
        ([np.ma.masked_array([1.0, 2.0], [False, True]), np.array([1.0, 2.0])], "masked entries"),
        ([[np.ma.masked, 1.0]], "masked entries"),
        ([(np.ma.masked_array([1.0], [True]),)], "masked entries"),
        (np.array(["2020-01-01"], dtype="M8[ns]"), "holds dates .*subtract one and the same date"),
        (pd.Series(pd.to_timedelta([1, 2], "s")), "holds times .*divide by one unit"),
        ([datetime.datetime(2020, 1, 1)], "turn dates into numbers"),
        (pd.Series(pd.date_range("2020", periods=2, tz="UTC")), "turn dates into numbers"),
        (pd.Series([1, None], dtype="Int64"), "x has nan in row 1"),
        (pd.DataFrame({"t": ["a"], "x": [1.0]}), "column 't' of x holds text"),
        (pd.DataFrame({"t": [True], "x": [1.0]}), "column 't' of x holds booleans"),
        (
            pd.DataFrame({"x": [1.0], "y": [2.0]}).to_records(),
            r"structured array with the fields 'index', 'x', 'y': choose .*numpy.stack",
        ),
        (torch.distributions.Normal(0.0, 1.0), r"a law; draw points from it, law.sample"),
        ({"x": [1.0]}, "of a dict of columns pandas.DataFrame makes one"),
        ([10**400], "x has inf in row 0"),
        (
            np.array([float("nan"), Fraction(1), np.nan], dtype=object),
            r"x has nan in row 0 \(2 such",
        ),
    ],
)
def test_what_holds_no_numbers_is_told_what_to_do(points, advice):
    with pytest.raises(ValueError, match=advice):
        exact.emd(points, [[0.0, 0.0]])


def test_lists_of_tensors_in_lists_are_read():
    points = [[torch.tensor(1.0, requires_grad=True), 2.0], [torch.tensor(3), 4.0]]
    np.testing.assert_array_equal(as_array(points, "x"), [[1, 2], [3, 4]])


@pytest.mark.parametrize("distance", [exact.emd, exact.mmd, exact.max_sliced])
def test_numbers_carry_no_gradient_and_say_so(distance):
    x = torch.zeros(3, 2, requires_grad=True)
    options = {"rng": np.random.default_rng(0)} if distance is exact.max_sliced else {}
    with pytest.raises(ValueError, match=r"compare\.emd_loss\(x, y\).*gradients\(\).*detach\(\)"):
        distance(x, torch.ones(3, 2), **options)
    assert distance(x.detach(), torch.ones(3, 2), **options) > 0
    with torch.no_grad():
        assert distance(x, torch.ones(3, 2), **options) > 0


def test_rows_of_several_lengths_are_refused():
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
    with pytest.raises(ValueError, match="nested tensor"):
        exact.emd(nested, [1.0])
