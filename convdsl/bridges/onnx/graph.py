"""A graph as it grows: nodes, constants and the names of values."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from convdsl.bridges.rows import is_row


class Value(NamedTuple):
    """A value of the graph: its name there, and its shape here (without the batch, channels last).

    In the graph a map is N×C×H×W. `map` is set for values in a row that came from a map: they lie in the order C, H, W of
    this H×W×C, and whoever has a weight for each of them turns the weights.
    """

    name: str
    shape: tuple[int, ...]
    map: tuple[int, ...] | None = None

    @property
    def rank(self) -> int:
        """Spatial axes."""
        return len(self.shape) - 1

    @property
    def first(self) -> tuple[int, ...]:
        """The shape in the graph, without the batch."""
        return (self.shape[-1], *self.shape[:-1])


class Graph:
    """Collects nodes and constants. Names of nodes and values are those of the layers."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}
        self.layer = ""
        self._made: dict[str, int] = {}

    def name(self, word: str = "") -> str:
        """A name that is still free: that of the layer, with a word behind it."""
        wanted = f"{self.layer}/{word}" if word else self.layer
        count = self._made[wanted] = self._made.get(wanted, 0) + 1
        return wanted if count == 1 else f"{wanted}_{count}"

    def constant(self, value: Any, word: str, name: str | None = None) -> str:
        """A constant; one with a `name` is written once, however often it is asked for."""
        name = name or self.name(word)
        if name not in self.constants:
            array = np.ascontiguousarray(value)
            self.constants[name] = numpy_helper.from_array(array.reshape(np.shape(value)), name)
        return name

    def numbers(self, values: Sequence[int], word: str) -> str:
        return self.constant(np.array(values, np.int64), word)

    def node(self, op: str, inputs: Sequence[str], word: str = "", **attributes: Any) -> str:
        """Adds a node with one output; returns its name. `word` tells nodes of one layer apart."""
        output = self.name(word)
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output

    def nodes_of_two(self, op: str, inputs: Sequence[str], words: tuple[str, str], **attributes: Any) -> list[str]:
        """Adds a node with two outputs; returns their names."""
        outputs = [self.name(word) for word in words]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, name=outputs[0], **attributes))
        return outputs

    # Views

    def reshaped(self, name: str, shape: Sequence[int], word: str = "reshape") -> str:
        """The same values in another shape behind the batch."""
        return self.node("Reshape", [name, self.numbers((0, *shape), f"{word}_shape")], word)

    def turned(self, name: str, order: Sequence[int], word: str = "turn") -> str:
        return self.node("Transpose", [name], word, perm=list(order))

    def last(self, x: Value) -> str:
        """The values with the channels last, N×H×W×C."""
        return self.turned(x.name, (0, *range(2, x.rank + 2), 1), "channels_last") if x.rank else self.plain(x).name

    def in_a_row(self, x: Value) -> str:
        """The values in a row, in the order of here: H, W, C."""
        if not x.rank:
            return self.plain(x).name
        name = x.name if is_row(x.shape) else self.last(x)
        return self.reshaped(name, (prod(x.shape),), "in_a_row")

    def plain(self, x: Value) -> Value:
        """Values in a row in the order H, W, C."""
        if x.map is None:
            return x
        rank = len(x.map) - 1
        name = self.reshaped(x.name, (x.map[-1], *x.map[:-1]), "as_map")
        name = self.turned(name, (0, *range(2, rank + 2), 1), "channels_last")
        return Value(self.reshaped(name, x.shape, "in_a_row"), x.shape)

    def first(self, name: str, shape: tuple[int, ...]) -> Value:
        """A value from one whose channels lie last."""
        if len(shape) > 1:
            rank = len(shape) - 1
            name = self.turned(name, (0, rank + 1, *range(1, rank + 1)), "channels_first")
        return Value(name, shape)
