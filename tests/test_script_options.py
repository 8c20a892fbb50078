"""What the papers' training scripts can be told, told here: every option from the command line, the
same bits after a resume, an iteration without values, and the same run in two processes."""

import csv
import errno
import math
import os
import re
import resource
import shutil
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from processes import together

from wganlab import learned
from wganlab.cli import main
from wganlab.learned import FoldConfig, MLPConfig, Optimizer, RunFolder, TrainConfig, algorithm1
from wganlab.learned.distributed import World
from wganlab.learned.fast.engine import Engine
from wganlab.learned.runs.epochs import drawn_before, points_of
from wganlab.learned.runs.keeping import NotKeptError
from wganlab.learned.runs.loop import advance, warm_up
from wganlab.learned.runs.losses import parted
from wganlab.learned.runs.points import Dequantized
from wganlab.learned.runs.record import keep_record
from wganlab.learned.runs.state import RunState

CPU = torch.device("cpu")
NET = MLPConfig(8, 1, activation="tanh")
TINY = TrainConfig(
    constraint="clip",
    clip=0.1,
    critic=NET,
    generator=NET,
    critic_optimizer=Optimizer("sgd", 0.02),
    generator_optimizer=Optimizer("sgd", 0.02),
    n_critic=2,
    batch=8,
    iterations=6,
    every=3,
    checkpoint=2,
)
OPTIONS = {
    "asymmetric": {"clip_lower": -0.02},
    "before": {"clip_when": "before"},
    "checkpoints": {"keep_checkpoints": True},
    "generator's batch": {"generator_batch": 12},
    "dequantize": {"data": "mnist10k", "size": 8, "dequantize": True},
    "starts": {"critic_from": "start", "generator_from": "start"},
}
CHANGED = ("width", "depth", "activation")
SHORT = {
    **{"constraint": "clip", "clip": 0.1, "n-critic": 2, "batch": 8, "n": 20, "device": "cpu"},
    **{f"critic.{name}": value for name, value in asdict(NET).items() if name in CHANGED},
    **{f"generator.{name}": value for name, value in asdict(NET).items() if name in CHANGED},
    **{"iterations": 6, "every": 3, "checkpoint": 2},
}
every_option = pytest.mark.parametrize("name", OPTIONS)
SLOW = ("dequantize",)  # of images, of which a classifier is trained


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, request):
    """Every test has a folder of its own to work in; some need a run to start from there."""
    monkeypatch.chdir(tmp_path)
    if re.search("start|two_processes", request.node.name):
        learned.train(replace(TINY, seed=5), folder="start", device="cpu")
    return tmp_path


def words(options):
    """The options of a command line."""
    parts = []
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        parts += [option] if value is True else [option, str(value)]
    return parts


def trained(*more, run="a", **options):
    """The exit code of `train` with small sizes."""
    return main(["train", *words({**SHORT, **options}), *more, "--run", run])


def error(arguments, capsys):
    """What the one line of an error says."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def leaves(value):
    """All that a checkpoint holds but the seconds, flat."""
    if isinstance(value, dict):
        return [x for name in value if name != "seconds" for x in leaves(value[name])]
    return [x for part in value for x in leaves(part)] if isinstance(value, list) else [value]


def state_bits(file):
    state = torch.load(file, weights_only=True)
    return [x.numpy().tobytes() if torch.is_tensor(x) else x for x in leaves(state)]


def bits(path):
    """All that is the same whenever and however often a run was stopped, by file."""
    told = {}
    for file in sorted(p for p in Path(path).rglob("*") if p.is_file()):
        name = str(file.relative_to(path))
        if file.suffix == ".pt":
            told[name] = state_bits(file)
        elif name == "metrics.csv":
            with file.open(newline="") as lines:
                rows = list(csv.DictReader(lines))
            told[name] = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
        elif name != "environment.json":
            told[name] = file.read_bytes()
    return told


def stopped(config, path, at, **options):
    """A run that ends, as if it were killed, when its row of iteration `at` is made."""

    def stop(view):
        if view.iteration == at:
            raise MemoryError
        return {}

    with pytest.raises(MemoryError):
        learned.train(config, folder=path, observers=[stop], device="cpu", **options)


def weights(network):
    named = sorted(network.named_parameters())
    return torch.cat([weight.detach().flatten() for _, weight in named])


# all of them


@every_option
def test_every_option_resumes_in_the_same_bits(name):
    config = replace(TINY, **OPTIONS[name])
    learned.train(config, folder="whole", device="cpu")
    stopped(config, "cut", at=3)
    learned.resume("cut", device="cpu")
    assert bits("cut") == bits("whole")
    without = replace(TINY, data=config.data, size=config.size)
    ends = learned.train(without), learned.load_run("cut")
    same = torch.equal(*(weights(run.generator) for run in ends))
    assert same == (name == "checkpoints")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in OPTIONS]
)
def test_every_option_is_one_of_the_command_line(name, capsys):
    nets = {"critic_net": "mlp", "generator_net": "mlp"} if name == "dequantize" else {}
    assert trained(**nets, **OPTIONS[name]) == 0
    config = RunFolder("a").config()
    assert {field: getattr(config, field) for field in OPTIONS[name]} == OPTIONS[name]
    assert main(["train", "--resume", "a", "--iterations", "7"]) == 0


@every_option
def test_an_iteration_runs_on_the_meta_device(name, monkeypatch):
    training = RunState(replace(TINY, **OPTIONS[name]), CPU)
    training.device = torch.device("meta")
    for part in training.networks():
        part.to("meta")
    shape = training.law.shape
    training.real = lambda n, draws: torch.empty(n, *shape, device="meta")
    training.draws = None  # of meta tensors no generator makes any
    advance(training)
    assert {loss.device.type for loss in training.losses} == {"meta"}


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("name", [n for n in OPTIONS if n != "dequantize"])  # on GPUs alone
def test_every_engine_knows_the_option(name):
    config = replace(TINY, **OPTIONS[name])
    ends = []
    for activation in ("relu", "tanh"):
        net = replace(NET, activation=activation)
        changed = config if config.critic_from else replace(config, critic=net, generator=net)
        runs = [RunState(changed, CPU, by_hand=by_hand) for by_hand in (False, True, True)]
        for run in runs[:2]:
            while run.iteration < 5:
                algorithm1.iterate(run)
        engine = Engine(runs[2:])
        while runs[2].iteration < 5:
            engine.iterate()
        ends = [torch.cat([weights(run.critic), weights(run.generator)]) for run in runs]
        for end in ends[1:]:
            torch.testing.assert_close(end, ends[0], rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_start_that_is_not_there_is_told_by_the_first_process(folder):
    """Twice: of a new run, and of one that begins again."""
    config = replace(TINY, critic_from="start", checkpoint=1000, every=2)
    stopped(config, "cut", at=4)
    Path("cut/checkpoint.pt").unlink()
    shutil.rmtree("start")
    Path("config.json").write_text(config.to_json())
    results = together(
        """
        import os
        from pathlib import Path
        from wganlab import learned
        from wganlab.learned.distributed import joined
        config = learned.TrainConfig.from_json(Path("config.json").read_text())
        works = [
            lambda: learned.train(config, folder="new", device="cpu", progress=False),
            lambda: learned.resume("cut", device="cpu", progress=False),
        ]
        with joined("cpu"):
            for work in works:
                try:
                    work()
                except Exception as error:
                    print(type(error).__name__, error)
        """,
        2,
        folder,
    )
    kinds = ("ValueError", "ToldElsewhereError")
    told = "critic_from = 'start': there is no run in start: it has no config.json"
    for (out, err, code), kind in zip(results, kinds, strict=True):
        assert (out, code) == (2 * f"{kind} {told}\n", 0), err
    assert not Path("new").exists()


@pytest.mark.slow
def test_two_processes_are_one(folder):
    configs = {name: replace(TINY, **changes) for name, changes in OPTIONS.items()}
    for name, config in configs.items():
        Path(f"{name}.json").write_text(config.to_json())
    results = together(
        """
        from pathlib import Path
        from wganlab import learned
        from wganlab.learned.distributed import joined
        with joined("cpu"):
            for file in sorted(Path().glob("*.json")):
                config = learned.TrainConfig.from_json(file.read_text())
                learned.train(config, folder=file.stem, device="cpu", progress=False)
        """,
        2,
        folder,
    )
    assert [code for *_, code in results] == [0, 0], results
    for name, config in configs.items():
        alone = learned.train(config, folder=f"{name}-alone", device="cpu")
        both = learned.load_run(name)
        losses = [
            [list(row.values()) for row in RunFolder(path).losses()]
            for path in (name, f"{name}-alone")
        ]
        np.testing.assert_allclose(*losses, rtol=1e-5, atol=1e-5)
        for player in ("generator", "critic"):
            ours, theirs = (weights(getattr(run, player)) for run in (alone, both))
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


# clipping


def test_a_critic_of_a_run_is_in_its_box():
    config = replace(TINY, clip_lower=-0.02, iterations=20)
    found = weights(learned.train(config).critic)
    assert (found.min(), found.max()) == (np.float32(-0.02), np.float32(0.1))
    found = weights(learned.train(replace(config, clip_when="before")).critic)
    assert found.min() < -0.021


@pytest.mark.parametrize(
    ("changes", "reply"),
    [
        ({"clip_lower": 0.1}, "clip_lower = 0.1 is not below clip = 0.1: give less"),
        ({"clip_lower": math.nan}, "clip_lower = nan: give a finite number"),
        ({"clip_lower": -math.inf}, "clip_lower = -inf: give a finite number"),
        ({"clip_lower": "low"}, "clip_lower = 'low': give a finite number"),
        ({"clip_lower": True}, "clip_lower = True: give a finite number"),
        ({"clip_when": "never"}, "clip_when = 'never': choose from after, before"),
        ({"clip_when": None}, "clip_when = None: choose from after, before"),
    ],
)
def test_a_box_that_is_none_is_refused(changes, reply):
    with pytest.raises(ValueError, match=reply):
        replace(TINY, **changes)


def test_the_command_line_refuses_a_box_that_is_none(capsys):
    told = error(["train", *words({**SHORT, "clip_lower": 1}), "--run", "a"], capsys)
    assert "clip_lower = 1.0 is not below clip = 0.1" in told
    assert not Path("a").exists()


# losses


def by_hand(config):
    """The losses of every iteration, read where they are made."""
    run = RunState(config, CPU)
    warm_up(run)
    rows = []
    while run.iteration < config.iterations:
        before = len(run.losses)
        algorithm1.iterate(run)
        found = [loss.item() for loss in run.losses[before:]]
        rows.append([run.iteration, *found[-2:]] if found[1:] else [run.iteration, *found])
    return rows


LOSSES = {
    "warm": {"warm_up": 3},
    "original": {"phases": "original", "iterations": 2, "every": 1},
    "compiled": {"warm_up": 3, "every": 4},
    "alone": {"objective": "mmd", "constraint": "none", "n_critic": 0},
}


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("name", LOSSES)
def test_every_iteration_has_a_row_of_losses(name):
    config = replace(TINY, **LOSSES[name])
    engine = "compiled" if name == "compiled" else "auto"
    learned.train_seeds(config, [0, 1], folders=["a", "b"], engine=engine, device="cpu")
    for seed, path in enumerate(["a", "b"]):
        expected = by_hand(replace(config, seed=seed))
        rows = RunFolder(path).losses()
        found = [list(row.values()) for row in rows]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        if name != "compiled":
            assert np.array_equal(np.float32(found), np.float32(expected))
        assert [row["iteration"] for row in rows] == list(range(1, config.iterations + 1))
        players = ["generator"] if name == "alone" else ["critic", "generator"]
        assert list(rows[0]) == ["iteration", *(f"{player}_loss" for player in players)]


def test_losses_are_parted_where_the_number_of_steps_changes():
    config = replace(TINY, phases="original")
    found, expected = [-1.0] * 3, []  # of steps before, which somebody looked at too late
    for iteration in range(23, 27):  # 100 steps up to the 25th
        found += [float(1000 * iteration + step) for step in range(config.critic_steps(iteration))]
        expected.append((iteration + 1, found[-1], 0.5))
        found.append(0.5)
    assert parted(found, config, 23, 27) == expected
    assert parted(found[-4:], config, 23, 27) == expected[-1:]  # the others are gone


def test_losses_of_a_run_that_diverged_are_as_they_were():
    fast, steep = Optimizer("sgd", 1e20), MLPConfig(8, 2)
    config = replace(TINY, constraint="none", critic=steep, critic_optimizer=fast, every=4)
    with pytest.raises(learned.RunDivergedError):
        learned.train(config, folder="a", device="cpu")
    rows = RunFolder("a").losses()
    assert [row["iteration"] for row in rows] == [1, 2]
    assert not all(math.isfinite(row["critic_loss"]) for row in rows)
    with pytest.raises(learned.RunDivergedError):
        learned.resume("a", device="cpu")
    assert len(RunFolder("a").losses()) == 2


def test_losses_after_the_checkpoint_are_cut_off_and_halves_of_rows():
    learned.train(TINY, folder="a", device="cpu")
    file = Path("a/losses.csv")
    whole = file.read_bytes()
    stopped(replace(TINY, checkpoint=4, every=1), "b", at=6)
    after = Path("b/losses.csv").read_bytes()
    assert after == whole
    Path("b/losses.csv").write_bytes(after + b"7,0.1")
    assert len(RunFolder("b").losses()) == 6
    learned.resume("b", device="cpu")
    assert Path("b/losses.csv").read_bytes() == whole
    file.unlink()  # as of a run that an older version began
    learned.resume("a", iterations=8, device="cpu")
    assert [row["iteration"] for row in RunFolder("a").losses()] == [7, 8]


def test_a_run_that_begins_again_has_its_losses_once():
    stopped(replace(TINY, checkpoint=1000, every=2), "a", at=4)
    Path("a/checkpoint.pt").unlink()
    assert len(RunFolder("a").losses()) == 4
    learned.resume("a", device="cpu")
    assert [row["iteration"] for row in RunFolder("a").losses()] == list(range(1, 7))


@pytest.mark.parametrize(
    ("content", "reply"),
    [
        ("mine\n1\n", "has none of this run's losses: move it away"),
        ("iteration,critic_loss,generator_loss\nx,1,2\n", "holds something that is no number"),
        ("iteration,critic_loss,generator_loss\nnan,1,2\n", "holds something that is no number"),
        ("\0", "has none of this run's losses"),
    ],
)
def test_what_are_no_losses_is_left_as_it_is(content, reply):
    learned.train(TINY, folder="a", device="cpu")
    Path("a/losses.csv").write_text(content)
    before = bits("a")
    with pytest.raises(ValueError, match=reply):
        learned.resume("a", iterations=8, device="cpu")
    assert bits("a") == before


def test_losses_that_do_not_fit_leave_no_half():
    kept = RunFolder(".")
    kept.append_losses([(1, 1 / 3, 0.5)])
    before = kept.losses_file.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5, limits[1]))
    try:
        with pytest.raises(NotKeptError, match=r"losses.csv cannot be written"):
            kept.append_losses([(2, 1 / 3, 0.5)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kept.losses_file.read_bytes() == before


def test_a_run_that_nobody_keeps_piles_up_no_losses():
    lengths = []
    training = RunState(TINY, CPU)
    for _ in range(3):
        advance(training)
        training.refuse_infinite()
        lengths += [len(training.losses), len(training.seen)]
    assert lengths == [0, 1, 0, 1, 0, 1]


# every checkpoint

KEEPING = replace(TINY, keep_checkpoints=True)


def test_every_checkpoint_is_opened_by_its_iteration():
    looks = {}

    def look(view):
        looks[view.iteration] = weights(view.generator).clone()
        return {}

    learned.train(replace(KEEPING, every=2), folder="a", observers=[look], device="cpu")
    names = [path.name for path in sorted(Path("a/checkpoints").iterdir())]
    assert names == ["000000.pt", "000002.pt", "000004.pt", "000006.pt"]
    for iteration in (0, 2, 4, 6):
        run = learned.load_run("a", at=iteration, device="cpu")
        assert torch.equal(weights(run.generator), looks[iteration])
        assert run.history[-1]["iteration"] == iteration
    last = Path("a/checkpoint.pt")
    assert last.samefile("a/checkpoints/000006.pt")
    assert state_bits(last) == state_bits("a/checkpoints/000006.pt")
    learned.resume("a", iterations=7, device="cpu")
    assert not last.samefile("a/checkpoints/000006.pt")
    assert RunFolder("a").load(CPU, at=6)["iteration"] == 6
    assert RunFolder("a").reached() == 7


def test_a_disk_without_links_has_a_copy(monkeypatch):
    def none(*_):
        raise OSError(errno.EPERM, "no links")

    monkeypatch.setattr(os, "link", none)
    learned.train(KEEPING, folder="a", device="cpu")
    assert Path("a/checkpoint.pt").read_bytes() == Path("a/checkpoints/000006.pt").read_bytes()
    assert not list(Path("a").rglob(".*"))


def test_a_disk_that_fills_up_loses_no_checkpoint(monkeypatch):
    written = Path.write_bytes

    def full(path, content):
        if Path("a/checkpoint.pt").exists() and ".part" in path.name:
            path.touch()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(NotKeptError, match=r"000002.pt .*No space left.*free some room"):
            learned.train(KEEPING, folder="a", device="cpu")
    assert [path.name for path in Path("a/checkpoints").iterdir()] == ["000000.pt"]
    assert RunFolder("a").reached() == 0
    learned.resume("a", device="cpu")
    learned.train(KEEPING, folder="b", device="cpu")
    assert bits("a") == bits("b")


def test_a_checkpoint_that_is_not_there_is_told_with_those_that_are(capsys):
    learned.train(KEEPING, folder="a", device="cpu")
    learned.train(TINY, folder="b", device="cpu")
    learned.train(replace(KEEPING, iterations=40), folder="c", device="cpu")
    told = error(["sample", "a", "--at", "3", "--out", "a.npy"], capsys)
    assert "the run in a has no checkpoint of iteration 3: it has 0; 2; 4; 6 (" in told
    told = error(["sample", "b", "--at", "2", "--out", "a.npy"], capsys)
    assert "it has 6 (all are kept where it is trained with --keep-checkpoints)" in told
    assert "it has 0; 2; 4; 6; 8; 10; ...; 30;" in error(
        ["sample", "c", "--at", "3", "--out", "a.npy"], capsys
    )
    assert "at = -1: give a whole" in error(["sample", "a", "--at", "-1", "--out", "a.npy"], capsys)
    with pytest.raises(ValueError, match=r"at = 2\.0: give a whole number"):
        learned.load_run("a", at=2.0)
    Path("a/checkpoints/000002.pt").rename("a/checkpoints/000003.pt")
    with pytest.raises(ValueError, match=r"000003.pt is of iteration 2: name it by that"):
        learned.load_run("a", at=3)
    Path("a/checkpoints/000004.pt").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"000004.pt cannot be read .*no whole checkpoint"):
        learned.load_run("a", at=4)


def test_a_sample_is_of_the_checkpoint_that_is_asked_for(capsys):
    learned.train(KEEPING, folder="a", device="cpu")
    draws = torch.Generator().manual_seed(0)
    for at in ("2", "6"):
        assert main(["sample", "a", "--at", at, "-n", "5", "--out", f"{at}.npy"]) == 0
    expected = learned.load_run("a", at=2, device="cpu").sample(5, draws).numpy()
    assert np.array_equal(np.load("2.npy"), expected)
    assert main(["sample", "a", "-n", "5", "--out", "last.npy"]) == 0
    assert np.array_equal(np.load("last.npy"), np.load("6.npy"))
    assert not np.array_equal(np.load("2.npy"), np.load("6.npy"))
    capsys.readouterr()
    replaced = ["sample", "a", "-n", "5", "--overwrite", "--out", "a/losses.csv"]
    assert "one of the inputs" in error(replaced, capsys)


def test_a_checkpoint_of_another_run_is_refused_by_its_iteration_too():
    learned.train(KEEPING, folder="a", device="cpu")
    learned.train(replace(KEEPING, seed=1), folder="b", device="cpu")
    shutil.copy("b/checkpoints/000002.pt", "a/checkpoints/000002.pt")
    with pytest.raises(ValueError, match=r"not of its config.json: seed is 1 there and 0 here"):
        learned.load_run("a", at=2)


@pytest.mark.parametrize("value", [None, 1, "yes"])
def test_to_keep_checkpoints_is_yes_or_no(value):
    with pytest.raises(ValueError, match=r"keep_checkpoints = .*: give True or False"):
        replace(TINY, keep_checkpoints=value)


def test_nothing_foreign_is_written_over():
    Path("a/checkpoints").mkdir(parents=True)
    Path("a/checkpoints/000000.pt").write_text("mine")
    with pytest.raises(ValueError, match=r"a/checkpoints is there already and of no run"):
        learned.train(KEEPING, folder="a", device="cpu")


# starting weights


def test_a_run_that_starts_from_another_has_its_networks_and_a_fresh_optimizer():
    start = learned.load_run("start")
    config = replace(TINY, **OPTIONS["starts"], constraint="none", seed=1)
    run = RunState(config, CPU)
    for player in ("critic", "generator"):
        assert torch.equal(weights(getattr(run, player)), weights(getattr(start, player)))
        assert not getattr(run, f"{player}_optimizer").state
    assert run.iteration == 0
    other = RunState(replace(config, critic_from="", generator_from=""), CPU)
    assert torch.equal(run.draws.get_state(), other.draws.get_state())
    alone = RunState(replace(config, critic_from=""), CPU)
    assert torch.equal(weights(alone.critic), weights(other.critic))
    kept = RunState(replace(config, constraint="clip", clip=0.01), CPU)
    assert weights(kept.critic).abs().max() <= np.float32(0.01)  # prepared from there


def test_where_there_is_an_average_a_generator_starts_there():
    config = replace(TINY, average=0.9, iterations=20)
    run = learned.train(config, folder="averaged", device="cpu")
    state = RunFolder("averaged").load(CPU)
    begun = RunState(replace(TINY, generator_from="averaged"), CPU)
    assert torch.equal(weights(begun.generator), weights(run.generator))
    begun.generator.load_state_dict(state["generator"])
    assert not torch.equal(weights(begun.generator), weights(run.generator))


def test_a_critic_of_another_constraint_starts_as_a_plain_network():
    made = replace(TINY, constraint="sn", critic=replace(NET, dropout=0.1))
    sn = learned.train(made, folder="sn", device="cpu")
    begun = RunState(replace(TINY, critic_from="sn", constraint="gp"), CPU)  # starts
    assert torch.equal(weights(begun.critic), weights(sn.critic))
    again = learned.train(replace(TINY, critic_from="sn", constraint="sn"), device="cpu")
    assert list(again.critic.state_dict()) == list(sn.critic.state_dict())


def test_a_record_has_a_generator_to_start_from_and_no_critic():
    run = learned.train(TINY, folder="run", device="cpu")
    keep_record("run", "record")
    begun = RunState(replace(TINY, generator_from="record"), CPU)
    torch.testing.assert_close(weights(begun.generator), weights(run.generator), atol=1e-3, rtol=0)
    with pytest.raises(ValueError, match=r"critic_from = 'record': a record has no critic: give"):
        learned.train(replace(TINY, critic_from="record"))


@pytest.mark.slow
def test_seeds_that_start_from_a_run_start_alike(capsys):
    starts = {**OPTIONS["starts"], "iterations": 0, "warm_up": 0}
    assert trained("--seeds", "2", **starts, constraint="none") == 0
    found = [learned.load_run(f"a-seed{seed}", device="cpu") for seed in (0, 1)]
    assert torch.equal(*(weights(run.generator) for run in found))
    assert torch.equal(*(weights(run.critic) for run in found))
    capsys.readouterr()
    told = error(
        ["train", *words({**SHORT, "critic-from": "nowhere"}), "--seeds", "2", "--run", "b"], capsys
    )
    assert "critic_from = 'nowhere': there is no run in nowhere: it has no config.json" in told


def test_a_run_with_a_checkpoint_needs_its_start_no_more_starts():
    config = replace(TINY, **OPTIONS["starts"])
    learned.train(config, folder="whole", device="cpu")
    stopped(config, "cut", at=3)
    stopped(replace(config, checkpoint=1000, every=2), "early", at=4)
    Path("early/checkpoint.pt").unlink()
    Path("elsewhere").mkdir()
    for name in ("start", "cut", "early"):
        Path(name).rename(f"elsewhere/{name}")
    learned.resume("elsewhere/cut", device="cpu")
    assert bits("elsewhere/cut") == bits("whole")
    assert learned.load_run("elsewhere/cut").sample(2, torch.Generator()).shape == (2, 2)
    before = bits("elsewhere/early")
    with pytest.raises(ValueError, match="generator_from = 'start': there is no run in start"):
        learned.resume("elsewhere/early", device="cpu")
    assert bits("elsewhere/early") == before
    Path("elsewhere/start").rename("start")
    learned.resume("elsewhere/early", device="cpu")
    ends = (
        learned.load_run(f"{name}/{path}")
        for name, path in [("elsewhere", "early"), (".", "whole")]
    )
    assert torch.equal(*(weights(run.generator) for run in ends))


UNFIT = {
    "width": (
        {"critic": replace(NET, width=16)},
        "critic.width is 8 there and 16 here: give --critic.width 8",
    ),
    "several": (
        {"critic": MLPConfig(8, 2)},
        "critic.depth is 1 there and 2 here: give --critic.depth 1; critic.activation is tanh",
    ),
    "latent": ({"latent": 3}, "latent is 2 there and 3 here: give --latent 2"),
    "kind": ({"critic": FoldConfig()}, "it is a mlp there and a fold here: give --critic-net mlp"),
    "shape": (
        {"data": "gaussian:mean=(0, 0, 0)"},
        r"points are \(2,\) there and \(3,\) here: give --data, --size, --color of it",
    ),
    "objective": (
        {"objective": "energy-based", "constraint": "none"},
        "it is of objective wasserstein: give --objective wasserstein",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_fit_starts_nothing(name):
    changes, reply = UNFIT[name]
    player = "generator" if name == "latent" else "critic"
    config = replace(TINY, **changes, **{f"{player}_from": "start"})
    with pytest.raises(ValueError, match=rf"{player}_from = 'start': its {player} .*{reply}"):
        learned.train(config, folder="a", device="cpu")
    assert not Path("a").exists()


@pytest.mark.parametrize(
    "given", ["nowhere", "start/config.json", "\0", "x" * 5000, ".", "/dev/null"]
)
def test_what_is_no_run_starts_nothing(given):
    for field in ("critic_from", "generator_from"):
        with pytest.raises(ValueError, match=rf"^{field} = "):
            learned.train(replace(TINY, **{field: given}), folder="a", device="cpu")
    assert not Path("a").exists()


@pytest.mark.parametrize("damage", ["missing", "damaged", "of another run", "networks of its own"])
def test_a_damaged_checkpoint_starts_nothing(damage):
    file = Path("start/checkpoint.pt")
    if damage == "missing":
        file.unlink()
    elif damage == "damaged":
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "of another run":
        learned.train(replace(TINY, seed=6), folder="other", device="cpu")
        shutil.copy("other/checkpoint.pt", file)
    else:
        shutil.rmtree("start")
        own = torch.nn.Sequential(torch.nn.Linear(2, 1))
        learned.train(TINY, critic=own, folder="start", device="cpu")
    told = {
        "missing": "stopped before its first checkpoint",
        "damaged": "no whole checkpoint",
        "of another run": "not of its config.json",
        "networks of its own": "it has networks of its own",
    }[damage]
    with pytest.raises(ValueError, match=rf"critic_from = 'start': .*{told}"):
        learned.train(replace(TINY, critic_from="start"), folder="a", device="cpu")
    assert not Path("a").exists()


@pytest.mark.parametrize("value", [None, 0, ["start"], True])
def test_a_start_is_the_name_of_a_folder(value):
    with pytest.raises(ValueError, match=r"generator_from = .*: give the folder of a run"):
        replace(TINY, generator_from=value)


def test_a_start_of_what_is_not_there_is_refused():
    alone = {"objective": "mmd", "constraint": "none", "n_critic": 0}
    with pytest.raises(ValueError, match="'mmd' has no critic: leave out critic_from"):
        replace(TINY, **alone, critic_from="start")
    learned.train(replace(TINY, **alone), folder="alone", device="cpu")
    with pytest.raises(ValueError, match="a run of objective mmd has no critic"):
        learned.train(replace(TINY, critic_from="alone"))
    with pytest.raises(ValueError, match="critic= and critic_from = 'alone': give one of them"):
        learned.train(replace(TINY, critic_from="alone"), critic=torch.nn.Linear(2, 1))


# a larger batch of the generator


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_generator_s_batch_is_that_of_its_step_alone(activation):
    """Plain gradients, by hand, by autograd and compiled: the loss is over 12 rows of noise."""
    net = MLPConfig(8, 1, activation=activation)
    config = replace(TINY, critic=net, generator=net, generator_batch=12)
    losses, ends = [], []
    for engine in ("eager", "by-hand", "compiled"):
        run = RunState(config, CPU, by_hand=engine != "eager")
        if engine == "compiled":
            steps = Engine([run])
            for _ in range(3):
                steps.iterate()
        else:
            for _ in range(3):
                algorithm1.iterate(run)
        losses.append(run.losses[-1].reshape(-1)[-1].item())
        ends.append(weights(run.generator))
    np.testing.assert_allclose(losses, losses[0], rtol=1e-4, atol=1e-6)
    for end in ends:
        torch.testing.assert_close(end, ends[0], rtol=1e-4, atol=1e-5)


def test_a_step_of_the_generator_is_the_mean_over_its_own_batch():
    run = RunState(replace(TINY, generator_batch=40, iterations=1), CPU)
    before = weights(run.generator)
    for _ in range(2):
        algorithm1.critic_step(run)
    twin = torch.Generator()
    twin.set_state(run.draws.get_state())
    z = torch.randn((40, 2), generator=twin)
    loss = -run.critic(run.generator(z)).mean()
    gradients = torch.autograd.grad(loss, [w for _, w in sorted(run.generator.named_parameters())])
    assert algorithm1.generator_step(run).item() == pytest.approx(loss.item(), rel=1e-5)
    moved = before - 0.02 * torch.cat([g.flatten() for g in gradients])
    torch.testing.assert_close(weights(run.generator), moved)
    assert torch.equal(run.draws.get_state(), twin.get_state())


def test_as_many_as_the_batch_is_what_there_was():
    ends = [learned.train(replace(TINY, generator_batch=n)) for n in (0, 8, 12)]
    same = [torch.equal(weights(run.generator), weights(ends[0].generator)) for run in ends]
    assert same == [True, True, False]


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        (-1, "generator_batch = -1: give a whole number of at least 0"),
        (math.nan, "generator_batch = nan: give a whole number"),
        (8.0, r"generator_batch = 8\.0: give a whole number"),
        (None, "generator_batch = None: give a whole number"),
        (True, "generator_batch = True: give a whole number"),
        (2**31, "generator_batch = 2147483648: give a whole number of at most"),
    ],
)
def test_a_batch_that_is_none_is_refused(value, reply):
    with pytest.raises(ValueError, match=reply):
        replace(TINY, generator_batch=value)


def test_batches_that_are_compared_have_one_size():
    alone = {"objective": "sinkhorn", "constraint": "none", "n_critic": 0}
    with pytest.raises(ValueError, match="sinkhorn compares two batches of one size: leave it out"):
        replace(TINY, **alone, generator_batch=12)
    assert replace(TINY, **alone, generator_batch=8).generator_batch == 8


def test_a_generator_s_batch_is_parted_among_processes(monkeypatch):
    monkeypatch.setattr("wganlab.learned.runs.state.world", lambda: World(0, 2))
    assert RunState(replace(TINY, generator_batch=12), CPU).generator_share == 6
    reply = "generator_batch = 13 cannot be parted .* 2 processes: give --generator-batch 12"
    with pytest.raises(ValueError, match=reply):
        RunState(replace(TINY, generator_batch=13), CPU)


# epochs


@pytest.mark.parametrize("epochs", [0.001, 0.1, 1, 2.5, 1 / 3, 60, 137.0])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_critic": 7, "warm_up": 3},
        {"warm_up": 1000},
        {"phases": "original", "points": 5000},
        {"phases": "original", "points": 5000, "n_critic": 150, "warm_up": 1},
        {"objective": "mmd", "constraint": "none", "n_critic": 0},
        {"generator_batch": 64},
    ],
    ids=str,
)
def test_epochs_are_iterations_until_enough_is_drawn(epochs, changes):
    config = replace(TINY, **{"points": 57, **changes})
    enough = Fraction(epochs) * config.points
    drawn, steps = config.batch * config.warm_up, 0
    while drawn < enough or steps == 0:
        drawn += config.batch * (1 if config.critic_free else config.critic_steps(steps))
        steps += 1
    assert config.for_epochs(epochs) == replace(config, iterations=steps)


def test_what_is_drawn_before_an_iteration_is_the_sum_of_the_steps():
    for n_critic in (1, 5, 100, 130):
        config = replace(TINY, phases="original", n_critic=n_critic, warm_up=2)
        total = 2
        for iteration in range(1600):
            assert drawn_before(config, iteration) == total
            total += config.critic_steps(iteration)


def test_a_run_of_an_epoch_draws_as_many_points(monkeypatch):
    drawn = []
    config = replace(TINY, points=100).for_epochs(1)
    run = RunState(config, CPU)
    source = run.real
    run.real = lambda n, draws: drawn.append(n) or source(n, draws)
    for _ in range(config.iterations):
        algorithm1.iterate(run)
    assert 100 <= sum(drawn) < 100 + 2 * 8


def test_there_are_as_many_points_as_rows_and_images_to_train_on():
    np.savetxt("points.csv", np.random.default_rng(0).normal(size=(37, 2)), delimiter=",")
    assert points_of(replace(TINY, data="points.csv")) == 37
    assert points_of(replace(TINY, data="points.csv", points=20)) == 20
    assert points_of(replace(TINY, data="mnist10k", size=8)) == 9000
    assert points_of(replace(TINY, data="mnist10k", size=8, held_out=100)) == 9900
    assert points_of(replace(TINY, data="8gaussians", points=5)) == 5


@pytest.mark.parametrize("data", ["8gaussians", "faces", "gaussian:mean=(0, 0)"])
def test_there_is_no_epoch_of_what_has_no_end(data):
    with pytest.raises(ValueError, match=r"epochs: there is no end of data = .* give iterations"):
        replace(TINY, data=data).for_epochs(1)


@pytest.mark.parametrize(
    ("epochs", "reply"),
    [
        (0, "epochs = 0: give a number above 0"),
        (-1, "epochs = -1: give a number above 0"),
        (math.nan, "epochs = nan: give a finite number"),
        (math.inf, "epochs = inf: give a finite number"),
        (1e300, "epochs = 1e.300: give a finite number"),
        (1e30, r"epochs = 1e\+30 of 57 points are more than 2,147,483,647 iterations: give fewer"),
        (None, "epochs = None: give a finite number"),
        ("1", "epochs = '1': give a finite number"),
        (True, "epochs = True: give a finite number"),
    ],
)
def test_what_are_no_epochs_is_refused(epochs, reply):
    with pytest.raises(ValueError, match=reply):
        replace(TINY, points=57).for_epochs(epochs)


def test_epochs_on_the_command_line(capsys):
    short = {name: value for name, value in SHORT.items() if name != "iterations"}
    start = ["train", *words({**short, "points": 40}), "--run", "a"]
    assert main([*start, "--epochs", "1.5", "--warm-up", "0"]) == 0
    told = capsys.readouterr().out
    assert "\n\nnote: --epochs 1.5 of 40 points: 4 iterations\n" in told
    assert RunFolder("a").config().iterations == 4 == RunFolder("a").reached()
    assert main(["train", "--resume", "a", "--epochs", "3"]) == 0
    assert "note: --epochs 3 of 40 points: 8 iterations" in capsys.readouterr().out
    assert RunFolder("a").reached() == 8
    for more in (["--resume", "a"], ["--points", "40"]):
        for option in (["--iterations", "4"], ["--iterations=4"]):
            told = error(["train", *more, "--epochs", "1", *option], capsys)
            assert "--epochs and --iterations both say where the run ends: give one" in told
    assert "at iteration 8 already" in error(["train", "--resume", "a", "--epochs", "1"], capsys)
    assert "epochs = 0.0: give a number" in error(
        ["train", "--resume", "a", "--epochs", "0"], capsys
    )
    assert "no end of data = '8gaussians'" in error(["train", "--epochs", "1"], capsys)
    assert "epochs" in error(["train", "--epochs", "many"], capsys)
    assert not Path("runs").exists()


@pytest.mark.slow
def test_seeds_of_an_epoch(capsys):
    short = {name: value for name, value in SHORT.items() if name != "iterations"}
    options = words({**short, "points": 40, "epochs": 1, "seeds": 2, "warm-up": 0})
    assert main(["train", *options, "--run", "b"]) == 0
    assert "note: --epochs 1 of 40 points: 3 iterations" in capsys.readouterr().out
    assert [RunFolder(f"b-seed{seed}").reached() for seed in (0, 1)] == [3, 3]


# grey levels

GREY = replace(TINY, **OPTIONS["dequantize"])


def test_pixels_are_spread_over_one_grey_level_about_them():
    spread, plain = (RunState(replace(GREY, dequantize=on), CPU) for on in (True, False))
    images = spread.real(500, torch.Generator().manual_seed(0))
    noise = images - plain.real(500, torch.Generator().manual_seed(0))
    levels = noise.double().flatten() * 127.5  # uniform on [-1/2, 1/2)
    assert noise.shape == (500, 1, 8, 8)
    assert -0.5001 < levels.min() < -0.499
    assert 0.499 < levels.max() < 0.5001
    assert abs(levels.mean()) < 5 * math.sqrt(1 / 12 / levels.numel())
    assert levels.var() == pytest.approx(1 / 12, rel=0.03)
    assert not torch.equal(noise[0], noise[1])


def test_steps_alone_see_the_noise():
    config = replace(GREY, iterations=0)
    seen = {}

    def look(on):
        def keep(view):
            seen[on] = view.real, view.held_out
            return {}

        return keep

    for on in (True, False):
        learned.train(replace(config, dequantize=on), observers=[look(on)], device="cpu")
    assert all(torch.equal(*pair) for pair in zip(seen[True], seen[False], strict=True))
    levels = (seen[True][0] + 1) * 127.5
    torch.testing.assert_close(levels, levels.round(), rtol=0, atol=1e-3)


def test_every_source_of_images_is_dequantized():
    for changes in ({"points": 20}, {"data": "faces", "size": 16}):
        spread, plain = (
            RunState(replace(GREY, **changes, dequantize=on), CPU) for on in (True, False)
        )
        noise = spread.real(9, torch.Generator()) - plain.real(9, torch.Generator())
        assert 0 < noise.abs().max() < 0.51 / 127.5
    read = RunState(GREY, CPU, workers=1)
    image = read.real(8, read.draws)[0]
    assert ((image + 1) * 127.5).frac().abs().max() > 0.01


def test_noise_of_levels_is_made_on_the_device_of_the_images():
    made = Dequantized(lambda n, draws: torch.empty(n, 1, 8, 8, device="meta")).sample(4, None)
    assert (made.device.type, made.shape, made.dtype) == ("meta", (4, 1, 8, 8), torch.float32)


@pytest.mark.parametrize(
    ("changes", "reply"),
    [
        ({"data": "8gaussians"}, "dequantize is of images, and data = '8gaussians' are none"),
        ({"data": "points.npy"}, "dequantize is of images"),
        ({"dequantize": None}, "dequantize = None: give True or False"),
        ({"dequantize": 1}, "dequantize = 1: give True or False"),
    ],
)
def test_levels_are_of_images(changes, reply):
    with pytest.raises(ValueError, match=reply):
        replace(GREY, **changes)


def test_the_command_line_refuses_levels_of_points(capsys):
    told = error(["train", "--dequantize", "--data", "swissroll"], capsys)
    assert "dequantize is of images, and data = 'swissroll' are none: leave it out" in told
