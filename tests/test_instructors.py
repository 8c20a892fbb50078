"""The page for teachers: its tables add up, and their times are those of lessons and exercises."""

import re
from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
TEXT = (NOTEBOOKS / "INSTRUCTORS.md").read_text()
SHEET = (NOTEBOOKS / "EXERCISES.md").read_text()
TWINS = {twin.stem[:2]: twin for twin in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))}
PLANS = ["Ninety minutes", "One day", *(f"Week {week}" for week in range(1, 7))]


def table(title):
    """The cells of the first table under a heading, without its head."""
    under = re.split(rf"^#+ {re.escape(title)}\n", TEXT, flags=re.MULTILINE)[1]
    lines = re.search(r"(?:^\|.*\n)+", under, flags=re.MULTILINE).group().splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


OVERVIEW = {row[0]: row[1:] for row in table("What there is")}
READING = {lesson: int(row[0]) for lesson, row in OVERVIEW.items()}


def shares(title):
    """Minutes that a plan gives to parts of lessons: lesson, minutes, of all its minutes."""
    for row in table(title):
        start, *rest = row if ":" in row[0] else ["", *row]
        for lesson, given, whole in re.findall(r"[Ll]esson (\d+) \((\d+) of (\d+)\)", rest[1]):
            assert given == rest[0], (title, start, lesson)
            yield f"{int(lesson):02}", int(given), int(whole)


def test_the_overview_has_the_times_and_the_exercises_of_every_lesson():
    assert OVERVIEW.keys() == TWINS.keys()
    for lesson, twin in TWINS.items():
        cells = [cell.source for cell in jupytext.read(twin).cells if cell.cell_type == "markdown"]
        prose = " ".join(" ".join(cells).split())
        reading = re.search(r"\*\*Time\.\*\* .*?(\d+) minutes", prose)[1]
        exercises = re.findall(r"\*\*\d\.\*\* ", prose.split("## Exercises")[1].split("## ")[0])
        paper = re.findall(
            rf"^### {int(lesson)}\.\d+ · .+\n\n\*(\d+) points, \w+, (\d+) ", SHEET, re.M
        )
        points, minutes = (sum(int(exercise[k]) for exercise in paper) for k in (0, 1))
        expected = [reading, *map(str, (len(exercises), len(paper), minutes, points))]
        assert [OVERVIEW[lesson][0], *OVERVIEW[lesson][2:]] == expected, lesson


@pytest.mark.parametrize("title", PLANS)
def test_a_plan_gives_no_lesson_more_than_it_takes(title):
    used = dict.fromkeys(READING, 0)
    for lesson, given, whole in shares(title):
        assert whole == READING[lesson]
        used[lesson] += given
    assert all(minutes <= READING[lesson] for lesson, minutes in used.items())
    assert any(used.values())


def test_a_class_takes_ninety_minutes_and_the_day_runs_by_the_clock():
    for title in set(PLANS) - {"One day"}:
        assert sum(int(row[0]) for row in table(title)) == 90, title
    clock = 9 * 60
    for start, minutes, *_ in table("One day"):
        assert start == f"{clock // 60}:{clock % 60:02}"
        clock += int(minutes)


def test_six_weeks_add_up():
    seen = []
    for week, lessons, total, in_class, left, sheet, home in table("Six weeks"):
        named, used = lessons.split(", "), list(shares(f"Week {week}"))
        seen += named
        assert [lesson for lesson, *_ in used] == named
        paper = sum(int(OVERVIEW[lesson][4]) for lesson in named)
        whole, given = sum(READING[lesson] for lesson in named), sum(share[1] for share in used)
        expected = [whole, given, whole - given, paper, whole - given + paper]
        assert [int(cell) for cell in (total, in_class, left, sheet, home)] == expected, week
    assert seen == list(OVERVIEW)


def test_the_mark_is_out_of_100():
    assert sum(int(row[1]) for row in table("Grading")) == 100
