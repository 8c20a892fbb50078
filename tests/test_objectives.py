"""What the players optimize: values by hand, optima against the exact divergences."""

import math

import pytest
import torch
from scipy import stats

from wganlab import exact
from wganlab.learned import OBJECTIVES
from wganlab.learned.lipschitz import Batch

P, Q = stats.norm(0, 1), stats.norm(1.5, 1)


def of_values(f_real, f_fake):
    """A batch of which the values alone matter."""
    return Batch(torch.empty(len(f_real), 1), torch.empty(len(f_fake), 1), f_real, f_fake)


@pytest.fixture(scope="module")
def logits():
    """Many points with the best discriminator's logit, log p - log q."""
    levels = (torch.arange(20000, dtype=torch.float64) + 0.5) / 20000
    real, fake = (torch.as_tensor(law.ppf(levels.numpy())) for law in (P, Q))
    return Batch(real[:, None], fake[:, None], 1.125 - 1.5 * real, 1.125 - 1.5 * fake)


def test_wasserstein_by_hand():
    objective = OBJECTIVES["wasserstein"]
    batch = of_values(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 1.0]))
    assert objective.critic(batch).item() == 1.5
    assert objective.estimate(batch).item() == 1.5
    assert objective.generator(batch).item() == -0.5


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_the_best_discriminator_tells_js(name, logits):
    estimate = OBJECTIVES[name].estimate(logits).item()
    assert estimate == pytest.approx(exact.js(P, Q), abs=1e-3)
    for worse in (0.5, 2.0):
        off = of_values(worse * logits.f_real, worse * logits.f_fake)
        assert OBJECTIVES[name].estimate(off).item() < estimate - 1e-3


def test_the_two_generators_pull_the_same_way_with_slopes_that_add_up():
    f = torch.tensor([-3.0, 0.0, 2.0], requires_grad=True)
    slopes = [
        torch.autograd.grad(OBJECTIVES[name].generator(of_values(f, f)), f)[0] * 3
        for name in ("minimax", "non-saturating")
    ]
    assert all((slope < 0).all() for slope in slopes)
    assert torch.allclose(sum(slopes), -torch.ones(3))
    assert slopes[1][0] == pytest.approx(-1 / (1 + math.exp(-3)))  # steep where D rejects


def test_no_overflow_where_the_discriminator_is_sure():
    sure = of_values(torch.tensor([200.0]), torch.tensor([-200.0]))
    for name, objective in OBJECTIVES.items():
        assert torch.isfinite(objective.critic(sure))
        assert torch.isfinite(objective.generator(sure)), name
    assert OBJECTIVES["minimax"].estimate(sure).item() == pytest.approx(math.log(2))
