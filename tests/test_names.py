"""Names from outside, for each medium."""

import json

import pytest
from matplotlib.figure import Figure

from wganlab import names

WILD = ["a$b$", "$x^{$", r"\$1$", "<!-- <script>", "a\x1b[2Jb", "\udcff", "猫\u202e", "tab\there"]


@pytest.mark.parametrize("text", WILD)
def test_no_name_breaks_a_medium(text):
    line = names.printed(text)
    assert line.isprintable()
    line.encode()
    figure = Figure()
    figure.suptitle(names.drawn(text))
    figure.canvas.draw()  # warnings are errors
    page = names.paged({"title": text})
    assert "<" not in page
    assert page.isascii()
    assert json.loads(page)["title"] == text
    names.stored(text).encode()


def test_plain_names_stay_as_they_are():
    for text in ("8gaussians", "été_1 (ß).csv", "Food & Drink"):
        assert names.printed(text) == names.drawn(text) == names.stored(text) == text
    assert names.printed("猫 👩\u200d🚀") == "猫 👩\u200d🚀"
    assert names.stored("a\nb") == "a\nb"
    assert names.printed("a\nb") == r"a\nb"
    assert names.drawable("a$")
    assert not names.drawable("猫")
