"""Each wing loads only what it needs, and the wings stay apart."""

import ast
import graphlib
import importlib
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "wganlab"


def loaded_after(*steps):
    """Modules in sys.modules of a fresh interpreter after each of these steps."""
    script = "import sys\n" + "\n".join(f"{step}\nprint('>', *sys.modules)" for step in steps)
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return [set(line.split()) for line in result.stdout.splitlines() if line.startswith(">")]


LIGHT = {  # one after the other, what each step must not have loaded
    "import wganlab": {"numpy", "torch", "ot", "scipy", "matplotlib"},
    "import wganlab.cli": {"numpy", "torch", "ot", "scipy"},
    "import wganlab.data; wganlab.data.images": {"torch", "ot", "matplotlib"},
    "wganlab.exact.tv": {"torch", "ot", "matplotlib", "scipy.stats"},
    "wganlab.exact.emd([0, 1], [2, 3])": {"torch", "ot"},
    "wganlab.data.images('mnist10k')": {"torch", "ot", "matplotlib"},
    "from wganlab import plots": {"torch", "ot"},
}


@pytest.mark.slow
def test_imports_are_light():
    for (step, absent), modules in zip(LIGHT.items(), loaded_after(*LIGHT), strict=True):
        assert not absent & modules, step
    assert "wganlab.exact" in modules  # touching a wing loads it


@pytest.mark.slow
def test_learned_loads_neither_exact_nor_a_compiler_and_only_toys_load_torch():
    learned, toys = loaded_after("from wganlab import learned", "from wganlab.data import toy")
    assert not {"ot", "matplotlib", "wganlab.exact", "torch._dynamo"} & learned
    assert "torch" in toys
    (toys,) = loaded_after("import wganlab; wganlab.data.TOYS")
    assert "torch" in toys
    assert not {"ot", "matplotlib"} & toys


@pytest.mark.slow
def test_the_distance_command_loads_no_torch(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("0,1\n2,3\n")
    files = [str(tmp_path / f"{name}.csv") for name in "ab"]
    (modules,) = loaded_after(f"from wganlab.cli import main; main(['distance', *{files}])")
    assert "ot" in modules
    assert "torch" not in modules


def test_an_unknown_wing_is_an_attribute_error():
    import wganlab

    with pytest.raises(AttributeError, match="no attribute 'wings'"):
        wganlab.wings  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'wings'"):
        wganlab.data.wings  # noqa: B018


# what each room of the package may use of the others; an arrow never runs back up
ROOMS = {
    "exact": set(),
    "data": {"names", "writing"},
    "learned": {"data", "names", "writing"},
    "compare": {"exact", "data", "learned", "names", "writing"},
    "writing": set(),
    "names": set(),
    "plots": {"writing"},
    "player": {"names", "plots"},
    "report": {"exact", "names", "writing"},
    "scenes": {"compare", "plots", "player"},
    "pictures": {"compare", "data", "learned", "names", "plots", "player", "writing"},
    "commands": {
        *("exact", "data", "learned", "compare", "writing", "names"),
        *("plots", "player", "report", "scenes", "pictures"),
    },
    "cli": {"commands", "names", "writing"},
    "__main__": {"cli"},
}
FORBIDDEN = {"exact": {"torch"}, "compare": {"ot"}}


def name_of(file):
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(file):
    """Dotted names of all that a file imports: in functions and for type checkers too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: write imports from the top of the package"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


FILES = {name_of(file): file for file in PACKAGE.rglob("*.py")}
IMPORTED = {module: set(imported(file)) for module, file in FILES.items()}


def module_of(name):
    """The module that a dotted name is in: itself, or what defines it; None outside."""
    while name and name not in FILES:
        name = name.rpartition(".")[0]
    return name or None


GRAPH = {module: {module_of(name) for name in names} - {None} for module, names in IMPORTED.items()}


def room_of(module):
    return [*module.split("."), ""][1]


def test_the_graph_sees_functions_and_type_checking():
    assert "wganlab.compare" in GRAPH["wganlab.pictures"]  # in a function
    assert "wganlab.learned.runs.view" in GRAPH["wganlab.compare.truth_observers"]  # for types
    assert "wganlab" in GRAPH["wganlab.compare.board"]  # a name of the package itself
    assert module_of("wganlab.exact.known.Pair") == "wganlab.exact.known"
    assert module_of("torch.nn") is None
    assert len(GRAPH) > 100


def test_no_modules_import_each_other_in_a_circle():
    assert all(module not in names for module, names in GRAPH.items())
    try:
        graphlib.TopologicalSorter(GRAPH).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_file_is_in_a_known_room():
    assert {room_of(module) for module in FILES} == {*ROOMS, ""}


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_never_run_back_up(room):
    for module, names in GRAPH.items():
        if room_of(module) == room:
            used = {room_of(name) for name in names} - {room, ""}
            assert used <= ROOMS[room], module
            outside = {name.split(".")[0] for name in IMPORTED[module]}
            assert not outside & FORBIDDEN.get(room, set()), module


def public(module):
    return getattr(importlib.import_module(module), "__all__", ())


def test_no_name_hides_the_module_of_its_name():
    checked = 0
    for package in (name for name, file in FILES.items() if file.stem == "__init__"):
        for name in public(package):
            checked += 1
            if f"{package}.{name}" in FILES:
                value = getattr(importlib.import_module(package), name)
                assert isinstance(value, types.ModuleType), f"{package}.{name}"
    assert checked > 100


@pytest.mark.parametrize("name", ["wganlab", "wganlab.data"])
def test_what_loads_later_is_seen_at_once(name):
    package = importlib.import_module(name)
    assert set(dir(package)) == set(package.__all__)
    assert all(hasattr(package, each) for each in package.__all__)


@pytest.mark.parametrize("room", ["exact", "data", "compare"])
def test_help_tells_every_public_name(room):
    package = importlib.import_module(f"wganlab.{room}")
    told = re.findall(r"`([A-Za-z_0-9]+)", package.__doc__)
    assert set(package.__all__) <= set(told)
