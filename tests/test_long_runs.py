"""Long runs become records: figures are drawn from these, and they are held against their runs."""

import json
import os
import shutil
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
import torch

from figures import __main__ as door
from figures import catalog, image_runs, long_runs, making, verify, wgan_images
from figures.catalog import RECORDS
from figures.making import Figures
from figures.shelf import Shelf
from wganlab import plots
from wganlab.learned import RunFolder
from wganlab.learned.runs import metrics
from wganlab.learned.runs.replay import Moment

LOOK = image_runs.Look(40, 3, 40)
GAN = replace(wgan_images.config("gan", "dcgan", "quick"), iterations=15, every=5)
WGAN = replace(wgan_images.config("wgan", "dcgan", "quick"), iterations=10, every=5, seed=1)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder of two runs, which no test changes."""
    folder = tmp_path_factory.mktemp("long") / "runs"
    given = {"FIGURES_RUNS": str(folder), "FIGURES_RECORDS": "", "FIGURES_DATA": ""}
    with mock.patch.dict(os.environ, given):
        image_runs.kept("gan", GAN, LOOK, "long")
        image_runs.kept("wgan", WGAN, LOOK, "long")
    return folder


@pytest.fixture(scope="module")
def kept(runs, tmp_path_factory):
    """The folder of their records, which no test changes."""
    folder = tmp_path_factory.mktemp("kept") / "records"
    assert long_runs.Keep(runs=runs, records=folder).run() == 0
    return folder


@pytest.fixture
def records(kept, tmp_path, monkeypatch):
    """A copy, to be changed, from which figures are drawn."""
    monkeypatch.setenv("FIGURES_RECORDS", str(tmp_path / "records"))
    monkeypatch.setenv("FIGURES_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("FIGURES_DATA", raising=False)
    return shutil.copytree(kept, tmp_path / "records")


def rewritten(folder, name, at, column, change, file="metrics.csv"):
    rows = metrics.read(folder / name / file)
    (row,) = (row for row in rows if row["iteration"] == at)
    row[column] = change(row[column])
    metrics.write(folder / name / file, rows)


def elsewhere(folder, name):
    """As if it had been made on another machine."""
    file = folder / name / "environment.json"
    told = json.loads(file.read_text())
    told["record"]["by"]["processor"] = "another one"
    file.write_text(json.dumps(told))


def failing(folder, name, **options):
    """What of a record does not hold."""
    found = verify.held(RunFolder(folder / name), **options)
    return [one.name for one in found if not one.fine]


def test_finished_runs_are_kept_by_name_and_seed(kept, runs):
    assert {path.name for path in kept.iterdir()} == {"gan", "wgan-seed1"}
    told = RunFolder(kept / "gan").environment()
    assert told["record"]["by"] == verify.here(1)
    assert told["notes"] == {"look": {"n": 40, "stride": 3, "read": 40}, "engine": "eager"}
    start = metrics.read(kept / "gan" / "start.csv")
    assert [row["iteration"] for row in start] == [1, 2, 3, 4]
    assert {path.name[:-13] for path in runs.glob("*/")} == {"gan", "wgan"}


def test_a_figure_of_a_record_has_the_rows_and_the_nearest_of_its_sheets(records, runs):
    found = image_runs.kept("gan", GAN, LOOK, "long")
    assert found.folder == records / "gan"
    assert found.column("iteration").tolist() == [0, 5, 10, 15]
    (folder,) = runs.glob("gan-*/")
    assert np.array_equal(found.sheet(9), np.load(folder / "samples" / "000010.npy")[:24])
    assert np.array_equal(found.sheet(15), np.load(folder / "samples" / "000015.npy"))
    (records / "gan" / "samples" / "000010.npy").unlink()
    assert np.array_equal(found.sheet(9), np.load(folder / "samples" / "000005.npy")[:24])
    assert not (records.parent / "runs").exists()


@pytest.mark.parametrize(
    ("config", "look", "told"),
    [
        (replace(GAN, batch=9, latent=9), LOOK, r"\(latent, batch\)"),
        (GAN, image_runs.Look(41, 3), r"\(its look\)"),
        (replace(GAN, seed=2), LOOK, "there is no record gan-seed2"),
    ],
)
def test_a_record_of_another_run_is_refused(records, config, look, told):
    with pytest.raises(ValueError, match=told):
        image_runs.kept("gan", config, look, "long")


def test_a_record_of_other_images_is_refused(records):
    file = records / "gan" / "environment.json"
    file.write_text(file.read_text().replace('"digest": "', '"digest": "0'))
    with pytest.raises(ValueError, match=r"\(its images\)"):
        image_runs.kept("gan", GAN, LOOK, "long")


def test_how_often_a_run_kept_checkpoints_does_not_matter(records):
    other = replace(GAN, checkpoint=7)
    assert image_runs.kept("gan", other, LOOK, "long").folder == records / "gan"


def test_records_are_verified_to_the_bit_and_elsewhere_nearly(records, capsys):
    assert verify.Verify(records=records).run() == 0
    told = capsys.readouterr().out
    assert told.splitlines()[-1] == "2 verified, 0 not"
    assert "  estimate                   differs by 0.0e+00 of 1.0e-06 allowed, 6 rows" in told
    elsewhere(records, "gan")
    elsewhere(records, "wgan-seed1")
    assert verify.Verify(("gan", "wgan-seed1"), 10, records).run() == 0
    assert "estimate                   differs by 0.0e+00 of " in (out := capsys.readouterr().out)
    assert ", 7 rows: fine" in out


def test_what_rounding_may_do_is_measured_and_what_says_nothing_is_left_out():
    def rows(*values):
        return {
            at: Moment({"iteration": at, "x": x, "seconds": at + x}, np.empty(0))
            for at, x in enumerate(values)
        }

    def told(*values, nudged=()):
        said = {at: moment.row for at, moment in rows(*values).items()}
        (one,) = verify.columns(said, rows(1.0, 2.0, 10.0), nudged)
        return one

    exact = told(1.0, 2.0, 10.0)
    assert (exact.name, exact.difference, exact.allowed, exact.rows) == ("x", 0, 1e-6, 3)
    assert told(1.0, 2.0, 10.0 + 9e-6).fine
    assert not told(1.0, 2.0, 10.0 + 2e-5).fine
    nudged = [rows(1.0, 2.0, 10.0), rows(1.0, 2.001, 10.0)]  # by 1e-4 of the largest, from there on
    assert told(1.0, 2.0, 10.0 + 9e-3, nudged=nudged).fine
    assert not told(1.0, 2.0, 10.0 + 2e-2, nudged=nudged).fine
    assert not told(1.0 + 2e-5, 2.0, 10.0, nudged=nudged).fine
    wild = [rows(1.0, 2.001, 11.0), rows(1.0, 2.0, 10.0)]
    assert told(1.0, 2.0, 99.0, nudged=[rows(1.0, 2.001, 200.0)]).rows == 2
    assert told(1.0, 2.0, 10.1, nudged=wild).rows == 2
    nothing = told(1.0, 2.0, 10.0, nudged=[rows(9.0, 2.0, 10.0)])
    assert (nothing.rows, nothing.fine) == (0, True)
    assert "it says nothing" in str(nothing)


@pytest.mark.parametrize(
    ("at", "column", "file"),
    [
        (0, "estimate", "metrics.csv"),
        (5, "generator_loss", "metrics.csv"),
        (5, "batch_estimate", "metrics.csv"),
        (0, "emd", "metrics.csv"),
        (2, "held_out_estimate", "start.csv"),
    ],
)
def test_a_row_that_was_changed_is_noticed(records, at, column, file):
    rewritten(records, "wgan-seed1", at, column, lambda value: value * 1.01, file)
    assert failing(records, "wgan-seed1") == [column]


@pytest.mark.parametrize("at", [0, 3])
def test_a_row_that_was_changed_is_noticed_elsewhere_too(records, at):
    elsewhere(records, "gan")
    file = "start.csv" if at else "metrics.csv"
    rewritten(records, "gan", at, "estimate", lambda value: value + 0.05, file)
    assert failing(records, "gan") == ["estimate"]


def test_a_number_that_was_left_out_is_noticed(records):
    rewritten(records, "gan", 5, "certificate", lambda value: 1.0)  # which has none there
    rewritten(records, "gan", 5, "estimate", lambda value: np.nan)
    assert failing(records, "gan") == ["estimate", "certificate"]


@pytest.mark.parametrize("by", ["by the bit", "elsewhere"])
def test_a_sheet_that_was_changed_is_noticed(records, by):
    if by == "elsewhere":
        elsewhere(records, "gan")
    for at, told in ((5, "sheet, bytes"), (15, "generator, last sheet")):
        file = records / "gan" / "samples" / f"{at:06}.npy"
        sheet = np.load(file)
        np.save(file, sheet[::-1])
        assert failing(records, "gan") == [told]
        np.save(file, sheet)
    assert failing(records, "gan", iterations=1) == []


def test_weights_that_were_changed_are_noticed(records):
    record = RunFolder(records / "gan")
    state = record.load(torch.device("cpu"))
    state["generator"] = {
        name: tensor.flip(0) if tensor.dim() else tensor
        for name, tensor in state["generator"].items()
    }
    torch.save(state, record.checkpoint_file)
    assert failing(records, "gan") == ["generator, last sheet"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("latent", 9, "latent is 8 there and 9 here"),
        ("iterations", 20, "are not of one run"),
        ("every", 2, "are not of one run"),
    ],
)
def test_a_configuration_that_was_changed_is_noticed(records, capsys, name, value, told):
    file = records / "gan" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: value}))
    assert verify.Verify(("gan",), records=records).run() == 1
    out = capsys.readouterr().out
    assert told in out
    assert out.splitlines()[-1] == "0 verified, 1 not: gan"


def test_a_record_of_a_gpu_is_not_held_against_a_cpu(records, monkeypatch):
    file = records / "gan" / "environment.json"
    file.write_text(file.read_text().replace('"device": "cpu"', '"device": "NVIDIA H200"'))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="trained on NVIDIA H200, and a CPU draws other random"):
        verify.held(RunFolder(records / "gan"))


def test_a_run_that_is_trained_otherwise_by_now_makes_no_record(runs, tmp_path):
    mine = shutil.copytree(runs, tmp_path / "runs")
    (folder,) = mine.glob("gan-*/")
    rewritten(mine, folder.name, 5, "estimate", lambda value: value + 0.1)
    with pytest.raises(ValueError, match=r"the code of now trains another run \(estimate\)"):
        long_runs.Keep(("gan",), runs=mine, records=tmp_path / "records").run()
    assert list((tmp_path / "records").iterdir()) == []


def test_records_are_added_up(tmp_path, monkeypatch):
    sizes = {"old/one": 30, "old/two": 40, "new/two": 50, "new/three": 60}
    for name, size in sizes.items():
        (tmp_path / name / "samples").mkdir(parents=True)
        (tmp_path / name / "config.json").write_bytes(b"x" * 10)
        (tmp_path / name / "samples" / "some.npy").write_bytes(b"x" * (size - 10))
    new = {name: tmp_path / "new" / name for name in ("two", "three")}
    monkeypatch.setattr(long_runs, "LIMIT", 140)
    assert long_runs.refuse_more(new, tmp_path / "old") == 140
    monkeypatch.setattr(long_runs, "LIMIT", 139)
    with pytest.raises(ValueError, match=r"three has 0\.00 MB\)\. Nothing has changed"):
        long_runs.refuse_more(new, tmp_path / "old")


@pytest.mark.slow
def test_records_stay_within_their_size(runs, kept, tmp_path, monkeypatch, capsys):
    size = long_runs.size_of(kept)
    monkeypatch.setattr(long_runs, "LIMIT", size - 1)
    with pytest.raises(ValueError, match=r"Nothing has changed"):
        long_runs.Keep(runs=runs, records=tmp_path / "records").run()
    assert list((tmp_path / "records").iterdir()) == []
    capsys.readouterr()
    monkeypatch.setattr(long_runs, "LIMIT", size)
    for names in (("gan",), ("wgan-seed1",), ()):  # the last in place of both
        assert long_runs.Keep(names, runs=runs, records=tmp_path / "records").run() == 0
    assert f"2 records kept; all are {size / 1e6:.2f} MB" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "records").iterdir()} == {"gan", "wgan-seed1"}


def test_nothing_foreign_is_replaced(runs, tmp_path):
    place = tmp_path / "records" / "gan"
    place.mkdir(parents=True)
    (place / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="is there already and no record"):
        long_runs.Keep(("gan",), runs=runs, records=place.parent).run()
    assert [path.name for path in place.iterdir()] == ["mine.txt"]
    (place / "environment.json").write_text('{"notes": {}}')  # as of a run that is no record
    with pytest.raises(ValueError, match="is there already and no record"):
        long_runs.Keep(("gan",), runs=runs, records=place.parent).run()
    assert {path.name for path in place.iterdir()} == {"mine.txt", "environment.json"}


def test_what_is_not_at_its_end_or_has_no_name_of_its_own_is_told(runs, tmp_path):
    mine = shutil.copytree(runs, tmp_path / "runs")
    (folder,) = mine.glob("gan-*/")
    (other,) = mine.glob("wgan-*/")
    shutil.copytree(folder, folder.with_name("gan-" + "0" * 12))
    with pytest.raises(ValueError, match="are both called gan: delete the one"):
        long_runs.finished(mine)
    assert list(long_runs.finished(mine, ["wgan-seed1"])) == ["wgan-seed1"]
    RunFolder(other).end_at(30, 10)
    with pytest.raises(ValueError, match=r"wgan-seed1: no run in .* of that name is at its end"):
        long_runs.finished(mine, ["wgan-seed1"])
    with pytest.raises(ValueError, match=r"no run in .* is at its end"):
        long_runs.finished(tmp_path)


def test_the_commands_record_and_verify(runs, tmp_path, capsys):
    records = tmp_path / "records"
    arguments = ["record", "gan", "--runs", str(runs), "--records", str(records)]
    assert door.asked(arguments) == 0
    assert door.asked(["verify", "gan", "--iterations", "1", "--records", str(records)]) == 0
    assert "estimate" in capsys.readouterr().out
    assert door.asked(["verify", "wgan", "--records", str(records)]) == 1
    assert "there is no run in" in capsys.readouterr().out
    assert door.asked(["record", "none", "--runs", str(runs), "--records", str(records)]) == 2
    assert capsys.readouterr().err.startswith("figures record: none: no run in")
    assert door.asked(["verify", "--records", str(tmp_path)]) == 2
    assert "there is no record in" in capsys.readouterr().err
    assert door.asked(["verify", "--iterations", "-1", "--records", str(records)]) == 2
    assert "iterations" in capsys.readouterr().err
    assert door.asked(["--profile", "slow"]) == 2


@pytest.fixture
def long(monkeypatch):
    """Two figures with records of long runs, and one without, of quick sizes."""
    monkeypatch.setattr(making, "LONG", ("wgan_fig5", "wgan_fig6", "wgan_fig7"))
    monkeypatch.setattr(making, "RECORDED", ("wgan_fig6", "wgan_fig7"))
    monkeypatch.setitem(wgan_images.SIZES, "long", wgan_images.SIZES["quick"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"profile": "long", "only": "wgan_fig1"}, "only wgan_fig5, wgan_fig6, wgan_fig7 has"),
        (
            {"profile": "long", "only": "wgan_fig5", "records": True},
            "only wgan_fig6, wgan_fig7 has records of its runs; the laptop",
        ),
        ({"records": True}, "--records: expected --profile long"),
        ({"profile": "long", "records": True, "data": "emoji"}, "and no --data"),
    ],
)
def test_figures_without_long_runs_are_told(long, options, told, capsys):
    assert making.main(Figures(**options)) == 2
    assert told in capsys.readouterr().err


def test_no_figure_has_long_runs_as_long_as_none_is_named(monkeypatch, capsys):
    monkeypatch.setattr(making, "LONG", ())
    assert making.main(Figures(profile="long")) == 2
    assert "no figure has long runs" in capsys.readouterr().err


def test_the_gallery_has_the_records_where_there_are_some_and_else_the_laptop(long):
    def told(only=(), **options):
        found = making.rounds(Figures(**options), only or list(making.FIGURES))
        return [(one.profile, one.records, len(one.names)) for one in found]

    everything = len(making.FIGURES)
    assert told() == [("laptop", False, everything)]
    long = ("long", False, 1), ("long", True, 2)
    assert told(gallery=True) == [("laptop", False, everything - 3), *long]
    assert told(gallery=True, profile="quick") == [("quick", False, everything)]
    assert told(gallery=True, data="emoji") == [("laptop", False, everything)]
    assert told(["wgan_fig7", "wgan_fig1"], gallery=True) == [
        ("laptop", False, 1),
        ("long", True, 1),
    ]
    assert told(profile="long") == [("long", False, 3)]
    assert told(profile="long", records=True) == [("long", True, 2)]


def test_the_long_figures_are_figures_of_image_runs():
    shelf = Shelf(RECORDS, "long")
    assert [name for name in catalog.LONG if not shelf.of_images(name)] == []
    assert set(catalog.RECORDED) <= set(catalog.LONG) <= set(catalog.FIGURES)


def test_a_record_makes_the_figures_of_image_runs_out_of_date_and_no_others(records, tmp_path):
    def digests(folder):
        shelf = Shelf(tmp_path, "long", records=folder)
        return [shelf.arrays_digest(name) for name in ("wgan_fig7", "wgan_fig1")]

    first, plain = digests(str(records)), digests("")
    rewritten(records, "gan", 5, "estimate", lambda value: value + 0.1)
    second = digests(str(records))
    assert len({first[0], second[0], plain[0]}) == 3
    assert len({first[1], second[1], plain[1]}) == 1


@pytest.mark.slow
def test_a_figure_is_drawn_from_its_records(long, tmp_path, monkeypatch):
    from figures import wgan_fig7

    given = {"FIGURES_RUNS": str(tmp_path / "runs"), "WGANLAB_CACHE": str(tmp_path / "cache")}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    trained = wgan_fig7.compute("long")
    monkeypatch.setenv("FIGURES_RECORDS", str(tmp_path / "records"))
    with pytest.raises(ValueError, match="there is no record"):
        wgan_fig7.compute("long")
    assert long_runs.Keep(runs=tmp_path / "runs", records=tmp_path / "records").run() == 0
    monkeypatch.setattr(image_runs, "trained", None)
    found = wgan_fig7.compute("long")
    assert found.keys() == trained.keys()
    assert np.array_equal(found["sheets"], trained["sheets"])
    with plots.style():
        assert wgan_fig7.draw(found).axes


def test_all_records_stay_within_their_size():
    assert long_runs.refuse_more({}, RECORDS) <= long_runs.LIMIT


COMMITTED = sorted(path.parent.name for path in RECORDS.glob("*/config.json"))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*COMMITTED[:1], *COMMITTED[-1:]}))
def test_two_of_the_records_are_verified(name):
    assert verify.Verify((name,)).run() == 0
