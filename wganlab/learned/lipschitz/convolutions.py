"""Spectral norms of convolutions, bounded for certain: patches, and frequencies.

A convolution of stride s maps a signal x, cut into its s phases, to y_j = sum_q W_q x_{j+q}: one
matrix W(w) = sum_q W_q exp(i q w) for each frequency w, and the norm over all signals is the
largest of theirs. On a torus of M places the frequencies are 2 pi k / M (Sedghi, Gupta, Long 2019);
a signal with zeros around it, as long as M - (taps - 1), does not notice the torus. Where M is not
known, |W(w) v|^2 is, for each v, a trigonometric polynomial of degree n = taps - 1 with a largest
value A, at some w; within t of there it is at least A cos(n t) (M. Riesz 1914), so on a grid of N
frequencies it is at least A cos(pi n / N), axis after axis.

Coarser, and shape-free: a pixel is in at most m patches, so the norm is at most sqrt(m) |W|.

References
----------
Sedghi, Gupta, Long, "The singular values of convolutional layers", ICLR 2019. Pfister, Bresler,
"Bounding multivariate trigonometric polynomials", 2019. Singla, Feizi, "Fantastic four:
differentiable and efficient bounds on singular values of convolution layers", ICLR 2021.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

MOST = 2e9  # multiplications for one convolution, about a second


def overlap(kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> int:
    """In how many patches a pixel is at most: on an axis ceil(k gcd(s, d) / s).

    The taps that reach one pixel are s / gcd(s, d) apart.
    """
    patches = 1
    for k, s, d in zip(kernel, stride, dilation, strict=True):
        patches *= -(-k * math.gcd(s, d) // s)
    return patches


@torch.no_grad()
def convolution_norm(
    weight: Tensor,
    stride: Sequence[int],
    dilation: Sequence[int],
    groups: int,
    sizes: Sequence[int] | None = None,
    *,
    torus: bool = False,
) -> float:
    """A proven bound of the spectral norm of a convolution, or of its transpose.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs / groups, *kernel)
    stride, dilation, groups
        Of the convolution; padding with zeros, of any width, changes nothing.
    sizes : sequence of int, optional
        Of the input's axes, before zeros are put around it, from a place where a patch begins or
        could; by default any.
    torus : bool
        Are the sizes those of a torus, stride dividing them: circular padding?
    """
    weight = weight.detach().double().cpu()
    size = float(weight.abs().max()) if weight.numel() else 0.0
    if not 0 < size < math.inf:
        return 0.0 if size == 0 else math.inf
    size = 2.0 ** math.frexp(size)[1]
    weight = weight / size  # whose squares are in range
    kernel = weight.shape[2:]
    matrices = weight.unflatten(0, (groups, -1)).flatten(2)  # (groups, outputs, taps)
    patches = overlap(kernel, stride, dilation)
    bound = float(torch.linalg.matrix_norm(matrices, 2).max()) * math.sqrt(patches)
    if patches == 1:
        return size * bound
    phases = _phases(weight.unflatten(0, (groups, -1)), stride, dilation)
    taps = phases.shape[3:]
    grids = _grids(phases, taps, stride, sizes, torus)
    if grids is None:
        return size * bound
    loss = 1.0
    if sizes is None:
        steps = zip(taps, grids, strict=True)
        loss = math.prod(math.cos(math.pi * (t - 1) / n) for t, n in steps)
    return size * min(bound, _largest(phases, grids) / math.sqrt(loss))


def _phases(weight: Tensor, stride: Sequence[int], dilation: Sequence[int]) -> Tensor:
    """Kernels on the coarse grid: (groups, outputs, inputs x phases, *taps there)."""
    kernel = weight.shape[3:]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    taps = [-(-r // s) for r, s in zip(reach, stride, strict=True)]
    wide = weight.new_zeros(*weight.shape[:3], *(t * s for t, s in zip(taps, stride, strict=True)))
    places = [slice(0, r, d) for r, d in zip(reach, dilation, strict=True)]
    wide[(slice(None),) * 3 + tuple(places)] = weight
    for axis, (t, s) in enumerate(zip(taps, stride, strict=True)):
        wide = wide.unflatten(3 + 2 * axis, (t, s))  # (..., t1, s1, t2, s2, ...)
    count = len(kernel)
    order = [0, 1, 2, *(4 + 2 * a for a in range(count)), *(3 + 2 * a for a in range(count))]
    return wide.permute(order).flatten(2, 2 + count)


def _grids(
    phases: Tensor,
    taps: Sequence[int],
    stride: Sequence[int],
    sizes: Sequence[int] | None,
    torus: bool,
) -> list[int] | None:
    """Frequencies of each axis, whose matrices can be looked at; None where they are too many."""
    small = min(phases.shape[1:3])
    cost = phases.shape[0] * small**2 * max(phases.shape[1:3]) * 8.0
    if sizes is not None:
        coarse = [-(-size // s) for size, s in zip(sizes, stride, strict=True)]
        grids = [c if torus else c + t - 1 for c, t in zip(coarse, taps, strict=True)]
        return grids if cost * math.prod(grids) / 2 <= MOST else None
    for fine in (64, 32, 16, 8):
        grids = [max(1, fine * (t - 1)) for t in taps]
        if cost * math.prod(grids) / 2 <= MOST:
            return grids
    return None


def _largest(phases: Tensor, grids: Sequence[int]) -> float:
    """The largest norm among the frequencies; those of minus w are conjugate, and left out."""
    taps = phases.shape[3:]
    waves = [
        torch.exp(
            2j * math.pi * torch.outer(torch.arange(n).double(), torch.arange(t).double()) / n
        )
        for n, t in zip(grids, taps, strict=True)
    ]
    half = [range(n) for n in grids]
    half[0] = range(grids[0] // 2 + 1)
    kernels = phases.to(torch.complex128).flatten(3)
    largest = 0.0
    points = list(itertools.product(*half))
    at_once = max(1, int(2e6 // kernels[..., 0].numel()))
    for start in range(0, len(points), at_once):
        chosen = torch.tensor(points[start : start + at_once])
        factors = waves[0][chosen[:, 0]]
        for axis in range(1, len(taps)):
            more = waves[axis][chosen[:, axis]]
            factors = (factors[:, :, None] * more[:, None, :]).flatten(1)
        matrices = torch.einsum("goit,pt->pgoi", kernels, factors)
        if matrices.shape[2] > matrices.shape[3]:
            matrices = matrices.mH
        squares = torch.linalg.eigvalsh(matrices @ matrices.mH)
        largest = max(largest, float(squares[..., -1].max()))
    return math.sqrt(max(largest, 0.0))
