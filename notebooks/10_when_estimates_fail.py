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
# # 10 · When estimates fail
#
# **You will learn**
#
# 1. how far the EM of samples is above the EM of laws, at which rate it falls, and which dimension
#    counts;
# 2. why a generator that minimizes the EM of batches ends at the wrong law, and which estimates
#    pass a simple test of that;
# 3. what Sinkhorn, MMD, energy distance and sliced EM gain, what each of them misses, and what to
#    report beside any estimate;
# 4. how two numbers hold the EM of the *laws* between them, with a confidence that can be trusted.
#
# **You need** lessons 3, 6 and 7.
#
# **Time.** Reading and exercises about 95 minutes; running all cells takes about 40 seconds. To
# predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first: the
# outputs below are the answers.

# %%
from dataclasses import replace

import controls
import matplotlib.pyplot as plt
import numpy as np
from checks import when_estimates_fail as check
from scipy import stats

from wganlab import compare, exact, learned, plots

plt.style.use(plots.STYLE)

# %% [markdown]
# ## The truth is 0
#
# In lesson 1 two samples of *one* law had an EM above 0. How far above? Take the standard Gaussian
# in $d$ dimensions, draw $n$ points twice, and compute their EM exactly. The laws are equal, so the
# truth is 0, and what comes out is pure sampling error. The package calls it the *sampling floor*.
#
# **Predict before you run the next cell.** By what factor does it fall when $n$ grows from 16 to
# 512, that is 32 times, in $d = 1$? In $d = 32$?

# %% quick={"repeats": 3, "batches": 6, "funnel_steps": 120, "largest": 256, "few": 2}
repeats, batches, funnel_steps, largest, few = 6, 24, 600, 1024, 4

# %%
rng = np.random.default_rng(0)
sizes = [n for n in (16, 32, 64, 128, 256, 512, 1024) if n <= largest]


def floor(draw, distance=exact.emd, sizes=sizes, repeats=repeats):
    """Mean distance of two samples of one law, for every size."""
    pairs = {n: [(draw(n), draw(n)) for _ in range(repeats)] for n in sizes}
    return np.array([np.mean([distance(x, y) for x, y in pairs[n]]) for n in sizes])


def exponent(values, sizes=sizes):
    """Slope of a straight line through log values over log sizes."""
    return np.polyfit(np.log(sizes), np.log(values), 1)[0]


# %%
dimensions = (1, 2, 8, 32)
em_floor = {d: floor(lambda n, d=d: rng.normal(size=(n, d))) for d in dimensions}
for d, values in em_floor.items():
    print(f"d = {d:2}: {values[0]:.2f} at n = 16, {values[-1]:.2f} at n = {sizes[-1]}", end="")
    print(f"; exponent {exponent(values):.3f}")
assert -0.65 < exponent(em_floor[1]) < -0.35
assert -0.18 < exponent(em_floor[8]) < -0.10
assert -0.07 < exponent(em_floor[32]) < -0.03

# %% [markdown]
# On the line the floor falls as $n^{-1/2}$, as most errors in statistics do. In 32 dimensions it
# hardly falls at all. The theory: for $d \ge 3$ and laws with a density the floor falls as
# $n^{-1/d}$ (Dudley 1969; Weed and Bach 2019), with a logarithm beside $n^{-1/2}$ at $d = 2$. Why?
# A point of one sample has to travel to its partner in the other, which is at best the *nearest*
# point. To have a neighbor within $r$ in $d$ dimensions takes about $(1/r)^d$ points.

# %%
figure, axes = plt.subplots(figsize=(8, 4))
looks = ("black", "s"), ("#0072B2", "o"), ("#009E73", "D"), ("#D55E00", "^")
for (d, values), (color, marker) in zip(em_floor.items(), looks, strict=True):
    axes.plot(sizes, values, color=color, marker=marker, label=f"d = {d}")
    rate = values[-1] * (np.array(sizes) / sizes[-1]) ** (-1 / max(d, 2))
    axes.plot(sizes, rate, color=color, ls=":", lw=1.2)
axes.set(xscale="log", yscale="log", xlabel="points n in each sample", ylabel="EM")
axes.set_xticks(sizes, [str(n) for n in sizes])
axes.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
axes.minorticks_off()
axes.set_title("EM of two samples of one law: the truth is 0")
axes.legend(
    loc="upper left", bbox_to_anchor=(1, 1), title="dotted: n^(−1/d),\nn^(−1/2) on the line"
)
plt.show()

# %% [markdown]
# How many points would bring the floor in 32 dimensions from 5.5 to 0.5? About $11^{32}$ times a
# thousand. There is no such data set. But images have thousands of dimensions, and still something
# is learned from them.
#
# ### Which dimension counts
#
# **Predict**: the points lie in 32 dimensions, but on a plane through them. Which exponent is
# found: that of $d = 2$ or that of $d = 32$?

# %%
plane = np.linalg.qr(rng.normal(size=(32, 2)))[0].T  # two orthonormal rows
flat = floor(lambda n: rng.normal(size=(n, 2)) @ plane)
thick = floor(lambda n: rng.normal(size=(n, 2)) @ plane + 0.1 * rng.normal(size=(n, 32)))
print(f"on the plane:          exponent {exponent(flat):.2f}, EM {flat[-1]:.2f}")
print(f"with noise 0.1 around: exponent {exponent(thick):.2f}, EM {thick[-1]:.2f}")
assert exponent(flat) < -0.28
assert flat[-1] < thick[-1] / 1.5

# %% [markdown]
# That of the plane: distances within it are all that matters. This is the *intrinsic* dimension,
# and for images it is thought to be far below the number of pixels. But a little noise in all
# directions brings a floor of its own: at large $n$ it is noise that must be matched.
#
# ## Batches
#
# A GAN does worse than take a sample: it takes a new small one in every step. Let the laws differ
# now: $\mathcal N(0, I)$ and $\mathcal N(e_1, I)$, where EM is 1. **Predict**: is the *mean* of EM
# over many batches of $m$ points below 1, 1, or above? Does averaging over batches help?

# %%
print("   m", "".join(f"   d = {d:2}" for d in (2, 8, 32)))
means = {}
for m in (8, 32, 128):
    for d in (2, 8, 32):
        pair = exact.known.Gaussians(real=(0,) * d, fake=(1,) + (0,) * (d - 1))
        means[m, d] = np.mean([exact.emd(*pair.sample(m, rng)) for _ in range(2 * batches)])
    print(f"{m:4}", "".join(f"{means[m, d]:9.2f}" for d in (2, 8, 32)))
for d in (2, 8, 32):
    assert means[8, d] > means[32, d] > means[128, d] > 0.95
assert means[128, 32] > 5

# %% [markdown]
# Always above. This is no accident. EM is a *maximum* over critics (lesson 3), and for each batch
# the maximum is taken anew. The one exact critic $f^*$ of the laws has, on average over batches,
# just the gap EM. In each batch the best critic has at least as much. So
#
# $$\mathbb{E}\; \mathrm{EM}(P_m, Q_m) = \mathbb{E} \max_f\, \mathrm{gap} \;\ge\;
# \max_f\, \mathbb{E}\, \mathrm{gap} = \mathrm{EM}(P, Q).$$
#
# More batches make the mean more certain, and no less wrong. (Fatras et al. 2020 study this
# quantity as a loss of its own.) Only larger batches help, as slowly as the floor falls.
#
# ## A wrong minimum
#
# Does that matter? If the bias were the same for all laws, a generator would not notice. Test it.
# The real law is $\mathcal N(0, I)$ in 8 dimensions. The generator is the simplest there is: it has
# one parameter, a scale $s$, and makes $\mathcal N(0, s^2 I)$. The right answer is $s = 1$. It is
# trained to make the mean EM of batches small.
#
# **Predict**: which $s$ will it find with batches of 16? And with $s = 0$ all fakes are at the
# origin: is that better or worse, for such batches, than the truth?

# %%
scales = np.linspace(0, 1.4, 15)


def scan(estimate, m, d=8, batches=batches):
    """Mean of an estimate over batches of m points, for every scale; same draws for all scales."""
    rng = np.random.default_rng(m)
    total = np.zeros(len(scales))
    for _ in range(batches):
        x, z = rng.normal(size=(2, m, d))
        total += [estimate(x, s * z) for s in scales]
    return total / batches


# %%
counts = (4, 16, 64, 256)
losses = {m: scan(exact.emd, m, batches=max(2, min(batches, 16 * batches // m))) for m in counts}
exact_em = np.abs(scales - 1) * stats.chi(8).mean()  # of the laws: |s - 1| E|Z|
found = {m: scales[loss.argmin()] for m, loss in losses.items()}
for m, loss in losses.items():
    print(f"m = {m:3}: best s = {found[m]:.1f}; loss there {loss.min():.2f}, ", end="")
    print(f"at s = 1 {loss[10]:.2f}, at s = 0 {loss[0]:.2f}")
assert found[4] <= found[16] <= found[64] <= found[256] < 1
assert found[16] < 0.75
assert losses[4][0] < losses[4][10]

# %% [markdown]
# It shrinks. With batches of 4, all fakes in *one point* are better than the right law. The reason
# is the floor: wide laws pay more of it. Points near the middle are near to every batch.
#
# **Play.** Run the next cells and move the slider through the size $m$ of the batches. Black is the
# EM of the laws, the dashed curve what the generator sees. Under it, all four sizes, for those who
# only read.


# %%
def draw(figure, m):
    axes = figure.subplots()
    loss = losses[m]
    axes.plot(scales, exact_em, **plots.EXACT, label="EM of the laws")
    axes.plot(scales, loss, **plots.CRITIC, lw=3, label="mean EM of batches")
    axes.plot(found[m], loss.min(), color=plots.CRITIC["color"], marker="v", ms=12)
    axes.plot(1, 0, color="black", marker="v", ms=12)
    axes.set(xlabel="scale s of the generator", ylim=(-0.1, 3.6))
    axes.set_title(f"batches of {m}: the minimum is at {found[m]:.1f}")
    axes.legend(loc="lower left", fontsize=9)


# %%
controls.slider(draw, counts, label="m", size=(6, 3.4))

# %%
controls.static(draw, counts, size=(4.6, 3), columns=2)

# %% [markdown]
# ### On paper: a coin
#
# The smallest case can be computed exactly (after Bellemare et al. 2017). The real law is a coin
# that shows 1 with probability 0.6. The generator is a coin $\theta$, whose law is known without
# sampling. On $\{0, 1\}$ the EM of two coins is the difference of their probabilities. A batch of
# $m$ real throws has a share $\hat p$ of ones, so the loss is $\mathbb{E}\, |\hat p - \theta|$.
#
# **Predict**: with batches of one throw, $\hat p$ is 0 or 1. Which $\theta$ makes the mean loss
# smallest: 0.6?

# %%
thetas = np.linspace(0, 1, 1001)


def coin(m, power, p=0.6):
    """The theta that makes E |share of ones - theta|^power smallest, over batches of m throws."""
    shares = np.arange(m + 1) / m
    chances = stats.binom.pmf(np.arange(m + 1), m, p)
    return thetas[(chances @ np.abs(shares[:, None] - thetas) ** power).argmin()]


for m in (1, 2, 3, 9, 99):
    print(f"m = {m:2}: EM of batches ends at {coin(m, 1):.3f}, its square at {coin(m, 2):.3f}")
    assert abs(coin(m, 2) - 0.6) < 1e-9
assert coin(1, 1) == 1
assert abs(coin(2, 1) - 0.5) < 0.11

# %% [markdown]
# With one throw it ends at $\theta = 1$: the generator makes only ones, since they are more
# frequent. In general $\mathbb{E}\, |\hat p - \theta|$ is smallest at the *median* of $\hat p$, and
# the median is not the mean. In words of gradients: the derivative of $|\hat p - \theta|$ is 1 or
# $-1$, and its mean over batches is not 0 at the truth. *The sample gradients are biased.* The
# square has its minimum at the mean, which is right. Bellemare et al. conclude that one should
# minimize a distance of which samples give unbiased gradients: the Cramér distance, which is the
# energy distance on the line.
#
# ## Other distances, the same test
#
# That is a test every loss can be put to: *scan the scale; is the minimum at 1?* Here are the
# candidates.
#
# - **Energy distance** and **MMD** (lesson 4): means of a kernel over pairs of points. Leave out
#   the pairs of a point with itself, and the estimate of the *square* is unbiased, for every $m$.
# - **Sliced EM**: the mean EM of projections on random lines. Each is a problem on the line, where
#   the floor falls as $n^{-1/2}$.
# - **Sinkhorn** (Cuturi 2013): the cheapest plan, when $\varepsilon$ times its entropy is paid
#   back. That spreads the plan, and makes it quick to find on a GPU.
#
# **Predict**: which of them have their minimum at $s = 1$, with batches of 32?

# %%
line_rng = np.random.default_rng(1)
candidates = {
    "EM": exact.emd,
    "energy, squared, unbiased": lambda x, y: exact.mmd_squared(
        x, y, kernel="energy", unbiased=True
    ),
    "MMD, squared, unbiased": lambda x, y: exact.mmd_squared(x, y, bandwidth=3, unbiased=True),
    "sliced EM": lambda x, y: exact.sliced(x, y, rng=line_rng, projections=50),
    "Sinkhorn cost, ε = 4": lambda x, y: exact.sinkhorn(x, y, epsilon=4, **options).cost,
}

# %%
options = {"tolerance": 1e-3, "max_iterations": 100_000}
for e in (4, 0.5):
    candidates[f"Sinkhorn divergence, ε = {e}"] = lambda x, y, e=e: exact.sinkhorn_divergence(
        x, y, epsilon=e, **options
    )

# %%
curves = {}
for name, estimate in candidates.items():
    curves[name] = scan(estimate, 32, batches=few if "Sinkhorn" in name else batches)
    print(f"{name:28} minimum at s = {scales[curves[name].argmin()]:.1f}")
best = {name: scales[curve.argmin()] for name, curve in curves.items()}
assert best["Sinkhorn cost, ε = 4"] < 0.15
assert best["EM"] < best["Sinkhorn divergence, ε = 4"] < 1.05
assert best["Sinkhorn divergence, ε = 0.5"] < 0.75
assert abs(best["energy, squared, unbiased"] - 1) < 0.15
assert abs(best["MMD, squared, unbiased"] - 1) < 0.15

# %%
figure, axes = plt.subplots(figsize=(8, 4))
colors = ("black", "#009E73", "#0072B2", "#E69F00", "#CC79A7", "#D55E00", "#56B4E9")
styles = ("-", "--", ":", "-", "--", ":", "-.")
for (name, curve), color, style in zip(curves.items(), colors, styles, strict=True):
    rise = max(curve[0], curve[-1] if "cost" in name else 0) - curve.min()
    height = (curve - curve.min()) / rise
    axes.plot(scales, height, color=color, ls=style, label=name)
    axes.plot(best[name], 0, color=color, marker="v", ms=11, clip_on=False)
axes.axvline(1, color="0.6", lw=1)
axes.set(xlabel="scale s of the generator", ylabel="estimate, each on its own scale")
axes.set(ylim=(0, 1.3), title="Where does the minimum lie? The truth is 1")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# The two unbiased ones pass. Sliced EM is nearly right. The Sinkhorn cost is worst of all, and its
# divergence comes near or not, as $\varepsilon$ has it. So look at Sinkhorn on its own.
#
# ## Sinkhorn's bias
#
# The entropy rewards plans that spread. With a large $\varepsilon$ every point goes everywhere, and
# the cheapest law for that is one point in the middle of everything. The cost of such a plan is
# *above* EM, since no plan costs less than EM. To take the bias out one subtracts what each law
# pays against itself (Genevay et al. 2018; Feydy et al. 2019):
#
# $$S_\varepsilon(P, Q) = \mathrm{OT}_\varepsilon(P, Q) - \tfrac12 \mathrm{OT}_\varepsilon(P, P)
# - \tfrac12 \mathrm{OT}_\varepsilon(Q, Q).$$
#
# **Predict**: on which side of EM is that, for a moderate $\varepsilon$? And what is left of it for
# a very large one: 0, or something known?

# %%
pair = exact.known.Gaussians(real=(0, 0), fake=(1, 0))
x, y = pair.sample(60, np.random.default_rng(0))
em, energy = exact.emd(x, y), exact.mmd_squared(x, y, kernel="energy")
tight = {"tolerance": 1e-4, "max_iterations": 100_000}
epsilons = (0.02, 0.05, 0.2, 1, 5, 50)
costs = [exact.sinkhorn(x, y, epsilon=e, **tight).cost for e in epsilons]
debiased = [exact.sinkhorn_divergence(x, y, epsilon=e, **tight) for e in epsilons]
print(f"exact EM {em:.3f}, half the squared energy distance {energy / 2:.3f}")
for e, cost, divergence in zip(epsilons, costs, debiased, strict=True):
    print(f"ε = {e:5}: cost of the plan {cost:.3f}, debiased {divergence:.3f}")
assert min(costs) >= em
assert max(debiased) < em
assert abs(debiased[-1] / (energy / 2) - 1) < 0.03

# %%
figure, axes = plt.subplots(figsize=(8, 3.6))
axes.axhline(em, **plots.EXACT, lw=1.5, label="exact EM")
axes.axhline(energy / 2, color="0.5", ls=":", label="half the squared energy distance")
axes.plot(epsilons, costs, color="#CC79A7", marker="s", label="Sinkhorn: cost of its plan")
axes.plot(epsilons, debiased, color="#D55E00", marker="o", ls="--", label="Sinkhorn divergence")
axes.set(xscale="log", xlabel="ε, in the unit of distance", ylim=(0, 2.3))
axes.set_title("One is above EM, the other below")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# The divergence runs from EM, at $\varepsilon = 0$, to half the squared energy distance, an MMD: it
# is a bridge between the two, and $\varepsilon$ says where on the bridge one stands. With
# $\varepsilon$ it takes on MMD's good rate (Genevay et al. 2019), and it loses what EM knew about
# distance. Neither curve is EM. A number from a Sinkhorn solver without its $\varepsilon$ is no
# report. (For EM itself the exact solver is quicker at such sizes, on a CPU.)
#
# Debiasing took out the bias of *entropy*. The bias of *samples* is another one: the divergence
# with a small $\varepsilon$ failed the scale test as EM did.
#
# ## What the rates cost
#
# The floors of MMD, energy distance and sliced EM. **Predict** their exponents in 2 and in 32
# dimensions.

# %%
others = {
    "MMD": lambda x, y: exact.mmd(x, y, bandwidth=np.sqrt(x.shape[1])),
    "energy": lambda x, y: exact.mmd(x, y, kernel="energy"),
    "sliced EM": lambda x, y: exact.sliced(x, y, rng=line_rng, projections=100),
}
some = (16, 64, 256)
for name, distance in others.items():
    rates = [
        exponent(floor(lambda n, d=d: rng.normal(size=(n, d)), distance, some, 24), some)
        for d in (2, 32)
    ]
    print(f"{name:10} exponent {rates[0]:.2f} in 2 dimensions, {rates[1]:.2f} in 32")
    assert -0.7 < min(rates) < max(rates) < -0.33

# %% [markdown]
# $n^{-1/2}$, whatever $d$ is (Gretton et al. 2012 for MMD; Nadjahi et al. 2020 for sliced EM). So
# why not use these always? Because a small floor is of use only if the *signal* has not shrunk as
# much. Move one of two samples by 1. How many standard deviations of the estimate does it rise?
# That number is what a test for equal laws has to live on. Beside it, shrink a sample by 20 %.
#
# **Predict**: as $d$ grows, what happens to the signal of the estimates whose rate does not depend
# on $d$?

# %%
judged = {
    "EM": exact.emd,
    "MMD, h = 1": lambda x, y: exact.mmd_squared(x, y, bandwidth=1, unbiased=True),
    "MMD, h = √d": lambda x, y: exact.mmd_squared(
        x, y, bandwidth=np.sqrt(x.shape[1]), unbiased=True
    ),
    "energy": candidates["energy, squared, unbiased"],
    "sliced EM": candidates["sliced EM"],
}


# %%
def signal(estimate, change, d, m=64):
    """Rise of the mean estimate when the second sample is changed, in standard deviations."""
    rng = np.random.default_rng(d)
    draws = [rng.normal(size=(2, m, d)) for _ in range(2 * batches)]
    same, changed = (np.array([estimate(x, f(y)) for x, y in draws]) for f in (np.array, change))
    return (changed.mean() - same.mean()) / same.std()


# %%
print("                 moved by 1                shrunk by 20 %")
print("           d =    2      8     32           2      8     32")
seen = {}
for name, estimate in judged.items():
    for d in (2, 8, 32):
        seen[name, "moved", d] = signal(estimate, lambda y: y + np.eye(y.shape[1])[0], d)
        seen[name, "shrunk", d] = signal(estimate, lambda y: 0.8 * y, d)
    rows = ([seen[name, change, d] for d in (2, 8, 32)] for change in ("moved", "shrunk"))
    print(f"{name:12}", "     ".join("".join(f"{value:7.1f}" for value in row) for row in rows))

# %%
for name in judged:
    assert seen[name, "moved", 2] > seen[name, "moved", 32]
assert seen["EM", "shrunk", 32] < -2.5
assert seen["MMD, h = 1", "moved", 32] < 1.5 < seen["MMD, h = √d", "moved", 32]

# %% [markdown]
# - All signals of a move fall with the dimension. The good rate of the kernels hides in its
#   constant how little of the move they still see (Ramdas et al. 2015).
# - The bandwidth $h$ decides: with $h = 1$ in 32 dimensions no point has neighbors, and MMD is
#   blind to the move.
# - EM is not blind, in spite of its floor: the floor is large, but it varies little. In 8 and 32
#   dimensions it sees less of the move than the well-chosen others. For the shrunk sample its sign
#   is *wrong*: by several standard deviations a law too narrow looks better than the right one.
#
# ### What a distance cannot see at all
#
# MMD with a Gaussian kernel is 0 only between equal laws. Other integral probability metrics are
# not so careful. The kernel of KID, a cubic polynomial, compares three moments: the means of $x$,
# $x^2$ and $x^3$. **Predict**: what are EM and this MMD between a fair coin on $\pm 1$, and mass
# 2/3 at 0 with 1/6 at each of $\pm \sqrt 3$?

# %%
coin_points, three = np.array([-1.0, 1.0]), np.sqrt(3) * np.array([-1.0, 0.0, 1.0])
laws = (coin_points, three, [1 / 2, 1 / 2], [1 / 6, 2 / 3, 1 / 6])
for power in (1, 2, 3, 4):
    moments = [
        np.dot(weights, points**power) for points, weights in zip(laws[:2], laws[2:], strict=True)
    ]
    print(f"mean of x^{power}: {moments[0]:5.2f} and {moments[1]:5.2f}")
blind, seeing = (exact.mmd(*laws, kernel=kernel) for kernel in ("polynomial", "energy"))
print(f"EM {exact.emd(*laws):.3f}, polynomial MMD {blind:.3f}, energy distance {seeing:.3f}")
assert blind < 1e-6
assert exact.emd(*laws) > 0.9

# %% [markdown]
# EM is 0.91, and the polynomial MMD is 0, with all the points in the world. That is not a matter of
# samples. Each of these distances is a *class of critics* (lesson 3): EM has all functions of slope
# at most 1, this MMD has cubic polynomials. What no critic of the class can see, the distance does
# not see. And a trained network is such a class, too.
#
# ## Funnels: what is learned, where nothing can be sampled
#
# If the EM of samples is so wrong in high dimensions, are learned critics hopeless there? That can
# only be judged where the truth is known. *Funnels* (Korotin et al. 2022) are continuous laws in
# any dimension with a known exact critic: uniform points of a cube, and the same points drawn
# towards four bottoms.
#
# **Predict**, in 16 dimensions: four critics are trained, on fresh points in every step. The fifth
# is the *exact* critic of a sample of 500 points, from the linear program. Which of the five points
# the right way, as the true critic does? Which has the largest gap on *new* points? One of the four
# is a maximum of 64 cones, $\max_k (c_k - |x - a_k|)$: slope 1, whatever $a_k$ and $c_k$ are.

# %%
relu = learned.MLPConfig(width=128)
sorting = learned.MLPConfig(width=32, depth=4, activation="maxmin", init="he")
quick = learned.Optimizer(lr=5e-3, schedule="cosine")
steady = learned.Optimizer(lr=1e-2, betas=(0.9, 0.99), schedule="cosine")
ways = {
    "one-sided penalty": (learned.GradientPenalty(side="one"), relu, quick),
    "orthonormal": (learned.Orthonormal(), sorting, steady),
    "cones": (learned.Orthonormal(), learned.ConesConfig(64), replace(steady, lr=2e-2)),
    "clipped": (learned.WeightClipping(0.01), relu, learned.Optimizer("rmsprop", 1e-3)),
}
usual = {"steps": funnel_steps, "batch": 128, "seed": 0, "device": "cpu", "records": 1}


# %%
def on_the_way(pair, n=1000):
    """Points where mass travels, and the true critic's gradients there."""
    rng = np.random.default_rng(3)
    x, y = pair.sample(n, rng, paired=True)
    z = y + rng.uniform(size=(n, 1)) * (x - y)
    return z, pair.critic_gradient(z)


# %%
def cosine(one, other):
    """Mean cosine of two fields of gradients; where one is 0, at a bottom, it is 0."""
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (np.sum(one * other, axis=1) / np.where(lengths > 0, lengths, 1.0)).mean()


def judge(pair, critic, gradient):
    """Gap on new points over EM; cosine with the true gradient on the way, and at real points."""
    x, y = pair.sample(2000, np.random.default_rng(2), paired=True)  # x_i is where y_i is moved
    z, true = on_the_way(pair)
    gap = (critic(x) - critic(y)).mean() / np.linalg.norm(x - y, axis=1).mean()
    return gap, cosine(gradient(z), true), cosine(gradient(x), pair.critic_gradient(x))


# %%
told, trained = {}, {}
for d in (2, 16):
    pair = exact.known.Funnels(dimension=d)
    x, y = pair.sample(500, np.random.default_rng(1))
    transport = exact.wasserstein(x, y)
    print(f"d = {d:2}: EM of 500 points over EM of the laws: {transport.value / pair.emd:.2f}")
    told["linear program", d] = judge(pair, transport.critic, transport.critic_gradient)
    for name, (limit, size, optimizer) in ways.items():
        fitted = learned.fit_critic(
            pair, constraint=limit, critic=size, optimizer=optimizer, **usual
        )
        told[name, d] = judge(pair, fitted, fitted.gradient)
        trained[name, d] = fitted

# %%
figure, panels = plt.subplots(1, 3, figsize=(11, 3), sharey=True)
names = list(dict.fromkeys(name for name, _ in told))
for d, marker, color in ((2, "o", plots.REAL["color"]), (16, "D", plots.FAKE["color"])):
    for column, axes in enumerate(panels):
        values = [told[name, d][column] for name in names]
        style = {"ls": "", "marker": marker, "ms": 10, "color": color, "alpha": 0.8}
        axes.plot(values, range(len(names)), **style, label=f"d = {d}")
titles = ("gap on new points / EM", "cosine on the way", "cosine at real points")
for axes, title in zip(panels, titles, strict=True):
    axes.axvline(1, **plots.EXACT, lw=1)
    axes.set(title=title, xlim=(-0.1, 1.15), ylim=(4.5, -0.5))
panels[0].set_yticks(range(len(names)), names)
panels[2].legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
for (name, d), (gap, way, real) in told.items():
    print(f"{name:18} d = {d:2}: gap / EM {gap:6.3f}, cosines {way:5.2f} and {real:5.2f}")
assert told["linear program", 2][1] > 0.8 > 0.3 > told["linear program", 16][1]
for name in ("one-sided penalty", "orthonormal", "cones"):
    assert told[name, 16][0] > 3 * told["linear program", 16][0]
    assert told[name, 16][1] > 0.8
for d in (2, 16):  # slope 1 is proven: on coupled points the gap cannot be above EM
    assert max(told[name, d][0] for name in ("linear program", "orthonormal", "cones")) < 1 + 1e-4
assert told["clipped", 16][0] < 0.05
assert told["cones", 16][2] > 0.85

# %% [markdown]
# In 16 dimensions the exact critic of the sample points nowhere. It knows everything about its
# 1,000 points, and nothing about others: on new points its gap is less than a tenth of EM, although
# on its own it is more than twice EM. The trained networks are within ten percent or so, and they
# point the right way. They succeed *because* they are not all functions of slope 1. A small network
# cannot follow every point, and these laws, four funnels, are simple enough for it. The clipped
# critic is too small a class: it has no useful size, and only half of the direction.
#
# New points were drawn in pairs $(x, y)$ of the optimal coupling. Then $f(x) - f(y) \le |x - y|$
# in every pair where $f$ has slope 1, whatever is drawn: the first column cannot be above 1 for the
# linear program, the orthonormal critic and the cones, and has hardly any noise. The penalized one
# is above. A gap near EM proves no direction: at real points in the plane, which crowd at the
# bottoms of the funnels, cosines are worse than on the way.
#
# The cones do best, and that is no wonder: $-\min_n (|x - a_n| + b_n)$, the true critic here, *is*
# a maximum of cones. Between a ring and a Gaussian orthonormal layers are ahead of them; between
# two balls cones are, and their mirror image is when the balls change places. No family wins
# everywhere; `fit_critic(..., constraint="best")` trains several, and chooses on points that none
# of them has seen (the table is in `benchmarks/README.md`).
#
# So a learned critic is not a worse way to compute the EM of samples. It is another estimate, of
# the laws, with a bias of its own (it sees what its class sees) in place of the floor. Whether that
# is why Wasserstein GANs work is under debate: Stanczuk et al. (2021) and Mallasto et al. (2019)
# find that the WGANs that make good images estimate EM badly. What these experiments do *not* show:
# that a network will do as well on laws that are not simple.
#
# ## A bracket around the laws
#
# Two facts of this lesson, side by side. The mean EM of batches is *above* the EM of the laws. The
# mean gap of a critic of slope 1, on points that it has not seen, is *below* it: it is one of the
# functions in the maximum. So the EM of the laws stands between two means, and of a mean one knows
# how far it may be off: Student's $t$ gives a radius. Subtract it below, add it above, and the
# truth is between the two numbers with 95 % confidence, 2.5 % for each side. That is a *bracket*.
#
# **Predict**: the cones of the last section, and ten batches of 200 points each. In which of the
# two dimensions is the lower side nearer to the truth? And the upper side?


# %%
def radius(values, level=0.025):
    """How far a mean may be from its expectation, on one side: Student's t."""
    return stats.t.isf(level, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5


def by_hand(pair, critic, batches=10, m=200):
    """Lower and upper side of the EM of the laws, from new batches."""
    draws = [pair.sample(m, np.random.default_rng(k)) for k in range(batches)]
    gaps = [critic(x).mean() - critic(y).mean() for x, y in draws]
    emds = [exact.emd(x, y) for x, y in draws]
    return np.mean(gaps) - radius(gaps), np.mean(emds) + radius(emds)


# %%
for d in (2, 16):
    pair = exact.known.Funnels(dimension=d)
    critic = trained["cones", d]
    low, high = by_hand(pair, critic)
    print(f"d = {d:2}: {low:.2f} <= EM <= {high:.2f}; the truth is {pair.emd:.2f}", end="")
    print(f"; the critic's slope is at most {critic.lipschitz:.3f}, proven")
    assert low <= pair.emd <= high

# %% [markdown]
# Both hold. The upper side suffers from the floor: in 16 dimensions it is at more than twice the
# truth, and ten times as many batches would not move it. The lower side does not know the
# dimension: its radius falls as $n^{-1/2}$, and what is left is what the critic has not learned.
#
# Three things made this honest, and each is easily lost.
#
# - The slope is *proven*. A slope that was merely looked for may be larger elsewhere.
# - The points are *new*. On its training points every critic looks better than it is; and who tries
#   five critics and takes the best of them has chosen by points that may not be used again.
# - The number of looks is *fixed*. Who looks at a hundred brackets and tells the narrowest has a
#   hundred chances to be wrong.
#
# And the tempting shortcut? Subtract the floor from the EM of samples: floors are known, after all.
# **Predict**: $\mathcal N(0, I)$ and $\mathcal N(e_1, I)$ in 8 dimensions, truth 1, 128 points
# each. Is EM minus floor near 1?

# %%
pair = exact.known.Gaussians(real=(0,) * 8, fake=(1,) + (0,) * 7)
emds = [exact.emd(*pair.sample(128, rng)) for _ in range(batches)]
floors = [exact.emd(*rng.normal(size=(2, 128, 8))) for _ in range(batches)]
difference = np.mean(emds) - np.mean(floors)
print(f"EM {np.mean(emds):.2f} - floor {np.mean(floors):.2f} = {difference:.2f}; the truth is 1")
assert difference < 0.5

# %% [markdown]
# Less than a third of it. The floor and the distance are not two parts of a sum: where points must
# travel anyway, a move of 1 to one side lengthens most ways only a little. EM minus floor is
# neither an upper bound nor a lower one.
#
# `compare.bracket` does all this with care: several critics compete on points of their own, one is
# chosen, and the sides are taken on others; where a law is a function of uniform numbers, its
# points are spread evenly (scrambled Sobol points), and the critic's gap takes the noise out of the
# upper side. It takes the time that it is given; here a `plan` in its place, so that it comes out
# the same everywhere.

# %%
plan = compare.BracketPlan(heats=0.01, steps=0.15, apexes=300, selection=2**11, block=2**10)
for d in (2, 16):
    bracket = compare.bracket(exact.known.Funnels(dimension=d), plan=plan, device="cpu")
    print(f"d = {d:2}: {bracket.told}")
    assert bracket.holds(bracket.truth)
    assert bracket.lower > 0.9 * bracket.truth

# %% [markdown]
# In the plane two digits, three with a minute of time. In 16 dimensions it says what is known: a
# lower bound close to the truth, and that there is nothing useful from above. Other estimates from
# points alone are no way out: where nothing else is known of the laws, EM of samples is nearly the
# best there is in its rate (Niles-Weed and Rigollet 2022).
#
# ## What to report
#
# An estimate of a distance, from anybody, yourself included, deserves these questions.
#
# 1. **Which quantity?** The distance or its square, the laws' or the points'; $\varepsilon$,
#    bandwidth, number of projections; the clipping constant or $\lambda$.
# 2. **How many points, which dimension, batch or whole?** And new points, or those it was trained
#    on?
# 3. **What is the floor?** The same estimate for two samples of the *real* law, of the same sizes
#    (`compare.sampling_floor` for EM).
# 4. **Which side, and of what?** A lower bound, an upper bound, neither: certificate, gap over a
#    proven constant, raw gap, Sinkhorn cost. Of the points, or of the laws: then a bracket, with
#    its confidence, and what kind of radius it has.
# 5. **How much is chance?** Several seeds, of data and of training, and their spread; and who chose
#    the seed that is shown.
# 6. **Does it pass the scale test,** and is there a toy with known truth on which the whole
#    procedure was run first?
# 7. **What can it not see?** Name a difference that would leave the number as it is.
#
# ## Exercises
#
# Each has a cell that checks your answer and gives a hint when it is wrong.
#
# **1.** In 10 dimensions the floor of EM with 1,000 points a sample is 0.8. It falls as $n^{-1/d}$.
# How many points a sample would bring it to 0.4?

# %%
answer_1 = None  # a number

# %%
check.points_needed(answer_1, dimension=10, points=1000, factor=2)

# %% [markdown]
# **2.** The real law is a coin that shows 1 rarely, with probability 0.2. As in the lesson, the
# generator is a coin $\theta$ that minimizes the mean EM to batches of $m$ real throws. With $m =
# 1$ it ends at $\theta = 0$: it never makes a 1. What is the smallest $m$ with which it does *not*
# end at 0?

# %%
answer_2 = None  # a whole number

# %%
check.rare(answer_2, p=0.2)

# %% [markdown]
# **3.** Write the unbiased estimate of the squared energy distance, $2\, \mathbb{E}|X - Y| -
# \mathbb{E}|X - X'| - \mathbb{E}|Y - Y'|$. `x` and `y` are arrays of points, shapes `(n, d)` and
# `(m, d)`. `exact.distances(x, y)` is the array of all distances, shape `(n, m)`.


# %%
def my_energy(x, y):
    """Unbiased estimate of the squared energy distance; it may be negative."""
    return None


# %%
check.unbiased_energy(my_energy)

# %% [markdown]
# **4.** A blind spot. On the places $-2, -1, 0, 1, 2$ the real law has the weights $(0, \frac12, 0,
# \frac12, 0)$. Find a fake law on the same places that the polynomial MMD cannot tell from it,
# while EM is at least 0.7. (Which moments have to agree?)

# %%
answer_4 = None  # a list of five weights

# %%
check.blind_spot(answer_4, em=0.7)

# %% [markdown]
# **5.** Student's $t$ is right in the limit of many points. A radius for finite samples, for laws
# on a set of diameter $B$: the mean EM of $R$ batches of $m$ points each is, with probability $1 -
# \alpha$, at most $B \sqrt{\log(1/\alpha) / (m R)}$ below its expectation (McDiarmid 1989). With
# $B = 2$, $\alpha = 0.025$ and batches of 1,000: how many batches bring it to 0.05 or less?

# %%
answer_5 = None  # a whole number

# %%
check.batches_for(answer_5, diameter=2, level=0.025, points=1000, radius=0.05)

# %% [markdown]
# **6.** You watch a bracket while it closes, and look at it five times. Each look has two sides,
# and each side of each look is wrong with the same probability $\alpha$. How large may $\alpha$ be,
# so that all looks together are right with 95 % confidence, whatever they have to do with each
# other?

# %%
answer_6 = None  # a number

# %%
check.level_of_a_look(answer_6, looks=5, confidence=0.95)

# %% [markdown]
# ## Summary
#
# | estimate | floor falls as | bias from samples | what it is |
# |---|---|---|---|
# | EM of samples or batches | $n^{-1/d}$ | too large; prefers narrow laws | exact for the points |
# | Sinkhorn cost | not to 0 | as EM, and prefers one point | above EM |
# | Sinkhorn divergence | faster for large $\varepsilon$ | less so | between EM and an MMD |
# | energy distance, MMD | $n^{-1/2}$ | none in the unbiased square | another distance |
# | sliced EM | $n^{-1/2}$ | a little | below EM, more so for large $d$ |
# | learned critic, new points | $n^{-1/2}$ | none; its class is a bias | lesson 7 tells its side |
# | bracket | below $n^{-1/2}$, above $n^{-1/d}$ | on the safe side | holds the EM of the laws |
#
# $\mathbb{E}\, \mathrm{EM}(P_m, Q_m) \ge \mathrm{EM}(P, Q)$, since a mean of maxima is at least the
# maximum of means. More batches do not help, larger ones help slowly.
#
# **References.** Dudley, *The speed of mean Glivenko-Cantelli convergence*, 1969. Weed and Bach,
# *Sharp asymptotic and finite-sample rates of convergence of empirical measures in Wasserstein
# distance*, 2019. Bellemare et al., *The Cramer Distance as a Solution to Biased Wasserstein
# Gradients*, 2017. Fatras et al., *Learning with minibatch Wasserstein*, 2020. Cuturi, *Sinkhorn
# Distances*, 2013. Genevay, Peyré, Cuturi, *Learning Generative Models with Sinkhorn Divergences*,
# 2018. Feydy et al., *Interpolating between Optimal Transport and MMD using Sinkhorn Divergences*,
# 2019. Genevay et al., *Sample Complexity of Sinkhorn Divergences*, 2019. Gretton et al., *A Kernel
# Two-Sample Test*, 2012. Nadjahi et al., *Statistical and Topological Properties of Sliced
# Probability Divergences*, 2020. Ramdas et al., *On the Decreasing Power of Kernel and Distance
# Based Nonparametric Hypothesis Tests in High Dimensions*, 2015. Korotin, Kolesov, Burnaev,
# *Kantorovich Strikes Back!*, 2022. Mallasto, Montúfar, Gerolin, *How Well Do WGANs Estimate the
# Wasserstein Metric?*, 2019. McDiarmid, *On the method of bounded differences*, 1989. Owen,
# *Scrambled net variance for integrals of smooth functions*, 1997. Niles-Weed and Rigollet,
# *Estimation of Wasserstein distances in the spiked transport model*, 2022. Stanczuk et al.,
# *Wasserstein GANs Work Because They Fail*, 2021.
#
# **Next.** [11 · Images](11_images.ipynb): points with a thousand dimensions, and all of these
# doubts at once.
