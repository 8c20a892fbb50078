"""What the players optimize: values by hand, optima against the exact divergences."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from scipy import stats

from wganlab import exact
from wganlab.learned import OBJECTIVES
from wganlab.learned.batch import Batch
from wganlab.learned.objectives.fgan import FGan
from wganlab.learned.objectives.games import EnergyBased
from wganlab.learned.objectives.minibatch import MMD, Sinkhorn
from wganlab.learned.runs.config import ObjectiveName

P, Q = stats.norm(0, 1), stats.norm(1.0, 1)
TRUTH = {
    "JS": exact.js(P, Q),
    "KL": exact.kl(P, Q),
    "reverse KL": exact.kl(Q, P),
    "TV": exact.tv(P, Q),
    "chi2": exact.chi2(P, Q),
    "Le Cam": exact.le_cam(P, Q),
}
BEST = {  # of the logit log(p / q)
    "minimax": lambda logit: logit,
    "non-saturating": lambda logit: logit,
    "least-squares": lambda logit: torch.tanh(logit / 2),  # (p - q) / (p + q)
    "hinge": torch.sign,
    "energy-based": lambda logit: -1.0 * (logit < 0),  # minus the energy
    "f-kl": lambda logit: 1 + logit,
    "f-reverse-kl": lambda logit: logit,
    "f-js": lambda logit: logit,
    "f-tv": lambda logit: 20 * torch.sign(logit),
    "f-pearson": lambda logit: 2 * torch.expm1(logit),
}
WITHOUT = ("mmd", "sinkhorn", "emd")
each = pytest.mark.parametrize("name", BEST)


def of_values(f_real, f_fake):
    """A batch of which the values alone matter."""
    return Batch(torch.empty(len(f_real), 1), torch.empty(len(f_fake), 1), f_real, f_fake)


@pytest.fixture(scope="module")
def points():
    """Many points of P and of Q, evenly over their quantiles."""
    levels = (np.arange(400_000) + 0.5) / 400_000
    return tuple(torch.as_tensor(law.ppf(levels)) for law in (P, Q))


def judged(name, points, change=lambda f: f):
    """The batch with the objective's best discriminator, changed; log p - log q = 1/2 - z."""
    f_real, f_fake = (change(BEST[name](0.5 - z)) for z in points)
    return of_values(f_real, f_fake)


def test_every_name_of_a_configuration_has_its_objective():
    assert get_args(ObjectiveName) == tuple(OBJECTIVES)
    bounded = {name for name, objective in OBJECTIVES.items() if objective.bound}
    assert bounded == BEST.keys()
    assert {name for name in OBJECTIVES if not OBJECTIVES[name].has_critic} == {*WITHOUT}


def test_wasserstein_by_hand():
    objective = OBJECTIVES["wasserstein"]
    batch = of_values(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 1.0]))
    assert objective.critic(batch).item() == 1.5
    assert objective.estimate(batch).item() == 1.5
    assert objective.generator(batch).item() == -0.5


@each
def test_the_best_discriminator_tells_the_distance(name, points):
    objective = OBJECTIVES[name]
    estimate = objective.estimate(judged(name, points)).item()
    # tails beyond the outermost points are missing
    assert estimate == pytest.approx(TRUTH[objective.estimates], rel=2e-3)


@pytest.mark.slow
@each
@pytest.mark.parametrize("scale", [0.5, 0.9, 1.1, 2.0])
def test_every_other_discriminator_tells_less(name, scale, points):
    objective, best = OBJECTIVES[name], judged(name, points)
    bend = {
        "scaled": judged(name, points, lambda f: scale * f),
        "shifted": judged(name, points, lambda f: f - (scale - 1) ** 2),
        "flat": judged(name, points, lambda f: 0 * f - scale),
    }
    for batch in bend.values():
        # but for f-tv every change costs; there only the flat one does
        assert objective.estimate(batch) <= objective.estimate(best) + 1e-9
    assert objective.estimate(bend["flat"]) < objective.estimate(best) - 0.01
    if name not in ("f-tv", "hinge", "energy-based"):  # whose best functions are many
        assert objective.estimate(bend["scaled"]) < objective.estimate(best) - 1e-4


@pytest.mark.slow
@each
def test_a_free_discriminator_finds_the_best_one(name):
    p, q = (np.array(masses) / 20 for masses in ([1, 6, 8, 5, 0], [4, 2, 8, 3, 3]))
    u, v = torch.tensor(p), torch.tensor(q)
    objective = OBJECTIVES[name]
    table = torch.full((5,), 0.3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([table], lr=0.05)
    rows = [torch.repeat_interleave(torch.arange(5), (20 * w).round().long()) for w in (u, v)]
    for _ in range(800):
        f = -table.square() if name == "energy-based" else table  # an energy is not negative
        optimizer.zero_grad()
        batch = of_values(f[rows[0]], f[rows[1]])
        (-objective.critic(batch)).backward()
        optimizer.step()
    truth = {
        "JS": exact.js(p, q),
        "KL": exact.kl(p, q),
        "TV": exact.tv(p, q),
        "chi2": exact.chi2(p, q),
        "Le Cam": exact.le_cam(p, q),
        "reverse KL": math.inf,  # Q has an atom where P has none
    }[objective.estimates]
    estimate = objective.estimate(batch).item()
    if math.isinf(truth):
        assert estimate > 5
    else:
        assert 0.97 * truth < estimate <= truth + 1e-12


def test_the_margin_of_an_energy_is_its_unit(points):
    f_real, f_fake = (-7.0 * (0.5 - z < 0) for z in points)
    estimate = EnergyBased(margin=7.0).estimate(of_values(f_real, f_fake)).item()
    assert estimate == pytest.approx(TRUTH["TV"], rel=1e-3)


def test_the_loss_sensitive_critic_stops_at_the_margin():
    objective = OBJECTIVES["loss-sensitive"]
    real, fake = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [6.0, 8.0]])

    def estimate(slope):
        return objective.estimate(
            Batch(real, fake, *(-slope * z.norm(dim=1) for z in (real, fake)))
        )

    assert estimate(1.0).item() == exact.emd(real, fake) == 7.5
    assert estimate(0.5).item() == 3.75
    assert estimate(9.0).item() == 7.5  # more is worth nothing


def test_a_loss_sensitive_critic_tells_em_at_slope_1_and_without_a_slope_the_mean_margin(rng):
    objective = OBJECTIVES["loss-sensitive"]
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(50, 2))
    y[:, 0] += 9
    critic = exact.wasserstein(x, y).critic
    batch = Batch(*map(torch.as_tensor, (x, y, critic(x), critic(y))))
    em = exact.emd(x, y)
    assert objective.estimate(batch).item() == pytest.approx(em, abs=1e-9)
    step = batch._replace(f_real=0 * batch.f_real + 99, f_fake=0 * batch.f_fake)
    mean_margin = exact.distances(x, y).mean()
    assert mean_margin > em + 0.05
    assert objective.estimate(step).item() == pytest.approx(mean_margin)


def test_the_two_generators_pull_the_same_way_with_slopes_that_add_up():
    f = torch.tensor([-3.0, 0.0, 2.0], requires_grad=True)
    slopes = [
        torch.autograd.grad(OBJECTIVES[name].generator(of_values(f, f)), f)[0] * 3
        for name in ("minimax", "non-saturating")
    ]
    assert all((slope < 0).all() for slope in slopes)
    assert torch.allclose(sum(slopes), -torch.ones(3))
    assert slopes[1][0] == pytest.approx(-1 / (1 + math.exp(-3)))  # steep where D rejects


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name not in WITHOUT])
def test_values_and_gradients_are_finite_where_the_discriminator_is_sure(name):
    objective = OBJECTIVES[name]
    f_real = torch.full((3,), 80.0 if name != "energy-based" else -0.0, requires_grad=True)
    f_fake = torch.full((3,), -80.0, requires_grad=True)
    sure = Batch(torch.zeros(3, 2), torch.ones(3, 2), f_real, f_fake)
    for loss in (objective.critic(sure), objective.generator(sure)):
        slopes = torch.autograd.grad(loss, (f_real, f_fake), allow_unused=True)
        assert torch.isfinite(loss)
        assert all(slope is None or slope.isfinite().all() for slope in slopes)
    if objective.bound and name != "f-reverse-kl":
        largest = {"JS": math.log(2), "TV": 1.0, "Le Cam": 1.0}.get(objective.estimates, math.inf)
        assert objective.estimate(sure).item() <= largest + 1e-6


@pytest.mark.parametrize("name", BEST)
def test_fakes_go_where_the_discriminator_sees_real_points(name):
    objective = OBJECTIVES[name]
    f_fake = torch.tensor([-0.5], requires_grad=True)
    loss = objective.generator(Batch(*[torch.empty(0)] * 3, f_fake))
    assert torch.autograd.grad(loss, f_fake)[0] < 0


@pytest.mark.parametrize("objective", [o for o in OBJECTIVES.values() if isinstance(o, FGan)])
def test_conjugates_are_those_of_their_activation(objective):
    f = {  # the generators of the table, D_f = int q f(p / q)
        "KL": lambda u: u * np.log(u),
        "reverse KL": lambda u: -np.log(u),
        "JS": lambda u: u * np.log(u) - (u + 1) * np.log((u + 1) / 2),
        "TV": lambda u: np.abs(u - 1) / 2,
        "chi2": lambda u: (u - 1) ** 2,
    }[objective.estimates]
    ratios = np.geomspace(1e-6, 1e4, 400_001)
    for v in (-1.5, -0.3, 0.0, 0.4, 1.0):
        t = objective.activation(torch.tensor(v, dtype=torch.float64)).item()
        told = objective.conjugate(torch.tensor(v, dtype=torch.float64)).item()
        assert told == pytest.approx((t * ratios - f(ratios)).max(), abs=1e-5)


@pytest.fixture
def clouds():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 2, generator=generator, dtype=torch.float64)
    y = torch.randn(30, 2, generator=generator, dtype=torch.float64) / 2 + 1
    return x, y.requires_grad_(True)


def apart(x, y):
    none = torch.empty(0)
    return Batch(x, y, none, none)


@pytest.mark.parametrize(
    ("objective", "truth"),
    [
        (MMD((0.3, 1.0)), lambda x, y: exact.mmd(x, y, bandwidth=[0.3, 1.0])),
        (
            Sinkhorn(0.3, tolerance=1e-9),
            lambda x, y: exact.sinkhorn_divergence(x, y, epsilon=0.3),
        ),
        (OBJECTIVES["emd"], exact.emd),
    ],
)
def test_distances_of_batches_are_the_exact_ones_with_their_gradients(objective, truth, clouds):
    x, y = clouds
    value = objective.generator(apart(x, y))
    assert value.item() == pytest.approx(truth(x.numpy(), y.detach().numpy()), rel=1e-6)
    (gradient,) = torch.autograd.grad(value, y)
    generator = torch.Generator().manual_seed(1)
    way = torch.randn(y.shape, generator=generator, dtype=torch.float64) * 1e-5
    ends = [truth(x.numpy(), (y + sign * way).detach().numpy()) for sign in (1, -1)]
    assert (gradient * way).sum().item() == pytest.approx((ends[0] - ends[1]) / 2, rel=1e-3)


@pytest.mark.parametrize("name", WITHOUT)
def test_equal_batches_are_at_distance_0_with_a_finite_gradient(name, clouds):
    x = clouds[0].float()
    y = x.clone().requires_grad_(True)
    value = OBJECTIVES[name].generator(apart(x, y))
    assert value.item() == pytest.approx(0, abs=2e-3)
    assert torch.autograd.grad(value, y)[0].isfinite().all()


def test_a_solver_that_comes_to_no_end_is_told(clouds, monkeypatch):
    import ot

    solve = ot.emd2
    monkeypatch.setattr(ot, "emd2", lambda *a, **k: solve(*a, **{**k, "numItermax": 1}))
    with (
        pytest.warns(UserWarning, match="numItermax"),
        pytest.raises(RuntimeError, match="EM of batches of 40 points"),
    ):
        OBJECTIVES["emd"].estimate(apart(*clouds))


def test_pot_without_its_torch_backend_is_told(clouds, monkeypatch):
    import ot

    monkeypatch.setattr(ot.backend, "torch", False)
    with pytest.raises(RuntimeError, match="unset POT_BACKEND_DISABLE_PYTORCH"):
        OBJECTIVES["sinkhorn"].estimate(apart(*clouds))
