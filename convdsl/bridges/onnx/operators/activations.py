"""Activations that are one operator."""

from __future__ import annotations

from math import isclose, prod
from typing import Any

import numpy as np
from onnx import NodeProto

from convdsl.bridges.onnx.operators.parts import linear
from convdsl.bridges.onnx.reading import Reader, reads
from convdsl.layers import ACTIVATIONS, Layer, activation
from convdsl.messages import T


def _activates(op: str, layer: type[Layer], **options: Any) -> None:
    """An operator that is an activation; `options` makes its argument of the node's attributes."""

    @reads(op)
    def read(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
        arguments = {name: make(given) for name, make in options.items()}
        r.give_same(node, layer(**{n: v for n, v in arguments.items() if v is not None}), r.value(node))


def _alpha(default: float, usual: float) -> Any:
    def make(given: dict[str, Any]) -> float | None:
        value = float(f"{given.get('alpha', default):.7g}")
        return None if value == usual else value

    return make


for _one in ACTIVATIONS.values():
    if _one.onnx:
        _activates(_one.onnx, _one)
_activates("LeakyRelu", activation.LeakyRelu, slope=_alpha(0.01, 0.01))
_activates("Elu", activation.Elu, slope=_alpha(1.0, 1.0))


@reads("Selu")
def _selu(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    alpha, gamma = given.get("alpha", 1.6732632423), given.get("gamma", 1.0507009873)
    if not (isclose(alpha, 1.6732632423, rel_tol=1e-4) and isclose(gamma, 1.0507009873, rel_tol=1e-4)):
        raise r.refused(node, T("its constants are others"))
    r.give_same(node, activation.Selu(), r.value(node))


@reads("Gelu")
def _gelu(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    if given.get("approximate", "none") != "none":
        raise r.refused(node, T("it is an approximation by tanh"))
    r.give_same(node, activation.Gelu(), r.value(node))


@reads("HardSigmoid")
def _hardsigmoid(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    """max(0, min(1, αx + β)); another slope than 1/6 goes into the weights before it."""
    alpha, beta = given.get("alpha", 0.2), given.get("beta", 0.5)
    x = r.value(node)
    if not isclose(beta, 0.5, rel_tol=1e-5):
        raise r.refused(node, T("its constants are others"))
    if not isclose(alpha, 1 / 6, rel_tol=1e-3):
        piece = r.pieces[x.piece - 1] if x.piece else None
        if piece is None or "weight" not in piece.weights or not r.alone(node.input[0]) or not linear(piece.layer):
            raise r.refused(node, T("its constants are others"))
        for role in ("weight", "bias"):
            if role in piece.weights:
                piece.weights[role] = piece.weights[role] * np.float32(alpha * 6)
    r.give_same(node, activation.HardSigmoid(), x)


@reads("Clip")
def _clip(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    low, high = r.number(node, given, "min", 1, -np.inf), r.number(node, given, "max", 2, np.inf)
    if low != 0 or (high != 6 and high < 3.4e38):
        raise r.refused(node, T("its limits are {low} and {high}", low=f"{low:g}", high=f"{high:g}"))
    r.give_same(node, activation.Relu6() if high == 6 else activation.Relu(), r.value(node))


@reads("PRelu")
def _prelu(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x, slope = r.value(node), r.tensor(node, 1)
    if slope is not None and r.version < 7 and slope.size == x.shape[-1]:  # then the slopes were those of the channels
        slope = slope.reshape(-1, *(1,) * (len(x.shape) - 1))
    slopes = None if slope is None else r.per_channel(node, slope, x)
    if slopes is None:
        raise r.refused(node, T("its slope differs from place to place"))
    if x.row:
        x = r.flat(x) if prod(x.shape[:-1]) != 1 else x
    r.give_same(node, activation.Prelu(), x, {"prelu": slopes})


@reads("Softmax")
def _softmax(r: Reader, node: NodeProto, given: dict[str, Any]) -> None:
    x = r.value(node)
    axis = r.axis(node, given, 1 if r.version < 13 else -1, x)
    whole = r.version < 13  # all axes from this one on are one row
    if axis < 1:
        raise r.refused(node, T("it does not keep the images apart"))
    alone = x.row or len(x.shape) == 1 or all(n == 1 for n in x.shape[:-1])
    over = x.there[axis - 1 :] if whole else x.there[axis - 1 : axis]
    channels = x.row or x.axes[axis - 1] == len(x.shape) - 1
    if alone and prod(over) == prod(x.shape):
        x = r.flat(x) if x.row and prod(x.shape[:-1]) != 1 else x
    elif not (channels and prod(over) == x.shape[-1] and not x.row):
        raise r.refused(node, T("it does not go over the channels"))
    r.give_same(node, activation.Softmax(), x)
