"""How rows of the benchmark are shown: a group of columns a pair of laws, the published below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from wganlab.compare.published_rows import published
from wganlab.compare.tables import by_seeds, with_deviation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wganlab.compare.law_cells import BenchmarkRow
    from wganlab.exact.known import Pair

    Rows = Sequence[BenchmarkRow]

# (heading, attribute of a row)
MEANS = (
    ("gap/EM", "ratio"),
    ("error", "error"),
    ("cosine at P", "cosine_at_real"),
    ("L2^2 at P", "squared_l2_at_real"),
    ("cosine", "cosine"),
    ("slope", "slope"),
    ("proven L", "lipschitz"),
    ("lower", "lower"),
    ("upper", "upper"),
    ("steps", "steps"),
    ("seconds", "seconds"),
)
AT_REAL, ON_THE_WAY = "cosine at P", "cosine"
FEW = 3  # pairs, for which a bracket has room beside the others
MARKDOWN = "| laws | critic | seeds | EM |"  # how a table begins
BRACKET = (
    "lower, upper: a bracket of 95 % around W1 of the laws: by the critic's proven slope on new",
    "points (the lowest of its seeds), and by exact distances, whichever critic",
)
WHERE = "published (Korotin et al. 2022): with 4 funnels of their own, one seed"


def summary(rows: Rows) -> list[dict[str, Any]]:
    """One entry a pair and method: `pair`, `method`, `seeds`, `n`, `dim`, `population`, `notes`.

    Beside them, for every heading of `MEANS`, a pair (mean, standard deviation over the seeds), or
    None where there is no such number; of the lower sides of brackets the lowest.
    """
    groups: dict[tuple[str, str], list[BenchmarkRow]] = {}
    for row in rows:
        groups.setdefault((row.pair, row.method), []).append(row)
    return [_entry(group) for group in groups.values()]


def _entry(group: list[BenchmarkRow]) -> dict[str, Any]:
    first = group[0]
    entry: dict[str, Any] = {
        name: getattr(first, name) for name in ("pair", "method", "n", "dim", "population", "exact")
    }
    entry["seeds"] = len(group)
    entry["notes"] = by_seeds(group)
    for heading, attribute in MEANS:
        values = [getattr(row, attribute) for row in group]
        if None in values:
            entry[heading] = None
            continue
        if heading == "lower":  # the lowest holds as surely as each
            entry[heading] = min(values), 0.0
            continue
        array = np.array(values, dtype=float)
        spread = array.std(ddof=1) if len(array) > 1 and np.isfinite(array).all() else 0.0
        entry[heading] = float(array.mean()), float(spread)
    return entry


def plain(rows: Rows, laws: Mapping[str, Pair]) -> str:
    """For a terminal: columns a pair, gap / EM and a cosine, means over the seeds; and a bracket.

    Where there are more than three pairs the brackets stand in the table for a page alone.
    """
    entries = summary(rows)
    labels, place = _labels(laws), _place(entries)
    told = _published(laws, blank=2 * (len(laws) <= FEW)) if place == AT_REAL else {}
    sides = ("lower", "upper") if len(laws) <= FEW else ()
    lines = [["critic", *(head for _ in laws for head in ("gap/EM", "cos", *sides))]]
    for method in dict.fromkeys(entry["method"] for entry in entries):
        by_pair = {entry["pair"]: entry for entry in entries if entry["method"] == method}
        lines.append(
            [method, *(_mean(by_pair[n], h) for n in laws for h in ("gap/EM", place, *sides))]
        )
    lines += [[f"  {method}", *cells] for method, cells in told.items()]
    table = _aligned(lines, [labels[name] for name in laws], 2 + len(sides))
    if told:
        table.insert(len(table) - len(told), WHERE)
    head = _head(entries, laws, labels, place) + (list(BRACKET) if sides else [])
    return "\n".join([*head, "", *table, *_foot(entries, labels)])


def markdown(rows: Rows, laws: Mapping[str, Pair]) -> str:
    """One table of everything, for a page."""
    entries = summary(rows)
    heads = ["laws", "critic", "seeds", "EM", *(heading for heading, _ in MEANS)]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, law in laws.items():
        for entry in (entry for entry in entries if entry["pair"] == name):
            cells = [name, entry["method"], str(entry["seeds"]), _em(entry)]
            cells += [_cell(entry, heading) for heading, _ in MEANS]
            lines.append("| " + " | ".join(cells) + " |")
        for row in published(law):
            values = {
                "gap/EM": row.ratio,
                "cosine at P": row.cosine_at_real,
                "L2^2 at P": row.squared_l2_at_real,
            }
            cells = [f"{values[heading]:.3f}" if heading in values else "-" for heading, _ in MEANS]
            lines.append(
                "| " + " | ".join([name, f"published: {row.method}", "1", "-", *cells]) + " |"
            )
    notes = [f"{e['method']} on {e['pair']}, {note}" for e in entries for note in e["notes"]]
    if any(map(published, laws.values())):
        notes.append(WHERE)
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)]).rstrip() + "\n"


def _cell(entry: dict[str, Any], heading: str) -> str:
    """Mean and deviation; steps and seconds without."""
    spread = entry[heading]
    if heading in ("steps", "seconds") and spread is not None:
        return f"{spread[0]:.{1 if heading == 'seconds' else 0}f}"
    return with_deviation(spread)


def _place(entries: list[dict[str, Any]]) -> str:
    """Which cosine to show: at P where it is known of all, on the way of the mass elsewhere."""
    return ON_THE_WAY if any(entry[AT_REAL] is None for entry in entries) else AT_REAL


def _labels(laws: Mapping[str, Pair]) -> dict[str, str]:
    """Short names of the pairs: their dimensions, if these tell them apart."""
    dimensions = {name: f"D = {law.dim}" for name, law in laws.items()}
    if len(set(dimensions.values())) == len(laws):
        return dimensions
    return {name: f"({number})" for number, name in enumerate(laws, 1)}


def _published(laws: Mapping[str, Pair], blank: int) -> dict[str, list[str]]:
    """Cells of the published rows, by their methods; "-" for laws of which none are.

    After the two of each pair there are so many for what was not published.
    """
    told = {name: {row.method: row for row in published(law)} for name, law in laws.items()}
    methods = dict.fromkeys(method for found in told.values() for method in found)
    lines: dict[str, list[str]] = {}
    for method in methods:
        lines[method] = []
        for name in laws:
            row = told[name].get(method)
            values = (None, None) if row is None else (row.ratio, row.cosine_at_real)
            lines[method] += ["-" if value is None else f"{value:.3f}" for value in values]
            lines[method] += ["-"] * blank
    return lines


def _head(
    entries: list[dict[str, Any]], laws: Mapping[str, Pair], labels: dict[str, str], place: str
) -> list[str]:
    """What was done, and the truth of every pair."""
    first = entries[0]
    many = f"{first['seeds']} seed" + ("s" if first["seeds"] > 1 else "")
    where = "at points of P" if place == AT_REAL else "on the way of the mass"
    truths = {entry["pair"]: _em(entry) for entry in entries}
    return [
        f"trained on laws, judged on {first['n']:,} new points of their optimal coupling, {many}",
        "gap/EM: 1 is right, and no 1-Lipschitz critic has more",
        f"cos: mean cosine of its gradient with the true critic's, {where}",
        *(f"{labels[name]}: EM = {truths[name]} of {name}" for name in laws),
    ]


def _em(entry: dict[str, Any]) -> str:
    """Of the laws, or of the coupled points where that is not known."""
    known = entry["population"]
    return f"{entry['exact'] if known is None else known:.4g}"


def _foot(entries: list[dict[str, Any]], labels: dict[str, str]) -> list[str]:
    notes = [
        f"note: {entry['method']}, {labels[entry['pair']]}, {note}"
        for entry in entries
        for note in entry["notes"]
    ]
    return ["", *notes] if notes else []


def _mean(entry: dict[str, Any], heading: str) -> str:
    """Three decimals; of a bracket rounded outward."""
    spread = entry[heading]
    if spread is None or math.isnan(spread[0]):
        return "-"
    outward = {"lower": math.floor, "upper": math.ceil}.get(heading)
    return f"{outward(1000 * spread[0]) / 1000 if outward else spread[0]:.3f}"


def _aligned(lines: list[list[str]], labels: list[str], many: int) -> list[str]:
    """Flush left, then right in groups of so many, each under its label."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    wide = [sum(widths[k : k + many]) + many - 1 for k in range(1, len(widths), many)]
    table = [
        "".join([" " * widths[0], *(f"  {lb:^{w}}" for lb, w in zip(labels, wide, strict=True))])
    ]
    for line in lines:
        cells = [
            " " * (1 + (number % many == 1)) + cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        table.append("".join([line[0].ljust(widths[0]), *cells[1:]]))
    return [line.rstrip() for line in table]
