"""Many critics beside the exact distance: pairs of laws x methods x seeds, one row each.

Every row trains one critic on two fixed clouds and holds it against the linear program of the same
clouds, which is solved once for all critics, in several processes too. Rows are written to a file
one by one, as they are computed: a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, islice
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import wganlab
from wganlab import exact
from wganlab.alone import alone
from wganlab.compare import keys, rows, tables
from wganlab.compare.clouds import Clouds, as_arrays, drawn, solved
from wganlab.compare.comparison import Comparison, judged
from wganlab.compare.probe import Probe
from wganlab.compare.processes import side_by_side
from wganlab.compare.rows import COLUMNS, BoardRow
from wganlab.data import checks
from wganlab.data.units import LostPointsWarning
from wganlab.learned import METHODS, DivergedError, FittedCritic, Method, fit_critic
from wganlab.learned.critics import samplers
from wganlab.learned.critics.foreign import lent, undisturbed
from wganlab.writing import replace_text

Laws = exact.known.Pair | tuple[Any, Any]

MOST_SEEDS = 10_000
SURE = 0.95  # a critic of slope 1 is a little below its own certificate, which knows the points
LARGEST_BYTES = 64e9  # of distances between the points of a pair


@dataclass(frozen=True)
class Cell:
    """What a row is computed from."""

    pair: str
    laws: Laws
    method: str
    how: Method | Callable[..., Any]
    seed: int
    n: int
    key: str = ""

    @property
    def known(self) -> exact.known.Pair | None:
        """The laws of the clouds, where they are known."""
        return self.laws if isinstance(self.laws, exact.known.Pair) else None

    @property
    def is_sampled(self) -> bool:
        """Are the points other ones with another seed?"""
        if isinstance(self.laws, exact.known.Pair):
            return True
        return any(samplers.is_law(law) and not samplers.is_discrete(law) for law in self.laws)

    @property
    def drawn(self) -> tuple[str, int | None]:
        """Cells that agree in this have the same clouds."""
        return self.pair, self.seed if self.is_sampled else None

    def points(self) -> tuple[Any, Any]:
        """The points: given, or drawn with the seed."""
        if isinstance(self.laws, exact.known.Pair):
            return self.laws.sample(self.n, np.random.default_rng(self.seed))
        rng, (x, y) = np.random.default_rng(self.seed), self.laws
        return drawn(x, "x", self.n, rng), drawn(y, "y", self.n, rng)

    def clouds(self) -> Clouds:
        """The points, checked, and the transport between them."""
        return solved(*self.points(), pair=self.known)

    def keyed(self, deeds: bytes = b"") -> Cell:
        """The cell with a hash of all that its row depends on; `deeds` of its critic."""
        told = [self.pair, self.method, str(self.seed), str(self.n), wganlab.__version__]
        told += [repr(self.known), keys.of_recipe(self.how)]
        digest = hashlib.sha256("\n".join(told).encode())
        digest.update(keys.of_points(self.laws, self.points()))
        digest.update(deeds)
        return replace(self, key=digest.hexdigest()[:16])

    def compute(self, clouds: Clouds) -> BoardRow:
        """Train the critic, unless it is one already, and hold it against the truth."""
        how: Any = self.how
        notes: list[str] = []
        with lent(how.critic if isinstance(how, Method) else None) as own, _warned(notes):
            critic: Any = how
            if isinstance(how, Method):
                critic, diverged = _fitted(replace(how, critic=own), *clouds.laws, self.seed)
                notes += diverged
            told = judged(critic, clouds, np.random.default_rng(self.seed))
        notes += _doubts(told, clouds)
        notes += won(critic)
        if told.declared is not None:
            notes.append(f"L = {told.declared:g} is {told.told}")
        note = "; ".join(dict.fromkeys(notes))
        values: dict[str, Any] = {name: getattr(told, name, None) for name in COLUMNS}
        values.update(pair=self.pair, method=self.method, seed=self.seed, note=note, key=self.key)
        values.update(n=clouds.source.n, m=clouds.target.n, dim=clouds.source.dim)
        return BoardRow(**values)


@dataclass(frozen=True)
class Scoreboard:
    """All rows, in the order pairs, methods, seeds."""

    rows: tuple[BoardRow, ...]

    def summary(self) -> list[dict[str, Any]]:
        """One entry a pair and method: means and standard deviations over the seeds."""
        return tables.summary(self.rows)

    def markdown(self) -> str:
        """The summary as a table."""
        return tables.markdown(self.summary())

    def __str__(self) -> str:
        return tables.plain(self.summary())


def scoreboard(
    pairs: Iterable[exact.known.Pair] | Mapping[str, Laws],
    methods: Iterable[str] | Mapping[str, Method | Callable[..., Any]],
    seeds: int | Iterable[int],
    *,
    n: int = 500,
    path: str | Path | None = None,
    jobs: int = 1,
    progress: bool | None = None,
    overwrite: bool = False,
) -> Scoreboard:
    """Fit every method to every pair with every seed, and lay each beside the exact distance.

    Parameters
    ----------
    pairs : known pairs, or mapping of names to known pairs or to two clouds or laws (x, y)
        What is compared: whatever `learned.fit_critic` takes. Laws are sampled with each seed.
    methods : names of `learned.METHODS`, or mapping of names to methods
        How the critics are fitted; a function in place of a method is a critic already.
    seeds : int, or integers
        Their number (0, 1, ...), or the seeds: of the clouds drawn, the weights, the batches.
    n : int
        Points drawn of each law of a known pair.
    path : path of a .csv file, optional
        Rows are added to it as they are computed, and those that it holds already are not computed
        again; the summary is written beside it as .md. It has one writer at a time.
    jobs : int
        Processes side by side, of one thread each; what cannot be sent to another process is
        computed in this one.
    progress : bool
        Progress bar; by default where standard error is a terminal.
    overwrite : bool
        Replace files at `path`, and the .md beside it, that are no scoreboards.

    Returns
    -------
    Scoreboard

    Raises
    ------
    ValueError
        If a name is unknown, a method makes no sense for its critic or its points, or the file is
        not a scoreboard, or another process writes it; before any critic is trained.

    Examples
    --------
    >>> from dataclasses import replace
    >>> quick = {"gp": replace(METHODS["gp"], steps=300)}
    >>> board = scoreboard([exact.known.ParallelLines(theta=1.0)], quick, seeds=1, n=100)
    >>> row = board.rows[0]
    >>> row.population, abs(row.corrected - row.exact) < 0.05, row.certificate <= row.exact
    (1.0, True, True)
    """
    checks.whole(1, jobs=jobs)
    cells = list(_cells(pairs, methods, seeds, n))
    if path is None:
        cells = _keyed(cells)
        done = {row.key: row for row in _shown(_computed(cells, jobs), len(cells), progress)}
        return Scoreboard(tuple(done[cell.key] for cell in cells))
    file = Path(path)
    rows.refuse_no_board(file)
    table = file.with_suffix(".md")
    with alone(
        file.with_name(f".{file.name}.lock"),
        f"the board {file}",
        "wait until it is done, or name another file",
    ):
        rows.refuse_foreign(table, tables.MARKDOWN, overwrite=overwrite)
        done = rows.read(file, overwrite=overwrite)
        cells = _keyed(cells)
        missing = [cell for cell in cells if cell.key not in done]
        for row in _shown(_computed(missing, jobs), len(missing), progress):
            done[row.key] = row
            rows.append(file, row, new=len(done) == 1)
        board = Scoreboard(tuple(done[cell.key] for cell in cells))
        replace_text(table, board.markdown())
    return board


def _shown(computed: Iterator[BoardRow], total: int, progress: bool | None) -> Iterator[BoardRow]:
    """Rows as they come, with a progress bar."""
    disable = None if progress is None else not progress
    with tqdm(total=total, unit="critic", disable=disable, leave=False) as bar:
        for row in computed:
            yield row
            bar.set_postfix_str(f"{row.method} on {row.pair}", refresh=False)
            bar.update()


def _cells(pairs: Any, methods: Any, seeds: Any, n: int) -> Iterator[Cell]:
    if not isinstance(pairs, Mapping):
        pairs = [pairs] if isinstance(pairs, exact.known.Pair) else pairs
        pairs = {repr(pair): pair for pair in pairs}
    if not isinstance(methods, Mapping):
        methods = [methods] if isinstance(methods, str) else list(methods)
        for name in methods:
            if name not in METHODS:
                raise ValueError(f"there is no method {name!r}: choose from {', '.join(METHODS)}")
        methods = {name: METHODS[name] for name in methods}
    if isinstance(seeds, Integral):
        checks.whole(0, most=checks.SEEDS, seeds=seeds)
        seeds = range(int(seeds))
    checks.whole(0, n=n)
    if not (pairs and methods and len(seeds := _few(seeds)) and n):
        raise ValueError("give at least one pair, one method, one seed and one point")
    for name, laws in pairs.items():
        _check_laws(str(name), laws, n)
        for method, how in methods.items():
            for seed in seeds:
                yield Cell(str(name), laws, str(method), how, int(seed), int(n))


def _few(seeds: Any) -> list[int]:
    """As many seeds as anybody has the time for, each a whole number."""
    given = list(islice(seeds, MOST_SEEDS + 1))
    if len(given) > MOST_SEEDS:
        raise ValueError(f"there are more than {MOST_SEEDS:,} seeds: give fewer")
    for seed in given:
        checks.whole(0, most=checks.SEEDS, seed=seed)
    return given


def _check_laws(name: str, laws: Any, n: int) -> None:
    """ValueError for what is no pair of laws, or points that no memory holds the distances of."""
    if isinstance(laws, exact.known.Pair):
        needed = 8.0 * n * (max(n, laws.dim) if laws.dim > 1 else 1)
        if needed > LARGEST_BYTES:
            raise ValueError(
                f"n = {n:,}: the distances of {n:,} points to as many take {needed / 1e9:,.0f} GB: "
                "choose fewer"
            )
    elif not (isinstance(laws, tuple | list) and len(laws) == 2):
        raise ValueError(
            f"{name} is of type {type(laws).__name__}: give a known pair, or two clouds or laws "
            "(x, y)"
        )


def _keyed(cells: list[Cell]) -> list[Cell]:
    """Each with its key; ValueError for a cell that cannot work, told before any is trained."""
    deeds: dict[tuple[str, str], bytes] = {}
    for cell in cells:
        if (cell.pair, cell.method) in deeds:
            continue
        try:
            deeds[cell.pair, cell.method] = _tried(cell)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{cell.method} on {cell.pair}: {error}") from error
    return [cell.keyed(deeds[cell.pair, cell.method]) for cell in cells]


def _tried(cell: Cell) -> bytes:
    """What its critic does on probe points, all that are given or some that are drawn."""
    how: Any = cell.how
    x, y = replace(cell, n=min(cell.n, keys.PROBES)).points()
    with warnings.catch_warnings(), undisturbed():
        warnings.simplefilter("ignore", LostPointsWarning)  # they are notes of the rows
        if keys.is_ours(how):
            _fit(replace(how, steps=0), x, y, cell.seed)
            return b""
        clouds = as_arrays(x, y)
        if not isinstance(how, Method):
            Probe(how, clouds[0]).check(*clouds)
        return keys.of_deeds(how, *clouds, lambda how: _fitted(how, x, y, cell.seed)[0])


def _doubts(told: Comparison, clouds: Clouds) -> list[str]:
    """What shows that an estimate cannot be right, though the truth is not looked at."""
    if told.wrong_sign:
        return ["wrong sign"]
    source, target = clouds.source, clouds.target
    ignorant = exact.certificate(np.zeros(source.n), source, target)  # of f = 0
    proofs = {"what f = 0 proves": ignorant, "its own certificate": told.certificate}
    for by, proven in proofs.items():
        if told.estimate < SURE * proven:
            return [f"its estimate is below {by}, and EM is not"]
    return []


def won(critic: Any) -> list[str]:
    """Which critic of a tournament it is."""
    winner = critic.winner if isinstance(critic, FittedCritic) else ""
    return [f"won by {winner}"] if winner else []


@contextlib.contextmanager
def _warned(notes: list[str]) -> Iterator[None]:
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


def _fitted(method: Method, x: Any, y: Any, seed: int) -> tuple[Any, list[str]]:
    """The critic, or the last one that was finite; and a note about that."""
    try:
        return _fit(method, x, y, seed), []
    except DivergedError as error:
        return error.fitted, [f"diverged in step {error.step}: lower the learning rate"]


def _fit(method: Method, x: Any, y: Any, seed: int) -> Any:
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


def _computed(cells: list[Cell], jobs: int) -> Iterator[BoardRow]:
    """Their rows, as they come; each pair of clouds is solved once."""
    if jobs > 1 and len(cells) > 1:
        yield from side_by_side(cells, jobs)
        return
    for _, group in groupby(cells, key=lambda cell: cell.pair):
        clouds: dict[Any, Clouds] = {}
        for cell in group:
            if cell.drawn not in clouds:
                clouds[cell.drawn] = cell.clouds()
            yield cell.compute(clouds[cell.drawn])
