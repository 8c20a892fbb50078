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
# # 12 · Capstone: your critic, your distribution
#
# **You will learn**
#
# 1. how to bring a critic and a distribution of your own into the lab, and lay them beside exact
#    EM;
# 2. what a report must hold so that its numbers stand: a question, a prediction, a floor, seeds,
#    proofs kept apart from guesses;
# 3. how to find the claims in a report that its numbers do not support.
#
# **You need** lessons 6 and 10; lesson 11 for projects on images.
#
# **Time.** Reading and exercises about 75 minutes, your own project some days; running all cells
# takes about 25 seconds. To predict honestly, choose *Kernel > Restart Kernel and Clear Outputs of
# All Cells* first: the outputs below are the answers.

# %%
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import controls
import matplotlib.pyplot as plt
import numpy as np
import torch
from checks import capstone as check
from torch import nn

from wganlab import compare, data, exact, learned, plots

plt.style.use(plots.STYLE)

# %% quick={"steps": 120, "counts": (2, 8), "seeds": 2, "days": 1, "shuffles": 49}
steps, counts, seeds = 300, (2, 3, 5, 8, 16), 3
days, shuffles = 4, 199

# %% [markdown]
# ## The task
#
# Bring one thing that this course did not have: a critic, a distribution, or both. Ask *one*
# question that exact EM can answer. Write down what you expect. Measure. Report in one page.
#
# Good questions are small. *How many planes does a critic need? Does my generator's law differ from
# my data's? Which of two critics keeps its gap on held-out points? How wrong is a gap of a critic
# with dropout? Do two sensors measure one law?* A question such as "is my GAN good?" has no answer.
#
# This lesson shows how things are brought, then two whole projects, then how they are graded. The
# projects are short on purpose. Yours may be, too.
#
# ## Bring a distribution
#
# Everything takes one of three forms.
#
# | what you have | its form | what you get |
# |---|---|---|
# | points | an array `(n, d)`; a file (`data.load_points`) | EM of the points |
# | a way to draw points | a function of `(n, generator)` | new points in every step |
# | two laws with an EM that you can prove | a class of `exact.known.Pair` | the truth itself |
#
# Take a flower: points fill a disk whose edge has five petals. First as a function. It draws from
# the `generator` that it is given and from nothing else, so equal seeds give equal points.


# %%
def flower(n, generator):
    """n points in a flower with five petals, shape (n, 2)."""
    u = torch.rand(n, 2, generator=generator, device=generator.device)
    angle = 2 * torch.pi * u[:, 0]
    radius = u[:, 1].sqrt() * (1 + 0.4 * torch.cos(5 * angle))
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


drawn = flower(400, torch.Generator().manual_seed(0))
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "flower.csv"
    np.savetxt(file, drawn.numpy(), delimiter=",", header="x,y", comments="")
    loaded = data.load_points(str(file)).points
print(f"from the file: {loaded.shape}, equal to the tensor: {np.allclose(loaded, drawn)}")
assert np.allclose(loaded, drawn)

# %% [markdown]
# The third form is the best, where you can get it: a pair with a *proof*. Shrink the flower to half
# its size about its center. What is the EM of the flower and the small flower?
#
# Send each point $x$ to $x / 2$. That costs $|x| / 2$, so EM is at most $\mathbb{E} |x| / 2$. And
# $f(x) = |x|$ has slope 1 and the gap $\mathbb{E}|x| - \mathbb{E}|x / 2|$, the same number, so EM
# is at least that (lesson 3: a plan and a critic that agree prove each other). The mean radius of
# our flower is $\tfrac23 \cdot 1$, since the petals average out. So EM is $\tfrac13$.
#
# A `Pair` draws points from uniform numbers `u` in the square. `swapped` makes the small one real.


# %%
@dataclass(frozen=True)
class Flowers(exact.known.Pair):
    """A flower, and the same at half its size."""

    swapped: bool = False
    law = "a flower and the same at half its size"
    dim, emd = 2, 1 / 3

    def _real(self, u):
        angle, scale = 2 * np.pi * u[:, 0], 0.5 if self.swapped else 1.0
        radius = scale * np.sqrt(u[:, 1]) * (1 + 0.4 * np.cos(5 * angle))
        return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])

    def _fake(self, u):
        return Flowers(not self.swapped)._real(u)


# %% [markdown]
# A proof may have a slip, and code may have another. So test the pair before you use it: EM of
# large samples must come near, and the critic of the proof must have the right gap.

# %%
x, y = Flowers().sample(2000, np.random.default_rng(0))
sampled = exact.emd(x, y)
length = np.linalg.norm(x, axis=1).mean() - np.linalg.norm(y, axis=1).mean()
print(f"EM of the laws {Flowers().emd:.3f}, of 2,000 points {sampled:.3f}, gap of |x| {length:.3f}")
assert max(abs(sampled - 1 / 3), abs(length - 1 / 3)) < 0.02

# %% [markdown]
# ## Bring a critic
#
# | what you have | how it is used |
# |---|---|
# | any function, points `(k, d)` to `k` numbers | `compare.critic_vs_exact(f, x, y)` judges it |
# | an `nn.Module` | the same; or `learned.fit_critic(x, y, critic=module)` trains it |
# | a function of `(dimension, generator)` that builds one | the same; and `compare.scoreboard` |
#
# The scoreboard runs over pairs and seeds. It takes a `learned.Method`: how to build the critic,
# its constraint, its optimizer.
#
# From a terminal: `python -m wganlab compare --points real.csv fake.csv --critic my_file:MyCritic`
# trains your class of modules under each constraint. Add `--constraint none` if it needs none.
#
# Ours is made of planes. A plane $w \cdot x + b$ with $|w| = 1$ has slope 1. The *largest* of
# several such planes has slope at most 1, too: at any place it is one of them. So has the smallest
# of several largest. We need no constraint, as the proof is in the construction, for any weights at
# all.


# %%
class Planes(nn.Module):
    """The smallest, over groups, of the largest of some planes of slope 1."""

    def __init__(self, dimension, generator, groups=1, planes=8):
        super().__init__()
        shape = groups, planes, dimension
        self.weight = nn.Parameter(torch.randn(shape, generator=generator))
        self.bias = nn.Parameter(0.1 * torch.randn(shape[:2], generator=generator))

    def forward(self, x):
        directions = self.weight / self.weight.norm(dim=2, keepdim=True)
        values = torch.einsum("nd,gpd->ngp", x, directions) + self.bias  # (n, groups, planes)
        return values.amax(dim=2).amin(dim=1)


# %% [markdown]
# ## Project 1: how many planes does a critic need?
#
# **Question.** How much of EM does a critic of $k$ planes reach between the flowers, if it is the
# largest of them?
#
# **Prediction before any measurement.** The best critic is $|x|$, a cone. The largest of $k$ planes
# through the center, with directions evenly spread, is a pyramid below it: at the angle $\alpha$
# from the nearest direction it is $|x| \cos \alpha$. Over all angles up to $\pi / k$ the mean of
# $\cos \alpha$ is
#
# $$\mathrm{share}(k) = \frac{\sin (\pi / k)}{\pi / k}.$$
#
# **Predict** with it: the share of EM with 2, with 3, with 8 planes. And think of one reason why it
# may be wrong for a flower.


# %%
def method(groups, planes):
    """How a critic of planes is fitted: no constraint, whole clouds in every step."""
    build = partial(Planes, groups=groups, planes=planes)
    optimizer = learned.Optimizer(lr=2e-2, schedule="cosine")
    return learned.Method(learned.NoConstraint(), build, optimizer, steps=steps, batch=0)


methods = {f"{planes} planes": method(1, planes) for planes in counts}
board = compare.scoreboard({"flowers": Flowers()}, methods, seeds, n=500, progress=False)

# %%
print("planes   predicted   gap / EM over seeds         certificate / EM   slope seen")
shares = {}
for planes in counts:
    rows = [row for row in board.rows if row.method == f"{planes} planes"]
    shares[planes] = np.array([row.critic_gap / row.exact for row in rows])
    predicted = np.sinc(1 / planes)
    told = " ".join(f"{share:.3f}" for share in shares[planes])
    proven = np.mean([row.certificate / row.exact for row in rows])
    print(f"{planes:6} {predicted:11.3f}   {told:27} {proven:17.3f}", end="")
    print(f"{max(row.slope for row in rows):13.3f}")
    assert max(row.slope for row in rows) < 1.001
    assert shares[planes].max() < 1.001
    assert abs(np.median(shares[planes]) - predicted) < 0.06

# %% [markdown]
# The law holds within a few percent. Where it does not, it fails in the direction that should have
# been predicted: five planes do *better* than it says, as they can turn to the five petals, where
# most of the mass is far out. With 16 planes the fit falls a little short.
#
# `scoreboard` says `lipschitz = inf`: for a module that it does not know it has no proof. Ours is
# on paper, in the text above the class, and the report must say so.
#
# **Play.** Run the next cells and move the slider: level lines of the fitted critic over both
# flowers, real in blue and fake in orange. Under it, four values, for those who only read.

# %%
x, y = Flowers().sample(500, np.random.default_rng(0))
axis = np.linspace(-1.5, 1.5, 121)
grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
fit = partial(learned.fit_critic, steps=steps, batch=0, records=2, device="cpu", progress=False)
optimizer, free = learned.Optimizer(lr=2e-2, schedule="cosine"), learned.NoConstraint()
fitted = {
    k: fit(x, y, critic=partial(Planes, planes=k), optimizer=optimizer, constraint=free)
    for k in counts
}


# %%
def draw(figure, k):
    critic, axes = fitted[k], figure.subplots()
    axes.contour(axis, axis, critic(grid).reshape(121, 121), 14, cmap="cividis", linewidths=1)
    axes.plot(*x.T, **plots.REAL, ls="", ms=2.5, label="real")
    axes.plot(*y.T, **plots.FAKE, ls="", ms=2.5, label="fake")
    share = critic.final.gap / exact_emd
    axes.set(title=f"{k} planes: {share:.0%} of EM", aspect="equal", xticks=(), yticks=())


exact_emd = exact.emd(x, y)

# %%
controls.slider(draw, counts, label="planes", start=counts[-1], size=(4.4, 4.4))

# %%
controls.static(draw, counts[:4], size=(2.9, 3.1))

# %% [markdown]
# ### Try to break it
#
# A project is not done when its prediction comes true. Where should the method fail? Swap the
# flowers: the small one is real. Then $-|x|$ is the best critic, EM is the same.
#
# **Predict**: what share do 8 planes reach now? And 16?

# %%
swapped = Flowers(swapped=True)
rivals = {"8 planes": method(1, 8), "16 planes": method(1, 16), "8 x 8 planes": method(8, 8)}
broken = compare.scoreboard({"swapped": swapped}, rivals, seeds, n=500, progress=False)
for seed in range(seeds):
    x, y = swapped.sample(500, np.random.default_rng(seed))
    centers = np.linalg.norm(x.mean(axis=0) - y.mean(axis=0))
    found = {row.method: row for row in broken.rows if row.seed == seed}
    print(f"seed {seed}: distance of the centers {centers:.3f}, gaps: ", end="")
    print(", ".join(f"{name} {row.critic_gap:.3f}" for name, row in found.items()))
    assert abs(found["16 planes"].critic_gap - centers) < 0.01
    assert found["8 x 8 planes"].critic_gap > 0.7 * found["8 x 8 planes"].exact

# %% [markdown]
# With 16 planes the gap is the distance between the clouds' *centers*, an accident of the sample,
# and with 8 it is no more. The reason is a theorem. A largest of planes is *convex*: it lies below
# its chords, so $f(x / 2) \le \tfrac12 f(x) + \tfrac12 f(0)$. The center 0 is the mean of the
# flower, so $f(0)$ is at most the mean of $f$ on it (Jensen's inequality). Together: the mean of a
# convex $f$ on the small flower is at most that on the large one, and between the laws its gap is
# never above 0. More planes cannot help, more steps cannot either. Another construction can: the
# smallest of 8 largest of 8 planes need not be convex, and it keeps its slope of at most 1.
#
# > **Report 1.** *Question.* What share of EM does a critic that is the largest of $k$ planes reach
# > between a flower and its half? *Prediction.* $\sin(\pi/k) / (\pi/k)$. *Law.* `Flowers`, EM 1/3
# > (proof above), 500 points of each, 3 seeds of points and weights; EM of the points 0.33 to 0.35.
# > *Critic.* `Planes`, slope at most 1 by construction (proof on paper, not by the package); Adam
# > 0.02, 300 steps. *Result.* Within 0.03 of the prediction, medians of 3 seeds: above it with few
# > planes and with 5 (petals?), just below it with 16. Certificates agree with gaps, as they should
# > when the slope is 1. *Where it fails.* Swapped, the gap is the distance of the centers for any
# > $k$, by Jensen. Groups repair it. *Limits.* One law, dimension 2, one optimizer. That sixteen
# > planes lose to their law may be the optimizer's doing: not tested.

# %%
if steps == 300:  # what the report says; the short run of the tests stops earlier
    off = {k: np.median(shares[k]) - np.sinc(1 / k) for k in counts}
    print(", ".join(f"{k} planes {value:+.3f}" for k, value in off.items()))
    assert max(abs(value) for value in off.values()) < 0.035
    assert off[5] > 0.005
    assert off[16] < 0
    assert all(0.32 < row.exact < 0.36 for row in board.rows)
    assert all(abs(row.certificate - row.critic_gap) < 0.01 for row in board.rows)

# %% [markdown]
# ## Project 2: are these two samples from one law?
#
# A workshop measures 150 bolts a day: length and diameter in millimeters, mass in grams. (We make
# the table here, so we know the truth: Monday and Tuesday are one law. On Friday two settings of
# the machine are mixed, long and thin or short and thick. Every column *alone* looks the same as
# ever.)


# %%
def bolts(rng, mixed=False, n=150):
    """A day's table, shape (n, 3): length, diameter, mass."""
    z = rng.normal(size=(n, 2))
    if mixed:
        z = 0.6 * z + 0.8 * rng.choice([-1, 1], size=(n, 1)) * np.array([1, -1])
    length, diameter = 50 + 0.4 * z[:, 0], 4 + 0.05 * z[:, 1]
    mass = 7.85e-3 * np.pi / 4 * diameter**2 * length + rng.normal(0, 0.02, n)
    return np.column_stack([length, diameter, mass])


# %%
rng = np.random.default_rng(0)
monday, tuesday, friday = bolts(rng), bolts(rng), bolts(rng, mixed=True)
for name, table in {"Monday": monday, "Tuesday": tuesday, "Friday": friday}.items():
    means, spreads = table.mean(axis=0), table.std(axis=0)
    told = [f"{mean:6.2f} ± {spread:.2f}" for mean, spread in zip(means, spreads, strict=True)]
    print(f"{name:8}", "  ".join(told))

# %% [markdown]
# **Question.** Does Tuesday differ from Monday? Does Friday? EM is above 0 in both cases, since
# samples are not laws. The floor is what we need, and we have no second Monday to get it from.
#
# A *permutation test* makes the floor from the data. If both days are one law, it is by chance
# which bolt came on which day. So shuffle the 300 bolts, cut them in two, take EM, and do so many
# times. The *p-value* is the share of cuts (the true one among them) whose EM is as large as the
# true one: rarely small if both are one law, whatever that law is.
#
# **Units first.** EM adds squares of millimeters to squares of grams. In these units the length
# varies most, so EM would see little else. We divide each column by its spread, over both days
# together, so that the shuffles see the same numbers. That is a choice, and a report tells it. (We
# also take off the mean. To EM that is nothing, as it moves both days alike. To a network it is
# much: with lengths around 50 it would hardly learn.)


# %%
def permutation(x, y, statistic, rng):
    """The statistic, its value in shuffled data, and the p-value."""
    both, true = np.concatenate([x, y]), statistic(x, y)
    shuffled = []
    for _ in range(shuffles):
        order = rng.permutation(len(both))
        shuffled.append(statistic(both[order[: len(x)]], both[order[len(x) :]]))
    return true, np.array(shuffled), (1 + np.sum(np.array(shuffled) >= true)) / (1 + shuffles)


# %%
def scaled(x, y):
    """Both tables, each column with mean 0 and spread 1 over both."""
    both = np.concatenate([x, y])
    return tuple((table - both.mean(axis=0)) / both.std(axis=0) for table in (x, y))


def centers(x, y):
    """Distance of the means."""
    return np.linalg.norm(x.mean(axis=0) - y.mean(axis=0))


# %% [markdown]
# **Predict** for Friday: will the distance of the means see it? EM of the raw numbers? EM of the
# scaled ones?

# %%
outcomes = {}
for day, table in {"Tuesday": tuesday, "Friday": friday}.items():
    for name, tables, statistic in (
        ("means, scaled", scaled(monday, table), centers),
        ("EM, raw", (monday, table), exact.emd),
        ("EM, scaled", scaled(monday, table), exact.emd),
    ):
        true, floor, p = permutation(*tables, statistic, np.random.default_rng(1))
        outcomes[day, name] = true, floor, p
        print(f"{day:8} {name:14} {true:.3f}, shuffled {floor.mean():.3f} ± ", end="")
        print(f"{floor.std():.3f}, p = {p:.3f}")
assert outcomes["Friday", "EM, scaled"][2] < 0.05 < outcomes["Friday", "means, scaled"][2]
assert outcomes["Tuesday", "EM, scaled"][2] > 0.05

# %%
far = {}
for name in ("EM, raw", "EM, scaled"):
    true, floor, _ = outcomes["Friday", name]
    far[name] = (true - floor.mean()) / floor.std()
assert far["EM, scaled"] > 1.3 * far["EM, raw"] > 2.6

# %%
figure, panels = plt.subplots(1, 3, figsize=(11, 3.4))
for table, style, day in ((monday, plots.REAL, "Monday"), (friday, plots.FAKE, "Friday")):
    panels[0].plot(*table[:, :2].T, **style, ls="", ms=4, label=day)
panels[0].set(title="Two columns of the table", xlabel="length, mm", ylabel="diameter, mm")
panels[0].legend(loc="lower left", fontsize=9)
for axes, day in zip(panels[1:], ("Tuesday", "Friday"), strict=True):
    true, floor, p = outcomes[day, "EM, scaled"]
    axes.hist(floor, 20, color="0.75", label="shuffled")
    axes.axvline(true, **plots.EXACT, label="true")
    axes.set(title=f"Monday and {day}: p = {p:.3f}", xlabel="EM, scaled", xlim=(0.3, 0.85))
panels[1].legend(loc="upper right", fontsize=9)
panels[1].set_ylabel("shuffles")
plt.show()

# %% [markdown]
# The means see nothing on Friday, as they should: no column changed its mean. Scaled EM is far
# beyond all shuffles. Raw EM stands out less, as it hardly looks at the diameter, which varies by
# 0.05. (p can be no smaller than 1 / (1 + shuffles). "p = 0" is never true.)
#
# **And a critic?** Our planes have slope 1 for certain. Fit them to half of each day; look at their
# gap on the other half, where it is fair. There a permutation test is cheap: the critic is fixed,
# so only its *values* are shuffled. **Predict**: the gap on the training half for Tuesday, which is
# Monday's law.


# %%
def critic_test(x, y, seed):
    """Gap on the first half, on the second half, and p-value of the second."""
    half, build = len(x) // 2, partial(Planes, groups=8, planes=8)
    critic = fit(x[:half], y[:half], critic=build, optimizer=optimizer, constraint=free, seed=seed)
    values = critic(x[half:]), critic(y[half:])
    gap, _, p = permutation(*values, lambda u, v: u.mean() - v.mean(), np.random.default_rng(1))
    return critic.final.gap, gap, p


# %%
print("          EM scaled      p    critic: gap on its half   on the other      p")
for seed in range(days):
    rng = np.random.default_rng(seed)
    first, same, mixed = bolts(rng), bolts(rng), bolts(rng, mixed=True)
    for name, table in (("one law", same), ("mixed", mixed)):
        pair = scaled(first, table)
        true, _, p = permutation(*pair, exact.emd, np.random.default_rng(1))
        gap, held_out, critic_p = critic_test(*pair, seed)
        print(f"{name:10} {true:8.3f} {p:6.3f} {gap:25.3f} {held_out:14.3f} {critic_p:6.3f}")
        outcomes[seed, name] = p, gap, critic_p

# %%
assert all(outcomes[seed, "mixed"][0] < 0.05 for seed in range(days))
assert all(outcomes[seed, "one law"][1] > 0.1 for seed in range(days))  # of one law!
if days == 4:  # what the report says
    assert 1 <= sum(outcomes[seed, "mixed"][2] < 0.05 for seed in range(days)) < days

# %% [markdown]
# A critic's gap on its own half is 0.2 to 0.6 between days of *one* law, and proves nothing: it is
# learned by heart. On the other half it is fair, and usable. But it is the weaker test here. It has
# half of the points to learn from and half to be judged by, and it misses mixed days that EM does
# not miss. It comes into its own where the linear program cannot go, with millions of points.
#
# > **Report 2.** *Question.* Is a day's table a sample of Monday's law? *Prediction.* EM sees a
# > mixed day, means do not. *Law.* Generated, so the truth is known: 150 rows a day, 3 columns,
# > each divided by its spread over both days. *Tests.* Permutation of EM, 199 shuffles; the same
# > for the gap of 8 x 8 planes (slope at most 1 by construction) on the half that it was not fitted
# > to. *Result.* In 4 draws of 4 EM finds the mixed day at p < 0.05, and the critic in fewer.
# > Training gaps of 0.2 to 0.6 between days of one law show nothing. *Limits.* At p < 0.05 one day
# > in twenty of the old law raises an alarm: with 8 tests here, one false alarm would be no
# > surprise. Four draws say little about how often smaller changes would be found. That the scaling
# > is right for this workshop is an assumption.
#
# ## The rubric
#
# Twenty points. A report that finds nothing, and says so, can have all of them.
#
# | points | for | lost when |
# |---|---|---|
# | 2 | **a question** that exact EM can answer | it asks whether something is "good" |
# | 2 | **a prediction**, with a reason, before measuring | it is fitted to the result |
# | 3 | **the law**: how made, $n$, $d$, units, known truth | units are mixed without a word |
# | 4 | **four numbers kept apart**: gap, slope, $L$, certificate | a seen slope is called a bound |
# | 3 | **the floor** beside every EM, held-out points for gaps | samples pass for laws |
# | 2 | **seeds** of points and of weights, all shown | one run, or the best one |
# | 2 | **an attempt to break it** | only what works is shown |
# | 1 | **limits**: what was not tried, what else explains it | "further work" |
# | 1 | **code** that others can run, with versions | a picture alone |
#
# (`python -m wganlab doctor` prints the versions.)
#
# Grade our two reports before you read on. We give the first 18: it shows no floor (with a known
# pair the truth takes its place, which should be said), and no versions. The second gets 16: its
# prediction has no reason, and nothing tries to break the test (how small may a change be?).
#
# **A template.** One page: *Question. Prediction, and why. Law (how made, $n$, $d$, units, known
# truth). Critic (network, steps, proven slope or "none"). Numbers (a table: exact EM, floor, gap on
# training and on held-out points, slope, $L$, certificate and that of $f = 0$; a row a seed).
# Result, in two sentences. Where it fails. Limits. How to run it.*
#
# ## Exercises
#
# Each has a cell that checks your answer and gives a hint when it is wrong.
#
# **1.** Write a critic of your own that is 1-Lipschitz *for any weights* and reaches at least 80 %
# of EM between the swapped flowers, where a largest of planes is blind. Weights are given; fill in
# `forward`, from points `(n, 2)` to values `(n,)`. Another construction than that of `Planes` is
# welcome (change the weights, too, if you like). The check tries many weights, then fits yours with
# no constraint.


# %%
class MyCritic(nn.Module):
    """Slope at most 1, whatever the weights are."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 8, 2))
        self.bias = nn.Parameter(0.1 * torch.randn(8, 8))

    def forward(self, x):
        return None


# %%
check.certified_critic(MyCritic)

# %% [markdown]
# **2.** Write a sampler that `fit_critic` takes: $n$ points, uniform on the *area* between the
# circles of radius 1 and 2. All randomness comes from `generator`.


# %%
def my_law(n, generator):
    """n points of the ring, float32, shape (n, 2)."""
    return None


# %%
check.ring_sampler(my_law)

# %% [markdown]
# **3.** Write the p-value: `true` is the statistic of the data (large values speak against one
# law), `shuffled` an array of its values in shuffled data. The data itself is one of the cuts, too.


# %%
def my_p_value(true, shuffled):
    """Share of all cuts whose statistic is at least the true one."""
    return None


# %%
check.p_value(my_p_value)

# %% [markdown]
# **4.** Grade this report. Two WGANs were trained on digits of 32 px, one seed each. At the end, on
# 500 generated and 500 held-out images (exact EM between 500 training and 500 held-out images:
# 13.5):
#
# | | run A | run B |
# |---|---|---|
# | exact EM | 14.3 | 14.9 |
# | gap of its own penalized critic | 2.1 | 3.4 |
# | slope seen | 1.2 | 2.6 |
# | proven $L$ | inf | inf |
# | certificate | 12.9 | 13.1 |
# | certificate of $f = 0$ | 12.6 | 12.9 |
# | KID | 0.31 | 0.09 |
#
# The report says:
#
# - (a) A perfect generator would have an exact EM of about 13.5 here, not of 0.
# - (b) A is nearer to the digits than B, because its critic gap is smaller.
# - (c) The EM between B's 500 images and the 500 held-out ones is at least 13.1, by the certificate
#   alone.
# - (d) The EM between the *law* of A's images and the law of digits is at least 12.9.
# - (e) B's critic is nowhere steeper than 2.6.
# - (f) A's critic is a good one: it certifies 90 % of EM.
# - (g) To the features of this classifier B's images look more like digits than A's.
# - (h) The settings of A are better than those of B at getting near in pixels.
#
# Which claims do the numbers *not* support?

# %%
answer_4 = None  # a set of letters, such as {"a", "b"}

# %%
check.flawed_report(answer_4)

# %% [markdown]
# ## Summary
#
# - A distribution is an array, a file, a sampler, or a pair with a proof. Test the proof on
#   samples.
# - A critic is any function. If its slope is bounded by construction, say how; the lab believes
#   only chains of layers that it knows.
# - Predict with a reason, then try to break what came true. The failure taught more than the
#   success: a convex critic cannot see mass that comes together, with any number of planes.
# - A floor can be made from the data: shuffle, and take the same number again.
# - A gap on training points is evidence of nothing. On held-out points it is fair, with its error.
#
# **References.** Arjovsky, Chintala, Bottou, *Wasserstein GAN*, 2017. Anil, Lucas, Grosse, *Sorting
# out Lipschitz function approximation*, 2019 (largest and smallest of planes, and that they come
# near every function of slope 1). Phipson, Smyth, *Permutation p-values should never be zero*,
# 2010. Ramdas, García Trillos, Cuturi, *On Wasserstein two-sample testing and related families of
# nonparametric tests*, 2017. Lopez-Paz, Oquab, *Revisiting classifier two-sample tests*, 2017 (half
# to learn, half to judge).
#
# **Next.** This was the last lesson. From here: `docs/figures.md` lists the figures, each with
# what differs from the paper's, and `make figures` draws them anew; take one, and change a thing.
# Read the WGAN and WGAN-GP papers again: you can now check every sentence of theirs that is about a
# distance. And if your critic, your pair with a proof, or your lesson would teach others something,
# CONTRIBUTING.md says in a few lines how each is added. To start again, with other eyes: [lesson
# 0](00_start_here.ipynb).
