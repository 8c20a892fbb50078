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
# # 11 · Images
#
# **You will learn**
#
# 1. what the EM of images in the space of their pixels measures, how large it is between samples of
#    one law, and which images are nearer to real ones than real ones are;
# 2. what a critic of images knows of images that it has not seen: overfitting, and a proof about
#    *laws*;
# 3. how to read a training run on images, and how the same command runs on larger machines.
#
# **You need** lessons 6, 8 and 10. Convolutional networks are used, not explained.
#
# **Time.** Reading and exercises about 75 minutes; running all cells takes about 75 seconds. To
# predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of All Cells* first: the
# outputs below are the answers.

# %%
from dataclasses import replace
from pathlib import Path

import controls
import matplotlib.pyplot as plt
import numpy as np
import torch
from checks import images as check
from torch.nn import functional

from wganlab import compare, data, exact, learned, plots

plt.style.use(plots.STYLE)
CPU = torch.device("cpu")

# %% quick={"sides": (8, 16), "counts": (25, 400), "sizes": (10, 400)}
sides, counts, sizes = (8, 16, 32), (25, 50, 100, 200, 400), (10, 30, 100, 400)

# %% quick={"known": 1500, "n": 200, "fit_steps": 40, "iterations": 10, "looks": 2}
known, n, fit_steps = 9000, 500, 200
iterations, looks = 300, 12

# %% [markdown]
# ## An image is a point
#
# Four sets of images come with the package, and need no network: 20,000 pixel-art faces, 10,000
# handwritten digits, 3,720 printed letters and digits, 1,906 emoji. `data.images` reads them at
# these sizes and others, as bytes of shape `(n, height, width, channels)`.

# %%
sets = {"faces": "rgb", "mnist10k": "grey", "glyphs": "grey", "emoji": "rgb"}
figure, panels = plt.subplots(4, len(sides), figsize=(6.6, 3.3))
for row, (name, color) in zip(panels, sets.items(), strict=True):
    for axes, side in zip(row, sides, strict=True):
        images = data.images(name, side, color=color)
        some = np.random.default_rng(1).choice(len(images), 4, replace=False)
        plots.show_images(axes, images.images[some], 4)
        dimension = images.images[0].size
        axes.set_title(f"{name}, {side} px: d = {dimension:,}", fontsize=9)
plt.show()

# %% [markdown]
# An image with $d$ numbers is a point in $\mathbb{R}^d$, and a set of images is a cloud of points.
# Nothing else changes: EM is the linear program of lesson 2, with the Euclidean distance between
# images. We call it *pixel EM*.
#
# `data.image_law` gives what a WGAN trains on: tensors with pixels in $[-1, 1]$, and a tenth of the
# set *held out*, which no step of any training sees. White and black are 2 apart in every pixel, so
# two images are at most $2 \sqrt d$ apart: 32 at 16 px, 64 at 32 px.

# %%
laws = {side: data.image_law("mnist10k", side) for side in sides[1:]}
law = laws[16]
labels = law.whole.labels
print(f"images of shape {law.shape}: {len(law.rows):,} to train on, {len(law.unseen):,} held out")


def flat(images):
    """Images as points for the linear program: (n, d), float64."""
    return images.flatten(1).double().numpy()


# %% [markdown]
# ### Half against half
#
# Lesson 1 said it, lesson 10 measured it: samples are not laws. Two samples of one law have an EM
# above 0, its *sampling floor*. In $d$ dimensions it falls with the number of points $n$ like
# $n^{-1/d}$, if the points fill all $d$ dimensions. Digits do not, so they fare better. How much?
#
# **Predict before you run the next cell.** Take 400 threes and 400 other threes, at 32 px. Then 400
# threes and 400 eights. The second EM will be larger, but by what factor: 10, 4, or 1.4?


# %%
def digit(law, number, seed=0):
    """All images of one digit, shuffled."""
    rows = np.flatnonzero(law.whole.labels == number)
    return law.take(np.random.default_rng(seed).permutation(rows), CPU)


floors, apart = {}, {}
for side in sides[1:]:
    threes, eights = (flat(digit(laws[side], k)) for k in (3, 8))
    for m in counts:
        floors[side, m] = exact.emd(threes[:m], threes[400 : 400 + m])
        apart[side, m] = exact.emd(threes[:m], eights[:m])

# %%
figure, panels = plt.subplots(1, 2, figsize=(10, 3.6))
for axes, side in zip(panels, sides[1:], strict=False):
    between, within = ([values[side, m] for m in counts] for values in (apart, floors))
    axes.plot(counts, between, **plots.EXACT, marker="s", label="3 and 8")
    axes.plot(counts, within, **plots.REAL, ls=":", label="3 and other 3")
    axes.set(title=f"{side} px, d = {side**2:,}", xlabel="n, images of each", xscale="log", ylim=0)
    axes.set_xticks(counts, counts)
    axes.minorticks_off()
panels[0].set_ylabel("exact pixel EM")
panels[0].legend(loc="lower left")
plt.show()

# %%
for side in sides[1:]:
    ratio = apart[side, 400] / floors[side, 400]
    power = np.log(floors[side, 400] / floors[side, 25]) / np.log(16)
    print(f"{side} px: 3 to 8 is {ratio:.2f} times 3 to 3; the floor falls like n^{power:.2f}")
    assert 1.2 < ratio < 1.7
    assert -0.2 < power < -0.03

# %% [markdown]
# About 1.4. Most of what is measured between threes and eights would be measured between threes and
# threes, too. And more images hardly help: a floor that falls like $n^{-0.1}$ needs a thousand
# times as many images to be halved. (Exercise 1 does this sum for other numbers.)
#
# So a pixel EM is never read alone. *Beside it stands the floor, of the same n and the same size.*
#
# ### Nearer than real
#
# Could fake images be nearer to real images than real images are? Let 500 held-out digits be the
# real ones. Five kinds of fakes, none of which has seen them:
#
# - **real**: 500 digits to train on;
# - **blurred**: the same digits, each pixel a mean of 3 x 3;
# - **averaged**: the same digits, each the mean of itself and its 15 nearest among 9,000;
# - **mean**: the mean of all digits, 500 times;
# - **few**: 50 digits, ten times each.
#
# **Predict** their order, from the smallest EM to the largest.

# %%
train = law.take(law.rows[:known], CPU)
held_out = law.held_out(n, CPU)
real = train[np.random.default_rng(0).permutation(len(train))[:n]]
near = compare.nearest_neighbors(real, train, k=16)[1]
fakes = {
    "real": real,
    "blurred": functional.avg_pool2d(real, 3, 1, 1, count_include_pad=False),
    "averaged": torch.stack([train[rows].mean(dim=0) for rows in near]),
    "mean": train.mean(dim=0).expand_as(real),
    "few": real[torch.arange(n) % (n // 10)],
}
emd = {name: exact.emd(flat(held_out), flat(images)) for name, images in fakes.items()}

# %%
figure, panels = plt.subplots(1, 5, figsize=(12, 2.9))
for axes, (name, images) in zip(panels, fakes.items(), strict=True):
    plots.show_images(axes, data.as_bytes(images[:16]), 4)
    axes.set_title(f"{name}\nEM {emd[name]:.2f}")
plt.show()
print(" < ".join(f"{name} {emd[name]:.2f}" for name in sorted(emd, key=emd.get)))
assert emd["averaged"] < 0.97 * emd["real"]
assert emd["blurred"] < emd["real"]
assert min(emd["mean"], emd["few"]) > 1.1 * emd["real"]

# %% [markdown]
# Averaged digits are nearer to real digits than real digits are. Averaging takes away what is
# particular to an image, and what is particular cannot be matched: of two sharp strokes at
# different places the distance counts both, of a sharp and a faint one little more than the first.
# A generator that made EM between *samples* as small as possible would learn to blur. (EM of the
# *laws* has no such fault: it is 0 for the real law and for no other.)
#
# What sees the difference? Features of a network, in place of pixels. We train a small classifier
# of digits, and compare its features by the squared MMD of lesson 4 under a cubic kernel: *KID*. It
# is unbiased, so its floor is 0, up to chance. The classifier also says which digits it sees.
#
# **Predict**: which of the five has a KID near 0?

# %%
classifier = compare.fit_classifier(
    law.whole.images, labels, 10, steps=fit_steps, device="cpu", progress=False
)
print(f"classifier: {classifier.accuracy:.0%} of held-out digits are right")
features = compare.features_of(classifier.features, held_out)
others = law.take(law.unseen[n:], CPU)  # real, to compare with

# %%
print("            EM     KID  classes  most frequent  memorization")
kid = {}
for name, images in {"held out": others, **fakes}.items():
    kid[name] = compare.kernel_distance(features, compare.features_of(classifier.features, images))
    told = compare.class_coverage(compare.features_of(classifier.probabilities, images))
    copied = compare.memorization(images, train, held_out)["memorization"]
    print(f"{name:9} {emd.get(name, np.nan):5.2f} {kid[name]:7.3f} {told['classes']:8}", end="")
    print(f"{told['largest_share']:15.0%} {copied:13.2f}")
assert max(abs(kid["held out"]), abs(kid["real"])) < 0.06
assert kid["blurred"] > 0.3
assert kid["mean"] > 0.5

# %% [markdown]
# No row is condemned by every number, so no single number will do:
#
# - **KID** sees that blurred and averaged digits are not like real ones, and that fifty digits are
#   not all. Only new digits and training digits are near 0.
# - **classes** sees the one mean digit, and nothing else.
# - **memorization** is the median distance to the nearest training image, divided by that of
#   held-out images: 1 for new images, 0 for copies. It exposes "real" and "few", which *are*
#   training images. A generator that returns them has learned nothing, and no other number says so.
#
# KID has its own limits. It is a number of *this* classifier (others give other numbers), and it is
# blind to what the classifier does not need.
#
# ## A critic of images
#
# Now a critic between two fixed sets: 400 threes are real, 400 eights are fake, at 16 px. Another
# 400 and 400 are held out. Five critics:
#
# - **clipped**: a DCGAN (the convolutional network of the papers), weights clipped at 0.02;
# - **penalized**: a DCGAN with a one-sided gradient penalty;
# - **orthonormal**: a perceptron of orthonormal layers with MaxMin, as in lesson 7;
# - **patches**: a convolutional critic whose patches tile the image, so that its layers can be
#   orthonormal (`PatchConfig`);
# - **folds**: layers that mirror what lies behind planes in pixel space (`FoldConfig`).
#
# The last three have a proven slope of at most 1.
#
# **Predict**: exact EM of the 800 images is about 8.2. What gap will the certified critics reach:
# 8, 7, or 5?

# %%
cosine = learned.Optimizer(lr=5e-3, betas=(0.9, 0.99), schedule="cosine")
linear = learned.Optimizer(lr=4e-3, betas=(0.5, 0.9), schedule="linear")
dcgan = learned.DCGANConfig(filters=8, norm="none", init="he")
one_sided, certain = learned.GradientPenalty(side="one"), learned.Orthonormal()
sorting = learned.MLPConfig(width=64, depth=3, activation="maxmin", init="he")
plain = learned.DCGANConfig(filters=8, norm="none")
slow = learned.Optimizer("rmsprop", 5e-4)
recipes = {
    "clipped": (learned.WeightClipping(0.02), plain, slow),
    "penalized": (one_sided, dcgan, linear),
    "orthonormal": (certain, sorting, cosine),
    "patches": (certain, learned.PatchConfig(filters=32), cosine),
    "folds": (certain, learned.FoldConfig(planes=64), cosine),
}


# %%
def fit(name, x, y, unseen):
    """A critic of images by its recipe, with its gap on held-out images recorded."""
    limit, network, optimizer = recipes[name]
    how = {"constraint": limit, "critic": network, "optimizer": optimizer, "held_out": unseen}
    usual = {"batch": 64, "records": fit_steps // 10, "device": "cpu", "progress": False}
    return learned.fit_critic(x, y, steps=fit_steps, **how, **usual)


threes, eights = digit(law, 3), digit(law, 8)
x, y, unseen = threes[:400], eights[:400], (threes[400:800], eights[400:800])
transport = exact.wasserstein(flat(x), flat(y))
critics = {name: fit(name, x, y, unseen) for name in recipes}

# %%
print(f"exact EM {transport.value:.2f}; f = 0 certifies ", end="")
print(f"{exact.certificate(np.zeros(400), flat(x), flat(y)):.2f}")
print("                gap  slope  gap/slope  proven L  certificate  cosine  gap on held-out")
board = {}
for name, critic in critics.items():
    now = board[name] = compare.critic_vs_exact(critic, x, y, transport=transport, product=True)
    print(f"{name:12} {now.critic_gap:6.2f} {now.slope:6.2f} {now.gap_over_slope:10.2f}", end="")
    print(f"{now.lipschitz:10.3g} {now.certificate:12.2f} {now.cosine:7.2f}", end="")
    print(f"{critic.final.held_out_gap:17.2f}")
    assert now.certificate < now.exact
    assert now.critic_gap < now.lipschitz * now.exact
    assert (abs(now.lipschitz - 1) < 1e-4) == (recipes[name][0] is certain)

# %%
proven = [board[name].critic_gap for name in ("orthonormal", "patches", "folds")]
assert 0.4 * transport.value < min(proven) < max(proven) < 0.75 * transport.value
assert max(board[name].cosine for name in board) < 0.8

# %% [markdown]
# About 5 of 8.2. Between two Gaussians in the plane such a critic reached 95 % and more (lesson 6).
# Here they stay near 60 %, and their gradients point only roughly (cosine 0.6) to where the exact
# plan sends an eight. (The clipped critic has its own unit, and the penalized DCGAN is not
# finished: it would need more steps. It does well further down, with a generator.) Is 60 % a
# failure of the networks? Look at what the exact critic asks for.

# %%
plan = transport.plan.tocsc()
partner = np.array([plan[:, j].toarray().argmax() for j in range(6)])
way = x[partner] - y[:6]
arrows = {"exact": way / way.flatten(1).norm(dim=1)[:, None, None, None]}
for name in ("folds", "patches"):
    arrows[name] = torch.as_tensor(critics[name].gradient(y[:6]))

# %%
figure, panels = plt.subplots(5, 6, figsize=(6.6, 5.8))
for row, images in zip(panels[:2], (y[:6], x[partner]), strict=True):
    for axes, image in zip(row, images[:, 0].numpy(), strict=True):
        axes.imshow(image, cmap="gray_r")
for row, gradients in zip(panels[2:], arrows.values(), strict=True):
    for axes, gradient in zip(row, gradients[:, 0], strict=True):
        top = float(gradient.abs().max())
        axes.imshow(gradient.numpy(), cmap="PuOr_r", vmin=-top, vmax=top)
names = "an eight", "its three", *arrows
for row, name in zip(panels, names, strict=True):
    row[0].text(-0.15, 0.5, name, transform=row[0].transAxes, ha="right", va="center")
for axes in panels.flat:
    axes.set_axis_off()
plt.show()

# %% [markdown]
# The first row: six fake images. Under each the three that the optimal plan sends it to. Under that
# the exact critic's gradient on the way there (orange: more ink, violet: less). It says "become
# *that* three", with every accident of its hand. The folds, and the patches, say nearly the same to
# every eight: take ink from the two strokes on the left that a three lacks. They know what *threes*
# are, not what each three is. That is less of the EM of these 800 images. Is it less of the EM of
# the laws?
#
# ## Overfitting
#
# A critic's gap on its own training images is one thing, its gap on new images another. The WGAN-GP
# paper shows it in figure 5b: with 1,000 digits to train on, the gap on them rises while the gap on
# others falls. The authors blame a network that overfits. We have what they had not: the exact
# critic, and exact EM.
#
# **Predict**, for $n$ threes and $n$ eights with $n = 10$ and $n = 400$: the gap of the folds on
# their training images, and on held-out ones. And the *exact* critic, which has the largest gap of
# all on its $2n$ images: what is its gap on held-out images?


# %%
def parted(x, y, unseen):
    """A critic of folds, the exact one, and what each says of images not seen."""
    solved = exact.wasserstein(flat(x), flat(y))
    seen_not = [solved.critic(flat(z)).mean() for z in unseen]
    return fit("folds", x, y, unseen), solved.value, seen_not[0] - seen_not[1]


# %%
mixed = law.take(np.random.default_rng(1).permutation(law.rows)[:2800], CPU)  # all ten digits
pairs = {
    "threes and eights": (threes, eights, unseen),
    "digits and other digits": (mixed, mixed[1000:], (mixed[2000:2400], mixed[2400:2800])),
}
learning = {
    (name, size): parted(real[:size], fake[:size], new)
    for name, (real, fake, new) in pairs.items()
    for size in sizes
}

# %%
figure, panels = plt.subplots(1, 2, figsize=(10.5, 3.8), sharey=True)
for axes, name in zip(panels, pairs, strict=True):
    fitted, emds, exact_gaps = zip(*(learning[name, size] for size in sizes), strict=True)
    gaps = [critic.final.gap for critic in fitted]
    new_gaps = [critic.final.held_out_gap for critic in fitted]
    axes.plot(sizes, emds, **plots.EXACT, marker="s", label="exact EM = gap of the exact critic")
    axes.plot(sizes, exact_gaps, color="black", ls=":", marker="s", label="... on held-out images")
    axes.plot(sizes, gaps, color=plots.CRITIC["color"], marker="o", label="gap of the folds")
    axes.plot(sizes, new_gaps, **plots.CRITIC, marker="o", label="... on held-out images")
    axes.set(title=name, xscale="log", xlabel="n, training images of each")
    axes.set_xticks(sizes, sizes)
    axes.minorticks_off()
panels[1].legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
for name in pairs:
    print(f"{name}:")
    for size in sizes:
        critic, emd_now, exact_new = learning[name, size]
        new_gap = critic.final.held_out_gap
        print(f"  n = {size:3}: folds {critic.final.gap:5.2f}, on held-out {new_gap:5.2f};", end="")
        print(f" exact {emd_now:5.2f}, on held-out {exact_new:5.2f}")
    few, many = (learning[name, size][0].final for size in (10, 400))
    assert few.gap - few.held_out_gap > 3 > many.gap - many.held_out_gap
for size in sizes:
    critic, _, exact_new = learning["threes and eights", size]
    assert exact_new < critic.final.held_out_gap - 0.5
    assert abs(learning["digits and other digits", size][0].final.held_out_gap) < 0.7
assert learning["digits and other digits", 10][0].final.gap > 5

# %% [markdown]
# On the right both laws are *the same*: the true EM is 0. With 10 images of each the folds reach a
# gap of about 8 all the same, and of 0 on images that they have not seen. All of that gap is
# learned by heart.
#
# And the *exact* critic is the worst of all. On the left, with 400 images, its gap is 8.2 on its
# own images and 3 on new ones, where the folds keep 4.7. It fits the sample perfectly, so it fits
# the accidents. Overfitting is not only a vice of large networks. **It is what the EM of a sample
# is**, in many dimensions. A modest network with a proven slope is a *better* judge of the laws
# than the exact critic of the sample. (Try `fit_steps = 2000` above: which of the folds' gaps
# grows?)
#
# In the paper's figure a generator is trained at the same time. `gp_fig5b` in the project's figures
# is that experiment, with exact EM under it: under the penalty the gaps part, and exact EM to
# training and to held-out images stays together.
#
# **Play.** Run the next cells and move the slider: the gaps of the folds while they are fitted, on
# training images and on held-out ones. Under it, two values, for those who only read.


# %%
def draw(figure, size):
    panels = figure.subplots(1, 2, sharey=True)
    for axes, name in zip(panels, pairs, strict=True):
        critic, emd_now, _ = learning[name, size]
        at = critic.column("step")
        axes.axhline(emd_now, **plots.EXACT, lw=1.2, label="exact EM")
        axes.plot(at, critic.column("gap"), color=plots.REAL["color"], label="training")
        held = critic.column("held_out_gap")
        axes.plot(at, held, color=plots.FAKE["color"], ls="--", label="held out")
        axes.set(title=name, xlabel="step", ylim=(-1, 10.5))
        axes.title.set_fontsize(10)
    panels[0].set_ylabel("gap")
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    figure.suptitle(f"{size} training images of each", fontsize=12)


# %%
controls.slider(draw, sizes, label="images", start=400, size=(8, 3.6))

# %%
controls.static(draw, [sizes[0], sizes[-1]], size=(4.6, 2.8))

# %% [markdown]
# ### A proof about laws
#
# The linear program says nothing certain about the laws: EM between samples is too large in the
# mean, and by an unknown amount. A critic with a *proven* slope of at most 1 does. Once it is
# fitted, it is just a function of slope at most 1, so its gap between the *laws* is at most their
# EM. Held-out images are a fair sample (the critic was neither fitted to them nor chosen by them),
# so the gap on them is an estimate of that, with a standard error that everybody can compute:
#
# $$\underbrace{\mathbb{E}_P f - \mathbb{E}_Q f}_{\text{gap on held-out images, } \pm} \;\le\;
# \mathrm{EM}(P, Q) \;\le\; \mathbb{E}\, \mathrm{EM}(P_n, Q_n)$$
#
# **Predict**: where does that put the EM between the law of threes and the law of eights? And
# between the law of digits and itself?

# %%
for name, (_, _, new) in pairs.items():
    critic, emd_now, _ = learning[name, 400]
    values = [critic(z) for z in new]
    gap = values[0].mean() - values[1].mean()
    error = np.sqrt(sum(value.var(ddof=1) / len(value) for value in values))
    print(f"{name}: {gap:.2f} ± {error:.2f} <= EM of the laws <= about {emd_now:.2f}")
    again = exact.emd(*(flat(z) for z in new))
    print(f"   EM of the held-out images {again:.2f}")
    assert critic.lipschitz < 1.0001
    assert abs(again - emd_now) < 0.4
    assert (gap - 3 * error > 2) == (name == "threes and eights")

# %% [markdown]
# Threes and eights are between 4.4 and about 8.2 apart, and, but for a very rare accident, not one
# law. Of the digits and other digits nothing above 0 is proven, as it should be. The upper end is
# the value of one sample, where a mean is asked for: another 400 images of each give nearly the
# same. What lies between the ends, nobody knows.
#
# A penalized critic proves nothing of this kind: its slope was only seen.
#
# ## A training run
#
# All is in place for Algorithm 1 on images: DCGAN generator, 16 px, 300 iterations. One run has a
# penalized DCGAN critic, as `--preset wgan-gp` has; one a critic of folds. (The rates are four
# times the preset's, for a short run.) Observers lay exact EM, KID and the other numbers beside
# them.

# %%
base = replace(
    learned.preset("wgan-gp", "mnist10k"),
    size=16,
    latent=32,
    generator=replace(dcgan, norm="batch"),
    critic=dcgan,
    critic_optimizer=linear,
    generator_optimizer=linear,
    iterations=iterations,
    every=iterations // looks,
)
configs = {
    "penalized": base,
    "folds": replace(base, constraint="orthonormal", critic=learned.FoldConfig(planes=64)),
}


# %%
class Sheets(dict):
    """An observer that keeps some generated images of every look."""

    def __call__(self, view):
        self[view.iteration] = data.as_bytes(view.fake[:64])
        return {}


# %%
judge = compare.feature_observer(classifier, train=train)
truth = compare.observers(n)[0]
sheets = {name: Sheets() for name in configs}
runs = {
    name: learned.train(
        config, observers=[truth, judge, sheets[name]], device="cpu", progress=False
    )
    for name, config in configs.items()
}
floor = compare.sampling_floor(law, n)

# %% [markdown]
# **Predict**: when the images are at their best, where will exact EM be: below the floor, at the
# floor, above it? And which of the curves will tell you when to stop?

# %%
figure, panels = plt.subplots(1, 3, figsize=(9, 2.9))
for (name, run), style in zip(runs.items(), (plots.FAKE, plots.REAL), strict=True):
    at = [row["iteration"] for row in run.history]
    for axes, column in zip(panels, ("estimate", "emd", "kid"), strict=True):
        axes.plot(at, [row[column] for row in run.history], **style, label=f"{name} critic")
panels[1].axhline(floor, color="0.4", ls=":", label="sampling floor")
titles = "gap on training images", "exact EM to held-out images", "KID to held-out images"
for axes, title in zip(panels, titles, strict=True):
    axes.set(title=title, xlabel="iteration")
panels[1].set_ylim(0)
panels[2].set_yscale("log")
panels[1].legend(loc="upper right", fontsize=9)
plt.show()

# %%
figure, panels = plt.subplots(2, 3, figsize=(6, 3.4))
at = sorted(sheets["folds"])
chosen = [at[len(at) // 3], at[-1]]
for row, (name, sheet) in zip(panels, sheets.items(), strict=True):
    for axes, iteration in zip(row, chosen, strict=False):
        plots.show_images(axes, sheet[iteration][:12], 4)
        axes.set_title(f"{name}, at {iteration}", fontsize=9)
    plots.show_images(row[-1], law.whole.images[law.unseen[:12]], 4)
    row[-1].set_title("held out", fontsize=9)
plt.show()

# %%
print(f"sampling floor {floor:.2f}")
print("critic     iteration    gap     EM  certificate    KID  classes  memorization")
for name, run in runs.items():
    for row in (run.history[k] for k in (0, len(at) // 3, -1)):
        print(f"{name:10} {row['iteration']:9} {row['estimate']:6.2f} {row['emd']:6.2f}", end="")
        print(f"{row['certificate']:13.2f} {row['kid']:6.2f} {row['classes']:8.0f}", end="")
        print(f"{row['memorization']:14.2f}")
        assert row["certificate"] < row["emd"]
    first, last = run.history[0], run.history[-1]
    assert last["emd"] < 0.95 * first["emd"]
    assert last["kid"] < 0.6 * first["kid"]
    assert last["emd"] > 1.05 * floor

# %%
if iterations == 300:  # what is said below; the short run of the tests does not come that far
    for run in runs.values():
        third, last = run.history[len(at) // 3], run.history[-1]
        assert abs(last["emd"] / third["emd"] - 1) < 0.08  # pixels stand still ...
        assert last["kid"] < 0.5 * third["kid"]  # ... while digits form
        assert last["classes"] >= 8
        assert last["kid"] < 0.4
    assert runs["folds"].history[-1]["emd"] < runs["penalized"].history[-1]["emd"] - 0.2
    assert runs["penalized"].history[-1]["estimate"] < 2

# %% [markdown]
# Read the three curves from left to right.
#
# - The **gap** rises first: the critic has to learn before it can object. Then it falls, and ends
#   between 1 and 2, where exact EM is above 7. It is not EM of these samples, and not meant to be:
#   a critic that does not learn by heart sees little left to object to.
# - **Exact EM** falls until about iteration 100, and *then stands still*, well above the floor.
#   Nothing in it says that strokes still form, and smudges are still going away. Pixel EM has no
#   reward for sharpness: see "nearer than real".
# - **KID** goes on falling, to about a third of what it was at 100. It says what the eye says.
#
# None of them is at its goal: a real set has a KID of 0, and the eye still tells these digits from
# real ones. 300 iterations of a small network are a sketch.
#
# The folds' generator is nearer in pixels. By KID the two are close, and one seed decides nothing.
# `lab_image_critics` in the project's figures asks the same of three critics of faces, and counts
# attributes in place of KID.
#
# ### Copies?
#
# Memorization is above 1: these samples are *farther* from all training images than new digits are.
# Look at them beside their nearest training images: neighbors, but no copies.

# %%
samples = runs["folds"].sample(12, torch.Generator().manual_seed(5))
distances, rows = compare.nearest_neighbors(samples, train)
pictures = [data.as_bytes(images) for images in (samples, train[rows[:, 0]])]
usual = compare.memorization(samples, train, held_out)["nearest_held_out"]
figure, panels = plt.subplots(2, 1, figsize=(10, 2.2))
for axes, images, name in zip(panels, pictures, ("samples", "nearest\nto train on"), strict=True):
    plots.show_images(axes, images, 12)
    axes.text(-0.01, 0.5, name, transform=axes.transAxes, ha="right", va="center")
plt.show()
print(f"median distance {np.median(distances):.2f}; of held-out digits {usual:.2f}")
assert distances.min() > 0.3 * usual

# %% [markdown]
# ## A law of images whose truth is known
#
# Nobody knows the law of handwritten digits: a classifier guesses what a generated one shows. The
# set `faces` is drawn from a law that is known to the last pixel. A face has 17 attributes, from 5
# backgrounds to 45 hairs, all chosen independently; `data.law("faces")` draws new ones without end.
# So of a generated image we can find the nearest face that there is, and read from it what the
# generator knows: which values it makes, how often, and whether it ties them together.
#
# A WGAN-GP was trained on that law, for 12,000 iterations, a quarter of an hour of one core. It is
# kept as a *record*: `load_run` opens it as any run, and gives its generator as it is at the end.
#
# **Predict.** Which attributes does it get wrong most: those of large areas (background, skin),
# those of many forms (hair), or those that are rare (a beard or a hat, one face in 20)?

# %%
record = learned.load_run(Path("../figures/records/runs/faces"), device="cpu")
faces = record.sample(n, torch.Generator().manual_seed(1))
found = compare.face_attributes(faces)
near = found.reading.drawn
figure, panels = plt.subplots(2, 1, figsize=(8, 2.1))
sheets = {"generated": data.as_bytes(faces[:8]), "nearest\nface": near[:8]}
for axes, (name, images) in zip(panels, sheets.items(), strict=True):
    plots.show_images(axes, images, 8)
    axes.text(-0.01, 0.5, name, transform=axes.transAxes, ha="right", va="center")
plt.show()

# %%
rows = sorted(found.table, key=lambda row: row.floor - row.tv)
for row in [*rows[:4], *rows[-4:]]:
    print(f"{row.attribute:18} {row.found:2} of {row.values:2} values, ", end="")
    print(f"{row.tv:.2f} from the law; real faces {row.floor:.2f}")
print(f"values found {found.found} of {found.all}, valid faces {found.valid:.0%}")
print(f"dependence of two attributes {found.dependence:.3f} nats; in the law 0")
assert found.found > 0.85 * found.all
assert 0.05 < found.valid < 0.6

# %% [markdown]
# None of these. Large areas are nearly right, and so are rare beards and hats. Wrong are colors
# that are alike, as four of the eleven hair colors, all brown, which differ by a few of 255 levels:
# EM of pixels hardly feels which of them a face has. And small things: an earring of two pixels
# appears too often. Attributes are all but independent, as they should be. What moves few pixels by
# little is learned last.
#
# ## The same command on larger machines
#
# All of the above is one command. On a laptop, in five minutes of one core:
#
#     python -m wganlab train --preset wgan-gp --data faces
#
# Your own images: `--data folder:PATH`. On a machine with a GPU the same command takes the GPU. On
# several GPUs `torchrun` starts one process for each, and they share *one* run:
#
#     torchrun --nproc_per_node=4 -m -- wganlab train --preset wgan-gp-paper \
#         --data hub:pcuenq/lsun-bedrooms --batch 256 --precision bfloat16 --workers 8
#
# What is the same, and what grows?

# %%
small = learned.preset("wgan-gp", "mnist10k")
large = learned.preset("wgan-gp-paper", "mnist10k")
for name in ("size", "latent", "batch", "n_critic", "iterations"):
    print(f"{name:10} {getattr(small, name):>9,} {getattr(large, name):>9,}")
for name in ("critic", "generator"):
    print(f"{name:10}", end="")
    for config in (small, large):
        network, shape = getattr(config, name), (1, config.size, config.size)
        draws = torch.Generator().manual_seed(0)
        extra = (config.latent,) if name == "generator" else ()
        built = getattr(network, f"{name}_for")(*extra, shape, draws)
        print(f" {sum(weights.numel() for weights in built.parameters()):9,}", end="")
    print(" parameters")

# %% [markdown]
# Of four processes, each takes a quarter of the batch, computes its gradient, and all use the mean
# of the four. Is that the gradient of the whole batch? **Predict**, for a critic with a gradient
# penalty: without normalization; with layer norm (means over one image); with batch norm (means
# over the batch).


# %%
def step_gradient(critic, real, fake, between):
    """Gradient of -gap + penalty with respect to all weights, as one vector."""
    gap = critic(real).mean() - critic(fake).mean()
    points = between.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    penalty = 10 * (slopes.flatten(1).norm(dim=1) - 1).square().mean()
    parts = torch.autograd.grad(penalty - gap, list(critic.parameters()), allow_unused=True)
    return torch.cat([part.flatten() for part in parts if part is not None])


# %%
batch = threes[:64], eights[:64], (threes[:64] + eights[:64]) / 2
shared = {}
for norm in ("none", "layer", "batch"):
    network = replace(dcgan, norm=norm)
    critic = network.critic_for(law.shape, torch.Generator().manual_seed(0)).train()
    whole = step_gradient(critic, *batch)
    quarters = [step_gradient(critic, *(z[k::4] for z in batch)) for k in range(4)]
    shared[norm] = (torch.stack(quarters).mean(dim=0) - whole).norm() / whole.norm()
    print(f"{norm:6} relative difference {shared[norm]:.0e}")
assert max(shared["none"], shared["layer"]) < 1e-4
assert shared["batch"] > 0.01

# %% [markdown]
# Without normalization and with layer norm they agree, up to rounding: the gap and the penalty are
# means over images. Batch norm mixes the images of a batch, so the processes must exchange its
# means, too. (wganlab does that for batch norm in the generator and in clipped critics. A penalized
# critic with batch norm it refuses: there even the penalty is no penalty of a single image, which
# is why the WGAN-GP paper recommends layer norm.)
#
# **What was not run.** When this lesson was written, no GPU was at hand. Steps were run on torch's
# `meta` device, which catches tensors in the wrong place, but neither the second command above, nor
# a GPU of any kind, nor NCCL, nor LSUN, nor 64 px at the papers' length was tried. Tried were two
# and more processes on one machine, over Gloo: halves of a batch end with the weights of the whole
# one. (README's section *Limits* says how things stand now.) When you run it on yours, lay the
# first rows of `metrics.csv` beside those of a CPU.
#
# ## Exercises
#
# Each has a cell that checks your answer and gives a hint when it is wrong.
#
# **1.** Between $n$ and $n$ digits of 32 px, exact EM is 14.9 for $n = 100$ and 12.7 for
# $n = 1{,}000$. If it goes on falling by the same power of $n$: at which $n$ is it 6.35, half of
# the last? (A factor of 2 is near enough.)

# %%
answer_1 = None  # a number of images

# %%
check.images_to_halve(answer_1)

# %% [markdown]
# **2.** Beat the floor, by less obvious means than averaging neighbors. `train` is a tensor of
# training images `(m, 1, 16, 16)`. Return `n` images made from them whose EM to `n` held-out digits
# is at most 95 % of that of `n` training images. No image may be closer to its nearest training
# image than 0.1: no copies.


# %%
def my_fakes(train, n):
    """n images, shape (n, 1, 16, 16), nearer to real digits than real digits are."""
    return None


# %%
check.nearer_than_real(my_fakes, train, law.take(law.unseen[:300], CPU))

# %% [markdown]
# **3.** A critic whose slope is at most 1 for certain has values `f_real` and `f_fake` on held-out
# images, arrays of shapes `(n,)` and `(m,)`. Return a lower bound of the EM *of the laws* that
# chance exceeds only rarely: the gap minus two standard errors.


# %%
def my_bound(f_real, f_fake):
    """A lower bound of the EM of the laws, almost surely."""
    return None


# %%
check.bound_of_laws(my_bound)

# %% [markdown]
# **4.** A generator has learned all 9,000 training images by heart, and returns one of them, drawn
# at random. Which of these numbers tell you? A set of names out of `emd` (EM to held-out images,
# beside its floor), `train_emd` (EM to 500 of the training images, beside the same floor), `kid`,
# `classes`, `memorization` (with all training images).

# %%
answer_4 = None  # a set such as {"emd", "kid"}

# %%
check.what_tells_copies(answer_4)

# %% [markdown]
# ## Summary
#
# | number | trust it for | do not trust it for |
# |---|---|---|
# | pixel EM | falling, far above the floor | its size; sharpness: averages are nearer |
# | gap on training images | nothing | any distance: with few images it is learned by heart |
# | held-out gap, slope proven | EM of the *laws* is at least this, ± its error | how much more |
# | KID | looking like the set, to this classifier | copies; values under another classifier |
# | classes | lost digits | everything else |
# | memorization | copies, and near copies | quality: noise has more than 1 |
#
# The exact critic of a sample knows the sample best and the laws worst. A modest critic with a
# proven slope knows less, and what it knows is true of new images as well.
#
# **References.** Arjovsky, Chintala, Bottou, *Wasserstein GAN*, 2017, section 4. Gulrajani et al.,
# *Improved Training of Wasserstein GANs*, 2017, section 4 (layer norm) and section 5.4, figure 5b.
# Radford, Metz, Chintala, *DCGAN*, 2015. Bińkowski, Sutherland, Arbel, Gretton, *Demystifying MMD
# GANs*, 2018 (KID). Weed, Bach, *Sharp asymptotic and finite-sample rates of convergence of
# empirical measures in Wasserstein distance*, 2019 (the floor).
#
# **Next.** You have met every tool of the lab. The last lesson hands it to you: bring your own
# critic and your own distribution, and write a report that stands: [lesson 12](12_capstone.ipynb).
