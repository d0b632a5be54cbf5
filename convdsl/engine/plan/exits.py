"""Where a network is trained: its outputs, each with a loss and targets of its own, and its side exits, which have those of the
output. Where there are several outputs, the targets of an image lie behind one another in a record, and so do its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from convdsl.network.view import NetView

LOSSES = ("cross_entropy", "weighted_cross_entropy", "binary_cross_entropy", "mse", "mae")
"""Kinds of steps that compute a loss."""
WEIGHED = ("weighted_cross_entropy", "binary_cross_entropy")
"""Those that may weigh their answers."""


@dataclass(frozen=True)
class Loss:
    """What training minimises: `kind` is "cross_entropy" (of a softmax, one class at each position),
    "binary_cross_entropy" (of sigmoids, yes or no for each output), "mse" or "mae". With `weighted` answers count by
    weights of their classes, and those with labels below 0 not at all. `weight` is that of the loss among those of several
    outputs."""

    kind: str = "cross_entropy"
    smoothing: float = 0.0
    weighted: bool = False
    weight: float = 1.0

    @property
    def step(self) -> str:
        """The kind of the step that computes it."""
        return "weighted_cross_entropy" if self.weighted and self.kind == "cross_entropy" else self.kind

    @property
    def end(self) -> str:
        """The activation at a network's end whose input it takes; "" for losses of the values themselves."""
        return {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(self.kind, "")

    def target_bytes(self, shape: Sequence[int]) -> int:
        """Of an image's targets, for an output of this shape: a class of 8 bytes at each position, or a number of 4 for each
        value."""
        return 8 * prod(shape[:-1]) if self.kind == "cross_entropy" else 4 * prod(shape)


class Place(NamedTuple):
    """Where something lies in the record of an image, and how far it is to that of the next; in bytes."""

    offset: int
    record: int


class Exit(NamedTuple):
    """A node that has a loss, the weight of that among all, and where its targets lie."""

    node: int
    loss: Loss
    weight: float
    targets: Place


def exits_of(net: NetView, losses: Sequence[Loss]) -> list[Exit]:
    """All exits, the outputs first; `losses` are those of the outputs."""
    sizes = [loss.target_bytes(net.report.shape(o.node)) for o, loss in zip(net.outputs, losses, strict=True)]
    outputs = zip(net.outputs, losses, records(sizes), strict=True)
    found = [Exit(o.node, loss, loss.weight, place) for o, loss, place in outputs]
    for node in net.nodes:
        if node.exit is not None:
            place = Place(0, losses[0].target_bytes(net.report.shape(node.index)))
            found.append(Exit(node.index, losses[0], float(node.exit), place))
    return found


def answers_of(net: NetView) -> list[Place]:
    """Where the answers of each output lie, 4 bytes a value."""
    return records([4 * prod(net.report.shape(output.node)) for output in net.outputs])


def records(sizes: Sequence[int]) -> list[Place]:
    """The places of parts of these sizes in a record: one part alone is the record, several begin at multiples of 8."""
    if len(sizes) == 1:
        return [Place(0, sizes[0])]
    whole = [-(-size // 8) * 8 for size in sizes]
    return [Place(sum(whole[:number]), sum(whole)) for number in range(len(sizes))]
