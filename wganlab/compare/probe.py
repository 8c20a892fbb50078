"""Values and gradients, in float64, of whatever a user calls a critic."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from wganlab.learned import FittedCritic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

ROWS = 4096  # points in one call
STEP = np.finfo(np.float64).eps ** (1 / 3)  # of central differences, relative


class Probe:
    """A critic as a function of NumPy arrays.

    Parameters
    ----------
    critic : FittedCritic, nn.Module, or callable
        A module is copied, cast to float64 and set to evaluation mode; another callable is given
        NumPy arrays of shape (k, ...), or tensors if it cannot take arrays.
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
        self._differentiate: Callable[[Array], Array]
        if isinstance(critic, nn.Module) or not _takes_arrays(critic, sample[:1]):
            self._torch(critic, sample[:1])
        else:
            self._call = lambda z: np.asarray(critic(z), dtype=np.float64)
            self._differentiate = self._differences
        self.values(sample[:2])

    def values(self, z: Array) -> Array:
        """The critic at points of shape (k, ...): shape (k,)."""
        parts = []
        for start in range(0, len(z), ROWS):
            rows = z[start : start + ROWS]
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
        starts = range(0, len(z), ROWS)
        if len(z) == 0:  # no mass moves
            return np.zeros_like(z)
        return np.concatenate([self._differentiate(z[start : start + ROWS]) for start in starts])

    def _torch(self, critic: Any, sample: Array) -> None:
        device, dtype = torch.device("cpu"), torch.float64
        if isinstance(critic, nn.Module):
            weights = [*critic.parameters(), *critic.buffers()]
            device = weights[0].device if weights else device
            critic, dtype = _in_float64(critic, sample, device)

        def call(z: Array) -> Array:
            with torch.no_grad():
                output = critic(torch.as_tensor(z, dtype=dtype, device=device))
            return output.double().cpu().numpy()

        def differentiate(z: Array) -> Array:
            points = torch.as_tensor(z, dtype=dtype, device=device).requires_grad_(True)
            (gradient,) = torch.autograd.grad(critic(points).sum(), points)
            return gradient.double().cpu().numpy()

        self._call, self._differentiate = call, differentiate

    def _differences(self, z: Array) -> Array:
        """Central differences, one coordinate after another."""
        gradient = np.empty_like(z)
        step = STEP * max(1.0, float(np.abs(z).max()))
        for index in np.ndindex(z.shape[1:]):
            shift = np.zeros(z.shape[1:])
            shift[index] = step
            rise = self.values(z + shift) - self.values(z - shift)  # (k,)
            gradient[(slice(None), *index)] = rise / (2 * step)
        return gradient


def _takes_arrays(critic: Any, sample: Array) -> bool:
    try:
        return not isinstance(critic(sample), torch.Tensor)
    except (TypeError, AttributeError):
        return False


def _in_float64(
    critic: nn.Module, sample: Array, device: torch.device
) -> tuple[nn.Module, torch.dtype]:
    """A copy in float64; a module that makes float32 tensors of its own stays in float32."""
    double = copy.deepcopy(critic).double().eval()
    try:
        with torch.no_grad():
            double(torch.as_tensor(sample, device=device))
    except RuntimeError as error:
        if "dtype" not in str(error).lower():
            raise
        return copy.deepcopy(critic).float().eval(), torch.float32
    return double, torch.float64
