"""WGAN paper, figure 7, on images: an MLP of ReLU units as the generator.

In the paper a standard GAN shows mode collapse with it, and a WGAN does not. These are the runs of
figures 3 and 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from figures import wgan_images
from figures.wgan_fig5 import draw_sheets, pictured, told
from wganlab import plots

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

THERE = "there the GAN shows mode collapse and the WGAN does not"


def compute(profile: str) -> dict[str, np.ndarray]:
    """The sheets, with what is known of them."""
    return pictured("mlp", profile)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Three sheets, real, WGAN and GAN, with their classes under them."""
    figure = draw_sheets(arrays, "MLP generator")
    plots.caption(figure, f"{told(arrays)} {wgan_images.PAPER}; {THERE}.", width=225)
    return figure
