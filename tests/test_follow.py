"""Networks followed operation by operation: never below the truth, inf where nothing is certain."""

import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize

from wganlab import compare
from wganlab.learned import (
    Fold,
    GroupSort,
    MaxMin,
    NoConstraint,
    Optimizer,
    fit_critic,
    lipschitz_bound,
)
from wganlab.learned.lipschitz.follow import follow

IMAGE = (3, 8, 8)
SOURCE = torch.Generator().manual_seed(0)
MATRIX = torch.randn(4, 3, generator=SOURCE, dtype=torch.float64)
ROWS = torch.randn(5, 4, generator=SOURCE, dtype=torch.float64)


class Own(nn.Module):
    """A network that computes a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def layer(kind, *args, scale=1.0, **options):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = kind(*args, **options).double()
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(scale)
    return made.eval()


def steepest(network, shape, n=24):
    """Largest norm of a Jacobian at random points: at most the Lipschitz constant."""
    points = 2 * torch.randn(n, *shape, generator=torch.Generator().manual_seed(1)).double()
    largest = 0.0
    for point in points:
        function = lambda z: network(z[None])[0].flatten()  # noqa: E731
        jacobian = torch.autograd.functional.jacobian(function, point)
        jacobian = jacobian.nan_to_num(0.0, 0.0, 0.0)  # of a length at 0
        matrix = jacobian.reshape(-1, math.prod(shape))
        largest = max(largest, torch.linalg.matrix_norm(matrix, 2).item())
    return largest


def halves(x):
    a, b = x.chunk(2, 1)
    return torch.cat([torch.max(a, b), torch.min(a, b)], 1)


def pairs(x):
    two = x.view(-1, 2, 2)
    return torch.cat([two.min(2, keepdim=True)[0], two.max(2, keepdim=True)[0]], 2).view(x.shape)


def only_half(x):
    a, b = x.chunk(2, 1)
    return torch.cat([a, (3 * b).tanh() @ torch.eye(2).double() / 3], 1)


# what it is, and its Lipschitz constant
EXACT = {
    "matmul": (lambda x: x @ MATRIX, torch.linalg.matrix_norm(MATRIX, 2).item()),
    "matmul from the left": (
        lambda x: (MATRIX.T @ x.unflatten(1, (4, 1))).flatten(1),
        torch.linalg.matrix_norm(MATRIX, 2).item(),
    ),
    "einsum": (
        lambda x: torch.einsum("ni,io->no", x, MATRIX),
        torch.linalg.matrix_norm(MATRIX, 2).item(),
    ),
    "a weighted sum": (lambda x: (x * ROWS[0]).sum(1), ROWS[0].norm().item()),
    "a sum": (lambda x: x.sum(1), 2.0),
    "a mean": (lambda x: x.mean(1), 0.5),
    "sums and factors": (lambda x: 2 * x / 3 - 1 + x, 5 / 3),
    "1 - x": (lambda x: 1 - x, 1.0),
    "pairs put together": (halves, 1.0),
    "pairs of neighbors": (pairs, 1.0),
    "one half alone": (only_half, 1.0),
    "every second": (lambda x: x[:, ::2], 1.0),
    "one twice": (lambda x: x[:, [0, 0]], math.sqrt(2)),
    "repeated": (lambda x: x.repeat(1, 3), math.sqrt(3)),
    "stacked": (lambda x: torch.stack(x.unbind(1), 1), 1.0),
    "beside itself": (lambda x: torch.cat([x, 2 * x, torch.ones_like(x)], 1), math.sqrt(5)),
    "the largest": (lambda x: x.max(1).values, 1.0),
    "sorted": (lambda x: x.sort(1).values, 1.0),
    "the largest two": (lambda x: x.topk(2, 1).values, 1.0),
    "centered": (lambda x: x - x.mean(1, keepdim=True), 1.0),
    "length": (lambda x: x.norm(dim=1), 1.0),
    "cones": (lambda x: (ROWS[:, 0] - torch.cdist(x, ROWS)).amax(1), 1.0),
    "leaky by max": (lambda x: torch.max(x, 0.1 * x), 1.0),
    "cut off": (lambda x: (2 * x).clamp(-1, 1).clamp(max=ROWS[0].abs()), 2.0),
    "in place": (lambda x: (x * 1).mul_(2).add_(1).relu_(), 2.0),
    "lerp": (lambda x: torch.lerp(x, 3 * x, 0.25), 1.5),
    "residual": (lambda x: x + (x @ torch.eye(4).double()).relu() / 2, 1.5),
    "by index": (lambda x: torch.where(torch.tensor([True, False, True, False]), x, 3 * x), 3.0),
    "detached": (lambda x: x.detach() + x.data, 2.0),
    "a constant": (lambda x: torch.ones(len(x), 1), 0.0),
}


@pytest.mark.parametrize("name", EXACT)
def test_functions_of_known_slope(name):
    function, truth = EXACT[name]
    assert follow(Own(function), (4,)) == pytest.approx(truth, rel=1e-12)
    if name != "detached":
        assert steepest(Own(function), (4,)) <= truth * (1 + 1e-9)


# what looks like one of the above, and is not
STEEPER = {
    "the mean of another": (lambda x: x - (5 * x).mean(1, keepdim=True), 4.0),
    "a mean of the wrong sign": (lambda x: x - (-x).mean(1, keepdim=True), 2.0),
    "a mean before a change": (lambda x: other_sign(x), 2.0),
    "the mean of a relu": (lambda x: 4 * x.relu() - x.mean(1, keepdim=True), 4.0),
    "a pair of others": (
        lambda x: torch.cat([torch.max(x[:, :2], x[:, 2:]), torch.min(-x[:, :2], x[:, 2:])], 1),
        math.sqrt(2),
    ),
    "pairs of two axes": (
        lambda x: torch.cat([x.view(-1, 2, 2).amax(1), x.view(-1, 2, 2).amin(2)], 1),
        math.sqrt(2),
    ),
    "the same half twice": (lambda x: torch.cat([x[:, :3], 2 * x[:, 2:].sin()], 1), math.sqrt(5)),
    "one of a pair twice": (
        lambda x: torch.cat([torch.max(*x.chunk(2, 1))] * 2, 1), math.sqrt(2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STEEPER)
def test_no_short_cut_is_taken_where_it_does_not_hold(name):
    function, truth = STEEPER[name]
    seen = steepest(Own(function), (4,), n=200)
    assert seen == pytest.approx(truth, rel=0.2)
    assert max(seen, truth) <= follow(Own(function), (4,)) * (1 + 1e-9)


LAYERS = {
    "linear": (lambda: layer(nn.Linear, 4, 3), (4,), 1.0),
    "linear, tokens": (lambda: layer(nn.Linear, 4, 3), (5, 4), 1.0),
    "batch norm": (lambda: scaled_batch_norm(), IMAGE, 1.0),
    "circular": (lambda: convolution(padding="same", padding_mode="circular"), IMAGE, 1.0),
    "circular, stride": (
        lambda: convolution(stride=2, padding=1, padding_mode="circular"), IMAGE, 1.0,
    ),
    "circular, odd": (
        lambda: convolution(stride=2, padding=1, padding_mode="circular"), (3, 7, 7), None,
    ),
    "circular, twice around": (
        lambda: nn.Sequential(nn.CircularPad2d(4), convolution()).double(), IMAGE, None,
    ),
    "reflect": (lambda: convolution(padding=1, padding_mode="reflect"), IMAGE, None),
    "replicate": (lambda: convolution(padding=1, padding_mode="replicate"), IMAGE, None),
    "zeros": (lambda: convolution(padding="same"), IMAGE, 1.1),
    "even": (lambda: layer(nn.Conv2d, 3, 4, 2, padding="same"), IMAGE, 1.05),
    "stride": (lambda: convolution(stride=2, padding=1), IMAGE, 1.06),
    "dilation": (lambda: convolution(dilation=2), IMAGE, None),
    "groups": (lambda: convolution(groups=3, padding=2), IMAGE, 1.2),
    "transposed": (lambda: layer(nn.ConvTranspose2d, 3, 4, 3, 2), IMAGE, 1.05),
    "transposed, padded": (
        lambda: layer(nn.ConvTranspose2d, 3, 4, 3, 2, padding=1, output_padding=1), IMAGE, 1.05,
    ),
    "1-D": (lambda: layer(nn.Conv1d, 3, 4, 3, padding=1), (3, 9), 1.05),
    "3-D": (lambda: layer(nn.Conv3d, 1, 2, 3, padding=1), (1, 4, 4, 4), None),
    "average": (lambda: nn.AvgPool2d(2), IMAGE, 1.0),
    "average, overlapping": (lambda: nn.AvgPool2d(3, 1, 1), IMAGE, 1.0),
    "average, of what is there": (
        lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False), IMAGE, 1.0,
    ),
    "average, one row more": (lambda: nn.AvgPool2d(3, 2, ceil_mode=True), IMAGE, 1.0),
    "average to 1": (lambda: nn.AdaptiveAvgPool2d(1), IMAGE, 1.0),
    "average to 3": (lambda: nn.AdaptiveAvgPool2d(3), IMAGE, 1.0),
    "largest": (lambda: nn.MaxPool2d(2), IMAGE, 1.0),
    "largest, overlapping": (lambda: nn.MaxPool2d(3, 1, 1), IMAGE, None),
    "lengths": (lambda: nn.LPPool2d(2, 2), IMAGE, 1.0),
    "shuffled": (lambda: nn.PixelUnshuffle(2), IMAGE, 1.0),
    "upsampled": (lambda: nn.Upsample(scale_factor=2), IMAGE, 1.0),
    "padded": (lambda: nn.ConstantPad2d(2, 7.0), IMAGE, 1.0),
    "softmax": (lambda: nn.Softmax(1), (4,), None),
    "logsumexp": (lambda: Own(lambda x: torch.logsumexp(x, 1)), (4,), None),
    "PReLU": (lambda: layer(nn.PReLU, 4, 3.0), (4,), None),
    "SELU": (lambda: nn.SELU(), (4,), None),
    "hardswish": (lambda: nn.Hardswish(), (4,), None),
    "maxmin": (lambda: nn.Sequential(Own(lambda x: x), MaxMin(), GroupSort(2)), (4,), 1.0),
    "fold": (lambda: nn.Sequential(Own(lambda x: x), Fold(layer(nn.Linear, 4, 3))), (4,), None),
}  # fmt: skip


def convolution(**options):
    return layer(nn.Conv2d, 3, 6, 3, **options)


def scaled_batch_norm():
    norm = layer(nn.BatchNorm2d, 3)
    norm.running_var.copy_(torch.tensor([4.0, 0.25, 1.0]))
    norm.weight.data.copy_(torch.tensor([8.0, -1.0, 1.0]))
    return norm


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_bounded_and_some_exactly(name):
    make, shape, tight = LAYERS[name]
    network = make()
    points = 4 if len(shape) == 1 else 2  # of images most have one Jacobian everywhere
    seen, bound = steepest(network, shape, points), follow(network, shape)
    assert seen <= bound * (1 + 1e-9)
    assert bound <= seen * (tight or 3.0) * (1 + 1e-6)
    assert bound < math.inf


COUNTED = []


def counts(x):
    COUNTED.append(0)
    return x * len(COUNTED)


def by_the_batch(x):
    return x if len(x) < 3 else 9 * x


def swallowed(x):
    try:
        return 9 * torch.from_numpy(x.numpy())
    except Exception:
        return x


def behind_a_view(x):
    y = x * 1
    y[:, :2].mul_(5)
    return y


def other_sign(x):
    y = x * 1
    mean = y.mean(1, keepdim=True)
    y.mul_(-1)
    return y - mean


UNKNOWN = {
    "a norm of order 1": lambda x: x.norm(p=1, dim=1),
    "batch statistics, tracked": lambda x: functional.batch_norm(
        x, torch.zeros(4).double(), torch.ones(4).double(), training=True
    ),
    "a choice by the data": lambda x: x if (x > 0).all() else 9 * x,
    "NumPy": lambda x: torch.from_numpy(x.numpy()),
    "NumPy, swallowed": swallowed,
    "an item": lambda x: x * x.sum().item(),
    "a product": lambda x: x * x,
    "a quotient": lambda x: 1 / x,
    "a root": lambda x: x.abs().sqrt(),
    "a mask": lambda x: torch.where(x > 0, x, 5 * x),
    "an order": lambda x: x.sort(1).indices.double() * 0,
    "rounding": lambda x: x.round(),
    "whole numbers": lambda x: x.long().double(),
    "half precision": lambda x: x.half(),
    "complex": lambda x: (x * 1j).real,
    "in place behind a view": behind_a_view,
    "into a constant": lambda x: torch.zeros(len(x), 4).double().copy_(x),
    "noise": lambda x: x + torch.randn_like(x),
    "noise in the weights": lambda x: x @ torch.randn(4, 4).double(),
    "dropout": lambda x: functional.dropout(x, 0.5, training=True),
    "normalized": lambda x: functional.normalize(x),
    "layer norm": lambda x: functional.layer_norm(x, (4,)),
    "batch statistics": lambda x: functional.batch_norm(x, None, None, training=True),
    "attention": lambda x: x @ torch.softmax(x.T @ x, 1),
    "counts its calls": counts,
    "counts its points": by_the_batch,
    "two outputs": lambda x: (x, x),
    "an error": lambda x: x @ torch.ones(9, 9).double(),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_certain_has_no_proof(name):
    assert follow(Own(UNKNOWN[name]), (4,)) == math.inf


def test_compiled_networks_have_no_proof():
    network = nn.Sequential(nn.Linear(4, 1), nn.ReLU())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert follow(torch.jit.script(network), (4,)) == math.inf


class Twice(nn.Module):
    def forward(self, weight):
        return 2 * weight


def test_weights_that_are_made_count_as_they_come_out():
    made = nn.Linear(2, 1)
    made.weight.data.copy_(torch.tensor([[3.0, 4.0]]))
    parametrize.register_parametrization(made, "weight", Twice())
    assert follow(made, (2,)) == pytest.approx(10)
    assert parametrize.is_parametrized(made)
    assert made.weight.tolist() == [[6.0, 8.0]]
    for name in ("spectral_norm", "orthogonal", "weight_norm"):
        network = getattr(parametrizations, name)(nn.Linear(4, 4)).eval()
        truth = torch.linalg.matrix_norm(network.weight.double(), 2).item()
        assert follow(network, (4,)) == pytest.approx(truth, rel=1e-6)


@pytest.mark.parametrize("name", ["spectral_norm", "weight_norm"])
def test_old_hooks_are_followed(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = nn.Sequential(getattr(nn.utils, name)(nn.Linear(4, 4)), nn.ReLU())
        network(torch.randn(9, 4))
        network.eval()(torch.randn(9, 4))
    truth = torch.linalg.matrix_norm(network[0].weight.detach().double(), 2).item()
    assert follow(network, (4,)) == pytest.approx(truth, rel=1e-6)


def test_hooks_and_patches_are_followed():
    network = nn.Linear(2, 1)
    network.weight.data.copy_(torch.tensor([[3.0, 4.0]]))
    network.register_forward_hook(lambda module, inputs, output: 10 * output)
    assert lipschitz_bound(network) == math.inf
    assert lipschitz_bound(network, (2,)) == pytest.approx(50)
    sort = MaxMin()
    sort.forward = lambda x: 7 * x
    assert follow(sort, (2,)) == pytest.approx(7)


def test_the_network_is_left_as_it_was():
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), MaxMin(), nn.Linear(4, 1)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    drawn = torch.get_rng_state()
    assert follow(network, (4,)) < math.inf
    assert torch.equal(torch.get_rng_state(), drawn)
    assert network.training
    assert "forward" not in vars(network[2])
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


class Block(nn.Module):
    """Residual, concatenating, pooling."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)
        self.head = nn.Linear(9, 1)

    def forward(self, x):
        x = x + self.second(torch.tanh(self.first(x)))
        a, b = x.chunk(2, dim=1)
        both = torch.cat([a, b, torch.maximum(a, b)], dim=1)
        return self.head(functional.leaky_relu(both, 0.1))


def test_a_trained_block_is_bounded_and_judged():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 6)), rng.normal(size=(50, 6)) + 1
    fitted = fit_critic(x, y, critic=Block(), optimizer=Optimizer(lr=1e-2), steps=30)
    bound = fitted.lipschitz
    assert 0 < steepest(fitted.critic.double(), (6,), n=100) <= bound < math.inf
    told = compare.critic_vs_exact(fitted.critic, x, y)
    assert told.lipschitz == pytest.approx(bound, rel=1e-5)
    free = fit_critic(x, y, critic=Block(), constraint=NoConstraint(), steps=3)
    assert compare.critic_vs_exact(free, x, y).lipschitz == math.inf  # proven, and useless
    assert compare.critic_vs_exact(free, x, y, product=True).lipschitz == free.lipschitz


WIDTH = 6
SQUARE = torch.randn(WIDTH, WIDTH, generator=SOURCE, dtype=torch.float64)
UNARY = [
    torch.relu, torch.tanh, torch.abs, torch.neg, torch.sin, functional.gelu,
    lambda x: functional.leaky_relu(x, -1.5), lambda x: x @ SQUARE / 2, lambda x: x.flip(1),
    lambda x: x - x.mean(1, keepdim=True), lambda x: x.sort(1).values, lambda x: 1.5 * x - 1,
    lambda x: x * SQUARE[0], lambda x: x.roll(1, 1), lambda x: torch.softmax(x, 1),
    lambda x: x.view(-1, 2, 3).transpose(1, 2).reshape(-1, WIDTH),
    lambda x: torch.cat([x[:, 2:], x[:, :2]], 1), lambda x: torch.cat(x.chunk(2, 1)[::-1], 1),
    halves, lambda x: torch.stack([x[:, ::2], x[:, 1::2]], 2).flatten(1),
    lambda x: x.sum(1, keepdim=True).expand(-1, WIDTH) / 4, lambda x: x.clamp(-0.5, 1),
    lambda x: (x * 1).mul_(0.7).relu_(), lambda x: x.norm(dim=1, keepdim=True) * SQUARE[1],
    lambda x: functional.conv1d(x[:, None], SQUARE[:1, None, :3], padding=1)[:, 0],
    lambda x: functional.pad(x, (-2, 2)), lambda x: x.view(-1, 3, 2).amax(2).repeat(1, 2),
]  # fmt: skip
BINARY = [
    lambda a, b: a + b, lambda a, b: a - 0.5 * b, torch.maximum, torch.minimum, torch.hypot,
    lambda a, b: torch.lerp(a, b, 0.3), lambda a, b: torch.cat([a[:, :3], b[:, 3:]], 1),
    lambda a, b: torch.cat([torch.max(a, b)[:, :3], torch.min(a, b)[:, :3]], 1),
    lambda a, b: torch.where(SQUARE[2] > 0, a, b), lambda a, b: torch.cat([a, b], 1)[:, 3:9],
]  # fmt: skip


def program(seed):
    """A network drawn from operations: each step takes what any step before has made."""
    rng = np.random.default_rng(seed)
    steps = []
    for number in range(rng.integers(2, 9)):
        table = UNARY if rng.random() < 0.6 else BINARY
        inputs = [max(0, number - rng.integers(0, 3)) for _ in range(2)]
        steps.append((table[rng.integers(len(table))], inputs[: 1 if table is UNARY else 2]))

    def function(x):
        made = [x]
        for operation, inputs in steps:
            made.append(operation(*(made[i] for i in inputs)))
        return made[-1][:, :1] if seed % 3 == 0 else made[-1]

    return Own(function)


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_no_network_drawn_from_operations_is_steeper_than_its_bound(first):
    tight = []
    for seed in range(first, first + 20):
        network = program(seed)
        bound, seen = follow(network, (WIDTH,)), steepest(network, (WIDTH,), n=12)
        assert seen <= bound * (1 + 1e-9), seed
        assert bound < math.inf, seed
        tight.append(seen / bound if bound else 1.0)
    assert np.mean(tight) > 0.35
