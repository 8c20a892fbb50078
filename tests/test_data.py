"""Files of points."""

import re

import numpy as np
import pytest

from wganlab import data

POINTS = np.array([[0.0, 1.5], [2.0, -3e-4], [4.0, 5.0]])


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("csv", "0,1.5\n2,-3e-4\n4,5\n"),
        ("csv", "x,y\n0,1.5\n2,-3e-4\n4,5\n"),
        ("csv", "\ufeffx,y\r\n0,1.5\r\n2,-3e-4\r\n4,5\r\n"),
        ("csv", "0;1.5\n2;-3e-4\n4;5\n"),
        ("CSV", '"x, in m","y"\n"0","1.5"\n"2", "-3e-4"\n4,5\n'),
        ("csv", "x,y\n0,1.5,\n2,-3e-4,\n4,5,\n"),
        ("tsv", "first, in m\tsecond one\n0\t1.5\n2\t-3e-4\n4\t5\n"),
        ("txt", '"x" "y"\n"0"\t"1.5"\n2 -3e-4\n4 5\n'),
        ("txt", "# x y\n0 1.5\n2\t-3e-4\n\n4   5"),
        ("txt", "x y\n0 1.5\n2 -3e-4\n4 5  # the last\n"),
    ],
)
def test_text_files(tmp_path, suffix, text):
    path = tmp_path / f"points.{suffix}"
    path.write_text(text, encoding="utf-8")
    loaded = data.load_points(str(path))
    np.testing.assert_array_equal(loaded.points, POINTS)
    assert loaded.weights is None
    assert loaded.notes == ()


@pytest.mark.parametrize(
    ("text", "points", "note"),
    [
        ("0,1\n0.5,1.0\n1,2.5\n", [[0.5, 1], [1, 2.5]], "0,1, was taken for a header"),
        ("0,1\n5,7\n", [[0, 1], [5, 7]], "0,1, counts as a point"),
        ("0,1\n0.5,0.5\n5,7\n", [[0, 1], [0.5, 0.5], [5, 7]], "0,1, counts as a point"),
        ("0,1\n0.5,7\nnan,7\n", [[0, 1], [0.5, 7], [np.nan, 7]], "0,1, counts as a point"),
        ("0\n0.25\n1\n", [[0], [0.25], [1]], None),
        (",x,y\n0,1.5,2\n", [[0, 1.5, 2]], "its first column has no name"),
        (",0,1\n0,1.5,2\n", [[0, 1.5, 2]], "its first column has no name"),
        ("x,y\n0,1.5,2\n", [[0, 1.5, 2]], "its header names 2 columns, its lines have 3"),
        ("x,y,\n1,2,\n", [[1, 2]], None),
        ("x,y\n1,2,\n", [[1, 2]], None),
    ],
)
def test_doubtful_lines_are_told_of(tmp_path, text, points, note):
    path = tmp_path / "points.csv"
    path.write_text(text)
    loaded = data.load_points(str(path))
    np.testing.assert_array_equal(loaded.points, points)
    assert len(loaded.notes) == (note is not None)
    for line in loaded.notes:
        assert line.startswith(f"{path}: ")
        assert note in line


def test_numpy_files(tmp_path):
    np.save(tmp_path / "a.npy", POINTS)
    np.savez(tmp_path / "b.npz", points=POINTS, weights=[0.5, 0.25, 0.25])
    np.savez(tmp_path / "c.npz", anything=POINTS)
    np.save(tmp_path / "images.npy", np.zeros((5, 4, 4, 3), np.uint8))
    np.testing.assert_array_equal(data.load_points(str(tmp_path / "a.npy")).points, POINTS)
    weighted = data.load_points(str(tmp_path / "b.npz"))
    np.testing.assert_array_equal(weighted.points, POINTS)
    np.testing.assert_array_equal(weighted.weights, [0.5, 0.25, 0.25])
    np.testing.assert_array_equal(data.load_points(str(tmp_path / "c.npz")).points, POINTS)
    assert data.load_points(str(tmp_path / "images.npy")).points.shape == (5, 48)


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("gone.csv", None, "there is no file"),
        ("points.xls", b"", "neither a .npy, .npz, .csv, .txt, .tsv file nor an image set"),
        ("empty.csv", b"", "the file has no points"),
        ("header.csv", b"x,y\n", "the file has no points"),
        ("ragged.csv", b"1,2\n3\n", "number of columns"),
        ("own.csv", b"# c\n\n1,2\n3\n", "changes from 2 on line 3 to 1 on line 4"),
        ("own.csv", b"x,y\n\n1,2\n3,z\n", "line 4, column 2: could not convert string 'z'"),
        ("none.csv", b"NA,NA\n1,2\n", "line 1, column 1: 'NA' is a missing value"),
        ("none.csv", b"null,-\n1,2\n", "line 1, column 1: 'null' is a missing value"),
        ("y.csv", b"x,y\n1,\n2,\n", "line 2, column 2: could not convert an empty cell"),
        ("some.csv", b"1,2,\n3,4,5\n", "empty on line 1, but not on line 2"),
        ("comma.csv", b"0,5;1,5\n", "has a decimal comma: write 0.5"),
        ("comma.csv", b'"0,5","1,5"\n', "has a decimal comma: write 0.5"),
        ("hole.csv", b"1,2\n3,\n", "could not convert"),
        ("broken.csv", b"1,abc\n3,4\n", "could not convert string 'abc'"),
        ("broken.npy", b"\x93NUMPY", "broken.npy: "),
        ("broken.npz", b"PK", "broken.npz: "),
        ("latin.csv", b"\xff\xfe1,2\n", "latin.csv: "),
        ("latin.csv", "\xe9,b\n1,2\n".encode("latin-1"), "save it as UTF-8"),
        ("wide.csv", "1,2\n".encode("utf-16"), "save it as UTF-8"),
        ("wide.csv", "1,2\n".encode("utf-16-le"), "save it as UTF-8"),
        ("text.npy", b"1,2\n", "this is no .npy or .npz file"),
    ],
)
def test_bad_files_are_refused_with_advice(tmp_path, name, content, advice):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(advice)):
        data.load_points(str(path))


def test_an_archive_of_several_arrays_needs_points(tmp_path):
    np.savez(tmp_path / "two.npz", x=POINTS, y=POINTS)
    with pytest.raises(ValueError, match=r"expected an array named 'points'.*found x, y"):
        data.load_points(str(tmp_path / "two.npz"))


def test_weights_alone_are_no_points(tmp_path):
    np.savez(tmp_path / "w.npz", weights=[0.5, 0.5])
    with pytest.raises(ValueError, match=r"expected an array named 'points'.*found weights"):
        data.load_points(str(tmp_path / "w.npz"))


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_a_file_cut_off_is_refused(tmp_path, suffix):
    (np.save if suffix == "npy" else np.savez)(tmp_path / f"whole.{suffix}", np.ones((50, 2)))
    content = (tmp_path / f"whole.{suffix}").read_bytes()
    path = tmp_path / f"half.{suffix}"
    for damaged in (content[: len(content) // 2], content[:300] + b"?" * 9 + content[309:]):
        if suffix == "npy" and len(damaged) == len(content):
            continue  # numbers have no checksum
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=f"half.{suffix}: the file is damaged or cut off"):
            data.load_points(str(path))


def test_a_directory_is_told_from_a_file(tmp_path):
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(ValueError, match="is a directory"):
        data.load_points(str(tmp_path / "x.csv"))


def test_a_pickled_file_is_not_opened(tmp_path):
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        data.load_points(str(tmp_path / "object.npy"))
