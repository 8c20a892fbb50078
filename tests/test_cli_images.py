"""The commands `train`, `sample` and `runs` on images, as a user meets them."""

import re

import numpy as np
import pytest
from PIL import Image

from wganlab import learned
from wganlab.cli import main

OPTIONS = {
    "size": 8,
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
    *("losses.csv", "nearest.png", "player.html", "samples", "samples.png"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test has a folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Bright and dark images in color, of two classes."""
    path = tmp_path_factory.mktemp("set") / "set.npz"
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    images = rng.integers(100, size=(120, 8, 8, 3)) + 150 * labels[:, None, None, None]
    np.savez(path, images=images.astype(np.uint8), labels=labels)
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory, archive):
    """A run that came to its end, and what was printed."""
    path = tmp_path_factory.mktemp("finished") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WGANLAB_CACHE", str(path.with_name("cache")))
        assert main(["train", *TINY, "--data", f"npz:{archive}", "--run", str(path)]) == 0
    return path


def test_a_run_leaves_numbers_sheets_and_a_page(finished, capsys):
    assert {path.name for path in finished.iterdir()} == FILES
    rows = learned.RunFolder(finished).rows()
    assert [row["iteration"] for row in rows] == [0, 2, 4]
    told = {"emd", "train_emd", "certificate", "sampling_floor", "kid", "memorization", "n"}
    assert told < rows[0].keys()
    assert (rows[0]["all_classes"], rows[0]["n"]) == (2, 12)  # a tenth is held out
    page = (finished / "player.html").read_text()
    assert page.count("data:image/png;base64") == 3
    for name in ("samples.png", "nearest.png"):
        with Image.open(finished / name) as sheet:
            assert np.asarray(sheet.convert("L")).std() > 5
    assert main(["runs", str(finished.parent)]) == 0
    assert "4 of 4" in capsys.readouterr().out


def test_the_table_tells_classes_and_kid(finished, capsys):
    from wganlab.commands.ending import table

    text = table([(finished, learned.RunFolder(finished))])
    heads, cells = (re.split(r" {2,}", line) for line in text.splitlines())
    assert heads[5:] == ["certificate", "classes", "KID", "seconds"]
    assert re.fullmatch(r"\d of 2", cells[6])


@pytest.mark.parametrize("suffix", ["npy", "png"])
def test_images_are_sampled(finished, suffix, capsys):
    out = f"images.{suffix}"
    assert main(["sample", str(finished), "-n", "9", "-o", out]) == 0
    assert capsys.readouterr().out == f"9 images of 8 x 8 pixels, 3 channels: {out}\n"
    if suffix == "npy":
        images = np.load(out)
        assert (images.shape, images.dtype) == ((9, 8, 8, 3), np.uint8)
    else:
        with Image.open(out) as sheet:
            assert sheet.size == (24, 24)


def test_images_are_no_table(finished, capsys):
    assert main(["sample", str(finished), "-o", "images.csv"]) == 2
    assert "images go to .npy or .png" in capsys.readouterr().err


def test_grey_samples_are_grey(tmp_path, capsys):
    options = [*TINY, "--data", "mnist10k[3]", "--critic-net", "fold", "--constraint", "sn"]
    options = [o for o in options if o not in ("--critic.filters", "4")] + ["--latent", "4"]
    assert main(["train", *TINY, "--data", "mnist10k[3]", "--run", "threes"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert re.split(r" {2,}", line)[6:8] == ["-", "-"]  # one class: nothing to classify
    assert main(["sample", "threes", "-n", "4", "-o", "sheet.png"]) == 0
    with Image.open("sheet.png") as sheet:
        assert (sheet.mode, sheet.size) == ("L", (16, 16))


def test_networks_are_chosen_and_have_their_options(capsys):
    few = [part for part in TINY if not part.startswith("--critic")]
    few = few[: few.index("--generator.filters")] + few[few.index("--generator.filters") + 2 :]
    few = [o for k, o in enumerate(few) if not (o == "4" and few[k - 1] == "8")]
    chosen = ["--critic-net", "mlp", "--critic.width", "16", "--generator-net", "mlp"]
    chosen += ["--generator.width", "16", "--data", "mnist10k[3]", "--run", "perceptrons"]
    assert main(["train", *few, *chosen]) == 0
    config = learned.RunFolder("perceptrons").config()
    assert isinstance(config.critic, learned.MLPConfig)
    assert (config.critic.width, config.generator.width) == (16, 16)


def test_quick_is_small():
    from wganlab.commands.train import Train

    config = Train(quick=True).preset_config("mnist10k")
    assert (config.size, config.critic.filters, config.iterations) == (16, 8, 200)


def test_profile_step_tells_where_the_time_goes_and_keeps_nothing(folder, capsys):
    assert main(["train", *TINY, "--data", "mnist10k[3]", "--profile-step"]) == 0
    lines = capsys.readouterr().out.splitlines()
    parts = {re.split(r" {2,}", line)[0] for line in lines[1:]}
    loss = "generator: loss and derivatives"
    assert {"real points", "generated points", loss, "whole iteration"} < parts
    assert lines[-1].endswith("100%")
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "mnist10k", "--n", "4097"], "--n 4097: expected 1 to 4,096"),
        (["--data", "8gaussians", "--n", "1001"], "--n 1001: expected 1 to 1,000"),
        (["--data", "mnist10k", "--size", "27"], "works for multiples of 4; resize them"),
        (["--data", "mnist10k[x]"], "no class 'x'"),
        (["--data", "folder:nowhere"], "there is no folder 'nowhere'"),
        (["--data", "mnist10k", "--workers", "-1"], "--workers -1: expected 0 or more"),
        (["--data", "mnist10k", "--critic-net", "unet"], "unet"),
        (["--data", "mnist10k", "--critic.width", "8"], "--critic.width"),
        (["--data", "8gaussians", "--critic-net", "dcgan"], "is for images"),
    ],
)
def test_mistakes_are_told_in_a_line(arguments, message, capsys):
    assert main(["train", *arguments, "--device", "cpu"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err
