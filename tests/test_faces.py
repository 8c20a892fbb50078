"""Faces are drawn as their sprites say, and as often as their law says."""

from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from wganlab import data, learned
from wganlab.data import pixels
from wganlab.data.faces.law import FaceLaw, Paints
from wganlab.data.faces.sprites import NONE, sprites
from wganlab.learned import DCGANConfig, RunFolder, TrainConfig

FACES = sprites()
NAMES = tuple(FACES.attributes)
NETWORK = DCGANConfig(filters=4)
SMALL = TrainConfig(
    data="faces",
    size=8,
    critic=replace(NETWORK, norm="none"),
    generator=NETWORK,
    latent=4,
    n_critic=2,
    batch=8,
    iterations=4,
    every=2,
    checkpoint=2,
)


@pytest.fixture(scope="module")
def archive():
    file = resources.files("wganlab.data").joinpath("archives", "pixelfaces.npz")
    with file.open("rb") as opened, np.load(opened) as parts:
        return {name: parts[name] for name in parts.files}


def numbered(n, seed=0):
    return np.random.default_rng(seed).random((n, len(NAMES)))


def face(**values):
    """One face, of the first value of each attribute but for those that are named."""
    values = {name.replace("_", " "): value for name, value in values.items()}
    assert values.keys() <= set(NAMES)
    return FACES.drawn({name: np.array([values.get(name, 0)]) for name in NAMES})[0]


def test_a_face_is_its_sprites_one_over_another(archive):
    """By a loop over the archive's sprites, with the formula of the module."""
    chosen = {"skin": 2, "clothing": 4, "clothing color": 5, "eyes": 3, "eyes color": 1}
    chosen |= {"mouth": 7, "mouth color": 2, "hair": 9, "hair color": 3, "background": 1}
    chosen |= {"glasses": 3, "glasses color": 4, "beard": 2, "hat": 5, "hat color": 6}
    chosen |= {"accessories": 1, "accessories color": 3}
    names = list(map(str, archive["names"]))
    level = np.tile(archive["background"][1].astype(float), (16, 16, 1))
    for layer in map(str, archive["order"]):
        slot = str(archive["slot"][next(k for k, n in enumerate(names) if n.startswith(layer))])
        value = chosen.get(layer, 0) if layer != "skin" else 0
        designs = sorted(name for name in names if name.startswith(f"{layer}/"))
        row = designs[value - (f"probability_{layer}" in archive)]
        k = names.index(row)
        color = archive[f"color_{slot}"][chosen.get(f"{slot} color", chosen.get(slot))]
        alpha, gain = (archive[part][k].astype(float)[..., None] for part in ("alpha", "gain"))
        level = level * (1 - alpha / 255) + archive["base"][k] + gain * color / 255
    made = {name.replace(" ", "_"): value for name, value in chosen.items()}
    np.testing.assert_array_equal(face(**made), level.round())


def test_single_pixels():
    """What is bare is of the background's color, the middle of a face of the skin's."""
    assert face(background=1)[0, 0].tolist() == [0xC0, 0xAE, 0xDE]
    assert FACES.attributes["background"].values[1] == "#c0aede"
    assert FACES.attributes["skin"].values[2] == "#eac393"
    assert face(skin=2)[12, 7].tolist() == [0xEA, 0xC3, 0x93]


def test_there_are_as_many_values_as_sprites(archive):
    counts = {name: len(attribute.values) for name, attribute in FACES.attributes.items()}
    assert counts == {
        **{"background": 5, "skin": 8, "accessories": 5, "accessories color": 5},
        **{"clothing": 22, "clothing color": 12, "eyes": 12, "eyes color": 6, "glasses": 15},
        **{"glasses color": 6, "beard": 9, "hair color": 11, "mouth": 23, "mouth color": 4},
        **{"hair": 45, "hat": 11, "hat color": 7},
    }
    designs = [str(name).split("/")[0] for name in archive["names"]]
    assert designs.count("clothing") == 23  # two are alike
    for name in ("accessories", "glasses", "beard", "hat"):
        assert counts[name] == designs.count(name) + 1
        assert FACES.attributes[name].values[0] == NONE


def test_probabilities_are_those_of_the_package():
    shares = {name: attribute.probabilities for name, attribute in FACES.attributes.items()}
    for share in shares.values():
        assert share.sum() == pytest.approx(1, abs=1e-12)
    there = {name: 1 - shares[name][0] for name in ("accessories", "glasses", "beard", "hat")}
    assert there == pytest.approx({"accessories": 0.1, "glasses": 0.2, "beard": 0.05, "hat": 0.05})
    assert sorted(shares["clothing"])[-1] == pytest.approx(2 / 23)
    assert sorted(shares["clothing"])[:21] == pytest.approx([1 / 23] * 21)
    assert shares["hair"] == pytest.approx([1 / 45] * 45)


def test_values_look_different():
    """None is a copy of another, so that each can be read back."""
    for name in ("clothing", "eyes", "mouth", "hair", "hat", "glasses", "beard", "accessories"):
        n = len(FACES.attributes[name].values)
        bare = {"hair": FACES.attributes["hair"].values.index("short10")}  # shows the ears
        choices = {other: np.full(n, bare.get(other, 0)) for other in NAMES} | {name: np.arange(n)}
        assert len({one.tobytes() for one in FACES.drawn(choices)}) == n, name


def test_values_are_as_frequent_as_the_law_says():
    choices = FACES.choices(numbered(50_000, 1))
    for name, attribute in FACES.attributes.items():
        counts = np.bincount(choices[name], minlength=len(attribute.values))
        assert chisquare(counts, 50_000 * attribute.probabilities).pvalue > 1e-4, name


def test_torch_draws_the_bytes_that_numpy_draws():
    u = torch.from_numpy(numbered(500, 2)).float()
    choices = FACES.choices(u.double().numpy())
    drawn = FaceLaw().of_uniforms(u)
    assert drawn.dtype == torch.float32
    np.testing.assert_array_equal(data.as_bytes(drawn), FACES.drawn(choices))


@pytest.mark.parametrize("size", [4, 8, 16, 32, pytest.param(64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("color", ["rgb", "grey"])
def test_law_and_set_are_of_the_same_sizes_and_colors(size, color):
    u = torch.rand((40, len(NAMES)), generator=torch.Generator().manual_seed(3))
    whole = FACES.drawn(FACES.choices(u.double().numpy()))
    if size < 16:
        k = 16 // size
        whole = whole.reshape(40, size, k, size, k, 3).mean(axis=(2, 4)).round().astype(np.uint8)
    else:
        whole = whole.repeat(size // 16, axis=1).repeat(size // 16, axis=2)
    law = FaceLaw(size, color)
    np.testing.assert_array_equal(data.as_bytes(law.of_uniforms(u)), pixels.recolored(whole, color))
    channels = 1 if color == "grey" else 3
    assert law.shape == (channels, size, size)
    assert law.whole.images.shape == (20_000, size, size, channels)
    assert law.held_out(3, torch.device("cpu")).shape == (3, channels, size, size)


def test_sizes_are_of_the_same_faces():
    native, twice, half = (data.images("faces", size).images[:50] for size in (None, 32, 8))
    np.testing.assert_array_equal(twice[:, ::2, 1::2], native)
    blocks = native.reshape(50, 8, 2, 8, 2, 3).mean(axis=(2, 4))
    assert np.abs(half - blocks).max() <= 0.5


@pytest.mark.parametrize("size", [1, 2, 12, 24, 28, 100, 256])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match=rf"faces of {size} px: .*give size = 16, a multiple of"):
        data.law(f"faces:size={size}")


def test_a_law_by_one_word_has_a_size_and_nothing_else():
    assert data.law("faces:size=32").shape == (3, 32, 32)
    assert len(data.law("faces:held_out=50").unseen) == 50
    with pytest.raises(ValueError, match="faces have no parameter colour: give size or held_out"):
        data.law("faces:colour=1")
    with pytest.raises(ValueError, match="give a run data = 'faces', and size and color beside"):
        TrainConfig(data="faces:size=32").law()


def test_equal_sets_are_in_memory_once():
    first, same = (data.images("faces", 8, color=color).images for color in ("auto", "rgb"))
    assert np.shares_memory(first, same)


def test_the_set_has_mouths_for_classes():
    whole = data.images("faces")
    assert (len(whole), whole.images.shape[1:], whole.license) == (20_000, (16, 16, 3), "CC0 1.0")
    assert len(np.unique(whole.labels)) == len(whole.label_names) == 23
    assert not whole.images.flags.writeable
    one = data.images("faces[happy01]")
    assert 700 < len(one) < 1050
    assert set(one.labels) == {whole.label_names.index("happy01")}


def test_the_law_draws_none_of_the_faces_held_out():
    law = data.law("faces")
    assert len(law.unseen) == 2000
    unseen = {image.tobytes() for image in law.whole.images[law.unseen]}
    drawn = data.as_bytes(law.sample(20_000, torch.Generator().manual_seed(4)))
    assert not unseen & {image.tobytes() for image in drawn}
    assert len({image.tobytes() for image in drawn}) > 19_990


def test_a_face_needs_its_numbers():
    law = FaceLaw()
    for shape in ((3, 16), (17,), (3, 18), (1, 3, 17)):
        with pytest.raises(ValueError, match="a face is made of 17 uniform numbers"):
            law.of_uniforms(torch.zeros(shape))
    with pytest.raises(ValueError, match="n = 0"):
        law.sample(0, torch.Generator())
    assert law.of_uniforms(torch.zeros((0, 17))).shape == (0, 3, 16, 16)


def test_numbers_at_the_edges_choose_the_next_value():
    u = numbered(1) * 0
    u[0, NAMES.index("skin")] = 0.125
    assert FACES.choices(u)["skin"] == [1]
    found = Paints.on(torch.device("cpu")).choices(torch.from_numpy(u))
    assert found["skin"].tolist() == [1]
    assert all(chosen[0] == 0 for name, chosen in found.items() if name != "skin")


def test_equal_seeds_draw_equal_faces():
    law = FaceLaw()
    first, same, other = (law.sample(9, torch.Generator().manual_seed(s)) for s in (5, 5, 6))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_a_batch_waits_for_nothing():
    """On the meta device there are no values: what asked for one would fail."""
    u = torch.empty((6, len(NAMES)), device="meta")
    drawn = FaceLaw().of_uniforms(u)
    assert (drawn.device.type, drawn.shape) == ("meta", (6, 3, 16, 16))


def weights(run):
    networks = (run.generator, run.critic)
    return torch.cat([t.flatten().double() for net in networks for t in net.state_dict().values()])


class PulledPlug(Exception):
    pass


@pytest.mark.parametrize("points", [0, 50])
def test_a_run_that_is_cut_goes_on_to_the_same_bits(tmp_path, points):
    config = replace(SMALL, points=points)

    def plug(view):
        if view.iteration == 2:
            raise PulledPlug
        return {}

    options = {"progress": False, "device": "cpu"}
    with pytest.raises(PulledPlug):
        learned.train(config, folder=tmp_path / "cut", observers=[plug], **options)
    assert RunFolder(tmp_path / "cut").config() == config
    resumed = learned.resume(tmp_path / "cut", **options)
    whole = learned.train(config, **options)
    assert torch.equal(weights(resumed), weights(whole))


def test_a_run_sees_new_faces_in_every_step_or_those_that_it_was_given(tmp_path):
    views = {}
    for points in (0, 5):
        learned.train(
            replace(SMALL, points=points),
            observers=[lambda view, key=points: views.setdefault(key, view) and {}],
            progress=False,
            device="cpu",
        )
    law = data.image_law("faces", 8)
    known = {image.tobytes() for image in law.whole.images}
    drawn = data.as_bytes(views[0].real)
    assert sum(image.tobytes() in known for image in drawn) < 0.01 * len(drawn)
    fixed = data.as_bytes(views[5].real)
    assert len(fixed) == 5
    assert {image.tobytes() for image in fixed} <= known
    unseen = {image.tobytes() for image in law.whole.images[law.unseen]}
    for view in views.values():
        assert {image.tobytes() for image in data.as_bytes(view.held_out)} <= unseen
