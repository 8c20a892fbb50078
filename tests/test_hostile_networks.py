"""Networks made to fool a proof: the bound is never below a slope that is there."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from wganlab.learned import lipschitz_bound
from wganlab.learned.lipschitz.convolutions import convolution_norm
from wganlab.learned.lipschitz.follow import follow


class Own(nn.Module):
    """A network that computes a function of its one buffer and the points."""

    def __init__(self, function, weight=None):
        super().__init__()
        self.function = function
        self.register_buffer("weight", torch.zeros(1) if weight is None else weight)

    def forward(self, x):
        return self.function(x, self.weight)


class Scaled(nn.Conv2d):
    """A convolution that is 100 times as steep as its weights say."""

    def _conv_forward(self, x, weight, bias):
        return super()._conv_forward(x, 100 * weight, bias)


def _looked(x, look):
    """Another function where a look does not fail."""
    try:
        look()
    except Exception:
        return x
    return 9 * x


def _put(x):
    x.data = 9 * x.data
    return x


IMAGINARY = torch.tensor([[3j], [3j]])
ROUNDED = {
    "a sum of whole numbers": lambda x, _: x.sum(1, keepdim=True, dtype=torch.int64),
    "a mean of short numbers": lambda x, _: x.mean(1, keepdim=True, dtype=torch.float16),
    "a length of short numbers": lambda x, _: torch.linalg.vector_norm(x, dim=1, dtype=torch.half),
    "the largest in any order": lambda x, _: x.topk(2, dim=1, sorted=False)[0],
    "a draw": lambda x, _: x * (torch.rand(1) > 2),
    "a look that fails": lambda x, _: _looked(x, lambda: x.storage().tolist()),
    "an array that fails": lambda x, _: _looked(x, lambda: np.asarray(x)),
    "a place in memory": lambda x, _: x * (x.data_ptr() != 0),
    "a look at what is printed": lambda x, _: x * len(str(x)),
    "numbers put in": lambda x, _: _put(x * 1),
    "complex weights": lambda x, _: (x @ IMAGINARY).abs(),
}


@pytest.mark.parametrize("name", ROUNDED)
def test_what_jumps_draws_or_turns_has_no_proof(name):
    assert follow(Own(ROUNDED[name]), (2,)) == math.inf


@pytest.mark.parametrize("options", [{"threshold": 0.0}, {"beta": -1.0}])
def test_a_softplus_that_jumps_has_no_proof(options):
    assert lipschitz_bound(nn.Sequential(nn.Softplus(**options)), (1,)) == math.inf
    assert lipschitz_bound(nn.Sequential(nn.Softplus(beta=2.0))) == 1


def test_a_convolution_of_another_meaning_is_followed():
    network = nn.Sequential(Scaled(1, 1, 1, bias=False))
    nn.init.ones_(network[0].weight)
    assert lipschitz_bound(network) == math.inf
    assert lipschitz_bound(network, (1, 2, 2)) == pytest.approx(100)
    plain = nn.Conv2d(1, 1, 1)
    plain._conv_forward = network[0]._conv_forward
    assert lipschitz_bound(nn.Sequential(plain)) == math.inf


class Called(nn.Linear):
    """A layer that is 100 times as steep as its forward."""

    def _call_impl(self, *args, **kwargs):
        return 100 * super()._call_impl(*args, **kwargs)


def test_a_layer_that_is_called_in_another_way_is_followed():
    layer = Called(1, 1)
    nn.init.ones_(layer.weight)
    assert lipschitz_bound(nn.Sequential(layer)) == math.inf
    assert lipschitz_bound(nn.Sequential(layer), (1,)) == pytest.approx(100)


def test_complex_layers_have_no_proof():
    layer = nn.Linear(2, 1, dtype=torch.complex64)
    assert lipschitz_bound(layer) == lipschitz_bound(layer, (2,)) == math.inf


@pytest.mark.parametrize("number", [math.nan, math.inf])
@pytest.mark.parametrize("layer", [nn.Linear(2, 1), nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 2)])
def test_weights_that_are_not_finite_have_no_proof(number, layer):
    nn.init.constant_(layer.weight, number)
    assert lipschitz_bound(layer) == lipschitz_bound(nn.Sequential(layer), method="sdp") == math.inf


def test_a_place_that_a_kernel_sees_twice_around_a_torus_counts_twice():
    layer = nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")  # of one place: 3 x
    nn.init.ones_(layer.weight)
    assert lipschitz_bound(layer, (1, 1)) == pytest.approx(3)


def test_strides_that_begin_within_the_padding():
    kernel = [[2.512, -1.238, -1.034, -2.163], [1.168, 2.529, 2.250, -0.990]]
    layer = nn.Conv1d(1, 2, 4, stride=2, padding=3, bias=False).double()
    layer.weight.data = torch.tensor(kernel, dtype=torch.float64)[:, None]
    matrix = layer(torch.eye(2).double()[:, None]).flatten(1).detach()
    exact = float(torch.linalg.matrix_norm(matrix, 2))
    assert exact * (1 - 1e-9) <= lipschitz_bound(layer, (1, 2)) < 1.3 * exact


@pytest.mark.parametrize("size", [1e-170, 1e-100, 1.0, 1e170])
def test_convolutions_of_any_size_scale(size):
    weight = torch.randn(2, 2, 3, generator=torch.Generator().manual_seed(0)).double()
    found = convolution_norm(size * weight, [1], [1], 1, [5]) / size
    assert found == pytest.approx(convolution_norm(weight, [1], [1], 1, [5]))


def test_what_is_small_on_the_way_is_not_lost():
    small, large = (nn.Linear(1, 1).double() for _ in range(2))
    nn.init.constant_(small.weight, 1e-200)
    nn.init.constant_(large.weight, 1e200)
    network = nn.Sequential(small, small, large, large)
    for method in ("product", "sdp"):
        assert lipschitz_bound(network, method=method) >= 1
    one = torch.ones(1, 1).double()
    assert follow(Own(lambda x, w: (x * 1e-170) @ w * 1e170, one), (1,)) >= 1
    assert follow(Own(lambda x, w: x @ (w * 1e-170) * 1e170, one), (1,)) >= 1
    both = Own(lambda x, w: torch.cat([x * 1e-90 @ w * 1e-90, x * 1e-180], 1) @ w.T * 1e180, one)
    assert follow(both, (1,)) >= 1 or follow(both, (1,)) == math.inf


def test_a_layer_of_zeros_has_slope_0():
    layer = nn.Linear(2, 1)
    nn.init.zeros_(layer.weight)
    assert lipschitz_bound(nn.Sequential(nn.Linear(2, 2), nn.ReLU(), layer)) == 0
    assert lipschitz_bound(nn.Sequential(nn.Linear(2, 2), nn.ReLU(), layer), method="sdp") == 0


def test_constants_around_two_are_not_the_same_numbers():
    pair = [functional.pad, lambda a, pad: functional.pad(a, pad, value=5.0)]

    def function(x, w):
        a, b = 1e-3 * x[:, :1], x @ w + 2  # where a is padded both follow b
        larger = torch.maximum(pair[0](a, (0, 3)), b)
        return torch.cat([larger, torch.minimum(pair[1](a, (0, 3)), b)], dim=1)

    assert follow(Own(function, torch.eye(4)), (4,)) >= math.sqrt(2)


def test_one_input_beside_many_matrices_counts_for_each():
    network = Own(lambda x, w: torch.matmul(x, w).permute(1, 0, 2).flatten(1), torch.ones(4, 1, 1))
    with torch.inference_mode():  # where torch does not take the product apart
        assert follow(network, (1,)) == pytest.approx(2)


def test_rows_that_are_flattened_between_layers():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(8, 1))
    product = lipschitz_bound(network)
    assert 0 < lipschitz_bound(network, method="sdp") <= product * (1 + 1e-9)


@pytest.mark.parametrize("shape", [(0,), (-1, 2), (2.5,), "ab", (None,), 5])
def test_a_shape_is_that_of_a_point(shape):
    with pytest.raises(ValueError, match="give the shape of one point"):
        lipschitz_bound(nn.Linear(2, 1), shape)


def test_a_layer_that_only_has_the_name_of_another_has_no_proof():
    members = {"forward": lambda self, x: 50 * x}
    kind = type("HouseHolder", (nn.Module,), members)
    kind.__module__ = "deel.torchlip.modules.activation"
    layer = kind()
    layer.theta = nn.Parameter(torch.ones(1))
    assert follow(nn.Sequential(layer), (2,)) == math.inf


def test_points_too_large_to_follow_are_no_proof():
    class Same(nn.Module):
        def forward(self, x):
            return x.sum(dim=1)

    assert lipschitz_bound(Same(), (10**10,)) == math.inf
