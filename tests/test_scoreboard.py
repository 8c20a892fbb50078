"""Scoreboards: complete rows, means that are means, and no row lost or computed twice."""

import csv
import functools
import math
import os
import re
import sys
import threading
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from wganlab import compare, exact, learned
from wganlab.alone import TakenError
from wganlab.compare import board as boards
from wganlab.compare import processes, resumable, rows, tables
from wganlab.compare.board import _doubts
from wganlab.compare.clouds import solved
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
        next(boards.cells_of([LINES], {"gp": how}, 1, 40)).keyed().key
        for how in (QUICK["gp"], replace(QUICK["gp"], **change))
    )
    assert first != second


def key(how, laws=LINES):
    cells = list(boards.cells_of({"mine": laws}, {"mine": how}, 1, 40))
    return resumable.keyed(cells)[0].key


CONSTANT = 1.0


def helper(z):
    return CONSTANT * z


class Scaled(nn.Module):
    """It depends on a constant of the module, through a helper, and on an attribute."""

    factor = 1.0

    def __init__(self, dimension=2):
        super().__init__()
        self.layer = nn.Linear(dimension, 1, bias=False)
        nn.init.ones_(self.layer.weight)

    def forward(self, z):
        return self.factor * helper(self.layer(z))


FOREIGN = {
    "function": lambda: lambda z: helper(z[:, 0]),
    "module": Scaled,
    "class": lambda: replace(QUICK["gp"], critic=Scaled),
    "function that builds": lambda: replace(QUICK["gp"], critic=lambda dimension: Scaled()),
    "module to train": lambda: replace(QUICK["gp"], critic=Scaled()),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_a_critic_uses_is_in_the_key(name, monkeypatch):
    make = FOREIGN[name]
    before = key(make())
    assert key(make()) == before
    monkeypatch.setattr(sys.modules[__name__], "CONSTANT", 2.0)
    assert key(make()) != before
    monkeypatch.setattr(sys.modules[__name__], "CONSTANT", 1.0)
    assert key(make()) == before
    if name != "function":
        monkeypatch.setattr(Scaled, "factor", 3.0)
        assert key(make()) != before


def test_an_attribute_and_a_weight_of_the_critic_are_in_the_key():
    critic = Scaled()
    before = key(critic)
    critic.factor = 1.5
    assert key(critic) != before
    critic.factor = 1.0
    assert key(critic) == before
    with torch.no_grad():
        critic.layer.weight[0, 0] += 1e-6  # less than the probe points tell
    assert key(critic) != before


class Weighed(learned.GradientPenalty):
    """A constraint of the user's, with a constant that its words do not tell."""

    def cost(self, gradients):
        return CONSTANT * super().cost(gradients)


def test_what_a_constraint_of_the_user_does_is_in_the_key(monkeypatch):
    how = replace(QUICK["gp"], constraint=Weighed())
    before = key(how)
    monkeypatch.setattr(sys.modules[__name__], "CONSTANT", 2.0)
    assert key(how) != before


def test_a_changed_helper_is_a_fresh_row_of_the_file(tmp_path, monkeypatch):
    path = tmp_path / "board.csv"
    methods = {"f": lambda z: -helper(z[:, 0])}
    first = made(path, methods=methods, seeds=1).rows[0]
    monkeypatch.setattr(sys.modules[__name__], "CONSTANT", -0.2)
    again = made(path, methods=methods, seeds=1).rows[0]
    assert again.critic_gap == pytest.approx(-0.2 * first.critic_gap)


def test_weights_of_points_and_laws_are_in_the_key():
    x, y = LINES.sample(8, np.random.default_rng(0))
    weights = np.arange(1, 9) / 36
    keys = [
        key(LINES.critic, laws)
        for laws in (
            (x, y),
            (exact.Discrete(x), y),
            (exact.Discrete(x, weights), y),
            (exact.Discrete(x, weights[::-1]), y),
            (stats.multivariate_normal(np.zeros(2)), y),
            (stats.multivariate_normal(np.ones(2)), y),
        )
    ]
    assert keys[1] != keys[0]  # which costs a row, and no truth
    assert len({*keys}) == 6


def test_other_points_are_another_row_and_equal_ones_the_same():
    x, y = LINES.sample(10, np.random.default_rng(0))
    keys = [
        next(boards.cells_of({"mine": laws}, QUICK, 1, 40)).keyed().key
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


@pytest.mark.slow
def test_what_no_other_process_takes_is_computed_in_this_one():
    class Local(Scaled):
        """A class of a function: no other process knows it."""

    parametrized = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 1)))
    methods = {
        "parametrized": parametrized,
        "to train": replace(QUICK["gp"], critic=parametrized, constraint=learned.NoConstraint()),
        "local": Local(),
        "local class": replace(QUICK["gp"], critic=Local),
        "lambda": lambda z: z[:, 0],
        "gp": QUICK["gp"],
    }
    pairs = {"lines": LINES, "sampler": (lambda n, rng: rng.normal(size=(n, 2)), np.ones((9, 2)))}
    alone, several = (
        [replace(row, seconds=0) for row in made(pairs=pairs, methods=methods, jobs=jobs).rows]
        for jobs in (1, 2)
    )
    assert alone == several


def test_a_pool_that_breaks_costs_no_row(monkeypatch):
    def broken(*_, **__):
        raise BrokenProcessPool

    monkeypatch.setattr(processes._Board, "rows", broken)
    several = made(methods={"f": LINES.critic}, jobs=2).rows
    assert several == made(methods={"f": LINES.critic}).rows


def test_laws_are_sampled_with_each_seed_and_weights_count():
    law, y = stats.multivariate_normal(np.zeros(2)), np.ones((9, 2))
    board = made(pairs={"law": (law, y)}, methods={"f": lambda z: z[:, 0]})
    assert len({row.exact for row in board.rows}) == 2
    assert {(row.n, row.m) for row in board.rows} == {(40, 9)}
    measure = exact.Discrete([0.0, 1.0, 5.0], [0.5, 0.25, 0.25])
    row = made(pairs={"w": (measure, [1.0, 2.0])}, seeds=1).rows[0]
    assert row.exact == pytest.approx(exact.emd(measure, exact.Discrete([1.0, 2.0])))
    assert row.certificate <= row.exact


def test_a_critic_that_cannot_be_copied_starts_anew_for_every_seed():
    module = Scaled()
    module.lock = threading.Lock()
    before = module.layer.weight.clone()
    board = made(methods={"mine": replace(QUICK["gp"], critic=module)})
    assert torch.equal(module.layer.weight, before)
    assert module.training
    plain = made(methods={"mine": replace(QUICK["gp"], critic=Scaled())})
    gaps = [row.critic_gap for row in plain.rows]  # in float64, where a copy can be cast
    assert [row.critic_gap for row in board.rows] == pytest.approx(gaps, rel=1e-6)


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
        ({"methods": {"f": lambda z: z}, "jobs": 2}, "f on Para.*maps 2 points to an output"),
        ({"methods": {"f": nn.Linear}}, "f on Para.*Linear is a class, without weights"),
        ({"methods": {"f": "word"}}, "f on Para.*the critic is of type str"),
        (
            {"methods": {"f": lambda z: z[:, 0] - z[:, 0].mean()}},
            "f on Para.*other points of the batch",
        ),
        ({"methods": "wgan"}, "there is no method 'wgan'"),
        ({"pairs": {"bad": [0.0, 1.0, 2.0]}}, "bad is of type list: give a known pair, or two"),
        ({"pairs": {"bad": (["a"], ["b"])}}, "gp on bad: real holds text, expected real numbers"),
        ({"pairs": {"bad": (np.zeros((3, 2)), np.zeros((3, 3)))}}, "must live in one space"),
        ({"seeds": 10**6}, "more than 10,000 seeds"),
        ({"seeds": [-1]}, "seed = -1: give a whole number of at least 0"),
        ({"seeds": [0.5]}, "seed = 0.5: give a whole number"),
        ({"jobs": 0}, "jobs = 0: give a whole number of at least 1"),
        ({"path": "board.txt"}, "name a .csv file"),
        ({"path": "nowhere/board.csv"}, "in an existing folder"),
    ],
)
def test_what_cannot_work_is_refused_before_any_training(options, message, monkeypatch):
    monkeypatch.setattr(boards.Cell, "compute", None)
    with pytest.raises(ValueError, match=message):
        made(**options)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "my one line", "", "\0\xff", "pairs,"])
def test_another_file_is_not_overwritten(tmp_path, text):
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match="is no scoreboard"):
        made(path)
    assert path.read_text(encoding="latin-1") == text
    assert os.listdir(tmp_path) == ["mine.csv"]
    with pytest.raises(ValueError, match="the critic is of type str"):
        made(path, overwrite=True, methods={"f": "word"})
    assert path.read_text(encoding="latin-1") == text  # nothing to put in its place
    made(path, overwrite=True, methods={"f": LINES.critic}, seeds=1)
    assert len(rows.read(path)) == 1


def test_a_board_of_an_earlier_version_is_kept_and_told(whole, tmp_path):
    path = tmp_path / "old.csv"
    text = whole[1].read_text().replace(",cosine_at_real,squared_l2_at_real", "", 1)
    path.write_text(text, newline="")
    with pytest.raises(ValueError, match="of this version: name another file, or let it be repl"):
        made(path)
    assert path.read_text() == text


def test_notes_beside_the_board_are_not_overwritten(tmp_path):
    notes = tmp_path / "notes.md"
    notes.write_text("# My notes\n")
    options = {"methods": {"f": LINES.critic}, "seeds": 1}
    with pytest.raises(ValueError, match=r"notes.md is no table of this package"):
        made(tmp_path / "notes.csv", **options)
    assert notes.read_text() == "# My notes\n"
    assert os.listdir(tmp_path) == ["notes.md"]
    board = made(tmp_path / "notes.csv", overwrite=True, **options)
    assert notes.read_text() == board.markdown()
    made(tmp_path / "notes.csv", **options)  # its own table is its own


def test_a_line_that_is_no_row_is_named(whole, tmp_path):
    path = tmp_path / "board.csv"
    lines = whole[1].read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], "1,2\n", *lines[3:]]), newline="")
    with pytest.raises(ValueError, match="line 4 is no row of a scoreboard"):
        made(path)


def test_a_board_has_one_writer(tmp_path, monkeypatch):
    path = tmp_path / "board.csv"
    compute, told = boards.Cell.compute, []

    def twice(cell, given):
        with pytest.raises(TakenError, match="writes the board") as refusal:
            made(path)
        told.append(str(refusal.value))
        return compute(cell, given)

    monkeypatch.setattr(boards.Cell, "compute", twice)
    made(path, methods={"f": LINES.critic}, seeds=1)
    assert f"process {os.getpid()} on " in told[0]
    assert sorted(os.listdir(tmp_path)) == ["board.csv", "board.md"]


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
    assert tables.with_deviation(spread) == shown


def test_a_board_that_a_spreadsheet_saved_is_read(whole, tmp_path, monkeypatch):
    board, path = whole
    text = path.read_text(encoding="utf-8").replace("True", "TRUE").replace("False", "FALSE")
    saved = tmp_path / "board.csv"
    saved.write_text("\ufeff" + text, encoding="utf-8")
    monkeypatch.setattr(boards.Cell, "compute", None)
    assert made(saved, pairs=(LINES, SHIFT)).rows == board.rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda line: line + ",more", "line 3 .* 24 cells for 23 columns; repair or delete that"),
        (lambda line: line.replace(",0,40,", ",0,many,"), "line 3 .* its n is 'many'"),
        (lambda line: line.replace(",True,", ",yes,"), "line 3 .* its corrected_exactly is 'yes'"),
    ],
)
def test_a_row_that_was_edited_is_told_by_its_line(change, message, whole, tmp_path):
    lines = whole[1].read_text(encoding="utf-8").splitlines()
    lines[2] = change(lines[2].replace(",1,40,", ",0,40,").replace(",False,", ",True,"))
    path = tmp_path / "board.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        made(path, pairs=(LINES, SHIFT))


def test_a_folder_is_no_board():
    with pytest.raises(ValueError, match=r"name a \.csv file"):
        made(".")


# estimates that cannot be right


@pytest.mark.parametrize(
    ("gap", "certificate", "told"),
    [
        (-0.1, 1.0, ["wrong sign"]),
        (0.3, 0.45, ["its estimate is below what f = 0 proves, and EM is not"]),
        (0.6, 0.9, ["its estimate is below its own certificate, and EM is not"]),
        (0.87, 0.9, []),  # as of any critic of slope 1
        (2.0, 0.1, []),
    ],
)
def test_estimates_below_what_is_proven_are_told(gap, certificate, told):
    x, y = np.zeros((4, 1)), np.array([[0.0], [0.0], [1.0], [1.0]])  # f = 0 proves one half
    comparison = compare.critic_vs_exact(lambda z: -z[:, 0], x, y)
    numbers = replace(comparison, critic_gap=gap, certificate=certificate)
    assert _doubts(numbers, solved(x, y)) == told


def test_a_clipped_critic_is_told_and_a_sorting_one_is_not(tmp_path):
    lines = exact.known.ParallelLines(1.0)
    methods = {"clip": learned.METHODS["clip"], "cones": learned.METHODS["cones"]}
    quick = {name: replace(method, steps=100) for name, method in methods.items()}
    board = compare.scoreboard([lines], quick, seeds=2, n=60, path=tmp_path / "board.csv")
    clip, cones = ([row.note for row in board.rows if row.method == name] for name in quick)
    assert clip == 2 * ["its estimate is below what f = 0 proves, and EM is not"]
    assert cones == ["", ""]
    assert str(board).count("clip, seeds 0, 1: its estimate is below") == 1
    assert "clip on" in (tmp_path / "board.md").read_text()


def test_the_winner_of_a_tournament_is_told(rng):
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(20, 2))
    short = replace(learned.METHODS["best"], steps=8, batch=16)
    board = compare.scoreboard({"pair": (x, y)}, {"best": short}, seeds=1)
    assert re.search("won by (cones|pits|orthonormal)", board.rows[0].note)
    assert board.rows[0].lipschitz == pytest.approx(1.0, abs=1e-6)
