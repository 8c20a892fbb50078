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
# # 0 · Start here
#
# This course is about one question: **how far apart are two laws** (probability distributions),
# **and what does a trained network know about it?** A generative network (a GAN) wants to bring the
# law of its fakes close to the law of real data. A Wasserstein GAN measures the distance between
# them with a second network, the *critic*. Here every number that a network gives stands beside the
# exact answer.
#
# **You will learn**
#
# 1. whether your computer has all that the course needs;
# 2. how to work with a lesson: predict, run, compare;
# 3. the whole story in ten numbers, each of which a lesson explains.
#
# **You need** Python, and no more than to have heard of probability distributions. What a lesson
# needs beyond that, it says at its top.
#
# **Time.** About 30 minutes; running all cells takes about 15 seconds.
#
# ## Is everything there?
#
# Click on the next cell and press Shift+Enter: it runs, and the one after it is chosen.

# %%
import importlib.util

needed = ("wganlab", "numpy", "scipy", "ot", "matplotlib", "torch", "ipywidgets", "PIL")
missing = [name for name in needed if importlib.util.find_spec(name) is None]
print("missing: " + ", ".join(missing) if missing else "All packages are there.")

# %% [markdown]
# If something is missing, or the cell ends in an error, close this page and type `make lab` in a
# terminal, in the folder of the project. It installs what is needed and opens this page again. (In
# an environment of your own: `python -m pip install -e ".[lab]"`.) A full report on your computer
# comes from `python -m wganlab doctor`, also in a terminal.
#
# The next cell loads the tools and computes one distance whose exact value is known: 0.5.

# %%
import controls
import matplotlib.pyplot as plt
import numpy as np
import torch
from checks import start_here as check
from scipy import stats

from wganlab import compare, data, exact, learned, plots

plt.style.use(plots.STYLE)
real, fake = exact.known.ParallelLines(0.5).sample(100, np.random.default_rng(0), paired=True)
value = exact.emd(real, fake)
print(f"expected 0.5, found {value:.6f}: {'ok' if abs(value - 0.5) < 1e-9 else 'WRONG'}")
assert abs(value - 0.5) < 1e-9

# %% [markdown]
# ## How to use this course
#
# - **Predict, run, compare.** Where you read **Predict**, stop, and write your answer down before
#   you run the next cell. A wrong prediction is worth more than a right one: it shows you what you
#   did not know. The outputs are already on the page, for those who only read. To predict honestly,
#   choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first.
# - **Play.** Each lesson has a slider or buttons, which work once the cells above them have run.
#   The picture under them shows the same at a few places.
# - **Exercises.** Each has a cell that checks your answer. A wrong answer gets a hint.
# - **Break things.** Change numbers and run again. *Edit > Undo* and *Run > Run All Cells* bring
#   you back; `git checkout notebooks/NAME.ipynb` in a terminal brings back a whole page as it came,
#   without your answers.
# - **Words.** The [glossary](GLOSSARY.md) has every term with its symbol and its name in the code.
#
# The lessons:
#
# 0. Start here: you are reading it.
# 1. [Four distances](01_four_distances.ipynb): what do TV, KL, JS and EM measure, and which of them
#    sees near and far?
# 2. [The earth mover's distance as a linear program](02_linear_program.ipynb): how is the cheapest
#    plan found, and how do prices prove it?
# 3. [Kantorovich and Rubinstein](03_kantorovich_rubinstein.ipynb): what is the critic, and what
#    does any function prove about EM?
# 4. [Convergence](04_convergence.ipynb): which sequences of laws converge, and in which distance?
# 5. [Vanishing gradients](05_vanishing_gradients.ipynb): why does the best discriminator teach so
#    little?
# 6. [Learning the critic](06_learning_the_critic.ipynb): what is the number of a trained critic
#    worth?
# 7. [Penalties and certified critics](07_penalties_and_certified_critics.ipynb): how far is a
#    penalized gap off, and which networks can reach EM?
# 8. [Training](08_training.ipynb): what do the steps of Algorithm 1 do, and what does a curve tell?
# 9. [The GAN family](09_gan_family.ipynb): what do other discriminators estimate, and how does
#    training fail?
# 10. [When estimates fail](10_when_estimates_fail.ipynb): how far is the EM of samples from the EM
#     of laws?
# 11. [Images](11_images.ipynb): what does all this come to when points are pictures?
# 12. [Capstone](12_capstone.ipynb): what does *your* critic know of *your* law?
#
# ## A tour in ten numbers
#
# You need not understand all of it now. Each number says something that a lesson will explain.
#
# ### 1. EM: what it costs to carry the mass
#
# Two grains of sand lie at 0 and 1 on the line. They shall lie at 3 and 4. The *earth mover's
# distance* (EM) is the mean length of the way, for the cheapest plan.

# %%
print("1.  EM =", exact.emd([0, 1], [3, 4]))
assert exact.emd([0, 1], [3, 4]) == 3

# %% [markdown]
# Each grain goes 3 steps. (Or one goes 4 and the other 2: the same mean.) Lesson 1 computes EM by
# hand.
#
# ### 2. Total variation does not see how far
#
# *Total variation* (TV) is the largest difference between the probabilities that two laws give to
# one event. It is at most 1. **Predict**: the grains at 0 and 1 are compared with grains at 3 and
# 4, and then with grains at 3000 and 4000. What is TV, each time?

# %%
start = exact.Discrete([0, 1])
near, far = exact.Discrete([3, 4]), exact.Discrete([3000, 4000])
print("2.  TV =", exact.tv(start, near), "and", exact.tv(start, far))
assert exact.tv(start, near) == exact.tv(start, far) == 1

# %% [markdown]
# 1 both times. TV asks where the laws overlap, and they do not. How far apart they are, it does not
# see (lesson 1).
#
# ### 3. Almost there, and as far as ever
#
# The two segments of the WGAN paper: $P$ is uniform on an upright segment in the plane, $Q$ on the
# same segment moved by $\theta$ to the side. Let $\theta = 0.001$. *Jensen-Shannon divergence*
# (JS), which the first GANs minimize in theory, is between 0 and $\log 2 \approx 0.6931$;
# *Kullback-Leibler* (KL) is between 0 and $\infty$. Both only compare the probabilities that the
# laws give to the same place. **Predict**: EM, JS and KL.

# %%
lines = exact.known.ParallelLines(0.001)
print(f"3.  EM = {lines.emd}   JS = {lines.js:.4f}   KL = {lines.kl}")
assert lines.emd == 0.001
assert (lines.js, lines.kl) == (np.log(2), np.inf)

# %% [markdown]
# EM says: nearly equal. JS and KL say: as different as two laws can be. While $\theta$ goes to 0,
# so does EM, and JS does not notice (lessons 1 and 4).
#
# **Play.** Move the cloud $Q$ towards the cloud $P$ with the slider. What tells you that you are
# getting closer?

# %%
cloud = np.random.default_rng(1).normal(size=(60, 2))


def draw(figure, shift):
    axes = figure.subplots()
    moved = cloud + np.array([shift, 0])
    axes.plot(*cloud.T, ls="", ms=5, label="P", **plots.REAL)
    axes.plot(*moved.T, ls="", ms=5, label="Q", **plots.FAKE)
    em = exact.emd(cloud, moved)
    js = exact.js(exact.Discrete(cloud), exact.Discrete(moved))
    axes.set(xlim=(-3.2, 8.2), ylim=(-3, 3), title=f"EM = {em:.2f}   JS = {js:.3f}")
    axes.legend(loc="upper right")


# %%
controls.slider(draw, np.linspace(0, 5, 26).round(1), label="shift", start=5)

# %%
controls.static(draw, [5, 2, 0.1, 0], size=(4.2, 2.4), columns=2)

# %%
for shift in (5, 2, 0.1):
    moved = cloud + np.array([shift, 0])
    assert np.isclose(exact.emd(cloud, moved), shift)
    assert np.isclose(exact.js(exact.Discrete(cloud), exact.Discrete(moved)), np.log(2))

# %% [markdown]
# EM is the shift, all the way. JS stays at $\log 2$ until the clouds lie exactly on each other.
#
# ### 4. A plan and its proof
#
# How does one know that no plan is cheaper? There is a second problem, about *prices*, whose value
# is never above the cost of any plan. Where the two meet, both are optimal.

# %%
rng = np.random.default_rng(0)
x, y = rng.normal(size=(100, 2)), rng.normal(size=(100, 2)) + 1
result = exact.wasserstein(x, y)
print(f"4.  the plan costs {result.value:.6f}, the prices are worth {result.bound:.6f}")
assert np.isclose(result.value, result.bound)

# %% [markdown]
# Every EM between points in this course carries such a proof. Lesson 2 shows where plan and prices
# come from.
#
# ### 5. Real images
#
# An image of 28 by 28 pixels is a point in a space of 784 dimensions. So two sets of images have an
# EM, too: here between 200 handwritten 3s and 200 handwritten 8s.

# %%
threes, eights = data.images("mnist10k[3]"), data.images("mnist10k[8]")
figure, axes = plt.subplots(figsize=(8, 1.7))
plots.show_images(axes, np.concatenate([threes.images[:12], eights.images[:12]]), columns=12)
plt.show()

between = exact.emd(threes.points()[:200], eights.points()[:200])
print(f"5.  EM(3s, 8s) = {between:.2f}")

# %% [markdown]
# ### 6. Samples are not laws
#
# Is that much? **Predict** the EM between these 200 images of a 3 and 200 *other* images of a 3.

# %%
within = exact.emd(threes.points()[:200], threes.points()[200:400])
print(f"6.  EM(3s, other 3s) = {within:.2f}")
assert 0.7 * between < within < between

# %% [markdown]
# Far from 0, though both come from the same law! A finite sample is not its law, and in many
# dimensions the difference is large. Never read an EM between samples without this comparison
# (lessons 1 and 2).
#
# ### 7. Any function proves something
#
# From here on: real points on a ring of eight small clusters, fake points around the center. Take
# *any* function $f$ of points, however wild. There is a way to turn it into a number that is never
# above EM: its *certificate*. Here for three functions: $\sin(5 z_1)$; a guess, the distance from
# the center; and $f = 0$.

# %%
ring = data.toy("8gaussians").sample(200, torch.Generator().manual_seed(0)).numpy()
noise = np.random.default_rng(0).normal(scale=0.5, size=(200, 2))
truth = exact.emd(ring, noise)
wild = exact.certificate(np.sin(5 * ring[:, 0]), ring, noise)
guess = exact.certificate(np.linalg.norm(ring, axis=1), ring, noise)
nothing = exact.certificate(np.zeros(200), ring, noise)
print(f"7.  certificates {wild:.3f}, {guess:.3f} and {nothing:.3f}, EM {truth:.3f}")
assert wild < 0.2 * truth < 0.9 * truth < nothing < guess
assert 0.95 * truth < guess <= truth

# %% [markdown]
# The wild function proves little, the guess proves nearly all of EM, and none proves too much. Even
# $f = 0$ proves something: it certifies the mean way from a fake point to its nearest real one, and
# on this ring that is nearly EM. Lesson 3 tells how, and which function proves all: the exact
# critic.
#
# ### 8. The best discriminator is flat
#
# Let $P = N(0, 1)$ be real and $Q = N(6, 1)$ fake. A GAN trains a *discriminator*, the probability
# that a point is real. With the densities $p$ and $q$ the best one is $D = p / (p + q)$; at the
# point 6, $p / q = e^{-18}$. A Wasserstein GAN trains a *critic* $f$: of all functions with slope
# at most 1 it has the largest gap, mean $f(\text{real})$ minus mean $f(\text{fake})$, and that gap
# is EM. A generator learns from slopes: in which direction does a fake look more real? **Predict**:
# how steep is $D$ at 6, and how steep is the best $f$?

# %%
p, q = stats.norm(0, 1), stats.norm(6, 1)
D = p.pdf([5.99, 6.01]) / (p.pdf([5.99, 6.01]) + q.pdf([5.99, 6.01]))
f = exact.known.Normals(real=(0, 1), fake=(6, 1)).critic([5.99, 6.01])
print(f"8.  slope of D {np.diff(D)[0] / 0.02:.1e}   slope of the critic {np.diff(f)[0] / 0.02:.4f}")
assert abs(np.diff(D)[0] / 0.02) < 1e-6
assert np.isclose(np.diff(f)[0] / 0.02, -1)

# %% [markdown]
# The discriminator tells real from fake nearly without error, and so it is flat there: a small step
# of a fake changes nothing that it could notice. The critic has slope $-1$: towards the reals it
# rises as steeply as it may, and so it points the way. Lesson 5 shows it along the whole line.
#
# ### 9. The number in the log of a Wasserstein GAN
#
# The exact critic was known here by a formula. A Wasserstein GAN *trains* a network $f$ instead,
# and its log shows the gap. The first paper keeps the slope small by clipping all weights of the
# network to $[-0.01, 0.01]$. **Predict**: the EM of number 7 is 0.84. What is the gap of such a
# critic?

# %% quick={"steps": 800}
steps = 1000

# %%
clipped = learned.fit_critic(ring, noise, constraint=learned.WeightClipping(0.01), steps=steps)
told = compare.critic_vs_exact(clipped, ring, noise)
print(f"9.  gap {told.critic_gap:.5f}   gap / slope {told.gap_over_slope:.2f}", end="   ")
print(f"certificate {told.certificate:.2f}   EM {told.exact:.2f}")
assert told.critic_gap < 0.001 * told.exact
assert told.gap_over_slope < 0.8 * told.exact < 0.9 * told.exact < told.certificate <= told.exact
assert abs(told.certificate - nothing) < 0.001
clipped_bars = [told.critic_gap, told.gap_over_slope, told.certificate]

# %% [markdown]
# The gap is thousands of times too small. Clipping makes the network nearly flat, and how flat
# depends on the limit 0.01, the width and the depth. So the gap alone does not tell how large EM
# is. Divided by the *slope*, the largest that is seen, it can at least be compared. The certificate
# is true, as always: EM is at least 0.81. But the network has no part in that: $f = 0$ proved as
# much.
#
# ### 10. A better critic, and how to judge it
#
# A *gradient penalty* asks the network for slope 1 instead of small weights: it punishes slopes
# that differ from 1. **Predict**: is the gap now below EM, or above it? And the certificate?

# %%
penalized = learned.fit_critic(ring, noise, constraint=learned.GradientPenalty(10.0), steps=steps)
told = compare.critic_vs_exact(penalized, ring, noise)
print(f"10. gap {told.critic_gap:.2f}   gap / slope {told.gap_over_slope:.2f}", end="   ")
print(f"certificate {told.certificate:.2f}   EM {told.exact:.2f}")
assert abs(told.critic_gap / told.exact - 1) < 0.2
assert 0.8 * told.exact < told.certificate <= told.exact
assert told.critic_gap > told.exact
assert 1 < told.slope < 1.4
penalized_bars = [told.critic_gap, told.gap_over_slope, told.certificate]

# %% [markdown]
# Now the gap is near EM, but a little above it: a penalty does not forbid slopes above 1, it only
# makes them expensive, and some are above 1 here. Of the three numbers only the certificate is sure
# to be on one side. Here are both critics in one picture.

# %%
figure, axes = plt.subplots(figsize=(8, 3))
place = np.arange(3)
axes.bar(place - 0.2, clipped_bars, 0.36, color="0.75", hatch="//", label="clipped critic")
axes.bar(place + 0.2, penalized_bars, 0.36, color=plots.CRITIC["color"], label="penalized critic")
axes.axhline(told.exact, label="exact EM", **plots.EXACT)
axes.text(-0.2, 0.02, f"{clipped_bars[0]:.5f}", ha="center")
axes.set(title="What two critics say of the same distance", ylim=(0, 1))
axes.set_xticks(place, ["gap", "gap / slope", "certificate"])
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# What the gap, the slope and the certificate of a critic mean, and when not to trust them, is what
# this course is for. Lesson 6 trains critics of several kinds.
#
# ## Exercises
#
# Three short ones, to see how it works: put your answer in place of `None`, run the cell, and run
# the one under it. Try a wrong answer first.
#
# **1.** Three points at 5, 0 and 2 shall become three points at 1, 9 and 1; each has the mass
# $\tfrac13$. Think, then ask the package for the EM as in number 1.

# %%
answer_1 = None  # a number

# %%
check.emd_of_points(answer_1)

# %% [markdown]
# **2.** `exact.kl([...], [...])` is $\mathrm{KL}(P, Q)$ of the masses $P$, given first, and $Q$.
# What is $\mathrm{KL}(P, Q)$ for a coin $P$ that shows heads with probability 0.9 and a fair coin
# $Q$?

# %%
answer_2 = None  # a number

# %%
check.kl_of_coins(answer_2)

# %% [markdown]
# **3.** Find two points on the line whose EM from the two points $-1$ and $1$ is 3, though both
# pairs have the same mean, 0.

# %%
answer_3 = None  # two numbers

# %%
check.points_for_emd(answer_3, [-1, 1], target=3)

# %% [markdown]
# ## Summary
#
# | number | says | lesson |
# |---|---|---|
# | 1, 2, 3 | EM sees how far; TV, JS and KL only see where laws overlap | 1, 4 |
# | 4, 5 | the cheapest plan is found and proved, for points as for images | 2 |
# | 6 | samples of one law are at a positive EM | 1, 2 |
# | 7 | any function proves a lower bound of EM | 3 |
# | 8 | the best discriminator is flat where fakes are; the critic is not | 5 |
# | 9, 10 | the gap of a trained critic is not EM; certificate and slope judge it | 6 |
#
# **References.** Arjovsky, Chintala, Bottou, *Wasserstein GAN*, 2017. Gulrajani, Ahmed, Arjovsky,
# Dumoulin, Courville, *Improved Training of Wasserstein GANs*, 2017. Peyré and Cuturi,
# *Computational Optimal Transport*, 2019.
#
# **Next.** [1 · Four distances](01_four_distances.ipynb): all four by hand on three points.
