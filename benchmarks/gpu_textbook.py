"""The loop that tutorials write for `wgan-gp`, on a device, to measure the package against.

A pass for real and one for fake points, torch's optimizers as they come, derivatives by autograd
through the penalty, the losses read in every step. It is spared a loader: the whole set lies on the
device as floats.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from wganlab import data, learned


def textbook(config: learned.TrainConfig, device: torch.device) -> Callable[[], None]:
    """An iteration of it, for networks and settings of that configuration."""
    start, draws = torch.Generator().manual_seed(0), torch.Generator(device).manual_seed(0)
    law = config.law()
    critic = config.critic.critic_for(law.shape, start).to(device)
    generator = config.generator.generator_for(config.latent, law.shape, start).to(device)
    critic_adam, generator_adam = (
        torch.optim.Adam(network.parameters(), lr=chosen.lr, betas=chosen.betas)
        for network, chosen in (
            (critic, config.critic_optimizer),
            (generator, config.generator_optimizer),
        )
    )
    if config.of_images:
        pixels = data.images(config.data, config.size).images
        floats = torch.tensor(pixels).permute(0, 3, 1, 2).float().contiguous() / 127.5 - 1
        whole = floats.to(device)

    def real() -> Tensor:
        if not config.of_images:
            return law.sample(config.batch, draws)
        return whole[torch.randint(len(whole), (config.batch,), device=device)]

    def fake() -> Tensor:
        return generator(torch.randn(config.batch, config.latent, device=device))

    def iteration() -> None:
        for _ in range(config.n_critic):
            x, y = real(), fake().detach()
            critic_adam.zero_grad()
            loss = critic(y).mean() - critic(x).mean() + config.weight * penalty(critic, x, y)
            loss.backward()
            critic_adam.step()
            loss.item()
        generator_adam.zero_grad()
        loss = -critic(fake()).mean()
        loss.backward()
        generator_adam.step()
        loss.item()

    return iteration


def penalty(critic: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean of (|slope| - 1)^2 between real and fake points."""
    epsilon = torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device)
    between = (epsilon * x + (1 - epsilon) * y).requires_grad_(True)
    values = critic(between)
    (gradients,) = torch.autograd.grad(
        outputs=values,
        inputs=between,
        grad_outputs=torch.ones_like(values),
        create_graph=True,
        retain_graph=True,
    )
    return ((gradients.reshape(len(x), -1).norm(2, dim=1) - 1) ** 2).mean()
