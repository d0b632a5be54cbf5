"""Every layer as calls of Keras 3, channels last as here, so that nothing is turned but filters.

A call is a template: `{0}`, `{1}` are the inputs, `{_}` is what the call before it gave, and `@` stands where the layer that has
weights gets its name. Padding that is Keras's own `same` is said so; other padding is a layer of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convdsl.bridges.weighted import Unsayable
from convdsl.layers.activation import Activation
from convdsl.messages import T
from convdsl.network import Node
from convdsl.registering import registering

Sizes = tuple[int, ...]
Writer = Callable[[Node, Any, list[Sizes], Sizes], list[str]]
WRITERS: dict[str, Writer] = {}
"""By the name of the layer."""
ACTIVATED = ("Conv", "Dense", "DepthwiseConv")
"""Layers that take an activation as an argument."""


_writes = registering(WRITERS)


def calls_of(node: Node, inputs: list[Sizes], output: Sizes) -> list[str]:
    """What a layer with its activation is in Keras. Raises Unsayable."""
    if isinstance(node.layer, Activation):
        return [_activation(node, node.layer, inputs[0]).replace("{_}", "{0}")]
    write = WRITERS.get(node.op)
    if write is None:
        raise Unsayable(node, "Keras")
    calls = write(node, node.layer, inputs, output)
    if node.activation is None:
        return calls
    word = node.activation.keras
    if word and calls and any(f"layers.{kind}" in calls[-1] for kind in ACTIVATED) and "@" in calls[-1]:
        return [*calls[:-1], calls[-1].replace("@", f', activation="{word}"@')]
    return [*calls, _activation(node, node.activation, output)]


def _activation(node: Node, layer: Any, shape: Sizes) -> str:
    if layer.keras:
        return f'layers.Activation("{layer.keras}")({{_}})'
    if layer.name == "elu":
        return f"layers.ELU({float(layer.slope):g})({{_}})"
    if layer.name == "leaky_relu":
        return f"layers.LeakyReLU({float(layer.slope):g})({{_}})"
    if layer.name != "prelu":
        raise Unsayable(node, "Keras", name=layer.name)
    axes = list(range(1, len(shape)))
    return f"layers.PReLU({f'shared_axes={axes}' if axes else ''}%)({{_}})"


def _no(node: Node, why: T) -> Unsayable:
    return Unsayable(node, "Keras", why)


def _sizes(values: Sequence[int]) -> str:
    """One number where all axes have the same."""
    return str(values[0]) if len(set(values)) == 1 else f"({', '.join(map(str, values))})"


def _sides(sides: Sequence[tuple[int, int]]) -> str:
    if len(sides) == 1:
        return f"({sides[0][0]}, {sides[0][1]})"
    flat = {n for side in sides for n in side}
    return str(flat.pop()) if len(flat) == 1 else f"({', '.join(f'({a}, {b})' for a, b in sides)})"


def _fitted(axes: Sequence[Any], rank: int, zeros: bool = True) -> tuple[list[str], str, str]:
    """Calls before a window, what it says of padding, and what it reads: Keras's `same`, nothing, or zeros around."""
    around = []
    for a in axes:
        after = (a.output - 1) * a.s + a.extent - a.before - a.input
        if (a.input + a.before + a.after - a.extent) // a.s + 1 == a.output:
            after = a.after  # as it was said; what no window reaches does no harm
        around.append((a.before, after))
    totals = [max((a.output - 1) * a.s + a.extent - a.input, 0) for a in axes]
    if not any(before for before, _ in around) and all((a.input - a.extent) // a.s + 1 == a.output for a in axes):
        return [], "", "{0}"
    same = all(a.output == -(-a.input // a.s) and a.before == total // 2 for a, total in zip(axes, totals, strict=True))
    if same:
        return [], ', padding="same"', "{0}"
    pad = [(before, max(after, 0)) for before, after in around]
    crop = [(0, max(-after, 0)) for _, after in around]
    calls = [f"layers.Cropping{rank}D({_sides(crop)})({{0}})"] if any(map(any, crop)) else []
    source = "{_}" if calls else "{0}"
    if any(map(any, pad)):
        if zeros:
            calls.append(f"layers.ZeroPadding{rank}D({_sides(pad)})({source})")
        else:
            widths = ", ".join(f"({a}, {b})" for a, b in [(0, 0), *pad, (0, 0)])
            calls.append(f'ops.pad({source}, ({widths}), constant_values=float("-inf"))')
    return calls, "", "{_}" if calls else "{0}"


@_writes("conv", "dwconv")
def _conv(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    axes, rank = layer.geometry(inputs[0]), len(inputs[0]) - 1
    strides, dilation = [a.s for a in axes], [a.d for a in axes]
    if max(strides) > 1 and max(dilation) > 1:
        raise _no(node, T("Keras has no convolution with a stride and a dilation."))
    calls, padding, source = _fitted(axes, rank)
    more = padding
    if max(strides) > 1:
        more = f", strides={_sizes(strides)}" + more
    if max(dilation) > 1:
        more += f", dilation_rate={_sizes(dilation)}"
    kernel = _sizes([a.k for a in axes])
    if node.op == "dwconv":
        if rank == 3 or len(set(strides)) > 1:
            raise _no(node, T("Keras has depthwise convolutions of sequences and images, with one stride."))
        many = output[-1] // inputs[0][-1]
        words = f"{kernel}{f', depth_multiplier={many}' if many > 1 else ''}"
        kind = f"DepthwiseConv{rank}D"
    else:
        words, kind = f"{output[-1]}, {kernel}", f"Conv{rank}D"
        if layer.g > 1:
            more += f", groups={layer.g}"
    more += "" if layer.bias else ", use_bias=False"
    return [*calls, f"layers.{kind}({words}{more}@)({source})"]


@_writes("filter")
def _filter(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    axes, rank = layer.geometry(inputs[0]), len(inputs[0]) - 1
    if layer.divided(rank) is None or rank == 3 or len({a.s for a in axes}) > 1 or any(a.d > 1 for a in axes):
        raise _no(node, T("Keras filters sequences and images, with numbers that are fixed."))
    calls, padding, source = _fitted(axes, rank)
    more = padding if axes[0].s == 1 else f", strides={axes[0].s}" + padding
    kernel = _sizes([a.k for a in axes])
    return [*calls, f"layers.DepthwiseConv{rank}D({kernel}{more}, use_bias=False, trainable=False@)({source})"]


@_writes("tconv")
def _tconv(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    axes, rank = layer.geometry(inputs[0]), len(inputs[0]) - 1
    if layer.g > 1 or any(a.d > 1 for a in axes):
        raise _no(node, T("Keras has no transposed convolution with groups or a dilation here."))
    given = [n * a.s + max(a.k - a.s, 0) for n, a in zip(inputs[0], axes, strict=False)]
    crop = [(a.before, size - a.before - m) for a, size, m in zip(axes, given, output, strict=False)]
    if any(n < 0 for side in crop for n in side):
        raise _no(node, T("The output is larger than what its windows reach."))
    words = f"{output[-1]}, {_sizes([a.k for a in axes])}, strides={_sizes([a.s for a in axes])}"
    call = f"layers.Conv{rank}DTranspose({words}{'' if layer.bias else ', use_bias=False'}@)({{0}})"
    return [call, f"layers.Cropping{rank}D({_sides(crop)})({{_}})"] if any(map(any, crop)) else [call]


@_writes("dense")
def _dense(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    flat = ["layers.Flatten()({0})"] if len(inputs[0]) > 1 else []
    bias = "" if layer.bias else ", use_bias=False"
    return [*flat, f"layers.Dense({output[-1]}{bias}@)({'{_}' if flat else '{0}'})"]


@_writes("maxpool", "minpool")
def _maxpool(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    axes, rank = layer.geometry(inputs[0]), len(inputs[0]) - 1
    if any(a.d > 1 for a in axes):
        raise _no(node, T("Keras has no pooling with a dilation."))
    calls, padding, source = _fitted(axes, rank, zeros=False)
    words = f"{_sizes([a.k for a in axes])}, strides={_sizes([a.s for a in axes])}{padding}"
    if node.op == "maxpool":
        return [*calls, f"layers.MaxPooling{rank}D({words})({source})"]
    calls = ["-{0}", *(call.replace("{0}", "{_}") for call in calls)]
    return [*calls, f"layers.MaxPooling{rank}D({words})({{_}})", "-{_}"]


@_writes("avgpool")
def _avgpool(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    axes, rank = layer.geometry(inputs[0]), len(inputs[0]) - 1
    calls, padding, source = _fitted(axes, rank)
    beyond = any((a.output - 1) * a.s + a.extent > a.before + a.input + a.after for a in axes)
    counted = not layer.exclude_pad and any(a.before or a.after for a in axes)
    if any(a.d > 1 for a in axes) or (beyond and not (padding and layer.exclude_pad)):
        raise _no(node, T("Keras divides by the values inside only, or by all of the window."))
    if padding and counted:  # Keras's `same` leaves padding out of the mean
        pad = [(a.before, max((a.output - 1) * a.s + a.extent - a.before - a.input, 0)) for a in axes]
        calls, padding, source = [f"layers.ZeroPadding{rank}D({_sides(pad)})({{0}})"], "", "{_}"
    elif calls and not counted and any(a.before or a.after for a in axes):
        raise _no(node, T("Keras divides by the values inside only, or by all of the window."))
    words = f"{_sizes([a.k for a in axes])}, strides={_sizes([a.s for a in axes])}{padding}"
    return [*calls, f"layers.AveragePooling{rank}D({words})({source})"]


@_writes("globalavgpool", "globalmaxpool")
def _whole(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    rank = len(inputs[0]) - 1
    mean = node.op == "globalavgpool"
    if layer.channels:
        return [f"ops.{'mean' if mean else 'max'}({{0}}, axis=-1, keepdims=True)"]
    if rank == 0:
        return ["{0}"]
    keep = "keepdims=True" if len(output) > 1 else ""
    return [f"layers.Global{'Average' if mean else 'Max'}Pooling{rank}D({keep})({{0}})"]


@_writes("adaptiveavgpool", "adaptivemaxpool")
def _adaptive(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    rank = len(inputs[0]) - 1
    if any(n % m for n, m in zip(inputs[0][:-1], output, strict=False)):
        kind = "Average" if "avg" in node.op else "Max"
        return [f"layers.Adaptive{kind}Pooling{rank}D({_sizes(output[:-1])})({{0}})"]
    size = _sizes([n // m for n, m in zip(inputs[0][:-1], output, strict=False)])
    return [f"layers.{'Average' if 'avg' in node.op else 'Max'}Pooling{rank}D({size}, strides={size})({{0}})"]


@_writes("bn")
def _bn(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return [f"layers.BatchNormalization(momentum={float(layer.momentum):g}, epsilon={float(layer.eps):g}@)({{0}})"]


@_writes("ln", "in", "gn")
def _norm(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    eps = f"epsilon={float(layer.eps):g}"
    if node.op == "ln" and (layer.channels or len(inputs[0]) == 1):
        return [f"layers.LayerNormalization({eps}@)({{0}})"]
    groups = {"ln": 1, "in": -1}.get(node.op) or layer.g
    return [f"layers.GroupNormalization({groups}, {eps}@)({{0}})"]


@_writes("lrn")
def _lrn(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    alpha, beta, k = (f"{float(v):g}" for v in (layer.alpha, layer.beta, layer.k))
    return [f"response_norm({{0}}, {int(layer.n)}, alpha={alpha}, beta={beta}, k={k})"]


@_writes("scale")
def _scale(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    if layer.fixed is not None:
        return [f"layers.Rescaling({float(layer.fixed):.9g})({{0}})"]
    axes = "bdhwc"[-len(output) :] if len(output) < 5 else "bdhwc"
    axes = "b" + axes.removeprefix("b")
    shape = ", ".join(map(str, output)) + ("," if len(output) == 1 else "")
    return [f'layers.EinsumDense("{axes},c->{axes}", output_shape=({shape})@)({{0}})']


@_writes("flatten")
def _flatten(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return ["layers.Flatten()({0})"] if len(output) == 1 else _reshape(node, layer, inputs, output)


@_writes("reshape")
def _reshape(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return [f"layers.Reshape({_shape(output)})({{0}})"]


def _shape(sizes: Sequence[int]) -> str:
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


@_writes("pad")
def _pad(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return [f"layers.ZeroPadding{len(inputs[0]) - 1}D({_sides(layer.sides(inputs[0]))})({{0}})"]


@_writes("crop")
def _crop(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return [f"layers.Cropping{len(inputs[0]) - 1}D({_sides(layer.sides(inputs[0]))})({{0}})"]


@_writes("upsample", "resize")
def _upsample(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    rank = len(inputs[0]) - 1
    whole = all(m % n == 0 for n, m in zip(inputs[0][:-1], output, strict=False))
    if layer.mode == "corners":
        raise _no(node, T("Keras aligns no corners."))
    if layer.mode == "bilinear" and rank == 2:
        return [f'ops.image.resize({{0}}, {_shape(output[:-1])}, interpolation="bilinear")']
    if layer.mode == "bilinear":
        raise _no(node, T("Keras interpolates images only."))
    if not whole:
        calls: list[str] = []
        for axis, (n, m) in enumerate(zip(inputs[0][:-1], output, strict=False), 1):
            if n != m:
                places = ", ".join(str(at * n // m) for at in range(m))
                calls.append(f"ops.take({'{_}' if calls else '{0}'}, [{places}], axis={axis})")
        return calls
    factors = [m // n for n, m in zip(inputs[0][:-1], output, strict=False)]
    return [f"layers.UpSampling{rank}D({_sizes(factors)})({{0}})"]


@_writes("shuffle")
def _shuffle(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    space, channels = output[:-1], output[-1]
    axes = [*range(1, len(output)), len(output) + 1, len(output)]
    return [
        f"layers.Reshape({_shape((*space, layer.g, channels // layer.g))})({{0}})",
        f"layers.Permute({_shape(axes)})({{_}})",
        f"layers.Reshape({_shape(output)})({{_}})",
    ]


@_writes("pixelshuffle", "pixelunshuffle")
def _pixels(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    factors, rank = layer.factors(inputs[0]), len(inputs[0]) - 1
    space = inputs[0][:-1]
    if node.op == "pixelshuffle":
        parts = (*space, output[-1], *factors)
        axes = [a for d in range(rank) for a in (d + 1, rank + 2 + d)] + [rank + 1]
    else:
        parts = (*(n for size, f in zip(space, factors, strict=True) for n in (size // f, f)), inputs[0][-1])
        axes = [*range(1, 2 * rank, 2), 2 * rank + 1, *range(2, 2 * rank + 1, 2)]
    return [
        f"layers.Reshape({_shape(parts)})({{0}})",
        f"layers.Permute({_shape(axes)})({{_}})",
        f"layers.Reshape({_shape(output)})({{_}})",
    ]


@_writes("transpose")
def _transpose(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    axes = [2, 1] if len(output) == 2 else [*range(1, len(output) - 2), len(output) - 1, len(output) - 2, len(output)]
    return [f"layers.Permute({_shape(axes)})({{0}})"]


@_writes("slice")
def _slice(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    begin, size = layer.part(inputs[0])
    return [f"{{0}}[..., {begin}:{begin + size}]"]


@_writes("maxout")
def _maxout(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return [f"layers.Reshape({_shape((*output, inputs[0][-1] // output[-1]))})({{0}})", "ops.max({_}, axis=-1)"]


@_writes("groupsoftmax")
def _group_softmax(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return [
        f"layers.Reshape({_shape((*output[:-1], layer.n, output[-1] // layer.n))})({{0}})",
        "ops.softmax({_}, axis=-2)",
        f"layers.Reshape({_shape(output)})({{_}})",
    ]


@_writes("matmul")
def _product(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return ["ops.matmul({0}, {1})"]


@_writes("dropout")
def _dropout(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return [f"layers.Dropout({float(layer.rate):.9g})({{0}})"]


@_writes("droppath")
def _droppath(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    noise = f"(None, {', '.join(['1'] * len(output))})"
    return [f"layers.Dropout({float(layer.rate):.9g}, noise_shape={noise})({{0}})"]


@_writes("add", "mul", "concat", "mean", "max")
def _joined(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    kind = {"add": "Add", "mul": "Multiply", "concat": "Concatenate", "mean": "Average", "max": "Maximum"}[node.op]
    if len(inputs) == 1:
        return ["{0}"]
    if node.op == "mul" and len({len(shape) for shape in inputs}) == 1 and len(set(inputs)) > 1:
        return [" * ".join(f"{{{i}}}" for i in range(len(inputs)))]
    if node.op == "add" and len(set(inputs)) > 1:
        return [" + ".join(f"{{{i}}}" for i in range(len(inputs)))]
    return [f"layers.{kind}()([{', '.join(f'{{{i}}}' for i in range(len(inputs)))}])"]


@_writes("absdiff")
def _difference(node: Node, layer: Any, inputs: list[Sizes], output: Sizes) -> list[str]:
    return ["ops.abs({0} - {1})"]


HELPERS = {
    "response_norm": '''def response_norm(x, n, alpha, beta, k):
    """Local response normalisation over n neighbouring channels."""
    channels = x.shape[-1]
    around = [(0, 0)] * (len(x.shape) - 1) + [(n // 2, (n - 1) // 2)]
    squares = ops.pad(ops.square(x), around)
    sums = sum(squares[..., i : i + channels] for i in range(n))
    return x / (k + alpha / n * sums) ** beta
'''
}
"""What Keras does not have, by name."""
