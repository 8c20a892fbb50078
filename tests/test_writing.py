"""How files are written."""

import errno
import os

import pytest

from wganlab.writing import check, why, written


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    place = tmp_path / "a.npy"
    with written(place) as part:
        assert part.parent == tmp_path
        assert part.suffix == ".npy"
        part.write_bytes(b"new")
        assert not place.exists()
    assert place.read_bytes() == b"new"
    assert place.stat().st_nlink == 1

    def fail():
        with written(place, overwrite=True) as part:
            part.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert place.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [place]


def test_nothing_is_replaced_unasked(tmp_path):
    place = tmp_path / "a.csv"
    place.write_text("mine")
    for refused in (lambda: check(place, option="--out"), lambda: written(place).__enter__()):
        with pytest.raises(ValueError, match="exists: give another name, or --overwrite"):
            refused()
    with written(place, overwrite=True) as part:
        part.write_text("new")
    assert place.read_text() == "new"


def test_what_came_in_the_meantime_is_not_replaced(tmp_path):
    place = tmp_path / "a.csv"

    def late():
        with written(place, option="--out") as part:
            part.write_text("new")
            place.write_text("of another")

    with pytest.raises(ValueError, match=r"--out .*exists by now"):
        late()
    assert place.read_text() == "of another"
    assert list(tmp_path.iterdir()) == [place]


def test_inputs_are_never_replaced(tmp_path):
    place, other = tmp_path / "a.npz", tmp_path / "linked.npz"
    place.write_text("mine")
    os.link(place, other)
    (tmp_path / "link.npz").symlink_to(place)
    for name in ("a.npz", "linked.npz", "link.npz", "../" + tmp_path.name + "/a.npz"):
        with pytest.raises(ValueError, match="is one of the inputs"):
            check(tmp_path / name, overwrite=True, inputs=["mnist10k", place])
    with pytest.raises(ValueError, match="is one of the inputs"):
        check(place, overwrite=True, inputs=[tmp_path])
    check(tmp_path / "new.npz", inputs=[place, tmp_path])


def test_odd_places_are_refused(tmp_path):
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for place, reason in (
        (tmp_path / "a.jpg", "expected one of .png, .npy"),
        (tmp_path / "folder.png", "is a folder"),
        (tmp_path / "pipe.png", "is no regular file"),
        (tmp_path / "gone" / "a.png", "cannot be written: No such file"),
        (tmp_path / ("a" * 300 + ".png"), "cannot be written: File name too long"),
    ):
        with pytest.raises(ValueError, match=reason):
            check(place, option="--out", suffixes=(".png", ".npy"), overwrite=True)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_stays_one_and_a_longest_name_will_do(tmp_path):
    (tmp_path / "link.npy").symlink_to(tmp_path / "real.npy")
    for name in ("link.npy", "a" * 251 + ".npy"):
        with written(tmp_path / name) as part:
            part.write_text("new")
    assert (tmp_path / "link.npy").is_symlink()
    assert (tmp_path / "real.npy").read_text() == "new"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_what_to_do(tmp_path, code):
    def full():
        with written(tmp_path / "a.npy", option="--out"):
            raise OSError(code, os.strerror(code))

    with pytest.raises(ValueError, match=r"--out .*a.npy cannot be written: .*: free some room"):
        full()
    assert not list(tmp_path.iterdir())
    assert why(OSError(errno.EACCES, "Permission denied")) == "Permission denied"
