"""The documentation has every name there is, and no other; its links lead somewhere."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from matplotlib import pyplot as plt

import wganlab
from figures.catalog import FIGURES
from wganlab import learned
from wganlab.cli import _KINDS, main
from wganlab.data import EMBEDDED, SOURCES
from wganlab.learned.runs.config import CONSTRAINTS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))
house = importlib.import_module("house")
picture = importlib.import_module("picture")
sys.path.remove(str(DOCS))

TEXTS = {
    page: page.read_text(encoding="utf-8")
    for page in [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        ROOT / "benchmarks" / "README.md",
        *sorted(DOCS.glob("*.md")),
    ]
}
WINGS = ("exact", "exact.known", "data", "learned", "compare")


def rows(page, heading):
    """The cells of the table under a heading, as they are written."""
    part = re.split(rf"^#+ {heading}$", TEXTS[DOCS / page], flags=re.MULTILINE)[1]
    table = re.search(r"^\|.+\n\|-.+\n((?:\|.+\n?)+)", part, flags=re.MULTILINE)[1]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()]


def named(page, heading):
    """The names in backticks in the first cells of a table."""
    return [name for cells in rows(page, heading) for name in re.findall(r"`([^`]+)`", cells[0])]


def once_each(found, expected):
    assert sorted(found) == sorted(expected)


def test_the_tables_have_every_name_once():
    once_each(named("methods.md", "What keeps a critic"), learned.METHODS)
    once_each(named("methods.md", "Objectives"), learned.OBJECTIVES)
    once_each(named("methods.md", "Presets"), learned.PRESETS)
    once_each(named("images.md", "Image sets"), [*EMBEDDED, *SOURCES])
    once_each(named("command-line.md", "Command line"), _KINDS)


def test_the_tables_say_of_every_name_what_it_is():
    for name, how, _ in rows("methods.md", "What keeps a critic"):
        made = eval(how.strip("`"), vars(learned))
        assert learned.METHODS[re.findall(r"`(.+)`", name)[0]].constraint == made
        assert name.endswith("*") == (name.strip("`* ") not in CONSTRAINTS)  # of `train`
    for name, estimates, bound in rows("methods.md", "Objectives"):
        objective = learned.OBJECTIVES[name.strip("`")]
        assert estimates.startswith(objective.estimates)
        assert (bound == "a lower bound", bound == "there is none") == (
            objective.bound,
            not objective.has_critic,
        )
    for name, objective, kept in rows("methods.md", "Presets"):
        config = learned.PRESETS[name.strip("`")]
        assert objective == f"`{config.objective}`"
        assert kept.startswith(f"`{config.constraint}`")
        assert ("no critic" in kept) == config.critic_free
        if config.constraint == "clip":
            assert f", at {config.clip:g}".replace("0.", ".") in kept


def test_what_one_calls_is_there():
    for _, calls in rows("python.md", "Distances"):
        for name in re.findall(r"`(\w+)", calls):
            assert hasattr(wganlab.exact, name), name


def test_the_table_of_figures_has_every_figure_in_order():
    links = [
        re.fullmatch(r"\[(\w+)\]\((.+)\)", cells[0]).groups()
        for cells in rows("figures.md", "Figures")
    ]
    assert links == [(name, f"../figures/gallery/{name}.png") for name in FIGURES]


def test_readme_lists_every_lesson():
    lessons = re.findall(
        r"^\| \[(\d\d)\]\(notebooks/(\S+)\.ipynb\) \|", TEXTS[ROOT / "README.md"], re.M
    )
    assert [name for _, name in lessons] == sorted(
        p.stem for p in (ROOT / "notebooks").glob("*.ipynb")
    )
    assert all(name.startswith(number) for number, name in lessons)


def test_the_extras_are_those_of_the_project():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = re.search(r"\[project\.optional-dependencies\]\n(.+?)\n\n\[", project, re.DOTALL)[1]
    once_each(named("install.md", "Parts"), re.findall(r"^(\w+) = \[", extras, re.MULTILINE))


def slugs(text):
    """What the headings of a page are linked by, as code hosts and Sphinx make it."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(page):
    found = re.findall(r"\]\((?!\w+:)([^)#\s]*)(#[^)\s]*)?\)|src=\"([^\"]+)\"", TEXTS[page])
    for path, place, source in found:
        target = (page.parent / (path or source)).resolve() if path or source else page
        assert target.exists(), path or source
        if place:
            assert place[1:] in slugs(target.read_text(encoding="utf-8")), f"{path}{place}"


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_path_that_is_named_exists(page):
    for path in re.findall(
        r"`((?:wganlab|figures|notebooks|tests|docs)/[\w/.]*\w/?)`", TEXTS[page]
    ):
        if "out/" not in path and "_build" not in path and not re.search("NAME|NN|name", path):
            assert (ROOT / path).exists(), path


def test_the_house_is_drawn_as_it_stands():
    assert (DOCS / "house.svg").read_text(encoding="utf-8") == house.draw(), (
        "imports have changed: python docs/house.py draws docs/house.svg anew"
    )


def test_an_import_that_runs_upward_is_refused():
    house.check({("compare.board", "exact.transport"), ("cli", "commands.train")})
    for edge in [("exact.grid", "data.toys"), ("learned.batch", "exact"), ("data.toys", "learned")]:
        with pytest.raises(ValueError, match="does not stand on"):
            house.check({edge})


def test_rooms_stand_on_what_they_import():
    edges = house.imports()
    height = {room: k for k, floor in enumerate(house.floors(edges)) for room in floor}
    inner = {e for e in edges if all(name.startswith("learned.") for name in e)}
    for source, target in inner:
        assert height[house.room(source)] >= height[house.room(target)], (source, target)
    assert ("learned.constraints.penalties", "learned.constraints.constraint") in inner


@pytest.mark.slow
def test_readmes_picture_is_of_critics_beside_the_truth():
    arrays = picture.compute(n=40, seeds=1, steps=60)
    assert arrays["said"].shape == (len(picture.CRITICS), 1)
    lengths = np.linalg.norm(
        arrays["real"][arrays["pairs"][:, 0]] - arrays["fake"][arrays["pairs"][:, 1]], axis=1
    )
    assert lengths.mean() == pytest.approx(float(arrays["exact"]), rel=1e-6)
    said = dict(zip(picture.CRITICS, arrays["said"][:, 0], strict=True))
    assert said["clip"] < said["orthonormal"] < 1.001 * arrays["exact"] < said["none"]
    figure = picture.draw(arrays)
    shown = {text.get_text().strip() for axes in figure.axes for text in axes.texts}
    plt.close(figure)
    assert f"exactly {arrays['exact']:.2f}" in shown


def test_the_change_log_begins_with_this_version():
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", TEXTS[ROOT / "CHANGELOG.md"], re.MULTILINE)
    assert versions[0] == wganlab.__version__
    assert versions == sorted(versions, key=lambda v: [*map(int, v.split("."))], reverse=True)


def test_a_code_host_does_what_ci_does():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert {"push", "pull_request"} <= {*workflow[True]}  # YAML reads `on` as true
    assert workflow["jobs"]["run"]["steps"][-1] == {"run": ".ci/run"}
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    told = [hook["entry"].replace(" --force-exclude", "") for hook in hooks]
    makefile = (ROOT / "Makefile").read_text()
    checks = re.search(r"^check:.*\n((?:\t.+\n)+)", makefile, re.MULTILINE)[1]
    asked = [line.replace("\t$(PYTHON)", "python") for line in checks.splitlines()]
    assert [re.sub(r" --check| \.$", "", line) for line in asked] == [
        re.sub(" check$", " check", line) for line in told
    ]
    for form in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        assert yaml.safe_load(form.read_text())


@pytest.mark.slow
def test_the_pages_are_built_with_every_public_name(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    told = subprocess.run(
        [*command, "-d", str(tmp_path / "doctrees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    pages = {path.stem: path.read_text() for path in (tmp_path / "html").rglob("*.html")}
    for wing in WINGS:
        for name in importlib.import_module(f"wganlab.{wing}").__all__:
            page = pages["known" if name == "known" else wing.split(".")[-1]]
            assert f"wganlab.{wing}.{name}" in page or f">{name}</span>" in page, name
    for name in wganlab.__all__[1:]:
        assert f"wganlab.{name}" in pages[name]
    for name in FIGURES:
        assert f'src="_images/{name}.png"' in pages["figures"]
    for name in _KINDS:
        assert f"usage: wganlab {name} " in pages["command-line"]
    for page in pages.values():  # nothing is fetched from elsewhere
        assert not re.findall(r'<(?:script|img|link|iframe)[^>]+(?:src|href)="(?:https?:)?//', page)


def test_the_walk_passes_the_files_that_it_names(tmp_path, monkeypatch, capsys):
    walk = re.split(r"^## One walk$", TEXTS[DOCS / "architecture.md"], flags=re.MULTILINE)[1]
    named = re.findall(r"`(wganlab/[\w/]+\.py)`", walk.split("\n## ")[0])
    entered = set()

    def note(frame, event, _):
        if event == "call":
            entered.add(frame.f_code.co_filename)

    monkeypatch.chdir(tmp_path)
    command = "train --preset wgan-gp --data 8gaussians --iterations 1 --engine eager -n 50"
    sys.setprofile(note)
    try:
        assert main(command.split()) == 0
    finally:
        sys.setprofile(None)
    assert "exact EM" in capsys.readouterr().out
    data = {str(ROOT / "wganlab" / "learned" / "runs" / "presets.py")}  # which has no function
    assert len(named) >= 15
    assert {str(ROOT / path) for path in named} <= entered | data
