"""Names from outside, for each medium."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from wganlab import names, pictures
from wganlab.data import ImageSet

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


@pytest.mark.slow
@pytest.mark.parametrize("text", WILD)
def test_pictures_survive_names(text, tmp_path):
    images = np.zeros((2, 4, 4, 1), np.uint8)
    points = np.eye(3, dtype=np.float32)
    pictures.draw_sheet(tmp_path / "a.b.png", points, points, text)
    pictures.draw_sheets(tmp_path / "b.png", {text: images}, text)
    labelled = ImageSet(text, images, np.array([0, 1]), (text, "b$"), "")
    pictures.draw_images(tmp_path / "c.png", labelled, text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.b.png", "b.png", "c.png"]


def test_plain_names_stay_as_they_are():
    for text in ("8gaussians", "été_1 (ß).csv", "Food & Drink"):
        assert names.printed(text) == names.drawn(text) == names.stored(text) == text
    assert names.printed("猫 👩\u200d🚀") == "猫 👩\u200d🚀"
    assert names.stored("a\nb") == "a\nb"
    assert names.printed("a\nb") == r"a\nb"
    assert names.drawable("a$")
    assert not names.drawable("猫")
