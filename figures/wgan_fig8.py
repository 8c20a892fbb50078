"""WGAN paper, figure 8, on images: the generator's cost of the standard GAN, with samples under it.

The runs of `wgan_fig4`: -E log D(fake), which the generator minimizes, does not follow the quality
of samples either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from figures import wgan_fig4
from figures.wgan_fig3 import draw_curves
from wganlab import plots

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


def compute(profile: str) -> dict[str, np.ndarray]:
    """The curves and sheets of all runs, which are those of figure 4."""
    return wgan_fig4.compute(profile)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a run: the generator's cost, exact EM, and generated images under them."""
    label = "generator's cost -E log D(fake)"
    figure, _ = draw_curves(arrays, "cost", label, critic="discriminator")
    plots.caption(figure, wgan_fig4.told(arrays), width=225)
    return figure
