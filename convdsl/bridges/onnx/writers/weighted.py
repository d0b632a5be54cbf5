"""Layers with learned weights."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convdsl.bridges.onnx.graph import Value
from convdsl.bridges.onnx.writers.windows import pads_of, window
from convdsl.bridges.onnx.writing import Layers, declared, writes
from convdsl.bridges.rows import is_row, turned_columns
from convdsl.network import Node


def _weighted(layers: Layers, node: Node, weights: dict[str, Any]) -> list[str]:
    return [layers.constant(node, role, weights[role]) for role in ("weight", "bias") if role in weights]


@writes("conv", "dwconv")
def _conv(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, declared(node)
    axes = layer.geometry(x.shape)
    groups = layer.g if node.op == "conv" else x.shape[-1]
    given = [x.name, *_weighted(layers, node, weights)]
    name = layers.graph.node("Conv", given, **window(axes), pads=pads_of(axes), group=int(groups))
    return Value(name, layers.shape(node))


@writes("tconv")
def _tconv(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, declared(node)
    axes = layer.geometry(x.shape)
    pads = [int(a.before) for a in axes] + [max(int(a.after), 0) for a in axes]
    further = [max(-int(a.after), 0) for a in axes]
    given = [x.name, *_weighted(layers, node, weights)]
    how: dict[str, Any] = {**window(axes), "pads": pads, "output_padding": further, "group": int(layer.g)}
    return Value(layers.graph.node("ConvTranspose", given, **how), layers.shape(node))


@writes("filter")
def _filter(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, declared(node)
    divisor, rows = layer.divided(x.rank)
    kernel = np.asarray(rows, np.float32) / np.float32(divisor)
    channels = x.shape[-1]
    weight = layers.graph.constant(np.broadcast_to(kernel, (channels, 1, *kernel.shape)), "kernel")
    axes = layer.geometry(x.shape)
    name = layers.graph.node("Conv", [x.name, weight], **window(axes), pads=pads_of(axes), group=channels)
    return Value(name, layers.shape(node))


@writes("dense")
def _dense(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), graph = inputs, layers.graph
    weight, name, shape = np.asarray(weights["weight"]), x.name, x.map
    if x.rank:
        name, shape = graph.reshaped(x.name, (prod(x.shape),), "in_a_row"), x.shape
    turned = shape is not None and not is_row(shape)
    if shape is not None and turned:
        weight = turned_columns(weight, shape)
    given = [
        name,
        layers.constant(node, "weight", weight, turned),
        *([layers.constant(node, "bias", weights["bias"])] if "bias" in weights else []),
    ]
    return Value(graph.node("Gemm", given, transB=1), layers.shape(node))
