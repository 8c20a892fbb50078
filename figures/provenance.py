"""What a result was made of, as a digest: content decides whether it still stands, never a time.

Of this folder's scripts the top-level statements count that can be reached by name, from `compute`
or from `draw`; of the package whole modules, those whose names are used, in turn. Comments,
docstrings, layout and what is for type checkers alone do not count. Beside the code there are the
files and image sets that it names and the versions of the libraries that it imports.

Two things are relied on: to import a module changes nothing elsewhere, so that of a package counts
what is taken from it, not all that its `__init__` names; and a module is named by an import or in
full in a string. `tests/test_provenance.py` holds both against the code that runs.
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
ASSETS = (".html", ".mplstyle")  # files that a module names, beside image archives
# Libraries that numbers and pictures may depend on, as they are imported and as they are installed
LIBRARIES = {name: name for name in ("numpy", "scipy", "torch", "matplotlib")}
LIBRARIES |= {"ot": "POT", "PIL": "pillow"}
UNSEEN = {"figures.provenance"}  # how things are kept is no part of what is kept

Node = tuple[str, str | None]  # a module and a name in it, or None for all of it


@dataclass(frozen=True)
class Step:
    """What is known of one node: its own code, and where it leads."""

    text: str | None = None
    """None for a name that only stands for another."""
    files: frozenset[Path] = frozenset()
    library: str = ""
    onward: frozenset[Node] = frozenset()


class Tree:
    """The sources below a folder, as they are now: later edits are not seen.

    Of a table of sizes with an entry a profile, that of `profile` counts alone.
    """

    def __init__(self, root: Path = ROOT, profile: str = "") -> None:
        self.root, self.profile = root, profile
        paths = [path for part in OURS for path in (root / part).rglob("*.py")]
        self._texts = {_dotted(path.relative_to(root)): path.read_text("utf-8") for path in paths}
        self._modules: dict[str, _Module] = {}
        self._steps: dict[Node, Step] = {}
        self._files_seen: dict[Path, str] = {}
        others = list((root / "wganlab").rglob("*"))
        self.assets = {path.name: path for path in others if path.suffix in ASSETS}
        self.archives = {path.stem: path for path in others if path.suffix == ".npz"}

    def reached(self, *starts: Node) -> dict[Node, Step]:
        """From some names, as ("figures.wgan_fig1", "compute")."""
        found: dict[Node, Step] = {}
        waiting = list(starts)
        while waiting:
            node = waiting.pop()
            if node not in found and node[0] not in UNSEEN:
                found[node] = self._step(node)
                waiting += found[node].onward
        return found

    def digest(self, *starts: Node, told: Sequence[str] = ()) -> str:
        """Of all that is reached from some names, and of what else is told."""
        found = self.reached(*starts)
        files = set[Path]().union(*(step.files for step in found.values()))
        libraries = {step.library for step in found.values() if step.library}
        parts = [*told, *(f"{path.name} {self._of_file(path)}" for path in sorted(files))]
        parts += [f"{name} {_version(name)}" for name in sorted(libraries)]
        texts = {f"{name}:{part or ''}": step.text for (name, part), step in found.items()}
        parts += [f"{name}\n{text}" for name, text in sorted(texts.items()) if text is not None]
        whole = hashlib.sha256("".join(f"{len(part)} {part}" for part in parts).encode())
        return whole.hexdigest()[:16]

    def module(self, name: str) -> _Module | None:
        """One of ours, parsed; None if there is none of that name."""
        if name not in self._modules and name in self._texts:
            package = any(other.startswith(f"{name}.") for other in self._texts)
            self._modules[name] = _Module(name, self._texts[name], self.profile, package)
        return self._modules.get(name)

    def owner(self, name: str) -> str:
        """The figure whose `compute` a figure has: mostly its own, it may be another's."""
        module = self.module(f"figures.{name}")
        taken = module.imports.get("compute") if module else None
        return taken[0].removeprefix("figures.") if taken else name

    def _step(self, node: Node) -> Step:
        """One node, looked at once."""
        if node not in self._steps:
            self._steps[node] = self._look(*node)
        return self._steps[node]

    def _look(self, name: str, part: str | None) -> Step:
        """What a name leads to; of the package's modules, but lists of names, all counts."""
        module, top = self.module(name), name.partition(".")[0]
        if module is None:
            known = top if top in LIBRARIES else ""
            return Step(text="no such module" if top in OURS else None, library=known)
        if part is not None and part not in module.bound:
            if f"{name}.{part}" in self._texts:
                return Step(onward=frozenset({(f"{name}.{part}", None)}))
            if part in module.imports:
                return Step(onward=frozenset({module.imports[part]}))
        if part is not None and top != "figures":
            return Step(onward=frozenset({(name, None)}))
        statements = module.statements(part)
        onward = {*self._named(module, statements)}
        if part is None and module.package:
            onward |= {*module.imports.values()}
        return Step(
            text="\n".join(map(ast.unparse, statements)),
            files=frozenset(self._files(name, statements)),
            onward=frozenset(onward),
        )

    def _of_file(self, path: Path) -> str:
        """Of its bytes, read once."""
        if path not in self._files_seen:
            whole = hashlib.blake2b(digest_size=16)
            with path.open("rb") as file:
                while block := file.read(2**20):
                    whole.update(block)
            self._files_seen[path] = whole.hexdigest()
        return self._files_seen[path]

    def _named(self, module: _Module, statements: Sequence[ast.stmt]) -> Iterator[Node]:
        """What statements name: of this module, of others, and modules in strings."""
        for chain in module.chains(statements):
            first, *rest = chain
            if first in module.bound:
                yield module.name, first
            elif first in module.imports:
                name, attribute = module.imports[first]
                rest = rest if attribute is None else [attribute, *rest]
                while rest and f"{name}.{rest[0]}" in self._texts:
                    name, *rest = f"{name}.{rest[0]}", *rest[1:]
                yield name, rest[0] if rest else None
        for text in _strings(statements):
            there = self.module(text)
            if there is not None and not there.package:
                yield text, None

    def _files(self, name: str, statements: Sequence[ast.stmt]) -> Iterator[Path]:
        """Assets that are named; and, in scripts, image sets."""
        for text in _strings(statements):
            if text in self.assets:
                yield self.assets[text]
            elif name.startswith("figures."):
                yield from self._archive(text)

    def _archive(self, source: str) -> Iterator[Path]:
        """The file of an embedded image set, as of "mnist10k[3]"; nothing of other words."""
        name = source.partition("[")[0]
        for stem, path in self.archives.items():
            if stem.startswith(name) and re.fullmatch(r"\d*", stem[len(name) :]):
                yield path

    def of_source(self, source: str) -> str:
        """What an image set is made of: of files all bytes; of a set on the hub its name."""
        text = re.split(r":(?=\w+=)", source.partition(":")[2], maxsplit=1)[0]
        place = Path(text).expanduser()
        if text and not place.exists():
            place = place.with_name(place.name.partition("[")[0])  # without the class
        files = [place] if place.is_file() else sorted(place.rglob("*")) if text else []
        found = [path for path in [*files, *self._archive(source)] if path.is_file()]
        whole = "".join(f"{path.name} {self._of_file(path)} " for path in found)
        return hashlib.sha256(f"{source} {whole}".encode()).hexdigest()


class _Module:
    """A source without what does not count, and the names at its top."""

    def __init__(self, name: str, text: str, profile: str, package: bool) -> None:
        self.name, self.package = name, package
        tree = ast.parse(text)
        lazy = any(getattr(node, "name", "") == "__getattr__" for node in tree.body)
        cleaned = _Cleaned(profile if name.startswith("figures.") else "", typed=not lazy)
        self.body: list[ast.stmt] = cleaned.visit(tree).body
        self.bound: dict[str, list[ast.stmt]] = {}
        self.loose: list[ast.stmt] = []  # what binds no name
        for statement in self.body:
            names = set(_bound(statement))
            for each in names:
                self.bound.setdefault(each, []).append(statement)
            if not names and not isinstance(statement, ast.Import | ast.ImportFrom):
                self.loose.append(statement)
        self.imports: dict[str, Node] = {}
        for node in ast.walk(tree):  # those within functions too
            if isinstance(node, ast.Import):
                for alias in node.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.imports[alias.asname or whole] = whole, None
            elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = str(node.module), alias.name

    def statements(self, name: str | None) -> Sequence[ast.stmt]:
        """Those that make a name what it is; all of them for None."""
        return self.body if name is None else [*self.loose, *self.bound.get(name, [])]

    def chains(self, statements: Sequence[ast.stmt]) -> Iterator[list[str]]:
        """Every name that is read, with the attributes that are taken of it."""
        for statement in statements:
            waiting: list[Any] = [statement]
            while waiting:
                node = waiting.pop()
                rest: list[str] = []
                while isinstance(node, ast.Attribute):
                    rest.insert(0, node.attr)
                    node = node.value
                if isinstance(node, ast.Name):
                    yield [node.id, *rest]
                else:
                    waiting += ast.iter_child_nodes(node)


class _Cleaned(ast.NodeTransformer):
    """Leaves out what does not change what code does."""

    def __init__(self, profile: str, typed: bool) -> None:
        self.profile, self.typed = profile, typed

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Docstrings, of attributes too."""
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Imports for type checkers; a package that loads lazily tells by them what it has."""
        typing = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if typing and self.typed else self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """`__all__` and `__version__`."""
        dunder = isinstance(node.targets[0], ast.Name) and node.targets[0].id.startswith("__")
        return None if dunder else self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        """A table of sizes: the profile's own."""
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        if self.profile in keys and sorted(map(str, keys)) == sorted(PROFILES):
            place = keys.index(self.profile)
            node = ast.Dict([node.keys[place]], [node.values[place]])
        return self.generic_visit(node)


@lru_cache
def _version(library: str) -> str:
    """Of a library, without the name of its build."""
    try:
        return version(LIBRARIES[library]).partition("+")[0]
    except PackageNotFoundError:
        return "none"


def _dotted(path: Path) -> str:
    """The name of the module in a file."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a module binds, but by imports."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _strings(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


NOW = Tree()  # the sources as they are when a process begins, before it imports them
