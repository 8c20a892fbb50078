"""Records are runs without what only training needs: they are opened, and nobody goes on."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from wganlab import learned
from wganlab.cli import main
from wganlab.data.image_tensors import as_bytes
from wganlab.learned import DCGANConfig, RunFolder, TrainConfig
from wganlab.learned.runs import record, replay
from wganlab.learned.runs.record import keep_record

NETWORK = DCGANConfig(filters=4)
TINY = TrainConfig(
    data="mnist10k",
    size=8,
    constraint="clip",
    critic=NETWORK,
    generator=NETWORK,
    n_critic=1,
    latent=8,
    batch=8,
    iterations=9,
    every=1,
    checkpoint=9,
    average=0.5,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run, which no test changes."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    learned.train(TINY, folder=folder, notes={"engine": "auto"}, device="cpu")
    (folder / "bracket.json").write_text('{"lower": 1}')
    return folder


@pytest.fixture(scope="module")
def kept(run, tmp_path_factory):
    """Its record, which no test changes."""
    start = [{"iteration": 1.0, "estimate": 0.1}]
    place = tmp_path_factory.mktemp("records") / "record"
    return keep_record(run, place, start=start, notes={"by": "a test"}).path


@pytest.fixture
def changed(kept, tmp_path):
    """A copy, to be changed."""
    return shutil.copytree(kept, tmp_path / "record")


def drawn(folder, n=32):
    return learned.load_run(folder, device="cpu").sample(n, torch.Generator().manual_seed(1))


def test_a_record_draws_what_its_run_draws_up_to_the_rounding_of_float16(run, kept):
    off = (drawn(run) - drawn(kept)).abs().max().item()
    assert 0 < off < 2e-3
    told = json.loads((kept / "environment.json").read_text())["record"]
    assert 0 < told.pop("images_off_by") < 2e-3
    assert told == {"weights": "float16", "moments": [0, 1, 2, 4, 5, 7, 9], "by": "a test"}
    loaded = learned.load_run(kept, device="cpu")
    assert loaded.critic is None
    assert loaded.config == TINY
    assert {weight.dtype for weight in loaded.generator.parameters()} == {torch.float32}
    assert repr(loaded.history) == repr(tuple(RunFolder(run).rows()))  # nan is nan


def test_a_record_has_what_is_looked_at_and_no_more(run, kept):
    files = {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()}
    sheets = {f"samples/{k:06}.npy" for k in (0, 1, 2, 4, 5, 7, 9)}
    others = {"config.json", "environment.json", "metrics.csv", "checkpoint.pt"}
    assert files == sheets | others | {"start.csv", "bracket.json"}
    for name in ("config.json", "metrics.csv", "bracket.json", "samples/000009.npy"):
        assert (kept / name).read_bytes() == (run / name).read_bytes()
    state = torch.load(kept / "checkpoint.pt", weights_only=True)
    assert set(state) == {"record", "iteration", "average", "config", "digest", "shape"}
    for name, tensor in state["average"].items():
        wide = tensor.dim() > 1
        assert tensor.dtype == (torch.float16 if wide else tensor.dtype)
        assert wide or tensor.dtype in (torch.float32, torch.int64), name
    assert record.start_rows(RunFolder(kept)) == [{"iteration": 1.0, "estimate": 0.1}]
    assert [path.name for path in kept.parent.iterdir()] == ["record"]


def test_the_generator_is_kept_where_there_is_no_average(tmp_path):
    learned.train(replace(TINY, average=0.0, iterations=2), folder=tmp_path / "a", device="cpu")
    keep_record(tmp_path / "a", tmp_path / "b")
    assert (drawn(tmp_path / "a") - drawn(tmp_path / "b")).abs().max() < 2e-3
    assert record.sheets(RunFolder(tmp_path / "b")) == [0, 1, 2]


@pytest.mark.parametrize(("moments", "sheets"), [(2, [0, 1, 9]), (4, [0, 1, 3, 6, 9])])
def test_moments_are_evenly_spread_and_have_the_row_after_the_first(run, tmp_path, moments, sheets):
    assert record.sheets(keep_record(run, tmp_path / "some", moments)) == sheets


def test_nobody_goes_on_with_a_record(kept, capsys):
    before = sorted(path.name for path in kept.iterdir())
    with pytest.raises(ValueError, match="is a record: it has no critic and no optimizers"):
        learned.resume(kept, iterations=20)
    assert main(["train", "--resume", str(kept)]) != 0
    told = capsys.readouterr().err.strip()
    assert "is a record" in told
    assert "\n" not in told
    assert sorted(path.name for path in kept.iterdir()) == before
    with pytest.raises(ValueError, match="leave critic= out"):
        learned.load_run(kept, critic=torch.nn.Linear(64, 1))


def test_what_is_no_finished_run_makes_no_record(run, kept, tmp_path):
    with pytest.raises(ValueError, match="is a record"):
        keep_record(kept, tmp_path / "again")
    longer = shutil.copytree(run, tmp_path / "longer")
    RunFolder(longer).end_at(20, 9)
    with pytest.raises(ValueError, match="at iteration 9 of 20: a record is made of a run"):
        keep_record(longer, tmp_path / "new")
    with pytest.raises(ValueError, match="there is no run"):
        keep_record(tmp_path / "nothing", tmp_path / "new")
    with pytest.raises(ValueError, match="moments"):
        keep_record(run, tmp_path / "new", 1)
    (tmp_path / "new").mkdir()
    with pytest.raises(ValueError, match="is there already"):
        keep_record(run, tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"longer", "new"}


def test_weights_that_float16_cannot_have_are_refused(run, tmp_path):
    wild = RunFolder(shutil.copytree(run, tmp_path / "wild"))
    state = wild.load(torch.device("cpu"))
    next(w for w in state["average"].values() if w.dim() > 1)[0, 0] = 1e5
    wild.save(state)
    with pytest.raises(ValueError, match="beyond 65,504"):
        keep_record(wild.path, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["wild"]


def test_commands_work_on_records(kept, tmp_path, capsys):
    out = tmp_path / "some.npy"
    assert main(["sample", str(kept), "--out", str(out), "--n", "5", "--seed", "1"]) == 0
    assert np.array_equal(np.load(out), as_bytes(drawn(kept, 5)))
    assert main(["runs", str(kept)]) == 0
    assert "done" in capsys.readouterr().out


@pytest.mark.slow
def test_a_bracket_is_found_around_a_record(kept, capsys):
    assert main(["bracket", str(kept), "--seconds", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 <= found["lower"] <= found["upper"]


def test_the_first_iterations_are_those_of_the_run_to_the_bit(run):
    said = {row["iteration"]: row for row in RunFolder(run).rows()}
    again = replay.first_iterations(TINY, [3, 0, 1], device="cpu", engine="auto")
    assert list(again) == [0, 1, 3]
    for at, moment in again.items():
        same = {"seconds": 0.0, "iteration": at}
        assert repr(moment.row | same) == repr(said[at] | same)
        assert np.array_equal(moment.samples, np.load(run / "samples" / f"{at:06}.npy"))
    with pytest.raises(ValueError, match="moment"):
        replay.first_iterations(TINY, [10])


def test_the_first_iterations_have_the_schedules_of_the_whole_run(tmp_path):
    falling = replace(TINY.generator_optimizer, schedule="linear")
    config = replace(TINY, generator_optimizer=falling, noise=1.0, warm_up=2)
    rows = learned.train(config, device="cpu").history
    again = replay.first_iterations(config, [2], device="cpu", engine="auto")[2].row
    assert again["generator_rate"] == rows[2]["generator_rate"] < falling.lr
    assert again["estimate"] == rows[2]["estimate"]


def test_a_nudge_is_a_small_one(run):
    plain, nudged = (
        replay.first_iterations(TINY, [0, 1], device="cpu", nudge=nudge) for nudge in (0, 1e-4)
    )
    for at in (0, 1):
        ours, theirs = plain[at].row["estimate"], nudged[at].row["estimate"]
        assert 0 < abs(ours - theirs) < 0.1 * abs(ours)


def test_the_generator_draws_the_last_sheet_again(run, kept):
    sheet = np.load(run / "samples" / "000009.npy")
    assert np.array_equal(replay.drawn_again(RunFolder(run)), sheet)
    again = replay.drawn_again(RunFolder(kept)).astype(float)
    assert 0 <= np.abs(again - sheet).mean() < 0.1


def test_a_record_that_was_changed_is_not_opened(changed):
    config = json.loads((changed / "config.json").read_text())
    (changed / "config.json").write_text(json.dumps(config | {"latent": 9}))
    with pytest.raises(ValueError, match=r"is not of its config\.json: latent is 8 there and 9"):
        learned.load_run(changed)
