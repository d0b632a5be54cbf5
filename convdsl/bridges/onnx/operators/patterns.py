"""Activations that exporters write out in several nodes."""

from __future__ import annotations

from math import isclose

import numpy as np
from onnx import NodeProto

from convdsl.bridges.onnx.reading import Reader, Seen
from convdsl.layers import Layer, activation
from convdsl.layers.combining import AbsoluteDifference


def gated(r: Reader, node: NodeProto, values: list[Seen]) -> bool:
    """x·sigmoid(x) is silu, x·hardsigmoid(x) hardswish."""
    if len(values) != 2:
        return False
    gates = {activation.Sigmoid: activation.Silu, activation.HardSigmoid: activation.HardSwish}
    for gate, other, number in ((values[0], values[1], 0), (values[1], values[0], 1)):
        piece = r.pieces[gate.piece - 1] if gate.piece else None
        kind = next((k for k in gates if piece is not None and isinstance(piece.layer, k)), None)
        if piece is not None and kind and piece.inputs == (other.piece,) and r.alone(node.input[number]):
            r.give(node, other._replace(piece=r.add(node, gates[kind](), [other])))
            return True
    return False


def apart(r: Reader, node: NodeProto) -> bool:
    """|a − b| is absdiff."""
    left, right = values = [r.value(node, 0), r.value(node, 1)]
    without_sign = r.reader(node.output[0], "Abs")
    if without_sign is None or left._replace(piece=0) != right._replace(piece=0):
        return False
    r.seen[without_sign.output[0]] = left._replace(piece=r.add(without_sign, AbsoluteDifference(), values))
    r.skipped |= set(without_sign.output)
    return True


def hard(r: Reader, node: NodeProto, x: Seen, constant: np.ndarray) -> bool:
    """x·relu6(x + 3)/6 is hardswish, relu6(x + 3)/6 hardsigmoid; written out, as older files have it."""
    if node.op_type != "Add" or constant.size != 1 or float(constant.reshape(-1)[0]) != 3:
        return False
    clip = r.reader(node.output[0], "Clip")
    if clip is None:
        return False
    limits = [next((a.f for a in clip.attribute if a.name == n), None) for n in ("min", "max")]
    for place in (1, 2):
        if len(clip.input) > place and clip.input[place] in r.constants:
            limits[place - 1] = float(r.constants[clip.input[place]].reshape(-1)[0])
    if limits != [0, 6]:
        return False
    source = next(name for name in node.input if name not in r.constants)
    first = r.reader(clip.output[0], "Mul", "Div")
    if first is None:
        return False
    second = r.reader(first.output[0], "Mul", "Div")
    if _sixth(r, first):
        if second is not None and second.op_type == "Mul" and source in second.input:
            return _replaced(r, [node, clip, first], second, activation.HardSwish(), x)
        return _replaced(r, [node, clip], first, activation.HardSigmoid(), x)
    if first.op_type == "Mul" and source in first.input and second is not None and _sixth(r, second):
        return _replaced(r, [node, clip, first], second, activation.HardSwish(), x)
    return False


def _sixth(r: Reader, node: NodeProto) -> bool:
    """Whether a node takes a sixth."""
    for number, name in enumerate(node.input):
        constant = r.constants.get(name)
        if constant is not None and constant.size == 1:
            value = float(constant.reshape(-1)[0])
            return isclose(value, 6) and number == 1 if node.op_type == "Div" else isclose(value, 1 / 6, rel_tol=1e-4)
    return False


def erf(r: Reader, node: NodeProto, x: Seen, constant: np.ndarray) -> bool:
    """x·(1 + erf(x/√2))/2 is gelu, written out."""
    if constant.size != 1:
        return False
    value, root = float(constant.reshape(-1)[0]), 2**0.5
    if not (
        (node.op_type == "Div" and isclose(value, root, rel_tol=1e-4))
        or (node.op_type == "Mul" and isclose(value, 1 / root, rel_tol=1e-4))
    ):
        return False
    erf = r.reader(node.output[0], "Erf")
    plus = r.reader(erf.output[0], "Add") if erf is not None else None
    times = r.reader(plus.output[0], "Mul") if plus is not None else None
    if erf is None or plus is None or times is None:
        return False
    source = next(name for name in node.input if name not in r.constants)
    half = r.reader(times.output[0], "Mul")
    if source in times.input and half is not None and any(name in r.constants for name in half.input):
        return _replaced(r, [node, erf, plus, times], half, activation.Gelu(), x)
    other = next((name for name in times.input if name != plus.output[0]), "")
    halved = next((n for n in r.readers.get(source, []) if n.op_type == "Mul" and n.output[0] == other), None)
    if halved is not None and r.alone(other):
        return _replaced(r, [node, erf, plus, halved], times, activation.Gelu(), x)
    return False


def _replaced(r: Reader, nodes: list[NodeProto], last: NodeProto, layer: Layer, x: Seen) -> bool:
    """Several nodes are one layer."""
    r.seen[last.output[0]] = x._replace(piece=r.add(last, layer, [x]))
    r.skipped |= {name for node in nodes for name in node.output}
    return True
