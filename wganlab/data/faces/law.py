"""The law of faces, to train on: new ones in every batch, without end, on any device.

Beside it there is a set of 20,000, drawn once (`images("faces")`): its tenth that is held out is
what a generator is judged by, and its other images are what a run of `points` is trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from wganlab.data import checks
from wganlab.data.faces.sprites import BACKGROUND, SIDE, Choices, sprites
from wganlab.data.image_laws import ImageLaw
from wganlab.data.image_sources import images

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wganlab.data.image_sources import Color


class FaceLaw(ImageLaw):
    """Pixel-art faces of independent attributes (`wganlab.data.faces`).

    Parameters
    ----------
    size : int
        Side in pixels: 16, or a multiple of it, whose pixels are repeated; 8 and 4 are averages.
    color : str
        "auto", which is "rgb", or "grey".
    held_out : int
        Faces to hold out, of a set of 20,000; 0 for 2,000.

    Raises
    ------
    ValueError
        If there are no faces of that size.

    Examples
    --------
    >>> law = FaceLaw()
    >>> law.shape, law.sample(64, torch.Generator().manual_seed(0)).shape
    ((3, 16, 16), torch.Size([64, 3, 16, 16]))
    """

    endless = True

    def __init__(
        self, size: int | None = None, color: Color = "auto", *, held_out: int = 0
    ) -> None:
        super().__init__(images("faces", size, color=color), held_out=held_out)
        self._paints: dict[torch.device, Paints] = {}

    @property
    def uniforms(self) -> int:
        """Uniform numbers that make a face (`of_uniforms`)."""
        return len(sprites().attributes)

    def sample(self, n: int, generator: Generator) -> Tensor:
        """n new faces: float32 in [-1, 1] on the generator's device, shape (n, c, h, w)."""
        checks.whole(1, n=n)
        device = generator.device
        u = torch.rand((n, self.uniforms), generator=generator, device=device)
        return self.of_uniforms(u)

    def of_uniforms(self, u: Tensor) -> Tensor:
        """The faces that uniform numbers choose: (n, uniforms) to (n, c, h, w).

        Raises
        ------
        ValueError
            If a face is not made of as many.
        """
        if u.dim() != 2 or u.shape[1] != self.uniforms:
            raise ValueError(
                f"u has shape {tuple(u.shape)}: a face is made of {self.uniforms} uniform numbers"
            )
        if u.device not in self._paints:
            self._paints[u.device] = Paints.on(u.device)
        paints = self._paints[u.device]
        levels = paints.levels(paints.choices(u)).round()  # (n, 256, 3)
        levels = _sized(levels.reshape(-1, SIDE, SIDE, 3), self.shape[1])
        if self.shape[0] == 1:
            levels = _grey(levels)
        return levels.permute(0, 3, 1, 2).float() / 127.5 - 1


@dataclass(frozen=True, eq=False)
class Paints:
    """What faces are painted with, on a device: the tables of `sprites`, on the pixels that count.

    In float64, so that the bytes are those of `Sprites.drawn`.
    """

    ground: Tensor
    """Levels of the backgrounds, shape (backgrounds, 3)."""
    layers: tuple[tuple[Tensor, Tensor, Tensor], ...]
    """Of each the pixels that it touches (p,), what it leaves of those below (forms, p, 1), and
    what it adds (forms, colors, p, 3)."""

    edges: dict[str, Tensor]
    """As `Sprites.edges`."""

    @classmethod
    def on(cls, device: torch.device) -> Paints:
        """There."""

        def there(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(array).to(device)

        layers = []
        for layer in sprites().layers:
            pixels = np.flatnonzero(layer.alpha.any(axis=0))
            left, paint = 1 - layer.alpha[:, pixels, None], layer.paint[:, :, pixels]
            layers.append((there(pixels), there(left), there(paint)))
        edges = {name: there(edge) for name, edge in sprites().edges.items()}
        return cls(there(sprites().ground), tuple(layers), edges)

    def choices(self, u: Tensor) -> Choices:
        """As `Sprites.choices`."""
        columns = zip(self.edges.items(), u.double().T.contiguous(), strict=True)
        return {name: torch.bucketize(part, edges, right=True) for (name, edges), part in columns}

    def levels(self, choices: Choices) -> Tensor:
        """Faces before they are rounded: (n, 256, 3)."""
        levels = self.ground[choices[BACKGROUND]][:, None].repeat(1, SIDE**2, 1)
        for layer, (pixels, left, paint) in zip(sprites().layers, self.layers, strict=True):
            form = layer.form(choices)
            levels[:, pixels] = levels[:, pixels] * left[form] + paint[form, choices[layer.color]]
        return levels


def _sized(levels: Tensor, side: int) -> Tensor:
    """Faces of another size, (n, side, side, 3): pixels repeated, or averages of blocks."""
    if side >= SIDE:
        k = side // SIDE
        return levels.repeat_interleave(k, dim=1).repeat_interleave(k, dim=2)
    k = SIDE // side
    return levels.reshape(-1, side, k, side, k, 3).mean(dim=(2, 4)).round()


def _grey(levels: Tensor) -> Tensor:
    """As `pixels.recolored` has it: (n, h, w, 1)."""
    red, green, blue = levels.long().unbind(dim=3)
    return ((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16)[..., None]
