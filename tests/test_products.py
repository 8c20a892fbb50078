"""Matrix products of lower precision are taken where they are faster, and as exact."""

import pytest
import torch

from wganlab.learned.fast.precision import chosen, measured, products


@pytest.mark.parametrize(
    ("usual", "quick", "error", "precision"),
    [
        (2.0, 1.0, 3e-7, "medium"),
        (2.0, 1.0, 2e-3, "highest"),  # bfloat16
        (2.0, 1.9, 3e-7, "highest"),  # perhaps by chance
        (1.0, 2.0, 3e-7, "highest"),
    ],
)
def test_quick_products_must_be_exact_and_quick(usual, quick, error, precision):
    assert chosen(usual, quick, error) == precision


def test_the_setting_is_put_back():
    before = torch.get_float32_matmul_precision()
    with products("medium"):
        assert torch.get_float32_matmul_precision() == "medium"
    assert measured(32, 16, torch.device("cpu")) in ("highest", "medium")
    assert torch.get_float32_matmul_precision() == before


def test_what_is_measured_is_as_exact_as_float32():
    left, right = torch.randn(2, 256, 256, generator=torch.Generator().manual_seed(0))
    with products(measured(256, 256, torch.device("cpu"))):
        error = (left @ right - left.double() @ right.double()).norm() / (left @ right).norm()
    assert error < 1e-5
