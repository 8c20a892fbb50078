"""The command `bracket`, and the bracket that a run of `train` ends with, as a user meets them."""

import json
import math
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest
import torch
from matplotlib import image

from wganlab import compare, data, exact, learned, pictures, report
from wganlab.cli import main
from wganlab.commands import run_bracket
from wganlab.commands.sides import Sides
from wganlab.compare import Bracket, BracketPlan, Look
from wganlab.compare.brackets import sizes
from wganlab.compare.brackets.sources import PARTS, HeldOut
from wganlab.compare.brackets.two_laws import laws_of
from wganlab.compare.brackets.work import Work

TINY = BracketPlan(
    heats=0, apexes=150, selection=512, blocks=8, block=256, replicates=4, points=100,
)  # fmt: skip
TRAINED = replace(TINY, heats=1e-6, steps=0, apexes=0)
PLAIN = replace(TINY, corrected=False)
RUN = [
    *("--critic.width", "8", "--generator.width", "8", "--batch", "8", "--n-critic", "2"),
    *("--iterations", "6", "--every", "3", "--checkpoint", "2", "--n", "40", "--device", "cpu"),
]
OWN = """
import torch
from torch import nn

class Across(nn.Linear):
    def __init__(self, dimension):
        super().__init__(dimension, 1)
        self.weight.data[:] = torch.tensor([[-1.0] + [0.0] * (dimension - 1)])

class Square(nn.Module):
    def forward(self, z):
        return z.square().sum(dim=1)

def first(z):
    return z[:, 0]
"""
SHIFTED = ["gaussian:mean=(0,0)", "gaussian:mean=(3,0)"]
TERMS = ("lower", "upper", "used", "method")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test has a folder of its own, with plans of a moment and critics of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name, plan in (("tiny", TINY), ("trained", TRAINED), ("plain", PLAIN)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"plan": asdict(plan)}))
    (tmp_path / "own_critics.py").write_text(OWN)
    np.save("own.npy", np.random.default_rng(0).normal(size=(300, 2)))
    return tmp_path


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs in the plane, of the toy and of a file."""
    path = tmp_path_factory.mktemp("runs")
    np.save(path / "own.npy", np.random.default_rng(0).normal(size=(300, 2)))
    for name, data_of in (("toy", "8gaussians"), ("file", str(path / "own.npy"))):
        assert main(["train", *RUN, "--data", data_of, "--run", str(path / name)]) == 0
    return path


@pytest.fixture
def quick(monkeypatch):
    """Brackets of `train`, whatever their time is."""
    asked = []

    def bracket(*laws, seconds, **options):
        asked.append(seconds)
        return found(*laws, plan=TINY, progress=False, **options)

    found = compare.bracket
    monkeypatch.setattr(compare, "bracket", bracket)
    monkeypatch.setattr("wganlab.commands.ending.draw", lambda kept: None)
    return asked


def ask(*arguments, plan="tiny", code=0):
    again = ["--again", f"{plan}.json"] if plan else []
    assert main(["bracket", *arguments, *again]) == code


def told(capsys, *arguments, **options):
    capsys.readouterr()
    ask(*arguments, "--json", **options)
    return json.loads(capsys.readouterr().out)


# two laws


def test_two_laws_are_told_in_words_and_as_json(capsys):
    found = told(capsys, *SHIFTED)
    assert found["lower"] <= 3 <= found["upper"] < 3.3
    assert (found["A"], found["B"]) == tuple(SHIFTED)
    assert found["truth"] is None
    assert found["interrupted"] is False
    assert [look["lower"] <= found["lower"] for look in found["history"]] == [True] * 3
    ask(*SHIFTED)
    out = capsys.readouterr().out
    assert out.startswith(f"A: {SHIFTED[0]}\nB: {SHIFTED[1]}\nW1 of the laws is in [")
    assert f"[{found['lower']:.5g}, " in out
    assert "  lower: the gap of potentials, of proven slope 1\n" in out
    assert "  upper: 4 exact distances of 100 points each" in out
    assert "  assumed: points are scrambled Sobol points" in out


def test_a_bracket_is_made_again_from_its_json(capsys, folder):
    first = told(capsys, *SHIFTED, "--seed", "3")
    (folder / "first.json").write_text(json.dumps(first))
    assert first == told(capsys, *SHIFTED, "--seed", "3", plan="first") | {
        name: first[name] for name in ("seconds", "history")
    }
    other = told(capsys, *SHIFTED, "--seed", "4", plan="first")
    assert other["lower"] != first["lower"]


def test_options_reach_the_bracket(capsys):
    cubes = ["cube:dimension=2", "cube:dimension=2,low=0,high=5"]
    sure = told(capsys, *cubes, "--confidence", "0.9", "--radius", "finite-sample")
    assert sure["confidence"] == 0.9
    assert sure["radius"] == "finite-sample"
    assert sure["upper"] is None
    ask(*cubes, "--radius", "finite-sample")
    assert "nothing from above\n" in capsys.readouterr().out
    near = told(capsys, *cubes, "--radius", "finite-sample", "--diameter", "10")
    assert 0 < near["upper"] < 20


def test_files_are_rows_and_weights_are_laws(capsys, folder):
    rng = np.random.default_rng(0)
    np.save("a.npy", rng.normal(size=(400, 2)))
    np.savetxt("b.csv", rng.normal((3, 0), size=(400, 2)), delimiter=",")
    found = told(capsys, "a.npy", "b.csv")
    assert found["lower"] <= 3 <= found["upper"]
    assert found["used"]["training"] == 160
    assert "the rows of an array are independent draws of its law" in found["assumptions"]
    few = told(capsys, "a.npy", "b.csv", "--max-points", "100")
    assert few["used"]["training"] == 40
    assert "100 of the 400 rows of a.npy were drawn: --max-points takes more" in few["notes"]
    np.savez("w.npz", points=np.array([[0.0, 0.0], [0.0, 1.0]]), weights=np.array([0.25, 0.75]))
    weighted = told(capsys, "w.npz", "gaussian:mean=(9,0),std=0.001")
    assert weighted["lower"] <= 0.25 * 9 + 0.75 * 82**0.5 <= weighted["upper"]
    assert "w.npz has weights: its law is that of its points, which weigh so" in weighted["notes"]


@pytest.mark.slow
def test_image_sets_are_rows_of_pixels(capsys):
    found = told(capsys, "mnist10k[0]", "mnist10k[1]", "--max-points", "300", plan="trained")
    assert 0 <= found["lower"] < found["upper"] < 28
    assert found["used"]["training"] == 120


def test_a_known_pair_has_a_truth_and_its_own_options(capsys):
    ask("--pair", "balls", "--dimension", "2", "--fake", "3")
    out = capsys.readouterr().out
    assert out.startswith("pair: Balls(real=1.0, fake=3.0, dimension=2)\nW1 of the laws is in [")
    assert "  the truth is 1.33333: inside\n" in out
    found = told(capsys, "--pair=translation", "--shift", "3", "4", "--shared", plan="plain")
    assert found["truth"] == 5
    assert found["upper"] == pytest.approx(5, abs=1e-6)  # by its optimal coupling
    assert found["upper"] >= 5


def test_several_dimensions_are_a_bracket_each(capsys):
    found = told(capsys, "--pair", "balls", "--dimension", "2,3")
    assert [one["pair"][-2] for one in found] == ["2", "3"]
    assert all(one["lower"] <= one["truth"] <= one["upper"] for one in found)
    ask("--pair", "balls", "--dimension", "2,3")
    assert capsys.readouterr().out.count("\n\npair: Balls") == 1
    ask("--pair", "balls", "--dimension", "2,3", "--plot", "a.png", code=2)
    assert "--plot shows one bracket" in capsys.readouterr().err


def test_critics_of_ones_own_compete(capsys):
    names = "own_critics:Across,own_critics:Square, own_critics:first"
    found = told(capsys, *SHIFTED, "--critic", names)
    assert found["method"] == "own_critics:Across"
    notes = "\n".join(found["notes"])
    assert "own_critics:Square" in notes
    assert "own_critics:first is of type function: of torch modules alone" in notes
    ask(*SHIFTED, "--critic", "own_critics:nobody", code=2)
    assert "cannot be imported" in capsys.readouterr().err


# runs


def test_a_run_alone_is_its_generator_against_its_data(capsys, runs):
    name = str(runs / "toy")
    found = told(capsys, name)
    assert (found["data"], found["generator"]) == ("8gaussians", name)
    run = learned.load_run(name, device="cpu")
    x, y = run.sample(500, torch.Generator().manual_seed(0)), data.toy("8gaussians")
    y = y.sample(500, torch.Generator().manual_seed(1))
    assert found["lower"] - 0.4 < exact.emd(x, y) < found["upper"] + 0.4  # of 500 points
    assert told(capsys, "8gaussians", name)["lower"] == found["lower"]
    turned = told(capsys, name, "8gaussians")
    assert turned["lower"] <= found["upper"]
    assert found["lower"] <= turned["upper"]


def test_the_file_that_a_run_was_trained_on_is_its_law(capsys, runs):
    name, own = str(runs / "file"), str(runs / "own.npy")
    alone = told(capsys, name)
    assert "the law of the data is that of the points of its file" in alone["notes"][0]
    assert alone["used"]["training"] == 0  # it is drawn from
    assert told(capsys, own, name)["lower"] == alone["lower"]
    ask(f"{own}:columns=1", name, code=2)
    assert "was trained on rows of" in capsys.readouterr().err


def test_generators_of_two_runs_may_share_their_noise(capsys, runs):
    both = [str(runs / "toy"), str(runs / "file")]
    found, shared = told(capsys, *both), told(capsys, *both, "--shared")
    assert shared["lower"] == found["lower"]
    assert shared["upper"] != found["upper"]


def test_images_held_out_decide_and_the_others_train():
    law = data.image_law("mnist10k", 8)
    source = HeldOut(law, seed=0)
    assert [source.left(part) for part in PARTS] == [math.inf, 100, 450, 450]
    held = {z.tobytes() for z in law.held_out(1000, torch.device("cpu")).double().numpy()}
    for part in PARTS[1:]:
        assert {z.tobytes() for z in source.draw(part, 50)} <= held
    trained = {z.tobytes() for z in source.draw("training", 200)}
    assert len(trained - held) > 190  # some images are there twice
    assert source.training() is law


def test_images_beside_a_run_are_as_it_makes_them(monkeypatch):
    config = learned.TrainConfig(data="glyphs", size=8, color="grey")
    made = Sides("cpu", 50)._law("mnist10k", config)
    assert made.shape == (50, 1, 8, 8)
    assert made.min() < -0.9
    assert made.max() > 0.5
    assert Sides("cpu", 50)._law("mnist10k", None).shape == (50, 784)


# stopped, drawn, refused


def stop_at(monkeypatch, look):
    """Ctrl-C when that look begins."""
    looked = Work.look

    def stopped(work, *arguments, **options):
        if len(work.history) == look:
            raise KeyboardInterrupt
        return looked(work, *arguments, **options)

    monkeypatch.setattr(Work, "look", stopped)


def test_ctrl_c_tells_the_bracket_so_far(capsys, monkeypatch):
    stop_at(monkeypatch, 1)
    ask(*SHIFTED, "--plot", "so_far.png", code=130)
    out, err = capsys.readouterr()
    assert "W1 of the laws is" in out
    assert err.splitlines()[-1] == (
        "wganlab: interrupted: the bracket holds as it is; with more time it is narrower"
    )
    assert image.imread("so_far.png").ndim == 3
    found = told(capsys, *SHIFTED, code=130)
    assert found["interrupted"] is True
    assert len(found["history"]) == 1
    assert found["lower"] <= 3 <= found["upper"]


def test_ctrl_c_between_two_dimensions_keeps_the_first(capsys, monkeypatch):
    looked, looks = Work.look, []

    def stopped(work, *arguments, **options):
        looks.append(work)
        if len(looks) == 5:
            raise KeyboardInterrupt
        return looked(work, *arguments, **options)

    monkeypatch.setattr(Work, "look", stopped)
    found = told(capsys, "--pair", "balls", "--dimension", "2,1", code=130)
    assert [one["interrupted"] for one in found] == [False, True]


def test_ctrl_c_before_any_look_has_no_bracket(capsys, monkeypatch):
    stop_at(monkeypatch, 0)
    ask(*SHIFTED, "--json", code=130)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == "wganlab: interrupted: there is no bracket yet"


def test_a_plot_is_the_same_bytes_again_and_replaces_nothing(capsys, folder):
    looks = [Look(n + 1.0, 0.9 + n / 100, 1.2 - n / 100, "cones", 1.0, 1.0, 0.1) for n in range(3)]
    result = replace(made_up(), history=tuple(looks))
    for name in ("a.svg", "b.svg", "a.pdf", "b.pdf"):
        pictures.draw_bracket(folder / name, result, "two laws")
    for suffix in (".svg", ".pdf"):
        assert (folder / f"a{suffix}").read_bytes() == (folder / f"b{suffix}").read_bytes()
    drawn = (folder / "a.svg").read_text()
    for text in ("after 3 s", "the truth, 1", "0.92", "1.18", "two laws"):
        assert f">{text}<" in drawn or f"<!-- {text} -->" in drawn
    alone = [replace(look, upper=math.inf) for look in looks]
    pictures.draw_bracket(folder / "c.svg", replace(result, history=tuple(alone)), "one side")
    assert "<!-- upper: exact distances -->" not in (folder / "c.svg").read_text()
    ask(*SHIFTED, "--plot", "a.svg", code=2)
    assert "--overwrite" in capsys.readouterr().err


def made_up():
    """A bracket of nothing."""
    return Bracket(
        *(0.92, 1.18, 0.95, "asymptotic", None, "cones", 1.0, 1.0, {}, TINY, 3.0, (), ()),
    )


def test_what_is_behind_a_side_is_told():
    told = str(made_up())
    assert "lower: the gap of cones, of proven slope 1\n" in told
    assert "upper: 4 exact distances of 100 points each, the same critic's gap as c" in told
    assert "lower: nothing, for no critic told" in str(replace(made_up(), lower=0.0, method=""))
    assert "is not above its radius" in str(replace(made_up(), lower=0.0))
    assert "nothing from above\n" in str(replace(made_up(), upper=math.inf))
    assert "nothing useful from above (9)" in str(replace(made_up(), upper=9.0))
    assert "may be anything" in str(replace(made_up(), lower=0.0, upper=math.inf))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give two laws, bracket A B, the folder of a run"),
        (["8gaussians"], "B is missing: 8gaussians alone has a distance to nothing"),
        (["nope", "8gaussians"], "nope is no law: give a toy (8gaussians, "),
        (["8gaussian:std=1", "swissroll"], "8gaussian:std=1 is no law"),
        (["8gaussians:bla=1", "swissroll"], "has no parameter 'bla'"),
        (["gone.npy", "swissroll"], "gone.npy"),
        ([".", "swissroll"], "there is no run in .: it has no config.json"),
        (["."], "there is no run in ."),
        (["mnist10k", "mnist10k[3]"], "rows of mnist10k are rows of mnist10k[3] too"),
        (["a.npy", "a.npy"], "rows of a.npy are rows of a.npy too"),
        (["8gaussians", "gaussian:mean=(0,0,0)"], "they must live in one space"),
        ([*SHIFTED, "--lipschitz", "1"], "--lipschitz: a constant that is declared proves nothing"),
        ([*SHIFTED, "--shift", "1"], "Unrecognized options: --shift"),
        ([*SHIFTED, "--confidence", "95"], "confidence = 95.0: give a probability"),
        ([*SHIFTED, "--diameter", "9"], 'diameter belongs to radius="finite-sample"'),
        (["own.npy", SHIFTED[0], "--shared"], "shared=True sends the same uniform numbers"),
        ([*SHIFTED, "--plot", "a.gif"], "--plot a.gif: expected one of .png, .pdf, .svg"),
        ([*SHIFTED, "--max-points", "0"], "--max-points 0: at least one point"),
        ([*SHIFTED, "--seed", "-1"], "seed"),
        ([*SHIFTED, "--again", "own_critics.py"], "holds no bracket of --json"),
        ([*SHIFTED, "--again", "gone.json"], "gone.json"),
        (["--pair", "nobody"], "there is no pair 'nobody'"),
        (["--pair", "balls", "8gaussians"], "8gaussians"),
        (["--pair", "balls", "--dimension", "2,x"], "--dimension"),
        (["--pair", "balls", "--lipschitz=1"], "a constant that is declared proves nothing"),
    ],
)
def test_what_makes_no_sense_is_one_line(arguments, message, capsys, monkeypatch):
    monkeypatch.setattr(Work, "run", None)
    assert main(["bracket", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wganlab: error: ")
    assert err.count("\n") == 1
    assert message in err


def test_sides_that_say_nothing_are_left_out():
    assert report.bounds(0.66503, 0.66717) == "[0.6650, 0.6672]"
    assert report.bounds(1.0, 1.0) == "[1.0, 1.0]"
    assert report.bounds(1.0, 2.01) == ">= 1.00"
    assert report.bounds(123.4, None) == ">= 123.4"
    assert report.bounds(0.0, 0.123) == "<= 0.13"
    assert report.bounds(0.0, math.inf) == "-"


def test_arrays_are_timed_by_the_rows_of_the_choice_alone():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 2)), rng.normal(size=(300, 2))
    cpu = torch.device("cpu")
    laws = laws_of(x, y, seed=0, device=cpu, nets=True, shared=False)
    plan = sizes.timed(TINY, laws, None, 0.1, 0.1)
    assert plan.replicates == sizes.OF_ARRAYS
    assert laws.left("selection") == 30


# what a run ends with


def test_a_tenth_of_the_time_of_a_run_and_no_less_than_is_useful():
    assert run_bracket.seconds_for("auto", 99.0, 1) == 0
    assert run_bracket.seconds_for("auto", 150.0, 1) == 15
    assert run_bracket.seconds_for("auto", 150.0, 2) == 0  # ten seconds are of both
    assert run_bracket.seconds_for("auto", 1e5, 1) == 60
    assert run_bracket.seconds_for("no", 1e5, 1) == 0
    assert run_bracket.seconds_for("7.5", 1.0, 8) == 7.5


def test_a_run_ends_with_a_bracket_where_it_is_asked_for(capsys, folder, quick):
    assert main(["train", *RUN, "--run", "runs/a", "--bracket", "3"]) == 0
    assert quick == [3.0]
    kept = json.loads((folder / "runs/a/bracket.json").read_text())
    assert kept["iteration"] == 6
    assert kept["lower"] < kept["upper"]
    column = report.bounds(kept["lower"], kept["upper"])
    out = capsys.readouterr().out
    assert "certificate  W1 of the laws" in out
    assert column in out
    assert main(["runs"]) == 0
    assert column in capsys.readouterr().out
    assert main(["runs", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["lower"], listed["upper"]) == (kept["lower"], kept["upper"])
    assert main(["train", "--resume", "runs/a"]) == 0
    assert column in capsys.readouterr().out  # it is of this iteration still
    assert main(["train", "--resume", "runs/a", "--iterations", "9"]) == 0
    assert "W1 of the laws" not in capsys.readouterr().out
    assert main(["runs"]) == 0
    assert "W1 of the laws" not in capsys.readouterr().out
    assert main(["train", "--resume", "runs/a", "--bracket", "2"]) == 0
    assert json.loads((folder / "runs/a/bracket.json").read_text())["iteration"] == 9
    assert quick == [3.0, 2.0]


def test_a_long_run_ends_with_one_by_itself_once(runs, quick, monkeypatch):
    monkeypatch.setattr(run_bracket, "LEAST", 0.0)
    assert run_bracket.find([runs / "toy"], "auto", "cpu") == []
    assert run_bracket.find([runs / "toy"], "auto", "cpu") == []
    assert len(quick) == 1
    assert run_bracket.read(runs / "toy", 6)["iteration"] == 6
    (runs / "toy" / "bracket.json").unlink()


def test_a_bracket_that_fails_is_a_note(capsys, runs, monkeypatch):
    monkeypatch.setattr(compare, "bracket", partial(compare.bracket, confidence=2))
    (note,) = run_bracket.find([runs / "toy"], "1", "cpu")
    assert note.endswith("toy: no bracket: confidence = 2: give a probability, as 0.95")
    assert run_bracket.read(runs / "toy", 6) is None


def test_a_bracket_that_is_stopped_is_kept_as_far_as_it_came(capsys, folder, quick, monkeypatch):
    stop_at(monkeypatch, 1)
    assert main(["train", *RUN, "--run", "runs/a", "--bracket", "3"]) == 130
    out, err = capsys.readouterr()
    assert "W1 of the laws" in out
    assert "the run is at its end; what is told of it is as far as it came" in err
    assert len(json.loads((folder / "runs/a/bracket.json").read_text())["history"]) == 1


@pytest.mark.parametrize(
    "content",
    ["", "[]", '"lower"', '{"lower": 1}', '{"lower": 2, "upper": 1, "iteration": 6}', "\0", "{"],
)
def test_what_is_no_bracket_is_none(content, folder):
    (folder / "bracket.json").write_text(content)
    assert run_bracket.read(folder, 6) is None
    assert run_bracket.shown(None) == "-"


@pytest.mark.parametrize("asked", ["yes", "-1", "0", "nan", "inf", ""])
def test_what_is_no_time_for_a_bracket_is_refused(asked, capsys):
    assert main(["train", *RUN, f"--bracket={asked}"]) == 2
    assert "give auto, no, or the seconds" in capsys.readouterr().err
