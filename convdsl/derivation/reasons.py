"""Why a formula is what it is, in a sentence, with the numbers of the layer at hand."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from convdsl import algebra
from convdsl.layers import Axis, Layer, show_shape
from convdsl.layers.activation import Activation
from convdsl.layers.combining import Combination, Concat, Multiply
from convdsl.layers.convolution import Conv, DepthwiseConv, Local, TransposedConv
from convdsl.layers.dense import Dense
from convdsl.layers.filtering import Filter
from convdsl.layers.normalization import BatchNorm, Normalization
from convdsl.layers.pooling import AdaptiveAvgPool, AvgPool, GlobalAvgPool, GlobalMaxPool, MedianPool
from convdsl.layers.shaping import Crop, Flatten, Pad, Reshape, Upsample
from convdsl.layers.window import Pooling, Windowed
from convdsl.messages import T
from convdsl.network import Facts, Node


def reason(quantity: str, node: Node, facts: Facts, axis: int = 0) -> T | None:
    """The sentence for a quantity of a layer; None where the formula says it all."""
    assert node.layer is not None
    return _REASONS[quantity](node.layer, node, facts, axis)


def say(value: Any) -> str:
    """A number or a formula inside a sentence."""
    return algebra.on_board(value)


def _window(layer: Any, facts: Facts) -> str:
    return show_shape(tuple(a.k for a in layer.geometry(facts.inputs[0])))


# Sizes.


def _size(layer: Layer, node: Node, facts: Facts, axis: int) -> T | None:
    x = facts.inputs[0]
    match layer:
        case Combination():
            return _meeting(layer)
        case TransposedConv():
            return _spread(layer.geometry(x)[axis])
        case Windowed() | Local():
            return _slide(layer.geometry(x)[axis])
        case Flatten():
            return T("All values in one row.")
        case Dense():
            return T("One output for each unit, whatever the input's shape.")
        case Reshape():
            return T("The same {n} values with other sizes.", n=say(prod(x)))
        case GlobalAvgPool() | GlobalMaxPool():
            return T("One window spans the whole map, so one value is left for each channel.")
        case AdaptiveAvgPool():
            return T("The size is given; the windows are chosen to fit it.")
        case Pad():
            return T("Zeros are added on both sides.")
        case Crop():
            return T("The same number is cut off on both sides.")
        case Upsample():
            return T("Every value becomes several: the size is multiplied.")
    return T("Every value is treated by itself: the size stays.")


def _slide(axis: Axis) -> T | None:
    known = all(map(algebra.is_number, axis[:7]))
    if axis.rule == "same":
        return (
            T("`p same` adds as many zeros as it takes to keep the size.")
            if axis.s == 1
            else T(
                "`p same` adds as many zeros as it takes for the window to stand at one place in {s}, from edge to "
                "edge.",
                s=say(axis.s),
            )
        )
    if not known:
        return T("The window stands at the edge first, and then moves on by the stride as long as it fits.")
    free = axis.input + axis.before + axis.after - axis.extent
    if axis.rule == "ceil":
        return T(
            "The window stands at the edge first; {free} places remain, in steps of {s}. With `ceil` the last, "
            "incomplete step counts, unless its window would start in the padding on the right.",
            free=free,
            s=axis.s,
        )
    if axis.s == 1:
        return T("The window stands at the edge first, and can then move on by {free} places.", free=free)
    if axis.remainder:
        return T(
            "The window stands at the edge first; {free} places remain, and {free} = {steps}·{s} + {rest}. The stride "
            "does not divide: a lecture may call that an error, frameworks round down and leave the rest out.",
            free=free,
            s=axis.s,
            steps=axis.output - 1,
            rest=axis.remainder,
        )
    return T(
        "The window stands at the edge first; {free} places remain, and {free} = {steps}·{s}.",
        free=free,
        s=axis.s,
        steps=axis.output - 1,
    )


def _spread(axis: Axis) -> T:
    if axis.input * axis.s == axis.output and axis.extent == axis.s:
        return T(
            "Each of the {n} values is spread over a window of its own, {s} wide.", n=say(axis.input), s=say(axis.s)
        )
    return T(
        "Each of the {n} values is spread over a window {extent} wide, which starts {s} behind the one before; the "
        "padding is cut off on both sides.",
        n=say(axis.input),
        extent=say(axis.extent),
        s=say(axis.s),
    )


def _meeting(layer: Combination) -> T:
    if isinstance(layer, Concat):
        return T("The channels of the branches lie side by side; heights and widths agree.")
    if isinstance(layer, Multiply):
        return T("The branches are multiplied value by value; 1×1 is stretched over the other branch.")
    return T("The branches have one size and are added value by value.")


def _channels(layer: Layer, node: Node, facts: Facts, axis: int) -> T | None:
    if isinstance(layer, DepthwiseConv):
        return T("Every channel has filters of its own.")
    return T("Every filter gives one channel.")


# Parameters.


def _params(layer: Layer, node: Node, facts: Facts, axis: int) -> T | None:
    x = facts.inputs[0]
    match layer:
        case TransposedConv():
            return _filters(layer, facts)
        case Conv():
            return _filters(layer, facts)
        case DepthwiseConv():
            words: dict[str, Any] = {"n": layer.m, "m": say(layer.m), "c": say(x[-1]), "window": _window(layer, facts)}
            if not layer.bias:
                return T(
                    "Each of the {c} channels has one {window} filter for itself alone; there is no bias.",
                    "Each of the {c} channels has {m} filters of {window} for itself alone; there is no bias.",
                    **words,
                )
            return T(
                "Each of the {c} channels has one {window} filter for itself alone, plus one bias.",
                "Each of the {c} channels has {m} filters of {window} for itself alone, plus one bias each.",
                **words,
            )
        case Local():
            return T(
                "Like a convolution with {k} filters of {window} over {c} channels, but each of the {places} positions "
                "has its own weights: nothing is shared.",
                k=say(layer.filters),
                window=_window(layer, facts),
                c=say(x[-1]),
                places=show_shape(facts.output[:-1] if facts.output else ()),
            )
        case Dense():
            return (
                T(
                    "Each of the {units} outputs has one weight for each of the {n} inputs, plus one bias.",
                    units=say(layer.units),
                    n=say(prod(x)),
                )
                if layer.bias
                else T(
                    "Each of the {units} outputs has one weight for each of the {n} inputs; there is no bias.",
                    units=say(layer.units),
                    n=say(prod(x)),
                )
            )
        case BatchNorm():
            return T(
                "A scale (γ) and a shift (β) for each channel. The running mean and variance are kept but not learned."
            )
        case Normalization():
            return T("A scale (γ) and a shift (β) for each channel.")
    if layer.weights(x):
        return T("One learned number for each channel.")
    return T("The activation learns one slope for each channel.") if node.activation is not None else None


def _filters(layer: Conv | TransposedConv, facts: Facts) -> T:
    """Of a convolution: who looks at what."""
    channels = facts.inputs[0][-1]
    seen = channels if isinstance(layer, TransposedConv) else algebra.exact_divide(channels, layer.g)
    words: dict[str, Any] = {
        "n": layer.filters,
        "k": say(layer.filters),
        "window": _window(layer, facts),
        "channels": T("the only channel") if seen == 1 else T("all {c} channels", c=say(seen)),
    }
    if isinstance(layer, TransposedConv) and layer.g != 1:
        return T(
            "Each of the {c} input channels has a window of {window} for each of the {k} filters of its group; each "
            "filter has one bias.",
            k=say(algebra.exact_divide(layer.filters, layer.g)),
            c=say(channels),
            window=words["window"],
        )
    if layer.g != 1:
        group = {"k": words["k"], "window": words["window"], "c": say(seen), "total": say(channels)}
        return (
            T(
                "{k} filters of {window} look at the channels of their group only, {c} of {total}, plus one bias each.",
                **group,
            )
            if layer.bias
            else T(
                "{k} filters of {window} look at the channels of their group only, {c} of {total}; there is no bias.",
                **group,
            )
        )
    if not layer.bias:
        return T(
            "One {window} filter looks at {channels}; there is no bias.",
            "{k} filters of {window} look at {channels}; there is no bias.",
            **words,
        )
    return T(
        "One {window} filter looks at {channels}, plus one bias.",
        "{k} filters of {window} look at {channels}, plus one bias each.",
        **words,
    )


# Costs.


def _macs(layer: Layer, node: Node, facts: Facts, axis: int) -> T | None:
    x, y = facts.inputs[0], facts.output
    assert y is not None
    match layer:
        case TransposedConv():
            return T(
                "Each of the {inputs} inputs is multiplied by the window of every filter of its group.",
                inputs=show_shape(x),
            )
        case Conv():
            return T(
                "Each of the {outputs} outputs takes one multiplication for each weight of its filter.",
                outputs=show_shape(y),
            )
        case DepthwiseConv() | Filter():
            return T(
                "Each of the {outputs} outputs takes {window} multiplications: it sees one channel only.",
                outputs=show_shape(y),
                window=_window(layer, facts),
            )
        case Local():
            return T(
                "Each of the {outputs} outputs takes one multiplication for each of its own weights.",
                outputs=show_shape(y),
            )
        case Dense():
            return T("One multiplication for each weight.")
    return None


def _flops(layer: Layer, node: Node, facts: Facts, axis: int) -> T | None:
    if isinstance(layer, Activation):
        return (
            T("{n} operations for each value, by convention.", n=layer.per_element)
            if layer.per_element > 1
            else T("One operation for each value, by convention.")
        )
    if isinstance(layer, AvgPool | MedianPool | GlobalAvgPool | AdaptiveAvgPool):
        return T("One operation for each value under each window.")
    if isinstance(layer, Pooling | GlobalMaxPool):
        return T("One comparison less than there are values under each window.")
    if isinstance(layer, Combination):
        return T("One operation for each value and each further branch.")
    if isinstance(layer, Normalization):
        return T("Two operations for each value, as at inference: one multiplication and one addition.")
    if facts.macs != 0 and layer.bias:
        return T("A MAC is two operations, a multiplication and an addition; then one for each bias added.")
    return T("A MAC is two operations, a multiplication and an addition.") if facts.macs != 0 else None


# The receptive field.


def _field(layer: Layer, node: Node, facts: Facts, axis: int) -> T | None:
    if isinstance(layer, Combination):
        return T("A value sees what any of the branches sees: the largest counts.")
    if layer.reach(facts.inputs[0], facts.output or ()) is None:
        return T("Every output sees all values before it.")
    if isinstance(layer, TransposedConv | Upsample):
        return T("Only the values before it count that reach one output; those in between are zeros or copies.")
    if isinstance(layer, Windowed | Local | AdaptiveAvgPool):
        jump = _jump_before(node, facts, axis)
        return T(
            "One output sees a window of the layer before: every further value of it reaches one input further.",
            "One output sees a window of the layer before: every further value of it reaches {j} inputs further.",
            n=jump if isinstance(jump, int) else 2,
            j=say(jump),
        )
    return T("Each output sees what the value at its place saw.")


def _jump_before(node: Node, facts: Facts, axis: int) -> Any:
    """The jump before a layer, from the one behind it."""
    assert node.layer is not None
    reach = node.layer.reach(facts.inputs[0], facts.output or ())
    return algebra.exact_divide(facts.jump[axis], reach[axis].step) if reach else facts.jump[axis]


def _jump(layer: Layer, node: Node, facts: Facts, axis: int) -> T | None:
    if isinstance(layer, TransposedConv | Upsample):
        return T("Neighbouring outputs lie closer together than neighbouring inputs.")
    return T("Neighbouring outputs lie a stride apart.")


_REASONS: dict[str, Callable[[Layer, Node, Facts, int], T | None]] = {
    "size": _size,
    "channels": _channels,
    "params": _params,
    "macs": _macs,
    "flops": _flops,
    "field": _field,
    "jump": _jump,
}
