"""How a run of the command `train` ends: drawn and told, or stopped with what is kept of it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from wganlab.commands import attribute_table, run_bracket, text_table
from wganlab.names import printed
from wganlab.report import aligned, shown, spinner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from wganlab.learned import RunFolder
    from wganlab.learned.distributed import LostError
    from wganlab.learned.runs.view import Row


def guarded(folder: Path, work: Callable[[], Any]) -> None:
    """Do it; where it is stopped, say what is kept and how to go on."""
    from wganlab.learned.runs.interruption import as_ctrl_c

    with as_ctrl_c():
        _guarded(folder, work)


def _guarded(folder: Path, work: Callable[[], Any]) -> None:
    from wganlab.learned import RunDivergedError
    from wganlab.learned.distributed import LostError, world
    from wganlab.learned.runs.interruption import hear_no_end
    from wganlab.learned.runs.keeping import NotKeptError

    first = world().first
    try:
        work()
    except (LostError, KeyboardInterrupt) as stop:
        error = _lost(stop)
        if error is None:
            raise (_interrupted(folder) if first else stop) from None
        hear_no_end()  # torchrun ends all processes where one has ended
        kept = where(folder)
        how = f"go on by the same torchrun with train --resume {folder}, on fewer processes too"
        told = f"{error}; the last checkpoint is {kept}: {how}" if kept else str(error)
        raise LostError(f"process {world().rank} of {world().size}: {told}") from None
    except RunDivergedError as error:
        if not first:
            raise
        draw_what_there_is([folder])
        kept = where(folder)
        kept = f"the last checkpoint is {kept}" if kept else "there was no checkpoint yet"
        raise RuntimeError(f"{error}; {kept}") from None
    except NotKeptError as error:
        kept = where(folder)
        how = f"the last checkpoint is {kept}; go on by python -m wganlab train --resume {folder}"
        raise NotKeptError(f"{error}; {how}" if kept else str(error)) from None


def _lost(stop: BaseException | None) -> LostError | None:
    """The `LostError` that this is, or that was on its way when torchrun's SIGTERM came."""
    from wganlab.learned.distributed import LostError

    while stop is not None and not isinstance(stop, LostError):
        stop = stop.__context__
    return stop


def _interrupted(folder: Path) -> KeyboardInterrupt:
    """Drawn what there is; says what is kept and how to go on."""
    draw_what_there_is([folder])
    told = where(folder)
    how = f"go on by python -m wganlab train --resume {folder}"
    return KeyboardInterrupt(*[f"{told}; {how}"] if told else [])


def where(folder: Path) -> str:
    """`runs/NAME at iteration 100` for the last checkpoint, nothing where there is none."""
    from wganlab.learned import RunFolder

    try:
        reached = RunFolder(folder).reached()
    except (ValueError, OSError):  # no news beside why the run was stopped
        return ""
    return "" if reached is None else f"{folder} at iteration {reached:,}"


def finish(
    folders: Sequence[Path], bracket: str = "no", device: str = "auto", told: Sequence[str] = ()
) -> None:
    """Draw and print them, with the bracket that --bracket asks for; `told` goes below."""
    from wganlab.learned import RunFolder
    from wganlab.learned.runs.interruption import as_ctrl_c

    for folder in folders:
        try:
            with as_ctrl_c(), spinner("drawing"):
                draw(RunFolder(folder))
        except KeyboardInterrupt:
            how = f"{folder} is at its end; draw it by python -m wganlab train --resume {folder}"
            raise KeyboardInterrupt(how) from None
    if not folders:
        return
    stopped, notes, attributes = False, [], []
    try:
        with as_ctrl_c():
            with spinner("reading attributes"):
                attributes = [told for told in map(attribute_table.tell, folders) if told]
            notes = run_bracket.find(folders, bracket, device)
    except KeyboardInterrupt:
        stopped = True
    runs = [(folder, RunFolder(folder)) for folder in folders]
    notes = [*told, *remarks(runs), *map(printed, notes)]
    lines = ["\n\n".join([table(runs), *attributes]), *([""] if notes else []), *notes]
    print("\n".join(lines))
    if stopped:
        raise KeyboardInterrupt("the run is at its end; what is told of it is as far as it came")


def draw_what_there_is(folders: Sequence[Path]) -> None:
    """Of runs that were stopped; what cannot be drawn of them is no news beside why they were."""
    from wganlab.learned import RunFolder

    for kept in map(RunFolder, folders):
        with contextlib.suppress(KeyboardInterrupt, OSError, ValueError, ArithmeticError):
            if kept.rows():
                draw(kept)


def draw(kept: RunFolder) -> None:
    """samples.png, curve.png and player.html in the folder of a run; of text samples.txt and
    curve.png."""
    import numpy as np
    import torch

    from wganlab import pictures
    from wganlab.learned.runs.sign import remark

    config, rows = kept.located(), kept.rows()
    iteration = int(rows[-1]["iteration"])
    fake = np.load(_samples(kept, rows[-1]))
    if config.of_text:
        text_table.write_lines(kept.path / "samples.txt", kept.alphabet().decode(fake))
        pictures.draw_curve(kept.path / "curve.png", rows, config)
        return
    title = f"{config.objective}, {config.constraint}, {config.data}: iteration {iteration:,}"
    note = remark(rows, config)
    title += "\nthe estimate has the wrong sign" if note else ""
    files = {int(row["iteration"]): _samples(kept, row) for row in rows}
    frames = [(step, np.load(file)) for step, file in files.items() if file.is_file()]
    law, draws = config.law(), torch.Generator().manual_seed(config.seed)
    real: NDArray[Any]
    if config.of_images:
        classes = len(kept.data().get("classes", ()))
        pictures.draw_generated(kept.path, law, fake, title, classes)
        real = pictures.real_images(law, len(fake))
    else:
        real = law.sample(len(fake), draws).numpy()
        pictures.draw_sheet(kept.path / "samples.png", real, fake, title)
    pictures.draw_curve(kept.path / "curve.png", rows, config)
    pictures.write_player(kept.path / "player.html", real, frames, rows, config, note)


def _samples(kept: RunFolder, row: dict[str, float]) -> Path:
    return kept.path / "samples" / f"{row['iteration']:06.0f}.npy"


def table(runs: Sequence[tuple[Path, RunFolder]]) -> str:
    """A row a run, as its last observation has it."""
    from wganlab.learned import OBJECTIVES

    estimated = OBJECTIVES[runs[0][1].config().objective].estimates
    heads = f"run|iterations|estimate of {estimated}|exact EM|sampling floor|certificate"
    rows = [kept.rows()[-1] for _, kept in runs]
    images = runs[0][1].config().of_images and "modes" not in rows[0]
    text = runs[0][1].config().of_text
    ends = ("classes", "KID") if images else ("modes", "quality")
    ends = text_table.HEADS if text else ends
    brackets = [
        run_bracket.read(f, int(row["iteration"])) for (f, _), row in zip(runs, rows, strict=True)
    ]
    heads += "|W1 of the laws" * any(brackets)
    lines = [[*heads.split("|"), *ends, "seconds"]]
    for (folder, _), row, bracket in zip(runs, rows, brackets, strict=True):
        names = ("estimate", "emd", "sampling_floor", "certificate")
        numbers = [shown(row.get(name)) for name in names]
        numbers[0] += " wrong sign" * bool(row.get("wrong_sign"))
        numbers += [run_bracket.shown(bracket)] if any(brackets) else []
        if text:
            seconds = f"{row['seconds']:.1f}"
            cells = [f"{row['iteration']:,.0f}", *numbers, *text_table.cells(row), seconds]
            lines.append([str(folder), *cells])
            continue
        modes = _of_all(row, "classes" if images else "modes")
        quality = f"{row['quality']:.1%}" if "quality" in row else "-"
        told = [modes, shown(row.get("kid")) if images else quality, f"{row['seconds']:.1f}"]
        lines.append([str(folder), f"{row['iteration']:,.0f}", *numbers, *told])
    return aligned(lines)


def remarks(runs: Sequence[tuple[Path, RunFolder]]) -> list[str]:
    """What to know before believing the numbers."""
    from wganlab.learned.runs.sign import remark

    told = [(folder, remark(kept.rows(), kept.config())) for folder, kept in runs]
    for folder, kept in runs:
        share = kept.rows()[-1].get("class_agreement")
        words = "of generated images are of the class that they were told, as the classifier sees"
        told.append((folder, "" if share is None else f"{share:.1%} {words} them"))
    return [f"note: {folder}: {note}" for folder, note in told if note]


def _of_all(row: Row, name: str) -> str:
    """`8 of 8`."""
    everything = f"all_{name}"
    return f"{row[name]:.0f} of {row[everything]:.0f}" if everything in row else "-"
