"""Which float32 matrix products a run is computed with: the library's usual, or quicker ones.

`torch.set_float32_matmul_precision("medium")` allows products of lower precision. What that means
is the machine's affair: on some CPUs it is another library, up to twice as fast and as exact for
wide layers and slower for narrow ones; on others, and on GPUs, it is bfloat16, with two or three
digits. So it is measured, at the sizes of the run, and taken only where it is clearly faster and
its error is that of float32.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator, Tensor

EXACT = 1e-5  # largest relative error; float32 has some 3e-7
CLEAR = 1.25  # times as fast, at least: less might be chance
LOOKS = 9


@contextmanager
def products(precision: str) -> Iterator[None]:
    """Matrix products of that precision, "highest" or "medium", and afterwards as before."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def measured(rows: int, width: int, device: torch.device) -> str:
    """The precision for products of (rows, width) with (width, width), as measured here and now."""
    generator = Generator(device).manual_seed(0)
    left, right = (
        torch.randn((n, width), generator=generator, device=device) for n in (rows, width)
    )
    usual, _ = _tried(left, right, "highest")
    return chosen(usual, *_tried(left, right, "medium"))


def chosen(usual: float, quick: float, error: float) -> str:
    """The precision, by the seconds of both kinds and the relative error of the quick one."""
    return "medium" if error < EXACT and CLEAR * quick < usual else "highest"


def _tried(left: Tensor, right: Tensor, precision: str) -> tuple[float, float]:
    """Median seconds, and the relative error to float64."""
    seconds = []
    with products(precision):
        for _ in range(LOOKS):
            began = time.perf_counter()
            product = left @ right
            product.sum().item()  # a GPU is waited for
            seconds.append(time.perf_counter() - began)
    exact = left.double() @ right.double()
    return statistics.median(seconds), ((product - exact).norm() / exact.norm()).item()
