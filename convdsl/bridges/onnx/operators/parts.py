"""What several of the operators need."""

from __future__ import annotations

from onnx import NodeProto

from convdsl.bridges.onnx.reading import Reader, Seen
from convdsl.bridges.onnx.windows import short
from convdsl.layers import Layer, convolution, dense, normalization, rearranging, shaping


def bordered(r: Reader, node: NodeProto, x: Seen, before: tuple[int, ...], after: tuple[int, ...]) -> Seen:
    layer = shaping.Pad(before=short(before), after=short(after))
    return x._replace(piece=r.add(node, layer, [x], name=False), shape=tuple(layer.output(x.shape)))


def some(r: Reader, node: NodeProto, x: Seen, skip: int, size: int) -> Seen:
    """Channels that follow one another."""
    layer = rearranging.Slice(size=size, **({"skip": skip} if skip else {}))
    return x._replace(piece=r.add(node, layer, [x]), shape=tuple(layer.output(x.shape)))


def linear(layer: Layer) -> bool:
    return isinstance(layer, convolution.Conv | convolution.DepthwiseConv | convolution.TransposedConv | dense.Dense
                      | normalization.BatchNorm)  # fmt: skip
