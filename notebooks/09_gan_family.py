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
# # 9 · The GAN family
#
# **You will learn**
#
# 1. that the members of the GAN family play one game with different rewards, and which distance
#    each discriminator estimates;
# 2. how to count modes over seeds, and why one seed decides nothing;
# 3. to make training fail on purpose, and to tell from the curves what went wrong.
#
# **You need** lessons 5, 6 and 8.
#
# **Time.** Reading and exercises about 90 minutes; running all cells takes about 70 seconds. To
# predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first: the
# outputs below are the answers.

# %%
from dataclasses import replace
from pathlib import Path

import controls
import matplotlib.pyplot as plt
import numpy as np
import torch
from checks import gan_family as check
from scipy import stats

from wganlab import compare, data, exact, learned, plots
from wganlab.learned import OBJECTIVES, PRESETS, Batch, Optimizer

plt.style.use(plots.STYLE)
plt.rcParams["figure.dpi"] = 74  # this lesson has many pictures

# %% [markdown]
# ## One game, many rewards
#
# In every GAN a network gives each point a number $v$. The discriminator earns $a(v)$ at a real
# point and $b(v)$ at a fake one, and is trained to make
#
# $$\mathbb{E}_P\, a(v) + \mathbb{E}_Q\, b(v) = \int p(x)\, a(v(x)) + q(x)\, b(v(x)) \; dx$$
#
# as large as possible. The members of the family differ in $a$ and $b$. Lesson 5 did this for the
# first of them, with $D$ the sigmoid of $v$.
#
# | game | $a(v)$, real | $b(v)$, fake | the generator makes small |
# |---|---|---|---|
# | GAN (2014) | $\log D$ | $\log(1 - D)$ | $-\log D$, or minimax: $\log(1 - D)$ |
# | least squares (2017) | $-\tfrac12 (v - 1)^2$ | $-\tfrac12 (v + 1)^2$ | $\tfrac12 (v - 1)^2$ |
# | hinge (2017) | $\min(v - 1, 0)$ | $-\max(v + 1, 0)$ | $-v$ |
# | f-GAN, KL (2016) | $v$ | $-e^{v - 1}$ | $-v$ |
# | f-GAN, reverse KL | $-e^{-v}$ | $1 - v$ | $e^{-v}$ |
# | f-GAN, Pearson | $v$ | $-\tfrac14 v^2 - v$ | $-v$ |
# | **WGAN (2017)** | $v$ | $-v$ | $-v$ |
#
# In all rows but the last nothing ties $v$ at one place to $v$ at another. So each place can be
# looked at alone, as in lesson 5, and the best $v$ there depends on one number: the ratio $p/q$. In
# the last row that would end at infinity; the condition on the slope ties the places together.
#
# **Predict before you run the next cells.** At a place where real points are three times as dense
# as fake ones, which $v$ is best for least squares? For the hinge? (Set a derivative to 0.)

# %%
real, fake = stats.norm(0, 1), stats.norm(1, 1)
x = np.linspace(-8, 9, 3401)
p, q = real.pdf(x), fake.pdf(x)


# %%
def log_sigmoid(v):
    return -np.logaddexp(0, -v)


rewards = {  # a(v) and b(v)
    "GAN": (log_sigmoid, lambda v: log_sigmoid(-v)),
    "least squares": (lambda v: -((v - 1) ** 2) / 2, lambda v: -((v + 1) ** 2) / 2),
    "hinge": (lambda v: np.minimum(v - 1, 0), lambda v: -np.maximum(v + 1, 0)),
    "f-KL": (lambda v: v, lambda v: -np.exp(v - 1)),
    "f-reverse-KL": (lambda v: -np.exp(-v), lambda v: 1 - v),
    "f-Pearson": (lambda v: v, lambda v: -(v**2) / 4 - v),
}


# %%
def best_outputs(p, q):
    """The best v of each game, from the densities."""
    return {
        "GAN": np.log(p / q),
        "least squares": (p - q) / (p + q),
        "hinge": np.sign(p - q),
        "f-KL": 1 + np.log(p / q),
        "f-reverse-KL": np.log(p / q),
        "f-Pearson": 2 * (p / q - 1),
    }


# %%
candidates = np.linspace(-4, 6, 10_001)
best = best_outputs(np.array(3.0), np.array(1.0))
for name, (a, b) in rewards.items():
    searched = candidates[(3 * a(candidates) + b(candidates)).argmax()]
    print(f"{name:14} best v where p = 3 q: {searched:6.3f}, by formula {best[name]:6.3f}")
    assert abs(searched - best[name]) < 2e-3

# %% [markdown]
# The hinge's best answer says only *which* is denser; least squares says by which share; the
# others know the ratio itself.
#
# ### What the best discriminator earns
#
# Put the best $v$ back into the integral. Each game gives a distance between $P$ and $Q$, up to a
# constant and a factor. You know some of them: $2\,\mathrm{JS} - 2 \log 2$ for the GAN. Two are
# new: $\chi^2(P, Q) = \int (p - q)^2 / q$ (Pearson's), and Le Cam's divergence
# $\mathrm{LC} = \tfrac12 \int (p - q)^2 / (p + q)$, which is between 0 and 1.
#
# **Predict**: the hinge earns at most $2\, d - 2$. Which distance $d$ is it? (Its best $v$ is
# $\operatorname{sign}(p - q)$: how often is that right?)

# %%
distances = {  # from the reward to the distance; the distance
    "GAN": (lambda total: total / 2 + np.log(2), exact.js, "JS"),
    "least squares": (lambda total: total + 1, exact.le_cam, "Le Cam"),
    "hinge": (lambda total: total / 2 + 1, exact.tv, "TV"),
    "f-KL": (lambda total: total, exact.kl, "KL(P, Q)"),
    "f-reverse-KL": (lambda total: total, lambda one, other: exact.kl(other, one), "KL(Q, P)"),
    "f-Pearson": (lambda total: total, exact.chi2, "chi2(P, Q)"),
}

# %%
best = best_outputs(p, q)
for name, (a, b) in rewards.items():
    earned = np.trapezoid(p * a(best[name]) + q * b(best[name]), x)
    to_distance, distance, label = distances[name]
    told, truth = to_distance(earned), distance(real, fake)
    print(f"{name:14} tells {told:.4f}, exact {label:10} {truth:.4f}")
    assert np.isclose(told, truth, atol=2e-3)

# %% [markdown]
# All of these are *f-divergences*: each is $\int q\, f(p / q)$ for some convex $f$ (Nowozin et al.
# 2016, equation 2), a mean of a function of the ratio. How *far* a point of $P$ is from a point of
# $Q$ appears in none of them. EM is no f-divergence.
#
# **Play.** Run the next cells and move the slider through the distance $m$ of two normal laws. On
# the left the laws with the best outputs, cut off at $\pm 4$ (that of f-reverse-KL is the GAN's);
# on the right the distances.
# **Predict** first: which of the curves on the right stay below 1, and which leave the picture?
# Under it, two values, for those who only read.

# %%
STYLES = {
    "GAN": {"color": "#CC79A7", "ls": "-."},
    "least squares": {"color": "#E69F00", "ls": "--"},
    "hinge": {"color": "0.5", "ls": ":"},
    "f-KL": {"color": "#56B4E9", "ls": "-"},
    "f-Pearson": {"color": "#882255", "ls": (0, (5, 1, 1, 1))},
}
labels = {"GAN": "JS / log 2", "least squares": "Le Cam", "hinge": "TV"}
labels |= {"f-KL": "KL", "f-Pearson": "chi2"}  # both KL are equal here
ms = np.linspace(0.1, 4, 27)
curves = {
    name: [distances[name][1](stats.norm(0, 1), stats.norm(m, 1)) for m in ms] for name in STYLES
}
curves["GAN"] = np.array(curves["GAN"]) / np.log(2)


# %%
def draw(figure, m):
    left, right = figure.subplots(1, 2)
    p, q = stats.norm(0, 1).pdf(x), stats.norm(m, 1).pdf(x)
    left.fill_between(x, -4, -4 + 6 * p, color=plots.REAL["color"], alpha=0.3)
    left.fill_between(x, -4, -4 + 6 * q, color=plots.FAKE["color"], alpha=0.3, hatch="//")
    for name, style in STYLES.items():
        left.plot(x, np.clip(best_outputs(p, q)[name], -4, 4), **style, lw=2, label=name)
        right.plot(ms, curves[name], **style, lw=2, label=labels[name])
    left.plot(x, m / 2 - x, **plots.EXACT, lw=1.2, label="f*")
    right.plot(ms, ms, **plots.EXACT, lw=1.2, label="EM")
    right.axvline(m, color="0.6", lw=1)
    finish(left, right, m)


# %%
def finish(left, right, m):
    left.figure.suptitle(f"m = {m:g}")
    left.set(xlabel="x", xlim=(-4, 7), ylim=(-4.1, 4.1), ylabel="best v")
    right.set(xlabel="m", yscale="log", ylim=(0.02, 30), ylabel="distance")
    for axes in (left, right):
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": 3, "fontsize": 7}
        axes.legend(**above, handlelength=2.2, columnspacing=0.8)


# %%
controls.slider(draw, np.arange(0.5, 4.5, 0.5), label="m", start=2.0, size=(8, 3.8))

# %%
controls.static(draw, [1, 3], size=(5.8, 3.4), columns=2)
assert max(max(curves[name]) for name in ("GAN", "least squares", "hinge")) < 1
assert min(curves[name][-1] for name in ("f-KL", "f-Pearson")) > 7.9

# %% [markdown]
# JS, Le Cam and TV are bounded: once the laws are apart, they cannot say how far. KL and
# $\chi^2$ grow without end, like $m^2 / 2$ and $e^{m^2}$, because the ratio $p / q$ does. EM is
# the straight line (curved here by the logarithmic axis): it is $m$. On the left the slope of the
# GAN's best $v$, $\log (p/q)$, is $-m$ and grows with the distance; that of $f^*$ is always $-1$.
# (At $m = 1$ the two lines are one.)
#
# ## Trained discriminators beside the exact distances
#
# Nobody who trains a GAN has $p / q$. A network looks for it, on samples.
# `compare.estimate_vs_exact` trains one for a given objective between two known laws, and lays what
# it tells on 10,000 *new* points beside the exact distance. The pair is $\mathcal N(0, 1)$ and
# $\mathcal N(1, 1)$ again.
#
# **Predict**: a discriminator that was trained for 5 steps only, is its estimate too small, too
# large, or can it be both?

# %% quick={"fit_steps": 80, "seeds": 1, "updates": 60, "length": 0.1}
fit_steps = 150  # of a fitted discriminator
seeds = 4
updates = 900  # of both players together, in the counts of modes
length = 1.0  # of the runs that fail on purpose

# %%
pair = exact.known.Normals(real=(0, 1), fake=(1, 1))
names = ["non-saturating", "least-squares", "hinge", "f-tv", "energy-based"]
names += ["f-kl", "f-reverse-kl", "f-pearson", "wasserstein", "loss-sensitive"]


def told(name, pair, steps):
    """A trained discriminator's estimate beside the truth."""
    optimizer = Optimizer(lr=3e-3, schedule="cosine")
    options = {"batch": 256, "optimizer": optimizer, "progress": False, "device": "cpu"}
    return compare.estimate_vs_exact(name, pair, steps=steps, **options)


early, late = ({name: told(name, pair, steps) for name in names} for steps in (5, fit_steps))

# %%
print(f"objective       estimates      exact   after 5 steps   after {fit_steps}   error   bound")
for name, now in late.items():
    print(f"{name:15} {now.estimates:12} {now.exact:7.3f} {early[name].value:15.3f}", end="")
    print(f"{now.value:12.3f} {now.error:7.3f}   {'lower' if now.bound else ''}")
    if now.bound:
        assert max(early[name].value, now.value) < now.exact + 3 * now.error
    assert abs(now.value / now.exact - 1) < 0.25

# %%
figure, axes = plt.subplots(figsize=(10, 3.6))
for k, name in enumerate(names):
    now, before = late[name], early[name]
    mark = {"color": plots.CRITIC["color"], "marker": "s", "capsize": 4}
    axes.errorbar(k, now.value / now.exact, 2 * now.error / now.exact, **mark)
    axes.plot(k, max(before.value / before.exact, -0.15), color="0.5", marker="v", ms=7)
axes.plot([], [], color="0.5", marker="v", ls="none", label="5 steps")
axes.plot([], [], color=mark["color"], marker="s", ls="none", label=f"{fit_steps} steps")
axes.axhline(1, **plots.EXACT, lw=1.2, label="exact")
ticks = [f"{name}\n{late[name].estimates}" for name in names]
axes.set_xticks(range(len(names)), ticks, rotation=40, ha="right", rotation_mode="anchor")
axes.set(ylabel="estimate / exact", ylim=(-0.2, 1.4), title="Each estimates its own distance")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# Eight of them are *lower bounds*, whatever the network is: the best $v$ earns most, so any other
# earns less. A badly trained discriminator makes the laws look closer than they are. (A mark a
# little above 1 is chance in the 10,000 points; the bars are two standard errors. Marks at the
# lower edge are below it: an estimate that is negative says nothing.) The last two are EM, and
# need a limit on the slope, here a one-sided penalty; lesson 6 told why their gap may exceed EM.
#
# Now laws that do not overlap: uniform on $[0, 1]$ and on $[1 + d, 2 + d]$, with an empty interval
# of length $d$ between them.
#
# **Predict**, for $d = 0.5$ and for $d = 2$: what do the discriminators of the GAN and of the hinge
# say? What does the one for KL say, whose exact value is infinite?

# %%
apart = {d: exact.known.Uniforms((0, 1), (1 + d, 2 + d)) for d in (0.5, 2.0)}
rows = {}
for name in ("non-saturating", "hinge", "f-kl", "wasserstein"):
    for d, laws in apart.items():
        now = told(name, laws, fit_steps)
        rows[name, d] = now.value
        print(f"{name:15} d = {d}: {now.value:8.3f}, exact {now.estimates} {now.exact:.3f}")

# %%
shorter = [told("f-kl", apart[2.0], steps).value for steps in (fit_steps // 4, fit_steps // 2)]
print(f"f-kl, d = 2: after {fit_steps // 4} steps {shorter[0]:.1f}, {fit_steps // 2}", end="")
print(f" {shorter[1]:.1f}, {fit_steps} {rows['f-kl', 2.0]:.1f}")
assert shorter[0] < shorter[1] < rows["f-kl", 2.0]
assert all(abs(rows["non-saturating", d] - np.log(2)) < 0.01 for d in apart)
assert all(abs(rows["hinge", d] - 1) < 0.01 for d in apart)
assert rows["wasserstein", 2.0] > 1.5 * rows["wasserstein", 0.5]

# %% [markdown]
# JS is $\log 2$ and TV is 1, at both distances: these estimates are *right*, and useless to a
# generator that asks how far it has to go. The estimate of KL follows the truth to infinity, as
# fast as the optimizer lets it; it tells how long one has trained. Only EM sees $d$. (It is above
# 1.5 and 3 by the law of lesson 6, if it was trained long enough.)
#
# ### Three without a discriminator
#
# Some generators are trained on the distance of two *batches*, computed as it is: `gmmn` on MMD
# (lesson 4), `sinkhorn` on entropic transport, `emd` on the linear program itself. There is nothing
# to fit and nothing to fool. There is another price.
#
# **Predict**: both batches come from the *same* law. What is the mean distance of two batches of
# 16? Of 256?

# %%
ring, generator = data.toy("8gaussians"), torch.Generator().manual_seed(0)
floors = {}
for size in (16, 64, 256):
    for name in ("mmd", "sinkhorn", "emd"):
        values = []
        for _ in range(4):
            batches = [ring.sample(size, generator) for _ in range(2)]
            values.append(OBJECTIVES[name].estimate(Batch(*batches, *batches)).item())
        floors[name, size] = np.mean(values)
    print(f"batches of {size:3}:", end=" ")
    print(", ".join(f"{name} {floors[name, size]:.3f}" for name in ("mmd", "sinkhorn", "emd")))
assert floors["emd", 16] > 2 * floors["emd", 256] > 0.1

# %% [markdown]
# Not 0. EM of two batches has a floor, and it falls slowly with their size (lesson 4). The
# generator goes down a distance of *batches*, and the law whose batches are nearest in the mean is
# not quite the real law (Bellemare et al. 2017). A critic is trained over many batches, and so
# averages over more points than one batch has.
#
# ## Count modes, over seeds
#
# A generator *collapses* if it makes some of the modes and leaves others out. "In no experiment did
# we see evidence of mode collapse for the WGAN algorithm", says the WGAN paper (section 4.3). To
# test such a sentence one must say what counts as a mode that was found. Two ways, on a ring of
# eight Gaussians of deviation 0.05:
#
# - a mode is **reached** if it is the nearest mode of at least a tenth of its share of the points
#   (that is, of 1/80 of them);
# - it is **found** if as many points are *near* it, within 4 deviations.
#
# Points between two modes count for the first and not for the second.


# %%
def reached(view):
    """Modes that are the nearest one of enough points."""
    nearest = torch.cdist(view.fake, view.law.modes).argmin(dim=1)
    counts = torch.bincount(nearest, minlength=len(view.law.modes))
    return {"reached": int((counts >= 0.1 * len(view.fake) / len(view.law.modes)).sum())}


network = learned.MLPConfig(width=64, depth=3, init="he")
small = {"data": "8gaussians:std=0.05", "critic": network, "generator": network}
small |= {"batch": 64, "warm_up": 0}


# %%
def config(preset, **changes):
    """A preset at this lesson's sizes."""
    return replace(PRESETS[preset], **(small | changes))


# %%
hasty = Optimizer(lr=1e-3, betas=(0.9, 0.999), schedule="linear")
half = {"iterations": updates // 2}
players = {
    "GAN": config("gan", **half),
    "GAN, momentum 0.9": config("gan", **half, critic_optimizer=hasty, generator_optimizer=hasty),
    "least squares": config("lsgan", **half),
    "WGAN, penalty": config("wgan-lp", iterations=updates // 6),
    "GMMN": config("gmmn", **half),
}


# %%
def ending(player, seed):
    """The last row of a run, and its points."""
    shown = []
    watch = [*compare.observers(400), reached]
    watch.append(lambda view: shown.append(view.fake.numpy()) or {})
    seeded = replace(player, seed=seed, every=player.iterations)
    run = learned.train(seeded, observers=watch, progress=False, device="cpu")
    return run.history[-1], shown[-1]


# %% [markdown]
# Each has the same number of updates in all (a WGAN spends five of six on its critic; the GMMN has
# half as many, all on the generator). The second is the same GAN with the usual momentum of Adam,
# $\beta_1 = 0.9$; the others have $\beta_1 = 0.5$ or 0 (lesson 8). All rates fall to 0.
#
# **Predict**: the GAN of row 1 on four seeds. Does it find all eight modes always, sometimes,
# never? Which row will have the largest spread between seeds?

# %%
ends, clouds = {}, {}
for name, player in players.items():
    both = [ending(player, seed) for seed in range(seeds)]
    ends[name], clouds[name] = zip(*both, strict=True)

# %%
print(f"{seeds} seeds            reached          found            exact EM")
for name, rows in ends.items():
    counted = [" ".join(f"{row[what]}" for row in rows) for what in ("reached", "modes")]
    emds = np.array([row["emd"] for row in rows])
    print(f"{name:18} {counted[0]:16} {counted[1]:16} {emds.min():.2f} to {emds.max():.2f}")
floor = compare.sampling_floor(data.toy("8gaussians", std=0.05), 400)
print(f"sampling floor of EM {floor:.2f}")

# %%
figure, panels = plt.subplots(2, len(players), figsize=(11, 5), sharex=True, sharey=True)
for column, (name, rows) in zip(panels.T, ends.items(), strict=True):
    order = np.argsort([row["emd"] for row in rows])
    for axes, seed, rank in zip(column, (order[0], order[-1]), ("best", "worst"), strict=True):
        axes.plot(*clouds[name][seed][:150].T, ".", color=plots.FAKE["color"], ms=2.5)
        axes.plot(*ring.modes.T, **plots.REAL, fillstyle="none", ls="", ms=11)
        row = rows[seed]
        told_row = f"{row['reached']} reached, {row['modes']} found"
        axes.set_title(f"{rank}: EM {row['emd']:.2f}\n{told_row}", fontsize=9)
        axes.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal", xticks=[], yticks=[])
    column[0].set_title(f"{name}\n{column[0].get_title()}", fontsize=9)
plt.show()

# %%
means = {name: np.mean([row["emd"] for row in rows]) for name, rows in ends.items()}
found = {name: [row["modes"] for row in rows] for name, rows in ends.items()}
print("mean EM:", ", ".join(f"{name} {value:.2f}" for name, value in means.items()))
if length == 1:
    spread = {name: np.ptp([row["reached"] for row in rows]) for name, rows in ends.items()}
    assert max(spread, key=spread.get) == "GAN, momentum 0.9"
    assert np.mean(found["GAN, momentum 0.9"]) < np.mean(found["GAN"]) - 1
    for name in ("GAN", "WGAN, penalty"):
        hits = [row["reached"] for row in ends[name]]
        assert min(hits) >= 7
        assert sum(found[name]) < sum(hits)
    assert min(found["least squares"]) >= 7

# %% [markdown]
# What is seen:
#
# - With momentum 0.9 the GAN heaps its points here and there, and seeds differ widely. This is
#   collapse, made by one number of the optimizer.
# - The same GAN without it *reaches* the modes. Many points still lie between them, so it *finds*
#   fewer. Whether a report calls that collapse depends on how it counts.
# - The WGAN reaches them too. After so few steps it finds fewer than it reaches.
# - Least squares under spectral normalization finds them within these steps.
#
# And what is *not*: that one method collapses and another does not. These are small networks, one
# law, short runs, and settings of ours. In longer runs (the figure `lab_modes` has ten seeds of
# 3,000 critic steps) the order may change. The sentence of the paper is about its own experiments,
# on images.
#
# ### On images
#
# Such an experiment is the paper's figure 7: a generator that is an MLP, with nothing that suits
# images, against a convolutional critic with batch norm, as a WGAN and as a GAN. Ours are of
# pixel-art faces, a law all of whose attributes are known, so that modes can be counted: 206
# values, from 5 backgrounds to 45 hairs (lesson 11). Each was trained once, for minutes, and is
# kept as a *record*, which `load_run` opens as any run.
#
# **Predict**: how many of the 206 values do 300 faces of each have? One single face has 17.

# %%
records = Path("../figures/records/runs")
figure, panels = plt.subplots(2, 1, figsize=(6, 1.9))
for axes, (name, what) in zip(panels, {"wgan_mlp": "WGAN", "gan_mlp": "GAN"}.items(), strict=True):
    maker = learned.load_run(records / name, device="cpu")
    faces = maker.sample(300, torch.Generator().manual_seed(0))
    told_faces = compare.face_attributes(faces)
    plots.show_images(axes, data.as_bytes(faces[:12]), 12)
    axes.set_title(f"{what}: {told_faces.found} of {told_faces.all} values found", fontsize=9)
    assert (told_faces.found > 100) == (what == "WGAN")
plt.show()

# %% [markdown]
# One image, whatever the noise: the GAN has collapsed, with all three seeds that were tried, and no
# WGAN has (`wgan_fig7` among the project's figures; `wgan_fig5` is the same with a convolutional
# generator, where neither does).
#
# How much does one seed say? Take one run of each of two methods, by chance, and believe the
# picture. How often would it name the wrong one of the two as better? You find out in exercise 3.
#
# ## Failing on purpose
#
# Everyone's GAN fails at some time, and shows nothing but curves. Five failures follow. Each has a
# *twin* that works; what they differ in is said. Four panels: exact EM (which you would
# not have in earnest), the discriminator's estimate and the norm of the generator's gradient
# (which you would), and the points at the end. The twin is grey.


# %%
def watched(settings):
    """A run's history, and its points at the end."""
    shown = []
    look = [*compare.observers(300), lambda view: shown.append(view.fake.numpy()) or {}]
    iterations = max(10, int(length * settings.iterations))
    shorter = replace(settings, iterations=iterations, every=5)
    run = learned.train(shorter, observers=look, progress=False, device="cpu")
    return {name: np.array([row[name] for row in run.history]) for name in KEPT}, shown[-1]


KEPT = "iteration", "emd", "estimate", "generator_gradient"
TITLES = "exact EM", "estimate", "generator's gradient"


# %%
def show(sick, twin, title, real=ring.modes):
    """EM, estimate and gradient of a failure over those of its twin, and its points."""
    figure, panels = plt.subplots(1, 4, figsize=(11, 2.5))
    styles = plots.EXACT, plots.CRITIC, {"color": plots.FAKE["color"]}
    for axes, name, style, label in zip(panels, KEPT[1:], styles, TITLES, strict=False):
        axes.plot(twin[0]["iteration"], twin[0][name], color="0.65", lw=2, ls="-.", label="twin")
        axes.plot(sick[0]["iteration"], sick[0][name], **style, lw=2, label="failure")
        axes.set(title=label, xlabel="iteration")
    panels[2].set_yscale("log", nonpositive="mask")
    panels[0].legend(fontsize=9)
    panels[3].plot(*sick[1][:250].T, ".", color=plots.FAKE["color"], ms=2)
    panels[3].plot(*real.T, **plots.REAL, fillstyle="none", ls="", ms=9)
    panels[3].set_title("points at the end")
    figure.suptitle(title)
    plt.show()


# %% [markdown]
# ### 1 · Too good a teacher
#
# The real points lie 10 to the right of the fakes. The discriminator has 500 steps to learn before
# the generator's first, and five for each of its steps. The generator goes down the *minimax* loss,
# $\log(1 - D)$, by plain gradient steps (SGD), which are as long as the gradient says. The twin is
# a WGAN with a one-sided penalty and the same SGD.
#
# **Predict** all three curves: EM, the estimate of JS, the gradient.

# %%
far = {"data": "gaussian:mean=(10,0),std=0.5", "warm_up": 500, "iterations": 80, "n_critic": 5}
far |= {"generator_optimizer": Optimizer("sgd", 1e-3), "critic_optimizer": Optimizer(lr=1e-3)}
saturated = watched(config("gan-minimax", **far))
steady = watched(config("wgan-lp", **far))
target = data.toy("gaussian", mean=(10, 0), std=0.5).sample(50, generator)
show(saturated, steady, "Too good a teacher", target)

# %%
(sick, _), (twin, _) = saturated, steady
print(f"EM from {sick['emd'][0]:.2f} to {sick['emd'][-1]:.2f}; twin to {twin['emd'][-1]:.2f}")
print(f"estimate at the end {sick['estimate'][-1]:.4f}, log 2 = {np.log(2):.4f}")
weakest = [np.nanmedian(run["generator_gradient"]) for run in (sick, twin)]
print(f"median gradient {weakest[0]:.1g}; twin {weakest[1]:.2g}")
assert sick["emd"][-1] > 0.95 * sick["emd"][0]
assert weakest[0] < weakest[1] / 10
assert np.median(sick["estimate"]) > 0.95 * np.log(2)
assert twin["emd"][-1] < (0.6 if length == 1 else 0.95) * twin["emd"][0]

# %% [markdown]
# **Reading.** The estimate sits at its maximum, $\log 2$: the discriminator is always right. The
# gradient is tiny and, at times, jumps when a few fakes are misjudged. The points stay. Lesson 5
# in one picture. (Adam would hide it for a while, because it divides a gradient by its own size;
# then it walks, and no longer knows where to.)
#
# ### 2 · No constraint
#
# A WGAN whose critic nobody limits, everything else as in the twin.
#
# **Predict**: what does the gap do? And EM, for which the generator still climbs $f$?

# %%
fast = {"critic_optimizer": Optimizer(lr=1e-3), "generator_optimizer": Optimizer(lr=1e-3)}
healthy = watched(config("wgan-lp", iterations=150, **fast))
free = watched(config("wgan-lp", iterations=150, constraint="none", **fast))
show(free, healthy, "No constraint")

# %%
(sick, _), (twin, _) = free, healthy
print(f"largest gap {sick['estimate'].max():.3g} where EM is about {sick['emd'][-1]:.2f}")
print(f"twin: largest gap {twin['estimate'].max():.2f}, EM at the end {twin['emd'][-1]:.2f}")
if length == 1:
    assert sick["estimate"].max() > 4 * sick["emd"][-1]
    assert sick["emd"][-5:].mean() > 1.15 * twin["emd"][-5:].mean()

# %% [markdown]
# **Reading.** A gap that grows while the points do not get better, together with a *growing
# gradient*: the critic becomes steeper and steeper. With a limit, a gap that grows without end
# cannot be (lesson 6). The points move all the same, because Adam takes the direction and little
# else.
#
# ### 3 · Too high a rate
#
# A clipped WGAN with RMSProp at 0.05, for both players; the twin has 0.001.
#
# **Predict**: how far does RMSProp move each weight in its *first* step, at rate 0.05? (It divides
# the gradient by the root of a mean that starts at 0 and takes in 1 % of the squared gradient a
# step.) What is then left of the generator?

# %%
rates = {"critic_optimizer": Optimizer("rmsprop", 0.05)}
rates["generator_optimizer"] = rates["critic_optimizer"]
flung = watched(config("wgan", iterations=150, **rates))
calm = watched(config("wgan", iterations=150))
show(flung, calm, "Too high a rate")

# %%
(sick, _), (twin, _) = flung, calm
print(f"largest EM {sick['emd'].max():.0f}, at the end {sick['emd'][-1]:.3g}", end="")
print(f"; estimate {sick['estimate'][-1]:.2g}; gradient {sick['generator_gradient'][-1]:.1g}")
print(f"twin: EM at the end {twin['emd'][-1]:.2f}")
assert sick["emd"][-1] > 0.5
if length == 1:
    assert sick["emd"][-5:].mean() > 1.5 * twin["emd"][-5:].mean()

# %% [markdown]
# **Reading.** The first step is $0.05\, g / \sqrt{0.01\, g^2}$, that is 0.5 for every weight,
# whatever its gradient. After a few of these the points are flung out of the picture, and no unit
# of a network may be alive any more: then the estimate is 0 and the gradient is 0, exactly. **An
# estimate of 0 is not always success.** Success has a gap that *falls* to near 0, with gradients
# that do not vanish, and points that one can look at.
#
# ### 4 · Momentum
#
# A clipped WGAN with one critic step for each generator step, Adam with $\beta_1 = 0.9$; the twin
# has $\beta_1 = 0$, everything else equal.
#
# **Predict**: the critic changes after every step of the generator. What does a player do who keeps
# nine tenths of its last direction?


# %%
def adam(beta):
    """Both players' optimizer."""
    both = Optimizer(lr=2e-3, betas=(beta, 0.999))
    return {"critic_optimizer": both, "generator_optimizer": both}


swinging = watched(config("wgan", n_critic=1, iterations=300, **adam(0.9)))
damped = watched(config("wgan", n_critic=1, iterations=300, **adam(0.0)))
show(swinging, damped, "Momentum")

# %%
(sick, _), (twin, _) = swinging, damped
late = [run["emd"][len(run["emd"]) // 2 :].mean() for run in (sick, twin)]
swings = [int((np.diff(np.sign(run["estimate"])) != 0).sum()) for run in (sick, twin)]
print(f"mean EM of the second half {late[0]:.2f}, twin {late[1]:.2f}")
print(f"the estimate changes its sign {swings[0]} times; twin {swings[1]}")
if length == 1:
    assert late[0] > 2 * late[1]
    assert swings[0] > swings[1]

# %% [markdown]
# **Reading.** A gap that swings about 0, below it as often as above. The points run past the real
# ones, the critic turns, too late, and they run back. A negative gap says that $f$ is *lower* on
# real points: the critic is about where the fakes were, not where they are.
#
# ### 5 · A critic that lags
#
# A penalized WGAN whose critic takes one step for each of the generator's, at a tenth of its rate.
# The twin takes five, at the same rate as the generator.
#
# **Predict**: the generator climbs an $f$ that hardly changes. Where to? What does the gap say?

# %%
slow = fast | {"critic_optimizer": Optimizer(lr=1e-4)}
lagging = watched(config("wgan-lp", iterations=150, n_critic=1, **slow))
show(lagging, healthy, "A critic that lags")

# %%
(sick, _), (twin, _) = lagging, healthy
late = [run["emd"][len(run["emd"]) // 2 :].mean() for run in (sick, twin)]
print(f"largest EM {sick['emd'].max():.1f}", end="")
print(f"; mean of the second half {late[0]:.2f}, twin {late[1]:.2f}")
print(f"lowest gap {sick['estimate'].min():.2f}, where no optimal critic has one below 0")
assert sick["estimate"].min() < -0.2
if length == 1:
    assert late[0] > 1.3 * late[1]

# %% [markdown]
# **Reading.** The fakes climb a hill that is not there any more, and pass it: the gap goes far
# below 0, in one long swing, not in many. The remedy is in Algorithm 1 itself: more critic steps,
# or a higher rate for the critic than for the generator (Heusel et al. 2017).
#
# ## Exercises
#
# Each has a cell that checks your answer and gives a hint when it is wrong.
#
# **1.** At a certain place the fakes are four times as dense as the reals: $q = 4 p$. What do the
# best discriminators return there? Give four numbers: the GAN's probability $D$ (not its logit),
# and $v$ of least squares, of the hinge and of f-Pearson.

# %%
answer_1 = None  # [D, least squares, hinge, Pearson]

# %%
check.best_outputs(answer_1, ratio=1 / 4)

# %% [markdown]
# **2.** The bound of the f-GAN for KL, $\mathbb{E}_P v - \mathbb{E}_Q e^{v - 1}$, changes when a
# constant $c$ is added to $v$. Find on paper the $c$ that makes it largest, for a given $v$. Then
# write the bound *with that $c$ put in*: a function of the discriminator's values at real and at
# fake points (arrays, whose lengths may differ), which no constant can change any more. For any $v$
# it is at least the f-GAN's bound, and still at most KL. (It has a name, Donsker and Varadhan's.)


# %%
def my_bound(v_real, v_fake):
    """The largest of the f-GAN's bounds of KL, over all v + c."""
    return None


# %%
check.kl_bound(my_bound)

# %% [markdown]
# **3.** Two methods were run with several seeds each, and a number was counted that should be
# *large*. The first method is better in the mean. Somebody runs each method *once*. Write the
# probability that the second comes out strictly better, when every pair of seeds is as probable as
# the others. (Then try it on `found` above.)


# %%
def my_misled(first, second):
    """Share of the pairs (one run of each) in which the second beats the first."""
    return None


# %%
check.misled(my_misled)

# %% [markdown]
# **4.** Four patients. Each of these runs has one of the five failures above, or is healthy. Their
# settings are hidden in `check` (do not look). Read the curves and name what each has, with the
# words of `ILLS`. No word is used twice.

# %%
ILLS = ["too good a teacher", "no constraint", "too high a rate"]
ILLS += ["momentum", "a critic that lags", "healthy"]
patients = {name: watched(settings) for name, settings in check.patients().items()}
figure, panels = plt.subplots(3, 4, figsize=(11, 5.6), sharex="col")
styles = plots.EXACT, plots.CRITIC, {"color": plots.FAKE["color"]}
for column, (name, (history, _)) in zip(panels.T, patients.items(), strict=True):
    for axes, number, style, label in zip(column, KEPT[1:], styles, TITLES, strict=True):
        axes.plot(history["iteration"], history[number], **style, lw=2)
        axes.set_ylabel(label if name == "A" else "")
    column[0].set_title(f"patient {name}")
    column[2].set_yscale("log", nonpositive="mask")
    column[2].minorticks_off()
    column[2].set_xlabel("iteration")
plt.show()

# %%
answer_4 = None  # {"A": "...", "B": "...", "C": "...", "D": "..."}

# %%
check.diagnosis(answer_4)

# %% [markdown]
# ## Summary
#
# | objective | its best discriminator knows | estimates | laws that do not overlap |
# |---|---|---|---|
# | hinge, f-TV, energy-based | which is denser | TV | 1 |
# | least squares | the share $(p - q) / (p + q)$ | Le Cam | 1 |
# | GAN | $\log (p / q)$ | JS | $\log 2$ |
# | f-KL, f-reverse-KL, f-Pearson | the ratio $p / q$ | KL, reverse KL, $\chi^2$ | infinite |
# | WGAN, loss-sensitive | how far, by its slope | EM | how far they are |
# | GMMN, Sinkhorn, EM of batches | there is none | a distance of *batches* | see lesson 4 |
#
# | what you see | what it may be | what to try |
# |---|---|---|
# | estimate at its maximum, gradient near 0 | too good a teacher | another loss; a critic |
# | gap and gradient grow without end | no constraint, or too weak a one | a constraint |
# | a jump, then estimate and gradient exactly 0 | too high a rate | a lower rate, from the start |
# | the gap swings about 0 | momentum | $\beta_1 = 0$; more critic steps |
# | a gap far below 0, points out of the picture | a critic that lags | more critic steps |
# | all of it differs from seed to seed | any of these | more seeds, before any claim |
#
# The table is a list of suspects, not a proof: in the exercises of this lesson each run had one
# illness; in earnest a run may have several.
#
# **References.** Goodfellow et al., *Generative Adversarial Networks*, 2014. Nowozin, Cseke,
# Tomioka, *f-GAN*, 2016, equations 2 to 4 and tables 2 and 6. Mao et al., *Least Squares Generative
# Adversarial Networks*, 2017. Lim and Ye, *Geometric GAN*, 2017, and Miyato et al., *Spectral
# Normalization*, 2018 (the hinge). Zhao, Mathieu, LeCun, *Energy-based GAN*, 2016. Qi,
# *Loss-Sensitive GAN*, 2017. Li, Swersky, Zemel, *Generative Moment Matching Networks*, 2015.
# Genevay, Peyré, Cuturi, *Learning Generative Models with Sinkhorn Divergences*, 2018. Bellemare et
# al., *The Cramer Distance as a Solution to Biased Wasserstein Gradients*, 2017. Heusel et al.,
# *GANs Trained by a Two Time-Scale Update Rule*, 2017. Arjovsky, Chintala, Bottou, *Wasserstein
# GAN*, 2017, section 4.
#
# **Next.** [10 · When estimates fail](10_when_estimates_fail.ipynb): what a critic's number does
# with few samples, in many dimensions and on hard laws.
