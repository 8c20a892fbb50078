"""What README shows is what happens."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from figures.catalog import FIGURES
from wganlab.cli import _KINDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    tuple(part.split("\n", 1)) for block in BLOCKS for part in block.split("$ ") if part.strip()
]


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


EXAMPLES = re.findall(r"```pycon\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split("\n")[0])
def test_the_python_examples_print_what_they_say(example):
    test = doctest.DocTestParser().get_doctest(example, {}, "README", "README.md", 0)
    result = doctest.DocTestRunner().run(test)
    assert result == doctest.TestResults(failed=0, attempted=example.count(">>> "))


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
    assert same(result.stdout.rstrip(), output.rstrip())
    assert output.strip()


def test_the_two_commands_come_first_with_their_output():
    assert [command for command, _ in COMMANDS[:2]] == ["make figures", "make test"]
    lines = COMMANDS[0][1].splitlines()
    assert {line.split()[0] for line in lines[:-1]} == set(FIGURES)
    assert lines[-1].startswith(f"{len(FIGURES)} made, 0 up to date, 0 failed in ")
    assert README.index("<img") < README.index("$ make figures") < 1500


def test_every_command_named_in_readme_exists():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:`|\$ )make ([a-z]+)", README):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    for command in re.findall(r"python -m wganlab (\w+)", README):
        assert command in _KINDS


def test_every_figure_and_lesson_has_its_row():
    for name in FIGURES:
        assert f"| [{name}](figures/gallery/{name}.png) | " in README
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"(notebooks/{notebook.name})" in README


def test_every_linked_file_is_there():
    for link in re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"", README):
        assert (ROOT / "".join(link)).is_file(), link
