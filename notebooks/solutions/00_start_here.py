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
# # Solutions 0 · Start here

# %%
import sys

sys.path.insert(0, "..")  # the course's own modules
from checks import start_here as check

from wganlab import exact

# %% [markdown]
# **1.** On the line the cheapest plan keeps the order: 0 goes to 1, 2 goes to 1, and 5 goes to 9.
# The ways are 1, 1 and 4 long, and their mean is 2. Sent in the order given (5 to 1, 0 to 9, 2 to
# 1), the same points cost $14/3$.

# %%
answer_1 = exact.emd([5, 0, 2], [1, 9, 1])
check.emd_of_points(answer_1)

# %% [markdown]
# **2.** $\mathrm{KL}(P, Q) = 0.9 \log \frac{0.9}{0.5} + 0.1 \log \frac{0.1}{0.5} \approx 0.368$.
# The other way round it is $0.5 \log \frac{0.5}{0.9} + 0.5 \log \frac{0.5}{0.1} \approx 0.511$. Who
# believes in $P$ and sees the fair coin is surprised more than who believes in the fair coin and
# sees $P$.

# %%
answer_2 = exact.kl([0.9, 0.1], [0.5, 0.5])
check.kl_of_coins(answer_2)

# %% [markdown]
# **3.** The cheapest plan keeps the order, so the lower point goes to the lower one and the upper
# to the upper one. With mean 0 the new points are $-a$ and $a$, and each way is $|a - 1|$ long. So
# $a = 4$. EM is not the distance between the means: it sees every point.

# %%
answer_3 = [-4, 4]
check.points_for_emd(answer_3, [-1, 1], target=3)
