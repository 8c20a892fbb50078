"""Figures are made, are made again only when they must be, and fail one by one."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figures import __main__ as build
from figures.__main__ import Figures, main
from figures.catalog import FIGURES, PROFILES
from figures.render import ROOT

SCRIPTS = {path.stem for path in (ROOT / "figures").glob("*.py")}


# the learned wing draws its points with the toys' help
LOAD_DATA = {
    name
    for name in FIGURES
    if re.search(
        r"^from (figures\b|wganlab import .*\b(data|learned|compare)\b)",
        (ROOT / "figures" / f"{name}.py").read_text(),
        flags=re.MULTILINE,
    )
}


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.p*")}


@pytest.fixture(scope="session")
def quick(once):
    """Where all figures at the quick profile are, made only where they are out of date."""
    out = ROOT / "figures" / "out"

    def make(_):
        assert main(Figures(profile="quick", out=out)) == 0

    once("figures", make)
    return out


def test_the_catalog_lists_the_scripts():
    machinery = {"__init__", "__main__", "catalog", "image_runs", "render", "wgan_images"}
    assert set(FIGURES) == SCRIPTS - machinery
    assert len(FIGURES) == len(set(FIGURES))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_its_functions_profiles_and_gallery_picture(name):
    tree = ast.parse((ROOT / "figures" / f"{name}.py").read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"compute", "draw"} <= functions
    with Image.open(ROOT / "figures" / "gallery" / f"{name}.png") as image:
        assert image.width == 1000


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_picture_in_png_and_pdf(quick, name):
    with Image.open(quick / "quick" / f"{name}.png") as image:
        assert image.width >= 1500
        assert np.asarray(image.convert("L")).std() > 5
    assert (quick / "quick" / f"{name}.pdf").read_bytes().startswith(b"%PDF")


PAGES = {name for name in FIGURES if "\ndef page(" in (ROOT / "figures" / f"{name}.py").read_text()}


def test_figures_with_a_page_leave_it_and_are_made_again_without_it(quick, tmp_path):
    made = {path.stem for path in (quick / "quick").glob("*.html")}
    assert made & set(FIGURES) == PAGES == {"lab_training"}
    for path in (quick / "quick").glob("lab_training.*"):
        shutil.copy(path, tmp_path)
    page = tmp_path / "lab_training.html"
    assert page.stat().st_size < 1e6
    assert build.up_to_date(tmp_path, "lab_training")
    page.unlink()
    assert not build.up_to_date(tmp_path, "lab_training")


def test_a_page_is_equal_from_run_to_run_and_shows_every_record():
    from figures import lab_training

    records = lab_training.RECORDS + 1
    rng = np.random.default_rng(0)
    numbers = {name: rng.random((5, 1, records)) for name in lab_training.NUMBERS}
    numbers["estimate"][0] /= 99
    arrays = numbers | {
        "sheets": rng.normal(size=(5, records, 30, 2)),
        "iteration": np.linspace(0, 800, records),
        "floor": np.array(0.1),
        "n": np.array(30),
    }
    page = lab_training.page(arrays)
    assert page == lab_training.page(arrays)
    content = json.loads(re.search("const page = (.*);", page)[1])
    assert content["iterations"] == [32 * record for record in range(records)]
    assert [panel["title"] for panel in content["panels"]] == list(lab_training.PANELS.values())
    for panel in content["panels"]:
        assert [len(cloud) for cloud in panel["clouds"]] == [60] * records
        exact, _, gap, floor = panel["curves"]
        assert (exact["name"], floor["values"]) == ("exact EM", [0.1] * records)
        enlarged = panel is content["panels"][0]
        assert gap["name"].startswith("critic gap × ") == enlarged


def test_a_second_call_rebuilds_nothing(quick, capsys):
    before = times(quick)
    assert main(Figures(profile="quick", out=quick)) == 0
    assert times(quick) == before
    assert f"0 made, {len(FIGURES)} up to date, 0 failed" in capsys.readouterr().out


def test_figures_are_equal_from_run_to_run(quick, tmp_path):
    assert main(Figures(profile="quick", only="wgan_fig1", out=tmp_path)) == 0
    for suffix in ("png", "pdf"):
        name = f"quick/wgan_fig1.{suffix}"
        assert (tmp_path / name).read_bytes() == (quick / name).read_bytes()


@pytest.mark.parametrize(
    ("source", "rebuilt"),
    [
        ("figures/lab_digits.py", {"lab_digits"}),
        ("wganlab/data/image_sources.py", LOAD_DATA),
        ("wganlab/data/archives/mnist10k.npz", LOAD_DATA),
        ("wganlab/learned/critic.py", LOAD_DATA - {"lab_digits"}),
        ("wganlab/exact/transport.py", set(FIGURES)),
        ("wganlab/wganlab.mplstyle", set(FIGURES)),
        ("wganlab/cli.py", set()),
    ],
)
def test_a_touched_source_makes_out_of_date_what_depends_on_it(quick, source, rebuilt, monkeypatch):
    def touched(path, *arguments, **options):
        status = os.stat(path, *arguments, **options)
        if Path(path) != ROOT / source:
            return status
        return type("Touched", (), {"st_mtime_ns": status.st_mtime_ns + 1, "st_mode": 0o100644})

    monkeypatch.setattr(Path, "stat", touched)
    stale = {name for name in FIGURES if not build.up_to_date(quick / "quick", name)}
    assert stale == rebuilt


def test_one_failure_does_not_lose_the_others(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build, "FIGURES", ("lab_missing", "wgan_fig1"))
    assert main(Figures(profile="quick", out=tmp_path)) == 1
    out = capsys.readouterr().out
    assert "1 made, 0 up to date, 1 failed: lab_missing" in out
    assert "No module named 'figures.lab_missing'" in out
    assert (tmp_path / "quick" / "wgan_fig1.png").is_file()


def test_a_figure_that_failed_is_made_again_next_time(tmp_path, monkeypatch):
    folder = tmp_path / "quick"
    assert main(Figures(profile="quick", only="wgan_fig1", out=tmp_path)) == 0
    monkeypatch.setattr(build, "ENVIRONMENT", {"PYTHONPATH": "", "MPLBACKEND": "none such"})
    (folder / "wgan_fig1.png").unlink()
    assert main(Figures(profile="quick", only="wgan_fig1", out=tmp_path)) == 1
    assert not build.up_to_date(folder, "wgan_fig1")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"sources": 3}', "\xff"])
def test_a_damaged_stamp_is_out_of_date(content, tmp_path):
    for suffix in ("png", "pdf"):
        (tmp_path / f"wgan_fig1.{suffix}").touch()
    (tmp_path / "wgan_fig1.json").write_text(content, encoding="latin-1")
    assert not build.up_to_date(tmp_path, "wgan_fig1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jobs": -1}, "figures: --jobs -1: expected 0 (one a core) or more\n"),
        ({"only": "wgan_fig9"}, "'wgan_fig9' is none of wgan_fig1"),
        ({"profile": "slow"}, f"'slow' is none of {', '.join(PROFILES)}"),
    ],
)
def test_unknown_names_are_refused(options, message, tmp_path, capsys):
    assert main(Figures(out=tmp_path, **options)) == 2
    assert message in capsys.readouterr().err


def test_the_command_line_prints_one_line_a_figure(tmp_path):
    some = FIGURES[:3]
    options = ["--profile", "quick", "--only", ",".join(some), "--out", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, "-m", "figures", *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    lines = result.stdout.splitlines()
    assert len(lines) == len(some) + 1
    for line in lines[:-1]:
        assert re.fullmatch(r"\w+ +\d+\.\d s  .*\.png", line)
