"""Lesson 10: the self-checks see right from wrong."""

import numpy as np
import pytest

from wganlab import exact

CONTEXT = {
    "points_needed": {"dimension": 10, "points": 1000, "factor": 2},
    "rare": {"p": 0.2},
    "unbiased_energy": {},
    "blind_spot": {"em": 0.7},
    "batches_for": {"diameter": 2, "level": 0.025, "points": 1000, "radius": 0.05},
    "level_of_a_look": {"looks": 5, "confidence": 0.95},
}


@pytest.fixture
def check(course):
    from checks import when_estimates_fail

    return when_estimates_fail


def within(x):
    return exact.distances(x, x).sum() / (len(x) * (len(x) - 1))


def across(x, y):
    return exact.distances(x, y).mean()


def right(x, y):
    return 2 * across(x, y) - within(x) - within(y)


def biased(x, y):
    return 2 * across(x, y) - across(x, x) - across(y, y)


def squares(x, y):
    parts = [(exact.distances(u, v) ** 2).sum() for u, v in ((x, y), (x, x), (y, y))]
    n, m = len(x), len(y)
    return 2 * parts[0] / (n * m) - parts[1] / (n * (n - 1)) - parts[2] / (m * (m - 1))


def product(x, y):
    n, m = len(x), len(y)
    return 2 * across(x, y) * n * m / ((n - 1) * (m - 1)) - within(x) - within(y)


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("points_needed", None, "Not answered yet"),
        ("points_needed", 1_024_000, "Right"),
        ("points_needed", 1e6, "Right"),
        ("points_needed", 4000, "the rate of d = 1"),
        ("points_needed", 2000, "by the factor 2^(1/10) only"),
        ("points_needed", 1024, "times the 1,000"),
        ("points_needed", 10_000, "so it is no factor"),
        ("points_needed", 20_000, "so it is no factor"),
        ("points_needed", 1000 * 2**0.1, "turned round"),
        ("points_needed", 5, "solve for n"),
        ("points_needed", "many", "is not a number"),
        ("rare", None, "Not answered yet"),
        ("rare", 4, "Right"),
        ("rare", 4.0, "Right"),
        ("rare", 5, "the median that counts"),
        ("rare", 3, "probability 0.512"),
        ("rare", 1, "probability 0.800"),
        ("rare", 10, "a smaller batch does as well"),
        ("rare", 3.1, "a whole number"),
        ("rare", 0, "a whole number"),
        ("rare", np.inf, "is not finite"),
        ("unbiased_energy", lambda x, y: None, "Not answered yet"),
        ("unbiased_energy", right, "Right"),
        ("unbiased_energy", lambda x, y: np.array([right(x, y)]), "Right"),
        (
            "unbiased_energy",
            lambda x, y: exact.mmd_squared(x, y, kernel="energy", unbiased=True),
            "Right",
        ),
        ("unbiased_energy", biased, "at distance 0"),
        ("unbiased_energy", lambda x, y: right(x, y) / 2, "that is half of it"),
        ("unbiased_energy", product, "no point meets itself there"),
        (
            "unbiased_energy",
            lambda x, y: across(x, y) - within(x) - within(y),
            "counts twice",
        ),
        (
            "unbiased_energy",
            lambda x, y: 2 * across(x, y) - len(x) * within(x) - len(y) * within(y),
            "by n (n - 1)",
        ),
        ("unbiased_energy", lambda x, y: np.sqrt(right(x, y)), "it returns nan"),
        ("unbiased_energy", lambda x, y: max(right(x, y), 0) ** 0.5, "that is the root"),
        ("unbiased_energy", lambda x, y: max(right(x, y), 0), "may be negative"),
        ("unbiased_energy", lambda x, y: -right(x, y), "the sign"),
        ("unbiased_energy", squares, "not its square"),
        ("unbiased_energy", lambda x, y: 7.0, "not 7.0"),
        ("unbiased_energy", lambda x, y: x, "return one number"),
        ("unbiased_energy", lambda x, y: x - y, "it stops with ValueError"),
        ("unbiased_energy", lambda x, y: "far", "is not a number"),
        ("unbiased_energy", lambda x, y: right(x, y) if len(x) > 7 else None, "its `return`"),
        ("unbiased_energy", lambda x, y: print("x"), "returns nothing"),
        ("unbiased_energy", 2.0, "is not a function"),
        ("blind_spot", None, "Not answered yet"),
        ("blind_spot", [1 / 8, 0, 3 / 4, 0, 1 / 8], "Right"),
        ("blind_spot", (0.125, 0, 0.75, 0, 0.125), "Right"),
        ("blind_spot", [0, 0.5, 0, 0.5, 0], "the real law itself"),
        ("blind_spot", [0.5, 0, 0, 0, 0.5], "the mean of x^2 is 4.000"),
        ("blind_spot", [0, 0, 0, 1, 0], "the mean is 1.000"),
        ("blind_spot", [0, 0, 2 / 3, 1 / 3, 0], "the mean is 0.333"),
        ("blind_spot", [1 / 6, 0, 1 / 2, 1 / 3, 0], "the mean of x^3 is -1.000"),
        ("blind_spot", [1 / 16, 1 / 4, 3 / 8, 1 / 4, 1 / 16], "but EM is 0.500"),
        ("blind_spot", [1, 0, 6, 0, 1], "sum to 8"),
        ("blind_spot", [-0.1, 0.5, 0.2, 0.5, -0.1], "is no mass"),
        ("blind_spot", [0.5, 0.5], "give 5 numbers"),
        ("blind_spot", {0.125, 0.75}, "has no order"),
        ("blind_spot", "none", "is not a list"),
        ("batches_for", None, "Not answered yet"),
        ("batches_for", 6, "Right"),
        ("batches_for", 5.9, "the next whole number"),
        ("batches_for", 5, "the next whole number"),
        ("batches_for", 5903, "the number of all points"),
        ("batches_for", 3, "the diameter counts squared"),
        ("batches_for", 1, "and the diameter?"),
        ("batches_for", 100, "the radius is 0.012"),
        ("batches_for", 20, "the radius is 0.027"),
        ("level_of_a_look", None, "Not answered yet"),
        ("level_of_a_look", 0.005, "Right"),
        ("level_of_a_look", 0.01, "two sides"),
        ("level_of_a_look", 0.025, "Five looks"),
        ("level_of_a_look", 0.05, "each of the ten sides"),
        ("level_of_a_look", 1 - 0.95**0.1, "independent"),
        ("level_of_a_look", 0.995, "How often may it be wrong"),
        ("level_of_a_look", 0.5, "add up"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    getattr(check, name)(answer, **CONTEXT[name])
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1
