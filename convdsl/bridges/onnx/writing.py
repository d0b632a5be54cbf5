"""A network as an ONNX graph: for each layer of the language a function that writes its nodes (`writers/`).

`Gelu` needs opset 20, `GroupNormalization` with a scale for each channel 21, windows of means that count their padding 19.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convdsl.bridges.onnx.graph import Graph, Value
from convdsl.bridges.rows import is_row, turned_columns
from convdsl.bridges.weighted import Unsayable, Weighted, leading_to
from convdsl.layers import Layer
from convdsl.layers.activation import Activation
from convdsl.messages import T
from convdsl.network import Node
from convdsl.registering import registering

Writer = Callable[["Layers", Node, list[Value], dict[str, Any]], Value]
WRITERS: dict[str, Writer] = {}
"""By the name of the layer."""
ACTIVATIONS: dict[str, Callable[[Graph, Value, Activation, dict[str, Any]], str]] = {}
"""By the name of the activation: writes it, and returns the name of what comes out."""
REFUSED: dict[str, T] = {
    "local": T("ONNX has no layer whose filters differ from place to place."),
    "medianpool": T("ONNX has no median of a window."),
}
"""Layers that ONNX has no words for, and why."""


writes = registering(WRITERS)


class Layers:
    """Writes all layers of a network into a graph; `values` holds what each of them gives, the input first."""

    def __init__(self, net: Weighted) -> None:
        self.net, self.graph = net, Graph()
        network = net.analysis.network
        self.values = {0: Value("input", tuple(network.input))}
        needed = set().union(*(leading_to(o.node, network.nodes) for o in network.outputs))
        for node in network.nodes:
            if node.index in needed:
                self.values[node.index] = self._write(node)

    @property
    def outputs(self) -> dict[str, Value]:
        """What the network gives, by name, with its values in the order of here."""
        found = {}
        for output in self.net.analysis.network.outputs:
            self.graph.layer = name = output.name or "output"
            found[name] = self.graph.plain(self.values[output.node])
        return found

    def _write(self, node: Node) -> Value:
        layer = node.layer
        assert layer is not None
        if node.op in REFUSED or (node.op == "filter" and layer.kernel == "median"):  # type: ignore[attr-defined]
            raise Unsayable(node, "ONNX", REFUSED.get(node.op, REFUSED["medianpool"]))
        inputs = [self.values[i] for i in node.inputs]
        weights = self.net.of(node)
        self.graph.layer = f"{node.index}.{node.op}"
        if isinstance(layer, Activation):
            return self._activated(node, layer, inputs[0], weights)
        write = WRITERS.get(node.op)
        if write is None:
            raise Unsayable(node, "ONNX")
        value = write(self, node, inputs, weights)
        return value if node.activation is None else self._activated(node, node.activation, value, weights)

    def _activated(self, node: Node, activation: Activation, x: Value, weights: dict[str, Any]) -> Value:
        write = ACTIVATIONS.get(activation.name)
        if write is None:
            raise Unsayable(node, "ONNX", name=activation.name)
        return x._replace(name=write(self.graph, x, activation, weights))

    def shape(self, node: Node) -> tuple[int, ...]:
        """The shape that a layer gives, channels last."""
        output = self.net.analysis.report[node.index].output
        assert output is not None
        return tuple(output)

    def constant(self, node: Node, role: str, value: Any, turned: bool = False) -> str:
        """A weight of a layer under the name that it has here; one that layers share is written once, unless it had to be
        turned for one of them."""
        owner = self.net.analysis.network.nodes[(node.shared or node.index) - 1]
        name = None if turned and node.shared else f"{owner.index}.{owner.op}.{role}"
        return self.graph.constant(value, role, name)

    def for_each_channel(self, node: Node, role: str, value: Any, x: Value) -> str:
        """A weight of each channel, turned where the values in a row are those of a map."""
        if x.map is not None and not is_row(x.map):
            return self.constant(node, role, turned_columns(np.asarray(value), x.map), turned=True)
        return self.constant(node, role, value)


def declared(node: Node) -> Any:
    """A layer with the attributes that its kind has."""
    layer: Layer | None = node.layer
    return layer
