"""Event files say what metrics.csv says, whenever and however often a run was stopped."""

import builtins
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from wganlab import compare, learned
from wganlab.cli import main
from wganlab.learned import MLPConfig, RunFolder, TrainConfig
from wganlab.learned.runs.track import FAKE, REAL, SIDE, picture

TINY = MLPConfig(width=8, depth=1)
SMALL = TrainConfig(
    critic=TINY, generator=TINY, n_critic=1, batch=8, iterations=6, every=2, checkpoint=3
)
OPTIONS = "--critic.width 8 --generator.width 8 --batch 8 --n-critic 1 --iterations 6 --every 2"
COMMAND = ["train", *OPTIONS.split(), "--checkpoint", "3", "--n", "20", "--track"]


def events(folder):
    read = EventAccumulator(
        str(folder / "events"), dict.fromkeys(("scalars", "images", "histograms", "tensors"), 0)
    )
    read.Reload()
    return read


def told(folder):
    """Every point of every scalar, by name."""
    read = events(folder)
    return {
        tag: [(point.step, point.value) for point in read.Scalars(tag)]
        for tag in read.Tags()["scalars"]
    }


def expected(folder):
    """The same, out of metrics.csv."""
    rows = RunFolder(folder).rows()
    return {
        f"metrics/{name}": [(row["iteration"], np.float32(row[name])) for row in rows]
        for name in rows[0]
        if name != "iteration"
    }


def assert_same(folder):
    scalars, rows = told(folder), expected(folder)
    assert scalars.keys() == rows.keys()
    for tag, points in scalars.items():
        np.testing.assert_array_equal(points, rows[tag])


def cut(folder, iteration, **options):
    """A run that loses its power there."""

    def plug(view):
        if view.iteration == iteration:
            raise InterruptedError
        return {}

    with pytest.raises(InterruptedError):
        learned.train(SMALL, folder=folder, observers=[plug], **options)


def test_every_number_of_every_row_is_there(tmp_path):
    watch = compare.observers(20)
    run = learned.train(SMALL, folder=tmp_path / "a", observers=watch, track=True)
    assert_same(tmp_path / "a")
    assert len(told(tmp_path / "a")["metrics/emd"]) == 4
    read = events(tmp_path / "a")
    assert [image.step for image in read.Images("samples")] == [0, 2, 4, 6]
    (text,) = read.Tensors("config/text_summary")
    assert SMALL.to_json() in text.tensor_proto.string_val[0].decode()
    untracked = learned.train(SMALL, observers=watch).generator.state_dict()
    for name, weight in run.generator.state_dict().items():
        assert torch.equal(weight, untracked[name])


@pytest.mark.parametrize("iteration", [2, 4, 6])
def test_a_run_that_goes_on_has_no_point_twice(iteration, tmp_path):
    cut(tmp_path / "a", iteration, track=True)
    learned.resume(tmp_path / "a")
    assert_same(tmp_path / "a")
    assert [image.step for image in events(tmp_path / "a").Images("samples")] == [0, 2, 4, 6]


def test_a_run_is_tracked_from_its_middle_with_all_its_rows(tmp_path):
    cut(tmp_path / "a", 4)
    assert not (tmp_path / "a" / "events").exists()
    learned.resume(tmp_path / "a", track=True)
    assert_same(tmp_path / "a")


def test_points_on_the_line_are_a_histogram(tmp_path):
    np.save(tmp_path / "points.npy", np.linspace(0, 1, 50)[:, None])
    config = replace(SMALL, data=str(tmp_path / "points.npy"))
    learned.train(config, folder=tmp_path / "a", track=True)
    assert [point.step for point in events(tmp_path / "a").Histograms("samples")] == [0, 2, 4, 6]


def test_a_picture_shows_generated_points_over_real_ones():
    real = torch.tensor([[0.0, 0, 7], [1, 0, 7], [0, 1, 7], [1, 1, 7]])
    shown = picture(real, torch.tensor([[0.0, 0, 0], [9, 9, 9]]))
    colors = {tuple(color) for color in shown.flatten(1).T.tolist()}
    assert colors == {(255, 255, 255), REAL, FAKE}
    fake = (shown.permute(1, 2, 0) == torch.tensor(FAKE)).all(dim=2).nonzero()
    assert len(fake) == 9
    assert (fake[:, 0] > SIDE / 2).all()  # low is below
    assert (fake[:, 1] < SIDE / 2).all()


@pytest.mark.slow
def test_the_command_tracks_every_seed_and_goes_on(tmp_path, capsys, monkeypatch):
    def in_turn(jobs, *_):
        for job in jobs:
            job.run()
        return {}

    monkeypatch.setattr("wganlab.commands.side_by_side.side_by_side", in_turn)
    assert main([*COMMAND, "--run", str(tmp_path / "a"), "--seeds", "2"]) == 0
    for seed in (0, 1):
        assert_same(tmp_path / f"a-seed{seed}")
        assert "metrics/sampling_floor" in told(tmp_path / f"a-seed{seed}")
    assert main(["train", "--resume", str(tmp_path / "a-seed0"), "--track"]) == 0
    assert_same(tmp_path / "a-seed0")


@pytest.fixture
def without(monkeypatch):
    """As if TensorBoard were not installed."""
    load = builtins.__import__

    def lacking(name, *arguments, **options):
        if name.partition(".")[0] == "tensorboard":
            raise ModuleNotFoundError(name)
        return load(name, *arguments, **options)

    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", lacking)


@pytest.mark.parametrize("seeds", ["1", "2"])
def test_without_the_extra_nothing_is_trained(seeds, without, tmp_path, capsys):
    assert main([*COMMAND, "--run", str(tmp_path / "a"), "--seeds", seeds]) == 2
    captured = capsys.readouterr()
    assert captured.err == (
        'wganlab: error: tracking a run needs TensorBoard: pip install "wganlab[track]"\n'
    )
    with pytest.raises(ModuleNotFoundError, match=r'pip install "wganlab\[track\]"'):
        learned.train(SMALL, folder=tmp_path / "a", observers=[pytest.fail], track=True)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_kept_nowhere_is_not_tracked():
    with pytest.raises(ValueError, match="give folder="):
        learned.train(SMALL, observers=[pytest.fail], track=True)
