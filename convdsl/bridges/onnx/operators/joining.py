"""Where branches meet, and what is combined with constants."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto

from convdsl.bridges.onnx.operators.parts import linear
from convdsl.bridges.onnx.operators.patterns import apart, erf, gated, hard
from convdsl.bridges.onnx.reading import Reader, reads
from convdsl.layers import combining, normalization, shaping
from convdsl.messages import T


@reads("Concat")
def _concat(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    values = [r.value(node, number) for number in range(len(node.input))]
    axis = r.axis(node, given, 1, values[0])
    values = [r.flat(v) if v.row and prod(v.shape[:-1]) != 1 else v for v in values]
    if axis < 1 or any(v.lying is not None for v in values) or len({v.axes for v in values if not v.row}) > 1:
        raise r.refused(node, T("it does not join channels"))
    if not values[0].row and values[0].axes[axis - 1] != len(values[0].shape) - 1:
        raise r.refused(node, T("it does not join channels"))
    if len(values) == 1:
        return r.give(node, values[0])
    layer = combining.Concat()
    shape = tuple(layer.output(*(v.shape for v in values)))
    r.give(node, values[0]._replace(piece=r.add(node, layer, values), shape=shape))


@reads("Mean", "Max")
def _mean(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    values = [r.value(node, number) for number in range(len(node.input))]
    if len({(v.row, v.order, v.axes) for v in values}) > 1:
        raise r.refused(node, T("its inputs lie in different ways"))
    if len(values) == 1:
        return r.give(node, values[0])
    layer = combining.Mean() if node.op_type == "Mean" else combining.Maximum()
    shape = tuple(layer.output(*(v.shape for v in values)))
    r.give(node, values[0]._replace(piece=r.add(node, layer, values), shape=shape))


@reads("Add", "Sum", "Mul", "Sub", "Div")
def _combine(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    constant = [number for number, name in enumerate(node.input) if name in r.constants]
    if node.op_type == "Sub" and not constant and len(node.input) == 2 and apart(r, node):
        return
    if constant or node.op_type in ("Sub", "Div"):
        if len(node.input) != 2 or len(constant) != 1:
            raise r.refused(node)
        return _affine(r, node, constant[0])
    values = [r.value(node, number) for number in range(len(node.input))]
    if len(values) == 1:
        return r.give(node, values[0])
    if node.op_type == "Mul" and gated(r, node, values):
        return
    if len({(v.row, v.order) for v in values}) > 1:
        values = [r.flat(v) if v.row else v for v in values]
    same = {v.axes for v in values if not v.row and prod(v.shape) != max(v.shape)}
    if len(same) > 1 or len({v.lying for v in values}) > 1:
        raise r.refused(node, T("its inputs lie in different ways"))
    layer = combining.Multiply() if node.op_type == "Mul" else combining.Add()
    shape = tuple(layer.output(*(v.shape for v in values)))
    largest = next(v for v in values if v.shape == shape) if any(v.shape == shape for v in values) else values[0]
    r.give(node, largest._replace(piece=r.add(node, layer, values), shape=shape))


def _affine(r: Reader, node: NodeProto, number: int) -> None:
    """A value times or plus a constant: a bias, a part of a normalisation, a learned scale, or a fixed normalisation."""
    x, constant = r.value(node, 1 - number), r.tensor(node, number)
    assert constant is not None
    if hard(r, node, x, constant) or erf(r, node, x, constant):
        return
    c = r.per_channel(node, constant, x)
    if c is None or (x.row and prod(x.shape[:-1]) != 1):
        raise r.refused(node, T("its constant has not one number for each channel"))
    factor, shift = np.ones_like(c), np.zeros_like(c)
    if node.op_type == "Mul":
        factor = c
    elif node.op_type == "Div":
        if number == 0:
            raise r.refused(node, T("it divides by the value"))
        factor = 1 / c
    elif node.op_type == "Sub":
        shift, factor = (c, -factor) if number == 0 else (-c, factor)
    else:
        shift = c
    piece = r.pieces[x.piece - 1] if x.piece else None
    mine = piece is not None and r.alone(node.input[1 - number])
    plus = bool((factor == 1).all())
    if piece is not None and mine and isinstance(piece.layer, normalization.BatchNorm):
        piece.weights["weight"] = piece.weights["weight"] * factor
        piece.weights["bias"] = piece.weights["bias"] * factor + shift
        return r.give(node, x)
    if piece is not None and mine and plus and linear(piece.layer) and not piece.layer.bias:
        kind = type(piece.layer)
        options = {n: v for n, v in vars(piece.layer).items() if n in piece.layer.given and n != "bias"}  # type: ignore[attr-defined]
        piece.layer, piece.weights["bias"] = kind(**options), shift
        return r.give(node, x)
    if piece is not None and mine and plus and linear(piece.layer):
        piece.weights["bias"] = piece.weights["bias"] + shift
        return r.give(node, x)
    if node.op_type == "Mul" and constant.size > 1:
        return r.give_same(node, shaping.Scale(), x, {"weight": factor})
    if constant.size == 1 and not shift.any():
        return r.give_same(node, shaping.Scale(fixed=float(f"{float(factor[0]):.7g}")), x)
    fixed = {
        "weight": factor,
        "bias": shift,
        "running_mean": np.zeros_like(c),
        "running_var": np.full_like(c, 1 - 1e-5),
    }
    r.give_same(node, normalization.BatchNorm(), x, fixed)
    r.pieces[-1].frozen = True
