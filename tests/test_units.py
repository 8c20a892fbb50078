"""Raw units: critics are trained where float32 is at its best, and told of in the user's unit."""

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import data, exact, learned
from wganlab.compare import critic_vs_exact, estimate_vs_exact, scoreboard
from wganlab.data import units
from wganlab.learned import GradientPenalty, fit_critic, lipschitz_bound
from wganlab.learned.networks.standardized import Standardized

RNG = np.random.default_rng(0)
N = 200


def raw(name):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(N, 2)), rng.normal(size=(N, 2)) + np.array([2.0, 1.0])
    shift, scale = {
        "age and salary": ([40.0, 52_000.0], 9_000.0),
        "far": ([1e12, -1e12], 1.0),
        "near each other": ([5e6, 5e6], 0.05),
        "small": ([0.0, 0.0], 1e-6),
        "large": ([0.0, 0.0], 1e100),
    }[name]
    x, y = shift + scale * x, shift + scale * y
    return (x, y, scale)


def fitted(x, y=None, method="lp", **options):
    how = learned.METHODS[method]
    return fit_critic(
        x,
        y,
        constraint=how.constraint,
        critic=how.critic,
        optimizer=how.optimizer,
        **{"steps": 150, "records": 1, **options},
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["age and salary", "far", "near each other", "small", "large"])
def test_raw_units_end_beside_the_exact_distance(name):
    x, y, scale = raw(name)
    critic = fitted(x, y)
    told = critic_vs_exact(critic, x, y)
    assert told.exact == exact.emd(x, y)
    assert told.critic_gap / told.exact == pytest.approx(1.08, abs=0.12)
    assert told.corrected / told.exact == pytest.approx(1.01, abs=0.04)
    assert 0.5 < told.certificate / told.exact <= 1
    assert told.cosine > 0.9
    record = critic.final
    for field in ("gap", "certificate", "slope"):
        other = {"gap": "critic_gap"}.get(field, field)
        assert getattr(record, field) == pytest.approx(getattr(told, other), rel=0.25)
    assert record.gap == pytest.approx(told.critic_gap, rel=1e-4)
    assert record.estimate == record.gap
    # values and gradients belong together, in the unit of the points
    step = 0.02 * scale
    shift = np.array([step, 0.0])
    rise = (critic(x + shift) - critic(x - shift)) / (2 * step)
    off = np.abs(critic.gradient(x)[:, 0] - rise)
    assert np.mean(off < 0.02) > 0.85  # a kink of the network lies near some of the points
    assert np.median(off) < 0.002


def test_a_proven_constant_stays_proven_in_another_unit():
    x, y, _ = raw("age and salary")
    critic = fitted(x, y, "orthonormal", batch=64)
    told = critic_vs_exact(critic, x, y)
    assert critic.lipschitz == told.lipschitz == pytest.approx(1, abs=1e-5)
    assert told.slope <= 1 + 1e-5
    assert told.critic_gap <= told.exact * (1 + 1e-5)
    assert isinstance(critic.critic, Standardized)
    assert lipschitz_bound(critic.critic.double()) == pytest.approx(1, abs=1e-5)


def test_ordinary_points_are_left_alone():
    x, y, _ = raw("small")
    for scale in (0.1, 1.0, 5.0):
        critic = fitted(1e6 * scale * x, 1e6 * scale * y, steps=2)
        assert critic.unit == 1
        assert not isinstance(critic.critic, Standardized)
    for laws in ((data.toy("8gaussians"), data.toy("swissroll")), (exact.known.Gaussians(),)):
        assert fitted(*laws, steps=2).unit == 1
    for pair in exact.known.all():
        clouds = map(torch.from_numpy, pair.sample(50, np.random.default_rng(0)))
        assert units.unit_of(*clouds) is None


@pytest.mark.parametrize(
    ("spread", "center", "scale"),
    [(1.0, 0.0, None), (0.02, 0.0, 2**-6), (30.0, 0.0, 32), (1.0, 40.0, 1), (0.0, 40.0, 1)],
)
def test_what_is_ordinary_is_a_matter_of_spread_and_center(spread, center, scale):
    z = torch.tensor([[-1.0], [1.0]], dtype=torch.float64) * spread + center
    unit = units.unit_of(z, z)
    assert (unit is None) == (scale is None)
    if unit is not None:
        assert (unit.scale, unit.shift.item()) == (scale, center)


def test_samplers_in_raw_units_and_their_held_out_points_are_standardized():
    def law(shift):
        return lambda n, rng: 5e6 + shift + rng.uniform(0, 0.2, size=n)

    critic = fitted(law(0.1), law(0.0), steps=100)
    assert critic.unit < 1
    assert critic.final.gap == pytest.approx(0.1, abs=0.02)
    assert critic.final.held_out_gap == pytest.approx(0.1, abs=0.02)


def test_a_discriminator_has_no_unit_but_its_points():
    x, y, _ = raw("age and salary")
    critic = fit_critic(x, y, objective="hinge", steps=60, records=1)
    same = fit_critic(x / 9000, y / 9000 - 0.0, objective="hinge", steps=0)
    assert 0 < critic.final.estimate <= 1
    assert critic.final.slope < 0.1
    assert same.unit == 1


def test_objectives_of_pairs_in_raw_units():
    pair = exact.known.Normals((5e6, 1.0), (5e6 + 1, 1.0))
    told = estimate_vs_exact("least-squares", pair, steps=200, n=2000)
    assert 0.3 * told.exact < told.value < told.exact + 3 * told.error


def test_a_critic_that_was_standardized_is_trained_further_in_its_unit():
    x, y, _ = raw("far")
    first = fitted(x, y)
    more = fit_critic(x, y, critic=first.critic, steps=0)
    assert more.final.gap == pytest.approx(first.final.gap, rel=1e-5)
    assert more.unit == first.unit


def test_a_standardized_network_keeps_its_shift_in_float64():
    network = Standardized(nn.Linear(1, 1), torch.tensor([1e12], dtype=torch.float64), 2.0, 2.0)
    z = torch.tensor([[1e12 + 1]], dtype=torch.float64)
    expected = 2 * network.network(torch.tensor([[0.5]]))
    for cast in (network, network.float(), network.double().float()):
        assert cast(z).item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.slow
def test_points_that_fall_together_in_float32_are_told():
    x = np.r_[RNG.uniform(0, 1e-3, 50), 1e9 + RNG.uniform(0, 1e-3, 50)]
    with pytest.warns(units.LostPointsWarning, match=": .* distinct points are"):
        fit_critic(x, [0.0, 1e9], steps=0)
    board = scoreboard({"far": (x, np.array([0.0, 1e9]))}, ["gp"], 1, progress=False)
    assert "100 distinct points are 2" in board.rows[0].note
    stamps = np.array([2**60, 2**60 + 1, 2**60 + 2])  # float64 has 8 in one
    with pytest.warns(units.LostPointsWarning, match="distinct points are"):
        fit_critic(stamps, np.array([0, 2**61]), steps=0)


def test_a_function_of_float32_that_sees_one_point_for_many_is_told():
    x = 5e8 + RNG.uniform(0, 1, 50)
    network = nn.Linear(1, 1)
    with pytest.warns(units.LostPointsWarning, match=": 50 distinct points"):
        critic_vs_exact(lambda z: network(z), x, x + 1)


def test_differences_of_a_function_are_taken_at_the_scale_of_the_points():
    x = 1e9 + RNG.normal(size=(100, 1))
    told = critic_vs_exact(lambda z: np.sin(3 * (z[:, 0] - 1e9)), x, x + 1)
    assert told.slope == pytest.approx(3, rel=0.01)


def test_the_weight_of_a_penalty_counts_in_the_unit():
    x, y = np.full((4, 2), [3000.0, 0.0]), np.zeros((4, 2))
    critic = fit_critic(x, y, constraint=GradientPenalty(10.0), steps=300, records=1)
    told = critic_vs_exact(critic, x, y)
    length = 3000 / critic.unit
    assert told.critic_gap == pytest.approx(3000 * (1 + length / 20), rel=0.02)
    assert told.corrected == pytest.approx(3000, rel=0.01)
    assert told.corrected_exactly


def test_own_data_of_a_run_is_told_about_its_unit(tmp_path):
    x, _, _ = raw("age and salary")
    with pytest.warns(units.UnitWarning, match=r"train on \(x - \[.*\]\) / 8192, and multiply"):
        data.from_points(x)
    lost = pytest.warns(units.LostPointsWarning, match="the points: 50 distinct points are")
    with lost, pytest.warns(units.UnitWarning):
        data.from_points(5e8 + RNG.uniform(0, 1, 50))
    data.from_points(RNG.normal(size=(50, 2)))  # no warning
