"""The command line: `python -m wganlab COMMAND`, also installed as `wganlab`.

Results go to standard output, progress to standard error. An error is one line and exit code 2.
Nothing heavy is imported before it is needed: torch is loaded only by `compare`, `bracket`,
`train`, `sample` and `doctor`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated, Any, Union

import tyro
from tyro.conf import AvoidSubcommands, FlagCreatePairsOff, subcommand

from wganlab import __version__
from wganlab.commands import on_laws
from wganlab.commands.bracket import TRUTHLESS, Bracket, BracketOptions
from wganlab.commands.compare import Compare
from wganlab.commands.data import SUBCOMMANDS, Data
from wganlab.commands.distance import Distance
from wganlab.commands.doctor import Doctor
from wganlab.commands.known import OPTIONS, Known, evaluate, known_kinds
from wganlab.commands.runs import Runs
from wganlab.commands.sample import Sample
from wganlab.commands.train import Train
from wganlab.names import printed
from wganlab.writing import why

# what torch's allocators, writer and reading of numbers say, in errors of a type for everything
MEMORY = re.compile(
    "out of memory|can't allocate memory|not enough memory|Unable to allocate", re.I
)
UNWRITTEN = re.compile("PytorchStreamWriter|unexpected pos|No space left", re.I)
TOO_LARGE = re.compile("Overflow when unpacking|calculation overflow|int too (large|big)", re.I)
TORCHRUN = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "LOCAL_RANK")  # it sets them all
MOMENT = 2.0  # seconds in which the first of several processes tells its error before the others
FAILURES = (ValueError, OSError, RuntimeError, MemoryError, ArithmeticError, ModuleNotFoundError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    _never_choke()
    try:
        _run(list(sys.argv[1:] if argv is None else argv) or ["--help"])
        code = 0
    except BrokenPipeError:
        code = 141  # whoever read has left, as `head` does: 128 + SIGPIPE, what a shell reports
    except FAILURES as error:
        if _told_elsewhere(error):
            return 0
        with contextlib.suppress(OSError):
            _flush()  # what was found, before what went wrong
        print(f"wganlab: error: {printed(_told(error))}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt as stop:
        if _told_elsewhere(stop):
            return 0
        print(printed(": ".join(["wganlab: interrupted", *map(str, stop.args)])), file=sys.stderr)
        code = 130
    try:
        _flush()
    except OSError:  # told above; Python would tell it again on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _never_choke() -> None:
    """A letter that an output cannot encode is spelled out: nothing is lost for a sign."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _told(error: BaseException) -> str:
    """What went wrong, on one line, and of memory and disks what to do."""
    told = " ".join(str(error).split())
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and MEMORY.search(told)):
        detail = f" ({told[:200]})" if told else ""
        return (
            f"out of memory{detail}: give fewer points or iterations, smaller batches, images or "
            "networks, or use a machine with more memory"
        )
    if TOO_LARGE.search(told):
        return f"a size or seed is too large: give one below 2**63 ({told})"
    if isinstance(error, RuntimeError) and UNWRITTEN.search(told):
        return f"a file was not written whole: is the disk full? free some room ({told[:200]})"
    if isinstance(error, ArithmeticError):
        return f"these parameters are too extreme for float64 ({told})"
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        named = [str(name) for name in (error.filename, error.filename2) if name is not None]
        return ": ".join([*named, why(error)])
    return told or type(error).__name__


def _told_elsewhere(error: BaseException) -> bool:
    """Is this one of several processes, of which the first tells the same?

    Such a process leaves a moment later, or in peace where all have agreed to end: of a failure,
    torchrun would end the first before it has told.
    """
    if not all(name in os.environ for name in TORCHRUN) or os.environ["RANK"] == "0":
        return False
    if isinstance(error, KeyboardInterrupt):
        return True
    if type(error).__name__ in ("ToldElsewhereError", "RunDivergedError"):
        return True
    time.sleep(MOMENT)
    return False


def _run(argv: list[str]) -> None:
    if argv == ["--version"]:
        print(f"wganlab {__version__}")
    else:
        with _plain_warnings():
            _parse(argv)()
    _flush()


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """A line each, without the place in the code, and each once."""
    before, told = warnings.formatwarning, set[str]()

    def line(message: Warning | str, *_: Any, **__: Any) -> str:
        text = f"wganlab: {printed(message)}\n"
        if text in told:
            return ""
        told.add(text)
        return text

    warnings.formatwarning = line
    try:
        yield
    finally:
        warnings.formatwarning = before


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _parse(argv: list[str]) -> Callable[[], None]:
    """What `argv` asks for, to be run; a usage error is a ValueError of one line."""
    if argv[0] == "known" and argv[1:2] in (["-h"], ["--help"]):
        argv = ["known", *argv[2:], argv[1]]  # the help of a pair, where one is named
    if argv[0] == "known" and len(argv) > 1 and not argv[1].startswith("-"):
        return partial(evaluate, _pair(argv[1], argv[2:], prog=f"wganlab known {argv[1]}"))
    if argv[0] == "compare":
        compare, rest = _parsed(Compare, argv[1:], "wganlab compare", return_unknown_args=True)
        if compare.pair:
            prog = f"wganlab compare --pair {compare.pair}"
            pairs = _pairs(compare.pair, rest, prog)
            if compare.laws or len(pairs) > 1:
                return partial(on_laws.run, compare, pairs)
            return partial(compare.run, pairs[0])
        if compare.laws:
            raise ValueError("--laws needs laws that are known: give a --pair")
        if rest:
            raise ValueError(f"there is no option {rest[0]}; see wganlab compare --help")
        return compare.run
    if argv[0] == "bracket" and argv[1:]:
        return _bracket(argv[1:])
    if argv[0] == "train":
        return _train(argv[1:])
    if argv[0] == "data":
        options, prog = argv[1:] or ["--help"], "wganlab data"
        kinds = _commands(SUBCOMMANDS, brief=len(options) == 1)
        asked = f"{prog} {options[0]}" if options[0] in SUBCOMMANDS else prog
        return _parsed(kinds, options, prog, asked, description=Data.__doc__).run
    about = (
        "Exact distances between laws, and learned critics beside them: a lab for Wasserstein "
        "GANs. --version prints the version."
    )
    asked = f"wganlab {argv[0]}" if argv[0] in _KINDS else "wganlab"
    kinds = _commands(_KINDS, brief=len(argv) == 1)
    return _parsed(kinds, argv, "wganlab", asked, description=about).run


def _pair(name: str, options: list[str], prog: str) -> Any:
    """The known pair of that name, its parameters read from `options`."""
    kinds = known_kinds()
    kind = kinds.get(name.replace("_", "-"))
    if kind is None:
        raise ValueError(f"there is no pair {name!r}: choose from {', '.join(kinds)}")
    asked = OPTIONS.get(kind.__name__, kind)
    read = _parsed(asked, options, prog, description=f"P and Q: {kind.law}.")
    return read.pair() if type(read) in OPTIONS.values() else read


def _pairs(name: str, options: list[str], prog: str) -> list[Any]:
    """The same, one for each of the dimensions that --dimension lists."""
    listed = _value(options, "--dimension") or ""
    if "," not in listed:
        return [_pair(name, options, prog)]
    dimensions = dict.fromkeys(part.strip() for part in listed.split(","))
    if "" in dimensions:
        raise ValueError(f"--dimension {listed}: give whole numbers, separated by commas")
    place = next(k for k, option in enumerate(options) if option.startswith("--dimension"))
    width = 1 if "=" in options[place] else 2
    return [
        _pair(name, [*options[:place], "--dimension", d, *options[place + width :]], prog)
        for d in dimensions
    ]


def _bracket(options: list[str]) -> Callable[[], None]:
    """`bracket A B`, or with --pair and the options of that pair."""
    if any(option.partition("=")[0] == "--lipschitz" for option in options):
        raise ValueError(f"--lipschitz: {TRUTHLESS}")
    name = _value(options, "--pair")
    if name is None:
        return _parsed(Bracket, options, "wganlab bracket").run
    prog = f"wganlab bracket --pair {name}"
    asked, rest = _parsed(BracketOptions, options, prog, return_unknown_args=True)
    return partial(asked.of_pairs, _pairs(name, rest, prog))


def _train(options: list[str]) -> Callable[[], None]:
    """`train`: options of its own, and every field of the preset's configuration."""
    helps = {"-h", "--help"}
    own = [option for option in options if option not in helps]
    asked, further = _parsed(Train, own, "wganlab train", return_unknown_args=True)
    if asked.resume is not None and not helps & {*options}:
        return partial(asked.go_on, options, further)
    kind = asked.options()
    default = kind(Train(), asked.preset_config(_value(further, "--data")))
    both = _parsed(kind, options, "wganlab train", description=Train.__doc__, default=default)
    config = both.command.of_epochs(both.command.of_columns(both.config), further)
    return partial(both.command.run, config)


def _value(options: list[str], name: str) -> str | None:
    """What is given for an option, in either way of writing; None where it is not."""
    for place, option in enumerate(options):
        if option == name and place + 1 < len(options):
            return options[place + 1]
        if option.startswith(f"{name}="):
            return option.partition("=")[2]
    return None


def _parsed(kind: Any, argv: list[str], prog: str, asked: str = "", **options: Any) -> Any:
    """What tyro makes of `argv`; its error box becomes a ValueError that names `asked`."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                kind, prog=prog, args=argv, config=(FlagCreatePairsOff, AvoidSubcommands), **options
            )
    except SystemExit as stop:
        if not stop.code:
            _flush()
            raise
        told = _one_line(complaint.getvalue())
        raise ValueError(f"{told}; see {asked or prog} --help") from None


_KINDS = {
    "distance": Distance,
    "compare": Compare,
    "bracket": Bracket,
    "train": Train,
    "sample": Sample,
    "data": Data,
    "runs": Runs,
    "known": Known,
    "doctor": Doctor,
}


def _commands(commands: dict[str, Any], brief: bool) -> Any:
    """Commands as one type for tyro; `brief` describes each by its first line alone."""
    kinds = [
        Annotated[
            kind, subcommand(name, description=str(kind.__doc__).split("\n")[0] if brief else None)
        ]
        for name, kind in commands.items()
    ]
    return Union[tuple(kinds)]  # noqa: UP007  (built at run time)


def _one_line(box: str) -> str:
    """What a tyro error box says, and what it proposes, without the box (drawn or in ASCII)."""
    lines = [line.strip("│|╭╮╰╯+ ") for line in box.splitlines()[1:-1]]
    told = [part.strip() for part in re.split(r"[─-]{4,}", " ".join(lines))]
    told = [part for part in told if part and not part.startswith(("For full", "Argument help"))]
    return re.sub(r" in wganlab [\w -]*--help", "", "; ".join(told)).rstrip(".")
