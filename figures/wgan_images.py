"""The runs on images that the WGAN paper's figures 3 to 8 are made of.

A WGAN and a standard GAN, each with four pairs of networks: an MLP, a DCGAN and one of constant
filters without batch norm as generator, all against DCGAN critics; and MLPs against MLPs with
substantially high learning rates, which are meant to fail. A run is trained once for all
figures that show it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from figures import image_runs
from wganlab.learned import DCGANConfig, MLPConfig, preset

if TYPE_CHECKING:
    from figures.image_runs import Kept
    from wganlab.learned import TrainConfig

SLOWER = 0.6  # the rate of an MLP that generates, as a share of its critic's
FACTOR = {"wgan": 20, "gan": 10}  # of the rates that are high
PAPER = (
    "The paper: bedrooms (LSUN) of 64 × 64 pixels in color, 64 filters, latent 100, some 100,000 "
    "iterations"
)


@dataclass(frozen=True)
class Size:
    """What a profile spends; by kind where a WGAN and a GAN differ."""

    side: int
    filters: int
    units: int  # of a layer of an MLP
    latent: int
    batch: int
    n: int  # images of each law in a linear program
    records: int
    looks: int  # of them with exact distances
    iterations: dict[str, int]
    rates: dict[str, float]
    clip: float
    classified: int  # steps of the classifier
    sampled: int  # images that are classified


SIZES = {
    "quick": Size(
        *(8, 4, 16, 8, 8, 40, 6, 2),
        iterations={"wgan": 6, "gan": 6},
        rates={"wgan": 5e-4, "gan": 5e-4},
        clip=0.02,
        classified=5,
        sampled=40,
    ),
    "laptop": Size(
        *(32, 16, 512, 64, 64, 500, 40, 20),
        iterations={"wgan": 320, "gan": 640},
        rates={"wgan": 5e-4, "gan": 5e-4},
        clip=0.02,
        classified=600,
        sampled=1000,
    ),
    "paper": Size(
        *(64, 64, 512, 100, 64, 1000, 400, 40),
        iterations={"wgan": 200_000, "gan": 200_000},
        rates={"wgan": 5e-5, "gan": 2e-4},
        clip=0.01,
        classified=600,
        sampled=1000,
    ),
}


def config(kind: str, pair: str, profile: str) -> TrainConfig:
    """Of a wgan or a gan with that pair of networks: dcgan, mlp, constant, high."""
    size = SIZES[profile]
    base = preset(kind, image_runs.source(profile))
    rate = size.rates[kind] * (FACTOR[kind] if pair == "high" else 1)
    optimizer = replace(base.critic_optimizer, lr=rate)
    dcgan, mlp = DCGANConfig(filters=size.filters), MLPConfig(width=size.units, depth=3)
    constant = replace(dcgan, growth="constant", norm="none")
    full = replace(
        base,
        size=size.side,
        latent=size.latent,
        batch=size.batch,
        clip=size.clip,
        generator={"dcgan": dcgan, "constant": constant}.get(pair, mlp),
        critic=mlp if pair == "high" else dcgan,
        critic_optimizer=optimizer,
        generator_optimizer=optimizer,
        phases="original" if (kind, profile) == ("wgan", "paper") else "constant",
        iterations=size.iterations[kind],
        every=size.iterations[kind] // size.records,
        checkpoint=1000 if profile == "paper" else base.checkpoint,
    )
    return plain(full) if pair in ("mlp", "constant") and profile != "paper" else full


def plain(full: TrainConfig) -> TrainConfig:
    """Against a generator without batch norm: a critic without it, and weights by He.

    With batch norm in the critics the EM of such WGANs only went up and down in 320 steps, between
    19 and 32, and the pixels of a GAN's MLP left [-1, 1] by far.
    """
    assert isinstance(full.critic, DCGANConfig)
    rate = full.generator_optimizer.lr
    if isinstance(full.generator, MLPConfig):
        rate *= SLOWER
    assert isinstance(full.generator, MLPConfig | DCGANConfig)
    return replace(
        full,
        clip=1.5 * full.clip,
        critic=replace(full.critic, norm="none", init="he"),
        generator=replace(full.generator, init="he"),
        generator_optimizer=replace(full.generator_optimizer, lr=rate),
    )


def run(kind: str, pair: str, profile: str) -> Kept:
    """That run, at its end."""
    size = SIZES[profile]
    look = image_runs.Look(size.n, size.records // size.looks)
    return image_runs.kept(f"{kind}_{pair}", config(kind, pair, profile), look, profile)


def told(one: TrainConfig, profile: str) -> str:
    """What the captions of all these figures begin with."""
    size = SIZES[profile]
    device = "GPU" if profile == "paper" and torch.cuda.is_available() else "CPU"
    return (
        f"{one.data} at {size.side} px, d = {one.law().dim:,}; latent {size.latent}, batch "
        f"{size.batch}, one run each, seed {one.seed}, {device}. DCGANs: {size.filters} filters "
        "next to the image, batch norm."
    )


def mlps(profile: str) -> str:
    """What MLPs are, for captions."""
    return (
        f" MLPs: 3 hidden layers of {SIZES[profile].units} ReLU units, no tanh at the end, so that "
        "pixels may leave [-1, 1]."
    )


def trained(kind: str, one: TrainConfig) -> str:
    """How, for captions."""
    rate = f"{one.critic_optimizer.lr:g}"
    if kind == "wgan":
        return (
            f"WGAN: weight clipping at c = {one.clip:g}, {one.n_critic} critic steps an iteration, "
            f"RMSProp at {rate}"
        )
    betas = one.critic_optimizer.betas
    return f"GAN: non-saturating, one discriminator step an iteration, Adam {betas} at {rate}"


def excepted(kind: str, one: TrainConfig) -> str:
    """What is else with a generator without batch norm, for captions."""
    assert isinstance(one.critic, DCGANConfig)
    if one.critic.norm != "none":
        return ""
    mlp = isinstance(one.generator, MLPConfig)
    clip = f", c = {one.clip:g}" if kind == "wgan" else ""
    rate = f", the generator's rate {one.generator_optimizer.lr:g}" if mlp else ""
    return (
        f" Against the {'MLP' if mlp else 'constant'} generator: no batch norm in the DCGAN "
        f"{'critic' if kind == 'wgan' else 'discriminator'} either{clip}{rate}, weights by He; "
        "with batch norm there the WGAN's EM only went up and down, between 19 and 32."
    )
