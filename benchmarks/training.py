"""Training: beside the loop that tutorials write, what observing costs, where runs end, memory.

python benchmarks/training.py [--quick]

Both train the same networks by the same recipe on 8 Gaussians; blocks of iterations are interleaved
in one process of one thread, and a row is the median of their CPU times. Compiled with several
seeds, the time is that of one model. The compiler's seconds are of the CPU, with an empty cache;
they are paid back after so many iterations in place of eager ones, of all seeds together.
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
from functools import partial

import numpy as np
import textbook
import torch
from scipy.stats import spearmanr
from tqdm import tqdm

from wganlab import compare, data, learned
from wganlab.learned.fast.engine import Engine
from wganlab.learned.runs.loop import advance
from wganlab.learned.runs.state import RunState

SEEDS = 8  # side by side in the engine
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
    training = RunState(chosen, torch.device("cpu"))

    def block() -> None:
        for _ in range(BLOCK):
            advance(training)
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


def compiled(chosen: learned.TrainConfig, seeds: int) -> tuple[Callable[[], None], float]:
    """A block of the engine with that many seeds, and the CPU seconds of its compiler."""
    # never observed in here: iterations before an observation are eager
    unseen = replace(chosen, every=10**9, iterations=10**9)
    runs = [RunState(replace(unseen, seed=seed), torch.device("cpu")) for seed in range(seeds)]
    began = spent()
    engine = Engine(runs)
    seconds = spent() - began
    engine.iterate()

    def block() -> None:
        for _ in range(BLOCK):
            engine.iterate()
        for run in runs:
            run.losses.clear()

    return block, seconds


def spent() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def raced(loops: dict[str, Callable[[], None]], blocks: int) -> dict[str, float]:
    """Median CPU milliseconds of an iteration of each, interleaved."""
    times: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(blocks + 1):
        for name, loop in loops.items():
            began = time.process_time()
            loop()
            if number:  # the first block warms up
                times[name].append(time.process_time() - began)
    return {name: 1000 * statistics.median(each) / BLOCK for name, each in times.items()}


def speed(sizes: dict[str, int]) -> None:
    """A row for each preset, size and loop: an iteration of one model, and what compiling costs."""
    print(
        "preset           width batch  loop          ms  times as fast  compile s  paid back after"
    )
    for name in ("wgan-gp", "wgan", "wgan-sn", "wgan-orthonormal"):
        for width, batch in ((64, 64), (128, 256), (512, 256)):
            chosen, loops, costs = config(name, width, batch), {}, {}
            for seeds in (1, SEEDS) if width < 512 else (1,):
                loops[str(seeds)], costs[str(seeds)] = compiled(chosen, seeds)
            loops |= {"eager": ours(chosen), "textbook": tutorial(chosen)}
            times = raced(loops, max(2, sizes["blocks"] * 64 // width))
            for loop in ("textbook", "eager", *costs):
                models = int(loop) if loop in costs else 1
                each = times[loop] / models
                called = f"compiled x {loop}" if loop in costs else loop
                print(f"{name:16} {width:5} {batch:5}  {called:12}", end="")
                print(f" {each:7.2f} {times['textbook'] / each:13.2f}", end="")
                if loop in costs:
                    after = 1000 * costs[loop] / (models * (times["eager"] - each))
                    told = f"{after:,.0f} iterations" if after > 0 else "never"
                    print(f" {costs[loop]:10.0f}  {told:>15}", end="")
                print()


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
    """How much a long run grows after its first tenth, by hand and compiled."""
    tenth = sizes["iterations"] // 10
    for name in ("by hand", "compiled"):
        training = RunState(config("wgan-gp", 64, 64), torch.device("cpu"))
        iterate = partial(advance, training) if name == "by hand" else Engine([training]).iterate
        for number in tqdm(range(sizes["iterations"]), disable=None, leave=False):
            iterate()
            if number % 100 == 0:
                training.refuse_infinite()
            if number == tenth:
                before = peak()
        grown = peak() - before
        print(
            f"{name}: memory grew by {grown:.1f} MB over {sizes['iterations'] - tenth:,} iterations"
        )


def peak() -> float:
    """Largest resident size so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """All of it."""
    torch.set_num_threads(1)
    os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
    sizes = QUICK if "--quick" in sys.argv else SIZES
    speed(sizes)
    observing(sizes)
    outcomes(sizes)
    memory(sizes)


if __name__ == "__main__":
    main()
