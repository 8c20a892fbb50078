"""The compiled engine's runs are runs like any other (`test_algorithm1` is about its numbers).

The steps are recorded and not compiled: compiling takes half a minute.
"""

import shutil
from dataclasses import replace

import pytest
import torch
from torch import nn

from wganlab import compare, learned
from wganlab.cli import main
from wganlab.learned import MLPConfig, Optimizer, RunFolder, TrainConfig
from wganlab.learned.fast.engine import Engine
from wganlab.learned.fast.trace import NotCompiledError, tensors
from wganlab.learned.runs.state import RunState

# smooth: a unit of ReLUs that is on at every point has a bias whose gradient is 0 but for rounding,
# and Adam takes a whole step from that
SMOOTH = MLPConfig(width=16, depth=2, activation="silu", init="he")
CHAIN = replace(SMOOTH, activation="relu")
FAST = Optimizer(lr=2e-3)
SMALL = TrainConfig(
    critic=SMOOTH,
    generator=SMOOTH,
    critic_optimizer=FAST,
    generator_optimizer=FAST,
    n_critic=2,
    batch=32,
    iterations=20,
    every=8,
    checkpoint=8,
)
VARIANTS = {
    "relu": replace(SMALL, critic=CHAIN, generator=CHAIN, constraint="lp"),
    "clip": replace(
        SMALL,
        constraint="clip",
        clip=0.1,
        critic_optimizer=Optimizer("rmsprop", 1e-4, momentum=0.5),
    ),
}
CPU = torch.device("cpu")


def made(config, seeds):
    return [RunState(replace(config, seed=seed), CPU) for seed in seeds]


def assert_close(run, other, tolerance=1e-5):
    ours, theirs = tensors(run), tensors(other)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(
            tensor.detach(), theirs[name].detach(), atol=tolerance, rtol=1e-4, msg=name
        )


def assert_same(run, other):
    assert_close(run, other, 0)


@pytest.mark.usefixtures("recorded")
def test_a_step_writes_where_it_reads():
    (run,) = runs = made(SMALL, [0])
    engine = Engine(runs)
    engine.iterate()
    before = {name: tensor.data_ptr() for name, tensor in tensors(run).items()}
    for _ in range(10):
        engine.iterate()
    assert {name: tensor.data_ptr() for name, tensor in tensors(run).items()} == before


@pytest.mark.usefixtures("recorded")
def test_making_an_engine_draws_nothing():
    (run,) = runs = made(SMALL, [0])
    before = run.draws.get_state(), torch.get_rng_state()
    Engine(runs)
    assert torch.equal(run.draws.get_state(), before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    assert_same(run, made(SMALL, [0])[0])


@pytest.mark.usefixtures("recorded")
def test_seeds_side_by_side_are_the_runs_of_each(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    runs = learned.train_seeds(
        SMALL,
        [3, 4, 5],
        folders=folders,
        observers=compare.observers(50),
        progress=False,
        engine="compiled",
    )
    for run, seed, folder in zip(runs, [3, 4, 5], folders, strict=True):
        config = replace(SMALL, seed=seed)
        alone = learned.train(config, observers=compare.observers(50), folder=f"{folder}-alone")
        assert run.config == RunFolder(folder).config() == config
        for row, other in zip(run.history, alone.history, strict=True):
            assert row.keys() == other.keys()
            for name in row.keys() - {"seconds"}:
                assert row[name] == pytest.approx(other[name], abs=1e-4, rel=1e-3, nan_ok=True)
        sizes = [RunFolder(path).checkpoint_file.stat().st_size for path in (folder, alone.folder)]
        assert sizes[0] == pytest.approx(sizes[1], rel=0.1)


class PulledPlug(Exception):
    pass


def plug(view):
    if view.iteration == 16:
        raise PulledPlug
    return {}


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("name", ["relu", "clip"])
def test_a_run_goes_on_with_either_engine(name, tmp_path):
    config = VARIANTS[name]
    ends = {}
    for engine in ("compiled", "eager"):
        with pytest.raises(PulledPlug):  # after the checkpoint of iteration 8
            learned.train(
                config, folder=tmp_path / f"{engine}-cut", observers=[plug], engine=engine
            )
    for begun, ended in [("compiled", "compiled"), ("compiled", "eager"), ("eager", "compiled")]:
        folder = shutil.copytree(tmp_path / f"{begun}-cut", tmp_path / f"{begun}-{ended}")
        learned.resume(folder, engine=ended)
        ends[folder.name] = opened(folder)
    for engine in ("compiled", "eager"):
        learned.train(config, folder=tmp_path / engine, engine=engine)
        ends[engine] = opened(tmp_path / engine)
    assert_same(ends["compiled-compiled"], ends["compiled"])
    assert_close(ends["compiled-eager"], ends["eager"])
    assert_close(ends["eager-compiled"], ends["eager"])


def opened(folder):
    """The run in a folder as its last checkpoint has it."""
    training = RunState(RunFolder(folder).config(), CPU)
    training.load_state_dict(RunFolder(folder).load(CPU))
    return training


@pytest.mark.usefixtures("recorded")
def test_a_run_goes_on_with_the_products_it_began_with(tmp_path, monkeypatch):
    monkeypatch.setattr("wganlab.learned.fast.engine.precise", lambda *_: "medium")
    with pytest.raises(PulledPlug):
        learned.train(SMALL, folder=tmp_path, observers=[plug], engine="compiled")
    monkeypatch.setattr("wganlab.learned.fast.engine.precise", pytest.fail)
    run = opened(tmp_path)
    assert Engine([run]).products == run.products == "medium"


@pytest.mark.usefixtures("recorded")
def test_a_run_of_several_goes_on_alone(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    with pytest.raises(PulledPlug):
        learned.train_seeds(SMALL, [0, 1], folders=folders, observers=[plug], engine="compiled")
    learned.resume(folders[1])
    learned.train(replace(SMALL, seed=1), folder=tmp_path / "alone")
    assert_close(opened(folders[1]), opened(tmp_path / "alone"))


@pytest.mark.usefixtures("recorded")
def test_a_seed_that_diverges_leaves_the_others(tmp_path):
    def poison(view):
        if view.config.seed == 1 and view.iteration == 8:
            next(view.critic.parameters()).data.fill_(torch.inf)
        return {}

    folders = [tmp_path / name for name in "abc"]
    with pytest.raises(learned.RunDivergedError, match="seed 1: "):
        learned.train_seeds(
            SMALL, [0, 1, 2], folders=folders, observers=[poison], engine="compiled"
        )
    assert [RunFolder(folder).rows()[-1]["iteration"] for folder in folders] == [20, 8, 20]
    learned.train(replace(SMALL, seed=2), folder=tmp_path / "alone")
    assert_close(opened(folders[2]), opened(tmp_path / "alone"))


@pytest.mark.usefixtures("recorded")
def test_the_command_line_trains_seeds_in_one_process(tmp_path, capsys):
    run = tmp_path / "run"
    small = ["--iterations", "20", "--every", "10", "--warm-up", "0", "--n", "50"]
    options = ["--quick", "--engine", "compiled", *small, "--run", str(run)]
    assert main(["train", *options, "--seeds", "2"]) == 0
    told = capsys.readouterr().out
    for seed in (0, 1):
        assert f"run-seed{seed}" in told
        folder = RunFolder(tmp_path / f"run-seed{seed}")
        assert folder.rows()[-1]["iteration"] == 20
        assert folder.environment()["notes"] == {"n": 50, "engine": "compiled"}
    assert main(["train", "--resume", str(run) + "-seed1"]) == 0
    assert main(["train", *options, "--seeds", "2"]) == 2


def test_dropout_is_trained_eagerly():
    config = replace(SMALL, constraint="ct", critic=replace(SMOOTH, dropout=0.3), iterations=3)
    with pytest.raises(NotCompiledError, match="dropout"):
        Engine(made(config, [0]))
    with pytest.warns(UserWarning, match="without the compiler: .* dropout"):
        runs = learned.train_seeds(config, [0, 1], progress=False, engine="compiled")
    for seed, run in enumerate(runs):
        alone = learned.train(replace(config, seed=seed))
        for ours, theirs in zip(run.critic.parameters(), alone.critic.parameters(), strict=True):
            assert torch.equal(ours, theirs)


def alone_config(objective):
    return replace(SMALL, objective=objective, constraint="none", n_critic=0, iterations=4)


@pytest.mark.parametrize("objective", ["emd", "sinkhorn"])
def test_losses_of_other_libraries_are_trained_eagerly(objective):
    with pytest.warns(UserWarning, match=r"without the compiler: .* outside torch"):
        run = learned.train(alone_config(objective), engine="compiled", progress=False)
    alone = learned.train(alone_config(objective)).history[-1]
    assert run.history[-1] == alone | {"seconds": run.history[-1]["seconds"]}


def test_python_that_depends_on_values_is_trained_eagerly():
    class Fickle(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 1)

        def forward(self, x):
            return self.linear(x) if x.sum() > 0 else -self.linear(x)

    config = replace(SMALL, constraint="none", iterations=2)
    with pytest.warns(UserWarning, match=r"without the compiler: .* outside torch"):
        learned.train(config, critic=Fickle(), engine="compiled", progress=False)


def test_no_compiler_is_told_and_done_without(monkeypatch):
    def missing(*_):
        raise RuntimeError("No working C++ compiler found\nin a long list of places")

    monkeypatch.setattr("wganlab.learned.fast.compiler.compiled", missing)
    config = replace(SMALL, iterations=2)
    with pytest.warns(UserWarning, match=r"without the compiler: No working C\+\+ compiler found$"):
        run = learned.train(config, engine="compiled", progress=False)
    for ours, theirs in zip(
        run.critic.parameters(), learned.train(config).critic.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="engine"):
        learned.train(SMALL, engine="jit")
