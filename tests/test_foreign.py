"""Critics that somebody brought: judged and trained without harm, or refused in one line."""

import copy
import random
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from wganlab import exact
from wganlab.compare import critic_vs_exact
from wganlab.compare.probe import Probe
from wganlab.learned import (
    CTransform,
    GradientPenalty,
    NoConstraint,
    Orthonormal,
    SpectralNorm,
    WeightClipping,
    fit_critic,
)
from wganlab.learned.critics import lending


def clouds(n=40, m=30):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) + 1


X, Y = clouds()
EXACT = exact.emd(X, Y)


def layers(width=2):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(width, 16), nn.SiLU(), nn.Linear(16, 1))


class Wrapped(nn.Module):
    """A foreign class around plain layers."""

    def __init__(self, function=lambda f, z: f, width=2):
        super().__init__()
        self.layers, self.function = layers(width), function

    def forward(self, z):
        return self.function(self.layers(z), z)


class Doubling(Wrapped):
    def forward(self, z):
        z *= 2
        return self.layers(z)


def doubling(z):
    z *= 2
    return z[:, 0]


def short(**options):
    return {"steps": 4, "batch": 16, "records": 2, **options}


# what it does to its points


@pytest.mark.parametrize(
    ("changing", "same"),
    [
        (doubling, lambda z: 2 * z[:, 0]),
        (lambda z: z.mul_(2)[:, 0], lambda z: 2 * z[:, 0]),
        (Doubling(), Wrapped(lambda f, z: f)),
    ],
    ids=["NumPy", "torch", "module"],
)
def test_a_critic_that_changes_its_points_proves_no_more_than_another(changing, same):
    x, y = X.copy(), Y.copy()
    told = critic_vs_exact(changing, x, y)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert told.exact == EXACT
    assert told.certificate <= EXACT
    if not isinstance(changing, nn.Module):
        expected = critic_vs_exact(same, X, Y)
        assert told.certificate == pytest.approx(expected.certificate, rel=1e-12)
        assert told.slope == pytest.approx(expected.slope, rel=1e-6)


@pytest.mark.parametrize("constraint", [GradientPenalty(), CTransform(), WeightClipping()], ids=str)
@pytest.mark.parametrize("batch", [0, 16])
def test_training_a_critic_that_changes_its_points_is_training_on_the_points(constraint, batch):
    class Apart(Wrapped):
        def forward(self, z):
            return self.layers(2 * z)

    told = [
        fit_critic(X, Y, critic=critic, constraint=constraint, **short(batch=batch)).column("gap")
        for critic in (Doubling(), Apart())
    ]
    np.testing.assert_allclose(*told, rtol=1e-5)


def test_a_tensor_of_the_user_is_not_trained_on_itself():
    x = torch.tensor(X, dtype=torch.float32)
    before = x.clone()
    fit_critic(x, Y, critic=Doubling(), **short(batch=0))
    assert torch.equal(x, before)


def test_one_array_returned_again_and_again_is_copied():
    kept = np.empty(1000)

    def critic(z):
        kept[: len(z)] = z[:, 0]
        return kept[: len(z)]

    x = np.random.default_rng(0).normal(size=(1500, 1))
    np.testing.assert_array_equal(Probe(critic, x).values(x), x[:, 0])


# what is no function of a point


class Noisy(Wrapped):
    def forward(self, z):
        return nn.functional.dropout(self.layers(z))  # also in evaluation mode


NORMED = nn.BatchNorm1d(1)
NO_FUNCTIONS = {
    "NumPy noise": (lambda z: z[:, 0] + np.random.normal(size=len(z)), "from call to call"),  # noqa: NPY002
    "small noise": (
        lambda z: z[:, 0] + 1e-4 * torch.randn(len(z)).numpy(),
        "from call to call, by up to",
    ),
    "dropout": (Noisy(), "F.dropout(x, training=self.training)"),
    "centered": (lambda z: z[:, 0] - z[:, 0].mean(), "with the other points of the batch"),
    "ranks": (lambda z: z[:, 0].argsort().argsort(), "with the other points of the batch"),
    "batch norm at work": (lambda z: NORMED(z[:, :1].float()), "or call eval()"),
    "centered module": (Wrapped(lambda f, z: f - f.mean()), "with the other points of the batch"),
}


@pytest.mark.parametrize("name", NO_FUNCTIONS)
def test_what_is_no_function_of_points_has_no_certificate(name):
    critic, advice = NO_FUNCTIONS[name]
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    with pytest.raises(ValueError, match="there is no certificate") as refusal:
        critic_vs_exact(critic, X, Y)
    assert advice in str(refusal.value)
    assert "\n" not in str(refusal.value)
    if isinstance(critic, nn.Module):
        with pytest.raises(ValueError, match="there is no certificate"):
            fit_critic(X, Y, critic=critic, **short())
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert random.getstate() == before[2]
    assert not NORMED.running_mean.any()


def test_global_modes_are_put_back():
    def critic(z):
        torch.manual_seed(0)
        np.random.seed(0)  # noqa: NPY002
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        return z[:, 0] + np.random.normal()  # noqa: NPY002

    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert critic_vs_exact(critic, X, Y).certificate <= EXACT
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


def test_noise_that_evaluation_switches_off_is_no_harm():
    critic = nn.Sequential(nn.Linear(2, 8), nn.Dropout(), nn.BatchNorm1d(8), nn.Linear(8, 1))
    assert critic_vs_exact(critic, X, Y).certificate <= EXACT
    assert critic.training


# what cannot be copied


class Locked(nn.Module):
    """It holds what no copy can hold, and every call changes it."""

    def __init__(self):
        super().__init__()
        self.layer, self.norm = nn.Linear(2, 1), nn.BatchNorm1d(1)
        self.lock, self.calls, self.seen = threading.Lock(), 0, []
        self.register_buffer("count", torch.zeros(()))

    def forward(self, z):
        self.calls += 1
        self.seen.append(len(z))
        self.count += 1
        return self.norm(self.layer(z))


@pytest.mark.parametrize("how", [lambda m: m, lambda m: m.forward, lambda m: lambda z: m(z)])
def test_what_cannot_be_copied_is_left_as_it_was(how):
    critic = Locked()
    critic.layer.weight.grad = torch.ones(1, 2)
    with pytest.raises(TypeError):
        copy.deepcopy(critic)
    if how(critic) is not critic:  # judged as it is
        critic.eval()
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    told, training = critic_vs_exact(how(critic), X, Y), critic.training
    assert told.certificate <= EXACT
    assert told.slope == pytest.approx(critic.layer.weight.norm().item(), rel=1e-4)
    assert (critic.calls, critic.seen, training) == (0, [], how(critic) is critic)
    assert critic.layer.weight.grad.tolist() == [[1, 1]]
    assert all(torch.equal(value, before[name]) for name, value in critic.state_dict().items())


HOOKED = {"spectral": nn.utils.spectral_norm, "weight": nn.utils.weight_norm}
MADE = {
    **HOOKED,
    "parametrized": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
}


def chained(kind):
    torch.manual_seed(0)
    made = nn.Sequential(MADE[kind](nn.Linear(2, 16)), nn.ReLU(), MADE[kind](nn.Linear(16, 1)))
    made(torch.zeros(3, 2))  # once run, the hooks have left what no copy takes
    return made


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_networks_of_torchs_norms_are_judged_and_trained(kind):
    critic = chained(kind)
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    told = critic_vs_exact(critic, X, Y)
    with torch.no_grad():
        critic.eval()
        f = critic(torch.tensor(X, dtype=torch.float32)).double().numpy()[:, 0]
        critic.train()
    assert told.certificate == pytest.approx(exact.certificate(f, X, Y), rel=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in critic.state_dict().items())
    fitted = fit_critic(X, Y, critic=critic, constraint=NoConstraint(), **short())
    again = critic_vs_exact(fitted, X, Y)
    assert again.critic_gap == pytest.approx(fitted.final.gap, rel=1e-4, abs=1e-5)
    assert fit_critic(X, Y, critic=chained(kind), **short()).final.certificate <= EXACT + 1e-4


@pytest.mark.parametrize("kind", ["spectral", "parametrized", "orthogonal"])
@pytest.mark.parametrize("constraint", [SpectralNorm(), Orthonormal(), WeightClipping()], ids=str)
def test_weights_that_are_made_are_not_set(kind, constraint):
    with pytest.raises(ValueError, match=r"parametrization of its own .* constraint none"):
        fit_critic(X, Y, critic=chained(kind), constraint=constraint, **short())


# types, and what is missing


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("make", [Wrapped, layers])
def test_weights_of_other_types_are_trained_and_asked(make, dtype):
    fitted = fit_critic(X, Y, critic=make().to(dtype), **short())
    assert fitted([[0.0, 0.0]]).shape == (1,)
    assert fitted.gradient([[0.0, 0.0]]).shape == (1, 2)
    assert critic_vs_exact(fitted, X, Y).certificate <= EXACT


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(1, 4), nn.Linear(4, 1)

    def forward(self, z):
        h = self.up(z[:, None, :, None])  # (n, 1, 2, 4)
        h = nn.functional.scaled_dot_product_attention(h, h, h)
        return self.down(h).flatten(1).mean(dim=1)


class Fused(Attention):
    def forward(self, z):
        h = self.up(z[:, None, :, None])
        h = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(h, h, h)[0]
        return self.down(h).flatten(1).mean(dim=1)


def test_attention_has_a_second_derivative_here():
    assert fit_critic(X, Y, critic=Attention(), **short()).final.certificate <= EXACT + 1e-5


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_scripted_critics_are_trained_and_judged():
    critic = torch.jit.trace(layers(), torch.zeros(3, 2))
    assert critic_vs_exact(critic, X, Y).certificate <= EXACT
    fitted = fit_critic(X, Y, critic=critic, **short())
    assert critic_vs_exact(fitted, X, Y).critic_gap == pytest.approx(fitted.final.gap, abs=1e-5)


class Keyword(Wrapped):
    def __init__(self, *, dim):
        super().__init__(width=dim)


class Two(Wrapped):
    def __init__(self, dimension, width):
        super().__init__()


def test_a_class_is_made_for_the_dimension():
    assert fit_critic(X, Y, critic=Keyword, **short()).critic.layers[0].in_features == 2
    assert type(fit_critic(X, Y, critic=lambda d: Wrapped(width=d), **short()).critic) is Wrapped


def frozen():
    return Wrapped().requires_grad_(False)


def raising(f, z):
    return {}["a\nb"]


UNTRAINABLE = {
    "width": (Wrapped(width=3), "critic Wrapped cannot be asked at 2 points of shape (2,)"),
    "plain width": (nn.Linear(3, 1), "build it for points of shape (2,)"),
    "tuple": (Wrapped(lambda f, z: (f, z)), "function of points, and it returned a tuple"),
    "nothing": (Wrapped(lambda f, z: None), "it returned a NoneType: it must return one number"),
    "NumPy": (Wrapped(lambda f, z: f.detach().numpy()), "it returned a ndarray"),
    "one for all": (Wrapped(lambda f, z: f.mean()), "maps 2 points to an output of shape ()"),
    "complex": (Wrapped(lambda f, z: f + 0j), "returned complex numbers"),
    "not finite": (Wrapped(lambda f, z: f / 0), "are not finite before the first step"),
    "raising": (Wrapped(raising), "points of shape (2,), float32: KeyError: 'a"),
    "frozen": (frozen(), "the critic Wrapped has no weights to train"),
    "detached": (Wrapped(lambda f, z: f.detach()), "do not depend on its weights through torch"),
    "no second derivative": (Fused(), "the critic Fused has no second derivative, which"),
    "on meta": (nn.Linear(2, 1, device="meta"), "has weights on meta"),
    "two arguments": (Two, "Two needs 2 arguments (dimension, width)"),
    "a word": ("mlp", "critic='mlp' is of type str: give a configuration such as MLPConfig()"),
    "no builder": (lambda d: 3, "critic= made a int: it must make an nn.Module"),
    "raising builder": (lambda d: 1 / 0, "points of dimension 2: ZeroDivisionError"),
}


@pytest.mark.parametrize("name", UNTRAINABLE)
def test_what_cannot_be_trained_is_one_line_that_names_it(name):
    critic, advice = UNTRAINABLE[name]
    with pytest.raises(ValueError, match=r"critic|argument|points") as refusal:
        fit_critic(X, Y, critic=critic, constraint=GradientPenalty(), **short())
    assert advice in str(refusal.value)
    assert "\n" not in str(refusal.value)
    if isinstance(critic, nn.Module) and name != "not finite":
        assert critic.training


UNJUDGEABLE = {
    "keyword": (lambda *, z: z[:, 0], "it is called with the points alone"),
    "two arguments": (lambda z, t: z[:, 0], "it is called with the points alone"),
    "nothing": (lambda z: None, "<lambda> is a function of points, and it returned a NoneType"),
    "tuple": (lambda z: (z[:, 0], z), "it returned a tuple"),
    "text": (lambda z: ["a"] * len(z), "returned text"),
    "complex": (lambda z: z[:, 0] + 1j, "returned complex numbers"),
    "objects": (lambda z: {"f": z}, "returned object values"),
    "width": (lambda z: z @ np.ones(3), "cannot be asked at 1 points of shape (2,), float64"),
    "raising": (lambda z: {}["a"], "KeyError: 'a'"),
}


@pytest.mark.parametrize("name", UNJUDGEABLE)
def test_what_cannot_be_judged_is_one_line_that_names_it(name):
    critic, advice = UNJUDGEABLE[name]
    with pytest.raises(ValueError, match="the critic <lambda>") as refusal:
        critic_vs_exact(critic, X, Y)
    assert advice in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_class_in_place_of_a_module_is_told():
    with pytest.raises(TypeError, match="the critic Wrapped is a class, without weights"):
        critic_vs_exact(Wrapped, X, Y)


def test_a_gradient_that_is_not_finite_is_taken_by_differences():
    told = critic_vs_exact(lambda z: torch.sqrt((z**2).sum(dim=1)), np.zeros((3, 2)), Y)
    assert told.slope == pytest.approx(1, rel=1e-4)


def test_a_graph_of_the_user_outlives_the_judgment():
    critic = Wrapped()
    loss = critic(torch.tensor(X, dtype=torch.float32)).sum()
    critic_vs_exact(lambda z: critic(z.float()), X, Y)
    loss.backward()  # needs the weights as they were


def test_no_gradients_are_left_behind():
    critic = Wrapped()
    critic_vs_exact(lambda z: critic(z.float()), X, Y)
    assert all(weight.grad is None for weight in critic.parameters())
    fit_critic(X, Y, critic=critic, **short())
    assert all(weight.grad is None for weight in critic.parameters())


def test_modules_behind_a_function_are_found():
    critic = Wrapped()
    holder = type("Holder", (), {"__call__": lambda self, z: self.net(z)})()
    holder.net = critic
    for function in (critic.forward, lambda z: critic(z), holder):
        assert lending.behind(function) == [critic]
    assert lending.behind(np.sin) == []


# the correction of the penalty's bias


class Certified(nn.Module):
    """Slope 1 by itself, in a way that nothing here can prove."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([-1.0, -0.5]))

    def forward(self, z):
        return z @ (self.weight / self.weight.norm())


def test_a_certified_network_is_not_corrected():
    for critic in (Certified(), chained("parametrized")):
        fitted = fit_critic(X, Y, critic=critic, **short(steps=20))
        told = critic_vs_exact(fitted, X, Y)
        assert told.slope <= 1 + 1e-4
        assert told.corrected is None
    assert critic_vs_exact(fit_critic(X, Y, **short(steps=50)), X, Y).corrected is not None
