"""Brackets around the distance of laws: how wide they are after a minute, and how often right.

    python benchmarks/brackets.py minute   [--seconds 60] [--only REGEX] [--seed 0]
    python benchmarks/brackets.py coverage [--seeds 200] [--only REGEX]
    python benchmarks/brackets.py table

`minute` makes one bracket of each of some laws in so many CPU seconds of one thread, and keeps it.
`coverage` makes small ones, of laws whose distance is known in closed form, and counts how many
have it inside: with even seeds of scrambled nets of uniform numbers, with odd ones of independent
draws. What is there already is not done again. Results are in brackets.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import time
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from scipy import special, stats

from wganlab import compare, exact
from wganlab.compare import BracketPlan, OfUniforms

OUT = Path(__file__).with_name("brackets.json")
CONFIDENCE = 0.95
SMALL = BracketPlan(
    heats=0.005,
    apexes=200,
    selection=2**10,
    steps=0.01,
    blocks=16,
    block=512,
    replicates=6,
    points=128,
)
known = exact.known


def shift(dimension: int) -> known.Pair:
    """A normal law, moved by 1."""
    return known.Translation(shift=(1.0, *[0.0] * (dimension - 1)))


def swapped(pair: known.Pair) -> tuple[OfUniforms, OfUniforms]:
    """A known pair whose laws change places."""
    real, fake = sides(pair)
    return fake, real


def sides(pair: known.Pair) -> tuple[OfUniforms, OfUniforms]:
    """Both laws of a known pair, each by itself."""
    return (
        OfUniforms(lambda u: pair.of_uniforms(u, u[:1])[0], pair.dim),
        OfUniforms(lambda u: pair.of_uniforms(u[:1], u)[1], pair.dim),
    )


def ring() -> tuple[OfUniforms, OfUniforms]:
    """Eight Gaussians of deviation .04 on a circle of radius 2, and N(0, I / 4), in the plane."""

    def modes(u: np.ndarray) -> np.ndarray:
        angle = np.pi / 4 * np.floor(8 * u[:, 0])
        return 2 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.04 * special.ndtri(u[:, 1:])

    return OfUniforms(modes, 3), OfUniforms(lambda u: special.ndtri(u) / 2, 2)


def halves(dimension: int) -> tuple[OfUniforms, OfUniforms]:
    """Two balls far apart; one is moved by 1 sideways, the other by 1 the other way: EM is 1.

    An optimal critic falls along one way in one ball and along the other in the other, and rises
    by no more than 4 between them, which are 18 apart.
    """
    ball = known.Balls(dimension=dimension)

    def law(moved: float) -> OfUniforms:
        def points(u: np.ndarray) -> np.ndarray:
            side = np.where(u[:, 0] < 0.5, 1.0, -1.0)
            z = ball.of_uniforms(u[:, 1:], u[:1, 1:])[0]
            z[:, 0] += 10 * side
            z[:, 1] += moved * side
            return z

        return OfUniforms(points, dimension + 1)

    return law(0.0), law(1.0)


def drawn(laws: tuple[OfUniforms, OfUniforms]) -> tuple:
    """The same laws as samplers of independent points, of which nothing else is known."""

    def sampler(law: OfUniforms) -> object:
        return lambda n, rng: law(rng.uniform(2**-53, 1, size=(n, law.dimension)))

    return tuple(sampler(law) for law in laws)


MINUTE: dict[str, tuple[tuple, float | None]] = {"ring, D = 2": (ring(), None)}
for _d in (2, 16, 64):
    for _name, _pair in (
        ("shift", shift(_d)),
        ("balls", known.Balls(dimension=_d)),
        ("funnels", known.Funnels(_d)),
    ):
        MINUTE[f"{_name}, D = {_d}"] = (sides(_pair), _pair.emd)
        MINUTE[f"{_name} swapped, D = {_d}"] = (swapped(_pair), _pair.emd)
    MINUTE[f"halves, D = {_d}"] = (halves(_d), 1.0)
for _name in ("shift", "balls", "funnels", "ring"):
    _laws, _truth = MINUTE[f"{_name}, D = 2"]
    MINUTE[f"{_name} drawn, D = 2"] = (drawn(_laws), _truth)

COVERED = {
    "uniforms, D = 1": known.Uniforms(),
    "exponentials, D = 1": known.Exponentials(),
    "parallel lines, D = 2": known.ParallelLines(),
    "shift, D = 2": shift(2),
    "scaled Gaussians, D = 2": known.ScaledGaussians(),
    "balls, D = 4": known.Balls(dimension=4),
    "spheres, D = 8": known.Spheres(dimension=8),
    "shift, D = 16": shift(16),
}


def minute(name: str, seconds: float, seed: int) -> dict[str, object]:
    """One bracket, as wide as its time makes it."""
    laws, truth = MINUTE[name]
    began = time.process_time()
    with mock.patch("time.perf_counter", time.process_time):  # whatever else the machine does
        found = compare.bracket(
            *laws, seconds=seconds, confidence=CONFIDENCE, seed=seed, device="cpu", progress=False
        )
    return {
        "lower": found.lower,
        "upper": found.upper,
        "truth": truth,
        "cpu": time.process_time() - began,
        "critic": found.method,
        "plan": found.as_dict()["plan"],
    }


def covered(name: str, seed: int) -> tuple[float, float]:
    """A small bracket."""
    laws = sides(COVERED[name])
    found = compare.bracket(
        *(drawn(laws) if seed % 2 else laws),
        plan=SMALL, confidence=CONFIDENCE, seed=seed, device="cpu", progress=False,
    )  # fmt: skip
    return found.lower, found.upper


def minute_table(rows: dict[str, dict]) -> str:
    """A row for each of the laws."""
    lines = [
        "| laws | W1 | bracket | width / W1 | lower / W1 | CPU s |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        truth = row["truth"] or row["lower"]
        width = (row["upper"] - row["lower"]) / truth
        lines.append(
            f"| {name} | {'-' if row['truth'] is None else format(truth, '.5f')} | "
            f"[{row['lower']:.5f}, {row['upper']:.5f}] | {width:.5f} | "
            f"{row['lower'] / truth:.5f} | {row['cpu']:.0f} |"
        )
    return "\n".join(lines)


def coverage_table(rows: dict[str, dict[str, list[float]]]) -> str:
    """A row for each of the laws; p is that of a binomial test of too many misses."""
    lines = [
        "| laws | W1 | brackets | lower > W1: nets, draws | upper < W1: nets, draws | p | "
        "mean of nets | mean of draws |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, kept in rows.items():
        truth = COVERED[name].emd
        both = [np.array([kept[s] for s in kept if int(s) % 2 == odd]) for odd in (0, 1)]
        high = [int((rows[:, 0] > truth).sum()) for rows in both]
        low = [int((rows[:, 1] < truth).sum()) for rows in both]
        missed, n = sum(high + low), len(kept)
        p = stats.binomtest(missed, n, 1 - CONFIDENCE, alternative="greater").pvalue
        means = [f"[{rows[:, 0].mean():.4f}, {rows[:, 1].mean():.4f}]" for rows in both]
        lines.append(
            f"| {name} | {truth:.4f} | {n} | {high[0]}, {high[1]} | {low[0]}, {low[1]} | {p:.2g} | "
            f"{means[0]} | {means[1]} |"
        )
    return "\n".join(lines)


def as_text(told: object, depth: int = 2) -> str:
    """As JSON, a line for each of the laws."""
    if not depth or not isinstance(told, dict):
        return json.dumps(told)
    lines = (f"{json.dumps(name)}: {as_text(value, depth - 1)}" for name, value in told.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def main() -> None:
    """Do what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("minute", "coverage", "table"))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="laws whose names this expression finds")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(options.out.read_text()) if options.out.exists() else {}
    for part in ("minute", "coverage"):
        kept.setdefault(part, {})
    kept["environment"] = {
        "torch": torch.__version__, "python": platform.python_version(),
        "cores": os.cpu_count(), "threads": 1, "plan of coverage": vars(SMALL),
    }  # fmt: skip
    for name in MINUTE if options.part == "minute" else ():
        if name not in kept["minute"] and re.search(options.only, name):
            kept["minute"][name] = minute(name, options.seconds, options.seed)
            print(name, kept["minute"][name], flush=True)
            options.out.write_text(as_text(kept) + "\n")
    for seed in range(options.seeds if options.part == "coverage" else 0):
        for name in COVERED:
            row = kept["coverage"].setdefault(name, {})
            if str(seed) not in row and re.search(options.only, name):
                row[str(seed)] = covered(name, seed)
        options.out.write_text(as_text(kept) + "\n")
    print(minute_table(kept["minute"]), coverage_table(kept["coverage"]), sep="\n\n")


if __name__ == "__main__":
    main()
