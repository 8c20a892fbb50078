"""The commands on faces, as a user meets them."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image

from wganlab import learned
from wganlab.cli import main
from wganlab.commands.sides import Sides

OPTIONS = {
    "critic.filters": 4,
    "generator.filters": 4,
    "latent": 4,
    "batch": 8,
    "n-critic": 1,
    "iterations": 2,
    "every": 2,
    "n": 50,
    "device": "cpu",
}
TINY = [part for name, value in OPTIONS.items() for part in (f"--{name}", str(value))]
READ = "wganlab.commands.attribute_table.SEEN", "wganlab.learned.runs.observing.SHOWN"
COUNTS = {"background": 5, "skin": 8, "hair": 45, "mouth": 23}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test has a folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    for name in READ:
        monkeypatch.setattr(name, 60)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that came to its end."""
    path = tmp_path_factory.mktemp("finished") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        for name in READ:
            patch.setattr(name, 60)
        assert main(["train", *TINY, "--data", "faces", "--run", str(path)]) == 0
    return path


def test_ctrl_c_while_attributes_are_read_leaves_the_table_of_the_run(folder, capsys, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("wganlab.commands.attribute_table.of_run", stopped)
    assert main(["train", *TINY, "--data", "faces", "--run", "tiny"]) == 130
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split("  ")[-3:] == ["modes", "quality", "seconds"]
    assert "the run is at its end; what is told of it is as far as it came" in err
    assert not (folder / "tiny" / "attributes.csv").exists()


def test_a_run_tells_the_attributes_of_its_faces(folder, capsys):
    assert main(["train", *TINY, "--data", "faces", "--run", "tiny"]) == 0
    out = capsys.readouterr().out
    assert "60 faces of tiny, read as the nearest faces that there are" in out
    assert "values found" in out
    assert "of 206; dependence of two attributes" in out
    assert out.splitlines()[0].split("  ")[-3:] == ["modes", "quality", "seconds"]
    with (folder / "tiny" / "attributes.csv").open(encoding="utf-8") as file:
        rows = {row["attribute"]: row for row in csv.DictReader(file)}
    assert len(rows) == 17
    assert {name: int(rows[name]["values"]) for name in COUNTS} == COUNTS
    kept = learned.RunFolder(folder / "tiny")
    assert kept.config().size == 16
    last = kept.rows()[-1]
    assert (last["all_modes"], last["n"]) == (206, 50)
    told = {"face_deviation", "attribute_tv", "attribute_tv_floor", "dependence", "sampling_floor"}
    assert told < last.keys()
    assert "train_emd" not in last  # there is no set that it learns
    assert not {"kid", "copies"} & last.keys()
    with Image.open(folder / "tiny" / "nearest.png") as sheet:
        assert np.asarray(sheet.convert("L")).std() > 5


def test_a_run_on_some_faces_tells_copies(folder):
    assert main(["train", *TINY, "--data", "faces", "--points", "30", "--run", "some"]) == 0
    last = learned.RunFolder(folder / "some").rows()[-1]
    assert {"copies", "train_emd"} < last.keys()


@pytest.mark.parametrize(
    "options", [["--size", "8"], ["--color", "grey"], ["--data", "faces[sad01]"]]
)
def test_faces_that_cannot_be_read_are_judged_as_other_images(folder, options, capsys, monkeypatch):
    monkeypatch.setattr("wganlab.compare.truth_observers.classifier_for", lambda *_: None)
    assert main(["train", *TINY, "--data", "faces", *options, "--run", "other"]) == 0
    assert "read as the nearest" not in capsys.readouterr().out
    assert not (folder / "other" / "attributes.csv").exists()
    assert "emd" in learned.RunFolder(folder / "other").rows()[-1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--size", "24"], "faces of 24 px: they are drawn at 16 px; give size = 16"),
        (["--points", "30000"], "points = 30,000, and faces has 18,000 images to train on"),
        (["--held-out", "30000"], "30,000 held out leaves none to train on"),
        (["--data", "faces[happy]"], "faces has no class 'happy': choose from happy01"),
        (["--data", "faces[happy01"], "faces[happy01"),
    ],
)
def test_a_mistake_is_one_line(folder, options, told, capsys):
    given = ["--iterations", "2", "--device", "cpu", "--data", "faces", *options]
    assert main(["train", *given, "--run", "wrong"]) != 0
    assert told in (line := capsys.readouterr().err.strip())
    assert len(line.splitlines()) == 1
    assert not (folder / "wrong").exists()


@pytest.mark.parametrize("preset", ["gan-minimax", "wgan-orthonormal", "emd", "wgan-gp"])
def test_presets_begin_on_faces(folder, preset):
    found = learned.preset(preset, "faces")
    assert (found.size, found.data) == (16, "faces")
    given = ["--iterations", "1", "--every", "1", "--batch", "8", "--n", "20", "--device", "cpu"]
    assert main(["train", "--preset", preset, "--data", "faces", *given, "--run", preset]) == 0
    assert (folder / preset / "attributes.csv").exists()


def test_the_papers_preset_is_at_its_own_size():
    found = learned.preset("wgan-paper", "faces")
    assert (found.size, found.generator.filters) == (64, 64)


@pytest.mark.parametrize("sides", [["RUN"], ["faces", "RUN"], ["RUN", "faces"], ["faces", "faces"]])
def test_brackets_have_new_faces_on_their_side(finished, sides, capsys):
    given = [str(finished) if side == "RUN" else side for side in sides]
    assert main(["bracket", *given, "--seconds", "2", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "W1" in out
    assert "held out" not in out


def test_rows_of_the_set_are_no_side_beside_its_run(finished, capsys):
    assert main(["bracket", "faces[happy01]", str(finished), "--seconds", "2"]) != 0
    assert "was trained on rows of faces[happy01]" in capsys.readouterr().err


def test_faces_are_shown_sampled_and_listed(finished, folder, capsys):
    assert main(["data", "show", "faces"]) == 0
    assert main(["data", "list"]) == 0
    assert main(["runs", str(finished.parent)]) == 0
    assert main(["sample", str(finished), "-n", "4", "-o", "made.npy"]) == 0
    out = capsys.readouterr().out
    assert "20,000" in out
    assert "faces" in out
    assert "2 of 2" in out
    assert np.load(folder / "made.npy").shape == (4, 16, 16, 3)


@pytest.mark.parametrize("other", ["emoji", "mnist10k[3]", "faces[sad01]", "faces"])
def test_images_beside_faces_are_in_their_units(other):
    law, rows = Sides("cpu", 200).pair("faces", other)
    drawn = law.sample(50, torch.Generator().manual_seed(0))
    if other == "faces":
        rows = rows.sample(50, torch.Generator().manual_seed(1))
    assert rows.shape[1:] == drawn.shape[1:] == (3, 16, 16)
    assert rows.min() >= -1
    assert rows.min() < 0 < rows.max() <= 1


def test_two_classes_of_faces_are_a_pair_and_a_set_with_its_class_is_not(capsys):
    assert main(["bracket", "faces[happy01]", "faces[sad01]", "--seconds", "2"]) == 0
    assert main(["bracket", "faces[happy01]", "faces[happy01]", "--seconds", "2"]) != 0
    assert "two files, or two classes of a set" in capsys.readouterr().err
