"""Convolutions and products with a matrix of weights."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto

from convdsl.bridges.onnx.operators.parts import bordered
from convdsl.bridges.onnx.reading import Reader, Seen, reads
from convdsl.bridges.onnx.windows import AskedWindow, arguments, fitting, one_each, short, window
from convdsl.bridges.rows import unturned
from convdsl.layers import Layer, convolution, dense, shaping
from convdsl.messages import T


@reads("Conv")
def _conv(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.map(node), r.tensor(node, 1), r.tensor(node, 2)
    if weight is None or weight.ndim != len(x.shape) + 1:
        raise r.refused(node, T("its filters do not fit a map of {count} axes", count=len(x.shape) - 1))
    groups = given.get("group", 1)
    asked = window(given, x.shape[:-1], weight.shape[2:])
    kind: type[Layer] = convolution.Conv
    options: dict[str, Any] = {"filters": weight.shape[0], **arguments(asked)}
    if groups > 1 and groups == x.shape[-1] and weight.shape[0] % groups == 0:
        kind = convolution.DepthwiseConv
        options = {**arguments(asked), **({"m": weight.shape[0] // groups} if weight.shape[0] > groups else {})}
    elif groups > 1:
        options["g"] = groups
    if bias is None:
        options["bias"] = False
    if weight.shape[1] * groups != x.shape[-1]:
        raise r.refused(
            node, T("its filters see {n} channels, and there are {m}", n=weight.shape[1] * groups, m=x.shape[-1])
        )
    layer = fitting(kind, options, asked, x.shape, ("plain", "same", "same_lower"))
    if layer is None:
        x, layer = bordered(r, node, x, asked.before, asked.after), kind(**options)
    r.give_map(node, layer, x, {"weight": weight, "bias": bias})


@reads("ConvTranspose")
def _tconv(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.map(node), r.tensor(node, 1), r.tensor(node, 2)
    if weight is None or weight.ndim != len(x.shape) + 1 or weight.shape[0] != x.shape[-1]:
        raise r.refused(node, T("its filters do not fit the input"))
    sizes, rank, groups = x.shape[:-1], len(x.shape) - 1, given.get("group", 1)
    k, s = weight.shape[2:], tuple(given.get("strides") or (1,) * rank)
    d, more = tuple(given.get("dilations") or (1,) * rank), tuple(given.get("output_padding") or (0,) * rank)
    pads = tuple(given.get("pads") or (0,) * (2 * rank))
    one_each(rank, k, s, d, more, pads[:rank], pads[rank:])
    full = tuple((n - 1) * t + e * (f - 1) + 1 + o for n, t, e, f, o in zip(sizes, s, d, k, more, strict=True))
    auto, wanted = given.get("auto_pad", "NOTSET"), given.get("output_shape")
    if wanted or auto in ("SAME_UPPER", "SAME_LOWER"):
        goal = tuple(wanted)[-rank:] if wanted else tuple(n * t for n, t in zip(sizes, s, strict=True))
        cut = [n - m for n, m in zip(full, goal, strict=True)]
        less, rest = [n // 2 for n in cut], [n - n // 2 for n in cut]
        pads = (*less, *rest) if auto == "SAME_UPPER" or (wanted and auto != "SAME_LOWER") else (*rest, *less)
        if auto == "SAME_LOWER":
            pads = (*rest, *less)
    before, after = pads[:rank], pads[rank:]
    outputs = tuple(n - b - a for n, b, a in zip(full, before, after, strict=True))
    asked = AskedWindow(k, s, d, before, after, False)
    options = {"filters": weight.shape[1] * groups, **arguments(asked)}
    options |= ({"g": groups} if groups > 1 else {}) | ({"bias": False} if bias is None else {})
    weights = {"weight": weight, "bias": bias}
    further = tuple(o - (f - m - 2 * b) for o, f, m, b in zip(outputs, full, more, before, strict=True))
    candidates: list[dict[str, Any]] = []
    if all(b >= 0 for b in before) and all(0 <= o < max(t, e) for o, t, e in zip(further, s, d, strict=True)):
        candidates.append(
            ({"p": short(before)} if any(before) else {}) | ({"op": short(further)} if any(further) else {})
        )
    candidates += [{"p": "same"}, {"p": "same_lower"}]
    for candidate in candidates:
        layer: Any = convolution.TransposedConv(**options, **candidate)
        if [(a.before, a.output) for a in layer.geometry(x.shape)] == list(zip(before, outputs, strict=True)):
            return r.give_map(node, layer, x, weights)
    if min(pads) < 0 or any(more):
        raise r.refused(node, T("its padding has no form here"))
    layer = convolution.TransposedConv(**options)
    x = x._replace(piece=r.add(node, layer, [x], weights), shape=tuple(layer.output(x.shape)))
    r.give_map(node, shaping.Crop(before=short(before), after=short(after)), x)


@reads("Gemm")
def _gemm(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.value(node), r.tensor(node, 1), r.tensor(node, 2)
    alpha, beta = given.get("alpha", 1.0), given.get("beta", 1.0)
    if given.get("transA", 0) or weight is None:
        raise r.refused(node, T("it turns its input"))
    weight = (weight if given.get("transB", 0) else weight.T) * np.float32(alpha)
    _product(r, node, x, weight, None if bias is None else bias * np.float32(beta))


@reads("MatMul")
def _matmul(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight = r.value(node), r.tensor(node, 1)
    if weight is None or weight.ndim != 2:
        raise r.refused(node, T("it is no product with a matrix of weights"))
    weight = np.ascontiguousarray(weight.T)
    if len(x.shape) > 1 and not x.row and x.axes[-1] == len(x.shape) - 1 and weight.shape[1] == x.shape[-1]:
        layer = convolution.Conv(filters=weight.shape[0], k=(1,), bias=False)  # the same at every position
        piece = r.add(node, layer, [x], {"weight": weight.reshape(*weight.shape, *(1,) * (len(x.shape) - 1))})
        return r.give(node, x._replace(piece=piece, shape=(*x.shape[:-1], weight.shape[0])))
    _product(r, node, x, weight, None)


def _product(r: Reader, node: NodeProto, x: Seen, weight: np.ndarray, bias: np.ndarray | None) -> None:
    if (not x.row and len(x.shape) > 1) or weight.ndim != 2 or weight.shape[1] != prod(x.shape):
        raise r.refused(node, T("its matrix does not fit a row of values"))
    if bias is not None:
        if bias.size not in (1, weight.shape[0]) or (bias.ndim > 1 and bias.shape[-1] != bias.size):
            raise r.refused(node, T("its bias differs from image to image"))
        bias = np.broadcast_to(bias.reshape(-1), (weight.shape[0],))
    layer = dense.Dense(units=weight.shape[0], **({"bias": False} if bias is None else {}))
    piece = r.add(node, layer, [x], {"weight": unturned(weight, x.lying), "bias": bias})
    r.give(node, Seen(piece, (weight.shape[0],), (0,)))
