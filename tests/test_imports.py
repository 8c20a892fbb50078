"""Each wing loads only what it needs, and the wings stay apart."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "wganlab"


def loaded_after(code):
    """Modules in sys.modules of a fresh interpreter after running `code`."""
    script = f"{code}\nimport sys; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import wganlab", {"numpy", "torch", "ot", "scipy", "matplotlib"}),
        ("from wganlab import exact", {"torch", "ot", "matplotlib", "scipy.stats"}),
        ("from wganlab import exact; exact.emd([0, 1], [2, 3])", {"torch", "ot"}),
        ("from wganlab import data; data.images('mnist10k')", {"torch", "ot", "matplotlib"}),
        ("from wganlab import plots", {"torch", "ot"}),
        ("from wganlab import learned", {"ot", "matplotlib", "wganlab.exact", "torch._dynamo"}),
        ("import wganlab.cli", {"numpy", "torch", "ot", "scipy"}),
    ],
)
def test_imports_are_light(code, absent):
    assert not absent & loaded_after(code)


def test_the_distance_command_loads_no_torch(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("0,1\n2,3\n")
    code = f"from wganlab.cli import main; main(['distance', {str(tmp_path / 'a.csv')!r}, "
    modules = loaded_after(f"{code}{str(tmp_path / 'b.csv')!r}])")
    assert "ot" in modules
    assert "torch" not in modules


def test_touching_a_wing_loads_it():
    assert "wganlab.exact" in loaded_after("import wganlab; wganlab.exact.emd([0], [1])")


def test_only_the_toys_load_torch():
    assert "torch" not in loaded_after("import wganlab.data; wganlab.data.images")
    for code in ("from wganlab.data import toy", "import wganlab; wganlab.data.TOYS"):
        modules = loaded_after(code)
        assert "torch" in modules
        assert not {"ot", "matplotlib"} & modules


def test_an_unknown_wing_is_an_attribute_error():
    import wganlab

    with pytest.raises(AttributeError, match="no attribute 'wings'"):
        wganlab.wings  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'wings'"):
        wganlab.data.wings  # noqa: B018


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("exact", ("torch", "wganlab.data", "wganlab.learned", "wganlab.plots", "wganlab.cli")),
        ("data", ("wganlab.exact", "wganlab.learned", "wganlab.plots", "wganlab.cli")),
        ("learned", ("wganlab.exact", "wganlab.compare", "wganlab.plots", "wganlab.cli")),
        ("compare", ("ot", "wganlab.plots", "wganlab.cli", "wganlab.commands")),
    ],
)
def test_arrows_never_run_back_up(room, forbidden):
    files = list((PACKAGE / room).rglob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                assert not any(name == f or name.startswith(f + ".") for f in forbidden), file
