"""Training on images: images a second beside the loop that tutorials write, and peak memory.

python benchmarks/images.py [--quick]

Both train the same networks from the same start on the embedded digits, by the same recipe. Blocks
of iterations are interleaved in one process of one thread, and a row is the median of their CPU
times. Images are real ones that a critic's step has taken. Peak memory is that of a process of its
own that does nothing else, less what it takes to load torch.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import itertools
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import textbook
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from wganlab import data, learned
from wganlab.learned.runs.loop import advance
from wganlab.learned.runs.state import RunState

PRESETS = ("wgan-gp", "wgan", "gan")
LOOPS = ("textbook", "eager")
BLOCK = 2  # iterations between two looks at the clock
BLOCKS, QUICK = 15, 3
MEASURED = 10  # iterations of a process whose memory is looked at


def config(name: str) -> learned.TrainConfig:
    """The preset for digits, with rates that stay, never observed."""
    preset = learned.preset(name, "mnist10k")
    optimizers = {
        who: replace(getattr(preset, who), schedule="constant")
        for who in ("critic_optimizer", "generator_optimizer")
    }
    return replace(preset, **optimizers, every=10**9, iterations=10**9)


def eager(chosen: learned.TrainConfig) -> Callable[[], None]:
    """A block of the package's loop."""
    training = RunState(chosen, torch.device("cpu"))

    def block() -> None:
        for _ in range(BLOCK):
            advance(training)
        training.losses.clear()

    return block


def tutorial(chosen: learned.TrainConfig) -> Callable[[], None]:
    """A block of the plain loop."""
    start = torch.Generator().manual_seed(0)
    shape = (1, chosen.size, chosen.size)
    critic = plain(chosen.critic.critic_for(shape, start))
    generator = plain(chosen.generator.generator_for(chosen.latent, shape, start))
    method = learned.Method(chosen.built_constraint(), critic, chosen.critic_optimizer)
    critic_optimizer, generator_optimizer = (
        textbook.build(replace(method, optimizer=optimizer), network)
        for network, optimizer in (
            (critic, chosen.critic_optimizer),
            (generator, chosen.generator_optimizer),
        )
    )
    batches = real(chosen)
    step = critic_step if chosen.objective == "wasserstein" else discriminator_step

    def fake() -> Tensor:
        return generator(torch.randn(chosen.batch, chosen.latent))

    def block() -> None:
        for _ in range(BLOCK):
            for _ in range(chosen.n_critic):
                step(critic, method, critic_optimizer, next(batches)[0], fake().detach())
            generator_optimizer.zero_grad()
            f_fake = critic(fake())
            if chosen.objective == "wasserstein":
                loss = -f_fake.mean()
            else:
                loss = binary_cross_entropy_with_logits(f_fake, torch.ones_like(f_fake))
            loss.backward()
            generator_optimizer.step()
            loss.item()

    return block


def critic_step(
    critic: nn.Module,
    method: learned.Method,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
) -> None:
    """A step of a Wasserstein critic."""
    constraint = method.constraint
    optimizer.zero_grad()
    loss = critic(y).mean() - critic(x).mean()
    if isinstance(constraint, learned.GradientPenalty):
        epsilon = torch.rand(len(x), 1, 1, 1)
        between = (epsilon * x + (1 - epsilon) * y).requires_grad_(True)
        values = critic(between)
        (gradients,) = torch.autograd.grad(
            outputs=values,
            inputs=between,
            grad_outputs=torch.ones_like(values),
            create_graph=True,
            retain_graph=True,
        )
        norms = gradients.view(len(gradients), -1).norm(2, dim=1)
        loss = loss + constraint.weight * ((norms - 1) ** 2).mean()
    loss.backward()
    optimizer.step()
    if isinstance(constraint, learned.WeightClipping):
        for parameter in critic.parameters():
            parameter.data.clamp_(*constraint.box)
    loss.item()


def discriminator_step(
    critic: nn.Module,
    method: learned.Method,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
) -> None:
    """A step of a GAN's discriminator."""
    optimizer.zero_grad()
    f_real, f_fake = critic(x), critic(y)
    loss = binary_cross_entropy_with_logits(f_real, torch.ones_like(f_real))
    loss = loss + binary_cross_entropy_with_logits(f_fake, torch.zeros_like(f_fake))
    loss.backward()
    optimizer.step()
    loss.item()


def plain(network: nn.Module) -> nn.Module:
    """The network with torch's own convolutions, in torch's usual layout."""
    for name, part in network.named_children():
        for kind in (nn.Conv2d, nn.ConvTranspose2d):
            if isinstance(part, kind):
                twin = kind(
                    part.in_channels,
                    part.out_channels,
                    part.kernel_size,
                    part.stride,
                    part.padding,
                    bias=False,
                )
                twin.weight = nn.Parameter(part.weight.detach().clone())
                setattr(network, name, twin)
    return network


def real(chosen: learned.TrainConfig) -> object:
    """Batches from torch's loader over the whole set as floats."""
    pixels = torch.from_numpy(data.images(chosen.data, chosen.size).images.copy())
    images = pixels.permute(0, 3, 1, 2).float().contiguous() / 127.5 - 1
    whole = TensorDataset(images)
    loader = DataLoader(
        whole, batch_size=chosen.batch, sampler=RandomSampler(whole, True, chosen.batch * 10**5)
    )
    return itertools.chain.from_iterable(itertools.repeat(loader))


MAKERS = {"textbook": tutorial, "eager": eager}


def raced(chosen: learned.TrainConfig, blocks: int) -> dict[str, float]:
    """Median CPU seconds of an iteration of each, interleaved."""
    loops = {name: MAKERS[name](chosen) for name in LOOPS}
    times: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(blocks + 1):
        for name, loop in loops.items():
            began = time.process_time()
            loop()
            if number:  # the first block warms up
                times[name].append(time.process_time() - began)
    return {name: statistics.median(each) / BLOCK for name, each in times.items()}


def memory(name: str, loop: str) -> float:
    """Peak MB of a process that trains so."""
    command = [sys.executable, __file__, "--memory", name, loop]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(told)


def peak() -> float:
    """Largest resident size so far, in MB; that of getrusage begins with the parent's."""
    told = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", told)[1]) / 1024


def train_and_tell(name: str, loop: str) -> None:
    """What the process of `memory` does."""
    loaded = peak()
    block = MAKERS[loop](config(name))
    for _ in range(MEASURED // BLOCK):
        block()
    print(peak() - loaded)


def main() -> None:
    """A row for each preset and loop."""
    torch.set_num_threads(1)
    if "--memory" in sys.argv:
        train_and_tell(*sys.argv[2:])
        return
    blocks = QUICK if "--quick" in sys.argv else BLOCKS
    print("preset    loop       ms an iteration  images a second  times as fast  peak MB")
    for name in PRESETS:
        chosen = config(name)
        times = raced(chosen, blocks)
        for loop in LOOPS:
            rate = chosen.batch * chosen.n_critic / times[loop]
            print(
                f"{name:9} {loop:9} {1000 * times[loop]:16.1f} {rate:16.0f} "
                f"{times['textbook'] / times[loop]:14.2f} {memory(name, loop):8.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
