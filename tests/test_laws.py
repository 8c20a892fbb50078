"""Laws that a trained critic must obey, beside the exact distance; each in about a second.

The networks and steps are the smallest that hold with a margin over seeds; what is larger is drawn
by the figures.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from wganlab import data
from wganlab.compare import critic_vs_exact
from wganlab.exact import known
from wganlab.learned import (
    METHODS,
    CTransform,
    GradientPenalty,
    MLPConfig,
    NoConstraint,
    Optimizer,
    Orthonormal,
    SpectralNorm,
    WeightClipping,
    fit_critic,
)
from wganlab.learned.constraints.bounds import singular_values

SMOOTH = MLPConfig(width=32, depth=2, activation="silu")
FALLING = Optimizer(lr=5e-3, schedule="cosine")
LONG = Optimizer(lr=5e-3, betas=(0.9, 0.99), schedule="cosine")
SHIFT = known.Gaussians((0.0, 0.0), (1.0, 1.0))
sides = pytest.mark.parametrize("side", ["two", "one"])


def penalized(*laws, constraint, seed=0, batch=64, steps=400, **options):
    return fit_critic(
        *laws,
        constraint=constraint,
        critic=SMOOTH,
        optimizer=FALLING,
        batch=batch,
        steps=steps,
        seed=seed,
        records=1,
        **options,
    )


def sorted_config(depth, activation="maxmin", width=32):
    return MLPConfig(width=width, depth=depth, activation=activation, init="he")


def orthonormal(x, y, critic, *, steps, seed=0, batch=128):
    return fit_critic(
        x,
        y,
        constraint=Orthonormal(),
        critic=critic,
        optimizer=LONG,
        steps=steps,
        batch=batch,
        seed=seed,
        records=1,
    )


def sampled(pair, n, seed=0):
    """Two clouds of the pair, as float32 numbers."""
    x, y = pair.sample(n, np.random.default_rng(seed))
    return np.float32(x), np.float32(y)


# the bias of the gradient penalty


@pytest.mark.slow
@pytest.mark.parametrize(
    ("theta", "weight", "tolerance", "side"),
    [(1.0, 10.0, 0.01, "two"), (5.0, 10.0, 0.01, "one"), (2.0, 1.0, 0.02, "two")],
)
def test_parallel_lines_are_overestimated_by_the_law(theta, weight, tolerance, side):
    pair = known.ParallelLines(theta)
    fitted = penalized(pair, constraint=GradientPenalty(weight, side=side))
    told = critic_vs_exact(fitted, pair)
    assert told.critic_gap == pytest.approx(theta * (1 + theta / (2 * weight)), rel=tolerance)
    assert told.corrected == pytest.approx(theta, rel=0.01)
    assert told.corrected_exactly
    assert told.population == theta
    assert told.cosine > 0.95
    assert told.certificate <= told.exact * (1 + 1e-9)
    assert not told.wrong_sign


@pytest.mark.slow
@sides
def test_paired_points_are_overestimated_by_the_law(side):
    y = SHIFT.sample(500, np.random.default_rng(0))[0]
    x = y + np.array([3.0, 4.0])
    fitted = penalized(x, y, constraint=GradientPenalty(side=side, place="paired"))
    told = critic_vs_exact(fitted, x, y)
    assert told.critic_gap == pytest.approx(5 * (1 + 5 / 20), rel=0.01)
    assert told.corrected == pytest.approx(5, rel=0.01)
    assert told.corrected_exactly


UNIFORMS = known.Uniforms((2.0, 4.0), (0.0, 1.0))
LEVELS = (np.arange(500) + 0.5)[:, None] / 500
QUANTILES = UNIFORMS._real(LEVELS), UNIFORMS._fake(LEVELS)  # a sample without noise


def penalty_bias(pair, weight, n=1000):
    """int F^2 / sigma / (2 weight) by quadrature, sigma the density of the interpolates."""
    (a, b), (c, d) = pair.real, pair.fake
    epsilon = (np.arange(n) + 0.5) / n
    z = min(a, c) + (max(b, d) - min(a, c)) * epsilon[:, None]
    low, first, second = epsilon * a + (1 - epsilon) * c, epsilon * (b - a), (1 - epsilon) * (d - c)

    def ramp(t):
        return np.maximum(z - low - t, 0)

    # the sum of two independent uniform variables has a trapezoid for a density
    trapezoid = ramp(0) - ramp(first) - ramp(second) + ramp(first + second)
    sigma = (trapezoid / (first * second)).mean(axis=1)
    length = max(b, d) - min(a, c)
    assert length * sigma.mean() == pytest.approx(1, abs=1e-4)
    excess = np.clip((z - a) / (b - a), 0, 1) - np.clip((z - c) / (d - c), 0, 1)
    assert length * np.abs(excess).mean() == pytest.approx(pair.emd, rel=1e-5)
    return float(length * (excess[:, 0] ** 2 / sigma).mean() / (2 * weight))


BIAS = penalty_bias(UNIFORMS, 10.0)


def test_the_bias_by_quadrature():
    assert UNIFORMS.emd + BIAS == pytest.approx(2.815, abs=1e-3)
    assert penalty_bias(UNIFORMS, 1.0) == pytest.approx(10 * BIAS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2])  # as below
def test_the_one_sided_penalty_finds_the_law_from_every_seed(seed):
    constraint = GradientPenalty(side="one")
    fitted = penalized(UNIFORMS, constraint=constraint, seed=seed, batch=512, held_out=QUANTILES)
    assert fitted.final.held_out_gap == pytest.approx(2.5 + BIAS, rel=0.01)
    told = critic_vs_exact(fitted, *QUANTILES, pair=UNIFORMS)
    assert told.critic_gap == pytest.approx(fitted.final.held_out_gap, rel=1e-4)
    assert told.exact == pytest.approx(2.5, rel=1e-6)
    assert told.cosine > 0.999
    assert told.corrected == pytest.approx(2.5, rel=0.02)
    assert not told.corrected_exactly
    assert not told.wrong_sign


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2])  # the wrong sign, and the right one
def test_the_two_sided_penalty_ends_at_the_law_or_at_its_mirror_image(seed):
    fitted = penalized(
        UNIFORMS, constraint=GradientPenalty(), seed=seed, batch=512, held_out=QUANTILES
    )
    told = critic_vs_exact(fitted, *QUANTILES, pair=UNIFORMS)
    # slopes 1 + F / (2 lambda sigma) and -1 + F / (2 lambda sigma)
    expected = -2.5 + BIAS if told.wrong_sign else 2.5 + BIAS
    assert told.critic_gap == pytest.approx(expected, rel=0.01)
    assert told.cosine == pytest.approx(-1 if told.wrong_sign else 1, abs=1e-3)
    assert (told.corrected is None) == told.wrong_sign


@pytest.mark.parametrize(("side", "expected"), [("two", -1 + 1 / 8), ("one", 1 + 1 / 8)])
def test_the_wrong_optimum_holds_the_two_sided_penalty_alone(side, expected):
    critic = nn.Linear(1, 1)
    nn.init.constant_(critic.weight, -1.0)
    fit_critic(
        *QUANTILES,
        constraint=GradientPenalty(side=side),
        critic=critic,
        optimizer=Optimizer("sgd", lr=0.02),
        steps=100,
        batch=0,
        records=1,
    )
    # of the critics s z: the optimum of 2.5 s - 10 (|s| - 1)^2 on its side
    assert critic.weight.item() == pytest.approx(expected, abs=1e-3)


# orthonormal layers


def hold_below(fitted, x, y):
    """What every network of orthonormal layers obeys, on any two clouds."""
    told = critic_vs_exact(fitted, x, y)
    assert told.critic_gap <= told.exact + 1e-6
    assert told.certificate <= told.exact + 1e-9
    assert told.slope <= 1 + 1e-5
    assert told.lipschitz == pytest.approx(1, abs=1e-5)
    for layer in fitted.critic.modules():
        if isinstance(layer, nn.Linear):
            assert (singular_values(layer) - 1).abs().max() < 1e-4
    return told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "activation", "seed"),
    [
        (known.ParallelLines(5.0), "maxmin", 0),
        (known.Uniforms(), "maxmin", 1),
        (known.Cones(), "maxmin", 0),
        (known.Funnels(dimension=4), "fullsort", 0),
        (known.Translation((30.0, 40.0)), "maxmin", 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_orthonormal_critics_stay_below_the_exact_value(pair, activation, seed):
    x, y = sampled(pair, 100, seed)
    fitted = orthonormal(x, y, sorted_config(3, activation, 16), steps=200, seed=seed, batch=0)
    assert hold_below(fitted, x, y).critic_gap > 0
    hold_below(fitted, *sampled(pair, 100, seed + 10))  # on points that it has not seen


@pytest.mark.slow
def test_orthonormal_layers_with_maxmin_reach_a_gaussian_shift():
    x, y = sampled(SHIFT, 500)
    fitted = orthonormal(x, y, sorted_config(4), steps=500, batch=256)
    told = hold_below(fitted, x, y)
    assert told.critic_gap >= 0.995 * told.exact
    assert critic_vs_exact(fitted, x, y, pair=SHIFT).cosine > 0.95
    assert critic_vs_exact(fitted, known.Translation((3.0, 4.0))).critic_gap < 5


def ring():
    """The ring of 8 Gaussians against N(0, .25 I), 500 points of each."""
    source = torch.Generator().manual_seed(0)
    fake = data.toy("gaussian", mean=(0.0, 0.0), std=0.5)
    return tuple(law.sample(500, source).numpy() for law in (data.toy("8gaussians"), fake))


@pytest.mark.slow
def test_the_ready_made_orthonormal_layers_reach_the_ring():
    x, y = ring()
    method = METHODS["orthonormal"]
    assert method.critic.at((2,)).activation == "maxmin"
    fitted = fit_critic(
        x,
        y,
        constraint=method.constraint,
        critic=method.critic,
        optimizer=method.optimizer,
        steps=1000,  # at .979 to .983 by the seed; the method's 4,000 end at .988 to .996
        batch=method.batch,
        records=1,
    )
    told = hold_below(fitted, x, y)
    assert told.critic_gap >= 0.97 * told.exact
    assert told.certificate >= 0.998 * told.exact


@pytest.mark.slow
def test_relu_stops_short_where_maxmin_goes_on():
    x, y = ring()
    for activation, least, most in (("maxmin", 0.95, 1.0), ("relu", 0.4, 0.8)):
        told = hold_below(orthonormal(x, y, sorted_config(8, activation), steps=500), x, y)
        assert least * told.exact < told.critic_gap < most * told.exact


@pytest.mark.slow
def test_spectral_norm_with_relu_stays_below_and_stops_short():
    x, y = ring()
    fitted = fit_critic(
        x,
        y,
        constraint=SpectralNorm(),
        critic=MLPConfig(width=32, depth=3),
        optimizer=FALLING,
        steps=500,
        batch=128,
        records=1,
    )
    told = critic_vs_exact(fitted, x, y)
    assert told.slope <= told.lipschitz * (1 + 1e-6)
    assert told.lipschitz == pytest.approx(1, abs=1e-5)
    assert told.critic_gap < 0.8 * told.exact


# certificates


@given(st.integers(0, 2**32 - 1), st.sampled_from(["maxmin", "silu", "relu"]), st.floats(0.01, 100))
@settings(max_examples=20)
def test_no_random_critic_certifies_more_than_the_exact_value(seed, activation, scale):
    critic = MLPConfig(width=16, depth=2, activation=activation, init="he").build(
        2, torch.Generator().manual_seed(seed)
    )
    with torch.no_grad():
        critic.head.weight.mul_(scale)
    told = critic_vs_exact(critic, *sampled(SHIFT, 40, seed))
    assert told.certificate <= told.exact + 1e-9 * scale
    assert abs(told.critic_gap) <= told.lipschitz * told.exact * (1 + 1e-6)
    assert told.slope <= told.lipschitz * (1 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "constraint",
    [GradientPenalty(), WeightClipping(0.03), CTransform(), NoConstraint()],
    ids=lambda constraint: type(constraint).__name__,
)
def test_no_trained_critic_certifies_more_than_the_exact_value(constraint):
    x, y = sampled(SHIFT, 200)
    fitted = penalized(x, y, constraint=constraint, steps=200)
    told = critic_vs_exact(fitted, x, y)
    assert told.certificate <= told.exact + 1e-9
    assert told.certificate > 0 or isinstance(constraint, NoConstraint)
    assert told.certificate == pytest.approx(fitted.final.certificate, rel=1e-3)
    assert math.isfinite(told.slope)


@pytest.mark.slow
def test_a_c_transform_approaches_the_exact_value_from_below():
    x, y = ring()
    fitted = fit_critic(
        x, y, constraint=CTransform(), critic=SMOOTH, optimizer=FALLING, steps=400, batch=0
    )
    told = critic_vs_exact(fitted, x, y)
    assert 0.97 * told.exact < told.estimate <= told.exact + 1e-9


# what the gap of a clipped critic means


@pytest.mark.slow
def test_clipping_changes_the_gap_by_orders_of_magnitude_and_not_its_ratio_to_the_slope():
    told = [
        critic_vs_exact(
            fit_critic(
                SHIFT,
                constraint=WeightClipping(c),
                critic=MLPConfig(width=32, depth=3),
                optimizer=Optimizer("rmsprop", lr=1e-3),
                steps=300,
                batch=128,
                records=1,
            ),
            SHIFT,
            n=500,
        )
        for c in (0.003, 0.01, 0.03)
    ]
    gaps = [one.critic_gap for one in told]
    assert gaps[1] > 10 * gaps[0]
    assert gaps[2] > 10 * gaps[1]
    assert gaps[2] > 1000 * gaps[0]
    assert gaps[2] < 0.1 * SHIFT.emd
    ratios = [one.gap_over_slope for one in told]
    assert max(ratios) < 1.5 * min(ratios)
    assert all(0.5 < ratio / SHIFT.emd < 1.2 for ratio in ratios)
    assert all(one.slope <= one.lipschitz * (1 + 1e-6) for one in told)


def test_without_a_constraint_the_gap_has_no_bound():
    x, y = sampled(SHIFT, 200)
    fitted = fit_critic(
        x,
        y,
        constraint=NoConstraint(),
        critic=MLPConfig(width=64, depth=3),
        optimizer=Optimizer(lr=1e-2),
        steps=300,
        batch=0,
        records=3,
    )
    gaps = fitted.column("gap")
    assert (np.diff(gaps) > 0).all()
    assert gaps[-1] > 100 * SHIFT.emd


# gradients


@pytest.mark.slow
@sides
def test_a_penalized_critic_points_where_the_exact_one_does(side):
    fitted = penalized(SHIFT, constraint=GradientPenalty(side=side), batch=256)
    told = critic_vs_exact(fitted, SHIFT)
    assert told.cosine > 0.95
    assert told.population == pytest.approx(math.sqrt(2))
    assert told.critic_gap > told.population  # the bias again
