"""Lesson 2: the self-checks see right from wrong."""

import numpy as np
import pytest

WAYS = np.array([[4, 6, 9], [5, 3, 4]])
PLAN = np.array([[0.25, 0.25, 0.0], [0.0, 0.25, 0.25]])
A = [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]]
B = [0.3, 0.7, 0.6, 0.4]


@pytest.fixture
def check(course):
    from checks import linear_program

    return linear_program


def greedy(u, v):
    free, total = list(v), 0.0
    for start in u:
        nearest = min(free, key=lambda end: abs(start - end))
        free.remove(nearest)
        total += abs(start - nearest)
    return total / len(u)


def right(u, v):
    return np.abs(np.sort(u) - np.sort(v)).mean()


def in_place(u, v):
    u.sort()
    v.sort()
    return np.abs(u - v).mean()


def root_mean_square(u, v):
    return ((np.sort(u) - np.sort(v)) ** 2).mean() ** 0.5


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("two_by_two", (None, None), "Not answered yet"),
        ("two_by_two", (A, None), "Not answered yet"),
        ("two_by_two", (A, B), "Right"),
        ("two_by_two", (A[2:] + A[:2], B[2:] + B[:2]), "Right"),
        ("two_by_two", (A[:3], B[:3]), "one is redundant"),
        ("two_by_two", (np.transpose(A), B), "that is the transpose"),
        ("two_by_two", (np.array(A)[:, [0, 2, 1, 3]], B), "column after column"),
        ("two_by_two", ([A[0], A[1], A[2], A[2]], B), "the sum of column 2"),
        ("two_by_two", (np.eye(4), B), "the sum of row 1"),
        ("two_by_two", (np.multiply(A, 0.3), B), "its entries are 0 and 1"),
        ("two_by_two", (A, [0.6, 0.4, 0.3, 0.7]), "b does not belong to it"),
        ("two_by_two", (A[0], B), "give 4 by 4 numbers"),
        ("two_by_two", ("A", B), "is not a list of"),
        ("two_by_two", (A, 1), "give 4 numbers"),
        ("two_by_two", ([[1, 1], [1]], B), "is not a list of"),
        ("proving_prices", (None, None), "Not answered yet"),
        ("proving_prices", ([0, -3], None), "Not answered yet"),
        ("proving_prices", ([0, -3], [4, 6, 7]), "Right"),
        ("proving_prices", ([10, 7], [-6, -4, -3]), "Right"),
        ("proving_prices", ([0, 0], [0, 0, 0]), "worth 0"),
        ("proving_prices", ([0, 0], [4, 3, 4]), "It uses the way 1-2"),
        ("proving_prices", ([0, 0], [4, 6, 4]), "f_2 + g_2 = 6 is more"),
        ("proving_prices", ([0, 0, 0], [4, 6]), "give 2 numbers"),
        ("proving_prices", ([0, np.inf], [4, 6, 4]), "not finite"),
        ("line_function", (None,), "Not answered yet"),
        ("line_function", (lambda u, v: None,), "Not answered yet"),
        ("line_function", (right,), "Right"),
        ("line_function", (lambda u, v: float(right(u, v)),), "Right"),
        ("line_function", (in_place,), "Right"),
        (
            "line_function",
            (lambda u, v: np.abs(np.sort(u) - np.sort(v)[::-1]).mean(),),
            "it gives 5, and it is 1.667",
        ),
        ("line_function", (lambda u, v: greedy(u, v),), "it gives 2.333"),
        ("line_function", (lambda u, v: np.abs(u - v).mean(),), "Sort both first"),
        ("line_function", (lambda u, v: right(u, v) * len(u),), "take the mean"),
        ("line_function", (lambda u, v: abs(u.mean() - v.mean()),), "difference of the means"),
        ("line_function", (lambda u, v: u.mean() - v.mean(),), "a way to the left"),
        ("line_function", (root_mean_square,), "that is W2"),
        ("line_function", (lambda u, v: root_mean_square(u, v) ** 2,), "the square of W2"),
        ("line_function", (lambda u, v: 1.0,), "it gives 1, and it is 1.667"),
        ("line_function", (lambda u, v: np.abs(np.sort(u) - np.sort(v)),), "array of shape (1,)"),
        ("line_function", (lambda u, v: right(u, v) if len(u) > 1 else None,), "for some samples"),
        ("line_function", (lambda u, v: print(right(u, v)),), "returns nothing"),
        ("line_function", (lambda u, v: "far",), "is not a number"),
        ("line_function", (lambda u, v: u[9],), "it stops with IndexError"),
        ("line_function", (3,), "is not a function"),
        ("greedy_fails", (None, None, greedy), "Not answered yet"),
        ("greedy_fails", ([0, 1], None, greedy), "Not answered yet"),
        ("greedy_fails", ([0, 1], [1, -1.1], greedy), "Right"),
        ("greedy_fails", ([0, 1], [1, -2], greedy), "Right"),
        ("greedy_fails", ([0, 1], [5, 2], greedy), "there greedy is optimal"),
        ("greedy_fails", ([0, 1], [0, 1], greedy), "there greedy is optimal"),
        ("greedy_fails", ([0, 1], [1.5, -1.6], greedy), "1.95 times"),
        ("greedy_fails", ([0], [1, 2], greedy), "give 2 numbers"),
        ("greedy_fails", ([0, 1], [1, 1e300], greedy), "below a billion"),
        ("greedy_fails", ({0, 1}, [1, -2], greedy), "a set has no order"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    context = (WAYS, PLAN) if name == "proving_prices" else ()
    getattr(check, name)(*answer, *context)
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1
