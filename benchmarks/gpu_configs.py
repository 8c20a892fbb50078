"""What the checks of `gpu.py` train: presets, every network, all of them small."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gpu_runs import plain

from wganlab import learned
from wganlab.learned import (
    DCGANConfig,
    FoldConfig,
    MLPConfig,
    PatchConfig,
    ResNetConfig,
    TextResNetConfig,
)
from wganlab.learned.runs.image_presets import IMAGE_PRESETS

SMALL = learned.TrainConfig(
    critic=MLPConfig(32, 2, "silu"), generator=MLPConfig(32, 2, "silu"), batch=64, n_critic=2
)
IMAGES = learned.TrainConfig(
    data="mnist10k",
    size=16,
    latent=8,
    batch=16,
    n_critic=2,
    critic=DCGANConfig(8, norm="none", init="he"),
    generator=DCGANConfig(8, init="he"),
)
_FIVE = DCGANConfig(8, kernel=5, bias=True, ends="linear", init="gulrajani")
NETWORKS = {
    "MLP, ReLU": replace(SMALL, critic=MLPConfig(64, 3), generator=MLPConfig(64, 3)),
    "MLP, layer norm": replace(SMALL, critic=MLPConfig(64, 3, norm="layer")),
    "MLP, batch norm": replace(SMALL, constraint="none", critic=MLPConfig(64, 3, norm="batch")),
    "MLP, group sort": replace(SMALL, constraint="orthonormal", critic=MLPConfig(64, 3, "maxmin")),
    "auto-encoder": replace(SMALL, objective="energy-based", constraint="none"),
    "instance noise": replace(SMALL, noise=0.2, points=100, average=0.5),
    "DCGAN": IMAGES,
    "DCGAN, layer norm": replace(IMAGES, critic=DCGANConfig(8, norm="layer")),
    "DCGAN, batch norm": replace(IMAGES, critic=DCGANConfig(8), constraint="clip"),
    "DCGAN, constant, extra": replace(
        IMAGES, generator=DCGANConfig(8, growth="constant", extra=1, norm="none")
    ),
    "DCGAN, spectral norm": replace(IMAGES, constraint="sn"),
    "patches": replace(IMAGES, critic=PatchConfig(16), constraint="orthonormal"),
    "folds": replace(IMAGES, critic=FoldConfig(32), constraint="orthonormal"),
    "DCGAN, 5x5, biases, linear ends": replace(
        IMAGES, critic=replace(_FIVE, norm="layer"), generator=_FIVE, size=28
    ),
    "DCGAN, gated": replace(
        IMAGES,
        critic=replace(_FIVE, norm="none", activation="gated"),
        generator=replace(_FIVE, activation="gated"),
    ),
    "residual": replace(
        IMAGES, critic=ResNetConfig("good", 8, "layer"), generator=ResNetConfig("good", 8)
    ),
    "residual of CIFAR, labels": replace(
        IMAGES,
        labels=True,
        critic=ResNetConfig("cifar", 8, "none"),
        generator=ResNetConfig("cifar", 8),
    ),
    "residual, 101 layers": replace(
        IMAGES,
        critic=ResNetConfig("bottleneck", 8, "layer"),
        generator=ResNetConfig("bottleneck", 8),
    ),
    "DCGAN, labels": replace(IMAGES, labels=True),
    "the papers' options": replace(
        IMAGES,
        constraint="clip",
        clip=0.05,
        clip_lower=-0.02,
        clip_when="before",
        critic=DCGANConfig(8),
        generator_batch=32,
        dequantize=True,
    ),
    "text": replace(
        SMALL,
        data="text:shakespeare:length=16,lines=1000",
        critic=TextResNetConfig(16, 2, 3),
        generator=TextResNetConfig(16, 2, 3),
        batch=16,
    ),
    "MLP of images": replace(IMAGES, generator=MLPConfig(64, 2)),
}

_RELU = replace(SMALL, critic=MLPConfig(32, 2), generator=MLPConfig(32, 2))
_ROOT = learned.Optimizer("rmsprop", 1e-4, momentum=0.5)
COMPILED = {
    "gp": plain(_RELU),
    "clip": replace(
        plain(replace(SMALL, constraint="clip", clip=0.1, noise=0.1)), critic_optimizer=_ROOT
    ),
    "sn": plain(replace(SMALL, constraint="sn", objective="hinge")),
    "orthonormal": plain(NETWORKS["MLP, group sort"]),
    "images": plain(IMAGES),
    "images, batch norm": plain(NETWORKS["DCGAN, batch norm"]),
    "images, layer norm": plain(NETWORKS["DCGAN, layer norm"]),
}


def compared(quick: bool) -> dict[str, learned.TrainConfig]:
    """What is held against the CPU: presets of toys and of images, and every network."""
    found = {name: plain(config) for name, config in learned.PRESETS.items()}
    for name in dict.fromkeys([*learned.PRESETS, *IMAGE_PRESETS]):
        config = learned.preset(name, "mnist10k")
        found[f"{name}, images"] = plain(narrow(config))
    found |= {name: plain(config) for name, config in NETWORKS.items()}
    if quick:
        chosen = ("wgan-gp", "sinkhorn", "ebgan, images", "DCGAN", "folds", "residual")
        chosen += ("DCGAN, gated", "residual of CIFAR, labels", "the papers' options", "text")
        found = {name: plain(narrow(found[name])) for name in chosen}
    steps = {name: min(config.n_critic, 2) for name, config in found.items()}
    return {name: replace(config, n_critic=steps[name]) for name, config in found.items()}


def paper_runs(quick: bool) -> dict[str, learned.TrainConfig]:
    """The WGAN paper's figures 5 to 7: a WGAN and a GAN with each of its generators."""
    wgan = learned.preset("wgan-paper", "faces")
    rate = learned.Optimizer("adam", 2e-4, betas=(0.5, 0.999))
    gan = replace(
        wgan,
        objective="non-saturating",
        constraint="none",
        n_critic=1,
        phases="constant",
        critic_optimizer=rate,
        generator_optimizer=rate,
    )
    dcgan = DCGANConfig(8 if quick else 64)
    generators = {
        "wgan_fig5": dcgan,
        "wgan_fig6": replace(dcgan, growth="constant", norm="none", init="he"),
        "wgan_fig7": MLPConfig(32 if quick else 512, 3),
    }
    small: dict[str, Any] = {"size": 16, "batch": 8, "phases": "constant"} if quick else {}
    return {
        f"{figure}-{name}": replace(base, critic=dcgan, generator=generator, **small)
        for figure, generator in generators.items()
        for name, base in (("wgan", wgan), ("gan", gan))
    }


def narrow(config: learned.TrainConfig) -> learned.TrainConfig:
    """Images of 16 px, batches of 16, 8 filters, as a CPU can do them soon."""
    small = {"filters": 8, "planes": 16, "width": 32}

    def narrowed(network: Any) -> Any:
        return replace(network, **{k: v for k, v in small.items() if hasattr(network, k)})

    return replace(
        config,
        size=16 if config.of_images else config.size,
        batch=16,
        critic=narrowed(config.critic),
        generator=narrowed(config.generator),
    )
