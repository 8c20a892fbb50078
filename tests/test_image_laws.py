"""Laws of image sets, and the reader of those that are too large for a device."""

import numpy as np
import pytest
import torch

from wganlab import data
from wganlab.data.image_laws import ImageLaw
from wganlab.data.image_tensors import as_bytes, signed
from wganlab.data.loader import Loader

CPU = torch.device("cpu")


def numbered(n=50, side=8, channels=1):
    """A set whose image k is filled with the byte k."""
    pixels = np.arange(n, dtype=np.uint8)[:, None, None, None]
    images = np.broadcast_to(pixels, (n, side, side, channels)).copy()
    labels = np.zeros(n, dtype=np.int64)
    return data.ImageSet("numbered", images, labels, ("all",), "")


def numbers(images):
    """Which images of `numbered` these are."""
    return as_bytes(images)[:, 0, 0, 0].tolist()


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_tenth_is_held_out_and_never_drawn():
    law = ImageLaw(numbered())
    assert (law.shape, law.dim, len(law.unseen), len(law.rows)) == ((1, 8, 8), 64, 5, 45)
    assert sorted([*law.unseen, *law.rows]) == list(range(50))
    drawn = law.sample(2000, draws())
    assert drawn.shape == (2000, 1, 8, 8)
    assert drawn.dtype == torch.float32
    assert set(numbers(drawn)) == set(law.rows.tolist())
    assert numbers(law.held_out(99, CPU)) == law.unseen.tolist()
    assert np.array_equal(ImageLaw(numbered()).unseen, law.unseen)


def test_as_many_as_asked_for_are_held_out_and_no_more_than_an_exact_distance_takes():
    assert len(ImageLaw(numbered(), held_out=20).unseen) == 20
    many = data.ImageSet(
        "many", np.zeros((60_000, 1, 1, 1), np.uint8), np.zeros(60_000), ("a",), ""
    )
    assert len(ImageLaw(many).unseen) == 4096
    with pytest.raises(ValueError, match=r"50 images: 50 held out leaves none to train on"):
        ImageLaw(numbered(), held_out=50)


def test_bytes_and_images_are_each_other_s_reverse():
    levels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    images = signed(torch.from_numpy(levels))
    assert (images.min(), images.max()) == (-1, 1)
    assert np.array_equal(as_bytes(images), levels)
    assert as_bytes(torch.full((1, 3, 2, 2), 7.0)).max() == 255


def test_some_are_chosen_once_by_the_seed():
    law = ImageLaw(numbered())
    few = law.some(10, seed=1)
    assert len(set(few)) == 10
    assert set(few) <= set(law.rows)
    assert np.array_equal(few, law.some(10, seed=1))
    assert not np.array_equal(few, law.some(10, seed=2))
    assert np.array_equal(law.some(0, seed=1), law.rows)
    with pytest.raises(ValueError, match="points = 46, and numbered has 45 images"):
        law.some(46, seed=0)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_depends_on_the_seed_and_its_number_alone(workers):
    law = ImageLaw(numbered())

    def read(number, seed=3, part=(0, 1), batches=1, workers=0):
        options = {"seed": seed, "device": CPU, "number": number, "part": part, "workers": workers}
        loader = Loader(law, law.rows, 8, **options)
        return [numbers(next(loader)[0]) for _ in range(batches)]

    several = read(0, batches=4, workers=workers)
    assert several[2:] == read(2, batches=2, workers=workers)
    assert several[0] != several[1]
    assert several[0] != read(0, seed=4)[0]
    assert {number for batch in several for number in batch} <= set(law.rows.tolist())
    halves = [read(1, part=(rank, 2), workers=workers)[0] for rank in range(2)]
    assert halves[0] + halves[1] == several[1]


def test_a_memory_mapped_set_is_opened_anew_by_its_readers(tmp_path):
    import pickle

    from wganlab.data.loader import _Pixels

    np.save(tmp_path / "images.npy", numbered().images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    packed = pickle.dumps(_Pixels(mapped, np.arange(len(mapped))))
    assert len(packed) < 1000 + 8 * len(mapped)
    again = pickle.loads(packed)
    assert isinstance(again.pixels, np.memmap)
    rows = np.array([7, 3, 3])
    pixels, labels = again[rows]
    assert pixels[:, 0, 0, 0].tolist() == labels.tolist() == [7, 3, 3]


def test_a_law_by_its_name():
    law = data.image_law("mnist10k[3]", 16)
    assert (law.name, law.shape, law.modes) == ("mnist10k[3]", (1, 16, 16), None)
    assert data.image_law("emoji", 8, color="grey").shape == (1, 8, 8)
