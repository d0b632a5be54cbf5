"""The fully connected layer."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.layers.arguments import Count, Flag
from convdsl.layers.base import Layer, Sizes, say
from convdsl.messages import T


class Dense(Layer):
    """Fully connected layer: every output is a weighted sum of all inputs, plus a bias. Flattens what it is given, in
    the order H, W, C."""

    name = "dense"
    weighs = True
    elsewhere = (
        "linear",
        "gemm",
        "fc",
        "fullyconnected",
        "innerproduct",
        "densa",
        "densamente",
        "full",
        "totalmenteconectada",
        "completamenteconectada",
        "capadensa",
        "denselayer",
    )
    frameworks = {"": (("count", "activation"), ("count", "activation")), "linear": (("", "count"), ("", "count"))}
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

    def why_size(self, x: Sizes, y: Sizes, axis: int) -> T | None:
        return T("One output for each unit, whatever the input's shape.")

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        if self.bias:
            return T(
                "Each of the {units} outputs has one weight for each of the {n} inputs, plus one bias.",
                units=say(self.units),
                n=say(prod(x)),
            )
        return T(
            "Each of the {units} outputs has one weight for each of the {n} inputs; there is no bias.",
            units=say(self.units),
            n=say(prod(x)),
        )

    def why_macs(self, x: Sizes, y: Sizes) -> T | None:
        return T("One multiplication for each weight.")
