"""A method applied to two laws, as boards do it: the critic, and notes of what went wrong."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wganlab.compare import keys
from wganlab.compare.probe import Probe
from wganlab.data.units import LostPointsWarning
from wganlab.learned import DivergedError, FittedCritic, Method, fit_critic
from wganlab.learned.critics.lending import undisturbed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Clouds = tuple[NDArray[np.float64], NDArray[np.float64]]


def fit(method: Method, x: Any, y: Any, seed: int) -> FittedCritic:
    """The critic that the method makes of two laws, or of a known pair and None."""
    return fit_critic(
        x,
        y,
        constraint=method.constraint,
        critic=method.critic,
        optimizer=method.optimizer,
        steps=method.steps,
        batch=method.batch,
        seed=seed,
        records=1,
        progress=False,
    )


def fitted(method: Method, x: Any, y: Any, seed: int) -> tuple[FittedCritic, list[str]]:
    """The critic, or the last one that was finite; and a note about that."""
    try:
        return fit(method, x, y, seed), []
    except DivergedError as error:
        return error.fitted, [f"diverged in step {error.step}: lower the learning rate"]


def deeds(how: Any, laws: tuple[Any, Any], clouds: Callable[[], Clouds], seed: int) -> bytes:
    """What a critic does on probe points; nothing, of what its words tell whole.

    Raises
    ------
    ValueError, TypeError
        If it cannot work on such points: told before any critic is trained.
    """
    with warnings.catch_warnings(), undisturbed():
        warnings.simplefilter("ignore", LostPointsWarning)  # they are notes of the rows
        if keys.is_ours(how):
            fit(replace(how, steps=0), *laws, seed)
            return b""
        x, y = clouds()
        if not isinstance(how, Method):
            Probe(how, x).check(x, y)
        return keys.of_deeds(how, x, y, lambda how: fitted(how, x, y, seed)[0])


def won(critic: Any) -> list[str]:
    """Which critic of a tournament it is."""
    winner = critic.winner if isinstance(critic, FittedCritic) else ""
    return [f"won by {winner}"] if winner else []


@contextlib.contextmanager
def warned(notes: list[str]) -> Iterator[None]:
    """Warnings become notes."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", LostPointsWarning)
        yield
    for warning in told:
        if warning.category is LostPointsWarning:
            notes.append(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
