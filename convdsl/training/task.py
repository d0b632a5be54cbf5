"""What is to be answered: from labels, the network's end and the settings to a kind of targets and a loss.

    classes    one of several for each image           (n,) whole numbers
    labels     several at once, each yes or no          (n, C) of 0 and 1
    map        a class for each position                (n, H, W) whole numbers
    values     numbers                                  (n,) or (n, k)
    pictures   an image for each image                  (n, H, W, C)
    several    one of these at each output              {name: array}

Labels below 0 are not known, and count nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from convdsl.engine.plan import Loss
from convdsl.messages import T, quoted
from convdsl.network.ending import ending
from convdsl.network.view import NetView
from convdsl.training.settings import Settings

YES_OR_NO = "binary_cross_entropy"
DISTANCES = ("mse", "mae")
"""Losses of numbers."""
KINDS = {
    "classes": T("a class"),
    "labels": T("several labels"),
    "map": T("a class for each pixel"),
    "values": T("numbers"),
    "pictures": T("pictures"),
}
"""What is answered, in words."""


class Unsuitable(ValueError):
    """Images or labels that cannot be trained with; the text says why."""


def unsuitable(text: T) -> Unsuitable:
    return Unsuitable(str(text))


@dataclass(frozen=True, eq=False)
class Task:
    """`kind` is one of those above, `loss` the engine's. `table` are weights of classes (see Model.weigh), `unknown` tells
    whether there may be labels that are not known, `cut` is what an output must exceed to mean yes, `notes` say what was
    taken for what, `itself` that the image is to be answered. Of a map `occurring` are the classes up to the
    highest that occurs or has a name, and `white` is the number that means class 1 where masks are black and white: 0
    where they are not, None where they could be read in both ways. Of several outputs `parts` are the tasks and `losses` the
    losses, by name (see several.py)."""

    kind: str
    loss: str
    classes: tuple[str, ...] = ()
    table: np.ndarray | None = None
    unknown: bool = False
    cut: float = 0.5
    notes: tuple[T, ...] = ()
    itself: bool = False
    occurring: int = 0
    white: int | None = None
    parts: Mapping[str, Task] = field(default_factory=dict)
    losses: Mapping[str, Loss] = field(default_factory=dict)

    @property
    def weighted(self) -> bool:
        return self.table is not None or self.unknown

    @property
    def answers_classes(self) -> bool:
        """Whether each answer is one of several classes."""
        return self.kind in ("classes", "map")


def default_loss(net: NetView) -> str:
    """The loss of a network whose labels nobody has seen yet."""
    one = net.report.shape()[-1] == 1
    return YES_OR_NO if one and ending(net.nodes, net.output).scores == "sigmoid" else "cross_entropy"


def task_for(
    net: NetView, labels: Any, settings: Settings, classes: Sequence[Any] = (), others: Sequence[np.ndarray] = ()
) -> Task:
    """The task that labels of the training images make for a network; `others` are those of the other parts, whose
    masks may hold more classes. Raises Unsuitable."""
    if len(net.outputs) > 1:
        ends = [output.name for output in net.outputs]
        each = ", ".join(f'"{name}": …' for name in ends)
        raise unsuitable(
            T(
                "This network has the outputs {names}, and a data set says one thing of each image. From Python each output gets "
                "what it is to answer: `net.compile().fit(images, {{{example}}})`.",
                names=", ".join(ends),
                example=each,
            )
        )
    labels = np.asarray(labels)
    names = tuple(map(str, classes))
    if labels.dtype.kind not in "biuf":
        raise unsuitable(T("Labels are whole numbers, one for each class from 0 on."))
    if settings.target == "images":
        return _checked(replace(_pictures(settings), itself=True), settings)
    kind, notes = _kind(net, labels, settings, names)
    end = ending(net.nodes, net.output).scores
    if kind == "values":
        if settings.loss in ("cross_entropy", YES_OR_NO):
            raise unsuitable(T("Cross-entropy needs classes, and these labels are numbers. Use `loss mse`."))
        task = Task("values", _distance(settings), notes=notes)
    elif kind == "pictures":
        task = _pictures(settings)
    elif kind == "labels":
        names = names or tuple(map(str, range(labels.shape[1])))
        loss = YES_OR_NO if settings.loss in ("auto", "cross_entropy") else settings.loss
        task = Task("labels", loss, names, cut=0.5 if end == "sigmoid" or loss in DISTANCES else 0.0, notes=notes)
    else:
        task = _classes(net, kind, labels, settings, names, end, notes)
    if task.kind == "map":
        if any(other.dtype.kind == "f" and not _counts(other, 256) for other in others):
            raise unsuitable(T("The masks to train are whole numbers, and some of another part are not."))
        beyond = max((int(_values(other, settings, task.white).max(initial=0)) + 1 for other in others), default=0)
        task = replace(task, occurring=max(task.occurring, beyond))
    return _checked(_weighed(net, task, labels, settings), settings)


def _checked(task: Task, settings: Settings) -> Task:
    """Raises Unsuitable for settings that go with other tasks."""
    if settings.early_stop is not None and settings.early_stop.monitor == "iou" and task.kind != "map":
        raise unsuitable(T("`early_stop iou` needs a class for each pixel. Watch the loss or the accuracy."))
    if settings.class_weights and not (task.answers_classes or task.kind == "labels"):
        raise unsuitable(T("`class_weights` needs classes, and these targets are numbers. Leave the line out."))
    if settings.class_weights and task.loss in DISTANCES:
        raise unsuitable(T("`class_weights` goes with cross-entropy, not with `loss {loss}`.", loss=task.loss))
    if settings.label_smoothing and task.loss in DISTANCES:
        raise unsuitable(T("Labels are smoothed for cross-entropy only."))
    return task


def _kind(net: NetView, labels: np.ndarray, settings: Settings, names: tuple[str, ...]) -> tuple[str, tuple[T, ...]]:
    """What labels are, by their shape, their values and the network; with a note where that is not what their type
    says."""
    outputs, end = net.report.shape(), ending(net.nodes, net.output).scores
    whole = labels.dtype.kind in "biu"
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 1:
        single = prod(outputs) == 1
        if whole and single and settings.loss in DISTANCES and names and as_numbers(names) is None:
            raise unsuitable(
                T(
                    "The labels are names ({names}), and `loss {loss}` with one output predicts numbers. Leave the loss out and "
                    "give the last layer {count} outputs, or give numbers as labels.",
                    names=", ".join(map(quoted, names[:3])) + (" …" if len(names) > 3 else ""),
                    loss=settings.loss,
                    count=len(names),
                )
            )
        if whole and single and settings.loss in DISTANCES:
            return "values", (T("The classes are numbers; with `loss {loss}` they are numbers to be predicted.",
                                loss=settings.loss),)  # fmt: skip
        if whole:
            return "classes", ()
        wanted = settings.loss not in DISTANCES and (not single or end or settings.loss != "auto")
        if wanted and _counts(labels, 2 if single else max(1000, len(labels))):
            note = T("The labels are whole numbers, written as decimals: they were taken as classes. `loss mse` takes them as "
                     "numbers.")  # fmt: skip
            return "classes", (note,)
        return "values", ()
    if (labels.ndim == 2 and len(outputs) == 1) or (labels.ndim == 2 and prod(outputs) == labels.shape[1]):
        yes_or_no = bool(((labels == 0) | (labels == 1) | (labels == -1)).all())
        if yes_or_no and (whole or end == "sigmoid" or names) and settings.loss not in DISTANCES:
            return "labels", ()
        if whole and not yes_or_no and len(outputs) == 1:
            note = T("Each image has {n} whole numbers: they were taken as numbers to be predicted.", n=labels.shape[1])
            return "values", (note,)
        return "values", ()
    notes: tuple[T, ...] = ()
    if not whole and end in ("softmax", "sigmoid") and settings.loss not in DISTANCES and _counts(labels, 256):
        whole = True
        notes = (T("The masks are whole numbers, written as decimals: they were taken as classes."),)
    places = labels.shape[1:] == outputs[:-1] or (labels.shape[-1] == 1 and labels.shape[1:-1] == outputs[:-1])
    numbers = settings.loss in DISTANCES or (labels.dtype == np.uint8 and outputs[-1] == 1 and not end)
    if whole and labels.shape[1:] != outputs[:-1] and labels.shape[1:] == outputs and outputs[-1] > 1:
        return "pictures", ()
    if whole and not numbers and (places or labels.ndim == len(outputs)):
        return "map", notes
    return "pictures", ()


def as_numbers(names: Sequence[object]) -> list[float] | None:
    """The numbers that classes are called; None where one has another name."""
    try:
        found = [float(str(name)) for name in names if "_" not in str(name)]
    except ValueError:
        return None
    return found if len(found) == len(names) and np.isfinite(found).all() else None


def _counts(labels: np.ndarray, classes: int) -> bool:
    """Whether decimal labels count classes."""
    return bool(len(labels) and (labels == np.floor(labels)).all() and labels.min() >= 0 and labels.max() < classes)


def _distance(settings: Settings) -> str:
    return settings.loss if settings.loss in DISTANCES else "mse"


def _pictures(settings: Settings) -> Task:
    if settings.loss == "cross_entropy":
        raise unsuitable(T("Cross-entropy needs classes, and these targets are pictures. Use `loss mse`."))
    return Task("pictures", "mse" if settings.loss == "auto" else settings.loss)


def _classes(
    net: NetView,
    kind: str,
    labels: np.ndarray,
    settings: Settings,
    names: tuple[str, ...],
    end: str,
    notes: tuple[T, ...],
) -> Task:
    """One class for each image, or for each position."""
    outputs = net.report.shape()[-1]
    white = _white(labels, outputs, settings) if kind == "map" else None
    values = _values(labels, settings, white) if kind == "map" else labels
    unknown = bool(values.size and values.min() < 0) or (kind == "map" and settings.augment.crop > 0)
    highest = int(values.max(initial=0))
    if white:
        notes = (*notes, T("The masks are black and white: 0 and {white} were taken as two classes.", white=white))
    loss = settings.loss
    if loss == "auto":
        loss = YES_OR_NO if outputs == 1 and end == "sigmoid" else "cross_entropy"
    occurring = max(len(names), highest + 1, 2 if outputs == 1 else 0)
    count = max(occurring, outputs if kind == "map" else 0)
    names = (*names, *map(str, range(len(names), count)))
    cut = 0.5 if end == "sigmoid" or loss in DISTANCES else 0.0
    return Task(kind, loss, names, unknown=unknown, cut=cut, notes=notes, occurring=occurring,
                white=white)  # fmt: skip


def _white(labels: np.ndarray, outputs: int, settings: Settings) -> int | None:
    """The number that means class 1 where masks hold it and 0 only, as picture editors write them; of others than 255 only
    where the network answers two classes. 0 where masks are numbers of classes, among which 255 is not known; None where
    they hold nothing that tells."""
    highest = int(labels.max(initial=0))
    two = highest > 1 and bool(((labels == 0) | (labels == highest)).all())
    if two and (highest == 255 or (outputs <= 2 and highest != settings.ignore)):
        return highest
    return 0 if settings.ignore is not None and bool((labels == settings.ignore).any()) else None


def _values(labels: np.ndarray, settings: Settings, white: int | None) -> np.ndarray:
    """Classes of positions as int64, below 0 where they are not known."""
    values = labels.astype(np.int64)
    if white is None:
        white = _white(labels, 3, settings)
    if white and not (values == 1).any():
        values[values == white] = 1
        return values
    if settings.ignore is not None:
        values[values == settings.ignore] = -1
    return values


# Labels as the engine takes them.


def targets_for(net: NetView, labels: Any, task: Task, settings: Settings) -> np.ndarray:
    """Labels as the engine takes them: int64 for cross-entropy, else float32 of the output's shape. Raises Unsuitable."""
    labels = np.asarray(labels)
    outputs = net.report.shape()
    if task.kind == "classes":
        labels = labels.reshape(len(labels))
        return _of_classes(labels.astype(np.int64), outputs, task)
    if task.kind == "map":
        values = _values(labels, settings, task.white)
        if values.size != len(labels) * prod(outputs[:-1]):
            raise unsuitable(
                T(
                    "Each image has {given} labels, and the network gives {wanted} answers.",
                    given="x".join(map(str, labels.shape[1:])),
                    wanted="x".join(map(str, outputs[:-1])),
                )
            )
        return _of_classes(values.reshape(len(labels), *outputs[:-1]), outputs, task)
    scale = np.float32(255) if task.kind == "pictures" and labels.dtype == np.uint8 else np.float32(1)
    targets = np.ascontiguousarray(labels, np.float32)
    if scale != 1:
        targets = targets / scale
    if not np.isfinite(targets).all():
        raise unsuitable(T("There are labels that are no numbers (NaN) or are infinite."))
    if targets.size != len(labels) * prod(outputs):
        raise unsuitable(
            T(
                "Each image has targets of {given}, and the network gives {wanted}.",
                given="x".join(map(str, labels.shape[1:])) or "1",
                wanted="x".join(map(str, outputs)),
            )
        )
    if task.loss == YES_OR_NO and (targets.max(initial=0) > 1 or targets.min(initial=0) < -(task.kind == "labels")):
        raise unsuitable(T("Targets of binary cross-entropy lie between 0 (no) and 1 (yes)."))
    return targets


def _of_classes(values: np.ndarray, outputs: tuple[int, ...], task: Task) -> np.ndarray:
    """Classes as the loss takes them."""
    if task.loss == "cross_entropy":
        return values
    if outputs[-1] == 1:  # yes or no
        return np.where(values < 0, -1, values > 0).astype(np.float32)[..., None]
    rows = np.eye(outputs[-1], dtype=np.float32)[np.maximum(values, 0)]
    if task.loss == YES_OR_NO:
        rows[values < 0] = -1
    return rows


def truth(targets: np.ndarray, task: Task) -> np.ndarray:
    """The classes in what `targets_for` gave, below 0 where they are not known."""
    if targets.dtype.kind == "i":
        return targets
    if targets.shape[-1] == 1:
        return np.where(targets[..., 0] < 0, -1, targets[..., 0] > 0.5).astype(np.int64)
    classes = targets.argmax(-1)
    classes[targets[..., 0] < 0] = -1
    return classes


# Weights of classes.


def _weighed(net: NetView, task: Task, labels: np.ndarray, settings: Settings) -> Task:
    """The task with weights, where the settings ask for them; `balanced` makes all classes count alike: those of a class
    that n_c of n answers have are n/(classes·n_c)."""
    wanted = settings.class_weights
    if not wanted or task.loss in DISTANCES or task.kind not in ("classes", "map", "labels"):
        return task
    outputs = net.report.shape()[-1]
    if not isinstance(wanted, str):
        return _with(task, _explicit(list(wanted), task, outputs))
    if task.kind == "labels":
        known = labels >= 0
        yes, all_ = (labels > 0).sum(0), known.sum(0)
        table = np.stack([all_ / (2 * np.maximum(all_ - yes, 1)), all_ / (2 * np.maximum(yes, 1))], 1)
        return _with(task, table)
    values = _values(labels, settings, task.white) if task.kind == "map" else labels.astype(np.int64)
    counts = np.bincount(values[values >= 0].reshape(-1), minlength=len(task.classes))[: len(task.classes)]
    weights = np.where(counts > 0, counts.sum() / (np.maximum((counts > 0).sum(), 1) * np.maximum(counts, 1)), 1.0)
    return _with(task, _table(weights, task, outputs))


def _explicit(weights: list[float], task: Task, outputs: int) -> np.ndarray:
    if len(weights) != len(task.classes):
        raise unsuitable(
            T(
                "`class_weights` gives {given} numbers, and there are {wanted} classes: {names}.",
                given=len(weights),
                wanted=len(task.classes),
                names=", ".join(task.classes[:8]) + (" …" if len(task.classes) > 8 else ""),
            )
        )
    if task.kind == "labels":  # how much a yes counts
        return np.stack([np.ones(len(weights)), np.array(weights)], 1)
    return _table(np.array(weights), task, outputs)


def _table(weights: np.ndarray, task: Task, outputs: int) -> np.ndarray:
    """Weights of classes in the engine's form."""
    if task.loss == YES_OR_NO and outputs == 1:
        return weights[None, :2]
    if task.loss == YES_OR_NO:
        return np.stack([np.ones(len(weights)), weights], 1)
    return np.concatenate([weights, np.ones(max(outputs - len(weights), 0))])[:outputs]


def _with(task: Task, table: np.ndarray) -> Task:
    return replace(task, table=np.ascontiguousarray(table, np.float32))
