"""Lesson 3: the self-checks see right from wrong."""

import numpy as np
import pytest

from wganlab import exact

RNG = np.random.default_rng(7)
REAL = np.array([1.0, 0.5]) + 0.25 * RNG.normal(size=(40, 2))
CAMPS = np.array([[-1.5, 0.5], [2.5, 2.5], [2.0, -1.5]])
FAKE = CAMPS[RNG.integers(3, size=40)] + 0.25 * RNG.normal(size=(40, 2))


@pytest.fixture
def check(course):
    from checks import kantorovich_rubinstein

    return kantorovich_rubinstein


def certificate(f, x, y, sign=-1, reduce=np.min, axis=0, mean=np.mean):
    table = exact.distances(x, y) + sign * f[:, None]
    return f.mean() + mean(reduce(table, axis=axis))


def cone(z):
    return -np.linalg.norm(z - [1.0, 0.5], axis=1)


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("critic_on_three_points", None, "Not answered yet"),
        ("critic_on_three_points", [0, -2, -3], "Right"),
        ("critic_on_three_points", [[0], [-2], [-3]], "give 3 numbers"),
        ("critic_on_three_points", [10, 8, 7], "Right"),
        ("critic_on_three_points", [0, 2, 3], "high on fake"),
        ("critic_on_three_points", [0, -4, -6], "between 0 and 3 it changes by 6"),
        ("critic_on_three_points", [0, 0, 0], "its gap is 0"),
        ("critic_on_three_points", [0, -1, -2], "1-Lipschitz, but its gap is 0.7"),
        ("critic_on_three_points", "tent", "not a list"),
        ("what_is_proven", None, "Not answered yet"),
        ("what_is_proven", 3, "Right"),
        ("what_is_proven", 12, "raw gap"),
        ("what_is_proven", 8, "no bound"),
        ("what_is_proven", 2.6, "and larger"),
        ("what_is_proven", 0.65, "no division"),
        ("what_is_proven", 1, "two of the four"),
        ("what_is_proven", "three", "is not a number"),
        ("certificate_function", lambda f, x, y: None, "Not answered yet"),
        ("certificate_function", certificate, "Right"),
        ("certificate_function", exact.certificate, "Right"),
        ("certificate_function", lambda *a: certificate(*a, mean=np.sum), "added the minima"),
        ("certificate_function", lambda *a: certificate(*a, reduce=np.max), "overpaid: use min"),
        ("certificate_function", lambda *a: certificate(*a, reduce=np.mean), "mean over i"),
        ("certificate_function", lambda *a: certificate(*a, axis=None), "whole table"),
        ("certificate_function", lambda *a: certificate(*a, axis=1), "wrong axis"),
        ("certificate_function", lambda *a: certificate(*a, sign=0), "where is - f(x_i)"),
        ("certificate_function", lambda *a: certificate(*a, sign=1), "f is subtracted"),
        ("certificate_function", lambda f, x, y: certificate(f, x, y) - f.mean(), "f at x is miss"),
        ("certificate_function", lambda *a: -certificate(*a), "the sign is wrong"),
        ("certificate_function", lambda f, x, y: f, "is one number"),
        ("certificate_function", lambda f, x, y: 0, "First, for each fake point"),
        ("certificate_function", lambda f, x, y: "0", "First, for each fake point"),
        ("certificate_function", lambda f, x, y: f @ y, "stops with ValueError"),
        ("certificate_function", lambda f, x, y: "nothing", "is not a number"),
        ("certificate_function", lambda *a: print(certificate(*a)), "returns nothing"),
        ("certificate_function", 3, "is not a function"),
        ("critic_by_hand", lambda z: None, "Not answered yet"),
        ("critic_by_hand", cone, "Right"),
        ("critic_by_hand", lambda z: cone(z)[:, None], "Right"),
        ("critic_by_hand", lambda z: exact.wasserstein(REAL, FAKE).critic(z), "Right"),
        ("critic_by_hand", lambda z: -cone(z), "Change the sign"),
        ("critic_by_hand", lambda z: 3 * cone(z), "its slope is at least 3"),
        ("critic_by_hand", lambda z: 0.5 * cone(z), "nowhere steep"),
        ("critic_by_hand", lambda z: z[:, 0], "let it bend"),
        ("critic_by_hand", lambda z: np.zeros(len(z)), "same mean on both"),
        ("critic_by_hand", lambda z: np.linalg.norm(z - 1), "one number"),
        ("critic_by_hand", lambda z: z, "numbers; this has shape"),
        ("critic_by_hand", lambda z: np.minimum(cone(z), -1.5), "Far from what point"),
        ("critic_by_hand", lambda z: "high", "one number"),
        ("critic_by_hand", lambda z: -np.linalg.norm(z - z.mean(0), axis=1), "real.mean(axis=0)"),
        ("critic_by_hand", lambda z: -np.linalg.norm(z - z[0], axis=1), "real.mean(axis=0)"),
        ("critic_by_hand", lambda z: -(cone(z) ** 2), "grows with the distance"),
        ("critic_by_hand", lambda z: 1.0 * (cone(z) > -1), "it jumps"),
        ("critic_by_hand", lambda z: 1.001 * cone(z), "at least 1.001"),
        ("critic_by_hand", lambda z: ["high"] * len(z), "... is not a list of 1080"),
        ("critic_by_hand", lambda z: z / 0 * np.nan, "numbers; this has shape"),
        ("critic_by_hand", lambda z: z[:, 0] * np.nan, "not finite"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    arguments = (REAL, FAKE) if name == "critic_by_hand" else ()
    getattr(check, name)(answer, *arguments)
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1
