"""A fitted critic, and what is measured of a critic while it is fitted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from wganlab.learned.batch import Batch, values
from wganlab.learned.constraints.bounds import lipschitz_bound
from wganlab.learned.constraints.constraint import Constraint, NoConstraint
from wganlab.learned.constraints.ctransform import batch_certificate
from wganlab.learned.constraints.minimax_dual import Transport
from wganlab.learned.constraints.penalties import gradient_norms, interpolates
from wganlab.learned.critics.foreign import Foreign, asked
from wganlab.learned.critics.laws import points
from wganlab.learned.critics.reading import read
from wganlab.learned.networks.network import has_batch_norm
from wganlab.learned.networks.standardized import Standardized

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Generator, Tensor

    from wganlab.learned.objectives.games import Objective

BINS = 60  # of the histogram of weights


@dataclass(frozen=True)
class Record:
    """What was measured after some step; gap, slope and certificate on the training points.

    Of large clouds they are taken on 2,000 rows that stay the same. Laws that are sampled have no
    training points: there they are taken on a fresh sample.
    """

    step: int
    """Steps done."""
    seconds: float
    """Spent on steps, measuring left out."""
    gap: float
    """Critic gap."""
    held_out_gap: float
    """Critic gap on points that no step has seen; nan where there are none."""
    objective: float
    """What is maximized, penalty subtracted: on held-out points where there are any."""
    estimate: float
    """What the objective says of its distance, there too; the critic gap says it of EM."""
    slope: float
    """Largest gradient norm at the points and between them."""
    certificate: float
    """What the values at the real points prove: a lower bound of EM of the points."""
    gradient_norms: dict[str, float] = field(repr=False)
    """Norm of the gap's gradient with respect to each weight matrix, from input to output."""
    weights: tuple[NDArray[np.int64], NDArray[np.float64]] = field(repr=False)
    """Histogram of all entries of the weight matrices: counts (60,) and edges (61,)."""


@dataclass(frozen=True, eq=False)
class FittedCritic:
    """A critic with what was recorded while it was fitted."""

    critic: nn.Module
    """The network, in evaluation mode."""
    constraint: Constraint
    """What kept it."""
    history: tuple[Record, ...] = field(repr=False)
    """Records from step 0 to the last."""
    kept: int
    """The record that the network is of: the last, or the best one where patience ran."""
    stopped: str
    """Why it ended: "steps", "held-out" or "callback"; "diverged" in a `DivergedError`."""
    unit: float = 1.0
    """What the points were divided by for the network (`data.units`): the penalty's weight counts
    in that unit."""
    point_shape: tuple[int, ...] | None = None
    """Of one of the points that it was fitted on."""
    work: Constraint = field(default_factory=NoConstraint, repr=False)
    """The constraint at work, with what was trained beside the critic, in that unit, as `beside`:
    the transport map of `MinimaxDual`, the second potential of `RegularizedDual`."""
    winner: str = ""
    """Of a tournament: the name of the critic that it is."""
    heats: dict[str, float] = field(default_factory=dict, repr=False)
    """Of a tournament: the gap over the Lipschitz constant of every critic after its heat, on the
    points that the choice was made on."""

    @property
    def final(self) -> Record:
        """The record of the network as it is."""
        return self.history[self.kept]

    @property
    def steps(self) -> int:
        """Steps done."""
        return self.history[-1].step

    @property
    def seconds(self) -> float:
        """Spent on steps."""
        return self.history[-1].seconds

    @property
    def lipschitz(self) -> float:
        """A proven Lipschitz constant, inf where there is none (`lipschitz_bound`)."""
        return lipschitz_bound(self.critic, self.point_shape)

    def column(self, name: str) -> NDArray[np.float64]:
        """One field of all records, shape (records,): `column("gap")`."""
        return np.array([getattr(record, name) for record in self.history], dtype=float)

    def __call__(self, z: ArrayLike) -> NDArray[np.float64]:
        """Values at points z of shape (k, ...): shape (k,)."""
        with torch.no_grad():
            return values(asked(self.critic), self._points(z)).double().cpu().numpy()

    def gradient(self, z: ArrayLike) -> NDArray[np.float64]:
        """Gradients at points z of shape (k, ...): the shape of z."""
        inputs, network, factor = self._points(z), self.critic, 1.0
        if isinstance(network, Standardized):  # whose gain may be beyond float32
            factor = (network.gain / network.scale).item()
            inputs, network = network.inner(inputs), network.network
        inputs.requires_grad_(True)
        (gradient,) = torch.autograd.grad(values(asked(network), inputs).sum(), inputs)
        return factor * gradient.double().cpu().numpy()

    def transport(self, z: ArrayLike) -> NDArray[np.float64]:
        """Where the transport map of a `MinimaxDual` moves points z of shape (k, ...): their shape.

        Raises
        ------
        ValueError
            If no such map was trained.
        """
        move = self.work.beside
        if not isinstance(move, Transport):
            raise ValueError(
                f"{type(self.constraint).__name__} trains no transport map: fit the critic with "
                "MinimaxDual()"
            )
        inputs, network = self._points(z), self.critic
        with torch.no_grad():
            if not isinstance(network, Standardized):
                return move(inputs).double().cpu().numpy()
            moved = move(network.inner(inputs)).to(network.shift.dtype)
            return (network.shift + network.scale * moved).cpu().numpy()

    def dual(self, x: ArrayLike, y: ArrayLike) -> float | None:
        """The value at real points x and fake points y of the dual that two networks climbed.

        As `Record.estimate` at the held-out points; None where the critic was trained alone.
        """
        if self.work.beside is None:
            return None
        real, fake, network, gain = self._points(x), self._points(y), self.critic, 1.0
        if isinstance(network, Standardized):
            real, fake, gain = network.inner(real), network.inner(fake), network.gain.item()
            network = network.network
        with torch.no_grad():
            batch = evaluated(network, real, fake)
            return gain * self.work.measured(asked(network), batch).item()

    def _points(self, z: ArrayLike) -> Tensor:
        device = next(self.critic.parameters()).device
        if isinstance(self.critic, Standardized):  # which takes float64, and needs it
            return read(z, "z").to(device, copy=True)
        return points(z, "z", device)


class DivergedError(ArithmeticError):
    """The critic left the finite numbers; `step` is the first such step, `fitted` what was before.

    Attributes
    ----------
    step : int
        The first step whose loss was not finite.
    fitted : FittedCritic
        The critic and the records up to the last ones that were finite.
    """

    def __init__(self, step: int, fitted: FittedCritic) -> None:
        self.step, self.fitted = step, fitted
        super().__init__(
            f"the critic diverged in step {step}: its loss is not finite (the gap was "
            f"{fitted.final.gap:.4g} after step {fitted.final.step}); lower the learning rate, or "
            "choose a constraint that holds; the last finite critic is in the error's .fitted"
        )


def measure(
    critic: nn.Module,
    constraint: Constraint,
    trained: tuple[Tensor, Tensor],
    kept: tuple[Tensor, Tensor] | None,
    generator: Generator,
    *,
    objective: Objective | None,
    step: int,
    seconds: float,
    unit: float = 1.0,
) -> Record:
    """Everything of one record, with the critic in evaluation mode, where it is left.

    Parameters
    ----------
    trained : pair of tensors, shapes (n, ...) and (m, ...)
        Training points, real and fake.
    kept : pair of tensors, or None
        Held-out points.
    generator : torch.Generator
        For the points between real and fake.
    objective : Objective, or None
        What is maximized, if it is not the constraint's own objective.
    step, seconds : int, float
        To be recorded.
    unit : float
        What the points were divided by; the record is in the unit before.
    """
    critic.eval()
    with parametrize.cached():  # one tensor for each weight, to take gradients of
        batch = evaluated(critic, *trained)
        judged = batch if kept is None else evaluated(critic, *kept)
        maximized = objective.critic(judged) if objective else constraint.measured(critic, judged)
        estimate = objective.estimate(judged) if objective else maximized
        maximized = maximized - constraint.penalty(critic, judged, generator)
        record = Record(
            step=step,
            seconds=seconds,
            gap=batch.gap.item(),
            held_out_gap=float("nan") if kept is None else judged.gap.item(),
            objective=maximized.item(),
            estimate=estimate.item(),
            slope=max(norms.max().item() for norms in _slopes(critic, batch, generator)),
            certificate=batch_certificate(batch.f_real, batch.real, batch.fake).item(),
            gradient_norms=_layer_norms(critic, batch),
            weights=_histogram(critic),
        )
    return record if unit == 1 else _in_unit(record, unit, objective)


def _in_unit(record: Record, unit: float, objective: Objective | None) -> Record:
    """The record of f(x) = gain g(x / unit), of one of g: gain = unit where f is a length."""
    gain = unit if objective is None or objective.estimates == "EM" else 1.0
    return replace(
        record,
        gap=gain * record.gap,
        held_out_gap=gain * record.held_out_gap,
        objective=gain * record.objective,
        estimate=gain * record.estimate,
        slope=gain / unit * record.slope,
        certificate=unit * record.certificate,
        gradient_norms={name: gain * norm for name, norm in record.gradient_norms.items()},
    )


def evaluated(critic: nn.Module, real: Tensor, fake: Tensor) -> Batch:
    """The points with the critic's values; real and fake in one pass, unless batch norm mixes."""
    critic = asked(critic)
    if has_batch_norm(critic):
        return Batch(real, fake, values(critic, real), values(critic, fake))
    both = values(critic, torch.cat([real, fake]))
    return Batch(real, fake, both[: len(real)], both[len(real) :])


def _slopes(critic: nn.Module, batch: Batch, generator: Generator) -> list[Tensor]:
    between = interpolates(batch.real, batch.fake, generator)
    return [gradient_norms(critic, z) for z in (batch.real, batch.fake, between)]


def _layer_norms(critic: nn.Module, batch: Batch) -> dict[str, float]:
    """Norm of d gap / d W for every weight matrix W."""
    weights = _matrices(critic)
    if not weights:
        return {}
    gradients = torch.autograd.grad(batch.gap, list(weights.values()), allow_unused=True)
    return {
        name: 0.0 if gradient is None else float(gradient.norm())
        for name, gradient in zip(weights, gradients, strict=True)
    }


def _histogram(critic: nn.Module) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    entries = [weight.detach().flatten() for weight in _matrices(critic).values()]
    # in float64, where weights that clipping has made almost equal still fill as many bins
    return np.histogram(torch.cat(entries).double().cpu() if entries else np.zeros(0), BINS)


def _matrices(critic: nn.Module) -> dict[str, Tensor]:
    """Trained weights of two axes or more by name; of a parametrized layer the one it makes."""
    weights = {}
    critic = critic.network if isinstance(critic, Foreign) else critic
    for prefix, module in critic.named_modules():
        if isinstance(module, parametrize.ParametrizationList):
            continue
        own = [name for name, _ in module.named_parameters(recurse=False)]
        made = list(module.parametrizations) if parametrize.is_parametrized(module) else []
        for name in own + made:
            weight = getattr(module, name)
            if weight.dim() > 1 and weight.requires_grad:
                weights[f"{prefix}.{name}" if prefix else name] = weight
    return weights
