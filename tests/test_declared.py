"""Constants that a user declares: told as declared, tried by search, never told as proven."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import compare, exact
from wganlab.cli import main
from wganlab.compare import keys
from wganlab.compare.probe import Probe
from wganlab.compare.steepest import search
from wganlab.learned import METHODS
from wganlab.learned.critics.declared import Declared, declare, declared
from wganlab.learned.networks.standardized import Standardized

LINES = exact.known.ParallelLines(theta=1.0)


class Masked(nn.Module):
    """A leaky relu that nobody can follow, of slopes 1 and `inner`."""

    def __init__(self, inner=0.1):
        super().__init__()
        self.inner = nn.Parameter(torch.tensor(inner))

    def forward(self, x):
        z = x[:, :1] + 0.5
        return torch.where(z > 0, -z, -self.inner * z)


def test_what_is_declared_is_told_as_declared():
    critic = Masked()
    critic.lipschitz_ = 1
    told = compare.critic_vs_exact(critic, LINES)
    assert (told.lipschitz, told.declared, told.refuted) == (math.inf, 1.0, False)
    assert told.found == pytest.approx(1)
    assert "declared L" in str(told)
    assert "declared, not proven; the steepest found is 1" in str(told)
    assert re.search(r"Lipschitz +inf  no proof", str(told))
    plain = compare.critic_vs_exact(Masked(), LINES)
    assert plain.declared is None
    assert "declared" not in str(plain)
    assert compare.critic_vs_exact(Masked(), LINES, lipschitz=2.0).declared == 2


def test_a_steeper_slope_is_reported_and_the_constant_not_used():
    critic = Masked(inner=3.0)  # steep where neither law has points
    told = compare.critic_vs_exact(critic, LINES, lipschitz=1.0)
    assert told.slope == pytest.approx(1)
    assert told.refuted
    assert told.found == pytest.approx(3)
    assert "declared, and WRONG: a slope of 3 was found" in str(told)


class Ridge(nn.Module):
    """Slope 1 but for a bump, of slope 5 at most, beside the points."""

    def forward(self, x):
        return x[:, 0] + 4 * torch.exp(-((x - 6) ** 2).sum(1)) / math.sqrt(2 / math.e)


def test_the_search_climbs_beyond_the_points():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) + 3
    probe = Probe(Ridge(), real)
    at_points = np.linalg.norm(probe.gradients(np.concatenate([real, fake])), axis=1).max()
    found = search(probe, real, fake, rng)
    assert at_points < 4
    assert found == pytest.approx(5, rel=0.02)
    assert found <= 5 * (1 + 1e-6)


def test_functions_classes_and_networks_carry_it():
    assert declared(declare(nn.Linear(2, 1), 2)) == 2
    made = declare(Masked, 1.0)
    assert (made.__name__, made(7).lipschitz_, made(7, None).lipschitz_) == ("Masked", 1, 1)
    assert declare(lambda d, g: nn.Linear(d, 1), 1.0)(3, torch.Generator()).lipschitz_ == 1
    function = declare(lambda z: z[:, 0], 1.0)
    assert declared(function) == 1
    assert function(np.ones((3, 2))).tolist() == [1, 1, 1]
    told = compare.critic_vs_exact(function, LINES)
    assert told.declared == pytest.approx(1)
    network = Standardized(declare(Masked(), 1.0), torch.zeros(2), 10.0, 30.0)
    assert declared(network) == pytest.approx(3)


def test_rows_of_another_constant_are_other_rows():
    words = {keys.of_recipe(Declared(Masked, c)) for c in (1.0, 2.0)}
    assert len({*words, keys.of_recipe(Masked)}) == 3
    assert keys.of_recipe(declare(Masked(), 1.0)) != keys.of_recipe(Masked())
    board = compare.scoreboard({"lines": LINES}, {"masked": declare(Masked(), 1.0)}, 1, n=30)
    assert "L = 1 is declared, not proven" in board.rows[0].note
    assert board.rows[0].lipschitz == math.inf
    assert METHODS["gp"]


@pytest.mark.parametrize("constant", [0, -1.0, math.inf, math.nan, "1", True, None.__class__])
def test_constants_that_make_no_sense_are_refused(constant):
    critic = Masked()
    critic.lipschitz_ = constant
    with pytest.raises(ValueError, match="declare a positive number, such as"):
        compare.critic_vs_exact(critic, LINES)
    with pytest.raises(ValueError, match="declare a positive number"):
        compare.critic_vs_exact(Masked(), LINES, lipschitz=constant)


def test_the_command_line_declares_for_a_critic_of_ones_own(tmp_path, monkeypatch, capsys):
    (tmp_path / "declared_critics.py").write_text("def f(z):\n    return -2 * z[:, 0]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    lines = ["compare", "--pair", "parallel_lines", "--theta", "1", "-n", "20", "--seeds", "1"]
    critic = ["--critic", "declared_critics:f", "--lipschitz"]
    assert main([*lines, *critic, "2"]) == 0
    assert "L = 2 is declared, not proven" in capsys.readouterr().out
    assert main([*lines, *critic, "1"]) == 0
    assert "L = 1 is declared, and WRONG: a slope of 2 was found" in capsys.readouterr().out
    assert main([*lines, "--lipschitz", "1"]) != 0
    assert "--critic MODULE:NAME" in capsys.readouterr().err
