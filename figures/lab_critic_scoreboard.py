"""Learned critics beside the exact distance: every method over the known pairs, seeds as dots.

The raw estimate, as each method offers it, over the exact EM of the same two clouds; then what
makes methods comparable: the gap over the slope, the certificate, and the cosine between the
critic's gradient and the exact critic's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab import compare, exact, plots
from wganlab.learned import METHODS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

known = exact.known
PAIRS = {
    "parallel lines, θ = 1": known.ParallelLines(1.0),
    "U[2, 4] and U[0, 1]": known.Uniforms((2, 4), (0, 1)),
    "N(0, 1) and N(1, 4)": known.Normals((0, 1), (1, 2)),
    "Gaussians, shifted": known.Gaussians((0, 0), (1, 1)),
    "Gaussians, rescaled": known.ScaledGaussians(real=1.0, fake=2.0, dimension=2),
    "circles of radius 1 and 2": known.Spheres(),
    "atoms and circles about them": known.Cones(),
    "funnels": known.Funnels(dimension=2),
}
NAMES = {
    "gp": "gradient penalty",
    "lp": "one-sided penalty",
    "clip": "weight clipping",
    "sn": "spectral norm, ReLU",
    "orthonormal": "orthonormal, MaxMin",
    "cones": "cones",
    "ctransform": "c-transform",
}
STYLES: dict[str, dict[str, Any]] = {
    "gp": {"color": "#D55E00", "marker": "^"},
    "lp": {"color": "#E69F00", "marker": "v"},
    "clip": {"color": "#CC79A7", "marker": "X"},
    "sn": {"color": "#56B4E9", "marker": "s"},
    "orthonormal": {"color": "#009E73", "marker": "D"},
    "cones": {"color": "#444444", "marker": "P"},
    "ctransform": {"color": "#0072B2", "marker": "o"},
}
STEPS = {"quick": 6, "laptop": 500, "paper": 5000}
POINTS = {"quick": 40, "laptop": 500, "paper": 2000}
SEEDS = {"quick": 1, "laptop": 2, "paper": 8}
PANELS = {
    "estimate": "raw estimate / exact EM",
    "gap_over_slope": "(gap / slope) / exact EM",
    "certificate": "certificate / exact EM",
    "cosine": "gradient cosine",
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """One array (pairs, methods, seeds) a panel."""
    methods = {name: replace(METHODS[name], steps=STEPS[profile]) for name in NAMES}
    board = compare.scoreboard(PAIRS, methods, SEEDS[profile], n=POINTS[profile], progress=False)
    shape = (len(PAIRS), len(NAMES), SEEDS[profile])
    truth = np.reshape([row.exact for row in board.rows], shape)
    arrays = {
        name: np.reshape([getattr(row, name) for row in board.rows], shape)
        / (1.0 if name == "cosine" else truth)
        for name in PANELS
    }
    return {**arrays, "n": np.array(POINTS[profile]), "steps": np.array(STEPS[profile])}


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Four panels side by side, one lane a method within every pair."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(
        1, 4, figsize=(14, 9), sharey=True, gridspec_kw={"width_ratios": [1.5, 1, 1, 1]}
    )
    for axes, (name, title) in zip(panels, PANELS.items(), strict=True):
        draw_panel(axes, arrays[name])
        axes.set(title=title, xlim=(-1.15, 1.25))
    panels[0].set_yticks(np.arange(len(PAIRS)), list(PAIRS))
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(NAMES))
    clipped = arrays["estimate"][:, list(NAMES).index("clip")]
    plots.caption(
        figure,
        f"{arrays['n']} points of each law, exact EM of the same clouds by linear program, "
        f"{arrays['steps']} steps a critic, {arrays['cosine'].shape[2]} seeds (a dot each; of the "
        "clouds, the weights and the batches), the ready-made methods of wganlab.learned on the "
        "CPU. The raw estimate is the critic gap (left of 0 it has the wrong sign; under clipping "
        f"it is {clipped.min():.0e} to {clipped.max():.0e} of EM); that of the c-transform, which "
        "uses its critic at the real points alone, is its certificate. The "
        "certificate is a lower bound for any critic. Cosine: along the way of the mass, mean over "
        "1,000 points. A figure of this lab.",
        width=185,
    )
    return figure


def draw_panel(axes: Axes, values: np.ndarray) -> None:
    """Dots of one quantity, shape (pairs, methods, seeds)."""
    lanes = np.linspace(-0.33, 0.33, len(NAMES))
    axes.axvline(1.0, **plots.EXACT, lw=1)
    axes.axvline(0.0, color="0.8", lw=1, zorder=0)
    for number, method in enumerate(NAMES):
        height = np.arange(len(PAIRS))[:, None] + lanes[number] + np.zeros(values.shape[2])
        axes.plot(
            values[:, number].ravel(),
            height.ravel(),
            **STYLES[method],
            linestyle="none",
            alpha=0.8,
            label=NAMES[method],
        )
    for row in range(1, len(PAIRS)):
        axes.axhline(row - 0.5, color="0.9", lw=1, zorder=0)
