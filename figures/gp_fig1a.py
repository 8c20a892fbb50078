"""WGAN-GP paper, figure 1a: surfaces of critics trained against a fixed generator.

The generator is data + N(0, I). Clipped critics see one hump, whatever the data; penalized ones
follow the modes and arms (the paper's two rows). Added here: the exact critic that both are to
approximate, and an orthonormal one that comes close, each with its gap, its certificate and EM.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wganlab import compare, data, exact, learned, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Size:
    """What a profile spends."""

    n: int  # points of each cloud
    side: int  # of the grid
    width: int  # units of the clipped and the penalized critic
    sorted_width: int  # of the orthonormal one
    clipped_steps: int
    penalized_steps: int
    sorted_steps: int


SIZES = {
    "quick": Size(150, 32, 16, 8, 30, 30, 20),
    "laptop": Size(2000, 128, 128, 64, 2000, 3000, 2000),
    "paper": Size(4000, 128, 512, 128, 10000, 10000, 10000),
}
TOYS = {"8gaussians": "8 Gaussians", "25gaussians": "25 Gaussians", "swissroll": "Swiss roll"}
ROWS = {
    "clipped": "weight clipping:\none hump",
    "penalized": "gradient penalty:\nstructure, wrong scale",
    "exact": "exact critic:\nthe truth",
    "orthonormal": "orthonormal + MaxMin:\nstructure and scale",
}
REMARKS = {
    "clipped": "f = 0 certifies",
    "penalized": "gap corrected for λ:",
    "orthonormal": "Lipschitz, proven:",
}
HALF = 3.0
CLIP, WEIGHT = 0.01, 0.1
SHOWN = 300  # points in a panel


def compute(profile: str) -> dict[str, np.ndarray]:
    """For every toy and row a field (side, side) and (gap, certificate, remark)."""
    size, device = SIZES[profile], "auto" if profile == "paper" else "cpu"
    line = np.linspace(-HALF, HALF, size.side)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    arrays = {
        "size": np.array([getattr(size, field.name) for field in fields(size)]),
        "gpu": np.array(device == "auto" and torch.cuda.is_available()),
        "line": line,
    }
    for toy in TOYS:
        x, y = clouds(toy, size.n)
        transport = exact.wasserstein(x, y)
        arrays[toy] = x
        arrays[f"{toy} emd"] = np.array(transport.value)
        arrays[f"{toy} exact field"] = transport.critic(grid).reshape(size.side, size.side)
        truth = compare.critic_vs_exact(transport.critic, x, y, transport=transport)
        arrays[f"{toy} exact"] = np.array([truth.critic_gap, truth.certificate])
        for row, fitted in fit(x, y, size, device).items():
            result = compare.critic_vs_exact(fitted, x, y, transport=transport)
            remark = {
                "clipped": exact.certificate(np.zeros(len(x)), x, y),
                "penalized": np.nan if result.corrected is None else result.corrected,
                "orthonormal": result.lipschitz,
            }[row]
            arrays[f"{toy} {row}"] = np.array([result.critic_gap, result.certificate, remark])
            arrays[f"{toy} {row} field"] = fitted(grid).reshape(size.side, size.side)
    return arrays


def clouds(toy: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """n points of the data and, row by row, the same points with noise."""
    generator = torch.Generator().manual_seed(0)
    real = data.toy(toy).sample(n, generator)
    noise = torch.randn(real.shape, generator=generator)
    return real.numpy(), (real + noise).numpy()


def fit(x: np.ndarray, y: np.ndarray, size: Size, device: str) -> dict[str, learned.FittedCritic]:
    """The three trained critics."""
    relu = learned.MLPConfig(width=size.width, depth=3, init="gulrajani")
    maxmin = learned.MLPConfig(size.sorted_width, depth=8, activation="maxmin", init="he")
    common: dict[str, Any] = {"batch": 256, "records": 1, "device": device}
    return {
        "clipped": learned.fit_critic(
            x,
            y,
            constraint=learned.WeightClipping(CLIP),
            critic=relu,
            optimizer=learned.Optimizer("rmsprop", lr=5e-5),
            steps=size.clipped_steps,
            **common,
        ),
        "penalized": learned.fit_critic(
            x,
            y,
            constraint=learned.GradientPenalty(WEIGHT, place="paired"),
            critic=relu,
            optimizer=learned.Optimizer(lr=2e-3, betas=(0.5, 0.9), schedule="cosine"),
            steps=size.penalized_steps,
            **common,
        ),
        "orthonormal": learned.fit_critic(
            x,
            y,
            constraint=learned.Orthonormal(),
            critic=maxmin,
            optimizer=learned.Optimizer(lr=5e-3, betas=(0.0, 0.99), schedule="cosine"),
            steps=size.sorted_steps,
            **common,
        ),
    }


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a data set, a row a critic."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(4, 3, figsize=(10.5, 14.6), sharex=True, sharey=True)
    for axes, row in zip(panels, ROWS, strict=True):
        axes[0].set_ylabel(ROWS[row], fontsize=14)
        for panel, toy in zip(axes, TOYS, strict=True):
            surface(panel, arrays, toy, row)
    for panel, name in zip(panels[0], TOYS.values(), strict=True):
        panel.annotate(
            name, (0.5, 1.19), xycoords="axes fraction", ha="center", va="bottom", fontsize=15
        )
    size = Size(*arrays["size"].tolist())
    plots.caption(figure, told(size, gpu=bool(arrays["gpu"])), width=128)
    return figure


def surface(axes: Axes, arrays: dict[str, np.ndarray], toy: str, row: str) -> None:
    """One critic, with real points on it."""
    line, field = arrays["line"], arrays[f"{toy} {row} field"]
    levels = np.linspace(np.quantile(field, 0.15), field.max(), 18)  # the corners hold no points
    axes.contourf(line, line, field, levels, extend="min")
    axes.contour(line, line, field, levels, colors="black", linewidths=0.3, linestyles="solid")
    style = {**plots.REAL, "markersize": 3, "markeredgecolor": "white", "markeredgewidth": 0.4}
    axes.plot(*arrays[toy][:SHOWN].T, **style, linestyle="none")
    gap, certificate, *numbers = arrays[f"{toy} {row}"]
    emd = arrays[f"{toy} emd"]
    axes.set_title(f"gap {gap:#.3g} (EM {emd:.3f})\ncertificate {certificate:.3f}", fontsize=12)
    if row in REMARKS:
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
        place: dict[str, Any] = {"transform": axes.transAxes, "va": "bottom", "fontsize": 10.5}
        axes.text(0.02, 0.02, f"{REMARKS[row]} {numbers[0]:.3f}", bbox=box, **place)
    axes.set(aspect="equal", xlim=(-HALF, HALF), ylim=(-HALF, HALF))
    axes.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    axes.grid(visible=False)


def told(size: Size, *, gpu: bool) -> str:
    """The caption."""
    return (
        f"Real points (dots, {SHOWN} of n = {size.n}) against the same points + N(0, I), d = 2, "
        f"batches of 256, seed 0, {'GPU' if gpu else 'CPU'}; contour levels are each panel's own. "
        f"Rows 1 and 2: ReLU, 3 hidden layers of {size.width}; clipping c = {CLIP}, RMSProp 5e-5, "
        f"{size.clipped_steps} steps; penalty of weight λ = {WEIGHT} on paired interpolates, as in "
        "the paper's toy code (its text has λ = 10), Adam 2e-3, "
        f"{size.penalized_steps} steps. So small a λ lets the gap "
        "exceed EM several times; corrected: the W with W(1 + W/2λ) = gap, a heuristic here. "
        "Row 3: linear program; where no mass passes, the exact critic is not unique. Row 4: "
        f"MaxMin, 8 hidden layers of {size.sorted_width}, Adam 5e-3, {size.sorted_steps} steps. A "
        "certificate is at most EM, and proves nothing below 0. A critic as flat as the clipped "
        "one certifies what f = 0 does: the mean distance from a fake point to the nearest real "
        "one. The paper: 512 units, 10,000 steps, new points in every step, rows 1 and 2 alone, "
        "without numbers."
    )
