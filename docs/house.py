"""Draw docs/house.svg from what the modules import: every room stands on those that it uses.

Where a wing stands is written in `WINGS`; which room of `learned/` stands on which is computed, and
`check` refuses an import that runs upward. What is imported for annotations alone does not count.

    python docs/house.py            # writes docs/house.svg
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = Path(__file__).with_suffix(".svg")
SHOWN = {"pictures", "player", "plots", "report", "scenes"}
GROUND = {"names", "writing"}  # what any room may use, and is not drawn
TOLD = {
    "commands": "how it is asked for",
    "shown": "how it is shown",
    "compare": "the bridge: any critic beside the exact distance",
    "exact": "what is true",
    "learned": "what a network estimates",
    "data": "what is compared",
}
# what each may import; nothing may import upward, and the two wings nothing of each other
WINGS: dict[str, set[str]] = {
    "data": set(),
    "exact": set(),
    "learned": {"data"},
    "compare": {"data", "exact", "learned"},
    "shown": {"data", "exact", "learned", "compare"},
    "commands": {"data", "exact", "learned", "compare", "shown"},
}
FILLS = {"exact": "#fff", "data": "#e3eef6", "learned": "#e2f3ec", "compare": "#fdf0e6"}
WIDTH, MARGIN, LINE, LEFT = 960, 10, 16, 250  # LEFT: width of the wing exact/


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of the package: `learned.runs.loop` and its file."""
    found = {}
    for path in sorted((root / "wganlab").rglob("*.py")):
        name = ".".join(path.relative_to(root / "wganlab").with_suffix("").parts)
        found[name.removesuffix("__init__").removesuffix(".")] = path
    return found


def imports(root: Path = ROOT) -> set[tuple[str, str]]:
    """Which module imports which, at its start or when it is called."""
    known = modules(root)
    return {
        (name, target)
        for name, path in known.items()
        for target in _named(ast.parse(path.read_text(encoding="utf-8")), known)
        if target != name
    }


def _named(node: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.If) and "TYPE_CHECKING" in ast.unparse(part.test):
            continue
        names = []
        if isinstance(part, ast.Import):
            names = [alias.name for alias in part.names]
        elif isinstance(part, ast.ImportFrom):
            whole = [f"{part.module}.{alias.name}" for alias in part.names]
            names = [n if _within(n) in known else str(part.module) for n in whole]
        yield from (_within(name) for name in names if _within(name) in known)
        yield from _named(part, known)


def _within(name: str) -> str:
    """A module's name below `wganlab`; no module's where it is of another package."""
    return name.removeprefix("wganlab").removeprefix(".") if name.startswith("wganlab") else "-"


def wing(module: str) -> str:
    """The wing that a module belongs to; "" for the package itself, and its ground."""
    first = module.split(".")[0]
    if first in GROUND:
        return ""
    if first in ("cli", "__main__"):
        return "commands"
    return "shown" if first in SHOWN else first


def room(module: str) -> str:
    """The room of `learned/` that a module is in: a folder, or the module itself."""
    return module.split(".")[1] if "." in module else ""


def check(edges: set[tuple[str, str]]) -> None:
    """ValueError where a module imports what it must not."""
    for source, target in sorted(edges):
        above, below = wing(source), wing(target)
        if above and below and above != below and below not in WINGS[above]:
            raise ValueError(f"{source} imports {target}: {above} does not stand on {below}")


def floors(edges: set[tuple[str, str]], root: Path = ROOT) -> list[list[str]]:
    """The rooms of `learned/`, lowest first: each above all that it imports.

    Rooms that import each other share a floor.
    """
    rooms = {room(name) for name in modules(root) if name.startswith("learned.")}
    uses = {name: set[str]() for name in rooms}
    for source, target in edges:
        if source.startswith("learned.") and target.startswith("learned."):
            uses[room(source)].add(room(target))
    for _ in rooms:  # transitive
        uses = {name: part.union(*(uses[other] for other in part)) for name, part in uses.items()}
    placed: list[list[str]] = []
    left = set(rooms)
    while left:
        done = rooms - left
        next_ = {n for n in left if all(n in uses[m] for m in uses[n] - done - {n})}
        placed.append(sorted(next_))
        left -= next_
    return placed


def draw(root: Path = ROOT) -> str:
    """The house as SVG."""
    edges = imports(root)
    check(edges)
    names = list(modules(root))
    parts: list[str] = []
    inside: list[str] = []
    storeys = floors(edges, root)
    y = MARGIN
    for k in ("commands", "shown", "compare"):
        y += _box(parts, k, _listed(names, k), MARGIN, y, WIDTH - 2 * MARGIN) + MARGIN
    right, across = LEFT + 2 * MARGIN, WIDTH - LEFT - 3 * MARGIN
    top = y
    y += 30
    for storey in reversed(storeys):
        y += _storey(inside, storey, names, right + MARGIN, y, across - 2 * MARGIN) + 6
    _frame(parts, "learned", right, top, across, y - top + 2)
    parts += inside
    y += MARGIN
    y += _box(parts, "data", _listed(names, "data"), right, y, across)
    y = top + _box(parts, "exact", _listed(names, "exact"), MARGIN, top, LEFT, y - top)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + MARGIN}" '
        f'font-family="DejaVu Sans, Verdana, sans-serif" font-size="12" role="img">'
        "<title>The house: every room stands on those that it imports</title>"
        f'<rect width="{WIDTH}" height="{y + MARGIN}" rx="8" fill="#fafafa"/>'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _listed(names: list[str], which: str) -> dict[str, list[str]]:
    """The modules of a wing, folders with what is in them."""
    told: dict[str, list[str]] = {}
    for name in names:
        if wing(name) == which and name not in (which, "__main__"):
            path = name.removeprefix(f"{which}.").split(".")
            told.setdefault(path[0], []).extend(path[1:])
    return told


def _storey(parts: list[str], rooms: list[str], names: list[str], x: int, y: int, w: int) -> int:
    """A floor of `learned/`, its rooms side by side; returns its height."""
    inside = {
        name: ", ".join(n.split(".")[2] for n in names if n.startswith(f"learned.{name}."))
        for name in rooms
    }
    shares = {name: 2 if text else 1 for name, text in inside.items()}
    each = (w - 6 * (len(rooms) - 1)) // sum(shares.values())
    lines = {n: textwrap.wrap(text, each * shares[n] // 7) for n, text in inside.items() if text}
    height = 24 + LINE * max(map(len, lines.values()), default=0)
    for name, share in shares.items():
        _rectangle(parts, x, y, each * share, height, "#fff")
        _text(parts, x + 8, y + 16, f"{name}/" if name in lines else name, bold=True)
        for i, line in enumerate(lines.get(name, [])):
            _text(parts, x + 8, y + 32 + LINE * i, line)
        x += each * share + 6
    return height


def _box(
    parts: list[str], name: str, told: dict[str, list[str]], x: int, y: int, w: int, high: int = 0
) -> int:
    """A wing with the names of its modules, one a line if its height is given; its height."""
    rows = [f"{k}/ ({', '.join(v)})" if v else k for k, v in told.items()]
    rows = rows if high else [", ".join(rows)]
    lines = [line for row in rows for line in textwrap.wrap(row, (w - 20) // 7)]
    height = max(high, 34 + LINE * len(lines))
    _frame(parts, name, x, y, w, height)
    for i, line in enumerate(lines):
        _text(parts, x + 10, y + 38 + LINE * i, line)
    return height


def _frame(parts: list[str], name: str, x: int, y: int, w: int, h: int) -> None:
    _rectangle(parts, x, y, w, h, FILLS.get(name, "#f0f0f0"))
    sign = "" if name == "shown" else "/"
    parts.append(
        f'<text x="{x + 10}" y="{y + 19}" font-size="14"><tspan font-weight="bold">{name}{sign}'
        f'</tspan><tspan dx="10" font-size="12" fill="#555">{escape(TOLD[name])}</tspan></text>'
    )


def _rectangle(parts: list[str], x: int, y: int, w: int, h: int, fill: str) -> None:
    parts.append(
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="4" fill="{fill}" stroke="#777"/>'
    )


def _text(parts: list[str], x: int, y: int, text: str, *, bold: bool = False) -> None:
    weight = ' font-weight="bold"' if bold else ""
    parts.append(f'<text x="{x}" y="{y}"{weight}>{escape(text)}</text>')


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
