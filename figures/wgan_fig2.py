"""WGAN paper, figure 2: between two Gaussians the discriminator saturates and the critic does not.

P = N(-2, 1) is real, Q = N(2, 1) fake. The optimal discriminator of the GAN is p / (p + q); the
optimal critic of the WGAN falls with slope 1 everywhere. Networks trained for each are drawn over
the exact functions. A second row has their slopes, which are what a generator learns from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from wganlab import exact, learned, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import nn

REAL_MEAN, FAKE_MEAN = -2.0, 2.0
PAIR = exact.known.Normals(real=(REAL_MEAN, 1.0), fake=(FAKE_MEAN, 1.0))
STEPS = {"quick": 40, "laptop": 1000, "paper": 20_000}
BATCH = 256
GRID = np.linspace(-8, 8, 1601)
HEIGHT = 1 / 16  # on the panel of the values, of one unit of a critic of slope 1
CRITICS = ("clip", "lp")

STYLES: dict[str, dict[str, Any]] = {
    "discriminator": {"color": "#CC79A7", "linestyle": "-."},
    "clip": {"color": plots.CRITIC["color"], "linestyle": "--"},
    "lp": {"color": "#E69F00", "linestyle": (0, (1, 1))},
}
LABELS = {
    "discriminator": "trained discriminator",
    "clip": "trained critic, clipped",
    "lp": "trained critic, penalized",
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """Values and slopes on a grid, exact and trained."""
    p, q = stats.norm(REAL_MEAN), stats.norm(FAKE_MEAN)
    probability, slope = discriminator(train_discriminator(STEPS[profile]))
    arrays = {
        "steps": np.array(STEPS[profile]),
        "p": p.pdf(GRID),
        "q": q.pdf(GRID),
        "exact discriminator": p.pdf(GRID) / (p.pdf(GRID) + q.pdf(GRID)),
        "exact critic": PAIR.critic(GRID),
        "js": np.array(exact.js(p, q)),
        "discriminator": probability,
        "discriminator slope": slope,
    }
    # D' = D (1 - D) (log p / q)'
    arrays["exact discriminator slope"] = (
        arrays["exact discriminator"]
        * (q.pdf(GRID) / (p.pdf(GRID) + q.pdf(GRID)))
        * (REAL_MEAN - FAKE_MEAN)
    )
    for name in CRITICS:
        method = learned.METHODS[name]
        fitted = learned.fit_critic(
            PAIR,
            constraint=method.constraint,
            critic=method.critic,
            optimizer=method.optimizer,
            steps=STEPS[profile],
            batch=BATCH,
            records=1,
            progress=False,
            device="cpu",
        )
        arrays[name], arrays[f"{name} slope"] = fitted(GRID), fitted.gradient(GRID)
    return arrays


def train_discriminator(steps: int) -> nn.Module:
    """Binary cross-entropy, real labeled 1: the objective of the GAN, maximized over D."""
    import torch
    from torch.nn import functional

    config = learned.MLPConfig(width=64, depth=3, activation="silu")
    logit = config.build(1, torch.Generator().manual_seed(0))
    optimizer, schedule = learned.Optimizer(lr=2e-3, betas=(0.9, 0.99), schedule="cosine").build(
        logit.parameters(), steps
    )
    rng = np.random.default_rng(0)
    labels = torch.cat([torch.ones(BATCH), torch.zeros(BATCH)])
    for _ in range(steps):
        points = torch.as_tensor(np.concatenate(PAIR.sample(BATCH, rng)), dtype=torch.float32)
        loss = functional.binary_cross_entropy_with_logits(logit(points)[:, 0], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return logit


def discriminator(logit: nn.Module) -> tuple[np.ndarray, np.ndarray]:
    """D and its slope on the grid, in float64, where 1 - D is not rounded to 0 so soon."""
    import torch

    points = torch.as_tensor(GRID[:, None]).requires_grad_(True)
    probability = torch.sigmoid(logit.double()(points))[:, 0]
    (slope,) = torch.autograd.grad(probability.sum(), points)
    return probability.detach().numpy(), slope[:, 0].numpy()


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Values above, slopes below."""
    import matplotlib.pyplot as plt

    figure, (values, slopes) = plt.subplots(2, 1, figsize=(10, 8.8), sharex=True)
    draw_values(values, arrays)
    draw_slopes(slopes, arrays)
    steep = {name: np.abs(arrays[f"{name} slope"]) for name in CRITICS}
    high = {name: slopes.max() for name, slopes in steep.items()}
    share = {name: slopes.min() / slopes.max() for name, slopes in steep.items()}
    plots.caption(
        figure,
        f"Real N(−{-REAL_MEAN:.0f}, 1), fake N({FAKE_MEAN:.0f}, 1), d = 1: the paper states no "
        "means and no networks, and has no second row. MLPs of 3 hidden layers, of 64 SiLU units "
        "(the discriminator), 64 or 128 ReLU units (clipped, penalized), "
        f"{arrays['steps']:,} steps on {BATCH} new points of each law, seed 0, CPU. Discriminator: "
        f"binary cross-entropy; it reaches JS = {reached(arrays):.4f} of {arrays['js']:.4f} nats. "
        "Critics: weights clipped at .01, or a one-sided gradient penalty, λ = 10 (the two-sided "
        "one may end with the wrong sign: lab_penalty_bias). They are shifted to meet at 0 and "
        f"divided by their largest slope on the panel, {high['clip']:.2g} and {high['lp']:.3g} "
        f"(the smallest: {share['clip']:.2f} and {share['lp']:.2f} of it), and in the first row by "
        f"{1 / HEIGHT:.0f}, to fit. The slope of log D, which the non-saturating loss uses, is "
        f"−{FAKE_MEAN - REAL_MEAN:.0f} (1 − D), and does not vanish on the fakes.",
        width=142,
    )
    return figure


def reached(arrays: dict[str, np.ndarray]) -> float:
    """What the trained discriminator says of JS, integrated on the grid: at most JS."""
    d = np.clip(arrays["discriminator"], 1e-300, 1 - 1e-16)
    integrand = arrays["p"] * np.log(d) + arrays["q"] * np.log1p(-d)
    return float(np.trapezoid(integrand, GRID) / 2 + np.log(2))


def draw_values(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Densities, and over them the discriminator and the critics."""
    for density, role, name in (("p", plots.REAL, "real"), ("q", plots.FAKE, "fake")):
        hatch = {"real": "//", "fake": "\\\\"}[name]
        color = role["color"]
        axes.fill_between(
            GRID, arrays[density], facecolor="none", edgecolor=color, alpha=0.5, hatch=hatch, lw=0
        )
        axes.plot(GRID, arrays[density], color=color, lw=1.5, label=f"density of the {name}")
    axes.plot(GRID, arrays["exact discriminator"], **plots.EXACT, lw=1.2, label="exact")
    axes.plot(GRID, shown(arrays["exact critic"], 1.0), **plots.EXACT, lw=1.2)
    axes.plot(GRID, arrays["discriminator"], **wide("discriminator"))
    for name in CRITICS:
        slope = np.abs(arrays[f"{name} slope"]).max()
        axes.plot(GRID, shown(arrays[name], slope), **wide(name))
    axes.annotate(
        "D is flat where\nthe fakes are",
        (3.2, 0.01),
        (2.35, 0.66),
        ha="center",
        arrowprops={"arrowstyle": "->"},
    )
    axes.legend(loc="upper right")
    axes.set(ylim=(-0.06, 1.06), ylabel="D(x); critic, shifted and scaled")
    axes.set_title("The discriminator saturates, the critic falls all the way")


def shown(critic: np.ndarray, slope: float) -> np.ndarray:
    """A critic in the units of the panel, one half at the middle."""
    return 0.5 + HEIGHT * (critic - critic[len(critic) // 2]) / slope


def wide(name: str) -> dict[str, Any]:
    """Style and label of a trained network."""
    return {**STYLES[name], "linewidth": 3, "label": LABELS[name]}


def draw_slopes(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Absolute slopes, logarithmic."""
    color = plots.FAKE["color"]
    low, high = stats.norm(FAKE_MEAN).interval(0.99)
    axes.axvspan(low, high, color=color, alpha=0.12, lw=0)
    axes.text(FAKE_MEAN, 3e-9, "99 % of the fakes", color=color, ha="center")
    axes.axhline(1.0, **plots.EXACT, lw=1.2)
    axes.plot(GRID, np.abs(arrays["exact discriminator slope"]), **plots.EXACT, lw=1.2)
    axes.plot(GRID, np.abs(arrays["discriminator slope"]), **wide("discriminator"))
    for name in CRITICS:
        slope = np.abs(arrays[f"{name} slope"])
        axes.plot(GRID, slope / slope.max(), **wide(name))
    axes.set(yscale="log", ylim=(1e-9, 8), xlabel="x", ylabel="|slope|")
    axes.set_xlim(GRID[0], GRID[-1])
    axes.set_title("What the generator learns from: D's slope vanishes, the critic's does not")
