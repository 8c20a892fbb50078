# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions 12 · Capstone: your critic, your distribution

# %%
import sys

import numpy as np
import torch
from torch import nn

sys.path.insert(0, "..")  # the course's own modules
from checks import capstone as check

# %% [markdown]
# **1.** The smallest of several largest of planes, each with $|w| = 1$: `amax` over the planes of a
# group, `amin` over the groups. Both keep slopes of at most 1, and together they are not convex.
# The norm is taken over the last axis, that of the coordinates.


# %%
class MyCritic(nn.Module):
    """Slope at most 1, whatever the weights are."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 8, 2))
        self.bias = nn.Parameter(0.1 * torch.randn(8, 8))

    def forward(self, x):
        directions = self.weight / self.weight.norm(dim=2, keepdim=True)
        values = torch.einsum("nd,gpd->ngp", x, directions) + self.bias
        return values.amax(dim=2).amin(dim=1)


check.certified_critic(MyCritic)

# %% [markdown]
# (Between *these* two laws `amin` over all planes, which is concave, is enough.) Another
# construction, which the lesson did not show: distances. $x \mapsto |x - c|$ has slope 1
# for any center $c$, so $b - |x - c|$ has, too, and the largest of several such hills. One hill
# about the flowers' center is the exact critic.


# %%
class Hills(nn.Module):
    """The largest of several cones that point up."""

    def __init__(self):
        super().__init__()
        self.center = nn.Parameter(0.5 * torch.randn(8, 2))
        self.height = nn.Parameter(torch.zeros(8))

    def forward(self, x):
        return (self.height - (x[:, None] - self.center).norm(dim=2)).amax(dim=1)


check.certified_critic(Hills)

# %% [markdown]
# **2.** The area inside radius $r$ is $\pi (r^2 - 1)$ of $3 \pi$. So $(r^2 - 1) / 3$ is uniform in
# $[0, 1]$, and $r = \sqrt{1 + 3 u}$. With $r = 1 + u$ the inner circles would be too crowded.


# %%
def my_law(n, generator):
    """n points of the ring, float32, shape (n, 2)."""
    u = torch.rand(n, 2, generator=generator, device=generator.device)
    angle, radius = 2 * torch.pi * u[:, 0], (1 + 3 * u[:, 1]).sqrt()
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


check.ring_sampler(my_law)

# %% [markdown]
# **3.** The data is one of the cuts, above the line and below it. So the smallest p-value of 199
# shuffles is $1 / 200$.


# %%
def my_p_value(true, shuffled):
    """Share of all cuts whose statistic is at least the true one."""
    return (1 + np.sum(np.asarray(shuffled) >= true)) / (1 + len(shuffled))


check.p_value(my_p_value)

# %% [markdown]
# **4.** Not supported are
#
# - (b): every penalized critic has its own slope, and neither gap is a distance. Here exact EM
#   happens to have the same order; the reason given is still none.
# - (d): the certificate is about the 500 and 500 images. EM between the laws may be far less: two
#   samples of one law, with EM 0, have 13.5.
# - (e): 2.6 was seen at some points. No slope is proven.
# - (f): 12.6 of A's 12.9 come from $f = 0$, that is, from the distance of each generated image to
#   its nearest real one. The critic added 0.3.
# - (h): a difference of 0.6 between two runs of one seed each says nothing about settings.
#
# Supported are (a), which is what a sampling floor is; (c), which needs no trust in the critic; and
# (g), which claims no more than KID says.

# %%
answer_4 = {"b", "d", "e", "f", "h"}
check.flawed_report(answer_4)
