"""Activations: a layer of their own, or the end of another one (`conv 6 k5 tanh`). Adding one is adding a class here and
its value and slope in the engine."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from convdsl.layers.arguments import Real
from convdsl.layers.base import Layer, Sizes
from convdsl.messages import T


class Activation(Layer):
    """A function of each value. Costs one FLOP per element by convention."""

    frameworks = {"": ((), ())}
    pointwise = True
    per_element: ClassVar[int] = 1

    rectifier: ClassVar[bool] = False
    """Whether it lets positive values through about as they are, so that weights before it start larger (He, 2015)."""
    silences: ClassVar[bool] = False
    """Whether all that is not positive becomes 0, so that a unit can be dead."""

    torch: ClassVar[str] = ""
    """The function of PyTorch that is the same and takes nothing besides (`F` is torch.nn.functional), "" where there is
    none; and likewise the operator of ONNX and the word of Keras. What takes more is written in the bridges."""
    onnx: ClassVar[str] = ""
    keras: ClassVar[str] = ""

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return self.per_element * prod(y)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        if self.per_element == 1:
            return T("One operation for each value, by convention.")
        return T("{n} operations for each value, by convention.", n=self.per_element)


class Relu(Activation):
    """max(0, x)"""

    name = "relu"
    rectifier = True
    silences = True
    example = "relu"
    torch = "F.relu"
    onnx = "Relu"
    keras = "relu"


class Relu6(Activation):
    """min(max(0, x), 6)"""

    name = "relu6"
    rectifier = True
    silences = True
    example = "relu6"
    torch = "F.relu6"
    keras = "relu6"


class LeakyRelu(Activation):
    """x where it is positive, a·x elsewhere"""

    name = "leaky_relu"
    rectifier = True
    elsewhere = ("lrelu",)
    frameworks = {"": (("count",), ("count",))}
    example = "leaky_relu 0.1"

    slope = Real(0.01, "slope for negative values (a)", positional=True)


class Prelu(Activation):
    """x where it is positive, a·x elsewhere, with a learned slope a for each channel"""

    name = "prelu"
    rectifier = True
    example = "prelu"

    def weights(self, x: Sizes) -> dict[str, Sizes]:
        return {"prelu": (x[-1],)}

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        return T("One learned number for each channel.")


class Elu(Activation):
    """x where it is positive, a·(exp(x) − 1) elsewhere"""

    name = "elu"
    rectifier = True
    example = "elu"

    slope = Real(1.0, "factor for negative values (a)", positional=True)


class Selu(Activation):
    """1.0507·(x where it is positive, 1.6733·(exp(x) − 1) elsewhere): keeps mean 0 and variance 1"""

    name = "selu"
    example = "selu"
    torch = "F.selu"
    onnx = "Selu"
    keras = "selu"


class Gelu(Activation):
    """x·Φ(x), Φ being the normal distribution function"""

    name = "gelu"
    rectifier = True
    example = "gelu"
    torch = "F.gelu"
    onnx = "Gelu"
    keras = "gelu"


class Silu(Activation):
    """x·sigmoid(x)"""

    name = "silu"
    rectifier = True
    elsewhere = ("swish",)
    example = "silu"
    torch = "F.silu"
    keras = "silu"


class Sigmoid(Activation):
    """1/(1 + exp(−x))"""

    name = "sigmoid"
    elsewhere = ("logistic", "sigmoide")
    example = "sigmoid"
    torch = "torch.sigmoid"
    onnx = "Sigmoid"
    keras = "sigmoid"


class HardSigmoid(Activation):
    """min(max(0, x/6 + 1/2), 1)"""

    name = "hardsigmoid"
    example = "hardsigmoid"
    torch = "F.hardsigmoid"
    keras = "hard_sigmoid"


class HardSwish(Activation):
    """x·hardsigmoid(x)"""

    name = "hardswish"
    rectifier = True
    example = "hardswish"
    torch = "F.hardswish"
    onnx = "HardSwish"
    keras = "hard_silu"


class Tanh(Activation):
    """The hyperbolic tangent, between −1 and 1"""

    name = "tanh"
    example = "tanh"
    torch = "torch.tanh"
    onnx = "Tanh"
    keras = "tanh"


class Softmax(Activation):
    """exp(x_i)/Σ exp(x_j) over the channels: positive values that add up to 1"""

    name = "softmax"
    example = "softmax"
    keras = "softmax"
    pointwise = False
    per_element = 3
