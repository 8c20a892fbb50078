"""Residual networks: the papers' counts by hand, shapes, what a block is, and bounds."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, group_norm, interpolate

from wganlab.learned import DCGANConfig, MLPConfig, ResNetConfig, lipschitz_bound
from wganlab.learned.networks.image_sides import sides
from wganlab.learned.networks.residual_blocks import Block, Bottleneck, First


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def conv(inputs, outputs, kernel, *, bias=True):
    return inputs * outputs * kernel**2 + bias * outputs


def linear(inputs, outputs):
    return inputs * outputs + outputs


def test_good_networks_have_as_many_parameters_as_the_papers_at_64_px():
    """By hand: the shortcut, two norms, two convolutions, the first without bias."""

    def down(i, o):
        return conv(i, o, 1) + 2 * i + conv(i, i, 3, bias=False) + 2 * i + conv(i, o, 3)

    def up(i, o):
        return conv(i, o, 1) + 2 * i + conv(i, o, 3, bias=False) + 2 * o + conv(o, o, 3)

    critic = conv(3, 64, 3) + down(64, 128) + down(128, 256) + down(256, 512) + down(512, 512)
    critic += linear(4 * 4 * 512, 1)
    maker = linear(128, 4 * 4 * 512) + up(512, 512) + up(512, 256) + up(256, 128) + up(128, 64)
    maker += 2 * 64 + conv(64, 3, 3)
    good = ResNetConfig("good", 64, "layer")
    assert count(good.critic_for((3, 64, 64), generator())) == critic == 7_491_841
    good = ResNetConfig("good", 64, "batch")
    assert count(good.generator_for(128, (3, 64, 64), generator())) == maker == 8_540_483


@pytest.mark.parametrize("classes", [0, 10])
def test_networks_of_cifar_have_as_many_parameters_as_the_papers_at_32_px(classes):
    norm = 2 * 128 * max(classes, 1)
    same = 2 * conv(128, 128, 3)
    critic = conv(3, 128, 1) + conv(3, 128, 3) + conv(128, 128, 3)
    critic += conv(128, 128, 1) + same + same + same + linear(128, 1)
    critic += linear(128, classes) if classes else 0
    maker = linear(128, 4 * 4 * 128) + 3 * (conv(128, 128, 1) + 2 * norm + same)
    maker += 2 * 128 + conv(128, 3, 3)  # the last norm is not told
    config, shape = ResNetConfig("cifar", 128, "none"), (3, 32, 32)
    plain = ResNetConfig("cifar", 128)
    if classes:
        assert count(config.labelled_critic_for(shape, 10, generator())) == critic == 1_055_115
        made = plain.labelled_generator_for(128, shape, 10, generator())
        assert count(made) == maker == 1_218_307
    else:
        assert count(config.critic_for(shape, generator())) == critic == 1_053_825
        assert count(plain.generator_for(128, shape, generator())) == maker == 1_204_483


def test_networks_of_101_layers():
    def same(c):
        half = c // 2
        return conv(c, half, 1) + conv(half, half, 3) + conv(half, c, 1, bias=False) + 2 * c

    def down(i, o):
        inner = conv(i, i // 2, 1) + conv(i // 2, o // 2, 3) + conv(o // 2, o, 1, bias=False)
        return conv(i, o, 1) + inner + 2 * o

    def up(i, o):
        inner = conv(i, i // 2, 1) + conv(i // 2, o // 2, 3) + conv(o // 2, o, 1, bias=False)
        return conv(i, 4 * o, 1) + inner + 2 * o

    ways = [(32, 64), (64, 128), (128, 256), (256, 512)]
    still = 5 * same(32) + sum(6 * same(c) for _, c in ways)
    critic = conv(3, 32, 1) + still + sum(down(*way) for way in ways) + linear(4 * 4 * 512, 1)
    maker = linear(128, 4 * 4 * 512) + still + sum(up(o, i) for i, o in ways) + conv(32, 3, 1)
    deep = ResNetConfig("bottleneck", 64, "layer")
    made = deep.critic_for((3, 64, 64), generator())
    assert count(made) == critic == 7_618_801
    kinds = (nn.Conv2d, nn.Linear)
    outside = [part for part in made if isinstance(part, kinds)]
    inside = [c for part in made if isinstance(part, Bottleneck) for c in part.convolutions]
    assert len(outside) + len(inside) == 101
    deep = ResNetConfig("bottleneck", 64, "batch")
    assert count(deep.generator_for(128, (3, 64, 64), generator())) == maker == 9_189_587


def test_convolutions_of_the_wgan_gp_code_have_as_many_parameters():
    """5x5 kernels, biases, and linear ends; of MNIST the sides are 28, 14, 7, 4."""
    five = DCGANConfig(kernel=5, bias=True, ends="linear", norm="layer")
    widths = [(3, 64), (64, 128), (128, 256), (256, 512)]
    critic = sum(conv(i, o, 5) for i, o in widths) + 2 * (128 + 256 + 512) + linear(8192, 1)
    assert count(five.critic_for((3, 64, 64), generator())) == critic == 4_316_545
    five = DCGANConfig(kernel=5, bias=True, ends="linear")
    maker = linear(128, 8192) + sum(conv(o, i, 5) for i, o in widths)
    maker += 2 * (512 + 256 + 128 + 64)
    assert count(five.generator_for(128, (3, 64, 64), generator())) == maker == 5_364_739
    constant = DCGANConfig(kernel=5, bias=True, ends="linear", norm="none", growth="constant")
    maker = linear(128, 4 * 4 * 64) + 3 * conv(64, 64, 5) + conv(64, 3, 5)
    assert count(constant.generator_for(128, (3, 64, 64), generator())) == maker == 444_291
    digits = DCGANConfig(kernel=5, bias=True, ends="linear", norm="none", halvings=3)
    critic = conv(1, 64, 5) + conv(64, 128, 5) + conv(128, 256, 5) + linear(4 * 4 * 256, 1)
    maker = linear(128, 4096) + conv(256, 128, 5) + conv(128, 64, 5) + conv(64, 1, 5)
    assert count(digits.critic_for((1, 28, 28), generator())) == critic == 1_030_145
    made = digits.generator_for(128, (1, 28, 28), generator())
    assert count(made) == maker == 1_554_177
    assert made(torch.randn(2, 128)).shape == (2, 1, 28, 28)
    cifar = DCGANConfig(128, kernel=5, bias=True, ends="linear", norm="none")
    critic = conv(3, 128, 5) + conv(128, 256, 5) + conv(256, 512, 5) + linear(8192, 1)
    assert count(cifar.critic_for((3, 32, 32), generator())) == critic == 4_114_689


def test_gated_convolutions_have_twice_the_filters_before_each_gate():
    gated = DCGANConfig(kernel=5, bias=True, ends="linear", norm="layer", activation="gated")
    widths = [(3, 64), (64, 128), (128, 256), (256, 512)]
    critic = sum(conv(i, 2 * o, 5) for i, o in widths) + 4 * (128 + 256 + 512) + linear(8192, 1)
    assert count(gated.critic_for((3, 64, 64), generator())) == critic == 8_624_897
    gated = DCGANConfig(kernel=5, bias=True, ends="linear", activation="gated")
    maker = linear(128, 2 * 8192) + sum(conv(o, 2 * i, 5) for i, o in widths[1:])
    maker += conv(64, 3, 5) + 4 * (512 + 256 + 128 + 64)
    made = gated.generator_for(128, (3, 64, 64), generator())
    assert count(made) == maker == 10_724_675
    assert made(torch.randn(2, 128)).shape == (2, 3, 64, 64)


def test_multilayer_perceptrons_of_the_wgan_gp_code():
    maker = linear(128, 512) + 3 * linear(512, 512) + linear(512, 3 * 64 * 64)
    config = MLPConfig(512, 4, init="gulrajani", output="tanh")
    made = config.generator_for(128, (3, 64, 64), generator())
    assert count(made) == maker == 7_157_760
    critic = linear(3 * 64 * 64, 512) + 3 * linear(512, 512) + linear(512, 1)
    leaky = MLPConfig(512, 4, "leaky_relu", init="gulrajani")
    assert count(leaky.critic_for((3, 64, 64), generator())) == critic
    assert made(torch.randn(9, 128, generator=generator())).abs().max() <= 1


def test_a_generator_ends_as_it_is_told():
    z = torch.randn(50, 4, generator=generator())
    plain, tanh, sigmoid = (
        MLPConfig(8, 1, output=output).generator_for(4, (3,), generator())(z)
        for output in ("none", "tanh", "sigmoid")
    )
    torch.testing.assert_close(tanh, plain.tanh())
    torch.testing.assert_close(sigmoid, plain.sigmoid())
    images = MLPConfig(8, 1, output="sigmoid").generator_for(4, (1, 8, 8), generator())(z)
    raw = MLPConfig(8, 1).generator_for(4, (1, 8, 8), generator())(z)
    torch.testing.assert_close(images, (raw / 2).tanh())  # 2 sigmoid(x) - 1
    for shape in ((3,), (1, 8, 8)):
        with pytest.raises(ValueError, match="critic of bounded values estimates no distance"):
            MLPConfig(output="tanh").critic_for(shape, generator())


@pytest.mark.parametrize("plan", ["good", "cifar", "bottleneck"])
@pytest.mark.parametrize("norm", ["none", "layer", "batch"])
@pytest.mark.parametrize("side", [8, 12, 28, 48])
def test_networks_of_all_sides(plan, norm, side):
    config, shape = ResNetConfig(plan, 4, norm, repeat=1), (2, side, side)
    images = config.generator_for(5, shape, generator())(torch.randn(3, 5, generator=generator()))
    assert images.shape == (3, *shape)
    assert 0 < images.abs().max() <= 1
    values = config.critic_for(shape, generator())(images)
    assert values.shape == (3, 1)
    assert values.isfinite().all()


@pytest.mark.parametrize("side", range(8, 65))
def test_convolutions_take_sides_that_are_a_multiple_as_the_depth_needs(side):
    shape, z = (1, side, side), torch.zeros(1, 3)
    for halvings in range(5):
        for kernel in (3, 4, 5):
            config = DCGANConfig(2, kernel=kernel, halvings=halvings, norm="none")
            upward = bool(halvings) and kernel % 2 == 1 and side > 2 ** (halvings - 1)
            if not (upward or side % 2 ** (halvings or 2) == 0):
                with pytest.raises(ValueError, match=r"resize them, .*--size"):
                    config.critic_for(shape, generator())
                with pytest.raises(ValueError, match=r"resize them, .*--size"):
                    config.generator_for(3, shape, generator())
                continue
            images = config.generator_for(3, shape, generator())(z)
            assert images.shape == (1, *shape)
            assert config.critic_for(shape, generator())(images).shape == (1, 1)


def test_sides_are_halved_until_little_is_left():
    assert sides(64, 0, "it") == [64, 32, 16, 8, 4]
    assert sides(20, 0, "it") == [20, 10, 5]
    assert sides(36, 0, "it") == [36, 18, 9]
    assert sides(8, 3, "it") == [8, 4, 2, 1]
    with pytest.raises(ValueError, match=r"30 px: it .* multiples of 4; .*--size 32"):
        sides(30, 0, "it")
    with pytest.raises(ValueError, match=r"28 px cannot be halved 3 times by it: multiples of 8"):
        sides(28, 3, "it")
    with pytest.raises(ValueError, match="cannot be halved 5 times"):
        sides(9, 5, "it", odd=True)


def test_a_block_is_what_the_papers_code_has():
    """The same function, written down from its weights."""
    x = torch.randn(2, 4, 8, 8, generator=generator(1))
    for cifar in (False, True):
        block = Block(4, 6, "down", norm="layer", generator=generator(), cifar=cifar)
        for norm in block.norms:
            nn.init.normal_(norm.weight, generator=generator(2))
        first, second = block.convolutions
        assert (first.bias is not None, second.bias is not None) == (cifar, True)
        inner = group_norm(x, 1, block.norms[0].weight, block.norms[0].bias).relu()
        inner = conv2d(inner, first.weight, first.bias, padding=1)
        inner = group_norm(inner, 1, block.norms[1].weight, block.norms[1].bias).relu()
        inner = avg_pool2d(conv2d(inner, second.weight, second.bias, padding=1), 2)
        (through,) = (part for part in block.shortcut if isinstance(part, nn.Conv2d))
        beside = conv2d(avg_pool2d(x, 2), through.weight, through.bias)
        torch.testing.assert_close(block(x), beside + inner)
    block = Block(4, 6, "up", norm="none", generator=generator())
    first, second = block.convolutions
    inner = conv2d(interpolate(x.relu(), scale_factor=2), first.weight, first.bias, padding=1)
    inner = conv2d(inner.relu(), second.weight, second.bias, padding=1)
    (through,) = (part for part in block.shortcut if isinstance(part, nn.Conv2d))
    beside = conv2d(interpolate(x, scale_factor=2), through.weight, through.bias)
    torch.testing.assert_close(block(x), beside + inner)
    same = Bottleneck(4, 4, norm="none", generator=generator())
    one, two, three = same.convolutions
    inner = conv2d(x.relu(), one.weight, one.bias)
    inner = conv2d(inner.relu(), two.weight, two.bias, padding=1)
    torch.testing.assert_close(same(x), x + 0.3 * conv2d(inner.relu(), three.weight))
    first = First(4, 6, generator())
    one, two = (part for part in first.convolutions if isinstance(part, nn.Conv2d))
    inner = conv2d(conv2d(x, one.weight, one.bias, padding=1).relu(), two.weight, two.bias, 1, 1)
    (through,) = (part for part in first.shortcut if isinstance(part, nn.Conv2d))
    beside = conv2d(avg_pool2d(x, 2), through.weight, through.bias)
    torch.testing.assert_close(first(x), beside + avg_pool2d(inner, 2))


def test_weights_start_with_the_variance_that_the_papers_code_gives_them():
    config = ResNetConfig("good", 64, "layer")
    critic = config.critic_for((3, 64, 64), generator())
    first, block, head = critic[0], critic[2], critic[-1]
    wide = block.convolutions[1]
    for layer, variance in (
        (first, 2 / (3 * 9 + 64 * 9)),
        (wide, 4 / (128 * 9 + 256 * 9)),
        (block.shortcut[1], 2 / (128 + 256)),
        (head, 2 / (8192 + 1)),
    ):
        bound = np.sqrt(3 * variance)
        assert layer.weight.std().item() == pytest.approx(np.sqrt(variance), rel=0.05)
        assert 0.95 * bound < layer.weight.abs().max().item() <= bound * (1 + 1e-6)
        assert not layer.bias.any()


@pytest.mark.parametrize(("plan", "factor"), [("good", 4), ("cifar", 2)])
def test_the_last_convolution_starts_as_the_papers_code_has_it(plan, factor):
    """He's initialization at 64 px, that of Glorot for CIFAR-10."""
    maker = ResNetConfig(plan, 128).generator_for(8, (3, 32, 32), generator())
    weight, variance = maker[-2].weight, factor / (128 * 9 + 3 * 9)
    assert weight.var().item() == pytest.approx(variance, rel=0.1)


def test_deep_networks_end_in_a_fifth():
    deep = ResNetConfig("bottleneck", 4, "none", repeat=1)
    shape, z = (1, 8, 8), torch.randn(5, 3, generator=generator())
    critic, maker = deep.critic_for(shape, generator()), deep.generator_for(3, shape, generator())
    images = maker(z)
    torch.testing.assert_close(images, (maker[:-2](z) / 5).tanh())
    torch.testing.assert_close(critic(images), critic[:-1](images) / 5)


@pytest.mark.parametrize("plan", ["good", "cifar", "bottleneck"])
def test_bounds_of_residual_critics_hold(plan):
    critic = ResNetConfig(plan, 4, "none", repeat=1).critic_for((1, 8, 8), generator()).eval()
    bound = lipschitz_bound(critic, (1, 8, 8))
    x = torch.randn(64, 1, 8, 8, generator=generator()).requires_grad_()
    (slopes,) = torch.autograd.grad(critic(x).sum(), x)
    assert slopes.flatten(1).norm(dim=1).max() <= bound < float("inf")
    normed = ResNetConfig(plan, 4, "layer", repeat=1).critic_for((1, 8, 8), generator())
    assert lipschitz_bound(normed, (1, 8, 8)) == float("inf")


@pytest.mark.parametrize("activation", ["gated", "maxmin"])
def test_bounds_of_gated_critics_hold(activation):
    shape = (1, 8, 8)
    for config in (
        DCGANConfig(4, norm="none", activation=activation, kernel=5, bias=True, ends="linear"),
        MLPConfig(8, 2, activation),
    ):
        critic = config.critic_for(shape, generator())
        bound = lipschitz_bound(critic, shape)
        x = torch.randn(64, *shape, generator=generator()).requires_grad_()
        (slopes,) = torch.autograd.grad(critic(x).sum(), x)
        assert slopes.flatten(1).norm(dim=1).max() <= bound < float("inf")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"plan": "best"}, "choose from good, cifar, bottleneck"),
        ({"norm": "weight"}, "choose from none, layer, batch"),
        ({"filters": 0}, "filters = 0: give a whole number of at least 1"),
        ({"plan": "bottleneck", "filters": 6}, "give a multiple of 4"),
        ({"repeat": 0}, "repeat = 0"),
        ({"halvings": -1}, "halvings = -1"),
    ],
)
def test_what_makes_no_network_is_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        ResNetConfig(**wrong)


@pytest.mark.parametrize("shape", [(2,), (3, 8, 16), (3, 4, 4), (3, 30, 30)])
def test_points_that_are_no_fitting_images_are_refused(shape):
    for build in (
        lambda: ResNetConfig(filters=4).critic_for(shape, generator()),
        lambda: ResNetConfig(filters=4).generator_for(3, shape, generator()),
    ):
        with pytest.raises(ValueError, match=r"resize them|take MLPConfig"):
            build()
