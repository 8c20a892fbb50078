"""Algorithm 1: what it learns, that nothing observed changes it, and that no run is lost."""

import csv
import math
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import compare, data, exact, learned
from wganlab.learned import MLPConfig, Optimizer, RunFolder, TrainConfig
from wganlab.learned.runs.loop import advance, warm_up
from wganlab.learned.runs.observing import observe
from wganlab.learned.runs.state import RunState

TINY = MLPConfig(width=16, depth=2, init="he")
FAST = Optimizer(lr=2e-3)
WITHOUT = [name for name, objective in learned.OBJECTIVES.items() if not objective.has_critic]
PROGRAMS = ("sinkhorn", "emd")  # solved by POT
SMALL = TrainConfig(
    constraint="lp",
    critic=TINY,
    generator=TINY,
    critic_optimizer=FAST,
    generator_optimizer=FAST,
    n_critic=2,
    batch=32,
    iterations=30,
    every=10,
    checkpoint=10,
)
ALONE = replace(SMALL, objective="emd", constraint="none", n_critic=0)  # without a critic
VARIANTS = [
    SMALL,
    replace(
        SMALL, constraint="clip", critic_optimizer=Optimizer("rmsprop"), average=0.9, warm_up=4
    ),
    replace(SMALL, constraint="sn", points=50),
    replace(SMALL, constraint="orthonormal", critic=replace(TINY, activation="maxmin")),
    replace(SMALL, constraint="ct", critic=replace(TINY, dropout=0.3), noise=0.1),
    replace(SMALL, objective="non-saturating", constraint="none"),
    replace(SMALL, objective="minimax", generator_optimizer=Optimizer(schedule="linear")),
    *(
        replace(SMALL, objective=name, constraint="none", critic_optimizer=Optimizer(lr=1e-4))
        for name in learned.OBJECTIVES
        if name not in ("wasserstein", "minimax", "non-saturating", *WITHOUT)
    ),
    replace(ALONE, average=0.9, noise=0.1),
    replace(ALONE, objective="mmd", points=50),
    replace(ALONE, objective="sinkhorn", epsilon=0.5),
]
each = pytest.mark.parametrize(
    "config",
    [*VARIANTS[:2], *(pytest.param(one, marks=pytest.mark.slow) for one in VARIANTS[2:])],
    ids=lambda config: f"{config.objective}-{config.constraint}",
)


def weights(run):
    networks = filter(None, (run.generator, run.critic))
    return torch.cat([p.flatten() for network in networks for p in network.parameters()])


def timeless(rows):
    return [{name: row[name] for name in row if name != "seconds"} for row in rows]


def same(rows, others):
    return all(
        row.keys() == other.keys()
        and np.array_equal(list(row.values()), list(other.values()), equal_nan=True)
        for row, other in zip(timeless(rows), timeless(others), strict=True)
    )


class PulledPlug(Exception):
    pass


def plug(view):
    """The power fails at iteration 20."""
    if view.iteration == 20:
        raise PulledPlug
    return {}


@each
def test_a_run_ends_in_the_same_bits_whole_or_cut_watched_or_not(config, tmp_path):
    whole = learned.train(config, observers=compare.observers(50))
    unwatched = learned.train(replace(config, every=1000))
    with pytest.raises(PulledPlug):  # after the checkpoint of iteration 10
        learned.train(config, folder=tmp_path / "cut", observers=[plug])
    assert RunFolder(tmp_path / "cut").load(torch.device("cpu"))["iteration"] == 10
    resumed = learned.resume(tmp_path / "cut")
    for other in (unwatched, resumed):
        assert torch.equal(weights(whole), weights(other))
    names = resumed.history[0].keys()  # the others are the observers'
    assert same([{name: row[name] for name in names} for row in whole.history], resumed.history)
    assert same(RunFolder(tmp_path / "cut").rows(), resumed.history)


@pytest.mark.parametrize("config", [SMALL, ALONE])
def test_equal_seeds_are_equal_rows_and_others_are_other_weights(config):
    runs = [learned.train(config, observers=compare.observers(50)) for _ in range(2)]
    assert same(runs[0].history, runs[1].history)
    assert not torch.equal(weights(runs[0]), weights(learned.train(replace(config, seed=1))))


def test_a_last_row_off_the_beat_is_the_same_after_a_cut(tmp_path):
    config = replace(SMALL, iterations=25)
    learned.train(config, folder=tmp_path / "whole")

    def plug(view):
        if view.iteration == 25:  # after the checkpoint of iteration 20
            raise InterruptedError
        return {}

    with pytest.raises(InterruptedError):
        learned.train(config, folder=tmp_path / "cut", observers=[plug])
    learned.resume(tmp_path / "cut")
    whole, cut = (RunFolder(tmp_path / name).rows() for name in ("whole", "cut"))
    assert not math.isnan(whole[-1]["step_cosine"])
    assert same(whole, cut)


def test_other_columns_lose_no_row(tmp_path):
    first = replace(SMALL, iterations=10)
    learned.train(first, folder=tmp_path / "run")
    config = tmp_path / "run" / "config.json"
    config.write_text(replace(first, iterations=20).to_json())
    learned.resume(tmp_path / "run", observers=[lambda view: {"more": view.iteration}])
    rows = learned.RunFolder(tmp_path / "run").rows()
    assert [row["iteration"] for row in rows] == [0, 10, 20]
    assert np.isnan([row["more"] for row in rows]).tolist() == [True, True, False]
    assert rows[2]["more"] == 20
    assert rows[0]["estimate"] != 0


def test_rows_are_cut_off_in_one_step(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    for iteration in range(5):
        folder.append({"iteration": iteration, "emd": 1 / 3})
    unlink = Path.unlink

    def unlink_parts(path, **how):
        assert ".part" in path.name, "nothing in between"
        unlink(path, **how)

    monkeypatch.setattr(Path, "unlink", unlink_parts)
    monkeypatch.setattr(folder, "append", pytest.fail)
    assert folder.keep_rows(2) == folder.rows()
    assert [row["iteration"] for row in folder.rows()] == [0, 1, 2]
    assert folder.rows()[0]["emd"] == 1 / 3


def test_ctrl_c_saves_where_it_was(tmp_path):
    def interrupt(view):
        if view.iteration == 10:
            os.kill(os.getpid(), signal.SIGINT)
        return {}

    config = replace(SMALL, checkpoint=1000)
    with pytest.raises(KeyboardInterrupt):
        learned.train(config, folder=tmp_path / "run", observers=[interrupt])
    assert RunFolder(tmp_path / "run").load(torch.device("cpu"))["iteration"] == 10
    assert torch.equal(weights(learned.resume(tmp_path / "run")), weights(learned.train(config)))


def test_a_run_that_diverges_keeps_its_last_checkpoint(tmp_path):
    class Poisoned(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.calls = nn.Linear(2, 1), 0

        def forward(self, x):
            self.calls += 1
            return self.linear(x) * (math.inf if self.calls > 60 else 1)

    with pytest.raises(learned.RunDivergedError, match="learning rate"):
        learned.train(
            replace(SMALL, constraint="none", checkpoint=5, every=5),
            critic=Poisoned(),
            folder=tmp_path / "run",
        )
    state = RunFolder(tmp_path / "run").load(torch.device("cpu"))
    assert 0 < state["iteration"] < 30
    assert all(value.isfinite().all() for value in state["generator"].values())


def test_a_weight_that_is_not_finite_is_seen_whatever_the_losses():
    for losses in ([], [torch.zeros(3)]):
        state = RunState(SMALL, torch.device("cpu"))
        state.losses = losses
        state.refuse_infinite()
        with torch.no_grad():
            next(state.generator.parameters())[0] = math.nan
        with pytest.raises(learned.RunDivergedError, match="a weight is not finite"):
            state.refuse_infinite()


def test_no_checkpoint_is_kept_of_what_has_diverged(tmp_path):
    def poison(view):
        if view.iteration == 20:
            with torch.no_grad():
                next(view.generator.parameters())[0] = math.nan
        return {}

    with pytest.raises(learned.RunDivergedError):
        learned.train(replace(SMALL, every=5), folder=tmp_path / "run", observers=[poison])
    assert RunFolder(tmp_path / "run").reached() == 10


def test_rows_after_the_checkpoint_are_cut_off_where_a_run_goes_on(tmp_path):
    with pytest.raises(PulledPlug):
        learned.train(replace(SMALL, every=5), folder=tmp_path / "run", observers=[plug])
    kept = RunFolder(tmp_path / "run")
    assert (kept.reached(), [row["iteration"] for row in kept.rows()]) == (10, [0, 5, 10, 15])
    run = learned.resume(tmp_path / "run", progress=False)
    assert [row["iteration"] for row in run.history] == [0, 5, 10, 15, 20, 25, 30]


def test_the_critics_steps_before_the_first_iteration_are_taken_once():
    config = replace(SMALL, warm_up=3)
    state, other = (RunState(config, torch.device("cpu")) for _ in range(2))
    warm_up(state)
    other.load_state_dict(state.state_dict())
    warm_up(other)
    assert (state.steps, other.steps) == (3, 3)
    assert torch.equal(weights(state), weights(other))


def test_the_real_points_shown_are_those_of_training_where_these_are_fixed():
    seen = []
    config = replace(SMALL, points=5, iterations=0)
    learned.train(config, observers=[lambda view: seen.append(view.real) or {}])
    assert len(seen[0].unique(dim=0)) == 5


def test_the_folder_says_what_ran(tmp_path):
    run = learned.train(SMALL, folder=tmp_path / "run", observers=compare.observers(50))
    folder = RunFolder(run.folder)
    assert folder.config() == SMALL
    with folder.metrics_file.open() as file:
        header = next(csv.reader(file))
    assert header[:2] == ["iteration", "seconds"]
    assert {"estimate", "held_out_estimate", "emd", "certificate", "modes"} <= set(header)
    samples = sorted(path.name for path in (folder.path / "samples").iterdir())
    assert samples == ["000000.npy", "000010.npy", "000020.npy", "000030.npy"]
    assert np.load(folder.path / "samples" / "000030.npy").shape == (1000, 2)


def test_notes_are_kept_before_anything_is_observed(tmp_path):
    def stop(view):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learned.train(SMALL, folder=tmp_path, notes={"n": 7}, observers=[stop])
    assert RunFolder(tmp_path).rows() == []
    assert RunFolder(tmp_path).environment()["notes"] == {"n": 7}


def test_a_run_is_not_overwritten(tmp_path):
    learned.train(replace(SMALL, iterations=1), folder=tmp_path / "run")
    with pytest.raises(ValueError, match="there is a run in"):
        learned.train(SMALL, folder=tmp_path / "run")
    with pytest.raises(ValueError, match="no run in"):
        learned.resume(tmp_path / "nothing")


def test_an_unwritable_place_is_told_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot be written"):
        learned.train(SMALL, folder=tmp_path / "file" / "run", observers=[pytest.fail])


def test_a_full_disk_is_told_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr("wganlab.learned.runs.folder.ROOM", 10**18)
    with pytest.raises(OSError, match="make room"):
        learned.train(SMALL, folder=tmp_path / "run", observers=[pytest.fail])


@pytest.mark.parametrize(
    ("config", "reply"),
    [
        (replace(SMALL, data="9gaussians"), "8gaussians"),
        (replace(SMALL, data="parallel_lines:theta"), "name=number"),
        (replace(SMALL, critic=replace(TINY, norm="batch")), "batch norm"),
        (replace(SMALL, constraint="ct"), "dropout"),
    ],
)
def test_what_makes_no_sense_is_refused(config, reply):
    with pytest.raises(ValueError, match=reply):
        learned.train(config)


def on_meta(objective, monkeypatch):
    """A training whose next iteration is of tensors without values."""
    config = ALONE if objective in WITHOUT else replace(SMALL, constraint="none")
    training = RunState(replace(config, objective=objective, average=0.9), torch.device("cpu"))
    training.device = torch.device("meta")
    for part in (*training.networks(), training.average):
        part.to("meta")
    points = torch.empty(32, 2, device="meta")
    training.real = lambda n, draws: points
    monkeypatch.setattr("wganlab.learned.algorithm1.latent", lambda run, n=None: points)
    return training


@pytest.mark.parametrize("objective", [o for o in learned.OBJECTIVES if o not in PROGRAMS])
def test_an_iteration_runs_on_the_meta_device(objective, monkeypatch):
    training = on_meta(objective, monkeypatch)
    advance(training)
    assert {loss.device.type for loss in training.losses} == {"meta"}


def test_the_critic_is_warmed_up_before_the_first_row_and_once():
    config = replace(SMALL, iterations=0, warm_up=40)
    cold, warm = (learned.train(replace(config, warm_up=k)).history for k in (0, 40))
    assert warm[0]["estimate"] > cold[0]["estimate"] + 0.1
    training = RunState(config, torch.device("cpu"))
    for _ in range(2):
        warm_up(training)
        assert (training.steps, training.iteration) == (40, 0)
    again = RunState(config, torch.device("cpu"))
    again.load_state_dict(training.state_dict())
    warm_up(again)
    assert again.steps == 40
    advance(again)
    assert again.steps == 40 + config.n_critic


def test_each_look_is_at_the_same_points_by_another_generator():
    views = []
    run = learned.train(SMALL, observers=[lambda view: views.append(view) or {}])
    assert len(views) == len(run.history) == 4
    first, last = views[0], views[-1]
    assert torch.equal(first.real, last.real)
    assert torch.equal(first.held_out, last.held_out)
    assert not torch.equal(first.real, first.held_out)
    assert not torch.equal(first.fake, last.fake)
    assert torch.equal(first.f(first.real), last.f(last.real))  # one network, of now


@pytest.mark.parametrize("objective", PROGRAMS)
def test_a_program_over_plans_needs_numbers(objective, monkeypatch):
    training = on_meta(objective, monkeypatch)
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
        advance(training)


def test_without_a_critic_there_is_nothing_of_one(tmp_path):
    def look(view):
        assert view.critic is None
        with pytest.raises(ValueError, match="no critic"):
            view.f(view.fake)
        told.append(exact.emd(view.held_out[:32], view.fake[:32]))
        return {}

    told = []
    run = learned.train(ALONE, observers=[look, *compare.observers(50)], folder=tmp_path / "run")
    assert run.critic is None
    assert not {"certificate", "critic_gradient", "step_cosine"} & run.history[0].keys()
    # the estimate is the distance itself, of as many points as a batch has
    assert [row["held_out_estimate"] for row in run.history] == pytest.approx(told, rel=1e-6)
    state = RunFolder(run.folder).load(torch.device("cpu"))
    assert not [name for name in state if "critic" in name]
    assert learned.load_run(run.folder).critic is None
    with pytest.raises(ValueError, match="leave critic= out"):
        learned.train(ALONE, critic=nn.Linear(2, 1))


def test_the_discriminator_of_energies_is_an_auto_encoder():
    config = replace(SMALL, objective="energy-based", constraint="none", iterations=1)
    run = learned.train(config)
    assert isinstance(run.critic, learned.AutoEncoder)
    points = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(run.critic(points), -(points - run.critic.mlp(points)).norm(dim=1))


def test_the_average_follows_the_generator():
    config = replace(SMALL, average=0.75, iterations=1)
    training = RunState(config, torch.device("cpu"))
    start = [p.detach().clone() for p in training.generator.parameters()]
    advance(training)
    averages, weights_now = training.average.parameters(), training.generator.parameters()
    for average, now, was in zip(averages, weights_now, start, strict=True):
        assert torch.allclose(average, 0.75 * was + 0.25 * now)


def test_fixed_points_are_all_that_is_trained_on():
    seen = set()
    training = RunState(replace(SMALL, points=20), torch.device("cpu"))
    for _ in range(30):
        drawn = training.real(training.share, training.draws)
        seen |= {tuple(point) for point in drawn.tolist()}
    assert len(seen) == 20


def test_the_cosine_of_plain_descent_is_one():
    config = replace(SMALL, constraint="none", critic_optimizer=Optimizer("sgd", 1e-3))
    run = learned.train(config)
    assert math.isnan(run.history[0]["step_cosine"])
    for name in ("first_step_cosine", "step_cosine"):
        assert [row[name] for row in run.history[1:]] == pytest.approx([1, 1, 1], abs=1e-3)
    adam = learned.train(replace(config, critic_optimizer=Optimizer(betas=(0.9, 0.9))))
    assert all(row["step_cosine"] < 0.99 for row in adam.history[1:])


def test_cosines_are_those_of_the_first_and_the_last_step():
    config = replace(SMALL, constraint="none", n_critic=3, every=1, iterations=4)
    config = replace(config, critic_optimizer=Optimizer(betas=(0.9, 0.9)))
    training = RunState(config, torch.device("cpu"))
    measured = []

    def note(optimizer, *_):
        weights = torch.cat([p.detach().flatten() for p in training.critic.parameters()])
        uphill = torch.cat([p.grad.flatten() for p in training.critic.parameters()])
        measured.append((weights, uphill))

    training.critic_optimizer.register_step_pre_hook(note)
    training.critic_optimizer.register_step_post_hook(note)
    for _ in range(4):
        advance(training)
        row, measured = observe(training, []), measured[-6:]
        first, last = (
            torch.cosine_similarity(measured[k + 1][0] - measured[k][0], -measured[k][1], dim=0)
            for k in (0, 4)
        )
        assert row["first_step_cosine"] == pytest.approx(first.item(), abs=1e-6)
        assert row["step_cosine"] == pytest.approx(last.item(), abs=1e-6)
        assert row["first_step_cosine"] != row["step_cosine"]


# by hand: one real point at (3, 4), generated points at theta, a critic f(z) = <w, z>


class Shift(nn.Module):
    """Every noise to theta."""

    def __init__(self, theta):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta))

    def forward(self, z):
        return self.theta.expand(len(z), -1)


def one_point(folder, **changes):
    """A configuration whose real law is one point, with plain descent of both players."""
    np.save(folder / "point.npy", np.array([[3.0, 4.0]]))
    config = replace(SMALL, data=str(folder / "point.npy"), constraint="none", batch=4)
    return replace(config, n_critic=3, iterations=8, every=8, **changes)


def linear(w):
    critic = nn.Linear(2, 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([w]))
    return critic


STILL = Optimizer("sgd", 1e-12)
# of the 8 rates of an iteration, those at the start: their sum in units of the first
RATES = {"constant": 8.0, "linear": 4.5, "cosine": 4.5}


@pytest.mark.parametrize("schedule", RATES)
def test_the_critic_s_rate_follows_its_schedule(schedule, tmp_path):
    moving = Optimizer("sgd", 0.01, schedule=schedule)
    config = one_point(tmp_path, critic_optimizer=moving, generator_optimizer=STILL)
    critic = linear([0.0, 0.0])
    learned.train(config, critic=critic, generator=Shift([1.0, 5.0]), progress=False)
    steps = 0.01 * 3 * RATES[schedule]  # 3 an iteration, at its rate
    assert critic.weight.tolist()[0] == pytest.approx([2 * steps, -1 * steps], rel=1e-5)


@pytest.mark.parametrize("schedule", RATES)
def test_the_generator_s_rate_follows_its_schedule(schedule, tmp_path):
    moving = Optimizer("sgd", 0.01, schedule=schedule)
    config = one_point(tmp_path, critic_optimizer=STILL, generator_optimizer=moving)
    generator = Shift([0.0, 0.0])
    learned.train(config, critic=linear([2.0, -1.0]), generator=generator, progress=False)
    steps = 0.01 * RATES[schedule]  # uphill on f
    assert generator.theta.tolist() == pytest.approx([2 * steps, -1 * steps], rel=1e-5)


def test_instance_noise_is_on_real_and_on_generated_points_and_falls(tmp_path):
    config = one_point(tmp_path, critic_optimizer=STILL, generator_optimizer=STILL)
    config = replace(config, batch=2000, noise=2.0, n_critic=1)
    critic, seen = linear([1.0, 1.0]), []
    critic.register_forward_hook(
        lambda module, inputs, _: seen.append(inputs[0].detach()) if module.training else None
    )
    learned.train(config, critic=critic, generator=Shift([0.0, 0.0]), progress=False)
    assert [len(points) for points in seen] == [4000, 2000] * 8  # a critic's step, a generator's
    places = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
    for iteration, (both, fakes) in enumerate(zip(seen[::2], seen[1::2], strict=True)):
        expected = 2.0 * (1 - iteration / 8)
        real, fake = (part - place for part, place in zip(both.split(2000), places, strict=True))
        for noise in (real, fake, fakes):
            assert noise.std().item() == pytest.approx(expected, rel=0.05)
            assert noise.mean().item() == pytest.approx(0, abs=0.05 * expected + 1e-9)
        pairs = torch.stack([real.flatten(), fake.flatten(), fakes.flatten()])
        assert (torch.corrcoef(pairs) - torch.eye(3)).abs().max() < 0.1  # each has its own


@pytest.mark.slow
def test_a_short_run_comes_near_the_ring():
    config = replace(learned.PRESETS["wgan-lp"], iterations=400, every=100, batch=128)
    config = replace(config, critic=MLPConfig(64, init="he"), generator=MLPConfig(64, init="he"))
    run = learned.train(config, observers=compare.observers(500))
    first, last = run.history[0], run.history[-1]
    assert last["emd"] < 0.35 * first["emd"]
    for row in run.history:
        assert row["certificate"] <= row["emd"] + 1e-9
    floor = compare.sampling_floor(data.toy("8gaussians"), 500)
    assert 0.02 < floor < last["emd"]


def test_samples_are_drawn_as_asked():
    run = learned.train(replace(SMALL, iterations=1))
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 0, 1)]
    first, again, other = (run.sample(5, generator) for generator in generators)
    assert first.shape == (5, 2)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_coverage_counts_modes_that_have_their_share():
    law = data.toy("8gaussians")
    view = learned.View(SMALL, 0, law, None, None, None, None, law.modes.repeat(10, 1))
    assert compare.observers()[1](view) == {"modes": 8, "quality": 1.0}
    lost = torch.cat([law.modes[:6].repeat(10, 1), torch.zeros(19, 2), law.modes[7:]])
    told = compare.observers()[1](replace(view, fake=lost))
    assert told["modes"] == 7  # the last one has 1 of 80, a tenth of its share
    assert told["quality"] == pytest.approx(61 / 80)
    uniform = replace(view, law=data.toy("cube"))
    assert compare.observers()[1](uniform) == {}
