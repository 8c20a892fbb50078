"""Many critics beside the exact distance: pairs of laws x methods x seeds, one row each.

Every row trains one critic on two fixed clouds and holds it against the linear program of the same
clouds, which is solved once for all critics, in several processes too. Rows are written to a file
one by one, as they are computed: a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn
from tqdm import tqdm

import wganlab
from wganlab import exact
from wganlab.compare import rows, tables
from wganlab.compare.clouds import Clouds, checked, solved
from wganlab.compare.comparison import judged
from wganlab.compare.rows import COLUMNS, BoardRow
from wganlab.learned import METHODS, DivergedError, Method, MLPConfig, fit_critic

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Laws = exact.known.Pair | tuple[Any, Any]


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
    def drawn(self) -> tuple[str, int | None]:
        """Cells that agree in this have the same clouds."""
        return self.pair, None if self.known is None else self.seed

    def points(self) -> tuple[Any, Any]:
        """The points: given, or drawn with the seed."""
        if isinstance(self.laws, exact.known.Pair):
            return self.laws.sample(self.n, np.random.default_rng(self.seed))
        return self.laws

    def clouds(self) -> Clouds:
        """The points, checked, and the transport between them."""
        return solved(*self.points(), pair=self.known)

    def keyed(self) -> Cell:
        """The cell with a hash of all that its row depends on."""
        told = [self.pair, self.method, str(self.seed), str(self.n), wganlab.__version__]
        told += [repr(self.laws), _told(self.how)]
        digest = hashlib.sha256("\n".join(told).encode())
        if self.known is None:
            for cloud in self.points():
                digest.update(np.ascontiguousarray(np.asarray(cloud, dtype=np.float64)).tobytes())
        return replace(self, key=digest.hexdigest()[:16])

    def compute(self, clouds: Clouds) -> BoardRow:
        """Train the critic, unless it is one already, and hold it against the truth."""
        critic, note = self.how, ""
        if isinstance(self.how, Method):
            try:
                critic = _fit(self.how, clouds.real, clouds.fake, self.seed)
            except DivergedError as error:
                critic, note = (
                    error.fitted,
                    f"diverged in step {error.step}: lower the learning rate",
                )
        told = judged(critic, clouds, np.random.default_rng(self.seed))
        if told.wrong_sign:
            note = "; ".join(filter(None, [note, "wrong sign"]))
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
) -> Scoreboard:
    """Fit every method to every pair with every seed, and lay each beside the exact distance.

    Parameters
    ----------
    pairs : known pairs, or mapping of names to known pairs or to two clouds (x, y)
        What is compared.
    methods : names of `learned.METHODS`, or mapping of names to methods
        How the critics are fitted; a function in place of a method is a critic already.
    seeds : int, or integers
        Their number (0, 1, ...), or the seeds: of the clouds drawn, the weights, the batches.
    n : int
        Points drawn of each law of a known pair.
    path : path of a .csv file, optional
        Rows are added to it as they are computed, and those that it holds already are not computed
        again; the summary is written beside it as .md.
    jobs : int
        Processes side by side, of one thread each. Their methods must be picklable.
    progress : bool
        Progress bar; by default where standard error is a terminal.

    Returns
    -------
    Scoreboard

    Raises
    ------
    ValueError
        If a name is unknown, a method makes no sense for its critic or its points, or the file is
        not a scoreboard; before any critic is trained.

    Examples
    --------
    >>> from dataclasses import replace
    >>> quick = {"gp": replace(METHODS["gp"], steps=300)}
    >>> board = scoreboard([exact.known.ParallelLines(theta=1.0)], quick, seeds=1, n=100)
    >>> row = board.rows[0]
    >>> row.population, abs(row.corrected - row.exact) < 0.05, row.certificate <= row.exact
    (1.0, True, True)
    """
    cells = [cell.keyed() for cell in _cells(pairs, methods, seeds, n)]
    for cell in {(cell.pair, cell.method): cell for cell in cells}.values():
        _try(cell, jobs)
    file = None if path is None else Path(path)
    done = {} if file is None else rows.read(file)
    missing = [cell for cell in cells if cell.key not in done]
    disable = None if progress is None else not progress
    with tqdm(total=len(missing), unit="critic", disable=disable, leave=False) as bar:
        for row in _computed(missing, jobs):
            done[row.key] = row
            if file is not None:
                rows.append(file, row)
            bar.set_postfix_str(f"{row.method} on {row.pair}", refresh=False)
            bar.update()
    board = Scoreboard(tuple(done[cell.key] for cell in cells))
    if file is not None:
        file.with_suffix(".md").write_text(board.markdown(), encoding="utf-8")
    return board


def _cells(pairs: Any, methods: Any, seeds: Any, n: int) -> Iterator[Cell]:
    if not isinstance(pairs, Mapping):
        pairs = {repr(pair): pair for pair in pairs}
    if not isinstance(methods, Mapping):
        for name in methods:
            if name not in METHODS:
                raise ValueError(f"there is no method {name!r}: choose from {', '.join(METHODS)}")
        methods = {name: METHODS[name] for name in methods}
    seeds = list(range(seeds) if isinstance(seeds, int) else seeds)
    if not (pairs and methods and seeds) or n < 1:
        raise ValueError("give at least one pair, one method, one seed and one point")
    for name, laws in pairs.items():
        for method, how in methods.items():
            for seed in seeds:
                yield Cell(name, laws, method, how, seed, n)


def _try(cell: Cell, jobs: int) -> None:
    """ValueError for a cell that cannot work, told before any is trained."""
    x, y = replace(cell, n=4).points()
    try:
        if isinstance(cell.how, Method):
            _fit(replace(cell.how, steps=0), x, y, cell.seed)
        else:
            checked(x, y)
    except ValueError as error:
        raise ValueError(f"{cell.method} on {cell.pair}: {error}") from None
    if jobs > 1:
        try:
            pickle.dumps(cell)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(f"{cell.method} cannot go to another process: {error}") from None


def _fit(method: Method, x: ArrayLike, y: ArrayLike, seed: int) -> Any:
    critic = method.critic
    return fit_critic(
        x,
        y,
        constraint=method.constraint,
        critic=copy.deepcopy(critic) if isinstance(critic, nn.Module) else critic,
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
        yield from _side_by_side(cells, jobs)
        return
    for _, group in groupby(cells, key=lambda cell: cell.pair):
        clouds: dict[Any, Clouds] = {}
        for cell in group:
            if cell.drawn not in clouds:
                clouds[cell.drawn] = cell.clouds()
            yield cell.compute(clouds[cell.drawn])


def _side_by_side(cells: list[Cell], jobs: int) -> Iterator[BoardRow]:
    waiting: dict[Any, list[Cell]] = {}
    for cell in cells:
        waiting.setdefault(cell.drawn, []).append(cell)
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    # an interrupt goes to all: without a word of their own the others just end
    quiet = (signal.SIGINT, signal.SIG_DFL)
    with ProcessPoolExecutor(min(jobs, len(cells)), spawn, signal.signal, quiet) as pool:
        solving: dict[Future[Clouds], list[Cell]] = {
            pool.submit(group[0].clouds): group for group in waiting.values()
        }
        training: set[Future[BoardRow]] = set()
        try:
            while solving or training:
                running: list[Future[Any]] = [*solving, *training]
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for clouds in solving.keys() & done:
                    for cell in solving.pop(clouds):
                        training.add(pool.submit(cell.compute, clouds.result()))
                for row in training & done:
                    training.remove(row)
                    yield row.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _told(how: Any) -> str:
    """A method in words that are the same in every process; code is told by its source."""
    if not isinstance(how, Method):
        return _source(how)
    critic = how.critic
    told = repr(critic) if isinstance(critic, MLPConfig) else _source(critic)
    return f"{how.constraint!r} {told} {how.optimizer!r} {how.steps} {how.batch}"


def _source(thing: Any) -> str:
    if isinstance(thing, nn.Module):
        weights = hashlib.sha256()
        for name, value in thing.state_dict().items():
            weights.update(name.encode() + value.detach().cpu().numpy().tobytes())
        return f"{thing!r} {weights.hexdigest()}"
    if isinstance(thing, partial):
        parts = (thing.func, *thing.args, *thing.keywords.values())
        return "\n".join(_source(part) for part in parts)
    try:
        return inspect.getsource(thing)
    except (TypeError, OSError):
        return repr(thing)
