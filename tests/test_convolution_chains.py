"""Convolutions whose derivatives are written by hand, beside those of torch."""

import copy

import pytest
import torch
from playing import critic_player, update
from torch import nn
from torch.autograd import gradcheck, gradgradcheck

from wganlab.learned import OBJECTIVES, DCGANConfig, algorithm1
from wganlab.learned.constraints.clipping import WeightClipping
from wganlab.learned.constraints.constraint import NoConstraint
from wganlab.learned.constraints.norms import SpectralNorm
from wganlab.learned.constraints.penalties import GradientPenalty
from wganlab.learned.fast.by_hand import critic_gradients
from wganlab.learned.fast.convolution_chains import convolution_links
from wganlab.learned.networks.few_channels import Conv2d, ConvTranspose2d


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def critic(channels=3, **options):
    config = DCGANConfig(**{"filters": 6, "norm": "none", "init": "he"} | options)
    return config.critic_for((channels, 16, 16), seeded(1)).double()


def unchained(module):
    """A copy that is left to autograd, in torch's own convolutions."""
    module = copy.deepcopy(module)
    for part in module.modules():
        if type(part) is Conv2d:
            part.__class__ = nn.Conv2d
    module.register_forward_hook(lambda *_: None)
    assert convolution_links(module) is None
    return module


def clouds(n=5, m=6, channels=3, layout=torch.contiguous_format):
    return (
        (torch.randn(k, channels, 16, 16, generator=seeded(k), dtype=torch.float64) + shift).to(
            memory_format=layout
        )
        for k, shift in ((n, 0.0), (m, 1.0))
    )


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
@pytest.mark.parametrize(
    "options", [{}, {"activation": "relu"}, {"extra": 1, "channels": 1}], ids=str
)
@pytest.mark.parametrize(
    "constraint",
    [
        NoConstraint(),
        WeightClipping(0.2),
        SpectralNorm(),
        GradientPenalty(3.0),
        GradientPenalty(side="one", center=0.5, place="around_real"),
    ],
    ids=str,
)
def test_a_step_is_what_autograd_finds(constraint, options, layout):
    network = critic(**options)
    with torch.random.fork_rng():
        torch.manual_seed(0)  # the power iterations' start
        constraint.prepare(network)
    results = []
    channels = options.get("channels", 3)
    for one in (network, unchained(network)):
        optimizer, losses = torch.optim.SGD(one.parameters(), lr=0.1), []
        for _ in range(2):
            player = critic_player(
                one, constraint, optimizer, draws=seeded(5), quick=one is network
            )
            by_hand = getattr(player.critic_gradients, "func", None) is critic_gradients
            assert by_hand == (one is network)
            points = clouds(channels=channels, layout=layout)
            losses.append(algorithm1.critic_update(player, *points))
        results.append([*losses, *one.parameters(), *(w.grad for w in one.parameters())])
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-11)


def test_slopes_and_their_way_to_the_points_are_autograd_s():
    network = critic()
    chain = convolution_links(network).chain()
    x = next(clouds()).requires_grad_()
    values = network(x)
    (slopes,) = torch.autograd.grad(values.sum(), x)
    passed = chain.values(x.detach())
    torch.testing.assert_close(passed.result, values.detach())
    torch.testing.assert_close(chain.slopes(x.detach()).result, slopes)
    weights = torch.arange(5.0, dtype=torch.float64)[:, None]
    back = chain.points_backward(weights, passed)
    torch.testing.assert_close(back, slopes * weights[:, :, None, None])


def test_objectives_see_the_values():
    network, results = critic(), []
    for one in (network, unchained(network)):
        optimizer = torch.optim.SGD(one.parameters(), lr=0.1)
        maximized = OBJECTIVES["loss-sensitive"].critic
        loss = update(one, NoConstraint(), optimizer, *clouds(), maximized=maximized)
        results.append([loss, *(weight.grad for weight in one.parameters())])
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    "other",
    [
        nn.Sequential(nn.Conv2d(3, 1, 16), nn.Flatten()),  # with a bias
        nn.Sequential(nn.Conv2d(3, 4, 4, bias=False), nn.SiLU(), nn.Flatten()),
        nn.Sequential(nn.Conv2d(3, 1, 16, bias=False)),
        nn.Sequential(nn.Conv2d(3, 3, 16, groups=3, bias=False), nn.Flatten()),
        nn.Sequential(nn.Conv2d(3, 1, 8, dilation=2, bias=False), nn.Flatten()),
        nn.Sequential(nn.Conv2d(3, 1, 16, padding="same", bias=False), nn.Flatten()),
        nn.Sequential(nn.Flatten(), nn.Linear(3, 1)),
        nn.Sequential(),
    ],
    ids=str,
)
def test_what_is_no_chain_is_left_to_autograd(other):
    assert convolution_links(other) is None


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_norms_are_left_to_autograd(norm):
    assert convolution_links(critic(norm=norm)) is None
    assert convolution_links(critic()) is not None


def test_more_than_one_output_is_refused():
    network = nn.Sequential(nn.Conv2d(3, 2, 16, bias=False), nn.Flatten()).double()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"maps 11 images to an output of shape \(11, 2\)"):
        update(network, NoConstraint(), optimizer, *clouds())


@pytest.mark.parametrize(
    ("side", "stride", "padding"), [(4, 2, 1), (3, 1, 1), (4, 1, 0), (2, 2, 0)]
)
def test_convolutions_of_few_channels_are_torch_s(side, stride, padding):
    shapes = (2, 5, side, stride, padding)
    ours, theirs = (kind(*shapes, bias=False).double() for kind in (Conv2d, nn.Conv2d))
    theirs.weight = ours.weight
    x = torch.randn(2, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(ours(x), theirs(x))

    def values(x, weight):
        return torch.func.functional_call(ours, {"weight": weight}, (x,))

    assert gradcheck(values, (x, ours.weight), fast_mode=True)
    assert gradgradcheck(values, (x, ours.weight), fast_mode=True)


@pytest.mark.parametrize(
    ("side", "stride", "padding"), [(4, 2, 1), (3, 1, 1), (4, 1, 0), (2, 2, 0)]
)
@pytest.mark.parametrize("channels", [1, 3, 6])
def test_transposed_convolutions_to_few_channels_are_torch_s(side, stride, padding, channels):
    shapes = (5, channels, side, stride, padding)
    ours, theirs = (
        kind(*shapes, bias=False).double() for kind in (ConvTranspose2d, nn.ConvTranspose2d)
    )
    theirs.weight = ours.weight
    x = torch.randn(3, 5, 4, 4, dtype=torch.float64, requires_grad=True)
    results = []
    for layer in (ours, theirs):
        made = layer(x)
        results.append([made, *torch.autograd.grad(made.cos().sum(), (x, layer.weight))])
    for mine, torchs in zip(*results, strict=True):
        torch.testing.assert_close(mine, torchs)


def test_with_a_bias_layers_are_torch_s():
    torch.manual_seed(0)
    kinds = [(Conv2d, nn.Conv2d, {}), (ConvTranspose2d, nn.ConvTranspose2d, {"output_padding": 1})]
    for kind, base, options in kinds:
        layer = kind(3, 3, 5, 2, 2, **options)
        twin = copy.deepcopy(layer)
        twin.__class__ = base
        x = torch.randn(2, 3, 6, 6, requires_grad=True)
        ours, theirs = (each(x).square().sum() for each in (layer, twin))
        torch.testing.assert_close(layer(x), twin(x))
        for mine, torchs in zip(
            torch.autograd.grad(ours, [x, *layer.parameters()]),
            torch.autograd.grad(theirs, [x, *twin.parameters()]),
            strict=True,
        ):
            torch.testing.assert_close(mine, torchs)
