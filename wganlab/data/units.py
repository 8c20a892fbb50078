"""The unit in which a critic is trained: raw columns are shifted and scaled, and said to be so.

Critics are trained in float32 with settings for points about 0 of size about 1. Points that are
not are standardized, x to (x - shift) / scale with ONE scale, so that the metric stays; what is
then found is given back in the user's unit. Points of ordinary scale are left alone to the bit:
those whose spread (root mean square deviation of a coordinate, both laws together) is from
`ORDINARY[0]` to `ORDINARY[1]` and whose center has no coordinate beyond `CENTER`.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab.data import checks

if TYPE_CHECKING:
    from torch import Tensor

ORDINARY = (0.03, 20.0)
CENTER = 30.0
LOST = 0.01  # share of distinct points that may fall together by chance: float32 has 24 bits
AT_ONCE = 4096  # points in float64 at once
LOOKED_AT = 100_000  # points to count the distinct among


class LostPointsWarning(UserWarning):
    """Points that differ in float64 are equal in float32."""


class UnitWarning(UserWarning):
    """Points are far from 0, or of a size far from 1."""


@dataclass(frozen=True, eq=False)
class Unit:
    """A shift, and one scale."""

    shift: Tensor
    """In float64, of the shape of a point, on the CPU."""
    scale: float
    """A power of two, so that nothing is rounded by it."""

    def of(self, points: Tensor) -> Tensor:
        """Points in this unit, float32."""
        shift = self.shift.to(points.device)
        parts = points.split(AT_ONCE)
        return torch.cat([((part.double() - shift) / self.scale).float() for part in parts])

    def __str__(self) -> str:
        reach = float(self.shift.abs().max()) / self.scale
        digits = 6 + max(0, math.ceil(math.log10(max(reach, 1.0))) - 3)  # what is left is small
        center = ", ".join(f"{value:.{digits}g}" for value in self.shift.flatten()[:4].tolist())
        more = ", ..." if self.shift.numel() > 4 else ""
        return f"(x - [{center}{more}]) / {self.scale:g}"


def unit_of(real: Tensor, fake: Tensor) -> Unit | None:
    """What standardizes the points of both laws, each of weight 1/2; None for ordinary ones."""
    real, fake = real.cpu(), fake.cpu()
    means = [_mean(points, lambda part: part) for points in (real, fake)]
    center = (means[0] + means[1]) / 2
    squares = [
        _mean(points, lambda part: (part - center).square()).mean().item()
        for points in (real, fake)
    ]
    spread = math.sqrt(sum(squares) / 2)
    near = center.abs().max().item() <= CENTER
    if near and (spread == 0 or ORDINARY[0] <= spread <= ORDINARY[1]):
        return None
    return Unit(center, 2.0 ** round(math.log2(spread)) if spread > 0 else 1.0)


def _mean(points: Tensor, function: object) -> Tensor:
    """Mean over the points of a function of them, in float64."""
    total = sum(function(part.double()).sum(dim=0) for part in points.split(AT_ONCE))  # type: ignore[operator]
    return torch.as_tensor(total / len(points))


def warn_of_unit(array: Any, points: Tensor) -> None:
    """Warn where a run is to be trained on points, (n, d), that are not of ordinary size."""
    numbers = np.array(checks.numbers(array, "array"), dtype=np.float64)
    wide = torch.from_numpy(numbers).reshape(points.shape)
    warn_of_lost(wide, points, "the points")
    unit = unit_of(wide, wide)
    if unit is not None:
        warnings.warn(
            f"the points are far from 0 or of a size far from 1, and the settings of training are "
            f"for others: train on {unit}, and multiply the distances by {unit.scale:g}; in "
            "Python: data.from_points of that",
            UnitWarning,
            stacklevel=1,  # from one place, to be told once
        )


def warn_of_lost(
    before: Any, after: Any, name: str, kind: str = "the float32 of a network"
) -> None:
    """Warn where points that differ, arrays or tensors, have become equal."""
    if before.dtype == after.dtype:
        return
    had, left = distinct(before), distinct(after)
    if left < (1 - LOST) * had:
        warnings.warn(
            f"{name}: {had:,} distinct points are {left:,} in {kind}: they are too near each other "
            "beside their distance from 0 or the others; take their parts apart, or subtract what "
            "they have in common",
            LostPointsWarning,
            stacklevel=2,
        )


def distinct(points: Any) -> int:
    """How many of the (first 100,000) points differ."""
    rows = points[:LOOKED_AT]
    if isinstance(rows, torch.Tensor):
        rows = rows.detach().cpu().numpy()
    return len({hash(row.tobytes()) for row in rows.reshape(len(rows), -1) + 0})  # -0.0 is 0.0
