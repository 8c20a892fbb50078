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
# # Solutions 8 · Training

# %%
import sys

import numpy as np

from wganlab.learned import MLPConfig, Optimizer, TrainConfig

sys.path.insert(0, "..")  # the course's own modules
from checks import training as check

# %% [markdown]
# **1.** Long are the iterations 0 to 24, and 500 and 1,000 (0 is among the first already): 27 of
# 100 steps. The other 1,173 have 5 steps each.

# %%
answer_1 = 27 * 100 + (1200 - 27) * 5
check.critic_updates(answer_1, iterations=1200)
print(answer_1, "critic updates, of them", 27 * 100, "in 27 iterations")

# %% [markdown]
# **2.** At the turn $m = 1$. After $k$ gradients of $-1$ it is
# $\beta^k - (1 - \beta^k) = 2 \beta^k - 1$, positive while $\beta^k > 1/2$, that is for
# $k < \log 2 / \log(1 / \beta) = 13.5$. So 13 steps go the wrong way. (With $\beta_1 = 0.9$ it was
# 6, as the lesson saw.)

# %%
momentum, answer_2 = 1.0, 0
while (momentum := 0.95 * momentum - 0.05) > 0:
    answer_2 += 1
check.wrong_way(answer_2, beta=0.95)
assert answer_2 == int(np.log(2) / np.log(1 / 0.95)) == 13

# %% [markdown]
# **3.**
#
# 1. True: that is what a certificate is.
# 2. False. The gap of a critic with a penalty is a bound in neither direction: steeper than 1 it is
#    too large, badly trained it is too small.
# 3. False: two samples of one law are about 0.09 apart, too. EM of these points is only known to be
#    above 0.08.
# 4. False: gaps of two critics are in two units.
# 5. True, unless this critic is the best one: the exact critic of these points certifies all of EM.
#    (If EM happens to be 0.08, the certificate *is* EM. "Could" is all that was said.)

# %%
answer_3 = [True, False, False, False, True]
check.statements(answer_3)

# %% [markdown]
# **4.** The sections above spend five of six updates on the critic. With one critic step for each
# of the generator's, the generator has 300 steps. That goes well with a clipped critic, a higher
# rate, and no momentum. (Lesson 9 shows what momentum does to this very configuration.)


# %%
def my_config():
    """A configuration that spends 600 updates well."""
    network = MLPConfig(width=64, depth=3, init="he")
    adam = Optimizer(lr=2e-3, betas=(0.0, 0.999), schedule="linear")
    networks = {"critic": network, "generator": network}
    optimizers = {"critic_optimizer": adam, "generator_optimizer": adam}
    times = {"n_critic": 1, "batch": 64, "iterations": 300}
    return TrainConfig(constraint="clip", clip=0.1, **networks, **optimizers, **times)


check.budget(my_config, updates=600, target=0.5)
