"""Estimates on the wrong side are flagged in every row, summary and picture, and chance is not."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import image

from wganlab import learned
from wganlab.cli import main
from wganlab.commands.train import Train
from wganlab.learned.batch import Batch
from wganlab.learned.runs.sign import remark, wrong_sign

SMALL = ["--critic.width", "8", "--generator.width", "8", "--batch", "8", "--n", "20"]


def batch(gap, slope=1.0, n=1000):
    """Standard normal points on the line, and a linear critic's values, moved apart by a gap."""
    points = torch.randn((n, 1), generator=torch.Generator().manual_seed(0))
    values = slope * points[:, 0]
    return Batch(points, points, values + gap, values)


def test_a_gap_below_zero_counts_by_more_than_chance():
    error = 2 * (2 / 1000) ** 0.5  # of means of 1,000 standard normals each
    for slope in (1.0, 0.01):  # a flat critic that is to have slope 1 is judged as one that has
        assert wrong_sign(batch(-1.2 * error, slope))
        assert not wrong_sign(batch(-0.8 * error, slope))
        assert not wrong_sign(batch(1.0, slope))
    assert wrong_sign(batch(-1.2 * error * 0.01, 0.01), of_slope_one=False)
    assert wrong_sign(batch(-1.2 * 50 * error, 50.0))
    assert not wrong_sign(batch(-0.8 * 50 * error, 50.0))


def test_a_run_is_remarked_on_where_it_ends_on_the_wrong_side():
    def told(*wrong):
        rows = [
            {"iteration": float(k), "estimate": -0.4, "wrong_sign": float(w)}
            for k, w in enumerate(wrong)
        ]
        return remark(rows, learned.PRESETS["wgan-gp"])

    assert told() == told(1, 1, 0, 0, 0, 1, 0) == told(1, 0, 0) == ""
    assert "wrong sign in 1 of its last 2 rows" in told(0, 0, 1)
    assert "--preset wgan-lp" in told(1, 1, 1, 0)
    lp = remark([{"iteration": 0.0, "estimate": -1, "wrong_sign": 1.0}], learned.PRESETS["wgan-lp"])
    assert "wrong sign in its last row" in lp
    assert "--n-critic 10" in lp


class Downhill(torch.nn.Module):
    """A critic on the wrong side, which no step moves much."""

    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor([[-1.0]]))

    def forward(self, x):
        return x @ self.slope


class Left(torch.nn.Module):
    """Generated points far to the left of the real ones."""

    def __init__(self):
        super().__init__()
        self.place = torch.nn.Parameter(torch.tensor(-3.0))

    def forward(self, z):
        return self.place + 0.1 * z


@pytest.fixture
def wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("line.csv", np.random.default_rng(0).normal(size=300))
    config = learned.TrainConfig(
        data="line.csv", latent=1, iterations=4, every=2, batch=8, n_critic=1, constraint="gp"
    )
    slow = learned.Optimizer("sgd", 1e-4)
    config = replace(config, critic_optimizer=slow, generator_optimizer=slow)
    floor = {"n": 20.0, "sampling_floor": 0.1, "emd": 3.0, "certificate": -3.0}
    return learned.train(
        config, critic=Downhill(), generator=Left(), folder="a", observers=[lambda view: floor]
    )


def test_rows_summaries_pictures_and_pages_flag_it(wrong, capsys):
    from wganlab.commands.ending import finish

    assert [row["wrong_sign"] for row in wrong.history] == [0, 1, 1]
    assert "wrong sign in 2 of its last 2 rows" in wrong.remark
    with Path("a/metrics.csv").open(newline="") as file:
        assert [row["wrong_sign"] for row in csv.DictReader(file)] == ["0.0", "1.0", "1.0"]
    finish([Path("a")])
    told = capsys.readouterr().out
    assert re.search(r"-[23]\.\d+ wrong sign ", told)
    assert "\n\nnote: a: wrong sign in 2 of its last 2 rows" in told
    page = Path("a/player.html").read_text()
    assert "iteration 4, wrong sign" in page
    assert "the critic rates generated points above real ones" in page
    flagged = image.imread("a/curve.png")
    rows = [row | {"wrong_sign": 0.0} for row in wrong.history]
    from wganlab.pictures import draw_curve

    draw_curve(Path("plain.png"), rows, wrong.config)
    assert not np.array_equal(flagged, image.imread("plain.png"))
    assert main(["runs", "."]) == 0
    assert " wrong sign " in capsys.readouterr().out
    assert main(["runs", ".", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["wrong_sign"] == 1


@pytest.mark.parametrize(("preset", "flagged"), [("gan", False), ("emd", False), ("wgan", True)])
def test_objectives_that_are_no_distance_by_a_critic_have_no_sign(preset, flagged):
    config = replace(learned.PRESETS[preset], iterations=1, every=1, batch=8)
    row = learned.train(config, progress=False).history[0]
    assert ("wrong_sign" in row) == flagged


@pytest.mark.slow
def test_the_default_for_points_of_one_s_own_has_no_such_optimum(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("line.csv", np.random.default_rng(0).normal(size=300))
    presets = {"line.csv": "lp", None: "gp", "8gaussians": "gp", "parallel_lines:theta=1": "gp"}
    for source, constraint in presets.items():
        assert Train().preset_config(source).constraint == constraint
    assert Train(preset="wgan-gp").preset_config("line.csv").constraint == "gp"
    assert main(["train", *SMALL, "--data", "line.csv", "--iterations", "2", "--every", "1"]) == 0
    assert learned.RunFolder("runs/wgan-lp-line.csv-seed0").config().constraint == "lp"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_quick_run_on_the_line_ends_on_the_right_side(seed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.savetxt("line.csv", np.random.default_rng(0).normal(size=300))
    line = ["--data", "line.csv", "--quick", "--n", "300", "--seed", str(seed)]
    assert main(["train", *line, "--run", "a"]) == 0
    assert "wrong sign" not in capsys.readouterr().out
    rows = learned.RunFolder("a").rows()
    assert rows[-1]["emd"] < 0.4 < rows[0]["emd"]
