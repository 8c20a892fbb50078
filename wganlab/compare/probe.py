"""Values and gradients, in float64, of whatever a user calls a critic."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from wganlab.learned import FittedCritic
from wganlab.learned.batch import at_once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Probe:
    """A critic as a function of NumPy arrays.

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
        If it does not return one finite number for each point.
    """

    def __init__(self, critic: Any, sample: Array) -> None:
        if isinstance(critic, FittedCritic):
            critic = critic.critic
        if not callable(critic):
            raise TypeError(
                f"the critic is of type {type(critic).__name__}: give a torch module, a fitted "
                "critic, or a function of points"
            )
        self._call: Callable[[Array], Array]
        self._differentiate: Callable[[Array], Array] = self._differences
        self._step = _relative_step(np.float64)
        if isinstance(critic, nn.Module) or not _takes_arrays(critic, sample[:1]):
            self._torch(critic, sample[:1])
        else:
            self._step = _relative_step(_array(critic(sample[:1])).dtype)
            self._call = lambda z: _array(critic(z)).astype(np.float64)
        self.values(sample[:2])

    def values(self, z: Array) -> Array:
        """The critic at points of shape (k, ...): shape (k,)."""
        parts = []
        step = at_once(z.shape[1:])
        for start in range(0, len(z), step):
            rows = z[start : start + step]
            output = self._call(rows)
            if output.size != len(rows):
                raise ValueError(
                    f"the critic maps {len(rows)} points to an output of shape {output.shape}: it "
                    "must return one number for each point, shape (n,) or (n, 1)"
                )
            parts.append(output.reshape(len(rows)))
        result = np.concatenate(parts)
        if not np.isfinite(result).all():
            raise ValueError(
                f"the critic's value at point {np.isfinite(result).argmin()} is not finite: has "
                "its training diverged?"
            )
        return result

    def gradients(self, z: Array) -> Array:
        """Its gradients at points z: the shape of z."""
        if len(z) == 0:  # no mass moves
            return np.zeros_like(z)
        step = at_once(z.shape[1:])
        starts = range(0, len(z), step)
        return np.concatenate([self._differentiate(z[start : start + step]) for start in starts])

    def _torch(self, critic: Any, sample: Array) -> None:
        critic, dtype, device = _settled(critic, sample)
        self._step = _relative_step(np.float32 if dtype == torch.float32 else np.float64)

        def call(z: Array) -> Array:
            with torch.no_grad():
                output = critic(torch.as_tensor(z, dtype=dtype, device=device))
            if not isinstance(output, torch.Tensor):
                raise ValueError(
                    f"the critic is a function of points, and it returned a "
                    f"{type(output).__name__}: it must return one number for each point"
                )
            return output.double().cpu().numpy()

        def differentiate(z: Array) -> Array:
            points = torch.as_tensor(z, dtype=dtype, device=device).requires_grad_(True)
            total = critic(points).sum()
            if not total.requires_grad:  # a constant, or something that cuts gradients off
                return self._differences(z)
            (gradient,) = torch.autograd.grad(total, points, materialize_grads=True)
            return gradient.double().cpu().numpy()

        self._call, self._differentiate = call, differentiate

    def _differences(self, z: Array) -> Array:
        """Central differences, one coordinate after another."""
        gradient = np.empty_like(z)
        step = self._step * max(1.0, float(np.abs(z).max()))
        for index in np.ndindex(z.shape[1:]):
            shift = np.zeros(z.shape[1:])
            shift[index] = step
            rise = self.values(z + shift) - self.values(z - shift)  # (k,)
            gradient[(slice(None), *index)] = rise / (2 * step)
        return gradient


def _relative_step(dtype: Any) -> float:
    """Of central differences of a function whose values have that type."""
    kind = np.dtype(dtype)
    return float(np.finfo(kind if kind.kind == "f" else np.float64).eps) ** (1 / 3)


def _array(output: Any) -> NDArray[Any]:
    return np.asarray(output.detach().cpu() if isinstance(output, torch.Tensor) else output)


def _takes_arrays(critic: Any, sample: Array) -> bool:
    """Is it a function of arrays? One that returns tensors is, if it cannot take tensors."""
    try:
        if not isinstance(critic(sample), torch.Tensor):
            return True
    except (TypeError, AttributeError):
        return False
    try:
        critic(torch.as_tensor(sample))
    except TypeError:
        return True
    except RuntimeError:  # of another type, perhaps: see `_settled`
        return False
    return False


def _settled(critic: Any, sample: Array) -> tuple[Any, torch.dtype, torch.device]:
    """What to call, and with tensors of which type and device.

    A module becomes a copy in evaluation mode. What makes float32 tensors of its own fails in
    float64, and stays in float32.
    """
    weights = [*critic.parameters(), *critic.buffers()] if isinstance(critic, nn.Module) else []
    device = weights[0].device if weights else torch.device("cpu")
    double = critic
    if isinstance(critic, nn.Module):
        critic = copy.deepcopy(critic).eval()
        double = copy.deepcopy(critic).double()
    try:
        with torch.no_grad():
            double(torch.as_tensor(sample, device=device))
    except RuntimeError:
        return critic.float() if isinstance(critic, nn.Module) else critic, torch.float32, device
    return double, torch.float64, device
