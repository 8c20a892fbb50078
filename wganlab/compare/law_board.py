"""Critics trained on LAWS and judged on new points: the W1 benchmark, for any pair that is known.

A scoreboard trains on two clouds and holds the critic against EM of the same clouds. In many
dimensions that is far from EM of the laws, and critics learn the points by heart. Here every step
draws new points, and the critic is judged on n points (x_i, y_i) of the optimal coupling, which it
has not seen. The coupling is optimal on them too, so that

    ratio = mean (f(x_i) - f(y_i)) / mean |x_i - y_i|

is at most 1 for a 1-Lipschitz f, whatever is drawn, and 1 for the true critic: the noise of the
sample cancels. Beside it stand the metrics of the benchmark (Korotin, Kolesov and Burnaev, NeurIPS
2022; `compare.directions`) and, for its funnels, the published rows (`compare.published_rows`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wganlab.compare import board, law_tables, resumable
from wganlab.compare.law_cells import BenchmarkRow, Known, LawCell
from wganlab.data import checks

POINTS = 2**14
LARGEST_BYTES = 16e9  # of the points to judge on


@dataclass(frozen=True)
class Benchmark:
    """All rows, in the order pairs, methods, seeds."""

    rows: tuple[BenchmarkRow, ...]
    laws: Mapping[str, Known]
    """The pairs, by the names of the rows."""

    def summary(self) -> list[dict[str, Any]]:
        """One entry a pair and method: means and standard deviations over the seeds."""
        return law_tables.summary(self.rows)

    def markdown(self) -> str:
        """Every number of the summary as a table, with the published rows."""
        return law_tables.markdown(self.rows, self.laws)

    def __str__(self) -> str:
        return law_tables.plain(self.rows, self.laws)


def benchmark(
    pairs: Known | Iterable[Known] | Mapping[str, Known],
    methods: str | Iterable[str] | Mapping[str, Any],
    seeds: int | Iterable[int],
    *,
    n: int = POINTS,
    path: str | Path | None = None,
    jobs: int = 1,
    progress: bool | None = None,
    overwrite: bool = False,
) -> Benchmark:
    """Fit every method to every pair of laws with every seed, and judge each on new points.

    Parameters
    ----------
    pairs : known pairs, or mapping of names to known pairs
        The laws; new points are drawn in every step.
    methods : names of `learned.METHODS`, or mapping of names to methods
        How the critics are fitted; a function in place of a method is a critic already.
    seeds : int, or integers
        Their number (0, 1, ...), or the seeds: of the weights and the batches. All critics of a
        pair are judged on the same points.
    n : int
        Coupled points to judge on.
    path, jobs, progress, overwrite
        As of `scoreboard`: a .csv that keeps the rows and is resumed, with a .md beside it.

    Returns
    -------
    Benchmark

    Raises
    ------
    ValueError
        As of `scoreboard`, before any critic is trained.

    Examples
    --------
    >>> from wganlab import exact
    >>> pair = exact.known.Funnels(dimension=4)
    >>> row = benchmark(pair, {"the true critic": pair.critic}, seeds=1, n=500).rows[0]
    >>> round(row.ratio, 9), round(row.cosine_at_real, 2)
    (1.0, 1.0)
    """
    checks.whole(1, n=n, jobs=jobs)
    cells = _cells(pairs, methods, seeds, n)
    laws = {cell.pair: cell.law for cell in cells}
    return resumable.board(
        cells,
        lambda rows: Benchmark(rows, laws),
        BenchmarkRow,
        law_tables.MARKDOWN,
        path=path,
        jobs=jobs,
        progress=progress,
        overwrite=overwrite,
    )


def _cells(pairs: Any, methods: Any, seeds: Any, n: int) -> list[LawCell]:
    made = list(board.cells_of(pairs, methods, seeds, 1))
    for cell in made:
        if not isinstance(cell.laws, Known):
            raise ValueError(f"{cell.pair} is no known pair: compare.scoreboard takes clouds")
        if 16.0 * n * cell.laws.dim > LARGEST_BYTES:
            raise ValueError(
                f"n = {n:,}: as many points in dimension {cell.laws.dim} take "
                f"{16e-9 * n * cell.laws.dim:,.0f} GB: choose fewer"
            )
    return [LawCell(c.pair, c.laws, c.method, c.how, c.seed, n) for c in made]  # type: ignore[arg-type]
