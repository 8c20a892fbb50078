"""Algorithm 1 on lines of text: what it draws, that no run is lost, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from processes import together

from wganlab import compare, data, learned
from wganlab.learned import FoldConfig, MLPConfig, Optimizer, RunFolder, TextResNetConfig
from wganlab.learned.algorithm1 import critic_step
from wganlab.learned.fast.engine import Engine
from wganlab.learned.fast.trace import NotCompiledError
from wganlab.learned.runs.loop import advance
from wganlab.learned.runs.observing import view_of
from wganlab.learned.runs.state import RunState

CPU = torch.device("cpu")
FAST = Optimizer(lr=2e-3, betas=(0.5, 0.9))
TINY = TextResNetConfig(filters=4, blocks=1, kernel=3)
SMALL = learned.TrainConfig(
    data="text:shakespeare:length=8,characters=20,lines=300",
    critic=TINY,
    generator=TINY,
    critic_optimizer=FAST,
    generator_optimizer=FAST,
    latent=4,
    n_critic=2,
    batch=8,
    iterations=6,
    every=2,
    checkpoint=2,
)
PERCEPTRON = MLPConfig(width=16, depth=2, init="he")
VARIANTS = {
    "penalty": SMALL,
    "clipping": replace(SMALL, constraint="clip", clip=0.1, average=0.9, warm_up=2),
    "one-sided": replace(SMALL, constraint="lp", points=50, noise=0.1),
    "GAN": replace(SMALL, objective="non-saturating", constraint="none"),
    "spectral norm": replace(SMALL, constraint="sn"),
    "folds": replace(SMALL, constraint="orthonormal", critic=FoldConfig(planes=16)),
    "perceptrons": replace(SMALL, critic=PERCEPTRON, generator=PERCEPTRON),
    "bfloat16": replace(SMALL, precision="bfloat16"),
    "auto-encoder": replace(SMALL, objective="energy-based", constraint="none", critic=PERCEPTRON),
    "no critic": replace(SMALL, objective="emd", constraint="none", n_critic=0),
}
each = pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())


def weights(run):
    networks = filter(None, (run.generator, run.critic))
    return torch.cat([t.flatten().double() for net in networks for t in net.state_dict().values()])


class PulledPlug(Exception):
    pass


def cut(config, folder):
    def plug(view):
        if view.iteration == 4:
            raise PulledPlug
        return {}

    with pytest.raises(PulledPlug):  # after the checkpoint of iteration 2
        learned.train(config, folder=folder, observers=[plug])
    assert RunFolder(folder).load(CPU)["iteration"] == 2


@each
def test_a_run_goes_on_to_the_same_bits_whatever_is_observed(config, tmp_path):
    whole = learned.train(config, observers=[lambda view: {"mean": view.fake.mean().item()}])
    cut(config, tmp_path / "cut")
    resumed = learned.resume(tmp_path / "cut")
    assert torch.equal(weights(whole), weights(resumed))
    assert weights(whole).isfinite().all()
    generator = RunState(config, CPU).generator
    assert not torch.equal(generator(torch.ones(1, 4)), whole.generator(torch.ones(1, 4)))


@each
def test_a_configuration_survives_json(config):
    assert learned.TrainConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize("name", sorted(VARIANTS.keys() - {"no critic", "bfloat16", "one-sided"}))
def test_an_iteration_runs_on_the_meta_device(name, monkeypatch):
    training = RunState(VARIANTS[name], CPU)
    training.device = torch.device("meta")
    for part in filter(None, (*training.networks(), training.average)):
        part.to("meta")
    rows = torch.zeros(8, dtype=torch.int64, device="meta")
    training.real = lambda n, draws: training.law.pick(rows)
    noise = torch.empty(8, 4, device="meta")
    monkeypatch.setattr("wganlab.learned.algorithm1.latent", lambda run, n=None: noise)
    training.draws = None  # of meta tensors no generator makes any
    advance(training)
    assert {loss.device.type for loss in training.losses} == {"meta"}


def read(run, n):
    return {row.numpy().tobytes() for row in run.real(n, run.draws)}


@pytest.mark.parametrize("points", [0, 5])
def test_steps_see_no_line_that_is_held_out(points):
    training = RunState(replace(SMALL, points=points), CPU)
    law = training.law
    seen = read(training, 2000)
    trained_on = {row.numpy().tobytes() for row in law.take(law.rows, CPU)}
    assert seen <= trained_on
    assert len(seen) == (points or len(trained_on))
    view = view_of(training, 25)
    assert len(view.fake) == len(view.real) * (1 if not points else 5) == 25
    assert torch.equal(view.held_out, law.held_out(25, CPU))
    assert {row.numpy().tobytes() for row in view.real} <= seen


def test_what_is_kept_of_samples_is_codes(tmp_path):
    run = learned.train(SMALL, folder=tmp_path / "run")
    codes = np.load(tmp_path / "run" / "samples" / "000006.npy")
    assert (codes.shape, codes.dtype) == ((1000, 8), np.uint8)
    lines = RunFolder(tmp_path / "run").alphabet().decode(codes)
    assert len({len(line) for line in lines} - set(range(9))) == 0
    again = learned.load_run(tmp_path / "run")
    made = [run_.sample(5, torch.Generator().manual_seed(0)) for run_ in (run, again)]
    assert torch.equal(*made)
    assert made[0].shape == (5, 20, 8)


def test_the_truth_stands_beside_the_critic():
    law = SMALL.law()
    row = learned.train(SMALL, observers=compare.text_observers(law, 30)).history[-1]
    assert row["certificate"] <= row["emd"]
    assert {"train_emd", "js1", "js4", "words", "js1_floor", "words_floor"} < row.keys()
    assert 0 < compare.sampling_floor(law, 30) < 8


def test_a_run_learns_a_few_lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("tom\nmat\ntam\n" * 20)
    network = TextResNetConfig(filters=16, blocks=1, kernel=3)
    config = replace(SMALL, data=f"text:{path}:length=4", critic=network, generator=network)
    config = replace(config, iterations=100, every=100, batch=32)
    looks = [compare.TextObserver(config.law(), 6), lambda view: made.append(view.fake) or {}]
    made = []
    rows = learned.train(config, observers=looks).history
    assert rows[-1]["js4"] < 0.3 < rows[0]["js4"]
    lines = config.law().decode(made[-1])
    assert sum(line in ("tom", "mat", "tam") for line in lines) > 600


def test_text_is_not_compiled_on_cpus():
    with pytest.raises(NotCompiledError, match="convolutions"):
        Engine([RunState(SMALL, CPU)])
    with pytest.warns(UserWarning, match="trained without the compiler"):
        compiled = learned.train(SMALL, engine="compiled")
    assert torch.equal(weights(compiled), weights(learned.train(SMALL)))


def test_several_seeds_are_runs_of_their_own():
    one, other = learned.train_seeds(SMALL, [0, 1])
    alone = learned.train(replace(SMALL, seed=1))
    assert torch.equal(weights(other), weights(alone))
    assert not torch.equal(weights(one), weights(other))


def test_a_penalty_stays_in_float32_beside_bfloat16():
    training = RunState(VARIANTS["bfloat16"], CPU)
    critic_step(training)
    assert {weight.grad.dtype for weight in training.critic.parameters()} == {torch.float32}


@pytest.mark.slow
def test_two_processes_end_where_one_does(tmp_path):
    (tmp_path / "config.json").write_text(SMALL.to_json())
    code = """
        from pathlib import Path
        from wganlab import learned
        from wganlab.learned.distributed import joined
        config = learned.TrainConfig.from_json(Path("config.json").read_text())
        with joined("cpu"):
            learned.train(config, folder="shared", progress=False, device="cpu")
    """
    for out, err, status in together(code, 2, tmp_path):
        assert (out, status) == ("", 0), err
    alone = learned.train(SMALL, folder=tmp_path / "alone", progress=False, device="cpu")
    kept = RunFolder(tmp_path / "shared").load(CPU)
    # behind the last ReLU a bias only shifts the critic: the gap does not depend on it, and what
    # its gradient is rounded to Adam makes steps of
    shift = "1.second.bias"
    for player in ("critic", "generator"):
        for name, weight in getattr(alone, player).state_dict().items():
            if (player, name) != ("critic", shift):
                torch.testing.assert_close(kept[player][name], weight, rtol=0, atol=1e-5)
    points, values = SMALL.law().take(np.arange(20), CPU), []
    for state in (alone.critic.state_dict(), kept["critic"]):
        alone.critic.load_state_dict(state)
        with torch.no_grad():
            f = alone.critic(points)
        values.append(f - f.mean())
    torch.testing.assert_close(*values, rtol=0, atol=1e-5)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "here" / "lines.txt"
    path.parent.mkdir()
    path.write_text("".join(f"line {k % 7}\n" for k in range(40)))
    return path


def test_a_run_finds_its_text_where_it_is_now(file, tmp_path):
    config = replace(SMALL, data=f"text:{file}:length=8")
    cut(config, file.parent / "run")
    moved = tmp_path / "there"
    file.parent.rename(moved)
    assert RunFolder(moved / "run").located().data == f"text:{moved / 'lines.txt'}:length=8"
    resumed = learned.resume(moved / "run")
    whole = learned.train(replace(config, data=f"text:{moved / 'lines.txt'}:length=8"))
    assert torch.equal(weights(resumed), weights(whole))


def test_a_text_that_has_changed_is_refused(file):
    cut(replace(SMALL, data=f"text:{file}"), file.parent / "run")
    file.write_text(file.read_text().replace("line 6", "line 5", 1))
    with pytest.raises(ValueError, match="has changed since the run"):
        learned.resume(file.parent / "run")
    file.unlink()
    with pytest.raises(ValueError, match="is no longer at"):
        learned.resume(file.parent / "run")
    assert {*RunFolder(file.parent / "run").alphabet().characters} == {*" eiln0123456"}


def test_the_law_is_read_again_where_the_file_has_changed(file):
    config = replace(SMALL, data=f"text:{file}")
    first = config.law()
    assert config.law() is first
    file.write_text("one\ntwo\nthree\n")
    assert len(config.law().codes) == 3


def test_a_name_that_ends_in_brackets_is_a_name(tmp_path):
    path = tmp_path / "lines[3]"
    path.write_text("one\ntwo\n")
    config = replace(SMALL, data=f"text:{path}")
    assert len(config.law().codes) == 2
    path.write_text("one\ntwo\nthree\n")
    assert len(config.law().codes) == 3


def test_a_run_is_tracked_in_numbers(tmp_path):
    pytest.importorskip("tensorboard")
    learned.train(SMALL, folder=tmp_path / "run", track=True)
    assert list((tmp_path / "run" / "events").iterdir())


def test_a_critic_is_fitted_between_clouds_of_lines():
    law = SMALL.law()
    real, fake = law.take(law.rows[:60], CPU), torch.full((60, *law.shape), 1 / 20)
    critic = learned.fit_critic(real, fake, critic=TINY, constraint="gp", steps=20, progress=False)
    assert critic.final.certificate > 0


def test_a_record_is_made_of_a_run(tmp_path):
    from wganlab.learned.runs.record import keep_record

    learned.train(SMALL, folder=tmp_path / "run")
    record = keep_record(tmp_path / "run", tmp_path / "record", 2)
    codes = np.load(record.path / "samples" / "000006.npy")
    assert codes.shape == (1000, 8)
    assert record.alphabet().characters == SMALL.law().alphabet.characters


@pytest.mark.parametrize("name", learned.PRESETS)
def test_every_preset_trains_on_text(name):
    config = learned.preset(name, SMALL.data)
    assert config.data == SMALL.data
    assert config.objective == learned.PRESETS[name].objective
    assert config.constraint == learned.PRESETS[name].constraint
    small = {
        player: replace(network, filters=4, blocks=1)
        for player in ("critic", "generator")
        if isinstance(network := getattr(config, player), TextResNetConfig)
    }
    tiny = replace(config, **small, batch=8, iterations=2, every=1, warm_up=0, phases="constant")
    run = learned.train(tiny, progress=False)
    assert weights(run).isfinite().all()


def test_the_papers_preset_is_the_papers():
    config = learned.preset("wgan-gp-paper", "text:book.txt")
    assert config.critic == config.generator == TextResNetConfig(512, 5, 5)
    assert (config.n_critic, config.batch, config.latent, config.weight) == (10, 64, 128, 10)
    assert (
        config.critic_optimizer
        == config.generator_optimizer
        == Optimizer(lr=1e-4, betas=(0.5, 0.9))
    )
    assert (config.iterations, config.constraint) == (200_000, "gp")
    assert config.data == "text:book.txt"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": 16}, "size and color are of images"),
        ({"color": "grey"}, "text:FILE:length=16"),
        ({"critic": learned.DCGANConfig()}, "DCGANConfig is for images"),
        ({"critic": learned.PatchConfig()}, "PatchConfig is for images"),
        ({"generator": FoldConfig()}, "makes critics"),
        ({"constraint": "orthonormal"}, "MLPConfig|FoldConfig"),
        ({"points": 1000}, "has 270 lines to train on"),
        ({"held_out": 300}, "300 held out leaves none"),
        ({"data": "8gaussians"}, "for lines of text"),
        ({"data": "mnist10k"}, "for lines of text"),
        ({"data": "text:nowhere.txt"}, "there is no file 'nowhere.txt'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(change, told):
    with pytest.raises((ValueError, FileNotFoundError), match=told) as error:
        learned.train(replace(SMALL, **change))
    assert "\n" not in str(error.value)


def test_a_folder_without_its_characters_says_so(tmp_path):
    learned.train(SMALL, folder=tmp_path / "run")
    file = Path(tmp_path / "run" / "environment.json")
    told = json.loads(file.read_text())
    del told["data"]["characters"]
    file.write_text(json.dumps(told))
    with pytest.raises(ValueError, match="does not tell the characters"):
        RunFolder(tmp_path / "run").alphabet()


def test_a_law_by_its_name():
    assert isinstance(SMALL.law(), data.TextLaw)
    assert SMALL.of_text
    assert SMALL.of_sets
    assert not SMALL.of_images
