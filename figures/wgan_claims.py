"""Is the WGAN paper's claim seen? The sentence above each of its figures 3 to 8, by the numbers.

A run DRAWS FACES if its faces have FOUND of the values of all attributes, at a mean total variation
of at most TV from the law's shares, and are at most DEVIATION of the range of pixels, in the
median, away from the nearest face. Noise is read as half of the values, at a variation of .67 and
a deviation of .35; faces that are hardly seen in it as two thirds, at .5 and .22; faces that are
muddy but plain as 178, at .43 and .19; new faces of the law as all 206, at .03 and 0. It COLLAPSES
if it has a third of the values or fewer, where a single image has a twelfth: 17, one an attribute.
With NEARLY of the values it has not failed plainly: no verdict hangs on such a one.

A curve FOLLOWS exact EM if the correlation of their ranks, over the looks of a run but its start,
is at least RANK: of 20 looks one that is unrelated has as much in 1 of 400 runs. A run LEARNS if
at its end less than half is left of what lay between its EM and the sampling floor at the start,
and it has not collapsed: a mean face is nearer in pixels than many that differ.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.layout_engine import ConstrainedLayoutEngine
from scipy.stats import pearsonr, spearmanr

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

FOUND = 0.8
NEARLY = 0.7  # of the values, from which on a run that fails has not failed plainly
TV = 0.5
DEVIATION = 0.2
COLLAPSED = 1 / 3
RANK = 0.6
LOOKS = 8  # after the start, fewer of which tell nothing of a correlation
AS_THERE, NOT_AS_THERE = "as the paper has it", "not as the paper has it"
TOO_FEW = "too few iterations to say whether one follows the other"
LARGE = 100  # numbers from which on digits tell nothing
WIDTH = 6.5  # letters of a line above a figure, per inch


def above(figure: Figure, sentence: str) -> None:
    """The sentence as the title of a figure, in lines about as long as each other."""
    widest = round(WIDTH * figure.get_figwidth())
    lines = len(textwrap.wrap(sentence, widest))
    width = next(
        w for w in range(widest // 2, widest + 1) if len(textwrap.wrap(sentence, w)) == lines
    )
    figure.suptitle(textwrap.fill(sentence, width), fontsize=18, fontweight="bold")
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, 0.99))


def draws_faces(arrays: Arrays) -> NDArray[np.bool_]:
    """Of every kind and seed: (kinds, seeds)."""
    enough = arrays["found"] >= FOUND * arrays["all"]
    drawn: NDArray[np.bool_] = enough & (arrays["tv"] <= TV) & (arrays["deviation"] <= DEVIATION)
    return drawn


def nearly_draws(arrays: Arrays) -> NDArray[np.bool_]:
    """Of every kind and seed: (kinds, seeds); what no verdict should hang on."""
    some: NDArray[np.bool_] = (arrays["found"] >= NEARLY * arrays["all"]) & (arrays["tv"] <= TV)
    return some


def collapses(arrays: Arrays) -> NDArray[np.bool_]:
    """Of every kind and seed: (kinds, seeds)."""
    few: NDArray[np.bool_] = arrays["found"] <= COLLAPSED * arrays["all"]
    return few


def both_draw(arrays: Arrays) -> str:
    """Figure 5: by a DCGAN generator both draw faces."""
    wgan, gan = draws_faces(arrays)
    return (
        f"With a DCGAN generator {who(wgan, gan, 'draw faces', 'draws faces')} "
        f"({values(arrays)}): {verdict(wgan & gan)}"
    )


def without_norm(arrays: Arrays) -> str:
    """Figure 6: by constant filters without batch norm the WGAN draws faces, the GAN does not."""
    wgan, gan = draws_faces(arrays)
    close = ~gan & nearly_draws(arrays)[1]
    but = ", but nearly" if close.any() else ""
    return (
        f"With constant filters and no batch norm {who(wgan, gan, 'draw faces', 'draws faces')}"
        f"{but} ({values(arrays)}): {verdict(wgan & ~gan & ~close)}"
    )


def only_gan_collapses(arrays: Arrays) -> str:
    """Figure 7: by an MLP generator the GAN collapses, the WGAN does not."""
    wgan, gan = collapses(arrays)
    return (
        f"With an MLP generator {who(wgan, gan, 'collapse', 'collapses')} "
        f"({values(arrays)}): {verdict(gan & ~wgan)}"
    )


def who(wgan: NDArray[np.bool_], gan: NDArray[np.bool_], many: str, one: str) -> str:
    """Who does something, over all seeds."""
    if len({*wgan.tolist()}) > 1 or len({*gan.tolist()}) > 1:
        return f"the WGAN {one} {counted(wgan)}, the GAN {counted(gan)}"
    told = {
        (True, True): f"the WGAN and the GAN both {many}",
        (True, False): f"the WGAN {one}, the GAN does not",
        (False, True): f"the GAN {one}, the WGAN does not",
        (False, False): f"neither the WGAN nor the GAN {one}",
    }
    return told[bool(wgan[0]), bool(gan[0])]


def counted(seen: NDArray[np.bool_]) -> str:
    """In how many seeds."""
    return f"with {seen.sum()} of {len(seen)} seeds"


def values(arrays: Arrays) -> str:
    """How many values were found, by either."""
    wgan, gan = (listed(found) for found in arrays["found"])
    return f"values found: {wgan} and {gan} of {arrays['all'].flat[0]:.0f}"


def listed(numbers: NDArray[np.floating], digits: int = 0) -> str:
    """The numbers of all seeds; large ones without digits."""
    return ", ".join(
        f"{number:,.{digits if abs(number) < LARGE else 0}f}" for number in numbers.tolist()
    )


def verdict(seen: NDArray[np.bool_]) -> str:
    """Is it what the paper has, in every seed?"""
    if len(seen) == 1 or not seen.any():
        return AS_THERE if seen.all() else NOT_AS_THERE
    return f"{AS_THERE} {'in all' if seen.all() else f'in {seen.sum()} of'} {len(seen)} seeds"


def correlations(arrays: Arrays, name: str, k: int) -> tuple[float, float]:
    """Of what training shows and exact EM in run k, linear and of ranks; without its start."""
    looked = np.isfinite(arrays["emd"][k])
    looked[0] = False
    pair = arrays[name][k, looked], arrays["emd"][k, looked]
    return float(pearsonr(*pair).statistic), float(spearmanr(*pair).statistic)


def learns(arrays: Arrays, k: int) -> bool:
    """Has EM come half of its way down to the floor, and not by one face for all?"""
    emd = arrays["emd"][k][np.isfinite(arrays["emd"][k])]
    near = emd[-1] - arrays["floor"] < (emd[0] - arrays["floor"]) / 2
    return bool(near and not collapsed(arrays, k))


def collapsed(arrays: Arrays, k: int) -> bool:
    """Is it one face, or a few, for all?"""
    return bool(arrays["found"][k] <= COLLAPSED * arrays["all"][k])


def looked(arrays: Arrays) -> int:
    """How often exact EM was taken after the start."""
    return int(np.isfinite(arrays["emd"][0, 1:]).sum())


def gap_follows(arrays: Arrays) -> str:
    """Figure 3: the critic gap falls with the distance, and tells that high rates fail."""
    if looked(arrays) < LOOKS:
        return f"The critic gap beside the exact distance, in {TOO_FEW}"
    ranks = [correlations(arrays, "estimate", k)[1] for k in range(2)]
    follows = np.array(ranks) >= RANK
    names = ("the MLP", "the DCGAN")
    how = (
        "falls and rises with the exact distance"
        if follows.all()
        else "does not follow the exact distance"
        if not follows.any()
        else f"follows the exact distance with {names[int(follows.argmax())]} alone"
    )
    fail = "collapse" if collapsed(arrays, 2) else "learn nothing"
    high = "learn too" if learns(arrays, 2) else fail
    return (
        f"The critic gap {how} (rank correlation {ranks[0]:.2f} with the MLP, {ranks[1]:.2f} with "
        f"the DCGAN generator), and high rates {high}: "
        f"{verdict(np.array([follows.all() and not learns(arrays, 2)]))}"
    )


def tells_nothing(arrays: Arrays, name: str, label: str) -> str:
    """Figures 4 and 8: what a GAN's training shows does not follow the distance of its samples."""
    if looked(arrays) < LOOKS:
        return f"The {label} beside the exact distance, in {TOO_FEW}"
    ranks = [correlations(arrays, name, k)[1] for k in range(2)]
    follows = np.array(ranks) >= RANK
    names = ("the MLP", "the DCGAN")
    how = (
        "does not tell how far the samples are from real ones"
        if not follows.any()
        else "follows the exact distance"
        if follows.all()
        else f"follows the exact distance with {names[int(follows.argmax())]} alone"
    )
    return (
        f"The {label} {how} (rank correlation with exact EM {ranks[0]:.2f} with the MLP, "
        f"{ranks[1]:.2f} with the DCGAN generator): {verdict(np.array([not follows.any()]))}"
    )
