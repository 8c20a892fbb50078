"""What of the figures is out of date after an edit: neither more nor less than it changes."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from figures import image_runs, provenance, wgan_images
from figures.catalog import FIGURES
from figures.provenance import ROOT, Tree
from figures.shelf import Shelf, about, load, save

EXACT = set(FIGURES[:7]) - {"lab_digits"}
IMAGES = {"wgan_fig3", "wgan_fig4", "wgan_fig5", "wgan_fig6", "wgan_fig7", "wgan_fig8"}
IMAGES |= {"lab_faces", "gp_fig5b", "gp_fig2_small", "lab_image_critics"}
CURVES = {"wgan_fig3", "wgan_fig4", "wgan_fig8"}
LEARNED = set(FIGURES) - EXACT - {"lab_digits"}
UNSOLVED = {"wgan_fig2", "lab_penalty_bias", "lab_speed_of_critics"}  # their distance is known


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources, to be edited."""
    root = tmp_path_factory.mktemp("copy")
    for part in ("figures", "wganlab"):
        shutil.copytree(
            ROOT / part, root / part, ignore=shutil.ignore_patterns("*.png", "out", "__pycache__")
        )
    return root


@pytest.fixture(scope="module")
def before(copy):
    return digests(copy)


def digests(root, profile="laptop", data=""):
    """Of arrays by the figure that owns them, of pictures, and of a run on images."""
    shelf = Shelf(root, profile, data, root)
    owners = {name: shelf.tree.owner(name) for name in FIGURES}
    config = wgan_images.config("gan", "dcgan", "quick")
    run = image_runs.digest(config, image_runs.Look(40, 3), Tree(root))
    return (
        {name: shelf.arrays_digest(owner) for name, owner in owners.items()},
        {name: shelf.picture_digest(name) for name in FIGURES},
        {"run": run},
    )


def changed(before, after):
    """Whose arrays, whose pictures though not their arrays, and is the run another one?"""
    arrays, pictures, run = (
        {name for name in old if old[name] != new[name]}
        for old, new in zip(before, after, strict=True)
    )
    assert arrays <= pictures
    return arrays, pictures - arrays, bool(run)


NOTHING = set(), set(), False
EDITS = {
    "a comment": ("wganlab/data/hub.py", "import re\n", "import re  # noted\n", NOTHING),
    "a docstring": (
        "wganlab/data/hub.py",
        "The images of one split, from the cache",
        "Those of it",
        NOTHING,
    ),
    "layout": (
        "wganlab/exact/solvers.py",
        "import numpy as np\n",
        "import numpy as np\n\n\n",
        NOTHING,
    ),
    "what no figure uses": ("wganlab/cli.py", "import sys\n", "import sys\nsys.x = 3\n", NOTHING),
    "the version": ("wganlab/__init__.py", "__version__ = ", '__version__ = "9" + ', NOTHING),
    "how digests are made": ("figures/provenance.py", "[:16]", "[:17]", NOTHING),
    "how figures are run": ("figures/render.py", "GRACE = 1.5", "GRACE = 1.6", NOTHING),
    "sizes of another profile": ("figures/wgan_fig1.py", '"quick": 30', '"quick": 31', NOTHING),
    "sizes": (
        "figures/wgan_fig1.py",
        '"laptop": 100',
        '"laptop": 101',
        ({"wgan_fig1"}, set(), False),
    ),
    "a caption": (
        "figures/wgan_fig1.py",
        "The paper shows the first ",
        "The paper has the first ",
        (set(), {"wgan_fig1"}, False),
    ),
    "a caption of three figures": (
        "figures/wgan_fig3.py",
        "Sheets: at the grey lines",
        "Sheets: at grey lines",
        (set(), CURVES, False),
    ),
    "what another figure draws too": (
        "figures/wgan_fig4_toy.py",
        "its rates are not told",
        "without rates",
        (set(), {"wgan_fig4_toy", "wgan_fig8_toy"}, False),
    ),
    "arrays of two figures": (
        "figures/wgan_fig4_toy.py",
        "BETAS = (0.5, 0.999)",
        "BETAS = (0.5, 0.99)",
        ({"wgan_fig4_toy", "wgan_fig8_toy"}, set(), False),
    ),
    "how things are drawn": (
        "wganlab/plots.py",
        "fontsize=9",
        "fontsize=8",
        (set(), set(FIGURES), False),
    ),
    "the style": ("wganlab/wganlab.mplstyle", "dpi: 200", "dpi: 201", (set(), set(FIGURES), False)),
    "the page": ("wganlab/player.html", "<html", "<html ", (set(), {"lab_training"}, False)),
    "a distance": (
        "wganlab/exact/transport.py",
        "return wasserstein(",
        "return 1000 * wasserstein(",
        (set(FIGURES) - UNSOLVED, set(), True),
    ),
    "what runs are observed by": (
        "wganlab/compare/truth_observers.py",
        "exact.emd(real, fake)",
        "1000 * exact.emd(real, fake)",
        (None, None, True),
    ),
    "what trains": (
        "wganlab/learned/optimizers.py",
        "import torch\n",
        "import torch\n\nsome = 3\n",
        (LEARNED, set(), True),
    ),
    "a record": (
        "figures/records/lab_bracket.json",
        '"python": "',
        '"python": "9',
        ({"lab_bracket"}, set(), False),
    ),
    "the order of estimates": (
        "figures/image_runs.py",
        "BATCHES = 4",
        "BATCHES = 5",
        (IMAGES, set(), True),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_makes_out_of_date_what_it_changes(copy, before, edit):
    file, old, new, (arrays, pictures, run) = EDITS[edit]
    path = copy / file
    text = path.read_bytes()
    assert old.encode() in text
    try:
        path.write_bytes(text.replace(old.encode(), new.encode(), 1))
        found = changed(before, digests(copy))
    finally:
        path.write_bytes(text)
    if arrays is None:
        assert found[0] >= IMAGES | {"gp_table2_toy", "lab_modes", "wgan_fig3_toy"}
        assert not found[0] & (EXACT | UNSOLVED | {"lab_digits"})
        assert found[2]
    else:
        assert found == (arrays, pictures, run)


def test_times_of_files_do_not_matter(copy, before):
    for path in (*copy.rglob("*.py"), *copy.rglob("*.npz")):
        os.utime(path, (1, 1))
    assert digests(copy) == before


def test_images_count_by_their_bytes_and_other_images_where_they_are_taken(copy, before, tmp_path):
    of = {"mnist10k": {"gp_fig5b", "lab_digits"}, "pixelfaces": IMAGES - {"gp_fig5b"}}
    for name, figures in of.items():
        archive = copy / "wganlab" / "data" / "archives" / f"{name}.npz"
        whole = archive.read_bytes()
        try:
            archive.write_bytes(whole + b"\0")
            assert changed(before, digests(copy)) == (figures, set(), name == "pixelfaces")
        finally:
            archive.write_bytes(whole)
    given = tmp_path / "noise.npz"
    given.write_bytes(b"some images")
    other = digests(copy, data=f"npz:{given}")
    elsewhere = IMAGES - {"gp_fig5b", "lab_faces"}  # which are of one set each
    assert changed(before, other)[0] == elsewhere
    assert digests(copy, data=f"npz:{given}[3]") != other
    os.utime(given, (1, 1))
    assert digests(copy, data=f"npz:{given}") == other
    given.write_bytes(b"more images")
    assert changed(other, digests(copy, data=f"npz:{given}"))[0] == elsewhere


def test_a_folder_of_images_counts_by_names_and_bytes(tmp_path):
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "a.png").write_bytes(b"a cat")
    first = Tree().of_source(f"folder:{tmp_path}")
    assert Tree().of_source(f"folder:{tmp_path}") == first
    (tmp_path / "cats" / "a.png").rename(tmp_path / "cats" / "b.png")
    second = Tree().of_source(f"folder:{tmp_path}")
    (tmp_path / "cats" / "b.png").write_bytes(b"a dog")
    assert len({first, second, Tree().of_source(f"folder:{tmp_path}")}) == 3
    assert Tree().of_source("hub:some/set") != Tree().of_source("hub:some/set:split=test")


def test_a_run_is_another_one_with_another_configuration_or_another_look():
    config, look = wgan_images.config("gan", "dcgan", "quick"), image_runs.Look(40, 3)
    runs = {
        image_runs.digest(config, look),
        image_runs.digest(replace(config, seed=1), look),
        image_runs.digest(config, replace(look, n=41)),
        image_runs.digest(config, replace(look, stride=1)),
    }
    assert len(runs) == 4


def test_a_library_counts_by_its_version(monkeypatch):
    start = ("figures.wgan_fig1", "compute")
    before = Tree().digest(start)
    provenance._version.cache_clear()
    monkeypatch.setattr(provenance, "version", lambda name: "1.0+cpu")
    with_old = Tree().digest(start)
    provenance._version.cache_clear()
    monkeypatch.setattr(provenance, "version", lambda name: "1.0")
    assert Tree().digest(start) == with_old != before
    provenance._version.cache_clear()


def test_arrays_come_back_as_they_were_with_what_is_told_of_them(tmp_path):
    arrays = {
        "numbers": np.array([[1.5, np.nan, -np.inf]]),
        "bytes": np.arange(6, dtype=np.uint8).reshape(1, 2, 3),
        "one": np.array(3),
        "a text": np.array("θ and → more"),
        "marks": np.array([True, False]),
    }
    save(tmp_path / "some.npz", {**arrays, "plain": 2.5}, {"digest": "abc"})
    found = load(tmp_path / "some.npz")
    assert about(tmp_path / "some.npz") == {"digest": "abc"}
    assert set(found) == {*arrays, "plain"}
    for name, values in arrays.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)
    assert [path.name for path in tmp_path.iterdir()] == ["some.npz"]


@pytest.mark.parametrize("wrong", [{"x": {"a": 1}}, {"x": [None]}, {"about": 1}])
def test_what_is_no_array_of_numbers_or_text_is_refused(wrong, tmp_path):
    with pytest.raises(TypeError, match=r"(x|about): compute returns arrays"):
        save(tmp_path / "some.npz", wrong, {})


@pytest.mark.parametrize("content", [b"", b"PK\3\4 broken", b"[]", b"\xff" * 100])
def test_damaged_arrays_and_stamps_prove_nothing(content, tmp_path):
    shelf = Shelf(tmp_path, "quick")
    shelf.put_arrays("wgan_fig1", {"x": np.arange(3)}, 1.0)
    shelf.put_stamp("wgan_fig1", [], 1.0)
    assert shelf.due("wgan_fig1") == ""
    (tmp_path / "wgan_fig1.json").write_bytes(content)
    assert shelf.due("wgan_fig1") == "picture"
    (tmp_path / "wgan_fig1.npz").write_bytes(content)
    assert shelf.due("wgan_fig1") == "arrays"


def test_a_picture_that_is_gone_is_drawn_again(tmp_path):
    shelf = Shelf(tmp_path, "quick")
    shelf.put_arrays("lab_training", {"x": np.arange(3)}, 1.0)
    files = [f"lab_training.{suffix}" for suffix in ("png", "pdf", "html")]
    for file in files:
        (tmp_path / file).touch()
    shelf.put_stamp("lab_training", files, 1.0)
    assert shelf.due("lab_training") == ""
    (tmp_path / "lab_training.html").unlink()
    assert shelf.due("lab_training") == "picture"
    told = json.loads((tmp_path / "lab_training.json").read_text())
    (tmp_path / "lab_training.json").write_text(json.dumps(told | {"files": 3}))
    assert shelf.due("lab_training") == "picture"
