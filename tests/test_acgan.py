"""Labels: what both players are told and tell, by hand, and that nothing of it is lost."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import batch_norm, cross_entropy

from wganlab import compare, data, learned
from wganlab.cli import main
from wganlab.compare.brackets.sources import generator_law
from wganlab.learned import (
    DCGANConfig,
    MLPConfig,
    Optimizer,
    ResNetConfig,
    TrainConfig,
    WithClasses,
)
from wganlab.learned.acgan import critic_step, generator_step, latent
from wganlab.learned.networks.labelled import ConditionalBatchNorm, one_hot
from wganlab.learned.runs.observing import view_of
from wganlab.learned.runs.record import keep_record
from wganlab.learned.runs.state import RunState

CPU = torch.device("cpu")
PLAIN = Optimizer("sgd", lr=1e-3)
SMALL = TrainConfig(
    data="mnist10k",
    size=8,
    critic=DCGANConfig(4, norm="layer", init="he"),
    generator=DCGANConfig(4, init="he"),
    critic_optimizer=PLAIN,
    generator_optimizer=PLAIN,
    latent=3,
    n_critic=1,
    batch=20,
    labels=True,
    iterations=2,
    every=1,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def digits():
    return data.images("mnist10k", 8)


@pytest.mark.parametrize("points", [0, 30])
@pytest.mark.parametrize("workers", [0, 1])
def test_real_images_come_with_their_own_classes(points, workers, digits):
    run = RunState(replace(SMALL, points=points), CPU, workers=workers)
    pairs = zip(digits.images, digits.labels, strict=True)
    known = {image.tobytes(): label for image, label in pairs}
    images, classes = run.labelled(20, run.draws)
    assert images.shape == (20, 1, 8, 8)
    pixels = ((images + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    assert [known[one.tobytes()] for one in pixels] == classes.tolist()
    assert len(set(classes.tolist())) > 3
    assert run.classes == tuple("0123456789")


def test_steps_have_the_cross_entropy_beside_their_own_loss(monkeypatch):
    run = RunState(replace(SMALL, class_weight=2.0, generator_class_weight=3.0), CPU)
    seen = {}

    def telling(step):
        def forward(x):
            value, told = WithClasses.both(run.critic, x)
            seen[step] = (x, value, told)
            return value, told

        return forward

    images, classes = run.labelled(20, generator())
    run.labelled = lambda n, draws: (images, classes)
    monkeypatch.setattr(run.critic, "both", telling("critic"), raising=False)
    made = {}
    hook = run.generator.register_forward_pre_hook(lambda _, given: made.update(z=given[0]))
    values = []
    judging = run.critic.register_forward_hook(lambda _, given, f: values.append(f.mean()))
    loss = critic_step(run)
    judging.remove()
    x, value, told = seen["critic"]
    assert torch.equal(x, images)
    assert torch.equal(made["z"][:, 3:], one_hot(classes, 10))  # fakes of the classes of the batch
    mistaken = cross_entropy(told, classes)
    assert 2 < mistaken < 3
    gap_and_penalty = loss - 2 * mistaken
    assert gap_and_penalty + (value.mean() - values[0]) > 0.1  # the penalty
    with torch.no_grad():
        plain = RunState(replace(SMALL, class_weight=0.0), CPU)
    plain.labelled = run.labelled
    torch.testing.assert_close(critic_step(plain), gap_and_penalty, rtol=1e-5, atol=1e-5)
    monkeypatch.setattr(run.critic, "both", telling("generator"), raising=False)
    loss = generator_step(run)
    hook.remove()
    x, value, told = seen["generator"]
    asked = made["z"][:, 3:].argmax(1)
    assert len(set(asked.tolist())) > 3
    torch.testing.assert_close(loss, -value.mean() + 3 * cross_entropy(told, asked))


def test_without_weights_both_players_learn_what_they_would_alone():
    """The critic's trunk is moved by its values alone; its telling of classes is not moved."""
    config = replace(SMALL, class_weight=0.0, generator_class_weight=0.0)
    run = RunState(config, CPU)
    before = {name: w.clone() for name, w in run.critic.named_parameters()}
    critic_step(run)
    moved = {name for name, w in run.critic.named_parameters() if not torch.equal(w, before[name])}
    assert moved
    assert not any(name.startswith("classes.") for name in moved)
    assert {name for name in before if name.startswith("classes.")}


def test_batch_norm_is_told_the_class():
    norm = ConditionalBatchNorm(3, 2)
    nn.init.normal_(norm.scale, generator=generator(1))
    nn.init.normal_(norm.shift, generator=generator(2))
    x, told = torch.randn(6, 3, 4, 4, generator=generator()), torch.tensor([0, 1, 1, 0, 1, 0])
    expected = batch_norm(x, None, None, training=True)
    expected = expected * norm.scale[told][:, :, None, None] + norm.shift[told][:, :, None, None]
    torch.testing.assert_close(norm(x, one_hot(told, 2)), expected)
    assert torch.equal(
        norm.eval()(x[:1], one_hot(told[:1], 2)).isfinite(), torch.ones_like(x[:1]) > 0
    )


@pytest.mark.parametrize(
    "config",
    [
        DCGANConfig(4),
        DCGANConfig(4, norm="none"),
        DCGANConfig(4, kernel=5, bias=True, ends="linear"),
        ResNetConfig("good", 4),
        ResNetConfig("cifar", 4),
        ResNetConfig("bottleneck", 4, repeat=2),
        MLPConfig(16, 2),
    ],
)
def test_generators_listen_to_the_class(config):
    made = config.labelled_generator_for(3, (1, 8, 8), 10, generator())
    for part in made.modules():
        if isinstance(part, ConditionalBatchNorm):
            nn.init.normal_(part.scale, 1.0, 0.3, generator=generator(1))
    made.eval()
    noise = torch.randn(1, 3, generator=generator()).expand(10, 3)
    images = made(torch.cat([noise, torch.eye(10)], dim=1))
    assert images.shape == (10, 1, 8, 8)
    apart = torch.cdist(images.flatten(1), images.flatten(1))
    assert (apart + torch.eye(10) > 1e-6).all()
    critic = config.labelled_critic_for((1, 8, 8), 10, generator()).eval()
    f, told = critic.both(images)
    assert f.shape == (10, 1)
    assert told.shape == (10, 10)
    assert torch.equal(critic(images), f)


def test_each_class_is_told_in_turn_and_a_label_alone():
    run = learned.train(SMALL, progress=False)
    for part in run.generator.modules():
        if isinstance(part, ConditionalBatchNorm):  # equal for all classes at the start
            nn.init.normal_(part.shift, generator=generator(1))
    three = run.sample(20, generator(), "3")
    turns = run.sample(20, generator())
    assert torch.allclose(turns[[3, 13]], three[[3, 13]], atol=1e-6)
    assert not torch.allclose(turns[4], three[4], atol=1e-3)
    assert torch.equal(run.sample(20, generator(), 3), three)
    with pytest.raises(ValueError, match="knows no class 'ten': choose from 0, 1, 2"):
        run.sample(1, generator(), "ten")
    view = view_of(RunState(SMALL, CPU), 100)
    assert view.classes == run.classes


def test_a_kept_run_knows_its_classes_without_its_data(tmp_path, capsys):
    np.savez(
        tmp_path / "set.npz",
        images=np.random.default_rng(0).integers(0, 255, (60, 8, 8), np.uint8),
        labels=np.repeat([0, 1, 2], 20),
    )
    config = replace(SMALL, data=f"npz:{tmp_path / 'set.npz'}", batch=8)
    run = learned.train(config, folder=tmp_path / "run", progress=False)
    assert run.classes == ("0", "1", "2")
    (tmp_path / "set.npz").unlink()
    opened = learned.load_run(tmp_path / "run")
    assert opened.classes == run.classes
    points = [each.sample(9, generator()) for each in (run, opened)]
    torch.testing.assert_close(*points)
    record = keep_record(tmp_path / "run", tmp_path / "record", 2)
    assert learned.load_run(record.path).classes == run.classes
    asked = ["sample", str(tmp_path / "run"), "--n", "6"]
    assert main([*asked, "-o", str(tmp_path / "ones.npy"), "--label", "1"]) == 0
    assert np.load(tmp_path / "ones.npy").shape == (6, 8, 8, 1)
    assert main([*asked, "-o", str(tmp_path / "five.npy"), "--label", "five"]) == 2
    assert "knows no class 'five': choose from 0, 1, 2" in capsys.readouterr().err
    assert main([*asked, "-o", str(tmp_path / "sheet.png")]) == 0
    from PIL import Image

    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (3 * 8, 2 * 8)  # a class a column


def test_a_critic_that_starts_from_another_tells_classes_as_it_does(tmp_path):
    for labels in (True, False):
        config = replace(SMALL, labels=labels, iterations=1)
        learned.train(config, folder=tmp_path / str(labels), progress=False)
    start = replace(SMALL, critic_from=str(tmp_path / "True"))
    begun, kept = RunState(start, CPU).critic, learned.load_run(tmp_path / "True").critic
    for name, weight in begun.state_dict().items():
        torch.testing.assert_close(weight, kept.state_dict()[name], msg=name)
    with pytest.raises(ValueError, match=r"True there and False here: give --labels$"):
        RunState(replace(start, labels=False), CPU)
    with pytest.raises(ValueError, match="labels is False there and True here: leave out --labels"):
        RunState(replace(SMALL, critic_from=str(tmp_path / "False")), CPU)


def test_a_run_without_labels_knows_no_class(tmp_path):
    run = learned.train(replace(SMALL, labels=False, iterations=0), progress=False)
    with pytest.raises(ValueError, match="knows no class '3': it has no labels"):
        run.sample(1, generator(), "3")


def test_the_law_of_a_generator_has_all_classes():
    run = learned.train(SMALL, progress=False)
    law = generator_law(run)
    assert law.dimension == 4
    u = np.random.default_rng(0).random((40, 4))
    u[:, :3] = u[0, :3]
    u[:, 3] = (np.arange(40) + 0.5) / 40
    points = np.asarray(law(u)).reshape(40, -1)
    assert len(np.unique(points.round(5), axis=0)) == 10
    assert np.isfinite(np.asarray(law(np.full((1, 4), 1 - 1e-16)))).all()


def test_an_observer_counts_what_is_of_its_class():
    class Sure:
        def features(self, x):
            return x.flatten(1)

        def probabilities(self, x):
            return one_hot(x[:, 0, 0, 0].round().long() % 3, 3)

    class Seen:
        real, held_out = torch.rand(2, 12, 1, 4, 4, generator=generator())
        classes = ("a", "b", "c")
        fake = torch.arange(12.0)[:, None, None, None].expand(12, 1, 4, 4) / 100

    Seen.fake = Seen.fake.clone()
    Seen.fake[:, 0, 0, 0] = torch.tensor([0, 1, 2] * 3 + [0, 0, 0], dtype=torch.float32)
    row = compare.feature_observer(Sure())(Seen)
    assert row["class_agreement"] == pytest.approx(10 / 12)
    Seen.classes = ()
    assert "class_agreement" not in compare.feature_observer(Sure())(Seen)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"data": "8gaussians"}, "'8gaussians' has no classes: labels are of image sets"),
        ({"data": "faces", "size": 16}, "'faces' has no classes"),
        ({"data": "mnist10k[3]"}, "has no classes: labels are of sets of at least two"),
        ({"objective": "energy-based", "constraint": "none"}, "has no critic that could tell"),
        ({"objective": "emd", "constraint": "none", "n_critic": 0}, "has no critic that could"),
        ({"critic": learned.FoldConfig()}, "FoldConfig tells no classes: with labels take MLP"),
        ({"generator": learned.PatchConfig()}, "PatchConfig cannot be told a class: with labels"),
        ({"labels": "yes"}, "labels = 'yes': give True or False"),
        ({"class_weight": -1.0}, "class_weight = -1.0: give a number of at least 0"),
        ({"generator_class_weight": float("nan")}, "generator_class_weight = nan"),
    ],
)
def test_what_has_no_classes_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        learned.train(replace(SMALL, **change), progress=False)


def test_a_critic_of_ones_own_must_tell_classes():
    plain = DCGANConfig(4, norm="layer").critic_for((1, 8, 8), generator())
    with pytest.raises(ValueError, match=r"tells no classes: .* logits of shape \(n, 10\)"):
        learned.train(SMALL, critic=plain, progress=False)
    telling = WithClasses(nn.Flatten(), nn.Linear(64, 1), nn.Linear(64, 10))
    assert learned.train(SMALL, critic=telling, progress=False).history[-1]["iteration"] == 2
    wrong = WithClasses(nn.Flatten(), nn.Linear(64, 1), nn.Linear(64, 7))
    with pytest.raises(ValueError, match="tells no classes"):
        learned.train(SMALL, critic=wrong, progress=False)


def test_noise_has_the_class_behind_it():
    run = RunState(SMALL, CPU)
    z = latent(run, torch.arange(20) % 10)
    assert torch.equal(z[:, 3:], torch.eye(10).repeat(2, 1))
    assert z[:, :3].std().item() == pytest.approx(1, abs=0.3)
