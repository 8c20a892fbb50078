"""The lessons' controls: the picture follows the slider and the buttons."""

import io

import matplotlib.pyplot as plt
import pytest
from PIL import Image


@pytest.fixture
def controls(course):
    import controls

    return controls


@pytest.fixture
def drawn():
    return []


@pytest.fixture
def draw(drawn):
    def draw(figure, value):
        drawn.append(value)
        figure.subplots().bar([0], [value])

    return draw


def test_the_picture_follows_the_slider(controls, draw, drawn):
    control, picture = controls.slider(draw, [1.0, 2.0, 3.0], label="θ", start=2.0).children
    before = picture.value
    assert Image.open(io.BytesIO(before)).size == (1200, 640)
    assert picture.layout.width == "600px"
    control.value = 3.0
    assert drawn == [2.0, 3.0]
    assert picture.value != before
    control.value = 2.0
    assert picture.value == before


def test_the_picture_follows_the_buttons(controls, draw, drawn):
    row, picture = controls.steps(draw, 2).children
    back, forth, again, told = row.children
    assert (back.disabled, forth.disabled, told.value) == (True, False, "step 0 of 2")
    pictures = [picture.value]
    for button in (forth, forth, back, again):
        button.click()
        pictures.append(picture.value)
    assert drawn == [0, 1, 2, 1, 0]
    assert len(set(pictures)) == 3
    assert (back.disabled, forth.disabled) == (True, False)


def test_a_control_leaves_no_figure_open(controls, draw):
    before = plt.get_fignums()
    controls.slider(draw, [1.0, 2.0], label="θ")
    assert plt.get_fignums() == before


def test_readers_see_the_same_at_a_few_values(controls, draw, drawn, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    controls.static(draw, [1.0, 2.0, 3.0], columns=2)
    figure = plt.gcf()
    assert drawn == [1.0, 2.0, 3.0]
    assert len(figure.axes) == 3
    plt.close(figure)


def test_each_button_of_the_players_changes_the_picture(controls):
    from wganlab import compare, learned

    def draw(figure, scene):
        axes = figure.subplots()
        axes.imshow(scene.critic)
        axes.plot(*scene.fake.T)

    net = learned.MLPConfig(width=8, depth=1)
    config = learned.TrainConfig(
        data="8gaussians", critic=net, generator=net, batch=8, n_critic=2, iterations=50
    )
    game = compare.StepThrough(config, n=20, cells=9, device="cpu")
    row, picture = controls.players(game, draw, run=3, size=(3.0, 2.0)).children
    assert [button.description for button in row.children] == [
        "Step D",
        "Step G",
        "Both",
        "Run",
        "Reset",
    ]
    pictures, moves = [picture.value], []
    for button in row.children:
        button.click()
        pictures.append(picture.value)
        moves.append(len(game.scene().moves) - 1)
    assert moves == [1, 2, 5, 14, 0]
    assert len(set(pictures[:-1])) == 5
    assert pictures[-1] == pictures[0]
