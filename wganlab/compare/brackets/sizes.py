"""How many points a bracket takes: as many as its time is enough for, and arrays have."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from wganlab.compare.brackets.evidence import Evidence
from wganlab.compare.brackets.results import BracketPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from wganlab.compare.brackets.provable import Provable
    from wganlab.compare.brackets.two_laws import Laws

FIRST = BracketPlan(blocks=16, block=1024, replicates=6, points=256)  # of the first look
BLOCKS = 32
ENOUGH = 30.0  # seconds, from which on the choice is made on as many points as ever
REPLICATES = (8, 64)
PILOT, GROWTH = 512, 2.6  # points of an exact distance that is timed; exponent of others' times
ON_A_LINE = 1.2  # the exponent there
LARGEST, ON_THE_LINE = 2**12, 2**16  # points of an exact distance, at most
SMALL = 256  # points of those that tell how much they vary
OF_ARRAYS = 5  # exact distances
SMALLEST_BLOCK, LARGEST_BLOCK = 2**6, 2**17
FEW, SOME = 4, 12  # dimensions: up to which much, and some, is to be had from above


def trained(dim: int) -> float:
    """Share of the time that critics are trained for, in that many dimensions."""
    return 0.4 if dim <= FEW else 0.6 if dim <= SOME else 0.75


def solved(dim: int) -> float:
    """Share of the time for exact distances."""
    return 0.45 if dim <= FEW else 0.25 if dim <= SOME else 0.1


def at_first(seconds: float) -> BracketPlan:
    """What is chosen by, where there is so much time."""
    share = min(1.0, seconds / ENOUGH)
    whole = BracketPlan()
    return replace(
        whole,
        apexes=round(share * whole.apexes),
        selection=max(2**11, round(share * whole.selection)),
    )


def timed(
    plan: BracketPlan, laws: Laws, critic: Provable | None, left: float, seconds: float
) -> BracketPlan:
    """The plan with what `left` of those seconds are enough for.

    It is found out on points of the selection, none of which decides.
    """
    dim, available = math.prod(laws.shape), laws.left("selection")
    began = time.perf_counter()
    pilot = _pilot(laws, critic)
    points = int(min(PILOT, available))
    for_distances = min(solved(dim) * seconds, 0.8 * left)
    once = _seconds(lambda: pilot.transport(1, points, 1))
    growth = 2 ** (ON_A_LINE if dim == 1 else GROWTH)
    while 2 * points <= (ON_THE_LINE if dim == 1 else LARGEST) and (
        REPLICATES[0] * once * growth <= for_distances
    ):
        points, once = 2 * points, once * growth
    replicates = round(min(max(for_distances / once, REPLICATES[0]), REPLICATES[1]))
    if laws.left("upper") < math.inf:
        replicates = OF_ARRAYS  # of what is there, the fewer the larger
    block = int(min(4096, available))
    laws.again("selection")  # of an array, whose rows both sides of a pilot look at
    a_point = _seconds(lambda: pilot.certify(1, block, 1)) / block
    rest = left - (time.perf_counter() - began) - replicates * once
    size = max(rest, 0.02 * seconds) / (BLOCKS * a_point)
    block = 2 ** math.floor(math.log2(min(max(size, SMALLEST_BLOCK), LARGEST_BLOCK)))
    plan = replace(plan, blocks=BLOCKS, block=block, replicates=replicates, points=points)
    return replace(plan, corrected=_is_corrected(laws, critic, plan))


def _is_corrected(laws: Laws, critic: Provable | None, plan: BracketPlan) -> bool:
    """Is the upper side nearer with the critic as control variate, by a look at a few points?"""
    few = 6
    block, points = max(1, plan.block // few), min(plan.points, SMALL)
    pilot = _pilot(laws, critic)
    pilot.certify(few, block, few)
    laws.again("selection")
    pilot.transport(few, points, few)
    chosen = laws.left("selection")
    certified = min(laws.left("certification"), plan.blocks * plan.block)
    solved = min(laws.left("upper"), plan.replicates * plan.points)
    gap = pilot.gap.variance * min(chosen, few * block) / certified
    once = min(chosen, few * points) / solved
    return gap + pilot.excess.variance * once < pilot.distance.variance * once


def _pilot(laws: Laws, critic: Provable | None) -> Evidence:
    return Evidence(laws, critic, ("selection", "selection"))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return max(time.perf_counter() - began, 1e-6)


def within(plan: BracketPlan, laws: Laws) -> BracketPlan:
    """The plan with no more blocks and replicates than arrays have points."""
    blocks = int(min(plan.blocks, laws.left("certification")))
    return replace(plan, blocks=blocks, replicates=int(min(plan.replicates, laws.left("upper"))))
