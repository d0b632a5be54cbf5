"""Activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.bridges.onnx.graph import Graph, Value
from convdsl.bridges.onnx.writing import ACTIVATIONS
from convdsl.bridges.rows import is_row, turned_columns
from convdsl.layers import ACTIVATIONS as DECLARED


def _activates(name: str, op: str, **attributes: Any) -> None:
    """An activation that is one operator; a callable among its attributes is asked with the activation."""

    def write(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
        given = {k: v(activation) if callable(v) else v for k, v in attributes.items()}
        return graph.node(op, [x.name], name, **given)

    ACTIVATIONS[name] = write


for _one in DECLARED.values():
    if _one.onnx:
        _activates(_one.name, _one.onnx)
_activates("leaky_relu", "LeakyRelu", alpha=lambda a: float(a.slope))
_activates("elu", "Elu", alpha=lambda a: float(a.slope))
_activates("hardsigmoid", "HardSigmoid", alpha=1 / 6, beta=0.5)


def _relu6(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
    limits = [graph.constant(np.float32(v), "", f"constant_{v}") for v in (0, 6)]
    return graph.node("Clip", [x.name, *limits], "relu6")


def _silu(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
    return graph.node("Mul", [x.name, graph.node("Sigmoid", [x.name], "sigmoid")], "silu")


def _prelu(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
    slopes = np.asarray(weights["prelu"])
    if x.map is not None and not is_row(x.map):
        slopes = turned_columns(slopes, x.map)
    slope = graph.constant(slopes.reshape(-1, *(1,) * x.rank), "slope", f"{graph.layer}.prelu")
    return graph.node("PRelu", [x.name, slope], "prelu")


def _softmax(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
    return graph.node("Softmax", [x.name], "softmax", axis=1)


ACTIVATIONS.update(relu6=_relu6, silu=_silu, prelu=_prelu, softmax=_softmax)
