"""The field's toy laws, sampled on the device of an explicit generator.

A `Toy` is a law on R^dim from which points are drawn at will, float32, with its modes where it has
them; `toy` lists the names. "8gaussians", "25gaussians" and "swissroll" keep the constants of the
WGAN-GP paper's code, except that its "25gaussians" is one fixed draw of 100,000 points; here every
point is new.

References
----------
Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028, and its code,
gan_toy.py: the first three. Arjovsky et al., "Wasserstein GAN", 2017, arXiv 1701.07875, example 1:
"parallel_lines". Korotin et al., "Kantorovich Strikes Back!", 2022: "funnels". Pedregosa et al.,
"Scikit-learn", 2011: the shapes of "two_moons" and "circles". Grathwohl et al., "FFJORD", 2019,
arXiv 1810.01367: the fields and arms of "checkerboard" and "spirals".
"""

from __future__ import annotations

import ast
import difflib
import inspect
import reprlib
import warnings
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from wganlab.data import checks, units
from wganlab.data.files import is_file_source, load_points
from wganlab.data.image_sources import EMBEDDED, is_image_source
from wganlab.data.toy_samplers import LAWS, Law, Uniforms, uniforms_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from wganlab.data.faces.law import FaceLaw

TOYS = tuple(LAWS)
"""Names that `toy` takes."""


@dataclass(frozen=True, eq=False, repr=False)
class Toy:
    """A law to draw from; made by `toy` and `from_points`.

    Attributes
    ----------
    name : str
        What `toy` calls it.
    parameters : dict
        Every parameter with its value.

    Examples
    --------
    >>> law = toy("two-moons", noise=0.1)
    >>> law, law.dim, law.modes
    (Toy('two_moons', noise=0.1), 2, None)
    >>> law.sample(100, torch.Generator().manual_seed(0)).shape
    torch.Size([100, 2])
    """

    name: str
    parameters: dict[str, Any]
    _law: Law
    _copies: dict[torch.device, tuple[Tensor, ...]] = field(default_factory=dict, init=False)

    @property
    def dim(self) -> int:
        """Dimension of the space."""
        return self._law.dim

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a point: (dim,)."""
        return (self.dim,)

    @property
    def content(self) -> tuple[Tensor, ...]:
        """What it draws from, on the CPU: of a file its points."""
        return self._law.constants

    @property
    def modes(self) -> Tensor | None:
        """Centers of the modes, float32 on the CPU, shape (k, dim); None where there are none."""
        return self._law.modes

    @property
    def spread(self) -> float | None:
        """Standard deviation, along each axis, of a mode about its center; the largest of them.

        None where there are no modes, and for "funnels", whose modes have no common shape.
        """
        return self._law.spread

    @property
    def uniforms(self) -> int | None:
        """Uniform numbers that make a point (`of_uniforms`); None for the law of given points."""
        return None if self.name == "points" else uniforms_of(self._law)

    def of_uniforms(self, u: Tensor) -> Tensor:
        """The points that uniform numbers in (0, 1) are sent to: (n, uniforms) to (n, dim).

        Spread evenly, as points of Sobol are, they make points that are spread as the law is.

        Examples
        --------
        >>> toy("gaussian", mean=(5.0,)).of_uniforms(torch.tensor([[0.3, 0.5]]))
        tensor([[5.]])
        """
        if self.uniforms is None or u.dim() != 2 or u.shape[1] != self.uniforms:
            raise ValueError(
                f"u has shape {tuple(u.shape)}: a point of {self!r} is made of "
                f"{self.uniforms or 'no'} uniform numbers"
            )
        constants = (constant.to(u.device) for constant in self._law.constants)
        return self._law.draw(*constants, len(u), Uniforms(u))

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Draw n points, float32 on the generator's device, shape (n, dim).

        Parameters
        ----------
        n : int
            Number of points, at least one.
        generator : torch.Generator
            Source of randomness; `torch.Generator("cuda").manual_seed(0)` draws on the GPU.

        Raises
        ------
        ValueError
            If n is not a positive whole number.
        TypeError
            If `generator` is not a torch.Generator.
        """
        checks.whole(1, n=n)
        if not isinstance(generator, Generator):
            raise TypeError(
                f"generator is of type {type(generator).__name__}: pass "
                "torch.Generator().manual_seed(0), a generator, in place of its seed"
            )
        return self.sampler(generator.device)(int(n), generator)

    def sampler(self, device: torch.device) -> Callable[[int, Generator], Tensor]:
        """What `sample` does with generators of that device, for a loop: nothing is checked."""
        if device not in self._copies:  # a copy in every step would make the device wait
            self._copies[device] = tuple(tensor.to(device) for tensor in self._law.constants)
        return partial(self._law.draw, *self._copies[device])

    def __repr__(self) -> str:
        return f"Toy({', '.join([repr(self.name), *_told(self.parameters)])})"


def toy(name: str, /, **parameters: Any) -> Toy:
    """A toy law by its name; hyphens count as underscores.

    Parameters
    ----------
    name : str
        One of `TOYS`, given here with its parameters:

        - 8gaussians: `radius` of the ring of modes, `std` of each (2 and .02, both over 1.414)
        - 25gaussians: `spacing` of the 5 x 5 modes, `std` of each (2 and .05, both over 2.828)
        - swissroll: `scale` t (cos t, sin t) + `noise` N(0, I), t uniform on 1.5 pi ... 4.5 pi (1
          and .25, both over 7.5); not centered
        - gaussian: `mean`, a tuple whose length is the dimension, and `std`
        - mixture: `means`, numbers or k tuples; `stds`, one or k; `weights`, k of sum 1, or None
          for equal ones
        - two_moons: half circles of radius 1 about (0, 0) and (1, .5), of deviation `noise`
        - circles: radii `inner` and `outer`, equal mass on each, of deviation `noise`
        - checkerboard: every other one of `cells` x `cells` in a centered square of side `side`
        - spirals: two arms of `turns` turns out to `radius`, of deviation `noise`
        - parallel_lines: (`theta`, Z), Z uniform on [0, 1]
        - cube: uniform on [`low`, `high`]^`dimension`
        - funnels: P of `wganlab.exact.known.Funnels(dimension, funnels, seed, power)`, whose Q is
          the default cube of that dimension; modes are the bottoms
    **parameters
        Those to change.

    Returns
    -------
    Toy

    Raises
    ------
    ValueError
        If there is no such toy or parameter, or the parameter has no such value.

    Examples
    --------
    >>> ring = toy("8gaussians", std=0.1)
    >>> ring
    Toy('8gaussians', radius=1.41443, std=0.1)
    >>> ring.modes.shape, ring.sample(100, torch.Generator().manual_seed(0)).shape
    (torch.Size([8, 2]), torch.Size([100, 2]))
    """
    known = str(name).replace("-", "_")
    if known not in LAWS:
        near = difflib.get_close_matches(known, TOYS, 1)
        raise ValueError(
            f"there is no toy {name!r}: choose from {', '.join(TOYS)}"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )
    law = LAWS[known]
    values = {key: value.default for key, value in inspect.signature(law).parameters.items()}
    for key, value in parameters.items():
        if key not in values:
            takes = ", ".join(_told(values))
            raise ValueError(f"toy {known!r} has no parameter {key!r}: it takes {takes}")
        values[key] = value.tolist() if hasattr(value, "tolist") else value
    return Toy(known, values, law(**values))


def from_points(array: ArrayLike, weights: ArrayLike | None = None) -> Toy:
    """The empirical law of given points: rows drawn with replacement, equally likely or by weight.

    Parameters
    ----------
    array : array_like, shape (n, d) or (n,)
        Points, finite, from NumPy or torch; they are copied as float32, once to each device.
    weights : array_like, shape (n,), optional
        How likely each is, or counts.

    Raises
    ------
    ValueError
        If there are no points, or they are not finite numbers in an array of such a shape.

    Examples
    --------
    >>> from_points([[0.0, 1.0], [2.0, 3.0]])
    Toy('points', n=2, dim=2)
    """
    points = checks.rows(array, "array")
    units.warn_of_unit(array, points)
    n, dim = points.shape
    parameters = {"n": n, "dim": dim}

    def draw(points: Tensor, n_draws: int, generator: Generator) -> Tensor:
        return points[torch.randint(n, (n_draws,), generator=generator, device=generator.device)]

    def weighed(points: Tensor, upto: Tensor, n_draws: int, generator: Generator) -> Tensor:
        u = torch.rand((n_draws,), generator=generator, device=generator.device, dtype=upto.dtype)
        return points[torch.searchsorted(upto, u * upto[-1], right=True)]

    if weights is None:
        return Toy("points", parameters, Law(dim, draw, (points,)))
    shares = checks.each(weights, n, "weights")
    if not shares.any():
        raise ValueError("weights are all 0: give shares or counts")
    kept = np.flatnonzero(shares)  # a draw of the largest number would be of the last
    upto = torch.from_numpy(np.cumsum(shares[kept]))
    return Toy("points", parameters, Law(dim, weighed, (points[torch.from_numpy(kept)], upto)))


def law(source: str) -> Toy | FaceLaw:
    """A law by one word, as a configuration or the command line has it.

    Parameters
    ----------
    source : str
        A toy's name, with parameters after a colon, as in "gaussian:mean=(1, 0)"; or points that
        `load_points` reads, a file or an image set: their empirical law. How a doubtful file was
        read is a warning. "faces", or "faces:size=32", are faces without end, a `FaceLaw`.

    Examples
    --------
    >>> law("parallel_lines:theta=0")
    Toy('parallel_lines', theta=0)
    """
    name, _, options = source.partition(":")
    if name.replace("-", "_") in TOYS:
        return toy(name, **_options(options))
    if name == "faces":
        from wganlab.data.faces.law import FaceLaw

        given = _options(options)
        if unknown := given.keys() - {"size", "held_out"}:
            raise ValueError(
                f"faces have no parameter {min(unknown)}: give size or held_out, as in "
                "faces:size=32"
            )
        return FaceLaw(**given)
    is_file = is_file_source(source)
    if source == "-":
        raise ValueError("a run reads its data more than once: save standard input to a file")
    if not (is_image_source(source) or is_file or source.startswith(EMBEDDED)):
        return toy(name)  # tells what there is
    loaded = load_points(source)
    for note in loaded.notes:
        warnings.warn(note, stacklevel=1)  # from one place, to be told once
    return from_points(loaded.points, loaded.weights)


def _options(text: str) -> dict[str, Any]:
    """`theta=0, dimension=2` as keyword arguments."""
    try:
        call = ast.parse(f"toy({text})", mode="eval").body
        assert isinstance(call, ast.Call)
        assert not call.args
        return {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    except (ValueError, SyntaxError, AssertionError):
        raise ValueError(f"{text!r} are no parameters: write name=number") from None


def _told(parameters: dict[str, Any]) -> list[str]:
    short = reprlib.repr
    return [
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={short(value)}"
        for name, value in parameters.items()
    ]
