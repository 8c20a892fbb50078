"""The gradients of `algorithm1` for chains of linear layers and ReLUs, written by hand.

Where the activations are piecewise linear, the value and the gradient of a network are products of
its weights, and so are their derivatives. Written down they spare autograd a node for every layer
and the penalty a second pass, which for layers of a hundred units is half of a step's time. What
the objective and the penalty make of values and slopes is differentiated by autograd, but for the
critic gap, whose derivatives are constants. The numbers are autograd's, up to rounding.

`seam` puts these functions into a run; for convolutions their chain is in `convolution_chains`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from wganlab.learned.algorithm1 import noisy
from wganlab.learned.batch import Batch
from wganlab.learned.constraints.constraint import Constraint
from wganlab.learned.networks.chain import chain
from wganlab.learned.objectives.games import Wasserstein

if TYPE_CHECKING:
    from wganlab.learned.players import CriticPlayer, Players

GAP = (Wasserstein.critic, Constraint.objective)  # objectives that are the critic gap


def critic_gradients(links: Any, run: CriticPlayer, real: Tensor, fake: Tensor) -> Tensor:
    """As `algorithm1.critic_gradients`, of a critic with these links."""
    constraint: Any = run.constraint
    made = links.chain()
    passed = made.values(torch.cat([real, fake]))
    f = passed.result[:, 0]  # (n + m,)
    if getattr(run.maximized, "__func__", None) in GAP:
        n, m = len(real), len(fake)
        loss, batch = f[n:].mean() - f[:n].mean(), Batch(real, fake, f[:n], f[n:])
        df = torch.cat([f.new_full((n,), -1 / n), f.new_full((m,), 1 / m)])
    else:
        f.requires_grad_()
        batch = Batch(real, fake, f[: len(real)], f[len(real) :])
        loss = -run.maximized(batch)
        (df,) = torch.autograd.grad(loss, f)
    weights, biases = made.values_backward(df[:, None], passed)
    if constraint.in_loss:  # a gradient penalty
        climbed = made.slopes(constraint.points(batch, run.draws))
        slopes = climbed.result.requires_grad_()  # (k, dim)
        cost = constraint.cost(slopes)
        (dslopes,) = torch.autograd.grad(cost, slopes)
        torch._foreach_add_(weights, made.slopes_backward(dslopes, climbed))
        loss = loss + cost
    _pass_on([*made.weights, *made.biases], [*weights, *biases], run.critic_optimizer)
    return loss.detach()


def generator_gradients(
    links: Links, judge: Links, run: Players, z: Tensor, real: Tensor | None
) -> Tensor:
    """As `algorithm1.generator_gradients`, of a generator and a critic with these links."""
    made, judging = links.chain(), judge.chain()
    passed = made.values(z)
    fake = noisy(run, passed.result).requires_grad_()
    judged = judging.values(fake)
    f = judged.result[:, 0].requires_grad_()
    none = f.new_empty(0)
    loss = run.minimized(Batch(none, fake, none, f))
    df, dfake = torch.autograd.grad(loss, (f, fake), allow_unused=True)
    g = judging.points_backward(df[:, None], judged)
    weights, biases = made.values_backward(g if dfake is None else g + dfake, passed)
    _pass_on([*made.weights, *made.biases], [*weights, *biases], run.generator_optimizer)
    return loss.detach()


def generated(links: Links, run: Players, z: Tensor) -> Tensor:
    """As `algorithm1.generated`, without gradient."""
    return links.chain().values(z).result


class Passed(NamedTuple):
    """What a pass through a chain gives, and what its derivative needs again."""

    result: Tensor
    inner: list[Tensor]


class Chain(NamedTuple):
    """A network x_L = W_L x_(L-1) + b_L with x_l = a_l(W_l x_(l-1) + b_l), (leaky) ReLUs a_l."""

    leaks: tuple[float, ...]
    """Slope of a_1, ..., a_(L-1) below 0."""
    weights: list[Tensor]
    """W_1, ..., W_L, of shapes (outputs, inputs)."""
    biases: list[Tensor]
    """b_1, ..., b_L."""

    @torch.no_grad()
    def values(self, points: Tensor) -> Passed:
        """The network at points (k, ...): (k, outputs)."""
        x = points.flatten(1)
        inner = [x]
        for leak, weight, bias in zip(self.leaks, self.weights, self.biases, strict=False):
            x = bent_(torch.addmm(bias, x, weight.t()), leak)
            inner.append(x)
        return Passed(torch.addmm(self.biases[-1], x, self.weights[-1].t()), inner)

    @torch.no_grad()
    def values_backward(self, g: Tensor, passed: Passed) -> tuple[list[Tensor], list[Tensor]]:
        """Derivatives of sum(g * values) in weights and biases; g of shape (k, outputs)."""
        weights, biases = [], []
        for layer in reversed(range(len(self.weights))):
            weights.append(g.t() @ passed.inner[layer])
            biases.append(g.sum(0))
            if layer:
                g = g @ self.weights[layer]
                g = through(g, passed.inner[layer], self.leaks[layer - 1])
        return weights[::-1], biases[::-1]

    @torch.no_grad()
    def points_backward(self, g: Tensor, passed: Passed) -> Tensor:
        """Derivative of sum(g * values) in the points, (k, dim); g of shape (k, outputs)."""
        for layer in reversed(range(len(self.weights))):
            g = g @ self.weights[layer]
            if layer:
                g = through(g, passed.inner[layer], self.leaks[layer - 1])
        return g

    @torch.no_grad()
    def slopes(self, points: Tensor) -> Passed:
        """The gradient of the only output at points (k, ...): (k, dim).

        It runs down, g_(l-1) = W_l' D_l g_l, with the slopes of a_l on the diagonal of D_l.
        """
        bent = self.values(points).inner[1:]
        g = self.weights[-1].expand(len(points), -1)
        bows = []
        for leak, weight, x in zip(
            reversed(self.leaks), reversed(self.weights[:-1]), reversed(bent), strict=True
        ):
            bows.append(through(g, x, leak))
            g = bows[-1] @ weight
        return Passed(g, [*bent, *reversed(bows)])

    @torch.no_grad()
    def slopes_backward(self, h: Tensor, passed: Passed) -> list[Tensor]:
        """Derivatives of sum(h * slopes) in the weights; h of shape (k, dim).

        It runs up where the slopes ran down. Biases and points only say where the network bends.
        """
        hidden = len(self.leaks)
        bent, bows = passed.inner[:hidden], passed.inner[hidden:]
        weights = []
        for leak, weight, x, g in zip(self.leaks, self.weights, bent, bows, strict=False):
            weights.append(g.t() @ h)
            h = through(h @ weight.t(), x, leak)
        return [*weights, h.sum(0, keepdim=True)]


class Links(NamedTuple):
    """The modules of a chain."""

    leaks: tuple[float, ...]
    layers: list[nn.Linear]

    def chain(self) -> Chain:
        """The chain with the weights of now; parametrized ones are made by this."""
        weights, biases = zip(*((layer.weight, layer.bias) for layer in self.layers), strict=True)
        return Chain(self.leaks, list(weights), list(biases))


def links(network: nn.Module) -> Links | None:
    """The network's modules if it is a chain of linear layers and ReLUs; None for any other."""
    if any(part._backward_hooks or part._backward_pre_hooks for part in network.modules()):
        return None
    parts = [part for part in chain(network) or () if type(part) is not nn.Flatten]
    layers, bends = parts[::2], parts[1::2]
    if not all(type(bend) in (nn.ReLU, nn.LeakyReLU) for bend in bends):
        return None
    leaks = tuple(getattr(bend, "negative_slope", 0.0) for bend in bends)
    if len(layers) != len(bends) + 1 or any(leak < 0 for leak in leaks):
        return None
    linear = [layer for layer in layers if isinstance(layer, nn.Linear) and layer.bias is not None]
    return Links(leaks, linear) if len(linear) == len(layers) else None


def bent_(x: Tensor, leak: float) -> Tensor:
    """The activation of x, in place of it."""
    return nn.functional.leaky_relu_(x, leak) if leak else x.relu_()


def through(g: Tensor, x: Tensor, leak: float) -> Tensor:
    """The derivative g after an activation with output x, before it."""
    # the last argument: x is the output
    return torch.ops.aten.leaky_relu_backward(g, x, leak, True)


def _pass_on(
    tensors: list[Tensor], gradients: list[Tensor], optimizer: torch.optim.Optimizer
) -> None:
    """To the parameters, in place of their last gradients, or to those they were computed from."""
    pairs = list(zip(tensors, gradients, strict=True))
    made = [(tensor, gradient) for tensor, gradient in pairs if not tensor.is_leaf]
    if made:
        optimizer.zero_grad()
        torch.autograd.backward([one for one, _ in made], [gradient for _, gradient in made])
    for tensor, gradient in pairs:
        if tensor.is_leaf and tensor.requires_grad:
            tensor.grad = gradient
