"""Runs on images are kept, gone on with and shared by figures; other images can be given."""

import copy
import importlib
import json
import shutil
import signal
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from figures import face_attributes, image_runs, wgan_images
from figures import making as build
from wganlab import data, plots
from wganlab.data.faces.reading import read_faces
from wganlab.data.faces.sprites import sprites
from wganlab.learned.runs.loop import advance
from wganlab.learned.runs.observing import view_of
from wganlab.learned.runs.state import RunState

CURVES, SHEETS = ("wgan_fig3", "wgan_fig4", "wgan_fig8"), ("wgan_fig5", "wgan_fig6", "wgan_fig7")
LOOK = image_runs.Look(40, 3, 10)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A folder of runs of its own, and faces."""
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
    monkeypatch.setenv("FIGURES_DATA", "mnist10k")
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
    assert "attributes" not in arrays
    assert arrays["sheets"].shape == (2, 64, 16, 16, 3)
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


def test_images_of_ones_own_have_their_classes_and_kid(runs, monkeypatch):
    monkeypatch.setenv("FIGURES_DATA", "mnist10k")
    found = script("wgan_fig5").compute("quick")
    shares = found["shares"]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(found["largest_share"], shares.max(axis=1))
    np.testing.assert_array_equal(found["classes"], np.sum(shares >= 0.1 / 10, axis=1))
    np.testing.assert_array_equal(found["all_classes"], 10)
    assert np.all((found["confidence"] >= 0.1) & (found["confidence"] <= 1))
    assert np.all(found["kid"] > 0)
    assert np.all(found["emd"] != found["unseen emd"])
    np.testing.assert_allclose(found["emd"], found["unseen emd"], atol=0.2)
    with plots.style():
        figure = script("wgan_fig5").draw(found)
    assert [len(axes.get_xticks()) for axes in figure.axes[3:]] == [10, 10, 10]
    assert f"{found['emd'][1, 0]:.1f} ({found['unseen emd'][1, 0]:.1f})" in (
        figure.axes[2].get_title()
    )
    assert figure.get_suptitle() == ""
    many = {"shares": np.full((3, 26), 1 / 26), "labels": np.array([*"abcdefghijklmnopqrstuvwxyz"])}
    with plots.style():
        figure = script("wgan_fig5").draw(found | many)
    assert [len(axes.get_xticks()) for axes in figure.axes[3:]] == [0, 0, 0]


def test_curves_of_ones_own_images_are_of_those_to_train_on_and_of_others(runs, monkeypatch):
    monkeypatch.setenv("FIGURES_DATA", "mnist10k")
    found = script("wgan_fig3").compute("quick")
    looked = np.isfinite(found["emd"])
    assert np.all(found["emd"][looked] != found["unseen emd"][looked])
    with plots.style():
        axes = script("wgan_fig3").draw(found).axes[3]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), found["emd"][0][looked[0]])
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), found["unseen emd"][0][looked[0]])


def test_faces_are_read_at_looks_and_all_of_them_at_the_end(runs, monkeypatch):
    config, look = wgan_images.config("gan", "dcgan", "quick"), image_runs.Look(40, 4, 40)
    kept = image_runs.kept("read", config, look, "quick")
    np.testing.assert_array_equal(kept.column("read"), [4, np.nan, np.nan, np.nan, 4, np.nan, 40])
    assert np.isfinite(kept.column("emd")).tolist() == np.isfinite(kept.column("read")).tolist()
    monkeypatch.setenv("FIGURES_DATA", "mnist10k")
    other = image_runs.kept("read", wgan_images.config("gan", "dcgan", "quick"), look, "quick")
    assert not {"read", "modes", "tv hair"} & set(other.rows[-1])


def test_what_is_read_of_faces_is_what_was_drawn():
    law = data.law("faces")
    faces = law.of_uniforms(torch.rand(4, law.uniforms, generator=torch.Generator().manual_seed(0)))
    view = SimpleNamespace(law=law, fake=torch.cat([faces[[0, 1, 2, 3]], faces[[0, 0]]]))
    row = face_attributes.row(view, 5)
    assert (row["read"], row["distinct"], row["commonest"]) == (5, 4, 0.4)
    assert row["quality"] == 1
    shares = np.bincount(read_faces(bytes_of(view.fake[:5])).choices["skin"], minlength=8) / 5
    skin = sprites().attributes["skin"].probabilities
    assert row["tv skin"] == pytest.approx(np.abs(shares - skin).sum() / 2)
    grey = SimpleNamespace(law=data.image_law("faces", 16, color="grey"), fake=view.fake)
    assert face_attributes.row(grey, 5) == {}


def bytes_of(images):
    """As files have them: (n, h, w, c)."""
    return ((images + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


def test_seeds_of_a_claim_have_runs_of_their_own(runs, monkeypatch):
    size = replace(wgan_images.SIZES["quick"], seeds=2)
    monkeypatch.setitem(wgan_images.SIZES, "quick", size)
    arrays = script("wgan_fig6").compute("quick")
    configs = [json.loads(path.read_text()) for path in runs.glob("*/config.json")]
    assert sorted(config["seed"] for config in configs) == [0, 0, 1, 1]
    assert arrays["found"].shape == arrays["unseen emd"].shape == (2, 2)
    assert arrays["attribute tv"].shape == (3, 17)  # of seed 0
    np.testing.assert_allclose(arrays["attribute tv"][1:].mean(axis=1), arrays["tv"][:, 0])
    assert np.all(arrays["unseen emd"][:, 0] != arrays["unseen emd"][:, 1])
    assert [len(wgan_images.seeds(pair, "long")) for pair in ("mlp", "constant", "dcgan")] == [
        3,
        3,
        1,
    ]
    with plots.style():
        figure = script("wgan_fig6").draw(arrays)
    for axes, found in zip(figure.axes[1:3], arrays["found"], strict=True):
        assert f"values found {found[0]:.0f}, {found[1]:.0f}, valid" in axes.get_title()


def test_networks_are_those_of_the_papers_code_at_every_profile():
    for profile in ("quick", "laptop", "long"):
        for kind in ("wgan", "gan"):
            config = wgan_images.config(kind, "constant", profile)
            assert (config.generator.norm, config.critic.norm) == ("none", "batch")
            assert (config.generator.growth, config.generator.init) == ("constant", "he")
            config = wgan_images.config(kind, "mlp", profile)
            assert (config.critic.norm, config.clip, config.average) == ("batch", 0.01, 0)


@pytest.mark.slow
def test_figures_share_their_runs(quick):
    for name in ("wgan_fig3", "wgan_fig4", "wgan_fig5", "wgan_fig7"):
        folder = quick(name).parent / "figures-runs"
    names = [path.name[:-13] for path in folder.glob("*/")]
    expected = {f"{kind}_{pair}" for kind in ("wgan", "gan") for pair in ("mlp", "dcgan", "high")}
    assert expected <= set(names)
    assert [name for name in expected if names.count(name) > 1] == []
