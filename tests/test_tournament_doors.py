"""Who may take part in a tournament, and what becomes of critics of which nothing is proven."""

import inspect
import math
import re
from dataclasses import replace

import pytest
import torch
from torch import nn

from wganlab.commands import compare
from wganlab.learned import METHODS, MLPConfig, Tournament, WeightClipping, fit_critic
from wganlab.learned.critics.methods import Method
from wganlab.learned.critics.tournament import score
from wganlab.learned.networks.by_dimension import ByDimension
from wganlab.learned.networks.cones import Cones

CONES = METHODS["cones"]


class Normalized(nn.Module):
    """A critic whose slope has no bound."""

    def __init__(self, dimension):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dimension, 4), nn.LayerNorm(4), nn.Linear(4, 1))

    def forward(self, x):
        return self.layers(x)


@pytest.mark.parametrize(
    ("methods", "advice"),
    [
        (5, "methods = 5: give pairs"),
        (("cones",), "give pairs"),
        ({"cones": CONES}, "give pairs"),
        ((("cones", 3),), "methods has 'cones': 3: give pairs"),
        (((3, CONES),), "methods has 3: "),
        ((("a", CONES), ("a", METHODS["orthonormal"])), "a name of its own"),
        ((("a", replace(CONES, critic=nn.Linear(2, 1))),), "a: its critic is a module"),
        *(
            ((("a", replace(CONES, **{name: None})),), f"a: its {name} is None")
            for name in ("critic", "optimizer", "steps", "batch")
        ),
    ],
)
def test_who_takes_part_is_a_method_with_a_name(methods, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        Tournament(methods=methods)


def test_a_list_of_pairs_is_welcome():
    assert Tournament(methods=[("cones", CONES)]).at((2,))[0][0] == "cones"


def test_a_critic_without_a_proof_is_below_all_others():
    real, fake = torch.zeros(4, 2), torch.ones(4, 2)
    assert score(Normalized(2), real, fake) == -math.inf
    upside_down = nn.Linear(2, 1)
    nn.init.ones_(upside_down.weight)
    assert score(upside_down, real, fake) == pytest.approx(-math.sqrt(2))
    entries = [
        (name, Method(WeightClipping(0.01), critic, steps=0))
        for name, critic in (("no proof", Normalized), ("upside down", lambda d, g: upside_down))
    ]
    fitted = fit_critic(real, fake, constraint=Tournament(methods=tuple(entries)))
    assert fitted.winner == "upside down"
    assert fitted.heats["no proof"] == -math.inf


def test_a_constant_critic_scores_0():
    flat = nn.Linear(2, 1)
    nn.init.zeros_(flat.weight)
    assert score(flat, torch.zeros(4, 2), torch.ones(4, 2)) == 0


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: Cones(2, 3, "above"), "side = 'above': choose from real, fake"),
        (lambda: Cones(2, 0), "cones = 0"),
        (lambda: Cones(0, 1), "inputs = 0"),
        (lambda: ByDimension(MLPConfig(), 3), "many = 3: give one such as MLPConfig()"),
        (lambda: ByDimension(None, MLPConfig()), "few = None"),
    ],
)
def test_networks_that_make_no_sense_are_refused_with_advice(make, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        make()


def test_the_help_names_every_method():
    told = inspect.getsource(compare.Compare).split("constraint: str")[1].split("objective: str")[0]
    assert set(METHODS) <= set(re.findall(r"[\w-]+", told))
