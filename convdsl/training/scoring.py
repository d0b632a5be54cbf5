"""Figures of answers that come in batches, whoever gave them: one network, or several together.

Answers are what `Predictor.answers` gives (trained.py), targets what `targets_for` gives (task.py). Losses are those of
the answers as they are: the cross-entropy of probabilities, else the mean of squares or distances.
"""

from __future__ import annotations

import numpy as np

from convdsl.training.metrics import (
    Figures,
    Pictures,
    classification,
    confusion,
    peak_ratio,
    regression,
    segmentation,
    several,
)
from convdsl.training.task import Task, truth

TINY = 1e-12
"""What stands for a probability of 0, so that its logarithm is a number."""


class Score:
    """Takes answers with their targets, a batch after the other. `classes` are the names of the answers' last axis; `ends`
    the smallest and largest target of pictures."""

    def __init__(self, task: Task, classes: tuple[str, ...], ends: tuple[float, float] = (0.0, 1.0)) -> None:
        self.task, self.classes = task, classes
        low, high = ends
        self.peak = 1.0 if low >= 0 and high <= 1 else high - low or 1.0
        self.images = 0
        self._lost: list[np.ndarray] = []
        self._wrong: list[np.ndarray] = []
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []
        self._table = np.zeros((len(classes), len(classes)), np.int64)
        self._far: list[np.ndarray] = []

    def add(self, answers: np.ndarray, targets: np.ndarray) -> None:
        """Answers (n, …) and their targets."""
        count = len(answers)
        self.images += count
        kind = self.task.kind
        if kind in ("classes", "map"):
            self._classes(answers, truth(targets, self.task), count)
        elif kind == "labels":
            self._labels(answers, targets.reshape(answers.shape))
        else:
            away = answers.reshape(count, -1).astype(np.float64) - targets.reshape(count, -1)
            squares, distances = np.square(away).mean(1), np.abs(away).mean(1)
            self._lost.append(distances if self.task.loss == "mae" else squares)
            self._wrong.append(squares)
            self._far.append(distances)
            if kind == "values":
                self._kept.append((answers, targets.reshape(answers.shape)))

    @property
    def errors(self) -> np.ndarray:
        """(n,): of each image the share of wrong answers, or the mean squared error."""
        return np.concatenate(self._wrong) if self._wrong else np.zeros(0)

    def figures(self) -> Figures:
        """Of all that was added."""
        lost = np.concatenate(self._lost) if self._lost else np.zeros(0)
        loss = float(lost.mean()) if len(lost) else 0.0
        kind = self.task.kind
        if kind == "map":
            return segmentation(loss, self._table, self.classes, self.images)
        if kind == "pictures":
            mse = self.errors
            far = float(np.concatenate(self._far).mean())
            return Pictures(loss, float(mse.mean()), far, peak_ratio(mse, self.peak), self.peak, self.images)
        answers, targets = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        if kind == "labels":
            return several(loss, answers, targets, self.classes, 0.5)
        if kind == "values":
            return regression(loss, answers, targets)
        return classification(loss, answers, targets, self.classes)

    def _classes(self, answers: np.ndarray, labels: np.ndarray, count: int) -> None:
        said, known = answers.argmax(-1), labels >= 0
        self._lost.append(losses_of(answers, labels, self.task.loss)[known])
        wrong = ((said != labels) & known).reshape(count, -1)
        self._wrong.append(wrong.sum(1) / np.maximum(known.reshape(count, -1).sum(1), 1))
        if self.task.kind == "map":
            self._table += confusion(said, labels, len(self.classes))
        else:
            self._kept.append((said, labels))

    def _labels(self, answers: np.ndarray, targets: np.ndarray) -> None:
        known, yes = targets >= 0, targets > 0.5
        self._lost.append(losses_of_labels(answers, targets, self.task.loss)[known])
        self._wrong.append(((yes != (answers > 0.5)) & known).sum(1) / np.maximum(known.sum(1), 1))
        self._kept.append((answers, targets))


def losses_of(answers: np.ndarray, labels: np.ndarray, loss: str) -> np.ndarray:
    """The loss of each answer (…, classes) beside its class (…); where the class is not known, below 0, it says nothing."""
    if loss in ("cross_entropy", "binary_cross_entropy"):
        right = np.take_along_axis(answers, np.maximum(labels, 0)[..., None], -1)[..., 0]
        return -np.log(np.maximum(right, TINY))
    return np.square(answers - np.eye(answers.shape[-1])[np.maximum(labels, 0)]).mean(-1)


def losses_of_labels(answers: np.ndarray, targets: np.ndarray, loss: str) -> np.ndarray:
    """The loss of each of several answers of yes or no (n, labels)."""
    if loss == "binary_cross_entropy":
        return -np.log(np.maximum(np.where(targets > 0.5, answers, 1 - answers), TINY))
    return np.square(answers - targets)
