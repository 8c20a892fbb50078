"""How often the side of an image is halved on the way through a network, and to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST = 8  # px: a layer that halves it, and one that sees all of the 4 px left
LEFT = 7  # px at most, where a side is halved as often as it can be


def square(shape: Sequence[int], what: str) -> tuple[int, int]:
    """Channels and side of square images of that shape; `what` is built for them.

    Raises
    ------
    ValueError
        If they are no images, not square, or smaller than 8 px.
    """
    if len(shape) != 3:
        raise ValueError(
            f"{what} is for images, shape (channels, height, width), and these points have shape "
            f"{tuple(shape)}: take MLPConfig(), or reshape them"
        )
    channels, height, width = shape
    if height != width or height < SMALLEST:
        raise ValueError(
            f"images of {height} x {width} px: {what} is for square ones of at least {SMALLEST} "
            f"px; resize them, {resized(max(height, width), 4)}"
        )
    return channels, height


def sides(side: int, halvings: int, what: str, *, odd: bool = False) -> list[int]:
    """The side, and what is left of it after each halving.

    Parameters
    ----------
    side : int
        In pixels.
    halvings : int
        How often; 0 for as often as leaves 4 to 7 px, or an odd number of them.
    what : str
        Is built for them.
    odd : bool
        Can an odd side be halved, upward?

    Raises
    ------
    ValueError
        If the side cannot be halved so often.

    Examples
    --------
    >>> sides(64, 0, "DCGAN"), sides(48, 0, "DCGAN"), sides(28, 0, "DCGAN")
    ([64, 32, 16, 8, 4], [48, 24, 12, 6], [28, 14, 7])
    >>> sides(28, 3, "DCGAN", odd=True)
    [28, 14, 7, 4]
    """
    found = [side]
    if not halvings:
        while found[-1] > LEFT and not found[-1] % 2:
            found.append(found[-1] // 2)
        if side % 4:
            raise ValueError(
                f"images of {side} px: {what} halves the side until little is left, which works "
                f"for multiples of 4; resize them, {resized(side, 4)}"
            )
        return found
    for _ in range(halvings):
        if found[-1] < 2 or (found[-1] % 2 and not odd):
            raise ValueError(
                f"images of {side} px cannot be halved {halvings} times by {what}: multiples of "
                f"{2**halvings} can; resize them, {resized(side, 2**halvings)}, or give fewer "
                "halvings"
            )
        found.append((found[-1] + 1) // 2)
    return found


def resized(side: int, multiple: int) -> str:
    """How to ask for images of about that side that are a multiple of it."""
    near = max(1, round(side / multiple)) * multiple
    near = near if near >= SMALLEST else max(SMALLEST, multiple)
    return f"data.images(name, size={near}), on the command line --size {near}"
