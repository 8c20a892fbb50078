"""A run at the papers' size, as far as it comes in some minutes, kept as a small record.

What is kept: configuration, environment with the card's name, metrics.csv, and sheets of generated
images at six moments; less than 1 MB. The rate of learning is the papers', so that a run that ends
early is the beginning of theirs.
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
from gpu_report import Report
from gpu_runs import iterations, precision, run_of
from gpu_speed import settle, timed
from PIL import Image

from wganlab import compare, data, learned

MOMENTS = 6
ROWS = 30  # of metrics
SHEET = (4, 8)
COLORS = 128  # of a sheet; 1.1 bytes a pixel in place of 2
SHARE = 0.9  # of the time for iterations; the rest is for looking


def records(report: Report, device: torch.device, quick: bool, minutes: float, out: Path) -> None:
    """One run."""
    name = "wgan-gp-dcgan64"
    work = partial(record, device, quick, minutes, out / name)
    report.check("records", name, work, limit=60 * minutes + 45)


def source() -> str:
    """Faces where there are any, else the embedded set in color."""
    try:
        data.images("faces", 64)
    except (ValueError, FileNotFoundError):
        return "emoji"
    return "faces"


def settings(quick: bool) -> learned.TrainConfig:
    """The papers'."""
    config = learned.preset("wgan-gp-paper", source())
    if quick:
        tiny = learned.DCGANConfig(4)
        return replace(config, size=16, batch=8, critic=replace(tiny, norm="layer"), generator=tiny)
    return config


def record(device: torch.device, quick: bool, minutes: float, out: Path) -> dict[str, Any]:
    """Train for so many minutes; what is left in `out`, and the last row."""
    config = settings(quick)
    with precision(True, "high"):
        engine, seconds = quickest(config, device)
        fitting = 12 if quick else int(SHARE * 60 * minutes / seconds)
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
                    notes={"engine": engine, "tf32": device.type == "cuda"},
                    device=device,
                    engine=engine,
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
    return {"engine": engine, "images/s": images, "KB": size / 1000, "data": config.data, **last}


def quickest(config: learned.TrainConfig, device: torch.device) -> tuple[str, float]:
    """The engine that takes fewer seconds an iteration, and how many."""
    long = replace(config, iterations=10**9, every=10**9)
    found = {}
    for engine in ("by-hand", "compiled") if device.type == "cuda" else ("by-hand",):
        runs = [run_of(long, device)]
        try:
            loop = iterations(runs, engine)
            loop()
            settle(device)
            found[engine] = timed(loop, device, 1.0 if device.type == "cuda" else 0.01, runs)
        except Exception as error:  # an engine that fails is no reason to train with none
            print(f"{engine}: {error}", flush=True)
    best = min(found, key=lambda engine: found[engine])
    return best, found[best]


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
