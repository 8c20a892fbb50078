"""The command `train`: algorithm 1 on a law whose truth is known."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from wganlab.commands.ending import draw_what_there_is, finish, guarded, where
from wganlab.commands.run_bracket import checked
from wganlab.commands.train_options import (
    BESIDES_RESUME,
    Net,
    besides_iterations,
    iterations_of,
    network,
    quickened,
    refuse_both,
)
from wganlab.commands.usual_observers import watch
from wganlab.report import aligned, cores, spinner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.commands.side_by_side import Job
    from wganlab.learned import TrainConfig


@dataclass(frozen=True)
class Train:
    """Train a generator by algorithm 1, with the exact EM distance beside the critic's estimate.

    A run is kept in a folder: its configuration, a row of numbers every so many iterations,
    checkpoints, generated points, and when it ends or is stopped two pictures, samples.png and
    curve.png, and player.html, a page that plays the run step by step in any browser; of images
    nearest.png too, samples beside the nearest training images. Ctrl-C keeps a checkpoint; --resume
    goes on from the last one, also after a crash. Every setting is an option, whose default is the
    preset's for that data: --preset wgan --data mnist10k --help shows them. Several processes train
    one run where torchrun starts them: torchrun --nproc_per_node=2 -m -- wganlab train ... (without
    the dashes torchrun takes --run and --n for options of its own). The columns at the end:
    estimate is what the objective says of the distance it goes down (of EM the raw gap, of the
    divergences a lower bound, without a critic the distance of two batches); exact EM is between
    generated points and real ones that no step has seen; the sampling floor is EM between two real
    samples of that size, which no generator can be expected to beat; certificate is a lower bound
    of EM that the critic proves; W1 of the laws, where there was time for it, is a bracket around
    the distance of the laws themselves, or its side that says something; quality is the share of
    points within 4 standard deviations of a mode. Images are points in the space of their pixels,
    between -1 and 1; classes are those that a small classifier of the same set finds among
    generated images, and KID a distance of its features. Lines of text are one-hot points; JS is
    between the laws of their n-grams, n = 1 to 4, and those of the text, in nats, with what as many
    held-out lines reach in brackets; words are those of generated lines that occur in the text.
    Their samples are samples.txt.
    """

    preset: str = "auto"
    """Recipe; auto is wgan-gp, and wgan-lp for points from a file, where critics of a two-sided
    penalty may end on the wrong side. There are wgan-gp, wgan-lp, wgan, wgan-sn, wgan-orthonormal;
    gan, gan-minimax, lsgan, hinge, loss-sensitive, ebgan; fgan-kl, fgan-reverse-kl, fgan-js,
    fgan-tv, fgan-pearson; without a critic gmmn, sinkhorn, emd; at the papers' sizes, hours:
    wgan-paper, wgan-gp-paper, and of images wgan-gp-resnet-paper, wgan-gp-cifar-paper."""
    folder: Annotated[Path | None, arg(name="run", metavar="PATH")] = None
    """Where to keep the run; runs/PRESET-DATA-seedN if not given, with a number where that is
    taken. With several seeds, PATH-seedN."""
    resume: Annotated[Path | None, arg(metavar="PATH")] = None
    """Go on with the run kept there, from its last checkpoint, with as many threads; nothing of it
    can be changed but its end: --iterations or --epochs takes it further, a finished run too, with
    the learning rates that schedules to that end have."""
    columns: str = ""
    """Columns of a file of --data that are coordinates, as `distance` takes them; in a
    configuration they are a part of the name: file.csv:columns=x,y."""
    weights: str = ""
    """Its column of weights, likewise: points are drawn by weight."""
    quick: bool = False
    """A small and fast version, seconds in all: 300 iterations of 64 points a batch, networks of
    width 64, three times the learning rates, a row every 50 iterations. Options beside it win."""
    epochs: float | None = None
    """In place of --iterations: as many as it takes until the critic's steps, or without a critic
    the generator's, have drawn so many times as many real points as there are. For sets of images,
    files, and --points; toys and faces have no end."""
    seeds: int = 1
    """Runs side by side, of the seeds from --seed on, in processes of their own; as many at once as
    there are cores for. Compiled, all of them in one process and one batched step."""
    track: bool = False
    """Write event files for TensorBoard too, into the folder events of the run; needs
    pip install "wganlab[track]". A tracked run is tracked further by --resume."""
    n: Annotated[int, arg(aliases=["-n"])] = 1000
    """Points of each law in the exact EM, at most 1,000; of images and text at most 4,096, or as
    many as there are held out."""
    critic_net: Net = "auto"
    """Network of the critic: mlp (layers of units), fold (folds of space, for orthonormal), of
    images dcgan (convolutions), resnet (residual blocks) or patch (convolutions for orthonormal),
    of text text (residual convolutions); auto is the preset's. Its options are --critic.*."""
    generator_net: Literal["auto", "mlp", "dcgan", "resnet", "text"] = "auto"
    """Network of the generator, likewise."""
    device: str = "auto"
    """cpu, cuda, ...; auto is a GPU where there is one."""
    threads: int = 1
    """Of torch, for each run. Bits are the same only with as many."""
    workers: int = 0
    """Processes that read images ahead. With 0 images are kept on the device, or where they take
    more than half of a GPU's memory, read by two."""
    bracket: str = "auto"
    """auto, no, or seconds: end with a bracket of W1 between the LAWS of generator and data, as the
    command `bracket` finds it, with 95 %, kept as bracket.json. auto: in a tenth of the time that
    the run took, at most a minute, and not at all where that is under 10 s, or of text."""
    profile_step: bool = False
    """Train nothing: print where the time of an iteration goes."""
    engine: Literal["auto", "eager", "by-hand", "compiled"] = "auto"
    """What computes the steps; the numbers are the same up to rounding. eager: as algorithm 1 is
    written, by plain autograd; by-hand: gradients written down where that is possible; compiled:
    compile the steps first, up to half a minute; small networks then train several times as fast,
    and 8 seeds in about the time of one. auto: compiled for perceptrons in runs of 5,000 iterations
    or more, else by hand."""

    def preset_config(self, data: str | None) -> TrainConfig:
        """The configuration for that data, whose values are the defaults of the further options."""
        with spinner("loading torch"):
            from wganlab.learned import PRESETS, preset
            from wganlab.learned.runs.image_presets import IMAGE_PRESETS

        name, known = self._preset(data), list(dict.fromkeys([*PRESETS, *IMAGE_PRESETS]))
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise ValueError(
                f"there is no preset {name!r}: choose from {', '.join(known)}"
                + (f"; did you mean {near[0]!r}?" if near else "")
            )
        config = preset(name, data)
        config = quickened(config) if self.quick else config
        return replace(
            config,
            critic=network(self.critic_net, config.critic, "layer"),
            generator=network(self.generator_net, config.generator),
        )

    def of_columns(self, config: TrainConfig) -> TrainConfig:
        """The configuration with --columns and --weights in the name of its data."""
        from wganlab.data.files import is_file_source, with_columns

        if (self.columns or self.weights) and not is_file_source(config.data):
            raise ValueError(
                f"--columns and --weights are of files, and --data {config.data} is none"
            )
        return replace(config, data=with_columns(config.data, self.columns, self.weights))

    def of_epochs(self, config: TrainConfig, further: Sequence[str]) -> TrainConfig:
        """The configuration with as many iterations as --epochs takes; `further` as in `go_on`."""
        if self.epochs is None:
            return config
        refuse_both(further)
        return config.for_epochs(self.epochs)

    def _told(self, config: TrainConfig) -> list[str]:
        """What --epochs came to."""
        if self.epochs is None:
            return []
        from wganlab.learned.runs.epochs import points_of

        n, k = points_of(config), config.iterations
        return [f"note: --epochs {self.epochs:g} of {n:,} points: {k:,} iterations"]

    def _preset(self, data: str | None) -> str:
        """The name of the recipe for that data."""
        if self.preset != "auto":
            return self.preset
        from wganlab.data import TOYS
        from wganlab.data.image_sources import is_image_source
        from wganlab.data.language import is_text_source

        name = (data or "8gaussians").partition(":")[0].replace("-", "_")
        known = data is None or is_image_source(data) or is_text_source(data) or name in TOYS
        return "wgan-gp" if known else "wgan-lp"

    def options(self) -> Any:
        """A type for tyro: these options and those of the configuration on one level."""
        with spinner("loading torch"):
            from wganlab.learned import TrainConfig

        parts = {"command": Train, "config": TrainConfig}
        fields = [(name, Annotated[kind, arg(name="")]) for name, kind in parts.items()]
        return dataclasses.make_dataclass("Options", fields)

    def run(self, config: TrainConfig) -> None:
        """Train, draw, and print a row a run."""
        self._check(config)
        import torch

        from wganlab.learned.distributed import asked_for, joined
        from wganlab.learned.runs.state import RunState
        from wganlab.learned.runs.track import summary_writer

        if self.track:
            summary_writer()
        if self.profile_step:
            self._profile(config)
            return
        if self.seeds > 1:
            if asked_for():
                raise ValueError("--seeds and torchrun: several processes train one run together")
            many = [replace(config, seed=config.seed + k) for k in range(self.seeds)]
            self._side_by_side([self._job(one, self._folder(one)) for one in many], config)
            return
        with joined(self.device) as world:
            if config.of_sets:  # told before a classifier is trained, or n-grams counted
                RunState(config, torch.device("cpu"))
            job = self._job(config, world.by_first(lambda: self._folder(config)))
            guarded(job.folder, job.run)
            if world.first:
                finish([job.folder], self.bracket, self.device, self._told(config))

    def _check(self, config: TrainConfig) -> None:
        checked(self.bracket)
        numbers = {"seeds": 1, "threads": 1, "workers": 0}
        for name, least in numbers.items():
            if getattr(self, name) < least:
                raise ValueError(f"--{name} {getattr(self, name)}: expected {least} or more")
        if self.workers and config.of_text:
            raise ValueError(f"--workers reads images, and --data {config.data} is text")
        most = 4096 if config.of_sets else 1000
        if not 1 <= self.n <= most:
            raise ValueError(f"--n {self.n}: expected 1 to {most:,}")

    def _job(self, config: TrainConfig, folder: Path) -> Job:
        from wganlab.commands.side_by_side import Job

        return Job(
            config,
            folder,
            self.n,
            self.device,
            self.threads,
            self.track,
            self.engine,
            self.workers,
        )

    def _profile(self, config: TrainConfig) -> None:
        """`--profile-step`."""
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler tells when it starts
        from wganlab.learned.devices import resolve_device, thread_limit
        from wganlab.learned.distributed import joined
        from wganlab.learned.fast.profile import profiled
        from wganlab.learned.runs.state import RunState

        if self.engine == "compiled":
            raise ValueError("--profile-step is of steps in Python: leave out --engine compiled")
        by_hand = self.engine != "eager"
        with joined(self.device) as world, thread_limit(self.threads), spinner("measuring"):
            place = resolve_device(self.device)
            run = RunState(config, place, workers=self.workers, by_hand=by_hand)
            parts = profiled(run)
        if world.first:
            whole = parts[-1]
            heads = ["part", "calls", "ms of the host", "share"]
            gpu = whole.device > 0
            lines = [[*heads, *(["ms of the device"] if gpu else [])]]
            for part in parts:
                cells = [part.name, f"{part.calls:g}", f"{part.host:.2f}"]
                cells.append(f"{part.host / whole.host:.0%}")
                lines.append([*cells, *([f"{part.device:.2f}"] if gpu else [])])
            print(aligned(lines))

    def _folder(self, config: TrainConfig) -> Path:
        """Where to keep that run."""
        if self.folder is not None:
            name = f"-seed{config.seed}" if self.seeds > 1 else ""
            return self.folder.with_name(self.folder.name + name)
        data = re.sub(r"[^\w.]+", "-", config.data).strip("-.")
        first = folder = Path("runs") / f"{self._preset(config.data)}-{data}-seed{config.seed}"
        number = 1
        while folder.exists():
            number += 1
            folder = first.with_name(f"{first.name}-{number}")
        return folder

    def _side_by_side(self, jobs: Sequence[Job], config: TrainConfig) -> None:
        from wganlab import learned
        from wganlab.commands.side_by_side import side_by_side, together
        from wganlab.learned.runs.interruption import as_ctrl_c

        # what makes no sense is told at once, and once
        nothing = replace(config, iterations=0)
        learned.train(nothing, progress=False, device=self.device)
        for job in jobs:
            if learned.RunFolder(job.folder).config_file.exists():
                raise ValueError(f"there is a run in {job.folder} already: give another name")
        folders = [job.folder for job in jobs]
        try:
            with as_ctrl_c():
                if self.engine == "compiled" and not config.of_sets:
                    failed = together(jobs, config)
                else:
                    at_once = max(1, cores() // self.threads)
                    failed = side_by_side(jobs, at_once, config.iterations)
        except KeyboardInterrupt:
            draw_what_there_is(folders)
            told = ", ".join(filter(None, map(where, folders)))
            how = "go on with one by python -m wganlab train --resume PATH"
            raise KeyboardInterrupt(*[f"{told}; {how}"] if told else []) from None
        ended = [folder for folder in folders if folder not in failed]
        finish(ended, self.bracket, self.device, self._told(config))
        if failed:
            draw_what_there_is(list(failed))
            told = "; ".join(f"{folder}: {reason}" for folder, reason in failed.items())
            raise RuntimeError(f"{len(failed)} of {len(jobs)} runs failed: {told}")

    def go_on(self, options: Sequence[str], further: Sequence[str]) -> None:
        """`--resume`; `options` are all that were given, `further` those of no field here."""
        assert self.resume is not None
        names = {option.partition("=")[0] for option in options if option.startswith("-")}
        if extra := sorted(names - {*BESIDES_RESUME}) or besides_iterations(further):
            raise ValueError(
                f"--resume goes on with the run as it was configured: leave out {', '.join(extra)}"
            )
        with spinner("loading torch"):
            from wganlab import learned
            from wganlab.learned import distributed

        checked(self.bracket)
        kept = learned.RunFolder(self.resume)
        kept.refuse_record()
        config, before = self.of_epochs(kept.located(), further), kept.environment()
        if not {"n", "engine"} <= before["notes"].keys():
            raise ValueError(
                f"the run in {self.resume} was started from Python, with observers that are not "
                "known here: go on with it by learned.resume"
            )
        again = partial(
            learned.resume,
            self.resume,
            observers=watch(config, before["notes"]["n"]),
            track=self.track,
            device=self.device if "--device" in names or before.get("device") != "cpu" else "cpu",
            threads=self.threads if "--threads" in names else before.get("threads", 1),
            engine=self.engine if "--engine" in names else before["notes"]["engine"],
            workers=self.workers,
            iterations=config.iterations if self.epochs is not None else iterations_of(further),
        )
        with distributed.joined(self.device) as world:
            guarded(self.resume, again)
            if world.first:
                finish([self.resume], self.bracket, self.device, self._told(config))
