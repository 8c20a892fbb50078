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
# # Solutions 9 · The GAN family

# %%
import sys

import numpy as np

sys.path.insert(0, "..")  # the course's own modules
from checks import gan_family as check

# %% [markdown]
# **1.** Take $p = 1$, $q = 4$.
#
# - GAN: $D = p / (p + q) = 1/5$. (Its logit is $\log(1/4)$.)
# - Least squares: $-p (v - 1) - q (v + 1) = 0$ gives $v = (p - q) / (p + q) = -3/5$.
# - Hinge: between $-1$ and $1$ the reward is $p (v - 1) - q (v + 1)$, a line of slope
#   $p - q = -3$, so go left, to $v = -1$. Beyond it $b$ is flat and $a$ still falls: stop.
# - Pearson: $p - q (v/2 + 1) = 0$ gives $v = 2 (p / q - 1) = -3/2$.

# %%
answer_1 = [1 / 5, -3 / 5, -1, -3 / 2]
check.best_outputs(answer_1, ratio=1 / 4)

# %% [markdown]
# **2.** With $v + c$ the bound is $\mathbb{E}_P v + c - e^c\, \mathbb{E}_Q e^{v - 1}$. Its
# derivative in $c$ is 0 where $e^c\, \mathbb{E}_Q e^{v - 1} = 1$, so
# $c = -\log \mathbb{E}_Q e^{v - 1} = 1 - \log \mathbb{E}_Q e^v$. Put it in:
# $\mathbb{E}_P v + 1 - \log \mathbb{E}_Q e^v - 1$. The two ones cancel.


# %%
def my_bound(v_real, v_fake):
    """The largest of the f-GAN's bounds of KL, over all v + c."""
    return np.mean(v_real) - np.log(np.mean(np.exp(v_fake)))


check.kl_bound(my_bound)

# %% [markdown]
# It matters when $v$ is not the best one. For $\mathcal N(0, 1)$ and $\mathcal N(1, 1)$ the best
# $v$ is $\tfrac32 - x$, and KL is $\tfrac12$. Forget the constant, and the f-GAN's bound loses;
# this one does not.

# %%
rng = np.random.default_rng(0)
v_real, v_fake = -rng.normal(0, 1, 100_000), -rng.normal(1, 1, 100_000)
plain = v_real.mean() - np.exp(v_fake - 1).mean()
print(f"v = -x: f-GAN {plain:.3f}, with the best constant {my_bound(v_real, v_fake):.3f}, KL 0.5")
assert plain < 0 < 0.47 < my_bound(v_real, v_fake) < 0.53

# %% [markdown]
# **3.** All pairs are an array of differences; the share of those above 0 is asked for.


# %%
def my_misled(first, second):
    """Share of the pairs (one run of each) in which the second beats the first."""
    return np.mean(np.subtract.outer(second, first) > 0)


check.misled(my_misled)
print(f"{my_misled([8, 8, 6, 7, 8], [8, 5, 7, 6]):.0%} of single runs name the wrong method")

# %% [markdown]
# **4.** A: the estimate climbs far above EM and the gradient grows with it: nothing limits the
# critic. B: the gap comes to the size of EM and stays below it, EM falls, the gradient keeps its
# size. C: the estimate stands at $\log 2 = 0.69$, the most that it can be, with a vanishing
# gradient. D: estimate and gradient end at exactly 0 (the logarithmic axis cannot show it), while
# EM is large: a network that died of its first steps.

# %%
answer_4 = {
    "A": "no constraint",
    "B": "healthy",
    "C": "too good a teacher",
    "D": "too high a rate",
}
check.diagnosis(answer_4)
