"""Matrix products of lower precision are taken where they are as exact, whatever a clock says."""

from contextlib import contextmanager

import pytest
import torch
from torch.overrides import TorchFunctionMode

from wganlab.learned.fast import precision
from wganlab.learned.fast.precision import precise, products

CPU = torch.device("cpu")


class Rounded(TorchFunctionMode):
    """Products of float32 in bfloat16, or with a relative error of that size."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function is torch.Tensor.matmul and result.dtype == torch.float32:
            return result * (1 + self.error)
        return result


@pytest.mark.parametrize(
    ("width", "error", "chosen"),
    [(256, 0.0, "medium"), (512, 2e-6, "medium"), (512, 2e-3, "highest"), (128, 0.0, "highest")],
)
def test_quick_products_must_be_exact_and_wide(width, error, chosen, monkeypatch):
    @contextmanager
    def pretended(name):
        assert name == "medium"
        with Rounded(error):
            yield

    monkeypatch.setattr(precision, "products", pretended)
    assert precise(32, width, CPU) == chosen


def test_the_setting_is_put_back():
    before = torch.get_float32_matmul_precision()
    with products("medium"):
        assert torch.get_float32_matmul_precision() == "medium"
    precise(32, 256, CPU)
    assert torch.get_float32_matmul_precision() == before


def test_what_is_chosen_is_as_exact_as_float32():
    left, right = torch.randn(2, 256, 256, generator=torch.Generator().manual_seed(0))
    with products(precise(256, 256, CPU)):
        product = left @ right
    exact = left.double() @ right.double()
    assert (product - exact).norm() / exact.norm() < 1e-5
