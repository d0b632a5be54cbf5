"""A file that was written here holds its program; where the graph is still that program's, the program comes back as it was,
with its names, blocks, side exits and comments."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto

from convdsl.bridges.onnx.loading import constants
from convdsl.bridges.onnx.model import PROGRAM
from convdsl.bridges.onnx.writers import Layers
from convdsl.bridges.weighted import Unsayable, Weighted
from convdsl.network import analyse
from convdsl.source import Source


def program_within(model: ModelProto) -> Weighted | None:
    """The network whose program a file holds, with the weights of the file; None where it holds none, or where the graph
    is another one by now. Weights of side exits are not in the file."""
    about = {entry.key: entry.value for entry in model.metadata_props}
    text = about.pop(PROGRAM, None)
    if text is None:
        return None
    shape = tuple(dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim[1:])
    analysis = analyse(Source(text, f"{model.graph.name}.cnn"), input=(*shape[1:], shape[0]) if shape else None)
    if analysis.failed or analysis.network.symbols:
        return None
    numbered = {}
    for node in analysis.network.nodes:
        facts = analysis.report[node.index]
        if node.shared:
            continue
        for role, size in {**facts.weights, **facts.buffer_shapes}.items():
            numbered[f"{node.index}.{node.op}.{role}"] = np.arange(
                np.prod(size, dtype=np.int64), dtype=np.int32
            ).reshape(size)
    try:
        layers = Layers(Weighted(analysis, numbered))
    except Unsayable:
        return None
    written = [node.SerializeToString(deterministic=True) for node in layers.graph.nodes]
    given = [node.SerializeToString(deterministic=True) for node in model.graph.node]
    if given[: len(written)] != written or len(given) > len(written) + 4:
        return None
    tensors = constants(model.graph)
    weights = {}
    for name, places in numbered.items():
        if name not in layers.graph.constants:
            continue
        if name not in tensors or tensors[name].size != places.size:
            return None
        order = constants_of(layers, name).reshape(-1)
        value = np.empty(places.size, np.float32)
        value[order] = tensors[name].reshape(-1)
        weights[name] = value.reshape(places.shape)
    return Weighted(analysis, weights, about)


def constants_of(layers: Layers, name: str) -> np.ndarray:
    """A constant of a graph as an array."""
    from convdsl.bridges.onnx.loading import array

    return array(layers.graph.constants[name])
