"""Boards whose rows are computed once: keyed, kept in a file that is gone on with, side by side.

A cell is what a row is computed from. It has the names `pair` and `method`; `deeds()`, what its
critic does on probe points, and `keyed(deeds)`, itself with a key; `clouds()`, the truth that cells
which agree in `drawn` share, and `compute(clouds)`, the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from tqdm import tqdm

from wganlab.alone import alone
from wganlab.compare import rows
from wganlab.compare.processes import side_by_side
from wganlab.writing import replace_text

Cell = Any


def board(
    cells: list[Any],
    make: Callable[[tuple[Any, ...]], Any],
    kind: type,
    heads: str,
    *,
    path: str | Path | None,
    jobs: int,
    progress: bool | None,
    overwrite: bool,
) -> Any:
    """What `make` makes of the rows of the cells, in their order.

    Parameters
    ----------
    cells : list
        What the rows are computed from, those of one pair together.
    make : callable
        Of the rows the board, whose method `markdown` is its table.
    kind : type
        Of the rows, a dataclass with a `key`.
    heads : str
        How the table begins.
    path, jobs, progress, overwrite
        As of `compare.scoreboard`.

    Raises
    ------
    ValueError
        If a cell cannot work, the file is no such board, or another process writes it.
    """
    if path is None:
        cells = keyed(cells)
        done = {row.key: row for row in _shown(_computed(cells, jobs), len(cells), progress)}
        return make(tuple(done[cell.key] for cell in cells))
    file = Path(path)
    rows.refuse_no_board(file)
    table = file.with_suffix(".md")
    with alone(
        file.with_name(f".{file.name}.lock"),
        f"the board {file}",
        "wait until it is done, or name another file",
    ):
        done = rows.read(file, kind, overwrite=overwrite)
        rows.refuse_foreign(table, heads, overwrite=overwrite)
        cells = keyed(cells)
        missing = [cell for cell in cells if cell.key not in done]
        for row in _shown(_computed(missing, jobs), len(missing), progress):
            done[row.key] = row
            rows.append(file, row, new=len(done) == 1)
        made = make(tuple(done[cell.key] for cell in cells))
        replace_text(table, made.markdown())
    return made


def keyed(cells: list[Cell]) -> list[Cell]:
    """Each with its key; ValueError for a cell that cannot work, told before any is trained."""
    deeds: dict[tuple[str, str], bytes] = {}
    for cell in cells:
        if (cell.pair, cell.method) in deeds:
            continue
        try:
            deeds[cell.pair, cell.method] = cell.deeds()
        except (ValueError, TypeError) as error:
            raise ValueError(f"{cell.method} on {cell.pair}: {error}") from error
    return [cell.keyed(deeds[cell.pair, cell.method]) for cell in cells]


def _shown(computed: Iterator[Any], total: int, progress: bool | None) -> Iterator[Any]:
    """Rows as they come, with a progress bar."""
    disable = None if progress is None else not progress
    with tqdm(total=total, unit="critic", disable=disable, leave=False) as bar:
        for row in computed:
            yield row
            bar.set_postfix_str(f"{row.method} on {row.pair}", refresh=False)
            bar.update()


def _computed(cells: list[Cell], jobs: int) -> Iterator[Any]:
    """Their rows, as they come; each truth is found once."""
    if jobs > 1 and len(cells) > 1:
        yield from side_by_side(cells, jobs)
        return
    for _, group in groupby(cells, key=lambda cell: cell.pair):
        truths: dict[Any, Any] = {}
        for cell in group:
            if cell.drawn not in truths:
                truths[cell.drawn] = cell.clouds()
            yield cell.compute(truths[cell.drawn])
