"""Hostile calls at every door, drawn with a seed: what people bring, and worse.

    python tests/fuzz.py [--calls 1000] [--seed 0] [--only N]

A call may work, or be refused. It passes if

- what refuses is one line of the package's own, never a traceback from inside: in Python the error
  is raised by a line of wganlab, at the command line it is one line and exit code 2;
- no number is silently not finite, and none is below 0 where it is a distance;
- neither an argument nor a file that was there before is changed;
- it takes less than 20 seconds.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import copy
import gzip
import hashlib
import io
import json
import math
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

LONGEST = 20  # seconds
REFUSALS = (ValueError, TypeError, OSError, MemoryError, RuntimeError, ArithmeticError)


class Found(AssertionError):
    """What must not be: a call that breaks one of the promises."""


# what is brought


def _numbers(draw: random.Random, n: int, d: int) -> Any:
    """Points of that shape, most of them ordinary."""
    rng = np.random.default_rng(draw.randrange(2**32))
    made = rng.normal(size=(n, d))
    if draw.random() < 0.3:
        scale = draw.choice([1e-300, 1e-160, 1e-8, 1e6, 1e12, 1e154, 1e300])
        made = made * scale + draw.choice([0, 0, 5e6, 1e12, 2.0**53])
    kind = draw.randrange(12)
    if kind == 0 and made.size:
        made[draw.randrange(n), 0] = draw.choice([math.nan, math.inf, -math.inf, 0.0])
    if kind == 1:
        made = made[:, 0]
    if kind == 2:
        made = np.abs(rng.integers(0, 5, size=(n, d)))
    return made


def _dressed(draw: random.Random, made: Any) -> Any:
    """The same in another dress: a list, a frame, a tensor, a mask, text, a type of its own."""
    dress = draw.randrange(16)
    with np.errstate(all="ignore"):
        if dress == 0:
            return np.asarray(made).tolist()
        if dress == 1:
            return np.asarray(made).astype(draw.choice(["f2", "f4", "i8", "u1", "i2", "c8", "O"]))
        if dress == 2:
            mask = np.zeros(np.shape(made), bool)
            mask.flat[:1] = True
            return np.ma.array(made, mask=mask)
        if dress == 3:
            return np.asarray(made).astype(draw.choice(["U8", "S8", "M8[ns]", "m8[ns]", "?"]))
    if dress == 4:
        import torch

        tensor = torch.as_tensor(np.asarray(made, float))
        kind = draw.choice([torch.float32, torch.bfloat16, torch.float64, torch.int64])
        grad = draw.random() < 0.3 and kind.is_floating_point
        return tensor.to(kind).requires_grad_(grad)
    if dress == 5:
        import pandas

        made = np.asarray(made)
        index = list(range(len(made)))
        draw.shuffle(index)
        columns = draw.choice([None, [f"x{k}" for k in range(np.atleast_2d(made).shape[-1])]])
        if made.ndim == 1:
            return pandas.Series(made, index=index)
        return pandas.DataFrame(made, index=index, columns=columns)
    if dress == 6:
        odd = [[], [[]], [[1], [1, 2]], "abc", None, 3.0, {}, object(), {1.0: 0.5, 2.0: 0.5}, b"1"]
        return draw.choice([*odd, [Fraction(1, 3)] * 3, [10**400], [2**53, 2**53 + 1], [True]])
    if dress == 7:
        import scipy.sparse

        return scipy.sparse.csr_matrix(np.atleast_2d(np.asarray(made, float)))
    if dress == 8:
        return iter(np.asarray(made).tolist())
    return made


def brought(draw: random.Random) -> Any:
    """Anything that somebody may give where an array is expected."""
    return clouds(draw)[draw.randrange(2)]


def clouds(draw: random.Random) -> list[Any]:
    """Two clouds, mostly of one dimension, at most one of them in another dress."""
    d, other = draw.choice([1, 1, 2, 2, 3, 5]), draw.choice([1, 2, 3])
    sizes = [draw.choice([1, 2, 3, 7, 30] if draw.random() < 0.95 else [0]) for _ in range(2)]
    both = [_numbers(draw, n, d if draw.random() < 0.95 else other) for n in sizes]
    if draw.random() < 0.15:
        both[1] = both[0].copy()
    if draw.random() < 0.6:
        k = draw.randrange(2)
        both[k] = _dressed(draw, both[k])
    return both


def weights(draw: random.Random, n: int | None = None) -> Any:
    """Mostly a pmf, at times a damaged one, or none, or in another dress."""
    n = draw.choice([1, 2, 3, 7, 30]) if n is None else n
    made = np.random.default_rng(draw.randrange(2**32)).dirichlet(np.ones(max(n, 1)))
    kind = draw.randrange(12)
    if kind == 0:
        made = made * draw.choice([0, 2, -1, 1e-320, 1e308])
    if kind == 1:
        made[0] = draw.choice([-1e-17, -0.1, math.nan, math.inf])
    if kind == 2:
        return None
    return _dressed(draw, made) if kind < 5 else made


def _length(cloud: Any) -> int | None:
    return len(cloud) if isinstance(cloud, np.ndarray | list) else None


# the promises


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        return before.dtype == after.dtype and before.tobytes() == after.tobytes()
    if hasattr(before, "to_numpy"):
        return before.equals(after)
    return True


def _refused_at_the_door(error: BaseException) -> bool:
    """Did a line of the package raise it, or a check of arguments that is Python's own?"""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if f"{os.sep}wganlab{os.sep}" in frame.filename]
    own = frames[-1].filename == __file__  # wrong names of arguments
    return own or (frames[-1] is inside[-1] and "raise" in (frames[-1].line or ""))


def _checked(result: Any, least: float, infinite: bool) -> None:
    """A result is a number, an array or an object that carries a value."""
    value = getattr(result, "value", result)
    if isinstance(value, int | float | np.number):
        if math.isnan(value) or (math.isinf(value) and not infinite):
            raise Found(f"returned {value}")
        if value < least:
            raise Found(f"returned {value}, less than {least}")


def python_call(draw: random.Random) -> str:
    """One call of an exact function; what it was."""
    from wganlab import exact

    name, options = draw.choice([*DISTANCES, *DIVERGENCES, *PROGRAMS]), {}
    infinite = name in ("kl", "chi2", "wasserstein", "primal", "dual")
    pair = clouds(draw)
    n = draw.choice([1, 2, 3, 7, 30])
    if name in DIVERGENCES:
        pair = [weights(draw, n), weights(draw, n)]
        if "grid" in name and draw.random() < 0.9:
            pair = [one.reshape(-1, 1) if isinstance(one, np.ndarray) else one for one in pair]
    elif name in PROGRAMS:
        matrix = np.random.default_rng(n).uniform(size=(n, 3))
        pair = [_dressed(draw, matrix), weights(draw, n), weights(draw, 3)]
    elif name == "certificate":
        pair = [weights(draw, _length(pair[0])), *pair]
    elif draw.random() < 0.4:
        options = {"a": weights(draw, _length(pair[0])), "b": weights(draw, _length(pair[1]))}
    for option, among in OPTIONS.get(name, {}).items():
        options[option] = copy.deepcopy(draw.choice(among) if draw.random() < 0.3 else among[0])
    least = -math.inf if name in ("certificate", "mmd_squared", *PROGRAMS) else 0.0
    told = f"exact.{name}(*{pair!r}, **{options!r})"
    _called(lambda: getattr(exact, name)(*pair, **options), pair, told, least, infinite)
    return told


DISTANCES = (
    *("emd", "wasserstein", "sliced", "mmd", "mmd_squared", "sinkhorn", "sinkhorn_divergence"),
    *("certificate", "distances"),
)
DIVERGENCES = ("js", "tv", "kl", "chi2", "le_cam", "emd_grid", "grid_transport")
PROGRAMS = ("primal", "dual")
RANDOM = [0, np.random.default_rng(0), -1, 2**64, "a", None]
OPTIONS: dict[str, dict[str, list[Any]]] = {
    "wasserstein": {
        "p": [1, 2, 1.5, 0, -1, math.nan, math.inf, "2", True, 10**9, None, np.float32(2)],
        "metric": ["euclidean", "cosine", "sqeuclidean", None, np.eye(3), abs, "cityblock"],
    },
    "sinkhorn": {"epsilon": [1.0, 0.1, 0, -1, math.nan, math.inf, 1e-9, "1", None, np.eye(2)]},
    "sinkhorn_divergence": {"epsilon": [1.0, 0.1, 0, -1, math.nan, 1e-9, "1"]},
    "sliced": {
        "projections": [5, 0, -1, 2.5, "5", np.eye(2), np.zeros((2, 2)), 10**19],
        "rng": RANDOM,
        "p": [1, 2, 0, -1, math.nan, math.inf, "2"],
    },
    "mmd": {"kernel": ["gaussian", "energy", "laplacian", "x", None], "bandwidth": [1, 0, -1, "a"]},
}


def data_call(draw: random.Random) -> str:
    """One law or source of points, by a hostile word or array."""
    import torch

    from wganlab import data, exact

    kind = draw.randrange(4)
    if kind == 0:
        word = draw.choice(
            [
                *("8gaussians:spread=nan", "8gaussians:modes=10**9", "gaussian:mean=(1,", "swiss"),
                *("gaussian:mean=(1e40, 0)", "cube:dim=10000000000000", ":", "", "8gaussians:"),
                *("parallel_lines:theta=1e308", "25gaussians:spread=-1", "points", "a.csv", "\0"),
            ]
        )
        told = f"data.law({word!r}).sample"
        draws = torch.Generator().manual_seed(0)
        n = draw.choice([1, 0, -1, 2.5, 10**19, "3", None])
        _called(lambda: data.law(word).sample(n, draws).shape[0], [], told)
    elif kind == 1:
        points, shares = brought(draw), draw.choice([None, weights(draw)])
        told = f"data.from_points({points!r}, {shares!r})"
        _called(lambda: data.from_points(points, shares), [points], told)
    elif kind == 2:
        points, shares = brought(draw), weights(draw)
        told = f"exact.Discrete({points!r}, {shares!r})"
        _called(lambda: exact.Discrete(points, shares), [points, shares], told)
    else:
        pair = draw.choice([exact.known.Uniforms, exact.known.Normals, exact.known.Translation])
        ends = draw.choice([(0.0, 1.0), (1, 0), (math.nan, 1), (1e308, -1e308), "ab", (), None])
        name = "shift" if pair is exact.known.Translation else "real"
        told = f"{pair.__name__}({name}={ends!r}).emd"
        _called(lambda: pair(**{name: ends}).emd, [], told)
    return told


def training_call(draw: random.Random) -> str:
    """A run of two iterations, of a configuration that somebody has changed, twice in one place."""
    from dataclasses import replace

    from wganlab import learned

    small = learned.MLPConfig(4)
    changes = {
        "data": ["8gaussians", "cube", "gaussian:mean=(1e30, 0)", "x", "npz:a.npz", 3],
        "batch": [4, 1, 0, 10**19, 2.5],
        "constraint": ["gp", "clip", "sn", "orthonormal", "none", "x", None],
        "objective": ["wasserstein", "hinge", "emd", "f-kl", "x"],
        "clip": [0.01, 0, -1, math.nan, 1e300],
        "weight": [10.0, -1, math.nan, 1e300],
        "noise": [0.0, -1, math.inf, 1e30],
        "latent": [2, 0, 10**19],
        "critic_optimizer": [learned.Optimizer(lr=1e30), learned.Optimizer(lr=0.1), None, "adam"],
        "seed": [0, 2**63 - 1, 2**64, -1, "a"],
    }
    drawn = {name: draw.choice(changes[name]) for name in draw.sample(sorted(changes), 1)}
    drawn |= {"seed": draw.randrange(9)} | drawn
    told = f"learned.train of {drawn!r}"

    def made() -> Any:
        plain = learned.TrainConfig(critic=small, generator=small, batch=4, iterations=2, every=1)
        run = learned.train(replace(plain, **drawn), progress=False, device="cpu")
        return run.history[-1]["estimate"]

    _called(made, [], told, least=-math.inf)
    return told


def critic_call(draw: random.Random) -> str:
    """One critic, of any kind, laid beside the exact distance."""
    import torch
    from torch import nn

    from wganlab import compare, learned

    rng = np.random.default_rng(draw.randrange(2**32))
    d = draw.choice([1, 2, 3])
    x, y = rng.normal(size=(2, 12, d)) * draw.choice([1, 1, 1e6, 1e-6]) + draw.choice([0, 0, 1e7])
    critics: list[Any] = [
        nn.Linear(d, 1),
        nn.Linear(d, 1).double(),
        nn.Linear(d, 1).bfloat16(),
        nn.Linear(d + 1, 1),
        nn.Linear(d, 2),
        nn.Sequential(nn.Linear(d, 4), nn.Dropout(0.5), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(d, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)),
        nn.utils.parametrizations.spectral_norm(nn.Linear(d, 1)),
        lambda z: z[:, 0],
        lambda z: z.__imul__(2)[:, 0],
        lambda z: None,
        lambda z: (z[:, 0], z),
        lambda z: torch.rand(len(z)) if isinstance(z, torch.Tensor) else rng.random(len(z)),
        lambda z: z[:, 0] * math.nan,
        lambda *, z: z[:, 0],
        "wgan",
        None,
        3,
    ]
    critic = draw.choice(critics)
    if draw.random() < 0.5:
        told = f"compare.critic_vs_exact({critic!r}, {x[:1]!r} ..., {y[:1]!r} ...)"
        found = _called(lambda: compare.critic_vs_exact(critic, x, y), [x, y], told)
        if found is not None and found.certificate > found.exact:
            raise Found(f"certificate {found.certificate} exceeds {found.exact}: {told}")
        return told
    pair = [_dressed(draw, x), _dressed(draw, y)]
    options: dict[str, Any] = {"steps": draw.choice([1, 2])}
    if draw.random() < 0.1:
        options["steps"] = draw.choice([0, -1, 2.5, 10**19, "3", None])
    if draw.random() < 0.2:
        options["seed"] = draw.choice([0, 1, -1, 2**64, 1.5, "a", None])
    if draw.random() < 0.2:
        options["batch"] = draw.choice([0, 3, 10**19, -1, 2.5])
    kinds = ["gp", "lp", "clip", "sn", "orthonormal", "none", "ctransform"]
    kinds += ["cowgan", "mm", "mm-r", "ls"]
    name = draw.choice(kinds)
    if name in learned.METHODS:
        options["constraint"] = learned.METHODS[name].constraint
    told = f"learned.fit_critic(*{pair!r}, **{options!r})"
    _called(lambda: learned.fit_critic(*pair, **options), pair, told)
    return told


def config_call(draw: random.Random) -> str:
    """One configuration of a run, as JSON that somebody has edited."""
    from wganlab import learned

    config = json.loads(draw.choice(list(learned.PRESETS.values())).to_json())
    place = draw.choice(list(config))
    odd = [None, -1, 0, 1.5, math.nan, math.inf, 10**19, 2**64, "x", "", [], {}, {"folds": 3}, True]
    config[place] = draw.choice(odd)
    told = f"TrainConfig.from_json with {place} = {config[place]!r}"
    _called(lambda: learned.TrainConfig.from_json(json.dumps(config)), [], told)
    return told


def _called(
    call: Callable[[], Any],
    given: list[Any],
    told: str,
    least: float = 0.0,
    infinite: bool = False,
) -> Any:
    before = [one if hasattr(one, "__next__") else copy.deepcopy(one) for one in given]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a note is not silent
            result = call()
    except Found:
        raise
    except Exception as error:
        if not isinstance(error, REFUSALS) or not _refused_at_the_door(error):
            raise Found(f"{type(error).__name__} from inside: {error}; {told}") from error
        if "\n" in str(error).strip():
            raise Found(f"more than a line: {error}; {told}") from error
        return None
    finally:
        for one, other in zip(before, given, strict=True):
            if not _same(one, other):
                raise Found(f"an argument was changed: {told}")
    try:
        _checked(result, least, infinite)
    except Found as found:
        raise Found(f"{found}; {told}") from None
    return result


# the command line

TEXTS = {
    "good.csv": "x,y\n" + "".join(f"{k},{k * k % 7}\n" for k in range(20)),
    "plain.csv": "".join(f"{k * k % 11}\n" for k in range(20)),
    "index.csv": ",x,y\n" + "".join(f"{k},{k % 3},{k % 5}\n" for k in range(20)),
    "weights.csv": "x,y,weight\n" + "".join(f"{k},{k % 3},{k % 5 + 1}\n" for k in range(20)),
    "labels.csv": "x,y,label\n" + "".join(f"{k},{k % 3},{'ab'[k % 2]}\n" for k in range(20)),
    "comma.txt": "1,5 2,5\n3,5 4,5\n",
    "semicolon.csv": "sep=;\nx;y\n1;2\n3;4\n",
    "quoted.csv": 'x,y\n"1,234",2\n"2,345",3\n',
    "nan.csv": "x,y\n1,2\nnan,3\n",
    "ragged.csv": "1,2\n3\n4,5,6\n",
    "one.csv": "1,5",
    "empty.csv": "",
    "header.csv": "x,y\n",
    "words.csv": "to be\nor not\n",
    "wide.csv": "1" * 200_000 + "\n",
    "huge.csv": "1e400\n2\n",
    "notes.md": "# mine\n",
    "environment.json": "{}\n",
}


def files(folder: Path, draw: random.Random) -> list[str]:
    """A folder of files as people have them; their names."""
    rng = np.random.default_rng(draw.randrange(2**32))
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    (folder / "binary.csv").write_bytes(bytes(range(256)))
    (folder / "packed.csv.gz").write_bytes(gzip.compress(TEXTS["good.csv"].encode()))
    (folder / "cut.npy").write_bytes(b"\x93NUMPY\x01\x00")
    np.save(folder / "cloud.npy", rng.normal(size=(20, 2)))
    np.save(folder / "line.npy", rng.normal(size=20))
    np.save(folder / "far.npy", 5e6 + rng.uniform(size=(20, 2)))
    np.save(folder / "hole.npy", np.array([[1.0, math.nan]]))
    np.save(folder / "words.npy", np.array(["a", "b"]))
    np.savez(folder / "laws.npz", points=rng.normal(size=(20, 2)), weights=np.full(20, 0.05))
    np.savez(folder / "two.npz", real=rng.normal(size=(20, 2)), fake=rng.normal(size=(20, 2)))
    np.savez(folder / "deep.npz", images=rng.integers(0, 4080, (20, 8, 8)).astype("u2"))
    np.savez(folder / "small.npz", images=rng.integers(0, 255, (20, 8, 8)).astype("u1"))
    (folder / "$x^{<!--.csv").write_text(TEXTS["good.csv"])
    os.mkfifo(folder / "pipe.csv")
    shutil.copytree(kept_run(), folder / "run")
    (folder / "inside").mkdir()
    return sorted(path.name for path in folder.iterdir())


@cache
def kept_run() -> Path:
    """A run of two iterations, to be copied."""
    from wganlab import cli

    place = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    small = ["--critic.width", "4", "--generator.width", "4", "--batch", "4", "-n", "20"]
    with contextlib.redirect_stdout(io.StringIO()):
        cli.main(["train", *small, "--iterations", "2", "--run", str(place / "run")])
    return place / "run"


def _option(draw: random.Random, **values: list[str]) -> list[str]:
    """Some options, the first value of each more often than the others."""
    given = []
    for name, among in values.items():
        if draw.random() < 0.3:
            value = among[0] if draw.random() < 0.5 else draw.choice(among)
            given += [f"--{name.replace('_', '-')}", value]
    return given


HUGE = ["10000000000000000000", "18446744073709551616"]
NUMBERS = ["2", "1", "30", "0", "-1", "nan", "1e9", "2.5", *HUGE]
SMALL = ["2", "1", "0", "-1", "x", *HUGE]
COMMANDS = {"distance": 6, "compare": 2, "train": 2, "sample": 2, "data": 1, "runs": 1, "known": 1}
FLAT = ("good.csv", "cloud.npy", "laws.npz", "far.npy", "weights.csv", "two.npz[real]")


def arguments(draw: random.Random, names: list[str]) -> list[str]:
    """One command, its inputs and options drawn from the folder and from the hostile."""
    sets = ["mnist10k[3]", "glyphs[A]", "npz:small.npz", "npz:deep.npz", "folder:inside", "hub:"]
    source = [*names, *sets, "missing.csv", "-", "/dev/null", "", "two.npz[real]"]

    def one() -> str:
        return draw.choice(FLAT if draw.random() < 0.7 else source)

    def run() -> str:
        return "run" if draw.random() < 0.7 else one()

    new = ["new.npz", "new.csv", "new.npy", "new.png"]
    out = draw.choice(new if draw.random() < 0.5 else [*names, *new, "missing/new.csv", "new.exe"])
    command = draw.choices([*COMMANDS], [*COMMANDS.values()])[0]
    if command == "distance":
        options = _option(draw, max_points=NUMBERS, seed=NUMBERS, plan=[out], columns=["x,y", "x"])
        options += _option(draw, weights=["weight", "y", "3", ""])
        return [command, one(), one(), *options, *(["--json"] if draw.random() < 0.3 else [])]
    if command == "compare":
        given = ["--points", one(), one()] if draw.random() < 0.7 else ["--pair", "normals"]
        options = _option(draw, out=[out], constraint=["gp", "none", "x", "clip,none"], n=SMALL)
        return [command, *given, "--seeds", "1", "--steps", "2", "--jobs", "1", *options]
    if command == "train":
        if draw.random() < 0.3:
            return [command, "--resume", run(), *_option(draw, iterations=NUMBERS, seed=["1"])]
        options = _option(draw, run=["new", out], seed=NUMBERS, every=SMALL, batch=SMALL, n=SMALL)
        options += _option(draw, columns=["x", "1"], weights=["weight", "y"])
        options += _option(draw, preset=["wgan", "gan", "wgan-lp", "x"], lr=["0.1", "nan", "-1"])
        return [command, "--data", one(), "--quick", "--iterations", "1", *options]
    if command == "sample":
        return [command, run(), "-o", out, *_option(draw, n=SMALL, seed=NUMBERS)]
    if command == "known":
        name = draw.choice(["normals", "uniforms", "funnels", "cones", "x", "translation"])
        return [command, name, *_option(draw, dimension=NUMBERS, shift=NUMBERS)]
    if command == "data":
        return [
            command,
            draw.choice(["show", "list", "x"]),
            *[draw.choice(sets)][: draw.randrange(3)],
        ]
    return [command, draw.choice([".", run()]), *(["--json"] if draw.random() < 0.5 else [])]


def command_call(draw: random.Random) -> str:
    """One command in a folder of files, of which none is changed."""
    from wganlab import cli

    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        folder = Path(place)
        argv = arguments(draw, files(folder, draw))
        told = f"wganlab {' '.join(map(repr, argv))}"
        before = _contents(folder)
        out, complaint = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(complaint),
            _stdin(""),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("default", UserWarning)  # a note is a line
            try:
                code = cli.main(argv)
            except SystemExit as stop:
                code = stop.code or 0
            except Exception as error:
                raise Found(f"{type(error).__name__} from inside: {error}; {told}") from error
        after = _contents(folder)
        changed = [name for name, found in before.items() if after.get(name) != found]
        if changed:
            raise Found(f"{', '.join(changed)} changed: {told}")
        _judged(code, out.getvalue(), complaint.getvalue(), told)
    return told


def _judged(code: int, out: str, complaint: str, told: str) -> None:
    if code not in (0, 2):
        raise Found(f"exit code {code}: {complaint}; {told}")
    errors = [line for line in complaint.splitlines() if line.startswith("wganlab: error: ")]
    if (code == 2) != (len(errors) == 1) or "Traceback" in complaint:
        raise Found(f"exit code {code} with {complaint!r}; {told}")
    if re.search(r"\b-?nan\b", out, re.IGNORECASE) and "nan" not in told:
        raise Found(f"printed nan: {out}; {told}")


@contextlib.contextmanager
def _stdin(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(text.encode()))
    try:
        yield
    finally:
        sys.stdin = before


def _contents(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


# one after the other


KINDS = {
    python_call: 6,
    data_call: 2,
    critic_call: 3,
    config_call: 1,
    training_call: 1,
    command_call: 5,
}


def call(seed: int, number: int) -> str:
    """The call of that number under that seed, in at most 20 seconds; what it was."""
    draw = random.Random(f"{seed}-{number}")
    kind = draw.choices([*KINDS], [*KINDS.values()])[0]

    def late(*_: Any) -> None:
        raise Found(f"took more than {LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    try:
        with np.errstate(all="ignore"):
            return kind(draw)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> None:
    """All calls, and what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the call of this number alone, and its traceback")
    asked = parser.parse_args()
    numbers = range(asked.calls) if asked.only is None else [asked.only]
    failed = 0
    for number in numbers:
        try:
            told = call(asked.seed, number)
        except Exception as found:
            failed += 1
            if asked.only is not None:
                raise
            print(f"{number}: {str(found)[:700]}", flush=True)
        else:
            if asked.only is not None:
                print(told)
    print(f"{failed} of {len(numbers)} calls break a promise")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
