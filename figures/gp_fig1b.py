"""WGAN-GP paper, figure 1b: clipping makes gradients explode or vanish, and piles up weights.

Left: the critic's gradient on its way back through the layers of a deep critic without
normalization; with respect to the layers' outputs, as in the paper's section 3.2. Right: where its
weights are. The paper shows two spikes at +-c as the work of training; here every histogram stands
beside the one before the first step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from wganlab import data, exact, learned, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import MLP, Constraint, FittedCritic, Optimizer


@dataclass(frozen=True)
class Size:
    """What a profile spends."""

    n: int  # points of each cloud
    width: int
    clipped_steps: int
    penalized_steps: int


SIZES = {
    "quick": Size(200, 16, 20, 20),
    "laptop": Size(2000, 64, 1000, 2000),
    "paper": Size(4000, 512, 10000, 10000),
}
DEPTH = 12
BOXES = {"0.1": 0.1, "0.01": 0.01, "0.001": 0.001}
STYLES = {
    "0.1": {"color": plots.FAKE["color"], "marker": "^"},
    "0.01": {"color": plots.REAL["color"], "marker": "o"},
    "0.001": {"color": "#CC79A7", "marker": "v"},
    "penalty": {"color": plots.CRITIC["color"], "marker": "D"},
}
HISTOGRAMS = {
    "0.01": "c = 0.01, He's start",
    "even": "c = 0.1, even start",
    "penalty": "gradient penalty, He's start: no spikes",
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """Gradient norms (2, 13) and weights (2, many) of every run, at the start and at the end."""
    size, device = SIZES[profile], "auto" if profile == "paper" else "cpu"
    generator = torch.Generator().manual_seed(0)
    real = data.toy("swissroll").sample(size.n, generator)
    fake = real + torch.randn(real.shape, generator=generator)
    arrays = {
        "size": np.array([size.n, size.width, size.clipped_steps, size.penalized_steps]),
        "gpu": np.array(device == "auto" and torch.cuda.is_available()),
        "emd": np.array(exact.emd(real, fake)),
    }
    for run in (*BOXES, "even", "penalty"):
        constraint, optimizer, steps = recipe(run, size)
        fits = [
            learned.fit_critic(
                real,
                fake,
                constraint=constraint,
                critic=partial(build, run, size.width),
                optimizer=optimizer,
                steps=count,
                batch=256,
                records=1,
                device=device,
            )
            for count in (0, steps)
        ]
        points = torch.cat([real, fake])
        arrays[f"{run} norms"] = np.array([norms(fit, points) for fit in fits])
        arrays[f"{run} weights"] = np.array([weights(fit) for fit in fits])
        c = getattr(constraint, "c", np.inf)
        arrays[f"{run} at the edge"] = 100 * np.mean(np.abs(arrays[f"{run} weights"]) > 0.99 * c, 1)
        arrays[f"{run} gap"] = np.array([fit.final.gap for fit in fits])
    return arrays


def recipe(run: str, size: Size) -> tuple[Constraint, Optimizer, int]:
    """Constraint, optimizer and steps of a run."""
    if run == "penalty":
        optimizer = learned.Optimizer(lr=1e-3, betas=(0.5, 0.9))
        return learned.GradientPenalty(10.0, place="paired"), optimizer, size.penalized_steps
    c = BOXES.get(run, 0.1)
    # the WGAN paper's rate, 5e-5 for c = .01, in proportion to the box
    return learned.WeightClipping(c), learned.Optimizer("rmsprop", lr=c / 200), size.clipped_steps


def build(run: str, width: int, inputs: int, generator: torch.Generator) -> MLP:
    """The critic at its start: He's, or evenly in a box that no clip touches."""
    critic = learned.MLPConfig(width, DEPTH, init="gulrajani").build(inputs, generator)
    if run == "even":
        for layer in linear(critic):
            with torch.no_grad():
                layer.weight.uniform_(-0.1, 0.1, generator=generator)
    return critic


def linear(critic: nn.Module) -> list[nn.Linear]:
    """Its linear layers, from input to output."""
    return [layer for layer in critic.modules() if isinstance(layer, nn.Linear)]


def norms(fit: FittedCritic, points: torch.Tensor) -> list[float]:
    """Mean over the points of |d f / d h|, h the output of each linear layer; float64."""
    critic = fit.critic.cpu().double()
    outputs: list[torch.Tensor] = []
    hooks = [
        layer.register_forward_hook(lambda _layer, _inputs, output: outputs.append(output))
        for layer in linear(critic)
    ]
    value = critic(points.double()).sum()
    for hook in hooks:
        hook.remove()
    return [float(g.norm(dim=1).mean()) for g in torch.autograd.grad(value, outputs)]


def weights(fit: FittedCritic) -> np.ndarray:
    """All entries of the weight matrices, float32."""
    return np.concatenate([layer.weight.detach().float().ravel() for layer in linear(fit.critic)])


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Gradients on the left, weights on the right."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(14, 8))
    grid = figure.add_gridspec(3, 2, width_ratios=(1.15, 1))
    draw_norms(figure.add_subplot(grid[:, 0]), arrays)
    for k, run in enumerate(HISTOGRAMS):
        draw_weights(figure.add_subplot(grid[k, 1]), arrays, run)
    figure.axes[1].legend(loc="upper center")
    n, width, clipped, penalized = arrays["size"].tolist()
    plots.caption(
        figure,
        f"Swiss roll, n = {n} points, against the same points + N(0, I), d = 2, seed 0, "
        f"{'GPU' if arrays['gpu'] else 'CPU'}; "
        f"critics of {DEPTH} hidden ReLU layers of {width} and a linear one, weights from He's "
        "uniform start (even start: uniform in the box). Left: mean over all points of the norm "
        "of the critic's gradient with respect to the output of each linear layer; a clipped "
        f"layer multiplies it by at most {width} c. Where nothing arrives the critic never starts "
        "to learn: its spikes are the first clip's. Clipping: RMSProp at c/200 (the WGAN paper's "
        f"5e-5 for c = 0.01), {clipped} steps; penalty: λ = 10, Adam 1e-3, {penalized} steps. "
        "The paper trains a generator too, says neither width nor steps, draws no start, shows "
        "spikes for c = 0.01 and a bell for the penalty; here that keeps its start's flat top.",
        width=185,
    )
    return figure


def draw_norms(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Gradient norms from the last layer back to the first, log scale."""
    layers = np.arange(1, DEPTH + 2)
    for run, style in STYLES.items():
        start, end = arrays[f"{run} norms"]
        name = "gradient penalty" if run == "penalty" else f"clipping, c = {run}"
        label = f"{name}: gap {arrays[f'{run} gap'][1]:.2g}"
        axes.plot(layers, end, **style, label=label)
        axes.plot(layers, start, color=style["color"], linestyle=":", linewidth=1.5)
    axes.plot([], [], color="0.3", linestyle=":", linewidth=1.5, label="before the first step")
    axes.set(yscale="log", xlim=(DEPTH + 1.3, 0.7), xticks=layers[::3])
    axes.set(xlabel="layer, from the output back to the first", ylabel="mean norm of the gradient")
    axes.set_title("clipping: gradients explode or vanish; penalty: they stay")
    axes.legend(loc="lower left", title=f"at the end (exact EM {arrays['emd']:.3f})")


def draw_weights(axes: Axes, arrays: dict[str, np.ndarray], run: str) -> None:
    """Histogram of the weights at the end, with its outline at the start."""
    start, end = arrays[f"{run} weights"]
    c = 0.1 if run == "even" else BOXES.get(run)
    half = c or np.quantile(np.abs(end), 0.999)
    bins = np.linspace(-1.03 * half, 1.03 * half, 62).tolist()
    share = np.full(len(end), 100 / len(end))
    color = STYLES["0.1" if run == "even" else run]["color"]
    axes.hist(end, bins, weights=share, color=color, alpha=0.75, label="end")
    outline: dict[str, Any] = {"histtype": "step", "color": "black", "linestyle": ":"}
    axes.hist(start, bins, weights=share, **outline, lw=1.5, label="before the first step")
    first, last = arrays[f"{run} at the edge"]
    spikes = f": {first:.0f} % at ±c at first, {last:.0f} % at the end" if c else ""
    axes.set(ylabel="% of weights", title=HISTOGRAMS[run] + spikes)
    if c:
        axes.set_xticks([-c, 0, c], [f"−{c}", "0", f"{c}"])
    axes.margins(y=0.15)
