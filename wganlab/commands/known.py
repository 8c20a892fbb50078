"""The command `known`: pairs of laws with distances in closed form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wganlab.commands.funnel_options import FunnelOptions
from wganlab.report import spinner

if TYPE_CHECKING:
    from wganlab.exact import known


@dataclass(frozen=True)
class Known:
    """Pairs of laws with distances in closed form: list them, or evaluate one.

    `known` lists them; `known NAME` evaluates one, with its parameters as options:
    `known parallel-lines --theta 0.5`, and `known NAME --help` shows them.
    """

    def run(self) -> None:
        """List the pairs at their default parameters."""
        print(f"{'name':<16}" + "".join(f"{column:>9}" for column in _COLUMNS) + "  laws")
        for name, kind in known_kinds().items():
            pair = kind()
            values = (getattr(pair, attribute) for attribute in _COLUMNS.values())
            shown = "".join(f"{'-':>9}" if v is None else f"{v:>9.4g}" for v in values)
            print(f"{name:<16}{shown}  {pair.law}")


# pairs whose options are others than their fields
OPTIONS: dict[str, Any] = {"Funnels": FunnelOptions}
_COLUMNS = {"EM": "emd", "TV": "tv", "JS": "js", "KL(P,Q)": "kl", "KL(Q,P)": "reverse_kl"}


def known_kinds() -> dict[str, Any]:
    """The pairs whose parameters are numbers, by the names of the command line."""
    from wganlab.exact import known

    kinds = (type(pair) for pair in known.all() if not isinstance(pair, known.Line))
    return {re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower(): kind for kind in kinds}


def evaluate(pair: known.Pair) -> None:
    """Print the distances of one pair."""
    with spinner("evaluating"):
        values = {column: getattr(pair, attribute) for column, attribute in _COLUMNS.items()}
    print(f"{pair!r}: {pair.law}, in dimension {pair.dim}")
    for column, value in values.items():
        print(f"{column:<9}{'no closed form' if value is None else format(value, '.12g')}")
