"""Figures are made, are made again only as far as they must be, fail one by one, and end."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figures import making as build
from figures import workers
from figures.catalog import FIGURES, PROFILES
from figures.making import Figures, main, ordered
from figures.provenance import ROOT
from figures.shelf import Shelf

MACHINERY = {
    "__init__",
    "__main__",
    "bracket_runs",
    "catalog",
    "face_attributes",
    "image_runs",
    "judged_images",
    "long_runs",
    "making",
    "provenance",
    "render",
    "shelf",
}
MACHINERY |= {"verify", "wgan_claims", "wgan_images", "workers"}


@pytest.fixture(autouse=True)
def called_by_hand(monkeypatch):
    """Not by make, which may run the tests."""
    monkeypatch.delenv("MAKELEVEL", raising=False)


def test_the_catalog_lists_the_scripts():
    scripts = {path.stem for path in (ROOT / "figures").glob("*.py")}
    assert set(FIGURES) == scripts - MACHINERY
    assert len(FIGURES) == len(set(FIGURES))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_its_functions_and_its_picture_in_the_gallery(name):
    tree = ast.parse((ROOT / "figures" / f"{name}.py").read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    taken = {node for node in tree.body if isinstance(node, ast.ImportFrom)}
    functions |= {alias.name for node in taken for alias in node.names}
    assert {"compute", "draw"} <= functions
    with Image.open(ROOT / "figures" / "gallery" / f"{name}.png") as image:
        assert image.width == 1000


@pytest.mark.slow
def test_an_edit_of_what_is_drawn_draws_again_and_one_of_what_is_computed_computes(tmp_path):
    for part in ("figures", "wganlab"):
        shutil.copytree(
            ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("*.png", "out", "*.npz")
        )
    script, out = tmp_path / "figures" / "wgan_fig1.py", tmp_path / "figures" / "out" / "quick"

    def made(old="", new=""):
        """After an edit: the lines that are printed, and the files that are there."""
        assert old in script.read_text()
        script.write_text(script.read_text().replace(old, new))
        result = subprocess.run(
            [sys.executable, "-m", "figures", "--profile", "quick", "--only", "wgan_fig1"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        *lines, summary = result.stdout.splitlines()
        lines = [re.sub(r" +\d+\.\d s  ", " ", line) for line in lines]
        files = {path.name: path.read_bytes() for path in out.iterdir()}
        return [*lines, summary.partition(", 0 failed in ")[0]], files

    line = "wgan_fig1 figures/out/quick/wgan_fig1.png"
    told, first = made()
    assert told == [line, "1 made, 0 up to date"]
    for path in tmp_path.rglob("*"):
        os.utime(path, (10**9, 10**9))  # as a fresh checkout has other times
    docstring = "one of them moves", "one line moves"
    assert made(*docstring) == (["0 made, 1 up to date"], first)
    told, drawn = made('set_xlabel("θ")', 'set_xlabel("the way")')
    assert told == [f"{line}  redrawn", "0 made, 1 redrawn, 0 up to date"]
    changed = {name for name in first if first[name] != drawn[name]}
    assert changed == {"wgan_fig1.png", "wgan_fig1.pdf", "wgan_fig1.json"}
    told, again = made('set_xlabel("the way")', 'set_xlabel("θ")')
    assert told == [f"{line}  redrawn", "0 made, 1 redrawn, 0 up to date"]
    told, other = made("np.random.default_rng(0)", "np.random.default_rng(1)")
    assert told == [line, "1 made, 0 up to date"]
    for suffix in ("npz", "png", "pdf"):
        name = f"wgan_fig1.{suffix}"
        assert first[name] == again[name] != other[name]


def test_figures_of_the_same_arrays_share_a_process_and_drawing_alone_a_few(tmp_path):
    stale = dict.fromkeys(["wgan_fig1", "lab_boxes", "lab_digits"], "picture")
    stale |= dict.fromkeys(["wgan_fig4_toy", "wgan_fig8_toy", "wgan_fig8"], "arrays")
    orders = ordered(stale, Shelf(tmp_path, "quick"), 2)
    assert [order["names"] for order in orders] == [
        ["wgan_fig1", "lab_digits"],
        ["lab_boxes"],
        ["wgan_fig4_toy", "wgan_fig8_toy"],
        ["wgan_fig8"],
    ]


def test_a_figure_that_takes_its_arrays_from_another_keeps_them_as_the_other_s(tmp_path):
    shelf = Shelf(tmp_path, "quick")
    shelf.put_arrays("wgan_fig4_toy", {"x": np.arange(3)}, 1.0)
    assert (shelf.due("wgan_fig4_toy"), shelf.due("wgan_fig8_toy")) == ("picture", "picture")
    assert shelf.arrays("wgan_fig8_toy")["x"].tolist() == [0, 1, 2]
    assert shelf.due("wgan_fig3_toy") == "arrays"


@pytest.mark.slow
def test_a_failure_does_not_lose_the_others_and_is_made_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build, "FIGURES", ("lab_missing", "wgan_fig1"))
    assert main(Figures(profile="quick", out=tmp_path)) == 1
    out = capsys.readouterr().out
    assert "1 made, 0 up to date, 1 failed: lab_missing in" in out
    assert "No module named 'figures.lab_missing'" in out
    folder = tmp_path / "quick"
    with Image.open(folder / "wgan_fig1.png") as image:
        assert image.width > 1500
    assert (folder / "wgan_fig1.pdf").read_bytes().startswith(b"%PDF")
    (folder / "wgan_fig1.png").unlink()
    monkeypatch.setattr(workers, "ENVIRONMENT", {"PYTHONPATH": "", "PYTHONHASHSEED": "none such"})
    assert main(Figures(profile="quick", only="wgan_fig1", out=tmp_path)) == 1
    assert "PYTHONHASHSEED" in capsys.readouterr().out
    assert Shelf(folder, "quick").due("wgan_fig1") == "picture"


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


ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def running(mark):
    """The processes whose environment has that mark, by id."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            ended = (path / "stat").read_text().rpartition(") ")[2][0] == "Z"
            if not ended and mark.encode() in (path / "environ").read_bytes().split(b"\0"):
                found.add(int(path.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


def busy(process):
    """Seconds that a process has worked."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at /proc")
@pytest.mark.parametrize(
    ("command", "number", "work"),
    [
        ("python", signal.SIGINT, 0),
        ("python", signal.SIGTERM, 0),
        ("python", signal.SIGKILL, 2),
        ("python", signal.SIGHUP, 0),
        ("make", signal.SIGINT, 0),
        ("make", signal.SIGKILL, 0),
    ],
)
def test_nobody_goes_on_when_what_makes_the_figures_is_stopped(tmp_path, command, number, work):
    mark, names = f"FIGURES_TEST={tmp_path}", "lab_samples,lab_theta_descent"  # minutes of work
    python = f"{sys.executable} -m figures --profile paper --out {tmp_path} --jobs 2 --only {names}"
    (tmp_path / "Makefile").write_text(f"all:\n\t@{python}\n")
    line = {"python": python.split(), "make": ["make", "-s", "-f", str(tmp_path / "Makefile")]}
    with started(line[command], FIGURES_TEST=str(tmp_path)) as process:
        try:
            wanted = {"python": 3, "make": 4}[command]
            wait_until(lambda: len(running(mark)) == wanted)
            children = running(mark) - {process.pid}
            wait_until(lambda: max(map(busy, children)) > work)
            os.kill(process.pid, number)
            wait_until(lambda: not running(mark))  # whoever goes on works longer, or has an end
        finally:
            for left in running(mark):
                os.kill(left, signal.SIGKILL)
        told = process.stderr.read()
    if command == "python" and number != signal.SIGKILL:
        assert process.returncode == 130
        assert told.splitlines()[-1].startswith("figures: stopped; what is finished stays")
    assert list((tmp_path / "paper").glob("*.json")) == []


@pytest.mark.slow
def test_figures_are_made_in_the_background_too(tmp_path):
    python = f"{sys.executable} -m figures --profile quick --out {tmp_path} --only lab_samples"
    (tmp_path / "Makefile").write_text(f"all:\n\t@sleep 0.1; {python}\n")
    shell = f"trap '' INT; make -s -f {tmp_path}/Makefile"  # as a shell starts it there
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 made" in done.stdout


@pytest.mark.slow
def test_a_run_on_images_keeps_what_it_has_come_to_when_it_is_stopped(tmp_path):
    from wganlab.learned import RunFolder

    def come_to():
        folders = [path.parent for path in tmp_path.glob("runs/*/metrics.csv")]
        return max(
            (row["iteration"] for path in folders for row in RunFolder(path).rows()), default=0
        )

    command = [sys.executable, "-m", "figures", "--only", "gp_fig5b", "--out", str(tmp_path)]
    with started(command) as process:
        try:
            wait_until(come_to)
        finally:
            process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130, told
    (folder,) = tmp_path.glob("runs/*/")
    kept = RunFolder(folder).load("cpu")["iteration"]
    assert kept >= come_to() > 0  # where no checkpoint is due before the end


def started(command, **environment):
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in ENDS],  # where ignored
    )


def wait_until(true, seconds=100):
    latest = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < latest
        time.sleep(0.05)


@pytest.mark.slow
def test_pages_are_equal_from_run_to_run_and_show_every_record(quick):
    from figures import lab_training
    from figures.shelf import load

    arrays = load(quick("lab_training") / "lab_training.npz")
    page = lab_training.page(arrays)
    assert page == lab_training.page(arrays)
    assert len(page) < 1e6
    content = json.loads(re.search("const page = (.*);", page)[1])
    assert content["iterations"] == arrays["iteration"].tolist()
    assert [panel["title"] for panel in content["panels"]] == list(lab_training.PANELS.values())
    for k, panel in enumerate(content["panels"]):
        assert [len(cloud) for cloud in panel["clouds"]] == [2 * 500] * 26
        exact, proven, gap, floor = panel["curves"]
        assert floor["values"] == pytest.approx([float(arrays["floor"])] * 26, rel=1e-3)
        assert exact["values"] == pytest.approx(arrays["emd"][k, 0].tolist(), rel=1e-3)
        assert proven["values"] == pytest.approx(arrays["certificate"][k, 0].tolist(), rel=1e-3)
        times = float(gap["name"].partition(" × ")[2] or 1)
        assert (times > 1) == (k in (0, 3))  # clipped, or of a slope far below 1
        shown = (times * arrays["estimate"][k, 0]).tolist()
        assert gap["values"] == pytest.approx(shown, rel=1e-3, abs=1e-3)
