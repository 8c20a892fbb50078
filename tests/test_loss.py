"""Exact EM as a loss: its value is that of the solver, its gradient that of its value."""

import numpy as np
import pytest
import torch

from wganlab import exact
from wganlab.compare import emd_loss


@pytest.mark.parametrize(("p", "metric"), [(1, "euclidean"), (2, "euclidean"), (1.5, "l1")])
def test_value_and_gradient_are_those_of_the_distance(rng, p, metric):
    x, y = (torch.tensor(rng.normal(size=(n, 2)), requires_grad=True) for n in (7, 5))
    a = rng.dirichlet(np.ones(7))
    loss = emd_loss(x, y, a, p=p, metric=metric)
    result = exact.wasserstein(x.detach(), y.detach(), a, p=p, metric=metric)
    assert loss.item() == result.value
    (3 * loss).backward()
    for cloud, expected in zip((x, y), result.gradients(), strict=True):
        np.testing.assert_allclose(cloud.grad, 3 * expected, rtol=1e-12)
    assert torch.autograd.gradcheck(
        lambda u: emd_loss(u, y.detach(), a, p=p, metric=metric), (x,), eps=1e-6
    )


def test_images_lines_and_short_types_keep_their_shape():
    x = torch.rand(4, 1, 2, 2, dtype=torch.bfloat16, requires_grad=True)
    loss = emd_loss(x, torch.zeros(4, 1, 2, 2))
    loss.backward()
    assert (loss.dtype, x.grad.dtype, x.grad.shape) == (torch.bfloat16, torch.bfloat16, x.shape)
    line = torch.tensor([0.0, 1.0], requires_grad=True)
    emd_loss(line, torch.tensor([5.0, 6.0])).backward()
    assert line.grad.tolist() == [-0.5, -0.5]


def test_a_step_along_it_moves_one_cloud_onto_another(rng):
    x = torch.zeros(8, 2, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(rng.normal(size=(8, 2)))
    (emd_loss(x, y, p=2) ** 2).backward()  # of W2^2 the gradient is 2 (x_i - y_j) / n
    assert emd_loss(x.detach() - 4 * x.grad, y).item() == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (([[0.0]], torch.zeros(1, 1)), "x is no tensor of floats"),
        ((torch.zeros(1, 1), torch.zeros(1, 1, dtype=torch.int64)), "y is no tensor of floats"),
        (
            (torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1, requires_grad=True)),
            "weights require a gradient, and none flows",
        ),
        ((torch.zeros(1, 1), torch.zeros(1, 2)), "dimension 1 and y in dimension 2"),
    ],
)
def test_what_has_no_gradient_is_refused(arguments, advice):
    with pytest.raises(ValueError, match=advice):
        emd_loss(*arguments)
