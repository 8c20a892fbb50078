"""The papers' networks and labels, as they are asked for on the command line."""

import numpy as np
import pytest
import torch
from PIL import Image

from wganlab import learned
from wganlab.cli import main
from wganlab.learned import DCGANConfig, MLPConfig, ResNetConfig

OPTIONS = {
    "latent": 4,
    "batch": 8,
    "n-critic": 1,
    "iterations": 2,
    "every": 1,
    "n": 10,
    "device": "cpu",
    "bracket": "no",
    "run": "tiny",
}
TINY = [part for name, value in OPTIONS.items() for part in (f"--{name}", str(value))]
TWO = ["--critic-net", "resnet", "--generator-net", "resnet"]
FEW = ["--critic.filters", "4", "--generator.filters", "4"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test has a folder of its own to work in, with images of one class and of three."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WGANLAB_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    images = rng.integers(100, size=(120, 12, 12, 3)) + 70 * labels[:, None, None, None]
    images = images.astype(np.uint8)
    np.savez(tmp_path / "three.npz", images=images, labels=labels)
    np.savez(tmp_path / "one.npz", images=images)
    return tmp_path


def both(network):
    return [f"--{player}.{option}" for player in ("critic", "generator") for option in network]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "critic", "generator"),
    [
        (
            [*TWO, *FEW],
            ResNetConfig("good", 4, "layer"),
            ResNetConfig("good", 4),
        ),
        (
            [*TWO, *FEW, *both(["plan=cifar"]), "--critic.norm", "none", "--size", "28"],
            ResNetConfig("cifar", 4, "none"),
            ResNetConfig("cifar", 4),
        ),
        (
            [*TWO, *FEW, *both(["plan=bottleneck", "repeat=1"]), "--size", "8"],
            ResNetConfig("bottleneck", 4, "layer", repeat=1),
            ResNetConfig("bottleneck", 4, repeat=1),
        ),
        (
            [*FEW, *both(["kernel=5", "bias", "ends=linear", "halvings=3"]), "--size", "28"],
            DCGANConfig(4, "double", 5, 3, 0, True, "linear", "none", init="he"),
            DCGANConfig(4, "double", 5, 3, 0, True, "linear", init="he"),
        ),
        (
            [*FEW, *both(["activation=gated", "init=gulrajani"]), "--size", "48"],
            DCGANConfig(4, norm="none", activation="gated", init="gulrajani"),
            DCGANConfig(4, activation="gated", init="gulrajani"),
        ),
        (
            [
                *("--critic-net", "mlp", "--critic.width", "8", "--critic.activation", "gated"),
                *(
                    "--generator-net",
                    "mlp",
                    "--generator.width",
                    "8",
                    "--generator.output",
                    "sigmoid",
                ),
            ],
            MLPConfig(8, 3, "gated", init="he"),
            MLPConfig(8, 3, init="he", output="sigmoid"),
        ),
    ],
)
def test_networks_are_asked_for_and_go_on(given, critic, generator, capsys):
    size = [] if "--size" in given else ["--size", "12"]
    assert main(["train", "--data", "npz:one.npz", *TINY, *size, *given]) == 0
    kept = learned.RunFolder("tiny")
    assert kept.config().critic == critic
    assert kept.config().generator == generator
    assert [row["iteration"] for row in kept.rows()] == [0, 1, 2]
    longer = ["--iterations", "3", "--device", "cpu", "--bracket", "no"]
    assert main(["train", "--resume", "tiny", *longer]) == 0
    assert kept.load(torch.device("cpu"))["iteration"] == 3
    assert main(["sample", "tiny", "-n", "4", "-o", "four.png"]) == 0
    capsys.readouterr()


@pytest.mark.slow
def test_labels_are_asked_for_drawn_and_told(capsys):
    given = ["--labels", "--class-weight", "0.5", "--generator-class-weight", "0.2", *FEW]
    assert main(["train", "--data", "npz:three.npz", *TINY, "--size", "12", *given]) == 0
    told = capsys.readouterr().out
    assert "of generated images are of the class that they were told, as the classifier" in told
    kept = learned.RunFolder("tiny")
    config = kept.config()
    assert (config.labels, config.class_weight, config.generator_class_weight) == (True, 0.5, 0.2)
    assert 0 <= kept.rows()[-1]["class_agreement"] <= 1
    assert kept.load(torch.device("cpu"))["classes"] == ["0", "1", "2"]
    assert main(["sample", "tiny", "-n", "5", "--label", "2", "-o", "twos.npy"]) == 0
    assert np.load("twos.npy").shape == (5, 12, 12, 3)
    with Image.open("tiny/samples.png") as sheet:
        assert sheet.size[0] > sheet.size[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wgan-gp-paper", "wgan-gp-resnet-paper", "wgan-gp-cifar-paper"])
def test_presets_have_the_papers_networks(name, capsys):
    config = learned.preset(name, "npz:three.npz")
    shape = (3, config.size, config.size)
    start = torch.Generator()
    sizes = [
        sum(weight.numel() for weight in network.parameters())
        for network in (
            config.built_critic(shape, start, 3),
            config.built_generator(shape, start, 3),
        )
    ]
    assert (
        sizes
        == {
            "wgan-gp-paper": [4_316_545, 5_364_739],
            "wgan-gp-resnet-paper": [7_491_841, 8_540_483],
            "wgan-gp-cifar-paper": [1_053_825 + 3 * 129, 1_204_483 + 2 * 6 * 2 * 128],
        }[name]
    )


def test_presets_for_images_are_refused_without_them(capsys):
    assert main(["train", "--preset", "wgan-gp-resnet-paper", "--data", "8gaussians"]) == 2
    assert "preset wgan-gp-resnet-paper is for images: give" in capsys.readouterr().err
    assert main(["train", "--preset", "wgan-gp-resnet-papers"]) == 2
    assert "did you mean 'wgan-gp-resnet-paper'?" in capsys.readouterr().err


def test_labels_are_refused_where_there_are_none(capsys):
    assert main(["train", "--labels", "--data", "8gaussians"]) == 2
    assert "'8gaussians' has no classes" in capsys.readouterr().err
    assert main(["train", "--labels", "--data", "npz:one.npz", *TINY, "--size", "12"]) == 2
    assert "has no classes: labels are of sets of at least two" in capsys.readouterr().err
