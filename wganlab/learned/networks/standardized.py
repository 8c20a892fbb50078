"""A network behind a shift and one scale: it is asked about 0, where float32 is at its best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor


class Standardized(nn.Module):
    """f(x) = gain g((x - shift) / scale) for a network g; shift and scale are of float64.

    With gain = scale the slopes of f are those of g, so its Lipschitz constant is: a critic whose
    unit alone differs. Points of float64 lose nothing on their way to g.
    """

    shift: Tensor
    scale: Tensor
    gain: Tensor

    def __init__(self, network: nn.Module, shift: Tensor, scale: float, gain: float) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("shift", shift.double())
        for name, value in (("scale", scale), ("gain", gain)):
            number = torch.tensor(value, dtype=torch.float64, device=shift.device)
            self.register_buffer(name, number)

    def forward(self, points: Tensor) -> Tensor:
        """The network's values, in float64: a unit may be beyond float32."""
        output: Tensor = self.network(self.inner(points))
        return self.gain * output.to(self.gain.dtype)

    def inner(self, points: Tensor) -> Tensor:
        """What the network is given, in the type of its weights."""
        inner = (points.to(self.shift.dtype) - self.shift) / self.scale  # (k, ...)
        weights = (w.dtype for w in self.network.parameters() if w.is_floating_point())
        return inner.to(next(weights, torch.float32))

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        """To another device or type; shift and scale keep theirs."""
        wide = {name: value for name, value in self._buffers.items() if value is not None}
        super()._apply(fn, recurse)
        for name, value in wide.items():
            moved = self._buffers[name]
            if moved is not None and moved.device.type != "mps":  # which has no float64
                self._buffers[name] = value.to(moved.device)
        return self
