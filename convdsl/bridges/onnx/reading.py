"""An ONNX graph as layers of the language: for each operator a function that says what it is here, or refuses it by name.

Values are followed with the way in which they lie there (`Seen`): a map of the language is H×W×C, in the graph mostly
N×C×H×W. What a layer has for each value of a row (the columns of a dense layer behind a map) is turned once, in its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

from convdsl.bridges.onnx import loading
from convdsl.bridges.onnx.attributes import attributes, called, known
from convdsl.bridges.pieces import Flow, Foreign, Piece
from convdsl.bridges.rows import channels_first, unturned
from convdsl.layers import Layer, SizeError, shaping
from convdsl.messages import T
from convdsl.registering import registering

Read = Callable[["Reader", NodeProto, dict[str, Any]], None]
OPERATORS: dict[str, Read] = {}
MOST = 2**28
"""Values of a constant that is computed while reading."""


reads = registering(OPERATORS)


class Seen(NamedTuple):
    """A value of the graph: what `piece` gives, of `shape` here, channels last.

    `axes` says for each axis of the graph behind the batch which axis here it is. A `row` has all values in one axis there,
    in the order of `axes`. `order` is set for a real row, (F,), whose values lie there as those of a map did: its shape and
    axes.
    """

    piece: int
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    row: bool = False
    order: tuple[tuple[int, ...], tuple[int, ...]] | None = None

    @property
    def there(self) -> tuple[int, ...]:
        """The shape in the graph behind the batch."""
        return (prod(self.shape),) if self.row else tuple(self.shape[a] for a in self.axes)

    @property
    def lying(self) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """Of a row: the map and the order of its axes, where that is not the order of here."""
        shape, axes = (self.shape, self.axes) if self.row else self.order or ((), ())
        wide = [a for a in axes if shape[a] != 1]
        return (shape, axes) if wide != sorted(wide) else None

    @property
    def first(self) -> bool:
        """Whether the channels lie first, the other axes in their order; axes of size 1 may lie anywhere."""
        wide = [a for a in self.axes if self.shape[a] != 1]
        channels = len(self.shape) - 1
        rest = [a for a in wide if a != channels]
        return not self.row and rest == sorted(rest) and (channels not in wide or wide[0] == channels)


class Reader:
    """Goes through a graph node by node. Raises Foreign for what is no layer."""

    def __init__(self, model: ModelProto, shape: Sequence[int] | None = None, output: str | None = None) -> None:
        self.model, self.graph = model, model.graph
        self.version = loading.opset(model)
        self.constants = loading.constants(self.graph)
        self.pieces: list[Piece] = []
        self.seen: dict[str, Seen] = {}
        self.skipped: set[str] = set()
        self.lowered: dict[str, tuple[Seen, tuple[int, ...], tuple[int, ...]]] = {}
        """Values with a border that never wins, which only a window of the largest may read."""
        self.nodes = loading.sorted_nodes(self.graph, self.constants)
        self.readers: dict[str, list[NodeProto]] = {}
        for node in self.nodes:
            for name in {*node.input}:
                self.readers.setdefault(name, []).append(node)
        self.wanted = self._output(output)
        self.batch = 1
        self._input(shape)
        for node in sorted(self.nodes, key=lambda node: node.op_type != "Constant"):
            self._read(node)
        self.output = self._end()

    # Beginning and end

    def _input(self, given: Sequence[int] | None) -> None:
        inputs = [entry for entry in self.graph.input if entry.name not in self.constants]
        if len(inputs) != 1:
            names = ", ".join(entry.name for entry in inputs)
            raise Foreign(
                T("The graph has no input.") if not inputs else
                T("The graph has {count} inputs ({names}), and a network of the language has one.", count=len(inputs), names=names)
            )  # fmt: skip
        (entry,) = inputs
        dims = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in entry.type.tensor_type.shape.dim]
        self.input = entry.name
        if not entry.type.HasField("tensor_type") or not 2 <= len(dims) <= 5:
            raise Foreign(
                T("The input {name} is no row of values, sequence, image or volume for each example.", name=entry.name)
            )
        kind = entry.type.tensor_type.elem_type
        if kind not in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16):
            kinds = TensorProto.DataType.Name(kind).lower()
            raise Foreign(
                T("The input {name} holds {kind}, and networks here take float32.", name=entry.name, kind=kinds)
            )
        self.batch = dims[0] or 1
        last = self.model.producer_name != "convdsl" and self._turned_at_once(entry.name, len(dims))
        axes = tuple(range(len(dims) - 1)) if last else channels_first(dims[1:])
        shape = [0] * (len(dims) - 1)
        for axis, size in zip(axes, dims[1:], strict=True):
            shape[axis] = size
        if given is not None:
            if len(given) != len(shape):
                raise Foreign(T("The input {name} has {count} axes.", name=entry.name, count=len(shape)))
            shape = list(given)
        if min(shape) < 1:
            raise Foreign(
                T("The sizes of the input {name} are left open.", name=entry.name), T("Say them: `--input 224x224x3`.")
            )
        self.shape = tuple(shape)
        self.seen[entry.name] = Seen(0, self.shape, axes)

    def _turned_at_once(self, name: str, rank: int) -> bool:
        """Whether an input has its channels last: all that reads it turns it first."""
        nodes = self.readers.get(name, [])
        return rank > 2 and bool(nodes) and all(
            node.op_type == "Transpose" and attributes(node, self.version).get("perm") == [0, rank - 1, *range(1, rank - 1)]
            for node in nodes
        )  # fmt: skip

    def _output(self, wanted: str | None) -> str:
        names = [entry.name for entry in self.graph.output]
        if wanted is not None:
            if wanted not in {name for node in self.nodes for name in node.output}:
                raise Foreign(
                    T("There is no value {name}.", name=wanted), T("Outputs: {names}.", names=", ".join(names))
                )
            return wanted
        if len(names) != 1:
            raise Foreign(
                T("The graph has {count} outputs ({names}).", count=len(names), names=", ".join(names)),
                T("Say which one is wanted: `--output {name}`.", name=names[0] if names else "…"),
            )
        return names[0]

    def _end(self) -> int:
        if self.wanted not in self.seen:
            raise Foreign(T("Nothing of the network leads to the output {name}.", name=self.wanted))
        value = self.seen[self.wanted]
        if value.lying is not None:
            raise Foreign(T("The output {name} is a map in one row, with its channels first.", name=self.wanted))
        return self.flat(value).piece if value.row else value.piece

    # Nodes

    def _read(self, node: NodeProto) -> None:
        if node.output[0] in self.seen or node.output[0] in self.skipped:
            return
        if not known(node, self.version):
            raise self.refused(node)
        given = attributes(node, self.version)
        if node.op_type == "Constant":
            self.constants[node.output[0]] = self._constant(node, given)
        elif node.op_type == "Shape" and node.input[0] in self.seen:
            whole = np.array((self.batch, *self.seen[node.input[0]].there), np.int64)
            self.constants[node.output[0]] = whole[given.get("start", 0) : given.get("end")]
        elif all(name in self.constants or not name for name in node.input) and node.op_type != "Dropout":
            self._compute(node, given)
        elif node.op_type in OPERATORS:
            try:
                OPERATORS[node.op_type](self, node, given)
            except SizeError as error:
                raise Foreign(
                    T("`{name}` ({op}): {reason}", name=called(node), op=node.op_type, reason=error.message)
                ) from None
        else:
            raise self.refused(node)

    def _constant(self, node: NodeProto, given: dict[str, Any]) -> np.ndarray:
        for name, kind in (("value", None), ("value_float", np.float32), ("value_floats", np.float32),
                           ("value_int", np.int64), ("value_ints", np.int64)):  # fmt: skip
            if name in given:
                return np.asarray(given[name], kind)
        raise self.refused(node)

    def _compute(self, node: NodeProto, given: dict[str, Any]) -> None:
        """What a node makes of constants is a constant."""
        if node.op_type == "ConstantOfShape":
            size = prod(map(int, self.constants[node.input[0]].reshape(-1)))
            if not 0 <= size <= MOST:
                raise Foreign(T("`{name}` makes a constant of {count} values.", name=called(node), count=size))
        graph = helper.make_graph(
            [node], "one", [helper.make_value_info(n, helper.make_tensor_type_proto(1, None)) for n in node.input if n],
            [helper.make_value_info(n, helper.make_tensor_type_proto(1, None)) for n in node.output],
        )  # fmt: skip
        try:
            model = helper.make_model(graph, opset_imports=self.model.opset_import)
            found = ReferenceEvaluator(model).run(None, {n: self.constants[n] for n in node.input if n})
        except Exception:  # the evaluator raises what its operators raise
            raise self.refused(node, T("what it makes of constants cannot be computed")) from None
        self.constants.update(zip(node.output, map(np.asarray, found), strict=False))

    def refused(self, node: NodeProto, why: Any = "") -> Foreign:
        """That a node is no layer of the language."""
        if why:
            return Foreign(
                T("`{name}` ({op}) is no layer of the language: {why}.", name=called(node), op=node.op_type, why=why)
            )
        return Foreign(T("`{name}` ({op}) is no layer of the language.", name=called(node), op=node.op_type))

    # What the operators are made of

    def axis(self, node: NodeProto, given: dict[str, Any], default: int, value: Seen) -> int:
        """Which axis of the graph a node speaks of, the batch being 0. Raises Foreign for one that is not there."""
        (found,) = self.axes(node, [given.get("axis", default)], value)
        return found

    def axes(self, node: NodeProto, asked: Sequence[int], value: Seen) -> list[int]:
        """The same for several: those counted from the end, from the beginning."""
        count = len(value.there) + 1
        for axis in asked:
            if not -count <= axis < count:
                raise self.refused(
                    node, T("its input has {count} axes, and it speaks of axis {axis}", count=count, axis=axis)
                )
        return [axis % count for axis in asked]

    def wholes(self, node: NodeProto, given: dict[str, Any], name: str, number: int) -> list[int] | None:
        """Whole numbers that a node has as an attribute, or reads as a constant; None where it has neither. Raises Foreign."""
        found = np.asarray(given[name]) if name in given else self.array(node, number)
        if found is None:
            return None
        if found.size and found.dtype.kind not in "iu":
            raise self.refused(node, T("{name} is of another kind", name=name))
        return [int(n) for n in found.reshape(-1)]

    def number(self, node: NodeProto, given: dict[str, Any], name: str, number: int, default: float) -> float:
        """One number that a node has as an attribute, or reads as a constant. Raises Foreign."""
        found = np.asarray(given[name]) if name in given else self.array(node, number)
        if found is None:
            return default
        if found.size != 1 or found.dtype.kind == "c":
            raise self.refused(node, T("{name} is no number", name=name))
        return float(found.reshape(-1)[0])

    def value(self, node: NodeProto, number: int = 0) -> Seen:
        """What a node reads at a place. Raises Foreign where that is no value of the network."""
        name = node.input[number] if number < len(node.input) else ""
        if name not in self.seen:
            raise self.refused(node, T("it reads a value with a border that is not zero") if name in self.lowered else
                               T("its input {number} is a constant", number=number + 1))  # fmt: skip
        return self.seen[name]

    def map(self, node: NodeProto, number: int = 0) -> Seen:
        """The same, a map with its channels first."""
        value = self.value(node, number)
        if len(value.shape) < 2 or not value.first:
            raise self.refused(node, T("its input is no map with the channels first"))
        return value

    def array(self, node: NodeProto, number: int) -> np.ndarray | None:
        """A constant that a node reads, None where there is none at that place. Raises Foreign where it is computed."""
        name = node.input[number] if number < len(node.input) else ""
        if not name:
            return None
        if name not in self.constants:
            raise self.refused(node, T("its input {number} is no constant", number=number + 1))
        return self.constants[name]

    def tensor(self, node: NodeProto, number: int) -> np.ndarray | None:
        """Weights that a node reads, as float32. Raises Foreign for values that are no numbers."""
        found = self.array(node, number)
        if found is None:
            return None
        if found.dtype.kind not in "fiu" and str(found.dtype) not in ("bfloat16",):
            raise self.refused(node, T("the tensor {name} holds no numbers", name=node.input[number]))
        return np.ascontiguousarray(found, np.float32).reshape(found.shape)

    def add(
        self,
        node: NodeProto,
        layer: Layer,
        inputs: Sequence[Seen],
        weights: dict[str, Any] | None = None,
        name: bool = True,
    ) -> int:
        """A new piece; its number."""
        kept = {role: value for role, value in (weights or {}).items() if value is not None}
        self.pieces.append(Piece(layer, tuple(v.piece for v in inputs), weights=kept, name=_name(node) if name else ""))
        return len(self.pieces)

    def give(self, node: NodeProto, value: Seen) -> None:
        self.seen[node.output[0]] = value

    def give_map(self, node: NodeProto, layer: Layer, x: Seen, weights: dict[str, Any] | None = None) -> None:
        """What a layer makes of a map, with the channels first again."""
        shape = tuple(layer.output(x.shape))
        self.give(node, Seen(self.add(node, layer, [x], weights), shape, channels_first(shape)))

    def give_same(self, node: NodeProto, layer: Layer, x: Seen, weights: dict[str, Any] | None = None) -> None:
        """What a layer makes that leaves every value where it is."""
        self.give(node, x._replace(piece=self.add(node, layer, [x], weights)))

    def flat(self, value: Seen) -> Seen:
        """A row of its own from one that is only seen as a row."""
        if not value.row:
            return value
        self.pieces.append(Piece(shaping.Flatten(), (value.piece,)))
        return Seen(len(self.pieces), (prod(value.shape),), (0,), order=value.lying)

    def alone(self, name: str) -> bool:
        """Whether exactly one node reads a value, and it is no output."""
        return len(self.readers.get(name, ())) == 1 and name != self.wanted

    def reader(self, name: str, *ops: str) -> NodeProto | None:
        """The one node that reads a value, if it is one of these operators."""
        nodes = self.readers.get(name, [])
        return nodes[0] if self.alone(name) and nodes[0].op_type in ops else None

    def per_channel(self, node: NodeProto, constant: np.ndarray, value: Seen) -> np.ndarray | None:
        """A constant that is combined with a value, as one number for each channel; None where it differs within one."""
        there = value.there
        if constant.ndim > len(there) + 1:
            return None
        try:
            spread = np.broadcast_to(constant, (1, *there)) if constant.size == 1 else constant
        except ValueError:
            return None
        if constant.size == 1:
            return np.full(value.shape[-1] if not value.row else prod(value.shape), constant.reshape(-1)[0], np.float32)
        dims = (1,) * (len(there) + 1 - spread.ndim) + spread.shape
        if dims[0] != 1:
            return None
        if value.row or len(value.shape) == 1:
            flat = constant.reshape(-1)
            if flat.size != prod(value.shape):
                return None
            return np.asarray(unturned(flat, value.lying), np.float32)
        axis = value.axes.index(len(value.shape) - 1) + 1
        if dims[axis] != value.shape[-1] or any(n != 1 for i, n in enumerate(dims) if i != axis):
            return None
        return np.asarray(constant, np.float32).reshape(-1)


def _name(node: NodeProto) -> str:
    return node.name


def as_flow(model: ModelProto, shape: Sequence[int] | None = None, output: str | None = None) -> Flow:
    """The network of a model; `shape` (channels last) is for inputs whose sizes are open, `output` chooses one of several.
    Raises Foreign, which names the node that is no layer."""
    import convdsl.bridges.onnx.operators  # noqa: F401  # they register themselves
    from convdsl.bridges.tidying import tidied

    reader = Reader(model, shape, output)
    about = {entry.key: entry.value for entry in model.metadata_props if entry.key != "convdsl.program"}
    return tidied(Flow(model.graph.name or "network", reader.shape, reader.pieces, reader.output, about))
