"""What README and the pages of docs/ show is what happens."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from figures.catalog import FIGURES
from wganlab.cli import _KINDS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
README = TEXTS["README.md"]


def blocks(language):
    """Fenced blocks with the page that has them first."""
    found = {}
    for name, text in TEXTS.items():
        for block in re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL):
            found.setdefault(block, name)
    return found


COMMANDS = {
    tuple(part.split("\n", 1)): name
    for block, name in blocks("console").items()
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)
    if part.strip()
}


def timeless(text):
    """Without times and gaps, which differ from run to run."""
    text = re.sub(r"\d+\.\d+ s\b", "T s", text)
    return re.sub(r" \d?e[-+]\d\d ", " G ", re.sub(r"[ \t]+", " ", text)).strip()


def same(printed, shown):
    """Equal but for times; digits of trained critics may differ a little between machines."""
    if "estimate" not in shown:
        return timeless(printed) == timeless(shown)
    pairs = list(zip(printed.split("\n"), shown.split("\n"), strict=True))
    return all(
        ours == theirs or near(ours, theirs)
        for line, expected in pairs
        for ours, theirs in zip(line.split()[:-1], expected.split()[:-1], strict=True)
    )


def near(ours, theirs):
    ours, theirs = (text.rstrip("%").replace(",", "") for text in (ours, theirs))
    try:
        return float(ours) == pytest.approx(float(theirs), rel=0.3, abs=0.03)
    except ValueError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "page"), blocks("pycon").items(), ids=lambda text: text.split("\n")[0]
)
def test_the_python_examples_print_what_they_say(example, page):
    test = doctest.DocTestParser().get_doctest(example, {}, page, page, 0)
    result = doctest.DocTestRunner().run(test)
    assert result == doctest.TestResults(failed=0, attempted=example.count(">>> "))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "output"),
    [pair for pair in COMMANDS if pair[0].startswith("python ")],
    ids=lambda text: text.split("\n")[0],
)
def test_every_shown_command_prints_what_it_says(command, output, tmp_path):
    result = subprocess.run(
        command.replace("python ", f"{sys.executable} ", 1),
        shell=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert output.strip()
    assert same(result.stdout.rstrip(), output.rstrip())


def test_the_two_commands_come_first_with_their_output():
    shown = [pair for pair, page in COMMANDS.items() if page == "README.md"]
    assert shown[0][0] == "make figures"
    made = r"(\d+) made, (?:0 redrawn, )?0 up to date, 0 failed in [\d.]+ s "
    since = re.search(r"Added since\s+that call: ([^.]*)\.", README)
    added = re.findall(r"`(\w+)`", since[1]) if since else []
    assert set(added) <= set(FIGURES)
    assert int(re.match(made, shown[0][1])[1]) == len(FIGURES) - len(added)
    assert shown[1][0].startswith("python -m wganlab compare ")
    assert README.index("<img") < 400  # the picture is what one sees first
    assert README.count("\n") < 175


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_that_is_named_exists(page):
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:`|^\$ |^)make ([a-z-]+)", TEXTS[page], flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    for command in re.findall(r"python -m wganlab ([a-z]+)", TEXTS[page]):
        assert command in _KINDS
