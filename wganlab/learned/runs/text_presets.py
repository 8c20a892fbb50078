"""The recipes of `presets` for lines of text: their objectives and constraints, with 1-D residuals.

Sizes are for a laptop, but for those with "-paper" at the end, which have the WGAN-GP paper's
settings for its language model; of clipping that paper has no such experiment, so that
"wgan-paper" is the WGAN code's optimizer and schedule with these networks.

References
----------
Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, section 5.4 and
the authors' code.
"""

from __future__ import annotations

from dataclasses import replace

from wganlab.learned.networks.folds import FoldConfig
from wganlab.learned.networks.language import TextResNetConfig
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.optimizers import Optimizer
from wganlab.learned.runs.config import TrainConfig
from wganlab.learned.runs.presets import PRESETS

TEXT = "text:shakespeare"
_SMALL = TextResNetConfig(filters=64, blocks=2, kernel=3)
_FAST = Optimizer(lr=3e-3, betas=(0.5, 0.9), schedule="linear")
_ADAM = Optimizer(lr=2e-4, betas=(0.5, 0.9))
_ROOT = Optimizer("rmsprop", 5e-4)
_BASE = TrainConfig(
    data=TEXT,
    critic=_SMALL,
    generator=_SMALL,
    latent=64,
    critic_optimizer=_FAST,
    generator_optimizer=_FAST,
    n_critic=4,
    batch=32,
    iterations=800,
    checkpoint=100,
)
_PAPER = replace(
    _BASE,
    critic=TextResNetConfig(),
    generator=TextResNetConfig(),
    latent=128,
    critic_optimizer=Optimizer(lr=1e-4, betas=(0.5, 0.9)),
    generator_optimizer=Optimizer(lr=1e-4, betas=(0.5, 0.9)),
    n_critic=10,
    batch=64,
    iterations=200_000,
    every=1000,
    checkpoint=1000,
)
_CLIPPED = replace(
    _BASE,
    constraint="clip",
    clip=0.05,
    critic_optimizer=_ROOT,
    generator_optimizer=_ROOT,
    n_critic=5,
)
_ADVERSARIAL = replace(
    _BASE,
    objective="non-saturating",
    constraint="none",
    critic_optimizer=_ADAM,
    generator_optimizer=_ADAM,
    n_critic=1,
)
# what a toy's preset has of its own, beside its networks and rates, holds of text too
_KEPT = ("objective", "constraint", "weight", "margin", "epsilon")

TEXT_PRESETS: dict[str, TrainConfig] = {
    "wgan-gp": _BASE,
    "wgan": _CLIPPED,
    "wgan-orthonormal": replace(_BASE, constraint="orthonormal", critic=FoldConfig()),
    "ebgan": replace(
        _ADVERSARIAL,
        objective="energy-based",
        margin=5.0,
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
        n_critic=5,
        phases="original",
    ),
    "wgan-gp-paper": _PAPER,
}
"""Those whose recipe for text is more than that of toys with other networks."""


def text_preset(name: str, data: str) -> TrainConfig:
    """The recipe of that name, one of `PRESETS`, for those lines.

    Examples
    --------
    >>> text_preset("wgan-gp-paper", "text:shakespeare").critic
    TextResNetConfig(filters=512, blocks=5, kernel=5)
    """
    if name in TEXT_PRESETS:
        return replace(TEXT_PRESETS[name], data=data)
    toy = PRESETS[name]
    base = _BASE if toy.objective == "wasserstein" else _ADVERSARIAL
    kept = {field: getattr(toy, field) for field in _KEPT}
    if toy.critic_free:
        kept["n_critic"] = 0
    if toy.objective == "mmd":  # lines that differ at k places are sqrt(2 k) apart
        kept["bandwidths"] = (2.0, 4.0, 8.0)
    return replace(base, data=data, **kept)
