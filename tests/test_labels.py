"""Labelled objects are aligned where both have labels, or refused where that is ambiguous."""

from types import SimpleNamespace

import numpy as np
import pytest

from wganlab import exact
from wganlab.exact import Discrete

pd = pytest.importorskip("pandas")

P = pd.Series(list("aab")).value_counts(normalize=True)
Q = pd.Series(list("bba")).value_counts(normalize=True)
POINTS = pd.DataFrame({"x": [0.0, 1.0, 5.0], "y": [0.0, 0.0, 0.0]}, index=list("abc"))
WEIGHTS = pd.Series({"c": 0.2, "a": 0.5, "b": 0.3})
COSTS = pd.DataFrame(
    np.abs(np.subtract.outer(np.arange(3.0), np.arange(3.0))), list("abc"), list("abc")
)
DIVERGENCES = [exact.tv, exact.js, exact.kl, exact.chi2, exact.le_cam]


class Labelled(np.lib.mixins.NDArrayOperatorsMixin):
    """What xarray shows of a DataArray, as far as it is looked at."""

    def __init__(self, values, dims, **coords):
        self.values, self.dims, self.coords = np.asarray(values), dims, coords
        self.shape, self.ndim, self.dtype = self.values.shape, len(dims), self.values.dtype

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)


class Frame:
    """What polars shows of a DataFrame."""

    def __init__(self, **columns):
        self._columns = {name: np.asarray(column) for name, column in columns.items()}
        self.columns = list(columns)
        self.dtypes = [SimpleNamespace(name=str(c.dtype)) for c in self._columns.values()]
        self.shape = (len(next(iter(self._columns.values()))), len(columns))

    def __getitem__(self, name):
        return self._columns[name]

    def to_numpy(self):
        return np.column_stack(list(self._columns.values()))

    def __array__(self, dtype=None, copy=None):
        return self.to_numpy()


def test_pmfs_are_matched_by_label():
    assert exact.js(P, Q) == pytest.approx(0.0566330, abs=1e-7)
    assert exact.tv(P, Q) == pytest.approx(1 / 3)
    assert exact.kl(P, Q) == pytest.approx(0.2310491, abs=1e-7)


@pytest.mark.parametrize("convert", [lambda s: s, dict, pd.Series.to_frame, lambda s: s.iloc[::-1]])
@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_absent_labels_have_no_mass(divergence, convert):
    p, q = pd.Series({"b": 0.25, "a": 0.75}), pd.Series({"c": 0.5, "a": 0.5})
    by_hand = divergence([0.75, 0.25, 0], [0.5, 0, 0.5])
    assert divergence(convert(p), q) == by_hand
    assert divergence(p, convert(q)) == by_hand
    assert exact.tv(convert(p), {"z": 1.0}) == 1


def test_arrays_of_xarray_are_matched_by_coordinate():
    p = Labelled([0.2, 0.8], ("k",), k=np.array(["a", "b"]))
    q = Labelled([0.8, 0.2], ("k",), k=np.array(["b", "a"]))
    assert exact.tv(p, q) == 0
    assert exact.tv(p, Labelled([0.2, 0.8], ("k",), k=np.array(["a", "b"]))) == 0
    with pytest.raises(ValueError, match="q has none, so which mass"):
        exact.tv(p, Labelled([0.8, 0.2], ("k",)))


def test_the_default_index_is_a_position():
    plain = [0.2, 0.3, 0.5]
    assert exact.tv(pd.Series(plain), plain) == 0
    assert exact.tv(pd.Series(plain), pd.Series(plain)) == 0
    assert exact.tv(dict(enumerate(plain)), plain) == 0
    assert exact.tv({0: 1.0}, {0: 0.5, 1: 0.5}) == 0.5
    assert exact.tv(pd.Series(plain), {0: 0.5, 1: 0.5}) == 0.5
    with pytest.raises(ValueError, match="p has 2 entries and q has 3"):
        exact.tv(pd.Series([0.5, 0.5]), pd.Series(plain))
    assert exact.tv(pd.Series(plain), pd.Series({2: 0.5, 0: 0.2, 1: 0.3})) == 0


@pytest.mark.parametrize(
    ("p", "q", "advice"),
    [
        (P, [0.5, 0.5], "p has labels .'a', 'b'. and q has none, so which mass"),
        ([0.5, 0.5], Q, "q has labels .'b', 'a'. and p has none"),
        (P, pd.Series([0.5, 0.5]), "p is labelled by text .* and q by numbers"),
        (
            pd.Series([0.5, 0.5]),
            pd.Series([0.5, 0.5], [1, 2]),
            "p has the default index of pandas, 0 to 1, and q the labels 1, 2",
        ),
        ({1: 1.0}, {"1": 1.0}, "p is labelled by numbers .* and q by text"),
        ({True: 1.0}, {1: 1.0}, "by truth values"),
        (pd.Series([0.5, 0.5], list("aa")), P, "p has the label 'a' 2 times.*groupby"),
        (P, pd.Series([0.5, 0.5], list("bb")), "q has the label 'b' 2 times"),
        (
            pd.cut(pd.Series(np.arange(10.0)), 3).value_counts(normalize=True),
            pd.cut(pd.Series(np.arange(12.0)), 3).value_counts(normalize=True),
            "overlap: cut both at the same edges",
        ),
        (
            pd.DataFrame({"a": [1, 2], "b": [3, 4]}).value_counts(["a", "b"], normalize=True),
            pd.DataFrame({"a": [1, 2], "b": [3, 4]}).value_counts(["b", "a"], normalize=True),
            "reorder_levels",
        ),
    ],
)
@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_ambiguous_pmfs_are_refused(divergence, p, q, advice):
    with pytest.raises(ValueError, match=advice):
        divergence(p, q)


def test_tables_of_labels_and_masses_are_read():
    first = Frame(k=["b", "a"], proportion=[0.25, 0.75])
    assert exact.tv(first, Frame(k=["a", "b"], proportion=[0.75, 0.25])) == 0
    assert exact.tv(first, pd.Series([0.75, 0.25], ["a", "b"])) == 0
    assert exact.js(P.rename_axis("k").reset_index(), Q) == exact.js(P, Q)
    with pytest.raises(ValueError, match="the column 'k' has the label 'a' 2 times"):
        exact.tv(Frame(k=["a", "a"], proportion=[0.5, 0.5]), P)


def test_missing_labels_are_one_label():
    values = pd.Series([1.0, None, None])
    p = values.value_counts(normalize=True, dropna=False)
    assert exact.tv(p, p.iloc[::-1]) == 0


def test_weights_follow_the_labels_of_their_points():
    by_hand = 0.5 * 0 + 0.3 * 1 + 0.2 * 5
    origin = [[0.0, 0.0]]
    for value in (
        exact.emd(POINTS, origin, WEIGHTS),
        exact.emd(origin, POINTS, None, WEIGHTS),
        exact.emd(POINTS, origin, dict(WEIGHTS)),
        exact.emd(POINTS, origin, WEIGHTS.to_frame()),
        exact.emd(POINTS, origin, [0.5, 0.3, 0.2]),
        exact.emd(Discrete(POINTS, WEIGHTS), origin),
        exact.wasserstein(POINTS, origin, WEIGHTS, metric="l1").value,
        exact.sinkhorn(POINTS, origin, WEIGHTS, epsilon=1.0).cost,
        exact.certificate([0, 1, 5], POINTS, origin, WEIGHTS),
        exact.certificate(pd.Series({"b": 1, "c": 5, "a": 0}), POINTS, origin, WEIGHTS),
        exact.sliced(POINTS, origin, WEIGHTS, projections=[[1, 0]]),
    ):
        assert value == pytest.approx(by_hand, rel=1e-12)
    plain = exact.mmd(POINTS.to_numpy(), origin, [0.5, 0.3, 0.2])
    assert exact.mmd(POINTS, origin, WEIGHTS) == plain


def test_weights_of_points_that_are_their_labels():
    counts = pd.Series([3, 3, 1, 2, 2, 2]).value_counts(normalize=True)
    assert exact.emd(counts.index, [0.0], counts) == pytest.approx(13 / 6)
    assert exact.emd([3, 1], [0.0], {1: 0.25, 3: 0.75}) == 2.5
    points = Labelled([[0.0], [1.0]], ("n", "d"), n=np.array([7, 9]))
    weights = Labelled([0.25, 0.75], ("n",), n=np.array([9, 7]))
    assert exact.emd(points, [0.0], weights) == 0.25


@pytest.mark.parametrize(
    ("points", "weights", "advice"),
    [
        (POINTS.to_numpy(), WEIGHTS, "x has none, so which weight belongs to which"),
        ([1, 2, 3], pd.Series([0.2, 0.3, 0.5], [3, 1, 2]), "x has none, so which weight"),
        (POINTS, WEIGHTS.rename({"a": "z"}), "they must be the same in any order"),
        (POINTS, WEIGHTS.reset_index(drop=True), "they must be the same in any order"),
        (POINTS, pd.Series([0.2, 0.3, 0.5], list("abb")), "label 'b' 2 times"),
    ],
)
def test_weights_of_other_labels_are_refused(points, weights, advice):
    with pytest.raises(ValueError, match=advice):
        exact.emd(points, np.zeros((1, np.ndim(points))), weights)
    with pytest.raises(ValueError, match=advice):
        Discrete(points, weights)


def test_counts_of_values_are_no_points():
    values = pd.Series([3, 3, 1, 2, 2, 2])
    for counts in (values.value_counts(), values.value_counts(normalize=True), P):
        with pytest.raises(ValueError, match=r"whose values are masses and not points.*Discrete"):
            exact.emd(counts, [0.0])
    column = pd.DataFrame({"count": [1, 7, 3]}, index=[4, 6, 9])["count"]
    assert exact.emd(column, [0.0]) == pytest.approx(11 / 3)


def test_values_with_labels_beside_points_that_lost_theirs_are_refused():
    law = Discrete(POINTS, WEIGHTS)
    with pytest.raises(ValueError, match=r"f_x has labels .* and x has none"):
        exact.certificate(pd.Series({"b": 1, "c": 5, "a": 0}), law, [[0.0, 0.0]])


def test_rows_that_repeat_in_both_go_by_position():
    points = pd.Series([0.0, 4.0], ["a", "a"])
    assert exact.emd(points, [0.0], pd.Series([0.25, 0.75], ["a", "a"])) == 3


def test_columns_are_brought_into_one_order():
    swapped = POINTS[["y", "x"]]
    for distance in (exact.emd, exact.mmd, exact.sinkhorn_divergence, exact.frechet):
        options = {"epsilon": 1.0} if distance is exact.sinkhorn_divergence else {}
        assert distance(POINTS, swapped, **options) == 0
    assert exact.tv(Discrete(POINTS), Discrete(swapped)) == 0
    moved = exact.wasserstein(POINTS, POINTS + 3.0)
    np.testing.assert_array_equal(moved.critic(swapped), moved.critic(POINTS))
    x, y = Frame(a=[1.0, 2.0], b=[0, 0]), Frame(b=[0, 0], a=[1.0, 2.0])
    assert exact.emd(x, y) == 0
    with pytest.raises(ValueError, match="x has the columns 'a', 'b' and y has 'b', 'c'"):
        exact.emd(x, Frame(b=[0.0], c=[1.0]))
    with pytest.raises(ValueError, match="x has the columns 'z', 'y' and y has 'x', 'y'"):
        exact.emd(POINTS.rename(columns={"x": "z"}), POINTS)
    assert exact.emd(POINTS[["x"]], POINTS[["y"]]) == pytest.approx(
        2
    )  # a single column has no order
    assert exact.emd(POINTS.to_numpy(), swapped) == exact.emd(POINTS.to_numpy(), swapped.to_numpy())


def test_clouds_that_are_compared_have_one_order_of_columns():
    compare = pytest.importorskip("wganlab.compare")
    from wganlab.compare.clouds import checked

    mu, nu, _ = checked(POINTS, POINTS[["y", "x"]])
    np.testing.assert_array_equal(mu.points, nu.points)
    assert compare.critic_vs_exact(lambda z: z[:, :1], POINTS, POINTS[["y", "x"]]).exact == 0


def test_transposed_arrays_are_refused():
    x = Labelled(np.eye(2), ("n", "d"))
    with pytest.raises(ValueError, match="give both the same order"):
        exact.emd(x, Labelled(np.eye(2), ("d", "n")))


def test_labels_of_costs_are_atoms():
    by_hand = 0.3 * 1 + 0.2 * 2
    for a, b in ((WEIGHTS, {"a": 1.0}), ([0.5, 0.3, 0.2], [1, 0, 0])):
        assert exact.wasserstein(None, None, a, b, metric=COSTS).value == pytest.approx(by_hand)
        assert exact.primal(COSTS, a, b).solve().value == pytest.approx(by_hand)
        assert exact.dual(COSTS, a, b).solve().value == pytest.approx(by_hand)
        found = exact.sinkhorn(None, None, a, b, epsilon=1.0, metric=COSTS)
        assert found.cost == pytest.approx(by_hand)
    mixed = COSTS.loc[list("cab"), list("bca")]
    assert exact.wasserstein(None, None, WEIGHTS, {"a": 1}, metric=mixed).value == (
        pytest.approx(by_hand)
    )
    with pytest.raises(ValueError, match="labels 'z', which the rows of the cost matrix"):
        exact.wasserstein(None, None, {"z": 1}, {"a": 1}, metric=COSTS)
    with pytest.raises(ValueError, match="the rows of the cost matrix have none"):
        exact.wasserstein(None, None, WEIGHTS, [1, 0, 0], metric=COSTS.to_numpy())
    with pytest.raises(ValueError, match="give both one order"):
        exact.kantorovich_rubinstein(mixed, [1, 0, 0], [0, 1, 0])


def test_atoms_have_names():
    p, q = Discrete(["a", "b", "a"], [0.25, 0.5, 0.25]), Discrete(["b", "c"])
    assert exact.tv(p, q) == 0.5
    assert exact.kl(p, q) == np.inf
    assert exact.tv(Discrete(WEIGHTS.index, WEIGHTS), Discrete(list("abc"), WEIGHTS)) == 0
    assert exact.wasserstein(p, q, metric=COSTS).value == 1
    assert p.merged().names == ("a", "b")
    with pytest.raises(ValueError, match="no distances: give them, as metric=matrix"):
        exact.emd(p, q)
    with pytest.raises(ValueError, match="have names and those of the other are points"):
        exact.tv(p, Discrete([1.0]))
    with pytest.raises(ValueError, match="2 weights for 3 points"):
        Discrete(["a", "b", "c"], [0.5, 0.5])


def test_histograms_on_a_grid_keep_their_places():
    p = pd.DataFrame([[0.5, 0.5, 0.0]], columns=[10, 20, 30])
    q = pd.DataFrame([[0.5, 0.5, 0.0]], columns=[30, 20, 10])
    assert exact.emd_grid(p, q) == exact.emd_grid([[0.5, 0.5, 0]], [[0, 0.5, 0.5]])
    with pytest.raises(ValueError, match="are in no order"):
        exact.emd_grid(p[[20, 10, 30]], q)
    with pytest.raises(ValueError, match="p has the columns"):
        exact.emd_grid(p, q.rename(columns={30: 40}))


def test_rows_of_histograms_are_matched_by_label():
    p = pd.DataFrame([[0.5, 0.5], [1.0, 0.0]], ["u", "v"], ["a", "b"])
    q = pd.DataFrame([[0.0, 1.0], [0.5, 0.5]], ["v", "u"], ["b", "a"])
    np.testing.assert_array_equal(exact.over_rows(exact.tv, p, q), [0, 0])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pd.to_datetime(["2020", "2021"]).tz_localize("UTC"), pd.to_datetime(["2020", "2021"])),
        (pd.period_range("2020", periods=2, freq="M"), pd.period_range("2020", periods=2)),
        (pd.interval_range(0, 2), pd.interval_range(0, 2, closed="left")),
        (
            pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
            pd.MultiIndex.from_tuples([("1", "a"), ("2", "b")]),
        ),
    ],
)
def test_labels_of_one_type_may_be_of_two_kinds(first, second):
    p, q = (pd.Series([0.5, 0.5], index) for index in (first, second))
    assert exact.tv(p, p[::-1]) == 0
    with pytest.raises(ValueError, match="no label of one means one of the other"):
        exact.tv(p, q)


def test_missing_levels_are_labels_as_well():
    p = pd.Series([0.75, 0.25], pd.MultiIndex.from_tuples([(1, "a"), (1, None)]))
    q = pd.Series([0.25, 0.75], pd.MultiIndex.from_tuples([(1, float("nan")), (1, "a")]))
    assert exact.tv(p, q) == 0


def test_a_frame_of_one_row_is_that_row():
    p = pd.DataFrame([[0.25, 0.75]], columns=["a", "b"])
    assert exact.tv(p, p[["b", "a"]]) == 0
    assert exact.tv(p, Frame(b=[0.75], a=[0.25])) == 0
    with pytest.raises(ValueError, match="frame of one row: pass that row"):
        exact.emd([0, 1], [0, 1], a=p)


def test_moments_of_frames_are_matched_by_column():
    x = pd.DataFrame({"a": [0.0, 1, 3], "b": [5.0, 6, 9]})
    y = x[["b", "a"]]
    assert exact.normal_w2(x.mean(), x.cov(), y.mean(), y.cov()) == 0
    assert exact.normal_w2(x.mean(), y.cov(), y.mean(), x.cov()) == 0
    with pytest.raises(ValueError, match="label all four"):
        exact.normal_w2(x.mean(), x.cov(), y.mean().to_numpy(), y.cov())
    with pytest.raises(ValueError, match="has the labels"):
        exact.normal_w2(x.mean(), x.cov(), y.mean(), y.cov().rename(columns={"a": "c"}))


def test_uneven_steps_are_no_pixels():
    p = pd.DataFrame([[1.0, 0, 0]], columns=[0, 1, 10])
    with pytest.raises(ValueError, match="at uneven steps"):
        exact.emd_grid(p, p)
