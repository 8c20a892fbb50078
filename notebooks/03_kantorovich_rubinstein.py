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
# # 3 · Kantorovich and Rubinstein: the exact critic
#
# **You will learn**
#
# 1. why two price lists become one function, the critic, and what its slope has to do with it;
# 2. how the exact critic looks between two clouds, and which way its gradient points;
# 3. what any function whatever, good or bad, proves about the earth mover's distance.
#
# **You need** lesson 2 (the price lists of the dual), gradients, and a little NumPy.
#
# **Time.** Reading and exercises about 60 minutes; running all cells takes under 10 seconds. To
# predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first.

# %%
import controls
import matplotlib.pyplot as plt
import numpy as np
from checks import kantorovich_rubinstein as check
from scipy import sparse
from scipy.sparse import csgraph

from wganlab import exact, plots

plt.style.use(plots.STYLE)

# %% [markdown]
# ## From two price lists to one function
#
# Lesson 2 had prices. The carrier takes $f_i$ for each unit picked up at $x_i$ and $g_j$ for each
# unit delivered at $y_j$, no trip is overpaid, $f_i + g_j \le |x_i - y_j|$, and the largest
# possible worth of the prices is the earth mover's distance:
#
# $$\mathrm{EM}(P, Q) = \max_{f, g}\ \sum_i p_i f_i + \sum_j q_j g_j$$
#
# A critic in a Wasserstein GAN is *one* function. Where did the second list go? Take three places
# on a street. Both laws live on the same places, so each place has both prices.

# %%
places = np.array([0.0, 1.0, 3.0])
p = np.array([0.2, 0.6, 0.2])
q = np.array([0.5, 0.1, 0.4])
way = np.abs(places[:, None] - places)  # (3, 3)
print("EM =", round(exact.emd(places, places, p, q), 4))

# %% [markdown]
# Suppose that the delivery prices $g$ are given. How high can she set the pick-up prices? Each
# $f_i$ must respect $f_i \le |x_i - y_j| - g_j$ for every $j$, so the best she can do is
#
# $$f_i = \min_j\ |x_i - y_j| - g_j .$$
#
# This is called the *c-transform* of $g$. The same formula, with the roles exchanged, gives the
# best $g$ for a given $f$. Start from prices out of thin air, and let each list answer the other.
#
# **Predict before you run the next cell.** Let $f$ answer $g$, then $g$ answer $f$. Can an answer
# make the worth smaller? And if $f$ answers once more, does it change?


# %%
def best_prices(other):
    """The highest prices that overpay no trip, given the prices at the other end."""
    return (way - other).min(axis=1)


g = np.array([0.0, -3.0, 0.5])
f = best_prices(g)
print("f =", f, "  g =", g, f"  worth {p @ f + q @ g:.2f}")
first = p @ f + q @ g
g = best_prices(f)
print("f =", f, "  g =", g, f"  worth {p @ f + q @ g:.2f}")
assert p @ f + q @ g >= first
assert np.array_equal(best_prices(g), f)
assert np.array_equal(g, -f)

# %% [markdown]
# An answer never makes the worth smaller, because each price is raised as far as it can go. The
# third answer changes nothing. And look at what came out: $g = -f$. **One list is the other one
# with the sign changed.** Two short arguments show that this is no accident.
#
# - **$f$ is 1-Lipschitz**, that is, $f(x) - f(x') \le |x - x'|$ for all $x, x'$. Each of the
#   functions $x \mapsto |x - y_j| - g_j$ is, by the triangle inequality, and a minimum of
#   1-Lipschitz functions is 1-Lipschitz.
# - **The best answer to a 1-Lipschitz $f$ is $-f$.** At the place $y$ it is
#   $\min_x |x - y| - f(x)$. The choice $x = y$ gives $-f(y)$, and no other $x$ gives less, since
#   $f(x) - f(y) \le |x - y|$.
#
# So we may look among the pairs $(f, -f)$ alone. The worth of such a pair is
# $\sum_i p_i f(x_i) - \sum_j q_j f(y_j)$, and we have found the **Kantorovich-Rubinstein theorem**,
# equation (2) of the WGAN paper:
#
# $$\mathrm{EM}(P, Q) = \sup_{f\ \text{1-Lipschitz}}\ \mathbb{E}_P f - \mathbb{E}_Q f$$
#
# (If $P$ and $Q$ live on different points, take all points together, with mass 0 where a law has
# none.) The difference on the right is the **critic's gap**. One sign everywhere in this course:
# $P$ is the real law, $Q$ the fake one, and a good critic is high on real and low on fake.
#
# ## Three points: bend where the mass divides
#
# The prices above are worth 0.6, and EM is 0.7: they are a 1-Lipschitz function, but not the best.
# **Predict**: the place 1 has mass to give, to its left and to its right. What is the shape of the
# best $f$? The linear program of equation (2) has one unknown a place.

# %%
program = exact.kantorovich_rubinstein(way, p, q)
solved = program.solve()
best = solved.variables - solved.variables[1]  # only differences count: put f(1) = 0
print("f at 0, 1, 3:", best.round(6), f"  gap {p @ best - q @ best:.2f}")
assert np.isclose(solved.value, exact.emd(places, places, p, q))
assert np.allclose(best, [-1, 0, -2])

# %% [markdown]
# A tent: $f(x) = -|x - 1|$. It is highest where there is mass to give, and falls with slope 1 along
# every trip. That is complementary slackness from lesson 2: mass travels from $x$ to $y$ only where
# the price meets the way, $f(x) - f(y) = |x - y|$. Adding a constant to $f$ changes nothing, since
# both laws have mass 1.
#
# ### What the triangle inequality was for
#
# The argument used it once. Take it away: let a trip cost the *square* of its length, and carry one
# unit from 0 to 3. The cost is 9. **Predict**: is the best $f(0) - f(3)$, with
# $f(x) - f(x') \le (x - x')^2$ for all pairs of our three places, also 9?

# %%
start, goal = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
two_lists = exact.dual(way**2, start, goal).solve().value
one_list = exact.kantorovich_rubinstein(way**2, start, goal).solve().value
plan = exact.primal(way**2, start, goal).solve().value
print(f"cheapest plan {plan:.1f}   two price lists {two_lists:.1f}   one function {one_list:.1f}")
assert np.allclose([plan, two_lists, one_list], [9, 9, 5])

# %% [markdown]
# No, it is 5. One function must also respect the trips 0 to 1 (cost 1) and 1 to 3 (cost 4), and so
# can never fall by more than 5. For a squared cost a stop on the way is a bargain, and one function
# knows the price with stops. Two lists are needed there. A *distance* has no such bargains. This is
# why the critic of a WGAN belongs to $W_1$, and not to $W_2$.
#
# ## On the line: slope one where mass passes
#
# On the line everything can be seen. Let $F$ and $G$ be the distribution functions of $P$ and $Q$.
# At a point $z$ with $F(z) > G(z)$, more of $P$ than of $Q$ lies to the left of $z$. So mass must
# pass $z$ to the right, and $f$, which falls on the way, has slope $-1$ there. Where $F(z) < G(z)$
# the slope is $+1$.
#
# Here are three real and three fake points, with one place in common. **Predict**: where does the
# critic fall, where does it rise, and where does nothing tell what it should do?

# %%
x, y = np.array([0.0, 3.0, 6.0]), np.array([1.0, 3.0, 4.5])
line = exact.wasserstein(x, y)
z = np.linspace(-1, 7, 801)
F = (x <= z[:, None]).mean(axis=1)
G = (y <= z[:, None]).mean(axis=1)
f, g = line.potentials
highest = (np.abs(z[:, None] - y) - g).min(axis=1)
lowest = (f - np.abs(z[:, None] - x)).max(axis=1)
assert np.allclose(highest, line.critic(z))
print("EM =", round(line.value, 4), "  gap =", round(f.mean() + g.mean(), 4))

# %%
figure, (above, below) = plt.subplots(2, 1, figsize=(8, 5), sharex=True)
above.step(z, F, color=plots.REAL["color"], label="F (real)")
above.step(z, G, "--", color=plots.FAKE["color"], label="G (fake)")
above.fill_between(z, F, G, color="0.85", label="area = EM")
above.set(title="Mass passes where F and G differ ...", yticks=[0, 1])
below.fill_between(z, lowest, highest, color="0.85", label="free")
below.plot(z, highest, **plots.CRITIC, label="highest f")
below.plot(z, lowest, ":", color="black", label="lowest f")
below.plot(x, f, **{**plots.REAL, "linestyle": "none"}, label="real")
below.plot(y, -g, **{**plots.FAKE, "linestyle": "none"}, label="fake")
below.set(title="... and there an optimal critic has slope 1 or -1", xlabel="z")
for axes in (above, below):
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
slope = np.gradient(highest, z), np.gradient(lowest, z)
for one in slope:
    assert np.allclose(one[(z > 0.02) & (z < 0.98)], -1)  # F > G
    assert np.allclose(one[(z > 4.52) & (z < 5.98)], 1)  # F < G
assert (highest - lowest)[(z > 1.5) & (z < 2.5)].min() > 0  # F = G: not determined
assert np.isclose(f.mean() + g.mean(), line.value)
lifted = {0: 0, 1: -1, 3: 0, 4.5: -1, 6: 0.5}  # another optimal critic, at the points
assert np.isclose(sum(lifted[k] for k in x) / 3 - sum(lifted[k] for k in y) / 3, line.value)

# %% [markdown]
# Between 0 and 1, and between 4.5 and 6, every optimal critic has the same slope. Elsewhere no mass
# passes and the slope is free, anything between $-1$ and $1$; the picture shows the highest and the
# lowest function with the solver's values at the points. (Even these could be others. Between 3 and
# 4.5 no mass passes either; nothing is gray there only because the solver chose values that differ
# by the whole way, 1.5. Lift the critic at 4.5 and at 6 by one half: the gap stays the same.) So
# **the optimal critic is not unique**: what the two laws fix is its slope along the way of the
# mass.
#
# ## In the plane: cones
#
# Eight real points on a ring, nine fake ones to the right, most of them inside. Masses are $1/8$
# and $1/9$: one fake point is not enough for a real one, so every real point takes from at least
# two.
#
# EM is the same in both directions. The fakes are what a generator can move, so from here on mass
# goes from fake to real, uphill on $f$.

# %%
rng = np.random.default_rng(2)
angles = 2 * np.pi * np.arange(8) / 8
x = 2.4 * np.column_stack([np.cos(angles), np.sin(angles)]) + 0.2 * rng.normal(size=(8, 2))
y = 0.6 * rng.normal(size=(9, 2)) + [1.3, -0.6]
result = exact.wasserstein(x, y)
f, g = result.potentials
moves = result.plan.tocoo()
ends = x[moves.row], y[moves.col]  # real end and fake end of each trip
print(f"EM = {result.value:.4f}, {len(moves.data)} trips, gap f {f.mean() + g.mean():.4f}")
assert np.isclose(f.mean() + g.mean(), result.value)
assert np.allclose(result.critic(x), f)
assert np.allclose(result.critic(y), -g)

# %% [markdown]
# The solver gives the critic's values at the 17 points, $f_i$ at $x_i$ and $-g_j$ at $y_j$. A
# critic must also have values everywhere else. The c-transform gives them:
#
# $$f(z) = \min_j\ |z - y_j| - g_j .$$
#
# Each term is a cone that stands on its tip at a fake point; $f$ is the lowest of the nine cones at
# each $z$. It is 1-Lipschitz everywhere, for the same reason as before. This is `result.critic`.
#
# **Predict**: walk from a fake point straight to a real point that receives some of its mass. How
# does $f$ change on the way, and what does its gradient look like?


# %%
def draw_clouds(axes):
    axes.plot(*x.T, **{**plots.REAL, "linestyle": "none", "markersize": 9}, mec="white")
    axes.plot(*y.T, **{**plots.FAKE, "linestyle": "none", "markersize": 9}, mec="white")
    axes.set(aspect="equal", xlim=(-3.3, 3.3), ylim=(-3.3, 3.3), xticks=[-2, 0, 2])
    axes.set(yticks=[-2, 0, 2])
    axes.grid(visible=False)


ticks = np.linspace(-3.3, 3.3, 161)
grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
field = result.critic(grid).reshape(161, 161)

# %%
figure, axes = plt.subplots(figsize=(6.6, 5.4))
colors = axes.contourf(ticks, ticks, field, levels=20)
axes.contour(ticks, ticks, field, levels=20, colors="white", linewidths=0.4)
for real, fake in zip(*ends, strict=True):
    axes.annotate("", real, fake, arrowprops={"arrowstyle": "->", "color": "white", "lw": 1.4})
draw_clouds(axes)
axes.set_title("The exact critic, and the rays from fake (▲) to real (●)")
figure.colorbar(colors, label="f(z)")
plt.show()

# %% [markdown]
# The rays cross the contour lines at right angles, and take one step up for each step of way. The
# numbers say the same. The paper on the gradient penalty (Gulrajani and others 2017) proves it as
# its Proposition 1: where an optimal critic is differentiable on the way of the mass, its gradient
# has length 1 and points along the ray to the real end.

# %%
toward = ends[0] - ends[1]
length = np.linalg.norm(toward, axis=1)
print("share of the way   rise / way   |gradient|   gradient . ray")
for share in (0.1, 0.5, 0.9):
    on_ray = ends[1] + share * toward
    rise = result.critic(on_ray) - result.critic(ends[1])
    gradient = result.critic_gradient(on_ray)
    along = (gradient * toward).sum(axis=1) / length
    ratio, norm = rise / (share * length), np.linalg.norm(gradient, axis=1)
    print(f"{share:16} {ratio.mean():12.4f} {norm.mean():12.4f} {along.mean():16.4f}")
    assert np.allclose(ratio, 1)
    assert np.allclose(norm, 1)
    assert np.allclose(along, 1)

# %% [markdown]
# Why must it be so? Between the two ends $f$ rises by $f(x) - f(y) = |x - y|$, which is the most
# that a 1-Lipschitz function can rise on that way. So it rises at full speed all the time, and a
# gradient of length at most 1 can do that only by pointing straight along the ray. (That paper's
# Corollary 1 is what its penalty is built on: an optimal critic that is differentiable has gradient
# norm 1 almost everywhere under $P$ and $Q$. Ours has no gradient at the fake points, as we shall
# see.)
#
# ### Uphill to the data
#
# So the critic is a guide. **Predict**: put a walker on each ray just beside its fake end, and let
# her follow the gradient uphill, in small steps, for the length of the ray. Where do the 16 walkers
# arrive?

# %%
walkers = ends[1] + 0.01 * toward
for _ in range(99):
    walkers = walkers + 0.01 * length[:, None] * result.critic_gradient(walkers)
missed = np.linalg.norm(walkers - ends[0], axis=1)
print(f"largest distance from the real end: {missed.max():.4f}")
assert missed.max() < 1e-6

# %%
print("share of the way    EM that is left")
for share in (0.0, 0.25, 0.5, 0.75):
    on_its_way = result.displacement(1 - share)  # at time 0 the mass is at x, at time 1 at y
    left = exact.emd(exact.Discrete(x), on_its_way)
    print(f"{share:16} {left:15.4f}")
    assert np.isclose(left, (1 - share) * result.value)

# %% [markdown]
# Each at a real point; and with each quarter of the way a quarter of EM is gone. This is what a
# generator is promised when it follows its critic.
#
# One caution. At a fake point itself our $f$ has the tip of a cone: *every* direction goes up with
# slope 1, and there is no gradient (`critic_gradient` gives 0). That is why the walkers started
# beside it. It belongs to this choice of $f$. There are others.
#
# ## Two optimal critics, and all between
#
# Take instead cones that *hang* from the real points, and at each $z$ the highest of them:
# $\max_i f_i - |z - x_i|$. It has the same values at the 17 points, hence the same gap, and it is
# 1-Lipschitz too. Any 1-Lipschitz function with these values lies between the two.
#
# **Predict**: where in the plane are the lowest and the highest optimal critic equal?

# %%
hanging = (f - exact.distances(grid, x)).max(axis=1).reshape(161, 161)
figure, panels = plt.subplots(1, 3, figsize=(12, 4.2))
titles = ("highest: cones on fake", "lowest: cones from real", "difference, and the rays")
for axes, values, title in zip(panels, (field, hanging, field - hanging), titles, strict=True):
    colors = axes.contourf(ticks, ticks, values, levels=20)
    draw_clouds(axes)
    axes.set_title(title)
    figure.colorbar(colors, ax=axes, shrink=0.7)
for real, fake in zip(*ends, strict=True):
    panels[2].plot(*np.stack([real, fake]).T, color="white", lw=1)
plt.show()

# %%
assert (field - hanging).min() >= -1e-9
for share in (0, 0.3, 0.6, 1):
    on_ray = ends[1] + share * toward
    lowest = (f - exact.distances(on_ray, x)).max(axis=1)
    assert np.allclose(result.critic(on_ray), lowest)
print(f"largest difference in the picture: {(field - hanging).max():.2f}")
assert (field - hanging).max() > result.value
network = sparse.block_array([[None, result.plan], [result.plan.T, None]])
assert csgraph.connected_components(network)[0] == 1

# %% [markdown]
# On the points and on the rays. (The darkest part of the third panel is wider: there they differ by
# less than a quarter.) Elsewhere they may differ by more than EM itself. On the points no other
# values are possible, up to a constant: the 16 trips tie all 17 points together, and along a trip
# the difference is its length. So when a learned critic looks different from a picture of "the"
# optimal critic in a corner without data, nothing is wrong. Compare critics on the rays, up to a
# constant.
#
# ## What any function proves
#
# Now turn the question round. Somebody hands you a function: a half-trained critic, a guess, noise.
# Its gap is $\mathbb{E}_P f - \mathbb{E}_Q f$. What does it say about EM?
#
# Only that EM is not 0 where the gap is not 0, unless you know a bound $K$ for the slope of $f$
# *everywhere*: then $f / K$ is 1-Lipschitz, so the gap divided by $K$ is at most EM. But there is a
# way that needs no $K$. Let $f$ be the pick-up prices, only at the real points, and give the best
# answer to them. That pair overpays no trip, whatever $f$ is, so its worth is at most EM. It is the
# **certificate**:
#
# $$\frac1n \sum_i f(x_i) + \frac1m \sum_j \min_i\ \big(|x_i - y_j| - f(x_i)\big)
# \ \le\ \mathrm{EM}$$
#
# **Predict** for each function below: can its gap be above EM? Can its certificate?

# %%
center, noise = y.mean(axis=0), np.random.default_rng(0)
middle = x.mean(axis=0) - center
functions = {
    "zero": lambda z: np.zeros(len(z)),
    "random values": lambda z: noise.normal(size=len(z)),
    "linear, slope 1": lambda z: z @ middle / np.linalg.norm(middle),
    "|z - fake mean|": lambda z: np.linalg.norm(z - center, axis=1),
    "exact critic": result.critic,
    "exact critic x 3": lambda z: 3 * result.critic(z),
    "exact critic x 10": lambda z: 10 * result.critic(z),
    "minus the critic": lambda z: -result.critic(z),
}

# %%
print("function                 gap   certificate   share of EM")
for name, function in functions.items():
    f_x, f_y = function(x), function(y)
    gap, proven = f_x.mean() - f_y.mean(), exact.certificate(f_x, x, y)
    print(f"{name:18} {gap:9.4f} {proven:13.4f} {proven / result.value:13.0%}")
    assert proven <= result.value + 1e-9
    if name in ("linear, slope 1", "|z - fake mean|"):
        assert gap <= proven  # 1-Lipschitz: the certificate repairs nothing, and adds some

# %% [markdown]
# The gap of the steep critics is far above EM; no certificate is. Some remarks:
#
# - *Zero* already certifies the mean way from a fake point to the *nearest* real one.
# - A linear function sees only the means; its gap is the distance between them.
# - The distance to a point is simple, bends, and proves nearly everything: the
#   fake points lie close together, so one cone fits. In exercise 4 it will be your idea.
# - The exact critic proves EM. Made ten times as steep it proves nothing: a negative bound is true
#   and useless. Minus the critic, low on real, proves nothing either.
#
# ### Steeper and steeper
#
# Take $k f$ with the exact critic $f$ and a number $k$. **Predict** how its gap, its gap divided by
# the slope $k$, and its certificate depend on $k$.

# %%
slopes = np.round(np.arange(0.1, 4.05, 0.1), 1)
proofs = np.array([exact.certificate(k * result.critic(x), x, y) for k in slopes])


def draw(figure, k):
    axes = figure.subplots()
    axes.axhline(result.value, **plots.EXACT, label="EM = gap / slope")
    axes.plot(slopes, slopes * result.value, ":", color="0.4", label="gap")
    axes.plot(slopes, proofs, **plots.CRITIC, label="certificate")
    proven = exact.certificate(k * result.critic(x), x, y)
    axes.plot([k, k], [k * result.value, proven], "o", color="black")
    axes.set(ylim=(-2.6, 9), xlabel="slope k")
    axes.set_title(f"k = {k:g}: gap {k * result.value:.2f}, certificate {proven:.2f}", fontsize=11)
    axes.legend(loc="upper left", fontsize=9)


# %%
controls.slider(draw, slopes, label="slope k", start=1.0)

# %%
controls.static(draw, [0.5, 1, 2], size=(3.6, 3.2), columns=3)

# %%
flat = slopes < 1
assert (proofs[flat] >= slopes[flat] * result.value).all()  # at least the gap
assert (np.diff(proofs[slopes <= 1]) > 0).all()
assert (np.diff(proofs[slopes >= 1]) < 0).all()
assert np.isclose(proofs[slopes == 1][0], result.value)

# %% [markdown]
# The gap grows with $k$ without end: *a gap without its slope means nothing*. The certificate has
# its top at $k = 1$ and there it is EM. A flat critic is also punished, but gently: below 1 the
# certificate is between the gap and EM.
#
# ### The trap: the slope that you have seen
#
# Dividing by the slope is fair here because we *know* it. A learned critic's slope is only looked
# at in some places. **Predict** what happens to gap / slope for a function that is flat at every
# point you look at, and jumps in between.

# %%
real = np.array([[2.0, 0.0], [2.0, 1.0], [3.0, 0.5]])
fake = real - [3.0, 0.0]
jump = np.tanh(8 * (real[:, 0] - 0.9)), np.tanh(8 * (fake[:, 0] - 0.9))
gap = jump[0].mean() - jump[1].mean()
seen = max(8 * (1 - np.concatenate(jump) ** 2))  # the derivative of tanh(8 (z_0 - 0.9))
proven = exact.certificate(jump[0], real, fake)
truth = exact.emd(real, fake)
print(f"EM {truth:.2f}   gap {gap:.2f}   certificate {proven:.2f}")
print(f"gap / slope seen {gap / seen:.0e}   gap / true slope {gap / 8:.2f}")
assert gap / seen > 1000
assert gap / 8 <= proven <= truth

# %% [markdown]
# Divided by the slope that was *seen*, this function "measures" a distance of more than 1000, where
# EM is 3. Divided by its true largest slope, 8, it proves .25. The certificate needs neither, and
# it proves more. So a critic comes with four numbers, and they must not be mixed up: its **gap**,
# the **slope** that was seen, a **Lipschitz bound** that is proven, and its **certificate**.
#
# A certificate speaks about the *two clouds of points*. What they say about the laws that they were
# drawn from is another question, for later.
#
# ## Exercises
#
# **1.** On paper: the places 0, 2, 3 with $P = (0.7, 0.1, 0.2)$ and $Q = (0.2, 0.4, 0.4)$. Give the
# values of an optimal critic at the three places. (Real is high, fake is low.)

# %%
answer_1 = None  # three numbers

# %%
check.critic_on_three_points(answer_1)

# %% [markdown]
# **2.** A report says of a critic between two clouds: its gap is 12; the product of its layers'
# norms proves that its slope is nowhere above 4; the largest slope that was seen is 1.5; its
# certificate is 2.6. From these numbers, what is the largest number that EM is sure to reach?

# %%
answer_2 = None  # a number

# %%
check.what_is_proven(answer_2)

# %% [markdown]
# **3.** Write the certificate yourself, for points of equal weights. `f_x` holds the function's
# values at `x`. (`exact.distances(x, y)` is the matrix of all $|x_i - y_j|$.)


# %%
def my_certificate(f_x, x, y):
    """A lower bound of EM between the clouds x (n, d) and y (m, d); f_x has shape (n,)."""
    return None


# %%
check.certificate_function(my_certificate)

# %% [markdown]
# **4.** Build a critic by hand. Here are two clouds. Write a 1-Lipschitz function whose gap is at
# least 90 % of their EM. No solver: only what you see.

# %%
rng = np.random.default_rng(7)
real = np.array([1.0, 0.5]) + 0.25 * rng.normal(size=(40, 2))
camps = np.array([[-1.5, 0.5], [2.5, 2.5], [2.0, -1.5]])
fake = camps[rng.integers(3, size=40)] + 0.25 * rng.normal(size=(40, 2))

figure, axes = plt.subplots(figsize=(4.4, 3.6))
axes.plot(*real.T, **{**plots.REAL, "linestyle": "none"}, label="real")
axes.plot(*fake.T, **{**plots.FAKE, "linestyle": "none"}, label="fake")
axes.set_aspect("equal")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()


# %%
def my_critic(z):
    """Values of shape (k,) at points z of shape (k, 2): high on real, low on fake."""
    return None


# %%
check.critic_by_hand(my_critic, real, fake)

# %% [markdown]
# ## Summary
#
# | | what it is | what it says about EM of the two clouds |
# |---|---|---|
# | gap | $\mathbb{E}_P f - \mathbb{E}_Q f$ | only that EM is not 0, where the gap is not |
# | gap / Lipschitz bound | gap divided by a *proven* $K$ | a lower bound |
# | gap / slope seen | gap divided by a slope looked at somewhere | no bound |
# | certificate | worth of $f$ and its best answer | a lower bound, for any $f$ |
#
# An optimal critic has gap EM. On the rays from fake to real it rises with slope 1, and its
# gradient points to the real end. Off the rays it is not unique.
#
# **References.** Kantorovich and Rubinstein 1958. Arjovsky, Chintala, Bottou, *Wasserstein GAN*,
# 2017, equation (2). Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, *Improved Training of
# Wasserstein GANs*, 2017, section 2.3. Peyré and Cuturi, *Computational Optimal Transport*, 2019,
# chapters 5 and 6.
#
# **Next.** [4 · Which sequences converge](04_convergence.ipynb): what it means for two laws to be
# near, and what a generator's parameter learns from each distance.
