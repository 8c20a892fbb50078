"""Image sets: embedded, in folders, in arrays, from the hub; and the command that shows them."""

import errno
import io
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import warnings
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from wganlab import data
from wganlab.cli import main
from wganlab.data import cache, pixels

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    """A cache of its own for each test."""
    monkeypatch.setenv("WGANLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def save(path, color=RED, size=(12, 8), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).convert(mode).save(path, **options)


@pytest.fixture
def folder(tmp_path):
    """Three reds in a, two blues in b."""
    for name, color, n in (("a", RED, 3), ("b", BLUE, 2)):
        for k in range(n):
            save(tmp_path / "photos" / name / f"{k}.png", color)
    return tmp_path / "photos"


@pytest.fixture
def blind(monkeypatch):
    """From the call on, nothing can be decoded."""

    def close():
        def refuse(*arguments, **options):
            raise AssertionError("an image was opened")

        monkeypatch.setattr(pixels, "_opened", refuse)
        monkeypatch.setattr(Image, "open", refuse)

    return close


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("mnist10k", (10_000, 28, 28, 1), 10),
        ("emoji", (1906, 64, 64, 3), 9),
        ("glyphs", (3720, 32, 32, 1), 62),
    ],
)
def test_embedded_sets(name, shape, classes):
    whole = data.images(name)
    assert whole.images.shape == shape
    assert whole.images.dtype == np.uint8
    assert len(whole.label_names) == classes
    assert set(whole.labels) == set(range(classes))
    points = whole.points()
    assert points.shape == (shape[0], np.prod(shape[1:]))
    assert points.dtype == np.float64
    assert (points.min(), points.max()) == (0, 1)
    with pytest.raises(ValueError, match="read-only"):
        whole.images[0] = 0


def test_one_class_is_chosen_by_name():
    assert len(data.images("mnist10k[3]")) == (data.images("mnist10k").labels == 3).sum()
    assert len(data.images("glyphs[A]")) == 60
    assert len(data.images("emoji[Food & Drink]")) > 100
    assert set(data.images("glyphs").select("3").labels) == {3}


@pytest.mark.parametrize("name", ["mnist10k", "emoji", "glyphs"])
def test_any_size(name):
    small = data.images(name, size=16)
    assert small.images.shape[1:3] == (16, 16)
    native = data.images(name)
    assert len(small) == len(native)
    assert small.points().mean() == pytest.approx(native.points().mean(), rel=0.1)


def test_glyphs_are_distinct_and_inside_the_frame():
    glyphs = data.images("glyphs").images
    assert len(np.unique(glyphs.reshape(len(glyphs), -1), axis=0)) == len(glyphs)
    border = np.concatenate([glyphs[:, [0, -1]].ravel(), glyphs[:, :, [0, -1]].ravel()])
    assert (border > 0).mean() < 1e-4


@pytest.mark.parametrize(
    ("name", "size", "advice"),
    [
        ("mnist", None, "there is no image set 'mnist': choose from faces, mnist10k"),
        ("mnist10k[x]", None, "no class 'x': choose from 0, 1"),
        ("mnist10k[3", None, "there is no image set"),
        ("emoji:x", None, "or your own: folder:PATH, npz:PATH, hub:NAME"),
        ("mnist10k", 0, "at least one pixel"),
    ],
)
def test_bad_names_are_refused_with_advice(name, size, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        data.images(name, size)


@pytest.mark.parametrize("name", ["mnist10k", "emoji"])
def test_embedded_sets_in_another_color(name):
    grey, rgb = data.images(name, color="grey").images, data.images(name, color="rgb").images
    assert (grey.shape[3], rgb.shape[3]) == (1, 3)
    own = data.images(name).images
    np.testing.assert_array_equal(rgb if own.shape[3] == 3 else rgb[..., :1], own)
    for k in (0, 700, 1500):
        expected = np.asarray(Image.fromarray(rgb[k]).convert("L"))
        np.testing.assert_array_equal(grey[k, ..., 0], expected)
    for images in (grey, rgb):
        assert images.flags.c_contiguous
        assert not images.flags.writeable


def test_what_is_an_image_source():
    for source in ("mnist10k", "glyphs[A]", "folder:x", "folder:/a/b[c]", "npz:x.npz", "hub:a/b"):
        assert data.is_image_source(source)
    for source in ("a.csv", "8gaussians", "gaussian:std=1", "folder", "images.npz", "mnist"):
        assert not data.is_image_source(source)


def test_a_folder_has_its_subfolders_as_classes(folder):
    whole = data.images(f"folder:{folder}", np.int64(16))
    assert whole.name == f"folder:{folder}"
    assert whole.images.shape == (5, 16, 16, 3)
    assert whole.label_names == ("a", "b")
    assert whole.labels.tolist() == [0, 0, 0, 1, 1]
    assert whole.labels.dtype == np.int64
    assert whole.license == ""
    assert (whole.images[:3] == RED).all()
    assert (whole.images[3:] == BLUE).all()
    assert isinstance(whole.images, np.memmap)
    assert whole.images.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        whole.images[0] = 0
    assert data.images(f"folder:{folder}").images.shape[1:3] == (64, 64)


def test_a_class_of_a_folder_is_a_view_of_the_map(folder):
    blue = data.images(f"folder:{folder}[b]", 8)
    assert blue.name == f"folder:{folder}[b]"
    assert isinstance(blue.images, np.memmap)
    assert blue.images.base is not None
    assert (blue.images == BLUE).all()
    np.testing.assert_array_equal(blue.points([1]), blue.points()[1:])
    with pytest.raises(ValueError, match=r"no class 'c': choose from a, b"):
        data.images(f"folder:{folder}[c]")


def test_brackets_in_a_path_are_the_path(tmp_path):
    save(tmp_path / "set" / "x" / "0.png", RED)
    save(tmp_path / "set[x]" / "y" / "0.png", BLUE)
    save(tmp_path / "set[x]" / "odd[1]" / "0.png", GREEN)
    assert (data.images(f"folder:{tmp_path}/set[x]", 8, color="rgb").label_names) == ("odd[1]", "y")
    assert (data.images(f"folder:{tmp_path}/set/[x]", 8).images == RED).all()
    assert (data.images(f"folder:{tmp_path}/set[x][y]", 8).images == BLUE).all()
    assert (data.images(f"folder:{tmp_path}/set[x][odd[1]]", 8).images == GREEN).all()


def test_folders_are_read_in_order_and_deep(tmp_path):
    for name in ("b/2.PNG", "b/deep/1.jpg", "a.webp", ".hidden/0.png", "._a.png"):
        save(tmp_path / "mixed" / name)
    (tmp_path / "mixed" / "notes.txt").write_text("no image")
    (tmp_path / "mixed" / "b" / "up").symlink_to(tmp_path / "mixed")
    whole = data.images(f"folder:{tmp_path}/mixed", 8)
    assert whole.label_names == (".", "b")
    assert whole.labels.tolist() == [0, 1, 1]
    save(tmp_path / "flat" / "0.png")
    assert data.images(f"folder:{tmp_path}/flat", 8).label_names == ("flat",)


def test_equal_folders_give_equal_arrays(tmp_path, rng):
    for name in ("one", "two"):
        for k in (2, 0, 1) if name == "one" else (1, 2, 0):
            (tmp_path / name).mkdir(exist_ok=True)
            frame = np.random.default_rng(k).integers(0, 256, (9, 14, 3), dtype=np.uint8)
            Image.fromarray(frame).save(tmp_path / name / f"{k}.png")
    one, two = (data.images(f"folder:{tmp_path}/{name}", 8).images for name in ("one", "two"))
    np.testing.assert_array_equal(one, two)


def test_images_are_turned_cropped_and_smoothed(tmp_path):
    path = tmp_path / "set" / "0.jpg"
    path.parent.mkdir()
    halves = np.zeros((32, 48, 3), np.uint8)
    halves[:16, 8:40] = 255  # the middle square is white above and black below
    halves[:, :8] = halves[:, 40:] = RED
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise when shown: white to the right
    Image.fromarray(halves).save(path, exif=exif, quality=100, subsampling=0)
    shown = data.images(f"folder:{path.parent}", 8).images[0].astype(int)
    assert shown[:, 5:].min() > 200
    assert shown[:, :3].max() < 55
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    (tmp_path / "fine").mkdir()
    Image.fromarray(stripes).save(tmp_path / "fine" / "0.png")
    fine = data.images(f"folder:{tmp_path}/fine", 8).images
    assert abs(fine.astype(int) - 127).max() < 20  # without antialiasing all 0 or all 255


def test_colors_of_a_folder(tmp_path):
    save(tmp_path / "grey" / "0.png", (9, 9, 9), mode="L")
    save(tmp_path / "grey" / "1.png", (200, 200, 200), mode="1")
    assert data.images(f"folder:{tmp_path}/grey", 8).images.shape == (2, 8, 8, 1)
    assert data.images(f"folder:{tmp_path}/grey", 8, color="rgb").images.shape == (2, 8, 8, 3)
    save(tmp_path / "grey" / "2.png", RED)
    assert data.images(f"folder:{tmp_path}/grey", 8).images.shape == (3, 8, 8, 3)
    grey = data.images(f"folder:{tmp_path}/grey", 8, color="grey").images
    assert grey[:, 0, 0, 0].tolist() == [9, 255, 76]


def test_odd_modes_are_read(tmp_path):
    path = tmp_path / "odd"
    path.mkdir()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(path / "clear.png")
    Image.fromarray(np.full((8, 8), 257 * 100, np.uint16)).save(path / "deep.png")
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(path / "ink.tif")
    Image.new("P", (8, 8), 3).save(path / "palette.gif")
    whole = data.images(f"folder:{path}", 8)
    assert whole.images[0].min() == 255  # white shows through
    assert set(whole.images[1].ravel()) == {100}
    assert (whole.images[2] == RED).all()


def deep(path, levels, dtype=np.uint16):
    """An image of one row a level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.repeat(np.array(levels, dtype)[:, None], len(levels), axis=1)).save(path)


@pytest.mark.parametrize(
    ("dtype", "sets", "shown", "note"),
    [
        (np.uint16, ([0, 2040], [4080, 0]), ([0, 127], [254, 0]), "0 to 4080: 0 is taken for bla"),
        (np.uint16, ([0, 100], [255, 0]), ([0, 100], [255, 0]), "black and 255 for white"),
        (np.uint16, ([0, 257], [65535, 0]), ([0, 1], [255, 0]), None),
        (np.int32, ([0, 100], [255, 0]), ([0, 100], [255, 0]), "black and 255 for white"),
        (np.int32, ([3080, 0], [-1000, 0]), ([255, 62], [0, 62]), "-1000 is taken for black"),
        (np.float32, ([0, 0.5], [1, 0]), ([0, 128], [255, 0]), "floats from 0 to 1: 0 is taken"),
        (np.float32, ([-1, 0], [1, 0]), ([0, 128], [255, 128]), "-1 is taken for black and 1 for"),
        (np.float32, ([0, 100], [200, 0]), ([0, 100], [200, 0]), "black and 255 for white"),
        (np.uint16, ([0, 0], [0, 0]), ([0, 0], [0, 0]), "and it is black"),
    ],
)
def test_levels_are_those_of_the_whole_set(tmp_path, dtype, sets, shown, note):
    for k, levels in enumerate(sets):
        deep(tmp_path / "set" / f"{k}.tif", levels, dtype)
    np.savez(tmp_path / "set.npz", images=np.array(sets, dtype)[..., None].repeat(2, axis=2))
    for source in (f"folder:{tmp_path / 'set'}", f"npz:{tmp_path / 'set.npz'}"):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            whole = data.images(source, 2)
        np.testing.assert_array_equal(whole.images[..., 0, 0], shown)
        assert len(told) == (note is not None)
        assert note is None or note in str(told[0].message)


def test_what_was_cut_to_8_bits_or_one_frame_is_told(tmp_path):
    frames = [Image.new("L", (8, 8), 50 * k) for k in (1, 2, 3)]
    folder = tmp_path / "set"
    folder.mkdir()
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "b.tif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "c.png")
    told = "2 of 3 images have several frames or pages, such as a.gif: the first is taken"
    for _ in range(2):
        with pytest.warns(UserWarning, match=told):
            assert (data.images(f"folder:{folder}", 8).images == 50).all()
    np.save(tmp_path / "mask.npy", np.ones((2, 4, 4), np.uint8))
    with pytest.warns(UserWarning, match="its largest level is 1 of 255, so it is nearly black"):
        data.images(f"npz:{tmp_path / 'mask.npy'}")
    np.save(tmp_path / "mask.npy", np.ones((2, 4, 4), bool))
    assert (data.images(f"npz:{tmp_path / 'mask.npy'}").images == 255).all()


def test_48_bits_whose_upper_8_are_black_are_no_black_image(tmp_path):
    pixels = np.full((4, 4, 3), 255, ">u2")  # 8 bits in 16
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)
    with (tmp_path / "a.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")):
            crc = zlib.crc32(kind + body)
            file.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc))
    with pytest.raises(ValueError, match="only the upper 8 can be read, and they are black"):
        data.images(f"folder:{tmp_path}", 4)


def test_only_regular_files_of_known_formats_are_opened(folder, monkeypatch):
    os.mkfifo(folder / "a" / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(folder)  # names of sockets are short
        server.bind("socket.png")
        assert len(data.images(f"folder:{folder}", 8)) == 5
    Image.new("RGB", (8, 8)).save(folder / "a" / "eps.png", format="EPS")
    with pytest.warns(UserWarning, match=r"a/eps.png \(no image of a known format\)"):
        assert len(data.images(f"folder:{folder}", 8)) == 5


def test_a_damaged_file_is_left_out_and_told_of(folder, capsys):
    (folder / "a" / "1.png").write_bytes(b"no image")
    whole = (folder / "b" / "0.png").read_bytes()
    (folder / "b" / "0.png").write_bytes(whole[: len(whole) - 30])
    told = r"2 of 5 images could not be read and are left out: a/1.png \(.*\), b/0.png \("
    for _ in range(2):  # from the cache too
        with pytest.warns(UserWarning, match=told):
            some = data.images(f"folder:{folder}", 8)
        assert some.labels.tolist() == [0, 0, 1]
        assert (some.images[:2] == RED).all()
        assert (some.images[2:] == BLUE).all()


def test_what_is_no_folder_of_images_is_refused(tmp_path, cache_folder):
    (tmp_path / "bad").mkdir()
    with pytest.raises(ValueError, match=r"there are no images in .*bad: expected .png, .jpg"):
        data.images(f"folder:{tmp_path}/bad")
    for k in range(4):
        (tmp_path / "bad" / f"{k}.png").write_bytes(b"?")
    with pytest.raises(ValueError, match=r"not one of 4 images could be read, such as 0.png"):
        data.images(f"folder:{tmp_path}/bad")
    assert not list(cache_folder.iterdir())
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        data.images("folder:nowhere")
    with pytest.raises(FileNotFoundError, match="it is no folder"):
        data.images(f"folder:{tmp_path}/bad/0.png")
    with pytest.raises(ValueError, match="color = 'red': choose from auto, grey, rgb"):
        data.images("glyphs", color="red")


def test_the_second_load_decodes_nothing(folder, blind):
    first = data.images(f"folder:{folder}", 8)
    blind()
    second = data.images(f"folder:{folder}", 8)
    np.testing.assert_array_equal(first.images, second.images)
    assert isinstance(second.images, np.memmap)
    with pytest.raises(ValueError, match="not one of 5 images"):
        data.images(f"folder:{folder}", 9)  # the check itself can fail


def test_a_changed_folder_is_read_again(folder):
    source = f"folder:{folder}"
    assert len(data.images(source, 8)) == 5
    save(folder / "b" / "9.png", GREEN)
    assert len(data.images(source, 8)) == 6
    save(folder / "b" / "9.png", RED)
    os.utime(folder / "b" / "9.png", ns=(1, 1))
    assert (data.images(source, 8).images[-1] == RED).all()
    (folder / "a" / "0.png").unlink()
    assert len(data.images(source, 8)) == 5


def test_an_interrupted_build_leaves_nothing(folder, cache_folder, monkeypatch):
    def stop(encoded, *how):
        if str(encoded).endswith("b/0.png"):
            raise KeyboardInterrupt
        return decode(encoded, *how)

    decode = cache.decode
    monkeypatch.setattr(cache, "decode", stop)
    with pytest.raises(KeyboardInterrupt):
        data.images(f"folder:{folder}", 8)
    assert not list(cache_folder.iterdir())
    monkeypatch.setattr(cache, "decode", decode)
    assert len(data.images(f"folder:{folder}", 8)) == 5


def test_a_killed_build_is_never_read_and_swept_later(folder, cache_folder):
    code = (
        "import os, sys; from wganlab import data; from wganlab.data import cache\n"
        "cache.decode = lambda *_: os._exit(9)\n"
        "data.images(sys.argv[1], 8)"
    )
    killed = subprocess.run([sys.executable, "-c", code, f"folder:{folder}"], check=False)
    assert killed.returncode == 9
    (part,) = cache_folder.glob(".*.part")
    assert len(data.images(f"folder:{folder}", 8)) == 5
    assert part.exists()  # it might still be at work
    for path in (*part.iterdir(), part):
        os.utime(path, (0, time.time() - 2 * cache.STALE))
    of_somebody = cache_folder / ".notes.part"
    of_somebody.mkdir()
    (of_somebody / "a.txt").touch()
    for path in (of_somebody / "a.txt", of_somebody):
        os.utime(path, (0, time.time() - 2 * cache.STALE))
    data.images(f"folder:{folder}", 9)
    assert not part.exists()
    assert of_somebody.exists()


def test_a_damaged_cache_is_made_again(folder, cache_folder):
    expected = np.array(data.images(f"folder:{folder}", 8).images)
    (entry,) = cache_folder.iterdir()
    for name in ("images.npy", "about.json", "labels.npy"):
        content = (entry / name).read_bytes()
        for damaged in (content[: len(content) // 2], b"", b"[]", b"\x93NUMPY\x01\0"):
            (entry / name).write_bytes(damaged)
            np.testing.assert_array_equal(data.images(f"folder:{folder}", 8).images, expected)
    shutil.rmtree(entry)
    entry.write_bytes(b"")
    np.testing.assert_array_equal(data.images(f"folder:{folder}", 8).images, expected)


def test_of_builds_at_the_same_time_one_decodes(folder, cache_folder, monkeypatch):
    begun, go_on, fill, filled = threading.Event(), threading.Event(), cache._fill, []

    def slowly(*arguments):
        filled.append(arguments)
        begun.set()
        assert go_on.wait(20)
        fill(*arguments)

    monkeypatch.setattr(cache, "_fill", slowly)
    monkeypatch.setattr("wganlab.writing.warnings.warn", lambda told, **_: go_on.set())
    found = []

    def load():
        found.append(data.images(f"folder:{folder}", 8).images)

    threads = [threading.Thread(target=load) for _ in range(2)]
    threads[0].start()
    assert begun.wait(20)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert len(filled) == 1
    np.testing.assert_array_equal(*found)
    assert len(list(cache_folder.iterdir())) == 1


def test_a_full_disk_is_told_before(folder, monkeypatch, cache_folder):
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(OSError, match=r"needs 0.1 GB, and 0.0 GB are free: .*WGANLAB_CACHE"):
        data.images(f"folder:{folder}", 3000)
    assert not cache_folder.exists()


def test_a_disk_that_fills_up_is_told(folder, monkeypatch, cache_folder):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "_write_header", full)
    with pytest.raises(OSError, match=r"No space left on device: free some room.*WGANLAB_CACHE"):
        data.images(f"folder:{folder}", 8)
    assert not list(cache_folder.iterdir())


def test_a_cache_that_cannot_be_written_is_told(folder, cache_folder):
    cache_folder.write_text("in the way")
    with pytest.raises(OSError, match=r"cannot be written .*WGANLAB_CACHE"):
        data.images(f"folder:{folder}", 8)


def test_where_the_cache_is(monkeypatch, tmp_path):
    assert cache.folder() == tmp_path / "cache"
    monkeypatch.delenv("WGANLAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "wganlab"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.folder() == Path.home() / ".cache" / "wganlab"


def test_arrays(tmp_path, rng):
    pictures = rng.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    labels = np.array([1, 0, 1, 1, 0, 0])
    path = tmp_path / "set.npz"
    np.savez(path, images=pictures, labels=labels, label_names=["cat", "dog"])
    whole = data.images(f"npz:{path}")
    np.testing.assert_array_equal(whole.images, pictures)
    assert whole.label_names == ("cat", "dog")
    np.testing.assert_array_equal(data.images(f"npz:{path}[dog]").images, pictures[labels == 1])
    assert data.images(f"npz:{path}", 4, color="grey").images.shape == (6, 4, 4, 1)
    np.savez(path, images=pictures[..., 0], labels=labels + 7)
    assert data.images(f"npz:{path}").label_names == ("7", "8")
    assert data.images(f"npz:{path}", color="rgb").images.shape == (6, 8, 8, 3)
    np.savez(path, anything=pictures[..., :1])
    assert data.images(f"npz:{path}").label_names == ("set",)
    np.save(tmp_path / "set.npy", pictures)
    mapped = data.images(f"npz:{tmp_path}/set.npy").images
    np.testing.assert_array_equal(mapped, pictures)
    assert isinstance(mapped, np.memmap)
    assert not mapped.flags.writeable


UINT8 = np.zeros((4, 6, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "advice"),
    [
        ({"images": UINT8 * 1j}, "the images are complex128, or not finite: expected numbers"),
        ({"images": UINT8 / np.float32(np.nan)}, "the images are float32, or not finite"),
        ({"images": UINT8.transpose(0, 3, 1, 2)}, "save images.transpose(0, 2, 3, 1)"),
        ({"images": UINT8.reshape(4, -1)}, "save images.reshape(n, h, w)"),
        ({"images": np.zeros((4, 6, 6, 4), np.uint8)}, "save images[..., :3]"),
        ({"images": UINT8[:0]}, "there are no pixels"),
        ({"images": UINT8, "labels": np.zeros(3, int)}, "shape (3,), expected (4,)"),
        ({"images": UINT8, "labels": np.zeros(4)}, "expected whole numbers or strings"),
        (
            {"images": UINT8, "labels": np.full(4, 2), "label_names": ["a", "b"]},
            "no rows of the 2 label_names",
        ),
        ({"x": UINT8, "y": UINT8}, "expected an array named 'images'"),
    ],
)
def test_bad_arrays_are_refused_with_advice(tmp_path, arrays, advice):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(ValueError, match=re.escape(advice)) as raised:
        data.images(f"npz:{tmp_path}/bad.npz")
    assert str(raised.value).startswith(f"npz:{tmp_path}/bad.npz: ")


def test_pickles_and_missing_files_are_refused(tmp_path):
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        data.images(f"npz:{tmp_path}/object.npy")
    with pytest.raises(FileNotFoundError, match=r"there is no file 'gone.npz'"):
        data.images("npz:gone.npz")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The datasets library, without a network and with a cache of its own."""

    def refuse(*arguments):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "hf"))
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return datasets


@pytest.fixture
def parquet(tmp_path, hub, rng):
    """Two shards, made as the hub has them: images inside, two columns of labels."""
    (tmp_path / "pq").mkdir()
    features = hub.Features(
        {
            "img": hub.Image(),
            "fine": hub.ClassLabel(names=["cat", "dog"]),
            "happy": hub.Value("bool"),
        }
    )
    for shard in range(2):
        encoded = []
        for k in range(3):
            buffer = io.BytesIO()
            Image.new("RGB", (10, 10), (40 * (3 * shard + k), 0, 0)).save(buffer, "PNG")
            encoded.append({"bytes": buffer.getvalue(), "path": None})
        columns = {"img": encoded, "fine": [0, 1, 1], "happy": [True, False, True]}
        table = hub.Dataset.from_dict(columns, features=features)
        table.to_parquet(tmp_path / "pq" / f"train-{shard:05d}-of-00002.parquet")
    return tmp_path / "pq"


def test_a_local_folder_of_parquet(parquet, blind, capfd, monkeypatch):
    whole = data.images(f"hub:{parquet}")
    assert whole.images.shape == (6, 10, 10, 3)  # the first image is smaller than 64
    assert whole.images[:, 0, 0, 0].tolist() == [0, 40, 80, 120, 160, 200]
    assert whole.label_names == ("cat", "dog")
    assert whole.labels.tolist() == [0, 1, 1, 0, 1, 1]
    assert isinstance(whole.images, np.memmap)
    assert len(data.images(f"hub:{parquet}[dog]")) == 4
    by_mood = data.images(f"hub:{parquet}:label=happy,image=img", 8, color="grey")
    assert by_mood.label_names == ("False", "True")
    assert len(data.images(f"hub:{parquet}:split=train[:4]")) == 4
    assert len(data.images(f"hub:{parquet}:split=train[:4][dog]")) == 2
    (shard, _) = sorted(parquet.iterdir())
    assert len(data.images(f"hub:{shard}")) == 3
    assert capfd.readouterr().err == ""
    blind()
    monkeypatch.setitem(sys.modules, "datasets", None)  # the cache is enough
    np.testing.assert_array_equal(data.images(f"hub:{parquet}").images, whole.images)


def test_a_set_of_the_hub_that_is_cached_needs_no_network(hub, monkeypatch):
    frames = [Image.new("L", (6, 6), 50 * k) for k in range(3)]
    told = {"image": frames, "label": ["x", "y", "x"]}
    features = hub.Features({"image": hub.Image(), "label": hub.Value("string")})
    table = hub.Dataset.from_dict(told, features=features)
    asked = []

    def load_dataset(name, /, **options):
        asked.append((name, options))
        return table

    monkeypatch.setattr(hub, "load_dataset", load_dataset)
    source = "hub:someone/set:config=small,revision=abc,label=label"
    for _ in range(2):
        assert data.images(source).images[:, 0, 0, 0].tolist() == [0, 50, 100]
    assert asked == [("someone/set", {"split": "train", "name": "small", "revision": "abc"})]
    assert data.images("hub:someone/set").label_names == ("set",)
    assert len(asked) == 2


def test_a_local_folder_of_images(folder, hub):
    whole = data.images(f"hub:{folder}", 8)
    np.testing.assert_array_equal(whole.images, data.images(f"folder:{folder}", 8).images)
    assert whole.label_names == ("a", "b")
    save(folder / "b" / "9.png", GREEN)
    assert len(data.images(f"hub:{folder}", 8)) == 6


def test_columns_of_the_hub_are_chosen_or_asked_for(tmp_path, hub, parquet):
    features = hub.Features({"one": hub.Image(), "two": hub.Image(), "words": hub.Value("string")})
    frame = Image.new("L", (8, 8), 50)
    rows = {"one": [frame], "two": [frame], "words": ["x"]}
    (tmp_path / "two").mkdir()
    hub.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "two" / "train.parquet")
    with pytest.raises(ValueError, match=r"one, two could all be the image: name one, as in hub:"):
        data.images(f"hub:{tmp_path}/two")
    assert data.images(f"hub:{tmp_path}/two:image=two").label_names == ("two",)
    with pytest.raises(ValueError, match="no column 'x': its columns are one, two, words"):
        data.images(f"hub:{tmp_path}/two:image=x")
    (tmp_path / "none").mkdir()
    table = hub.Dataset.from_dict({"words": ["x"]})
    table.to_parquet(tmp_path / "none" / "train.parquet")
    with pytest.raises(ValueError, match="no column of images: its columns are words"):
        data.images(f"hub:{tmp_path}/none")
    with pytest.raises(ValueError, match=r'Unknown split "test".*split='):
        data.images(f"hub:{parquet}:split=test")
    with pytest.raises(ValueError, match=r"no option 'splt=test'"):
        data.images(f"hub:{parquet}:splt=test")
    with pytest.raises(ValueError, match="has no revisions"):
        data.images(f"hub:{parquet}:revision=1")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        data.images("hub:./nowhere")


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ModuleNotFoundError, match=re.escape('pip install "wganlab[hub]"')):
        data.images("hub:someone/set")


def test_points_of_image_sources(folder, capsys, monkeypatch):
    loaded = data.load_points(f"folder:{folder}[b]")
    assert loaded.points.shape == (2, 64 * 64 * 3)
    assert set(loaded.points.ravel()) == {0, 1}
    assert data.law(f"folder:{folder}").dim == 64 * 64 * 3
    assert main(["distance", f"folder:{folder}[a]", f"folder:{folder}[b]", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    # red to blue: two channels change in every pixel
    assert told["distances"]["EM"]["value"] == pytest.approx((2 * 64 * 64) ** 0.5)
    monkeypatch.setattr("wganlab.data.files.LARGEST_BYTES", 1e5)
    with pytest.raises(ValueError, match="choose one class"):
        data.load_points(f"folder:{folder}")
    assert main(["distance", f"folder:{folder}", "emoji", "--max-points", "4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["A"]["n"] == told["B"]["n"] == 4


def test_data_list(capsys, cache_folder):
    assert main(["data", "list"]) == 0
    out = capsys.readouterr().out
    for name in data.EMBEDDED:
        whole = data.images(name)
        row = next(line for line in out.splitlines() if line.startswith(name))
        assert f"{len(whole):,}" in row
        assert f" {len(whole.label_names)}  {whole.license}" in row
    for name in ("folder:PATH", "npz:PATH", "hub:NAME", str(cache_folder)):
        assert name in out


@pytest.mark.slow
def test_data_show(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "show", f"folder:{folder}", "--size", "16"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"folder:{folder}: 5 images, 16 x 16 pixels, RGB"
    assert out[1] == "2 classes: a (3), b (2)"
    assert out[2] == "license: unknown"
    assert out[3] == "sheet: photos.png, 5 images drawn with seed 0"
    with Image.open("photos.png") as sheet:
        shown = np.asarray(sheet.convert("RGB")).reshape(-1, 3)
    for color, n in ((RED, 3), (BLUE, 2)):
        assert (shown == color).all(axis=1).mean() == pytest.approx(n * 0.13, rel=0.3)
    before = Path("photos.png").read_bytes()
    assert main(["data", "show", f"folder:{folder}", "--size", "16"]) == 2
    assert "photos.png exists: give another name, or --overwrite" in capsys.readouterr().err
    assert main(["data", "show", f"folder:{folder}", "--size", "16", "--overwrite"]) == 0
    assert Path("photos.png").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_data_show_names_the_sheet_after_the_set(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "show", "mnist10k[3]", "-n", "5", "--color", "rgb", "-o", "x.png"]) == 0
    assert "1 class: 3 (1,032)" in capsys.readouterr().out
    assert main(["data", "show", "mnist10k[3]", "-n", "5"]) == 0
    assert "sheet: mnist10k-3.png, 5 images" in capsys.readouterr().out
    save(tmp_path / "名" / "猫$x$" / "0.png")
    save(tmp_path / "名" / "犬" / "0.png")
    assert main(["data", "show", "folder:名", "--size", "8"]) == 0  # no font has the names


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (["glyphs", "-n", "0"], "--n 0: expected 1 to 1,000"),
        (["glyphs", "--size", "0"], "--size 0: expected 1 or more"),
        (["glyphs", "--seed", "-1"], "--seed -1: expected 0 or more"),
        (["glyphs", "-o", "x.jpg"], "--out x.jpg: expected a .png file"),
        (["glyphs", "-o", "gone/x.png"], "--out gone/x.png cannot be written: No such file"),
        (["glyph"], "there is no image set 'glyph': choose from faces, mnist10k"),
        (["glyphs", "--sise", "3"], "see wganlab data show --help"),
        ([], "see wganlab data show --help"),
    ],
)
def test_data_show_refuses_with_advice(tmp_path, monkeypatch, capsys, options, advice):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "show", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert advice in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [[], ["--help"], ["list", "-h"], ["show", "--help"]])
def test_data_helps(options, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["data", *options])
    assert stop.value.code in (0, None)
    assert capsys.readouterr().out.startswith("usage: wganlab data")


def test_the_notice_travels_with_the_archives():
    from importlib import resources

    notice = resources.files("wganlab.data").joinpath("archives", "NOTICE.md").read_text()
    assert "CC BY-SA 3.0" in notice
    assert "CC BY 4.0" in notice
