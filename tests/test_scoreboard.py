"""Scoreboards: complete rows, means that are means, and no row lost or computed twice."""

import csv
import functools
import math
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import compare, exact, learned
from wganlab.compare import board as boards
from wganlab.compare import rows, tables
from wganlab.exact import measures

LINES = exact.known.ParallelLines(theta=1.0)
SHIFT = exact.known.Gaussians()
QUICK = {name: replace(learned.METHODS[name], steps=5, batch=32) for name in ("gp", "clip")}


def made(path=None, *, pairs=(LINES,), methods=QUICK, seeds=2, **options):
    return compare.scoreboard(pairs, methods, seeds, n=40, path=path, progress=False, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A scoreboard with its file."""
    path = tmp_path_factory.mktemp("board") / "board.csv"
    return made(path, pairs=(LINES, SHIFT)), path


def test_rows_come_in_order_with_everything_in_them(whole):
    result, _ = whole
    assert [(row.pair, row.method, row.seed) for row in result.rows] == [
        (repr(pair), method, seed) for pair in (LINES, SHIFT) for method in QUICK for seed in (0, 1)
    ]
    for row in result.rows:
        x, y = eval(row.pair, vars(exact.known)).sample(40, np.random.default_rng(row.seed))
        assert row.exact == exact.emd(x, y)
        assert (row.n, row.m, row.dim, row.steps) == (40, 40, 2, 5)
        assert row.certificate <= row.exact + 1e-9
        assert (row.corrected is None) == (row.method == "clip" or row.critic_gap < 0)
        assert math.isinf(row.lipschitz) == (row.method == "gp")


def test_a_row_is_what_fit_and_comparison_say(whole):
    row = whole[0].rows[1]
    x, y = LINES.sample(40, np.random.default_rng(1))
    fitted = learned.fit_critic(x, y, constraint=QUICK["gp"].constraint, steps=5, batch=32, seed=1)
    told = compare.critic_vs_exact(fitted, x, y, pair=LINES, rng=np.random.default_rng(1))
    assert (row.critic_gap, row.slope, row.cosine) == (told.critic_gap, told.slope, told.cosine)


def test_the_file_holds_every_digit(whole):
    result, path = whole
    assert list(rows.read(path).values()) == list(result.rows)
    assert path.with_suffix(".md").read_text() == result.markdown()


def test_a_second_run_computes_nothing(whole, monkeypatch):
    result, path = whole
    monkeypatch.setattr(boards.Cell, "compute", None)
    assert made(path, pairs=(LINES, SHIFT)).rows == result.rows


def test_a_run_that_was_killed_goes_on_where_it_stopped(whole, tmp_path, monkeypatch):
    result, path = whole
    lines = path.read_text().splitlines(keepends=True)
    cut = tmp_path / "cut.csv"
    cut.write_text("".join(lines[:4]) + lines[4][:30], newline="")
    computed = []
    compute = boards.Cell.compute
    monkeypatch.setattr(
        boards.Cell,
        "compute",
        lambda cell, given: computed.append(cell.key) or compute(cell, given),
    )
    again = made(cut, pairs=(LINES, SHIFT))
    assert computed == [row.key for row in result.rows[3:]]
    assert [replace(row, seconds=0) for row in again.rows] == [
        replace(row, seconds=0) for row in result.rows
    ]
    assert len(rows.read(cut)) == len(result.rows)


def test_a_row_is_kept_as_soon_as_it_is_computed(tmp_path, monkeypatch):
    compute = boards.Cell.compute

    def stop_at_seed_one(cell, given):
        if cell.seed == 1:
            raise KeyboardInterrupt
        return compute(cell, given)

    monkeypatch.setattr(boards.Cell, "compute", stop_at_seed_one)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "board.csv")
    assert [row.seed for row in rows.read(tmp_path / "board.csv").values()] == [0]


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 6},
        {"optimizer": learned.Optimizer(lr=0.5)},
        {"constraint": learned.GradientPenalty(9.0)},
        {"critic": learned.MLPConfig(width=8)},
        {"batch": 16},
    ],
)
def test_another_recipe_is_another_row(change):
    first, second = (
        next(boards._cells([LINES], {"gp": how}, 1, 40)).keyed().key
        for how in (QUICK["gp"], replace(QUICK["gp"], **change))
    )
    assert first != second


def test_other_points_are_another_row_and_equal_ones_the_same():
    x, y = LINES.sample(10, np.random.default_rng(0))
    keys = [
        next(boards._cells({"mine": laws}, QUICK, 1, 40)).keyed().key
        for laws in ((x, y), (x.copy(), y.copy()), (x, y + 1e-9))
    ]
    assert keys[0] == keys[1] != keys[2]


def small(dimension, generator):
    return nn.Sequential(nn.Linear(dimension, 4), nn.ReLU(), nn.Linear(4, 1))


class Noted(exact.known.ParallelLines):
    """A pair that leaves a note for each pair of clouds: processes cannot count together."""

    @property
    def emd(self):
        with open(os.environ["WGANLAB_NOTES"], "a") as notes:
            notes.write("solved\n")
        return super().emd


@pytest.mark.slow
def test_processes_side_by_side_compute_the_same_rows(whole, tmp_path, monkeypatch):
    result, _ = whole
    monkeypatch.setenv("WGANLAB_NOTES", str(tmp_path / "notes"))
    methods = {**QUICK, "mine": replace(QUICK["gp"], critic=functools.partial(small))}
    board = made(pairs={repr(LINES): Noted(theta=1.0)}, methods=methods, jobs=2)
    told, expected = (
        [replace(row, seconds=0, key="") for row in some]
        for some in (board.rows[:4], result.rows[:4])
    )
    assert told == expected
    assert [row.method for row in board.rows[4:]] == ["mine", "mine"]
    assert (tmp_path / "notes").read_text() == "solved\n" * 2  # one a seed, for three methods


@pytest.fixture
def solves(monkeypatch):
    """Sizes of the linear programs that are solved, one after another."""
    told, wasserstein = [], exact.wasserstein

    def counted(x, y, *given, **options):
        told.append((x.n, y.n))
        return wasserstein(x, y, *given, **options)

    monkeypatch.setattr(exact, "wasserstein", counted)
    return told


def test_one_linear_program_serves_all_rows_of_given_clouds(solves):
    x, y = LINES.sample(30, np.random.default_rng(0))
    methods = {**QUICK, "mine": LINES.critic}
    board = made(pairs={"mine": (x, y[:20])}, methods=methods, seeds=2)
    assert solves == [(30, 20)]
    assert {row.exact for row in board.rows} == {exact.emd(x, y[:20])}


def test_one_linear_program_a_pair_and_seed(solves):
    names = ("gp", "lp", "clip", "sn", "orthonormal")
    methods = {name: replace(learned.METHODS[name], steps=2, batch=32) for name in names}
    board = made(pairs=(LINES, SHIFT), methods=methods, seeds=3)
    assert len(board.rows) == 30
    assert solves == [(40, 40)] * 6


def test_rows_that_are_kept_need_no_linear_program(whole, solves):
    assert len(made(whole[1], pairs=(LINES, SHIFT)).rows) == 8
    assert solves == []


def test_points_go_through_the_door_once(monkeypatch):
    seen, as_array = [], measures.as_array
    monkeypatch.setattr(
        measures, "as_array", lambda z, name: seen.append(name) or as_array(z, name)
    )
    made(pairs={"mine": LINES.sample(30, np.random.default_rng(0))}, seeds=2)
    assert seen == ["x", "y"]


def test_a_module_starts_anew_for_every_seed():
    module = small(2, None)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    rows = made(methods={"mine": replace(QUICK["gp"], critic=module)}).rows
    assert len(rows) == 2
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_function_is_judged_as_it_is():
    row = made(methods={"right": LINES.critic, "wrong": lambda z: z[:, 0]}, seeds=1).rows
    assert row[0].critic_gap == pytest.approx(1.0)
    assert row[0].steps is None
    assert row[0].cosine == pytest.approx(1.0)
    assert row[1].note == "wrong sign"


def test_a_diverged_critic_is_a_row_with_a_note():
    wild = replace(
        QUICK["clip"],
        constraint=learned.NoConstraint(),
        optimizer=learned.Optimizer("sgd", lr=1e30),
        steps=20,
    )
    row = made(methods={"wild": wild}, seeds=1).rows[0]
    assert row.note.startswith("diverged in step ")
    assert math.isfinite(row.critic_gap)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["gp", "wgan"]}, "there is no method 'wgan': choose from gp, lp,"),
        ({"pairs": []}, "give at least one pair"),
        ({"seeds": 0}, "give at least one pair, one method, one seed"),
        ({"pairs": {"bad": ([[0.0]], [[np.nan]])}}, "gp on bad: fake has a value in row 0"),
        (
            {"methods": {"bn": replace(QUICK["gp"], critic=learned.MLPConfig(norm="batch"))}},
            "bn on ParallelLines.*batch norm",
        ),
        ({"methods": {"f": lambda z: z}, "jobs": 2}, "f cannot go to another process"),
        ({"path": "board.txt"}, "name a .csv file"),
        ({"path": "nowhere/board.csv"}, "in an existing folder"),
    ],
)
def test_what_cannot_work_is_refused_before_any_training(options, message, monkeypatch):
    monkeypatch.setattr(boards.Cell, "compute", None)
    with pytest.raises(ValueError, match=message):
        made(**options)


def test_another_file_is_not_overwritten(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="is no scoreboard"):
        made(path)
    assert path.read_text() == "a,b\n1,2\n"


def test_means_and_deviations_are_those_of_the_rows(whole):
    result, _ = whole
    entry = result.summary()[0]
    ratios = [row.estimate / row.exact for row in result.rows[:2]]
    assert entry["estimate/EM"] == pytest.approx((np.mean(ratios), np.std(ratios, ddof=1)))
    assert entry["seeds"] == 2


def test_tables_show_every_pair_and_method(whole):
    result, path = whole
    text, page = str(result), result.markdown()
    assert text.count("estimate/EM") == 2
    assert page.count("\n| ParallelLines(theta=1.0) | ") == 2
    with path.open() as stream:
        assert len(list(csv.DictReader(stream))) == 8


@pytest.mark.parametrize(
    ("spread", "shown"),
    [
        (None, "-"),
        ((math.nan, 0.0), "-"),
        ((math.inf, 0.0), "inf"),
        ((1.0, 0.0), "1.000"),
        ((1.04962, 0.0021), "1.050 ± 0.002"),
        ((-2.19, 0.0), "-2.190"),
        ((3.26e-4, 5.4e-5), "3.3e-04 ± 5e-05"),
        ((123.456, 2.0), "123.5 ± 2.0"),
        ((7436877.0, 0.0), "7.4e+06"),
    ],
)
def test_numbers_are_shown_with_digits_that_matter(spread, shown):
    assert tables._shown(spread) == shown
