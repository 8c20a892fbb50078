"""What is true of generated images: distances between features, lost classes, copies.

KID, the kernel inception distance, is the unbiased squared MMD between features of real and
generated images under the kernel (x.y / d + 1)^3 (Bińkowski et al. 2018). Here the features are
those of a classifier of the set itself, or of any function that is given as `features=`: KID as
published takes the last pooling layer of an Inception network, with its weights. Values under
different features do not compare. FID is not offered: it is tied to downloaded Inception weights,
and biased at the few images that are looked at in training, which KID is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from wganlab import exact
from wganlab.compare import neighbors
from wganlab.compare.classifier import Classifier
from wganlab.exact.measures import as_array
from wganlab.learned.batch import at_once

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

    from wganlab.compare.neighbors import Images
    from wganlab.learned.runs.view import Row, View


Features: TypeAlias = "Callable[[Tensor], Tensor]"
"""A function of images, float32 tensors (n, c, h, w) with pixels in [-1, 1], to (n, k) features."""


def kernel_distance(real_features: ArrayLike, fake_features: ArrayLike) -> float:
    """KID: the unbiased estimate of the squared MMD under the cubic kernel, in float64.

    KID is the field's name for what is a square: it may be negative, and between samples of one law
    its mean is 0. What is chance, two halves of the real images tell: with the classifiers'
    features at 32 px, 1,000 images each of `mnist10k` or `glyphs` give 0.000 with a standard
    deviation of 0.005; `mnist10k` with noise of 0.1 gives 0.03, blurred by 3 x 3 means 0.24.

    Parameters
    ----------
    real_features, fake_features : array_like, shapes (n, k) and (m, k)
        Features of real and generated images, at least two of each.

    Returns
    -------
    float
        Without unit; it grows with the sixth power of the features' scale, so values compare under
        the same features alone.

    Raises
    ------
    ValueError
        If the features are not finite, differ in k, or are of fewer than two images.

    Examples
    --------
    >>> kernel_distance([[0.0], [0.0]], [[1.0], [1.0]])  # 1 + 2^3 - 2
    7.0

    References
    ----------
    Bińkowski et al., Demystifying MMD GANs, ICLR 2018, section 4.
    """
    return exact.mmd_squared(real_features, fake_features, kernel="polynomial", unbiased=True)


def features_of(features: Features, images: Images) -> NDArray[np.float64]:
    """Features of images, some hundred at a time and without gradient: float64, (n, k).

    Parameters
    ----------
    features : callable, (n, c, h, w) to (n, k)
        A function of images in [-1, 1]: a classifier's `features`, or any other network.
    images : float tensor, shape (n, c, h, w), in [-1, 1]; or uint8 array, shape (n, h, w, c)
        A tensor stays on its device.

    Raises
    ------
    ValueError
        If there are no images, or what comes back is not one row of finite numbers for each.

    Examples
    --------
    Mean and contrast of each channel as a toy network; a real one goes in the same place:

    >>> def toy(x):
    ...     return torch.cat([x.mean(dim=(2, 3)), x.std(dim=(2, 3))], dim=1)
    >>> flat, noisy = torch.zeros(100, 3, 8, 8), torch.rand(100, 3, 8, 8) - 0.5
    >>> real, fake = (features_of(toy, images) for images in (flat, noisy))
    >>> real.shape, kernel_distance(real, fake) > 0.1
    ((100, 6), True)
    """
    parts = []
    step = at_once(np.shape(images)[1:])
    for start in range(0, len(images), step):
        some = neighbors.checked(images[start : start + step], "the images")
        with torch.no_grad():
            told = features(some)
        if tuple(told.shape[:1]) != (len(some),) or told.ndim != 2:
            raise ValueError(
                f"features= maps {len(some)} images to a tensor of shape {tuple(told.shape)}: it "
                "must return one row for each, shape (n, k); flatten it, or take means"
            )
        parts.append(as_array(told, "the features"))
    if not parts:
        raise ValueError("there are no images")
    return np.concatenate(parts)


def class_counts(probabilities: ArrayLike) -> NDArray[np.int64]:
    """How many images are most likely of each class: shape (k,).

    Parameters
    ----------
    probabilities : array_like, shape (n, k)
        Of each of k classes for each of n images; rows sum to 1.

    Raises
    ------
    ValueError
        If these are no probabilities, or of one class.

    Examples
    --------
    >>> class_counts([[0.9, 0.1, 0.0], [0.6, 0.2, 0.2], [0.0, 0.1, 0.9]])
    array([2, 0, 1])
    """
    told = _probabilities(probabilities)
    return np.bincount(told.argmax(axis=1), minlength=told.shape[1])


def class_coverage(probabilities: ArrayLike) -> dict[str, float]:
    """Classes that generated images are of, as a classifier tells them.

    Parameters
    ----------
    probabilities : array_like, shape (n, k)
        Of each of k classes for each of n images; rows sum to 1.

    Returns
    -------
    dict
        `classes`: those with at least a tenth of their equal share n / k of the images, as modes of
        toy laws are counted; where n < 10 k one image is enough. `all_classes`: k.
        `largest_share`: of the images, those of the commonest class; 1 / k where all are equally
        common. `confidence`: mean largest probability. Far below that of real images it shows
        mixtures; near it, it proves nothing: of uniform noise a classifier may be all but certain.

    Raises
    ------
    ValueError
        If these are no probabilities, or of one class.

    Examples
    --------
    >>> class_coverage([[0.75, 0.25, 0], [0.75, 0, 0.25], [1, 0, 0], [0, 0, 1]])
    {'classes': 2, 'all_classes': 3, 'largest_share': 0.75, 'confidence': 0.875}
    """
    told = _probabilities(probabilities)
    counts = class_counts(told)
    return {
        "classes": int((counts >= 0.1 * len(told) / len(counts)).sum()),
        "all_classes": len(counts),
        "largest_share": float(counts.max() / len(told)),
        "confidence": float(told.max(axis=1).mean()),
    }


def feature_observer(
    classifier: Classifier | None = None,
    *,
    features: Features | None = None,
    train: Images | None = None,
) -> Callable[[View], Row]:
    """An observer of image runs: KID, classes and memorization beside the training.

    It looks at `view.fake`, `view.real` and `view.held_out`, tensors of shape (n, c, h, w) in
    [-1, 1], and at nothing else. What belongs to real images is computed at the first look, and
    again only if they are others.

    Parameters
    ----------
    classifier : Classifier, optional
        Of the set: see `compare.classifier_for`. Without one classes are not counted.
    features : callable, (n, c, h, w) to (n, k), optional
        For KID, in place of the classifier's features.
    train : uint8 array, shape (n, h, w, c), or float tensor, shape (n, c, h, w), optional
        All training images, for memorization; by default those of the view, `view.real`.

    Returns
    -------
    callable
        `View` to a dict: `kid` between generated and held-out images; `classes`, `all_classes`,
        `largest_share` and `confidence` (see `class_coverage`); `memorization`. Of a generator
        that is told classes `class_agreement`: the share of images that the classifier takes for
        what they were told to be.

    Raises
    ------
    ValueError
        If there is neither a classifier nor features.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> look = feature_observer(features=lambda x: x.mean(dim=(2, 3)))
    >>> real, held_out, fake = torch.linspace(-1, 1, 60).reshape(3, 20, 1, 1, 1)
    >>> sorted(look(SimpleNamespace(real=real, held_out=held_out, fake=fake)))
    ['kid', 'memorization']
    """
    if classifier is None and features is None:
        raise ValueError("give a classifier, or features=, or both")
    if features is None and classifier is not None:
        features = classifier.features
    return _Observer(classifier, features, train)


class _Observer:
    """What `feature_observer` returns; it keeps what it knows of the real images."""

    def __init__(self, classifier: Classifier | None, features: Any, train: Images | None) -> None:
        self.classifier, self.features, self.train = classifier, features, train
        self.real: tuple[Tensor, Tensor] | None = None
        self.real_features = np.empty((0, 0))
        self.usual = 0.0

    def __call__(self, view: View) -> Row:
        train = view.real if self.train is None else self.train
        self.know(view.real, view.held_out, train)
        fake_features = features_of(self.features, view.fake)
        row = {"kid": kernel_distance(self.real_features, fake_features)}
        if self.classifier is not None:
            told = features_of(self.classifier.probabilities, view.fake)
            row |= class_coverage(told)
            if classes := getattr(view, "classes", ()):  # of which each is told in turn
                asked = np.arange(len(told)) % len(classes)
                row["class_agreement"] = float((told.argmax(axis=1) == asked).mean())
        row["memorization"] = neighbors.compared(view.fake, train, self.usual)["memorization"]
        return row

    def know(self, real: Tensor, held_out: Tensor, train: Images) -> None:
        """Measure the real images, unless they are those of the last look."""
        now = (real, held_out)
        if self.real is not None and all(map(torch.equal, self.real, now)):
            return
        self.real_features = features_of(self.features, held_out)
        self.usual = neighbors.usual_distance(train, held_out)
        self.real = real.clone(), held_out.clone()


def _probabilities(values: ArrayLike) -> NDArray[np.float64]:
    told = as_array(values, "the probabilities")
    if told.ndim != 2 or told.size == 0:
        raise ValueError(f"probabilities of shape {told.shape}: give (n, k), a row for each image")
    if told.shape[1] < 2:
        raise ValueError("one class alone: there is nothing to classify and no class to lose")
    sums = told.sum(axis=1)
    if told.min() < 0 or np.abs(sums - 1).max() > 1e-3:
        row = int(np.abs(sums - 1).argmax())
        raise ValueError(
            f"row {row} of the probabilities sums to {sums[row]:.6g} and the smallest of all is "
            f"{told.min():.3g}: did you pass logits? take their softmax"
        )
    return told
