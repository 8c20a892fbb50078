"""What observers measure of points whose distances are known, without a run."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from wganlab import compare, data, learned
from wganlab.data.image_law_by_name import image_law
from wganlab.learned import MLPConfig, TrainConfig


class Along(nn.Module):
    """The first coordinate, turned round: the best critic of what lies to the right."""

    def forward(self, z):
        return -z[:, 0]


def at(place, n=6):
    return torch.tensor([[place, 0.0]]).repeat(n, 1)


SMALL = TrainConfig(critic=MLPConfig(4), generator=MLPConfig(4), batch=4)
VIEW = learned.View(SMALL, 0, data.toy("8gaussians"), Along(), None, at(-2.0), at(0.0), at(3.0))


def test_em_is_to_points_that_no_step_has_seen_and_the_certificate_is_of_the_critic_there():
    look = compare.observers(4)[0]
    assert look(VIEW) == {"emd": pytest.approx(3), "certificate": pytest.approx(3)}
    row = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [8.0, 0.0]])
    told = look(replace(VIEW, real=row.flip(0), held_out=row, fake=row + torch.tensor([1.0, 0.0])))
    assert told == {"emd": pytest.approx(1), "certificate": pytest.approx(1)}
    assert look(replace(VIEW, critic=None)) == {"emd": pytest.approx(3)}


def test_em_to_the_training_points_is_told_where_they_are_fixed():
    fixed = replace(VIEW, config=replace(SMALL, points=4))
    assert compare.observers(4)[0](fixed)["train_emd"] == pytest.approx(5)


def test_as_many_points_are_looked_at_as_were_asked():
    far = torch.cat([at(3.0, 4), at(100.0, 2)])
    assert compare.observers(4)[0](replace(VIEW, fake=far))["emd"] == pytest.approx(3)
    assert compare.observers(6)[0](replace(VIEW, fake=far))["emd"] > 30


def test_points_far_from_every_mode_find_none():
    law = data.toy("8gaussians")
    far = law.modes[[0]] + torch.tensor([[30 * law.spread, 0.0]])
    told = compare.observers()[1](replace(VIEW, fake=far.repeat(20, 1)))
    assert told == {"modes": 0, "quality": 0.0}


def test_a_few_stray_points_do_not_find_a_mode():
    modes = data.toy("8gaussians").modes
    fake = torch.cat([modes[:1].repeat(999, 1), modes[1:2]])
    assert compare.observers()[1](replace(VIEW, fake=fake))["modes"] == 1


def test_the_floor_is_between_two_samples():
    law = data.toy("8gaussians")
    assert compare.sampling_floor(law, 60, seed=1) > 0.1
    assert compare.sampling_floor(law, 60, seed=1) == compare.sampling_floor(law, 60, seed=1)


def test_the_floor_of_images_is_to_those_that_are_held_out():
    law = image_law("glyphs", size=8, color="grey", held_out=60)
    assert compare.sampling_floor(law, 30) > 0.1
