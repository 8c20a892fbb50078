"""Training: beside the loop that tutorials write, what observing costs, where runs end, memory.

python benchmarks/training.py [--quick]

Both train the same networks by the same recipe on 8 Gaussians; blocks of iterations are interleaved
in one process of one thread, and a row is the median of their CPU times.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import textbook
import torch
from scipy.stats import spearmanr
from tqdm import tqdm

from wganlab import compare, data, learned
from wganlab.learned.training import Training

BLOCK = 10  # iterations between two looks at the clock
SIZES = {"blocks": 40, "iterations": 10_000, "observed": 500, "seeds": 5}
QUICK = {"blocks": 4, "iterations": 200, "observed": 100, "seeds": 1}


def config(name: str, width: int, batch: int) -> learned.TrainConfig:
    """A preset at that size, with rates that stay."""
    preset = learned.PRESETS[name]
    adam = replace(preset.critic_optimizer, schedule="constant")
    return replace(
        preset,
        critic=replace(preset.critic, width=width),
        generator=replace(preset.generator, width=width),
        critic_optimizer=adam,
        generator_optimizer=adam,
        batch=batch,
    )


def ours(chosen: learned.TrainConfig) -> Callable[[], None]:
    """A block of the package's loop."""
    training = Training(chosen, torch.device("cpu"))

    def block() -> None:
        for _ in range(BLOCK):
            training.iterate()
        training.losses.clear()

    return block


def tutorial(chosen: learned.TrainConfig) -> Callable[[], None]:
    """A block of the textbook's loop."""
    start = torch.Generator().manual_seed(0)
    critic = chosen.critic.build(2, start)
    generator = chosen.generator.build(chosen.latent, start, 2)
    method = learned.Method(chosen.built_constraint(), critic, chosen.critic_optimizer)
    textbook.prepare(critic, method.constraint)
    critic_optimizer, generator_optimizer = (
        textbook.build(method, network) for network in (critic, generator)
    )
    rng = np.random.default_rng(0)

    def fake() -> torch.Tensor:
        return generator(torch.randn(chosen.batch, chosen.latent))

    def block() -> None:
        for _ in range(BLOCK):
            for _ in range(chosen.n_critic):
                real = torch.tensor(ring(chosen.batch, rng), dtype=torch.float32)
                textbook.step(critic, method, critic_optimizer, real, fake().detach())
            generator_optimizer.zero_grad()
            loss = -critic(fake()).mean()
            loss.backward()
            generator_optimizer.step()
            loss.item()

    return block


def ring(n: int, rng: np.random.Generator) -> np.ndarray:
    """The 8 Gaussians in NumPy, as the ports of the paper's code draw them, without its loop."""
    angles = rng.integers(8, size=n) * np.pi / 4
    centers = 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    return (centers + 0.02 * rng.normal(size=(n, 2))) / 1.414


def raced(chosen: learned.TrainConfig, blocks: int) -> tuple[float, float]:
    """Median CPU milliseconds of an iteration, ours and the textbook's."""
    loops = ours(chosen), tutorial(chosen)
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(blocks + 1):
        for loop, seconds in zip(loops, times, strict=True):
            began = time.process_time()
            loop()
            if number:  # the first block warms up
                seconds.append(time.process_time() - began)
    first, second = (1000 * statistics.median(seconds) / BLOCK for seconds in times)
    return first, second


def speed(sizes: dict[str, int]) -> None:
    """A row for each preset and size."""
    print("preset            width  batch   ours ms  textbook ms  times as fast")
    for name in ("wgan-gp", "wgan", "wgan-sn", "wgan-orthonormal"):
        for width, batch in ((64, 64), (128, 256), (512, 256)):
            blocks = max(2, sizes["blocks"] * 64 // width)
            mine, theirs = raced(config(name, width, batch), blocks)
            print(f"{name:16} {width:6} {batch:6} {mine:9.2f} {theirs:12.2f} {theirs / mine:14.2f}")


def observing(sizes: dict[str, int]) -> None:
    """What the exact distances add to a run of the default preset."""
    chosen = replace(learned.PRESETS["wgan-gp"], iterations=sizes["observed"])
    spent = 0.0

    def timed(view: learned.View) -> dict[str, float]:
        nonlocal spent
        began = time.process_time()
        row = {k: v for observer in compare.observers() for k, v in observer(view).items()}
        spent += time.process_time() - began
        return row

    began = time.process_time()
    learned.train(chosen, observers=[timed], progress=False)
    share = spent / (time.process_time() - began)
    print(f"\nobserving every {chosen.every} iterations: {100 * share:.0f} % of the time of a run")


def outcomes(sizes: dict[str, int]) -> None:
    """Where `wgan-gp` ends: a row a seed."""
    print("\ndata         seed  exact EM   floor   modes  quality  rank correlation of gap and EM")
    for source, seeds in (("8gaussians", sizes["seeds"]), ("25gaussians", 1)):
        law = data.law(source)
        for seed in range(seeds):
            chosen = replace(learned.PRESETS["wgan-gp"], data=source, seed=seed)
            if sizes is QUICK:
                chosen = replace(chosen, iterations=100, every=50)
            rows = learned.train(chosen, observers=compare.observers(), progress=False).history
            gaps, truths = ([row[name] for row in rows] for name in ("estimate", "emd"))
            last, rank = rows[-1], spearmanr(gaps, truths).statistic
            floor = compare.sampling_floor(law, seed=seed)
            modes = f"{last['modes']} of {len(law.modes)}"
            print(f"{source:12} {seed:4} {truths[-1]:9.3f} {floor:7.3f} {modes:>7}", end="")
            print(f" {last['quality']:8.0%} {rank:8.2f}")


def memory(sizes: dict[str, int]) -> None:
    """How much a long run grows after its first tenth."""
    training = Training(config("wgan-gp", 64, 64), torch.device("cpu"))
    tenth = sizes["iterations"] // 10
    for number in tqdm(range(sizes["iterations"]), disable=None, leave=False):
        training.iterate()
        if number % 100 == 0:
            training.refuse_infinite()
        if number == tenth:
            before = peak()
    grown = peak() - before
    print(f"memory grew by {grown:.1f} MB over {sizes['iterations'] - tenth:,} iterations")


def peak() -> float:
    """Largest resident size so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """All of it."""
    torch.set_num_threads(1)
    sizes = QUICK if "--quick" in sys.argv else SIZES
    speed(sizes)
    observing(sizes)
    outcomes(sizes)
    memory(sizes)


if __name__ == "__main__":
    main()
