"""The character-level language model of the WGAN-GP paper, small: lines of Shakespeare.

The paper (Gulrajani et al. 2017, arXiv 1704.00028, section 5.4) trains a WGAN-GP on lines of
one-hot characters, whose generator makes shares of characters at each place, and holds the laws of
n-grams of its likeliest characters against those of the text, by their JS divergence. Of a standard
GAN the paper argues that it cannot learn that: real lines are vertices, generated ones are none, so
that JS between the laws is log 2 whatever the generator does. Here that GAN stands beside it, with
the same networks and rates, and one discriminator step for each of the generator's.

What differs from the paper: lines of three plays and the sonnets (9,888 to train on) in place of
Google's billion words; 16 characters a line in place of 32; 64 filters, 2 blocks and kernels of 3
in place of 512, 5 and 5; batches of 32 in place of 64; 4 critic steps in place of 10; Adam at 3e-3
falling to 0 in place of 1e-4; 450 iterations in place of 200,000. JS is in nats with
the halves (the paper has bits). The GAN's run, the shares of words and the real lines are added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab import compare, data, learned, plots
from wganlab.learned import Optimizer, TextResNetConfig, TrainConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import View


FAST = Optimizer(lr=3e-3, betas=(0.5, 0.9), schedule="linear")


@dataclass(frozen=True)
class Size:
    """Of one profile."""

    network: TextResNetConfig
    iterations: int
    every: int
    moments: tuple[int, ...]
    """Of which lines are shown; the last is the end."""
    length: int = 16
    batch: int = 32
    n_critic: int = 4
    latent: int = 64
    rate: Optimizer = FAST
    lines: int = 640
    """That are looked at."""


SMALL = TextResNetConfig(filters=64, blocks=2, kernel=3)
SIZES = {
    "quick": Size(TextResNetConfig(filters=4, blocks=1, kernel=3), 4, 2, (0, 2, 4), 8, 8),
    "laptop": Size(SMALL, 450, 50, (50, 150, 450)),
    "paper": Size(
        TextResNetConfig(),
        200_000,
        2000,
        (2000, 20_000, 200_000),
        length=32,
        batch=64,
        n_critic=10,
        latent=128,
        rate=Optimizer(lr=1e-4, betas=(0.5, 0.9)),
    ),
}
OBJECTIVES: dict[str, dict[str, Any]] = {
    "WGAN-GP": {"objective": "wasserstein", "constraint": "gp"},
    "standard GAN": {"objective": "non-saturating", "constraint": "none", "n_critic": 1},
}
LENGTHS = (1, 2, 3, 4)
SHOWN = 12  # lines
GRAMS: tuple[dict[str, Any], ...] = (
    {"color": plots.REAL["color"], "marker": "o"},
    {"color": plots.CRITIC["color"], "marker": "s"},
    {"color": plots.FAKE["color"], "marker": "^"},
    {"color": "black", "marker": "D"},
)


def compute(profile: str) -> dict[str, np.ndarray]:
    """JS by rows and n, shares of words, lines at some moments, and the same of held-out lines."""
    size = SIZES[profile]
    arrays: dict[str, np.ndarray] = {"moments": np.array(size.moments)}
    for name in OBJECTIVES:
        arrays |= run(name, size)
    law = config_of("WGAN-GP", size).law()
    assert isinstance(law, data.TextLaw)
    looked = compare.TextObserver(law, size.lines)
    held_out = law.alphabet.decode(law.codes.numpy()[law.unseen[:SHOWN]])
    return arrays | {
        "floor": np.array([looked.floor[f"js{n}_floor"] for n in LENGTHS]),
        "words floor": np.array(looked.floor["words_floor"]),
        "real": np.array([parted(line, looked.known, size.length) for line in held_out]),
        "size": np.array([len(law.rows), looked.n, size.length, law.shape[0], size.iterations]),
        "network": np.array([size.network.filters, size.network.blocks, size.network.kernel]),
        "training": np.array([size.batch, size.n_critic]),
    }


def config_of(name: str, size: Size) -> TrainConfig:
    """What is trained."""
    base = TrainConfig(
        data=f"text:shakespeare:length={size.length}",
        critic=size.network,
        generator=size.network,
        latent=size.latent,
        critic_optimizer=size.rate,
        generator_optimizer=size.rate,
        n_critic=size.n_critic,
        batch=size.batch,
        iterations=size.iterations,
        every=size.every,
    )
    return replace(base, **OBJECTIVES[name])


def run(name: str, size: Size) -> dict[str, np.ndarray]:
    """Rows of iteration, JS of 1- to 4-grams and words; lines, (moments, SHOWN, 3)."""
    config, lines = config_of(name, size), []
    law = config.law()
    assert isinstance(law, data.TextLaw)
    look = compare.TextObserver(law, size.lines)

    def keep(view: View) -> dict[str, float]:
        if view.iteration in size.moments:
            lines.append(
                [parted(line, look.known, size.length) for line in law.decode(view.fake[:SHOWN])]
            )
        return {}

    history = learned.train(config, observers=[look, keep], progress=False, device="cpu").history
    columns = ["iteration", *(f"js{n}" for n in LENGTHS), "words"]
    return {
        name: np.array([[row[column] for column in columns] for row in history]),
        f"{name} lines": np.array(lines),
    }


def parted(line: str, known: frozenset[str], length: int) -> tuple[str, str, str]:
    """A line three times, with blanks for all but its words that occur in the text, those that do
    not, and what is cut at its end."""
    parts = [part for part in re.split(r"(\s+)", line) if part]
    kinds = [0 if part in known else 1 for part in parts]
    if len(line) == length and not line[-1].isspace():
        kinds[-1] = 2
    shown = [
        "".join(p if k == kind else " " * len(p) for p, k in zip(parts, kinds, strict=True))
        for kind in range(3)
    ]
    return shown[0], shown[1], shown[2]


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Divergences above, lines below."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(15, 10.5))
    halves: Any = figure.subfigures(2, 1, height_ratios=[1.1, 1])
    panels = halves[0].subplots(1, 2, sharey=True)
    for axes, name in zip(panels, OBJECTIVES, strict=True):
        draw_divergences(axes, arrays, name)
    panels[0].set_ylabel("JS divergence from the text (nats)")
    panels[0].legend(
        loc="center", bbox_to_anchor=(0.5, 0.28), ncols=4, title="dashed: as many held-out lines"
    )
    moments = arrays["moments"]
    shown = [
        (f"WGAN-GP, iteration {moment:,}", lines)
        for moment, lines in zip(moments, arrays["WGAN-GP lines"], strict=True)
    ]
    shown.append((f"standard GAN, {moments[-1]:,}", arrays["standard GAN lines"][-1]))
    shown.append(("real lines, held out", arrays["real"]))
    for axes, (title, lines) in zip(halves[1].subplots(1, len(shown)), shown, strict=True):
        draw_lines(axes, lines, title)
    plots.caption(figure, told(arrays), width=185)
    return figure


def draw_divergences(axes: Axes, arrays: dict[str, np.ndarray], name: str) -> None:
    """JS of n-grams over the iterations, and what held-out lines have."""
    iteration, *divergences, words = arrays[name].T
    for n, values, floor, style in zip(LENGTHS, divergences, arrays["floor"], GRAMS, strict=True):
        axes.plot(iteration, values, **style, label=f"n = {n}")
        axes.axhline(floor, color=style["color"], linestyle="--", linewidth=1.5)
    axes.set_yscale("log")
    axes.set(xlabel="iteration", ylim=(3e-4, 1))
    axes.set_yticks([0.001, 0.01, 0.1, np.log(2)], ["0.001", "0.01", "0.1", "log 2"])
    axes.minorticks_off()
    share = f"{words[-1]:.0%} of its words are in the text"
    floor = f"{arrays['words floor']:.0%}"
    axes.set_title(f"{name}: {share} (held-out: {floor})", fontsize=14)


def draw_lines(axes: Axes, lines: np.ndarray, title: str) -> None:
    """Lines of a fixed width: words of the text in black, others in the color of the fake."""
    axes.set_axis_off()
    axes.set_title(title, fontsize=14, loc="left")
    width = max(len(text) for text in lines.ravel())
    for k, line in enumerate(lines):
        for text, color in zip(line, ("black", plots.FAKE["color"], "0.6"), strict=True):
            axes.text(
                0.02,
                1 - (k + 0.5) / SHOWN,
                str(text),
                color=color,
                family="DejaVu Sans Mono",
                fontsize=15 if width <= 16 else 8,
                va="center",
                parse_math=False,
                transform=axes.transAxes,
            )


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    lines, looked, length, characters, iterations = map(int, arrays["size"])
    filters, blocks, kernel = map(int, arrays["network"])
    batch, steps = map(int, arrays["training"])
    return (
        f"{lines:,} lines of Shakespeare, one-hot, {characters} characters at {length} places, "
        f"seed 0, CPU. Residual networks of {blocks} blocks of {filters} filters and width "
        f"{kernel}, {steps} critic steps (GAN: 1) of batch {batch}, {iterations:,} iterations; the "
        "paper: 32 places, 512 filters, 5 blocks, width 5, 10 critic steps, batch 64, 200,000 "
        f"iterations, Google's billion words. JS is between n-grams of {looked} lines (likeliest "
        "characters) and of all lines of training. Black: words that occur in these; orange: "
        "others; grey: cut at the end."
    )
