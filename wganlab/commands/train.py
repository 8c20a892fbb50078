"""The command `train`: algorithm 1 on a law whose truth is known."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from wganlab.report import aligned, cores, shown, spinner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wganlab.crew import Job
    from wganlab.learned import RunFolder, TrainConfig, View

    Row = dict[str, float]

BESIDES_RESUME = ("--resume", "--track", "--device", "--threads", "--engine")


@dataclass(frozen=True)
class Train:
    """Train a generator by algorithm 1, with the exact EM distance beside the critic's estimate.

    A run is kept in a folder: its configuration, a row of numbers every so many iterations,
    checkpoints, generated points, and when it ends or is stopped two pictures, samples.png and
    curve.png, and player.html, a page that plays the run step by step in any browser. Ctrl-C
    keeps a checkpoint; --resume goes on from the last one, also after a crash. Every setting is an
    option, whose default is the preset's: --preset wgan --help shows them. The columns at the end:
    estimate is what the objective says of the distance it goes down (of EM the raw gap, of the
    divergences a lower bound, without a critic the distance of two batches); exact EM is between
    generated points and real ones that no step has seen; the sampling floor is EM between two real
    samples of that size, which no generator can be expected to beat; certificate is a lower bound
    of EM that the critic proves; quality is the share of points within 4 standard deviations of a
    mode.
    """

    preset: str = "wgan-gp"
    """Recipe: wgan-gp, wgan-lp, wgan, wgan-sn, wgan-orthonormal; gan, gan-minimax, lsgan, hinge,
    loss-sensitive, ebgan; fgan-kl, fgan-reverse-kl, fgan-js, fgan-tv, fgan-pearson; without a
    critic gmmn, sinkhorn, emd; at the papers' sizes, hours: wgan-paper, wgan-gp-paper."""
    folder: Annotated[Path | None, arg(name="run", metavar="PATH")] = None
    """Where to keep the run; runs/PRESET-DATA-seedN if not given, with a number where that is
    taken. With several seeds, PATH-seedN."""
    resume: Annotated[Path | None, arg(metavar="PATH")] = None
    """Go on with the run kept there, from its last checkpoint, with as many threads; nothing of it
    can be changed."""
    quick: bool = False
    """A small and fast version, seconds in all: 300 iterations of 64 points a batch, networks of
    width 64, three times the learning rates, a row every 50 iterations. Options beside it win."""
    seeds: int = 1
    """Runs side by side, of the seeds from --seed on, in processes of their own; as many at once as
    there are cores for. Compiled, all of them in one process and one batched step."""
    track: bool = False
    """Write event files for TensorBoard too, into the folder events of the run; needs
    pip install "wganlab[track]". A tracked run is tracked further by --resume."""
    n: int = 1000
    """Points of each law in the exact EM, at most 1,000."""
    device: str = "auto"
    """cpu, cuda, ...; auto is a GPU where there is one."""
    threads: int = 1
    """Of torch, for each run. Bits are the same only with as many."""
    engine: Literal["eager", "compiled"] = "eager"
    """compiled: compile the steps first, up to half a minute; small networks then train several
    times as fast, and 8 seeds in about the time of one. The numbers are the same up to rounding."""

    def preset_config(self) -> TrainConfig:
        """The configuration whose values are the defaults of the further options."""
        with spinner("loading torch"):
            from wganlab.learned import PRESETS

        if self.preset not in PRESETS:
            near = difflib.get_close_matches(self.preset, PRESETS, 1)
            raise ValueError(
                f"there is no preset {self.preset!r}: choose from {', '.join(PRESETS)}"
                + (f"; did you mean {near[0]!r}?" if near else "")
            )
        return quickened(PRESETS[self.preset]) if self.quick else PRESETS[self.preset]

    def options(self) -> Any:
        """A type for tyro: these options and those of the configuration on one level."""
        with spinner("loading torch"):
            from wganlab.learned import TrainConfig

        parts = {"command": Train, "config": TrainConfig}
        fields = [(name, Annotated[kind, arg(name="")]) for name, kind in parts.items()]
        return dataclasses.make_dataclass("Options", fields)

    def run(self, config: TrainConfig) -> None:
        """Train, draw, and print a row a run."""
        for name, value, least in (("seeds", self.seeds, 1), ("threads", self.threads, 1)):
            if value < least:
                raise ValueError(f"--{name} {value}: expected {least} or more")
        if not 1 <= self.n <= 1000:
            raise ValueError(f"--n {self.n}: expected 1 to 1,000")
        from wganlab.crew import Job
        from wganlab.learned.track import summary_writer

        if self.track:
            summary_writer()
        many = [replace(config, seed=config.seed + k) for k in range(self.seeds)]
        jobs = [
            Job(
                one.to_json(),
                self._folder(one),
                self.n,
                self.device,
                self.threads,
                self.track,
                self.engine,
            )
            for one in many
        ]
        if self.seeds == 1:
            _kept(jobs[0].folder, jobs[0].run)
            _finish([jobs[0].folder])
        else:
            self._side_by_side(jobs, config)

    def _folder(self, config: TrainConfig) -> Path:
        """Where to keep that run."""
        if self.folder is not None:
            name = f"-seed{config.seed}" if self.seeds > 1 else ""
            return self.folder.with_name(self.folder.name + name)
        data = re.sub(r"[^\w.]+", "-", config.data).strip("-.")
        first = folder = Path("runs") / f"{self.preset}-{data}-seed{config.seed}"
        number = 1
        while folder.exists():
            number += 1
            folder = first.with_name(f"{first.name}-{number}")
        return folder

    def _side_by_side(self, jobs: Sequence[Job], config: TrainConfig) -> None:
        from wganlab import learned
        from wganlab.crew import side_by_side, together

        # what makes no sense is told at once, and once
        nothing = replace(config, iterations=0)
        learned.train(nothing, progress=False, device=self.device)
        for job in jobs:
            if learned.RunFolder(job.folder).config_file.exists():
                raise ValueError(f"there is a run in {job.folder} already: give another name")
        folders = [job.folder for job in jobs]
        try:
            if self.engine == "compiled":
                failed = together(jobs, config)
            else:
                failed = side_by_side(jobs, max(1, cores() // self.threads), config.iterations)
        except KeyboardInterrupt:
            _draw_what_there_is(folders)
            told = ", ".join(filter(None, map(_where, folders)))
            how = "go on with one by python -m wganlab train --resume PATH"
            raise KeyboardInterrupt(*[f"{told}; {how}"] if told else []) from None
        _finish([folder for folder in folders if folder not in failed])
        if failed:
            _draw_what_there_is(list(failed))
            told = "; ".join(f"{folder}: {reason}" for folder, reason in failed.items())
            raise RuntimeError(f"{len(failed)} of {len(jobs)} runs failed: {told}")

    def go_on(self, options: Sequence[str], further: Sequence[str]) -> None:
        """`--resume`; `options` are all that were given, `further` those of no field here."""
        assert self.resume is not None
        names = {option.partition("=")[0] for option in options if option.startswith("-")}
        if extra := sorted(names - {*BESIDES_RESUME}) or further:
            raise ValueError(
                f"--resume goes on with the run as it was configured: leave out {', '.join(extra)}"
            )
        with spinner("loading torch"):
            from wganlab import learned

        kept = learned.RunFolder(self.resume)
        config, before = kept.config(), kept.environment()
        if "n" not in before["notes"]:
            raise ValueError(
                f"the run in {self.resume} was started from Python, with observers that are not "
                "known here: go on with it by learned.resume"
            )
        again = partial(
            learned.resume,
            self.resume,
            observers=watch(config.data, before["notes"]["n"]),
            track=self.track,
            device=self.device if "--device" in names or before["device"] != "cpu" else "cpu",
            threads=self.threads if "--threads" in names else before["threads"],
            engine=self.engine if "--engine" in names else before["notes"]["engine"],
        )
        _kept(self.resume, again)
        _finish([self.resume])


def quickened(config: TrainConfig) -> TrainConfig:
    """What --quick makes of a preset."""
    critic, generator = (
        replace(optimizer, lr=3 * optimizer.lr)
        for optimizer in (config.critic_optimizer, config.generator_optimizer)
    )
    return replace(
        config,
        critic=replace(config.critic, width=64),
        generator=replace(config.generator, width=64),
        critic_optimizer=critic,
        generator_optimizer=generator,
        batch=64,
        iterations=300,
        every=50,
        checkpoint=100,
    )


def watch(source: str, n: int) -> list[Callable[[View], Row]]:
    """The usual observers, and what their numbers are to be held against: floor and all modes."""
    from wganlab import compare, data

    law = data.law(source)
    against = {"n": float(n), "sampling_floor": compare.sampling_floor(law, n)}
    if law.modes is not None and law.spread is not None:
        against["all_modes"] = float(len(law.modes))
    return [*compare.observers(n), lambda view: against]


def _kept(folder: Path, work: Callable[[], Any]) -> None:
    """Do it; where it is stopped, say what is kept and how to go on."""
    from wganlab.learned import RunDivergedError

    try:
        work()
    except RunDivergedError as error:
        _draw_what_there_is([folder])
        kept = _where(folder)
        kept = f"the last checkpoint is {kept}" if kept else "there was no checkpoint yet"
        raise RuntimeError(f"{error}; {kept}") from None
    except KeyboardInterrupt:
        _draw_what_there_is([folder])
        told = _where(folder)
        how = f"go on by python -m wganlab train --resume {folder}"
        raise KeyboardInterrupt(*[f"{told}; {how}"] if told else []) from None


def _where(folder: Path) -> str:
    """`runs/NAME at iteration 100` for the last checkpoint, nothing where there is none."""
    import torch

    from wganlab.learned import RunFolder

    state = RunFolder(folder).load(torch.device("cpu"))
    return "" if state is None else f"{folder} at iteration {state['iteration']:,}"


def _finish(folders: Sequence[Path]) -> None:
    """Draw and print them."""
    from wganlab.learned import RunFolder

    with spinner("drawing"):
        for folder in folders:
            draw(RunFolder(folder))
    if folders:
        print(table([(folder, RunFolder(folder)) for folder in folders]))


def _draw_what_there_is(folders: Sequence[Path]) -> None:
    """Of runs that were stopped; what cannot be drawn of them is no news beside why they were."""
    from wganlab.learned import RunFolder

    for kept in map(RunFolder, folders):
        with contextlib.suppress(KeyboardInterrupt, OSError, ValueError, ArithmeticError):
            if kept.rows():
                draw(kept)


def draw(kept: RunFolder) -> None:
    """samples.png, curve.png and player.html in the folder of a run."""
    import numpy as np
    import torch

    from wganlab import data, pictures

    config, rows = kept.config(), kept.rows()
    iteration = int(rows[-1]["iteration"])
    fake = np.load(_samples(kept, rows[-1]))
    real = data.law(config.data).sample(len(fake), torch.Generator().manual_seed(config.seed))
    title = f"{config.objective}, {config.constraint}, {config.data}: iteration {iteration:,}"
    pictures.draw_sheet(kept.path / "samples.png", real.numpy(), fake, title)
    pictures.draw_curve(kept.path / "curve.png", rows, config)
    files = {int(row["iteration"]): _samples(kept, row) for row in rows}
    frames = [(step, np.load(file)) for step, file in files.items() if file.exists()]
    pictures.write_player(kept.path / "player.html", real.numpy(), frames, rows, config)


def _samples(kept: RunFolder, row: dict[str, float]) -> Path:
    return kept.path / "samples" / f"{row['iteration']:06.0f}.npy"


def table(runs: Sequence[tuple[Path, RunFolder]]) -> str:
    """A row a run, as its last observation has it."""
    from wganlab.learned import OBJECTIVES

    estimated = OBJECTIVES[runs[0][1].config().objective].estimates
    heads = f"run|iterations|estimate of {estimated}|exact EM|sampling floor|certificate|modes"
    lines = [[*heads.split("|"), "quality", "seconds"]]
    for folder, kept in runs:
        row = kept.rows()[-1]
        names = ("estimate", "emd", "sampling_floor", "certificate")
        numbers = [shown(row.get(name)) for name in names]
        modes = f"{row['modes']:.0f} of {row['all_modes']:.0f}" if "all_modes" in row else "-"
        quality = f"{row['quality']:.1%}" if "quality" in row else "-"
        told = [modes, quality, f"{row['seconds']:.1f}"]
        lines.append([str(folder), f"{row['iteration']:,.0f}", *numbers, *told])
    return aligned(lines)
