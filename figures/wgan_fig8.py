"""WGAN paper, figure 8, on images: the generator's cost of the standard GAN, with samples under it.

The runs of `wgan_fig4`: -E log D(fake), which the generator minimizes, does not follow the quality
of samples either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from figures import wgan_claims
from figures.wgan_fig3 import draw_curves, told
from figures.wgan_fig4 import compute
from wganlab import plots

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

__all__ = ["compute", "draw"]  # the arrays are those of figure 4


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a run: the generator's cost, exact EM, and generated images under them."""
    label = "generator's cost -E log D(fake)"
    figure, _ = draw_curves(arrays, "cost", label, critic="discriminator")
    sentence = wgan_claims.tells_nothing(arrays, "cost", "generator's cost")
    wgan_claims.above(figure, sentence)
    plots.caption(figure, told(arrays), width=225)
    return figure
