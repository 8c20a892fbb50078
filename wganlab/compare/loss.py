"""Exact EM as a loss of torch: its value from the exact solver, its gradient by autograd.

By the envelope theorem the optimal plan may be held fixed: the gradient of W_p with respect to the
points is that of what the plan costs. Where the plan is not unique, or matched points coincide, it
is a subgradient. There is no second derivative. In a minibatch it is EM of that minibatch, which is
above EM of the laws (Fatras et al. 2020).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable

from wganlab import exact

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import Tensor


def emd_loss(
    x: Tensor,
    y: Tensor,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    p: float = 1,
    metric: str = "euclidean",
) -> Tensor:
    """W_p of two batches of points as a scalar tensor, with gradients with respect to both.

    Parameters
    ----------
    x, y : Tensor, shapes (n, ...) and (m, ...)
        Points, images too, on any device and of any real type.
    a, b : array_like, shapes (n,) and (m,), optional
        Weights, non-negative and of sum 1; uniform by default. No gradient flows to them.
    p : float
        Order, at least 1 and finite.
    metric : "euclidean" or "l1"
        Ground distance.

    Returns
    -------
    Tensor
        A scalar of the type and on the device of x. It is solved on the CPU in float64.

    Raises
    ------
    ValueError
        If the input is bad, or weights require a gradient.

    Examples
    --------
    >>> x = torch.tensor([[0.0, 0.0]], requires_grad=True)
    >>> loss = emd_loss(x, torch.tensor([[3.0, 4.0]]))
    >>> loss.backward()
    >>> loss.item(), x.grad
    (5.0, tensor([[-0.6000, -0.8000]]))

    References
    ----------
    Fatras et al., Learning with Minibatch Wasserstein (2020).
    """
    for points, name in ((x, "x"), (y, "y")):
        if not isinstance(points, torch.Tensor) or not points.is_floating_point():
            raise ValueError(
                f"{name} is no tensor of floats, through which a gradient could flow: for the "
                "number alone call exact.emd"
            )
    if any(isinstance(weights, torch.Tensor) and weights.requires_grad for weights in (a, b)):
        raise ValueError(
            "weights require a gradient, and none flows to them here: detach them; the potentials "
            "of exact.wasserstein are the gradient, up to a constant"
        )
    found: Tensor = _Loss.apply(x, y, a, b, p, metric)
    return found


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, a: Any, b: Any, p: float, metric: str) -> Tensor:
        u, v = (z.detach().flatten(1) if z.ndim > 1 else z.detach() for z in (x, y))
        result = exact.wasserstein(u, v, a, b, p=p, metric=metric)
        ctx.save_for_backward(
            *(
                torch.as_tensor(step.reshape(z.shape), dtype=z.dtype, device=z.device)
                for step, z in zip(result.gradients(), (x, y), strict=True)
            )
        )
        return x.new_tensor(result.value)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        to_x, to_y = ctx.saved_tensors
        return upstream * to_x, upstream.to(to_y) * to_y, None, None, None, None
