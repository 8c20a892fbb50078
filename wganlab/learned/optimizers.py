"""Torch's optimizers, with a learning rate and a schedule of it, as one frozen value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import nn

from wganlab.data import checks

if TYPE_CHECKING:
    from collections.abc import Iterable

Name = Literal["adam", "rmsprop", "sgd"]
Schedule = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class Optimizer:
    """An optimizer of torch with its learning rate and the schedule of it."""

    name: Name = "adam"
    """adam, rmsprop (smoothing .99) or sgd."""
    lr: float = 1e-3
    """Learning rate at the start."""
    betas: tuple[float, float] = (0.0, 0.9)
    """Of Adam; the WGAN-GP paper's values."""
    momentum: float = 0.0
    """Of RMSProp and SGD."""
    schedule: Schedule = "constant"
    """constant, or down to 0 along a line or half a cosine."""

    def __post_init__(self) -> None:
        checks.among(get_args(Name), name=self.name)
        checks.among(get_args(Schedule), schedule=self.schedule)
        checks.positive(lr=self.lr)
        if not isinstance(self.betas, tuple | list) or len(self.betas) != 2:
            raise ValueError(f"betas = {self.betas!r}: give two numbers in [0, 1)")
        checks.finite(momentum=self.momentum)
        for beta in self.betas:
            checks.finite(betas=beta)
        if not all(0 <= beta < 1 for beta in (*self.betas, self.momentum)):
            raise ValueError(
                f"betas = {self.betas}, momentum = {self.momentum}: give numbers in [0, 1)"
            )

    def build(
        self, parameters: Iterable[nn.Parameter], steps: int
    ) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
        """The optimizer, without a Python loop over parameters in its step, and its schedule."""
        listed = list(parameters)
        fused = all(p.device.type in ("cpu", "cuda") for p in listed)
        kernel: dict[str, Any] = {"fused": True} if fused else {"foreach": True}
        betas = (float(self.betas[0]), float(self.betas[1]))  # torch takes no 0 beside .9
        optimizer: torch.optim.Optimizer
        if self.name == "adam":
            optimizer = torch.optim.Adam(listed, lr=self.lr, betas=betas, **kernel)
        elif self.name == "rmsprop":
            optimizer = torch.optim.RMSprop(
                listed, lr=self.lr, momentum=self.momentum, foreach=True
            )
        else:
            optimizer = torch.optim.SGD(listed, lr=self.lr, momentum=self.momentum, **kernel)
        schedule: torch.optim.lr_scheduler.LRScheduler
        if self.schedule == "linear":
            schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, max(steps, 1))
        elif self.schedule == "cosine":
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
        else:
            schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
        return optimizer, schedule

    def reschedule(
        self, schedule: torch.optim.lr_scheduler.LRScheduler, done: int, steps: int
    ) -> None:
        """Make a schedule that `build` has made one to another end, `done` steps of `steps` on."""
        part = min(done / max(steps, 1), 1.0)
        left = {"constant": 1.0, "linear": 1 - part, "cosine": (1 + math.cos(math.pi * part)) / 2}
        rate = self.lr * left[self.schedule]
        ends = {"linear": {"total_iters": max(steps, 1)}, "cosine": {"T_max": max(steps, 1)}}
        told = {"last_epoch": done, "_last_lr": [rate], **ends.get(self.schedule, {})}
        schedule.load_state_dict({**schedule.state_dict(), **told})
        for group in schedule.optimizer.param_groups:
            group["lr"] = rate
