"""Files of points."""

import gzip
import io
import os
import re
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pyarrow as arrow
import pytest
import torch
from pyarrow import parquet

from wganlab import data
from wganlab.data import files

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
        ("0\n0.25\n1\n", [[0], [0.25], [1]], None),
        (",x,y\n0,1.5,2\n", [[1.5, 2]], "its first column has no name and was taken for an index"),
        (",0,1\n0,1.5,2\n", [[1.5, 2]], "its first column has no name and was taken for an index"),
        ("x,y\n0,1.5,2\n", [[1.5, 2]], "its first column has no name and was taken for an index"),
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
        ("points.xls", b"", "neither a .npy, .npz, .csv, .txt, .tsv, .dat, .csv.gz"),
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


def written(tmp_path, text, name="points.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "points", "weights", "note"),
    [
        ("Unnamed: 0,x,y\n0,1.5,2\n1,3,4\n", [[1.5, 2], [3, 4]], None, "column Unnamed: 0 was tak"),
        ("id,x,y\n17,1.5,2\n4,3,4\n", [[1.5, 2], [3, 4]], None, "--columns id,x,y keeps it"),
        ("index,0\n0,1.5\n1,2.5\n", [[1.5], [2.5]], None, "column index was taken for an index"),
        ('"x" "y"\n"1" 1.5 2\n', [[1.5, 2]], None, "taken for an index"),
        ("bin,count\n0,3\n1,5\n", [[0], [1]], [0.375, 0.625], "column count was taken for weights"),
        ("x,p\n0,.25\n1,.75\n", [[0], [1]], [0.25, 0.75], "column p was taken for weights"),
        ("x,y,weight\n0,1,1\n1,1,3\n", [[0, 1], [1, 1]], [0.25, 0.75], "weight, sum to 4 and were"),
        ("# x,y,count\n0,1,1\n1,1,3\n", [[0, 1], [1, 1]], [0.25, 0.75], "taken for weights"),
        (",count\n0,3\n1,5\n", [[0], [1]], [0.375, 0.625], "column count was taken for weights"),
        ("index,proportion\n4,.5\n7,.5\n", [[4], [7]], [0.5, 0.5], "taken for weights"),
        ("day,x\n2024-01-01,2\n2024-01-02,4\n", [[2], [4]], None, "such as 2024-01-01, and was"),
        ("x,y,label\n.1,1,0\n.2,2,1\n", [[0.1, 1], [0.2, 2]], None, "was taken for labels"),
        ("x,y,kind\n.1,1,cat\n.2,2,dog\n", [[0.1, 1], [0.2, 2]], None, "holds text, such as cat"),
        (".1,1,cat\n.2,2,dog\n", [[0.1, 1], [0.2, 2]], None, "its first line counts as a point"),
        ("0,1.5\n1,2.5\n2,5\n", [[0, 1.5], [1, 2.5], [2, 5]], None, "column 1 counts 0, 1, 2, ..."),
        ("index,x\n1.33,2\n1.5,3\n", [[1.33, 2], [1.5, 3]], None, None),
        ("id\n3\n5\n", [[3], [5]], None, None),
        ("x,count\n1,-2\n2,3\n", [[1, -2], [2, 3]], None, "has negative numbers and counts as a"),
        ("x|y\n1|2\n", [[1, 2]], None, None),
        ("sep=;\nx;y\n1;2\n", [[1, 2]], None, None),
        ("x,y\n[m],s\n1,2\n", [[1, 2]], None, "its line 2, [m],s, was left out"),
        ("Measured in May\nx,y\n1,2\n", [[1, 2]], None, "its line 1, Measured in May, was left"),
        ("1,5\n", [[1, 5]], None, "1,5, were read as 2 coordinates each: for decimal commas"),
    ],
)
def test_columns_that_are_no_coordinates(tmp_path, text, points, weights, note):
    loaded = data.load_points(written(tmp_path, text))
    np.testing.assert_array_equal(loaded.points, points)
    if weights is None:
        assert loaded.weights is None
    else:
        np.testing.assert_allclose(loaded.weights, weights, rtol=1e-15)
    assert note is None or note in "\n".join(loaded.notes)
    assert note is not None or not loaded.notes


def test_columns_are_chosen(tmp_path):
    path = written(tmp_path, 'id,"x, in m",y,w\n5,1,2,3\n6,3,4,5\n')
    for chosen in (
        {"columns": '"x, in m",y'},
        {"columns": np.array(["x, in m", "y"])},
        {"columns": "2,3"},
    ):
        loaded = data.load_points(path, weights="w", **chosen)
        np.testing.assert_array_equal(loaded.points, [[1, 2], [3, 4]])
        np.testing.assert_allclose(loaded.weights, [3 / 8, 5 / 8])
        assert loaded.notes == (
            f"{path}: its weights, column w, sum to 8 and were divided by that",
        )
    np.testing.assert_array_equal(data.load_points(path, columns="y,id").points, [[2, 5], [4, 6]])
    np.testing.assert_array_equal(data.load_points(path, columns=3).points, [[2], [4]])
    with pytest.raises(ValueError, match="there is no column '0'"):
        data.load_points(path, columns=0)
    behind = data.load_points(f"{path}:columns=y:weights=w")
    np.testing.assert_array_equal(behind.points, [[2], [4]])
    assert behind.weights is not None
    assert behind.names == ("y",)
    np.save(tmp_path / "a.npy", POINTS)
    np.testing.assert_array_equal(
        data.load_points(tmp_path / "a.npy", columns=[2]).points, POINTS[:, 1:]
    )


@pytest.mark.parametrize(
    ("text", "options", "advice"),
    [
        ("height,weight\n1,2\n", {}, "choose --columns height --weights weight, or --columns"),
        ("x,y\n1,2\n", {"columns": "x,z"}, "there is no column 'z': its columns are x, y"),
        ("1,2\n", {"columns": "3"}, "there is no column '3': its columns are numbers from 1 to 2"),
        ("x,x\n1,2\n", {"columns": "x"}, "2 columns are called 'x'"),
        ("x,y\n1,2\n", {"columns": "x,x"}, "name each column once"),
        ("x,y\n1,2\n", {"columns": "x", "weights": "x"}, "cannot be weights and a coordinate both"),
        ("x,w\n1,-2\n", {"weights": "w"}, "column w has -2 in row 0: weights are at least 0"),
        ("x,w\n1,0\n", {"weights": "w"}, "the weights are all 0"),
        ("x,y\n1,2\n\nnan,3\n", {}, "line 4, column 1: 'nan' is a missing value"),
        ("x,y\n1,2\n1,inf\n", {}, "line 3, column 2: 'inf' is no finite number"),
        ('x,y\n"1,234",2\n', {}, "'1,234' may be 1234 or 1.234"),
        ('x,y\n"1,234,567.5",2\n', {}, "has commas between its thousands: write 1234567.5"),
        ("0,5\t1,5\n2,5\t3,5\n", {}, "looks like decimal commas"),
        ("0,5 1,5\n2,5 3,5\n", {}, "looks like decimal commas"),
        ("x\ty\n0,5\t1,5\n", {}, "looks like decimal commas"),
        ("x\n1,5\n2,7\n", {}, "its header names one column, and 1,5 are two"),
        ("x,y\n1,2,3,4\n", {}, "its header, line 1, names 2 columns, and line 2 has 4"),
        (f'x,y\n1,"{"a" * 140_000}"\n', {}, "line 2 is no line of a table"),
        (f"x,y\n1,{'9' * 140_000}\n", {}, "(140,000 characters)' is no finite number"),
        ("x\n5 kg\n6 kg\n", {}, "none of its columns x holds numbers"),
        ("x,y\n−1,2\n", {}, "could not convert string '−1' to a number"),
        ("x;y\n1.234,5;2\n", {}, "and points between thousands: write 1234.5"),
        ('x,y\n"1,2\n3,4"\n', {}, "line 2 has a quote without another"),
        ("x,kind\n1,a\n2,b\n", {"weights": "kind"}, "column kind holds no numbers: choose another"),
        ("x,kind\n1,a\n", {"columns": "kind"}, "could not convert string 'a' to a number"),
        ("x,y\n5%,2\n", {}, "choose other columns by --columns"),
        (",count\ncat,3\ndog,2\n", {}, "may count words, and points are numbers"),
    ],
)
def test_tables_in_doubt_are_refused_with_the_way_out(tmp_path, text, options, advice):
    with pytest.raises(ValueError, match=re.escape(advice)) as told:
        data.load_points(written(tmp_path, text), **options)
    assert len(str(told.value)) < 400


def test_other_files_and_standard_input(tmp_path, monkeypatch):
    raw = b"x,y,count\n0,1.5,1\n2,3,3\n"
    for name in ("a.csv.gz", "a.txt.gz", "b.tsv.gz", "a.dat.gz"):
        content = raw.replace(b",", b"\t") if "tsv" in name else raw
        (tmp_path / name).write_bytes(gzip.compress(content))
    (tmp_path / "a.dat").write_bytes(raw)
    parquet.write_table(
        arrow.table({"x": [0.0, 2.0], "y": [1.5, 3.0], "count": [1, 3], "kind": ["a", "b"]}),
        tmp_path / "a.parquet",
    )
    packed = io.BytesIO()
    np.save(packed, POINTS)
    for path in sorted(tmp_path.iterdir()):
        loaded = data.load_points(path)
        np.testing.assert_array_equal(loaded.points, [[0, 1.5], [2, 3]])
        np.testing.assert_array_equal(loaded.weights, [0.25, 0.75])
    with pytest.raises(ValueError, match="column kind holds no numbers"):
        data.load_points(tmp_path / "a.parquet", columns=["x", "kind"])
    for content in (raw, gzip.compress(raw), (tmp_path / "a.parquet").read_bytes()):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        np.testing.assert_array_equal(data.load_points("-").points, [[0, 1.5], [2, 3]])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(packed.getvalue())))
    np.testing.assert_array_equal(data.load_points("-").points, POINTS)
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(raw)[:20])
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    for name in ("cut.csv.gz", "cut.parquet"):
        with pytest.raises(ValueError, match="damaged"):
            data.load_points(tmp_path / name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError, match=re.escape('pip install "wganlab[parquet]"')):
        data.load_points(tmp_path / "a.parquet")


def test_an_array_of_an_archive_by_its_name(tmp_path):
    path = tmp_path / "two.npz"
    np.savez(path, real=POINTS, fake=POINTS + 1, w=[1, 1, 2])
    loaded = data.load_points(f"{path}[fake]:weights=w")
    np.testing.assert_array_equal(loaded.points, POINTS + 1)
    np.testing.assert_array_equal(loaded.weights, [0.25, 0.25, 0.5])
    np.testing.assert_array_equal(
        data.load_points(f"{path}[fake]:columns=2:weights=w").weights, [0.25, 0.25, 0.5]
    )
    assert data.load_points(f"{path}[real]").weights is None
    with pytest.raises(ValueError, match="there is no array 'x': it has real, fake, w"):
        data.load_points(f"{path}[x]")
    with pytest.raises(ValueError, match=re.escape("choose one, as in FILE.npz[real]")):
        data.load_points(path)
    with zipfile.ZipFile(tmp_path / "bytes.npz", "w") as file:
        file.writestr("points", b"no array")
    with pytest.raises(ValueError, match="'points' in it is no array"):
        data.load_points(tmp_path / "bytes.npz")
    np.savez(tmp_path / "counts.npz", points=POINTS, counts=[1, 1, 2])
    loaded = data.load_points(tmp_path / "counts.npz")
    assert "its array counts is not used: --weights counts for weights" in loaded.notes[0]
    assert data.load_points(tmp_path / "counts.npz", weights="counts").weights[2] == 0.5
    fields = np.array([(7, 1.5, 2.0), (9, 3.0, 4.0)], [("id", int), ("x", float), ("y", float)])
    np.save(tmp_path / "fields.npy", fields)
    np.testing.assert_array_equal(
        data.load_points(tmp_path / "fields.npy").points, [[1.5, 2], [3, 4]]
    )


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    os.mkfifo(tmp_path / "a.npz")
    (tmp_path / "c.csv").symlink_to("/dev/zero")
    for source in ("a.csv", "a.npz", "c.csv"):
        with pytest.raises(ValueError, match="is no regular file"):
            data.load_points(tmp_path / source)
    with pytest.raises(FileNotFoundError, match="it is no regular file"):
        data.images(f"npz:{tmp_path / 'a.npz'}")
    with pytest.raises(ValueError, match=r"is no name of a file"):
        data.load_points("a" * 5000 + ".csv")


def test_weighted_points_are_drawn_by_weight_or_repeated(tmp_path):
    path = written(tmp_path, "x,count\n0,1\n1,0\n5,3\n")
    with pytest.warns(UserWarning, match="count"):
        law = data.law(path)
    drawn = law.sample(4000, torch.Generator().manual_seed(0))
    assert set(drawn.ravel().tolist()) == {0.0, 5.0}
    assert (drawn == 5).float().mean() == pytest.approx(0.75, abs=0.03)
    rng = np.random.default_rng(0)
    even = files.equally_heavy("a", data.load_points(path), 100, rng)
    np.testing.assert_array_equal(even.points, [[0], [5], [5], [5]])
    assert "repeated" in even.notes[-1]
    odd = data.load_points(written(tmp_path, "x,p\n0,.3333333\n1,.6666667\n"))
    assert len(files.equally_heavy("b", odd, 50, rng).points) == 50


def test_the_columns_of_two_files_are_matched_by_name(tmp_path):
    a = data.load_points(written(tmp_path, "x,y\n1,2\n", "a.csv"))
    b = data.load_points(written(tmp_path, "y,x\n2,1\n", "b.csv"))
    c = data.load_points(written(tmp_path, "u,v\n2,1\n", "c.csv"))
    same, notes = files.in_order(a, b)
    np.testing.assert_array_equal(same.points, a.points)
    assert "put in the order of those of A" in notes[0]
    assert "taken in this order" in files.in_order(a, c)[1][0]
    assert files.in_order(a, a)[1] == []


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("x,y\n\u22121,\u22122\n3,4\n", "line 2, column 1: could not convert"),
        ("\u22121\n3\n", "line 1, column 1: could not convert"),
        ("x,y\n$1,$2\n3,4\n", "line 2, column 1: could not convert"),
        ("x,y\n1%,2%\n3,4\n", "line 2, column 1: could not convert"),
        ("x,y\n?,?\n3,4\n", "line 2, column 1: '\\?' is a missing value"),
    ],
)
def test_no_line_of_numbers_is_left_out_for_its_signs(tmp_path, text, advice):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=advice):
        data.load_points(path)


def test_whole_numbers_that_float64_rounds_are_refused(tmp_path):
    times = np.array([1_700_000_000_000_000_000, 1_700_000_000_000_000_001])
    rows = "".join(f"{time},{k}\n" for k, time in enumerate(times))
    (tmp_path / "a.csv").write_text(f"t,x\n{rows}")
    parquet.write_table(arrow.table({"t": times, "x": [0.0, 1.0]}), tmp_path / "a.parquet")
    records = np.zeros(2, dtype=[("t", np.int64), ("x", float)])
    records["t"], records["x"] = times, [0, 1]
    np.save(tmp_path / "a.npy", records)
    for name in ("a.csv", "a.parquet", "a.npy"):
        with pytest.raises(ValueError, match="0001' is a whole number beyond"):
            data.load_points(tmp_path / name)
        assert data.load_points(tmp_path / name, columns="x").points.tolist() == [[0], [1]]
    (tmp_path / "b.csv").write_text(f"id,x\n{rows}")
    assert data.load_points(tmp_path / "b.csv").points.tolist() == [[0], [1]]
    (tmp_path / "c.csv").write_text("1e300\n9007199254740994\n")
    assert data.load_points(tmp_path / "c.csv").points.tolist() == [[1e300], [2.0**53 + 2]]


def test_packed_text_is_read_whatever_it_is_called(tmp_path):
    (tmp_path / "a.csv").write_bytes(gzip.compress(b"1,2\n3,4\n"))
    assert data.load_points(tmp_path / "a.csv").points.tolist() == [[1, 2], [3, 4]]


def test_weights_in_a_column_of_an_array_are_weights(tmp_path):
    np.savez(tmp_path / "a.npz", points=POINTS, weights=np.array([[1], [2], [1]]))
    assert data.load_points(tmp_path / "a.npz").weights.tolist() == [0.25, 0.5, 0.25]
