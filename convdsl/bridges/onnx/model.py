"""The whole file: graph, weights, names, and what is said besides."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper

from convdsl.bridges.onnx import IR, OPSET
from convdsl.bridges.onnx.graph import Value
from convdsl.bridges.onnx.writers import Layers
from convdsl.bridges.weighted import Weighted
from convdsl.version import VERSION

PROGRAM = "convdsl.program"
"""Under this name the file's metadata hold the text of the network."""


def to_onnx(net: Weighted) -> ModelProto:
    """The network for inference: input `input` (N, C, H, W), output `output`, or those that have names, with channels first,
    float32. Side exits (`aux`) are for training and stay away. Raises Unsayable."""
    layers = Layers(net)
    outputs = layers.outputs
    ends = [helper.make_node("Identity", [value.name], [name], name=name) for name, value in outputs.items()]
    graph = helper.make_graph(
        [*layers.graph.nodes, *ends],
        _identifier(net.analysis.network.name),
        [_described("input", layers.values[0])],
        [_described(name, value) for name, value in outputs.items()],
        list(layers.graph.constants.values()),
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="convdsl",
        producer_version=VERSION,
    )
    helper.set_model_props(model, {PROGRAM: net.analysis.source.text, **net.about})
    checker.check_model(model, full_check=model.ByteSize() < 2**31 - 1)
    return model


def _described(name: str, value: Value) -> object:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *map(int, value.first)])


def _identifier(name: str) -> str:
    return name or "network"


def inputs_first(images: np.ndarray) -> np.ndarray:
    """Images (n, H, W, C) as the graph takes them: (n, C, H, W)."""
    return np.ascontiguousarray(np.moveaxis(images, -1, 1)) if images.ndim > 2 else images
