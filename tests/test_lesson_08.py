"""Lesson 8: the self-checks see right from wrong."""

from dataclasses import replace

import pytest

from wganlab.learned import PRESETS, DCGANConfig, MLPConfig, Optimizer, TrainConfig

SMALL = MLPConfig(width=8, depth=1)
PLAIN = TrainConfig(critic=SMALL, generator=SMALL, batch=8, n_critic=1, iterations=5)
CONTEXT = {
    "critic_updates": {"iterations": 1200},
    "wrong_way": {"beta": 0.95},
    "budget": {"updates": 600, "target": 100.0},  # any run that does not diverge
}


@pytest.fixture
def check(course):
    from checks import training

    return training


def made(**changes):
    return lambda: replace(PLAIN, **changes)


@pytest.mark.parametrize(
    ("name", "answer", "reply"),
    [
        ("critic_updates", None, "Not answered yet"),
        ("critic_updates", 8565, "Right"),
        ("critic_updates", "8565", "Right"),
        ("critic_updates", 6000, "without the phases"),
        ("critic_updates", 2500 + 1175 * 5, "divisible by 500"),
        ("critic_updates", 8565 + 95, "among the first 25 already"),
        ("critic_updates", 2700 + 6000, "there are no 5 more"),
        ("critic_updates", 2700, "the long iterations alone"),
        ("critic_updates", 8565 - 95, "Do not forget the last"),
        ("critic_updates", 8565 + 1200, "only updates of the critic"),
        ("critic_updates", 1, "how many iterations have 100 steps"),
        ("critic_updates", "many", "is not a number"),
        ("wrong_way", None, "Not answered yet"),
        ("wrong_way", 13, "Right"),
        ("wrong_way", 14, "the first step the right way"),
        ("wrong_way", 13.51, "is whole"),
        ("wrong_way", 20, "how far back m looks"),
        ("wrong_way", 0, "still near 1"),
        ("wrong_way", 7, "m is 1 at the turn"),
        ("wrong_way", float("nan"), "is not finite"),
        ("statements", None, "Not answered yet"),
        ("statements", [True, False, False, False, True], "Right"),
        ("statements", (True, False, False, False, True), "Right"),
        ("statements", [False, False, False, False, True], "1: what does a certificate prove"),
        ("statements", [True, True, False, False, True], "2: is the gap"),
        ("statements", [True, False, True, False, True], "3: EM of the points"),
        ("statements", [True, False, False, True, True], "4: can gaps"),
        ("statements", [True, False, False, False, False], "5: the certificate"),
        ("statements", [False, True, True, True, False], "5 of 5"),
        ("statements", [True, False], "a list of five"),
        ("statements", [1, 0, 0, 0, 1], "each True or False"),
        ("statements", "TFFFT", "a list of five"),
        ("statements", 3, "is no list"),
        ("budget", lambda: None, "Not answered yet"),
        ("budget", made(), "Right"),
        ("budget", made(iterations=400), "it takes 800 updates"),
        ("budget", made(warm_up=591), "it takes 601 updates"),
        ("budget", made(iterations=5, phases="original"), "Right"),
        ("budget", made(iterations=7, phases="original"), "it takes 707 updates"),
        ("budget", made(data="swissroll"), "train on 8gaussians"),
        ("budget", made(objective="hinge"), "to be wasserstein"),
        ("budget", lambda: PRESETS["emd"], "to be wasserstein"),
        ("budget", made(batch=128), "at most 64 points"),
        ("budget", made(critic=MLPConfig(width=128)), "of 64 units"),
        ("budget", made(generator=MLPConfig(width=8, depth=4)), "of 64 units"),
        ("budget", made(critic=DCGANConfig()), "of 64 units"),
        ("budget", lambda: PRESETS, "return a TrainConfig"),
        ("budget", lambda: replace(PLAIN, batch=0), "it stops with ValueError"),
        ("budget", PLAIN, "is not a function"),
        ("budget", made(critic_optimizer=Optimizer("sgd", 1e30)), "the run diverged"),
    ],
)
def test_self_checks_see_right_from_wrong(check, name, answer, reply, capsys):
    getattr(check, name)(answer, **CONTEXT.get(name, {}))
    out = capsys.readouterr().out
    assert reply in out
    assert out.count("\n") == 1


def test_a_run_that_ends_too_far_away_is_told_how_far(check, capsys):
    check.budget(made(), updates=600, target=0.0)
    assert "and below 0 is asked for" in capsys.readouterr().out
