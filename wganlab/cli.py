"""The command line: `python -m wganlab COMMAND`, also installed as `wganlab`.

Results go to standard output, progress to standard error. An error is one line and exit code 2.
Nothing heavy is imported before it is needed: no command here loads torch but `doctor`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

import tyro
from tyro.conf import FlagCreatePairsOff, Positional, arg, subcommand

from wganlab import __version__

if TYPE_CHECKING:
    from wganlab import exact
    from wganlab.exact import known


@dataclass(frozen=True)
class Distance:
    """Exact EM, W2, TV, JS and KL between two clouds of points, with the EM plan on request.

    Each input is a .npy, .npz (arrays `points` and `weights`), .csv or .txt file with one point a
    line, or an embedded image set, whole or one class of it: 'mnist10k[3]', 'glyphs[A]',
    'emoji[Food & Drink]' (pixels in [0, 1]). EM and W2 have the unit of the points (Euclidean
    ground distance); TV lies in [0, 1]; JS (at most log 2) and KL are in nats. TV, JS and KL
    match points exactly: to them, points that differ in the last digit have nothing in common.
    """

    a: Annotated[Positional[str], arg(metavar="A")]
    """First law."""
    b: Annotated[Positional[str], arg(metavar="B")]
    """Second law."""
    max_points: int = 4000
    """Draw that many points at random from a larger input (on the line all points are used)."""
    seed: int = 0
    """Seed of that draw."""
    plan: Annotated[Path | None, arg(metavar="PATH")] = None
    """Write the optimal EM plan, a sparse (n, m) matrix for scipy.sparse.load_npz, to this .npz."""
    json: bool = False
    """Print one JSON object instead of a table; infinity is the string "inf"."""

    def run(self) -> None:
        """Compute and print."""
        if self.max_points < 1:
            raise ValueError(f"--max-points {self.max_points}: at least one point is needed")
        if self.plan is not None and (self.plan.suffix != ".npz" or not self.plan.parent.is_dir()):
            raise ValueError(f"--plan {self.plan}: expected a .npz file in an existing folder")
        # POT would load torch for its own use: seconds, for nothing
        os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")
        from wganlab import exact

        notes: list[str] = []
        mu, nu = self._load(self.a, notes), self._load(self.b, notes)
        if mu.dim != nu.dim:
            raise ValueError(
                f"{self.a} lives in dimension {mu.dim} and {self.b} in dimension {nu.dim}"
            )
        if mu.dim > 1:
            with _spinner("loading the solver"):
                import ot  # noqa: F401  (so that the times below are the solver's own)
        label = f"{mu.n:,} x {nu.n:,} points"
        rows: dict[str, dict[str, Any]] = {}
        for name, p in (("EM", 1), ("W2", 2)):
            with _spinner(f"{name} of {label}"), _timed() as clock:
                result = exact.wasserstein(mu, nu, p=p)
            rows[name] = {
                "value": result.value,
                "certificate": result.bound,
                "gap": result.gap,
                "solver": result.solver,
                "seconds": clock(),
            }
            if p == 1 and self.plan is not None:
                _save_plan(self.plan, result.plan)
        for name, divergence, first, second in (
            ("TV", exact.tv, mu, nu),
            ("JS", exact.js, mu, nu),
            ("KL(A, B)", exact.kl, mu, nu),
            ("KL(B, A)", exact.kl, nu, mu),
        ):
            with _timed() as clock:
                value = divergence(first, second)
            rows[name] = {"value": value, "solver": "matched points", "seconds": clock()}
        if rows["TV"]["value"] == 1:
            notes.append("no point occurs in both: TV, JS and KL see nothing else")
        notes.append(
            f"samples are not laws: two samples of one law ({mu.n:,} and {nu.n:,} points in "
            f"dimension {mu.dim}) are at a positive EM too"
        )
        sizes = {"A": (self.a, mu.n, mu.dim), "B": (self.b, nu.n, nu.dim)}
        print(_as_json(sizes, rows, notes) if self.json else _as_table(sizes, rows, notes))

    def _load(self, source: str, notes: list[str]) -> exact.Discrete:
        import numpy as np

        from wganlab import data, exact

        points, weights = data.load_points(source)
        law = exact.Discrete(points, weights, name=source)
        if law.dim == 1 or law.n <= self.max_points:
            return law
        if weights is not None:
            raise ValueError(
                f"{source} has {law.n:,} weighted points: raise --max-points {self.max_points} "
                "to take them all"
            )
        notes.append(f"{self.max_points:,} of the {law.n:,} points of {source} were drawn")
        rows = np.random.default_rng(self.seed).choice(law.n, self.max_points, replace=False)
        return exact.Discrete(law.points[np.sort(rows)])


def _save_plan(path: Path, plan: Any) -> None:
    from scipy import sparse

    beside = path.with_name(f".{path.name}")  # renamed into place: never half a file
    sparse.save_npz(beside, plan)
    beside.replace(path)


def _as_table(
    sizes: dict[str, tuple[str, int, int]], rows: dict[str, dict[str, Any]], notes: list[str]
) -> str:
    width = max(len(source) for source, _, _ in sizes.values())
    lines = [
        f"{name}  {source:<{width}}  {n:,} points in dimension {dim}"
        for name, (source, n, dim) in sizes.items()
    ]
    lines += ["", f"{'':9}{'value':>16}{'certificate':>16}{'gap':>10}  {'solver':<17}{'time':>8}"]
    for name, row in rows.items():
        bound = f"{row['certificate']:16.10g}" if "certificate" in row else " " * 16
        gap = f"{abs(row['gap']):10.0e}" if "gap" in row else " " * 10
        lines.append(
            f"{name:<9}{row['value']:16.10g}{bound}{gap}  {row['solver']:<17}"
            f"{row['seconds']:6.2f} s"
        )
    return "\n".join([*lines, "", *(f"note: {note}" for note in notes)])


def _as_json(
    sizes: dict[str, tuple[str, int, int]], rows: dict[str, dict[str, Any]], notes: list[str]
) -> str:
    keys = ("source", "n", "dim")
    content = {
        **{name: dict(zip(keys, size, strict=True)) for name, size in sizes.items()},
        "distances": rows,
        "notes": notes,
    }
    return json.dumps(_finite(content), indent=2)


def _finite(value: Any) -> Any:
    """JSON has no infinity: it becomes the string "inf"."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    return "inf" if value == float("inf") else value


@dataclass(frozen=True)
class Known:
    """Pairs of laws with distances in closed form: list them, or evaluate one.

    `known` lists them; `known NAME` evaluates one, with its parameters as options:
    `known parallel-lines --theta 0.5`, and `known NAME --help` shows them.
    """

    def run(self) -> None:
        """List the pairs at their default parameters."""
        print(f"{'name':<16}" + "".join(f"{column:>9}" for column in _COLUMNS) + "  laws")
        for name, kind in _known_pairs().items():
            pair = kind()
            values = (getattr(pair, attribute) for attribute in _COLUMNS.values())
            shown = "".join(f"{'-':>9}" if v is None else f"{v:>9.4g}" for v in values)
            print(f"{name:<16}{shown}  {pair.law}")


_COLUMNS = {"EM": "emd", "TV": "tv", "JS": "js", "KL(P,Q)": "kl", "KL(Q,P)": "reverse_kl"}


def _known_pairs() -> dict[str, Any]:
    """The pairs whose parameters are numbers, by name: one command each."""
    from wganlab.exact import known

    kinds = (type(pair) for pair in known.all() if not isinstance(pair, known.Line))
    return {re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower(): kind for kind in kinds}


def _evaluate(pair: known.Pair) -> None:
    print(f"{pair!r}: {pair.law}, in dimension {pair.dim}")
    for column, attribute in _COLUMNS.items():
        value = getattr(pair, attribute)
        print(f"{column:<9}{'no closed form' if value is None else format(value, '.12g')}")


@dataclass(frozen=True)
class Doctor:
    """Versions, device and threads, and one exact value checked against its closed form."""

    def run(self) -> None:
        """Print the report; RuntimeError if the check fails."""
        print(f"wganlab     {__version__}")
        print(f"python      {platform.python_version()} on {platform.platform()}")
        for package in ("numpy", "scipy", "POT", "matplotlib", "torch", "tyro"):
            try:
                print(f"{package:<12}{metadata.version(package)}")
            except metadata.PackageNotFoundError:
                print(f"{package:<12}missing")
        self._device()

        import numpy as np

        from wganlab import exact

        pair = exact.known.ParallelLines(theta=0.5)
        x, y = pair.sample(100, np.random.default_rng(0), paired=True)
        with _timed() as clock:
            result = exact.wasserstein(x, y)
        correct = abs(result.value - pair.emd) < 1e-9
        print(
            f"exact EM    {result.value:.12g} by {result.solver}, {pair.emd} in closed form: "
            f"{'ok' if correct else 'WRONG'} ({clock():.2f} s)"
        )
        if not correct:
            raise RuntimeError("the exact value is wrong: reinstall with -c constraints.txt")

    def _device(self) -> None:
        try:
            with _spinner("loading torch"):
                import torch
        except (ImportError, OSError) as error:
            print(f"device      torch does not load: {' '.join(str(error).split())}")
            return
        devices = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
        print(f"device      {', '.join(devices) or 'cpu'}")
        print(f"threads     {torch.get_num_threads()} in torch, {os.cpu_count()} cores")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        command = _parse(list(sys.argv[1:] if argv is None else argv) or ["--help"])
        if hasattr(command, "run"):
            command.run()
        else:
            _evaluate(command)
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        print(f"wganlab: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("wganlab: interrupted", file=sys.stderr)
        return 130
    return 0


def _parse(argv: list[str]) -> Any:
    """The command that `argv` asks for; a usage error is a ValueError of one line."""
    prog = "wganlab"
    if argv[0] == "known" and len(argv) > 1 and not argv[1].startswith("-"):
        kinds = _known_pairs()
        if argv[1] not in kinds:
            raise ValueError(f"there is no pair {argv[1]!r}: choose from {', '.join(kinds)}")
        kind, prog, argv = kinds[argv[1]], f"{prog} known {argv[1]}", argv[2:]
        parse = partial(tyro.cli, kind, description=f"P and Q: {kind.law}.")
    else:
        about = "A learned Wasserstein critic beside the exact earth mover's distance."
        parse = partial(tyro.cli, _commands(brief=len(argv) == 1), description=about)
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return parse(prog=prog, args=argv, config=(FlagCreatePairsOff,))
    except SystemExit as stop:
        if not stop.code:
            raise
        raise ValueError(f"{_one_line(complaint.getvalue())}; see {prog} --help") from None


def _commands(brief: bool) -> Any:
    """All commands as one type for tyro; `brief` describes each by its first line alone."""
    kinds = [
        Annotated[
            kind, subcommand(name, description=str(kind.__doc__).split("\n")[0] if brief else None)
        ]
        for name, kind in (("distance", Distance), ("known", Known), ("doctor", Doctor))
    ]
    return Union[tuple(kinds)]  # noqa: UP007  (built at run time)


def _one_line(box: str) -> str:
    """What a tyro error box says, and what it proposes, without the box."""
    lines = [line.strip("│╭╮╰╯ ").strip() for line in box.splitlines()[1:-1]]
    sections = " ".join(lines).split("──")
    told = [part.strip("─ ") for part in sections]
    told = [part for part in told if part and not part.startswith(("For full", "Argument help"))]
    return "; ".join(told).rstrip(".")


@contextlib.contextmanager
def _timed() -> Iterator[Any]:
    """Yields a clock: seconds since the start."""
    start = time.perf_counter()
    yield lambda: time.perf_counter() - start


@contextlib.contextmanager
def _spinner(label: str) -> Iterator[None]:
    """Elapsed time on standard error, from 2 s on, where that is a terminal."""
    from tqdm import tqdm

    done = threading.Event()
    bar = tqdm(
        desc=label,
        bar_format="{desc}: {elapsed}",
        delay=2,
        leave=False,
        disable=None,
        mininterval=0,
    )

    def turn() -> None:
        while not done.wait(0.5):
            bar.update()

    thread = threading.Thread(target=turn, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        bar.close()
