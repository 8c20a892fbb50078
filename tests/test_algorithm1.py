"""Algorithm 1 as `learned.algorithm1` has it, and everything faster held against that page.

The page itself is held against two loops that are written out here. All others are held against it:
gradients by hand, compiled steps, seeds side by side, runs that go on, several processes.
"""

import copy
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from processes import together

from wganlab import data, learned
from wganlab.learned import DCGANConfig, FoldConfig, MLPConfig, Optimizer, TrainConfig, algorithm1
from wganlab.learned.fast.engine import Engine
from wganlab.learned.fast.trace import tensors
from wganlab.learned.runs.loop import warm_up
from wganlab.learned.runs.state import RunState

# smooth: a unit of ReLUs that is on at every point has a bias whose gradient is 0 but for rounding,
# and Adam takes a whole step from that
SMOOTH = MLPConfig(width=16, depth=2, activation="silu", init="he")
CHAIN = replace(SMOOTH, activation="relu")
FAST = Optimizer(lr=2e-3)
SMALL = TrainConfig(
    critic=SMOOTH,
    generator=SMOOTH,
    critic_optimizer=FAST,
    generator_optimizer=FAST,
    n_critic=2,
    batch=32,
    iterations=8,
    every=8,
    checkpoint=8,
)
VARIANTS = {
    "gp": SMALL,
    "lp": replace(SMALL, constraint="lp", points=50, average=0.9),
    "relu": replace(SMALL, critic=CHAIN, generator=CHAIN, constraint="lp"),
    "dragan": replace(SMALL, constraint="dragan", noise=0.2),
    "clip": replace(
        SMALL,
        constraint="clip",
        clip=0.1,
        critic_optimizer=Optimizer("rmsprop", 1e-4, momentum=0.5),
        iterations=20,  # what it divides by is small at first
    ),
    "sn": replace(SMALL, constraint="sn", generator_optimizer=Optimizer(schedule="linear")),
    "orthonormal": replace(
        SMALL,
        constraint="orthonormal",
        critic=replace(SMOOTH, activation="maxmin"),
        critic_optimizer=Optimizer("sgd", 1e-2, momentum=0.5),
    ),
    "non-saturating": replace(SMALL, objective="non-saturating", constraint="none"),
    "minimax": replace(
        SMALL,
        objective="minimax",
        generator=replace(SMOOTH, norm="batch"),
        generator_optimizer=Optimizer("sgd", 1e-2),
    ),
    "auto-encoder": replace(SMALL, objective="energy-based", constraint="none", warm_up=2),
    "pairs": replace(SMALL, objective="loss-sensitive", constraint="none"),
    "f-gan": replace(SMALL, objective="f-kl", constraint="sn"),
    "alone": replace(SMALL, objective="mmd", constraint="none", n_critic=0),
    "original": replace(SMALL, phases="original", iterations=2, critic_optimizer=Optimizer("sgd")),
}
ALONE = ("relu", "dragan", "non-saturating", "original")  # the others with two seeds
CPU = torch.device("cpu")
PACKAGE = Path(learned.__file__).parent.parent


def made(config, seeds=(0,), **options):
    return [RunState(replace(config, seed=seed), CPU, **options) for seed in seeds]


def specified(config, seeds=(0,), iterations=None):
    """Runs that the specification has trained."""
    runs = made(config, seeds, by_hand=False)
    for run in runs:
        assert run.critic_gradients is algorithm1.critic_gradients
        assert run.generator_gradients is algorithm1.generator_gradients
        warm_up(run)
        for _ in range(config.iterations if iterations is None else iterations):
            algorithm1.iterate(run)
    return runs


def assert_close(run, other, tolerance=1e-5):
    """Equal weights, states of optimizers, losses, draws and clocks."""
    ours, theirs = tensors(run), tensors(other)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(
            tensor.detach(), theirs[name].detach(), atol=tolerance, rtol=1e-4, msg=name
        )
    if run.losses:
        ends = (torch.cat([loss.reshape(-1) for loss in each.losses]) for each in (run, other))
        torch.testing.assert_close(*ends, atol=1e-5, rtol=1e-4)
    assert torch.equal(run.draws.get_state(), other.draws.get_state())
    assert (run.iteration, run.steps) == (other.iteration, other.steps)
    for schedule, its in zip(run.schedules, other.schedules, strict=True):
        assert schedule.get_last_lr() == its.get_last_lr()


class Textbook:
    """The papers' boxes, written out: RMSProp and clipping, or plain gradients and a penalty."""

    def __init__(self, config, critic, generator, draws):
        self.config, self.critic, self.generator, self.draws = config, critic, generator, draws
        self.ring = data.toy("8gaussians")
        self.critic_rate, self.generator_rate = 0.02, 0.01

    def randn(self, *shape):
        return torch.randn(shape, generator=self.draws)

    def penalty(self, real, fake):
        order = torch.randperm(len(real), generator=self.draws)
        epsilon = torch.rand((len(real), 1), generator=self.draws)
        between = (epsilon * real[order] + (1 - epsilon) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        return self.config.weight * (slope.norm(dim=1) - 1).square().mean()

    def down(self, loss, network, rate):
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(network.parameters(), gradients, strict=True):
                weight -= rate * gradient

    def iterate(self, iteration):
        n, left = self.config.batch, 1 - iteration / self.config.iterations
        noise = self.config.noise * left
        for _ in range(self.config.n_critic):
            real = self.ring.sample(n, self.draws)
            fake = self.generator(self.randn(n, self.config.latent)).detach()
            real, fake = real + noise * self.randn(n, 2), fake + noise * self.randn(n, 2)
            loss = self.critic(fake).mean() - self.critic(real).mean()
            if self.config.constraint == "gp":
                loss = loss + self.penalty(real, fake)
            self.down(loss, self.critic, self.critic_rate * left)
            if self.config.constraint == "clip":
                for weight in self.critic.parameters():
                    weight.data.clamp_(-self.config.clip, self.config.clip)
        fake = self.generator(self.randn(n, self.config.latent)) + noise * self.randn(n, 2)
        self.down(-self.critic(fake).mean(), self.generator, self.generator_rate * left)


@pytest.mark.parametrize("constraint", ["gp", "clip"])
def test_the_page_is_the_papers_algorithm(constraint):
    config = replace(
        SMALL,
        constraint=constraint,
        clip=0.1,
        noise=0.3,
        critic_optimizer=Optimizer("sgd", 0.02, schedule="linear"),
        generator_optimizer=Optimizer("sgd", 0.01, schedule="linear"),
    )
    (run,) = made(config, by_hand=False)
    draws = torch.Generator()
    draws.set_state(run.draws.get_state())
    book = Textbook(config, *copy.deepcopy((run.critic, run.generator)), draws)
    for iteration in range(config.iterations):
        algorithm1.iterate(run)
        book.iterate(iteration)
    for network in ("critic", "generator"):
        for name, weight in getattr(book, network).state_dict().items():
            ours = getattr(run, network).state_dict()[name]
            torch.testing.assert_close(ours, weight, atol=1e-6, rtol=1e-5)
        first = [next(getattr(one, network).parameters()) for one in (run, made(config)[0])]
        assert (first[0] - first[1]).abs().max() > 1e-5
    assert torch.equal(run.draws.get_state(), draws.get_state())


@pytest.mark.parametrize(
    ("phases", "iteration", "steps"),
    [("constant", 0, 2), ("original", 24, 100), ("original", 25, 2)],
)
def test_the_critic_takes_its_steps_before_the_generator(phases, iteration, steps):
    config = replace(SMALL, phases=phases, n_critic=2, iterations=iteration + 1)
    (run,) = made(config, by_hand=False)
    taken, gradients = [], run.critic_gradients
    run.iteration = iteration
    run.critic_gradients = lambda *given: taken.append(1) or gradients(*given)
    algorithm1.iterate(run)
    assert len(taken) == steps


@pytest.mark.parametrize("name", VARIANTS)
def test_by_hand_is_the_specification(name):
    config = VARIANTS[name]
    (run,) = made(config)
    warm_up(run)
    for _ in range(config.iterations):
        algorithm1.iterate(run)
    assert run.critic is None or run.critic_gradients is not algorithm1.critic_gradients
    assert_close(run, specified(config)[0])


@pytest.mark.slow
@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("name", VARIANTS)
def test_recorded_steps_are_the_specification(name):
    config, seeds = VARIANTS[name], (0,) if name in ALONE else (0, 5)
    runs = made(config, seeds)
    engine = Engine(runs)
    for run in runs:
        warm_up(run)
    for _ in range(config.iterations):
        engine.iterate()
    for run, other in zip(runs, specified(config, seeds), strict=True):
        assert_close(run, other)


def judged(objective):
    """A configuration with that objective, noise and a schedule."""
    config = {"objective": objective, "constraint": "lp", "iterations": 4, "every": 100}
    if not learned.OBJECTIVES[objective].has_critic:
        config |= {"constraint": "none", "n_critic": 0}
    fast = Optimizer(lr=2e-3, schedule="cosine")
    return replace(SMALL, noise=0.1, critic_optimizer=fast, generator_optimizer=fast, **config)


RECORDED = {config.objective for config in VARIANTS.values()}
SOLVED = {"emd", "sinkhorn"}  # by POT, which the engine leaves alone


@pytest.mark.parametrize("objective", learned.OBJECTIVES)
def test_every_objective_is_the_same_by_hand(objective):
    (run,) = made(judged(objective))
    for _ in range(run.config.iterations):
        algorithm1.iterate(run)
    assert_close(run, specified(run.config)[0])


@pytest.mark.slow
@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("objective", sorted({*learned.OBJECTIVES} - RECORDED - SOLVED))
def test_every_other_objective_is_the_same_when_recorded(objective):
    small = replace(SMOOTH, depth=1)
    config = replace(judged(objective), critic=small, generator=small)
    runs = made(config, (0, 1))
    engine = Engine(runs)
    for _ in range(config.iterations):
        engine.iterate()
    for run, other in zip(runs, specified(config, (0, 1)), strict=True):
        assert_close(run, other)


@pytest.mark.slow
def test_compiled_steps_are_the_specification():
    config = replace(
        SMALL,
        n_critic=1,
        noise=0.1,
        critic=replace(SMOOTH, depth=1),
        generator=replace(CHAIN, depth=1),
        critic_optimizer=Optimizer(lr=2e-3, schedule="linear"),
    )
    runs = made(config, (0, 1))
    engine = Engine(runs)
    for _ in range(config.iterations):
        engine.iterate()
    for run, other in zip(runs, specified(config, (0, 1)), strict=True):
        assert_close(run, other)


SMOOTH_IMAGES = TrainConfig(
    data="mnist10k",
    size=16,
    latent=4,
    batch=8,
    n_critic=2,
    iterations=3,
    every=3,
    critic=DCGANConfig(4, norm="none", init="he"),
    generator=DCGANConfig(4, init="he"),
    critic_optimizer=Optimizer("sgd", lr=1e-2),
    generator_optimizer=Optimizer("sgd", lr=1e-2, schedule="linear"),
    noise=0.1,
)
IMAGES = {
    "penalty": SMOOTH_IMAGES,
    "batch norm": replace(
        SMOOTH_IMAGES, constraint="clip", clip=0.1, critic=DCGANConfig(4, init="he")
    ),
    "layer norm": replace(SMOOTH_IMAGES, critic=DCGANConfig(4, norm="layer", init="he")),
    "folds": replace(SMOOTH_IMAGES, constraint="orthonormal", critic=FoldConfig(16)),
    "GAN, average": replace(
        SMOOTH_IMAGES, objective="non-saturating", constraint="none", average=0.5, points=20
    ),
    "perceptrons": replace(SMOOTH_IMAGES, critic=MLPConfig(16, 2), generator=MLPConfig(16, 2)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_images_by_hand_are_the_specification(name):
    config = IMAGES[name]
    (run,) = made(config)
    for _ in range(config.iterations):
        algorithm1.iterate(run)
    assert_close(run, specified(config)[0])


class PulledPlug(Exception):
    pass


def plug(view):
    if view.iteration == 4:
        raise PulledPlug
    return {}


@pytest.mark.slow
@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("engine", ["eager", "by-hand", "compiled"])
def test_a_run_that_goes_on_is_the_specification(engine, tmp_path):
    config = replace(
        VARIANTS["lp"],
        noise=0.2,
        warm_up=3,
        every=2,
        checkpoint=2,
        iterations=7,
        critic_optimizer=Optimizer(lr=2e-3, schedule="cosine"),
    )
    with pytest.raises(PulledPlug):
        learned.train(config, folder=tmp_path / "cut", observers=[plug], engine=engine)
    cut = learned.resume(tmp_path / "cut", engine=engine)
    whole = learned.train(config, engine=engine)
    (specification,) = specified(config)
    for name, weight in specification.average.state_dict().items():
        assert torch.equal(cut.generator.state_dict()[name], whole.generator.state_dict()[name])
        torch.testing.assert_close(whole.generator.state_dict()[name], weight, atol=1e-5, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("recorded")
def test_a_run_by_auto_goes_by_hand_and_a_long_one_is_compiled(monkeypatch):
    asked = []

    class Seen(Engine):
        def __init__(self, runs, eager):
            asked.append(runs[0].config.iterations)
            super().__init__(runs, eager)

    monkeypatch.setattr("wganlab.learned.runs.loop.Engine", Seen)
    monkeypatch.setattr("wganlab.learned.fast.engine.PAYS", (6, 3))
    learned.train(replace(SMALL, iterations=5))
    learned.train(replace(SMALL, iterations=6, data="mnist10k", size=8))
    assert asked == []
    learned.train(replace(SMALL, iterations=6))
    learned.train_seeds(replace(SMALL, iterations=3), [0, 1])
    assert asked == [6, 3]


def entered(config, by_hand_):
    """Files of the package that one critic step of a run enters."""
    import sys

    (run,) = made(config, by_hand=by_hand_)
    files = set()

    def note(frame, event, argument):
        if event == "call" and (file := Path(frame.f_code.co_filename)).is_relative_to(PACKAGE):
            files.add(file.relative_to(PACKAGE).as_posix())

    algorithm1.iterate(run)
    sys.setprofile(note)
    try:
        algorithm1.critic_step(run)
    finally:
        sys.setprofile(None)
    return files


@pytest.mark.parametrize("by_hand_", [False, True])
@pytest.mark.parametrize("preset", ["wgan-gp", "wgan", "gan"])
def test_a_critic_step_enters_few_files(preset, by_hand_):
    files = entered(learned.PRESETS[preset], by_hand_)
    assert "learned/algorithm1.py" in files
    assert len(files) <= 4, files  # that of `train` is the fifth


def test_the_page_is_a_page():
    with open(algorithm1.__file__) as file:
        assert sum(bool(line.strip()) for line in file) <= 90


SHARDED = """
from dataclasses import replace
import torch
from wganlab import learned
from wganlab.learned import DCGANConfig, MLPConfig, Optimizer, TrainConfig
from wganlab.learned.distributed import joined

SMOOTH = Optimizer("sgd", lr=1e-2)  # Adam makes a step of a rate from rounding's size
IMAGES = TrainConfig(
    data="mnist10k", size=8, latent=4, batch=8, n_critic=2, iterations=3, every=3,
    critic=DCGANConfig(4, norm="none", init="he"), generator=DCGANConfig(4, init="he"),
    critic_optimizer=SMOOTH, generator_optimizer=replace(SMOOTH, schedule="linear"),
)
POINTS = replace(
    IMAGES, data="8gaussians", critic=MLPConfig(16, 2), generator=MLPConfig(16, 2), noise=0.1,
)
CONFIGS = {
    "images, penalty": IMAGES,
    "images, fixed": replace(IMAGES, points=20, constraint="lp", average=0.5),
    "images, batch norm": replace(
        IMAGES, constraint="clip", clip=0.1, critic=replace(IMAGES.critic, norm="batch")
    ),
    "images, layer norm": replace(IMAGES, critic=replace(IMAGES.critic, norm="layer")),
    "images, GAN": replace(IMAGES, objective="non-saturating", constraint="none"),
    "points, DRAGAN": replace(POINTS, constraint="dragan"),
    "points, spectral norm": replace(POINTS, constraint="sn", points=20),
    "points, clipping": replace(POINTS, constraint="clip", clip=0.1, warm_up=2),
    "points, orthonormal": replace(
        POINTS, constraint="orthonormal", critic=MLPConfig(16, 2, activation="maxmin")
    ),
    "points, f-GAN": replace(POINTS, objective="f-kl", constraint="none"),
}

def weights(run):
    networks = (run.generator, run.critic)
    return torch.cat([t.flatten().float() for net in networks for t in net.state_dict().values()])

with joined() as here:
    engine = "eager" if here.size == 1 else "by-hand"
    ends = {
        name: weights(learned.train(config, progress=False, engine=engine))
        for name, config in CONFIGS.items()
    }
    torch.save(ends, f"{here.size}-{here.rank}.pt")
"""


@pytest.fixture(scope="module")
def ended(once):
    """The end of every configuration, by two processes (rank 0 and rank 1), and specified."""

    def train(folder):
        results = together(SHARDED, 2, folder)
        assert [returned for _, _, returned in results] == [0, 0], results[-1][1]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            exec(SHARDED, {})

    folder = once("together", train)
    names = ("2-0", "2-1", "1-0")
    return [torch.load(folder / f"{name}.pt", weights_only=True) for name in names]


@pytest.mark.slow
@pytest.mark.parametrize("name", re.findall(r'^    "(.*)": ', SHARDED, flags=re.MULTILINE))
def test_two_halves_are_the_specification(ended, name):
    first, second, whole = (end[name] for end in ended)
    assert torch.equal(first, second)
    assert (first - whole).abs().max() < 1e-5
