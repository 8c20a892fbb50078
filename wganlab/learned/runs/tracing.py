"""What the critic's steps are like: the cosines between them and downhill.

They are taken in the iteration before an observation alone, by hooks of the optimizer. In the WGAN
paper such a cosine turns negative where momentum harms (Arjovsky et al. 2017, section 4.1).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor

    from wganlab.learned.runs.state import RunState


@contextmanager
def traced(run: RunState) -> Iterator[None]:
    """Keep the cosines between the critic optimizer's steps and downhill."""
    run.cosines = []
    before: list[Tensor] = []
    if run.critic is None:
        yield
        return
    weights = list(run.critic.parameters())

    def note(*_: Any) -> None:
        before[:] = [weight.detach().clone() for weight in weights]

    def measure(*_: Any) -> None:
        moved = _flat(now.detach() - was for now, was in zip(weights, before, strict=True))
        uphill = _flat(_gradient(weight) for weight in weights)
        run.cosines.append(torch.cosine_similarity(moved, -uphill, dim=0))

    hooks = (
        run.critic_optimizer.register_step_pre_hook(note),
        run.critic_optimizer.register_step_post_hook(measure),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _gradient(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight) if weight.grad is None else weight.grad


def _flat(tensors: Iterable[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])
