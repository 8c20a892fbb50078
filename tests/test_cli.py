"""The command line as a user meets it, in processes of its own and in this one."""

import contextlib
import errno
import io
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import wganlab
from wganlab import cli, data, exact, report
from wganlab.cli import main
from wganlab.commands import known


def run(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "wganlab", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
    )


@pytest.fixture
def clouds(tmp_path, rng):
    x, y = rng.normal(size=(40, 2)), rng.normal(size=(50, 2)) + 1
    np.savetxt(tmp_path / "y.csv", y, delimiter=",", fmt="%.17g")
    with_header = {"header": "first,second", "comments": ""}
    np.savetxt(tmp_path / "x.csv", x, delimiter=",", fmt="%.17g", **with_header)
    return x, y, str(tmp_path / "x.csv"), str(tmp_path / "y.csv")


@pytest.mark.slow
def test_digits_have_a_certificate_equal_to_their_distance(capsys):
    assert main(["distance", "mnist10k[3]", "mnist10k[8]", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""  # no progress where there is no terminal
    report = json.loads(out)
    em = report["distances"]["EM"]
    assert em["value"] == pytest.approx(em["certificate"], rel=1e-9)
    x, y = (data.images(name).points() for name in ("mnist10k[3]", "mnist10k[8]"))
    assert em["value"] == pytest.approx(exact.emd(x, y), rel=1e-12)
    assert report["A"] == {"source": "mnist10k[3]", "n": len(x), "dim": 784}


def test_csv_files_print_every_distance(clouds, capsys):
    x, y, a, b = clouds
    assert main(["distance", a, b]) == 0
    out = capsys.readouterr().out
    for name, value in (("EM", exact.emd(x, y)), ("W2", exact.wasserstein(x, y, p=2).value)):
        row = next(line.split() for line in out.splitlines() if line.startswith(name))
        assert row[1] == row[2] == f"{value:.10g}"  # the value and its certificate
    rows = [line.split()[0] for line in out.splitlines() if line.strip()]
    for name in ("A", "B", "EM", "W2", "TV", "JS", "KL(A,", "KL(B,", "note:"):
        assert name in rows
    assert "samples are not laws" in out
    assert "40 points in dimension 2" in out
    assert "network simplex" in out


def test_json_spells_infinity_and_agrees_with_the_library(clouds, capsys):
    x, y, a, b = clouds
    assert main(["distance", a, b, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["distances"]
    assert rows["KL(A, B)"]["value"] == "inf"
    assert rows["JS"]["value"] == pytest.approx(np.log(2))
    assert rows["W2"]["value"] == pytest.approx(exact.wasserstein(x, y, p=2).value)
    assert all(row["seconds"] >= 0 and row["solver"] for row in rows.values())


def test_sliced_and_mmd_are_the_librarys(clouds, capsys):
    x, y, a, b = clouds
    assert main(["distance", a, b, "--json", "--seed", "7"]) == 0
    rows = json.loads(capsys.readouterr().out)["distances"]
    assert list(rows)[:4] == ["EM", "W2", "sliced W1", "MMD"]
    assert rows["MMD"]["value"] == pytest.approx(exact.mmd(x, y), rel=1e-12)
    assert rows["MMD"]["solver"] == "Gaussian, median width"
    rng = np.random.default_rng(np.random.SeedSequence(7).spawn(3)[2])
    sliced = exact.sliced(x, y, rng=rng, projections=200)
    assert rows["sliced W1"]["value"] == pytest.approx(sliced, rel=1e-12)
    assert rows["sliced W1"]["solver"] == "200 projections, seed 7"


def test_on_the_line_sliced_is_em_and_mmd_has_a_limit(tmp_path, rng, capsys):
    np.save(tmp_path / "a.npy", rng.normal(size=20_000))
    np.save(tmp_path / "b.npy", rng.normal(size=15_000))
    assert main(["distance", str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    rows = report["distances"]
    assert rows["sliced W1"]["value"] == rows["EM"]["value"]
    assert rows["sliced W1"]["solver"] == "quantiles"
    assert "MMD" not in rows
    assert any("MMD was left out" in note for note in report["notes"])


def test_the_plan_is_written_and_is_optimal(clouds, tmp_path, capsys):
    x, y, a, b = clouds
    assert main(["distance", a, b, "--plan", str(tmp_path / "plan.npz")]) == 0
    plan = sparse.load_npz(tmp_path / "plan.npz")
    rows, columns = plan.nonzero()
    cost = np.linalg.norm(x[rows] - y[columns], axis=1)
    assert cost @ plan.tocsr()[rows, columns] == pytest.approx(exact.emd(x, y), rel=1e-12)
    np.testing.assert_allclose(plan.sum(axis=1), 1 / 40)


def test_the_plan_of_a_draw_knows_its_rows(clouds, tmp_path, capsys):
    x, y, a, b = clouds
    path = tmp_path / "plan.npz"
    assert main(["distance", a, b, "--max-points", "20", "--plan", str(path), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)["distances"]["EM"]["value"]
    plan = sparse.load_npz(path)
    with np.load(path) as arrays:
        x, y = x[arrays["rows_a"]], y[arrays["rows_b"]]
    assert plan.shape == (len(x), len(y)) == (20, 20)
    assert exact.emd(x, y) == pytest.approx(value, rel=1e-12)
    rows, columns = plan.nonzero()
    cost = np.linalg.norm(x[rows] - y[columns], axis=1)
    assert cost @ plan.tocsr()[rows, columns] == pytest.approx(value, rel=1e-12)


def test_a_plan_that_cannot_be_written_is_told_before_solving(clouds, tmp_path, capsys):
    _, _, a, b = clouds
    (tmp_path / "plan.npz").mkdir()
    for path, reason in ((tmp_path / "plan.npz", "is a folder"), ("/proc/plan.npz", "written")):
        assert main(["distance", a, b, "--plan", str(path)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"wganlab: error: --plan {path} ")
        assert reason in err
        assert ".part" not in err


def test_the_table_survives_a_full_disk(clouds, tmp_path, capsys, monkeypatch):
    def full(*arguments, **arrays):
        raise OSError(errno.ENOSPC, "No space left on device", ".1.part")

    _, _, a, b = clouds
    before = set(tmp_path.iterdir())
    monkeypatch.setattr(np, "savez_compressed", full)
    path = tmp_path / "plan.npz"
    assert main(["distance", a, b, "--plan", str(path)]) == 2
    out, err = capsys.readouterr()
    assert "\nEM " in out
    told = "No space left on device: free some room, or write to another disk"
    assert err == f"wganlab: error: --plan {path} cannot be written: {told}\n"
    assert set(tmp_path.iterdir()) == before


def test_the_plan_replaces_no_file_unasked_and_no_input_ever(tmp_path, capsys):
    a, b, plan = tmp_path / "a.npz", tmp_path / "b.npz", tmp_path / "plan.npz"
    for path in (a, b, plan):
        np.savez(path, points=np.arange(6.0).reshape(3, 2))
    before = a.read_bytes()
    for options, reason in (
        (["--plan", str(a)], "is one of the inputs"),
        (["--plan", str(a), "--overwrite"], "is one of the inputs"),
        (["--plan", str(plan)], "exists: give another name, or --overwrite"),
    ):
        assert main(["distance", f"{a}[points]", str(b), *options]) == 2
        assert reason in capsys.readouterr().err
        assert a.read_bytes() == plan.read_bytes() == before
    assert main(["distance", str(a), str(b), "--plan", str(plan), "--overwrite"]) == 0
    assert sparse.load_npz(plan).shape == (3, 3)


def test_columns_and_weights_of_tables(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("id,x,y,count\n7,0,0,3\n8,1,0,1\n")
    (tmp_path / "b.csv").write_text("y,x\n0,0\n0,1\n")
    a, b = str(tmp_path / "a.csv"), str(tmp_path / "b.csv")
    for options in (
        [a, b],
        [f"{a}:columns=x,y:weights=count", b],
        [f"{a}:weights=count", f"{b}:columns=x,y"],
    ):
        assert main(["distance", *options, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["distances"]["EM"]["value"] == pytest.approx(0.25)
        assert any("column count, sum to 4" in note for note in told["notes"])
    assert main(["distance", a, a, "--columns", "x,y", "--weights", "count"]) == 0
    assert "EM " in capsys.readouterr().out
    assert main(["distance", a, b, "--columns", "z"]) == 2
    assert "there is no column 'z': its columns are id, x, y, count" in capsys.readouterr().err
    assert main(["distance", "-", "-"]) == 2
    assert "cannot both be standard input" in capsys.readouterr().err


def test_weights_of_an_archive_are_used(tmp_path, capsys):
    for name, weights in (("a", [0.8, 0.2]), ("b", [0.3, 0.7])):
        np.savez(tmp_path / f"{name}.npz", points=[0, 1], weights=weights)
    paths = [str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]
    assert main(["distance", *paths, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["distances"]
    assert rows["EM"]["solver"] == "quantiles"
    for name in ("EM", "TV"):
        assert rows[name]["value"] == pytest.approx(0.5)
    assert rows["KL(A, B)"]["value"] == pytest.approx(exact.kl([0.8, 0.2], [0.3, 0.7]))


def test_larger_inputs_are_drawn_from_and_said_so(clouds, capsys):
    _, _, a, b = clouds
    assert main(["distance", a, b, "--max-points", "20"]) == 0
    out = capsys.readouterr().out
    assert "20 of the 50 points" in out
    assert main(["distance", a, b, "--max-points", "20"]) == 0
    again = capsys.readouterr().out
    assert out.split("EM")[1].split()[0] == again.split("EM")[1].split()[0]  # same seed
    assert main(["distance", a, b, "--max-points", "20", "--seed", "1"]) == 0
    other = capsys.readouterr().out
    assert out.split("EM")[1].split()[0] != other.split("EM")[1].split()[0]


def test_the_draws_of_a_and_b_are_independent(clouds, capsys):
    _, _, a, _ = clouds
    assert main(["distance", a, a, "--max-points", "20", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["distances"]["EM"]["value"] > 0  # not the same rows twice
    assert f"A is 20 of the 40 points of {a}, drawn with seed 0" in report["notes"]
    assert f"B is 20 of the 40 points of {a}, drawn with seed 0" in report["notes"]


def test_notes_say_what_holds_and_nothing_else(clouds, tmp_path, capsys):
    def notes(*arguments):
        assert main(["distance", *map(str, arguments), "--json"]) == 0
        return json.loads(capsys.readouterr().out)["notes"]

    _, _, a, b = clouds
    assert notes(a, a) == []
    assert notes(a, b) == [
        "no point occurs in both, so TV and JS are at their largest and KL is infinite, however "
        "near the points are",
        "samples are not laws: two samples of one law (40 and 50 points in dimension 2) are at a "
        "positive EM too",
    ]
    (tmp_path / "pandas.csv").write_text(",x,y\n0,0.5,0.25\n")
    (index, *_) = notes(tmp_path / "pandas.csv", tmp_path / "pandas.csv")
    assert "its first column has no name" in index
    np.save(tmp_path / "one.npy", np.zeros((1, 2)))
    main(["distance", str(tmp_path / "one.npy"), a])
    out = capsys.readouterr().out
    assert "1 point in dimension 2" in out
    assert "1 points" not in out


def test_a_wide_gap_is_noted():
    rows = {
        "EM": {"value": 1.0, "gap": 3e-7},
        "W2": {"value": 1.0, "gap": -1e-10},
        "TV": {"value": 0.5},
    }
    law = exact.Discrete([0, 1])
    a = b = report.Input("x", law, np.arange(2))
    (note, _) = report.remarks(rows, a, b)
    assert note.startswith("EM is proved to a relative gap of 3e-07 only")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["distance", "mnist10k[3]", "mnist10k[8]", "--seed", "-1"], "--seed -1: expected 0"),
        (["distance", "{cut}", "{cut}"], "cut.npz: the file is damaged or cut off"),
        (["distance", "mnist10k[3]"], "; see wganlab distance --help"),
        (["known", "--thet"], "; see wganlab known --help"),
        (["known", "normals", "--thet"], "; see wganlab known normals --help"),
        (["known", "normals", "--real", "0", "1e-300"], "beyond 1e-75 ... 1e75: choose another"),
        (["distance", "gone.csv", "gone.npy"], "there is no file 'gone.csv'"),
        (["distance", "mnist10k[3]", "mnist10k[x]"], "no class 'x'"),
        (["distance", "mnist10k[3]"], "Missing"),
        (["distance", "mnist10k[3]", "glyphs[A]"], "dimension 784 and glyphs[A] in dimension 1024"),
        (["distance", "{bad}", "{bad}"], "line 2, column 1: 'nan' is a missing"),
        (["distance", "{heavy}", "{heavy}", "--max-points", "1"], "raise --max-points"),
        (["distance", "mnist10k[3]", "mnist10k[8]", "--max-points", "0"], "at least one point"),
        (["distance", "mnist10k[3]", "mnist10k[8]", "--max-points", "x"], "--max-points"),
        (["distance", "mnist10k[3]", "mnist10k[8]", "--jsn"], "Unrecognized options: --jsn"),
        (["distance", "mnist10k[3]", "mnist10k[8]", "--plan", "no/where.npz"], "No such file"),
        (["distance", "mnist10k[3]", "mnist10k[8]", "--plan", "plan.txt"], "a .npz file"),
        (["known", "circles"], "there is no pair 'circles': choose from parallel-lines"),
        (["known", "uniforms", "--real", "4", "0"], "give low < high"),
        (["known", "parallel-lines", "--thet", "3"], "--theta"),
        (["dance"], "Unrecognized options: dance"),
    ],
)
def test_errors_are_one_line_and_exit_code_2(arguments, message, tmp_path, capsys):
    (tmp_path / "bad.csv").write_text("0,1\nnan,2\n")
    np.savez(tmp_path / "heavy.npz", points=[[0, 1], [1, 0]], weights=[0.5, 0.5])
    (tmp_path / "cut.npz").write_bytes((tmp_path / "heavy.npz").read_bytes()[:99])
    names = {name: next(tmp_path.glob(f"{name}.*")) for name in ("bad", "heavy", "cut")}
    assert main([argument.format(**names) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("wganlab: error: ")
    assert message in err


@pytest.mark.slow
def test_an_error_in_a_process_of_its_own_shows_no_traceback(tmp_path):
    result = run("distance", "gone.csv", "gone.csv", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "wganlab: error: there is no file 'gone.csv'\n"


def shell(command, **environment):
    return subprocess.run(
        [
            "bash",
            "-o",
            "pipefail",
            "-c",
            command.replace("WGANLAB", f"{sys.executable} -m wganlab"),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["WGANLAB known | true", "WGANLAB --help | true"])
def test_a_reader_that_leaves_is_no_error(command, unbuffered):
    result = shell(command, PYTHONUNBUFFERED=unbuffered)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_standard_output_is_one_line(unbuffered):
    result = shell("WGANLAB known > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert result.returncode == 2
    told = "No space left on device: free some room, or write to another disk"
    assert result.stderr == f"wganlab: error: {told}\n"


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"wganlab {wganlab.__version__}\n"


@pytest.mark.parametrize("arguments", [["-h", "normals"], ["normals", "-h"], ["--help", "normals"]])
def test_help_of_a_pair_may_be_asked_for_either_way(arguments, capsys):
    with pytest.raises(SystemExit):
        main(["known", *arguments])
    assert capsys.readouterr().out.startswith("usage: wganlab known normals")


def test_a_slow_evaluation_shows_progress(monkeypatch, capsys):
    shown = []

    @contextlib.contextmanager
    def spinner(label):
        shown.append(label)
        yield
        shown.append("done")

    def emd(self):
        shown.append("computed")
        return 1.0

    monkeypatch.setattr(known, "spinner", spinner)
    monkeypatch.setattr(exact.known.ParallelLines, "emd", property(emd))
    assert main(["known", "parallel-lines"]) == 0
    assert shown == ["evaluating", "computed", "done"]


def test_nothing_is_printed_of_a_pair_that_fails(monkeypatch, capsys):
    def overflow(self):
        raise OverflowError("math range error")

    monkeypatch.setattr(exact.known.ParallelLines, "reverse_kl", property(overflow))
    assert main(["known", "parallel-lines"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "too extreme for float64 (math range error)" in err


@pytest.mark.slow
def test_an_error_is_one_line_on_a_terminal_without_unicode_too():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "wganlab", "distance", "a.csv", "b.csv", "--jsn"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert result.stderr.startswith("wganlab: error: Unrecognized options: --jsn")
    assert "---" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_known_pairs_are_listed_and_evaluated(capsys):
    assert main(["known"]) == 0
    listed = capsys.readouterr().out
    for name in ("parallel-lines", "translation", "uniforms", "exponentials", "bernoullis"):
        assert f"\n{name} " in listed
    assert main(["known", "parallel-lines", "--theta", "-0.5"]) == 0
    values = dict(line.split() for line in capsys.readouterr().out.splitlines()[1:])
    assert values == {
        "EM": "0.5",
        "TV": "1",
        "JS": "0.69314718056",
        "KL(P,Q)": "inf",
        "KL(Q,P)": "inf",
    }
    assert main(["known", "normals"]) == 0
    assert "JS       no closed form" in capsys.readouterr().out


def test_doctor_reports_versions_and_checks_a_value(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for word in ("wganlab", "numpy", "POT", "torch", "device", "threads"):
        assert f"\n{word}" in f"\n{out}"
    assert "0.5 in closed form: ok" in out


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["distance", "--help"], ["known", "--help"], ["doctor", "-h"]]
)
def test_help_goes_to_standard_output(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code in (0, None)
    out, err = capsys.readouterr()
    assert out.startswith("usage: wganlab")
    assert err == ""


def test_help_shows_units_and_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["distance", "--help"])
    out = capsys.readouterr().out
    assert "W2 and sliced W1 have the unit of the points" in " ".join(out.split())
    assert "lies in [0, sqrt 2] and has no unit" in " ".join(out.split())
    for words in ("in nats", "Euclidean", "pixels in [0, 1]", "default: 4000", "default: 0"):
        assert words in " ".join(out.split())


@pytest.mark.parametrize("environment", [{"RANK": "1"}, {"RANK": "1", "WORLD_SIZE": "2"}])
def test_a_rank_alone_silences_nothing(environment, monkeypatch, capsys):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["distance", "gone.csv", "gone.csv"]) == 2
    assert "there is no file 'gone.csv'" in capsys.readouterr().err


def test_one_of_several_processes_tells_its_errors_too(monkeypatch, capsys):
    monkeypatch.setattr(cli, "MOMENT", 0.0)
    for name in cli.TORCHRUN:
        monkeypatch.setenv(name, "1")
    assert main(["distance", "gone.csv", "gone.csv"]) == 2
    assert "there is no file 'gone.csv'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "out of memory: give fewer points"),
        (MemoryError("Unable to allocate 7.45 GiB"), "(Unable to allocate 7.45 GiB): give fewer"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "give fewer"),
        (RuntimeError("CUDA out of memory. Tried"), "give fewer points or iterations"),
        (OSError(errno.ENOSPC, "No space left on device", "a.npy"), "a.npy: No space left on dev"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "free some room, or write to another disk"),
        (OSError(errno.EACCES, "Permission denied", "a.npy"), "error: a.npy: Permission denied\n"),
        (RuntimeError("PytorchStreamWriter failed writing file data/0"), "is the disk full?"),
        (OverflowError("Python int too large to convert to C long"), "below 2**63"),
        (RuntimeError("Overflow when unpacking long long"), "a size or seed is too large"),
        (OverflowError("math range error"), "too extreme for float64"),
        (ValueError("a\x1b[31m\nb \udcff"), r"error: a\x1b[31m b \xff"),
    ],
)
def test_errors_say_what_to_do(error, told, monkeypatch, capsys):
    def fail(argv):
        raise error

    monkeypatch.setattr(cli, "_run", fail)
    assert main(["known"]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert "Errno" not in err


def test_an_output_without_the_letters_loses_nothing(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(cli, "_run", lambda argv: print("1 ± 2, \udcff"))
    assert main(["known"]) == 0
    assert out.buffer.getvalue() == rb"1 \xb1 2, \udcff" + b"\n"


def test_wild_names_reach_no_terminal(tmp_path, capsys):
    path = tmp_path / "a\x1b[2J$x$<!--\n.npy"
    np.save(path, np.arange(6.0).reshape(3, 2))
    assert main(["distance", str(path), str(path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"a\x1b[2J$x$<!--\n.npy" in out
    assert main(["distance", str(path), str(path) + "\x1b"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_a_warning_is_told_once(capsys):
    def printing(message, category, filename, lineno, *_):  # pytest keeps them otherwise
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))

    with warnings.catch_warnings(), cli._plain_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = printing
        for text in ("one", "two", "one"):
            warnings.warn(text, stacklevel=1)
    assert capsys.readouterr().err == "wganlab: one\nwganlab: two\n"
