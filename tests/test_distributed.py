"""Several processes, each with its part of every batch, end where one with the whole batch does."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from processes import free_port, together
from torch import nn

from wganlab import data, learned
from wganlab.learned.distributed import (
    Sharded,
    WholeBatchNorm,
    World,
    joined,
    with_whole_batch_norm,
    world,
)


def test_a_part_is_drawn_from_the_whole():
    whole = torch.randn((6, 2), generator=torch.Generator().manual_seed(0))
    picks = torch.randint(9, (6,), generator=torch.Generator().manual_seed(1))
    for rank in range(3):
        rows = slice(2 * rank, 2 * rank + 2)
        with Sharded(rank, 3):
            part = torch.randn((2, 2), generator=torch.Generator().manual_seed(0))
            picked = torch.randint(9, (2,), generator=torch.Generator().manual_seed(1))
            assert torch.randn((2, 2)).shape == (2, 2)  # from torch's own: as it is
        assert torch.equal(part, whole[rows])
        assert torch.equal(picked, picks[rows])


def test_a_draw_that_cannot_be_parted_is_refused():
    with Sharded(0, 2), pytest.raises(RuntimeError, match=r"randperm draws .* cannot be parted"):
        torch.randperm(4, generator=torch.Generator())


def test_alone_nothing_is_shared():
    assert world() == World(0, 1)
    with joined() as here:
        assert here.any(True)
        assert not here.any(False)
        assert here.by_first(lambda: 7) == 7
        assert here.share(5) == 5


def test_a_batch_that_cannot_be_parted_says_which_can():
    with pytest.raises(ValueError, match=r"batch = 64 cannot be parted .* 3 processes: .*batch 63"):
        World(0, 3).share(64)


def test_batch_norm_of_one_process_is_torch_s():
    torch.manual_seed(0)
    ours = with_whole_batch_norm(nn.Sequential(nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm1d(2))))
    assert [type(part) for part in (ours[0], ours[1][0])] == [WholeBatchNorm] * 2
    theirs, x = nn.BatchNorm2d(3), torch.randn(5, 3, 4, 4, requires_grad=True)
    results = []
    for network in (ours[0], theirs):
        result = network(x)
        (gradient,) = torch.autograd.grad(result.square().cos().sum(), x)
        results.append((result, gradient, network.running_mean, network.running_var))
    for mine, torchs in zip(*results, strict=True):
        torch.testing.assert_close(mine, torchs, rtol=1e-4, atol=1e-5)
    assert ours[0].state_dict().keys() == theirs.state_dict().keys()
    ours[0].eval()
    theirs.eval()
    torch.testing.assert_close(ours[0](x), theirs(x), rtol=1e-4, atol=1e-5)


def test_what_is_about_a_whole_batch_is_refused(monkeypatch):
    monkeypatch.setattr("wganlab.learned.runs.state.world", lambda: World(0, 2))
    for name in ("loss-sensitive", "gmmn", "emd", "sinkhorn"):
        with pytest.raises(ValueError, match="whole batch at once"):
            learned.train(learned.PRESETS[name])


TINY = ["--data", "mnist10k", "--size", "8", "--critic.filters", "4", "--generator.filters", "4"]
TINY += ["--n-critic", "1", "--batch", "8", "--n", "30", "--device", "cpu", "--latent", "4"]


@pytest.fixture
def torchrun(tmp_path):
    """`train` in two processes, by torchrun; they end with the test."""
    started = []

    def begin(*arguments):
        launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2"]
        process = subprocess.Popen(
            [*launcher, f"--master_port={free_port()}", "-m", "--", "wganlab", "train", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


ONE_CLASS = [*TINY, "--data", "mnist10k[3]"]  # no classifier to train


def wait_for(file, process):
    deadline = time.monotonic() + 300
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children(process):
    """The processes that torchrun has started, by rank."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(re.search(r"PPid:\s+(\d+)", (path / "status").read_text())[1])
            told = (path / "environ").read_text()
        except OSError:
            continue
        if parent == process.pid and (rank := re.search(r"\0RANK=(\d+)", told)):
            found[int(rank[1])] = int(path.name)
    return found


def test_torchrun_trains_one_run_that_one_process_can_go_on_with(tmp_path, torchrun):
    options = [*ONE_CLASS, "--iterations", "4", "--every", "2", "--run", "shared"]
    process = torchrun(*options)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert len(out.partition("\n\n")[0].splitlines()) == 2  # below it, notes
    kept = learned.RunFolder(tmp_path / "shared")
    assert [row["iteration"] for row in kept.rows()] == [0, 2, 4]
    assert {"emd", "certificate", "train_emd"} < kept.rows()[0].keys()
    alone = learned.train(kept.config(), progress=False)
    state = kept.load(torch.device("cpu"))["generator"]
    for name, weight in alone.generator.state_dict().items():
        torch.testing.assert_close(state[name].float(), weight.float(), rtol=0, atol=2e-3)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
def test_where_one_is_killed_the_others_end_and_keep_a_checkpoint(tmp_path, torchrun):
    options = [*ONE_CLASS, "--iterations", "4000", "--every", "4000", "--checkpoint", "20"]
    process = torchrun(*options, "--run", "cut")
    wait_for(tmp_path / "cut" / "checkpoint.pt", process)
    os.kill(children(process)[1], signal.SIGKILL)
    out, err = process.communicate(timeout=300)
    assert process.returncode != 0
    assert out == ""
    told = next(line for line in err.splitlines() if "wganlab: error:" in line)
    assert "process 0 of 2: another process of this run has ended" in told
    kept = int(re.search(r"the last checkpoint is cut at iteration ([\d,]+)", told)[1])
    assert "train --resume cut, on fewer processes too" in told
    assert learned.RunFolder(tmp_path / "cut").load(torch.device("cpu"))["iteration"] == kept
    config = tmp_path / "cut" / "config.json"
    config.write_text(config.read_text().replace("4000", str(kept + 3)))
    assert learned.resume(tmp_path / "cut", progress=False).history[-1]["iteration"] == kept + 3


@pytest.mark.parametrize("moment", ["on its way", "told"])
def test_the_end_that_torchrun_sends_takes_nothing_from_what_is_told(tmp_path, moment):
    """By a process of its own, which that end would kill."""
    code = f"""
import os, pathlib, signal
from wganlab.commands.ending import guarded
from wganlab.learned.distributed import LostError

def work():
    try:
        raise LostError("another process of this run has ended")
    finally:
        if {moment == "on its way"}:
            os.kill(os.getpid(), signal.SIGTERM)

try:
    guarded(pathlib.Path("nowhere"), work)
except LostError as error:
    os.kill(os.getpid(), signal.SIGTERM)
    print("told:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.stdout.startswith("told: process 0 of 1: another process"), done.stderr


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
def test_ctrl_c_keeps_a_checkpoint_and_is_told_once(tmp_path, torchrun):
    options = [*ONE_CLASS, "--iterations", "4000", "--every", "10", "--checkpoint", "4000"]
    process = torchrun(*options, "--run", "cut")
    wait_for(tmp_path / "cut" / "samples" / "000010.npy", process)
    for pid in [*children(process).values(), process.pid]:  # as a terminal does
        os.kill(pid, signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode != 0
    assert err.count("wganlab: interrupted") == 1
    iteration = learned.RunFolder(tmp_path / "cut").load(torch.device("cpu"))["iteration"]
    assert iteration >= 10
    assert f"cut at iteration {iteration:,}" in err


def test_mistakes_are_told_by_all_and_by_the_first_first(tmp_path):
    arguments = ["train", *ONE_CLASS, "--batch", "9", "--iterations", "1"]
    code = f"from wganlab.cli import main; raise SystemExit(main({arguments}))"
    told = together(code, 2, tmp_path)
    assert [status for _, _, status in told] == [2, 2]  # torchrun ends the others before
    for _, err, _ in told:
        assert err.count("wganlab: error: ") == 1
        assert "batch = 9 cannot be parted equally among 2 processes: give --batch 8" in err


@pytest.mark.parametrize("of", ["points", "faces"])
def test_points_drawn_by_weight_and_new_faces_are_parted_too(of):
    points = data.from_points([0.0, 1, 2, 3, 4], weights=[1, 2, 3, 0, 4])
    law = points if of == "points" else data.law("faces")
    whole, parts = law.sample(8, torch.Generator().manual_seed(0)), []
    for rank in range(2):
        with World(rank, 2).sharded():
            parts.append(law.sample(4, torch.Generator().manual_seed(0)))
    torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=0)
