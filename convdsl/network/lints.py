"""What is allowed, but worth a second look."""

from __future__ import annotations

from collections import Counter
from math import gcd, prod
from typing import Any

from convdsl import algebra
from convdsl.diagnostics import Findings, Fix, Label, written
from convdsl.layers import Axis, show_shape
from convdsl.layers.activation import Softmax
from convdsl.layers.convolution import Conv, DepthwiseConv, Local
from convdsl.layers.dense import Dense
from convdsl.layers.normalization import BatchNorm
from convdsl.layers.shaping import Dropout, DropPath, Flatten, Identity, Reshape
from convdsl.layers.window import Pooling, Windowed, size_formula
from convdsl.messages import Grouped, Rounded, T
from convdsl.network.edits import behind, option, whole, without
from convdsl.network.floors import look_at_end
from convdsl.network.graph import Network, Node
from convdsl.network.nowhere import look_for_loose_ends
from convdsl.network.sizes import Facts, Report, fixes_of
from convdsl.source import Span

DOES_NOT_DIVIDE = ("W501", "N530")
"""Codes that say it of a stride: data is lost, or none is."""
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
            _windows(network, node, facts, findings, harmless)
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
        _nothing_lost(harmless, findings)
        _field_beyond_input(network, report, findings)
    _channels_first(network, findings)
    _no_channels(network, findings)
    look_at_end(network, report, findings)
    look_for_loose_ends(network, report, findings)
    _dominating_dense(report, findings)


# Windows.


def _windows(
    network: Network, node: Node, facts: Facts, findings: Findings, harmless: list[tuple[Node, Axis, Span]]
) -> None:
    layer = node.layer
    if not isinstance(layer, (Windowed, Local)):
        return
    axes = layer.geometry(facts.inputs[0])
    span = node.places.get("s") or node.places.get("k") or node.span
    for number, axis in enumerate(axes):
        if axis in axes[:number] or not all(map(algebra.is_number, axis[:7])):
            continue
        if axis.rule == "floor" and axis.remainder and axis.lost:
            _does_not_divide(network, node, facts, axis, span, findings)
        elif axis.rule == "floor" and axis.remainder:
            harmless.append((node, axis, span))
        if axis.rule == "same" and (axis.before + axis.after) % 2 and axis.k % 2 == 0:
            findings.add(
                "W502",
                node.places.get("p", node.span),
                T("With a window of {k}, `p same` pads one more after than before.", k=axis.k)
                if axis.after > axis.before
                else T("With a window of {k}, `p same_lower` pads one more before than after.", k=axis.k),
                note=T(
                    "An even window has no middle: the output is shifted by half a position. {before} before, "
                    "{after} after.",
                    before=axis.before,
                    after=axis.after,
                ),
                help=T("An odd window such as {k} keeps the middle.", k=axis.k + 1),
                labels=_calls(node),
                fixes=fixes_of(
                    node, [("k", axis.k + 1)], network, lambda layer: not any(a.k % 2 == 0 for a in _axes(layer, facts))
                ),
            )


def _axes(layer: Any, facts: Facts) -> tuple[Axis, ...]:
    return layer.geometry(facts.inputs[0])


def _loses(layer: Any, facts: Facts) -> bool:
    """Whether inputs are read by no window along one of the axes whose sizes are numbers."""
    axes = (axis for axis in _axes(layer, facts) if all(map(algebra.is_number, axis[:7])))
    return any(axis.remainder and axis.lost for axis in axes)


def _does_not_divide(network: Network, node: Node, facts: Facts, axis: Axis, span: Span, findings: Findings) -> None:
    ways = _would_divide(axis, isinstance(node.layer, Pooling))
    findings.add(
        "W501",
        span,
        _rounded_down(axis),
        note=T(
            "The last row or column of the input is read by no window.",
            "The last {n} rows or columns of the input are read by no window.",
            n=axis.lost,
        ),
        formula=_quotient(axis),
        help=T(
            "What would divide: {options}; or an input of {sizes} here.",
            options=", ".join(f"{name}{value}" for name, value in ways),
            sizes=" / ".join(map(str, _sizes_that_divide(axis))),
        ),
        labels=_calls(node),
        fixes=fixes_of(node, ways, network, lambda layer: not _loses(layer, facts)),
    )


def _nothing_lost(places: list[tuple[Node, Axis, Span]], findings: Findings) -> None:
    """Where a stride does not divide and all data is read that it ever reads: the first place of each of both kinds."""
    zeros = [p for p in places if p[1].remainder <= p[1].after]
    for kind in (zeros, [p for p in places if p not in zeros]):
        if not kind:
            continue
        node, axis, span = kind[0]
        read = min(axis.k, axis.s // gcd(axis.s, axis.d))
        further = len({s for _, _, s in kind}) - 1
        findings.add(
            "N530",
            span,
            _rounded_down(axis),
            note=T("Only zeros of the padding are left out: no data is lost.")
            if kind is zeros
            else T(
                "By design, a window of {k} in steps of {s} leaves {gap} of every {s} rows or columns unread; at the end "
                "no others are lost.",
                k=axis.k,
                s=axis.s,
                gap=axis.s - read,
            ),
            formula=_quotient(axis),
            help=T("It is the same on one further line.", "It is the same on {n} further lines.", n=further)
            if further
            else None,
            labels=_calls(node),
        )


def _rounded_down(axis: Axis) -> T:
    return T(
        "The stride {s} does not divide: {exact} is rounded down to {size}.",
        s=axis.s,
        exact=_exact(axis),
        size=axis.output,
    )


def _exact(axis: Axis) -> Rounded:
    return Rounded((axis.input + axis.before + axis.after - axis.extent) / axis.s + 1, ".2f")


def _quotient(axis: Axis) -> str:
    formula = size_formula(axis.input, axis.k, axis.s, axis.before, axis.d)
    return f"{formula} = {_exact(axis).english} → {axis.output}"


def _would_divide(axis: Axis, pooled: bool) -> list[tuple[str, int]]:
    """Paddings and strides near the given ones that leave no remainder."""
    n, s, p, extent = axis.input, axis.s, axis.before, axis.extent
    ways: list[tuple[str, int]] = []
    most = min(p + s - 1, axis.extent // 2) if pooled else p + s - 1
    lacking = s - axis.remainder + (s if (s - axis.remainder) % 2 else 0)
    if lacking % 2 == 0 and p + lacking // 2 <= most:
        ways.append(("p", p + lacking // 2))
    path = n + 2 * p - extent
    smaller = next((t for t in range(min(s - 1, path), max(s - 1000, 0), -1) if path % t == 0), None)
    if smaller is not None:
        ways.append(("s", smaller))
    return ways


def _sizes_that_divide(axis: Axis) -> list[int]:
    """Input sizes near the given one that leave no remainder."""
    near = (axis.input - axis.remainder, axis.input - axis.remainder + axis.s)
    return [m for m in near if m + 2 * axis.before >= axis.extent and m > 0]


def _calls(node: Node) -> tuple[Label, ...]:
    return tuple(Label(call, T("called here")) for call in node.calls)


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
        labels=(Label(node.span, T("the second one")), *_calls(node)),
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
            labels=_calls(node),
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
                labels=_calls(node),
            )
            return
