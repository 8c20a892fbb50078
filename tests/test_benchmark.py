"""Critics of laws on new points: the W1 benchmark's metrics, its table, its published rows."""

import csv
import math
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from wganlab import compare, exact, learned
from wganlab.compare import directions, law_brackets, law_cells, law_tables, published_rows, rows
from wganlab.compare.brackets.two_laws import laws_of

MEANS = ("ratio", "cosine_at_real")
QUICK = {name: replace(learned.METHODS[name], steps=5, batch=32) for name in ("gp", "orthonormal")}
FUNNELS = [exact.known.Funnels(d) for d in (2, 3)]


class TrueCritic(nn.Module):
    """The critic of funnels, stretched and turned."""

    def __init__(self, pair, stretch=1.0):
        super().__init__()
        self.bottoms = torch.tensor(pair._bottoms)
        self.offsets = torch.tensor(pair._offsets)
        self.stretch = stretch

    def forward(self, z):
        apart = (z.double()[:, None] - self.bottoms).norm(dim=2) + self.offsets
        return -self.stretch * apart.min(dim=1).values


def made(path=None, *, pairs=FUNNELS, methods=QUICK, seeds=2, n=200, **options):
    return compare.benchmark(pairs, methods, seeds, n=n, path=path, progress=False, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("benchmark") / "laws.csv"
    return made(path), path


@pytest.mark.parametrize(
    ("stretch", "cosine", "squared"), [(1.0, 1, 0), (3.0, 1, 4), (-1.0, -1, 4), (0.0, 0, 1)]
)
def test_the_metrics_at_real_points_are_the_benchmarks(stretch, cosine, squared):
    pair = exact.known.Funnels(4)
    row = made(pairs=pair, methods={"true": TrueCritic(pair, stretch)}, seeds=1).rows[0]
    assert row.cosine_at_real == pytest.approx(cosine, abs=1e-9)
    assert row.squared_l2_at_real == pytest.approx(squared, abs=1e-9)
    assert row.cosine == pytest.approx(cosine, abs=1e-9)
    assert row.ratio == pytest.approx(stretch, abs=1e-12)
    assert row.slope == pytest.approx(abs(stretch), abs=1e-9)
    assert row.error == pytest.approx(0, abs=1e-12)
    told = compare.critic_vs_exact(TrueCritic(pair, stretch), pair, n=50)
    assert told.cosine_at_real == pytest.approx(cosine, abs=1e-9)
    assert told.squared_l2_at_real == pytest.approx(squared, abs=1e-9)


def test_the_metrics_are_means_over_points_of_p(rng):
    pair = exact.known.Funnels(3, 2)
    bowl = {"bowl": lambda z: (z**2).sum(axis=1) / 2}  # of gradient z
    row = made(pairs=pair, methods=bowl, seeds=1, n=20_000).rows[0]
    told = []
    for z in pair.sample(20_000, rng):
        true = pair._bottoms[pair._heights(z).argmin(axis=1)] - z
        true /= np.linalg.norm(true, axis=1)[:, None]
        cosines = np.sum(z * true, axis=1) / np.linalg.norm(z, axis=1)
        told.append((cosines.mean(), ((z - true) ** 2).sum(axis=1).mean()))
    assert row.cosine_at_real == pytest.approx(told[0][0], abs=0.02)
    assert row.squared_l2_at_real == pytest.approx(told[0][1], rel=0.02)
    assert abs(told[1][0] - told[0][0]) > 0.1  # at points of Q they are others
    assert abs(told[1][1] - told[0][1]) > 0.5
    assert abs(row.cosine - row.cosine_at_real) > 0.02  # and along the rays


def test_a_pair_without_a_known_gradient_has_no_metrics_at_real():
    pair = exact.known.Balls(dimension=3)
    row = made(pairs=pair, methods={"true": pair.critic}, seeds=1).rows[0]
    assert row.cosine_at_real is row.squared_l2_at_real is None
    assert row.ratio == pytest.approx(1, abs=1e-9)
    assert row.cosine == pytest.approx(1, abs=1e-6)
    assert row.population == pair.emd
    told = compare.critic_vs_exact(pair.critic, pair, n=50)
    assert told.cosine_at_real is told.squared_l2_at_real is None
    x, y = pair.sample(50, np.random.default_rng(0))
    assert compare.critic_vs_exact(lambda z: z[:, 0], x, y).cosine_at_real is None


def test_squares_that_overflow_are_infinite_and_norms_are_not():
    assert directions.norms(np.array([[3e200, 4e200]])) == pytest.approx([5e200])
    assert directions.squared_l2(np.array([[1e200, 0.0]]), np.array([[1.0, 0.0]])) == np.inf
    assert directions.cosine(np.array([[1e200, 0.0]]), np.array([[1.0, 0.0]])) == 1


def test_the_error_of_a_ratio_is_that_of_repeated_samples():
    pair = exact.known.Funnels(3)
    ratios, errors = [], []
    for seed in range(300):
        x, y = pair.sample(400, np.random.default_rng(seed), paired=True)
        rises, moved = x[:, 0] - y[:, 0], np.linalg.norm(x - y, axis=1)
        ratios.append(rises.mean() / moved.mean())
        errors.append(law_cells._error_of_ratio(rises, moved))
    assert np.mean(errors) == pytest.approx(np.std(ratios), rel=0.15)


def test_rows_are_what_a_fit_on_the_laws_says(whole):
    result, _ = whole
    assert [(row.pair, row.method, row.seed) for row in result.rows] == [
        (repr(pair), method, seed) for pair in FUNNELS for method in QUICK for seed in (0, 1)
    ]
    row = result.rows[1]
    gp = QUICK["gp"]
    fitted = learned.fit_critic(
        FUNNELS[0],
        constraint=gp.constraint,
        critic=gp.critic,
        optimizer=gp.optimizer,
        steps=5,
        batch=32,
        seed=1,
        records=1,
    )
    found = law_cells.judged_on_law(fitted, FUNNELS[0], 200)
    for name in ("critic_gap", "slope", "cosine", "cosine_at_real", "squared_l2_at_real"):
        assert getattr(row, name) == found[name]
    x, y = FUNNELS[0].sample(200, law_cells.judging(), paired=True)
    assert row.exact == pytest.approx(np.linalg.norm(x - y, axis=1).mean())
    assert row.exact == pytest.approx(exact.emd(x, y), rel=1e-9)
    assert (row.n, row.dim, row.steps, row.population) == (200, 2, 5, FUNNELS[0].emd)
    assert len({row.exact for row in result.rows}) == 2  # one sample a pair
    assert len({row.critic_gap for row in result.rows}) == 8


def test_critics_of_unit_slope_stay_below_the_truth_and_are_proven(whole):
    for row in whole[0].rows:
        if row.method == "orthonormal":
            assert row.ratio <= 1 + 1e-6
            assert row.lipschitz == pytest.approx(1, abs=1e-5)
        else:
            assert row.lipschitz == np.inf


def test_the_sides_of_a_bracket_hold_the_distance_of_the_laws(whole):
    for row in whole[0].rows:
        assert row.population <= row.upper < 1.5 * row.population
        if row.method == "gp":
            assert row.lower < 0.05  # of its layers a constant is proven, which is far too large
        else:
            assert 0 < row.lower < row.population
            assert 0.5 * row.critic_gap < row.lower < row.critic_gap + 0.1
    assert len({row.upper for row in whole[0].rows}) == 2  # one a pair


@pytest.mark.parametrize("stretch", [-1.0, 1.0, 3.0])
def test_a_lower_side_is_over_the_proven_constant(stretch):
    pair = exact.known.Translation((3.0, 4.0))
    linear = nn.Linear(2, 1, bias=False)
    linear.weight.data[:] = stretch * torch.tensor([[0.6, 0.8]])
    bound, note = law_brackets.below(linear, pair, 2**12)
    told = law_brackets.below(linear, pair, 2**12)
    assert (bound, note) == told  # the same points again
    x, y = pair.sample(1, np.random.default_rng(0), paired=True)
    rises = stretch * ((x - y) @ [0.6, 0.8])[0] > 0
    assert bound == (pytest.approx(5, abs=0.01) if rises else 0)
    assert bound <= 5


def test_the_upper_side_is_students():
    pair = exact.known.Balls(dimension=3)
    laws = laws_of(
        pair, None, seed=law_brackets.SEED, device=torch.device("cpu"), nets=True, shared=False
    )
    n = law_brackets.REPLICATES
    emds = [exact.emd(*laws.draw("upper", 50, n)) for _ in range(n)]
    radius = stats.t.isf(law_brackets.LEVEL, n - 1) * stats.sem(emds)
    assert law_brackets.above(pair, 50) == pytest.approx(np.mean(emds) + radius, rel=1e-6)
    assert radius > 1e-4


def test_a_critic_that_is_not_what_was_proven_has_no_lower_side(monkeypatch):
    pair = exact.known.Translation((1.0, 0.0))
    monkeypatch.setattr("wganlab.compare.brackets.provable.lipschitz_bound", lambda *_: 0.5)
    linear = nn.Linear(2, 1)
    linear.weight.data[:] = torch.tensor([[-1.0, 0.0]])
    methods = {"false": linear, "function": lambda z: z[:, 0]}
    false, function = made(pairs=pair, methods=methods, seeds=1).rows
    assert false.lower is function.lower is None
    assert "is not what was proven, and bounds nothing" in false.note
    assert "proven" not in function.note  # which is no news
    assert false.upper == function.upper >= 1


def test_a_board_without_brackets_is_refused(whole, tmp_path):
    old = tmp_path / "old.csv"
    with whole[1].open() as stream:
        lines = list(csv.DictReader(stream))
    kept = [name for name in lines[0] if name not in ("lower", "upper")]
    with old.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, kept, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    with pytest.raises(ValueError, match="is no scoreboard of this version that judges laws"):
        made(old)


def test_rows_are_kept_and_not_computed_again(whole, monkeypatch):
    result, path = whole
    assert list(rows.read(path, compare.BenchmarkRow).values()) == list(result.rows)
    assert path.with_suffix(".md").read_text() == result.markdown()
    monkeypatch.setattr(law_cells.LawCell, "compute", None)
    assert made(path).rows == result.rows


def test_a_run_that_was_killed_goes_on_where_it_stopped(whole, tmp_path, monkeypatch):
    result, path = whole
    lines = path.read_text().splitlines(keepends=True)
    cut = tmp_path / "cut.csv"
    cut.write_text("".join(lines[:6]) + lines[6][:30], newline="")
    computed, compute = [], law_cells.LawCell.compute
    monkeypatch.setattr(
        law_cells.LawCell,
        "compute",
        lambda cell, given: computed.append(cell.key) or compute(cell, given),
    )
    again = made(cut)
    assert computed == [row.key for row in result.rows[5:]]
    assert [replace(row, seconds=0) for row in again.rows] == [
        replace(row, seconds=0) for row in result.rows
    ]


@pytest.mark.slow
def test_processes_side_by_side_compute_the_same_rows(whole):
    again = made(jobs=2)
    assert [replace(row, seconds=0) for row in again.rows] == [
        replace(row, seconds=0) for row in whole[0].rows
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"n": 201},
        {"pairs": [exact.known.Funnels(2, seed=1)]},
        {"pairs": [exact.known.Funnels(2, power=4.0)]},
        {"pairs": [exact.known.Funnels(bottoms=np.zeros((4, 2)))]},
        {"methods": {"gp": replace(QUICK["gp"], steps=6)}},
        {"methods": {"gp": replace(QUICK["gp"], batch=33)}},
        {"seeds": [1]},
    ],
)
def test_another_recipe_is_another_row(change, monkeypatch):
    def keys(**options):
        base = {"pairs": FUNNELS[:1], "methods": {"gp": QUICK["gp"]}, "seeds": 1}
        return [row.key for row in made(**base | options).rows]

    monkeypatch.setattr(law_cells.LawCell, "compute", lambda cell, given: compare_row(cell))
    assert keys() == keys()
    assert keys(**change) != keys()


def compare_row(cell):
    values = dict.fromkeys(rows.columns(compare.BenchmarkRow), 0)
    return compare.BenchmarkRow(**{**values, "key": cell.key, "pair": cell.pair})


def test_two_funnels_of_ones_own_are_two_pairs():
    pairs = [exact.known.Funnels(bottoms=[[c, 0.0], [0.0, 1.0]]) for c in (1.0, 2.0)]
    result = made(pairs=pairs, methods={"f": lambda z: z[:, 0]}, seeds=1)
    assert len({row.pair for row in result.rows}) == 2
    assert "(1): EM" in str(result)
    assert "(2): EM" in str(result)


def test_a_scoreboard_and_a_benchmark_do_not_read_each_others_files(whole, tmp_path):
    path = tmp_path / "board.csv"
    compare.scoreboard(FUNNELS[:1], {"f": FUNNELS[0].critic}, 1, n=20, path=path)
    with pytest.raises(ValueError, match="is no scoreboard of this version that judges laws"):
        made(path)
    with pytest.raises(ValueError, match=r"laws\.csv is no scoreboard of this version:"):
        compare.scoreboard(FUNNELS[:1], {"f": FUNNELS[0].critic}, 1, n=20, path=whole[1])
    made(path, overwrite=True, pairs=FUNNELS[:1], methods={"f": FUNNELS[0].critic})
    with path.open() as stream:
        assert len(list(csv.DictReader(stream))) == 2
    assert sorted(os.listdir(tmp_path)) == ["board.csv", "board.md"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": {"a": (np.zeros((3, 2)), np.ones((3, 2)))}}, "a is no known pair: compare.sco"),
        ({"methods": "wgan"}, "there is no method 'wgan': choose from gp"),
        ({"methods": {"f": "word"}}, "the critic is of type str"),
        ({"n": 0}, "n = 0"),
        ({"n": 10**10}, "give a whole number of at most"),
        ({"n": 10**9}, "take 32 GB: choose fewer"),
        ({"seeds": 0}, "at least one"),
        ({"jobs": 0}, "jobs = 0"),
    ],
)
def test_what_cannot_work_is_refused_before_any_training(options, message, monkeypatch):
    monkeypatch.setattr(law_cells.LawCell, "compute", None)
    with pytest.raises(ValueError, match=message):
        made(**options)


def test_a_diverged_critic_and_a_wrong_sign_are_noted():
    wild = replace(QUICK["gp"], optimizer=learned.Optimizer("sgd", 1e30), steps=30)
    result = made(pairs=FUNNELS[:1], methods={"gp": wild, "f": lambda z: z[:, 0] * 0 - 1}, seeds=1)
    assert "diverged in step" in result.rows[0].note
    assert "gp, D = 2, seed 0: diverged" in str(result)
    back = made(pairs=FUNNELS[:1], methods={"f": lambda z: -FUNNELS[0].critic(z)}, seeds=1)
    assert back.rows[0].note == "wrong sign"


def test_the_table_has_four_columns_a_dimension_and_the_published_rows():
    pairs = [exact.known.Funnels(d) for d in (2, 16)]
    result = made(pairs=pairs, seeds=2)
    lines = str(result).splitlines()
    heads = next(k for k, line in enumerate(lines) if line.startswith("critic "))
    assert [part.strip() for part in lines[heads - 1].split("D = ")[1:]] == ["2", "16"]
    assert lines[heads].split() == ["critic", *["gap/EM", "cos", "lower", "upper"] * 2]
    for line, method in zip(lines[heads + 1 :], QUICK, strict=False):
        told = [method]
        for d in (2, 16):
            of = [row for row in result.rows if row.dim == d and row.method == method]
            told += [f"{np.mean([getattr(r, name) for r in of]):.3f}" for name in MEANS]
            low = min(row.lower for row in of)
            told.append(f"{math.floor(1000 * low) / 1000:.3f}")
            told.append(f"{math.ceil(1000 * of[0].upper) / 1000:.3f}")
        assert line.split() == told
    assert lines[heads + 3] == law_tables.WHERE
    so = next(line.split() for line in lines if line.startswith("  SO"))
    assert so == ["SO", "0.929", "0.773", "-", "-", "0.973", "0.971", "-", "-"]
    assert lines[heads + 4 : heads + 15] == [line for line in lines if line.startswith("  ")][-11:]
    page = result.markdown()
    assert page.startswith(law_tables.MARKDOWN)
    assert "| published: SO | 1 | - | 0.973 | - | 0.971 | 0.059 | - |" in page
    assert " | proven L | lower | upper | steps |" in page


def test_all_seven_dimensions_fit_a_terminal():
    pairs = {str(d): exact.known.Funnels(d) for d in published_rows.DIMENSIONS}
    values = dict.fromkeys(rows.columns(compare.BenchmarkRow), 0.987)
    made_up = [
        compare.BenchmarkRow(**{**values, "pair": n, "method": "orthonormal", "note": ""})
        for n in pairs
    ]
    text = str(compare.Benchmark(tuple(made_up), pairs))
    assert max(map(len, text.splitlines())) <= 120
    assert "lower" not in text  # there is no room for it


def test_where_no_gradient_is_known_the_cosine_is_along_the_way():
    pair = exact.known.Balls()
    text = str(made(pairs=pair, methods={"true": pair.critic}, seeds=1))
    assert "on the way of the mass" in text
    assert text.splitlines()[-1].split()[:4] == ["true", "1.000", "1.000", "-"]
    assert "published" not in text


def test_published_rows_are_of_four_funnels_and_power_eight():
    for d in published_rows.DIMENSIONS:
        assert len(compare.published(exact.known.Funnels(d))) == 11
        own = exact.known.Funnels(bottoms=np.zeros((4, d)))
        assert compare.published(own) == compare.published(exact.known.Funnels(d))
    for pair in (
        exact.known.Funnels(3),
        exact.known.Funnels(2, 16),
        exact.known.Funnels(2, power=4.0),
        exact.known.Balls(dimension=2),
    ):
        assert compare.published(pair) == ()


# of the issue that asked for the table, which rounded the same files by itself
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("SO", [0.93, 0.77, 0.91, 0.91, 0.90, 0.89, 0.97, 0.97, 0.98, 0.98]),
        ("GP", [1.05, 0.84, 1.05, 0.95, 1.06, 0.96, 1.07, 0.96, 1.09, 0.95]),
        ("LP", [1.08, 0.82, 1.07, 0.95, 1.05, 0.96, 1.09, 0.96, 1.05, 0.95]),
        ("MM", [0.97, 0.80, 0.97, 0.91, 0.98, 0.95, 1.01, 0.94, 0.97, 0.89]),
        ("MM:R", [0.98, 0.68, 0.99, 0.92, 1.01, 0.97, 1.06, 0.96, 1.24, 0.94]),
        ("MM-Bv2", [0.98, 0.85, 1.03, 0.96, 1.11, 0.94, 1.47, 0.83, 2.22, 0.56]),
        ("LS", [0.52, 0.56, 0.33, 0.70, 0.13, 0.36, -0.08, -0.16, -0.20, -0.36]),
        ("DOT", [1.00, 0.86, 1.03, 0.84, 1.29, 0.56, 2.13, 0.18, 3.98, -0.09]),
    ],
)
def test_published_numbers_are_those_of_the_files(method, expected):
    found = []
    for d in (2, 4, 8, 16, 32):
        rows_of = {row.method: row for row in compare.published(exact.known.Funnels(d))}
        found += [rows_of[method].ratio, rows_of[method].cosine_at_real]
    np.testing.assert_allclose(found, expected, atol=0.0061)
