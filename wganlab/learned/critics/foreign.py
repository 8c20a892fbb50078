"""Critics that somebody brought: asked without harm to them or to the points, refused in one line.

A foreign critic may change the points that it is given, keep a state that a call changes, draw at
random, look at the whole batch, have weights of another type or no second derivative. Whatever can
be made to work works; the rest is told by the critic's name before anything is trained.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import random
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
SETTLED = 1e-3  # likewise, how far a weight may be from itself when it is made again
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


# copies, and states that are put back


def copied(module: nn.Module) -> nn.Module | None:
    """A copy, also of what has been run (its derived tensors are no leaves); None if there is none.

    Hooks of `spectral_norm` and `weight_norm` leave a weight that was computed, which torch does
    not copy.
    """
    memo: dict[int, Any] = {}
    for part in module.modules():
        for value in vars(part).values():
            if isinstance(value, torch.Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    try:
        other = copy.deepcopy(module, memo)
    except (RuntimeError, TypeError, ValueError, AttributeError, NotImplementedError):
        return None  # it holds a lock, a file, a generator, another graph
    for weight in other.parameters():
        if not weight.is_leaf:  # as TorchScript copies
            weight.detach_().requires_grad_()
    return other


@torch.no_grad()
def baked(module: nn.Module) -> nn.Module | None:
    """A copy in evaluation mode whose parametrized weights are numbers; None if there is none.

    So it can be cast, where weights are made in float32 alone, and looking at a weight no longer
    changes it, as a power iteration does. Weights that change by more than that are not numbers.
    """
    other = copied(module)
    if other is None:
        return None
    for part in list(other.eval().modules()):
        if not parametrize.is_parametrized(part):
            continue
        names = list(part._modules["parametrizations"]._modules)  # type: ignore[union-attr]
        made = {name: getattr(part, name).clone() for name in names}
        for name, first in made.items():
            if not (first - getattr(part, name)).abs().max() <= SETTLED * first.abs().max():
                return None
        # its class, which torch made for it, is also that of the module it is copied of
        part.__class__ = type(part).__mro__[1]
        del part._modules["parametrizations"]
        for name, weight in made.items():
            part.register_parameter(name, nn.Parameter(weight))
    return other


@contextlib.contextmanager
def lent(critic: Any) -> Iterator[Any]:
    """A copy of a module, or itself with its state put back afterwards; anything else as it is."""
    if not isinstance(critic, nn.Module):
        yield critic
        return
    other = copied(critic)
    if other is not None:
        yield other
        return
    with restored([critic]):
        yield critic


@contextlib.contextmanager
def restored(roots: list[nn.Module]) -> Iterator[None]:
    """Weights, buffers, gradients, modes and attributes of modules as they were before."""
    parts = {id(part): part for root in roots for part in root.modules()}.values()
    tensors = {id(t): t for root in roots for t in (*root.parameters(), *root.buffers())}.values()
    kept = [(t, t.detach().clone(), t.requires_grad, _grad(t)) for t in tensors if _has_values(t)]
    grads = [None if grad is None else grad.clone() for *_, grad in kept]
    faces = [(part, type(part), part.training, _face(part)) for part in parts]
    try:
        yield
    finally:
        for part, kind, training, face in faces:
            if face is not None:
                part.__class__ = kind
                vars(part).clear()
                vars(part).update(face)
            else:
                part.train(training)
        with torch.no_grad():
            for (tensor, value, required, grad), before in zip(kept, grads, strict=True):
                if not torch.equal(tensor, value):  # a graph of the user's may need it as it is
                    tensor.copy_(value)
                if tensor.is_leaf:
                    tensor.requires_grad_(required)
                    tensor.grad = grad if before is None or grad is None else grad.copy_(before)


def _grad(tensor: Tensor) -> Tensor | None:
    return tensor.grad if tensor.is_leaf else None


def _has_values(tensor: Tensor) -> bool:
    return not is_lazy(tensor) and tensor.device.type != "meta"


def is_lazy(tensor: Tensor) -> bool:
    """Has it no shape yet, as the weights of `nn.LazyLinear` before their first call?"""
    return isinstance(tensor, nn.UninitializedParameter | nn.UninitializedBuffer)


def _face(part: nn.Module) -> dict[str, Any] | None:
    """Its attributes, containers copied; None where torch keeps them elsewhere."""
    if isinstance(part, torch.jit.ScriptModule):
        return None
    plain = (dict, list, set)
    return {k: copy.copy(v) if isinstance(v, plain) else v for k, v in vars(part).items()}


def behind(critic: Any, depth: int = 2) -> list[nn.Module]:
    """Modules that a function, a method or an object uses, as far as can be seen."""
    if isinstance(critic, nn.Module):
        return [critic]
    if depth == 0 or isinstance(critic, type | np.ndarray | torch.Tensor | str | int | float):
        return []
    inner: list[Any] = []
    if isinstance(critic, partial):
        inner += [critic.func, *critic.args, *critic.keywords.values()]
    elif inspect.ismethod(critic):
        inner += [critic.__self__, critic.__func__]
    elif inspect.isfunction(critic):
        for cell in critic.__closure__ or ():
            with contextlib.suppress(ValueError):  # not yet filled
                inner.append(cell.cell_contents)
        names = critic.__code__.co_names
        inner += [critic.__globals__[name] for name in names if name in critic.__globals__]
    elif callable(critic) or depth == 1:
        inner += list(getattr(critic, "__dict__", {}).values())
    inner = [part for part in inner if not inspect.ismodule(part)]
    found = [module for part in inner for module in behind(part, depth - 1)]
    return list({id(module): module for module in found}.values())


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Global generators of torch, NumPy and Python, and torch's modes, as they were before."""
    numpys, pythons = np.random.get_state(), random.getstate()  # noqa: NPY002
    learning, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(pythons)
        torch.set_grad_enabled(learning)
        torch.set_default_dtype(dtype)
