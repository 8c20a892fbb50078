"""Lesson 9: the self-checks see right from wrong."""

import numpy as np
import pytest

CONTEXT = {"best_outputs": {"ratio": 1 / 4}}
RIGHT = {
    "A": "no constraint",
    "B": "healthy",
    "C": "too good a teacher",
    "D": "too high a rate",
}


@pytest.fixture
def check(course):
    from checks import gan_family

    return gan_family


def bound(r, f):
    return np.mean(r) - np.log(np.mean(np.exp(f)))


def share(first, second):
    return np.mean(np.subtract.outer(second, first) > 0)


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("best_outputs", None, "Not answered yet"),
        ("best_outputs", [0.2, -0.6, -1, -1.5], "Right"),
        ("best_outputs", (0.2, -0.6, -1, -1.5), "Right"),
        ("best_outputs", [np.log(1 / 4), -0.6, -1, -1.5], "that is the logit"),
        ("best_outputs", [0.8, -0.6, -1, -1.5], "here they are the fewer"),
        ("best_outputs", [0.25, -0.6, -1, -1.5], "that is p / q"),
        ("best_outputs", [0.2, 0.6, -1, -1.5], "least squares: the sign"),
        ("best_outputs", [0.2, 0.2, -1, -1.5], "labels 1 and 0"),
        ("best_outputs", [0.2, -0.75, -1, -1.5], "divide by p + q"),
        ("best_outputs", [0.2, -0.6, 1, -1.5], "the hinge: the sign"),
        ("best_outputs", [0.2, -0.6, -0.6, -1.5], "at a corner"),
        ("best_outputs", [0.2, -0.6, 0, -1.5], "go on to the next corner"),
        ("best_outputs", [0.2, -0.6, -1, 1.5], "f-Pearson: the sign"),
        ("best_outputs", [0.2, -0.6, -1, -0.75], "where is the 2"),
        ("best_outputs", [0.2, -0.6, -1, 6], "exchanged p and q"),
        ("best_outputs", [0.2, -0.6, -1, 0.5], "the 1 is missing"),
        ("best_outputs", [0.2, -0.6, -1, 17], "f-Pearson: not 17"),
        ("best_outputs", [0.2, -0.6, -1], "give 4 numbers"),
        ("best_outputs", "four", "is not a list"),
        ("kl_bound", lambda r, f: None, "Not answered yet"),
        ("kl_bound", bound, "Right"),
        ("kl_bound", lambda r, f: np.array([bound(r, f)]), "Right"),
        ("kl_bound", lambda r, f: np.mean(r) - np.mean(np.exp(f - 1)), "own bound, with c = 0"),
        ("kl_bound", lambda r, f: np.mean(r) - np.mean(f), "mean of logarithms"),
        ("kl_bound", lambda r, f: bound(f, r), "exchanged real and fake"),
        ("kl_bound", lambda r, f: -bound(r, f), "the sign"),
        ("kl_bound", lambda r, f: np.mean(r) - np.log(np.sum(np.exp(f))), "not a sum"),
        ("kl_bound", lambda r, f: bound(r, f) + 1, "takes 1 away"),
        ("kl_bound", lambda r, f: bound(r, f) - 1, "1 too small"),
        ("kl_bound", lambda r, f: -np.log(np.mean(np.exp(f - 1))), "the best c itself"),
        ("kl_bound", lambda r, f: bound(r, f) + 0.5, "no constant changes it"),
        ("kl_bound", lambda r, f: np.mean(r), "a constant added to v still changes it"),
        ("kl_bound", lambda r, f: r, "return one number"),
        ("kl_bound", lambda r, f: "KL", "which is not a number"),
        ("kl_bound", lambda r, f: np.inf, "is not finite"),
        ("kl_bound", lambda r, f: 1 / 0, "it stops with ZeroDivisionError"),
        ("kl_bound", 0.5, "is not a function"),
        ("misled", lambda first, second: None, "Not answered yet"),
        ("misled", share, "Right"),
        ("misled", lambda a, b: np.mean([[y > x for x in a] for y in b]), "Right"),
        ("misled", lambda a, b: np.mean(np.subtract.outer(b, a) >= 0), "ties are no win"),
        ("misled", lambda a, b: share(b, a), "how often the first wins"),
        ("misled", lambda a, b: np.sum(np.subtract.outer(b, a) > 0), "Divide by all"),
        (
            "misled",
            lambda a, b: share(a, b) + np.mean(np.subtract.outer(b, a) == 0) / 2,
            "do not count at all",
        ),
        ("misled", lambda a, b: 0.5, "it is 1/3"),
        ("misled", lambda a, b: share(a, b) if len(a) > 2 else None, "returns None for some"),
        ("misled", lambda a, b: print(a), "returns nothing"),
        ("diagnosis", None, "Not answered yet"),
        ("diagnosis", RIGHT, "Right"),
        ("diagnosis", {**RIGHT, "A": "momentum"}, "patient A: look at the scale"),
        ("diagnosis", {**RIGHT, "B": "a critic that lags"}, "patient B: is there anything"),
        ("diagnosis", {**RIGHT, "C": "healthy"}, "patient C: at which value"),
        ("diagnosis", {**RIGHT, "D": "healthy"}, "patient D: what is its gradient"),
        ("diagnosis", {**RIGHT, "D": "flu"}, "none of the six words"),
        ("diagnosis", {**RIGHT, "D": ["healthy"]}, "none of the six words"),
        ("diagnosis", {"A": "no constraint"}, "patient B has no diagnosis"),
        ("diagnosis", "healthy", "is no dict"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    getattr(check, name)(answer, **CONTEXT.get(name, {}))
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1


def test_every_patient_can_be_trained(check):
    patients = check.patients()
    assert set(patients) == set(RIGHT) == set(check.ILLNESSES)
    assert set(check.ILLNESSES.values()) <= set(check.KNOWN)
    assert len({config.seed for config in patients.values()}) > 1
