"""ONNX' own backend tests of single nodes, and of models that were converted from PyTorch: values that they state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

from tests.foreign.sample import Named, Refused, Right, Sample
from tests.foreign.written import conv, number, pool

KINDS = ("node", "pytorch-converted", "pytorch-operator")
Array = np.ndarray


class Node:
    """One node with the values of its inputs; attributes by name."""

    def __init__(self, node: Any, inputs: list[Array | None], output: Array, opset: int) -> None:
        self.op, self.inputs, self.y, self.opset = node.op_type, inputs, output, opset
        found = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        self.given = {k: v.decode() if isinstance(v, bytes) else v for k, v in found.items()}

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.given.get(name, default)

    @property
    def x(self) -> Array:
        x = self.inputs[0]
        if x is None or x.dtype.kind != "f":
            raise Refused("an input that is no tensor of real numbers")
        return x

    def input(self, number: int) -> Array | None:
        return self.inputs[number] if number < len(self.inputs) else None

    @property
    def rank(self) -> int:
        return self.x.ndim - 2

    def padding(self) -> Any:
        """`same`, or one size for each axis."""
        auto, pads = self.get("auto_pad", "NOTSET"), list(self.get("pads", [0] * (2 * self.rank)))
        if auto == "SAME_UPPER":
            return "same"
        if auto == "SAME_LOWER" or pads[: self.rank] != pads[self.rank :]:
            raise Refused("padding that differs before and after")
        return 0 if auto == "VALID" else tuple(pads[: self.rank])

    def sample(self, program: str, weights: dict[str, Any] | None = None, x: Any = None, y: Any = None) -> Sample:
        right = Right(_last(self.y if y is None else y))
        kept = {k: np.asarray(v, np.float32) for k, v in (weights or {}).items() if v is not None}
        return Sample(program, _last(self.x if x is None else x), lambda: right, kept)


def _last(v: Array) -> Array:
    """Channels to the end; a batch where there is none."""
    v = np.asarray(v, np.float32)
    v = v.reshape(1, 1) if v.ndim == 0 else v[None] if v.ndim == 1 else v
    return np.ascontiguousarray(np.moveaxis(v, 1, -1))


OPERATORS: dict[str, Callable[[Node], Sample]] = {}


def operator(*names: str) -> Callable[[Callable[[Node], Sample]], Callable[[Node], Sample]]:
    def register(function: Callable[[Node], Sample]) -> Callable[[Node], Sample]:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


def samples() -> Iterator[Named]:
    for kind in KINDS:
        for test in load_model_tests(kind=kind):
            model, sets = _loaded(test)
            constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
            for node in model.graph.node:
                if node.op_type == "Constant" and node.attribute[0].name == "value":
                    constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
            nodes = [n for n in model.graph.node if n.op_type != "Constant"]
            name = nodes[0].op_type if len(nodes) == 1 else "several nodes"
            if name not in OPERATORS:
                yield Named(name, None, f"not in the language: {name}")
                continue
            opset = max((i.version for i in model.opset_import if i.domain in ("", "ai.onnx")), default=1)
            names = [i.name for i in model.graph.input if kind == "node" or i.name not in constants]
            for inputs, outputs in sets:
                values = {**constants, **dict(zip(names, map(_array, inputs), strict=False))}
                node = Node(nodes[0], [values.get(n) if n else None for n in nodes[0].input], _array(outputs[0]), opset)
                try:
                    sample = OPERATORS[name](node)
                    sample.tolerance = max(getattr(test, "rtol", 1e-3), sample.tolerance)
                    yield Named(name, sample)
                except Refused as error:
                    yield Named(name, None, str(error))


def _loaded(test: Any) -> tuple[Any, list[tuple[list[Any], list[Any]]]]:
    """A test's model, and its pairs of inputs and outputs."""
    if test.model is not None:
        return test.model, test.data_sets
    folder = Path(test.model_dir)
    sets = []
    for data in sorted(folder.glob("test_data_set*")):
        files = {
            what: sorted(data.glob(f"{what}_*.pb"), key=lambda f: int(f.stem.split("_")[-1]))
            for what in ("input", "output")
        }
        sets.append(([_tensor(f) for f in files["input"]], [_tensor(f) for f in files["output"]]))
    return onnx.load(str(folder / "model.onnx")), sets


def _tensor(file: Path) -> Array:
    return numpy_helper.to_array(onnx.TensorProto.FromString(file.read_bytes()))


def _array(value: Any) -> Array:
    return np.asarray(numpy_helper.to_array(value) if hasattr(value, "raw_data") else value)


@operator("Conv")
def _conv(node: Node) -> Sample:
    weight, bias = node.inputs[1], node.input(2)
    assert weight is not None
    text = conv(
        len(weight),
        weight.shape[2:],
        node.rank,
        stride=node.get("strides", 1),
        padding=node.padding(),
        dilation=node.get("dilations", 1),
        groups=node.get("group", 1),
        bias=bias is not None,
    )
    return node.sample(text, {"weight": weight, "bias": bias})


@operator("ConvTranspose")
def _tconv(node: Node) -> Sample:
    weight, bias, groups, rank = node.inputs[1], node.input(2), node.get("group", 1), node.rank
    assert weight is not None
    strides, dilations = node.get("strides", [1] * rank), node.get("dilations", [1] * rank)
    more = list(node.get("output_padding", [0] * rank))
    if node.get("output_shape"):
        padding, more = _padding_for(node, weight.shape[2:], strides, dilations, more)
    else:
        padding = node.padding()
    text = conv(
        weight.shape[1] * groups,
        weight.shape[2:],
        rank,
        stride=strides,
        padding=padding,
        dilation=dilations,
        groups=groups,
        bias=bias is not None,
        more=more,
    )
    return node.sample(text, {"weight": weight, "bias": bias})


def _padding_for(node: Node, k: Any, s: Any, d: Any, more: list[int]) -> tuple[Any, list[int]]:
    """The padding with which the output has the size asked for; what is missing is added at the end."""
    wanted = node["output_shape"][-node.rank :]
    if [n * q for n, q in zip(node.x.shape[2:], s, strict=True)] == list(wanted):
        return "same", more
    axes = zip(node.x.shape[2:], s, more, k, d, wanted, strict=True)
    total = [q * (n - 1) + e + (f - 1) * h + 1 - o for n, q, e, f, h, o in axes]
    more = [e + max(-t, 0) for e, t in zip(more, total, strict=True)]
    if any(t > 0 and t % 2 for t in total):
        raise Refused("padding that differs before and after")
    return tuple(max(t, 0) // 2 for t in total), more


@operator("MaxPool", "AveragePool")
def _pool(node: Node) -> Sample:
    kind = "max" if node.op == "MaxPool" else "avg"
    text = pool(
        kind,
        node["kernel_shape"],
        node.rank,
        stride=node.get("strides", [1] * node.rank),
        padding=node.padding(),
        dilation=node.get("dilations", 1),
        ceil=bool(node.get("ceil_mode")),
        exclude=kind == "avg" and not node.get("count_include_pad"),
    )
    return node.sample(text)


@operator("GlobalAveragePool", "GlobalMaxPool")
def _global_pool(node: Node) -> Sample:
    return node.sample("globalavgpool" if node.op == "GlobalAveragePool" else "globalmaxpool")


@operator("BatchNormalization")
def _batch_norm(node: Node) -> Sample:
    if node.get("training_mode"):
        raise Refused("the values of a step of training")
    _usual(node)
    return node.sample(
        "bn", dict(zip(("weight", "bias", "running_mean", "running_var"), node.inputs[1:5], strict=True))
    )


def _usual(node: Node) -> None:
    if abs(node.get("epsilon", 1e-5) - 1e-5) > 1e-9:
        raise Refused("eps of a normalisation other than 1e-5")


@operator("InstanceNormalization")
def _instance_norm(node: Node) -> Sample:
    _usual(node)
    return node.sample("in", {"weight": node.inputs[1], "bias": node.inputs[2]})


@operator("LRN")
def _lrn(node: Node) -> Sample:
    alpha, beta, k = node.get("alpha", 1e-4), node.get("beta", 0.75), node.get("bias", 1.0)
    return node.sample(f"lrn n={node['size']} alpha={number(alpha)} beta={number(beta)} k={number(k)}")


@operator("Gemm")
def _gemm(node: Node) -> Sample:
    weight, bias = node.inputs[1], node.input(2)
    assert weight is not None
    weight = weight if node.get("transB") else weight.T
    if bias is not None:
        if bias.ndim > 1 and len(bias) > 1:
            raise Refused("a product with a bias for each image")
        bias = np.broadcast_to(bias.reshape(-1), (len(weight),)) * node.get("beta", 1.0)
    x = node.x.T if node.get("transA") else node.x
    end = "" if bias is not None else " nobias"
    return node.sample(f"dense {len(weight)}{end}", {"weight": weight * node.get("alpha", 1.0), "bias": bias}, x)


@operator("Softmax")
def _softmax(node: Node) -> Sample:
    x, y = node.x, node.y
    axis = node.get("axis", -1 if node.opset >= 13 else 1) % x.ndim
    if node.opset < 13:  # over all axes from there on
        rows = int(np.prod(x.shape[:axis]))
        return node.sample("softmax", x=x.reshape(rows, -1), y=y.reshape(rows, -1))
    ends = [np.moveaxis(v, axis, -1).reshape(-1, v.shape[axis]) for v in (x, y)]
    return node.sample("softmax", x=ends[0], y=ends[1])


def _plain(name: str, **defaults: tuple[float, float]) -> Callable[[Node], Sample]:
    """An activation; its attributes must be as in the language: (ONNX' default, ours)."""

    def translate(node: Node) -> Sample:
        for attribute, (default, ours) in defaults.items():
            if abs(node.get(attribute, default) - ours) > 1e-5:
                raise Refused(f"{name} with another {attribute}")
        return node.sample(name)

    return translate


for _op, _name in (("Relu", "relu"), ("Sigmoid", "sigmoid"), ("Tanh", "tanh"), ("HardSwish", "hardswish")):
    OPERATORS[_op] = _plain(_name)
OPERATORS["Celu"] = _plain("elu", alpha=(1.0, 1.0))
OPERATORS["Selu"] = _plain("selu", alpha=(1.67326, 1.67326), gamma=(1.0507, 1.0507))
OPERATORS["HardSigmoid"] = _plain("hardsigmoid", alpha=(0.2, 1 / 6), beta=(0.5, 0.5))
OPERATORS["Swish"] = _plain("silu", alpha=(1.0, 1.0))


@operator("LeakyRelu", "Elu")
def _sloped(node: Node) -> Sample:
    leaky = node.op == "LeakyRelu"
    return node.sample(f"{'leaky_relu' if leaky else 'elu'} {number(node.get('alpha', 0.01 if leaky else 1.0))}")


@operator("Gelu")
def _gelu(node: Node) -> Sample:
    if node.get("approximate") == "tanh":
        raise Refused("gelu by tanh")
    return node.sample("gelu")


@operator("PRelu")
def _prelu(node: Node) -> Sample:
    x, slope = node.x, np.asarray(node.inputs[1])
    shape = [1] * (x.ndim - slope.ndim) + list(slope.shape)
    if any(n != 1 for axis, n in enumerate(shape) if axis != 1):
        raise Refused("prelu with other slopes than one for each channel")
    return node.sample("prelu", {"prelu": np.broadcast_to(slope.reshape(-1), (x.shape[1],))})


@operator("Clip")
def _clip(node: Node) -> Sample:
    low, high = node.input(1), node.input(2)
    low, high = node.get("min", low), node.get("max", high)
    if low is None or high is None or (float(low), float(high)) != (0.0, 6.0):
        raise Refused("a clip other than to 0 and 6")
    return node.sample("relu6")


@operator("Flatten")
def _flatten(node: Node) -> Sample:
    """Values in their order; the engine's has channels last."""
    if node.get("axis", 1) != 1 or node.x.ndim > 2:
        raise Refused("flattening with channels first")
    return node.sample("flatten")


@operator("Dropout", "Identity")
def _identity(node: Node) -> Sample:
    if len(node.inputs) > 2 and node.inputs[2] is not None and bool(node.inputs[2]):
        raise Refused("dropout of a step of training")
    return node.sample("identity")


@operator("Pad")
def _pad(node: Node) -> Sample:
    pads, mode, axes = node.input(1), node.get("mode", "constant"), node.input(3)
    value = node.input(2)
    if mode != "constant" or (value is not None and value.size and float(value)) or axes is not None:
        raise Refused("padding other than with zeros around all axes")
    ends = list(map(int, node["pads"] if pads is None else pads))
    half = len(ends) // 2
    if ends[:half] != ends[half:]:
        raise Refused("padding that differs before and after")
    if any(ends[:2]):
        raise Refused("padding of images or channels")
    return node.sample("pad " + "x".join(map(str, ends[2:half])))


@operator("Resize", "Upsample")
def _resize(node: Node) -> Sample:
    ratio = [o / n for o, n in zip(node.y.shape, node.x.shape, strict=True)]
    whole = all(r == int(r) for r in ratio) and ratio[:2] == [1, 1]
    if not whole or node.get("coordinate_transformation_mode", "half_pixel") not in ("half_pixel", "asymmetric"):
        raise Refused("resizing other than by whole factors with pixel centres")
    mode, way = node.get("mode", "nearest"), node.get("coordinate_transformation_mode", "half_pixel")
    if mode == "cubic" or (mode == "linear" and way != "half_pixel") or node.get("antialias"):
        raise Refused("resizing other than by whole factors with pixel centres")
    if (
        mode == "nearest"
        and node.op == "Resize"
        and (way, node.get("nearest_mode", "round_prefer_floor"))
        not in (
            ("asymmetric", "floor"),
            ("half_pixel", "round_prefer_floor"),
        )
    ):
        raise Refused("resizing other than by whole factors with pixel centres")
    kind = "nearest" if mode == "nearest" else "bilinear"
    return node.sample("upsample " + "x".join(str(int(r)) for r in ratio[2:]) + f" {kind}")
