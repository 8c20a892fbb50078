"""The bridge: any critic beside the exact distance. The one package that needs both wings."""

from wganlab.compare.comparison import Comparison, critic_vs_exact

__all__ = ["Comparison", "critic_vs_exact"]
