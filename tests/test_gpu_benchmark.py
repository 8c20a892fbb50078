"""The benchmark of everything that needs a GPU runs to its end without one, in tiny sizes."""

import importlib
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from wganlab.cli import main

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "gpu.py"
STARTED = ("--profile-step", "torchrun")  # in processes of their own: below, in this one


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("gpu") / "results.json"
    only = f"^(?!{'|'.join(STARTED)})"
    given = ["--quick", "--device", "cpu", "--out", str(out), "--only", only]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *given],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out, json.loads(out.read_text()), done.stdout


def test_all_checks_come_to_a_good_end(results):
    _, told, printed = results
    assert told["device"] == "CPU"
    assert [found["check"] for found in told["results"] if found["ok"] is False] == []
    for found in told["results"]:
        assert f"| {found['part']} | {found['check']} | " in printed
    assert {found["part"] for found in told["results"]} == {"correctness", "speed", "records"}


def test_what_is_compared_is_compared(results):
    found = {result["check"]: result for result in results[1]["results"]}
    assert found["one iteration: wgan-gp"]["gradients"] < 1e-5
    assert 1e-4 < found["bfloat16: DCGAN"]["error"] < 0.2
    assert found["toys, by-hand"]["iterations/s"] > 0
    images = found["DCGAN, textbook, float32, contiguous"]
    assert images["images/s"] > 0
    assert images["GFLOP"] > 0
    resumed = found["resume: DCGAN, deterministic"]
    assert resumed["the same bits"]


def test_a_record_is_kept(results):
    runs = {f"wgan_fig{k}-{name}" for k in (5, 6, 7) for name in ("wgan", "gan")}
    assert {folder.name for folder in results[0].parent.iterdir() if folder.is_dir()} == runs
    folder = results[0].parent / "wgan_fig6-gan"
    names = {file.name for file in folder.iterdir()}
    assert {"config.json", "environment.json", "metrics.csv"} < names
    assert len([name for name in names if name.endswith(".png")]) == 6
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1_000_000


def test_what_is_started_is_started_as_it_should_be(capsys, monkeypatch):
    """Without torchrun's processes, which `test_distributed` has."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    started = importlib.import_module("gpu_started")
    asked = []

    def here(arguments):
        if arguments[:2] == ["-m", "wganlab"]:
            assert main([*arguments[2:], "--quick"]) == 0
        else:
            asked.append(arguments[:4])
            monkeypatch.setattr(sys, "argv", arguments[4:])
            with monkeypatch.context() as patch:
                patch.setattr(torch.backends.cudnn, "allow_tf32", True)
                runpy.run_path(arguments[4], run_name="__main__")
        return capsys.readouterr().out

    monkeypatch.setattr(started, "started", here)
    device = torch.device("cpu")
    assert "whole iteration" in started.profile_step(device)["told"]
    assert started.two_processes("MLP", device) == {"error": 0.0}
    launcher = ["-m", "torch.distributed.run", "--standalone"]
    assert asked == [[*launcher, f"--nproc-per-node={number}"] for number in (1, 2)]
