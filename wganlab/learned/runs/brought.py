"""Networks of the caller's own, looked at before a run starts: one line for what cannot work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Generator, nn

from wganlab.data.set_laws import SetLaw
from wganlab.learned.batch import values
from wganlab.learned.critics.foreign import name_of, one_each, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def look_at_critic(run: Any, critic: nn.Module) -> None:
    """ValueError if the caller's critic does not make one number of every point of a `RunState`."""
    training = critic.training
    if isinstance(run.law, SetLaw):
        points = torch.zeros((2, *run.law.shape), device=run.device)
    else:
        points = run.law.sample(2, Generator(run.device).manual_seed(0))
    with run.seeded(), torch.no_grad():
        try_critic(critic.eval(), points)
        if run.classes:
            try_classes(critic, points, len(run.classes))
    critic.train(training)


def look_at_generator(run: Any) -> None:
    """ValueError if the caller's generator does not make points of the shape of a `RunState`'s."""
    training = run.generator.training
    noise = torch.ones((2, run.config.latent + len(run.classes)), device=run.device)
    with run.seeded(), torch.no_grad():
        try_generator(run.generator.eval(), noise, run.law.shape)
    run.generator.train(training)


def refuse_kind(network: Any, role: str) -> None:
    """ValueError for what is no module with float32 weights; `role` is critic or generator."""
    if not isinstance(network, nn.Module):
        raise ValueError(
            f"{role}= is of type {type(network).__name__}: give a torch module, as its class makes"
        )
    weights = list(network.parameters())
    name = f"the {role} {name_of(network)}"
    if any(weight.is_meta for weight in weights):
        raise ValueError(f"{name} has weights on meta, without values: load them")
    other = {weight.dtype for weight in weights if weight.is_floating_point()} - {torch.float32}
    if other:
        raise ValueError(
            f"{name} has weights of {other.pop()}, and runs are trained in float32: give it as "
            f"{role}.float()"
        )
    if role == "critic" and not any(weight.requires_grad for weight in weights):
        raise ValueError(f"{name} has no weights to train: requires_grad_(True) lets them learn")


def try_critic(critic: nn.Module, points: Tensor) -> None:
    """ValueError unless it makes one number of every point, and leaves the points as they are."""
    given = points.clone()
    with told(critic, points):
        output = critic(given)
        if not isinstance(output, torch.Tensor):
            one_each(output, len(points), name_of(critic))  # says what it is
        values(lambda _: output, points)  # type: ignore[arg-type]
    _refuse_change(given, points, f"the critic {name_of(critic)} changes its points")


def try_classes(critic: nn.Module, points: Tensor, classes: int) -> None:
    """ValueError unless it tells so many classes too, as `WithClasses` does."""
    both: Any = getattr(critic, "both", None)
    told = both(points)[1] if callable(both) else None
    if not isinstance(told, torch.Tensor) or told.shape != (len(points), classes):
        raise ValueError(
            f"the critic {name_of(critic)} tells no classes: with labels give one whose method "
            f"both(points) returns its values and logits of shape (n, {classes}), as "
            "learned.WithClasses(trunk, value, classes) has it"
        )


def try_generator(generator: nn.Module, noise: Tensor, shape: Sequence[int]) -> None:
    """ValueError unless it makes a point of that shape of every row of the noise."""
    given = noise.clone()
    name = f"the generator {name_of(generator)}"
    try:
        made = generator(given)
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError) as error:
        words = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{name} cannot be asked with noise of shape {tuple(noise.shape)}: {words}"
        ) from error
    if not isinstance(made, torch.Tensor) or made.shape != (len(noise), *shape):
        what = tuple(made.shape) if isinstance(made, torch.Tensor) else type(made).__name__
        raise ValueError(
            f"{name} makes {what} of noise of shape {tuple(noise.shape)}: it must make points of "
            f"shape {(len(noise), *shape)}"
        )
    _refuse_change(given, noise, f"{name} changes its noise")


def _refuse_change(given: Tensor, before: Tensor, what: str) -> None:
    if not torch.equal(given, before):
        raise ValueError(
            f"{what} in place, which others use: let it make new ones, z = 2 * z in place of z *= 2"
        )
