"""Critic networks: the initializations' laws, permutations that keep slope, and proven bounds."""

import math
import re
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations

from wganlab.learned import MLP, GroupSort, MaxMin, MLPConfig, lipschitz_bound
from wganlab.learned.networks.activations import Activation, slope
from wganlab.learned.networks.network import Init, Norm

ACTIVATIONS, INITS, NORMS = map(get_args, (Activation, Init, Norm))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def linear(weight, bias=0.0):
    """A linear layer of given weights."""
    weight = torch.as_tensor(weight, dtype=torch.float32)
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.fill_(bias)
    return layer


def steepest(function, points):
    """Largest |f(x) - f(y)| / |x - y|: over all pairs of points, and over short steps."""
    values = function(points)
    exact = {"compute_mode": "donot_use_mm_for_euclid_dist"}
    far = torch.cdist(values, values, **exact) / torch.cdist(points, points, **exact)
    steps = 1e-4 * torch.randn(points.shape, generator=generator(1), dtype=points.dtype)
    near = (function(points + steps) - values).norm(dim=1) / steps.norm(dim=1)
    return max(far.nan_to_num(0).max().item(), near.max().item())


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_network_maps_points_and_images_to_one_number_each(activation, norm):
    config = MLPConfig(width=8, depth=2, activation=activation, norm=norm)
    critic = config.build(12, generator())
    points = torch.randn(5, 12, generator=generator())
    values = critic(points)
    assert values.shape == (5, 1)
    assert values.dtype == torch.float32
    assert values.isfinite().all()
    assert torch.equal(critic(points.reshape(5, 3, 2, 2)), values)
    assert config.build(12, generator(), outputs=3)(points).shape == (5, 3)


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_a_network_has_as_many_layers_as_asked(depth):
    critic = MLPConfig(width=6, depth=depth, norm="layer", dropout=0.5).build(2, generator())
    shapes = [
        tuple(layer.weight.shape) for layer in critic.modules() if isinstance(layer, nn.Linear)
    ]
    expected = {0: [(1, 2)], 1: [(6, 2), (1, 6)], 4: [(6, 2), (6, 6), (6, 6), (6, 6), (1, 6)]}
    assert shapes == expected[depth]
    kinds = [type(part) for part in critic.features]
    assert kinds == [nn.Flatten, *[nn.Linear, nn.LayerNorm, nn.ReLU, nn.Dropout] * depth]


ONE = torch.tensor([[-2.0, 3.0, 1.0, -1.0]])


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", [0, 3, 1, 0]),
        ("leaky_relu", [-0.4, 3, 1, -0.2]),
        ("tanh", np.tanh([-2, 3, 1, -1])),
        ("silu", [z / (1 + math.exp(-z)) for z in (-2, 3, 1, -1)]),
        ("softplus", np.log1p(np.exp([-2, 3, 1, -1]))),
        ("maxmin", [1, 3, -2, -1]),
        ("groupsort", [-2, 3, -1, 1]),
        ("fullsort", [-2, -1, 1, 3]),
        ("none", [-2, 3, 1, -1]),
    ],
)
def test_activations_by_hand(activation, expected):
    layer = MLPConfig(width=4, activation=activation, group=2).activate()
    np.testing.assert_allclose(layer(ONE)[0], expected, rtol=1e-6)


def test_layer_norm_is_over_the_units_of_one_point():
    config = MLPConfig(width=16, depth=1, activation="none", norm="layer")
    critic = config.build(3, generator())
    points = torch.randn(7, 3, generator=generator())
    hidden = critic.features(points)
    torch.testing.assert_close(hidden.mean(dim=1), torch.zeros(7), atol=1e-6, rtol=0)
    torch.testing.assert_close(hidden.var(dim=1, correction=0), torch.ones(7), atol=1e-3, rtol=0)
    alone = torch.cat([critic(point[None]) for point in points])
    torch.testing.assert_close(alone, critic(points))  # other points of the batch do not matter


@pytest.mark.parametrize("init", INITS)
def test_initial_weights_have_the_law_they_are_named_for(init):
    fan_in, fan_out = 400, 200
    config = MLPConfig(width=fan_out, depth=1, init=init)
    critic = config.build(fan_in, generator(), outputs=fan_out)
    hidden, head = critic.features[1], critic.head
    variance = {
        "torch": 1 / (3 * fan_in),
        "normal": 0.02**2,
        "he": 2 / fan_in,
        "glorot": 2 / (fan_in + fan_out),
        "gulrajani": 2 / fan_in,
    }[init]
    weights = hidden.weight.detach().double().flatten().numpy()  # 80,000 of them
    assert weights.mean() == pytest.approx(0, abs=4 * math.sqrt(variance / weights.size))
    assert weights.var() == pytest.approx(variance, rel=0.03)
    largest = np.abs(weights).max()
    if init == "normal":
        assert largest > 4 * 0.02
        assert np.mean(np.abs(weights) < 0.02) == pytest.approx(0.6827, abs=0.01)
    else:  # uniform: the largest of many stays just inside the range
        assert math.sqrt(3 * variance) * 0.999 < largest <= math.sqrt(3 * variance) * (1 + 1e-6)
    last = {"he": 2 / fan_out, "torch": 1 / (3 * fan_out), "normal": 0.02**2}
    expected = last.get(init, 2 / (fan_out + fan_out))  # gulrajani's last layer is glorot's
    assert head.weight.var().item() == pytest.approx(expected, rel=0.03)
    if init != "normal":
        assert 0.999 < head.weight.abs().max().item() / math.sqrt(3 * expected) <= 1 + 1e-6


@pytest.mark.parametrize("init", INITS)
def test_initial_biases(init):
    biases = MLPConfig(width=400, depth=1, init=init).build(100, generator()).features[1].bias
    if init == "torch":
        assert 0.098 < biases.abs().max().item() <= 0.1
        assert biases.std().item() == pytest.approx(0.1 / math.sqrt(3), rel=0.1)
    else:
        assert not biases.any()


@pytest.mark.parametrize("init", INITS)
def test_the_seed_alone_makes_the_weights(init):
    config = MLPConfig(width=8, depth=2, init=init, norm="batch")
    torch.manual_seed(1)
    first = config.build(3, generator(0)).state_dict()
    state = torch.get_rng_state()
    torch.manual_seed(2)
    second = config.build(3, generator(0)).state_dict()
    other = config.build(3, generator(1)).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])
    torch.set_rng_state(state)
    config.build(3, generator())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    "layer", [MaxMin(), GroupSort(2), GroupSort(4), GroupSort(0)], ids=["maxmin", "2", "4", "full"]
)
def test_sorting_activations_permute_and_have_slope_one(layer):
    x = torch.randn(200, 12, generator=generator(), dtype=torch.float64)
    torch.testing.assert_close(layer(x).sort(dim=1).values, x.sort(dim=1).values, rtol=0, atol=0)
    assert steepest(layer, x) == pytest.approx(1, abs=1e-6)
    # the slope is 1 in every direction: the Jacobian is a permutation matrix
    jacobian = torch.autograd.functional.jacobian(lambda z: layer(z[None])[0], x[0])
    assert torch.equal(jacobian.sum(dim=0), torch.ones(12).double())
    assert torch.equal(jacobian @ jacobian.T, torch.eye(12).double())


def test_groups_are_sorted_each_for_itself():
    x = torch.tensor([[3.0, 1.0, 2.0, 9.0, 7.0, 8.0]])
    assert GroupSort(3)(x).tolist() == [[1, 2, 3, 7, 8, 9]]
    assert MaxMin()(x).tolist() == [[9, 7, 8, 3, 1, 2]]


@pytest.mark.parametrize("width", [1, 3, 5])
def test_maxmin_refuses_an_odd_width(width):
    # torch would broadcast 2 units against 1, and return 4 of 3
    with pytest.raises(ValueError, match=f"{width} units.*in pairs: make the width even"):
        MaxMin()(torch.zeros(2, width))


def test_the_bound_of_a_linear_layer_is_its_largest_singular_value(rng):
    weight = rng.normal(size=(5, 3))
    largest = np.linalg.svd(weight.astype(np.float32).astype(float))[1][0]
    assert lipschitz_bound(linear(weight)) == pytest.approx(largest, rel=1e-12)


def test_the_bound_of_a_chain_is_the_product():
    first, second = linear([[3.0, 0.0], [0.0, 1.0]]), linear([[0.0, 2.0]], bias=7)
    assert lipschitz_bound(nn.Sequential(first, nn.ReLU(), second)) == pytest.approx(6)
    nested = nn.Sequential(nn.Flatten(), nn.Sequential(first, nn.Sequential(nn.Tanh())), second)
    assert lipschitz_bound(nested) == pytest.approx(6)
    assert lipschitz_bound(nn.Sequential(first, nn.Sigmoid(), second)) == pytest.approx(1.5)
    assert lipschitz_bound(nn.Sequential(first, nn.LeakyReLU(3.0), second)) == pytest.approx(18)
    critic = MLPConfig(width=4, depth=2, activation="maxmin").build(2, generator())
    layers = [critic.features[1], critic.features[3], critic.head]
    product = math.prod(torch.linalg.matrix_norm(w.weight.double(), 2).item() for w in layers)
    assert lipschitz_bound(critic) == pytest.approx(product, rel=1e-12)


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Plus(MLP):
    def forward(self, x):
        return super().forward(x) + 100 * x.sum(dim=1, keepdim=True)


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(2, 4), nn.Sequential(nn.Softmax(dim=1)), nn.Linear(4, 1)),
        nn.Sequential(nn.Conv1d(1, 1, 1)),
        MLPConfig(width=4, norm="layer").build(2, generator()),
        MLPConfig(width=4, norm="batch").build(2, generator()),
        nn.ModuleList([nn.Linear(2, 1)]),
        Doubled(2, 1),
        nn.Sequential(Doubled(2, 1)),
        Plus(MLPConfig(width=4), 2, generator()),
        nn.Bilinear(2, 2, 1),
    ],
    ids=lambda module: type(module).__name__,
)
def test_what_is_not_proven_has_no_bound(module):
    assert lipschitz_bound(module) == math.inf


def test_a_parametrized_layer_is_bounded_by_the_weight_it_uses():
    layer = linear([[3.0, 4.0]])
    parametrizations.spectral_norm(layer)
    assert lipschitz_bound(nn.Sequential(layer).eval()) == pytest.approx(1, abs=1e-6)


def test_a_hook_may_do_anything():
    layer = linear([[3.0, 4.0]])
    layer.register_forward_hook(lambda module, inputs, output: 10 * output)
    assert lipschitz_bound(layer) == math.inf


LAYERS = (
    nn.Identity, nn.ReLU, nn.ReLU6, nn.Tanh, nn.Hardtanh, nn.Softplus, nn.Softsign, nn.Sigmoid,
    nn.SiLU, nn.GELU, nn.ELU, nn.LeakyReLU, MaxMin,
)  # fmt: skip
KNOWN = [
    *(layer() for layer in LAYERS),
    nn.GELU(approximate="tanh"), nn.LeakyReLU(-3.0), nn.ELU(2.0), GroupSort(0),
]  # fmt: skip


@pytest.mark.parametrize("layer", KNOWN, ids=str)
def test_the_slope_of_an_activation_is_its_largest(layer):
    z = torch.linspace(-9, 9, 200_001, dtype=torch.float64)
    z = torch.stack([z, z.flip(0) + 0.5], dim=1).requires_grad_(True)  # pairs, for sorts
    (gradient,) = torch.autograd.grad(layer(z).sum(), z)
    largest = gradient.abs().max().item()
    assert largest <= slope(layer) + 1e-12
    assert slope(layer) == pytest.approx(largest, rel=2e-4)


@given(
    st.integers(0, 2**32), st.integers(0, 3), st.integers(1, 4), st.sampled_from(ACTIVATIONS),
    st.sampled_from(INITS), st.floats(0.1, 10),
)  # fmt: skip
def test_no_network_is_steeper_than_its_bound(seed, depth, inputs, activation, init, scale):
    config = MLPConfig(width=8, depth=depth, activation=activation, init=init)
    critic = config.build(inputs, generator(seed)).double()
    with torch.no_grad():
        critic.head.weight.mul_(scale)
    points = scale * torch.randn(40, inputs, generator=generator(seed), dtype=torch.float64)
    with torch.no_grad():
        measured = steepest(critic, points)
    assert measured <= lipschitz_bound(critic) * (1 + 1e-7) + 1e-12
    if depth == 0 and inputs == 1:  # nothing is lost on the line
        assert measured == pytest.approx(lipschitz_bound(critic), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"activation": "gelu"}, "activation = 'gelu': choose from relu, leaky_relu"),
        ({"init": "xavier"}, "init = 'xavier': choose from torch, normal, he"),
        ({"norm": None}, "norm = None: choose from none, layer, batch"),
        ({"width": 0}, "width = 0: give a whole number of at least 1"),
        ({"depth": -1}, "depth = -1: give a whole number of at least 0"),
        ({"width": 7, "activation": "maxmin"}, "width = 7: maxmin sorts groups of 2 units"),
        ({"width": 6, "activation": "groupsort"}, "width = 6: groupsort sorts groups of 4"),
        ({"group": 0, "activation": "groupsort"}, "groupsort sorts groups of 0 units"),
        ({"dropout": 1.0}, "dropout = 1.0: a share in [0, 1)"),
        ({"dropout": -0.1}, "dropout = -0.1: a share in [0, 1)"),
        ({"dropout": math.nan}, "dropout = nan: a share in [0, 1)"),
    ],
)
def test_bad_configurations_are_refused_with_advice(options, advice):
    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        MLPConfig(**options)
    assert "\n" not in str(refusal.value)
