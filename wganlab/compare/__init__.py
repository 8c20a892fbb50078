"""The bridge: any critic beside the exact distance. The one package that needs both wings."""

from wganlab.compare.board import Scoreboard, scoreboard
from wganlab.compare.classifier import Classifier, as_images, fit_classifier
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
from wganlab.compare.neighbors import memorization, nearest_neighbors
from wganlab.compare.observers import image_observers, observers, sampling_floor
from wganlab.compare.rows import Row
from wganlab.compare.stepthrough import Scene, StepThrough

__all__ = [
    "Classifier",
    "Comparison",
    "Estimate",
    "Row",
    "Scene",
    "Scoreboard",
    "StepThrough",
    "as_images",
    "class_counts",
    "class_coverage",
    "classifier_for",
    "critic_vs_exact",
    "distance",
    "estimate_vs_exact",
    "feature_observer",
    "features_of",
    "fit_classifier",
    "image_observers",
    "kernel_distance",
    "memorization",
    "nearest_neighbors",
    "observers",
    "sampling_floor",
    "scoreboard",
]
