"""The bridge: one critic beside the exact distance, against values by hand."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import exact
from wganlab.compare import comparison, critic_vs_exact
from wganlab.compare.clouds import solved
from wganlab.exact import known
from wganlab.learned import (
    Consistency,
    CTransform,
    GradientPenalty,
    MLPConfig,
    NoConstraint,
    Orthonormal,
    SpectralNorm,
    WeightClipping,
    fit_critic,
)

WEIGHT = np.array([[2.0, -1.0, 0.5, 3.0]])
SLOPE = float(np.linalg.norm(WEIGHT))


def clouds(n=30, m=40, shape=(4,)):
    rng = np.random.default_rng(3)
    return rng.normal(size=(n, *shape)) + 0.5, rng.normal(size=(m, *shape))


def linear(weight=WEIGHT, dtype=torch.float32):
    layer = nn.Linear(weight.shape[1], 1, dtype=dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(weight))
        layer.bias.fill_(7.0)
    return layer


def fitted(constraint, critic=None):
    """A fitted critic of known function, not trained."""
    critic = nn.Sequential(linear()) if critic is None else critic
    x, y = clouds(10, 10, (critic[-1].in_features,))
    return fit_critic(x, y, constraint=constraint, critic=critic, steps=0)


class Stubborn(nn.Module):
    """A user's module that makes float32 tensors of its own."""

    def forward(self, x):
        return x.flatten(1) @ torch.tensor(WEIGHT[0], dtype=torch.float32) + 7


class Convolved(nn.Module):
    """The same by a convolution, on images alone."""

    def forward(self, x):
        kernel = torch.tensor(WEIGHT.reshape(1, 1, 2, 2), dtype=torch.float32)
        return nn.functional.conv2d(x, kernel) + 7


class Casting(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = linear()

    def forward(self, x):
        return self.layer(x.flatten(1).float())


single = linear()
CRITICS = {
    "module": nn.Sequential(nn.Flatten(), linear()),
    "float64 module": nn.Sequential(nn.Flatten(), linear(dtype=torch.float64)),
    "float32 tensors inside": Stubborn(),
    "float32 inside": Casting(),
    "NumPy function": lambda z: z.reshape(len(z), -1) @ WEIGHT[0] + 7,
    "NumPy column": lambda z: z.reshape(len(z), -1) @ WEIGHT.T + 7,
    "list": lambda z: (z.reshape(len(z), -1) @ WEIGHT[0] + 7).tolist(),
    "torch function": lambda z: torch.nn.functional.linear(z.flatten(1), torch.tensor(WEIGHT)) + 7,
    "torch function in float32": lambda z: single(z.flatten(1)),
    "torch inside": lambda z: single(torch.as_tensor(z).float().flatten(1)).detach().numpy(),
    "torch inside, not detached": lambda z: single(torch.from_numpy(z).float().flatten(1)),
}


@pytest.mark.parametrize("shape", [(4,), (1, 2, 2)], ids=["points", "images"])
@pytest.mark.parametrize("name", CRITICS)
def test_every_kind_of_critic_gives_the_values_by_hand(name, shape):
    x, y = clouds(shape=shape)
    told = critic_vs_exact(CRITICS[name], x, y)
    flat_x, flat_y = x.reshape(30, 4), y.reshape(40, 4)
    f = flat_x @ WEIGHT[0]
    assert told.exact == pytest.approx(exact.emd(flat_x, flat_y), rel=1e-12)
    assert told.critic_gap == pytest.approx(f.mean() - (flat_y @ WEIGHT[0]).mean(), rel=1e-5)
    # finite differences of a float32 function are as coarse as its values
    tolerance = 1e-3 if name.startswith("torch inside") else 1e-5
    assert told.slope == pytest.approx(SLOPE, rel=tolerance)
    assert told.certificate == pytest.approx(exact.certificate(f, flat_x, flat_y), rel=1e-5)
    assert told.gap_over_slope == pytest.approx(told.critic_gap / told.slope)
    assert (told.population, told.corrected, told.steps, told.seconds) == (None,) * 4
    assert told.method == ""
    known_bound = isinstance(CRITICS[name], nn.Module)
    assert told.lipschitz == (pytest.approx(SLOPE) if known_bound else math.inf)


def test_a_convolution_in_float32_is_a_critic_of_images():
    x, y = clouds(shape=(1, 2, 2))
    assert critic_vs_exact(Convolved(), x, y).slope == pytest.approx(SLOPE, rel=1e-5)


@pytest.mark.parametrize("constant", [np.zeros, torch.zeros], ids=["NumPy", "torch"])
def test_a_constant_critic_is_flat(constant):
    told = critic_vs_exact(lambda z: constant(len(z)), *clouds())
    assert (told.critic_gap, told.slope, told.cosine) == (0, 0, 0)
    assert math.isnan(told.gap_over_slope)
    assert not told.wrong_sign


@pytest.mark.parametrize(
    "convert",
    [np.float32, np.ndarray.tolist, torch.as_tensor, lambda z: torch.tensor(z, requires_grad=True)],
    ids=["float32", "list", "torch", "with gradient"],
)
def test_clouds_come_as_arrays_lists_and_tensors(convert):
    x, y = clouds()
    told = critic_vs_exact(CRITICS["module"], convert(x), convert(y))
    expected = critic_vs_exact(CRITICS["module"], x, y)
    for field in ("exact", "critic_gap", "slope", "certificate", "cosine"):
        assert getattr(told, field) == pytest.approx(getattr(expected, field), rel=1e-6)


def test_numbers_are_points_on_the_line_and_many_go_through_in_parts():
    x = np.random.default_rng(0).normal(size=9000)
    sizes = []

    def critic(z):
        sizes.append(len(z))
        return -3 * z[:, 0]

    told = critic_vs_exact(critic, x, x[:5000] + 2)
    assert max(sizes) == 1000
    assert told.critic_gap == pytest.approx(-3 * (x.mean() - x[:5000].mean() - 2))
    assert told.slope == pytest.approx(3)


def test_the_cosine_is_with_the_way_of_the_mass():
    y = clouds()[1]
    shift = np.array([1.0, 2.0, 0.0, -1.0])
    expected = WEIGHT[0] @ shift / (SLOPE * np.linalg.norm(shift))
    assert critic_vs_exact(CRITICS["module"], y + shift, y).cosine == pytest.approx(expected)
    assert critic_vs_exact(CRITICS["module"], y, y + shift).cosine == pytest.approx(-expected)
    best = linear(shift[None])
    assert critic_vs_exact(best, y + shift, y).cosine == pytest.approx(1)
    assert math.isnan(critic_vs_exact(best, y, y).cosine)  # no mass moves
    halves = np.array([[1.0, 0.0]] * 3 + [[0.0, 1.0]])  # a fourth of the mass goes across
    fake = np.arange(4.0)[:, None] * [[100, 100]]
    told = critic_vs_exact(lambda z: z[:, 0], fake + halves, fake)
    assert told.cosine == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    ("low", "high"), [(1, 3), (-0.01, 0.01), (3.99, 4.01)], ids=["between", "fake", "real"]
)
def test_the_slope_is_the_largest_that_is_seen(low, high):
    x, y = np.full((9, 1), 4.0), np.zeros((9, 1))
    told = critic_vs_exact(lambda z: 5 * np.clip(z[:, 0], low, high), x, y)
    assert told.slope == pytest.approx(5)


def test_the_slope_is_looked_for_between_points_that_no_plan_joins():
    # the mass goes up on either side; the critic is steep in the middle alone
    x = np.repeat([[0.0, 0.0], [10.0, 0.0]], 100, axis=0)
    told = critic_vs_exact(lambda z: 5 * np.clip(z[:, 0], 3, 7), x, x + np.array([0.0, 1.0]))
    assert (told.critic_gap, told.exact) == (0, pytest.approx(1))
    assert told.slope == pytest.approx(5)
    assert told.cosine == 0  # flat on the way of the mass


def test_the_module_of_the_user_stays_as_it_was():
    module = MLPConfig(8, norm="batch", dropout=0.5).build(4, torch.Generator().manual_seed(0))
    x, y = clouds()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.get_rng_state()
    first, second = critic_vs_exact(module, x, y), critic_vs_exact(module, x, y)
    assert first == second  # no dropout, no new batch statistics
    assert module.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert module.head.weight.dtype == torch.float32
    assert module.head.weight.grad is None
    assert torch.equal(torch.get_rng_state(), state)


def test_values_are_in_float64():
    # in float32 the gap of 1e-3 beside values of 1e5 would be lost
    x, y = np.array([[1.001]]), np.array([[1.0]])
    layer = linear(np.array([[1.0]]))
    with torch.no_grad():
        layer.bias.fill_(1e5)
    assert critic_vs_exact(layer, x, y).critic_gap == pytest.approx(1e-3, rel=1e-6)


@pytest.mark.parametrize(
    ("constraint", "product", "expected"),
    [
        (GradientPenalty(), None, math.inf),
        (GradientPenalty(), True, SLOPE),
        (NoConstraint(), None, math.inf),
        (CTransform(), None, math.inf),
        (WeightClipping(10.0), None, SLOPE),
        (WeightClipping(10.0), False, math.inf),
        (SpectralNorm(), None, 1.0),
        (Orthonormal(), None, 1.0),
        (Orthonormal(), False, math.inf),
    ],
    ids=str,
)
def test_the_proven_bound_is_given_where_it_is_worth_something(constraint, product, expected):
    told = critic_vs_exact(fitted(constraint), *clouds(), product=product)
    assert told.lipschitz == pytest.approx(expected, rel=1e-6)
    assert told.method == type(constraint).__name__


def test_a_fitted_critic_brings_its_steps_and_seconds():
    x, y = clouds()
    critic = fit_critic(x, y, critic=MLPConfig(8), steps=7)
    told = critic_vs_exact(critic, x, y)
    assert (told.steps, told.seconds) == (7, critic.seconds)
    assert told.critic_gap == pytest.approx(critic.final.gap, rel=1e-4)
    assert told.certificate == pytest.approx(critic.final.certificate, rel=1e-4, abs=1e-5)
    bare = critic_vs_exact(critic.critic, x, y)
    assert (bare.steps, bare.seconds, bare.method, bare.corrected) == (None, None, "", None)
    for name in ("exact", "critic_gap", "slope", "certificate", "cosine"):
        assert getattr(bare, name) == getattr(told, name)


def test_the_estimate_of_a_c_transform_is_its_dual_value():
    x, y = clouds()
    told = critic_vs_exact(fitted(CTransform()), x, y)
    assert told.estimate == told.certificate != told.critic_gap
    told = critic_vs_exact(fitted(GradientPenalty()), x, y)
    assert told.estimate == told.critic_gap != told.certificate


def test_a_negative_gap_is_flagged():
    x, y = clouds()
    told = critic_vs_exact(linear(-WEIGHT), x, y)
    assert told.critic_gap < 0
    assert told.wrong_sign
    assert not critic_vs_exact(linear(), x, y).wrong_sign


# the correction


def scaled(constraint, gap, x, y, **options):
    """A comparison in which f(z) = s z_0 has the given gap."""
    slope = gap / (x[:, 0].mean() - y[:, 0].mean())
    critic = nn.Sequential(linear(np.array([[slope] + [0.0] * (x.shape[1] - 1)])))
    return critic_vs_exact(fitted(constraint, critic), x, y, **options)


@pytest.mark.parametrize("weight", [1.0, 10.0])
@pytest.mark.parametrize("theta", [0.1, 2.0, 5.0])
@pytest.mark.parametrize("side", ["one", "two"])
def test_the_correction_inverts_the_law_of_the_penalty(weight, theta, side):
    x, y = np.full((4, 2), [theta, 0.0]), np.zeros((4, 2))
    gap = theta * (1 + theta / (2 * weight))
    told = scaled(GradientPenalty(weight, side=side), gap, x, y)
    assert told.critic_gap == pytest.approx(gap)
    assert told.corrected == pytest.approx(theta, rel=1e-5)
    assert told.corrected_exactly  # two atoms


@pytest.mark.parametrize(
    ("constraint", "applies"),
    [
        (GradientPenalty(), True),
        (GradientPenalty(place="paired"), True),
        (GradientPenalty(center=0.0), False),
        (GradientPenalty(power=3.0), False),
        (GradientPenalty(place="real"), False),
        (GradientPenalty(place="around_real"), False),
        (NoConstraint(), False),
        (CTransform(), False),
        (SpectralNorm(), False),
    ],
    ids=str,
)
def test_the_correction_is_for_the_penalty_that_has_the_law(constraint, applies):
    x = np.ones((4, 2)) + np.arange(8).reshape(4, 2)
    told = scaled(constraint, 1.1, x, x - [1.0, 0.0])
    assert (told.corrected is not None) == applies
    # one vector between all pairs: exact where the pairs are kept
    assert told.corrected_exactly == (constraint == GradientPenalty(place="paired"))


def test_a_negative_gap_has_no_correction():
    told = scaled(GradientPenalty(), -1.0, np.ones((3, 2)), np.zeros((3, 2)))
    assert (told.corrected, told.corrected_exactly) == (None, False)


def test_the_correction_is_exact_for_parallel_lines_alone():
    critic = fitted(GradientPenalty(), nn.Sequential(linear(np.array([[-1.1, 0.0]]))))
    told = critic_vs_exact(critic, known.ParallelLines(2.0))
    assert told.corrected_exactly
    told = critic_vs_exact(critic, known.Translation((2.0, 0.0)))
    assert told.corrected is not None
    assert not told.corrected_exactly
    bare = critic_vs_exact(critic.critic, known.ParallelLines(2.0))
    assert (bare.corrected, bare.corrected_exactly) == (None, False)
    beside = replace(critic, constraint=Consistency())
    assert critic_vs_exact(beside, known.ParallelLines(2.0)).corrected is None


# known pairs


@pytest.mark.parametrize("pair", known.all(), ids=lambda pair: type(pair).__name__)
def test_the_exact_critic_rises_with_slope_one_along_the_rays(pair):
    rng = np.random.default_rng(0)
    points, directions = comparison._rays(solved(*pair.sample(2, rng), pair=pair), rng)
    assert len(points) > 100
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    # f is 1-Lipschitz: where it rises with slope 1 in a direction, that is its gradient
    step = 1e-5
    rise = pair.critic(points + step * directions) - pair.critic(points - step * directions)
    assert np.mean(np.abs(rise / (2 * step) - 1) < 1e-4) > 0.995  # the others straddle a kink


@pytest.mark.parametrize(
    "pair",
    [known.ParallelLines(), known.Gaussians(), known.Cones(), known.Funnels(), known.Balls()],
    ids=lambda pair: type(pair).__name__,
)
def test_the_critic_of_a_known_pair_is_told_to_be_exact(pair):
    told = critic_vs_exact(pair.critic, pair, n=400)
    assert told.population == pair.emd
    assert told.cosine == pytest.approx(1, abs=0.01)
    assert told.slope == pytest.approx(1, abs=1e-3)
    assert told.critic_gap <= told.exact + 1e-9
    assert told.certificate <= told.exact + 1e-9
    assert told.critic_gap == pytest.approx(pair.emd, rel=0.15)


def test_a_pair_beside_clouds_brings_its_truth():
    pair = known.Gaussians((0.0, 0.0), (3.0, 4.0))
    x, y = pair.sample(50, np.random.default_rng(5))
    told = critic_vs_exact(lambda z: -z[:, 0], x, y, pair=pair)
    assert told.population == 5
    assert told.cosine == pytest.approx(0.6)  # of the laws, and not of the plan of the sample
    assert told.exact == pytest.approx(exact.emd(x, y))
    assert told.cosine != pytest.approx(critic_vs_exact(lambda z: -z[:, 0], x, y).cosine, abs=1e-6)


def test_points_are_drawn_from_the_given_generator():
    pair = known.Gaussians()

    def run(seed=None, n=60):
        rng = None if seed is None else np.random.default_rng(seed)
        return critic_vs_exact(pair.critic, pair, n=n, rng=rng).exact

    assert run() == run() == run(0)
    assert run() != run(1)
    assert run() != run(n=61)


def test_a_transport_that_is_solved_is_not_solved_again(monkeypatch):
    x, y = clouds()
    transport = exact.wasserstein(x, y)
    expected = critic_vs_exact(linear(), x, y)
    monkeypatch.setattr(exact, "wasserstein", lambda *_, **__: pytest.fail("solved again"))
    assert critic_vs_exact(linear(), x, y, transport=transport) == expected


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e100])
def test_a_transport_of_the_same_points_is_taken_at_any_scale(scale, rng):
    x, y = scale * rng.normal(size=(8, 2)), scale * rng.normal(size=(9, 2))
    for cloud in (x, np.r_[x[:4], y[:4]], y):  # with mass in common too, and nothing to move
        transport = exact.wasserstein(cloud, y)
        assert solved(cloud, y, transport=transport).transport is transport


def test_images_may_come_with_the_transport_of_their_pixels():
    x, y = clouds(shape=(1, 2, 2))
    transport = exact.wasserstein(x.reshape(30, 4), y.reshape(40, 4))
    told = critic_vs_exact(CRITICS["module"], x, y, transport=transport)
    assert told == critic_vs_exact(CRITICS["module"], x, y)


# refusals


@pytest.mark.parametrize(
    ("critic", "error", "advice"),
    [
        (nn.Linear(4, 2), ValueError, "2 points to an output of shape (2, 2): it must return one"),
        (lambda z: z, ValueError, "2 points to an output of shape (2, 4): it must return one"),
        (lambda z: 3.0, ValueError, "2 points to an output of shape (): it must return one"),
        (lambda z: z[:1, 0], ValueError, "2 points to an output of shape (1,): it must"),
        (3.0, TypeError, "the critic is of type float: give a torch module"),
        (None, TypeError, "the critic is of type NoneType"),
        ("wgan", TypeError, "the critic is of type str"),
        (lambda z: z[:, 0] / 0 * 0, ValueError, "value at point 0 is not finite"),
        (lambda z: 1 / (np.arange(len(z)) != 1), ValueError, "value at point 1 is not finite"),
        (linear(np.full((1, 4), np.nan)), ValueError, "is not finite: has its training diverged?"),
        (lambda z: (torch.sum(z, 1), z), ValueError, "it returned a tuple: it must return one"),
        (nn.LSTM(4, 1), ValueError, "it returned a tuple: it must return one"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")
def test_what_is_no_critic_is_refused_with_advice(critic, error, advice):
    with pytest.raises(error, match=re.escape(advice)) as refusal:
        critic_vs_exact(critic, *clouds())
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("x", "y", "options", "advice"),
    [
        (known.Uniforms(), None, {"n": 0}, "n = 0: give a whole number of at least 1"),
        (known.Uniforms(), None, {"n": 10**10}, "n = 10000000000: give a whole number of at most"),
        (np.zeros((3, 4)), None, {}, "y is missing: give two clouds, or a known pair alone"),
        (known.Uniforms(), np.zeros(3), {}, "a known pair has both laws: give it alone"),
        (np.zeros((3, 4)), np.zeros((3, 3)), {}, "x has points of shape (4,) and y of shape (3,)"),
        (np.zeros((3, 4)), np.zeros((3, 1, 2, 2)), {}, "of shape (4,) and y of shape (1, 2, 2)"),
        (np.zeros((0, 4)), np.zeros((3, 4)), {}, "x has shape (0, 4): give points of shape (n, d)"),
        (np.zeros((3, 4)), 1.0, {}, "y has shape (): give points of shape (n, d)"),
        (np.full((3, 4), np.nan), np.zeros((3, 4)), {}, "x has nan in row 0 (3 such rows)"),
        (np.zeros((3, 4)), np.zeros((3, 4)), {"pair": known.Uniforms()}, "the pair in dimension 1"),
        (
            np.zeros((3, 4)),
            np.zeros((3, 4)),
            {"transport": exact.wasserstein(np.zeros((2, 4)), np.zeros((3, 4)))},
            "transport is of 2 and 3 points",
        ),
        (
            np.zeros((3, 4)),
            np.zeros((3, 4)),
            {"transport": exact.wasserstein(np.zeros((3, 4)), np.zeros((3, 4)), p=2)},
            "transport is of order 2",
        ),
        (
            np.eye(4),
            np.zeros((3, 4)),
            {"transport": exact.wasserstein(np.eye(4)[::-1], np.zeros((3, 4)))},
            "transport is of other points than x: give exact.wasserstein(x, y) of these points",
        ),
        (
            np.eye(4),
            np.eye(4)[:3],
            {"transport": exact.wasserstein(np.eye(4), np.eye(4)[:3] + 1e-9)},
            "transport is of other points than y",
        ),
        (
            np.zeros((3, 4)),
            np.eye(4)[:2],
            {"transport": exact.wasserstein(np.zeros((3, 4)), np.eye(4)[:2], None, [0.75, 0.25])},
            "transport weighs the points of y unequally",
        ),
        (
            np.zeros((3, 4)),
            np.eye(4),
            {"transport": replace(exact.wasserstein(np.zeros((3, 4)), np.eye(4)), value=2.0)},
            "transport has the value 2, and its plan costs 1 on these points",
        ),
    ],
)
def test_bad_clouds_are_refused_with_advice(x, y, options, advice):
    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        critic_vs_exact(linear(), x, y, **options)
    assert "\n" not in str(refusal.value)
