"""Where branches meet."""

from __future__ import annotations

from typing import Any

from convdsl.bridges.onnx.graph import Value
from convdsl.bridges.onnx.writing import Layers, writes
from convdsl.network import Node


@writes("add", "mul")
def _combined(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph = layers.graph
    if len({x.map for x in inputs}) > 1:
        inputs = [graph.plain(x) for x in inputs]
    names, op = [x.name for x in inputs], "Add" if node.op == "add" else "Mul"
    result = names[0]
    for number, name in enumerate(names[1:], 2):
        result = graph.node(op, [result, name], "" if number == len(names) else f"of_{number}")
    if len(names) == 1:
        result = graph.node("Identity", names)
    return Value(result, layers.shape(node), inputs[0].map)


@writes("mean", "max")
def _mean(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph = layers.graph
    if len({x.map for x in inputs}) > 1:
        inputs = [graph.plain(x) for x in inputs]
    name = graph.node("Mean" if node.op == "mean" else "Max", [x.name for x in inputs])
    return Value(name, layers.shape(node), inputs[0].map)


@writes("absdiff")
def _difference(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph = layers.graph
    if len({x.map for x in inputs}) > 1:
        inputs = [graph.plain(x) for x in inputs]
    name = graph.node("Abs", [graph.node("Sub", [x.name for x in inputs], "difference")])
    return Value(name, layers.shape(node), inputs[0].map)


@writes("matmul")
def _product(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """Channels stand before positions there: the product of both turned over."""
    left, right = (layers.graph.plain(x).name for x in inputs)
    return Value(layers.graph.node("MatMul", [right, left]), layers.shape(node))


@writes("concat")
def _concat(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    names = [layers.graph.plain(x).name for x in inputs]
    return Value(layers.graph.node("Concat", names, axis=1), layers.shape(node))
