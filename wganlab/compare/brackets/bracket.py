"""A bracket around W1 of two LAWS: [lower, upper], with a confidence.

LOWER. A critic f with a proven Lipschitz constant L, whatever it was trained on, has on new points
of the laws a gap whose expectation is at most L W1(P, Q) (the dual; Arjovsky et al. 2017, eq. 2):
the mean gap over L, minus a radius, is a lower confidence bound.

UPPER. The exact distance EM of n points of each law has an expectation of at least W1(P, Q), for W1
is a maximum of what is unbiased: the mean of exact distances of independent replicates, plus a
radius, is an upper confidence bound. With A the mean gap over L of the lower side and D_r the same
in replicate r, A + mean_r (EM_r - D_r) has the same expectation, and in few dimensions a fraction
of the spread. The excess of EM_r over W1 is of order n^(-1/d): in many dimensions there is nothing
useful from above, and the bracket says so.

Neither is about the points: see `wganlab.exact.certificate` for what is proven of two samples.

Everything that is chosen is chosen on points of its own (`sources`), before the points that decide
are looked at. The bracket is looked at a few times on the way, a number that is fixed; the looks
share its level, so that all of them hold together, and what is told is their intersection.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, get_args

from tqdm import tqdm

from wganlab.compare.brackets.contest import Training
from wganlab.compare.brackets.results import Bracket, BracketInterrupted, BracketPlan, Radius
from wganlab.compare.brackets.two_laws import laws_of
from wganlab.compare.brackets.work import Asked, Work
from wganlab.data import checks
from wganlab.learned.devices import resolve_device, thread_limit

if TYPE_CHECKING:
    import torch


def bracket(
    real: Any,
    fake: Any = None,
    *,
    confidence: float = 0.95,
    seconds: float = 60.0,
    radius: Radius = "asymptotic",
    diameter: float | None = None,
    critics: Sequence[Any] | Mapping[str, Any] = (),
    shared: bool = False,
    plan: BracketPlan | None = None,
    seed: int = 0,
    device: str | torch.device = "auto",
    threads: int | None = 1,
    progress: bool | None = None,
) -> Bracket:
    """Two numbers that hold W1 of two LAWS, with a confidence.

    Parameters
    ----------
    real, fake
        The laws: toys, frozen laws of SciPy, distributions of torch, discrete measures, callables
        (n, generator) -> points, runs (of which the generator is meant), `OfUniforms`; or arrays,
        tensors, data frames, measures of equal weights and image sets of shape (n, ...), whose rows
        are independent draws of a law that is not known: they are split once, at random, into
        disjoint parts. A law must not have been made of such rows. Or a known pair
        alone, or a callable for pairs of points. The points of toys, known pairs, runs and
        `OfUniforms` are functions of uniform numbers, of which scrambled Sobol points are taken.
    confidence : float
        Probability that both sides hold, in (0, 1).
    seconds : float
        How long it may take, about; some seconds it takes in any case.
    radius : "asymptotic" or "finite-sample"
        "asymptotic" takes Student's t, of 32 blocks of points and of the replicates: right in the
        limit, and for laws of finite variance; a part of a law that is far away and so rare that
        no point shows it is missed above. "finite-sample" is right for any number of points:
        empirical Bernstein below, McDiarmid above, which needs a diameter.
    diameter : float, optional
        Of a set that holds all points of both laws; for "finite-sample" alone.
    critics : sequence of nn.Module or FittedCritic, or mapping of names to them
        Of your own, to compete as they are, if a Lipschitz constant of them can be proven. Beside
        arrays: such as were not trained on their rows.
    shared : bool
        Let the same uniform numbers make the points of both laws in the exact distances, where both
        are of uniform numbers: generators with one latent, and of a known pair its optimal coupling
        (with which the upper side is no surprise).
    plan : BracketPlan, optional
        How much of everything, in place of the time: `Bracket.plan` of another makes it again.
    seed : int
        Of all that is random.
    device : str
        Where critics are trained and asked; "auto" takes a GPU where there is one. Exact distances
        are solved on the CPU.
    threads : int or None
        Torch threads; None leaves torch's setting.
    progress : bool
        A bar with the bracket so far; by default where standard error is a terminal.

    Returns
    -------
    Bracket

    Raises
    ------
    ValueError
        If the laws or the options make no sense.
    BracketInterrupted
        On Ctrl-C, a KeyboardInterrupt that carries the bracket so far, which holds as it is.

    Examples
    --------
    >>> from wganlab import exact
    >>> small = BracketPlan(heats=0.01, steps=0.02, blocks=8, block=256, points=128)
    >>> found = bracket(exact.known.Translation((3.0, 4.0)), plan=small)
    >>> found.holds(5.0), round(found.upper, 2)
    (True, 5.0)
    """
    asked = _asked(confidence, seconds, radius, diameter, plan)
    checks.whole(0, most=checks.SEEDS, seed=seed)
    if threads is not None:
        checks.whole(1, threads=threads)
    place = resolve_device(device)
    if not isinstance(critics, list | tuple | Mapping):
        raise ValueError(f"critics is of type {type(critics).__name__}: give a list of networks")
    if not isinstance(critics, Mapping):
        critics = {f"critics[{number}]": critic for number, critic in enumerate(critics)}
    with thread_limit(threads):
        laws = laws_of(
            real, fake, seed=seed, device=place, nets=radius == "asymptotic", shared=shared
        )
        training = Training(laws.training(), seed, place)
        disable = None if progress is None else not progress
        if sys.stderr is None or sys.stderr.closed:  # there is nowhere to draw a bar
            disable = True

        with tqdm(total=1, bar_format="{desc} [{elapsed}]", disable=disable, leave=False) as bar:
            work = Work(
                laws, training, asked, lambda now: bar.set_description_str(_line(work, now))
            )
            try:
                return work.run(critics)
            except KeyboardInterrupt:
                raise BracketInterrupted(work.so_far) from None


def _asked(confidence: Any, seconds: Any, radius: Any, diameter: Any, plan: Any) -> Asked:
    """What the user wants, if it makes sense."""
    checks.among(get_args(Radius), radius=radius)
    checks.positive(seconds=seconds, **({} if diameter is None else {"diameter": diameter}))
    if not (isinstance(confidence, Real) and 0 < float(confidence) < 1):
        raise ValueError(f"confidence = {confidence!r}: give a probability, as 0.95")
    if diameter is not None and radius != "finite-sample":
        raise ValueError('diameter belongs to radius="finite-sample": asymptotic radii need none')
    if plan is not None and not isinstance(plan, BracketPlan):
        raise ValueError(f"plan = {plan!r}: give a compare.BracketPlan, or leave it out")
    return Asked(float(confidence), seconds, radius, diameter, plan)


def _line(work: Work, now: str) -> str:
    """What the bar shows."""
    if work.so_far is None:
        return now
    return f"[{work.so_far.lower:.4g}, {work.so_far.upper:.4g}]  {now}"
