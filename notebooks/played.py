"""The players of the course's site: pages that play runs.

The short ones are trained when the site is made, the long one is a record.

They need no kernel and no network (`wganlab.player`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import numpy as np

from wganlab import compare, learned, player, scenes
from wganlab.learned import MLPConfig, TrainConfig

LAW = "8gaussians"
RUNS = {
    "wgan": "a clipped critic (WGAN)",
    "wgan-lp": "a critic with a one-sided penalty",
    "gan": "a discriminator (GAN)",
}
NETWORK = MLPConfig(width=64, depth=3, init="he")
BATCH = 64
SHOWN = 300  # points of each law that are drawn and compared
FRAMES = 40
RECORD = Path(__file__).parents[1] / "figures" / "records" / "runs" / "faces"
CLOSELY = 5  # iterations of the step-through, of which every update is shown


@dataclass(frozen=True)
class Player:
    """A page to be played."""

    name: str
    title: str
    about: str
    lessons: tuple[str, ...]
    """Numbers of the lessons that it belongs to."""
    html: str


def players(iterations: int = 600) -> list[Player]:
    """All of them, whose runs are this long."""
    return [stepwise(max(1, iterations // 10)), side_by_side(iterations), converged()]


def configured(preset: str, iterations: int) -> TrainConfig:
    """A preset at a size that trains in seconds."""
    return replace(
        learned.PRESETS[preset],
        data=LAW,
        critic=NETWORK,
        generator=NETWORK,
        batch=BATCH,
        weight=1.0,
        iterations=iterations,
        every=max(1, iterations // FRAMES),
    )


def side_by_side(iterations: int) -> Player:
    """The same generator, taught in three ways."""
    title = "One generator, three teachers"
    panels = [_panel(preset, iterations) for preset in RUNS]
    note = (
        f"8 Gaussians; networks of {NETWORK.depth} hidden layers of {NETWORK.width} units, batches "
        f"of {BATCH}, seed 0. Exact EM: between {SHOWN} generated points and {SHOWN} real ones "
        "that no step has seen. The gap of a clipped critic has a unit of its own; a "
        "discriminator's estimate is one of JS, and not shown. One seed proves nothing."
    )
    html = player.page(title, panels[0].iterations, panels, note=note)
    about = (
        "The same generator learns 8 Gaussians from a clipped critic, from a penalized one and "
        "from a GAN's discriminator: its points, the critic's gap and exact EM, iteration by "
        "iteration."
    )
    return Player("runs", title, about, ("08", "09"), html)


def _panel(preset: str, iterations: int) -> player.Panel:
    config = configured(preset, iterations)
    real, clouds = [], []

    def look(view: learned.View) -> dict[str, float]:
        real.append(view.real[:SHOWN].numpy())
        clouds.append(view.fake[:SHOWN].numpy())
        return {}

    observers = [look, *compare.observers(n=SHOWN)]
    run = learned.train(config, observers=observers, device="cpu")
    steps = [int(row["iteration"]) for row in run.history]
    told = ("emd",) if preset == "gan" else ("emd", "estimate")
    curves = {name: [row[name] for row in run.history] for name in told}
    return player.Panel(RUNS[preset], real[0], clouds, steps, curves)


def stepwise(iterations: int) -> Player:
    """Algorithm 1, one update at a time."""
    title = "Algorithm 1, step by step"
    config = configured("wgan-lp", iterations)
    slow = replace(config.generator_optimizer, lr=3e-4)  # steps small enough to follow
    config = replace(config, generator_optimizer=slow, warm_up=0)
    game = compare.StepThrough(config, n=150, device="cpu")
    seen = [game.scene()]
    for iteration in range(iterations):
        if iteration < CLOSELY:
            for _ in range(config.n_critic):
                game.step_critic()
                seen.append(game.scene())
        game.step_both()
        if iteration < CLOSELY or iteration % 2:
            seen.append(game.scene())
    note = (
        f"8 Gaussians, a critic with a one-sided penalty, {config.n_critic} critic steps an "
        f"iteration, seed 0. Every update of the first {CLOSELY} iterations, then every second "
        "iteration. Shaded: the critic, from low to high. Arrows: which way it pulls generated "
        "points. The exact critic belongs to the points that are shown. In lesson 8 you choose who "
        "moves."
    )
    html = scenes.steps_page(title, seen, note=note)
    about = (
        "Every update of the critic and of the generator, with both critics as fields, the learned "
        "one and the exact one, and which way they pull the points."
    )
    return Player("steps", title, about, ("08",), html)


def converged() -> Player:
    """A WGAN-GP that learns faces until exact EM is near its floor: a record, not trained here."""
    title = "Faces, to the end"
    kept = learned.RunFolder(RECORD)
    law, n = kept.located().law(), int(kept.environment()["notes"]["look"]["n"])
    rows = [row for row in kept.rows() if isfinite(row["emd"])]
    steps = [int(row["iteration"]) for row in rows]
    files = {step: kept.path / "samples" / f"{step:06}.npy" for step in steps}
    sheets = {step: np.load(file) for step, file in files.items() if file.is_file()}
    shown = min(map(len, sheets.values()))
    curves = {name: [row[name] for row in rows] for name in ("emd", "certificate")}
    curves["floor"] = [compare.sampling_floor(law, n)] * len(rows)
    clouds = [sheet[:shown] for sheet in sheets.values()]
    panel = player.Panel("", clouds[0], clouds, steps, curves)
    end = rows[-1]
    note = (
        "Pixel-art faces of 16 x 16 pixels, new ones without end; WGAN-GP, DCGANs, one seed, "
        f"{end['seconds'] / 60:.0f} minutes on a CPU. Exact EM: between {n:,} generated faces and "
        f"{n:,} new ones; the floor is that of real to real. At the end {end['modes']:.0f} of "
        f"{end['all_modes']:.0f} values of attributes are found, and {end['quality']:.0%} of the "
        "faces are within a tenth of the range of pixels of one that there is."
    )
    about = (
        "A run that is long enough: smudges become faces, and exact EM falls most of the way to "
        "its sampling floor and stays there."
    )
    return Player("faces", title, about, ("11",), player.page(title, [*sheets], [panel], note=note))
