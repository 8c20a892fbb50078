"""What the engine puts in a run's place while it records a step: draws, and optimizers' steps.

A recorded step is a list of operations on tensors. A random draw would be recorded as one number
for ever, so draws are made beforehand, in the order and from the generator of the eager loop, and
the recorded step takes them as inputs. Torch's optimizers keep rates as plain numbers and step in
kernels that nothing can be fused with, so their steps are written here as plain operations, on the
same state; the numbers are torch's, up to rounding.

References
----------
Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2015, arXiv 1412.6980, algorithm 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor
from torch.overrides import TorchFunctionMode

# what these take out of torch would be one number for ever
LEAVES = (Tensor.numpy, Tensor.__array__, Tensor.tolist, Tensor.item, Tensor.__bool__)


class NotCompiledError(RuntimeError):
    """The engine cannot take this run; says why."""


@dataclass(frozen=True)
class Draw:
    """A call that drew from a generator."""

    function: Callable[..., Tensor]
    """As `torch.rand`."""
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    like: Tensor
    """What it returned."""

    def into(self, out: Tensor, generator: Generator) -> Callable[[], Tensor]:
        """The same call with that generator; it writes to `out`."""
        options = {name: self.options[name] for name in self.options if name != "device"}
        return partial(
            self.function, *self.arguments, **options | {"generator": generator, "out": out}
        )


class Recording(TorchFunctionMode):
    """Keeps every call that draws from an explicit generator in `draws`."""

    def __init__(self) -> None:
        super().__init__()
        self.draws: list[Draw] = []

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        result = function(*args, **options)
        if options.get("generator") is not None:
            self.draws.append(Draw(function, args, options, result))
        return result


class Replaying(TorchFunctionMode):
    """Answers every such call with the next of the tensors it was given.

    What torch does to a list of tensors is done to each, for vmap knows nothing of lists. What is
    computed outside torch is refused.
    """

    def __init__(self, draws: Sequence[Tensor]) -> None:
        super().__init__()
        self.draws: Iterator[Tensor] = iter(draws)

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        if options.get("generator") is not None:
            return next(self.draws)
        if function in LEAVES:
            raise NotCompiledError("its networks or its loss look at values outside torch")
        if function.__name__.startswith("_foreach_"):
            return _for_each(function, *args)
        return function(*args, **options)


def _for_each(function: Callable[..., Any], tensors: Sequence[Tensor], *others: Any) -> list[Any]:
    """What torch's `_foreach` function does, one tensor after the other."""
    single = getattr(Tensor, function.__name__.removeprefix("_foreach_"))
    columns = (other if isinstance(other, list) else itertools.repeat(other) for other in others)
    return [single(*row) for row in zip(tensors, *columns, strict=False)]


class PlainOptimizer:
    """Stands for an optimizer of torch that has made its state, in its first step.

    Parameters
    ----------
    original : torch.optim.Optimizer
        Adam, RMSprop or SGD, with settings as `optimizers.Optimizer` makes them.
    weights, states
        The tensors that take the place of its parameters and of their states.
    rate : Tensor
        The learning rate, a scalar.
    """

    def __init__(
        self,
        original: torch.optim.Optimizer,
        weights: Sequence[Tensor],
        states: Sequence[dict[str, Tensor]],
        rate: Tensor,
    ) -> None:
        self.weights, self.states, self.rate = weights, states, rate
        self.options = original.param_groups[0]
        kinds = {torch.optim.Adam: self.adam, torch.optim.RMSprop: self.rmsprop}
        self.change = kinds.get(type(original), self.sgd)

    def zero_grad(self) -> None:
        """Forget gradients."""
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move all weights, in place."""
        for weight, state in zip(self.weights, self.states, strict=True):
            if weight.grad is not None:
                if "step" in state:
                    state["step"].add_(1)
                weight.sub_(self.rate * self.change(weight.grad, state))

    def adam(self, gradient: Tensor, state: dict[str, Tensor]) -> Tensor:
        """m / (sqrt v + epsilon), both averages without their bias."""
        (beta1, beta2), step = self.options["betas"], state["step"]
        mean = state["exp_avg"].lerp_(gradient, 1 - beta1)
        square = state["exp_avg_sq"].mul_(beta2).add_(gradient * gradient * (1 - beta2))
        root = square.sqrt() / (1 - beta2**step).sqrt()
        return mean / (1 - beta1**step) / (root + self.options["eps"])

    def rmsprop(self, gradient: Tensor, state: dict[str, Tensor]) -> Tensor:
        """Gradient / (sqrt v + epsilon), or the momentum of that."""
        alpha = self.options["alpha"]
        square = state["square_avg"].mul_(alpha).add_(gradient * gradient * (1 - alpha))
        scaled = gradient / (square.sqrt() + self.options["eps"])
        if not self.options["momentum"]:
            return scaled
        return state["momentum_buffer"].mul_(self.options["momentum"]).add_(scaled)

    def sgd(self, gradient: Tensor, state: dict[str, Tensor]) -> Tensor:
        """The gradient, or the momentum of it."""
        if not self.options["momentum"]:
            return gradient
        return state["momentum_buffer"].mul_(self.options["momentum"]).add_(gradient)
