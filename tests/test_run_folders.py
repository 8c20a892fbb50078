"""Folders of runs: one writer, nothing foreign overwritten, nothing confused with another run."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from wganlab import learned
from wganlab.alone import TakenError, alone
from wganlab.cli import main
from wganlab.learned import MLPConfig, Optimizer, RunFolder, TrainConfig
from wganlab.learned.runs.keeping import NotKeptError

TINY = TrainConfig(
    constraint="lp",
    critic=MLPConfig(8, 1),
    generator=MLPConfig(8, 1),
    n_critic=1,
    batch=8,
    iterations=6,
    every=3,
    checkpoint=2,
)


SIZES = {"critic.width": 8, "generator.width": 8, "batch": 8, "n": 20}
SMALL = [part for name, size in SIZES.items() for part in (f"--{name}", str(size))]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def on_points(path="points.npy", shift=0.0, **changes):
    """A configuration on a file of points, which is written."""
    points = np.random.default_rng(0).normal(size=(50, 2)) + shift
    np.save(path, points)
    return replace(TINY, data=str(path), **changes)


def contents(path):
    return {file.name: file.read_bytes() for file in path.rglob("*") if file.is_file()}


def weights(run):
    return torch.cat([weight.flatten() for weight in run.generator.parameters()])


# one writer


def test_a_second_writer_is_told_who_the_first_is(folder):
    learned.train(TINY, folder="a")
    kept = RunFolder("a")
    with kept.alone():
        before = contents(Path("a"))
        for second in (lambda: learned.resume("a"), lambda: learned.train(TINY, folder="a")):
            with pytest.raises(TakenError, match=f"process {os.getpid()} on .* since 20.*run in a"):
                second()
        assert contents(Path("a")) == before
        assert learned.load_run("a").history  # who only reads may
    assert learned.resume("a").history
    assert not (Path("a") / ".writer").exists()


def test_a_lock_dies_with_its_process_and_is_gone_afterwards(folder):
    code = (
        "import os, pathlib; from wganlab.alone import alone\n"
        "with alone(pathlib.Path('lock'), 'it', 'wait'): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert json.loads(Path("lock").read_text())["pid"] > 0
    for _ in range(2):
        with (
            alone(Path("lock"), "it", "wait"),
            pytest.raises(TakenError, match="writes it: wait"),
            alone(Path("lock"), "it", "wait"),
        ):
            pytest.fail("two at once")
    assert not Path("lock").exists()


@pytest.mark.slow
def test_readers_always_find_a_whole_checkpoint(folder):
    learned.train(replace(TINY, checkpoint=1), folder="a")
    code = "from wganlab import learned; learned.resume('a', iterations=90, progress=False)"
    with subprocess.Popen([sys.executable, "-c", code]) as writer:
        reads = 0
        while writer.poll() is None:
            assert RunFolder("a").load("cpu")["iteration"] >= 6
            reads += 1
    assert writer.returncode == 0
    assert reads > 15
    assert [row["iteration"] for row in RunFolder("a").rows()] == list(range(0, 91, 3))
    assert not list(Path("a").glob(".*"))


# what is somebody else's


@pytest.mark.parametrize(
    "name",
    [
        "environment.json",
        "metrics.csv",
        "losses.csv",
        "checkpoint.pt",
        "samples.png",
        "samples/mine",
    ],
)
def test_nothing_foreign_is_written_over(name, folder):
    (folder / "a" / name).parent.mkdir(parents=True)
    (folder / "a" / name).write_text("mine")
    with pytest.raises(ValueError, match=r"is there already and of no run.*move it away"):
        learned.train(TINY, folder="a")
    assert contents(folder / "a") == {Path(name).name: b"mine"}


def test_other_files_in_the_folder_stay(folder):
    Path("a").mkdir()
    for name in ("notes.txt", "config.tmp", "checkpoint.tmp", "metrics.tmp"):
        (Path("a") / name).write_text("mine")
    learned.train(TINY, folder="a")
    assert {Path("a", name).read_text() for name in ("notes.txt", "checkpoint.tmp")} == {"mine"}


@pytest.mark.parametrize("content", ["", "x,y", "a,b\n1,2\n"])
def test_what_are_no_rows_of_the_run_is_not_erased(content, folder):
    learned.train(TINY, folder="a")
    Path("a/metrics.csv").write_text(content)
    if content:
        with pytest.raises(ValueError, match=r"no column 'iteration'.*move it away"):
            learned.resume("a")
        assert Path("a/metrics.csv").read_text() == content
    else:
        with pytest.warns(UserWarning, match="has no row: those up to 6 are lost"):
            learned.resume("a")


def test_a_row_without_its_end_is_whole_where_the_checkpoint_is_later(folder):
    learned.train(TINY, folder="a")
    whole = Path("a/metrics.csv").read_text()
    Path("a/metrics.csv").write_text(whole[:-1])
    assert [row["iteration"] for row in RunFolder("a").rows()] == [0, 3]
    learned.resume("a")
    assert Path("a/metrics.csv").read_text() == whole


def test_a_failed_start_leaves_nothing_that_blocks_the_next(folder):
    Path("there").mkdir()
    for place in ("a", "there", "deep/down"):
        with pytest.raises(ZeroDivisionError):
            learned.train(TINY, folder=place, observers=[lambda view: 1 / 0])
        assert not Path(place, "config.json").exists()
        learned.train(TINY, folder=place)
    huge = replace(TINY, critic_optimizer=Optimizer(lr=1e30), warm_up=5)
    with pytest.raises(learned.RunDivergedError):
        learned.train(huge, folder="b")
    assert not Path("b").exists()


# names of numbers


def test_names_of_numbers_may_hold_anything(folder):
    odd = ["a,b", 'say "x"', "two\nlines", "été $x$", " "]
    run = learned.train(TINY, folder="a", observers=[lambda view: dict.fromkeys(odd, 0.5)])
    kept = RunFolder("a").rows()
    assert [list(row) for row in kept] == [list(row) for row in run.history]
    assert all(row[name] == 0.5 for row in kept for name in odd)
    learned.resume("a", iterations=9, observers=[lambda view: {"a,b": 1, "new,one": 2}])
    last = RunFolder("a").rows()[-1]
    assert (last["a,b"], last["new,one"]) == (1, 2)
    assert np.isnan(last["two\nlines"])


@pytest.mark.parametrize(
    ("told", "reply"),
    [
        ({"iteration": 1}, "which each row has"),
        ({"x": "1"}, "give a number"),
        ({"x": [1]}, "give a number"),
        ({1: 1}, "give text"),
        ({"\ud800": 1}, "give text"),
        (None, "give numbers by name"),
    ],
)
def test_what_an_observer_may_not_say(told, reply, folder):
    with pytest.raises(ValueError, match=reply):
        learned.train(TINY, folder="a", observers=[lambda view: told])


# what a run is made of


def test_other_data_is_refused_and_the_same_is_found_where_it_is(folder, monkeypatch):
    config = on_points("points.npy", iterations=4)
    learned.train(config, folder="runs/a")
    assert learned.resume("runs/a", iterations=6).config.iterations == 6
    shutil.copytree(folder, folder.parent / f"{folder.name}-moved")
    monkeypatch.chdir("/")  # a relative path is found from elsewhere
    assert learned.resume(folder / "runs/a", iterations=8)
    moved = folder.rename(folder.parent / f"{folder.name}-gone").parent / f"{folder.name}-moved"
    assert learned.resume(moved / "runs/a", iterations=8)  # with its data beside it
    on_points(moved / "points.npy", shift=1.0)
    with pytest.raises(ValueError, match=r"has changed since the run in .* began"):
        learned.resume(moved / "runs/a")
    (moved / "points.npy").unlink()
    with pytest.raises(ValueError, match="is no longer at"):
        learned.resume(moved / "runs/a")
    assert learned.load_run(moved / "runs/a").sample(3, torch.Generator()).shape == (3, 2)


def test_absolute_paths_are_found_after_a_move_too(folder):
    Path("one").mkdir()
    config = on_points(folder / "one" / "points.npy")
    learned.train(config, folder="one/a")
    Path("one").rename("two")
    assert learned.resume("two/a", iterations=8).history[-1]["iteration"] == 8
    assert main(["sample", "two/a", "-n", "2", "-o", "a.npy"]) == 0


def test_images_are_known_by_their_content(folder, monkeypatch):
    monkeypatch.setenv("WGANLAB_CACHE", str(folder / "cache"))
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    np.savez("set.npz", images=images)
    config = replace(TINY, data="npz:set.npz", size=8, held_out=8, iterations=2)
    learned.train(config, folder="a", device="cpu")
    assert learned.resume("a", device="cpu")
    np.savez("set.npz", images=255 - images)
    with pytest.raises(ValueError, match="has changed"):
        learned.resume("a", device="cpu")
    Path("set.npz").unlink()
    assert learned.load_run("a").sample(3, torch.Generator()).shape == (3, 1, 8, 8)


def test_a_checkpoint_of_another_run_is_refused(folder):
    learned.train(TINY, folder="a")
    learned.train(replace(TINY, seed=7), folder="b")
    for path, shift in (("c", 0.0), ("d", 1.0)):
        learned.train(on_points(f"{path}.npy", shift), folder=path)
    for mine, theirs, reply in (("a", "b", "seed is 7 there and 0 here"), ("c", "d", "other data")):
        shutil.copy(Path(theirs, "checkpoint.pt"), mine)
        for use in (learned.resume, learned.load_run):
            with pytest.raises(ValueError, match=reply):
                use(mine)


def test_a_checkpoint_that_has_rotted_is_refused(folder):
    learned.train(TINY, folder="a")
    file = Path("a/checkpoint.pt")
    with zipfile.ZipFile(file) as records:
        tensor = next(record for record in records.infolist() if "/data/" in record.filename)
    content = bytearray(file.read_bytes())
    place = content.index(b"FB", tensor.header_offset) + 64  # behind the padding
    content[place] ^= 4
    file.write_bytes(content)
    assert learned.RunFolder("a").reached() == 6
    with pytest.raises(ValueError, match="no whole checkpoint"):
        learned.load_run("a")


def test_runs_of_an_older_version_go_on(folder):
    learned.train(TINY, folder="a")
    kept = RunFolder("a")
    state = {name: value for name, value in kept.load("cpu").items() if name not in NEW}
    torch.save(state, kept.checkpoint_file)
    told = kept.environment()
    del told["data"]
    kept.environment_file.write_text(json.dumps(told))
    assert learned.resume("a").history[-1]["iteration"] == 6
    assert learned.load_run("a").sample(2, torch.Generator()).shape == (2, 2)


NEW = ("config", "digest", "shape")  # of a checkpoint


# another end


@pytest.mark.parametrize("iterations", [0, 1, 4])
def test_a_lowered_end_is_an_end(iterations, folder):
    learned.train(TINY, folder="a")
    shorter = replace(TINY, iterations=iterations).to_json()
    Path("a/config.json").write_text(shorter)
    assert learned.resume("a").history[-1]["iteration"] == 6


def test_a_finished_run_goes_on_and_ends_in_the_bits_of_a_longer_one(folder):
    longer = replace(TINY, iterations=9)
    learned.train(TINY, folder="a")
    run = learned.resume("a", iterations=9)
    assert torch.equal(weights(run), weights(learned.train(longer)))
    assert RunFolder("a").config() == longer
    told = RunFolder("a").environment()["lengthened"]
    assert told == [{"at": 6, "from": 6, "to": 9}]
    assert [row["iteration"] for row in run.history] == [0, 3, 6, 9]
    with pytest.raises(ValueError, match="at iteration 9 already: give --iterations of more"):
        learned.resume("a", iterations=8)
    assert RunFolder("a").config() == longer


def test_an_end_that_cannot_be_is_not_written(folder):
    learned.train(TINY, folder="a", critic=torch.nn.Linear(2, 1))
    before = contents(Path("a"))
    with pytest.raises(ValueError, match="networks of your own"):
        learned.resume("a", iterations=9)
    assert contents(Path("a")) == before


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_learning_rates_go_on_as_schedules_to_the_new_end(schedule, folder):
    rates = Optimizer(lr=1e-2, schedule=schedule)
    config = replace(TINY, critic_optimizer=rates, generator_optimizer=rates, every=1)
    learned.train(config, folder="a")
    run = learned.resume("a", iterations=12)
    whole = learned.train(replace(config, iterations=12))
    for name in ("critic_rate", "generator_rate"):
        then, expected = ([row[name] for row in one.history] for one in (run, whole))
        assert then[7:] == pytest.approx(expected[7:], rel=1e-6, abs=1e-12)
    assert len(run.history) == 13


@pytest.mark.slow
def test_the_command_lengthens_a_run(folder, capsys):
    small = [*SMALL, "--every", "3"]
    assert main(["train", *small, "--iterations", "3", "--run", "a"]) == 0
    assert main(["train", "--resume", "a", "--iterations", "6"]) == 0
    assert main(["train", "--resume", "a", "--iterations=9"]) == 0
    assert RunFolder("a").rows()[-1]["iteration"] == 9
    capsys.readouterr()
    for given in ("8", "x", "-1", "10000000000000000000"):
        assert main(["train", "--resume", "a", "--iterations", given]) == 2
        assert capsys.readouterr().err.count("\n") == 1


# ends that are asked for, and full disks


@pytest.fixture
def heard():
    """Signals mean what they mean in a terminal, also where nohup or a shell has them ignored."""
    usual = {signal.SIGINT: signal.default_int_handler}
    usual |= dict.fromkeys((signal.SIGTERM, signal.SIGHUP), signal.SIG_DFL)
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_whatever_ends_a_run_keeps_a_checkpoint(name, folder, heard):
    number = getattr(signal, name)

    def end(view):
        if view.iteration == 3:
            os.kill(os.getpid(), number)
            if name != "SIGINT":
                os.kill(os.getpid(), number)  # a closed terminal is told of twice
        return {}

    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        learned.train(replace(TINY, checkpoint=1000), folder="a", observers=[end])
    assert RunFolder("a").load("cpu")["iteration"] == 3
    assert signal.getsignal(number) == before
    assert torch.equal(weights(learned.resume("a")), weights(learned.train(TINY)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])  # `test_cli_train` has Ctrl-C
def test_the_command_says_what_it_kept(name, folder):
    small = [*SMALL, "--every", "20", "--iterations", "100000", "--run", "a"]
    command = [sys.executable, "-m", "wganlab", "train", *small]
    with subprocess.Popen(
        [*command, "--engine", "by-hand"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in (signal.SIGINT, 1)],
    ) as child:
        latest = time.monotonic() + 100
        while not Path("a/samples/000040.npy").exists():
            assert time.monotonic() < latest
            assert child.poll() is None
            time.sleep(0.01)
        child.send_signal(getattr(signal, name))
        told = child.stderr.read()
    assert child.returncode == 130
    assert "interrupted: a at iteration" in told
    assert told.count("\n") == 1
    assert RunFolder("a").reached() >= 40


def test_a_hang_up_that_is_ignored_is_ignored_in_a_run_too(folder, heard):
    def hang_up(view):
        signal.raise_signal(signal.SIGHUP)
        return {"heard": float(signal.getsignal(signal.SIGHUP) != signal.SIG_IGN)}

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup starts it
    try:
        run = learned.train(TINY, observers=[hang_up])
    except KeyboardInterrupt:
        pytest.fail("it was heard")
    assert [row["heard"] for row in run.history] == [0, 0, 0]


def test_a_disk_that_fills_up_loses_no_checkpoint_and_no_row(folder, monkeypatch):
    written = Path.write_bytes

    def full(path, content):
        if Path("a/checkpoint.pt").exists() and ".part" in path.name:
            path.touch()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(NotKeptError, match=r"checkpoint.pt .*No space left.*free some room"):
            learned.train(TINY, folder="a")
    assert RunFolder("a").load("cpu")["iteration"] == 0
    assert not list(Path("a").glob(".*"))
    assert torch.equal(weights(learned.resume("a")), weights(learned.train(TINY)))


def test_a_row_that_does_not_fit_leaves_no_half(folder):
    kept = RunFolder(folder)
    kept.append({"iteration": 0, "x": 1 / 3})
    before = kept.metrics_file.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5, limits[1]))
    try:
        with pytest.raises(NotKeptError, match=r"metrics.csv cannot be written"):
            kept.append({"iteration": 1, "x": 1 / 3})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kept.metrics_file.read_bytes() == before


# what is damaged


@pytest.mark.parametrize(
    "name", ["config.json", "environment.json", "metrics.csv", "losses.csv", "checkpoint.pt"]
)
def test_nobody_waits_for_a_pipe(name, folder):
    learned.train(TINY, folder="a")
    Path("a", name).unlink()
    os.mkfifo(Path("a", name))
    with pytest.raises(ValueError, match="no regular file"):
        learned.resume("a")


def test_one_damaged_run_hides_no_other(folder, capsys):
    learned.train(TINY, folder="runs/good")
    damages = {
        "config.json": ["", "[]", '{"iterations": "many"}', "\0", "[" * 10**5, '{"data": 1}'],
        "metrics.csv": ["iteration\ninf\n", "iteration\nx\n", "a\n1\n", "iteration\n\0\n", '"'],
    }
    for name, contents in damages.items():
        for k, content in enumerate(contents):
            shutil.copytree("runs/good", f"runs/{name}{k}")
            Path(f"runs/{name}{k}", name).write_text(content)
    Path("runs/a\x1b[31m\nb").mkdir()
    shutil.copytree("runs/good", "runs/pipe")
    Path("runs/pipe/metrics.csv").unlink()
    os.mkfifo("runs/pipe/metrics.csv")
    os.utime("runs/pipe/config.json", (2**36, 2**36))  # no year that Python has
    for more in ([], ["--json"]):
        assert main(["runs", *more]) == 0
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "done" in out
    listed = {run["name"]: run for run in json.loads(out)}
    assert listed["good"]["note"] == ""
    assert all(listed[f"config.json{k}"]["note"] for k in range(6))
    assert listed["pipe"]["note"].endswith("metrics.csv is no regular file")


def test_locks_that_a_file_system_has_not_are_a_warning(folder, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("wganlab.alone.fcntl.flock", none)
    with pytest.warns(UserWarning, match="no lock against a second writer"):
        learned.train(TINY, folder="a")


def test_a_failed_start_of_a_longer_run_changes_nothing():
    learned.train(TINY, folder="a")
    Path("a/metrics.csv").write_text("a,b\n1,2\n")
    before = contents(Path("a"))
    with pytest.raises(ValueError, match="no column 'iteration'"):
        learned.resume("a", iterations=9)
    assert contents(Path("a")) == before


def test_data_beside_a_moved_run_is_found_past_a_folder_where_it_was(folder):
    Path("old").mkdir()
    learned.train(on_points("old/points.npy"), folder="old/a")
    Path("old").rename("new")
    Path("old/points.npy").mkdir(parents=True)
    assert learned.resume("new/a", iterations=9).history[-1]["iteration"] == 9


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_an_end_while_pictures_are_drawn_leaves_a_whole_run(
    name, folder, capsys, monkeypatch, heard
):
    from wganlab import pictures

    real = pictures.draw_sheet
    monkeypatch.setattr(
        pictures, "draw_sheet", lambda *_: signal.raise_signal(signal.Signals[name])
    )
    assert main(["train", "--quick", "--iterations", "2", "--run", "a", *SMALL]) == 130
    told = capsys.readouterr().err
    assert "a is at its end; draw it by python -m wganlab train --resume a" in told
    assert not list(Path("a").glob(".*"))
    monkeypatch.setattr(pictures, "draw_sheet", real)
    assert main(["train", "--resume", "a"]) == 0
    assert Path("a/samples.png").exists()
