"""The tighter bound of small networks: below the product, above every slope, and known cases."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from torch import nn

from wganlab.learned import GradientPenalty, MaxMin, MLPConfig, fit_critic, lipschitz_bound
from wganlab.learned.lipschitz.sdp import RANGES, Stretch, sdp_bound, slope_range, stretches
from wganlab.learned.networks.chain import chain

SMOOTH = ("relu", "leaky_relu", "tanh", "silu", "softplus")


def mlp(activation, width=12, depth=2, seed=0, inputs=2):
    config = MLPConfig(width=width, depth=depth, activation=activation, init="he")
    return config.build(inputs, torch.Generator().manual_seed(seed)).double()


def steepest(network, inputs, seed=0):
    """Largest gradient norm found: random points, from the best of which random steps climb."""
    source = torch.Generator().manual_seed(seed)
    points = 3 * torch.randn(2000, inputs, generator=source).double()
    kept, largest = points, 0.0
    for size in (0.0, 1.0, 0.3, 0.1, 0.03):
        tried = kept.repeat(1 if size == 0 else 20, 1)
        tried = tried + size * torch.randn(tried.shape, generator=source).double()
        tried.requires_grad_(True)
        (gradient,) = torch.autograd.grad(network(tried).sum(), tried)
        slopes = gradient.norm(dim=1)
        kept = tried.detach()[slopes.argsort()[-50:]]
        largest = max(largest, slopes.max().item())
    return largest


def brute_force(network):
    """Exact slope of one hidden layer of relus: the steepest of its linear pieces.

    Of all patterns of units, those which some point of the plane has: cells of the lines where the
    units bend, told by points beside every crossing and far away.
    """
    first, last = network.features[1], network.head
    w, b = first.weight.detach().numpy(), first.bias.detach().numpy()
    v = last.weight.detach().numpy()[0]
    points = [1e4 * np.array([math.cos(t), math.sin(t)]) for t in np.linspace(0, 2 * np.pi, 4001)]
    for i, j in itertools.combinations(range(len(w)), 2):
        crossing = np.linalg.solve(w[[i, j]], -b[[i, j]])
        for angle in np.linspace(0, 2 * np.pi, 41):
            points.append(crossing + 1e-6 * np.array([math.cos(angle), math.sin(angle)]))
    on = np.array(points) @ w.T + b > 0
    return max(np.linalg.norm((v * pattern) @ w) for pattern in np.unique(on, axis=0))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("activation", SMOOTH)
def test_the_bound_lies_between_the_slopes_and_the_product(activation, seed):
    network = mlp(activation, depth=1 + seed, seed=seed)
    product, bound = lipschitz_bound(network), lipschitz_bound(network, method="sdp")
    assert steepest(network, 2) <= bound * (1 + 1e-9)
    assert bound < 0.97 * product


@pytest.mark.parametrize("seed", range(6))
def test_one_hidden_layer_beside_all_its_linear_pieces(seed):
    network = mlp("relu", width=8, depth=1, seed=seed)
    truth, bound = brute_force(network), lipschitz_bound(network, method="sdp")
    assert steepest(network, 2) <= truth * (1 + 1e-9)
    assert truth <= bound * (1 + 1e-9)
    assert bound <= 1.8 * truth
    assert bound < lipschitz_bound(network)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.2, 1.0), (-0.1, 1.1), (-1.0, 1.0)])
def test_one_layer_beside_a_dense_grid_of_multipliers(low, high):
    # one hidden layer of two units: the best of all multipliers, from the whole form
    source = np.random.default_rng(0)
    w, v = source.normal(size=(2, 2)), source.normal(size=(1, 2))
    stretch = Stretch([torch.from_numpy(w), torch.from_numpy(v)], [(low, high)])
    p, m = low * high, (low + high) / 2
    scales = np.array([*itertools.product(np.geomspace(0.02, 50, 120), repeat=2)])
    scaled = scales[:, None] * np.eye(2)  # (120^2, 2, 2), diagonal
    rest = scaled - v.T @ v
    scaled, rest = (some[np.linalg.eigvalsh(rest)[:, 0] > 0] for some in (scaled, rest))
    form = m**2 * w.T @ scaled @ np.linalg.inv(rest) @ scaled @ w - p * w.T @ scaled @ w
    best = math.sqrt(np.linalg.eigvalsh(form)[:, -1].min())
    norms = np.linalg.norm(w, 2) * np.linalg.norm(v, 2) * max(abs(low), abs(high))
    assert sdp_bound(stretch) == pytest.approx(min(best, norms), rel=0.01)


def test_a_network_of_one_slope_is_its_matrix():
    up, down = torch.randn(5, 3).double(), torch.randn(1, 5).double()
    truth = torch.linalg.matrix_norm(down @ up, 2).item()
    assert sdp_bound(Stretch([up, down], [(1.0, 1.0)])) == pytest.approx(truth, rel=5e-3)
    network = nn.Sequential(nn.Linear(3, 5), nn.Identity(), nn.Linear(5, 1))
    truth = torch.linalg.matrix_norm(network[2].weight @ network[0].weight, 2).item()
    assert lipschitz_bound(network, method="sdp") == pytest.approx(truth, rel=1e-5)


def test_slopes_beyond_the_range_would_be_noticed():
    z = torch.linspace(-12, 12, 200_001, dtype=torch.float64, requires_grad=True)
    kinds = [*(kind() for kind in RANGES), nn.LeakyReLU(0.2), nn.LeakyReLU(-3.0), nn.ELU(2.0)]
    for layer in [*kinds, nn.GELU(approximate="tanh")]:
        (slopes,) = torch.autograd.grad(layer(z).sum(), z)
        low, high = slope_range(layer)
        assert low - 1e-9 <= slopes.min().item() <= low + 0.01, layer
        assert high - 1e-3 <= slopes.max().item() <= high + 1e-9, layer
    assert slope_range(MaxMin()) is None


def test_a_chain_is_cut_where_units_are_mixed():
    layers = [nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 4), MaxMin(), nn.Linear(4, 4), nn.Tanh()]
    network = nn.Sequential(nn.Sigmoid(), *layers, nn.Linear(4, 1), nn.Sigmoid()).double()
    found, others = stretches(chain(network))
    assert [len(one.weights) for one in found] == [2, 2]
    assert [type(part) for part in others] == [nn.Sigmoid, MaxMin, nn.Sigmoid]
    product = lipschitz_bound(network)
    bound = lipschitz_bound(network, method="sdp")
    assert bound == pytest.approx(math.prod(map(sdp_bound, found)) / 16, rel=1e-6)
    assert steepest(network, 2) <= bound < product


@pytest.mark.slow
def test_a_penalized_critic_is_bounded_usefully():
    source = np.random.default_rng(0)
    x, y = source.normal(size=(200, 2)), source.normal(size=(200, 2)) + 2
    critic = MLPConfig(width=64, depth=3)
    fitted = fit_critic(x, y, critic=critic, constraint=GradientPenalty(10.0), steps=500)
    bound, product = lipschitz_bound(fitted.critic, method="sdp"), fitted.lipschitz
    seen = steepest(fitted.critic.double(), 2)
    assert seen <= bound < 0.5 * product


def test_no_weight_no_time_and_no_such_method():
    network = mlp("relu")
    with torch.no_grad():
        network.head.weight.zero_()
    assert lipschitz_bound(network, method="sdp") == 0
    network = mlp("relu")
    quick = lipschitz_bound(network, method="sdp", seconds=1e-9)
    assert lipschitz_bound(network, method="sdp") < quick <= lipschitz_bound(network)
    for options, advice in (
        ({"method": "lp"}, "method = 'lp': choose from product, sdp"),
        ({"method": "sdp", "seconds": 0}, "seconds = 0"),
    ):
        with pytest.raises(ValueError, match=re.escape(advice)):
            lipschitz_bound(network, **options)
