"""Normalisations."""

from __future__ import annotations

from math import isclose, prod
from typing import Any

import numpy as np
from onnx import NodeProto

from convdsl.bridges.onnx.reading import Reader, Seen, reads
from convdsl.bridges.rows import unturned
from convdsl.layers import Layer, normalization
from convdsl.messages import T


@reads("BatchNormalization")
def _bn(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.value(node)
    if given.get("training_mode", 0) or not given.get("spatial", 1):
        raise r.refused(node, T("it normalises by the images at hand"))
    arrays = [r.tensor(node, number) for number in range(1, 5)]
    x, arrays = _each_channel(r, node, x, arrays)
    weights = dict(zip(("weight", "bias", "running_mean", "running_var"), arrays, strict=True))
    momentum = round(float(given.get("momentum", 0.9)), 6)
    layer = normalization.BatchNorm(
        **_eps(r, node, given), **({} if momentum == 0.9 or momentum > 0.9999 else {"momentum": momentum})
    )
    r.give_same(node, layer, x, weights)


def _each_channel(r: Reader, node: NodeProto, x: Seen, arrays: list[Any]) -> tuple[Seen, list[Any]]:
    """A value and its arrays of one number for each channel, in the order of here."""
    if x.row and prod(x.shape[:-1]) != 1:
        x = r.flat(x)
    elif not x.row and not x.first:
        raise r.refused(node, T("its input is no map with the channels first"))
    if any(a is None or a.size != x.shape[-1] for a in arrays):
        raise r.refused(node, T("it has not one number for each channel"))
    return x, [unturned(a.reshape(-1), x.lying if len(x.shape) == 1 else None) for a in arrays]


def _eps(r: Reader, node: NodeProto, given: dict[str, Any]) -> dict[str, float]:
    eps = float(f"{given.get('epsilon', 1e-5):.7g}")
    if not 1e-12 <= eps <= 10:
        raise r.refused(node, T("its epsilon is {eps}", eps=eps))
    return {} if isclose(eps, 1e-5, rel_tol=1e-5) else {"eps": eps}


@reads("InstanceNormalization", "GroupNormalization")
def _in(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.map(node), r.tensor(node, 1), r.tensor(node, 2)
    eps, channels = _eps(r, node, given), x.shape[-1]
    groups = given.get("num_groups", channels)
    if node.op_type == "GroupNormalization" and r.version < 21 and weight is not None and bias is not None:
        weight, bias = (np.repeat(v.reshape(-1), channels // groups) for v in (weight, bias))
    layer: Layer = (
        normalization.InstanceNorm(**eps) if node.op_type == "InstanceNormalization"
        else normalization.LayerNorm(**eps) if groups == 1
        else normalization.GroupNorm(g=groups, **eps)
    )  # fmt: skip
    r.give_same(node, layer, x, {"weight": weight, "bias": bias})


@reads("LayerNormalization")
def _ln(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, weight, bias = r.value(node), r.tensor(node, 1), r.tensor(node, 2)
    axis, dims, channel = r.axis(node, given, -1, x), len(x.there), len(x.shape) - 1
    bias = np.zeros_like(weight) if bias is None and weight is not None else bias
    if not x.row and axis == dims and x.axes[-1] == channel:
        options = {"channels": True} if len(x.shape) > 1 else {}
        return r.give_same(
            node, normalization.LayerNorm(**options, **_eps(r, node, given)), x, {"weight": weight, "bias": bias}
        )
    arrays = [None if v is None else r.per_channel(node, v[None], x) for v in (weight, bias)]
    if axis != 1 or any(v is None for v in arrays):
        raise r.refused(node, T("it has not one number for each channel"))
    r.give_same(node, normalization.LayerNorm(**_eps(r, node, given)), x, {"weight": arrays[0], "bias": arrays[1]})


@reads("LRN")
def _lrn(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    size = given["size"]
    if size % 2 == 0:
        raise r.refused(node, T("its window is even, and lies on the other side here"))
    defaults = {"n": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0}
    values = {
        "n": size,
        "alpha": given.get("alpha", 1e-4),
        "beta": given.get("beta", 0.75),
        "k": given.get("bias", 1.0),
    }
    values = {n: v if n == "n" else float(f"{v:.7g}") for n, v in values.items()}
    options = {name: value for name, value in values.items() if value != defaults[name]}
    r.give_same(node, normalization.LocalResponseNorm(**options), r.map(node))
