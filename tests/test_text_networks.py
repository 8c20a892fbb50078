"""Networks for lines of text: the paper's counts, how they start, and bounds of their slopes."""

import math

import pytest
import torch

from wganlab.learned import TextResNetConfig, lipschitz_bound
from wganlab.learned.constraints.penalties import gradient_norms
from wganlab.learned.networks.language import ResidualBlock, convolution

SMALL = TextResNetConfig(filters=8, blocks=2, kernel=3)
SHAPE = (10, 6)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_networks_have_as_many_parameters_as_the_papers():
    paper, shape = TextResNetConfig(), (60, 32)
    block = 2 * (512 * 512 * 5 + 512)  # two convolutions of width 5, with biases
    critic = (60 * 512 + 512) + 5 * block + (32 * 512 + 1)
    maker = (128 * 32 * 512 + 32 * 512) + 5 * block + (512 * 60 + 60)
    assert (critic, maker) == (13_159_937, 15_256_636)
    assert count(paper.critic_for(shape, generator())) == critic
    assert count(paper.generator_for(128, shape, generator())) == maker


def test_a_block_is_the_papers():
    block, x = ResidualBlock(4, 5, generator()), torch.randn(3, 4, 9)
    with torch.no_grad():
        for layer in (block.first, block.second):
            layer.bias.normal_(generator=generator(1))
    relu = torch.nn.functional.relu
    inner = torch.nn.functional.conv1d(relu(x), block.first.weight, block.first.bias, padding=2)
    inner = torch.nn.functional.conv1d(
        relu(inner), block.second.weight, block.second.bias, padding=2
    )
    torch.testing.assert_close(block(x), x + 0.3 * inner)


def test_layers_start_as_the_papers():
    layer = convolution(256, 128, 5, generator())
    assert layer.weight.var().item() == pytest.approx(4 / (5 * 256 + 5 * 128), rel=0.02)
    assert layer.weight.abs().max() <= math.sqrt(12 / (5 * 256 + 5 * 128))
    made = TextResNetConfig(filters=32, blocks=0).generator_for(64, (9, 8), generator())
    assert made[0].weight.var().item() == pytest.approx(2 / (64 + 256), rel=0.05)
    assert not any(part.bias.any() for part in (layer, made[0], made[-2]))


def test_shapes_and_shares():
    critic, maker = SMALL.critic_for(SHAPE, generator()), SMALL.generator_for(3, SHAPE, generator())
    points = maker(torch.randn(5, 3))
    assert points.shape == (5, *SHAPE)
    torch.testing.assert_close(points.sum(dim=1), torch.ones(5, 6))
    assert points.min() >= 0
    assert critic(points).shape == (5, 1)
    assert [type(part).__name__ for part in critic] == [
        *("Conv1d", "ResidualBlock", "ResidualBlock", "Flatten", "Linear")
    ]


def test_weights_are_drawn_from_the_generator_alone():
    state = torch.get_rng_state()
    one, other = (SMALL.critic_for(SHAPE, generator(7)).state_dict() for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_a_proven_slope_is_above_all_that_are_seen(kernel):
    config = TextResNetConfig(filters=8, blocks=2, kernel=kernel)
    critic = config.critic_for(SHAPE, generator())
    bound = lipschitz_bound(critic, SHAPE)
    seen = gradient_norms(critic, 3 * torch.randn(500, *SHAPE, generator=generator())).max().item()
    assert 0 < seen <= bound < math.inf
    assert lipschitz_bound(critic) == math.inf  # no chain: nothing is proven without a shape


def test_a_linear_critic_has_its_own_slope():
    critic = TextResNetConfig(filters=8, blocks=0).critic_for(SHAPE, generator())
    slope = gradient_norms(critic, torch.zeros(1, *SHAPE)).item()
    norms = torch.linalg.matrix_norm(critic[0].weight[:, :, 0], 2) * critic[2].weight.norm()
    assert slope <= lipschitz_bound(critic, SHAPE) <= norms.item() * 1.001


def test_a_generators_bound_holds():
    maker = SMALL.generator_for(3, SHAPE, generator())
    x, y = torch.randn(2, 200, 3, generator=generator())
    steep = (maker(x) - maker(y)).flatten(1).norm(dim=1) / (x - y).norm(dim=1)
    assert steep.max() <= lipschitz_bound(maker, (3,)) < math.inf


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: TextResNetConfig(kernel=4), "give an odd number, as 5"),
        (lambda: TextResNetConfig(filters=0), "filters = 0"),
        (lambda: TextResNetConfig(blocks=-1), "blocks = -1"),
        (lambda: SMALL.critic_for((2,), generator()), r"for lines of text.*MLPConfig\(\)"),
        (lambda: SMALL.generator_for(4, (3, 8, 8), generator()), r"DCGANConfig\(\)"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(make, told):
    with pytest.raises(ValueError, match=told):
        make()
