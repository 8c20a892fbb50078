"""The exact wing against what one would write without it: times, ratios, peak memory.

python benchmarks/exact.py [--quick]

Every method of a case computes the same number on the same data, which is checked. Times are
medians of interleaved runs in one process; peak memory is what a fresh process needs beyond its
imports and data. Ours includes validation, plan and gap, but for the row that says value alone.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import ot
from scipy import ndimage, stats
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from tqdm import tqdm

from wganlab import exact

PIVOTS = 2_000_000_000
SECONDS_A_METHOD = 6.0
Method = Callable[[], float]


def plane(n: int, d: int) -> dict[str, Method]:
    """n against n normal points in R^d, half a unit apart."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d)) + 0.5 / np.sqrt(d)
    methods: dict[str, Method] = {
        "wganlab": lambda: touched(exact.wasserstein(x, y)),
        "POT dist + emd2": lambda: ot.emd2([], [], ot.dist(x, y, "euclidean"), numItermax=PIVOTS),
    }
    if n <= 2000:
        methods["SciPy assignment"] = lambda: assignment(cdist(x, y))
    if n <= 100:
        methods["SciPy nd"] = lambda: stats.wasserstein_distance_nd(x, y)
    if n <= 500:
        a = np.full(n, 1 / n)
        methods["HiGHS linprog"] = lambda: exact.primal(cdist(x, y), a, a).solve().value
    return methods


def touched(result: exact.Transport) -> float:
    """The value, after plan and gap have been made as well."""
    assert result.plan.nnz
    assert abs(result.gap) <= 1e-9
    return result.value


def assignment(cost: np.ndarray) -> float:
    """Mean cost of the best one-to-one matching."""
    return float(cost[linear_sum_assignment(cost)].mean())


def line(n: int) -> dict[str, Method]:
    """n against n points on the line."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=n), rng.normal(size=n) + 0.5
    return {
        "wganlab, value alone": lambda: exact.emd(x, y),
        "wganlab, plan and gap too": lambda: touched(exact.wasserstein(x, y)),
        "SciPy": lambda: stats.wasserstein_distance(x, y),
        "POT wasserstein_1d": lambda: ot.wasserstein_1d(x, y),
        "POT emd2_1d": lambda: ot.emd2_1d(x, y, metric="euclidean"),
    }


def histograms(side: int, metric: str) -> dict[str, Method]:
    """Two overlapping histograms on a grid: smooth bumps, mass at every pixel."""
    rng = np.random.default_rng(0)
    p, q = (ndimage.gaussian_filter(rng.uniform(size=(side, side)) ** 8, 2) for _ in range(2))
    p, q = p / p.sum(), q / q.sum()
    pixels = np.stack(np.meshgrid(*[np.arange(float(side))] * 2, indexing="ij"), -1).reshape(-1, 2)
    a, b = p.ravel(), q.ravel()
    name = {"euclidean": "euclidean", "l1": "cityblock"}[metric]
    methods: dict[str, Method] = {
        "wganlab": lambda: touched(exact.wasserstein(pixels, pixels, a, b, metric=metric)),
        "POT dist + emd2": lambda: ot.emd2(a, b, ot.dist(pixels, pixels, name), numItermax=PIVOTS),
    }
    if metric == "l1":
        methods["wganlab emd_grid"] = lambda: exact.emd_grid(p, q)
    return methods


def lazy(n: int) -> dict[str, Method]:
    """Where the matrix of costs would not fit."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + 0.5
    return {"wganlab (lazy)": lambda: touched(exact.wasserstein(x, y))}


CASES: dict[str, Callable[[], dict[str, Method]]] = {
    **{f"plane, n = {n:,}": lambda n=n: plane(n, 2) for n in (100, 500, 1000, 2000, 5000, 10000)},
    **{f"R^{d}, n = {n:,}": lambda n=n, d=d: plane(n, d) for d in (16, 784) for n in (1000, 2000)},
    **{f"line, n = 1e{k}": lambda k=k: line(10**k) for k in (3, 5, 6, 7)},
    **{
        f"{side} x {side} histograms, {metric}": lambda side=side, metric=metric: histograms(
            side, metric
        )
        for metric in ("euclidean", "l1")
        for side in (28, 64)
    },
    "plane, n = 20,000": lambda: lazy(20000),
}
QUICK = ("plane, n = 100", "plane, n = 500", "line, n = 1e5", "28 x 28 histograms, l1")


def measure(methods: dict[str, Method]) -> dict[str, float]:
    """Median seconds of each method, in turn, as many runs as fit into the time."""
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    values = {}
    for number in range(25):
        for name, method in methods.items():
            if number > 1 and sum(seconds[name]) > SECONDS_A_METHOD:
                continue
            start = time.perf_counter()
            values[name] = method()
            seconds[name].append(time.perf_counter() - start)
    reference = next(iter(values.values()))
    for name, value in values.items():
        assert abs(value - reference) <= 1e-7 * reference, (name, value, reference)
    # the first run warms caches, unless it is the only one that there was time for
    return {name: statistics.median(runs[1:] or runs) for name, runs in seconds.items()}


def peak(case: str, method: str) -> float:
    """Megabytes that one call needs, beyond imports and data, in a fresh process."""
    command = [sys.executable, __file__, "--memory", case, method]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def memory(case: str, method: str) -> None:
    """What `peak` runs: Linux only, where a process may reset its own peak."""
    exact.emd([[0.0, 0.0]], [[1.0, 0.0]])  # what is imported on first use
    call = CASES[case]()[method]
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    call()
    print((status("VmHWM") - before) / 1024)


def status(name: str) -> float:
    """A line of /proc/self/status, in kilobytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1])


def table(cases: list[str]) -> Iterator[str]:
    """Rows of Markdown, as they come."""
    yield "| case | method | median, s | times ours | peak, MB |"
    yield "|---|---|---|---|---|"
    for case in tqdm(cases, disable=None):
        measured = measure(CASES[case]())
        ours = next(iter(measured.values()))
        for name, seconds in measured.items():
            megabytes = peak(case, name)
            yield f"| {case} | {name} | {seconds:.4g} | {seconds / ours:.2f} | {megabytes:.0f} |"


def main(arguments: list[Any]) -> None:
    """Print the table, or what a child process was asked for."""
    if arguments[:1] == ["--memory"]:
        memory(*arguments[1:])
        return
    for row in table(list(QUICK if "--quick" in arguments else CASES)):
        print(row, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
