"""What a result was made of, as a digest: content decides whether it still stands, never a time.

Of this folder's scripts the top-level statements count that can be reached by name, from `compute`
or from `draw`; of the package whole modules, those whose names are used, in turn. Comments,
docstrings, layout and what is for type checkers alone do not count. Beside the code there are the
files and image sets that it names and the versions of the libraries that it imports.

Two things are relied on: to import a module changes nothing elsewhere, so that of a package counts
what is taken from it, not all that its `__init__` names; and a module is named by an import, or in
full by a string. `tests/test_figure_arrays.py` holds both against the code that runs.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from figures.catalog import PROFILES

ROOT = Path(__file__).resolve().parent.parent
OURS = ("figures", "wganlab")
UNSEEN = "figures.provenance"  # how digests are made is no part of what they are of
# files that a module beside them may name, as figures name records; image archives go by their sets
ASSETS = (".html", ".mplstyle")
ARCHIVES = {"faces": "pixelfaces"}  # of sets whose file has another name
# What numbers and pictures may depend on: as it is imported, and as it is installed.
LIBRARIES = {name: name for name in ("numpy", "scipy", "torch", "matplotlib")}
LIBRARIES |= {"ot": "POT", "PIL": "pillow"}

Node = tuple[str, str | None]  # a module and a name in it, or None for all of it


@dataclass(frozen=True)
class Step:
    """What is known of one node: its own code, and where it leads."""

    code: str | None = None
    """A digest; None for a name that only stands for another."""
    files: frozenset[Path] = frozenset()
    library: str = ""
    onward: frozenset[Node] = frozenset()


class Tree:
    """The sources below a folder, as they are now: later edits are not seen.

    Of a table with an entry for every profile, as of sizes, that of `profile` counts alone. Few
    have one for `long`.
    """

    def __init__(self, root: Path = ROOT, profile: str = "") -> None:
        self.profile = profile
        paths = [path for part in OURS for path in (root / part).rglob("*.py")]
        self._texts = {_dotted(path.relative_to(root)): path.read_text("utf-8") for path in paths}
        others = list((root / "wganlab").rglob("*"))
        assets = [path for path in others if path.suffix in ASSETS]
        self._assets = {
            (_dotted(path.parent.relative_to(root)), path.name): path for path in assets
        }
        for path in (root / "figures" / "records").glob("*"):
            self._assets["figures", f"records/{path.name}"] = path
        self._archives = {path.stem: path for path in others if path.parent.name == "archives"}
        self._steps: dict[Node, Step] = {}
        self._bytes: dict[Path, str] = {}

    def digest(self, *starts: Node, told: Sequence[str] = ()) -> str:
        """Of all that is reached from some names, and of what else is told."""
        found = self.reached(*starts)
        files = frozenset[Path]().union(*(step.files for step in found.values()))
        libraries = {step.library for step in found.values() if step.library}
        parts = [*told, *(f"{path.name} {self._of_file(path)}" for path in sorted(files))]
        parts += [f"{name} {_version(name)}" for name in sorted(libraries)]
        parts += sorted(f"{node} {step.code}" for node, step in found.items() if step.code)
        return _hashed("".join(f"{len(part)} {part}" for part in parts))[:16]

    def reached(self, *starts: Node) -> dict[Node, Step]:
        """From some names, as ("figures.wgan_fig1", "compute")."""
        found: dict[Node, Step] = {}
        waiting = list(starts)
        while waiting:
            node = waiting.pop()
            if node not in found and node[0] != UNSEEN:
                if node not in self._steps:
                    self._steps[node] = self._step(*node)
                found[node] = self._steps[node]
                waiting += found[node].onward
        return found

    def owner(self, figure: str) -> str:
        """The figure whose `compute` a figure has: mostly its own, it may be another's."""
        module = self.module(f"figures.{figure}")
        taken = module.imports.get("compute") if module else None
        return taken[0].removeprefix("figures.") if taken else figure

    def of_source(self, source: str) -> str:
        """What an image set is made of: of files all bytes; of a set on the hub its name."""
        text = re.split(r":(?=\w+=)", source.partition(":")[2], maxsplit=1)[0]
        place = Path(text).expanduser()
        if text and not place.exists():
            place = place.with_name(place.name.partition("[")[0])  # without the class
        files = [place] if place.is_file() else sorted(place.rglob("*")) if text else []
        found = [path for path in [*files, *self._archive(source)] if path.is_file()]
        return _hashed(source + "".join(f" {path.name} {self._of_file(path)}" for path in found))

    def module(self, name: str) -> Module | None:
        """One of ours, parsed; None if there is none of that name."""
        if name not in self._texts:
            return None
        package = any(other.startswith(f"{name}.") for other in self._texts)
        profile = self.profile if name.startswith("figures.") else ""
        return _parsed(self._texts[name], package, profile)

    def _step(self, name: str, part: str | None) -> Step:
        """What a name leads to; of the package's modules, but lists of names, all counts."""
        module, top = self.module(name), name.partition(".")[0]
        if module is None:
            missing = _hashed("there is no such module") if top in OURS else None
            return Step(missing, library=top if top in LIBRARIES else "")
        if part is not None and part not in module.bound:
            if f"{name}.{part}" in self._texts:
                return Step(onward=frozenset({(f"{name}.{part}", None)}))
            if part in module.imports:
                return Step(onward=frozenset({module.imports[part]}))
        if part is not None and top != "figures":
            return Step(onward=frozenset({(name, None)}))
        code, chains, strings = module.read(part)
        onward = {self._meant(name, module, chain) for chain in chains}
        onward |= {(text, None) for text in strings if self._is_file(text)}
        if part is None and module.package:
            onward |= {*module.imports.values()}
        place = name.rpartition(".")[0]
        files = {self._assets[place, text] for text in strings if (place, text) in self._assets}
        if top == "figures":
            files |= {path for text in strings for path in self._archive(text)}
        return Step(code, frozenset(files), onward=frozenset(onward - {(name, None)}))

    def _meant(self, name: str, module: Module, chain: Sequence[str]) -> Node:
        """What a name with attributes is, as (exact, emd); itself, if it is of no module."""
        first, *rest = chain
        if first in module.bound:
            return name, first
        if first not in module.imports:
            return name, None
        name, attribute = module.imports[first]
        rest = rest if attribute is None else [attribute, *rest]
        while rest and f"{name}.{rest[0]}" in self._texts:
            name, *rest = f"{name}.{rest[0]}", *rest[1:]
        return name, rest[0] if rest else None

    def _is_file(self, name: str) -> bool:
        """Is it a module of ours that is no package?"""
        module = self.module(name)
        return module is not None and not module.package

    def _archive(self, source: str) -> Iterator[Path]:
        """The file of an embedded set, as of "mnist10k[3]", or text; nothing of other words."""
        name = re.split(r"[\[:]", source.removeprefix("text:"))[0]
        name = ARCHIVES.get(name, name)
        for stem, path in self._archives.items():
            if stem.startswith(name) and re.fullmatch(r"\d*", stem[len(name) :]):
                yield path

    def _of_file(self, path: Path) -> str:
        """Of its bytes, read once."""
        if path not in self._bytes:
            whole = hashlib.sha256()
            with path.open("rb") as file:
                while block := file.read(2**20):
                    whole.update(block)
            self._bytes[path] = whole.hexdigest()
        return self._bytes[path]


class Module:
    """A source without what does not count, and the names at its top."""

    def __init__(self, text: str, package: bool, profile: str) -> None:
        self.package = package
        tree = ast.parse(text)
        lazy = any(getattr(node, "name", "") == "__getattr__" for node in tree.body)
        tree = _Cleaned(profile, typed=not lazy).visit(tree)
        self.body: list[ast.stmt] = tree.body
        self.bound: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, Node] = {}
        self._loose: list[ast.stmt] = []  # what binds no name
        self._read: dict[str | None, tuple[str, list[list[str]], list[str]]] = {}
        for statement in self.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                continue
            names = set(_bound(statement))
            for name in names:
                self.bound.setdefault(name, []).append(statement)
            if not names:
                self._loose.append(statement)
        for node in ast.walk(tree):  # imports within functions too
            if isinstance(node, ast.Import):
                for alias in node.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.imports[alias.asname or whole] = whole, None
            elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = str(node.module), alias.name

    def read(self, name: str | None) -> tuple[str, list[list[str]], list[str]]:
        """The statements that make a name what it is, None for all of them.

        A digest; every name that they read, with the attributes that are taken of it; strings.
        """
        if name not in self._read:
            some = self.body if name is None else [*self._loose, *self.bound.get(name, [])]
            chains: list[list[str]] = []
            strings: list[str] = []
            waiting: list[Any] = list(some)
            while waiting:
                node = waiting.pop()
                rest: list[str] = []
                while isinstance(node, ast.Attribute):
                    rest.insert(0, node.attr)
                    node = node.value
                if isinstance(node, ast.Name):
                    chains.append([node.id, *rest])
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    strings.append(node.value)
                else:
                    waiting += ast.iter_child_nodes(node)
            self._read[name] = _hashed("\n".join(map(ast.unparse, some))), chains, strings
        return self._read[name]


class _Cleaned(ast.NodeTransformer):
    """Leaves out what does not change what code does."""

    def __init__(self, profile: str, typed: bool) -> None:
        self.profile, self.typed = profile, typed

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Docstrings, of attributes too."""
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Imports for type checkers; but a package that loads lazily tells by them what it has."""
        typing = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if typing and self.typed else self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """`__all__` and `__version__`."""
        dunder = isinstance(node.targets[0], ast.Name) and node.targets[0].id.startswith("__")
        return None if dunder else self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        """A table with an entry a profile: the one that is asked for."""
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        given = set(map(str, keys)) | {"long"}
        if self.profile in keys and given == set(PROFILES):
            place = keys.index(self.profile)
            node = ast.Dict([node.keys[place]], [node.values[place]])
        return self.generic_visit(node)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a module binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _dotted(path: Path) -> str:
    """The name of the module in a file."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@lru_cache(maxsize=1000)
def _parsed(text: str, package: bool, profile: str) -> Module:
    return Module(text, package, profile)


@lru_cache
def _version(library: str) -> str:
    """Of a library, without the name of its build."""
    try:
        return version(LIBRARIES[library]).partition("+")[0]
    except PackageNotFoundError:
        return "none"


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


NOW = Tree()  # the sources as they are when a process begins, before it imports them
