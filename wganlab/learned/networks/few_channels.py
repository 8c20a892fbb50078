"""Convolutions from and to a few channels, which CPUs are slow at: products of patches instead.

A convolution of an image with 1 or 3 channels spreads every value of its result over a patch of
pixels on the way back. The library that torch asks for that on CPUs works on channels in blocks of
8 or 16, most of which are empty here, and takes 5 to 25 times as long as the product of values and
weights with the sum of the patches (`fold`). The numbers are the same up to rounding; on GPUs the
layers are torch's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, fold
from torch.nn.grad import conv2d_weight

FEW = 4  # channels


class Conv2d(nn.Conv2d):
    """Torch's; of a few channels with a quick way back, where it has no more than its weights."""

    def forward(self, input: Tensor) -> Tensor:
        """Images (n, inputs, h, w) to (n, outputs, h', w')."""
        if not (_is_plain(self) and self.in_channels <= FEW and input.requires_grad):
            return super().forward(input)
        result: Tensor = _Conv2d.apply(input, self.weight, self.stride, self.padding)
        return result if self.bias is None else result + self.bias[:, None, None]


class ConvTranspose2d(nn.ConvTranspose2d):
    """Torch's; to a few channels by a product and the sum of the patches, likewise."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Images (n, inputs, h, w) to (n, outputs, h', w')."""
        if not (_is_plain(self) and self.out_channels <= FEW and output_size is None):
            return super().forward(input, output_size)
        size = [
            (input.shape[2 + k] - 1) * self.stride[k]
            - 2 * int(self.padding[k])
            + self.kernel_size[k]
            + self.output_padding[k]
            for k in range(2)
        ]
        result = spread(input, self.weight, size, self.stride, self.padding)
        return result if self.bias is None else result + self.bias[:, None, None]


def _is_plain(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Is it on a CPU in full precision, without groups, holes, and other paddings?"""
    return (
        layer.weight.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and (layer.groups, layer.dilation, layer.padding_mode) == (1, (1, 1), "zeros")
    )


class _Conv2d(torch.autograd.Function):
    """A convolution whose derivative in its input is `spread`; it can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: Any, padding: Any) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return conv2d(x, weight, None, stride, padding)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (g,) = gradients
        x, weight = ctx.saved_tensors
        dx = dweight = None
        if ctx.needs_input_grad[0]:
            dx = spread(g, weight, x.shape[2:], ctx.stride, ctx.padding)
        if ctx.needs_input_grad[1]:
            dweight = conv2d_weight(x, weight.shape, g, ctx.stride, ctx.padding)
        return dx, dweight, None, None


def spread(g: Tensor, weight: Tensor, size: Any, stride: Any, padding: Any) -> Tensor:
    """Values (n, k, h', w') times weights (k, c, i, j), summed where patches overlap.

    The transpose of a convolution with these weights, shape (n, c, *size).
    """
    patches = weight.flatten(1).T @ g.flatten(2)  # (n, c i j, h' w')
    return fold(patches, tuple(size), weight.shape[2:], padding=padding, stride=stride)
