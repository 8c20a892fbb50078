"""Lesson 12: the self-checks see right from wrong, and own critics go where it says."""

import numpy as np
import pytest
import torch
from torch import nn

from wganlab import cli


@pytest.fixture
def check(course):
    from checks import capstone

    return capstone


def told(capsys):
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return out


class Base(nn.Module):
    """The lesson's weights."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 8, 2))
        self.bias = nn.Parameter(0.1 * torch.randn(8, 8))

    def planes(self, x):
        directions = self.weight / self.weight.norm(dim=2, keepdim=True)
        return torch.einsum("nd,gpd->ngp", x, directions) + self.bias


class Untouched(Base):
    def forward(self, x):
        return None


class Right(Base):
    def forward(self, x):
        return self.planes(x).amax(dim=2).amin(dim=1)


class Column(Base):
    def forward(self, x):
        return self.planes(x).amin(dim=2).amax(dim=1, keepdim=True)


class Hills(nn.Module):
    def __init__(self):
        super().__init__()
        self.center = nn.Parameter(0.5 * torch.randn(8, 2))

    def forward(self, x):
        return (-(x[:, None] - self.center).norm(dim=2)).amax(dim=1)


class Steep(Base):
    def forward(self, x):
        values = torch.einsum("nd,gpd->ngp", x, self.weight) + self.bias
        return values.amax(dim=2).amin(dim=1)


class WrongAxis(Base):
    def forward(self, x):
        directions = self.weight / self.weight.norm(dim=1, keepdim=True)
        values = torch.einsum("nd,gpd->ngp", x, directions) + self.bias
        return values.amax(dim=2).amin(dim=1)


class Sum(Base):
    def forward(self, x):
        return self.planes(x).amax(dim=2).sum(dim=1)


class Convex(Base):
    def forward(self, x):
        return self.planes(x).amax(dim=(1, 2))


class Concave(Base):
    def forward(self, x):
        return self.planes(x).mean(dim=2).amin(dim=1)


class Flat(Base):
    def forward(self, x):
        return 0.1 * self.planes(x).amax(dim=2).amin(dim=1)


class Mixing(Base):
    def forward(self, x):
        return self.planes(x).amax(dim=2).amin(dim=1) - x.mean()


class Scalar(Base):
    def forward(self, x):
        return self.planes(x).max()


class Deaf(Base):
    def forward(self, x):
        return -x.norm(dim=1)


class Bare(nn.Module):
    def forward(self, x):
        return -x.norm(dim=1)


class Broken(Base):
    def forward(self, x):
        return self.plains(x)


class Nan(Base):
    def forward(self, x):
        return self.planes(x).amax(dim=(1, 2)) / 0 * 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        (None, "Not answered yet"),
        (Untouched, "Not answered yet"),
        (Right, "Right"),
        (Column, "Right"),
        (Hills, "Right"),
        (Steep, "What has length 1"),
        (WrongAxis, "which axis is that of the coordinates"),
        (Sum, "What has length 1"),
        (Convex, "It is convex"),
        (Concave, "Right"),
        (Flat, "or much less"),
        (Mixing, "depends on the other points"),
        (Scalar, "for 7 points it returns ()"),
        (Deaf, "do not depend on its weights"),
        (Bare, "it has no weights"),
        (Broken, "it stops with AttributeError"),
        (Nan, "not finite"),
        (Right(), "is not a class of modules"),
        (lambda x: x, "is not a class of modules"),
    ],
)
def test_critics_are_certified_or_told_why_not(check, kind, reply, capsys):
    state = torch.random.get_rng_state()
    check.certified_critic(kind)
    assert reply in told(capsys)
    assert torch.equal(state, torch.random.get_rng_state())


def ring(n, generator, radius=lambda u: (1 + 3 * u).sqrt(), turn=1.0):
    u = torch.rand(n, 2, generator=generator)
    angle, r = turn * 2 * torch.pi * u[:, 0], radius(u[:, 1])
    return torch.stack([r * angle.cos(), r * angle.sin()], dim=1)


def tied(n, generator):
    u = torch.rand(n, generator=generator)
    angle, r = 2 * torch.pi * u, (1 + 3 * u).sqrt()
    return torch.stack([r * angle.cos(), r * angle.sin()], dim=1)


def seeded(n, generator):
    return ring(n, torch.Generator().manual_seed(0))


def disturbing(n, generator):
    torch.rand(1)
    return ring(n, generator)


@pytest.mark.parametrize(
    ("function", "reply"),
    [
        (None, "Not answered yet"),
        (lambda n, g: None, "Not answered yet"),
        (ring, "Right"),
        (lambda n, g: ring(n, g, radius=lambda u: 1 + u), "too crowded"),
        (lambda n, g: ring(n, g, radius=lambda u: 1 + u**2), "have another law"),
        (lambda n, g: ring(n, g, radius=lambda u: 2 * u.sqrt()), "they must lie in [1, 2]"),
        (lambda n, g: ring(n, g, turn=0.5), "not uniform over the whole circle"),
        (tied, "depend on each other"),
        (lambda n, g: ring(n, None), "equal seeds give other points"),
        (seeded, "another seed gives the same points"),
        (disturbing, "global generator"),
        (lambda n, g: ring(n, g).double(), "torch.float32"),
        (lambda n, g: ring(n, g).numpy(), "return a torch tensor"),
        (lambda n, g: ring(n, g).T, "it returns shape (2, 4000)"),
        (lambda n, g: ring(4000, g), "asked for 5 points"),
        (lambda n, g: ring(n, g) / 0, "not finite"),
        (lambda n: ring(n), "it stops with TypeError"),
    ],
)
def test_samplers_are_uniform_or_told_why_not(check, function, reply, capsys):
    check.ring_sampler(function)
    assert reply in told(capsys)


def right_p(true, shuffled):
    return (1 + np.sum(shuffled >= true)) / (1 + len(shuffled))


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("p_value", lambda t, s: None, "Not answered yet"),
        ("p_value", right_p, "Right"),
        ("p_value", lambda t, s: np.mean(np.append(s, t) >= t), "Right"),
        ("p_value", lambda t, s: np.mean(s >= t), "count it above and below"),
        ("p_value", lambda t, s: np.sum(s >= t) / (1 + len(s)), "above the line"),
        ("p_value", lambda t, s: (1 + np.sum(s >= t)) / len(s), "below the line"),
        ("p_value", lambda t, s: (1 + np.sum(s > t)) / (1 + len(s)), "equal values count"),
        ("p_value", lambda t, s: np.mean(s > t), "equal values count"),
        ("p_value", lambda t, s: (1 + np.sum(s <= t)) / (1 + len(s)), "against one law"),
        ("p_value", lambda t, s: 1 - right_p(t, s), "that is 1 - p"),
        ("p_value", lambda t, s: 1 + np.sum(s >= t), "Divide it"),
        ("p_value", lambda t, s: 0.05, "with true = 5"),
        ("p_value", lambda t, s: "small", "is not a number"),
        ("p_value", lambda t, s: s >= t, "is not a number"),
        ("p_value", lambda t, s: right_p(t, s) if len(s) > 9 else None, "returns None"),
        ("p_value", lambda t: t, "it stops with TypeError"),
        ("p_value", 0.05, "is not a function"),
        ("flawed_report", None, "Not answered yet"),
        ("flawed_report", {"b", "d", "e", "f", "h"}, "Right"),
        ("flawed_report", "b, d, e, f, h", "Right"),
        ("flawed_report", ["(B)", "(D)", "(E)", "(F)", "(H)"], "Right"),
        ("flawed_report", {"b"}, "look again at (d)"),
        ("flawed_report", {"b"}, "4 are missing"),
        ("flawed_report", {"b", "d", "e", "f"}, "look again at (h)"),
        ("flawed_report", {"b", "d", "f", "h"}, "was *seen*"),
        ("flawed_report", {"a", "b"}, "(a) is supported"),
        ("flawed_report", {"c"}, "without any trust"),
        ("flawed_report", {"g"}, "(g) is supported"),
        ("flawed_report", {"x"}, "there is no claim 'x'"),
        ("flawed_report", 3, "is not a set of letters"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    getattr(check, name)(answer)
    assert reply in told(capsys)


CRITIC = """
import torch
from torch import nn

class MyCritic(nn.Module):
    def __init__(self, dimension):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(dimension))
    def forward(self, x):
        return x @ self.weight / self.weight.norm()
"""


def test_the_command_of_the_lesson_takes_files_and_a_critic(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_file.py").write_text(CRITIC)
    rng = np.random.default_rng(0)
    for name, shift in (("real", 0.0), ("fake", 3.0)):
        points = rng.normal(size=(20, 2)) + np.array([shift, 0])
        np.savetxt(tmp_path / f"{name}.csv", points, delimiter=",", header="x,y", comments="")
    words = "compare --points real.csv fake.csv --critic my_file:MyCritic --constraint none"
    cli.main([*words.split(), "--steps", "5", "--seeds", "1"])
    assert "exact EM of the clouds" in capsys.readouterr().out
