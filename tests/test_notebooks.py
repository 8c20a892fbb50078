"""The course: twins are equal, every cell runs, and every lesson has the form it promises."""

import contextlib
import io
import re
import sys
import types
from pathlib import Path

import jupytext
import matplotlib.pyplot as plt
import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))

import build  # noqa: E402

LESSONS, SOLUTIONS = build.lessons(), build.solutions()
lesson = pytest.mark.parametrize("twin", LESSONS, ids=lambda twin: twin.stem)
solution = pytest.mark.parametrize("twin", SOLUTIONS, ids=lambda twin: twin.stem)
each = pytest.mark.parametrize(
    "twin", [*LESSONS, *SOLUTIONS], ids=lambda twin: f"{twin.parent.name}-{twin.stem}"
)


def committed(twin):
    return nbformat.read(twin.with_suffix(".ipynb"), as_version=4)


def outputs(notebook):
    return [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]


def printed(notebook):
    return [output.text for output in outputs(notebook) if output.output_type == "stream"]


def code(twin):
    return "\n".join(c.source for c in jupytext.read(twin).cells if c.cell_type == "code")


def prose(twin):
    return "\n".join(c.source for c in jupytext.read(twin).cells if c.cell_type == "markdown")


def exercises(twin):
    """The checks that a notebook calls, by name."""
    return re.findall(r"^check\.(\w+)\(", code(twin), flags=re.MULTILINE)


def test_every_lesson_has_its_notebook_and_its_solutions():
    names = [twin.stem for twin in LESSONS]
    assert [name[:2] for name in names] == [f"{number:02}" for number in range(13)]
    assert [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))] == names
    assert [twin.stem for twin in SOLUTIONS] == names
    assert [path.stem for path in sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))] == names


@each
def test_the_notebook_is_its_twin(twin):
    cells = [(cell.cell_type, cell.source) for cell in committed(twin).cells]
    assert cells == [(cell.cell_type, cell.source) for cell in jupytext.read(twin).cells]


@each
def test_the_committed_notebook_is_executed_clean_and_small(twin):
    assert twin.with_suffix(".ipynb").stat().st_size < 300_000
    notebook = committed(twin)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        assert cell.execution_count == number + 1
        assert len(cell.source.splitlines()) <= 15
    for output in outputs(notebook):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"  # no warnings
        assert build.WIDGET not in output.get("data", {})
        assert str(ROOT) not in str(output)
        assert str(Path.home()) not in str(output)


@pytest.fixture
def executed(monkeypatch):
    """Run a notebook's cells here, as a kernel does in its folder; what each prints."""
    monkeypatch.setattr(plt, "show", lambda: None)  # each is drawn below
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(twin):
        monkeypatch.chdir(twin.parent)
        monkeypatch.syspath_prepend(twin.parent)
        module = types.ModuleType("__lesson__")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        told = []
        for number, source in enumerate(sources(twin)):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(source, f"{twin.stem}, cell {number}", "exec"), vars(module))
                for figure in map(plt.figure, plt.get_fignums()):
                    figure.canvas.draw()
                plt.close("all")
            told += [out.getvalue()] if out.getvalue() else []
        return told

    with plt.rc_context():
        yield run
    plt.close("all")


def sources(twin):
    """The code of the cells, with small sizes."""
    for cell in jupytext.read(twin).cells:
        if cell.cell_type == "code":
            quick = cell.metadata.get("quick", {}).items()
            yield "\n".join([cell.source, *(f"{name} = {value!r}" for name, value in quick)])


@each
def test_every_cell_runs_and_prints_what_is_committed(twin, executed):
    told = executed(twin)
    if not any("quick" in cell.metadata for cell in jupytext.read(twin).cells):  # else it differs
        assert told == printed(committed(twin))


def test_a_notebook_is_built_by_a_kernel():
    twin = NOTEBOOKS / "solutions" / "01_four_distances.py"
    fresh, kept = build.executed(twin, quick=True), committed(twin)
    assert printed(fresh) == printed(kept)
    for made, cell in zip(fresh.cells, kept.cells, strict=True):
        assert made.get("execution_count") == cell.get("execution_count")
        assert [output.output_type for output in made.get("outputs", [])] == [
            output.output_type for output in cell.get("outputs", [])
        ]


@lesson
def test_a_lesson_has_its_parts(twin):
    text = prose(twin)
    parts = ["**You will learn**", "**You need**", "**Time.**", "## Exercises", "## Summary"]
    places = [text.index(part) for part in [*parts, "**References.**", "**Next.**"]]
    assert places == sorted(places)
    assert len(re.findall(r"^[123]\. ", text[places[0] : places[1]], flags=re.MULTILINE)) == 3
    assert len(re.findall(r"\*\*Predict", text)) >= 3
    assert len(set(exercises(twin))) >= 3
    assert re.search(r"^controls\.(slider|steps)\(", code(twin), flags=re.MULTILINE)
    assert "controls.static(" in code(twin)
    assert "assert " in code(twin)


@lesson
def test_an_untouched_lesson_gives_no_answers_away(twin):
    replies = [text for text in printed(committed(twin)) if text.startswith(("Right", "Hint"))]
    assert replies == []


@solution
def test_the_solutions_solve_every_exercise(twin):
    assert set(exercises(twin)) == set(exercises(NOTEBOOKS / twin.name))
    replies = "".join(printed(committed(twin)))
    assert replies.count("Right.\n") >= len(exercises(twin))
    assert "Hint: " not in replies
    assert "Not answered" not in replies


def test_the_glossary_names_what_there_is():
    import wganlab

    text = (NOTEBOOKS / "GLOSSARY.md").read_text()
    rows = [line.split("|")[1:-1] for line in text.split("\n") if line.startswith("| ")]
    terms = [row for row in rows if row[0].strip() != "term"]
    assert {len(row) for row in rows} == {7}
    assert len({row[0] for row in terms}) == len(terms) > 40
    for row in terms:
        assert all(row[column].strip() for column in (0, 3, 4, 5, 6)), row[0]
        for name in re.findall(r"`([\w.]+)`", row[2]):
            assert _exists(wganlab, name), name


def _exists(module, name):
    """Whether a dotted name leads somewhere, through attributes and fields without a default."""
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            return part in getattr(found, "__dataclass_fields__", {})
        found = getattr(found, part)
    return True
