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
# # Solutions 3 · Kantorovich and Rubinstein: the exact critic

# %%
import sys

import numpy as np

sys.path.insert(0, "..")  # the course's own modules
from checks import kantorovich_rubinstein as check

from wganlab import exact

# %% [markdown]
# **1.** The places 0, 2, 3 with $P = (0.7, 0.1, 0.2)$ and $Q = (0.2, 0.4, 0.4)$.
#
# The distribution functions are $F = (.7, .8, 1)$ and $G = (.2, .6, 1)$. Between 0 and 2 and
# between 2 and 3, $F > G$: mass passes to the right, and the critic falls with slope 1 all the way.
# So $f = -x$ is optimal, and so is $f$ plus any constant. The gap is $.5 \cdot 0 + .3 \cdot 2 + .2
# \cdot 3 = 1.2$, which is also the area between $F$ and $G$: $.5 \cdot 2 + .2 \cdot 1$.

# %%
answer_1 = [0, -2, -3]
check.critic_on_three_points(answer_1)
check.critic_on_three_points([3, 1, 0])

# %% [markdown]
# **2.** The gap divided by a proven bound of the slope is a lower bound: $12 / 4 = 3$. The
# certificate is one, too: 2.6. The larger is 3, so EM is at least 3. The gap divided by the slope
# that was *seen* would be 8, but the slope may be larger where nobody looked.

# %%
answer_2 = max(12 / 4, 2.6)
check.what_is_proven(answer_2)

# %% [markdown]
# **3.** `distances(x, y) - f_x[:, None]` has a row for each real point and a column for each fake
# one. The smallest entry of a column is the best delivery price there that overpays no trip.


# %%
def my_certificate(f_x, x, y):
    """A lower bound of EM between the clouds x (n, d) and y (m, d); f_x has shape (n,)."""
    deliveries = (exact.distances(x, y) - f_x[:, None]).min(axis=0)  # (m,)
    return f_x.mean() + deliveries.mean()


check.certificate_function(my_certificate)

# %% [markdown]
# **4.** The real points are one camp in the middle, at about $(1, 0.5)$; the fake ones are three
# camps around it. All fake mass travels to the middle. So the critic should be highest there and
# fall with slope 1 in every direction: minus the distance to the middle, one hanging cone. It is
# 1-Lipschitz by the triangle inequality.

# %%
rng = np.random.default_rng(7)
real = np.array([1.0, 0.5]) + 0.25 * rng.normal(size=(40, 2))
camps = np.array([[-1.5, 0.5], [2.5, 2.5], [2.0, -1.5]])
fake = camps[rng.integers(3, size=40)] + 0.25 * rng.normal(size=(40, 2))


def my_critic(z):
    """Values of shape (k,) at points z of shape (k, 2): high on real, low on fake."""
    return -np.linalg.norm(z - np.array([1.0, 0.5]), axis=1)


check.critic_by_hand(my_critic, real, fake)
gap = my_critic(real).mean() - my_critic(fake).mean()
print(f"gap {gap:.3f}, EM {exact.emd(real, fake):.3f}, share {gap / exact.emd(real, fake):.1%}")

# %% [markdown]
# What is missing to 100 %: the real points are not all in one place. A ray from a camp may end at a
# real point beyond the middle. On its last piece our cone falls already, where an optimal critic
# still rises. A cone for each real point, with the right heights, and at each place the highest of
# all, would be optimal.
