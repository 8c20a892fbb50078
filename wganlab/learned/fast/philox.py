"""What torch draws on GPUs, written as plain operations: for the generators of many runs at once.

There a generator is a seed and an offset, and number i that it draws is a function of seed, offset
and i: ten rounds of multiplications (Philox). Torch draws for one generator at a time, in one to
five kernels a draw, which for 64 runs side by side took two thirds of a step. Written down, the
compiler makes a kernel of all draws of all runs.

Whole and uniform numbers are torch's bits, normal ones its numbers up to rounding. That rests on
how torch's kernels deal numbers out, so it is tried before it is used (`Together.is_torchs`).

References
----------
Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011: Philox-4x32-10. Torch's
DistributionTemplates.h and Randperm.cu say which number goes where.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Generator, Tensor

from wganlab.learned.fast.replay import Draw

MASK = 0xFFFFFFFF
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
STEP = 4  # by which a draw moves the offset on
SMALL = 20_000  # numbers of a draw, up to which each has a thread of its own on any GPU
TRIES = 32  # in one of 17 permutations two keys are equal
CLOSE = 1e-5

Words: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]
Made: TypeAlias = Callable[[Tensor, Tensor], Tensor]  # of seeds (S, 1) and an offset


def philox(seed: Tensor, offset: Tensor, number: Tensor) -> Words:
    """Four words of 32 bits, as int64, for each number; offsets are multiples of 4."""
    block = offset // STEP
    c0, c1 = block & MASK, (block >> 32) & MASK
    c2, c3 = number & MASK, (number >> 32) & MASK
    k0, k1 = seed & MASK, (seed >> 32) & MASK
    for _ in range(ROUNDS):
        p, q = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]  # 64 bits, of which the sign is one
        c0, c1, c2, c3 = high(q) ^ c1 ^ k0, q & MASK, high(p) ^ c3 ^ k1, p & MASK
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return c0, c1, c2, c3


def high(product: Tensor) -> Tensor:
    """The upper word."""
    return (product >> 32) & MASK


def numbers(seed: Tensor, n: int) -> Tensor:
    """0, ..., n - 1, as the kernels count threads: shape (1, n)."""
    return torch.arange(n, device=seed.device)[None]


def whole(most: int, n: int, seed: Tensor, offset: Tensor) -> Tensor:
    """As torch.randint(most, (n,)): (S, n)."""
    return philox(seed, offset, numbers(seed, n))[0] % most


def uniform(n: int, seed: Tensor, offset: Tensor) -> Tensor:
    """As torch.rand(n)."""
    u = philox(seed, offset, numbers(seed, n))[0].float() * 2**-32 + 2**-33
    return torch.where(u == 1, 0.0, u)


def normal(n: int, seed: Tensor, offset: Tensor) -> Tensor:
    """As torch.randn(n): by Box and Muller, the sine of each pair."""
    first, second, _, _ = philox(seed, offset, numbers(seed, n))
    u = first.float() * 2**-32 + 2**-33
    angle = second.float() * (2 * math.pi * 2**-32) + math.pi * 2**-32
    return (-2 * u.log()).sqrt() * angle.sin()


def permutation(n: int, seed: Tensor, offset: Tensor) -> Tensor:
    """As torch.randperm(n): in the order of random keys, equal ones shuffled."""
    place = numbers(seed, n)
    first, second, _, _ = philox(seed, offset, place)
    drawn = (first + second) % MASK  # of the 64 bits of both, for 2^32 is 1 mod 2^32 - 1
    ordered = (((drawn & (2 ** key_bits(n) - 1)) << 20) | place).sort(dim=1).values
    keys, order = ordered >> 20, ordered & (2**20 - 1)
    return shuffled(keys, order, *philox(seed, offset + STEP, place)[:2])


def key_bits(n: int) -> int:
    """Bits of the keys: so many that all differ in nine of ten permutations, or more."""
    return math.ceil(math.log2(n - (6 * n * n + 1) / (12 * math.log(0.9))))


def shuffled(keys: Tensor, order: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Two or three neighbors of equal keys shuffled, by the words at the first of them.

    Four are not thought of: that is one permutation in 10^9.
    """
    equal = torch.nn.functional.pad((keys[:, 1:] == keys[:, :-1]).long(), (0, 3)).bool()
    begins = equal[:, :-2] & ~torch.nn.functional.pad(equal[:, :-3].long(), (1, 0)).bool()
    three = begins & equal[:, 1:-1]
    a, b, c = (ahead(order, k) for k in range(3))
    r = torch.where(three, first % 3, 2)  # with which of three the last changes places
    b, c, a = torch.where(r == 1, c, b), pick(r, a, b, c), torch.where(r == 0, c, a)
    swap = torch.where(three, second, first) % 2 == 0
    a, b = torch.where(swap, b, a), torch.where(swap, a, b)
    result = torch.where(begins, a, order)
    result = torch.where(behind(begins, 1), behind(b, 1), result)
    return torch.where(behind(three, 2), behind(c, 2), result)


def pick(r: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """a, b or c where r is 0, 1 or 2."""
    return torch.where(r == 0, a, torch.where(r == 1, b, c))


def ahead(x: Tensor, k: int) -> Tensor:
    """x[:, i + k] at i, and whatever at the end."""
    return torch.nn.functional.pad(x, (0, k))[:, k:]


def behind(x: Tensor, k: int) -> Tensor:
    """x[:, i - k] at i, and 0 at the start."""
    moved = torch.nn.functional.pad(x.long(), (k, 0))[:, : x.shape[1]]
    return moved.bool() if x.dtype == torch.bool else moved


def made(draw: Draw) -> tuple[Made, int] | None:
    """What makes that draw, and by how much it moves the offset; None where that is not known."""
    n, like = draw.like.numel(), draw.like
    if not 0 < n <= SMALL:
        return None
    given = [value for value in draw.arguments if isinstance(value, int)]
    float32 = like.dtype == torch.float32
    if draw.function is torch.rand and float32 and not given:
        return partial(uniform, n), STEP
    if draw.function is torch.randn and float32 and not given:
        return partial(normal, n), STEP
    if draw.function is torch.randint and like.dtype == torch.int64 and len(given) == 1:
        return partial(whole, given[0], n), STEP
    if draw.function is torch.randperm and given == [n] and n > 1:
        return partial(permutation, n), STEP + STEP * math.ceil(n / STEP)
    return None


class Counter:
    """Seeds of the runs' generators, and the offset of all of them, where kernels find them."""

    def __init__(self, generators: Sequence[Generator]) -> None:
        self.generators = generators
        device = generators[0].device
        signed = [(g.initial_seed() + 2**63) % 2**64 - 2**63 for g in generators]
        self.seeds = torch.tensor(signed, device=device)[:, None]  # (S, 1)
        self.offset = torch.zeros((), dtype=torch.int64, device=device)

    def fetch(self) -> int:
        """Take the offset from the generators; returns it."""
        start, *others = {generator.get_offset() for generator in self.generators}
        assert not others, "runs of one configuration draw the same number of times"
        self.offset.fill_(start)
        return start

    def leave(self, offset: int) -> None:
        """Give it back to them."""
        for generator in self.generators:
            generator.set_offset(offset)


class Together:
    """All draws of a step, for the generators of all runs.

    Parameters
    ----------
    draws : sequence of Draw
        What one run draws.
    known : sequence of (callable, int)
        What `made` says of each.
    counter : Counter
        Of the runs.
    compiler : callable (function of tensors, inputs) -> callable
        What makes it quick.
    """

    def __init__(
        self,
        draws: Sequence[Draw],
        known: Sequence[tuple[Made, int]],
        counter: Counter,
        compiler: Callable[..., Any],
    ) -> None:
        self.draws, self.known = draws, known
        self.alone = len(counter.generators) == 1
        self.moved = sum(moved for _, moved in known)
        """By how much all of them move the offset."""
        self.run = compiler(self.all, [counter.seeds, counter.offset])
        self.counter = counter

    def all(self, seeds: Tensor, offset: Tensor) -> tuple[Tensor, ...]:
        """The draws, each of shape (S, ...)."""
        results, start = [], 0
        for draw, (make, moved) in zip(self.draws, self.known, strict=True):
            results.append(make(seeds, offset + start).view(-1, *draw.like.shape))
            start += moved
        return tuple(results)

    def __call__(self, counter: Counter) -> list[Tensor]:
        """The next draws, with a leading axis for several runs."""
        drawn = self.run(counter.seeds, counter.offset)
        counter.offset.add_(self.moved)
        return [one[0] if self.alone else one for one in drawn]

    def is_torchs(self, generator: Generator) -> bool:
        """Are these the draws of torch's generator, that of the first run?"""
        twin = Generator(generator.device).manual_seed(generator.initial_seed())
        for number in range(TRIES):
            start = 1000 * STEP * number
            twin.set_offset(start)
            drawn = self.run(self.counter.seeds, self.counter.offset.fill_(start))
            for draw, ours in zip(self.draws, drawn, strict=True):
                theirs = draw.function(*draw.arguments, **draw.options | {"generator": twin})
                if not torch.allclose(ours[0].double(), theirs.double(), atol=CLOSE, rtol=0):
                    return False
            if twin.get_offset() != start + self.moved:
                return False
        return True
