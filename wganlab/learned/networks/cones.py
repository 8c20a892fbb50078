"""Critics that are cones, or end in cones: slope 1 whatever their weights are.

    f(x) = max_k (c_k - |h(x) - a_k|),    or its mirror    f(x) = min_k (c_k + |h(x) - a_k|)

A cone has slope 1, and so has the highest of several. With one apex at every real point, h the
identity and the right heights, the first is an optimal critic of W1 between two clouds (the way in
which the dual linear program is extended from its points); the second is one with an apex at every
fake point. A network has fewer apexes than there are points, and learns where they are best.
Behind a trunk h of orthonormal layers the cones stand in a space that has been folded, and the
slope is still 1.

References
----------
McShane, "Extension of range of functions", Bull. Amer. Math. Soc. 40, 1934: both extensions of a
Lipschitz function. Villani, "Optimal Transport: Old and New", 2009, chapter 5: c-convex functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks
from wganlab.learned.networks.activations import SLOPES
from wganlab.learned.networks.mlp import MLP, MLPConfig
from wganlab.learned.networks.network import NetworkConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Generator, Tensor

Side = Literal["real", "fake"]


class Cones(nn.Module):
    """The highest of several cones, or the lowest of several upturned ones; its slope is 1.

    Parameters
    ----------
    inputs : int
        Dimension of the points.
    cones : int
        How many.
    side : str
        "real" for peaks, which real points lie beneath; "fake" for pits.

    Examples
    --------
    >>> cones = Cones(2, 1)  # one apex, at the origin
    >>> cones(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[-5.0], [0.0]]
    """

    def __init__(self, inputs: int, cones: int, side: Side = "real") -> None:
        super().__init__()
        checks.whole(1, inputs=inputs, cones=cones)
        checks.among(get_args(Side), side=side)
        self.apexes = nn.Parameter(torch.zeros(cones, inputs))
        self.heights = nn.Parameter(torch.zeros(cones))
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        """Points (n, d) to (n, 1)."""
        sign = 1.0 if self.side == "real" else -1.0
        with torch.no_grad():
            highest = (sign * self.heights - self._distances(x)).argmax(dim=1)  # (n,)
        # by differences: an expanded square loses the digits of what is near an apex
        distances = (x - self.apexes[highest]).norm(dim=1)
        return (self.heights[highest] - sign * distances)[:, None]

    def _distances(self, x: Tensor) -> Tensor:
        """|x_i - a_k| of shape (n, k), as products of matrices, to tell which cone is highest."""
        apexes: Tensor = self.apexes
        if x.device.type == "mps":  # which has no float64
            return torch.cdist(x, apexes, compute_mode="donot_use_mm_for_euclid_dist")
        if not self.training:  # a cone that is almost the highest would make a step, not a slope
            x, apexes = x.double(), apexes.double()
        squares = x.square().sum(1, keepdim=True) + apexes.square().sum(1) - 2 * x @ apexes.T
        return squares.clamp_min_(0.0).sqrt_()

    def extra_repr(self) -> str:
        """What print shows of it."""
        return f"{self.apexes.shape[1]}, {len(self.apexes)}, side={self.side!r}"


SLOPES[Cones] = 1.0


@dataclass(frozen=True)
class ConesConfig(NetworkConfig):
    """A critic of cones, behind a trunk if there is one, for the constraint `Orthonormal`.

    Examples
    --------
    >>> critic = ConesConfig(cones=8).critic_for((2,), torch.Generator().manual_seed(0))
    >>> critic(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    """

    cones: int = 1024
    """How many."""
    side: Side = "real"
    """Where the apexes start: at real points, as peaks, or at fake points, as pits."""
    mixed: int = 64
    """The first half starts at single points of that law, the others at means of up to `mixed`."""
    trunk: MLPConfig | None = None
    """Layers before the cones, whose sorts keep slope 1; None for the points as they are."""

    def __post_init__(self) -> None:
        checks.whole(1, cones=self.cones, mixed=self.mixed)
        checks.among(get_args(Side), side=self.side)
        if self.trunk is not None and not isinstance(self.trunk, MLPConfig):
            raise ValueError(f"trunk = {self.trunk!r}: give an MLPConfig, or None")

    def critic_for(self, shape: Sequence[int], generator: Generator) -> nn.Sequential:
        """A critic of points (n, *shape); its apexes are at normal points until `start`."""
        size = math.prod(shape)
        layers: list[nn.Module] = [nn.Flatten()]
        if self.trunk is not None:
            layers += list(MLP(self.trunk, size, generator).features)[1:]
            size = self.trunk.width if self.trunk.depth else size
        cones = Cones(size, self.cones, self.side)
        with torch.no_grad():
            cones.apexes.normal_(generator=generator)
        return nn.Sequential(*layers, cones)

    @torch.no_grad()
    def start(self, critic: Any, real: Tensor, fake: Tensor, generator: Generator) -> None:
        """Put the apexes at points, or means of points, of the law that the side names.

        Where there are many dimensions, the cone from a mean is above that from a single point
        almost everywhere, which then learns nothing; where there are few, points are what is
        looked for.
        """
        *trunk, cones = critic
        found = real if self.side == "real" else fake
        for layer in trunk:
            found = layer(found)
        order = torch.randperm(len(found), generator=generator)
        for k, apex in enumerate(cones.apexes):
            many = round(self.mixed ** max(0.0, 2 * k / max(self.cones - 1, 1) - 1))
            rows = torch.randint(len(found), (many,), generator=generator)
            if many == 1:  # each point once, before any is taken again
                rows = order[k % len(order)][None]
            apex.copy_(found[rows.to(found.device)].mean(dim=0))

    def generator_for(
        self, latent: int, shape: Sequence[int], generator: torch.Generator
    ) -> nn.Module:
        """Refused: it is for critics.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError("ConesConfig makes critics: for the generator take MLPConfig()")
