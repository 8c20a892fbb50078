"""The bridge: any critic beside the exact distance. The one package that needs both wings."""

from wganlab.compare.comparison import Comparison, critic_vs_exact
from wganlab.compare.scoreboard import Row, Scoreboard, scoreboard

__all__ = ["Comparison", "Row", "Scoreboard", "critic_vs_exact", "scoreboard"]
