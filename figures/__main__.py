"""`python -m figures`: what `making` does, and a line when it is stopped, whenever that is.

`python -m figures record` is `long_runs`, `python -m figures verify` is `verify`.
"""

import signal
import sys
from typing import Any


def run() -> int:
    """The exit code."""
    heed()
    try:
        return asked(sys.argv[1:])
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is on its way out
        print("figures: stopped; what is finished stays, runs are gone on with", file=sys.stderr)
        return 130


def asked(arguments: list[str]) -> int:
    """Do one of the three; the exit code."""
    import tyro

    if arguments[:1] not in (["record"], ["verify"]):
        from figures.making import Figures, main

        return main(tyro.cli(Figures, args=arguments, prog="python -m figures"))
    from figures.long_runs import Keep
    from figures.verify import Verify

    name, *options = arguments
    kind: type[Keep] | type[Verify] = Keep if name == "record" else Verify
    try:
        return tyro.cli(kind, args=options, prog=f"python -m figures {name}").run()
    except (ValueError, OSError) as error:
        print(f"figures {name}: {error}", file=sys.stderr)
        return 2


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
