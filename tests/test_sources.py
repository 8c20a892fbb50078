"""Where laws come from: all that `fit_critic` takes ends in float32 batches, or in advice."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse, stats

from wganlab import data, exact
from wganlab.compare import critic_vs_exact
from wganlab.exact import known
from wganlab.learned import GradientPenalty, MLPConfig, fit_critic
from wganlab.learned.critics.laws import FRESH, Clouds, Stream, points, source

CPU = torch.device("cpu")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make(real, fake=None, *, paired=False):
    return source(real, fake, paired=paired, device=CPU)


def rows(tensor):
    return {tuple(row) for row in tensor.flatten(1).tolist()}


@pytest.mark.parametrize(
    "convert",
    [np.asarray, torch.as_tensor, np.float32, np.ndarray.tolist, torch.HalfTensor],
    ids=["numpy", "torch", "float32", "list", "half"],
)
def test_arrays_become_float32_clouds(convert):
    x, y = np.arange(6.0).reshape(3, 2), np.arange(8.0).reshape(4, 2)
    clouds = make(convert(x), convert(y))
    assert isinstance(clouds, Clouds)
    assert clouds.real.dtype == clouds.fake.dtype == torch.float32
    assert (clouds.real.tolist(), clouds.fake.tolist()) == (x.tolist(), y.tolist())
    for given, whole in zip((x, y), clouds.whole(generator()), strict=True):
        assert whole.tolist() == given.tolist()


def test_lists_of_tensors_are_points():
    rows_ = [torch.zeros(2, requires_grad=True), torch.ones(2, dtype=torch.bfloat16)]
    assert points(rows_, "real", CPU).tolist() == [[0, 0], [1, 1]]


def test_numbers_are_points_on_the_line():
    clouds = make([1, 2, 3], np.array([4.0]))
    assert clouds.real.tolist() == [[1], [2], [3]]
    assert clouds.fake.tolist() == [[4]]
    law = make(lambda n, generator: torch.rand(n, generator=generator), [4.0, 5.0])
    assert [part.shape for part in law.batch(7, generator())] == [(7, 1), (7, 1)]


def test_images_keep_their_shape():
    x = np.random.default_rng(0).integers(0, 255, size=(10, 3, 4, 4), dtype=np.uint8)
    clouds = make(x, torch.zeros(5, 3, 4, 4))
    assert clouds.real.shape == (10, 3, 4, 4)
    assert torch.equal(clouds.real, torch.from_numpy(x).float())
    real, fake = clouds.batch(6, generator())
    assert real.shape == fake.shape == (6, 3, 4, 4)
    fitted = fit_critic(x / 255, np.zeros((5, 3, 4, 4)), critic=MLPConfig(8), steps=3, batch=4)
    assert fitted.critic.features[1].in_features == 48
    assert fitted(x[:7]).shape == (7,)
    assert fitted.gradient(x[:7]).shape == (7, 3, 4, 4)


def test_batches_of_clouds_are_their_rows_and_zero_is_all_of_them():
    clouds = make(np.arange(20.0), np.arange(100.0, 130.0))
    real, fake = clouds.batch(1000, generator())
    assert rows(real) == rows(clouds.real)
    assert rows(fake) == rows(clouds.fake)
    counts = real.flatten().int().bincount()
    np.testing.assert_allclose(counts, 50, atol=25)
    assert np.corrcoef(real.flatten(), fake.flatten())[0, 1] == pytest.approx(0, abs=0.1)
    assert torch.equal(clouds.batch(0, generator())[0], clouds.real)
    assert torch.equal(clouds.batch(9, generator(3))[0], clouds.batch(9, generator(3))[0])


def test_paired_batches_keep_rows_together():
    x = np.arange(20.0)
    real, fake = make(x, x + 100, paired=True).batch(50, generator())
    assert torch.equal(fake, real + 100)
    real, fake = make(x, x + 100).batch(50, generator())
    assert not torch.equal(fake, real + 100)


@pytest.mark.parametrize("paired", [True, False])
def test_held_out_rows_are_disjoint_and_keep_their_pairs(paired):
    x = np.arange(20.0)
    kept, held = make(x, x + 100, paired=paired).hold_out(6, generator())
    assert [len(part) for part in (kept.real, held.real, kept.fake, held.fake)] == [14, 6, 14, 6]
    for part, other, whole in ((kept.real, held.real, x), (kept.fake, held.fake, x + 100)):
        assert not rows(part) & rows(other)
        assert rows(part) | rows(other) == {(value,) for value in whole}
    assert kept.paired == held.paired == paired
    assert torch.equal(kept.fake, kept.real + 100) == paired
    assert torch.equal(held.fake, held.real + 100) == paired
    assert held.real.flatten().tolist() != list(range(6))


def test_held_out_rows_of_clouds_of_unequal_size():
    kept, held = make(np.arange(10.0), np.arange(30.0)).hold_out(4, generator())
    assert [len(part) for part in (kept.real, kept.fake, held.real, held.fake)] == [6, 26, 4, 4]
    with pytest.raises(ValueError, match=r"held_out = 10 of 10 real and 30 fake .* hold out fewer"):
        make(np.arange(10.0), np.arange(30.0)).hold_out(10, generator())


def test_toys_are_drawn_anew_from_the_generator():
    ring, cube = data.toy("8gaussians"), data.toy("cube")
    law = make(ring, cube)
    assert isinstance(law, Stream)
    a, b = generator(1), generator(1)
    expected = ring.sample(5, a), cube.sample(5, a)
    assert all(map(torch.equal, law.batch(5, b), expected))
    assert not torch.equal(law.batch(5, b)[0], expected[0])
    assert [len(part) for part in law.whole(a)] == [len(p) for p in law.batch(0, a)] == [FRESH] * 2
    same, held = law.hold_out(30, a)
    assert same is law
    assert held.real.shape == held.fake.shape == (30, 2)


@pytest.mark.parametrize("swap", [False, True])
def test_an_array_beside_a_toy_is_drawn_with_replacement(swap):
    cloud, toy = np.arange(6.0).reshape(3, 2), data.toy("cube")
    law = make(toy, cloud) if swap else make(cloud, toy)
    drawn = law.batch(200, generator())
    assert rows(drawn[int(swap)]) == rows(torch.tensor(cloud))
    assert drawn[1 - int(swap)].abs().max() <= 2.5


def test_callables_are_given_n_and_the_generator():
    def ones(n, generator):
        return 1 + 0 * torch.rand(n, 2, generator=generator)

    def numbers(n, generator):
        return np.full((n, 2), 7.0)

    real, fake = make(ones, numbers).batch(3, generator())
    assert (real.tolist(), fake.tolist()) == ([[1, 1]] * 3, [[7, 7]] * 3)


def test_a_callable_for_both_laws_gives_pairs():
    def joint(n, generator):
        x = torch.rand(n, 3, generator=generator)
        return x, x + 5

    for paired in (True, False):
        real, fake = make(joint, paired=paired).batch(4, generator())
        assert torch.equal(fake, real + 5)


@pytest.mark.parametrize("paired", [True, False])
def test_a_known_pair_is_sampled_as_it_samples_itself(paired):
    pair = known.Uniforms()
    law = make(pair, paired=paired)
    torchs, rng = generator(3), np.random.default_rng(3)  # one seed for both
    for n in (10, 4):
        expected = pair.sample(n, rng, paired=paired)
        for part, points_ in zip(law.batch(n, torchs), expected, strict=True):
            np.testing.assert_allclose(part, points_, rtol=1e-6)


def test_points_to_train_on_are_a_copy():
    mine = np.zeros((4, 2), np.float32)
    tensor = torch.zeros(4, 2, requires_grad=True)
    clouds = make(mine, tensor)
    mine[:] = 1
    assert not clouds.real.any()
    assert not clouds.fake.requires_grad


@pytest.mark.parametrize(
    ("array", "advice"),
    [
        ([[0, 1], [np.nan, 2]], "real has a value in row 1 that is not finite: remove"),
        (torch.tensor([1.0, 2.0, -torch.inf]), "real has a value in row 2 that is not finite"),
        ([1e300, 0.0], "real has coordinates beyond 1e+150, where distances overflow"),
        ([], "real has shape (0, 1): give points of shape (n, d)"),
        (3.0, "real has shape (): give points of shape (n, d)"),
        (np.zeros((0, 2)), "real has shape (0, 2): give points"),
        (["a", "b"], "real holds text, expected real numbers"),
        (np.array(["1", "2"]), "real holds text, expected real numbers"),
        ("points.csv", "real holds text, expected real numbers"),
        ([1 + 1j], "real holds complex numbers, expected real"),
        (torch.tensor([1 + 1j]), "real holds complex numbers, expected real"),
        (np.array(["2020-01-01"], dtype="datetime64[s]"), "real holds datetime64[s] values"),
        (np.zeros(3, dtype=[("a", float)]), "real holds records, expected real numbers"),
        (sparse.eye(3), "real is a sparse matrix: give real.toarray()"),
        ([1.0, None], "rows without missing values"),
        ([np.ma.masked_array([1.0, 2.0], [True, False])], "real has masked entries: drop those"),
        (torch.zeros(3, 2, device="meta"), "real is a tensor on meta, without values"),
        ([[1, 2], [3]], "real is no array of numbers, and no law to sample from"),
        ({"a": 1}, "real is no array of numbers, and no law to sample from"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), "real has masked entries: drop those rows"),
    ],
)  # fmt: skip
def test_bad_points_are_refused_with_advice(array, advice):
    for call in (lambda: points(array, "real", CPU), lambda: fit_critic(array, [0.0])):
        with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
            call()
        assert "\n" not in str(refusal.value)


def test_bad_points_of_a_sampler_are_named_where_they_are_drawn():
    with pytest.raises(ValueError, match="fake has a value in row 0 that is not finite"):
        fit_critic(data.toy("cube"), lambda n, generator: np.full((n, 2), np.nan))


def joint(n, generator):
    return torch.zeros(n, 2), torch.zeros(n + 1, 2)


@pytest.mark.parametrize(
    ("real", "fake", "paired", "advice"),
    [
        (np.zeros((3, 2)), np.zeros((3, 3)), False, "(2,) and fake ones (3,): they must live in"),
        (np.zeros((3, 4)), np.zeros((3, 1, 2, 2)), False, "(4,) and fake ones (1, 2, 2): they"),
        (data.toy("cube", dimension=3), data.toy("8gaussians"), False, "(3,) and fake ones (2,)"),
        (data.toy("cube"), np.zeros((9, 1)), False, "(2,) and fake ones (1,)"),
        (lambda n, generator: (np.zeros((n, 2)), np.zeros(n)), None, False, "(2,) and fake ones"),
        (np.zeros(4), np.zeros(5), True, "4 real and 5 fake points cannot be paired"),
        (joint, None, True, "1000 real and 1001 fake points cannot be paired"),
        (data.toy("cube"), data.toy("cube"), True, "two separate samplers have no pairs"),
        (np.zeros((3, 2)), data.toy("cube"), True, "two separate samplers have no pairs"),
        (np.zeros((3, 2)), None, False, "fake is missing: give two laws"),
        (data.toy("cube"), None, False, "fake is missing: give two laws"),
        (
            lambda n, generator: np.zeros((n, 2)),
            None,
            False,
            "it must return (real points, fake points)",
        ),
        (known.Uniforms(), known.Uniforms(), False, "a known pair is both laws: give it alone"),
        (np.zeros(3), known.Uniforms(), False, "a known pair is both laws: give it alone"),
    ],
)
def test_laws_that_do_not_go_together_are_refused(real, fake, paired, advice):
    constraint = GradientPenalty(place="paired" if paired else "between")
    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        fit_critic(real, fake, constraint=constraint, steps=1)
    assert "\n" not in str(refusal.value)


# frames


class Frame:
    """What polars and its like have in common: columns, and methods that no law has."""

    def __init__(self, values, columns):
        self.values, self.columns = np.asarray(values), list(columns)

    def sample(self, n):
        raise AssertionError("these are points")

    def to_numpy(self):
        return self.values

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __getitem__(self, columns):
        order = [self.columns.index(name) for name in columns]
        return Frame(self.values[:, order], columns)


def pandas_of(values, columns):
    return pd.DataFrame(values, columns=list(columns))


@pytest.mark.parametrize("frame", [Frame, pandas_of])
def test_data_frames_are_points_and_their_columns_go_by_name(frame):
    x, y = np.arange(6.0).reshape(3, 2), np.arange(8.0).reshape(4, 2)
    clouds = make(frame(x, "ab"), frame(y, "ab"))
    assert isinstance(clouds, Clouds)
    assert clouds.real.tolist() == x.tolist()
    assert make(frame(x, "ab"), frame(y[:, ::-1], "ba")).fake.tolist() == y.tolist()
    assert make(frame(x, "ab"), y).fake.tolist() == y.tolist()
    with pytest.raises(ValueError, match=r"columns of real are a, b, and those of fake b, c"):
        make(frame(x, "ab"), frame(y, "bc"))
    told = critic_vs_exact(lambda z: z[:, 0], frame(x, "ab"), frame(y[:, ::-1], "ba"))
    assert told == critic_vs_exact(lambda z: z[:, 0], x, y)


def test_columns_of_several_types_are_numbers_and_series_are_points_on_the_line():
    frame = pd.DataFrame({"a": pd.array([1, 2], dtype="Int64"), "b": [0.5, 1.5]})
    assert points(frame, "real", CPU).tolist() == [[1, 0.5], [2, 1.5]]
    assert points(frame.b, "real", CPU).tolist() == [[0.5], [1.5]]
    assert points(pd.DataFrame({"a": [True, False]}), "real", CPU).tolist() == [[1], [0]]
    for bad in (pd.DataFrame({"a": [1.0], "t": ["u"]}), pd.Series(["u", "v"])):
        with pytest.raises(ValueError, match="real holds text, expected real numbers"):
            fit_critic(bad, bad)
    with pytest.raises(ValueError, match="real has a value in row 1 that is not finite"):
        points(pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), "real", CPU)


# what can be sampled


class WithRng:
    def sample(self, n, rng):
        return rng.normal(size=(n, 2))


class WithShape:
    def sample(self, shape, *, rng):
        return rng.normal(size=(*shape, 2))


SAMPLED = {
    "frozen": (stats.norm(), 1),
    "integers": (stats.poisson(3), 1),
    "multivariate": (stats.multivariate_normal(np.zeros(2)), 2),
    "histogram": (stats.rv_histogram(np.histogram(np.arange(9.0))), 1),
    "kernel density": (stats.gaussian_kde(np.random.default_rng(0).normal(size=(2, 9))), 2),
    "torch": (torch.distributions.Normal(0.0, 1.0), 1),
    "torch in the plane": (torch.distributions.Normal(torch.zeros(2), torch.ones(2)), 2),
    "discrete": (exact.Discrete([0.0, 1.0, 5.0], [0.5, 0.25, 0.25]), 1),
    "rng": (WithRng(), 2),
    "shape": (WithShape(), 2),
    "n alone": (lambda n: np.random.normal(size=(n, 2)), 2),  # noqa: NPY002
    "n and rng": (lambda n, rng: rng.normal(size=(n, 2)), 2),
    "keyword": (lambda n, *, generator: torch.rand(n, 2, generator=generator), 2),
}


@pytest.mark.parametrize("name", SAMPLED)
def test_every_kind_of_law_is_sampled_from_the_seed_alone(name):
    law, dim = SAMPLED[name]
    state = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    both = make(law, law)
    assert isinstance(both, Stream)
    a, b = generator(1), generator(1)
    first = both.batch(5, a)
    assert [z.shape for z in first] == [(5, dim)] * 2
    assert first[0].dtype == torch.float32
    assert all(map(torch.equal, first, make(law, law).batch(5, b)))
    assert not torch.equal(torch.cat(first), torch.cat(both.batch(5, a)))
    assert [z.shape for z in both.batch(1, a)] == [(1, dim)] * 2
    assert torch.equal(torch.get_rng_state(), state[0])
    assert np.random.get_state()[1].tolist() == state[1]  # noqa: NPY002
    told = critic_vs_exact(lambda z: z[:, 0], law, np.zeros((3, dim)), n=20)
    assert told.certificate <= told.exact + 1e-9


def test_weights_of_a_measure_count():
    law = exact.Discrete([0.0, 1.0, 5.0], [0.5, 0.25, 0.25])
    drawn = make(law, [0.0]).batch(4000, generator())[0]
    assert [float((drawn == z).float().mean()) for z in (0, 1, 5)] == pytest.approx(
        [0.5, 0.25, 0.25], abs=0.03
    )
    told = critic_vs_exact(lambda z: z[:, 0], law, exact.Discrete([1.0, 2.0]))
    assert told.critic_gap == pytest.approx(1.5 - 1.5)
    assert told.exact == pytest.approx(exact.emd(law, exact.Discrete([1.0, 2.0])))
    assert isinstance(make(exact.Discrete([1.0, 2.0]), [0.0]), Clouds)  # equal weights: points


@pytest.mark.parametrize(
    ("law", "advice"),
    [
        (lambda n: 1 / 0, "real cannot be sampled: <lambda> was asked for 1000 points, and told"),
        (torch.nn.Linear(2, 2), "real cannot be sampled: Linear was asked for 1000 points"),
        (exact.Density(lambda z: 2 * z, (0, 1)), "real is no array of numbers, and no law to"),
    ],
)
def test_laws_that_cannot_be_sampled_are_one_line(law, advice):
    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        fit_critic(law, [0.0, 1.0], steps=1)
    assert "\n" not in str(refusal.value)
