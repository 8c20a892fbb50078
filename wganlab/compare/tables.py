"""How comparisons are shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wganlab.compare.comparison import Comparison


def lines(told: Comparison) -> str:
    """A comparison, one line a number."""
    rows: list[tuple[str, float | int | None, str]] = [
        ("exact EM", told.exact, "of the two clouds"),
        ("population EM", told.population, "of the laws"),
        ("critic gap", told.critic_gap, "WRONG SIGN" if told.wrong_sign else "raw"),
        ("slope", told.slope, "largest gradient norm seen"),
        ("Lipschitz", told.lipschitz, "proven" if math.isfinite(told.lipschitz) else "no proof"),
        ("gap / slope", told.gap_over_slope, ""),
        ("certificate", told.certificate, "a lower bound of exact EM"),
        ("corrected", told.corrected, "exact law" if told.corrected_exactly else "heuristic"),
        ("cosine", told.cosine, "with the exact critic's gradient"),
        ("steps", told.steps, ""),
        ("seconds", told.seconds, ""),
    ]
    return "\n".join(
        f"{name:<14}{value:>12.6g}  {remark}".rstrip()
        for name, value, remark in rows
        if value is not None
    )
