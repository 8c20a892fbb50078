"""The command `compare`: learned critics beside the exact distance."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from wganlab.commands import discriminators
from wganlab.names import printed
from wganlab.report import cores, spinner
from wganlab.writing import refuse_inputs

if TYPE_CHECKING:
    from wganlab.exact.known import Pair
    from wganlab.learned import Method

POINTS = 500  # of each law, by default
POINT_BYTES = 60.0  # of two clouds on the line, and what is made of them


@dataclass(frozen=True)
class Compare:
    """Learned critics beside the exact EM distance: train, measure, and print one row a method.

    Give a known pair of laws with its parameters, --pair parallel_lines --theta 1 (`known` lists
    them), or two files of points, --points real.npy fake.npy. Every critic is trained on two clouds
    and held against the exact EM distance of the same clouds. The columns: estimate is the raw gap,
    mean f(real) - mean f(fake) (of ctransform: its certificate; of mm, mm-r and ls, which train two
    networks: the value of their dual); slope is the largest gradient norm seen; proven L a
    Lipschitz constant that is proven, or inf; certificate a lower bound of EM that holds for any
    function; corrected is the gap with the gradient penalty's bias taken out; cosine is that of the
    critic's gradient with the exact critic's, along the way of the mass, and also at new points of
    P where the laws' critic is known. "/EM" is a ratio to the exact value, and ± one standard
    deviation over the seeds.

    With --laws, or a list of dimensions, --pair funnels --dimension 2,4,8,16,32,64,128, critics are
    trained on the laws themselves, with new points in every step, and judged on new points of the
    optimal coupling: a row a method, and for each pair the gap over EM, which no 1-Lipschitz critic
    brings above 1, and the cosine of the gradients at points of P. These are the metrics of the W1
    benchmark (Korotin et al. 2022), whose published rows stand below where it has such laws. Beside
    them stands a bracket around W1 of the laws, with 95 % (for more than three pairs in the .md of
    --out alone): lower by what the critic proves on new points, upper by exact distances.

    With --objective hinge,f-kl discriminators of GANs are fitted in place of critics, between the
    laws of the pair, and what they tell of TV, JS, KL, ... stands beside the exact divergence.
    """

    pair: str = ""
    """Known pair of laws, by name; its parameters are further options."""
    points: Annotated[tuple[str, str] | None, arg(metavar="REAL FAKE")] = None
    """Two files of points, or embedded image sets, as `distance` takes them."""
    columns: str = ""
    """Columns of these files that are coordinates, as `distance` takes them."""
    weights: str = ""
    """Their column of weights, likewise: critics get points of equal weight, repeated as often as
    their counts say, or drawn by weight."""
    critic: Annotated[str, arg(metavar="MODULE:NAME")] = ""
    """Your own critic: a class of torch modules, or a function that makes one, called with the
    dimension (or nothing), trained under each constraint; or a module or function of points, judged
    as it is."""
    lipschitz: float | None = None
    """A Lipschitz constant of --critic that you declare, where nobody can prove one; it is told as
    declared, and tried by a search for steeper places."""
    constraint: str = ""
    """Names, separated by commas: best (several critics, of which one wins), gp, lp, dragan, ct,
    clip, sn, orthonormal, cones, ctransform, cowgan, mm, mm-r, ls, none (gp,lp,clip,sn,orthonormal
    by default, of your own class none too, and none,gp,lp alone where its weights are kept by a
    parametrization of torch)."""
    objective: str = ""
    """Names of objectives of `train`, separated by commas, or all: fit a discriminator of each, and
    hold its estimate, on 10,000 new points, against the exact divergence of the pair."""
    seeds: int = 3
    """Critics a method, each with clouds and weights of its own seed."""
    n: Annotated[int | None, arg(aliases=["-n"])] = None
    """Points of each law of a pair: 500; with --laws those to judge on, 16,384."""
    laws: bool = False
    """Train on the laws of the pair, not on two clouds of it, and judge on new points."""
    max_points: int = 2000
    """Draw that many points at random from a larger file."""
    steps: int | None = None
    """Steps of training; each method has its own default."""
    batch: int | None = None
    """Points of each law in a step; 0 for all of them."""
    lr: float | None = None
    """Learning rate at the start."""
    weight: float | None = None
    """Lambda of the gradient penalties."""
    c: float | None = None
    """Bound of the weights under clipping."""
    out: Annotated[Path | None, arg(metavar="PATH")] = None
    """Keep the rows in this .csv (and the table beside it as .md); rows that it holds already are
    not computed again."""
    overwrite: bool = False
    """Let --out replace files that are no scoreboards."""
    jobs: int = 0
    """Critics trained side by side, one thread each; 0 means one a core."""

    def run(self, pair: Pair | None = None) -> None:
        """Train what is missing, and print the table; `pair` is what --pair describes."""
        self.check()
        if self.objective:
            discriminators.run(self, pair)
            return
        os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")
        notes: list[str] = []
        n = POINTS if self.n is None else self.n
        if pair is not None and pair.dim == 1 and n < 2**31:  # others are refused by number
            from wganlab.exact.memory import require

            require(POINT_BYTES * n, f"--n {n}", "give fewer points")
        laws = {repr(pair): pair} if pair is not None else self._clouds(notes)
        with spinner("loading torch"):
            from wganlab import compare
        (law,) = laws.values()
        dimension = dimension_of(law, self.points or ("real", "fake"), notes)
        methods = self.methods(dimension)
        same = self.points is not None and not any(map(is_method, methods.values()))
        board = compare.scoreboard(
            laws,
            methods,
            1 if same else self.seeds,  # nothing is drawn: every seed would say the same
            n=n,
            path=self.out,
            jobs=self.jobs or cores(),
            overwrite=self.overwrite,
        )
        print("\n\n".join([str(board), *(f"note: {printed(note)}" for note in notes)]))

    def check(self) -> None:
        """ValueError for options that make no sense, before anything is loaded."""
        if bool(self.pair) == (self.points is not None):
            raise ValueError(
                "give either a known pair, --pair parallel_lines --theta 1, or two files, "
                "--points real.npy fake.npy"
            )
        for name, value, least in (
            ("seeds", self.seeds, 1),
            ("n", self.n, 1),
            ("max-points", self.max_points, 1),
            ("jobs", self.jobs, 0),
        ):
            if value is not None and value < least:
                raise ValueError(f"--{name} {value}: expected {least} or more")
        if self.seeds > 10_000:
            raise ValueError(f"--seeds {self.seeds}: there are more than 10,000 seeds, give fewer")
        if self.lipschitz is not None and not self.critic:
            raise ValueError(
                "--lipschitz declares a constant of your own critic, --critic MODULE:NAME: those "
                "of this package are proven"
            )
        self._keep_inputs()

    def _keep_inputs(self) -> None:
        """ValueError if the rows, or the table beside them, would replace what is read."""
        if self.out is None:
            return
        from wganlab.data.files import files_of

        inputs = [path for source in self.points or () for path in files_of(source)]
        for path in (self.out, self.out.with_suffix(".md")):
            refuse_inputs(path, f"--out {path}", inputs)

    def _clouds(self, notes: list[str]) -> dict[str, Any]:
        """The two files, by the name that the table shows."""
        sources = self.points or ()
        if sources == ("-", "-"):
            raise ValueError("the two cannot both be standard input: it can be read once")
        from wganlab.data.files import in_order

        loaded = [self._loaded(source, notes) for source in sources]
        if None not in loaded:
            loaded[1], more = in_order(loaded[0], loaded[1])
            notes += more
        clouds = map(self._cloud, sources, loaded, [notes, notes])
        return {printed(" against ".join(sources)): tuple(clouds)}

    def _loaded(self, source: str, notes: list[str]) -> Any:
        """What a file holds, of equal weights; None for images, which are read when drawn."""
        import numpy as np

        from wganlab import data
        from wganlab.data.files import equally_heavy

        if data.is_image_source(source) and not (self.columns or self.weights):
            return None
        loaded = data.load_points(source, columns=self.columns, weights=self.weights)
        loaded = equally_heavy(source, loaded, self.max_points, np.random.default_rng(0))
        notes += [note for note in loaded.notes if note not in notes]
        return loaded

    def _cloud(self, source: str, loaded: Any, notes: list[str]) -> Any:
        import numpy as np

        from wganlab import data

        if loaded is None:
            pictures = data.images(source)
            points, n = pictures.points, len(pictures)
        else:
            points, n = loaded.points.__getitem__, len(loaded.points)
        if n <= self.max_points:
            return points(np.arange(n))
        notes.append(
            f"{self.max_points:,} of the {n:,} points of {source} were drawn "
            "with seed 0: --max-points takes more"
        )
        return points(np.sort(np.random.default_rng(0).choice(n, self.max_points, replace=False)))

    def methods(self, dimension: int) -> dict[str, Any]:
        """Methods by name, or the user's own critic as it is."""
        from wganlab.learned import METHODS
        from wganlab.learned.critics.declared import declare

        critic = own_critic(self.critic) if self.critic else None
        default = DEFAULT
        if critic is not None:
            made = made_by(critic, dimension)
            if self.lipschitz is not None:
                critic = declare(critic, self.lipschitz)
            if made is None and not self.constraint:
                return {self.critic: critic}
            if made is None and not has_weights(critic):
                raise ValueError(
                    f"--critic {self.critic} is a function of points, which is judged as it is: "
                    "leave --constraint out, or name a class of torch modules to train"
                )
            default = DEFAULT_OWN if made is None else default_of(made)
        names = [name.strip() for name in (self.constraint or default).split(",")]
        for name in names:
            if name not in METHODS:
                raise ValueError(
                    f"there is no constraint {name!r}: choose from {', '.join(METHODS)}"
                )
        methods = {name: self._changed(METHODS[name]) for name in names}
        for option in ("weight", "c"):
            taken = any(hasattr(method.constraint, option) for method in methods.values())
            if getattr(self, option) is not None and not taken:
                raise ValueError(f"--{option} belongs to none of {', '.join(names)}")
        if critic is None:
            return methods
        return {name: replace(method, critic=critic) for name, method in methods.items()}

    def _changed(self, method: Method) -> Method:
        """The method with what was asked for on the command line."""
        constraint, optimizer = method.constraint, method.optimizer
        for name in ("weight", "c"):
            if getattr(self, name) is not None and hasattr(constraint, name):
                constraint = replace(constraint, **{name: getattr(self, name)})  # type: ignore[type-var]
        if self.lr is not None:
            if optimizer is None:
                raise ValueError("--lr does not go with best, whose critics have their own")
            optimizer = replace(optimizer, lr=self.lr)
        return replace(
            method,
            constraint=constraint,
            optimizer=optimizer,
            steps=method.steps if self.steps is None else self.steps,
            batch=method.batch if self.batch is None else self.batch,
        )


DEFAULT = "gp,lp,clip,sn,orthonormal"
DEFAULT_OWN = f"{DEFAULT},none"
CERTIFIED = "none,gp,lp"


def is_method(how: Any) -> bool:
    """Is it a way to train a critic, and no critic already?"""
    from wganlab.learned import Method

    return isinstance(how, Method)


def dimension_of(laws: Any, names: tuple[str, str], notes: list[str]) -> int:
    """Of the points; with a note where their unit is not one for networks."""
    import numpy as np
    import torch

    from wganlab.compare.clouds import as_arrays
    from wganlab.data.units import unit_of

    if not isinstance(laws, tuple):
        laws = laws.sample(1000, np.random.default_rng(0))
    real, fake = laws
    arrays = as_arrays(real, fake, names)
    unit = unit_of(*map(torch.from_numpy, arrays))
    if unit is not None:
        notes.append(
            f"for the networks the points were standardized, {unit}; all numbers are in their own "
            f"unit, but a penalty's weight counts in units of {unit.scale:g}"
        )
    return int(arrays[0][0].size)


def own_critic(name: str) -> Any:
    """What `--critic MODULE:NAME` names.

    Raises
    ------
    ValueError
        If there is no such thing, or it can be no critic.
    """
    from torch import nn

    module, _, attribute = name.partition(":")
    if not (module and attribute):
        raise ValueError(f"--critic {name}: expected MODULE:NAME, as in my_module:MyCritic")
    if module.endswith(".py") or os.sep in module:
        raise ValueError(
            f"--critic {name}: expected the name of a module, not of its file: from the folder of "
            f"{os.path.basename(module)} give {Path(module).stem}:{attribute}"
        )
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python my_module.py` would find it
    try:
        critic = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"--critic {name} cannot be imported: {error}") from None
    except (Exception, SystemExit) as error:  # what the module does on its way
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(f"--critic {name} cannot be imported: {told}") from error
    if not callable(critic):
        raise ValueError(f"--critic {name} is of type {type(critic).__name__}: name a torch module")
    if isinstance(critic, type) and not issubclass(critic, nn.Module):
        raise ValueError(f"--critic {name} is a class, but not of torch modules")
    return critic


def has_weights(critic: Any) -> bool:
    """Is it a module that can be trained further?"""
    from torch import nn

    return isinstance(critic, nn.Module)


def made_by(critic: Any, dimension: int) -> Any:
    """The module that a class or a function makes for the dimension; None for a critic."""
    from torch import nn

    from wganlab.learned.critics.building import called, construct
    from wganlab.learned.critics.lending import undisturbed

    if isinstance(critic, nn.Module):
        return None
    with undisturbed():
        if isinstance(critic, type):
            return construct(critic, dimension)
        try:  # a function of points cannot do with a number
            made = called(critic, dimension)
        except ValueError:
            return None
    return made if isinstance(made, nn.Module) else None


def default_of(made: Any) -> str:
    """Constraints for a user's class: those that leave its weights alone, if torch keeps them."""
    from wganlab.learned.constraints import norms

    return DEFAULT_OWN if norms.made(made) is None else CERTIFIED
