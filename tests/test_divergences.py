"""TV, KL, JS, chi2 and Le Cam against closed forms, SciPy, each other, and their inequalities."""

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, special, stats
from scipy.spatial.distance import jensenshannon

from wganlab import exact
from wganlab.exact import Density, Discrete, chi2, js, kl, le_cam, tv

LOG2 = np.log(2)


@st.composite
def pmfs(draw, count=2):
    """`count` pmfs of one length, zeros included."""
    size = draw(st.integers(1, 8))
    masses = arrays(float, (count, size), elements=st.sampled_from([0.0, 1e-9, 0.1, 1.0, 3.0]))
    drawn = draw(masses.filter(lambda m: (m.sum(axis=1) > 0).all()))
    return drawn / drawn.sum(axis=1, keepdims=True)


@given(pmfs())
def test_pmfs_agree_with_scipy(pair):
    p, q = pair
    assert kl(p, q) == pytest.approx(special.rel_entr(p, q).sum(), abs=1e-12)
    assert js(p, q) == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-7)  # SciPy's is a root
    assert tv(p, q) == pytest.approx(np.maximum(p - q, 0).sum(), abs=1e-12)  # sup over A
    shared = q > 0
    squares = (p[shared] ** 2 / q[shared]).sum() - 1 if (p[~shared] == 0).all() else np.inf
    assert chi2(p, q) == pytest.approx(squares, rel=1e-9, abs=1e-12)
    assert le_cam(p, q) == pytest.approx(chi2(p, (p + q) / 2), abs=1e-12)


@given(pmfs(count=3))
def test_inequalities(triple):
    p, q, r = triple
    assert 0 <= tv(p, q) <= 1 + 1e-12
    assert tv(p, q) <= np.sqrt(kl(p, q) / 2) + 1e-12  # Pinsker
    assert 0 <= js(p, q) <= LOG2 * tv(p, q) + 1e-12
    assert js(p, q) == pytest.approx(js(q, p), abs=1e-15)
    assert np.log1p(chi2(p, q)) >= kl(p, q) - 1e-12
    assert tv(p, q) ** 2 - 1e-12 <= le_cam(p, q) <= tv(p, q) + 1e-12
    for distance in (tv, lambda s, t: np.sqrt(js(s, t))):
        assert distance(p, r) <= distance(p, q) + distance(q, r) + 1e-7
    assert tv(p, p) == kl(p, p) == js(p, p) == chi2(p, p) == le_cam(p, p) == 0


@given(pmfs())
def test_js_is_the_kl_to_the_mixture(pair):
    p, q = pair
    middle = (p + q) / 2
    assert js(p, q) == pytest.approx((kl(p, middle) + kl(q, middle)) / 2, abs=1e-12)


def test_js_of_masses_that_nearly_underflow():
    assert js([1.0, 5e-324], [1.0, 0.0]) == pytest.approx(0, abs=1e-300)


def test_infinity_is_an_answer_and_only_where_it_is():
    assert kl([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert kl([1.0, 0.0], [0.5, 0.5]) == pytest.approx(LOG2, abs=1e-15)
    assert kl([1.0], [1.0]) == 0
    assert kl([0.5, 0.5], [1.0 - 1e-300, 1e-300]) == pytest.approx(0.5 * np.log(1e300) - LOG2)


@pytest.mark.parametrize(
    ("p", "q", "advice"),
    [
        ([0.5, 0.5], [1.0], "p has 2 entries and q has 1"),
        ([0.5, 0.6], [0.5, 0.5], "p sums to 1.1"),
        ([0.5, 0.5], [-0.5, 1.5], "q has the negative weight"),
        (Discrete([0, 1]), [0.5, 0.5], "make both Discrete"),
        (Discrete([0, 1]), Discrete([[0, 1]]), "dimension 1 and q in dimension 2"),
        (stats.norm(), [0.5, 0.5], "q is no density"),
        (stats.poisson(3), stats.poisson(2), "for a discrete law pass its pmf"),
        (Density(lambda x: 2.0, (0, 1)), stats.norm(), "p integrates to 2, expected 1"),
        (Density(lambda x: -1.0, (0, 1)), stats.norm(), "density p is -1.0 at"),
        (
            Density(stats.norm(1e3, 1e-3).pdf, (-np.inf, np.inf)),
            stats.norm(),
            "give the places of jumps and peaks",
        ),
    ],
)
@pytest.mark.parametrize("divergence", [tv, kl, js, chi2, le_cam])
def test_bad_laws_are_refused_with_advice(divergence, p, q, advice):
    with pytest.raises(ValueError, match=advice):
        divergence(p, q)


def test_an_empty_support_is_refused():
    with pytest.raises(ValueError, match="expected low < high"):
        Density(lambda x: 1.0, (1, 0))


def test_supports_of_discrete_measures_are_matched_exactly():
    p = Discrete([[0, 0], [1, 0], [0, 0]], [0.25, 0.5, 0.25])
    q = Discrete([[1, 0], [-0.0, 0], [5, 5]], [0.25, 0.25, 0.5])
    u, v = [0.5, 0.5, 0.0], [0.25, 0.25, 0.5]
    for divergence in (tv, kl, js, chi2, le_cam):
        assert divergence(p, q) == pytest.approx(divergence(u, v), abs=1e-15)
        assert divergence(q, p) == pytest.approx(divergence(v, u), abs=1e-15)
    assert kl(q, p) == np.inf


def test_disjoint_supports_give_the_largest_values(rng):
    p, q = Discrete(rng.normal(size=(50, 3))), Discrete(rng.normal(size=(60, 3)))
    assert (tv(p, q), kl(p, q)) == (1, np.inf)
    assert js(p, q) == pytest.approx(LOG2, abs=1e-14)


def test_points_that_differ_in_the_last_bit_are_different():
    assert tv(Discrete([1.0]), Discrete([np.nextafter(1.0, 2)])) == 1


ARCSINE_CROSSING = (1 - np.sqrt(1 - 4 / np.pi**2)) / 2  # where 1 / (pi sqrt(x (1 - x))) = 1
CASES = [
    ("tv", stats.norm(), stats.norm(1), 2 * special.ndtr(0.5) - 1),
    ("tv", stats.norm(), stats.norm(1e3, 1e-3), 1),
    (
        "tv",
        stats.norm(2**20, 2**-10),
        stats.norm(2**20 + 2**-10, 2**-10),
        2 * special.ndtr(0.5) - 1,
    ),
    (
        "tv",
        stats.arcsine(),
        stats.uniform(),
        2 * (stats.arcsine.cdf(ARCSINE_CROSSING) - ARCSINE_CROSSING),
    ),
    ("tv", stats.uniform(0, 1), stats.uniform(0.25, 1), 0.25),
    ("kl", stats.norm(), stats.norm(1, 2), np.log(2) + 2 / 8 - 0.5),
    ("kl", stats.norm(), stats.norm(1e3, 1e-3), np.log(1e-3) + (1 + 1e6) / 2e-6 - 0.5),
    ("kl", stats.expon(scale=1), stats.expon(scale=3), np.log(3) + 1 / 3 - 1),
    ("kl", stats.cauchy(0, 1), stats.cauchy(3, 2), np.log(18 / 8)),
    ("kl", stats.laplace(), stats.norm(), 0.5 * np.log(2 * np.pi) + 1 - np.log(2) - 1),
    ("kl", stats.uniform(0, 1), stats.uniform(0, 2), LOG2),
    ("kl", stats.uniform(0, 2), stats.uniform(0, 1), np.inf),
    ("kl", stats.norm(), stats.expon(), np.inf),
    ("js", stats.uniform(0, 1), stats.uniform(2, 2), LOG2),
    ("js", stats.uniform(0, 1), stats.uniform(0.25, 1), 0.25 * LOG2),
    ("js", stats.norm(), stats.norm(), 0),
    ("chi2", stats.norm(), stats.norm(1), np.e - 1),
    ("chi2", stats.norm(0, 1), stats.norm(1, 2), 4 / np.sqrt(7) * np.exp(1 / 7) - 1),
    ("chi2", stats.norm(20), stats.norm(), np.expm1(400.0)),
    ("chi2", stats.uniform(0, 1), stats.uniform(0, 2), 1),
    ("chi2", stats.uniform(0, 2), stats.uniform(0, 1), np.inf),
    ("chi2", stats.norm(), stats.norm(), 0),
    ("le_cam", stats.uniform(0, 1), stats.uniform(0.25, 1), 0.25),
    ("le_cam", stats.norm(), stats.norm(1e3, 1e-3), 1),
    ("le_cam", stats.norm(), stats.norm(), 0),
    ("kl", stats.beta(0.5, 0.5), stats.uniform(), np.log(4 / np.pi)),
    ("kl", stats.pareto(0.1), stats.pareto(0.2), np.log(0.5) + 2 - 1),
]


@pytest.mark.parametrize(("name", "p", "q", "value"), CASES)
def test_densities_against_closed_forms(name, p, q, value):
    assert getattr(exact, name)(p, q) == pytest.approx(value, rel=1e-9, abs=1e-8)


def gamma_kl(a, b):
    return (a - b) * special.psi(a) - special.gammaln(a) + special.gammaln(b)


def weibull_kl(a, b):
    return np.log(a / b) - np.euler_gamma * (1 - b / a) + special.gamma(b / a + 1) - 1


def power_tv(a):
    """Of the density a x^(a - 1) and the uniform one on [0, 1]."""
    crossing = a ** (1 / (1 - a))
    return crossing**a - crossing


A, C = 0.2309454882338339, 0.7014796707044796
CROSSING = (A / C) ** (1 / (C - A))


@pytest.mark.parametrize(
    ("name", "p", "q", "value"),
    [
        *(
            ("kl", stats.gamma(a), stats.gamma(b), gamma_kl(a, b))
            for a, b in [(0.1, 0.2), (0.01, 1), (0.05, 0.5), (0.2, 1), (1, 0.2)]
        ),
        ("kl", stats.weibull_min(0.2), stats.weibull_min(0.3), weibull_kl(0.2, 0.3)),
        ("kl", stats.beta(0.1, 1), stats.uniform(), np.log(0.1) + 9),
        ("kl", stats.beta(1, 0.3), stats.uniform(), np.log(0.3) + 1 / 0.3 - 1),
        ("tv", stats.beta(0.3, 1), stats.uniform(), power_tv(0.3)),
        ("tv", stats.beta(1, 0.3), stats.uniform(), power_tv(0.3)),
        ("tv", stats.beta(0.02, 1), stats.uniform(), power_tv(0.02)),
        # the densities cross so near a cut that no node lies between
        ("tv", stats.beta(A, 1), stats.beta(C, 1), CROSSING**A - CROSSING**C),
    ],
)
def test_densities_infinite_at_an_end(name, p, q, value):
    assert getattr(exact, name)(p, q) == pytest.approx(value, rel=1e-9, abs=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("p", "q"),
    [(stats.gamma(0.1), stats.gamma(0.2)), (stats.gamma(0.2), stats.gamma(1))],
)
def test_tv_and_js_of_densities_infinite_at_0_agree_with_those_of_the_logarithm(p, q):
    def pushed(law):  # the law of log x has a smooth density
        return Density(
            lambda t: np.exp(law.logpdf(np.exp(t)) + t),
            (-600.0, 8.0),
            breaks=tuple(range(-590, 8, 10)),
        )

    for divergence in (tv, js):
        assert divergence(p, q) == pytest.approx(divergence(pushed(p), pushed(q)), abs=1e-8)


def test_what_float64_cannot_resolve_near_an_end_raises():
    for divergence in (tv, kl, js):
        with pytest.raises(RuntimeError, match="at an end that is not 0"):
            divergence(stats.beta(1, 0.05), stats.uniform())
    slow = Density(lambda x: 1 / (x * np.log(x) ** 2), (0, np.exp(-1)))  # of mass 1
    with pytest.raises(RuntimeError, match="quadrature reached"):
        tv(slow, stats.uniform())


# SciPy 1.15 brought the new kind
NEW = stats.Normal() if hasattr(stats, "Normal") else SimpleNamespace(support=None, icdf=None)


class Unnormalized(stats.rv_continuous):
    def _pdf(self, x):
        return np.exp(-(x**2))

    def _ppf(self, q):
        return special.ndtri(q)


@pytest.mark.parametrize(
    ("law", "advice"),
    [
        (stats.norm(0, -1), r"SciPy gives NaN for norm\(0, -1\).*a scale is positive"),
        (stats.norm(loc=np.nan), r"no law.*norm\(loc=nan\)"),
        (stats.gamma(-2), "check its parameters"),
        (Unnormalized()(), "integrates to 1.77"),
        (stats.norm, r"freeze it, stats\.norm\(\)"),
        (stats.expon, r"freeze it, stats\.expon\(\)"),
        (stats.gaussian_kde([0.0, 1.0, 3.0]), r"pass Density\(law.pdf, support="),
        (NEW, r"stats\.norm\(\) for stats\.Normal\(\)"),
        (Density(lambda x: np.ones(2), (0, 1)), r"shape \(2,\).*expected one number"),
    ],
)
@pytest.mark.parametrize("divergence", [tv, kl, js, chi2, le_cam])
def test_laws_of_scipy_that_are_none_are_refused(divergence, law, advice):
    with pytest.raises(ValueError, match=advice):
        divergence(law, stats.norm())
    with pytest.raises(ValueError, match=advice):
        divergence(stats.norm(), law)


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ((lambda x: 1.0, None), "give the two ends of the interval"),
        ((lambda x: 1.0, (0, 1, 2)), "give the two ends of the interval"),
        ((3, (0, 1)), "functions of one number"),
        ((lambda x: 1.0, (0, 1), 0.5), "a tuple of finite numbers"),
        ((lambda x: 1.0, (0, 1), (np.nan,)), "a tuple of finite numbers"),
        ((lambda x: 1.0, (0, 1), (), 7), "functions of one number"),
    ],
)
def test_bad_arguments_of_a_density_are_refused(arguments, advice):
    with pytest.raises(ValueError, match=advice):
        Density(*arguments)


def test_a_kernel_density_estimate_is_a_density():
    estimate = stats.gaussian_kde([0.0, 1.0, 5.0])  # its pdf gives arrays of one number
    law = Density(estimate, (-20, 25), breaks=(0.0, 1.0, 5.0))
    assert tv(law, law) == 0
    grid = np.linspace(-20, 25, 20_001)
    gaps = np.abs(estimate(grid) - stats.norm.pdf(grid))
    assert tv(law, stats.norm()) == pytest.approx(integrate.trapezoid(gaps, grid) / 2, abs=1e-6)


def test_densities_agree_with_fine_histograms():
    p, q = stats.norm(), stats.gamma(3)
    edges = np.linspace(-9, 40, 200_001)
    u, v = np.diff(p.cdf(edges)), np.diff(q.cdf(edges))
    u, v = u / u.sum(), v / v.sum()
    assert tv(p, q) == pytest.approx(tv(u, v), abs=1e-6)
    assert js(p, q) == pytest.approx(js(u, v), abs=1e-6)
    assert le_cam(p, q) == pytest.approx(le_cam(u, v), abs=1e-6)


def test_a_callable_density_agrees_with_scipy():
    ramp = Density(lambda x: 2 * x, support=(0, 1))
    for divergence in (tv, kl, js, chi2, le_cam):
        assert divergence(ramp, stats.uniform()) == pytest.approx(
            divergence(stats.beta(2, 1), stats.uniform()), abs=1e-8
        )


def test_a_density_that_underflows_asks_for_its_logarithm():
    thin = Density(stats.norm(0, 1e-2).pdf, (-np.inf, np.inf), breaks=(-0.1, 0.0, 0.1))
    with pytest.raises(ValueError, match=r"inside its support.*logpdf"):
        kl(stats.norm(), thin)
    told = Density(thin.pdf, thin.support, thin.breaks, logpdf=stats.norm(0, 1e-2).logpdf)
    assert kl(stats.norm(), told) == pytest.approx(np.log(1e-2) + 1 / 2e-4 - 0.5, rel=1e-9)


def test_a_divergent_integral_raises_instead_of_returning_a_number():
    with pytest.raises(RuntimeError, match="may be infinite"):
        kl(stats.cauchy(), stats.norm())
    with pytest.raises(RuntimeError, match="may be infinite"):
        chi2(stats.norm(0, 2), stats.norm())


def precisely(p, q):
    """KL, JS, chi2, Le Cam and TV of the normalized masses to 60 digits."""
    with mpmath.workdps(60):
        u, v = ([mpmath.mpf(float(w)) for w in law] for law in (p, q))
        u, v = ([w / sum(law) for w in law] for law in (u, v))
        m = [(a + b) / 2 for a, b in zip(u, v, strict=True)]

        def entropy(s, t):
            return sum(a * mpmath.log(a / b) for a, b in zip(s, t, strict=True) if a)

        def squares(s, t):
            return sum((a - b) ** 2 / b for a, b in zip(s, t, strict=True) if b)

        variation = sum(abs(a - b) for a, b in zip(u, v, strict=True)) / 2
        values = (entropy(u, v), (entropy(u, m) + entropy(v, m)) / 2)
        return [float(w) for w in (*values, squares(u, v), squares(u, m), variation)]


FUNCTIONS = (kl, js, chi2, le_cam, tv)


@pytest.mark.parametrize("k", [2, 5, 13, 20, 27, 30, 40, 48])
def test_close_pmfs_keep_their_digits(k):
    d = 2.0**-k
    p, q = [0.25, 0.25, 0.5], [0.25 + d, 0.25 - d / 2, 0.5 - d / 2]
    values = [divergence(p, q) for divergence in FUNCTIONS]
    np.testing.assert_allclose(values, precisely(p, q), rtol=1e-12)
    atoms = [divergence(Discrete(range(3), p), Discrete(range(3), q)) for divergence in FUNCTIONS]
    assert atoms == values


@pytest.mark.parametrize("size", [1.0, 0.1, 1e-3, 1e-6, 1e-9])
def test_close_pmfs_of_any_masses_keep_their_digits(rng, size):
    p = rng.dirichlet(np.full(40, 0.3))
    q = p * (1 + size * rng.uniform(-0.9, 0.9, 40))
    q[:3] = p[:3] * (1 + size)
    q /= q.sum()
    values = [divergence(p, q) for divergence in FUNCTIONS]
    np.testing.assert_allclose(values[:4], precisely(p, q)[:4], rtol=1e-9)
    assert values[4] == pytest.approx(precisely(p, q)[4], rel=1e-9, abs=1e-16)
    assert [
        divergence(Discrete(range(40), p), Discrete(range(40), q)) for divergence in FUNCTIONS
    ] == (values)


def test_rare_atoms_that_differ_keep_their_digits():
    p, q = [1 - 2e-12, 2e-12, 0.0, 0.0], [1 - 3e-12, 1e-12, 1e-12, 1e-12]
    for divergence, true in zip(FUNCTIONS, precisely(p, q), strict=True):
        assert divergence(p, q) == pytest.approx(true, rel=1e-3)  # 1 - 2e-12 has no more digits


@pytest.mark.parametrize("m", [1.0, 1e-2, 1e-5])
def test_close_densities_keep_their_digits(m):
    p, q = stats.norm(), stats.norm(m)
    assert kl(p, q) == pytest.approx(m**2 / 2, rel=1e-9)
    assert chi2(p, q) == pytest.approx(np.expm1(m**2), rel=1e-9)
    assert tv(p, q) == pytest.approx(special.erf(m / np.sqrt(8)), rel=1e-8)
    if m < 0.1:
        assert js(p, q) == pytest.approx(m**2 / 8, rel=m**2)
        assert le_cam(p, q) == pytest.approx(m**2 / 4, rel=2 * m**2)


def test_densities_a_hair_apart_neither_hang_nor_vanish():
    assert kl(stats.norm(), stats.norm(1e-9)) == pytest.approx(5e-19, rel=1e-3)
    assert js(stats.gamma(2.5), stats.gamma(2.5)) == 0


def test_histograms_of_scipy_are_densities(rng):
    drawn = rng.normal(size=500)
    first = stats.rv_histogram(np.histogram(drawn, bins=7))
    second = stats.rv_histogram(np.histogram(drawn + 0.5, bins=9))
    edges = first._hbins
    told = Density(first.pdf, first.support(), breaks=tuple(edges[1:-1]))
    assert js(first, second) == pytest.approx(js(told, second), abs=1e-8)
    moved = Density(first(1, 2).pdf, first(1, 2).support(), breaks=tuple(1 + 2 * edges[1:-1]))
    assert tv(first(loc=1, scale=2), second) == pytest.approx(tv(moved, second), abs=1e-8)
    assert tv(first, stats.norm()) == pytest.approx(tv(told, stats.norm()), abs=1e-8)
    cuts = np.unique(np.r_[edges, second._hbins])  # by hand: both are constant in between
    middle, width = (cuts[1:] + cuts[:-1]) / 2, np.diff(cuts)
    by_hand = 0.5 * (np.abs(first.pdf(middle) - second.pdf(middle)) * width).sum()
    assert tv(first, second) == pytest.approx(by_hand, abs=1e-8)
    assert kl(stats.norm(), first) == np.inf
    assert js(first, first) == 0
    pair = exact.known.Line(first, second)
    assert pair.js == js(first, second)
    assert pair.emd == pytest.approx(exact.known.Line(first(), second()).emd)


@pytest.mark.parametrize("divergence", [tv, kl, js, chi2, le_cam])
def test_laws_of_torch_are_told_where_to_go(divergence):
    torch = pytest.importorskip("torch")
    for law in (torch.distributions.Normal(0.0, 1.0), torch.distributions.Bernoulli(0.5)):
        with pytest.raises(ValueError, match=r"torch.distributions.kl_divergence.*\.probs"):
            divergence(law, stats.norm())


def test_several_laws_in_one_are_refused():
    with pytest.raises(ValueError, match="parameters that are arrays: give one law at a time"):
        kl(stats.norm([0, 1], 1), stats.norm())
