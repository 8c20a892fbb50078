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
# # Solutions 4 · Which sequences converge

# %%
import sys

import numpy as np
from scipy import stats

sys.path.insert(0, "..")  # the course's own modules
from checks import convergence as check

from wganlab import exact

# %% [markdown]
# **1. a)** $Q_n$ has half its mass at $1 + 1/n$, where $P$ has none, and $P$ half at 1, where $Q_n$
# has none: both KLs are infinite, TV is one half and JS is $\frac12 \log 2$, for every $n$. Half
# the mass travels $1/n$: EM is $1 / 2n$. Only EM goes to 0.
#
# **b)** $\mathrm{KL}(Q_n, P)$ is infinite, because $P$ has nothing at $n^2$. The other way round it
# is $-\log(1 - 1/n) \to 0$. With it go TV $= 1/n$ and JS. EM is $\frac1n \cdot n^2 = n$, which goes
# to infinity. The space is not bounded, so theorem 2 is not contradicted.

# %%
answer_1a = ["EM"]
answer_1b = ["KL(P,Q)", "JS", "TV"]
check.which_go_to_zero(answer_1a, "a")
check.which_go_to_zero(answer_1b, "b")

# %% [markdown]
# **2.** The fake points are $z_j + \theta$, and each moves as $\theta$ does. So the gradient in
# $\theta$ is the sum of the gradients with respect to the fake points, which are the second of the
# two arrays. They carry the masses $1/m$ already.


# %%
def my_step(theta, z, data, rate):
    """One step: theta of shape (2,), z (m, 2), data (n, 2). Returns the new theta, (2,)."""
    at_fake = exact.wasserstein(data, z + theta).gradients()[1]
    return theta - rate * at_fake.sum(axis=0)


check.generator_step(my_step)

# %% [markdown]
# **3.** Let $s(r)$ be the slope of JS between $N(0, 1)$ and $N(r, 1)$. With noise $\sigma$ the
# slope at $\theta$ is $s(\theta / \sigma) / \sigma = r\, s(r) / \theta$ with $r = \theta / \sigma$.
# For a fixed $\theta$ we want the largest $r\, s(r)$, not the largest $s(r)$: that is at about
# $r = 2.4$, so $\sigma$ is about 0.83.


# %%
def slope(theta, sigma):
    ahead, behind = ((theta + h) / sigma for h in (0.001, -0.001))
    rise = exact.js(stats.norm(), stats.norm(ahead)) - exact.js(stats.norm(), stats.norm(behind))
    return rise / 0.002


sigmas = np.arange(0.5, 2, 0.01)
slopes = [slope(2, sigma) for sigma in sigmas]
answer_3 = sigmas[np.argmax(slopes)]
print(f"sigma = {answer_3:.2f}, theta / sigma = {2 / answer_3:.2f}, slope {max(slopes):.4f}")

# %%
check.best_noise(answer_3)

# %% [markdown]
# **4.** The steps must shrink, so that the last overshoot is small; and all that is left of them
# must be longer than the last overshoot, at every moment, or the walker gets stuck beside the goal.
# Steps proportional to $1 / (k + 1)$ do both: they go to 0, but their sum does not converge. After
# a step of length $r$ over the goal she is at most $r$ away and comes back with the next few steps.
# At the end she is within about one of the last steps, $0.3 / 200 = 0.0015$.


# %%
def my_rate(k):
    """The length of step number k."""
    return 0.3 / (k + 1)


check.rates(my_rate)
check.rates(lambda k: 0.05 * 0.97**k)
