"""The critic that wins a tournament, on laws whose EM is known.

    python benchmarks/tournament.py [--seeds 3] [--only REGEX] [--out benchmarks/tournament.json]
    python benchmarks/tournament.py --table

It is trained on the laws, with new points in every step, and judged on 2^14 new ones: by the gap
over EM (where an optimal coupling is known, over that of the same coupled points, so that no
1-Lipschitz critic is above 1), and by the cosine of its gradient with the true one at points of P.
On the digits it is trained and judged on two clouds. Results are kept after each critic, with CPU
seconds of one thread, and what is there already is not done again.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import time
from pathlib import Path

import numpy as np
import torch

from wganlab import data, exact, learned

JUDGED = 2**14
OUT = Path(__file__).with_name("tournament.json")
known = exact.known


class Swapped:
    """A known pair whose laws change places."""

    def __init__(self, pair: known.Pair) -> None:
        self.pair, self.dim, self.emd = pair, pair.dim, pair.emd

    def sample(self, n: int, rng: np.random.Generator, *, paired: bool = False) -> tuple:
        """n points of each."""
        return self.pair.sample(n, rng, paired=paired)[::-1]


class Ring:
    """Eight Gaussians on a circle of radius 2 and N(0, I / 4), both with N(0, I / 4) beside them.

    EM of such products is that of the planar laws, here by the exact critic of 5,000 + 5,000 points
    (from below, on 400,000 new ones: 1.3946) and the mean EM of 6 samples of 4,000 (from above:
    1.3960 with a standard error of .0017).
    """

    emd = 1.395

    def __init__(self, dimension: int) -> None:
        self.dim = dimension

    def sample(self, n: int, rng: np.random.Generator, *, paired: bool = False) -> tuple:
        """n points of each; no coupling of them is known."""
        if paired:
            raise ValueError("no optimal coupling is known")
        x = 0.5 * rng.normal(size=(n, self.dim))
        angle = np.pi / 4 * rng.integers(8, size=n)
        x[:, :2] = 0.04 * rng.normal(size=(n, 2))
        x[:, :2] += 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return x, 0.5 * rng.normal(size=(n, self.dim))


def shift(dimension: int) -> known.Pair:
    """A normal law, moved by 1."""
    return known.Translation(shift=(1.0, *[0.0] * (dimension - 1)))


LAWS = {f"funnels, D = {d}": known.Funnels(d) for d in (2, 4, 8, 16, 32, 64, 128)}
for _d in (16, 64):
    LAWS |= {
        f"balls, D = {_d}": known.Balls(dimension=_d),
        f"balls swapped, D = {_d}": Swapped(known.Balls(dimension=_d)),
        f"shift, D = {_d}": shift(_d),
        f"ring, D = {_d}": Ring(_d),
    }
DIGITS = "digits 3 and 8, 784 pixels"


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Up to a thousand images of each, as points."""
    sets = (data.images("mnist10k[3]"), data.images("mnist10k[8]"))
    return tuple(np.asarray(s.points(np.arange(len(s)))[:1000]).reshape(-1, 784) for s in sets)


def judged(fitted: learned.FittedCritic, pair: object) -> tuple[float, float | None]:
    """Gap over EM, and the cosine at P where the true critic is known."""
    rng = np.random.default_rng((1, 2**32 - 1))
    coupled = isinstance(pair, known.Pair | Swapped)
    x, y = pair.sample(JUDGED, rng, paired=True) if coupled else pair.sample(20 * JUDGED, rng)
    emd = float(np.linalg.norm(x - y, axis=1).mean()) if coupled else pair.emd
    ratio = float(fitted(x).mean() - fitted(y).mean()) / emd
    if not isinstance(pair, known.Funnels):
        return ratio, None
    found, true = fitted.gradient(x), pair.critic_gradient(x)
    lengths = np.linalg.norm(found, axis=1)
    return ratio, float((np.sum(found * true, axis=1) / np.where(lengths > 0, lengths, 1)).mean())


def run(name: str, seed: int) -> dict[str, object]:
    """One tournament."""
    began = time.process_time()
    pair = LAWS.get(name)
    laws = digits() if pair is None else (pair,)
    fitted = learned.fit_critic(*laws, constraint="best", seed=seed, records=1, progress=False)
    seconds = time.process_time() - began
    if pair is None:
        ratio = float(fitted(laws[0]).mean() - fitted(laws[1]).mean()) / exact.emd(*laws)
        told: tuple[float, float | None] = (ratio, None)
    else:
        told = judged(fitted, pair)
    return {
        "ratio": told[0],
        "cosine": told[1],
        "seconds": seconds,
        "winner": fitted.winner,
        "lipschitz": fitted.lipschitz,
    }


def table(rows: dict[str, dict]) -> str:
    """A row a pair of laws."""
    lines = [
        "| laws | gap / EM of each seed | cosine at P | CPU s | won by |",
        "|---|---|---|---|---|",
    ]
    for name in [*LAWS, DIGITS]:
        mine = [row for key, row in rows.items() if key.startswith(name + "|")]
        if not mine:
            continue
        ratios = ", ".join(f"{row['ratio']:.3f}" for row in mine)
        cosines = ", ".join(f"{row['cosine']:.3f}" for row in mine if row["cosine"] is not None)
        winners = ", ".join(dict.fromkeys(row["winner"] for row in mine))
        seconds = max(row["seconds"] for row in mine)
        lines.append(f"| {name} | {ratios} | {cosines or '-'} | {seconds:.0f} | {winners} |")
    return "\n".join(lines)


def main() -> None:
    """Do what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="laws whose names this expression finds")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--table", action="store_true", help="print what is kept, train nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(options.out.read_text()) if options.out.exists() else {"rows": {}}
    kept |= {"torch": torch.__version__, "python": platform.python_version()}
    for seed in range(options.seeds):
        for name in [*LAWS, DIGITS]:
            key = f"{name}|{seed}"
            if options.table or key in kept["rows"] or not re.search(options.only, name):
                continue
            kept["rows"][key] = run(name, seed)
            print(key, kept["rows"][key], flush=True)
            options.out.write_text(json.dumps(kept, indent=1) + "\n")
    print(table(kept["rows"]))


if __name__ == "__main__":
    main()
