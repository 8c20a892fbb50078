"""Whatever is given to a bracket, it is never a wrong one: told in one line, or bounded."""

import io
import math
import sys

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import exact
from wganlab.compare import BracketPlan, OfUniforms, bracket
from wganlab.compare.brackets.evidence import Evidence
from wganlab.compare.brackets.provable import UnprovenError
from wganlab.compare.brackets.results import Bracket, Look
from wganlab.compare.brackets.sources import DIMENSIONS
from wganlab.compare.brackets.two_laws import laws_of

TINY = BracketPlan(
    heats=0, apexes=100, selection=256, blocks=4, block=128, replicates=3, points=60,
)  # fmt: skip
SHIFT = exact.known.Translation((1.0, 0.0))


def tiny(*laws, **options):
    return bracket(*laws, **{"plan": TINY, "device": "cpu", "progress": False, **options})


def normal(n, rng):
    return rng.normal(size=(n, 2))


def line(weight, bias):
    """f(z) = weight z + bias on the line, in float64."""
    layer = nn.Linear(1, 1).double()
    layer.weight.data.fill_(weight)
    layer.bias.data.fill_(bias)
    return layer


def at(place):
    """A law of one atom."""
    return lambda n, rng: np.full((n, 1), place)


# critics


@pytest.mark.parametrize("bias", [0.0, 1e3])
def test_a_constant_critic_takes_nothing_from_the_others(bias):
    found = tiny(at(2.0), at(0.0), critics=[line(0.0, bias)])
    assert found.method == "potentials"
    assert found.lower == pytest.approx(2, abs=0.01)
    assert found.notes == ("critics[0] is constant, and bounds nothing",)


@pytest.mark.parametrize("critic", [line(1, 1e15), nn.Sequential(line(1, 1e15), line(1, -1e15))])
def test_steps_of_float64_are_no_slope(critic):
    found = tiny(at(0.07), at(0.06), critics=[critic])  # rounded to 1 / 8
    assert found.lower <= 0.01 <= found.upper
    assert len(found.notes) == 1


def test_steps_that_no_two_points_show_are_found_next_to_them():
    def near(place):
        return lambda n, rng: rng.integers(10**5, size=(n, 1)) + place

    steps = nn.Sequential(line(1, 1e15), line(1, -1e15))
    found = tiny(near(0.0635), near(0.0615), critics=[steps])
    assert "too large for float64" in found.notes[0]
    fine = tiny(near(1e4), near(0.0), critics=[line(1, 1e3)])
    assert fine.notes == ()


def test_of_a_critic_that_fails_late_nothing_stays(monkeypatch):
    certify, seen = Evidence.certify, []

    def fails(self, *args):
        seen.append(self.critic)
        if len(seen) == 3:
            raise UnprovenError("it is steep")
        certify(self, *args)

    monkeypatch.setattr(Evidence, "certify", fails)
    found = tiny(SHIFT)
    assert found.lower == 0 < found.upper < math.inf
    assert [look.lower for look in found.history] == [0, 0, 0]
    assert "it is steep" in found.notes


@pytest.mark.parametrize("critics", [None, nn.Linear(2, 1), "ab", {nn.Linear(2, 1)}])
def test_critics_are_a_list(critics):
    with pytest.raises(ValueError, match="give a list of networks"):
        tiny(SHIFT, critics=critics)


# samplers


def test_a_sampler_that_seeds_itself_is_refused():
    def stuck(n, rng):
        return np.random.default_rng(0).normal(size=(n, 2))

    for laws in ((stuck, normal), (normal, stuck), (lambda n, rng: (normal(n, rng), stuck(n, 0)),)):
        with pytest.raises(ValueError, match="the same points twice"):
            tiny(*laws)


def test_laws_of_few_atoms_may_repeat_themselves():
    found = tiny(lambda n, rng: 1.0 * (rng.uniform(size=(n, 1)) < 0.01), at(0.0))
    assert found.lower <= 0.01
    assert tiny(at(1.0), at(1.0)).upper == 0


def test_samplers_give_what_they_are_asked_for():
    def ten(n, rng):
        return normal(10, rng), normal(10, rng)

    with pytest.raises(ValueError, match="asked for 2 points and gave 10"):
        tiny(ten)
    asked = []

    def grows(n, rng):
        asked.append(n)
        return rng.normal(size=(n, 2 if len(asked) < 3 else 3))

    with pytest.raises(ValueError, match=r"fake gave points of shape \(2,\), and then of \(3,\)"):
        tiny(normal, grows)


def test_uniform_numbers_are_as_fine_as_float64():
    drawn = OfUniforms(lambda u: u, 1).sample(100, torch.Generator().manual_seed(0))
    assert (drawn * 2**24 % 1 != 0).any()


def test_more_dimensions_than_nets_have_are_drawn():
    pair = exact.known.Translation(np.full(DIMENSIONS + 1, 0.01))
    laws = laws_of(pair, None, seed=0, device=torch.device("cpu"), nets=True, shared=False)
    assert laws.draw("upper", 2)[0].shape == (2, DIMENSIONS + 1)
    assert laws.assumed() == ["points that are drawn are independent draws of their laws"]


def test_points_that_are_too_near_for_float64_are_refused():
    with pytest.raises(ValueError, match="choose a smaller unit"):
        tiny(lambda n, rng: 1e-200 * normal(n, rng), lambda n, rng: 1e-200 * normal(n, rng))


# options


@pytest.mark.parametrize(
    ("laws", "options", "told"),
    [
        ((SHIFT,), {"confidence": "0.95"}, "give a probability"),
        ((SHIFT,), {"confidence": None}, "give a probability"),
        ((SHIFT,), {"confidence": math.nan}, "give a probability"),
        ((SHIFT,), {"threads": -1}, "threads"),
        ((SHIFT,), {"threads": "all"}, "threads"),
        ((SHIFT,), {"shared": True, "radius": "finite-sample"}, "leave one of them out"),
        ((np.zeros((100, 2)),), {}, r"bracket\(real, fake\)"),
        ((OfUniforms(lambda u: u, 2),), {}, r"bracket\(real, fake\)"),
    ],
)
def test_options_that_make_no_sense_are_told(laws, options, told):
    with pytest.raises(ValueError, match=told):
        tiny(*laws, **options)


def test_the_smallest_plan_is_a_plan():
    least = BracketPlan(
        heats=0, apexes=1, selection=1, blocks=2, block=1, replicates=2, points=1,
    )  # fmt: skip
    for options in ({}, {"radius": "finite-sample", "diameter": 30.0}):
        found = tiny(normal, normal, plan=least, **options)
        assert found.lower == 0 < found.upper


@pytest.mark.parametrize("progress", [None, True])
@pytest.mark.parametrize("closed", [True, False])
def test_there_may_be_no_standard_error(monkeypatch, closed, progress):
    nowhere = io.StringIO()
    nowhere.close()
    monkeypatch.setattr(sys, "stderr", nowhere if closed else None)
    assert tiny(SHIFT, progress=progress).holds(1.0)


# words


def made(lower, upper, confidence=0.95):
    look = Look(0.0, lower, upper, "", 0.0, 0.0, 0.05)
    used = {"training": 0, "selection": 1, "certification": 1, "upper": 80}
    return Bracket(
        lower, upper, confidence, "asymptotic", None, "", math.nan, None, used, TINY, 0.0,
        (look,), (),
    )  # fmt: skip


def test_sides_that_contradict_each_other_are_told():
    assert "which cannot be" in made(2.0, 1.0).told
    assert "probability 0.05" in made(2.0, 1.0).told
    assert "cannot be" not in made(1.0, 1.0).told


def test_no_confidence_is_rounded_to_certainty():
    assert "99.9999999 % confidence" in made(1.0, 1.1, 0.999999999).told
    assert "29 % confidence" in made(1.0, 1.1, 0.29).told


def test_what_only_the_user_knows_is_assumed():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 100, 2))
    critic = nn.Linear(2, 1)
    assert any("not trained on rows" in text for text in tiny(x, y, critics=[critic]).assumptions)
    for found in (tiny(x, y), tiny(normal, normal, critics=[critic])):
        assert not any("not trained on rows" in text for text in found.assumptions)
    assert any("so rare" in text for text in found.assumptions)


def test_points_of_an_array_are_told_as_they_were_used():
    x, y = np.random.default_rng(0).normal(size=(2, 100, 2))
    assert "3 exact distances of 8 points each" in str(tiny(x, y))
