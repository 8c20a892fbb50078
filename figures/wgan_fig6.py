"""WGAN paper, figure 6, on images: a generator of constant filters and without batch norm.

In the paper a WGAN learns with that generator and a standard GAN does not. The critics are DCGANs
with batch norm, as in the authors' code; the generator's weights start by He (`wgan_images`).
`wgan_fig5` tells what the sheets and bars are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from figures import wgan_claims
from figures.wgan_fig5 import draw_sheets, pictured, told
from wganlab import plots

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


def compute(profile: str) -> dict[str, np.ndarray]:
    """The sheets, with what is known of them."""
    return pictured("constant", profile)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Three sheets, real, WGAN and GAN, with their attributes or classes under them."""
    figure = draw_sheets(arrays, "constant filters, no batch norm", wgan_claims.without_norm)
    plots.caption(figure, told(arrays), width=225)
    return figure
