"""The runs on images that the WGAN paper's figures 3 to 8 are made of.

A WGAN and a standard GAN, each with four pairs of networks, as the authors' code has them: an MLP,
a DCGAN and one of constant filters without batch norm as generator, all against DCGAN critics with
batch norm; and MLPs against MLPs with substantially high learning rates, which are meant to fail.
The weights of the constant generator start by He: at the code's N(0, .02) it has no signal of the
noise to begin with. A run is trained once for all figures that show it.
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

FACTOR = {"wgan": 20, "gan": 10}  # of the rates that are high
SEVERAL = ("constant", "mlp")  # pairs whose claim is held against several seeds
PAPER = "The paper: bedrooms (LSUN) at 64 px, 64 filters, some 100,000 iterations"


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
    seeds: int  # of the pairs of SEVERAL
    classified: int  # steps of the classifier, of images with classes
    sampled: int  # images whose attributes or classes are read
    clip: float = 0.01


SIZES = {
    "quick": Size(
        *(16, 4, 16, 8, 8, 40, 6, 2),
        iterations={"wgan": 6, "gan": 6},
        rates={"wgan": 5e-4, "gan": 5e-4},
        seeds=1,
        classified=5,
        sampled=40,
    ),
    "laptop": Size(
        *(16, 32, 512, 64, 64, 500, 40, 20),
        iterations={"wgan": 600, "gan": 1200},
        rates={"wgan": 5e-4, "gan": 2e-4},
        seeds=1,
        classified=600,
        sampled=1000,
    ),
    "long": Size(
        *(16, 32, 512, 64, 64, 1000, 80, 20),
        iterations={"wgan": 4000, "gan": 5000},
        rates={"wgan": 2e-4, "gan": 2e-4},
        seeds=3,
        classified=600,
        sampled=1000,
    ),
    "paper": Size(
        *(64, 64, 512, 100, 64, 1000, 400, 40),
        iterations={"wgan": 200_000, "gan": 200_000},
        rates={"wgan": 5e-5, "gan": 2e-4},
        seeds=1,
        classified=600,
        sampled=1000,
    ),
}


def config(kind: str, pair: str, profile: str, seed: int = 0) -> TrainConfig:
    """Of a wgan or a gan with that pair of networks: dcgan, mlp, constant, high."""
    size = SIZES[profile]
    base = preset(kind, image_runs.source(profile))
    rate = size.rates[kind] * (FACTOR[kind] if pair == "high" else 1)
    optimizer = replace(base.critic_optimizer, lr=rate)
    dcgan, mlp = DCGANConfig(filters=size.filters), MLPConfig(width=size.units, depth=3)
    constant = replace(
        dcgan, growth="constant", norm="none", init="normal" if profile == "paper" else "he"
    )
    return replace(
        base,
        size=size.side,
        latent=size.latent,
        batch=size.batch,
        clip=size.clip,
        average=0.0,
        generator={"dcgan": dcgan, "constant": constant}.get(pair, mlp),
        critic=mlp if pair == "high" else dcgan,
        critic_optimizer=optimizer,
        generator_optimizer=optimizer,
        phases="original" if (kind, profile) == ("wgan", "paper") else "constant",
        iterations=size.iterations[kind],
        every=size.iterations[kind] // size.records,
        checkpoint=1000 if profile == "paper" else base.checkpoint,
        seed=seed,
    )


def seeds(pair: str, profile: str) -> range:
    """Those of the runs with that pair of networks."""
    return range(SIZES[profile].seeds if pair in SEVERAL else 1)


def run(kind: str, pair: str, profile: str, seed: int = 0) -> Kept:
    """That run, at its end."""
    size = SIZES[profile]
    look = image_runs.Look(size.n, size.records // size.looks, size.sampled)
    return image_runs.kept(f"{kind}_{pair}", config(kind, pair, profile, seed), look, profile)


def told(one: TrainConfig, profile: str, seeds: int = 1) -> str:
    """What the captions of all these figures begin with."""
    size = SIZES[profile]
    device = "GPU" if profile == "paper" and torch.cuda.is_available() else "CPU"
    runs = f"seeds {one.seed} to {seeds - 1}" if seeds > 1 else f"seed {one.seed}"
    return (
        f"{one.data} at {size.side} px, d = {one.law().dim:,}; latent {size.latent}, batch "
        f"{size.batch}, DCGANs of {size.filters} filters with batch norm, {runs}, {device}."
    )


def mlps(profile: str) -> str:
    """What MLPs are, for captions."""
    return f" MLPs: 3 layers of {SIZES[profile].units} ReLU units, no tanh at the end."


def trained(kind: str, one: TrainConfig) -> str:
    """How, for captions."""
    rate = f"{one.critic_optimizer.lr:g}"
    if kind == "wgan":
        steps = f"{one.n_critic} critic steps an iteration"
        return f"WGAN: c = {one.clip:g}, {steps}, RMSProp at {rate}"
    return f"GAN: non-saturating, Adam {one.critic_optimizer.betas} at {rate}"
