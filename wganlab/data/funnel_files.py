"""The published parameters of the W1 benchmark: bottoms and offsets of its funnels, from its files.

The repository justkolesov/Wasserstein1Benchmark on GitHub (Korotin, Kolesov and Burnaev, NeurIPS
2022) keeps one file a pair of laws, `benchmarks/nd/dim_16/width_4/deg_8_seed_987.pt` for D = 16 and
4 funnels: the `state_dict` of a torch module, with `net.centers` (the bottoms, shape (N, D)) and
`net.bias` (the offsets, shape (N,)), in float32. D is 2, 4, 8, 16, 32, 64 or 128 and N is 4, 16, 64
or 256; `deg` is the exponent (`power` of `wganlab.exact.known.Funnels`) and no part of the content.

The files of its images (dim 3072 and 12288) have the same format and belong to another Q, generated
images: they are refused. Files are opened with `weights_only=True`, so that they can run no code.

With the parameters of 4 funnels `Funnels.emd` is .8218, 1.3875, 1.8716, 1.9545 and 1.8521 at D = 2,
4, 8, 16 and 32 (standard error .001 to .003), where the benchmark's tables say .8174, 1.3853,
1.8817, 1.9405 and 1.8217. Theirs are means over 4,096 coupled points, of standard error .008 to
.023, which is the difference. Their map also works in float32 and cuts a ray short at up to 2
points in 1,000, where rounding makes a funnel overtake itself: that changes EM by less than .01 %.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wganlab.data.opening import regular

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

KEYS = ("net.centers", "net.bias")
HALF_SIDE = 2.5  # of the cube that the bottoms lie in
IMAGES = (3 * 32 * 32, 3 * 64 * 64)


def funnel_parameters(path: str | Path) -> tuple[Array, Array]:
    """Bottoms, shape (N, D), and offsets, shape (N,), from a parameter file of the W1 benchmark.

    Parameters
    ----------
    path : str or Path
        A file such as `deg_8_seed_987.pt`.

    Returns
    -------
    tuple of arrays
        What `wganlab.exact.known.Funnels(bottoms=..., offsets=...)` takes.

    Raises
    ------
    ValueError
        If it is another file, or one that is damaged, or of the benchmark's images.
    FileNotFoundError
        If nothing is there.

    Examples
    --------
    >>> import tempfile, torch
    >>> told = {"net.centers": torch.tensor([[0.0, 1.0]]), "net.bias": torch.tensor([0.5])}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save(told, f"{folder}/deg_8_seed_987.pt")
    ...     funnel_parameters(f"{folder}/deg_8_seed_987.pt")
    (array([[0., 1.]]), array([0.5]))
    """
    file = regular(Path(path))
    held = _held(file)
    parts = [_array(held, key, file) for key in KEYS]
    bottoms, offsets = parts
    if bottoms.ndim != 2 or offsets.ndim != 1 or len(bottoms) != len(offsets) or not len(offsets):
        raise ValueError(
            f"{file}: {KEYS[0]} has shape {bottoms.shape} and {KEYS[1]} {offsets.shape}, expected "
            "(N, D) and (N,)"
        )
    if bottoms.shape[1] in IMAGES:
        raise ValueError(
            f"{file} belongs to the benchmark's images (dimension {bottoms.shape[1]}), whose Q is "
            "no cube: take a file of benchmarks/nd"
        )
    if abs(bottoms).max() > HALF_SIDE:
        raise ValueError(
            f"{file}: a bottom lies outside the cube of side {2 * HALF_SIDE:g}, so this is no file "
            "of the benchmark: give it to known.Funnels(bottoms=...) in Python if it is meant"
        )
    return bottoms, offsets


def parameter_file(folder: str | Path, dimension: int, funnels: int, *, power: float = 8.0) -> Path:
    """Where the benchmark keeps a pair: the file of this dimension, number of funnels and power.

    Parameters
    ----------
    folder : str or Path
        The folder `benchmarks/nd` of the benchmark's repository, or one that has it.

    Raises
    ------
    ValueError
        If there is no such file, or more than one (other seeds).
    """
    root = Path(folder)
    if (root / "benchmarks" / "nd").is_dir():
        root = root / "benchmarks" / "nd"
    place = root / f"dim_{dimension}" / f"width_{funnels}"
    found = sorted(place.glob(f"deg_{power:g}_seed_*.pt"))
    if len(found) == 1:
        return found[0]
    asked = f"dimension {dimension}, {funnels} funnels and power {power:g}"
    if found:
        names = ", ".join(file.name for file in found)
        raise ValueError(f"{place} has several files of power {power:g}: name one of {names}")
    there = sorted(str(file.relative_to(root)) for file in root.glob("dim_*/width_*/deg_*.pt"))
    told = (
        f"it has {', '.join(there[:4])}{', ...' if len(there) > 4 else ''}"
        if there
        else ("expected the benchmark's folder benchmarks/nd, with dim_2/width_4/deg_8_seed_987.pt")
    )
    raise ValueError(f"{folder} has no file of {asked}: {told}")


def told_power(path: str | Path) -> float | None:
    """The power that a file's name tells, `deg_8_seed_987.pt`; None where it tells none."""
    match = re.match(r"deg_(\d+(?:\.\d+)?)_", Path(path).name)
    return None if match is None else float(match[1])


def _held(file: Path) -> dict[str, Any]:
    """What the file holds; ValueError where that is not a dictionary of tensors."""
    import torch

    try:
        held = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever a broken or a foreign file leads it to
        raise ValueError(
            f"{file} cannot be read ({type(error).__name__}): expected a parameter file of the W1 "
            "benchmark, tensors saved by torch.save; what holds other objects is not opened"
        ) from None
    missing = [key for key in KEYS if not isinstance(held, dict) or key not in held]
    if missing:
        names = ", ".join(map(str, held)) if isinstance(held, dict) else type(held).__name__
        raise ValueError(
            f"{file} has no {' and no '.join(missing)}, as parameters of the W1 benchmark have: "
            f"it holds {names[:200] or 'nothing'}"
        )
    return held


def _array(held: dict[str, Any], key: str, file: Path) -> Array:
    """One tensor of finite numbers, as float64."""
    import torch

    tensor = held[key]
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        kind = tensor.dtype if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise ValueError(f"{file}: {key} is of type {kind}, expected a tensor of floats")
    array: Array = tensor.detach().to_dense().double().numpy()
    if tensor.numel() and not bool(tensor.isfinite().all()):
        raise ValueError(f"{file}: {key} holds numbers that are not finite: is it damaged?")
    return array
