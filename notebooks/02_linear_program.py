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
# # 2 · The earth mover's distance as a linear program
#
# **You will learn**
#
# 1. to write EM as a linear program, with every matrix on the page, and to solve it;
# 2. to prove that a plan is the cheapest one, with a list of prices;
# 3. to do without the program on the line, and to match real images with it.
#
# **You need** [lesson 1](01_four_distances.ipynb), matrices and their rank, and a little NumPy.
#
# **Time.** Reading and exercises about 60 minutes; running all cells takes about 10 seconds. To
# predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first: the
# outputs below are the answers.

# %%
import math

import controls
import matplotlib.pyplot as plt
import numpy as np
from checks import linear_program as check
from scipy.optimize import linear_sum_assignment, linprog

from wganlab import data, exact, plots

plt.style.use(plots.STYLE)

# %% [markdown]
# Lesson 1 had a plan of cost 1 and a price list which proved that no plan costs less. We guessed
# both. Nobody guesses them for a thousand points. So how is the cheapest plan found, and where do
# the prices come from?
#
# ## Boxes, and all their plans
#
# Four boxes stand on a street: three at place 2 and one at place 4. They are to become one box at
# place 1, one at 3 and two at 5. That is problem A. In problem B everything is the same, but the
# targets are 4 places further to the right, at 5, 7 and 9.

# %%
x = np.array([2, 4])
counts_x = [3, 1]
targets = {"A": np.array([1, 3, 5]), "B": np.array([5, 7, 9])}
counts_y = [1, 1, 2]

# %%
figure, both = plt.subplots(1, 2, figsize=(9, 2.6), sharey=True)
for axes, (name, y) in zip(both, targets.items(), strict=True):
    axes.bar(x, counts_x, 0.8, color=plots.REAL["color"], label="before")
    axes.bar(y, np.negative(counts_y), 0.8, color=plots.FAKE["color"], hatch="//", label="after")
    axes.axhline(0, color="black", lw=1)
    axes.set(title=f"problem {name}", xlabel="place", xlim=(0.2, 9.8), yticks=range(-2, 4))
    axes.set_yticklabels([2, 1, 0, 1, 2, 3])
    axes.set_xticks(range(1, 10))
both[0].set_ylabel("boxes")
both[1].legend(loc="upper right")
plt.show()

# %% [markdown]
# A plan is a table: how many boxes go from each place (a row) to each target (a column). The rows
# add up to what stands there before, the columns to what stands there after. Where the places are
# does not matter for that, so A and B have the same plans. With whole boxes there are only three.

# %%
plans = list(exact.integer_plans(counts_x, counts_y))[::-1]
figure, panels = plt.subplots(1, 3, figsize=(9, 2.3))
for number, (axes, plan) in enumerate(zip(panels, plans, strict=True), start=1):
    axes.imshow(plan, cmap="Greys", vmin=0, vmax=4)
    for (row, column), boxes in np.ndenumerate(plan):
        axes.text(column, row, boxes, ha="center", va="center", fontsize=15)
    axes.set(title=f"plan {number}", xticks=[0, 1, 2], yticks=[0, 1], xlabel="to target")
    axes.set(xticklabels=["first", "second", "third"], yticklabels=["2", "4"])
    axes.grid(visible=False)
panels[0].set_ylabel("from place")
plt.show()

# %% [markdown]
# They differ in where the box from place 4 goes. A box costs the length of its way.
#
# **Predict before you run the next cell.** In which of the two problems does it matter which plan
# you take? And what does the cheapest plan of problem A cost?

# %%
print("plan       A    B")
costs = {}
for name, y in targets.items():
    way = np.abs(x[:, None] - y)  # (2, 3)
    costs[name] = [int((plan * way).sum()) for plan in plans]
for number in range(3):
    print(f"{number + 1:4} {costs['A'][number]:7} {costs['B'][number]:4}")
assert costs == {"A": [10, 8, 6], "B": [20, 20, 20]}

# %% [markdown]
# In problem B every plan costs 20, and not by chance. All boxes go to the right there, so a way has
# length $y - x$, and the total is the sum of all targets minus the sum of all sources, whoever goes
# where. In problem A, plans 1 and 2 carry one box to the left and another one to the right along
# the same stretch. That work is wasted, so there the plan matters.
#
# Could we always list the plans and take the cheapest? For $n$ single boxes and $n$ single targets
# there are $n!$ plans.

# %%
for n in (3, 10, 40):
    print(f"{n:2} boxes: {math.factorial(n):.3g} plans")

# %% [markdown]
# No. Something else is needed, which finds the cheapest plan without looking at all of them.
#
# ## The program: A, b, c
#
# From here on problem A in masses: divide by the four boxes. The law $P$ has masses
# $(\tfrac34, \tfrac14)$ and $Q$ has $(\tfrac14, \tfrac14, \tfrac12)$. Masses may be split at will,
# so a plan is any table $\pi_{ij} \ge 0$ with the right row and column sums.
#
# Write the table as one long vector $z$, row after row. Then the cost is $c \cdot z$, where
# $c$ lists the lengths of the ways, and all sums are one equation $A z = b$:
#
# $$\mathrm{EM}(P, Q) = \min_z\; c \cdot z \quad\text{with}\quad A z = b,\; z \ge 0.$$
#
# This is a *linear program*: a linear cost, linear equations, and signs. Here is all of it. Each
# column belongs to one way, and each row of $A$ is one sum.

# %%
p, q = np.array([0.75, 0.25]), np.array([0.25, 0.25, 0.5])
y = targets["A"]
D = np.abs(x[:, None] - y)  # (2, 3)
c = D.ravel()  # (6,)
A = exact.marginal_matrix(2, 3).toarray()  # (5, 6)
b = np.concatenate([p, q])  # (5,)

print("way   ", "  ".join(f"{start}-{end}" for start in x for end in y))
print("c     ", "    ".join(str(length) for length in c))
for row, right in zip(A.astype(int), b, strict=True):
    print("A     ", "    ".join(str(entry) for entry in row), "  =", right)

# %% [markdown]
# The first two rows say what leaves the places 2 and 4. The other three say what arrives at 1, 3
# and 5.
#
# **Predict**: $A$ has five rows. How many of them are independent, that is, what is its rank?

# %%
print("rank", np.linalg.matrix_rank(A))
assert np.linalg.matrix_rank(A) == 4
assert (A[:2].sum(axis=0) == A[2:].sum(axis=0)).all()

# %% [markdown]
# Four. The first two rows add up to the same as the other three: all that leaves is all that
# arrives. One row is redundant. (So the right sides must fit, too: $P$ and $Q$ need the same total
# mass.) Keep the redundant row in mind, it comes back twice.
#
# SciPy solves linear programs. Will it find something cheaper than the three plans, by splitting
# boxes? **Predict** its plan and its cost; a plan of 4 boxes costs four times as much as one of
# mass 1.

# %%
solved = linprog(c, A_eq=A, b_eq=b, bounds=(0, None))
plan = solved.x.reshape(2, 3)
print(np.abs(plan))
print(f"cost {solved.fun:.4f}")
assert np.isclose(solved.fun, 6 / 4)
assert np.allclose(plan, plans[2] / 4)

# %% [markdown]
# Plan 3 again, for $6 / 4 = 1.5$. Splitting brings nothing, and we will see why. The package writes
# the same program (`exact.primal`), and `exact.emd` gets there by a faster way.

# %%
written_out, faster = exact.primal(D, p, q).solve().value, exact.emd(x, y, p, q)
print(f"{written_out:.4f} {faster:.4f}")
assert np.isclose(written_out, faster)

# %% [markdown]
# ## Prices: the dual program
#
# A solver says 1.5. Must we believe it? Three plans could be listed. For forty boxes nobody can.
# Lesson 1 had a better way: prices.
#
# A carrier offers to move your mass. She takes $f_i$ for each unit picked up at $x_i$ and $g_j$ for
# each unit delivered at $y_j$, and promises never to take more for a trip than the way is long:
# $f_i + g_j \le D_{ij}$ for all $i$ and $j$. (A price may be negative: then she pays. Only the sums
# count.) For *every* plan $\pi$ and all such prices,
#
# $$\sum_i p_i f_i + \sum_j q_j g_j \;=\; \sum_{ij} \pi_{ij} (f_i + g_j)
# \;\le\; \sum_{ij} \pi_{ij} D_{ij}.$$
#
# The equality only uses row and column sums, the inequality only the promise. This one line is
# called *weak duality*: what the prices are worth, no plan undercuts.
#
# The prices of lesson 1 were $f = -x$ and $g = +y$. They keep the promise on every street, because
# $y - x \le |x - y|$. **Predict**: what are they worth here, and does that prove that plan 3 is the
# cheapest?

# %%
f, g = -x, y
assert (f[:, None] + g <= D).all()  # the promise
print("worth", p @ f + q @ g, "  cost of plan 3:", (plan * D).sum().round(6))
assert p @ f + q @ g == 1

# %% [markdown]
# They are worth 1, which is the difference of the means. So EM is at least 1: true, but short of
# 1.5. The reason: one box of plan 3 goes to the left, from 2 to 1, and for that trip the
# carrier takes $-2 + 1 = -1$ where she may take 1.
#
# Which prices are worth most? That is a linear program again, the *dual*:
#
# $$\max_{f, g}\; \sum_i p_i f_i + \sum_j q_j g_j = b \cdot (f, g)
# \quad\text{with}\quad A^\top (f, g) \le c.$$
#
# It has the same $A$, $b$ and $c$, in exchanged roles. The constraint says $f_i + g_j \le D_{ij}$,
# one line for each way. `linprog` minimizes, so it is given $-b$.

# %%
solved = linprog(-b, A_ub=A.T, b_ub=c, bounds=(None, None))
f, g = solved.x[:2], solved.x[2:]
f, g = f - f[0], g + f[0]  # of all equal offers, the one with f = 0 at the first place
f, g = f.round(9) + 0.0, g.round(9) + 0.0
print("pick up at ", dict(zip(x.tolist(), f.tolist(), strict=True)))
print("deliver at ", dict(zip(y.tolist(), g.tolist(), strict=True)))
print("worth", p @ f + q @ g)
assert np.isclose(p @ f + q @ g, 1.5)
assert np.isclose(exact.dual(D, p, q).solve().value, 1.5)

# %% [markdown]
# Worth 1.5, exactly what plan 3 costs. Plan and prices prove each other optimal: no plan costs less
# than 1.5, and no allowed prices are worth more. That the two programs meet is no luck of this
# example. It is the theorem of *strong duality* for linear programs, and holds for all $P$, $Q$
# and $D$.
#
# Why could we choose $f = 0$ at the first place? Add a number to all $f$ and take it from all $g$:
# no sum $f_i + g_j$ changes. That is the redundant row of $A$, seen from the other side.
#
# Here is the whole story in one picture. Fix the pick-up price at place 2 as 0 and try all prices
# $f$ at place 4. The best delivery prices that keep the promise are then
# $g_j = \min_i (D_{ij} - f_i)$. **Predict**: where does the curve of the worth touch the lowest of
# the three plans?

# %%
offers = np.linspace(-5, 3, 161)
worth = []
for price in offers:
    f_try = np.array([0, price])
    g_try = (D - f_try[:, None]).min(axis=0)  # (3,)
    worth.append(p @ f_try + q @ g_try)
figure, axes = plt.subplots(figsize=(8, 3.2))
axes.plot(offers, worth, **plots.CRITIC, label="worth of the prices")
for number, (cost, line) in enumerate(zip(costs["A"], (":", "-.", "-"), strict=True), start=1):
    axes.axhline(cost / 4, color="black", ls=line, label=f"cost of plan {number}")
axes.set(xlabel="price f at place 4", ylabel="cost or worth", ylim=(-0.8, 2.8))
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()
assert max(worth) <= 1.5 + 1e-12
assert np.isclose(offers[np.argmax(worth)], -2)

# %% [markdown]
# Plans come from above, prices from below, and they meet at 1.5, for $f = -2$. Every point of the
# green curve is a true statement about EM: a lower bound, whether or not the prices are good. Keep
# this: later in the course a trained critic will be judged in the same way.
#
# ## Where mass travels, prices are tight
#
# Weak duality lost something only in the inequality. Subtract its two sides:
#
# $$\underbrace{\textstyle\sum \pi_{ij} D_{ij}}_{\text{cost}} -
# \underbrace{\textstyle(\sum p_i f_i + \sum q_j g_j)}_{\text{worth}} =
# \sum_{ij} \pi_{ij}\, (D_{ij} - f_i - g_j).$$
#
# No term on the right is negative. So cost and worth are equal exactly when every term is 0: where
# mass travels, $f_i + g_j = D_{ij}$, and where the carrier takes less than the way is long, nothing
# travels. This is *complementary slackness*. Here is the slack $D_{ij} - f_i - g_j$ of the best
# prices:

# %%
slack = D - f[:, None] - g
print("slack")
print(slack)

# %% [markdown]
# **Predict**: which ways can an optimal plan use? And plan 2 sends a quarter of the mass from 4 to
# 3, where the slack is 2; its other ways have no slack. What does it cost?

# %%
print("plan times slack")
print(exact.slackness(D, plan, f, g).round(9) + 0.0)
assert np.allclose(exact.slackness(D, plan, f, g), 0)
for number, boxes in enumerate(plans, start=1):
    excess = (boxes / 4 * slack).sum()
    print(f"plan {number}: 1.5 + {excess:.2f} = {(boxes / 4 * D).sum():.2f}")
    assert np.isclose(1.5 + excess, (boxes / 4 * D).sum())

# %% [markdown]
# From place 2 an optimal plan may go anywhere, from place 4 only to 5. That leaves plan 3 alone, so
# it is the only optimal plan. And the slack is the exact surcharge of a detour: plan 2 costs
# $1.5 + \tfrac14 \cdot 2 = 2$. The prices know every plan's cost.
#
# **Play.** Now the pile of two boxes moves: its place $t$ is on the slider. On the left the
# cheapest plan, from the boxes before (above) to the boxes after (below); a thick line is two
# boxes. On the right the costs of plans 1, 2 and 3 for every $t$; EM is the lowest. (Up to $t = 2$
# plans 1 and 3 cost the same.) **Predict**: where does the cheapest plan change, and does EM jump
# there? Is EM level anywhere?


# %%
places = np.linspace(-1, 8, 91)


def plan_costs(t):
    return [(boxes / 4 * np.abs(x[:, None] - [1, 3, t])).sum() for boxes in plans]


# %%
def draw(figure, t):
    arrows, curves = figure.subplots(1, 2)
    result = exact.wasserstein(x, [1, 3, t], p, q)
    for i, j in zip(*result.plan.nonzero(), strict=True):
        arrows.plot([x[i], [1, 3, t][j]], [1, 0], color="0.5", lw=12 * result.plan[i, j])
    arrows.plot(x, [1, 1], ls="", ms=11, **plots.REAL)
    arrows.plot([1, 3, t], [0, 0, 0], ls="", ms=11, **plots.FAKE)
    arrows.set(ylim=(-0.3, 1.3), yticks=[], title=f"t = {t:g}: EM = {result.value:g}")
    for k, line in enumerate((":", "-.", "-")):
        curves.plot(places, [plan_costs(z)[k] for z in places], line, color="0.4", lw=1.5)
        curves.text(8.2, plan_costs(8)[k] - 0.15, k + 1)
    curves.plot(t, result.value, "o", color="black", ms=9)
    curves.set(ylim=(0, 4.4), title="cost of the plans")
    for axes, name in ((arrows, "place"), (curves, "t")):
        axes.set(xlim=(-1.6, 8.9), xticks=range(0, 9, 2), xlabel=name)


# %%
controls.slider(draw, np.linspace(-1, 8, 37).round(2), label="t", start=5)

# %%
controls.static(draw, [0, 2.75, 3.25, 7], size=(4.6, 2.6), columns=2)

# %%
for t in np.linspace(-1, 8, 37):
    assert np.isclose(exact.emd(x, [1, 3, t], p, q), min(plan_costs(t)))
    assert np.argmin(plan_costs(t)) == (1 if t <= 3 else 2)
assert np.allclose([exact.emd(x, [1, 3, t], p, q) for t in (3, 3.5, 4)], 1)

# %% [markdown]
# The plan changes at $t = 3$, when the pile passes the other target, and there plans 2 and 3 cost
# the same. The plan jumps, EM does not: it is the lowest of a few functions without jumps. (It is
# flat between 3 and 4 because one box of the pile comes from 2 and one from 4: what one loses, the
# other gains.) So EM never jumps, and off such a level stretch it tells which way is better. In
# lesson 1 the other distances jumped, and were level everywhere else.
#
# ## How many ways does a plan need?
#
# Why did splitting boxes bring nothing? The plans form a body with flat sides (a polytope), and a
# linear cost is lowest at one of its corners. That is how a solver such as the simplex method goes
# about it: it starts at a corner and follows edges to cheaper corners, until no neighbor is
# cheaper; then there are prices that prove it. It sees few of the corners.
#
# At a corner the columns of $A$ that are in use are independent. (If they were not, some mass could
# be moved forth and back along a dependency with all sums kept, so the plan would lie between two
# others.) So their number is at most the rank of $A$, and the redundant row comes back: the rank is
# $n + m - 1$.
#
# **Predict**: 50 points with random masses are carried to 80 points, over $50 \cdot 80 = 4000$
# ways. How many ways does the optimal plan use?

# %%
rng = np.random.default_rng(0)
cloud_x, cloud_y = rng.normal(size=(50, 2)), rng.normal(2, 1, size=(80, 2))
masses_x, masses_y = rng.dirichlet(np.ones(50)), rng.dirichlet(np.ones(80))
result = exact.wasserstein(cloud_x, cloud_y, masses_x, masses_y)
print("ways in use", result.plan.nnz, "  n + m - 1 =", 50 + 80 - 1)
assert result.plan.nnz == 129
assert result.gap < 1e-9  # cost and worth agree: it is optimal

# %% [markdown]
# Just as many as the bound allows: 129 of 4000, so nearly all of the table is 0. Two more facts
# about corners (both follow from the form of $A$):
#
# - If all masses are whole numbers of boxes, then at every corner whole boxes travel. So our list
#   of plans in whole boxes could not miss the cheapest one.
# - If there are $n$ points on both sides, each of mass $1/n$, then the corners are the $n!$
#   one-to-one matchings (Birkhoff and von Neumann).
#
# **Predict**: 80 points of equal masses are carried to 80 points. How many ways are in use? The
# bound $n + m - 1$ says at most 159.

# %%
cloud_x = rng.normal(size=(80, 2))
result = exact.wasserstein(cloud_x, cloud_y)
print("ways in use", result.plan.nnz)
assert result.plan.nnz == 80
lengths = exact.distances(exact.Discrete(cloud_x), exact.Discrete(cloud_y))  # (80, 80)
rows, columns = linear_sum_assignment(lengths)  # the best one-to-one matching
print(f"EM {result.value:.6f}   best matching {lengths[rows, columns].mean():.6f}")
assert np.isclose(result.value, lengths[rows, columns].mean())

# %% [markdown]
# Eighty: every point has one partner. For two samples of the same size EM is the mean distance
# between partners in the best matching.
#
# ## On the line: sort and match
#
# On the line there is no program to solve. If two boxes pass each other, exchange their targets:
# that never costs more. So some cheapest plan keeps the order: the smallest goes to the smallest,
# the next to the next. *Sort and match.* Let $F$ and $G$ be the distribution functions, and
# $F^{-1}(u)$ the place up to which the share $u$ of the mass lies. Then
#
# $$\mathrm{EM}(P, Q) = \int_0^1 |F^{-1}(u) - G^{-1}(u)|\, du = \int_{-\infty}^{\infty}
# |F(z) - G(z)|\, dz.$$
#
# Both integrals are the area between the two curves, cut into slices across or upright.

# %%
few_x, few_y = np.array([0.0, 1.0, 5.0, 6.0]), np.array([2.0, 3.0, 4.0, 9.0])
grid = np.linspace(-1, 10, 1101)
F = (few_x <= grid[:, None]).mean(axis=1)  # (1101,)
G = (few_y <= grid[:, None]).mean(axis=1)
figure, axes = plt.subplots(figsize=(8, 3))
axes.fill_between(grid, F, G, color="0.85", step="post", label="area = EM")
axes.step(grid, F, where="post", color=plots.REAL["color"], label="F, before")
axes.step(grid, G, "--", where="post", color=plots.FAKE["color"], label="G, after")
for start, end, level in zip(few_x, few_y, [0.125, 0.375, 0.625, 0.875], strict=True):
    axes.annotate("", (end, level), (start, level), arrowprops={"arrowstyle": "->", "lw": 1.5})
axes.set(xlabel="place", ylabel="mass so far", title="sort and match: each arrow is one box")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# **Predict** the area from the four arrows before you run the next cell.

# %%
across = np.abs(np.sort(few_x) - np.sort(few_y)).mean()
ends = np.sort(np.concatenate([few_x, few_y]))  # between them F and G are constant
F, G = ((points <= ends[:-1, None]).mean(axis=1) for points in (few_x, few_y))
upright = (np.abs(F - G) * np.diff(ends)).sum()
program = exact.primal(np.abs(few_x[:, None] - few_y), np.full(4, 0.25), np.full(4, 0.25))
print(f"across {across:.3f}   upright {upright:.3f}   program {program.solve().value:.3f}")
assert np.allclose([across, upright, program.solve().value], 2)

# %% [markdown]
# "Never costs more" is not "costs less". Take lesson 1's laws again: $P$ has its halves at 0 and 1,
# $Q$ at 1 and 2. Two short trips and one long trip both cost 1. Now let a trip cost the *square* of
# its length, and take the root of the total at the end: this distance is called $W_2$, and EM is
# also called $W_1$. **Predict** $W_1$ and $W_2$ of these laws, and which of the two plans is
# cheapest for $W_2$.

# %%
halves = [0.5, 0.5]
plan_of = {"two short trips": np.array([1, 1]), "one long trip": np.array([0, 2])}
for name, trips in plan_of.items():
    print(f"{name:16} W1 cost {halves @ trips:.3f}   W2 cost {(halves @ trips**2) ** 0.5:.3f}")
w1, w2 = (exact.wasserstein([0, 1], [1, 2], p=order).value for order in (1, 2))
print(f"exact            W1      {w1:.3f}   W2      {w2:.3f}")
assert w1 == w2 == 1

# %% [markdown]
# To $W_1$ the two plans are equal; $W_2$ dislikes long trips and decides for two short ones. So an
# optimal plan for EM need not be unique. And $W_2$ is never less than $W_1$, because a mean of
# squares is never less than the square of the mean. In this course, as in the WGAN paper, EM is
# $W_1$.
#
# ## Real digits
#
# The program does not care what the points are. A digit of 28 by 28 pixels is a point of
# $\mathbb{R}^{784}$. Take 40 handwritten 3s and 40 handwritten 8s: how can all 3s become 8s with
# the least change?

# %%
threes, eights = data.images("mnist10k[3]"), data.images("mnist10k[8]")
real, fake = threes.points()[:40], eights.points()[:40]  # (40, 784) each
result = exact.wasserstein(real, fake)
lengths = exact.distances(exact.Discrete(real), exact.Discrete(fake))  # (40, 40)
partner = result.plan.toarray().argmax(axis=1)  # (40,)
matched = lengths[np.arange(40), partner]
anyone = np.random.default_rng(0).permutation(40)
random = lengths[np.arange(40), anyone]
assert sorted(partner) == list(range(40))  # one to one

# %% [markdown]
# One 8 for each 3. **Predict**: a matching drawn at random has a mean distance of about 10 here.
# What does the best of all $40!$ matchings cost: about 1, about 5, about 9?

# %%
print(f"random matching {random.mean():.3f}")
print(f"best matching   {matched.mean():.3f}   prices {result.bound:.3f}   EM {result.value:.3f}")
assert np.isclose(matched.mean(), result.value)
assert np.isclose(result.bound, result.value)
assert 0.8 < matched.mean() / random.mean() < 0.95

# %%
shown = np.argsort(matched)[::4]  # 10 of 40, from the nearest pair to the farthest
figure, rows = plt.subplots(2, 1, figsize=(9, 5))
for axes, others, ways, name in zip(
    rows, (partner, anyone), (matched, random), ("best matching", "random matching"), strict=True
):
    pictures = [threes.images[shown], eights.images[others[shown]]]
    plots.show_images(axes, np.concatenate(pictures), columns=10)
    for k, way in enumerate(ways[shown]):
        axes.text(28 * k + 14, 65, f"{way:.1f}", ha="center", fontsize=11)
    axes.set_title(f"{name}: mean distance {ways.mean():.2f}")
plt.show()

# %% [markdown]
# Many partners share a slant or the weight of the pen. Yet the best matching saves only about an
# eighth: in 784 dimensions hardly any 8 is near any 3, so no plan is very cheap. The
# prices prove that none of the $8 \cdot 10^{47}$ matchings is cheaper.
#
# Is 8.76 much? It needs something to be compared with. **Predict** the EM between 40 of the 3s and
# 40 *other* 3s. About 0? About 1? About 7?

# %%
sizes = (40, 160, 500)
points_3, points_8 = threes.points(), eights.points()
between = np.array([exact.emd(points_3[:n], points_8[:n]) for n in sizes])
within = np.array([exact.emd(points_3[:n], points_3[n : 2 * n]) for n in sizes])
print("   n    3s and 8s    3s and other 3s    ratio")
for n, far, near in zip(sizes, between, within, strict=True):
    print(f"{n:4} {far:12.3f} {near:18.3f} {far / near:8.2f}")
assert (within > 5).all()
assert (np.diff(between / within) > 0).all()

# %% [markdown]
# About 7: two samples of one law are nearly as far apart as samples of two laws. Lesson 1 showed
# that samples of one law are at a positive EM; in many dimensions the effect is this large, and 40
# images are few. With more images the EM within a class falls faster than the EM between classes,
# and the difference becomes visible. So an EM between samples should stand beside the EM between
# two samples of one law.
#
# ## Exercises
#
# Each has a cell that checks your answer and gives a hint when it is wrong.
#
# **1.** $P$ has masses $(0.3, 0.7)$ and $Q$ has $(0.6, 0.4)$. Write $A$ (four rows of four numbers)
# and $b$ of their program by hand. The unknown is
# $z = (\pi_{11}, \pi_{12}, \pi_{21}, \pi_{22})$; sums of rows come first, as above.

# %%
answer_1_A = None  # a list of four lists of four numbers
answer_1_b = None  # four numbers

# %%
check.two_by_two(answer_1_A, answer_1_b)

# %% [markdown]
# **2.** Here the ways are no distances on a street; their costs are just given. The masses are
# $(\tfrac12, \tfrac12)$ and $(\tfrac14, \tfrac12, \tfrac14)$, and the plan below has these sums.
# Prove on paper that it is the cheapest: find prices $f$ (two) and $g$ (three). Where mass travels,
# which equation must hold?

# %%
ways = np.array([[4, 6, 9], [5, 3, 4]])
given = np.array([[0.25, 0.25, 0.0], [0.0, 0.25, 0.25]])
print("cost of the plan", (given * ways).sum())

answer_2_f = None  # two prices
answer_2_g = None  # three prices

# %%
check.proving_prices(answer_2_f, answer_2_g, ways, given)

# %% [markdown]
# **3.** Write EM on the line, without any solver. `u` and `v` are arrays of equally many points, in
# no order, all of the same mass.


# %%
def my_emd(u, v):
    """EM between two samples of equal size on the line."""
    return None


# %%
check.line_function(my_emd)

# %% [markdown]
# **4.** A friend saves the solver: each point of `u`, in the order in which they come, takes the
# nearest point of `v` that is still free. Sometimes that is the best matching. Find two points `u`
# and two points `v` on the line for which it costs at least twice as much as EM. (Can it cost more
# than three times as much?)


# %%
def greedy(u, v):
    """Mean distance when each u takes the nearest free v in turn."""
    free, total = list(v), 0.0
    for start in u:
        nearest = min(free, key=lambda end: abs(start - end))
        free.remove(nearest)
        total += abs(start - nearest)
    return total / len(u)


print(greedy([0, 1], [5, 2]), exact.emd([0, 1], [5, 2]))

answer_4_u = None  # two numbers
answer_4_v = None  # two numbers

# %%
check.greedy_fails(answer_4_u, answer_4_v, greedy)

# %% [markdown]
# ## Summary
#
# | | primal: plans | dual: prices |
# |---|---|---|
# | unknown | $\pi_{ij} \ge 0$, mass on its way | $f_i$, $g_j$ of any sign |
# | constraints | row and column sums, $A z = b$ | $f_i + g_j \le D_{ij}$: $A^\top (f, g) \le c$ |
# | optimum | least cost $c \cdot z$ | largest worth $b \cdot (f, g)$ |
# | any one you find | EM is at most its cost | EM is at least its worth |
#
# - Cost and worth meet at EM, and where mass travels $f_i + g_j = D_{ij}$.
# - An optimal plan needs at most $n + m - 1$ ways; between equally many equal masses a matching is
#   enough.
# - On the line: sort and match. EM is the area between the distribution functions.
# - Samples of one law are at a positive EM, and in many dimensions at a large one.
#
# **References.** Peyré and Cuturi, *Computational Optimal Transport*, 2019, chapters 2 and 3.
# Kantorovich, *On the translocation of masses*, 1942. Arjovsky, Chintala, Bottou, *Wasserstein
# GAN*, 2017, equation 1 for EM.
#
# **Next.** [3 · Kantorovich and Rubinstein](03_kantorovich_rubinstein.ipynb): the prices at the
# boxes become one function on all of space, the critic.
