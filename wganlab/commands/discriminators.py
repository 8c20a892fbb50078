"""`compare --objective`: what discriminators of GANs tell of divergences, beside the exact ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from wganlab.report import aligned, count, shown, spinner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.compare import Estimate
    from wganlab.exact.known import Pair


def run(asked: Any, pair: Pair | None) -> None:
    """Fit a discriminator of each objective with each seed, and print what they tell.

    `asked` is the `Compare` of the command line.
    """
    for name in ("points", "critic", "constraint", "weight", "c", "out"):
        if getattr(asked, name):
            raise ValueError(f"--{name} does not go with --objective, which needs a --pair")
    assert pair is not None
    with spinner("loading torch"):
        from wganlab import compare
        from wganlab.learned import OBJECTIVES, Optimizer
        from wganlab.learned.objectives.by_name import named

    wanted = [name.strip() for name in asked.objective.split(",")]
    if wanted == ["all"]:
        wanted = [name for name in OBJECTIVES if OBJECTIVES[name].has_critic]
    options: dict[str, Any] = {"steps": asked.steps, "batch": asked.batch}
    if asked.lr is not None:
        options["optimizer"] = Optimizer(lr=asked.lr)
    for name in wanted:  # what makes no sense is told before any is fitted
        named(name)
    told: list[list[Estimate]] = []
    with tqdm(total=len(wanted) * asked.seeds, unit="fit", disable=None, leave=False) as bar:
        for name in wanted:
            told.append([])
            for seed in range(asked.seeds):
                told[-1].append(compare.estimate_vs_exact(name, pair, seed=seed, **options))
                bar.update()
    print(f"{pair!r}: new points in every step, {count(asked.seeds, 'seed')}\n")
    print(estimates_table(told))


def estimates_table(told: Sequence[Sequence[Estimate]]) -> str:
    """A row an objective, of its estimates over seeds."""
    import statistics

    heads = "objective|distance|exact|estimate|estimate/exact|sampling error|lower bound|seconds"
    lines = [heads.split("|")]
    for group in told:
        first, values = group[0], [estimate.value for estimate in group]
        mean = statistics.fmean(values)
        spread = f" ± {shown(statistics.stdev(values))}" if len(group) > 1 else ""
        finite = first.exact is not None and 0 < first.exact < math.inf
        lines.append(
            [
                first.objective,
                first.estimates,
                shown(first.exact),
                shown(mean) + spread,
                shown(mean / first.exact) if finite and first.exact else "-",
                shown(statistics.fmean(estimate.error for estimate in group)),
                "yes" if first.bound else "of slope 1",
                f"{statistics.fmean(estimate.seconds for estimate in group):.1f}",
            ]
        )
    return aligned(lines, left=2)
