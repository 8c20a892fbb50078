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
# # Solutions 10 · When estimates fail

# %%
import sys

import numpy as np

from wganlab import exact

sys.path.insert(0, "..")  # the course's own modules
from checks import when_estimates_fail as check

# %% [markdown]
# **1.** $(n / 1000)^{-1/10} = \frac12$ gives $n = 1000 \cdot 2^{10}$, about a million points for
# half the error. The linear program of a million points has $10^{12}$ ways.

# %%
answer_1 = 1000 * 2**10
check.points_needed(answer_1, dimension=10, points=1000, factor=2)

# %% [markdown]
# **2.** The loss is smallest at the median of the share $\hat p$ of ones. The median is 0 as long
# as "no 1 at all" has a probability of more than one half: $0.8^3 = 0.512$, $0.8^4 = 0.41$. So
# batches of 4. The same holds for a rare mode: one that is missing from more than half of the
# batches is better not made at all, as far as this loss can see. (With $m = 4$ it ends at 0.25,
# which is wrong to the other side.)

# %%
answer_2 = next(m for m in range(1, 100) if 0.8**m < 0.5)
check.rare(answer_2, p=0.2)

# %% [markdown]
# **3.** Between the clouds every pair is a pair of independent points. Within a cloud the diagonal
# is not: it is a point with itself, and its distance is 0. So the sum is divided by the number of
# the other pairs.


# %%
def my_energy(x, y):
    """Unbiased estimate of the squared energy distance; it may be negative."""
    n, m = len(x), len(y)
    first = exact.distances(x, x).sum() / (n * (n - 1))
    second = exact.distances(y, y).sum() / (m * (m - 1))
    return 2 * exact.distances(x, y).mean() - first - second


check.unbiased_energy(my_energy)

# %%
rng = np.random.default_rng(0)
draws = np.array([my_energy(*rng.normal(size=(2, 10, 8))) for _ in range(2000)])
print(f"two samples of one law: mean {draws.mean():.4f}, ", end="")
print(f"standard error {draws.std() / 2000**0.5:.4f}, negative in {np.mean(draws < 0):.0%}")
assert abs(draws.mean()) < 4 * draws.std() / 2000**0.5

# %% [markdown]
# **4.** The kernel $(xy + 1)^3$ compares the means of $x$, $x^2$ and $x^3$. The real law has 0, 1
# and 0. A symmetric fake law has the odd ones right. With weight $w$ at each of $\pm 2$ and the
# rest at 0 the mean of $x^2$ is $8 w$, so $w = 1/8$. Every bit of mass must move by 1, so EM is 1.
# KID is this distance between features of images; there the features make the difference visible,
# or not.

# %%
answer_4 = [1 / 8, 0, 3 / 4, 0, 1 / 8]
check.blind_spot(answer_4, em=0.7)
places = np.arange(-2, 3)
laws = (places, places, [0, 0.5, 0, 0.5, 0], answer_4)
print(f"EM {exact.emd(*laws):.3f}, polynomial MMD {exact.mmd(*laws, kernel='polynomial'):.1e}")

# %% [markdown]
# **5.** $B \sqrt{\log(1/\alpha) / (m R)} \le r$ where $R \ge B^2 \log(1/\alpha) / (m r^2) = 4
# \cdot 3.69 / 2.5 = 5.9$. The radius asks for points, and does not care how they are divided; the
# *expectation* does: batches of $m$ points are above the truth by the floor of $m$ points, so few
# large batches are better than many small ones.

# %%
answer_5 = int(np.ceil(2**2 * np.log(1 / 0.025) / (1000 * 0.05**2)))
check.batches_for(answer_5, diameter=2, level=0.025, points=1000, radius=0.05)

# %% [markdown]
# **6.** Ten sides, and the probability that any of them is wrong is at most the sum (Boole). It
# need not be shared equally: `compare.bracket` gives three quarters to its last look, which has the
# most points.

# %%
answer_6 = 0.05 / (2 * 5)
check.level_of_a_look(answer_6, looks=5, confidence=0.95)
