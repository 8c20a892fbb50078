"""What objectives estimate, with fitted discriminators, beside the exact distances."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from wganlab import compare, exact, learned
from wganlab.exact import known
from wganlab.learned import MLPConfig, Optimizer

PAIR = known.Normals(real=(0, 1), fake=(1, 1))
FREE = learned.NoConstraint()
FITTED = [name for name, objective in learned.OBJECTIVES.items() if objective.has_critic]


@pytest.mark.slow
@pytest.mark.parametrize("name", FITTED)
def test_a_fitted_discriminator_comes_near_the_distance(name):
    told = compare.estimate_vs_exact(
        name, PAIR, steps=250, batch=256, optimizer=Optimizer(lr=3e-3, schedule="cosine")
    )
    assert (told.steps, told.bound) == (250, name not in ("wasserstein", "loss-sensitive"))
    assert told.value == pytest.approx(told.exact, rel=0.2, abs=3 * told.error)
    if told.bound:
        assert told.value < told.exact + 3 * told.error


def test_the_error_is_the_standard_error():
    along = torch.nn.Linear(1, 1)
    torch.nn.init.ones_(along.weight)
    errors = [
        compare.estimate_vs_exact(
            "wasserstein", PAIR, steps=0, critic=along, constraint=FREE, seed=seed
        ).error
        for seed in range(20)
    ]
    assert np.mean(errors) == pytest.approx(math.sqrt(2 / 10_000), rel=0.15)


@pytest.mark.parametrize("name", FITTED)
def test_an_unfitted_discriminator_tells_less(name):
    if learned.OBJECTIVES[name].bound:
        told = compare.estimate_vs_exact(name, PAIR, steps=0, critic=MLPConfig(width=8))
        assert told.value < told.exact - 3 * told.error


@pytest.mark.parametrize(
    ("name", "pair", "value"),
    [
        ("EM", known.Normals((0, 1), (3, 1)), 3.0),
        ("KL", known.Gaussians((0.0, 0.0), (3.0, 4.0)), 12.5),
        ("chi2", known.Gaussians((0.0, 0.0), (0.6, 0.8)), math.e - 1),
        ("JS", known.Gaussians((0.0, 0.0), (0.6, 0.8)), exact.js(stats.norm(), stats.norm(1))),
        ("JS", PAIR, exact.js(stats.norm(), stats.norm(1))),
        ("Le Cam", known.Uniforms((0, 1), (0.25, 1.25)), 0.25),
        ("reverse KL", known.Exponentials(2.0, 1.0), exact.kl(stats.expon(), stats.expon(scale=2))),
        ("chi2", known.Exponentials(1.0, 2.0), 1 / 3),
        ("chi2", known.Bernoullis(0.5, 0.25), 1 / 3),
        ("chi2", known.Bernoullis(0.4, 0.25), 0.12),
        ("chi2", known.Line(stats.norm(), stats.norm(1)), math.e - 1),
        ("chi2", known.ParallelLines(), math.inf),
        ("Le Cam", known.ParallelLines(), 1.0),
        ("Le Cam", known.Funnels(), None),
    ],
)
def test_distances_of_known_pairs(name, pair, value):
    told = compare.distance(name, pair)
    assert told is None if value is None else told == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("objective", "options", "reply"),
    [
        ("f-lk", {}, "choose from wasserstein"),
        ("mmd", {}, "has no critic"),
        ("hinge", {"n": 19}, "give 20 points"),
        ("hinge", {"constraint": learned.CTransform()}, "leave one of them out"),
    ],
)
def test_what_makes_no_sense_is_refused(objective, options, reply):
    with pytest.raises(ValueError, match=reply):
        compare.estimate_vs_exact(objective, PAIR, **options)


def test_energies_are_fitted_with_an_auto_encoder():
    fitted = learned.fit_critic(PAIR, objective="energy-based", steps=1)
    assert isinstance(fitted.critic, learned.AutoEncoder)
    assert fitted.constraint == learned.NoConstraint()


def test_the_estimate_without_an_objective_is_what_is_maximized():
    fitted = learned.fit_critic(PAIR, steps=5)
    assert fitted.final.estimate == fitted.final.held_out_gap
