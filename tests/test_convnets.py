"""Networks for images: the papers' counts, what they refuse, and bounds beside true norms."""

import itertools
import math
import re
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from wganlab.learned import (
    AutoEncoder,
    CTransform,
    DCGANConfig,
    GradientPenalty,
    GroupSort,
    MaxMin,
    MLPConfig,
    SpectralNorm,
    TrainConfig,
    WeightClipping,
    fit_critic,
    lipschitz_bound,
)
from wganlab.learned.constraints.bounds import layer_norm
from wganlab.learned.fast.by_hand import links
from wganlab.learned.networks.dcgan import ConvActivation, ConvInit
from wganlab.learned.networks.network import Norm
from wganlab.learned.objectives.games import EnergyBased, Wasserstein

SMALL = DCGANConfig(filters=4)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


COLOR = (3, 64, 64)


def test_critics_and_generators_have_as_many_parameters_as_the_papers():
    paper, mlp = DCGANConfig(), MLPConfig(width=512, depth=3)
    constant = DCGANConfig(growth="constant", norm="none")
    assert count(paper.critic_for(COLOR, generator())) == 2_765_568
    assert count(paper.generator_for(100, COLOR, generator())) == 3_576_704
    assert count(constant.generator_for(100, COLOR, generator())) == 302_080
    assert count(mlp.generator_for(100, COLOR, generator())) == 6_880_768


def kinds(network):
    names = {"Conv2d": "conv", "ConvTranspose2d": "up", "BatchNorm2d": "norm"}
    names |= {"GroupNorm": "norm", "ReLU": "relu", "LeakyReLU": "leaky"}
    kind = [type(part).__name__ for part in network]
    return " ".join(names.get(name, name) for name in kind)


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_the_layers_come_in_the_papers_order(norm):
    config = DCGANConfig(filters=4, extra=1, norm=norm)
    critic, maker = (
        config.critic_for((1, 16, 16), generator()),
        config.generator_for(7, (1, 16, 16), generator()),
    )
    assert kinds(critic) == "conv leaky conv norm leaky conv norm leaky conv Flatten"
    assert kinds(maker) == "Unflatten up norm relu up norm relu conv norm relu up Tanh"
    assert all(part.negative_slope == 0.2 for part in critic if isinstance(part, nn.LeakyReLU))
    shapes = [tuple(part.weight.shape) for part in critic if isinstance(part, nn.Conv2d)]
    assert shapes == [(4, 1, 4, 4), (4, 4, 3, 3), (8, 4, 4, 4), (1, 8, 4, 4)]
    assert not any(getattr(part, "bias", None) is not None for part in critic[:1])


def test_a_plain_network_has_no_biases():
    config = DCGANConfig(filters=4, extra=2, norm="none")
    for network in (
        config.critic_for(COLOR, generator()),
        config.generator_for(5, COLOR, generator()),
    ):
        assert all(name.endswith("weight") for name, _ in network.named_parameters())


@pytest.mark.parametrize("side", [8, 16, 32, 64, 128])
@pytest.mark.parametrize(("channels", "growth"), [(1, "double"), (3, "constant")])
def test_networks_of_all_sides(side, channels, growth):
    config, shape = DCGANConfig(filters=2, growth=growth, extra=1), (channels, side, side)
    images = config.generator_for(5, shape, generator())(torch.randn(3, 5, generator=generator()))
    assert images.shape == (3, *shape)
    assert images.abs().max() <= 1
    assert config.critic_for(shape, generator())(images).shape == (3, 1)
    mlp = MLPConfig(width=4)
    assert mlp.generator_for(5, shape, generator())(torch.zeros(3, 5)).shape == (3, *shape)
    assert mlp.critic_for(shape, generator())(images).shape == (3, 1)


@pytest.mark.parametrize("activation", get_args(ConvActivation))
@pytest.mark.parametrize("norm", get_args(Norm))
def test_every_activation_and_norm(activation, norm):
    config, shape = DCGANConfig(filters=4, activation=activation, norm=norm), (1, 16, 16)
    images = config.generator_for(5, shape, generator())(torch.randn(3, 5, generator=generator()))
    values = config.critic_for(shape, generator())(images)
    assert images.isfinite().all()
    assert values.shape == (3, 1)
    assert values.isfinite().all()


def test_layer_norm_is_over_one_image():
    critic = DCGANConfig(filters=4, norm="layer").critic_for((1, 16, 16), generator())
    images = torch.randn(6, 1, 16, 16, generator=generator())
    hidden = critic[:4](images).flatten(1)
    torch.testing.assert_close(hidden.mean(1), torch.zeros(6), atol=1e-5, rtol=0)
    alone = torch.cat([critic(one[None]) for one in images])
    torch.testing.assert_close(alone, critic(images))


@pytest.mark.parametrize("init", get_args(ConvInit))
def test_initial_weights_have_the_law_they_are_named_for(init):
    config, shape = DCGANConfig(filters=32, init=init), (3, 32, 32)
    critic = config.critic_for(shape, generator())
    maker = config.generator_for(100, shape, generator())
    conv, up = critic[2], maker[4]  # 32 to 64 filters and 128 to 64, 4 x 4, stride 2
    fans = {"conv": (32 * 16, 64 * 4), "up": (128 * 4, 64 * 16)}
    theirs = {"conv": nn.Conv2d(32, 64, 4), "up": nn.ConvTranspose2d(128, 64, 4)}
    for name, layer in (("conv", conv), ("up", up)):
        fan_in, fan_out = fans[name]
        variance = {
            "normal": 0.02**2,
            "he": 2 / fan_in,
            "glorot": 2 / (fan_in + fan_out),
            "gulrajani": 4 / (fan_in + fan_out),
            "torch": theirs[name].weight.var().item(),
        }[init]
        assert layer.weight.var().item() == pytest.approx(variance, rel=0.03)
        assert abs(layer.weight.mean().item()) < 4 * math.sqrt(variance / layer.weight.numel())
        if init != "normal":
            assert layer.weight.abs().max().item() == pytest.approx(
                math.sqrt(3 * variance), rel=0.02
            )
    gammas = torch.cat([part.weight for part in maker if isinstance(part, nn.BatchNorm2d)])
    assert len(gammas) == 224
    assert gammas.mean().item() == pytest.approx(1, abs=0.01)
    assert gammas.std().item() == pytest.approx(0.02 if init == "normal" else 0, rel=0.15)
    assert not any(part.bias.any() for part in maker if isinstance(part, nn.BatchNorm2d))


def test_he_keeps_the_size_of_what_passes():
    config = DCGANConfig(filters=16, init="he", norm="none")
    maker = config.generator_for(64, (16, 64, 64), generator())
    hidden = torch.randn(50, 64, generator=generator())
    sizes = []
    for part in maker[:-2]:
        hidden = part(hidden)
        if isinstance(part, nn.ReLU):
            sizes.append(hidden[:, :, 2:-2, 2:-2].square().mean().item())  # away from borders
    np.testing.assert_allclose(sizes[1:], 1, rtol=0.35)


CONFIGS = [
    SMALL,
    DCGANConfig(filters=4, norm="layer", init="he", extra=1),
    DCGANConfig(filters=4, norm="none", init="glorot"),
    DCGANConfig(filters=4, init="torch"),
    MLPConfig(width=4, norm="batch"),
]
configs = pytest.mark.parametrize("config", CONFIGS, ids=str)


def built(config, seed=0):
    critic = config.critic_for((1, 16, 16), generator(seed))
    return nn.ModuleList([critic, config.generator_for(3, (1, 16, 16), generator(seed))])


@configs
def test_the_seed_alone_makes_the_weights(config):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = built(config).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    second, other = built(config).state_dict(), built(config, 1).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    weights = [name for name in first if first[name].dim() > 1]
    assert not any(torch.equal(first[name], other[name]) for name in weights)


@configs
def test_networks_run_on_the_meta_device(config):
    critic, maker = built(config).to("meta")
    images = maker(torch.zeros(3, 3, device="meta"))
    assert images.shape == (3, 1, 16, 16)
    critic(images).sum().backward()
    assert all(weight.grad.device.type == "meta" for weight in maker.parameters())


@pytest.mark.parametrize("norm", get_args(Norm))
def test_an_mlp_of_points_is_what_build_makes(norm):
    config = MLPConfig(width=6, depth=2, norm=norm)
    pairs = [
        (config.critic_for((5,), generator()), config.build(5, generator())),
        (config.generator_for(3, (5,), generator()), config.build(3, generator(), outputs=5)),
    ]
    for new, old in pairs:
        assert type(new) is type(old)
        assert list(new.state_dict()) == list(old.state_dict())
        same = zip(new.state_dict().values(), old.state_dict().values(), strict=True)
        assert all(torch.equal(a, b) for a, b in same)


def test_an_mlp_of_images_is_that_of_flattened_ones():
    config, z = MLPConfig(width=6), torch.randn(4, 3, generator=generator())
    images = config.generator_for(3, (3, 5, 2), generator())(z)
    assert images.shape == (4, 3, 5, 2)
    assert torch.equal(images.flatten(1), config.build(3, generator(), outputs=30)(z))
    values = config.critic_for((3, 5, 2), generator())(images)
    assert torch.equal(values, config.build(30, generator())(images.flatten(1)))


def test_objectives_build_critics_of_images():
    shape = (1, 16, 16)
    critic = Wasserstein().build(SMALL, shape, generator())
    assert kinds(critic).startswith("conv leaky")
    coder = EnergyBased().build(MLPConfig(width=4), shape, generator())
    assert isinstance(coder, AutoEncoder)
    assert coder(torch.zeros(3, *shape)).shape == (3,)
    config = TrainConfig(critic=MLPConfig(width=4))
    assert config.built_critic(shape, generator())(torch.zeros(3, *shape)).shape == (3, 1)


ADVICE = "which works for multiples of 4; resize them, data.images(name, size="


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: SMALL.critic_for((1, 27, 27), generator()), ADVICE + "28)"),
        (lambda: SMALL.critic_for((1, 27, 27), generator()), "the command line --size 28"),
        (lambda: SMALL.generator_for(5, (3, 50, 50), generator()), "images of 50 px"),
        (lambda: DCGANConfig(kernel=1), "kernel = 1: give a whole number of at least 2"),
        (lambda: DCGANConfig(halvings=0.5), "halvings = 0.5: give a whole number"),
        (lambda: DCGANConfig(bias=1), "bias = 1: give True or False"),
        (lambda: DCGANConfig(ends="mean"), "ends = 'mean': choose from convolution, linear"),
        (lambda: SMALL.critic_for((1, 4, 4), generator()), "--size 8"),
        (lambda: SMALL.critic_for((1, 0, 0), generator()), "--size 8"),
        (lambda: SMALL.critic_for((1, 32, 16), generator()), "--size 32"),
        (lambda: SMALL.critic_for((2,), generator()), "(2,): take MLPConfig()"),
        (lambda: SMALL.generator_for(5, (2,), generator()), "is for images, shape (channels"),
        (lambda: EnergyBased().build(SMALL, COLOR, generator()), "a DCGANConfig makes none"),
        (lambda: DCGANConfig(filters=0), "filters = 0: give a whole number of at least 1"),
        (lambda: DCGANConfig(extra=-1), "extra = -1: give a whole number of at least 0"),
        (lambda: DCGANConfig(growth="half"), "growth = 'half': choose from double, constant"),
        (lambda: DCGANConfig(norm="group"), "norm = 'group': choose from none, layer, batch"),
        (lambda: DCGANConfig(init="lecun"), "from normal, he, glorot, gulrajani, torch"),
        (lambda: DCGANConfig(activation="gelu"), "activation = 'gelu': choose from dcgan, relu"),
        (lambda: DCGANConfig(filters=3, activation="maxmin"), "maxmin sorts groups of 2"),
        (lambda: fit_critic([[0.0]], [[1.0]], critic=SMALL), "take MLPConfig()"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(make, advice):
    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        make()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("constraint", [GradientPenalty(), CTransform()], ids=str)
def test_batch_norm_is_refused_under_penalties(constraint):
    images = torch.zeros(4, 1, 16, 16)
    with pytest.raises(ValueError, match=re.escape("or DCGANConfig(norm='layer')")):
        fit_critic(images, images, critic=SMALL, constraint=constraint)
    with pytest.raises(ValueError, match=re.escape("or DCGANConfig(norm='none')")):
        fit_critic(images, images, critic=SMALL, constraint=SpectralNorm())


@pytest.mark.parametrize(
    ("critic", "constraint"),
    [
        (DCGANConfig(filters=4, norm="layer"), GradientPenalty()),
        (DCGANConfig(filters=4, norm="none"), SpectralNorm()),
        (SMALL, WeightClipping()),
    ],
    ids=["gp", "sn", "clip"],
)
def test_a_critic_of_images_is_fitted(critic, constraint):
    images = torch.rand(32, 1, 8, 8, generator=generator())
    fitted = fit_critic(images + 0.5, images, critic=critic, constraint=constraint, steps=30)
    assert fitted(images).shape == (32,)
    assert fitted.final.gap > fitted.history[0].gap


@pytest.mark.parametrize("layer", [MaxMin(), GroupSort(2), GroupSort(4), GroupSort(0)], ids=str)
def test_sorts_are_along_the_channels(layer):
    images = torch.randn(3, 8, 4, 5, generator=generator())
    pixels = images.permute(0, 2, 3, 1).reshape(-1, 8)
    sorted_pixels = layer(images).permute(0, 2, 3, 1).reshape(-1, 8)
    assert torch.equal(sorted_pixels, layer(pixels))


GEOMETRIES = [  # kernel, stride, padding, dilation, groups
    *[
        (3, 1, 1, 1, 1),
        (4, 2, 1, 1, 1),
        (5, 2, 0, 1, 2),
        (3, 2, 0, 1, 1),
        ((2, 3), (1, 2), 1, 1, 1),
    ],
    *[(2, 2, 0, 1, 1), (4, 4, 0, 1, 1), (1, 1, 0, 1, 1), (2, 3, 0, 1, 1), (3, 1, 2, 2, 1)],
    *[(3, 2, 1, 2, 2), (3, 2, 1, 3, 1), (3, 1, "same", 1, 1), (2, 2, 0, 1, 2)],
]


def true_norm(layer, shape):
    """Spectral norm of a layer without bias, from its dense matrix."""
    basis = torch.eye(math.prod(shape), dtype=torch.float64).reshape(-1, *shape)
    with torch.no_grad():
        return torch.linalg.matrix_norm(layer(basis).flatten(1), 2).item()


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_the_bound_of_a_convolution_is_above_its_norm(geometry):
    kernel, *others, groups = geometry
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 4, kernel, *others, groups, bias=False).double()
    bound, truth = layer_norm(layer), true_norm(layer, (2, 6, 6))
    assert truth <= bound * (1 + 1e-12)
    ones = nn.Conv2d(1, 1, kernel, *others, bias=False).double()
    nn.init.ones_(ones.weight)  # the worst case: all patches agree
    assert true_norm(ones, (1, 8, 8)) <= layer_norm(ones) * (1 + 1e-12)
    if layer.kernel_size == layer.stride:
        assert truth == pytest.approx(bound, rel=1e-12)
    assert lipschitz_bound(nn.Sequential(layer, nn.Flatten())) == pytest.approx(bound)


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_other_paddings_have_no_proof(mode):
    layer = nn.Conv2d(1, 1, 3, padding=1, padding_mode=mode)
    assert lipschitz_bound(nn.Sequential(layer)) == math.inf


def test_the_bound_of_a_chain_of_convolutions():
    critic = DCGANConfig(filters=4, norm="none").critic_for((1, 16, 16), generator()).double()
    bound = lipschitz_bound(critic)
    images = torch.randn(50, 1, 16, 16, generator=generator(), dtype=torch.float64)
    pairs = list(itertools.combinations(range(50), 2))
    with torch.no_grad():
        values = critic(images)[:, 0]
    a, b = (list(side) for side in zip(*pairs, strict=True))
    slopes = (values[a] - values[b]).abs() / (images[a] - images[b]).flatten(1).norm(dim=1)
    assert 0 < slopes.max().item() <= bound < math.inf
    assert lipschitz_bound(SMALL.critic_for((1, 16, 16), generator())) == math.inf
    deep = nn.Sequential(nn.PixelUnshuffle(2), nn.Flatten(), nn.Unflatten(1, (4, 1, 1)))
    assert lipschitz_bound(deep) == 1


def test_steps_of_convolutions_are_not_written_by_hand():
    convs = nn.Sequential(nn.Conv2d(1, 2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(2, 1))
    assert links(convs) is None
    assert links(DCGANConfig(norm="none").critic_for((1, 8, 8), generator())) is None
    mlp = MLPConfig(width=4)
    assert links(mlp.critic_for((1, 8, 8), generator())) is not None
    assert links(mlp.generator_for(3, (1, 8, 8), generator())) is None  # ends in an image
    assert links(mlp.generator_for(3, (2,), generator())) is not None


def test_spectral_norm_ends_at_the_exact_norm_of_a_convolution():
    images = torch.randn(16, 1, 8, 8, generator=generator())
    critic = nn.Sequential(nn.Conv2d(1, 6, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(96, 1))
    fitted = fit_critic(images, images + 1, constraint=SpectralNorm(), critic=critic, steps=5)
    assert fitted.lipschitz == pytest.approx(1, abs=1e-6)
    matrix = fitted.critic[0].weight.flatten(1)
    assert torch.linalg.matrix_norm(matrix, 2).item() == pytest.approx(1, abs=1e-6)
