"""Brackets hold the distance of the LAWS, as often as they say."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import special, stats
from scipy.spatial.distance import cdist
from torch import nn

from wganlab import compare, data, exact, learned
from wganlab.compare import BracketPlan, OfUniforms, bracket
from wganlab.compare.brackets.bracket import Work
from wganlab.compare.brackets.contest import potentials
from wganlab.compare.brackets.evidence import Evidence
from wganlab.compare.brackets.provable import Provable
from wganlab.compare.brackets.radii import Mean, bernstein, mcdiarmid
from wganlab.compare.brackets.sizes import OF_ARRAYS
from wganlab.compare.brackets.sources import PARTS, Nets, Rows
from wganlab.compare.brackets.two_laws import laws_of
from wganlab.compare.brackets.work import EARLY, LOOKS, Asked

CPU = torch.device("cpu")
TINY = BracketPlan(
    heats=0, apexes=150, selection=512, blocks=8, block=256, replicates=4, points=100,
)  # fmt: skip
TRAINED = replace(TINY, heats=0.003, steps=0.01, apexes=0)


def tiny(*laws, **options):
    return bracket(*laws, **{"plan": TINY, "device": "cpu", "progress": False, **options})


def linear(weight, **changed):
    """f(z) = weight . z."""
    layer = nn.Linear(len(weight), 1, bias=False)
    layer.weight.data[:] = torch.tensor([weight])
    for name, value in changed.items():
        setattr(layer, name, value)
    return layer


# radii


def test_the_mean_of_blocks_has_students_radius():
    numbers = np.random.default_rng(0).normal(size=10)
    mean = Mean.of(numbers)
    low, high = stats.t.interval(0.9, 9, numbers.mean(), stats.sem(numbers))
    assert mean.value - mean.radius(0.05) == pytest.approx(low)
    assert mean.value + mean.radius(0.05) == pytest.approx(high)
    assert Mean.of([1.0]).radius(0.05) == math.inf


def test_sums_of_means_have_the_freedom_of_welch():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=7), 3 * rng.normal(size=19)
    total = Mean.of(x) + Mean.of(y)
    welch = stats.ttest_ind(x, -y, equal_var=False)
    interval = welch.confidence_interval(0.9)
    assert total.value - total.radius(0.05) == pytest.approx(interval.low)
    assert total.freedom == pytest.approx(welch.df)
    alone = Mean.of(x) + Mean.of([2.0, 2.0])
    assert (alone.value, alone.freedom) == (pytest.approx(x.mean() + 2), 6)


def test_radii_of_finite_samples_are_those_of_the_papers():
    # Maurer and Pontil, theorem 4: sqrt(2 V ln(2 / d) / n) + 7 ln(2 / d) / (3 (n - 1)) on [0, 1]
    log = math.log(2 / 0.05)
    expected = math.sqrt(2 * 0.2 * log / 50) + 7 * log / (3 * 49)
    assert bernstein(50, 0.2, 1.0, 0.05) == pytest.approx(expected)
    assert bernstein(50, 0.2 * 9, 3.0, 0.05) == pytest.approx(3 * expected)
    # McDiarmid: exp(-2 t^2 / sum c^2), 2 n R points, each with c = B / (n R)
    t = mcdiarmid(2.0, 30, 5, 0.05)
    assert math.exp(-2 * t**2 / (2 * 30 * 5 * (2.0 / 150) ** 2)) == pytest.approx(0.05)


def test_pairs_that_may_depend_on_each_other_have_a_wider_radius():
    # n R pairs, each with c = 2 B / (n R)
    t = mcdiarmid(2.0, 30, 5, 0.05, coupled=True)
    assert math.exp(-2 * t**2 / (30 * 5 * (4.0 / 150) ** 2)) == pytest.approx(0.05)

    def both(n, rng):
        z = rng.uniform(size=(n, 2))
        return z, 1 - z

    for laws, wider in (((both,), 2), ([lambda n, rng: both(n, rng)[0]] * 2, 1)):
        look = tiny(*laws, radius="finite-sample", diameter=1.5).history[-1]
        radius = 1.5 * math.sqrt(wider * math.log(1 / look.level) / 400)
        assert look.upper - look.distance == pytest.approx(radius)


# where points come from


def test_rows_that_belong_together_stay_in_one_part():
    x = np.random.default_rng(0).normal(size=(100, 2))
    laws = laws_of(x, -x, seed=0, device=CPU, nets=True, shared=False)
    for part in PARTS:
        first, second = laws.draw(part, 10)
        np.testing.assert_array_equal(first, -second)


def test_an_array_is_split_into_parts_that_share_no_row():
    points = np.arange(200.0)[:, None]
    rows = Rows(points, seed=0)
    seen = [rows.training(), *(rows.draw(part, int(rows.left(part))) for part in PARTS[1:])]
    assert sorted(np.concatenate(seen).ravel()) == points.ravel().tolist()
    assert [len(part) for part in seen] == [80, 20, 50, 50]
    assert not np.array_equal(seen[0].ravel(), np.arange(80.0))  # at random
    rows.again("upper")
    assert np.array_equal(rows.draw("upper", 7), seen[3][:7])
    assert np.array_equal(rows.draw("upper", 7), seen[3][7:14])
    with pytest.raises(ValueError, match="79 points are too few"):
        Rows(points[:79], seed=0)


def test_points_of_a_net_are_uniform_and_even_and_of_no_other_net():
    nets = Nets(OfUniforms(lambda u: u, 2), seed=0)
    first, second, other = (nets.draw(part, 256) for part in ("upper", "upper", "selection"))
    assert first.min() > 0
    assert first.max() < 1
    assert not np.isin(first, second).any()
    assert not np.isin(other, first).any()
    edges = np.linspace(0, 1, 17)
    counts = np.histogram2d(*first.T, bins=(edges, edges))[0]
    assert (counts == 1).all()  # one point in each of 256 cells
    means = [nets.draw("upper", 3).mean() for _ in range(2000)]  # also of a part of a net
    assert np.mean(means) == pytest.approx(0.5, abs=4 * np.std(means) / 2000**0.5)


def test_what_decides_is_drawn_apart_from_what_is_chosen_by():
    def sampler(n, rng):
        return rng.uniform(size=(n, 1))

    laws = laws_of(sampler, sampler, seed=0, device=CPU, nets=True, shared=False)
    drawn = [cloud for part in PARTS for cloud in laws.draw(part, 100)]
    assert len(np.unique(np.concatenate(drawn))) == 800


def test_laws_that_share_uniform_numbers_do_so_above_alone():
    laws = laws_of(
        exact.known.Translation((1.0, 0.0)), None, seed=0, device=CPU, nets=True, shared=True
    )
    x, y = laws.draw("upper", 50)
    np.testing.assert_allclose(x - y, np.full((50, 2), [-1.0, 0.0]) * np.sign((x - y)[0, 0]) * -1)
    x, y = laws.draw("certification", 50)
    assert np.ptp(x - y) > 1


# what may bound, and what may not


class Cheat(nn.Module):
    """Claims to be 1-Lipschitz, and is not."""

    lipschitz_ = 1.0

    def __init__(self, kind):
        super().__init__()
        self.kind, self.calls = kind, 0
        self.weight = nn.Parameter(torch.tensor([[-1.0, 0.0]]))

    def forward(self, z):
        self.calls += 1
        value = z @ self.weight.T.to(z.dtype)
        if self.kind == "steep where it is asked":
            return 3 * value if isinstance(z, torch.Tensor) and type(z) is torch.Tensor else value
        if self.kind == "layer norm":
            return 3 * nn.functional.layer_norm(z, (2,))[:, :1]
        if self.kind in ("grows", "creeps"):
            with torch.no_grad():
                self.weight.mul_(1.1 if self.kind == "grows" else 1 + 1e-9)
        if self.kind == "nan far away":
            return torch.where(z[:, :1].abs() > 2.5, value * math.nan, value)
        if self.kind == "batch":
            return value - 2 * value.mean()
        if self.kind == "counts" and self.calls > 40:
            return 5 * value
        return value


CHEATS = [
    "steep where it is asked",
    "layer norm",
    "grows",
    "creeps",
    "nan far away",
    "batch",
    "counts",
]
SHIFT = exact.known.Translation((1.0, 0.0))


@pytest.mark.parametrize("kind", CHEATS)
def test_a_critic_that_is_not_what_it_claims_bounds_nothing(kind):
    critic = Cheat(kind)
    before = critic.weight.detach().clone()
    found = tiny(SHIFT, critics=[critic])
    assert found.lower <= 1 <= found.upper
    assert any("critics[0]" in note or "critic Cheat" in note for note in found.notes)
    assert torch.equal(critic.weight, before)


@pytest.mark.parametrize(
    ("critic", "why"),
    [
        (lambda z: z[:, 0], "of torch modules alone"),
        (nn.Linear, "of torch modules alone"),
        (linear([math.inf, 0.0]), "no Lipschitz constant is proven"),
        (linear([math.nan, 0.0]), "no Lipschitz constant is proven"),
        (nn.Linear(2, 2), "one number"),
        (nn.Linear(3, 1), "shape"),
    ],
)
def test_what_has_no_proof_is_told_and_left_out(critic, why):
    found = tiny(SHIFT, critics=[critic])
    assert found.lower <= 1 <= found.upper
    assert any(why in note for note in found.notes), found.notes


def test_a_critic_of_ones_own_may_win_and_its_constant_counts():
    steep = linear([3e30, 0.0])  # beyond what float32 could square
    found = tiny(exact.known.Translation((-1.0, 0.0)), critics=[linear([0.0, 1.0]), steep])
    assert found.method == "critics[1]"
    assert found.critic is steep
    assert found.lipschitz == pytest.approx(3e30, rel=1e-6)
    assert found.lower == pytest.approx(1, abs=0.02)
    assert found.notes == ()


def test_weights_that_are_changed_after_the_proof_change_nothing():
    critic, plain = linear([-1.0, 0.0]), tiny(SHIFT, critics=[linear([-1.0, 0.0])])

    class Changing(list):
        """Critics whose weights the user changes while the bracket is made."""

    asked = []

    def law(n, rng):
        asked.append(n)
        if len(asked) == 8:
            critic.weight.data.mul_(100)
        return rng.normal(size=(n, 2))

    found = tiny(
        law, lambda n, rng: rng.normal(size=(n, 2)) + np.array([1.0, 0.0]), critics=[critic]
    )
    assert critic.weight.abs().max() == 100
    assert found.lower <= 1 <= found.upper
    assert plain.lower <= 1


def test_points_beyond_float32_are_bounded_too():
    pair = exact.known.Translation((3e60, 4e60))
    found = tiny(lambda n, rng: 1e60 * rng.normal(size=(n, 2)), lambda n, rng: 1e60 * (
        rng.normal(size=(n, 2)) + np.array([3.0, 4.0])
    ))  # fmt: skip
    assert found.lower <= pair.emd <= found.upper
    assert found.lower > 0.8 * pair.emd


def test_values_that_overflow_bound_nothing():
    def law(n, rng):
        return 1e10 * rng.normal(size=(n, 2))

    found = tiny(law, law, critics=[linear([3e38, 0.0]), huge := nn.Linear(2, 1).double()])
    assert found.notes == ()
    huge.weight.data.fill_(1e300)
    found = tiny(law, law, critics=[huge])
    assert any("not finite" in note for note in found.notes)
    assert found.lower == 0 < found.upper


def test_potentials_are_optimal_between_their_points_and_never_steep():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(50, 2)) + 1
    critic = potentials(x, y)
    assert critic(x).mean() - critic(y).mean() == pytest.approx(exact.emd(x, y))
    z = 3 * rng.normal(size=(500, 2))
    rises = np.abs(critic(z)[:, None] - critic(z))
    assert (rises <= cdist(z, z) + 1e-9).all()
    assert rises.max() > 1


# both sides


@pytest.mark.parametrize(
    "laws",
    [
        (exact.known.Uniforms(),),
        (exact.known.Balls(dimension=3),),
        (exact.known.ParallelLines(theta=0.5),),
        (exact.known.Funnels(dimension=4, power=3.0),),
    ],
    ids=str,
)
def test_known_laws_are_bracketed(laws):
    found = tiny(*laws, plan=TINY if laws[0].dim < 4 else TRAINED)
    assert found.truth == laws[0].emd
    assert found.lower <= found.truth <= found.upper
    assert found.lower > 0.5 * found.truth
    assert "inside" in str(found)


def test_equal_laws_are_bracketed_from_0():
    found = tiny(data.toy("8gaussians"), data.toy("8gaussians"))
    assert found.lower == 0 < found.upper < 0.5
    assert "nothing from below" in found.told


def test_many_dimensions_leave_nothing_from_above():
    cubes = (data.toy("cube", dimension=64, low=low, high=1 + low) for low in (0.0, 0.1))
    found = tiny(*cubes, plan=TRAINED)
    assert "nothing useful from above" in found.told
    assert found.lower > 0


def evidence_of(pair, seed, draws):
    """Of the exact critic, on few points."""
    nets = not draws
    laws = laws_of(pair, None, seed=seed, device=CPU, nets=nets, shared=False)
    x, y = pair.sample(2000, np.random.default_rng(1))
    values = pair.critic(np.concatenate([x, y]))
    low, high = values.min() - 1, values.max() + 1
    seen = Evidence(laws, Provable("exact", pair.critic, 1.0, None, low, high))
    seen.certify(8, 64, 8)
    seen.transport(4, 64, 4)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("draws", [False, True])
@pytest.mark.parametrize("pair", [exact.known.Uniforms(), SHIFT], ids=str)
def test_both_sides_miss_no_more_often_than_their_level(pair, draws):
    level, n = 0.1, 120
    seen = [evidence_of(pair, seed, draws) for seed in range(n)]
    allowed = stats.binom.isf(0.01, n, level)
    lower = np.array([one.lower(level, finite_sample=False) for one in seen])
    assert (lower > pair.emd).sum() <= allowed
    assert lower.mean() > 0.8 * pair.emd
    for corrected in (False, True):
        upper = np.array([one.upper(level, corrected=corrected) for one in seen])
        assert (upper < pair.emd).sum() <= allowed
        assert upper.mean() < 1.3 * pair.emd
    if draws:  # without a radius they would miss: the test could fail
        assert (np.array([one.gap.value for one in seen]) > pair.emd).sum() > allowed


def test_the_critic_takes_the_spread_from_the_upper_side():
    seen = [evidence_of(SHIFT, seed, draws=True) for seed in range(20)]
    plain = np.std([one.distance.value for one in seen])
    taken = np.std([one.excess.value for one in seen])
    assert taken < plain / 4


def test_radii_for_finite_samples_are_wider_and_need_a_diameter():
    pair = exact.known.Balls()
    found = tiny(pair, radius="finite-sample")
    assert found.upper == math.inf
    assert "diameter" in found.notes[-1]
    assert found.as_dict()["upper"] is None
    within = tiny(pair, radius="finite-sample", diameter=4.0)
    assert within.lower == found.lower <= pair.emd < within.upper < 2.5
    usual = tiny(*(lambda n, rng, side=side: pair.sample(n, rng)[side] for side in (0, 1)))
    assert found.lower < usual.lower
    with pytest.raises(ValueError, match="diameter = 1, and two points are"):
        tiny(pair, radius="finite-sample", diameter=1.0)


def test_the_lower_side_for_finite_samples_is_bernsteins():
    draws = laws_of(SHIFT, None, seed=0, device=CPU, nets=False, shared=False)
    rises = []
    for _ in range(3):
        x, y = draws.draw("certification", 50)
        rises.append(SHIFT.critic(x) - SHIFT.critic(y))
    again = laws_of(SHIFT, None, seed=0, device=CPU, nets=False, shared=False)
    seen = Evidence(again, Provable("exact", SHIFT.critic, 1.0, None, -9.0, 9.0))
    seen.certify(3, 50, 3)
    numbers, level = np.concatenate(rises), 0.02
    radius = bernstein(150, numbers.var(ddof=1), 2 * 18.0, level)
    unseen = (math.log(1 / level) / 150 + 1e-6) * 18.0
    expected = max(0.0, numbers.mean() - radius - unseen)
    assert seen.gap.value == pytest.approx(numbers.mean())
    assert seen.lower(level, finite_sample=True) == pytest.approx(expected)
    wide = replace(seen.critic, low=-0.5, high=0.5)  # a range that lets something be left
    seen.critic = wide
    left = numbers.mean() - bernstein(150, numbers.var(ddof=1), 2.0, level)
    assert seen.lower(level, finite_sample=True) == pytest.approx(
        left - (math.log(1 / level) / 150 + 1e-6)
    )
    assert left > 0.2


# looks


def test_looks_share_the_level_and_all_hold_together():
    asked = Asked(0.95, 60.0, "asymptotic", None, None)
    levels = [asked.level(last=False)] * (LOOKS - 1) + [asked.level(last=True)]
    assert 2 * sum(levels) == pytest.approx(0.05)
    assert levels[0] == pytest.approx(0.025 * EARLY)
    found = tiny(SHIFT)
    assert len(found.history) == LOOKS
    assert [look.level for look in found.history] == levels
    assert found.lower == max(look.lower for look in found.history)
    assert found.upper == min(look.upper for look in found.history)
    assert found.history[0].seconds < found.history[-1].seconds <= found.seconds


def test_a_stopped_bracket_tells_what_it_has(monkeypatch):
    looks = []
    look = Work.look

    def stop(self, *args, **options):
        if looks:
            raise KeyboardInterrupt
        looks.append(look(self, *args, **options))
        return looks[0]

    monkeypatch.setattr(Work, "look", stop)
    with pytest.raises(compare.BracketInterrupted, match="so far W1 of the laws is") as stopped:
        tiny(SHIFT)
    assert stopped.value.bracket is looks[0]
    assert looks[0].lower <= 1 <= looks[0].upper
    with pytest.raises(compare.BracketInterrupted, match="no bracket yet") as stopped:
        tiny(SHIFT)  # before the first
    assert stopped.value.bracket is None


def test_a_plan_makes_the_same_bracket_again():
    first, second = (tiny(SHIFT, seed=3, plan=TRAINED) for _ in range(2))
    assert (first.lower, first.upper) == (second.lower, second.upper)
    assert first.plan == TRAINED
    other = tiny(SHIFT, seed=4, plan=TRAINED)
    assert (first.lower, first.upper) != (other.lower, other.upper)
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    tiny(SHIFT)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_time_is_for_arrays_too(monkeypatch):
    monkeypatch.setattr(Work, "heats", lambda self: {})
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 2)), rng.normal(size=(300, 2)) + np.array([2.0, 0.0])
    own = linear([-1.0, 0.0])
    found = bracket(x, y, critics=[own], seconds=0.3, device="cpu", progress=False)
    assert found.lower <= 2 <= found.upper
    assert found.plan.replicates == OF_ARRAYS
    assert found.used == {"training": 120, "selection": 30, "certification": 64, "upper": 75}


@pytest.mark.parametrize("calls", [20, 66, 67, 70, 80])
def test_a_critic_that_fails_while_points_are_timed_is_left_out(calls, monkeypatch):
    monkeypatch.setattr(Work, "heats", lambda self: {})
    critic = Cheat("counts")
    critic.calls = 40 - calls
    found = bracket(SHIFT, critics=[critic], seconds=0.5, device="cpu", progress=False)
    assert found.lower <= 1 <= found.upper
    assert "critics[0]" in found.notes[0]


@pytest.mark.slow
def test_a_time_is_kept_and_spent():
    found = bracket(exact.known.Balls(), seconds=8, device="cpu", progress=False)
    assert 3 < found.seconds < 60
    assert found.lower <= found.truth <= found.upper
    assert found.width < 0.05 * found.truth
    again = bracket(exact.known.Balls(), plan=found.plan, device="cpu", progress=False)
    assert (again.lower, again.upper) == pytest.approx((found.lower, found.upper), abs=1e-9)


# doors


@pytest.mark.parametrize(
    ("laws", "options", "told"),
    [
        ((SHIFT, SHIFT), {}, "give it alone"),
        ((np.zeros((100, 2)),), {}, "fake is missing"),
        ((np.zeros((100, 2)), np.zeros((100, 3))), {}, "one space"),
        ((np.zeros((20, 2)), np.zeros((100, 2))), {}, "20 points are too few"),
        ((np.full((100, 2), np.nan), np.zeros((100, 2))), {}, "not finite"),
        (("real", "fake"), {}, "text"),
        ((SHIFT,), {"confidence": 1.0}, "confidence"),
        ((SHIFT,), {"seconds": -1}, "seconds"),
        ((SHIFT,), {"radius": "t"}, "asymptotic"),
        ((SHIFT,), {"diameter": 3.0}, "finite-sample"),
        ((SHIFT,), {"plan": 3}, "BracketPlan"),
        ((data.toy("cube"), data.toy("8gaussians")), {"shared": True}, "shared=True"),
        ((OfUniforms(lambda u: u[:-1], 2), SHIFT.sample), {}, "made"),
        ((lambda n, rng: rng.normal(size=(n + 1, 2)), data.toy("cube")), {}, "asked for"),
    ],
)
def test_what_makes_no_sense_is_told(laws, options, told):
    with pytest.raises(ValueError, match=told):
        tiny(*laws, **options)


def test_plans_that_make_no_sense_are_told():
    for wrong in ({"blocks": 1}, {"heats": -1}, {"steps": -1}, {"points": 0}, {"apexes": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            BracketPlan(**wrong)


def test_arrays_frames_images_and_joint_samplers_are_laws():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(900, 2)), rng.normal(size=(400, 2)) + np.array([2.0, 0.0])
    found = tiny(x, y)
    assert found.lower <= 2 <= found.upper
    assert found.used["certification"] <= 100
    assert found.used["training"] == 160
    assert any("rows of an array" in text for text in found.assumptions)
    mixed = tiny(y, lambda n, rng: rng.normal(size=(n, 2)))
    assert mixed.lower <= 2 <= mixed.upper

    def both(n, rng):
        z = rng.normal(size=(n, 2))
        return z, z + np.array([2.0, 0.0])

    joint = tiny(both, plan=replace(TINY, corrected=False))
    assert joint.lower <= 2 <= joint.upper
    assert joint.upper < 2 + 1e-6  # dependent draws within a replicate are a coupling
    images = rng.uniform(size=(200, 1, 8, 8))
    shown = tiny(images, images[::-1] ** 2, plan=TRAINED)
    assert 0 < shown.lower < exact.emd(images.reshape(200, -1), images.reshape(200, -1) ** 2)


def test_the_generator_of_a_run_is_a_law_of_its_latent():
    config = learned.TrainConfig(data="8gaussians", iterations=2, batch=32)
    run = learned.train(config, progress=False)
    found = tiny(run.config.law(), run)
    assert found.lower < found.upper
    assert any("Sobol" in text for text in found.assumptions)
    points = compare.brackets.sources.generator_law(run)(np.full((3, config.latent), 0.5))
    zero = run.generator(torch.zeros(1, config.latent)).detach().double().numpy()
    np.testing.assert_allclose(points, np.repeat(zero, 3, axis=0), atol=1e-6)
    same = tiny(run, run, shared=True)
    assert same.upper < 1e-3


def test_normals_by_uniform_numbers():
    normal = OfUniforms(special.ndtri, 2)
    drawn = normal.sample(1000, torch.Generator().manual_seed(0))
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 0.01
    with pytest.raises(ValueError, match="dimension"):
        OfUniforms(special.ndtri, 0)
    with pytest.raises(ValueError, match="function"):
        OfUniforms(3, 1)
