"""Faults on purpose: what share of them do the tests notice?

    python tests/mutants.py [--only WORD] [--again] [--results FILE]

Each mutant is one plausible slip in one file: a sign, a forgotten half, a minimum for a maximum, a
step that is not taken. The tree is copied, one mutant at a time is put into the copy, and the tests
that should know are run until the first fails: the quick ones, then the slow ones. Results are kept
in a file and are not computed again for the same source; survivors are named at the end.

The packages that tests load are loaded once, and every mutant has a fork of that process: a
mutant takes the seconds of its tests.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mutations import MUTATIONS

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 5.0  # times what the tests take without a fault; whoever waits longer has noticed
LOADED = ("numpy", "scipy.stats", "scipy.optimize", "torch", "ot", "matplotlib.pyplot", "pytest")


@dataclass(frozen=True)
class Mutant:
    """One fault: in `file`, whose text is `source`, `old` becomes `new`; `tests` should notice."""

    file: str
    source: str
    old: str
    new: str
    tests: tuple[str, ...]

    def __post_init__(self) -> None:
        count = self.source.count(self.old)
        if count != 1 or self.old == self.new:
            raise ValueError(f"{self.file} has {count} times {self.old!r}, expected 1")

    @property
    def mutated(self) -> str:
        """The file with the fault."""
        return self.source.replace(self.old, self.new)

    @property
    def key(self) -> str:
        """Of its result: another fault, another file, another key."""
        return hashlib.sha256(f"{self.file}\0{self.mutated}".encode()).hexdigest()[:16]

    def __str__(self) -> str:
        line = self.source[: self.source.index(self.old)].count("\n") + 1
        return f"{self.file}:{line}: {_line(self.old)}  ->  {_line(self.new)}"


def _line(text: str) -> str:
    return " ⏎ ".join(part.strip() for part in text.splitlines())


def mutants(tree: Path = ROOT) -> Iterator[Mutant]:
    """All of them, as `mutations` lists them, of the sources in that tree."""
    for file, (tests, faults) in MUTATIONS.items():
        source = (tree / file).read_text(encoding="utf-8")
        for old, new, *own in faults:
            yield Mutant(file, source, old, new, tuple(own or tests))


def copied(folder: Path) -> Path:
    """What git knows of, in its present state, without what Python has compiled."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    return folder


@dataclass
class Judge:
    """The tests of a tree: the quick ones of a mutant, and where they see nothing the slow ones."""

    tree: Path
    seconds: dict[tuple[tuple[str, ...], str], float] = field(default_factory=dict)

    def __call__(self, mutant: Mutant) -> str:
        """How the tests end with the fault: passed, failed, broken or too slow."""
        ended = "passed"
        for which in ("not slow", "slow"):
            longest = 60 + PATIENCE * self.without(mutant.tests, which)
            (self.tree / mutant.file).write_text(mutant.mutated, encoding="utf-8")
            try:
                ended = tested(self.tree, mutant.tests, which, longest)
            finally:
                (self.tree / mutant.file).write_text(mutant.source, encoding="utf-8")
            if ended != "passed":
                break
        return ended

    def without(self, tests: tuple[str, ...], which: str) -> float:
        """Seconds that tests take without a fault, which they must pass."""
        if (tests, which) not in self.seconds:
            began = time.monotonic()
            if (ended := tested(self.tree, tests, which, 3600)) != "passed":
                raise SystemExit(f"without a fault {', '.join(tests)} ({which}): {ended}")
            self.seconds[tests, which] = time.monotonic() - began
        return self.seconds[tests, which]


def tested(tree: Path, tests: tuple[str, ...], which: str, longest: float) -> str:
    """How tests of that tree end in a fork: passed, failed, broken or too slow."""
    child = os.fork()
    if child == 0:
        status = 9
        try:
            os.setpgid(0, 0)
            status = _run(tree, tests, which)
        finally:
            os._exit(status)
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            told = {0: "passed", 1: "failed"}
            return told.get(os.waitstatus_to_exitcode(status), "broken")
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "too slow"


def _run(tree: Path, tests: tuple[str, ...], which: str) -> int:
    import pytest

    os.chdir(tree)
    sys.path[:0] = [str(tree), str(tree / "tests")]
    out = os.open(os.devnull, os.O_WRONLY)
    os.dup2(out, 1)
    os.dup2(out, 2)
    files = [f"tests/test_{name}.py" for name in tests]
    ended = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", which, *files]))
    return 0 if ended == 5 else ended  # 5: there is no such test


def main() -> None:
    """Every mutant, and the share that was noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="those whose line holds this")
    parser.add_argument("--again", action="store_true", help="those that survived, once more")
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "mutants.json")
    asked = parser.parse_args()
    results = json.loads(asked.results.read_text()) if asked.results.exists() else {}
    sys.dont_write_bytecode = True  # of two faults within a second the first would be run twice
    sys.path = [place for place in sys.path if Path(place or ".").resolve() != ROOT]
    for name in LOADED:
        __import__(name)
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        chosen = [mutant for mutant in mutants(tree) if asked.only in str(mutant)]
        due = [one for one in chosen if asked.again and results.get(one.key) == "passed"]
        due += [one for one in chosen if one.key not in results]
        judge = Judge(tree)
        for mutant in due:
            results[mutant.key] = judge(mutant)
            asked.results.parent.mkdir(parents=True, exist_ok=True)
            asked.results.write_text(json.dumps(results, indent=1))
            print(f"{results[mutant.key]:<8}  {mutant}", flush=True)
    survived = [mutant for mutant in chosen if results[mutant.key] == "passed"]
    share = 1 - len(survived) / len(chosen)
    print(f"\n{len(chosen) - len(survived)} of {len(chosen)} noticed: {share:.1%}")
    for mutant in survived:
        print(f"survived  {mutant}")


if __name__ == "__main__":
    main()
