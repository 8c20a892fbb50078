"""More of what people bring as critics and points: right values, or one line."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import compare, learned
from wganlab.data.units import Unit
from wganlab.learned import NoConstraint

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 2))
Y = X + np.array([1.0, 0.0])


def test_nothing_is_proven_of_a_layer_whose_forward_is_patched():
    critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    assert learned.lipschitz_bound(critic) < np.inf
    forward = critic[2].forward
    critic[2].forward = lambda z: 9 * forward(z)
    assert learned.lipschitz_bound(critic) == np.inf

    class Called(nn.Linear):
        def __call__(self, z):
            return 5 * super().__call__(z)

    assert learned.lipschitz_bound(nn.Sequential(Called(2, 1))) == np.inf


def test_functions_by_way_of_numpy_that_return_tensors_are_judged():
    told = compare.critic_vs_exact(lambda z: torch.as_tensor(-np.asarray(z)[:, 0]), X, Y)
    assert told.critic_gap == pytest.approx(1)
    assert told.slope == pytest.approx(1)
    assert told.cosine == pytest.approx(1)


def test_slopes_whose_squares_overflow_are_finite():
    told = compare.critic_vs_exact(lambda z: -3e200 * z[:, 0], X, Y)
    assert told.slope == pytest.approx(3e200)
    assert told.cosine == pytest.approx(1)


def test_lazy_critics_are_trained_and_not_judged():
    def lazy():
        return nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1))

    with pytest.raises(ValueError, match="lazy layers without weights: load them, call it once"):
        compare.critic_vs_exact(lazy(), X, Y)
    how = learned.Method(NoConstraint(), lazy(), steps=2, batch=0)
    assert len(compare.scoreboard({"p": (X, Y)}, {"m": how}, 2, progress=False).rows) == 2


def test_a_function_of_one_point_is_told_how_to_be_one_of_all():
    with pytest.raises(ValueError, match=r"give lambda z: \[f\(p\) for p in z\]"):
        compare.critic_vs_exact(lambda p: -float(p[0]), X, Y)
    told = compare.critic_vs_exact(lambda z: [-float(p[0]) for p in z], X, Y)
    assert told.critic_gap == pytest.approx(1)


class ZeroesItsInput(nn.Linear):
    def forward(self, z):
        return super().forward(z) + 0 * z.zero_().sum()


def test_values_without_gradients_are_told():
    with pytest.raises(ValueError, match=r"values without gradients .* change nothing in place"):
        learned.fit_critic(X, Y, critic=ZeroesItsInput(2, 1), constraint=NoConstraint(), steps=1)


def test_points_of_other_kinds_of_numbers():
    options = {"steps": 1, "progress": False}
    one = learned.fit_critic(X[:, :1], Y[:, :1], **options).final.gap
    decimals = [[[Decimal(str(v))] for v in z[:, 0]] for z in (X, Y)]
    assert learned.fit_critic(*decimals, **options).final.gap == pytest.approx(one, rel=1e-5)
    with pytest.raises(ValueError, match="real has integers beyond 1e308"):
        learned.fit_critic([[10**400, 1]], Y)
    nested = torch.nested.nested_tensor([torch.zeros(2), torch.zeros(2)], layout=torch.jagged)
    with pytest.raises(ValueError, match="real is a nested tensor"):
        learned.fit_critic(nested, Y)


def test_the_shift_that_is_told_is_enough_when_it_is_typed():
    unit = Unit(torch.tensor([123456789012.5], dtype=torch.float64), 1.0)
    typed = float(str(unit).split("[")[1].split("]")[0])
    assert abs(typed - 123456789012.5) < 1
