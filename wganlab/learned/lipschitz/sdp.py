"""A tighter proven bound for small networks: LipSDP, by Cholesky recursion in place of a solver.

Between u_0 = x and the output W_l u_{l-1} stand layers u_i = phi(W_i u_{i-1} + b_i), where every
entry of phi has slopes in [alpha, beta]. Then for any diagonal T_i >= 0 and any two inputs, with
z = W_i du_{i-1} and u = du_i,

    (u - alpha z)' T_i (beta z - u) >= 0.

If |dx|^2 - |W_l du|^2 / c^2 less the sum of these is a positive form, c is a Lipschitz constant
(Fazlyab et al. 2019, LipSDP-Neuron). The form is block tridiagonal; with p = alpha beta and
m = (alpha + beta) / 2 it is positive where all Schur complements are,

    X_0 = I + p W_1' T_1 W_1,
    X_i = T_i + p W_{i+1}' T_{i+1} W_{i+1} - m^2 T_i W_i X_{i-1}^{-1} W_i' T_i

(without the middle term in the last), and then c^2 = |W_l X_{l-1}^{-1} W_l'| (Xu, Sivaranjani 2024,
of slopes in [0, 1]). ANY multipliers for which they are positive are a proof. They start at a
multiple of the identity in each layer, at which the bound is the product of the norms for slopes in
[0, beta], and their logarithms are then tuned by gradient steps. One step costs O(layers width^3).

References
----------
Fazlyab, Robey, Hassani, Morari, Pappas, "Efficient and accurate estimation of Lipschitz constants
for deep neural networks", NeurIPS 2019, arXiv 1906.04893; of multipliers that are not diagonal,
which it also has, Pauli et al. 2021, arXiv 2005.02929, show that they prove nothing. Xu,
Sivaranjani, "ECLipsE", NeurIPS 2024, arXiv 2404.04375.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from wganlab.learned.networks.activations import SLOPES, slope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

MARGIN = 1e-10  # of a complement's trace, which it is taken less by: more than is rounded
RATE = 0.1  # of a logarithm, at the start
STEPS = 300
SECONDS = 20.0
BARRIER = (0.03, 0.0001)  # its weight at the start and at the end
SILU, GELU = SLOPES[nn.SiLU], SLOPES[nn.GELU]

# smallest and largest slope; f(x) - f(-x) = x for silu and gelu, so their slopes lie about 1/2
RANGES: dict[type[nn.Module], tuple[float, float]] = {
    nn.ReLU: (0.0, 1.0),
    nn.ReLU6: (0.0, 1.0),
    nn.Tanh: (0.0, 1.0),
    nn.Hardtanh: (0.0, 1.0),
    nn.Softplus: (0.0, 1.0),
    nn.Softsign: (0.0, 1.0),
    nn.Sigmoid: (0.0, 0.25),
    nn.SiLU: (1 - SILU, SILU),
    nn.GELU: (1 - GELU, GELU),
}
STILL = (nn.Identity, nn.Flatten, nn.Dropout)


@dataclass
class Stretch:
    """Linear layers with activations of bounded slopes between them."""

    weights: list[Tensor]
    """W_1 to W_l, float64."""
    ranges: list[tuple[float, float]]
    """Smallest and largest slope of each of the l - 1 activations."""


def slope_range(module: nn.Module) -> tuple[float, float] | None:
    """Smallest and largest slope of an activation on each unit; None for any other layer."""
    if type(module) is nn.LeakyReLU:
        return min(1.0, module.negative_slope), max(1.0, module.negative_slope)
    if type(module) is nn.ELU and module.alpha >= 0:
        return 0.0, max(1.0, module.alpha)
    return RANGES.get(type(module))


def stretches(parts: Sequence[nn.Module]) -> tuple[list[Stretch], list[nn.Module]]:
    """A chain cut into stretches, and the parts that belong to none."""
    found: list[Stretch] = []
    others: list[nn.Module] = []
    waiting: list[nn.Module] = []  # activations since the last linear layer
    joined = False
    for part in parts:
        if isinstance(part, nn.Linear):
            weight = part.weight.detach().double().cpu()
            joined = joined and len(found[-1].weights[-1]) == weight.shape[1]  # not flattened
            if joined and not waiting:
                found[-1].weights[-1] = weight @ found[-1].weights[-1]
            elif joined and len(waiting) == 1:
                found[-1].ranges.append(slope_range(waiting.pop()) or (0.0, 1.0))
                found[-1].weights.append(weight)
            else:
                found.append(Stretch([weight], []))
            others += waiting
            waiting, joined = [], True
        elif slope_range(part) is not None:
            waiting.append(part)
        elif type(part) not in STILL:
            others += [*waiting, part]
            waiting, joined = [], False
    return found, [*others, *waiting]


def sdp_bound(stretch: Stretch, seconds: float = SECONDS) -> float:
    """A proven Lipschitz constant of one stretch, tuned for at most so many seconds.

    Raises
    ------
    ValueError
        If the seconds are not positive.

    Examples
    --------
    >>> up, down = torch.tensor([[1.0], [-1.0]]).double(), torch.tensor([[1.0, 1.0]]).double()
    >>> sides = Stretch([up, down], [(0.0, 1.0)])  # relu(x) + relu(-x) = |x|: the product says 2
    >>> round(sdp_bound(sides), 2)
    1.0
    """
    if not seconds > 0:
        raise ValueError(f"seconds = {seconds}: give a positive number")
    norms = [float(torch.linalg.matrix_norm(weight, 2)) for weight in stretch.weights]
    steepest = [max(abs(low), abs(high)) for low, high in stretch.ranges]
    product = math.prod(norms) * math.prod(steepest)
    if not stretch.ranges or product == 0 or not math.isfinite(product):
        return product
    # slopes are the same in every unit: layers of norm 1 keep the numbers in range
    weights = [weight / norm for weight, norm in zip(stretch.weights, norms, strict=True)]
    unit = Stretch(weights, stretch.ranges)
    started = _start(unit)
    if started is None:
        return product
    told = _form(unit, _tuned(unit, started, seconds))
    if told is None:
        return product
    return min(product, math.sqrt(float(told[0]) * (1 + MARGIN)) * math.prod(norms))


def _start(stretch: Stretch) -> list[Tensor] | None:
    """Logarithms of multipliers that prove something: one number for each layer."""
    before = torch.eye(stretch.weights[0].shape[1], dtype=torch.float64)
    logs = []
    for weight, (low, high) in zip(stretch.weights, stretch.ranges, strict=False):
        m, p = (low + high) / 2, low * high
        reach = weight @ torch.linalg.solve(before, weight.mT)
        steep = float(torch.linalg.matrix_norm(reach, 2))
        number = 1 / (2 * (m * m + max(0.0, -p)) * steep) if steep > 0 else 0.0
        if not 0 < number < math.inf:
            return None
        logs.append(torch.full((len(weight),), math.log(number), dtype=torch.float64))
        shrunk = before + min(p, 0.0) * number * weight.mT @ weight
        reach = weight @ torch.linalg.solve(shrunk, weight.mT)
        before = number * torch.eye(len(weight), dtype=torch.float64) - (m * number) ** 2 * reach
    return logs


def _form(stretch: Stretch, logs: Sequence[Tensor]) -> tuple[Tensor, Tensor] | None:
    """c^2 for these multipliers, and the logarithm of how far inside they are; None outside."""
    weights, multipliers = stretch.weights, [log.exp() for log in logs]
    square = torch.eye(weights[0].shape[1], dtype=torch.float64)
    inside = square.new_zeros(())
    for i, (weight, (low, high)) in enumerate(zip(weights, stretch.ranges, strict=False)):
        scaled = multipliers[i][:, None] * weight
        factor = _factor(square + low * high * weight.mT @ scaled)
        if factor is None:
            return None
        unit = logs[i - 1].sum() if i else 0.0
        inside = inside + 2 * factor.diagonal().log().sum() - unit
        half = torch.linalg.solve_triangular(factor, scaled.mT, upper=False)
        square = torch.diag(multipliers[i]) - ((low + high) / 2) ** 2 * half.mT @ half
    factor = _factor(square)
    if factor is None:
        return None
    inside = inside + 2 * factor.diagonal().log().sum() - logs[-1].sum()
    half = torch.linalg.solve_triangular(factor, weights[-1].mT, upper=False)
    return torch.linalg.matrix_norm(half, 2) ** 2, inside


def _factor(square: Tensor) -> Tensor | None:
    room = MARGIN * float(square.detach().trace())
    square = square - room * torch.eye(len(square), dtype=torch.float64)
    factor, failed = torch.linalg.cholesky_ex(square)
    return None if failed else factor


@torch.enable_grad()
def _tuned(stretch: Stretch, logs: list[Tensor], seconds: float) -> list[Tensor]:
    """Multipliers with the least bound that Adam finds, kept inside by a barrier that fades."""
    until = time.monotonic() + seconds
    free = [log.clone().requires_grad_(True) for log in logs]
    best, least, rate = logs, math.inf, RATE
    optimizer = torch.optim.Adam(free, betas=(0.9, 0.95))
    for step in range(STEPS):
        told = _form(stretch, free)
        if time.monotonic() > until:
            break
        if told is None:  # a step too far: from the best again, with smaller ones
            rate /= 2
            with torch.no_grad():
                for log, kept in zip(free, best, strict=True):
                    log.copy_(kept)
            optimizer = torch.optim.Adam(free, betas=(0.9, 0.95))
            continue
        square, inside = told
        if square.item() < least:
            best, least = [log.detach().clone() for log in free], square.item()
        rate = min(RATE, 1.05 * rate)
        optimizer.param_groups[0]["lr"] = rate * (1 - step / STEPS)
        barrier = BARRIER[0] * (BARRIER[1] / BARRIER[0]) ** (step / STEPS)
        optimizer.zero_grad()
        (square.log() - barrier * inside).backward()
        optimizer.step()
    return best


def tight(parts: Sequence[nn.Module], norms: Sequence[float], seconds: float) -> float:
    """The bound of a chain: that of its stretches, times the norms of its other parts."""
    told = dict(zip(map(id, parts), norms, strict=True))
    found, others = stretches(parts)
    share = seconds / max(1, len(found))
    bound = math.prod(told.get(id(part), slope(part) or 1.0) for part in others)
    return bound * math.prod(sdp_bound(one, share) for one in found)
