"""Several processes that train one run, started by torchrun; each takes its part of every batch.

Every process draws the noise, the rows and the interpolates of the whole batch, from generators of
equal seeds, and keeps its own rows of them (`Sharded`). Gradients are averaged before each step of
an optimizer, so that all processes hold equal weights, and batch norm takes its moments over the
whole batch. So a run by N processes is that by one, up to rounding, and can go on with any number
of them that divides the batch. The first process observes and writes; the others wait.

What depends on a whole batch at once, as the distance of two batches does, is refused.

Tensors are exchanged by NCCL on GPUs and by Gloo on CPUs; whether a run is to stop is always agreed
on by Gloo, between iterations, so that no step waits for a GPU, and so that a process that is lost
is missed at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

T = TypeVar("T")

PATIENCE = timedelta(minutes=30)  # the others wait while the first observes


class LostError(RuntimeError):
    """Another process of the run has ended."""


class ToldElsewhereError(RuntimeError):
    """The first process has failed, and tells why."""


@dataclass(frozen=True)
class World:
    """The processes of a run, and which of them this is."""

    rank: int = 0
    """Number of this process, from 0."""
    size: int = 1
    """Processes."""
    votes: Any = None
    """Group of torch.distributed on the host."""

    @property
    def first(self) -> bool:
        """Is it this process that observes and writes?"""
        return self.rank == 0

    def share(self, batch: int, name: str = "batch") -> int:
        """Rows of a batch that this process takes.

        Raises
        ------
        ValueError
            If they cannot be parted equally.
        """
        if batch % self.size:
            raise ValueError(
                f"{name} = {batch} cannot be parted equally among {self.size} processes: give "
                f"--{name.replace('_', '-')} {batch // self.size * self.size or self.size}"
            )
        return batch // self.size

    def sharded(self) -> AbstractContextManager[Any]:
        """Within it what is drawn from an explicit generator is this process's part."""
        return nullcontext() if self.size == 1 else Sharded(self.rank, self.size)

    def average(self, network: nn.Module) -> None:
        """Gradients of the whole batch in place of those of the part."""
        if self.size == 1:
            return
        gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        with _missing():
            dist.all_reduce(flat)
        parts = (flat / self.size).split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def any(self, flag: bool) -> bool:
        """Does any process say yes?"""
        if self.size == 1:
            return flag
        vote = torch.tensor(float(flag))
        with _missing():
            dist.all_reduce(vote, group=self.votes)
        return bool(vote > 0)

    def by_first(self, work: Callable[[], T]) -> T:
        """What the first process makes, for all of them.

        Raises
        ------
        ToldElsewhereError
            If it failed there.
        """
        if self.size == 1:
            return work()
        told: list[Any] = [None, None]
        failure: Exception | None = None
        if self.first:
            try:
                told[0] = work()
            except Exception as error:
                told[1], failure = str(error), error
        with _missing():
            dist.broadcast_object_list(told, src=0, group=self.votes)
        if failure is not None:
            raise failure
        if told[1] is not None:
            raise ToldElsewhereError(told[1])
        made: T = told[0]
        return made


class Sharded(TorchFunctionMode):
    """Gives every call that draws n rows from an explicit generator those of this process.

    The call draws the rows of all processes, so that generators of equal seeds stay equal.
    """

    def __init__(self, rank: int, size: int) -> None:
        super().__init__()
        self.rank, self.size = rank, size

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        if options.get("generator") is None:
            return function(*args, **options)
        shapes = [place for place, value in enumerate(args) if isinstance(value, tuple | list)]
        if not shapes:
            raise RuntimeError(
                f"{function.__name__} draws from a generator without a shape (n, ...), which "
                "cannot be parted among processes"
            )
        place = shapes[0]
        n, *rest = args[place]
        given = (*args[:place], (n * self.size, *rest), *args[place + 1 :])
        return function(*given, **options)[self.rank * n : (self.rank + 1) * n]


class WholeBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm whose moments are those of all processes' parts, on CPUs too.

    (That of torch, SyncBatchNorm, is for GPUs alone.)
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Any shape (n, channels, ...)."""

    def forward(self, input: Tensor) -> Tensor:
        """Shape (n, channels, ...) to the same shape."""
        if not self.training:
            return super().forward(input)
        over = [axis for axis in range(input.dim()) if axis != 1]
        shape = (1, -1) + (1,) * (input.dim() - 2)
        x = input.float()
        mean = _Mean.apply(x.mean(over))  # (channels,)
        centered = x - mean.view(shape)
        variance = _Mean.apply(centered.square().mean(over))
        self._follow(mean.detach(), variance.detach(), x.numel() // x.shape[1])
        normal = centered * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(input.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, here: int) -> None:
        """The running moments, as torch has them."""
        n = here * world().size
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (n / (n - 1)), self.momentum)
        self.num_batches_tracked.add_(1)


class _Mean(torch.autograd.Function):
    """Mean over processes; its derivative is one too."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        return mean(part)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return mean(gradients[0])


def mean(part: Tensor) -> Tensor:
    """Mean of the tensors that the processes have, without a derivative."""
    here = world()
    if here.size == 1:
        return part
    total = part.detach().clone().contiguous()
    with _missing():
        dist.all_reduce(total)
    return total / here.size


def with_whole_batch_norm(network: nn.Module) -> nn.Module:
    """The network with `WholeBatchNorm` in place of torch's batch norm, the same tensors in it."""
    for name, part in network.named_children():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            twin = WholeBatchNorm(part.num_features, part.eps, part.momentum, part.affine)
            twin._parameters, twin._buffers = part._parameters, part._buffers
            setattr(network, name, twin.train(part.training))
        else:
            with_whole_batch_norm(part)
    return network


def asked_for() -> bool:
    """Was this process started by torchrun, one of several?"""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def world() -> World:
    """The processes of this run: this one alone, unless `joined`."""
    if not (dist.is_available() and dist.is_initialized()):
        return World()
    return _world(dist.get_rank(), dist.get_world_size())


@lru_cache(maxsize=1)
def _world(rank: int, size: int) -> World:
    return World(rank, size, dist.new_group(backend="gloo", timeout=PATIENCE))


@contextmanager
def joined(device: str = "auto") -> Iterator[World]:
    """Join the other processes that torchrun has started; alone where there are none.

    On GPUs every process of a machine takes one of its own. Where there are fewer of them, several
    share one, and exchange by Gloo: to try things out, for it is not faster.
    """
    if not asked_for() or dist.is_initialized():
        yield world()
        return
    gpu = torch.cuda.is_available() if device == "auto" else device.startswith("cuda")
    shared = False
    if gpu:
        cards = torch.cuda.device_count()
        shared = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) > cards  # which NCCL refuses
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % cards)
    dist.init_process_group("nccl" if gpu and not shared else "gloo", timeout=PATIENCE)
    yield world()
    dist.destroy_process_group()  # not after an error: it would wait for whoever is lost
    _world.cache_clear()


@contextmanager
def _missing() -> Iterator[None]:
    """An exchange; what torch says where another process is gone becomes a `LostError`."""
    try:
        yield
    except RuntimeError as error:
        told = str(error).strip().splitlines()[-1] if str(error).strip() else "no message"
        raise LostError(f"another process of this run has ended ({told[:120]})") from None
