"""Configurations: they come back from JSON as they were, and refuse what makes no sense."""

import json
from dataclasses import replace

import pytest

from wganlab.learned import (
    PRESETS,
    DCGANConfig,
    FoldConfig,
    MLPConfig,
    PatchConfig,
    ResNetConfig,
    TrainConfig,
)
from wganlab.learned.networks.by_kind import NETWORKS


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_comes_back_from_json(name):
    assert TrainConfig.from_json(PRESETS[name].to_json()) == PRESETS[name]


def changed(**values):
    return json.dumps({**json.loads(TrainConfig().to_json()), **values})


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("{", "no JSON"),
        ("[]", "no version"),
        ("{}", "no version"),
        (changed(version=99), "version 99"),
        (changed(n_critics=3), "did you mean 'n_critic'"),
        (changed(critic={"widht": 3}), "did you mean 'critic.width'"),
        (changed(batch="many"), "batch = 'many'"),
        (changed(critic=3), "critic"),
        (changed(critic={"kind": "unet"}), "choose from mlp, dcgan"),
        (changed(critic={"kind": "mlp", "folds": 3}), "no field 'critic.folds'"),
        (changed(generator_optimizer={"betas": 0.9}), "generator_optimizer"),
        (changed(colour=3), "no field 'colour'"),
        (changed(objective="wasserstien"), "choose from wasserstein"),
        (changed(average=1.5), "average = 1.5"),
        (changed(average=1), "less"),
        (changed(noise=-1), "noise = -1"),
        (changed(weight="heavy"), "weight = 'heavy'"),
        (changed(n_critic=0), "n_critic = 0"),
        (changed(objective="emd"), "give constraint = 'none', n_critic = 0"),
        (changed(objective="mmd", constraint="none"), "n_critic = 0"),
        (changed(objective="mmd", constraint="none", n_critic=0, phases="original"), "constant"),
        (changed(margin=0), "margin = 0"),
        (changed(epsilon=-1), "epsilon = -1"),
        (changed(bandwidths=[]), "give one or more"),
        (changed(bandwidths=[1, 0]), "bandwidths = 0"),
        (changed(bandwidths=1), "wrong type"),
    ],
)
def test_what_makes_no_sense_is_refused(text, reply):
    with pytest.raises(ValueError, match=reply):
        TrainConfig.from_json(text)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"kind": "fold", "folds": 3}, FoldConfig(folds=3)),
        ({"folds": 3}, FoldConfig(folds=3)),
        ({"kind": "dcgan"}, DCGANConfig()),
        ({"kernel": 2, "depth": 0}, PatchConfig(kernel=2)),
        ({"kernel": 5}, DCGANConfig(kernel=5)),
        ({"kind": "resnet", "plan": "cifar"}, ResNetConfig("cifar")),
        ({"repeat": 2}, ResNetConfig(repeat=2)),
        ({"width": 8}, MLPConfig(width=8)),
        ({"kind": "mlp"}, MLPConfig()),
    ],
)
def test_networks_are_told_by_their_kind(network, expected):
    config = TrainConfig.from_json(changed(critic=network))
    assert config.critic == expected
    assert TrainConfig.from_json(config.to_json()) == config
    assert json.loads(config.to_json())["critic"]["kind"] in NETWORKS


def test_fields_that_an_older_version_lacks_keep_their_defaults():
    assert TrainConfig.from_json('{"version": 1, "batch": 8}') == TrainConfig(batch=8)


def test_the_original_schedule():
    config = TrainConfig(phases="original", n_critic=5)
    steps = [config.critic_steps(k) for k in (0, 24, 25, 499, 500, 501, 1000)]
    assert steps == [100, 100, 5, 5, 100, 5, 100]
    assert replace(config, phases="constant").critic_steps(0) == 5


def test_instance_noise_falls_along_a_line():
    config = TrainConfig(noise=2.0, iterations=100)
    assert [config.noise_at(k) for k in (0, 25, 50, 99)] == [2.0, 1.5, 1.0, pytest.approx(0.02)]


def test_the_objective_has_the_margin_that_was_set():
    assert TrainConfig(objective="energy-based", margin=7.0).built_objective().margin == 7.0
