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
# # Solutions 1 · Four distances

# %%
import sys

import numpy as np

sys.path.insert(0, "..")  # the course's own modules
from checks import four_distances as check

# %% [markdown]
# **1.** $P = (0.2, 0.3, 0.5)$ and $Q = (0.5, 0.3, 0.2)$ on the places 0, 1, 2.
#
# The distribution functions are $F = (.2, .5, 1)$ and $G = (.5, .8, 1)$. Between 0 and 1 they
# differ by .3, between 1 and 2 by .3, and each gap is 1 wide: $.3 + .3 = .6$. Said with a plan: a
# mass of .3 goes from 2 to 0, two steps.

# %%
answer_1 = 0.3 * 1 + 0.3 * 1
check.emd_on_three_points(answer_1)

# %% [markdown]
# **2.** JS compares each law with the mixture $M$; a place where `u` is 0 adds nothing to
# $\mathrm{KL}(u, M)$, so it is left out before the logarithm is taken. No small number is added:
# where `u` is positive, so is $M$.


# %%
def my_js(u, v):
    """Jensen-Shannon divergence of two pmfs, in nats."""
    m = (u + v) / 2
    return sum((w[w > 0] * np.log(w[w > 0] / m[w > 0])).sum() for w in (u, v)) / 2


check.js_function(my_js)

# %% [markdown]
# **3.** $P = (\tfrac12, \tfrac12, 0)$ and $Q = (0, \tfrac12, \tfrac12)$. The middle mass is in both
# laws and may stay; one half goes from the first place to the third. So the third must be 14 away
# from the first, with the second anywhere between them. (Anywhere at all on the line? Try
# `[0, 20, 14]`: a detour is never cheaper than the straight way, and a mass that stays costs
# nothing, so yes.)

# %%
answer_3 = [0, 5, 14]
p, q = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
check.places_for_emd(answer_3, p, q, 7)
check.places_for_emd([0, 20, 14], p, q, 7)
