"""Draws of a GPU as plain operations: known answers of the generator, and what is dealt out of it.

That they are torch's own can only be seen on a GPU: `benchmarks/gpu.py` looks there, and a run does
before it draws so.
"""

import math

import pytest
import torch

from wganlab.learned.fast import philox
from wganlab.learned.fast.replay import Recording

# of the authors' library, Random123: counter, key, and what comes out of Philox-4x32-10
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def signed(low, high):
    """64 bits as an int64."""
    value = low | high << 32
    return torch.tensor(value - 2**64 if value >= 2**63 else value)


@pytest.mark.parametrize(("counter", "key", "known"), KNOWN)
def test_the_generator_gives_its_authors_numbers(counter, key, known):
    block, number = signed(*counter[:2]), signed(*counter[2:])
    if counter[1] >> 29:  # an offset of four times that has no room in 64 bits
        block = signed(counter[0], counter[1])
        words = blockwise(signed(*key), block, number)
    else:
        words = philox.philox(signed(*key), philox.STEP * block, number)
    assert [int(word) for word in words] == list(known)


def blockwise(seed, block, number):
    """The same, of a block and not of an offset."""

    class Offset:
        def __floordiv__(self, step):
            return block

    return philox.philox(seed, Offset(), number)


def test_whole_and_uniform_and_normal_numbers_are_spread_as_they_should():
    seeds, offset = torch.tensor([[3], [2**40]]), torch.tensor(8)
    n = 20_000
    whole = philox.whole(8, n, seeds, offset)
    assert torch.bincount(whole[0]).sub(n / 8).abs().max() < 5 * math.sqrt(n / 8)
    u = philox.uniform(n, seeds, offset)
    assert u.dtype == torch.float32
    assert 0 <= u.min() < 0.001
    assert 0.999 < u.max() < 1
    assert abs(u.mean() - 0.5) < 0.01
    z = philox.normal(n, seeds, offset)
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 1) < 0.02
    assert torch.corrcoef(z)[0, 1].abs() < 0.03  # of two seeds
    assert not torch.equal(z, philox.normal(n, seeds, offset + 4))


def one_after_the_other(keys, order, first, second):
    """As Randperm.cu: a thread at the first of equal keys shuffles them from the last on."""
    order = list(order)
    start = 0
    while start < len(keys):
        size = 1
        while start + size < len(keys) and keys[start + size] == keys[start]:
            size += 1
        words = iter([first[start], second[start]])
        for i in range(size - 1, 0, -1):
            r = next(words) % (i + 1)
            order[start + i], order[start + r] = order[start + r], order[start + i]
        start += size
    return order


def test_equal_keys_are_shuffled_as_torch_does_it():
    rng = torch.Generator().manual_seed(0)
    n, rows = 300, 40
    sizes = torch.randint(1, 4, (rows, n), generator=rng)
    keys = torch.stack([torch.repeat_interleave(size)[:n] for size in sizes])
    order = torch.stack([torch.randperm(n, generator=rng) for _ in range(rows)])
    first, second = (torch.randint(2**32, (rows, n), generator=rng) for _ in range(2))
    ours = philox.shuffled(keys, order, first, second)
    given = (each.tolist() for each in (keys, order, first, second))
    theirs = [one_after_the_other(*row) for row in zip(*given, strict=True)]
    assert ours.tolist() == theirs
    assert not torch.equal(ours, order)


def test_permutations_are_ones_and_of_their_seed_alone():
    seeds = torch.arange(50)[:, None]
    orders = philox.permutation(64, seeds, torch.tensor(4))
    assert torch.equal(orders.sort(dim=1).values, torch.arange(64).expand(50, -1))
    assert len({tuple(order) for order in orders.tolist()}) == 50
    assert torch.equal(philox.permutation(64, seeds[7:8], torch.tensor(4))[0], orders[7])
    assert (orders.double().mean(0) - 31.5).abs().max() < 5 * 18.5 / math.sqrt(50)


def drawn(n, generator):
    return (
        torch.randint(5, (n,), generator=generator),
        torch.rand((n, 1), generator=generator),
        torch.randn((n, 3), generator=generator),
        torch.randperm(n, generator=generator),
    )


class Fixed:
    """A counter without a GPU."""

    def __init__(self, seeds):
        self.generators = seeds
        self.seeds = torch.tensor(seeds)[:, None]
        self.offset = torch.tensor(40)


def test_all_draws_of_all_runs_follow_one_another():
    with Recording() as seen:
        drawn(10, torch.Generator())
    known = [philox.made(draw) for draw in seen.draws]
    together = philox.Together(seen.draws, known, Fixed([1, 2]), lambda work, inputs: work)
    assert together.moved == 4 + 4 + 4 + (4 + 12)  # a permutation takes room for n numbers more
    counter = Fixed([1, 2])
    ours = together(counter)
    assert [tuple(one.shape) for one in ours] == [(2, 10), (2, 10, 1), (2, 10, 3), (2, 10)]
    assert counter.offset == 40 + together.moved
    normal = philox.normal(30, counter.seeds, torch.tensor(48)).view(2, 10, 3)
    assert torch.equal(ours[2], normal)
    alone = philox.Together(seen.draws, known, Fixed([2]), lambda work, inputs: work)
    for one, both in zip(alone(Fixed([2])), ours, strict=True):
        assert torch.equal(one, both[1])


@pytest.mark.parametrize(
    "draw",
    [
        lambda g: torch.rand(4, generator=g, dtype=torch.float64),
        lambda g: torch.randint(2, 5, (4,), generator=g),
        lambda g: torch.randn((30_000,), generator=g),
        lambda g: torch.multinomial(torch.ones(3), 2, generator=g),
        lambda g: torch.rand(3, 4, generator=g),
    ],
)
def test_other_draws_are_left_to_torch(draw):
    with Recording() as seen:
        draw(torch.Generator())
    assert philox.made(seen.draws[0]) is None
