"""Three critics of images beside the truth: what the curve of a training measures, and what not.

The same generator, trained by a clipped, a penalized and an orthonormal critic: the gap that
training shows, which has a unit of its own for each critic, over what does not depend on it, exact
EM between pixels of generated and held-out images and the part of it that the critic proves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.stats import spearmanr

from figures import image_runs, wgan_images
from figures.wgan_fig5 import classified
from wganlab import compare, data, plots
from wganlab.learned import DCGANConfig, FoldConfig, load_run, preset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


PLANES = {"quick": 8, "laptop": 128, "paper": 512}  # of every fold of the orthonormal critic
CRITICS = ("wgan", "wgan-gp", "wgan-orthonormal")  # presets
MOMENTS = 2  # sheets of a run
COLUMNS, ROWS = 5, 4  # of those
NUMBERS = ("critic_gap", "slope", "gap_over_slope", "lipschitz", "certificate", "exact")


def kept(name: str, profile: str) -> image_runs.Kept:
    """A run, at its end: that of figure 3 of the WGAN paper, and two with other critics."""
    if name == "wgan":
        return wgan_images.run("wgan", "dcgan", profile)
    size, clipped = wgan_images.SIZES[profile], wgan_images.config("wgan", "dcgan", profile)
    base = preset(name, clipped.data)
    assert isinstance(clipped.generator, DCGANConfig)
    penalized = DCGANConfig(filters=size.filters, norm="none", init="he")
    one = replace(
        base,
        size=size.side,
        latent=size.latent,
        batch=size.batch,
        generator=replace(clipped.generator, init="he"),
        critic=penalized if name == "wgan-gp" else FoldConfig(planes=PLANES[profile]),
        iterations=clipped.iterations,
        every=clipped.every,
        checkpoint=clipped.checkpoint,
    )
    return image_runs.kept(name, one, image_runs.Look(size.n, size.records // size.looks), profile)


def compute(profile: str) -> dict[str, np.ndarray]:
    """Curves of every critic, shape (3, records), sheets, and NUMBERS at the end, (3, numbers)."""
    size = wgan_images.SIZES[profile]
    runs = [kept(name, profile) for name in CRITICS]
    law = runs[0].config.law()
    at = moments(runs[0].config.iterations)
    columns = ("estimate", "batch_estimate", "emd", "certificate")
    return {
        **{name: np.array([run.column(name) for run in runs]) for name in columns},
        "iteration": runs[0].column("iteration"),
        "moments": np.array(at),
        "sheets": np.array([[run.sheet(k)[: ROWS * COLUMNS] for k in at] for run in runs]),
        **classified(runs, size),
        "numbers": np.array([numbers(run, size.n) for run in runs]),
        "floor": np.array(image_runs.floor(runs[0].config, size.n)),
        "n": np.array(size.n),
        "dimension": np.array(law.dim),
        "size": np.array([size.side, size.filters, PLANES[profile], size.latent, size.batch]),
        "steps": np.array([run.config.n_critic for run in runs]),
        "rate": np.array([run.config.critic_optimizer.lr for run in runs]),
        "clip": np.array(runs[0].config.clip),
        "weight": np.array(runs[1].config.weight),
        "data": np.array(runs[0].config.data),
        "gpu": np.array(profile == "paper" and torch.cuda.is_available()),
    }


def moments(iterations: int) -> list[int]:
    """The iterations with a sheet: where its middle is, when the sheets lie under the curve."""
    return [iterations * (2 * k + 1) // (2 * MOMENTS) for k in range(MOMENTS)]


def numbers(one: image_runs.Kept, n: int) -> list[float]:
    """NUMBERS of the critic at the run's end, on held-out and generated images."""
    run = load_run(one.folder, device="cpu")
    assert run.critic is not None
    law = one.config.law()
    assert isinstance(law, data.ImageLaw)
    real = law.take(law.unseen[:n], torch.device("cpu"))
    fake = run.sample(len(real), torch.Generator().manual_seed(1))
    found = compare.critic_vs_exact(run.critic, real, fake, product=True)
    return [float(getattr(found, name)) for name in NUMBERS]


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a critic: gap, what does not depend on its unit, generated images."""
    import matplotlib.pyplot as plt

    rows: list[Any] = [
        [f"{what} {k}" for k in range(3) for _ in range(MOMENTS)] for what in ("gap", "exact")
    ]
    sheets: list[Any] = [[f"{k} {s}" for k in range(3) for s in range(MOMENTS)]]
    figure, panels = plt.subplot_mosaic(
        rows + sheets, figsize=(16, 10.8), gridspec_kw={"height_ratios": [1.3, 1.3, 1.12]}
    )
    for k in range(3):
        draw_gap(panels[f"gap {k}"], arrays, k)
        draw_exact(panels[f"exact {k}"], arrays, k)
        for what in ("gap", "exact"):
            panels[f"{what} {k}"].set_xlim(0, arrays["iteration"][-1])
            for moment in arrays["moments"]:
                panels[f"{what} {k}"].axvline(moment, color="0.8", lw=1, zorder=0)
        for s, moment in enumerate(arrays["moments"]):
            plots.show_images(panels[f"{k} {s}"], arrays["sheets"][k, s], COLUMNS)
            panels[f"{k} {s}"].set_title(f"at {moment:,}", fontsize=11)
    panels["gap 0"].set_ylabel("critic gap, unit of each critic")
    panels["exact 0"].set_ylabel("distance of pixels")
    panels["exact 0"].legend(loc="upper right")
    plots.caption(figure, told(arrays), width=225)
    return figure


def titles(arrays: dict[str, np.ndarray]) -> list[str]:
    """Of the columns."""
    return [
        f"weights clipped at {arrays['clip']:g}, batch norm",
        f"gradient penalty, λ = {arrays['weight']:g}",
        "orthonormal folds of pixel space",
    ]


def draw_gap(axes: Axes, arrays: dict[str, np.ndarray], k: int) -> None:
    """The curve that a practitioner sees: of a few batches at every record."""
    gap, emd = arrays["batch_estimate"][k], arrays["emd"][k]
    looks = np.flatnonzero(np.isfinite(emd))
    rank = spearmanr(arrays["estimate"][k, looks], emd[looks]).statistic
    axes.plot(arrays["iteration"], gap, color=plots.CRITIC["color"])
    axes.set_ylim(min(0, gap.min()), 1.05 * gap.max())
    slope, _, bound = arrays["numbers"][k, 1:4]
    proven = "none is proven" if not np.isfinite(bound) else f"proven: {rounded(bound)}"
    axes.set_title(
        f"{titles(arrays)[k]}\nslope seen: {rounded(slope)}, {proven}\n"
        f"rank correlation of gap and EM: {rank:.2f}"
    )


def rounded(value: float) -> str:
    """With two decimals where they tell something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def draw_exact(axes: Axes, arrays: dict[str, np.ndarray], k: int) -> None:
    """Exact EM, what the critic proves of it, and the floor of both."""
    looks = np.flatnonzero(np.isfinite(arrays["emd"][k]))
    at = arrays["iteration"][looks]
    floor = float(arrays["floor"])
    axes.plot(at, arrays["emd"][k, looks], **plots.EXACT, label="exact EM")
    axes.plot(at, arrays["certificate"][k, looks], **plots.CRITIC, label="certificate")
    axes.axhline(floor, color="0.4", linestyle=":", lw=1.5, label="EM of real to real")
    axes.set_ylim(0, 1.08 * np.nanmax(arrays["emd"]))
    judged = ""
    if "kid" in arrays:
        found, of = arrays["classes"][k + 1], arrays["all_classes"][0]
        judged = f"\nKID {arrays['kid'][k]:.2f}, {found:.0f} of {of:.0f} classes"
    scaled, _, certificate, exact = arrays["numbers"][k, 2:]
    axes.set(
        xlabel="generator iteration",
        title=f"at the end: EM {exact:.1f}, certificate {certificate:.1f}, "
        f"gap / slope {scaled:.1f}{judged}",
    )


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    side, filters, planes, latent, batch = arrays["size"]
    clip, penalty, fold = arrays["steps"]
    n = int(arrays["n"])
    judged = (
        f" KID and classes: of {arrays['sampled']:,} images, by a classifier of the set."
        if "kid" in arrays
        else ""
    )
    return (
        f"{arrays['data']} at {side} px, d = {arrays['dimension']:,}; DCGAN generator with "
        f"{filters} filters next to the image, started at N(0, .02) against the clipped critic, at "
        f"He's variance against the others, latent {latent}, batch {batch}, one seed, "
        f"{'GPU' if arrays['gpu'] else 'CPU'}. Critics: DCGANs of {filters} filters (clipping: "
        f"RMSProp {arrays['rate'][0]:g}, {clip} steps an iteration; penalty: Adam "
        f"{arrays['rate'][1]:g} falling to 0, {penalty} steps, without batch norm) and two "
        f"folds along {planes} planes each (Adam {arrays['rate'][2]:g} falling to 0, {fold} "
        f"steps). Gaps on {image_runs.BATCHES} batches, the clipped critic's as a step sees them. "
        f"Exact EM: linear program between pixels of n = {n} generated and {n} held-out images, "
        "always of the same noise; the certificate on them too; "
        f"the dotted line is EM between {n} training and {n} held-out "
        "images: what is near it, samples of this size cannot tell apart. Slope: the largest "
        "gradient norm at the images, between them and along the optimal plan, at the end, in "
        f"evaluation mode; proven: the product of the layers' norms.{judged} A figure of this lab."
    )
