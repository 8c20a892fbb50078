"""Presets, held to the constant against the papers and the values chosen for laptops.

A field of a preset is what the papers have, or it is a value for laptops, with its reason; all
others are the defaults of the configuration, which are held here too.
"""

import math
from dataclasses import asdict, fields, replace

import pytest
import torch

from wganlab import learned
from wganlab.learned import PRESETS, Optimizer, TrainConfig
from wganlab.learned.runs.image_presets import IMAGE_PRESETS

WGAN = "Arjovsky, Chintala, Bottou 2017, algorithm 1: RMSProp 5e-5, c = 0.01, batch 64, 5 steps"
WGAN_CODE = "the authors' code: 100 critic steps in iterations 0 to 24 and every 500th"
GP = "Gulrajani et al. 2017, algorithm 1: lambda 10, 5 steps, Adam 1e-4 of betas (0, .9)"
GP_TOY = "its gan_toy.py: lambda .1, betas (.5, .9), batch 256, MLPs 2-512-512-512-1, 100,000"
PAPER_FIRST = f"{GP}: the paper's number where it states one, not that of its toy code"
GP_CODE = "its gan_64x64.py: 64 filters, layer norm in the critic, 128 latent, batch 64, 200,000"
GP_NETWORK = "its gan_64x64.py: 5x5 kernels, biases, linear ends"
GP_RESNET = "its gan_64x64.py: GoodGenerator, and GoodDiscriminator with layer norm"
GP_CIFAR = "its gan_cifar_resnet.py: labels, 128 filters, Adam 2e-4 (0, .9) down to 0, 100,000"
GAN = "Goodfellow et al. 2014, algorithm 1: 1 step; Radford et al. 2015: Adam's beta1 = .5"
LP = "Petzka et al. 2018: the penalty on slopes above 1 alone"
SN = "Miyato et al. 2018: every layer divided by its spectral norm; with the hinge 1 step"
DRAGAN = "Kodali et al. 2017: the penalty around the real points"
F_GAN = "Nowozin et al. 2016: the objective alone"
OTHERS = "the objective's own paper: the objective alone"

QUICK = "the papers' rates would take ten times as many steps"
NARROW = "networks that a laptop trains in minutes"
WARM = "an estimate in the first row is one"
EVEN = "falling to 0, so that the end does not swing"
KEPT = "without a constraint such a discriminator drives the generator away"

# the configuration's own values, from which a preset names what differs
DEFAULTS = {
    "data": "8gaussians", "size": 32, "color": "auto", "held_out": 0, "points": 0,
    "objective": "wasserstein", "margin": 1.0, "bandwidths": (0.1, 0.3, 1.0, 3.0), "epsilon": 0.2,
    "constraint": "gp", "weight": 10.0, "clip": 0.01, "critic": ("MLPConfig", {}),
    "generator": ("MLPConfig", {}), "latent": 2, "critic_optimizer": {}, "generator_optimizer": {},
    "n_critic": 5, "warm_up": 0, "phases": "constant", "batch": 256, "iterations": 3000,
    "average": 0.0, "noise": 0.0, "precision": "float32", "seed": 0,
    "every": 100, "checkpoint": 500, "keep_checkpoints": False, "generator_batch": 0,
    "clip_lower": None, "clip_when": "after", "critic_from": "", "generator_from": "",
    "dequantize": False, "labels": False, "class_weight": 1.0, "generator_class_weight": 0.1,
}  # fmt: skip
OPTIMIZER = {
    "name": "adam", "lr": 1e-3, "betas": (0.0, 0.9), "momentum": 0.0, "schedule": "constant",
}  # fmt: skip


def players(**changes):
    """Both optimizers alike."""
    return {"critic_optimizer": changes, "generator_optimizer": changes}


def networks(kind, **changes):
    """Both networks alike."""
    return {"critic": (kind, changes), "generator": (kind, changes)}


def convolutions(**critic):
    """The image networks of laptops, with what the critic has of its own."""
    return {
        "critic": ("DCGANConfig", {"filters": 16, "norm": "none", "init": "he"} | critic),
        "generator": ("DCGANConfig", {"filters": 16, "init": "he"}),
    }


FIVE = {"kernel": 5, "bias": True, "ends": "linear"}
NORMED = {"critic": ("DCGANConfig", {"filters": 16})}
ADVERSARIAL = {"objective": "non-saturating", "constraint": "none", "n_critic": 1}
SMALL = networks("MLPConfig", init="he")
LAPTOP = (SMALL, NARROW), (players(schedule="linear"), EVEN), ({"warm_up": 100}, WARM)
LAPTOP_GAN = (
    (SMALL, NARROW),
    (players(betas=(0.5, 0.999), schedule="linear"), f"{GAN}; {QUICK}; {EVEN}"),
)
LAPTOP_IMAGES = (
    ({"data": "mnist10k", "latent": 64, "batch": 64, "checkpoint": 100}, NARROW),
    (convolutions(), NARROW),
    ({"generator_class_weight": 1.0}, "at the code's .1 few images are as told in so short a run"),
)
PAPER_IMAGES = (
    ({"data": "mnist10k", "size": 64}, "64 x 64 pixels, as the papers' bedrooms"),
    (networks("DCGANConfig"), "64 filters, N(0, .02), batch norm: WGAN's DCGAN"),
    ({"every": 1000, "checkpoint": 1000}, "a look in two hundred"),
)


def judged(objective, source=OTHERS, **changes):
    """A discriminator's game at laptop's sizes."""
    own = {**ADVERSARIAL, "objective": objective, **changes}
    return (own, source), *LAPTOP_GAN


def alone(objective, **changes):
    """A generator without a discriminator."""
    own = {"objective": objective, "constraint": "none", "n_critic": 0, "iterations": 1000}
    return (own | changes, OTHERS), *LAPTOP_GAN


TOYS = {
    "wgan-gp": [
        ({"weight": 1.0}, "between the paper's 10 and its toy code's .1: the bias is seen"),
        *LAPTOP,
    ],
    "wgan-lp": [({"constraint": "lp"}, LP), *LAPTOP],
    "wgan": [
        ({"constraint": "clip"}, WGAN),
        ({"clip": 0.1}, "at .01 three hidden layers barely pass a signal on"),
        (SMALL, NARROW),
        (players(name="rmsprop", schedule="linear"), f"{QUICK}; {EVEN}"),
    ],
    "wgan-sn": [({"constraint": "sn"}, SN), *LAPTOP],
    "wgan-orthonormal": [
        ({"constraint": "orthonormal"}, "Anil, Lucas, Grosse 2019: MaxMin between the layers"),
        *LAPTOP,
        (
            {
                "critic": (
                    "MLPConfig",
                    {"width": 64, "depth": 5, "activation": "maxmin", "init": "he"},
                )
            },
            NARROW,
        ),
    ],
    "gan": judged("non-saturating", GAN),
    "gan-minimax": judged("minimax", GAN),
    "lsgan": judged("least-squares", constraint="sn"),
    "hinge": judged("hinge", SN, constraint="sn"),
    "loss-sensitive": judged("loss-sensitive", constraint="lp"),
    "ebgan": judged("energy-based", DRAGAN, constraint="dragan", weight=1.0, n_critic=3),
    "fgan-kl": judged("f-kl", f"{F_GAN}; {DRAGAN}: {KEPT}", constraint="dragan", weight=1.0),
    "fgan-reverse-kl": judged("f-reverse-kl", f"{F_GAN}; {KEPT}", constraint="sn"),
    "fgan-js": judged("f-js", F_GAN, constraint="sn"),
    "fgan-tv": judged("f-tv", f"{F_GAN}; {KEPT}", constraint="sn"),
    "fgan-pearson": judged("f-pearson", F_GAN, constraint="sn"),
    "gmmn": alone("mmd"),
    "sinkhorn": alone("sinkhorn", batch=128),
    "emd": alone("emd"),
    "wgan-paper": [
        ({"constraint": "clip", "clip": 0.01, "batch": 64, "n_critic": 5}, WGAN),
        (players(name="rmsprop", lr=5e-5), WGAN),
        ({"phases": "original"}, WGAN_CODE),
        (networks("MLPConfig", width=512, depth=3, init="gulrajani"), GP_TOY),
        ({"iterations": 100_000}, GP_TOY),
    ],
    "wgan-gp-paper": [
        ({"weight": 0.1, "batch": 256, "n_critic": 5, "iterations": 100_000}, GP_TOY),
        (players(lr=1e-4, betas=(0.0, 0.9)), PAPER_FIRST),
        (networks("MLPConfig", width=512, depth=3, init="gulrajani"), GP_TOY),
    ],
}
IMAGES = {
    "wgan-gp": [
        ({"n_critic": 3, "iterations": 1200}, QUICK),
        (players(betas=(0.5, 0.9), schedule="linear"), f"{GP_TOY}; {QUICK}; {EVEN}"),
        *LAPTOP_IMAGES,
    ],
    "wgan": [
        ({"constraint": "clip", "n_critic": 5}, WGAN),
        ({"clip": 0.02, "iterations": 600}, QUICK),
        (players(name="rmsprop", lr=5e-4), QUICK),
        *LAPTOP_IMAGES,
        (NORMED, "batch norm in the critic, as in WGAN's DCGAN"),
    ],
    "wgan-orthonormal": [
        ({"constraint": "orthonormal", "n_critic": 3, "iterations": 1200}, QUICK),
        (players(betas=(0.5, 0.9), schedule="linear"), f"{GP_TOY}; {QUICK}; {EVEN}"),
        *LAPTOP_IMAGES,
        ({"critic": ("FoldConfig", {})}, "convolutions that overlap cannot be orthonormal"),
    ],
    "ebgan": [
        ({"objective": "energy-based", "margin": 10.0}, OTHERS),
        ({"constraint": "dragan", "weight": 1.0}, f"{DRAGAN}: {KEPT}"),
        ({"n_critic": 3, "iterations": 2000}, QUICK),
        (players(lr=5e-4, betas=(0.5, 0.999)), f"{GAN}; {QUICK}"),
        *LAPTOP_IMAGES,
        ({"critic": ("MLPConfig", {"width": 256, "depth": 2, "init": "he"})}, "an auto-encoder"),
    ],
    "wgan-paper": [
        ({"constraint": "clip", "clip": 0.01, "batch": 64, "n_critic": 5}, WGAN),
        ({"latent": 100}, "the authors' code: 100 latent dimensions"),
        (players(name="rmsprop", lr=5e-5), WGAN),
        ({"phases": "original"}, WGAN_CODE),
        ({"iterations": 200_000}, "as the other paper's, none is stated"),
        *PAPER_IMAGES,
    ],
    "wgan-gp-paper": [
        ({"weight": 10.0, "n_critic": 5}, GP),
        (players(lr=1e-4, betas=(0.0, 0.9)), GP),
        ({"latent": 128, "batch": 64, "iterations": 200_000}, GP_CODE),
        *PAPER_IMAGES,
        (networks("DCGANConfig", **FIVE), GP_NETWORK),
        ({"critic": ("DCGANConfig", {"norm": "layer", **FIVE})}, GP_CODE),
    ],
    "wgan-gp-resnet-paper": [
        ({"weight": 10.0, "n_critic": 5}, GP),
        (players(lr=1e-4, betas=(0.0, 0.9)), GP),
        ({"latent": 128, "batch": 64, "iterations": 200_000}, GP_CODE),
        *PAPER_IMAGES,
        (networks("ResNetConfig", plan="good", filters=64, norm="batch"), GP_RESNET),
        ({"critic": ("ResNetConfig", {"filters": 64, "norm": "layer"})}, GP_RESNET),
    ],
    "wgan-gp-cifar-paper": [
        ({"weight": 10.0, "n_critic": 5}, GP),
        (players(lr=2e-4, betas=(0.0, 0.9), schedule="linear"), GP_CIFAR),
        ({"latent": 128, "batch": 64, "iterations": 100_000}, GP_CIFAR),
        *PAPER_IMAGES,
        ({"size": 32, "labels": True, "dequantize": True, "generator_batch": 128}, GP_CIFAR),
        (networks("ResNetConfig", plan="cifar", filters=128, norm="batch"), GP_CIFAR),
        ({"critic": ("ResNetConfig", {"plan": "cifar", "filters": 128, "norm": "none"})}, GP_CIFAR),
    ],
}


def changes(value, base):
    """Fields of a dataclass that are not the base's."""
    entries = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: entry for name, entry in entries.items() if entry != base[name]}


def told(config):
    """A configuration in the words of the tables: every field of it."""
    found = {field.name: getattr(config, field.name) for field in fields(config)}
    for player in ("critic", "generator"):
        network, optimizer = found[player], f"{player}_optimizer"
        base = {field.name: getattr(type(network)(), field.name) for field in fields(network)}
        found[player] = (type(network).__name__, changes(network, base))
        found[optimizer] = changes(found[optimizer], OPTIMIZER)
    return found


def written(entries):
    """What the tables say of a preset: later entries win, and each has its reason."""
    found = dict(DEFAULTS)
    for entry, reason in entries:
        assert len(reason) > 10
        found |= entry
    for player in ("critic", "generator"):
        (kind, own), optimizer = found[player], f"{player}_optimizer"
        base = getattr(learned, kind)()
        found[player] = (kind, {k: v for k, v in own.items() if v != getattr(base, k)})
        found[optimizer] = {k: v for k, v in found[optimizer].items() if v != OPTIMIZER[k]}
    return found


def test_the_defaults_are_those_of_the_tables():
    assert told(TrainConfig()) == DEFAULTS
    assert asdict(Optimizer()) == OPTIMIZER  # WGAN-GP's betas


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_its_papers_or_a_laptops(name):
    assert told(PRESETS[name]) == written(TOYS[name])


def test_all_presets_of_images_are_in_the_tables():
    assert IMAGES.keys() == IMAGE_PRESETS.keys()


@pytest.mark.parametrize("name", IMAGES)
def test_a_preset_of_images_is_its_papers_or_a_laptops(name):
    assert told(learned.preset(name, "mnist10k")) == written(IMAGES[name])


@pytest.mark.parametrize("name", sorted(PRESETS.keys() - IMAGES.keys()))
def test_other_presets_keep_what_is_theirs_for_images(name):
    config = learned.preset(name, "mnist10k")
    expected = written(IMAGES["wgan-gp"])
    if config.objective != "wasserstein":
        expected |= {"n_critic": 1, "iterations": 2000, **NORMED}
        expected |= players(lr=5e-4, betas=(0.5, 0.999))
    own, _ = TOYS[name][0]
    expected |= {k: own[k] for k in own.keys() - {"batch", "iterations"}}
    expected |= {"n_critic": written(TOYS[name])["n_critic"]}
    if expected["constraint"] != "none":  # no penalty and no bound goes with batch norm
        expected |= {"critic": convolutions()["critic"]}
    if config.objective == "mmd":
        expected |= {"bandwidths": (3.0, 10.0, 30.0)}
    assert told(config) == expected


def test_presets_named_after_papers_are_in_the_tables_of_points_and_of_images():
    papers = {name for name in PRESETS if name.endswith("-paper")}
    assert papers == {"wgan-paper", "wgan-gp-paper"}
    assert papers <= TOYS.keys() & IMAGES.keys()


def test_the_penalty_s_paper_is_held_to_the_constant():
    table = {  # Gulrajani et al. 2017: algorithm 1; gan_toy.py of points, gan_64x64.py of images
        None: {"weight": 0.1, "batch": 256, "latent": 2, "iterations": 100_000},
        "folder:rooms": {"weight": 10.0, "batch": 64, "latent": 128, "iterations": 200_000},
    }
    for source, numbers in table.items():
        config = learned.preset("wgan-gp-paper", source)
        assert {name: getattr(config, name) for name in numbers} == numbers
        for optimizer in (config.critic_optimizer, config.generator_optimizer):
            assert (optimizer.name, optimizer.lr, optimizer.betas) == ("adam", 1e-4, (0.0, 0.9))
        assert (config.n_critic, config.constraint, config.warm_up) == (5, "gp", 0)


def test_points_keep_their_preset_and_images_have_their_own():
    assert learned.preset("wgan-gp") == PRESETS["wgan-gp"]
    assert learned.preset("wgan-gp", "cube") == replace(PRESETS["wgan-gp"], data="cube")
    assert learned.preset("wgan", "emoji") == replace(
        learned.preset("wgan", "mnist10k"), data="emoji"
    )


def test_the_papers_networks_have_the_papers_numbers_of_weights():
    config, start = learned.preset("wgan-paper", "folder:rooms"), torch.Generator()
    shape = (3, config.size, config.size)
    made = (
        config.critic.critic_for(shape, start),
        config.generator.generator_for(config.latent, shape, start),
    )
    counts = [sum(weight.numel() for weight in network.parameters()) for network in made]
    assert counts == [2_765_568, 3_576_704]


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_takes_a_step(name):
    preset = PRESETS[name]
    config = replace(preset, batch=4, iterations=1, every=1, warm_up=min(preset.warm_up, 1))
    run = learned.train(config, progress=False, device="cpu")
    assert math.isfinite(run.history[-1]["estimate"])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PRESETS if not name.endswith("-paper")])
def test_a_preset_for_images_takes_a_step(name):
    config = replace(learned.preset(name, "glyphs"), size=8, batch=4, iterations=1, every=1)
    run = learned.train(config, progress=False, device="cpu")
    assert math.isfinite(run.history[-1]["estimate"])
    assert run.sample(2, torch.Generator()).shape == (2, 1, 8, 8)
