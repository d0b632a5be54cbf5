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

    @property
    def macro_f1(self) -> float:
        """The mean of the F1 of the classes that occur or are answered (as in scikit-learn)."""
        answered = [sum(column) for column in zip(*self.confusion, strict=True)]
        there = [c.f1 for c, said in zip(self.classes, answered, strict=True) if c.images or said]
        return sum(there) / max(len(there), 1)


class Values(NamedTuple):
    """Answers to a regression: mean squared and mean absolute error, and the share of the variance explained (R²)."""

    loss: float
    mse: float
    mae: float
    r2: float


def classification(loss: float, answers: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> Classes:
    """Figures from answered and true classes, both (n,) whole numbers; `names` has one for each class."""
    count = max(len(names), int(answers.max(initial=-1)) + 1, int(labels.max(initial=-1)) + 1)
    names = (*names, *(str(i) for i in range(len(names), count)))
    table = np.bincount(labels * count + answers, minlength=count * count).reshape(count, count)
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
    spread = float(np.square(targets - targets.mean(0)).mean())
    return Values(loss, mse, float(np.abs(answers - targets).mean()), 1 - mse / spread if spread else 0.0)


def as_data(figures: Classes | Values, names: Sequence[str] = ()) -> dict[str, Any]:
    """As JSON can hold it; with `names` the classes are called so."""
    if isinstance(figures, Values):
        return figures._asdict()
    called = dict(zip((c.name for c in figures.classes), names, strict=False))
    return {
        "accuracy": figures.accuracy,
        "loss": figures.loss,
        "macro_f1": figures.macro_f1,
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
