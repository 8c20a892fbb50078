"""How rows of a scoreboard are shown: a table of means over seeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.compare.rows import BoardRow


# (heading, attribute of a row, divided by the exact EM of the same clouds?)
MEANS = (
    ("estimate/EM", "estimate", True),
    ("gap", "critic_gap", False),
    ("slope", "slope", False),
    ("(gap/slope)/EM", "gap_over_slope", True),
    ("proven L", "lipschitz", False),
    ("certificate/EM", "certificate", True),
    ("corrected/EM", "corrected", True),
    ("cosine", "cosine", False),
    ("cosine at P", "cosine_at_real", False),
    ("L2^2 at P", "squared_l2_at_real", False),
    ("steps", "steps", False),
    ("seconds", "seconds", False),
)
AT_REAL = ("cosine at P", "L2^2 at P")  # shown where the critic of the laws is known


def summary(rows: Sequence[BoardRow]) -> list[dict[str, Any]]:
    """One entry a pair and method: what is equal in all seeds, means, and deviations.

    An entry holds `pair`, `method`, `seeds`, `n`, `m`, `dim`, `population`, `EM`, `notes`, `law`
    (is the correction exact?), and for every heading of `MEANS` a pair (mean, standard deviation),
    or None where there is no such number.
    """
    groups: dict[tuple[str, str], list[BoardRow]] = {}
    for row in rows:
        groups.setdefault((row.pair, row.method), []).append(row)
    return [_entry(group) for group in groups.values()]


def by_seeds(group: Sequence[Any]) -> list[str]:
    """The notes of rows with different seeds, each once, with the seeds that it is about."""
    seeds: dict[str, list[str]] = {}
    for row in group:
        if row.note:
            seeds.setdefault(row.note, []).append(str(row.seed))
    return [f"seed{'s' * (len(s) > 1)} {', '.join(s)}: {note}" for note, s in seeds.items()]


def _entry(group: list[BoardRow]) -> dict[str, Any]:
    first = group[0]
    exact = np.array([row.exact for row in group])
    entry: dict[str, Any] = {
        "pair": first.pair,
        "method": first.method,
        "seeds": len(group),
        "n": first.n,
        "m": first.m,
        "dim": first.dim,
        "population": first.population,
        "EM": _spread(exact),
        "notes": by_seeds(group),
    }
    for heading, attribute, relative in MEANS:
        values = [getattr(row, attribute) for row in group]
        if any(value is None for value in values):
            entry[heading] = None
            continue
        array = np.array(values, dtype=float)
        if relative:
            array = np.divide(array, exact, out=np.full_like(array, np.nan), where=exact > 0)
        entry[heading] = _spread(array)
    entry["law"] = all(row.corrected_exactly for row in group)
    return entry


def _spread(values: np.ndarray) -> tuple[float, float]:
    if not np.isfinite(values).all():
        return float(values.mean()), 0.0
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0


def plain(entries: list[dict[str, Any]]) -> str:
    """A table a pair, for a terminal."""
    blocks = []
    for pair in dict.fromkeys(entry["pair"] for entry in entries):
        chosen = [entry for entry in entries if entry["pair"] == pair]
        heads = [name for name in _headings(chosen) if name != "L2^2 at P"]  # too wide for it
        cells = [["method", *heads]]
        cells += [[entry["method"], *_cells(entry, heads, deviations=False)] for entry in chosen]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        table = [
            "  ".join(
                cell.ljust(width) if number == 0 else cell.rjust(width)
                for number, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in cells
        ]
        blocks.append("\n".join([*_head(chosen[0]), "", *table, *_foot(chosen)]))
    return "\n\n".join(blocks)


MARKDOWN = "| pair | method | seeds | exact EM |"  # how a table begins


def markdown(entries: list[dict[str, Any]]) -> str:
    """One table of everything, for a page."""
    means = _headings(entries)
    heads = ["pair", "method", "seeds", "exact EM", *means]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for entry in entries:
        cells = [entry["pair"], entry["method"], str(entry["seeds"]), with_deviation(entry["EM"])]
        lines.append("| " + " | ".join([*cells, *_cells(entry, means, deviations=True)]) + " |")
    notes = [f"{e['method']} on {e['pair']}, {note}" for e in entries for note in e["notes"]]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)]).rstrip() + "\n"


def _head(entry: dict[str, Any]) -> list[str]:
    many = f"{entry['seeds']} seed" + ("s" if entry["seeds"] > 1 else "")
    known = entry["population"]
    told = "" if known is None else f", of the laws {known:.6g}"
    points = f"{entry['n']:,} real and {entry['m']:,} fake points"
    return [
        f"{entry['pair']}: {points} in dimension {entry['dim']}, {many}",
        f"exact EM of the clouds {with_deviation(entry['EM'])}{told}",
    ]


def _foot(entries: list[dict[str, Any]]) -> list[str]:
    notes = [f"note: {entry['method']}, {note}" for entry in entries for note in entry["notes"]]
    corrected = [entry for entry in entries if entry["corrected/EM"] is not None]
    if corrected:
        kind = "exact here" if all(e["law"] for e in corrected) else "a heuristic here"
        notes.append(f"note: corrected takes the gradient penalty's bias out of the gap, {kind}")
    return ["", *notes] if notes else []


def _headings(entries: list[dict[str, Any]]) -> list[str]:
    """Of `MEANS`, those for which there is something to show."""
    unknown = [name for name in AT_REAL if all(entry[name] is None for entry in entries)]
    return [heading for heading, _, _ in MEANS if heading not in unknown]


def _cells(entry: dict[str, Any], headings: list[str], *, deviations: bool) -> list[str]:
    """What stands under them; the deviation of the estimate always, of the rest if asked."""
    cells = []
    for heading, attribute, _ in MEANS:
        if heading not in headings:
            continue
        spread = entry[heading]
        if attribute in ("steps", "seconds"):
            places = 1 if attribute == "seconds" else 0
            cells.append("-" if spread is None else f"{spread[0]:.{places}f}")
        elif spread is None or deviations or attribute == "estimate":
            cells.append(with_deviation(spread))
        else:
            cells.append(with_deviation((spread[0], 0.0)))
    return cells


def with_deviation(spread: tuple[float, float] | None) -> str:
    """Mean and deviation: three decimals, or three digits of a mean that is small or large."""
    if spread is None or math.isnan(spread[0]):
        return "-"
    mean, deviation = spread
    if math.isinf(mean):
        return "inf"
    if 0 < abs(mean) < 0.05 or abs(mean) >= 1e5:
        return f"{mean:.1e} ± {deviation:.0e}" if deviation else f"{mean:.1e}"
    places = 3 if abs(mean) < 100 else 1
    return f"{mean:.{places}f} ± {deviation:.{places}f}" if deviation else f"{mean:.{places}f}"
