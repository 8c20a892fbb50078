"""What a row of a scoreboard depends on, in words and numbers, by which a resumed run knows it.

Recipes of this package are told by their parameters. What somebody brought is told by what it does:
its values and slopes on probe points, after a few steps of training where it is to be trained. They
depend on everything that it uses, a constant of its module, a helper, an attribute, where its
source does not; the source is told beside them.
"""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from wganlab.compare.probe import Probe
from wganlab.exact.known import Pair
from wganlab.learned import Method, NetworkConfig, Tournament
from wganlab.learned.critics import samplers
from wganlab.learned.critics.declared import Declared, declared
from wganlab.learned.critics.foreign import OWN
from wganlab.learned.critics.lending import is_lazy, lent, undisturbed
from wganlab.learned.critics.reading import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Fit = Callable[[Method], Any]

PROBES = 64  # points of each law
STEPS = 3  # of training, of what is trained
DIGITS = 5  # of a value, beside the largest: what the order of sums leaves alone


def is_ours(how: Any) -> bool:
    """Is the recipe made of parts of this package alone, which its words tell whole?"""
    if not isinstance(how, Method):
        return False
    if isinstance(how.constraint, Tournament):
        return all(is_ours(method) for _, method in how.constraint.methods)
    parts = (how.critic, how.constraint, how.optimizer)
    own = all(type(part).__module__.startswith(OWN) for part in parts)
    return own and isinstance(how.critic, NetworkConfig)


def of_points(laws: Any, points: tuple[Any, Any]) -> bytes:
    """The points of a cell; nothing of a known pair of this package, whose name tells them."""
    if isinstance(laws, Pair) and type(laws).__module__.startswith(OWN):
        return b""
    digest = hashlib.sha256()
    for cloud in points:
        parts = [cloud]
        if not samplers.is_array(cloud) and samplers.is_discrete(cloud):
            parts = [cloud.points] if cloud.weights is None else [cloud.points, cloud.weights]
        for part in parts:
            array = read(part, "a cloud").double().cpu().numpy()
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.digest()


def of_recipe(how: Any) -> str:
    """A method in words that are the same in every process; code is told by its source."""
    if not isinstance(how, Method):
        return _source(how)
    critic = how.critic
    own = critic is None or isinstance(critic, NetworkConfig)
    told = repr(critic) if own else _source(critic)
    return f"{how.constraint!r} {told} {how.optimizer!r} {how.steps} {how.batch}"


def of_deeds(how: Any, x: Array, y: Array, fit: Fit) -> bytes:
    """Values and slopes of a critic that somebody brought, on probe points; nothing of ours."""
    if is_ours(how):
        return b""
    with undisturbed(), lent(how.critic if isinstance(how, Method) else how) as critic:
        if isinstance(how, Method):
            steps = STEPS if how.steps is None else min(STEPS, how.steps)
            batch = PROBES if how.batch is None else min(PROBES, how.batch)
            critic = fit(replace(how, critic=critic, steps=steps, batch=batch))
        probe = Probe(critic, x)
        k = min(len(x), len(y), PROBES)
        numbers = [probe.values(x), probe.values(y), probe.values((x[:k] + y[:k]) / 2)]
        numbers += [probe.gradients(z[:PROBES]).ravel() for z in (x, y)]
    return b"".join(map(_rounded, numbers))


def _rounded(values: Array) -> bytes:
    size = float(np.abs(values).max()) or 1.0
    shares = (values / size).round(DIGITS) + 0.0  # no -0.0
    return f"{size:.{DIGITS}g}".encode() + shares.tobytes()


def _source(thing: Any) -> str:
    constant = declared(thing)
    if constant is not None:
        inner = thing.critic if isinstance(thing, Declared) else thing
        return f"{_plain(inner)} declared {constant!r}"
    return _plain(thing)


def _plain(thing: Any) -> str:
    if isinstance(thing, nn.Module):
        weights = hashlib.sha256()
        for name, value in thing.state_dict().items():
            weights.update(name.encode())
            if hasattr(value, "detach") and not is_lazy(value):  # whose values are drawn later
                weights.update(repr(value.dtype).encode() + _bits(value))
        return f"{thing!r} {weights.hexdigest()}"
    if isinstance(thing, partial):
        parts = (thing.func, *thing.args, *thing.keywords.values())
        return "\n".join(_source(part) for part in parts)
    try:
        return inspect.getsource(thing)
    except (TypeError, OSError):
        kind = type(thing)
        # what has an address in its words is told by its deeds
        return f"{kind.__module__}.{kind.__qualname__}"


def _bits(value: Any) -> bytes:
    wide = value.detach().cpu()
    array = wide.numpy() if wide.dtype.is_complex else wide.double().numpy()  # also of bfloat16
    return bytes(np.ascontiguousarray(array).tobytes())
