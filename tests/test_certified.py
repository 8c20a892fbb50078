"""Critics of images that are 1-Lipschitz for certain: orthonormal layers, and what they reach."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import compare
from wganlab.learned import (
    DCGANConfig,
    Fold,
    FoldConfig,
    Optimizer,
    Orthonormal,
    PatchConfig,
    SpectralNorm,
    fit_critic,
    lipschitz_bound,
)
from wganlab.learned.constraints.norms import polar, tiles
from wganlab.learned.fast.by_hand import links

SHAPE = (1, 8, 8)
CONFIGS = [
    FoldConfig(planes=8),
    FoldConfig(planes=400, folds=1),  # more than the images have pixels
    PatchConfig(filters=16),
    PatchConfig(filters=8, kernel=2, depth=1, activation="groupsort"),
    PatchConfig(filters=8, activation="fullsort"),
    PatchConfig(filters=8, activation="relu"),
]
configs = pytest.mark.parametrize("config", CONFIGS, ids=str)
RATE = Optimizer(lr=2e-2, betas=(0.9, 0.99))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def clouds(n=40, shape=SHAPE):
    real = torch.rand(n, *shape, generator=generator(1))
    fake = torch.rand(n, *shape, generator=generator(2))
    return real, 1 - fake.square()


def matrices(critic):
    kinds = (nn.Linear, nn.Conv2d)
    return [part.weight.flatten(1) for part in critic.modules() if isinstance(part, kinds)]


def steepest(function, images):
    """Largest |f(x) - f(y)| / |x - y|: over all pairs of images, and over short steps."""
    values = function(images)[:, 0]
    flat = images.flatten(1)
    far = (values[:, None] - values).abs() / torch.cdist(flat, flat).fill_diagonal_(math.inf)
    steps = 1e-3 * torch.randn(images.shape, generator=generator(1), dtype=images.dtype)
    near = (function(images + steps)[:, 0] - values).abs() / steps.flatten(1).norm(dim=1)
    return max(far.max().item(), near.max().item())


@configs
def test_weights_stay_orthonormal_and_the_critic_1_lipschitz(config):
    worst = []

    def look(record, critic):
        sizes = [torch.linalg.svdvals(matrix.double()) for matrix in matrices(critic)]
        worst.append(max((one - 1).abs().max().item() for one in sizes))

    real, fake = clouds()
    fitted = fit_critic(
        real,
        fake,
        critic=config,
        constraint=Orthonormal(),
        optimizer=RATE,
        steps=10,
        records=2,
        callback=look,
    )
    assert max(worst) < 1e-5
    for matrix in matrices(fitted.critic):
        torch.testing.assert_close(matrix.double(), polar(matrix), atol=1e-6, rtol=0)
    assert fitted.lipschitz == pytest.approx(1, abs=2e-6)
    images = torch.cat([real, fake, torch.randn(50, *SHAPE, generator=generator())]).double()
    with torch.no_grad():
        assert steepest(fitted.critic.double(), images) <= fitted.lipschitz * (1 + 1e-6)
    told = compare.critic_vs_exact(fitted, real, fake)
    assert 0 < told.critic_gap <= told.exact * (1 + 1e-6)


@configs
def test_the_start_is_orthonormal_and_trained_from(config):
    start = fit_critic(*clouds(), critic=config, constraint=Orthonormal(), steps=0)
    drawn = config.critic_for(SHAPE, generator(int(np.random.SeedSequence(0).generate_state(3)[0])))
    for now, before in zip(matrices(start.critic), matrices(drawn), strict=True):
        torch.testing.assert_close(now.double(), polar(before), atol=1e-6, rtol=0)
    after = fit_critic(*clouds(), critic=config, constraint=Orthonormal(), optimizer=RATE, steps=9)
    moved = zip(matrices(after.critic), matrices(start.critic), strict=True)
    assert all((a - b).abs().max() > 1e-3 for a, b in moved)
    assert after.final.gap > start.final.gap


@pytest.mark.parametrize("config", CONFIGS[:-1], ids=str)
def test_gradients_keep_their_norm(config):
    fitted = fit_critic(*clouds(), critic=config, constraint=Orthonormal(), steps=3)
    slopes = np.linalg.norm(fitted.gradient(clouds()[0]).reshape(40, -1), axis=1)
    np.testing.assert_allclose(slopes, 1, atol=1e-5)


@pytest.mark.parametrize("config", [CONFIGS[0], CONFIGS[3]], ids=str)
def test_spectral_norm_bounds_them_too(config):
    fitted = fit_critic(*clouds(), critic=config, constraint=SpectralNorm(), steps=5)
    assert fitted.lipschitz == pytest.approx(1, abs=2e-6)


def test_a_convolution_that_tiles_is_its_matrix():
    layer = nn.Conv2d(2, 3, 2, 2, bias=False)
    images = torch.randn(5, 2, 4, 6, generator=generator())
    patches = images.unfold(2, 2, 2).unfold(3, 2, 2).permute(0, 2, 3, 1, 4, 5).flatten(3)
    told = (patches @ layer.weight.flatten(1).T).permute(0, 3, 1, 2)
    torch.testing.assert_close(layer(images), told)
    assert tiles(layer)
    for other in ({"stride": 1}, {"padding": 1}, {"dilation": 2}, {"groups": 2}):
        options = {"kernel_size": 2, "stride": 2, **other}
        assert not tiles(nn.Conv2d(2, 4, **options))
    assert not tiles(nn.Conv1d(2, 3, 2, 2))


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.5, 3.0])
def test_the_slope_of_a_fold_is_at_most_what_is_told(scale):
    fold = Fold(nn.Linear(6, 4)).double()
    with torch.no_grad():
        fold.planes.weight.copy_(scale * polar(torch.randn(4, 6, generator=generator())))
    bound = lipschitz_bound(nn.Sequential(fold))
    assert bound == pytest.approx(max(1, 2 * scale**2 - 1))
    points = 5 * torch.randn(60, 6, generator=generator(), dtype=torch.float64)
    jacobians = [torch.autograd.functional.jacobian(fold, one[None]).squeeze() for one in points]
    steepest = max(torch.linalg.matrix_norm(jacobian, 2).item() for jacobian in jacobians)
    assert steepest <= bound * (1 + 1e-12)
    assert steepest == pytest.approx(bound)  # reached where a plane is passed
    if scale == 1:
        assert all(
            torch.allclose(one @ one.T, torch.eye(6).double(), atol=1e-12) for one in jacobians
        )


def test_a_fold_reflects_what_is_beyond_the_plane():
    fold = Fold(nn.Linear(2, 1))
    with torch.no_grad():
        fold.planes.weight.copy_(torch.tensor([[0.6, 0.8]]))
        fold.planes.bias.fill_(-1.0)  # the line <(.6, .8), x> = 1
        folded = fold(torch.tensor([[0.0, 0.0], [1.8, 2.4], [0.6, 0.8]]))
    torch.testing.assert_close(folded, torch.tensor([[0.0, 0.0], [-0.6, -0.8], [0.6, 0.8]]))


def test_a_fold_is_no_link_of_a_chain_by_hand_and_a_hook_may_do_anything():
    critic = FoldConfig(planes=2).critic_for((4,), generator())
    assert links(critic) is None
    assert links(FoldConfig(folds=0).critic_for((4,), generator())) is not None
    assert lipschitz_bound(critic) < math.inf
    critic[1].planes.register_forward_hook(lambda module, inputs, output: 10 * output)
    assert lipschitz_bound(critic) == math.inf


@configs
def test_seeds_and_the_meta_device(config):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = config.critic_for(SHAPE, generator())
    assert torch.equal(torch.get_rng_state(), state)
    second, other = config.critic_for(SHAPE, generator()), config.critic_for(SHAPE, generator(1))
    for a, b, c in zip(*map(matrices, (first, second, other)), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c)
    values = first.to("meta")(torch.zeros(3, *SHAPE, device="meta"))
    assert values.shape == (3, 1)
    values.sum().backward()


@pytest.mark.parametrize("side", [8, 32, 64])
def test_critics_of_all_sides(side):
    images = torch.zeros(2, 3, side, side)
    for config in (FoldConfig(4), PatchConfig(8, kernel=8), PatchConfig(8, kernel=2)):
        assert config.critic_for(images.shape[1:], generator())(images).shape == (2, 1)


OVERLAPPING = DCGANConfig(filters=4, norm="none")


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: PatchConfig().critic_for((3,), generator()), "(3,): take MLPConfig()"),
        (lambda: PatchConfig().critic_for((1, 28, 28), generator()), "--size 32"),
        (lambda: PatchConfig().generator_for(2, SHAPE, generator()), "for the generator take MLP"),
        (lambda: FoldConfig().generator_for(2, SHAPE, generator()), "FoldConfig makes critics"),
        (lambda: PatchConfig(kernel=3), "kernel = 3: patches tile images"),
        (lambda: PatchConfig(kernel=1), "kernel = 1: give a whole number of at least 2"),
        (lambda: PatchConfig(depth=-1), "depth = -1"),
        (lambda: PatchConfig(filters=7), "filters = 7: maxmin sorts groups of 2 units"),
        (lambda: PatchConfig(activation="tanh"), "choose from maxmin, groupsort, fullsort, relu"),
        (lambda: FoldConfig(planes=0), "planes = 0: give a whole number of at least 1"),
        (lambda: FoldConfig(folds=-1), "folds = -1: give a whole number of at least 0"),
        (lambda: Orthonormal().check(OVERLAPPING.critic_for(SHAPE, generator())), "PatchConfig()"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(make, advice):
    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        make()
    assert "\n" not in str(refusal.value)
