"""The command line as a user meets it, in processes of its own and in this one."""

import json
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

from wganlab import data, exact
from wganlab.cli import main


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


def test_digits_have_a_certificate_equal_to_their_distance():
    result = run("distance", "mnist10k[3]", "mnist10k[8]", "--json")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""  # no progress where there is no terminal
    report = json.loads(result.stdout)
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


def test_the_plan_is_written_and_is_optimal(clouds, tmp_path, capsys):
    x, y, a, b = clouds
    assert main(["distance", a, b, "--plan", str(tmp_path / "plan.npz")]) == 0
    plan = sparse.load_npz(tmp_path / "plan.npz")
    rows, columns = plan.nonzero()
    cost = np.linalg.norm(x[rows] - y[columns], axis=1)
    assert cost @ plan.tocsr()[rows, columns] == pytest.approx(exact.emd(x, y), rel=1e-12)
    np.testing.assert_allclose(plan.sum(axis=1), 1 / 40)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["distance", "gone.csv", "gone.npy"], "there is no file 'gone.csv'"),
        (["distance", "mnist10k[3]", "mnist10k[x]"], "no class 'x'"),
        (["distance", "mnist10k[3]"], "Missing"),
        (["distance", "mnist10k[3]", "glyphs[A]"], "dimension 784 and glyphs[A] in dimension 1024"),
        (["distance", "{bad}", "{bad}"], "has nan in row 1"),
        (["distance", "{heavy}", "{heavy}", "--max-points", "1"], "raise --max-points"),
        (["distance", "mnist10k[3]", "mnist10k[8]", "--max-points", "0"], "at least one point"),
        (["distance", "mnist10k[3]", "mnist10k[8]", "--max-points", "x"], "--max-points"),
        (["distance", "mnist10k[3]", "mnist10k[8]", "--jsn"], "Unrecognized options: --jsn"),
        (["distance", "mnist10k[3]", "mnist10k[8]", "--plan", "no/where.npz"], "existing folder"),
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
    names = {"bad": tmp_path / "bad.csv", "heavy": tmp_path / "heavy.npz"}
    assert main([argument.format(**names) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("wganlab: error: ")
    assert message in err


def test_an_error_in_a_process_of_its_own_shows_no_traceback(tmp_path):
    result = run("distance", "gone.csv", "gone.csv", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "wganlab: error: there is no file 'gone.csv'\n"


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
    for words in ("in nats", "Euclidean", "pixels in [0, 1]", "default: 4000", "default: 0"):
        assert words in " ".join(out.split())
