"""WGAN paper, figure 7, on images: an MLP of ReLU units as the generator.

In the paper a standard GAN shows mode collapse with it, and a WGAN does not. These are the runs of
figures 3 and 4. The MLP has no tanh at its end, as in the authors' code, and the critics' batch
norm hardly sees how large pixels are: they may leave [-1, 1] by far, which exact EM tells and the
sheets cut off. `wgan_fig5` tells what the sheets and bars are.
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
    return pictured("mlp", profile)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Three sheets, real, WGAN and GAN, with their attributes or classes under them."""
    figure = draw_sheets(arrays, "MLP generator", wgan_claims.only_gan_collapses)
    plots.caption(figure, told(arrays), width=225)
    return figure
