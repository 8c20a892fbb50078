"""Products with constant matrices, convolutions, pooling and batch norm: times their norms."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from wganlab.learned.lipschitz.convolutions import convolution_norm, overlap
from wganlab.learned.lipschitz.values import (
    Followed,
    UnprovenError,
    each,
    fresh,
    raised,
    rescaled,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


def product(a: Any, b: Any) -> Followed:
    """The matrix products a b, one of them constant; batches of them too."""
    v, matrix = (a, b) if isinstance(a, Followed) else (b, a)
    if isinstance(matrix, Followed):
        raise UnprovenError("a product of two that depend on the input")
    matrix = real(matrix)
    shape = torch.empty(a.shape, device="meta") @ torch.empty(b.shape, device="meta")
    if matrix.dim() == 1:
        matrix = matrix[:, None] if v is a else matrix[None]
    norm = remembered(v, ("matrix", matrix), lambda: spectral(matrix))
    # one input that is broadcast against many matrices counts once for each
    stacks = torch.broadcast_shapes(matrix.shape[:-2], v.shape[:-2])
    norm *= math.sqrt(stacks.numel() / max(v.shape[:-2].numel(), 1))
    rows = matrix.mT if v is a else matrix  # each entry is a row's product with those of v
    entry = min(
        float(rows.norm(dim=-1).max()) * total(v), float(rows.abs().sum(-1).max()) * each(v)
    )
    found: Followed = fresh(v, shape.shape, norm * total(v), entry, factor=norm)
    return found


def plus_product(bias: Any, a: Any, b: Any, *, beta: float = 1, alpha: float = 1) -> Followed:
    """beta bias + alpha a b, of constant bias."""
    if isinstance(bias, Followed):
        raise UnprovenError("a bias that depends on the input")
    return rescaled(product(a, b), alpha)


def linear(v: Any, weight: Any, bias: Any = None) -> Followed:
    """v weight' + bias."""
    if isinstance(weight, Followed) or isinstance(bias, Followed):
        raise UnprovenError("a weight that depends on the input")
    return product(v, weight.mT)


def real(weight: Tensor) -> Tensor:
    """A constant in float64."""
    if weight.is_complex():
        raise UnprovenError("complex numbers")
    return weight.detach().double().cpu()


def spectral(matrix: Tensor) -> float:
    """The largest singular value, of a batch the largest of all."""
    return float(torch.linalg.matrix_norm(matrix, 2).max())


def remembered(v: Followed, what: tuple[Any, ...], compute: Callable[[], float]) -> float:
    """A norm that is computed once in a walk, told by the numbers themselves."""
    parts = [
        (tuple(p.shape), hashlib.sha256(p.contiguous().numpy().tobytes()).hexdigest())
        if isinstance(p, torch.Tensor)
        else p
        for p in what
    ]
    name = repr(parts)
    if name not in v.run.norms:
        v.run.norms[name] = raised(compute())
    return v.run.norms[name]


def convolution(
    v: Any,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Followed:
    """Of any number of axes, transposed too; of a torus, where the padding before was circular."""
    if not isinstance(v, Followed) or isinstance(weight, Followed) or isinstance(bias, Followed):
        raise UnprovenError("a kernel that depends on the input")
    weight = real(weight)
    axes = weight.dim() - 2
    stride, padding, dilation, output_padding = (
        list(one) * (axes if len(one) == 1 else 1)
        for one in (stride, padding, dilation, output_padding)
    )
    shape = torch.convolution(
        torch.empty(v.shape, device="meta"), torch.empty(weight.shape, device="meta"), None,
        stride, padding, dilation, transposed, output_padding, groups,
    ).shape  # fmt: skip
    sizes = list(v.shape[-axes:])
    if transposed:
        reach = zip(sizes, stride, dilation, weight.shape[2:], output_padding, strict=True)
        sizes = [(n - 1) * s + d * (k - 1) + 1 + o for n, s, d, k, o in reach]
    else:  # from the last place before them where a patch may begin
        sizes = [n + p % s for n, p, s in zip(sizes, padding, stride, strict=True)]

    def norm(sizes: Sequence[int], torus: bool) -> float:
        what = ("convolution", weight, stride, dilation, groups, list(sizes), torus)
        return remembered(
            v, what, lambda: convolution_norm(weight, stride, dilation, groups, sizes, torus=torus)
        )

    factor = norm(sizes, False)
    # a patch of what was repeated around a torus, not of the torus: it may show a place twice
    filters = float(weight.flatten(1).norm(dim=1).max()) * total(v)
    whole = factor * total(v)
    if _is_torus(v, shape[-axes:], stride, padding, transposed):
        before: Followed = v.mark[1]
        around = norm(before.shape[-axes:], True)
        if around * total(before) < whole:
            v, factor, whole = before, around, around * total(before)
    found: Followed = fresh(v, shape, whole, whole if transposed else filters, factor=factor)
    return found


def _is_torus(
    v: Followed, made: Sequence[int], stride: Sequence[int], padding: Sequence[int], back: bool
) -> bool:
    """Is it a convolution around a torus, of which at most all places are kept?"""
    if back or any(padding) or not (isinstance(v.mark, tuple) and v.mark[0] == "torus"):
        return False
    before = v.mark[1].shape[-len(stride) :]
    steps = zip(before, made, stride, strict=True)
    return all(n % s == 0 and m <= n // s for n, m, s in steps)


def separable(v: Followed, axes: int, along: Callable[[Tensor, int], Tensor], entry: float) -> Any:
    """A linear map that works on each of the last axes by itself; its norm is their product."""
    norm, shape = 1.0, list(v.shape)
    for axis in range(axes):
        size = v.shape[axis - axes]
        matrix = along(torch.eye(size, dtype=torch.float64)[:, None], axis)[:, 0]  # (size, made)
        norm *= spectral(matrix)
        shape[axis - axes] = matrix.shape[1]
    return fresh(v, shape, norm * total(v), entry, factor=norm)


def averages(axes: int) -> Callable[..., Any]:
    """Average pooling over windows."""

    def rule(
        v: Followed,
        kernel: Sequence[int],
        stride: Sequence[int] = (),
        padding: Sequence[int] = (0,),
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> Any:
        if divisor_override is not None:
            raise UnprovenError("a divisor of its own")
        k, p = _each(kernel, axes), _each(padding, axes)
        s = _each(stride or kernel, axes)

        def along(rows: Tensor, axis: int) -> Tensor:
            return functional.avg_pool1d(
                rows, k[axis], s[axis], p[axis], ceil_mode, count_include_pad
            )

        return separable(v, axes, along, each(v))

    return rule


def adaptive_averages(axes: int) -> Callable[..., Any]:
    """Average pooling to a given size."""

    def rule(v: Followed, made: Sequence[int]) -> Any:
        sizes = _each(made, axes)
        return separable(
            v, axes, lambda rows, a: functional.adaptive_avg_pool1d(rows, sizes[a]), each(v)
        )

    return rule


def largest_in_windows(axes: int, *, pair: bool = True) -> Callable[..., Any]:
    """Max pooling: an entry is in at most m windows, so that is sqrt(m) times as steep at most."""

    def rule(
        v: Followed,
        kernel: Sequence[int],
        stride: Sequence[int] = (),
        padding: Sequence[int] = (0,),
        dilation: Sequence[int] = (1,),
        ceil_mode: bool = False,
    ) -> Any:
        k, s, d = _each(kernel, axes), _each(stride or kernel, axes), _each(dilation, axes)
        pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[axes - 1]
        shape = pool(torch.zeros(v.shape), k, s, _each(padding, axes), d, ceil_mode).shape
        found = fresh(v, shape, math.sqrt(overlap(k, s, d)) * total(v), each(v))
        return (found, fresh(v, shape, math.inf)) if pair else found

    return rule


def lengths_in_windows(
    v: Followed, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """`lp_pool2d` of order 2: Euclidean lengths of windows."""
    if norm_type != 2 or ceil_mode or v.dim() != 4:
        raise UnprovenError("a pooling of another kind")
    k = _each(kernel_size, 2)
    s = _each(stride if stride is not None else kernel_size, 2)
    shape = functional.avg_pool2d(torch.zeros(v.shape), k, s).shape
    return fresh(v, shape, math.sqrt(overlap(k, s, [1, 1])) * total(v), total(v))


def batch_norm(
    v: Any, weight: Any, bias: Any, mean: Any, var: Any, training: bool, momentum: float, eps: float
) -> Any:
    """In evaluation mode: (x - mean) weight / sqrt(var + eps) + bias, of constants."""
    constants = (weight, bias, mean, var)
    if training or var is None or any(isinstance(one, Followed) for one in constants):
        raise UnprovenError("batch norm of the batch itself")
    factor = 1 / torch.sqrt(var.detach().double().cpu() + eps)
    if weight is not None:
        factor = factor * weight.detach().double().cpu()
    made = rescaled(v, factor.reshape(-1, *(1,) * (v.dim() - 2)))
    return made, torch.empty(0), torch.empty(0)


def _each(sizes: Any, axes: int) -> list[int]:
    """One number an axis."""
    numbers = [sizes] if isinstance(sizes, int) else list(sizes)
    return numbers * axes if len(numbers) == 1 else numbers


RULES: dict[str, Callable[..., Any]] = {
    "mm.default": product,
    "bmm.default": product,
    "mv.default": product,
    "matmul.default": product,
    "linear.default": linear,
    "addmm.default": plus_product,
    "addmv.default": plus_product,
    "baddbmm.default": plus_product,
    "convolution.default": convolution,
    "native_batch_norm.default": batch_norm,
    "_native_batch_norm_legit_no_training.default": (
        lambda v, w, b, m, s, momentum, eps: batch_norm(v, w, b, m, s, False, momentum, eps)
    ),
    "avg_pool1d.default": averages(1),
    "avg_pool2d.default": averages(2),
    "avg_pool3d.default": averages(3),
    "adaptive_avg_pool1d.default": adaptive_averages(1),
    "_adaptive_avg_pool2d.default": adaptive_averages(2),
    "_adaptive_avg_pool3d.default": adaptive_averages(3),
    "max_pool1d.default": largest_in_windows(1, pair=False),
    "max_pool1d_with_indices.default": largest_in_windows(1),
    "max_pool2d_with_indices.default": largest_in_windows(2),
    "max_pool3d_with_indices.default": largest_in_windows(3),
}
