"""Torch's compiler for recorded steps, and whether what it makes of them can be trusted.

A compiled step is tried beside the recorded one before it is used. For on an H100, with torch 2.11,
steps of convolutions, compiled without checks of strides, learned something else (6 to 27 % off in
five iterations). What takes their place has been tried on CPUs alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from wganlab.learned.fast.precision import exact_convolutions, products
from wganlab.learned.fast.replay import NotCompiledError

AVERAGES = (".exp_avg", ".exp_avg_sq", ".square_avg", ".momentum_buffer")  # optimizers have them
FAITHFUL = {"float32": 1e-2, "bfloat16": 0.2}  # relative errors that are rounding's


def function(work: Callable[..., Any], inputs: list[Any]) -> Callable[..., Any]:
    """A function of tensors, compiled."""
    return compiled(make_fx(work)(*inputs), inputs)


def compiled(graph: GraphModule, inputs: list[Any]) -> Callable[..., Any]:
    """What the compiler makes of a graph for inputs like these."""
    from torch import _inductor  # takes more than a second

    # on CPUs without checks of shapes, which never change: a quarter of a small step; on GPUs they
    # are done but twice, before a graph of kernels is captured
    checked = inputs[0].device.type == "cuda"
    run: Callable[..., Any] = _inductor.compile(graph, inputs, options={"size_asserts": checked})
    return run


def trusted(
    graph: GraphModule, given: list[Tensor], names: Sequence[str], precision: str
) -> tuple[Callable[..., Any], str]:
    """The compiled step if it does what was recorded; on GPUs else the step as recorded, and why.

    There it is launched as one CUDA graph, and is quick without being fused.
    """
    try:
        run = compiled(graph, given)
        error = departs(run, graph, given, names)
        if error <= FAITHFUL[precision]:
            return run, ""
        told = f"what the compiler made of it departs from it by {error:.1g}"
    except Exception as failure:  # compilers raise whatever a network leads them to
        if given[0].device.type != "cuda":
            raise
        told = (str(failure).strip() or type(failure).__name__).splitlines()[0]
    if given[0].device.type != "cuda":
        raise NotCompiledError(told)
    return graph, told


@torch.no_grad()
def departs(
    run: Callable[..., Any], graph: GraphModule, given: Sequence[Tensor], names: Sequence[str]
) -> float:
    """How far what was compiled is from what was recorded: relative error of what it changes.

    Optimizers are judged by their averages of gradients, where they have some: a step of Adam is as
    long for a gradient that is nothing but rounding.
    """
    ends = []
    for work in (graph, run):
        copies = [tensor.clone() for tensor in given]
        with products("highest"), exact_convolutions():
            work(*copies)
        ends.append(copies[: len(names)])
    averages = [name.endswith(AVERAGES) for name in names]
    error = change = 0.0
    for recorded, compiled_, before, average in zip(*ends, given, averages, strict=False):
        if before.is_floating_point() and (average or not any(averages)):
            error += float((compiled_ - recorded).double().square().sum())
            change += float((recorded - before).double().square().sum())
    return math.sqrt(error / change) if change else float(error > 0)
