"""`python -m figures`: what `making` does, and a line when it is stopped, whenever that is."""

import signal
import sys
from typing import Any


def run() -> int:
    """The exit code."""
    heed()
    try:
        import tyro

        from figures.making import Figures, main

        return main(tyro.cli(Figures, prog="python -m figures"))
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is on its way out
        print("figures: stopped; what is finished stays, runs are gone on with", file=sys.stderr)
        return 130


def heed() -> None:
    """Stop on Ctrl-C, also where whoever has started this has it ignored; and where it is ended."""

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


if __name__ == "__main__":
    raise SystemExit(run())
