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
# # Solutions 7 · Penalties and certified critics

# %%
import sys

import numpy as np

from wganlab import exact, learned

sys.path.insert(0, "..")  # the course's own modules
from checks import penalties_and_certified_critics as check

# %% [markdown]
# **1.** Two equations, $\mathrm{EM} + C / 10 = 3.1$ and $\mathrm{EM} + C / 40 = 2.65$. Their
# difference is $C (1/10 - 1/40) = 0.45$, so $C = 6$ and $\mathrm{EM} = 3.1 - 0.6 = 2.5$. Seen
# another way: drawn over $1 / \lambda$, gaps lie on a straight line, and EM is where it meets $1 /
# \lambda = 0$. Numerical analysts call this Richardson's extrapolation. It needs no $C$, but it
# doubles the work, and an error of training in either gap goes into it.

# %%
constant = (3.1 - 2.65) / (1 / 10 - 1 / 40)
answer_1 = 3.1 - constant / 10
check.two_weights(answer_1, gaps={5: 3.1, 20: 2.65})

# %% [markdown]
# **2.** The slopes far right and far left differ by at most the product of the norms, 1. One is
# 0.8, so the other is at least $0.8 - 1 = -0.2$. The network is reached by units of two kinds:
# $0.8\, \mathrm{relu}(x) + 0.2\, \mathrm{relu}(-x)$, with $w = (\sqrt{0.8}, -\sqrt{0.2})$ and $a =
# (\sqrt{0.8}, \sqrt{0.2})$, both of norm 1.

# %%
answer_2 = 1 - 0.8
check.bend(answer_2, right=0.8)

# %% [markdown]
# **3.** What is made large is $3 s - \lambda \max(s - 1, 0)$. Up to $s = 1$ it rises. Beyond, one
# more unit of slope earns 3 and costs $\lambda$. With $\lambda > 3$ the best slope is exactly 1 and
# the gap exactly EM; with $\lambda < 3$ the slope runs away. Such a penalty is called *exact*. Why
# is it not the usual one? It has to be known beforehand how large $\lambda$ must be (larger than
# $|D| / \sigma$ everywhere), and at slope 1, where the critic is to stay, the loss has a kink.

# %%
answer_3 = 3
check.unsquared(answer_3, theta=3)

# %%
lines = exact.known.ParallelLines(3.0)
for weight in (2.0, 10.0):
    penalty = learned.GradientPenalty(weight, side="one", power=1.0)
    fitted = learned.fit_critic(lines, constraint=penalty, steps=200, device="cpu", records=1)
    gap = fitted.final.gap
    print(f"lambda {weight:2g}: gap", f"{gap:.1f}" if gap < 100 else "beyond 100, and rising")
    assert gap > 100 if weight == 2 else abs(gap - 3) < 0.25

# %% [markdown]
# **4.** The variance of a difference of independent means is the sum of the variances of the means.
# Then everything is divided by $L$, the error too, because $f / L$ is the function whose slope is
# at most 1.


# %%
def my_lower_bound(f_real, f_fake, lipschitz):
    """A number that is at most EM of the laws, in about 39 of 40 cases."""
    gap = np.mean(f_real) - np.mean(f_fake)
    error = np.sqrt(np.var(f_real) / len(f_real) + np.var(f_fake) / len(f_fake))
    return (gap - 2 * error) / lipschitz


check.lower_bound(my_lower_bound)

# %% [markdown]
# How often is it right? Take the exact critic, which leaves no room below EM, and draw new points
# many times.

# %%
pair = exact.known.Gaussians(real=(0, 0), fake=(3, 0))
rng = np.random.default_rng(0)
bounds = []
for _ in range(2000):
    x, y = pair.sample(100, rng)
    bounds.append(my_lower_bound(pair.critic(x), pair.critic(y), 1.0))
right = np.mean(np.array(bounds) <= pair.emd)
print(f"at most EM in {100 * right:.1f} % of cases, 39 of 40 are 97.5 %")
assert 0.95 < right < 0.99
