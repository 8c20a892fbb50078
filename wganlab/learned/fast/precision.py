"""Which float32 matrix products a run is computed with: the library's usual, or quicker ones.

`torch.set_float32_matmul_precision("medium")` allows products of lower precision. What that means
is the machine's affair: on some CPUs it is another library, up to twice as fast and as exact for
wide layers; on others, and on GPUs, it is bfloat16, with two or three digits. So their error is
measured at the sizes of the run, and the quicker ones are taken, for wide layers, where it is that
of float32. A run keeps the choice: no clock has a part in it, so equal runs end in equal bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator

EXACT = 1e-5  # largest relative error; float32 has some 3e-7
WIDE = 256  # units, below which there is nothing to gain


@contextmanager
def products(precision: str) -> Iterator[None]:
    """Matrix products of that precision, "highest" or "medium", and afterwards as before."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def exact_convolutions() -> Iterator[None]:
    """Convolutions of GPUs in float32, where torch takes TF32 by itself, with three digits."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def precise(rows: int, width: int, device: torch.device) -> str:
    """The precision for products of (rows, width) with (width, width), "highest" or "medium"."""
    generator = Generator(device).manual_seed(0)
    left, right = (
        torch.randn((n, width), generator=generator, device=device) for n in (rows, width)
    )
    with products("medium"):
        product = left @ right
    exact = left.double() @ right.double()
    error = ((product - exact).norm() / exact.norm()).item()
    return "medium" if width >= WIDE and error < EXACT else "highest"
