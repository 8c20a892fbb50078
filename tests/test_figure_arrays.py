"""Every figure's arrays against what is known of them, and its picture drawn from them.

The figures are computed at the quick profile, once. Distances are told here by other means than the
figures have: an assignment, quantiles, a formula, a sum.
"""

import ast
import importlib
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.cm import ScalarMappable
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from scipy import integrate, stats
from scipy.interpolate import RegularGridInterpolator
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist, jensenshannon

from figures import bracket_runs
from figures.catalog import FIGURES
from figures.provenance import ROOT, UNSEEN, Tree
from figures.shelf import load
from wganlab import compare, data, learned, plots
from wganlab.data.faces.reading import read_faces
from wganlab.data.faces.sprites import sprites

pytestmark = pytest.mark.slow
TREE = Tree(profile="quick")
LOG2 = np.log(2)
FUNNEL_DRAWS = 2**18  # of the distance of funnels, which is an estimate


@pytest.fixture
def arrays(quick):
    """The kept arrays of a figure, by its name."""
    return lambda name: load(quick(TREE.owner(name)) / f"{TREE.owner(name)}.npz")


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def script(name):
    return importlib.import_module(f"figures.{name}")


def drawn(name, arrays):
    with plots.style():
        return script(name).draw(arrays)


def em(x, y):
    """EM of as many points of either law: the best assignment."""
    costs = cdist(x.reshape(len(x), -1), y.reshape(len(y), -1))
    return costs[linear_sum_assignment(costs)].mean()


def pixels(images):
    """Bytes as points, in [-1, 1] as generators make them."""
    return images.reshape(len(images), -1) / 127.5 - 1


def near(value, **tolerance):
    return pytest.approx(value, **tolerance)


def test_wgan_fig1_em_is_the_way_and_js_jumps(arrays):
    found = arrays("wgan_fig1")
    theta, apart = found["fine"], found["fine"] != 0
    closed = np.stack([abs(theta), LOG2 * apart, apart, np.where(apart, np.inf, 0)], axis=1)
    np.testing.assert_allclose(found["closed"], closed, atol=1e-12)
    paired, way = found["paired"], abs(found["coarse"])
    np.testing.assert_allclose(paired[:, 0], way, atol=1e-9)  # each point opposite its own
    np.testing.assert_allclose(paired[:, 1:], closed[np.searchsorted(theta, found["coarse"]), 1:])
    assert np.all(found["independent"][:, 0] >= way)
    np.testing.assert_allclose(found["independent"][:, 1:], [[LOG2, 1, np.inf]] * len(way))


def test_wgan_fig1_draws_each_distance_under_its_own_title(arrays):
    found = arrays("wgan_fig1")
    for axes in drawn("wgan_fig1", found).axes:
        name = axes.get_title()[:2]
        line = next(line for line in axes.lines if line.get_label() == "closed form")
        at = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
        expected = {"EM": (1.0, 0.5), "JS": (LOG2, LOG2), "TV": (1.0, 1.0), "KL": (1.0, 1.0)}
        assert (at[1.0], at[0.5]) == near(expected[name])
        assert at[0.0] == 0 if name == "EM" else np.isnan(at[0.0])


def test_lab_transport_plan_potentials_and_critic_belong_together(arrays):
    found = arrays("lab_transport")
    (i, j), mass = found["moves"].T, found["mass"]
    ways = np.linalg.norm(found["x"][i] - found["y"][j], axis=1)
    assert mass @ ways == near(found["emd"])
    assert found["certificate"] == near(found["emd"])
    n, m = len(found["x"]), len(found["y"])
    np.testing.assert_allclose(np.bincount(i, mass, n), 1 / n)
    np.testing.assert_allclose(np.bincount(j, mass, m), 1 / m)
    fall = found["f"][:, None] - found["minus_g"]
    assert np.all(fall <= cdist(found["x"], found["y"]) + 1e-9)
    np.testing.assert_allclose(fall[i, j][mass > 1e-9], ways[mass > 1e-9])
    assert found["f"].mean() - found["minus_g"].mean() == near(found["emd"])
    step = found["line"][1] - found["line"][0]
    slopes = [np.abs(np.diff(found["field"], axis=axis)).max() / step for axis in (0, 1)]
    assert 0.9 < max(slopes) <= 1 + 1e-9


def test_lab_boxes_costs_are_those_of_plans(arrays):
    found = arrays("lab_boxes")
    assert set(found["apart costs"]) == {sum((7, 8, 8, 9, 10, 10)) - sum((1, 1, 1, 2, 2, 3))}
    apart = np.abs(np.sort((1, 1, 3, 5, 5, 7)) - np.sort((2, 2, 4, 4, 6, 8))).sum()
    assert found["interleaved costs"].min() == apart == near(found["interleaved emd"])
    for name, (before, after) in script("lab_boxes").PROBLEMS.items():
        x, y, plans = (found[f"{name} {part}"] for part in ("x", "y", "plans"))
        np.testing.assert_array_equal(
            plans.sum(axis=2), [np.unique(before, return_counts=True)[1]] * 3
        )
        np.testing.assert_array_equal(
            plans.sum(axis=1), [np.unique(after, return_counts=True)[1]] * 3
        )
        costs = (plans * np.abs(np.subtract.outer(x, y))).sum(axis=(1, 2))
        np.testing.assert_array_equal(costs, found[f"{name} picked"])
        all_costs = found[f"{name} costs"]
        assert (costs[0], costs[-1]) == (all_costs.min(), all_costs.max())
        assert found[f"{name} emd"] == near(all_costs.min())


def test_lab_digits_are_matched_as_an_assignment_matches_them(arrays):
    found = arrays("lab_digits")
    digits, n = data.images("mnist10k"), int(found["n"])
    points = {k: digits.select(k).points() for k in (0, 3, 8)}
    assert em(points[3][:n], points[8][:n]) == near(found["emd"])
    assert found["matched"].mean() == near(found["emd"])
    ways = np.linalg.norm(
        (found["threes"] / 255.0 - found["eights"] / 255.0).reshape(12, -1), axis=1
    )
    np.testing.assert_allclose(ways, found["shown"])
    assert (found["shown"][0], found["shown"][-1]) == (
        found["matched"].min(),
        found["matched"].max(),
    )
    np.testing.assert_allclose(found["all"], cdist(points[3][:n], points[8][:n]).ravel(), rtol=1e-6)
    matrix = found["matrix"]
    np.testing.assert_array_equal(matrix, matrix.T)
    assert matrix[0, 0] == near(em(points[0][:n], points[0][n : 2 * n]))
    assert matrix[3, 8] == near(found["emd"])
    assert np.sum(matrix.argmin(axis=1) == np.arange(10)) >= 8


def test_lab_topology_follows_formulas(arrays):
    found, n = arrays("lab_topology"), script("lab_topology").STEPS
    ones = np.ones(len(n))
    columns = {name: dict(zip(script("lab_topology").NAMES, rows.T, strict=True))
               for name, rows in found.items()}  # fmt: skip
    expected = {
        "normals": {"KL": 1 / (2 * n**2), "TV": 2 * stats.norm.cdf(1 / (2 * n)) - 1, "EM": 1 / n},
        "shift": {"KL": np.inf * ones, "TV": 1 / n, "JS": LOG2 / n, "EM": 1 / n},
        "lines": {"KL": np.inf * ones, "TV": ones, "JS": LOG2 * ones, "EM": 1 / n},
        "escape": {"TV": 1 / n, "EM": ones},
    }
    for name, known in expected.items():
        for distance, values in known.items():
            np.testing.assert_allclose(columns[name][distance], values, rtol=1e-6, atol=1e-9)
    for name in ("normals", "shift", "lines"):
        assert np.all(np.diff(columns[name]["MMD"]) < 0)
    tv, js = columns["normals"]["TV"], columns["normals"]["JS"]
    assert np.all((tv**2 / 2 <= js) & (js <= LOG2 * tv))
    shifts = 1 / n  # MMD^2 between N(s, 1) and N(0, 1), kernel of width 1
    squared = 2 / np.sqrt(3) * (1 - np.exp(-(shifts**2) / 6))
    np.testing.assert_allclose(columns["normals"]["MMD"], np.sqrt(squared), rtol=0.05)
    # both laws have all of their mass at 0 and n
    between = 1 - np.exp(-(n**2.0) / 2)
    np.testing.assert_allclose(columns["escape"]["MMD"], np.sqrt(2 * between) / n, rtol=1e-6)


def test_lab_theta_descent_arrives_by_em_and_stays_by_js(arrays):
    found = arrays("lab_theta_descent")
    steps, rate = np.arange(121), 0.02
    np.testing.assert_allclose(found["path EM"][:51], 1 - rate * steps[:51], atol=1e-9)
    assert np.all(abs(found["path EM"][50:]) <= rate + 1e-9)
    np.testing.assert_array_equal(found["path JS"], 1)
    for noise in (0.1, 0.2, 0.4):
        curve, half = found[f"js {noise}"], len(found["thetas"]) // 2
        np.testing.assert_allclose(curve, curve[::-1], atol=1e-12)
        assert curve[half] == near(0, abs=1e-12)
        assert np.all(np.diff(curve[half:]) >= -1e-12)
        assert curve.max() <= LOG2
        assert curve[-1] == near(js_of_normals(1.2 / noise), abs=5e-4)
        path = found[f"path {noise}"]
        assert path[0] == 1
        assert np.all(np.diff(path) <= 0)
        start = np.interp(1 + 1e-3, found["thetas"], curve) - np.interp(
            1 - 1e-3, found["thetas"], curve
        )
        assert path[0] - path[1] == near(rate * start / 2e-3, rel=0.2, abs=1e-5)
    assert found["path 0.1"][-1] > 0.99 > 0.1 > found["path 0.2"][-1]


def js_of_normals(shift):
    """JS of N(0, 1) and N(shift, 1), by quadrature."""
    p, q = stats.norm(), stats.norm(shift)

    def integrand(x):
        middle = np.log((p.pdf(x) + q.pdf(x)) / 2)
        return (p.pdf(x) * (p.logpdf(x) - middle) + q.pdf(x) * (q.logpdf(x) - middle)) / 2

    return integrate.quad(integrand, -8, shift + 8, limit=200)[0]


def test_lab_samples_of_one_law_are_apart_by_dimension_and_regularization_adds(arrays):
    found = arrays("lab_samples")
    means = found["em"].mean(axis=2)
    assert np.all(np.diff(means, axis=0) > 0)  # with the dimension
    assert np.all(means[:, -1] < means[:, 0])
    rng = np.random.default_rng(0)
    for k, d in enumerate((1, 2, 8, 32)):
        told = [
            [em(*rng.normal(size=(2, n, d))) for _ in range(3)] for n in found["sizes"].tolist()
        ]
        np.testing.assert_allclose(found["em"][k], told)
    x, y = rng.normal(size=(12, 2)), rng.normal(loc=(1, 0), size=(12, 2))
    truth, costs, debiased = (found[name] for name in ("sample em", "costs", "debiased"))
    assert truth == near(em(x, y))
    assert costs[-1] == near(cdist(x, y).mean(), rel=0.02)  # of nearly the plan of chance
    np.testing.assert_allclose(found["epsilons"][[0, -1]], [0.2, 20])
    assert np.all(costs >= truth)
    assert np.all(np.diff(costs) > 0)
    assert np.all(np.diff(debiased) < 0)
    assert abs(debiased[0] - truth) < 0.2 * truth


def test_lab_critic_scoreboard_bounds_hold(arrays):
    found = arrays("lab_critic_scoreboard")
    names = list(script("lab_critic_scoreboard").NAMES)
    of = {
        name: {panel: found[panel][:, k] for panel in script("lab_critic_scoreboard").PANELS}
        for k, name in enumerate(names)
    }
    assert np.all(found["certificate"] <= 1 + 1e-6)
    assert np.all(np.abs(found["cosine"]) <= 1 + 1e-6)
    assert np.all(of["orthonormal"]["estimate"] <= 1 + 1e-6)  # proven 1-Lipschitz
    assert np.all(of["sn"]["estimate"] <= 1 + 1e-6)
    assert np.all(of["cones"]["estimate"] <= 1 + 1e-6)
    np.testing.assert_allclose(of["ctransform"]["estimate"], of["ctransform"]["certificate"])
    for values in (found["estimate"], found["gap_over_slope"]):
        np.testing.assert_array_equal(np.sign(values)[:, :6], np.sign(found["estimate"])[:, :6])
    slopes = of["orthonormal"]["estimate"] / of["orthonormal"]["gap_over_slope"]
    assert np.all((slopes > 0.3) & (slopes <= 1 + 1e-6))  # seen at points, so below the bound
    assert np.all(np.abs(of["clip"]["estimate"]) < 0.05)
    smooth = [k for k, name in enumerate(names) if name != "cones"]  # in these few steps
    on_the_line = found["cosine"][1, smooth]  # U[2, 4], U[0, 1]: a gradient is right or wrong
    np.testing.assert_allclose(np.abs(on_the_line), 1)
    assert np.all(np.abs(found["cosine"][[0, 3, 5]]) < 1)
    clear = np.abs(found["gap_over_slope"]) > 0.3
    signs = np.sign(found["cosine"]), np.sign(found["gap_over_slope"])
    np.testing.assert_array_equal(signs[0][clear], signs[1][clear])
    assert clear.mean() > 0.5


def test_lab_speed_of_critics_ratios_are_of_the_laws_and_proven_ones_at_most_1(arrays):
    found, speed = arrays("lab_speed_of_critics"), script("lab_speed_of_critics")
    assert found["ratio"].shape == found["seconds"].shape == (3, len(speed.NAMES), 2)
    of = dict(zip(speed.NAMES, range(len(speed.NAMES)), strict=True))
    for name, steps in {"best": (2, 4), "cones": (7, 14), "gp": (5, 10), "mm": (1, 2)}.items():
        np.testing.assert_array_equal(found["steps"][:, of[name]], [steps] * 3)
    assert np.all((found["seconds"] > 0) & (found["seconds"] < 10))
    assert np.all(found["error"] > 0)
    proven = [of[name] for name in ("best", "cones", "orthonormal", "sn")]
    assert np.all(found["ratio"][:, proven] <= 1 + 1e-6)
    for k, pair in enumerate(speed.LAWS):
        given = {"constraint": "cones", "steps": 14, "device": "cpu"}
        fitted = learned.fit_critic(pair, held_out=0, records=1, **given)
        x, y = pair.sample(20_000, np.random.default_rng(7), paired=True)
        gaps, ways = fitted(x) - fitted(y), np.linalg.norm(x - y, axis=1)
        parts = gaps.reshape(-1, 500).mean(axis=1) / ways.reshape(-1, 500).mean(axis=1)
        assert found["error"][k, of["cones"], 1] == near(parts.std(), rel=0.4)
        assert abs(found["ratio"][k, of["cones"], 1] - gaps.mean() / pair.emd) < 4 * parts.std()


def test_lab_speed_of_critics_is_hollow_above_em_and_names_curves_in_their_order():
    speed, rng = script("lab_speed_of_critics"), np.random.default_rng(0)
    ratio = rng.uniform(0.5, 1.5, (3, len(speed.NAMES), 3))
    ratio[:, 0, 2] = 1.0  # below what is drawn
    ones = np.ones_like(ratio)
    found = {"ratio": ratio, "seconds": ones * [0.1, 1, 10], "steps": 9 * ones, "error": 0.1 * ones}
    figure = drawn("lab_speed_of_critics", found | {"points": np.array(2000)})
    for k, axes in enumerate(figure.axes):
        hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
        heights = np.concatenate([line.get_ydata() for line in hollow])
        np.testing.assert_allclose(np.sort(heights), np.sort(ratio[k][ratio[k] > 1] - 1))
        ends = dict(zip(speed.NAMES.values(), np.abs(ratio[k, :, 2] - 1), strict=True))
        texts = sorted(axes.texts, key=lambda text: text.get_position()[1])
        assert [text.get_text() for text in texts] == sorted(ends, key=ends.get)
        logs = np.log([text.get_position()[1] for text in texts])
        assert np.diff(logs).min() > 0.05 * np.ptp(np.log(axes.get_ylim()))
        lowest = min(line.get_ydata().min(initial=1) for line in axes.lines)
        assert axes.get_ylim()[0] < lowest == near(1e-4)
    assert [f"{x:g}" for x in speed.round_numbers(0.08, 6)] == ["0.1", "0.2", "0.5", "1", "2", "5"]
    assert speed.round_numbers(0.08, 600) == [0.1, 1, 10, 100]


def test_lab_bracket_brackets_hold_the_truth_and_looks_close(arrays):
    found, names = arrays("lab_bracket"), list(script("lab_bracket").KINDS)
    truth = dict(zip(names, found["truth"][:, 0, 0], strict=True))
    assert truth["shift"] == truth["halves"] == 1
    assert truth["balls"] == near(2 / 3)
    assert truth["Gaussians"] == near(np.sqrt(np.pi / 2))
    x, y = bracket_runs.pair("funnels", 2).sample(20_000, np.random.default_rng(7), paired=True)
    ways, error = np.linalg.norm(x - y, axis=1), found["truth"][names.index("funnels"), 0, 1]
    assert truth["funnels"] == near(ways.mean(), abs=4 * ways.std() / np.sqrt(20_000))
    assert 0 < error < 0.3 * ways.std() / 512  # of as many draws
    assert not found["truth"][[k for k, name in enumerate(names) if name != "funnels"], :, 1].any()
    (lower,), (upper,) = np.moveaxis(found["table"][:, 0], -1, 0)[:, None]
    for bound, value in zip(upper - lower, truth.values(), strict=True):
        assert 0 < bound < 0.12 * value
    assert np.all((lower <= list(truth.values())) & (list(truth.values()) <= upper))
    assert np.all((found["seconds"] > 0.1) & (found["seconds"] < 60))
    np.testing.assert_array_equal(found["counts"], [[[1, 0, 0]] * 4])
    seconds, lower, upper = found["looks"][0].T
    assert np.all(np.diff(seconds) > 0)
    assert lower.max() <= found["looks truth"] <= upper.min() < 2 * lower.max()


def test_lab_bracket_draws_bars_over_the_truth_and_arrows_beyond_the_axis():
    brackets, rng = script("lab_bracket"), np.random.default_rng(0)
    truth = rng.uniform(0.5, 2, (5, 3))
    lower = truth * rng.uniform(0.7, 1, (5, 3))
    upper = truth * rng.uniform(1, 2.5, (5, 3))
    upper[3, 2] = 17.2 * truth[3, 2]
    found = {"dimensions": np.array([1, 2, 4]), "table": np.stack([lower, upper], axis=-1)}
    found |= {"truth": np.stack([truth, 0.01 * truth], axis=-1), "seconds": 60 * np.ones((5, 3))}
    looks = np.array([[[4, 0.7, 1.9], [4.5, 0.9, 1.7], [5, 0.8, 1.8]], [[9, 0.95, 1.5]] * 3])
    inside = np.array([[90, 95, 99, 100], [50, 80, 90, 95]])
    found |= {"looks": looks, "looks truth": np.array(1.2), "seeds": np.array(100)}
    found |= {"counts": np.stack([inside, 100 - inside, 0 * inside], axis=-1)}
    figure = drawn("lab_bracket", found | {"pairs": np.array(["shift, D = 1", "balls, D = 2"])})
    table, time, coverage = figure.axes
    bars = np.array([bar.get_segments() for bar in table.collections])  # (kinds, dims, 2, 2)
    np.testing.assert_allclose(bars[..., 0, 1], lower / truth)
    np.testing.assert_allclose(bars[..., 1, 1], np.minimum(upper / truth, brackets.HIGHEST))
    assert [text.get_text() for text in table.texts] == ["17"]
    assert table.texts[0].get_position()[0] == near(bars[3, 2, 0, 0])
    assert len(set(bars[..., 0, 0].ravel())) == 15
    ends = {line.get_label()[:5]: line.get_xydata().tolist() for line in time.lines}
    assert ends["lower"] == [[5, 0.9], [9, 0.95]]  # the best of all looks
    assert ends["upper"] == [[5, 1.7], [9, 1.5]]
    assert [label.get_text() for label in time.get_xticklabels()] == ["5", "9"]
    for k, drawn_at in enumerate(coverage.containers):
        points, _, (bar,) = drawn_at.lines
        np.testing.assert_allclose(points.get_ydata(), inside[k])
        for n, segment in zip(inside[k], bar.get_segments(), strict=True):
            interval = stats.binomtest(n, 100).proportion_ci()
            np.testing.assert_allclose(segment[:, 1], [100 * interval.low, 100 * interval.high])
    assert "asymptotic radii, 95 %" in figure.get_supxlabel().replace("\n", " ")


def test_wgan_fig2_has_the_formulas_and_slopes_that_are_differences(arrays):
    found, grid = arrays("wgan_fig2"), script("wgan_fig2").GRID
    share = 1 / (1 + np.exp(4 * grid))  # p / (p + q), log q / p being 4 x
    np.testing.assert_allclose(found["exact discriminator"], share, rtol=1e-9)
    np.testing.assert_allclose(
        found["exact discriminator slope"], -4 * share * (1 - share), rtol=1e-6, atol=1e-12
    )
    np.testing.assert_allclose(np.diff(found["exact critic"]), -np.diff(grid), rtol=1e-9)
    np.testing.assert_allclose(found["p"], stats.norm.pdf(grid + 2))
    np.testing.assert_allclose(found["q"], stats.norm.pdf(grid - 2))
    assert found["js"] == near(js_of_normals(4), rel=1e-6)
    assert 0 < script("wgan_fig2").reached(found) <= found["js"]
    for name in ("discriminator", "clip", "lp"):
        values, slopes = found[name], found[f"{name} slope"].ravel()
        fall = integrate.cumulative_trapezoid(slopes, grid, initial=0)
        np.testing.assert_allclose(values - values[0], fall, atol=0.005 * np.ptp(values))
        assert values[0] > values[-1]  # real is on the left
    assert abs(found["clip slope"]).max() < 0.1 < 0.5 < abs(found["lp slope"]).min()


def test_gp_fig1a_certificates_are_below_em_and_the_exact_critic_reaches_it(arrays):
    found, size = arrays("gp_fig1a"), script("gp_fig1a").SIZES["quick"]
    for toy in script("gp_fig1a").TOYS:
        x, y = script("gp_fig1a").clouds(toy, size.n)
        truth = found[f"{toy} emd"]
        assert em(x, y) == near(truth, rel=1e-5)
        np.testing.assert_allclose(found[f"{toy} exact"], truth, rtol=1e-6)
        flat = np.mean(cdist(x, y).min(axis=0))
        for row in ("clipped", "penalized", "orthonormal"):
            gap, certificate, remark = found[f"{toy} {row}"]
            assert certificate <= truth + 1e-6
            if row == "clipped":
                assert (remark, abs(gap) < 1e-4) == (near(flat), True)
                assert certificate == near(flat, rel=1e-3)
            elif row == "penalized":
                assert remark * (1 + remark / (2 * 0.1)) == near(gap)
            else:
                assert gap <= truth
                assert remark == near(1, abs=1e-4)
        np.testing.assert_array_equal(found[toy], x)
        step = found["line"][1] - found["line"][0]
        assert (found["line"][0], found["line"][-1]) == (-3, 3)
        for row in ("exact", "clipped", "penalized", "orthonormal"):
            field = found[f"{toy} {row} field"]
            f = RegularGridInterpolator((found["line"],) * 2, field.T, "linear", False, None)
            gap = np.mean(f(x)) - np.mean(f(y))
            assert gap == near(found[f"{toy} {row}"][0], rel=0.2 if row == "exact" else 0.1)
            if row in ("clipped", "penalized"):
                continue
            assert max(np.abs(np.diff(field, axis=axis)).max() for axis in (0, 1)) <= step * 1.001


def test_gp_fig1b_boxes_hold_and_a_gradient_starts_at_one(arrays):
    found, width = arrays("gp_fig1b"), 16
    for run in ("0.1", "0.01", "0.001", "even", "penalty"):
        norms, weights = found[f"{run} norms"], found[f"{run} weights"]
        np.testing.assert_allclose(norms[:, -1], 1)  # with respect to the value itself
        if run == "penalty":  # from He's start: evenly up to the root of 6 / inputs
            first, others = np.abs(weights[0, : 2 * width]), np.abs(weights[0, 2 * width :])
            assert 0.9 < first.max() / 3**0.5 <= 1
            assert 0.99 < others.max() / (6 / width) ** 0.5 <= 1
            assert np.abs(weights[1] - weights[0]).max() < 20 * 2 * 1e-3  # Adam's longest way
            assert not np.array_equal(*weights)
            continue
        c = 0.1 if run == "even" else float(run)
        assert np.abs(weights).max() <= c * (1 + 1e-6)
        edge = 100 * np.mean(np.abs(weights) > 0.99 * c, axis=1)
        np.testing.assert_allclose(found[f"{run} at the edge"], edge)
        ratios = norms[:, :-1] / norms[:, 1:]
        assert np.all(ratios[:, 1:] <= width * c * 1.001)  # of two layers that are width x width
    assert found["even at the edge"][0] == near(1, abs=0.5)
    assert np.all(found["penalty norms"][1, 0] > 100 * found["0.1 norms"][1, 0])
    assert em(*script("gp_fig1a").clouds("swissroll", 200)) == near(found["emd"], rel=1e-5)


def test_lab_penalty_bias_gaps_lie_on_the_law(arrays):
    found, bias = arrays("lab_penalty_bias"), script("lab_penalty_bias")
    theta = found["thetas"][0]
    for weight, gaps in zip(bias.WEIGHTS, found["lines"][:, 0], strict=True):
        np.testing.assert_allclose(gaps, theta * (1 + theta / (2 * weight)), rtol=0.01)
    # the density of the points between, by drawing them
    rng = np.random.default_rng(0)
    x, y, t = rng.uniform(2, 4, 10**6), rng.uniform(0, 1, 10**6), rng.uniform(size=10**6)
    counts, edges = np.histogram(y + t * (x - y), np.linspace(0, 4, 81), density=True)
    middle = (edges[1:] + edges[:-1]) / 2
    np.testing.assert_allclose(bias.density(middle), counts, rtol=0.06, atol=0.005)
    shares = np.array([np.mean(y <= z) - np.mean(x <= z) for z in middle])
    assert found["bias"] == near(np.sum(shares**2 / counts) * 0.05, rel=0.02)
    assert found["steepest"] == near(np.max(shares / counts), rel=0.05)
    law = 2.5 + found["bias"] / (2 * found["weights"][0])
    np.testing.assert_allclose(found["uniforms"][0], law, rtol=0.02)


def test_lab_clipping_numbers_belong_together(arrays):
    found, clipping = arrays("lab_clipping"), script("lab_clipping")
    x, y = clipping.PAIR.sample(80, np.random.default_rng(0))
    assert em(x, y) == near(found["emd"])
    assert found["flat"] == near(cdist(x, y).min(axis=0).mean() / found["emd"])
    np.testing.assert_allclose(found["quotient"], found["gap"] / found["slope"], rtol=1e-5)
    for name in ("certificate", "scaled"):
        assert np.all(found[name] <= 1 + 1e-6)
    assert np.all(np.abs(found["cosine"]) <= 1)
    assert np.all(np.diff(found["gap"], axis=1) > 0)  # with c
    assert np.all(
        found["quotient"][:, :, 0].max(axis=1) / found["quotient"][:, :, 0].min(axis=1) < 4
    )
    assert np.all(found["cosine"] > 0.3)
    assert np.all(found["scaled"] > 0.5)
    np.testing.assert_allclose(found["certificate"][:, 0], found["flat"], rtol=1e-3)
    assert np.all(np.diff(found["gradient"], axis=1) > 0)
    assert set(found["steps"][np.isfinite(found["steps"])]) <= {20, 40}
    np.testing.assert_allclose(found["c"], (0.003, 0.03, 0.3))
    # the deeper, the more powers of c
    grows = np.log10(found["gap"][:, 2] / found["gap"][:, 1])[:, 0]
    assert grows[0] < grows[2] < grows[4]


def test_lab_funnels_gaps_of_sorting_critics_are_below_the_truth(arrays):
    found, funnels = arrays("lab_funnels"), script("lab_funnels")
    of = {name: found["raw"][:, k, 0] for k, name in enumerate(funnels.NAMES)}
    for name in ("cones", "orthonormal, MaxMin", "orthonormal, full sort"):
        assert np.all(of[name] <= 1 + 1e-6)
    lp = of["exact LP of samples"]
    assert np.all(np.diff(lp) > 0)  # with the dimension
    assert abs(lp[0] - 1) < 4 * found["noise"][0]
    assert np.all(np.abs(found["cosine"]) <= 1 + 1e-6)
    assert np.all(np.diff(found["cosine"][:, 0, 0]) < 0)  # the program's critic gets lost
    assert np.all(found["cosine"][:, funnels.NAMES.index("orthonormal, MaxMin")] > 0.3)
    dual = found["corrected"][:, funnels.NAMES.index("c-transform"), 0]
    assert np.all(dual <= lp + 1e-6)
    for k, dimension in enumerate(funnels.DIMENSIONS):
        pair = funnels.exact.known.Funnels(dimension=dimension, funnels=4)
        x, y = pair.sample(20_000, np.random.default_rng(7), paired=True)
        ways = np.linalg.norm(x - y, axis=1)
        values = pair.critic(x).var() + pair.critic(y).var()
        assert found["noise"][k] == near((values / 60) ** 0.5 / found["truth"][k], rel=0.05)
        assert found["error"][k] == near(ways.std() / FUNNEL_DRAWS**0.5, rel=0.1)
        error = np.hypot(ways.std() / len(ways) ** 0.5, found["error"][k])
        assert abs(ways.mean() - found["truth"][k]) < 4 * error
    raw = found["raw"][:, funnels.NAMES.index("one-sided penalty"), 0] * found["truth"]
    better = found["corrected"][:, funnels.NAMES.index("one-sided penalty"), 0] * found["truth"]
    np.testing.assert_allclose(better * (1 + better / 20), raw, rtol=0.05)


def test_lab_training_certificates_are_below_em(arrays):
    found, training = arrays("lab_training"), script("lab_training")
    assert np.all(found["certificate"] <= found["emd"] + 1e-6)
    assert np.all(found["flat"] <= found["emd"] + 1e-6)
    np.testing.assert_array_equal(found["iteration"], np.arange(26))
    np.testing.assert_allclose(found["certificate"][0], found["flat"][0], rtol=0.02)  # so flat
    np.testing.assert_array_equal(found["emd"][:, 0, 0], found["emd"][0, 0, 0])  # one start
    law = data.toy("8gaussians")
    modes = law.modes.numpy()
    for k in range(len(training.PANELS)):
        for record in (0, 25):
            sheet = found["sheets"][k, record]
            real = law.sample(500, torch_generator(1)).numpy()
            assert found["emd"][k, 0, record] == near(em(sheet, real), rel=0.35)
            nearest = cdist(sheet, modes)
            close = nearest.min(axis=1) < 4 * law.spread
            counts = np.bincount(nearest.argmin(axis=1)[close], minlength=8)
            assert abs(found["modes"][k, 0, record] - np.sum(counts >= 0.1 * 500 / 8)) <= 1
    assert found["floor"] == near(floor(law, 40, pairs=10))
    assert np.all(abs(found["estimate"][0]) < 0.1 * found["emd"][0])  # clipped at .01
    assert np.all(found["estimate"][1:] > 0.05)
    assert np.all(found["estimate"][3:] <= found["certificate"][3:])  # of 1-Lipschitz critics


def torch_generator(seed):
    import torch

    return torch.Generator().manual_seed(seed)


def floor(law, n, pairs=1):
    """Mean EM between two samples of a law, drawn as `compare.sampling_floor` draws them."""
    told = []
    for seed in range(pairs):
        draws = torch_generator(seed)
        told.append(em(law.sample(n, draws).numpy(), law.sample(n, draws).numpy()))
    return np.mean(told)


@pytest.mark.parametrize(("name", "factor"), [("wgan_fig3_toy", 25), ("wgan_fig4_toy", 10)])
def test_wgan_fig3_toy_and_fig4_toy_em_is_that_of_their_sheets(arrays, name, factor):
    found = arrays(name)
    rate = {"wgan_fig3_toy": 2e-4, "wgan_fig4_toy": 1e-3}[name]
    np.testing.assert_allclose(found["rates"], [rate, rate, factor * rate])
    np.testing.assert_array_equal(found["iteration"], np.arange(41))
    assert found["emd"].shape == found["estimate beside"].shape == (3, 1, 6)
    law = data.toy("8gaussians")
    real = law.sample(500, torch_generator(5)).numpy()
    for k in (0, 1):  # the third run goes up and down between two looks
        between = found["emd"][k, 0, :2]  # the first sheet is of record 6, the looks of 0 and 8
        assert 0.85 * between.min() < em(found["sheets"][k, 0, 0], real) < 1.1 * between.max()
    assert found["floor"] == near(floor(law, 100, pairs=10))
    assert found["floor"] < found["emd"].min()
    np.testing.assert_array_equal(found["emd"][0, 0, 0], found["emd"][2, 0, 0])  # one start


def test_wgan_fig3_toy_gaps_are_as_small_as_the_box_and_costs_are_minus_fake_values(arrays):
    found = arrays("wgan_fig3_toy")
    assert np.all(np.abs(found["estimate"]) < 0.03)
    assert np.all(found["estimate beside"][:2, 0, 2:] > 0)
    for name in ("estimate", "cost"):  # of a batch, and of many points
        np.testing.assert_allclose(found[f"{name} beside"], found[name][:, :, ::8], atol=4e-5)


def test_wgan_fig4_toy_estimates_are_below_log_2_and_figure_8_draws_the_cost(arrays):
    found = arrays("wgan_fig4_toy")
    for beside in ("", " beside"):
        assert np.all(found[f"estimate{beside}"] <= LOG2)
        assert np.all(found[f"cost{beside}"] > 0)
    for shown in ("estimate", "cost"):  # of a batch, and of many points
        np.testing.assert_allclose(found[f"{shown} beside"], found[shown][:, :, ::8], atol=0.16)
    for name, shown in (("wgan_fig4_toy", "estimate"), ("wgan_fig8_toy", "cost")):
        top = drawn(name, arrays(name)).axes[0]
        np.testing.assert_array_equal(top.lines[0].get_ydata(), found[shown][0, 0])


@pytest.mark.parametrize("name", ["wgan_fig5", "wgan_fig6", "wgan_fig7"])
def test_wgan_fig5_fig6_fig7_em_and_attributes_are_those_of_their_sheets(arrays, name):
    found = arrays(name)
    real, n = pixels(found["real"]), int(found["n"])
    for k, sheet in enumerate(found["sheets"]):
        assert em(pixels(sheet)[:n], real[:n]) == near(found["unseen emd"][k, 0], rel=0.06)
        read = read_faces(sheet[:n])
        np.testing.assert_allclose(found["attribute tv"][k + 1], variations(read), atol=0.06)
        assert found["distinct"][k, 0] == near(len(set(map(bytes, read.drawn))), abs=1)
        valid = np.mean(read.distances / np.sqrt(768) / 2 <= 0.1)
        assert found["valid"][k, 0] == near(valid, abs=0.03)
        assert found["tv"][k, 0] == near(found["attribute tv"][k + 1].mean())
    np.testing.assert_allclose(found["attribute tv"][0], variations(read_faces(found["real"][:n])))
    assert found["attributes"].tolist() == list(sprites().attributes)
    assert found["real found"] > found["found"].max()
    np.testing.assert_array_equal(found["all"], 206)
    np.testing.assert_array_equal(found["iterations"], 6)
    assert (found["n"], found["read"], found["found"].shape) == (40, 40, (2, 1))
    law = script("wgan_images").config("wgan", "dcgan", "quick").law()
    np.testing.assert_array_equal(found["real"], law.whole.images[law.unseen[:64]])
    training = [row for row in range(len(law.whole.images)) if row not in set(law.unseen)]
    floor = em(pixels(law.whole.images[training[:n]]), real[:n])
    assert floor == near(found["floor"], rel=0.2)
    assert np.all(found["floor"] < found["unseen emd"])


def variations(read):
    """Total variation from the law of every attribute, where it shows."""
    told = []
    for name, attribute in sprites().attributes.items():
        shown = read.choices[name][read.told[name]].tolist()
        shares = [shown.count(k) / max(len(shown), 1) for k in range(len(attribute.values))]
        apart = np.abs(shares - attribute.probabilities).sum() / 2
        told.append(apart if shown else 1.0)
    return told


def test_lab_faces_has_the_faces_and_numbers_of_its_sheets(arrays):
    found = arrays("lab_faces")
    drawn = read_faces(found["generated"]).drawn
    np.testing.assert_array_equal(found["nearest"], drawn)
    np.testing.assert_array_equal(read_faces(found["real"]).drawn, found["real"])
    assert found["moments"].tolist() == [0, 1, 2, 4, 5, 6]
    np.testing.assert_array_equal(found["strip"][-1], found["generated"][:8])
    n = int(found["n"])  # 40 of the 48 faces that are shown
    generated, real = pixels(found["generated"])[:n], pixels(found["real"])
    assert em(generated, real[:n]) == near(found["emd"][-1], rel=0.08)
    assert found["floor"] == near(em(real[:24], real[24:]), rel=0.1)
    read = read_faces(found["generated"][: int(found["read"])])
    np.testing.assert_allclose(found["attribute tv"][1], variations(read), atol=0.06)
    assert found["quality"][-1] == found["valid"][0, 0] == 0
    assert found["modes"][-1] == found["found"][0, 0] < found["real found"]
    assert script("lab_faces").sentence(found).startswith("A WGAN-GP does not yet draw faces: ")
    assert "dependence" not in script("lab_faces").sentence(found)  # of 40 faces it is not known
    known = script("lab_faces").sentence(found | {"dependence": np.array(0.0123)})
    assert known.endswith(", dependence of attributes 0.012 nats (0 in the law)")


@pytest.mark.parametrize("name", ["wgan_fig5", "wgan_fig6", "wgan_fig7"])
def test_wgan_fig5_fig6_fig7_draw_a_bar_an_attribute_and_the_verdict_above(arrays, name):
    found = arrays(name)
    figure = drawn(name, found)
    for axes, values in zip(figure.axes[3:], found["attribute tv"], strict=True):
        np.testing.assert_array_equal([bar.get_width() for bar in axes.patches], values)
        np.testing.assert_array_equal(axes.lines[0].get_xdata()[::2], found["attribute floor"])
    assert [text.get_text() for text in figure.axes[3].get_yticklabels()] == [*sprites().attributes]
    faces = found | {  # a WGAN that draws faces, and a GAN that draws one
        "found": np.array([[190.0], [17.0]]),
        "tv": np.array([[0.3], [0.8]]),
        "deviation": np.array([[0.1], [0.3]]),
    }
    sentences = {
        "wgan_fig5": "DCGAN generator the WGAN draws faces, the GAN does not {}: not as",
        "wgan_fig6": "no batch norm the WGAN draws faces, the GAN does not {}: as",
        "wgan_fig7": "MLP generator the GAN collapses, the WGAN does not {}: as",
    }
    told = " ".join(drawn(name, faces).get_suptitle().split())
    assert sentences[name].format("(values found: 190 and 17 of 206)") in told


@pytest.mark.parametrize(("name", "kind"), [("wgan_fig3", "wgan"), ("wgan_fig4", "gan")])
def test_wgan_fig3_and_fig4_show_the_runs_that_figures_5_and_7_end(arrays, name, kind):
    found = arrays(name)
    place = ("wgan", "gan").index(kind)
    for row, sheets in ((0, "wgan_fig7"), (1, "wgan_fig5")):
        ends = arrays(sheets)
        assert found["emd"][row, -1] == ends["unseen emd"][place, 0]
    np.testing.assert_array_equal(found["emd"], found["unseen emd"])  # no face is trained on twice
    looked = np.isfinite(found["emd"])
    np.testing.assert_array_equal(looked, [[record % 3 == 0 for record in range(7)]] * 3)
    np.testing.assert_array_equal(looked, np.isfinite(found["unseen emd"]))
    np.testing.assert_array_equal(found["iteration"], np.arange(7))
    assert np.all(found["floor"] < found["emd"][looked])
    np.testing.assert_array_equal(found["moments"], [1, 3, 5])
    assert found["floor"] == arrays("wgan_fig5")["floor"]
    assert found["sheets"].shape == (3, 3, 16, 16, 16, 3)
    start = pixels(found["sheets"][1, 0])  # nothing is trained at iteration 1
    real = pixels(arrays("wgan_fig5")["real"][:16])
    assert em(start, real) == near(found["unseen emd"][1, 0], rel=0.1)
    assert found["factor"] == {"wgan": 20, "gan": 10}[kind]
    if kind == "gan":
        assert np.all(found["estimate"] <= LOG2)
        assert np.all(found["cost"] > 0)
        assert np.all(np.diff(found["estimate"]) > 0)  # the discriminator learns
        np.testing.assert_allclose(found["cost"][1], LOG2, atol=1e-3)  # it tells nothing yet
        np.testing.assert_allclose(found["estimate"][1], 0, atol=0.1)
    else:
        assert np.all(np.diff(found["estimate"][:2, :3]) > 0)  # the critic learns
        assert np.all(np.abs(found["estimate"]) < found["emd"][:, :1])


def test_wgan_fig8_draws_the_cost_where_figure_4_draws_the_estimate(arrays):
    found = arrays("wgan_fig4")
    for name, shown in (("wgan_fig4", "estimate"), ("wgan_fig8", "cost")):
        figure = drawn(name, arrays(name))
        for axes, values in zip(figure.axes[:3], found[shown], strict=True):
            np.testing.assert_array_equal(axes.lines[0].get_ydata(), values)


def test_gp_fig5b_toy_distances_to_both_samples_are_as_near_as_the_samples(arrays):
    found = arrays("gp_fig5b_toy")
    law = data.toy("cube", low=-1, high=1, dimension=8)
    assert found["floor"] == near(floor(law, 200, pairs=20))
    for name in ("penalty", "clipping"):
        iteration, gap, held_out_gap, train, held_out = found[name][0].T
        np.testing.assert_array_equal(iteration, np.arange(11))
        assert np.all(np.abs(train - held_out) <= 1.5 * found["floor"])
        assert np.all(train > found["floor"])
        assert abs(gap[0] - held_out_gap[0]) < 0.1 + 0.2 * abs(gap[0])
    np.testing.assert_array_equal(found["penalty"][0, 0, 3:], found["clipping"][0, 0, 3:])
    assert np.all(np.diff(found["penalty"][0, :4, 1]) > 0)


def test_lab_momentum_steps_without_momentum_go_downhill(arrays):
    found = arrays("lab_momentum")
    for name in script("lab_momentum").COLUMNS:
        gap, cosine, emd = np.moveaxis(found[name], -1, 0)
        assert np.flatnonzero(np.isfinite(emd[0])).tolist() == [0, 20]
        seen = cosine[np.isfinite(cosine)]
        assert np.all(np.abs(seen) <= 1 + 1e-6)
        assert np.flatnonzero(np.isnan(cosine[0])).tolist() == [0]
        assert cosine[0, 1] > 0.1  # the first step of all follows the first gradient
        if name in ("rmsprop", "adam 0"):
            assert np.all(seen > 0)
        assert np.isfinite(gap).all()
    starts = [found[name][0, 0, 2] for name in script("lab_momentum").COLUMNS]
    np.testing.assert_array_equal(starts, starts[0])
    real = data.toy("8gaussians").sample(100, torch_generator(5)).numpy()
    assert starts[0] == near(1.0, abs=0.6)
    assert em(real, np.zeros_like(real)) == near(1.4, abs=0.2)


def test_lab_modes_numbers_are_those_of_the_points(arrays):
    found, law = arrays("lab_modes"), data.toy("8gaussians")
    modes = law.modes.numpy()
    real = law.sample(1000, torch_generator(5)).numpy()
    assert found["floor"] == near(floor(law, 100))
    for name in script("lab_modes").NAMES:
        for row, points in zip(found[name], found[f"{name} points"], strict=True):
            reached, near_modes, quality, emd = row
            distances = cdist(points, modes)
            close = distances.min(axis=1) < 4 * law.spread
            counts = np.bincount(distances.argmin(axis=1), minlength=8)
            at = np.bincount(distances.argmin(axis=1)[close], minlength=8)
            assert reached == np.sum(counts >= 0.1 * 1000 / 8)
            assert near_modes == np.sum(at >= 0.1 * 1000 / 8)
            assert quality == near(close.mean())
            assert emd == near(em(points[:500], real[:500]), rel=0.25)
    low, high = script("lab_modes").interval(np.array([1.0, 1, 1, 1]))
    assert (low, high) == (1, 1)


def le_cam(x):
    """(p - q)^2 / (p + q) / 2 of N(0, 1) and N(1, 1)."""
    p, q = stats.norm.pdf(x), stats.norm.pdf(x - 1)
    return (p - q) ** 2 / (p + q) / 2


def test_lab_objectives_estimates_are_below_the_distances_of_two_normals(arrays):
    found = arrays("lab_objectives")
    overlap = 2 * stats.norm.cdf(-0.5)  # N(0, 1) and N(1, 1) cross at 1/2
    truths = {
        "wgan-lp": 1.0,
        "loss-sensitive": 1.0,
        "gan": js_of_normals(1),
        "gan-minimax": js_of_normals(1),
        "lsgan": integrate.quad(le_cam, -9, 10)[0],
        "hinge": 1 - overlap,
        "ebgan": 1 - overlap,
        "fgan-kl": 0.5,
        "fgan-reverse-kl": 0.5,
        "fgan-tv": 1 - overlap,
        "fgan-pearson": np.e - 1,
    }
    assert set(truths) == set(script("lab_objectives").FITTED)
    for name, truth in truths.items():
        exact, value, error = found[f"{name} estimate"]
        assert exact == near(truth, rel=1e-5)
        assert value <= truth + 4 * error
        assert 0 < error < 0.02
    law = data.toy("8gaussians")
    real = law.sample(500, torch_generator(5)).numpy()
    assert found["floor"] == near(floor(law, 100))
    for name in script("lab_objectives").NAMES:
        emd, _ = found[name][0]
        assert emd == near(em(found[f"{name} points"][:500], real), rel=0.15)


def test_gp_table2_toy_both_methods_start_alike_and_outcomes_add_up(arrays):
    found, table = arrays("gp_table2_toy"), script("gp_table2_toy")
    assert all(sum(counts) == 200 for counts in table.PAPER.values())
    success = np.array([[True, False], [False, True], [True, True], [False, False], [False, True]])
    assert table.outcomes(success) == (1, 2, 1, 1)
    np.testing.assert_array_equal(found["depths"], [2, 4, 8])
    np.testing.assert_array_equal(found["widths"], [16, 32, 64])
    assert np.all(found["emd"] > found["floor"])
    assert np.all(np.abs(found["emd"] / found["start"][:, None] - 1) < 0.3)
    rng = np.random.default_rng(0)
    drawn_pairs = [
        (table.drawn(table.SIZES["quick"], rng), table.drawn(table.SIZES["quick"], rng))
        for _ in range(4)
    ]
    for k, (_, critic) in enumerate(drawn_pairs):
        assert table.ACTIVATIONS[found["activation"][k]] == critic.activation
        assert found["normalized"][k] == (critic.norm == "batch")
    law = data.toy("8gaussians")
    assert found["floor"] == near(floor(law, 500))


def test_gp_table2_toy_has_each_methods_number_in_its_own_column(monkeypatch):
    table = script("gp_table2_toy")
    ends = {"gan": (1.0, 2.0), "wgan-gp": (1.0, 3.0)}
    monkeypatch.setattr(table, "ends", lambda name, *_: ends[name])
    np.testing.assert_array_equal(table.compute("quick")["emd"], [[2, 3]] * 4)


def test_lab_schedule_counts_the_critics_steps(arrays):
    found, schedule = arrays("lab_schedule"), script("lab_schedule")
    np.testing.assert_array_equal(found["constant"][0, :, 1], [0, 5, 10, 15])
    np.testing.assert_array_equal(found["original"][0, :, 1], [0, 100, 200, 300])
    for name in ("constant", "original"):
        np.testing.assert_array_equal(found[name][0, :, 0], range(4))
    np.testing.assert_array_equal(found["constant"][0, 0], found["original"][0, 0])
    assert np.abs(found["original"][0, 1, 2]) > 10 * np.abs(found["constant"][0, 1, 2])
    assert np.all(found["constant"][:, :, 3] > found["floor"])
    law = data.toy("8gaussians")
    assert found["floor"] == near(floor(law, 500))
    assert schedule.CONFIGS["original"].critic_steps(25) == 5


def test_gp_text_small_has_the_divergences_and_words_of_its_text(arrays):
    found = arrays("gp_text_small")
    law = data.text_law("text:shakespeare:length=8")
    known, held_out = (law.codes.numpy()[rows] for rows in (law.rows, law.unseen[:640]))
    for n, floor in enumerate(found["floor"], 1):
        grams = [sliding(codes, n) for codes in (known, held_out)]
        keys, places = np.unique(np.concatenate(grams), axis=0, return_inverse=True)
        laws = np.zeros((2, len(keys)))
        np.add.at(laws, (np.repeat([0, 1], [len(some) for some in grams]), places.ravel()), 1)
        assert floor == near(jensenshannon(*laws) ** 2)
    words = set(compare.ngrams.words(law.alphabet.decode(known), 8))
    for name in ("WGAN-GP", "standard GAN"):
        iteration, *divergences, share = found[name].T
        np.testing.assert_array_equal(iteration, [0, 2, 4])
        assert np.all(np.diff(divergences, axis=0) > 0)  # more characters tell more apart
        assert np.all(np.array(divergences) <= LOG2)
        assert np.all((share >= 0) & (share <= 1))
        assert found[f"{name} lines"].shape == (3, 12, 3)
    shown = np.concatenate([*found["WGAN-GP lines"], found["real"]])
    for of_text, others, cut in shown:
        assert {*of_text.split()} <= words
        assert not {*others.split()} & words
        assert len(cut.split()) == (len(cut) == 8 and not cut[-1].isspace())
    together = ["".join(map(max, *pair)) for pair in found["real"]]  # a blank is below all letters
    assert [line.split() for line in together] == [
        line.split() for line in law.alphabet.decode(law.codes.numpy()[law.unseen[:12]])
    ]
    figure = drawn("gp_text_small", found)
    panel = figure.axes[0]
    assert [line.get_label() for line in panel.get_lines()[::2]] == [
        f"n = {n}" for n in (1, 2, 3, 4)
    ]
    for k, line in enumerate(panel.get_lines()):
        values = line.get_ydata()
        expected = found["floor"][k // 2] if k % 2 else found["WGAN-GP"][:, 1 + k // 2]
        np.testing.assert_array_equal(values, np.broadcast_to(expected, np.shape(values)))
    assert [axes.get_title(loc="left") for axes in figure.axes[2:]] == [
        *(f"WGAN-GP, iteration {k}" for k in (0, 2, 4)),
        *("standard GAN, 4", "real lines, held out"),
    ]


def sliding(codes, n):
    """All n-grams of lines, as rows."""
    return np.lib.stride_tricks.sliding_window_view(codes, n, axis=1).reshape(-1, n)


def test_gp_fig5b_certificates_are_below_em(arrays):
    found = arrays("gp_fig5b")
    for name in ("penalty", "clipping"):
        gap, held_out, train, unseen, certificate = found[name].T
        assert np.all(certificate <= unseen + 1e-6)
        assert np.all(np.abs(train - unseen) <= found["floor"])
        assert np.all(np.abs(gap - held_out) < 0.05)  # nothing is known by heart yet
        assert np.all(np.diff(train) < 0)
        sheet = pixels(found[f"{name} sheets"][0])
        law = script("gp_fig5b").config("penalty", "quick").law()
        real = pixels(law.whole.images[law.unseen[:24]])
        assert em(sheet, real) == near(unseen[1], rel=0.1)
    np.testing.assert_array_equal(found["penalty"][0, 2:4], found["clipping"][0, 2:4])
    assert np.all(np.abs(found["clipping"][:, :2]) < 0.01)
    assert np.all(np.diff(found["penalty"][:, 0]) > 0)
    np.testing.assert_array_equal(found["iteration"], range(6))
    np.testing.assert_array_equal(found["moments"], [1, 4])
    early, late = (em(pixels(sheet), real) for sheet in found["clipping sheets"])
    assert late < early
    training = np.setdiff1d(np.arange(len(law.whole.images)), law.unseen)
    train, real = (pixels(law.whole.images[rows[:40]]) for rows in (training, law.unseen))
    assert found["floor"] == near(em(train, real), rel=0.2)


def test_gp_fig5b_says_which_gaps_part():
    names = script("gp_fig5b")
    apart = np.array([[2.0, 2.0], [2.0, 2.0], [2.5, 2.0], [3.0, 2.0], [4.0, 1.5]])
    together = apart[:, :1] * [0.01, 0.0098]
    assert names.sentence(apart, together) == (
        "Seen: under the penalty the gaps on training and held-out digits part (by 2.5 of 4 at the "
        "end), under clipping they stay together (by 0.0008 of 0.04)"
    )
    assert names.sentence(together, apart).startswith("The reverse is seen: ")
    assert names.sentence(apart, apart).startswith("Seen in part: ")
    assert names.sentence(together, together).startswith("Not seen: ")
    little = apart[:, :1] * [1, 0.93]
    assert "clipping they part a little (by 0.28 of 4)" in names.sentence(apart, little)
    assert names.sentence(-apart, together).startswith("Not seen: ")  # a gap of the wrong sign
    assert names.parting(apart) == (0.0, 2.5)  # the second and the last fifth
    assert names.parting(-apart)[1] == -2.5


def test_gp_fig2_small_em_is_that_of_its_sheets(arrays):
    found, small = arrays("gp_fig2_small"), script("gp_fig2_small")
    law = small.config(0, "WGAN-GP", "quick").law()
    real = pixels(law.whole.images[law.unseen[:32]])
    for row in range(4):
        for column in range(4):
            told = em(pixels(found["sheet"][row, column]), real)
            outside = 0.6 if row == 2 else 0.1  # pixels of the MLP leave the range of bytes
            assert told == near(found["emd"][row, column], rel=outside)
    assert np.all((found["found"] >= 1) & (found["found"] < found["all"]))
    assert np.all(found["all"] == 206)
    assert np.all((found["away"] > 0.2) & (found["away"] < 0.6))  # nothing is learned yet
    assert np.all(found["emd"] > found["floor"])
    assert (str(found["kind"]), found["dimension"]) == ("faces", 768)
    new = pixels(law.sample(40, torch_generator(3)).add(1).mul(127.5).round().byte().numpy())
    assert found["floor"] == near(em(new, pixels(held_faces(law, 40))), rel=0.1)
    assert not small.working(found).any()


def held_faces(law, n):
    """Bytes (n, c, h, w)."""
    return law.whole.images[law.unseen[:n]].transpose(0, 3, 1, 2)


def test_gp_fig2_small_says_where_methods_work():
    small = script("gp_fig2_small")
    works = np.ones((4, 4), bool)
    too = "Not seen: WGAN-GP works on all 4 architectures, but {} too"
    assert small.sentence(works) == too.format("GAN, least squares, clipping do")
    works[2, 0] = works[3, 2] = False
    assert small.sentence(works) == too.format("least squares does")
    works[0, 1] = False
    assert small.sentence(works).startswith("Seen: WGAN-GP works on all 4 architectures")
    works[[2, 3], 3] = False
    assert small.sentence(works) == "Not seen: WGAN-GP fails on the MLP and tanh"
    arrays = {name: np.full((4, 4), value) for name, value in (("found", 200.0), ("all", 206.0))}
    arrays |= {"away": np.full((4, 4), 0.1), "kind": np.array("faces")}
    arrays["found"][0, 1], arrays["away"][1, 2] = 20, 0.5
    arrays["found"][3, 0] = np.nan  # diverged
    told = np.ones((4, 4), bool)
    told[[0, 1, 3], [1, 2, 0]] = False
    np.testing.assert_array_equal(small.working(arrays), told)


def test_gp_fig2_small_has_each_runs_numbers_in_its_own_cell(monkeypatch):
    small = script("gp_fig2_small")

    def judged(name, config, *_):
        assert name.startswith("fig2_")
        networks = (config.critic.activation, type(config.generator).__name__)
        method = (config.objective, config.constraint, config.critic_optimizer.name)
        return {"emd": np.array(" ".join([*networks, *method, config.generator.norm]))}

    monkeypatch.setattr(small, "judged", judged)
    rows = (
        "dcgan DCGANConfig {} batch",
        "dcgan DCGANConfig {} none",
        "dcgan MLPConfig {} none",
        "tanh DCGANConfig {} batch",
    )
    columns = "non-saturating none adam", "least-squares none rmsprop"
    columns += "wasserstein clip rmsprop", "wasserstein gp adam"
    told = [[row.format(column) for column in columns] for row in rows]
    np.testing.assert_array_equal(small.compute("quick")["emd"], told)


def test_lab_image_critics_numbers_obey_the_laws(arrays):
    found, critics = arrays("lab_image_critics"), script("lab_image_critics")
    numbers = dict(zip(critics.NUMBERS, found["numbers"].T, strict=True))
    np.testing.assert_allclose(numbers["gap_over_slope"], numbers["critic_gap"] / numbers["slope"])
    assert np.all(numbers["slope"] <= numbers["lipschitz"] * (1 + 1e-5))
    assert np.all(numbers["certificate"] <= numbers["exact"] + 1e-6)
    assert numbers["lipschitz"][2] == near(1, abs=1e-4)  # of the folds
    assert numbers["critic_gap"][2] <= numbers["exact"][2]
    looked = np.isfinite(found["emd"])
    assert np.all(found["certificate"][looked] <= found["emd"][looked] + 1e-6)
    np.testing.assert_allclose(found["estimate"][:, -1], numbers["critic_gap"], rtol=0.2)
    np.testing.assert_allclose(found["emd"][:, -1], numbers["exact"], rtol=0.02)
    law = critics.config("wgan", "quick").law()
    real = held_faces(law, 20)
    for sheets, emd in zip(found["sheets"], found["emd"], strict=True):
        told = em(pixels(sheets[1].transpose(0, 3, 1, 2)), pixels(real))
        assert told == near(emd[3], rel=0.1)  # the look that is nearest
    np.testing.assert_array_equal(found["all"], [206] * 3)
    assert np.all((found["found"] >= 1) & (found["found"] < 100) & (found["away"] > 0.1))
    assert np.all((found["lower"] >= 0) & (found["lower"] < numbers["exact"]))
    np.testing.assert_array_equal(found["iteration"], range(7))
    np.testing.assert_array_equal(found["moments"], [1, 4])
    np.testing.assert_array_equal(found["steps"], [5, 3, 3])


def test_lab_image_critics_says_which_generator_is_best():
    critics = script("lab_image_critics")
    emd, found, away = (
        np.array([11.0, 12, 13]),
        np.array([150, 190, 160]),
        np.array([0.3, 0.2, 0.1]),
    )
    assert critics.sentence("faces", emd, found, away) == (
        "The generator nearest in pixels, of the clipped critic, is not the best by attributes: "
        "most values by the penalized critic, nearest to faces by the orthonormal critic"
    )
    best = critics.sentence("faces", emd, -found, -away)
    assert "of the clipped critic, is the best by attributes too:" in best
    alike = critics.sentence("classes", emd, found[[1, 0, 2]], away[::-1])
    assert alike == (
        "The generator nearest in pixels, of the clipped critic, is the best by the classifier "
        "too: it finds most classes and has the lowest KID"
    )
    near_by = critics.sentence("faces", np.array([11.0, 11.05, 11.05]), found, away)
    assert near_by.endswith("by the orthonormal critic, as near within 1 %")
    assert critics.sentence("none", emd[::-1], found, away).endswith(
        "orthonormal critic, has EM 11.0"
    )


def test_every_figure_has_a_test_of_its_arrays():
    tests = Path(__file__).read_text()
    assert [name for name in FIGURES if f'"{name}"' not in tests] == []


@pytest.mark.parametrize("name", FIGURES)
def test_no_code_runs_that_the_digest_does_not_cover(quick, name):
    owner = TREE.owner(name)
    reached = TREE.reached((f"figures.{owner}", "compute"))
    ran = json.loads((quick(owner) / "ran.json").read_text())
    assert len(ran) > 20
    for file, line in ran:
        module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if module.startswith("figures."):
            covered = (module, top(ROOT / file, line)) in reached or module == UNSEEN
        else:  # a package that loads lazily only looks up a name
            covered = (module, None) in reached or top(ROOT / file, line) == "__getattr__"
        assert covered, (file, line)


def top(path, line):
    """The name of the function or class at the top of a file that a line is in."""
    for node in ast.parse(path.read_text()).body:
        if node.lineno - len(getattr(node, "decorator_list", ())) <= line <= node.end_lineno:
            return getattr(node, "name", None) or node.targets[0].id
    raise LookupError(line)


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_is_drawn_the_same_from_kept_arrays_within_its_edges(arrays, name):
    found = arrays(name)
    figure = drawn(name, found)
    told = content(figure)
    assert told == content(drawn(name, arrays(name)))
    for key, values in arrays(name).items():  # drawing changes nothing
        np.testing.assert_array_equal(values, found[key])
    assert len(told) > 50
    with plots.style():
        figure.draw_without_rendering()
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.02


def content(figure):
    """What is drawn, before it is laid out."""
    told = []
    for artist in figure.findobj():
        told.append(type(artist).__name__)
        if isinstance(artist, Text):
            told.append(artist.get_text())
        elif isinstance(artist, Line2D):
            told.append(artist.get_xydata().tobytes())
        elif isinstance(artist, Patch):
            told.append(artist.get_path().vertices.tobytes())
        elif isinstance(artist, ScalarMappable) and artist.get_array() is not None:
            told.append(artist.get_array().tobytes())
    return told
