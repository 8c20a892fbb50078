"""The toy laws: where their mass lies, how much of it, and on whose device."""

import re

import numpy as np
import pytest
import torch
from scipy.stats import qmc

from wganlab import data, exact
from wganlab.data import toy_samplers
from wganlab.exact import known

each = pytest.mark.parametrize("name", data.TOYS)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(name, n=10_000, **parameters):
    """Points of a toy as a float64 array, shape (n, dim)."""
    return data.toy(name, **parameters).sample(n, generator()).double().numpy()


@each
def test_points_are_finite_float32_and_follow_their_generator(name):
    toy = data.toy(name)
    before = torch.get_rng_state()
    first = toy.sample(100, generator())
    assert torch.equal(torch.get_rng_state(), before)
    assert first.shape == (100, toy.dim)
    assert first.dtype == torch.float32
    assert first.isfinite().all()
    assert torch.equal(first, data.toy(name.replace("_", "-")).sample(100, generator()))
    source = generator()
    assert torch.equal(first, toy.sample(100, source))
    assert not torch.equal(first, toy.sample(100, source))
    assert toy.sample(1, source).shape == (1, toy.dim)


@each
def test_every_tensor_is_made_on_the_generators_device_in_float32(name):
    # a tensor made without a device would lie on meta here, and one without a type be float64
    toy, expected = data.toy(name), data.toy(name).sample(10, generator())
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            points = toy.sample(10, torch.Generator("cpu").manual_seed(0))
    finally:
        torch.set_default_dtype(torch.float32)
    assert points.dtype == torch.float32
    assert torch.equal(points, expected)


@pytest.mark.parametrize(
    ("name", "parameters", "modes", "spread"),
    [
        ("8gaussians", {}, 8, 0.01414),
        ("25gaussians", {}, 25, 0.01768),
        ("8gaussians", {"radius": 3, "std": 0.2}, 8, 0.2),
        ("25gaussians", {"spacing": 1, "std": 0.1}, 25, 0.1),
        ("gaussian", {"mean": (1, -2, 5), "std": 0.5}, 1, 0.5),
        ("mixture", {}, 2, 0.5),
        ("mixture", {"means": [(0, 0), (3, 0), (0, 9)], "stds": 0.1}, 3, 0.1),
    ],
)
def test_modes_are_where_the_mass_is_and_as_wide(name, parameters, modes, spread):
    toy = data.toy(name, **parameters)
    assert toy.modes.shape == (modes, toy.dim)
    assert toy.spread == pytest.approx(spread, abs=1e-5)
    x = draw(name, 2000 * modes, **parameters)
    centers = toy.modes.double().numpy()
    nearest = np.linalg.norm(x[:, None] - centers, axis=2).argmin(axis=1)
    for mode, center in enumerate(centers):
        mine = x[nearest == mode]
        assert len(mine) == pytest.approx(2000, abs=200)
        np.testing.assert_allclose(mine.mean(axis=0), center, atol=0.1 * spread)
        np.testing.assert_allclose(mine.std(axis=0), spread, rtol=0.08)


def test_the_modes_of_the_papers_code():
    ring = data.toy("8gaussians").modes.numpy()
    np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 1.4144, atol=5e-5)
    angles = np.sort(np.arctan2(ring[:, 1], ring[:, 0]))
    np.testing.assert_allclose(np.diff(angles), np.pi / 4, atol=1e-6)
    grid = data.toy("25gaussians").modes.numpy()
    for axis in range(2):
        ticks, counts = np.unique(grid[:, axis].round(4), return_counts=True)
        np.testing.assert_allclose(ticks, 0.7072 * np.arange(-2, 3), atol=1e-4)
        assert (counts == 5).all()
    assert len(np.unique(grid, axis=0)) == 25


def test_the_swiss_roll_of_the_papers_code():
    np.testing.assert_allclose(draw("swissroll").mean(axis=0), (0.27, 0.03), atol=0.03)
    bare, noisy = draw("swissroll", noise=0), draw("swissroll")
    t = 7.5 * np.linalg.norm(bare, axis=1)
    np.testing.assert_allclose(bare[:, 0], t / 7.5 * np.cos(t), atol=1e-5)
    np.testing.assert_allclose(bare[:, 1], t / 7.5 * np.sin(t), atol=1e-5)
    quantiles = np.quantile(t / np.pi, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quantiles, [1.5, 2.25, 3, 3.75, 4.5], atol=0.05)
    np.testing.assert_allclose((noisy - bare).std(axis=0), 0.25 / 7.5, rtol=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "distance", "deviation"),
    [("8gaussians", 0.82, 0.01), ("25gaussians", 0.58, 0.01), ("swissroll", 0.604, 0.012)],
)
def test_em_to_noised_points(name, distance, deviation):
    # the fixed generator of WGAN-GP's figure 1; mean and deviation over draws of 2000 points
    source = generator()
    real = data.toy(name).sample(2000, source)
    fake = real + torch.randn(real.shape, generator=source)
    assert exact.emd(real, fake) == pytest.approx(distance, abs=2 * deviation)


def test_a_mixture_has_its_weights_and_widths():
    toy = data.toy("mixture", means=(-9, 0, 9), stds=(1, 0.5, 0), weights=(0.2, 0.5, 0.3))
    assert toy.dim == 1
    assert toy.spread == 1
    x = toy.sample(10_000, generator()).double().numpy()[:, 0]
    parts = [x[x < -4.5], x[abs(x) < 4.5], x[x > 4.5]]
    for part, center, std, weight in zip(
        parts, (-9, 0, 9), (1, 0.5, 0), (0.2, 0.5, 0.3), strict=True
    ):
        assert len(part) / len(x) == pytest.approx(weight, abs=0.02)
        assert part.mean() == pytest.approx(center, abs=0.1)
        assert part.std() == pytest.approx(std, abs=0.05)


@pytest.mark.parametrize("weights", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_a_weight_of_zero_is_never_drawn(weights):
    x = draw("mixture", means=(1, 2, 3), stds=0, weights=weights)
    assert (x == 1 + weights.index(1)).all()


@pytest.mark.parametrize("uniform", [0.0, 1 - 2**-24])
def test_the_extreme_uniforms_fall_to_modes_that_have_mass(monkeypatch, uniform):
    monkeypatch.setattr(
        toy_samplers, "_uniform", lambda shape, generator: torch.full(shape, uniform)
    )
    # a sum that rounding has left below the largest uniform
    assert (draw("mixture", 3, means=(1, 2), stds=0, weights=(0, 1 - 1e-7)) == 2).all()


def test_modes_are_a_copy():
    toy = data.toy("8gaussians")
    expected = toy.sample(10, generator())
    toy.modes.zero_()
    assert torch.equal(toy.sample(10, generator()), expected)


def test_two_moons_lie_on_two_half_circles():
    x = draw("two_moons", noise=0)
    upper = np.isclose(np.linalg.norm(x, axis=1), 1, atol=1e-5) & (x[:, 1] >= -1e-6)
    lower = np.isclose(np.linalg.norm(x - [1, 0.5], axis=1), 1, atol=1e-5) & (x[:, 1] <= 0.5 + 1e-6)
    assert (upper ^ lower).all()
    assert upper.mean() == pytest.approx(0.5, abs=0.02)
    # the middle of a half circle is 2 / pi from its center
    np.testing.assert_allclose(x[upper].mean(axis=0), (0, 2 / np.pi), atol=0.03)
    np.testing.assert_allclose(x[lower].mean(axis=0), (1, 0.5 - 2 / np.pi), atol=0.03)


def test_circles_have_their_radii():
    x = draw("circles", inner=1, outer=3, noise=0)
    radius = np.linalg.norm(x, axis=1)
    small = np.isclose(radius, 1, atol=1e-5)
    assert (small | np.isclose(radius, 3, atol=1e-5)).all()
    assert small.mean() == pytest.approx(0.5, abs=0.02)
    quadrant = 2 * (x[:, 0] > 0) + (x[:, 1] > 0)
    np.testing.assert_allclose(np.bincount(quadrant) / len(x), 0.25, atol=0.02)


@pytest.mark.parametrize("name", ["two_moons", "circles", "spirals", "swissroll"])
def test_noise_is_added_to_the_curve(name):
    noise = draw(name, noise=0.1) - draw(name, noise=0)
    np.testing.assert_allclose(np.cov(noise.T), 0.01 * np.eye(2), atol=0.0006)


@pytest.mark.parametrize(("cells", "filled"), [(4, 8), (3, 5), (1, 1)])
def test_the_checkerboard_is_empty_on_every_other_cell(cells, filled):
    x = draw("checkerboard", cells=cells, side=6)
    column, row = np.floor((x / 6 + 0.5) * cells).astype(int).T
    assert (column.min(), column.max()) == (row.min(), row.max()) == (0, cells - 1)
    assert not ((column + row) % 2).any()
    counts = np.bincount(cells * column + row, minlength=cells**2)
    assert (counts > 0).sum() == filled
    np.testing.assert_allclose(counts[counts > 0] / len(x), 1 / filled, atol=0.02)
    within = (x / 6 + 0.5) * cells % 1
    np.testing.assert_allclose(within.mean(axis=0), 0.5, atol=0.02)
    np.testing.assert_allclose(within.var(axis=0), 1 / 12, atol=0.005)


def test_spirals_wind_as_they_grow():
    x = draw("spirals", turns=2, radius=3, noise=0)
    t = np.linalg.norm(x, axis=1) / 3
    arm = 3 * t[:, None] * np.stack([np.cos(4 * np.pi * t), np.sin(4 * np.pi * t)], axis=1)
    first = np.isclose(x, arm, atol=1e-4).all(axis=1)
    assert (first | np.isclose(x, -arm, atol=1e-4).all(axis=1)).all()
    assert first.mean() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(np.quantile(t**2, [0, 0.5, 1]), [0, 0.5, 1], atol=0.02)


def test_a_line_and_a_cube_are_uniform():
    x = draw("parallel_lines", theta=-0.5)
    assert (x[:, 0] == -0.5).all()
    np.testing.assert_allclose(np.quantile(x[:, 1], [0, 0.5, 1]), [0, 0.5, 1], atol=0.02)
    x = draw("cube", dimension=3, low=-1, high=2)
    quantiles = np.quantile(x, [0, 0.5, 1], axis=0)
    np.testing.assert_allclose(quantiles, np.repeat([[-1], [0.5], [2]], 3, axis=1), atol=0.05)
    np.testing.assert_allclose(np.corrcoef(x.T), np.eye(3), atol=0.04)
    assert np.abs(draw("cube")).max() == pytest.approx(2.5, abs=0.01)


@pytest.mark.parametrize(
    "sizes", [(1, 3, 0, 8.0), (2, 1, 1, 8.0), (2, 64, 2, 3.0), (16, 4, 0, 8.0), (128, 256, 7, 8.0)]
)
def test_funnels_are_those_of_the_known_pair(sizes, rng):
    pair = known.Funnels(*sizes)
    u = rng.uniform(size=(1000, pair.dim))
    bottoms, offsets = map(torch.from_numpy, (pair._bottoms, pair._offsets))
    x = toy_samplers._down_funnels(torch.from_numpy(u), bottoms, offsets, power=pair.power)
    np.testing.assert_allclose(x.numpy(), pair._real(u), rtol=0, atol=1e-9)
    names = ("dimension", "funnels", "seed", "power")
    toy = data.toy("funnels", **dict(zip(names, sizes, strict=True)))
    np.testing.assert_array_equal(toy.modes.numpy(), pair._bottoms.astype(np.float32))
    u = torch.rand(500, pair.dim, generator=generator(), dtype=torch.float64)
    expected = pair._real(u.numpy())
    np.testing.assert_allclose(toy.sample(500, generator()).numpy(), expected, rtol=0, atol=1e-6)


def test_funnels_stay_in_the_cube_from_its_faces(rng):
    u = rng.uniform(size=(1000, 2))
    u[:500, 0], u[500:, 1] = 0, 1
    bottoms = torch.from_numpy(rng.uniform(-2.5, 2.5, size=(4, 2)))
    # a relative position that rounding carries beyond 1 would run off
    x = toy_samplers._down_funnels(
        torch.from_numpy(u), bottoms, torch.zeros(4).double(), power=1e18
    )
    assert x.abs().max() <= 2.5 + 1e-12


def test_points_are_drawn_with_replacement_equally_often():
    toy = data.from_points([[0, 1], [2, 3], [4, 5]])
    assert (toy.name, toy.dim, toy.modes, toy.spread) == ("points", 2, None, None)
    x = toy.sample(9000, generator())
    assert x.dtype == torch.float32
    rows, counts = np.unique(x.numpy(), axis=0, return_counts=True)
    np.testing.assert_array_equal(rows, [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_allclose(counts, 3000, atol=200)


def test_points_come_from_numpy_and_torch_as_a_copy():
    read_only = np.arange(3)
    read_only.flags.writeable = False
    half = torch.tensor([[1.0], [2.0]], dtype=torch.bfloat16, requires_grad=True)
    assert data.from_points(read_only).sample(5, generator()).shape == (5, 1)
    assert not data.from_points(half).sample(5, generator()).requires_grad
    mine = np.zeros((4, 2), np.float32)
    toy = data.from_points(mine)
    mine[:] = 1
    assert not toy.sample(5, generator()).any()


def test_a_toy_is_told_with_its_parameters():
    assert repr(data.toy("cube", dimension=3)) == "Toy('cube', dimension=3, low=-2.5, high=2.5)"
    means = np.array([[0.0, 1.0], [2.0, 3.0]])
    toy = data.toy("mixture", means=means, stds=torch.tensor(0.5))
    assert toy.parameters == {"means": [[0, 1], [2, 3]], "stds": 0.5, "weights": None}
    assert repr(data.toy("gaussian", mean=np.zeros(1000), std=1)).endswith("0.0, ...], std=1)")


@pytest.mark.parametrize(
    ("name", "parameters", "advice"),
    [
        ("moons", {}, "there is no toy 'moons': choose from 8gaussians, 25gaussians, swissroll"),
        (None, {}, "there is no toy None: choose from"),
        ("circles", {"std": 1}, "'circles' has no parameter 'std': it takes inner=0.5, outer=1"),
        ("8gaussians", {"radius": 0}, "radius = 0: give a number above 0"),
        ("8gaussians", {"std": -1}, "std = -1: give a number of at least 0"),
        ("25gaussians", {"std": "a"}, "std = 'a': give a finite number"),
        ("swissroll", {"noise": np.nan}, "noise = nan: give a finite number"),
        ("cube", {"high": 1e39}, "high = 1e+39: give a finite number"),
        ("cube", {"low": 3}, "low = 3, high = 2.5: give low < high"),
        ("cube", {"dimension": 2.0}, "dimension = 2.0: give a whole number of at least 1"),
        ("circles", {"inner": 1}, "inner = 1, outer = 1: give inner < outer"),
        ("checkerboard", {"cells": True}, "cells = True: give a whole number"),
        ("funnels", {"power": 0.5}, "power = 0.5: give a number of at least 1"),
        ("funnels", {"seed": -1}, "seed = -1: give a whole number of at least 0"),
        ("parallel_lines", {"theta": (1, 2)}, "theta = (1, 2): give a finite number"),
        ("parallel_lines", {"theta": True}, "theta = True: give a finite number"),
        ("gaussian", {"mean": 3.0}, "mean has shape (): give a tuple of numbers, one an axis"),
        ("gaussian", {"mean": ((0, 0), (1, 1))}, "mean has shape (2, 2): give a tuple"),
        ("mixture", {"means": ((0, 0), (1,))}, "means is no array: give every row as many"),
        ("mixture", {"means": ()}, "means has shape (0,): give at least one point"),
        ("mixture", {"stds": (1, 2, 3)}, "stds has shape (3,): give 2 numbers, one for each"),
        ("mixture", {"stds": (1, -2)}, "stds holds -2: give numbers of at least 0"),
        ("mixture", {"weights": (3, 5)}, "weights sum to 8, expected 1: divide by their sum"),
    ],
)
def test_bad_parameters_are_refused_with_advice(name, parameters, advice):
    with pytest.raises(ValueError, match=re.escape(advice)) as refusal:
        data.toy(name, **parameters)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("points", "advice"),
    [
        ([], "array has shape (0,): give at least one point"),
        (3.0, "array has shape (): give at least one point"),
        (np.zeros((2, 3, 3)), "array has shape (2, 3, 3): give at least one point, as (n,)"),
        ([[0, 1], [np.inf, 2]], "array is not finite in float32: remove or repair rows"),
        ([np.nan], "array is not finite in float32"),
        ([1e300], "array is not finite in float32"),
        (["a"], "array holds <U1 values: give real numbers"),
        ([[1, 2], [3]], "array is no array: give every row as many numbers"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), "array has masked entries"),
    ],
)
def test_bad_points_are_refused_with_advice(points, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        data.from_points(points)


@pytest.mark.parametrize("n", [0, -1, 2.0, True, "3"])
def test_a_number_of_points_is_whole_and_positive(n):
    with pytest.raises(ValueError, match=re.escape(f"n = {n!r}: give a whole number")):
        data.toy("cube").sample(n, generator())


@pytest.mark.parametrize("source", [0, None, np.random.default_rng(0)])
def test_a_generator_is_required(source):
    with pytest.raises(TypeError, match=r"pass torch\.Generator\(\)\.manual_seed\(0\)"):
        data.toy("cube").sample(3, source)


def test_a_law_by_one_word(tmp_path):
    assert repr(data.law("two-moons")) == repr(data.toy("two_moons"))
    shifted = data.law("gaussian:mean=(1, 0), std=2")
    assert repr(shifted) == repr(data.toy("gaussian", mean=(1, 0), std=2))
    np.save(tmp_path / "points.npy", np.arange(6.0).reshape(3, 2))
    assert data.law(str(tmp_path / "points.npy")).parameters == {"n": 3, "dim": 2}
    assert data.law("mnist10k[3]").dim == 784


@pytest.mark.parametrize(
    ("source", "reply"),
    [
        ("9gaussians", "did you mean '8gaussians'"),
        ("parallel_lines:theta", "write name=number"),
        ("parallel_lines:theta=", "write name=number"),
        ("parallel_lines:print()", "write name=number"),
        ("parallel_lines:theta=open", "write name=number"),
        ("parallel_lines:angle=1", "angle"),
    ],
)
def test_a_word_that_is_no_law_is_refused(source, reply):
    with pytest.raises(ValueError, match=reply):
        data.law(source)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"points\.npy"):
        data.law(str(tmp_path / "points.npy"))


def test_numbers_beyond_the_machine_are_one_line():
    with pytest.raises(
        ValueError, match="n = 10000000000000000000: give a whole number of at most"
    ):
        data.toy("8gaussians").sample(10**19, torch.Generator())


@pytest.mark.parametrize("name", data.TOYS)
def test_uniform_numbers_make_points_of_the_law(name):
    law = data.toy(name)
    u = torch.from_numpy(qmc.Sobol(law.uniforms, rng=0).random(1024)).clamp(1e-9, 1 - 1e-9)
    made = law.of_uniforms(u)
    first, second = (law.sample(1024, torch.Generator().manual_seed(seed)) for seed in (0, 1))
    assert made.dtype == first.dtype
    assert made.shape == first.shape
    floor = exact.emd(first, second)
    assert exact.emd(made, first) < 1.3 * floor
    assert torch.equal(law.of_uniforms(u[:7]), made[:7])  # each of its own numbers
    at_most = torch.full((1, law.uniforms), 1.0 - 2**-53, dtype=torch.float64)
    assert law.of_uniforms(at_most).isfinite().all()


def test_what_is_not_of_uniform_numbers_says_so():
    points = data.from_points([[0.0, 1.0], [2.0, 3.0]])
    assert points.uniforms is None
    with pytest.raises(ValueError, match="no uniform numbers"):
        points.of_uniforms(torch.rand(3, 1))
    with pytest.raises(ValueError, match="made of 3 uniform numbers"):
        data.toy("8gaussians").of_uniforms(torch.rand(3, 2))
