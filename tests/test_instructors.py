"""The page for teachers: its plans add up, and what it names is there."""

import re
from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
ROOT = NOTEBOOKS.parent
TEXT = (NOTEBOOKS / "INSTRUCTORS.md").read_text()
SHEET = (NOTEBOOKS / "EXERCISES.md").read_text()
README = (ROOT / "README.md").read_text()
GALLERY = ROOT / "figures" / "gallery"

LESSONS = [f"{number:02}" for number in range(13)]
TWINS = {twin.stem[:2]: twin for twin in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))}
PARTS = ("Aim", "Time", "Project", "Misunderstandings", "Ask", "On paper", "Grading")

SECTIONS = {
    part[:2]: " ".join(part.split())
    for part in re.split(r"^### (?=\d\d · )", TEXT, flags=re.MULTILINE)[1:]
}


def under(title, level="##"):
    """What stands under a heading, to the next one of its level or a higher one."""
    upto = "#{1," + str(len(level)) + "} "
    pattern = rf"^{level} {re.escape(title)}\n(.*?)(?=^{upto}|\Z)"
    return re.search(pattern, TEXT, flags=re.MULTILINE | re.DOTALL).group(1)


def rows(text):
    """The cells of the first table, without its head."""
    lines = re.search(r"(?:^\|.*\n)+", text, flags=re.MULTILINE).group().splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def part(lesson, name):
    """What a lesson's section says under this name."""
    pattern = rf"\*\*{name}\.\*\* (.*?)(?= \*\*(?:{'|'.join(PARTS)})\.\*\* |$)"
    return re.search(pattern, SECTIONS[lesson]).group(1)


OVERVIEW = {row[0]: row[1:] for row in rows(under("What there is"))}
READING = {lesson: int(row[0]) for lesson, row in OVERVIEW.items()}
ON_PAPER = {lesson: int(row[4]) for lesson, row in OVERVIEW.items()}


# The overview ----------------------------------------------------------------------------------


def test_the_overview_has_every_lesson():
    assert list(OVERVIEW) == LESSONS == list(SECTIONS)


@pytest.mark.parametrize("lesson", TWINS)
def test_times_and_exercises_are_those_of_the_lesson(lesson):
    cells = jupytext.read(TWINS[lesson]).cells
    prose = " ".join(" ".join(c.source for c in cells if c.cell_type == "markdown").split())
    code = "\n".join(c.source for c in cells if c.cell_type == "code")
    told = re.search(r"\*\*Time\.\*\* (?:Reading and exercises about|About) (\d+) minutes", prose)
    assert READING[lesson] == int(told.group(1))
    exercises = re.findall(
        r"\*\*(\d)\.\*\* ", prose.split("## Exercises")[1].split("## Summary")[0]
    )
    assert int(OVERVIEW[lesson][2]) == len(exercises)
    assert len(set(re.findall(r"^check\.(\w+)\(", code, flags=re.MULTILINE))) >= len(exercises)
    row = re.search(rf"^\| \[{lesson}\]\(notebooks/.+\) \| .+ \| ([\d.]+) \|$", README, flags=re.M)
    assert OVERVIEW[lesson][1] == row.group(1)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_overview_counts_the_sheet(lesson):
    found = re.findall(rf"^### {int(lesson)}\.\d+ · .+\n\n\*(\d+) points, \w+, (\d+) ", SHEET, re.M)
    count, minutes, points = (int(cell) for cell in OVERVIEW[lesson][3:])
    assert count == len(found)
    assert minutes == sum(int(pair[1]) for pair in found)
    assert points == sum(int(pair[0]) for pair in found)


# The plans -------------------------------------------------------------------------------------

CLASSES = ["Ninety minutes", *(f"Week {week}" for week in range(1, 7))]


def plan(title):
    """The rows of a plan, and the text around it."""
    text = under(title, "###" if title.startswith("Week") else "##")
    return rows(text), " ".join(text.split())


def shares(table):
    """Minutes that a plan gives to parts of lessons: lesson, minutes, of all its minutes."""
    for row in table:
        block = next(cell for cell in row if not re.fullmatch(r"[\d:]+", cell))
        for lesson, given, whole in re.findall(r"[Ll]esson (\d+) \((\d+) of (\d+)\)", block):
            minutes = int(row[1] if ":" in row[0] else row[0])
            yield f"{int(lesson):02}", int(given), int(whole), minutes


@pytest.mark.parametrize("title", [*CLASSES, "One day"])
def test_a_plan_gives_no_lesson_more_than_it_takes(title):
    table, _ = plan(title)
    used = {}
    for lesson, given, whole, minutes in shares(table):
        assert given == minutes
        assert whole == READING[lesson]
        used[lesson] = used.get(lesson, 0) + given
    assert used
    assert all(minutes <= READING[lesson] for lesson, minutes in used.items())


@pytest.mark.parametrize("title", CLASSES)
def test_a_class_takes_ninety_minutes(title):
    table, text = plan(title)
    assert sum(int(row[0]) for row in table) == 90
    assert "Total: 90 minutes." in text
    assert all(len(row) == 4 and all(row) for row in table)


def test_the_day_is_as_long_as_it_says():
    table, text = plan("One day")
    clock, breaks = 9 * 60, 0
    for start, minutes, block, teacher, students in table:
        assert start == f"{clock // 60}:{clock % 60:02}"
        clock += int(minutes)
        if block in ("Break", "Lunch"):
            breaks += int(minutes)
        else:
            assert teacher
            assert students
    told = re.search(
        r"Total: (\d+) minutes, from 9:00 to ([\d:]+), of which (\d+) are breaks", text
    )
    assert told.groups() == (str(clock - 540), f"{clock // 60}:{clock % 60:02}", str(breaks))


def test_the_ninety_minutes_can_be_run_as_fast_as_they_say():
    table, text = plan("Ninety minutes")
    lessons = {lesson for lesson, *_ in shares(table)}
    assert "Run lessons 1, 3, 5 and 6 before class" in text
    assert lessons == {"01", "03", "05", "06"}
    assert sum(float(OVERVIEW[lesson][1]) for lesson in lessons) < 2


def test_six_weeks_add_up():
    table, text = plan("Six weeks")
    whole, seen = 0, []
    for week, lessons, total, in_class, left, sheet, home in table:
        named = lessons.split(", ")
        seen += named
        used = list(shares(plan(f"Week {week}")[0]))
        assert [lesson for lesson, *_ in used] == named
        assert int(in_class) == sum(given for _, given, *_ in used)
        assert int(total) == sum(READING[lesson] for lesson in named)
        assert int(left) == int(total) - int(in_class)
        assert int(sheet) == sum(ON_PAPER[lesson] for lesson in named)
        assert int(home) == int(left) + int(sheet)
        whole += int(home)
    assert seen == LESSONS
    assert f"Total: {90 * len(table)} minutes of class and {whole} minutes at home" in text


def test_the_mark_is_out_of_100():
    table = rows(under("Grading"))
    assert sum(int(row[1]) for row in table) == 100
    assert "the 100 points of the sheet, times 0.3" in table[2][2]
    assert "the 20 points of the rubric in lesson 12, times 1.5" in table[3][2]
    assert [table[2][1], table[3][1]] == ["30", "30"]


# Lesson by lesson ------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_section_has_its_parts(lesson):
    section = SECTIONS[lesson]
    places = [section.index(f"**{name}.** ") for name in PARTS]
    assert places == sorted(places)
    assert len(re.findall(r'- "', part(lesson, "Misunderstandings"))) >= 3
    asked = re.findall(r"- \*[^*]+\?\* \S", part(lesson, "Ask"))
    assert len(asked) == 3
    minutes, running = re.match(
        r"(\d+) minutes to read, ([\d.]+) to run\.", part(lesson, "Time")
    ).groups()
    assert (minutes, running) == (str(READING[lesson]), OVERVIEW[lesson][1])
    assert re.search(r"\.\./figures/gallery/\w+\.png", part(lesson, "Project"))


@pytest.mark.parametrize("lesson", TWINS)
def test_a_section_has_the_title_of_its_lesson(lesson):
    title = re.search(r"^# # \d+ · (.+)$", TWINS[lesson].read_text(), flags=re.MULTILINE).group(1)
    named = re.match(r"\d\d · \[(.+?)\]\((.+?)\)", SECTIONS[lesson]).groups()
    assert title.split(":")[0] == named[0]
    assert named[1] == f"{TWINS[lesson].stem}.ipynb"


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_exercise_of_the_sheet_belongs_to_its_lesson(lesson):
    number = int(lesson)
    there = re.findall(rf"^### ({number}\.\d+) · ", SHEET, flags=re.MULTILINE)
    told = part(lesson, "On paper")
    named = list(dict.fromkeys(re.findall(rf"\b{number}\.\d+\b", told)))
    assert named == there
    assert there or told == "None."


def test_every_exercise_named_anywhere_exists():
    there = set(re.findall(r"^### (\d+\.\d+) · ", SHEET, flags=re.MULTILINE))
    flat = " ".join(TEXT.split())
    for start in re.findall(r"[Ss]heet (\d+\.\d+(?:(?: \(\w\))?(?:, | and | or )\d+\.\d+)*)", flat):
        for number in re.findall(r"\d+\.\d+", start):
            assert number in there, number
    for number, letter in re.findall(r"(\d+\.\d+) \((\w)\)", flat):
        exercise = SHEET.split(f"### {number} · ")[1].split("\n### ")[0]
        assert f"\n({letter}) " in exercise, (number, letter)


# Links, files, commands ------------------------------------------------------------------------


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_links_lead_somewhere():
    headings = {anchor(line) for line in re.findall(r"^#+ (.+)$", TEXT, flags=re.MULTILINE)}
    for link in re.findall(r"\]\(([^)]+)\)", TEXT):
        if link.startswith("#"):
            assert link[1:] in headings, link
        else:
            assert (NOTEBOOKS / link).is_file(), link


def test_pictures_have_the_names_of_their_files():
    named = re.findall(r"\[(\w+)\]\(\.\./figures/gallery/(\w+)\.png\)", TEXT)
    assert len(set(named)) > 20
    for shown, file in named:
        assert shown == file
        assert (GALLERY / f"{file}.png").is_file()


def test_commands_exist():
    from wganlab.cli import _KINDS

    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make (\w+)", TEXT):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    for command in re.findall(r"python -m wganlab (\w+)", TEXT):
        assert command in _KINDS
    for name in re.findall(r"`(controls\.py|checks|solutions)`", TEXT):
        assert (NOTEBOOKS / name).exists()


def test_readme_says_where_the_sheet_and_this_page_are():
    course = README.split("\n## Course\n")[1].split("\n## ")[0]
    assert "(notebooks/EXERCISES.md)" in course
    assert "(notebooks/INSTRUCTORS.md)" in course
