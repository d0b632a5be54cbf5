"""A trained network looked into, picture by picture: what it got most wrong, which classes it confuses, how far its
probabilities can be trusted, what its layers make of a picture."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convdsl.network.graph import Node
from convdsl.network.view import NetView
from convdsl.training.aftermath import Aftermath
from convdsl.training.examples import answers_to, inputs_for
from convdsl.training.predictions import PROBABLE, answered
from convdsl.training.scoring import losses_of, losses_of_labels
from convdsl.training.task import Task, targets_for, truth

MOST_IMAGES = 10_000
"""Test images that are looked at."""
AT_ONCE = 256
WRONG, OF_A_PAIR, PAIRS = 24, 6, 6
"""Pictures that are shown as the most wrong ones; of each confusion; and confusions."""
PICTURES, MAPS = 10, 8
"""Pictures whose maps are shown, and maps of each."""
SIDE = 96
"""Pixels, to which larger pictures are made smaller."""
BINS = 10


class Case(NamedTuple):
    """One test image with what was answered. `row` is its number among the test images; `image` (H, W, 1 or 3) uint8, None
    where it is no picture. `true` and `said` are a class each, or numbers, (H, W) of classes, or pictures, by the kind of
    the task; `share` the probability of what was said, where there is one."""

    row: int
    image: np.ndarray | None
    loss: float
    true: Any
    said: Any
    share: float | None = None


class Pair(NamedTuple):
    """A class that was taken for another: numbers of both, how often, and some of the cases, the surest first."""

    true: int
    said: int
    times: int
    cases: tuple[Case, ...]


class Bin(NamedTuple):
    """Answers with a probability from `low` to `high`: how many, their mean probability, and the share that was right."""

    low: float
    high: float
    answers: int
    probability: float
    right: float


class Maps(NamedTuple):
    """What layers answer to one picture: for each layer (H, W, maps), and the class of the picture (None: no classes)."""

    true: int | None
    image: np.ndarray
    layers: tuple[np.ndarray, ...]


class Inspection(NamedTuple):
    """All that was found. `looked` of `total` test images were looked at, with these `losses` (of maps the share of wrong
    pixels); `points` are targets and answers (n, outputs) of numbers; `layers` names those of `maps`, with the smallest and
    the largest value of each."""

    looked: int
    total: int
    losses: np.ndarray
    wrong: tuple[Case, ...] = ()
    pairs: tuple[Pair, ...] = ()
    bins: tuple[Bin, ...] = ()
    points: tuple[np.ndarray, np.ndarray] | None = None
    maps: tuple[Maps, ...] = ()
    layers: tuple[tuple[str, float, float], ...] = ()


def inspect(after: Aftermath) -> Inspection:
    """Looks at the test images, or the first MOST_IMAGES of them."""
    rows = after.test[:MOST_IMAGES]
    if not len(rows):
        return Inspection(0, 0, np.zeros(0))
    kind = after.task.kind
    losses, said, true = [], [], []
    for start in range(0, len(rows), AT_ONCE):
        answers, targets = answers_of(after, rows[start : start + AT_ONCE])
        each, one, other = _looked_at(answers, targets, after.task)
        losses.append(each)
        if kind in ("classes", "labels", "values"):
            said.append(one)
            true.append(other)
    lost = np.concatenate(losses)
    order = np.argsort(-lost, kind="stable")
    found = Inspection(len(rows), len(after.test), lost, wrong=_cases(after, rows, order, lost))
    if kind == "classes":
        answers, labels = np.concatenate(said), np.concatenate(true)
        best = answers.argmax(-1)
        sure = answers[np.arange(len(best)), best]
        found = found._replace(pairs=_pairs(after, rows, best, labels, sure, lost))
        if after.task.loss in PROBABLE:
            found = found._replace(bins=calibration(sure, best == labels))
    elif kind == "labels" and after.task.loss in PROBABLE:
        answers, targets = np.concatenate(said), np.concatenate(true)
        known = targets >= 0
        found = found._replace(bins=calibration(answers[known], targets[known] > 0.5))
    elif kind == "values":
        found = found._replace(points=(np.concatenate(true), np.concatenate(said)))
    return _with_maps(after, rows, found)


def answers_of(after: Aftermath, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Answers (see `Predictor.answers`) to some of the test images, and their targets as the engine takes them."""
    net, data, settings = after.model.net, after.data, after.settings
    images, labels = data.test_images[rows], data.test_labels[rows]
    outputs = after.model.predict(inputs_for(net, images, settings))
    loss = after.task.loss if after.task.classes else ""
    targets = targets_for(net, answers_to(images, labels, settings), after.task, settings)
    return answered(outputs, net, after.task.kind, loss), targets


def _looked_at(answers: np.ndarray, targets: np.ndarray, task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each image its loss; the answers, and what is true."""
    count = len(answers)
    if task.kind == "classes":
        labels = truth(targets, task)
        if answers.shape[-1] == 1:  # one number that means yes beyond `cut`
            yes = answers[:, 0] > task.cut
            return np.square(answers[:, 0] - labels), np.stack([~yes, yes], 1).astype(float), labels
        return losses_of(answers, labels, task.loss), answers, labels
    if task.kind == "labels":
        targets = targets.reshape(answers.shape)
        each = np.where(targets >= 0, losses_of_labels(answers, targets, task.loss), 0)
        return each.mean(-1), answers, targets
    if task.kind == "map":
        labels = truth(targets, task)
        said = classes_at(answers, task)
        wrong = ((said != labels) & (labels >= 0)).reshape(count, -1)
        return wrong.sum(1) / np.maximum((labels >= 0).reshape(count, -1).sum(1), 1), said, labels
    targets = targets.reshape(answers.shape).astype(np.float64)
    away = (answers - targets).reshape(count, -1)
    return (np.abs(away) if task.loss == "mae" else np.square(away)).mean(1), answers, targets


def classes_at(answers: np.ndarray, task: Task) -> np.ndarray:
    """The class at each position of maps (n, …, classes)."""
    return (answers[..., 0] > task.cut).astype(np.int64) if answers.shape[-1] == 1 else answers.argmax(-1)


def _cases(
    after: Aftermath, rows: np.ndarray, order: np.ndarray, losses: np.ndarray, most: int = WRONG
) -> tuple[Case, ...]:
    """The first `most` of the images `rows` in an order, with what was answered."""
    kind = after.task.kind
    order = order[: most if kind in ("classes", "labels", "values") else most // 3]
    answers, targets = answers_of(after, rows[order])
    _, said, true = _looked_at(answers, targets, after.task)
    cases = []
    for place, one, right in zip(order, said, true, strict=True):
        share = None
        if kind == "classes":
            share = float(one.max()) if after.task.loss in PROBABLE else None
            one, right = int(one.argmax()), int(right)
        row = int(rows[place])
        cases.append(Case(row, seen(after, row), float(losses[place]), right, one, share))
    return tuple(cases)


def seen(after: Aftermath, row: int) -> np.ndarray | None:
    """A test image to look at; one that is to be answered itself as it is given to the network."""
    image = after.data.test_images[row]
    if after.settings.target == "images":
        image = inputs_for(after.model.net, image[None], after.settings)[0]
    return visible(image)


def _pairs(
    after: Aftermath, rows: np.ndarray, said: np.ndarray, true: np.ndarray, sure: np.ndarray, losses: np.ndarray
) -> tuple[Pair, ...]:
    """The confusions that occur most."""
    count = int(max(said.max(), true.max())) + 1
    table = np.bincount(true * count + said, minlength=count * count).reshape(count, count)
    np.fill_diagonal(table, 0)
    found = []
    for place in np.argsort(-table, axis=None, kind="stable")[:PAIRS]:
        one, other = divmod(int(place), count)
        if table[one, other]:
            there = np.flatnonzero((true == one) & (said == other))
            order = there[np.argsort(-sure[there], kind="stable")]
            found.append(Pair(one, other, int(table[one, other]), _cases(after, rows, order, losses, OF_A_PAIR)))
    return tuple(found)


def calibration(shares: np.ndarray, right: np.ndarray) -> tuple[Bin, ...]:
    """Answers by their probability, in BINS of one width; those without any are left out."""
    place = np.minimum((shares * BINS).astype(np.int64), BINS - 1)
    return tuple(
        Bin(
            b / BINS,
            (b + 1) / BINS,
            int(there.sum()),
            float(shares[there].mean()),
            float(right[there].mean()),
        )
        for b in range(BINS)
        if (there := place == b).any()
    )


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """How far probabilities are from the share that is right, on the mean over all answers (Naeini et al., 2015)."""
    total = sum(b.answers for b in bins)
    return sum(b.answers * abs(b.probability - b.right) for b in bins) / max(total, 1)


def visible(image: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray | None:
    """An image (H, W, C) as one to look at, (H, W, 1 or 3) uint8, at most SIDE pixels high and wide; None where it is no
    picture. Decimals from 0 to 1 are taken as such, others stretched from their smallest to their largest, or between
    `low` and `high`."""
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or min(image.shape[:2]) < 2:
        return None
    if image.shape[2] not in (1, 3):
        image = image[..., :1]
    values = image.astype(np.float64)
    if image.dtype == np.uint8 and low is None:
        values /= 255
    else:
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        least, most = (float(values.min()), float(values.max())) if low is None or high is None else (low, high)
        if low is None and least >= 0 and most <= 1:
            least, most = 0.0, 1.0
        values = (values - least) / (most - least) if most > least else values * 0
    step = -(-max(image.shape[:2]) // SIDE)
    if step > 1:
        height, width = (n // step * step for n in values.shape[:2])
        blocks = values[:height, :width].reshape(height // step, step, width // step, step, -1)
        values = blocks.mean((1, 3))
    return np.rint(values.clip(0, 1) * 255).astype(np.uint8)


# What layers answer.


def _with_maps(after: Aftermath, rows: np.ndarray, found: Inspection) -> Inspection:
    """With the maps of two layers for one picture of each class, the first one of it."""
    net = after.model.net
    shown = shown_layers(net)
    if not shown or seen(after, rows[0]) is None:
        return found
    classes = after.task.kind == "classes"
    labels = after.data.test_labels[rows].reshape(len(rows)) if classes else np.arange(len(rows))
    chosen = [rows[np.flatnonzero(labels == c)[0]] for c in np.unique(labels)[: PICTURES if classes else PICTURES // 2]]
    images = inputs_for(net, after.data.test_images[chosen], after.settings)
    maps = [after.model.activations(images, node.index)[..., :MAPS] for node in shown]
    each = []
    for place, row in enumerate(chosen):
        image = seen(after, row)
        assert image is not None
        true = int(after.data.test_labels[row].reshape(())) if classes else None
        each.append(Maps(true, image, tuple(m[place] for m in maps)))
    names = tuple((f"{n.index} {n.text}", float(m.min()), float(m.max())) for n, m in zip(shown, maps, strict=True))
    return found._replace(maps=tuple(each), layers=names)


def shown_layers(net: NetView) -> list[Node]:
    """The first layer with filters, behind its activation, and the last one that still has rows and columns."""

    def has_places(node: Node) -> bool:
        shape = net.report.shape(node.index)
        return len(shape) == 3 and min(shape[:2]) > 1

    there = [node for node in net.nodes if has_places(node) and node.exit is None]
    with_filters = [n for n in there if len(net.report[n.index].weights.get("weight", ())) == 4]
    if not with_filters:
        return []
    first = with_filters[0]
    while first.index < len(net.nodes):
        after = net.nodes[first.index]
        if after.inputs != (first.index,) or not (after.op == "bn" or net.report[after.index].macs == 0):
            break
        if after.op != "bn" and net.report.shape(after.index) != net.report.shape(first.index):
            break
        first = after
    return [first] if there[-1].index <= first.index else [first, there[-1]]
