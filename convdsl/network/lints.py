"""What is allowed, but worth a second look."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any

from convdsl import algebra
from convdsl.diagnostics import Findings, Fix, Label, written
from convdsl.layers import Axis, show_shape
from convdsl.layers.activation import Softmax
from convdsl.layers.convolution import Conv, DepthwiseConv
from convdsl.layers.dense import Dense
from convdsl.layers.normalization import BatchNorm
from convdsl.layers.shaping import Dropout, DropPath, Flatten, Identity, Reshape
from convdsl.layers.window import Pooling
from convdsl.messages import Grouped, Rounded, T
from convdsl.network.edits import behind, option, whole, without
from convdsl.network.floors import look_at_end
from convdsl.network.graph import Network, Node
from convdsl.network.nowhere import look_for_loose_ends
from convdsl.network.sizes import Report
from convdsl.network.windows import calls, look_at_windows, nothing_lost
from convdsl.source import Span

_DEEP = 8
"""Layers with weights, above which a network does on purpose what loses nothing: it rounds strides down over padding and
sees beyond the edges, as ResNet does; a note on it would be noise."""


def look_twice(network: Network, report: Report, findings: Findings) -> None:
    """Adds warnings and notes to `findings`."""
    seen: set[Any] = set()
    works_on = _before(network)
    readers = Counter(index for node in network.nodes for index in set(node.inputs))
    harmless: list[tuple[Node, Axis, Span]] = []
    for node, facts in report:
        if facts.output is None:
            continue
        key = (id(node.layer), facts.inputs)
        if key not in seen and (*key, node.span) not in seen:
            before_it = len(findings.items), len(harmless)
            look_at_windows(network, node, facts, findings, harmless)
            seen.add(key if (len(findings.items), len(harmless)) == before_it else (*key, node.span))
        before = works_on[node.index]
        if before is not None and (before.span, node.span) not in seen:
            seen.add((before.span, node.span))
            _linear_pair(before, node, findings)
            _second_softmax(before, node, findings)
        if isinstance(node.layer, BatchNorm) and node.span not in seen:
            seen.add(node.span)
            _momentum_elsewhere(node, findings)
        _linear_convolutions(network, node, readers, report, seen, findings)
    deep = sum(node.layer is not None and node.layer.weighs for node in network.nodes) > _DEEP
    if not deep:
        nothing_lost(harmless, findings)
        _field_beyond_input(network, report, findings)
    _channels_first(network, findings)
    _no_channels(network, findings)
    look_at_end(network, report, findings)
    look_for_loose_ends(network, report, findings)
    _dominating_dense(report, findings)


# Layers that do not go together.

_TRANSPARENT = (Flatten, Reshape, Dropout, DropPath, Identity)


def _before(network: Network) -> list[Node | None]:
    """For each node, by its index, the layer whose values it works on, seen through layers that compute nothing."""
    found: list[Node | None] = [None]
    for node in network.nodes:
        source = node.inputs[0] if len(node.inputs) == 1 else 0
        before = network.nodes[source - 1] if source else None
        found.append(found[source] if before is not None and isinstance(before.layer, _TRANSPARENT) else before)
    return found


def _with_relu(node: Node, findings: Findings) -> Fix:
    title = T("End it with an activation: `{text} relu`.", text=node.text)
    return behind(findings.source.text, node.span, "relu", title)


def _linear_pair(before: Node, node: Node, findings: Findings) -> None:
    if isinstance(node.layer, Dense) and isinstance(before.layer, Dense) and before.activation is None:
        findings.add(
            "W505",
            before.span,
            T("Two dense layers with no activation between them."),
            note=T(
                "A linear function of a linear function is linear: together they can do no more than one dense layer."
            ),
            help=_with_relu(before, findings),
            labels=(Label(node.span, T("the second one")),),
        )


def _linear_convolutions(
    network: Network, node: Node, readers: Counter[int], report: Report, seen: set[Any], findings: Findings
) -> None:
    """Two convolutions in a row, with nothing at all between them. `readers` counts who reads each node."""
    before = network.nodes[node.inputs[0] - 1] if node.inputs[0] else None
    if before is None or not isinstance(before.layer, Conv) or not isinstance(node.layer, Conv) or before.activation:
        return
    if (before.span, node.span, "conv") in seen:
        return
    seen.add((before.span, node.span, "conv"))
    if _is_meant(before, node, readers, report):
        return
    axes = (before.layer.geometry(report[before.index].inputs[0]), node.layer.geometry(report[node.index].inputs[0]))
    extents = [first.extent + (second.extent - 1) * first.s for first, second in zip(*axes, strict=True)]
    if not all(map(algebra.is_number, extents)):
        return
    findings.add(
        "N510",
        before.span,
        T("Two convolutions with no activation between them."),
        note=T(
            "Away from the borders they can do no more than one convolution with a window of {window}.",
            window=show_shape(tuple(extents)),
        ),
        help=_with_relu(before, findings),
        labels=(Label(node.span, T("the second one")), *calls(node)),
    )


def _is_meant(before: Node, node: Node, readers: Counter[int], report: Report) -> bool:
    """Whether two convolutions stand in a row for a reason: the first one's output is used elsewhere too, it has so few
    channels that the pair is cheaper than one convolution could be, it works in groups, or each window lies along an axis
    of its own."""
    first, second, x = before.layer, node.layer, report[before.index].inputs[0]
    assert isinstance(first, Conv) and isinstance(second, Conv)
    if readers[before.index] > 1 or first.g != 1 or second.g != 1:
        return True
    few = [first.filters, x[-1], second.filters]
    if all(map(algebra.is_number, few)) and few[0] < min(few[1:]):
        return True
    windows = zip(first.geometry(x), second.geometry(report[node.index].inputs[0]), strict=True)
    spans = [(a.extent != 1, b.extent != 1) for a, b in windows]
    return (
        len(spans) > 1 and not any(a and b for a, b in spans) and any(a for a, _ in spans) and any(b for _, b in spans)
    )


def _second_softmax(before: Node, node: Node, findings: Findings) -> None:
    if not (_is_softmax(node) and _is_softmax(before) and isinstance(node.layer, (Softmax, Dense))):
        return
    findings.add(
        "W504",
        node.span,
        T("A second softmax follows the first."),
        note=T("It works on probabilities instead of scores: all classes end up nearly equal, and learning is slow."),
        help=Fix(T("Remove this layer."), (without(findings.source.text, node.span),)),
        labels=(Label(before.span, T("the first softmax")),),
    )


def _momentum_elsewhere(node: Node, findings: Findings) -> None:
    momentum = getattr(node.layer, "momentum", 1)
    if momentum < 0.5:
        findings.add(
            "N531",
            node.places.get("momentum", node.span),
            T(
                "With this momentum, the running statistics keep {keep} % of what they were; each batch gives the other "
                "{take} %.",
                keep=Rounded(100 * momentum, "g"),
                take=Rounded(100 * (1 - momentum), "g"),
            ),
            note=T("Here momentum is the part that is kept, as in Keras. PyTorch writes down the part that is new."),
            help=option(findings.source.text, node, "momentum", f"{1 - momentum:g}")._replace(
                title=T("If it comes from PyTorch, write `momentum={value}`.", value=f"{1 - momentum:g}")
            ),
            labels=calls(node),
        )


def _is_softmax(node: Node) -> bool:
    return isinstance(node.activation, Softmax) or isinstance(node.layer, Softmax)


# The network as a whole.


def _channels_first(network: Network, findings: Findings) -> None:
    shape = network.input
    if network.input_span is None or len(shape) != 3 or not all(map(algebra.is_number, shape)):
        return
    if shape[0] in (1, 3, 4) and shape[1] >= 8 and shape[2] >= 8:
        better = (shape[1], shape[2], shape[0])
        findings.add(
            "W503",
            network.input_span,
            T("This input is {h} high, {w} wide and has {c} channels.", h=shape[0], w=shape[1], c=shape[2]),
            note=T("It looks like channels first. Sizes are written height × width × channels."),
            help=_other_input(network, better),
        )


def _no_channels(network: Network, findings: Findings) -> None:
    shape = network.input
    if network.input_span is None or len(shape) != 2 or shape[0] != shape[1]:
        return
    if algebra.is_number(shape[0]) and shape[0] < 8:
        return
    findings.add(
        "W509",
        network.input_span,
        T("This input is a row of {length} positions with {channels} channels.", length=shape[0], channels=shape[1]),
        note=T("Two sizes are length × channels. An image has three: height × width × channels."),
        help=_other_input(network, (*shape, 1)),
    )


def _other_input(network: Network, shape: tuple[Any, ...]) -> Fix:
    assert network.input_span is not None
    line = f"input {show_shape(shape, 'x')}"
    place = whole(network.source.text, network.input_span)
    return written(place, line, T("Did you mean `{name}`?", name=line))


def _dominating_dense(report: Report, findings: Findings) -> None:
    total = report.total.params
    if not isinstance(total, int) or total < 10_000:
        return
    windows = [n for n, _ in report if isinstance(n.layer, (Conv, DepthwiseConv))]
    for node, facts in report:
        if windows and isinstance(node.layer, Dense) and facts.params > 0.9 * total:
            inputs = prod(facts.inputs[0])
            findings.add(
                "N506",
                node.span,
                T(
                    "This dense layer holds {share} % of all parameters.",
                    share=Rounded(100 * facts.params / total, ".1f"),
                ),
                note=T(
                    "It joins every one of {inputs} inputs to every one of {units} outputs.",
                    inputs=Grouped(inputs),
                    units=Grouped(node.layer.units),
                ),
                help=T("Pooling before it divides them; `globalavgpool` leaves one input for each channel."),
            )


def _field_beyond_input(network: Network, report: Report, findings: Findings) -> None:
    sizes = network.input[:-1]
    for node, facts in report:
        if not isinstance(node.layer, (Conv, DepthwiseConv, Pooling)):
            continue
        if facts.output is None or len(facts.field) != len(sizes) or node.layer.window_area(facts.inputs[0]) == 1:
            continue
        field = facts.receptive_field
        if all(map(algebra.is_number, (*sizes, *field))) and any(f > n for f, n in zip(field, sizes, strict=True)):
            findings.add(
                "N507",
                node.span,
                T(
                    "From here on one value sees more than the whole input: {field} of {input}.",
                    field="×".join(map(str, field)),
                    input=show_shape(sizes),
                ),
                note=T(
                    "Part of every window is padding. Deep networks do this on purpose; a small one gains nothing "
                    "by it."
                ),
                labels=calls(node),
            )
            return
