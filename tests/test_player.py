"""The player's page holds what it was given, and nothing that a browser cannot read."""

import json
import re

import numpy as np
import pytest

from wganlab.player import DOTS, FAR, Panel, page

SQUARE = np.array([[0.0, 0], [2, 2]])


def content(text):
    """What is written into the page."""
    return json.loads(re.search("const page = (.*);", text)[1])


def panel(**changes):
    given = {
        "title": "a",
        "real": SQUARE,
        "clouds": [SQUARE, SQUARE + 1],
        "iterations": [0, 5, 10],
        "curves": {"emd": [3.0, 2.0, 1.0]},
    }
    return Panel(**given | changes)


def test_points_are_thousandths_of_a_box_around_the_real_ones():
    (shown,) = content(page("", [0, 10], [panel()]))["panels"]
    assert shown["real"] == [167, 167, 833, 833]  # the box is half as wide again
    assert shown["clouds"] == [[167, 167, 833, 833], [500, 500, 1167, 1167]]


@pytest.mark.parametrize(("dimension", "expected"), [(1, [167, 500]), (3, [167, 167])])
def test_other_dimensions_are_shown_in_the_plane(dimension, expected):
    real = np.repeat([[0.0], [2.0]], dimension, axis=1)
    (shown,) = content(page("", [0], [panel(real=real, clouds=[real])]))["panels"]
    assert shown["real"][:2] == expected


def test_there_is_a_most_of_dots_and_a_farthest_place():
    cloud = np.full((2 * DOTS, 2), 1e30)
    (shown,) = content(page("", [0], [panel(clouds=[cloud])]))["panels"]
    assert shown["clouds"] == [[FAR] * 2 * DOTS]


def test_numbers_have_their_names_and_those_that_are_not_finite_are_none():
    curves = {"emd": [1.0, np.inf, 2.0], "estimate": [np.nan, 0.12345, -9.0], "modes": [1, 2, 3]}
    told = content(page("", [0], [panel(curves=curves, names={"estimate": "gap"})]))
    first, second = told["panels"][0]["curves"]
    assert first == {"role": "emd", "name": "exact EM", "values": [1, None, 2]}
    assert second == {"role": "estimate", "name": "gap", "values": [None, 0.1235, -9]}
    assert told["range"] == [pytest.approx(-0.6), 2]  # as deep as 0.3 of the largest


def test_words_cannot_end_the_script():
    text = page("</script><b>", [0], [panel()], note="</script>")
    assert text.count("</script>") == 1
    assert "<!--" not in page("<!-- <script>", [0], [panel()])
    assert content(text)["title"] == "</script><b>"
