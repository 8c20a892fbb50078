"""Chains of convolutions and ReLUs: values and slopes, with their derivatives written by hand.

As `by_hand` has it for linear layers, of which a convolution is one. The slope at a point depends
on the point through the ReLUs' bends alone, whose derivative is 0; autograd computes that 0 all the
same, by a pass back through every layer, and the derivatives of the weights by convolutions that
CPUs are slow at. The numbers are autograd's, up to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from wganlab.learned.fast.by_hand import Passed, bent_, through
from wganlab.learned.networks.chain import chain
from wganlab.learned.networks.few_channels import FEW, spread


class ConvolutionChain(NamedTuple):
    """A network x_L = W_L x_(L-1) with x_l = a_l(W_l x_(l-1)), convolutions W_l, (leaky) ReLUs a_l.

    Its methods are those of `by_hand.Chain`; there are no biases.
    """

    leaks: tuple[float, ...]
    """Slope of a_1, ..., a_(L-1) below 0."""
    layers: list[nn.Conv2d]
    """Their strides and paddings."""
    weights: list[Tensor]
    """W_1, ..., W_L, of shapes (outputs, inputs, side, side)."""

    @property
    def biases(self) -> list[Tensor]:
        """None."""
        return []

    @torch.no_grad()
    def values(self, points: Tensor) -> Passed:
        """The network at images (k, c, h, w): (k, 1); ValueError if it has more outputs."""
        x = points.contiguous(memory_format=torch.channels_last)
        inner = [x]
        for leak, layer, weight in zip(self.leaks, self.layers, self.weights, strict=False):
            x = bent_(conv2d(x, weight, None, layer.stride, layer.padding), leak)
            inner.append(x)
        last = self.layers[-1]
        f = conv2d(x, self.weights[-1], None, last.stride, last.padding).flatten(1)
        if f.shape[1] != 1:
            raise ValueError(
                f"the critic maps {len(points)} images to an output of shape {tuple(f.shape)}: it "
                "must return one number for each image, shape (n,) or (n, 1)"
            )
        return Passed(f, inner)

    @torch.no_grad()
    def values_backward(self, g: Tensor, passed: Passed) -> tuple[list[Tensor], list[Tensor]]:
        """Derivatives of sum(g * values) in weights and biases; g of shape (k, 1)."""
        weights = []
        g = g[:, :, None, None]
        for layer in reversed(range(len(self.weights))):
            weights.append(self._of_weight(layer, passed.inner[layer], g))
            if layer:
                g = self._down(layer, g, passed.inner[layer])
                g = through(g, passed.inner[layer], self.leaks[layer - 1])
        return weights[::-1], []

    @torch.no_grad()
    def points_backward(self, g: Tensor, passed: Passed) -> Tensor:
        """Derivative of sum(g * values) in the images, (k, c, h, w); g of shape (k, 1)."""
        g = g[:, :, None, None]
        for layer in reversed(range(len(self.weights))):
            g = self._down(layer, g, passed.inner[layer])
            if layer:
                g = through(g, passed.inner[layer], self.leaks[layer - 1])
        return g

    @torch.no_grad()
    def slopes(self, points: Tensor) -> Passed:
        """The gradient of the only output at images (k, c, h, w): the same shape."""
        inner = self.values(points).inner
        g = inner[0].new_ones(len(points), 1, 1, 1)
        bows = [g]
        for layer in reversed(range(1, len(self.weights))):
            g = through(self._down(layer, g, inner[layer]), inner[layer], self.leaks[layer - 1])
            bows.append(g)
        return Passed(self._down(0, g, inner[0]), [*inner[1:], *reversed(bows)])

    @torch.no_grad()
    def slopes_backward(self, h: Tensor, passed: Passed) -> list[Tensor]:
        """Derivatives of sum(h * slopes) in the weights; h of shape (k, c, h, w)."""
        hidden = len(self.leaks)
        bent, bows = passed.inner[:hidden], passed.inner[hidden:]
        h = h.contiguous(memory_format=torch.channels_last)
        weights = []
        for number, g in enumerate(bows):
            weights.append(self._of_weight(number, h, g))
            if number < hidden:
                layer = self.layers[number]
                h = conv2d(h, self.weights[number], None, layer.stride, layer.padding)
                h = through(h, bent[number], self.leaks[number])
        return weights

    def _down(self, number: int, g: Tensor, x: Tensor) -> Tensor:
        """The layer's transpose at g, where its input was x."""
        layer, weight = self.layers[number], self.weights[number]
        if x.shape[2:] == weight.shape[2:] and layer.padding == (0, 0):  # a product, to all of x
            flat = g.flatten(1) @ weight.flatten(1)
            return flat.view(x.shape).contiguous(memory_format=torch.channels_last)
        if weight.shape[1] <= FEW and g.device.type == "cpu":
            return spread(g, weight, x.shape[2:], layer.stride, layer.padding)
        padding = (int(layer.padding[0]), int(layer.padding[1]))
        reached = [
            (g.shape[2 + k] - 1) * layer.stride[k] - 2 * padding[k] + weight.shape[2 + k]
            for k in range(2)
        ]
        rest = (x.shape[2] - reached[0], x.shape[3] - reached[1])
        return conv_transpose2d(g, weight, None, layer.stride, padding, rest)

    def _of_weight(self, number: int, x: Tensor, g: Tensor) -> Tensor:
        """Derivative of sum(g * (W x)) in W."""
        layer, weight = self.layers[number], self.weights[number]
        stride, padding = layer.stride, layer.padding
        wanted = [False, True, False]
        made = torch.ops.aten.convolution_backward(
            g, x, weight, None, stride, padding, (1, 1), False, (0, 0), 1, wanted
        )
        return made[1]


class ConvolutionLinks(NamedTuple):
    """The modules of a chain."""

    leaks: tuple[float, ...]
    layers: list[nn.Conv2d]

    def chain(self) -> ConvolutionChain:
        """The chain with the weights of now; parametrized ones are made by this."""
        return ConvolutionChain(self.leaks, self.layers, [layer.weight for layer in self.layers])


def convolution_links(network: nn.Module) -> ConvolutionLinks | None:
    """The network's modules if it is a chain of convolutions and ReLUs to one value; else None."""
    if any(part._backward_hooks or part._backward_pre_hooks for part in network.modules()):
        return None
    parts = chain(network) or []
    if len(parts) < 2 or type(parts[-1]) is not nn.Flatten:
        return None
    layers, bends = parts[:-1:2], parts[1:-1:2]
    if len(layers) != len(bends) + 1 or not all(map(_is_plain, layers)):
        return None
    if not all(type(bend) in (nn.ReLU, nn.LeakyReLU) for bend in bends):
        return None
    leaks = tuple(getattr(bend, "negative_slope", 0.0) for bend in bends)
    if any(leak < 0 for leak in leaks):
        return None
    return ConvolutionLinks(leaks, [layer for layer in layers if isinstance(layer, nn.Conv2d)])


def _is_plain(layer: nn.Module) -> bool:
    """Is it a convolution without bias, groups and holes?"""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.bias is None
        and (layer.groups, layer.dilation) == (1, (1, 1))
        and not isinstance(layer.padding, str)
    )
