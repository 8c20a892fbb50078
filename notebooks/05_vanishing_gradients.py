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
# # 5 · Vanishing gradients
#
# **You will learn**
#
# 1. what the best discriminator between two laws is, and that its loss is JS in disguise;
# 2. what a generator can learn from it, with either of the two losses in use, and where that
#    vanishes;
# 3. why training a discriminator longer can make it a worse teacher, and what a critic does
#    instead.
#
# **You need** lessons 1 and 3, derivatives, and a little PyTorch, which enters the course here.
#
# **Time.** Reading and exercises about 60 minutes; running all cells takes about 25 seconds. To
# predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first: the
# outputs below are the answers.

# %%
import controls
import matplotlib.pyplot as plt
import numpy as np
import torch
from checks import vanishing_gradients as check
from scipy import stats
from torch import nn
from torch.nn import functional

from wganlab import exact, learned, plots

plt.style.use(plots.STYLE)

# %% [markdown]
# ## The best discriminator
#
# A GAN (Goodfellow et al. 2014) computes no distance. It trains a *discriminator*: a function $D$
# with values between 0 and 1, which says how likely a point is to be real. It is trained to make
#
# $$L(D) = \mathbb{E}_{x \sim P} \log D(x) + \mathbb{E}_{y \sim Q} \log (1 - D(y))$$
#
# as large as possible: $D$ near 1 on real points, near 0 on fake ones. Then a generator, which
# makes the fake points, moves them to where $D$ is larger. What does the generator learn from $D$?
# To answer that we take laws that we know, as in figure 2 of the WGAN paper: real
# $P = \mathcal N(-2, 1)$ and fake $Q = \mathcal N(2, 1)$. (The paper does not state its means.)

# %%
real, fake = stats.norm(-2, 1), stats.norm(2, 1)
x = np.linspace(-7, 7, 1401)
p, q = real.pdf(x), fake.pdf(x)

# %% [markdown]
# There is no condition that ties the value of $D$ at one place to its value at another. So each
# place $x$ can be looked at alone: there $D$ earns $p(x) \log D + q(x) \log (1 - D)$, with $p$ and
# $q$ the densities. Try all values of $D$ at the place $x = 0.2$.
#
# **Predict before you run the next cell.** At $x = 0.2$ the density of the fakes is about twice
# that of the reals. Which $D$ is best there: near 0, near 1/3, or near 1/2?

# %%
place = 0.2
values = np.linspace(0.001, 0.999, 999)
earned = real.pdf(place) * np.log(values) + fake.pdf(place) * np.log(1 - values)
share = real.pdf(place) / (real.pdf(place) + fake.pdf(place))
print(f"best D = {values[earned.argmax()]:.3f}, share of the reals p / (p + q) = {share:.3f}")
assert abs(values[earned.argmax()] - share) < 1e-3

# %% [markdown]
# The best answer is the share of the reals among all points that fall there:
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}$$
#
# (Set the derivative $p / D - q / (1 - D)$ to 0; Goodfellow et al. 2014, proposition 1.) For our
# two laws $p / q = e^{-4x}$, so $D^*(x) = 1 / (1 + e^{4x})$.

# %%
best = p / (p + q)
assert np.allclose(best, 1 / (1 + np.exp(4 * x)))

figure, axes = plt.subplots(figsize=(8, 3.2))
axes.fill_between(x, p, color=plots.REAL["color"], alpha=0.3, label="real density")
axes.fill_between(x, q, color=plots.FAKE["color"], alpha=0.3, hatch="//", label="fake density")
axes.plot(x, best, **plots.EXACT, label="best discriminator D*")
axes.set(title="Among the reals D* is 1, among the fakes 0", xlabel="x")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# ### Its loss is JS in disguise
#
# Put $D^*$ into $L$. The mixture $M = \tfrac12 (P + Q)$ of lesson 1 has the density
# $\tfrac12 (p + q)$, so
#
# $$L(D^*) = \mathbb{E}_P \log \frac{p}{p + q} + \mathbb{E}_Q \log \frac{q}{p + q}
# = \mathrm{KL}(P, M) + \mathrm{KL}(Q, M) - 2 \log 2 = 2\, \mathrm{JS}(P, Q) - 2 \log 2$$
#
# (Goodfellow et al. 2014, theorem 1; JS with its halves, as everywhere in this course).
#
# **Predict** two values of $L(D^*)$ from this: for laws that are equal, and for laws that do not
# overlap.

# %%
loss = np.trapezoid(p * np.log(best) + q * np.log(1 - best), x)
js = exact.js(real, fake)
print(f"L(D*) = {loss:.4f}   2 JS - 2 log 2 = {2 * js - 2 * np.log(2):.4f}")
print(f"JS = {js:.4f}, at most log 2 = {np.log(2):.4f}")
assert abs(loss - (2 * js - 2 * np.log(2))) < 1e-5

# %% [markdown]
# Equal laws have $L(D^*) = -2 \log 2 = -\log 4$: nobody can do better than $D = 1/2$. Laws that do
# not overlap have $L(D^*) = 0$, the largest value that there is: $D$ is never wrong. Ours are near
# to that.
#
# ## Train one
#
# Nobody who trains a GAN knows $p$ and $q$. A network takes the place of $D^*$, and samples take
# the place of the laws. Here is all of it in plain PyTorch. The network returns the *logit* $\ell$,
# and $D = 1 / (1 + e^{-\ell})$ is its sigmoid. The function `binary_cross_entropy_with_logits` is
# minimized: it is the mean of $-\log D$ over points labeled 1 and of $-\log (1 - D)$ over points
# labeled 0. With as many of each, that is $-L / 2$.


# %%
def network():
    """Two hidden layers of 32 smooth units; the last layer returns one number a point."""
    return nn.Sequential(
        nn.Linear(1, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 1)
    )


def draw_points(law, rng, n=256):
    """n points of a law as a tensor, shape (n, 1)."""
    return torch.as_tensor(law.rvs((n, 1), random_state=rng), dtype=torch.float32)


# %% quick={"steps": 200}
steps = 1000

# %%
torch.manual_seed(0)
rng = np.random.default_rng(0)
discriminator = network()
optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-3)
labels = torch.cat([torch.ones(256, 1), torch.zeros(256, 1)])  # real 1, fake 0
for _ in range(steps):
    points = torch.cat([draw_points(real, rng), draw_points(fake, rng)])  # (512, 1)
    loss = functional.binary_cross_entropy_with_logits(discriminator(points), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% [markdown]
# That is the whole inner loop of a GAN. Two things can now be asked of the network: how near it
# comes to $D^*$, and what it says of JS. For any $D$ at all,
# $\tfrac12 L(D) + \log 2 \le \mathrm{JS}$, because $D^*$ is the best one. (Figure 4 of the WGAN
# paper shows this estimate of JS.)

# %%
with torch.no_grad():
    logit = discriminator(torch.as_tensor(x[:, None], dtype=torch.float32))[:, 0]  # (1401,)
trained = torch.sigmoid(logit).numpy()
log_d, log_1_minus_d = (functional.logsigmoid(sign * logit).numpy() for sign in (1, -1))
reached = np.trapezoid(p * log_d + q * log_1_minus_d, x) / 2 + np.log(2)
print(f"largest |D - D*| on the picture: {np.abs(trained - best).max():.2f}")
print(f"JS as the network sees it: {reached:.3f}, exact JS: {js:.3f}")
assert np.abs(trained - best).max() < 0.15
assert 0.9 * js < reached < js + 1e-5

# %% [markdown]
# A small network finds $D^*$ within seconds. So the teacher is good. Now look at the lesson that it
# gives.
#
# ## What the generator learns from it
#
# A generator sends its fake point $y$ a little way down the slope of its loss. Two losses are in
# use (both in Goodfellow et al. 2014, section 3):
#
# - **minimax**: make $\log (1 - D(y))$ small, the very term that the discriminator makes large;
# - **non-saturating**: make $-\log D(y)$ small.
#
# Both fall where $D$ rises, so both move $y$ the same way, here to the left. The difference is how
# strongly. With $\ell = -4x$, our exact logit, the chain rule gives
#
# $$\frac{d}{dx} \log (1 - D^*) = 4\, D^*(x), \qquad
# \frac{d}{dx} \bigl(-\log D^*\bigr) = 4\, (1 - D^*(x)).$$
#
# **Predict**: where is the slope of the minimax loss largest: among the reals at $-2$, halfway at
# $0$, or among the fakes at $2$? How large is it at $2$, out of 4? And the other one?

# %%
print("   x       D*   slope of log(1 - D*)   slope of -log D*")
for place in (-2, 0, 1, 2, 3):
    d = 1 / (1 + np.exp(4 * place))
    print(f"{place:4} {d:8.4f} {4 * d:22.5f} {4 * (1 - d):18.5f}")
at_fakes = 4 / (1 + np.exp(4 * 2))
assert at_fakes < 0.002 < 3.998 < 4 - at_fakes

# %% [markdown]
# The minimax loss is steep among the reals, where there are no fakes to push, and flat among the
# fakes: at their middle its slope is 0.0013, out of 4. That is the vanishing gradient. (Many people
# guess the place halfway. That is where $D$ itself is steepest, but the loss is the logarithm of $1
# - D$.)
#
# The two slopes add up to 4 everywhere. So where one vanishes, the other has full size. Does the
# trained discriminator agree? Autograd differentiates the loss with respect to the *point*.


# %%
def minimax(logit):
    return functional.logsigmoid(-logit)  # log(1 - D), and 1 - D is never rounded to 0


def non_saturating(logit):
    return -functional.logsigmoid(logit)  # -log D


def slope(loss, network, places):
    """Slope of a generator's loss at places on the line."""
    z = torch.as_tensor(places[:, None], dtype=torch.float32).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(network(z)).sum(), z)
    return gradient[:, 0].numpy()


# %%
figure, panels = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
for axes, loss, truth, name in (
    (panels[0], minimax, 4 * best, "minimax: log(1 - D)"),
    (panels[1], non_saturating, 4 * (1 - best), "non-saturating: -log D"),
):
    axes.axvspan(*fake.interval(0.95), color=plots.FAKE["color"], alpha=0.15)
    axes.text(2, 3e-8, "95 % of fakes", color=plots.FAKE["color"], ha="center")
    axes.plot(x, truth, **plots.EXACT, lw=1.2, label="exact")
    axes.plot(x, slope(loss, discriminator, x), color="#CC79A7", ls="-.", lw=3, label="trained")
    axes.set(title=name, yscale="log", ylim=(1e-8, 20), xlabel="x")
panels[0].set_ylabel("slope")
panels[0].legend(loc="lower left")
plt.show()

# %% [markdown]
# On a logarithmic axis: the slope of the minimax loss falls off like $e^{-4x}$ through the fakes,
# the trained one a little more slowly. The non-saturating loss has its full slope there, and
# vanishes among the reals, where it does no harm: a fake that got there has arrived. This is why
# many GANs are trained with $-\log D$. The trained curves follow the exact ones where $D$ is in
# doubt, between the laws, and drift off on both sides: where $D$ is nearly 0 or 1 its loss hardly
# notices the logit.

# %%
middle = np.array([2.0])
weak, strong = (slope(loss, discriminator, middle)[0] for loss in (minimax, non_saturating))
print(f"trained, at x = 2: minimax {weak:.4f}, non-saturating {strong:.2f}")
assert 0 < weak < 0.04
assert 2 < strong < 6

# %% [markdown]
# ### Of what are these the slopes?
#
# The non-saturating slope looks like a cure. But a slope should be the slope *of something*, of a
# distance that gets smaller. Let the generator do nothing but shift all fakes by one number, so
# that the distance $m$ between the means changes. Then it feels the *mean* slope over its fakes.
#
# - Minimax: $D^*$ is where $L$ is largest, so to first order its own change does not matter, and
#   the mean slope is that of $L(D^*)$, which is $2\,\mathrm{JS}$ and a constant.
# - Non-saturating: Arjovsky and Bottou (2017, theorem 2.5) found
#   $\mathrm{KL}(Q, P) - 2\, \mathrm{JS}$.
#
# **Predict**: which of the two parts of the second brings the laws together, which drives them
# apart, and which wins here?


# %%
def slope_in_m(divergence, m=4.0, step=1e-3):
    """How a divergence between N(0, 1) and N(m, 1) changes with m."""
    further, nearer = (
        divergence(stats.norm(0, 1), stats.norm(m + sign * step, 1)) for sign in (1, -1)
    )
    return (further - nearer) / (2 * step)


felt = np.trapezoid(q * 4 * best, x), np.trapezoid(q * 4 * (1 - best), x)
js_slope = slope_in_m(exact.js)
kl_slope = slope_in_m(lambda first, second: exact.kl(second, first))  # KL(Q, P)
truth = 2 * js_slope, kl_slope - 2 * js_slope
print(f"minimax:        mean slope {felt[0]:.4f}; of 2 JS: {truth[0]:.4f}")
print(f"non-saturating: mean slope {felt[1]:.4f}; of KL(Q, P) - 2 JS: {truth[1]:.4f}")
assert np.allclose(felt, truth, atol=1e-4)

# %% [markdown]
# Both agree. The minimax generator goes down JS, and JS is nearly flat here. The non-saturating one
# goes down KL with the roles exchanged, *minus* $2\,\mathrm{JS}$: one part wants the laws far apart
# in JS, and KL has to win. It does here. But KL needs laws that overlap. Where they do not, it is
# infinite, no logit is the best one, and the generator's step depends on how long the discriminator
# happened to be trained. In the last experiment of this lesson *samples* of the two laws
# practically never overlap.
#
# ## The critic
#
# The other teacher. A *critic* is a function $f$ with no sigmoid, held to slope at most 1, that
# makes $\mathbb{E}_P f - \mathbb{E}_Q f$ as large as possible; the maximum is EM (lesson 3; WGAN
# paper, equation 2). The generator makes $-f(y)$ small.
#
# **Predict**: for the same two laws, what is the best $f$? How steep is it among the fakes, and how
# steep far out, where no points are?

# %%
pair = exact.known.Normals(real=(-2, 1), fake=(2, 1))
f = pair.critic(x)
slopes = np.gradient(f, x)
gap = np.trapezoid(p * f - q * f, x)
print(f"slope of f*: {slopes.min():.3f} to {slopes.max():.3f}; gap {gap:.3f}; EM {pair.emd}")
assert np.allclose(slopes, -1)
assert abs(gap - pair.emd) < 1e-4

# %% [markdown]
# $f^*(x) = -x$, up to a constant: all mass has to go left, and each step left is worth the same.
# The slope is $-1$ everywhere, among reals, among fakes and far out.
#
# Now train critics from samples. The package has this in one call; inside is a loop like the one
# above, with the gap in place of the cross-entropy and something that limits the slope. Take two of
# the field's limits: weights clipped to $[-c, c]$ (WGAN), and a penalty on slopes above 1
# (one-sided, from the WGAN-GP family). What they do is the subject of lesson 6. Here we look at
# their shape. Their size is not 1, as you will see, so each is divided by its largest slope.

# %%
limits = {"clipped": learned.WeightClipping(0.01), "penalized": learned.GradientPenalty(side="one")}
styles = {"clipped": plots.CRITIC, "penalized": {"color": "#E69F00", "linestyle": ":"}}
critics = {}
for name, limit in limits.items():
    fitted = learned.fit_critic(pair, constraint=limit, steps=steps, device="cpu")
    critics[name] = fitted(x[:, None]), fitted.gradient(x[:, None])[:, 0]
    slopes = np.abs(critics[name][1])
    print(f"{name:10} largest slope {slopes.max():.2g}, smallest {slopes.min():.2g}")
    assert (critics[name][1] < 0).all()  # downhill to the fakes, everywhere

# %%
figure, axes = plt.subplots(figsize=(10, 4))
axes.fill_between(x, p, color=plots.REAL["color"], alpha=0.3, label="real density")
axes.fill_between(x, q, color=plots.FAKE["color"], alpha=0.3, hatch="//", label="fake density")
axes.plot(x, best, **plots.EXACT, lw=1.2, label="exact D* and f*")
axes.plot(x, trained, color="#CC79A7", ls="-.", lw=3, label="trained discriminator")
axes.plot(x, 0.5 + f / 14, **plots.EXACT, lw=1.2)  # 14 wide: f* falls from 1 to 0
for name, (value, gradient) in critics.items():
    value = (value - value[700]) / np.abs(gradient).max()  # 0 at x = 0, largest slope 1
    axes.plot(x, 0.5 + value / 14, **styles[name], lw=3, label=f"trained critic, {name}")
axes.set(title="The discriminator saturates, the critics do not", xlabel="x")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# This is figure 2 of the paper, with the exact functions under the trained ones. The penalized
# critic follows $f^*$. The clipped one is made of straight pieces and is flatter in some places
# than in others, but it is flat nowhere: between the two means its slope stays within a factor of
# 3.

# %%
between = (x >= -2) & (x <= 2)
for name, (_, gradient) in critics.items():
    ratio = np.abs(gradient[between]).min() / np.abs(gradient[between]).max()
    print(f"{name:10}  least / largest slope between the means: {ratio:.2f}")
    assert ratio > 1 / 3
steepness = slope(minimax, discriminator, x[between])
print(f"log(1 - D)  the same, trained: {steepness.min() / steepness.max():.4f}")
assert steepness.min() < steepness.max() / 50

# %% [markdown]
# ## Move the laws apart
#
# At the start of training, fakes are far from the reals. Let the distance $m$ between the means
# grow. In general $D^* = 1 / (1 + e^{m x})$ when the means are $\pm m / 2$, so the slopes are
# $m D^*$ and $m (1 - D^*)$.
#
# **Predict**: when $m$ doubles from 4 to 8, what happens to the minimax slope at the middle of the
# fakes? To the non-saturating one? To the critic's?

# %%
print("  m   EM       JS    log(1 - D*): mean   typical   -log D*: mean   f*")
z = np.linspace(-14, 14, 5601)  # so far out, the few fakes that stray are counted, too
typical = {}
for m in (0.5, 1, 2, 4, 6, 8):
    laws = exact.known.Normals(real=(-m / 2, 1), fake=(m / 2, 1))
    fakes = stats.norm(m / 2, 1).pdf(z)
    d = 1 / (1 + np.exp(m * z))
    typical[m] = m / (1 + np.exp(m * m / 2))  # at their middle
    means = np.trapezoid(fakes * m * d, z), np.trapezoid(fakes * m * (1 - d), z)
    js_m = exact.js(stats.norm(-m / 2, 1), stats.norm(m / 2, 1))
    print(f"{m:3} {laws.emd:4.1f} {js_m:8.4f} {means[0]:20.5f} {typical[m]:9.0e}", end="")
    print(f"{means[1]:16.2f} {1:4}")
    assert m < 4 or np.isclose(means[0], 2 * slope_in_m(exact.js, m), rtol=0.01)
assert typical[8] < 1e-12 < 1e-3 < typical[4]

# %% [markdown]
# - **Minimax.** For a typical fake (the middle one) the slope falls from $10^{-3}$ to $10^{-13}$ as
#   $m$ goes from 4 to 8: like $m\, e^{-m^2/2}$. The mean is larger, because it lives on the few
#   fakes that stray towards the reals. (The first rows are small for a good reason: near $m = 0$
#   little is left to learn.)
# - **Non-saturating.** It grows with the distance, soon like $m$ itself. The farther the fakes, the
#   harder the push.
# - **Critic.** 1 at every distance. It is the slope of EM, which is $m$.
#
# **Play.** Run the next cells and move the slider. On the left the laws with $D^*$ and $f^*$; on
# the right the slopes that the generator learns from, among the fakes (shaded). Under it, the same
# at four distances, for those who only read.


# %%
def finish(left, right, m):
    left.figure.suptitle(f"m = {m:g}")
    left.set(xlabel="x", ylim=(-0.02, 1.02))
    right.set(xlabel="x", ylabel="slope", yscale="log", ylim=(1e-9, 30))
    for axes in (left, right):
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": 3, "fontsize": 8}
        axes.legend(**above, handlelength=1.8, columnspacing=0.8)


# %%
def draw(figure, m):
    left, right = figure.subplots(1, 2)
    real, fake = stats.norm(-m / 2, 1), stats.norm(m / 2, 1)
    d = 1 / (1 + np.exp(m * x))
    left.fill_between(x, real.pdf(x), color=plots.REAL["color"], alpha=0.3)
    left.fill_between(x, fake.pdf(x), color=plots.FAKE["color"], alpha=0.3, hatch="//")
    left.plot(x, d, color="#CC79A7", ls="-.", label="D*")
    left.plot(x, 0.5 - x / 14, **plots.EXACT, label="f*")
    right.axvspan(*fake.interval(0.95), color=plots.FAKE["color"], alpha=0.15)
    right.plot(x, m * d, color="#CC79A7", ls="-.", label="log(1 - D)")
    right.plot(x, m * (1 - d), color="0.5", ls="--", label="-log D")
    right.plot(x, np.ones_like(x), **plots.EXACT, label="f*")
    finish(left, right, m)


# %%
controls.slider(draw, np.arange(0.5, 8.5, 0.5), label="m", start=4.0, size=(8, 3.2))

# %%
controls.static(draw, [1, 2, 4, 8], size=(5.2, 2.6), columns=2)

# %% [markdown]
# ## Better trained, worse teacher
#
# Take the far laws, $m = 8$, and watch a discriminator *while it is trained*: after some steps we
# ask what it would teach the fakes, on average, with either loss. The loop is the one from above,
# with one question more.

# %%
near, far = stats.norm(-4, 1), stats.norm(4, 1)
asked = np.unique(np.geomspace(5, steps, 40).astype(int))  # ask after these steps
taught = {minimax: [], non_saturating: []}


def mean_slope(loss, network):
    """Over the law of the fakes."""
    return np.trapezoid(far.pdf(z) * slope(loss, network, z), z)


# %%
torch.manual_seed(0)
rng = np.random.default_rng(0)
judge = network()
optimizer = torch.optim.Adam(judge.parameters(), lr=2e-3)
for step in range(1, steps + 1):
    points = torch.cat([draw_points(near, rng), draw_points(far, rng)])
    loss = functional.binary_cross_entropy_with_logits(judge(points), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step in asked:
        for of_generator, slopes in taught.items():
            slopes.append(mean_slope(of_generator, judge))

# %% [markdown]
# Beside it a critic with a one-sided penalty between the same laws, asked the same; `fit_critic`
# calls `ask` fifty times while it trains.

# %%
critic_taught = []


def ask(record, network):
    critic_taught.append((record.step, mean_slope(torch.neg, network)))


laws = exact.known.Normals(real=(-4, 1), fake=(4, 1))
learned.fit_critic(laws, constraint=limits["penalized"], steps=steps, callback=ask, device="cpu")
critic_asked, critic_slopes = np.transpose(critic_taught)

# %% [markdown]
# **Predict**: as training goes on, which of the three mean slopes at the fakes falls, which rises,
# and which settles? For each, where would it end if training never stopped?

# %%
vanished = np.trapezoid(far.pdf(z) * 8 / (1 + np.exp(8 * z)), z)
ends = {"-log D*": 8 - vanished, "f*": 1, "log(1 - D*)": vanished}
figure, axes = plt.subplots(figsize=(8, 4))
axes.plot(asked, taught[non_saturating], color="0.5", ls="--", lw=3, label="-log D")
axes.plot(critic_asked, critic_slopes, **styles["penalized"], lw=3, label="critic, penalized")
axes.plot(asked, taught[minimax], color="#CC79A7", ls="-.", lw=3, label="log(1 - D)")
for name, value in ends.items():
    axes.axhline(value, **plots.EXACT, lw=1)
    axes.text(5, value * 0.8, f"exact, {name}", va="top")
axes.set(title="What the fakes are taught, m = 8", xlabel="training steps", ylabel="mean slope")
axes.set(xscale="log", yscale="log", ylim=(5e-5, 20))
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
most, last = max(taught[minimax]), taught[minimax][-1]
print(f"log(1 - D): at most {most:.2f}, at the end {last:.4f}, exact {vanished:.4f}")
print(f"-log D:     after {asked[0]} steps {taught[non_saturating][0]:.2f},", end="")
print(f" at the end {taught[non_saturating][-1]:.1f}")
late = critic_slopes[len(critic_slopes) // 2 :]
print(f"critic:     in the second half between {late.min():.1f} and {late.max():.1f}")
assert last < most / 10
assert 0.0003 < vanished < 0.0005
assert 1 < taught[non_saturating][-1] < 8
assert 1 < late.min() < late.max() < 1.9

# %% [markdown]
# - $\log(1 - D)$: after a few steps the discriminator teaches most. From then on each step makes it
#   surer, and what it teaches falls towards the exact value, 0.0004. With this loss one
#   must stop training $D$ early, and nobody knows when.
# - $-\log D$: no vanishing, but no rest either. After all these steps the slope is still far from
#   its exact value 8 and still grows. How hard the fakes are pushed depends on how long $D$ was
#   trained.
# - The critic: after a few steps it teaches about what it teaches at the end. (It settles at about
#   1.4, not at 1: a penalty lets steeper slopes pass, the more the farther the laws are apart.
#   Lesson 6 finds by how much; here the law says $1 + 8/20$.)
#
# That is why the WGAN paper says of the critic: it can and should be trained to optimality
# (section 3). The better the critic, the better the slope; there is nothing to balance.
#
# What this lesson did *not* show: that a GAN fails on these laws. With $-\log D$ the fakes do move
# the right way. It showed that what they feel is not the slope of a distance that sees how far they
# are.
#
# ## Exercises
#
# Each has a cell that checks your answer and gives a hint when it is wrong.
#
# **1.** Real points are uniform on $[0, 2]$. Fake ones have the density $q(x) = x / 2$ on $[0, 2]$.
# Find the best discriminator's value at $x = 0.5$ on paper.

# %%
answer_1 = None  # a number

# %%
check.best_discriminator(answer_1)

# %% [markdown]
# **2.** A discriminator was trained to optimality. Write a function that returns JS of the two
# laws (with the halves, in nats) from its values `d_real` at real points and `d_fake` at fake
# points, arrays that may differ in length. Values 0 and 1 occur where the discriminator is right;
# then the logarithm you need is that of 1.


# %%
def js_from_discriminator(d_real, d_fake):
    """Jensen-Shannon divergence from the best discriminator's values."""
    return None


# %%
check.js_from_discriminator(js_from_discriminator)

# %% [markdown]
# **3.** Two normal laws of standard deviation 1. Find a distance $m$ between their means, greater
# than 1, at which the slope of $\log (1 - D^*)$ at the *mean of the fakes* is one thousandth, to
# within 5 %. Try values, or let the computer try them.

# %%
answer_3 = None  # a number

# %%
check.distance_for_slope(answer_3, target=1e-3)

# %% [markdown]
# ## Summary
#
# | | log(1 - D\*), minimax | -log D\*, non-saturating | critic f\* |
# |---|---|---|---|
# | its mean slope over shifted fakes is that of | 2 JS | KL(Q, P) - 2 JS | EM |
# | slope at a fake, normals at distance m | m D\* | m (1 - D\*) | 1 |
# | vanishes | among the fakes, if they are far | among the reals | nowhere |
# | trained longer, far laws | falls | goes on rising | settles |
#
# **References.** Goodfellow et al., *Generative Adversarial Networks*, 2014, sections 3 and 4.
# Arjovsky and Bottou, *Towards Principled Methods for Training Generative Adversarial Networks*,
# 2017, section 2. Arjovsky, Chintala, Bottou, *Wasserstein GAN*, 2017, sections 3 and 4, figure 2.
#
# **Next.** [6 · Learning the critic](06_learning_the_critic.ipynb): how a critic is learned from
# samples alone, and what its number means.
