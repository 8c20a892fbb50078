"""Lesson 11: the self-checks see right from wrong."""

import numpy as np
import pytest
import torch

from wganlab import compare, data

CPU = torch.device("cpu")


@pytest.fixture
def check(course):
    from checks import images

    return images


@pytest.fixture(scope="module")
def digits():
    law = data.image_law("mnist10k", 16)
    return law.take(law.rows[:1500], CPU), law.take(law.unseen[:150], CPU)


def told(capsys):
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return out


def error(real, fake):
    return np.sqrt(real.var(ddof=1) / len(real) + fake.var(ddof=1) / len(fake))


def right(real, fake):
    return real.mean() - fake.mean() - 2 * error(real, fake)


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("images_to_halve", None, "Not answered yet"),
        ("images_to_halve", 2.2e7, "Right"),
        ("images_to_halve", 30_000_000, "Right"),
        ("images_to_halve", 500, "must be above 1,000"),
        ("images_to_halve", 2000, "do not halve it"),
        ("images_to_halve", 4000, "the law of means"),
        ("images_to_halve", 3600, "a straight line in n"),
        ("images_to_halve", 770_000, "A power law multiplies"),
        ("images_to_halve", 2.2e6, "Start from 1,000"),
        ("images_to_halve", 1e12, "too many"),
        ("images_to_halve", 50_000, "too few"),
        ("images_to_halve", "many", "is not a number"),
        ("bound_of_laws", lambda f, g: None, "Not answered yet"),
        ("bound_of_laws", right, "Right"),
        ("bound_of_laws", lambda f, g: torch.tensor(right(f, g)), "Right"),
        (
            "bound_of_laws",
            lambda f, g: f.mean() - g.mean() - 1.96 * error(f, g),
            "Right",
        ),
        ("bound_of_laws", lambda f, g: f.mean() - g.mean(), "the gap alone"),
        ("bound_of_laws", lambda f, g: right(f, g) + 4 * error(f, g), "lies below the gap"),
        ("bound_of_laws", lambda f, g: right(f, g) + error(f, g), "Two are asked for"),
        (
            "bound_of_laws",
            lambda f, g: f.mean() - g.mean() - 2 * np.hypot(f.std(), g.std()),
            "the spread of the values",
        ),
        (
            "bound_of_laws",
            lambda f, g: f.mean() - g.mean() - 2 * error(f, g) ** 2,
            "Take the root",
        ),
        (
            "bound_of_laws",
            lambda f, g: f.mean() - g.mean() - 2 * (f.std() / 40**0.5 + g.std() / 90**0.5),
            "add in squares",
        ),
        ("bound_of_laws", lambda f, g: g.mean() - f.mean() - 2 * error(f, g), "the sign"),
        ("bound_of_laws", lambda f, g: 2 * error(f, g), "Subtract it from the gap"),
        ("bound_of_laws", lambda f, g: 1.0, "for one pair of arrays"),
        ("bound_of_laws", lambda f, g: f, "return one number"),
        ("bound_of_laws", lambda f, g: right(f, g) if f.mean() > 4 else None, "returns None"),
        ("bound_of_laws", lambda f, g: "low", "is not a number"),
        ("bound_of_laws", lambda f, g: f - g, "it stops with ValueError"),
        ("bound_of_laws", lambda f, g: print("x"), "returns nothing"),
        ("bound_of_laws", 3, "is not a function"),
        ("what_tells_copies", None, "Not answered yet"),
        ("what_tells_copies", {"memorization"}, "Right"),
        ("what_tells_copies", "memorization", "Right"),
        ("what_tells_copies", ["Memorization"], "Right"),
        ("what_tells_copies", {"memorization", "emd"}, "that of a perfect generator"),
        ("what_tells_copies", {"train_emd", "memorization"}, "two samples of one law"),
        ("what_tells_copies", {"kid"}, "their KID is 0"),
        ("what_tells_copies", ("classes",), "show all classes"),
        ("what_tells_copies", {"fid"}, "there is no number 'fid'"),
        ("what_tells_copies", set(), "Which of them looks at"),
        ("what_tells_copies", 3, "is not a set of names"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    getattr(check, name)(answer)
    assert reply in told(capsys)


def averaged(train, n):
    rows = compare.nearest_neighbors(train[:n], train, k=16)[1]
    return torch.stack([train[some].mean(dim=0) for some in rows])


def faded(train, n, share=0.7):
    mean = train.mean(dim=0)
    return mean + share * (train[:n] - mean)


@pytest.mark.parametrize(
    ("function", "reply"),
    [
        (lambda train, n: None, "Not answered yet"),
        (averaged, "Right"),
        (faded, "Right"),
        (lambda train, n: faded(train, n).numpy(), "Right"),
        (lambda train, n: train[:n], "that is a copy"),
        (lambda train, n: faded(train, n, 0.93), "You are on the way"),
        (lambda train, n: train.mean(dim=0).expand(n, -1, -1, -1), "A few images many times"),
        (
            lambda train, n: (train[:n] + 0.3 * torch.randn(train[:n].shape)).clamp(-1, 1),
            "That is more than training images have",
        ),
        (lambda train, n: train[: n - 1], "return images of shape (150, 1, 16, 16)"),
        (lambda train, n: train[:n].flatten(1), "these have shape (150, 256)"),
        (lambda train, n: 3 * train[:n], "pixels lie in [-1, 1]"),
        (lambda train, n: train[:n] / 0, "not finite"),
        (lambda train, n: "digits", "is no tensor of images"),
        (lambda train, n: train.left, "it stops with AttributeError"),
        (0.7, "is not a function"),
    ],
)
def test_fakes_are_told_from_copies_and_from_worse_ones(check, digits, function, reply, capsys):
    check.nearer_than_real(function, *digits)
    assert reply in told(capsys)


def test_held_out_images_are_no_answer(check, digits, capsys):
    train, held_out = digits
    check.nearer_than_real(lambda *_: held_out, train, held_out)
    assert "must not be looked at" in told(capsys)
