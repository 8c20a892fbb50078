"""The recipes of `presets` for images: their objectives and constraints, with convolutions.

Sizes are for a laptop, 32 pixels and 16 filters, of faces 16 pixels and 32 or 64 filters, but for
those with "-paper" at the end, which have the papers' settings for images: 64 pixels, 64 filters;
two of them are for images alone.

References
----------
Arjovsky et al., "Wasserstein GAN", 2017, arXiv 1701.07875, algorithm 1, and the authors' code.
Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, algorithm 1, and
the authors' code, 128 latent dimensions, convolutions of 5x5, residual networks, classes of
CIFAR-10; for figure 2 their appendix has a beta1 of .5. Radford et al., "DCGAN", 2015, arXiv
1511.06434.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from wganlab.data.image_sources import is_image_source
from wganlab.data.language import is_text_source
from wganlab.learned.networks.dcgan import DCGANConfig
from wganlab.learned.networks.folds import FoldConfig
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.networks.residual import ResNetConfig
from wganlab.learned.optimizers import Optimizer
from wganlab.learned.runs.config import TrainConfig
from wganlab.learned.runs.presets import PRESETS
from wganlab.learned.runs.text_presets import text_preset

_FAST = Optimizer(lr=1e-3, betas=(0.5, 0.9), schedule="linear")
_ADAM = Optimizer(lr=5e-4, betas=(0.5, 0.999))
_ROOT = Optimizer("rmsprop", 5e-4)
_CRITIC = DCGANConfig(filters=16, norm="none", init="he")
_NORMED = DCGANConfig(filters=16)
_BASE = TrainConfig(
    data="mnist10k",
    critic=_CRITIC,
    generator=DCGANConfig(filters=16, init="he"),
    latent=64,
    critic_optimizer=_FAST,
    generator_optimizer=_FAST,
    n_critic=3,
    batch=64,
    iterations=1200,
    checkpoint=100,
    generator_class_weight=1.0,  # at the paper's .1, of use in 100,000 iterations, few are as told
)
_CLIPPED = replace(
    _BASE,
    constraint="clip",
    clip=0.02,
    critic=_NORMED,
    critic_optimizer=_ROOT,
    generator_optimizer=_ROOT,
    n_critic=5,
    iterations=600,
)
_ADVERSARIAL = replace(
    _BASE,
    objective="non-saturating",
    constraint="none",
    critic=_NORMED,
    critic_optimizer=_ADAM,
    generator_optimizer=_ADAM,
    n_critic=1,
    iterations=2000,
)
_PAPER = replace(
    _BASE,
    size=64,
    critic=DCGANConfig(),
    generator=DCGANConfig(),
    latent=100,
    n_critic=5,
    iterations=200_000,
    every=1000,
    checkpoint=1000,
    generator_class_weight=0.1,
)
_PENALIZED = replace(
    _PAPER,
    latent=128,
    critic_optimizer=Optimizer(lr=1e-4, betas=(0.0, 0.9)),
    generator_optimizer=Optimizer(lr=1e-4, betas=(0.0, 0.9)),
)
_FIVE = DCGANConfig(kernel=5, bias=True, ends="linear")
# what a toy's preset has of its own, beside its networks and rates, holds of images too
_KEPT = (*("objective", "constraint", "weight", "margin", "epsilon", "n_critic"),)


def preset(name: str, data: str | None = None) -> TrainConfig:
    """The recipe of that name for that data.

    Parameters
    ----------
    name : str
        One of `PRESETS` or `IMAGE_PRESETS`.
    data : str, optional
        As `TrainConfig.data` has it; the preset's own if not given.

    Raises
    ------
    ValueError
        If the recipe is for images, and the data is none.

    Examples
    --------
    >>> preset("wgan-gp").critic.width, preset("wgan-gp", "emoji").critic.filters
    (128, 16)
    """
    of_images = data is not None and is_image_source(data)
    if name not in PRESETS and not of_images:
        raise ValueError(f"preset {name} is for images: give data = 'mnist10k' or another set")
    if data is not None and is_text_source(data):
        return text_preset(name, data)
    if data is None or not of_images:
        toy = PRESETS[name]
        return toy if data is None else replace(toy, data=data)
    found = replace(_for_images(name), data=data)
    of_faces = re.sub(r"\[.*", "", data) == "faces" and not name.endswith("-paper")
    return _for_faces(found) if of_faces else found


def _for_images(name: str) -> TrainConfig:
    if name in IMAGE_PRESETS:
        return IMAGE_PRESETS[name]
    toy = PRESETS[name]
    base = _BASE if toy.objective == "wasserstein" else _ADVERSARIAL
    kept = {field: getattr(toy, field) for field in _KEPT}
    if toy.constraint != "none":
        kept["critic"] = _CRITIC
    if toy.objective == "mmd":
        kept["bandwidths"] = (3.0, 10.0, 30.0)
    return replace(base, **kept)


def _for_faces(config: TrainConfig) -> TrainConfig:
    """At the 16 pixels of faces: a third of the time of 32, for more filters and iterations.

    There are fewer looks, for reading 1,000 faces takes some seconds.
    """
    networks: dict[str, Any] = {
        player: replace(network, filters=filters)
        for player, filters in (("critic", 32), ("generator", 64))
        if isinstance(network := getattr(config, player), DCGANConfig)
    }
    iterations = 5 * config.iterations // 2
    return replace(config, size=16, average=0.995, iterations=iterations, every=250, **networks)


IMAGE_PRESETS: dict[str, TrainConfig] = {
    "wgan-gp": _BASE,
    "wgan": _CLIPPED,
    "wgan-orthonormal": replace(_BASE, constraint="orthonormal", critic=FoldConfig()),
    "ebgan": replace(
        _ADVERSARIAL,
        objective="energy-based",
        margin=10.0,
        constraint="dragan",
        weight=1.0,
        n_critic=3,
        critic=MLPConfig(width=256, depth=2, init="he"),
    ),
    "wgan-paper": replace(
        _PAPER,
        constraint="clip",
        critic_optimizer=Optimizer("rmsprop", 5e-5),
        generator_optimizer=Optimizer("rmsprop", 5e-5),
        phases="original",
    ),
    "wgan-gp-paper": replace(
        _PENALIZED,
        critic=replace(_FIVE, norm="layer"),
        generator=_FIVE,
    ),
    "wgan-gp-resnet-paper": replace(
        _PENALIZED,
        critic=ResNetConfig("good", 64, "layer"),
        generator=ResNetConfig("good", 64),
    ),
    "wgan-gp-cifar-paper": replace(
        _PENALIZED,
        size=32,
        labels=True,
        dequantize=True,
        generator_batch=128,
        critic=ResNetConfig("cifar", 128, "none"),
        generator=ResNetConfig("cifar", 128),
        critic_optimizer=Optimizer(lr=2e-4, betas=(0.0, 0.9), schedule="linear"),
        generator_optimizer=Optimizer(lr=2e-4, betas=(0.0, 0.9), schedule="linear"),
        iterations=100_000,
    ),
}
"""Those whose recipe for images is more than that of toys with other networks."""
