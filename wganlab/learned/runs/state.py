"""All that a run is at an iteration: what a step of `algorithm1` needs, and a checkpoint holds.

Points are rows of numbers, (n, dim), images, (n, c, h, w), or lines of text, (n, characters,
length); of several processes each takes its part of every batch (`distributed`).
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from wganlab.data.image_laws import ImageLaw
from wganlab.data.set_laws import SetLaw
from wganlab.data.toys import Toy
from wganlab.learned import acgan, algorithm1
from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.constraints.penalties import row_by_row
from wganlab.learned.distributed import mean, with_whole_batch_norm, world
from wganlab.learned.fast.seam import quicken
from wganlab.learned.optimizers import Optimizer
from wganlab.learned.players import Players, Precision
from wganlab.learned.runs import brought, starts
from wganlab.learned.runs.config import TrainConfig
from wganlab.learned.runs.losses import LossRow, parted
from wganlab.learned.runs.points import Dequantized, Fixed, Reader, Source


class RunDivergedError(RuntimeError):
    """A loss or a weight was no longer finite."""


PARTS = ("optimizer", "schedule")


class RunState(Players):
    """All that a run is at an iteration.

    Parameters
    ----------
    config : TrainConfig
        What to train.
    device : torch.device
        Where.
    critic, generator : nn.Module
        Networks of the caller's own, in place of the configured ones.
    workers : int
        Processes that read images.
    by_hand : bool
        Take the quickest gradients there are (`fast.seam`); else those of `algorithm1`.
    begins : bool
        Does it start, where the configuration says, from another run? Not if it is about to be
        loaded.
    """

    def __init__(
        self,
        config: TrainConfig,
        device: torch.device,
        critic: nn.Module | None = None,
        generator: nn.Module | None = None,
        workers: int = 0,
        by_hand: bool = True,
        begins: bool = True,
    ) -> None:
        self.config, self.device, self.world = config, device, world()
        self.by_hand, self.precision = by_hand, self.context()
        self.share = self.generator_share = self.world.share(config.batch)
        if config.generator_batch:
            self.generator_share = self.world.share(config.generator_batch, "generator_batch")
        self.rng: dict[str, Any] | None = None
        self.objective = config.built_objective()
        self.constraint = self.shareable(config.built_constraint())
        self.law = config.law()
        self.classes = self.names_of_classes()
        weights, draws, fixed, watch, torchs = np.random.SeedSequence(config.seed).generate_state(5)
        start = Generator().manual_seed(int(weights))
        own, brought_generator = critic is not None, generator is not None
        for network, role in ((critic, "critic"), (generator, "generator")):
            if network is not None:
                brought.refuse_kind(network, role)
                starts.refuse_two(getattr(config, f"{role}_from"), role)
        if generator is None:
            generator = config.built_generator(self.law.shape, start, len(self.classes))
            if begins:
                starts.begin(generator, "generator", config, self.law.shape)
        if critic is None:
            critic = config.built_critic(self.law.shape, start, len(self.classes))
            if begins and critic is not None:
                starts.begin(critic, "critic", config, self.law.shape)
        elif config.critic_free:
            raise ValueError(f"objective {config.objective} has no critic: leave critic= out")
        self.watch, self.torch_seed = int(watch), int(torchs)
        self.generator = self.placed(generator)
        if brought_generator:
            brought.look_at_generator(self)
        self.critic = None if critic is None else self.prepared(self.placed(critic), own)
        self.generator_optimizer, self.generator_schedule = self.moved_by(
            config.generator_optimizer, self.generator
        )
        self.average = copy.deepcopy(self.generator) if config.average else None
        self.draws = Generator(device).manual_seed(int(draws))
        self.workers = workers
        self.points = self.fixed(int(fixed))
        self.reader = self.read(int(draws))
        self.plan()
        self.iteration, self.steps, self.seconds = 0, 0, 0.0
        self.deviation: float | Tensor = 0.0
        self.products: str | None = None  # of the engine, which goes on as it began
        self.losses: list[Tensor] = []
        self.looked, self.seen = 0, list[LossRow]()  # when, and what was seen then
        self.cosines: list[Tensor] = []
        self.shown = torch.empty(0)

    def shareable(self, constraint: Constraint) -> Constraint:
        """The constraint, whose penalty needs no points of other processes.

        Real and fake points of a batch are independent, so that a penalty between them can take
        them as they are drawn, row by row. For images and text that holds of one process too, which
        makes it equal to several.
        """
        alone = self.world.size == 1
        if not alone and self.objective.whole_batch:
            raise ValueError(
                f"objective {self.config.objective} is about a whole batch at once, which cannot "
                "be parted among processes: train with one"
            )
        return constraint if alone and not self.config.of_sets else row_by_row(constraint)

    def names_of_classes(self) -> tuple[str, ...]:
        """Of the classes that both players know; none without labels."""
        if not self.config.labels:
            return ()
        found = self.law.classes if isinstance(self.law, ImageLaw) else ()
        if not found:
            raise ValueError(
                f"data = {self.config.data!r} has no classes: labels are of sets of at least two, "
                "as mnist10k, a folder of folders, or an npz file with labels"
            )
        return found

    def placed(self, network: nn.Module) -> nn.Module:
        """The network on its device, in the layout that convolutions are quickest in."""
        if self.world.size > 1:
            network = with_whole_batch_norm(network)
        if self.config.of_images:
            return network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network.to(self.device)

    def fixed(self, seed: int) -> Tensor | None:
        """Points that are all there is to train on; of images and text their rows in the set.

        None where there are new ones in every step.
        """
        n = self.config.points
        if isinstance(self.law, SetLaw) and (n or not self.law.endless):
            rows = torch.from_numpy(self.law.some(n, seed))
            return rows if self.streams else rows.to(self.device)
        return self.law.sample(n, Generator(self.device).manual_seed(seed)) if n else None

    @property
    def streams(self) -> bool:
        """Are images read as they are needed, not kept where they are used?"""
        if not isinstance(self.law, ImageLaw) or (self.law.endless and not self.config.points):
            return False
        return self.workers > 0 or not self.law.fits(self.device)

    def prepared(self, critic: nn.Module, own: bool) -> nn.Module:
        """The critic, made fit for its constraint, with its optimizer."""
        self.constraint.check(critic)
        if own:
            brought.look_at_critic(self, critic)
        with self.seeded():
            self.constraint.prepare(critic)
        self.critic_optimizer, self.critic_schedule = self.moved_by(
            self.config.critic_optimizer, critic
        )
        return critic

    def moved_by(self, optimizer: Optimizer, network: nn.Module) -> tuple[Any, Any]:
        """Torch's optimizer and schedule; of several processes all take their mean gradient."""
        built, schedule = optimizer.build(network.parameters(), self.config.iterations)
        if self.world.size > 1:
            built.register_step_pre_hook(lambda *_: self.world.average(network))
        return built, schedule

    def plan(self) -> None:
        """What the players optimize and by which gradients, for what is here now."""
        self.maximized, self.minimized = self.objective.critic, self.objective.generator
        held = self.held()
        self.real = self.source() if held is None else held.sample
        self.labelled = held.labelled if held is not None and self.classes else None
        if self.config.dequantize:
            spread = Dequantized(self.real, self.labelled)
            self.real = spread.sample
            self.labelled = spread.with_classes if self.classes else None
        steps: Any = acgan if self.classes else algorithm1
        self.critic_step, self.generator_step = steps.critic_step, steps.generator_step
        self.critic_gradients = steps.critic_gradients
        self.generator_gradients: Any = steps.generator_gradients
        self.generated: Any = algorithm1.generated
        if self.by_hand and not self.classes:
            quicken(self)

    def source(self) -> Source:
        """What draws real points without end."""
        return self.law.sampler(self.device) if isinstance(self.law, Toy) else self.law.sample

    def held(self) -> Fixed | Reader | None:
        """What holds the real points that are all there is; None where there is no end of them."""
        if self.reader is not None or self.points is None:
            return self.reader
        return Fixed(self.points, self.law if isinstance(self.law, SetLaw) else None)

    def read(self, seed: int) -> Reader | None:
        """What reads images as they are needed, where they are not kept where they are used."""
        if not self.streams:
            return None
        assert isinstance(self.law, ImageLaw)
        assert self.points is not None
        part = (self.world.rank, self.world.size)
        batch = self.config.batch
        return Reader(self.law, self.points, batch, seed, self.device, self.workers, part)

    def context(self) -> Precision:
        """What makes the context of the configured precision."""
        if self.config.precision == "float32":
            return nullcontext
        return partial(torch.autocast, self.device.type, dtype=torch.bfloat16)

    @property
    def schedules(self) -> list[Any]:
        """Of the learning rates."""
        return [getattr(self, f"{player}_schedule") for player in self.players()]

    def is_traced(self) -> bool:
        """Does an observation follow this iteration, and tell of its steps?"""
        then = self.iteration + 1
        return then % self.config.every == 0 or then >= self.config.iterations

    @torch.no_grad()
    def follow(self) -> None:
        """The average, one iteration further."""
        assert self.average is not None
        ours: list[Tensor] = list(self.average.parameters())
        theirs: list[Tensor] = list(self.generator.parameters())
        torch._foreach_lerp_(ours, theirs, 1 - self.config.average)
        for mine, current in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            mine.copy_(current)

    def refuse_infinite(self) -> None:
        """RunDivergedError if a loss since the last look, or a weight, is not finite."""
        losses, self.losses = [loss.reshape(-1) for loss in self.losses], []
        first, self.looked, self.seen = self.looked, self.iteration, []
        found = mean(torch.cat(losses)).tolist() if losses else []
        self.seen = parted(found, self.config, first, self.looked)
        finite = all(map(math.isfinite, found))
        weights = [weight for network in self.networks() for weight in network.parameters()]
        finite = finite and all(bool(weight.isfinite().all()) for weight in weights)
        if not self.world.any(not finite):
            return
        raise RunDivergedError(
            f"the run diverged by iteration {self.iteration}: a loss or a weight is not finite. "
            "Try a lower learning rate, more critic steps, or a penalty of another weight"
        )

    def state_dict(self) -> dict[str, Any]:
        """All of it, as tensors and plain values."""
        state = {name: getattr(self, name).state_dict() for name in self.parts()}
        cuda = self.device.type == "cuda"
        return state | {
            "iteration": self.iteration,
            "steps": self.steps,
            "read": 0 if self.reader is None else self.reader.number,
            "seconds": self.seconds,
            "products": self.products,
            "draws": self.draws.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state(self.device) if cuda else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """What `state_dict` gave, of a run of the same configuration."""
        for name in self.parts():
            getattr(self, name).load_state_dict(state[name])
        self.iteration, self.steps = state["iteration"], state["steps"]
        self.seconds, self.products = state["seconds"], state.get("products")
        if self.reader is not None:
            self.reader.go_on(state.get("read", 0))
        self.follow_schedules(state)
        draws = state["draws"].cpu()
        if draws.shape == self.draws.get_state().shape:
            self.draws.set_state(draws)
        else:  # of a device that draws in another way: on from here with other numbers
            self.draws.manual_seed(self.torch_seed + 1_000_003 * (self.iteration + 1))
        self.rng = {"torch": state["torch"].cpu(), "cuda": state["cuda"]}

    def follow_schedules(self, state: dict[str, Any]) -> None:
        """Learning rates as schedules to the present end have them, where the end has moved."""
        kept = json.loads(state["config"]) if "config" in state else {}
        if kept.get("iterations", self.config.iterations) == self.config.iterations:
            return
        for who in self.players():
            settings: Optimizer = getattr(self.config, f"{who}_optimizer")
            schedule = getattr(self, f"{who}_schedule")
            settings.reschedule(schedule, self.iteration, self.config.iterations)

    def parts(self) -> list[str]:
        """What has a state of its own."""
        players = self.players()
        parts = [*players, *(f"{who}_{what}" for who in players for what in PARTS)]
        return parts if self.average is None else [*parts, "average"]

    def players(self) -> list[str]:
        """Who trains."""
        return ["generator"] if self.critic is None else ["critic", "generator"]

    def networks(self) -> list[nn.Module]:
        """Those that train."""
        return [getattr(self, player) for player in self.players()]

    @contextmanager
    def seeded(self, *, apart: bool = False) -> Iterator[None]:
        """Torch's global state, which dropout draws from, put in place and back.

        With `apart` it is another one in each of several processes.
        """
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(self.torch_seed)
            if self.rng is not None:
                torch.set_rng_state(self.rng["torch"])
                if self.rng["cuda"] is not None and self.device.type == "cuda":
                    torch.cuda.set_rng_state(self.rng["cuda"].cpu(), self.device)
            if apart and self.world.rank:
                torch.manual_seed(self.torch_seed + 1_000_003 * self.world.rank + self.iteration)
            yield

    def finished(self) -> tuple[nn.Module, nn.Module | None]:
        """The generator and a plain copy of the critic, in evaluation mode."""
        shown = self.generator if self.average is None else self.average
        if self.critic is None:
            return shown.eval(), None
        critic = copy.deepcopy(self.critic)
        self.constraint.finish(critic)
        return shown.eval(), critic.eval()
