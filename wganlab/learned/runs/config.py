"""All settings of a training run as one frozen value, with a JSON round trip.

A run is what its configuration says and nothing else: equal configurations end in equal bits on
the same machine with the same number of threads. The field's recipes are in `presets`.

References
----------
Arjovsky et al., "Wasserstein GAN", 2017, arXiv 1701.07875, algorithm 1, and the authors' code.
Heusel et al., 2017, arXiv 1706.08500: one rate for each player.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from wganlab.data import checks
from wganlab.data.image_sources import Color, is_image_source
from wganlab.data.language import is_text_source
from wganlab.data.toys import Toy
from wganlab.learned.constraints.clipping import WeightClipping, When, refuse_no_box
from wganlab.learned.constraints.constraint import Constraint, NoConstraint
from wganlab.learned.constraints.norms import Orthonormal, SpectralNorm
from wganlab.learned.constraints.penalties import Consistency, GradientPenalty
from wganlab.learned.networks.by_kind import NETWORKS, Network
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.objectives.by_name import OBJECTIVES, Objective
from wganlab.learned.objectives.games import EnergyBased
from wganlab.learned.objectives.minibatch import MMD, Sinkhorn
from wganlab.learned.optimizers import Optimizer
from wganlab.learned.runs import config_json
from wganlab.learned.runs.epochs import iterations_of
from wganlab.learned.runs.laws import law_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import nn

    from wganlab.data.set_laws import SetLaw

CONSTRAINTS: dict[str, Callable[[TrainConfig], Constraint]] = {
    "gp": lambda config: GradientPenalty(config.weight),
    "lp": lambda config: GradientPenalty(config.weight, side="one"),
    "dragan": lambda config: GradientPenalty(config.weight, place="around_real"),
    "ct": lambda config: Consistency(gradient=GradientPenalty(config.weight)),
    "clip": lambda config: WeightClipping(config.clip, config.clip_when, config.clip_lower),
    "sn": lambda config: SpectralNorm(),
    "orthonormal": lambda config: Orthonormal(),
    "none": lambda config: NoConstraint(),
}
"""By the names of `compare`, with the parameters of a configuration."""

if TYPE_CHECKING:
    ObjectiveName: TypeAlias = str
    ConstraintName: TypeAlias = str
else:  # the command line lists them
    ObjectiveName = Literal[tuple(OBJECTIVES)]
    ConstraintName = Literal[tuple(CONSTRAINTS)]
Phases = Literal["constant", "original"]
Precision = Literal["float32", "bfloat16"]


_NETWORK = (Network, f"a network, {', '.join(kind.__name__ for kind in NETWORKS.values())}")
_OPTIMIZER = (Optimizer, "an Optimizer")
_KINDS: dict[str, tuple[Any, str]] = {
    "data": (str, "the name of a law, or a file's"),
    **dict.fromkeys(("critic", "generator"), _NETWORK),
    **dict.fromkeys(("critic_from", "generator_from"), (str, "the folder of a run, '' for none")),
    **dict.fromkeys(("critic_optimizer", "generator_optimizer"), _OPTIMIZER),
}


@dataclass(frozen=True)
class TrainConfig:
    """What is trained, how, and on what."""

    data: str = "8gaussians"
    """Real law: one of `wganlab.data.TOYS`, with parameters as in parallel_lines:theta=0; a file of
    points, as `distance` takes them; or images: mnist10k, emoji, glyphs, one class of them as
    mnist10k[3], folder:PATH, npz:PATH, hub:NAME; or the lines of a text: text:FILE or
    text:shakespeare, of at most 32 characters, with text:FILE:length=16 of 16."""
    size: int = 32
    """Side of images, in pixels; faces are drawn at 16."""
    color: Color = "auto"
    """Of images: auto (as the set has them), grey or rgb."""
    held_out: int = 0
    """Images, or lines, that no step sees, to judge by; 0 for a tenth of the set, at most 4,096."""
    dequantize: bool = False
    """Add uniform noise of one grey level, about 0, to every pixel of the real images of a step;
    what is observed has none."""
    points: int = 0
    """Real points in all, drawn once; 0 for new points in every step, faces too, or for all images
    of another set."""
    objective: ObjectiveName = "wasserstein"
    """What the players optimize. The last three have no critic: they go with constraint none and 0
    critic steps."""
    margin: float = EnergyBased.margin
    """Of energy-based: energy that a fake point is pushed up to, in the unit of the points."""
    bandwidths: tuple[float, ...] = MMD.bandwidths
    """Of mmd: widths of the Gaussian kernels, in the unit of the points."""
    epsilon: float = Sinkhorn.epsilon
    """Of sinkhorn: strength of the entropy, in the unit of the points."""
    constraint: ConstraintName = "gp"
    """What keeps the critic, by the names of `compare`."""
    weight: float = 10.0
    """Lambda of the penalties."""
    clip: float = 0.01
    """Bound of the weights under clip."""
    clip_lower: float | None = None
    """Their lower bound, where it is not minus the other."""
    clip_when: When = "after"
    """Clip after the critic's step, as the WGAN paper says, or before its gradients, as its code
    does."""
    critic: Network = field(default_factory=lambda: MLPConfig(width=128, depth=3))
    """Network of the critic or discriminator; for energy-based that of the auto-encoder."""
    generator: Network = field(default_factory=lambda: MLPConfig(width=128, depth=3))
    """Network of the generator."""
    critic_from: str = ""
    """Folder of a run whose critic, at its last checkpoint, this one starts from, with a fresh
    optimizer; not needed once there is a checkpoint. None by default: weights are drawn."""
    generator_from: str = ""
    """Likewise for the generator; of a run with an average that is it, and a record will do."""
    latent: int = 2
    """Dimension of the generator's standard normal noise."""
    critic_optimizer: Optimizer = field(default_factory=Optimizer)
    """Of the critic's weights."""
    generator_optimizer: Optimizer = field(default_factory=Optimizer)
    """Of the generator's weights; a rate of its own makes two time scales."""
    labels: bool = False
    """Classes of the image set, as an AC-GAN has them: the generator is told which to make, and the
    critic tells which it sees."""
    class_weight: float = 1.0
    """Of the critic's loss in telling the classes of real images, in nats, beside its own."""
    generator_class_weight: float = 0.1
    """Of the same in the generator's loss, of what it was told to make."""
    n_critic: int = 5
    """Steps of the critic for each step of the generator; 0 where there is no critic."""
    warm_up: int = 0
    """Steps of the critic before all others, so that its first estimate is one."""
    phases: Phases = "constant"
    """original: 100 critic steps in iterations 0 to 24 and every 500th, as in the WGAN code."""
    batch: int = 256
    """Points of each law in a step."""
    generator_batch: int = 0
    """Points in the generator's step; 0 for as many as in the critic's."""
    iterations: int = 3000
    """Steps of the generator."""
    average: float = 0.0
    """Decay of an exponential average of the generator's weights, which is then what samples."""
    noise: float = 0.0
    """Deviation of Gaussian noise on real and fake points that the critic sees, at the start; it
    falls along a line to 0 at the end."""
    precision: Precision = "float32"
    """Of what networks compute in a step; with bfloat16 penalties, losses and weights remain
    float32."""
    seed: int = 0
    """Of weights, points, noise and everything else that is drawn."""
    every: int = 100
    """Iterations between two observations; a row of metrics each."""
    checkpoint: int = 500
    """Iterations between two checkpoints."""
    keep_checkpoints: bool = False
    """Keep every checkpoint, in the folder checkpoints of the run, not the last one alone: what
    `sample --at` and `load_run(at=)` open."""

    def __post_init__(self) -> None:
        for name, (kind, told) in _KINDS.items():
            if not isinstance(getattr(self, name), kind):
                raise ValueError(f"{name} = {getattr(self, name)!r}: give {told}")
        checks.among(tuple(OBJECTIVES), objective=self.objective)
        checks.among(tuple(CONSTRAINTS), constraint=self.constraint)
        checks.among(get_args(Phases), phases=self.phases)
        checks.among(get_args(Color), color=self.color)
        checks.among(get_args(Precision), precision=self.precision)
        checks.whole(1, size=self.size)
        checks.whole(0, held_out=self.held_out)
        checks.whole(0, points=self.points, iterations=self.iterations)
        checks.whole(0, most=checks.SEEDS, seed=self.seed)
        checks.whole(0, warm_up=self.warm_up)
        checks.whole(0 if self.critic_free else 1, n_critic=self.n_critic)
        checks.whole(1, latent=self.latent, batch=self.batch)
        checks.whole(0, generator_batch=self.generator_batch)
        checks.whole(1, every=self.every, checkpoint=self.checkpoint)
        checks.flag(keep_checkpoints=self.keep_checkpoints, dequantize=self.dequantize)
        if self.dequantize and not self.of_images:
            raise ValueError(
                f"dequantize is of images, and data = {self.data!r} are none: leave it out"
            )
        checks.at_least(0, noise=self.noise)
        checks.positive(weight=self.weight, clip=self.clip)
        checks.flag(labels=self.labels)
        weights = (self.class_weight, self.generator_class_weight)
        checks.at_least(0, class_weight=weights[0], generator_class_weight=weights[1])
        refuse_no_box(clip_lower=self.clip_lower, clip=self.clip)
        checks.among(get_args(When), clip_when=self.clip_when)
        if not 0 <= self.average <= 1:
            raise ValueError(f"average = {self.average}: give a share in [0, 1]")
        if self.average == 1:
            raise ValueError("average = 1 would keep the generator's start: give less, as .999")
        asked = (self.constraint, self.n_critic, self.warm_up, self.phases)
        if self.critic_free and asked != ("none", 0, 0, "constant"):
            raise ValueError(
                f"objective = {self.objective!r} has no critic that could be kept or trained: give "
                "constraint = 'none', n_critic = 0, warm_up = 0 and phases = 'constant', as the "
                "presets gmmn, sinkhorn and emd have them"
            )
        self._refuse_for_critic_free()
        if self.of_text and (self.size, self.color) != (32, "auto"):
            raise ValueError(
                f"size and color are of images, and data = {self.data!r} is text: leave them out; "
                "the length of its lines is a part of its name, as in text:FILE:length=16"
            )
        self.built_objective()
        self._refuse_unlabelled()

    def _refuse_unlabelled(self) -> None:
        """ValueError where labels are asked for and there is nothing to tell or to be told."""
        if not self.labels:
            return
        if not self.of_images or self.data.partition("[")[0] == "faces":
            raise ValueError(
                f"data = {self.data!r} has no classes: labels are of image sets, as mnist10k, a "
                "folder of folders, or an npz file with labels"
            )
        if self.critic_free or self.objective == "energy-based":
            raise ValueError(
                f"objective = {self.objective!r} has no critic that could tell classes: leave "
                "labels out, or take another objective"
            )

    def _refuse_for_critic_free(self) -> None:
        if self.critic_free and self.critic_from:
            raise ValueError(f"objective = {self.objective!r} has no critic: leave out critic_from")
        if self.critic_free and self.generator_batch not in (0, self.batch):
            told = f"generator_batch = {self.generator_batch}: objective {self.objective}"
            raise ValueError(
                f"{told} compares two batches of one size: leave it out, and give batch"
            )

    @property
    def of_images(self) -> bool:
        """Are the points images?"""
        return is_image_source(self.data)

    @property
    def of_text(self) -> bool:
        """Are the points lines of text?"""
        return is_text_source(self.data)

    @property
    def of_sets(self) -> bool:
        """Are they of a set, a part of which is held out: images, or lines?"""
        return self.of_images or self.of_text

    def law(self) -> Toy | SetLaw:
        """What is real."""
        return law_of(self.data, self.size, self.color, self.held_out)

    @property
    def critic_free(self) -> bool:
        """Does the generator train alone?"""
        return not OBJECTIVES[self.objective].has_critic

    def critic_steps(self, iteration: int) -> int:
        """Steps of the critic before generator step `iteration`, counted from 0."""
        if self.phases == "original" and (iteration < 25 or iteration % 500 == 0):
            return 100
        return self.n_critic

    def for_epochs(self, epochs: float) -> TrainConfig:
        """The same with as many iterations as that number of epochs takes, see `epochs`.

        Raises
        ------
        ValueError
            If it is no number above 0, or there is no end of the data.

        Examples
        --------
        >>> TrainConfig(points=1000, batch=100, n_critic=5).for_epochs(2).iterations
        4
        """
        return replace(self, iterations=iterations_of(self, epochs))

    def noise_at(self, iteration: int) -> float:
        """Deviation of the instance noise in that iteration."""
        return self.noise * (1 - iteration / self.iterations) if self.noise else 0.0

    def built_objective(self) -> Objective:
        """The objective with its parameter."""
        made: dict[str, Objective] = {
            "energy-based": EnergyBased(self.margin),
            "mmd": MMD(self.bandwidths),
            "sinkhorn": Sinkhorn(self.epsilon),
        }
        return made.get(self.objective, OBJECTIVES[self.objective])

    def built_critic(
        self, shape: Sequence[int], generator: torch.Generator, classes: int = 0
    ) -> nn.Module | None:
        """The critic's network for points of that shape; None where there is no critic.

        With labels it tells so many classes.
        """
        if self.critic_free:
            return None
        if self.labels:
            return self.critic.labelled_critic_for(shape, classes, generator)
        return OBJECTIVES[self.objective].build(self.critic, shape, generator)

    def built_generator(
        self, shape: Sequence[int], generator: torch.Generator, classes: int = 0
    ) -> nn.Module:
        """The generator's network for points of that shape; with labels it is told its class."""
        if self.labels:
            return self.generator.labelled_generator_for(self.latent, shape, classes, generator)
        return self.generator.generator_for(self.latent, shape, generator)

    def built_constraint(self) -> Constraint:
        """The constraint with its parameter."""
        return CONSTRAINTS[self.constraint](self)

    def to_json(self) -> str:
        """The configuration as JSON, with the version of the format."""
        return config_json.written(self)

    @classmethod
    def from_json(cls, text: str) -> TrainConfig:
        """The configuration that `to_json` wrote.

        Raises
        ------
        ValueError
            If it is no such JSON, has an unknown field or was written by a newer version.
        """
        return config_json.read(cls, text)
