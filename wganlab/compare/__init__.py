"""The bridge: any critic beside the exact distance. The one package that needs both wings.

- `critic_vs_exact`: one critic beside EM of two clouds, a `Comparison`
- `scoreboard`: many critics on many pairs of laws, a `Scoreboard` of one `BoardRow` each
- `benchmark`: critics of laws, judged on new coupled points, a `Benchmark` of one `BenchmarkRow`
  each: the W1 benchmark, with what was `published` beside it, a `Published` a row
- `estimate_vs_exact`: what a discriminator tells of a divergence, an `Estimate`, beside `distance`
- `bracket`: two numbers that hold EM of two LAWS with a confidence, a `Bracket` with its history, a
  `Look` each; how much of everything it takes is a `BracketPlan`; what Ctrl-C leaves is in a
  `BracketInterrupted`; laws whose points are a function of uniform numbers are `OfUniforms`
- `emd_loss`: exact EM as a loss with a gradient
- `observers`, `image_observers`: what `learned.train` calls to write the truth beside a run;
  `sampling_floor`: what a perfect generator would reach
- `StepThrough`: algorithm 1 one update at a time, each a `Scene` to be drawn
- `face_attributes`: generated faces held against their law, `FaceAttributes` with an
  `AttributeRow` each; `attribute_observer`, the same beside a run; `face_copies`: are they copies?
- `text_observers`: the truth beside a run on text; `NGrams`: the law of n characters in a row, and
  its divergence from that of other lines; `TextObserver`: that and words, beside a run
- `classifier_for`, `fit_classifier`: a `Classifier` of an image set
- `kernel_distance` (KID), `class_counts`, `class_coverage`, `features_of`, `feature_observer`: what
  is true of generated images; `memorization`, `nearest_neighbors`: are they copies?
"""

from wganlab.compare.attributes import (
    AttributeRow,
    FaceAttributes,
    attribute_observer,
    face_attributes,
    face_copies,
)
from wganlab.compare.board import Scoreboard, scoreboard
from wganlab.compare.brackets.bracket import bracket
from wganlab.compare.brackets.results import Bracket, BracketInterrupted, BracketPlan, Look
from wganlab.compare.brackets.sources import OfUniforms
from wganlab.compare.classifier import Classifier, fit_classifier
from wganlab.compare.classifier_cache import classifier_for
from wganlab.compare.comparison import Comparison, critic_vs_exact
from wganlab.compare.estimates import Estimate, distance, estimate_vs_exact
from wganlab.compare.features import (
    class_counts,
    class_coverage,
    feature_observer,
    features_of,
    kernel_distance,
)
from wganlab.compare.law_board import Benchmark, benchmark
from wganlab.compare.law_cells import BenchmarkRow
from wganlab.compare.loss import emd_loss
from wganlab.compare.neighbors import memorization, nearest_neighbors
from wganlab.compare.ngrams import NGrams, TextObserver, text_observers
from wganlab.compare.published_rows import Published, published
from wganlab.compare.rows import BoardRow
from wganlab.compare.stepthrough import Scene, StepThrough
from wganlab.compare.truth_observers import image_observers, observers, sampling_floor

__all__ = [
    "AttributeRow",
    "Benchmark",
    "BenchmarkRow",
    "BoardRow",
    "Bracket",
    "BracketInterrupted",
    "BracketPlan",
    "Classifier",
    "Comparison",
    "Estimate",
    "FaceAttributes",
    "Look",
    "NGrams",
    "OfUniforms",
    "Published",
    "Scene",
    "Scoreboard",
    "StepThrough",
    "TextObserver",
    "attribute_observer",
    "benchmark",
    "bracket",
    "class_counts",
    "class_coverage",
    "classifier_for",
    "critic_vs_exact",
    "distance",
    "emd_loss",
    "estimate_vs_exact",
    "face_attributes",
    "face_copies",
    "feature_observer",
    "features_of",
    "fit_classifier",
    "image_observers",
    "kernel_distance",
    "memorization",
    "nearest_neighbors",
    "observers",
    "published",
    "sampling_floor",
    "scoreboard",
    "text_observers",
]
