"""Parallel lines: which gradients move a generator of one parameter from theta = 1 to 0?

Arjovsky et al. 2017, example 1: EM is |theta|, JS is log 2 on both sides of 0. What a learned
critic or discriminator does is measured; the bounds hold with room on seven seeds.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import exact, learned
from wganlab.learned import PRESETS, MLPConfig, Optimizer

START = 1.0
SEEDS = (0,)
RATE = 0.02  # times the slope of EM, which is 1: the longest step that descending EM takes


class Line(nn.Module):
    """Noise z to (theta, Phi(z_0)): uniform on a segment at theta, the one parameter."""

    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(START))

    def forward(self, z):
        heights = torch.special.ndtr(z[:, 0])
        return torch.stack([self.theta.expand_as(heights), heights], dim=1)


def path(preset, seed, **changes):
    """Theta at every iteration; plain gradient descent, so that its speed is the gradient's."""
    base = PRESETS[preset]
    config = replace(
        base,
        data="parallel_lines:theta=0",
        critic=MLPConfig(width=32, depth=2, init="he"),
        critic_optimizer=replace(base.critic_optimizer, lr=5e-3),
        generator_optimizer=Optimizer("sgd", RATE, schedule="linear"),
        batch=64,
        every=1,
        seed=seed,
        **changes,
    )
    run = learned.train(
        config,
        generator=Line(),
        observers=[lambda view: {"theta": view.generator.theta.item()}],
        progress=False,
        device="cpu",
    )
    return np.array([row["theta"] for row in run.history])


def descend(slope, steps=100):
    theta = START
    for _ in range(steps):
        theta -= RATE * slope(theta)
    return theta


def test_the_gradient_of_exact_em_moves_theta_to_0(rng):
    def slope(theta):
        heights = rng.uniform(size=(2, 64))
        x, y = (
            np.stack([np.full(64, at), h], axis=1)
            for at, h in zip((0, theta), heights, strict=True)
        )
        return exact.wasserstein(x, y).gradients()[1][:, 0].sum()

    assert slope(START) == pytest.approx(1, abs=0.05)
    assert abs(descend(slope)) < 0.1


def test_the_gradient_of_exact_js_does_not_move_theta(rng):
    heights = rng.uniform(size=64)

    def clouds(theta):
        x, y = (np.stack([np.full(64, at), heights], axis=1) for at in (0, theta))
        return exact.js(exact.Discrete(x), exact.Discrete(y))

    for js in (clouds, lambda theta: exact.known.ParallelLines(theta).js):
        assert js(START) == pytest.approx(np.log(2))
        assert js(0.0) == pytest.approx(0, abs=1e-12)
        assert descend(lambda at, js=js: (js(at + 1e-3) - js(at - 1e-3)) / 2e-3) == START


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wasserstein_critic_moves_theta_to_0_and_not_beyond(seed):
    thetas = path("wgan-lp", seed, iterations=150)
    assert abs(thetas[-1]) < 0.1
    assert thetas.min() > -0.1
    assert np.abs(np.diff(thetas)).max() < 1.2 * RATE


@pytest.mark.parametrize("seed", SEEDS)
def test_a_non_saturating_discriminator_of_one_step_moves_theta_to_0_too(seed):
    assert abs(path("gan", seed, iterations=300)[-1]) < 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_well_trained_non_saturating_discriminator_swings_theta_to_and_fro(seed):
    thetas = path("gan", seed, iterations=120, n_critic=20)
    assert thetas.min() < -0.5
    assert np.abs(np.diff(thetas)).max() > 25 * RATE


@pytest.mark.parametrize("seed", SEEDS)
def test_a_minimax_discriminator_saturates_and_leaves_theta_far_away(seed):
    thetas = path("gan-minimax", seed, iterations=300)
    assert thetas[-1] > 0.5
    assert thetas[-100] - thetas[-1] < 0.05
