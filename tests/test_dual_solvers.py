"""Duals that are climbed without a slope: CoWGAN, the minimax dual, the regularized dual."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from playing import update
from scipy.spatial.distance import cdist

from wganlab import exact
from wganlab.compare import critic_vs_exact
from wganlab.learned import (
    METHODS,
    Batch,
    CoWGAN,
    GradientPenalty,
    MinimaxDual,
    MLPConfig,
    Optimizer,
    RegularizedDual,
    fit_critic,
)

SMALL = MLPConfig(width=8, depth=2)
ATOMS = np.zeros((20, 2)), np.full((20, 2), [3.0, 4.0])  # 5 apart
LINES = exact.known.ParallelLines(theta=1.0)
WIDE = MLPConfig(width=32, depth=2)
SLOW = Optimizer(lr=2e-3, schedule="cosine")
QUICK = Optimizer(lr=5e-3, schedule="cosine")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def cloud(n, d=2, seed=0, shift=0.0):
    return torch.randn(n, d, generator=generator(seed)) + shift


def fitted(constraint, *laws, steps=300, **options):
    optimizer = Optimizer(schedule="cosine") if isinstance(constraint, MinimaxDual) else QUICK
    given = {"critic": WIDE, "optimizer": optimizer, "batch": 64, "records": 2, **options}
    return fit_critic(*laws, constraint=constraint, steps=steps, **given)


def weights(network):
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def begun(constraint, critic, points, steps=10):
    return constraint.begin(critic, points, steps, generator(1))


# CoWGAN


def cowgan_by_hand(x, y, f, g):
    """Its objective, and which of the three values that is."""
    d = cdist(x, y)
    gap = f.mean() - g.mean()
    first = f.mean() + np.mean([min(d[:, j] - f) for j in range(len(y))])
    second = np.mean([min(d[i] + g) for i in range(len(x))]) - g.mean()
    if first < gap:
        return first, "first"
    return (second, "second") if second < gap else (gap, "gap")


def test_cowgan_takes_the_gap_or_the_dual_value_below_it():
    rng, seen = np.random.default_rng(0), set()
    for scale_f, scale_g, ahead in ((0.1, 0.1, 0), (3, 0.1, 1), (0.1, 9, 1), (3, 3, 2), (1, 4, 0)):
        x, y = rng.normal(size=(5, 3)), rng.normal(size=(7, 3))
        f, g = scale_f * rng.normal(size=5) + ahead, scale_g * rng.normal(size=7)
        expected, which = cowgan_by_hand(x, y, f, g)
        seen.add(which)
        told = CoWGAN().objective(Batch(*map(torch.from_numpy, (x, y, f, g))))
        assert told.item() == pytest.approx(expected, rel=1e-12)
    assert seen == {"first", "second", "gap"}


def test_cowgan_is_the_gap_of_a_critic_of_slope_one():
    x, y = (cloud(9, seed=seed).double() for seed in (0, 1))
    batch = Batch(x, y, x[:, 0], y[:, 0])
    assert CoWGAN().objective(batch) == batch.gap
    steep = Batch(x, y, 9 * x[:, 0], 9 * y[:, 0])
    assert CoWGAN().objective(steep) < steep.gap


def test_cowgan_climbs_the_value_that_it_takes_alone():
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[3.0]])
    f, g = torch.tensor([8.0, 8.5], requires_grad=True), torch.zeros(1, requires_grad=True)
    CoWGAN().objective(Batch(x, y, f, g)).backward()
    # mean f + min(3 - 8, 2 - 8.5): the second point pays for the fake one
    assert (f.grad.tolist(), g.grad.tolist()) == ([0.5, -0.5], [0.0])


# the game


@pytest.mark.parametrize("moved", ["fake", "real"])
def test_the_value_of_the_game_by_hand(moved):
    critic, real, fake = SMALL.build(3, generator()), cloud(5, 3), cloud(4, 3, 1)
    game = begun(MinimaxDual(moved, transport=SMALL), critic, real)
    f = lambda z: critic(z)[:, 0]  # noqa: E731
    sign, start = (-1, fake) if moved == "fake" else (1, real)
    with torch.no_grad():
        end = start + game.beside.network(start)
        paid = (end - start).square().sum(1).sqrt() + sign * f(end)
        expected = f(real).mean() + paid.mean() if moved == "fake" else paid.mean() - f(fake).mean()
        told = game.measured(critic, Batch(real, fake, f(real), f(fake)))
        # to the critic the way is a constant: what it climbs is the gap between what is left
        batch = Batch(real, fake, f(real), f(fake))
        assert game.objective(batch) == batch.gap
    assert told.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("moved", ["fake", "real"])
def test_the_map_descends_before_the_critic_is_asked(moved):
    critic, real, fake = SMALL.build(2, generator()), cloud(50), cloud(40, seed=1)
    told = MinimaxDual(moved, inner=7, transport=SMALL, optimizer=Optimizer("sgd", 1e-2))
    game = begun(told, critic, real)
    start = real if moved == "real" else fake
    before, passes = game.paid(critic, start).mean().item(), []
    game.beside.register_forward_hook(lambda *_: passes.append(1))
    was = [weight.clone() for weight in critic.parameters()]
    on = game.before_update(critic, real, fake)
    assert len(passes) == 7 + 1
    assert game.paid(critic, start).mean().item() < before
    assert all(map(torch.equal, was, critic.parameters()))
    assert all(weight.grad is None for weight in critic.parameters())
    kept, other = (1, 0) if moved == "real" else (0, 1)
    assert on[kept] is (real, fake)[kept]
    assert torch.equal(on[other], game.beside(start))
    assert not on[other].requires_grad


def test_the_maps_learning_rate_falls_with_the_steps_of_the_critic():
    critic, x = SMALL.build(2, generator()), cloud(6)
    game = begun(MinimaxDual(inner=3, transport=SMALL), critic, x, steps=4)
    rates = []
    for _ in range(4):
        rates.append(game.descent.param_groups[0]["lr"])
        game.before_update(critic, x, x)
    expected = [2e-3 * (1 + math.cos(math.pi * k / 4)) / 2 for k in range(4)]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize("moved", ["fake", "real"])
@pytest.mark.parametrize(
    ("laws", "exactly"), [(ATOMS, 5.0), ((LINES,), 1.0)], ids=["atoms", "lines"]
)
def test_the_game_ends_at_the_distance(moved, laws, exactly):
    told = fitted(MinimaxDual(moved, 5, WIDE, SLOW), *laws, steps=300)
    assert told.final.estimate == pytest.approx(exactly, rel=0.01)
    assert told.final.objective == told.final.estimate
    assert told.final.gap >= 0.99 * exactly  # f may be lower than needed where T sets out
    x, y = laws if len(laws) == 2 else laws[0].sample(200, np.random.default_rng(0), paired=True)
    start, end = (x, y) if moved == "real" else (y, x)
    np.testing.assert_allclose(
        (told.transport(start) - start).mean(axis=0), (end - start).mean(axis=0), atol=0.1 * exactly
    )
    assert told.dual(x, y) == pytest.approx(told.final.estimate, rel=0.02)
    assert critic_vs_exact(told, x, y).estimate == told.dual(x, y)


def test_the_map_and_the_critic_are_in_the_users_unit():
    x, y = 1e4 + 100 * cloud(200).numpy(), 1e4 + 100 * cloud(200, seed=1, shift=4.0).numpy()
    told = fitted(MinimaxDual("fake", 5, WIDE, SLOW), x, y, steps=100)
    assert told.unit != 1
    end = told.transport(y)
    value = told(x).mean() + (np.linalg.norm(end - y, axis=1) - told(end)).mean()
    assert told.dual(x, y) == pytest.approx(value, rel=1e-4)
    assert told.final.estimate == pytest.approx(value, rel=1e-4)
    assert value == pytest.approx(exact.emd(x, y), rel=0.2)


def test_images_are_moved_to_images():
    x, y = torch.zeros(8, 1, 3, 3), torch.ones(8, 1, 3, 3)
    told = fitted(MinimaxDual(inner=2), x, y, steps=2)
    assert told.transport(y).shape == (8, 1, 3, 3)


def test_only_a_minimax_dual_has_a_map():
    for constraint in (GradientPenalty(), RegularizedDual()):
        told = fitted(constraint, *ATOMS, steps=1)
        with pytest.raises(ValueError, match=r"trains no transport map: fit .* MinimaxDual\(\)"):
            told.transport(ATOMS[0])


# the regularized dual


def test_the_price_is_the_conjugate_of_the_regularizer():
    s = torch.linspace(-1.0, 1.0, 9, dtype=torch.float64)
    r = torch.linspace(0, 30, 300_001, dtype=torch.float64)[:, None]
    for name, penalty in (("l2", r.square()), ("entropy", torch.xlogy(r, r) - r + 1)):
        expected = (r * s - 0.4 * penalty).max(dim=0).values
        told = RegularizedDual(epsilon=0.4, regularizer=name).price(s)
        np.testing.assert_allclose(told, expected, atol=1e-6)


def test_the_regularized_dual_of_a_batch_by_hand():
    told = RegularizedDual(epsilon=0.3, second=SMALL)
    x, y, f = cloud(5), cloud(4, seed=1), cloud(5, 1, 2)[:, 0]
    work = begun(told, None, x)
    with torch.no_grad():
        g = work.beside(y)[:, 0].double().numpy()
        value = work.objective(Batch(x, y, f, f[:0])).item()
    excess = f.double().numpy()[:, None] + g - cdist(x, y)
    expected = f.mean().item() + g.mean() - (np.maximum(excess, 0) ** 2).mean() / 1.2
    assert value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("regularizer", "above"), [("l2", 0.5), ("entropy", 0.0)])
def test_the_regularized_dual_of_two_atoms(regularizer, above):
    # the only plan has density 1: min E r |x - y| + epsilon E r^2 = 5 + epsilon
    told = fitted(RegularizedDual(0.5, regularizer, optimizer=QUICK), *ATOMS)
    assert told.final.estimate == pytest.approx(5 + above, abs=0.02)


@pytest.mark.slow
def test_the_entropic_dual_is_that_of_sinkhorn():
    x, y = cloud(6).numpy(), cloud(7, seed=1, shift=1.0).numpy()
    for epsilon in (0.3, 3.0):
        told = fitted(
            RegularizedDual(epsilon, "entropy", optimizer=QUICK), x, y, steps=1500, batch=0
        )
        value = exact.sinkhorn(x, y, epsilon=epsilon).objective
        assert told.final.estimate == pytest.approx(value, rel=0.01)


@pytest.mark.slow
def test_little_quadratic_regularization_leaves_the_distance():
    x, y = cloud(5).numpy(), cloud(5, seed=1, shift=1.0).numpy()
    told = fitted(RegularizedDual(0.02, optimizer=QUICK), x, y, steps=2000, batch=0)
    # an optimal plan has density 5 at five pairs of 25: it is charged epsilon E r^2 = 5 epsilon
    assert exact.emd(x, y) - 0.02 < told.final.estimate < exact.emd(x, y) + 5 * 0.02 + 0.02


def test_both_potentials_take_one_step_of_one_loss():
    critic, x, y = SMALL.build(2, generator()), cloud(6), cloud(6, seed=1)
    work = begun(RegularizedDual(0.3, second=SMALL, optimizer=Optimizer("sgd", 0.1)), critic, x)
    second = [weight.detach().clone() for weight in work.beside.parameters()]
    with torch.no_grad():
        f = critic(x)[:, 0]
    loss = -work.objective(Batch(x, y, f, f[:0]))
    slopes = torch.autograd.grad(loss, list(work.beside.parameters()))
    optimizer, _ = Optimizer("sgd", 0.1).build(critic.parameters(), 10)
    update(critic, work, optimizer, x, y)
    for was, slope, now in zip(second, slopes, work.beside.parameters(), strict=True):
        torch.testing.assert_close(now.detach(), was - 0.1 * slope)
        assert now.grad is None  # or the next loss would be added to this one
    assert work.schedule.last_epoch == 1


# all of them


WITH_TWO = [
    MinimaxDual(inner=2, transport=SMALL),
    MinimaxDual("real", inner=2, transport=SMALL),
    RegularizedDual(second=SMALL),
    RegularizedDual(0.5, "entropy", second=SMALL),
]


@pytest.mark.parametrize("constraint", [CoWGAN(), *WITH_TWO], ids=str)
def test_a_step_runs_on_meta(constraint):
    critic = SMALL.build(12, generator()).to("meta")
    real, fake = (torch.empty(n, 3, 2, 2, device="meta") for n in (6, 9))
    work = begun(constraint, critic, real)
    optimizer, _ = Optimizer().build(critic.parameters(), 10)
    loss = update(critic, work, optimizer, *work.before_update(critic, real, fake))
    assert (loss.device.type, loss.shape) == ("meta", ())
    assert work.measured(critic, Batch(real, fake, real[:, 0, 0, 0], fake[:, 0, 0, 0])).is_meta


@pytest.mark.parametrize("constraint", WITH_TWO, ids=str)
def test_one_seed_makes_one_pair_of_networks(constraint):
    told = [fitted(constraint, *ATOMS, steps=3, seed=seed) for seed in (0, 0, 1)]
    states = [weights(fit.work.beside) for fit in told]
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])
    assert all(fit.constraint is constraint for fit in told)
    assert not told[0].work.beside.training
    assert all(weight.grad is None for weight in told[0].work.beside.parameters())


@pytest.mark.parametrize("constraint", WITH_TWO, ids=str)
def test_the_best_record_has_both_networks(constraint):
    def run(**stops):
        x, y = cloud(40), cloud(40, seed=1, shift=1.0)
        options = {"steps": 100, "records": 100, "held_out": 10, "optimizer": Optimizer(lr=0.1)}
        return fitted(constraint, x, y, **options, **stops)

    told = run(patience=2)
    assert (told.stopped, told.kept) == ("held-out", len(told.history) - 3)
    again = run(callback=lambda record, network: record.step == told.final.step)
    assert torch.equal(weights(told.critic), weights(again.critic))
    assert torch.equal(weights(told.work.beside), weights(again.work.beside))


@pytest.mark.parametrize("constraint", WITH_TWO, ids=str)
def test_two_networks_offer_the_value_of_their_dual(constraint):
    x, y = cloud(30).numpy(), cloud(30, seed=1, shift=1.0).numpy()
    critic = fitted(constraint, x, y, steps=5)
    told = critic_vs_exact(critic, x, y)
    assert told.estimate == told.dual == critic.dual(x, y) not in (told.critic_gap, None)
    assert told.dual == pytest.approx(critic.final.estimate, rel=1e-5)
    assert f"dual          {told.dual:>12.6g}" in str(told)
    weighted = critic_vs_exact(critic, exact.Discrete(x, np.arange(30) / 435), y)
    assert (weighted.dual, weighted.estimate) == (None, weighted.critic_gap)


def test_a_critic_alone_has_no_other_dual():
    x, y = cloud(30), cloud(30, seed=1, shift=1.0)
    for constraint in (CoWGAN(), GradientPenalty()):
        told = critic_vs_exact(fitted(constraint, x, y, steps=5), x, y)
        assert (told.dual, told.estimate) == (None, told.critic_gap)
    assert critic_vs_exact(lambda z: z[:, 0], x, y).dual is None


@pytest.mark.parametrize("name", ["cowgan", "mm", "mm-r", "ls"])
def test_they_are_objectives_of_their_own(name):
    constraint = METHODS[name].constraint
    with pytest.raises(ValueError, match="an objective of its own, in place of Hinge"):
        fit_critic(*ATOMS, objective="hinge", constraint=constraint)
    with pytest.raises(ValueError, match="use layer norm"):
        fit_critic(*ATOMS, constraint=constraint, critic=MLPConfig(4, norm="batch"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MinimaxDual("both"), "moved = 'both'"),
        (lambda: MinimaxDual(inner=0), "inner = 0"),
        (lambda: MinimaxDual(transport=3), "transport = 3: give one of MLPConfig"),
        (lambda: MinimaxDual(optimizer="adam"), "optimizer = 'adam': give one of Optimizer"),
        (lambda: MinimaxDual(transport=replace(SMALL, norm="batch")), "norm='batch' mixes them"),
        (lambda: RegularizedDual(0.0), "epsilon = 0"),
        (lambda: RegularizedDual(regularizer="kl"), "regularizer = 'kl'"),
        (lambda: RegularizedDual(second=None), "second = None: give one of MLPConfig"),
        (lambda: RegularizedDual(second=replace(SMALL, norm="batch")), "norm='batch' mixes them"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
