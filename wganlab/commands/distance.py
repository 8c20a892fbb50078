"""The command `distance`: exact distances between two clouds of points."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from wganlab import report, writing
from wganlab.report import spinner, timed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROJECTIONS = 200
LARGEST_KERNEL = 10**9  # entries of the matrices behind MMD: about 10 s


@dataclass(frozen=True)
class Distance:
    """Exact EM, W2, TV, JS and KL between two clouds of points, with sliced W1 and MMD beside them.

    Each input is a .npy, .npz (arrays `points` and `weights`, or one by its name: file.npz[real]),
    .csv, .tsv, .txt, .dat (also with .gz) or .parquet file with one point a line, - for standard
    input, or an embedded image set, whole or one class of it: 'mnist10k[3]', 'glyphs[A]',
    'emoji[Food & Drink]' (pixels in [0, 1]). Of the columns of a table those count as coordinates
    that --columns names; unless it is given, all but what looks like an index, labels, or counts,
    and a note says so. For one input alone: file.csv:columns=x,y:weights=count. EM, W2 and sliced
    W1 have the unit of the points, and the ground distance is Euclidean. Sliced W1 is the mean of
    W1 over 200 random directions: an estimate, but for points on the line. MMD is that of a
    Gaussian kernel as wide as the median distance between distinct points of both (of 2,000 of
    them where there are more); it lies in [0, sqrt 2] and has no unit. TV lies in [0, 1]; JS (at
    most log 2) and KL are in nats. TV, JS and KL match points exactly: to them, points that differ
    in the last digit have nothing in common.
    """

    a: Annotated[Positional[str], arg(metavar="A")]
    """First law."""
    b: Annotated[Positional[str], arg(metavar="B")]
    """Second law."""
    max_points: int = 4000
    """Draw that many points at random from a larger input (on the line all points are used)."""
    seed: int = 0
    """Seed of these draws, one for A and another for B, and of the directions of sliced W1."""
    columns: str = ""
    """Names of the columns that are coordinates, or their numbers from 1, separated by commas."""
    weights: str = ""
    """Name of the column, or of the array in an .npz file, that holds weights; counts are divided
    by their sum."""
    plan: Annotated[Path | None, arg(metavar="PATH")] = None
    """Write the optimal EM plan to this .npz: a sparse (n, m) matrix for scipy.sparse.load_npz.
    The arrays rows_a and rows_b in it (numpy.load) are the rows of A and B that it is between."""
    overwrite: bool = False
    """Replace the file of the plan if there is one."""
    json: bool = False
    """Print one JSON object instead of a table; infinity is the string "inf"."""

    def run(self) -> None:
        """Compute and print; the plan is written before, and a failure to do so told after."""
        if self.max_points < 1:
            raise ValueError(f"--max-points {self.max_points}: at least one point is needed")
        if self.seed < 0:
            raise ValueError(f"--seed {self.seed}: expected 0 or more")
        if self.a == self.b == "-":
            raise ValueError("A and B cannot both be standard input: it can be read once")
        if self.plan is not None:
            writing.check(self.plan, suffixes=(".npz",), **self._place())
        # POT would load torch for its own use: seconds, for nothing
        os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")
        import numpy as np

        notes: list[str] = []
        # three streams: equal draws from two files would lose the same rows of both
        first, second, third = map(
            np.random.default_rng, np.random.SeedSequence(self.seed).spawn(3)
        )
        sources = self._sources(notes)
        a, b = (
            self._input(letter, loaded, rng, notes)
            for (letter, loaded), rng in zip(sources.items(), (first, second), strict=True)
        )
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

    def _place(self) -> dict[str, Any]:
        """How the plan is written."""
        from wganlab.data.files import files_of

        inputs = [path for source in (self.a, self.b) for path in files_of(source)]
        return {"option": "--plan", "overwrite": self.overwrite, "inputs": inputs}

    def _sources(self, notes: list[str]) -> dict[str, Any]:
        """What A and B hold; None for images, which are read when they are drawn."""
        from wganlab import data
        from wganlab.data.files import in_order

        options = {"columns": self.columns or None, "weights": self.weights or None}
        found: dict[str, Any] = {"A": None, "B": None}
        for letter, source in (("A", self.a), ("B", self.b)):
            if any(options.values()) or not data.is_image_source(source):
                found[letter] = data.load_points(source, **options)
        if None not in found.values():
            found["B"], more = in_order(found["A"], found["B"])
            notes += more
        return found

    def _input(
        self, letter: str, loaded: Any, rng: np.random.Generator, notes: list[str]
    ) -> report.Input:
        import numpy as np

        from wganlab import data, exact

        source = {"A": self.a, "B": self.b}[letter]
        if loaded is None:
            pictures = data.images(source)
            rows = self._drawn(letter, source, len(pictures), rng, notes)
            return report.Input(source, exact.Discrete(pictures.points(rows), name=source), rows)
        law = exact.Discrete(loaded.points, loaded.weights, name=source)
        notes += [note for note in loaded.notes if note not in notes]
        if law.dim == 1 or law.n <= self.max_points:
            return report.Input(source, law, np.arange(law.n))
        if loaded.weights is not None:
            raise ValueError(
                f"{source} has {law.n:,} weighted points: raise --max-points {self.max_points} "
                "to take them all"
            )
        rows = self._drawn(letter, source, law.n, rng, notes)
        return report.Input(source, exact.Discrete(law.points[rows]), rows)

    def _drawn(
        self, letter: str, source: str, n: int, rng: np.random.Generator, notes: list[str]
    ) -> NDArray[np.intp]:
        """Rows of the source: all, or --max-points of them."""
        import numpy as np

        if n <= self.max_points:
            return np.arange(n)
        notes.append(
            f"{letter} is {self.max_points:,} of the {n:,} points of {source}, drawn with "
            f"seed {self.seed}"
        )
        return np.sort(rng.choice(n, self.max_points, replace=False))

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
                    with writing.written(self.plan, **self._place()) as part:
                        report.save_plan(part, result.plan, a, b)
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
