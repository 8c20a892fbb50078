"""What runs on GPUs need of the package, as far as it can be seen without one.

`benchmarks/gpu.py` has the checks that need one.
"""

from dataclasses import replace

import pytest
import torch
import torch.distributed as dist

from wganlab import learned
from wganlab.learned import MLPConfig, Optimizer, TrainConfig, distributed
from wganlab.learned.algorithm1 import iterate
from wganlab.learned.fast import compiler, philox
from wganlab.learned.fast.engine import Engine
from wganlab.learned.fast.replay import NotCompiledError
from wganlab.learned.runs.state import RunState

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
SMALL = TrainConfig(
    critic=MLPConfig(8, 1, "silu"),
    generator=MLPConfig(8, 1, "silu"),
    n_critic=2,
    batch=16,
    iterations=40,
    every=1000,
)


def test_a_run_goes_on_where_generators_are_of_another_kind():
    """A GPU's generator is a seed and an offset, 16 bytes, where a CPU's has 5,056."""
    run = RunState(SMALL, CPU)
    iterate(run)
    state = run.state_dict() | {
        "draws": torch.zeros(16, dtype=torch.uint8),
        "cuda": torch.zeros(16, dtype=torch.uint8),
    }
    moved = RunState(SMALL, CPU)
    moved.load_state_dict(state)
    with moved.seeded():
        iterate(moved)
    assert moved.iteration == 2
    assert all(w.isfinite().all() for w in moved.critic.parameters())
    again, other = RunState(SMALL, CPU), RunState(SMALL, CPU)
    again.load_state_dict(state)
    other.load_state_dict(state | {"iteration": 5})
    assert torch.equal(again.draws.get_state(), again.draws.get_state())
    fresh = RunState(SMALL, CPU).draws.get_state()
    assert not torch.equal(again.draws.get_state(), fresh)  # not what it began with once more
    assert not torch.equal(again.draws.get_state(), other.draws.get_state())


@pytest.mark.parametrize(
    ("cards", "processes", "backend", "places"),
    [(2, 2, "nccl", [0, 1]), (1, 2, "gloo", [0, 0]), (2, 4, "gloo", [0, 1, 0, 1])],
)
def test_processes_share_gpus_where_there_are_too_few(
    cards, processes, backend, places, monkeypatch
):
    seen = []
    monkeypatch.setenv("WORLD_SIZE", str(processes))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(torch.cuda, "set_device", seen.append)
    monkeypatch.setattr(dist, "init_process_group", lambda name, **_: seen.append(name))
    monkeypatch.setattr(dist, "destroy_process_group", lambda: None)
    for rank in range(processes):
        monkeypatch.setenv("LOCAL_RANK", str(rank))
        with distributed.joined("auto"):
            pass
    assert seen[::2] == places
    assert set(seen[1::2]) == {backend}


def test_a_compiler_that_errs_is_not_trusted(monkeypatch):
    def wrong(graph, inputs):
        def run(*given):
            before = [tensor.clone() for tensor in given]
            result = graph(*given)
            for tensor, old in zip(given, before, strict=True):
                if tensor.is_floating_point():
                    tensor.add_(tensor - old, alpha=0.05)  # all changes, a twentieth too large
            return result

        return run

    monkeypatch.setattr(compiler, "compiled", wrong)
    for name in ("adam", "rmsprop", "sgd"):
        fast = Optimizer(name, 1e-3)
        config = replace(SMALL, critic_optimizer=fast, generator_optimizer=fast)
        with pytest.raises(NotCompiledError, match="departs from it by 0"):
            Engine([RunState(config, CPU)])


def test_on_a_gpu_an_erring_compiler_is_passed_over(monkeypatch):
    class Tensor(torch.Tensor):
        device = torch.device("cuda")

    given = [torch.ones(2).as_subclass(Tensor)]

    def graph(x):
        return (x.sum(),)

    def fails(graph, inputs):
        raise RuntimeError("no such kernel\nand more")

    monkeypatch.setattr(compiler, "compiled", fails)
    assert compiler.trusted(graph, given, ["x"], "float32") == (graph, "no such kernel")


class Counting(torch.Generator):
    """A generator with the offset that those of GPUs have."""

    offset = 0

    def get_offset(self):
        return self.offset

    def set_offset(self, offset):
        self.offset = offset


@pytest.fixture
def at_once(recorded, monkeypatch):
    """Engines draw as on a GPU; nothing is compiled, and nothing captured."""

    def together(draws, runs):
        known = [philox.made(draw) for draw in draws]
        counter = philox.Counter([run.draws for run in runs])
        return philox.Together(draws, known, counter, lambda work, inputs: work)

    monkeypatch.setattr("wganlab.learned.fast.trace._together", together)
    monkeypatch.setattr("wganlab.learned.fast.engine.Captured", lambda work, generators: work)


def drawing_at_once(config, seeds, iterations=4):
    runs = [RunState(replace(config, seed=seed), CPU) for seed in seeds]
    for run in runs:
        counting = Counting()
        counting.manual_seed(run.draws.initial_seed())
        run.draws = counting
    engine = Engine(runs)
    engine.captures = True
    for _ in range(iterations):
        engine.iterate()
    return engine, runs


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("constraint", ["gp", "clip"])  # with a permutation, and without
def test_runs_that_draw_at_once_are_those_that_draw_alone(constraint):
    slow = Optimizer("sgd", 1e-2)
    config = replace(
        SMALL, constraint=constraint, critic_optimizer=slow, generator_optimizer=slow, noise=0.1
    )
    engine, runs = drawing_at_once(config, (3, 4))
    assert engine.counter is not None
    moved = {player: step.moved for player, step in engine.steps.items()}
    for run in runs:  # the first iteration is eager, and draws from torch
        assert run.draws.offset == 3 * (2 * moved["critic"] + moved["generator"])
        _, (alone,) = drawing_at_once(config, (run.config.seed,))
        for ours, theirs in zip(
            [*run.critic.parameters(), *run.generator.parameters()],
            [*alone.critic.parameters(), *alone.generator.parameters()],
            strict=True,
        ):
            torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)
    first, second = (torch.cat([w.flatten() for w in run.critic.parameters()]) for run in runs)
    assert not torch.allclose(first, second, atol=1e-2)


@pytest.mark.usefixtures("recorded")
def test_rates_of_runs_side_by_side_keep_pace():
    falling = Optimizer(lr=1e-3, schedule="cosine")
    config = replace(SMALL, critic_optimizer=falling, generator_optimizer=falling)
    runs = [RunState(replace(config, seed=seed), CPU) for seed in (0, 1)]
    engine = Engine(runs)
    alone = RunState(config, CPU)
    for _ in range(7):
        engine.iterate()
        iterate(alone)
    for run in runs:
        for player in ("critic", "generator"):
            ours, theirs = (getattr(each, f"{player}_optimizer") for each in (run, alone))
            assert ours.param_groups[0]["lr"] == theirs.param_groups[0]["lr"] < 1e-3
            ours, theirs = (getattr(each, f"{player}_schedule") for each in (run, alone))
            assert ours.state_dict() == theirs.state_dict()


@pytest.mark.usefixtures("recorded")
def test_the_engine_takes_products_as_torch_was_told():
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        assert Engine([RunState(SMALL, CPU)]).products == "high"
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)
    assert Engine([RunState(SMALL, CPU)]).products == "highest"
    assert learned.TrainConfig().precision == "float32"
