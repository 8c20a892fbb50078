"""Algorithm 1 one update at a time, with all that a picture of it needs, the exact critic included.

A `StepThrough` moves one player at a time, as a student asks for it; its `Scene` holds the points,
both critics as fields over the plane, and which way each pulls the generated points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from wganlab import exact
from wganlab.compare.probe import Probe
from wganlab.data import checks
from wganlab.learned import TrainConfig
from wganlab.learned.algorithm1 import critic_step, generator_step
from wganlab.learned.devices import resolve_device
from wganlab.learned.runs.observing import view_of
from wganlab.learned.runs.state import RunState

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    Array = NDArray[np.float64]

Player = Literal["", "critic", "generator"]
MARGIN = 0.25  # of the real points' box, that is shown around it


@dataclass(frozen=True)
class Move:
    """Where the game stands after an update, in numbers."""

    player: Player
    """Who has moved; nobody at the start."""
    iteration: int
    """Steps of the generator so far."""
    critic_step: int
    """Steps of the critic since the generator's last."""
    critic_gap: float
    """Mean f(real) - mean f(fake) over the points shown."""
    emd: float
    """Exact EM between the points shown."""
    certificate: float
    """What the critic's values at the points shown prove: at most `emd`."""

    @property
    def told(self) -> str:
        """In words."""
        if self.player == "critic":
            return f"iteration {self.iteration}: critic step {self.critic_step}"
        if self.player == "generator":
            return f"iteration {self.iteration}: the generator has moved"
        return "start"


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that is drawn of a move.

    The exact critic is the lowest 1-Lipschitz function with the optimal values at the real points,
    f*(z) = max_i f*_i - |z - x_i| of the points shown: so it has a slope at the generated points.
    """

    moves: tuple[Move, ...]
    """All so far, the last of them this one."""
    real: Array
    """Real points, shape (n, 2), the same in every scene."""
    fake: Array
    """Generated points from the same noise in every scene, shape (n, 2)."""
    before: Array
    """Where they were before the last move, shape (n, 2)."""
    x: Array
    """Of the fields' columns, shape (k,)."""
    y: Array
    """Of the fields' rows, shape (k,)."""
    critic: Array
    """The learned critic over the plane, less its mean at the generated points, shape (k, k)."""
    exact: Array
    """The exact critic over the plane, the same, shape (k, k)."""
    pull: Array
    """Gradients of the learned critic at the generated points, shape (n, 2): where they are pulled
    to by the generator's update."""
    exact_pull: Array
    """Gradients of the exact critic there, of length 1, shape (n, 2)."""


class StepThrough:
    """A run that is stepped by hand.

    Parameters
    ----------
    config : TrainConfig
        A run on a law in the plane, whose objective has a critic; `n_critic` is how many steps of
        the critic belong to `step_both`.
    n : int
        Real points, and generated ones, that are shown and compared; at most 1,000.
    cells : int
        The fields are seen at cells x cells places.
    device : str
        "auto", "cpu", "cuda", ...

    Raises
    ------
    ValueError
        If the law is not in the plane, or the objective has no critic.

    Examples
    --------
    >>> from wganlab.learned import MLPConfig, TrainConfig
    >>> small = MLPConfig(width=16, depth=2)
    >>> config = TrainConfig(data="8gaussians", critic=small, generator=small, batch=32)
    >>> game = StepThrough(config, n=50, device="cpu")
    >>> game.step_critic()
    >>> game.step_generator()
    >>> [move.told for move in game.scene().moves]
    ['start', 'iteration 0: critic step 1', 'iteration 1: the generator has moved']
    """

    def __init__(
        self, config: TrainConfig, n: int = 200, *, cells: int = 41, device: str = "auto"
    ) -> None:
        checks.whole(2, n=n, cells=cells)
        law = config.law()
        if tuple(law.shape) != (2,):
            raise ValueError(
                f"data = {config.data}: its points have shape {tuple(law.shape)}; what is drawn is "
                "the plane: take a law of two coordinates, such as 8gaussians"
            )
        if config.critic_free:
            raise ValueError(
                f"objective {config.objective} has no critic whose steps could be seen"
            )
        self.config, self.n, self.cells = config, n, cells
        self.device = resolve_device(device)
        self.reset()

    def reset(self) -> None:
        """Back to the start; the same moves lead to the same places again."""
        self._training = RunState(self.config, self.device)
        with self._training.seeded():
            self._random = torch.get_rng_state()
        self._critic_step = 0
        self._moves: list[Move] = []
        self._real, self._fake = self._points()
        self._before = self._fake
        self._solve()
        self._note("")

    def step_critic(self) -> None:
        """One update of the critic."""
        self._critic_step += 1
        self._step(critic_step)
        self._before = self._fake
        self._note("critic")

    def step_generator(self) -> None:
        """One update of the generator."""
        self._step(generator_step)
        for schedule in self._training.schedules:
            schedule.step()
        self._training.iteration += 1
        self._critic_step = 0
        self._before = self._fake
        _, self._fake = self._points()
        self._solve()
        self._note("generator")

    def step_both(self) -> None:
        """An iteration of algorithm 1: what is left of the critic's steps, then the generator's."""
        due = self._training.config.critic_steps(self._training.iteration)
        for _ in range(due - self._critic_step):
            self.step_critic()
        self.step_generator()

    def scene(self) -> Scene:
        """What is to be drawn now."""
        probe, transport = self._probe(), self._transport
        x, y = self._axes()
        places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)  # (cells^2, 2)
        fields = (
            f(places) - f(self._fake).mean() for f in (probe.values, lambda z: -transport.critic(z))
        )
        critic, best = (field.reshape(len(y), len(x)) for field in fields)
        return Scene(
            moves=tuple(self._moves),
            real=self._real,
            fake=self._fake,
            before=self._before,
            x=x,
            y=y,
            critic=critic,
            exact=best,
            pull=probe.gradients(self._fake),
            exact_pull=-transport.critic_gradient(self._fake),
        )

    def _step(self, update: Callable[[RunState], Tensor]) -> None:
        """An update, with a random state of its own for what draws from torch's global one."""
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._random)
            self._training.deviation = self.config.noise_at(self._training.iteration)
            loss = update(self._training)
            self._random = torch.get_rng_state()
        self._training.losses.append(loss)
        self._training.refuse_infinite()

    def _points(self) -> tuple[Array, Array]:
        """Real and generated points, as an observer of a run sees them."""
        view = view_of(self._training)
        for network in self._training.networks():
            network.train()
        real, fake = (
            points[: self.n].double().cpu().numpy() for points in (view.held_out, view.fake)
        )
        return real, fake

    def _probe(self) -> Probe:
        return Probe(self._training.critic, self._fake)

    def _solve(self) -> None:
        """The linear program of the points, which the generator's steps alone change."""
        self._transport = exact.wasserstein(self._fake, self._real)

    def _note(self, player: Player) -> None:
        f_real, f_fake = map(self._probe().values, (self._real, self._fake))
        self._moves.append(
            Move(
                player,
                self._training.iteration,
                self._critic_step,
                float(f_real.mean() - f_fake.mean()),
                self._transport.value,
                exact.certificate(f_real, self._transport.target, self._transport.source),
            )
        )

    def _axes(self) -> tuple[Array, Array]:
        """A square around the real points."""
        low, high = self._real.min(axis=0), self._real.max(axis=0)
        half = (0.5 + MARGIN) * (high - low).max()
        middle = (low + high) / 2
        x, y = (np.linspace(center - half, center + half, self.cells) for center in middle)
        return x, y
