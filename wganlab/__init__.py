"""wganlab: a lab for Wasserstein GANs on laws whose truth is known.

Each part loads when it is first touched:

- `wganlab.exact`: what is true. EM, TV, KL, JS by linear program or closed form (no torch).
- `wganlab.data`: what is compared. Toy laws, image sets, points from files.
- `wganlab.learned`: what a network estimates. Critics, their constraints, algorithm 1.
- `wganlab.compare`: the bridge. Any critic beside the exact distance.
- `wganlab.plots`, `wganlab.pictures`, `wganlab.scenes`, `wganlab.player`: how it is shown.

`help` of each tells what is in it. The commands: `python -m wganlab --help`.
"""

import importlib
from typing import Any

__version__ = "0.2.0"
__all__ = [
    "__version__",
    "compare",
    "data",
    "exact",
    "learned",
    "pictures",
    "player",
    "plots",
    "scenes",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"wganlab.{name}")
    raise AttributeError(f"module 'wganlab' has no attribute '{name}'")


def __dir__() -> list[str]:
    return list(__all__)
