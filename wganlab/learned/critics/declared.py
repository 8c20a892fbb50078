"""A Lipschitz constant that a user declares, of a critic of which nobody has a proof.

It is an attribute `lipschitz_` of the critic, a positive number, in the unit of its values over
that of the points that it is given. It is no proof, and is never told as one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from wganlab.learned.critics import building
from wganlab.learned.networks.standardized import Standardized

NAME = "lipschitz_"


@dataclass(frozen=True)
class Declared:
    """A function of points, or what makes a network, with a constant."""

    critic: Any
    lipschitz_: float

    @property
    def __name__(self) -> str:
        return str(getattr(self.critic, "__name__", type(self.critic).__name__))

    def __call__(self, *args: Any) -> Any:
        """What the function returns; a network gets the constant."""
        if isinstance(self.critic, type):
            made = building.construct(self.critic, *args[:1])
        elif len(args) == 2:
            made = building.called(self.critic, *args)
        else:
            made = self.critic(*args)
        return declare(made, self.lipschitz_) if isinstance(made, nn.Module) else made


def declare(critic: Any, constant: float) -> Any:
    """The critic, network, class or function with that constant.

    Raises
    ------
    ValueError
        If it is no positive number.

    Examples
    --------
    >>> declared(declare(torch.nn.Linear(2, 1), 1.0))
    1.0
    """
    constant = checked(constant)
    if isinstance(critic, nn.Module):
        setattr(critic, NAME, constant)
        return critic
    return Declared(critic, constant)


def declared(critic: Any) -> float | None:
    """The constant that is declared of a critic; None where none is.

    Raises
    ------
    ValueError
        If what is declared is no positive number.
    """
    if isinstance(critic, Standardized):
        inner = declared(critic.network)
        return None if inner is None else inner * float(critic.gain / critic.scale)
    constant = getattr(critic, NAME, None)
    return None if constant is None else checked(constant)


def checked(constant: Any) -> float:
    """The constant as a number; ValueError if it is none, or not positive."""
    number = isinstance(constant, int | float) and not isinstance(constant, bool)
    if isinstance(constant, torch.Tensor) and constant.numel() == 1:
        constant, number = constant.item(), True
    if not number or not 0 < constant < math.inf:
        raise ValueError(f"{NAME} = {constant!r}: declare a positive number, such as 1.0")
    return float(constant)
