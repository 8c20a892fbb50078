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
# # 4 · Which sequences converge
#
# **You will learn**
#
# 1. along which sequences of laws KL, JS, TV and EM go to 0, and which of them drag others along;
# 2. why EM tells a generator's parameter where to go, why JS does not, and how the critic says it;
# 3. what noise on both laws repairs, and what it does not.
#
# **You need** lessons 1 and 3, derivatives, the chain rule.
#
# **Time.** Reading and exercises about 60 minutes; running all cells takes under 15 seconds. To
# predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first.

# %%
import controls
import matplotlib.pyplot as plt
import numpy as np
from checks import convergence as check
from scipy import stats

from wganlab import exact, plots

plt.style.use(plots.STYLE)

# %% [markdown]
# ## Near, in which sense?
#
# Training a generator makes a sequence of laws $Q_1, Q_2, \dots$ that should approach the real law
# $P$. But what is "approach"? Each distance has its own opinion: the sequence converges if *this*
# distance goes to 0. Here are five sequences.
#
# | name | $Q_n$ | $P$ |
# |---|---|---|
# | normals | normal, mean $1/n$, deviation 1 | normal, mean 0, deviation 1 |
# | shift | uniform on $[1/n, 1 + 1/n]$ | uniform on $[0, 1]$ |
# | shrink | uniform on $[0, 1 - 1/n]$ | uniform on $[0, 1]$ |
# | lines | the line at $\theta = 1/n$ | the parallel line at 0 (lesson 1) |
# | escape | mass $1/n$ at the place $n$, the rest at 0 | all mass at 0 |
#
# **Predict before you run the next cells.** Make a table of five rows and five columns,
# $\mathrm{KL}(Q_n, P)$, $\mathrm{KL}(P, Q_n)$, JS, TV, EM, and mark what goes to 0. The last row is
# worth a second thought.


# %%
def escape(n):
    q, p, street = [1 - 1 / n, 1 / n], [1, 0], [0, n]
    em = exact.emd(street, street, q, p)
    return [exact.kl(q, p), exact.kl(p, q), exact.js(q, p), exact.tv(q, p), em]


def all_five(pair):  # its first law is Q_n, its second P
    return [pair.kl, pair.reverse_kl, pair.js, pair.tv, pair.emd]


# %%
names = ["KL(Q,P)", "KL(P,Q)", "JS", "TV", "EM"]
sequences = {
    "normals": lambda n: all_five(exact.known.Line(stats.norm(1 / n), stats.norm())),
    "shift": lambda n: all_five(exact.known.Uniforms(real=(1 / n, 1 + 1 / n), fake=(0, 1))),
    "shrink": lambda n: all_five(exact.known.Uniforms(real=(0, 1 - 1 / n), fake=(0, 1))),
    "lines": lambda n: all_five(exact.known.ParallelLines(1 / n)),
    "escape": escape,
}

# %%
numbers = 2 ** np.arange(1, 11)  # n = 2, 4, ..., 1024
paths = {name: np.array([values(n) for n in numbers]) for name, values in sequences.items()}
print("at n = 1024 ", "".join(f"{name:>10}" for name in names))
for name, values in paths.items():
    print(f"{name:12}", "".join(f"{value:10.4f}" for value in values[-1]))

# %%
markers = {"marker": ["v", "<", "^", "o", "s"], "linestyle": [":", "--", "-.", "--", "-"]}
shades = ["#CC79A7", "0.5", "#D55E00", "#0072B2", "black"]
top = 30.0  # infinity is drawn here
figure, panels = plt.subplots(2, 3, figsize=(11, 6.2), sharex=True, sharey=True)
for axes, (name, values) in zip(panels.ravel(), paths.items(), strict=False):
    for k in range(5):
        style = {kind: options[k] for kind, options in markers.items()}
        axes.plot(numbers, np.minimum(values[:, k], top), color=shades[k], label=names[k], **style)
    axes.set(title=name, xscale="log", yscale="log", ylim=(1e-7, 90))
    axes.set_yticks([1e-6, 1e-4, 1e-2, 1, top], ["10⁻⁶", "10⁻⁴", "0.01", "1", "∞"])
    axes.minorticks_off()
panels[1, 2].axis("off")
panels[1, 2].legend(*panels[0, 0].get_legend_handles_labels(), loc="center", fontsize=13)
figure.supxlabel("n")
plt.show()

# %%
converges = {name: list(values[-1] < 0.05) for name, values in paths.items()}
print("goes to 0   ", "".join(f"{name:>10}" for name in names))
for name, verdict in converges.items():
    print(f"{name:12}", "".join(f"{'yes' if ok else '-':>10}" for ok in verdict))
assert converges["normals"] == [True, True, True, True, True]
assert converges["shift"] == [False, False, True, True, True]
assert converges["shrink"] == [True, False, True, True, True]
assert converges["lines"] == [False, False, False, False, True]
assert converges["escape"] == [False, True, True, True, False]
assert np.allclose(paths["escape"][:, 4], 1)

# %% [markdown]
# (Where the KLs are equal one marker hides the other; in *shift* TV is hidden by EM, in *shrink*
# and *escape* one KL by TV.) Read the table by columns. JS and TV always agree. Wherever one of the
# two KLs says yes, JS and TV say yes; not the other way round (shift). In the first four rows,
# wherever TV says yes, EM says yes; not the other way round (lines). The last row breaks that rule:
# less and less mass travels farther and farther, mass times way is $\frac1n \cdot n = 1$ for every
# $n$.
#
# This is **theorem 2 of the WGAN paper**. On a *compact* space (think: bounded, like images with
# pixels in $[-1, 1]$):
#
# $$\mathrm{KL}(Q_n, P) \to 0 \ \text{ or }\ \mathrm{KL}(P, Q_n) \to 0
# \quad\Rightarrow\quad \mathrm{TV} \to 0 \Leftrightarrow \mathrm{JS} \to 0$$
#
# $$\mathrm{TV} \to 0 \quad\Rightarrow\quad \mathrm{EM} \to 0
# \Leftrightarrow Q_n \to P \text{ in distribution}$$
#
# (*In distribution*: the means of all bounded continuous functions converge.) Neither of the two
# $\Rightarrow$ can be turned round: *shift* and *lines* are the counter-examples. *Shrink* shows
# that one of the KLs is enough. And without the word compact the last $\Rightarrow$ breaks:
# *escape*.
#
# ## Why: three inequalities
#
# Convergence of one distance drags another along if the second is bounded by a function of the
# first that goes to 0.
#
# $$\mathrm{TV} \le \sqrt{\mathrm{KL} / 2}, \qquad
# \tfrac12 \mathrm{TV}^2 \le \mathrm{JS} \le \log 2 \cdot \mathrm{TV}, \qquad
# \mathrm{EM} \le \text{diameter} \cdot \mathrm{TV}$$
#
# The first is Pinsker's, and holds for both KLs. The left half of the second is Pinsker's for each
# law and the mixture; the right half holds because JS is convex, 0 on the mass that the laws share
# and at most $\log 2$ on the rest. The third: only a mass of TV must travel, and no way is longer
# than the diameter.
#
# **Predict.** Draw thousands of random pairs of laws on three places, and put a point for each at
# (TV, JS). JS and TV agree about convergence. Do they agree about which of two pairs is *nearer*,
# that is, will the points lie on one curve?

# %%
rng = np.random.default_rng(0)
pairs = [rng.dirichlet([a, a, a], size=2) for a in (0.1, 0.3, 1) for _ in range(700)]
tv = np.array([exact.tv(p, q) for p, q in pairs])
js = np.array([exact.js(p, q) for p, q in pairs])
kl = np.array([exact.kl(p, q) for p, q in pairs])
em = np.array([exact.emd([0, 1, 2], [0, 1, 2], p, q) for p, q in pairs])  # diameter 2
assert (tv <= np.sqrt(kl / 2) + 1e-9).all()
assert (tv**2 / 2 <= js + 1e-9).all()
assert (js <= np.log(2) * tv + 1e-9).all()
assert (em <= 2 * tv + 1e-9).all()
assert (em >= tv - 1e-9).all()

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
line = np.linspace(0, 1, 101)
left.plot(tv, js, ".", color="0.65", markersize=3)
left.plot(line, np.log(2) * line, **plots.EXACT, label="log 2 · TV")
left.plot(line, line**2 / 2, "--", color="black", label="TV² / 2")
left.set(xlabel="TV", ylabel="JS", title="JS is held between two curves")
right.plot(tv, em, ".", color="0.65", markersize=3)
right.plot(line, 2 * line, **plots.EXACT, label="diameter · TV")
right.plot(line, line, ":", color="black", label="least distance · TV")
right.set(xlabel="TV", ylabel="EM", title="EM is held from above only")
left.legend()
right.legend()
plt.show()

# %% [markdown]
# Not one curve, but a band that closes at 0: where TV goes to 0, JS must, and the other way round.
# On the right there is no lower curve in general. On these three places, neighbors 1 apart, EM is
# at least TV (the dotted line); put the places closer together and that line sinks, EM with it,
# while TV stays.
#
# ### What EM asks beyond
#
# On an unbounded space EM goes to 0 exactly if $Q_n \to P$ in distribution *and* the mean distance
# from a fixed point converges to that under $P$ (Villani 2009, theorem 6.9). *Escape* converges in
# distribution, but its mean distance from 0 stays 1, and under $P$ it is 0. **Predict**: with which
# power $k$ does mass $1/n^k$ at the place $n$ converge in EM?

# %%
for k in (0.5, 1, 2):
    values = [exact.emd([0, n], [0, n], [1 - n**-k, n**-k], [1, 0]) for n in (10, 100, 1000)]
    print(f"mass 1/n^{k}: EM at n = 10, 100, 1000:", "  ".join(f"{v:8.4f}" for v in values))
assert values[-1] < 0.01  # k = 2: as 1/n

# %% [markdown]
# For every $k > 1$: mass times way is $n^{1-k}$. With $k = \frac12$ EM even goes to infinity, while
# TV goes to 0.
#
# ### Weaker still: MMD
#
# One more distance is in wide use, the maximum mean discrepancy. It compares means of
# smooth functions, given by a kernel. With a Gaussian kernel of width 1 two inequalities hold:
# $\mathrm{MMD} \le 2\, \mathrm{TV}$ and $\mathrm{MMD} \le \mathrm{EM}$. **Predict** from them,
# without computing: along which of the five sequences does MMD go to 0?

# %%
u = (np.arange(500) + 0.5) / 500
for n in (2, 32, 1024):
    lines = [np.column_stack([np.full(500, left), u]) for left in (0, 1 / n)]
    of_lines = exact.mmd(*lines, bandwidth=1)
    street = np.array([0.0, n])
    of_escape = exact.mmd(street, street, [1 - 1 / n, 1 / n], [1, 0], bandwidth=1)
    print(f"n = {n:4}: MMD of lines {of_lines:.4f}, of escape {of_escape:.4f}")
    assert of_lines <= 1 / n  # EM
    assert of_escape <= 2 / n  # 2 TV
assert max(of_lines, of_escape) < 0.002

# %% [markdown]
# Along all five: in each row TV or EM goes to 0, and MMD is below both, up to the factor 2. Even
# *escape*, where EM stays at 1, looks converged to MMD, since a bounded kernel does not see how far
# the mass went. (On a bounded set this MMD goes to 0 exactly when EM does.)
#
# So EM is, on bounded spaces, easier to satisfy than KL, JS and TV. That is its strength. A
# generator's laws can approach the real one in EM while the others still report "as far as can be".
#
# ## A parameter that moves: theorem 1
#
# Let $\theta$ be the generator's parameter, $Q_\theta$ the law of $g_\theta(Z)$. **Theorem 1 of the
# WGAN paper**: if $g$ is continuous in $\theta$ and its values stay in a bounded set, then so is
# $\theta \mapsto \mathrm{EM}(P, Q_\theta)$; if $g$ is locally Lipschitz (with a constant of finite
# mean over $Z$), then EM is continuous everywhere and differentiable almost everywhere. For JS and
# the KLs both are false.
#
# The parallel lines are the smallest example: $g_\theta(Z) = (\theta, Z)$. **Predict** the slopes
# of EM and of JS at $\theta = 0.4$.

# %%
heights = np.random.default_rng(0).uniform(size=50)
x = np.column_stack([np.zeros(50), heights])


def fake(theta):
    return np.column_stack([np.full(50, theta), heights])


def slope(distance, theta, h=1e-6):
    return (distance(theta + h) - distance(theta - h)) / (2 * h)


# %%
points = exact.wasserstein(x, fake(0.4)).gradients()[1]  # (50, 2), with respect to each fake point
of_js = slope(lambda t: exact.js(exact.Discrete(x), exact.Discrete(fake(t))), 0.4)
of_em = slope(lambda t: exact.emd(x, fake(t)), 0.4)
print(f"EM: by finite difference {of_em:.4f}, by the plan {points[:, 0].sum():.4f}")
print(f"JS: by finite difference {of_js:.4f}")
assert np.isclose(of_em, points[:, 0].sum())
assert (round(of_em, 6), of_js) == (1, 0)

# %% [markdown]
# EM has slope 1. The package finds it without a finite difference: EM is the lowest of the plans'
# costs (lesson 2), so while the same plan stays the lowest, EM's slope is that plan's. `gradients`
# gives it with respect to each fake point; all 50 move with $\theta$, so they are added. JS has
# slope 0: it is $\log 2$ on both sides.
#
# Now descend: $\theta \leftarrow \theta - \text{rate} \cdot \text{slope}$, from $\theta = 1$ with
# rate 0.15. **Predict** both paths. The slope of EM is 1 however near the goal is; what happens in
# the end?


# %%
def slope_of_js(theta):
    return slope(lambda t: exact.known.ParallelLines(t).js, theta)


def slope_of_em(theta):
    return exact.wasserstein(x, fake(theta)).gradients()[1][:, 0].sum()


def descend(slope, rate, steps, start=1.0):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * slope(path[-1]))
    return np.array(path)


# %%
by_em = descend(slope_of_em, rate=0.15, steps=14)
by_js = descend(slope_of_js, rate=0.15, steps=14)
print("EM:", "  ".join(f"{theta:.2f}" for theta in by_em))
print("JS:", "  ".join(f"{theta:.2f}" for theta in by_js[:4]), " ...")
assert np.allclose(by_em[[7, 8, 9, 10]], [-0.05, 0.1, -0.05, 0.1])

# %% [markdown]
# **Play.** Run the next cell and step through both descents with its buttons. (For those who only
# read, the numbers above are the same steps.)


# %%
def draw_step(figure, step):
    axes = figure.subplots()
    line = np.linspace(-1.1, 1.1, 221)
    axes.plot(line, np.abs(line), **plots.EXACT, label="EM")
    axes.axhline(np.log(2), ls="--", color="0.5", label="JS, but 0 at θ = 0")
    axes.plot(by_em[step], abs(by_em[step]), "o", color="black", ms=12, label="down EM")
    axes.plot(by_js[step], np.log(2), "s", color="0.5", ms=12, label="down JS")
    axes.set(xlabel="θ", title=f"down EM: θ = {by_em[step]:.2f}; down JS: θ = {by_js[step]:.2f}")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


controls.steps(draw_step, 14)

# %% [markdown]
# EM goes straight to the goal, in steps of equal length, and then cannot stop: it steps over 0 and
# back, without end. It ends within one step of the goal, not at it. (JS stays where it is.) A slope
# of 1 at any distance is what makes EM useful from far away, and it is also why the step must
# become smaller in the end. Exercise 4 is about that.
#
# ## Where the slope comes from: theorem 3
#
# A generator has many parameters, and nobody wants a finite difference for each. **Theorem 3 of the
# WGAN paper** brings the critic of lesson 3 in: with an optimal critic $f$,
#
# $$\nabla_\theta\, \mathrm{EM}(P, Q_\theta) = -\,\mathbb{E}_Z\, \nabla_\theta f(g_\theta(Z)),$$
#
# when both sides are well defined. So the generator only has to walk uphill on the critic.
#
# Five data points are our real law; the generator $g_\theta(z) = s z + (a, b)$ has three parameters
# $\theta = (a, b, s)$, and $Z$ is uniform on a square. By the chain rule, the derivatives of
# $f(g_\theta(z))$ are $\partial_1 f$, $\partial_2 f$ and $z \cdot \nabla f$.
#
# At fake points the package's $f$ has the tips of its cones, and no gradient (lesson 3). We need
# the other one, whose cones hang from the data. It comes from asking with exchanged roles and
# changing the sign.
#
# **Predict** the signs of the three derivatives from the picture: should $a$ grow or fall, should
# $b$, should the square grow or shrink?

# %%
data = np.array([[0, 0], [2, 0], [1, 2], [-1, 1.5], [3, 2]])
latent = np.random.default_rng(0).uniform(-1, 1, size=(400, 2))
theta = np.array([2.5, -0.5, 0.6])


def generate(theta):
    return theta[2] * latent + theta[:2]


figure, axes = plt.subplots(figsize=(5, 3.6))
axes.plot(*data.T, **{**plots.REAL, "linestyle": "none", "markersize": 10}, zorder=3, label="real")
axes.plot(*generate(theta).T, "^", color=plots.FAKE["color"], markersize=3, label="fake")
axes.set_aspect("equal")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()


# %%
def by_critic(theta):
    """The gradient of EM in (a, b, s) through the critic: theorem 3."""
    points = generate(theta)
    aside = points + 1e-7  # a hair aside, see below
    uphill = -exact.wasserstein(points, data).critic_gradient(aside)  # of f
    return -np.array([*uphill.mean(axis=0), (uphill * latent).sum(axis=1).mean()])


def emd_at(theta):
    return exact.emd(data, generate(theta))


# %%
small = 1e-5 * np.eye(3)
by_difference = [(emd_at(theta + h) - emd_at(theta - h)) / 2e-5 for h in small]
print("through the critic     ", "  ".join(f"{d:+.3f}" for d in by_critic(theta)))
print("by finite differences  ", "  ".join(f"{d:+.3f}" for d in by_difference))
assert np.abs(by_critic(theta) - by_difference).max() < 0.01
asked = exact.wasserstein(generate(theta), data)
prices = np.sort(exact.distances(generate(theta), data) - asked.potentials[1], axis=1)
assert (prices[:, 1] - prices[:, 0] < 1e-9).sum() <= 4  # fake points that two data points claim

# %% [markdown]
# The three numbers agree. The first is positive, so $a$ should fall; the others are negative, so
# $b$ and the square should grow. They need not agree in all digits: with finitely many fake points
# there are a few, here at most four of 400, that two data points claim at the same price. There $f$
# has a crease and no gradient, and the code looks a hair aside, on one side of it; further down the
# path below that makes differences of up to 0.01. With a generator that has a density such points
# have no mass.
#
# ### A tiny Wasserstein GAN
#
# Now repeat: an exact critic, one step of the generator. This is what Algorithm 1 of the paper
# would do if its critic were perfect. **Predict**: does EM reach 0? Does it fall by the same amount
# in each step, as for the lines? And what would JS between the five points and the 400 report on
# the way?

# %%
path = [theta]
for _ in range(60):
    path.append(path[-1] - 0.08 * by_critic(path[-1]))
fall = [emd_at(theta) for theta in path]
laws = [exact.Discrete(generate(theta)) for theta in path]
js_on_the_way = {f"{exact.js(exact.Discrete(data), law):.4f}" for law in laws}
print(f"EM {fall[0]:.3f} -> {fall[30]:.3f} -> {fall[60]:.3f};   JS: {', '.join(js_on_the_way)}")

# %%
print("a, b, s =", "  ".join(f"{value:.2f}" for value in path[-1]))
assert js_on_the_way == {f"{np.log(2):.4f}"}
assert fall[60] < fall[30] < fall[0]
assert fall[50] - fall[60] < 0.02

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
for t, style, label in ((path[0], "^", "fake, at the start"), (path[-1], "x", "fake, at the end")):
    shade = "0.7" if style == "^" else plots.FAKE["color"]
    left.plot(*generate(t).T, style, color=shade, markersize=3.5, label=label)
left.plot(*data.T, **{**plots.REAL, "linestyle": "none", "markersize": 10}, zorder=3, label="real")
left.set(aspect="equal", title="The square moves and grows")
left.legend(loc="upper left", bbox_to_anchor=(1, 1))
right.plot(fall, **plots.EXACT, label="EM")
right.axhline(np.log(2), linestyle=":", color=plots.FAKE["color"], label="JS = log 2")
right.set(xlabel="step", ylim=(0, 2.6), title="EM falls, JS sees nothing")
right.legend()
plt.show()

# %% [markdown]
# The square moves over the data and grows, until EM hardly falls any more. It does not reach 0: no
# square equals five points. JS says $\log 2$ from the first step to the last.
#
# ## Noise on both laws
#
# There is another repair, and it is older than the WGAN paper: keep JS, but add Gaussian noise of
# width $\sigma$ to real *and* fake points (*instance noise*). Then the laws overlap. For the
# parallel lines everything can be computed. The height has the same law in both and does not depend
# on the rest, so it drops out, and what is left is JS between the normal laws $N(0, \sigma^2)$ and
# $N(\theta, \sigma^2)$. It depends on $\theta / \sigma$ alone.
#
# **Predict.** JS now rises smoothly from 0 to $\log 2$. At which $\theta$ is its slope largest: at
# 0, at about $1.5\, \sigma$, or at $5\, \sigma$? And EM of the noisy laws?

# %%
ratio = np.linspace(-12, 12, 961)  # theta / sigma
rise = np.array([exact.js(stats.norm(0), stats.norm(r)) for r in ratio])
steep = np.gradient(rise, ratio)


def noisy_js(theta, sigma):
    return np.interp(theta / sigma, ratio, rise)


def slope_of_noisy_js(theta, sigma):
    return np.interp(theta / sigma, ratio, steep) / sigma


# %%
steepest = ratio[steep.argmax()]
print(f"steepest at {steepest:.1f} sigma: slope {steep.max():.3f} / sigma")
for r in (0, 1, 2, 4, 6, 8):
    print(f"theta = {r} sigma: slope {abs(slope_of_noisy_js(r, 1)):.4f} / sigma")
assert 1.5 < steepest < 1.7
assert 900 < steep.max() / slope_of_noisy_js(8, 1) < 1200

# %% [markdown]
# At about $1.6\, \sigma$. At 0 the slope vanishes, because JS is smooth there and has its minimum;
# that is pleasant, a descent comes to rest. At $8\, \sigma$ the slope is a thousand times smaller
# than its largest: JS is nearly $\log 2$ again and sees nothing. Noise buys a slope, but only
# within a few $\sigma$. EM of the noisy laws is still $|\theta|$, since one is the other one moved
# by $\theta$: slope 1 at every distance.
#
# **Play.** Choose the noise. On the left JS with this noise and EM; on the right their slopes. A
# walker starts at $\theta = 1$ (the dotted line). For which $\sigma$ does JS help her most?

# %%
thetas = np.linspace(0.001, 2, 400)
em_noisy = [exact.known.Normals(real=(0, 0.2), fake=(t, 0.2)).emd for t in (0.5, 1, 2)]
assert np.allclose(em_noisy, [0.5, 1, 2])


# %%
def draw(figure, sigma):
    left, right = figure.subplots(1, 2)
    left.plot(thetas, thetas, **plots.EXACT, label="EM")
    left.plot(thetas, noisy_js(thetas, sigma), "--", color=plots.FAKE["color"], label="JS")
    right.plot(thetas, np.ones(400), **plots.EXACT)
    right.plot(thetas, slope_of_noisy_js(thetas, sigma), "--", color=plots.FAKE["color"])
    here = slope_of_noisy_js(1.0, sigma)
    left.set(xlabel="θ", ylim=(0, 1.2), title=f"σ = {sigma:g}")
    right.set(xlabel="θ", ylim=(0, 2.4))
    right.set_title(f"slopes; JS at 1: {here:.3f}", fontsize=11)
    for axes in (left, right):
        axes.axvline(1, linestyle=":", color="0.4")
    left.legend(loc="upper right", fontsize=9)


# %%
controls.slider(draw, [0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2], label="σ", start=0.4)

# %%
controls.static(draw, [0.1, 0.2, 0.4, 2], size=(4.6, 2.7), columns=2)

# %% [markdown]
# With little noise JS is steep near 0 and blind at 1; with much noise it is flat everywhere. At
# $\theta = 1$ about $\sigma = 0.4$ helps most; exercise 3 asks why. Let the walkers go: rate 0.03,
# 150 steps from $\theta = 1$. **Predict** who arrives.

# %%
runs = {"EM": descend(slope_of_em, 0.03, 150), "JS": descend(slope_of_js, 0.03, 150)}
for sigma in (0.1, 0.4, 2):
    runs[f"JS, noise {sigma}"] = descend(lambda t, s=sigma: slope_of_noisy_js(t, s), 0.03, 150)
figure, axes = plt.subplots(figsize=(8, 3.6))
for (name, run), dash in zip(runs.items(), ("-", "-", "--", "-.", ":"), strict=True):
    color = "black" if name == "EM" else plots.FAKE["color"] if name == "JS" else "#0072B2"
    axes.plot(run, dash, color=color, label=name)
axes.set(xlabel="step", ylabel="θ", ylim=(-0.1, 1.1), title="Descent from θ = 1")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()
print("at the end:", "  ".join(f"{name} {run[-1]:.2f}" for name, run in runs.items()))
assert abs(runs["EM"][-1]) < 0.03
assert runs["JS, noise 0.1"][-1] > 0.99
assert abs(runs["JS, noise 0.4"][-1]) < 0.05
assert runs["JS, noise 2"][-1] > 0.6

# %% [markdown]
# EM arrives, to within a step. JS without noise stays, and so does JS with too little noise: the
# goal is $10\, \sigma$ away. With $\sigma = 0.4$ it arrives, and comes to rest. With $\sigma = 2$
# it crawls. So noise must fit a distance that one does not know; people start with much and take it
# away during training. EM needs no such knob.
#
# ## Exercises
#
# **1.** Which of `"KL(Q,P)"`, `"KL(P,Q)"`, `"JS"`, `"TV"`, `"EM"` go to 0? Give a list of names.
#
# a) $Q_n$ has half its mass at 0 and half at $1 + 1/n$; $P$ has half at 0 and half at 1.
#
# b) $Q_n$ has mass $1/n$ at the place $n^2$ and the rest at 0; $P$ has all at 0.

# %%
answer_1a = None  # a list of names, such as ["JS", "EM"]
answer_1b = None

# %%
check.which_go_to_zero(answer_1a, "a")
check.which_go_to_zero(answer_1b, "b")

# %% [markdown]
# **2.** Write one step of a generator that only shifts: $g_\theta(z) = z + \theta$, with $\theta$
# in the plane. Return the new $\theta$ after one step of gradient descent on EM.
# (`exact.wasserstein(...).gradients()` gives the gradients with respect to the points of both
# clouds.)


# %%
def my_step(theta, z, data, rate):
    """One step: theta of shape (2,), z (m, 2), data (n, 2). Returns the new theta, (2,)."""
    return None


# %%
check.generator_step(my_step)

# %% [markdown]
# **3.** The lines are $\theta = 2$ apart. Which noise $\sigma$ gives JS the largest slope there?
# Find it by experiment, to 3 %. (It is not the $\sigma$ with $2 = 1.6\, \sigma$. Why not?)

# %%
answer_3 = None  # a number

# %%
check.best_noise(answer_3)

# %% [markdown]
# **4.** Make EM's descent stop. Write the rate of step $k = 0, 1, 2, \dots$, so that from *every*
# start in $[-1, 1]$ on the parallel lines $|\theta|$ is below 0.01 after 200 steps.


# %%
def my_rate(k):
    """The length of step number k."""
    return None


# %%
check.rates(my_rate)

# %% [markdown]
# ## Summary
#
# | | counter-example to the other direction |
# |---|---|
# | KL $\to 0$ (either order) $\Rightarrow$ TV $\to 0$ and JS $\to 0$ | shift |
# | TV $\to 0$ $\Leftrightarrow$ JS $\to 0$ | |
# | TV $\to 0$ $\Rightarrow$ EM $\to 0$, on a bounded set | lines; unbounded: escape |
#
# Along the parallel lines EM has slope 1 at every distance, JS has slope 0, and JS with noise has a
# useful slope within a few $\sigma$. The gradient of EM in $\theta$ is minus the mean of
# $\nabla_\theta f(g_\theta(Z))$, with an optimal critic $f$.
#
# **References.** Arjovsky, Chintala, Bottou, *Wasserstein GAN*, 2017, theorems 1 to 3. Villani,
# *Optimal Transport: Old and New*, 2009, theorem 6.9. Sønderby, Caballero, Theis, Shi, Huszár,
# *Amortised MAP Inference for Image Super-resolution*, 2017 (instance noise). Arjovsky and Bottou,
# *Towards Principled Methods for Training Generative Adversarial Networks*, 2017.
#
# **Next.** [5 · Vanishing gradients](05_vanishing_gradients.ipynb): the same story seen by the two
# players, a discriminator that saturates and a critic that does not.
