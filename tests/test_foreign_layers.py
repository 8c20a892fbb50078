"""Certified layers of other libraries: trained, followed, proven; stand-ins where they are missing.

Those of `deel-torchlip` and `orthogonium` are found by their names, and never imported by us.
"""

import importlib
import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from wganlab import compare
from wganlab.learned import NoConstraint, Optimizer, fit_critic, lipschitz_bound
from wganlab.learned.critics.lending import baked
from wganlab.learned.lipschitz.follow import follow

IMAGE = (4, 6, 6)


def library(name):
    """A package, whose sources warn when they are compiled; the test is skipped without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


def quiet(make):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def torchlip_points():
    lip = library("deel.torchlip")
    return lip.Sequential(
        lip.SpectralLinear(2, 16), lip.GroupSort2(), lip.SpectralLinear(16, 16), lip.FullSort(),
        lip.FrobeniusLinear(16, 1),
    )  # fmt: skip


def torchlip_images():
    lip = library("deel.torchlip")
    return lip.Sequential(
        lip.SpectralConv2d(4, 8, 3, padding=1), lip.HouseHolder(8), lip.ScaledL2NormPool2d(2),
        nn.Flatten(), lip.MaxMin(), lip.SpectralLinear(144, 1),
    )  # fmt: skip


def orthogonium_points():
    layers = library("orthogonium.layers")
    return nn.Sequential(
        layers.OrthoLinear(2, 16), layers.MaxMin(), layers.OrthoLinear(16, 16), layers.Abs(),
        layers.UnitNormLinear(16, 1),
    )  # fmt: skip


def orthogonium_images():
    layers = library("orthogonium.layers")
    return nn.Sequential(
        layers.AdaptiveOrthoConv2d(4, 8, 3), layers.MaxMin(), layers.LayerCentering2D(8),
        layers.AdaptiveOrthoConv2d(8, 8, 2, stride=2, padding=0), layers.MaxMin(), nn.Flatten(),
        layers.UnitNormLinear(72, 1),
    )  # fmt: skip


def clouds(images):
    rng = np.random.default_rng(0)
    if images:
        x = rng.uniform(size=(40, *IMAGE))
        return x, 1 - x**2
    return rng.normal(size=(120, 2)), rng.normal(size=(120, 2)) + np.array([2, 1])


@pytest.mark.parametrize(
    ("make", "least"),
    [
        (torchlip_points, 0.9),
        (orthogonium_points, 0.9),
        (torchlip_images, 0.1),
        (orthogonium_images, 0.1),
    ],
)
def test_trained_critics_of_the_libraries_are_proven_1_lipschitz(make, least):
    critic = quiet(make)
    x, y = clouds(images="images" in make.__name__)
    fitted = fit_critic(
        x, y, critic=critic, constraint=NoConstraint(), optimizer=Optimizer(lr=5e-3), steps=60
    )
    assert 0.9 < fitted.lipschitz <= 1 + 2e-5
    told = compare.critic_vs_exact(fitted, x, y)
    assert told.lipschitz == pytest.approx(fitted.lipschitz, abs=1e-5)
    assert told.slope <= told.lipschitz * (1 + 1e-5)
    assert least * told.exact < told.critic_gap <= told.exact * (1 + 2e-5)
    assert told.certificate <= told.exact * (1 + 1e-9)


@pytest.mark.parametrize(
    ("path", "name", "arguments", "shape", "expected"),
    [
        ("deel.torchlip", "SpectralConv2d", (4, 4, 3, 1, 1), IMAGE, 1.0),
        ("deel.torchlip", "ScaledAvgPool2d", (2,), IMAGE, 1.0),
        ("deel.torchlip", "LayerCentering", (4,), IMAGE, 1.0),
        ("deel.torchlip", "GroupSort", (2, 3.0), (4,), 3.0),
        ("deel.torchlip", "MaxMin", (None, 3.0), (4,), 3.0),
        ("deel.torchlip", "HouseHolder", (4,), (4,), 1.0),
        ("deel.torchlip", "LPReLU", (), (4,), 1.0),
        ("orthogonium.layers", "HouseHolder", (4,), IMAGE, math.sqrt(0.5)),
        ("orthogonium.layers", "HouseHolder_Order_2", (4,), IMAGE, math.sqrt(0.5)),
        ("orthogonium.layers", "ChannelShuffle", (2, 2), IMAGE, 1.0),
        ("orthogonium.layers.custom_activations", "SoftHuber", (), (4,), 1.0),
        ("orthogonium.layers.conv.SLL", "SDPBasedLipschitzDense", (4, 4, 8), (4,), 1.0),
        ("orthogonium.layers.conv.SLL", "SDPBasedLipschitzResBlock", (4, 2), IMAGE, 1.0),
        ("orthogonium.layers.conv.SLL", "AOCLipschitzResBlock", (4, 1, 3), IMAGE, 1.0),
        ("orthogonium.layers.conv.AOL", "AOLConv2D", (4, 4, 3), IMAGE, 1.0),
    ],
)
def test_layers_of_the_libraries(path, name, arguments, shape, expected):
    module = library(path)
    layer = quiet(lambda: getattr(module, name)(*arguments)).train()
    layer(torch.randn(5, *shape))
    bound = follow(layer.eval(), shape)
    assert 0.4 * expected < bound <= expected * (1 + 2e-5)
    assert steepest(layer, shape) <= bound * (1 + 1e-5)


@pytest.mark.parametrize(
    "name", ["ConcatResidual", "L2NormResidual", "AdditiveResidual", "PrescaledAdditiveResidual"]
)
def test_residual_blocks_of_a_library(name):
    block = getattr(library("orthogonium.layers.residual"), name)
    layers = importlib.import_module("orthogonium.layers")
    width = 2 if name == "ConcatResidual" else 4
    network = quiet(lambda: block(layers.AdaptiveOrthoConv2d(width, width, 3))).eval()
    bound = follow(network, IMAGE)
    assert bound == pytest.approx(1, abs=2e-5)
    assert steepest(network, IMAGE) <= bound * (1 + 1e-5)


def steepest(network, shape, n=4):
    largest = 0.0
    for point in torch.randn(n, *shape, generator=torch.Generator().manual_seed(1)):
        function = lambda z: network(z[None])[0].flatten()  # noqa: E731
        jacobian = torch.autograd.functional.jacobian(function, point)
        matrix = jacobian.reshape(-1, math.prod(shape)).double()
        largest = max(largest, torch.linalg.matrix_norm(matrix, 2).item())
    return largest


class HouseHolder(nn.Module):
    """Reflects a pair at a line through 0 where it lies beyond."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([1.0, 2.5]))
        self.factor = factor

    def forward(self, z):
        theta = self.theta.view(1, -1, *(1,) * (z.dim() - 2))
        u, v = z.chunk(2, 1)
        beyond = (u * (theta / 2).sin() - v * (theta / 2).cos() > 0).to(z.dtype)
        a, b = u * theta.cos() + v * theta.sin(), u * theta.sin() - v * theta.cos()
        sides = (u + beyond * (a - u), v + beyond * (b - v))
        return self.factor * torch.cat(sides, 1)


class L2Normalize(nn.Module):
    """Of float32 alone, as orthogonium's; and tracked by a power iteration, as its norms."""

    def __init__(self, rows):
        super().__init__()
        self.register_buffer("u", torch.ones(rows, 1))

    def forward(self, weight):
        for _ in range(3):
            v = weight.mT @ self.u
            self.u = weight @ (v / v.norm())
        return weight / torch.linalg.vector_norm(self.u, dtype=torch.float32)


def named(kind, path):
    """A class that goes by the name of one of a library."""
    return type(kind.__name__, (kind,), {"__module__": path})


def test_a_stand_in_is_known_by_its_name_alone():
    shape = (4, 3, 3)
    for path, factor in (
        ("deel.torchlip.modules.activation", 1.0),
        ("orthogonium.layers.custom_activations", math.sqrt(0.5)),
    ):
        layer = named(HouseHolder, path)(factor)
        assert follow(layer, shape) == pytest.approx(factor, rel=1e-12)
        assert steepest(layer, shape) == pytest.approx(factor, rel=1e-5)
    assert follow(HouseHolder(), shape) == math.inf
    known = named(HouseHolder, "deel.torchlip.modules.activation")
    assert follow(known(), (6, 3, 3)) == math.inf  # its angles are of other channels
    patched = known()
    patched.forward = lambda z: z.round()
    assert follow(patched, shape) == math.inf
    assert follow(named(HouseHolder, "orthogonium.layers.custom_activations")(), (4,)) == math.inf


def test_weights_in_float32_alone_are_judged_in_float64():
    torch.manual_seed(0)
    layer = nn.Linear(6, 1)
    layer.weight.data.copy_(torch.tensor([[3.0, 4.0, 0, 0, 0, 0]]))
    parametrize.register_parametrization(layer, "weight", L2Normalize(1))
    critic = nn.Sequential(layer).eval()
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 6)), rng.normal(size=(20, 6)) + 1e-9
    with pytest.raises(RuntimeError):
        nn.Sequential(layer).double()(torch.from_numpy(x))
    critic.float()
    told = compare.critic_vs_exact(critic, x, y)
    assert told.lipschitz == pytest.approx(1, abs=1e-6)
    assert told.slope == pytest.approx(1, abs=1e-6)
    truth = (x @ [0.6, 0.8, 0, 0, 0, 0]).mean() - (y @ [0.6, 0.8, 0, 0, 0, 0]).mean()
    assert told.critic_gap == pytest.approx(truth, rel=1e-6)
    assert parametrize.is_parametrized(layer)


class Restless(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(()))

    def forward(self, weight):
        self.count += 1
        return self.count * weight


def test_weights_that_do_not_settle_are_no_numbers():
    layer = nn.Linear(2, 1)
    parametrize.register_parametrization(layer, "weight", Restless())
    assert baked(layer) is None
    assert lipschitz_bound(nn.Sequential(layer, HouseHolder()), (2,)) == math.inf
    assert follow(layer, (2,)) == math.inf
