"""Configurations as JSON and back: every field by its name, networks with their kind."""

from __future__ import annotations

import dataclasses
import difflib
import json
from typing import Any, TypeVar

from wganlab.data import checks
from wganlab.learned.networks.by_kind import NETWORKS
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.optimizers import Optimizer

VERSION = 1
"""Of the format; raised when a field changes its meaning."""

PLAYERS = ("critic", "generator")
OPTIMIZERS = ("critic_optimizer", "generator_optimizer")
Config = TypeVar("Config")
"""`TrainConfig`, which asks for these."""


def written(config: Any) -> str:
    """What `TrainConfig.to_json` gives."""
    values = dataclasses.asdict(config)
    for player in PLAYERS:
        kind = next(k for k, kind in NETWORKS.items() if type(getattr(config, player)) is kind)
        values[player] = {"kind": kind, **values[player]}
    return json.dumps({"version": VERSION, **values}, indent=2) + "\n"


def read(cls: type[Config], text: str) -> Config:
    """What `TrainConfig.from_json` gives, of that class; ValueError for what is none."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this configuration is no JSON: {error}") from None
    if not isinstance(values, dict) or not isinstance(values.get("version"), int):
        raise ValueError("this configuration has no version: expected what to_json writes")
    version = values.pop("version")
    if version > VERSION:
        raise ValueError(
            f"this configuration has version {version}, and this wganlab knows {VERSION}: "
            "install a newer wganlab"
        )
    made: Config = _made(cls, values, "")
    return made


def _kind(name: str, values: dict[str, Any]) -> Any:
    """The dataclass of a nested object; a network without `kind` is one that has all its fields."""
    if name not in PLAYERS:
        return Optimizer
    if "kind" in values:
        told = values.pop("kind")
        checks.among(tuple(NETWORKS), **{f"{name}.kind": told})
        return NETWORKS[told]
    fits = (kind for kind in NETWORKS.values() if set(values) <= _fields(kind))
    return next(fits, MLPConfig)


def _fields(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def _made(kind: Any, values: dict[str, Any], prefix: str) -> Any:
    """A dataclass from its JSON object; fields that are missing keep their defaults."""
    fields = _fields(kind)
    for name in values:
        if name not in fields:
            near = difflib.get_close_matches(name, fields, 1)
            raise ValueError(
                f"a configuration has no field {prefix + name!r}"
                + (f": did you mean {prefix + near[0]!r}?" if near else "")
            )
    made = {}
    for name, value in values.items():
        if not prefix and name in (*PLAYERS, *OPTIMIZERS):
            if not isinstance(value, dict):
                raise ValueError(f"{name} = {value!r} in a configuration: expected an object")
            value = dict(value)
            value = _made(_kind(name, value), value, f"{name}.")
        made[name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**made)
    except ValueError as error:
        raise ValueError(f"{prefix}{error}") from None
    except TypeError as error:
        where = prefix.rstrip(".") or "this configuration"
        raise ValueError(f"{where} has a value of the wrong type: {error}") from None
