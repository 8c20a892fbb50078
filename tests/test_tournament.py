"""Tournaments: heats of all, a final of the best, the choice on points that are not trained on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wganlab import data, exact, learned
from wganlab.learned import (
    METHODS,
    ByDimension,
    ConesConfig,
    Method,
    MLPConfig,
    NoConstraint,
    Orthonormal,
    SpectralNorm,
    Tournament,
    WeightClipping,
    fit_critic,
)
from wganlab.learned.critics.tournament import score

PEAKS = Method(Orthonormal(), ConesConfig(16), METHODS["cones"].optimizer, steps=200, batch=64)
PITS = replace(PEAKS, critic=ConesConfig(16, "fake"))
TWO = Tournament(methods=(("peaks", PEAKS), ("pits", PITS)))


class Swapped:
    def __init__(self, pair):
        self.pair, self.emd = pair, pair.emd

    def sample(self, n, rng, *, paired=False):
        return self.pair.sample(n, rng, paired=paired)[::-1]


def test_peaks_win_on_funnels_and_pits_on_funnels_upside_down():
    pair = exact.known.Funnels(8)
    for laws, winner, loser in ((pair, "peaks", "pits"), (Swapped(pair), "pits", "peaks")):
        fitted = fit_critic(laws, constraint=TWO, records=1)
        assert fitted.winner == winner
        assert list(fitted.heats) == ["peaks", "pits"]
        assert fitted.heats[winner] > 1.3 * fitted.heats[loser]
        assert fitted.critic[-1].side == {"peaks": "real", "pits": "fake"}[winner]
        assert fitted.constraint is TWO
        assert fitted.lipschitz == 1.0
        assert fitted.steps == 200


def test_the_final_is_the_winner_trained_alone_and_its_seconds_are_those_of_all(rng):
    x, y = rng.normal(size=(40, 3)), 1 + rng.normal(size=(40, 3))
    fitted = fit_critic(x, y, constraint=TWO, seed=3)
    alone = fit_critic(
        x, y, constraint=Orthonormal(), critic=dict(TWO.methods)[fitted.winner].critic,
        optimizer=PEAKS.optimizer, steps=200, batch=64, seed=3,
    )  # fmt: skip
    for one, other in zip(fitted.critic.parameters(), alone.critic.parameters(), strict=True):
        assert torch.equal(one, other)
    assert fitted.final.gap == alone.final.gap
    assert fitted.history[0].seconds > 0  # of the heats


def test_the_choice_is_made_on_new_points_over_the_proven_constant(rng):
    class Law:  # what is drawn last is what is judged on
        def __init__(self):
            self.asked = []

        def __call__(self, n, generator):
            self.asked.append(n)
            z = torch.randn(n, 2, generator=generator)
            return z, z + 1

    law = Law()
    fitted = fit_critic(law, constraint=replace(TWO, heat=0.05), steps=20)
    assert law.asked.count(4096) == 1
    network = torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[3.0, 4.0]]))
    real, fake = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
    assert score(network, real, fake) == pytest.approx(5.0)  # 25 over a slope of 5
    assert fitted.final.held_out_gap == pytest.approx(fitted.final.gap, abs=0.2)


def test_clouds_are_chosen_on_themselves_in_their_own_unit(rng):
    x, y = rng.normal(size=(30, 2)), 2 + rng.normal(size=(30, 2))
    plain = fit_critic(x, y, constraint=TWO)
    factor, shift = 2.0**20, 2.0**22
    far = fit_critic(shift + factor * x, shift + factor * y, constraint=TWO)
    assert far.winner == plain.winner
    gaps = [told.heats[told.winner] / unit for told, unit in ((plain, 1.0), (far, factor))]
    assert gaps[0] == pytest.approx(gaps[1], rel=0.02)
    assert gaps[0] <= exact.emd(x, y)


def test_a_heat_is_a_share_of_the_steps_and_sees_no_held_out_points():
    seen = []

    class Linear(torch.nn.Linear):
        def forward(self, x):
            if self.training:
                seen.append(x.detach().clone())
            return super().forward(x)

    def build(dimension, generator):
        return torch.nn.Sequential(Linear(dimension, 1))

    own = Method(WeightClipping(1.0), build, METHODS["clip"].optimizer, steps=8, batch=4)
    x, y = np.arange(40.0).reshape(20, 2), 100 + np.arange(40.0).reshape(20, 2)
    fitted = fit_critic(x, y, constraint=Tournament((("a", own), ("b", own))), held_out=10)
    assert len(seen) == 2 + 2 + 8  # a quarter in each heat, all in the final
    trained = torch.cat(seen)
    assert len(torch.unique(trained, dim=0)) <= 20
    assert np.isfinite(fitted.final.held_out_gap)


def test_a_callback_that_stops_ends_it(rng):
    x, y = rng.normal(size=(10, 2)), rng.normal(size=(10, 2))
    fitted = fit_critic(x, y, constraint=TWO, callback=lambda record, network: True)
    assert fitted.stopped == "callback"
    assert fitted.winner == "peaks"
    assert list(fitted.heats) == ["peaks"]


def test_who_takes_part_is_chosen_by_the_dimension():
    assert [name for name, _ in Tournament().at((255,))][:3] == ["cones", "pits", "orthonormal"]
    many = dict(Tournament().at((1, 16, 16)))
    assert list(many) == ["cones", "pits", "orthonormal"]
    assert many["orthonormal"].critic.at((256,)) == MLPConfig(256, 2, "maxmin", init="he")
    assert many["cones"].critic.at((256,)).mixed == 1
    assert Tournament((("a", PEAKS),)).at((2,)) == (("a", PEAKS),)


def test_images_are_judged_too():
    images = data.images("mnist10k[3]"), data.images("mnist10k[8]")
    x, y = (s.points(np.arange(40)).reshape(40, 1, 28, 28) for s in images)
    fitted = fit_critic(x, y, constraint="best", steps=40, batch=40, records=1)
    assert fitted.winner in ("cones", "pits", "orthonormal")
    flat = x.reshape(40, -1), y.reshape(40, -1)
    assert 0.75 * exact.emd(*flat) < fitted.final.gap <= exact.emd(*flat) * (1 + 1e-6)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"critic": MLPConfig()}, "each with its own critic: leave critic= out"),
        ({"optimizer": learned.Optimizer()}, "each with its own optimizer"),
        ({"objective": "hinge"}, "Hinge estimates something else"),
    ],
)
def test_options_that_do_not_go_with_it_are_refused(options, advice):
    with pytest.raises(ValueError, match=advice):
        fit_critic(np.zeros((3, 2)), np.ones((3, 2)), constraint="best", **options)


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: Tournament(heat=0), "heat"),
        (lambda: Tournament(heat=1.5), "give a share in"),
        (lambda: Tournament((("free", Method(NoConstraint())),)), "NoConstraint proves nothing"),
        (lambda: Tournament((("again", METHODS["best"]),)), "again: its critic is None"),
    ],
)
def test_what_proves_nothing_takes_no_part(make, advice):
    with pytest.raises(ValueError, match=advice):
        make()


def test_methods_of_other_constants_are_compared_by_what_they_prove(rng):
    sn = Method(SpectralNorm(), MLPConfig(width=8), METHODS["sn"].optimizer, steps=40, batch=32)
    clip = Method(WeightClipping(0.5), MLPConfig(width=8), METHODS["clip"].optimizer, steps=40)
    x, y = rng.normal(size=(50, 2)), 3 + rng.normal(size=(50, 2))
    fitted = fit_critic(x, y, constraint=Tournament((("sn", sn), ("clip", clip))))
    assert max(fitted.heats.values()) <= exact.emd(x, y)
    assert fitted.final.gap / fitted.lipschitz <= exact.emd(x, y) * (1 + 1e-6)


def test_a_network_is_chosen_by_dimension():
    choice = ByDimension(MLPConfig(8), MLPConfig(16), many_from=5)
    assert choice.at((4,)).width == 8
    assert choice.at((1, 1, 5)).width == 16
    generator = torch.Generator().manual_seed(0)
    assert choice.critic_for((5,), generator).config.width == 16
    assert choice.generator_for(3, (4,), generator)(torch.zeros(2, 3)).shape == (2, 4)
    with pytest.raises(ValueError, match="many_from = 0"):
        ByDimension(MLPConfig(), MLPConfig(), many_from=0)
