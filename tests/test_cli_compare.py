"""The command `compare` as a user meets it: pairs, files, critics of their own, bad input."""

import re
import sys
from dataclasses import fields

import numpy as np
import pytest

from wganlab import exact
from wganlab.cli import main
from wganlab.commands.compare import Compare
from wganlab.commands.known import OPTIONS, known_kinds

QUICK = ["--steps", "20", "--n", "50", "--jobs", "1", "--seeds", "2"]
LINES = ["--pair", "parallel_lines", "--theta", "2"]

OWN = """
import torch

class MyCritic(torch.nn.Module):
    def __init__(self, dimension):
        super().__init__()
        self.net = torch.nn.Linear(dimension, 1)
    def forward(self, x):
        return self.net(x)

class NoArguments(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.LazyLinear(1)
    def forward(self, x):
        return self.net(x)

class TwoArguments(MyCritic):
    def __init__(self, dimension, width):
        super().__init__(dimension)

class Normed(MyCritic):
    def __init__(self, dimension):
        super().__init__(dimension)
        self.net = torch.nn.Sequential(torch.nn.BatchNorm1d(dimension), self.net)

class Certified(MyCritic):
    def __init__(self, dimension):
        super().__init__(dimension)
        self.net = torch.nn.utils.parametrizations.spectral_norm(self.net)

class Keyword(MyCritic):
    def __init__(self, *, dim):
        super().__init__(dim)

class Wide(MyCritic):
    def __init__(self):
        super().__init__(7)

def make(dimension):
    return MyCritic(dimension)

def noisy(z):
    return z[:, 0] + torch.randn(len(z)).numpy()

class NoModule:
    pass

def right(z):
    return -z[:, 0]

torch.manual_seed(0)
trained = MyCritic(2)
certified = Certified(2)
hooked = torch.nn.Sequential(torch.nn.utils.spectral_norm(torch.nn.Linear(2, 1)))
hooked(torch.zeros(3, 2))
number = 3
"""


def table(out):
    """Rows of the table, by method."""
    return {line.split()[0]: line for line in out.splitlines() if re.match(r"[\w:]+  +-?\d", line)}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of the user's in the folder where the command runs."""
    (tmp_path / "own_critics.py").write_text(OWN)
    (tmp_path / "broken_critics.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "own_critics", raising=False)
    return "own_critics"


@pytest.fixture
def clouds(tmp_path, rng):
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(40, 2)) + 1
    np.save(tmp_path / "real.npy", x)
    np.save(tmp_path / "fake.npy", y)
    return x, y, [str(tmp_path / "real.npy"), str(tmp_path / "fake.npy")]


def refused_in_a_line(arguments, message, capsys):
    assert main(["compare", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("wganlab: error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


@pytest.mark.slow
def test_a_known_pair_prints_a_row_a_method(capsys):
    names = ["lp", "clip", "ctransform", "dragan", "ct", "none"]  # the others are below
    assert main(["compare", *LINES, "--constraint", ",".join(names), *QUICK]) == 0
    out = capsys.readouterr().out
    assert list(table(out)) == names
    assert "ParallelLines(theta=2.0): 50 real and 50 fake points in dimension 2, 2 seeds" in out
    assert ", of the laws 2\n" in out
    assert "corrected takes the gradient penalty's bias out of the gap, exact here" in out


def test_the_default_methods_are_the_five_of_the_help(own, capsys):
    usual = ["gp", "lp", "clip", "sn", "orthonormal"]
    brief = ["--steps", "1", "-n", "30", "--jobs", "1", "--seeds", "1"]
    for critic, names in (
        ([], usual),
        (["--critic", f"{own}:MyCritic"], [*usual, "none"]),
        (["--critic", f"{own}:Certified"], ["none", "gp", "lp"]),
    ):
        assert main(["compare", *LINES, *brief, *critic]) == 0
        out = capsys.readouterr().out
        assert list(table(out)) == names
        assert "30 real and 30 fake points" in out
        assert "diverged" not in out


def test_a_function_that_makes_critics_is_trained_and_one_of_points_is_not(own, capsys):
    brief = ["--steps", "1", "-n", "30", "--jobs", "1", "--seeds", "1", "--constraint", "gp"]
    for name in ("make", "trained", "Keyword"):
        assert main(["compare", *LINES, *brief, "--critic", f"{own}:{name}"]) == 0
        assert list(table(capsys.readouterr().out)) == ["gp"]


@pytest.mark.slow
def test_a_trained_network_of_torchs_norms_is_judged_in_several_processes(own, capfd):
    for name, jobs in (("certified", "1"), ("hooked", "2")):  # `test_scoreboard` has the first too
        arguments = ["--critic", f"{own}:{name}", "--seeds", "2", "-n", "30", "--jobs", jobs]
        assert main(["compare", *LINES, *arguments]) == 0
        out, err = capfd.readouterr()
        assert list(table(out)) == [f"own_critics:{name}"]
        assert err == ""


def test_raw_units_are_told_and_lost_points_too(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for name, shift in (("a", 0.1), ("b", 0.0)):
        np.save(tmp_path / f"{name}.npy", 5e6 + shift + rng.uniform(0, 0.2, size=100))
    files = [str(tmp_path / f"{name}.npy") for name in "ab"]
    brief = ["--steps", "100", "--jobs", "1", "--seeds", "1", "--constraint", "lp"]
    assert main(["compare", "--points", *files, *brief]) == 0
    out = capsys.readouterr().out
    assert "note: for the networks the points were standardized, (x - [5000000." in out
    assert float(table(out)["lp"].split()[1]) == pytest.approx(1.1, abs=0.15)


@pytest.mark.parametrize(
    ("array", "advice"),
    [
        (np.zeros((3, 3)), "b.npy of shape (3,): they must live in one space"),
        (np.array([[0.0, np.nan]]), "b.npy has a value in row 0 that is not finite"),
        (np.array(["u", "v"]), "b.npy holds text, expected real numbers"),
        (np.ones((3, 2)) + 1j, "b.npy holds complex numbers"),
        (np.zeros((0, 2)), "b.npy has shape (0, 2): give points"),
    ],
)
def test_files_that_hold_no_such_points_are_named(tmp_path, array, advice, capsys):
    np.save(tmp_path / "a.npy", np.zeros((4, 2)))
    np.save(tmp_path / "b.npy", array)
    files = [str(tmp_path / f"{name}.npy") for name in "ab"]
    assert main(["compare", "--points", *files]) == 2
    err = capsys.readouterr().err
    assert advice in err
    assert err.count("\n") == 1


def test_files_of_others_are_kept_unless_it_is_asked_for(tmp_path, capsys):
    (tmp_path / "notes.md").write_text("mine")
    brief = ["--steps", "1", "-n", "20", "--jobs", "1", "--seeds", "1", "--constraint", "gp"]
    out = ["--out", str(tmp_path / "notes.csv")]
    assert main(["compare", *LINES, *brief, *out]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "notes.md").read_text() == "mine"
    assert main(["compare", *LINES, *brief, *out, "--overwrite"]) == 0
    assert (tmp_path / "notes.md").read_text().startswith("| pair |")


def test_the_files_that_are_read_are_kept_though_all_may_be_replaced(tmp_path, capsys):
    np.savetxt(tmp_path / "a.csv", np.arange(4.0))
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    for out in ("a.csv", "b.csv"):
        given = ["--points", *map(str, 2 * [tmp_path / "a.csv"]), "--out", str(tmp_path / out)]
        assert main(["compare", *given, "--overwrite"]) == 2
        assert "is one of the inputs" in capsys.readouterr().err
    assert (tmp_path / "a.csv").read_text().startswith("0.0000")


def test_points_that_do_not_fit_are_said_before_they_are_drawn(monkeypatch, capsys):
    monkeypatch.setattr("wganlab.exact.memory.available", lambda: 1e9)
    assert main(["compare", "--pair", "normals", "-n", "1000000000"]) == 2
    assert "--n 1000000000 takes about 60 GB" in capsys.readouterr().err


@pytest.mark.slow
def test_two_files_are_compared_with_their_own_distance(clouds, capsys):
    x, y, files = clouds
    arguments = ["--points", *files, "--constraint", "lp", *QUICK, "--steps", "200"]
    assert main(["compare", *arguments]) == 0
    out = capsys.readouterr().out
    assert "60 real and 40 fake points in dimension 2" in out
    assert f"exact EM of the clouds {exact.emd(x, y):.3f}\n" in out
    assert "a heuristic here" in out


def test_larger_files_are_drawn_from_and_it_is_said(clouds, capsys):
    arguments = ["--points", *clouds[2], "--constraint", "gp", "--max-points", "50", *QUICK]
    assert main(["compare", *arguments]) == 0
    out = capsys.readouterr().out
    assert "50 real and 40 fake points" in out
    assert "note: 50 of the 60 points of" in out


@pytest.mark.slow
def test_a_class_of_the_user_is_trained_under_each_constraint(own, capsys):
    arguments = [*LINES, "--critic", f"{own}:MyCritic", "--constraint", "gp,clip"]
    assert main(["compare", *arguments, *QUICK, "--steps", "300", "--lr", "0.05"]) == 0
    rows = table(capsys.readouterr().out)
    assert list(rows) == ["gp", "clip"]
    gap = float(rows["gp"].split()[4])  # a linear critic is optimal here
    assert gap == pytest.approx(2 * (1 + 2 / 20), rel=0.02)


def test_a_class_without_arguments_serves_too(own, capsys):
    arguments = [*LINES, "--critic", f"{own}:NoArguments", "--constraint", "gp"]
    assert main(["compare", *arguments, *QUICK]) == 0
    assert list(table(capsys.readouterr().out)) == ["gp"]


def test_a_function_and_a_module_are_judged_as_they_are(own, capsys):
    for name, steps in (("right", "-"), ("trained", "-")):
        assert main(["compare", *LINES, "--critic", f"{own}:{name}", *QUICK]) == 0
        row = table(capsys.readouterr().out)[f"{own}:{name}"].split()
        assert row[-2] == steps
        if name == "right":
            assert "1.000" in row


def test_a_module_is_trained_further_where_a_constraint_is_named(own, capsys):
    arguments = [*LINES, "--critic", f"{own}:trained", "--constraint", "gp", *QUICK]
    assert main(["compare", *arguments]) == 0
    assert table(capsys.readouterr().out)["gp"].split()[-2] == "20"


@pytest.mark.slow
def test_options_reach_the_methods(capsys):
    base = ["compare", *LINES, "--n", "50", "--jobs", "1", "--seeds", "1", "--steps", "300"]
    gaps = {}
    for weight in ("10", "1"):
        assert main([*base, "--constraint", "gp", "--weight", weight, "--batch", "0"]) == 0
        gaps[weight] = float(table(capsys.readouterr().out)["gp"].split()[2])
    assert gaps["10"] == pytest.approx(2 * (1 + 2 / 20), rel=0.05)
    assert gaps["1"] == pytest.approx(2 * (1 + 2 / 2), rel=0.05)
    slopes = []
    for c in ("0.01", "0.1"):
        assert main([*base, "--constraint", "clip", "--c", c, "--lr", "0.01"]) == 0
        slopes.append(float(table(capsys.readouterr().out)["clip"].split()[3]))
    assert slopes[1] > 100 * slopes[0]


def test_rows_are_kept_and_not_computed_again(tmp_path, capsys, monkeypatch):
    arguments = ["compare", *LINES, "--constraint", "gp", *QUICK, "--out", str(tmp_path / "b.csv")]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr("wganlab.compare.board.Cell.compute", None)
    assert main(arguments) == 0
    assert capsys.readouterr().out == first
    assert (tmp_path / "b.md").read_text().startswith("| pair | method |")


@pytest.mark.slow
def test_processes_side_by_side_find_the_critic_of_the_user(own, capfd):
    several = ["--critic", f"{own}:MyCritic", "--steps", "5", "--seeds", "2", "--jobs", "2"]
    assert main(["compare", *LINES, "--constraint", "gp", *several]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert list(table(out)) == ["gp"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either a known pair, --pair parallel_lines --theta 1, or two files"),
        ([*LINES, "--points", "a.npy", "b.npy"], "give either a known pair"),
        (["--pair", "parallel_line"], "there is no pair 'parallel_line': choose from"),
        (["--pair", "parallel_lines", "--thet", "1"], "compare --pair parallel_lines --help"),
        (["--points", "a.npy", "b.npy", "--theta", "1"], "there is no option --theta"),
        (["--points", "a.npy", "b.npy"], "a.npy"),
        ([*LINES, "--constraint", "gp,wgan"], "there is no constraint 'wgan': choose from gp"),
        ([*LINES, "--constraint", "clip", "--weight", "1"], "--weight belongs to none of clip"),
        ([*LINES, "--constraint", "gp", "--weight", "-1"], "weight = -1.0: give a number above 0"),
        ([*LINES, "--lr", "0"], "lr = 0.0: give a number above 0"),
        ([*LINES, "--seeds", "0"], "--seeds 0: expected 1 or more"),
        ([*LINES, "--jobs", "-1"], "--jobs -1: expected 0 or more"),
        ([*LINES, "--steps", "-1"], "steps = -1: give a whole number of at least 0"),
        ([*LINES, "--out", "board.txt"], "name a .csv file"),
        ([*LINES, "--critic", "own_critics"], "expected MODULE:NAME"),
        ([*LINES, "--critic", "./own.py:Net"], "from the folder of own.py give own:Net"),
        ([*LINES, "--critic", "nowhere:Critic"], "cannot be imported: No module named"),
        ([*LINES, "--critic", "own_critics:Nothing"], "cannot be imported"),
        ([*LINES, "--critic", "own_critics:number"], "is of type int"),
        ([*LINES, "--critic", "own_critics:NoModule"], "not of torch modules"),
        ([*LINES, "--critic", "own_critics:TwoArguments"], "needs 2 arguments"),
        ([*LINES, "--critic", "own_critics:Normed"], "batch norm"),
        ([*LINES, "--critic", "broken_critics:Any"], "cannot be imported: ZeroDivisionError"),
        ([*LINES, "--critic", "own_critics:Wide"], "the critic Wide cannot be asked at 2 points"),
        ([*LINES, "--critic", "own_critics:noisy"], "the critic noisy changes from call to call"),
        (
            [*LINES, "--critic", "own_critics:right", "--constraint", "gp"],
            "is a function of points, which is judged as it is: leave --constraint out",
        ),
        (
            [*LINES, "--critic", "own_critics:Certified", "--constraint", "clip"],
            "parametrization of its own",
        ),
        ([*LINES, "--seeds", "1000000000000"], "more than 10,000 seeds"),
        ([*LINES, "-n", "1000000000"], "choose fewer"),
        ([*LINES, "-n", "1000000000000"], "give a whole number of at most"),
        ([*LINES, "--steps", "10000000000000000000"], "give a whole number"),
        ([*LINES, "--batch", "10000000000000000000"], "give a whole number"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(own, arguments, message, capsys, monkeypatch):
    monkeypatch.setattr("wganlab.compare.board.Cell.compute", None)
    refused_in_a_line(arguments, message, capsys)


def test_no_option_of_a_pair_hides_one_of_the_command():
    options = {field.name for field in fields(Compare)}
    for kind in (*known_kinds().values(), *OPTIONS.values()):
        # the option `pair` of a product has parts, --pair.real and the like
        assert not options & {field.name for field in fields(kind)} - {"pair"}


def test_help_tells_the_options_of_the_pair(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["compare", "--help"])
    assert stop.value.code == 0
    assert "--constraint" in capsys.readouterr().out


@pytest.mark.slow
def test_objectives_beside_the_exact_divergences(capsys):
    pair = ["--pair", "normals", "--real", "0", "1", "--fake", "1", "1"]
    names = ["--objective", "hinge, f-kl", "--steps", "200", "--seeds", "2"]
    assert main(["compare", *pair, *names]) == 0
    head, _, heads, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith("Normals(real=(0.0, 1.0), fake=(1.0, 1.0))")
    assert heads.split()[:4] == ["objective", "distance", "exact", "estimate"]
    cells = [re.split(r" {2,}", line) for line in lines]
    assert [row[:3] for row in cells] == [["hinge", "TV", "0.383"], ["f-kl", "KL", "0.500"]]
    for row in cells:
        estimate, deviation = map(float, row[3].split(" ± "))
        assert 0 < estimate < float(row[2]) + 0.05
        assert deviation > 0
        assert float(row[4]) == pytest.approx(estimate / float(row[2]), abs=5e-3)
        assert row[6] == "yes"


@pytest.mark.parametrize(
    ("arguments", "reply"),
    [
        (["--objective", "hinged", *LINES], "choose from wasserstein"),
        (["--objective", "emd", *LINES], "no critic to fit"),
        (["--objective", "hinge", *LINES, "--constraint", "gp"], "--constraint does not go with"),
        (["--objective", "hinge", "--points", "a.npy", "b.npy"], "--points does not go with"),
    ],
)
def test_objectives_that_make_no_sense_are_refused(arguments, reply, capsys):
    assert main(["compare", *arguments]) == 2
    assert reply in capsys.readouterr().err


def test_columns_and_weights_of_files_become_points_of_equal_weight(tmp_path):
    (tmp_path / "a.csv").write_text("id,x,y,count\n7,0,0,3\n8,1,0,1\n")
    (tmp_path / "b.csv").write_text("y,x\n0,5\n0,1\n")
    notes = []
    pair = (str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    ((real, fake),) = Compare(points=pair)._clouds(notes).values()
    np.testing.assert_array_equal(real, [[0, 0], [0, 0], [0, 0], [1, 0]])
    np.testing.assert_array_equal(fake, [[5, 0], [1, 0]])
    for note in ("taken for an index", "taken for weights", "repeated", "in the order of those of"):
        assert note in "\n".join(notes)
    ((real, fake),) = Compare(points=pair, columns="x")._clouds([]).values()
    assert real.shape == fake.shape == (2, 1)


LAWS = ["--constraint", "gp,clip", "--steps", "3", "--seeds", "1", "--jobs", "1", "-n", "100"]


def test_a_list_of_dimensions_is_the_benchmark_on_laws(tmp_path, capsys, monkeypatch):
    arguments = ["--pair", "funnels", "--dimension", "2,4", *LAWS, "--out", str(tmp_path / "b.csv")]
    assert main(["compare", *arguments]) == 0
    first = capsys.readouterr().out
    lines = first.splitlines()
    assert lines[0].startswith("trained on laws, judged on 100 new points")
    for d in (2, 4):
        assert any(line.startswith(f"D = {d}: EM = ") for line in lines)
    rows = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert rows["SO"] == ["0.929", "0.773", "-", "-", "0.914", "0.905", "-", "-"]
    assert len(rows["gp"]) == len(rows["clip"]) == 8
    assert (tmp_path / "b.md").read_text().startswith("| laws | critic |")
    monkeypatch.setattr("wganlab.compare.law_cells.LawCell.compute", None)
    assert main(["compare", *arguments]) == 0
    assert capsys.readouterr().out == first
    assert main(["compare", "--pair", "funnels", "--dimension=2, 4", *arguments[4:]]) == 0
    assert capsys.readouterr().out == first


def test_one_pair_is_judged_on_laws_where_it_is_asked_for(capsys):
    assert main(["compare", "--pair", "balls", "--dimension", "3", "--laws", *LAWS]) == 0
    out = capsys.readouterr().out
    assert "D = 3: EM = " in out
    assert "published" not in out
    assert main(["compare", "--pair", "balls", "--dimension", "3", *LAWS]) == 0
    assert "real and 100 fake points" in capsys.readouterr().out


def test_published_parameters_are_compared_in_several_dimensions(tmp_path, capsys):
    import torch

    generator = torch.Generator().manual_seed(0)
    for d in (2, 4):
        folder = tmp_path / f"dim_{d}" / "width_4"
        folder.mkdir(parents=True)
        held = {
            "net.centers": 5 * torch.rand(4, d, generator=generator) - 2.5,
            "net.bias": torch.zeros(4),
        }
        torch.save(held, folder / "deg_8_seed_987.pt")
    arguments = ["--pair", "funnels", "--dimension", "2,4", "--parameters", str(tmp_path)]
    assert main(["compare", *arguments, *LAWS]) == 0
    out = capsys.readouterr().out
    assert out.count("given='") == 2
    assert "  SO" in out
    one = ["--parameters", str(tmp_path / "dim_4" / "width_4" / "deg_8_seed_987.pt")]
    assert main(["compare", "--pair", "funnels", *one, *LAWS]) == 0
    assert "in dimension 4, 1 seed" in capsys.readouterr().out


def test_the_gradients_at_real_points_are_shown_where_the_critic_is_known(tmp_path, capsys):
    out = ["--out", str(tmp_path / "board.csv")]
    assert main(["compare", "--pair", "funnels", *LAWS, *out]) == 0
    assert "cosine  cosine at P  steps" in capsys.readouterr().out
    assert "| cosine at P | L2^2 at P |" in (tmp_path / "board.md").read_text()
    assert main(["compare", *LINES, *LAWS]) == 0
    assert "cosine  steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pair", "funnels", "--dimension", "2,"], "--dimension 2,: give whole numbers"),
        (["--pair", "funnels", "--dimension", "2,x"], "x"),
        (["--pair", "funnels", "--dimension", "2,0"], "at least one dimension"),
        (["--pair", "normals", "--dimension", "2,4"], "--dimension"),
        (["--points", "a.npy", "b.npy", "--laws"], "--laws needs laws that are known: give a --p"),
        (["--pair", "funnels", "--dimension", "2,4", "-n", "0"], "--n 0: expected 1 or more"),
        (
            ["--pair", "funnels", "--dimension", "2,4", "--objective", "hinge"],
            "--objective does not go with --laws or a list of dimensions",
        ),
        (["--pair", "funnels", "--dimension", "2,4", "--constraint", "wgan"], "no constraint 'wg"),
        (["--pair", "funnels", "--parameters", "nowhere.pt"], "there is no file"),
    ],
)
def test_what_makes_no_sense_on_laws_is_one_line(arguments, message, capsys, monkeypatch):
    monkeypatch.setattr("wganlab.compare.law_cells.LawCell.compute", None)
    refused_in_a_line(arguments, message, capsys)
