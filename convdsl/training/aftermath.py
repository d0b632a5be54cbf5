"""What is left of a training when it is over, for whoever looks into the network: a report, and nobody else so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from convdsl.training.settings import Settings
from convdsl.training.task import Task
from convdsl.training.trainable import Trainable


class Filters(NamedTuple):
    """The filters of the first layer that has some in two dimensions, (filters, channels, k, k), and its name."""

    layer: str
    weights: np.ndarray


class Aftermath(NamedTuple):
    """A trained model with its task, settings and data. `test` are the numbers of the test images that count, `first` the
    filters as the training found them, `best` the epoch that early stopping found best (0 where it did not stop), `seconds`
    where the time went (see clock.py)."""

    model: Trainable
    task: Task
    settings: Settings
    data: Any
    test: np.ndarray
    first: Filters | None
    best: int
    seconds: Mapping[str, float]


def first_filters(model: Trainable, tensors: Mapping[str, np.ndarray] | None = None) -> Filters | None:
    """The first filters of a network: its own, or those of the same name and size among `tensors`. None where no layer
    slides a window over pictures."""
    for node in model.net.nodes:
        shapes = model.net.report[node.index].weights
        if node.shared or len(shapes.get("weight", ())) != 4:
            continue
        name = f"{node.index}.{node.op}.weight"
        weight = model.weights[name]
        other = None if tensors is None else tensors.get(name)
        if other is not None and np.shape(other) == weight.shape:
            weight = np.asarray(other, np.float32)
        return Filters(f"{node.index} {node.text}", weight.swapaxes(0, 1) if node.op == "tconv" else weight)
    return None
