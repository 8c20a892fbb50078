"""Critics that somebody brought: asked without harm to them or to the points, refused in one line.

A foreign critic may change the points that it is given, keep a state that a call changes, draw at
random, look at the whole batch, have weights of another type or no second derivative. Whatever can
be made to work works; the rest is told by the critic's name before anything is trained.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import parametrize

from wganlab.learned.batch import Batch
from wganlab.learned.networks.chain import chain
from wganlab.learned.networks.standardized import Standardized

if TYPE_CHECKING:
    from torch import Tensor

    from wganlab.learned.constraints.constraint import Constraint

AGAIN = 1e-6  # relative to the largest value: how far two calls with the same points may be apart
APART = 1e-4  # and with the points in other company, where sums are rounded in another order
LOOKED_AT = 64  # points to find that out
OWN = "wganlab."
ALL = "it is given all points at once: of a function f of one, give lambda z: [f(p) for p in z]"


class Foreign(nn.Module):
    """A network as a function from points to one number each, in the type of the points.

    It is given a copy of the points, in the type of its weights; attention is computed as plain
    products, which have a second derivative.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: Tensor) -> Tensor:
        """The network at points of shape (k, ...): shape (k,)."""
        given = points.to(dtype_of(self.network), copy=True)
        with told(self.network, given), sdpa_kernel(SDPBackend.MATH):
            output = self.network(given)
        return one_each(output, len(points), name_of(self.network)).to(points.dtype)


def asked(network: nn.Module) -> nn.Module:
    """The network itself, if it is of this package or a plain chain; else guarded as foreign."""
    if isinstance(network, Standardized):  # it copies and casts what its network is given
        return network
    own = type(network).__module__.startswith(OWN) or chain(network) is not None
    single = all(w.dtype == torch.float32 for w in network.parameters() if w.is_floating_point())
    return network if own and single else Foreign(network)


def dtype_of(network: nn.Module) -> torch.dtype:
    """Of its weights; float32 where it has none."""
    weights = (w for w in (*network.parameters(), *network.buffers()) if w.is_floating_point())
    return next((w.dtype for w in weights), torch.float32)


def one_each(output: Any, n: int, name: str) -> Tensor:
    """The output as a tensor of shape (n,).

    Raises
    ------
    ValueError
        If it is no tensor of n real numbers.
    """
    must = "it must return one number for each point"
    if not isinstance(output, torch.Tensor):
        raise ValueError(
            f"the critic {name} is a function of points, and it returned a "
            f"{type(output).__name__}: {must}"
        )
    if output.is_complex():
        raise ValueError(f"the critic {name} returned complex numbers: {must}, a real one")
    if output.numel() != n:
        raise ValueError(
            f"the critic {name} maps {n} points to an output of shape {tuple(output.shape)}: "
            f"{must}, shape (n,) or (n, 1)"
        )
    return output.reshape(n)


def words_of(error: Exception) -> str:
    """What an error of somebody's code says, in a line that is not long."""
    return " ".join(str(error).split())[:300]


@contextlib.contextmanager
def told(critic: Any, points: Any) -> Iterator[None]:
    """Whatever a critic raises as a ValueError of one line that names it and the points."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        words = words_of(error)
        if isinstance(error, ValueError) and words.startswith("the critic"):
            raise  # it is told already
        kind = "" if type(error) in (ValueError, RuntimeError) else f"{type(error).__name__}: "
        raise ValueError(
            f"the critic {name_of(critic)} cannot be asked at {len(points)} points of shape "
            f"{tuple(points.shape[1:])}, {str(points.dtype).removeprefix('torch.')}: {kind}"
            f"{words or 'it does not say why'}{_way_out(words, points)}"
        ) from error


@contextlib.contextmanager
def made(kind: Any, dimension: int) -> Iterator[None]:
    """Whatever a class or function that builds critics raises, as one line."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        words = words_of(error)
        raise ValueError(
            f"{name_of(kind)} cannot be made for points of dimension {dimension}: "
            f"{type(error).__name__}: {words}"
        ) from error


def _way_out(words: str, points: Any) -> str:
    """What helps against the usual errors of torch and Python."""
    shape = tuple(points.shape[1:])
    for mark, advice in (
        ("only one element tensors", ALL),
        ("only length-1 arrays", ALL),
        ("only 0-dimensional arrays", ALL),
        ("truth value of an array", ALL),
        ("Boolean value of Tensor", ALL),
        ("on the same device", "move all that it uses to one device, or register it as a buffer"),
        ("expected scalar type", "let it cast its points to the type of its weights"),
        ("same dtype", "let it cast its points to the type of its weights"),
        ("shape", f"build it for points of shape {shape}"),
        ("size", f"build it for points of shape {shape}"),
        ("positional argument", "it is called with the points alone"),
        ("keyword", "it is called with the points alone"),
        ("uninitialized", "call it once, or give the class"),
        ("meta", "its weights have no values: load them first"),
    ):
        if mark in words:
            return f"; {advice}"
    return ""


def name_of(critic: Any) -> str:
    """What a message calls it."""
    if isinstance(critic, str):
        return critic
    while isinstance(critic, partial):
        critic = critic.func
    if isinstance(critic, torch.jit.ScriptModule):
        return str(critic.original_name)
    return str(getattr(critic, "__name__", type(critic).__name__))


def examine(critic: Foreign, real: Tensor, fake: Tensor, constraint: Constraint) -> None:
    """Can a foreign network, in evaluation mode, be trained at all?

    Raises
    ------
    ValueError
        If its values are no function of a point alone, do not depend on its weights, or lack what
        the constraint differentiates.
    """
    name = name_of(critic.network)
    points = torch.cat([real[: LOOKED_AT // 2], fake[: LOOKED_AT // 2]])
    with torch.no_grad():
        again = APART if any(map(parametrize.is_parametrized, critic.modules())) else AGAIN
        of_itself(lambda z: critic(z).double().cpu().numpy(), points, name, dtype_of(critic), again)
    f = critic(points[:4])
    if not f.requires_grad:
        raise ValueError(
            f"the values of the critic {name} do not depend on its weights through torch: no "
            "detach() or NumPy on the way; as it is, compare.critic_vs_exact judges it"
        )
    weights = [weight for weight in critic.parameters() if weight.requires_grad]
    try:
        torch.autograd.grad(f.sum(), weights, allow_unused=True)
    except RuntimeError as error:
        words = " ".join(str(error).split())[:200]
        raise ValueError(
            f"the critic {name} has values without gradients ({words}): let it change nothing in "
            "place that it has used; as it is, compare.critic_vs_exact judges it"
        ) from error
    if not constraint.in_loss or not f.isfinite().all():
        return
    real, fake = real[:2], fake[:2]
    try:
        penalty = constraint.penalty(
            critic,
            Batch(real, fake, critic(real), critic(fake)),
            torch.Generator(real.device).manual_seed(0),
        )
        if penalty.requires_grad:
            torch.autograd.grad(penalty, weights, allow_unused=True)
    except RuntimeError as error:
        words = " ".join(str(error).split())[:200]
        raise ValueError(
            f"the critic {name} has no second derivative, which {type(constraint).__name__} needs "
            f"({words}): replace that layer, or take a constraint in the weights, such as "
            "SpectralNorm() or WeightClipping()"
        ) from error


def of_itself(
    call: Callable[[Any], np.ndarray],
    points: Any,
    name: str,
    dtype: Any = torch.float32,
    same: float = AGAIN,
) -> None:
    """ValueError if values change from call to call, or with the other points of the batch.

    `same` is how far two calls may be apart: more where a power iteration moves the weights.
    """
    whole, again = call(points), call(points)
    half = (len(points) + 1) // 2
    parts = [call(points[half:]), call(points[:half])] if len(points) > 1 else [whole]
    apart = np.concatenate([part.reshape(-1) for part in parts[::-1]])
    size = max(float(np.abs(whole).max()), np.finfo(np.float64).tiny)
    if not np.isfinite(size):
        return  # told elsewhere
    rough = 4 * torch.finfo(dtype).eps
    for other, tolerance, why in (
        (again, max(same, rough), "changes from call to call, by up to {:.3g}: switch off what "
         "is random in it, as F.dropout(x, training=self.training)"),
        (apart, max(APART, rough), "at a point changes with the other points of the batch, by up "
         "to {:.3g}: let each point be judged by itself, as layer norm does in place of batch "
         "norm, or call eval()"),
    ):  # fmt: skip
        off = float(np.abs(other - whole).max())
        if not off <= tolerance * size:
            raise ValueError(
                f"the value of the critic {name} {why.format(off)}; of what is no function of "
                "points there is no certificate"
            )
