"""Networks that know classes: critics that tell them, generators that are told them.

A generator is told by a one-hot class behind its noise, (n, latent + classes). Where it has batch
norm, that has a scale and a shift for each class (Dumoulin et al. 2016), as the WGAN-GP authors'
code for CIFAR-10 has it; where it has none, the class is a part of what its first layer sees.

References
----------
Odena, Olah, Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", 2016, arXiv
1610.09585. Dumoulin, Shlens, Kudlur, "A Learned Representation for Artistic Style", 2016, arXiv
1610.07629. Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor


class WithClasses(nn.Module):
    """A critic whose last features also tell a class, as the discriminator of an AC-GAN.

    Called, it is a critic like any other; `both` is for training.

    Parameters
    ----------
    trunk : nn.Module
        Points (n, ...) to features (n, k).
    value : nn.Module
        Features to the critic's value, (n, 1).
    classes : nn.Module
        Features to a logit for each class, (n, classes).
    """

    def __init__(self, trunk: nn.Module, value: nn.Module, classes: nn.Module) -> None:
        super().__init__()
        self.trunk, self.value, self.classes = trunk, value, classes

    def forward(self, x: Tensor) -> Tensor:
        """Points (n, ...) to values (n, 1)."""
        value: Tensor = self.value(self.trunk(x))
        return value

    def both(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Points (n, ...) to values (n, 1) and logits of classes (n, classes)."""
        features = self.trunk(x)
        return self.value(features), self.classes(features)


class ConditionalBatchNorm(nn.Module):
    """Batch norm with a scale and a shift for each class; the moments are of all classes together.

    Examples
    --------
    >>> norm = ConditionalBatchNorm(3, classes=2)
    >>> [tuple(weight.shape) for weight in norm.parameters()]
    [(2, 3), (2, 3)]
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.moments = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Parameter(torch.ones(classes, channels))
        self.shift = nn.Parameter(torch.zeros(classes, channels))

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """Images (n, c, h, w) and their classes (n, classes), one-hot, to images of that shape."""
        scale, shift = told @ self.scale, told @ self.shift  # (n, c)
        normal: Tensor = self.moments(x) * scale[:, :, None, None]
        return normal + shift[:, :, None, None]


class Told(nn.Sequential):
    """A chain of layers from noise and a one-hot class, which some of the layers are told.

    Those are `ConditionalBatchNorm`, and blocks that hold some, whose `forward` takes the class as
    a second argument and which say so by `is_told`.
    """

    def __init__(self, classes: int, *layers: nn.Module) -> None:
        super().__init__(*layers)
        self.classes = classes

    def forward(self, input: Tensor) -> Tensor:
        """Noise and class, (n, latent + classes), to images."""
        x, told = input[:, : -self.classes], input[:, -self.classes :]
        for layer in self:
            is_told = isinstance(layer, ConditionalBatchNorm) or getattr(layer, "is_told", False)
            x = layer(x, told) if is_told else layer(x)
        return x


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Labels (n,), integers from 0, as float32 rows (n, classes) with a single 1.

    (Torch's own looks at the labels first, for which a GPU has to be waited for.)

    Examples
    --------
    >>> one_hot(torch.tensor([2, 0]), 3)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    return (labels[:, None] == torch.arange(classes, device=labels.device)).float()
