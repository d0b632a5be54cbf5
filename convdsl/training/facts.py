"""What the reading of a training rests on: the curves, and what else is known of network, data and test."""

from __future__ import annotations

from collections.abc import Mapping
from math import log, sqrt
from typing import NamedTuple

import numpy as np

from convdsl.messages import T
from convdsl.network.ending import ending
from convdsl.network.floors import Floor, floor_of, smoothing_floor
from convdsl.training.loop import Examples
from convdsl.training.metrics import Figures
from convdsl.training.settings import Settings
from convdsl.training.task import Task, truth
from convdsl.training.trainable import Trainable

ENOUGH = 30
"""Fewer images to validate or to test tell next to nothing: a share of one half is good to ±17 % there."""


class Remark(NamedTuple):
    """One thing that the curves show. `kind` is a word for programs, `lines` are settings to try, by name."""

    kind: str
    text: T
    advice: T
    lines: Mapping[str, str] = {}

    def __str__(self) -> str:
        return f"{self.text} {self.advice}"


class Dead(NamedTuple):
    """A layer, the share of its units that answered nothing, and to how many images."""

    layer: str
    share: float
    images: int


class Health(NamedTuple):
    """What was found inside the network: layers with units that never answered, and whether anything in it is trained at
    all."""

    dead: tuple[Dead, ...] = ()
    trainable: bool = True


class Facts(NamedTuple):
    """What is known besides the curves.

    `classes` is 0 for numbers and pictures. `train` and `validation` are images; `chance` the loss of the best answer that
    does not look (None: of classes that count alike); `heads` the weights of all exits together, 1 without side exits;
    `floor` what bounds the scores, `smoothing` the entropy of smoothed labels; `weighted` whether there are weights of
    classes, `most` the share of the most frequent class in what is trained with (0: not known); `figures` those of the test.
    """

    classes: int = 0
    train: int = 1_000_000
    validation: int = 1_000_000
    chance: float | None = None
    heads: float = 1.0
    floor: Floor | None = None
    smoothing: float = 0.0
    weighted: bool = False
    most: float = 0.0
    figures: Figures | None = None


class Curves(NamedTuple):
    """The figures that the rules look at. `watched` are the losses of the validation part, empty where there is none;
    `rate` is the highest learning rate, `restored` the epoch whose weights were taken back, or 0."""

    loss: list[float]
    accuracy: list[float]
    watched: list[float]
    watched_accuracy: list[float]
    first: int
    rate: float
    facts: Facts
    restored: int
    settings: Settings
    health: Health

    @property
    def epochs(self) -> int:
        return len(self.loss)

    @property
    def classes(self) -> int:
        return self.facts.classes

    @property
    def chance(self) -> float:
        """The training loss of the best answer that does not look, at all exits together."""
        if self.facts.chance is not None:
            return self.facts.chance * self.facts.heads
        return log(self.classes) * self.facts.heads if self.classes > 1 else 0.0

    def at_chance(self, loss: float) -> bool:
        return self.classes > 1 and loss > 0.97 * self.chance

    @staticmethod
    def spread(images: int) -> float:
        """By what share the mean loss of so many images may be off: losses spread about as far as their mean is high."""
        return 2 / sqrt(max(images, 1))

    @property
    def steps(self) -> int:
        """How often the weights were changed."""
        batch = min(self.settings.batch or self.facts.train, self.facts.train)
        return self.epochs * -(-self.facts.train // max(batch, 1))

    @property
    def few_in_all(self) -> bool:
        """Whether there are too few images to have enough of them to train and to validate."""
        return self.facts.train + (self.facts.validation if self.watched else 0) < 2 * ENOUGH

    @property
    def few_watched(self) -> bool:
        """Whether there is a validation part that is too small to say anything."""
        return bool(self.watched) and self.facts.validation < ENOUGH


def facts_of(model: Trainable, examples: Examples, settings: Settings, figures: Figures | None = None) -> Facts:
    """What is known of a training besides its curves, from the model, the examples and the test."""
    task: Task = examples.task
    net = model.net
    heads = 1.0 + sum(float(node.exit) for node in net.nodes if node.exit is not None)
    known = Facts(train=len(examples.train), validation=len(examples.validation), heads=heads, figures=figures)
    if not model.counts_right:
        return known
    classes = 2 if task.loss == "binary_cross_entropy" else net.report.shape()[-1]
    floor = floor_of(ending(net.nodes, net.output), classes) if task.loss == "cross_entropy" else None
    shares = _shares(model, examples, classes)
    smoothed = shares * (1 - settings.label_smoothing) + settings.label_smoothing / classes
    entropy = float(-(smoothed[smoothed > 0] * np.log(smoothed[smoothed > 0])).sum())
    low = smoothing_floor(settings.label_smoothing, classes)
    weighted = task.table is not None
    most = float(shares.max(initial=0))
    return known._replace(classes=classes, chance=entropy, floor=floor, smoothing=low, weighted=weighted, most=most)


def _shares(model: Trainable, examples: Examples, classes: int) -> np.ndarray:
    """How much each class weighs in the loss, together 1; of several labels, no and yes on the whole."""
    task, targets = examples.task, examples.labels[examples.train]
    if task.kind == "labels":
        yes, all_ = float((targets > 0.5).sum()), float(max((targets >= 0).sum(), 1))
        return np.array([1 - yes / all_, yes / all_])
    values = truth(targets, task)
    counts = np.bincount(values[values >= 0].reshape(-1), minlength=classes)[:classes].astype(np.float64)
    if task.loss == "cross_entropy" and task.table is not None:
        counts *= task.table[:classes]
    elif task.table is not None and task.table.shape == (1, 2):
        counts *= task.table[0]
    return counts / max(counts.sum(), 1e-12)


def more_epochs(curves: Curves) -> dict[str, str]:
    """The line of a longer training."""
    return {"epochs": str(max(2 * curves.settings.epochs, 5))}
