"""`fit_critic` and its step: what is recorded, when it stops, that nothing leaks out of it."""

import math
import random
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from playing import update
from torch import nn

from wganlab import data, exact
from wganlab.learned import (
    METHODS,
    Consistency,
    CoWGAN,
    CTransform,
    DivergedError,
    GradientPenalty,
    MinimaxDual,
    MLPConfig,
    NoConstraint,
    Optimizer,
    Orthonormal,
    RegularizedDual,
    SpectralNorm,
    WeightClipping,
    fit_critic,
)

SMALL = MLPConfig(width=8, depth=2, activation="maxmin", dropout=0.5)
# one of each kind, two where the points of the penalty come about in another way
CONSTRAINTS = [
    NoConstraint(),
    WeightClipping(),
    GradientPenalty(),
    GradientPenalty(place="paired", side="one"),
    GradientPenalty(place="around_real"),
    Consistency(),
    SpectralNorm(),
    Orthonormal(),
    CTransform(),
    CoWGAN(),
    MinimaxDual(inner=2),
    MinimaxDual("real", inner=1),
    RegularizedDual(),
]
each = pytest.mark.parametrize("constraint", CONSTRAINTS, ids=str)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def clouds(n=40, d=2, shift=1.0):
    x = torch.randn(n, d, generator=generator(7))
    return x + shift, torch.randn(n, d, generator=generator(8))


def linear(weight):
    """f(x) = <w, x>."""
    critic = nn.Linear(len(weight), 1, bias=False)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([weight]))
    return critic


def weights(critic):
    return torch.cat([value.double().flatten() for value in critic.state_dict().values()])


# records


@each
def test_every_field_of_every_record(constraint):
    x, y = clouds()
    fitted = fit_critic(
        x, y, constraint=constraint, critic=SMALL, steps=20, batch=16, records=4, held_out=10
    )
    assert [record.step for record in fitted.history] == [0, 5, 10, 15, 20]
    assert (fitted.steps, fitted.kept, fitted.stopped) == (20, 4, "steps")
    assert fitted.final is fitted.history[-1]
    for name in ("gap", "held_out_gap", "objective", "slope", "certificate", "seconds"):
        assert np.isfinite(fitted.column(name)).all()
    seconds = fitted.column("seconds")
    assert seconds[0] == 0
    assert (np.diff(seconds) > 0).all()
    assert (fitted.column("slope") > 0).all()
    layers = ["features.1.weight", "features.4.weight", "head.weight"]
    for record in fitted.history:
        counts, edges = record.weights
        assert (counts.shape, edges.shape) == ((60,), (61,))
        assert counts.sum() == 8 * 2 + 8 * 8 + 8
        assert list(record.gradient_norms) == layers
        assert all(norm > 0 for norm in record.gradient_norms.values())
    entries = torch.cat([dict(fitted.critic.named_parameters())[name].flatten() for name in layers])
    assert fitted.final.weights[1][[0, -1]] == pytest.approx(
        [entries.min().item(), entries.max().item()], abs=1e-4
    )


def test_records_by_hand():
    x, y = torch.tensor([[1.0, 2.0], [3.0, 6.0]]), torch.tensor([[0.0, 0.0]])
    fitted = fit_critic(
        x,
        y,
        constraint=GradientPenalty(10.0),
        critic=linear([0.0, 3.0]),
        steps=0,
        held_out=(x + 1, y),
    )
    (record,) = fitted.history
    assert record.gap == pytest.approx(12)
    assert record.held_out_gap == pytest.approx(15)
    assert record.objective == pytest.approx(15 - 10 * (3 - 1) ** 2)
    assert record.slope == pytest.approx(3)
    assert record.gradient_norms == {"weight": pytest.approx(math.sqrt(2**2 + 4**2))}
    expected = exact.certificate([6.0, 18.0], x.numpy(), y.numpy())
    assert record.certificate == pytest.approx(expected)


class Ramp(nn.Module):
    """Steep between two places alone."""

    def __init__(self, low, high):
        super().__init__()
        self.low, self.high = low, high
        self.slope = nn.Parameter(torch.tensor(5.0))

    def forward(self, x):
        return self.slope * x[:, 0].clamp(self.low, self.high)


@pytest.mark.parametrize(
    ("low", "high"), [(1, 3), (-0.01, 0.01), (3.99, 4.01)], ids=["between", "real", "fake"]
)
def test_the_slope_of_a_record_is_looked_for_at_both_laws_and_between(low, high):
    record = fit_critic([0.0] * 20, [4.0] * 20, critic=Ramp(low, high), steps=0).final
    assert record.slope == 5


@pytest.mark.parametrize(
    ("constraint", "name"), [(NoConstraint(), "gap"), (CTransform(), "certificate")]
)
def test_without_held_out_points_the_objective_is_on_the_training_points(constraint, name):
    x, y = clouds()
    record = fit_critic(x, y, constraint=constraint, critic=linear([1.0, 1.0]), steps=0).final
    assert math.isnan(record.held_out_gap)
    assert record.objective == pytest.approx(getattr(record, name))


@pytest.mark.parametrize(
    ("steps", "records", "expected"),
    [
        (0, 50, [0]),
        (3, 50, [0, 1, 2, 3]),
        (10, 1, [0, 10]),
        (10, 4, [0, 2, 5, 8, 10]),
        (np.int64(7), np.int32(2), [0, 4, 7]),
    ],
)
def test_records_are_spread_evenly(steps, records, expected):
    fitted = fit_critic(*clouds(), critic=SMALL, steps=steps, records=records)
    assert [record.step for record in fitted.history] == expected


def test_many_points_are_measured_in_part():
    x, y = torch.arange(5000.0), torch.zeros(5000)
    calls = []
    critic = linear([1.0])
    critic.register_forward_hook(lambda module, inputs, output: calls.append(len(inputs[0])))
    fitted = fit_critic(x, y, critic=critic, steps=1, batch=8, records=1)
    assert max(calls) == 2 * 2000
    assert fitted.history[0].gap == pytest.approx(2500, rel=0.1)


# the step


@each
def test_a_step_runs_on_meta(constraint):
    critic = replace(SMALL, activation="relu").build(2, generator())
    constraint.check(critic)
    constraint.prepare(critic)
    critic.to("meta")
    optimizer, schedule = Optimizer().build(critic.parameters(), 10)
    real, fake = torch.empty(6, 2, device="meta"), torch.empty(6, 2, device="meta")
    loss = update(critic, constraint, optimizer, real, fake, None)
    schedule.step()
    assert (loss.device.type, loss.shape) == ("meta", ())
    assert not loss.requires_grad


@pytest.mark.parametrize("place", ["between", "around_real"])
def test_a_step_of_unequal_image_batches_runs_on_meta(place):
    critic = SMALL.build(12, generator()).to("meta")
    optimizer, _ = Optimizer("sgd").build(critic.parameters(), 10)
    real, fake = torch.empty(6, 3, 2, 2, device="meta"), torch.empty(9, 3, 2, 2, device="meta")
    update(critic, GradientPenalty(place=place), optimizer, real, fake, None)


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (NoConstraint(), [13]),
        (WeightClipping(), [13]),
        (SpectralNorm(), [13]),
        (Orthonormal(), [13]),
        (CTransform(), [6]),  # the transform stands for it at the fake points
        (GradientPenalty(), [13, 7]),
        (GradientPenalty(place="real"), [13, 6]),
        (Consistency(), [13, 6, 6, 7]),
    ],
    ids=str,
)
def test_a_step_is_one_pass_over_both_laws_and_one_of_the_penalty(constraint, expected):
    critic = SMALL.build(2, generator())
    constraint.prepare(critic)
    passes, backward = [], []
    critic.head.register_forward_hook(lambda module, inputs, output: passes.append(len(output)))
    critic.head.register_full_backward_hook(lambda *_: backward.append(1))
    optimizer, _ = Optimizer().build(critic.parameters(), 10)
    update(critic, constraint, optimizer, *(clouds()[0][:n] for n in (6, 7)), generator())
    assert passes == expected


def test_batch_norm_sees_real_and_fake_apart():
    critic = MLPConfig(width=8, norm="batch").build(2, generator())
    passes = []
    critic.register_forward_hook(lambda module, inputs, output: passes.append(len(output)))
    optimizer, _ = Optimizer().build(critic.parameters(), 10)
    x, y = clouds()
    update(critic, WeightClipping(), optimizer, x[:6], y[:7], generator())
    assert passes == [6, 7]


def test_batch_zero_is_both_clouds_whole():
    x, y = clouds(30)
    seen = []

    def draw(module, inputs, output):
        if module.training:
            seen.append(inputs[0].clone())

    critic = linear([1.0, 0.0])
    critic.register_forward_hook(draw)
    fit_critic(x, y[:20], constraint=NoConstraint(), critic=critic, steps=2, batch=0)
    assert len(seen) == 2
    assert all(torch.equal(points, torch.cat([x, y[:20]])) for points in seen)
    seen.clear()
    fit_critic(x, y[:20], constraint=NoConstraint(), critic=critic, steps=2, batch=5)
    assert [len(points) for points in seen] == [10, 10]
    assert not torch.equal(*seen)


# optimizers: the gradient of a linear critic is the same in every step


@pytest.mark.parametrize(
    ("optimizer", "steps", "moved"),
    [
        (Optimizer("sgd", lr=0.1), 4, [0.1 * 2 * 4, 0.1 * 3 * 4]),
        (Optimizer("sgd", lr=0.1, momentum=0.5), 2, [0.1 * 2 * 2.5, 0.1 * 3 * 2.5]),
        (Optimizer("sgd", lr=0.1, schedule="linear"), 4, [0.1 * 2 * 2.5, 0.1 * 3 * 2.5]),
        (Optimizer("sgd", lr=0.1, schedule="cosine"), 4, [0.1 * 2 * 2.5, 0.1 * 3 * 2.5]),
        (Optimizer("adam", lr=0.1), 3, [0.3, 0.3]),
        (Optimizer("adam", lr=0.1, betas=(0.9, 0.99), schedule="linear"), 4, [0.25, 0.25]),
        (Optimizer("rmsprop", lr=0.1), 1, [1.0, 1.0]),  # smoothing .99: lr / sqrt(1 - .99)
        (Optimizer("rmsprop", lr=0.1), 2, [1 + 0.1 / math.sqrt(0.0199)] * 2),
    ],
    ids=str,
)
def test_optimizers_and_schedules_by_hand(optimizer, steps, moved):
    critic = linear([0.0, 0.0])
    fit_critic(
        [[2.0, 3.0]],
        [[0.0, 0.0]],
        constraint=NoConstraint(),
        critic=critic,
        optimizer=optimizer,
        steps=steps,
        batch=0,
    )
    assert critic.weight.tolist()[0] == pytest.approx(moved, rel=1e-5)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_learning_rate_falls_to_zero(schedule):
    parameter = nn.Parameter(torch.zeros(1))
    optimizer, plan = Optimizer("sgd", lr=0.5, schedule=schedule).build([parameter], 100)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        plan.step()
    t = np.arange(100) / 100
    expected = 1 - t if schedule == "linear" else (1 + np.cos(np.pi * t)) / 2
    np.testing.assert_allclose(rates, 0.5 * expected, rtol=1e-6)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"name": "adamw"}, "name = 'adamw': choose from adam, rmsprop, sgd"),
        ({"schedule": "step"}, "schedule = 'step': choose from constant, linear, cosine"),
        ({"lr": 0}, "lr = 0: give a number above 0"),
        ({"lr": math.inf}, "lr = inf: give a finite number"),
        ({"betas": (0.5, 1.0)}, "betas = (0.5, 1.0), momentum = 0.0: give numbers in [0, 1)"),
        ({"momentum": -0.1}, "momentum = -0.1: give numbers in [0, 1)"),
    ],
)
def test_bad_optimizers_are_refused_with_advice(options, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        Optimizer(**options)


# when it stops


def test_patience_goes_back_to_the_best_record():
    x = torch.randn(24, 6, generator=generator())
    y = torch.randn(24, 6, generator=generator(1))
    critic = MLPConfig(width=32, activation="silu").build(6, generator())
    states = []
    fitted = fit_critic(
        x,
        y,
        constraint=GradientPenalty(),
        critic=critic,
        optimizer=Optimizer(lr=1e-2),
        steps=600,
        batch=0,
        records=60,
        held_out=8,
        patience=3,
        callback=lambda record, network: states.append((record, weights(network))),
    )
    objective = fitted.column("objective")
    assert fitted.stopped == "held-out"
    assert fitted.steps < 600
    assert fitted.kept == objective.argmax() == len(objective) - 1 - 3
    assert fitted.kept > 0
    record, kept = states[fitted.kept - 1]
    assert record is fitted.final
    assert torch.equal(weights(critic), kept)
    assert not torch.equal(weights(critic), states[-1][1])


@pytest.mark.parametrize("constraint", [GradientPenalty(), Orthonormal()], ids=str)
def test_a_callback_stops_it(constraint):
    seen = []

    def callback(record, network):
        assert not network.training
        seen.append((record, network(torch.zeros(1, 2)).item()))
        return record.step >= 20

    fitted = fit_critic(
        *clouds(), constraint=constraint, critic=SMALL, steps=100, records=10, callback=callback
    )
    assert fitted.stopped == "callback"
    assert [record.step for record, _ in seen] == [10, 20]
    assert fitted.steps == 20
    assert fitted([[0.0, 0.0]])[0] == pytest.approx(seen[-1][1], abs=1e-5)


def test_a_callback_changes_nothing():
    def callback(record, network):
        network.eval()
        network.zero_grad()

    x, y = clouds()
    for constraint in (Consistency(), SpectralNorm()):
        options = {"constraint": constraint, "critic": SMALL, "steps": 30, "records": 5}
        fitted = fit_critic(x, y, callback=callback, **options)
        assert torch.equal(weights(fitted.critic), weights(fit_critic(x, y, **options).critic))


def test_a_module_is_trained_in_place():
    critic = SMALL.build(2, generator())
    before = weights(critic)
    fitted = fit_critic(*clouds(), critic=critic, steps=5)
    assert fitted.critic is critic
    assert not critic.training
    assert not torch.equal(weights(critic), before)
    again = fit_critic(*clouds(), critic=critic, steps=0)
    assert again.history[0].gap == pytest.approx(fitted.final.gap)


def test_a_network_may_be_made_by_a_function():
    def build(dimension, generator):
        return nn.Sequential(nn.Linear(dimension, 3), nn.Tanh(), nn.Linear(3, 1))

    fitted = fit_critic(*clouds(d=5), critic=build, steps=3, seed=1)
    assert fitted.critic[0].in_features == 5
    same = fit_critic(*clouds(d=5), critic=build, steps=3, seed=1)
    assert torch.equal(weights(fitted.critic), weights(same.critic))


def test_frozen_layers_stay_as_they_are():
    critic = SMALL.build(2, generator())
    critic.features[1].requires_grad_(False)
    before = critic.features[1].weight.clone()
    fitted = fit_critic(*clouds(), critic=critic, steps=5)
    assert torch.equal(critic.features[1].weight, before)
    assert list(fitted.final.gradient_norms) == ["features.4.weight", "head.weight"]


def test_a_fitted_critic_is_a_function_with_a_gradient():
    fitted = fit_critic(*clouds(), critic=MLPConfig(8, activation="silu"), steps=20)
    z = np.random.default_rng(0).normal(size=(6, 2))
    values, gradient = fitted(z), fitted.gradient(z)
    assert (values.shape, gradient.shape) == ((6,), (6, 2))
    assert values.dtype == gradient.dtype == np.float64
    for axis in range(2):
        shift = 1e-2 * np.eye(2)[axis]
        slopes = (fitted(z + shift) - fitted(z - shift)) / 2e-2
        np.testing.assert_allclose(gradient[:, axis], slopes, atol=1e-3)
    assert fitted(torch.zeros(3, 2)).shape == (3,)
    with pytest.raises(ValueError, match="z has a value in row 1"):
        fitted([[0, 0], [np.nan, 0]])


# seeds and global state


@pytest.mark.slow
@each
@pytest.mark.parametrize("batch", [0, 8])
def test_the_seed_alone_decides(constraint, batch):
    def run(seed, outside):
        torch.manual_seed(outside)
        fitted = fit_critic(
            *clouds(), constraint=constraint, critic=SMALL, steps=6, batch=batch, seed=seed
        )
        return weights(fitted.critic), fitted.column("gap")

    first, second, other = run(3, 1), run(3, 2), run(4, 1)
    assert torch.equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize(
    "laws", [(data.toy("cube"), data.toy("8gaussians")), (exact.known.Gaussians(),)]
)
def test_the_seed_decides_what_is_drawn(laws):
    def run(seed):
        return fit_critic(*laws, critic=linear([1.0, 1.0]), steps=4, seed=seed)

    assert run(0).column("held_out_gap").tolist() == run(0).column("held_out_gap").tolist()
    assert run(0).history[0].gap != run(1).history[0].gap


@each
def test_global_state_is_left_as_it_was(constraint):
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    threads, default = torch.get_num_threads(), torch.get_default_dtype()
    fit_critic(*clouds(), constraint=constraint, critic=SMALL, steps=3)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert random.getstate() == before[2]
    assert (torch.get_num_threads(), torch.get_default_dtype()) == (threads, default)
    assert torch.is_grad_enabled()


def test_threads_are_set_and_put_back():
    before = torch.get_num_threads()
    seen = []
    options = {"critic": SMALL, "steps": 1}
    for threads, expected in ((2, 2), (None, before), (1, 1)):
        callback = lambda record, network: seen.append(torch.get_num_threads())  # noqa: E731
        fit_critic(*clouds(), threads=threads, callback=callback, **options)
        assert seen[-1] == expected
        assert torch.get_num_threads() == before

    def fail(record, network):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fit_critic(*clouds(), threads=before + 1, callback=fail, **options)
    assert torch.get_num_threads() == before


def test_progress_is_shown_where_it_is_asked_for(capsys):
    fit_critic(*clouds(), critic=SMALL, steps=3, progress=True)
    assert "| 0/3 [" in capsys.readouterr().err
    for progress in (False, None):  # no terminal here
        fit_critic(*clouds(), critic=SMALL, steps=3, progress=progress)
        assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"constraint": 10.0}, "constraint = 10.0: give one of Constraint, such as GradientPen"),
        ({"constraint": "gb"}, "constraint = 'gb': choose"),
        ({"optimizer": "adam"}, "optimizer = 'adam': give one of Optimizer, such as Optimizer("),
        ({"callback": 3}, "callback = 3: give a function (record, network)"),
        ({"steps": 10**15}, "steps = 1000000000000000: give a whole number of at most"),
        ({"batch": 10**15}, "batch = 1000000000000000: give a whole number of at most"),
        ({"held_out": 10**15}, "held_out = 1000000000000000: give a whole number of at most"),
        ({"threads": 10**6}, "threads = 1000000: give a whole number of at most 4,096"),
    ],
)
def test_options_of_another_kind_or_size_are_refused(options, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        fit_critic(*clouds(), **options)


# divergence


def test_a_critic_that_diverges_is_told_with_the_step_and_the_last_finite_one():
    draws = []

    def real(n, generator):
        if n == 8:
            draws.append(n)
        return np.full((n, 1), 3e38 if len(draws) == 37 and n == 8 else 1.0)

    states = {}
    with pytest.raises(DivergedError, match=r"diverged in step 37.*after step 30") as caught:
        fit_critic(
            real,
            lambda n, generator: np.zeros((n, 1)),
            constraint=NoConstraint(),
            critic=linear([2.0]),
            optimizer=Optimizer("sgd", lr=0.01),
            steps=100,
            records=10,
            batch=8,
            held_out=0,
            callback=lambda record, network: states.update({record.step: weights(network)}),
        )
    error = caught.value
    assert error.step == 37
    assert "\n" not in str(error)
    assert isinstance(error, ArithmeticError)
    assert error.fitted.stopped == "diverged"
    assert [record.step for record in error.fitted.history] == [0, 10, 20, 30]
    assert error.fitted.final.step == 30
    assert torch.equal(weights(error.fitted.critic), states[30])
    assert error.fitted([[1.0]])[0] == pytest.approx(2.3, rel=1e-5)


@pytest.mark.parametrize("constraint", [NoConstraint(), SpectralNorm(), Orthonormal()], ids=str)
def test_a_real_explosion_leaves_the_last_finite_critic(constraint):
    critic = MLPConfig(width=8, activation="maxmin").build(2, generator())
    with pytest.raises(DivergedError) as caught:
        fit_critic(
            *clouds(),
            constraint=constraint,
            critic=critic,
            optimizer=Optimizer("sgd", lr=1e30),
            steps=100,
            records=50,
        )
    assert caught.value.step >= 1
    assert caught.value.fitted.critic is critic
    assert weights(critic).isfinite().all()
    assert type(critic.head) is nn.Linear  # a plain network again


class Fragile(nn.Module):
    """Not finite away from the origin once its weight has grown."""

    def __init__(self, limit):
        super().__init__()
        self.limit, self.scale = limit, nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return torch.where(self.scale < self.limit, self.scale, torch.inf) * x[:, 0]


def test_a_measurement_that_is_not_finite_is_a_divergence():
    # the weight passes the limit in the last step before a record: every loss has been finite
    with pytest.raises(DivergedError) as caught:
        fit_critic(
            [1.0],
            [0.0],
            constraint=NoConstraint(),
            critic=Fragile(1.095),
            optimizer=Optimizer("sgd", lr=0.01),
            steps=10,
            records=1,
        )
    assert caught.value.step == 10
    assert caught.value.fitted.critic.scale.item() == 1
    assert np.isfinite(caught.value.fitted.column("gap")).all()


@pytest.mark.parametrize("critic", [linear([math.nan]), Fragile(0.5)], ids=["weights", "values"])
def test_a_critic_that_starts_broken_is_refused(critic):
    with pytest.raises(ValueError, match="not finite before the first step: look at how it is"):
        fit_critic([1.0], [0.0], critic=critic)


# refusals


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"steps": -1}, "steps = -1: give a whole number of at least 0"),
        ({"steps": 1.5}, "steps = 1.5: give a whole number"),
        ({"batch": -1}, "batch = -1: give a whole number of at least 0"),
        ({"records": 0}, "records = 0: give a whole number of at least 1"),
        ({"patience": 0, "held_out": 2}, "patience = 0: give a whole number of at least 1"),
        ({"patience": 3}, "patience looks at held-out points: give held_out"),
        ({"threads": 0}, "threads = 0: give a whole number of at least 1"),
        ({"held_out": -1}, "held_out = -1: give a whole number of at least 0"),
        ({"held_out": 40}, "held_out = 40 of 40 real and 40 fake points leaves none"),
        ({"held_out": ([[0.0]], [[0.0]])}, "shape (1,), and those to train on (2,)"),
        ({"held_out": ([[0.0, 0]], [[0.0]])}, "they must live in one space"),
        ({"held_out": ([[0.0, math.nan]], [[0.0, 0]])}, "held_out has a value in row 0"),
        ({"held_out": np.zeros((3, 2))}, "held_out is no number and no pair"),
        ({"held_out": 0.5}, "held_out is no number and no pair"),
        (
            {
                "held_out": (np.zeros((3, 2)), np.zeros((4, 2))),
                "constraint": GradientPenalty(place="paired"),
            },
            "3 real and 4 fake points cannot be paired",
        ),
        ({"device": "nonsense"}, "device 'nonsense' cannot be used"),
        ({"critic": lambda dimension, generator: None}, "critic= made a NoneType"),
    ],
)
def test_impossible_options_are_refused_before_any_work(options, advice):
    def build(dimension, generator):
        raise AssertionError("work was done")

    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        fit_critic(*clouds(), **{"critic": build, **options})
    assert "\n" not in str(refusal.value)


def test_bad_data_is_refused_before_any_work():
    critic = linear([1.0, 1.0])
    x, y = clouds()
    x[3, 1] = math.nan
    with pytest.raises(ValueError, match="real has a value in row 3"):
        fit_critic(x, y, constraint=WeightClipping(), critic=critic)
    assert critic.weight.tolist() == [[1, 1]]  # not even clipped


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_refused():
    with pytest.raises(ValueError, match="device 'cuda' cannot be used"):
        fit_critic(*clouds(), device="cuda")


# ready-made methods


@pytest.mark.parametrize("name", METHODS)
def test_every_ready_made_method_trains(name):
    method = METHODS[name]
    options = {"constraint": method.constraint, "critic": method.critic, "batch": method.batch}
    x, y = clouds(200, shift=3.0)
    fitted = fit_critic(x, y, optimizer=method.optimizer, steps=40, records=2, **options)
    assert fitted.constraint is method.constraint
    assert fitted.final.gap > 0  # the right sign
    # dropout makes the consistency term take hundreds of steps before it rises
    assert name == "ct" or fitted.final.objective > fitted.history[0].objective


def test_how_often_one_measures_does_not_change_what_is_trained():
    weights = [
        fit_critic(*clouds(), critic=SMALL, steps=6, batch=4, records=records).critic.state_dict()
        for records in (1, 3)
    ]
    for one, other in zip(*(found.values() for found in weights), strict=True):
        assert torch.equal(one, other)


def test_a_method_has_sizes_that_a_machine_has():
    for name in ("steps", "batch"):
        with pytest.raises(ValueError, match=f"{name} = 1000000000000: give a whole number of at"):
            replace(METHODS["gp"], **{name: 10**12})


def test_a_constraint_brings_its_own_method():
    fitted = fit_critic(*clouds(), constraint=Orthonormal(), steps=1)
    assert fitted.critic.config == METHODS["orthonormal"].critic.at((2,))
    fitted = fit_critic(*clouds(), steps=1)
    assert isinstance(fitted.constraint, GradientPenalty)
    assert fitted.critic.config == METHODS["gp"].critic.at((2,))
    named = fit_critic(*clouds(), constraint="lp", steps=1)
    assert named.constraint == GradientPenalty(side="one")
