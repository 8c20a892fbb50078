"""WGAN paper, figure 3, on images: the critic gap over training, with samples under the curve.

An MLP and a DCGAN generator against DCGAN critics, and MLPs with substantially high
learning rates, which fail. Below the curve is what the paper could not show: exact EM, of pixels.

`curves`, `draw_curves` and `told` serve figures 4 and 8 too, `wgan_images` has the runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import median_filter
from scipy.stats import pearsonr, spearmanr

from figures import image_runs, wgan_images
from wganlab import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAIRS = ("mlp", "dcgan", "high")  # in the paper's order
WINDOW = 7  # records of the median filter
SHEETS = 3
COLUMNS = 4  # of a sheet
TICKS = [k * 10**p for p in range(4) for k in (1, 1.5, 2, 3, 5, 7)]
TAKEN = {
    "estimate": "batch_estimate",
    "cost": "batch_cost",
    "emd": "train_emd",
    "unseen emd": "emd",
}


def compute(profile: str) -> dict[str, np.ndarray]:
    """The curves and sheets of all runs."""
    return curves("wgan", profile)


def curves(kind: str, profile: str) -> dict[str, np.ndarray]:
    """What training shows, exact EM and sheets of three WGANs or three GANs."""
    runs = [wgan_images.run(kind, pair, profile) for pair in PAIRS]
    first, n = runs[0].config, wgan_images.SIZES[profile].n
    at = [first.iterations * (2 * k + 1) // (2 * SHEETS) for k in range(SHEETS)]
    how = wgan_images.trained(kind, runs[1].config)
    return {
        **{name: np.array([run.column(own) for run in runs]) for name, own in TAKEN.items()},
        "iteration": runs[0].column("iteration"),
        "moments": np.array(at),  # each is where the middle of its sheet will be
        "sheets": np.array([[run.sheet(k)[: COLUMNS**2] for k in at] for run in runs]),
        "floor": np.array(image_runs.floor(first, n)),
        "n": np.array(n),
        "batch": np.array(image_runs.BATCHES * first.batch),
        "factor": np.array(wgan_images.FACTOR[kind]),
        "told": np.array(f"{wgan_images.told(first, profile)}{wgan_images.mlps(profile)} {how}"),
        "excepted": np.array(wgan_images.excepted(kind, first)),
    }


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a run: the gap, exact EM, and generated images under them."""
    figure, _ = draw_curves(arrays, "estimate", "critic gap")
    text = (
        f"{told(arrays)} Each critic has its own unit. {wgan_images.PAPER}, c = 0.01, RMSProp at "
        "5e-5, a median filter of window 101; its failing rates are not told."
    )
    plots.caption(figure, text, width=225)
    return figure


def told(arrays: dict[str, np.ndarray]) -> str:
    """The part of the caption that these figures share."""
    every = int(arrays["iteration"][1])
    return (
        f"{arrays['told']}, on the right × {arrays['factor']}.{arrays['excepted']} "
        f"Pale: {arrays['batch']} images of each law at a record, every {every} "
        f"iteration{'s' * (every > 1)}, batch norm by the means of batches as in a step; dark: its "
        f"median filter over {WINDOW} records. Exact EM: linear program between n = {arrays['n']} "
        "generated and as many real images; at this n much of it is sampling, as its floor shows, "
        "and blurred images may lie nearer than sharp ones. Correlations: of the pale curve with "
        "EM to training images, without iteration 0; of ranks on a plateau they are chance. "
        "Sheets: the same noise at each moment."
    )


def draw_curves(
    arrays: dict[str, np.ndarray], name: str, label: str, *, critic: str = "critic"
) -> tuple[Figure, list[Axes]]:
    """Three columns: what training shows (returned too), the truth, and sheets under them."""
    import matplotlib.pyplot as plt

    sheets: list[Any] = [[f"{k} {s}" for k in range(3) for s in range(SHEETS)]]
    rows: list[Any] = [
        [f"{what} {k}" for k in range(3) for _ in range(SHEETS)] for what in ("shown", "em")
    ]
    figure, panels = plt.subplot_mosaic(
        rows + sheets, figsize=(16, 9.8), gridspec_kw={"height_ratios": [1.4, 1.3, 1.05]}
    )
    networks = (f"MLP generator, DCGAN {critic}", f"DCGAN generator, DCGAN {critic}")
    high = f"MLP generator, MLP {critic}, rates × {arrays['factor']}"
    for k, title in enumerate((*networks, high)):
        draw_shown(panels[f"shown {k}"], arrays, name, k, title)
        draw_em(panels[f"em {k}"], arrays, k)
        for what in ("shown", "em"):
            panels[f"{what} {k}"].set_xlim(0, arrays["iteration"][-1])
            for moment in arrays["moments"]:
                panels[f"{what} {k}"].axvline(moment, color="0.8", lw=1)
        for s in range(SHEETS):
            plots.show_images(panels[f"{k} {s}"], arrays["sheets"][k, s], COLUMNS)
    shown, em = ([panels[f"{what} {k}"] for k in range(3)] for what in ("shown", "em"))
    shown[0].set_ylabel(label)
    em[0].set_ylabel("exact EM of pixels, log scale")
    em[0].legend(loc="upper right")
    return figure, shown


def draw_shown(axes: Axes, arrays: dict[str, np.ndarray], name: str, k: int, title: str) -> None:
    """The curve that a practitioner sees, raw and filtered."""
    looked = np.isfinite(arrays["emd"][k])
    looked[0] = False  # nothing is trained yet
    pair = arrays[name][k, looked], arrays["emd"][k, looked]
    linear, rank = pearsonr(*pair).statistic, spearmanr(*pair).statistic
    raw, color = arrays[name][k], plots.CRITIC["color"]
    axes.plot(arrays["iteration"], raw, color=color, lw=0.8, alpha=0.4)
    axes.plot(arrays["iteration"], median_filter(raw, WINDOW, mode="reflect"), color=color)
    axes.set_title(f"{title}\ncorrelation with EM {linear:.2f}, of ranks {rank:.2f}")


def draw_em(axes: Axes, arrays: dict[str, np.ndarray], k: int) -> None:
    """The truth, with its floor."""
    looked = np.isfinite(arrays["emd"][k])
    at, emd = arrays["iteration"][looked], arrays["emd"][k, looked]
    unseen = arrays["unseen emd"][k, looked]
    axes.plot(at, emd, **plots.EXACT, label="to training images")
    axes.plot(at, unseen, color="0.55", marker=".", lw=1.2, label="to held-out images")
    floor = float(arrays["floor"])
    axes.axhline(floor, color="0.3", linestyle=":", lw=1.5, label="floor: training to held-out")
    title = f"exact EM: from {emd[0]:.1f} to {emd[-1]:.1f}, lowest {emd.min():.1f}"
    axes.set(xlabel="generator iteration", title=title, yscale="log")
    low, high = 0.93 * min(floor, np.min(emd)), 1.1 * np.max(emd)
    ticks = [tick for tick in TICKS if low < tick < high]
    axes.set_ylim(low, high)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
