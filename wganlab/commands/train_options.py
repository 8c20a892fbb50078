"""Options of `train` that are more than a field: networks by name, --quick, where a run ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wganlab.learned import TrainConfig
    from wganlab.learned.networks.by_kind import Network

BESIDES_RESUME = (
    *(
        "--resume",
        "--iterations",
        "--epochs",
        "--track",
        "--device",
        "--threads",
        "--engine",
        "--workers",
    ),
    "--bracket",
)
Net = Literal["auto", "mlp", "dcgan", "resnet", "patch", "fold", "text"]


def refuse_both(further: Sequence[str]) -> None:
    """ValueError if --iterations is given beside --epochs."""
    if any(option.partition("=")[0] == "--iterations" for option in further):
        raise ValueError("--epochs and --iterations both say where the run ends: give one of them")


def besides_iterations(further: Sequence[str]) -> list[str]:
    """What else was given with --resume than --iterations and its number."""
    left = list(further)
    if "--iterations" in left:
        place = left.index("--iterations")
        del left[place : place + 2]
    return [option for option in left if not option.startswith("--iterations=")]


def iterations_of(further: Sequence[str]) -> int | None:
    """The number that was given for --iterations; None where it was not."""
    both = [part for option in further for part in option.split("=", 1)]
    if "--iterations" not in both:
        return None
    given = "".join(both[both.index("--iterations") + 1 :][:1])
    if not given.isdecimal():
        raise ValueError(f"--iterations {given}: expected a whole number")
    return int(given)


def quickened(config: TrainConfig) -> TrainConfig:
    """What --quick makes of a preset."""
    critic, generator = (
        replace(optimizer, lr=3 * optimizer.lr)
        for optimizer in (config.critic_optimizer, config.generator_optimizer)
    )
    small = replace(
        config,
        critic=_narrow(config.critic),
        generator=_narrow(config.generator),
        batch=64,
        every=50,
        checkpoint=100,
    )
    if config.of_images:
        return replace(small, size=16, iterations=200)
    if config.of_text:
        return replace(small, batch=32, iterations=100)
    return replace(small, critic_optimizer=critic, generator_optimizer=generator, iterations=300)


def _narrow(network: Any) -> Any:
    """A network of 64 units, planes, or 8 filters."""
    small = {"width": 64, "filters": 8, "planes": 64}
    return replace(
        network, **{name: size for name, size in small.items() if hasattr(network, name)}
    )


def network(name: Net, usual: Network, norm: Literal["layer", "batch"] = "batch") -> Network:
    """The default configuration of a network of that kind; `usual` for auto, or if it is one.

    Residual networks of images have that norm.
    """
    from wganlab.learned import (
        DCGANConfig,
        FoldConfig,
        MLPConfig,
        PatchConfig,
        ResNetConfig,
        TextResNetConfig,
    )

    made: dict[str, Network] = {
        "mlp": MLPConfig(width=512, depth=3, init="he"),
        "dcgan": DCGANConfig(filters=16, norm="none", init="he"),
        "resnet": ResNetConfig(filters=16, norm=norm),
        "patch": PatchConfig(),
        "fold": FoldConfig(),
        "text": TextResNetConfig(filters=64, blocks=2, kernel=3),
    }
    if name == "auto" or type(made[name]) is type(usual):
        return usual
    return made[name]
