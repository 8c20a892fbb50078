"""Lesson 6: the self-checks see right from wrong."""

import numpy as np
import pytest
import torch

from wganlab import exact

X, Y = exact.known.Gaussians(real=(0, 0), fake=(3, 0)).sample(60, np.random.default_rng(0))
CONTEXT = {
    "proven_bound": {"gap": 0.0012, "slope": 0.0006, "lipschitz": 0.0016},
    "gap_over_slope": {},
    "penalized_gap": {"theta": 3, "weight": 1},
    "hand_made_critic": {"x": X, "y": Y, "share": 0.95},
}


@pytest.fixture
def check(course):
    from checks import learning_the_critic

    return learning_the_critic


def gap(f, real, fake):
    return f(real).mean() - f(fake).mean()


def gradients(f, *clouds):
    points = torch.cat(clouds).requires_grad_()
    return torch.autograd.grad(f(points).sum(), points)[0]


def slope(f, *clouds):
    return gradients(f, *clouds).norm(dim=1).max()


def right(f, real, fake):
    return gap(f, real, fake) / slope(f, real, fake)


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("proven_bound", None, "Not answered yet"),
        ("proven_bound", 0.75, "Right"),
        ("proven_bound", "0.75", "Right"),
        ("proven_bound", 2, "The slope was seen at some points"),
        ("proven_bound", 0.0012, "the gap alone"),
        ("proven_bound", 4 / 3, "upside down"),
        ("proven_bound", 0.0012 * 0.0016, "What is the gap of f / L"),
        ("proven_bound", 0.0016, "that is a slope"),
        ("proven_bound", 0.0006, "that is a slope"),
        ("proven_bound", 0, "prove a larger one"),
        ("proven_bound", 1, "What is its gap then"),
        ("proven_bound", "much", "is not a number"),
        ("gap_over_slope", lambda f, r, g: None, "Not answered yet"),
        ("gap_over_slope", right, "Right"),
        ("gap_over_slope", lambda f, r, g: right(f, r, g).item(), "Right"),
        ("gap_over_slope", lambda f, r, g: right(f, r, g).detach().numpy()[None], "Right"),
        ("gap_over_slope", lambda f, r, g: -right(f, r, g), "the sign"),
        ("gap_over_slope", gap, "that is the gap"),
        ("gap_over_slope", slope, "that is the slope"),
        ("gap_over_slope", lambda f, r, g: 1 / right(f, r, g), "upside down"),
        ("gap_over_slope", lambda f, r, g: gap(f, r, g) * slope(f, r, g), "not multiplied"),
        (
            "gap_over_slope",
            lambda f, r, g: gap(f, r, g) / gradients(f, r, g).norm(dim=1).mean(),
            "the mean of the norms",
        ),
        ("gap_over_slope", lambda f, r, g: gap(f, r, g) / slope(f, r), "the real points alone"),
        ("gap_over_slope", lambda f, r, g: gap(f, r, g) / slope(f, g), "the fake points alone"),
        (
            "gap_over_slope",
            lambda f, r, g: gap(f, r, g) / gradients(f, r, g).abs().max(),
            "the largest coordinate",
        ),
        (
            "gap_over_slope",
            lambda f, r, g: gap(f, r, g) / gradients(f, r, g).norm(),
            "norm(dim=1)",
        ),
        ("gap_over_slope", lambda f, r, g: 7.0, "not 7.0"),
        ("gap_over_slope", lambda f, r, g: f(r) - f(g[: len(r)]), "return one number"),
        ("gap_over_slope", lambda f, r, g: "steep", "which is not a number"),
        ("gap_over_slope", lambda f, r, g: [], "which is not a number"),
        ("gap_over_slope", lambda f, r, g: f(r).backward(), "it stops with RuntimeError"),
        ("gap_over_slope", lambda f, r, g: print("x"), "returns nothing"),
        ("gap_over_slope", lambda f, r, g: right(f, r, g) if gap(f, r, g) > 0 else None, "Hint"),
        ("gap_over_slope", 2.0, "is not a function"),
        ("penalized_gap", None, "Not answered yet"),
        ("penalized_gap", 7.5, "Right"),
        ("penalized_gap", 3, "that is EM"),
        ("penalized_gap", 2.5, "that is the slope"),
        ("penalized_gap", 12, "where is the 2?"),
        ("penalized_gap", 4.5, "multiplies theta"),
        ("penalized_gap", 5.25, "with the penalty taken off"),
        ("penalized_gap", 7 / 6, "exchanged"),
        ("penalized_gap", np.sqrt(7) - 1, "takes the bias out"),
        ("penalized_gap", -7.5, "which slope s"),
        ("penalized_gap", [7.5, 1], "is not a number"),
        ("hand_made_critic", lambda z: None, "Not answered yet"),
        ("hand_made_critic", lambda z: -z[:, 0], "Right"),
        ("hand_made_critic", lambda z: -z[:, :1], "Right"),
        ("hand_made_critic", lambda z: 5 - z[:, 0], "Right"),
        ("hand_made_critic", lambda z: torch.as_tensor(-z[:, 0]), "Right"),
        ("hand_made_critic", lambda z: z[:, 0], "turn its sign"),
        ("hand_made_critic", lambda z: -10 * z[:, 0], "too steep"),
        ("hand_made_critic", lambda z: -z[:, 0] / 10, "too flat"),
        ("hand_made_critic", lambda z: 0 * z[:, 0], "a constant certifies"),
        ("hand_made_critic", lambda z: z[:, 1], "Which way must each fake point go"),
        ("hand_made_critic", lambda z: -z, "it returns shape (60, 2)"),
        ("hand_made_critic", lambda z: 3.0, "it returns shape ()"),
        ("hand_made_critic", lambda z: "left", "does not return numbers"),
        ("hand_made_critic", lambda z: np.log(z[:, 0]), "not finite"),
        ("hand_made_critic", lambda z: z.left, "it stops with AttributeError"),
        ("hand_made_critic", -1, "is not a function"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    getattr(check, name)(answer, **CONTEXT[name])
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1
