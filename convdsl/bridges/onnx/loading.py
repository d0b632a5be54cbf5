"""An ONNX file, opened as what a stranger gave: bounded, nothing executed, nothing read outside its folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper
from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data

from convdsl import files
from convdsl.bridges.pieces import Foreign, Unusable, why
from convdsl.messages import T, reason

OLDEST, NEWEST = 6, 26
"""Operator sets that are understood."""
LARGEST = 2**31 - 1
"""Bytes: what a protocol buffer may have."""
BESIDE = 2**34
"""Bytes: what is read from files beside it, all in all."""
NODES = 200_000


def read_model(path: Path) -> ModelProto:
    """The model in a file, with its tensors. Raises OSError, Foreign."""
    try:
        data = files.read(path, LARGEST)
    except OSError as error:
        raise Foreign(T("{path} cannot be read: {reason}.", path=path, reason=reason(error))) from None
    model = ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        raise Foreign(T("{path} is no ONNX file, or only a part of one.", path=path)) from None
    del data  # all of it is in the model
    if not model.HasField("graph") or not model.graph.node:
        raise Foreign(T("{path} is no ONNX file, or only a part of one.", path=path))
    version = opset(model)
    if not OLDEST <= version <= NEWEST:
        raise Foreign(
            T("{path} is written in opset {version}; {oldest} to {newest} are understood.",
              path=path, version=version, oldest=OLDEST, newest=NEWEST),
            T("Export it again in another one: `opset_version=17`."),
        )  # fmt: skip
    if len(model.graph.node) > NODES:
        raise Foreign(
            T("{path} has {count} nodes, and {most} are read.", path=path, count=len(model.graph.node), most=NODES)
        )
    _bring_in(model.graph, path)
    return model


def opset(model: ModelProto) -> int:
    """The version of ONNX' own operators."""
    return max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=1)


def _bring_in(graph: GraphProto, path: Path) -> None:
    """Reads the tensors that lie in files beside the model. Raises Foreign where they lie elsewhere."""
    rest = BESIDE
    for tensor in graph.initializer:
        if not uses_external_data(tensor):
            continue
        place = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        beside = path.parent / place
        if not place or Path(place).is_absolute() or path.parent.resolve() not in beside.resolve().parents:
            raise Foreign(
                T(
                    "The tensor {name} lies in {place}, outside the folder of {path}.",
                    name=tensor.name,
                    place=place,
                    path=path,
                )
            )
        try:
            with files.opened(beside) as file:
                size = int(next((entry.value for entry in tensor.external_data if entry.key == "length"), 0))
                rest -= size if size > 0 else os.fstat(file.fileno()).st_size
                if rest < 0:
                    raise Unusable(T("it is too large"))
                load_external_data_for_tensor(tensor, str(path.parent))
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            told = reason(error) if isinstance(error, OSError) else why(error)
            raise Foreign(T("{path} cannot be read: {reason}.", path=beside, reason=told)) from None


def constants(graph: GraphProto) -> dict[str, np.ndarray]:
    """The tensors of a graph by name. Raises Foreign for one whose content is not what it says."""
    found = {tensor.name: array(tensor) for tensor in graph.initializer}
    if graph.sparse_initializer:
        raise Foreign(T("The tensor {name} is sparse.", name=graph.sparse_initializer[0].values.name))
    return found


def array(tensor: TensorProto) -> np.ndarray:
    """A tensor's values. Raises Foreign."""
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError, MemoryError) as error:
        raise Foreign(T("The tensor {name} cannot be read: {reason}.", name=tensor.name, reason=why(error))) from None


def sorted_nodes(graph: GraphProto, known: Mapping[str, Any]) -> list[NodeProto]:
    """The nodes in an order in which every value is there before it is read. Raises Foreign for a circle and for a value
    that nobody gives."""
    ready = {*known, *(entry.name for entry in graph.input), ""}
    waiting: dict[str, list[int]] = {}
    missing = []
    for number, node in enumerate(graph.node):
        names = {name for name in node.input if name not in ready}
        missing.append(len(names))
        for name in names:
            waiting.setdefault(name, []).append(number)
    queue = [number for number, count in enumerate(missing) if not count]
    found: list[NodeProto] = []
    while queue:
        node = graph.node[heappop(queue)]
        found.append(node)
        for name in node.output:
            if name in ready:
                continue
            ready.add(name)
            for number in waiting.pop(name, ()):
                missing[number] -= 1
                if not missing[number]:
                    heappush(queue, number)
    if len(found) < len(graph.node):
        given = {name for node in graph.node for name in node.output}
        lost = next(number for number, count in enumerate(missing) if count)
        node = graph.node[lost]
        name = next((n for n in node.input if n not in ready), "")
        what = node.name or node.op_type
        if name in given:
            raise Foreign(T("`{name}` reads what it gives itself: the graph has a circle.", name=what))
        raise Foreign(T("`{name}` reads {value}, which nothing gives.", name=what, value=name))
    return found
