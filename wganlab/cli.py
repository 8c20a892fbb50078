"""The command line: `python -m wganlab COMMAND`, also installed as `wganlab`.

Results go to standard output, progress to standard error. An error is one line and exit code 2.
Nothing heavy is imported before it is needed: no command here loads torch but `doctor`.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

import tyro
from tyro.conf import FlagCreatePairsOff, Positional, arg, subcommand

from wganlab import __version__, report
from wganlab.report import spinner, timed

if TYPE_CHECKING:
    import numpy as np

    from wganlab.exact import known

PROJECTIONS = 200
LARGEST_KERNEL = 10**9  # entries of the matrices behind MMD: about 10 s


@dataclass(frozen=True)
class Distance:
    """Exact EM, W2, TV, JS and KL between two clouds of points, with sliced W1 and MMD beside them.

    Each input is a .npy, .npz (arrays `points` and `weights`), .csv, .tsv or .txt file with one
    point a line, or an embedded image set, whole or one class of it: 'mnist10k[3]', 'glyphs[A]',
    'emoji[Food & Drink]' (pixels in [0, 1]). EM, W2 and sliced W1 have the unit of the points, and
    the ground distance is Euclidean. Sliced W1 is the mean of W1 over 200 random directions: an
    estimate, but for points on the line. MMD is that of a Gaussian kernel as wide as the median
    distance between distinct points of both (of 2,000 of them where there are more); it lies in
    [0, sqrt 2] and has no unit. TV lies in [0, 1]; JS (at most log 2) and KL are in nats. TV, JS
    and KL match points exactly: to them, points that differ in the last digit have nothing in
    common.
    """

    a: Annotated[Positional[str], arg(metavar="A")]
    """First law."""
    b: Annotated[Positional[str], arg(metavar="B")]
    """Second law."""
    max_points: int = 4000
    """Draw that many points at random from a larger input (on the line all points are used)."""
    seed: int = 0
    """Seed of these draws, one for A and another for B, and of the directions of sliced W1."""
    plan: Annotated[Path | None, arg(metavar="PATH")] = None
    """Write the optimal EM plan to this .npz: a sparse (n, m) matrix for scipy.sparse.load_npz.
    The arrays rows_a and rows_b in it (numpy.load) are the rows of A and B that it is between."""
    json: bool = False
    """Print one JSON object instead of a table; infinity is the string "inf"."""

    def run(self) -> None:
        """Compute and print; the plan is written before, and a failure to do so told after."""
        if self.max_points < 1:
            raise ValueError(f"--max-points {self.max_points}: at least one point is needed")
        if self.seed < 0:
            raise ValueError(f"--seed {self.seed}: expected 0 or more")
        if self.plan is not None:
            report.check_plan(self.plan)
        # POT would load torch for its own use: seconds, for nothing
        os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")
        import numpy as np

        notes: list[str] = []
        # three streams: equal draws from two files would lose the same rows of both
        first, second, third = map(
            np.random.default_rng, np.random.SeedSequence(self.seed).spawn(3)
        )
        a, b = self._load("A", first, notes), self._load("B", second, notes)
        if a.law.dim != b.law.dim:
            raise ValueError(
                f"{self.a} lives in dimension {a.law.dim} and {self.b} in dimension {b.law.dim}"
            )
        rows: report.Rows = {}
        unwritten = self._transport(a, b, rows)
        self._metrics(a, b, rows, third, notes)
        _divergences(a, b, rows)
        notes += report.remarks(rows, a, b)
        show = report.as_json if self.json else report.as_table
        print(show({"A": a, "B": b}, rows, notes))
        if unwritten is not None:
            raise unwritten

    def _load(self, letter: str, rng: np.random.Generator, notes: list[str]) -> report.Input:
        import numpy as np

        from wganlab import data, exact

        source = {"A": self.a, "B": self.b}[letter]
        loaded = data.load_points(source)
        law = exact.Discrete(loaded.points, loaded.weights, name=source)
        notes += [note for note in loaded.notes if note not in notes]
        if law.dim == 1 or law.n <= self.max_points:
            return report.Input(source, law, np.arange(law.n))
        if loaded.weights is not None:
            raise ValueError(
                f"{source} has {law.n:,} weighted points: raise --max-points {self.max_points} "
                "to take them all"
            )
        notes.append(
            f"{letter} is {self.max_points:,} of the {law.n:,} points of {source}, drawn with "
            f"seed {self.seed}"
        )
        rows = np.sort(rng.choice(law.n, self.max_points, replace=False))
        return report.Input(source, exact.Discrete(law.points[rows]), rows)

    def _transport(self, a: report.Input, b: report.Input, rows: report.Rows) -> ValueError | None:
        """EM and W2; returns why the plan could not be written, if it could not."""
        from wganlab import exact

        if a.law.dim > 1:
            with spinner("loading the solver"):
                import ot  # noqa: F401  (so that the times below are the solver's own)
        unwritten = None
        for name, p in (("EM", 1), ("W2", 2)):
            label = f"{name} of {a.law.n:,} x {report.count(b.law.n, 'point')}"
            with spinner(label), timed() as clock:
                result = exact.wasserstein(a.law, b.law, p=p)
            rows[name] = {
                "value": result.value,
                "certificate": result.bound,
                "gap": result.gap,
                "solver": result.solver,
                "seconds": clock(),
            }
            if p == 1 and self.plan is not None:
                try:
                    report.save_plan(self.plan, result.plan, a, b)
                except ValueError as error:
                    unwritten = error
        return unwritten

    def _metrics(
        self,
        a: report.Input,
        b: report.Input,
        rows: report.Rows,
        rng: np.random.Generator,
        notes: list[str],
    ) -> None:
        from wganlab import exact

        with spinner("sliced W1"), timed() as clock:
            value = exact.sliced(a.law, b.law, rng=rng, projections=PROJECTIONS)
        line = a.law.dim == 1
        solver = "quantiles" if line else f"{PROJECTIONS} projections, seed {self.seed}"
        rows["sliced W1"] = {"value": value, "solver": solver, "seconds": clock()}
        if (a.law.n + b.law.n) ** 2 > LARGEST_KERNEL:
            notes.append("MMD was left out: it takes the distances between all pairs of points")
            return
        try:
            with spinner("MMD"), timed() as clock:
                value = exact.mmd(a.law, b.law, kernel="gaussian")
        except ValueError as error:
            notes.append(f"MMD was left out: {error}")
            return
        solver = "Gaussian, median width"
        rows["MMD"] = {"value": value, "solver": solver, "seconds": clock()}


def _divergences(a: report.Input, b: report.Input, rows: report.Rows) -> None:
    from wganlab import exact

    for name, divergence, first, second in (
        ("TV", exact.tv, a.law, b.law),
        ("JS", exact.js, a.law, b.law),
        ("KL(A, B)", exact.kl, a.law, b.law),
        ("KL(B, A)", exact.kl, b.law, a.law),
    ):
        with spinner(name), timed() as clock:
            value = divergence(first, second)
        rows[name] = {"value": value, "solver": "matched points", "seconds": clock()}


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
    with spinner("evaluating"):
        values = {column: getattr(pair, attribute) for column, attribute in _COLUMNS.items()}
    print(f"{pair!r}: {pair.law}, in dimension {pair.dim}")
    for column, value in values.items():
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
        with timed() as clock:
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
            with spinner("loading torch"):
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
        _run(list(sys.argv[1:] if argv is None else argv) or ["--help"])
        code = 0
    except BrokenPipeError:
        code = 141  # whoever read has left, as `head` does: 128 + SIGPIPE, what a shell reports
    except (ValueError, OSError, RuntimeError, MemoryError, ArithmeticError) as error:
        told = " ".join(str(error).split()) or "out of memory"
        if isinstance(error, ArithmeticError):
            told = f"these parameters are too extreme for float64 ({told})"
        with contextlib.suppress(OSError):
            _flush()  # what was found, before what went wrong
        print(f"wganlab: error: {told}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print("wganlab: interrupted", file=sys.stderr)
        code = 130
    try:
        _flush()
    except OSError:  # told above; Python would tell it again on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _run(argv: list[str]) -> None:
    if argv == ["--version"]:
        print(f"wganlab {__version__}")
    else:
        command = _parse(argv)
        if hasattr(command, "run"):
            command.run()
        else:
            _evaluate(command)
    _flush()


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _parse(argv: list[str]) -> Any:
    """The command that `argv` asks for; a usage error is a ValueError of one line."""
    prog = asked = "wganlab"
    if argv[0] == "known" and argv[1:2] in (["-h"], ["--help"]):
        argv = ["known", *argv[2:], argv[1]]  # the help of a pair, where one is named
    if argv[0] == "known" and len(argv) > 1 and not argv[1].startswith("-"):
        kinds = _known_pairs()
        if argv[1] not in kinds:
            raise ValueError(f"there is no pair {argv[1]!r}: choose from {', '.join(kinds)}")
        kind, prog, argv = kinds[argv[1]], f"{prog} known {argv[1]}", argv[2:]
        asked = prog
        parse = partial(tyro.cli, kind, description=f"P and Q: {kind.law}.")
    else:
        about = (
            "Exact distances between laws: a lab for Wasserstein GANs. "
            "--version prints the version."
        )
        asked = f"{prog} {argv[0]}" if argv[0] in _KINDS else prog
        parse = partial(tyro.cli, _commands(brief=len(argv) == 1), description=about)
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return parse(prog=prog, args=argv, config=(FlagCreatePairsOff,))
    except SystemExit as stop:
        if not stop.code:
            _flush()
            raise
        raise ValueError(f"{_one_line(complaint.getvalue())}; see {asked} --help") from None


_KINDS = {"distance": Distance, "known": Known, "doctor": Doctor}


def _commands(brief: bool) -> Any:
    """All commands as one type for tyro; `brief` describes each by its first line alone."""
    kinds = [
        Annotated[
            kind, subcommand(name, description=str(kind.__doc__).split("\n")[0] if brief else None)
        ]
        for name, kind in _KINDS.items()
    ]
    return Union[tuple(kinds)]  # noqa: UP007  (built at run time)


def _one_line(box: str) -> str:
    """What a tyro error box says, and what it proposes, without the box (drawn or in ASCII)."""
    lines = [line.strip("│|╭╮╰╯+ ") for line in box.splitlines()[1:-1]]
    told = [part.strip() for part in re.split(r"[─-]{4,}", " ".join(lines))]
    told = [part for part in told if part and not part.startswith(("For full", "Argument help"))]
    return "; ".join(told).rstrip(".")
