"""A file that was written here holds its program; where the graph is still that program's, the program comes back as it was,
with its names, blocks, side exits and comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

import numpy as np
from onnx import ModelProto

from convdsl.bridges.onnx.loading import array
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
    sizes = {}
    for node in analysis.network.nodes:
        facts = analysis.report[node.index]
        if not node.shared:
            for role, size in {**facts.weights, **facts.buffer_shapes}.items():
                sizes[f"{node.index}.{node.op}.{role}"] = size
    try:
        graph = Layers(Weighted(analysis, Numbered(sizes))).graph
    except Unsayable:
        return None
    written = [node.SerializeToString(deterministic=True) for node in graph.nodes]
    given = [node.SerializeToString(deterministic=True) for node in model.graph.node]
    if given[: len(written)] != written or len(given) > len(written) + 4:
        return None
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    wanted = [name for name in sizes if name in graph.constants]
    if any(name not in tensors or prod(tensors[name].dims) != prod(sizes[name]) for name in wanted):
        return None
    weights = {}
    for name in wanted:
        order = array(graph.constants.pop(name)).reshape(-1)
        value = np.empty(order.size, np.float32)
        value[order] = array(tensors[name]).reshape(-1)
        weights[name] = value.reshape(sizes[name])
    return Weighted(analysis, weights, about)


class Numbered(Mapping[str, np.ndarray]):
    """For each weight its values' numbers, which say after all turning where each has gone; made when they are asked for, since
    together they need as much memory as the weights."""

    def __init__(self, sizes: Mapping[str, tuple[int, ...]]) -> None:
        self.sizes = sizes

    def __getitem__(self, name: str) -> np.ndarray:
        size = self.sizes[name]
        return np.arange(prod(size), dtype=np.int32).reshape(size)

    def __iter__(self) -> Iterator[str]:
        return iter(self.sizes)

    def __len__(self) -> int:
        return len(self.sizes)
