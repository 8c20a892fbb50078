"""The commands `train`, `sample` and `runs` on text, as a user meets them."""

import re

import numpy as np
import pytest
from PIL import Image

from wganlab import learned
from wganlab.cli import main
from wganlab.commands.train import Train

OPTIONS = {
    "critic.filters": 4,
    "generator.filters": 4,
    "latent": 4,
    "batch": 8,
    "n-critic": 1,
    "iterations": 4,
    "every": 2,
    "n": 30,
    "device": "cpu",
}
TINY = [part for name, value in OPTIONS.items() for part in (f"--{name}", str(value))]
FILES = {
    *("checkpoint.pt", "config.json", "curve.png", "environment.json", "metrics.csv"),
    *("losses.csv", "samples", "samples.txt"),
}
NUMBERS = {"emd", "train_emd", "certificate", "sampling_floor", "js1", "js4_floor", "words", "n"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test has a folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "lines.txt"
    path.write_text("".join(f"line {k % 7} of {k}\n" for k in range(120)))
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory, text):
    """A run that came to its end."""
    path = tmp_path_factory.mktemp("finished") / "tiny"
    source = f"text:{text}:length=8"
    assert main(["train", *TINY, "--data", source, "--run", str(path)]) == 0
    return path


def test_a_run_leaves_numbers_lines_and_a_curve(finished, capsys):
    assert {path.name for path in finished.iterdir()} == FILES
    rows = learned.RunFolder(finished).rows()
    assert [row["iteration"] for row in rows] == [0, 2, 4]
    assert rows[0].keys() > NUMBERS
    assert rows[0]["n"] == 12  # a tenth is held out
    lines = (finished / "samples.txt").read_text().splitlines()
    assert len(lines) == 1000
    assert max(map(len, lines)) <= 8
    with Image.open(finished / "curve.png") as curve:
        assert np.asarray(curve.convert("L")).std() > 5
    assert main(["runs", str(finished.parent)]) == 0
    assert "4 of 4" in capsys.readouterr().out


def test_the_table_tells_ngrams_and_words(finished):
    from wganlab.commands.ending import table

    told = table([(finished, learned.RunFolder(finished))])
    heads, cells = (re.split(r" {2,}", line.strip()) for line in told.splitlines())
    assert heads[5:] == ["certificate", "JS of 1- to 4-grams", "words", "seconds"]
    numbers = r"\d\.\d{3}"
    four = " ".join([numbers] * 4)
    assert re.fullmatch(rf"{four} \({four}\)", cells[6])
    row = learned.RunFolder(finished).rows()[-1]
    assert cells[6].startswith(f"{row['js1']:.3f} {row['js2']:.3f}")
    assert cells[7] == f"{row['words']:.0%} ({row['words_floor']:.0%})"


def test_a_run_goes_on(finished, capsys):
    assert main(["train", "--resume", str(finished), "--iterations", "6", "--device", "cpu"]) == 0
    assert learned.RunFolder(finished).rows()[-1]["iteration"] == 6


def test_lines_are_sampled_without_the_text(finished, text, capsys):
    away = text.rename(text.with_suffix(".away"))
    try:
        assert main(["sample", str(finished), "-n", "9", "-o", "lines.txt"]) == 0
        assert main(["sample", str(finished), "-n", "9", "-o", "codes.npy"]) == 0
    finally:
        away.rename(text)
    assert capsys.readouterr().out.splitlines()[0] == "9 lines of 8 characters at most: lines.txt"
    codes = np.load("codes.npy")
    assert (codes.shape, codes.dtype) == ((9, 8), np.uint8)
    with open("lines.txt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    assert lines == [*learned.RunFolder(finished).alphabet().decode(codes), ""]


@pytest.mark.parametrize("suffix", ["csv", "png"])
def test_lines_are_no_table_and_no_picture(finished, suffix, capsys):
    assert main(["sample", str(finished), "-o", f"lines.{suffix}"]) == 2
    assert "lines of text go to .txt or .npy" in capsys.readouterr().err


def test_points_are_no_lines(capsys):
    options = ["--critic.width", "4", "--generator.width", "4", "--iterations", "1", "--n", "20"]
    assert main(["train", *options, "--device", "cpu", "--run", "toy"]) == 0
    assert main(["sample", "toy", "-o", "points.txt"]) == 2
    assert "expected one of .npy, .csv, .png" in capsys.readouterr().err


def test_a_text_is_not_written_over(finished, text, capsys):
    out = ["-o", str(text), "--overwrite"]
    assert main(["sample", str(finished), *out]) == 2
    assert "--out" in capsys.readouterr().err
    assert text.read_text().startswith("line 0")


@pytest.mark.slow
def test_several_seeds_are_told_in_a_table(text, capsys):
    source = f"text:{text}:length=4"
    options = [*TINY, "--data", source, "--seeds", "2", "--run", "many"]
    assert main(["train", *options]) == 0
    assert len(capsys.readouterr().out.partition("\n\n")[0].splitlines()) == 3
    runs = [learned.RunFolder(f"many-seed{k}").rows() for k in range(2)]
    assert runs[0][-1]["estimate"] != runs[1][-1]["estimate"]


def test_profile_step_tells_where_the_time_goes(text, folder, capsys):
    assert main(["train", *TINY, "--data", f"text:{text}:length=4", "--profile-step"]) == 0
    assert "whole iteration" in capsys.readouterr().out
    assert not list(folder.iterdir())


@pytest.mark.parametrize("preset", ["wgan-gp-paper", "wgan", "gan", "wgan-orthonormal", "emd"])
def test_presets_know_text(preset):
    config = Train(preset=preset).preset_config("text:book.txt")
    assert config.data == "text:book.txt"
    if preset == "wgan-gp-paper":
        assert (config.critic.filters, config.iterations) == (512, 200_000)


def test_the_default_preset_is_of_the_paper_and_quick_is_small():
    config = Train(quick=True).preset_config("text:book.txt")
    assert (config.constraint, config.critic.filters, config.iterations) == ("gp", 8, 100)
    assert isinstance(Train().preset_config("text:book.txt").critic, learned.TextResNetConfig)


def test_perceptrons_are_chosen(text):
    config = Train(critic_net="mlp", generator_net="mlp").preset_config(f"text:{text}")
    assert isinstance(config.critic, learned.MLPConfig)
    back = Train(critic_net="text").preset_config("8gaussians")
    assert isinstance(back.critic, learned.TextResNetConfig)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "16"], "size and color are of images"),
        (["--color", "grey"], "size and color are of images"),
        (["--workers", "1"], "--workers reads images"),
        (["--columns", "x"], "--columns and --weights are of files"),
        (["--n", "4097"], "--n 4097: expected 1 to 4,096"),
        (["--critic-net", "dcgan"], "is for images"),
        (["--generator-net", "dcgan"], "is for images"),
        (["--critic-net", "patch", "--constraint", "orthonormal"], "is for images"),
        (["--critic.kernel", "4"], "give an odd number"),
    ],
)
def test_mistakes_are_told_in_a_line(arguments, message, text, capsys):
    assert main(["train", "--data", f"text:{text}", "--device", "cpu", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("text:nowhere", "there is no file 'nowhere'"),
        ("text:.", "is a directory"),
        ("text:", "names no file"),
        ("text:lines:width=3", "there is no file 'lines:width=3'"),
    ],
)
def test_what_is_no_text_is_told_in_a_line(source, message, capsys):
    assert main(["train", "--data", source, "--device", "cpu"]) == 2
    assert message in capsys.readouterr().err


def test_other_commands_say_that_text_is_to_train_on(text, capsys):
    for arguments in (
        ["distance", f"text:{text}", f"text:{text}"],
        ["bracket", f"text:{text}", f"text:{text}"],
        ["compare", "--points", f"text:{text}", f"text:{text}"],
    ):
        assert main(arguments) == 2, arguments
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "text" in err


@pytest.mark.slow
def test_a_bracket_is_found_where_it_is_asked_for(finished, text, capsys):
    assert main(["bracket", str(finished), f"text:{text}:length=8", "--seconds", "3"]) == 0
    assert "of the lines that it was trained on" in capsys.readouterr().out
