"""Lesson 5: the self-checks see right from wrong."""

import numpy as np
import pytest


@pytest.fixture
def check(course):
    from checks import vanishing_gradients

    return vanishing_gradients


def loss(d_real, d_fake):
    return np.log(d_real).mean() + np.log(1 - d_fake).mean()


def js(d_real, d_fake):
    return loss(d_real, d_fake) / 2 + np.log(2)


def of_all(d_real, d_fake):
    logs = np.concatenate([np.log(d_real), np.log(1 - d_fake)])
    return logs.mean() + np.log(2)


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("best_discriminator", None, "Not answered yet"),
        ("best_discriminator", 2 / 3, "Right"),
        ("best_discriminator", "0.667", "Right"),
        ("best_discriminator", 1 / 3, "the share of the fakes"),
        ("best_discriminator", 2, "that is p / q"),
        ("best_discriminator", 0.5, "of the reals alone"),
        ("best_discriminator", 0.25, "of the fakes alone"),
        ("best_discriminator", np.log(2), "that is the logit"),
        ("best_discriminator", 0.8, "length 2 is not 1"),
        ("best_discriminator", -3, "lie between 0 and 1"),
        ("best_discriminator", 0.1, "what are p(0.5) and q(0.5)?"),
        ("best_discriminator", "2/3", "is not a number"),
        ("js_from_discriminator", lambda r, f: None, "Not answered yet"),
        ("js_from_discriminator", js, "Right"),
        ("js_from_discriminator", lambda r, f: float(js(r, f)), "Right"),
        ("js_from_discriminator", loss, "that is L itself"),
        ("js_from_discriminator", lambda r, f: -loss(r, f), "that is -L"),
        ("js_from_discriminator", lambda r, f: loss(r, f) / 2, "JS - log 2"),
        ("js_from_discriminator", lambda r, f: -loss(r, f) / 2, "the cross-entropy"),
        ("js_from_discriminator", lambda r, f: 2 * js(r, f), "twice JS"),
        ("js_from_discriminator", lambda r, f: loss(r, f) + np.log(2), "has to be halved"),
        ("js_from_discriminator", lambda r, f: js(r, f) + np.log(2), "Half of log 4"),
        ("js_from_discriminator", lambda r, f: np.log(2) - loss(r, f) / 2, "the sign of L"),
        ("js_from_discriminator", lambda r, f: js(r, f) / np.log(2), "in bits"),
        ("js_from_discriminator", lambda r, f: js(r, 1 - f), "They get log(1 - D)"),
        ("js_from_discriminator", lambda r, f: js(f, r), "are exchanged"),
        ("js_from_discriminator", lambda r, f: js(1 - r, 1 - f), "are exchanged"),
        (
            "js_from_discriminator",
            lambda r, f: (np.log(r).mean() - np.log(1 - f).mean()) / 2 + np.log(2),
            "not their difference",
        ),
        ("js_from_discriminator", of_all, "a sum of two means"),
        (
            "js_from_discriminator",
            lambda r, f: js(np.clip(r, 0.05, 0.95), np.clip(f, 0.05, 0.95)),
            "Take log D of the real points alone",
        ),
        ("js_from_discriminator", lambda r, f: np.log(r), "take the mean"),
        ("js_from_discriminator", lambda r, f: print(js(r, f)), "returns nothing"),
        ("js_from_discriminator", lambda r, f: js(r, f) if len(r) > 9 else None, "for some values"),
        ("js_from_discriminator", lambda r, f: "half", "which is not a number"),
        ("js_from_discriminator", lambda r: 1, "it stops with TypeError"),
        ("js_from_discriminator", 0.5, "is not a function"),
        ("distance_for_slope", None, "Not answered yet"),
        ("distance_for_slope", 4.076, "Right"),
        ("distance_for_slope", 2.038, "from a mean to the middle"),
        ("distance_for_slope", 4, "too steep"),
        ("distance_for_slope", 4.2, "too flat"),
        ("distance_for_slope", 0.002, "nothing is left to learn"),
        ("distance_for_slope", -4.08, "not negative"),
        ("distance_for_slope", 1e9, "Much nearer"),
        ("distance_for_slope", "far", "is not a number"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    arguments = (1e-3,) if name == "distance_for_slope" else ()
    getattr(check, name)(answer, *arguments)
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1
