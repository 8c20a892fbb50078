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
# # Solutions 11 · Images

# %%
import sys

import numpy as np
import torch

from wganlab import compare, data, exact

sys.path.insert(0, "..")  # the course's own modules
from checks import images as check

# %% [markdown]
# **1.** From 100 to 1,000 images EM is multiplied by $12.7 / 14.9 = 0.852$. Every tenfold does
# that, if the power stays the same. To halve it takes $\log 0.5 / \log 0.852 = 4.3$ tenfolds:
# $1{,}000 \cdot 10^{4.3}$, about 22 million images. Nobody will see that floor fall.

# %%
tenfolds = np.log(0.5) / np.log(12.7 / 14.9)
answer_1 = 1000 * 10**tenfolds
print(f"{tenfolds:.2f} tenfolds, {answer_1 / 1e6:.0f} million images")
check.images_to_halve(answer_1)

# %% [markdown]
# **2.** Anything that takes away what is particular to an image: here each digit goes 30 % of the
# way to the mean of all. It fades where it differs from the mean, and keeps its shape. Averaging
# with neighbors does better still.


# %%
def my_fakes(train, n):
    """n images, shape (n, 1, 16, 16), nearer to real digits than real digits are."""
    mean = train.mean(dim=0)
    return mean + 0.7 * (train[:n] - mean)


law, cpu = data.image_law("mnist10k", 16), torch.device("cpu")
train, held_out = law.take(law.rows[:3000], cpu), law.take(law.unseen[:300], cpu)
check.nearer_than_real(my_fakes, train, held_out)

# %%
near = compare.nearest_neighbors(train[:300], train, k=16)[1]
averaged = torch.stack([train[rows].mean(dim=0) for rows in near])
judged = held_out.flatten(1).double().numpy()
for name, fake in (("real", train[:300]), ("faded", my_fakes(train, 300)), ("averaged", averaged)):
    print(f"{name:9} {exact.emd(judged, fake.flatten(1).double().numpy()):.2f}")

# %% [markdown]
# **3.** The mean of $n$ independent values has a variance of (their variance) / $n$. Variances of
# independent means add, and the root is the standard error of the gap. By the central limit theorem
# the gap of the laws lies below "gap minus two errors" in about one case of 44.


# %%
def my_bound(f_real, f_fake):
    """A lower bound of the EM of the laws, almost surely."""
    gap = f_real.mean() - f_fake.mean()
    error = np.sqrt(f_real.var(ddof=1) / len(f_real) + f_fake.var(ddof=1) / len(f_fake))
    return gap - 2 * error


check.bound_of_laws(my_bound)

# %% [markdown]
# **4.** Only `memorization`, and only because it looks at *all* training images: each sample has
# another image at distance 0 among them. The copies are a fair sample of real images. So EM to
# held-out images is at its floor, KID is at 0, all classes are there. EM to 500 of the training
# images is at the floor, too: hardly any of the 500 copies is a copy of one of *these* 500.

# %%
answer_4 = {"memorization"}
check.what_tells_copies(answer_4)

# %%
rng = np.random.default_rng(0)
copies = train[rng.choice(len(train), 300)]
seen = exact.emd(*(z.flatten(1).double().numpy() for z in (train[:300], copies)))
unseen = exact.emd(judged, copies.flatten(1).double().numpy())
print(f"copies: EM to 300 training images {seen:.2f}, to held-out images {unseen:.2f}")
print(f"memorization {compare.memorization(copies, train, held_out)['memorization']:.2f}")
