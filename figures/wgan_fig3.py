"""WGAN paper, figure 3, on images: the critic gap over training, with samples under the curve.

An MLP and a DCGAN generator against DCGAN critics, and MLPs with substantially high
learning rates, which fail. Below the curve is what the paper could not show: exact EM, of pixels,
to new faces of the law (of other images: to those to train on, and to held-out ones).

The pale curve is of 4 batches of each law at a record, batch norm by the means of batches as in a
step; the dark one its median filter over 7 records (the paper: 101, c = .01, RMSProp at 5e-5, its
failing rates are not told). Each critic has its own unit. At these numbers of images much of EM is
sampling, as its floor shows, and blurred images may lie nearer than sharp ones. Correlations are of
the pale curve with EM, without iteration 0; of ranks on a plateau they are chance. An MLP has no
tanh at its end, as in the authors' code, so that its pixels may leave [-1, 1]; EM is of them as
they are, sheets cut them off. Every sheet has the same noise.

`curves`, `draw_curves` and `told` serve figures 4 and 8 too, `wgan_images` has the runs,
`wgan_claims` the sentence above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import median_filter

from figures import image_runs, wgan_claims, wgan_images
from wganlab import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAIRS = ("mlp", "dcgan", "high")  # in the paper's order
WINDOW = 7  # records of the median filter
SHEETS = 3
COLUMNS = 4  # of a sheet
TICKS = [k * 10**p for p in range(4) for k in (1, 1.5, 2, 3, 5, 7)]
ROUND = [10**p for p in range(4)]  # where the axis is long
FACES = (("found", "modes"), ("all", "all_modes"))  # of the attributes of the last faces
SHOWN = {"estimate": "batch_estimate", "cost": "batch_cost"}


def compute(profile: str) -> dict[str, np.ndarray]:
    """The curves and sheets of all runs."""
    return curves("wgan", profile)


def curves(kind: str, profile: str) -> dict[str, np.ndarray]:
    """What training shows, exact EM and sheets of three WGANs or three GANs."""
    runs = [wgan_images.run(kind, pair, profile) for pair in PAIRS]
    first, n = runs[0].config, wgan_images.SIZES[profile].n
    at = [first.iterations * (2 * k + 1) // (2 * SHEETS) for k in range(SHEETS)]
    how = wgan_images.trained(kind, runs[1].config)
    unseen, emd = (np.array([run.column(name) for run in runs]) for name in ("emd", "train_emd"))
    return {
        **{name: np.array([run.column(own) for run in runs]) for name, own in SHOWN.items()},
        "emd": unseen if np.isnan(emd).all() else emd,
        "unseen emd": unseen,
        **{name: np.array([run.rows[-1].get(own, np.nan) for run in runs]) for name, own in FACES},
        "iteration": runs[0].column("iteration"),
        "moments": np.array(at),  # each is where the middle of its sheet will be
        "sheets": np.array([[run.sheet(k)[: COLUMNS**2] for k in at] for run in runs]),
        "floor": np.array(image_runs.floor(first, n)),
        "n": np.array(n),
        "every": np.array(first.every),
        "batch": np.array(image_runs.BATCHES * first.batch),
        "factor": np.array(wgan_images.FACTOR[kind]),
        "told": np.array(f"{wgan_images.told(first, profile)}{wgan_images.mlps(profile)} {how}"),
    }


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """A column a run: the gap, exact EM, and generated images under them."""
    figure, _ = draw_curves(arrays, "estimate", "critic gap")
    wgan_claims.above(figure, wgan_claims.gap_follows(arrays))
    plots.caption(figure, told(arrays), width=225)
    return figure


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    every = int(arrays["every"])
    return (
        f"{arrays['told']}, on the right × {arrays['factor']}. "
        f"Pale: {arrays['batch']} images of each law, every {every} iteration{'s' * (every > 1)}; "
        f"dark: median filter of {WINDOW}. Exact EM: linear program between pixels of n = "
        f"{arrays['n']} generated and as many real images. Sheets: at the grey lines, the same "
        f"noise. {wgan_images.PAPER}; exact EM is added."
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
        rows + sheets, figsize=(16, 9.9), gridspec_kw={"height_ratios": [1.3, 1.2, 1.1]}
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
    em[0].legend(loc="best")
    return figure, shown


def draw_shown(axes: Axes, arrays: dict[str, np.ndarray], name: str, k: int, title: str) -> None:
    """The curve that a practitioner sees, raw and filtered."""
    linear, rank = wgan_claims.correlations(arrays, name, k)
    raw, color = arrays[name][k], plots.CRITIC["color"]
    axes.plot(arrays["iteration"], raw, color=color, lw=0.8, alpha=0.4)
    axes.plot(arrays["iteration"], median_filter(raw, WINDOW, mode="reflect"), color=color)
    axes.set_title(f"{title}\ncorrelation with EM {linear:.2f}, of ranks {rank:.2f}", fontsize=14)


def draw_em(axes: Axes, arrays: dict[str, np.ndarray], k: int) -> None:
    """The truth, with its floor."""
    looked = np.isfinite(arrays["emd"][k])
    at, emd = arrays["iteration"][looked], arrays["emd"][k, looked]
    unseen, floor = arrays["unseen emd"][k, looked], float(arrays["floor"])
    two = not np.array_equal(emd, unseen)
    axes.plot(at, emd, **plots.EXACT, label="to training images" if two else "to new images")
    if two:
        axes.plot(at, unseen, color="0.55", marker=".", lw=1.2, label="to held-out images")
    axes.axhline(floor, color="0.3", linestyle=":", lw=1.5, label="floor: real to real")
    title = f"exact EM: from {emd[0]:.1f} to {emd[-1]:,.1f}, lowest {emd.min():.1f}"
    axes.set_title(title, fontsize=14)
    axes.set(xlabel="generator iteration", yscale="log")
    low, high = 0.93 * min(floor, np.min(emd)), 1.1 * np.max(emd)
    ticks = [tick for tick in (ROUND if high > 20 * low else TICKS) if low < tick < high]
    axes.set_ylim(low, high)
    axes.set_yticks(ticks, [f"{tick:,g}" for tick in ticks])
    axes.set_yticks([], minor=True)
