"""The command `bracket`: two numbers that hold W1 of two laws, with a confidence."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from wganlab import writing
from wganlab.names import printed
from wganlab.report import spinner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.compare import Bracket as Found
    from wganlab.compare import BracketPlan
    from wganlab.exact.known import Pair

SUFFIXES = (".png", ".pdf", ".svg")
TRUTHLESS = (
    "a constant that is declared proves nothing, and a bracket is made of proofs: give --critic "
    "MODULE:NAME alone, of which a constant is proven where that is possible"
)


@dataclass(frozen=True)
class BracketOptions:
    """Two numbers that hold W1 of two laws: `bracket --pair NAME`, with the pair's own options."""

    pair: str = ""
    """Known pair of laws, by name; its parameters are further options (--dimension 2,4,8 for one
    bracket each), of which --seed is the bracket's own."""
    confidence: float = 0.95
    """Probability that both sides hold."""
    seconds: float = 60.0
    """How long it may take, about; some seconds it takes in any case."""
    radius: Literal["asymptotic", "finite-sample"] = "asymptotic"
    """asymptotic: Student's t, right in the limit, for laws of finite variance. finite-sample:
    right for any number of points, by empirical Bernstein below, and above by McDiarmid, which
    needs a --diameter."""
    diameter: float | None = None
    """Of a set that holds all points of both laws, for finite-sample radii."""
    critic: Annotated[str, arg(metavar="MODULE:NAME")] = ""
    """Critics of your own, separated by commas, as `compare` takes them; they compete as they are,
    if a Lipschitz constant of them can be proven."""
    shared: bool = False
    """Let the same uniform numbers make the points of both laws in the exact distances: of
    generators with one latent, of toys with as many, and of a known pair by its optimal
    coupling."""
    again: Annotated[Path | None, arg(metavar="PATH")] = None
    """Take as much of everything as the bracket in this file, of --json, in place of --seconds:
    with its seed it is the same bracket, on a slower machine too."""
    max_points: int = 10_000
    """Draw that many rows at random of a larger file or image set."""
    seed: int = 0
    """Of all that is random."""
    device: str = "auto"
    """Where critics are trained and asked: cpu, cuda, ...; auto is a GPU where there is one."""
    json: bool = False
    """Print one JSON object (a list of them for several dimensions); an infinite side is null."""
    plot: Annotated[Path | None, arg(metavar="PATH")] = None
    """Draw how the bracket closes: a .png, .pdf or .svg file."""
    overwrite: bool = False
    """Replace the file of the plot if there is one."""

    def of_pairs(self, pairs: Sequence[Pair]) -> None:
        """A bracket for each."""
        if self.plot is not None and len(pairs) > 1:
            raise ValueError("--plot shows one bracket: give one --dimension")
        self._check()
        found: list[dict[str, Any]] = []
        for pair in pairs:
            found.append(self._found(pair, None, {"pair": repr(pair)}, [], found))
        self._json(found)

    def _json(self, found: list[dict[str, Any]]) -> None:
        if self.json and found:
            print(json.dumps(found[0] if len(found) == 1 else found, indent=2))

    def _check(self, inputs: Sequence[str] = ()) -> None:
        """ValueError for options that make no sense, before anything is loaded."""
        if self.max_points < 1:
            raise ValueError(f"--max-points {self.max_points}: at least one point is needed")
        if self.plot is not None:
            from wganlab.data.files import files_of

            read = [path for source in inputs for path in files_of(source)]
            writing.check(
                self.plot,
                option="--plot",
                suffixes=SUFFIXES,
                overwrite=self.overwrite,
                inputs=[*read, *([] if self.again is None else [self.again])],
            )

    def _found(
        self, real: Any, fake: Any, names: dict[str, str], notes: list[str], before: list[Any]
    ) -> dict[str, Any]:
        """The bracket, told unless it is to be JSON; where Ctrl-C has stopped it, told anyhow."""
        from wganlab import compare
        from wganlab.learned.runs.interruption import as_ctrl_c

        stopped = None
        with as_ctrl_c():
            try:
                found = compare.bracket(
                    real,
                    fake,
                    confidence=self.confidence,
                    seconds=self.seconds,
                    radius=self.radius,
                    diameter=self.diameter,
                    critics=self._critics(real),
                    shared=self.shared,
                    plan=self._plan(),
                    seed=self.seed,
                    device=self.device,
                )
            except compare.BracketInterrupted as stop:
                if stop.bracket is None:
                    self._json(before)
                    raise KeyboardInterrupt("there is no bracket yet") from None
                stopped, found = stop, stop.bracket
        told = {**names, **found.as_dict(), "interrupted": stopped is not None}
        told["notes"] = [*notes, *told["notes"]]
        self._tell(found, names, notes, later=bool(before))
        if stopped is not None:
            self._json([*before, told])
            raise KeyboardInterrupt("the bracket holds as it is; with more time it is narrower")
        return told

    def _tell(self, found: Found, names: dict[str, str], notes: list[str], *, later: bool) -> None:
        if not self.json:
            rows = [f"{name}: {printed(source)}" for name, source in names.items()]
            rows += [*str(found).splitlines(), *(f"  note: {printed(note)}" for note in notes)]
            print("\n".join([*([""] if later else []), *rows]), flush=True)
        if self.plot is not None:
            from wganlab import pictures

            title = printed(" against ".join(names.values()))
            with writing.written(self.plot, option="--plot", overwrite=self.overwrite) as part:
                pictures.draw_bracket(part, found, title)

    def _plan(self) -> BracketPlan | None:
        """What --again asks for."""
        if self.again is None:
            return None
        from wganlab.compare import BracketPlan

        try:
            told = json.loads(self.again.read_text(encoding="utf-8"))
            return BracketPlan(**told["plan"])
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"--again {self.again} holds no bracket of --json: {error or type(error).__name__}"
            ) from None

    def _critics(self, real: Any) -> dict[str, Any]:
        """The user's own, by their names."""
        from wganlab.commands.compare import made_by, own_critic

        names = [name.strip() for name in self.critic.split(",") if name.strip()]
        critics = {name: own_critic(name) for name in names}
        made = {name: made_by(critic, _dimension(real)) for name, critic in critics.items()}
        return {name: critics[name] if module is None else module for name, module in made.items()}


@dataclass(frozen=True)
class Bracket(BracketOptions):
    """Two numbers that hold W1 of two LAWS with a confidence: how far apart are they, not samples?

    A and B are each a toy, with parameters as in 'gaussian:mean=(1,0)'; a file of points or an
    image set, as `distance` takes them, whose rows are independent draws of a law that is not
    known; or the folder of a run, whose generator is meant. The folder of a run alone: its
    generator against its data, of images those held out. Or a known pair, --pair balls --dimension
    2. From below a critic bounds W1, by its gap over its PROVEN Lipschitz constant on points that
    it was neither trained nor chosen on; from above the mean of exact distances of independent
    samples does, whose excess is of order n^(-1/d): in many dimensions there is nothing useful from
    above, and it is told so. Both have radii, and the probability that both hold is --confidence.
    Ctrl-C tells the bracket so far, which holds too.
    """

    a: Annotated[Positional[str], arg(metavar="A")] = ""
    """First law."""
    b: Annotated[Positional[str], arg(metavar="B")] = ""
    """Second law."""

    def run(self) -> None:
        """Find it, and print."""
        if not self.a:
            raise ValueError(
                "give two laws, bracket A B, the folder of a run, bracket runs/NAME, or a known "
                "pair, bracket --pair balls --dimension 2"
            )
        if not self.b and not os.path.isdir(self.a):
            raise ValueError(
                f"B is missing: {self.a} alone has a distance to nothing (the folder of a run "
                "alone is its generator against its data)"
            )
        self._check([source for source in (self.a, self.b) if source])
        os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")
        from wganlab.commands.sides import Sides

        sides = Sides(self.device, self.max_points)
        with spinner("reading"):
            if self.b:
                real, fake = sides.pair(self.a, self.b)
                names = {"A": self.a, "B": self.b}
            else:
                real, fake = sides.of_run(Path(self.a))
                names = {"data": real.name, "generator": self.a}
        self._json([self._found(real, fake, names, sides.notes, [])])


def _dimension(real: Any) -> int:
    """Of its points."""
    from wganlab.learned import Run

    if isinstance(real, Run):
        import torch

        place = next(real.generator.parameters()).device
        return int(real.sample(1, torch.Generator(place)).numel())
    return int(real.dim if hasattr(real, "dim") else real[0].size)
