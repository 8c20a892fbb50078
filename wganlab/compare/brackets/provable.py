"""Critics of which a Lipschitz constant is proven, frozen: what was proven is what is asked.

A copy is made, cast to float64 and never given away; the proof is of that copy, and its values are
that copy's. Its values are then kept within those that it had at the points it was chosen on, which
makes no slope steeper and gives it a range that is known whatever is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from wganlab.learned import FittedCritic
from wganlab.learned.batch import ENTRIES
from wganlab.learned.constraints.bounds import lipschitz_bound
from wganlab.learned.critics import foreign, lending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

AT_ONCE = 2**13  # points of few dimensions that a critic is given at once
ROUNDED = 1e-9  # relative: more than rounding in float64 leaves of a proof or a mean
CHECKED = 512  # pairs of points between which its slope is looked at
NEAR = 10.0 ** -np.arange(1, 13)  # of the spread of the points: how near some of these pairs are
ROUGH = 1e-6  # of the range of its values: more than float64 may leave of a step


class UnprovenError(ValueError):
    """A critic that can bound nothing; the message says why."""


@dataclass(frozen=True, eq=False)
class Provable:
    """A function of points with a proven Lipschitz constant."""

    name: str
    ask: Callable[[Array], Array]
    """Points (k, ...) to values (k,), in float64."""
    lipschitz: float
    own: Any
    """What a user is told of: the critic as it came."""
    low: float = -math.inf
    high: float = math.inf

    def __call__(self, z: Array) -> Array:
        """Values over the constant, so that their slope is at most 1: shape (k,).

        Raises
        ------
        UnprovenError
            If a value is not finite.
        """
        with np.errstate(over="ignore"):
            values = np.clip(self.ask(z), self.low, self.high) / self.lipschitz
        if not np.isfinite(values).all():
            raise UnprovenError(f"{self.name} has a value that is not finite")
        return values

    @property
    def reach(self) -> float:
        """The length of the interval that its values over the constant are in."""
        return (self.high - self.low) / self.lipschitz


def frozen(critic: Any, name: str, shape: Sequence[int], sample: Array) -> Provable:
    """A critic that is proven, as it is now.

    Parameters
    ----------
    critic : FittedCritic or nn.Module
        Of points of that shape.
    name : str
        What to call it.
    shape : sequence of int
        Of a point.
    sample : array, shape (k, *shape)
        Points to try it on.

    Raises
    ------
    UnprovenError
        If nothing is proven of it, or it is no function of these points.
    """
    module = critic.critic if isinstance(critic, FittedCritic) else critic
    if isinstance(module, type) or not isinstance(module, nn.Module):
        raise UnprovenError(
            f"{name} is of type {type(module).__name__}: of torch modules alone a Lipschitz "
            "constant can be proven"
        )
    with lending.undisturbed():
        copy = lending.baked(module)
        if copy is None:
            raise UnprovenError(f"{name} cannot be copied, and might change after a proof")
        try:
            copy = copy.double().eval().requires_grad_(False)
            bound = lipschitz_bound(copy, tuple(shape))
        except (ValueError, RuntimeError) as error:
            raise UnprovenError(f"{name}: {foreign.words_of(error)}") from error
        if not bound < math.inf:
            raise UnprovenError(
                f"of {name} no Lipschitz constant is proven (learned.lipschitz_bound): a bound "
                "needs one, whatever its training did"
            )
        if bound == 0:
            raise UnprovenError(f"{name} is constant, and bounds nothing")
        weights = _state(copy)
        bound = max(bound, np.finfo(np.float64).tiny) * (1 + ROUNDED)

        def ask(z: Array) -> Array:
            with lending.undisturbed(), torch.no_grad():
                values = _asked(copy, z, name)
            if _state(copy) != weights:
                raise UnprovenError(f"{name} changes its own weights when it is asked")
            return values

        made = Provable(name, ask, bound, critic)
        try:
            foreign.of_itself(made, sample[: foreign.LOOKED_AT], name, torch.float64)
        except UnprovenError:
            raise
        except (ValueError, RuntimeError) as error:
            raise UnprovenError(f"{name}: {foreign.words_of(error)}") from error
    return made


def _asked(module: nn.Module, z: Array, name: str) -> Array:
    weights = next(iter((*module.parameters(), *module.buffers())), None)
    device = torch.device("cpu") if weights is None else weights.device
    step = max(1, min(AT_ONCE, ENTRIES // max(1, math.prod(z.shape[1:]))))
    parts = []
    for start in range(0, len(z), step):
        points = torch.tensor(z[start : start + step], dtype=torch.float64, device=device)
        with foreign.told(name, points):
            output = foreign.one_each(module(points), len(points), name)
        if not output.dtype == torch.float64:
            raise UnprovenError(f"{name} does not compute in float64, where its proof holds")
        parts.append(output.cpu().numpy())
    return np.concatenate(parts)


def _state(module: nn.Module) -> int:
    """A hash of all its numbers."""
    tensors = [*module.parameters(), *module.buffers()]
    return hash(tuple(t.detach().cpu().numpy().tobytes() for t in tensors))


def refuse_steeper(name: str, z: Array, values: Array, rng: np.random.Generator) -> None:
    """UnprovenError if values over their constant differ more than their points are apart.

    A proof has no exceptions: one is a fault in the proof, or a module that is not what was proven.
    """
    first, second = rng.integers(len(z), size=(2, CHECKED))
    rises = np.abs(values[first] - values[second])
    apart = np.linalg.norm((z[first] - z[second]).reshape(CHECKED, -1), axis=1)
    scale = float(np.ptp(values)) + float(apart.max())
    over = rises - apart * (1 + 1e-6)
    if over.max() > 1e-6 * scale:
        raise UnprovenError(
            f"{name} rises by {float(rises[over.argmax()]):.4g} between points where its proven "
            f"constant allows {float(apart[over.argmax()]):.4g}: it is not what was proven, and "
            "bounds nothing"
        )


def refuse_rougher(critic: Provable, z: Array, values: Array, rng: np.random.Generator) -> None:
    """UnprovenError if its values jump between points that are next to each other.

    What is proven is of real numbers. In float64 a large number that is added and taken away again
    leaves steps, and the mean over points on the edge of a step is that of another function.
    """
    spread = float(np.ptp(z, axis=0).max())
    reach = float(np.ptp(values))
    where = rng.integers(len(z), size=CHECKED)
    for near in NEAR * spread:
        way = rng.normal(size=(CHECKED, *z.shape[1:]))
        moved = z[where] + way * (near / max(float(np.abs(way).max()), 1.0))
        apart = np.linalg.norm((moved - z[where]).reshape(CHECKED, -1), axis=1)
        jump = float((np.abs(critic(moved) - values[where]) - apart * (1 + ROUGH)).max())
        if jump > ROUGH * reach:
            raise UnprovenError(
                f"{critic.name} rises by {jump:.4g} more than points {near:.4g} apart allow: its "
                "numbers are too large for float64 to hold what is proven, and it bounds nothing"
            )
