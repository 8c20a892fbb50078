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
# # 1 · Four distances
#
# **You will learn**
#
# 1. to compute total variation, Kullback-Leibler, Jensen-Shannon and earth mover's distance by
#    hand on three points;
# 2. why three of them cannot tell near from far, and what that does to parallel lines;
# 3. what changes when all you have are samples.
#
# **You need** sums, logarithms, expectations, and a little NumPy.
#
# **Time.** Reading and exercises about 45 minutes; running all cells takes under 10 seconds. To
# predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first: the
# outputs below are the answers.

# %%
import itertools

import controls
import matplotlib.pyplot as plt
import numpy as np
from checks import four_distances as check

from wganlab import exact, plots

plt.style.use(plots.STYLE)

# %% [markdown]
# ## Two laws on three points
#
# Put three places on a street, at 0, 1 and 2. One law, $P$, has half its mass at 0 and half at 1;
# the other, $Q$, half at 1 and half at 2. How far apart are they? There are at least four answers.

# %%
places = np.array([0.0, 1.0, 2.0])
p = np.array([0.5, 0.5, 0.0])
q = np.array([0.0, 0.5, 0.5])

figure, axes = plt.subplots(figsize=(6, 2.6))
axes.bar(places - 0.12, p, 0.22, color=plots.REAL["color"], label="P")
axes.bar(places + 0.12, q, 0.22, color=plots.FAKE["color"], hatch="//", label="Q")
axes.set(xticks=places, xlabel="place", ylabel="mass", ylim=(0, 0.6))
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# ### Total variation: the event they disagree on most
#
# $$\mathrm{TV}(P, Q) = \sup_A |P(A) - Q(A)| = \tfrac12 \sum_i |p_i - q_i|$$
#
# With three places there are only eight events $A$. Try them all.

# %%
for size in range(4):
    for event in itertools.combinations(range(3), size):
        chosen = list(event)
        difference = p[chosen].sum() - q[chosen].sum()
        print(f"A = {{{', '.join(str(k) for k in chosen)}}}".ljust(16), f"{difference:+.1f}")

# %% [markdown]
# The largest disagreement is one half, for $A = \{0\}$ among others. The sum says the same.

# %%
by_hand = np.abs(p - q).sum() / 2
print(by_hand, exact.tv(p, q))
assert by_hand == exact.tv(p, q) == 0.5

# %% [markdown]
# ### Kullback-Leibler: surprise, and how it becomes infinite
#
# $$\mathrm{KL}(P, Q) = \sum_i p_i \log \frac{p_i}{q_i}$$
#
# The logarithm says how much more the place $i$ surprises someone who believes in $Q$ than someone
# who knows $P$; KL is its mean under $P$. A place with $p_i = 0$ never occurs and adds 0.
#
# **Predict before you run the next cell.** $P$ has mass at 0, where $Q$ has none. What is the term
# for that place? And what about $\mathrm{KL}(Q, P)$?

# %%
print("KL(P, Q) =", exact.kl(p, q))
print("KL(Q, P) =", exact.kl(q, p))
assert exact.kl(p, q) == exact.kl(q, p) == np.inf

# %% [markdown]
# Both are infinite: each law has mass at a place that the other calls impossible. No small number
# is added to avoid it. Infinity is the answer.
#
# KL is no distance, either: it is not symmetric. **Predict** both values for a coin that always
# shows heads, $P = (1, 0)$, and a fair one, $Q = (\tfrac12, \tfrac12)$.

# %%
sure, fair = np.array([1.0, 0.0]), np.array([0.5, 0.5])
print("KL(P, Q) =", exact.kl(sure, fair))
print("KL(Q, P) =", exact.kl(fair, sure))
assert exact.kl(sure, fair) == np.log(2)
assert exact.kl(fair, sure) == np.inf

# %% [markdown]
# The fair coin allows all that the other one shows, at half its probability: $\log 2$. The other
# way round, tails is impossible.
#
# ### Jensen-Shannon: compare each law with their mixture
#
# $$\mathrm{JS}(P, Q) = \tfrac12 \mathrm{KL}(P, M) + \tfrac12 \mathrm{KL}(Q, M), \qquad
# M = \tfrac12 (P + Q)$$
#
# The mixture $M = (\tfrac14, \tfrac12, \tfrac14)$ has mass wherever $P$ or $Q$ has, so nothing is
# infinite. By hand: $\mathrm{KL}(P, M) = \tfrac12 \log 2 + \tfrac12 \log 1$, and the same for $Q$.
# No logarithm can be larger than $\log 2$, because $m_i \ge \tfrac12 p_i$; so JS is at most
# $\log 2$.

# %%
by_hand = 0.5 * np.log(2)
print(f"{by_hand:.6f} {exact.js(p, q):.6f}  (at most log 2 = {np.log(2):.6f})")
assert np.isclose(by_hand, exact.js(p, q))

# %% [markdown]
# ### Earth mover's distance: what it costs to carry the mass
#
# A plan says how much mass $\pi_{ij}$ goes from place $x_i$ to place $y_j$; here both are the
# places 0, 1 and 2. Its rows add up to $P$, its columns to $Q$, and it costs mass times distance:
#
# $$\mathrm{EM}(P, Q) = \min_\pi \sum_{ij} \pi_{ij}\, |x_i - y_j|$$
#
# Two plans come to mind: leave the mass at 1 alone and carry one half from 0 to 2; or carry one
# half from 0 to 1 and one half from 1 to 2. **Which one is cheaper?**

# %%
way = np.abs(places[:, None] - places)  # (3, 3)
long_haul = np.array([[0, 0, 0.5], [0, 0.5, 0], [0, 0, 0]])
two_steps = np.array([[0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]])
for plan in (long_haul, two_steps):
    assert np.allclose(plan.sum(axis=1), p)
    assert np.allclose(plan.sum(axis=0), q)
    print("cost", (plan * way).sum())

# %% [markdown]
# They cost the same, 1. Is there a cheaper one? No plan that you try can prove that there is not. A
# *price list* can: let $f_i$ be paid for each unit picked up at $i$ and $g_j$ for each unit
# delivered at $j$, with $f_i + g_j \le |x_i - y_j|$, never more than the way is long. Whoever
# carries out a plan is paid $\sum_i p_i f_i + \sum_j q_j g_j$, trip by trip, and for no trip more
# than it costs. So no plan costs less than that sum. With $f = -x$ and $g = +x$ that bound is the
# difference of the means, also 1. So 1 is the answer, and the prices prove it. That $f$ is negative
# does no harm: every unit is picked up once and delivered once, so only the sums $f_i + g_j$ count.
# (This is duality, and $f$ is the first *critic* of this course.)

# %%
f, g = -places, places
assert (f[:, None] + g <= way + 1e-12).all()  # no trip is overpaid
prices = p @ f + q @ g
result = exact.wasserstein(places, places, p, q)
print("plan", result.value, " prices", prices, " solver's own bound", result.bound)
assert result.value == prices == 1

# %% [markdown]
# ## Move one place far away
#
# Now the third place moves from 2 to 20. The masses stay what they are. **Predict**: which of the
# four numbers change?

# %%
far = np.array([0.0, 1.0, 20.0])
print("          street 0, 1, 2   street 0, 1, 20")
for name, distance in (("TV", exact.tv), ("JS", exact.js), ("KL", exact.kl), ("EM", exact.emd)):
    near, moved = (
        distance(exact.Discrete(street, p), exact.Discrete(street, q)) for street in (places, far)
    )
    print(f"{name}   {near:18.4f}{moved:18.4f}")
    assert (near == moved) == (name != "EM")
assert (near, moved) == (1, 10)

# %% [markdown]
# All four were given the places, as laws on the street. Only EM cares where they are. TV, JS and KL
# use them for one thing: to see which mass of $P$ lies at the same place as mass of $Q$. They ask
# whether the laws overlap, not how far one lies from the other.
#
# ## Parallel lines
#
# Example 1 of the WGAN paper (Arjovsky, Chintala, Bottou 2017, section 2). Let $Z$ be uniform on
# $[0, 1]$, let $P$ be the law of $(0, Z)$ and $Q_\theta$ the law of $(\theta, Z)$: two parallel
# segments in the plane, $\theta$ apart.
#
# **Predict**: as $\theta \to 0$ the segments approach each other. Which of the four distances go
# to zero?

# %%
print(" theta       EM       TV       JS       KL")
for theta in (1.0, 0.5, 0.1, 0.001, 0.0):
    pair = exact.known.ParallelLines(theta)
    print(f"{theta:6} {pair.emd:8.3f} {pair.tv:8.3f} {pair.js:8.3f} {pair.kl:8}")

# %% [markdown]
# Only EM does. For every $\theta \neq 0$ the segments do not meet: each piece of one has mass under
# one law and none under the other. (For laws without single masses integrals replace the sums, and
# the arguments stay.) So TV is 1, JS is $\log 2$ and KL is infinite, at a distance of a mile as at
# a distance of an atom. Someone who wants to move $Q_\theta$ towards $P$ by following the slope of
# the distance learns the way from EM, and nothing from JS: it is flat. Here is figure 1 of the
# paper.

# %%
thetas = np.linspace(-1, 1, 201)
pairs = [exact.known.ParallelLines(theta) for theta in thetas]
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8), sharex=True)
left.plot(thetas, [pair.emd for pair in pairs], **plots.EXACT)
right.plot(thetas, [pair.js for pair in pairs], ".", color="black", markersize=3)
left.set(title="EM", xlabel="θ")
right.set(title="JS", xlabel="θ", yticks=[0, np.log(2)], yticklabels=["0", "log 2"])
plt.show()

# %% [markdown]
# **Play.** Run the next cells and move the slider (the arrow keys work too). On the left the two
# segments; on the right the distances, each as a share of its largest value on this slider. Which
# bars tell a walker at $\theta$ whether she is getting warmer? Under it, the same at four places,
# for those who only read.


# %%
def draw(figure, theta):
    segments, bars = figure.subplots(1, 2)
    segments.plot([0, 0], [0, 1], color=plots.REAL["color"], lw=4, label="P")
    segments.plot([theta, theta], [0, 1], "--", color=plots.FAKE["color"], lw=4, label="Q")
    segments.set(xlim=(-1.2, 1.2), title=f"θ = {theta:g}", xticks=[-1, 0, 1], yticks=[0, 1])
    pair = exact.known.ParallelLines(theta)
    heights = [pair.emd, pair.tv, pair.js / np.log(2)]
    bars.bar(["EM", "TV", "JS"], heights, color=["black", "0.5", "0.7"])
    bars.set(ylim=(0, 1.1), title="KL = ∞" if pair.kl else "KL = 0", yticks=[0, 1])


# %%
controls.slider(draw, np.linspace(-1, 1, 41).round(2), label="θ", start=0.5)

# %%
controls.static(draw, [1, 0.5, 0.05, 0], size=(4, 2.2), columns=2)

# %% [markdown]
# ## Samples are not laws
#
# So far we knew the laws. A GAN sees samples. Draw 200 points from *the same* segment twice, that
# is, take $\theta = 0$. The laws are equal, so all four distances between the laws are 0.
# **Predict** the four distances between the samples.

# %%
rng = np.random.default_rng(0)
x, y = exact.known.ParallelLines(0.0).sample(200, rng)
x, y = exact.Discrete(x), exact.Discrete(y)
print(f"EM {exact.emd(x, y):.4f}   TV {exact.tv(x, y)}   JS {exact.js(x, y):.4f}   ", end="")
print(f"KL {exact.kl(x, y)}")
assert exact.emd(x, y) < 0.1
assert exact.tv(x, y) == 1
assert np.isclose(exact.js(x, y), np.log(2))

# %% [markdown]
# No number is drawn twice, so the samples share no point: TV, JS and KL report the farthest two
# laws can be, though the laws are the same. EM is small, but it is not 0. How fast it falls with
# more points depends on the dimension, and is a subject of its own later in the course.
#
# ## Where well-known sources slip
#
# - **The halves of JS.** The WGAN paper's section 2 defines JS without the halves, and then says
#   $\log 2$ for parallel lines, which needs them. Without them it would be $2 \log 2$.
# - **The bound of JS.** One can read that $\log 2$ is the lower bound of JS. It is the maximum; the
#   minimum is 0, for equal laws.
# - **The 2 of TV.** Written as $\sup_{|f| \le 1} \mathbb{E}_P f - \mathbb{E}_Q f$, the supremum is
#   *twice* TV.
# - **SciPy's** `jensenshannon` is the square root of JS, and POT's `emd2` with its default
#   `ot.dist` is the square of $W_2$ (lesson 2). Here, what is named after a distance is the
#   distance.
#
# ## Exercises
#
# Each has a cell that checks your answer and gives a hint when it is wrong.
#
# **1.** Let $P = (0.2, 0.3, 0.5)$ and $Q = (0.5, 0.3, 0.2)$ on the places 0, 1, 2. Find
# $\mathrm{EM}(P, Q)$ on paper. (On the line it is the area between the two distribution functions.)

# %%
answer_1 = None  # a number

# %%
check.emd_on_three_points(answer_1)

# %% [markdown]
# **2.** Write Jensen-Shannon divergence yourself. `u` and `v` are arrays of masses; zeros occur.


# %%
def my_js(u, v):
    """Jensen-Shannon divergence of two pmfs, in nats."""
    return None


# %%
check.js_function(my_js)

# %% [markdown]
# **3.** Keep $P = (\tfrac12, \tfrac12, 0)$ and $Q = (0, \tfrac12, \tfrac12)$, whose TV is one half.
# Choose three places on the line such that EM is 7.

# %%
answer_3 = None  # three numbers

# %%
check.places_for_emd(answer_3, p, q, target=7)

# %% [markdown]
# ## Summary
#
# | | values | sees the places | parallel lines, $\theta \to 0$ |
# |---|---|---|---|
# | TV | in $[0, 1]$ | no | stays 1 |
# | KL | in $[0, \infty]$, not symmetric | no | stays $\infty$ |
# | JS | in $[0, \log 2]$ | no | stays $\log 2$ |
# | EM | in $[0, \infty)$ | yes | goes to 0 |
#
# **References.** Arjovsky, Chintala, Bottou, *Wasserstein GAN*, 2017, section 2. Peyré and Cuturi,
# *Computational Optimal Transport*, 2019, chapters 2 and 8.
#
# **Next.** [2 · The earth mover's distance as a linear program](02_linear_program.ipynb): how a
# computer finds the cheapest plan and the prices that prove it.
