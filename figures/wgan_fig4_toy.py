"""WGAN paper, figure 4, on a toy: the JS estimate of the standard GAN, with exact EM below it.

The discriminator of a GAN tells a lower bound of JS, 1/2 L + log 2. The paper's point is that this
curve does not follow the quality of samples, where the critic gap of figure 3 does. The same three
pairs of networks as in `wgan_fig3_toy`; `wgan_fig8_toy` shows the generator's cost in these runs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.wgan_fig3_toy import SIZES, common_text, draw_runs, together
from wganlab import learned, plots
from wganlab.learned import PRESETS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FACTOR = 10  # of the failing run's rates
RATE = {"quick": 1e-3, "laptop": 1e-3, "paper": 2e-4}
BETAS = (0.5, 0.999)


def compute(profile: str) -> dict[str, np.ndarray]:
    """The curves and sheets of all runs."""
    size, rate = SIZES[profile], RATE[profile]
    configs = []
    for (generator, critic), lr in zip(size.networks(), (rate, rate, FACTOR * rate), strict=True):
        adam = learned.Optimizer(lr=lr, betas=BETAS)
        configs.append(
            replace(
                PRESETS["gan"],
                generator=generator,
                critic=critic,
                critic_optimizer=adam,
                generator_optimizer=adam,
            )
        )
    return together(configs, size, profile)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a run: the JS estimate, exact EM, and generated points under them."""
    figure, shown = draw_runs(arrays, "estimate", "JS estimate", share=True, critic="discriminator")
    for axes in shown:
        axes.axhline(np.log(2), color="0.2", linestyle=":", lw=1.3)
        axes.set_ylim(-0.25, 0.8)
    shown[0].text(0.01 * arrays["iteration"][-1], np.log(2) + 0.02, "log 2")
    plots.caption(figure, f"{told(arrays)} Dotted: log 2, the largest JS there is.", width=225)
    return figure


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption of this figure and of figure 8."""
    return (
        f"{common_text(arrays)} Non-saturating GAN, one discriminator step an iteration, Adam "
        f"{BETAS} at {arrays['rates'][0]:g}, in the run on the right at {arrays['rates'][2]:g}. "
        "The paper: images of bedrooms, MLP and DCGAN networks of 64 x 64 pixels, one run each; "
        "its rates are not told."
    )
