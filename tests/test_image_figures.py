"""Runs on images are kept, gone on with and shared by figures; other images can be given."""

import copy
import importlib
import json
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from figures import image_runs, wgan_images
from figures import making as build
from figures.shelf import load
from wganlab import plots
from wganlab.learned.runs.loop import advance
from wganlab.learned.runs.observing import view_of
from wganlab.learned.runs.state import RunState

CURVES, SHEETS = ("wgan_fig3", "wgan_fig4", "wgan_fig8"), ("wgan_fig5", "wgan_fig6", "wgan_fig7")
LOOK = image_runs.Look(40, 3)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A folder of runs of its own, and digits."""
    monkeypatch.setenv("FIGURES_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("WGANLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FIGURES_DATA", raising=False)
    return tmp_path / "runs"


def script(name):
    return importlib.import_module(f"figures.{name}")


def refuse(*_, **__):
    raise AssertionError("a run was trained again")


def interrupt():
    raise KeyboardInterrupt


def numbers(kept):
    return [
        {name: value for name, value in row.items() if name != "seconds" and value == value}
        for row in kept.rows
    ]


@pytest.mark.parametrize(
    ("stop", "checkpoint"), [(interrupt, 2), (lambda: signal.raise_signal(signal.SIGINT), 100)]
)
def test_a_run_that_was_stopped_is_gone_on_with(runs, monkeypatch, stop, checkpoint):
    config = replace(wgan_images.config("gan", "dcgan", "quick"), checkpoint=checkpoint)
    looked, looks = image_runs.earth_mover, []

    def look(view, n):
        looks.append(view.iteration)
        if len(looks) == 2:
            stop()
        return looked(view, n)

    with monkeypatch.context() as patched:
        patched.setattr(image_runs, "earth_mover", look)
        with pytest.raises(KeyboardInterrupt):
            image_runs.kept("stopped", config, LOOK, "quick")
        assert looks == [0, 3]
    (folder,) = runs.glob("stopped-*/")
    assert not image_runs._finished(image_runs.learned.RunFolder(folder))
    gone_on = image_runs.kept("stopped", config, LOOK, "quick")
    whole = image_runs.kept("whole", config, LOOK, "quick")
    assert numbers(gone_on) == numbers(whole)
    assert gone_on.column("iteration").tolist() == list(range(7))
    assert np.array_equal(gone_on.sheet(6), whole.sheet(6))
    assert np.isfinite(gone_on.column("emd")).tolist() == [record % 3 == 0 for record in range(7)]

    monkeypatch.setattr(image_runs, "trained", refuse)
    again = image_runs.kept("stopped", config, LOOK, "quick")
    assert numbers(again) == numbers(whole)


def test_a_run_is_trained_again_when_what_it_depends_on_has_changed(runs, monkeypatch):
    config = replace(wgan_images.config("gan", "dcgan", "quick"), iterations=1)
    first = image_runs.kept("run", config, LOOK, "quick")
    with monkeypatch.context() as patched:
        patched.setattr(image_runs, "trained", refuse)
        assert image_runs.kept("run", config, LOOK, "quick").folder == first.folder
        with pytest.raises(AssertionError, match="trained again"):
            image_runs.kept("run", replace(config, seed=1), LOOK, "quick")
        with pytest.raises(AssertionError, match="trained again"):
            image_runs.kept("run", config, replace(LOOK, n=30), "quick")
        patched.setattr(image_runs, "digest", lambda config, look: "of other code")
        with pytest.raises(AssertionError, match="trained again"):
            image_runs.kept("run", config, LOOK, "quick")


def test_a_classifier_is_kept_by_the_code_that_trains_it(runs, monkeypatch, tmp_path):
    config, sources = wgan_images.config("gan", "dcgan", "quick"), image_runs.provenance.NOW
    codes = iter(["one", "one", "two"])
    monkeypatch.setattr(type(sources), "digest", lambda *_: next(codes))
    first, again, other = (image_runs.classifier(config, 1) for _ in range(3))
    weights = [list(network.parameters()) for network in (first, again, other)]
    assert all(map(torch.equal, *weights[:2]))
    assert len(list((tmp_path / "cache" / "classifiers").iterdir())) == 2
    assert first.classes == other.classes == 10


def test_critics_with_batch_norm_are_looked_at_as_a_step_sees_them(runs):
    training = RunState(wgan_images.config("gan", "dcgan", "quick"), torch.device("cpu"))
    advance(training)
    view = view_of(training)
    before = copy.deepcopy(view.critic.state_dict())
    row = LOOK(view)
    assert all(torch.equal(before[name], now) for name, now in view.critic.state_dict().items())
    critic, told = copy.deepcopy(view.critic).train(), []
    with torch.no_grad():
        for some in (slice(8 * k, 8 * k + 8) for k in range(image_runs.BATCHES)):
            f_real, f_fake = (critic(points[some]).double() for points in (view.real, view.fake))
            logs = torch.nn.functional.logsigmoid(torch.cat([f_real, -f_fake]))
            told.append(np.log(2) + logs.mean().item())
    assert row["batch_estimate"] == pytest.approx(np.mean(told), rel=1e-4)


def test_other_images_are_taken_and_a_set_of_one_class_has_no_coverage(runs, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    archive = tmp_path / "noise.npz"
    np.savez(archive, images=rng.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8))
    monkeypatch.setenv("FIGURES_DATA", f"npz:{archive}")
    arrays = script("wgan_fig7").compute("quick")
    assert "shares" not in arrays
    assert arrays["sheets"].shape == (2, 64, 8, 8, 3)
    configs = [json.loads(path.read_text()) for path in runs.glob("*/config.json")]
    assert [config["data"] for config in configs] == [f"npz:{archive}"] * 2
    with plots.style():
        assert len(script("wgan_fig7").draw(arrays).axes) == 3
    assert image_runs.classifier(wgan_images.config("gan", "mlp", "quick"), 1) is None


@pytest.mark.parametrize("name", [*CURVES, *SHEETS])
def test_the_papers_profile_without_images_tells_what_to_give(runs, name):
    with pytest.raises(ValueError, match="give DATA=folder:PATH or DATA=hub:NAME"):
        script(name).compute("paper")


def test_the_papers_configurations_are_the_papers(monkeypatch):
    monkeypatch.setenv("FIGURES_DATA", "hub:some/rooms")
    configs = {
        (kind, pair): wgan_images.config(kind, pair, "paper")
        for kind in ("wgan", "gan")
        for pair in ("dcgan", "constant", "mlp", "high")
    }
    for (kind, pair), config in configs.items():
        rate = {"wgan": 5e-5, "gan": 2e-4}[kind]
        assert (config.size, config.latent, config.batch) == (64, 100, 64)
        assert config.generator_optimizer == config.critic_optimizer
        assert (config.critic_optimizer.lr > rate) == (pair == "high")
    wgan, gan = (configs[kind, "dcgan"] for kind in ("wgan", "gan"))
    assert (wgan.objective, wgan.constraint, wgan.clip) == ("wasserstein", "clip", 0.01)
    assert (wgan.n_critic, wgan.phases, wgan.critic_optimizer.name) == (5, "original", "rmsprop")
    assert (gan.objective, gan.constraint, gan.n_critic) == ("non-saturating", "none", 1)
    assert (gan.critic_optimizer.name, gan.critic_optimizer.betas) == ("adam", (0.5, 0.999))
    for pair, parameters in (("dcgan", 3_576_704), ("constant", 302_080)):
        network = configs["wgan", pair].generator.generator_for(
            100, (3, 64, 64), torch.Generator().manual_seed(0)
        )
        assert sum(weight.numel() for weight in network.parameters()) == parameters


def test_progress_is_told_of_runs_that_are_on_their_way(runs):
    config = replace(wgan_images.config("gan", "dcgan", "quick"), iterations=2)
    kept = image_runs.kept("wgan_some", config, LOOK, "quick")
    metrics = kept.folder / "metrics.csv"
    assert build.how_far(metrics) == ""
    metrics.write_text("\n".join(metrics.read_text().splitlines()[:-1]))
    assert build.how_far(metrics) == "wgan_some 1/2"
    shutil.rmtree(kept.folder)
    assert build.how_far(metrics) == ""


def test_a_reference_sheet_is_of_images_that_no_step_sees(runs):
    config = wgan_images.config("gan", "dcgan", "quick")
    law = config.law()
    assert np.array_equal(image_runs.examples(config, 5), law.whole.images[law.unseen[:5]])
    assert image_runs.floor(config, 40) > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "classes", "kind"), [("gp_fig2_small", 2, "classes"), ("lab_image_critics", 1, "none")]
)
def test_other_images_are_judged_by_their_classes_or_by_pixels_alone(
    runs, tmp_path, monkeypatch, name, classes, kind
):
    archive = tmp_path / "noise.npz"
    images = np.random.default_rng(0).integers(0, 256, (60, 16, 16, 1), dtype=np.uint8)
    np.savez(archive, images=images, labels=np.arange(60) % classes)
    monkeypatch.setenv("FIGURES_DATA", f"npz:{archive}")
    arrays = script(name).compute("quick")
    assert (str(arrays["kind"]), str(arrays["data"])) == (kind, f"npz:{archive}")
    assert np.isfinite(arrays["found"]).all() == (kind == "classes")
    assert np.isnan(arrays.get("lower", np.nan)).all()
    with plots.style():
        title = script(name).draw(arrays).get_suptitle()
    assert "attributes" not in title
    assert ("WGAN-GP" in title) == (kind == "classes")


@pytest.mark.slow
def test_many_classes_are_not_named(quick):
    arrays = load(quick("wgan_fig5") / "wgan_fig5.npz")
    arrays |= {
        "shares": np.full((3, 26), 1 / 26),
        "labels": np.array(list("abcdefghijklmnopqrstuvwxyz")),
    }
    with plots.style():
        figure = script("wgan_fig5").draw(arrays)
    assert [len(axes.get_xticks()) for axes in figure.axes[3:]] == [0, 0, 0]


@pytest.mark.slow
def test_figures_share_their_runs(quick):
    for name in ("wgan_fig3", "wgan_fig4", "wgan_fig5", "wgan_fig7"):
        folder = quick(name).parent / "figures-runs"
    names = [path.name[:-13] for path in folder.glob("*/")]
    expected = {f"{kind}_{pair}" for kind in ("wgan", "gan") for pair in ("mlp", "dcgan", "high")}
    assert expected <= set(names)
    assert [name for name in expected if names.count(name) > 1] == []
