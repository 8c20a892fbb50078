"""Gradients of linear chains that are written by hand, beside those that autograd takes."""

import copy

import pytest
import torch
from playing import critic_player, generator_player, update
from torch import nn

from wganlab.learned import OBJECTIVES, MLPConfig, algorithm1
from wganlab.learned.constraints.clipping import WeightClipping
from wganlab.learned.constraints.constraint import NoConstraint
from wganlab.learned.constraints.norms import SpectralNorm
from wganlab.learned.constraints.penalties import GradientPenalty
from wganlab.learned.fast.by_hand import links

GAMES = ["wasserstein", "non-saturating", "loss-sensitive", "f-pearson"]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def network(outputs=1, inputs=3, **options):
    config = MLPConfig(**{"width": 16, "depth": 3, "init": "he"} | options)
    made = config.build(inputs, seeded(outputs), outputs).double()
    for layer in made.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.bias, std=0.3, generator=seeded(2))
    return made


def unchained(module):
    """A copy that is no plain chain, so that autograd does all."""
    module = copy.deepcopy(module)
    module.register_forward_hook(lambda *_: None)
    assert links(module) is None
    return module


def gradients(module):
    return [weight.grad for weight in module.parameters()]


def clouds(n=6, m=7, shape=(3,)):
    return (
        torch.randn(k, *shape, generator=seeded(k), dtype=torch.float64) + shift
        for k, shift in ((n, 0.0), (m, 1.0))
    )


def moved(run, z, monkeypatch):
    """The loss of a step of the generator from that noise."""
    monkeypatch.setattr("wganlab.learned.algorithm1.latent", lambda run, n=None: z)
    return algorithm1.generator_step(run)


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("objective", GAMES)
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("depth", [0, 3])
@pytest.mark.parametrize(
    "constraint",
    [
        NoConstraint(),
        WeightClipping(0.2),
        SpectralNorm(),
        GradientPenalty(3.0),
        GradientPenalty(side="one", center=0.5),
        GradientPenalty(power=3.0, place="around_real"),
    ],
    ids=str,
)
def test_a_step_is_what_autograd_finds(constraint, depth, activation, objective):
    critic = network(depth=depth, activation=activation)
    with torch.random.fork_rng():
        torch.manual_seed(0)  # the power iterations' start
        constraint.prepare(critic)
    results = []
    for one in (critic, unchained(critic)):
        optimizer = torch.optim.SGD(one.parameters(), lr=0.1)
        losses = []
        for _ in range(2):
            maximized = OBJECTIVES[objective].critic
            player = critic_player(
                one, constraint, optimizer, maximized, seeded(5), quick=one is critic
            )
            losses.append(algorithm1.critic_update(player, *clouds()))
        results.append([*losses, *one.parameters(), *gradients(one)])
        assert not losses[0].requires_grad
    assert_equal(*([part for part in result if part is not None] for result in results))


@pytest.mark.parametrize("objective", GAMES)
@pytest.mark.parametrize("constraint", [NoConstraint(), SpectralNorm()], ids=str)
def test_a_generators_step_is_what_autograd_finds(constraint, objective, monkeypatch):
    critic, generator = network(), network(outputs=3, inputs=2)
    constraint.prepare(critic)
    z = torch.randn(9, 2, generator=seeded(), dtype=torch.float64)
    results = []
    for judge, one in ((critic, generator), (copy.deepcopy(critic), unchained(generator))):
        optimizer = torch.optim.SGD(one.parameters(), lr=0.1)
        minimized = OBJECTIVES[objective].generator
        run = generator_player(one, judge, optimizer, minimized, z, quick=one is generator)
        before = run.generated(run, z).detach()
        results.append([before, moved(run, z, monkeypatch), *gradients(one)])
        assert (run.generated(run, z) - before).abs().max() > 1e-4
        assert gradients(judge) == [None] * len(gradients(judge))
        assert all(weight.requires_grad for weight in judge.parameters())
    assert_equal(*results)


def test_without_a_critic_a_generator_goes_to_the_real_points(monkeypatch):
    generator = network(outputs=2, inputs=2)
    z = torch.randn(40, 2, generator=seeded(), dtype=torch.float64)
    (real,) = (points for points in clouds(40, 40, (2,)) if points.mean() > 0.5)
    optimizer = torch.optim.Adam(generator.parameters(), lr=0.01)
    run = generator_player(
        generator, None, optimizer, OBJECTIVES["emd"].generator, z, lambda *_: real
    )
    losses = [moved(run, z, monkeypatch).item() for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]


def test_an_objective_of_the_points_reaches_the_generator(monkeypatch):
    generator = network(outputs=2, inputs=2)
    z = torch.randn(9, 2, generator=seeded(), dtype=torch.float64)
    results = []
    for one in (generator, unchained(generator)):
        optimizer = torch.optim.SGD(one.parameters(), lr=0.1)
        run = generator_player(
            one,
            network(inputs=2),
            optimizer,
            lambda b: b.f_fake.mean() + b.fake.square().mean(),
            z,
            quick=one is generator,
        )
        results.append([moved(run, z, monkeypatch), *gradients(one)])
    assert_equal(*results)


def test_images_are_flattened():
    critic = network(inputs=12)
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.1)
    both = [critic, unchained(critic)]
    for one in both:
        optimizer = torch.optim.SGD(one.parameters(), lr=0.1)
        update(one, GradientPenalty(), optimizer, *clouds(shape=(3, 2, 2)), seeded())
    assert_equal(*map(gradients, both))


def test_a_frozen_layer_stays():
    critic = network()
    critic.features[1].requires_grad_(False)
    frozen = critic.features[1].weight.clone()
    optimizer = torch.optim.SGD([w for w in critic.parameters() if w.requires_grad], lr=0.1)
    update(critic, GradientPenalty(), optimizer, *clouds(), seeded())
    assert critic.features[1].weight.grad is None
    assert torch.equal(critic.features[1].weight, frozen)
    assert critic.head.weight.grad is not None


@pytest.mark.parametrize(
    "other",
    [
        nn.Sequential(nn.Linear(3, 4), nn.SiLU(), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1, bias=False)),
        nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(-0.5), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(3, 4), nn.ReLU()),
        nn.Sequential(),
    ],
    ids=str,
)
def test_what_is_no_chain_is_left_to_autograd(other):
    assert links(other) is None


def test_a_networks_hooks_are_respected():
    critic = network()
    assert links(critic) is not None
    critic.head.register_full_backward_hook(lambda *_: None)
    assert links(critic) is None
