"""The WGAN paper's figures 5 to 7 at its size, on faces at 64 px, as far as some minutes go.

A WGAN and a GAN each, with the paper's three generators of 64 px and 64 filters: DCGAN (figure 5),
constant filters without batch norm (6), an MLP (7). What is kept of a run: configuration,
environment with the card's name, metrics.csv, and sheets of generated images at six moments; less
than 1 MB. The rates of learning are the papers', so that a run that ends early is the beginning of
theirs.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_configs import paper_runs
from gpu_report import Report
from gpu_runs import iterations, precision, run_of
from gpu_speed import settle, timed
from PIL import Image

from wganlab import compare, learned

MOMENTS = 6
ROWS = 20  # of metrics
SHEET = (4, 8)
COLORS = 128  # of a sheet; 1.1 bytes a pixel in place of 2
SHARE = 0.9  # of the time for iterations; the rest is for looking


def records(report: Report, device: torch.device, quick: bool, minutes: float, out: Path) -> None:
    """All six runs, each in an equal part of the time."""
    configs = paper_runs(quick)
    part = minutes / len(configs)
    for name, config in configs.items():
        work = partial(record, config, device, quick, part, out / name)
        report.check("records", name, work, limit=60 * part + 45)


def record(
    config: learned.TrainConfig, device: torch.device, quick: bool, minutes: float, out: Path
) -> dict[str, Any]:
    """Train for so many minutes; what is left in `out`, and the last row."""
    with precision(True, "high"):
        seconds = by_hand(config, device)
        fitting = 12 if quick else max(MOMENTS, int(SHARE * 60 * minutes / seconds))
        every = max(1, fitting // (2 * (MOMENTS - 1) if quick else ROWS))
        config = replace(
            config, iterations=every * (fitting // every), every=every, checkpoint=10**6
        )
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            try:
                run = learned.train(
                    config,
                    observers=compare.observers(100 if quick else 300),
                    folder=Path(folder) / "run",
                    notes={"engine": "by-hand", "tf32": device.type == "cuda"},
                    device=device,
                    engine="by-hand",
                    progress=False,
                )
            finally:  # of what is cut short too
                keep(Path(folder) / "run", out)
    spent = time.perf_counter() - began
    if not np.isfinite(run.history[-1]["estimate"]):
        raise AssertionError("the last estimate is not finite")
    size = sum(file.stat().st_size for file in out.iterdir())
    last = {name: run.history[-1][name] for name in ("iteration", "estimate", "emd")}
    images = config.batch * config.n_critic * config.iterations / spent
    return {"images/s": images, "KB": size / 1000, "data": config.data, **last}


def by_hand(config: learned.TrainConfig, device: torch.device) -> float:
    """Seconds of an iteration; compiling would take more of the time than it could spare."""
    runs = [run_of(replace(config, iterations=10**9, every=10**9, phases="constant"), device)]
    loop = iterations(runs, "by-hand")
    loop()
    settle(device)
    return timed(loop, device, 0.3 if device.type == "cuda" else 0.01, runs)


def keep(run: Path, out: Path) -> None:
    """The small files of a run, and its sheets at six moments."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name in ("config.json", "environment.json", "metrics.csv"):
        shutil.copy(run / name, out / name)
    sheets = sorted((run / "samples").glob("*.npy"))
    chosen = {round(k * (len(sheets) - 1) / (MOMENTS - 1)) for k in range(MOMENTS)}
    for number in sorted(chosen):
        pixels = np.load(sheets[number])[: SHEET[0] * SHEET[1]]
        sheet(pixels).save(out / f"{sheets[number].stem}.png", optimize=True)


def sheet(pixels: np.ndarray) -> Image.Image:
    """Images (n, h, w, c) in rows of eight."""
    n, height, width, channels = pixels.shape
    rows = n // SHEET[1]
    tiled = pixels[: rows * SHEET[1]].reshape(rows, SHEET[1], height, width, channels)
    whole = tiled.swapaxes(1, 2).reshape(rows * height, SHEET[1] * width, channels)
    if channels == 1:
        return Image.fromarray(whole[..., 0])
    return Image.fromarray(whole).quantize(COLORS, dither=Image.Dither.FLOYDSTEINBERG)
