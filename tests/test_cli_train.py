"""The commands `train`, `sample` and `runs` as a user meets them."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import image

from wganlab import compare, data, learned
from wganlab.cli import main
from wganlab.commands.train import Train
from wganlab.report import cores

OPTIONS = {
    "critic.width": 8,
    "generator.width": 8,
    "batch": 8,
    "n-critic": 2,
    "iterations": 6,
    "every": 3,
    "checkpoint": 2,
    "n": 40,
    "device": "cpu",
}
TINY = [part for name, value in OPTIONS.items() for part in (f"--{name}", str(value))]
LONG = [*TINY, "--engine", "eager", "--iterations", "400", "--every", "20", "--checkpoint", "50"]
FILES = {
    *("checkpoint.pt", "config.json", "curve.png", "environment.json", "metrics.csv"),
    *("losses.csv", "player.html", "samples", "samples.png"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test has a folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that came to its end."""
    path = tmp_path_factory.mktemp("finished") / "tiny"
    assert main(["train", *TINY, "--preset", "wgan-lp", "--run", str(path)]) == 0
    return path


def rows(out):
    """Rows of the table, without the notes below it, as lists of cells."""
    return [re.split(r" {2,}", line) for line in out.partition("\n\n")[0].splitlines()[1:]]


def error(arguments, capsys):
    """What the one line of an error says."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("wganlab: error: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.fixture
def start():
    """A `train` in a process group of its own, as a terminal starts it; it ends with the test."""
    started = []

    def begin(*arguments):
        child = subprocess.Popen(
            [sys.executable, "-m", "wganlab", "train", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # where ignored
        )
        started.append(child)
        return child

    yield begin
    for child in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def wait_for(path, child):
    """Until there is such a file, for five minutes at most."""
    deadline = time.monotonic() + 300
    while not path.exists():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def leaves(value):
    """All that a checkpoint holds but the seconds, flat."""
    if isinstance(value, dict):
        return [x for name in value if name != "seconds" for x in leaves(value[name])]
    return [x for part in value for x in leaves(part)] if isinstance(value, list) else [value]


def bits(path):
    """All that is the same whenever and however often a run was stopped."""
    state = torch.load(path / "checkpoint.pt", weights_only=True)
    told = [x.numpy().tobytes() if torch.is_tensor(x) else x for x in leaves(state)]
    with (path / "metrics.csv").open(newline="") as file:
        metrics = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
    samples = {file.name: file.read_bytes() for file in (path / "samples").iterdir()}
    return told, metrics, samples, (path / "config.json").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["wgan-paper", "gan", "emd"])
def test_a_preset_trains_samples_and_is_listed(preset, capsys):
    config = learned.PRESETS[preset]
    tiny = {name: value for name, value in OPTIONS.items() if name != "n-critic"}
    if config.phases == "original":
        tiny |= {"iterations": 1}
    options = [part for name, value in tiny.items() for part in (f"--{name}", str(value))]
    assert main(["train", *options, "--preset", preset, "--run", "runs/a"]) == 0
    (cells,) = rows(capsys.readouterr().out)
    alone = config.n_critic == 0
    assert (cells[5] == "-") == alone  # the certificate
    assert {path.name for path in Path("runs/a").iterdir()} == FILES
    assert main(["sample", "runs/a", "-n", "5", "--out", "a.npy"]) == 0
    assert np.isfinite(np.load("a.npy")).all()
    assert main(["runs"]) == 0
    assert config.objective in capsys.readouterr().out


def test_train_keeps_the_run_and_prints_its_numbers(folder, capsys):
    assert main(["train", *TINY, "--preset", "wgan-lp"]) == 0
    captured = capsys.readouterr()
    heads = re.split(r" {2,}", captured.out.splitlines()[0])
    told = "run|iterations|estimate of EM|exact EM|sampling floor|certificate|modes|quality|seconds"
    assert heads == told.split("|")
    (cells,) = rows(captured.out)
    kept = learned.RunFolder("runs/wgan-lp-8gaussians-seed0")
    assert {path.name for path in kept.path.iterdir()} == FILES
    last = kept.rows()[-1]
    floor = compare.sampling_floor(data.toy("8gaussians"), 40)
    assert cells[:2] == [str(kept.path), "6"]
    assert float(cells[3]) == pytest.approx(last["emd"], abs=5e-4)
    assert float(cells[4]) == pytest.approx(floor, abs=5e-4)
    assert last["sampling_floor"] == floor
    assert cells[6] == f"{last['modes']:.0f} of 8"
    for name in ("samples.png", "curve.png"):
        assert np.ptp(image.imread(kept.path / name)) > 0


@pytest.mark.slow
def test_a_default_folder_that_is_taken_gets_a_number(folder, capsys):
    arguments = ["train", *TINY, "--iterations", "0", "--data", "parallel_lines:theta=0.5"]
    for name in ("", "-2", "-3"):
        assert main(arguments) == 0
        (cells,) = rows(capsys.readouterr().out)
        assert cells[0] == f"runs/wgan-gp-parallel_lines-theta-0.5-seed0{name}"
        assert cells[6:8] == ["-", "-"]  # parallel lines have no modes


@pytest.mark.slow
@pytest.mark.parametrize(("dimension", "preset"), [(1, "wgan"), (3, "gan")])
def test_other_dimensions_and_objectives_are_drawn_too(dimension, preset, folder, capsys, rng):
    np.save("points.npy", rng.normal(size=(100, dimension)))
    arguments = ["train", *TINY, "--preset", preset, "--data", "points.npy", "--run", "a"]
    assert main(arguments) == 0
    head = capsys.readouterr().out.splitlines()[0]
    assert ("estimate of JS" in head) == (preset == "gan")
    assert np.ptp(image.imread("a/samples.png")) > 0
    assert np.load("a/samples/000006.npy").shape == (1000, dimension)


def test_every_field_is_an_option_and_the_preset_is_its_default(folder):
    options = "--critic.depth 1 --generator-optimizer.lr 1e-4 --critic-optimizer.betas .5 .9"
    assert main(["train", *TINY, *options.split(), "--preset", "gan", "--run", "a"]) == 0
    config = learned.RunFolder("a").config()
    assert config.critic.depth == 1
    assert config.generator_optimizer.lr == 1e-4
    assert config.critic_optimizer.betas == (0.5, 0.9)
    assert config.objective == learned.PRESETS["gan"].objective
    assert config.critic_optimizer.lr == learned.PRESETS["gan"].critic_optimizer.lr


def test_quick_is_smaller_and_options_win_over_it():
    preset, quick = learned.PRESETS["wgan-gp"], Train(quick=True).preset_config(None)
    assert quick.iterations == 300 < preset.iterations
    assert quick.critic.width == quick.generator.width == quick.batch == 64
    assert quick.critic_optimizer.lr == 3 * preset.critic_optimizer.lr
    assert main(["train", "--quick", *TINY, "--run", "a"]) == 0
    config = learned.RunFolder("a").config()
    assert (config.iterations, config.batch) == (6, 8)
    assert config.critic_optimizer == quick.critic_optimizer


def test_help_names_every_preset_and_shows_its_values(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "--preset", "wgan", "--help"])
    assert stop.value.code == 0
    told = " ".join(re.sub("[│╭╮╰╯─]", " ", capsys.readouterr().out).split())
    assert all(name in told for name in learned.PRESETS)
    assert "--clip FLOAT Bound of the weights under clip. (default: 0.1)" in told
    assert "adam, rmsprop (smoothing .99) or sgd. (default: rmsprop)" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "wgan-g"], "there is no preset 'wgan-g': choose from wgan-gp"),
        (["--preset", "wgan-g"], "did you mean 'wgan-gp'?"),
        (["--data", "8gausians"], "did you mean '8gaussians'?"),
        (["--data", "8gaussians:sdt=1"], "has no parameter 'sdt'"),
        (["--iteration", "5"], "Perhaps you meant: --iterations INT"),
        (["--iterations", "-1"], "iterations = -1: give a whole number of at least 0"),
        (["--critic.width", "0"], "width = 0: give a whole number of at least 1"),
        (["--constraint", "sn", "--critic.norm", "layer"], "spectral norm"),
        (["--seeds", "2", "--constraint", "sn", "--critic.norm", "layer"], "spectral norm"),
        (["--seeds", "0"], "--seeds 0: expected 1 or more"),
        (["--threads", "0"], "--threads 0: expected 1 or more"),
        (["--n", "1001"], "--n 1001: expected 1 to 1,000"),
        (["--device", "nowhere"], "device 'nowhere' cannot be used"),
        (["--run", "/proc/x"], "/proc/x cannot be written"),
        (["--resume", "x"], "there is no run in x"),
        (["--resume", "x", "--lr", "1", "--preset", "gan"], "leave out --lr, --preset"),
        (["--resume", "x", "y"], "leave out y"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_trained(arguments, message, capsys, folder):
    assert message in error(["train", *arguments], capsys)
    assert list(folder.iterdir()) == []


def test_a_run_that_exists_is_not_written_over(finished, capsys):
    before = bits(finished)
    told = error(["train", *TINY, "--run", str(finished)], capsys)
    assert f"there is a run in {finished} already" in told
    seed = finished.with_name("tiny-seed1")
    shutil.copytree(finished, seed)
    arguments = ["train", *TINY, "--run", str(finished), "--seeds", "2"]
    assert f"there is a run in {seed} already" in error(arguments, capsys)
    assert not finished.with_name("tiny-seed0").exists()
    assert bits(finished) == before


def test_a_diverged_run_says_where_its_last_checkpoint_is(folder, capsys):
    huge = ["--critic-optimizer.lr", "1e30"]
    told = error(["train", *TINY, "--run", "b", *huge], capsys)  # as soon as it is warmed up
    assert re.search(r"the run diverged by iteration 0: .* there was no checkpoint yet", told)
    told = error(["train", *TINY, "--run", "a", *huge, "--warm-up", "0"], capsys)
    assert re.search(r"the run diverged .* Try a lower .* checkpoint is a at iteration \d", told)
    assert main(["sample", "a", "-n", "3", "-o", "a.npy"]) == 0
    assert np.isfinite(np.load("a.npy")).all()
    assert {path.name for path in Path("a").iterdir()} == FILES


def test_a_run_that_was_stopped_before_its_first_row_keeps_its_points(folder, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("wganlab.learned.runs.going.observe", stop)
        assert main(["train", *TINY, "--run", "a"]) == 130
    assert not Path("a/metrics.csv").exists()
    assert main(["train", "--resume", "a"]) == 0
    assert {row["n"] for row in learned.RunFolder("a").rows()} == {OPTIONS["n"]}


@pytest.mark.slow
def test_a_run_that_is_killed_ends_in_the_same_bits(folder, capsys, start):
    assert main(["train", *LONG, "--run", "whole"]) == 0
    child = start(*LONG, "--run", "a")
    wait_for(Path("a/samples/000060.npy"), child)
    child.kill()
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert main(["train", "--resume", "a"]) == 0
    assert bits(Path("a")) == bits(Path("whole"))
    cells = rows(capsys.readouterr().out)
    assert cells[0][1:-1] == cells[-1][1:-1]
    assert main(["train", "--resume", "a"]) == 0  # nothing is left to do
    assert bits(Path("a")) == bits(Path("whole"))


@pytest.mark.slow
def test_an_interrupted_run_is_kept_and_sampled_from(folder, capsys, start):
    child = start(*LONG, "--iterations", "9000", "--run", "a")
    wait_for(Path("a/samples/000040.npy"), child)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate()
    assert (child.returncode, out) == (130, "")
    told = re.fullmatch(
        r"wganlab: interrupted: a at iteration (\d+); go on by python -m wganlab train "
        r"--resume a\n",
        err,
    )
    state = torch.load("a/checkpoint.pt", weights_only=True)
    assert 40 <= int(told[1]) == state["iteration"] < 9000
    assert {path.name for path in Path("a").iterdir()} == FILES
    assert main(["sample", "a", "-n", "5", "-o", "a.npy"]) == 0
    run = learned.load_run("a", device="cpu")
    with torch.no_grad():
        expected = run.sample(5, torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(np.load("a.npy"), expected)
    assert run.history[-1]["iteration"] <= state["iteration"]
    capsys.readouterr()
    assert main(["runs", "--json", "."]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["state"], found["iterations"]) == ("unfinished", 9000)
    assert found["iteration"] == run.history[-1]["iteration"]


@pytest.mark.slow
def test_seeds_run_side_by_side_as_they_run_alone(folder, capfd):
    many = [*TINY, "--preset", "gan", "--run", "many", "--seed", "3", "--seeds", "2"]
    assert main(["train", *many]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert [cells[0] for cells in rows(out)] == ["many-seed3", "many-seed4"]
    assert main(["train", *TINY, "--preset", "gan", "--run", "alone", "--seed", "4"]) == 0
    assert bits(Path("many-seed4")) == bits(Path("alone"))
    assert {path.name for path in Path("many-seed3").iterdir()} == FILES


@pytest.mark.slow
def test_a_ctrl_c_stops_all_seeds_and_keeps_them(folder, start):
    child = start(*LONG, "--iterations", "100000", "--run", "many", "--seeds", "2")
    for seed in (0, 1):
        if seed < cores():
            wait_for(Path(f"many-seed{seed}/samples/000040.npy"), child)
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate()
    assert (child.returncode, out) == (130, "")
    told = re.match(r"wganlab: interrupted: many-seed0 at iteration ([\d,]+)[,;]", err)
    state = torch.load("many-seed0/checkpoint.pt", weights_only=True)
    assert state["iteration"] == int(told[1].replace(",", "")) < 100_000
    assert err.count("\n") == 1
    assert {path.name for path in Path("many-seed0").iterdir()} == FILES


@pytest.mark.slow
def test_threads_are_noted_and_kept(folder, monkeypatch):
    assert main(["train", *TINY, "--run", "a", "--threads", "2"]) == 0
    assert json.loads(Path("a/environment.json").read_text())["threads"] == 2
    asked = []

    def note(*_, device, threads, **__):
        asked.append((device, threads))

    monkeypatch.setattr(learned, "resume", note)
    assert main(["train", "--resume", "a"]) == 0
    assert main(["train", "--resume", "a", "--threads", "1", "--device", "auto"]) == 0
    assert asked == [("cpu", 2), ("auto", 1)]


def test_a_run_from_python_goes_on_from_python(folder, capsys):
    config = learned.TrainConfig(iterations=0)
    learned.train(config, folder="a", observers=compare.observers(20))
    assert "go on with it by learned.resume" in error(["train", "--resume", "a"], capsys)
    critic = torch.nn.Linear(2, 1)
    learned.train(config, folder="b", critic=critic, generator=torch.nn.Linear(2, 2))
    assert "networks of your own" in error(["sample", "b", "-o", "b.npy"], capsys)
    run = learned.load_run("b", critic=torch.nn.Linear(2, 1), generator=torch.nn.Linear(2, 2))
    assert torch.equal(run.critic.weight, critic.weight)


def test_samples_go_to_every_kind_of_file(finished, folder, capsys):
    for name in ("a.npy", "a.csv", "a.png"):
        assert main(["sample", str(finished), "-n", "20", "--seed", "5", "-o", name]) == 0
        assert capsys.readouterr().out == f"20 points in dimension 2: {name}\n"
    points = np.load("a.npy")
    assert points.shape == (20, 2)
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points, np.loadtxt("a.csv", delimiter=",", dtype=np.float32))
    assert np.ptp(image.imread("a.png")) > 0
    assert main(["sample", str(finished), "-n", "20", "-o", "b.npy"]) == 0
    assert not np.array_equal(points, np.load("b.npy"))
    assert {path.name for path in folder.iterdir()} == {"a.npy", "a.csv", "a.png", "b.npy"}


def test_a_file_is_replaced_only_if_that_is_asked_for(finished, folder, capsys):
    Path("a.npy").write_text("mine")
    arguments = ["sample", str(finished), "-n", "2", "-o", "a.npy"]
    assert "a.npy exists: give another name, or --overwrite" in error(arguments, capsys)
    assert Path("a.npy").read_text() == "mine"
    assert main([*arguments, "--overwrite"]) == 0
    assert np.load("a.npy").shape == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "a.txt"], "--out a.txt: expected one of .npy, .csv, .png"),
        (["-o", "no/a.npy"], "--out no/a.npy cannot be written"),
        (["-o", "a.npy", "-n", "0"], "--n 0: expected 1 or more"),
        (["-o", "a.npy", "--seed", "-1"], "--seed -1: expected 0 or more"),
        (["-o", "folder.npy"], "--out folder.npy is a folder"),
        ([], "Missing from wganlab sample: -o PATH"),
    ],
)
def test_sample_refuses_with_a_reason(arguments, message, finished, folder, capsys):
    Path("folder.npy").mkdir()
    assert message in error(["sample", str(finished), *arguments], capsys)
    assert [path.name for path in folder.iterdir()] == ["folder.npy"]


def test_sample_says_what_a_run_lacks(finished, folder, capsys):
    assert "there is no run in a" in error(["sample", "a", "-o", "a.npy"], capsys)
    shutil.copytree(finished, "a")
    Path("a/checkpoint.pt").write_text("nothing")
    assert "it is no whole checkpoint" in error(["sample", "a", "-o", "a.npy"], capsys)
    Path("a/checkpoint.pt").unlink()
    assert "before its first checkpoint" in error(["sample", "a", "-o", "a.npy"], capsys)


def test_runs_are_listed_by_time_and_broken_ones_noted(finished, folder, capsys):
    for number, name in enumerate(("b", "broken", "a", "empty", "words", "new")):
        shutil.copytree(finished, f"runs/{name}")
        for file in ("metrics.csv", "config.json"):
            os.utime(f"runs/{name}/{file}", (10**9 + number,) * 2)
    Path("runs/broken/config.json").write_text("{")
    for file in Path("runs/empty").glob("*.*"):
        file.unlink()
    Path("runs/words/config.json").write_text('{"data": "8gaussians"}')
    Path("runs/new/metrics.csv").unlink()
    assert main(["runs"]) == 0
    table, _, notes = capsys.readouterr().out.partition("\n\n")
    listed = {cells[0]: cells[1:] for cells in rows(table)}
    assert list(listed)[:3] == ["b", "a", "new"]
    last = learned.RunFolder(finished).rows()[-1]
    start = ["8gaussians", "wasserstein", "lp"]
    assert listed["a"][:5] == [*start, "done", "6 of 6"]
    assert float(listed["a"][6]) == pytest.approx(last["emd"], abs=5e-4)
    assert listed["a"][7] == f"{last['modes']:.0f} of 8"
    assert listed["new"][:9] == [*start, "unfinished", "0 of 6", "-", "-", "-", "-"]
    assert "note: broken: cannot be read: Expecting property name" in notes
    assert "note: empty: no config.json" in notes
    assert "note: words: config.json has no objective" in notes


def test_runs_as_json_hold_the_numbers(finished, capsys):
    assert main(["runs", str(finished), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    last = learned.RunFolder(finished).rows()[-1]
    for name in ("estimate", "emd", "certificate", "sampling_floor", "modes", "seconds"):
        assert found[name] == last[name]
    assert (found["name"], found["data"], found["state"]) == ("tiny", "8gaussians", "done")
    assert found["note"] == ""


def test_no_runs_are_no_crash(folder, capsys):
    assert "there is no folder runs" in error(["runs"], capsys)
    Path("runs").mkdir()
    assert main(["runs"]) == 0
    assert capsys.readouterr().out == "no runs in runs\n"


@pytest.mark.slow
def test_listing_and_helping_load_no_torch(finished):
    for arguments in (["runs", str(finished)], ["--help"]):
        code = f"from wganlab.cli import main; main({arguments!r})"
        check = "import sys\ntry:\n    {}\nfinally:\n    print('torch' in sys.modules)"
        result = subprocess.run(
            [sys.executable, "-c", check.format(code)], capture_output=True, text=True, check=True
        )
        assert result.stdout.splitlines()[-1] == "False"


def test_what_cannot_be_compiled_is_told_in_one_line(folder, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, *_, **__: print(
            warnings.formatwarning(message, UserWarning, "", 0), end=""
        )
        emd = ["--preset", "emd", "--batch", "16", "--iterations", "2", "--n", "20"]
        assert main(["train", *emd, "--run", "a", "--engine", "compiled"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("wganlab: trained without the compiler: ")
    assert any(line.startswith("a ") for line in told)


def test_columns_and_weights_are_kept_in_the_name_of_the_data(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,x,y,count\n7,0,0,0\n8,1,2,1\n")
    config = Train(columns="x,y", weights="count").of_columns(learned.TrainConfig(data=str(path)))
    assert config.data == f"{path}:columns=x,y:weights=count"
    law = config.law()
    np.testing.assert_array_equal(law.sample(3, torch.Generator()), [[1, 2]] * 3)
    assert Train().of_columns(config) == config
    with pytest.raises(ValueError, match="--columns and --weights are of files"):
        Train(columns="x").of_columns(learned.TrainConfig())
    with pytest.raises(ValueError, match="save standard input to a file"):
        data.law("-")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="there is one")
def test_a_missing_device_is_one_short_line(capsys):
    assert main(["train", "--quick", "--device", "mps", "--profile-step"]) == 2
    err = capsys.readouterr().err
    assert err == "wganlab: error: device 'mps' cannot be used: there is none here; give cpu\n"
