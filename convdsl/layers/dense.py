"""The fully connected layer."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.layers.arguments import Count, Flag
from convdsl.layers.base import Layer, Sizes


class Dense(Layer):
    """Fully connected layer: every output is a weighted sum of all inputs, plus a bias. Flattens what it is given, in
    the order H, W, C."""

    name = "dense"
    elsewhere = ("linear", "fc", "fullyconnected", "fully_connected", "innerproduct")
    example = "dense 10 softmax"
    activates = True

    units = Count(doc="number of outputs", positional=True)
    bias = Flag("nobias", False, "no bias is added")

    def output(self, x: Sizes) -> Sizes:
        return (self.units,)

    def weights(self, x: Sizes) -> dict[str, Sizes]:
        shape = (self.units, prod(x))
        return {"weight": shape, "bias": (self.units,)} if self.bias else {"weight": shape}

    def macs(self, x: Sizes, y: Sizes) -> Any:
        return self.units * prod(x)

    def reach(self, x: Sizes, y: Sizes) -> None:
        return None
