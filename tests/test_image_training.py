"""Algorithm 1 on images: what it draws, what changes nothing, and that no run is lost."""

import json
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from processes import together

from wganlab import compare, data, learned
from wganlab.learned import (
    DCGANConfig,
    FoldConfig,
    MLPConfig,
    Optimizer,
    PatchConfig,
    ResNetConfig,
    RunFolder,
    TrainConfig,
)
from wganlab.learned.algorithm1 import critic_step
from wganlab.learned.fast.engine import Engine
from wganlab.learned.fast.trace import NotCompiledError
from wganlab.learned.runs.loop import advance
from wganlab.learned.runs.observing import view_of
from wganlab.learned.runs.state import RunState

CPU = torch.device("cpu")
FAST = Optimizer(lr=2e-3, betas=(0.5, 0.9))
GENERATOR = DCGANConfig(filters=4, init="he")
CRITIC = replace(GENERATOR, norm="none")
SMALL = TrainConfig(
    data="mnist10k",
    size=8,
    critic=CRITIC,
    generator=GENERATOR,
    critic_optimizer=FAST,
    generator_optimizer=FAST,
    latent=4,
    n_critic=2,
    batch=8,
    iterations=6,
    every=2,
    checkpoint=2,
)
FIVE = DCGANConfig(4, kernel=5, bias=True, ends="linear", init="gulrajani")
PERCEPTRON = MLPConfig(width=16, depth=2, init="he")
VARIANTS = {
    "penalty": SMALL,
    "clipping, batch norm": replace(
        SMALL, constraint="clip", clip=0.1, critic=GENERATOR, average=0.9, warm_up=2
    ),
    "layer norm": replace(SMALL, critic=replace(CRITIC, norm="layer"), constraint="lp"),
    "GAN": replace(SMALL, objective="non-saturating", constraint="none", critic=GENERATOR),
    "spectral norm": replace(SMALL, constraint="sn", data="emoji", noise=0.1),
    "folds": replace(SMALL, constraint="orthonormal", critic=FoldConfig(planes=16)),
    "patches": replace(SMALL, constraint="orthonormal", critic=PatchConfig(filters=8)),
    "perceptrons": replace(SMALL, critic=PERCEPTRON, generator=PERCEPTRON, points=50),
    "constant filters": replace(
        SMALL, generator=replace(GENERATOR, growth="constant", norm="none", extra=1)
    ),
    "bfloat16": replace(SMALL, precision="bfloat16"),
    "auto-encoder": replace(SMALL, objective="energy-based", constraint="none", critic=PERCEPTRON),
    "residual": replace(
        SMALL, critic=ResNetConfig("good", 4, "layer"), generator=ResNetConfig("good", 4)
    ),
    "residual of CIFAR": replace(
        SMALL, critic=ResNetConfig("cifar", 4, "none"), generator=ResNetConfig("cifar", 4), size=12
    ),
    "residual, 101 layers": replace(
        SMALL,
        critic=ResNetConfig("bottleneck", 4, "layer", repeat=2),
        generator=ResNetConfig("bottleneck", 4, repeat=2),
    ),
    "5x5, biases, linear ends": replace(
        SMALL, size=28, critic=replace(FIVE, norm="layer"), generator=FIVE, batch=4
    ),
    "gated": replace(
        SMALL,
        critic=replace(CRITIC, activation="gated"),
        generator=replace(FIVE, activation="gated"),
    ),
    "MLPs that end in tanh": replace(
        SMALL, critic=PERCEPTRON, generator=replace(PERCEPTRON, output="tanh", activation="gated")
    ),
    "labels": replace(SMALL, labels=True, critic=replace(CRITIC, norm="layer")),
    "labels, residual": replace(
        SMALL,
        labels=True,
        critic=ResNetConfig("cifar", 4, "none"),
        generator=ResNetConfig("cifar", 4),
        average=0.9,
    ),
    "labels, GAN of MLPs": replace(
        SMALL,
        labels=True,
        objective="non-saturating",
        constraint="sn",
        critic=PERCEPTRON,
        generator=PERCEPTRON,
        points=50,
    ),
    "no critic": replace(SMALL, objective="emd", constraint="none", n_critic=0),
}
each = pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())


def weights(run):
    networks = filter(None, (run.generator, run.critic))
    return torch.cat([t.flatten().double() for net in networks for t in net.state_dict().values()])


class PulledPlug(Exception):
    pass


def cut_and_resumed(config, folder, **options):
    def plug(view):
        if view.iteration == 4:
            raise PulledPlug
        return {}

    with pytest.raises(PulledPlug):  # after the checkpoint of iteration 2
        learned.train(config, folder=folder, observers=[plug], **options)
    assert RunFolder(folder).load(CPU)["iteration"] == 2
    return learned.resume(folder, **options)


@pytest.mark.slow
@each
def test_a_run_goes_on_to_the_same_bits_whatever_is_observed(config, tmp_path):
    whole = learned.train(config, observers=[lambda view: {"mean": view.fake.mean().item()}])
    resumed = cut_and_resumed(config, tmp_path / "cut")
    assert torch.equal(weights(whole), weights(resumed))
    assert weights(whole).isfinite().all()
    generator = RunState(config, CPU).generator
    z = torch.ones(2, 4 + 10 * config.labels)  # with labels, of all classes at once
    assert not torch.equal(generator(z), whole.generator(z))


@each
def test_a_configuration_survives_json(config):
    assert TrainConfig.from_json(config.to_json()) == config


def drawn(run):
    """The next batch of real images."""
    return run.real(run.share, run.draws)


def test_what_is_read_by_others_goes_on_to_the_same_bits(tmp_path):
    whole = learned.train(SMALL, workers=1)
    resumed = cut_and_resumed(SMALL, tmp_path / "cut", workers=1)
    assert torch.equal(weights(whole), weights(resumed))


def test_a_set_that_a_device_cannot_hold_is_read_as_it_is_needed(monkeypatch):
    monkeypatch.setattr(data.ImageLaw, "fits", lambda law, device: False)
    training = RunState(SMALL, CPU)
    assert training.streams
    read = [drawn(training) for _ in range(2)]
    again = RunState(SMALL, CPU, workers=1)
    for batch in read:
        assert torch.equal(drawn(again), batch)
    later = RunState(SMALL, CPU)
    later.load_state_dict(training.state_dict())
    assert torch.equal(drawn(later), drawn(again))


@pytest.mark.parametrize("points", [0, 5])
def test_steps_see_no_image_that_is_held_out(points):
    config = replace(SMALL, points=points, batch=400)
    training = RunState(config, CPU)
    seen = {row.numpy().tobytes() for _ in range(4) for row in drawn(training)}
    law = config.law()
    held_out = {row.numpy().tobytes() for row in law.held_out(1000, CPU)}
    trained_on = {row.numpy().tobytes() for row in law.take(law.rows, CPU)}
    assert seen <= trained_on
    assert not seen & held_out - trained_on
    assert len(seen) == points or not points
    view = view_of(training, 300)
    assert len(view.fake) == len(view.held_out) == 300
    assert {row.numpy().tobytes() for row in view.real} <= (seen if points else trained_on)
    assert torch.equal(view.held_out, law.held_out(300, CPU))


@pytest.mark.slow
def test_observers_say_how_many_images_they_look_at(tmp_path):
    told = []
    learned.train(
        replace(SMALL, iterations=0, held_out=1500),
        observers=[compare.observers(1500)[0], lambda view: told.append(len(view.fake)) or {}],
        folder=tmp_path / "run",
    )
    assert told == [1500]
    sheet = np.load(tmp_path / "run" / "samples" / "000000.npy")
    assert (sheet.shape, sheet.dtype) == ((64, 8, 8, 1), np.uint8)


def test_the_truth_stands_beside_the_critic():
    law = SMALL.law()
    run = learned.train(SMALL, observers=compare.observers(200))
    row = run.history[-1]
    assert row["certificate"] <= row["emd"]
    assert abs(row["train_emd"] - row["emd"]) < 0.2 * row["emd"]
    assert 0 < compare.sampling_floor(law, 200) < row["emd"]
    assert {"estimate", "held_out_estimate"} < row.keys()


def test_features_are_observed_where_there_are_classes(tmp_path, monkeypatch):
    monkeypatch.setenv("WGANLAB_CACHE", str(tmp_path))
    quick = partial(compare.classifier_for, steps=3)
    monkeypatch.setattr(sys.modules["wganlab.compare.truth_observers"], "classifier_for", quick)
    looks = compare.image_observers(SMALL, 100)
    row = learned.train(SMALL, observers=looks).history[-1]
    assert {"emd", "train_emd", "certificate", "kid", "classes", "memorization"} < row.keys()
    assert row["all_classes"] == 10
    alone = replace(SMALL, data="mnist10k[3]")
    assert len(compare.image_observers(alone, 100)) == 1
    assert len(compare.image_observers(alone, 100, features=lambda x: x.flatten(1))) == 2


def test_a_penalty_stays_in_float32_beside_bfloat16():
    training = RunState(replace(SMALL, precision="bfloat16"), CPU)
    seen = {}
    critic = training.critic

    def note(module, given, result):
        seen.setdefault(torch.is_autocast_enabled("cpu"), set()).add(result.dtype)

    critic[0].register_forward_hook(note)
    critic_step(training)
    assert seen == {True: {torch.bfloat16}, False: {torch.float32}}
    assert {weight.dtype for weight in critic.parameters()} == {torch.float32}
    assert {weight.grad.dtype for weight in critic.parameters()} == {torch.float32}
    ends = [learned.train(replace(SMALL, precision=p)) for p in ("float32", "bfloat16")]
    moved = (weights(ends[0]) - weights(ends[1])).abs().max()
    assert 0 < moved < 0.1


LABELLED = [name for name in VARIANTS if "labels" in name]
META = [name for name in VARIANTS if name not in ("bfloat16", "no critic")]


@pytest.mark.parametrize("name", META)
def test_an_iteration_runs_on_the_meta_device(name, monkeypatch):
    config = replace(VARIANTS[name], noise=0.0)
    training = RunState(config, CPU)
    training.device = torch.device("meta")
    for part in filter(None, (*training.networks(), training.average)):
        part.to("meta")
    pixels = torch.empty(config.batch, *training.law.shape, device="meta")
    training.real = lambda n, draws: pixels
    noise = torch.empty(config.batch, 4, device="meta")
    monkeypatch.setattr("wganlab.learned.algorithm1.latent", lambda run, n=None: noise)
    if config.labels:
        told = torch.empty(config.batch, dtype=torch.int64, device="meta")
        training.labelled = lambda n, draws: (pixels, told)
    training.draws = None  # of meta tensors no generator makes any
    advance(training)
    assert {loss.device.type for loss in training.losses} == {"meta"}


SAME = [*LABELLED, "residual", "residual of CIFAR", "residual, 101 layers"]
SAME += ["5x5, biases, linear ends", "gated", "MLPs that end in tanh"]


@pytest.mark.slow
def test_two_processes_train_what_one_does(tmp_path):
    """By gradient descent: Adam makes a step of rounding where a gradient is 0."""
    plain = Optimizer("sgd", lr=1e-2)
    configs = [
        replace(
            VARIANTS[name], critic_optimizer=plain, generator_optimizer=plain, iterations=2, every=9
        )
        for name in SAME
    ]
    for name, config in zip(SAME, configs, strict=True):
        (tmp_path / f"{name}.json").write_text(config.to_json())
    code = f"""
        import pathlib, torch
        from wganlab import learned
        from wganlab.learned import distributed
        with distributed.joined("cpu") as world:
            for name in {SAME}:
                text = pathlib.Path(name + ".json").read_text()
                run = learned.train(learned.TrainConfig.from_json(text), progress=False)
                networks = (run.generator, run.critic)
                if world.first:
                    torch.save([network.state_dict() for network in networks], name + ".pt")
    """
    for _, err, status in together(code, 2, tmp_path):
        assert status == 0, err
    for name, config in zip(SAME, configs, strict=True):
        run = learned.train(config, progress=False)
        begun = RunState(config, CPU)
        shared = torch.load(tmp_path / f"{name}.pt", weights_only=True)
        for network, start, theirs in zip(
            (run.generator, run.critic), (begun.generator, begun.critic), shared, strict=True
        ):
            ours = network.state_dict()
            for key, weight in theirs.items():
                torch.testing.assert_close(
                    weight, ours[key], rtol=0, atol=1e-5, msg=f"{name} {key}"
                )
            moved = zip(network.parameters(), start.parameters(), strict=True)
            if config.constraint != "sn":
                assert max((a - b).abs().max() for a, b in moved) > 1e-3


def test_images_are_picked_on_their_device():
    law = SMALL.law()
    picked = law.pick(torch.zeros(3, dtype=torch.int64, device="meta"))
    assert (picked.device.type, picked.shape) == ("meta", (3, 1, 8, 8))


@pytest.mark.parametrize("name", ["penalty", "perceptrons"])
def test_images_are_not_compiled_on_cpus(name):
    with pytest.raises(NotCompiledError, match="convolutions"):
        Engine([RunState(VARIANTS[name], CPU)])
    with pytest.warns(UserWarning, match="trained without the compiler"):
        compiled = learned.train(VARIANTS[name], engine="compiled")
    assert torch.equal(weights(compiled), weights(learned.train(VARIANTS[name])))


def test_images_read_by_others_are_not_compiled():
    with pytest.raises(NotCompiledError, match="read by other processes"):
        Engine([RunState(VARIANTS["perceptrons"], CPU, workers=1)])


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"size": 27}, "images of 27 px"),
        ({"size": 27}, "--size 28"),
        ({"size": 28, "critic": PatchConfig(), "constraint": "orthonormal"}, "28 x 28 px.*size 32"),
        ({"held_out": 10_000}, "10,000 held out leaves none to train on"),
        ({"points": 9001}, "has 9,000 images to train on"),
        ({"critic": GENERATOR, "size": 16}, "batch norm"),
        ({"generator": FoldConfig()}, "makes critics"),
        ({"constraint": "orthonormal"}, "FoldConfig"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(change, advice):
    with pytest.raises(ValueError, match=advice):
        learned.train(replace(SMALL, **change))


def test_values_that_make_no_sense_are_refused():
    for change in ({"color": "blue"}, {"precision": "float16"}, {"size": 0}, {"held_out": -1}):
        with pytest.raises(ValueError, match=next(iter(change))):
            replace(SMALL, **change)


def test_older_configurations_are_read():
    values = json.loads(learned.PRESETS["wgan-gp"].to_json())
    for name in ("size", "color", "held_out", "precision"):
        del values[name]
    assert TrainConfig.from_json(json.dumps(values)) == learned.PRESETS["wgan-gp"]
