"""WGAN paper, figure 4, on images: the JS estimate of the standard GAN, with samples under it.

The discriminator of a GAN tells a lower bound of JS, 1/2 L + log 2. The paper's point is that this
curve does not follow the quality of samples, where the critic gap of figure 3 does. The same pairs
of networks as in `wgan_fig3`, where more is told of how they are shown; the paper does not tell
its rates. `wgan_fig8` shows the generator's cost in these runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from figures import wgan_claims
from figures.wgan_fig3 import curves, draw_curves, told
from wganlab import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def compute(profile: str) -> dict[str, np.ndarray]:
    """The curves and sheets of all runs."""
    return curves("gan", profile)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a run: the JS estimate, exact EM, and generated images under them."""
    figure, shown = draw_curves(arrays, "estimate", "JS estimate", critic="discriminator")
    for axes, raw in zip(shown, arrays["estimate"], strict=True):
        axes.axhline(np.log(2), color="0.2", linestyle=":", lw=1.3)
        axes.set_ylim(min(-0.25, 1.05 * raw.min()), 0.8)
    shown[0].text(0.01 * arrays["iteration"][-1], np.log(2) + 0.02, "log 2")
    wgan_claims.above(figure, wgan_claims.tells_nothing(arrays, "estimate", "JS estimate"))
    plots.caption(figure, f"{told(arrays)} Dotted: log 2, the largest JS there is.", width=225)
    return figure
