"""The players of the course's site: pages that play short runs, trained when the site is made.

They need no kernel and no network (`wganlab.player`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    return [stepwise(max(1, iterations // 10)), side_by_side(iterations)]


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
