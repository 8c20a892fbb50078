"""Theorem 1 of the WGAN paper at work: theta moved by the gradient of EM, and of JS.

Between parallel lines EM has a slope everywhere but at 0, and descending it arrives. JS is flat:
its gradient is 0 wherever there is one, and theta stays. Instance noise of size sigma on both laws
gives JS a slope near 0, but only within a few sigma.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from scipy.interpolate import CubicSpline

from wganlab import exact, plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KNOTS = {"quick": 25, "laptop": 80, "paper": 200}
POINTS = {"quick": 50, "laptop": 200, "paper": 1000}
NOISES = (0.1, 0.2, 0.4)
START, RATE, STEPS = 1.0, 0.02, 120
FARTHEST = 16.0  # in units of the noise; there JS has reached log 2 to 1e-14


def compute(profile: str) -> dict[str, np.ndarray]:
    """Paths of theta, and the curves that they descend."""
    rng, n = np.random.default_rng(0), POINTS[profile]
    heights = rng.uniform(size=n)

    def slope_of_em(theta: float) -> float:
        x = np.stack([np.zeros(n), heights], axis=1)
        y = np.stack([np.full(n, theta), heights], axis=1)
        return float(exact.wasserstein(x, y).gradients()[1][:, 0].sum())

    # noise of size sigma makes both laws products with normal laws, and JS a function of
    # theta / sigma alone
    ratio = np.linspace(0, FARTHEST, KNOTS[profile])
    values = [exact.js(stats.norm(), stats.norm(r)) for r in ratio]
    js = CubicSpline(ratio, values, bc_type="clamped")  # JS is even, and flat far away
    thetas = np.linspace(-1.2, 1.2, 481)
    arrays = {
        "thetas": thetas,
        "path EM": descend(slope_of_em),
        "path JS": descend(slope_of_js),
        "n": np.array(n),
    }
    for sigma in NOISES:
        reach = FARTHEST * sigma
        arrays[f"js {sigma}"] = js(np.minimum(np.abs(thetas), reach) / sigma)
        arrays[f"path {sigma}"] = descend(partial(slope_of_smooth_js, js, sigma))
    return arrays


def slope_of_js(theta: float, step: float = 1e-6) -> float:
    """Of the closed form, which is log 2 on both sides of every theta but 0."""
    after, before = (exact.known.ParallelLines(theta + s).js for s in (step, -step))
    return (after - before) / (2 * step)


def slope_of_smooth_js(js: CubicSpline, sigma: float, theta: float) -> float:
    """With noise of size sigma: a function of |theta| / sigma, differentiated."""
    return float(js(abs(theta) / sigma, 1)) / sigma * float(np.sign(theta))


def descend(slope: Callable[[float], float]) -> np.ndarray:
    """Plain gradient descent on theta."""
    path = [START]
    for _ in range(STEPS):
        path.append(path[-1] - RATE * slope(path[-1]))
    return np.array(path)


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """The curves on the left, the descents on the right."""
    import matplotlib.pyplot as plt

    figure, (curves, paths) = plt.subplots(1, 2, figsize=(13, 5.2))
    thetas = arrays["thetas"]
    curves.plot(thetas, np.abs(thetas), **plots.EXACT, label="EM")
    paths.plot(arrays["path EM"], **plots.EXACT, label="EM")
    flat = {"color": plots.FAKE["color"], "linewidth": 2}
    curves.plot(thetas, np.where(thetas == 0, np.nan, np.log(2)), **flat, label="JS")
    curves.plot(0, 0, "o", color=flat["color"], markersize=7)
    paths.plot(arrays["path JS"], **flat, label="JS")
    for sigma, dash in zip(NOISES, ("--", "-.", ":"), strict=True):
        style = {"color": plots.REAL["color"], "linestyle": dash, "linewidth": 2.5}
        label = f"JS, noise σ = {sigma}"
        curves.plot(thetas, arrays[f"js {sigma}"], **style, label=label)
        paths.plot(arrays[f"path {sigma}"], **style, label=label)
    curves.set(xlabel="θ", title="what is descended")
    paths.set(xlabel="step", ylabel="θ", title=f"gradient descent from θ = {START:g}")
    paths.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plots.caption(
        figure,
        f"Parallel lines; rate {RATE}. EM: exact on {arrays['n']} points of each line, gradient by "
        "the envelope theorem; its slope is 1 up to 0, so a fixed rate steps back and forth there. "
        "JS: exact between the laws; with noise N(0, σ² I) added to both it is JS of N(0, σ²) and "
        "N(θ, σ²), by quadrature. JS, and JS with the least noise, stay at 1. The paper states "
        "theorem 1 without a figure.",
        width=170,
    )
    return figure
