"""Lesson 0: the self-checks see right from wrong."""

import numpy as np
import pytest

from wganlab import exact


@pytest.fixture
def check(course):
    from checks import start_here

    return start_here


P, Q = [0.9, 0.1], [0.5, 0.5]


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("emd_of_points", None, "Not answered yet"),
        ("emd_of_points", exact.emd([5, 0, 2], [1, 9, 1]), "Right"),
        ("emd_of_points", 2, "Right"),
        ("emd_of_points", 6, "the sum of the three ways"),
        ("emd_of_points", 4.67, "in the order given. Is there a cheaper plan?"),
        ("emd_of_points", 14, "in the order given, and took the sum"),
        ("emd_of_points", 4 / 3, "the difference of the means"),
        ("emd_of_points", -2, "a cost is not negative"),
        ("emd_of_points", 100, "exact.emd with two lists"),
        ("emd_of_points", [1, 2], "is not a number"),
        ("emd_of_points", np.nan, "is not finite"),
        ("kl_of_coins", None, "Not answered yet"),
        ("kl_of_coins", exact.kl(P, Q), "Right"),
        ("kl_of_coins", 0.368, "Right"),
        ("kl_of_coins", 0.37, "Right"),
        ("kl_of_coins", 0.36, "close: give three digits"),
        ("kl_of_coins", exact.kl(Q, P), "that is KL(Q, P)"),
        ("kl_of_coins", exact.kl(P, Q) / np.log(2), "in bits"),
        ("kl_of_coins", exact.js(P, Q), "that is JS"),
        ("kl_of_coins", exact.tv(P, Q), "that is TV"),
        ("kl_of_coins", -exact.kl(P, Q), "never negative"),
        ("kl_of_coins", exact.kl([0.1, 0.9], P), "one coin is fair"),
        ("kl_of_coins", 7, "heads first, then tails"),
        ("kl_of_coins", "fair", "is not a number"),
        ("points_for_emd", None, "Not answered yet"),
        ("points_for_emd", [-4, 4], "Right"),
        ("points_for_emd", np.array([4.0, -4.0]), "Right"),
        ("points_for_emd", [2, 4], "their mean is 3, not 0"),
        ("points_for_emd", [-3, 3], "EM is 2"),
        ("points_for_emd", [-1, 1], "EM is 0"),
        ("points_for_emd", [4], "give 2 numbers"),
        ("points_for_emd", [-1e300, 1e300], "below a billion"),
        ("points_for_emd", {-4, 4}, "a set has no order"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    context = ([-1, 1], 3) if name == "points_for_emd" else ()
    getattr(check, name)(answer, *context)
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1
