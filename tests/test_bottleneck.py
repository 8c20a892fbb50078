"""W_inf: the limit of large orders, with a plan and a proof."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from wganlab.exact import wasserstein


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [1, 2])
def test_the_bottleneck_is_the_limit_of_large_orders_and_proved(rng, d, weighted):
    x, y = rng.normal(size=(9, d)), rng.normal(size=(9, d)) + 0.5
    weights = (rng.dirichlet(np.ones(9)), rng.dirichlet(np.ones(9))) if weighted else (None, None)
    result = wasserstein(x, y, *weights, p=np.inf)
    length = cdist(x, y)
    assert result.value in length
    assert result.bound == result.value
    assert result.gap == 0
    assert length[result.plan.nonzero()].max() == result.value
    np.testing.assert_allclose(result.plan.sum(axis=0), result.target.weights, atol=1e-14)
    f, g = result.potentials  # every plan moves some mass that far
    assert (f[:, None] + g <= (length >= result.value) + 1e-12).all()
    assert result.source.weights @ f + result.target.weights @ g > 1e-6
    for p in (1, 8, 40):
        assert wasserstein(x, y, *weights, p=p).value <= result.value * (1 + 1e-12)
    assert wasserstein(x, y, *weights, p=300).value > 0.95 * result.value
    given = wasserstein(x, y, *weights, p=np.inf, metric=length)
    assert given.value == pytest.approx(result.value, rel=1e-12)


def test_the_bottleneck_by_hand():
    assert wasserstein([0, 1, 2.0], [0, 1.0, 5], p=np.inf).value == 3
    assert wasserstein([0.0], [0.0], p=np.inf).value == 0
    assert wasserstein([0.0], [0.0], p=np.inf).bound == 0
    thirds = wasserstein([0, 1, 2.0], [0, 0, 1, 1, 2, 2.0], p=np.inf)  # levels tie exactly
    assert thirds.value == 0
    x = [[0.0, 0], [1, 0]]
    assert wasserstein(x, x, [0.5, 0.5], [0.25, 0.75], p=np.inf).value == 1
    with pytest.raises(ValueError, match="belongs to W1; this is p = inf"):
        wasserstein(x, x, p=np.inf).critic(x)
    with pytest.raises(ValueError, match="W_inf has no gradient"):
        wasserstein(x, x, p=np.inf).gradients()
    with pytest.raises(ValueError, match="infeasible"):
        wasserstein(None, None, p=np.inf, metric=[[1, np.inf], [1, np.inf]])
