"""The bridge: any critic beside the exact distance. The one package that needs both wings."""

from wganlab.compare.board import Scoreboard, scoreboard
from wganlab.compare.comparison import Comparison, critic_vs_exact
from wganlab.compare.estimates import Estimate, distance, estimate_vs_exact
from wganlab.compare.observers import observers, sampling_floor
from wganlab.compare.rows import Row

__all__ = [
    "Comparison",
    "Estimate",
    "Row",
    "Scoreboard",
    "critic_vs_exact",
    "distance",
    "estimate_vs_exact",
    "observers",
    "sampling_floor",
    "scoreboard",
]
