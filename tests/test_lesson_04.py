"""Lesson 4: the self-checks see right from wrong."""

import numpy as np
import pytest

from wganlab import exact


@pytest.fixture
def check(course):
    from checks import convergence

    return convergence


def slope(theta, z, data, side=1):
    return exact.wasserstein(data, z + theta).gradients()[side].sum(axis=0)


B = ["KL(P,Q)", "JS", "TV"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("a", None, "Not answered yet"),
        ("a", ["EM"], "Right"),
        ("a", "em", "Right"),
        ("a", [], "one is missing. How much mass travels"),
        ("a", ["JS", "TV", "EM"], "JS does not go to 0. How much of the mass"),
        ("a", ["KL(Q, P)", "EM"], "Does Q_n have mass where P has none"),
        ("a", ["KL(P,Q)", "EM"], "Does P have mass where Q_n has none"),
        ("a", ["KL"], "there are two"),
        ("a", ["MMD"], "'MMD' is none of"),
        ("a", 3, "is no list of names"),
        ("b", None, "Not answered yet"),
        ("b", B, "Right"),
        ("b", {"kl(p, q)", "js", "tv"}, "Right"),
        ("b", [*B, "EM"], "how far? Multiply"),
        ("b", ["JS", "TV"], "Write down both KLs"),
        ("b", ["KL(P,Q)", "TV"], "do the two laws not share"),
        ("generator_step", lambda t, z, x, r: None, "Not answered yet"),
        ("generator_step", lambda t, z, x, r: t - r * slope(t, z, x), "Right"),
        ("generator_step", lambda t, z, x, r: t + r * slope(t, z, x, side=0), "Right"),
        ("generator_step", lambda t, z, x, r: t + r * slope(t, z, x), "goes uphill"),
        ("generator_step", lambda t, z, x, r: t - r * slope(t, z, x, side=0), "goes uphill"),
        ("generator_step", lambda t, z, x, r: slope(t, z, x), "that is the gradient"),
        ("generator_step", lambda t, z, x, r: -r * slope(t, z, x), "that is the step"),
        ("generator_step", lambda t, z, x, r: r * slope(t, z, x), "that is the step"),
        ("generator_step", lambda t, z, x, r: t - slope(t, z, x), "where is the rate"),
        ("generator_step", lambda t, z, x, r: t - r * slope(t, z, x) / 30, "30 times too short"),
        ("generator_step", lambda t, z, x, r: t, "does not move"),
        ("generator_step", lambda t, z, x, r: t - 1.02 * r * slope(t, z, x), "nearly"),
        ("generator_step", lambda t, z, x, r: t - r * slope(0 * t, z, x), "are z + theta."),
        ("generator_step", lambda t, z, x, r: t + 7, "sum of their gradients"),
        ("generator_step", lambda t, z, x, r: z + t, "give 2 numbers"),
        ("generator_step", lambda t, z, x, r: t[3], "stops with IndexError"),
        ("generator_step", lambda t, z, x, r: "left", "is not a list"),
        ("best_noise", None, "Not answered yet"),
        ("best_noise", 0.83, "Right"),
        ("best_noise", 1.25, "here theta is fixed"),
        ("best_noise", 3.2, "too much noise"),
        ("best_noise", 1.0, "too much noise"),
        ("best_noise", 0.5, "too little noise"),
        ("best_noise", 0, "a width is positive"),
        ("best_noise", "0.8 or so", "is not a number"),
        ("rates", lambda k: None, "Not answered yet"),
        ("rates", lambda k: 0.3 / (k + 1), "Right"),
        ("rates", lambda k: 0.05 * 0.97**k, "Right"),
        ("rates", lambda k: 0.009, "Right"),
        ("rates", lambda k: 0.05, "Let the steps shrink"),
        ("rates", lambda k: 0.004, "does not arrive"),
        ("rates", lambda k: 1 / (k + 1) ** 0.5, "steps shrink faster"),
        ("rates", lambda k: 0.4**k, "must always be long enough"),
        ("rates", lambda k: -0.1, "goes uphill"),
        ("rates", lambda k: [0.1, 0.2], "is not a number"),
        ("rates", lambda k: 1 / k, "stops with ZeroDivisionError"),
        ("rates", lambda k: np.nan, "not finite"),
        ("rates", 0.1, "is not a function"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    if name in ("a", "b"):
        check.which_go_to_zero(answer, name)
    else:
        getattr(check, name)(answer)
    out = capsys.readouterr().out
    assert reply.lower() in out.lower()
    assert out.count("\n") == 1
