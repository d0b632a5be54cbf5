"""A Keras model as layers of the language. Shapes have their channels last in both, and `Flatten` goes the same way."""

from __future__ import annotations

from collections.abc import Callable
from math import isclose, prod
from pathlib import Path
from typing import Any

import numpy as np

from convdsl.bridges.keras.loading import Model, Told, read_model
from convdsl.bridges.pieces import Flow, Foreign, Piece, Unusable, why
from convdsl.bridges.program import written
from convdsl.bridges.tidying import tidied
from convdsl.bridges.weighted import Weighted
from convdsl.layers import (
    ACTIVATIONS,
    Layer,
    SizeError,
    activation,
    combining,
    convolution,
    dense,
    normalization,
    pooling,
    shaping,
)
from convdsl.messages import T
from convdsl.registering import registering

Read = Callable[["_Reader", Told, list[int]], int]
LAYERS: dict[str, Read] = {}


def read_keras(path: Path, input: Any = None) -> Weighted:
    """The network in a `.keras` or `.h5` file, with its weights. `input` (channels last) is for a model that leaves its sizes
    open. Raises Foreign, which names the layer that is none of the language."""
    return written(tidied(_Reader(read_model(path), input).flow()), name=path.stem)


reads = registering(LAYERS)


class _Reader:
    def __init__(self, model: Model, input: Any) -> None:
        self.model = model
        self.pieces: list[Piece] = []
        self.shapes: list[tuple[int, ...]] = []
        inputs = [layer for layer in model.layers if layer.kind == "InputLayer"]
        if len(inputs) != 1 or len(model.outputs) != 1:
            raise Foreign(
                T("The model has {inputs} inputs and {outputs} outputs, and a network of the language has one of each.",
                  inputs=len(inputs), outputs=len(model.outputs))
            )  # fmt: skip
        config = inputs[0].config
        shape = tuple((config.get("batch_shape") or config.get("batch_input_shape") or (None, None))[1:])
        if input is not None and len(input) == len(shape):
            shape = tuple(input)
        if not shape or any(not isinstance(n, int) or n < 1 for n in shape):
            raise Foreign(
                T("The sizes of the input {name} are left open.", name=inputs[0].name),
                T("Say them: `--input 224x224x3`."),
            )
        self.shapes.append(shape)
        self.places = {inputs[0].name: 0}
        for layer in model.layers:
            if layer.kind != "InputLayer":
                self.places[layer.name] = self._read(layer)

    def flow(self) -> Flow:
        return Flow(self.model.name, self.shapes[0], self.pieces, self.places[self.model.outputs[0]])

    def _read(self, layer: Told) -> int:
        if any(number for _, number in layer.inputs) or any(name not in self.places for name, _ in layer.inputs):
            raise self.refused(layer)
        if layer.config.get("data_format", "channels_last") != "channels_last":
            raise self.refused(layer, T("its channels lie first"))
        read = LAYERS.get(layer.kind)
        if read is None:
            raise self.refused(layer)
        try:
            return read(self, layer, [self.places[name] for name, _ in layer.inputs])
        except SizeError as error:
            raise Foreign(
                T("`{name}` ({op}): {reason}", name=layer.name, op=layer.kind, reason=error.message)
            ) from None
        except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            told = why(error) if isinstance(error, Unusable) else T("its settings are none that Keras has")
            raise self.refused(layer, told) from None

    def refused(self, layer: Told, why: Any = "") -> Foreign:
        """That a layer is none of the language."""
        if why:
            return Foreign(
                T("`{name}` ({op}) is no layer of the language: {why}.", name=layer.name, op=layer.kind, why=why)
            )
        return Foreign(T("`{name}` ({op}) is no layer of the language.", name=layer.name, op=layer.kind))

    def add(
        self, told: Told, layer: Layer, inputs: list[int], weights: dict[str, Any] | None = None, frozen: bool = False
    ) -> int:
        """A new piece; its number."""
        self.shapes.append(tuple(layer.output(*(self.shapes[i] for i in inputs))))
        kept = {role: value for role, value in (weights or {}).items() if value is not None}
        if inputs and not kept and layer.weights(self.shapes[inputs[0]]):
            raise self.refused(told, T("the file holds no weights of it"))
        self.pieces.append(Piece(layer, tuple(inputs), weights=kept, name=told.name, frozen=frozen))
        return len(self.pieces)

    def activated(self, told: Told, at: int) -> int:
        """What a layer's own activation makes of it."""
        name = told.config.get("activation")
        return at if name in (None, "linear") else self.add(told, self.activation(told, name), [at])

    def activation(self, told: Told, name: Any) -> Layer:
        slope: dict[str, Any] = {}
        if isinstance(name, dict):
            name, slope = name.get("class_name", ""), name.get("config") or {}
        found = _ACTIVATIONS.get(str(name).lower().replace("_", ""))
        if found is None or (found is activation.HardSigmoid and self.model.version < 3):
            raise self.refused(told, T("its activation {name} is none here", name=name))
        if found is activation.LeakyRelu:
            return activation.LeakyRelu(slope=float(slope.get("negative_slope", slope.get("alpha", 0.2))))
        return found()


_ACTIVATIONS: dict[str, type[Layer]] = {
    **{one.keras.replace("_", ""): one for one in ACTIVATIONS.values() if one.keras},
    "elu": activation.Elu,
    "leakyrelu": activation.LeakyRelu,
    "swish": activation.Silu,
    "hardswish": activation.HardSwish,
}


def _short(values: Any) -> tuple[int, ...]:
    numbers = tuple(map(int, values if isinstance(values, (list, tuple)) else (values,)))
    return numbers[:1] if len(set(numbers)) == 1 else numbers


def _window(r: _Reader, told: Told, k: str = "kernel_size") -> dict[str, Any]:
    """Window, stride, dilation and padding, what is meant anyway left out."""
    c = told.config
    found: dict[str, Any] = {"k": _short(c[k])}
    strides = c.get("strides") if c.get("strides") is not None else c[k]
    if _short(strides) != (found["k"] if k == "pool_size" else (1,)):
        found["s"] = _short(strides)
    if _short(c.get("dilation_rate", 1)) != (1,):
        found["d"] = _short(c["dilation_rate"])
    if c.get("padding", "valid") != "valid":
        found["p"] = c["padding"]
    return found


def _filters(kernel: np.ndarray) -> np.ndarray:
    """(k…, C/g, F) as (F, C/g, k…)."""
    return np.ascontiguousarray(kernel.transpose(-1, -2, *range(kernel.ndim - 2)))


def _bias(told: Told, at: int) -> Any:
    return told.tensors[at] if told.config.get("use_bias", True) and told.tensors else None


def _given(told: Told, **roles: Any) -> dict[str, Any]:
    """Weights by role, none of them where the file holds none."""
    return {role: make() for role, make in roles.items()} if told.tensors else {}


@reads("Conv1D", "Conv2D", "Conv3D")
def _conv(r: _Reader, told: Told, inputs: list[int]) -> int:
    options = {"filters": told.config["filters"], **_window(r, told)}
    if told.config.get("groups", 1) > 1:
        options["g"] = told.config["groups"]
    if not told.config.get("use_bias", True):
        options["bias"] = False
    weights = _given(told, weight=lambda: _filters(told.tensors[0]), bias=lambda: _bias(told, 1))
    return r.activated(told, r.add(told, convolution.Conv(**options), inputs, weights))


@reads("DepthwiseConv1D", "DepthwiseConv2D")
def _dwconv(r: _Reader, told: Told, inputs: list[int]) -> int:
    at = _depthwise(r, told, inputs, told.config.get("use_bias", True))
    return r.activated(told, at)


def _depthwise(r: _Reader, told: Told, inputs: list[int], bias: bool) -> int:
    options = _window(r, told)
    if told.config.get("depth_multiplier", 1) > 1:
        options["m"] = told.config["depth_multiplier"]
    if not bias:
        options["bias"] = False

    def weight() -> np.ndarray:
        kernel = told.tensors[0]
        turned = kernel.transpose(-2, -1, *range(kernel.ndim - 2))
        return np.ascontiguousarray(turned).reshape(-1, 1, *kernel.shape[:-2])

    weights = _given(told, weight=weight, bias=lambda: _bias(told, 1) if bias else None)
    return r.add(told, convolution.DepthwiseConv(**options), inputs, weights)


@reads("SeparableConv1D", "SeparableConv2D")
def _separable(r: _Reader, told: Told, inputs: list[int]) -> int:
    first = _depthwise(r, told, inputs, False)
    options: dict[str, Any] = {"filters": told.config["filters"], "k": (1,)}
    if not told.config.get("use_bias", True):
        options["bias"] = False
    weights = _given(told, weight=lambda: _filters(told.tensors[1]), bias=lambda: _bias(told, 2))
    return r.activated(told, r.add(told, convolution.Conv(**options), [first], weights))


@reads("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def _tconv(r: _Reader, told: Told, inputs: list[int]) -> int:
    c = told.config
    options = {"filters": c["filters"], **_window(r, told)}
    if c.get("output_padding") is not None:
        raise r.refused(told, T("its padding has no form here"))
    if not c.get("use_bias", True):
        options["bias"] = False
    if c.get("padding", "valid") == "valid":
        k, s = (_all(c[name], len(r.shapes[inputs[0]]) - 1) for name in ("kernel_size", "strides"))
        more = tuple(max(b - a, 0) for a, b in zip(k, s, strict=True))
        if any(more):
            options["op"] = _short(more)

    def weight() -> np.ndarray:
        kernel = told.tensors[0]  # (k…, F, C)
        return np.ascontiguousarray(kernel.transpose(-1, -2, *range(kernel.ndim - 2)))

    weights = _given(told, weight=weight, bias=lambda: _bias(told, 1))
    return r.activated(told, r.add(told, convolution.TransposedConv(**options), inputs, weights))


def _all(values: Any, rank: int) -> tuple[int, ...]:
    return tuple(values) if isinstance(values, (list, tuple)) else (int(values),) * rank


@reads("Dense")
def _dense(r: _Reader, told: Told, inputs: list[int]) -> int:
    shape = r.shapes[inputs[0]]
    bias = {} if told.config.get("use_bias", True) else {"bias": False}
    if len(shape) > 1:  # the same at every position
        layer: Layer = convolution.Conv(filters=told.config["units"], k=(1,), **bias)
        weights = _given(
            told,
            weight=lambda: told.tensors[0].T.reshape(*told.tensors[0].T.shape, *(1,) * (len(shape) - 1)),
            bias=lambda: _bias(told, 1),
        )
    else:
        layer = dense.Dense(units=told.config["units"], **bias)
        weights = _given(told, weight=lambda: np.ascontiguousarray(told.tensors[0].T), bias=lambda: _bias(told, 1))
    return r.activated(told, r.add(told, layer, inputs, weights))


@reads("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "MaxPool1D", "MaxPool2D", "MaxPool3D")
def _maxpool(r: _Reader, told: Told, inputs: list[int]) -> int:
    return r.add(told, pooling.MaxPool(**_window(r, told, "pool_size")), inputs)


@reads("AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D")
def _avgpool(r: _Reader, told: Told, inputs: list[int]) -> int:
    options = _window(r, told, "pool_size")
    return r.add(told, pooling.AvgPool(**options, **({"exclude_pad": True} if "p" in options else {})), inputs)


def _globally(kind: type[Layer]) -> Read:
    def read(r: _Reader, told: Told, inputs: list[int]) -> int:
        at = r.add(told, kind(), inputs)
        if told.config.get("keepdims", False):
            return at
        # a row, for everything but a dense layer, which makes a row by itself
        readers = [layer for layer in r.model.layers if any(name == told.name for name, _ in layer.inputs)]
        if readers and all(layer.kind == "Reshape" for layer in readers):
            return at
        alone = (
            all(layer.kind in ("Dense", "Dropout", "Flatten") for layer in readers) and told.name not in r.model.outputs
        )
        if alone:
            r.shapes[at] = (r.shapes[at][-1],)
            return at
        return r.add(told, shaping.Flatten(), [at])

    return read


LAYERS.update(dict.fromkeys([f"GlobalAveragePooling{d}D" for d in (1, 2, 3)], _globally(pooling.GlobalAvgPool)))
LAYERS.update(dict.fromkeys([f"GlobalMaxPooling{d}D" for d in (1, 2, 3)], _globally(pooling.GlobalMaxPool)))


@reads("Flatten")
def _flatten(r: _Reader, told: Told, inputs: list[int]) -> int:
    return inputs[0] if len(r.shapes[inputs[0]]) == 1 else r.add(told, shaping.Flatten(), inputs)


@reads("Reshape")
def _reshape(r: _Reader, told: Told, inputs: list[int]) -> int:
    size, target = prod(r.shapes[inputs[0]]), list(told.config["target_shape"])
    if -1 in target:
        target[target.index(-1)] = size // max(prod(n for n in target if n != -1), 1)
    if tuple(target) == r.shapes[inputs[0]]:
        return inputs[0]
    return r.add(told, shaping.Reshape(size=tuple(target)), inputs)


@reads("Dropout")
def _dropout(r: _Reader, told: Told, inputs: list[int]) -> int:
    if told.config.get("noise_shape") is not None:
        raise r.refused(told, T("it drops several values together"))
    return r.add(told, shaping.Dropout(rate=float(told.config["rate"])), inputs)


@reads("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D", "Cropping3D")
def _sides(r: _Reader, told: Told, inputs: list[int]) -> int:
    cuts = told.kind.startswith("Cropping")
    given = told.config["cropping" if cuts else "padding"]
    pairs = [given] if told.kind.endswith("1D") else given
    sides = [(pair, pair) if isinstance(pair, int) else tuple(pair) for pair in pairs]
    before, after = (tuple(side[i] for side in sides) for i in (0, 1))
    kind = shaping.Crop if cuts else shaping.Pad
    same = before == after
    return r.add(told, kind(p=_short(before)) if same else kind(before=_short(before), after=_short(after)), inputs)


@reads("UpSampling1D", "UpSampling2D", "UpSampling3D")
def _upsample(r: _Reader, told: Told, inputs: list[int]) -> int:
    how = told.config.get("interpolation", "nearest")
    if how not in ("nearest", "bilinear"):
        raise r.refused(told, T("values between are found in another way"))
    return r.add(
        told, shaping.Upsample(k=_short(told.config["size"]), **({} if how == "nearest" else {"mode": how})), inputs
    )


@reads("BatchNormalization")
def _bn(r: _Reader, told: Told, inputs: list[int]) -> int:
    c, rank = told.config, len(r.shapes[inputs[0]])
    axis = c.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) else axis
    if axis not in (-1, rank):
        raise r.refused(told, T("it does not go over the channels"))
    channels = r.shapes[inputs[0]][-1]
    tensors = list(told.tensors)
    ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    weights = {}
    if tensors:
        weights["weight"] = tensors.pop(0) if c.get("scale", True) else ones
        weights["bias"] = tensors.pop(0) if c.get("center", True) else zeros
        weights["running_mean"], weights["running_var"] = tensors[:2]
    eps, momentum = float(c.get("epsilon", 1e-3)), float(c.get("momentum", 0.99))
    options = {} if isclose(eps, 1e-5) else {"eps": eps}
    options |= {} if momentum == 0.9 else {"momentum": momentum}
    return r.add(told, normalization.BatchNorm(**options), inputs, weights, frozen=not c.get("trainable", True))


@reads("LayerNormalization")
def _ln(r: _Reader, told: Told, inputs: list[int]) -> int:
    c, rank = told.config, len(r.shapes[inputs[0]])
    axis = c.get("axis", -1)
    if (
        axis not in (-1, [-1], rank, [rank])
        or c.get("rms_scaling")
        or not (c.get("center", True) and c.get("scale", True))
    ):
        raise r.refused(told, T("it does not go over the channels"))
    options: dict[str, Any] = {"channels": True} if rank > 1 else {}
    if not isclose(c["epsilon"], 1e-5):
        options["eps"] = float(c["epsilon"])
    weights = _given(told, weight=lambda: told.tensors[0], bias=lambda: told.tensors[1])
    return r.add(told, normalization.LayerNorm(**options), inputs, weights)


@reads("GroupNormalization")
def _gn(r: _Reader, told: Told, inputs: list[int]) -> int:
    c, channels = told.config, r.shapes[inputs[0]][-1]
    if c.get("axis", -1) != -1 or not (c.get("center", True) and c.get("scale", True)):
        raise r.refused(told, T("it does not go over the channels"))
    eps = {} if isclose(c["epsilon"], 1e-5) else {"eps": float(c["epsilon"])}
    groups = channels if c["groups"] == -1 else c["groups"]
    layer = normalization.InstanceNorm(**eps) if groups == channels else normalization.GroupNorm(g=groups, **eps)
    weights = _given(told, weight=lambda: told.tensors[0], bias=lambda: told.tensors[1])
    return r.add(told, layer, inputs, weights)


@reads("Rescaling", "Normalization")
def _made_ready(r: _Reader, told: Told, inputs: list[int]) -> int:
    """A fixed arithmetic on the images: a normalisation that is not trained."""
    c, channels = told.config, r.shapes[inputs[0]][-1]

    def each(value: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, np.float32).reshape(-1), (channels,)).copy()

    if told.kind == "Rescaling":
        factor, shift = each(c["scale"]), each(c.get("offset", 0))
    else:
        mean = c.get("mean") if c.get("mean") is not None else told.tensors[0]
        variance = c.get("variance") if c.get("variance") is not None else told.tensors[1]
        factor = 1 / np.maximum(np.sqrt(each(variance)), 1e-7)
        shift = -each(mean) * factor
    weights = {
        "weight": factor,
        "bias": shift,
        "running_mean": np.zeros_like(factor),
        "running_var": np.full_like(factor, 1 - 1e-5),
    }
    return r.add(told, normalization.BatchNorm(), inputs, weights, frozen=True)


@reads("Activation")
def _activation(r: _Reader, told: Told, inputs: list[int]) -> int:
    return r.activated(told, inputs[0])


@reads("ReLU")
def _relu(r: _Reader, told: Told, inputs: list[int]) -> int:
    c = told.config
    highest, slope = c.get("max_value"), c.get("negative_slope") or 0
    if c.get("threshold") or highest not in (None, 6) or (slope and highest is not None):
        raise r.refused(told, T("its constants are others"))
    layer = activation.LeakyRelu(slope=float(slope)) if slope else activation.Relu6() if highest else activation.Relu()
    return r.add(told, layer, inputs)


@reads("LeakyReLU")
def _leaky(r: _Reader, told: Told, inputs: list[int]) -> int:
    slope = told.config.get("negative_slope", told.config.get("alpha", 0.3))
    return r.add(told, activation.LeakyRelu(slope=float(f"{float(slope):.7g}")), inputs)


@reads("ELU")
def _elu(r: _Reader, told: Told, inputs: list[int]) -> int:
    return r.add(told, activation.Elu(slope=float(told.config.get("alpha", 1.0))), inputs)


@reads("PReLU")
def _prelu(r: _Reader, told: Told, inputs: list[int]) -> int:
    shared = told.config.get("shared_axes") or []
    rank = len(r.shapes[inputs[0]])
    if sorted(shared) != list(range(1, rank)):
        raise r.refused(told, T("its slope differs from place to place"))
    return r.add(told, activation.Prelu(), inputs, _given(told, prelu=lambda: told.tensors[0].reshape(-1)))


@reads("Softmax")
def _softmax(r: _Reader, told: Told, inputs: list[int]) -> int:
    if told.config.get("axis", -1) not in (-1, len(r.shapes[inputs[0]])):
        raise r.refused(told, T("it does not go over the channels"))
    return r.add(told, activation.Softmax(), inputs)


@reads("Add", "Multiply", "Average", "Maximum", "Concatenate")
def _combined(r: _Reader, told: Told, inputs: list[int]) -> int:
    kinds: dict[str, type[Layer]] = {
        "Add": combining.Add, "Multiply": combining.Multiply, "Average": combining.Mean, "Maximum": combining.Maximum,
        "Concatenate": combining.Concat,
    }  # fmt: skip
    if told.kind == "Concatenate" and told.config.get("axis", -1) not in (-1, len(r.shapes[inputs[0]])):
        raise r.refused(told, T("it does not join channels"))
    if told.kind == "Multiply" and len(inputs) == 2:  # x·sigmoid(x)
        for gate, other in (inputs, inputs[::-1]):
            piece = r.pieces[gate - 1] if gate else None
            if piece is not None and isinstance(piece.layer, activation.Sigmoid) and piece.inputs == (other,):
                return r.add(told, activation.Silu(), [other])
    return r.add(told, kinds[told.kind](), inputs)


@reads("Identity")
def _identity(r: _Reader, told: Told, inputs: list[int]) -> int:
    return inputs[0]
