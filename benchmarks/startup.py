"""How soon the command line is at work: medians of interleaved runs, as ratios to loading torch.

python benchmarks/startup.py [RUNS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm


def main(runs: int) -> None:
    """Print the table as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        for name in ("a", "b"):
            np.savetxt(Path(folder) / f"{name}.csv", rng.normal(size=(200, 2)), delimiter=",")
            np.savetxt(Path(folder) / f"{name}1.csv", rng.normal(size=200))
        command = ["-m", "wganlab", "distance"]
        cases = {
            "load torch": ["-c", "import torch"],
            "load POT where torch is installed": ["-c", "import ot"],
            "`distance --help`": [*command, "--help"],
            "`distance`, 200 + 200 points on the line": [*command, "a1.csv", "b1.csv"],
            "`distance`, 200 + 200 points in the plane": [*command, "a.csv", "b.csv"],
            "`distance 'mnist10k[3]' 'mnist10k[8]'`": [*command, "mnist10k[3]", "mnist10k[8]"],
        }
        seconds: dict[str, list[float]] = {case: [] for case in cases}
        for number in tqdm(range(runs + 1), disable=None):
            for case, arguments in cases.items():
                start = time.perf_counter()
                subprocess.run(
                    [sys.executable, *arguments], cwd=folder, stdout=subprocess.DEVNULL, check=True
                )
                if number:  # the first round warms the disk cache
                    seconds[case].append(time.perf_counter() - start)
    reference = statistics.median(seconds["load torch"])
    print("| process, from start to end | median, s | ratio to loading torch |\n|---|---|---|")
    for case, measured in seconds.items():
        median = statistics.median(measured)
        print(f"| {case} | {median:.2f} | {median / reference:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
