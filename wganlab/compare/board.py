"""Many critics beside the exact distance: pairs of laws x methods x seeds, one row each.

Every row trains one critic on two fixed clouds and holds it against the linear program of the same
clouds, which is solved once for all critics, in several processes too. Rows are written to a file
one by one, as they are computed: a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

import wganlab
from wganlab import exact
from wganlab.compare import fits, keys, resumable, tables
from wganlab.compare.clouds import Clouds, as_arrays, drawn, solved
from wganlab.compare.comparison import Comparison, judged
from wganlab.compare.rows import COLUMNS, BoardRow
from wganlab.data import checks
from wganlab.learned import METHODS, Method
from wganlab.learned.critics import samplers
from wganlab.learned.critics.lending import lent

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

    def deeds(self) -> bytes:
        """What its critic does on probe points, all that are given or some that are drawn."""
        x, y = replace(self, n=min(self.n, keys.PROBES)).points()
        return fits.deeds(self.how, (x, y), lambda: as_arrays(x, y), self.seed)

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
        with lent(how.critic if isinstance(how, Method) else None) as own, fits.warned(notes):
            critic: Any = how
            if isinstance(how, Method):
                critic, diverged = fits.fitted(replace(how, critic=own), *clouds.laws, self.seed)
                notes += diverged
            told = judged(critic, clouds, np.random.default_rng(self.seed))
        notes += _doubts(told, clouds)
        notes += fits.won(critic)
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
    return resumable.board(
        list(cells_of(pairs, methods, seeds, n)),
        Scoreboard,
        BoardRow,
        tables.MARKDOWN,
        path=path,
        jobs=jobs,
        progress=progress,
        overwrite=overwrite,
    )


def cells_of(pairs: Any, methods: Any, seeds: Any, n: int) -> Iterator[Cell]:
    """All that is asked for, in the order pairs, methods, seeds; ValueError for what is unknown."""
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
