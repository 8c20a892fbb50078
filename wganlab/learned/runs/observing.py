"""What is seen of a run: its points and networks for observers, and one row of numbers.

Nothing that is observed, or how often, changes what is trained: points and noise are drawn with a
generator of their own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor, nn

from wganlab.data.set_laws import SetLaw
from wganlab.learned.runs import metrics
from wganlab.learned.runs.sign import STEEP, wrong_sign
from wganlab.learned.runs.view import SHOWN, Observer, Row, View, generated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.learned.batch import Batch
    from wganlab.learned.runs.state import RunState


def view_of(state: RunState, n: int = SHOWN) -> View:
    """What an observer sees now; of images and text n."""
    watch = Generator(state.device).manual_seed(state.watch)
    shown = state.generator if state.average is None else state.average
    for network in state.networks():
        network.eval()
    shown.eval()
    if isinstance(state.law, SetLaw):
        real, held_out = _of_set(state, n, watch)
    else:
        n = SHOWN
        real, held_out = (state.law.sample(n, watch) for _ in range(2))
        real = real if state.points is None else state.points
    with torch.no_grad():
        fake = generated(shown, state.config.latent, n, watch, len(state.classes))
    config, law, networks = state.config, state.law, (state.critic, shown)
    return View(config, state.iteration, law, *networks, real, held_out, fake, state.classes)


def _of_set(state: RunState, n: int, watch: Generator) -> tuple[Tensor, Tensor]:
    """At most n of a set to train on, or new ones without end, and as many held out."""
    assert isinstance(state.law, SetLaw)
    if state.points is None:
        n = min(n, len(state.law.unseen))
        return state.law.sample(n, watch), state.law.held_out(n, state.device)
    order = torch.randperm(len(state.points), generator=watch, device=state.device)[:n]
    rows = state.points[order.to(state.points.device)].cpu().numpy()
    return state.law.take(rows, state.device), state.law.held_out(n, state.device)


def observe(state: RunState, observers: Sequence[Observer]) -> Row:
    """One row."""
    with torch.random.fork_rng(devices=[state.device] if state.device.type == "cuda" else []):
        view = view_of(state, max([SHOWN, *(getattr(look, "n", 0) for look in observers)]))
        seen, unseen = (view.batch(real, view.fake) for real in (view.real, view.held_out))
        row: Row = {
            "iteration": state.iteration,
            "seconds": state.seconds,
            "estimate": state.objective.estimate(seen).item(),
            "held_out_estimate": state.objective.estimate(unseen).item(),
            "generator_loss": state.objective.generator(seen).item(),
            "generator_gradient": _norm(state.generator),
        }
        if state.critic is not None:
            row["critic_gradient"] = _norm(state.critic)
            cosines = [cosine.item() for cosine in state.cosines] or [math.nan]
            row |= {"first_step_cosine": cosines[0], "step_cosine": cosines[-1]}
        row |= _signs(state, seen)
        looked: Row = {}
        for observer in observers:
            looked |= metrics.checked(observer(view), row)
        row |= looked
        state.shown = view.fake
    for network in state.networks():
        network.train()
    return row


def _signs(state: RunState, seen: Batch) -> Row:
    """Learning rates, and whether the estimate is on the wrong side."""
    rates = {f"{who}_rate": _rate(state, who) for who in state.players()}
    if state.critic is None or state.objective.estimates != "EM":
        return rates
    unit = state.config.constraint not in STEEP
    # before its first step a critic is where chance put it
    wrong = state.iteration > 0 and wrong_sign(seen, of_slope_one=unit)
    return rates | {"wrong_sign": float(wrong)}


def _rate(state: RunState, player: str) -> float:
    """The learning rate of a player's next step."""
    return float(getattr(state, f"{player}_optimizer").param_groups[0]["lr"])


def _norm(network: nn.Module) -> float:
    """Norm of the gradient of the last step; nan before the first."""
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    if not gradients:
        return math.nan
    return torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
