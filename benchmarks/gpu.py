"""Everything that needs a GPU, by one command: is it right, how fast is it, what does it learn.

python benchmarks/gpu.py [--part correctness|speed|records] [--out FILE] [--minutes 4] [--quick]
python benchmarks/gpu.py --table FILE ...

On one data-center GPU all parts take under 9 minutes. Every check is kept as it ends, and one that
fails stops no other. With --quick sizes are tiny, and a CPU will do: that everything runs, not how
fast. Records go beside the results.
"""

from __future__ import annotations

import os

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # for torch's deterministic kernels
os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler tells when it starts

import argparse
import sys
import warnings
from contextlib import nullcontext
from pathlib import Path

import torch
from gpu_checks import correctness
from gpu_record import records
from gpu_report import Report, machine, table
from gpu_runs import recorded_only
from gpu_speed import speed

PARTS = ("correctness", "speed", "records")
SECONDS = {"correctness": 150.0, "speed": 130.0}


def options(given: list[str] | None = None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="by default all of them")
    parser.add_argument("--out", type=Path, help="a file for the results, as JSON")
    parser.add_argument("--table", type=Path, nargs="+", help="print these results, and no more")
    parser.add_argument("--only", default="", help="a regular expression: checks with such names")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=3.5, help="of training, for the records")
    parser.add_argument("--correctness-seconds", type=float, default=SECONDS["correctness"])
    parser.add_argument("--speed-seconds", type=float, default=SECONDS["speed"])
    parser.add_argument("--look", type=float, help="seconds between two looks at the clock")
    parser.add_argument("--quick", action="store_true", help="tiny sizes; on a CPU too")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """All parts that are asked for; the number of checks that failed."""
    asked = options(given)
    if asked.table:
        print(table(asked.table))
        return 0
    chosen = asked.device
    if chosen == "auto":
        chosen = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(chosen)
    if device.type != "cuda" and not asked.quick:
        print("there is no GPU here: give --quick, which a CPU will do")
        return 1
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="trained without the compiler")
    report = Report(asked.out, device, asked.only)
    print(", ".join(f"{name} {value}" for name, value in machine(device).items()), flush=True)
    print("| part | check | | found |\n|---|---|---|---|", flush=True)
    with recorded_only() if device.type == "cpu" else nullcontext():
        parts(report, device, asked)
    failed = report.failed()
    for found in failed:
        print(f"\nFAILED: {found['check']}", *found["trace"], sep="\n    ", flush=True)
    print(f"\n{len(report.results)} checks, {len(failed)} failed")
    return len(failed)


def parts(report: Report, device: torch.device, asked: argparse.Namespace) -> None:
    """Those that are asked for."""
    parts = asked.part or PARTS
    slack = 10 if asked.quick else 1  # it is not about time there
    if "correctness" in parts:
        report.part("correctness", asked.correctness_seconds * slack)
        correctness(report, device, asked.quick)
    if "speed" in parts:
        report.part("speed", asked.speed_seconds * slack)
        speed(report, device, asked.quick, asked.look)
    if "records" in parts:
        beside = asked.out.parent if asked.out else Path("records")
        records(report, device, asked.quick, asked.minutes, beside)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
