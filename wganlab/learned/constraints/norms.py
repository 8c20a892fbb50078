"""Constraints in the layers: spectral norm, and orthonormal weights.

A chain of layers of norm 1 and activations of slope 1 is 1-Lipschitz by construction. What it can
reach depends on the activation: gradients that pass a ReLU shrink, those that pass a sort do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.networks.network import NORMS

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class SpectralNorm(Constraint):
    """Every linear or convolutional weight is divided by its spectral norm (Miyato et al. 2018).

    The norm is tracked by one power iteration a step, and computed exactly after the last one.
    With activations of slope at most 1 the critic is then 1-Lipschitz; ReLU lets gradients shrink,
    so the gap stays below W1 where the optimal critic bends.
    """

    in_weights: ClassVar[bool] = True

    def check(self, critic: nn.Module) -> None:
        """Networks with layer or batch norm are refused."""
        _refuse_norms(critic, "spectral norm")
        refuse_made(critic, "spectral norm")

    def prepare(self, critic: nn.Module) -> None:
        """Parametrize the weights, then run the power iteration until it holds."""
        for layer in _weighted(critic):
            parametrizations.spectral_norm(layer)

    def finish(self, critic: nn.Module) -> None:
        """Divide by the exact norm; a convolution's is that of its matrix, see `bounds`."""
        for layer in _weighted(critic):
            raw = layer.parametrizations.weight.original.detach().double()
            parametrize.remove_parametrizations(layer, "weight")
            with torch.no_grad():
                layer.weight.copy_(raw / torch.linalg.matrix_norm(raw.flatten(1), 2))


@dataclass(frozen=True)
class Orthonormal(Constraint):
    """Every layer has singular values 1 (Anil, Lucas, Grosse 2019).

    Layers are linear, or convolutions whose patches tile the image: then the matrix from a patch
    to its outputs is orthonormal, and so is the layer. With an activation that only permutes
    (MaxMin, GroupSort) the network is 1-Lipschitz by construction and can reach slope 1
    everywhere, so the gap is a lower bound of W1 that training brings close to it. With ReLU it
    cannot, and stops short.

    It is kept by a retraction: the optimizer is given the part of the gradient along which the
    weights stay orthonormal, and what it makes is brought back by a QR decomposition (Absil,
    Mahony, Sepulchre 2008, chapter 4).
    """

    in_weights: ClassVar[bool] = True

    def check(self, critic: nn.Module) -> None:
        """Networks with layer or batch norm, or with overlapping convolutions, are refused."""
        _refuse_norms(critic, "an orthonormal critic")
        refuse_made(critic, "an orthonormal critic")
        convolutions = [part for part in _weighted(critic) if not isinstance(part, nn.Linear)]
        if not all(tiles(layer) for layer in convolutions):
            raise ValueError(
                "orthonormal weights make an orthonormal convolution where its patches tile the "
                "image, kernel = stride and no padding: take PatchConfig() or FoldConfig(); for "
                "convolutions that overlap use SpectralNorm() or GradientPenalty()"
            )

    def prepare(self, critic: nn.Module) -> None:
        """To the nearest orthonormal weights."""
        self.finish(critic)

    @torch.no_grad()
    def before_step(self, critic: nn.Module) -> None:
        """Gradients along the orthonormal matrices."""
        for weights in self._retracted(critic):
            q, gradient = _tall(weights), _tall([weight.grad for weight in weights])
            product = q.mT @ gradient
            gradient = gradient - q @ (product + product.mT) / 2
            _copy([weight.grad for weight in weights], gradient)

    @torch.no_grad()
    def after_step(self, critic: nn.Module) -> None:
        """Weights that are orthonormal again."""
        for weights in self._retracted(critic):
            q, r = torch.linalg.qr(_tall(weights))
            negative = r.diagonal(dim1=-2, dim2=-1) < 0  # a decomposition is unique up to signs
            _copy(weights, torch.where(negative[:, None], -q, q))

    @torch.no_grad()
    def finish(self, critic: nn.Module) -> None:
        """Weights that are orthonormal to rounding."""
        for layer in _weighted(critic):
            layer.weight.copy_(polar(layer.weight))

    def _retracted(self, critic: nn.Module) -> list[list[Tensor]]:
        """Trained weights in groups of one shape, which are decomposed together."""
        groups: dict[torch.Size, list[Tensor]] = {}
        for layer in _weighted(critic):
            if layer.weight.grad is not None:
                shape = layer.weight.flatten(1).shape
                groups.setdefault(shape, []).append(layer.weight)
        return list(groups.values())


def _tall(weights: list[Any]) -> Tensor:
    """Weights as matrices of one shape, a batch; those with more columns than rows transposed."""
    stacked = torch.stack([weight.flatten(1) for weight in weights])
    return stacked.mT if stacked.shape[1] < stacked.shape[2] else stacked


def _copy(weights: list[Any], tall: Tensor) -> None:
    """Undo `_tall`, in place."""
    first = weights[0].flatten(1)
    matrices = tall.mT if first.shape[0] < first.shape[1] else tall
    pairs = zip(weights, matrices, strict=True)
    torch._foreach_copy_(weights, [matrix.reshape(weight.shape) for weight, matrix in pairs])


@torch.no_grad()
def polar(weight: Tensor) -> Tensor:
    """The orthonormal matrix nearest to `weight`, by singular values, float64; its shape kept."""
    u, _, v = torch.linalg.svd(weight.double().flatten(1), full_matrices=False)
    return (u @ v).reshape(weight.shape)


def tiles(layer: nn.Module) -> bool:
    """Do the patches of a convolution tile its input, so that it is its matrix, patch by patch?"""
    if not isinstance(layer, nn.Conv2d):
        return False
    return (
        layer.kernel_size == layer.stride
        and layer.padding in ((0, 0), "valid")
        and layer.dilation == (1, 1)
        and layer.groups == 1
    )


def _weighted(critic: nn.Module) -> list[Any]:
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    return [part for part in critic.modules() if isinstance(part, kinds)]


def refuse_made(critic: nn.Module, what: str) -> None:
    """ValueError where a weight is made of others: what is put there does not stay."""
    layer = made(critic)
    if layer is not None:
        raise ValueError(
            f"{what} sets the weights of {type(critic).__name__}, and those of its "
            f"{type(layer).__name__} are made by a parametrization of its own (spectral_norm, "
            "weight_norm, orthogonal): train it under NoConstraint(), the constraint none"
        )


def made(critic: nn.Module) -> nn.Module | None:
    """A layer whose weight is made of others, as torch's spectral_norm makes it; None for none."""
    return next(
        (
            layer
            for layer in _weighted(critic)
            if parametrize.is_parametrized(layer) or "weight" not in layer._parameters
        ),
        None,
    )


def _refuse_norms(critic: nn.Module, what: str) -> None:
    if any(isinstance(part, NORMS) for part in critic.modules()):
        raise ValueError(
            f"{what} is to have slope at most 1, and layer or batch norm multiplies it by an "
            "unbounded factor: build the critic without, MLPConfig(norm='none') or "
            "DCGANConfig(norm='none')"
        )
