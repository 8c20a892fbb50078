"""Lesson 1: the self-checks see right from wrong."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from wganlab import exact


@pytest.fixture
def check(course):
    from checks import four_distances

    return four_distances


def js(u, v, factor=1.0, log=np.log, epsilon=0.0):
    m = (u + v) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = u * log((u + epsilon) / (m + epsilon)) + v * log((v + epsilon) / (m + epsilon))
    return factor * terms.sum() / 2


def clipped_js(u, v, least):
    return js(np.maximum(u, least), np.maximum(v, least))


def spoiling(u, v):
    m = (u + v) / 2
    u[u == 0], v[v == 0], m[m == 0] = 1e-300, 1e-300, 1
    return (u * np.log(u / m) + v * np.log(v / m)).sum() / 2


def reverse_js(u, v):
    m = (u + v) / 2
    return (exact.kl(m, u) + exact.kl(m, v)) / 2


P, Q = np.array([0.5, 0.5, 0]), np.array([0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("emd_on_three_points", None, "Not answered yet"),
        ("emd_on_three_points", 0.6, "Right"),
        ("emd_on_three_points", "0.6", "Right"),
        ("emd_on_three_points", 0.3, "Hint: that is TV"),
        ("emd_on_three_points", 1.2, "Each trip counts once"),
        ("emd_on_three_points", -0.6, "not negative"),
        ("emd_on_three_points", 5, "Hint: F = "),
        ("emd_on_three_points", "six", "is not a number"),
        ("js_function", lambda u, v: None, "Not answered yet"),
        ("js_function", lambda u, v: js(u, v, epsilon=1e-300), "Right"),
        ("js_function", lambda u, v: exact.js(u, v), "Right"),
        ("js_function", lambda u, v: js(u, v, factor=2, epsilon=1e-300), "Where are the halves"),
        ("js_function", lambda u, v: js(u, v, log=np.log2, epsilon=1e-300), "in bits"),
        ("js_function", jensenshannon, "square root"),
        ("js_function", lambda u, v: (exact.kl(u, v) + exact.kl(v, u)) / 2, "their mixture"),
        ("js_function", js, "A place of mass 0 adds 0"),
        ("js_function", lambda u, v: 0.0, "it is 0."),
        ("js_function", lambda u, v: js(u, v, epsilon=1e-10), "Add no small number"),
        ("js_function", lambda u, v: js(u, v, epsilon=1e-12), "Add no small number"),
        ("js_function", lambda u, v: np.abs(u - v), "with .sum()"),
        ("js_function", lambda u, v: print(exact.js(u, v)), "returns nothing"),
        ("js_function", lambda u, v: exact.js(u, v) if u.all() else None, "for some laws"),
        ("js_function", lambda u, v: "0.5", "Hint: "),
        ("js_function", lambda u, v: [[1], [1, 2]], "which is not a number"),
        ("js_function", lambda u, v: u / "2", "it stops with"),
        ("js_function", 0.5, "is not a function"),
        ("js_function", lambda u, v: "half", "'half', which is not a number"),
        ("js_function", lambda u, v: exact.kl(u, (u + v) / 2), "KL(P, M) alone"),
        ("js_function", lambda u, v: clipped_js(u, v, 1e-3), "Add no small number"),
        ("js_function", spoiling, "Right"),
        ("js_function", reverse_js, "The mixture comes second"),
        ("js_function", lambda u, v: exact.js(u, v) - np.log(2), "your M has mass 2"),
        ("js_function", lambda u, v: 2 * exact.js(u, v) - 2 * np.log(2), "your M has mass 2"),
        ("js_function", lambda u, v: print(exact.js(u, v)) or exact.js(u, v), "Right"),
        ("places_for_emd", [0, 1, np.nan], "not finite"),
        ("places_for_emd", [0, 1, 1e300], "give places on the street"),
        ("places_for_emd", "0 1 14", "is not a list of 3 numbers"),
        ("places_for_emd", [0, [1], 14], "is not a list of 3 numbers"),
        ("places_for_emd", {0, 1, 14}, "a set has no order"),
        ("places_for_emd", None, "Not answered yet"),
        ("places_for_emd", [0, 1, 14], "Right"),
        ("places_for_emd", [0, 7], "give 3 numbers"),
        ("places_for_emd", [0, 1, 7], "there EM is 3.5"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    arguments = (P, Q, 7) if name == "places_for_emd" else ()
    getattr(check, name)(answer, *arguments)
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1
