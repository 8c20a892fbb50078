"""Checks of lesson 11."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from checks import Hint, Unanswered, call, check, number, shown
from wganlab import compare, exact

FEW, MANY = 14.9, 12.7  # EM at 100 and 1,000 images
POWER = np.log10(FEW / MANY)
NEAR = 0.1  # of a training image: a copy
SHARE = 0.95  # of the floor


@check
def images_to_halve(answer: Any) -> None:
    """Exercise 1: n in a power law through (100, 14.9) and (1,000, 12.7)."""
    value = number(answer)
    if value <= 1000:
        raise Hint("at 1,000 images EM is 12.7, and it falls with more: n must be above 1,000.")
    if 0.5 < value / (1000 * 2 ** (1 / POWER)) < 2:
        return
    step = FEW - MANY
    slips = (
        (2000, "twice as many images do not halve it: from 100 to 1,000 it fell by 15 % only."),
        (4000, "n^(-1/2) is the law of means. Here the power follows from 14.9 and 12.7."),
        (
            1000 + 900 * MANY / 2 / step,
            "you drew a straight line in n. Ten times the images bring 14.9 to 12.7: what do they "
            "do to 12.7?",
        ),
        (
            1000 * 10 ** (MANY / 2 / step),
            "you took off 2.2 for every ten times the images. A power law multiplies, by "
            "12.7 / 14.9 each time.",
        ),
        (
            100 * 2 ** (1 / POWER),
            "that is where it is half of the first, counted from n = 100. Start from 1,000.",
        ),
    )
    for wrong, hint in slips:
        if np.isclose(value, wrong, rtol=0.05):
            raise Hint(hint)
    size = "few" if value < 1000 * 2 ** (1 / POWER) else "many"
    raise Hint(
        f"too {size}. Each tenfold of n multiplies EM by 12.7 / 14.9 = {MANY / FEW:.3f}. How many "
        "tenfolds until it is halved?"
    )


@check
def nearer_than_real(function: Any, train: torch.Tensor, held_out: torch.Tensor) -> None:
    """Exercise 2: images from training images, with a smaller EM to held-out ones than these."""
    n = len(held_out)
    answer = call(function, train, n)
    if answer is None:
        raise Unanswered
    fake = _images(answer, (n, *train.shape[1:]))
    nearest = compare.nearest_neighbors(fake, train)[0].min()
    if nearest < NEAR:
        raise Hint(
            f"one of them is only {nearest:.2g} away from a training image: that is a copy. Make "
            "something new out of several images."
        )
    if compare.nearest_neighbors(fake, held_out)[0].min() < NEAR:
        raise Hint("one of them is a held-out image, and those must not be looked at.")
    real, judged = (z.flatten(1).double().numpy() for z in (train[:n], held_out))
    usual = exact.emd(judged, real)
    reached = exact.emd(judged, fake.flatten(1).double().numpy())
    if reached <= SHARE * usual:
        return
    told = f"their EM is {reached:.2f}, and {SHARE * usual:.2f} is asked for."
    if len(torch.unique(fake, dim=0)) < n / 10:
        raise Hint(f"{told} A few images many times lose the variety: make {n} different ones.")
    if reached > usual:
        raise Hint(f"{told} That is more than training images have: what makes an image plainer?")
    raise Hint(f"{told} You are on the way: take away more of what is particular to each image.")


def _images(answer: Any, shape: tuple[int, ...]) -> torch.Tensor:
    """The answer as finite images of that shape, in [-1, 1]."""
    try:
        fake = torch.as_tensor(answer, dtype=torch.float32).detach()
    except (TypeError, ValueError, RuntimeError):
        raise Hint(f"{shown(answer)} is no tensor of images of shape {shape}.") from None
    if tuple(fake.shape) != shape:
        raise Hint(f"return images of shape {shape}; these have shape {tuple(fake.shape)}.")
    if not fake.isfinite().all():
        raise Hint("some of the pixels are not finite.")
    if fake.abs().max() > 1.001:
        raise Hint(f"pixels lie in [-1, 1]; the largest here is {float(fake.abs().max()):.3g}.")
    return fake


@check
def bound_of_laws(function: Any) -> None:
    """Exercise 3: gap minus two standard errors."""
    cases = [_values(seed) for seed in range(4)]
    answers = [call(function, *case) for case in cases]
    if all(answer is None for answer in answers):
        raise Unanswered
    if any(answer is None for answer in answers):
        raise Hint("it returns None for some values: every way through it needs its `return`.")
    told = np.array([_number(answer) for answer in answers])
    for ddof in (0, 1):
        for factor in (2, 1.96):
            if np.allclose(told, [_bound(*case, ddof, factor) for case in cases], rtol=1e-4):
                return
    for name, hint in SLIPS.items():
        for ddof in (0, 1):
            if np.allclose(told, [_slips(*case, ddof)[name] for case in cases], rtol=1e-4):
                raise Hint(hint)
    right = _bound(*cases[0], 1, 2)
    raise Hint(
        f"for one pair of arrays it is {right:.4f}, not {told[0]:.4f}. The variance of a mean of n "
        "values is their variance / n, and variances of independent means add."
    )


SLIPS = {
    "gap": "that is the gap alone. By chance it exceeds its mean in half of all cases.",
    "plus": "you added the errors: a lower bound lies below the gap.",
    "one": "that is one standard error. Two are asked for.",
    "spread": "that is the spread of the values. A mean of n values has an error of spread / √n.",
    "variance": "you subtracted variances. Take the root: errors are in the unit of the gap.",
    "sum": "standard errors of independent means add in squares, not as they are.",
    "sign": "the sign: the gap is mean f(real) - mean f(fake).",
    "error": "that is the error. Subtract it from the gap.",
}


def _values(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of a critic at real and fake images, with another spread and number each."""
    rng = np.random.default_rng(seed)
    return rng.normal(3 + seed, 2, 40), rng.normal(0, 0.7 + seed, 90)


def _error(real: np.ndarray, fake: np.ndarray, ddof: int) -> float:
    return float(np.sqrt(real.var(ddof=ddof) / len(real) + fake.var(ddof=ddof) / len(fake)))


def _bound(real: np.ndarray, fake: np.ndarray, ddof: int, factor: float) -> float:
    return float(real.mean() - fake.mean() - factor * _error(real, fake, ddof))


def _slips(real: np.ndarray, fake: np.ndarray, ddof: int) -> dict[str, float]:
    """What the typical mistakes give."""
    gap, error = real.mean() - fake.mean(), _error(real, fake, ddof)
    spread = [values.std(ddof=ddof) for values in (real, fake)]
    errors = [part / np.sqrt(len(z)) for part, z in zip(spread, (real, fake), strict=True)]
    return {
        "gap": gap,
        "plus": gap + 2 * error,
        "one": gap - error,
        "spread": gap - 2 * np.hypot(*spread),
        "variance": gap - 2 * error**2,
        "sum": gap - 2 * sum(errors),
        "sign": -gap - 2 * error,
        "error": 2 * error,
    }


def _number(answer: Any) -> float:
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().numpy()
    if np.size(answer) > 1:
        raise Hint(f"it returns an array of shape {np.shape(answer)}; return one number.")
    return number(answer)


COLUMNS = ("emd", "train_emd", "kid", "classes", "memorization")


@check
def what_tells_copies(answer: Any) -> None:
    """Exercise 4: memorization alone."""
    if isinstance(answer, str):
        answer = {answer}
    if not isinstance(answer, (set, frozenset, list, tuple)):
        raise Hint(f'{shown(answer)} is not a set of names; give one, such as {{"emd", "kid"}}.')
    names = {str(name).strip().lower() for name in answer}
    for name in sorted(names - set(COLUMNS)):
        raise Hint(f"there is no number {name!r}: choose from {', '.join(COLUMNS)}.")
    if names == {"memorization"}:
        return
    hints = {
        "emd": "copies of training images are a sample of real images: their EM to held-out ones "
        "is the floor, as that of a perfect generator.",
        "kid": "copies of training images look real to every network: their KID is 0, up to "
        "chance, as that of a perfect generator.",
        "classes": "copies of all training images show all classes.",
        "train_emd": "of 500 random training images hardly one is among 500 others out of 9,000. "
        "What is EM between two samples of one law?",
    }
    for name, hint in hints.items():
        if name in names:
            raise Hint(f"{name}: {hint}")
    raise Hint("one of the numbers does tell. Which of them looks at *all* training images?")
