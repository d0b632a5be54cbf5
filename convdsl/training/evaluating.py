"""A network's answers to a set of images, as the figures of its task. Maps and pictures are counted batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.training.metrics import (
    Classes,
    Figures,
    Labels,
    Pictures,
    Regions,
    Together,
    best_threshold,
    classification,
    confusion,
    peak_ratio,
    regression,
    segmentation,
    several,
)
from convdsl.training.task import Task, truth
from convdsl.training.trainable import Trainable


def evaluate(
    model: Trainable,
    task: Task,
    images: np.ndarray,
    targets: np.ndarray,
    rows: np.ndarray,
    thresholds: list[float | None] | None = None,
) -> Figures | Together:
    """Figures on the images `rows`; `targets` as `targets_for` gives them. `thresholds` of labels are those to look at
    besides one half."""
    if task.kind == "several":
        from convdsl.training.several import evaluate_several

        return evaluate_several(model, task, images, targets, rows)
    if task.kind == "map":
        return _regions(model, task, images, targets, rows)
    if task.kind == "pictures":
        return _pictures(model, images, targets, rows)
    seen = model.evaluate(images, targets, rows)
    if task.kind == "values":
        return regression(seen.loss, seen.predictions, targets[rows])
    if task.kind == "labels":
        return several(
            seen.loss,
            seen.predictions,
            targets[rows].reshape(seen.predictions.shape),
            task.classes,
            task.cut,
            thresholds,
        )
    return classification(seen.loss, answers(seen.predictions, task), truth(targets[rows], task), task.classes)


def answers(predictions: np.ndarray, task: Task) -> np.ndarray:
    """Classes from what Model.evaluate predicts: classes already, or values of one output or several."""
    if predictions.dtype.kind == "i":
        return predictions
    if predictions.shape[-1] == 1:
        return (predictions[..., 0] > task.cut).astype(np.int64)
    return predictions.argmax(-1)


def _regions(model: Trainable, task: Task, images: np.ndarray, targets: np.ndarray, rows: np.ndarray) -> Regions:
    count = max(len(task.classes), model.net.report.shape()[-1], 2)
    names = (*task.classes, *map(str, range(len(task.classes), count)))
    table = np.zeros((count, count), np.int64)

    def add(index: np.ndarray, predictions: np.ndarray) -> None:
        nonlocal table
        table += confusion(answers(predictions, task), truth(targets[index], task), count)

    seen = model.evaluate(images, targets, rows, each=add)
    return segmentation(seen.loss, table, names, len(rows))


def _pictures(model: Trainable, images: np.ndarray, targets: np.ndarray, rows: np.ndarray) -> Pictures:
    low, high = _range(targets)
    peak = 1.0 if low >= 0 and high <= 1 else high - low or 1.0
    squares: list[np.ndarray] = []
    distances: list[np.ndarray] = []

    def add(index: np.ndarray, predictions: np.ndarray) -> None:
        away = predictions.reshape(len(index), -1).astype(np.float64) - targets[index].reshape(len(index), -1)
        squares.append(np.square(away).mean(1))
        distances.append(np.abs(away).mean(1))

    seen = model.evaluate(images, targets, rows, each=add)
    mse = np.concatenate(squares)
    far = float(np.concatenate(distances).mean())
    return Pictures(seen.loss, float(mse.mean()), far, peak_ratio(mse, peak), peak, len(rows))


def _range(targets: np.ndarray) -> tuple[float, float]:
    return float(targets.min(initial=np.inf)), float(targets.max(initial=-np.inf))


def thresholds_of(model: Trainable, images: np.ndarray, targets: np.ndarray, rows: np.ndarray) -> list[float | None]:
    """For each of several labels, what its score must exceed for the best F1 on the images `rows`."""
    scores = model.predict(images, rows).reshape(len(rows), -1)
    labels = targets[rows].reshape(scores.shape)
    result = []
    for c in range(scores.shape[1]):
        known = labels[:, c] >= 0
        result.append(best_threshold(scores[known, c], labels[known, c] > 0.5))
    return result


def score(figures: Figures | Together, task: Task) -> dict[str, Any]:
    """The figures of an epoch's validation part beside loss and accuracy, by the names of EpochRecord."""
    if isinstance(figures, Together):
        right = {name: accuracy(one) for name, one in figures.outputs.items()}
        return {
            "val_outputs": {
                name: {"loss": one.loss, **({} if right[name] is None else {"accuracy": right[name]})}
                for name, one in figures.outputs.items()
            }
        }
    if isinstance(figures, Regions):
        return {"val_iou": figures.mean_iou}
    if isinstance(figures, Pictures):
        return {} if figures.psnr is None else {"val_psnr": figures.psnr}
    if isinstance(figures, Classes) and task.table is not None:
        return {"val_balanced_accuracy": figures.balanced_accuracy}
    if isinstance(figures, Labels):
        return {"val_f1": figures.macro_f1}
    return {}


def accuracy(figures: Figures | Together) -> float | None:
    """The share of right answers, where answers are right or wrong."""
    return figures.accuracy if isinstance(figures, (Classes, Regions, Labels)) else None
