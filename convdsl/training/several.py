"""Training of several outputs: what is to be answered at each, its loss and the weight of that among all.

Each output is seen as a network of its own that ends there; what holds of one output (task.py) then holds of it. A task of the
kind "several" has one of them for each output, and its targets are records with a field for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convdsl.engine.plan import Loss
from convdsl.engine.records import Records
from convdsl.messages import T
from convdsl.network.graph import Output
from convdsl.network.sizes import Facts, Report
from convdsl.network.view import NetView
from convdsl.training.metrics import Together
from convdsl.training.predictions import answered
from convdsl.training.scoring import Score
from convdsl.training.settings import Settings
from convdsl.training.task import DISTANCES, Task, Unsuitable, default_loss, targets_for, task_for, unsuitable
from convdsl.training.trainable import Trainable


class Branch:
    """A network with one of its outputs: what `NetView` asks for."""

    def __init__(self, net: NetView, output: Output) -> None:
        self.name, self.input, self.nodes = net.name, net.input, net.nodes
        self.output = output.node
        self.outputs = (output._replace(name=""),)
        self.report: Any = _Ended(net.report, output.node)


class _Ended:
    """A report whose last layer is another one."""

    def __init__(self, report: Report, node: int) -> None:
        self._report, self._node = report, node

    def __getitem__(self, index: int) -> Facts:
        return self._report[index]

    def __iter__(self) -> Any:
        return iter(self._report)

    def shape(self, index: int | None = None) -> tuple[int, ...]:
        """As Report.shape."""
        return self._report.shape(self._node if index is None else index)


def branches(net: NetView) -> dict[str, NetView]:
    """The network as each of its outputs sees it."""
    return {output.name: Branch(net, output) for output in net.outputs}


def losses_for(net: NetView, settings: Settings) -> dict[str, Loss]:
    """The losses of outputs whose targets nobody has seen yet."""
    return {
        name: _loss(_kind(settings, name) if _kind(settings, name) != "auto" else default_loss(branch), settings, name)
        for name, branch in branches(net).items()
    }


def _kind(settings: Settings, name: str) -> str:
    return next((kind for output, kind, _ in settings.losses if output == name), settings.loss)


def _loss(kind: str, settings: Settings, name: str) -> Loss:
    weight = next((weight for output, _, weight in settings.losses if output == name), 1.0)
    return Loss(kind, 0.0 if kind in DISTANCES else settings.label_smoothing, weight=weight)


def task_of(net: NetView, labels: Mapping[str, np.ndarray], settings: Settings) -> Task:
    """What is to be answered at each output. Raises Unsuitable, which names the output."""
    if settings.class_weights:
        raise unsuitable(T("`class_weights` is for networks with one output."))
    if settings.target == "images":
        raise unsuitable(T("`target images` is for networks with one output."))
    if settings.early_stop is not None and settings.early_stop.monitor != "loss":
        raise unsuitable(T("With several outputs `early_stop` watches the loss."))
    parts, notes = {}, []
    for name, branch in branches(net).items():
        kind = _kind(settings, name)
        own = replace(
            settings, loss=kind, losses=(), label_smoothing=0.0 if kind in DISTANCES else settings.label_smoothing
        )
        with _named(name):
            part = task_for(branch, labels[name], own)
        moved = part.kind in ("map", "pictures") and settings.augment.moves
        if moved:
            raise unsuitable(
                T(
                    "The output {name} has an answer for each place, which `augment {change}` would have to move along: with "
                    "several outputs it cannot.",
                    name=name,
                    change=moved[0],
                )
            )
        if part.unknown:
            raise unsuitable(
                T(
                    "Among the targets of {name} are some that are not known: that is for networks with one output.",
                    name=name,
                )
            )
        notes += [T("{name}: {note}", name=name, note=note) for note in part.notes]
        parts[name] = part
    losses = {name: _loss(part.loss, settings, name) for name, part in parts.items()}
    return Task("several", "", notes=tuple(notes), parts=parts, losses=losses)


def targets_of(net: NetView, labels: Mapping[str, np.ndarray], task: Task, settings: Settings) -> np.ndarray:
    """The targets as the engine takes them: records. Raises Unsuitable, which names the output."""
    records = np.zeros(len(next(iter(labels.values()))), Records(net).targets(list(task.losses.values())))
    for name, branch in branches(net).items():
        with _named(name):
            targets = targets_for(branch, labels[name], task.parts[name], settings)
        records[name] = targets.reshape(records[name].shape)
    return records


def arrays_of(net: NetView, labels: Any) -> dict[str, np.ndarray]:
    """What is given for each output. Raises BadInput where it is not one array for each, Unsuitable for other lengths."""
    names = [output.name for output in net.outputs]
    found = dict(zip(names, map(np.asarray, Records(net).named(labels)), strict=True))
    first = len(found[names[0]]) if found[names[0]].ndim else -1
    for name, array in found.items():
        if array.ndim == 0 or len(array) != first:
            raise unsuitable(
                T(
                    "There are {first} targets of {one} and {given} of {other}.",
                    first=max(first, 0),
                    one=names[0],
                    given=len(array) if array.ndim else 0,
                    other=name,
                )
            )
    return found


class _named:
    """Puts the output's name before what is wrong with its targets."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, Unsuitable):
            raise unsuitable(T("{name}: {note}", name=self.name, note=str(error))) from None


def evaluate_several(
    model: Trainable, task: Task, images: np.ndarray, targets: np.ndarray, rows: np.ndarray
) -> Together:
    """Figures of each output on the images `rows`, and the loss of all, with its weights."""
    scores = {}
    for name, branch in branches(model.net).items():
        part = task.parts[name]
        count = max(len(part.classes), 2 if branch.report.shape()[-1] == 1 else branch.report.shape()[-1])
        named = part.answers_classes or part.kind == "labels"
        classes = (*part.classes, *map(str, range(len(part.classes), count))) if named else ()
        ends = [float(end) for end in (targets[name].min(initial=0), targets[name].max(initial=0))]
        scores[name] = Score(part, classes, (ends[0], ends[1]))
    seen_as = branches(model.net)

    def add(index: np.ndarray, predicted: Mapping[str, np.ndarray]) -> None:
        for name, score in scores.items():
            part = task.parts[name]
            loss = part.loss if part.classes else ""
            score.add(answered(predicted[name], seen_as[name], part.kind, loss), targets[name][index])

    seen = model.evaluate(images, targets, rows, each=add)
    return Together(seen.loss, {name: score.figures() for name, score in scores.items()}, len(rows))
