"""Generated faces held against their law: what is true of the law, and what one fault changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wganlab import compare, data
from wganlab.commands.attribute_table import table
from wganlab.compare.attributes import attribute_observer, attributes_for, mutual_information
from wganlab.data.faces.law import FaceLaw
from wganlab.data.faces.sprites import sprites
from wganlab.learned import TrainConfig
from wganlab.learned.runs.view import View

FACES = sprites()
NAMES = tuple(FACES.attributes)
N = 400


def numbers(n=N, seed=0):
    return np.random.default_rng(seed).random((n, len(NAMES)))


def drawn(u):
    return FACES.drawn(FACES.choices(u))


@pytest.fixture(scope="module")
def of_the_law():
    return compare.face_attributes(drawn(numbers()))


def test_faces_of_the_law_have_nothing_to_tell(of_the_law):
    row = of_the_law.as_row()
    assert (row["quality"], row["all_modes"]) == (1.0, 206)
    assert row["modes"] > 0.97 * 206
    assert row["face_deviation"] == pytest.approx(0, abs=1e-6)
    assert abs(row["dependence"]) < 0.005
    assert of_the_law.most_dependent == ("", 0.0)
    assert row["attribute_tv"] == pytest.approx(row["attribute_tv_floor"], rel=0.25)
    assert "of no two beyond chance" in table(of_the_law, "the law")


@pytest.mark.slow
def test_of_many_faces_all_values_are_found():
    found = compare.face_attributes(drawn(numbers(5000, 1)))
    assert found.found == found.all == 206
    assert found.tv < 0.04
    assert found.most_dependent == ("", 0.0)
    assert abs(found.dependence) < 0.002


def test_a_row_counts_what_shows():
    choices = FACES.choices(numbers())
    found = compare.face_attributes(FACES.drawn(choices))
    row = next(row for row in found.table if row.attribute == "skin")
    shares = np.bincount(choices["skin"], minlength=8) / N
    assert row.tv == pytest.approx(np.abs(shares - 1 / 8).sum() / 2)
    assert (row.share, row.law) == (shares.max(), 0.125)
    assert row.commonest == FACES.attributes["skin"].values[shares.argmax()]
    assert row.found == 8


def test_glasses_tied_to_skin_show_in_their_dependence_and_nowhere_else(of_the_law):
    """The same numbers choose both: every attribute alone is as in the law."""
    u = numbers(N)
    u[:, NAMES.index("glasses")] = np.random.default_rng(2).permutation(u)[:, NAMES.index("skin")]
    free = compare.face_attributes(drawn(u))
    u[:, NAMES.index("glasses")] = u[:, NAMES.index("skin")]
    tied = compare.face_attributes(drawn(u))
    assert free.most_dependent == ("", 0.0)
    pair, most = tied.most_dependent
    assert pair == "skin and glasses"
    assert most == tied.dependences["skin", "glasses"] > 0.3
    others = [value for key, value in tied.dependences.items() if not {"glasses", "skin"} & {*key}]
    assert max(others) < 0.15
    assert tied.tv == pytest.approx(free.tv, abs=0.02)
    assert tied.valid == 1
    assert "most of skin and glasses" in table(tied, "a run")


def test_one_face_alone_is_a_collapse():
    u = np.repeat(numbers(1, 3) * 0 + 0.3, 100, axis=0)
    found = compare.face_attributes(drawn(u))
    rows = {row.attribute: row for row in found.table}
    assert found.found == sum(row.found for row in rows.values()) == 14  # each that shows has one
    assert (rows["background"].tv, rows["background"].share) == (pytest.approx(0.8), 1.0)
    assert found.valid == 1
    assert found.dependence == 0
    hidden = rows["hat color"]  # none wears one
    assert (hidden.found, hidden.tv, hidden.commonest, hidden.share) == (0, 1.0, "-", 0.0)


def test_images_that_are_no_faces_are_not_valid():
    noise = torch.rand((60, 3, 16, 16), generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = compare.face_attributes(noise)
    assert found.valid == 0
    assert found.deviation > 0.2


def test_deviations_are_shares_of_the_range_at_any_size():
    """Two images off by a known share everywhere, which is no face's difference."""
    u = numbers(6, 4)
    for size in (16, 32):
        faces = FaceLaw(size).of_uniforms(torch.from_numpy(u).float())
        inward = 0.02 * torch.where(faces > 0, -1.0, 1.0)  # of a range of 2
        found = compare.face_attributes(faces + inward)
        assert found.deviations == pytest.approx(np.full(6, 0.01), rel=0.15)
        assert found.side == size


def test_few_images_tell_of_no_dependence():
    found = compare.face_attributes(drawn(numbers(9, 5)))
    assert found.dependences == {}
    assert np.isnan(found.dependence)
    assert found.most_dependent == ("", 0.0)
    assert "dependence" not in found.as_row()
    assert "9 faces of few" in table(found, "few")


def test_copies_are_those_of_the_faces_given():
    images = drawn(numbers(20, 6))
    assert compare.face_copies(images, images[:10]) == 0.5
    assert compare.face_copies(images[10:], images[:10]) == 0
    noisy = np.clip(images[:4].astype(int) + 1, 0, 255).astype(np.uint8)
    assert compare.face_copies(noisy, images) > 0.5


@pytest.mark.parametrize("size", [16, 32])
def test_a_run_on_fixed_faces_tells_its_copies(size):
    law = FaceLaw(size)
    known = law.take(law.rows[:6], torch.device("cpu"))
    new = law.sample(2, torch.Generator().manual_seed(1))
    config = TrainConfig(data="faces", size=size, points=6)
    # what is shown of the training faces are only some of them
    view = View(config, 0, law, None, None, known[:1], new, torch.cat([known, new]))
    assert attribute_observer(view)["copies"] == 0.75
    endless = replace(view, config=replace(config, points=0))
    assert "copies" not in attribute_observer(endless)


@pytest.mark.parametrize(
    ("law", "readable"),
    [
        (lambda: FaceLaw(), True),
        (lambda: FaceLaw(32), True),
        (lambda: FaceLaw(8), False),
        (lambda: FaceLaw(color="grey"), False),
        (lambda: data.image_law("faces[happy01]"), False),
        (lambda: data.law("8gaussians"), False),
    ],
)
def test_laws_whose_attributes_can_be_read(law, readable):
    assert (attributes_for(law()) is attribute_observer) == readable


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (torch.zeros((2, 3, 8, 8)), "faces of 8 px"),
        (torch.zeros((2, 1, 16, 16)), "images of shape"),
        (torch.full((2, 3, 16, 16), torch.nan), "not finite"),
        (torch.zeros((0, 3, 16, 16)), "the faces has no images"),
        (np.zeros((2, 16, 16, 3)), "the faces"),
        (torch.zeros((3, 16, 16)), "the faces"),
    ],
)
def test_what_are_no_faces_is_refused(images, told):
    with pytest.raises(ValueError, match=told):
        compare.face_attributes(images)


def test_mutual_information_of_a_known_table():
    """p = (.4, .1; .1, .4)."""
    x = np.repeat([0, 0, 1, 1], [4, 1, 1, 4])
    y = np.repeat([0, 1, 0, 1], [4, 1, 1, 4])
    expected = 0.8 * np.log(1.6) + 0.2 * np.log(0.4)
    assert mutual_information(x, y) == pytest.approx(expected)
    assert mutual_information(x, 0 * x) == 0
