"""A run on its way: what is observed and kept of it, and what it has become."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

from wganlab.data.imageset import some
from wganlab.learned.fast.trace import owned
from wganlab.learned.runs.config import TrainConfig
from wganlab.learned.runs.folder import RunFolder
from wganlab.learned.runs.observing import observe
from wganlab.learned.runs.sign import remark
from wganlab.learned.runs.state import RunDivergedError, RunState
from wganlab.learned.runs.view import SHOWN, Observer, Row, generated


@dataclass(frozen=True, eq=False)
class Run:
    """A run as it stands at its end."""

    config: TrainConfig
    """What was asked."""
    history: tuple[Row, ...] = field(repr=False)
    """A row an observation, by the names of metrics.csv."""
    generator: nn.Module = field(repr=False)
    """The generator, or its average, in evaluation mode."""
    critic: nn.Module | None = field(repr=False)
    """The critic in evaluation mode; None where the objective has none."""
    folder: Path | None = None
    """Where it is kept."""
    classes: tuple[str, ...] = ()
    """Names of the classes that the generator is told; none without labels."""

    @property
    def remark(self) -> str:
        """What to know before believing its estimate: where that has the wrong sign."""
        return remark(self.history, self.config)

    def sample(self, n: int, generator: Generator, label: str | int | None = None) -> Tensor:
        """Generated points, shape (n, dim).

        Parameters
        ----------
        n : int
            How many.
        generator : torch.Generator
            Of their noise, on the device of the networks.
        label : str or int, optional
            The class of all of them, by its name; without it they are of each class in turn.

        Raises
        ------
        ValueError
            If there is no such class, or the run was trained without labels.
        """
        told = None
        if label is not None:
            if str(label) not in self.classes:
                known = f"choose from {some(self.classes)}" if self.classes else "it has no labels"
                raise ValueError(f"the generator of this run knows no class {label!r}: {known}")
            told = self.classes.index(str(label))
        with torch.no_grad():
            k = len(self.classes)
            return generated(self.generator, self.config.latent, n, generator, k, told)


@dataclass(eq=False)
class Going:
    """A run on its way, with what is observed and kept of it."""

    training: RunState
    folder: RunFolder | None
    observers: Sequence[Observer]
    track: bool
    rows: list[Row] = field(default_factory=list)
    diverged: RunDivergedError | None = None
    observed: int = -1

    def observe(self) -> None:
        """A row, where one is due; of several processes the first makes it."""
        done, config = self.training.iteration, self.training.config
        if done % config.every and done < config.iterations:
            return
        if self.observed == done or (self.rows and self.rows[-1]["iteration"] == done):
            return
        self.observed = done
        self.look()
        if not self.training.world.first:
            return
        self.rows.append(observe(self.training, self.observers))
        if self.folder is not None:
            self.folder.append(self.rows[-1])
            self.folder.keep_samples(done, self.training.shown)

    def look(self) -> None:
        """Write the losses since the last look; RunDivergedError if one is not finite."""
        try:
            self.training.refuse_infinite()
        finally:
            if self.folder is not None and self.training.world.first:
                self.folder.append_losses(self.training.seen)

    def keep(self, interrupted: bool) -> None:
        """A checkpoint, where one is due."""
        done, config = self.training.iteration, self.training.config
        due = done % config.checkpoint == 0 or done >= config.iterations or interrupted
        if self.folder is None or not due:
            return
        self.look()
        if self.training.world.first:
            state = owned(self.training.state_dict())
            self.folder.save(state, every=config.keep_checkpoints)

    def end(self) -> Run:
        """What it has become."""
        generator, critic = self.training.finished()
        path = self.folder.path if self.folder else None
        rows = tuple(self.rows)
        return Run(self.training.config, rows, generator, critic, path, self.training.classes)

    def tracked(self) -> AbstractContextManager[None]:
        """Event files in its folder, below whose generated points are real ones."""
        if self.folder is None:
            return nullcontext()
        draws = Generator(self.training.device).manual_seed(self.training.watch)
        return self.folder.tracked(self.training.law.sample(SHOWN, draws).cpu(), self.rows)

    def told(self) -> dict[str, str]:
        """What the progress bar shows of the last row."""
        shown = {"estimate": "estimate", "emd": "EM", "modes": "modes", "js4": "JS"}
        row = self.rows[-1]
        told = {label: f"{row[name]:.3g}" for name, label in shown.items() if name in row}
        if row.get("wrong_sign"):
            told["estimate"] += " wrong sign"
        return told
