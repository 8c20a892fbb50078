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
# # Solutions 6 · Learning the critic

# %%
import sys

import numpy as np
import torch

from wganlab import compare, exact, learned

sys.path.insert(0, "..")  # the course's own modules
from checks import learning_the_critic as check

# %% [markdown]
# **1.** The function $f / 0.0016$ is certain to have slope at most 1, so its gap is at most EM:
# $0.0012 / 0.0016 = 0.75$. The quotient with the largest norm *seen*, $0.0012 / 0.0006 = 2$, may be
# nearer to EM, but it proves nothing: between the points that were looked at, the critic may be
# steeper.

# %%
answer_1 = 0.0012 / 0.0016
check.proven_bound(answer_1, gap=0.0012, slope=0.0006, lipschitz=0.0016)

# %% [markdown]
# **2.** The sum of the values has one gradient for every point, because the value at one point does
# not depend on the others. So one call of autograd gives them all, shape `(n, d)`; each row has its
# own norm.


# %%
def my_gap_over_slope(f, real, fake):
    """Critic gap divided by the largest gradient norm at the points."""
    gap = f(real).mean() - f(fake).mean()
    points = torch.cat([real, fake]).requires_grad_()
    (gradient,) = torch.autograd.grad(f(points).sum(), points)
    return (gap / gradient.norm(dim=1).max()).item()


check.gap_over_slope(my_gap_over_slope)

# %% [markdown]
# **3.** The derivative of $3 s - (s - 1)^2$ is $3 - 2 (s - 1)$, which is 0 at $s = 2.5$. The gap is
# $3 \cdot 2.5 = 7.5$, two and a half times EM: so weak a penalty can hardly hold a critic between
# lines so far apart.

# %%
answer_3 = 3 * (1 + 3 / (2 * 1))
check.penalized_gap(answer_3, theta=3, weight=1)

# %%
lines, weak = exact.known.ParallelLines(3.0), learned.GradientPenalty(1.0)
fitted = learned.fit_critic(lines, constraint=weak, steps=300, device="cpu")
told = compare.critic_vs_exact(fitted, lines, n=300)
print(f"trained: gap {told.critic_gap:.1f}, corrected {told.corrected:.1f}")
assert abs(told.critic_gap - answer_3) < 0.15

# %% [markdown]
# **4.** The fake cloud is the real one, moved by $(3, 0)$, nearly. So each fake point must go left,
# and $f$ should rise to the left with slope 1: $f(z) = -z_0$, minus the first coordinate. A plane
# through three numbers of thought is a better critic than all clipped networks of the lesson.

# %%
x, y = exact.known.Gaussians(real=(0, 0), fake=(3, 0)).sample(300, np.random.default_rng(0))


def my_critic(z):
    """A function of points in the plane, made by thinking."""
    return -z[:, 0]


check.hand_made_critic(my_critic, x, y, share=0.95)
print(f"{exact.certificate(my_critic(x), x, y):.3f} of {exact.emd(x, y):.3f}")
