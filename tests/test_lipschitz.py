"""The Lipschitz constraints: each against a value by hand, or a second way to compute it."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from playing import update
from scipy import stats
from torch import nn

from wganlab import exact
from wganlab.learned import (
    Consistency,
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
from wganlab.learned.batch import values
from wganlab.learned.constraints.ctransform import batch_certificate
from wganlab.learned.constraints.norms import polar
from wganlab.learned.constraints.penalties import gradient_norms, interpolates
from wganlab.learned.critics.fitted import evaluated

PLACES = ("between", "paired", "real", "fake", "around_real")
SHAPES = [(2,), (3, 4, 4)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=["2-D", "images"])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def linear_critic(slope, shape):
    """f(x) = <w, x> with |w| = slope."""
    critic = MLPConfig(depth=0).build(math.prod(shape), generator(1))
    with torch.no_grad():
        critic.head.weight.mul_(slope / critic.head.weight.norm())
    return critic


def batch_of(critic, shape, n=6, m=None):
    source = generator(2)
    real = torch.randn(n, *shape, generator=source)
    return evaluated(critic, real, torch.randn(m or n, *shape, generator=source) + 3)


def singular_values(critic):
    return [
        torch.linalg.svdvals(layer.weight.detach().double())
        for layer in critic.modules()
        if isinstance(layer, nn.Linear)
    ]


@shapes
def test_a_linear_critic_of_known_slope_pays_a_known_penalty(shape):
    grid = itertools.product(PLACES, ("two", "one"), (1.0, 1.5, 2.0, 3.0), (0.0, 1.0, 2.5))
    critics = {slope: linear_critic(slope, shape) for slope in (0.0, 0.25, 1.0, 3.0)}
    batches = {slope: batch_of(critic, shape) for slope, critic in critics.items()}
    for place, side, power, center in grid:
        penalty = GradientPenalty(10.0, side=side, power=power, center=center, place=place)
        for slope, critic in critics.items():
            paid = penalty.penalty(critic, batches[slope], generator())
            excess = slope - center
            expected = 10 * (abs(excess) if side == "two" else max(excess, 0)) ** power
            assert paid.item() == pytest.approx(expected, rel=1e-5, abs=1e-5), (penalty, slope)


@shapes
def test_the_norm_is_of_one_points_gradient(shape):
    config = MLPConfig(width=16, activation="tanh", init="he")
    critic = config.build(math.prod(shape), generator()).double()
    points = torch.randn(5, *shape, generator=generator(), dtype=torch.float64)
    alone = [
        np.linalg.norm(torch.autograd.functional.jacobian(critic, point[None]).numpy().ravel())
        for point in points
    ]
    norms = gradient_norms(critic, points)
    np.testing.assert_allclose(norms.detach(), alone, rtol=1e-12)
    assert norms.std() > 0.1 * norms.mean()
    batch = evaluated(critic, points, points)
    expected = 7 * np.mean((np.array(alone) - 1) ** 2)
    paid = GradientPenalty(7.0, place="real").penalty(critic, batch, generator())
    assert paid.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("side", ["two", "one"])
def test_the_penalty_is_differentiable_in_the_weights(side):
    critic = linear_critic(3.0, (2,))
    weight = critic.head.weight
    paid = GradientPenalty(10.0, side=side).penalty(critic, batch_of(critic, (2,)), generator())
    (gradient,) = torch.autograd.grad(paid, weight)
    torch.testing.assert_close(gradient, 10 * 2 * (3 - 1) * weight.detach() / 3)


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("center", [0.0, 1.0])
@pytest.mark.parametrize("side", ["two", "one"])
def test_the_penalty_has_a_finite_gradient_where_the_slope_is_zero(side, center, power):
    penalty = GradientPenalty(side=side, center=center, power=power)
    critic = MLPConfig(width=4, depth=2).build(2, generator())
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.zero_()
    penalty.penalty(critic, batch_of(critic, (2,)), generator()).backward()
    gradients = [p.grad for p in critic.parameters() if p.grad is not None]
    assert len(gradients) >= 3
    assert all(gradient.isfinite().all() for gradient in gradients)


@shapes
def test_every_pair_has_one_epsilon_of_its_own(shape):
    n = 500
    z = interpolates(torch.ones(n, *shape), torch.zeros(n, *shape), generator())
    assert z.shape == (n, *shape)
    epsilon = z.flatten(1)
    assert torch.equal(epsilon, epsilon[:, :1].expand_as(epsilon))
    assert len(epsilon[:, 0].unique()) == n
    assert stats.kstest(epsilon[:, 0].numpy(), "uniform").pvalue > 0.01


def matched(n, m, seed=0, *, paired=False):
    """Which real and which fake point each interpolate is of, told from where it lies."""
    real = torch.zeros(n, 3, dtype=torch.float64)
    fake = torch.zeros(m, 3, dtype=torch.float64)
    real[:, 0], real[:, 2] = torch.arange(1, n + 1), 1
    fake[:, 1] = torch.arange(1, m + 1)
    z = interpolates(real, fake, generator(seed), paired=paired).numpy()
    epsilon = z[:, 2]
    assert ((epsilon > 0) & (epsilon < 1)).all()
    i, j = z[:, 0] / epsilon, z[:, 1] / (1 - epsilon)
    np.testing.assert_allclose([i, j], np.round([i, j]), atol=1e-9)
    return np.round([i, j]).astype(int) - 1


def test_interpolates_lie_between_one_real_and_one_fake_point():
    i, j = matched(50, 50)
    assert sorted(i) == sorted(j) == list(range(50))
    assert np.mean(i == j) < 0.2
    i, j = matched(50, 50, paired=True)
    assert i.tolist() == j.tolist() == list(range(50))


def test_clouds_that_stay_the_same_do_not_keep_their_pairs():
    pairs = {tuple(pair) for seed in range(200) for pair in zip(*matched(4, 4, seed), strict=True)}
    assert pairs == set(itertools.product(range(4), range(4)))


@pytest.mark.parametrize(("n", "m"), [(5, 40), (40, 5), (1, 7)])
def test_clouds_of_unequal_size_are_matched_at_random(n, m):
    i, j = matched(n, m)
    assert len(i) == max(n, m)
    few, many = (i, j) if n < m else (j, i)
    assert sorted(many) == list(range(max(n, m)))
    assert set(few) == set(range(min(n, m)))
    critic = linear_critic(3.0, (2,))
    paid = GradientPenalty().penalty(critic, batch_of(critic, (2,), n, m), generator())
    assert paid.item() == pytest.approx(40, rel=1e-5)


@pytest.mark.parametrize("place", ["real", "fake"])
def test_points_on_a_law_are_its_points(place):
    batch = batch_of(linear_critic(1.0, (2,)), (2,))
    points = GradientPenalty(place=place).points(batch, generator())
    assert torch.equal(points, getattr(batch, place))


def test_points_around_the_real_ones_have_the_asked_spread():
    real = torch.tensor([[5.0, 0.0], [-5.0, 0.0]]).repeat(10_000, 1)
    critic = linear_critic(1.0, (2,))
    noise = GradientPenalty(place="around_real", radius=0.2).points(
        evaluated(critic, real, real), generator()
    ) - real  # fmt: skip
    np.testing.assert_allclose(np.cov(noise.T), (0.2**2 * 12.5) * np.eye(2), atol=0.02)
    assert noise.mean().abs() < 0.01


def test_one_real_point_on_the_line_has_no_spread():
    critic = linear_critic(3.0, (1,))
    penalty = GradientPenalty(place="around_real")
    paid = penalty.penalty(critic, batch_of(critic, (1,), 1), generator())
    assert paid.item() == pytest.approx(40)


def one_step(constraint, weight):
    """The weight of f(x) = w x after one step of gradient ascent at rate .1 from `weight`."""
    critic = linear_critic(weight, (1,))
    with torch.no_grad():
        critic.head.weight.abs_()
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.1)
    update(critic, constraint, optimizer, torch.tensor([[5.0]]), torch.tensor([[2.0]]), generator())
    return critic.head.weight.item()


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (NoConstraint(), 0.4 + 0.1 * 3),
        (WeightClipping(0.5), 0.5),  # stepped to .7, then clipped
        (WeightClipping(0.3, when="before"), 0.3 + 0.1 * 3),  # clipped to .3, then stepped
        (WeightClipping(0.5, when="before"), 0.4 + 0.1 * 3),
        (WeightClipping(0.6, lower=0.5), 0.6),
        (WeightClipping(0.9, lower=0.8), 0.8),
        (WeightClipping(0.9, when="before", lower=0.8), 0.8 + 0.1 * 3),
        (GradientPenalty(10.0), 0.4 + 0.1 * (3 + 2 * 10 * 0.6)),
        (GradientPenalty(10.0, side="one"), 0.4 + 0.1 * 3),
    ],
    ids=str,
)
def test_one_step_by_hand(constraint, expected):
    assert one_step(constraint, 0.4) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("when", ["after", "before"])
def test_gradients_are_taken_where_the_authors_code_takes_them(when):
    """Of w^3 at w = 2, clipped to 1: before the gradients 1 + .1 * 3, after the step 1."""

    class Cube(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            return self.w**3 * x

    critic = Cube()
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.1)
    points = torch.tensor([[3.0]]), torch.tensor([[2.0]])
    update(critic, WeightClipping(1.0, when=when), optimizer, *points, generator())
    assert critic.w.item() == pytest.approx(1.3 if when == "before" else 1.0)


def test_a_box_that_is_not_centered_keeps_every_parameter():
    critic = MLPConfig(width=8).build(2, generator())
    constraint = WeightClipping(0.02, lower=-0.005)
    constraint.prepare(critic)
    everything = torch.cat([p.flatten() for p in critic.parameters()])
    assert (everything.min(), everything.max()) == (np.float32(-0.005), np.float32(0.02))
    assert constraint.box == (-0.005, 0.02)


def shifted(n=64, d=2):
    x = torch.randn(n, d, generator=generator(5))
    return x, x + 2


def test_clipping_after_the_step_keeps_every_parameter_in_the_box():
    x, y = shifted()
    largest = []

    def look(record, critic):
        largest.append(max(p.abs().max().item() for p in critic.parameters()))

    critic = MLPConfig(width=8, norm="batch")
    fitted = fit_critic(
        x, y, constraint=WeightClipping(0.02), critic=critic, steps=20, callback=look
    )
    assert max(largest) <= np.float32(0.02)
    gammas = [m.weight for m in fitted.critic.modules() if isinstance(m, nn.BatchNorm1d)]
    assert len(gammas) == 3  # they start at 1
    assert all(gamma.abs().max() <= np.float32(0.02) for gamma in gammas)


def test_clipping_before_the_step_leaves_the_box_by_a_step():
    x, y = shifted()
    fitted = fit_critic(
        x,
        y,
        constraint=WeightClipping(0.02, when="before"),
        critic=MLPConfig(width=8),
        optimizer=Optimizer("sgd", lr=0.01),
        steps=200,
    )
    largest = max(p.abs().max().item() for p in fitted.critic.parameters())
    assert 0.02 < largest < 0.1


def test_the_network_starts_in_the_box():
    fitted = fit_critic(*shifted(), constraint=WeightClipping(0.02), steps=0)
    assert max(p.abs().max().item() for p in fitted.critic.parameters()) <= np.float32(0.02)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_spectral_norm_ends_at_norm_one(schedule):
    x, y = shifted(d=5)
    fitted = fit_critic(
        x,
        y,
        constraint=SpectralNorm(),
        critic=MLPConfig(16),
        optimizer=Optimizer(lr=1e-3, schedule=schedule),
        steps=100,
    )
    for sizes in singular_values(fitted.critic):
        assert sizes[0].item() == pytest.approx(1, abs=1e-6)
    assert fitted.lipschitz == pytest.approx(1, abs=1e-5)
    assert type(fitted.critic.head) is nn.Linear
    # one power iteration a step runs after the weights; the last record is of what is left
    assert fitted.final.slope <= 1 + 1e-5
    assert fitted.final.gap == pytest.approx(fitted(x).mean() - fitted(y).mean(), rel=1e-5)


def convolutional(norm=None):
    layers = [nn.Conv2d(1, 4, 3, 2, 1), *([norm] if norm else []), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16, 1))


def test_spectral_norm_of_a_convolution_is_that_of_its_matrix():
    source = generator()
    x, y = (torch.randn(32, 1, 4, 4, generator=source) + shift for shift in (0, 1))
    critic = convolutional()
    fit_critic(x, y, constraint=SpectralNorm(), critic=critic, steps=30)
    matrix = critic[0].weight.detach().flatten(1).double()
    assert torch.linalg.matrix_norm(matrix, 2).item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("inputs", [2, 24], ids=["tall", "wide"])
def test_orthonormal_layers_are_so_before_the_first_step(inputs):
    critic = MLPConfig(width=12, depth=3, activation="maxmin").build(inputs, generator())
    Orthonormal().prepare(critic)
    for sizes in singular_values(critic):
        np.testing.assert_allclose(sizes, 1, atol=1e-6)


@pytest.mark.parametrize("inputs", [2, 24], ids=["tall", "wide"])
def test_orthonormal_layers_have_singular_values_one(inputs):
    x, y = shifted(d=inputs)
    critic = MLPConfig(width=12, depth=3, activation="maxmin").build(inputs, generator())
    worst, before = [], []

    def look(record, critic):
        worst.append(max((values - 1).abs().max().item() for values in singular_values(critic)))
        before.append(critic(x).detach())

    first = [part.weight.clone() for part in critic.modules() if isinstance(part, nn.Linear)]
    fit_critic(
        x,
        y,
        constraint=Orthonormal(),
        critic=critic,
        optimizer=Optimizer(lr=5e-3, betas=(0.9, 0.99)),
        steps=100,
        callback=look,
    )
    assert max(worst) < 1e-4
    for sizes in singular_values(critic):
        assert len(sizes) in (1, 2, 12)
        np.testing.assert_allclose(sizes, 1, atol=1e-6)
    torch.testing.assert_close(critic(x), before[-1], atol=1e-4, rtol=0)  # baked in as it was
    last = [part.weight for part in critic.modules() if type(part) is nn.Linear]
    assert len(last) == 4
    assert all((new - old).abs().max() > 1e-3 for new, old in zip(last, first, strict=True))


def test_orthonormal_layers_start_at_the_nearest():
    critic = MLPConfig(width=6, depth=2, activation="maxmin").build(3, generator())
    expected = [polar(part.weight) for part in critic.modules() if isinstance(part, nn.Linear)]
    fit_critic(*shifted(d=3), constraint=Orthonormal(), critic=critic, steps=0)
    for part, weight in zip(
        (part for part in critic.modules() if isinstance(part, nn.Linear)), expected, strict=True
    ):
        torch.testing.assert_close(part.weight.double(), weight, atol=1e-5, rtol=0)


def test_a_retraction_by_hand():
    # f(z) = <w, z>, w on the unit circle: the gradient turns it, and its length stays 1
    critic = linear_critic(1.0, (2,))
    constraint = Orthonormal()
    constraint.prepare(critic)
    w, rise = critic.head.weight.detach()[0].clone(), torch.tensor([3.0, -4.0])
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.1)
    update(critic, constraint, optimizer, rise[None], torch.zeros(1, 2), None)
    moved = w + 0.1 * (rise - w * (w @ rise))
    torch.testing.assert_close(critic.head.weight[0], moved / moved.norm())


def test_a_retraction_holds_at_any_learning_rate():
    optimizer = Optimizer("sgd", lr=1e4)
    critic = MLPConfig(width=8, activation="maxmin")
    fitted = fit_critic(
        *shifted(),
        constraint=Orthonormal(),
        critic=critic,
        optimizer=optimizer,
        steps=20,
    )
    assert all((sizes - 1).abs().max() < 1e-6 for sizes in singular_values(fitted.critic))


def test_polar_is_the_nearest_orthonormal_matrix(rng):
    weight = torch.from_numpy(rng.normal(size=(5, 3)))
    nearest = polar(weight)
    torch.testing.assert_close(nearest.T @ nearest, torch.eye(3).double())
    distance = (weight - nearest).norm()
    for _ in range(20):
        other, _ = np.linalg.qr(nearest.numpy() + 0.1 * rng.normal(size=(5, 3)))
        other = other * np.sign(np.sum(other * nearest.numpy(), axis=0))
        assert (weight - torch.from_numpy(other)).norm() > distance


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12), st.integers(1, 4),
       st.sampled_from([1e-3, 1.0, 1e3]))  # fmt: skip
def test_the_batch_certificate_is_the_exact_one_and_never_above_emd(seed, n, m, d, scale):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + rng.normal(size=d)
    f = scale * rng.normal(size=n)
    told = batch_certificate(*map(torch.from_numpy, (f, x, y))).item()
    assert told == pytest.approx(exact.certificate(f, x, y), rel=1e-12, abs=1e-9 * scale)
    assert told <= exact.emd(x, y) + 1e-9 * max(scale, 1)


def test_the_batch_certificate_of_the_exact_critic_is_emd(rng):
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(40, 2)) + 1
    transport = exact.wasserstein(x, y)
    told = batch_certificate(*map(torch.from_numpy, (transport.critic(x), x, y))).item()
    assert told == pytest.approx(transport.value, rel=1e-12)


@shapes
def test_the_c_transform_does_not_look_at_the_critic_at_fake_points(shape):
    critic = MLPConfig(width=8).build(math.prod(shape), generator())
    batch = batch_of(critic, shape)
    flat = [points.flatten(1).numpy() for points in (batch.real, batch.fake)]
    expected = exact.certificate(batch.f_real.detach().numpy(), *flat)
    told = CTransform().objective(batch._replace(f_fake=batch.f_fake + 100))
    assert told.item() == pytest.approx(expected, rel=1e-5)
    assert CTransform().penalty(critic, batch, generator()) == 0
    assert not CTransform.in_loss


@pytest.mark.parametrize("margin", [0.0, 0.3, 100.0])
def test_the_consistency_term_by_hand(margin):
    config = MLPConfig(width=8, depth=2, activation="tanh", dropout=0.5)
    critic = config.build(3, generator())
    batch = batch_of(critic, (3,))
    constraint = Consistency(2.5, margin=margin, gradient=GradientPenalty(7.0))
    torch.manual_seed(0)
    runs = []
    for _ in range(2):
        hidden = critic.features(batch.real)
        runs.append((critic.head(hidden).detach().numpy(), hidden.detach().numpy()))
    gradient = constraint.gradient.penalty(critic, batch, generator()).item()
    (f, h), (g, k) = runs
    distance = np.abs(f - g)[:, 0] + 0.1 * np.linalg.norm(h - k, axis=1)
    assert distance.min() > 0
    expected = 2.5 * np.maximum(distance - margin, 0).mean() + gradient
    torch.manual_seed(0)
    assert constraint.penalty(critic, batch, generator()).item() == pytest.approx(expected)


def test_the_consistency_term_of_any_network_compares_its_outputs():
    critic = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 1, bias=False))
    batch = batch_of(critic, (3,))
    constraint = Consistency(2.0)
    torch.manual_seed(0)
    f, g = (critic(batch.real).detach() for _ in range(2))
    gradient = constraint.gradient.penalty(critic, batch, generator())
    torch.manual_seed(0)
    expected = 2 * (f - g).abs().mean() + gradient
    torch.testing.assert_close(constraint.penalty(critic, batch, generator()), expected)


def test_without_dropout_noise_the_consistency_term_is_zero():
    critic = MLPConfig(width=8, dropout=0.5).build(3, generator()).eval()
    batch = batch_of(critic, (3,))
    constraint = Consistency()
    alone = constraint.gradient.penalty(critic, batch, generator())
    torch.testing.assert_close(constraint.penalty(critic, batch, generator()), alone)


@pytest.mark.parametrize(
    ("constraint", "critic", "advice"),
    [
        (GradientPenalty(), MLPConfig(4, norm="batch"), "use layer norm, MLPConfig(norm='layer')"),
        (CTransform(), MLPConfig(4, norm="batch"), "use layer norm, MLPConfig(norm='layer')"),
        (Consistency(), MLPConfig(4, norm="batch", dropout=0.5), "use layer norm"),
        (Consistency(), MLPConfig(4), "build it with MLPConfig(dropout=0.5)"),
        (Orthonormal(), MLPConfig(4, norm="layer"), "build the critic without"),
        (Orthonormal(), MLPConfig(4, norm="batch"), "build the critic without"),
        (SpectralNorm(), MLPConfig(4, norm="layer"), "build the critic without"),
        (SpectralNorm(), MLPConfig(4, norm="batch"), "build the critic without"),
        (SpectralNorm(), convolutional(nn.GroupNorm(2, 4)), "build the critic without"),
        (SpectralNorm(), convolutional(nn.InstanceNorm2d(4)), "build the critic without"),
        (SpectralNorm(), convolutional(nn.RMSNorm(2)), "build the critic without"),
        (GradientPenalty(), convolutional(nn.BatchNorm2d(4)), "use layer norm"),
        (Orthonormal(), convolutional(), "that overlap use SpectralNorm() or GradientPenalty()"),
    ],
)
def test_combinations_that_make_no_sense_are_refused_with_the_reason(constraint, critic, advice):
    points = torch.zeros(4, 1, 4, 4) if isinstance(critic, nn.Module) else torch.zeros(4, 2)
    before = {k: v.clone() for k, v in critic.state_dict().items()} if points.dim() > 2 else {}
    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        fit_critic(points, points, constraint=constraint, critic=critic)
    assert "\n" not in str(refusal.value)
    assert all(torch.equal(critic.state_dict()[name], old) for name, old in before.items())


@pytest.mark.parametrize("constraint", [GradientPenalty(), Consistency(), CTransform()], ids=str)
def test_layer_norm_is_welcome_where_a_penalty_holds(constraint):
    critic = MLPConfig(width=4, norm="layer", dropout=0.1)
    fitted = fit_critic(*shifted(), constraint=constraint, critic=critic, steps=2)
    assert math.isfinite(fitted.final.gap)


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: GradientPenalty(0), "weight = 0: give a number above 0"),
        (lambda: GradientPenalty(math.nan), "weight = nan: give a finite number"),
        (lambda: GradientPenalty(side="both"), "side = 'both': choose from two, one"),
        (lambda: GradientPenalty(power=0.5), "power = 0.5: give a number of at least 1"),
        (lambda: GradientPenalty(power=math.inf), "power = inf: give a finite number"),
        (lambda: GradientPenalty(center=-1), "center = -1: give a number of at least 0"),
        (lambda: GradientPenalty(place="mid"), "place = 'mid': choose from between, paired, real"),
        (lambda: GradientPenalty(radius=0), "radius = 0: give a number above 0"),
        (lambda: WeightClipping(0), "c = 0: give a number above 0"),
        (lambda: WeightClipping(when="never"), "when = 'never': choose from after, before"),
        (lambda: WeightClipping(lower=0.01), "lower = 0.01 is not below c = 0.01: give less"),
        (lambda: WeightClipping(lower=1), "lower = 1 is not below"),
        (lambda: WeightClipping(lower=-math.inf), "lower = -inf: give a finite number"),
        (lambda: WeightClipping(lower=math.nan), "lower = nan: give a finite number"),
        (lambda: WeightClipping(lower=True), "lower = True: give a finite number"),
        (lambda: WeightClipping(lower="-1"), "lower = '-1': give a finite number"),
        (lambda: Consistency(margin=-1), "margin = -1: give a number of at least 0"),
        (lambda: Consistency(weight=-1), "weight = -1: give a number above 0"),
    ],
)
def test_bad_parameters_are_refused_with_advice(make, advice):
    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        make()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("outputs", [2, 5])
def test_a_critic_returns_one_number_for_each_point(outputs):
    critic = nn.Linear(2, outputs)
    with pytest.raises(ValueError, match=rf"5 points to an output of shape \(5, {outputs}\)"):
        values(critic, torch.zeros(5, 2))
    with pytest.raises(ValueError, match="one number for each point"):
        fit_critic(torch.zeros(5, 2), torch.ones(5, 2), critic=critic)
