"""Networks of the caller's own, refused in one line before a run starts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch import nn

from wganlab.learned import PRESETS, train

CONFIG = replace(PRESETS["wgan-gp"], iterations=2, every=1, batch=8, n_critic=1)


class Changing(nn.Linear):
    def forward(self, z):
        return super().forward(z.mul_(2))


class Several(nn.Linear):
    def forward(self, z):
        return super().forward(z), 1


@pytest.mark.parametrize(
    ("critic", "message"),
    [
        (lambda z: z, "critic= is of type function: give a torch module"),
        (
            nn.Linear(2, 1).double(),
            r"float64, and runs are trained in float32: .* critic.float\(\)",
        ),
        (nn.Linear(2, 1, device="meta"), "weights on meta, without values: load them"),
        (nn.Linear(2, 1).requires_grad_(False), "no weights to train"),
        (Changing(2, 1), "the critic Changing changes its points in place"),
        (Several(2, 1), "the critic Several is a function of points, and it returned a tuple"),
        (nn.Linear(3, 1), r"the critic Linear cannot be asked .* build it for points of shape"),
    ],
)
def test_a_critic_that_cannot_be_trained_is_told_in_one_line(critic, message):
    with pytest.raises(ValueError, match=message):
        train(CONFIG, critic=critic, progress=False)


@pytest.mark.parametrize(
    ("generator", "message"),
    [
        (nn.Linear(7, 2), "the generator Linear cannot be asked with noise of shape"),
        (nn.Linear(CONFIG.latent, 3), r"it must make points of shape \(2, 2\)"),
        (Several(CONFIG.latent, 2), "the generator Several makes tuple of noise"),
        (Changing(CONFIG.latent, 2), "the generator Changing changes its noise in place"),
    ],
)
def test_a_generator_that_makes_no_points_is_told_in_one_line(generator, message):
    with pytest.raises(ValueError, match=message):
        train(CONFIG, generator=generator, progress=False)


def test_lazy_layers_are_filled_and_trained():
    critic = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1))
    assert len(train(CONFIG, critic=critic, progress=False).history) == 3


def test_an_observer_with_a_number_beyond_floats_is_told():
    with pytest.raises(ValueError, match="'a' is beyond 1e308"):
        train(CONFIG, observers=[lambda view: {"a": 10**400}], progress=False)
