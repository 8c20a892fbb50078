"""wganlab: a lab for Wasserstein GANs on laws whose truth is known.

Each part loads when it is first touched:

- `wganlab.exact`: what is true. EM, TV, KL, JS by linear program or closed form (no torch).
- `wganlab.data`: what is compared. Toy laws, embedded image sets.
- `wganlab.plots`: how it is shown.
"""

import importlib
from typing import Any

__version__ = "0.2.0"
__all__ = ["__version__", "compare", "data", "exact", "learned", "plots"]


def __getattr__(name: str) -> Any:
    if name in ("compare", "data", "exact", "learned", "plots"):
        return importlib.import_module(f"wganlab.{name}")
    raise AttributeError(f"module 'wganlab' has no attribute '{name}'")
