"""Tables in .parquet files, which pyarrow reads."""

from __future__ import annotations

from typing import Any

import numpy as np

from wganlab.data.columns import Table, rounded


def table(file: Any) -> Table:
    """The columns of numbers of a .parquet file, a path or open; of others a note.

    Raises
    ------
    ModuleNotFoundError
        If pyarrow is not installed.
    ValueError
        If there are no numbers, or some are missing.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            '.parquet files need pyarrow: pip install "wganlab[parquet]"'
        ) from None
    try:
        whole = parquet.ParquetFile(file).read()
    except (arrow.ArrowException, OSError) as error:
        told = " ".join(str(error).split())
        raise ValueError(f"the file is damaged or no .parquet file ({told})") from error
    names = list(map(str, whole.column_names))
    kept: list[int] = []
    columns, notes = [], []
    faults: dict[int, str] = {}
    for place, (name, column) in enumerate(zip(names, whole.columns, strict=True)):
        kind = arrow.types
        if not (kind.is_integer(column.type) or kind.is_floating(column.type)):
            notes.append(f"its column {name} holds {column.type}, no numbers, and was left out")
            continue
        numbers = np.asarray(column.to_numpy(), np.float64)
        if not np.isfinite(numbers).all():
            row = int(np.flatnonzero(~np.isfinite(numbers))[0])
            raise ValueError(f"column {name} has no finite number in row {row}: fill or remove it")
        if kind.is_integer(column.type) and (told := rounded(column.to_numpy(), numbers)):
            faults[place] = f"column {name}: {told}"
        kept.append(place)
        columns.append(numbers)
    if not kept or not len(whole):
        raise ValueError("there are no numbers in it: expected one point a row")
    return Table(names, kept, np.stack(columns, axis=1), notes, faults)
