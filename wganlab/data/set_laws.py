"""Laws of what is given and finite: images of a set, lines of a text; a part is held out.

Each has `rows` to train on and `unseen` ones, both numbers in the whole, and draws by `some`,
`take` and `pick`.
"""

from __future__ import annotations

from typing import TypeAlias

from wganlab.data.image_laws import ImageLaw
from wganlab.data.language import TextLaw

SetLaw: TypeAlias = ImageLaw | TextLaw
