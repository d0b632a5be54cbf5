"""What a network's answers on the test images are worth.

For class c, with TP right answers c, FP wrong answers c and FN images of c answered otherwise: precision TP/(TP + FP),
recall TP/(TP + FN), F1 the harmonic mean of both; 0 where a denominator is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class PerClass(NamedTuple):
    """One class: its name, how many images it has, and its figures. `confused` is the class that it is most often
    taken for, and how often; None if never."""

    name: str
    images: int
    precision: float
    recall: float
    f1: float
    confused: tuple[str, int] | None


class Classes(NamedTuple):
    """Answers to a classification. `confusion[i][j]` counts images of class i that were answered j."""

    loss: float
    accuracy: float
    confusion: tuple[tuple[int, ...], ...]
    classes: tuple[PerClass, ...]

    def _repr_html_(self) -> str:
        return _shown(self, self.classes)

    @property
    def macro_f1(self) -> float:
        """The mean of the F1 of the classes that occur or are answered (as in scikit-learn)."""
        answered = [sum(column) for column in zip(*self.confusion, strict=True)]
        there = [c.f1 for c, said in zip(self.classes, answered, strict=True) if c.images or said]
        return sum(there) / max(len(there), 1)

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that occur."""
        recalls = [c.recall for c in self.classes if c.images]
        return sum(recalls) / max(len(recalls), 1)


class Values(NamedTuple):
    """Answers to a regression: mean squared and mean absolute error, and the share of the variance explained (R²), None
    where all targets are the same. `spread` is the mean squared error of always answering the mean of the targets."""

    loss: float
    mse: float
    mae: float
    r2: float | None
    spread: float = 0.0

    def _repr_html_(self) -> str:
        return _shown(self)


class Together(NamedTuple):
    """Answers of several outputs: the loss of all, with its weights, and the figures of each by name."""

    loss: float
    outputs: dict[str, Any]
    images: int


class PerRegion(NamedTuple):
    """One class of a map: how many positions it has, and its figures; intersection over union is TP/(TP + FP + FN)."""

    name: str
    pixels: int
    iou: float
    precision: float
    recall: float


class Regions(NamedTuple):
    """Answers at each position of maps. `mean_iou` is over the classes that occur or are answered."""

    loss: float
    accuracy: float
    mean_iou: float
    classes: tuple[PerRegion, ...]
    confusion: tuple[tuple[int, ...], ...]
    images: int

    def _repr_html_(self) -> str:
        return _shown(self, self.classes)


class PerLabel(NamedTuple):
    """One of several labels: its images, its figures where more than one half means yes, the area under its ROC curve
    (None where all images have it, or none), and the threshold with the best F1 among other images (the validation
    part), with the F1 that it gives here."""

    name: str
    images: int
    precision: float
    recall: float
    f1: float
    auc: float | None
    threshold: float | None = None
    f1_at_threshold: float | None = None


class Labels(NamedTuple):
    """Answers to several yes-or-no questions at once: the share of right ones, and of images with all of them right."""

    loss: float
    accuracy: float
    exact: float
    labels: tuple[PerLabel, ...]
    images: int

    def _repr_html_(self) -> str:
        return _shown(self, self.labels)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the labels that occur or are answered."""
        counted = [one.f1 for one in self.labels if one.images or one.precision or one.auc is not None]
        return sum(counted) / max(len(counted), 1)


class Pictures(NamedTuple):
    """Pictures beside those they should be: mean squared and absolute error, and the mean of the images' peak
    signal-to-noise ratios in decibels, 10·log₁₀(peak²/mse); `peak` is 1, or the range of values where they go beyond
    0 … 1. PSNR is None where an image is answered exactly."""

    loss: float
    mse: float
    mae: float
    psnr: float | None
    peak: float
    images: int

    def _repr_html_(self) -> str:
        return _shown(self)


def _shown(found: object, rows: Sequence[object] = ()) -> str:
    """Figures as a notebook shows them."""
    from convdsl.document.html import fragment
    from convdsl.training.told import figures

    return fragment(figures(found, rows))


Figures = Classes | Regions | Labels | Values | Pictures


def classification(loss: float, answers: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> Classes:
    """Figures from answered and true classes, both (n,) whole numbers; `names` has one for each class."""
    count = max(len(names), int(answers.max(initial=-1)) + 1, int(labels.max(initial=-1)) + 1)
    names = (*names, *(str(i) for i in range(len(names), count)))
    table = confusion(answers, labels, count)
    right = np.diagonal(table)
    precision = right / np.maximum(table.sum(0), 1)
    recall = right / np.maximum(table.sum(1), 1)
    f1 = 2 * right / np.maximum(table.sum(0) + table.sum(1), 1)
    wrong = table - np.diag(right)
    classes = tuple(
        PerClass(
            names[i],
            int(table[i].sum()),
            float(precision[i]),
            float(recall[i]),
            float(f1[i]),
            (names[int(wrong[i].argmax())], int(wrong[i].max())) if wrong[i].any() else None,
        )
        for i in range(count)
    )
    return Classes(
        loss, float(right.sum() / max(len(labels), 1)), tuple(tuple(map(int, row)) for row in table), classes
    )


def regression(loss: float, answers: np.ndarray, targets: np.ndarray) -> Values:
    """Figures from answered and true numbers of the same shape."""
    answers, targets = np.asarray(answers, np.float64), np.asarray(targets, np.float64).reshape(answers.shape)
    mse = float(np.square(answers - targets).mean())
    same = not len(targets) or not np.ptp(targets, 0).any()  # their mean is rounded, and may be none of them
    spread = 0.0 if same else float(np.square(targets - targets.mean(0)).mean())
    mae = float(np.abs(answers - targets).mean())
    return Values(loss, mse, mae, 1 - mse / spread if spread else None, spread)


def peak_ratio(mse: np.ndarray, peak: float) -> float | None:
    """The mean PSNR of images with these mean squared errors; None where one is exact."""
    return None if (mse == 0).any() else float((10 * np.log10(peak * peak / mse)).mean())


def confusion(answers: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """(count, count): how often label i was answered j; labels below 0 are not known, and left out."""
    answers, labels = answers.reshape(-1), labels.reshape(-1)
    known = labels >= 0
    return np.bincount(labels[known] * count + answers[known], minlength=count * count).reshape(count, count)


def segmentation(loss: float, table: np.ndarray, names: tuple[str, ...], images: int) -> Regions:
    """Figures from the confusions of all positions."""
    right, said, true = np.diagonal(table), table.sum(0), table.sum(1)
    union = said + true - right
    iou = right / np.maximum(union, 1)
    occurs = union > 0
    classes = tuple(
        PerRegion(
            names[i],
            int(true[i]),
            float(iou[i]),
            float(right[i] / max(said[i], 1)),
            float(right[i] / max(true[i], 1)),
        )
        for i in range(len(table))
        if occurs[i] or i < len(names)
    )
    mean = float(iou[occurs].mean()) if occurs.any() else 0.0
    accuracy = float(right.sum() / max(table.sum(), 1))
    return Regions(loss, accuracy, mean, classes, tuple(tuple(map(int, row)) for row in table), images)


def several(
    loss: float, scores: np.ndarray, labels: np.ndarray, names: tuple[str, ...], cut: float, thresholds: Any = None
) -> Labels:
    """Figures from scores and labels (n, C), 1 for yes, 0 for no, below 0 for unknown; more than `cut` is a yes."""
    known, yes, said = labels >= 0, labels > 0.5, scores > cut
    rows = []
    for c, name in enumerate(names):
        k = known[:, c]
        y, s, values = yes[k, c], said[k, c], scores[k, c]
        at = None if thresholds is None else thresholds[c]
        rows.append(
            PerLabel(
                name,
                int(y.sum()),
                float((y & s).sum() / max(s.sum(), 1)),
                float((y & s).sum() / max(y.sum(), 1)),
                f1_score(y, s),
                roc_area(values, y),
                at,
                None if at is None else f1_score(y, values > at),
            )
        )
    right = (yes == said) | ~known
    return Labels(
        loss,
        float(right[known].mean()) if known.any() else 0.0,
        float(right.all(1).mean()) if len(right) else 0.0,
        tuple(rows),
        len(labels),
    )


def f1_score(true: np.ndarray, said: np.ndarray) -> float:
    """The harmonic mean of precision and recall, 2TP/(2TP + FP + FN); 0 where nothing is true nor said."""
    total = int(true.sum() + said.sum())
    return float(2 * (true & said).sum() / total) if total else 0.0


def roc_area(scores: np.ndarray, true: np.ndarray) -> float | None:
    """The area under the ROC curve: how often a true one has the higher score, ties counted half (Mann and Whitney,
    1947)."""
    yes = int(true.sum())
    no = len(true) - yes
    if not yes or not no:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[true].sum() - yes * (yes + 1) / 2) / (yes * no))


def best_threshold(scores: np.ndarray, true: np.ndarray) -> float | None:
    """What a score must exceed for the highest F1; None where all are true, or none."""
    yes = int(true.sum())
    if not yes or yes == len(true):
        return None
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], np.cumsum(true[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + yes)
    ends = np.append(falling[:-1] != falling[1:], True)  # a cut cannot part equal scores
    last = int(np.where(ends, f1, -1.0).argmax())
    below = falling[last + 1] if last + 1 < len(falling) else falling[last] - 1e-6
    return float((falling[last] + below) / 2)


def as_data(figures: Figures, names: Sequence[str] = ()) -> dict[str, Any]:
    """As JSON can hold it; with `names` the classes are called so."""
    if isinstance(figures, (Values, Pictures)):
        return figures._asdict()
    each = figures.labels if isinstance(figures, Labels) else figures.classes
    called = dict(zip((c.name for c in each), names, strict=False))
    if isinstance(figures, Regions):
        return {
            **{name: getattr(figures, name) for name in ("accuracy", "loss", "mean_iou", "images")},
            "classes": [{**one._asdict(), "name": called.get(one.name, one.name)} for one in figures.classes],
            "confusion": [list(row) for row in figures.confusion],
        }
    if isinstance(figures, Labels):
        shares = {name: getattr(figures, name) for name in ("accuracy", "loss", "exact", "macro_f1", "images")}
        return {
            **shares,
            "labels": [{**one._asdict(), "name": called.get(one.name, one.name)} for one in figures.labels],
        }
    return {
        "accuracy": figures.accuracy,
        "loss": figures.loss,
        "macro_f1": figures.macro_f1,
        "balanced_accuracy": figures.balanced_accuracy,
        "classes": [
            {
                **c._asdict(),
                "name": called.get(c.name, c.name),
                "confused": [called.get(c.confused[0], c.confused[0]), c.confused[1]] if c.confused else None,
            }
            for c in figures.classes
        ],
        "confusion": [list(row) for row in figures.confusion],
    }
