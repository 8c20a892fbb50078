"""The laws behind `wganlab.data.toy`: how each is drawn, and where its modes are.

A law's function takes its parameters and returns a `Law`, whose `draw` makes every tensor on the
generator's device, without a loop over points. All chance comes from `_uniform`, `_normal` and
`_choice`, so that in place of a generator uniform numbers can be given. Sources:
`wganlab.data.toys`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from wganlab.data import checks

HALF_SIDE = 2.5  # of the funnels' cube


class Uniforms:
    """Uniform numbers u of shape (n, k) in place of a generator: each draw takes its columns."""

    def __init__(self, u: Tensor) -> None:
        self.u, self.device, self.taken = u, u.device, 0

    def take(self, shape: tuple[int, ...]) -> Tensor:
        """The next columns, as numbers of that shape (n, ...)."""
        first, self.taken = self.taken, self.taken + math.prod(shape[1:])
        return self.u[:, first : self.taken].reshape(shape)


class _Counted(Uniforms):
    """As many as are asked for, for one point."""

    def take(self, shape: tuple[int, ...]) -> Tensor:
        self.taken += math.prod(shape[1:])
        return torch.full(shape, 0.5, dtype=torch.float64)


class Law(NamedTuple):
    """How to draw from a law."""

    dim: int
    """Dimension of the space."""
    draw: Callable[..., Tensor]
    """(*constants, n, generator) to points of shape (n, dim)."""
    constants: tuple[Tensor, ...] = ()
    """What `draw` needs on the generator's device."""
    modes: Tensor | None = None
    """Centers of the modes, shape (k, dim)."""
    spread: float | None = None
    """Standard deviation of a mode along each axis."""


def _eight_gaussians(*, radius: float = 2 / 1.414, std: float = 0.02 / 1.414) -> Law:
    checks.positive(radius=radius)
    checks.at_least(0, std=std)
    angles = np.arange(8) * np.pi / 4
    return _mixture(means=radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), stds=std)


def _twenty_five_gaussians(*, spacing: float = 2 / 2.828, std: float = 0.05 / 2.828) -> Law:
    checks.positive(spacing=spacing)
    checks.at_least(0, std=std)
    ticks = spacing * np.arange(-2, 3)
    return _mixture(means=np.stack(np.meshgrid(ticks, ticks), axis=2).reshape(25, 2), stds=std)


def _gaussian(*, mean: Sequence[float] = (0.0, 0.0), std: float = 1.0) -> Law:
    checks.at_least(0, std=std)
    center = checks.numbers(mean, "mean")
    if center.ndim != 1 or center.size == 0:
        raise ValueError(f"mean has shape {center.shape}: give a tuple of numbers, one an axis")
    return _mixture(means=center[None], stds=std)


def _mixture(
    *, means: Any = (-2.0, 2.0), stds: Any = 0.5, weights: Sequence[float] | None = None
) -> Law:
    centers = checks.rows(means, "means")
    k, dim = centers.shape
    deviations = checks.each(stds, k, "stds")
    shares = np.full(k, 1 / k) if weights is None else checks.each(weights, k, "weights")
    if not math.isclose(shares.sum(), 1, rel_tol=1e-6):
        raise ValueError(f"weights sum to {shares.sum():g}, expected 1: divide by their sum")
    # without the last bound: rounded below 1, it would let a draw fall behind every mode
    bounds = torch.from_numpy(shares.cumsum()[:-1].astype(np.float32))  # (k - 1,)
    scales = torch.from_numpy(deviations.astype(np.float32))[:, None]  # (k, 1)

    def draw(
        centers: Tensor,
        scales: Tensor,
        bounds: Tensor,
        n: int,
        generator: Generator | Uniforms,
    ) -> Tensor:
        mode = torch.bucketize(_uniform((n,), generator), bounds, right=True)
        return centers[mode] + scales[mode] * _normal((n, dim), generator)

    return Law(dim, draw, (centers, scales, bounds), centers.clone(), float(deviations.max()))


def _swissroll(*, scale: float = 1 / 7.5, noise: float = 0.25 / 7.5) -> Law:
    checks.positive(scale=scale)
    checks.at_least(0, noise=noise)

    def draw(n: int, generator: Generator | Uniforms) -> Tensor:
        t = 1.5 * math.pi * (1 + 2 * _uniform((n,), generator))
        return scale * t[:, None] * _circle(t) + noise * _normal((n, 2), generator)

    return Law(2, draw)


def _two_moons(*, noise: float = 0.05) -> Law:
    checks.at_least(0, noise=noise)

    def draw(n: int, generator: Generator | Uniforms) -> Tensor:
        upper = _circle(math.pi * _uniform((n,), generator))  # (n, 2)
        # the lower moon is the upper one turned by half about (.5, .25)
        lower = torch.stack([1 - upper[:, 0], 0.5 - upper[:, 1]], dim=1)
        moons = torch.where(_coin(n, generator) == 1, upper, lower)
        return moons + noise * _normal((n, 2), generator)

    return Law(2, draw)


def _circles(*, inner: float = 0.5, outer: float = 1.0, noise: float = 0.05) -> Law:
    checks.positive(inner=inner, outer=outer)
    checks.at_least(0, noise=noise)
    if not inner < outer:
        raise ValueError(f"inner = {inner:g}, outer = {outer:g}: give inner < outer")

    def draw(n: int, generator: Generator | Uniforms) -> Tensor:
        radius = inner + (outer - inner) * _coin(n, generator)  # (n, 1)
        points = radius * _circle(2 * math.pi * _uniform((n,), generator))
        return points + noise * _normal((n, 2), generator)

    return Law(2, draw)


def _checkerboard(*, cells: int = 4, side: float = 4.0) -> Law:
    checks.whole(1, cells=cells)
    checks.positive(side=side)
    columns, rows = np.divmod(np.arange(cells**2), cells)
    filled = np.stack([columns, rows], axis=1)[(columns + rows) % 2 == 0]
    corners = torch.from_numpy(filled.astype(np.float32))  # (ceil(cells^2 / 2), 2)

    def draw(corners: Tensor, n: int, generator: Generator | Uniforms) -> Tensor:
        cell = _choice(len(corners), (n,), generator)
        inside = corners[cell] + _uniform((n, 2), generator)
        return side * (inside / cells - 0.5)

    return Law(2, draw, (corners,))


def _spirals(*, turns: float = 1.5, radius: float = 2.0, noise: float = 0.05) -> Law:
    checks.positive(turns=turns, radius=radius)
    checks.at_least(0, noise=noise)

    def draw(n: int, generator: Generator | Uniforms) -> Tensor:
        # the root spreads the mass evenly over the length of an arm, but for its beginning
        t = _uniform((n,), generator).sqrt()
        arm = radius * t[:, None] * _circle(2 * math.pi * turns * t)
        return (2 * _coin(n, generator) - 1) * arm + noise * _normal((n, 2), generator)

    return Law(2, draw)


def _parallel_lines(*, theta: float = 1.0) -> Law:
    checks.finite(theta=theta)

    def draw(n: int, generator: Generator | Uniforms) -> Tensor:
        z = _uniform((n,), generator)
        return torch.stack([torch.full_like(z, theta), z], dim=1)

    return Law(2, draw)


def _cube(*, dimension: int = 2, low: float = -HALF_SIDE, high: float = HALF_SIDE) -> Law:
    checks.whole(1, dimension=dimension)
    checks.finite(low=low, high=high)
    if not low < high:
        raise ValueError(f"low = {low:g}, high = {high:g}: give low < high")

    def draw(n: int, generator: Generator | Uniforms) -> Tensor:
        return low + (high - low) * _uniform((n, dimension), generator)

    return Law(dimension, draw)


def _funnels(*, dimension: int = 2, funnels: int = 4, seed: int = 0, power: float = 8.0) -> Law:
    checks.whole(1, dimension=dimension, funnels=funnels)
    checks.whole(0, most=checks.SEEDS, seed=seed)
    checks.at_least(1, power=power)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    bottoms = torch.from_numpy(rng.uniform(-HALF_SIDE, HALF_SIDE, size=(funnels, dimension)))
    offsets = torch.from_numpy(0.1 * rng.normal(size=funnels))

    def draw(bottoms: Tensor, offsets: Tensor, n: int, generator: Generator | Uniforms) -> Tensor:
        u = _uniform((n, dimension), generator, dtype=torch.float64)
        return _down_funnels(u, bottoms, offsets, power=power).float()

    return Law(dimension, draw, (bottoms, offsets), bottoms.float())


def _down_funnels(u: Tensor, bottoms: Tensor, offsets: Tensor, *, power: float) -> Tensor:
    """Points of the cube, uniform u of shape (n, d), drawn down the rays of their funnels.

    The ray of y runs from the bottom a of its funnel to the end of the cube or of the funnel; the
    relative position s of y on it becomes s^power. float64 throughout: u, bottoms (m, d), offsets
    (m,).
    """
    y = HALF_SIDE * (2 * u - 1)
    # without the matrix product, which loses half the digits near a bottom
    exactly = "donot_use_mm_for_euclid_dist"
    heights = torch.cdist(y, bottoms, compute_mode=exactly) + offsets  # (n, m)
    lowest, winner = heights.min(dim=1, keepdim=True)  # (n, 1)
    start = bottoms[winner[:, 0]]  # (n, d)
    radius = (y - start).norm(dim=1, keepdim=True)
    rays = (y - start) / radius
    # funnel m takes over at t with |y + t v - a_m| = c + t: square, and t^2 cancels
    c = lowest - offsets
    closing = c - ((y * rays).sum(dim=1, keepdim=True) - rays @ bottoms.T)
    closing = closing.scatter(1, winner, 0.0)  # it does not take over from itself
    squares = (heights - lowest) * (heights + lowest - 2 * offsets)  # |y - a_m|^2 - c^2
    takeover = torch.where(closing > 0, squares / (2 * closing), math.inf)
    walls = torch.where(rays == 0, math.inf, (HALF_SIDE - rays.sign() * start) / rays.abs())
    end = torch.minimum(radius + takeover.amin(1, keepdim=True), walls.amin(1, keepdim=True))
    position = (radius / end).clamp(max=1)  # rounding may carry it beyond the end
    return start + position**power * end * rays


def uniforms_of(law: Law) -> int:
    """How many uniform numbers make a point of it."""
    counted = _Counted(torch.empty(1, 0))
    law.draw(*law.constants, 1, counted)
    return counted.taken


def _uniform(
    shape: tuple[int, ...], generator: Generator | Uniforms, *, dtype: torch.dtype = torch.float32
) -> Tensor:
    """In [0, 1), as many as the shape (n, ...) has."""
    if isinstance(generator, Uniforms):
        below = 1 - torch.finfo(dtype).eps  # rounding may carry them to 1
        return generator.take(shape).to(dtype).clamp(max=below)
    return torch.rand(shape, generator=generator, device=generator.device, dtype=dtype)


def _normal(shape: tuple[int, ...], generator: Generator | Uniforms) -> Tensor:
    if isinstance(generator, Uniforms):
        return torch.special.ndtri(generator.take(shape)).float()
    return torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float32)


def _choice(k: int, shape: tuple[int, ...], generator: Generator | Uniforms) -> Tensor:
    """0 to k - 1, equally likely."""
    if isinstance(generator, Uniforms):
        return (k * generator.take(shape)).long().clamp(max=k - 1)
    return torch.randint(k, shape, generator=generator, device=generator.device)


def _coin(n: int, generator: Generator | Uniforms) -> Tensor:
    """0 or 1, equally likely, float32 of shape (n, 1)."""
    return _choice(2, (n, 1), generator).float()


def _circle(angle: Tensor) -> Tensor:
    """Points of the unit circle, shape (n, 2), at angles of shape (n,)."""
    return torch.stack([angle.cos(), angle.sin()], dim=1)


LAWS: dict[str, Callable[..., Law]] = {
    "8gaussians": _eight_gaussians,
    "25gaussians": _twenty_five_gaussians,
    "swissroll": _swissroll,
    "gaussian": _gaussian,
    "mixture": _mixture,
    "two_moons": _two_moons,
    "circles": _circles,
    "checkerboard": _checkerboard,
    "spirals": _spirals,
    "parallel_lines": _parallel_lines,
    "cube": _cube,
    "funnels": _funnels,
}
