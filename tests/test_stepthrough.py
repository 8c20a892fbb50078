"""Algorithm 1 by hand: the moves are those of training, the scene says what is true of it."""

import re
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from wganlab import compare, exact, learned, scenes
from wganlab.compare.probe import Probe

NET = learned.MLPConfig(width=16, depth=2)
CONFIG = learned.TrainConfig(
    data="8gaussians", critic=NET, generator=NET, batch=32, n_critic=3, iterations=4, every=4
)


def game(**options):
    return compare.StepThrough(CONFIG, **{"n": 60, "cells": 15, "device": "cpu"} | options)


@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_iterations_are_those_of_training(schedule):
    rate = learned.Optimizer(lr=1e-3, schedule=schedule)
    config = replace(CONFIG, critic_optimizer=rate, generator_optimizer=rate)
    by_hand = compare.StepThrough(config, n=60, cells=15, device="cpu")
    for _ in range(4):
        by_hand.step_both()
    run = learned.train(config, progress=False, device="cpu")
    pairs = ((by_hand._training.critic, run.critic), (by_hand._training.generator, run.generator))
    for mine, other in pairs:
        for a, b in zip(mine.state_dict().values(), other.state_dict().values(), strict=True):
            assert torch.equal(a, b)


def test_both_takes_the_steps_that_are_left():
    played = game()
    played.step_critic()
    played.step_both()
    assert [move.player for move in played.scene().moves] == ["", *["critic"] * 3, "generator"]
    assert [move.critic_step for move in played.scene().moves] == [0, 1, 2, 3, 0]
    assert [move.iteration for move in played.scene().moves] == [0, 0, 0, 0, 1]
    for _ in range(5):
        played.step_critic()  # more than belong to it
    played.step_both()
    assert [move.player for move in played.scene().moves[-2:]] == ["critic", "generator"]


def test_only_who_moves_is_moved():
    played = game()
    scenes = [played.scene()]
    for move in (played.step_critic, played.step_generator):
        move()
        scenes.append(played.scene())
    start, critic, generator = scenes
    assert np.array_equal(start.fake, critic.fake)
    assert not np.array_equal(start.critic, critic.critic)
    assert np.array_equal(generator.before, critic.fake)
    assert not np.array_equal(generator.fake, critic.fake)
    assert np.array_equal(start.real, generator.real)


def test_the_linear_program_is_solved_where_the_generator_has_moved(monkeypatch):
    solved, wasserstein = [], exact.wasserstein
    monkeypatch.setattr(
        exact, "wasserstein", lambda *given: solved.append(len(given)) or wasserstein(*given)
    )
    played = game()
    for _ in range(2):
        played.step_both()  # three steps of the critic, one of the generator
        played.scene()
    assert len(solved) == 3


def test_a_reset_game_goes_the_same_way():
    played, told = game(), []
    for _ in range(2):
        played.step_both()
        told.append(played.scene())
        played.reset()
    assert told[0].moves == told[1].moves
    assert np.array_equal(told[0].critic, told[1].critic)
    assert len(played.scene().moves) == 1


def test_the_numbers_are_true_of_the_points():
    played = game()
    for _ in range(5):
        played.step_critic()
    scene = played.scene()
    now, probe = scene.moves[-1], Probe(played._training.critic, scene.fake)
    f_real, f_fake = probe.values(scene.real), probe.values(scene.fake)
    assert now.critic_gap == pytest.approx(f_real.mean() - f_fake.mean())
    assert now.emd == pytest.approx(exact.emd(scene.real, scene.fake), rel=1e-12)
    assert now.certificate == exact.certificate(f_real, scene.real, scene.fake) <= now.emd
    values = probe.values(np.array([[scene.x[3], scene.y[7]]])) - f_fake.mean()
    assert scene.critic[7, 3] == pytest.approx(values[0])
    norms = np.linalg.norm(probe.gradients(scene.fake) - scene.pull, axis=1)
    assert norms.max() == 0


def test_the_exact_critic_is_one_that_pulls_generated_points():
    scene = game().scene()
    assert np.linalg.norm(scene.exact_pull, axis=1) == pytest.approx(np.ones(60))
    nudged = exact.emd(scene.real, scene.fake + 1e-3 * scene.exact_pull)
    assert 0.8e-3 < scene.moves[0].emd - nudged < 1e-3 + 1e-9  # at ties one branch is taken
    steepest = np.abs(np.diff(scene.exact, axis=1)).max() / np.diff(scene.x)[0]
    assert 0.5 < steepest <= 1 + 1e-9


def test_nothing_touches_torchs_global_state():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    dropout = learned.MLPConfig(width=8, depth=1, dropout=0.5)
    config = learned.TrainConfig(data="8gaussians", critic=dropout, generator=NET, batch=8)
    played = compare.StepThrough(config, n=10, cells=5, device="cpu")
    played.step_critic()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"data": "mnist10k", "size": 8}, "take a law of two coordinates, such as 8gaussians"),
        (
            {"objective": "emd", "constraint": "none", "n_critic": 0},
            "objective emd has no critic whose steps could be seen",
        ),
    ],
)
def test_what_cannot_be_stepped_is_refused(changes, advice):
    with pytest.raises(ValueError, match=advice):
        compare.StepThrough(replace(CONFIG, **changes), device="cpu")


def test_a_game_that_diverges_says_so():
    wild = replace(CONFIG, critic_optimizer=learned.Optimizer("sgd", lr=1e30))
    played = compare.StepThrough(wild, n=10, cells=5, device="cpu")
    with pytest.raises(learned.RunDivergedError, match="lower learning rate"):
        [played.step_critic() for _ in range(5)]


def test_scenes_are_drawn_with_their_numbers():
    played = game()
    played.step_both()
    figure = plt.figure(figsize=(13, 4.4))
    scenes.draw_scene(figure, played.scene())
    told = " ".join(axes.get_title() for axes in figure.axes)
    now = played.scene().moves[-1]
    assert f"gap {now.critic_gap:.3f}" in told
    assert f"EM {now.emd:.3f}" in told
    figure.canvas.draw()
    plt.close(figure)


def test_a_page_of_scenes_has_all_of_them():
    played, seen = game(), []
    for move in (played.step_critic, played.step_critic, played.step_generator):
        move()
        seen.append(played.scene())
    page = scenes.steps_page("One <iteration>", seen, note="by hand")
    assert page == scenes.steps_page("One <iteration>", seen, note="by hand")
    assert "the generator has moved" in page
    assert len(re.findall("data:image/png", page)) == 2 * len(seen)
