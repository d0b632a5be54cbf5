"""Layers in PyTorch: for each layer of the language a function that writes an expression, and the module it needs.

Maps are N×C×H×W. Values in a row behind a map lie in the order C, H, W, and whoever has a weight for each turns the weights.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple, Protocol

from convdsl.bridges.rows import is_row
from convdsl.bridges.torch.marks import number, numbers, option, short
from convdsl.bridges.weighted import Unsayable
from convdsl.layers import Axis
from convdsl.layers.activation import Activation
from convdsl.messages import T
from convdsl.network import Node
from convdsl.registering import registering

Sizes = tuple[int, ...]


class Value(NamedTuple):
    """An expression, and the shape of its value here: without the batch, channels last. `map` is set for values in a row
    that came from a map of this H×W×C: they lie in the order C, H, W."""

    text: str
    shape: Sizes
    map: Sizes | None = None

    @property
    def rank(self) -> int:
        return len(self.shape) - 1


class State(NamedTuple):
    """A tensor of a module: its name there, the layer and the role of the tensor here, and the H×W×C in whose order its
    last axis lies here and not there."""

    name: str
    node: int
    role: str
    turned: Sizes | None = None


class Scope(Protocol):
    """The class that is being written."""

    def module(self, node: Node, base: str, constructor: str, states: Sequence[State]) -> str:
        """Makes an attribute, or finds that of an earlier call of a shared block; returns `self.conv1`."""

    def shape(self, node: Node) -> Sizes: ...

    def second(self, base: str, call: str) -> str:
        """Keeps the second thing that a call gives, in a line before; returns its name, which begins with `base`."""

    def divided(self, node: Node) -> bool:
        """Whether the layer's weights are used in several places."""


Writer = Callable[[Scope, Any, list[Value]], Value]
WRITERS: dict[str, Writer] = {}
"""By the name of the layer."""


_writes = registering(WRITERS)


def written(scope: Scope, node: Node, inputs: list[Value]) -> Value:
    """What a layer with its activation gives. Raises Unsayable."""
    layer = node.layer
    if isinstance(layer, Activation):
        return _activated(scope, node, layer, inputs[0])
    write = WRITERS.get(node.op)
    if write is None:
        raise Unsayable(node, "PyTorch")
    value = write(scope, node, inputs)
    return value if node.activation is None else _activated(scope, node, node.activation, value)


# Orders


def plain(x: Value) -> Value:
    """Values in a row in the order H, W, C."""
    if x.map is None or is_row(x.map):
        return x._replace(map=None)
    sizes = numbers((x.map[-1], *x.map[:-1]), "size")
    return Value(f"{_operand(x.text)}.unflatten(1, {sizes}).movedim(1, -1).flatten(1)", x.shape)


def _alike(inputs: list[Value]) -> list[Value]:
    return inputs if len({x.map for x in inputs}) == 1 else [plain(x) for x in inputs]


def _ordered(scope: Scope, node: Node, x: Value) -> tuple[Value, Sizes | None]:
    """A value for a layer with a weight for each channel, and the order in which these weights have to lie."""
    if scope.divided(node):
        x = plain(x)
    return x, x.map if x.map is not None and not is_row(x.map) else None


def _states(node: Node, roles: Sequence[str], turned: Sizes | None = None) -> list[State]:
    return [State(role, node.shared or node.index, role, turned) for role in roles]


# Windows


def _pad(x: str, sides: Sequence[tuple[int, int]], value: str = "") -> str:
    """`F.pad`, whose last axis comes first."""
    if not any(map(any, sides)):
        return x
    flat = numbers(tuple(n for pair in reversed(sides) for n in pair), "padding")
    return f"F.pad({x}, {flat}{f', value={value}' if value else ''})"


def _needed(axes: Sequence[Axis]) -> list[tuple[int, int]]:
    """Padding before, and as much after as the last window reads."""
    return [(a.before, max((a.output - 1) * a.s + a.extent - a.before - a.input, 0)) for a in axes]


def _same_on_both_sides(axes: Sequence[Axis]) -> bool:
    """Whether `before` zeros on both sides give these windows."""
    return all((a.input + 2 * a.before - a.extent) // a.s + 1 == a.output for a in axes)


def _window(axes: Sequence[Axis], padding: Any) -> str:
    return (
        option("stride", short([a.s for a in axes]), 1)
        + option("padding", padding, 0)
        + option("dilation", short([a.d for a in axes]), 1)
    )


def _each(values: Sequence[Any], role: str) -> str:
    """A tuple with a number for each axis."""
    return numbers(tuple(int(v) for v in values), role)


def _no_bias(node: Any) -> str:
    return "" if node.layer.bias else ", bias=False"


def _roles(node: Any) -> list[str]:
    return ["weight", "bias"] if node.layer.bias else ["weight"]


@_writes("conv", "dwconv")
def _conv(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), layer, y = inputs, node.layer, scope.shape(node)
    axes = layer.geometry(x.shape)
    text, padding = x.text, short([a.before for a in axes])
    if not _same_on_both_sides(axes):
        text, padding = _pad(text, _needed(axes)), 0
    channels = number(x.shape[-1], "in_channels")
    groups = option("groups", layer.g, 1) if node.op == "conv" else f", groups={channels}"
    kernel = numbers(short([a.k for a in axes]), "kernel_size")
    made = (
        f"nn.Conv{x.rank}d({channels}, {number(y[-1], 'out_channels')}, {kernel}"
        f"{_window(axes, padding)}{groups}{_no_bias(node)})"
    )
    return Value(f"{scope.module(node, 'conv', made, _states(node, _roles(node)))}({text})", y)


@_writes("tconv")
def _tconv(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    """Where more is cut off behind than before, the whole is computed and cut."""
    (x,), layer, y = inputs, node.layer, scope.shape(node)
    axes = layer.geometry(x.shape)
    further = [a.before - a.after for a in axes]
    whole = any(n < 0 or n >= max(a.s, a.d) for n, a in zip(further, axes, strict=True))
    if whole:
        further = [max(-a.after, 0) for a in axes]
    if any(n and n >= max(a.s, a.d) for n, a in zip(further, axes, strict=True)):
        raise Unsayable(node, "PyTorch", T("Its `output_padding` is less than the stride or the dilation."))
    padding = 0 if whole else short([a.before for a in axes])
    kernel = numbers(short([a.k for a in axes]), "kernel_size")
    made = (
        f"nn.ConvTranspose{x.rank}d({number(x.shape[-1], 'in_channels')}, {number(y[-1], 'out_channels')}, {kernel}"
        f"{option('stride', short([a.s for a in axes]), 1)}{option('padding', padding, 0)}"
        f"{option('output_padding', short(further), 0)}{option('groups', layer.g, 1)}{_no_bias(node)}"
        f"{option('dilation', short([a.d for a in axes]), 1)})"
    )
    text = f"{scope.module(node, 'upconv', made, _states(node, _roles(node)))}({x.text})"
    if whole:
        text += _cut([(a.before, a.before + a.output) for a in axes])
    return Value(text, y)


def _cut(sides: Sequence[tuple[int, int]]) -> str:
    """`[:, :, 1:7, 2:8]`."""
    parts = [f"{number(a, 'begin')}:{number(b, 'end')}" for a, b in sides]
    return f"[:, :, {', '.join(parts)}]"


@_writes("dense")
def _dense(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), y = inputs, scope.shape(node)
    if x.rank:
        x = Value(f"torch.flatten({x.text}, 1)", (prod(x.shape),), x.shape)
    x, turned = _ordered(scope, node, x)
    made = f"nn.Linear({number(x.shape[-1], 'in_features')}, {number(y[-1], 'out_features')}{_no_bias(node)})"
    states = [
        State(role, node.shared or node.index, role, turned if role == "weight" else None) for role in _roles(node)
    ]
    return Value(f"{scope.module(node, 'fc', made, states)}({x.text})", y)


@_writes("local")
def _local(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), y = inputs, scope.shape(node)
    axes = node.layer.geometry(x.shape)
    made = (
        f"LocallyConnected({number(x.shape[-1], 'in_channels')}, {number(y[-1], 'out_channels')}, "
        f"{_each(y[:-1], 'output_size')}, {_each([a.k for a in axes], 'kernel_size')}, "
        f"{_each([a.s for a in axes], 'stride')}{_no_bias(node)})"
    )
    states = [State(role, node.shared or node.index, f"{role} local", None) for role in _roles(node)]
    return Value(f"{scope.module(node, 'local', made, states)}({_pad(x.text, _needed(axes))})", y)


@_writes("filter")
def _filter(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), layer = inputs, node.layer
    divided = layer.divided(x.rank)
    if divided is None:
        return _medianpool(scope, node, inputs)
    divisor, rows = divided
    axes = layer.geometry(x.shape)
    kernel = repr(_lists(rows))
    made = f"FixedFilter({kernel}{'' if divisor == 1 else f', {divisor:g}'}"
    made += option("stride", short([a.s for a in axes]), 1) + option("dilation", short([a.d for a in axes]), 1) + ")"
    return Value(f"{scope.module(node, 'filter', made, [])}({_pad(x.text, _needed(axes))})", scope.shape(node))


def _lists(rows: Any) -> Any:
    if isinstance(rows, (tuple, list)):
        return [_lists(row) for row in rows]
    return int(rows) if float(rows).is_integer() else float(rows)


# Pooling


@_writes("maxpool", "minpool")
def _maxpool(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), minus = inputs, "-" if node.op == "minpool" else ""
    axes = node.layer.geometry(x.shape)
    text, padding, more = f"{minus}{x.text}", short([a.before for a in axes]), ""
    fits = all(2 * a.before <= a.k for a in axes)
    if fits and any(a.rule == "ceil" for a in axes):
        more = ", ceil_mode=True"
    elif not fits or not _same_on_both_sides(axes):
        text, padding = _pad(text, _needed(axes), 'float("-inf")'), 0
    kernel = numbers(short([a.k for a in axes]), "kernel_size")
    how = option("stride", short([a.s for a in axes]), -1) + option("padding", padding, 0)
    how += option("dilation", short([a.d for a in axes]), 1)
    return Value(f"{minus}F.max_pool{x.rank}d({text}, {kernel}{how}{more})", scope.shape(node))


@_writes("unpool")
def _unpool(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    values, source = inputs
    axes, y = node.layer.pool.geometry(source.shape), scope.shape(node)
    kernel = numbers(short([a.k for a in axes]), "kernel_size")
    how = option("stride", short([a.s for a in axes]), -1)
    size = numbers(tuple(y[:-1]), "output_size")
    function = f"pool{source.rank}d"
    if all(a.d == 1 and not a.before and (a.output - 1) * a.s + a.k <= a.input for a in axes):
        places = scope.second("places", f"F.max_{function}({source.text}, {kernel}{how}, return_indices=True)")
        return Value(f"F.max_un{function}({values.text}, {places}, {kernel}{how}, output_size={size})", y)
    sides = [(a.before, (a.output - 1) * a.s + a.extent - a.before - a.input) for a in axes]
    read = _pad(source.text, sides, 'float("-inf")')
    further = option("dilation", short([a.d for a in axes]), 1)
    places = scope.second("places", f"F.max_{function}({read}, {kernel}{how}{further}, return_indices=True)")
    kernel = numbers(short([a.extent for a in axes]), "kernel_size")
    put = f"F.max_un{function}({values.text}, {places}, {kernel}{how})"
    return Value(_pad(put, [(-before, -after) for before, after in sides]), y)


@_writes("medianpool")
def _medianpool(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,) = inputs
    axes = node.layer.geometry(x.shape)
    padded = _pad(x.text, _needed(axes), 'float("nan")')
    return Value(f"{_windows(padded, axes)}.nanmedian(-1).values", scope.shape(node))


def _windows(x: str, axes: Sequence[Axis]) -> str:
    sizes = (
        _each([getattr(a, f) for a in axes], w) for f, w in (("k", "kernel_size"), ("s", "stride"), ("d", "dilation"))
    )
    return f"windows({x}, {', '.join(sizes)})"


@_writes("avgpool")
def _avgpool(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    """PyTorch's own where it has the same padding; else the mean of windows, where `nan` stands for what does not count."""
    (x,), layer, y = inputs, node.layer, scope.shape(node)
    axes = layer.geometry(x.shape)
    dilated = any(a.d != 1 for a in axes)
    kernel = numbers(short([a.k for a in axes]), "kernel_size")
    stride = option("stride", short([a.s for a in axes]), -1)
    fits = not dilated and all(2 * a.before <= a.k and a.before == a.after for a in axes)
    rounded = any(a.rule == "ceil" for a in axes)
    if fits and (rounded or _same_on_both_sides(axes)):
        how = stride + option("padding", short([a.before for a in axes]), 0)
        how += ", ceil_mode=True" if rounded else ""
        how += ", count_include_pad=False" if layer.exclude_pad and any(a.before for a in axes) else ""
        return Value(f"F.avg_pool{x.rank}d({x.text}, {kernel}{how})", y)
    needed = _needed(axes)
    beyond = [max(n - a.after, 0) for a, (_, n) in zip(axes, needed, strict=True)]
    if layer.exclude_pad and any(map(any, needed)):
        padded = _pad(x.text, needed, 'float("nan")')
        return Value(f"{_windows(padded, axes)}.nanmean(-1)", y)
    if any(beyond):
        padded = _pad(x.text, [(b, n - o) for (b, n), o in zip(needed, beyond, strict=True)])
        padded = _pad(padded, [(0, o) for o in beyond], 'float("nan")')
        return Value(f"{_windows(padded, axes)}.nanmean(-1)", y)
    padded = _pad(x.text, needed)
    if dilated:
        return Value(f"{_windows(padded, axes)}.mean(-1)", y)
    return Value(f"F.avg_pool{x.rank}d({padded}, {kernel}{stride})", y)


@_writes("globalavgpool", "globalmaxpool")
def _global(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), mean, y = inputs, node.op == "globalavgpool", scope.shape(node)
    if node.layer.channels:
        return Value(f"{x.text}.mean(1, keepdim=True)" if mean else f"{x.text}.max(1, keepdim=True).values", y)
    return Value(f"F.adaptive_{'avg' if mean else 'max'}_pool{x.rank}d({x.text}, 1)", y)


@_writes("adaptiveavgpool", "adaptivemaxpool")
def _adaptive(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), y = inputs, scope.shape(node)
    size = numbers(short(y[:-1]), "output_size")
    return Value(f"F.adaptive_{node.op[8:11]}_pool{x.rank}d({x.text}, {size})", y)


# Shapes


@_writes("flatten")
def _flatten(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), y = inputs, scope.shape(node)
    if not x.rank:
        return x
    if node.layer.positions:
        return Value(f"torch.flatten({x.text}, 2)" if x.rank > 1 else x.text, y)
    return Value(f"torch.flatten({x.text}, 1)", y, None if is_row(x.shape) else x.shape)


@_writes("reshape")
def _reshape(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), y = inputs, scope.shape(node)
    if y == x.shape:
        return x
    x = plain(x)
    text = f"{x.text}.movedim(1, -1)" if x.rank and not is_row(x.shape) else x.text
    text = f"{text}.flatten(1)" if x.rank else text
    if len(y) == 1:
        return Value(text, y)
    if is_row(y):
        return Value(f"{text}.unflatten(1, {numbers((y[-1], *y[:-1]), 'size')})", y)
    return Value(f"{text}.unflatten(1, {numbers(y, 'size')}).movedim(-1, 1)", y)


@_writes("identity")
def _identity(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    return inputs[0]


@_writes("dropout", "droppath")
def _dropout(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), rate = inputs, float(node.layer.rate)
    module, base = ("nn.Dropout", "dropout") if node.op == "dropout" else ("DropPath", "drop_path")
    made = f"{module}({number(rate, 'rate')})"
    return x._replace(text=f"{scope.module(node, base, made, [])}({x.text})")


@_writes("pad")
def _padding(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,) = inputs
    return Value(_pad(x.text, node.layer.sides(x.shape)), scope.shape(node))


@_writes("crop")
def _crop(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,) = inputs
    sides = [(b, n - a) for n, (b, a) in zip(x.shape, node.layer.sides(x.shape), strict=False)]
    return Value(f"{x.text}{_cut(sides)}", scope.shape(node))


@_writes("upsample")
def _upsample(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), layer = inputs, node.layer
    mode = ("linear", "bilinear", "trilinear")[x.rank - 1] if layer.mode != "nearest" else "nearest-exact"
    factor = numbers(short(layer.factors(x.shape)), "scale_factor")
    return Value(f'F.interpolate({x.text}, scale_factor={factor}, mode="{mode}"{_aligned(layer)})', scope.shape(node))


@_writes("resize")
def _resize(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    """PyTorch finds the nearest value before with numbers of 24 bits; where that is another one, it is said which."""
    (x,), layer, y = inputs, node.layer, scope.shape(node)
    if layer.mode != "nearest":
        size, mode = numbers(short(y[:-1]), "size"), ("linear", "bilinear", "trilinear")[x.rank - 1]
        return Value(f'F.interpolate({x.text}, size={size}, mode="{mode}"{_aligned(layer)})', y)
    if all(_rounds_right(int(n), int(m)) for n, m in zip(x.shape, y[:-1], strict=False)):
        return Value(f"F.interpolate({x.text}, size={numbers(short(y[:-1]), 'size')})", y)
    text = x.text
    for d, (n, m) in enumerate(zip(x.shape, y[:-1], strict=False), 2):
        which = (
            f"torch.arange({number(m, 'size')}, device={x.text}.device) * {number(n, 'size')} // {number(m, 'size')}"
        )
        text = f"{text}.index_select({d}, {which})"
    return Value(text, y)


def _aligned(layer: Any) -> str:
    return ", align_corners=True" if layer.mode == "corners" else ""


def _rounds_right(n: int, m: int) -> bool:
    step = _single(n / m)
    return all(min(int(_single(i * step)), n - 1) == i * n // m for i in range(m))


def _single(value: float) -> float:
    """The nearest number of single precision."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


@_writes("shuffle")
def _shuffle(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    x = plain(inputs[0])
    groups = number(node.layer.g, "groups")
    return x._replace(text=f"{x.text}.unflatten(1, ({groups}, -1)).transpose(1, 2).flatten(1, 2)")


@_writes("pixelshuffle", "pixelunshuffle")
def _pixels(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    """PyTorch's own for images with one factor; else the axes one by one."""
    (x,), y = inputs, scope.shape(node)
    factors, rank, grows = [int(f) for f in node.layer.factors(x.shape)], x.rank, node.op == "pixelshuffle"
    if rank == 2 and factors[0] == factors[1]:
        name = "pixel_shuffle" if grows else "pixel_unshuffle"
        return Value(f"F.{name}({x.text}, {number(factors[0], 'factor')})", y)
    if grows:
        text = f"{x.text}.unflatten(1, {numbers((y[-1], *factors), 'size')})"
        order = [0, 1, *(axis for d in range(rank) for axis in (2 + rank + d, 2 + d))]
        ends = "".join(f".flatten({2 + d}, {3 + d})" for d in range(rank))
    else:
        text = x.text
        for d in range(rank):
            text += f".unflatten({2 + 2 * d}, ({number(y[d], 'size')}, {number(factors[d], 'factor')}))"
        order = [0, 1, *(3 + 2 * d for d in range(rank)), *(2 + 2 * d for d in range(rank))]
        ends = f".flatten(1, {1 + rank})"
    return Value(f"{text}.permute({', '.join(map(str, order))}){ends}", y)


@_writes("transpose")
def _transpose(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    return Value(f"{inputs[0].text}.transpose(-2, -1)", scope.shape(node))


@_writes("slice")
def _slice(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    x = plain(inputs[0])
    begin, size = node.layer.part(x.shape)
    return Value(f"{x.text}[:, {number(begin, 'begin')}:{number(begin + size, 'end')}]", scope.shape(node))


@_writes("maxout")
def _maxout(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    x = plain(inputs[0])
    return Value(f"{x.text}.unflatten(1, (-1, {number(node.layer.n, 'pieces')})).max(2).values", scope.shape(node))


@_writes("groupsoftmax")
def _group_softmax(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    x = plain(inputs[0])
    parts = f"{x.text}.unflatten(1, ({number(node.layer.n, 'parts')}, -1))"
    return Value(f"torch.softmax({parts}, dim=1).flatten(1, 2)", scope.shape(node))


@_writes("scale")
def _scale(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    (x,), layer = inputs, node.layer
    if layer.fixed is not None:
        return x._replace(text=f"{number(float(layer.fixed), 'factor')} * {_operand(x.text)}")
    x, turned = _ordered(scope, node, x)
    made = f"Scale({number(x.shape[-1], 'channels')}{option('init', float(layer.init), 1.0)})"
    return x._replace(text=f"{scope.module(node, 'scale', made, _states(node, ['weight'], turned))}({x.text})")


# Normalisation


def _norm(node: Any, kind: str, channels: int, base: str, more: str = "") -> tuple[str, str]:
    eps = option("eps", float(node.layer.eps), 1e-5)
    return base, f"nn.{kind}({number(channels, 'num_features')}{eps}{more})"


@_writes("bn")
def _bn(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    x, turned = _ordered(scope, node, inputs[0])
    momentum = option("momentum", 1 - float(node.layer.momentum), 0.1)
    base, made = _norm(node, f"BatchNorm{max(x.rank, 1)}d", x.shape[-1], "bn", momentum)
    states = _states(node, ("weight", "bias", "running_mean", "running_var"), turned)
    states.append(State("num_batches_tracked", node.index, "none"))
    return x._replace(text=f"{scope.module(node, base, made, states)}({x.text})")


@_writes("in", "gn", "ln")
def _gn(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    """Groups of channels; `ln` is one group of all of them, `in` of each by itself."""
    x, layer = plain(inputs[0]), node.layer
    eps, channels = option("eps", float(layer.eps), 1e-5), number(x.shape[-1], "num_features")
    states = _states(node, ("weight", "bias"))
    if node.op == "ln" and (layer.channels or not x.rank):
        module = scope.module(node, "ln", f"nn.LayerNorm({channels}{eps})", states)
        text = f"{module}({x.text}.movedim(1, -1)).movedim(-1, 1)" if x.rank else f"{module}({x.text})"
        return x._replace(text=text)
    if node.op == "in" and prod(x.shape[:-1]) > 1:
        made = f"nn.InstanceNorm{x.rank}d({channels}{eps}, affine=True)"
    else:
        groups = {"in": channels, "ln": "1"}.get(node.op) or number(layer.g, "groups")
        made = f"nn.GroupNorm({groups}, {channels}{eps})"
    return x._replace(
        text=f"{scope.module(node, node.op + ('orm' if node.op == 'in' else ''), made, states)}({x.text})"
    )


@_writes("lrn")
def _lrn(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    x, layer = plain(inputs[0]), node.layer
    how = option("alpha", float(layer.alpha), 1e-4) + option("beta", float(layer.beta), 0.75)
    how += option("k", float(layer.k), 1.0)
    text = x.text if x.rank else f"{x.text}.unsqueeze(2)"
    text = f"F.local_response_norm({text}, {number(layer.n, 'size')}{how})"
    return x._replace(text=text if x.rank else f"{text}.squeeze(2)")


# Where branches meet


def _operand(text: str) -> str:
    """An operand of a product: sums and signs in brackets."""
    depth = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == " " and depth == 0:
            return f"({text})"
    return text


def _is_chain(text: str) -> bool:
    """Whether methods are called on what a method gives: `x.movedim(1, -1).flatten(1)`."""
    return text.endswith(")") and ")." in text


@_writes("add", "mul")
def _combined(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    inputs = _alike(inputs)
    sign = " + " if node.op == "add" else " * "
    texts = [x.text if node.op == "add" else _operand(x.text) for x in inputs]
    if len(texts) == 2 and _is_chain(texts[1]) and not _is_chain(texts[0]):  # a line is broken at its end
        texts.reverse()
    return Value(sign.join(texts), scope.shape(node), inputs[0].map)


@_writes("mean", "max")
def _stacked(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    inputs = _alike(inputs)
    stacked = f"torch.stack([{', '.join(x.text for x in inputs)}])"
    text = f"torch.mean({stacked}, dim=0)" if node.op == "mean" else f"torch.max({stacked}, dim=0).values"
    return Value(text, scope.shape(node), inputs[0].map)


@_writes("absdiff")
def _difference(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    left, right = _alike(inputs)
    return Value(f"torch.abs({left.text} - {_operand(right.text)})", scope.shape(node), left.map)


@_writes("matmul")
def _product(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    """Channels stand before positions there: the product of both turned over."""
    left, right = (_operand(plain(x).text) for x in inputs)
    return Value(f"{right} @ {left}", scope.shape(node))


@_writes("concat")
def _concat(scope: Scope, node: Any, inputs: list[Value]) -> Value:
    texts = [plain(x).text for x in inputs]
    return Value(f"torch.cat([{', '.join(texts)}], dim=1)", scope.shape(node))


# Activations


def _activated(scope: Scope, node: Node, activation: Any, x: Value) -> Value:
    name = activation.name
    if activation.torch:
        return x._replace(text=f"{activation.torch}({x.text})")
    if name == "softmax":
        return x._replace(text=f"torch.softmax({x.text}, dim=1)")
    if name == "prelu":
        x, turned = _ordered(scope, node, x)
        states = [State("weight", node.shared or node.index, "prelu", turned)]
        made = f"nn.PReLU({number(x.shape[-1], 'channels')})"
        return x._replace(text=f"{scope.module(node, 'prelu', made, states)}({x.text})")
    if name == "leaky_relu":
        return x._replace(text=f"F.leaky_relu({x.text}, {number(float(activation.slope), 'slope')})")
    if name == "elu":
        return x._replace(text=f"F.elu({x.text}{option('alpha', float(activation.slope), 1.0)})")
    raise Unsayable(node, "PyTorch", name=name)
