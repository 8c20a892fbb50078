"""Networks that a user lends: copied where they can be, else put back as they were.

A call may change a network's weights, buffers, modes or attributes, and the global generators; none
of it is to be seen afterwards. What a function uses beside its arguments is looked for, too.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import random
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

if TYPE_CHECKING:
    from torch import Tensor

SETTLED = 1e-3  # relative: how far a weight may be from itself when it is made again


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
