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
# # Solutions 5 · Vanishing gradients

# %%
import sys

import numpy as np

sys.path.insert(0, "..")  # the course's own modules
from checks import vanishing_gradients as check

# %% [markdown]
# **1.** A uniform law on $[0, 2]$ has the density $p = 1/2$. The fakes have $q(0.5) = 0.25$ there.
# So of the points that fall near 0.5, with as many reals as fakes in all, two thirds are real:
# $D^*(0.5) = 0.5 / (0.5 + 0.25) = 2/3$.

# %%
answer_1 = 0.5 / (0.5 + 0.25)
check.best_discriminator(answer_1)

# %% [markdown]
# **2.** $L = \mathbb{E}_P \log D + \mathbb{E}_Q \log(1 - D)$ is estimated by two means, and
# $L = 2\,\mathrm{JS} - 2 \log 2$ is solved for JS: half of $L$, plus $\log 2$. The logarithms are
# taken of the numbers that are needed and of no others: $\log D$ at fake points may be $\log 0$.


# %%
def js_from_discriminator(d_real, d_fake):
    """Jensen-Shannon divergence from the best discriminator's values."""
    loss = np.log(d_real).mean() + np.log(1 - d_fake).mean()
    return loss / 2 + np.log(2)


check.js_from_discriminator(js_from_discriminator)

# %% [markdown]
# Two ways to see that the constant is right: a discriminator that is always 1/2 gives JS 0, and one
# that is never wrong gives $\log 2$.

# %%
half = np.full(10, 0.5)
assert np.isclose(js_from_discriminator(half, half), 0)
assert np.isclose(js_from_discriminator(np.ones(10), np.zeros(10)), np.log(2))

# %% [markdown]
# **3.** With the means at 0 and $m$, the ratio of the densities at $x = m$ is
# $p / q = e^{-m^2 / 2}$, so $D^* = 1 / (1 + e^{m^2 / 2})$ there, and the slope is $m D^*$. Halve
# the interval that holds the answer until it is short.

# %%
low, high = 1.0, 10.0  # the slope is too large at low, too small at high
while high - low > 1e-6:
    middle = (low + high) / 2
    if middle / (1 + np.exp(middle**2 / 2)) > 1e-3:
        low = middle
    else:
        high = middle
answer_3 = middle
print(f"{answer_3:.3f}")
check.distance_for_slope(answer_3, 1e-3)

# %% [markdown]
# So at four standard deviations a typical fake already feels a thousandth. There is a second
# solution, $m \approx 0.002$: there $D^*$ is about one half, and the slope is small because the
# laws are nearly equal. That is how a gradient should vanish.
