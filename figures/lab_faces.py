"""A WGAN-GP learns the law of faces, and every part of it is known: how near does it come?

The law (`wganlab.data.faces`) draws new faces without end, so there is nothing to learn by heart.
Above: new faces of the law, generated ones, and of these the nearest faces that there are, which is
how their attributes are read. Below: the same noise at six moments; exact EM of pixels beside its
sampling floor; values found of all attributes and the share of valid faces (at most a tenth of the
range of pixels away from a face, root mean square), read of a tenth as many faces before the end,
when rare values are missed more often; and for every attribute the total variation between the
frequencies of its values among generated faces and in the law, beside that of as many new faces.

Not shown: dependence of attributes, which the sentence tells, is mutual information of two of them
above chance, in nats, on average; in the law it is 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import face_attributes, image_runs, wgan_claims
from wganlab import compare, plots
from wganlab.learned import DCGANConfig, preset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wganlab.learned import TrainConfig

COLUMNS = 8  # of a sheet
ROWS = 6
MOMENTS = 6
STRIP = 8  # faces of a moment


@dataclass(frozen=True)
class Size:
    """What a profile spends."""

    filters: tuple[int, int]  # of the critic and of the generator
    batch: int
    n_critic: int
    iterations: int
    records: int
    looks: int
    n: int  # faces of each law in a linear program
    read: int  # faces whose attributes are read at the end


SIZES = {
    "quick": Size((4, 4), 8, 1, 6, 6, 6, 40, 40),
    "laptop": Size((32, 64), 64, 3, 1200, 24, 12, 500, 1000),
    "long": Size((32, 64), 64, 3, 12_000, 60, 20, 1000, 1000),
    "paper": Size((64, 128), 64, 5, 100_000, 100, 50, 1000, 1000),
}


def config(profile: str) -> TrainConfig:
    """That of `train --preset wgan-gp --data faces`, but for the profile's sizes."""
    size = SIZES[profile]
    base = preset("wgan-gp", "faces")
    critic, generator = base.critic, base.generator
    assert isinstance(critic, DCGANConfig)
    assert isinstance(generator, DCGANConfig)
    return replace(
        base,
        critic=replace(critic, filters=size.filters[0]),
        generator=replace(generator, filters=size.filters[1]),
        batch=size.batch,
        n_critic=size.n_critic,
        iterations=size.iterations,
        every=size.iterations // size.records,
        checkpoint=min(size.iterations, 500),
    )


def compute(profile: str) -> dict[str, np.ndarray]:
    """Sheets, curves and attributes of the run."""
    size, one = SIZES[profile], config(profile)
    look = image_runs.Look(size.n, size.records // size.looks, size.read)
    run = image_runs.kept("faces", one, look, profile)
    generated = run.sheet(one.iterations)[: ROWS * COLUMNS]
    moments = moments_of(one)
    last = run.rows[-1]
    return {
        "real": image_runs.examples(one, ROWS * COLUMNS),
        "generated": generated,
        "nearest": compare.face_attributes(generated).reading.drawn,
        "moments": np.array(moments),
        "strip": np.array([run.sheet(moment)[:STRIP] for moment in moments]),
        "iteration": run.column("iteration"),
        **{name: run.column(name) for name in ("emd", "modes", "quality")},
        "floor": np.array(image_runs.floor(one, size.n)),
        "n": np.array(size.n),
        "dependence": np.array(last.get("dependence", np.nan)),
        "filters": np.array(size.filters),
        "settings": np.array([one.batch, one.n_critic, one.latent]),
        **face_attributes.ends([[run]], image_runs.examples(one, size.read)),
    }


def moments_of(one: TrainConfig) -> list[int]:
    """Records that a record of the run keeps: evenly spread, the first and the last included."""
    last = one.iterations // one.every
    return [round(k * last / (MOMENTS - 1)) * one.every for k in range(MOMENTS)]


def draw(arrays: dict[str, np.ndarray]) -> Figure:
    """Three sheets above; the strip, two curves and the bars below."""
    import matplotlib.pyplot as plt

    top = ["real"] * 4 + ["generated"] * 4 + ["nearest"] * 4
    rows: list[Any] = [
        top,
        ["strip"] * 4 + ["emd"] * 4 + ["bars"] * 4,
        ["strip"] * 4 + ["found"] * 4 + ["bars"] * 4,
    ]
    figure, panels = plt.subplot_mosaic(
        rows, figsize=(16, 11), gridspec_kw={"height_ratios": [1.75, 1, 1]}
    )
    titles = {
        "real": "new faces of the law",
        "generated": f"generated, after {int(arrays['iteration'][-1]):,} iterations",
        "nearest": "the faces nearest to these",
    }
    for name, title in titles.items():
        plots.show_images(panels[name], arrays[name], COLUMNS)
        panels[name].set_title(title, fontsize=15)
    draw_strip(panels["strip"], arrays)
    draw_emd(panels["emd"], arrays)
    draw_found(panels["found"], arrays)
    face_attributes.draw_bars(panels["bars"], arrays, 1, plots.FAKE["color"])
    panels["bars"].set_yticks(range(len(arrays["attributes"])), arrays["attributes"])
    panels["bars"].set_title("attributes; dotted: of as many real faces", fontsize=14)
    wgan_claims.above(figure, sentence(arrays))
    plots.caption(figure, told(arrays), width=225)
    return figure


def draw_strip(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """The same noise, a row a moment."""
    strip = arrays["strip"]
    plots.show_images(axes, strip.reshape(-1, *strip.shape[2:]), STRIP)
    side = strip.shape[2]
    for k, moment in enumerate(arrays["moments"]):
        axes.text(-2, (k + 0.5) * side, f"{moment:,}", ha="right", va="center", fontsize=12)
    axes.set_title("the same noise", fontsize=14)


def draw_emd(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Exact EM and its floor."""
    looked = np.isfinite(arrays["emd"])
    axes.plot(arrays["iteration"][looked], arrays["emd"][looked], **plots.EXACT, label="exact EM")
    floor = float(arrays["floor"])
    axes.axhline(floor, **face_attributes.FLOOR, label=f"floor: real to real, {floor:.1f}")
    axes.set(ylim=(0, None), xlim=(0, arrays["iteration"][-1]))
    axes.set_ylabel("EM of pixels", fontsize=13)
    axes.set_title(f"exact EM falls to {arrays['emd'][looked][-1]:.1f}", fontsize=14)
    axes.legend(fontsize=12)


def draw_found(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """Values found, and valid faces."""
    looked = np.isfinite(arrays["modes"])
    at = arrays["iteration"][looked]
    share = arrays["modes"][looked] / float(arrays["all"].flat[0])
    axes.plot(at, share, color=plots.FAKE["color"], label="values found")
    axes.plot(
        at, arrays["quality"][looked], color=plots.FAKE["color"], ls="--", label="valid faces"
    )
    axes.set(ylim=(0, 1.02), xlim=(0, arrays["iteration"][-1]))
    axes.set_xlabel("generator iteration", fontsize=13)
    axes.set_ylabel("share", fontsize=13)
    axes.legend(fontsize=12)


def sentence(arrays: dict[str, np.ndarray]) -> str:
    """What is seen, in numbers."""
    found, every = float(arrays["found"].flat[0]), float(arrays["all"].flat[0])
    draws = bool(wgan_claims.draws_faces(arrays).flat[0])
    tied = float(arrays["dependence"])
    told = f", dependence of attributes {tied:.3f} nats (0 in the law)" if np.isfinite(tied) else ""
    return (
        f"A WGAN-GP {'draws' if draws else 'does not yet draw'} faces: {found:.0f} of {every:.0f} "
        f"values found, {float(arrays['valid'].flat[0]):.0%} valid, exact EM "
        f"{arrays['emd'][-1]:.1f} where real faces are {float(arrays['floor']):.1f} apart{told}"
    )


def told(arrays: dict[str, np.ndarray]) -> str:
    """The caption."""
    (critic, generator), (batch, n_critic, latent) = arrays["filters"], arrays["settings"]
    return (
        f"faces at 16 px, d = 768, without end; DCGANs of {critic} (critic, no norm) and "
        f"{generator} filters; latent {latent}, batch {batch}, {n_critic} critic steps an "
        f"iteration, λ = 10, Adam 1e-3 (.5, .9) falling to 0, moving average of the generator "
        f"(.995); one seed, CPU. Exact EM: n = {arrays['n']} generated and as many new faces. "
        f"Attributes: of {int(arrays['read']):,} faces, each read as the nearest one."
    )
