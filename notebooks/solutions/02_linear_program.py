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
# # Solutions 2 · The earth mover's distance as a linear program

# %%
import sys

import numpy as np

sys.path.insert(0, "..")  # the course's own modules
from checks import linear_program as check

from wganlab import exact

# %% [markdown]
# **1.** The unknown is $z = (\pi_{11}, \pi_{12}, \pi_{21}, \pi_{22})$. What leaves the first place
# is $\pi_{11} + \pi_{12}$: ones in the first two columns, and on the right $p_1 = 0.3$. What
# arrives at the first target is $\pi_{11} + \pi_{21}$: ones in the columns 1 and 3, and $q_1 =
# 0.6$. The first two rows together are $(1, 1, 1, 1)$, and so are the last two: one is redundant,
# and the rank is 3.

# %%
answer_1_A = [
    [1, 1, 0, 0],
    [0, 0, 1, 1],
    [1, 0, 1, 0],
    [0, 1, 0, 1],
]
answer_1_b = [0.3, 0.7, 0.6, 0.4]
check.two_by_two(answer_1_A, answer_1_b)
assert np.linalg.matrix_rank(answer_1_A) == 3

# %% [markdown]
# **2.** Mass travels on the ways 1-1, 1-2, 2-2 and 2-3, so there $f_i + g_j$ must equal the cost of
# the way. These are four equations for five prices; one price is free, say $f_1 = 0$. Then
# $g_1 = 4$ and $g_2 = 6$; from the way 2-2, $f_2 = 3 - 6 = -3$; and from 2-3, $g_3 = 4 + 3 = 7$.
#
# It remains to check the promise on the two ways that are not used: $f_1 + g_3 = 7 \le 9$ and
# $f_2 + g_1 = 1 \le 5$. So the prices are allowed, they are worth
# $\tfrac12 \cdot 0 - \tfrac12 \cdot 3 + \tfrac14 \cdot 4 + \tfrac12 \cdot 6 + \tfrac14 \cdot 7 =
# 4.25$, and no plan costs less than that.

# %%
ways = np.array([[4, 6, 9], [5, 3, 4]])
given = np.array([[0.25, 0.25, 0.0], [0.0, 0.25, 0.25]])
answer_2_f = [0, -3]
answer_2_g = [4, 6, 7]
check.proving_prices(answer_2_f, answer_2_g, ways, given)

# %%
print(exact.primal(ways, [0.5, 0.5], [0.25, 0.5, 0.25]).solve().value)

# %% [markdown]
# **3.** Sort both, pair them in order, and take the mean length. The sorted copies leave the
# caller's arrays as they are.


# %%
def my_emd(u, v):
    """EM between two samples of equal size on the line."""
    return np.abs(np.sort(u) - np.sort(v)).mean()


check.line_function(my_emd)

# %% [markdown]
# **4.** The first point stands at 0, between a target at 1 and one at $-1.1$, and takes the nearer
# one, at 1. But the second point stands at 1 and needed just that. It has to go to $-1.1$. The cost
# is $1 + 2.1 = 3.1$ for both together, and the best matching costs $1.1 + 0$: almost three times as
# much.
#
# For two points it is never more than three times. Suppose that greedy does not find the best
# matching. Let $a$ be the way that the first point takes, and let the best matching consist of a
# way $b$ for the first point and a way $c$ for the second. The first point took the nearest target,
# so $a \le b$. The second point can reach the target that is left by going along $c$, back along
# $a$ and then along $b$, so greedy costs at most $a + (c + a + b) \le 3b + c \le 3 (b + c)$. With
# more points the factor can be larger: this rule does not replace the program.


# %%
def greedy(u, v):
    """Mean distance when each u takes the nearest free v in turn."""
    free, total = list(v), 0.0
    for start in u:
        nearest = min(free, key=lambda end: abs(start - end))
        free.remove(nearest)
        total += abs(start - nearest)
    return total / len(u)


answer_4_u = [0, 1]
answer_4_v = [1, -1.1]
check.greedy_fails(answer_4_u, answer_4_v, greedy)

# %%
print(f"{greedy(answer_4_u, answer_4_v) / exact.emd(answer_4_u, answer_4_v):.3f} times EM")

# %%
longer_u, longer_v = [0, 1, 3, 7], [1, 3, 7, -1.1]  # each takes what the next one needs
print(f"{greedy(longer_u, longer_v) / exact.emd(longer_u, longer_v):.3f} times EM")
assert greedy(longer_u, longer_v) > 3 * exact.emd(longer_u, longer_v)
