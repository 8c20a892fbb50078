"""Lesson 7: the self-checks see right from wrong."""

import numpy as np
import pytest

CONTEXT = {
    "two_weights": {"gaps": {5: 3.1, 20: 2.65}},
    "bend": {"right": 0.8},
    "unsquared": {"theta": 3},
    "lower_bound": {},
}


@pytest.fixture
def check(course):
    from checks import penalties_and_certified_critics

    return penalties_and_certified_critics


def gap(f, g):
    return np.mean(f) - np.mean(g)


def error(f, g, **options):
    return np.sqrt(np.var(f, **options) / len(f) + np.var(g, **options) / len(g))


def right(f, g, lipschitz):
    return (gap(f, g) - 2 * error(f, g)) / lipschitz


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("two_weights", None, "Not answered yet"),
        ("two_weights", 2.5, "Right"),
        ("two_weights", "2.5", "Right"),
        ("two_weights", 5 * (np.sqrt(1 + 2 * 3.1 / 5) - 1), "takes C to be EM^2"),
        ("two_weights", 20 * (np.sqrt(1 + 2 * 2.65 / 20) - 1), "takes C to be EM^2"),
        ("two_weights", 6, "that is C."),
        ("two_weights", 3, "that is C / 2"),
        ("two_weights", 2.875, "their mean is, too"),
        ("two_weights", 2.65, "but not 0"),
        ("two_weights", 3.1, "larger excess of the two"),
        ("two_weights", 2.62, "not as 1 / lambda^2"),
        ("two_weights", 3.25, "weights exchanged"),
        ("two_weights", 2.2, "farther away"),
        ("two_weights", 4, "below both gaps"),
        ("two_weights", 1, "two unknown numbers"),
        ("two_weights", [2.5, 6], "is not a number"),
        ("two_weights", np.inf, "is not finite"),
        ("bend", None, "Not answered yet"),
        ("bend", 0.2, "Right"),
        ("bend", 1 - 0.8, "Right"),
        ("bend", -0.2, "without a sign"),
        ("bend", 1, "slope 1 each way"),
        ("bend", 0.8, "bends by twice that"),
        ("bend", 0.5, "takes more"),
        ("bend", 0.6, "not their squares"),
        ("bend", 1.2, "A network of norm 1 bends by 1"),
        ("bend", 0, "it can fall a little"),
        ("bend", 0.35, "The first is given"),
        ("bend", "steeply", "is not a number"),
        ("unsquared", None, "Not answered yet"),
        ("unsquared", 3, "Right"),
        ("unsquared", np.float32(3), "Right"),
        ("unsquared", 1.5, "no square here"),
        ("unsquared", 6, "no square here"),
        ("unsquared", 1, "what it costs"),
        ("unsquared", 0, "costs nothing"),
        ("unsquared", 9, "a straight line"),
        ("unsquared", 1 / 3, "upside down"),
        ("unsquared", 10, "Which is the smallest"),
        ("unsquared", 4.5, "Does it rise?"),
        ("unsquared", np.nan, "is not finite"),
        ("lower_bound", lambda f, g, k: None, "Not answered yet"),
        ("lower_bound", right, "Right"),
        ("lower_bound", lambda f, g, k: np.array([right(f, g, k)]), "Right"),
        ("lower_bound", lambda f, g, k: (gap(f, g) - 2 * error(f, g, ddof=1)) / k, "Right"),
        ("lower_bound", lambda f, g, k: gap(f, g), "that is the gap"),
        ("lower_bound", lambda f, g, k: gap(f, g) - 2 * error(f, g), "divide by L: it is f / L"),
        ("lower_bound", lambda f, g, k: gap(f, g) / k - 2 * error(f, g), "divided by L, too"),
        ("lower_bound", lambda f, g, k: (gap(f, g) + 2 * error(f, g)) / k, "upper end"),
        ("lower_bound", lambda f, g, k: (gap(f, g) - error(f, g)) / k, "not one"),
        ("lower_bound", lambda f, g, k: gap(f, g) / k, "too often"),
        (
            "lower_bound",
            lambda f, g, k: (gap(f, g) - 2 * np.sqrt(f.var() + g.var())) / k,
            "one over sqrt(n)",
        ),
        (
            "lower_bound",
            lambda f, g, k: (
                (gap(f, g) - 2 * (f.std() / len(f) ** 0.5 + g.std() / len(g) ** 0.5)) / k
            ),
            "add up in squares",
        ),
        ("lower_bound", lambda f, g, k: right(f, g, 1) * k, "not multiply"),
        ("lower_bound", lambda f, g, k: right(g, f, k), "the sign"),
        (
            "lower_bound",
            lambda f, g, k: (
                (gap(f, g) - 2 * np.std(np.concatenate([f, g])) * np.sqrt(1 / len(f) + 1 / len(g)))
                / k
            ),
            "counts the gap itself as chance",
        ),
        ("lower_bound", lambda f, g, k: (gap(f, g) - 2 * error(f, g) ** 2) / k, "a square root"),
        ("lower_bound", lambda f, g, k: 7.0, "not 7.0"),
        ("lower_bound", lambda f, g, k: f / k, "return one number"),
        ("lower_bound", lambda f, g, k: f - g, "it stops with ValueError"),
        ("lower_bound", lambda f, g, k: "low", "is not a number"),
        ("lower_bound", lambda f, g, k: np.nan, "is not finite"),
        ("lower_bound", lambda f, g, k: right(f, g, k) if k < 2 else None, "its `return`"),
        ("lower_bound", lambda f, g, k: print("x"), "returns nothing"),
        ("lower_bound", 2.0, "is not a function"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    getattr(check, name)(answer, **CONTEXT[name])
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1
