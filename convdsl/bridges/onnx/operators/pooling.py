"""Windows without weights."""

from __future__ import annotations

from typing import Any

from onnx import NodeProto

from convdsl.bridges.onnx.attributes import attributes
from convdsl.bridges.onnx.operators.parts import bordered
from convdsl.bridges.onnx.reading import OPERATORS, Reader, Seen, reads
from convdsl.bridges.onnx.windows import arguments, fitting, window
from convdsl.layers import activation, pooling
from convdsl.messages import T


@reads("MaxPool")
def _maxpool(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    if len(node.output) > 1 and node.output[1]:
        raise r.refused(node, T("it gives the places of the largest values too"))
    x, pads = r.lowered.get(node.input[0], (None, (), ()))[0], None
    if x is None:
        x = r.map(node)
    else:
        pads = r.lowered[node.input[0]][1:]
    asked = window(given, x.shape[:-1], given["kernel_shape"])
    if pads is not None:
        if any(asked.before) or any(asked.after):
            raise r.refused(node, T("it has a border twice"))
        asked = asked._replace(before=pads[0], after=pads[1])
    options = arguments(asked, asked.k)
    layer = fitting(pooling.MaxPool, options, asked, x.shape)
    if layer is None:
        if not _never_negative(r, x):
            raise r.refused(node, T("its padding has no form here"))
        x, layer = bordered(r, node, x, asked.before, asked.after), pooling.MaxPool(**options)
    r.give_map(node, layer, x)


def _never_negative(r: Reader, x: Seen) -> bool:
    """Whether a border of zeros never wins against what a piece gives."""
    kept = (activation.Relu, activation.Relu6, activation.Sigmoid, activation.Softmax, activation.HardSigmoid)
    return x.piece > 0 and isinstance(r.pieces[x.piece - 1].layer, kept)


@reads("Neg")
def _neg(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    """The smallest under a window is the largest of the negatives."""
    pool = r.reader(node.output[0], "MaxPool", "Pad")
    border = pool if pool is not None and pool.op_type == "Pad" else None
    pool = r.reader(border.output[0], "MaxPool") if border is not None else pool
    back = r.reader(pool.output[0], "Neg") if pool is not None else None
    if pool is None or back is None:
        raise r.refused(node)
    r.seen[node.output[0]] = r.map(node)
    for step in (border, pool):
        if step is not None:
            OPERATORS[step.op_type](r, step, attributes(step, r.version))
    layer: Any = r.pieces[-1].layer
    r.pieces[-1].layer = pooling.MinPool(**{name: getattr(layer, name) for name in layer.given})
    r.seen[back.output[0]] = r.seen[pool.output[0]]
    r.skipped |= {back.output[0]}


@reads("AveragePool")
def _avgpool(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.map(node)
    asked = window(given, x.shape[:-1], given["kernel_shape"])
    exclude = not given.get("count_include_pad", 0)
    padded = any(asked.before) or any(asked.after)
    sizes = zip(x.shape, asked.k, asked.d, asked.before, strict=False)
    if set(asked.places(x.shape[:-1])) == {1} and all(d == 1 and k - b >= n for n, k, d, b in sizes) and (
        exclude or (not padded and asked.k == x.shape[:-1])
    ) and (padded or asked.ceil):  # fmt: skip
        return r.give_map(node, pooling.GlobalAvgPool(), x)
    options = arguments(asked, asked.k)
    if not padded:  # beyond the input nothing is counted
        layer = fitting(pooling.AvgPool, options, asked, x.shape, ("rounded",) if asked.ceil else ("plain",))
    elif exclude:
        layer = fitting(pooling.AvgPool, {**options, "exclude_pad": True}, asked, x.shape)
    elif asked.before == asked.after:
        layer = fitting(pooling.AvgPool, options, asked, x.shape, ("rounded",) if asked.ceil else ("plain",))
    elif asked.ceil:
        raise r.refused(node, T("its padding counts, and its size is rounded up"))
    else:
        x, layer = bordered(r, node, x, asked.before, asked.after), pooling.AvgPool(**options)
    if layer is None:
        raise r.refused(node, T("its padding has no form here"))
    r.give_map(node, layer, x)


@reads("GlobalAveragePool")
def _global_mean(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    r.give_map(node, pooling.GlobalAvgPool(), r.map(node))


@reads("GlobalMaxPool")
def _global_max(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    r.give_map(node, pooling.GlobalMaxPool(), r.map(node))


@reads("ReduceMean", "ReduceMax")
def _reduce(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    """Over all positions."""
    x = r.map(node)
    rank = len(x.shape) - 1
    over = sorted(r.axes(node, r.wholes(node, given, "axes", 1) or (), x))
    if over not in (list(range(2, rank + 2)), [1]) or (over == [1] and not given.get("keepdims", 1)):
        raise r.refused(node, T("it does not go over all positions and nothing else"))
    kind = pooling.GlobalAvgPool if node.op_type == "ReduceMean" else pooling.GlobalMaxPool
    r.give_map(node, kind(channels=True) if over == [1] else kind(), x)
    if not given.get("keepdims", 1):
        r.give(node, r.seen[node.output[0]]._replace(row=True))
