"""Cones: slope 1 whatever the weights are, at the points of the laws from the start."""

from collections import Counter

import numpy as np
import pytest
import torch

from wganlab import exact, learned
from wganlab.learned import Cones, ConesConfig, MLPConfig, Orthonormal, fit_critic, lipschitz_bound
from wganlab.learned.critics.methods import default

TRUNK = MLPConfig(width=8, depth=2, activation="maxmin")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("side", ["real", "fake"])
def test_the_value_is_that_of_the_highest_cone(side):
    cones = Cones(3, 5, side).double().eval()
    torch.manual_seed(0)
    with torch.no_grad():
        cones.apexes.normal_()
        cones.heights.normal_()
    x = torch.randn(200, 3, dtype=torch.float64)
    found = cones(x).detach().numpy()[:, 0]
    apexes, heights = cones.apexes.detach().numpy(), cones.heights.detach().numpy()
    distances = np.linalg.norm(x.numpy()[:, None] - apexes, axis=2)  # (n, k)
    expected = (heights - distances).max(1) if side == "real" else (heights + distances).min(1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("side", ["real", "fake"])
@pytest.mark.parametrize("offset", [0.0, 300.0])
def test_in_float32_no_pair_of_points_is_steeper_than_rounding(side, offset):
    cones = Cones(2, 64, side).eval()
    with torch.no_grad():
        cones.apexes.copy_(offset + torch.randn(64, 2, generator=seeded()))
    near = cones.apexes.detach().repeat(20, 1)
    z = near + 1e-3 * torch.randn(near.shape, generator=seeded(1))
    w = z + 1e-3 * torch.randn(near.shape, generator=seeded(2))
    with torch.no_grad():
        rises = (cones(z) - cones(w)).abs()[:, 0].double()
    moved = (z.double() - w.double()).norm(dim=1)
    rounding = 4 * torch.finfo(torch.float32).eps * (z.abs().max() + cones(z).abs().max())
    assert (rises <= moved + rounding).all()


def test_gradients_are_unit_vectors_and_zero_at_an_apex():
    cones = Cones(2, 3).eval()
    with torch.no_grad():
        cones.apexes.copy_(torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]))
    z = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 0.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(cones(z).sum(), z)
    assert gradient.tolist() == [[-1, 0], [1, 0], [0, 0]]


@pytest.mark.parametrize("trunk", [None, TRUNK, MLPConfig(depth=0)])
def test_the_bound_is_that_of_the_trunk(trunk):
    critic = ConesConfig(4, trunk=trunk).critic_for((3,), seeded())
    layers = [layer for layer in critic if isinstance(layer, torch.nn.Linear)]
    norms = [torch.linalg.matrix_norm(layer.weight.detach().double(), 2).item() for layer in layers]
    assert lipschitz_bound(critic) == pytest.approx(np.prod(norms), rel=1e-12)
    assert critic(torch.zeros(7, 3)).shape == (7, 1)


def test_apexes_start_at_points_and_means_of_the_law_of_their_side():
    x = torch.arange(40.0).reshape(20, 2)
    y = -100 - x
    for side, law in (("real", x), ("fake", y)):
        config = ConesConfig(cones=30, side=side, mixed=8)
        critic = config.critic_for((2,), seeded())
        config.start(critic, x, y, seeded())
        apexes = critic[-1].apexes.detach()
        rows = {tuple(row) for row in law.tolist()}
        single = [tuple(apex) in rows for apex in apexes.tolist()]
        assert all(single[:15])
        assert len({tuple(apex) for apex in apexes[:15].tolist()}) == 15  # each point once
        assert not all(single)
        inside = (apexes >= law.min(0).values) & (apexes <= law.max(0).values)
        assert inside.all()


def test_behind_a_trunk_they_start_where_it_takes_the_points():
    config = ConesConfig(cones=4, mixed=1, trunk=TRUNK)
    critic = config.critic_for((2,), seeded())
    x = torch.randn(4, 2, generator=seeded(1))
    config.start(critic, x, x, seeded())
    hidden = critic[:-1](x)
    order = torch.cdist(critic[-1].apexes, hidden).argmin(dim=1)
    torch.testing.assert_close(critic[-1].apexes.detach(), hidden[order].detach())
    assert sorted(order.tolist()) == [0, 1, 2, 3]


def test_more_cones_than_points_start_at_all_of_them():
    config = ConesConfig(cones=7, mixed=1)
    critic = config.critic_for((1,), seeded())
    config.start(critic, torch.tensor([[0.0], [1.0], [2.0]]), torch.zeros(2, 1), seeded())
    counts = Counter(critic[-1].apexes.flatten().tolist())
    assert set(counts) == {0, 1, 2}
    assert sorted(counts.values()) == [2, 2, 3]


@pytest.mark.parametrize("side", ["real", "fake"])
def test_with_an_apex_at_every_point_they_reach_the_linear_program(rng, side):
    x, y = rng.normal(size=(60, 4)), rng.normal(size=(50, 4)) + 0.5
    config = ConesConfig(cones=60, side=side, mixed=1)
    fitted = fit_critic(
        x, y, constraint=Orthonormal(), critic=config, steps=800, batch=0, records=1
    )
    truth = exact.emd(x, y)
    assert 0.995 * truth < fitted.final.gap <= truth * (1 + 1e-6)
    assert fitted.lipschitz == 1.0


def test_on_funnels_their_critic_is_the_true_one():
    pair = exact.known.Funnels(8)
    method = learned.METHODS["cones"]
    fitted = fit_critic(
        pair,
        constraint=method.constraint,
        critic=ConesConfig(64),
        optimizer=method.optimizer,
        steps=300,
        batch=128,
        records=1,
    )
    x, y = pair.sample(4000, np.random.default_rng(1), paired=True)
    ratio = (fitted(x).mean() - fitted(y).mean()) / np.linalg.norm(x - y, axis=1).mean()
    assert 0.98 < ratio < 1.0001
    cosine = (fitted.gradient(x) * pair.critic_gradient(x)).sum(axis=1).mean()
    assert cosine > 0.98


def test_the_default_for_cones_is_the_ready_made_method():
    assert default(Orthonormal(), ConesConfig(8)) is learned.METHODS["cones"]
    assert default(Orthonormal(), ConesConfig(8, trunk=TRUNK)) is learned.METHODS["orthonormal"]
    assert default(learned.GradientPenalty(side="one")) is learned.METHODS["lp"]
    assert default(learned.GradientPenalty(weight=3.0)) is learned.METHODS["gp"]


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: ConesConfig(cones=0), "cones = 0"),
        (lambda: ConesConfig(side="left"), "side = 'left'"),
        (lambda: ConesConfig(mixed=0), "mixed = 0"),
        (lambda: ConesConfig(trunk=3), "trunk = 3: give an MLPConfig, or None"),
        (lambda: ConesConfig().generator_for(2, (2,), seeded()), "ConesConfig makes critics"),
    ],
)
def test_what_makes_no_sense_is_refused(make, advice):
    with pytest.raises(ValueError, match=advice):
        make()
