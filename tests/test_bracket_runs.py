"""The brackets behind `lab_bracket`: their laws, several confidences at once, and the record."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from figures import bracket_runs, lab_bracket
from figures.bracket_runs import CONFIDENCES, Configuration, as_text, made
from wganlab import compare
from wganlab.compare import BracketPlan
from wganlab.exact import known


@pytest.fixture(scope="module")
def record():
    path = bracket_runs.PLACE / lab_bracket.RECORDS["laptop"]
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_halves_are_two_balls_and_em_is_their_way(dimension, rng):
    real, fake = bracket_runs.halves(dimension)
    u = rng.uniform(size=(400, dimension + 1))
    x, y = real(u), fake(u)
    sides = np.sign(x[:, -1])
    assert 0.4 < np.mean(sides > 0) < 0.6
    moved = np.zeros((400, dimension))
    moved[:, 0] = sides
    np.testing.assert_allclose(y - x, moved, atol=1e-12)
    centers = np.zeros((400, dimension))
    centers[:, -1] = 4 * sides
    radii = np.linalg.norm(x - centers, axis=1)
    assert stats.kstest(radii**dimension, "uniform").pvalue > 1e-3
    costs = cdist(x, y)
    ways = costs[linear_sum_assignment(costs)]
    assert ways.mean() == pytest.approx(1, abs=1e-9)


def test_truths_are_those_of_the_laws():
    assert bracket_runs.truth("shift", 16) == (1.0, 0.0)
    assert bracket_runs.truth("balls", 8) == pytest.approx((8 / 9, 0))
    assert bracket_runs.truth("Gaussians", 1) == pytest.approx((np.sqrt(2 / np.pi), 0))
    assert bracket_runs.truth("halves", 3) == (1.0, 0.0)
    for dimension in (1, 2, 8):
        pair, (emd, error) = known.Funnels(dimension), bracket_runs.truth("funnels", dimension)
        assert emd == pytest.approx(pair.emd, abs=4 * pair.emd_error)
        assert 0 < error < 0.9 * pair.emd_error


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "number"), [("halves", 0), ("balls", 2)])
def test_all_confidences_at_once_are_what_a_bracket_tells_of_each(kind, number):
    plan = lab_bracket.TINY
    at_once = bracket_runs.at_once(kind, 2, 7, plan)
    asked = {"plan": plan, "seed": 7, "confidence": CONFIDENCES[number], "device": "cpu"}
    told = compare.bracket(*bracket_runs.laws(kind, 2), progress=False, **asked)
    assert at_once[number] == (told.lower, told.upper)
    lower, upper = np.array(at_once).T
    assert np.all(np.diff(lower) <= 0)
    assert np.all(np.diff(upper) >= 0)


class Counted(Configuration):
    """Brackets that are numbers, told when they are made."""

    done = ()

    def jobs(self):
        for part in ("table", "coverage"):
            for k in range(3):
                yield part, str(k), lambda name=f"{part} {k}": self.make(name)

    def make(self, name):
        Counted.done += (name,)
        return name


def test_a_record_is_gone_on_with_and_another_configuration_begins_anew(tmp_path):
    kept = []
    whole = made(Counted(), {}, lambda record: kept.append(as_text(record)))
    assert len(kept) == len(Counted.done) == 6
    assert json.loads(kept[-1]) == whole
    half = json.loads(kept[3])
    assert [len(half[part]) for part in ("table", "coverage")] == [3, 1]
    Counted.done = ()
    assert made(Counted(), half, lambda record: None) == whole
    assert Counted.done == ("coverage 1", "coverage 2")
    Counted.done = ()
    more = made(Counted(seeds=300), half, lambda record: None)
    assert Counted.done == ("coverage 1", "coverage 2")
    assert more["configuration"]["seeds"] == 300
    Counted.done = ()
    other = made(Counted(seconds=3.0), half, lambda record: None)
    assert len(Counted.done) == 6
    assert other["configuration"]["seconds"] == 3
    assert {"python", "numpy", "scipy", "torch", "system"} == set(other["environment"])


def test_the_jobs_are_all_brackets_of_the_record_and_no_others(record):
    asked = record["configuration"]
    plan = asked["plan"] and BracketPlan(**asked["plan"])
    configuration = Configuration(asked["seconds"], plan, seeds=asked["seeds"])
    assert configuration.as_json() == asked
    for part in ("table", "coverage"):
        names = [name for of, name, _ in configuration.jobs() if of == part]
        assert list(record[part]) == names


def test_the_record_holds_the_truth_as_often_as_it_says(record):
    table = lab_bracket.of_table(record)
    lower, upper = np.moveaxis(table["table"], -1, 0)
    truth, error = np.moveaxis(table["truth"], -1, 0)
    inside = (lower <= truth + 3 * error) & (truth - 3 * error <= upper)
    confidence = record["configuration"]["confidence"]
    assert stats.binomtest(inside.sum(), inside.size, confidence, "less").pvalue > 1e-3
    coverage = lab_bracket.of_coverage(record)
    n = int(coverage["seeds"])
    assert coverage["counts"].shape == (len(record["configuration"]["pairs"]), len(CONFIDENCES), 3)
    assert np.all(coverage["counts"].sum(axis=-1) == n)
    assert np.all(np.diff(coverage["counts"][..., 0], axis=1) >= 0)
    for counts in coverage["counts"]:
        for (held, *_), asked in zip(counts, CONFIDENCES, strict=True):
            assert stats.binomtest(int(held), n, asked, "less").pvalue > 1e-3


def test_coverage_tells_on_which_side_the_truth_is():
    sides = {0: [[0.9, 1.1]], 1: [[1.01, 1.2]], 2: [[0.9, 1.0]], 3: [[0.7, 0.8]], 4: [[0, 0.9]]}
    record = {
        "configuration": {"pairs": [["shift", 2]], "seeds": 5},
        "coverage": {f"shift 2 {seed}": told for seed, told in sides.items()},
    }
    assert lab_bracket.of_coverage(record)["counts"].tolist() == [[[2, 1, 2]]]


@pytest.mark.slow
def test_a_bracket_of_the_record_is_made_again(record):
    small = BracketPlan(**record["configuration"]["small"])
    assert asdict(bracket_runs.SMALL) == asdict(small)
    again = bracket_runs.at_once("balls", 2, 0, small)
    np.testing.assert_allclose(again, record["coverage"]["balls 2 0"], rtol=1e-3)
