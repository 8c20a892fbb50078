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
# # 6 · Learning the critic
#
# **You will learn**
#
# 1. how a critic is learned from samples alone, and why its gap is not EM but at most $K$ times EM,
#    with a $K$ that nobody knows;
# 2. four numbers that every critic has (gap, slope, proven constant, certificate), and what each of
#    them proves;
# 3. what clipping, gradient penalties and orthonormal layers do to these numbers.
#
# **You need** lessons 1, 3 and 5, and a little PyTorch.
#
# **Time.** Reading and exercises about 75 minutes; running all cells takes about 75 seconds. To
# predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first: the
# outputs below are the answers.

# %%
import controls
import matplotlib.pyplot as plt
import numpy as np
import torch
from checks import learning_the_critic as check
from torch import nn

from wganlab import compare, data, exact, learned, plots

plt.style.use(plots.STYLE)

# %% [markdown]
# ## From samples alone
#
# Real points are drawn from $\mathcal N((0, 0), I)$ in the plane, fake ones from
# $\mathcal N((3, 0), I)$, 300 of each. The exact EM of the two clouds comes from the linear program
# of lesson 2. It will stand beside everything that we learn.

# %%
pair = exact.known.Gaussians(real=(0, 0), fake=(3, 0))
x, y = pair.sample(300, np.random.default_rng(0))
transport = exact.wasserstein(x, y)
print(f"EM of the clouds {transport.value:.3f}, of the laws {pair.emd:g}")

# %% [markdown]
# A linear program needs all points at once, and its size grows with their square. A GAN has
# millions of points, new ones after every step. So the WGAN paper learns the *dual*. Lesson 3:
#
# $$\mathrm{EM}(P, Q) = \max_{|f(x) - f(y)| \le |x - y|} \;
# \mathbb{E}_P f - \mathbb{E}_Q f$$
#
# (WGAN paper, equation 2). A network takes the place of $f$. The mean difference is the *critic
# gap*, and gradient ascent makes it larger. Something has to keep the slope of $f$ down, or the gap
# grows forever. The paper's way is crude: after every step each weight is *clipped* to $[-c, c]$.
#
# This is the inner loop of the paper's Algorithm 1, in plain PyTorch.

# %% quick={"steps": 220}
steps = 600


# %%
def network():
    """Three hidden layers of 64 units."""
    layers = [nn.Linear(2, 64), nn.ReLU()]
    for _ in range(2):
        layers += [nn.Linear(64, 64), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, 1))


@torch.no_grad()
def clip(f, c):
    """Every weight and every bias back into [-c, c]."""
    for parameter in f.parameters():
        parameter.clamp_(-c, c)


# %%
def clipped_critic(real, fake, c=0.01, batch=64):
    """Ascend the gap on random batches; clip after every step."""
    torch.manual_seed(0)
    f = network()
    optimizer = torch.optim.RMSprop(f.parameters(), lr=1e-3)
    for _ in range(steps):
        some_real = real[torch.randint(len(real), (batch,))]
        some_fake = fake[torch.randint(len(fake), (batch,))]
        gap = f(some_real).mean() - f(some_fake).mean()
        optimizer.zero_grad()
        (-gap).backward()  # torch descends, so the sign is turned
        optimizer.step()
        clip(f, c)
    return f


# %% [markdown]
# **Predict before you run the next cell.** EM is about 2.9. What gap will this critic reach: about
# 2.9, somewhat less, somewhat more?

# %%
real, fake = (torch.as_tensor(z, dtype=torch.float32) for z in (x, y))
own = clipped_critic(real, fake)
with torch.no_grad():
    own_gap = (own(real).mean() - own(fake).mean()).item()
print(f"gap {own_gap:.2g}, EM {transport.value:.3f}")
assert 0 < own_gap < 0.005

# %% [markdown]
# The gap is less than a thousandth of EM. Nothing is broken, and more steps would not help.
# `fit_critic` runs the same loop (and records numbers, takes other limits than clipping, and so
# on). It finds a gap of the same size.


# %%
def fit(x, y, limit, **changes):
    """A critic under a limit; its network and optimizer are those that suit the limit."""
    usual = {"steps": steps, "batch": 128, "seed": 1, "device": "cpu"}
    return learned.fit_critic(x, y, constraint=limit, **(usual | changes))


packaged = fit(x, y, learned.WeightClipping(0.01))  # three hidden layers of 64, RMSProp
print(f"gap {packaged.final.gap:.2g} after {packaged.steps} steps")
assert own_gap / 4 < packaged.final.gap < 4 * own_gap

# %% [markdown]
# ## K times EM
#
# Clipping keeps $f$ from being steep, but it does not make its largest slope 1. It makes it *some*
# number $K$ that depends on the network. If $f$ ranges over the functions of slope at most $K$
# instead of 1, the maximum of the gap is not EM but
#
# $$\max_{|f(x) - f(y)| \le K |x - y|} \; \mathbb{E}_P f - \mathbb{E}_Q f
# = K \cdot \mathrm{EM}(P, Q)$$
#
# (WGAN paper, section 3, after equation 2). For a generator the factor alone does no harm: the
# direction of the gradient is the same. For a number to report it is fatal. (A clipped network
# ranges over some of these functions only, so it reaches less, and whether it points the right way
# is another question: see the last table of this lesson.)
#
# **Predict**: the value of our critic passes through 4 weight matrices, one after another. All
# their entries lie between $-c$ and $c$. When $c$ is 10 times as large, by what factor does the gap
# grow? And with one hidden layer, that is, 2 matrices?

# %%
boxes = (0.003, 0.01, 0.03, 0.1, 0.3)
networks = {"1 x 16": (1, 16), "1 x 64": (1, 64), "3 x 16": (3, 16), "3 x 64": (3, 64)}
clipped, told = {}, {}
for name, (depth, width) in networks.items():
    size = learned.MLPConfig(width=width, depth=depth)
    for c in boxes:
        limit = learned.WeightClipping(c)
        fitted = fit(x, y, limit, critic=size, batch=64, records=30)
        clipped[name, c] = fitted
        told[name, c] = compare.critic_vs_exact(fitted, x, y, transport=transport, pair=pair)

# %%
gaps = {key: result.critic_gap for key, result in told.items()}
for name, (depth, _) in networks.items():
    growth = gaps[name, 0.1] / gaps[name, 0.01]
    print(f"{name}: c from 0.01 to 0.1, the gap grows {growth:,.0f} times")
    assert 1 / 3 < growth / 10 ** (depth + 1) < 3

# %% [markdown]
# About $10^2$ with two matrices and about $10^4$ with four: ten for each matrix. The gap says more
# about $c$, width and depth than about the laws. Gaps of different critics cannot be compared, as
# the paper itself says.
#
# What can be done? Divide $f$ by its own slope. The *slope* here is the largest gradient norm that
# was seen, at all points and between them. **Predict**: how much does gap / slope change, while the
# gap changes by ten orders of magnitude?

# %%
figure, panels = plt.subplots(1, 2, figsize=(10, 3.8))
for name, marker in zip(networks, "Dvos", strict=True):
    for axes, number in zip(panels, ("critic_gap", "gap_over_slope"), strict=True):
        values = [getattr(told[name, c], number) for c in boxes]
        axes.plot(boxes, values, marker=marker, label=name)
titles = "gap: ten orders of magnitude", "gap / slope: a factor of 2"
for axes, title in zip(panels, titles, strict=True):
    axes.axhline(transport.value, **plots.EXACT, lw=1.2, label="exact EM")
    axes.set(title=title, xscale="log", xlabel="c")
    axes.set_xticks(boxes, [f"{c:g}" for c in boxes])
    axes.minorticks_off()
panels[0].set_yscale("log")
panels[1].set_ylim(0, 3.3)
panels[1].legend(loc="upper left", bbox_to_anchor=(1, 1), title="hidden layers x units")
plt.show()

# %%
ratios = np.array([told[key].gap_over_slope for key in told]) / transport.value
print(f"gap / EM: {min(gaps.values()) / transport.value:.0e} to ", end="")
print(f"{max(gaps.values()) / transport.value:.0e}")
print(f"(gap / slope) / EM: {ratios.min():.2f} to {ratios.max():.2f}")
assert max(gaps.values()) / min(gaps.values()) > 1e9
assert ratios.max() < min(1, 3 * ratios.min())

# %% [markdown]
# Gap / slope is of the right order for every network and every $c$. It is too small, too: a clipped
# ReLU network is not equally steep everywhere (you saw its straight pieces in lesson 5), and we
# divide by its steepest place.
#
# So is any $c$ as good as any other? The paper calls clipping "a clearly terrible way", for two
# reasons. **Predict**: what goes wrong with a large $c$, when RMSProp moves a weight by about 0.001
# a step? What goes wrong with a small $c$ in a network of 6 hidden layers?

# %%
print("steps to 90 % of the last gap, looked at 30 times:")
late = {}
for name in networks:
    for c in boxes:
        history = clipped[name, c].history
        late[name, c] = next(r.step for r in history if r.gap > 0.9 * history[-1].gap)
    print(f"{name}:", ", ".join(f"c = {c:g}: {late[name, c]}" for c in boxes))
assert all(late[name, 0.3] > late[name, 0.01] for name in networks)

deep = learned.MLPConfig(width=64, depth=6)
for c in (0.1, 0.001):
    fitted = fit(x, y, learned.WeightClipping(c), critic=deep)
    largest = max(fitted.final.gradient_norms.values())
    print(f"6 x 64, c = {c:g}: largest gradient of the gap, of any layer: {largest:.0e}")
assert largest < 1e-8

# %% [markdown]
# A large $c$ takes long to reach: the weights must walk there. A small one makes a deep network's
# gradients tiny, a product of small numbers; below $10^{-8}$ even RMSProp, which divides by their
# size, hardly moves the weights. (That number is its constant against division by 0.)
#
# ## Four numbers
#
# Everything that is said about a critic uses one of four numbers. Keep them apart.
#
# | number | what it is | what it proves about the two clouds |
# |---|---|---|
# | **gap** | mean $f$(real) - mean $f$(fake) | only that EM is not 0, where the gap is not |
# | **slope** | largest gradient norm *seen* | nothing: it may be steeper elsewhere |
# | **lipschitz** | a *proven* bound $L$ on the slope everywhere | gap / $L$ is at most EM |
# | **certificate** | value of a repaired $f$, below | it is at most EM, whatever $f$ is |
#
# For a plain network $L$ is the product of the norms of its weight matrices (each the largest
# singular value), because ReLU does not stretch. The certificate is from lesson 3: keep $f$ at the
# real points, and give each fake point the largest price that the constraints leave,
#
# $$\mathrm{certificate} = \tfrac1n \sum_i f(x_i)
# + \tfrac1m \sum_j \min_i \bigl(|x_i - y_j| - f(x_i)\bigr) \;\le\; \mathrm{EM}.$$
#
# These are feasible prices, so no trust in $f$ is needed: not in its slope, not in its training.
#
# **Predict**: our critic with $c = 0.01$ is almost flat. What does it certify: about 0, or more?

# %%
tiny = told["3 x 64", 0.01]
flat = exact.certificate(np.zeros(len(x)), x, y)
print(f"gap {tiny.critic_gap:.2g}   slope {tiny.slope:.2g}   proven L {tiny.lipschitz:.2g}")
print(f"gap / slope {tiny.gap_over_slope:.2f}   gap / L {tiny.critic_gap / tiny.lipschitz:.2f}")
print(f"certificate {tiny.certificate:.3f}, of f = 0: {flat:.3f}, EM {tiny.exact:.3f}")
assert abs(tiny.certificate - flat) < 0.01
assert tiny.critic_gap / tiny.lipschitz < tiny.gap_over_slope < tiny.exact

# %% [markdown]
# An almost flat critic certifies what $f = 0$ does: the mean way from a fake point to the *nearest*
# real one. That is a true lower bound, and training had no part in it. The certificate does care
# about the scale of $f$: slope 1 is the scale that it was made for. So divide by the slope first.
# The bound stays a proof, because it is one for any function.
#
# **Predict**: what does a critic certify that is far too steep, such as $c = 0.3$?

# %%
print("    c      gap    slope   gap/slope   gap/L   certificate   of f / slope")
for c in boxes:
    now, f_x = told["3 x 64", c], clipped["3 x 64", c](x)
    scaled = exact.certificate(f_x / now.slope, x, y)
    print(f"{c:5} {now.critic_gap:8.2g} {now.slope:8.2g} {now.gap_over_slope:11.2f}", end="")
    print(f" {now.critic_gap / now.lipschitz:7.2f} {now.certificate:13.2f} {scaled:14.2f}")
    assert max(now.certificate, now.critic_gap / now.lipschitz) < now.exact
    assert max(now.exact / 2, now.gap_over_slope) < scaled < now.exact
print(f"exact EM {transport.value:.2f}")
assert told["3 x 64", 0.3].certificate < 0 < flat < scaled

# %% [markdown]
# A negative certificate proves nothing, since EM is not negative; but it is still true. Scaled,
# every one of these critics proves more than half of EM, and more than its own gap / slope says.
#
# **Play.** Run the next cells and move the slider through $c$. Both pictures are cuts through the
# critic along the line from one center to the other, with the exact critic of the laws in black. On
# the left the critic as it is, on the right divided by its slope. Under it, four values, for those
# who only read.

# %%
line = np.linspace(-3, 6, 181)
cut = np.column_stack([line, np.zeros_like(line)])
curves = {c: clipped["3 x 64", c](cut) for c in boxes}


# %%
def draw(figure, c):
    now = told["3 x 64", c]
    values = curves[c] - np.interp(1.5, line, curves[c])  # 0 at the middle
    panels = figure.subplots(1, 2)
    for axes, scale, name in zip(panels, (1, now.slope), ("f", "f / slope"), strict=True):
        axes.plot(line, 1.5 - line, **plots.EXACT, lw=1.2, label="exact")
        axes.plot(line, values / scale, **plots.CRITIC, lw=3, label="clipped")
        axes.set(ylim=(-5, 5), xlabel="x", title=name)
    panels[1].legend(loc="lower left", fontsize=9)
    numbers = f"gap {now.critic_gap:.2g}, gap / slope {now.gap_over_slope:.2f}"
    figure.suptitle(f"c = {c:g}: {numbers},\ncertificate {now.certificate:.2f}, EM {now.exact:.2f}")


# %%
controls.slider(draw, boxes, label="c", start=0.01, size=(8, 3.6))

# %%
controls.static(draw, [0.01, 0.03, 0.1, 0.3], size=(5.2, 3), columns=2)

# %% [markdown]
# ## Penalties in one page
#
# Clipping bounds the slope by an accident of the network. The WGAN-GP paper asks for slope 1
# directly, in the loss:
#
# $$\mathbb{E}_P f - \mathbb{E}_Q f - \lambda\, \mathbb{E}_z \bigl(|\nabla f(z)| - 1\bigr)^2$$
#
# is made large (its equation 3, with the sign turned). The points $z$ lie between a real and a fake
# point, drawn at random. Now the gap should be EM. Is it?
#
# Parallel lines, $\theta$ apart, can be worked out on paper. Say $f$ rises with slope $s$ from the
# fake line to the real one. Then the gap is $\theta s$ and the penalty $\lambda (s - 1)^2$.
#
# **Predict**: which $s$ makes $\theta s - \lambda (s - 1)^2$ largest? Is the gap then too large or
# too small?

# %%
for theta, weight in ((1, 10), (2, 10), (2, 1)):
    s = np.linspace(0, 4, 4001)
    best = s[(theta * s - weight * (s - 1) ** 2).argmax()]
    law = theta * (1 + theta / (2 * weight))
    print(f"theta {theta}, lambda {weight:2}: slope {best:.2f}, gap {theta * best:.2f},", end="")
    print(f" theta (1 + theta / (2 lambda)) = {law:.2f}")
    assert np.isclose(theta * best, law)

# %% [markdown]
# A slope a little above 1 costs little (its square) and gains much (in proportion). So
#
# $$s = 1 + \frac{\theta}{2 \lambda}, \qquad
# \mathrm{gap} = \theta \Bigl(1 + \frac{\theta}{2 \lambda}\Bigr) > \mathrm{EM} = \theta.$$
#
# The gap is *too large*, by a law that we know. (A later lesson finds it for any two laws on the
# line.) Do trained critics obey it? And the formula can be turned around, to take the bias out of a
# gap: $\lambda\, (\sqrt{1 + 2\, \mathrm{gap} / \lambda} - 1)$, which the package calls `corrected`.

# %%
figure, axes = plt.subplots(figsize=(8, 3.4))
thetas = np.linspace(0, 2.4, 50)
for weight, style in ((1.0, plots.FAKE), (10.0, plots.REAL)):
    axes.plot(thetas, 1 + thetas / (2 * weight), **plots.EXACT, lw=1.2)
    for theta in (0.5, 1.0, 2.0):
        lines = exact.known.ParallelLines(theta)
        penalized = fit(lines, None, learned.GradientPenalty(weight))  # laws, no clouds
        now = compare.critic_vs_exact(penalized, lines, n=300)
        axes.plot(theta, now.critic_gap / theta, **style, ms=10)
        print(f"lambda {weight:2g}, theta {theta}: gap {now.critic_gap:.2f}", end="")
        print(f", law {theta * (1 + theta / (2 * weight)):.2f}, corrected {now.corrected:.2f}")
        assert abs(now.corrected / theta - 1) < 0.06
    axes.text(2.42, 1 + 2.4 / (2 * weight), f"λ = {weight:g}", va="center")
axes.set(title="The gap of penalized critics follows the law", xlabel="θ", ylabel="gap / θ")
plt.show()

# %% [markdown]
# ### An optimum on the wrong side
#
# The penalty above is *two-sided*: it also punishes slopes below 1. And it looks only at the
# *length* of the gradient, not at its direction. The *one-sided* penalty,
# $\lambda\, \mathbb{E}_z \max(|\nabla f(z)| - 1, 0)^2$, leaves small slopes alone.
#
# **Predict**: real points are uniform on $[2, 4]$, fake ones on $[0, 1]$, EM is 2.5. Take a network
# that, by chance, starts with a slope that points the wrong way. To turn round, its slope must pass
# through 0. What does each penalty do?

# %%
levels = (np.arange(300) + 0.5) / 300  # points evenly spread over both intervals
right, left = 2 + 2 * levels, levels
almost_flat = learned.MLPConfig(width=64, depth=3, activation="silu")  # at its random start
for side in ("two", "one"):
    penalty = learned.GradientPenalty(10.0, side=side)
    fitted = fit(right, left, penalty, critic=almost_flat, seed=2)
    now = compare.critic_vs_exact(fitted, right, left)
    print(f"{side}-sided: starts at a gap of {fitted.history[0].gap:.2f}, ends at ", end="")
    print(f"{now.critic_gap:.2f}; EM {now.exact:.2f}; wrong sign: {now.wrong_sign}")
    assert fitted.history[0].gap < 0
    assert now.wrong_sign == (side == "two")

# %% [markdown]
# The two-sided penalty ends at a gap of $-2.2$: near slope $-1$ the penalty is small again, and the
# way back to $+1$ leads over slope 0, where it is large. The one-sided penalty has no such trap.
# This seed was chosen because it starts on the wrong side. How often does that happen?

# %%
two_sided, brief = learned.GradientPenalty(10.0), {"critic": almost_flat, "steps": 120}
ends = [fit(right, left, two_sided, seed=seed, **brief).final.gap for seed in range(8)]
print(" ".join(f"{gap:.1f}" for gap in ends))
wrong = sum(gap < 0 for gap in ends)
assert 1 <= wrong <= 4

# %% [markdown]
# Chance decides at the start. A negative gap is easy to see, and a red flag: no optimal critic has
# one.
#
# ## An outlook: slope 1 by construction
#
# A third way changes the network. If every weight matrix is *orthonormal* (all singular values 1)
# and the activation only sorts its inputs in pairs (MaxMin), the network cannot be steeper than 1
# anywhere, and it can be exactly 1 everywhere. Then the proven constant is $L = 1$.
#
# **Predict**: with $L = 1$, on which side of EM is the gap?

# %%
sorting = learned.MLPConfig(width=32, depth=4, activation="maxmin", init="he")
orthonormal = fit(x, y, learned.Orthonormal(), critic=sorting)
now = compare.critic_vs_exact(orthonormal, x, y, transport=transport, pair=pair)
print(f"gap {now.critic_gap:.3f}, slope {now.slope:.4f}, proven L {now.lipschitz:.4f}")
print(f"certificate {now.certificate:.3f}, exact EM {now.exact:.3f}")
assert now.lipschitz < 1.0001
assert 0.95 * now.exact < now.critic_gap < now.exact

# %% [markdown]
# It is below: gap / $L$ is at most EM, and $L$ is 1, so the gap itself is a proven lower bound. And
# it comes close. Such critics are a subject of their own, later in the course.
#
# ## All of them on a ring
#
# Between those two Gaussians the best critic is a plane. Now the real points are a ring of eight
# small Gaussians, and each fake point is a real one with noise added, as in figure 1 of the WGAN-GP
# paper.
#
# **Predict**: where are the peaks of the exact critic, and what is in the middle of the ring? Will
# a clipped critic find its shape? Its size?

# %%
ring = data.toy("8gaussians").sample(400, torch.Generator().manual_seed(0)).numpy()
noisy = ring + np.random.default_rng(0).normal(size=(400, 2))
ring_transport = exact.wasserstein(ring, noisy)
relu = learned.MLPConfig(width=64, depth=3, init="gulrajani")  # the start in the paper's code
wide = learned.MLPConfig(width=64)
limits = {
    "clipped, c = 0.01": (learned.WeightClipping(0.01), wide),
    "clipped, c = 0.1": (learned.WeightClipping(0.1), wide),
    "two-sided penalty": (learned.GradientPenalty(), relu),
    "one-sided penalty": (learned.GradientPenalty(side="one"), relu),
    "orthonormal": (learned.Orthonormal(), sorting),
}

# %%
slow = {"optimizer": learned.Optimizer(lr=2e-3, schedule="cosine")}
critics = {
    name: fit(
        ring, noisy, limit, critic=size, steps=2 * steps, **(slow if "penalty" in name else {})
    )
    for name, (limit, size) in limits.items()
}
critics["exact"] = ring_transport.critic

# %%
axis = np.linspace(-3, 3, 81)
grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)  # (6561, 2)
figure, panels = plt.subplots(2, 3, figsize=(8.4, 5.8), sharex=True, sharey=True)
for axes, (name, critic) in zip(panels.flat, critics.items(), strict=True):
    values = critic(grid).reshape(81, 81)
    axes.contourf(axis, axis, values, 12)
    axes.contour(axis, axis, values, 12, colors="black", linewidths=0.4, linestyles="solid")
    axes.plot(*ring.T, **plots.REAL, ls="", ms=5, mec="white", mew=0.4)
    axes.set(title=name, aspect="equal")
plt.show()

# %% [markdown]
# Light is high. Each picture has its own levels, so only the shapes can be compared. The exact
# critic has a peak at every mode of the ring and a hollow in the middle. The clipped ones see one
# hump, as in the paper's figure: they prefer simple functions. With the one-sided penalty and with
# orthonormal layers the ring is there.
#
# The two-sided penalty is far from it *after these steps*: on the right its critic still rises to
# the outside, and would drive the fakes there away. In the plane it is slow, not stuck: parts that
# start with the wrong slope turn late. (Try `steps=4 * steps`; trained for long, as in the paper's
# figure, it finds the ring. The one-sided penalty needs no such patience.) Now the numbers.

# %%
print(f"exact EM {ring_transport.value:.3f}")
print("                       gap    slope  gap/slope   gap/L  certificate  cosine")
board = {}
for name, critic in critics.items():
    now = board[name] = compare.critic_vs_exact(critic, ring, noisy, transport=ring_transport)
    proven = f"{now.critic_gap / now.lipschitz:.2f}" if now.lipschitz < np.inf else "none"
    print(f"{name:18} {now.critic_gap:7.2g} {now.slope:8.2g} {now.gap_over_slope:10.2f}", end="")
    print(f"{proven:>8} {now.certificate:12.3f} {now.cosine:7.2f}")
    assert now.certificate < now.exact + 1e-9
    assert now.critic_gap / now.lipschitz < now.exact + 1e-9
flat = exact.certificate(np.zeros(400), ring, noisy)
print(f"f = 0 {flat:61.3f}")

# %%
low, high, two, one = (board[name] for name in list(board)[:4])
sorted_one = board["orthonormal"]
assert high.certificate < flat < one.certificate < sorted_one.exact  # too steep: less than f = 0
assert high.critic_gap > high.exact > 100 * low.critic_gap  # above EM, and far below
assert 0.85 * sorted_one.exact < sorted_one.critic_gap < sorted_one.exact
assert max(low.cosine, high.cosine, two.cosine) < min(one.cosine, sorted_one.cosine)
assert min(one.slope, two.slope) > 1
mode, outside = np.array([[1.41, 0]]), np.array([[2.5, 0]])
assert critics["two-sided penalty"](outside) > critics["two-sided penalty"](mode)
assert critics["exact"](outside) < critics["exact"](mode)

# %% [markdown]
# Read it row by row.
#
# - The gap of a clipped critic is far below EM or above it, as $c$ has it.
# - The penalized critics' slopes exceed 1, which makes gaps too large; training that is stuck or
#   not finished makes them too small. Nothing in such a gap says which of the two it is.
# - The orthonormal critic's gap is below EM, near it, and proven. ("none": a product of norms
#   exists there, too, but it is too large to prove anything; and the exact critic is no network.
#   Its slope is at most 1 by lesson 3.)
# - The exact critic's slope is 1. (Its gradient is found by finite differences, which are off by a
#   percent at sharp bends; so its gap / slope is, too.)
# - All certificates are true. But look at the last line: $f = 0$ certifies nearly all of EM,
#   because here each fake point's *nearest* real point is almost where its mass goes. A certificate
#   near EM is no praise for a critic unless it is more than that of $f = 0$. Here it is by little.
# - The *cosine* compares directions with the exact critic's gradient, between the ends of the
#   optimal trips, where that is unique. That is what a generator learns from, it needs no scale,
#   and it tells the pictures apart best.
#
# ## Exercises
#
# Each has a cell that checks your answer and gives a hint when it is wrong.
#
# **1.** A report says of a critic on two clouds: gap 0.0012, largest gradient norm seen 0.0006,
# product of the layers' norms 0.0016. What is the largest lower bound of the clouds' EM that these
# numbers *prove*?

# %%
answer_1 = None  # a number

# %%
check.proven_bound(answer_1, gap=0.0012, slope=0.0006, lipschitz=0.0016)

# %% [markdown]
# **2.** Write gap / slope yourself. `f` is a network from points `(n, d)` to values `(n, 1)`,
# `real` and `fake` are tensors of points. The slope is the largest norm of the gradient of `f` at
# all these points, real and fake. (Lesson 5 has a function that takes such a gradient on the line.)


# %%
def my_gap_over_slope(f, real, fake):
    """Critic gap divided by the largest gradient norm at the points."""
    return None


# %%
check.gap_over_slope(my_gap_over_slope)

# %% [markdown]
# **3.** Parallel lines are $\theta = 3$ apart, and the penalty's weight is $\lambda = 1$. What gap
# does a critic trained to optimality have? Find it on paper. Then check it with a `fit` of your
# own.

# %%
answer_3 = None  # a number

# %%
check.penalized_gap(answer_3, theta=3, weight=1)

# %% [markdown]
# **4.** No training: write a critic by hand that certifies at least 95 % of the EM of this lesson's
# first two clouds, `x` and `y`. `z` is an array of points, shape `(k, 2)`; return `k` numbers.


# %%
def my_critic(z):
    """A function of points in the plane, made by thinking."""
    return None


# %%
check.hand_made_critic(my_critic, x, y, share=0.95)

# %% [markdown]
# ## Summary
#
# | | trust it for | do not trust it for |
# |---|---|---|
# | gap of a clipped critic | one critic's progress | any distance; comparing two critics |
# | gap / slope | the order of magnitude of EM | a bound: the slope was only *seen* |
# | penalized gap | EM, if it is small beside $2 \lambda$ | a bound; anything, if negative |
# | gap / proven $L$ | a lower bound, always | a good one, unless the layers are orthonormal |
# | certificate | a lower bound, always | praising the critic, if $f = 0$ certifies as much |
#
# All bounds are about the *points given*, not about the laws behind them: the clouds of this lesson
# had an EM of 2.90, their laws of 3.
#
# **References.** Arjovsky, Chintala, Bottou, *Wasserstein GAN*, 2017, sections 3 and 4 and
# algorithm 1. Gulrajani et al., *Improved Training of Wasserstein GANs*, 2017, equation 3 and
# figure 1. Petzka, Fischer, Lukovnikov, *On the regularization of Wasserstein GANs*, 2018 (the
# one-sided penalty). Anil, Lucas, Grosse, *Sorting out Lipschitz function approximation*, 2019
# (orthonormal layers).
#
# **Next.** Two subjects of this lesson return in full in
# [lesson 7](07_penalties_and_certified_critics.ipynb): the bias of gradient penalties, and critics
# that prove what they say.
