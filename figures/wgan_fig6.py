"""WGAN paper, figure 6, on images: a generator of constant filters and without batch norm.

In the paper a WGAN learns with that generator and a standard GAN does not. At the smaller profiles
the critics have no batch norm either (`wgan_images.plain`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from figures import wgan_images
from figures.wgan_fig5 import draw_sheets, pictured, told
from wganlab import plots

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

THERE = "there the WGAN learns and the GAN does not"


def compute(profile: str) -> dict[str, np.ndarray]:
    """The sheets, with what is known of them."""
    return pictured("constant", profile)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Three sheets, real, WGAN and GAN, with their classes under them."""
    figure = draw_sheets(arrays, "constant filters, no batch norm")
    plots.caption(figure, f"{told(arrays)} {wgan_images.PAPER}; {THERE}.", width=225)
    return figure
