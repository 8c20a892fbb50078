"""What an observer sees of a training run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Generator, Tensor, nn

from wganlab.data.image_tensors import as_bytes
from wganlab.data.language import codes_of
from wganlab.learned.batch import Batch, at_once, values
from wganlab.learned.networks.labelled import one_hot
from wganlab.learned.runs.config import TrainConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.data.set_laws import SetLaw
    from wganlab.data.toys import Toy

Row = dict[str, float]  # one observation of a run, by the names of metrics.csv

SHOWN = 1000  # points of an observation
SHEET = 64  # images of it that are kept


@dataclass(frozen=True, eq=False)
class View:
    """What an observer sees: both networks in evaluation mode, and points that no step sees.

    The points are drawn with a generator of their own, so nothing that is observed, or how often,
    changes what is trained. Real points and the noise of the generated ones are the same at each
    look, so what changes between two rows is the networks, not the sample.
    """

    config: TrainConfig
    """Of the run."""
    iteration: int
    """Steps of the generator so far."""
    law: Toy | SetLaw
    """The real law."""
    critic: nn.Module | None
    """The critic, or the discriminator's logit; None where the objective has none."""
    generator: nn.Module
    """The generator, or its average."""
    real: Tensor
    """Real points: those of training where they are fixed, else others; shape (n, dim). Of images
    and text some of those of training, shape (n, c, h, w) or (n, characters, length), as below."""
    held_out: Tensor
    """More real points that no step sees, shape (n, dim)."""
    fake: Tensor
    """Generated points, shape (n, dim); with labels of each class in turn."""
    classes: tuple[str, ...] = ()
    """Names of the classes that the generator is told; none without labels."""

    def f(self, points: Tensor) -> Tensor:
        """The critic's values at points of shape (k, dim), without gradient: (k,).

        Raises
        ------
        ValueError
            If the objective has no critic.
        """
        if self.critic is None:
            raise ValueError(f"objective {self.config.objective} has no critic: it has no values")
        with torch.no_grad():
            parts = points.split(at_once(points.shape[1:]))
            return torch.cat([values(self.critic, part) for part in parts])

    def batch(self, real: Tensor, fake: Tensor) -> Batch:
        """Points of shapes (k, dim) and (m, dim) with the critic's values, without gradient.

        Without a critic there are no values, and as many points as in a batch of training: the
        distance of two batches depends on their size.
        """
        if self.critic is None:
            none, size = real.new_empty(0), self.config.batch
            return Batch(real[:size], fake[:size], none, none)
        return Batch(real, fake, self.f(real), self.f(fake))


Observer = Callable[[View], Row]


def generated(
    generator: nn.Module,
    latent: int,
    n: int,
    draws: Generator,
    classes: int = 0,
    label: int | None = None,
) -> Tensor:
    """Points of a generator from fresh noise, shape (n, dim), or of images and text (n, ...).

    One that is told one of so many classes is told each in turn, or that label alone.
    """
    z = torch.randn((n, latent), generator=draws, device=draws.device)
    if classes:
        told = torch.arange(n, device=z.device) % classes
        told = told if label is None else torch.full_like(told, label)
        z = torch.cat([z, one_hot(told, classes)], dim=1)  # (n, latent + classes)
    points: Tensor = torch.cat([generator(part) for part in z.split(at_once(z.shape[1:]))])
    return points


def samples_of(points: Tensor) -> NDArray[Any]:
    """What is kept of generated points (n, dim), float32; of images the first, as bytes; of lines
    of text the likeliest codes."""
    if points.dim() == 3:
        return codes_of(points)
    images: NDArray[Any] = as_bytes(points[:SHEET]) if points.dim() == 4 else points.cpu().numpy()
    return images
