"""`compare --laws`, or with a list of dimensions: critics trained on laws, the W1 benchmark."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wganlab.commands.compare import dimension_of
from wganlab.names import printed
from wganlab.report import cores, spinner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.commands.compare import Compare
    from wganlab.exact.known import Pair


def run(asked: Compare, pairs: Sequence[Pair]) -> None:
    """Train what is missing, and print the table of all pairs.

    Raises
    ------
    ValueError
        For options that make no sense, before any critic is trained.
    """
    asked.check()
    for name in ("objective", "columns", "weights"):
        if getattr(asked, name):
            raise ValueError(f"--{name} does not go with --laws or a list of dimensions")
    os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")
    with spinner("loading torch"):
        from wganlab import compare
        from wganlab.compare.law_board import POINTS
    notes: list[str] = []
    dimensions = [dimension_of(pair, ("real", "fake"), notes) for pair in pairs]
    result = compare.benchmark(
        pairs,
        asked.methods(dimensions[0]),
        asked.seeds,
        n=POINTS if asked.n is None else asked.n,
        path=asked.out,
        jobs=asked.jobs or cores(),
        overwrite=asked.overwrite,
    )
    told = dict.fromkeys(notes)
    print("\n\n".join([str(result), *(f"note: {printed(note)}" for note in told)]))
