"""Values and gradients, in float64, of whatever a user calls a critic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import parametrize

from wganlab.data.units import warn_of_lost
from wganlab.learned import FittedCritic
from wganlab.learned.batch import at_once
from wganlab.learned.critics import foreign, lending

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Probe:
    """A critic as a function of NumPy arrays.

    It is given copies of the points. What a call changes in a module that cannot be copied, or in
    the modules that a function uses, is put back after every call.

    Parameters
    ----------
    critic : FittedCritic, nn.Module, or callable
        A module is copied, cast to float64 and set to evaluation mode; another callable is given
        NumPy arrays of shape (k, ...), or tensors if it cannot take arrays. What fails in float64
        is given float32.
    sample : array, shape (k, ...)
        Points to try it on.

    Raises
    ------
    TypeError
        If it cannot be called.
    ValueError
        If it fails, or does not return one finite number for each point.
    """

    def __init__(self, critic: Any, sample: Array) -> None:
        if isinstance(critic, FittedCritic):
            critic = critic.critic
        if not callable(critic):
            raise TypeError(
                f"the critic is of type {type(critic).__name__}: give a torch module, a fitted "
                "critic, or a function of points"
            )
        if isinstance(critic, type) and issubclass(critic, nn.Module):
            raise TypeError(
                f"the critic {critic.__name__} is a class, without weights: give a module of it, "
                "or learned.fit_critic(x, y, critic=...) that trains one"
            )
        self.name = foreign.name_of(critic)
        self._behind = lending.behind(critic)  # whose state is put back
        if any(map(lending.is_lazy, (w for m in self._behind for w in m.parameters()))):
            raise ValueError(
                f"the critic {self.name} has lazy layers without weights: load them, call it once, "
                "or train it by learned.fit_critic"
            )
        self._call: Callable[[Array], Array]
        self._differentiate: Callable[[Array], Array] = self._differences
        self._step = _relative_step(np.float64)
        self._rough: torch.dtype = torch.float32
        self._spread = float(np.ptp(sample, axis=0).max())
        self._single = False  # is it given float32?
        if isinstance(critic, nn.Module) or not self._takes_arrays(critic, sample[:1]):
            self._torch(critic, sample[:1])
        else:
            self._arrays(critic, sample[:1])
        self.values(sample[:2])

    def values(self, z: Array) -> Array:
        """The critic at points of shape (k, ...): shape (k,)."""
        parts = []
        step = at_once(z.shape[1:])
        for start in range(0, len(z), step):
            rows = z[start : start + step].copy()
            with lending.restored(self._behind), foreign.told(self.name, rows):
                output = self._call(rows)
            if output.size != len(rows):
                raise ValueError(
                    f"the critic {self.name} maps {len(rows)} points to an output of shape "
                    f"{output.shape}: it must return one number for each point, shape (n,) or "
                    "(n, 1)"
                )
            parts.append(output.reshape(len(rows)).copy())  # it may return one array each time
        result = np.concatenate(parts)
        if not np.isfinite(result).all():
            raise ValueError(
                f"the critic {self.name} is no function of these points: its value at point "
                f"{np.isfinite(result).argmin()} is not finite: has its training diverged?"
            )
        return result

    def gradients(self, z: Array) -> Array:
        """Its gradients at points z: the shape of z."""
        if len(z) == 0:  # no mass moves
            return np.zeros_like(z)
        step = at_once(z.shape[1:])
        starts = range(0, len(z), step)
        return np.concatenate([self._at(z[start : start + step].copy()) for start in starts])

    def check(self, x: Array, y: Array) -> None:
        """ValueError unless it is a function of points: the same at each whenever it is asked."""
        for cloud, name in ((x, "real"), (y, "fake")) if self._single else ():
            wide = torch.from_numpy(cloud)
            warn_of_lost(wide, wide.float(), name)
        k = foreign.LOOKED_AT // 2
        points = np.concatenate([x[:k], y[:k]])
        foreign.of_itself(self.values, points, self.name, self._rough)

    def _at(self, z: Array) -> Array:
        with lending.restored(self._behind), foreign.told(self.name, z):
            gradient = self._differentiate(z)
        infinite = ~np.isfinite(gradient).reshape(len(z), -1).all(axis=1)
        if infinite.any():  # as of a square root at 0, where autograd says nan
            gradient[infinite] = self._differences(z[infinite])
        return gradient

    def _arrays(self, critic: Any, sample: Array) -> None:
        def call(z: Array) -> Array:
            return _numbers(critic(z), self.name)

        with foreign.told(self.name, sample), lending.restored(self._behind):
            first = critic(sample.copy())
            _numbers(first, self.name)
        self._step = _relative_step(_array(first).dtype)
        self._call = call

    def _torch(self, critic: Any, sample: Array) -> None:
        critic, dtype, device = self._settled(critic, sample)
        self._step = _relative_step(np.float64 if dtype == torch.float64 else np.float32)
        self._rough = torch.float32 if dtype == torch.float64 else dtype
        self._single = dtype != torch.float64

        def value(points: torch.Tensor) -> torch.Tensor:
            with sdpa_kernel(SDPBackend.MATH):
                output = critic(points)
            return foreign.one_each(output, len(points), self.name)

        def call(z: Array) -> Array:
            with torch.no_grad():
                points = torch.tensor(z, dtype=dtype, device=device)
                return value(points).double().cpu().numpy()

        def differentiate(z: Array) -> Array:
            points = torch.tensor(z, dtype=dtype, device=device, requires_grad=True)
            try:
                total = value(points.clone()).sum()  # it may change a clone, not a leaf
                if not total.requires_grad:  # a constant, or something that cuts gradients off
                    return self._differences(z)
                (gradient,) = torch.autograd.grad(total, points, materialize_grads=True)
            except RuntimeError:  # NumPy on the way, or a change in place: it has values alone
                return self._differences(z)
            return gradient.double().cpu().numpy()

        self._call, self._differentiate = call, differentiate

    def _differences(self, z: Array) -> Array:
        """Central differences, one coordinate after another."""
        gradient = np.empty_like(z)
        step = self._width(z)
        for index in np.ndindex(z.shape[1:]):
            shift = np.zeros(z.shape[1:])
            shift[index] = step
            rise = self.values(z + shift) - self.values(z - shift)  # (k,)
            gradient[(slice(None), *index)] = rise / (2 * step)
        return gradient

    def _width(self, z: Array) -> float:
        """Of the differences: small beside what the points spread, large beside their rounding."""
        reach = float(np.abs(z).max())
        if self._spread == 0 or (self._spread >= 0.01 and reach <= 100 * self._spread):
            return self._step * max(1.0, reach)
        rounding = float(np.finfo(np.float64).eps)
        return max(self._step * self._spread, (rounding * reach * self._spread) ** 0.5)

    def _takes_arrays(self, critic: Any, sample: Array) -> bool:
        """Is it a function of arrays? One that returns tensors is, if it cannot take tensors."""
        with lending.restored(self._behind):
            given, returned = _tried(critic, sample.copy())
            if given is None and not isinstance(returned, torch.Tensor):
                return True
            refusal, _ = _tried(critic, torch.tensor(sample))
            if given is None:  # of another type than float64, perhaps: see `_settled`
                return refusal is not None and not isinstance(refusal, RuntimeError)
            if refusal is None or isinstance(given, TypeError | AttributeError):
                return False
            refusal, _ = _tried(critic, torch.tensor(sample, dtype=torch.float32))
            return refusal is not None  # it takes neither, and says why of arrays

    def _settled(self, critic: Any, sample: Array) -> tuple[Any, torch.dtype, torch.device]:
        """What to call, and with tensors of which type and device.

        A module becomes a copy in evaluation mode, or, where there is none, stays itself, its state
        put back. What makes float32 tensors of its own fails in float64, and is given float32,
        unless they are its weights alone: then these are made first.
        """
        weights = [w for module in self._behind for w in (*module.parameters(), *module.buffers())]
        device = weights[0].device if weights else torch.device("cpu")
        double, single = critic, critic
        if isinstance(critic, nn.Module):
            copies = [lending.copied(critic) for _ in range(2)]
            if copies[0] is None or copies[1] is None:
                return _evaluated(critic), foreign.dtype_of(critic), device
            single, double = copies[0].eval(), copies[1].eval().double()
            self._behind = []
        for wide in (lambda: double, lambda: _baked(critic)):
            with lending.restored(self._behind), torch.no_grad():
                asked = wide()
                refusal, _ = _tried(asked, torch.tensor(sample, device=device))
            if asked is not None and refusal is None:
                return asked, torch.float64, device
        if isinstance(single, nn.Module):
            single = single.float()
        return single, torch.float32, device


def _baked(critic: Any) -> nn.Module | None:
    """A copy in float64 whose weights have been made; None where none are made."""
    if not isinstance(critic, nn.Module):
        return None
    if not any(parametrize.is_parametrized(part) for part in critic.modules()):
        return None
    other = lending.baked(critic)
    return None if other is None else other.double()


def _evaluated(critic: nn.Module) -> Callable[[torch.Tensor], Any]:
    """The module in evaluation mode, which whoever calls puts back."""
    return lambda points: critic.eval()(points)


def _tried(critic: Any, points: Any) -> tuple[Exception | None, Any]:
    """What it raises, or what it returns."""
    try:
        return None, critic(points)
    except MemoryError:
        raise
    except Exception as error:
        return error, None


def _relative_step(dtype: Any) -> float:
    """Of central differences of a function whose values have that type."""
    kind = np.dtype(dtype)
    return float(np.finfo(kind if kind.kind == "f" else np.float64).eps) ** (1 / 3)


def _array(output: Any) -> NDArray[Any]:
    return np.asarray(output.detach().cpu() if isinstance(output, torch.Tensor) else output)


def _numbers(output: Any, name: str) -> Array:
    """What a function of arrays returned, as float64."""
    must = "it must return one number for each point"
    if output is None or (isinstance(output, tuple) and any(map(np.ndim, output))):
        raise ValueError(
            f"the critic {name} is a function of points, and it returned a "
            f"{type(output).__name__}: {must}"
        )
    array = _array(output)
    if array.dtype.kind not in "iufb":
        kinds = {"c": "complex numbers", "U": "text", "S": "text"}
        told = kinds.get(array.dtype.kind, f"{array.dtype} values")
        raise ValueError(f"the critic {name} returned {told}: {must}")
    return array.astype(np.float64)
