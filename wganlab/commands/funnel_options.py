"""Options of the pair `funnels`: its numbers, or a parameter file of the W1 benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wganlab.exact.known import Funnels

POWER, FUNNELS = 8.0, 4  # of the benchmark


@dataclass(frozen=True)
class FunnelOptions:
    """What the command line takes of `known.Funnels`."""

    dimension: int | None = None
    """Dimension of the space: 2, or that of the parameters."""
    funnels: int | None = None
    """Number of funnels: 4, or that of the parameters."""
    seed: int = 0
    """Seed of the funnels."""
    power: float | None = None
    """Exponent of the relative position, at least 1: 8, or that of the name of the file."""
    parameters: Path | None = None
    """Funnels that were published: a file deg_8_seed_987.pt of the W1 benchmark, or its folder
    benchmarks/nd, of which that of --dimension, --funnels (4) and --power (8) is taken."""

    def pair(self) -> Funnels:
        """The pair of laws; ValueError where the parameters are no such file, or disagree."""
        from wganlab.exact.known import Funnels

        if self.parameters is None:
            power = POWER if self.power is None else self.power
            return Funnels(self.dimension, self.funnels, self.seed, power)  # type: ignore[arg-type]
        from wganlab.data.funnel_files import funnel_parameters, parameter_file, told_power

        file = self.parameters.expanduser()
        if file.is_dir():
            if self.dimension is None:
                raise ValueError(f"--parameters {file} is a folder: give --dimension too")
            power = POWER if self.power is None else self.power
            file = parameter_file(file, self.dimension, self.funnels or FUNNELS, power=power)
        told = told_power(file)
        if None not in (told, self.power) and told != self.power:
            raise ValueError(f"{file} is of power {told:g} by its name, and --power {self.power:g}")
        power = self.power or told or POWER
        bottoms, offsets = funnel_parameters(file)
        for name, asked, held in (
            ("dimension", self.dimension, bottoms.shape[1]),
            ("funnels", self.funnels, len(bottoms)),
        ):
            if asked not in (None, held):
                raise ValueError(
                    f"{file} has {name} {held}, and --{name} {asked} is asked for: leave --{name} "
                    "out, or name the folder benchmarks/nd to choose from"
                )
        return Funnels(seed=self.seed, power=power, bottoms=bottoms, offsets=offsets)
