"""The field's recipes, at sizes for a laptop, and with "-paper" at the end those of the papers.

References
----------
Arjovsky et al., "Wasserstein GAN", 2017, arXiv 1701.07875, algorithm 1, and the authors' code.
Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, algorithm 1, and
its toy code, whose beta1 is .5: where the paper states a number, here it is the paper's. For images
see `image_presets`. Miyato et al., "Spectral Normalization for Generative Adversarial Networks",
2018, arXiv 1802.05957: hinge. Of the other objectives' papers, whose experiments are with images,
the presets have the objective alone.
"""

from __future__ import annotations

from dataclasses import replace

from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.optimizers import Optimizer
from wganlab.learned.runs.config import TrainConfig

# Sizes for a laptop, where the papers' rates of 5e-5 and 1e-4 would take ten times as many steps.
_SMALL = MLPConfig(width=128, depth=3, init="he")
_FAST = Optimizer(lr=1e-3, schedule="linear")
_GAN = Optimizer(lr=1e-3, betas=(0.5, 0.999), schedule="linear")
_LAPTOP = TrainConfig(
    critic=_SMALL,
    generator=_SMALL,
    critic_optimizer=_FAST,
    generator_optimizer=_FAST,
    warm_up=100,
)
_ROOT = Optimizer("rmsprop", 1e-3, schedule="linear")
_CLIPPED = replace(  # at the paper's bound, .01, three hidden layers barely pass a signal on
    _LAPTOP,
    constraint="clip",
    clip=0.1,
    critic_optimizer=_ROOT,
    generator_optimizer=_ROOT,
    warm_up=0,  # warmed up, its slope is so large that the generator's first steps fling it away
)
_SORTED = MLPConfig(width=64, depth=5, activation="maxmin", init="he")
_ADVERSARIAL = replace(
    _LAPTOP,
    objective="non-saturating",
    constraint="none",
    critic_optimizer=_GAN,
    generator_optimizer=_GAN,
    n_critic=1,
    warm_up=0,
)
# Without a constraint discriminators of the f-GANs drive the generator away: f-tv to where they are
# flat, f-kl and f-reverse-kl to infinity.
_KEPT = replace(_ADVERSARIAL, constraint="dragan", weight=1.0)
_ALONE = replace(_ADVERSARIAL, objective="emd", n_critic=0, iterations=1000)
_WIDE = MLPConfig(width=512, depth=3, init="gulrajani")

PRESETS: dict[str, TrainConfig] = {
    "wgan-gp": replace(_LAPTOP, weight=1.0),
    "wgan-lp": replace(_LAPTOP, constraint="lp"),
    "wgan": _CLIPPED,
    "wgan-sn": replace(_LAPTOP, constraint="sn"),
    "wgan-orthonormal": replace(_LAPTOP, constraint="orthonormal", critic=_SORTED),
    "gan": _ADVERSARIAL,
    "gan-minimax": replace(_ADVERSARIAL, objective="minimax"),
    "lsgan": replace(_ADVERSARIAL, objective="least-squares", constraint="sn"),
    "hinge": replace(_ADVERSARIAL, objective="hinge", constraint="sn"),
    "loss-sensitive": replace(_ADVERSARIAL, objective="loss-sensitive", constraint="lp"),
    "ebgan": replace(_KEPT, objective="energy-based", n_critic=3),
    "fgan-kl": replace(_KEPT, objective="f-kl"),
    "fgan-reverse-kl": replace(_ADVERSARIAL, objective="f-reverse-kl", constraint="sn"),
    "fgan-js": replace(_ADVERSARIAL, objective="f-js", constraint="sn"),
    "fgan-tv": replace(_ADVERSARIAL, objective="f-tv", constraint="sn"),
    "fgan-pearson": replace(_ADVERSARIAL, objective="f-pearson", constraint="sn"),
    "gmmn": replace(_ALONE, objective="mmd"),
    "sinkhorn": replace(_ALONE, objective="sinkhorn", batch=128),
    "emd": _ALONE,
    "wgan-paper": TrainConfig(
        constraint="clip",
        critic=_WIDE,
        generator=_WIDE,
        critic_optimizer=Optimizer("rmsprop", 5e-5),
        generator_optimizer=Optimizer("rmsprop", 5e-5),
        batch=64,
        phases="original",
        iterations=100_000,
    ),
    "wgan-gp-paper": TrainConfig(
        weight=0.1,
        critic=_WIDE,
        generator=_WIDE,
        critic_optimizer=Optimizer(lr=1e-4, betas=(0.0, 0.9)),
        generator_optimizer=Optimizer(lr=1e-4, betas=(0.0, 0.9)),
        iterations=100_000,
    ),
}
"""By the names of the command line."""
