"""Self-checks of the lessons' exercises: each says that an answer is right, or gives a hint.

One module a lesson. A check is a function of the answer that raises `Hint` where it is wrong;
`@check` turns that into one printed line. Answers are what students write, so anything may come:
`number`, `numbers` and `call` refuse what cannot be judged, with a hint that says what to give.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

RIGHT = "Right."
OPEN = "Not answered yet: change the cell above, then run this one again."


class Hint(Exception):
    """Why an answer is wrong, and what to try."""


class Unanswered(Hint):
    """The answer is still what the lesson left there."""


def check(judge: Callable[..., None]) -> Callable[..., None]:
    """Print what `judge(answer, ...)` thinks of the answer; None is no answer yet."""

    @functools.wraps(judge)
    def checked(answer: Any, *context: Any, **named: Any) -> None:
        try:
            if answer is None:
                raise Unanswered
            judge(answer, *context, **named)
        except Unanswered:
            print(OPEN)
        except Hint as hint:
            print(f"Hint: {hint}")
        else:
            print(RIGHT)

    return checked


def shown(answer: Any) -> str:
    """The answer as it is quoted in a hint, in at most 60 characters."""
    return textwrap.shorten(repr(answer), 60, placeholder=" ...")


def number(answer: Any) -> float:
    """The answer as a finite number."""
    try:
        value = float(answer)
    except (TypeError, ValueError):
        raise Hint(f"{shown(answer)} is not a number; give one, such as 0.25.") from None
    if not np.isfinite(value):
        raise Hint(f"{value} is not finite; give a number, such as 0.25.")
    return value


def numbers(answer: Any, *shape: int) -> np.ndarray:
    """The answer as an array of finite numbers of this shape."""
    wanted = " by ".join(str(size) for size in shape)
    if isinstance(answer, (set, frozenset, dict)):
        raise Hint(f"a {type(answer).__name__} has no order; give a list of {wanted} numbers.")
    try:
        values = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Hint(f"{shown(answer)} is not a list of {wanted} numbers.") from None
    if values.shape != shape:
        raise Hint(f"give {wanted} numbers; this has shape {values.shape}.")
    if not np.isfinite(values).all():
        raise Hint("some of the numbers are not finite.")
    return values


def call(function: Any, *arguments: Any) -> Any:
    """What the student's function returns for copies, with what it prints kept from the page."""
    if not callable(function):
        raise Hint(f"{shown(function)} is not a function; write one with `def`.")
    printed = io.StringIO()
    try:
        with np.errstate(all="ignore"), contextlib.redirect_stdout(printed):
            result = function(*copy.deepcopy(arguments))
    except Exception as error:  # whatever a student's code may raise
        raise Hint(f"it stops with {type(error).__name__}: {error}") from error
    if result is None and printed.getvalue():
        raise Hint("it prints, but returns nothing: end with `return`.")
    return result
