"""losses.csv: what the players' last losses were, a row every iteration.

    iteration,critic_loss,generator_loss

Losses stay on the device until somebody looks (`RunState.refuse_infinite`), at observations and
checkpoints, so that no iteration waits for them; rows are written then. The critic's is that of its
last step in the iteration; where the objective has no critic there is the generator's alone. Losses
are what is minimized: of the critic minus the critic gap, penalty included. Numbers are float32, to
the bit, nan and inf of a run that diverged as they are. Of several processes it is their mean.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wganlab.learned.runs.keeping import kept, text, whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wganlab.learned.runs.config import TrainConfig

ALONE = "iteration,generator_loss"
BOTH = "iteration,critic_loss,generator_loss"

LossRow = tuple[float, ...]
"""Iteration, from 1; the critic's loss, where there is one; the generator's."""


def parted(found: Sequence[float], config: TrainConfig, first: int, last: int) -> list[LossRow]:
    """Rows of the iterations after `first` up to `last`, whose steps the last of these losses are.

    Losses before them are of a warm-up.

    Examples
    --------
    >>> from wganlab.learned import TrainConfig
    >>> parted([9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], TrainConfig(n_critic=2), 0, 2)
    [(1, 2.0, 3.0), (2, 5.0, 6.0)]
    """
    rows: list[LossRow] = []
    end = len(found)
    for iteration in range(last, first, -1):
        steps = config.critic_steps(iteration - 1)
        if end < steps + 1:  # somebody has taken them
            break
        rows.append((iteration, *found[end - min(steps, 1) - 1 : end]))
        end -= steps + 1
    return rows[::-1]


def append(path: Path, rows: Sequence[LossRow]) -> None:
    """More rows; on a full disk none of them.

    Raises
    ------
    NotKeptError
        If they cannot be written.
    """
    if not rows:
        return
    lines = "".join(",".join([str(row[0]), *(f"{x:.9g}" for x in row[1:])]) + "\n" for row in rows)
    if not path.exists():
        _put(path, f"{BOTH if len(rows[0]) == 3 else ALONE}\n{lines}")
        return
    with kept(path):
        size = path.stat().st_size
        try:
            with path.open("a", encoding="utf-8", newline="") as file:
                file.write(lines)
        except OSError:
            os.truncate(path, size)
            raise


def until(path: Path, iteration: int) -> str:
    """What is left where all after that iteration is cut off; nothing where there is none.

    Raises
    ------
    ValueError
        If the file is none of losses.
    """
    try:
        head, *lines = text(path).splitlines() or [""]
    except FileNotFoundError:
        return ""
    if head not in (ALONE, BOTH):
        raise ValueError(f"{path} has none of this run's losses: move it away")
    left = [head]
    for line in lines:
        cells = line.split(",")
        if len(cells) != len(head.split(",")):  # cut off
            continue
        if not cells[0].isdecimal():
            raise ValueError(f"{path} holds something that is no number")
        if int(cells[0]) <= iteration:
            left.append(line)
    return "\n".join([*left, ""]) if len(left) > 1 else ""


def replace(path: Path, content: str) -> None:
    """Put what `until` has left in place of all rows, in one step."""
    if content:
        _put(path, content)
    elif path.exists():
        path.unlink()


def _put(path: Path, content: str) -> None:
    with whole(path) as part:
        part.write_text(content, encoding="utf-8", newline="\n")
