"""The attributes of the faces that a run ends with: a table, printed and kept as attributes.csv."""

from __future__ import annotations

import csv
from dataclasses import asdict
from typing import TYPE_CHECKING

from wganlab.report import aligned

if TYPE_CHECKING:
    from pathlib import Path

    from wganlab.compare.attributes import FaceAttributes

FILE = "attributes.csv"
SEEN = 1000  # generated faces that are read


def tell(folder: Path) -> str:
    """The table of a run, "" where its images have no attributes."""
    from wganlab.compare.attributes import attributes_for
    from wganlab.learned import RunFolder

    if attributes_for(RunFolder(folder).located().law()) is None:
        return ""
    found = of_run(folder)
    _write(folder, found)
    return table(found, str(folder))


def of_run(folder: Path) -> FaceAttributes:
    """What is true of 1,000 faces of its generator."""
    import torch

    from wganlab.compare import face_attributes
    from wganlab.learned import load_run

    run = load_run(folder, device="cpu")
    return face_attributes(run.sample(SEEN, torch.Generator().manual_seed(run.config.seed + 1)))


def table(found: FaceAttributes, name: str) -> str:
    """An attribute a line, and what is true of all of them together."""
    n = len(found.reading)
    lines = [["attribute", "values found", "TV from the law", "floor", "commonest", "law"]]
    for row in found.table:
        numbers = [f"{row.found} of {row.values}", f"{row.tv:.3f}", f"{row.floor:.3f}"]
        lines.append(
            [row.attribute, *numbers, f"{row.share:.1%} {row.commonest}", f"{row.law:.1%}"]
        )
    pair, most = found.most_dependent
    tied = f"most of {pair}: {most:.3f}" if pair else "of no two beyond chance"
    return (
        f"{n:,} faces of {name}, read as the nearest faces that there are:\n{aligned(lines)}\n"
        f"valid (within a tenth of the range of a face): {found.valid:.1%}; median deviation "
        f"{found.deviation:.3f} of the range\n"
        f"values found: {found.found} of {found.all}; dependence of two attributes: "
        f"{found.dependence:.4f} nats on average (0 in the law), {tied}"
    )


def _write(folder: Path, found: FaceAttributes) -> None:
    from wganlab.learned.runs.keeping import whole

    rows = [asdict(row) for row in found.table]
    with whole(folder / FILE) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
